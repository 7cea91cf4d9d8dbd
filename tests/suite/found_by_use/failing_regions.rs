//! Regions in which trials fail: they are found out, kept away from, and no reason to give up.

use std::time::Duration;

use surmise::evaluator::{Job, SimulatedEvaluator, SimulatedJob};
use surmise::study::Event;
use surmise::trial::{Failure, FailureKind};
use surmise::tune::Progress;
use surmise::{
    BayesianOptimization, Configuration, Order, Outcome, RandomSearch, ResourceLimits, StopReason,
    Strategy, Study, StudySettings, Tuner, tune,
};

use super::{ask, bayesian, cube, median, study_of};

type Result = fn(&[f64]) -> Outcome;

const HOUR: Duration = Duration::from_secs(3600);

fn coordinates(c: &Configuration) -> Vec<f64> {
    c.iter().map(|(name, _)| c.float(name)).collect()
}

fn error() -> Outcome {
    Outcome::Failed(Failure::new(FailureKind::Error, "it diverged"))
}

/// The better, the nearer to a border behind which all fails.
fn up_to_the_border(x: &[f64]) -> Outcome {
    if x[0] > 0.6 { error() } else { Outcome::from(-x[0]) }
}

/// The same, with other parameters that matter.
fn with_a_valley(x: &[f64]) -> Outcome {
    let valley: f64 = x[1..].iter().map(|x| (x - 0.4).powi(2)).sum();
    if x[0] > 0.6 { error() } else { Outcome::from(valley - x[0]) }
}

/// The border is a slope across all parameters.
fn by_the_mean(x: &[f64]) -> Outcome {
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    if mean > 0.6 { error() } else { Outcome::from(-mean) }
}

fn tuned(
    dimension: usize,
    result: Result,
    workers: usize,
    seed: u64,
    strategy: impl Strategy + 'static,
) -> (usize, f64, StopReason) {
    let limits = ResourceLimits::new(60, workers);
    let order = Order::FixedLag(workers);
    let settings = StudySettings { seed, limits, order, ..Default::default() };
    let mut study = study_of(cube(dimension), strategy, settings);
    let simulate =
        |job: &Job<'_>| SimulatedJob::new(result(&coordinates(&job.trial.configuration)), HOUR);
    let reason = tune(&mut study, &mut SimulatedEvaluator::new(simulate)).unwrap().reason;
    let best = study.best().map_or(f64::INFINITY, |trial| trial.value().unwrap());
    (study.trials().len(), best, reason)
}

#[test]
fn fault_a3_a_region_that_fails_does_not_end_a_tuning() {
    for workers in [1, 4, 10] {
        let (mut own, mut random) = (Vec::new(), Vec::new());
        for seed in 0..10 {
            let strategy = BayesianOptimization::default();
            let (jobs, best, reason) = tuned(1, up_to_the_border, workers, seed, strategy);
            assert_eq!(jobs, 60, "{workers} workers, seed {seed}: {reason}");
            own.push(best);
            random.push(tuned(1, up_to_the_border, workers, seed, RandomSearch).1);
        }
        let (own, random) = (median(own), median(random));
        assert!(own <= random, "{workers} workers: {own} beside {random}");
    }
    let others: [(usize, Result); 4] =
        [(2, by_the_mean), (3, with_a_valley), (4, by_the_mean), (6, with_a_valley)];
    for (dimension, result) in others {
        for workers in [1, 10] {
            let strategy = BayesianOptimization::default();
            let (jobs, _, reason) = tuned(dimension, result, workers, 3, strategy);
            assert_eq!(jobs, 60, "{dimension} dimensions, {workers} workers: {reason}");
        }
    }
}

#[test]
fn fault_a3_a_program_that_breaks_ends_the_tuning_soon() {
    for seed in 0..5 {
        for breaks_after in [0, 12, 30] {
            for is_random in [true, false] {
                let limits = ResourceLimits::new(100, 1);
                let settings = StudySettings { seed, limits, ..Default::default() };
                let strategy: Box<dyn Strategy> = if is_random {
                    Box::new(RandomSearch)
                } else {
                    Box::new(BayesianOptimization::default())
                };
                let mut study = study_of(cube(3), strategy, settings);
                let mut started = 0;
                let simulate = |job: &Job<'_>| {
                    let x = coordinates(&job.trial.configuration);
                    started += 1;
                    let broken = started > breaks_after;
                    let outcome = if broken { error() } else { with_a_valley(&x) };
                    SimulatedJob::new(outcome, HOUR)
                };
                let reason =
                    tune(&mut study, &mut SimulatedEvaluator::new(simulate)).unwrap().reason;
                let jobs = study.trials().len();
                let wasted = jobs.saturating_sub(usize::try_from(breaks_after).unwrap());
                let is_stopped = matches!(reason, StopReason::TooManyFailures { .. });
                assert!(is_stopped, "{breaks_after}, random {is_random}, seed {seed}: {reason}");
                assert!(wasted <= 20, "{breaks_after}, {is_random}, seed {seed}: {wasted}");
            }
        }
    }
}

/// Twelve jobs: one completes, ten fail, and the last one is under way while the best one runs once more.
#[test]
fn fault_a3_the_best_job_that_runs_once_more_is_waited_for() {
    let settings = StudySettings { limits: ResourceLimits::new(11, 1), ..Default::default() };
    let mut study = study_of(cube(2), RandomSearch, settings);
    let (mut started, mut ends) = (0, 0);
    let simulate = |_: &Job<'_>| {
        started += 1;
        SimulatedJob::new(if started == 1 { Outcome::from(1.0) } else { error() }, HOUR)
    };
    let mut jobs = SimulatedEvaluator::new(simulate);
    let reason = Tuner::new()
        .observe(|_, progress| {
            ends += u32::from(matches!(progress, Progress::Recorded(Event::SetAside { .. })));
            std::ops::ControlFlow::Continue(())
        })
        .run(&mut study, &mut jobs)
        .unwrap()
        .reason;
    assert!(matches!(reason, StopReason::TooManyFailures { .. } | StopReason::JobLimit { .. }));
    assert_eq!((study.trials().len(), ends, started), (11, 1, 12));
}

fn searched(dimension: usize, result: Result, seed: u64) -> Study {
    let mut study = bayesian(cube(dimension), seed);
    for _ in 0..60 {
        let trial = ask(&mut study);
        study.tell(trial.id, result(&coordinates(&trial.configuration))).unwrap();
    }
    study
}

#[test]
fn fault_a4_what_fails_throughout_is_not_asked_for_again() {
    // With more parameters the border is longer, and takes longer to be known.
    let problems: [(usize, Result, u64, usize, usize); 3] = [
        (1, up_to_the_border, 10, 10, 0),
        (2, by_the_mean, 5, 12, 2),
        (3, with_a_valley, 5, 12, 4),
    ];
    for (dimension, result, seeds, failed_at_most, deep_at_most) in problems {
        for seed in 0..seeds {
            let study = searched(dimension, result, seed);
            let depths: Vec<f64> = study
                .trials()
                .iter()
                .map(|trial| {
                    let x = coordinates(&trial.configuration);
                    let mean = x.iter().sum::<f64>() / x.len() as f64;
                    (if dimension == 2 { mean } else { x[0] }) - 0.6
                })
                .collect();
            let here = format!("{dimension} dimensions, seed {seed}: {depths:.3?}");
            let failed = depths[40..].iter().filter(|depth| **depth > 0.0).count();
            assert!(failed <= failed_at_most, "{failed} of the last 20 fail, {here}");
            let deep = depths[30..].iter().filter(|depth| **depth > 0.1).count();
            assert!(deep <= deep_at_most, "{deep} lie deep in what fails, {here}");
        }
    }
}
