//! Makes one run: asks a search for proposals, evaluates them on the virtual clock, records both.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use crate::optimizer::{Optimizer, OptimizerSettings};
use crate::problem::Evaluation;
use crate::random_means::CHECKPOINTS;
use crate::run::{BUDGET_DIVISORS, Parallelism, Provenance, Run, RunKey, RunTrial};
use crate::suite::SUITE_VERSION;
use crate::task::Task;
use surmise::evaluator::{
    Evaluator, Job, JobEvent, SimulatedEvaluator, SimulatedJob, panic_message,
};
use surmise::rng::Rng;
use surmise::space::Configuration;
use surmise::trial::{Outcome, Source, Trial, TrialId};

/// A timeout longer than everything on the virtual clock.
const NO_TIMEOUT: Duration = Duration::MAX;

impl Task<'_> {
    fn empty_run(&self) -> Run {
        Run {
            surmise: env!("CARGO_PKG_VERSION").to_owned(),
            suite: SUITE_VERSION,
            problem: self.case.problem().name().to_owned(),
            instance: self.case.instance(),
            data_hash: self.case.problem().data_hash(),
            strategy: self.contender.name().to_owned(),
            settings: self.contender.settings().to_owned(),
            seed: self.seed,
            attempt: 1,
            parallelism: self.parallelism,
            budget: self.case.budget(),
            charged_proposals: self.charged_proposals,
            has_own_durations: false,
            noisy: self.case.problem().is_noisy(),
            held_out_since: self.case.held_out_since().map(str::to_owned),
            optimum: self.case.problem().optimum(),
            random_means: self.case.random_means().cloned(),
            trials: Vec::new(),
            recommended: Vec::new(),
            duplicates: 0,
            violations: 0,
            error: None,
            ask_seconds: Vec::new(),
            provenance: Provenance {
                command: self.contender.command().map(str::to_owned),
                ..self.provenance.clone()
            },
        }
    }

    pub(super) fn key(&self) -> RunKey {
        self.empty_run().key()
    }

    /// Evaluates trial number `number` (from 0), with the same random streams for each contender.
    fn evaluate(&self, number: usize, configuration: &Configuration) -> Evaluation {
        let problem = self.case.problem();
        let stream = |purpose| Rng::stream(self.case.seed(self.seed, purpose), number as u64);
        let call = || problem.evaluate(configuration, &mut stream("chance"));
        if problem.space().encode(configuration).is_err() {
            Err::<f64, _>("not a configuration of the space").into()
        } else {
            catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|payload| {
                Err::<f64, _>(format!("panic: {}", panic_message(payload.as_ref()))).into()
            })
        }
    }

    /// Returns the duration of an evaluation: that of the problem, or a drawn one, or a second.
    fn duration(&self, number: usize, evaluation: &Evaluation) -> Duration {
        let stream = Rng::stream(self.case.seed(self.seed, "durations"), number as u64);
        match (evaluation.duration, self.durations) {
            (None, Some(durations)) => durations.draw(&mut { stream }),
            _ => evaluation.duration_or_default(),
        }
    }
}

/// Makes a run; an error or a panic of the search ends the run, and is recorded in it.
pub(super) fn run_task(task: &Task<'_>) -> Run {
    let mut run = task.empty_run();
    let result = catch_unwind(AssertUnwindSafe(|| {
        let mut optimizer = task.contender.start(&OptimizerSettings {
            space: task.case.problem().space(),
            seed: task.case.seed(task.seed, "strategy"),
            budget: run.budget,
            concurrency: task.parallelism.concurrency(),
            is_noisy: run.noisy,
        })?;
        drive(task, optimizer.as_mut(), &mut run)
    }));
    run.error = match result {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error),
        Err(payload) => Some(format!("panic: {}", panic_message(payload.as_ref()))),
    };
    if run.error.is_some() {
        // The search cannot recommend a trial any more; the best measured one replaces it.
        let ended = run.trials.iter().filter(|trial| trial.end.is_some()).count();
        run.recommended.extend(best_measured(&run.trials).map(|trial| (ended, trial)));
    }
    run
}

/// Asks, evaluates and tells until the budget is used up or the search proposes nothing more.
fn drive(task: &Task<'_>, optimizer: &mut dyn Optimizer, run: &mut Run) -> Result<(), String> {
    let evaluations = RefCell::new(Vec::new());
    let proposal_time = Cell::new(Duration::ZERO);
    let mut jobs = SimulatedEvaluator::new(|job: &Job<'_>| {
        let number = trial_index(job.trial.id);
        let evaluation = task.evaluate(number, &job.trial.configuration);
        let duration = proposal_time.get() + task.duration(number, &evaluation);
        let outcome = evaluation.outcome();
        evaluations.borrow_mut().push(evaluation);
        SimulatedJob::new(outcome, duration)
    });
    let mut stopwatch = Stopwatch::default();
    let mut untold = UntoldOutcomes::default();
    let (mut running, mut ended, mut exhausted) = (0, 0, false);
    loop {
        while !exhausted {
            let count = run.trials.len();
            let visible = visible_trials(task.parallelism, count);
            let free = free_slots(task.parallelism, running).min(run.budget - count);
            if free == 0 || untold.ended_prefix < visible.unwrap_or(0) {
                break;
            }
            untold.tell(visible, run, optimizer, &mut stopwatch)?;
            let mut proposals = stopwatch.time(|| optimizer.ask(free))?;
            exhausted = proposals.is_empty();
            run.violations += proposals.len().saturating_sub(free);
            proposals.truncate(free);
            let elapsed = stopwatch.take();
            let seconds = elapsed.as_secs_f64() / proposals.len().max(1) as f64;
            run.ask_seconds.extend(proposals.iter().map(|_| seconds));
            if task.charged_proposals {
                // All proposals of a request are known at its end.
                proposal_time.set(elapsed);
            }
            for configuration in proposals {
                start_trial(task, run, &mut jobs, (configuration, proposal_time.get()))?;
                running += 1;
            }
        }
        if running == 0 {
            untold.tell(None, run, optimizer, &mut stopwatch)?;
            return record_recommendation(ended, optimizer, run);
        }
        for event in jobs.wait(NO_TIMEOUT).map_err(|error| error.to_string())? {
            let JobEvent::Ended { job, outcome } = event else { continue };
            let number = trial_index(job.trial);
            record_end(run, number, jobs.elapsed(), &evaluations.borrow()[number]);
            running -= 1;
            ended += 1;
            untold.add(number, outcome);
            if !matches!(task.parallelism, Parallelism::FixedLag(_)) {
                untold.tell(None, run, optimizer, &mut stopwatch)?;
            }
            if is_checkpoint(ended, run.budget) {
                record_recommendation(ended, optimizer, run)?;
            }
        }
    }
}

/// Records the end of a trial, and what its evaluation found.
fn record_end(run: &mut Run, number: usize, elapsed: Duration, evaluation: &Evaluation) {
    let trial = &mut run.trials[number];
    trial.end = Some(elapsed.as_secs_f64());
    trial.noiseless = evaluation.noiseless_value();
    trial.value = evaluation.outcome().value();
    run.has_own_durations |= evaluation.duration.is_some();
}

/// Returns true if a recommendation is recorded after this many evaluations.
fn is_checkpoint(ended: usize, budget: usize) -> bool {
    let shares = BUDGET_DIVISORS.iter().map(|divisor| budget.div_ceil(*divisor));
    CHECKPOINTS.into_iter().chain(shares).any(|count| count == ended)
}

/// Returns how many more trials may start now.
fn free_slots(parallelism: Parallelism, running: usize) -> usize {
    match parallelism {
        Parallelism::Batches(_) if running > 0 => 0,
        // One at a time, because each proposal may use a different number of outcomes.
        Parallelism::FixedLag(width) => usize::from(running < width.max(1)),
        parallelism => parallelism.concurrency() - running,
    }
}

/// Returns n if the next proposal must use the outcomes of exactly the first n trials.
///
/// `None` if it uses the outcomes of all trials that have ended. `count` is the number of trials
/// that have been proposed.
fn visible_trials(parallelism: Parallelism, count: usize) -> Option<usize> {
    match parallelism {
        Parallelism::FixedLag(width) => Some((count + 1).saturating_sub(width.max(1))),
        _ => None,
    }
}

/// Outcomes that have not been passed to the search yet.
#[derive(Debug, Default)]
struct UntoldOutcomes {
    outcomes: BTreeMap<usize, Outcome>,
    /// Number of trials, from the first on, that have all ended.
    ended_prefix: usize,
    /// Trials after this prefix that have ended.
    ended_later: BTreeSet<usize>,
}

impl UntoldOutcomes {
    fn add(&mut self, number: usize, outcome: Outcome) {
        self.outcomes.insert(number, outcome);
        self.ended_later.insert(number);
        while self.ended_later.remove(&self.ended_prefix) {
            self.ended_prefix += 1;
        }
    }

    /// Passes the outcomes of the first `visible` trials to the search, in order; all if `None`.
    fn tell(
        &mut self,
        visible: Option<usize>,
        run: &Run,
        optimizer: &mut dyn Optimizer,
        stopwatch: &mut Stopwatch,
    ) -> Result<(), String> {
        let hidden = visible.map(|count| self.outcomes.split_off(&count)).unwrap_or_default();
        for (number, outcome) in std::mem::replace(&mut self.outcomes, hidden) {
            let configuration = &run.trials[number].configuration;
            stopwatch.time(|| optimizer.tell(number, configuration, &outcome))?;
        }
        Ok(())
    }
}

/// Records which trial the search recommends after `ended` evaluations.
fn record_recommendation(
    ended: usize,
    optimizer: &mut dyn Optimizer,
    run: &mut Run,
) -> Result<(), String> {
    let recommended = optimizer.recommend(&run.trials)?.or_else(|| best_measured(&run.trials));
    run.recommended.extend(recommended.map(|trial| (ended, trial)));
    Ok(())
}

/// Starts the trial of a configuration, and counts it if it is a repetition or a violation.
fn start_trial(
    task: &Task<'_>,
    run: &mut Run,
    jobs: &mut dyn Evaluator,
    (configuration, delay): (Configuration, Duration),
) -> Result<(), String> {
    // In the order and the types of the space, so that 3 and 3.0 count as the same value.
    let normalized = task.case.problem().space().normalize(&configuration);
    run.violations += usize::from(normalized.is_err());
    let configuration = normalized.unwrap_or(configuration);
    run.duplicates +=
        usize::from(run.trials.iter().any(|trial| trial.configuration == configuration));
    let id = TrialId(run.trials.len() as u64 + 1);
    let trial = Trial::new(id, Source::Study, configuration.clone());
    let start = (jobs.elapsed() + delay).as_secs_f64();
    run.trials.push(RunTrial { configuration, value: None, noiseless: None, start, end: None });
    let job = Job::new(&trial, 1);
    jobs.start(&job).map(|_| ()).map_err(|error| error.to_string())
}

fn trial_index(trial: TrialId) -> usize {
    usize::try_from(trial.0 - 1).expect("trials fit memory")
}

fn best_measured(trials: &[RunTrial]) -> Option<usize> {
    let measured = trials.iter().enumerate();
    let measured = measured.filter_map(|(index, trial)| Some((index, trial.value?)));
    measured.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(index, _)| index)
}

/// Adds up the time of several calls.
#[derive(Debug, Default)]
struct Stopwatch(Duration);

impl Stopwatch {
    #[allow(clippy::disallowed_methods, reason = "this measures the time of proposals")]
    fn time<R>(&mut self, work: impl FnOnce() -> R) -> R {
        let start = Instant::now();
        let result = work();
        self.0 += start.elapsed();
        result
    }

    /// Returns the time since the last call of this function.
    fn take(&mut self) -> Duration {
        std::mem::take(&mut self.0)
    }
}
