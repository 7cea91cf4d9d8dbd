//! Ranks of contenders over many problems.

use super::holm;
use super::wilcoxon::wilcoxon_two_sided;

/// Returns the rank of each value, from 1 for the smallest; tied values share their mean rank.
pub fn ranks(values: &[f64]) -> Vec<f64> {
    let rank = |value: &f64| {
        let below = values.iter().filter(|other| *other < value).count();
        let equal = values.iter().filter(|other| other.total_cmp(value).is_eq()).count();
        #[allow(clippy::cast_precision_loss, reason = "sizes of samples")]
        let rank = below as f64 + (equal as f64 + 1.0) / 2.0;
        rank
    };
    values.iter().map(rank).collect()
}

/// Returns the groups of contenders without a significant difference: the bars of a
/// critical-difference diagram.
///
/// The diagram is that of Demšar (2006), with Wilcoxon's test and Holm's correction instead of
/// Nemenyi's test, as Benavoli et al. (2016) recommend.
///
/// `scores` has a row for each problem and a column for each contender; smaller is better. `level`
/// is the significance level. A clique is a list of columns that are neighbors in the order of mean
/// ranks. Cliques of one contender, and cliques inside of a larger one, are not listed.
pub fn cliques(scores: &[Vec<f64>], level: f64) -> Vec<Vec<usize>> {
    let columns = scores.first().map_or(0, Vec::len);
    let order = order_by_mean_rank(scores, columns);
    let pairs: Vec<(usize, usize)> =
        (0..columns).flat_map(|a| (a + 1..columns).map(move |b| (a, b))).collect();
    let p_values: Vec<f64> = pairs
        .iter()
        .map(|(a, b)| {
            let differences: Vec<f64> =
                scores.iter().map(|row| row[order[*a]] - row[order[*b]]).collect();
            wilcoxon_two_sided(&differences)
        })
        .collect();
    let corrected = holm(&p_values);
    let differ = |a: usize, b: usize| {
        let pair = pairs.iter().position(|pair| *pair == (a, b));
        pair.is_some_and(|pair| corrected[pair] <= level)
    };
    let mut cliques: Vec<(usize, usize)> = Vec::new();
    for first in 0..columns {
        let none_differ =
            |last: usize| (first..=last).all(|a| (a + 1..=last).all(|b| !differ(a, b)));
        let last = (first..columns).take_while(|last| none_differ(*last)).last().unwrap_or(first);
        let is_new = cliques.last().is_none_or(|(_, end)| last > *end);
        if last > first && is_new {
            cliques.push((first, last));
        }
    }
    cliques.into_iter().map(|(first, last)| order[first..=last].to_vec()).collect()
}

/// Returns the columns in the order of their mean ranks.
fn order_by_mean_rank(scores: &[Vec<f64>], columns: usize) -> Vec<usize> {
    let mut sums = vec![0.0; columns];
    for row in scores {
        for (sum, rank) in sums.iter_mut().zip(ranks(row)) {
            *sum += rank;
        }
    }
    let mut order: Vec<usize> = (0..columns).collect();
    order.sort_by(|a, b| sums[*a].total_cmp(&sums[*b]));
    order
}
