//! Who ends the jobs of a tuner that was killed.
//!
//! A shell is told of each job's process group. When its pipe is closed, which the system does at any end of the process that holds the other end, it
//! ends those that are left, and whatever has inherited the evaluator's mark in its environment: a process that was started just before its
//! group could be told, or that has left its group.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::lasting::stat;
use crate::process_group::ProcessGroup;

/// The variable by which jobs are found.
pub(super) const MARK: &str = "SURMISE_EVALUATOR";

/// `sh -c SCRIPT NAME MARK GRACE`, with lines `+ GROUP STARTED` and `- GROUP`. At the end it asks to end, waits for as long as jobs are given, and ends what is left
/// by force. It looks more than once, because a process that was just being started has not yet the environment that it will have.
const SCRIPT: &str = r#"set +Ceu
mark=SURMISE_EVALUATOR=$1 tenths=$(( $2 * 10 )) told=' '
while read -r sign group started; do
  case $sign in
  +) told="$told$group:$started " ;;
  -) rest=' '
    for entry in $told; do [ "${entry%%:*}" = "$group" ] || rest="$rest$entry "; done
    told=$rest ;;
  esac
done
# Not every grep looks further than the first NUL.
if printf 'a\0%s\0' "$mark" | grep -qaF "$mark"; then
  marked() { grep -lsaF "$mark" /proc/[0-9]*/environ; }
else
  marked() {
    for file in /proc/[0-9]*/environ; do tr '\0' '\n' <"$file" | grep -qxF "$mark" && echo "$file"; done
  }
fi
# State, parent, group and what follows them: proc_pid_stat(5).
fields() { read -r line <"/proc/$1/stat" && line=${line##*) }; }
# Whether a number is still that of a group: its head may have ended before its members.
is_same() { fields "$1" || return 0; set -- "$2" $line; [ "${21}" = "$1" ]; }
signal() {
  found=' '
  for entry in $told; do is_same "${entry%%:*}" "${entry#*:}" && found="$found${entry%%:*} "; done
  for file in $(marked); do
    process=${file#/proc/}
    fields "${process%/environ}" || continue
    set -- "$1" $line
    [ "$2" = Z ] && continue
    # Each group once.
    case $found in *" $4 "*) ;; *) found="$found$4 " ;; esac
  done
  left=1
  for group in $found; do kill -s "$1" -- "-$group" && left=0; done
  return $left
}
signal TERM
while [ $tenths -gt 0 ] && signal 0; do sleep 0.1; tenths=$(( tenths - 1 )); done
for look in 1 2 3; do signal KILL; sleep 0.1; done"#;

/// Ends what runs if this process ends without doing so.
#[derive(Debug)]
pub(super) struct Watcher {
    shell: Child,
    pipe: ChildStdin,
    grace: Duration,
    pub(super) mark: String,
    /// Numbers and starts of groups, by the number of the call.
    told: BTreeMap<u64, (u32, u64)>,
}

impl Watcher {
    pub(super) fn start(grace: Duration) -> io::Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        // Another process of the same number was started at another time.
        let (_, started) = stat(std::process::id())?;
        // With an end, so that none is the beginning of another one.
        let mark = format!("{}-{count}-{}.", std::process::id(), started);
        let (shell, pipe) = shell(&mark, grace)?;
        Ok(Self { shell, pipe, grace, mark, told: BTreeMap::new() })
    }

    /// Starts another shell if the one that was there has ended.
    pub(super) fn ensure_running(&mut self) -> io::Result<()> {
        if matches!(self.shell.try_wait(), Ok(None)) {
            return Ok(());
        }
        (self.shell, self.pipe) = shell(&self.mark, self.grace)?;
        for (group, started) in self.told.values() {
            writeln!(self.pipe, "+ {group} {started}")?;
        }
        Ok(())
    }

    /// A group is to be watched. If it cannot be told of now, its mark is left.
    pub(super) fn begin(&mut self, call: u64, group: u32) {
        if let Ok((_, started)) = stat(group) {
            self.told.insert(call, (group, started));
            let _ = writeln!(self.pipe, "+ {group} {started}");
        }
    }

    /// Nothing of a group is left.
    pub(super) fn end(&mut self, call: u64) {
        if let Some((group, _)) = self.told.remove(&call) {
            let _ = writeln!(self.pipe, "- {group}");
        }
    }
}

fn shell(mark: &str, grace: Duration) -> io::Result<(Child, ChildStdin)> {
    let grace = grace.as_secs_f64().ceil();
    let mut command = Command::new("sh");
    command.args(["-c", SCRIPT, "surmise-watcher", mark, &format!("{grace:.0}")]);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    command.env_remove(MARK);
    // A terminal's signals do not reach it.
    let mut shell = ProcessGroup::lead(&mut command).spawn()?;
    let pipe = shell.stdin.take().ok_or_else(|| io::Error::other("no pipe to a new process"))?;
    Ok((shell, pipe))
}

impl Drop for Watcher {
    /// There is nothing left to watch.
    fn drop(&mut self) {
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}
