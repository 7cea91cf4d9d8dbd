//! Metrics that are missing, late or refused, and the steps of reports.

use surmise::pattern::MetricPattern;
use surmise::{Canary, EarlyStopping, RetryPolicy};
use surmise_sagemaker::evaluator::{BilledFor, TrainingReportSource};

use super::*;

fn logs() -> TrainingReportSource {
    TrainingReportSource::Logs(MetricPattern::new(r"#011loss:(\S+)").unwrap())
}

fn metrics() -> TrainingReportSource {
    TrainingReportSource::Metrics("loss".to_owned())
}

/// Returns a fault by which the final metric is what its expression finds in the log.
fn metrics_by_expression() -> Faults {
    Faults { metrics_by_expression: true, ..Default::default() }
}

/// Returns a request whose metric expression matches no line.
fn request_with_wrong_expression(
    jobs: usize,
    parallel: usize,
) -> CreateHyperParameterTuningJobRequest {
    let mut request = request("trees", jobs, parallel);
    let algorithm = &mut request.definition.as_mut().unwrap().algorithm;
    let definitions = algorithm.metric_definitions.as_mut().unwrap();
    "rmse=(\\S+)".clone_into(&mut definitions[0].regex);
    request
}

#[test]
fn fault_h2_a_missing_metric_is_explained_and_never_retried() {
    let (settings, fake) = start_fake(metrics_by_expression());
    let request = request_with_wrong_expression(20, 1);
    let mut jobs = evaluator(&fake, &settings.clock, &request);
    let mut study = study(&request, Vec::new());
    // The evaluator prevents retries even if the rules allow them.
    let rules = TuningRules {
        retries: RetryPolicy::default().with_retries(FailureKind::MissingMetric, 5),
        ..rules(&request, &jobs)
    };
    let (reason, _) = tune(&mut study, &mut jobs, rules);
    let StopReason::FirstJobsFailed { jobs: 2, last } = &reason else { panic!("{reason:?}") };
    assert_eq!(last.kind, FailureKind::MissingMetric);
    for part in [
        "reported no metric; expected loss",
        "has for loss the expression rmse=(\\S+), \
         which matches nothing in the last lines of the log",
        "    [4]#011loss:",
        "Correct the expression",
    ] {
        assert!(last.message.contains(part), "{part}: {}", last.message);
    }
    assert_eq!(fake.creation_counts().len(), 2);
    let billed = jobs.bill().by_outcome[&BilledFor::Failed];
    assert_eq!((billed.jobs, billed.instance_time), (2, fake.total_billed_time()));
}

#[test]
fn fault_h2_five_consecutive_missing_metrics_end_the_tuning() {
    let (settings, fake) = start_fake(metrics_by_expression());
    let request = request_with_wrong_expression(20, 1);
    let mut jobs = evaluator(&fake, &settings.clock, &request);
    let mut study = study(&request, Vec::new());
    let rules = TuningRules { canary: None, ..rules(&request, &jobs) };
    let (reason, _) = tune(&mut study, &mut jobs, rules);
    assert!(matches!(reason, StopReason::MissingMetrics { jobs: 5, .. }), "{reason:?}");
    assert_eq!(fake.creation_counts().len(), 5);
}

#[test]
fn a_canary_runs_alone_until_a_job_has_a_value() {
    let (settings, fake) = start_fake(metrics_by_expression());
    let wrong = request_with_wrong_expression(20, 8);
    let mut jobs = evaluator(&fake, &settings.clock, &wrong);
    let mut wrong_study = study(&wrong, Vec::new());
    let canary = Some(Canary { failures: 1, ..Canary::default() }.one_at_a_time());
    let one = TuningRules { canary, ..rules(&wrong, &jobs) };
    let (reason, _) = tune(&mut wrong_study, &mut jobs, one);
    assert!(matches!(reason, StopReason::FirstJobsFailed { jobs: 1, .. }), "{reason:?}");
    assert_eq!((fake.creation_counts().len(), fake.max_concurrent_jobs()), (1, 1));

    let right = request("bushes", 20, 8);
    let mut jobs = evaluator(&fake, &settings.clock, &right);
    let mut study = study(&right, Vec::new());
    let mut second = Duration::ZERO;
    let mut first_end = Duration::ZERO;
    let clock = settings.clock.clone();
    Tuner::with_rules(TuningRules { canary, ..rules(&right, &jobs) })
        .on_progress(|study, progress| {
            match progress {
                Progress::Started { job, .. } if job.trial.0 == 2 => second = clock.now(),
                Progress::NewBest { .. } if study.trials().len() == 1 => first_end = clock.now(),
                _ => {}
            }
            ControlFlow::Continue(())
        })
        .run(&mut study, &mut jobs)
        .unwrap();
    assert!(first_end > 600 * SECOND && second >= first_end, "{first_end:?} {second:?}");
    assert_eq!(fake.max_concurrent_jobs(), 8);
}

#[test]
fn fault_h2_a_metric_minutes_after_the_end_is_waited_for() {
    let (settings, fake) = start_fake(Faults { metrics_lag: 240 * SECOND, ..Default::default() });
    let mut jobs = evaluator(&fake, &settings.clock, &request("trees", 1, 1));
    start_job(&mut jobs, 1, 0.4);
    let Outcome::Completed { value } = wait_for_outcome(&mut jobs) else { panic!() };
    assert!((value - 0.1).abs() < 1e-6);
}

#[test]
fn fault_h14_the_late_value_of_a_stopped_job_is_waited_for() {
    for stops in [true, false] {
        let (settings, fake) =
            start_fake(Faults { metrics_lag: 40 * SECOND, ..Default::default() });
        let mut request = request("trees", 1, 1);
        let condition = &mut request.definition.as_mut().unwrap().stopping_condition;
        condition.max_runtime_in_seconds = Some(400);
        let mut jobs = evaluator(&fake, &settings.clock, &request);
        start_job(&mut jobs, 1, 0.3);
        if stops {
            collect_events(&mut jobs, 300 * SECOND);
            jobs.stop(id(1, 1)).unwrap();
        }
        let outcome = wait_for_outcome(&mut jobs);
        assert!(matches!(outcome, Outcome::Stopped { value: Some(_) }), "{outcome:?}");
    }
}

#[test]
fn fault_h4_denied_reports_do_not_end_the_tuning() {
    for (source, action) in [
        (metrics(), "sagemaker:BatchGetMetrics"),
        (logs(), "logs:DescribeLogStreams"),
        (logs(), "logs:GetLogEvents"),
    ] {
        let denied = [action.to_owned()].into();
        let (settings, fake) = start_fake(Faults { denied, ..Default::default() });
        let request = request("trees", 6, 2);
        let mut jobs = evaluator(&fake, &settings.clock, &request).reports_from(source);
        let mut study = study(&request, Vec::new());
        let rules = TuningRules { early_stopping: EarlyStopping::auto(), ..rules(&request, &jobs) };
        let tuned = Tuner::with_rules(rules).run(&mut study, &mut jobs).unwrap();
        assert_eq!(tuned.reason, StopReason::JobLimit { jobs: 6 });
        let count = tuned.warnings.iter().filter(|it| it.contains(action)).count();
        assert_eq!(count, 1, "{:?}", tuned.warnings);
        assert!(tuned.warnings.iter().any(|it| it.contains("the tuning continues without them")));
    }
}

#[test]
fn fault_h5_the_status_of_metric_queries_is_respected() {
    // A refused query gives one warning.
    let text = "no such metric".to_owned();
    let (settings, fake) = start_fake(Faults { metrics_refusal: Some(text), ..Default::default() });
    let mut jobs =
        evaluator(&fake, &settings.clock, &request("trees", 1, 1)).reports_from(metrics());
    start_job(&mut jobs, 1, 0.3);
    let all = collect_until_ended(&mut jobs, 1);
    let texts = warnings(&all);
    assert!(
        matches!(texts[..], [one] if one.contains("ValidationError: no such metric")),
        "{texts:?}"
    );

    // A query with an internal error is repeated.
    let (settings, fake) = start_fake(Faults { metric_errors: 0.5, ..Default::default() });
    let mut jobs =
        evaluator(&fake, &settings.clock, &request("trees", 1, 1)).reports_from(metrics());
    start_job(&mut jobs, 1, 0.3);
    assert_eq!(steps(&collect_until_ended(&mut jobs, 1)), [1, 2, 3, 4, 5]);

    // The response holds two values at most; the remaining values are queried.
    let (settings, fake) = start_fake(Faults { max_metric_values: Some(2), ..Default::default() });
    let mut jobs =
        evaluator(&fake, &settings.clock, &request("trees", 1, 1)).reports_from(metrics());
    start_job(&mut jobs, 1, 0.3);
    assert_eq!(steps(&collect_until_ended(&mut jobs, 1)), [1, 2, 3, 4, 5]);
    assert!(count_requests(&fake, "BatchGetMetrics") > 10);

    // A response that never holds more than one value gives a warning, too.
    let (settings, fake) = start_fake(Faults { max_metric_values: Some(0), ..Default::default() });
    let mut jobs =
        evaluator(&fake, &settings.clock, &request("trees", 1, 1)).reports_from(metrics());
    start_job(&mut jobs, 1, 0.3);
    let all = collect_until_ended(&mut jobs, 1);
    let texts = warnings(&all);
    assert!(matches!(texts[..], [one] if one.contains("Truncated")), "{texts:?}");
}

#[test]
fn fault_h6_a_restarted_job_counts_its_steps_from_the_start() {
    for one_log_stream in [false, true] {
        for has_checkpoints in [false, true] {
            let faults = Faults { interrupted: 1.0, one_log_stream, ..Default::default() };
            let (settings, fake) = start_fake(faults);
            let mut request = spot_request("trees", 1, 9000);
            if has_checkpoints {
                let config = serde_json::json!({"S3Uri": "s3://bucket/checkpoints"});
                request.definition.as_mut().unwrap().checkpoints =
                    Some(serde_json::from_value(config).unwrap());
            }
            let mut jobs = evaluator(&fake, &settings.clock, &request).reports_from(logs());
            start_job(&mut jobs, 1, 0.3);
            let all = collect_until_ended(&mut jobs, 1);
            let steps = steps(&all);
            // More than five steps would let successive halving end a job too early.
            let max_step = steps.iter().max().copied().unwrap_or(0);
            assert!(
                max_step <= 5 && (has_checkpoints || max_step == 5),
                "{steps:?} {one_log_stream}"
            );
        }
    }
}

#[test]
fn fault_h20_an_expired_log_token_loses_and_repeats_no_report() {
    let life = Some(60 * SECOND);
    let (settings, fake) = start_fake(Faults { log_token_lifetime: life, ..Default::default() });
    let mut jobs = evaluator(&fake, &settings.clock, &request("trees", 1, 1)).reports_from(logs());
    start_job(&mut jobs, 1, 0.3);
    let mut all = Vec::new();
    while ended(&all).is_empty() {
        // The evaluator does not poll for longer than the token lives.
        settings.clock.sleep(150 * SECOND);
        all.extend(jobs.wait(SECOND).unwrap());
    }
    assert_eq!(steps(&all), [1, 2, 3, 4, 5]);
    let refused = RequestOutcome::Refused("InvalidParameterException".to_owned());
    assert!(fake.log().iter().any(|entry| entry.outcome == refused));
}
