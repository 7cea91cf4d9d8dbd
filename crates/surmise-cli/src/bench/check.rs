//! `surmise bench check`: the regression check.

use std::collections::HashSet;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;

use indicatif::ProgressBar;
use surmise::BayesianOptimization;
use surmise_bench::{BaselineScores, Contender, Experiment, Run, Suite};

use super::run::progress_bar;
use crate::output::{CommandError, InvalidInput, in_file, print_line};

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
