//! Tables as source of LaTeX.

use crate::page::tables::Table;

/// Returns a table in the style of `booktabs`, with its note as the caption.
pub(super) fn table(table: &Table) -> String {
    let line = |cells: &[String]| {
        let cells: Vec<String> = cells.iter().map(|cell| escape(cell)).collect();
        format!("{} \\\\\n", cells.join(" & "))
    };
    let rows: String = table.rows.iter().map(|row| line(row)).collect();
    let columns = "l".repeat(table.header.len());
    format!(
        "% Needs \\usepackage{{booktabs}}.\n\\begin{{table}}\n\\caption{{{}. {}}}\n\
         \\begin{{tabular}}{{{columns}}}\n\\toprule\n{}\\midrule\n{rows}\\bottomrule\n\
         \\end{{tabular}}\n\\end{{table}}\n",
        escape(&table.title),
        escape(&table.note),
        line(&table.header),
    )
}

/// Escapes the characters that have a meaning in LaTeX.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for c in text.chars() {
        match c {
            '&' | '%' | '$' | '#' | '_' | '{' | '}' => escaped.extend(['\\', c]),
            '~' => escaped.push_str("\\textasciitilde{}"),
            '^' => escaped.push_str("\\textasciicircum{}"),
            '\\' => escaped.push_str("\\textbackslash{}"),
            '<' => escaped.push_str("\\textless{}"),
            '>' => escaped.push_str("\\textgreater{}"),
            '∞' => escaped.push_str("$\\infty$"),
            '−' => escaped.push_str("$-$"),
            '–' => escaped.push_str("--"),
            '\u{a0}' | '\u{202f}' => escaped.push('~'),
            c => escaped.push(c),
        }
    }
    escaped
}
