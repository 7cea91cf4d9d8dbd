//! Tuning on a simulated cluster, to measure the machine time that early stopping saves.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use crate::problem::Problem;
use surmise::error::Error;
use surmise::evaluator::{
    Evaluator, EvaluatorError, Job, JobEvent, JobId, SimulatedEvaluator, SimulatedJob,
    SimulatedReport, StartOutcome,
};
use surmise::limits::{ResourceLimits, TuningRules};
use surmise::objective::Objective;
use surmise::rng::Rng;
use surmise::stable_hash::stable_hash;
use surmise::strategy::Strategy;
use surmise::study::{Order, StoppedTrials, Study, StudySettings};
use surmise::tune::{StopReason, Tuner};

/// Simulated machines that run the jobs of a problem, with reports, on a virtual clock.
///
/// It shows how much machine time early stopping saves:
///
/// ```
/// use surmise_bench::{Cluster, decorators::WithLearningCurves, problems};
/// use surmise::{EarlyStopping, RandomSearch, TuningRules};
///
/// let problem = WithLearningCurves::new(problems::smooth::branin(), 27);
/// let cluster = Cluster::new(&problem, 30, 4);
/// let complete = cluster.run(RandomSearch, &TuningRules::default(), 1)?;
/// let rules = TuningRules { early_stopping: EarlyStopping::auto(), ..TuningRules::default() };
/// let stopped = cluster.run(RandomSearch, &rules, 1)?;
/// assert!(stopped.machine_time < complete.machine_time);
/// # Ok::<(), surmise::Error>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Cluster<'a> {
    problem: &'a dyn Problem,
    limits: ResourceLimits,
    order: Order,
    stopped_trials: StoppedTrials,
    max_machine_time: Option<Duration>,
}

/// The result of one tuning on a [`Cluster`].
#[derive(Debug)]
#[non_exhaustive]
pub struct ClusterRun {
    /// The study with all trials.
    pub study: Study,
    /// Why the tuning ended.
    pub reason: StopReason,
    /// The total running time of all jobs.
    pub machine_time: Duration,
    /// The virtual time from the start to the end of the tuning.
    pub elapsed: Duration,
    /// For each improvement, the machine time used until then and the new best value.
    pub improvements: Vec<(Duration, f64)>,
}

impl<'a> Cluster<'a> {
    /// Creates a cluster that runs `jobs` jobs in total, at most `max_parallel` at once.
    pub fn new(problem: &'a dyn Problem, jobs: usize, max_parallel: usize) -> Self {
        let limits = ResourceLimits::new(jobs, max_parallel);
        let (order, stopped_trials) = (Order::Arrival, StoppedTrials::default());
        Self { problem, limits, order, stopped_trials, max_machine_time: None }
    }

    /// Sets the order in which the study receives outcomes; by default, their order of arrival.
    ///
    /// Use it to measure the cost of [`Order::FixedLag`].
    #[must_use]
    pub fn with_order(self, order: Order) -> Self {
        Self { order, ..self }
    }

    /// Sets which value the strategy gets for stopped trials; the last value by default.
    ///
    /// Use it to compare the variants of [`StoppedTrials`] under early stopping.
    #[must_use]
    pub fn with_stopped_trials(self, stopped_trials: StoppedTrials) -> Self {
        Self { stopped_trials, ..self }
    }

    /// Limits the machine time instead of the number of jobs; not limited by default.
    ///
    /// No job starts once the running time of all jobs has reached the limit. Use it to compare
    /// rules of early stopping, which end jobs after different times.
    #[must_use]
    pub fn with_machine_time_limit(self, limit: Duration) -> Self {
        Self { max_machine_time: Some(limit), ..self }
    }

    /// Runs one tuning; the seed determines the proposals, the noise and the failures.
    ///
    /// # Errors
    /// The errors of [`Tuner::run`].
    pub fn run(
        &self,
        strategy: impl Strategy + 'static,
        rules: &TuningRules,
        seed: u64,
    ) -> Result<ClusterRun, Error> {
        let max_jobs = self.limits.max_jobs.filter(|_| self.max_machine_time.is_none());
        let settings = StudySettings {
            seed: stable_hash(&format!("{}/strategy/{seed}", self.problem.name())),
            order: self.order,
            limits: ResourceLimits { max_jobs, ..self.limits },
            stopped_trials: self.stopped_trials,
            ..StudySettings::default()
        };
        let objective = Objective::minimize("value");
        let mut study = Study::new(self.problem.space().clone(), objective, strategy, settings)?;
        let noise_seed = stable_hash(&format!("{}/chance/{seed}", self.problem.name()));
        let simulated = SimulatedEvaluator::new(|job: &Job<'_>| self.simulate(job, noise_seed));
        let log = Rc::new(RefCell::new(JobLog::default()));
        let mut machines = LoggingEvaluator { inner: simulated, log: Rc::clone(&log) };
        let mut tuner = Tuner::with_rules(rules.clone());
        if let Some(limit) = self.max_machine_time {
            let log = Rc::clone(&log);
            tuner = tuner
                .complete_when("machine time", move |_| log.borrow().used_machine_time() >= limit);
        }
        let result = tuner.run(&mut study, &mut machines)?;
        drop(tuner);
        let log =
            Rc::try_unwrap(log).map_or_else(|shared| shared.borrow().clone(), RefCell::into_inner);
        Ok(ClusterRun {
            reason: result.reason,
            machine_time: log.machine_time_until(Duration::MAX),
            elapsed: machines.elapsed(),
            improvements: log.improvements(&study),
            study,
        })
    }

    /// Simulates a job; its random stream depends on the seed and the trial, not on the attempt.
    fn simulate(&self, job: &Job<'_>, noise_seed: u64) -> SimulatedJob {
        let mut rng = Rng::stream(noise_seed, job.trial.id.0);
        let evaluation = self.problem.evaluate(&job.trial.configuration, &mut rng);
        let steps = u32::try_from(evaluation.learning_curve.len()).unwrap_or(u32::MAX).max(1);
        let duration = evaluation.duration_or_default();
        let step = duration / steps;
        let reports = evaluation.learning_curve.iter().zip(1_u32..).map(|(value, number)| {
            SimulatedReport { after: step * number, step: number.into(), value: *value }
        });
        let reports = reports.collect();
        // Rounding in the division must not end the job before its last report.
        let duration = duration.max(step * steps);
        SimulatedJob { reports, ..SimulatedJob::new(evaluation.outcome(), duration) }
    }
}

/// The start and end times of all jobs, on the virtual clock.
#[derive(Debug, Clone, Default)]
struct JobLog {
    /// Each job with its start time, and its end time once it has ended.
    jobs: Vec<(JobId, Duration, Option<Duration>)>,
    now: Duration,
}

impl JobLog {
    /// Returns the machine time of all jobs until a time of the virtual clock.
    fn machine_time_until(&self, time: Duration) -> Duration {
        let end = |end: &Option<Duration>| end.unwrap_or(self.now).min(time);
        self.jobs.iter().map(|(_, start, ended)| end(ended).saturating_sub(*start)).sum()
    }

    fn used_machine_time(&self) -> Duration {
        self.machine_time_until(self.now)
    }

    fn improvements(&self, study: &Study) -> Vec<(Duration, f64)> {
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
        ends.into_iter().map(|(end, value)| (self.machine_time_until(end), value)).collect()
    }
}

/// An evaluator that records when jobs start and end.
struct LoggingEvaluator<E> {
    inner: E,
    log: Rc<RefCell<JobLog>>,
}

impl<E: Evaluator> Evaluator for LoggingEvaluator<E> {
    fn start(&mut self, job: &Job<'_>) -> Result<StartOutcome, EvaluatorError> {
        let start = self.inner.start(job)?;
        if start == StartOutcome::Started {
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
                let entry = log.jobs.iter_mut().rev().find(|(id, ..)| id == job);
                if let Some((_, _, end)) = entry {
                    *end = Some(now);
                }
            }
        }
        Ok(events)
    }

    fn stop(&mut self, job: JobId) -> Result<(), EvaluatorError> {
        self.inner.stop(job)
    }

    fn loses_jobs_on_exit(&self) -> bool {
        self.inner.loses_jobs_on_exit()
    }

    fn pause_starts(&mut self, is_paused: bool) {
        self.inner.pause_starts(is_paused);
    }

    fn journal_note(&mut self) -> Option<serde_json::Value> {
        self.inner.journal_note()
    }

    fn elapsed(&self) -> Duration {
        self.inner.elapsed()
    }

    fn is_simulated(&self) -> bool {
        self.inner.is_simulated()
    }
}
