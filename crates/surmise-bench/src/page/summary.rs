//! `summary.md`: the tables of a comparison as Markdown.

use super::tables::{Table, tables};
use crate::comparison::Comparison;
use crate::run::Run;
use std::collections::BTreeSet;

/// Returns the tables of a comparison as Markdown.
pub fn summary(title: &str, comparison: &Comparison) -> String {
    let mut text = format!("# {title}\n\n{}\n", overview(comparison));
    for table in tables(comparison) {
        text.push_str(&markdown(&table));
    }
    text
}

/// Escapes the text of a table cell, so that it contains no markup.
fn escape_cell(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let text = text.replace('\\', "\\\\").replace('|', "\\|");
    text.replace('&', "&amp;").replace('<', "&lt;")
}

/// Describes the compared runs in one sentence.
pub(super) fn overview(comparison: &Comparison) -> String {
    let runs: Vec<&Run> =
        (0..comparison.strategies().len()).flat_map(|index| comparison.runs_of(index)).collect();
    let mut versions: Vec<String> =
        runs.iter().map(|run| format!("surmise {}, suite {}", run.surmise, run.suite)).collect();
    versions.sort();
    versions.dedup();
    let seeds: BTreeSet<u64> = runs.iter().map(|run| run.seed).collect();
    let seeds = match (seeds.first(), seeds.last()) {
        (Some(first), Some(last)) => format!("seeds {first} to {last}"),
        _ => "no seeds".to_owned(),
    };
    let mut parallelisms: Vec<String> =
        runs.iter().map(|run| run.parallelism.to_string()).collect();
    parallelisms.sort();
    parallelisms.dedup();
    format!(
        "{} runs: {} strategies, {} cases, {seeds}, {} ({}).{}",
        runs.len(),
        comparison.strategies().len(),
        comparison.cases().len(),
        parallelisms.join(" and "),
        versions.join("; "),
        origins(&runs),
    )
}

/// Describes where the runs come from, as far as they tell.
fn origins(runs: &[&Run]) -> String {
    let distinct = |number: fn(&Run) -> Option<&String>| -> Vec<String> {
        let known: BTreeSet<&String> = runs.iter().filter_map(|run| number(run)).collect();
        known.into_iter().cloned().collect()
    };
    let mut text = String::new();
    for (what, found) in [
        ("Commit", distinct(|run| run.provenance.commit.as_ref())),
        ("Date", distinct(|run| run.provenance.date.as_ref())),
        ("Machine", distinct(|run| run.provenance.machine.as_ref())),
        ("External program", distinct(|run| run.provenance.command.as_ref())),
    ] {
        if !found.is_empty() {
            text += &format!(" {what}: {}.", found.join("; "));
        }
    }
    text
}

fn markdown(table: &Table) -> String {
    let line = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| escape_cell(cell)).collect();
        format!("| {} |\n", cells.join(" | "))
    };
    let rows: String = table.rows.iter().map(|row| line(row)).collect();
    let rule = " --- |".repeat(table.header.len());
    format!("\n## {}\n\n{}\n\n{}|{rule}\n{rows}", table.title, table.note, line(&table.header))
}
