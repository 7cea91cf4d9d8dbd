//! `surmise bench check`: the regression check.

use std::collections::HashSet;
use std::fs;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;

use indicatif::ProgressBar;
use surmise::BayesianOptimization;
use surmise_bench::{
    BaselineScores, Contender, Experiment, Run, Suite, checked_table_cases, default_tables_folder,
};

use super::arguments::CheckOptions;
use super::run::progress_bar;
use crate::output::{CommandError, InvalidInput, in_file, print_line};

/// Number of seeds in the regression check.
const CHECKED_SEEDS: u64 = 20;

/// Checks whether the default strategy is as good as when the baseline and the anchor were written.
pub(super) fn check(options: &CheckOptions) -> Result<ExitCode, CommandError> {
    // Errors in the files are reported before the runs are made.
    let mut references: Vec<(&str, &Path, BaselineScores)> = Vec::new();
    if let Some(anchor) = &options.anchor {
        references.push(("the anchor", anchor, read_scores(anchor)?));
    }
    if !options.write {
        let scores = read_scores(&options.baseline)?;
        references.push(("the baseline", &options.baseline, scores));
    }
    let scores = scores(options)?;
    let mut has_regression = false;
    for (what, path, reference) in references {
        let report = scores.compare_with(&reference).map_err(|error| in_file(path, error))?;
        print_line(format!("Compared with {what}. {report}\n"))?;
        has_regression |= report.has_regression();
    }
    if options.write {
        fs::write(&options.baseline, serde_json::to_string_pretty(&scores)? + "\n")?;
        print_line(format!("Written: {}", options.baseline.display()))?;
    }
    Ok(if has_regression { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Runs the default strategy on the suite smoke and three tables.
fn scores(options: &CheckOptions) -> Result<BaselineScores, CommandError> {
    let tables = options.tables.clone().unwrap_or_else(default_tables_folder);
    let mut suite = Suite::smoke();
    let cases = checked_table_cases(&tables).map_err(|error| InvalidInput(error.to_string()))?;
    cases.into_iter().for_each(|case| suite.push(case));
    let bayesian = Contender::new("bayesian", BayesianOptimization::default);
    let experiment = Experiment::new(suite, [bayesian])?.with_seeds(CHECKED_SEEDS);
    let keys = experiment.keys();
    let bar = if options.quiet { ProgressBar::hidden() } else { progress_bar(keys.len()) };
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
    Ok(BaselineScores::from_runs(&runs))
}

fn read_scores(path: &Path) -> Result<BaselineScores, InvalidInput> {
    let text = fs::read_to_string(path).map_err(|error| in_file(path, error))?;
    serde_json::from_str(&text)
        .map_err(|error| in_file(path, format!("this is not a baseline: {error}")))
}
