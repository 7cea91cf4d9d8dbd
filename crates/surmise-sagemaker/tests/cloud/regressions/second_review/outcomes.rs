//! The outcomes that final states and failure reasons of jobs lead to.

use super::*;

#[test]
fn an_algorithm_error_without_transitions_is_no_setup_failure() {
    let outcome = run_edited_job(|it| {
        set_failed(it, "AlgorithmError: ExecuteUserScriptError:\nExitCode 1", Value::Null);
    });
    assert_eq!(kind(&outcome), Some(FailureKind::Error), "{outcome:?}");
}

#[test]
fn a_script_error_about_its_data_is_no_setup_failure() {
    for text in [
        "AlgorithmError: ExecuteUserScriptError:\nExitCode 1\n\
         ErrorMessage \"FileNotFoundError: no manifest for fold 7\"",
        "AlgorithmError: ExecuteUserScriptError:\nExitCode 1\n\
         ErrorMessage \"RuntimeError: data download failed after 3 tries\"",
    ] {
        let outcome = run_edited_job(move |it| {
            set_failed(it, text, json!([{"Status": "Training", "StartTime": 5.0}]));
        });
        assert_eq!(kind(&outcome), Some(FailureKind::Error), "{outcome:?}");
    }
}

#[test]
fn failures_of_the_service_are_not_imported() {
    let tuning_request = request("trees", 3, 1);
    let description = surmise_sagemaker::TuningJobDescription::from_study(
        &tuning_request,
        &study(&tuning_request, Vec::new()),
        surmise_sagemaker::TuningJobStatus::Failed,
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
            "ClientError: Data download failed:failed to download data. \
             403 Forbidden (403): Forbidden",
        ),
        job(
            "b",
            "ClientError: Cannot pull algorithm container. \
             Either the image does not exist or its permissions are incorrect.",
        ),
    ];
    let (study, summary) = description.study(&jobs).unwrap();
    assert_eq!(summary.added, 0, "{:?}", study.trials());
}

#[test]
fn lost_spot_instances_count_as_missing_capacity() {
    let outcome = run_edited_job(|it| {
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
             "StatusMessage": "Insufficient capacity error from EC2 while launching instances, \
                               retrying!"},
            {"Status": "Stopping", "StartTime": 9000.0, "EndTime": 9001.0},
            {"Status": "MaxWaitTimeExceeded", "StartTime": 9001.0, "EndTime": 9001.0}]);
        // Otherwise the different definition would be reported first.
        it.as_object_mut().unwrap().remove("EnableManagedSpotTraining");
    });
    assert_eq!(kind(&outcome), Some(FailureKind::Throttled), "{outcome:?}");
}

#[test]
fn missing_metrics_end_the_tuning_despite_early_stopping() {
    let faults = Faults { metrics_by_expression: true, ..Default::default() };
    let settings = FakeSettings { faults, ..Default::default() };
    let fake = fake(&settings);
    let mut tuning_request = request("trees", 40, 6);
    let algorithm = &mut tuning_request.definition.as_mut().unwrap().algorithm;
    "nothing like it:(\\S+)"
        .clone_into(&mut algorithm.metric_definitions.as_mut().unwrap()[0].regex);
    let pattern = MetricPattern::new(r"#011loss:(\S+)").unwrap();
    let jobs = evaluator(&fake, &settings.clock, &tuning_request);
    let mut jobs = jobs.reports_from(TrainingReportSource::Logs(pattern));
    let mut study = study(&tuning_request, Vec::new());
    let mut tuning_rules = rules(&tuning_request, &jobs);
    tuning_rules.early_stopping = EarlyStopping::SuccessiveHalving(SuccessiveHalving::new(1, 9));
    let (reason, _) = tune(&mut study, &mut jobs, tuning_rules);
    let missing = study.trials().iter().filter(|it| {
        matches!(&it.outcome, Some(Outcome::Failed(it)) if it.kind == FailureKind::MissingMetric)
    });
    assert!(
        matches!(reason, StopReason::MissingMetrics { .. } | StopReason::FirstJobsFailed { .. }),
        "{reason:?}: {} of {} jobs have no metric",
        missing.count(),
        study.trials().len()
    );
}

#[test]
fn other_messages_of_missing_capacity_are_no_setup_failures() {
    for text in [
        "There is not enough capacity for instance type ml.g6.2xlarge. Please try again later.",
        "Insufficient instance capacity in the requested Availability Zone.",
        "ClientError: Please use an instance type with more memory, \
         or reduce the size of job data processed on an instance.",
    ] {
        let outcome = run_edited_job(move |it| {
            set_failed(it, text, json!([{"Status": "Starting", "StartTime": 5.0}]));
        });
        assert_ne!(kind(&outcome), Some(FailureKind::Setup), "{outcome:?}");
    }
}

#[test]
fn a_matching_expression_is_not_blamed() {
    let settings = FakeSettings {
        faults: Faults { metrics_lag: 1000 * SECOND, ..Default::default() },
        ..Default::default()
    };
    let fake = fake(&settings);
    let mut jobs = evaluator(&fake, &settings.clock, &request("trees", 1, 1));
    start_job(&mut jobs, 1, 0.4);
    let outcome = wait_for_outcome(&mut jobs);
    let Outcome::Failed(failure) = outcome else { panic!("{outcome:?}") };
    assert!(failure.message.contains("which finds "), "{}", failure.message);
    assert!(!failure.message.contains("Correct the expression"), "{}", failure.message);
}
