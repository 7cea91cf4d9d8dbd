//! Programs that answer lines of JSON: external contenders, and external problems.
//!
//! The program's standard error is that of this process. Each core makes a run, so a program should
//! use one thread only; environment variables of BLAS and OpenMP set this limit.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use surmise::process_group::{ProcessGroup, Signal};

const REPLY_TIMEOUT: Duration = Duration::from_secs(600);

/// Time between two checks whether the program has exited.
const EXIT_POLL_INTERVAL: Duration = Duration::from_millis(10);
/// Number of checks before the program is killed.
const EXIT_POLLS: u32 = 100;

/// Environment variables that limit a program to one thread.
const ONE_THREAD: [&str; 3] = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"];

/// The largest number of characters of a message that a record shows.
const MAX_SHOWN: usize = 200;

/// Returns the beginning of a text that may be very long.
pub(super) fn shorten(text: &str) -> String {
    if text.chars().count() <= MAX_SHOWN {
        return text.to_owned();
    }
    text.chars().take(MAX_SHOWN).chain(['…']).collect()
}

/// A running program; it is ended when it is dropped.
pub(super) struct Program {
    child: Child,
    /// The program's standard input; `None` once it is closed.
    input: Option<ChildStdin>,
    lines: Receiver<io::Result<String>>,
}

impl Program {
    /// Starts a command line by `sh -c`.
    pub(super) fn start(command: &str) -> Result<Self, String> {
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
        Ok(Self { child, input, lines })
    }

    /// Writes a request, and reads the reply to it.
    pub(super) fn call<R: DeserializeOwned>(
        &mut self,
        request: &impl Serialize,
    ) -> Result<R, String> {
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
        serde_json::from_str(&line)
            .map_err(|error| format!("the reply {:?} is invalid: {error}", shorten(&line)))
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

impl Drop for Program {
    fn drop(&mut self) {
        if self.wait_for_exit().is_none() {
            ProcessGroup::of(&self.child).signal(Signal::Kill);
            let _ = self.child.wait();
        }
    }
}
