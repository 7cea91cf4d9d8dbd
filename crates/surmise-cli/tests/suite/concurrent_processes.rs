//! Several processes that use one journal at the same time.

use std::collections::HashSet;
use std::thread;

use crate::temporary_folder::Folder;

const STUDY: [&str; 9] =
    ["ask", "s", "--set", "x=0.0..1.0", "--set", "n=1..9", "--minimize", "loss", "--strategy"];
const TRIALS: usize = 200;
const PARALLEL: usize = 4;

/// Eight workers share a limit of four trials: no trial is lost or started twice.
#[test]
fn eight_processes_share_one_study() {
    let folder = Folder::new("together");
    let limits = ["random", "--jobs", "200", "--parallel", "4", "--wait"];
    let work = || {
        let mut trials = Vec::new();
        loop {
            let (status, output, errors) = folder.run(&[&STUDY[..], &limits].concat());
            match status {
                0 => {}
                6 => return trials,
                _ => panic!("{status}: {output}{errors}"),
            }
            let asked: serde_json::Value = serde_json::from_str(&output).unwrap();
            let (trial, x) = (asked["trial"].to_string(), asked["configuration"]["x"].to_string());
            trials.push(asked["trial"].as_u64().unwrap());
            // Each worker tells every tenth result twice, as after a lost reply.
            for _ in 0..=usize::from(trials.len() % 10 == 0) {
                folder.ok(&["tell", "s", &trial, &x]);
            }
        }
    };
    let started: Vec<u64> = thread::scope(|scope| {
        let workers: Vec<_> = (0..8).map(|_| scope.spawn(work)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    assert_eq!(started.len(), TRIALS);
    assert_eq!(started.iter().collect::<HashSet<_>>().len(), TRIALS);
    let study = surmise::journal::Journal::read(folder.file("s.surmise")).unwrap();
    assert_eq!(study.trials().iter().filter(|trial| trial.value().is_some()).count(), TRIALS);
    let mut running = 0_usize;
    for event in study.events() {
        match event {
            surmise::study::Event::Asked { .. } => running += 1,
            surmise::study::Event::Told { .. } => running -= 1,
            _ => {}
        }
        assert!(running <= PARALLEL);
    }
}

#[test]
fn a_script_runs_trials_with_ask_and_tell() {
    let folder = Folder::new("ask");
    let first =
        [&STUDY[..], &["sobol", "--jobs", "3", "--parallel", "2", "--start-from", "x=0.5 n=3"]]
            .concat();
    let asked = folder.ok(&first);
    assert_eq!(asked, "{\"trial\":1,\"configuration\":{\"x\":0.5,\"n\":3}}\n");
    folder.ok(&["ask", "s"]);
    assert_eq!(folder.run(&["ask", "s"]).0, 5);
    folder.ok(&["tell", "s", "1", "--step", "1", "7.5"]);
    assert!(folder.ok(&["tell", "s", "1", "-2.5"]).contains("trial 1 is the best so far: -2.5"));
    folder.ok(&["tell", "s", "2", "--failed", "out of memory"]);
    let (status, _, errors) = folder.run(&["tell", "s", "1", "3"]);
    assert!(status == 1 && errors.contains("trial 1 has already ended"), "{errors}");
    assert_eq!(folder.run(&["tell", "s", "9", "3"]).0, 2);
    assert_eq!(folder.run(&["tell", "s", "1"]).0, 2);
    folder.ok(&["ask", "s"]);
    folder.ok(&["tell", "s", "3", "1"]);
    assert_eq!(folder.run(&["ask", "s"]).0, 6);
    // The options of another study are an error.
    let (status, _, errors) = folder.run(&[&STUDY[..], &["random"]].concat());
    assert!(status == 3 && errors.contains("strategy.name was"), "{errors}");
    assert_eq!(folder.run(&["ask", "t", "--set", "x=1..2 lgo", "--minimize", "loss"]).0, 2);
    assert_eq!(folder.run(&["ask", "t"]).0, 3);
}
