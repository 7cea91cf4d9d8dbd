//! A tuning job on a simulated cluster: what it finds, for how much machine time.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use crate::problem::Problem;
use surmise::error::Error;
use surmise::evaluator::{
    Evaluator, EvaluatorError, Job, JobEvent, JobId, SimulatedEvaluator, SimulatedJob,
    SimulatedReport, Start,
};
use surmise::limits::{ResourceLimits, TuningRules};
use surmise::objective::Objective;
use surmise::rng::Rng;
use surmise::stable_hash::stable_hash;
use surmise::strategy::Strategy;
use surmise::study::{Order, StoppedTrials, Study, StudySettings};
use surmise::tune::{StopReason, Tuner};

/// Machines on which jobs of a problem run and report, on a virtual clock; early stopping saves what they cost.
///
/// ```
/// use surmise_bench::{Cluster, decorators::LearningCurves, problems};
/// use surmise::{EarlyStopping, RandomSearch, TuningRules};
///
/// let problem = LearningCurves::new(problems::smooth::branin(), 27);
/// let cluster = Cluster::new(&problem, 30, 4);
/// let whole = cluster.run(RandomSearch, &TuningRules::default(), 1)?;
/// let rules = TuningRules { early_stopping: EarlyStopping::auto(), ..TuningRules::default() };
/// let stopped = cluster.run(RandomSearch, &rules, 1)?;
/// assert!(stopped.machine_time < whole.machine_time);
/// # Ok::<(), surmise::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Cluster<'a> {
    problem: &'a dyn Problem,
    limits: ResourceLimits,
    order: Order,
    stopped_trials: StoppedTrials,
    most_machine_time: Option<Duration>,
}

/// What a tuning job on a cluster came to.
#[derive(Debug)]
#[non_exhaustive]
pub struct ClusterRun {
    /// The study.
    pub study: Study,
    /// Why it ended.
    pub reason: StopReason,
    /// What all jobs took together.
    pub machine_time: Duration,
    /// By the clock of the cluster, from the start to the end.
    pub elapsed: Duration,
    /// The best value, and the machine time that had been used when it came, whenever there was a better one.
    pub trace: Vec<(Duration, f64)>,
}

impl<'a> Cluster<'a> {
    /// Machines for `jobs` jobs in all, `parallel` at once.
    pub fn new(problem: &'a dyn Problem, jobs: usize, parallel: usize) -> Self {
        let limits = ResourceLimits::new(jobs, parallel);
        let (order, stopped_trials) = (Order::Arrival, StoppedTrials::default());
        Self { problem, limits, order, stopped_trials, most_machine_time: None }
    }

    /// The same under this order.
    #[must_use]
    pub fn with_order(self, order: Order) -> Self {
        Self { order, ..self }
    }

    /// The same where strategies are told this of jobs that were stopped.
    #[must_use]
    pub fn with_stopped_trials(self, stopped_trials: StoppedTrials) -> Self {
        Self { stopped_trials, ..self }
    }

    /// The same with jobs that are begun only as long as this much machine time has not been used; their number then is no limit.
    #[must_use]
    pub fn with_machine_time(self, most: Duration) -> Self {
        Self { most_machine_time: Some(most), ..self }
    }

    /// One tuning job. All that is random belongs to the seed: proposals, and what each trial meets.
    ///
    /// # Errors
    /// Those of [`Tuner::run`].
    pub fn run(
        &self,
        strategy: impl Strategy + 'static,
        rules: &TuningRules,
        seed: u64,
    ) -> Result<ClusterRun, Error> {
        let max_jobs = self.limits.max_jobs.filter(|_| self.most_machine_time.is_none());
        let settings = StudySettings {
            seed: stable_hash(&format!("{}/strategy/{seed}", self.problem.name())),
            order: self.order,
            limits: ResourceLimits { max_jobs, ..self.limits },
            stopped_trials: self.stopped_trials,
            ..StudySettings::default()
        };
        let objective = Objective::minimize("value");
        let mut study = Study::new(self.problem.space().clone(), objective, strategy, settings)?;
        let chance = stable_hash(&format!("{}/chance/{seed}", self.problem.name()));
        let simulated = SimulatedEvaluator::new(|job: &Job<'_>| self.simulate(job, chance));
        let log = Rc::new(RefCell::new(Log::default()));
        let mut machines = Logged { inner: simulated, log: Rc::clone(&log) };
        let mut tuner = Tuner::with(rules.clone());
        if let Some(most) = self.most_machine_time {
            let log = Rc::clone(&log);
            tuner =
                tuner.complete_when("machine time", move |_| log.borrow().used_by_now() >= most);
        }
        let tuned = tuner.run(&mut study, &mut machines)?;
        drop(tuner);
        let log =
            Rc::try_unwrap(log).map_or_else(|shared| shared.borrow().clone(), RefCell::into_inner);
        Ok(ClusterRun {
            reason: tuned.reason,
            machine_time: log.used(Duration::MAX),
            elapsed: machines.elapsed(),
            trace: log.trace(&study),
            study,
        })
    }

    /// The same configuration at the same trial meets the same chance, whoever proposed it.
    fn simulate(&self, job: &Job<'_>, chance: u64) -> SimulatedJob {
        let mut chance = Rng::stream(chance, job.trial.id.0);
        let evaluation = self.problem.evaluate(&job.trial.configuration, &mut chance);
        let steps = u32::try_from(evaluation.curve.len()).unwrap_or(u32::MAX).max(1);
        let step = evaluation.duration / steps;
        let reports = evaluation.curve.iter().zip(1_u32..).map(|(value, number)| SimulatedReport {
            after: step * number,
            step: number.into(),
            value: *value,
        });
        let reports = reports.collect();
        // Not before its last report, whatever a division rounds.
        let duration = evaluation.duration.max(step * steps);
        SimulatedJob { reports, ..SimulatedJob::new(evaluation.outcome(), duration) }
    }
}

/// When jobs began and ended.
#[derive(Debug, Clone, Default)]
struct Log {
    jobs: Vec<(JobId, Duration, Option<Duration>)>,
    now: Duration,
}

impl Log {
    /// Machine time until then.
    fn used(&self, time: Duration) -> Duration {
        let end = |end: &Option<Duration>| end.unwrap_or(self.now).min(time);
        self.jobs.iter().map(|(_, begin, ended)| end(ended).saturating_sub(*begin)).sum()
    }

    fn used_by_now(&self) -> Duration {
        self.used(self.now)
    }

    fn trace(&self, study: &Study) -> Vec<(Duration, f64)> {
        let ends = self
            .jobs
            .iter()
            .filter_map(|(job, _, end)| Some(((*end)?, study.trial(job.trial)?.value()?)));
        let mut ends: Vec<(Duration, f64)> = ends.collect();
        ends.sort_by_key(|(end, _)| *end);
        let mut best = f64::INFINITY;
        ends.retain(|(_, value)| {
            let is_better = *value < best;
            best = best.min(*value);
            is_better
        });
        ends.into_iter().map(|(end, value)| (self.used(end), value)).collect()
    }
}

/// An evaluator that is watched.
struct Logged<E> {
    inner: E,
    log: Rc<RefCell<Log>>,
}

impl<E: Evaluator> Evaluator for Logged<E> {
    fn start(&mut self, job: &Job<'_>) -> Result<Start, EvaluatorError> {
        let start = self.inner.start(job)?;
        if start == Start::Started {
            self.log.borrow_mut().jobs.push((job.id(), self.inner.elapsed(), None));
        }
        Ok(start)
    }

    fn wait(&mut self, timeout: Duration) -> Result<Vec<JobEvent>, EvaluatorError> {
        let events = self.inner.wait(timeout)?;
        let mut log = self.log.borrow_mut();
        log.now = self.inner.elapsed();
        let now = log.now;
        for event in &events {
            if let JobEvent::Ended { job, .. } = event {
                let ended = log.jobs.iter_mut().rev().find(|(id, ..)| id == job);
                if let Some((_, _, end)) = ended {
                    *end = Some(now);
                }
            }
        }
        Ok(events)
    }

    fn stop(&mut self, job: JobId) -> Result<(), EvaluatorError> {
        self.inner.stop(job)
    }

    fn loses_jobs(&self) -> bool {
        self.inner.loses_jobs()
    }

    fn hold_back(&mut self, is_held_back: bool) {
        self.inner.hold_back(is_held_back);
    }

    fn note(&mut self) -> Option<serde_json::Value> {
        self.inner.note()
    }

    fn elapsed(&self) -> Duration {
        self.inner.elapsed()
    }

    fn is_simulated(&self) -> bool {
        self.inner.is_simulated()
    }
}
