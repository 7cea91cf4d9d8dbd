//! Faults found by a hostile reader. Each test says what should be; those that fail are faults.
#![allow(clippy::all, clippy::pedantic, clippy::disallowed_methods)]

use std::io::{Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use surmise::evaluator::sagemaker::{
    BilledFor, Budget, FoundJobs, JobFilter, Prices, ServiceError, ServiceErrorKind, TrainingJob,
    TrainingReports, TrainingService, TuningJob, TuningService,
};
use surmise::fake_sagemaker::{Faults, InstanceQuotas};
use surmise::limits::SuccessiveHalving;
use surmise::sagemaker::{CreateTrainingJobRequest, MetricPattern, training_job_name};
use surmise::{CompletionCriteria, EarlyStopping, FailureKind, StopReason};

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
    ) -> Result<Vec<surmise::evaluator::sagemaker::TrainingReport>, ServiceError> {
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

fn ended(events: &[JobEvent]) -> Vec<Outcome> {
    let outcome = |event: &JobEvent| match event {
        JobEvent::Ended { outcome, .. } => Some(outcome.clone()),
        _ => None,
    };
    events.iter().filter_map(outcome).collect()
}

fn warnings(events: &[JobEvent]) -> Vec<String> {
    let text = |event: &JobEvent| match event {
        JobEvent::Warning { text } => Some(text.clone()),
        _ => None,
    };
    events.iter().filter_map(text).collect()
}

/// First runs a job of `before` to its end; then what an evaluator of `after` makes of it.
fn found(
    before: impl Fn(&mut CreateHyperParameterTuningJobRequest),
    after: impl Fn(&mut CreateHyperParameterTuningJobRequest),
) -> Result<Vec<JobEvent>, String> {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let mut own = request("trees", 1, 1);
    before(&mut own);
    let mut first = evaluator(&fake, &settings.clock, &own);
    start(&mut first, 1, 0.4);
    ends(&mut first, 1);
    drop(first);
    let mut other = request("trees", 1, 1);
    after(&mut other);
    let mut second = evaluator(&fake, &settings.clock, &other);
    let known = trial(1, 0.4);
    second.start(&Job::new(&known, 1)).map_err(|error| error.to_string())?;
    let mut all = Vec::new();
    for _ in 0..100 {
        all.extend(second.wait(60 * SECOND).map_err(|error| error.to_string())?);
        if !ended(&all).is_empty() {
            break;
        }
    }
    Ok(all)
}

fn channel(
    request: &mut CreateHyperParameterTuningJobRequest,
    content: Option<&str>,
    compression: Option<&str>,
) {
    let mut value = json!({"ChannelName": "train", "DataSource": {"S3DataSource": {
        "S3DataType": "S3Prefix", "S3Uri": "s3://bucket/data"}}});
    if let Some(content) = content {
        value["ContentType"] = json!(content);
    }
    if let Some(compression) = compression {
        value["CompressionType"] = json!(compression);
    }
    request.definition.as_mut().unwrap().input = Some(vec![serde_json::from_value(value).unwrap()]);
}

#[test]
fn b01_content_type_taken_out_of_a_channel_is_another_job() {
    let result = found(|it| channel(it, Some("text/csv"), None), |it| channel(it, None, None));
    assert!(result.is_err(), "adopted: {:?}", ended(&result.unwrap()));
}

#[test]
fn b02_compression_changed_is_another_job() {
    let result = found(|it| channel(it, None, Some("Gzip")), |it| channel(it, None, Some("None")));
    assert!(result.is_err(), "adopted: {:?}", ended(&result.unwrap()));
}

#[test]
fn b03_output_key_taken_out_is_another_job() {
    let result = found(
        |it| {
            it.definition.as_mut().unwrap().output.kms_key_id =
                Some("arn:aws:kms:us-west-2:012345678912:key/1".to_owned());
        },
        |_| (),
    );
    assert!(result.is_err(), "adopted: {:?}", ended(&result.unwrap()));
}

#[test]
fn b04_a_job_that_ran_out_of_less_time_is_not_the_result_of_one_with_more() {
    let limit = |seconds: u32| {
        move |it: &mut CreateHyperParameterTuningJobRequest| {
            it.definition.as_mut().unwrap().stopping_condition.max_runtime_in_seconds =
                Some(seconds);
        }
    };
    let result = found(limit(400), limit(3600));
    assert!(result.is_err(), "adopted: {:?}", ended(&result.unwrap()));
}

fn with_type(request: &mut CreateHyperParameterTuningJobRequest, kind: &str) {
    let resources = request.definition.as_mut().unwrap().resources.as_mut().unwrap();
    resources.instance_type = Some(kind.to_owned());
}

#[test]
fn b05_a_budget_of_money_holds_though_an_earlier_type_has_no_price() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let own = request("trees", 2, 1);
    let mut first = evaluator(&fake, &settings.clock, &own);
    let mut known = study(&own, Vec::new());
    let first_rules = rules(&own, &first);
    tune(&mut known, &mut first, first_rules);
    drop(first);
    let mut more = request("trees", 12, 1);
    with_type(&mut more, "ml.m5.large");
    let prices = Prices::new("USD").with("us-west-2", "ml.m5.large", 3.6);
    // 1300 instance-seconds a job, 1.3 USD: two jobs more at the most.
    let second = evaluator(&fake, &settings.clock, &more).with_budget(Budget::money(2.0));
    let mut second = second.with_prices(prices).unwrap();
    let mut again = study(&more, known.events().to_vec());
    let again_rules = rules(&more, &second);
    let error = Tuner::with(again_rules).run(&mut again, &mut second).unwrap_err().to_string();
    assert!(error.contains("no price of ml.m5.xlarge"), "{error}");
    assert_eq!(fake.creations().len(), 2);
}

#[test]
fn b06_a_budget_that_is_no_number_is_no_licence() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let own = request("trees", 5, 1);
    let prices = Prices::new("USD").with("us-west-2", "ml.m5.xlarge", 3.6);
    let jobs = evaluator(&fake, &settings.clock, &own).with_budget(Budget::money(f64::NAN));
    let mut jobs = jobs.with_prices(prices).unwrap();
    let mut empty = study(&own, Vec::new());
    let result = Tuner::with(rules(&own, &jobs)).run(&mut empty, &mut jobs);
    assert!(result.is_err() || fake.creations().len() < 5, "{:?}", result.unwrap().reason);
}

#[test]
fn b07_what_has_just_been_created_is_committed() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let mut jobs = evaluator(&fake, &settings.clock, &request("trees", 1, 1));
    start(&mut jobs, 1, 0.4);
    assert_eq!(jobs.bill().committed, 2 * 3900 * SECOND);
}

#[test]
fn b08_the_objective_hyperparameter_is_left_out_of_a_lost_creation_too() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let own = request("trees", 2, 1);
    let mut times = 0;
    let service = Hooked::of(
        &fake,
        move |op, _, body| {
            if op != "create" {
                return Do::Pass;
            }
            times += 1;
            match times {
                1 => Do::Fail(ServiceErrorKind::Unreachable, "lost"),
                _ if body.contains("_tuning_objective_metric") => Do::Fail(
                    ServiceErrorKind::Invalid,
                    "ValidationException: unsupported hyperparameter _tuning_objective_metric",
                ),
                _ => Do::Pass,
            }
        },
        nothing,
    );
    let mut jobs = hooked(&settings.clock, &own, service);
    let mut empty = study(&own, Vec::new());
    let result = Tuner::with(rules(&own, &jobs)).run(&mut empty, &mut jobs);
    let tuned = result.unwrap();
    assert_eq!(tuned.reason, StopReason::JobLimit { jobs: 2 });
    assert!(empty.trials().iter().all(|it| it.value().is_some()), "{:?}", empty.trials());
}

#[test]
fn b09_old_results_are_old_though_a_request_was_lost() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let own = request("trees", 1, 1);
    let mut first = evaluator(&fake, &settings.clock, &own);
    start(&mut first, 1, 0.4);
    ends(&mut first, 1);
    drop(first);
    settings.clock.sleep(100_000 * SECOND);
    let mut times = 0;
    let service = Hooked::of(
        &fake,
        move |op, _, _| {
            times += u32::from(op == "create");
            match (op, times) {
                ("create", 1) => Do::Fail(ServiceErrorKind::Unreachable, "lost"),
                _ => Do::Pass,
            }
        },
        nothing,
    );
    let mut second = hooked(&settings.clock, &own, service);
    start(&mut second, 1, 0.4);
    let all = ends(&mut second, 1);
    let told = warnings(&all);
    let bill = second.bill();
    assert!(told.iter().any(|it| it.contains("had ended before")), "{told:?}; {bill}");
    assert!(bill.by_outcome.contains_key(&BilledFor::Adopted), "{bill}");
}

#[test]
fn b10_a_stop_that_is_refused_once_is_asked_again_or_told() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let own = request("trees", 1, 1);
    let stops = Arc::new(Mutex::new(0));
    let counted = Arc::clone(&stops);
    let service = Hooked::of(
        &fake,
        move |op, _, _| {
            if op != "stop" {
                return Do::Pass;
            }
            *counted.lock().unwrap() += 1;
            match *counted.lock().unwrap() {
                1 => Do::Fail(
                    ServiceErrorKind::Invalid,
                    "ValidationException: The request cannot be carried out now.",
                ),
                _ => Do::Pass,
            }
        },
        nothing,
    );
    let mut jobs = hooked(&settings.clock, &own, service);
    start(&mut jobs, 1, 0.4);
    events(&mut jobs, 200 * SECOND);
    jobs.stop(id(1, 1)).unwrap();
    let all = ends(&mut jobs, 1);
    let told = warnings(&all);
    assert!(
        *stops.lock().unwrap() > 1 || !told.is_empty(),
        "asked {} times, told {told:?}, ended {:?}",
        stops.lock().unwrap(),
        ended(&all)
    );
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

#[test]
fn b11_a_job_that_the_service_stopped_before_it_had_machines_lacked_machines() {
    let end = outcome_of(|it| {
        it["TrainingJobStatus"] = json!("Stopped");
        it["SecondaryStatus"] = json!("Stopped");
        for name in [
            "TrainingStartTime",
            "TrainingTimeInSeconds",
            "BillableTimeInSeconds",
            "FinalMetricDataList",
        ] {
            it.as_object_mut().unwrap().remove(name);
        }
        it["SecondaryStatusTransitions"] = json!([
            {"Status": "Starting", "StartTime": 1.0, "EndTime": 2.0, "StatusMessage": "Starting the training job"},
            {"Status": "Pending", "StartTime": 2.0, "EndTime": 7202.0, "StatusMessage": "Training job waiting for capacity"},
            {"Status": "Stopped", "StartTime": 7202.0, "EndTime": 7202.0, "StatusMessage": "Training job stopped"}]);
    });
    assert_eq!(kind(&end), Some(FailureKind::Throttled), "{end:?}");
}

fn failed(it: &mut Value, reason: &str, transitions: Value) {
    it["TrainingJobStatus"] = json!("Failed");
    it["SecondaryStatus"] = json!("Failed");
    it["FailureReason"] = json!(reason);
    it["SecondaryStatusTransitions"] = transitions;
    it.as_object_mut().unwrap().remove("FinalMetricDataList");
}

#[test]
fn b12_an_algorithm_error_without_transitions_is_no_setup_failure() {
    let end = outcome_of(|it| {
        failed(it, "AlgorithmError: ExecuteUserScriptError:\nExitCode 1", Value::Null)
    });
    assert_eq!(kind(&end), Some(FailureKind::Error), "{end:?}");
}

#[test]
fn b13_what_a_script_says_of_its_own_data_is_no_setup_failure() {
    for text in [
        "AlgorithmError: ExecuteUserScriptError:\nExitCode 1\nErrorMessage \"FileNotFoundError: no manifest for fold 7\"",
        "AlgorithmError: ExecuteUserScriptError:\nExitCode 1\nErrorMessage \"RuntimeError: data download failed after 3 tries\"",
    ] {
        let end = outcome_of(move |it| {
            failed(it, text, json!([{"Status": "Training", "StartTime": 5.0}]));
        });
        assert_eq!(kind(&end), Some(FailureKind::Error), "{end:?}");
    }
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

#[test]
fn b14_jobs_of_before_are_stopped_or_named_where_a_tuning_is_over_at_once() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let own = request("trees", 10, 3);
    let ledger = killed(&fake, &settings.clock, &own, nothing, |progress| {
        matches!(progress, Progress::Recorded(Event::Told { .. }))
    });
    let mut again = study(&own, ledger);
    let running = again.pending().count();
    assert!(running >= 1);
    let mut jobs = evaluator(&fake, &settings.clock, &own);
    let tuned = Tuner::with(rules(&own, &jobs))
        .completion(CompletionCriteria::target(100.0))
        .run(&mut again, &mut jobs)
        .unwrap();
    assert!(matches!(tuned.reason, StopReason::TargetReached { .. }));
    let stops = fake.log().iter().filter(|it| it.operation == "StopTrainingJob").count();
    assert!(
        stops + tuned.may_still_run.len() >= running,
        "{running} run, {stops} asked to stop, named {:?}",
        tuned.may_still_run
    );
}

#[test]
fn b15_jobs_of_before_are_followed_though_a_retry_before_them_cannot_be_paid() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let own = request("trees", 10, 2);
    let first = training_job_name("trees", 1, 1);
    let ledger = killed(
        &fake,
        &settings.clock,
        &own,
        move |it| {
            if it["TrainingJobName"] == first.as_str() && !it["TrainingStartTime"].is_null() {
                failed(it, "InternalServerError: We encountered an internal error.", Value::Null);
            }
        },
        |progress| matches!(progress, Progress::Retrying { .. }),
    );
    fake.stop_training_job(&training_job_name("trees", 1, 1));
    settings.clock.sleep(130 * SECOND);
    let mut again = study(&own, ledger);
    let pending: Vec<u64> = again.pending().map(|it| it.id.0).collect();
    assert_eq!(pending, [1, 2]);
    assert!(again.trials()[1].place.is_some());
    let mut jobs = evaluator(&fake, &settings.clock, &own).with_budget(SECOND);
    let tuned = Tuner::with(rules(&own, &jobs)).run(&mut again, &mut jobs).unwrap();
    assert!(matches!(tuned.reason, StopReason::OutOfBudget { .. }), "{:?}", tuned.reason);
    let is_followed = again.trials()[1].outcome.is_some();
    assert!(
        is_followed || !tuned.may_still_run.is_empty(),
        "trial 2 runs: {:?}; named {:?}; {}",
        again.trials()[1].place,
        tuned.may_still_run,
        jobs.bill()
    );
}

fn two_accounts() -> (FakeSettings, FakeSageMaker, FakeSageMaker) {
    let settings = FakeSettings::default();
    let here = fake(&settings);
    let other = FakeSettings { account: "999999999999".to_owned(), ..settings.clone() };
    let there = fake(&other);
    (settings, here, there)
}

#[test]
fn b16_jobs_are_not_gone_because_credentials_are_of_another_account_now() {
    let (settings, here, there) = two_accounts();
    let own = request("trees", 2, 2);
    let which = Arc::new(Mutex::new(0));
    let mut service = Hooked::of(&here, |_, _, _| Do::Pass, nothing);
    service.inner.push(super::service(&there));
    service.which = Arc::clone(&which);
    let mut jobs = hooked(&settings.clock, &own, service);
    let mut study = study(&own, Vec::new());
    let clock = settings.clock.clone();
    let result = Tuner::with(rules(&own, &jobs))
        .observe(|_, progress| {
            if matches!(progress, Progress::Recorded(Event::Located { trial, .. }) if trial.0 == 2)
            {
                // Somebody renews the credentials, of another profile.
                clock.sleep(200 * SECOND);
                *which.lock().unwrap() = 1;
            }
            ControlFlow::Continue(())
        })
        .run(&mut study, &mut jobs);
    assert!(
        there.creations().is_empty(),
        "{:?}: {} jobs in one account, {} in the other, billed {:?} and {:?}",
        result.map(|it| (it.reason, it.warnings)),
        here.creations().len(),
        there.creations().len(),
        here.billed(),
        there.billed(),
    );
}

#[test]
fn b17_a_study_whose_trials_have_all_ended_goes_on_where_they_were() {
    let (settings, here, there) = two_accounts();
    let own = request("trees", 3, 1);
    let mut jobs = evaluator(&here, &settings.clock, &own);
    let mut known = study(&own, Vec::new());
    let own_rules = rules(&own, &jobs);
    tune(&mut known, &mut jobs, own_rules);
    drop(jobs);
    let more = request("trees", 5, 1);
    let mut jobs = evaluator(&there, &settings.clock, &more).with_budget(3000 * SECOND);
    let mut again = study(&more, known.events().to_vec());
    let result = Tuner::with(rules(&more, &jobs)).run(&mut again, &mut jobs);
    assert!(
        there.creations().is_empty(),
        "{:?}; {} jobs in the other account; bill {} though {:?} were spent",
        result.map(|it| (it.reason, it.warnings)),
        there.creations().len(),
        jobs.bill(),
        here.billed(),
    );
}

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
fn b18_a_lost_launch_with_a_warm_pool_is_ones_own() {
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
fn b19_a_launch_that_was_never_answered_may_run() {
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

#[test]
fn b20_a_lost_job_that_may_not_be_stopped_is_followed() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let own = request("trees", 1, 1);
    let mut times = 0;
    let asked = Arc::new(Mutex::new(0_u64));
    let count = Arc::clone(&asked);
    let service = Hooked::of(
        &fake,
        move |op, _, _| {
            *count.lock().unwrap() += 1;
            match op {
                "create" => {
                    times += 1;
                    if times == 1 { Do::Lose } else { Do::Pass }
                }
                "stop" => Do::Fail(ServiceErrorKind::Denied, "AccessDeniedException: no"),
                _ => Do::Pass,
            }
        },
        nothing,
    );
    let mut jobs = hooked(&settings.clock, &own, service);
    start(&mut jobs, 1, 0.4);
    jobs.stop(id(1, 1)).unwrap();
    let until = jobs.elapsed() + 1500 * SECOND;
    let mut all = Vec::new();
    let begun = std::time::Instant::now();
    while jobs.elapsed() < until && ended(&all).is_empty() {
        all.extend(jobs.wait(until - jobs.elapsed()).unwrap());
    }
    let real = begun.elapsed();
    assert!(
        !ended(&all).is_empty(),
        "after 1500 s: {all:?}; {} requests; {real:?} of real time; {}",
        asked.lock().unwrap(),
        jobs.bill()
    );
}

#[test]
fn b21_a_job_that_ran_before_a_restart_counts_from_when_it_had_its_machines() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let own = request("trees", 1, 1);
    let mut first = evaluator(&fake, &settings.clock, &own);
    start(&mut first, 1, 0.4);
    events(&mut first, 600 * SECOND);
    let before = first.bill().running;
    assert!(before > 800 * SECOND);
    drop(first);
    let mut second = evaluator(&fake, &settings.clock, &own).with_budget(800 * SECOND);
    let known = trial(1, 0.4);
    for _ in 0..20 {
        match second.start(&Job::new(&known, 1)).unwrap() {
            Start::Busy { retry_after } => drop(second.wait(retry_after).unwrap()),
            _ => break,
        }
    }
    let after = second.bill().running;
    let next = second.start(&Job::new(&trial(2, 0.5), 1)).unwrap();
    assert!(after >= before, "{before:?} before, {after:?} after; the next job: {next:?}");
}

#[test]
fn b22_jobs_that_completed_by_max_resource_are_billed_as_completed() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let own = request("trees", 9, 3);
    let jobs = evaluator(&fake, &settings.clock, &own);
    let mut jobs = jobs.reports_from(TrainingReports::Metrics("loss".to_owned()));
    let mut study = study(&own, Vec::new());
    let mut own_rules = rules(&own, &jobs);
    own_rules.early_stopping = EarlyStopping::SuccessiveHalving(SuccessiveHalving::new(1, 3));
    tune(&mut study, &mut jobs, own_rules);
    let completed = study
        .trials()
        .iter()
        .filter(|it| matches!(it.outcome, Some(Outcome::Completed { .. })))
        .count();
    let bill = jobs.bill();
    let billed = bill.by_outcome.get(&BilledFor::Completed).map_or(0, |it| it.jobs);
    assert_eq!(billed, completed, "{bill}");
}

#[test]
fn b23_a_search_that_is_behind_makes_no_job_run_for_ever() {
    let settings = FakeSettings {
        faults: Faults { search_lag: 300 * SECOND, ..Default::default() },
        ..Default::default()
    };
    let fake = fake(&settings);
    let own = request("trees", 2, 1);
    let mut first = evaluator(&fake, &settings.clock, &own);
    start(&mut first, 1, 0.4);
    ends(&mut first, 1);
    drop(first);
    let mut second = evaluator(&fake, &settings.clock, &own).with_budget(1_000_000 * SECOND);
    start(&mut second, 2, 0.5);
    ends(&mut second, 1);
    settings.clock.sleep(5000 * SECOND);
    assert_eq!(second.billed(), fake.billed(), "{}", second.bill());
}

#[test]
fn b24_a_quota_that_own_jobs_of_before_use_up_takes_no_dearer_instances() {
    let (first_kind, second_kind) = ("ml.m5.xlarge", "ml.p4d.24xlarge");
    let settings =
        FakeSettings { quotas: InstanceQuotas::of_type(first_kind, 2), ..Default::default() };
    let fake = fake(&settings);
    let mut own = request("trees", 3, 2);
    let definition = own.definition.as_mut().unwrap();
    let machines = json!({"AllocationStrategy": "Prioritized", "InstanceConfigs": [
        {"InstanceType": first_kind, "InstanceCount": 2, "VolumeSizeInGB": 30},
        {"InstanceType": second_kind, "InstanceCount": 1, "VolumeSizeInGB": 40}]});
    definition.resources = None;
    definition.flexible_resources = Some(serde_json::from_value(machines).unwrap());
    let mut first = evaluator(&fake, &settings.clock, &own);
    start(&mut first, 2, 0.4);
    drop(first);
    let mut second = evaluator(&fake, &settings.clock, &own);
    // What runs is taken on first. Trial 1 is to be tried again.
    second.adopt(&Job::new(&trial(2, 0.4), 1)).unwrap();
    let known = trial(1, 0.3);
    for _ in 0..200 {
        match second.start(&Job::new(&known, 2)).unwrap() {
            Start::Busy { retry_after } => drop(second.wait(retry_after).unwrap()),
            _ => break,
        }
    }
    let made = fake.request(&training_job_name("trees", 1, 2)).unwrap();
    assert_eq!(made["ResourceConfig"]["InstanceType"], first_kind);
}

#[test]
fn b25_a_lost_creation_is_not_made_up_for_when_nothing_is_left_to_spend() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let own = request("trees", 2, 2);
    let second_name = training_job_name("trees", 2, 1);
    let mut times = 0;
    let clock = settings.clock.clone();
    let service = Hooked::of(
        &fake,
        move |op, name, _| {
            if op != "create" || name != second_name {
                return Do::Pass;
            }
            times += 1;
            match times {
                1 => Do::Fail(ServiceErrorKind::Unreachable, "lost"),
                _ if clock.now() < 2000 * SECOND => {
                    Do::Fail(ServiceErrorKind::Throttled, "ThrottlingException: Rate exceeded")
                }
                _ => Do::Pass,
            }
        },
        nothing,
    );
    let mut jobs = hooked(&settings.clock, &own, service).with_budget(1000 * SECOND);
    let mut study = study(&own, Vec::new());
    let own_rules = rules(&own, &jobs);
    let (reason, _) = tune(&mut study, &mut jobs, own_rules);
    assert_eq!(fake.creations().len(), 1, "{reason:?}; {}", jobs.bill());
}

// --- CloudWatch by a server of our own ---

#[derive(Default)]
struct Logs {
    streams: Vec<String>,
    /// Pages of a stream.
    pages: BTreeMap<String, Vec<Vec<String>>>,
    /// Tokens given before this generation are refused.
    generation: u32,
}

fn logs_server(logs: Arc<Mutex<Logs>>) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let Ok(mut stream) = stream else { continue };
            let mut text = Vec::new();
            let mut buffer = [0_u8; 65536];
            let (head, body) = loop {
                let read = stream.read(&mut buffer).unwrap_or(0);
                if read == 0 {
                    break (String::new(), Vec::new());
                }
                text.extend_from_slice(&buffer[..read]);
                let Some(end) = text.windows(4).position(|it| it == b"\r\n\r\n") else { continue };
                let head = String::from_utf8_lossy(&text[..end]).to_lowercase();
                let length = head
                    .lines()
                    .find_map(|line| line.strip_prefix("content-length: "))
                    .map_or(0, |it| it.trim().parse::<usize>().unwrap());
                if text.len() >= end + 4 + length {
                    break (head, text[end + 4..end + 4 + length].to_vec());
                }
            };
            let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
            let logs = logs.lock().unwrap();
            let (status, answer) = if head.contains("describelogstreams") {
                let prefix = body["logStreamNamePrefix"].as_str().unwrap_or_default();
                let names: Vec<Value> = logs
                    .streams
                    .iter()
                    .filter(|it| it.starts_with(prefix))
                    .map(|it| json!({"logStreamName": it}))
                    .collect();
                (200, json!({"logStreams": names}))
            } else {
                let name = body["logStreamName"].as_str().unwrap_or_default();
                let pages = logs.pages.get(name).cloned().unwrap_or_default();
                let from = match body["nextToken"].as_str() {
                    None => Some(0),
                    Some(token) => {
                        let (generation, page) = token.split_once('/').unwrap();
                        let is_valid = generation.parse::<u32>().unwrap() >= logs.generation;
                        is_valid.then(|| page.parse::<usize>().unwrap())
                    }
                };
                match from {
                    None => (
                        400,
                        json!({"__type": "InvalidParameterException", "message": "The specified nextToken is invalid."}),
                    ),
                    Some(from) => {
                        let events: Vec<Value> = pages
                            .get(from)
                            .into_iter()
                            .flatten()
                            .map(
                                |line| json!({"timestamp": 1_700_000_000_000_u64, "message": line}),
                            )
                            .collect();
                        let next = (from + 1).min(pages.len());
                        (
                            200,
                            json!({"events": events, "nextForwardToken": format!("{}/{next}", logs.generation)}),
                        )
                    }
                }
            };
            let answer = answer.to_string();
            let _ = write!(
                stream,
                "HTTP/1.1 {status} X\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{answer}",
                answer.len()
            );
        }
    });
    url
}

fn log_service(url: &str) -> SageMakerService {
    Connection::new()
        .region("us-west-2")
        .endpoint(url)
        .access_key(ACCESS_KEY, SECRET_KEY, None)
        .open()
        .unwrap()
}

fn read(service: &mut SageMakerService) -> Vec<(f64, usize)> {
    let pattern = MetricPattern::new(r"loss:(\S+)").unwrap();
    let job = TrainingJob::new("job", "InProgress", "Training");
    let reports = service.reports(&job, &TrainingReports::Logs(pattern)).unwrap();
    reports.iter().map(|it| (it.value, it.stream)).collect()
}

fn pages(range: std::ops::Range<usize>) -> Vec<Vec<String>> {
    range.map(|it| vec![format!("loss:{it}")]).collect()
}

#[test]
fn b26_after_a_token_has_expired_nothing_of_a_long_log_is_told_twice() {
    let logs = Arc::new(Mutex::new(Logs::default()));
    logs.lock().unwrap().streams = vec!["job/algo-1-1700000000".to_owned()];
    logs.lock().unwrap().pages = [("job/algo-1-1700000000".to_owned(), pages(0..50))].into();
    let mut service = log_service(&logs_server(Arc::clone(&logs)));
    let mut all = Vec::new();
    for _ in 0..5 {
        all.extend(read(&mut service));
    }
    assert_eq!(all.len(), 50);
    logs.lock().unwrap().generation = 1;
    for _ in 0..6 {
        all.extend(read(&mut service));
    }
    assert_eq!(all.len(), 50, "told again: {:?}", &all[50..]);
}

#[test]
fn b27_an_empty_page_is_no_end() {
    let logs = Arc::new(Mutex::new(Logs::default()));
    logs.lock().unwrap().streams = vec!["job/algo-1-1700000000".to_owned()];
    let mut three = pages(0..3);
    three[1].clear();
    logs.lock().unwrap().pages = [("job/algo-1-1700000000".to_owned(), three)].into();
    let mut service = log_service(&logs_server(Arc::clone(&logs)));
    // A job that has ended is read once.
    assert_eq!(read(&mut service).len(), 2);
}

#[test]
fn b28_a_data_log_is_no_restart() {
    let logs = Arc::new(Mutex::new(Logs::default()));
    let (main, data) = ("job/algo-1-1700000000", "job/algo-1-1700000000/data-log");
    logs.lock().unwrap().streams = vec![main.to_owned(), data.to_owned()];
    logs.lock().unwrap().pages =
        [(main.to_owned(), pages(0..3)), (data.to_owned(), vec![vec!["x".to_owned()]])].into();
    let mut service = log_service(&logs_server(Arc::clone(&logs)));
    let all = read(&mut service);
    assert!(all.iter().all(|(_, stream)| *stream == 0), "{all:?}");
}

#[test]
fn b29_the_end_of_a_long_log_is_read_at_the_end() {
    let logs = Arc::new(Mutex::new(Logs::default()));
    logs.lock().unwrap().streams = vec!["job/algo-1-1700000000".to_owned()];
    logs.lock().unwrap().pages = [("job/algo-1-1700000000".to_owned(), pages(0..50))].into();
    let mut service = log_service(&logs_server(Arc::clone(&logs)));
    assert_eq!(read(&mut service).len(), 50);
}

#[test]
fn b30_what_failed_for_no_fault_of_its_configuration_is_left_out_of_what_is_brought_back() {
    let own = request("trees", 3, 1);
    let description = surmise::sagemaker::TuningJobDescription::of(
        &own,
        &study(&own, Vec::new()),
        surmise::sagemaker::TuningJobStatus::Failed,
    );
    let job = |name: &str, reason: &str| {
        serde_json::from_value(json!({
            "TrainingJobName": name, "TrainingJobStatus": "Failed", "FailureReason": reason,
            "TunedHyperParameters": {"rate": "0.5"}}))
        .unwrap()
    };
    let jobs = [
        job(
            "a",
            "ClientError: Data download failed:failed to download data. 403 Forbidden (403): Forbidden",
        ),
        job(
            "b",
            "ClientError: Cannot pull algorithm container. Either the image does not exist or its permissions are incorrect.",
        ),
    ];
    let (study, brought) = description.study(&jobs).unwrap();
    assert_eq!(brought.observed, 0, "{:?}", study.trials());
}

#[test]
fn b31_who_is_to_renew_credentials_hears_of_it_though_there_was_an_outage_before() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let own = request("trees", 1, 1);
    let clock = settings.clock.clone();
    let service = Hooked::of(
        &fake,
        move |_, _, _| match clock.now().as_secs() {
            0..100 => Do::Pass,
            100..1000 => Do::Fail(ServiceErrorKind::Unreachable, "offline"),
            1000..50_000 => Do::Fail(ServiceErrorKind::Credentials, "ExpiredTokenException"),
            _ => Do::Pass,
        },
        nothing,
    );
    let mut jobs = hooked(&settings.clock, &own, service);
    start(&mut jobs, 1, 0.4);
    let all = events(&mut jobs, 40_000 * SECOND);
    let told: Vec<&String> = all
        .iter()
        .filter_map(|it| match it {
            JobEvent::Paused { why } => Some(why),
            _ => None,
        })
        .collect();
    assert!(told.iter().any(|it| it.contains("redentials")), "{told:?}");
}

#[test]
fn b32_what_has_ended_is_told_before_an_error_ends_a_tuning() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let own = request("trees", 2, 2);
    let ended_name = Arc::new(Mutex::new(None::<String>));
    let (seen, asked) = (Arc::clone(&ended_name), Arc::clone(&ended_name));
    let service = Hooked::of(
        &fake,
        move |op, name, _| match &*asked.lock().unwrap() {
            Some(ended) if op == "describe" && name != ended => {
                Do::Fail(ServiceErrorKind::Denied, "AccessDeniedException: no")
            }
            _ => Do::Pass,
        },
        move |it| {
            if it["TrainingJobStatus"] == "Completed" {
                *seen.lock().unwrap() = it["TrainingJobName"].as_str().map(str::to_owned);
            }
        },
    );
    let mut jobs = hooked(&settings.clock, &own, service);
    let mut known = study(&own, Vec::new());
    let result = Tuner::with(rules(&own, &jobs)).run(&mut known, &mut jobs);
    let error = result.unwrap_err().to_string();
    let has_ended = known.trials().iter().filter(|it| it.outcome.is_some()).count();
    assert_eq!(has_ended, 1, "{error}");
}

#[test]
fn b33_a_study_does_not_mix_results_of_two_definitions() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let own = request("trees", 3, 1);
    let mut jobs = evaluator(&fake, &settings.clock, &own);
    let mut known = study(&own, Vec::new());
    let own_rules = rules(&own, &jobs);
    tune(&mut known, &mut jobs, own_rules);
    drop(jobs);
    let mut more = request("trees", 5, 1);
    more.definition.as_mut().unwrap().algorithm.training_image =
        Some("012345678912.dkr.ecr.us-west-2.amazonaws.com/trees:2".to_owned());
    let mut jobs = evaluator(&fake, &settings.clock, &more).with_budget(100_000 * SECOND);
    let mut again = study(&more, known.events().to_vec());
    let result = Tuner::with(rules(&more, &jobs)).run(&mut again, &mut jobs);
    let told = result.as_ref().map_or(1, |it| it.warnings.len());
    assert!(told > 0, "{:?}", result.map(|it| (it.reason, it.warnings)));
}

#[test]
fn b35_a_retry_whose_reply_was_lost_is_billed_as_one() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let own = request("trees", 1, 1);
    let (first, second) = (training_job_name("trees", 1, 1), training_job_name("trees", 1, 2));
    let mut times = 0;
    let service = Hooked::of(
        &fake,
        move |op, name, _| {
            if op == "create" && name == second {
                times += 1;
                if times == 1 {
                    return Do::Lose;
                }
            }
            Do::Pass
        },
        move |it| {
            if it["TrainingJobName"] == first.as_str() && it["TrainingJobStatus"] == "Completed" {
                failed(it, "InternalServerError: We encountered an internal error.", Value::Null);
            }
        },
    );
    let mut jobs = hooked(&settings.clock, &own, service);
    let mut known = study(&own, Vec::new());
    let own_rules = rules(&own, &jobs);
    tune(&mut known, &mut jobs, own_rules);
    let bill = jobs.bill();
    assert_eq!(bill.by_outcome.get(&BilledFor::Retried).map_or(0, |it| it.jobs), 1, "{bill}");
}

#[test]
fn b36_an_error_names_a_job_whose_creation_was_not_answered() {
    for kind in [ServiceErrorKind::Denied, ServiceErrorKind::Credentials] {
        let settings = FakeSettings::default();
        let fake = fake(&settings);
        let own = request("trees", 1, 1);
        let mut times = 0;
        let service = Hooked::of(
            &fake,
            move |op, _, _| {
                times += u32::from(op == "create");
                match times {
                    1 => Do::Lose,
                    _ => Do::Fail(kind, "trouble"),
                }
            },
            nothing,
        );
        let mut jobs = hooked(&settings.clock, &own, service);
        let mut known = study(&own, Vec::new());
        let result = Tuner::with(rules(&own, &jobs)).run(&mut known, &mut jobs);
        let error = result.unwrap_err().to_string();
        assert_eq!(fake.creations().len(), 1);
        assert!(error.contains("may still run"), "{kind:?}: {error}");
    }
}

#[test]
fn b38_a_metric_that_is_late_is_waited_for_after_a_restart_too() {
    let settings = FakeSettings {
        faults: Faults { metrics_lag: 100 * SECOND, ..Default::default() },
        ..Default::default()
    };
    let fake = fake(&settings);
    let own = request("trees", 1, 1);
    let mut first = evaluator(&fake, &settings.clock, &own);
    start(&mut first, 1, 0.4);
    drop(first);
    while fake.bills().is_empty() {
        settings.clock.sleep(SECOND);
    }
    let mut second = evaluator(&fake, &settings.clock, &own);
    start(&mut second, 1, 0.4);
    let end = outcome(&mut second);
    assert!(matches!(end, Outcome::Completed { .. }), "{end:?}");
}

#[test]
fn b39_spot_instances_that_did_not_come_back_are_a_want_of_machines() {
    let end = outcome_of(|it| {
        it["TrainingJobStatus"] = json!("Stopped");
        it["SecondaryStatus"] = json!("MaxWaitTimeExceeded");
        it["EnableManagedSpotTraining"] = json!(true);
        it["TrainingStartTime"] = json!(5.0);
        it.as_object_mut().unwrap().remove("FinalMetricDataList");
        it["SecondaryStatusTransitions"] = json!([
            {"Status": "Starting", "StartTime": 1.0, "EndTime": 5.0},
            {"Status": "Downloading", "StartTime": 5.0, "EndTime": 50.0},
            {"Status": "Interrupted", "StartTime": 50.0, "EndTime": 60.0},
            {"Status": "Starting", "StartTime": 60.0, "EndTime": 9000.0,
             "StatusMessage": "Insufficient capacity error from EC2 while launching instances, retrying!"},
            {"Status": "Stopping", "StartTime": 9000.0, "EndTime": 9001.0},
            {"Status": "MaxWaitTimeExceeded", "StartTime": 9001.0, "EndTime": 9001.0}]);
        // The difference is told before.
        it.as_object_mut().unwrap().remove("EnableManagedSpotTraining");
    });
    assert_eq!(kind(&end), Some(FailureKind::Throttled), "{end:?}");
}

#[test]
fn b41_addresses_are_no_secrets() {
    for text in [
        "No S3 objects found under S3 URL \"s3://DataBucket1/projects/2024/experimentA/train/part1\" given in input data source.",
        "FileNotFoundError: /opt/ml/input/data/train/Images2024/Fold3/missing.csv",
    ] {
        let told = ServiceError::new(ServiceErrorKind::Invalid, text).message;
        assert!(!told.contains("withheld"), "{told}");
    }
}

#[test]
fn b42_missing_metrics_end_a_tuning_though_some_jobs_are_stopped_early() {
    let faults = Faults { metrics_by_expression: true, ..Default::default() };
    let settings = FakeSettings { faults, ..Default::default() };
    let fake = fake(&settings);
    let mut own = request("trees", 40, 6);
    let algorithm = &mut own.definition.as_mut().unwrap().algorithm;
    "nothing like it:(\\S+)"
        .clone_into(&mut algorithm.metric_definitions.as_mut().unwrap()[0].regex);
    let pattern = MetricPattern::new(r"#011loss:(\S+)").unwrap();
    let jobs = evaluator(&fake, &settings.clock, &own);
    let mut jobs = jobs.reports_from(TrainingReports::Logs(pattern));
    let mut known = study(&own, Vec::new());
    let mut own_rules = rules(&own, &jobs);
    own_rules.early_stopping = EarlyStopping::SuccessiveHalving(SuccessiveHalving::new(1, 9));
    let (reason, _) = tune(&mut known, &mut jobs, own_rules);
    let missing = known.trials().iter().filter(|it| {
        matches!(&it.outcome, Some(Outcome::Failed(it)) if it.kind == FailureKind::MissingMetric)
    });
    assert!(
        matches!(reason, StopReason::MissingMetrics { .. } | StopReason::FirstJobsFailed { .. }),
        "{reason:?}: {} of {} told no metric",
        missing.count(),
        known.trials().len()
    );
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
fn b43_a_tuning_job_that_was_just_launched_may_not_be_known_yet() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let own = request("trees", 3, 1);
    let service = LaggingTuning(service(&fake), 0);
    let mut job = TuningJob::launch_by(settings.clock.clone(), &own, service).unwrap();
    let result = job.follow(|_| ControlFlow::Continue(()));
    assert!(result.is_ok(), "{}", result.unwrap_err());
}

#[derive(Debug)]
struct SamePage(SageMakerService);
impl TrainingService for SamePage {
    fn create(&mut self, request: &CreateTrainingJobRequest) -> Result<String, ServiceError> {
        self.0.create(request)
    }
    fn describe(&mut self, name: &str) -> Result<TrainingJob, ServiceError> {
        self.0.describe(name)
    }
    fn search(&mut self, filter: &JobFilter<'_>) -> Result<FoundJobs, ServiceError> {
        let JobFilter::Begins { with, .. } = filter else { return self.0.search(filter) };
        let mut found = self.0.search(&JobFilter::Begins { with: *with, page: None })?;
        found.next_page = Some("the same".to_owned());
        Ok(found)
    }
    fn stop(&mut self, name: &str) -> Result<(), ServiceError> {
        self.0.stop(name)
    }
}

#[test]
fn b44_a_page_that_names_itself_is_not_read_for_ever() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let own = request("trees", 1, 1);
    let jobs = SageMakerEvaluator::new(&own, SamePage(service(&fake))).unwrap();
    let mut jobs = jobs.with_clock(settings.clock.clone()).with_budget(10_000 * SECOND);
    let known = trial(1, 0.4);
    for _ in 0..200 {
        match jobs.start(&Job::new(&known, 1)).unwrap() {
            Start::Busy { retry_after } => drop(jobs.wait(retry_after).unwrap()),
            _ => return,
        }
    }
    panic!("never started in {:?}", jobs.elapsed());
}

#[test]
fn b45_without_the_right_to_search_a_job_that_was_removed_does_not_end_a_study() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let own = request("trees", 4, 2);
    let ledger = killed(&fake, &settings.clock, &own, nothing, |progress| {
        matches!(progress, Progress::Recorded(Event::Told { .. }))
    });
    let mut again = study(&own, ledger);
    let left = again.pending().next().unwrap().id.0;
    fake.remove_training_job(&training_job_name("trees", left, 1));
    let denied = ["Search".to_owned()].into();
    fake.set_faults(Faults { denied, ..Default::default() });
    let mut jobs = evaluator(&fake, &settings.clock, &own);
    let result = Tuner::with(rules(&own, &jobs)).run(&mut again, &mut jobs);
    assert!(result.is_ok(), "{}; {:?}", result.unwrap_err(), fake.creations().len());
}

#[test]
fn b46_a_want_of_capacity_in_other_words_is_no_setup_failure() {
    for text in [
        "There is not enough capacity for instance type ml.g6.2xlarge. Please try again later.",
        "Insufficient instance capacity in the requested Availability Zone.",
        "ClientError: Please use an instance type with more memory, or reduce the size of job data processed on an instance.",
    ] {
        let end = outcome_of(move |it| {
            failed(it, text, json!([{"Status": "Starting", "StartTime": 5.0}]));
        });
        assert_ne!(kind(&end), Some(FailureKind::Setup), "{end:?}");
    }
}

#[test]
fn b47_failures_of_before_prove_nothing_of_now() {
    let settings = FakeSettings {
        faults: Faults { role_denied: ["s3:PutObject".to_owned()].into(), ..Default::default() },
        ..Default::default()
    };
    let fake = fake(&settings);
    let own = request("trees", 6, 2);
    let mut jobs = evaluator(&fake, &settings.clock, &own);
    let mut known = study(&own, Vec::new());
    let own_rules = rules(&own, &jobs);
    let (reason, _) = tune(&mut known, &mut jobs, own_rules);
    assert!(matches!(reason, StopReason::FirstJobsFailed { .. }), "{reason:?}");
    drop(jobs);
    // The policy of the role has been mended; begun anew without a ledger, as evaluator.md says.
    fake.set_faults(Faults::default());
    let mut jobs = evaluator(&fake, &settings.clock, &own);
    let mut anew = study(&own, Vec::new());
    let own_rules = rules(&own, &jobs);
    let (reason, _) = tune(&mut anew, &mut jobs, own_rules);
    assert!(!matches!(reason, StopReason::FirstJobsFailed { .. }), "{reason}");
}

#[test]
fn b48_an_expression_that_finds_the_metric_is_not_to_be_mended() {
    let settings = FakeSettings {
        faults: Faults { metrics_lag: 1000 * SECOND, ..Default::default() },
        ..Default::default()
    };
    let fake = fake(&settings);
    let mut jobs = evaluator(&fake, &settings.clock, &request("trees", 1, 1));
    start(&mut jobs, 1, 0.4);
    let end = outcome(&mut jobs);
    let Outcome::Failed(failure) = end else { panic!("{end:?}") };
    assert!(failure.message.contains("which finds "), "{}", failure.message);
    assert!(!failure.message.contains("Mend the expression"), "{}", failure.message);
}

#[test]
fn b49_jobs_of_before_are_named_where_first_failures_end_a_tuning() {
    // One at a time, by the canary; three run already, of a call before that was killed.
    let settings = FakeSettings {
        faults: Faults { role_denied: ["s3:PutObject".to_owned()].into(), ..Default::default() },
        ..Default::default()
    };
    let count = std::sync::atomic::AtomicU32::new(0);
    let longer = move |_: &BTreeMap<String, String>| {
        let number = count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        FakeTraining::new(SECOND * if number < 2 { 100 } else { 50_000 }).metric("loss", [0.5])
    };
    let fake = FakeSageMaker::start(settings.clone(), longer).unwrap();
    let mut own = request("trees", 6, 4);
    own.definition.as_mut().unwrap().stopping_condition.max_runtime_in_seconds = Some(80_000);
    let ledger = killed(
        &fake,
        &settings.clock,
        &own,
        nothing,
        |progress| matches!(progress, Progress::Recorded(Event::Located { trial, .. }) if trial.0 == 4),
    );
    let mut again = study(&own, ledger);
    assert_eq!(again.pending().count(), 4);
    let mut jobs = evaluator(&fake, &settings.clock, &own);
    let own_rules = rules(&own, &jobs);
    let canary = Some(surmise::Canary::default().one_at_a_time());
    let tuned =
        Tuner::with(TuningRules { canary, ..own_rules }).run(&mut again, &mut jobs).unwrap();
    let running = fake.creations().len() - fake.bills().len();
    assert!(
        tuned.may_still_run.len() >= running,
        "{:?}: {running} run, named {:?}",
        tuned.reason,
        tuned.may_still_run
    );
}

#[test]
fn b50_no_more_jobs_are_made_than_the_most_that_was_told() {
    let settings = FakeSettings::default();
    let first = Arc::new(Mutex::new(None::<String>));
    let training = move |values: &BTreeMap<String, String>| {
        let mut first = first.lock().unwrap();
        let best = first.get_or_insert_with(|| values["rate"].clone());
        let job = FakeTraining::new(600 * SECOND).metric("loss", [0.5]);
        if *best == values["rate"] { job } else { job.failing("AlgorithmError: exit code: 1") }
    };
    let fake = FakeSageMaker::start(settings.clone(), training).unwrap();
    let own = request("trees", 25, 1);
    let mut jobs = evaluator(&fake, &settings.clock, &own);
    let tuning = own.tuning().unwrap();
    let own_rules = TuningRules { retries: surmise::RetryPolicy::never(), ..rules(&own, &jobs) };
    let most = jobs.most_cost(&tuning.limits, &own_rules).unwrap();
    let mut known = study(&own, Vec::new());
    let (reason, _) = tune(&mut known, &mut jobs, own_rules);
    let made = fake.creations().len();
    assert!(made <= most.jobs * most.attempts as usize, "{made} made; {most}; {reason}");
}

#[test]
fn b51_an_alias_of_a_key_and_its_arn_are_the_same() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let mut own = request("trees", 1, 1);
    own.definition.as_mut().unwrap().output.kms_key_id = Some("alias/mine".to_owned());
    let mut first = evaluator(&fake, &settings.clock, &own);
    start(&mut first, 1, 0.4);
    drop(first);
    let edit = |it: &mut Value| {
        it["OutputDataConfig"]["KmsKeyId"] = json!("arn:aws:kms:us-west-2:012345678912:alias/mine");
    };
    let mut second = hooked(&settings.clock, &own, Hooked::of(&fake, |_, _, _| Do::Pass, edit));
    second.start(&Job::new(&trial(1, 0.4), 1)).unwrap();
    let result = second.wait(60 * SECOND);
    assert!(result.is_ok(), "{}", result.unwrap_err());
}

#[test]
fn b52_one_question_for_reports_is_one_request_as_the_documentation_says() {
    let logs = Arc::new(Mutex::new(Logs::default()));
    logs.lock().unwrap().streams = vec!["job/algo-1-1700000000".to_owned()];
    logs.lock().unwrap().pages = [("job/algo-1-1700000000".to_owned(), pages(0..50))].into();
    let mut service = log_service(&logs_server(Arc::clone(&logs)));
    assert!(read(&mut service).len() <= 1, "each page of one line was a request");
}

#[test]
fn b53_a_search_that_is_refused_is_done_without() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let own = request("trees", 6, 4);
    let mut times = 0;
    let service = Hooked::of(
        &fake,
        move |op, _, _| {
            times += u32::from(op == "search");
            match (op, times) {
                ("search", 3) => Do::Fail(
                    ServiceErrorKind::Invalid,
                    "ValidationException: Search is not available at the moment.",
                ),
                _ => Do::Pass,
            }
        },
        nothing,
    );
    let mut jobs = hooked(&settings.clock, &own, service);
    let mut known = study(&own, Vec::new());
    let result = Tuner::with(rules(&own, &jobs)).run(&mut known, &mut jobs);
    assert!(result.is_ok(), "{}", result.unwrap_err());
}
