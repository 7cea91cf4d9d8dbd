//! Intermediate values, from the metrics service and from logs.

use surmise::EarlyStopping;
use surmise::pattern::MetricPattern;
use surmise_sagemaker::evaluator::{Pace, Rate, TrainingReports};
use surmise_sagemaker::fake::Faults;

use super::*;

fn sources() -> [TrainingReports; 2] {
    let pattern = MetricPattern::new(r"#011loss:(\S+)").unwrap();
    [TrainingReports::Metrics("loss".to_owned()), TrainingReports::Logs(pattern)]
}

#[test]
fn reports_come_from_the_metrics_service_or_from_logs() {
    for source in sources() {
        let settings = FakeSettings::default();
        let fake = fake(&settings);
        let request = request("trees", 1, 1);
        let evaluator = evaluator(&fake, &settings.clock, &request);
        let mut evaluator = evaluator.reports_from(source.clone());
        start(&mut evaluator, 1, 0.3);
        let events = ends(&mut evaluator, 1);
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
fn jobs_that_promise_little_are_stopped_early() {
    for source in sources() {
        let settings = FakeSettings::default();
        let flat = |values: &BTreeMap<String, String>| {
            let rate: f64 = values["rate"].parse().unwrap();
            FakeTraining::new(600 * SECOND).metric("loss", [(rate - 0.3).abs(); 10])
        };
        let fake = FakeSageMaker::start(settings.clone(), flat).unwrap();
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
        assert_eq!(bill.total(), fake.billed());
        assert!(fake.most_at_once() <= 4);
    }
}

#[test]
fn after_a_restart_no_report_is_told_again() {
    for source in sources() {
        let settings = FakeSettings::default();
        let fake = fake(&settings);
        let request = request("trees", 1, 1);
        let before = evaluator(&fake, &settings.clock, &request);
        let mut before = before.reports_from(source.clone());
        start(&mut before, 1, 0.3);
        let mut known = trial(1, 0.3);
        while known.reports.len() < 2 {
            for event in before.wait(60 * SECOND).unwrap() {
                if let JobEvent::Report { step, value, .. } = event {
                    known.reports.push(surmise::trial::Report { step, value });
                }
            }
        }
        drop(before);
        let after = evaluator(&fake, &settings.clock, &request);
        let mut after = after.reports_from(source.clone());
        assert_eq!(after.start(&Job::new(&known, 1)).unwrap(), Start::Adopted);
        let events = ends(&mut after, 1);
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
fn reports_that_never_come_hold_up_nothing() {
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
        let (_, told) = tune(&mut study, &mut evaluator, rules);
        assert!(study.trials().iter().all(|trial| trial.value().is_some()));
        assert!(!told.iter().any(|progress| progress.starts_with("Paused")));
    }
}

#[test]
fn a_job_that_is_first_seen_when_it_has_ended_without_its_metric_ends() {
    for source in sources() {
        let settings = FakeSettings::default();
        let silent = |_: &BTreeMap<String, String>| FakeTraining::new(600 * SECOND);
        let fake = FakeSageMaker::start(settings.clone(), silent).unwrap();
        let request = request("trees", 1, 1);
        let evaluator = evaluator(&fake, &settings.clock, &request);
        let mut evaluator = evaluator.reports_from(source);
        start(&mut evaluator, 1, 0.3);
        settings.clock.sleep(3600 * SECOND);
        let outcome = outcome(&mut evaluator);
        assert!(
            matches!(outcome, Outcome::Failed(failure) if failure.kind == surmise::FailureKind::MissingMetric)
        );
    }
}

#[test]
fn many_jobs_are_heard_in_turn() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let request = request("trees", 60, 60);
    let evaluator = evaluator(&fake, &settings.clock, &request);
    // Thirty requests in a round, for sixty jobs.
    let mut pace = Pace::default();
    pace.create = Rate { per_second: 10.0, burst: 60.0 };
    pace.reports = Rate::per_second(2.0);
    let mut evaluator =
        evaluator.with_pace(pace).reports_from(TrainingReports::Metrics("loss".to_owned()));
    for number in 1..=60 {
        start(&mut evaluator, number, 0.3);
    }
    let (mut heard, mut ended) = (BTreeMap::new(), BTreeMap::new());
    while ended.len() < 60 {
        for event in evaluator.wait(600 * SECOND).unwrap() {
            let now = evaluator.elapsed();
            match event {
                JobEvent::Report { job, step: 2, .. } => drop(heard.insert(job, now)),
                JobEvent::Ended { job, .. } => drop(ended.insert(job, now)),
                _ => {}
            }
        }
    }
    // The second of five steps comes six minutes before the end.
    let late = ended.iter().filter(|(job, end)| **end - heard[*job] < 240 * SECOND).count();
    assert_eq!(late, 0);
}
