//! `report.html`: pictures and tables in one self-contained file.

use super::diagram::{critical_difference, score_map};
use super::figures;
use super::summary::overview;
use super::tables::{Table, tables};
use crate::comparison::Comparison;
use crate::measures::PROGRESS_FLOOR;
use crate::pairwise_comparison::DECISION_RULE;
use surmise::drawing::{escape, page_style};

/// Returns a comparison as a self-contained HTML page.
pub fn page(title: &str, comparison: &Comparison) -> String {
    let mut body =
        format!("<h1>{}</h1>\n<p>{}</p>\n", escape(title), escape(&overview(comparison)));
    let [first, other_tables @ ..] = &tables(comparison)[..] else { return body };
    push_table(&mut body, first);
    for (heading, note, picture) in pictures(comparison) {
        let note = escape(&note);
        body.push_str(&format!(
            "<h2>{heading}</h2>\n<p class=\"note\">{note}</p>\n\
             <figure><div tabindex=\"0\">\n{picture}</div></figure>\n"
        ));
    }
    for table in other_tables {
        push_table(&mut body, table);
    }
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{}</title>\n<style>{}</style>\n</head>\n<body>\n{body}</body>\n</html>\n",
        escape(title),
        page_style()
    )
}

/// Returns the heading, the explanation and the SVG of each picture.
fn pictures(comparison: &Comparison) -> Vec<(&'static str, String, String)> {
    let mut pictures = progress_pictures(comparison);
    pictures.extend(ranking_pictures(comparison));
    pictures.push((
        "Regret, problem by problem",
        "Median over seeds, with a 95 % bootstrap band. Values below a millionth of random \
         search's final regret are drawn at that value."
            .to_owned(),
        figures::regret_by_case(comparison),
    ));
    pictures.push((
        "Time of a proposal",
        "Median over all cases and seeds, with the band of the middle 90 %. The first proposals \
         are the initial design. Only some cases have a large budget, so that the curves jump \
         where smaller budgets end."
            .to_owned(),
        figures::ask_time(comparison),
    ));
    pictures
}

/// Returns the pictures of regret by evaluations and by time.
fn progress_pictures(comparison: &Comparison) -> Vec<(&'static str, String, String)> {
    let mut pictures = vec![(
        "Progress",
        format!(
            "Regret divided by the mean final regret of random search: geometric mean over seeds \
             and over the {} cases with scores of all strategies, each value at least \
             {PROGRESS_FLOOR}. The band is a 95 % bootstrap band over seeds. Lower is better: at \
             0.1, the regret is a tenth of that of random search. Random search itself ends below \
             1, because a geometric mean is smaller than the mean.",
            comparison.common_cases().len()
        ),
        figures::progress_by_budget(comparison),
    )];
    if figures::is_parallel(comparison) {
        pictures.push((
            "Progress by virtual time",
            "Progress over the simulated time. 1 is the time that a single worker needs for the \
             whole budget; q workers need at least 1/q of it."
                .to_owned(),
            figures::progress_by_virtual_time(comparison),
        ));
    }
    pictures.push((
        "Data profile",
        "Each case and seed has 21 targets, from random search's final regret down to 1e-4 of it. \
         The curve shows the share of the targets that is reached with a share of the budget. \
         Higher is better."
            .to_owned(),
        figures::data_profile(comparison),
    ));
    pictures
}

/// Returns the pictures of ranks and scores.
fn ranking_pictures(comparison: &Comparison) -> Vec<(&'static str, String, String)> {
    let mut pictures = Vec::new();
    if comparison.strategies().len() > 1 && !comparison.common_cases().is_empty() {
        pictures.push((
            "Critical differences",
            format!(
                "Mean ranks over {} problems, after averaging the instances of a problem. A bar \
                 joins strategies without a significant difference: Wilcoxon's signed-rank test \
                 over problems, with Holm's correction over all pairs, at the level {}.",
                comparison.log_scores().len(),
                DECISION_RULE.level
            ),
            critical_difference(comparison),
        ));
    }
    pictures.push((
        "Scores",
        "Mean regret divided by the mean regret of random search after the same number of \
         evaluations. Blue is better than random search, white equal, orange worse; the darkest \
         blue is 1e-4."
            .to_owned(),
        score_map(comparison),
    ));
    pictures
}

fn push_table(body: &mut String, table: &Table) {
    let row = |cells: &[String], tag: &str| {
        let cells: String =
            cells.iter().map(|cell| format!("<{tag}>{}</{tag}>", escape(cell))).collect();
        format!("<tr>{cells}</tr>\n")
    };
    let rows: String = table.rows.iter().map(|cells| row(cells, "td")).collect();
    body.push_str(&format!(
        "<h2>{}</h2>\n<p class=\"note\">{}</p>\n<div class=\"wide\" tabindex=\"0\"><table>\n\
         <thead>{}</thead>\n<tbody>{rows}</tbody>\n</table></div>\n",
        escape(table.title),
        escape(&table.note),
        row(&table.header, "th")
    ));
}
