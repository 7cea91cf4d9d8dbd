//! External programs as problems.

use std::fmt;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::problem::{Evaluation, Problem};
use crate::program::Program;
use surmise::ask_tell::{Parameter, search_space};
use surmise::error::{Error, Violation};
use surmise::rng::Rng;
use surmise::space::{Configuration, SearchSpace};
use surmise::stable_hash::stable_hash;

/// The longest duration that a problem may state: a year, in seconds.
const MAX_SECONDS: f64 = 365.0 * 86_400.0;

#[derive(Serialize)]
#[serde(tag = "op", rename_all = "snake_case")]
enum Request<'a> {
    Describe,
    Evaluate { config: &'a Configuration, seed: u64 },
}

#[derive(Deserialize)]
struct Description {
    space: Vec<Parameter>,
    optimum: Option<f64>,
    #[serde(default)]
    noisy: bool,
}

#[derive(Deserialize)]
struct EvaluationReply {
    value: Option<f64>,
    noiseless: Option<f64>,
    seconds: Option<f64>,
    failed: Option<String>,
    error: Option<String>,
}

/// A problem that a program of any language computes.
///
/// `sh -c` starts the command once for each core; it answers each line of JSON on its standard
/// input by one line on its standard output:
///
/// ```text
/// {"op":"describe"}
///     → {"space":[{"name":"lr","type":"float","lo":1e-6,"hi":1.0,"scale":"log"}],"optimum":0.1,
///        "noisy":true}
/// {"op":"evaluate","config":{"lr":0.001},"seed":7}
///     → {"value":0.31,"noiseless":0.3,"seconds":12}
/// ```
///
/// The space has the form of [`surmise::ask_tell`]; `optimum` and `noisy` may be missing. Of a
/// reply to `evaluate`, only `value` is required. Null means that the evaluation failed; `failed`
/// may say why. Smaller values are better. `noiseless` is the value without noise, from which
/// regret is computed; `seconds` is the duration on the virtual clock. The seed depends on the
/// case, the repetition and the number of the evaluation only.
///
/// A program that exits, answers nonsense or does not answer within ten minutes fails the
/// evaluation, and is started again for the next one.
pub struct ExternalProblem {
    name: String,
    command: String,
    space: SearchSpace,
    optimum: Option<f64>,
    is_noisy: bool,
    /// Programs that wait for a request.
    idle: Mutex<Vec<Program>>,
}

impl ExternalProblem {
    /// Starts the command, and asks it for its description.
    ///
    /// # Errors
    /// [`Error::Invalid`] if the program cannot be started, or if its description is invalid.
    pub fn start(name: impl Into<String>, command: impl Into<String>) -> Result<Self, Error> {
        let (name, command) = (name.into(), command.into());
        let invalid = |reason: String| {
            let value = format!("{name}: {reason}");
            let rule = "a program that is a problem answers {\"op\":\"describe\"} by its space";
            let remedy = "see \"Add a problem\" in BENCHMARKING.md";
            Error::Invalid(vec![Violation::new("problem", value, rule, remedy)])
        };
        let mut program = Program::start(&command).map_err(&invalid)?;
        let description: Description = program.call(&Request::Describe).map_err(&invalid)?;
        let space =
            search_space(&description.space).map_err(|errors| invalid(errors.join("; ")))?;
        let idle = Mutex::new(vec![program]);
        let Description { optimum, noisy: is_noisy, .. } = description;
        Ok(Self { name, command, space, optimum, is_noisy, idle })
    }

    /// Asks an idle program, or a new one; a program that fails is not used again.
    fn call(&self, request: &Request<'_>) -> Result<EvaluationReply, String> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut program = idle.map_or_else(|| Program::start(&self.command), Ok)?;
        let reply = program.call(request)?;
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(program);
        Ok(reply)
    }
}

impl fmt::Debug for ExternalProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExternalProblem").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Problem for ExternalProblem {
    fn name(&self) -> &str {
        &self.name
    }

    fn space(&self) -> &SearchSpace {
        &self.space
    }

    fn evaluate(&self, configuration: &Configuration, rng: &mut Rng) -> Evaluation {
        // 53 bits, which JSON readers with floating-point numbers preserve.
        let seed = (u64::from(rng.bits()) << 21) | u64::from(rng.bits() >> 11);
        let reply = match self.call(&Request::Evaluate { config: configuration, seed }) {
            Ok(reply) => reply,
            Err(reason) => return Err::<f64, _>(reason).into(),
        };
        let seconds = reply.seconds.filter(|seconds| *seconds > 0.0);
        let duration = seconds.map(|seconds| Duration::from_secs_f64(seconds.min(MAX_SECONDS)));
        let reason = reply.failed.or(reply.error);
        let measured = reply.value.ok_or_else(|| reason.unwrap_or("no value".to_owned()));
        let noiseless = reply.noiseless.filter(|_| measured.is_ok());
        let evaluation = Evaluation::from(measured);
        Evaluation { noiseless: noiseless.or(evaluation.noiseless), duration, ..evaluation }
    }

    fn optimum(&self) -> Option<f64> {
        self.optimum
    }

    fn is_noisy(&self) -> bool {
        self.is_noisy
    }

    fn data_hash(&self) -> Option<String> {
        let (space, optimum) = (self.space.ranges(), self.optimum);
        let data = format!("{}{space:?}{optimum:?}{}", self.command, self.is_noisy);
        Some(format!("{:016x}", stable_hash(&data)))
    }
}
