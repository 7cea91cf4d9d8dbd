//! Signals to a tuner: the first one drains, the second one cancels, the third one exits.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command};

use surmise::journal::Journal;
use surmise::*;

use super::folder::{TempFolder, test_process, test_process_folder};
use super::surviving_programs::{is_running, wait_until};

fn study() -> Study {
    let space = SearchSpace::new([ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear)]);
    let settings = StudySettings { limits: ResourceLimits::new(500, 2), ..Default::default() };
    Study::new(space.unwrap(), Objective::minimize("loss"), RandomSearch, settings).unwrap()
}

/// Runs a tuner whose jobs wait for the file `go`, and writes the stop reason to the file `reason`.
#[test]
fn subprocess_tuner_that_handles_signals() {
    let Some(folder) = test_process_folder() else { return };
    let (mut study, mut journal) = Journal::resume(folder.join("run.surmise"), study()).unwrap();
    let script = "touch \"$0/begun-$SURMISE_TRIAL\"; \
                  while [ ! -e \"$0/go\" ]; do sleep 0.01; done; echo 0.5";
    let mut jobs = CommandEvaluator::new("sh").arguments(["-c", script]).arguments([&folder]);
    let handle = StopHandle::on_signals().unwrap();
    let result = Tuner::new()
        .stop_handle(&handle)
        .journal_to(&mut journal)
        .run(&mut study, &mut jobs)
        .unwrap();
    fs::write(folder.join("reason"), format!("{:?}", result.reason)).unwrap();
}

fn start(folder: &TempFolder) -> Child {
    let child =
        test_process("persistence::signals::subprocess_tuner_that_handles_signals", folder.path())
            .spawn()
            .unwrap();
    wait_until("two jobs run", || {
        folder.file("begun-1").exists() && folder.file("begun-2").exists()
    });
    child
}

fn send(child: &Child, signal: &str) {
    let status = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status();
    assert!(status.unwrap().success());
}

fn reason(folder: &TempFolder) -> String {
    fs::read_to_string(folder.file("reason")).unwrap()
}

#[test]
fn the_first_sigint_or_sigterm_drains() {
    for signal in ["INT", "TERM"] {
        let folder = TempFolder::new(&format!("drains-{signal}"));
        let mut child = start(&folder);
        send(&child, signal);
        std::thread::sleep(std::time::Duration::from_millis(300));
        assert!(child.try_wait().unwrap().is_none(), "the tuner waits for running jobs");
        fs::write(folder.file("go"), "").unwrap();
        assert!(child.wait().unwrap().success());
        assert_eq!(reason(&folder), "Drained { jobs: 2 }");
        let study = Journal::read(folder.file("run.surmise")).unwrap();
        assert_eq!(study.trials().iter().filter_map(Trial::value).count(), 2);
    }
}

#[test]
fn the_second_sigint_cancels() {
    let folder = TempFolder::new("cancels");
    let mut child = start(&folder);
    send(&child, "INT");
    std::thread::sleep(std::time::Duration::from_millis(300));
    send(&child, "INT");
    assert!(child.wait().unwrap().success());
    assert!(reason(&folder).starts_with("Cancelled"), "{}", reason(&folder));
    wait_until("no job is left", || !is_running(&format!("{}\0", folder.path().display())));
}

#[test]
fn the_third_sigint_exits_at_once_with_an_intact_journal() {
    let folder = TempFolder::new("exits");
    let mut child = start(&folder);
    // All three signals arrive before the tuner checks for a signal.
    for _ in 0..3 {
        send(&child, "INT");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert_eq!(child.wait().unwrap().signal(), Some(2));
    assert!(!folder.file("reason").exists());
    assert_eq!(Journal::read(folder.file("run.surmise")).unwrap().trials().len(), 2);
    wait_until("no job is left", || !is_running(&format!("{}\0", folder.path().display())));
}
