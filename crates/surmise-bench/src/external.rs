//! External programs as contenders: the client side of the protocol of [`surmise::ask_tell`].
//!
//! ```text
//! request                                                       reply
//! {"op":"init","space":[…],"seed":3,"parallel":1,"budget":60,
//!  "noisy":false}                                               {"ok":true,"recommends":true}
//! {"op":"ask","n":1}                                            {"configs":[{"x0":0.3}]}
//! {"op":"tell","config":{"x0":0.3},"value":1.7}                 {"ok":true}
//! {"op":"recommend"}                                            {"recommended":{"x0":0.3}}
//! ```
//!
//! A program without `recommends` is not asked to recommend. A value of null tells the program that
//! the evaluation failed.

use crate::optimizer::{Optimizer, OptimizerSettings};
use crate::program::{Program, shorten};
use crate::run::RunTrial;
use serde::Deserialize;
use surmise::ask_tell::{Ask, Init, Parameter, Reply, Request, Tell};
use surmise::space::{Configuration, ParameterValue};
use surmise::trial::Outcome;

/// A running program that proposes configurations.
pub(super) struct ExternalProgram {
    program: Program,
    /// True if the program answers requests for a recommendation.
    recommends: bool,
}

impl ExternalProgram {
    /// Starts the program, and sends it the search space and the settings.
    pub(super) fn start(command: &str, settings: &OptimizerSettings<'_>) -> Result<Self, String> {
        let mut program = Self { program: Program::start(command)?, recommends: false };
        let space = settings.space.ranges().iter().map(Parameter::from).collect();
        let mut init = Init::new(space);
        init.seed = settings.seed;
        init.parallel = settings.concurrency;
        init.budget = Some(settings.budget);
        init.noisy = Some(settings.is_noisy);
        match program.call(&Request::Init(init))? {
            Reply::Ok { ok: true, recommends } => program.recommends = recommends,
            _ => return Err("the reply to `init` is not {\"ok\":true}".to_owned()),
        }
        Ok(program)
    }

    /// Sends a request; an error in the reply is an error.
    fn call(&mut self, request: &Request) -> Result<Reply, String> {
        let reply: serde_json::Value = self.program.call(request)?;
        match Reply::deserialize(&reply) {
            Ok(Reply::Error { error }) => {
                Err(format!("the program reports an error: {}", shorten(&error.to_string())))
            }
            Ok(reply) => Ok(reply),
            Err(_) => {
                let request = serde_json::to_string(request).unwrap_or_default();
                let (request, reply) = (shorten(&request), shorten(&reply.to_string()));
                Err(format!("{reply} is no reply to {request}"))
            }
        }
    }

    /// Sends a request, and checks that the reply is `{"ok":true}`.
    fn request_ok(&mut self, request: &Request) -> Result<(), String> {
        match self.call(request)? {
            Reply::Ok { ok: true, .. } => Ok(()),
            _ => {
                let request = serde_json::to_string(request).unwrap_or_default();
                Err(format!("the reply to {} is not {{\"ok\":true}}", shorten(&request)))
            }
        }
    }
}

impl Optimizer for ExternalProgram {
    fn ask(&mut self, count: usize) -> Result<Vec<Configuration>, String> {
        match self.call(&Request::Ask(Ask::new(count)))? {
            Reply::Configs { configs, .. } => Ok(configs),
            _ => Err("the reply to `ask` has no `configs`".to_owned()),
        }
    }

    fn tell(
        &mut self,
        _trial: usize,
        configuration: &Configuration,
        outcome: &Outcome,
    ) -> Result<(), String> {
        let value = match outcome {
            Outcome::Completed { value } => Some(*value),
            Outcome::Failed(_) | Outcome::Stopped { .. } => None,
        };
        self.request_ok(&Request::Tell(Tell::configuration(configuration.clone(), value)))
    }

    fn recommend(&mut self, trials: &[RunTrial]) -> Result<Option<usize>, String> {
        if !self.recommends {
            return Ok(None);
        }
        let Reply::Recommended { recommended } = self.call(&Request::Recommend)? else {
            return Err("the reply to `recommend` has no `recommended`".to_owned());
        };
        let Some(recommended) = recommended else { return Ok(None) };
        let told = trials
            .iter()
            .rposition(|trial| trial.end.is_some() && is_same(&trial.configuration, &recommended));
        match told {
            Some(trial) => Ok(Some(trial)),
            None => Err(format!("the program recommends {recommended}, which it was not told")),
        }
    }
}

/// Returns true if two configurations agree, up to the rounding of numbers in a text.
fn is_same(a: &Configuration, b: &Configuration) -> bool {
    let agrees = |(name, value): (&str, &ParameterValue)| {
        let Some(other) = b.value(name) else { return false };
        match (value.number(), other.number()) {
            (Some(x), Some(y)) => (x - y).abs() <= 1e-9 * x.abs().max(y.abs()),
            _ => value == other,
        }
    };
    a.iter().count() == b.iter().count() && a.iter().all(agrees)
}
