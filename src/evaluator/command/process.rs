//! A running program with its child processes. Threads send its output, line by line, and its end.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, SyncSender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::sources::MAX_LINE_BYTES;
use crate::process_group::{ProcessGroup, Signal, wait_for_exit};

/// Interval at which a process group is polled for remaining members.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// How long to wait for zombies that another process must reap.
const ZOMBIE_GRACE_PERIOD: Duration = Duration::from_millis(500);

/// A message about a process. It is sent together with the number of the call.
#[derive(Debug)]
pub(super) enum Message {
    /// A line of standard output, or of standard error if `is_error`.
    Line { is_error: bool, text: String },
    /// One of the two streams was closed.
    Closed,
    /// The process and its child processes have ended.
    Exited(io::Result<ExitStatus>),
}

/// A process that leads a process group of its own.
#[derive(Debug)]
pub(super) struct Process(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// `None` before the start, and after the last member has ended: the system may give the number
    /// to another group then.
    group: Option<ProcessGroup>,
    /// True once the leader has ended.
    has_ended: bool,
    /// True once a signal was sent to the group.
    is_asked_to_end: bool,
    killed_at: Option<Instant>,
}

/// The files that get a copy of the output of a process.
#[derive(Debug)]
pub(super) struct Logs {
    pub(super) output: File,
    pub(super) error: File,
}

impl Process {
    /// Starts a program; returns the process and the number of its group.
    ///
    /// Three threads send its output and its end. They start before the program, so that no program
    /// runs without them if a thread cannot be started.
    pub(super) fn start(
        mut command: Command,
        call: u64,
        logs: Option<Logs>,
        sender: &SyncSender<(u64, Message)>,
    ) -> io::Result<(Self, u32)> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let state = Arc::new(Mutex::new(State::default()));
        let (output_log, error_log) =
            logs.map_or((None, None), |logs| (Some(logs.output), Some(logs.error)));
        let (output_sender, output) = channel::<ChildStdout>();
        let (error_sender, error) = channel::<ChildStderr>();
        let (child_sender, child) = channel::<Child>();
        forward_lines(output, false, output_log, call, sender.clone())?;
        forward_lines(error, true, error_log, call, sender.clone())?;
        forward_exit(child, Arc::clone(&state), call, sender.clone())?;

        let mut child = ProcessGroup::make_leader(&mut command).spawn()?;
        let group = child.id();
        lock(&state).group = Some(ProcessGroup::of(&child));
        // The threads wait for these, so that sending does not fail.
        let _ = child.stdout.take().map(|stream| output_sender.send(stream));
        let _ = child.stderr.take().map(|stream| error_sender.send(stream));
        let _ = child_sender.send(child);
        Ok((Self(state), group))
    }

    /// Returns a process that a thread follows, and the handle by which the thread marks its end.
    pub(super) fn followed(group: Option<ProcessGroup>) -> (Self, ExitHandle) {
        let state = Arc::new(Mutex::new(State { group, ..State::default() }));
        (Self(Arc::clone(&state)), ExitHandle(state))
    }

    /// Sends a signal to the process group, if its leader is running or was asked to end before;
    /// returns whether the signal was sent.
    pub(super) fn signal(&self, signal: Signal) -> bool {
        let mut state = lock(&self.0);
        if state.has_ended && !state.is_asked_to_end {
            return false;
        }
        let Some(group) = &state.group else { return false };
        group.signal(signal);
        state.is_asked_to_end = true;
        if signal == Signal::Kill {
            state.killed_at.get_or_insert(now());
        }
        true
    }
}

/// Marks the end of a process that a thread follows.
pub(super) struct ExitHandle(Arc<Mutex<State>>);

impl ExitHandle {
    /// Kills the remaining members of the group. Call it before the leader is reaped: after that
    /// the system may give its number to another group.
    pub(super) fn kill_remaining(&self) {
        if let Some(group) = &lock(&self.0).group {
            group.signal(Signal::Kill);
        }
    }

    /// Forgets the group: the system may give its number to another group from now on.
    pub(super) fn mark_exited(&self) {
        let mut state = lock(&self.0);
        (state.group, state.has_ended) = (None, true);
    }
}

#[allow(clippy::disallowed_methods, reason = "an evaluator keeps the time")]
fn now() -> Instant {
    Instant::now()
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts a thread that waits for the end of a process and of its group, and sends it.
///
/// If the group was asked to end, its remaining members have their grace period; otherwise they are
/// killed at once.
fn forward_exit(
    process: Receiver<Child>,
    state: Arc<Mutex<State>>,
    call: u64,
    sender: SyncSender<(u64, Message)>,
) -> io::Result<()> {
    spawn("waits for a job", move || {
        let Ok(mut child) = process.recv() else { return };
        wait_for_exit(&mut child);
        let is_asked_to_end = {
            let mut state = lock(&state);
            state.has_ended = true;
            // Until the leader is reaped, the system gives its number to no other group.
            if let Some(group) = state.group.as_ref().filter(|_| !state.is_asked_to_end) {
                group.signal(Signal::Kill);
            }
            state.is_asked_to_end
        };
        let status = child.wait();
        if is_asked_to_end {
            wait_for_group_exit(&state);
        }
        lock(&state).group = None;
        let _ = sender.send((call, Message::Exited(status)));
    })
}

/// Waits until a group has no members. While it has some, no other group can get its number.
fn wait_for_group_exit(state: &Mutex<State>) {
    let is_over = || {
        let state = lock(state);
        state.killed_at.is_some_and(|time| time.elapsed() >= ZOMBIE_GRACE_PERIOD)
            || !state.group.as_ref().is_some_and(ProcessGroup::has_members)
    };
    while !is_over() {
        thread::sleep(POLL_INTERVAL);
    }
}

/// Starts a thread that sends the lines of a stream until its end.
fn forward_lines<S: Read + Send + 'static>(
    stream: Receiver<S>,
    is_error: bool,
    mut log: Option<File>,
    call: u64,
    sender: SyncSender<(u64, Message)>,
) -> io::Result<()> {
    spawn("listens to a job", move || {
        let Ok(stream) = stream.recv() else { return };
        let mut reader = BufReader::new(stream);
        while let Ok(Some(bytes)) = next_line(&mut reader, &mut log) {
            let text = String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']).to_owned();
            if sender.send((call, Message::Line { is_error, text })).is_err() {
                // The evaluator is dropped. Read on, because a full pipe would block the program.
                let _ = io::copy(&mut reader, &mut io::sink());
            }
        }
        let _ = sender.send((call, Message::Closed));
    })
}

/// Reads the next line of a stream and copies it to the log; `None` at the end of the stream. Of a
/// line that is too long, only the end is returned.
fn next_line(reader: &mut impl BufRead, log: &mut Option<File>) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    loop {
        let chunk = match reader.fill_buf() {
            Ok(chunk) => chunk,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if chunk.is_empty() {
            return Ok(Some(line).filter(|line| !line.is_empty()));
        }
        let end = chunk.iter().position(|byte| *byte == b'\n').map(|end| end + 1);
        let consumed = end.unwrap_or(chunk.len());
        // An error of the log file must not fail the job: the log ends there.
        *log = log.take().filter(|file| (&*file).write_all(&chunk[..consumed]).is_ok());
        line.extend_from_slice(&chunk[..consumed]);
        reader.consume(consumed);
        if line.len() > 2 * MAX_LINE_BYTES || end.is_some() {
            line.drain(..line.len().saturating_sub(MAX_LINE_BYTES));
        }
        if end.is_some() {
            return Ok(Some(line));
        }
    }
}

#[allow(clippy::disallowed_methods, reason = "an evaluator starts the threads")]
pub(super) fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(format!("surmise {name}")).spawn(work).map(|_| ())
}
