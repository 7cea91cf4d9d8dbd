//! Programs that outlive the tuner, and are found again: what they print goes to files, and so does how they ended.
//!
//! A shell runs the program. It begins when it is told to, so that a tuner that ends before it has noted where the program runs leaves
//! none; and it notes how the program ended, which nobody but a parent is told.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::Duration;

use super::process::{Ended, Message, Process, spawn};
use super::sources::LONGEST_LINE;
use crate::process_group::ProcessGroup;

/// How often it is looked what a program has said.
const LOOK: Duration = Duration::from_millis(20);
/// How long a shell may take at the most to see that its gate is closed.
const GATE_CLOSES: Duration = Duration::from_secs(5);
const READ_AT_ONCE: usize = 1 << 16;
/// What a program that was killed with its shell has ended by.
const KILLED: i32 = 9;

/// `sh -c SCRIPT NAME FOLDER PROGRAM ARGUMENTS…`
const SCRIPT: &str = r#"# A shell may inherit options from its parent.
set +Ceu
folder=$1; shift
read -r go || exit
: >"$folder/begun"
# What ends the program does not keep its end from being noted.
trap : HUP INT TERM
# By exec, because the program may have the name of a builtin.
(exec "$@") </dev/null >"$folder/stdout.log" 2>"$folder/stderr.log"
ended="$$ $?"
# On a full disk, the status is written when there is room.
until echo "$ended" >"$folder/status.part" && mv -f "$folder/status.part" "$folder/status"; do
  [ -d "$folder" ] || break
  sleep 1
done 2>/dev/null
# What it leaves behind ends with it.
kill -s KILL 0"#;

/// Where a program runs: what tells its process from any other one of the same number, before and after a restart of the machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) folder: PathBuf,
    pub(super) process: u32,
    /// In ticks since the machine was started.
    started: u64,
    boot: String,
}

/// A program that begins when its gate is opened, and never if that is closed.
pub(super) struct Launched {
    pub(super) process: Process,
    pub(super) address: Address,
    pub(super) gate: ChildStdin,
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { folder, process, started, boot } = self;
        write!(f, "process {process} started {started} boot {boot} in {}", folder.display())
    }
}

impl Address {
    pub(super) fn read(text: &str) -> Option<Self> {
        let (process, rest) = text.strip_prefix("process ")?.split_once(" started ")?;
        let (started, rest) = rest.split_once(" boot ")?;
        let (boot, folder) = rest.split_once(" in ")?;
        Some(Self {
            folder: PathBuf::from(folder),
            process: process.parse().ok()?,
            started: started.parse().ok()?,
            boot: boot.to_owned(),
        })
    }

    /// The process that is noted in a job's folder.
    pub(super) fn noted_in(folder: &Path) -> Option<Self> {
        let noted = fs::read_to_string(folder.join("process")).ok()?;
        Self::read(noted.trim_end())
    }

    fn of(process: u32, folder: &Path) -> io::Result<Self> {
        let (_, started) = stat(process)?;
        Ok(Self { folder: folder.to_owned(), process, started, boot: boot()? })
    }

    /// Whether the process is there and has not ended.
    pub(super) fn is_alive(&self) -> bool {
        let is_this_boot = boot().is_ok_and(|boot| boot == self.boot);
        let runs = |(state, started)| started == self.started && !matches!(state, 'Z' | 'X');
        is_this_boot && stat(self.process).is_ok_and(runs)
    }

    /// Whether the program runs, or has run; one whose gate was never opened has not. Its shell ends when the gate is closed, or begins if it had been
    /// opened: that is waited for. After a restart of the machine, or if the files were removed, it counts as having run.
    pub(super) fn has_begun(&self) -> bool {
        let is_another_boot = boot().is_ok_and(|boot| boot != self.boot);
        if is_another_boot || !self.folder.join("process").exists() {
            return true;
        }
        let looks = GATE_CLOSES.as_millis() / LOOK.as_millis();
        for _ in 0..looks {
            if self.folder.join("begun").exists() {
                return true;
            }
            if !self.is_alive() {
                break;
            }
            thread::sleep(LOOK);
        }
        self.is_alive() || self.folder.join("begun").exists()
    }

    /// How the program ended, once its shell has noted that.
    fn status(&self) -> Option<ExitStatus> {
        let text = fs::read_to_string(self.folder.join("status")).ok()?;
        let (process, code) = text.trim().split_once(' ')?;
        let is_its_own = process.parse() == Ok(self.process);
        is_its_own.then(|| code.parse().ok().map(|code: i32| ExitStatus::from_raw(code << 8)))?
    }
}

/// Notes in a job's folder which process runs there, so that another attempt does not begin beside it. If it cannot, nothing waits for it.
pub(super) fn note_process(process: u32, folder: &Path) {
    if let Ok(address) = Address::of(process, folder) {
        let _ = fs::write(folder.join("process"), format!("{address}\n"));
    }
}

/// State and start of a process: see `proc_pid_stat(5)`, fields 3 and 22.
pub(super) fn stat(process: u32) -> io::Result<(char, u64)> {
    let text = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let read = || {
        // The name, in parentheses, may hold anything.
        let mut fields = text.get(text.rfind(')')? + 1..)?.split_whitespace();
        let state = fields.next()?.chars().next()?;
        Some((state, fields.nth(18)?.parse().ok()?))
    };
    read().ok_or_else(|| io::Error::other("a process whose state cannot be read"))
}

fn boot() -> io::Result<String> {
    Ok(fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned())
}

/// Launches a command in its folder; a thread tells what becomes of it.
pub(super) fn launch(
    command: &Command,
    folder: &Path,
    call: u64,
    sender: &SyncSender<(u64, Message)>,
) -> io::Result<Launched> {
    for name in ["stdout.log", "stderr.log"] {
        File::create(folder.join(name))?;
    }
    for name in ["begun", "status", "status.part"] {
        match fs::remove_file(folder.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    let mut child = around(command, folder).spawn()?;
    let gate = child.stdin.take().ok_or_else(|| io::Error::other("no pipe to a new process"))?;
    let address = Address::of(child.id(), folder)?;
    fs::write(folder.join("process"), format!("{address}\n"))?;
    let (process, ended) = Process::at(Some(ProcessGroup::of(&child)));
    follow(address.clone(), Some(child), ended, call, sender.clone())?;
    Ok(Launched { process, address, gate })
}

/// Goes on with a program that an earlier tuner has launched, whether or not it has ended meanwhile.
pub(super) fn find(
    address: &Address,
    call: u64,
    sender: &SyncSender<(u64, Message)>,
) -> io::Result<Process> {
    let group = if address.is_alive() { ProcessGroup::headed_by(address.process) } else { None };
    let (process, ended) = Process::at(group);
    follow(address.clone(), None, ended, call, sender.clone())?;
    Ok(process)
}

/// The shell around a command.
fn around(command: &Command, folder: &Path) -> Command {
    let mut shell = Command::new("sh");
    shell.args(["-c", SCRIPT, "surmise-job"]).arg(folder);
    shell.arg(command.get_program()).args(command.get_args());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => shell.env(name, value),
            None => shell.env_remove(name),
        };
    }
    if let Some(directory) = command.get_current_dir() {
        shell.current_dir(directory);
    }
    shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    ProcessGroup::lead(&mut shell);
    shell
}

/// Tells what a program prints into its files, until its end.
fn follow(
    address: Address,
    mut child: Option<Child>,
    ended: Ended,
    call: u64,
    sender: SyncSender<(u64, Message)>,
) -> io::Result<()> {
    let mut files = [("stdout.log", false), ("stderr.log", true)]
        .map(|(name, is_error)| Following::new(address.folder.join(name), is_error));
    spawn("follows a job", move || {
        let mut has_run = false;
        loop {
            // Before its last words are read, so that there are none after them.
            let runs = address.is_alive();
            has_run |= runs;
            let status = address.status();
            let is_over = status.is_some() || !runs;
            for file in &mut files {
                let is_error = file.is_error;
                let tell = |text| sender.send((call, Message::Line { is_error, text })).is_ok();
                if !file.tell_lines(is_over, tell) {
                    return;
                }
            }
            if is_over {
                // Whoever killed the shell has not killed the program. Of one that had ended before it was found, the number may be another one's.
                if status.is_none() && has_run {
                    ended.clear();
                }
                ended.note();
                let _ = child.as_mut().map(Child::wait);
                let status = status.or_else(|| address.status());
                let status = status.unwrap_or_else(|| ExitStatus::from_raw(KILLED));
                for message in [Message::Closed, Message::Closed, Message::Exited(Ok(status))] {
                    let _ = sender.send((call, message));
                }
                return;
            }
            thread::sleep(LOOK);
        }
    })
}

/// A file that a program writes, as far as it has been read.
struct Following {
    path: PathBuf,
    file: Option<File>,
    is_error: bool,
    unfinished: Vec<u8>,
}

impl Following {
    fn new(path: PathBuf, is_error: bool) -> Self {
        Self { path, file: None, is_error, unfinished: Vec::new() }
    }

    /// Passes each new line to `tell`, until that returns `false`; the last line even without an end if there `is_no_more`. Returns whether `tell` still wants lines.
    fn tell_lines(&mut self, is_no_more: bool, mut tell: impl FnMut(String) -> bool) -> bool {
        if self.file.is_none() {
            self.file = File::open(&self.path).ok();
        }
        let mut part = vec![0; READ_AT_ONCE];
        while let Some(read) = self.file.as_mut().and_then(|file| file.read(&mut part).ok()) {
            if read == 0 {
                break;
            }
            for piece in part[..read].split_inclusive(|byte| *byte == b'\n') {
                self.unfinished.extend_from_slice(piece);
                let excess = self.unfinished.len().saturating_sub(LONGEST_LINE);
                self.unfinished.drain(..excess);
                if piece.ends_with(b"\n") && !tell(self.line()) {
                    return false;
                }
            }
        }
        !is_no_more || self.unfinished.is_empty() || tell(self.line())
    }

    fn line(&mut self) -> String {
        let bytes = std::mem::take(&mut self.unfinished);
        String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_as_it_is_written() {
        let own = Address::of(std::process::id(), Path::new("/tmp/a b in c")).unwrap();
        assert_eq!(Address::read(&own.to_string()), Some(own.clone()));
        assert!(own.is_alive());
        assert!(!Address { started: own.started + 1, ..own.clone() }.is_alive());
        assert!(!Address { boot: "another".to_owned(), ..own }.is_alive());
        for other in
            ["", "arn:aws:sagemaker:eu-west-1:1:training-job/a", "process x started 1 boot b in /"]
        {
            assert_eq!(Address::read(other), None);
        }
    }
}
