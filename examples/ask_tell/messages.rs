//! Requests and replies as they are written.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use surmise::{Configuration, Trial};

use crate::space::Range;

/// What `help` says.
pub(crate) const HELP: [&str; 12] = [
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

/// What is answered to one line.
#[derive(Debug, Clone, Serialize)]
#[serde(untagged)]
pub(crate) enum Reply {
    Ok {
        ok: bool,
    },
    Configs {
        configs: Vec<Configuration>,
        ids: Vec<u64>,
    },
    Verdict {
        stop: bool,
        #[serde(skip_serializing_if = "Option::is_none")]
        why: Option<String>,
    },
    Best {
        best: Option<Best>,
    },
    Help {
        help: &'static [&'static str],
    },
    Error {
        error: String,
    },
}

#[derive(Debug, Clone, Serialize)]
pub(crate) struct Best {
    pub(crate) id: u64,
    pub(crate) config: Configuration,
    pub(crate) value: f64,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Init {
    #[serde(rename = "op")]
    _op: Value,
    #[serde(rename = "key")]
    _key: Option<Value>,
    pub(crate) space: Vec<Range>,
    #[serde(default)]
    pub(crate) goal: Aim,
    #[serde(default)]
    pub(crate) seed: u64,
    #[serde(default = "one")]
    pub(crate) parallel: usize,
    pub(crate) budget: Option<usize>,
    pub(crate) early_stopping: Option<Stopping>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Aim {
    #[default]
    Minimize,
    Maximize,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = r#"it is "median" or {"min_resource":1,"max_resource":27}"#)]
pub(crate) enum Stopping {
    Rule(Rule),
    Halving(Halving),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Halving {
    pub(crate) min_resource: u64,
    pub(crate) max_resource: u64,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Rule {
    Median,
    Off,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ask {
    #[serde(rename = "op")]
    _op: Value,
    #[serde(rename = "key")]
    _key: Option<Value>,
    #[serde(default = "one")]
    pub(crate) n: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Tell {
    #[serde(rename = "op")]
    _op: Value,
    #[serde(rename = "key")]
    _key: Option<Value>,
    pub(crate) id: Option<u64>,
    pub(crate) config: Option<Configuration>,
    // Null is a value, and not the lack of one.
    pub(crate) value: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Reported {
    #[serde(rename = "op")]
    _op: Value,
    #[serde(rename = "key")]
    _key: Option<Value>,
    pub(crate) id: u64,
    pub(crate) step: u64,
    // Null is a value, and not the lack of one.
    pub(crate) value: Value,
}

/// A request that says nothing else.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Bare {
    #[serde(rename = "op")]
    _op: Value,
    #[serde(rename = "key")]
    _key: Option<Value>,
}

fn one() -> usize {
    1
}

/// Trials as a reply lists them.
pub(crate) fn listed(trials: &[Trial]) -> Reply {
    Reply::Configs {
        configs: trials.iter().map(|trial| trial.configuration.clone()).collect(),
        ids: trials.iter().map(|trial| trial.id.0).collect(),
    }
}

/// A request of known kind. Read from the line itself, because a parsed object has lost its duplicate keys.
pub(crate) fn read<T: DeserializeOwned>(line: &[u8]) -> Result<T, String> {
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
