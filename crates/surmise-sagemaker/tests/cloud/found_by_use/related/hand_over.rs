//! Tuning jobs of SageMaker's own tuner.

use super::*;

type BeforeTuning = Box<dyn FnMut(&str) -> Do + Send>;

struct HookedTuning(SageMakerService, BeforeTuning);

impl std::fmt::Debug for HookedTuning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HookedTuning")
    }
}

impl TuningService for HookedTuning {
    fn create_tuning_job(
        &mut self,
        request: &CreateHyperParameterTuningJobRequest,
    ) -> Result<(), ServiceError> {
        match (self.1)("create") {
            Do::Pass => self.0.create_tuning_job(request),
            Do::Fail(kind, text) => Err(ServiceError::new(kind, text)),
            Do::Lose => {
                let _ = self.0.create_tuning_job(request);
                Err(ServiceError::new(ServiceErrorKind::Unreachable, "reply lost"))
            }
        }
    }
    fn describe_tuning_job(&mut self, name: &str) -> Result<Value, ServiceError> {
        let mut answer = self.0.describe_tuning_job(name)?;
        // "The server always sets KeepAlivePeriodInSeconds to nil."
        let resources = &mut answer["TrainingJobDefinition"]["ResourceConfig"];
        if let Some(members) = resources.as_object_mut() {
            members.remove("KeepAlivePeriodInSeconds");
        }
        Ok(answer)
    }
    fn stop_tuning_job(&mut self, name: &str) -> Result<(), ServiceError> {
        self.0.stop_tuning_job(name)
    }
    fn training_jobs_of(&mut self, name: &str, page: Option<&str>) -> Result<Value, ServiceError> {
        self.0.training_jobs_of(name, page)
    }
}

#[test]
fn a_lost_launch_with_a_warm_pool_is_ones_own() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let mut own = request("trees", 3, 1);
    let resources = own.definition.as_mut().unwrap().resources.as_mut().unwrap();
    resources.keep_alive_in_seconds = Some(600);
    let mut times = 0;
    let service = HookedTuning(
        service(&fake),
        Box::new(move |_| {
            times += 1;
            if times == 1 { Do::Lose } else { Do::Pass }
        }),
    );
    let result = TuningJob::launch_by(settings.clock.clone(), &own, service);
    assert!(result.is_ok(), "{}", result.unwrap_err());
}

#[test]
fn a_launch_that_was_never_answered_may_run() {
    for second in [ServiceErrorKind::Unreachable, ServiceErrorKind::Credentials] {
        let settings = FakeSettings::default();
        let fake = fake(&settings);
        let own = request("trees", 3, 1);
        let mut times = 0;
        let service = HookedTuning(
            service(&fake),
            Box::new(move |_| {
                times += 1;
                if times == 1 { Do::Lose } else { Do::Fail(second, "trouble") }
            }),
        );
        let result = TuningJob::launch_by(settings.clock.clone(), &own, service);
        let error = result.unwrap_err().to_string();
        let told = super::service(&fake).describe_tuning_job("trees").is_ok();
        assert!(told, "it is there");
        assert!(error.contains("may "), "{second:?}: {error}");
    }
}

struct LaggingTuning(SageMakerService, u32);

impl std::fmt::Debug for LaggingTuning {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LaggingTuning")
    }
}

impl TuningService for LaggingTuning {
    fn create_tuning_job(
        &mut self,
        request: &CreateHyperParameterTuningJobRequest,
    ) -> Result<(), ServiceError> {
        self.0.create_tuning_job(request)
    }
    fn describe_tuning_job(&mut self, name: &str) -> Result<Value, ServiceError> {
        self.1 += 1;
        if self.1 == 1 {
            return Err(ServiceError::of("ResourceNotFound", "Requested resource not found."));
        }
        self.0.describe_tuning_job(name)
    }
    fn stop_tuning_job(&mut self, name: &str) -> Result<(), ServiceError> {
        self.0.stop_tuning_job(name)
    }
    fn training_jobs_of(&mut self, name: &str, page: Option<&str>) -> Result<Value, ServiceError> {
        self.0.training_jobs_of(name, page)
    }
}

#[test]
fn a_tuning_job_that_was_just_launched_may_not_be_known_yet() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let own = request("trees", 3, 1);
    let service = LaggingTuning(service(&fake), 0);
    let mut job = TuningJob::launch_by(settings.clock.clone(), &own, service).unwrap();
    let result = job.follow(|_| ControlFlow::Continue(()));
    assert!(result.is_ok(), "{}", result.unwrap_err());
}
