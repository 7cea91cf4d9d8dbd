//! Answers requests: what each one does, and what the reply is.

use std::collections::HashMap;
use std::fmt::{self, Display};

use serde_json::Value;

use super::messages::{
    Ask, Best, EarlyStoppingRule, EmptyRequest, Goal, HELP, HalvingSettings, Init, NamedRule,
    Reply, ReportRequest, Tell, read_request, trials_reply,
};
use super::space::{search_space, value_text};
use crate::error::Error;
use crate::limits::{EarlyStopping, ResourceLimits, TuningRules};
use crate::objective::Objective;
use crate::space::{Configuration, ParameterRange, ParameterValue, SearchSpace};
use crate::stopping::LearningCurves;
use crate::strategy::Strategy;
use crate::study::{AskOutcome, Study, StudySettings};
use crate::trial::{Failure, FailureKind, Outcome, Report, StopCause, Trial, TrialId};
use crate::unit_cube;

/// Maximum number of configurations in one reply.
const MAX_CONFIGURATIONS: usize = 4096;

/// The study of a session, and the rule that stops its trials early.
struct ActiveStudy {
    study: Study,
    rule: EarlyStopping,
    curves: LearningCurves,
}

/// Answers the requests of one client, with at most one study at a time.
///
/// ```
/// use surmise::ask_tell::{Reply, Session};
/// use surmise::{BayesianOptimization, Strategy};
///
/// let mut session =
///     Session::new(|_| -> Box<dyn Strategy> { Box::new(BayesianOptimization::default()) });
/// let init = br#"{"op":"init","space":[{"name":"x","type":"float","lo":-1,"hi":2}]}"#;
/// assert_eq!(session.answer(init), Reply::Ok { ok: true, recommends: false });
/// assert!(matches!(session.answer(br#"{"op":"ask"}"#), Reply::Configs { ids, .. } if ids == [1]));
/// ```
pub struct Session {
    make_strategy: fn(&Init) -> Box<dyn Strategy>,
    active: Option<ActiveStudy>,
    /// The requests that had a key, with their replies.
    answered: HashMap<String, (Value, Reply)>,
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

impl Session {
    /// Creates a session. `make_strategy` creates the strategy for each `init`, and may use what
    /// the client knows: [`Init::noisy`].
    pub fn new(make_strategy: fn(&Init) -> Box<dyn Strategy>) -> Self {
        Self { make_strategy, active: None, answered: HashMap::new() }
    }

    /// Answers one line. An invalid request gets an error as its reply, and changes nothing.
    pub fn answer(&mut self, line: &[u8]) -> Reply {
        self.respond(line).unwrap_or_else(|error| Reply::Error { error: error.into() })
    }

    fn respond(&mut self, line: &[u8]) -> Result<Reply, String> {
        let request: Value = serde_json::from_slice(line).map_err(|error| {
            let text = String::from_utf8_lossy(line);
            let has_non_finite = text.contains("NaN") || text.contains("Infinity");
            let hint = "; JSON has no NaN or Infinity: send null for an evaluation that failed";
            format!("not JSON: {error}{}", if has_non_finite { hint } else { "" })
        })?;
        let key = match request.get("key") {
            None | Some(Value::Null) => None,
            Some(key @ (Value::String(_) | Value::Number(_))) => Some(key.to_string()),
            Some(other) => return Err(format!("key: {other} is neither text nor a number")),
        };
        if let Some((earlier, reply)) = key.as_ref().and_then(|key| self.answered.get(key)) {
            return match *earlier == request {
                true => Ok(reply.clone()),
                false => {
                    Err(format!("key: {} belongs to another request: {earlier}", request["key"]))
                }
            };
        }
        let reply = match request.get("op").and_then(Value::as_str).unwrap_or_default() {
            "init" => self.init(read_request(line)?),
            "ask" => self.ask(&read_request(line)?),
            "tell" => self.tell(read_request(line)?),
            "report" => self.report(&read_request(line)?),
            "best" => read_request(line).and_then(|_: EmptyRequest| self.best()),
            "recommend" => read_request(line).and_then(|_: EmptyRequest| self.recommend()),
            "pending" => read_request(line).and_then(|_: EmptyRequest| self.pending()),
            "help" => read_request(line)
                .map(|_: EmptyRequest| Reply::Help { help: HELP.map(str::to_owned).to_vec() }),
            _ => Err(format!(
                "op: {}; use init, ask, tell, report, best, recommend, pending or help",
                value_text(request.get("op"))
            )),
        }?;
        if let Some(key) = key {
            self.answered.insert(key, (request, reply.clone()));
        }
        Ok(reply)
    }

    fn active_study(&mut self, op: &str) -> Result<&mut ActiveStudy, String> {
        self.active.as_mut().ok_or_else(|| format!("op: {op} before init; send init first"))
    }

    fn init(&mut self, init: Init) -> Result<Reply, String> {
        let mut errors = Vec::new();
        let space = search_space(&init.space).map_err(|found| errors.extend(found));
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
            None | Some(EarlyStoppingRule::Named(NamedRule::Off)) => EarlyStopping::Off,
            Some(EarlyStoppingRule::Named(NamedRule::Median)) => EarlyStopping::auto(),
            Some(EarlyStoppingRule::Halving(HalvingSettings { min_resource, max_resource })) => {
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
        let study = Study::new(space, objective, (self.make_strategy)(&init), settings);
        let study = study.map_err(one_line)?;
        let curves = LearningCurves::from_trials(study.objective(), study.trials());
        self.active = Some(ActiveStudy { study, rule, curves });
        // The replies to `init` are kept: a late repetition of one must not start its study again.
        self.answered.retain(|_, (request, _)| request["op"] == "init");
        // Older clients do not send `noisy`, and may compare the whole reply.
        Ok(Reply::Ok { ok: true, recommends: init.noisy.is_some() })
    }

    fn ask(&mut self, ask: &Ask) -> Result<Reply, String> {
        let study = &mut self.active_study("ask")?.study;
        if !(1..=MAX_CONFIGURATIONS).contains(&ask.n) {
            return Err(format!("n: {} is not between 1 and {MAX_CONFIGURATIONS}", ask.n));
        }
        Ok(match study.ask(ask.n).map_err(one_line)? {
            AskOutcome::Trials(trials) => trials_reply(&trials),
            AskOutcome::Wait | AskOutcome::Exhausted => trials_reply(&[]),
        })
    }

    fn tell(&mut self, tell: Tell) -> Result<Reply, String> {
        let active = self.active_study("tell")?;
        let outcome = parse_outcome(&tell.value)?;
        let configuration =
            tell.config.map(|config| normalize(active.study.space(), &config)).transpose()?;
        match (tell.id, configuration) {
            (None, None) => {
                return Err("id: missing, like config; give one of them".to_owned());
            }
            (Some(id), configuration) => {
                let trial = active.trial(id)?;
                let differs = |other: &Configuration| !active.is_same(&trial.configuration, other);
                if let Some(other) = configuration.filter(differs) {
                    return Err(format!(
                        "config: trial {id} is {}, not {other}",
                        trial.configuration
                    ));
                }
                active.end(TrialId(id), outcome)?;
            }
            (None, Some(configuration)) => {
                if let Some(trial) = active.find_pending(&configuration) {
                    active.end(trial, outcome)?;
                } else if !active.has_been_told(&configuration, &outcome) {
                    active.study.add_observation(&configuration, outcome).map_err(in_config)?;
                }
            }
        }
        Ok(Reply::Ok { ok: true, recommends: false })
    }

    fn report(&mut self, request: &ReportRequest) -> Result<Reply, String> {
        let ActiveStudy { study, rule, curves } = self.active_study("report")?;
        // A step that diverged has no value for the early stopping rule.
        let value = match parse_outcome(&request.value)? {
            Outcome::Completed { value } => value,
            _ => f64::NAN,
        };
        let (trial, report) = (TrialId(request.id), Report { step: request.step, value });
        // Bits are compared, because NaN differs from itself.
        let is_equal = |other: &Report| {
            other.step == report.step && other.value.to_bits() == report.value.to_bits()
        };
        let is_recorded =
            study.trial(trial).is_some_and(|trial| trial.reports.iter().any(is_equal));
        if !is_recorded {
            study.report(trial, report.step, report.value).map_err(one_line)?;
            curves.add_report(trial, report);
        }
        let earlier = study.trial(trial).and_then(|trial| trial.stop_cause);
        let decision = earlier.or_else(|| curves.decide(rule, trial, report, None));
        if let (None, Some(cause)) = (earlier, decision) {
            study.request_stop(trial, cause).map_err(one_line)?;
        }
        Ok(Reply::StopDecision {
            stop: decision.is_some(),
            why: decision.map(|cause| cause.to_string()),
        })
    }

    fn best(&mut self) -> Result<Reply, String> {
        let study = &self.active_study("best")?.study;
        let best = study.best().and_then(|trial| {
            let (id, config) = (trial.id.0, trial.configuration.clone());
            Some(Best { id, config, value: trial.value()? })
        });
        Ok(Reply::Best { best })
    }

    fn recommend(&mut self) -> Result<Reply, String> {
        let recommended = self.active_study("recommend")?.study.recommended().map_err(one_line)?;
        let recommended = recommended.map(|trial| trial.configuration.clone());
        Ok(Reply::Recommended { recommended })
    }

    fn pending(&mut self) -> Result<Reply, String> {
        let study = &self.active_study("pending")?.study;
        let trials: Vec<Trial> = study.pending().cloned().collect();
        Ok(trials_reply(&trials))
    }
}

impl ActiveStudy {
    fn trial(&self, id: u64) -> Result<&Trial, String> {
        let trial = id.checked_sub(1).and_then(|_| self.study.trial(TrialId(id)));
        trial.ok_or_else(|| format!("id: there is no trial {id}; use an id that `ask` returned"))
    }

    /// Returns whether two configurations are equal, or count as the same point of the unit cube.
    ///
    /// Clients may round values, so the values need not be equal to the last digit.
    fn is_same(&self, a: &Configuration, b: &Configuration) -> bool {
        let space = self.study.space();
        let are_same_point = || {
            let (a, b) = (space.encode(a).ok()?, space.encode(b).ok()?);
            Some(unit_cube::is_same_point(space.axes(), &a, &b))
        };
        a == b || are_same_point().unwrap_or(false)
    }

    /// Returns the first pending trial with a configuration. Exactly equal configurations take
    /// precedence over rounded ones.
    fn find_pending(&self, configuration: &Configuration) -> Option<TrialId> {
        let exact = self.study.pending().find(|trial| trial.configuration == *configuration);
        let is_same = |trial: &&Trial| self.is_same(&trial.configuration, configuration);
        exact.or_else(|| self.study.pending().find(is_same)).map(|trial| trial.id)
    }

    /// Ends a trial. If early stopping has requested a stop, its value counts as that of a stopped
    /// trial.
    fn end(&mut self, id: TrialId, outcome: Outcome) -> Result<(), String> {
        let cause = self.study.trial(id).and_then(|trial| trial.stop_cause);
        let outcome = match (cause, outcome) {
            (Some(StopCause::MaxResource { .. }) | None, outcome) => outcome,
            (Some(_), Outcome::Completed { value }) => Outcome::Stopped { value: Some(value) },
            (Some(_), outcome) => outcome,
        };
        let recorded = self.study.trial(id).and_then(Trial::value);
        self.study.tell(id, outcome.clone()).map_err(|error| match error {
            Error::Conflict { .. } => {
                let end =
                    recorded.map_or("without a value".to_owned(), |value| format!("with {value}"));
                format!(
                    "value: trial {id} has already ended {end}; that result counts, and this one \
                     is not used"
                )
            }
            other => one_line(other),
        })?;
        self.curves.finish(id, &outcome);
        Ok(())
    }

    /// Returns whether this outcome of a configuration has been told before: the request is a
    /// repetition.
    fn has_been_told(&self, configuration: &Configuration, outcome: &Outcome) -> bool {
        let value = |outcome: &Outcome| match outcome {
            Outcome::Completed { value } | Outcome::Stopped { value: Some(value) } => Some(*value),
            _ => None,
        };
        // Outcomes are compared first, because comparing configurations takes longer.
        let is_equal = |other: &Outcome| match (value(other), value(outcome)) {
            (Some(a), Some(b)) => a.to_bits() == b.to_bits(),
            _ => other == outcome,
        };
        let mut same =
            self.study.trials().iter().filter(|trial| trial.outcome.as_ref().is_some_and(is_equal));
        same.any(|trial| self.is_same(&trial.configuration, configuration))
    }
}

/// Returns a configuration in the order and types of the space.
fn normalize(space: &SearchSpace, config: &Configuration) -> Result<Configuration, String> {
    let is_choice = |name: &str| {
        let range = space.ranges().iter().find(|range| range.name() == name);
        matches!(range, Some(ParameterRange::Categorical(_)))
    };
    let mut nulls = config.iter().filter(|(_, value)| **value == ParameterValue::Null);
    if let Some((name, _)) = nulls.find(|(name, _)| !is_choice(name)) {
        return Err(format!("config.{name}: null is not a number; give a number"));
    }
    space.normalize(config).map_err(in_config)
}

fn in_config(error: Error) -> String {
    format!("config: {}", one_line(error))
}

fn parse_outcome(value: &Value) -> Result<Outcome, String> {
    let failed = |what: String| {
        Outcome::Failed(Failure::new(FailureKind::Error, format!("the evaluation gave {what}")))
    };
    match value {
        Value::Null => Ok(failed("no value".to_owned())),
        Value::Number(number) => number
            .as_f64()
            .map(Outcome::from)
            .ok_or_else(|| format!("value: {number} does not fit a 64-bit float")),
        Value::String(text) if text.parse().is_ok_and(|number: f64| !number.is_finite()) => {
            Ok(failed(text.clone()))
        }
        other => Err(format!("value: {other} is not a number; send null if the evaluation failed")),
    }
}

#[allow(clippy::needless_pass_by_value, reason = "fits map_err")]
fn one_line(error: impl Display) -> String {
    error.to_string().replace('\n', "; ")
}
