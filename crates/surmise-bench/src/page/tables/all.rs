//! All tables of a comparison, in the order of the page.

use super::table::Table;
use super::{by_case, overall, pairs, reliability};
use crate::comparison::Comparison;

/// Returns all tables, the summary first.
pub(crate) fn tables(comparison: &Comparison) -> Vec<Table> {
    let mut tables = Vec::new();
    for (what, part) in parts(comparison) {
        tables.push(overall::relative_regrets(&what, &part));
        if !part.pairs().is_empty() && !part.common_cases().is_empty() {
            tables.push(pairs::ratios(&what, &part));
            tables.push(pairs::losses(&what, &part));
        }
    }
    if !comparison.common_cases().is_empty() {
        tables.push(overall::floors(comparison));
    }
    if !comparison.pairs().is_empty() {
        tables.push(pairs::verdicts(comparison));
        tables.push(pairs::verdicts_by_case(comparison));
    }
    tables.push(by_case::regrets(comparison));
    tables.push(by_case::scores(comparison));
    tables.push(by_case::expected_running_times(comparison));
    tables.push(by_case::problems(comparison));
    tables.push(reliability::reliability(comparison));
    tables
}

/// Returns the held-out and the other cases apart, each with a description, if there are both.
fn parts(comparison: &Comparison) -> Vec<(String, Comparison)> {
    let held_out = comparison.restricted_to(|case| case.held_out_since.is_some());
    let development = comparison.restricted_to(|case| case.held_out_since.is_none());
    match (held_out.cases().first(), development.cases().is_empty()) {
        (Some(first), false) => {
            let since = first.held_out_since.as_deref().unwrap_or_default();
            vec![
                (format!(", held out since {since}"), held_out),
                (", cases of development".to_owned(), development),
            ]
        }
        (Some(first), true) => {
            let since = first.held_out_since.as_deref().unwrap_or_default();
            vec![(format!(", held out since {since}"), held_out)]
        }
        (None, _) => vec![(String::new(), development)],
    }
}
