//! `summary.md`: the tables, as Markdown.

use super::tables::{Table, tables};
use crate::comparison::Comparison;

/// The tables of a comparison as Markdown.
pub fn summary(title: &str, comparison: &Comparison) -> String {
    let mut text = format!("# {title}\n\n{}\n", colophon(comparison));
    for table in tables(comparison) {
        text.push_str(&markdown(&table));
    }
    text
}

/// Text in a cell of a table, so that nothing in it is read as markup.
fn plain(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = text.replace('\\', "\\\\").replace('|', "\\|");
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// What was compared, in one sentence.
pub(super) fn colophon(comparison: &Comparison) -> String {
    let runs: Vec<_> =
        (0..comparison.strategies().len()).flat_map(|index| comparison.runs_of(index)).collect();
    let mut versions: Vec<String> =
        runs.iter().map(|run| format!("surmise {}, suite {}", run.surmise, run.suite)).collect();
    versions.sort();
    versions.dedup();
    let seeds = runs.iter().map(|run| run.seed).max().unwrap_or(0);
    let mut ways: Vec<String> = runs.iter().map(|run| run.parallelism.to_string()).collect();
    ways.sort();
    ways.dedup();
    format!(
        "{} runs: {} strategies, {} problems, seeds up to {seeds}, {} ({}).",
        runs.len(),
        comparison.strategies().len(),
        comparison.cases().len(),
        ways.join(" and "),
        versions.join("; "),
    )
}

fn markdown(table: &Table) -> String {
    let line = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| plain(cell)).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let rows: String = table.rows.iter().map(|row| line(row)).collect();
    let rule = " --- |".repeat(table.head.len());
    format!("\n## {}\n\n{}\n\n{}|{rule}\n{rows}", table.title, table.note, line(&table.head))
}
