//! `surmise import`: adds results from a CSV file or from Optuna to a study.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use surmise::journal::Journal;
use surmise::{
    Configuration, Failure, FailureKind, Outcome, ParameterRange, ParameterValue, Study,
};

use super::file::{journal_file, open_journal, open_study};
use super::optuna;
use crate::output::{CommandError, InvalidInput, exit_code, print_line};
use crate::study::{StudyBase, StudyOptions, parse_value};

#[derive(Debug, Args)]
pub(crate) struct ImportOptions {
    /// The name of the study, or its journal file. The study is created if it does not exist and
    /// ranges and a metric are given; a journal file of Optuna contains its ranges.
    name: String,
    /// A CSV file with a column for each parameter and one for the metric, or a journal file of
    /// Optuna.
    file: PathBuf,
    #[command(flatten)]
    study: StudyOptions,
    /// Read the file as a journal file of Optuna.
    #[arg(long)]
    optuna_journal: bool,
    /// The name of the study in Optuna's file, if it has several.
    #[arg(long, value_name = "NAME", requires = "optuna_journal")]
    optuna_study: Option<String>,
}

/// A result, and its position in the file.
struct ImportedResult {
    position: String,
    configuration: Configuration,
    outcome: Outcome,
}

pub(crate) fn import(options: &ImportOptions) -> ExitCode {
    exit_code(try_import(options).map(|()| ExitCode::SUCCESS))
}

fn try_import(options: &ImportOptions) -> Result<(), CommandError> {
    let file = options.file.display();
    let text = std::fs::read_to_string(&options.file)
        .map_err(|error| InvalidInput(format!("{file}: {error}")))?;
    let optuna = match options.optuna_journal {
        true => Some(optuna::read(&text, options.optuna_study.as_deref())?),
        false => None,
    };
    let path = journal_file(&options.name);
    let (mut study, mut journal) = if path.exists() && options.study.is_empty() {
        open_journal(&path, |path| Ok(Journal::open(path)?))?
    } else {
        open_study(&path, &options.study, || match &optuna {
            Some(optuna) => {
                let space = match options.study.set.is_empty() {
                    true => optuna.space(),
                    false => options.study.space(),
                };
                let objective = options.study.objective();
                Ok(StudyBase::new(space?, objective.unwrap_or_else(|| optuna.objective())))
            }
            None => options.study.base(),
        })?
    };
    if let Some(optuna) = optuna.as_ref().filter(|optuna| optuna.goal != study.objective().goal) {
        let (optuna_goal, goal) = (optuna.goal, study.objective().goal);
        return Err(InvalidInput(format!(
            "the goals differ: Optuna's study has {optuna_goal:?}, and this study has {goal:?}"
        ))
        .into());
    }
    let results = match optuna {
        Some(optuna) => optuna_results(optuna),
        None => csv_results(&study, &text)?,
    };
    import_new(&mut study, results, &mut journal, &path.display().to_string())
}

/// The configuration of a result, and the bits of its value unless it failed.
type ResultKey = (String, Option<u64>);

fn result_key(configuration: &Configuration, outcome: &Outcome) -> ResultKey {
    (configuration.to_string(), outcome.value().map(f64::to_bits))
}

/// Adds the results that the study does not contain yet.
fn import_new(
    study: &mut Study,
    results: Vec<ImportedResult>,
    journal: &mut Journal,
    name: &str,
) -> Result<(), CommandError> {
    let mut existing: HashMap<ResultKey, usize> = HashMap::new();
    for trial in study.trials() {
        if let Some(outcome) = &trial.outcome {
            *existing.entry(result_key(&trial.configuration, outcome)).or_default() += 1;
        }
    }
    let (mut imported_count, mut existing_count, mut rejected) = (0, 0, Vec::new());
    for ImportedResult { position, configuration, outcome } in results {
        let normalized = study.space().normalize(&configuration).unwrap_or(configuration);
        if let Some(count) =
            existing.get_mut(&result_key(&normalized, &outcome)).filter(|count| **count > 0)
        {
            *count -= 1;
            existing_count += 1;
            continue;
        }
        match study.add_observation(&normalized, outcome) {
            Ok(_) => imported_count += 1,
            Err(error) => {
                rejected.push(format!("{position}: {}", error.to_string().replace('\n', "; ")));
            }
        }
    }
    journal.write(study)?;
    print_line(format_args!(
        "{imported_count} results imported into {name}; {existing_count} were already in it"
    ))?;
    for line in &rejected {
        print_line(format_args!("skipped: {line}"))?;
    }
    if imported_count + existing_count == 0 { Err("nothing was imported".into()) } else { Ok(()) }
}

fn failed_outcome(reason: &str) -> Outcome {
    Outcome::Failed(Failure::new(FailureKind::Error, reason))
}

fn optuna_results(optuna: optuna::OptunaStudy) -> Vec<ImportedResult> {
    let to_result = |trial: optuna::OptunaTrial| ImportedResult {
        position: format!("trial {}", trial.number),
        configuration: trial.values.into_iter().collect(),
        outcome: match trial.value {
            Some(value) if !trial.has_failed => Outcome::from(value),
            _ => failed_outcome("the trial failed in Optuna"),
        },
    };
    optuna.trials.into_iter().map(to_result).collect()
}

/// Reads the results in a CSV file.
///
/// A row without a value is a failed trial. Rows with the `state` `running`, `waiting` or `stopped`
/// are skipped. Columns of neither a parameter nor the metric are ignored, except `state` and
/// `failure`.
fn csv_results(study: &Study, text: &str) -> Result<Vec<ImportedResult>, CommandError> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let unreadable = |error: csv::Error| InvalidInput(error.to_string());
    let header = reader.headers().map_err(unreadable)?.clone();
    let column = |name: &str| header.iter().position(|column| column == name);
    let ranges = study.space().ranges();
    let metric = &study.objective().metric_name;
    let names = ranges.iter().map(ParameterRange::name).chain([metric.as_str()]);
    let missing: Vec<&str> = names.filter(|name| column(name).is_none()).collect();
    if !missing.is_empty() {
        let found: Vec<&str> = header.iter().collect();
        let (missing, found) = (missing.join(", "), found.join(", "));
        return Err(InvalidInput(format!(
            "the file has no column {missing}; its columns are {found}"
        ))
        .into());
    }
    let mut results = Vec::new();
    let mut errors = Vec::new();
    let mut ignored = Vec::new();
    for (number, row) in reader.records().enumerate() {
        let row = row.map_err(unreadable)?;
        let position = format!("row {}", number + 1);
        let field =
            |name: &str| column(name).and_then(|column| row.get(column)).unwrap_or_default();
        let value = |range: &ParameterRange| -> Result<(String, ParameterValue), String> {
            let name = range.name();
            parse_value(range, field(name))
                .map(|value| (name.to_owned(), value))
                .map_err(|reason| format!("{position}, {name}: {reason}"))
        };
        // An export has such rows for trials without a final value.
        let state = field("state");
        if matches!(state, "running" | "waiting" | "stopped") {
            ignored.push(format!("{position}: the trial is {state}"));
            continue;
        }
        let outcome = match field(metric) {
            _ if state == "failed" => Ok(failed_outcome(match field("failure") {
                "" => "the trial failed",
                reason => reason,
            })),
            "" => Ok(failed_outcome("the row has no value")),
            text => text
                .parse::<f64>()
                .map(Outcome::from)
                .map_err(|_| format!("{position}, {metric}: `{text}` is not a number")),
        };
        let values: Result<Configuration, String> = ranges.iter().map(value).collect();
        match (values, outcome) {
            (Ok(configuration), Ok(outcome)) => {
                results.push(ImportedResult { position, configuration, outcome });
            }
            (values, outcome) => errors.extend([values.err(), outcome.err()].into_iter().flatten()),
        }
    }
    for text in ignored {
        print_line(format_args!("skipped: {text}"))?;
    }
    if errors.is_empty() { Ok(results) } else { Err(InvalidInput(errors.join("\n")).into()) }
}
