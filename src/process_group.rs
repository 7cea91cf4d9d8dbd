//! Processes with all that they start, so that nothing is left when they are ended: process groups, on Unix.

use std::process::{Child, Command};

use rustix::io::Errno;
use rustix::process::{
    Pid, WaitId, WaitIdOptions, kill_process_group, test_kill_process, test_kill_process_group,
    waitid,
};

/// The signals that a process group can be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM: a request to end.
    Terminate,
    /// SIGKILL: the end by force.
    Kill,
}

/// A process and all that it starts.
#[derive(Debug)]
pub struct ProcessGroup(Pid);

impl ProcessGroup {
    /// Makes what a command starts the head of a group of its own.
    pub fn lead(command: &mut Command) -> &mut Command {
        std::os::unix::process::CommandExt::process_group(command, 0)
    }

    /// The group that a process heads which was started by a command that [leads](Self::lead) one.
    pub fn of(child: &Child) -> Self {
        Self(Pid::from_child(child))
    }

    /// The group that a process of this number heads.
    pub fn headed_by(process: u32) -> Option<Self> {
        Pid::from_raw(i32::try_from(process).ok()?).map(Self)
    }

    /// Sends a signal to all members. A group that is gone needs none.
    pub fn signal(&self, signal: Signal) {
        let signal = match signal {
            Signal::Terminate => rustix::process::Signal::TERM,
            Signal::Kill => rustix::process::Signal::KILL,
        };
        let _ = kill_process_group(self.0, signal);
    }

    /// Whether anything of it is left, a process that has ended and was not waited for included.
    pub fn has_members(&self) -> bool {
        test_kill_process_group(self.0).is_ok()
    }
}

/// Whether there is a process of this number on this machine.
pub fn is_there(process: u32) -> bool {
    let process = i32::try_from(process).ok().and_then(Pid::from_raw);
    process.is_some_and(|process| test_kill_process(process) != Err(Errno::SRCH))
}

/// Waits until a process has ended, without taking note of it: its number, which is that of its group, is not given to another one before
/// [`Child::wait`] has returned.
pub fn until_it_has_ended(child: &mut Child) {
    let id = WaitId::Pid(Pid::from_child(child));
    let options = WaitIdOptions::EXITED | WaitIdOptions::NOWAIT;
    while matches!(waitid(id.clone(), options), Err(Errno::INTR)) {}
}
