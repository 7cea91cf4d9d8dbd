//! What a request does, and what is answered.

use std::collections::HashMap;
use std::fmt::{self, Display};

use serde_json::Value;

use super::messages::{
    Ask, Bare, Best, Goal, HELP, Halving, Init, Reply, Reported, Rule, Stopping, Tell, listed, read,
};
use super::space::shown;
use crate::cube;
use crate::error::Error;
use crate::limits::{EarlyStopping, ResourceLimits, TuningRules};
use crate::objective::Objective;
use crate::space::{Configuration, ParameterRange, ParameterValue, SearchSpace};
use crate::stopping::Curves;
use crate::strategy::Strategy;
use crate::study::{Asked, Study, StudySettings};
use crate::trial::{Failure, FailureKind, Outcome, Report, StopCause, Trial, TrialId};

/// Configurations in one reply.
const MOST_ASKED: usize = 4096;

/// A study, and what stops its evaluations early.
struct Search {
    study: Study,
    rule: EarlyStopping,
    curves: Curves,
}

/// One conversation: at most one study at a time.
///
/// ```
/// use surmise::ask_tell::{Reply, Session};
/// use surmise::{BayesianOptimization, Strategy};
///
/// let mut session = Session::new(|| -> Box<dyn Strategy> { Box::new(BayesianOptimization::default()) });
/// let space = r#"[{"name":"x","type":"float","lo":-1,"hi":2}]"#;
/// let reply = session.answer(format!(r#"{{"op":"init","space":{space}}}"#).as_bytes());
/// assert_eq!(reply, Reply::Ok { ok: true });
/// assert!(matches!(session.answer(br#"{"op":"ask"}"#), Reply::Configs { ids, .. } if ids == [1]));
/// ```
pub struct Session {
    make_strategy: fn() -> Box<dyn Strategy>,
    search: Option<Search>,
    /// Requests with a key, and what was answered.
    answered: HashMap<String, (Value, Reply)>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

impl Session {
    /// A conversation in which each `init` has a strategy of its own, made by this.
    pub fn new(make_strategy: fn() -> Box<dyn Strategy>) -> Self {
        Self { make_strategy, search: None, answered: HashMap::new() }
    }

    /// Answers one line. A request that cannot be met is answered by an error, and changes nothing.
    pub fn answer(&mut self, line: &[u8]) -> Reply {
        self.respond(line).unwrap_or_else(|error| Reply::Error { error: error.into() })
    }

    fn respond(&mut self, line: &[u8]) -> Result<Reply, String> {
        let request: Value = serde_json::from_slice(line).map_err(|error| {
            let text = String::from_utf8_lossy(line);
            let has_none = text.contains("NaN") || text.contains("Infinity");
            let hint =
                "; JSON has neither NaN nor Infinity: send null for an evaluation that failed";
            format!("not JSON: {error}{}", if has_none { hint } else { "" })
        })?;
        let key = match request.get("key") {
            None | Some(Value::Null) => None,
            Some(key @ (Value::String(_) | Value::Number(_))) => Some(key.to_string()),
            Some(other) => return Err(format!("key: {other} is neither text nor a number")),
        };
        if let Some((before, reply)) = key.as_ref().and_then(|key| self.answered.get(key)) {
            return match *before == request {
                true => Ok(reply.clone()),
                false => {
                    Err(format!("key: {} was that of another request: {before}", request["key"]))
                }
            };
        }
        let reply = match request.get("op").and_then(Value::as_str).unwrap_or_default() {
            "init" => self.init(read(line)?),
            "ask" => self.ask(&read(line)?),
            "tell" => self.tell(read(line)?),
            "report" => self.report(&read(line)?),
            "best" => read(line).and_then(|_: Bare| self.best()),
            "pending" => read(line).and_then(|_: Bare| self.pending()),
            "help" => {
                read(line).map(|_: Bare| Reply::Help { help: HELP.map(str::to_owned).to_vec() })
            }
            _ => Err(format!(
                "op: {}; it is one of init, ask, tell, report, best, pending, help",
                shown(request.get("op"))
            )),
        }?;
        if let Some(key) = key {
            self.answered.insert(key, (request, reply.clone()));
        }
        Ok(reply)
    }

    fn search(&mut self, op: &str) -> Result<&mut Search, String> {
        self.search.as_mut().ok_or_else(|| format!("op: {op} before init"))
    }

    fn init(&mut self, init: Init) -> Result<Reply, String> {
        let mut errors = Vec::new();
        let mut ranges = Vec::new();
        for (index, asked) in init.space.iter().enumerate() {
            match asked.read(index) {
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
        let rule = match init.early_stopping {
            None | Some(Stopping::Rule(Rule::Off)) => EarlyStopping::Off,
            Some(Stopping::Rule(Rule::Median)) => EarlyStopping::auto(),
            Some(Stopping::Halving(Halving { min_resource, max_resource })) => {
                EarlyStopping::hyperband(min_resource, max_resource)
            }
        };
        let rules = TuningRules { early_stopping: rule, ..Default::default() };
        errors.extend(rules.check().err().map(one_line));
        let space = match space {
            Ok(space) if errors.is_empty() => space,
            _ => return Err(errors.join("; ")),
        };
        let settings = StudySettings { seed: init.seed, limits, ..Default::default() };
        let objective = match init.goal {
            Goal::Minimize => Objective::minimize("value"),
            Goal::Maximize => Objective::maximize("value"),
        };
        let study = Study::new(space, objective, (self.make_strategy)(), settings);
        let study = study.map_err(one_line)?;
        let curves = Curves::of(study.objective(), study.trials());
        self.search = Some(Search { study, rule, curves });
        // A late copy of the request that began what is over must not begin it anew.
        self.answered.retain(|_, (request, _)| request["op"] == "init");
        Ok(Reply::Ok { ok: true })
    }

    fn ask(&mut self, ask: &Ask) -> Result<Reply, String> {
        let study = &mut self.search("ask")?.study;
        if !(1..=MOST_ASKED).contains(&ask.n) {
            return Err(format!("n: {} is not between 1 and {MOST_ASKED}", ask.n));
        }
        Ok(match study.ask(ask.n).map_err(one_line)? {
            Asked::Trials(trials) => listed(&trials),
            Asked::Wait | Asked::Exhausted => listed(&[]),
        })
    }

    fn tell(&mut self, tell: Tell) -> Result<Reply, String> {
        let search = self.search("tell")?;
        let outcome = outcome(&tell.value)?;
        let told = tell.config.map(|config| known(search.study.space(), &config)).transpose()?;
        match (tell.id, told) {
            (None, None) => {
                return Err("id: missing, and so is config; give one of them".to_owned());
            }
            (Some(id), told) => {
                let trial = search.trial(id)?;
                let is_other = |told: &Configuration| !search.is_same(&trial.configuration, told);
                if let Some(told) = told.filter(is_other) {
                    return Err(format!(
                        "config: trial {id} is {}, not {told}",
                        trial.configuration
                    ));
                }
                search.end(TrialId(id), outcome)?;
            }
            (None, Some(told)) => {
                if let Some(trial) = search.pending(&told) {
                    search.end(trial, outcome)?;
                } else if !search.has_been_told(&told, &outcome) {
                    search.study.observe(&told, outcome).map_err(in_config)?;
                }
            }
        }
        Ok(Reply::Ok { ok: true })
    }

    fn report(&mut self, reported: &Reported) -> Result<Reply, String> {
        let Search { study, rule, curves } = self.search("report")?;
        // A step that diverged has no value to be judged by.
        let value = match outcome(&reported.value)? {
            Outcome::Completed { value } => value,
            _ => f64::NAN,
        };
        let (trial, report) = (TrialId(reported.id), Report { step: reported.step, value });
        // By its bits, because a report without a value equals no other one.
        let is_it = |known: &Report| {
            known.step == report.step && known.value.to_bits() == report.value.to_bits()
        };
        let is_known = study.trial(trial).is_some_and(|trial| trial.reports.iter().any(is_it));
        if !is_known {
            study.report(trial, report.step, report.value).map_err(one_line)?;
            curves.add(trial, report);
        }
        let asked = study.trial(trial).and_then(|trial| trial.stop_asked);
        let verdict = asked.or_else(|| curves.verdict(rule, trial, report, None));
        if let (None, Some(cause)) = (asked, verdict) {
            study.ask_to_stop(trial, cause).map_err(one_line)?;
        }
        Ok(Reply::Verdict { stop: verdict.is_some(), why: verdict.map(|cause| cause.to_string()) })
    }

    fn best(&mut self) -> Result<Reply, String> {
        let study = &self.search("best")?.study;
        let best = study.best().and_then(|trial| {
            let (id, config) = (trial.id.0, trial.configuration.clone());
            Some(Best { id, config, value: trial.value()? })
        });
        Ok(Reply::Best { best })
    }

    fn pending(&mut self) -> Result<Reply, String> {
        let study = &self.search("pending")?.study;
        let trials: Vec<Trial> = study.pending().cloned().collect();
        Ok(listed(&trials))
    }
}

impl Search {
    fn trial(&self, id: u64) -> Result<&Trial, String> {
        let trial = id.checked_sub(1).and_then(|_| self.study.trial(TrialId(id)));
        trial.ok_or_else(|| format!("id: there is no trial {id}"))
    }

    /// Whether two configurations are one: to the digit or, for clients that round, as near as counts as the same.
    fn is_same(&self, known: &Configuration, told: &Configuration) -> bool {
        let space = self.study.space();
        let near = || {
            let (known, told) = (space.encode(known).ok()?, space.encode(told).ok()?);
            Some(cube::same(space.axes(), &known, &told))
        };
        known == told || near().unwrap_or(false)
    }

    /// The first pending trial of a configuration, one that is equal to the digit before all others.
    fn pending(&self, told: &Configuration) -> Option<TrialId> {
        let exact = self.study.pending().find(|trial| trial.configuration == *told);
        let near = || self.study.pending().find(|trial| self.is_same(&trial.configuration, told));
        exact.or_else(near).map(|trial| trial.id)
    }

    /// Ends a trial. One that early stopping has asked to stop ends there, with the value it has come to.
    fn end(&mut self, id: TrialId, outcome: Outcome) -> Result<(), String> {
        let cause = self.study.trial(id).and_then(|trial| trial.stop_asked);
        let outcome = match (cause, outcome) {
            (Some(StopCause::MaxResource { .. }) | None, outcome) => outcome,
            (Some(_), Outcome::Completed { value }) => Outcome::Stopped { value: Some(value) },
            (Some(_), outcome) => outcome,
        };
        let kept = self.study.trial(id).and_then(Trial::value);
        self.study.tell(id, outcome.clone()).map_err(|error| match error {
            Error::Conflict { .. } => {
                let kept =
                    kept.map_or("without a value".to_owned(), |value| format!("with {value}"));
                format!("value: trial {id} has ended {kept}, and that counts")
            }
            other => one_line(other),
        })?;
        self.curves.end(id, &outcome);
        Ok(())
    }

    /// Whether the same has been told of a configuration: a message that is sent again.
    fn has_been_told(&self, told: &Configuration, outcome: &Outcome) -> bool {
        let value = |outcome: &Outcome| match outcome {
            Outcome::Completed { value } | Outcome::Stopped { value: Some(value) } => Some(*value),
            _ => None,
        };
        // Outcomes are compared first, because configurations take longer.
        let says_so = |known: &Outcome| match (value(known), value(outcome)) {
            (Some(known), Some(told)) => known.to_bits() == told.to_bits(),
            _ => known == outcome,
        };
        let mut same =
            self.study.trials().iter().filter(|trial| trial.outcome.as_ref().is_some_and(says_so));
        same.any(|trial| self.is_same(&trial.configuration, told))
    }
}

/// A configuration in the space's own order and types.
fn known(space: &SearchSpace, config: &Configuration) -> Result<Configuration, String> {
    let is_choice = |name: &str| {
        let range = space.ranges().iter().find(|range| range.name() == name);
        matches!(range, Some(ParameterRange::Categorical(_)))
    };
    let mut nulls = config.iter().filter(|(_, value)| **value == ParameterValue::Null);
    if let Some((name, _)) = nulls.find(|(name, _)| !is_choice(name)) {
        return Err(format!("config.{name}: null is no number"));
    }
    space.normalize(config).map_err(in_config)
}

fn in_config(error: Error) -> String {
    format!("config: {}", one_line(error))
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

#[allow(clippy::needless_pass_by_value, reason = "fits map_err")]
fn one_line(error: impl Display) -> String {
    error.to_string().replace('\n', "; ")
}
