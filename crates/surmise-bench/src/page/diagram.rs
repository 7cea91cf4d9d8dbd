//! The critical-difference diagram, and the heat map of scores.

use crate::comparison::Comparison;
use crate::pairwise_comparison::DECISION_RULE;
use crate::statistics::cliques;
use surmise::drawing::format_short;
use surmise::drawing::{Anchor, Svg, text_width};

/// Draws mean ranks on a line; a bar joins strategies without a significant difference (Demšar
/// 2006).
#[allow(clippy::cast_precision_loss, reason = "a few strategies")]
pub(super) fn critical_difference(comparison: &Comparison) -> String {
    let names = comparison.strategies();
    let ranks = comparison.mean_ranks();
    let order = comparison.ranking();
    let groups = cliques(&comparison.log_scores(), DECISION_RULE.level);
    let longest = names.iter().map(|name| text_width(name, 12.0)).fold(60.0, f64::max) + 46.0;
    let (line, bars) = (320.0, 10.0 * groups.len() as f64);
    let half = order.len().div_ceil(2);
    let top = 46.0 + bars;
    let height = top + 24.0 + 20.0 * half as f64;
    let mut svg = Svg::new(line + 2.0 * longest, height);
    let last = names.len().max(2) as f64;
    let x = |rank: f64| longest + line * (rank - 1.0) / (last - 1.0);
    svg.text((longest + line / 2.0, 14.0), Anchor::Middle, 10.5, "mean rank (1 is best)");
    svg.line((x(1.0), 34.0), (x(last), 34.0), "#222222", 1.2);
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
        let on_left = rank < half;
        let row = if on_left { rank } else { order.len() - 1 - rank };
        let y = top + 16.0 + 20.0 * row as f64;
        let at = x(ranks[*strategy]);
        let end = if on_left { longest - 8.0 } else { longest + line + 8.0 };
        svg.line((at, 34.0), (at, y), "#222222", 1.0);
        svg.line((at, y), (end, y), "#222222", 1.0);
        let label = format!("{} {:.2}", names[*strategy], ranks[*strategy]);
        let anchor = if on_left { Anchor::End } else { Anchor::Start };
        svg.text((if on_left { end - 4.0 } else { end + 4.0 }, y + 4.0), anchor, 12.0, &label);
    }
    svg.finish("Critical-difference diagram of mean ranks")
}

/// Draws scores as a heat map: blue is better than random search, white equal, orange worse.
#[allow(clippy::cast_precision_loss, reason = "a few strategies and cases")]
pub(super) fn score_map(comparison: &Comparison) -> String {
    let names = comparison.strategies();
    let cases = comparison.cases();
    let left = cases.iter().map(|case| text_width(&case.name, 11.0)).fold(60.0, f64::max) + 12.0;
    let wide = names.iter().map(|name| text_width(name, 11.0)).fold(64.0, f64::max) + 12.0;
    let (row, top) = (20.0, 26.0);
    let width = left + wide * names.len() as f64;
    let mut svg = Svg::new(width, top + row * cases.len() as f64 + 4.0);
    for (column, name) in names.iter().enumerate() {
        let x = left + wide * (column as f64 + 0.5);
        svg.text((x, 16.0), Anchor::Middle, 11.0, name);
    }
    for (index, case) in cases.iter().enumerate() {
        let y = top + row * index as f64;
        svg.text((left - 8.0, y + 14.0), Anchor::End, 11.0, &case.name);
        for (column, cell) in case.by_strategy.iter().enumerate() {
            let score = cell.as_ref().and_then(crate::case_results::StrategyResults::score);
            let (fill, ink) = colours(score);
            let x = left + wide * column as f64;
            svg.rectangle((x, y), (wide, row), &fill);
            let text = score.map_or("–".to_owned(), format_short);
            svg.coloured_text((x + wide / 2.0, y + 14.0), Anchor::Middle, (11.0, ink), &text);
        }
    }
    svg.finish("Map of scores, strategies by problems")
}

/// Returns the fill and text colours of a score: dark blue at 1e-4, white at 1, orange at 10.
fn colours(score: Option<f64>) -> (String, &'static str) {
    let Some(score) = score.filter(|score| !score.is_nan()) else {
        return ("#f2f2f2".to_owned(), "#222222");
    };
    let decades = score.max(1e-300).log10();
    let (end, share) = if decades < 0.0 {
        ([8.0, 69.0, 128.0], (-decades / 4.0).min(1.0))
    } else {
        ([213.0, 94.0, 0.0], decades.min(1.0))
    };
    let mixed = end.map(|channel: f64| 255.0 + share * (channel - 255.0));
    let hex: Vec<String> = mixed.iter().map(|channel| format!("{channel:.0}")).collect();
    let ink = if share > 0.55 { "#ffffff" } else { "#222222" };
    (format!("rgb({})", hex.join(",")), ink)
}
