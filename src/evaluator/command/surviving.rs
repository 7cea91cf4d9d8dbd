//! Programs that survive the tuner: their output and their exit status go to files.
//!
//! A shell runs the program. The shell begins when it reads a line from its pipe. So no program
//! runs if the tuner crashes before the location of the program is recorded. The shell also records
//! the exit status, which only the parent of a process can read.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::SyncSender;
use std::thread;
use std::time::Duration;

use super::process::{ExitHandle, Message, Process, spawn};
use super::sources::MAX_LINE_BYTES;
use crate::process_group::ProcessGroup;

/// Interval at which the output files of a program are read.
const POLL_INTERVAL: Duration = Duration::from_millis(20);
/// How long a shell may take to notice that its start pipe is closed.
const START_TIMEOUT: Duration = Duration::from_secs(5);
const CHUNK_BYTES: usize = 1 << 16;
/// The signal that ended a program whose shell left no status.
const SIGKILL: i32 = 9;

/// Run as `sh -c SCRIPT NAME FOLDER PROGRAM ARGUMENTS…`.
const SCRIPT: &str = r#"# A shell may inherit options from its parent.
set +Ceu
folder=$1; shift
read -r go || exit
: >"$folder/begun"
# A signal that ends the program must not prevent the record of its end.
trap : HUP INT TERM
# Use exec, because the program may have the name of a builtin.
(exec "$@") </dev/null >"$folder/stdout.log" 2>"$folder/stderr.log"
ended="$$ $?"
# On a full disk, retry until there is space for the status.
until echo "$ended" >"$folder/status.part" && mv -f "$folder/status.part" "$folder/status"; do
  [ -d "$folder" ] || break
  sleep 1
done 2>/dev/null
# End the remaining child processes, too.
kill -s KILL 0"#;

/// The location of a program: its process and its folder.
///
/// Start time and boot ID identify the process, because the system reuses process numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ProcessLocation {
    pub(super) folder: PathBuf,
    pub(super) process: u32,
    /// The start time, in ticks since the boot of the machine.
    started: u64,
    /// The boot ID of the machine.
    boot: String,
}

/// A launched program. It begins when a line is written to `start_pipe`, and never if the pipe is
/// closed before that.
pub(super) struct Launched {
    pub(super) process: Process,
    pub(super) location: ProcessLocation,
    pub(super) start_pipe: ChildStdin,
}

impl fmt::Display for ProcessLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { folder, process, started, boot } = self;
        write!(f, "process {process} started {started} boot {boot} in {}", folder.display())
    }
}

impl ProcessLocation {
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (process, remaining) = text.strip_prefix("process ")?.split_once(" started ")?;
        let (started, remaining) = remaining.split_once(" boot ")?;
        let (boot, folder) = remaining.split_once(" in ")?;
        Some(Self {
            folder: PathBuf::from(folder),
            process: process.parse().ok()?,
            started: started.parse().ok()?,
            boot: boot.to_owned(),
        })
    }

    /// Reads the location that is recorded in a job's folder.
    pub(super) fn recorded_in(folder: &Path) -> Option<Self> {
        let text = fs::read_to_string(folder.join("process")).ok()?;
        Self::parse(text.trim_end())
    }

    fn of_process(process: u32, folder: &Path) -> io::Result<Self> {
        let (_, started) = stat(process)?;
        Ok(Self { folder: folder.to_owned(), process, started, boot: boot_id()? })
    }

    /// Returns whether the process exists and has not ended.
    pub(super) fn is_alive(&self) -> bool {
        let is_this_boot = boot_id().is_ok_and(|boot| boot == self.boot);
        let is_running = |(state, started)| started == self.started && !matches!(state, 'Z' | 'X');
        is_this_boot && stat(self.process).is_ok_and(is_running)
    }

    /// Returns whether the program is running or has run, as opposed to a launched program that
    /// never began.
    ///
    /// When the tuner ends, the start pipe closes: the shell ends, or begins if it has read a line.
    /// The method waits until one of these has happened. After a restart of the machine, or if the
    /// files were removed, the program counts as having run.
    pub(super) fn has_begun(&self) -> bool {
        let is_another_boot = boot_id().is_ok_and(|boot| boot != self.boot);
        if is_another_boot || !self.folder.join("process").exists() {
            return true;
        }
        let polls = START_TIMEOUT.as_millis() / POLL_INTERVAL.as_millis();
        for _ in 0..polls {
            if self.folder.join("begun").exists() {
                return true;
            }
            if !self.is_alive() {
                break;
            }
            thread::sleep(POLL_INTERVAL);
        }
        self.is_alive() || self.folder.join("begun").exists()
    }

    /// Returns the exit status of the program, once its shell has recorded it.
    fn status(&self) -> Option<ExitStatus> {
        let text = fs::read_to_string(self.folder.join("status")).ok()?;
        let (process, code) = text.trim().split_once(' ')?;
        let is_same_process = process.parse() == Ok(self.process);
        is_same_process
            .then(|| code.parse().ok().map(|code: i32| ExitStatus::from_raw(code << 8)))?
    }
}

/// Records in a job's folder which process is running there, so that another attempt at the trial
/// waits for its end. If the record fails, no attempt waits.
pub(super) fn record_process(process: u32, folder: &Path) {
    if let Ok(location) = ProcessLocation::of_process(process, folder) {
        let _ = fs::write(folder.join("process"), format!("{location}\n"));
    }
}

/// Returns the state and the start time of a process: `proc_pid_stat(5)`, fields 3 and 22.
pub(super) fn stat(process: u32) -> io::Result<(char, u64)> {
    let text = fs::read_to_string(format!("/proc/{process}/stat"))?;
    let read = || {
        // The name, in parentheses, may contain any character.
        let mut fields = text.get(text.rfind(')')? + 1..)?.split_whitespace();
        let state = fields.next()?.chars().next()?;
        Some((state, fields.nth(18)?.parse().ok()?))
    };
    read().ok_or_else(|| io::Error::other("a process whose state cannot be read"))
}

/// Returns the boot ID of this machine, which is new after each restart.
fn boot_id() -> io::Result<String> {
    Ok(fs::read_to_string("/proc/sys/kernel/random/boot_id")?.trim().to_owned())
}

/// Launches a command in its folder, and starts a thread that sends its output and its end.
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
    let mut child = shell_around(command, folder).spawn()?;
    let start_pipe = child.stdin.take();
    let start_pipe = start_pipe.ok_or_else(|| io::Error::other("no pipe to a new process"))?;
    let location = ProcessLocation::of_process(child.id(), folder)?;
    fs::write(folder.join("process"), format!("{location}\n"))?;
    let (process, exit) = Process::followed(Some(ProcessGroup::of(&child)));
    follow(location.clone(), Some(child), exit, call, sender.clone())?;
    Ok(Launched { process, location, start_pipe })
}

/// Adopts a program that an earlier tuner has launched, whether or not it has ended meanwhile.
pub(super) fn adopt(
    location: &ProcessLocation,
    call: u64,
    sender: &SyncSender<(u64, Message)>,
) -> io::Result<Process> {
    let group = if location.is_alive() { ProcessGroup::led_by(location.process) } else { None };
    let (process, exit) = Process::followed(group);
    follow(location.clone(), None, exit, call, sender.clone())?;
    Ok(process)
}

/// Returns the command of the shell that runs a program and records its end.
fn shell_around(command: &Command, folder: &Path) -> Command {
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
    ProcessGroup::make_leader(&mut shell);
    shell
}

/// Starts a thread that sends the lines that a program prints to its files, and its end.
fn follow(
    location: ProcessLocation,
    mut child: Option<Child>,
    exit: ExitHandle,
    call: u64,
    sender: SyncSender<(u64, Message)>,
) -> io::Result<()> {
    let mut files = [("stdout.log", false), ("stderr.log", true)]
        .map(|(name, is_error)| FollowedFile::new(location.folder.join(name), is_error));
    spawn("follows a job", move || {
        let mut was_alive = false;
        loop {
            // Check for the end before reading, so that no output is missed.
            let is_alive = location.is_alive();
            was_alive |= is_alive;
            let status = location.status();
            let is_over = status.is_some() || !is_alive;
            for file in &mut files {
                let is_error = file.is_error;
                let send = |text| sender.send((call, Message::Line { is_error, text })).is_ok();
                if !file.send_new_lines(is_over, send) {
                    return;
                }
            }
            if is_over {
                // If only the shell was killed, the program still runs. If the process was never
                // seen alive, its number may belong to another process by now.
                if status.is_none() && was_alive {
                    exit.kill_remaining();
                }
                exit.mark_exited();
                let _ = child.as_mut().map(Child::wait);
                let status = status.or_else(|| location.status());
                let status = status.unwrap_or_else(|| ExitStatus::from_raw(SIGKILL));
                for message in [Message::Closed, Message::Closed, Message::Exited(Ok(status))] {
                    let _ = sender.send((call, message));
                }
                return;
            }
            thread::sleep(POLL_INTERVAL);
        }
    })
}

/// A file that a program writes and a thread follows.
struct FollowedFile {
    path: PathBuf,
    file: Option<File>,
    is_error: bool,
    /// Bytes that were read after the last line break.
    partial_line: Vec<u8>,
}

impl FollowedFile {
    fn new(path: PathBuf, is_error: bool) -> Self {
        Self { path, file: None, is_error, partial_line: Vec::new() }
    }

    /// Passes each new line to `send`, until that returns `false`; returns whether it still wants
    /// lines. At the end (`is_final`), a last line without a line break counts, too.
    fn send_new_lines(&mut self, is_final: bool, mut send: impl FnMut(String) -> bool) -> bool {
        if self.file.is_none() {
            self.file = File::open(&self.path).ok();
        }
        let mut chunk = vec![0; CHUNK_BYTES];
        while let Some(read) = self.file.as_mut().and_then(|file| file.read(&mut chunk).ok()) {
            if read == 0 {
                break;
            }
            for piece in chunk[..read].split_inclusive(|byte| *byte == b'\n') {
                self.partial_line.extend_from_slice(piece);
                let excess = self.partial_line.len().saturating_sub(MAX_LINE_BYTES);
                self.partial_line.drain(..excess);
                if piece.ends_with(b"\n") && !send(self.take_line()) {
                    return false;
                }
            }
        }
        !is_final || self.partial_line.is_empty() || send(self.take_line())
    }

    fn take_line(&mut self) -> String {
        let bytes = std::mem::take(&mut self.partial_line);
        String::from_utf8_lossy(&bytes).trim_end_matches(['\n', '\r']).to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_survive_formatting_and_parsing() {
        let location =
            ProcessLocation::of_process(std::process::id(), Path::new("/tmp/a b in c")).unwrap();
        assert_eq!(ProcessLocation::parse(&location.to_string()), Some(location.clone()));
        assert!(location.is_alive());
        assert!(!ProcessLocation { started: location.started + 1, ..location.clone() }.is_alive());
        assert!(!ProcessLocation { boot: "another".to_owned(), ..location }.is_alive());
        for other in
            ["", "arn:aws:sagemaker:eu-west-1:1:training-job/a", "process x started 1 boot b in /"]
        {
            assert_eq!(ProcessLocation::parse(other), None);
        }
    }
}
