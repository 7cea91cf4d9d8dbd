//! What is said of a tuning before and after it.

use surmise::trial::Source;
use surmise::tune::Tuned;
use surmise::{FailureKind, Outcome, Study};

use super::arguments::TuneOptions;
use super::plan::Plan;
use super::session::Session;
use crate::display::{described, number, one_line, plural, short};
use crate::output::{Failure, say};

/// What is tuned, in which journal, and what is there already.
pub(super) fn print_introduction(
    plan: &Plan,
    session: &Session,
    options: &TuneOptions,
) -> Result<(), Failure> {
    let Session { study, journal, said } = session;
    let path = journal.path().display();
    let limits = study.settings().limits;
    let jobs = limits.max_jobs.map(|jobs| format!("{}, ", plural(jobs, "job"))).unwrap_or_default();
    let plan_of_jobs = format!("{jobs}{} at a time", limits.max_parallel_jobs);
    if journal.opening().was_there {
        let own = study.trials().iter().filter(|trial| trial.source == Source::Own);
        let done = own.filter(|trial| trial.outcome.is_some() && !trial.was_cut_off()).count();
        let of = limits.max_jobs.map(|jobs| format!(" of {jobs}")).unwrap_or_default();
        let best = study.best().and_then(surmise::Trial::value);
        let best = best.map(|best| format!(", best {}", number(best))).unwrap_or_default();
        say(format_args!(
            "{}: goes on with {path}: {done}{of} jobs are done{best}; {} at a time",
            plan.name, limits.max_parallel_jobs
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
pub(super) fn print_result(
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
    let waiting = study.enqueued().count();
    if waiting > 0 {
        let waiting = plural(waiting, "configuration");
        say(format_args!("{waiting} enqueued, and not tried: more --jobs try what is enqueued."))?;
    }
    let Some(best) = study.best() else { return print_last_failure(plan, study) };
    let metric = &study.objective().metric_name;
    let value = best.value().map(number).unwrap_or_default();
    say(format_args!("best: trial {}, {metric} {value}: {}", best.id, short(&best.configuration)))?;
    if let Some(line) = plan.jobs.command_line(&best.configuration) {
        say(line)?;
    }
    if !options.quiet {
        let name = plan.shown_name();
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

/// How the last job failed, and where more is to be seen.
fn print_last_failure(plan: &Plan, study: &Study) -> Result<(), Failure> {
    let failures = study.trials().iter().filter_map(|trial| match &trial.outcome {
        Some(Outcome::Failed(failure)) => Some((trial.id, failure)),
        _ => None,
    });
    say("No job completed.")?;
    let Some((trial, failure)) = { failures }.next_back() else { return Ok(()) };
    say(format_args!("trial {trial}: {}", one_line(&failure.message)))?;
    if failure.kind == FailureKind::MissingMetric && plan.jobs.have_logs() {
        let metric = &study.objective().metric_name;
        say(format_args!(
            "The metric is looked for as `{metric}: VALUE` or `{metric}=VALUE`; --metric-regex finds it in another form."
        ))?;
    }
    if plan.jobs.have_logs() {
        say(format_args!("`surmise logs {} {trial}` shows what it printed.", plan.shown_name()))?;
    }
    Ok(())
}
