//! The live view on terminals of three widths.

use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::temporary_folder::Folder;

const ROWS: u16 = 24;
const JOB: &str = "\
for epoch in 1 2 3; do sleep 0.15; echo \"epoch: $epoch loss: ${1}\"; done; \
[ $SURMISE_TRIAL != 2 ] || { echo out of memory >&2; exit 1; }";

/// Opens a pseudoterminal of this width, and returns its controlling and its program side.
fn open_terminal(columns: u16) -> (File, File) {
    let controller: OwnedFd = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
    grantpt(&controller).unwrap();
    unlockpt(&controller).unwrap();
    let size = Winsize { ws_row: ROWS, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&controller, size).unwrap();
    let name = ptsname(&controller, Vec::new()).unwrap();
    let program_side =
        OpenOptions::new().read(true).write(true).open(name.to_str().unwrap()).unwrap();
    (File::from(controller), program_side)
}

/// Runs a command, and returns all screens that it draws and the last one.
///
/// Ctrl-C is typed when the text `interrupt_at` appears for the first time.
fn screens(columns: u16, command: &Command, interrupt_at: Option<&str>) -> (Vec<String>, String) {
    let (mut controller, program_side) = open_terminal(columns);
    let folder = command.get_current_dir().unwrap();
    // The terminal controls the command, so that Ctrl-C sends a signal.
    let mut session = Command::new("setsid");
    session.args(["--ctty", "--wait"]).arg(command.get_program()).args(command.get_args());
    let mut command = session;
    command.current_dir(folder).stdin(Stdio::from(program_side.try_clone().unwrap()));
    let mut interrupt_at = interrupt_at;
    command.stdout(Stdio::from(program_side.try_clone().unwrap()));
    command.stderr(Stdio::from(program_side.try_clone().unwrap()));
    let mut child = command.spawn().unwrap();
    drop((command, program_side));
    let mut screen = vt100::Parser::new(ROWS, columns, 1000);
    let mut screens = Vec::new();
    let mut bytes = [0; 1 << 12];
    // Reading fails when the command closes its side.
    while let Ok(read @ 1..) = controller.read(&mut bytes) {
        screen.process(&bytes[..read]);
        screens.push(screen.screen().contents());
        if interrupt_at.is_some_and(|text| screen.screen().contents().contains(text)) {
            interrupt_at = None;
            controller.write_all(b"\x03").unwrap();
        }
    }
    child.wait().unwrap();
    (screens, screen.screen().contents())
}

#[test]
fn the_live_view_fits_the_width_of_the_terminal() {
    for columns in [40, 80, 140] {
        let folder = Folder::new(&format!("terminal-{columns}"));
        fs::write(folder.file("job.sh"), JOB).unwrap();
        let line = [
            "tune",
            "--set",
            "rate=1e-5..1 log",
            "--set",
            "a_parameter_with_a_long_name=1..1000000",
            "--minimize",
            "loss",
            "--jobs",
            "5",
            "--parallel",
            "2",
            "--",
            "sh",
            "job.sh",
            "{rate}",
        ];
        let (seen, last) = screens(columns, &folder.surmise(&line), None);
        let has = |text: &str| seen.iter().any(|screen| screen.contains(text));
        // The table has a header, the epochs of jobs and a summary line.
        for expected in ["trial", "epoch", "/5 jobs", "trial 2 failed"] {
            assert!(has(expected), "{columns}: {expected}\n{}", seen.join("\n---\n"));
        }
        if columns >= 80 {
            assert!(
                has("best ") && has("configuration") && has("rate="),
                "{columns}\n{}",
                seen.join("\n---\n")
            );
            assert!(has("about ") && has(" left"), "{columns}\n{}", seen.join("\n---\n"));
        }
        // No remaining time is estimated before the first job has ended.
        let first = seen.iter().find(|screen| screen.contains("0/5 jobs")).unwrap();
        assert!(!first.contains("left"), "{first}");
        // The table is removed at the end; the lines of ended jobs and the result remain.
        assert!(
            !last.contains("/5 jobs") && last.contains("The tuning ended"),
            "{columns}\n{last}"
        );
        assert_eq!(last.matches("trial 2 failed").count(), 1, "{columns}\n{last}");
    }
}

#[test]
fn ctrl_c_is_announced_and_the_table_is_removed() {
    let folder = Folder::new("terminal-interrupted");
    fs::write(folder.file("job.sh"), JOB).unwrap();
    let line = [
        "tune",
        "--set",
        "rate=1e-5..1 log",
        "--minimize",
        "loss",
        "--jobs",
        "50",
        "--parallel",
        "2",
        "--",
        "sh",
        "job.sh",
        "{rate}",
    ];
    let (seen, last) = screens(80, &folder.surmise(&line), Some("1     0.003162"));
    let is_announced = seen.iter().any(|screen| screen.contains("No more jobs are started"));
    assert!(is_announced, "{last}\n{}", seen.join("\n---\n"));
    assert!(last.contains("a stop was requested") && !last.contains("epoch"), "{last}");
    assert!(!last.contains("^C"), "{last}");
}

#[test]
fn no_escape_codes_are_written_without_a_terminal() {
    let folder = Folder::new("no-terminal");
    let line = ["tune", "--function", "branin", "--jobs", "3"];
    assert!(!folder.ok(&line).contains('\u{1b}'));
}
