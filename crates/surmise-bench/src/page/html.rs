//! `report.html`: pictures and tables in one self-contained file.

use super::pictures::{Picture, pictures};
use super::summary::overview;
use super::tables::{Table, tables};
use crate::comparison::Comparison;
use surmise::drawing::{escape, page_style};

/// Returns a comparison as a self-contained HTML page.
pub fn page(title: &str, comparison: &Comparison) -> String {
    let mut body =
        format!("<h1>{}</h1>\n<p>{}</p>\n", escape(title), escape(&overview(comparison)));
    let [first, other_tables @ ..] = &tables(comparison)[..] else { return body };
    push_table(&mut body, first);
    for Picture { heading, note, svg, .. } in pictures(comparison) {
        let note = escape(&note);
        body.push_str(&format!(
            "<h2>{heading}</h2>\n<p class=\"note\">{note}</p>\n\
             <figure><div tabindex=\"0\">\n{svg}</div></figure>\n"
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
        escape(&table.title),
        escape(&table.note),
        row(&table.header, "th")
    ));
}
