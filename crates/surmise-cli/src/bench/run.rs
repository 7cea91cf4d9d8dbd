//! `surmise bench run`: makes the runs of an experiment, and writes their page.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use std::{fs, io};

use indicatif::{ProgressBar, ProgressStyle};
use surmise_bench::boosting::Boosting;
use surmise_bench::decorators::Durations;
use surmise_bench::{
    Case, Comparison, Contender, Experiment, ExternalProblem, Parallelism, Retry, Run, RunsFile,
    Suite, TableColumns, TableProblem, default_tables_folder, page,
};

use super::arguments::{Only, Options};
use super::provenance::{BUILD_FILE, build_hash, provenance};
use super::variants;
use crate::output::{CommandError, InvalidInput, in_file, print_line, print_to_stderr};

pub(super) fn suite_by_name(suite: &str) -> Result<Suite, InvalidInput> {
    Suite::named(suite).map_err(|error| InvalidInput(error.to_string()))
}

/// Returns the selected problems of the suite; two suites also have boosted trees as a problem.
fn suite(options: &Options) -> Result<Suite, CommandError> {
    let has_own = !options.problem.is_empty() || !options.table.is_empty();
    let mut suite = match options.suite.as_deref() {
        None | Some("none") if has_own => Suite::new("own", []),
        None => Suite::smoke(),
        Some("real") => {
            let tables = options.tables.clone().unwrap_or_else(default_tables_folder);
            Suite::real(&tables).map_err(|error| InvalidInput(error.to_string()))?
        }
        Some(name) => suite_by_name(name)?,
    };
    if ["public", "mixed"].contains(&suite.name()) {
        suite.push(Boosting::case());
    }
    for case in own_cases(options)? {
        suite.push(case);
    }
    if let Some(only) = options.only {
        suite.retain_held_out(only == Only::HeldOut);
        if suite.cases().is_empty() {
            let message = format!("the suite {} has no such problems", suite.name());
            return Err(InvalidInput(message).into());
        }
    }
    if let Some(budget) = options.budget {
        suite = suite.with_budget(budget);
    }
    if !options.problems.is_empty() {
        check_texts(&options.problems, &suite)?;
        suite.retain_matching(&options.problems);
    }
    Ok(suite)
}

/// Checks that each text is in the name of a problem; a misspelled one would be ignored.
fn check_texts(texts: &[String], suite: &Suite) -> Result<(), InvalidInput> {
    let names: Vec<String> = suite.cases().iter().map(Case::name).collect();
    let is_unknown = |text: &&String| !names.iter().any(|name| name.contains(text.as_str()));
    match texts.iter().find(is_unknown) {
        None => Ok(()),
        Some(text) => Err(InvalidInput(format!(
            "no problem of the suite {} has a name with {text} in it: there are {}",
            suite.name(),
            names.join(", ")
        ))),
    }
}

/// Returns the problems of programs and of tables.
fn own_cases(options: &Options) -> Result<Vec<Case>, CommandError> {
    let invalid = |error: surmise::Error| InvalidInput(error.to_string());
    let mut cases = Vec::new();
    for (name, command) in &options.problem {
        let case = Case::new(ExternalProblem::start(name, command).map_err(invalid)?);
        cases.push(match options.random_samples {
            Some(samples) => case.with_random_samples(samples),
            None => case,
        });
    }
    for (name, file) in &options.table {
        let columns = TableColumns {
            value: options.value.clone().unwrap_or_default(),
            is_maximized: options.maximize,
            seconds: options.duration.clone(),
            ignored: options.ignore.clone(),
        };
        let table = TableProblem::from_csv(name, file.as_ref(), &columns).map_err(invalid)?;
        cases.push(table.into_case());
    }
    Ok(cases)
}

fn experiment(options: &Options) -> Result<Experiment, CommandError> {
    let mut contenders = Vec::new();
    for name in options.strategies.iter().filter(|name| *name != "none") {
        let contender = variants::contender(name);
        contenders.push(contender.ok_or_else(|| {
            let names = variants::names();
            InvalidInput(format!("unknown strategy {name:?}: use {names}"))
        })?);
    }
    let external = options.external.iter();
    contenders.extend(external.map(|(name, command)| Contender::external(name, command)));
    let parallelism = match (options.workers, options.lag, options.parallel) {
        (Some(workers), _, _) => Parallelism::Workers(workers),
        (None, Some(lag), _) => Parallelism::FixedLag(lag),
        (None, None, 1) => Parallelism::Sequential,
        (None, None, width) => Parallelism::Batches(width),
    };
    // The durations do not depend on the parallelism, so that simulated times can be compared.
    let durations = Durations::LogNormal { median: Duration::from_secs(1), log_std_dev: 0.5 };
    let invalid = |error: surmise::Error| InvalidInput(error.to_string());
    let experiment = Experiment::new(suite(options)?, contenders)
        .map_err(invalid)?
        .with_seed_range(options.seeds.clone())
        .with_parallelism(parallelism)
        .with_durations(durations)
        .with_charged_proposals(options.charge_proposals)
        .with_provenance(provenance());
    Ok(match options.shard {
        Some((number, count)) => experiment.with_shard(number, count).map_err(invalid)?,
        None => experiment,
    })
}

pub(super) fn run_all(options: &Options) -> Result<ExitCode, CommandError> {
    let experiment = experiment(options)?;
    let name = experiment.suite().name().to_owned();
    let default_folder = || PathBuf::from("target/benchmark");
    let out = options.out.clone().unwrap_or_else(|| default_folder().join(&name));
    let mut file = RunsFile::open(&out).map_err(|error| in_file(&out, error))?;
    check_build(&out, file.runs().is_empty(), options.mix_builds)?;
    check_data(&out, &experiment, file.runs())?;
    if !options.quiet {
        announce_random_samples(&experiment);
    }
    let retry = if options.retry { Retry::RunsWithErrors } else { Retry::Never };
    run_missing(&experiment, &mut file, retry, options.quiet)?;
    let comparison = Comparison::new(file.finish()?);
    let failed = comparison.runs_with_errors();
    let title = format!("Strategies compared: suite {name}");
    page::write(&out, &title, &comparison)?;
    print_line(page::summary(&title, &comparison))?;
    print_line(format!("The page with the pictures: {}", out.join("report.html").display()))?;
    if let Some((number, count)) = options.shard {
        print_line(format!(
            "This is shard {number} of {count}: `surmise bench merge` joins them."
        ))?;
    }
    Ok(status_of_failed_runs(failed))
}

/// Checks that existing runs of a problem have read the data that it reads now.
fn check_data(out: &Path, experiment: &Experiment, runs: &[Run]) -> Result<(), InvalidInput> {
    for case in experiment.suite().cases() {
        let (name, hash) = (case.name(), case.problem().data_hash());
        if runs.iter().any(|run| run.case_name() == name && run.data_hash != hash) {
            return Err(InvalidInput(format!(
                "{} contains runs of {name} with another table or program, or other options of it: \
                 choose another --out, or another name",
                out.display()
            )));
        }
    }
    Ok(())
}

/// Says how many evaluations tell what random search finds on problems of one's own.
fn announce_random_samples(experiment: &Experiment) {
    for case in experiment.suite().cases() {
        let samples = case.pending_random_samples();
        if samples > 0 {
            print_to_stderr(format_args!(
                "{samples} random configurations of {} are evaluated first: their regret is the \
                 unit of relative regret (--random-samples)",
                case.name()
            ));
        }
    }
}

/// Prints the number of failed runs, and returns the exit status.
fn status_of_failed_runs(failed: usize) -> ExitCode {
    if failed == 0 {
        return ExitCode::SUCCESS;
    }
    print_to_stderr(format_args!(
        "{failed} runs failed: see the table on reliability. Add --retry to make them again."
    ));
    ExitCode::FAILURE
}

/// Makes the runs that the file does not contain yet.
fn run_missing(
    experiment: &Experiment,
    file: &mut RunsFile,
    retry: Retry,
    quiet: bool,
) -> Result<(), CommandError> {
    let done = file.done(retry);
    let keys = experiment.keys();
    let bar = if quiet { ProgressBar::hidden() } else { progress_bar(keys.len()) };
    bar.inc(keys.iter().filter(|key| done.contains(key)).count() as u64);
    bar.reset_eta();
    let mut written = Ok(());
    experiment.run(&done, |run| {
        bar.set_message(format!("{} {} seed {}", run.case_name(), run.strategy, run.seed));
        bar.inc(1);
        written = file.append(run);
        if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    bar.finish_and_clear();
    Ok(written?)
}

pub(super) fn progress_bar(runs: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} runs, {elapsed} + {eta}, {msg}");
    ProgressBar::new(runs as u64).with_style(style.expect("the template is valid"))
}

/// Checks that the runs in a directory were made by this build of the program.
///
/// Another build may propose other points, so that its results must not be mixed with these.
fn check_build(out: &Path, is_empty: bool, mix_builds: bool) -> Result<(), CommandError> {
    let (path, build) = (out.join(BUILD_FILE), build_hash()? + "\n");
    let recorded = match fs::read_to_string(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        recorded => recorded.ok(),
    };
    if recorded.as_ref() != Some(&build) && !is_empty && !mix_builds {
        return Err(InvalidInput(format!(
            "{} contains runs of another or an unknown build of this program, which may have \
             proposed other points: choose another --out, or add --mix-builds to keep these runs",
            out.display()
        ))
        .into());
    }
    Ok(fs::write(path, build)?)
}
