//! What is said of a tuning before and after it.

use surmise::Study;
use surmise::tune::Tuned;

use super::arguments::TuneOptions;
use super::plan::Plan;
use super::session::Session;
use crate::display::{described, number, short};
use crate::output::{Failure, say};

/// What is tuned, in which journal, and what is there already.
pub(super) fn introduce(
    plan: &Plan,
    session: &Session,
    options: &TuneOptions,
) -> Result<(), Failure> {
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
    for line in plan.said.iter().chain(said) {
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

/// The best configuration, as text and as a command.
pub(super) fn conclude(
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
            plan.jobs_folder().display()
        ))?;
        return Ok(());
    };
    let metric = &study.objective().metric_name;
    let value = best.value().map(number).unwrap_or_default();
    say(format_args!("best: trial {}, {metric} {value}: {}", best.id, short(&best.configuration)))?;
    if let Some(line) = plan.jobs.command_line(&best.configuration) {
        say(line)?;
    }
    if !options.quiet {
        let name = &plan.name;
        let logs = match plan.jobs.have_logs() {
            true => format!(", `surmise logs {name} {}`", best.id),
            false => String::new(),
        };
        say(format_args!(
            "See `surmise show {name}` for all trials, `surmise why {name} {}`{logs}.",
            best.id
        ))?;
    }
    Ok(())
}
