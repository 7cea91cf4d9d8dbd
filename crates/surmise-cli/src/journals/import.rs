//! `surmise import`: results from elsewhere as observations of a study.

use std::collections::HashMap;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use surmise::journal::Journal;
use surmise::{
    Configuration, Failure as TrialFailure, FailureKind, Outcome, ParameterRange, ParameterValue,
    Study,
};

use super::file::{journal_file, open, open_study};
use super::optuna;
use crate::output::{Failure, Unreadable, ended, say};
use crate::study::{StudyBase, StudyOptions, parse_value};

#[derive(Debug, Args)]
pub(crate) struct ImportOptions {
    /// The study: its name, or its journal's file. It is created if it is not there and ranges and a metric are given; of a journal of Optuna the ranges are known.
    name: String,
    /// CSV with a column for each parameter and one for the metric; or a journal file of Optuna.
    file: PathBuf,
    #[command(flatten)]
    study: StudyOptions,
    /// The file is a journal file of Optuna.
    #[arg(long)]
    optuna_journal: bool,
    /// Which of Optuna's studies, if the file has several.
    #[arg(long, value_name = "NAME", requires = "optuna_journal")]
    optuna_study: Option<String>,
}

/// A result and where it stands in the file.
struct KnownResult {
    place: String,
    configuration: Configuration,
    outcome: Outcome,
}

pub(crate) fn import(options: &ImportOptions) -> ExitCode {
    ended(try_import(options).map(|()| ExitCode::SUCCESS))
}

fn try_import(options: &ImportOptions) -> Result<(), Failure> {
    let file = options.file.display();
    let text = std::fs::read_to_string(&options.file)
        .map_err(|error| Unreadable(format!("{file}: {error}")))?;
    let optuna = match options.optuna_journal {
        true => Some(optuna::read(&text, options.optuna_study.as_deref())?),
        false => None,
    };
    let path = journal_file(&options.name);
    let (mut study, mut journal) = if path.exists() && options.study.is_empty() {
        open(&path, |path| Ok(Journal::open(path)?))?
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
        let (theirs, own) = (optuna.goal, study.objective().goal);
        return Err(Unreadable(format!(
            "Optuna's study has another goal: {theirs:?}, and this one {own:?}"
        ))
        .into());
    }
    let known = match optuna {
        Some(optuna) => of_optuna(optuna),
        None => of_csv(&study, &text)?,
    };
    observe_new(&mut study, known, &mut journal, &path.display().to_string())
}

/// A result for comparison: its value, or nothing if it failed.
type ResultKey = (String, Option<u64>);

fn result_key(configuration: &Configuration, outcome: &Outcome) -> ResultKey {
    (configuration.to_string(), outcome.value().map(f64::to_bits))
}

/// Takes in what the study does not know yet.
fn observe_new(
    study: &mut Study,
    known: Vec<KnownResult>,
    journal: &mut Journal,
    name: &str,
) -> Result<(), Failure> {
    let mut before: HashMap<ResultKey, usize> = HashMap::new();
    for trial in study.trials() {
        if let Some(outcome) = &trial.outcome {
            *before.entry(result_key(&trial.configuration, outcome)).or_default() += 1;
        }
    }
    let (mut taken, mut known_before, mut refused) = (0, 0, Vec::new());
    for KnownResult { place, configuration, outcome } in known {
        let normal = study.space().normalize(&configuration).unwrap_or(configuration);
        if let Some(count) =
            before.get_mut(&result_key(&normal, &outcome)).filter(|count| **count > 0)
        {
            *count -= 1;
            known_before += 1;
            continue;
        }
        match study.observe(&normal, outcome) {
            Ok(_) => taken += 1,
            Err(error) => {
                refused.push(format!("{place}: {}", error.to_string().replace('\n', "; ")));
            }
        }
    }
    journal.write(study)?;
    say(format_args!("{taken} results imported into {name}; {known_before} were there already"))?;
    for line in &refused {
        say(format_args!("left out: {line}"))?;
    }
    if taken + known_before == 0 { Err("nothing was imported".into()) } else { Ok(()) }
}

fn failed(reason: &str) -> Outcome {
    Outcome::Failed(TrialFailure::new(FailureKind::Error, reason))
}

fn of_optuna(optuna: optuna::OptunaStudy) -> Vec<KnownResult> {
    let known = |trial: optuna::OptunaTrial| KnownResult {
        place: format!("trial {}", trial.number),
        configuration: trial.values.into_iter().collect(),
        outcome: match trial.value {
            Some(value) if !trial.has_failed => Outcome::from(value),
            _ => failed("it failed under Optuna"),
        },
    };
    optuna.trials.into_iter().map(known).collect()
}

/// The rows of a CSV file. A row without a value has failed. Columns of neither a parameter nor the metric are passed over.
fn of_csv(study: &Study, text: &str) -> Result<Vec<KnownResult>, Failure> {
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let unreadable = |error: csv::Error| Unreadable(error.to_string());
    let head = reader.headers().map_err(unreadable)?.clone();
    let column = |name: &str| head.iter().position(|own| own == name);
    let ranges = study.space().ranges();
    let metric = &study.objective().metric_name;
    let names = ranges.iter().map(ParameterRange::name).chain([metric.as_str()]);
    let missing: Vec<&str> = names.filter(|name| column(name).is_none()).collect();
    if !missing.is_empty() {
        let found: Vec<&str> = head.iter().collect();
        let (missing, found) = (missing.join(", "), found.join(", "));
        return Err(Unreadable(format!(
            "the file has no column {missing}; its columns are {found}"
        ))
        .into());
    }
    let mut known = Vec::new();
    let mut faults = Vec::new();
    let mut ignored = Vec::new();
    for (number, row) in reader.records().enumerate() {
        let row = row.map_err(unreadable)?;
        let place = format!("row {}", number + 1);
        let field =
            |name: &str| column(name).and_then(|column| row.get(column)).unwrap_or_default();
        let value = |range: &ParameterRange| -> Result<(String, ParameterValue), String> {
            let name = range.name();
            parse_value(range, field(name))
                .map(|value| (name.to_owned(), value))
                .map_err(|reason| format!("{place}, {name}: {reason}"))
        };
        // Of an export: what has not ended says nothing, and a stopped trial has no final value.
        let state = field("state");
        if matches!(state, "running" | "waiting" | "stopped") {
            ignored.push(format!("{place}: it is {state}"));
            continue;
        }
        let outcome = match field(metric) {
            _ if state == "failed" => Ok(failed(match field("failure") {
                "" => "it failed",
                reason => reason,
            })),
            "" => Ok(failed("it has no value")),
            text => text
                .parse::<f64>()
                .map(Outcome::from)
                .map_err(|_| format!("{place}, {metric}: `{text}` is no number")),
        };
        let values: Result<Configuration, String> = ranges.iter().map(value).collect();
        match (values, outcome) {
            (Ok(configuration), Ok(outcome)) => {
                known.push(KnownResult { place, configuration, outcome });
            }
            (values, outcome) => faults.extend([values.err(), outcome.err()].into_iter().flatten()),
        }
    }
    for text in ignored {
        say(format_args!("left out: {text}"))?;
    }
    if faults.is_empty() { Ok(known) } else { Err(Unreadable(faults.join("\n")).into()) }
}
