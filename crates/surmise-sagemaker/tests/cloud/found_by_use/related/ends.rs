//! What the ends of jobs mean.

use super::*;

#[test]
fn an_algorithm_error_without_transitions_is_no_setup_failure() {
    let end = outcome_of(|it| {
        failed(it, "AlgorithmError: ExecuteUserScriptError:\nExitCode 1", Value::Null);
    });
    assert_eq!(kind(&end), Some(FailureKind::Error), "{end:?}");
}

#[test]
fn what_a_script_says_of_its_own_data_is_no_setup_failure() {
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

#[test]
fn what_failed_for_no_fault_of_its_configuration_is_left_out_of_what_is_brought_back() {
    let own = request("trees", 3, 1);
    let description = surmise_sagemaker::TuningJobDescription::of(
        &own,
        &study(&own, Vec::new()),
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
fn spot_instances_that_did_not_come_back_are_a_want_of_machines() {
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
fn missing_metrics_end_a_tuning_though_some_jobs_are_stopped_early() {
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

#[test]
fn a_want_of_capacity_in_other_words_is_no_setup_failure() {
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
fn an_expression_that_finds_the_metric_is_not_to_be_mended() {
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
