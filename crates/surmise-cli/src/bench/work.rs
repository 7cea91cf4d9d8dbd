//! What the subcommands of `surmise bench` do.

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
    Case, Comparison, Contender, Experiment, Parallelism, RandomMeans, Regression, Run, RunKey,
    RunsFile, SUITES, Suite, page,
};

use super::arguments::Options;
use super::variants;
use crate::output::{Failure, Unreadable, say, say_aside};

fn named(suite: &str) -> Result<Suite, Unreadable> {
    Suite::named(suite).map_err(|error| Unreadable(error.to_string()))
}

/// An error with the file that it is about.
fn about(path: &Path, error: impl Display) -> Unreadable {
    Unreadable(format!("{}: {error}", path.display()))
}

/// The suite of this name, with the learner of boosted trees.
fn suite(options: &Options) -> Result<Suite, Failure> {
    let mut suite = named(&options.suite)?;
    if ["public", "mixed"].contains(&options.suite.as_str()) {
        suite.push(Boosting::case());
    }
    if !options.problems.is_empty() {
        suite.keep(&options.problems);
        if suite.cases().is_empty() {
            let wanted = options.problems.join(", ");
            let none = format!("no problem of suite {} is called {wanted}", suite.name());
            return Err(Unreadable(none).into());
        }
    }
    Ok(suite)
}

fn experiment(options: &Options) -> Result<Experiment, Failure> {
    let mut contenders = Vec::new();
    for name in &options.strategies {
        let contender = variants::contender(name);
        contenders.push(contender.ok_or_else(|| {
            let names = variants::names();
            Unreadable(format!("unknown strategy {name:?}; known are {names}"))
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
    // The same however trials are handed out, so that virtual times can be compared.
    let durations = Durations::LogNormal { median: Duration::from_secs(1), deviation: 0.5 };
    let experiment = Experiment::new(suite(options)?, contenders)?;
    Ok(experiment.with_seeds(options.seeds).with_parallelism(parallelism).with_durations(durations))
}

pub(super) fn run_all(options: &Options) -> Result<ExitCode, Failure> {
    let experiment = experiment(options)?;
    let name = experiment.suite().name().to_owned();
    let target = || PathBuf::from("target/benchmark");
    let out = options.out.clone().unwrap_or_else(|| target().join(&name));
    let file = RunsFile::open(&out).map_err(|error| about(&out, error))?;
    claim(&out, file.runs().is_empty(), options.mix_builds)?;
    let mut file = file.forget_broken()?;
    make(&experiment, &mut file, options.quiet)?;
    let runs = file.finish()?;
    let broken = runs.iter().filter(|run| run.error.is_some()).count();
    let comparison = Comparison::new(runs);
    let title = format!("Strategies compared: suite {name}");
    page::write(&out, &title, &comparison)?;
    say(page::summary(&title, &comparison))?;
    say(format!("The page with the pictures: {}", out.join("report.html").display()))?;
    Ok(exit_code(broken))
}

/// Runs that broke off are counted, not dropped; but whoever asked is told.
fn exit_code(broken: usize) -> ExitCode {
    if broken == 0 {
        return ExitCode::SUCCESS;
    }
    say_aside(format_args!(
        "{broken} runs broke off: see the table on reliability. Run again, they are tried again."
    ));
    ExitCode::FAILURE
}

/// Makes what is not in the file yet.
fn make(experiment: &Experiment, file: &mut RunsFile, quiet: bool) -> Result<(), Failure> {
    let done: HashSet<RunKey> = file.runs().iter().map(Run::key).collect();
    let keys = experiment.keys();
    let bar = if quiet { ProgressBar::hidden() } else { progress_bar(keys.len()) };
    bar.inc(keys.iter().filter(|key| done.contains(key)).count() as u64);
    bar.reset_eta();
    let mut written = Ok(());
    experiment.run(&done, |run| {
        bar.set_message(format!("{} {} seed {}", run.case(), run.strategy, run.seed));
        bar.inc(1);
        written = file.append(run);
        if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    bar.finish_and_clear();
    Ok(written?)
}

fn progress_bar(runs: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:30} {pos}/{len} runs, {elapsed} + {eta}, {msg}");
    ProgressBar::new(runs as u64).with_style(style.expect("a sound template"))
}

/// A directory holds the runs of one build of this program: results of another one are not to be passed off as its own.
fn claim(out: &Path, is_empty: bool, mix_builds: bool) -> Result<(), Failure> {
    let mut hasher = DefaultHasher::new();
    hasher.write(&fs::read(std::env::current_exe()?)?);
    let (path, build) = (out.join("build"), format!("{:016x}\n", hasher.finish()));
    let known = match fs::read_to_string(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        known => known.ok(),
    };
    if known.as_ref() != Some(&build) && !is_empty && !mix_builds {
        return Err(format!(
            "{} holds runs of another build of this program, or does not say of which; they may have proposed other points: choose another \
             --out, or add --mix-builds to keep them",
            out.display()
        )
        .into());
    }
    Ok(fs::write(path, build)?)
}

/// Analyses runs that are there, of one directory or of several side by side.
pub(super) fn compare(directories: &[PathBuf], out: Option<&Path>) -> Result<ExitCode, Failure> {
    let mut runs = Vec::new();
    for directory in directories {
        if directory.is_file() {
            return Err(
                about(directory, "it is a file; give the directory of runs that it is in").into()
            );
        }
        let here = RunsFile::read(directory).map_err(|error| about(directory, error))?;
        let several = directories.len() > 1;
        let name = directory.display();
        runs.extend(here.into_iter().map(|run| match several {
            true => Run { strategy: format!("{} of {name}", run.strategy), ..run },
            false => run,
        }));
    }
    let comparison = Comparison::new(runs);
    let title = "Strategies compared";
    say(page::summary(title, &comparison))?;
    if let Some(out) = out {
        page::write(out, title, &comparison)?;
        say(format!("The page with the pictures: {}", out.join("report.html").display()))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Repetitions of the regression check.
const CHECKED_SEEDS: u64 = 20;

/// Is the default strategy as good as when the baseline was written?
pub(super) fn check(baseline: &Path, write: bool, quiet: bool) -> Result<ExitCode, Failure> {
    // Before a minute is spent on what it is compared with.
    let before = if write { None } else { Some(read_baseline(baseline)?) };
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
        let reason = run.error.as_deref().unwrap_or("a violation");
        return Err(format!("{}, seed {}: {reason}", run.case(), run.seed).into());
    }
    let now = Regression::of(&runs);
    let Some(before) = before else {
        fs::write(baseline, serde_json::to_string_pretty(&now)? + "\n")?;
        say(format!("Written: {}", baseline.display()))?;
        return Ok(ExitCode::SUCCESS);
    };
    let findings = now.against(&before).map_err(|error| about(baseline, error))?;
    say(findings.to_string())?;
    Ok(if findings.is_loss() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

fn read_baseline(path: &Path) -> Result<Regression, Unreadable> {
    let text = fs::read_to_string(path).map_err(|error| about(path, error))?;
    serde_json::from_str(&text).map_err(|error| about(path, format!("no baseline: {error}")))
}

/// What random search reaches, to be committed: of all cases of the crate, or of those that are named (`boosting` among them).
pub(super) fn random_means(problems: &[String]) -> Result<ExitCode, Failure> {
    const SAMPLES: usize = 100_000;
    // Real learners take their time.
    const OF_LEARNERS: usize = 10_000;
    let mut cases: BTreeMap<String, Case> = BTreeMap::new();
    for suite in SUITES {
        let shipped = Suite::named(suite)?.into_cases();
        cases.extend(shipped.into_iter().map(|case| (case.name(), case)));
    }
    if !problems.is_empty() {
        let boosting = Boosting::case();
        cases.insert(boosting.name(), boosting);
        cases.retain(|name, _| problems.iter().any(|text| name.contains(text.as_str())));
    }
    if cases.is_empty() {
        let wanted = problems.join(", ");
        return Err(Unreadable(format!("no problem is called {wanted}")).into());
    }
    let estimate = |(name, case): (String, Case)| {
        let is_learner = ["network", "boosting"].contains(&case.problem().name());
        let samples = if is_learner { OF_LEARNERS } else { SAMPLES };
        RandomMeans::estimate(case.problem(), samples, 1).map(|means| (name, means))
    };
    let means: Option<BTreeMap<String, RandomMeans>> =
        cases.into_par_iter().map(estimate).collect();
    let lines: Vec<String> = means
        .ok_or("no evaluation gives a value")?
        .iter()
        .map(|(name, means)| Ok(format!(" {name:?}: {}", serde_json::to_string(means)?)))
        .collect::<Result<_, serde_json::Error>>()?;
    say(format!("{{\n{}\n}}", lines.join(",\n")))?;
    Ok(ExitCode::SUCCESS)
}
