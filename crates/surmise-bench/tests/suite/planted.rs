//! Planted cases: runs whose truth is known, and what the report says of them.

use surmise::rng::Rng;
use surmise::space::Configuration;
use surmise_bench::statistics::{Verdict, mean};
use surmise_bench::{
    Comparison, ComparisonOptions, Pairs, PairwiseComparison, Parallelism, Provenance, RandomMeans,
    Run, RunGroup, RunTrial, page,
};

const BUDGET: usize = 12;

/// Returns a run whose best value is `regret` from the first evaluation on; random search's mean
/// regret is 1 at any time.
fn run(strategy: &str, problem: usize, seed: u64, regret: f64) -> Run {
    let means: RandomMeans =
        serde_json::from_value(serde_json::json!({ "mean": vec![1.0; 18] })).unwrap();
    let trial = |index: usize| RunTrial {
        configuration: Configuration::from([("x", (index as f64).into())]),
        value: Some(regret),
        noiseless: Some(regret),
        start: index as f64,
        end: Some(index as f64 + 1.0),
    };
    Run {
        surmise: "0".to_owned(),
        suite: 2,
        problem: format!("p{problem}"),
        instance: 0,
        data_hash: None,
        strategy: strategy.to_owned(),
        settings: "0".to_owned(),
        seed,
        attempt: 1,
        parallelism: Parallelism::Sequential,
        budget: BUDGET,
        charged_proposals: false,
        has_own_durations: false,
        noisy: false,
        held_out_since: None,
        optimum: Some(0.0),
        random_means: Some(means),
        trials: (0..BUDGET).map(trial).collect(),
        recommended: Vec::new(),
        duplicates: 0,
        violations: 0,
        error: None,
        ask_seconds: Vec::new(),
        provenance: Provenance::default(),
    }
}

/// Returns runs of two strategies on problems and seeds; `regret` has the strategy (0 or 1), the
/// problem and the seed.
fn two(problems: usize, seeds: u64, regret: impl Fn(usize, usize, u64) -> f64) -> Vec<Run> {
    let mut runs = Vec::new();
    for problem in 0..problems {
        for seed in 1..=seeds {
            runs.push(run("a", problem, seed, regret(0, problem, seed)));
            runs.push(run("b", problem, seed, regret(1, problem, seed)));
        }
    }
    runs
}

/// A random factor around 1, different for each strategy, problem and seed.
fn factor(strategy: usize, problem: usize, seed: u64, width: f64) -> f64 {
    let mut rng = Rng::stream(seed, (10 * problem + strategy) as u64);
    (width * rng.normal()).exp()
}

fn count(comparison: &Comparison, verdict: Verdict) -> usize {
    comparison.pairwise_comparisons().iter().filter(|pair| pair.verdict == verdict).count()
}

#[test]
fn two_equal_strategies_are_equivalent() {
    let runs = two(6, 20, |strategy, problem, seed| 0.3 * factor(strategy, problem, seed, 0.05));
    let comparison = Comparison::new(runs);
    assert_eq!(count(&comparison, Verdict::Equivalent), 6 * 4);
    let [.., ratio] = comparison.relative_regret(0);
    assert!(ratio.low < 0.31 && ratio.high > 0.29, "{ratio:?}");
    // With as many seeds and as much noise as real runs have, nothing is decided.
    let runs = two(6, 20, |strategy, problem, seed| 0.3 * factor(strategy, problem, seed, 0.8));
    let noisy = Comparison::new(runs);
    assert_eq!(count(&noisy, Verdict::Better) + count(&noisy, Verdict::Worse), 0);
    assert!(count(&noisy, Verdict::Undecided) > 20);
}

/// In 18 of 20 runs both are the same up to 2 %, in two runs the first one is 30 times worse.
#[test]
fn a_strategy_that_fails_in_two_of_twenty_runs_is_not_equivalent() {
    let regret = |strategy: usize, problem: usize, seed: u64| {
        let fails = strategy == 0 && seed > 18;
        0.02 * factor(strategy, problem, seed, 0.02) * if fails { 30.0 } else { 1.0 }
    };
    let comparison = Comparison::new(two(1, 20, regret));
    assert_eq!(count(&comparison, Verdict::Equivalent), 0);
    assert_eq!(count(&comparison, Verdict::Undecided), 4);
    // The mean score shows the failures, which the mean of logarithms hardly does.
    let case = &comparison.cases()[0];
    let score = |index: usize| mean(&case.by_strategy[index].as_ref().unwrap().scores().unwrap());
    assert!(score(0) > 3.0 * score(1), "{} {}", score(0), score(1));
    let summary = page::summary("Planted", &comparison);
    assert!(summary.contains("0 / 0 / 0 / 1"), "{summary}");
}

/// The second strategy has half of the seeds, which are the easy ones.
#[test]
fn unequal_seeds_are_compared_on_the_shared_ones() {
    let regret = |seed: u64| if seed > 10 { 0.9 } else { 0.1 };
    let mut runs = two(3, 20, |_, _, seed| regret(seed));
    runs.retain(|run| run.strategy == "a" || run.seed <= 10);
    let comparison = Comparison::new(runs);
    let figures = [0, 1].map(|strategy| comparison.relative_regret(strategy)[3].estimate);
    assert!((figures[0] - 0.1).abs() < 1e-12 && (figures[1] - 0.1).abs() < 1e-12, "{figures:?}");
    assert!(comparison.pairwise_comparisons().iter().all(|pair| pair.pairs == 10));
    assert_eq!(comparison.common_runs_of(0).count(), 3 * 10);
    // The tables case by case, too.
    let shared = comparison.cases()[0].on_shared_seeds();
    let scores = |index: usize| shared.by_strategy[index].as_ref().unwrap().scores().unwrap();
    assert_eq!((scores(0), scores(0).len()), (scores(1), 10));
    let summary = page::summary("Planted", &comparison);
    let rows = summary.lines().filter(|line| line.starts_with("| p0/0 |"));
    for row in rows.filter(|row| row.matches('|').count() == 5) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        assert_eq!(cells[3], cells[4], "{row}");
    }
}

/// A run that occurs twice would count twice.
#[test]
fn a_second_copy_of_a_run_is_refused() {
    let runs = two(2, 3, |strategy, problem, seed| factor(strategy, problem, seed, 0.4));
    let mut doubled = runs.clone();
    doubled.push(Run { ask_seconds: vec![9.0], ..runs[0].clone() });
    let group = RunGroup { name: None, runs: doubled };
    let error = Comparison::of_groups(vec![group], ComparisonOptions::default()).unwrap_err();
    assert!(error.to_string().contains("each run occurs once"), "{error}");
    // An attempt that was made again is no copy.
    let mut again = runs;
    let error = Some("it crashed".to_owned());
    again.push(Run { attempt: 2, ..again[0].clone() });
    again[0].error = error;
    let group = RunGroup { name: None, runs: again };
    let comparison = Comparison::of_groups(vec![group], ComparisonOptions::default()).unwrap();
    assert_eq!(comparison.failed_attempts(0), 1);
}

/// The table and the picture have one estimator: the problems' means count equally, however many
/// cases they have.
#[test]
fn the_log_area_is_a_mean_over_problems() {
    let mut runs = two(2, 4, |strategy, problem, _| [[0.1, 0.1], [0.02, 0.9]][strategy][problem]);
    let instances: Vec<Run> = runs
        .iter()
        .filter(|run| run.problem == "p0")
        .flat_map(|run| (1..4).map(|instance| Run { instance, ..run.clone() }))
        .collect();
    runs.extend(instances);
    let summary = page::summary("Planted", &Comparison::new(runs));
    let row = summary.lines().find(|line| line.starts_with("| b |")).unwrap();
    let area = row.split('|').nth(7).unwrap().trim();
    let want = (0.02_f64.log10() + 0.9_f64.log10()) / 2.0;
    let got: f64 = area.split(' ').next().unwrap().parse().unwrap();
    assert!((got - want).abs() < 0.01, "{row}");
}

/// A verdict on a pair does not depend on who else takes part.
#[test]
fn the_correction_covers_one_pair() {
    let regret = |strategy: usize, problem: usize, seed: u64| {
        let level = if strategy == 0 { 0.1 } else { 0.2 };
        level * factor(strategy, problem, seed, 0.4)
    };
    let runs = two(5, 20, regret);
    let alone = Comparison::new(runs.clone());
    let mut crowd = runs;
    for other in 0..8 {
        for problem in 0..5 {
            for seed in 1..=20 {
                let regret = 0.2 * factor(other + 2, problem, seed, 0.4);
                crowd.push(run(&format!("other{other}"), problem, seed, regret));
            }
        }
    }
    let crowd = Comparison::new(crowd);
    let of_pair = |comparison: &Comparison| -> Vec<(Verdict, u64)> {
        let pairs = comparison.pairwise_comparisons().iter();
        let pair = pairs.filter(|pair| (pair.first, pair.second) == (0, 1));
        pair.map(|pair| (pair.verdict, pair.p_value.to_bits())).collect()
    };
    assert_eq!(of_pair(&alone), of_pair(&crowd));
    assert!(of_pair(&alone).iter().all(|(verdict, _)| *verdict == Verdict::Better));
}

/// Two pairs of strategies that make the same runs on some cases are tested on the other ones only.
#[test]
fn identical_cells_are_no_tests() {
    let regret = |strategy: usize, problem: usize, seed: u64| {
        let own = if problem == 0 { strategy } else { 0 };
        0.2 * factor(own, problem, seed, 0.4)
    };
    let comparison = Comparison::new(two(5, 20, regret));
    assert!(comparison.pairwise_comparisons().iter().all(|pair| pair.tests == 4));
    assert_eq!(count(&comparison, Verdict::Equivalent), 4 * 4, "the identical ones");
}

#[test]
fn fewer_seeds_than_can_decide_are_announced() {
    let regret = |strategy: usize, problem: usize, seed: u64| {
        let level = if strategy == 0 { 0.02 } else { 0.5 };
        level * factor(strategy, problem, seed, 0.1)
    };
    let few = Comparison::new(two(8, 5, regret));
    assert_eq!(count(&few, Verdict::Undecided), 8 * 4);
    assert!(few.pairwise_comparisons().iter().all(PairwiseComparison::is_undecidable));
    let summary = page::summary("Few", &few);
    // 32 tests need a p-value of 0.05 ⁄ 32, which is above 2^(1 − n) from n = 11 on.
    assert!(
        summary.contains("With 5 seeds and 32 tests no difference can be significant")
            && summary.contains("it takes at least 11 seeds."),
        "{summary}"
    );
    // Over problems, the difference is significant all the same.
    assert!(summary.contains("p = 0.031"), "four shares, Holm: 4 × 2^(1 − 8): {summary}");
    let many = page::summary("Many", &Comparison::new(two(8, 20, regret)));
    assert!(!many.contains("no difference can be significant"), "{many}");
}

/// The first strategy is twice as good on held-out problems, and ten times on the other ones.
#[test]
fn held_out_cases_are_shown_apart() {
    let regret = |strategy: usize, problem: usize, _: u64| match (strategy, problem) {
        (0, 0..=2) => 0.02,
        (0, _) => 0.1,
        _ => 0.2,
    };
    let mut runs = two(6, 3, regret);
    for run in runs.iter_mut().filter(|run| ["p3", "p4", "p5"].contains(&run.problem.as_str())) {
        run.held_out_since = Some("2026-12-01".to_owned());
    }
    let summary = page::summary("Apart", &Comparison::new(runs));
    let section = |title: &str| {
        let start = summary.find(&format!("## {title}\n")).unwrap();
        let end = summary[start + 3..].find("## ").unwrap();
        summary[start..start + 3 + end].to_owned()
    };
    let held_out = section("Ratios, held out since 2026-12-01");
    assert!(held_out.contains("a against b | 0.50 [0.50, 0.50]"), "{held_out}");
    let development = section("Ratios, cases of development");
    assert!(development.contains("a against b | 0.10 [0.10, 0.10]"), "{development}");
    let first = summary.find("held out since").unwrap();
    assert!(first < summary.find("cases of development").unwrap(), "held out first");
}

fn one_group(runs: Vec<Run>) -> Vec<RunGroup> {
    vec![RunGroup { name: None, runs }]
}

#[test]
fn a_control_and_groups_choose_the_pairs() {
    let runs = || two(2, 6, |strategy, _, _| [0.1, 0.2][strategy]);
    let options = |pairs| ComparisonOptions { pairs, ..ComparisonOptions::default() };
    let three = || {
        let mut runs = runs();
        runs.extend((1..=6).map(|seed| run("c", 0, seed, 0.3)));
        runs
    };
    let control = options(Pairs::Control("b".to_owned()));
    let comparison = Comparison::of_groups(one_group(three()), control).unwrap();
    let named: Vec<(&str, &str)> = comparison
        .pairs()
        .into_iter()
        .map(|(a, b)| (comparison.strategies()[a].as_str(), comparison.strategies()[b].as_str()))
        .collect();
    assert_eq!(named, [("a", "b"), ("c", "b")], "the control comes second");
    let unknown = options(Pairs::Control("z".to_owned()));
    let error = Comparison::of_groups(one_group(three()), unknown).unwrap_err().to_string();
    assert!(error.contains("a, b, c"), "{error}");

    let named = |name: &str| RunGroup { name: Some(name.to_owned()), runs: runs() };
    let groups = vec![named("old"), named("new")];
    let comparison = Comparison::of_groups(groups, options(Pairs::SameName)).unwrap();
    assert_eq!(comparison.strategies(), ["a of old", "b of old", "a of new", "b of new"]);
    let mut pairs = comparison.pairs();
    pairs.sort_unstable();
    assert_eq!(pairs, [(0, 2), (1, 3)]);

    let floor = ComparisonOptions { floor: 0.0, ..ComparisonOptions::default() };
    assert!(Comparison::of_groups(one_group(runs()), floor).is_err());
    let floor = ComparisonOptions { floor: 0.15, ..ComparisonOptions::default() };
    let comparison = Comparison::of_groups(one_group(runs()), floor).unwrap();
    assert!((comparison.relative_regret(0)[3].estimate - 0.15).abs() < 1e-12, "the floor");
}
