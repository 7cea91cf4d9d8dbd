//! `report.html`: pictures and tables in one file that needs nothing from elsewhere.

use super::diagram::{critical_difference, score_map};
use super::figures;
use super::summary::colophon;
use super::tables::{Table, tables};
use crate::comparison::Comparison;
use crate::duel::JUDGEMENT;
use crate::measures::PROGRESS_FLOOR;
use surmise::drawing::{escape, page_style};

/// A comparison as one page of HTML.
pub fn page(title: &str, comparison: &Comparison) -> String {
    let mut body =
        format!("<h1>{}</h1>\n<p>{}</p>\n", escape(title), escape(&colophon(comparison)));
    let [first, rest @ ..] = &tables(comparison)[..] else { return body };
    table(&mut body, first);
    for (heading, note, picture) in pictures(comparison) {
        let note = escape(&note);
        body.push_str(&format!(
            "<h2>{heading}</h2>\n<p class=\"note\">{note}</p>\n<figure><div tabindex=\"0\">\n{picture}</div></figure>\n"
        ));
    }
    for each in rest {
        table(&mut body, each);
    }
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" \
         content=\"width=device-width, initial-scale=1\">\n<title>{}</title>\n<style>{}</style>\n</head>\n<body>\n{body}</body>\n</html>\n",
        escape(title),
        page_style()
    )
}

/// Heading, how to read it, picture.
fn pictures(comparison: &Comparison) -> Vec<(&'static str, String, String)> {
    let mut pictures = vec![(
        "Progress",
        format!(
            "Regret by what random search's mean is at the end of the budget: geometric mean over the {} cases that all were run on, and over \
             seeds, each floored at {PROGRESS_FLOOR}, with its 95 % bootstrap band over seeds. Lower is better; a curve at 0.1 has a tenth of \
             random search's final regret left. Random search itself ends below 1: a geometric mean is below the mean.",
            comparison.common().len()
        ),
        figures::overall(comparison),
    )];
    if figures::is_parallel(comparison) {
        pictures.push((
            "Progress by virtual time",
            "The same by the time that a clock on the wall would show, if evaluations took what they are simulated to take: q \
             workers without loss would need a q-th of it."
                .to_owned(),
            figures::by_virtual_time(comparison),
        ));
    }
    pictures.push((
        "Data profile",
        "Each case and seed has 21 targets, from random search's final regret down to a ten-thousandth of it. The curve shows \
         which share of them was reached by which share of the budget. Higher is better."
            .to_owned(),
        figures::data_profile(comparison),
    ));
    if comparison.strategies().len() > 1 && !comparison.common().is_empty() {
        pictures.push((
            "Critical differences",
            format!(
                "Mean ranks over {} problems (instances of one averaged). A bar joins strategies that Wilcoxon's signed-rank test over problems, with Holm's \
                 correction over all pairs, does not tell apart at the level {}.",
                comparison.log_scores().len(),
                JUDGEMENT.level
            ),
            critical_difference(comparison),
        ));
    }
    pictures.push((
        "Scores",
        "Mean regret by random search's mean regret at the same budget. Blue is better than random search, white the same, orange \
         worse; the full blue is 1e-4."
            .to_owned(),
        score_map(comparison),
    ));
    pictures.push((
        "Regret, problem by problem",
        "Median over seeds, and its 95 % bootstrap band. What is below a millionth of random search's final regret is drawn there."
            .to_owned(),
        figures::anytime(comparison),
    ));
    pictures.push((
        "Time of a proposal",
        "Median over all cases and seeds, and the middle 90 % of them. The first proposals are the initial design; the further to the right, the \
         fewer cases have so large a budget, which makes the curves jump."
            .to_owned(),
        figures::ask_time(comparison),
    ));
    pictures
}

fn table(body: &mut String, table: &Table) {
    let row = |cells: &[String], tag: &str| {
        let cells: String =
            cells.iter().map(|cell| format!("<{tag}>{}</{tag}>", escape(cell))).collect();
        format!("<tr>{cells}</tr>\n")
    };
    let rows: String = table.rows.iter().map(|cells| row(cells, "td")).collect();
    body.push_str(&format!(
        "<h2>{}</h2>\n<p class=\"note\">{}</p>\n<div class=\"wide\" tabindex=\"0\"><table>\n<thead>{}</thead>\n<tbody>{rows}</tbody>\n</table></div>\n",
        escape(table.title),
        escape(&table.note),
        row(&table.head, "th")
    ));
}
