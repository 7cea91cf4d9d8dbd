//! Runs in the form of IOHexperimenter 0.4, which IOHanalyzer and `iohinspector` read.
//!
//! ```text
//! STRATEGY/IOHprofiler_f3_hartmann6.json               the runs on a function, with best values
//! STRATEGY/data_f3_hartmann6/IOHprofiler_f3_DIM6.dat   evaluations and values, run by run
//! ```
//!
//! A function is a problem, its dimension is the number of parameters. The values are regrets
//! without noise, or values without noise if the optimum is unknown. A failed evaluation has the
//! worst value of its run.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;

use serde_json::json;

use super::name::file_name;
use crate::comparison::Comparison;
use crate::run::Run;

/// The version of IOHexperimenter whose form is written.
const VERSION: &str = "0.4.2";

/// Writes the runs of each strategy to a folder of its own.
pub(super) fn write(directory: &Path, comparison: &Comparison) -> io::Result<()> {
    let mut problems: Vec<&str> =
        comparison.cases().iter().map(|case| case.problem.as_str()).collect();
    problems.sort_unstable();
    problems.dedup();
    for (index, strategy) in comparison.strategies().iter().enumerate() {
        let folder = directory.join(format!("{}-{}", index + 1, file_name(strategy)));
        for (number, problem) in problems.iter().enumerate() {
            let runs: Vec<&Run> =
                comparison.runs_of(index).filter(|run| run.problem == *problem).collect();
            if !runs.is_empty() {
                write_function(&folder, (number + 1, problem), strategy, &runs)?;
            }
        }
    }
    Ok(())
}

fn write_function(
    folder: &Path,
    (number, problem): (usize, &str),
    strategy: &str,
    runs: &[&Run],
) -> io::Result<()> {
    let name = file_name(problem);
    let data_folder = format!("data_f{number}_{name}");
    fs::create_dir_all(folder.join(&data_folder))?;
    let mut by_dimension: BTreeMap<usize, Vec<&Run>> = BTreeMap::new();
    for run in runs.iter().filter(|run| !run.trials.is_empty()) {
        let dimension = run.trials[0].configuration.iter().count();
        by_dimension.entry(dimension).or_default().push(run);
    }
    let mut scenarios = Vec::new();
    for (dimension, runs) in by_dimension {
        let path = format!("{data_folder}/IOHprofiler_f{number}_DIM{dimension}.dat");
        let mut data = String::new();
        let mut records = Vec::new();
        for run in runs {
            data.push_str("evaluations raw_y\n");
            let values = values(run);
            for (count, value) in values.iter().enumerate() {
                data.push_str(&format!("{} {value:?}\n", count + 1));
            }
            let best = values.iter().enumerate().min_by(|a, b| a.1.total_cmp(b.1));
            let (evals, y) = best.map_or((0, f64::NAN), |(index, value)| (index + 1, *value));
            records.push(json!({
                "instance": run.instance,
                "evals": values.len(),
                "best": { "evals": evals, "y": y, "x": [] },
            }));
        }
        fs::write(folder.join(&path), data)?;
        scenarios.push(json!({ "dimension": dimension, "path": path, "runs": records }));
    }
    let function = json!({
        "version": VERSION,
        "suite": "surmise",
        "function_id": number,
        "function_name": name,
        "maximization": false,
        "algorithm": { "name": strategy, "info": "surmise bench" },
        "attributes": ["evaluations", "raw_y"],
        "scenarios": scenarios,
    });
    let text = serde_json::to_string_pretty(&function)?;
    fs::write(folder.join(format!("IOHprofiler_f{number}_{name}.json")), text)
}

/// Returns the regret of each evaluation, or its noiseless value if the optimum is unknown.
fn values(run: &Run) -> Vec<f64> {
    let optimum = run.optimum.unwrap_or(0.0);
    let ended = run.ended_trials();
    let known = ended.iter().filter_map(|(_, trial)| trial.noiseless);
    let worst = known.fold(f64::MIN, f64::max);
    ended.iter().map(|(_, trial)| trial.noiseless.unwrap_or(worst) - optimum).collect()
}
