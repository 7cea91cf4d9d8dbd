//! Comparisons of several studies.

use crate::studies::{continuous_space, float, random_study, sobol_study};
use surmise::{Objective, Study};
use surmise_report::Comparison;

fn study(seed: u64, count: usize) -> Study {
    random_study(continuous_space(&["x"], 0.0, 1.0), count, seed, |c| (float(c, "x") - 0.5).abs())
}

fn named<'a>(studies: &[(&str, &'a Study)]) -> Vec<(String, &'a Study)> {
    studies.iter().map(|(name, study)| ((*name).to_owned(), *study)).collect()
}

#[test]
fn studies_are_compared_after_equal_numbers_of_trials() {
    let (a, b, wider) = (
        study(1, 20),
        study(2, 40),
        sobol_study(continuous_space(&["x"], 0.0, 2.0), Objective::minimize("loss"), 30, 3, |_| {
            0.7
        }),
    );
    let comparison =
        Comparison::new(named(&[("a", &a), ("b <i>", &b), ("wider", &wider)])).unwrap();
    let summaries = comparison.study_summaries();
    let best = |study: &Study, count: usize| {
        study.trials()[..count].iter().filter_map(surmise::Trial::value).min_by(f64::total_cmp)
    };
    assert_eq!(summaries[1].best_after, [best(&b, 5), best(&b, 10), best(&b, 20)]);
    assert_eq!((summaries[1].best, summaries[1].trials), (best(&b, 40), 40));
    assert_eq!((summaries[0].strategy.as_str(), summaries[0].seed), ("random", 1));
    assert_eq!(comparison.differing_ranges(), ["x"]);
    let page = comparison.html("a, b");
    assert!(page.contains("b &lt;i&gt;") && !page.contains("<i>"));
    assert!(page.contains("The search spaces differ in x; the values"));
    assert_eq!((page.matches("<svg").count(), page.matches("NaN").count()), (2, 0));
}

#[test]
fn studies_with_another_goal_are_rejected_and_empty_ones_accepted() {
    let (a, empty) = (study(1, 5), study(1, 0));
    let maximized =
        sobol_study(continuous_space(&["x"], 0.0, 1.0), Objective::maximize("loss"), 5, 1, |_| 1.0);
    assert!(Comparison::new(named(&[("a", &a), ("maximized", &maximized)])).is_none());
    assert!(Comparison::new(Vec::new()).is_none());
    let comparison = Comparison::new(named(&[("a", &a), ("empty", &empty)])).unwrap();
    let summaries = comparison.study_summaries();
    assert_eq!((summaries[1].best, summaries[1].best_after), (None, [None; 3]));
    assert_eq!(
        summaries[0].best_after[2], summaries[0].best,
        "the empty study is not the shortest one"
    );
    assert!(comparison.html("both").contains("a has the best value, "));
    let comparison = Comparison::new(named(&[("empty", &empty)])).unwrap();
    assert_eq!(comparison.html("none").matches("<svg").count(), 2);
}
