//! Process groups on Unix, to end a process together with all processes that it starts.

use std::process::{Child, Command};

use rustix::io::Errno;
use rustix::process::{
    Pid, WaitId, WaitIdOptions, kill_process_group, test_kill_process, test_kill_process_group,
    waitid,
};

/// A signal that [`ProcessGroup::signal`] can send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM: a request to exit, which a process may handle.
    Terminate,
    /// SIGKILL: ends a process immediately.
    Kill,
}

/// A group of processes: its leader and the processes that the leader starts.
#[derive(Debug)]
pub struct ProcessGroup(Pid);

impl ProcessGroup {
    /// Makes the process that `command` starts the leader of a new process group.
    pub fn make_leader(command: &mut Command) -> &mut Command {
        std::os::unix::process::CommandExt::process_group(command, 0)
    }

    /// Returns the group of a child process whose command was prepared by
    /// [`make_leader`](Self::make_leader).
    pub fn of(child: &Child) -> Self {
        Self(Pid::from_child(child))
    }

    /// Returns the group whose leader has this process ID, or `None` if the ID is not valid.
    pub fn led_by(process: u32) -> Option<Self> {
        Pid::from_raw(i32::try_from(process).ok()?).map(Self)
    }

    /// Sends a signal to all members of the group; does nothing if no member is left.
    pub fn signal(&self, signal: Signal) {
        let signal = match signal {
            Signal::Terminate => rustix::process::Signal::TERM,
            Signal::Kill => rustix::process::Signal::KILL,
        };
        let _ = kill_process_group(self.0, signal);
    }

    /// Returns `true` if the group has members, including zombie processes.
    pub fn has_members(&self) -> bool {
        test_kill_process_group(self.0).is_ok()
    }
}

/// Returns `true` if a process with this ID exists on this machine.
pub fn process_exists(process: u32) -> bool {
    let process = i32::try_from(process).ok().and_then(Pid::from_raw);
    process.is_some_and(|process| test_kill_process(process) != Err(Errno::SRCH))
}

/// Waits until a process has exited, without reaping it.
///
/// The operating system does not reuse the ID of the process, which is the ID of its group, before
/// [`Child::wait`] returns.
pub fn wait_for_exit(child: &mut Child) {
    let id = WaitId::Pid(Pid::from_child(child));
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    while matches!(waitid(id.clone(), options), Err(Errno::INTR)) {}
}
