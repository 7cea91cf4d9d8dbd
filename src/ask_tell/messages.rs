//! Requests and replies, as both sides write and read them.

use serde::de::{DeserializeOwned, Error};
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::space::Parameter;
use crate::space::Configuration;
use crate::trial::Trial;

/// What `help` says.
pub(super) const HELP: [&str; 12] = [
    r#"init: {"op":"init","space":[…],"goal":"minimize","seed":0,"parallel":1,"budget":60,"early_stopping":"median"}; all but space may be left out; budget tells the strategy how many trials there will be, and limits nothing; begins anew"#,
    r#"a parameter: {"name":"lr","type":"float","lo":1e-6,"hi":1,"scale":"log"}; type float, int or cat; scale linear, log, reverse_log or auto"#,
    r#"numbers in steps: "step":0.05, from lo on; of floats, numbers of few digits: "digits":2"#,
    r#"choices: {"name":"opt","type":"cat","choices":["a",8,true,null]}; they come back as they are"#,
    r#"early_stopping: "off", "median", or {"min_resource":1,"max_resource":27} for successive halving (Hyperband)"#,
    r#"ask: {"op":"ask","n":2} → {"configs":[…],"ids":[…]}; both are empty where nothing is left to try, or nothing before a pending trial is told"#,
    r#"tell: {"op":"tell","id":3,"value":0.5}, or "config":{…} instead of the id; a value of null says that it failed; → {"ok":true}"#,
    r#"report: {"op":"report","id":3,"step":2,"value":0.7} → {"stop":false}, or {"stop":true,"why":"…"}; a value of null is none"#,
    r#"best: {"op":"best"} → {"best":{"id":3,"config":{…},"value":0.5}}, or {"best":null}: of the trials that were not stopped early"#,
    r#"pending: {"op":"pending"} → {"configs":[…],"ids":[…]}: what was asked for and has not been told"#,
    r#"any request may have a "key", a text of your own: sent again with the same key, it is answered as before and changes nothing"#,
    r#"a request that cannot be met is answered by {"error":"…"} and changes nothing"#,
];

/// A request, as a client writes it. Each is one line of JSON, with the member `op`; [`Session`](super::Session) reads it.
#[derive(Debug, Clone, Serialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Request {
    /// Begins a study, and forgets the one before.
    Init(Init),
    /// Asks for configurations.
    Ask(Ask),
    /// Tells a value.
    Tell(Tell),
    /// Reports a value on the way.
    Report(Reported),
    /// Asks for the best.
    Best,
    /// Asks for what was asked for and has not been told.
    Pending,
    /// Asks how to talk.
    Help,
}

/// What is answered to one line.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Reply {
    /// It cannot be met, and has changed nothing.
    Error {
        /// Why, in one line.
        #[serde(deserialize_with = "not_null")]
        error: Value,
    },
    /// It is done.
    Ok {
        /// True.
        ok: bool,
    },
    /// Configurations. From a program that is no [`Session`](super::Session) they may have no numbers.
    Configs {
        /// The configurations.
        configs: Vec<Configuration>,
        /// Their trials.
        #[serde(default)]
        ids: Vec<u64>,
    },
    /// To a report.
    Verdict {
        /// Whether the trial should stop.
        stop: bool,
        /// Why.
        #[serde(skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    /// The best trial that was not stopped early.
    Best {
        /// None, if no trial has a value.
        best: Option<Best>,
    },
    /// How to talk.
    Help {
        /// Line by line.
        help: Vec<String>,
    },
}

/// The best trial.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Best {
    /// Its number.
    pub id: u64,
    /// Its configuration.
    pub config: Configuration,
    /// Its value.
    pub value: f64,
}

/// The request `init`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Init {
    #[serde(rename = "op", skip_serializing)]
    _op: Option<Value>,
    #[serde(rename = "key", skip_serializing)]
    _key: Option<Value>,
    /// The parameters.
    pub space: Vec<Parameter>,
    /// Whether small values are good, or large ones.
    #[serde(default, skip_serializing_if = "is_default")]
    pub goal: Goal,
    /// The seed of the proposals.
    #[serde(default)]
    pub seed: u64,
    /// How many trials run at a time.
    #[serde(default = "one")]
    pub parallel: usize,
    /// How many trials there will be, for the strategy to know.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<usize>,
    /// Which trials are stopped early; none, if it is left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub early_stopping: Option<Stopping>,
}

impl Init {
    /// A study over these parameters: to be minimized, seed 0, one trial at a time.
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
            early_stopping: None,
        }
    }
}

/// Which values are good.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Goal {
    /// Small ones.
    #[default]
    Minimize,
    /// Large ones.
    Maximize,
}

/// Which trials are stopped early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = r#"it is "median" or {"min_resource":1,"max_resource":27}"#)]
pub enum Stopping {
    /// By a rule without settings.
    Rule(Rule),
    /// By successive halving.
    Halving(Halving),
}

/// The settings of successive halving, in steps of the reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Halving {
    /// What a trial has at the least.
    pub min_resource: u64,
    /// What a trial has at the most.
    pub max_resource: u64,
}

/// A rule without settings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// The median rule.
    Median,
    /// None.
    Off,
}

/// The request `ask`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ask {
    #[serde(rename = "op", skip_serializing)]
    _op: Option<Value>,
    #[serde(rename = "key", skip_serializing)]
    _key: Option<Value>,
    /// How many configurations.
    #[serde(default = "one")]
    pub n: usize,
}

impl Ask {
    /// So many configurations.
    pub fn new(n: usize) -> Self {
        Self { _op: None, _key: None, n }
    }
}

/// The request `tell`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tell {
    #[serde(rename = "op", skip_serializing)]
    _op: Option<Value>,
    #[serde(rename = "key", skip_serializing)]
    _key: Option<Value>,
    /// The trial.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<u64>,
    /// Its configuration, or one from outside.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub config: Option<Configuration>,
    /// A number, or what says that it failed: null, or the text "nan". Null is a value here, and not the lack of one.
    pub value: Value,
}

impl Tell {
    /// The value of a configuration; that it failed, if there is none.
    pub fn configuration(config: Configuration, value: Option<f64>) -> Self {
        Self { _op: None, _key: None, id: None, config: Some(config), value: value.into() }
    }
}

/// The request `report`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reported {
    #[serde(rename = "op", skip_serializing)]
    _op: Option<Value>,
    #[serde(rename = "key", skip_serializing)]
    _key: Option<Value>,
    /// The trial.
    pub id: u64,
    /// Epoch, round or whatever it counts.
    pub step: u64,
    /// A number, or null. Null is a value here, and not the lack of one.
    pub value: Value,
}

/// A request that says nothing else.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Bare {
    #[serde(rename = "op")]
    _op: Value,
    #[serde(rename = "key")]
    _key: Option<Value>,
}

/// What may be null and stand beside what says that all is well.
fn not_null<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
    let value = Value::deserialize(deserializer)?;
    if value.is_null() { Err(D::Error::custom("null")) } else { Ok(value) }
}

fn one() -> usize {
    1
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// Trials as a reply lists them.
pub(super) fn listed(trials: &[Trial]) -> Reply {
    Reply::Configs {
        configs: trials.iter().map(|trial| trial.configuration.clone()).collect(),
        ids: trials.iter().map(|trial| trial.id.0).collect(),
    }
}

/// A request of known kind. Read from the line itself, because a parsed object has lost its duplicate keys.
pub(super) fn read<T: DeserializeOwned>(line: &[u8]) -> Result<T, String> {
    let mut json = serde_json::Deserializer::from_slice(line);
    serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path = error.path().to_string();
        let text = error.into_inner().to_string();
        // A request is one line: where in it the parser stood tells nobody anything.
        let text = text.split(" at line ").next().unwrap_or_default();
        let text = ["usize", "u64"].iter().fold(text.to_owned(), |text, machine_word| {
            text.replace(machine_word, "a whole number, at least 0")
        });
        if path == "." { text } else { format!("{path}: {text}") }
    })
}
