//! Signals to a tuner: drain, cancel, leave.

use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command};

use surmise::journal::Journal;
use surmise::*;

use super::folder::{Folder, another_process, here};
use super::lasting::{runs, soon};

fn study() -> Study {
    let space = SearchSpace::new([ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear)]);
    let settings = StudySettings { limits: ResourceLimits::new(500, 2), ..Default::default() };
    Study::new(space.unwrap(), Objective::minimize("loss"), RandomSearch, settings).unwrap()
}

/// A tuner whose jobs wait for a file; why it ended is in another one.
#[test]
fn a_tuner_that_hears_signals() {
    let Some(folder) = here() else { return };
    let (mut study, mut journal) = Journal::resume(folder.join("run.surmise"), study()).unwrap();
    let script = "touch \"$0/begun-$SURMISE_TRIAL\"; while [ ! -e \"$0/go\" ]; do sleep 0.01; done; echo 0.5";
    let mut jobs = CommandEvaluator::new("sh").arguments(["-c", script]).arguments([&folder]);
    let handle = StopHandle::on_signals().unwrap();
    fs::write(folder.join("listens"), "").unwrap();
    let tuned =
        Tuner::new().stop_by(&handle).keep_in(&mut journal).run(&mut study, &mut jobs).unwrap();
    fs::write(folder.join("reason"), format!("{:?}", tuned.reason)).unwrap();
}

fn start(folder: &Folder) -> Child {
    let child = another_process("kept::signals::a_tuner_that_hears_signals", folder.path())
        .spawn()
        .unwrap();
    soon("two jobs run", || folder.file("begun-1").exists() && folder.file("begun-2").exists());
    child
}

fn send(child: &Child, signal: &str) {
    let status = Command::new("kill").args(["-s", signal, &child.id().to_string()]).status();
    assert!(status.unwrap().success());
}

fn reason(folder: &Folder) -> String {
    fs::read_to_string(folder.file("reason")).unwrap()
}

#[test]
fn the_first_interrupt_drains_and_so_does_a_request_to_end() {
    for signal in ["INT", "TERM"] {
        let folder = Folder::new(&format!("drains-{signal}"));
        let mut child = start(&folder);
        send(&child, signal);
        std::thread::sleep(std::time::Duration::from_millis(300));
        assert!(child.try_wait().unwrap().is_none(), "it waits for what runs");
        fs::write(folder.file("go"), "").unwrap();
        assert!(child.wait().unwrap().success());
        assert_eq!(reason(&folder), "Drained { jobs: 2 }");
        let study = Journal::read(folder.file("run.surmise")).unwrap();
        assert_eq!(study.trials().iter().filter_map(Trial::value).count(), 2);
    }
}

#[test]
fn the_second_interrupt_cancels() {
    let folder = Folder::new("cancels");
    let mut child = start(&folder);
    send(&child, "INT");
    std::thread::sleep(std::time::Duration::from_millis(300));
    send(&child, "INT");
    assert!(child.wait().unwrap().success());
    assert!(reason(&folder).starts_with("Cancelled"), "{}", reason(&folder));
    soon("no job is left", || !runs(&format!("{}\0", folder.path().display())));
}

#[test]
fn the_third_interrupt_leaves_at_once_with_a_whole_journal() {
    let folder = Folder::new("leaves-at-once");
    let mut child = start(&folder);
    // Between two looks of the tuner at what it has heard.
    for _ in 0..3 {
        send(&child, "INT");
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    assert_eq!(child.wait().unwrap().signal(), Some(2));
    assert!(!folder.file("reason").exists());
    assert_eq!(Journal::read(folder.file("run.surmise")).unwrap().trials().len(), 2);
    soon("no job is left", || !runs(&format!("{}\0", folder.path().display())));
}
