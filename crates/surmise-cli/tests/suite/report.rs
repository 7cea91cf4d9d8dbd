//! `surmise report`, and `surmise show` with `--importance` and `--findings`.

use std::fs;

use crate::temporary_folder::Folder;

fn tune_function(folder: &Folder, function: &str, name: &str) {
    let journal = format!("{name}.surmise");
    folder.ok(&["tune", "--function", function, "--jobs", "15", "--journal", &journal, "--quiet"]);
}

#[test]
fn a_report_is_written_as_html_and_svg() {
    let folder = Folder::new("report");
    tune_function(&folder, "branin", "known");
    let output = folder.ok(&["report", "known", "--pictures", "pictures"]);
    assert_eq!(output, "known.html: open it in a browser.\n");
    let page = fs::read_to_string(folder.file("known.html")).unwrap();
    assert!(page.contains("<h1>known</h1>") && page.contains("hash of the space"));
    let picture = fs::read_to_string(folder.file("pictures/importance.svg")).unwrap();
    assert!(picture.starts_with("<svg") && page.contains(picture.trim_end()));
    assert!(fs::read_dir(folder.file("pictures")).unwrap().count() >= 7);
}

#[test]
fn studies_with_the_same_metric_are_compared() {
    let folder = Folder::new("compared");
    tune_function(&folder, "branin", "one");
    tune_function(&folder, "branin", "two");
    folder.ok(&["report", "one", "two", "-o", "both.html"]);
    let page = fs::read_to_string(folder.file("both.html")).unwrap();
    assert!(page.contains("2 studies of value; smaller is better."));
    let line = [
        "tune",
        "--set",
        "x=0..9",
        "--maximize",
        "score",
        "--jobs",
        "1",
        "--quiet",
        "--journal",
        "score.surmise",
        "--",
    ];
    folder.ok(&[&line[..], &["sh", "-c", "echo score: 1"]].concat());
    let (status, _, errors) = folder.run(&["report", "one", "score"]);
    assert_eq!(status, 1);
    assert!(errors.contains("different metrics"), "{errors}");
}

#[test]
fn importance_and_findings_are_printed_as_text_and_json() {
    let folder = Folder::new("learned");
    tune_function(&folder, "branin", "known");
    let importance = folder.ok(&["show", "known", "--importance"]);
    assert!(
        importance.starts_with("parameter ") && importance.contains("15 values"),
        "{importance}"
    );
    let json: serde_json::Value =
        serde_json::from_str(&folder.ok(&["show", "known", "--importance", "--json"])).unwrap();
    assert_eq!(json["parameters"].as_array().unwrap().len(), 2);
    let findings: serde_json::Value =
        serde_json::from_str(&folder.ok(&["show", "known", "--findings", "--json"])).unwrap();
    assert!(findings.is_array());
    assert_eq!(folder.run(&["show", "known", "--importance", "--failed"]).0, 2);
}

#[test]
fn errors_of_the_report_are_printed() {
    let folder = Folder::new("unreported");
    let (status, _, errors) = folder.run(&["report", "nothing"]);
    assert!(status == 3 && errors.contains("nothing.surmise"), "{status} {errors}");
    tune_function(&folder, "branin", "known");
    let before = fs::read(folder.file("known.surmise")).unwrap();
    let (status, _, errors) = folder.run(&["report", "known", "-o", "known.surmise"]);
    assert!(status == 2 && errors.contains("is a journal"), "{status} {errors}");
    assert!(
        fs::read(folder.file("known.surmise")).unwrap() == before,
        "the journal was overwritten"
    );
    let (status, _, errors) = folder.run(&["report", "known", "./known.surmise"]);
    assert!(status == 2 && errors.contains("named twice"), "{status} {errors}");
    fs::write(folder.file("file"), "").unwrap();
    let (status, _, errors) = folder.run(&["report", "known", "-o", "file/page.html"]);
    assert!(status == 1 && errors.contains("file cannot be written"), "{status} {errors}");
    let pictures = ["report", "known", "-o", "a.html", "--pictures", "file"];
    let (status, _, errors) = folder.run(&pictures);
    assert!(status == 1 && errors.contains("file cannot be written"), "{status} {errors}");
    assert!(!folder.file("a.html").exists());
    assert!(folder.ok(&["report", "known", "-o", "-"]).starts_with("<!DOCTYPE html>"));
    folder.ok(&["report", "known", "-o", "new/folder/page.html"]);
    assert!(folder.file("new/folder/page.html").exists());
    assert_eq!(folder.run(&["report"]).0, 2);
}
