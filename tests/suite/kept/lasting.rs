//! Programs that outlive their tuner, and what is left of those that do not.

use std::fs;
use std::path::Path;
use std::time::Duration;

use surmise::evaluator::{Adoption, Evaluator, Job, JobEvent, JobId, ReportSource, Start};
use surmise::trial::{Report, Source};
use surmise::*;

use super::folder::{Folder, another_process, here};
use crate::command::until_the_end;

const LONG: Duration = Duration::from_secs(20);

fn trial() -> Trial {
    Trial::new(TrialId(3), Source::Own, Configuration::from([("x", 0.5.into())]))
}

fn surviving(folder: &Path, script: &str) -> CommandEvaluator {
    let jobs = CommandEvaluator::new("sh").arguments(["-c", script, "sh"]);
    let jobs = jobs.in_folder(folder).reports_from(ReportSource::Lines);
    jobs.with_grace(Duration::from_secs(1)).surviving()
}

/// Starts a job and waits until it has begun; where it runs.
fn begun(jobs: &mut CommandEvaluator, trial: &Trial) -> String {
    assert_eq!(jobs.start(&Job::new(trial, 1)).unwrap(), Start::Started);
    let events = jobs.wait(LONG).unwrap();
    let [JobEvent::Located { place, .. }] = &events[..] else { panic!("{events:?}") };
    place.clone()
}

/// Waits until something is so.
pub(super) fn soon(what: &str, mut is_so: impl FnMut() -> bool) {
    const LOOK: Duration = Duration::from_millis(2);
    let mut waited = Duration::ZERO;
    while !is_so() {
        assert!(waited < LONG, "{what}");
        std::thread::sleep(LOOK);
        waited += LOOK;
    }
}

/// Whether a process has this text in its arguments.
pub(super) fn runs(text: &str) -> bool {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes.into_iter().any(|process| {
        let arguments = fs::read(process.path().join("cmdline")).unwrap_or_default();
        arguments.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

#[test]
fn a_program_begins_when_its_place_is_known_and_ends_as_any_other() {
    let folder = Folder::new("gate");
    let mark = folder.file("mark");
    let script = format!("echo begun > {}; echo 1 0.5; echo 0.25", mark.display());
    let mut jobs = surviving(folder.path(), &script);
    let trial = trial();
    let place = begun(&mut jobs, &trial);
    std::thread::sleep(Duration::from_millis(100));
    assert!(!mark.exists(), "it has begun before it was known where");
    assert!(place.contains("trial-00003-attempt-1"), "{place}");
    assert_eq!(until_the_end(&mut jobs), (vec![(1, 0.5), (2, 0.25)], Outcome::from(0.25)));
    let job = folder.path().join("trial-00003-attempt-1");
    assert_eq!(fs::read_to_string(job.join("stdout.log")).unwrap(), "1 0.5\n0.25\n");
    assert!(fs::read_to_string(job.join("status")).unwrap().ends_with(" 0\n"));
}

#[test]
fn a_program_fails_and_is_stopped_as_any_other() {
    let folder = Folder::new("fails");
    let trial = trial();
    let mut jobs = surviving(folder.path(), "echo bad luck >&2; exit 3");
    begun(&mut jobs, &trial);
    let (_, outcome) = until_the_end(&mut jobs);
    let Outcome::Failed(failure) = outcome else { panic!("{outcome:?}") };
    assert_eq!(failure.kind, FailureKind::Error);
    assert!(failure.message.contains("exit status: 3") && failure.message.contains("bad luck"));
    // One that ends when it is asked to, and one that does not.
    for script in
        ["echo 2 0.5; exec sleep 60", "trap : TERM; echo 2 0.5; while :; do sleep 0.1; done"]
    {
        let mut jobs = surviving(folder.path(), script);
        begun(&mut jobs, &trial);
        let mut reports = Vec::new();
        while reports.is_empty() {
            reports.extend(jobs.wait(LONG).unwrap());
        }
        jobs.stop(JobId { trial: trial.id, attempt: 1 }).unwrap();
        assert_eq!(until_the_end(&mut jobs).1, Outcome::Stopped { value: Some(0.5) }, "{script}");
    }
    soon("nothing is left", || !runs(&folder.path().display().to_string()));
    let mut jobs = CommandEvaluator::new("/no/such/program").in_folder(folder.path()).surviving();
    let error = jobs.start(&Job::new(&trial, 1)).unwrap_err();
    assert!(error.to_string().contains("cannot run /no/such/program"), "{error}");
}

#[test]
fn what_a_program_leaves_behind_ends_with_it() {
    let folder = Folder::new("leaves");
    let script = format!("sleep 60 {} & echo 0.5", folder.path().display());
    let mut jobs = surviving(folder.path(), &script.replace("sleep 60", "sh -c 'sleep 60; :' sh"));
    begun(&mut jobs, &trial());
    assert_eq!(until_the_end(&mut jobs).1, Outcome::from(0.5));
    soon("nothing is left", || !runs(&folder.path().display().to_string()));
}

#[test]
fn another_evaluator_finds_what_runs_and_what_has_ended_meanwhile() {
    let folder = Folder::new("found");
    let go = folder.file("go");
    let script = format!(
        "echo 1 0.75; while [ ! -e {} ]; do sleep 0.01; done; echo 2 0.5; echo 0.25",
        go.display()
    );
    let mut trial = trial();
    let mut first = surviving(folder.path(), &script);
    trial.place = Some(begun(&mut first, &trial));
    let events = first.wait(LONG).unwrap();
    assert!(matches!(events[..], [JobEvent::Report { step: 1, .. }]), "{events:?}");
    trial.reports.push(Report { step: 1, value: 0.75 });
    assert_eq!(first.may_still_run()[0].name, *trial.place.as_ref().unwrap());
    drop(first);
    // It runs on; a job that is not known of would be doubled.
    let mut second = surviving(folder.path(), &script);
    let mut unknown = trial.clone();
    unknown.place = None;
    let error = second.start(&Job::new(&unknown, 1)).unwrap_err();
    assert!(error.to_string().contains("is at work where this job would be"), "{error}");
    assert_eq!(second.adopt(&Job::new(&trial, 1)).unwrap(), Adoption::Running);
    fs::write(&go, "").unwrap();
    // What the study has heard of is not told again.
    assert_eq!(until_the_end(&mut second), (vec![(2, 0.5), (3, 0.25)], Outcome::from(0.25)));
    drop(second);
    // A third one, for which it ended long ago.
    let mut third = surviving(folder.path(), &script);
    assert_eq!(third.adopt(&Job::new(&trial, 1)).unwrap(), Adoption::Running);
    assert_eq!(until_the_end(&mut third), (vec![(2, 0.5), (3, 0.25)], Outcome::from(0.25)));
}

#[test]
fn a_program_that_was_killed_meanwhile_was_interrupted() {
    let folder = Folder::new("killed");
    let mut trial = trial();
    let mut first = surviving(folder.path(), "echo 1 0.75; sleep 60");
    let place = begun(&mut first, &trial);
    first.wait(LONG).unwrap();
    drop(first);
    let process = place.split(' ').nth(1).unwrap();
    let kill = format!("kill -s KILL -- -{process}");
    assert!(std::process::Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    trial.place = Some(place.clone());
    // Also where the number is another process's by now, or the machine was started anew.
    for place in
        [place.clone(), place.replace("boot ", "boot x"), place.replace("process ", "process 1")]
    {
        trial.place = Some(place);
        let mut second = surviving(folder.path(), "");
        assert_eq!(second.adopt(&Job::new(&trial, 1)).unwrap(), Adoption::Running);
        let (_, outcome) = until_the_end(&mut second);
        let Outcome::Failed(failure) = outcome else { panic!("{outcome:?}") };
        assert_eq!(failure.kind, FailureKind::Interrupted);
    }
}

#[test]
fn a_program_does_not_outlive_its_shell() {
    let folder = Folder::new("shell");
    let mut trial = trial();
    let script = format!("exec sh -c 'while :; do sleep 0.1; done' {}", folder.path().display());
    let mut jobs = surviving(folder.path(), &script);
    let place = begun(&mut jobs, &trial);
    let kill = |place: &str| {
        let kill = format!("kill -s KILL {}", place.split(' ').nth(1).unwrap());
        assert!(std::process::Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    };
    jobs.wait(Duration::from_millis(200)).unwrap();
    kill(&place);
    let Outcome::Failed(failure) = until_the_end(&mut jobs).1 else { panic!() };
    assert_eq!(failure.kind, FailureKind::Interrupted);
    soon("nothing is left", || !runs(&folder.path().display().to_string()));
    // Nor where another evaluator has found it.
    let mut first = surviving(folder.path(), &script);
    trial.place = Some(begun(&mut first, &trial));
    first.wait(Duration::from_millis(200)).unwrap();
    drop(first);
    let mut second = surviving(folder.path(), &script);
    assert_eq!(second.adopt(&Job::new(&trial, 1)).unwrap(), Adoption::Running);
    second.wait(Duration::from_millis(200)).unwrap();
    kill(trial.place.as_ref().unwrap());
    assert!(matches!(until_the_end(&mut second).1, Outcome::Failed(_)));
    soon("nothing is left", || !runs(&folder.path().display().to_string()));
}

#[test]
fn a_program_whose_place_is_not_kept_does_not_begin() {
    let folder = Folder::new("held-back");
    let mark = folder.file("mark");
    let mut jobs = surviving(folder.path(), &format!("echo > {}; echo 0.25", mark.display()));
    begun(&mut jobs, &trial());
    jobs.hold_back(true);
    assert!(jobs.wait(Duration::from_millis(300)).unwrap().is_empty());
    assert!(!mark.exists());
    jobs.hold_back(false);
    assert_eq!(until_the_end(&mut jobs).1, Outcome::from(0.25));
}

#[test]
fn jobs_of_a_tuner_that_is_killed_end() {
    let folder = Folder::new("orphans");
    let mut tuner =
        another_process("kept::lasting::a_tuner_that_waits_to_be_killed", folder.path());
    let mut tuner = tuner.spawn().unwrap();
    soon("both jobs run", || folder.file("1").exists() && folder.file("2").exists());
    tuner.kill().unwrap();
    tuner.wait().unwrap();
    soon("nothing is left", || !runs(&format!("{}/here", folder.path().display())));
    // The one that could has ended well.
    soon("it was asked to", || folder.file("asked").exists());
}

#[test]
fn a_tuner_that_waits_to_be_killed() {
    let Some(folder) = here() else { return };
    // A shell that says on a closed pipe what became of its child ends by that.
    let script = "exec 2>/dev/null; cd \"${0%/here}\"; if [ $SURMISE_TRIAL = 2 ]; then trap '' TERM; else trap 'touch asked; exit' TERM; fi
        touch $SURMISE_TRIAL; sh -c 'while :; do sleep 0.1; done' \"$0\" & while :; do sleep 0.01; done";
    let mut jobs = CommandEvaluator::new("sh")
        .arguments(["-c", script, &format!("{}/here", folder.display())])
        .with_grace(Duration::from_secs(1));
    let trials = [1, 2].map(|id| Trial::new(TrialId(id), Source::Own, trial().configuration));
    for trial in &trials {
        jobs.start(&Job::new(trial, 1)).unwrap();
    }
    jobs.wait(Duration::from_secs(60)).unwrap();
}

/// Neither by their environment nor with the tools of most machines, and by a shell that was ended once itself.
#[test]
fn jobs_of_a_tuner_that_is_killed_end_where_they_are_hard_to_find() {
    let folder = Folder::new("hidden");
    let bin = folder.file("bin");
    fs::create_dir(&bin).unwrap();
    for tool in ["sh", "env", "sleep", "touch"] {
        let found = ["/bin", "/usr/bin"].map(|place| Path::new(place).join(tool));
        let found = found.iter().find(|path| path.exists()).unwrap();
        std::os::unix::fs::symlink(found, bin.join(tool)).unwrap();
    }
    let test = "kept::lasting::a_tuner_with_few_tools_that_waits_to_be_killed";
    let mut tuner = another_process(test, folder.path()).env("PATH", &bin).spawn().unwrap();
    soon("both jobs run", || folder.file("1").exists() && folder.file("2").exists());
    tuner.kill().unwrap();
    tuner.wait().unwrap();
    soon("nothing is left", || !runs(&format!("{}/here", folder.path().display())));
}

#[test]
fn a_tuner_with_few_tools_that_waits_to_be_killed() {
    let Some(folder) = here() else { return };
    let script = r#"exec env -i PATH="$PATH" sh -c 'touch "${0%/here}/$1"; while :; do sleep 0.1; done' "$0" $SURMISE_TRIAL"#;
    let mut jobs = CommandEvaluator::new("sh")
        .arguments(["-c", script, &format!("{}/here", folder.display())])
        .with_grace(Duration::ZERO);
    let trials = [1, 2].map(|id| Trial::new(TrialId(id), Source::Own, trial().configuration));
    jobs.start(&Job::new(&trials[0], 1)).unwrap();
    kill_watcher();
    jobs.start(&Job::new(&trials[1], 1)).unwrap();
    jobs.wait(Duration::from_secs(60)).unwrap();
}

/// Kills the shell that watches over the jobs of this process.
fn kill_watcher() {
    let own = format!(" {} ", std::process::id());
    let is_watcher = |process: &Path| {
        let arguments = fs::read_to_string(process.join("cmdline")).unwrap_or_default();
        let stat = fs::read_to_string(process.join("stat")).unwrap_or_default();
        arguments.contains("\0surmise-watcher\0") && stat.contains(&own)
    };
    let mut processes = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    let watcher = processes.find(|process| is_watcher(process)).unwrap();
    let number: i32 = watcher.file_name().unwrap().to_str().unwrap().parse().unwrap();
    let number = rustix::process::Pid::from_raw(number).unwrap();
    rustix::process::kill_process(number, rustix::process::Signal::KILL).unwrap();
    soon("it has ended", || fs::read(watcher.join("cmdline")).is_ok_and(|text| text.is_empty()));
}

/// A disk without room, as the system tells of it.
const FULL: &str = "/dev/full";

#[test]
fn a_job_without_room_for_its_folder_waits_for_it() {
    let folder = Folder::new("no-room");
    let own = folder.file("trial-00003-attempt-1");
    fs::create_dir(&own).unwrap();
    std::os::unix::fs::symlink(FULL, own.join("room")).unwrap();
    let trial = trial();
    let mut jobs = surviving(folder.path(), "echo 0.25");
    let start = jobs.start(&Job::new(&trial, 1)).unwrap();
    assert!(matches!(start, Start::Busy { .. }), "{start:?}");
    let events = jobs.wait(LONG).unwrap();
    let [JobEvent::Warning { text }] = &events[..] else { panic!("{events:?}") };
    assert!(text.contains("make room there"), "{text}");
    // The link was taken for what an earlier call had left there.
    begun(&mut jobs, &trial);
    assert_eq!(until_the_end(&mut jobs).1, Outcome::from(0.25));
}

#[test]
fn the_end_of_a_program_is_noted_when_there_is_room_for_it() {
    let folder = Folder::new("no-room-to-end");
    let mut jobs =
        surviving(folder.path(), "ln -s /dev/full \"$SURMISE_FOLDER/status.part\"; echo 0.25");
    begun(&mut jobs, &trial());
    let part = folder.file("trial-00003-attempt-1/status.part");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            soon("it has ended", || part.is_symlink());
            std::thread::sleep(Duration::from_millis(100));
            fs::remove_file(&part).unwrap();
        });
        assert_eq!(until_the_end(&mut jobs).1, Outcome::from(0.25));
    });
}

/// Options that a shell inherits, and a program with the name of one of its commands.
#[test]
fn a_surviving_program_is_run_as_any_other() {
    let folder = Folder::new("options");
    let jobs = CommandEvaluator::new("test").in_folder(folder.path()).surviving();
    let mut jobs = jobs.variable("SHELLOPTS", "noclobber:errexit:nounset");
    begun(&mut jobs, &trial());
    let (_, outcome) = until_the_end(&mut jobs);
    let Outcome::Failed(failure) = outcome else { panic!("{outcome:?}") };
    assert_eq!(failure.kind, FailureKind::MissingMetric, "{failure:?}");
}

#[test]
fn a_place_that_is_no_text_is_refused() {
    use std::os::unix::ffi::OsStrExt;
    let place = std::ffi::OsStr::from_bytes(b"/tmp/\xff");
    let error = CommandEvaluator::new("true").in_folder(place).surviving().check().unwrap_err();
    assert!(error.to_string().contains("name it in UTF-8"), "{error}");
    assert!(CommandEvaluator::new("true").in_folder(place).check().is_ok());
}
