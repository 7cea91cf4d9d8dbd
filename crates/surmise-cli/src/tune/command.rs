//! Runs a tuning, from its options to its result.

use std::ops::ControlFlow;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use surmise::limits::{RetryPolicy, TuningRules};
use surmise::tune::TuningResult;
use surmise::{Canary, FailureKind, StopHandle, StopReason, Study, Tuner};

use super::arguments::TuneOptions;
use super::file::merge_file;
use super::messages::{print_introduction, print_result};
use super::plan::Plan;
use super::request::{RequestJobs, is_request};
use super::session::Session;
use crate::display::ProgressDisplay;
use crate::output::{CommandError, InvalidInput, exit_code};
use crate::study::{NewStudy, TextDiagnostics, render, with_option_names};

/// Interval at which the announcer checks whether Ctrl-C was pressed.
const SIGNAL_POLL_INTERVAL: Duration = Duration::from_millis(50);
/// The announcement after the first Ctrl-C; its short lines fit a narrow terminal.
const DRAINING: &str = "\
No more jobs are started; running jobs may end.
Ctrl-C again stops them, a third exits at once.
Run the same command again to resume.";
/// The exit status of a tuning that was interrupted.
const INTERRUPTED: u8 = 4;

pub(crate) fn run(options: TuneOptions) -> ExitCode {
    exit_code(read_file(options).and_then(|(options, request)| try_run(&options, request)))
}

/// Reads the file, and returns the options merged with it, or the tuning request in it.
fn read_file(options: TuneOptions) -> Result<(TuneOptions, Option<RequestJobs>), CommandError> {
    let Some(path) = options.file.clone() else { return Ok((options, None)) };
    let text = std::fs::read_to_string(&path);
    let text = text.map_err(|error| InvalidInput(format!("{}: {error}", path.display())))?;
    if is_request(&path, &text) {
        let request = RequestJobs::new(&options, &path, &text)?;
        return Ok((options, Some(request)));
    }
    let options = merge_file(options, &path, &text).map_err(|errors| invalid_input(&errors))?;
    Ok((options, None))
}

fn invalid_input(errors: &[TextDiagnostics]) -> CommandError {
    InvalidInput(render(errors)).into()
}

fn try_run(options: &TuneOptions, request: Option<RequestJobs>) -> Result<ExitCode, CommandError> {
    #[cfg(feature = "sdk")]
    if let Some(text) = request.as_ref().and_then(|request| request.dry_run_text(options)) {
        crate::output::print_line(text)?;
        return Ok(ExitCode::SUCCESS);
    }
    let plan = Plan::new(options, request).map_err(|errors| invalid_input(&errors))?;
    let new_study = || -> Result<NewStudy, CommandError> {
        plan.new_study(options).map_err(|errors| invalid_input(&errors))
    };
    let mut jobs = plan.evaluator(options).map_err(|errors| invalid_input(&errors))?;
    let study = new_study()?.study;
    let tuner = configure_tuner(options, &plan.rules);
    let result = tuner.rules().check().and_then(|()| jobs.check_space(study.space()));
    result.map_err(|error| InvalidInput(with_option_names(&error.to_string())))?;
    let session =
        Session::open(&plan.journal, new_study, &plan.note(), options.existing_journal())?;
    if !options.json && !options.quiet {
        print_introduction(&plan, &session, options)?;
    }
    let Session { mut study, mut journal, .. } = session;
    let mut display = match options {
        TuneOptions { json: true, .. } => ProgressDisplay::Json,
        TuneOptions { quiet: true, .. } => ProgressDisplay::Quiet,
        _ => ProgressDisplay::for_people(&study),
    };
    let stop = StopHandle::on_signals()?;
    let has_ended = announce_interrupts(&stop, display.drain_announcer())?;
    let result = configure_tuner(options, &plan.rules)
        .stop_handle(&stop)
        .journal_to(&mut journal)
        .on_progress(|study, progress| {
            display.on_progress(study, progress);
            ControlFlow::Continue(())
        })
        .run(&mut study, &mut *jobs);
    has_ended.store(true, Ordering::Relaxed);
    display.finish();
    let result = result?;
    if !options.json {
        print_result(&plan, &study, &result, options)?;
    }
    Ok(exit_status(&study, &result))
}

/// Creates the tuner with these rules, overridden by the options.
fn configure_tuner<'a>(options: &TuneOptions, rules: &TuningRules) -> Tuner<'a> {
    let mut rules = rules.clone();
    rules.completion.target = options.target.or(rules.completion.target);
    rules.completion.not_improving_for = options.patience.or(rules.completion.not_improving_for);
    rules.early_stopping = options.early_stopping.unwrap_or(rules.early_stopping);
    // A program that prints no metric would not print it in a retry. The canary ends the tuning if
    // the first two jobs fail in this way.
    rules.retries = rules.retries.with_retries(FailureKind::MissingMetric, 0);
    rules.canary = rules.canary.or(Some(Canary::default()));
    if let Some(retries) = options.retries {
        let policy = |policy: RetryPolicy, kind| policy.with_retries(kind, retries);
        rules.retries = FailureKind::ALL.into_iter().fold(rules.retries, policy);
    }
    Tuner::with_rules(rules)
}

/// Announces once, after Ctrl-C, that no more jobs are started.
///
/// Setting the returned flag ends the thread that waits for Ctrl-C.
#[allow(clippy::disallowed_methods, reason = "a separate thread waits for the signal")]
fn announce_interrupts(
    stop: &StopHandle,
    announce: Box<dyn Fn(&str) + Send>,
) -> Result<Arc<AtomicBool>, CommandError> {
    let has_ended = Arc::new(AtomicBool::new(false));
    let (stop, is_over) = (stop.clone(), Arc::clone(&has_ended));
    std::thread::Builder::new().name("interrupt announcer".to_owned()).spawn(move || {
        while !is_over.load(Ordering::Relaxed) {
            if stop.is_requested() {
                announce(DRAINING);
                return;
            }
            std::thread::sleep(SIGNAL_POLL_INTERVAL);
        }
    })?;
    Ok(has_ended)
}

fn exit_status(study: &Study, result: &TuningResult) -> ExitCode {
    match &result.reason {
        StopReason::Drained { .. } | StopReason::Cancelled { .. } => ExitCode::from(INTERRUPTED),
        StopReason::TooManyFailures { .. }
        | StopReason::FirstJobsFailed { .. }
        | StopReason::MissingMetrics { .. } => ExitCode::FAILURE,
        _ if study.best().is_none() => ExitCode::FAILURE,
        _ => ExitCode::SUCCESS,
    }
}
