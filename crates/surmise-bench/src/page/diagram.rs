//! The critical-difference diagram, and the heat map of scores.

use crate::case_results::CaseResults;
use crate::comparison::Comparison;
use crate::pairwise_comparison::DECISION_RULE;
use crate::statistics::{cliques, mean};
use surmise::drawing::format_short;
use surmise::drawing::{Anchor, Svg, text_width};

/// Draws the critical-difference diagram of mean ranks (Demšar 2006).
///
/// A bar joins strategies without a significant difference.
#[allow(clippy::cast_precision_loss, reason = "a few strategies")]
pub(super) fn critical_difference(comparison: &Comparison) -> String {
    let names = comparison.strategies();
    let ranks = comparison.mean_ranks();
    let order = comparison.ranking();
    let groups = cliques(&comparison.final_logs(), DECISION_RULE.level);
    let label_width = names.iter().map(|name| text_width(name, 12.0)).fold(60.0, f64::max) + 46.0;
    let (line_width, bars_height) = (320.0, 10.0 * groups.len() as f64);
    let left_count = order.len().div_ceil(2);
    let top = 46.0 + bars_height;
    let height = top + 24.0 + 20.0 * left_count as f64;
    let mut svg = Svg::new(line_width + 2.0 * label_width, height);
    let max_rank = names.len().max(2) as f64;
    let x = |rank: f64| label_width + line_width * (rank - 1.0) / (max_rank - 1.0);
    svg.text((label_width + line_width / 2.0, 14.0), Anchor::Middle, 10.5, "mean rank (1 is best)");
    svg.line((x(1.0), 34.0), (x(max_rank), 34.0), "#222222", 1.2);
    for rank in 1..=names.len().max(2) {
        svg.line((x(rank as f64), 29.0), (x(rank as f64), 34.0), "#222222", 1.2);
        svg.text((x(rank as f64), 26.0), Anchor::Middle, 10.0, &rank.to_string());
    }
    for (level, group) in groups.iter().enumerate() {
        let ends = [group[0], group[group.len() - 1]].map(|strategy| x(ranks[strategy]));
        let y = 42.0 + 10.0 * level as f64;
        svg.line((ends[0] - 4.0, y), (ends[1] + 4.0, y), "#D55E00", 4.0);
    }
    // Labels of the better half are on the left, top down; the other ones on the right, bottom up.
    for (rank, strategy) in order.iter().enumerate() {
        let is_on_left = rank < left_count;
        let row = if is_on_left { rank } else { order.len() - 1 - rank };
        let y = top + 16.0 + 20.0 * row as f64;
        let tick = x(ranks[*strategy]);
        let end = if is_on_left { label_width - 8.0 } else { label_width + line_width + 8.0 };
        svg.line((tick, 34.0), (tick, y), "#222222", 1.0);
        svg.line((tick, y), (end, y), "#222222", 1.0);
        let label = format!("{} {:.2}", names[*strategy], ranks[*strategy]);
        let anchor = if is_on_left { Anchor::End } else { Anchor::Start };
        svg.text((if is_on_left { end - 4.0 } else { end + 4.0 }, y + 4.0), anchor, 12.0, &label);
    }
    svg.finish("Critical-difference diagram of mean ranks")
}

/// Draws relative regrets as a heat map: blue is better than random search, white equal, orange
/// worse.
#[allow(clippy::cast_precision_loss, reason = "a few strategies and cases")]
pub(super) fn regret_map(comparison: &Comparison) -> String {
    let names = comparison.strategies();
    let cases: Vec<CaseResults> =
        comparison.cases().iter().map(CaseResults::on_shared_seeds).collect();
    let left = cases.iter().map(|case| text_width(&case.name, 11.0)).fold(60.0, f64::max) + 12.0;
    let cell_width = names.iter().map(|name| text_width(name, 11.0)).fold(64.0, f64::max) + 12.0;
    let (row_height, top) = (20.0, 26.0);
    let width = left + cell_width * names.len() as f64;
    let mut svg = Svg::new(width, top + row_height * cases.len() as f64 + 4.0);
    for (column, name) in names.iter().enumerate() {
        let x = left + cell_width * (column as f64 + 0.5);
        svg.text((x, 16.0), Anchor::Middle, 11.0, name);
    }
    for (index, case) in cases.iter().enumerate() {
        let y = top + row_height * index as f64;
        svg.text((left - 8.0, y + 14.0), Anchor::End, 11.0, &case.name);
        for (column, results) in case.by_strategy.iter().enumerate() {
            let regret = results.as_ref().and_then(|results| {
                let logs = results.log_relative_regrets(comparison.options().floor)?;
                let finals: Vec<f64> = logs.into_values().map(|[.., last]| last).collect();
                Some(10_f64.powf(mean(&finals)))
            });
            let (fill, text_color) = colors(regret);
            let x = left + cell_width * column as f64;
            svg.rectangle((x, y), (cell_width, row_height), &fill);
            let text = regret.map_or("–".to_owned(), format_short);
            let center = (x + cell_width / 2.0, y + 14.0);
            svg.colored_text(center, Anchor::Middle, (11.0, text_color), &text);
        }
    }
    svg.finish("Map of relative regrets, strategies by cases")
}

/// Returns the fill and text colors of a relative regret: dark blue at 1e-4, white at 1, orange at
/// 10.
fn colors(regret: Option<f64>) -> (String, &'static str) {
    let Some(regret) = regret.filter(|regret| !regret.is_nan()) else {
        return ("#f2f2f2".to_owned(), "#222222");
    };
    let decades = regret.max(1e-300).log10();
    let (end, share) = if decades < 0.0 {
        ([8.0, 69.0, 128.0], (-decades / 4.0).min(1.0))
    } else {
        ([213.0, 94.0, 0.0], decades.min(1.0))
    };
    let mixed = end.map(|channel: f64| 255.0 + share * (channel - 255.0));
    let channels: Vec<String> = mixed.iter().map(|channel| format!("{channel:.0}")).collect();
    let text_color = if share > 0.55 { "#ffffff" } else { "#222222" };
    (format!("rgb({})", channels.join(",")), text_color)
}
