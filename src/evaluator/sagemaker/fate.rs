//! What a training job that has ended means for its trial.

use super::service::TrainingJob;
use crate::sagemaker::failure_kind;
use crate::trial::{Failure, FailureKind, Outcome};

/// Secondary statuses of jobs that ran out of time.
const TIMEOUTS: [&str; 2] = ["MaxRuntimeExceeded", "MaxWaitTimeExceeded"];
/// The outcome of a training job that has ended.
pub(super) fn outcome(job: &TrainingJob, metric: &str) -> Outcome {
    let value = job.final_metric(metric);
    let name = &job.name;
    let failed = |kind, text: String| Outcome::Failed(Failure::new(kind, text));
    match job.status.as_str() {
        "Completed" => match value {
            Some(value) => Outcome::from(value),
            None => failed(FailureKind::MissingMetric, without_metric(job, metric)),
        },
        "Stopped" if TIMEOUTS.contains(&job.secondary_status.as_str()) => {
            let last = match value {
                Some(value) => format!("its last value was {value}"),
                None => "it had told no value".to_owned(),
            };
            let status = &job.secondary_status;
            failed(FailureKind::Timeout, format!("training job {name} ended by {status}; {last}"))
        }
        "Stopped" => Outcome::Stopped { value: value.filter(|value| value.is_finite()) },
        "Failed" => {
            let reason = job.failure_reason.as_deref().unwrap_or("no reason was given");
            failed(failure_kind(reason), format!("training job {name} failed: {reason}"))
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
        return format!(
            "training job {name} told no metric, and {metric} is wanted; try the expressions of its MetricDefinitions on its log"
        );
    }
    format!("training job {name} told {}, but not {metric}", seen.join(", "))
}

/// Whether a job failed for want of machines, which is nobody's fault.
pub(super) fn lacked_machines(job: &TrainingJob) -> bool {
    job.failure_reason
        .as_deref()
        .is_some_and(|reason| failure_kind(reason) == FailureKind::Throttled)
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
            assert_eq!(kind(&with_value("Stopped", secondary)), FailureKind::Timeout);
        }
        assert_eq!(kind(&job("Deleting", "Deleting")), FailureKind::Interrupted);
        for (reason, wanted) in [
            ("AlgorithmError: exit code: 1", FailureKind::Error),
            ("AlgorithmError: CUDA out of memory", FailureKind::OutOfMemory),
            ("AlgorithmError: , exit code: 137", FailureKind::OutOfMemory),
            ("ClientError: no such channel", FailureKind::Error),
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
    fn a_missing_metric_is_explained_by_those_that_were_seen() {
        let message = without_metric(&with_value("Completed", "Completed"), "auc");
        assert!(message.ends_with("told train:rmse, rmse, but not auc"), "{message}");
    }
}
