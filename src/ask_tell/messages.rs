//! The requests and replies of the protocol, as both sides write and read them.

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::space::Parameter;
use crate::space::Configuration;
use crate::trial::Trial;

/// The lines of the reply to `help`.
pub(super) const HELP: [&str; 13] = [
    concat!(
        r#"init: {"op":"init","space":[…],"goal":"minimize","seed":0,"parallel":1,"budget":60,"#,
        r#""noisy":true,"early_stopping":"median"} starts a study, and drops the one before; "#,
        r#"only space is required; budget tells the strategy how many trials are planned, and is "#,
        r#"not a limit; without noisy, the strategy infers the noise"#,
    ),
    concat!(
        r#"a parameter: {"name":"lr","type":"float","lo":1e-6,"hi":1,"scale":"log"}; type float, "#,
        r#"int or cat; scale linear, log, reverse_log or auto"#,
    ),
    concat!(
        r#"grids: "step":0.05 allows only lo, lo + 0.05, …; "digits":2 allows only floats with "#,
        r#"two significant digits"#,
    ),
    r#"choices: {"name":"opt","type":"cat","choices":["a",8,true,null]}; they return unchanged"#,
    concat!(
        r#"early_stopping: "off", "median", or {"min_resource":1,"max_resource":27} for "#,
        r#"successive halving (Hyperband)"#,
    ),
    concat!(
        r#"ask: {"op":"ask","n":2} → {"configs":[…],"ids":[…]}; both are empty if no "#,
        r#"configuration is left, or none before a pending trial is told"#,
    ),
    concat!(
        r#"tell: {"op":"tell","id":3,"value":0.5} → {"ok":true}; "config":{…} may replace the "#,
        r#"id; a value of null means that the evaluation failed"#,
    ),
    concat!(
        r#"report: {"op":"report","id":3,"step":2,"value":0.7} → {"stop":false}, or "#,
        r#"{"stop":true,"why":"…"}; a value of null means that the step has no value"#,
    ),
    concat!(
        r#"best: {"op":"best"} → {"best":{"id":3,"config":{…},"value":0.5}}, or {"best":null}; "#,
        r#"trials that were stopped early do not count"#,
    ),
    concat!(
        r#"recommend: {"op":"recommend"} → {"recommended":{"lr":0.001}}, or "#,
        r#"{"recommended":null}; of noisy values, the smallest one need not be the best"#,
    ),
    concat!(
        r#"pending: {"op":"pending"} → {"configs":[…],"ids":[…]}: the trials that were asked for "#,
        r#"and not told yet"#,
    ),
    concat!(
        r#"any request may have a "key", a text of your choice: sent again with the same key, it "#,
        r#"gets the same reply and changes nothing"#,
    ),
    r#"an invalid request gets the reply {"error":"…"} and changes nothing"#,
];

/// A request, as a client writes it: one line of JSON with the member `op`, which
/// [`Session`](super::Session) reads.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Request {
    /// Starts a study, and drops the one before.
    Init(Init),
    /// Asks for configurations to evaluate.
    Ask(Ask),
    /// Tells the value of a configuration.
    Tell(Tell),
    /// Reports an intermediate value of a trial.
    Report(ReportRequest),
    /// Asks for the best trial.
    Best,
    /// Asks for the configuration that the strategy would deploy.
    Recommend,
    /// Asks for the trials that were asked for and not told yet.
    Pending,
    /// Asks for a description of the protocol.
    Help,
}

/// The reply to one line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Reply {
    /// The request was invalid, and has changed nothing.
    Error {
        /// The reason, in one line.
        #[serde(deserialize_with = "not_null")]
        error: Value,
    },
    /// The request was carried out.
    Ok {
        /// This member is always true.
        ok: bool,
        /// True in the reply to an `init` with `noisy`, of a program that answers `recommend`.
        #[serde(default, skip_serializing_if = "is_default")]
        recommends: bool,
    },
    /// Configurations of trials. From a program other than [`Session`](super::Session), they may
    /// have no numbers.
    Configs {
        /// The configurations to evaluate.
        configs: Vec<Configuration>,
        /// The numbers of their trials.
        #[serde(default)]
        ids: Vec<u64>,
    },
    /// The reply to a report.
    StopDecision {
        /// True if the trial should stop.
        stop: bool,
        /// The reason to stop, in one sentence.
        #[serde(skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// The configuration that the strategy would deploy.
    Recommended {
        /// The configuration, which was told with a value; `None` if there is none.
        #[serde(deserialize_with = "required")]
        recommended: Option<Configuration>,
    },
    /// The best trial that was not stopped early.
    Best {
        /// The best trial, or `None` if no trial has a value.
        #[serde(deserialize_with = "required")]
        best: Option<Best>,
    },
    /// A description of the protocol.
    Help {
        /// The lines of the description.
        help: Vec<String>,
    },
}

/// The best trial, in a reply.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// The number of the trial.
    pub id: u64,
    /// The configuration of the trial.
    pub config: Configuration,
    /// The value of the trial.
    pub value: f64,
}

/// The request `init`, which starts a study.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Init {
    #[serde(rename = "op", skip_serializing)]
    _op: Option<Value>,
    #[serde(rename = "key", skip_serializing)]
    _key: Option<Value>,
    /// The parameters of the search space.
    pub space: Vec<Parameter>,
    /// Whether small or large values are better; small ones by default.
    #[serde(default, skip_serializing_if = "is_default")]
    pub goal: Goal,
    /// The seed of the proposals; 0 by default.
    #[serde(default)]
    pub seed: u64,
    /// The number of trials that run at the same time; 1 by default.
    #[serde(default = "one")]
    pub parallel: usize,
    /// The number of trials that the strategy plans for; unknown by default. It is no limit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<usize>,
    /// Whether values are noisy; unknown by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noisy: Option<bool>,
    /// The rule that stops trials early; none by default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early_stopping: Option<EarlyStoppingRule>,
}

impl Init {
    /// Creates a request to minimize over these parameters, with seed 0 and one trial at a time.
    pub fn new(space: Vec<Parameter>) -> Self {
        let (goal, seed, parallel) = (Goal::default(), 0, 1);
        Self {
            _op: None,
            _key: None,
            space,
            goal,
            seed,
            parallel,
            budget: None,
            noisy: None,
            early_stopping: None,
        }
    }
}

/// Whether small or large values are better.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// Small values are better.
    #[default]
    Minimize,
    /// Large values are better.
    Maximize,
}

/// The rule that stops trials early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = r#"it is "median" or {"min_resource":1,"max_resource":27}"#)]
pub enum EarlyStoppingRule {
    /// A rule without settings, by its name.
    Named(NamedRule),
    /// Successive halving, with its settings.
    Halving(HalvingSettings),
}

/// The settings of successive halving, in steps of the reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HalvingSettings {
    /// The step of the first rung.
    pub min_resource: u64,
    /// The last step of a trial.
    pub max_resource: u64,
}

/// A rule without settings, by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NamedRule {
    /// The median rule: see [`EarlyStopping::auto`](crate::EarlyStopping::auto).
    Median,
    /// Trials are not stopped early.
    Off,
}

/// The request `ask` for configurations.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    #[serde(rename = "op", skip_serializing)]
    _op: Option<Value>,
    #[serde(rename = "key", skip_serializing)]
    _key: Option<Value>,
    /// The number of configurations; 1 by default.
    #[serde(default = "one")]
    pub n: usize,
}

impl Ask {
    /// Creates a request for `n` configurations.
    pub fn new(n: usize) -> Self {
        Self { _op: None, _key: None, n }
    }
}

/// The request `tell` with the value of a trial.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tell {
    #[serde(rename = "op", skip_serializing)]
    _op: Option<Value>,
    #[serde(rename = "key", skip_serializing)]
    _key: Option<Value>,
    /// The number of the trial.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// The configuration of the trial, or a configuration that was evaluated elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<Configuration>,
    /// A number; null or the text "nan" mean that the evaluation failed. The member must not be
    /// missing.
    pub value: Value,
}

impl Tell {
    /// Creates a request with the value of a configuration; `None` means that the evaluation
    /// failed.
    pub fn configuration(config: Configuration, value: Option<f64>) -> Self {
        Self { _op: None, _key: None, id: None, config: Some(config), value: value.into() }
    }
}

/// The request `report` with an intermediate value.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReportRequest {
    #[serde(rename = "op", skip_serializing)]
    _op: Option<Value>,
    #[serde(rename = "key", skip_serializing)]
    _key: Option<Value>,
    /// The number of the trial.
    pub id: u64,
    /// The step, such as an epoch or a round.
    pub step: u64,
    /// A number, or null for a step without a value. The member must not be missing.
    pub value: Value,
}

/// A request without further members.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct EmptyRequest {
    #[serde(rename = "op")]
    _op: Value,
    #[serde(rename = "key")]
    _key: Option<Value>,
}

/// Reads a value that must not be null, to distinguish `Error` from replies with optional members.
fn not_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
    let value = Value::deserialize(deserializer)?;
    if value.is_null() { Err(D::Error::custom("null")) } else { Ok(value) }
}

/// Reads a value that may be null and must not be missing, to tell replies apart.
fn required<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    Option::deserialize(deserializer)
}

fn one() -> usize {
    1
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Returns the reply that lists these trials.
pub(super) fn trials_reply(trials: &[Trial]) -> Reply {
    Reply::Configs {
        configs: trials.iter().map(|trial| trial.configuration.clone()).collect(),
        ids: trials.iter().map(|trial| trial.id.0).collect(),
    }
}

/// Reads a request of a known kind.
///
/// It parses the line again, because only the line shows duplicate keys, which are errors.
pub(super) fn read_request<T: DeserializeOwned>(line: &[u8]) -> Result<T, String> {
    let mut json = serde_json::Deserializer::from_slice(line);
    serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let text = error.into_inner().to_string();
        // A request is one line, so the parser's position is of no use.
        let text = text.split(" at line ").next().unwrap_or_default();
        let text = ["usize", "u64"].iter().fold(text.to_owned(), |text, type_name| {
            text.replace(type_name, "a whole number, at least 0")
        });
        if path == "." { text } else { format!("{path}: {text}") }
    })
}
