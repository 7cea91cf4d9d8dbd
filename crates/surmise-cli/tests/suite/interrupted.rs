//! `surmise tune` with Python jobs, killed or interrupted repeatedly at random moments.
//!
//! The following command interrupts it more often, and prints counts:
//!
//!     SURMISE_KILLS=30 cargo test -p surmise-cli --test suite interrupted -- --nocapture

use std::collections::BTreeMap;
use std::fs;
use std::process::{Child, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use surmise::Trial;
use surmise::journal::Journal;
use surmise::rng::Rng;

use crate::temporary_folder::Folder;
use crate::wait_until;

/// A job that creates a file, reports twice, and fails for some configurations.
const SCRIPT: &str = "\
import os, sys, time
x, n = float(sys.argv[1]), int(sys.argv[2])
job = os.environ['SURMISE_TRIAL'] + '-' + os.environ['SURMISE_ATTEMPT']
open(f'effects/{job}.{os.getpid()}', 'w').close()
for epoch in (1, 2):
    time.sleep(0.02)
    print(f'epoch: {epoch} loss: {x + n / epoch}', flush=True)
sys.exit(1 if n % 7 == 0 else 0)
";

fn prepare(name: &str) -> Folder {
    let folder = Folder::new(name);
    fs::create_dir(folder.file("effects")).unwrap();
    fs::write(folder.file("job.py"), SCRIPT).unwrap();
    folder
}

fn start(folder: &Folder) -> Child {
    let script = folder.file("job.py");
    let line = [
        "tune",
        "--set",
        "x=0.0..1.0",
        "--set",
        "n=1..50",
        "--minimize",
        "loss",
        "--jobs",
        "12",
        "--parallel",
        "3",
        "--fixed-lag",
        "--",
        "python3",
        script.to_str().unwrap(),
        "{x}",
        "{n}",
    ];
    folder.surmise(&line).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

fn line_count(folder: &Folder) -> usize {
    let text = fs::read(folder.file("job.surmise")).unwrap_or_default();
    text.iter().filter(|byte| **byte == b'\n').count()
}

/// Returns whether a job of this folder is running.
fn has_running_job(folder: &Folder) -> bool {
    let script = folder.file("job.py");
    let script = script.to_str().unwrap().as_bytes();
    fs::read_dir("/proc").unwrap().flatten().any(|process| {
        let arguments = fs::read(process.path().join("cmdline")).unwrap_or_default();
        arguments.windows(script.len()).any(|window| window == script)
    })
}

/// Returns the configurations and the values of all trials.
fn results(folder: &Folder) -> Vec<String> {
    let study = Journal::read(folder.file("job.surmise")).unwrap();
    let describe = |trial: &Trial| format!("{} {:?}", trial.configuration, trial.value());
    study.trials().iter().map(describe).collect()
}

/// Interrupts a tuning after some events, and returns the kind; `None` if it ended before.
fn interrupt(folder: &Folder, rng: &mut Rng) -> Option<&'static str> {
    let mut tuner = start(folder);
    let target = line_count(folder) + 3 + rng.index(9);
    let mut has_ended = false;
    wait_until(|| {
        has_ended = tuner.try_wait().unwrap().is_some();
        has_ended || line_count(folder) >= target
    });
    std::thread::sleep(Duration::from_micros(rng.index(20_000) as u64));
    let process = Pid::from_child(&tuner);
    let interrupts = rng.index(4);
    if interrupts == 0 {
        let _ = tuner.kill();
    }
    for _ in 0..interrupts {
        let _ = kill_process(process, Signal::INT);
        std::thread::sleep(Duration::from_millis(20));
    }
    let status = tuner.wait().unwrap();
    match status.code() {
        Some(0) => None,
        Some(4) if interrupts == 1 => Some("drained"),
        Some(4) => Some("cancelled"),
        // The third interrupt has its default effect.
        None if interrupts == 3 => Some("exited"),
        None if interrupts == 0 => Some("killed"),
        _ => panic!("{status} after {interrupts} interrupts"),
    }
}

#[allow(clippy::disallowed_methods, reason = "the environment sets the number of interruptions")]
#[allow(clippy::print_stdout, reason = "prints how the tunings were interrupted")]
#[test]
fn an_interrupted_tuning_resumes_with_the_same_results() {
    let interruptions: usize =
        std::env::var("SURMISE_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(8);
    let uninterrupted = prepare("uninterrupted");
    assert!(start(&uninterrupted).wait().unwrap().success());
    let expected = results(&uninterrupted);
    assert_eq!(expected.len(), 12);
    let mut rng = Rng::stream(2, 1);
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let mut tunings = 0;
    while counts.values().sum::<usize>() < interruptions {
        tunings += 1;
        assert!(tunings < 100, "the tunings end before they are interrupted");
        let folder = prepare(&format!("interrupted-{tunings}"));
        for _ in 0..5 {
            let Some(kind) = interrupt(&folder, &mut rng) else { break };
            *counts.entry(kind).or_default() += 1;
            wait_until(|| !has_running_job(&folder));
        }
        assert!(start(&folder).wait().unwrap().success());
        assert_eq!(results(&folder), expected);
        wait_until(|| !has_running_job(&folder));
        let mut effects: BTreeMap<String, usize> = BTreeMap::new();
        for entry in fs::read_dir(folder.file("effects")).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            *effects.entry(name.split_once('.').unwrap().0.to_owned()).or_default() += 1;
        }
        assert!(effects.values().all(|count| *count == 1), "{effects:?}");
        let study = Journal::read(folder.file("job.surmise")).unwrap();
        for trial in study.trials() {
            let last = format!("{}-{}", trial.id, trial.attempt());
            assert!(effects.contains_key(&last), "{last}: {effects:?}");
        }
    }
    println!("{tunings} tunings were interrupted: {counts:?}");
}
