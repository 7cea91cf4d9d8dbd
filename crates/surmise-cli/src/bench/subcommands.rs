//! The subcommands of `surmise bench`.

use std::collections::{BTreeMap, HashSet};
use std::fmt::Display;
use std::fs;
use std::hash::{DefaultHasher, Hasher};
use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;
use surmise::BayesianOptimization;
use surmise_bench::boosting::Boosting;
use surmise_bench::decorators::Durations;
use surmise_bench::{
    BaselineScores, Case, Comparison, Contender, Experiment, Parallelism, RandomMeans, Run, RunKey,
    RunsFile, SUITES, Suite, page,
};

use super::arguments::Options;
use super::variants;
use crate::output::{CommandError, InvalidInput, print_line, print_to_stderr};

fn suite_by_name(suite: &str) -> Result<Suite, InvalidInput> {
    Suite::named(suite).map_err(|error| InvalidInput(error.to_string()))
}

/// Adds the path of a file to an error.
fn in_file(path: &Path, error: impl Display) -> InvalidInput {
    InvalidInput(format!("{}: {error}", path.display()))
}

/// Returns the selected problems of the suite; two suites also have boosted trees as a problem.
fn suite(options: &Options) -> Result<Suite, CommandError> {
    let mut suite = suite_by_name(&options.suite)?;
    if ["public", "mixed"].contains(&options.suite.as_str()) {
        suite.push(Boosting::case());
    }
    if !options.problems.is_empty() {
        suite.retain_matching(&options.problems);
        if suite.cases().is_empty() {
            let texts = options.problems.join(", ");
            let name = suite.name();
            let message = format!("no problem of the suite {name} has a name with {texts} in it");
            return Err(InvalidInput(message).into());
        }
    }
    Ok(suite)
}

fn experiment(options: &Options) -> Result<Experiment, CommandError> {
    let mut contenders = Vec::new();
    for name in &options.strategies {
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
    let experiment = Experiment::new(suite(options)?, contenders)?;
    Ok(experiment.with_seeds(options.seeds).with_parallelism(parallelism).with_durations(durations))
}

pub(super) fn run_all(options: &Options) -> Result<ExitCode, CommandError> {
    let experiment = experiment(options)?;
    let name = experiment.suite().name().to_owned();
    let default_folder = || PathBuf::from("target/benchmark");
    let out = options.out.clone().unwrap_or_else(|| default_folder().join(&name));
    let file = RunsFile::open(&out).map_err(|error| in_file(&out, error))?;
    check_build(&out, file.runs().is_empty(), options.mix_builds)?;
    let mut file = file.remove_runs_with_errors()?;
    run_missing(&experiment, &mut file, options.quiet)?;
    let runs = file.finish()?;
    let failed = runs.iter().filter(|run| run.error.is_some()).count();
    let comparison = Comparison::new(runs);
    let title = format!("Strategies compared: suite {name}");
    page::write(&out, &title, &comparison)?;
    print_line(page::summary(&title, &comparison))?;
    print_line(format!("The page with the pictures: {}", out.join("report.html").display()))?;
    Ok(status_of_failed_runs(failed))
}

/// Prints the number of failed runs, and returns the exit status.
fn status_of_failed_runs(failed: usize) -> ExitCode {
    if failed == 0 {
        return ExitCode::SUCCESS;
    }
    print_to_stderr(format_args!(
        "{failed} runs failed: see the table on reliability. Run the same command again to retry \
         them."
    ));
    ExitCode::FAILURE
}

/// Makes the runs that the file does not contain yet.
fn run_missing(
    experiment: &Experiment,
    file: &mut RunsFile,
    quiet: bool,
) -> Result<(), CommandError> {
    let done: HashSet<RunKey> = file.runs().iter().map(Run::key).collect();
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

fn progress_bar(runs: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} runs, {elapsed} + {eta}, {msg}");
    ProgressBar::new(runs as u64).with_style(style.expect("the template is valid"))
}

/// Checks that the runs in a directory were made by this build of the program.
///
/// Another build may propose other points, so that its results must not be mixed with these.
fn check_build(out: &Path, is_empty: bool, mix_builds: bool) -> Result<(), CommandError> {
    let mut hasher = DefaultHasher::new();
    hasher.write(&fs::read(std::env::current_exe()?)?);
    let (path, build) = (out.join("build"), format!("{:016x}\n", hasher.finish()));
    let recorded = match fs::read_to_string(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        recorded => recorded.ok(),
    };
    if recorded.as_ref() != Some(&build) && !is_empty && !mix_builds {
        return Err(format!(
            "{} contains runs of another or an unknown build of this program, which may have \
             proposed other points: choose another --out, or add --mix-builds to keep these runs",
            out.display()
        )
        .into());
    }
    Ok(fs::write(path, build)?)
}

/// Analyzes existing runs of one directory, or of several directories side by side.
pub(super) fn compare(
    directories: &[PathBuf],
    out: Option<&Path>,
) -> Result<ExitCode, CommandError> {
    let mut runs = Vec::new();
    for directory in directories {
        if directory.is_file() {
            return Err(in_file(
                directory,
                "this is a file: give the directory that contains the runs",
            )
            .into());
        }
        let directory_runs =
            RunsFile::read(directory).map_err(|error| in_file(directory, error))?;
        let has_several = directories.len() > 1;
        let name = directory.display();
        runs.extend(directory_runs.into_iter().map(|run| match has_several {
            true => Run { strategy: format!("{} of {name}", run.strategy), ..run },
            false => run,
        }));
    }
    let comparison = Comparison::new(runs);
    let title = "Strategies compared";
    print_line(page::summary(title, &comparison))?;
    if let Some(out) = out {
        page::write(out, title, &comparison)?;
        print_line(format!("The page with the pictures: {}", out.join("report.html").display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Number of seeds in the regression check.
const CHECKED_SEEDS: u64 = 20;

/// Checks whether the default strategy is as good as when the baseline was written.
pub(super) fn check(baseline: &Path, write: bool, quiet: bool) -> Result<ExitCode, CommandError> {
    // Errors in the baseline are reported before the runs are made.
    let old_scores = if write { None } else { Some(read_baseline(baseline)?) };
    let bayesian = Contender::new("bayesian", BayesianOptimization::default);
    let experiment = Experiment::new(Suite::smoke(), [bayesian])?.with_seeds(CHECKED_SEEDS);
    let keys = experiment.keys();
    let bar = if quiet { ProgressBar::hidden() } else { progress_bar(keys.len()) };
    let mut runs = Vec::new();
    experiment.run(&HashSet::new(), |run| {
        bar.inc(1);
        runs.push(run);
        ControlFlow::Continue(())
    });
    bar.finish_and_clear();
    runs.sort_by_key(Run::key);
    if let Some(run) = runs.iter().find(|run| run.error.is_some() || run.violations > 0) {
        let reason = run.error.as_deref().unwrap_or("a contract violation");
        return Err(format!("{}, seed {}: {reason}", run.case_name(), run.seed).into());
    }
    let scores = BaselineScores::from_runs(&runs);
    let Some(old_scores) = old_scores else {
        fs::write(baseline, serde_json::to_string_pretty(&scores)? + "\n")?;
        print_line(format!("Written: {}", baseline.display()))?;
        return Ok(ExitCode::SUCCESS);
    };
    let report = scores.compare_with(&old_scores).map_err(|error| in_file(baseline, error))?;
    print_line(report.to_string())?;
    Ok(if report.has_regression() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn read_baseline(path: &Path) -> Result<BaselineScores, InvalidInput> {
    let text = fs::read_to_string(path).map_err(|error| in_file(path, error))?;
    serde_json::from_str(&text)
        .map_err(|error| in_file(path, format!("this is not a baseline: {error}")))
}

/// Prints the mean results of random search on all cases, or on the named ones.
///
/// The case `boosting` is included only if it is named.
pub(super) fn random_means(problems: &[String]) -> Result<ExitCode, CommandError> {
    const SAMPLES: usize = 100_000;
    // Evaluations of real learners are slow, so they get fewer samples.
    const LEARNER_SAMPLES: usize = 10_000;
    let mut cases: BTreeMap<String, Case> = BTreeMap::new();
    for suite in SUITES {
        let suite_cases = Suite::named(suite)?.into_cases();
        cases.extend(suite_cases.into_iter().map(|case| (case.name(), case)));
    }
    if !problems.is_empty() {
        let boosting = Boosting::case();
        cases.insert(boosting.name(), boosting);
        cases.retain(|name, _| problems.iter().any(|text| name.contains(text.as_str())));
    }
    if cases.is_empty() {
        let texts = problems.join(", ");
        return Err(InvalidInput(format!("no problem has a name with {texts} in it")).into());
    }
    let estimate = |(name, case): (String, Case)| {
        let is_learner = ["network", "boosting"].contains(&case.problem().name());
        let samples = if is_learner { LEARNER_SAMPLES } else { SAMPLES };
        RandomMeans::estimate(case.problem(), samples, 1).map(|means| (name, means))
    };
    let means: Option<BTreeMap<String, RandomMeans>> =
        cases.into_par_iter().map(estimate).collect();
    let lines: Vec<String> = means
        .ok_or("no evaluation of a problem returned a value")?
        .iter()
        .map(|(name, means)| Ok(format!(" {name:?}: {}", serde_json::to_string(means)?)))
        .collect::<Result<_, serde_json::Error>>()?;
    print_line(format!("{{\n{}\n}}", lines.join(",\n")))?;
    Ok(ExitCode::SUCCESS)
}
