//! Several studies side by side.

use crate::example::{float, numbers, told, told_at_random};
use surmise::{Objective, Study};
use surmise_report::Comparison;

fn study(seed: u64, count: usize) -> Study {
    told_at_random(numbers(&["x"], 0.0, 1.0), count, seed, |c| (float(c, "x") - 0.5).abs())
}

fn named<'a>(studies: &[(&str, &'a Study)]) -> Vec<(String, &'a Study)> {
    studies.iter().map(|(name, study)| ((*name).to_owned(), *study)).collect()
}

#[test]
fn studies_are_compared_after_the_same_numbers_of_trials() {
    let (a, b, wider) = (
        study(1, 20),
        study(2, 40),
        told(numbers(&["x"], 0.0, 2.0), Objective::minimize("loss"), 30, 3, |_| 0.7),
    );
    let comparison = Comparison::of(named(&[("a", &a), ("b <i>", &b), ("wider", &wider)])).unwrap();
    let compared = comparison.compared();
    let least = |study: &Study, count: usize| {
        study.trials()[..count].iter().filter_map(surmise::Trial::value).min_by(f64::total_cmp)
    };
    assert_eq!(compared[1].best_after, [least(&b, 5), least(&b, 10), least(&b, 20)]);
    assert_eq!((compared[1].best, compared[1].trials), (least(&b, 40), 40));
    assert_eq!((compared[0].strategy.as_str(), compared[0].seed), ("random", 1));
    assert_eq!(comparison.differing_ranges(), ["x"]);
    let page = comparison.html("a, b");
    assert!(page.contains("b &lt;i&gt;") && !page.contains("<i>"));
    assert!(page.contains("The search spaces differ in x: their"));
    assert_eq!((page.matches("<svg").count(), page.matches("NaN").count()), (2, 0));
}

#[test]
fn other_metrics_are_not_compared_and_empty_studies_are() {
    let (a, empty) = (study(1, 5), study(1, 0));
    let other = told(numbers(&["x"], 0.0, 1.0), Objective::maximize("loss"), 5, 1, |_| 1.0);
    assert!(Comparison::of(named(&[("a", &a), ("other", &other)])).is_none());
    assert!(Comparison::of(Vec::new()).is_none());
    let comparison = Comparison::of(named(&[("a", &a), ("empty", &empty)])).unwrap();
    let compared = comparison.compared();
    assert_eq!((compared[1].best, compared[1].best_after), (None, [None; 3]));
    assert_eq!(compared[0].best_after[2], compared[0].best, "the empty one does not count");
    assert!(comparison.html("both").contains("is that of a, of 5 trials"));
    let comparison = Comparison::of(named(&[("empty", &empty)])).unwrap();
    assert_eq!(comparison.html("none").matches("<svg").count(), 2);
}
