//! Faults of the same kinds that a second reader found, each as a test of what should be; and a service that fails where a test says so.

mod adoption;
mod ends;
mod hand_over;
mod logs;
mod money;
mod trouble;

use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use surmise::limits::SuccessiveHalving;
use surmise::pattern::MetricPattern;
use surmise::{CompletionCriteria, EarlyStopping};
use surmise_sagemaker::CreateTrainingJobRequest;
use surmise_sagemaker::evaluator::{
    BilledFor, Budget, FoundJobs, JobFilter, Prices, TrainingReports, TuningJob, TuningService,
};

use super::*;

enum Do {
    Pass,
    /// Not carried out.
    Fail(ServiceErrorKind, &'static str),
    /// Carried out, reply lost.
    Lose,
}

type Before = Box<dyn FnMut(&str, &str, &str) -> Do + Send>;

type Edit = Box<dyn FnMut(&mut Value) + Send>;

struct Hooked {
    inner: Vec<SageMakerService>,
    which: Arc<Mutex<usize>>,
    before: Before,
    edit: Edit,
}

impl std::fmt::Debug for Hooked {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hooked")
    }
}

impl Hooked {
    fn of(
        fake: &FakeSageMaker,
        before: impl FnMut(&str, &str, &str) -> Do + Send + 'static,
        edit: impl FnMut(&mut Value) + Send + 'static,
    ) -> Self {
        Self {
            inner: vec![service(fake)],
            which: Arc::default(),
            before: Box::new(before),
            edit: Box::new(edit),
        }
    }
    fn call<T>(
        &mut self,
        op: &str,
        name: &str,
        body: &str,
        run: impl FnOnce(&mut SageMakerService) -> Result<T, ServiceError>,
    ) -> Result<T, ServiceError> {
        let which = *self.which.lock().unwrap();
        match (self.before)(op, name, body) {
            Do::Pass => run(&mut self.inner[which]),
            Do::Fail(kind, text) => Err(ServiceError::new(kind, text)),
            Do::Lose => {
                let _ = run(&mut self.inner[which]);
                Err(ServiceError::new(ServiceErrorKind::Unreachable, "reply lost"))
            }
        }
    }
}

impl TrainingService for Hooked {
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
        source: &TrainingReports,
    ) -> Result<Vec<surmise_sagemaker::evaluator::TrainingReport>, ServiceError> {
        self.call("reports", "", "", |it| it.reports(job, source))
    }
    fn region(&self) -> Option<String> {
        Some("us-west-2".to_owned())
    }
}

fn hooked(
    clock: &Clock,
    request: &CreateHyperParameterTuningJobRequest,
    service: Hooked,
) -> SageMakerEvaluator {
    SageMakerEvaluator::new(request, service).unwrap().with_clock(clock.clone())
}

fn nothing(_: &mut Value) {}

fn with_type(request: &mut CreateHyperParameterTuningJobRequest, kind: &str) {
    let resources = request.definition.as_mut().unwrap().resources.as_mut().unwrap();
    resources.instance_type = Some(kind.to_owned());
}

fn outcome_of(edit: impl FnMut(&mut Value) + Send + 'static) -> Outcome {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let own = request("trees", 1, 1);
    let mut jobs = hooked(&settings.clock, &own, Hooked::of(&fake, |_, _, _| Do::Pass, edit));
    start(&mut jobs, 1, 0.4);
    outcome(&mut jobs)
}

fn kind(outcome: &Outcome) -> Option<FailureKind> {
    match outcome {
        Outcome::Failed(failure) => Some(failure.kind),
        _ => None,
    }
}

fn failed(it: &mut Value, reason: &str, transitions: Value) {
    it["TrainingJobStatus"] = json!("Failed");
    it["SecondaryStatus"] = json!("Failed");
    it["FailureReason"] = json!(reason);
    it["SecondaryStatusTransitions"] = transitions;
    it.as_object_mut().unwrap().remove("FinalMetricDataList");
}

/// A study whose tuner was killed as soon as `when` says so.
fn killed(
    fake: &FakeSageMaker,
    clock: &Clock,
    own: &CreateHyperParameterTuningJobRequest,
    edit: impl FnMut(&mut Value) + Send + 'static,
    mut when: impl FnMut(&Progress<'_>) -> bool,
) -> Vec<Event> {
    let mut jobs = hooked(clock, own, Hooked::of(fake, |_, _, _| Do::Pass, edit));
    let mut study = study(own, Vec::new());
    let own_rules = rules(own, &jobs);
    let end = catch_unwind(AssertUnwindSafe(|| {
        Tuner::with(own_rules)
            .observe(|_, progress| {
                assert!(!when(progress), "killed");
                ControlFlow::Continue(())
            })
            .run(&mut study, &mut jobs)
    }));
    assert!(end.is_err(), "it was not killed");
    study.events().to_vec()
}
