//! Converts an ended training job to the outcome of its trial.

use std::time::Duration;

use super::attempt::LogTail;
use super::description::TrainingJob;
use super::remedies::setup_remedy;
use crate::request::failure_kind;
use surmise::pattern::MetricPattern;
use surmise::trial::{Failure, FailureKind, Outcome};

/// How long to wait for the metric of a completed job.
const COMPLETED_METRIC_TIMEOUT: Duration = Duration::from_secs(300);
/// How long to wait for the metric of a stopped job.
const STOPPED_METRIC_TIMEOUT: Duration = Duration::from_secs(60);
/// Secondary statuses of jobs that have exceeded a time limit.
const TIMEOUTS: [&str; 2] = ["MaxRuntimeExceeded", "MaxWaitTimeExceeded"];

/// Returns the outcome of a training job that has ended.
pub(super) fn outcome(job: &TrainingJob, metric: &str) -> Outcome {
    let value = job.final_metric(metric);
    let name = &job.name;
    let status = &job.secondary_status;
    let failed = |kind, text: String| Outcome::Failed(Failure::new(kind, text));
    match job.status.as_str() {
        "Completed" => match value {
            Some(value) => Outcome::from(value),
            None => failed(FailureKind::MissingMetric, missing_metric_message(job, metric)),
        },
        "Stopped" if timed_out_waiting(job) && value.is_none() => {
            let text =
                format!("training job {name} ended by {status} while it waited for instances");
            failed(FailureKind::Throttled, text)
        }
        // With a value, it counts as a stopped job: its model and its last value exist.
        "Stopped" if TIMEOUTS.contains(&status.as_str()) && value.is_none() => {
            let text = format!("training job {name} ended by {status} without a value");
            failed(FailureKind::Timeout, text)
        }
        "Stopped" => Outcome::Stopped { value: value.filter(|value| value.is_finite()) },
        "Failed" => {
            let reason = job.failure_reason.as_deref().unwrap_or("no reason was given");
            let has_trained = !job.training_starts.is_empty() || !job.are_stages_known;
            let kind = failure_kind(reason);
            let text = format!("training job {name} failed: {reason}");
            let may_be_setup = matches!(kind, FailureKind::Error | FailureKind::Setup);
            match setup_remedy(reason, has_trained).filter(|_| may_be_setup) {
                Some(remedy) => failed(FailureKind::Setup, format!("{text}; {remedy}")),
                None => failed(kind, text),
            }
        }
        status => {
            let text = format!("training job {name} no longer exists: {status}");
            failed(FailureKind::Interrupted, text)
        }
    }
}

fn missing_metric_message(job: &TrainingJob, metric: &str) -> String {
    let name = &job.name;
    let seen: Vec<&str> = job.final_metrics.iter().map(|(name, _)| name.as_str()).collect();
    if seen.is_empty() {
        return format!("training job {name} reported no metric; expected {metric}");
    }
    format!("training job {name} reported {}, but not {metric}", seen.join(", "))
}

/// Returns whether a job exceeded a time limit while it waited for instances: for the first time,
/// or after an interruption.
fn timed_out_waiting(job: &TrainingJob) -> bool {
    let status = job.secondary_status.as_str();
    match status {
        "MaxRuntimeExceeded" => false,
        // AWS does not document how the service ends a job that was pending for too long.
        "Stopped" => job.never_ran() && job.has_max_pending_time,
        _ => status.starts_with("Max") && (job.never_ran() || job.was_waiting_at_end),
    }
}

/// Returns whether a job ended because the service lacked instances.
pub(super) fn lacked_instances(job: &TrainingJob) -> bool {
    let is_capacity = |reason: &str| failure_kind(reason) == FailureKind::Throttled;
    job.failure_reason.as_deref().is_some_and(is_capacity)
        || (job.status == "Stopped" && timed_out_waiting(job) && job.final_metrics.is_empty())
}

/// Returns how long to wait for the metric of an ended job. Metrics may become visible after the
/// end.
pub(super) fn metric_wait_time(job: &TrainingJob, metric: &str, has_reported: bool) -> Duration {
    if job.final_metric(metric).is_some() || job.never_ran() {
        return Duration::ZERO;
    }
    match job.status.as_str() {
        "Completed" => COMPLETED_METRIC_TIMEOUT,
        // If it has reported, its last report is enough.
        "Stopped" if !has_reported && !job.training_starts.is_empty() => STOPPED_METRIC_TIMEOUT,
        _ => Duration::ZERO,
    }
}

/// Explains a missing metric: the expression that must find it, and the last lines of the log.
pub(super) fn explain_missing_metric(
    log_tail: &LogTail,
    metric: &str,
    regex: Option<&str>,
) -> String {
    let expression = match regex {
        Some(regex) => format!("MetricDefinitions has for {metric} the expression {regex}"),
        None => format!("MetricDefinitions has no expression for {metric}"),
    };
    let lines = match log_tail {
        LogTail::Fetched(lines) if lines.is_empty() => {
            return format!(
                "; {expression}; the log is empty, or cannot be read (it needs the feature logs)"
            );
        }
        LogTail::Fetched(lines) => lines,
        LogTail::Unavailable(why) => {
            return format!("; {expression}; the log cannot be read ({why})");
        }
        LogTail::NotNeeded | LogTail::Needed => return format!("; {expression}"),
    };
    let pattern = regex.and_then(|regex| MetricPattern::new(regex).ok());
    let found = lines.iter().rev().find_map(|line| pattern.as_ref()?.find(line));
    let (finds, remedy) = match found {
        Some(value) => (
            format!("finds {value} in"),
            "The service did not report it within five minutes; check whether it does by now, and \
             whether the metric has this name",
        ),
        None => (
            "matches nothing in".to_owned(),
            "Correct the expression, or print the metric so that it matches",
        ),
    };
    let shown: Vec<String> = lines.iter().map(|line| format!("    {line}")).collect();
    format!(
        "; {expression}, which {finds} the last lines of the log:\n{}\n{remedy}",
        shown.join("\n")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn job(status: &str, secondary: &str) -> TrainingJob {
        TrainingJob::new("trees-001-00000000", status, secondary)
    }

    fn with_value(status: &str, secondary: &str) -> TrainingJob {
        let final_metrics = vec![("train:rmse".to_owned(), 9.0), ("rmse".to_owned(), 0.5)];
        TrainingJob { final_metrics, ..job(status, secondary) }
    }

    #[test]
    fn each_status_has_its_outcome() {
        let kind = |job: &TrainingJob| match outcome(job, "rmse") {
            Outcome::Failed(failure) => failure.kind,
            other => panic!("{other:?}"),
        };
        let of = |job: TrainingJob| outcome(&job, "rmse");
        assert_eq!(of(with_value("Completed", "Completed")), Outcome::Completed { value: 0.5 });
        assert_eq!(kind(&job("Completed", "Completed")), FailureKind::MissingMetric);
        assert_eq!(of(with_value("Stopped", "Stopped")), Outcome::Stopped { value: Some(0.5) });
        assert_eq!(of(job("Stopped", "Stopped")), Outcome::Stopped { value: None });
        for secondary in TIMEOUTS {
            let with_value = with_value("Stopped", secondary);
            assert_eq!(of(with_value), Outcome::Stopped { value: Some(0.5) });
            let ran = TrainingJob { started_at: Some(1.0), ..job("Stopped", secondary) };
            assert_eq!(kind(&ran), FailureKind::Timeout);
        }
        let waited = job("Stopped", "MaxWaitTimeExceeded");
        assert_eq!(kind(&waited), FailureKind::Throttled, "the job never ran");
        assert_eq!(kind(&job("Deleting", "Deleting")), FailureKind::Interrupted);
        for (reason, expected) in [
            ("AlgorithmError: exit code: 1", FailureKind::Error),
            ("AlgorithmError: CUDA out of memory", FailureKind::OutOfMemory),
            ("AlgorithmError: , exit code: 137", FailureKind::OutOfMemory),
            ("ClientError: Data download failed:403 Forbidden", FailureKind::Setup),
            ("ClientError: wrong hyperparameter", FailureKind::Error),
            ("InternalServerError: We encountered an internal error.", FailureKind::Interrupted),
            ("CapacityError: Unable to provision requested ML compute", FailureKind::Throttled),
        ] {
            let failure_reason = Some(reason.to_owned());
            let failed = TrainingJob { failure_reason, ..job("Failed", "Failed") };
            assert_eq!(kind(&failed), expected, "{reason}");
        }
        let nan = TrainingJob {
            final_metrics: vec![("rmse".to_owned(), f64::NAN)],
            ..job("Completed", "Completed")
        };
        assert_eq!(kind(&nan), FailureKind::NonFiniteMetric);
    }

    #[test]
    fn missing_metrics_are_explained_by_expression_and_log() {
        let lines = LogTail::Fetched(vec!["epoch 1".to_owned(), "val_loss=0.5".to_owned()]);
        let text = explain_missing_metric(&lines, "loss", Some("loss: (.*)"));
        assert!(text.contains("loss: (.*), which matches nothing in"), "{text}");
        assert!(text.contains("    val_loss=0.5"), "{text}");
        assert!(explain_missing_metric(&lines, "loss", Some("loss=(.*)")).contains("finds 0.5 in"));
        let denied = LogTail::Unavailable("not allowed".to_owned());
        assert!(
            explain_missing_metric(&denied, "loss", None)
                .contains("has no expression for loss; the log cannot be read")
        );
    }

    #[test]
    fn missing_metric_messages_name_the_reported_metrics() {
        let message = missing_metric_message(&with_value("Completed", "Completed"), "auc");
        assert!(message.ends_with("reported train:rmse, rmse, but not auc"), "{message}");
    }
}
