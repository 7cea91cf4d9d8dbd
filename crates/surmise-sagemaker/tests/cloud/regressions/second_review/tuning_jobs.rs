//! Launches of SageMaker's own tuning jobs: lost replies, warm pools, and delays.

use super::*;

type BeforeLaunch = Box<dyn FnMut(&str) -> Reaction + Send>;

struct HookedTuningService(SageMakerService, BeforeLaunch);

impl std::fmt::Debug for HookedTuningService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HookedTuningService")
    }
}

impl TuningService for HookedTuningService {
    fn create_tuning_job(
        &mut self,
        request: &CreateHyperParameterTuningJobRequest,
    ) -> Result<(), ServiceError> {
        match (self.1)("create") {
            Reaction::Pass => self.0.create_tuning_job(request),
            Reaction::Fail(kind, text) => Err(ServiceError::new(kind, text)),
            Reaction::LoseReply => {
                let _ = self.0.create_tuning_job(request);
                Err(ServiceError::new(ServiceErrorKind::Unreachable, "reply lost"))
            }
        }
    }
    fn describe_tuning_job(&mut self, name: &str) -> Result<Value, ServiceError> {
        let mut description = self.0.describe_tuning_job(name)?;
        // "The server always sets KeepAlivePeriodInSeconds to nil."
        let resources = &mut description["TrainingJobDefinition"]["ResourceConfig"];
        if let Some(members) = resources.as_object_mut() {
            members.remove("KeepAlivePeriodInSeconds");
        }
        Ok(description)
    }
    fn stop_tuning_job(&mut self, name: &str) -> Result<(), ServiceError> {
        self.0.stop_tuning_job(name)
    }
    fn list_training_jobs(
        &mut self,
        name: &str,
        page: Option<&str>,
    ) -> Result<Value, ServiceError> {
        self.0.list_training_jobs(name, page)
    }
}

#[test]
fn a_lost_launch_with_a_warm_pool_is_recognized() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let mut tuning_request = request("trees", 3, 1);
    let resources = tuning_request.definition.as_mut().unwrap().resources.as_mut().unwrap();
    resources.keep_alive_in_seconds = Some(600);
    let mut times = 0;
    let service = HookedTuningService(
        service(&fake),
        Box::new(move |_| {
            times += 1;
            if times == 1 { Reaction::LoseReply } else { Reaction::Pass }
        }),
    );
    let result = TuningJob::launch_with_clock(settings.clock.clone(), &tuning_request, service);
    assert!(result.is_ok(), "{}", result.unwrap_err());
}

#[test]
fn an_unanswered_launch_may_be_running() {
    for second in [ServiceErrorKind::Unreachable, ServiceErrorKind::Credentials] {
        let settings = FakeSettings::default();
        let fake = fake(&settings);
        let tuning_request = request("trees", 3, 1);
        let mut times = 0;
        let service = HookedTuningService(
            service(&fake),
            Box::new(move |_| {
                times += 1;
                if times == 1 { Reaction::LoseReply } else { Reaction::Fail(second, "trouble") }
            }),
        );
        let result = TuningJob::launch_with_clock(settings.clock.clone(), &tuning_request, service);
        let error = result.unwrap_err().to_string();
        let is_created = super::service(&fake).describe_tuning_job("trees").is_ok();
        assert!(is_created, "the tuning job exists");
        assert!(error.contains("may "), "{second:?}: {error}");
    }
}

struct DelayedTuningService(SageMakerService, u32);

impl std::fmt::Debug for DelayedTuningService {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DelayedTuningService")
    }
}

impl TuningService for DelayedTuningService {
    fn create_tuning_job(
        &mut self,
        request: &CreateHyperParameterTuningJobRequest,
    ) -> Result<(), ServiceError> {
        self.0.create_tuning_job(request)
    }
    fn describe_tuning_job(&mut self, name: &str) -> Result<Value, ServiceError> {
        self.1 += 1;
        if self.1 == 1 {
            return Err(ServiceError::from_code(
                "ResourceNotFound",
                "Requested resource not found.",
            ));
        }
        self.0.describe_tuning_job(name)
    }
    fn stop_tuning_job(&mut self, name: &str) -> Result<(), ServiceError> {
        self.0.stop_tuning_job(name)
    }
    fn list_training_jobs(
        &mut self,
        name: &str,
        page: Option<&str>,
    ) -> Result<Value, ServiceError> {
        self.0.list_training_jobs(name, page)
    }
}

#[test]
fn a_launched_tuning_job_may_appear_late() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let tuning_request = request("trees", 3, 1);
    let service = DelayedTuningService(service(&fake), 0);
    let mut job =
        TuningJob::launch_with_clock(settings.clock.clone(), &tuning_request, service).unwrap();
    let result = job.follow(|_| ControlFlow::Continue(()));
    assert!(result.is_ok(), "{}", result.unwrap_err());
}
