//! A study as a TOML file, with the names of the options as keys.

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use indexmap::IndexMap;
use serde::Deserialize;
use surmise::{ParameterRange, ParameterValue};
use toml::{Spanned, Value};

use super::arguments::{MetricOf, Pass, TuneOptions, parse_early_stopping};
use crate::study::{Fault, FaultyText, StrategyName, parse_duration, parse_range};

#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
struct StudyFile {
    set: IndexMap<String, Spanned<Value>>,
    minimize: Option<String>,
    maximize: Option<String>,
    jobs: Option<NonZeroUsize>,
    parallel: Option<NonZeroUsize>,
    seed: Option<u64>,
    strategy: Option<StrategyName>,
    max_runtime: Option<Spanned<Value>>,
    fixed_lag: bool,
    repeat: bool,
    start_from: Vec<String>,
    name: Option<String>,
    journal: Option<PathBuf>,
    pass: Option<Pass>,
    metric_regex: Option<String>,
    metric_file: Option<PathBuf>,
    metric_of: Option<MetricOf>,
    job_timeout: Option<Spanned<Value>>,
    retries: Option<u32>,
    early_stopping: Option<Spanned<String>>,
    target: Option<f64>,
    patience: Option<usize>,
    survive: bool,
    command: Vec<String>,
}

/// The options with what a file says where they say nothing.
///
/// # Errors
/// Everything that is wrong with the file, with line and column.
pub(crate) fn with_file(
    mut options: TuneOptions,
    path: &Path,
    text: &str,
) -> Result<TuneOptions, Vec<FaultyText>> {
    let origin = path.display().to_string();
    let faulty =
        |faults| vec![FaultyText { origin: origin.clone(), text: text.to_owned(), faults }];
    let file: StudyFile = toml::from_str(text).map_err(|error| {
        let place = error.span().unwrap_or(0..0);
        let message = error.message().to_owned();
        faulty(vec![Fault { place, message, remedy: String::new() }])
    })?;
    let mut faults = Vec::new();
    let study = &mut options.study;
    study.ranges =
        file.set.iter().filter_map(|(name, value)| range(name, value, &mut faults)).collect();
    if study.objective().is_none() {
        (study.minimize, study.maximize) = (file.minimize, file.maximize);
    }
    study.jobs = study.jobs.or(file.jobs);
    study.parallel = study.parallel.or(file.parallel);
    study.seed = study.seed.or(file.seed);
    study.strategy = study.strategy.or(file.strategy);
    study.max_runtime = study.max_runtime.or(time(file.max_runtime, &mut faults));
    study.fixed_lag |= file.fixed_lag;
    study.repeat |= file.repeat;
    if study.start_from.is_empty() {
        study.start_from = file.start_from;
    }
    options.name = options.name.or(file.name);
    options.journal = options.journal.or(file.journal);
    options.pass = options.pass.or(file.pass);
    if options.metric_regex.is_none() && options.metric_file.is_none() {
        (options.metric_regex, options.metric_file) = (file.metric_regex, file.metric_file);
    }
    options.metric_of = options.metric_of.or(file.metric_of);
    options.job_timeout = options.job_timeout.or(time(file.job_timeout, &mut faults));
    options.retries = options.retries.or(file.retries);
    if let Some(rule) = file.early_stopping.filter(|_| options.early_stopping.is_none()) {
        match parse_early_stopping(rule.get_ref()) {
            Ok(rule) => options.early_stopping = Some(rule),
            Err(remedy) => {
                let message = "this is no rule of early stopping".to_owned();
                faults.push(Fault { place: rule.span(), message, remedy });
            }
        }
    }
    options.target = options.target.or(file.target);
    options.patience = options.patience.or(file.patience);
    options.survive |= file.survive;
    if options.command.is_empty() {
        options.command = file.command.into_iter().map(OsString::from).collect();
    }
    if options.name.is_none() {
        options.name = path.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    }
    if faults.is_empty() { Ok(options) } else { Err(faulty(faults)) }
}

/// A range as text (`"1e-5..1 log"`), or choices as an array.
fn range(name: &str, value: &Spanned<Value>, faults: &mut Vec<Fault>) -> Option<ParameterRange> {
    let place = value.span();
    let range = match value.get_ref() {
        Value::String(text) => parse_range(name, text, 0).map_err(|found| {
            // Behind the quote, where the text has no escapes.
            let is_plain = place.len() == text.len() + 2;
            let moved = |fault: Fault| {
                let within = place.start + 1 + fault.place.start..place.start + 1 + fault.place.end;
                Fault { place: if is_plain { within } else { place.clone() }, ..fault }
            };
            found.into_iter().map(moved).collect::<Vec<_>>()
        }),
        Value::Array(values) => choices(name, values, &place),
        other => Err(vec![no_range(name, other, place)]),
    };
    range.map_err(|found| faults.extend(found)).ok()
}

fn no_range(name: &str, value: &Value, place: Range<usize>) -> Fault {
    let message = format!("`{name}` has no range, but {}", value.type_str());
    let remedy =
        "write \"LOW..HIGH\", such as \"1e-5..1 log\", or [\"a\", \"b\"] for choices".to_owned();
    Fault { place, message, remedy }
}

fn choices(
    name: &str,
    values: &[Value],
    place: &Range<usize>,
) -> Result<ParameterRange, Vec<Fault>> {
    let choice = |value: &Value| match value {
        Value::String(text) => Ok(ParameterValue::Category(text.clone())),
        Value::Integer(number) => Ok(ParameterValue::Integer(*number)),
        Value::Float(number) => Ok(ParameterValue::Float(*number)),
        Value::Boolean(boolean) => Ok(ParameterValue::Boolean(*boolean)),
        other => Err(vec![no_range(name, other, place.clone())]),
    };
    let values: Result<Vec<ParameterValue>, _> = values.iter().map(choice).collect();
    ParameterRange::categorical(name, values?).map_err(|error| {
        let (message, remedy) = (error.to_string(), String::new());
        vec![Fault { place: place.clone(), message, remedy }]
    })
}

/// A time as text (`"2h"`) or in seconds.
fn time(value: Option<Spanned<Value>>, faults: &mut Vec<Fault>) -> Option<Duration> {
    let value = value?;
    let text = match value.get_ref() {
        Value::String(text) => text.clone(),
        Value::Integer(seconds) => seconds.to_string(),
        Value::Float(seconds) => seconds.to_string(),
        other => other.type_str().to_owned(),
    };
    let fault = |message| Fault {
        place: value.span(),
        message,
        remedy: "write a time, such as \"90s\" or \"2h\"".to_owned(),
    };
    parse_duration(&text).map_err(|message| faults.push(fault(message))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::shown;

    #[test]
    fn a_file_says_what_options_do_not() {
        let text = r#"
            minimize = "loss"
            jobs = 12
            max-runtime = "2h"
            early-stopping = "median"
            command = ["python", "train.py"]
            [set]
            lr = "1e-5..1 log"
            opt = ["adam", "sgd"]
            size = [8, 16]
        "#;
        let options = TuneOptions { patience: Some(3), ..Default::default() };
        let options = with_file(options, Path::new("a/study.toml"), text).unwrap();
        assert_eq!(options.study.names(), ["lr", "opt", "size"]);
        assert_eq!(options.study.max_runtime, Some(Duration::from_secs(7200)));
        assert_eq!((options.patience, options.name.as_deref()), (Some(3), Some("study")));
        assert_eq!(options.command, ["python", "train.py"]);
        let mut given = TuneOptions::default();
        given.study.maximize = Some("accuracy".to_owned());
        let given = with_file(given, Path::new("study.toml"), text).unwrap();
        assert_eq!(given.study.minimize, None);
    }

    #[test]
    fn what_is_wrong_is_said_with_line_and_column() {
        let faults = |text: &str| {
            let path = Path::new("study.toml");
            shown(&with_file(TuneOptions::default(), path, text).unwrap_err())
        };
        let shown = faults("[set]\nlr = \"1e-5..1 lgo\"\nn = 3\n");
        assert!(shown.contains("study.toml:2:15"), "{shown}");
        assert!(shown.contains("`n` has no range, but integer"), "{shown}");
        assert!(faults("jbos = 3").contains("unknown field `jbos`"), "{}", faults("jbos = 3"));
        assert!(faults("jobs = 0").contains("study.toml:1:8"), "{}", faults("jobs = 0"));
        assert!(faults("max-runtime = \"soon\"").contains("write a time"));
        assert!(faults("early-stopping = \"some\"").contains("write `median`"));
        assert!(faults("jobs = ").contains("study.toml:1:"), "{}", faults("jobs = "));
    }
}
