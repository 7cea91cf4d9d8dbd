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
//! the evaluation failed. The program's standard error is
//! that of this process. Each core makes a run, so a program should use one thread only;
//! environment variables of BLAS and OpenMP set this limit.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use crate::optimizer::{Optimizer, OptimizerSettings};
use crate::run::RunTrial;
use surmise::ask_tell::{Ask, Init, Parameter, Reply, Request, Tell};
use surmise::process_group::{ProcessGroup, Signal};
use surmise::space::{Configuration, ParameterValue};
use surmise::trial::Outcome;

const REPLY_TIMEOUT: Duration = Duration::from_secs(600);

/// Time between two checks whether the program has exited.
const EXIT_POLL_INTERVAL: Duration = Duration::from_millis(10);
/// Number of checks before the program is killed.
const EXIT_POLLS: u32 = 100;

/// Environment variables that limit a program to one thread.
const ONE_THREAD: [&str; 3] = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"];

/// A running program that proposes configurations.
pub(super) struct ExternalProgram {
    child: Child,
    /// The program's standard input; `None` once it is closed.
    input: Option<ChildStdin>,
    lines: Receiver<io::Result<String>>,
    /// True if the program answers requests for a recommendation.
    recommends: bool,
}

impl ExternalProgram {
    /// Starts the program, and sends it the search space and the settings.
    pub(super) fn start(command: &str, settings: &OptimizerSettings<'_>) -> Result<Self, String> {
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).envs(ONE_THREAD.map(|name| (name, "1")));
        // In a process group, so that all its child processes can be killed, too.
        let mut child = ProcessGroup::make_leader(&mut shell)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start `{command}`: {error}"))?;
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("the output is a pipe"));
        // The channel is bounded: a program that prints without end blocks, and uses no memory
        // here.
        let (sender, lines) = sync_channel(16);
        // A separate thread reads, because a blocking read has no timeout.
        #[allow(clippy::disallowed_methods, reason = "the thread ends with the program's output")]
        thread::spawn(move || {
            for line in output.lines() {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let mut program = Self { child, input, lines, recommends: false };
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

    /// Writes a request, and reads the reply to it.
    fn call(&mut self, request: &Request) -> Result<Reply, String> {
        let input = self.input.as_mut().expect("the input is open until the program is dropped");
        let request = serde_json::to_string(request).map_err(|error| error.to_string())?;
        writeln!(input, "{request}")
            .and_then(|()| input.flush())
            .map_err(|error| format!("cannot write to the program: {error}"))?;
        let line = match self.lines.recv_timeout(REPLY_TIMEOUT) {
            Ok(line) => line.map_err(|error| format!("cannot read from the program: {error}"))?,
            Err(RecvTimeoutError::Timeout) => {
                return Err(format!("no reply within {} seconds", REPLY_TIMEOUT.as_secs()));
            }
            Err(RecvTimeoutError::Disconnected) => return Err(self.describe_end()),
        };
        let reply: Reply = serde_json::from_str(&line)
            .map_err(|error| format!("the reply {line:?} is invalid: {error}"))?;
        match reply {
            Reply::Error { error } => Err(format!("the program reports an error: {error}")),
            reply => Ok(reply),
        }
    }

    /// Sends a request, and checks that the reply is `{"ok":true}`.
    fn request_ok(&mut self, request: &Request) -> Result<(), String> {
        match self.call(request)? {
            Reply::Ok { ok: true, .. } => Ok(()),
            _ => {
                let request = serde_json::to_string(request).unwrap_or_default();
                Err(format!("the reply to {request} is not {{\"ok\":true}}"))
            }
        }
    }

    fn describe_end(&mut self) -> String {
        match self.wait_for_exit() {
            Some(status) => format!("the program has ended: {status}"),
            None => "the program has closed its output".to_owned(),
        }
    }

    /// Closes the program's input, which tells it to exit, and waits for up to a second.
    fn wait_for_exit(&mut self) -> Option<ExitStatus> {
        self.input = None;
        for _ in 0..EXIT_POLLS {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            thread::sleep(EXIT_POLL_INTERVAL);
        }
        None
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
        let told = trials.iter().rposition(|trial| {
            trial.end.is_some() && is_same(&trial.configuration, &recommended)
        });
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

impl Drop for ExternalProgram {
    fn drop(&mut self) {
        if self.wait_for_exit().is_none() {
            ProcessGroup::of(&self.child).signal(Signal::Kill);
            let _ = self.child.wait();
        }
    }
}
