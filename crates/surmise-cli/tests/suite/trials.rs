//! Tests of `surmise show`, `surmise export` and `surmise import`.

use std::fs;

use crate::temporary_folder::Folder;
use crate::tune::{folder, line};

#[test]
fn trials_are_shown_sorted_and_filtered() {
    let folder = folder("shown");
    folder.ok(&line(&["--quiet", "--minimize", "loss", "--jobs", "9"], &[]));
    let values = |options: &[&str]| -> Vec<f64> {
        let json = folder.ok(&[&["show", "job", "--json"], options].concat());
        let trials: Vec<serde_json::Value> = serde_json::from_str(&json).unwrap();
        trials.iter().map(|trial| trial["value"].as_f64().unwrap_or(f64::INFINITY)).collect()
    };
    let sorted = values(&["--sort", "value"]);
    assert!(sorted.is_sorted() && sorted.len() == 9, "{sorted:?}");
    assert!(values(&["--failed"]).iter().all(|value| value.is_infinite()));
    assert_eq!(folder.run(&["show", "job", "--sort", "none"]).0, 2);
    folder.ok(&["show", "job", "--sort", "n"]);
    let csv = folder.ok(&["show", "job", "--csv"]);
    assert!(csv.starts_with("trial,state,loss,begun,ended,failure,lr,n,opt\n"), "{csv}");
    let why = folder.ok(&["why", "job", "1"]);
    assert!(why.contains("trial 1 was proposed") && why.contains("it completed after"), "{why}");
    let logs = folder.ok(&["logs", "job", "1"]);
    assert!(logs.starts_with("epoch: 1 loss: 100\n"), "{logs}");
    assert_eq!(folder.run(&["why", "job", "10"]).0, 2);
    assert_eq!(folder.run(&["logs", "job", "1", "--attempt", "2"]).0, 1);
    let env = folder.ok(&["best", "job", "--env"]);
    assert!(env.contains("export HP_LR=") && env.contains("export HP_OPT=good\n"), "{env}");
}

#[test]
fn a_study_is_transferred_by_csv_and_by_optunas_journal() {
    let folder = folder("moves");
    folder.ok(&line(&["--quiet", "--minimize", "loss", "--jobs", "8"], &[]));
    let results = |name: &str| {
        let trials: Vec<serde_json::Value> =
            serde_json::from_str(&folder.ok(&["show", name, "--json"])).unwrap();
        let result =
            |trial: &serde_json::Value| (trial["configuration"].clone(), trial["value"].clone());
        trials.iter().map(result).collect::<Vec<_>>()
    };
    folder.ok(&["export", "job", "--csv", "-o", "job.csv"]);
    let ranges = [
        "--set",
        "lr=0.01..1 log",
        "--set",
        "n=1..6",
        "--set",
        "opt=good|bad",
        "--minimize",
        "loss",
    ];
    folder.ok(&[&["import", "csv", "job.csv"], &ranges[..]].concat());
    assert_eq!(results("csv"), results("job"));
    folder.ok(&["export", "job", "--optuna-journal", "-o", "job.log"]);
    folder.ok(&["import", "optuna", "job.log", "--optuna-journal"]);
    assert_eq!(results("optuna"), results("job"));
    // Results in the study are not imported again, and invalid rows are printed.
    let output = folder.ok(&["import", "csv", "job.csv"]);
    assert!(
        output.contains("0 results imported into csv.surmise; 8 were already in it"),
        "{output}"
    );
    assert_eq!(results("csv"), results("job"));
    fs::write(folder.file("odd.csv"), "lr,n,opt,loss\n0.5,2,good,0.75\n9,2,good,1\n0.5,2,bad,\n")
        .unwrap();
    let output = folder.ok(&["import", "csv", "odd.csv"]);
    assert!(output.contains("2 results imported") && output.contains("skipped: row 2"), "{output}");
    fs::write(folder.file("odd.csv"), "lr,n,loss\n0.5,x,0.75\n").unwrap();
    let (status, _, errors) = folder.run(&["import", "csv", "odd.csv"]);
    assert!(status == 2 && errors.contains("no column opt"), "{errors}");
    assert!(
        folder
            .ok(&["export", "job", "--sagemaker-analytics"])
            .starts_with("lr,n,opt,TrainingJobName,TrainingJobStatus,FinalObjectiveValue,")
    );
}

#[test]
fn an_export_with_all_states_is_imported() {
    let folder = Folder::new("states");
    let rows = "x,state,loss,failure\n0.8,failed,0.001,oom\n0.81,running,,\n0.82,completed,0.5,\n\
                0.83,stopped,,\n";
    fs::write(folder.file("known.csv"), rows).unwrap();
    let output =
        folder.ok(&["import", "s", "known.csv", "--set", "x=0.0..1.0", "--minimize", "loss"]);
    assert!(
        output.contains("skipped: row 2: the trial is running")
            && output.contains("2 results imported"),
        "{output}"
    );
    let shown = folder.ok(&["show", "s", "--json"]);
    assert!(shown.contains("oom") && folder.ok(&["best", "s"]).contains("loss 0.5"), "{shown}");
}
