//! `surmise tune` that is killed or interrupted at any moment, again and again, with Python jobs.
//!
//! `SURMISE_KILLS=30 cargo test -p surmise-cli --test suite interrupted -- --nocapture` does so more often, and says how.

use std::collections::BTreeMap;
use std::fs;
use std::process::{Child, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use surmise::Trial;
use surmise::journal::Journal;
use surmise::rng::Rng;

use crate::folder::Folder;
use crate::soon;

/// Leaves a file for each run, reports twice, and fails for some configurations.
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

fn tuning(name: &str) -> Folder {
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

fn lines(folder: &Folder) -> usize {
    let text = fs::read(folder.file("job.surmise")).unwrap_or_default();
    text.iter().filter(|byte| **byte == b'\n').count()
}

/// Whether a job of this folder runs.
fn runs(folder: &Folder) -> bool {
    let script = folder.file("job.py");
    let script = script.to_str().unwrap().as_bytes();
    fs::read_dir("/proc").unwrap().flatten().any(|process| {
        let arguments = fs::read(process.path().join("cmdline")).unwrap_or_default();
        arguments.windows(script.len()).any(|window| window == script)
    })
}

fn trajectory(folder: &Folder) -> Vec<String> {
    let study = Journal::read(folder.file("job.surmise")).unwrap();
    let told = |trial: &Trial| format!("{} {:?}", trial.configuration, trial.value());
    study.trials().iter().map(told).collect()
}

/// Ends a tuner in some way after some events; how, or nothing if it was over before.
fn disturb(folder: &Folder, rng: &mut Rng) -> Option<&'static str> {
    let mut tuner = start(folder);
    let target = lines(folder) + 3 + rng.index(9);
    let mut is_over = false;
    soon(|| {
        is_over = tuner.try_wait().unwrap().is_some();
        is_over || lines(folder) >= target
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
        // The third interrupt ends the process as by default.
        None if interrupts == 3 => Some("left"),
        None if interrupts == 0 => Some("killed"),
        _ => panic!("{status} after {interrupts} interrupts"),
    }
}

#[allow(clippy::disallowed_methods, reason = "the number of kills is set from outside")]
#[allow(clippy::print_stdout, reason = "what it has tried is for them")]
#[test]
fn a_tuning_that_is_ended_in_any_way_goes_on_as_if_nothing_had_happened() {
    let wanted: usize =
        std::env::var("SURMISE_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(8);
    let undisturbed = tuning("undisturbed");
    assert!(start(&undisturbed).wait().unwrap().success());
    let expected = trajectory(&undisturbed);
    assert_eq!(expected.len(), 12);
    let mut rng = Rng::stream(2, 1);
    let mut how: BTreeMap<&str, usize> = BTreeMap::new();
    let mut tunings = 0;
    while how.values().sum::<usize>() < wanted {
        tunings += 1;
        assert!(tunings < 100, "tunings end before they are disturbed");
        let folder = tuning(&format!("disturbed-{tunings}"));
        for _ in 0..5 {
            let Some(way) = disturb(&folder, &mut rng) else { break };
            *how.entry(way).or_default() += 1;
            soon(|| !runs(&folder));
        }
        assert!(start(&folder).wait().unwrap().success());
        assert_eq!(trajectory(&folder), expected);
        soon(|| !runs(&folder));
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
    println!("{tunings} tunings were ended: {how:?}");
}
