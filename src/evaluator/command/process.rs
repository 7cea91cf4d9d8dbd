//! A program that runs with all that it starts: what it says, line by line, and how it ends.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// What a process says, by the number of its call.
#[derive(Debug)]
pub(super) enum Message {
    /// A line of standard output, or of standard error.
    Line { is_error: bool, text: String },
    /// One of the two came to its end.
    Closed,
    /// The process ended.
    Exited(io::Result<ExitStatus>),
}

/// The signals that a process can be sent.
#[derive(Debug, Clone, Copy)]
pub(super) enum Signal {
    /// Please end.
    Terminate,
    /// End.
    Kill,
}

/// A process, as the head of a group of its own where there are groups.
#[derive(Debug)]
pub(super) struct Process {
    /// `None` once it has been waited for, because its number may then be another one's.
    alive: Arc<Mutex<Option<Group>>>,
}

/// Where what a process says is also kept.
#[derive(Debug)]
pub(super) struct Logs {
    pub(super) output: File,
    pub(super) error: File,
}

impl Process {
    /// Starts a program; three threads tell what becomes of it.
    pub(super) fn start(
        mut command: Command,
        call: u64,
        logs: Option<Logs>,
        sender: &Sender<(u64, Message)>,
    ) -> io::Result<Self> {
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = in_a_group(&mut command).spawn()?;
        let alive = Arc::new(Mutex::new(Some(Group::of(&child))));
        let (output, error) =
            logs.map_or((None, None), |logs| (Some(logs.output), Some(logs.error)));
        if let Some(stream) = child.stdout.take() {
            listen(stream, false, output, call, sender.clone())?;
        }
        if let Some(stream) = child.stderr.take() {
            listen(stream, true, error, call, sender.clone())?;
        }
        let (shared, sender) = (Arc::clone(&alive), sender.clone());
        spawn("waits for a job", move || {
            let status = wait_for(child, &shared);
            let _ = sender.send((call, Message::Exited(status)));
        })?;
        Ok(Self { alive })
    }

    /// Sends a signal to the process and to all that it started; to one that has ended, nothing.
    pub(super) fn signal(&self, signal: Signal) {
        if let Some(group) = locked(&self.alive).as_ref() {
            group.signal(signal);
        }
    }
}

fn locked(alive: &Mutex<Option<Group>>) -> MutexGuard<'_, Option<Group>> {
    alive.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Waits until the process has ended, then ends what it left behind.
fn wait_for(mut child: Child, alive: &Mutex<Option<Group>>) -> io::Result<ExitStatus> {
    #[cfg(unix)]
    unix::until_it_has_ended(&child);
    #[cfg(not(unix))]
    let status = child.wait();
    let mut guard = locked(alive);
    // As long as it has not been waited for, its number, which is that of the group, is nobody else's.
    if let Some(group) = guard.take() {
        group.signal(Signal::Kill);
    }
    #[cfg(unix)]
    let status = child.wait();
    status
}

/// Tells the lines of a stream until its end.
fn listen(
    stream: impl Read + Send + 'static,
    is_error: bool,
    mut log: Option<File>,
    call: u64,
    sender: Sender<(u64, Message)>,
) -> io::Result<()> {
    spawn("listens to a job", move || {
        let mut reader = BufReader::new(stream);
        let mut bytes = Vec::new();
        while matches!(reader.read_until(b'\n', &mut bytes), Ok(1..)) {
            // A log that cannot be written must not keep a job from ending.
            log = log.take().filter(|file| (&*file).write_all(&bytes).is_ok());
            let text = String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']).to_owned();
            bytes.clear();
            if sender.send((call, Message::Line { is_error, text })).is_err() {
                // Nobody listens any more; but a program whose output is not read would stand still.
                let _ = io::copy(&mut reader, &mut io::sink());
            }
        }
        let _ = sender.send((call, Message::Closed));
    })
}

#[allow(clippy::disallowed_methods, reason = "an evaluator starts the threads")]
fn spawn(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(format!("surmise {name}")).spawn(work).map(|_| ())
}

#[cfg(unix)]
use unix::{Group, in_a_group};

#[cfg(unix)]
mod unix {
    use std::os::unix::process::CommandExt;
    use std::process::{Child, Command};

    use rustix::io::Errno;
    use rustix::process::{Pid, WaitId, WaitIdOptions, kill_process_group, waitid};

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
    }

    /// Without taking note of it: the process stays known to the system.
    pub(super) fn until_it_has_ended(child: &Child) {
        let (id, options) =
            (WaitId::Pid(Pid::from_child(child)), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT);
        while matches!(waitid(id.clone(), options), Err(Errno::INTR)) {}
    }
}

#[cfg(not(unix))]
use plain::{Group, in_a_group};

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
    }
}
