//! A tuning from its options to its result.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use surmise::error::Violation;
use surmise::limits::RetryPolicy;
use surmise::tune::Tuned;
use surmise::{
    CompletionCriteria, Evaluator, FailureKind, Objective, SearchSpace, StopHandle, StopReason,
    Study, Tuner,
};

use super::arguments::TuneOptions;
use super::jobs::{CommandJobs, function, function_evaluator, name_of};
use super::session::{CommandNote, Session};
use crate::display::{Display, described, number, short};
use crate::output::{Failure, Unreadable, ended, say};
use crate::study::{FaultyText, NewStudy, shown};

/// How soon it is said that Ctrl-C was heard.
const LISTEN: Duration = Duration::from_millis(50);
/// The status of a tuning that was interrupted.
const INTERRUPTED: u8 = 4;

pub(crate) fn run(options: &TuneOptions) -> ExitCode {
    ended(try_run(options))
}

/// What is tuned and what runs its jobs, without a fault.
struct Plan {
    name: String,
    journal: PathBuf,
    space: SearchSpace,
    objective: Objective,
    jobs: Jobs,
}

enum Jobs {
    Command(Box<CommandJobs>),
    Function(Box<surmise_bench::Case>),
}

impl Plan {
    fn new(options: &TuneOptions) -> Result<Self, Vec<FaultyText>> {
        let name = options.name.clone();
        let case = options.function.as_deref().map(function).transpose();
        let case = case.map_err(|faulty| vec![faulty])?;
        if let Some(case) = case {
            let name = name.unwrap_or_else(|| case.problem().name().to_owned());
            let objective = options.study.objective();
            return Ok(Self {
                journal: journal(options, &name),
                name,
                space: case.problem().space().clone(),
                objective: objective.unwrap_or_else(|| Objective::minimize("value")),
                jobs: Jobs::Function(Box::new(case)),
            });
        }
        let name = name.unwrap_or_else(|| name_of(&options.command));
        let journal = journal(options, &name);
        let mut faulty = Vec::new();
        let objective = options.study.objective();
        if objective.is_none() {
            let message =
                "no metric is named: name it by --minimize or --maximize, such as --minimize loss";
            faulty.push(FaultyText::without_place(message));
        }
        // What else is wrong is looked for with any metric.
        let objective = objective.unwrap_or_else(|| Objective::minimize("loss"));
        let space = options.study.space();
        let folder = journal.with_extension("jobs");
        let jobs = CommandJobs::new(options, &objective.metric_name, &folder);
        match (space, jobs) {
            (Ok(space), Ok(jobs)) if faulty.is_empty() => {
                let violations = jobs.template.check(space.ranges());
                let shown =
                    |violation: &Violation| FaultyText::without_place(&violation.to_string());
                faulty.extend(violations.iter().map(shown));
                if let Err(more) = options.study.study_over(space.clone(), objective.clone()) {
                    faulty.extend(more);
                }
                if !faulty.is_empty() {
                    return Err(faulty);
                }
                let jobs = Jobs::Command(Box::new(jobs));
                Ok(Self { name, journal, space, objective, jobs })
            }
            (space, jobs) => {
                faulty.extend([space.err(), jobs.err()].into_iter().flatten().flatten());
                Err(faulty)
            }
        }
    }

    fn note(&self) -> CommandNote {
        match &self.jobs {
            Jobs::Command(jobs) => jobs.note.clone(),
            Jobs::Function(case) => CommandNote {
                command: vec![format!("--function {}", case.problem().name())],
                pass: String::new(),
                metric: self.objective.metric_name.clone(),
                jobs: String::new(),
            },
        }
    }
}

/// The journal's file: the one that is named, or the study's name with `.surmise`.
fn journal(options: &TuneOptions, name: &str) -> PathBuf {
    options.journal.clone().unwrap_or_else(|| PathBuf::from(format!("{name}.surmise")))
}

fn unreadable(faulty: &[FaultyText]) -> Failure {
    Unreadable(shown(faulty)).into()
}

fn try_run(options: &TuneOptions) -> Result<ExitCode, Failure> {
    let plan = Plan::new(options).map_err(|faulty| unreadable(&faulty))?;
    let new = || -> Result<NewStudy, Failure> {
        let study = options.study.study_over(plan.space.clone(), plan.objective.clone());
        study.map_err(|faulty| unreadable(&faulty))
    };
    let session = Session::open(&plan.journal, new, &plan.note(), options.accept_changes)?;
    if !options.json && !options.quiet {
        introduce(&plan, &session, options)?;
    }
    let Session { mut study, mut journal, .. } = session;
    let mut jobs: Box<dyn Evaluator> = match &plan.jobs {
        Jobs::Command(jobs) => {
            Box::new(jobs.evaluator(options, plan.journal.with_extension("jobs")))
        }
        Jobs::Function(_) => {
            let case = function(&options.function.clone().unwrap_or_default());
            let case = case.map_err(|faulty| unreadable(&[faulty]))?;
            Box::new(function_evaluator(case, options.study.seed.unwrap_or(0)))
        }
    };
    let mut display = match options {
        TuneOptions { json: true, .. } => Display::Json,
        TuneOptions { quiet: true, .. } => Display::Quiet,
        _ => Display::for_people(&study),
    };
    let stop = StopHandle::on_signals()?;
    let listener = tell_of_interrupts(&stop, display.voice())?;
    let tuned = tuner(options)
        .stop_by(&stop)
        .keep_in(&mut journal)
        .observe(|study, progress| {
            display.observe(study, progress);
            ControlFlow::Continue(())
        })
        .run(&mut study, &mut *jobs);
    listener.store(true, Ordering::Relaxed);
    display.end();
    let tuned = tuned?;
    if !options.json {
        conclude(&plan, &study, &tuned, options)?;
    }
    Ok(status(&study, &tuned))
}

fn tuner<'a>(options: &TuneOptions) -> Tuner<'a> {
    let completion = CompletionCriteria {
        target: options.target,
        not_improving_for: options.patience,
        ..CompletionCriteria::default()
    };
    let mut tuner = Tuner::new().completion(completion);
    if let Some(early_stopping) = options.early_stopping {
        tuner = tuner.early_stopping(early_stopping);
    }
    if let Some(retries) = options.retries {
        let policy = |policy: RetryPolicy, kind| policy.with(kind, retries);
        tuner = tuner.retries(FailureKind::ALL.into_iter().fold(RetryPolicy::default(), policy));
    }
    tuner
}

/// What is tuned, in which journal, and what is there already.
fn introduce(plan: &Plan, session: &Session, options: &TuneOptions) -> Result<(), Failure> {
    let Session { study, journal, said } = session;
    let path = journal.path().display();
    let limits = study.settings().limits;
    let jobs = limits.max_jobs.map_or_else(String::new, |jobs| format!("{jobs} jobs, "));
    let plan_of_jobs = format!("{jobs}{} at a time", limits.max_parallel_jobs);
    if journal.opening().was_there {
        let ended = study.trials().iter().filter(|trial| trial.outcome.is_some()).count();
        let best = study.best().and_then(surmise::Trial::value);
        let best = best.map(|best| format!(", best {}", number(best))).unwrap_or_default();
        say(format_args!(
            "{}: goes on with {path}: {ended} jobs have ended{best}; {plan_of_jobs}",
            plan.name
        ))?;
    } else {
        say(format_args!("{}: a new study, kept in {path}: {plan_of_jobs}", plan.name))?;
        let width = study.space().ranges().iter().map(|range| range.name().chars().count()).max();
        let width = width.unwrap_or(0);
        for range in study.space().ranges() {
            say(format_args!("  {:<width$}  {}", range.name(), described(range)))?;
        }
    }
    for line in said {
        say(format_args!("  {line}"))?;
    }
    let is_ordered = options.study.fixed_lag || limits.max_parallel_jobs == 1;
    if options.study.seed.is_some() && !is_ordered {
        say(
            "  note: with several jobs at a time, the same seed proposes the same under --fixed-lag only",
        )?;
    }
    Ok(())
}

/// Says once that no more jobs are started after Ctrl-C, as soon as it was heard. The answer ends it.
#[allow(clippy::disallowed_methods, reason = "a signal is waited for on a thread of its own")]
fn tell_of_interrupts(
    stop: &StopHandle,
    say: Box<dyn Fn(&str) + Send>,
) -> Result<Arc<AtomicBool>, Failure> {
    let is_over = Arc::new(AtomicBool::new(false));
    let (stop, ends) = (stop.clone(), Arc::clone(&is_over));
    std::thread::Builder::new().name("tells of interrupts".to_owned()).spawn(move || {
        while !ends.load(Ordering::Relaxed) {
            if stop.is_requested() {
                say("No more jobs are started; those that run may end. Ctrl-C again stops them, a third time leaves at once. The same line goes on later.");
                return;
            }
            std::thread::sleep(LISTEN);
        }
    })?;
    Ok(is_over)
}

/// The best configuration, as text and as a command.
fn conclude(
    plan: &Plan,
    study: &Study,
    tuned: &Tuned,
    options: &TuneOptions,
) -> Result<(), Failure> {
    if !options.quiet {
        say(format_args!("It is over: {}.", tuned.reason))?;
        for job in &tuned.may_still_run {
            say(format_args!("{} may still run: {}", job.job, job.name))?;
        }
    }
    let Some(best) = study.best() else {
        say(format_args!(
            "No job completed. What they printed is in {}.",
            jobs_folder(plan).display()
        ))?;
        return Ok(());
    };
    let metric = &study.objective().metric_name;
    let value = best.value().map(number).unwrap_or_default();
    say(format_args!("best: trial {}, {metric} {value}: {}", best.id, short(&best.configuration)))?;
    if let Jobs::Command(jobs) = &plan.jobs {
        say(format_args!("{}", jobs.command_line(&best.configuration)))?;
    }
    if !options.quiet {
        let name = &plan.name;
        say(format_args!(
            "See `surmise show {name}` for all trials, `surmise why {name} {}`, `surmise logs {name} {}`.",
            best.id, best.id
        ))?;
    }
    Ok(())
}

fn jobs_folder(plan: &Plan) -> PathBuf {
    Path::new(&plan.journal).with_extension("jobs")
}

fn status(study: &Study, tuned: &Tuned) -> ExitCode {
    match &tuned.reason {
        StopReason::Drained { .. } | StopReason::Cancelled { .. } => ExitCode::from(INTERRUPTED),
        StopReason::TooManyFailures { .. }
        | StopReason::FirstJobsFailed { .. }
        | StopReason::MissingMetrics { .. } => ExitCode::FAILURE,
        _ if study.best().is_none() => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    }
}
