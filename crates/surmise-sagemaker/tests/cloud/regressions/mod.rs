//! Regression tests for faults that users of training jobs found, numbered as in docs/faults.md of
//! this package.

mod adoption;
mod instances;
mod metrics;
mod outcomes;
mod permissions;
mod requests;
mod second_review;
mod tuning_jobs;

use super::*;
use surmise::{FailureKind, StopReason};
use surmise_sagemaker::evaluator::{ServiceError, ServiceErrorKind, TrainingJob, TrainingService};
use surmise_sagemaker::fake::{Faults, InstanceQuotas, RequestOutcome};
use surmise_sagemaker::training_job_name;

const HALF_HOUR: Duration = Duration::from_secs(1800);

/// Starts a fake with these faults and the default training.
fn start_fake(faults: Faults) -> (FakeSettings, FakeSageMaker) {
    let settings = FakeSettings { faults, ..Default::default() };
    let fake = fake(&settings);
    (settings, fake)
}

/// Returns a request for spot instances with this maximum wait, in seconds.
fn spot_request(name: &str, jobs: usize, max_wait: u32) -> CreateHyperParameterTuningJobRequest {
    let mut request = request(name, jobs, 1);
    let definition = request.definition.as_mut().unwrap();
    definition.spot_training = Some(true);
    definition.stopping_condition.max_wait_time_in_seconds = Some(max_wait);
    request
}

fn warnings(events: &[JobEvent]) -> Vec<&str> {
    let mut texts = Vec::new();
    for event in events {
        if let JobEvent::Warning { text } = event {
            texts.push(text.as_str());
        }
    }
    texts
}

fn ended(events: &[JobEvent]) -> Vec<Outcome> {
    let outcome = |event: &JobEvent| match event {
        JobEvent::Ended { outcome, .. } => Some(outcome.clone()),
        _ => None,
    };
    events.iter().filter_map(outcome).collect()
}

fn steps(events: &[JobEvent]) -> Vec<u64> {
    let step = |event: &JobEvent| match event {
        JobEvent::Report { step, .. } => Some(*step),
        _ => None,
    };
    events.iter().filter_map(step).collect()
}

/// Returns the number of requests of an operation.
fn count_requests(fake: &FakeSageMaker, operation: &str) -> usize {
    fake.log().iter().filter(|entry| entry.operation == operation).count()
}

/// Creates and ends a job by the request changed by `before`, and starts it by the request changed
/// by `after`. Returns the events of the second evaluator, or its error.
fn adopt_after_change(
    before: impl Fn(&mut CreateHyperParameterTuningJobRequest),
    after: impl Fn(&mut CreateHyperParameterTuningJobRequest),
) -> Result<Vec<JobEvent>, String> {
    let (settings, fake) = start_fake(Faults::default());
    let mut original = request("trees", 1, 1);
    before(&mut original);
    let mut first = evaluator(&fake, &settings.clock, &original);
    start_job(&mut first, 1, 0.4);
    collect_until_ended(&mut first, 1);
    drop(first);
    let mut changed = request("trees", 1, 1);
    after(&mut changed);
    let mut second = evaluator(&fake, &settings.clock, &changed);
    let restarted_trial = trial(1, 0.4);
    second.start(&Job::new(&restarted_trial, 1)).map_err(|error| error.to_string())?;
    let mut all = Vec::new();
    for _ in 0..100 {
        all.extend(second.wait(60 * SECOND).map_err(|error| error.to_string())?);
        if !ended(&all).is_empty() {
            break;
        }
    }
    assert_eq!(fake.creation_counts().len(), 1, "no second job is created");
    Ok(all)
}
