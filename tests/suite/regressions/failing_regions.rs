//! Regions of failing trials: the strategy learns and avoids them, and the tuning continues.

use std::time::Duration;

use surmise::evaluator::{Job, SimulatedEvaluator, SimulatedJob};
use surmise::study::Event;
use surmise::trial::{Failure, FailureKind};
use surmise::tune::Progress;
use surmise::{
    BayesianOptimization, Configuration, Order, Outcome, RandomSearch, ResourceLimits, StopReason,
    Strategy, Study, StudySettings, Tuner, tune,
};

use super::{ask, bayesian, median, new_study, unit_cube};

type Problem = fn(&[f64]) -> Outcome;

const HOUR: Duration = Duration::from_secs(3600);

fn coordinates(c: &Configuration) -> Vec<f64> {
    c.iter().map(|(name, _)| c.float(name)).collect()
}

fn error() -> Outcome {
    Outcome::Failed(Failure::new(FailureKind::Error, "it diverged"))
}

/// The loss falls toward a border at 0.6, beyond which all trials fail.
fn loss_falls_toward_border(x: &[f64]) -> Outcome {
    if x[0] > 0.6 { error() } else { Outcome::from(-x[0]) }
}

/// The same border, but the other parameters also affect the loss.
fn border_beside_valley(x: &[f64]) -> Outcome {
    let valley: f64 = x[1..].iter().map(|x| (x - 0.4).powi(2)).sum();
    if x[0] > 0.6 { error() } else { Outcome::from(valley - x[0]) }
}

/// All trials fail whose mean coordinate exceeds 0.6, and the loss falls toward this border.
fn diagonal_border(x: &[f64]) -> Outcome {
    let mean = x.iter().sum::<f64>() / x.len() as f64;
    if mean > 0.6 { error() } else { Outcome::from(-mean) }
}

/// Runs 60 jobs, and returns the number of trials, the best value and the stop reason.
fn run_tuning(
    dimension: usize,
    problem: Problem,
    workers: usize,
    seed: u64,
    strategy: impl Strategy + 'static,
) -> (usize, f64, StopReason) {
    let limits = ResourceLimits::new(60, workers);
    let order = Order::FixedLag(workers);
    let settings = StudySettings { seed, limits, order, ..Default::default() };
    let mut study = new_study(unit_cube(dimension), strategy, settings);
    let simulate =
        |job: &Job<'_>| SimulatedJob::new(problem(&coordinates(&job.trial.configuration)), HOUR);
    let reason = tune(&mut study, &mut SimulatedEvaluator::new(simulate)).unwrap().reason;
    let best = study.best().map_or(f64::INFINITY, |trial| trial.value().unwrap());
    (study.trials().len(), best, reason)
}

#[test]
fn fault_a3_a_failing_region_does_not_end_the_tuning() {
    for workers in [1, 4, 10] {
        let (mut bayesian, mut random) = (Vec::new(), Vec::new());
        for seed in 0..10 {
            let strategy = BayesianOptimization::default();
            let (jobs, best, reason) =
                run_tuning(1, loss_falls_toward_border, workers, seed, strategy);
            assert_eq!(jobs, 60, "{workers} workers, seed {seed}: {reason}");
            bayesian.push(best);
            random.push(run_tuning(1, loss_falls_toward_border, workers, seed, RandomSearch).1);
        }
        let (bayesian, random) = (median(bayesian), median(random));
        assert!(
            bayesian <= random,
            "{workers} workers: {bayesian} is worse than random search: {random}"
        );
    }
    let other_problems: [(usize, Problem); 4] = [
        (2, diagonal_border),
        (3, border_beside_valley),
        (4, diagonal_border),
        (6, border_beside_valley),
    ];
    for (dimension, problem) in other_problems {
        for workers in [1, 10] {
            let strategy = BayesianOptimization::default();
            let (jobs, _, reason) = run_tuning(dimension, problem, workers, 3, strategy);
            assert_eq!(jobs, 60, "{dimension} dimensions, {workers} workers: {reason}");
        }
    }
}

#[test]
fn fault_a3_a_broken_program_ends_the_tuning_within_twenty_jobs() {
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
                let mut study = new_study(unit_cube(3), strategy, settings);
                let mut started = 0;
                let simulate = |job: &Job<'_>| {
                    let x = coordinates(&job.trial.configuration);
                    started += 1;
                    let is_broken = started > breaks_after;
                    let outcome = if is_broken { error() } else { border_beside_valley(&x) };
                    SimulatedJob::new(outcome, HOUR)
                };
                let reason =
                    tune(&mut study, &mut SimulatedEvaluator::new(simulate)).unwrap().reason;
                let jobs = study.trials().len();
                let wasted_jobs = jobs.saturating_sub(usize::try_from(breaks_after).unwrap());
                let is_stopped = matches!(reason, StopReason::TooManyFailures { .. });
                assert!(
                    is_stopped,
                    "broken after {breaks_after} jobs, random {is_random}, seed {seed}: {reason}"
                );
                assert!(
                    wasted_jobs <= 20,
                    "broken after {breaks_after}, random {is_random}, seed {seed}: {wasted_jobs}"
                );
            }
        }
    }
}

/// One job completes, then ten fail. The last one runs while the job of the best trial runs again.
#[test]
fn fault_a3_the_tuning_waits_for_the_rerun_of_the_best_trial() {
    let settings = StudySettings { limits: ResourceLimits::new(11, 1), ..Default::default() };
    let mut study = new_study(unit_cube(2), RandomSearch, settings);
    let (mut started, mut late_outcomes) = (0, 0);
    let simulate = |_: &Job<'_>| {
        started += 1;
        SimulatedJob::new(if started == 1 { Outcome::from(1.0) } else { error() }, HOUR)
    };
    let mut jobs = SimulatedEvaluator::new(simulate);
    let reason = Tuner::new()
        .on_progress(|_, progress| {
            let is_late = matches!(progress, Progress::Recorded(Event::LateOutcome { .. }));
            late_outcomes += u32::from(is_late);
            std::ops::ControlFlow::Continue(())
        })
        .run(&mut study, &mut jobs)
        .unwrap()
        .reason;
    assert!(matches!(reason, StopReason::TooManyFailures { .. } | StopReason::JobLimit { .. }));
    assert_eq!((study.trials().len(), late_outcomes, started), (11, 1, 12));
}

fn run_search(dimension: usize, problem: Problem, seed: u64) -> Study {
    let mut study = bayesian(unit_cube(dimension), seed);
    for _ in 0..60 {
        let trial = ask(&mut study);
        study.tell(trial.id, problem(&coordinates(&trial.configuration))).unwrap();
    }
    study
}

#[test]
fn fault_a4_failing_regions_are_avoided_after_they_are_learned() {
    // Dimension, problem, seeds, and the maximum numbers of failed trials and of trials far inside
    // the failing region. A border of more parameters takes more trials to learn.
    let problems: [(usize, Problem, u64, usize, usize); 3] = [
        (1, loss_falls_toward_border, 10, 10, 0),
        (2, diagonal_border, 5, 12, 2),
        (3, border_beside_valley, 5, 12, 4),
    ];
    for (dimension, problem, seeds, max_failed, max_deep) in problems {
        for seed in 0..seeds {
            let study = run_search(dimension, problem, seed);
            let depths: Vec<f64> = study
                .trials()
                .iter()
                .map(|trial| {
                    let x = coordinates(&trial.configuration);
                    let mean = x.iter().sum::<f64>() / x.len() as f64;
                    (if dimension == 2 { mean } else { x[0] }) - 0.6
                })
                .collect();
            let context = format!("{dimension} dimensions, seed {seed}: {depths:.3?}");
            let failed = depths[40..].iter().filter(|depth| **depth > 0.0).count();
            assert!(failed <= max_failed, "{failed} of the last 20 fail, {context}");
            let deep = depths[30..].iter().filter(|depth| **depth > 0.1).count();
            assert!(
                deep <= max_deep,
                "{deep} of the last 30 are far inside the failing region, {context}"
            );
        }
    }
}
