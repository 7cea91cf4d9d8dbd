//! One run: a search, its trials on the virtual clock, and what is noted of it.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use crate::problem::Evaluation;
use crate::random_means::CHECKPOINTS;
use crate::run::{Parallelism, Run, RunKey, RunTrial};
use crate::search::{Brief, Search};
use crate::suite::SUITE_VERSION;
use crate::task::Task;
use surmise::evaluator::{
    Evaluator, Job, JobEvent, SimulatedEvaluator, SimulatedJob, panic_message,
};
use surmise::rng::Rng;
use surmise::space::Configuration;
use surmise::trial::{Outcome, Source, Trial, TrialId};

/// Longer than anything on the virtual clock.
const FOREVER: Duration = Duration::MAX;

impl Task<'_> {
    fn record(&self) -> Run {
        Run {
            surmise: env!("CARGO_PKG_VERSION").to_owned(),
            suite: SUITE_VERSION,
            problem: self.case.problem().name().to_owned(),
            instance: self.case.instance(),
            strategy: self.contender.name().to_owned(),
            settings: self.contender.settings().to_owned(),
            seed: self.seed,
            parallelism: self.parallelism,
            budget: self.case.budget(),
            optimum: self.case.problem().optimum(),
            random_means: self.case.random_means().cloned(),
            trials: Vec::new(),
            recommended: Vec::new(),
            duplicates: 0,
            violations: 0,
            error: None,
            ask_seconds: Vec::new(),
        }
    }

    pub(super) fn key(&self) -> RunKey {
        self.record().key()
    }

    /// Evaluation number `number` (from 0), which meets the same chance in every contender's run.
    fn evaluate(&self, number: usize, configuration: &Configuration) -> Evaluation {
        let problem = self.case.problem();
        let stream = |purpose| Rng::stream(self.case.seed(self.seed, purpose), number as u64);
        let call = || problem.evaluate(configuration, &mut stream("chance"));
        let evaluation = if problem.space().encode(configuration).is_err() {
            Err::<f64, _>("not a configuration of the space").into()
        } else {
            catch_unwind(AssertUnwindSafe(call)).unwrap_or_else(|payload| {
                Err::<f64, _>(format!("panic: {}", panic_message(payload.as_ref()))).into()
            })
        };
        match self.durations {
            Some(durations) => {
                Evaluation { duration: durations.draw(&mut stream("durations")), ..evaluation }
            }
            None => evaluation,
        }
    }
}

/// Makes a run; whatever happens, there is a record of it.
pub(super) fn search(task: &Task<'_>) -> Run {
    let mut run = task.record();
    let result = catch_unwind(AssertUnwindSafe(|| {
        let mut search = task.contender.begin(&Brief {
            space: task.case.problem().space(),
            seed: task.case.seed(task.seed, "strategy"),
            budget: run.budget,
            parallel: task.parallelism.width(),
        })?;
        drive(task, search.as_mut(), &mut run)
    }));
    run.error = match result {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(error),
        Err(payload) => Some(format!("panic: {}", panic_message(payload.as_ref()))),
    };
    if run.error.is_some() {
        // Nobody is left to be asked: what it measured best is what it leaves.
        let ended = run.trials.iter().filter(|trial| trial.end.is_some()).count();
        run.recommended.extend(least_measured(&run.trials).map(|trial| (ended, trial)));
    }
    run
}

/// Asks, evaluates and tells until the budget is used up or no more is proposed.
fn drive(task: &Task<'_>, search: &mut dyn Search, run: &mut Run) -> Result<(), String> {
    let truths = RefCell::new(Vec::new());
    let mut jobs = SimulatedEvaluator::new(|job: &Job<'_>| {
        let number = index(job.trial.id);
        let evaluation = task.evaluate(number, &job.trial.configuration);
        truths.borrow_mut().push(evaluation.truth());
        SimulatedJob::new(evaluation.outcome(), evaluation.duration)
    });
    let mut stopwatch = Stopwatch::default();
    let mut outbox = Outbox::default();
    let (mut running, mut ended, mut exhausted) = (0, 0, false);
    loop {
        while !exhausted {
            let asked = run.trials.len();
            let known = known(task.parallelism, asked);
            let room = room(task.parallelism, running).min(run.budget - asked);
            if room == 0 || outbox.in_order < known.unwrap_or(0) {
                break;
            }
            outbox.deliver(known, run, search, &mut stopwatch)?;
            let mut asked = stopwatch.time(|| search.ask(room))?;
            exhausted = asked.is_empty();
            run.violations += asked.len().saturating_sub(room);
            asked.truncate(room);
            let seconds = stopwatch.take() / asked.len().max(1) as f64;
            run.ask_seconds.extend(asked.iter().map(|_| seconds));
            for configuration in asked {
                begin(task, run, &mut jobs, configuration)?;
                running += 1;
            }
        }
        if running == 0 {
            outbox.deliver(None, run, search, &mut stopwatch)?;
            return recommend(ended, search, run);
        }
        for event in jobs.wait(FOREVER).map_err(|error| error.to_string())? {
            let JobEvent::Ended { job, outcome } = event else { continue };
            let number = index(job.trial);
            let trial = &mut run.trials[number];
            trial.end = Some(jobs.elapsed().as_secs_f64());
            trial.noiseless = truths.borrow()[number];
            trial.value = outcome.value();
            running -= 1;
            ended += 1;
            outbox.add(number, outcome);
            if !matches!(task.parallelism, Parallelism::FixedLag(_)) {
                outbox.deliver(None, run, search, &mut stopwatch)?;
            }
            if CHECKPOINTS.contains(&ended) {
                recommend(ended, search, run)?;
            }
        }
    }
}

/// How many more may be asked for now.
fn room(parallelism: Parallelism, running: usize) -> usize {
    match parallelism {
        Parallelism::Batches(_) if running > 0 => 0,
        // What each may know differs.
        Parallelism::FixedLag(width) => usize::from(running < width.max(1)),
        parallelism => parallelism.width() - running,
    }
}

/// How many of the first trials the next one may and must know, after `asked`; `None`: whatever has ended.
fn known(parallelism: Parallelism, asked: usize) -> Option<usize> {
    match parallelism {
        Parallelism::FixedLag(width) => Some((asked + 1).saturating_sub(width.max(1))),
        _ => None,
    }
}

/// Outcomes that the search has not been told.
#[derive(Debug, Default)]
struct Outbox {
    held: BTreeMap<usize, Outcome>,
    /// So many of the first trials have ended.
    in_order: usize,
    ended: BTreeSet<usize>,
}

impl Outbox {
    fn add(&mut self, number: usize, outcome: Outcome) {
        self.held.insert(number, outcome);
        self.ended.insert(number);
        while self.ended.remove(&self.in_order) {
            self.in_order += 1;
        }
    }

    /// Tells those of the first `known` trials, in their order; all if `None`.
    fn deliver(
        &mut self,
        known: Option<usize>,
        run: &Run,
        search: &mut dyn Search,
        stopwatch: &mut Stopwatch,
    ) -> Result<(), String> {
        let later = known.map(|known| self.held.split_off(&known)).unwrap_or_default();
        for (number, outcome) in std::mem::replace(&mut self.held, later) {
            let configuration = &run.trials[number].configuration;
            stopwatch.time(|| search.tell(number, configuration, &outcome))?;
        }
        Ok(())
    }
}

/// Notes which trial the search would recommend now.
fn recommend(ended: usize, search: &mut dyn Search, run: &mut Run) -> Result<(), String> {
    let recommended = search.recommended()?.or_else(|| least_measured(&run.trials));
    run.recommended.extend(recommended.map(|trial| (ended, trial)));
    Ok(())
}

/// Starts the trial of a configuration, and notes what is wrong with it.
fn begin(
    task: &Task<'_>,
    run: &mut Run,
    jobs: &mut dyn Evaluator,
    configuration: Configuration,
) -> Result<(), String> {
    // In the space's order and types, so that repetitions are noticed however they are written.
    let normal = task.case.problem().space().normalize(&configuration);
    run.violations += usize::from(normal.is_err());
    let configuration = normal.unwrap_or(configuration);
    run.duplicates +=
        usize::from(run.trials.iter().any(|trial| trial.configuration == configuration));
    let id = TrialId(run.trials.len() as u64 + 1);
    let trial = Trial::new(id, Source::Own, configuration.clone());
    let start = jobs.elapsed().as_secs_f64();
    run.trials.push(RunTrial { configuration, value: None, noiseless: None, start, end: None });
    let job = Job::new(&trial, 1);
    jobs.start(&job).map(|_| ()).map_err(|error| error.to_string())
}

fn index(trial: TrialId) -> usize {
    usize::try_from(trial.0 - 1).expect("trials fit memory")
}

fn least_measured(trials: &[RunTrial]) -> Option<usize> {
    let measured = trials.iter().enumerate();
    let measured = measured.filter_map(|(index, trial)| Some((index, trial.value?)));
    measured.min_by(|a, b| a.1.total_cmp(&b.1)).map(|(index, _)| index)
}

/// Adds up time until it is taken.
#[derive(Debug, Default)]
struct Stopwatch(Duration);

impl Stopwatch {
    #[allow(clippy::disallowed_methods, reason = "how long a proposal takes is measured here")]
    fn time<R>(&mut self, work: impl FnOnce() -> R) -> R {
        let start = Instant::now();
        let result = work();
        self.0 += start.elapsed();
        result
    }

    fn take(&mut self) -> f64 {
        std::mem::take(&mut self.0).as_secs_f64()
    }
}
