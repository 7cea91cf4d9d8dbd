//! Reads and writes Optuna's journal files (`JournalFileBackend`, Optuna 3 to 5).
//!
//! Such a file has a line of JSON for each operation.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};
use surmise::journal::JournalView;
use surmise::{
    Error, Goal, Objective, Outcome, ParameterRange, ParameterValue, ScalingType, SearchSpace,
    Trial,
};

use super::trials::{Times, format_rfc3339};
use crate::output::{CommandError, InvalidInput};
use crate::study::TextDiagnostics;

/// The numbers of Optuna's `JournalOperation`.
const CREATE_STUDY: u64 = 0;
const CREATE_TRIAL: u64 = 4;
const SET_PARAMETER: u64 = 5;
const SET_STATE: u64 = 6;
const SET_INTERMEDIATE_VALUE: u64 = 7;
const SET_USER_ATTRIBUTE: u64 = 8;

/// The numbers of Optuna's `TrialState`.
const COMPLETE: u64 = 1;
const PRUNED: u64 = 2;
const FAILED: u64 = 3;

/// The numbers of Optuna's `StudyDirection`.
const MINIMIZE: u64 = 1;
const MAXIMIZE: u64 = 2;

/// Formats a study as a journal file of Optuna.
pub(crate) fn write(view: &JournalView, name: &str) -> String {
    let study = &view.study;
    let times = Times::new(view);
    let direction = match study.objective().goal {
        Goal::Minimize => MINIMIZE,
        Goal::Maximize => MAXIMIZE,
    };
    let mut lines = vec![json!({
        "op_code": CREATE_STUDY, "worker_id": "surmise", "study_name": name,
        "directions": [direction],
    })];
    for (number, trial) in study.trials().iter().enumerate() {
        write_trial(study.space(), trial, number, &times, &mut lines);
    }
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn write_trial(
    space: &SearchSpace,
    trial: &Trial,
    number: usize,
    times: &Times,
    lines: &mut Vec<Value>,
) {
    let started = times.started(trial.id).or(times.ended(trial.id)).unwrap_or_default();
    lines.push(json!({
        "op_code": CREATE_TRIAL, "worker_id": "surmise", "study_id": 0,
        "datetime_start": format_rfc3339(started),
    }));
    for range in space.ranges() {
        let Some(value) = trial.configuration.value(range.name()) else { continue };
        let (internal, distribution) = optuna_parameter(range, value);
        lines.push(json!({
            "op_code": SET_PARAMETER, "worker_id": "surmise", "trial_id": number,
            "param_name": range.name(), "param_value_internal": internal,
            "distribution": distribution.to_string(),
        }));
    }
    for report in &trial.reports {
        lines.push(json!({
            "op_code": SET_INTERMEDIATE_VALUE, "worker_id": "surmise", "trial_id": number,
            "step": report.step, "intermediate_value": report.value,
        }));
    }
    let (state, values) = match &trial.outcome {
        None => return,
        Some(Outcome::Completed { value }) => (COMPLETE, json!([value])),
        Some(Outcome::Stopped { value }) => (PRUNED, json!(value.map(|value| [value]))),
        Some(Outcome::Failed(failure)) => {
            let attribute = json!({"failure": failure.message});
            lines.push(json!({
                "op_code": SET_USER_ATTRIBUTE, "worker_id": "surmise", "trial_id": number,
                "user_attr": attribute,
            }));
            (FAILED, Value::Null)
        }
    };
    let ended = times.ended(trial.id).unwrap_or(started);
    lines.push(json!({
        "op_code": SET_STATE, "worker_id": "surmise", "trial_id": number, "state": state,
        "values": values, "datetime_complete": format_rfc3339(ended),
    }));
}

/// Converts a value to Optuna's internal representation, with its distribution.
///
/// Optuna has no reverse-logarithmic scale, and no steps on a logarithmic scale.
fn optuna_parameter(range: &ParameterRange, value: &ParameterValue) -> (Value, Value) {
    let is_log =
        range.resolved_scaling().is_some_and(|scale| scale.scaling == ScalingType::Logarithmic);
    match range {
        ParameterRange::Continuous(range) => {
            let step = range.step().filter(|_| !is_log);
            let attributes =
                json!({"low": range.min(), "high": range.max(), "step": step, "log": is_log});
            (json!(value.number()), json!({"name": "FloatDistribution", "attributes": attributes}))
        }
        ParameterRange::Integer(range) => {
            let step = if is_log { 1 } else { range.step() };
            let attributes =
                json!({"low": range.min(), "high": range.max(), "step": step, "log": is_log});
            (json!(value.number()), json!({"name": "IntDistribution", "attributes": attributes}))
        }
        ParameterRange::Categorical(range) => {
            let index = range.values().iter().position(|choice| choice == value);
            let attributes = json!({"choices": range.values()});
            (json!(index), json!({"name": "CategoricalDistribution", "attributes": attributes}))
        }
    }
}

/// A study in a journal file of Optuna.
#[derive(Debug)]
pub(crate) struct OptunaStudy {
    pub(crate) ranges: Vec<ParameterRange>,
    pub(crate) goal: Goal,
    pub(crate) trials: Vec<OptunaTrial>,
}

/// A completed or failed trial in a journal file of Optuna.
#[derive(Debug, Default, Clone)]
pub(crate) struct OptunaTrial {
    pub(crate) number: usize,
    pub(crate) values: Vec<(String, ParameterValue)>,
    /// The final value, if the trial completed.
    pub(crate) value: Option<f64>,
    pub(crate) has_failed: bool,
}

#[derive(Debug, Deserialize)]
struct Operation {
    op_code: u64,
    study_id: Option<usize>,
    study_name: Option<String>,
    directions: Option<Vec<u64>>,
    trial_id: Option<usize>,
    param_name: Option<String>,
    param_value_internal: Option<f64>,
    distribution: Option<String>,
    state: Option<u64>,
    values: Option<Vec<f64>>,
}

#[derive(Debug, Deserialize)]
struct Distribution {
    name: String,
    attributes: Attributes,
}

#[derive(Debug, Deserialize)]
struct Attributes {
    low: Option<f64>,
    high: Option<f64>,
    step: Option<f64>,
    #[serde(default)]
    log: bool,
    #[serde(default)]
    choices: Vec<ParameterValue>,
}

/// Reads the study with this name, or the only study, in a journal file of Optuna.
///
/// # Errors
/// Returns `InvalidInput` if the text is not such a file, if the study is not found or not unique,
/// or if it has several objectives.
pub(crate) fn read(text: &str, study_name: Option<&str>) -> Result<OptunaStudy, CommandError> {
    let mut file = OptunaFile::default();
    for (number, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let operation = serde_json::from_str(line).map_err(|error| error.to_string());
        let applied = operation.and_then(|operation| file.apply(operation));
        applied.map_err(|error| InvalidInput(format!("line {}: {error}", number + 1)))?;
    }
    file.study(study_name)
}

/// All studies in the lines that have been read.
#[derive(Debug, Default)]
struct OptunaFile {
    /// The names and directions of the studies.
    studies: Vec<(String, Vec<u64>)>,
    /// The trials by their numbers: the number of the study, the trial, and true if it completed or
    /// failed.
    trials: BTreeMap<usize, (usize, OptunaTrial, bool)>,
    /// The ranges, each with the number of its study.
    ranges: Vec<(usize, ParameterRange)>,
}

impl OptunaFile {
    /// Applies the operation of one line.
    fn apply(&mut self, operation: Operation) -> Result<(), String> {
        let number = operation.trial_id;
        match operation.op_code {
            CREATE_STUDY => {
                let name = operation.study_name.unwrap_or_default();
                self.studies.push((name, operation.directions.unwrap_or_default()));
            }
            CREATE_TRIAL => {
                let number = self.trials.len();
                let trial = OptunaTrial { number, ..OptunaTrial::default() };
                self.trials.insert(number, (operation.study_id.unwrap_or_default(), trial, false));
            }
            SET_PARAMETER => {
                let trial = number.and_then(|number| self.trials.get_mut(&number));
                let (Some((study, trial, _)), Some(name), Some(value), Some(text)) = (
                    trial,
                    operation.param_name,
                    operation.param_value_internal,
                    operation.distribution,
                ) else {
                    return Ok(());
                };
                let distribution: Distribution =
                    serde_json::from_str(&text).map_err(|error| error.to_string())?;
                let parsed = distribution.read(&name, value).map_err(|error| error.to_string());
                let (range, value) = parsed?;
                let mut ranges = self.ranges.iter();
                if !ranges.any(|(owner, range)| owner == study && range.name() == name) {
                    self.ranges.push((*study, range));
                }
                trial.values.push((name, value));
            }
            SET_STATE => {
                let trial = number.and_then(|number| self.trials.get_mut(&number));
                let Some((_, trial, has_ended)) = trial else { return Ok(()) };
                let value = operation.values.and_then(|values| values.first().copied());
                *has_ended = matches!(operation.state, Some(COMPLETE | FAILED));
                trial.value = value.filter(|_| operation.state == Some(COMPLETE));
                trial.has_failed = operation.state == Some(FAILED);
            }
            _ => {}
        }
        Ok(())
    }

    /// Returns the study with this name, or the only study.
    fn study(self, study_name: Option<&str>) -> Result<OptunaStudy, CommandError> {
        let names: Vec<String> = self.studies.iter().map(|(name, _)| name.clone()).collect();
        let study = find_study(&names, study_name)?;
        let goal = match self.studies.get(study).map(|(_, directions)| directions.as_slice()) {
            Some([MAXIMIZE]) => Goal::Maximize,
            Some([_]) => Goal::Minimize,
            _ => {
                let why =
                    "the study in Optuna's file has several objectives; only one is supported";
                return Err(InvalidInput(why.to_owned()).into());
            }
        };
        let ended =
            self.trials.into_values().filter(|(owner, _, has_ended)| *owner == study && *has_ended);
        let ranges = self.ranges.into_iter().filter(|(owner, _)| *owner == study);
        Ok(OptunaStudy {
            ranges: ranges.map(|(_, range)| range).collect(),
            goal,
            trials: ended.map(|(_, trial, _)| trial).collect(),
        })
    }
}

/// Returns the number of the study with this name, or of the only study.
fn find_study(names: &[String], study_name: Option<&str>) -> Result<usize, CommandError> {
    let all_names = names.join(", ");
    let found = match (study_name, names) {
        (_, []) => {
            return Err(InvalidInput(
                "the file is not a journal file of Optuna: it creates no study".to_owned(),
            )
            .into());
        }
        (None, [_]) => Some(0),
        (None, _) => None,
        (Some(study_name), _) => names.iter().position(|name| name == study_name),
    };
    let remedy = || {
        InvalidInput(format!("choose a study with --optuna-study NAME, one of {all_names}")).into()
    };
    found.ok_or_else(remedy)
}

impl Distribution {
    /// Converts the distribution to a range, and an internal value to a value of it.
    fn read(&self, name: &str, internal: f64) -> Result<(ParameterRange, ParameterValue), Error> {
        let Attributes { low, high, step, log, choices } = &self.attributes;
        let (low, high) = (low.unwrap_or_default(), high.unwrap_or_default());
        let scaling = if *log { ScalingType::Logarithmic } else { ScalingType::Linear };
        #[allow(clippy::cast_possible_truncation, reason = "Optuna stores whole numbers as floats")]
        let to_integer = |number: f64| number.round() as i64;
        let (range, value) = match &self.name[..] {
            "IntDistribution" | "IntUniformDistribution" | "IntLogUniformDistribution" => {
                let range =
                    ParameterRange::integer(name, to_integer(low)..=to_integer(high), scaling)?;
                (range, ParameterValue::Integer(to_integer(internal)))
            }
            "CategoricalDistribution" => {
                let range = ParameterRange::categorical(name, choices.iter().cloned())?;
                let index = usize::try_from(to_integer(internal)).unwrap_or(usize::MAX);
                let value = choices.get(index).cloned().unwrap_or(ParameterValue::Null);
                return Ok((range, value));
            }
            _ => {
                let range = ParameterRange::continuous(name, low..=high, scaling)?;
                (range, ParameterValue::Float(internal))
            }
        };
        let step = step.filter(|step| (step - 1.0).abs() > f64::EPSILON && *step > 0.0);
        let stepped = step.and_then(|step| range.clone().with_step(step).ok());
        Ok((stepped.unwrap_or(range), value))
    }
}

impl OptunaStudy {
    /// Returns the search space of all parameters.
    ///
    /// # Errors
    /// Returns an error if the ranges do not form a valid search space.
    pub(crate) fn space(&self) -> Result<SearchSpace, Vec<TextDiagnostics>> {
        let space = SearchSpace::new(self.ranges.iter().cloned().map(Ok));
        space.map_err(|error| vec![TextDiagnostics::without_span(&error.to_string())])
    }

    /// Returns the objective; its metric is called `value`, because Optuna does not store a name.
    pub(crate) fn objective(&self) -> Objective {
        Objective { metric_name: "value".to_owned(), goal: self.goal }
    }
}
