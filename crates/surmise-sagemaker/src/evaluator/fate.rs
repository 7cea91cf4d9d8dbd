//! What a training job that has ended means for its trial.

use std::time::Duration;

use super::attempt::LastLines;
use super::description::TrainingJob;
use super::remedies::setup_remedy;
use crate::request::failure_kind;
use surmise::pattern::MetricPattern;
use surmise::trial::{Failure, FailureKind, Outcome};

/// For how long the metric of a job that completed is looked for, and of one that was stopped.
const METRIC_PATIENCE: Duration = Duration::from_secs(300);
const STOPPED_PATIENCE: Duration = Duration::from_secs(60);
/// Secondary statuses of jobs that ran out of time.
const TIMEOUTS: [&str; 2] = ["MaxRuntimeExceeded", "MaxWaitTimeExceeded"];

/// The outcome of a training job that has ended.
pub(super) fn outcome(job: &TrainingJob, metric: &str) -> Outcome {
    let value = job.final_metric(metric);
    let name = &job.name;
    let status = &job.secondary_status;
    let failed = |kind, text: String| Outcome::Failed(Failure::new(kind, text));
    match job.status.as_str() {
        "Completed" => match value {
            Some(value) => Outcome::from(value),
            None => failed(FailureKind::MissingMetric, without_metric(job, metric)),
        },
        "Stopped" if waited_in_vain(job) && value.is_none() => {
            let text =
                format!("training job {name} ended by {status} while it waited for machines");
            failed(FailureKind::Throttled, text)
        }
        // Its model is kept, and what it told last is the value of a job that was stopped.
        "Stopped" if TIMEOUTS.contains(&status.as_str()) && value.is_none() => {
            let text = format!("training job {name} ended by {status}, and had told no value");
            failed(FailureKind::Timeout, text)
        }
        "Stopped" => Outcome::Stopped { value: value.filter(|value| value.is_finite()) },
        "Failed" => {
            let reason = job.failure_reason.as_deref().unwrap_or("no reason was given");
            let has_trained = !job.trained_since.is_empty() || !job.has_stages;
            let kind = failure_kind(reason);
            let text = format!("training job {name} failed: {reason}");
            let may_be_setup = matches!(kind, FailureKind::Error | FailureKind::Setup);
            match setup_remedy(reason, has_trained).filter(|_| may_be_setup) {
                Some(remedy) => failed(FailureKind::Setup, format!("{text}; {remedy}")),
                None => failed(kind, text),
            }
        }
        status => {
            failed(FailureKind::Interrupted, format!("training job {name} is gone: {status}"))
        }
    }
}

fn without_metric(job: &TrainingJob, metric: &str) -> String {
    let name = &job.name;
    let seen: Vec<&str> = job.final_metrics.iter().map(|(name, _)| name.as_str()).collect();
    if seen.is_empty() {
        return format!("training job {name} told no metric, and {metric} is wanted");
    }
    format!("training job {name} told {}, but not {metric}", seen.join(", "))
}

/// Whether a job ran out of time while it waited for machines: before it had any, or after an interruption.
fn waited_in_vain(job: &TrainingJob) -> bool {
    let status = job.secondary_status.as_str();
    match status {
        "MaxRuntimeExceeded" => false,
        // How the service ends a job that was pending for too long, is not documented.
        "Stopped" => job.never_ran() && job.may_wait_in_vain,
        _ => status.starts_with("Max") && (job.never_ran() || job.waited_at_end),
    }
}

/// Whether a job ended for want of machines, which is nobody's fault.
pub(super) fn lacked_machines(job: &TrainingJob) -> bool {
    let is_capacity = |reason: &str| failure_kind(reason) == FailureKind::Throttled;
    job.failure_reason.as_deref().is_some_and(is_capacity)
        || (job.status == "Stopped" && waited_in_vain(job) && job.final_metrics.is_empty())
}

/// For how long the metric of a job is looked for that has ended without it: metrics may come later than the end.
pub(super) fn patience_for_metric(job: &TrainingJob, metric: &str, has_reported: bool) -> Duration {
    if job.final_metric(metric).is_some() || job.never_ran() {
        return Duration::ZERO;
    }
    match job.status.as_str() {
        "Completed" => METRIC_PATIENCE,
        // Its last report is as good.
        "Stopped" if !has_reported && !job.trained_since.is_empty() => STOPPED_PATIENCE,
        _ => Duration::ZERO,
    }
}

/// What a job that told no metric printed last, beside the expression that is to find it.
pub(super) fn explained(lines: &LastLines, metric: &str, regex: Option<&str>) -> String {
    let expression = match regex {
        Some(regex) => format!("MetricDefinitions has for {metric} the expression {regex}"),
        None => format!("MetricDefinitions has no expression for {metric}"),
    };
    let lines = match lines {
        LastLines::Known(lines) if lines.is_empty() => {
            return format!(
                "; {expression}; its log is empty, or cannot be read here (feature logs)"
            );
        }
        LastLines::Known(lines) => lines,
        LastLines::Unknown(why) => {
            return format!("; {expression}; its log cannot be read ({why})");
        }
        LastLines::Unwanted | LastLines::Wanted => return format!("; {expression}"),
    };
    let pattern = regex.and_then(|regex| MetricPattern::new(regex).ok());
    let found = lines.iter().rev().find_map(|line| pattern.as_ref()?.find(line));
    let (finds, remedy) = match found {
        Some(value) => (
            format!("finds {value} in"),
            "The service has not told it within five minutes; see whether it tells it by now, and whether the metric has this name",
        ),
        None => (
            "finds nothing in".to_owned(),
            "Mend the expression, or print the metric so that it is found",
        ),
    };
    let shown: Vec<String> = lines.iter().map(|line| format!("    {line}")).collect();
    format!(
        "; {expression}, which {finds} the last lines of its log:\n{}\n{remedy}",
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
    fn every_status_has_its_outcome() {
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
        assert_eq!(kind(&waited), FailureKind::Throttled, "it never ran");
        assert_eq!(kind(&job("Deleting", "Deleting")), FailureKind::Interrupted);
        for (reason, wanted) in [
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
            assert_eq!(kind(&failed), wanted, "{reason}");
        }
        let nan = TrainingJob {
            final_metrics: vec![("rmse".to_owned(), f64::NAN)],
            ..job("Completed", "Completed")
        };
        assert_eq!(kind(&nan), FailureKind::NonFiniteMetric);
    }

    #[test]
    fn the_log_is_shown_beside_the_expression() {
        let lines = LastLines::Known(vec!["epoch 1".to_owned(), "val_loss=0.5".to_owned()]);
        let text = explained(&lines, "loss", Some("loss: (.*)"));
        assert!(text.contains("loss: (.*), which finds nothing in"), "{text}");
        assert!(text.contains("    val_loss=0.5"), "{text}");
        assert!(explained(&lines, "loss", Some("loss=(.*)")).contains("finds 0.5 in"));
        let denied = LastLines::Unknown("not allowed".to_owned());
        assert!(
            explained(&denied, "loss", None)
                .contains("has no expression for loss; its log cannot be read")
        );
    }

    #[test]
    fn a_missing_metric_is_explained_by_those_that_were_seen() {
        let message = without_metric(&with_value("Completed", "Completed"), "auc");
        assert!(message.ends_with("told train:rmse, rmse, but not auc"), "{message}");
    }
}
