//! Requests, replies, and what comes between.

use std::fmt::Display;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use surmise::cube;
use surmise::trial::{Failure, FailureKind};
use surmise::{
    Asked, Configuration, Error, Objective, Outcome, ParameterRange, ResourceLimits, ScalingType,
    SearchSpace, Strategy, Study, StudySettings, TrialId,
};

/// Configurations in one reply.
const MOST_ASKED: usize = 4096;

/// What is answered to one line.
#[derive(Serialize)]
#[serde(untagged)]
pub(crate) enum Reply {
    Ok { ok: bool },
    Configs { configs: Vec<Configuration> },
    Error { error: String },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Init {
    #[serde(rename = "op")]
    _op: Value,
    space: Vec<Range>,
    #[serde(default)]
    seed: u64,
    #[serde(default = "one")]
    parallel: usize,
    budget: Option<usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Range {
    name: String,
    #[serde(rename = "type")]
    kind: Kind,
    lo: Option<Value>,
    hi: Option<Value>,
    scale: Option<Scale>,
    choices: Option<Vec<String>>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Float,
    Int,
    Cat,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Scale {
    Linear,
    Log,
    ReverseLog,
    Auto,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Ask {
    #[serde(rename = "op")]
    _op: Value,
    #[serde(default = "one")]
    n: usize,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Tell {
    #[serde(rename = "op")]
    _op: Value,
    config: Configuration,
    value: Value,
}

fn one() -> usize {
    1
}

/// One conversation: at most one study at a time.
pub(crate) struct Session {
    make_strategy: fn() -> Box<dyn Strategy>,
    study: Option<Study>,
}

impl Session {
    pub(crate) fn new(make_strategy: fn() -> Box<dyn Strategy>) -> Self {
        Self { make_strategy, study: None }
    }

    /// Answers one line; a request that cannot be met changes nothing.
    pub(crate) fn answer(&mut self, line: &[u8]) -> Reply {
        self.respond(line).unwrap_or_else(|error| Reply::Error { error })
    }

    fn respond(&mut self, line: &[u8]) -> Result<Reply, String> {
        let request: Value =
            serde_json::from_slice(line).map_err(|error| format!("not JSON: {error}"))?;
        match request.get("op").and_then(Value::as_str).unwrap_or_default() {
            "init" => self.init(read(line)?),
            "ask" => self.ask(&read(line)?),
            "tell" => self.tell(&read(line)?),
            _ => Err(format!("op: {}; it is one of init, ask, tell", shown(request.get("op")))),
        }
    }

    fn init(&mut self, init: Init) -> Result<Reply, String> {
        let mut errors = Vec::new();
        let mut ranges = Vec::new();
        for (index, asked) in init.space.iter().enumerate() {
            match range(index, asked) {
                Ok(range) => ranges.push(range),
                Err(malformed) => errors.push(malformed),
            }
        }
        let space = SearchSpace::new(ranges);
        // Where nothing is left of the space, what is wrong with its ranges says more than that it is empty.
        if let Err(error) = &space
            && (errors.is_empty() || init.space.len() > errors.len())
        {
            errors.push(format!("space: {}", one_line(error)));
        }
        let limits = ResourceLimits {
            max_jobs: init.budget,
            max_parallel_jobs: init.parallel,
            max_runtime: None,
        };
        if let Err(error) = limits.check() {
            let text = one_line(error).replace("max_parallel_jobs", "parallel");
            let text = text.replace("max_jobs", "budget");
            errors.push(text.replace("use None for no limit", "leave it out for no limit"));
        }
        let space = match space {
            Ok(space) if errors.is_empty() => space,
            _ => return Err(errors.join("; ")),
        };
        let settings = StudySettings { seed: init.seed, limits, ..Default::default() };
        let objective = Objective::minimize("value");
        let study = Study::new(space, objective, (self.make_strategy)(), settings);
        self.study = Some(study.map_err(one_line)?);
        Ok(Reply::Ok { ok: true })
    }

    fn ask(&mut self, ask: &Ask) -> Result<Reply, String> {
        let study = self.study.as_mut().ok_or("op: ask before init")?;
        if !(1..=MOST_ASKED).contains(&ask.n) {
            return Err(format!("n: {} is not between 1 and {MOST_ASKED}", ask.n));
        }
        let configs = match study.ask(ask.n).map_err(one_line)? {
            Asked::Trials(trials) => trials.into_iter().map(|trial| trial.configuration).collect(),
            Asked::Wait | Asked::Exhausted => Vec::new(),
        };
        Ok(Reply::Configs { configs })
    }

    fn tell(&mut self, tell: &Tell) -> Result<Reply, String> {
        let study = self.study.as_mut().ok_or("op: tell before init")?;
        let outcome = outcome(&tell.value)?;
        let in_config = |error: Error| format!("config: {}", one_line(error));
        let configuration = study.space().normalize(&tell.config).map_err(in_config)?;
        match pending(study, &configuration) {
            Some(trial) => study.tell(trial, outcome).map_err(one_line)?,
            None => {
                study.observe(&configuration, outcome).map_err(in_config)?;
            }
        }
        Ok(Reply::Ok { ok: true })
    }
}

/// A request of known kind. Read from the line itself, because a parsed object has lost its duplicate keys.
fn read<T: DeserializeOwned>(line: &[u8]) -> Result<T, String> {
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

/// The range, checked, or in what respect its request is not even one.
fn range(index: usize, range: &Range) -> Result<Result<ParameterRange, Error>, String> {
    let at = |field: &str| format!("space[{index}].{field} (of `{}`)", range.name);
    if range.name.is_empty() {
        return Err(format!("space[{index}].name: empty"));
    }
    let superfluous = |field: &str, given: bool| {
        if given { Err(format!("{}: this type of parameter has none", at(field))) } else { Ok(()) }
    };
    let scaling = match range.scale.unwrap_or(Scale::Auto) {
        Scale::Linear => ScalingType::Linear,
        Scale::Log => ScalingType::Logarithmic,
        Scale::ReverseLog => ScalingType::ReverseLogarithmic,
        Scale::Auto => ScalingType::Auto,
    };
    match range.kind {
        Kind::Float | Kind::Int => superfluous("choices", range.choices.is_some())?,
        Kind::Cat => {
            superfluous("lo", range.lo.is_some())?;
            superfluous("hi", range.hi.is_some())?;
            superfluous("scale", range.scale.is_some())?;
        }
    }
    Ok(match range.kind {
        Kind::Float => {
            let end = |field, value: &Option<Value>| {
                let number = value.as_ref().and_then(Value::as_f64);
                number.ok_or_else(|| {
                    format!("{}: {} is not a number", at(field), shown(value.as_ref()))
                })
            };
            let (lo, hi) = (end("lo", &range.lo)?, end("hi", &range.hi)?);
            ParameterRange::continuous(&range.name, lo..=hi, scaling)
        }
        Kind::Int => {
            let end = |field, value: &Option<Value>| {
                let number = value.as_ref().and_then(whole);
                number.ok_or_else(|| {
                    format!(
                        "{}: {} is not a whole number within ±2^53",
                        at(field),
                        shown(value.as_ref())
                    )
                })
            };
            let (lo, hi) = (end("lo", &range.lo)?, end("hi", &range.hi)?);
            ParameterRange::integer(&range.name, lo..=hi, scaling)
        }
        Kind::Cat => {
            let choices = range.choices.as_ref();
            let choices = choices.ok_or_else(|| format!("{}: missing", at("choices")))?;
            ParameterRange::categorical(&range.name, choices)
        }
    })
}

/// A whole number, written as 3 or 3.0.
fn whole(value: &Value) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    #[allow(clippy::cast_possible_truncation, reason = "up to 2^53 it is exact")]
    let from_float =
        |number: f64| (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64);
    value.as_i64().or_else(|| value.as_f64().and_then(from_float))
}

fn outcome(value: &Value) -> Result<Outcome, String> {
    let failed = |what: String| {
        Outcome::Failed(Failure::new(FailureKind::Error, format!("the evaluation gave {what}")))
    };
    match value {
        Value::Null => Ok(failed("no value".to_owned())),
        Value::Number(number) => number
            .as_f64()
            .map(Outcome::from)
            .ok_or_else(|| format!("value: {number} is no 64-bit float")),
        Value::String(text) if text.parse().is_ok_and(|number: f64| !number.is_finite()) => {
            Ok(failed(text.clone()))
        }
        other => Err(format!("value: {other} is not a number; null or \"nan\" say that it failed")),
    }
}

/// The first pending trial of this configuration: to the digit or, for clients that round, as near as counts as the same.
fn pending(study: &Study, configuration: &Configuration) -> Option<TrialId> {
    let exact = study.pending().find(|trial| trial.configuration == *configuration);
    let space = study.space();
    let told = space.encode(configuration).ok()?;
    let near = || {
        study.pending().find(|trial| {
            let asked = space.encode(&trial.configuration);
            asked.is_ok_and(|asked| cube::same(space.axes(), &asked, &told))
        })
    };
    exact.or_else(near).map(|trial| trial.id)
}

fn shown(value: Option<&Value>) -> String {
    value.map_or_else(|| "missing".to_owned(), Value::to_string)
}

#[allow(clippy::needless_pass_by_value, reason = "fits map_err")]
fn one_line(error: impl Display) -> String {
    error.to_string().replace('\n', "; ")
}
