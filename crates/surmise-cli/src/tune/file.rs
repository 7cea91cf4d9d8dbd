//! Reads a study from a TOML file with the names of the options as keys.

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
use crate::study::{Diagnostic, StrategyName, TextDiagnostics, parse_duration, parse_range};

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

/// Sets the options that the command line does not set to the values in a file.
///
/// # Errors
/// Returns all errors in the file, with their line and column.
pub(crate) fn merge_file(
    mut options: TuneOptions,
    path: &Path,
    text: &str,
) -> Result<TuneOptions, Vec<TextDiagnostics>> {
    let origin = path.display().to_string();
    let errors = |diagnostics| {
        vec![TextDiagnostics { origin: origin.clone(), text: text.to_owned(), diagnostics }]
    };
    let file: StudyFile = toml::from_str(text).map_err(|error| {
        let span = error.span().unwrap_or(0..0);
        let message = error.message().to_owned();
        errors(vec![Diagnostic { span, message, remedy: String::new() }])
    })?;
    let mut diagnostics = Vec::new();
    let study = &mut options.study;
    study.ranges = file
        .set
        .iter()
        .filter_map(|(name, value)| parse_file_range(name, value, &mut diagnostics))
        .collect();
    if study.objective().is_none() {
        (study.minimize, study.maximize) = (file.minimize, file.maximize);
    }
    study.jobs = study.jobs.or(file.jobs);
    study.parallel = study.parallel.or(file.parallel);
    study.seed = study.seed.or(file.seed);
    study.strategy = study.strategy.or(file.strategy);
    study.max_runtime = study.max_runtime.or(parse_time(file.max_runtime, &mut diagnostics));
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
    options.job_timeout = options.job_timeout.or(parse_time(file.job_timeout, &mut diagnostics));
    options.retries = options.retries.or(file.retries);
    if let Some(rule) = file.early_stopping.filter(|_| options.early_stopping.is_none()) {
        match parse_early_stopping(rule.get_ref()) {
            Ok(rule) => options.early_stopping = Some(rule),
            Err(remedy) => {
                let message = "unknown early stopping rule".to_owned();
                diagnostics.push(Diagnostic { span: rule.span(), message, remedy });
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
    if diagnostics.is_empty() { Ok(options) } else { Err(errors(diagnostics)) }
}

/// Parses a range given as text (`"1e-5..1 log"`) or choices given as an array.
fn parse_file_range(
    name: &str,
    value: &Spanned<Value>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<ParameterRange> {
    let span = value.span();
    let range = match value.get_ref() {
        Value::String(text) => parse_range(name, text, 0).map_err(|errors| {
            // Errors have exact positions only if the text in the file has no escapes.
            let is_plain = span.len() == text.len() + 2;
            let move_span = |diagnostic: Diagnostic| {
                let exact =
                    span.start + 1 + diagnostic.span.start..span.start + 1 + diagnostic.span.end;
                Diagnostic { span: if is_plain { exact } else { span.clone() }, ..diagnostic }
            };
            errors.into_iter().map(move_span).collect::<Vec<_>>()
        }),
        Value::Array(values) => parse_choices(name, values, &span),
        other => Err(vec![invalid_range(name, other, span)]),
    };
    range.map_err(|errors| diagnostics.extend(errors)).ok()
}

fn invalid_range(name: &str, value: &Value, span: Range<usize>) -> Diagnostic {
    let message = format!("the range of `{name}` has the type {}", value.type_str());
    let remedy =
        "write \"LOW..HIGH\", such as \"1e-5..1 log\", or [\"a\", \"b\"] for choices".to_owned();
    Diagnostic { span, message, remedy }
}

fn parse_choices(
    name: &str,
    values: &[Value],
    span: &Range<usize>,
) -> Result<ParameterRange, Vec<Diagnostic>> {
    let choice = |value: &Value| match value {
        Value::String(text) => Ok(ParameterValue::Category(text.clone())),
        Value::Integer(number) => Ok(ParameterValue::Integer(*number)),
        Value::Float(number) => Ok(ParameterValue::Float(*number)),
        Value::Boolean(boolean) => Ok(ParameterValue::Boolean(*boolean)),
        other => Err(vec![invalid_range(name, other, span.clone())]),
    };
    let values: Result<Vec<ParameterValue>, _> = values.iter().map(choice).collect();
    ParameterRange::categorical(name, values?).map_err(|error| {
        let (message, remedy) = (error.to_string(), String::new());
        vec![Diagnostic { span: span.clone(), message, remedy }]
    })
}

/// Parses a time given as text (`"2h"`) or in seconds.
fn parse_time(
    value: Option<Spanned<Value>>,
    diagnostics: &mut Vec<Diagnostic>,
) -> Option<Duration> {
    let value = value?;
    let text = match value.get_ref() {
        Value::String(text) => text.clone(),
        Value::Integer(seconds) => seconds.to_string(),
        Value::Float(seconds) => seconds.to_string(),
        other => other.type_str().to_owned(),
    };
    let diagnostic = |message| Diagnostic {
        span: value.span(),
        message,
        remedy: "write a time, such as \"90s\" or \"2h\"".to_owned(),
    };
    parse_duration(&text).map_err(|message| diagnostics.push(diagnostic(message))).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::render;

    #[test]
    fn options_override_the_file() {
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
        let options = merge_file(options, Path::new("a/study.toml"), text).unwrap();
        assert_eq!(options.study.names(), ["lr", "opt", "size"]);
        assert_eq!(options.study.max_runtime, Some(Duration::from_secs(7200)));
        assert_eq!((options.patience, options.name.as_deref()), (Some(3), Some("study")));
        assert_eq!(options.command, ["python", "train.py"]);
        let mut options = TuneOptions::default();
        options.study.maximize = Some("accuracy".to_owned());
        let options = merge_file(options, Path::new("study.toml"), text).unwrap();
        assert_eq!(options.study.minimize, None);
    }

    #[test]
    fn errors_have_line_and_column() {
        let diagnostics = |text: &str| {
            let path = Path::new("study.toml");
            render(&merge_file(TuneOptions::default(), path, text).unwrap_err())
        };
        let rendered = diagnostics("[set]\nlr = \"1e-5..1 lgo\"\nn = 3\n");
        assert!(rendered.contains("study.toml:2:15"), "{rendered}");
        assert!(rendered.contains("the range of `n` has the type integer"), "{rendered}");
        assert!(
            diagnostics("jbos = 3").contains("unknown field `jbos`"),
            "{}",
            diagnostics("jbos = 3")
        );
        assert!(diagnostics("jobs = 0").contains("study.toml:1:8"), "{}", diagnostics("jobs = 0"));
        assert!(diagnostics("max-runtime = \"soon\"").contains("write a time"));
        assert!(diagnostics("early-stopping = \"some\"").contains("write `median`"));
        assert!(diagnostics("jobs = ").contains("study.toml:1:"), "{}", diagnostics("jobs = "));
    }
}
