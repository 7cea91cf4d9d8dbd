//! The page and the files of a comparison.

use crate::common::{Folder, bayesian, random, run_all, run_of, small_suite};
use std::collections::HashSet;
use std::fs;
use std::ops::ControlFlow;

use surmise_bench::{Comparison, Contender, Experiment, Parallelism, Run, page};

/// The page refers to no other file and shows no invalid number, and the CSV files are complete.
#[test]
fn the_report_is_self_contained() {
    let folder = Folder::new("report");
    let hostile = Contender::external("<odd> & \"quoted\"", "exit 1");
    let experiment =
        Experiment::new(small_suite(), [bayesian(), random(), hostile]).unwrap().with_seeds(6);
    let mut runs = Vec::new();
    experiment.run(&HashSet::new(), |run| {
        runs.push(run);
        ControlFlow::Continue(())
    });
    let mut batches = run_all(&experiment.with_parallelism(Parallelism::Batches(4)));
    runs.append(&mut batches);
    runs.sort_by_key(Run::key);
    let comparison = Comparison::new(runs);
    assert_eq!(comparison.strategies().len(), 6);
    page::write(&folder.0, "A test", &comparison).unwrap();
    let read = |name: &str| fs::read_to_string(folder.0.join(name)).unwrap();

    let page = read("report.html");
    assert_eq!(page.matches("<svg").count(), 7);
    let links = page.replace("http://www.w3.org/2000/svg", "");
    for reference in ["http:", "https:", "<script", "<link", "url("] {
        assert!(!links.contains(reference), "{reference}");
    }
    assert!(page.contains("&lt;odd&gt; &amp; &quot;quoted&quot;") && !page.contains("<odd>"));
    for invalid in ["NaN", ">inf<", "inf,", ",inf", " inf "] {
        assert!(!page.contains(invalid), "{invalid} is shown as a number");
    }
    let texts = page.matches("<text").count();
    assert_eq!(texts, page.matches("</text>").count());

    let summary = read("summary.md");
    assert!(summary.contains("## Verdicts") && summary.contains("Holm"));
    let csv = read("trajectories.csv");
    // Commas outside of quotes.
    let columns = |line: &str| {
        let unquoted = line.split('"').step_by(2);
        1 + unquoted.map(|part| part.matches(',').count()).sum::<usize>()
    };
    assert!(csv.lines().all(|line| columns(line) == 12), "each row has 12 fields");
    // 4 contenders without errors, 2 cases, 6 seeds, 14 evaluations.
    assert_eq!(csv.lines().count(), 1 + 4 * 2 * 6 * 14);
    let verdicts = read("verdicts.csv");
    assert!(verdicts.contains("\"<odd> & \"\"quoted\"\", batches of 4\""), "quotes are doubled");
    assert_eq!(verdicts.lines().count(), 1 + 15 * 2 * 4);
}

#[test]
fn a_report_of_few_or_no_runs_is_valid() {
    for runs in [Vec::new(), vec![run_of(random())]] {
        let comparison = Comparison::new(runs);
        let page = page::page("Little", &comparison);
        assert!(page.ends_with("</html>\n"));
        assert!(page::summary("Little", &comparison).starts_with("# Little"));
    }
}
