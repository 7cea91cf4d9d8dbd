//! A tuning from its options to its result.

use std::ops::ControlFlow;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use surmise::limits::{RetryPolicy, TuningRules};
use surmise::tune::Tuned;
use surmise::{Canary, FailureKind, StopHandle, StopReason, Study, Tuner};

use super::arguments::TuneOptions;
use super::file::with_file;
use super::plan::Plan;
use super::report::{print_introduction, print_result};
use super::request::{RequestJobs, is_request};
use super::session::Session;
use crate::display::Display;
use crate::output::{Failure, Unreadable, ended};
use crate::study::{FaultyText, NewStudy, shown, with_option_names};

/// How soon it is said that Ctrl-C was heard.
const LISTEN: Duration = Duration::from_millis(50);
/// What is said then: lines that fit a narrow terminal.
const DRAINING: &str = "\
No more jobs are started; those that run may end.
Ctrl-C again stops them, a third time leaves at once.
The same line goes on later.";
/// The status of a tuning that was interrupted.
const INTERRUPTED: u8 = 4;

pub(crate) fn run(options: TuneOptions) -> ExitCode {
    ended(read_file(options).and_then(|(options, request)| try_run(&options, request)))
}

/// The options, and what their file says; or the request in it.
fn read_file(options: TuneOptions) -> Result<(TuneOptions, Option<RequestJobs>), Failure> {
    let Some(path) = options.file.clone() else { return Ok((options, None)) };
    let text = std::fs::read_to_string(&path);
    let text = text.map_err(|error| Unreadable(format!("{}: {error}", path.display())))?;
    if is_request(&path, &text) {
        let request = RequestJobs::new(&options, &path, &text)?;
        return Ok((options, Some(request)));
    }
    let options = with_file(options, &path, &text).map_err(|faulty| unreadable(&faulty))?;
    Ok((options, None))
}

fn unreadable(faulty: &[FaultyText]) -> Failure {
    Unreadable(shown(faulty)).into()
}

fn try_run(options: &TuneOptions, request: Option<RequestJobs>) -> Result<ExitCode, Failure> {
    #[cfg(feature = "sdk")]
    if let Some(text) = request.as_ref().and_then(|request| request.unspent(options)) {
        crate::output::say(text)?;
        return Ok(ExitCode::SUCCESS);
    }
    let plan = Plan::new(options, request).map_err(|faulty| unreadable(&faulty))?;
    let new = || -> Result<NewStudy, Failure> {
        plan.new_study(options).map_err(|faulty| unreadable(&faulty))
    };
    let mut jobs = plan.evaluator(options).map_err(|faulty| unreadable(&faulty))?;
    let study = new()?.study;
    let rules = tuner(options, &plan.rules);
    let checked = rules.rules().check().and_then(|()| jobs.check_space(study.space()));
    checked.map_err(|error| Unreadable(with_option_names(&error.to_string())))?;
    let session = Session::open(&plan.journal, new, &plan.note(), options.existing_journal())?;
    if !options.json && !options.quiet {
        print_introduction(&plan, &session, options)?;
    }
    let Session { mut study, mut journal, .. } = session;
    let mut display = match options {
        TuneOptions { json: true, .. } => Display::Json,
        TuneOptions { quiet: true, .. } => Display::Quiet,
        _ => Display::for_people(&study),
    };
    let stop = StopHandle::on_signals()?;
    let listener = announce_interrupts(&stop, display.announcer())?;
    let tuned = tuner(options, &plan.rules)
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
        print_result(&plan, &study, &tuned, options)?;
    }
    Ok(status(&study, &tuned))
}

/// A tuner with these rules, and what the options say instead.
fn tuner<'a>(options: &TuneOptions, rules: &TuningRules) -> Tuner<'a> {
    let mut rules = rules.clone();
    rules.completion.target = options.target.or(rules.completion.target);
    rules.completion.not_improving_for = options.patience.or(rules.completion.not_improving_for);
    rules.early_stopping = options.early_stopping.unwrap_or(rules.early_stopping);
    // A program that prints no metric does not do so the next time, and the first two jobs that come to nothing so end the tuning.
    rules.retries = rules.retries.with(FailureKind::MissingMetric, 0);
    rules.canary = rules.canary.or(Some(Canary::default()));
    if let Some(retries) = options.retries {
        let policy = |policy: RetryPolicy, kind| policy.with(kind, retries);
        rules.retries = FailureKind::ALL.into_iter().fold(rules.retries, policy);
    }
    Tuner::with(rules)
}

/// Says once that no more jobs are started after Ctrl-C, as soon as it was heard. The answer ends it.
#[allow(clippy::disallowed_methods, reason = "a signal is waited for on a thread of its own")]
fn announce_interrupts(
    stop: &StopHandle,
    say: Box<dyn Fn(&str) + Send>,
) -> Result<Arc<AtomicBool>, Failure> {
    let is_over = Arc::new(AtomicBool::new(false));
    let (stop, ends) = (stop.clone(), Arc::clone(&is_over));
    std::thread::Builder::new().name("tells of interrupts".to_owned()).spawn(move || {
        while !ends.load(Ordering::Relaxed) {
            if stop.is_requested() {
                say(DRAINING);
                return;
            }
            std::thread::sleep(LISTEN);
        }
    })?;
    Ok(is_over)
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
