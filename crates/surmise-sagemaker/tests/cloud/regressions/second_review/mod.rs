//! Regression tests for faults that a second review found, and a service that fails as a test
//! requires.

mod adoption;
mod costs;
mod logs;
mod outcomes;
mod service_errors;
mod tuning_jobs;

use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use surmise::limits::SuccessiveHalving;
use surmise::pattern::MetricPattern;
use surmise::{CompletionCriteria, EarlyStopping};
use surmise_sagemaker::CreateTrainingJobRequest;
use surmise_sagemaker::evaluator::{
    BilledFor, Budget, FoundJobs, JobFilter, Prices, TrainingReportSource, TuningJob, TuningService,
};

use super::*;

enum Reaction {
    Pass,
    /// The request is not carried out and fails with this error.
    Fail(ServiceErrorKind, &'static str),
    /// The request is carried out, but its reply is lost.
    LoseReply,
}

/// Decides on a request by operation, job name and body.
type BeforeRequest = Box<dyn FnMut(&str, &str, &str) -> Reaction + Send>;

/// Changes the description of a job before the evaluator reads it.
type EditDescription = Box<dyn FnMut(&mut Value) + Send>;

struct HookedService {
    inner: Vec<SageMakerService>,
    /// The index of the service that carries out the requests.
    current: Arc<Mutex<usize>>,
    before: BeforeRequest,
    edit: EditDescription,
}

impl std::fmt::Debug for HookedService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HookedService")
    }
}

impl HookedService {
    fn new(
        fake: &FakeSageMaker,
        before: impl FnMut(&str, &str, &str) -> Reaction + Send + 'static,
        edit: impl FnMut(&mut Value) + Send + 'static,
    ) -> Self {
        Self {
            inner: vec![service(fake)],
            current: Arc::default(),
            before: Box::new(before),
            edit: Box::new(edit),
        }
    }
    fn call<T>(
        &mut self,
        operation: &str,
        name: &str,
        body: &str,
        run: impl FnOnce(&mut SageMakerService) -> Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
        let current = *self.current.lock().unwrap();
        match (self.before)(operation, name, body) {
            Reaction::Pass => run(&mut self.inner[current]),
            Reaction::Fail(kind, text) => Err(ServiceError::new(kind, text)),
            Reaction::LoseReply => {
                let _ = run(&mut self.inner[current]);
                Err(ServiceError::new(ServiceErrorKind::Unreachable, "reply lost"))
            }
        }
    }
}

impl TrainingService for HookedService {
    fn create(&mut self, request: &CreateTrainingJobRequest) -> Result<String, ServiceError> {
        let body = serde_json::to_string(request).unwrap();
        self.call("create", &request.name.clone(), &body, |it| it.create(request))
    }
    fn describe(&mut self, name: &str) -> Result<TrainingJob, ServiceError> {
        let job = self.call("describe", name, "", |it| it.describe(name))?;
        let mut description = job.description;
        (self.edit)(&mut description);
        Ok(TrainingJob::from_description(description))
    }
    fn search(&mut self, filter: &JobFilter<'_>) -> Result<FoundJobs, ServiceError> {
        self.call("search", "", "", |it| it.search(filter))
    }
    fn stop(&mut self, name: &str) -> Result<(), ServiceError> {
        self.call("stop", name, "", |it| it.stop(name))
    }
    fn reports(
        &mut self,
        job: &TrainingJob,
        source: &TrainingReportSource,
    ) -> Result<Vec<surmise_sagemaker::evaluator::TrainingReport>, ServiceError> {
        self.call("reports", "", "", |it| it.reports(job, source))
    }
    fn region(&self) -> Option<String> {
        Some("us-west-2".to_owned())
    }
}

fn hooked_evaluator(
    clock: &Clock,
    request: &CreateHyperParameterTuningJobRequest,
    service: HookedService,
) -> SageMakerEvaluator {
    SageMakerEvaluator::new(request, service).unwrap().with_clock(clock.clone())
}

/// Leaves a description unchanged.
fn keep_description(_: &mut Value) {}

fn set_instance_type(request: &mut CreateHyperParameterTuningJobRequest, kind: &str) {
    let resources = request.definition.as_mut().unwrap().resources.as_mut().unwrap();
    resources.instance_type = Some(kind.to_owned());
}

fn run_edited_job(edit: impl FnMut(&mut Value) + Send + 'static) -> Outcome {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let tuning_request = request("trees", 1, 1);
    let service = HookedService::new(&fake, |_, _, _| Reaction::Pass, edit);
    let mut jobs = hooked_evaluator(&settings.clock, &tuning_request, service);
    start_job(&mut jobs, 1, 0.4);
    wait_for_outcome(&mut jobs)
}

fn kind(outcome: &Outcome) -> Option<FailureKind> {
    match outcome {
        Outcome::Failed(failure) => Some(failure.kind),
        _ => None,
    }
}

/// Changes a description to that of a failed job.
fn set_failed(it: &mut Value, reason: &str, transitions: Value) {
    it["TrainingJobStatus"] = json!("Failed");
    it["SecondaryStatus"] = json!("Failed");
    it["FailureReason"] = json!(reason);
    it["SecondaryStatusTransitions"] = transitions;
    it.as_object_mut().unwrap().remove("FinalMetricDataList");
}

/// Runs a tuning whose tuner panics as soon as `when` is true, and returns the events.
fn kill_tuner(
    fake: &FakeSageMaker,
    clock: &Clock,
    tuning_request: &CreateHyperParameterTuningJobRequest,
    edit: impl FnMut(&mut Value) + Send + 'static,
    mut when: impl FnMut(&Progress<'_>) -> bool,
) -> Vec<Event> {
    let service = HookedService::new(fake, |_, _, _| Reaction::Pass, edit);
    let mut jobs = hooked_evaluator(clock, tuning_request, service);
    let mut study = study(tuning_request, Vec::new());
    let tuning_rules = rules(tuning_request, &jobs);
    let end = catch_unwind(AssertUnwindSafe(|| {
        Tuner::with_rules(tuning_rules)
            .on_progress(|_, progress| {
                assert!(!when(progress), "killed");
                ControlFlow::Continue(())
            })
            .run(&mut study, &mut jobs)
    }));
    assert!(end.is_err(), "the tuner was not killed");
    study.events().to_vec()
}
