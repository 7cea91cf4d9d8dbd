//! Prints the introduction and the result of a tuning.

use surmise::trial::Source;
use surmise::tune::TuningResult;
use surmise::{FailureKind, Outcome, Study};

use super::arguments::TuneOptions;
use super::plan::Plan;
use super::session::Session;
use crate::display::{
    describe_range, format_configuration, format_number, pluralize, shorten_message,
};
use crate::output::{CommandError, print_line};

/// Prints the name, the journal and the ranges of a study, or the progress of a resumed one.
pub(super) fn print_introduction(
    plan: &Plan,
    session: &Session,
    options: &TuneOptions,
) -> Result<(), CommandError> {
    let Session { study, journal, notices } = session;
    let path = journal.path().display();
    let limits = study.settings().limits;
    let jobs =
        limits.max_jobs.map(|jobs| format!("{}, ", pluralize(jobs, "job"))).unwrap_or_default();
    let job_limits = format!("{jobs}{} at a time", limits.max_parallel_jobs);
    if journal.open_summary().is_resumed {
        let jobs = study.trials().iter().filter(|trial| trial.source == Source::Study);
        let done = jobs.filter(|trial| trial.outcome.is_some() && !trial.needs_rerun()).count();
        let total = limits.max_jobs.map(|jobs| format!(" of {jobs}")).unwrap_or_default();
        let best = study.best().and_then(surmise::Trial::value);
        let best = best.map(|best| format!(", best {}", format_number(best))).unwrap_or_default();
        print_line(format_args!(
            "{}: resumes {path}: {done}{total} jobs are done{best}; {} at a time",
            plan.name, limits.max_parallel_jobs
        ))?;
    } else {
        print_line(format_args!("{}: a new study, kept in {path}: {job_limits}", plan.name))?;
        let width = study.space().ranges().iter().map(|range| range.name().chars().count()).max();
        let width = width.unwrap_or(0);
        for range in study.space().ranges() {
            print_line(format_args!("  {:<width$}  {}", range.name(), describe_range(range)))?;
        }
    }
    for line in plan.notices.iter().chain(notices) {
        print_line(format_args!("  {line}"))?;
    }
    let is_ordered = options.study.fixed_lag || limits.max_parallel_jobs == 1;
    if options.study.seed.is_some() && !is_ordered {
        print_line(
            "  note: with several jobs at a time, a seed gives the same proposals only with \
             --fixed-lag",
        )?;
    }
    Ok(())
}

/// Prints the reason of the end and the best configuration, as text and as a command.
pub(super) fn print_result(
    plan: &Plan,
    study: &Study,
    result: &TuningResult,
    options: &TuneOptions,
) -> Result<(), CommandError> {
    if !options.quiet {
        print_line(format_args!("The tuning ended: {}.", result.reason))?;
        for job in &result.possibly_running {
            print_line(format_args!("{} may still be running: {}", job.job, job.name))?;
        }
    }
    let waiting = study.enqueued().count();
    if waiting > 0 {
        let waiting = pluralize(waiting, "enqueued configuration");
        print_line(format_args!(
            "{waiting} not tried: run the command again with more --jobs to try more."
        ))?;
    }
    let Some(best) = study.best() else { return print_last_failure(plan, study) };
    let metric = &study.objective().metric_name;
    let value = best.value().map(format_number).unwrap_or_default();
    print_line(format_args!(
        "best: trial {}, {metric} {value}: {}",
        best.id,
        format_configuration(&best.configuration)
    ))?;
    if let Some(line) = plan.jobs.command_line(&best.configuration) {
        print_line(line)?;
    }
    if !options.quiet {
        let name = plan.quoted_name();
        let logs = match plan.jobs.has_logs() {
            true => format!(", `surmise logs {name} {}`", best.id),
            false => String::new(),
        };
        print_line(format_args!(
            "See `surmise show {name}` for all trials, `surmise why {name} {}`{logs}.",
            best.id
        ))?;
    }
    Ok(())
}

/// Prints the reason why the last job failed, and how to find out more.
fn print_last_failure(plan: &Plan, study: &Study) -> Result<(), CommandError> {
    let failures = study.trials().iter().filter_map(|trial| match &trial.outcome {
        Some(Outcome::Failed(failure)) => Some((trial.id, failure)),
        _ => None,
    });
    print_line("No job completed.")?;
    let Some((trial, failure)) = { failures }.next_back() else { return Ok(()) };
    print_line(format_args!("trial {trial}: {}", shorten_message(&failure.message)))?;
    if failure.kind == FailureKind::MissingMetric && plan.jobs.has_logs() {
        let metric = &study.objective().metric_name;
        print_line(format_args!(
            "Print the metric as `{metric}: VALUE` or `{metric}=VALUE`, or describe its form with \
             --metric-regex."
        ))?;
    }
    if plan.jobs.has_logs() {
        print_line(format_args!(
            "`surmise logs {} {trial}` prints the output of the job.",
            plan.quoted_name()
        ))?;
    }
    Ok(())
}
