//! Programs that survive their tuner, and programs that end with it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use surmise::evaluator::{Adoption, Evaluator, Job, JobEvent, JobId, ReportSource, StartOutcome};
use surmise::trial::{Report, Source};
use surmise::*;

use super::folder::{TempFolder, test_process, test_process_folder};
use crate::command::wait_for_end;

const LONG: Duration = Duration::from_secs(20);

fn trial() -> Trial {
    Trial::new(TrialId(3), Source::Study, Configuration::from([("x", 0.5.into())]))
}

fn surviving(folder: &Path, script: &str) -> CommandEvaluator {
    let jobs = CommandEvaluator::new("sh").arguments(["-c", script, "sh"]);
    let jobs = jobs.in_folder(folder).reports_from(ReportSource::Lines);
    jobs.with_grace_period(Duration::from_secs(1)).surviving()
}

/// Starts a job, waits for the event with its location, and returns the location.
fn start_job(jobs: &mut CommandEvaluator, trial: &Trial) -> String {
    assert_eq!(jobs.start(&Job::new(trial, 1)).unwrap(), StartOutcome::Started);
    let events = jobs.wait(LONG).unwrap();
    let [JobEvent::Located { location, .. }] = &events[..] else { panic!("{events:?}") };
    location.clone()
}

/// Waits until a condition holds, and panics after 20 seconds.
pub(super) fn wait_until(description: &str, mut condition: impl FnMut() -> bool) {
    const POLL_INTERVAL: Duration = Duration::from_millis(2);
    let mut waited = Duration::ZERO;
    while !condition() {
        assert!(waited < LONG, "{description}");
        std::thread::sleep(POLL_INTERVAL);
        waited += POLL_INTERVAL;
    }
}

/// Returns true if a process has this text in its arguments.
pub(super) fn is_running(text: &str) -> bool {
    let processes = fs::read_dir("/proc").unwrap().flatten();
    processes.into_iter().any(|process| {
        let arguments = fs::read(process.path().join("cmdline")).unwrap_or_default();
        arguments.windows(text.len()).any(|window| window == text.as_bytes())
    })
}

#[test]
fn a_surviving_program_starts_once_its_process_is_recorded() {
    let folder = TempFolder::new("gate");
    let mark = folder.file("mark");
    let script = format!("echo begun > {}; echo 1 0.5; echo 0.25", mark.display());
    let mut jobs = surviving(folder.path(), &script);
    let trial = trial();
    let location = start_job(&mut jobs, &trial);
    std::thread::sleep(Duration::from_millis(100));
    assert!(!mark.exists(), "the program started before its process was recorded");
    assert!(location.contains("trial-00003-attempt-1"), "{location}");
    assert_eq!(wait_for_end(&mut jobs), (vec![(1, 0.5), (2, 0.25)], Outcome::from(0.25)));
    let job_folder = folder.path().join("trial-00003-attempt-1");
    assert_eq!(fs::read_to_string(job_folder.join("stdout.log")).unwrap(), "1 0.5\n0.25\n");
    assert!(fs::read_to_string(job_folder.join("status")).unwrap().ends_with(" 0\n"));
}

#[test]
fn surviving_programs_fail_and_stop_like_other_programs() {
    let folder = TempFolder::new("fails");
    let trial = trial();
    let mut jobs = surviving(folder.path(), "echo no such data >&2; exit 3");
    start_job(&mut jobs, &trial);
    let (_, outcome) = wait_for_end(&mut jobs);
    let Outcome::Failed(failure) = outcome else { panic!("{outcome:?}") };
    assert_eq!(failure.kind, FailureKind::Error);
    assert!(failure.message.contains("exit status: 3") && failure.message.contains("no such data"));
    // One program ends at the stop request, the other one ignores it.
    for script in
        ["echo 2 0.5; exec sleep 60", "trap : TERM; echo 2 0.5; while :; do sleep 0.1; done"]
    {
        let mut jobs = surviving(folder.path(), script);
        start_job(&mut jobs, &trial);
        let mut reports = Vec::new();
        while reports.is_empty() {
            reports.extend(jobs.wait(LONG).unwrap());
        }
        jobs.stop(JobId { trial: trial.id, attempt: 1 }).unwrap();
        assert_eq!(wait_for_end(&mut jobs).1, Outcome::Stopped { value: Some(0.5) }, "{script}");
    }
    wait_until("no job is left", || !is_running(&folder.path().display().to_string()));
    let mut jobs = CommandEvaluator::new("/no/such/program").in_folder(folder.path()).surviving();
    let error = jobs.start(&Job::new(&trial, 1)).unwrap_err();
    assert!(error.to_string().contains("cannot run /no/such/program"), "{error}");
}

#[test]
fn children_of_a_surviving_program_end_with_it() {
    let folder = TempFolder::new("leaves");
    let script = format!("sleep 60 {} & echo 0.5", folder.path().display());
    let mut jobs = surviving(folder.path(), &script.replace("sleep 60", "sh -c 'sleep 60; :' sh"));
    start_job(&mut jobs, &trial());
    assert_eq!(wait_for_end(&mut jobs).1, Outcome::from(0.5));
    wait_until("no job is left", || !is_running(&folder.path().display().to_string()));
}

#[test]
fn another_evaluator_adopts_running_and_ended_programs() {
    let folder = TempFolder::new("adopted");
    let go = folder.file("go");
    let script = format!(
        "echo 1 0.75; while [ ! -e {} ]; do sleep 0.01; done; echo 2 0.5; echo 0.25",
        go.display()
    );
    let mut trial = trial();
    let mut first = surviving(folder.path(), &script);
    trial.job_location = Some(start_job(&mut first, &trial));
    let events = first.wait(LONG).unwrap();
    assert!(matches!(events[..], [JobEvent::Report { step: 1, .. }]), "{events:?}");
    trial.reports.push(Report { step: 1, value: 0.75 });
    assert_eq!(first.possibly_running()[0].name, *trial.job_location.as_ref().unwrap());
    drop(first);
    // The program still runs. A job without a recorded process must not start a second program.
    let mut second = surviving(folder.path(), &script);
    let mut without_location = trial.clone();
    without_location.job_location = None;
    let error = second.start(&Job::new(&without_location, 1)).unwrap_err();
    assert!(error.to_string().contains("is running in the folder of this job"), "{error}");
    assert_eq!(second.adopt(&Job::new(&trial, 1)).unwrap(), Adoption::Running);
    fs::write(&go, "").unwrap();
    // Reports that the study already contains are not repeated.
    assert_eq!(wait_for_end(&mut second), (vec![(2, 0.5), (3, 0.25)], Outcome::from(0.25)));
    drop(second);
    // A third evaluator adopts the program after its end.
    let mut third = surviving(folder.path(), &script);
    assert_eq!(third.adopt(&Job::new(&trial, 1)).unwrap(), Adoption::Running);
    assert_eq!(wait_for_end(&mut third), (vec![(2, 0.5), (3, 0.25)], Outcome::from(0.25)));
}

#[test]
fn a_program_killed_between_two_tuners_counts_as_interrupted() {
    let folder = TempFolder::new("killed");
    let mut trial = trial();
    let mut first = surviving(folder.path(), "echo 1 0.75; sleep 60");
    let location = start_job(&mut first, &trial);
    first.wait(LONG).unwrap();
    drop(first);
    let process = location.split(' ').nth(1).unwrap();
    let kill = format!("kill -s KILL -- -{process}");
    assert!(std::process::Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    trial.job_location = Some(location.clone());
    // The process number may belong to another process, or the machine may have been restarted.
    for location in [
        location.clone(),
        location.replace("boot ", "boot x"),
        location.replace("process ", "process 1"),
    ] {
        trial.job_location = Some(location);
        let mut second = surviving(folder.path(), "");
        assert_eq!(second.adopt(&Job::new(&trial, 1)).unwrap(), Adoption::Running);
        let (_, outcome) = wait_for_end(&mut second);
        let Outcome::Failed(failure) = outcome else { panic!("{outcome:?}") };
        assert_eq!(failure.kind, FailureKind::Interrupted);
    }
}

#[test]
fn a_surviving_program_ends_with_its_shell() {
    let folder = TempFolder::new("shell");
    let mut trial = trial();
    let script = format!("exec sh -c 'while :; do sleep 0.1; done' {}", folder.path().display());
    let mut jobs = surviving(folder.path(), &script);
    let location = start_job(&mut jobs, &trial);
    let kill = |location: &str| {
        let kill = format!("kill -s KILL {}", location.split(' ').nth(1).unwrap());
        assert!(std::process::Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    };
    jobs.wait(Duration::from_millis(200)).unwrap();
    kill(&location);
    let Outcome::Failed(failure) = wait_for_end(&mut jobs).1 else { panic!() };
    assert_eq!(failure.kind, FailureKind::Interrupted);
    wait_until("no job is left", || !is_running(&folder.path().display().to_string()));
    // The same holds for a program that another evaluator has adopted.
    let mut first = surviving(folder.path(), &script);
    trial.job_location = Some(start_job(&mut first, &trial));
    first.wait(Duration::from_millis(200)).unwrap();
    drop(first);
    let mut second = surviving(folder.path(), &script);
    assert_eq!(second.adopt(&Job::new(&trial, 1)).unwrap(), Adoption::Running);
    second.wait(Duration::from_millis(200)).unwrap();
    kill(trial.job_location.as_ref().unwrap());
    assert!(matches!(wait_for_end(&mut second).1, Outcome::Failed(_)));
    wait_until("no job is left", || !is_running(&folder.path().display().to_string()));
}

#[test]
fn while_starts_are_paused_no_program_begins() {
    let folder = TempFolder::new("paused-starts");
    let mark = folder.file("mark");
    let mut jobs = surviving(folder.path(), &format!("echo > {}; echo 0.25", mark.display()));
    start_job(&mut jobs, &trial());
    jobs.pause_starts(true);
    assert!(jobs.wait(Duration::from_millis(300)).unwrap().is_empty());
    assert!(!mark.exists());
    jobs.pause_starts(false);
    assert_eq!(wait_for_end(&mut jobs).1, Outcome::from(0.25));
}

#[test]
fn jobs_end_with_a_killed_tuner() {
    let folder = TempFolder::new("orphans");
    let mut tuner = test_process(
        "persistence::surviving_programs::subprocess_tuner_waiting_to_be_killed",
        folder.path(),
    );
    let mut tuner = tuner.spawn().unwrap();
    wait_until("both jobs run", || folder.file("1").exists() && folder.file("2").exists());
    tuner.kill().unwrap();
    tuner.wait().unwrap();
    wait_until("no job is left", || !is_running(&format!("{}/here", folder.path().display())));
    // The job that handles SIGTERM had enough time.
    wait_until("the job received SIGTERM", || folder.file("received").exists());
}

#[test]
fn subprocess_tuner_waiting_to_be_killed() {
    let Some(folder) = test_process_folder() else { return };
    // A shell that reports the end of its child to a closed pipe would be killed by SIGPIPE.
    let script = "exec 2>/dev/null; cd \"${0%/here}\"
        if [ $SURMISE_TRIAL = 2 ]; then trap '' TERM; else trap 'touch received; exit' TERM; fi
        touch $SURMISE_TRIAL; sh -c 'while :; do sleep 0.1; done' \"$0\" &
        while :; do sleep 0.01; done";
    let mut jobs = CommandEvaluator::new("sh")
        .arguments(["-c", script, &format!("{}/here", folder.display())])
        .with_grace_period(Duration::from_secs(1));
    let trials = [1, 2].map(|id| Trial::new(TrialId(id), Source::Study, trial().configuration));
    for trial in &trials {
        jobs.start(&Job::new(trial, 1)).unwrap();
    }
    jobs.wait(Duration::from_secs(60)).unwrap();
}

/// The jobs have an empty environment, most programs are missing, and the watcher of the jobs was
/// killed once.
#[test]
fn jobs_with_an_empty_environment_end_with_a_killed_tuner() {
    let folder = TempFolder::new("hidden");
    let bin = folder.file("bin");
    fs::create_dir(&bin).unwrap();
    for tool in ["sh", "env", "sleep", "touch"] {
        let paths = ["/bin", "/usr/bin"].map(|folder| Path::new(folder).join(tool));
        let path = paths.iter().find(|path| path.exists()).unwrap();
        std::os::unix::fs::symlink(path, bin.join(tool)).unwrap();
    }
    let test =
        "persistence::surviving_programs::subprocess_tuner_with_few_tools_waiting_to_be_killed";
    let mut tuner = test_process(test, folder.path()).env("PATH", &bin).spawn().unwrap();
    wait_until("both jobs run", || folder.file("1").exists() && folder.file("2").exists());
    tuner.kill().unwrap();
    tuner.wait().unwrap();
    wait_until("no job is left", || !is_running(&format!("{}/here", folder.path().display())));
}

#[test]
fn subprocess_tuner_with_few_tools_waiting_to_be_killed() {
    let Some(folder) = test_process_folder() else { return };
    let script = r#"exec env -i PATH="$PATH" \
        sh -c 'touch "${0%/here}/$1"; while :; do sleep 0.1; done' "$0" $SURMISE_TRIAL"#;
    let mut jobs = CommandEvaluator::new("sh")
        .arguments(["-c", script, &format!("{}/here", folder.display())])
        .with_grace_period(Duration::ZERO);
    let trials = [1, 2].map(|id| Trial::new(TrialId(id), Source::Study, trial().configuration));
    jobs.start(&Job::new(&trials[0], 1)).unwrap();
    kill_watcher();
    jobs.start(&Job::new(&trials[1], 1)).unwrap();
    jobs.wait(Duration::from_secs(60)).unwrap();
}

/// Kills the watcher, the shell that ends the jobs of this process after the process has ended.
fn kill_watcher() {
    let parent = format!(" {} ", std::process::id());
    let is_watcher = |process: &Path| {
        let arguments = fs::read_to_string(process.join("cmdline")).unwrap_or_default();
        let stat = fs::read_to_string(process.join("stat")).unwrap_or_default();
        arguments.contains("\0surmise-watcher\0") && stat.contains(&parent)
    };
    let mut processes = fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path());
    let watcher = processes.find(|process| is_watcher(process)).unwrap();
    let id: i32 = watcher.file_name().unwrap().to_str().unwrap().parse().unwrap();
    let id = rustix::process::Pid::from_raw(id).unwrap();
    rustix::process::kill_process(id, rustix::process::Signal::KILL).unwrap();
    wait_until("the watcher has ended", || {
        fs::read(watcher.join("cmdline")).is_ok_and(|text| text.is_empty())
    });
}

/// A device that rejects each write like a full disk.
const FULL_DEVICE: &str = "/dev/full";

#[test]
fn a_job_waits_until_the_disk_has_room_for_its_folder() {
    let folder = TempFolder::new("no-room");
    let job_folder = folder.file("trial-00003-attempt-1");
    fs::create_dir(&job_folder).unwrap();
    std::os::unix::fs::symlink(FULL_DEVICE, job_folder.join("room")).unwrap();
    let trial = trial();
    let mut jobs = surviving(folder.path(), "echo 0.25");
    let start = jobs.start(&Job::new(&trial, 1)).unwrap();
    assert!(matches!(start, StartOutcome::Busy { .. }), "{start:?}");
    let events = jobs.wait(LONG).unwrap();
    let [JobEvent::Warning { text }] = &events[..] else { panic!("{events:?}") };
    assert!(text.contains("free disk space there"), "{text}");
    // The failed start has removed the link, as it removes files of an earlier call.
    start_job(&mut jobs, &trial);
    assert_eq!(wait_for_end(&mut jobs).1, Outcome::from(0.25));
}

#[test]
fn the_exit_status_is_written_once_the_disk_has_room() {
    let folder = TempFolder::new("no-room-to-end");
    let mut jobs =
        surviving(folder.path(), "ln -s /dev/full \"$SURMISE_FOLDER/status.part\"; echo 0.25");
    start_job(&mut jobs, &trial());
    let part = folder.file("trial-00003-attempt-1/status.part");
    std::thread::scope(|scope| {
        scope.spawn(|| {
            wait_until("the program has ended", || part.is_symlink());
            std::thread::sleep(Duration::from_millis(100));
            fs::remove_file(&part).unwrap();
        });
        assert_eq!(wait_for_end(&mut jobs).1, Outcome::from(0.25));
    });
}

/// The shell inherits options by `SHELLOPTS`, and the program has the name of a shell command.
#[test]
fn inherited_shell_options_do_not_affect_surviving_programs() {
    let folder = TempFolder::new("options");
    let jobs = CommandEvaluator::new("test").in_folder(folder.path()).surviving();
    let mut jobs = jobs.environment_variable("SHELLOPTS", "noclobber:errexit:nounset");
    start_job(&mut jobs, &trial());
    let (_, outcome) = wait_for_end(&mut jobs);
    let Outcome::Failed(failure) = outcome else { panic!("{outcome:?}") };
    assert_eq!(failure.kind, FailureKind::MissingMetric, "{failure:?}");
}

#[test]
fn a_folder_name_that_is_not_utf8_is_refused() {
    use std::os::unix::ffi::OsStrExt;
    let folder = std::ffi::OsStr::from_bytes(b"/tmp/\xff");
    let error = CommandEvaluator::new("true").in_folder(folder).surviving().check().unwrap_err();
    assert!(error.to_string().contains("must be UTF-8"), "{error}");
    assert!(CommandEvaluator::new("true").in_folder(folder).check().is_ok());
}
