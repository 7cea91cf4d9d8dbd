//! Metrics that are missing, late, refused, or counted wrongly.

use surmise::pattern::MetricPattern;
use surmise::{Canary, EarlyStopping, RetryPolicy};
use surmise_sagemaker::evaluator::{BilledFor, TrainingReports};

use super::*;

fn logs() -> TrainingReports {
    TrainingReports::Logs(MetricPattern::new(r"#011loss:(\S+)").unwrap())
}

fn metrics() -> TrainingReports {
    TrainingReports::Metrics("loss".to_owned())
}

/// Metrics are what expressions find.
fn by_expression() -> Faults {
    Faults { metrics_by_expression: true, ..Default::default() }
}

/// The usual request with an expression that finds nothing.
fn mistaken(jobs: usize, parallel: usize) -> CreateHyperParameterTuningJobRequest {
    let mut request = request("trees", jobs, parallel);
    let algorithm = &mut request.definition.as_mut().unwrap().algorithm;
    let given = algorithm.metric_definitions.as_mut().unwrap();
    "rmse=(\\S+)".clone_into(&mut given[0].regex);
    request
}

#[test]
fn fault_h2_a_missing_metric_is_explained_and_never_paid_for_twice() {
    let (settings, fake) = under(by_expression());
    let request = mistaken(20, 1);
    let mut jobs = evaluator(&fake, &settings.clock, &request);
    let mut study = study(&request, Vec::new());
    // Whatever the rules say of retries.
    let rules = TuningRules {
        retries: RetryPolicy::default().with(FailureKind::MissingMetric, 5),
        ..rules(&request, &jobs)
    };
    let (reason, _) = tune(&mut study, &mut jobs, rules);
    let StopReason::FirstJobsFailed { jobs: 2, last } = &reason else { panic!("{reason:?}") };
    assert_eq!(last.kind, FailureKind::MissingMetric);
    for shown in [
        "told no metric, and loss is wanted",
        "has for loss the expression rmse=(\\S+), which finds nothing in the last lines of its log",
        "    [4]#011loss:",
        "Mend the expression",
    ] {
        assert!(last.message.contains(shown), "{shown}: {}", last.message);
    }
    assert_eq!(fake.creations().len(), 2);
    let billed = jobs.bill().by_outcome[&BilledFor::Failed];
    assert_eq!((billed.jobs, billed.instance_time), (2, fake.billed()));
}

#[test]
fn fault_h2_five_jobs_in_a_row_without_a_metric_end_a_tuning() {
    let (settings, fake) = under(by_expression());
    let request = mistaken(20, 1);
    let mut jobs = evaluator(&fake, &settings.clock, &request);
    let mut study = study(&request, Vec::new());
    let rules = TuningRules { canary: None, ..rules(&request, &jobs) };
    let (reason, _) = tune(&mut study, &mut jobs, rules);
    assert!(matches!(reason, StopReason::MissingMetrics { jobs: 5, .. }), "{reason:?}");
    assert_eq!(fake.creations().len(), 5);
}

#[test]
fn a_canary_runs_alone_until_a_job_has_a_value() {
    let (settings, fake) = under(by_expression());
    let wrong = mistaken(20, 8);
    let mut jobs = evaluator(&fake, &settings.clock, &wrong);
    let mut wrong_study = study(&wrong, Vec::new());
    let canary = Some(Canary { failures: 1, ..Canary::default() }.one_at_a_time());
    let one = TuningRules { canary, ..rules(&wrong, &jobs) };
    let (reason, _) = tune(&mut wrong_study, &mut jobs, one);
    assert!(matches!(reason, StopReason::FirstJobsFailed { jobs: 1, .. }), "{reason:?}");
    assert_eq!((fake.creations().len(), fake.most_at_once()), (1, 1));

    let right = request("bushes", 20, 8);
    let mut jobs = evaluator(&fake, &settings.clock, &right);
    let mut study = study(&right, Vec::new());
    let mut second = Duration::ZERO;
    let mut first_end = Duration::ZERO;
    let clock = settings.clock.clone();
    Tuner::with(TuningRules { canary, ..rules(&right, &jobs) })
        .observe(|study, progress| {
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
    assert_eq!(fake.most_at_once(), 8);
}

#[test]
fn fault_h2_a_metric_that_comes_minutes_after_the_end_is_waited_for() {
    let (settings, fake) = under(Faults { metrics_lag: 240 * SECOND, ..Default::default() });
    let mut jobs = evaluator(&fake, &settings.clock, &request("trees", 1, 1));
    start(&mut jobs, 1, 0.4);
    let Outcome::Completed { value } = outcome(&mut jobs) else { panic!() };
    assert!((value - 0.1).abs() < 1e-6);
}

#[test]
fn fault_h14_the_late_value_of_a_stopped_job_is_waited_for() {
    for stops in [true, false] {
        let (settings, fake) = under(Faults { metrics_lag: 40 * SECOND, ..Default::default() });
        let mut request = request("trees", 1, 1);
        let condition = &mut request.definition.as_mut().unwrap().stopping_condition;
        condition.max_runtime_in_seconds = Some(400);
        let mut jobs = evaluator(&fake, &settings.clock, &request);
        start(&mut jobs, 1, 0.3);
        if stops {
            events(&mut jobs, 300 * SECOND);
            jobs.stop(id(1, 1)).unwrap();
        }
        let outcome = outcome(&mut jobs);
        assert!(matches!(outcome, Outcome::Stopped { value: Some(_) }), "{outcome:?}");
    }
}

#[test]
fn fault_h4_optional_reports_that_are_refused_end_nothing() {
    for (source, action) in [
        (metrics(), "sagemaker:BatchGetMetrics"),
        (logs(), "logs:DescribeLogStreams"),
        (logs(), "logs:GetLogEvents"),
    ] {
        let denied = [action.to_owned()].into();
        let (settings, fake) = under(Faults { denied, ..Default::default() });
        let request = request("trees", 6, 2);
        let mut jobs = evaluator(&fake, &settings.clock, &request).reports_from(source);
        let mut study = study(&request, Vec::new());
        let rules = TuningRules { early_stopping: EarlyStopping::auto(), ..rules(&request, &jobs) };
        let tuned = Tuner::with(rules).run(&mut study, &mut jobs).unwrap();
        assert_eq!(tuned.reason, StopReason::JobLimit { jobs: 6 });
        let told = tuned.warnings.iter().filter(|it| it.contains(action)).count();
        assert_eq!(told, 1, "{:?}", tuned.warnings);
        assert!(tuned.warnings.iter().any(|it| it.contains("the tuning goes on without")));
    }
}

#[test]
fn fault_h5_what_the_metrics_service_says_of_its_answer_is_heard() {
    // It refuses: that is told, once.
    let text = "no such metric".to_owned();
    let (settings, fake) = under(Faults { metrics_refusal: Some(text), ..Default::default() });
    let mut jobs =
        evaluator(&fake, &settings.clock, &request("trees", 1, 1)).reports_from(metrics());
    start(&mut jobs, 1, 0.3);
    let all = ends(&mut jobs, 1);
    let told = warnings(&all);
    assert!(
        matches!(told[..], [one] if one.contains("ValidationError: no such metric")),
        "{told:?}"
    );

    // It has errors of its own: it is asked again.
    let (settings, fake) = under(Faults { metric_errors: 0.5, ..Default::default() });
    let mut jobs =
        evaluator(&fake, &settings.clock, &request("trees", 1, 1)).reports_from(metrics());
    start(&mut jobs, 1, 0.3);
    assert_eq!(steps(&ends(&mut jobs, 1)), [1, 2, 3, 4, 5]);

    // It tells two values at once: the later ones are asked for.
    let (settings, fake) = under(Faults { most_metric_values: Some(2), ..Default::default() });
    let mut jobs =
        evaluator(&fake, &settings.clock, &request("trees", 1, 1)).reports_from(metrics());
    start(&mut jobs, 1, 0.3);
    assert_eq!(steps(&ends(&mut jobs, 1)), [1, 2, 3, 4, 5]);
    assert!(asked(&fake, "BatchGetMetrics") > 10);

    // It never tells more than one value, whatever is asked for: that is told, too.
    let (settings, fake) = under(Faults { most_metric_values: Some(0), ..Default::default() });
    let mut jobs =
        evaluator(&fake, &settings.clock, &request("trees", 1, 1)).reports_from(metrics());
    start(&mut jobs, 1, 0.3);
    let all = ends(&mut jobs, 1);
    let told = warnings(&all);
    assert!(matches!(told[..], [one] if one.contains("Truncated")), "{told:?}");
}

#[test]
fn fault_h6_a_job_that_is_begun_anew_counts_its_steps_anew() {
    for one_log_stream in [false, true] {
        for has_checkpoints in [false, true] {
            let faults = Faults { interrupted: 1.0, one_log_stream, ..Default::default() };
            let (settings, fake) = under(faults);
            let mut request = spot("trees", 1, 9000);
            if has_checkpoints {
                let config = serde_json::json!({"S3Uri": "s3://bucket/checkpoints"});
                request.definition.as_mut().unwrap().checkpoints =
                    Some(serde_json::from_value(config).unwrap());
            }
            let mut jobs = evaluator(&fake, &settings.clock, &request).reports_from(logs());
            start(&mut jobs, 1, 0.3);
            let all = ends(&mut jobs, 1);
            let told = steps(&all);
            // Five steps in all: more would end a job by the resource that it has not used.
            let most = told.iter().max().copied().unwrap_or(0);
            assert!(most <= 5 && (has_checkpoints || most == 5), "{told:?} {one_log_stream}");
        }
    }
}

#[test]
fn fault_h20_a_token_of_a_log_that_has_expired_loses_and_repeats_nothing() {
    let life = Some(60 * SECOND);
    let (settings, fake) = under(Faults { log_token_life: life, ..Default::default() });
    let mut jobs = evaluator(&fake, &settings.clock, &request("trees", 1, 1)).reports_from(logs());
    start(&mut jobs, 1, 0.3);
    let mut all = Vec::new();
    while ended(&all).is_empty() {
        // Nobody looks for a while.
        settings.clock.sleep(150 * SECOND);
        all.extend(jobs.wait(SECOND).unwrap());
    }
    assert_eq!(steps(&all), [1, 2, 3, 4, 5]);
    let refused = Fate::Refused("InvalidParameterException".to_owned());
    assert!(fake.log().iter().any(|entry| entry.fate == refused));
}
