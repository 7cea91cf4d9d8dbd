use serde::Deserialize;

use super::*;

type Rows<T> = Vec<Vec<T>>;
/// Values by problem, case and seed.
type Problems = Vec<Rows<f64>>;

/// Numbers of scipy 1.17, which `tests/golden/statistics.py` makes.
#[derive(Deserialize)]
struct Golden {
    ranks: Vec<(Vec<f64>, Vec<f64>)>,
    two_sided: Vec<(Vec<f64>, f64)>,
    vargha_delaney: Vec<(Vec<f64>, Vec<f64>, f64)>,
    quantiles: Vec<(Vec<f64>, f64, f64)>,
    cliques: Vec<(Rows<f64>, Rows<usize>)>,
    mean_bands: Vec<(Vec<f64>, (f64, f64))>,
    median_bands: Vec<(Vec<f64>, (f64, f64))>,
    student: Vec<(Vec<f64>, f64, f64)>,
    bands_over_problems: Vec<(Problems, (f64, f64))>,
    equivalence: Vec<(Vec<f64>, f64, f64)>,
}

fn golden() -> Golden {
    serde_json::from_str(include_str!("../../tests/golden/statistics.json")).unwrap()
}

fn assert_close(got: f64, want: f64) {
    assert!((got - want).abs() < 1e-12, "{got} for {want}");
}

#[test]
fn ranks_agree_with_scipy() {
    let rows = golden().ranks;
    assert_eq!(rows.len(), 5);
    for (values, want) in rows {
        assert_eq!(ranks(&values), want);
    }
}

#[test]
fn the_two_sided_test_agrees_with_scipy() {
    let rows = golden().two_sided;
    assert_eq!(rows.len(), 3);
    for (differences, want) in rows {
        assert_close(wilcoxon_two_sided(&differences), want);
    }
    assert_close(wilcoxon_two_sided(&[]), 1.0);
}

#[test]
fn the_effect_size_agrees_with_scipy() {
    let rows = golden().vargha_delaney;
    assert_eq!(rows.len(), 4);
    for (first, second, want) in rows {
        assert_close(vargha_delaney(&first, &second), want);
        assert_close(vargha_delaney(&second, &first), 1.0 - want);
    }
    assert_close(vargha_delaney(&[f64::INFINITY], &[f64::INFINITY]), 0.5);
}

#[test]
fn quantiles_agree_with_numpy() {
    let rows = golden().quantiles;
    assert_eq!(rows.len(), 20);
    for (values, probability, want) in rows {
        assert_close(quantile(&values, probability), want);
    }
    assert!(median(&[]).is_nan());
    assert_close(median(&[1.0, f64::INFINITY, f64::INFINITY, f64::INFINITY]).recip(), 0.0);
}

/// Both are random: scipy uses 100,000 resamples, this crate 1,000.
#[test]
fn bands_agree_with_scipy() {
    let statistics: [fn(&[f64]) -> f64; 2] = [mean, median];
    for (rows, statistic) in
        [golden().mean_bands, golden().median_bands].into_iter().zip(statistics)
    {
        assert_eq!(rows.len(), 3);
        for (values, (low, high)) in rows {
            let band = bootstrap_band(&values, statistic);
            let tolerance = 0.1 * (high - low);
            assert!((band.low - low).abs() < tolerance, "{} for {low}", band.low);
            assert!((band.high - high).abs() < tolerance, "{} for {high}", band.high);
            assert_close(band.estimate, statistic(&values));
        }
    }
    assert!(bootstrap_band(&[], mean).estimate.is_nan());
    let one = bootstrap_band(&[3.0], median);
    assert_eq!((one.low, one.estimate, one.high), (3.0, 3.0, 3.0));
}

#[test]
fn the_test_of_the_mean_agrees_with_scipy() {
    let rows = golden().student;
    assert_eq!(rows.len(), 9);
    for (values, bound, want) in rows {
        assert_close(mean_is_less(&values, bound), want);
    }
    assert_close(mean_is_less(&[1.0], 9.0), 1.0);
    assert_close(mean_is_less(&[1.0, 1.0], 9.0), 0.0);
    assert_close(mean_is_less(&[1.0, 1.0], 1.0), 1.0);
}

#[test]
fn bands_over_problems_agree_with_scipy() {
    let rows = golden().bands_over_problems;
    assert_eq!(rows.len(), 3);
    for (problems, (low, high)) in rows {
        let band = mean_over_problems(&problems);
        assert_close(band.low, low);
        assert_close(band.high, high);
    }
    // The means of problems count equally, however many cases and seeds they have.
    let uneven = [vec![vec![1.0; 9], vec![2.0]], vec![vec![6.0, 8.0]]];
    assert_close(mean_over_problems(&uneven).estimate, (1.5 + 7.0) / 2.0);
    let empty = mean_over_problems(&[]);
    assert!(empty.estimate.is_nan() && empty.low.is_nan());
    let one = mean_over_problems(&[vec![vec![3.0]]]);
    assert_close(one.estimate, 3.0);
    assert!(one.low.is_nan(), "one value has no interval");
    let of_cases = mean_over_problems(&[vec![vec![1.0, 3.0], vec![4.0]]]);
    assert_close(of_cases.low, mean_band(&[2.0, 4.0]).low);
}

/// Over samples of eight problems, the interval has the coverage it states.
#[test]
fn the_interval_over_problems_covers_the_mean() {
    let mut rng = surmise::rng::Rng::stream(11, 0);
    let mut covered = 0;
    for _ in 0..2000 {
        let problems: Vec<Vec<Vec<f64>>> =
            (0..8).map(|_| vec![vec![rng.normal() + 0.3 * rng.normal()]]).collect();
        let band = mean_over_problems(&problems);
        covered += usize::from(band.low < 0.0 && 0.0 < band.high);
    }
    assert!((1870..=1930).contains(&covered), "{covered} of 2000");
}

#[test]
fn few_pairs_cannot_be_significant() {
    let p = |n: usize| wilcoxon_two_sided(&(1..=n).map(|i| -(i as f64)).collect::<Vec<f64>>());
    for n in [1, 2, 5, 11] {
        assert_close(min_two_sided_p_value(n), p(n));
    }
    assert_close(min_two_sided_p_value(0), 1.0);
}

#[test]
fn equivalence_agrees_with_scipy() {
    let rows = golden().equivalence;
    assert_eq!(rows.len(), 6);
    for (differences, margin, want) in rows {
        assert_close(DecisionRule { level: 0.05, margin }.equivalence_p_value(&differences), want);
    }
}

/// The worked example of Wikipedia's "Holm–Bonferroni method".
///
/// Of 0.01, 0.04, 0.03 and 0.005 at the level 0.05, the first and the last are rejected.
#[test]
fn holm_agrees_with_a_worked_example() {
    let corrected = holm(&[0.01, 0.04, 0.03, 0.005]);
    for (got, want) in corrected.iter().zip([0.03, 0.06, 0.06, 0.02]) {
        assert_close(*got, want);
    }
    assert!(holm(&[]).is_empty());
    assert_eq!(holm(&[0.7, 0.8]), [1.0, 1.0]);
}

#[test]
fn verdicts_follow_the_decision_rule() {
    let rule = DecisionRule { level: 0.05, margin: 0.1 };
    let verdict = |differences: &[f64]| {
        let p = wilcoxon_two_sided(differences);
        rule.decide(differences, p, rule.equivalence_p_value(differences))
    };
    assert_eq!(verdict(&[-1.0; 20]), Verdict::Better);
    assert_eq!(verdict(&[1.0; 20]), Verdict::Worse);
    assert_eq!(verdict(&[0.0; 20]), Verdict::Equivalent);
    // The difference is significant, but smaller than the margin.
    assert_eq!(verdict(&[-0.01; 20]), Verdict::Equivalent);
    // Slightly lower in 18 pairs and far higher in two: ranks and mean disagree.
    let mut mostly_lower: Vec<f64> = (0..18).map(|i| -0.15 - 0.002 * f64::from(i)).collect();
    mostly_lower.extend([4.0, 4.1]);
    assert!(wilcoxon_two_sided(&mostly_lower) < 0.05);
    assert_eq!(verdict(&mostly_lower), Verdict::Undecided);
    let mirrored: Vec<f64> = mostly_lower.iter().map(|d| -d).collect();
    assert_eq!(verdict(&mirrored), Verdict::Undecided);
    assert_eq!(verdict(&[-1.0, 1.0, -0.5, 0.7]), Verdict::Undecided);
    assert_eq!(verdict(&[]), Verdict::Undecided);
}

/// The tests are by scipy; Holm's correction and the groups are computed in Python.
#[test]
fn cliques_agree_with_scipy() {
    let rows = golden().cliques;
    assert_eq!(rows.len(), 4);
    assert!(rows.iter().any(|(_, groups)| groups.len() > 1));
    for (scores, want) in rows {
        assert_eq!(cliques(&scores, 0.05), want);
    }
}

#[test]
fn cliques_group_contenders_that_do_not_differ() {
    // Three contenders over 20 problems: the first two are alike, the third is always far worse.
    let row = |i: usize| {
        let change = if i.is_multiple_of(2) { 0.1 } else { -0.1 };
        vec![1.0 + change, 1.0 - change, 9.0]
    };
    let scores: Vec<Vec<f64>> = (0..20).map(row).collect();
    assert_eq!(cliques(&scores, 0.05), [[0, 1]]);
    // In the order of ranks, not of columns.
    let mirrored: Vec<Vec<f64>> =
        scores.iter().map(|row| row.iter().rev().copied().collect()).collect();
    let found = cliques(&mirrored, 0.05);
    assert_eq!(found.len(), 1);
    assert!(found[0].contains(&1) && found[0].contains(&2));
    // Five problems are too few for a significant difference: all contenders form one clique.
    let few: Vec<Vec<f64>> = (0..5).map(|_| vec![1.0, 2.0, 3.0]).collect();
    assert_eq!(cliques(&few, 0.05), [[0, 1, 2]]);
    assert_eq!(cliques(&[], 0.05), Vec::<Vec<usize>>::new());
}
