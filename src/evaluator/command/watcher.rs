//! A watcher process that stops the jobs of a tuner that was killed.
//!
//! The watcher is a shell that reads the process group of each job from a pipe. The system closes
//! the pipe when the tuner's process ends in any way. Then the shell stops the remaining groups. It
//! also stops every process that has inherited the evaluator's mark in its environment. Such a
//! process was started just before its group could be sent, or has left its group.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::surviving::stat;
use crate::process_group::ProcessGroup;

/// The environment variable that marks the processes of an evaluator.
pub(super) const MARK: &str = "SURMISE_EVALUATOR";

/// Run as `sh -c SCRIPT NAME MARK GRACE_PERIOD`, with input lines `+ GROUP STARTED` and `- GROUP`.
///
/// At the end of its input it sends SIGTERM, waits for the grace period and sends SIGKILL. It
/// searches for processes several times, because a process that is just being started does not have
/// its environment yet.
const SCRIPT: &str = r#"set +Ceu
mark=SURMISE_EVALUATOR=$1 tenths=$(( $2 * 10 )) groups=' '
while read -r sign group started; do
  case $sign in
  +) groups="$groups$group:$started " ;;
  -) remaining=' '
    for entry in $groups; do
      [ "${entry%%:*}" = "$group" ] || remaining="$remaining$entry "
    done
    groups=$remaining ;;
  esac
done
# Some versions of grep stop at the first NUL.
if printf 'a\0%s\0' "$mark" | grep -qaF "$mark"; then
  marked() { grep -lsaF "$mark" /proc/[0-9]*/environ; }
else
  marked() {
    for file in /proc/[0-9]*/environ; do
      tr '\0' '\n' <"$file" | grep -qxF "$mark" && echo "$file"
    done
  }
fi
# Reads the state, the parent, the group and the fields after them: proc_pid_stat(5).
fields() { read -r line <"/proc/$1/stat" && line=${line##*) }; }
# Succeeds unless the number belongs to another process by now. The leader of a group may end
# before its members.
is_same() { fields "$1" || return 0; set -- "$2" $line; [ "${21}" = "$1" ]; }
signal() {
  found=' '
  for entry in $groups; do is_same "${entry%%:*}" "${entry#*:}" && found="$found${entry%%:*} "; done
  for file in $(marked); do
    process=${file#/proc/}
    fields "${process%/environ}" || continue
    set -- "$1" $line
    [ "$2" = Z ] && continue
    # List each group once.
    case $found in *" $4 "*) ;; *) found="$found$4 " ;; esac
  done
  left=1
  for group in $found; do kill -s "$1" -- "-$group" && left=0; done
  return $left
}
signal TERM
while [ $tenths -gt 0 ] && signal 0; do sleep 0.1; tenths=$(( tenths - 1 )); done
for attempt in 1 2 3; do signal KILL; sleep 0.1; done"#;

/// Stops the running jobs if this process ends without stopping them.
#[derive(Debug)]
pub(super) struct Watcher {
    shell: Child,
    pipe: ChildStdin,
    grace_period: Duration,
    pub(super) mark: String,
    /// The number and start time of each watched group, by the number of the call.
    groups: BTreeMap<u64, (u32, u64)>,
}

impl Watcher {
    pub(super) fn start(grace_period: Duration) -> io::Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        // A later process with the same number has another start time.
        let (_, started) = stat(std::process::id())?;
        // The full stop ends the mark, so that no mark is a prefix of another one.
        let mark = format!("{}-{count}-{}.", std::process::id(), started);
        let (shell, pipe) = start_shell(&mark, grace_period)?;
        Ok(Self { shell, pipe, grace_period, mark, groups: BTreeMap::new() })
    }

    /// Starts the shell again if it has ended.
    pub(super) fn ensure_running(&mut self) -> io::Result<()> {
        if matches!(self.shell.try_wait(), Ok(None)) {
            return Ok(());
        }
        (self.shell, self.pipe) = start_shell(&self.mark, self.grace_period)?;
        for (group, started) in self.groups.values() {
            writeln!(self.pipe, "+ {group} {started}")?;
        }
        Ok(())
    }

    /// Adds a group. Without it, or if writing fails, the shell still finds processes by the mark.
    pub(super) fn watch(&mut self, call: u64, group: u32) {
        if let Ok((_, started)) = stat(group) {
            self.groups.insert(call, (group, started));
            let _ = writeln!(self.pipe, "+ {group} {started}");
        }
    }

    /// Removes a group that has no members any more.
    pub(super) fn unwatch(&mut self, call: u64) {
        if let Some((group, _)) = self.groups.remove(&call) {
            let _ = writeln!(self.pipe, "- {group}");
        }
    }
}

fn start_shell(mark: &str, grace_period: Duration) -> io::Result<(Child, ChildStdin)> {
    let seconds = format!("{:.0}", grace_period.as_secs_f64().ceil());
    let mut command = Command::new("sh");
    command.args(["-c", SCRIPT, "surmise-watcher", mark, &seconds]);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    command.env_remove(MARK);
    // In a group of its own, the signals of a terminal do not reach it.
    let mut shell = ProcessGroup::make_leader(&mut command).spawn()?;
    let pipe = shell.stdin.take().ok_or_else(|| io::Error::other("no pipe to a new process"))?;
    Ok((shell, pipe))
}

impl Drop for Watcher {
    /// Stops the shell: the evaluator has stopped its jobs.
    fn drop(&mut self) {
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}
