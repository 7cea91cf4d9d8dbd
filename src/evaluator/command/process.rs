//! A program that runs with all that it starts: what it says, line by line, and how it ends.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStderr, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, SyncSender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::reading::LONGEST_LINE;

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

/// The signals that a process can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Signal {
    /// Please end.
    Terminate,
    /// End.
    Kill,
}

/// A process, as the head of a group of its own where there are groups.
#[derive(Debug)]
pub(super) struct Process(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    /// `None` before its start, and once nothing of it is left: its number may then be another one's.
    group: Option<Group>,
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
    /// Starts a program; three threads tell what becomes of it. They are there before it, so that none is left without them.
    pub(super) fn start(
        mut command: Command,
        call: u64,
        logs: Option<Logs>,
        sender: &SyncSender<(u64, Message)>,
    ) -> io::Result<Self> {
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

        let mut child = in_a_group(&mut command).spawn()?;
        locked(&state).group = Some(Group::of(&child));
        // The threads wait for these, so that somebody takes them.
        let _ = child.stdout.take().map(|stream| give_output.send(stream));
        let _ = child.stderr.take().map(|stream| give_error.send(stream));
        let _ = give_child.send(child);
        Ok(Self(state))
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
            || !state.group.as_ref().is_some_and(Group::has_members)
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
fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(format!("surmise {name}")).spawn(work).map(|_| ())
}

#[cfg(not(unix))]
use plain::{Group, in_a_group, until_it_has_ended};
#[cfg(unix)]
use unix::{Group, in_a_group, until_it_has_ended};

#[cfg(unix)]
mod unix {
    use std::os::unix::process::CommandExt;
    use std::process::{Child, Command};

    use rustix::io::Errno;
    use rustix::process::{
        Pid, WaitId, WaitIdOptions, kill_process_group, test_kill_process_group, waitid,
    };

    use super::Signal;

    #[derive(Debug)]
    pub(super) struct Group(Pid);

    pub(super) fn in_a_group(command: &mut Command) -> &mut Command {
        command.process_group(0)
    }

    impl Group {
        pub(super) fn of(child: &Child) -> Self {
            Self(Pid::from_child(child))
        }

        pub(super) fn signal(&self, signal: Signal) {
            let signal = match signal {
                Signal::Terminate => rustix::process::Signal::TERM,
                Signal::Kill => rustix::process::Signal::KILL,
            };
            // A group that is gone needs no signal.
            let _ = kill_process_group(self.0, signal);
        }

        /// Whether anything of it is left, be it dead and not buried.
        pub(super) fn has_members(&self) -> bool {
            test_kill_process_group(self.0).is_ok()
        }
    }

    /// Without taking note of it: the process stays known to the system.
    pub(super) fn until_it_has_ended(child: &mut Child) {
        let id = WaitId::Pid(Pid::from_child(child));
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
        while matches!(waitid(id.clone(), options), Err(Errno::INTR)) {}
    }
}

#[cfg(not(unix))]
mod plain {
    use std::process::{Child, Command};

    use super::Signal;

    #[derive(Debug)]
    pub(super) struct Group(u32);

    pub(super) fn in_a_group(command: &mut Command) -> &mut Command {
        command
    }

    impl Group {
        pub(super) fn of(child: &Child) -> Self {
            Self(child.id())
        }

        /// Without groups and signals, the system's own command ends a process and its children.
        pub(super) fn signal(&self, _: Signal) {
            let number = self.0.to_string();
            let _ = Command::new("taskkill").args(["/T", "/F", "/PID", &number]).output();
        }

        pub(super) fn has_members(&self) -> bool {
            false
        }
    }

    pub(super) fn until_it_has_ended(child: &mut Child) {
        let _ = child.wait();
    }
}
