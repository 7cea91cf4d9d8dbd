//! The tuning job: limits, early stopping, completion, failures, what users want, and who watches.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::time::Duration;

use proptest::prelude::{Just, ProptestConfig, prop_assert, prop_assert_eq, prop_oneof, proptest};
use surmise::evaluator::{
    Evaluator, Job, JobEvent, JobId, Reporter, SimulatedEvaluator, SimulatedJob, SimulatedReport,
    Start,
};
use surmise::limits::{Backoff, MedianRule};
use surmise::rng::Rng;
use surmise::space::GridLevels;
use surmise::study::Event;
use surmise::trial::StopCause;
use surmise::tune::Progress;
use surmise::*;

const SECOND: Duration = Duration::from_secs(1);

fn line() -> SearchSpace {
    SearchSpace::new([ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear)]).unwrap()
}

fn study_with(limits: ResourceLimits, strategy: impl Strategy + 'static) -> Study {
    let settings = StudySettings { seed: 1, limits, ..Default::default() };
    Study::new(line(), Objective::minimize("loss"), strategy, settings).unwrap()
}

fn study(jobs: usize, parallel: usize) -> Study {
    study_with(ResourceLimits::new(jobs, parallel), SobolSearch)
}

/// Jobs of a second each whose outcome depends on their number.
fn by_number(
    outcome: impl Fn(u64) -> Outcome,
) -> SimulatedEvaluator<impl FnMut(&Job<'_>) -> SimulatedJob> {
    SimulatedEvaluator::new(move |job: &Job<'_>| SimulatedJob::new(outcome(job.trial.id.0), SECOND))
}

fn failed(kind: FailureKind) -> Outcome {
    Outcome::Failed(Failure::new(kind, "as scripted"))
}

/// A job that reports these values, one a second, the last of which is its own.
fn curve(values: &[f64]) -> SimulatedJob {
    let reports = (1_u32..).zip(values).map(|(step, value)| SimulatedReport {
        after: step * SECOND,
        step: step.into(),
        value: *value,
    });
    let duration = u32::try_from(values.len()).unwrap() * SECOND;
    SimulatedJob {
        reports: reports.collect(),
        ..SimulatedJob::new(*values.last().unwrap(), duration)
    }
}

mod completion {
    use super::*;

    #[test]
    fn a_target_that_is_reached_ends_it_and_stops_what_runs() {
        let mut study = study(20, 2);
        // The third reaches it; the fourth runs for ever.
        let mut jobs = SimulatedEvaluator::new(|job: &Job<'_>| match job.trial.id.0 {
            3 => SimulatedJob::new(0.5, SECOND),
            4 => curve(&[3.0; 1000]),
            number => SimulatedJob::new(number as f64 + 1.0, SECOND),
        });
        let tuned = Tuner::new()
            .completion(CompletionCriteria::target(0.5))
            .run(&mut study, &mut jobs)
            .unwrap();
        let reason = StopReason::TargetReached { trial: TrialId(3), value: 0.5, target: 0.5 };
        assert_eq!(tuned.reason, reason);
        assert_eq!(study.trials().len(), 4, "nothing more is asked for");
        let last = study.trial(TrialId(4)).unwrap();
        assert_eq!(last.stop_asked, Some(StopCause::TuningOver));
        assert_eq!(last.outcome, Some(Outcome::Stopped { value: Some(3.0) }));
        // What has been reached is not to be reached once more.
        let again = Tuner::new()
            .completion(CompletionCriteria::target(0.5))
            .run(&mut study, &mut jobs)
            .unwrap();
        assert_eq!((again.reason, study.trials().len()), (reason, 4));
    }

    #[test]
    fn a_target_knows_the_goal() {
        let settings = StudySettings { limits: ResourceLimits::new(9, 1), ..Default::default() };
        let objective = Objective::maximize("accuracy");
        let mut study = Study::new(line(), objective, SobolSearch, settings).unwrap();
        let tuned = Tuner::new()
            .completion(CompletionCriteria::target(0.3))
            .run(&mut study, &mut by_number(|number| (0.1 * number as f64).into()))
            .unwrap();
        assert!(matches!(tuned.reason, StopReason::TargetReached { trial: TrialId(3), .. }));
    }

    fn not_improving(values: &'static [f64], criteria: CompletionCriteria) -> (StopReason, usize) {
        let mut study = study(values.len(), 1);
        let mut jobs = by_number(|number| match values[usize::try_from(number).unwrap() - 1] {
            value if value.is_nan() => failed(FailureKind::Error),
            value => value.into(),
        });
        let tuned = Tuner::new().completion(criteria).run(&mut study, &mut jobs).unwrap();
        (tuned.reason, study.trials().len())
    }

    /// SageMaker's guide: jobs that do not beat the best one so far.
    #[test]
    fn jobs_in_a_row_that_do_not_beat_the_best_end_it() {
        let values = &[9.0, 8.0, 8.0, 8.5, 7.999, 8.0, f64::NAN, 9.0, 1.0];
        let (reason, jobs) = not_improving(values, CompletionCriteria::not_improving_for(3));
        let best = TrialId(5);
        assert_eq!(reason, StopReason::NotImproving { jobs: 3, best, value: 7.999 });
        assert_eq!(jobs, 8);
        // Failures before there is a best value are not counted.
        let values = &[f64::NAN, f64::NAN, f64::NAN, 1.0, 2.0, 2.0, 0.5];
        let (reason, jobs) = not_improving(values, CompletionCriteria::not_improving_for(3));
        assert_eq!((reason, jobs), (StopReason::JobLimit { jobs: 7 }, 7));
    }

    #[test]
    fn jobs_that_were_cut_off_have_not_failed_to_improve() {
        let max_runtime = Some(5 * SECOND);
        let limits = ResourceLimits { max_runtime, ..ResourceLimits::new(40, 4) };
        let mut study = study_with(limits, SobolSearch);
        let mut jobs = SimulatedEvaluator::new(|job: &Job<'_>| match job.trial.id.0 {
            1 => SimulatedJob::new(0.5, SECOND),
            _ => curve(&[9.0; 100]),
        });
        let criteria = CompletionCriteria::not_improving_for(4);
        for call in 1..=3 {
            let tuned = Tuner::new().completion(criteria).run(&mut study, &mut jobs).unwrap();
            assert!(matches!(tuned.reason, StopReason::MaxRuntime { .. }), "call {call}");
        }
    }

    /// SageMaker's API reference: jobs that do not improve it by a hundredth.
    #[test]
    fn by_the_other_reading_small_improvements_are_none() {
        let values = &[9.0, 8.0, 7.99, 7.98, 7.97, 1.0];
        let other = CompletionCriteria {
            least_improvement: 0.01,
            ..CompletionCriteria::not_improving_for(3)
        };
        let (reason, jobs) = not_improving(values, other);
        let best = TrialId(5);
        assert_eq!((reason, jobs), (StopReason::NotImproving { jobs: 3, best, value: 7.97 }, 5));
        let (reason, _) = not_improving(values, CompletionCriteria::not_improving_for(3));
        assert_eq!(reason, StopReason::JobLimit { jobs: 6 });
    }

    #[test]
    fn a_criterion_of_ones_own_ends_it() {
        let mut study = study(50, 1);
        let tuned = Tuner::new()
            .complete_when("three below 0.5", |study: &Study| {
                study.trials().iter().filter(|t| t.value().is_some_and(|v| v < 0.5)).count() == 3
            })
            .run(&mut study, &mut by_number(|number| (1.0 / number as f64).into()))
            .unwrap();
        assert_eq!(tuned.reason, StopReason::OwnCriterion { name: "three below 0.5".to_owned() });
        assert_eq!(study.trials().len(), 5);
    }

    #[test]
    fn an_observer_that_has_seen_enough_ends_it() {
        let mut study = study(50, 3);
        let mut seen = 0;
        let tuned = Tuner::new()
            .observe(|_, progress| {
                seen += usize::from(matches!(progress, Progress::NewBest { .. }));
                if seen == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
            })
            .run(&mut study, &mut by_number(|number| (9.0 - number as f64).into()))
            .unwrap();
        assert_eq!(tuned.reason, StopReason::Observer);
        assert!(study.pending().next().is_none() && study.trials().len() <= 6);
    }

    #[test]
    fn too_many_failures_end_it_and_say_why() {
        let mut study = study(50, 1);
        let tuned = tune(&mut study, &mut by_number(|_| failed(FailureKind::Error))).unwrap();
        let last = Failure::new(FailureKind::Error, "as scripted");
        assert_eq!(tuned.reason, StopReason::TooManyFailures { failures: 10, of_last: 10, last });
        assert_eq!(study.trials().len(), 10);
        assert!(tuned.reason.to_string().contains("as scripted"), "{}", tuned.reason);
        // A rate: five of the last eight.
        let breaker = Some(CircuitBreaker { failures: 5, of_last: 8 });
        let mut jobs = by_number(|number| match number % 3 {
            0 => 1.0.into(),
            _ => failed(FailureKind::OutOfMemory),
        });
        let mut other = super::study(50, 1);
        let tuned = Tuner::new().circuit_breaker(breaker).run(&mut other, &mut jobs).unwrap();
        assert!(matches!(tuned.reason, StopReason::TooManyFailures { failures: 5, .. }));
        assert_eq!(other.trials().len(), 7);
        // Another call forgives what was before it; without a breaker it goes on to the limit.
        let tuned = Tuner::new().circuit_breaker(None).run(&mut other, &mut jobs).unwrap();
        assert_eq!(tuned.reason, StopReason::JobLimit { jobs: 50 });
    }

    #[test]
    fn a_grid_ends_after_its_last_point() {
        let space = SearchSpace::new([
            ParameterRange::categorical("booster", ["tree", "dart", "linear"]),
            ParameterRange::integer("depth", 1..=9, ScalingType::Linear),
        ])
        .unwrap();
        let grid = space.grid([("depth", GridLevels::values([2_i64, 4]))]).unwrap();
        assert_eq!(grid.count(), 6);
        let limits = ResourceLimits { max_parallel_jobs: 4, ..Default::default() };
        let settings = StudySettings { limits, ..Default::default() };
        let objective = Objective::minimize("loss");
        let mut study = Study::new(space, objective, GridSearch::new(grid), settings).unwrap();
        let tuned = tune(&mut study, &mut by_number(|number| (number as f64).into())).unwrap();
        assert_eq!(tuned.reason, StopReason::SpaceExhausted { jobs: 6 });
        let tried: Vec<(String, i64)> = study
            .trials()
            .iter()
            .map(|t| {
                (t.configuration.category("booster").to_owned(), t.configuration.integer("depth"))
            })
            .collect();
        let wanted =
            [("tree", 2), ("tree", 4), ("dart", 2), ("dart", 4), ("linear", 2), ("linear", 4)];
        assert_eq!(tried, wanted.map(|(booster, depth)| (booster.to_owned(), depth)));
    }

    #[test]
    fn everything_that_is_wrong_with_rules_is_said_at_once() {
        let rules = TuningRules {
            early_stopping: EarlyStopping::hyperband(9, 3),
            completion: CompletionCriteria {
                target: Some(f64::NAN),
                not_improving_for: Some(0),
                least_improvement: -1.0,
                on_convergence: false,
            },
            retries: RetryPolicy::default()
                .with_backoff(Backoff { jitter: 2.0, ..Backoff::default() }),
            job_deadline: Some(Duration::ZERO),
            circuit_breaker: Some(CircuitBreaker { failures: 3, of_last: 2 }),
            canary: Some(Canary { failures: 0, one_at_a_time: false }),
            missing_metrics: Some(0),
        };
        let error =
            Tuner::with(rules).run(&mut study(1, 1), &mut by_number(|_| 1.0.into())).unwrap_err();
        let subjects: Vec<&str> = error.violations().iter().map(|v| v.subject.as_str()).collect();
        assert_eq!(
            subjects,
            [
                "early_stopping.min_resource",
                "completion.target",
                "completion.not_improving_for",
                "completion.least_improvement",
                "retries.backoff.jitter",
                "job_deadline",
                "circuit_breaker.failures",
                "canary.failures",
                "missing_metrics"
            ]
        );
    }
}

mod time {
    use super::*;

    #[test]
    fn the_time_of_the_tuning_is_kept_and_what_runs_is_stopped() {
        let max_runtime = Some(10 * SECOND);
        let mut study =
            study_with(ResourceLimits { max_runtime, ..ResourceLimits::new(99, 2) }, SobolSearch);
        let mut jobs = SimulatedEvaluator::new(|_: &Job<'_>| curve(&[1.0, 0.5, 0.25, 0.125]));
        let tuned = tune(&mut study, &mut jobs).unwrap();
        assert_eq!(tuned.reason, StopReason::MaxRuntime { limit: 10 * SECOND, jobs: 6 });
        assert_eq!(jobs.elapsed(), 10 * SECOND);
        let stopped: Vec<_> = study.trials().iter().filter(|t| t.value().is_none()).collect();
        assert_eq!(stopped.len(), 2);
        for trial in stopped {
            assert_eq!(trial.outcome, Some(Outcome::Stopped { value: Some(0.5) }));
        }
    }

    #[test]
    fn a_job_that_takes_too_long_has_failed_and_its_configuration_is_not_tried_again() {
        let mut study = study(3, 1);
        let mut jobs = SimulatedEvaluator::new(|job: &Job<'_>| {
            assert_eq!(job.deadline, Some(3 * SECOND));
            if job.trial.id.0 == 2 { curve(&[0.9; 60]) } else { curve(&[1.0, 1.0]) }
        });
        Tuner::new().job_deadline(3 * SECOND).run(&mut study, &mut jobs).unwrap();
        let slow = study.trial(TrialId(2)).unwrap();
        match &slow.outcome {
            Some(Outcome::Failed(failure)) => {
                assert_eq!(failure.kind, FailureKind::Timeout);
                assert!(failure.message.contains("0.9"), "its last value is kept: {failure}");
            }
            other => panic!("{other:?}"),
        }
        assert_eq!(slow.stop_asked, Some(StopCause::Deadline { after: 3 * SECOND }));
        assert_eq!(jobs.elapsed(), 7 * SECOND);
        assert_eq!(study.trials().iter().filter(|t| t.value().is_some()).count(), 2);
    }
}

mod stopping {
    use super::*;

    /// Ten jobs of ten steps at heights 1, 2, …; the fourth and all later ones are above the median.
    #[test]
    fn the_median_rule_stops_what_promises_little() {
        let mut study = study(10, 1);
        let mut jobs = SimulatedEvaluator::new(|job: &Job<'_>| curve(&[job.trial.id.0 as f64; 10]));
        let rule = EarlyStopping::MedianRule(MedianRule { grace_steps: 2, grace_population: 3 });
        let tuned = Tuner::new().early_stopping(rule).run(&mut study, &mut jobs).unwrap();
        assert_eq!(tuned.reason, StopReason::JobLimit { jobs: 10 });
        let steps: Vec<usize> = study.trials().iter().map(|t| t.reports.len()).collect();
        assert_eq!(steps, [10, 10, 10, 3, 3, 3, 3, 3, 3, 3]);
        assert_eq!(jobs.elapsed(), (30 + 21) * SECOND);
        let fourth = study.trial(TrialId(4)).unwrap();
        let cause = StopCause::MedianRule { step: 3, value: 4.0, median: 2.0, jobs: 3 };
        assert_eq!(fourth.stop_asked, Some(cause));
        assert_eq!(fourth.outcome, Some(Outcome::Stopped { value: Some(4.0) }));
        // The decision stands in the ledger before the end that it brought about.
        let place =
            |wanted: &dyn Fn(&Event) -> bool| study.events().iter().position(wanted).unwrap();
        let asked = place(&|e| matches!(e, Event::StopAsked { trial: TrialId(4), .. }));
        let told = place(&|e| matches!(e, Event::Told { trial: TrialId(4), .. }));
        assert!(asked < told);
    }

    #[test]
    fn reaching_the_greatest_resource_is_completing() {
        let mut study = study(9, 1);
        // Jobs would go on to step 100.
        let mut jobs = SimulatedEvaluator::new(|job: &Job<'_>| {
            let height = 10.0 - job.trial.id.0 as f64;
            let values: Vec<f64> = (1..=100).map(|step| height + 1.0 / f64::from(step)).collect();
            curve(&values)
        });
        let tuner = Tuner::new().early_stopping(EarlyStopping::hyperband(1, 9));
        let mut tuner = tuner;
        tuner.run(&mut study, &mut jobs).unwrap();
        for trial in study.trials() {
            let height = 10.0 - trial.id.0 as f64;
            // Each is better than all before it, so each goes all the way: to step 9, not 100.
            assert_eq!(trial.outcome, Some(Outcome::Completed { value: height + 1.0 / 9.0 }));
            assert!(matches!(trial.stop_asked, Some(StopCause::MaxResource { step: 9, .. })));
        }
        assert_eq!(study.best().unwrap().id, TrialId(9));
    }

    /// With η = 3 and jobs that get worse and worse, only the first two go beyond the first rung.
    #[test]
    fn successive_halving_stops_all_but_the_best_of_a_rung() {
        let mut study = study(9, 1);
        let mut jobs = SimulatedEvaluator::new(|job: &Job<'_>| curve(&[job.trial.id.0 as f64; 9]));
        let mut tuner = Tuner::new().early_stopping(EarlyStopping::hyperband(1, 9));
        tuner.run(&mut study, &mut jobs).unwrap();
        let steps: Vec<usize> = study.trials().iter().map(|t| t.reports.len()).collect();
        assert_eq!(steps, [9, 9, 1, 1, 1, 1, 1, 1, 1]);
        let third = study.trial(TrialId(3)).unwrap().stop_asked;
        let cause =
            StopCause::SuccessiveHalving { step: 1, value: 3.0, rung: 1, better: 2, jobs: 3 };
        assert_eq!(third, Some(cause));
    }

    #[test]
    fn what_a_stopped_job_tells_the_model_is_a_setting() {
        // One job falls from 5 to 1, the second is stopped at 6: it would have gained 4.
        let run = |stopped_trials| {
            let settings = StudySettings {
                limits: ResourceLimits::new(2, 1),
                stopped_trials,
                ..Default::default()
            };
            let seen = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
            let probe = Probe(std::sync::Arc::clone(&seen));
            let mut study =
                Study::new(line(), Objective::minimize("loss"), probe, settings).unwrap();
            let mut jobs = SimulatedEvaluator::new(|job: &Job<'_>| match job.trial.id.0 {
                1 => curve(&[5.0, 5.0, 1.0]),
                _ => curve(&[4.0, 6.0, 9.0]),
            });
            let rule =
                EarlyStopping::MedianRule(MedianRule { grace_steps: 1, grace_population: 1 });
            Tuner::new().early_stopping(rule).run(&mut study, &mut jobs).unwrap();
            study.ask(1).unwrap();
            let told = seen.lock().unwrap();
            told.last().cloned().unwrap()
        };
        assert_eq!(run(StoppedTrials::Projected), "[1.0, 2.0] []");
        assert_eq!(run(StoppedTrials::LastValue), "[1.0, 6.0] []");
        assert_eq!(run(StoppedTrials::PlaceOnly), "[1.0] [Unknown]");
    }

    /// Writes down what a strategy is told.
    #[derive(Debug)]
    struct Probe(std::sync::Arc<std::sync::Mutex<Vec<String>>>);

    impl Strategy for Probe {
        fn propose(
            &self,
            history: &strategy::History<'_>,
            rng: &mut Rng,
        ) -> Result<Option<strategy::Proposal>, Error> {
            let losses: Vec<f64> = history.observations.iter().map(|o| o.loss).collect();
            let failures: Vec<_> = history.failures.iter().map(|f| f.kind).collect();
            self.0.lock().unwrap().push(format!("{losses:?} {failures:?}"));
            RandomSearch.propose(history, rng)
        }
    }

    /// Threads, with closures that take their time at random and hear of a stop sooner or later.
    #[test]
    fn under_a_fixed_lag_early_stopping_depends_on_no_pace() {
        let run = |parallel: usize, pace: u64, rule: EarlyStopping| {
            let limits = ResourceLimits::new(24, parallel);
            let order = Order::FixedLag(4);
            let settings = StudySettings { seed: 6, limits, order, ..Default::default() };
            let strategy = BayesianOptimization::default();
            let space = crate::promises::mixed();
            let mut study =
                Study::new(space, Objective::minimize("loss"), strategy, settings).unwrap();
            let mut jobs =
                FunctionEvaluator::reporting(move |c: &Configuration, reporter: &Reporter| {
                    let loss = crate::promises::loss(c);
                    for step in 1..=9 {
                        let value = loss + (1.0 + loss.abs()) / step as f64;
                        std::thread::sleep(Duration::from_micros(value.to_bits() % 1024 * pace));
                        if reporter.report(step, value).is_break() {
                            return Ok::<f64, String>(value);
                        }
                    }
                    Ok(loss)
                });
            Tuner::new().early_stopping(rule).run(&mut study, &mut jobs).unwrap();
            study
        };
        for rule in [EarlyStopping::auto(), EarlyStopping::hyperband(1, 9)] {
            let told = |study: &Study| -> Vec<_> {
                study
                    .trials()
                    .iter()
                    .map(|t| (t.configuration.clone(), t.outcome.clone()))
                    .collect()
            };
            let four = run(4, 1, rule);
            let stopped = four.trials().iter().filter(|t| t.stop_asked.is_some()).count();
            assert!(
                (1..24).contains(&stopped) || matches!(rule, EarlyStopping::SuccessiveHalving(_)),
                "{stopped}"
            );
            for (parallel, pace) in [(4, 3), (2, 1), (1, 0)] {
                assert_eq!(told(&run(parallel, pace, rule)), told(&four), "{rule:?} {parallel}");
            }
        }
    }
}

mod failures {
    use super::*;

    /// Kinds of failure by attempt at trial 2, and how the trial ended, with the times at which its attempts began.
    fn attempts(
        script: &'static [FailureKind],
        retries: RetryPolicy,
    ) -> (Option<Outcome>, Vec<(u32, Duration)>) {
        let mut study = study(3, 1);
        let begun = RefCell::new(Vec::new());
        let configuration = RefCell::new(None);
        let clock = Cell::new(Duration::ZERO);
        let mut jobs = Clocked {
            inner: SimulatedEvaluator::new(|job: &Job<'_>| {
                if job.trial.id.0 != 2 {
                    return SimulatedJob::new(1.0, SECOND);
                }
                begun.borrow_mut().push((job.attempt, clock.get()));
                let first = configuration
                    .borrow_mut()
                    .get_or_insert(job.trial.configuration.clone())
                    .clone();
                assert_eq!(first, job.trial.configuration, "the same configuration each time");
                let kind = script.get(job.attempt as usize - 1);
                SimulatedJob::new(kind.map_or(Outcome::from(7.0), |kind| failed(*kind)), SECOND)
            }),
            clock: &clock,
        };
        Tuner::new().retries(retries).run(&mut study, &mut jobs).unwrap();
        assert_eq!(study.trials().len(), 3, "a retry is no further job");
        let trial = study.trial(TrialId(2)).unwrap().clone();
        assert_eq!(trial.attempt() as usize, begun.borrow().len());
        drop(jobs);
        (trial.outcome, begun.into_inner())
    }

    struct Clocked<'a, E> {
        inner: E,
        clock: &'a Cell<Duration>,
    }

    impl<E: Evaluator> Evaluator for Clocked<'_, E> {
        fn start(&mut self, job: &Job<'_>) -> Result<Start, EvaluatorError> {
            self.clock.set(self.inner.elapsed());
            self.inner.start(job)
        }
        fn wait(&mut self, timeout: Duration) -> Result<Vec<JobEvent>, EvaluatorError> {
            self.inner.wait(timeout)
        }
        fn stop(&mut self, job: JobId) -> Result<(), EvaluatorError> {
            self.inner.stop(job)
        }
        fn elapsed(&self) -> Duration {
            self.inner.elapsed()
        }
    }

    #[test]
    fn failures_are_tried_again_by_their_kind() {
        use FailureKind::{Error, Interrupted, MissingMetric, OutOfMemory};
        let default = RetryPolicy::default;
        let (outcome, begun) = attempts(&[Interrupted, MissingMetric, Interrupted], default());
        assert_eq!((outcome, begun.len()), (Some(Outcome::from(7.0)), 4));
        let (outcome, begun) = attempts(&[Error], default());
        assert_eq!((outcome, begun.len()), (Some(failed(Error)), 1));
        let (outcome, begun) = attempts(&[MissingMetric, MissingMetric], default());
        assert_eq!((outcome, begun.len()), (Some(failed(MissingMetric)), 2));
        let (outcome, begun) = attempts(&[Interrupted; 9], default());
        assert_eq!((outcome, begun.len()), (Some(failed(Interrupted)), 4));
        let (outcome, begun) = attempts(&[Interrupted], RetryPolicy::never());
        assert_eq!((outcome, begun.len()), (Some(failed(Interrupted)), 1));
        let (outcome, begun) = attempts(&[OutOfMemory], default().with(OutOfMemory, 1));
        assert_eq!((outcome, begun.len()), (Some(Outcome::from(7.0)), 2));
    }

    #[test]
    fn a_timeout_can_be_tried_again_with_a_whole_deadline() {
        let mut study = study(1, 1);
        let mut jobs = SimulatedEvaluator::new(|job: &Job<'_>| match job.attempt {
            1 => curve(&[0.9; 60]),
            _ => curve(&[0.5, 0.4]),
        });
        let retries =
            RetryPolicy::never().with(FailureKind::Timeout, 1).with_backoff(Backoff::none());
        Tuner::new().job_deadline(5 * SECOND).retries(retries).run(&mut study, &mut jobs).unwrap();
        let trial = study.trial(TrialId(1)).unwrap();
        assert_eq!((trial.value(), trial.attempt(), trial.reports.len()), (Some(0.4), 2, 2));
        assert_eq!((trial.failed_attempts[0].kind, trial.stop_asked), (FailureKind::Timeout, None));
        assert_eq!(jobs.elapsed(), 7 * SECOND);
    }

    /// Attempt 1 is given up for interrupted; its end comes while attempt 2 runs, and once more afterwards.
    #[test]
    fn the_late_end_of_an_earlier_attempt_is_kept() {
        struct Late<E>(E, u32);
        impl<E: Evaluator> Evaluator for Late<E> {
            fn start(&mut self, job: &Job<'_>) -> Result<Start, EvaluatorError> {
                self.0.start(job)
            }
            fn wait(&mut self, timeout: Duration) -> Result<Vec<JobEvent>, EvaluatorError> {
                let mut events = self.0.wait(timeout)?;
                let ends = |e: &&JobEvent| matches!(e, JobEvent::Ended { job, .. } if job.trial == TrialId(1));
                self.1 += u32::try_from(events.iter().filter(ends).count()).unwrap();
                let job = JobId { trial: TrialId(1), attempt: 1 };
                if self.1 > 0 {
                    events.push(JobEvent::Late { job, outcome: Outcome::from(0.25) });
                }
                Ok(events)
            }
            fn stop(&mut self, job: JobId) -> Result<(), EvaluatorError> {
                self.0.stop(job)
            }
            fn elapsed(&self) -> Duration {
                self.0.elapsed()
            }
        }
        let mut study = study(2, 1);
        let inner = SimulatedEvaluator::new(|job: &Job<'_>| match (job.trial.id.0, job.attempt) {
            (1, 1) => SimulatedJob::new(failed(FailureKind::Interrupted), SECOND),
            _ => SimulatedJob::new(0.5, SECOND),
        });
        tune(&mut study, &mut Late(inner, 0)).unwrap();
        let trial = study.trial(TrialId(1)).unwrap();
        assert_eq!(trial.value(), Some(0.5), "the attempt that was under way counts");
        assert_eq!(trial.set_aside, [Outcome::from(0.25)], "the other one is kept, once");
    }

    #[test]
    fn waits_between_attempts_double_up_to_a_bound_and_jitter() {
        let backoff =
            Backoff { first: 10 * SECOND, factor: 2.0, longest: 30 * SECOND, jitter: 0.0 };
        let exact = RetryPolicy::never().with(FailureKind::Throttled, 4).with_backoff(backoff);
        let (_, begun) = attempts(&[FailureKind::Throttled; 4], exact.clone());
        let times: Vec<u64> = begun.iter().map(|(_, time)| time.as_secs()).collect();
        // A second for the job, then 10, 20, 30, 30 seconds.
        assert_eq!(times, [1, 12, 33, 64, 95]);
        let jittered = || exact.clone().with_backoff(Backoff { jitter: 0.5, ..backoff });
        let (_, begun) = attempts(&[FailureKind::Throttled; 4], jittered());
        let waits: Vec<f64> =
            begun.windows(2).map(|pair| (pair[1].1 - pair[0].1 - SECOND).as_secs_f64()).collect();
        for (wait, whole) in waits.iter().zip([10.0, 20.0, 30.0, 30.0]) {
            assert!((whole / 2.0..=whole).contains(wait), "{waits:?}");
        }
        assert!((waits[2] - waits[3]).abs() > 1e-9, "each has a chance of its own");
        assert_eq!(attempts(&[FailureKind::Throttled; 4], jittered()).1, begun, "by the seed");
    }

    #[test]
    fn bad_luck_leaves_the_configuration_free_and_abandoning_does_not() {
        let space = SearchSpace::new([ParameterRange::categorical("c", ["a"])]).unwrap();
        let ask = |outcome: Outcome| {
            let objective = Objective::minimize("loss");
            let settings =
                StudySettings { repetitions: Repetitions::Allowed, ..Default::default() };
            let mut study = Study::new(space.clone(), objective, RandomSearch, settings).unwrap();
            study.ask(1).unwrap();
            study.tell(TrialId(1), outcome).unwrap();
            let first = study.ask(1).unwrap();
            let events = study.events().to_vec();
            let objective = study.objective().clone();
            Study::replay(space.clone(), objective, RandomSearch, settings, events).unwrap();
            first
        };
        assert!(matches!(ask(failed(FailureKind::Interrupted)), Asked::Trials(_)));
        assert!(matches!(ask(failed(FailureKind::Throttled)), Asked::Trials(_)));
        assert_eq!(ask(failed(FailureKind::Error)), Asked::Exhausted);
        assert_eq!(ask(failed(FailureKind::Abandoned)), Asked::Exhausted);
        assert!(matches!(ask(Outcome::from(1.0)), Asked::Trials(_)), "repetitions are allowed");
    }

    #[test]
    fn a_place_of_bad_luck_is_tried_again_before_a_space_is_exhausted() {
        let space =
            SearchSpace::new([ParameterRange::integer("n", 1..=4, ScalingType::Linear)]).unwrap();
        let limits = ResourceLimits { max_parallel_jobs: 2, ..Default::default() };
        let settings = StudySettings { limits, ..Default::default() };
        let objective = Objective::minimize("loss");
        let mut study = Study::new(space, objective, RandomSearch, settings).unwrap();
        let mut jobs = by_number(|number| match number {
            2 | 4 => failed(FailureKind::Interrupted),
            _ => (number as f64).into(),
        });
        let tuned = Tuner::new().retries(RetryPolicy::never()).run(&mut study, &mut jobs).unwrap();
        assert_eq!(tuned.reason, StopReason::SpaceExhausted { jobs: 6 });
        let mut measured: Vec<i64> = study
            .trials()
            .iter()
            .filter(|t| t.value().is_some())
            .map(|t| t.configuration.integer("n"))
            .collect();
        measured.sort_unstable();
        assert_eq!(measured, [1, 2, 3, 4]);
    }

    #[test]
    fn abandoned_by_hand() {
        let mut study = study(9, 2);
        study.ask(1).unwrap();
        study.abandon(TrialId(1), "this rate burns the plant down").unwrap();
        let Some(Outcome::Failed(failure)) = &study.trials()[0].outcome else { panic!() };
        assert_eq!(failure.kind, FailureKind::Abandoned);
        let configuration = study.trials()[0].configuration.clone();
        let error = study.enqueue(&configuration).unwrap_err();
        assert!(error.to_string().contains("trial 1"), "{error}");
    }
}

mod wishes {
    use super::*;

    fn at(x: f64) -> Configuration {
        Configuration::from([("x", x.into())])
    }

    fn mixed() -> SearchSpace {
        SearchSpace::new([
            ParameterRange::continuous("eta", 1e-4..=1.0, ScalingType::Logarithmic),
            ParameterRange::integer("depth", 1..=9, ScalingType::Linear),
            ParameterRange::categorical("booster", ["tree", "dart"]),
        ])
        .unwrap()
    }

    #[test]
    fn what_is_wanted_runs_first_and_counts_as_a_job() {
        let mut study = study_with(ResourceLimits::new(5, 2), BayesianOptimization::default());
        study.enqueue(&at(0.25)).unwrap();
        study.enqueue(&at(0.75)).unwrap();
        study.start_from(&at(0.125)).unwrap();
        assert_eq!(study.enqueued().count(), 3);
        tune(&mut study, &mut by_number(|number| (number as f64).into())).unwrap();
        let tried: Vec<f64> = study.trials().iter().map(|t| t.configuration.float("x")).collect();
        assert_eq!(tried[..3], [0.125, 0.25, 0.75]);
        assert_eq!((tried.len(), study.enqueued().count()), (5, 0));
        assert!(study.why(TrialId(1)).unwrap().to_string().contains("it was enqueued"));
        let again = Study::replay(
            line(),
            Objective::minimize("loss"),
            BayesianOptimization::default(),
            *study.settings(),
            study.events().to_vec(),
        );
        assert_eq!(again.unwrap().trials(), study.trials());
    }

    #[test]
    fn defaults_may_name_a_part_of_the_parameters() {
        let settings = StudySettings::default();
        let objective = Objective::minimize("loss");
        let mut study = Study::new(mixed(), objective, RandomSearch, settings).unwrap();
        study.start_from(&Configuration::from([("eta", 0.3.into())])).unwrap();
        let Asked::Trials(trials) = study.ask(1).unwrap() else { panic!() };
        let c = &trials[0].configuration;
        assert_eq!((c.float("eta"), c.integer("depth"), c.category("booster")), (0.3, 5, "tree"));
        let error = study.start_from(&Configuration::from([("etta", 0.3.into())])).unwrap_err();
        assert!(error.to_string().contains("`etta`"), "{error}");
        let error = study.start_from(&Configuration::from([("eta", 30.0.into())])).unwrap_err();
        assert!(error.to_string().contains("0.0001 to 1.0"), "{error}");
    }

    #[test]
    fn what_is_wanted_twice_or_known_is_refused_and_what_comes_from_elsewhere_is_no_longer_wanted()
    {
        let mut study = study(9, 1);
        study.enqueue(&at(0.5)).unwrap();
        assert!(study.enqueue(&at(0.5)).unwrap_err().to_string().contains("enqueued already"));
        study.observe(&at(0.5), Outcome::from(1.0)).unwrap();
        assert_eq!(study.enqueued().count(), 0, "it has been run elsewhere");
        let error = study.enqueue(&at(0.5)).unwrap_err();
        assert!(
            error.to_string().contains("trial 1") && error.to_string().contains("Allowed"),
            "{error}"
        );
        study.enqueue(&at(0.25)).unwrap();
        let failure = failed(FailureKind::Interrupted);
        study.observe(&at(0.25), failure).unwrap();
        assert_eq!(study.enqueued().count(), 1, "bad luck elsewhere tells nothing");
    }

    #[test]
    fn noise_that_is_told_is_believed() {
        // A bowl around 0.3, and a fluke at 0.9 that is told to be one.
        let told = |deviation: f64| {
            let mut study = study_with(ResourceLimits::default(), BayesianOptimization::default());
            for i in 0..=8 {
                let x = f64::from(i) / 8.0;
                study.observe(&at(x), Outcome::from((x - 0.3).powi(2))).unwrap();
            }
            study.observe_noisy(&at(0.9), -2.0, deviation).unwrap();
            let Asked::Trials(trials) = study.ask(1).unwrap() else { panic!() };
            let next = trials[0].configuration.float("x");
            (next, study.recommended().unwrap().unwrap().configuration.float("x"))
        };
        let (next, recommended) = told(100.0);
        assert!(
            (next - 0.3).abs() < 0.15 && (recommended - 0.3).abs() < 0.1,
            "{next} {recommended}"
        );
        let (next, recommended) = told(0.0);
        assert!(
            (next - 0.9).abs() < 0.11 && (recommended - 0.9).abs() < 1e-12,
            "{next} {recommended}"
        );
        let mut study = study(1, 1);
        for deviation in [-1.0, f64::NAN, f64::INFINITY] {
            assert!(study.observe_noisy(&at(0.1), 1.0, deviation).is_err());
        }
        assert!(study.trials().is_empty());
    }

    #[test]
    fn the_why_of_a_trial_is_in_the_unit_of_the_metric() {
        let settings = StudySettings { limits: ResourceLimits::new(20, 1), ..Default::default() };
        let objective = Objective::maximize("accuracy");
        let strategy = BayesianOptimization::default();
        let mut study = Study::new(line(), objective, strategy, settings).unwrap();
        let mut jobs = FunctionEvaluator::new(|c: &Configuration| {
            Ok::<_, String>(0.9 - (c.float("x") - 0.4).powi(2))
        });
        tune(&mut study, &mut jobs).unwrap();
        let why = study.why(TrialId(20)).unwrap();
        let expected = why.expected.unwrap();
        assert!(expected.low <= expected.median && expected.median <= expected.high);
        assert!((expected.median - 0.9).abs() < 0.05, "{expected:?}: an accuracy, not a loss");
        assert!(
            why.to_string().contains("accuracy = ") && why.to_string().contains("by a model"),
            "{why}"
        );
        let first = study.why(TrialId(1)).unwrap();
        assert!(
            first.expected.is_none() && first.to_string().contains("fill the space"),
            "{first}"
        );
        study.observe(&at(0.1), Outcome::from(0.5)).unwrap();
        assert_eq!(study.why(TrialId(21)), None, "nobody proposed it");
    }
}

/// Reports at random, takes its time to stop, is busy, fails in all ways, says things twice.
struct Adversary {
    rng: Rng,
    running: BTreeMap<JobId, (u64, bool)>,
    most_at_once: usize,
    started: BTreeMap<JobId, usize>,
    time: Duration,
}

impl Adversary {
    fn new(seed: u64) -> Self {
        Self {
            rng: Rng::stream(seed, 0),
            running: BTreeMap::new(),
            most_at_once: 0,
            started: BTreeMap::new(),
            time: Duration::ZERO,
        }
    }

    fn end(&mut self, is_stopping: bool) -> Outcome {
        let value = self.rng.uniform();
        match self.rng.index(12) {
            0 => failed(FailureKind::Interrupted),
            1 => failed(FailureKind::MissingMetric),
            2 => failed(FailureKind::Throttled),
            3 => failed(FailureKind::Error),
            4 => Outcome::Completed { value: f64::NAN },
            5 => Outcome::Stopped { value: None },
            _ if is_stopping => Outcome::Stopped { value: Some(value) },
            _ => Outcome::Completed { value },
        }
    }
}

impl Evaluator for Adversary {
    fn start(&mut self, job: &Job<'_>) -> Result<Start, EvaluatorError> {
        assert!(!self.running.contains_key(&job.id()), "no job is started twice");
        assert!(self.running.keys().all(|id| id.trial != job.id().trial), "one attempt at a time");
        if self.rng.uniform() < 0.2 {
            return Ok(Start::Busy { retry_after: SECOND });
        }
        self.running.insert(job.id(), (0, false));
        *self.started.entry(job.id()).or_default() += 1;
        self.most_at_once = self.most_at_once.max(self.running.len());
        Ok(Start::Started)
    }

    fn wait(&mut self, timeout: Duration) -> Result<Vec<JobEvent>, EvaluatorError> {
        self.time += timeout.min(SECOND / 2);
        let mut events = Vec::new();
        for job in self.running.keys().copied().collect::<Vec<_>>() {
            let (step, is_stopping) = self.running[&job];
            let chance = self.rng.uniform();
            if chance < 0.5 {
                let value = if chance < 0.02 { f64::NAN } else { self.rng.uniform() };
                self.running.insert(job, (step + 1, is_stopping));
                events.push(JobEvent::Report { job, step: step + 1, value });
            } else if chance < 0.6 {
                self.running.remove(&job);
                let outcome = self.end(is_stopping);
                events.push(JobEvent::Ended { job, outcome: outcome.clone() });
                match self.rng.index(6) {
                    0 => events.push(JobEvent::Ended { job, outcome }),
                    1 => events.push(JobEvent::Late { job, outcome: Outcome::from(0.5) }),
                    2 => events.push(JobEvent::Paused { why: "a nap".to_owned() }),
                    _ => {}
                }
            }
        }
        if self.rng.uniform() < 0.3 {
            events.push(JobEvent::Resumed);
        }
        Ok(events)
    }

    fn stop(&mut self, job: JobId) -> Result<(), EvaluatorError> {
        if let Some((_, is_stopping)) = self.running.get_mut(&job) {
            assert!(!*is_stopping, "a job is asked to stop once");
            *is_stopping = true;
        }
        Ok(())
    }

    fn elapsed(&self) -> Duration {
        self.time
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    /// Whatever rules are in force and whatever jobs do: the limits hold, every trial ends once, and the ledger can be replayed.
    #[test]
    fn limits_hold_under_all_rules(
        seed in 0_u64..1_000_000,
        jobs in 1_usize..30,
        parallel in 1_usize..7,
        lag in proptest::option::of(1_usize..7),
        rule in 0_usize..3,
        deadline in proptest::option::of(1_u64..6),
        late_results in prop_oneof![Just(LateResults::SetAside), Just(LateResults::Used)],
    ) {
        let order = lag.map_or(Order::Arrival, Order::FixedLag);
        let limits = ResourceLimits::new(jobs, parallel);
        let settings = StudySettings { seed, order, limits, late_results, ..Default::default() };
        let objective = Objective::minimize("loss");
        let mut study = Study::new(line(), objective.clone(), RandomSearch, settings).unwrap();
        let mut adversary = Adversary::new(seed);
        let early_stopping = [EarlyStopping::Off, EarlyStopping::auto(), EarlyStopping::hyperband(1, 6)][rule];
        let rules = TuningRules {
            early_stopping,
            job_deadline: deadline.map(Duration::from_secs),
            circuit_breaker: None,
            ..TuningRules::default()
        };
        let mut most_pending = 0;
        let tuned = Tuner::with(rules)
            .observe(|study: &Study, _: &Progress<'_>| {
                most_pending = most_pending.max(study.pending().count());
                ControlFlow::Continue(())
            })
            .run(&mut study, &mut adversary)
            .unwrap();
        prop_assert_eq!(tuned.reason, StopReason::JobLimit { jobs });
        prop_assert!(adversary.most_at_once <= parallel && most_pending <= parallel);
        prop_assert_eq!(study.trials().len(), jobs);
        prop_assert!(study.pending().next().is_none());
        // Each attempt ran once, and there are as many as the ledger says.
        prop_assert!(adversary.started.values().all(|count| *count == 1));
        let attempts: u32 = study.trials().iter().map(Trial::attempt).sum();
        prop_assert_eq!(adversary.started.len(), attempts as usize);
        let told = study.events().iter().filter(|event| matches!(event, Event::Told { .. })).count();
        prop_assert_eq!(told, jobs);
        let events = study.events().to_vec();
        let again = Study::replay(line(), objective, RandomSearch, settings, events).unwrap();
        prop_assert_eq!(again.trials().len(), study.trials().len());
        prop_assert_eq!(format!("{:?}", again.trials()), format!("{:?}", study.trials()));
    }
}
