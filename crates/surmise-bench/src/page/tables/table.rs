//! A table, and how its cells are written.

use crate::statistics::Band;
use surmise::drawing::format_short;

/// The shares of the budget, as the headers of columns.
pub(super) const SHARES: [&str; 4] = ["a quarter", "a third", "half", "all"];

/// A table with a title and an explanation.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) title: String,
    pub(crate) note: String,
    pub(crate) header: Vec<String>,
    pub(crate) rows: Vec<Vec<String>>,
}

/// Returns the header of columns, and of a column for each name.
pub(super) fn header(first: &[&str], names: &[String]) -> Vec<String> {
    first.iter().map(|text| (*text).to_owned()).chain(names.iter().cloned()).collect()
}

/// Writes a number with its interval, if it has one.
pub(super) fn format_band(band: Band) -> String {
    let Band { estimate, low, high } = band;
    if low.is_nan() {
        return format_short(estimate);
    }
    format!("{} [{}, {}]", format_short(estimate), format_short(low), format_short(high))
}
