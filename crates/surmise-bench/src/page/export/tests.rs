use std::fs;

use super::*;
use crate::comparison::Comparison;
use crate::measures::tests::run;
use crate::run::Run;
use surmise::drawing::{Anchor, Svg};

fn comparison() -> Comparison {
    let better = run(&[Some(9.0), Some(5.0), Some(3.0), Some(2.0), Some(2.0)]);
    let worse = run(&[None, Some(9.0), Some(8.0), Some(7.0), Some(7.0)]);
    let named = |strategy: &str, run: &Run, seed| Run {
        strategy: strategy.to_owned(),
        seed,
        ..run.clone()
    };
    let runs =
        (1..=3).flat_map(|seed| [named("a_b & <c>", &better, seed), named("d", &worse, seed)]);
    Comparison::new(runs)
}

#[test]
fn an_export_has_figures_tables_and_data() {
    let directory = std::env::temp_dir().join(format!("surmise-export-{}", std::process::id()));
    export(&directory, &comparison()).unwrap();
    let read = |name: &str| fs::read_to_string(directory.join(name)).unwrap();
    let figures: Vec<String> = fs::read_dir(directory.join("figures"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(figures.len() >= 12 && figures.iter().filter(|f| f.ends_with(".pdf")).count() >= 6);
    for figure in figures.iter().filter(|figure| figure.ends_with(".pdf")) {
        let bytes = fs::read(directory.join("figures").join(figure)).unwrap();
        assert!(bytes.starts_with(b"%PDF-1") && bytes.ends_with(b"%%EOF"), "{figure}");
    }
    let table = read("tables/relative-regret.tex");
    assert!(table.contains("a\\_b \\& \\textless{}c\\textgreater{} & "), "{table}");
    assert!(table.contains("\\toprule") && table.matches(" \\\\\n").count() == 3, "{table}");
    // IOHexperimenter's form: the first evaluation of d failed, and has its worst value.
    let data = read("ioh/2-d/data_f1_line/IOHprofiler_f1_DIM1.dat");
    let lines: Vec<&str> = data.lines().collect();
    assert_eq!(lines[..6], ["evaluations raw_y", "1 8.0", "2 8.0", "3 7.0", "4 6.0", "5 6.0"]);
    assert_eq!(lines.len(), 3 * 6);
    let function: serde_json::Value =
        serde_json::from_str(&read("ioh/2-d/IOHprofiler_f1_line.json")).unwrap();
    assert_eq!(function["scenarios"][0]["runs"][0]["best"]["evals"], 4);
    assert_eq!(function["scenarios"][0]["runs"][0]["best"]["y"], 6.0);
    assert_eq!(read("trajectories.csv").lines().count(), 1 + 2 * 3 * 5);
    fs::remove_dir_all(&directory).unwrap();
}

#[test]
fn a_picture_is_converted_or_refused() {
    let mut svg = Svg::new(100.0, 50.0);
    svg.text((50.0, 10.0), Anchor::Middle, 12.0, "1 – 2 (µ)");
    svg.vertical_text((5.0, 20.0), 10.0, "up");
    svg.curve(&[(0.0, 0.0), (10.0, 20.0)], 1);
    svg.area(&[(0.0, 0.0), (10.0, 20.0), (3.0, 4.0)], 2);
    svg.rectangle((1.0, 2.0), (3.0, 4.0), "rgb(1,2,3)");
    let bytes = pdf::from_svg(&svg.finish("a picture")).unwrap();
    let text = String::from_utf8_lossy(&bytes);
    assert!(text.contains("/MediaBox [0 0 100 50]") && text.contains("/Helvetica"), "{text}");
    assert!(text.contains("<312096203220"), "the dash is 0x96 of the encoding: {text}");
    assert!(text.contains("[7 3] 0 d"), "the dashes of the second series");
    let error = pdf::from_svg("<svg width=\"1\" height=\"1\"><path/></svg>").unwrap_err();
    assert!(error.contains("path"), "{error}");
    assert!(pdf::from_svg("<svg").is_err());
}
