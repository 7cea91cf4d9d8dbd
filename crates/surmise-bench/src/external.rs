//! Other programs as contenders, over the JSON lines of [`surmise::ask_tell`], from the other side.
//!
//! ```text
//! we write {"op":"init","space":[…],"seed":3,"parallel":1,"budget":60}   it replies {"ok":true}
//!          {"op":"ask","n":1}                                                       {"configs":[{"x0":0.3}]}
//!          {"op":"tell","config":{"x0":0.3},"value":1.7}                            {"ok":true}
//! ```
//!
//! A value of null says that the evaluation failed. What the program writes to its standard error goes to ours. It is asked to
//! compute on one thread, by the environment variables that BLAS and OpenMP read, because a run of its own is on every core.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use crate::search::{Brief, Search};
use surmise::ask_tell::{Ask, Init, Parameter, Reply, Request, Tell};
use surmise::process_group::{ProcessGroup, Signal};
use surmise::space::Configuration;
use surmise::trial::Outcome;

/// How long a reply may take.
const PATIENCE: Duration = Duration::from_secs(600);

/// How long a program may take to end, at each of these looks.
const GRACE: Duration = Duration::from_millis(10);
const LOOKS: u32 = 100;

const ONE_THREAD: [&str; 3] = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"];

/// A program that searches.
pub(super) struct Program {
    child: Child,
    /// Closed when there is nothing more to say.
    input: Option<ChildStdin>,
    lines: Receiver<io::Result<String>>,
}

impl Program {
    /// Starts it and tells it what is searched.
    pub(super) fn begin(command: &str, brief: &Brief<'_>) -> Result<Self, String> {
        let mut shell = Command::new("sh");
        shell.args(["-c", command]).envs(ONE_THREAD.map(|name| (name, "1")));
        // With all that it starts, so that nothing is left when it is ended.
        let mut child = ProcessGroup::lead(&mut shell)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start `{command}`: {error}"))?;
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().expect("the output is a pipe"));
        // A program that talks unasked is held up, not listened to for ever.
        let (sender, lines) = sync_channel(16);
        // A read cannot be interrupted: so that a program which hangs is noticed, another thread reads.
        #[allow(clippy::disallowed_methods, reason = "it ends with the program's output")]
        thread::spawn(move || {
            for line in output.lines() {
                if sender.send(line).is_err() {
                    break;
                }
            }
        });
        let mut program = Self { child, input, lines };
        let space = brief.space.ranges().iter().map(Parameter::from).collect();
        let mut init = Init::new(space);
        (init.seed, init.parallel, init.budget) = (brief.seed, brief.parallel, Some(brief.budget));
        program.done(&Request::Init(init))?;
        Ok(program)
    }

    /// Writes a request and reads the reply to it.
    fn call(&mut self, request: &Request) -> Result<Reply, String> {
        let input = self.input.as_mut().expect("open until it is dropped");
        let request = serde_json::to_string(request).map_err(|error| error.to_string())?;
        writeln!(input, "{request}")
            .and_then(|()| input.flush())
            .map_err(|error| format!("the program does not listen: {error}"))?;
        let line = match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => line.map_err(|error| format!("the program cannot be read: {error}"))?,
            Err(RecvTimeoutError::Timeout) => {
                return Err(format!("no reply within {} seconds", PATIENCE.as_secs()));
            }
            Err(RecvTimeoutError::Disconnected) => return Err(self.farewell()),
        };
        let reply: Reply = serde_json::from_str(&line)
            .map_err(|error| format!("the reply {line:?} is not understood: {error}"))?;
        match reply {
            Reply::Error { error } => Err(format!("the program says: {error}")),
            reply => Ok(reply),
        }
    }

    /// A request whose reply is {"ok":true}.
    fn done(&mut self, request: &Request) -> Result<(), String> {
        match self.call(request)? {
            Reply::Ok { ok: true } => Ok(()),
            _ => {
                let request = serde_json::to_string(request).unwrap_or_default();
                Err(format!("the reply to {request} is not {{\"ok\":true}}"))
            }
        }
    }

    fn farewell(&mut self) -> String {
        match self.end() {
            Some(status) => format!("the program has ended: {status}"),
            None => "the program has closed its output".to_owned(),
        }
    }

    /// Closes its input, upon which a program ends by itself, and waits for that a while.
    fn end(&mut self) -> Option<ExitStatus> {
        self.input = None;
        for _ in 0..LOOKS {
            if let Ok(Some(status)) = self.child.try_wait() {
                return Some(status);
            }
            thread::sleep(GRACE);
        }
        None
    }
}

impl Search for Program {
    fn ask(&mut self, count: usize) -> Result<Vec<Configuration>, String> {
        match self.call(&Request::Ask(Ask::new(count)))? {
            Reply::Configs { configs, .. } => Ok(configs),
            _ => Err("the reply to an ask has no `configs`".to_owned()),
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
        self.done(&Request::Tell(Tell::configuration(configuration.clone(), value)))
    }

    fn recommended(&mut self) -> Result<Option<usize>, String> {
        Ok(None)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if self.end().is_none() {
            ProcessGroup::of(&self.child).signal(Signal::Kill);
            let _ = self.child.wait();
        }
    }
}
