//! A program that runs with all that it starts: what it says, line by line, and how it ends.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, SyncSender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::sources::LONGEST_LINE;
use crate::process_group::{ProcessGroup, Signal, until_it_has_ended};

/// How often it is looked whether anything of a group is left.
const LOOK: Duration = Duration::from_millis(20);
/// How long the dead are waited for, that somebody else should bury.
const BURIAL: Duration = Duration::from_millis(500);

/// What a process says, by the number of its call.
#[derive(Debug)]
pub(super) enum Message {
    /// A line of standard output, or of standard error.
    Line { is_error: bool, text: String },
    /// One of the two came to its end.
    Closed,
    /// The process ended, and with it all that it had started.
    Exited(io::Result<ExitStatus>),
}

/// A process, as the head of a group of its own where there are groups.
#[derive(Debug)]
pub(super) struct Process(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// `None` before its start, and once nothing of it is left: its number may then be another one's.
    group: Option<ProcessGroup>,
    /// Whether its head has ended.
    has_ended: bool,
    is_asked_to_end: bool,
    /// When it was killed.
    killed: Option<Instant>,
}

/// Where what a process says is also kept.
#[derive(Debug)]
pub(super) struct Logs {
    pub(super) output: File,
    pub(super) error: File,
}

impl Process {
    /// Starts a program, and tells the number of its group; three threads tell what becomes of it. They are there before it, so that none is
    /// left without them.
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
        let (give_output, output) = channel::<ChildStdout>();
        let (give_error, error) = channel::<ChildStderr>();
        let (give_child, child) = channel::<Child>();
        listen(output, false, output_log, call, sender.clone())?;
        listen(error, true, error_log, call, sender.clone())?;
        wait_for(child, Arc::clone(&state), call, sender.clone())?;

        let mut child = ProcessGroup::lead(&mut command).spawn()?;
        let group = child.id();
        locked(&state).group = Some(ProcessGroup::of(&child));
        // The threads wait for these, so that somebody takes them.
        let _ = child.stdout.take().map(|stream| give_output.send(stream));
        let _ = child.stderr.take().map(|stream| give_error.send(stream));
        let _ = give_child.send(child);
        Ok((Self(state), group))
    }

    /// A process whose end is told by whoever follows it.
    pub(super) fn at(group: Option<ProcessGroup>) -> (Self, Ended) {
        let state = Arc::new(Mutex::new(State { group, ..State::default() }));
        (Self(Arc::clone(&state)), Ended(state))
    }

    /// Sends a signal to the process and to all that it started, if its head runs or was asked to end before; whether it was sent.
    pub(super) fn signal(&self, signal: Signal) -> bool {
        let mut state = locked(&self.0);
        if state.has_ended && !state.is_asked_to_end {
            return false;
        }
        let Some(group) = &state.group else { return false };
        group.signal(signal);
        state.is_asked_to_end = true;
        if signal == Signal::Kill {
            state.killed.get_or_insert(now());
        }
        true
    }
}

/// What is to be noted at the end of a process.
pub(super) struct Ended(Arc<Mutex<State>>);

impl Ended {
    /// Ends what is left of its group: as long as its head has not been waited for, its number is nobody else's.
    pub(super) fn clear(&self) {
        if let Some(group) = &locked(&self.0).group {
            group.signal(Signal::Kill);
        }
    }

    /// Its number may be another one's from now on.
    pub(super) fn note(&self) {
        let mut state = locked(&self.0);
        (state.group, state.has_ended) = (None, true);
    }
}

#[allow(clippy::disallowed_methods, reason = "an evaluator keeps the time")]
fn now() -> Instant {
    Instant::now()
}

fn locked(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until the process has ended, then sees to what it left behind: what was asked to end has its time for that, anything
/// else is ended at once.
fn wait_for(
    given: Receiver<Child>,
    state: Arc<Mutex<State>>,
    call: u64,
    sender: SyncSender<(u64, Message)>,
) -> io::Result<()> {
    spawn("waits for a job", move || {
        let Ok(mut child) = given.recv() else { return };
        until_it_has_ended(&mut child);
        let is_asked_to_end = {
            let mut state = locked(&state);
            state.has_ended = true;
            // As long as the head has not been waited for, its number, which is that of the group, is nobody else's.
            if let Some(group) = state.group.as_ref().filter(|_| !state.is_asked_to_end) {
                group.signal(Signal::Kill);
            }
            state.is_asked_to_end
        };
        let status = child.wait();
        if is_asked_to_end {
            outlast(&state);
        }
        locked(&state).group = None;
        let _ = sender.send((call, Message::Exited(status)));
    })
}

/// Waits until nothing of a group is left. As long as it has members, its number is nobody else's.
fn outlast(state: &Mutex<State>) {
    let is_over = || {
        let state = locked(state);
        state.killed.is_some_and(|time| time.elapsed() >= BURIAL)
            || !state.group.as_ref().is_some_and(ProcessGroup::has_members)
    };
    while !is_over() {
        thread::sleep(LOOK);
    }
}

/// Tells the lines of a stream until its end.
fn listen<S: Read + Send + 'static>(
    given: Receiver<S>,
    is_error: bool,
    mut log: Option<File>,
    call: u64,
    sender: SyncSender<(u64, Message)>,
) -> io::Result<()> {
    spawn("listens to a job", move || {
        let Ok(stream) = given.recv() else { return };
        let mut reader = BufReader::new(stream);
        while let Ok(Some(bytes)) = next_line(&mut reader, &mut log) {
            let text = String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']).to_owned();
            if sender.send((call, Message::Line { is_error, text })).is_err() {
                // Nobody listens any more; but a program whose output is not read would stand still.
                let _ = io::copy(&mut reader, &mut io::sink());
            }
        }
        let _ = sender.send((call, Message::Closed));
    })
}

/// The next line of a stream, or its end if it is too long; `None` at the end of the stream. All of it goes to the log.
fn next_line(reader: &mut impl BufRead, log: &mut Option<File>) -> io::Result<Option<Vec<u8>>> {
    let mut line = Vec::new();
    loop {
        let part = match reader.fill_buf() {
            Ok(part) => part,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        if part.is_empty() {
            return Ok(Some(line).filter(|line| !line.is_empty()));
        }
        let end = part.iter().position(|byte| *byte == b'\n').map(|end| end + 1);
        let taken = end.unwrap_or(part.len());
        // A log that cannot be written must not keep a job from ending.
        *log = log.take().filter(|file| (&*file).write_all(&part[..taken]).is_ok());
        line.extend_from_slice(&part[..taken]);
        reader.consume(taken);
        if line.len() > 2 * LONGEST_LINE || end.is_some() {
            line.drain(..line.len().saturating_sub(LONGEST_LINE));
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
