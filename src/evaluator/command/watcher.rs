//! Who ends the jobs of a tuner that was killed.
//!
//! A shell waits until its pipe is closed, which the system does at any end of the process that holds the other end. Then it ends all processes
//! that have inherited the evaluator's mark in their environment, and their groups.

use std::io;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::lasting::stat;
use crate::process_group::ProcessGroup;

/// The variable by which jobs are found.
pub(super) const MARK: &str = "SURMISE_EVALUATOR";

/// `sh -c SCRIPT NAME MARK GRACE`: asks to end, waits for as long as jobs are given, and ends what is left by force. It looks more than once, because a
/// process that was just being started has not yet the environment that it will have.
const SCRIPT: &str = r#"cat >/dev/null
signal() {
  found=' '
  for file in $(grep -lsaF "SURMISE_EVALUATOR=$2" /proc/[0-9]*/environ 2>/dev/null); do
    process=${file#/proc/}; process=${process%/environ}
    state=$(cat "/proc/$process/stat" 2>/dev/null) || continue
    set -- "$1" "$2" ${state##*) }
    [ "$3" = Z ] && continue
    # Each group once.
    case $found in *" $5 "*) continue ;; esac
    found="$found$5 "
    kill -s "$1" -- "-$5" 2>/dev/null
  done
  [ "$found" != ' ' ]
}
signal TERM "$1"
tenths=$(( $2 * 10 ))
while [ $tenths -gt 0 ] && signal 0 "$1"; do sleep 0.1; tenths=$(( tenths - 1 )); done
for look in 1 2 3; do signal KILL "$1"; sleep 0.1; done"#;

/// Ends what runs if this process ends without doing so.
#[derive(Debug)]
pub(super) struct Watcher {
    shell: Child,
    pub(super) mark: String,
}

impl Watcher {
    pub(super) fn start(grace: Duration) -> io::Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        // Another process of the same number was started at another time.
        let (_, started) = stat(std::process::id())?;
        // With an end, so that none is the beginning of another one.
        let mark = format!("{}-{count}-{}.", std::process::id(), started);
        let grace = grace.as_secs_f64().ceil();
        let mut command = Command::new("sh");
        command.args(["-c", SCRIPT, "surmise-watcher", &mark, &format!("{grace:.0}")]);
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        command.env_remove(MARK);
        // A terminal's signals do not reach it.
        let shell = ProcessGroup::lead(&mut command).spawn()?;
        Ok(Self { shell, mark })
    }
}

impl Drop for Watcher {
    /// There is nothing left to watch.
    fn drop(&mut self) {
        let _ = self.shell.kill();
        let _ = self.shell.wait();
    }
}
