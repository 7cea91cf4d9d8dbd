//! Intermediate values from the metrics service and from logs.

use surmise::EarlyStopping;
use surmise::pattern::MetricPattern;
use surmise_sagemaker::evaluator::{RateLimit, RateLimits, TrainingReportSource};
use surmise_sagemaker::fake::Faults;

use super::*;

fn sources() -> [TrainingReportSource; 2] {
    let pattern = MetricPattern::new(r"#011loss:(\S+)").unwrap();
    [TrainingReportSource::Metrics("loss".to_owned()), TrainingReportSource::Logs(pattern)]
}

#[test]
fn reports_are_read_from_the_metrics_service_or_from_logs() {
    for source in sources() {
        let settings = FakeSettings::default();
        let fake = fake(&settings);
        let request = request("trees", 1, 1);
        let evaluator = evaluator(&fake, &settings.clock, &request);
        let mut evaluator = evaluator.reports_from(source.clone());
        start_job(&mut evaluator, 1, 0.3);
        let events = collect_until_ended(&mut evaluator, 1);
        let reports: Vec<(u64, f64)> = events
            .iter()
            .filter_map(|event| match event {
                JobEvent::Report { step, value, .. } => Some((*step, *value)),
                _ => None,
            })
            .collect();
        let wanted: Vec<(u64, f64)> =
            (1..=5_u32).map(|step| (step.into(), 1.0 / f64::from(step) - 0.2)).collect();
        assert_eq!(reports.len(), wanted.len(), "{source:?}: {reports:?}");
        for (report, wanted) in reports.iter().zip(&wanted) {
            assert!(report.0 == wanted.0 && (report.1 - wanted.1).abs() < 1e-12, "{source:?}");
        }
        assert!(
            matches!(events.last(), Some(JobEvent::Ended { .. })),
            "reports come before the end"
        );
    }
}

#[test]
fn early_stopping_stops_poor_jobs() {
    for source in sources() {
        let settings = FakeSettings::default();
        let constant_loss = |values: &BTreeMap<String, String>| {
            let rate: f64 = values["rate"].parse().unwrap();
            FakeTraining::new(600 * SECOND).metric("loss", [(rate - 0.3).abs(); 10])
        };
        let fake = FakeSageMaker::start(settings.clone(), constant_loss).unwrap();
        let request = request("trees", 20, 4);
        let evaluator = evaluator(&fake, &settings.clock, &request);
        let mut evaluator = evaluator.reports_from(source);
        let mut study = study(&request, Vec::new());
        let mut rules = rules(&request, &evaluator);
        rules.early_stopping = EarlyStopping::auto();
        tune(&mut study, &mut evaluator, rules);
        let stopped = study
            .trials()
            .iter()
            .filter(|trial| matches!(trial.outcome, Some(Outcome::Stopped { value: Some(_) })));
        assert!(stopped.count() > 3);
        let bill = evaluator.bill();
        assert!(bill.saved_by_stopping > 100 * SECOND, "{bill}");
        assert_eq!(bill.total(), fake.total_billed_time());
        assert!(fake.max_concurrent_jobs() <= 4);
    }
}

#[test]
fn after_a_restart_no_report_is_repeated() {
    for source in sources() {
        let settings = FakeSettings::default();
        let fake = fake(&settings);
        let request = request("trees", 1, 1);
        let before = evaluator(&fake, &settings.clock, &request);
        let mut before = before.reports_from(source.clone());
        start_job(&mut before, 1, 0.3);
        let mut resumed_trial = trial(1, 0.3);
        while resumed_trial.reports.len() < 2 {
            for event in before.wait(60 * SECOND).unwrap() {
                if let JobEvent::Report { step, value, .. } = event {
                    resumed_trial.reports.push(surmise::trial::Report { step, value });
                }
            }
        }
        drop(before);
        let after = evaluator(&fake, &settings.clock, &request);
        let mut after = after.reports_from(source.clone());
        assert_eq!(after.start(&Job::new(&resumed_trial, 1)).unwrap(), StartOutcome::Adopted);
        let events = collect_until_ended(&mut after, 1);
        let steps: Vec<u64> = events
            .iter()
            .filter_map(|event| match event {
                JobEvent::Report { step, .. } => Some(*step),
                _ => None,
            })
            .collect();
        assert_eq!(steps, [3, 4, 5], "{source:?}");
    }
}

#[test]
fn missing_reports_delay_nothing() {
    for source in sources() {
        let silent = ["BatchGetMetrics", "DescribeLogStreams"].map(str::to_owned).into();
        let faults = Faults { silent, ..Default::default() };
        let settings = FakeSettings { faults, ..Default::default() };
        let fake = fake(&settings);
        let request = request("trees", 8, 4);
        let evaluator = evaluator(&fake, &settings.clock, &request);
        let mut evaluator = evaluator.reports_from(source);
        let mut study = study(&request, Vec::new());
        let rules = rules(&request, &evaluator);
        let (_, log) = tune(&mut study, &mut evaluator, rules);
        assert!(study.trials().iter().all(|trial| trial.value().is_some()));
        assert!(!log.iter().any(|progress| progress.starts_with("Paused")));
    }
}

#[test]
fn a_job_first_seen_after_its_end_without_a_metric_fails() {
    for source in sources() {
        let settings = FakeSettings::default();
        let without_metric = |_: &BTreeMap<String, String>| FakeTraining::new(600 * SECOND);
        let fake = FakeSageMaker::start(settings.clone(), without_metric).unwrap();
        let request = request("trees", 1, 1);
        let evaluator = evaluator(&fake, &settings.clock, &request);
        let mut evaluator = evaluator.reports_from(source);
        start_job(&mut evaluator, 1, 0.3);
        settings.clock.sleep(3600 * SECOND);
        let outcome = wait_for_outcome(&mut evaluator);
        let Outcome::Failed(failure) = outcome else { panic!("{outcome:?}") };
        assert_eq!(failure.kind, surmise::FailureKind::MissingMetric);
    }
}

#[test]
fn reports_of_many_jobs_are_polled_in_turn() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let request = request("trees", 60, 60);
    let evaluator = evaluator(&fake, &settings.clock, &request);
    // The rate limit allows thirty requests per poll, for sixty jobs.
    let mut rate_limits = RateLimits::default();
    rate_limits.create = RateLimit { per_second: 10.0, burst: 60.0 };
    rate_limits.reports = RateLimit::per_second(2.0);
    let mut evaluator = evaluator
        .with_rate_limits(rate_limits)
        .reports_from(TrainingReportSource::Metrics("loss".to_owned()));
    for number in 1..=60 {
        start_job(&mut evaluator, number, 0.3);
    }
    let (mut reported, mut ended) = (BTreeMap::new(), BTreeMap::new());
    while ended.len() < 60 {
        for event in evaluator.wait(600 * SECOND).unwrap() {
            let now = evaluator.elapsed();
            match event {
                JobEvent::Report { job, step: 2, .. } => drop(reported.insert(job, now)),
                JobEvent::Ended { job, .. } => drop(ended.insert(job, now)),
                _ => {}
            }
        }
    }
    // The second of five steps is due six minutes before the end.
    let late = ended.iter().filter(|(job, end)| **end - reported[*job] < 240 * SECOND).count();
    assert_eq!(late, 0);
}
