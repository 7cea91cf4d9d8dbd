//! The page as a whole.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use surmise::drawing::{page_style, percent};

use super::filter::{fields, script};
use super::table::table;
use crate::analysis::ModelAnalysis;
use crate::comparison::Comparison;
use crate::numbers::number;
use crate::pictures::Picture;
use crate::report::Report;

impl Report<'_> {
    /// The report as one HTML file that needs nothing from elsewhere. Of more than 1,000 trials, the best and an even choice of the others are
    /// drawn and listed.
    pub fn html(&self) -> String {
        let pictures = self.pictures();
        let body = html! {
            header {
                h1 { (self.title) }
                @for sentence in self.summary() { p { (sentence) } }
                @if let Some(command) = &self.best_command {
                    p { "The command that runs the best configuration:" }
                    pre { code { (command) } }
                }
            }
            (contents(&pictures))
            (fields(self))
            main {
                (findings(self))
                @for each in &pictures {
                    (figure(each))
                    @if each.name == "importance" { (shares(self.analysis().model.as_ref())) }
                }
                h2 #trials-table { "Trials" }
                (table(self))
                (origin(self))
            }
            (script(self))
        };
        page(&self.title, &body).into_string()
    }
}

impl Comparison<'_> {
    /// The comparison as one HTML file that needs nothing from elsewhere.
    pub fn html(&self, title: &str) -> String {
        let value = |value: Option<f64>| value.map(number).unwrap_or_default();
        let body = html! {
            header {
                h1 { (title) }
                @for sentence in self.summary() { p { (sentence) } }
            }
            main {
                div.wide tabindex="0" { table {
                    thead { tr {
                        th.text { "study" } th { "strategy" } th { "seed" } th { "trials" } th { "failed" }
                        th { "best after a quarter" } th { "a half" } th { "all of the shortest" } th { "best" }
                    } }
                    tbody {
                        @for one in self.compared() {
                            tr {
                                td.text { (one.name) } td { (one.strategy) } td { (one.seed) } td { (one.trials) } td { (one.failed) }
                                @for best in one.best_after { td { (value(best)) } }
                                td { (value(one.best)) }
                            }
                        }
                    }
                } }
                @for each in self.pictures() { (figure(&each)) }
            }
        };
        page(title, &body).into_string()
    }
}

fn page(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                // Nothing is fetched, whatever a name or a value contains.
                meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:";
                title { (title) }
                style { (PreEscaped(page_style())) }
            }
            body { (body) }
        }
    }
}

fn contents(pictures: &[Picture]) -> Markup {
    html! {
        nav aria-label="Contents" {
            ul {
                li { a href="#findings" { "What to do next" } }
                @for picture in pictures { li { a href={ "#" (picture.name) } { (picture.title) } } }
                li { a href="#trials-table" { "Trials" } }
                li { a href="#origin" { "Where this comes from" } }
            }
        }
    }
}

fn findings(report: &Report<'_>) -> Markup {
    let findings = report.analysis().findings();
    html! {
        h2 #findings { "What to do next" }
        @if findings.is_empty() {
            p {
                @if report.analysis().study.best().is_none() { "No trial has a value yet." }
                @else { "Nothing remarkable was found." }
            }
        } @else {
            ul.findings {
                @for finding in findings {
                    li { p { strong { (finding.message) } } p { (finding.advice) } }
                }
            }
        }
    }
}

fn figure(picture: &Picture) -> Markup {
    html! {
        section aria-labelledby=(picture.name) {
            h2 id=(picture.name) { (picture.title) }
            p.note { (picture.reading) }
            figure {
                div tabindex="0" { (PreEscaped(&picture.svg)) }
                figcaption { (picture.says) }
            }
        }
    }
}

/// Importance as a table beside its picture.
fn shares(model: Option<&ModelAnalysis>) -> Markup {
    let Some(model) = model else { return html! {} };
    html! {
        details {
            summary { "The same as numbers, and pairs of parameters" }
            div.wide tabindex="0" { table {
                thead { tr { th.text { "parameter" } th { "by itself" } th { "with others" } th { "±" } } }
                tbody {
                    @for parameter in &model.importance.parameters {
                        tr {
                            td.text { (parameter.name) }
                            td { (percent(parameter.main.mean)) }
                            td { (percent(parameter.total.mean)) }
                            td { (percent(parameter.total.deviation)) }
                        }
                    }
                    @for pair in &model.importance.interactions {
                        tr {
                            td.text { (pair.names[0]) " and " (pair.names[1]) " together" }
                            td {} td { (percent(pair.share.mean)) } td { (percent(pair.share.deviation)) }
                        }
                    }
                }
            } }
        }
    }
}

fn origin(report: &Report<'_>) -> Markup {
    let study = report.analysis().study;
    let settings = study.settings();
    let description = study.strategy().description();
    html! {
        section aria-labelledby="origin" {
            h2 #origin { "Where this comes from" }
            table.origin { tbody {
                @for (name, value) in &report.origin { tr { th scope="row" { (name) } td { (value) } } }
                tr { th scope="row" { "strategy" } td { (description.name) } }
                tr { th scope="row" { "seed" } td { (settings.seed) } }
                @for range in study.space().ranges() {
                    tr { th scope="row" { "range of " (range.name()) } td { (described(range)) } }
                }
                tr { th scope="row" { "report by" } td { "surmise-report " (env!("CARGO_PKG_VERSION")) } }
            } }
        }
    }
}

fn described(range: &surmise::ParameterRange) -> String {
    use surmise::ParameterRange::{Categorical, Continuous, Integer};
    match range {
        Continuous(range) => {
            format!("{} to {}, {:?}", range.min(), range.max(), range.scale().scaling)
        }
        Integer(range) => format!(
            "{} to {}, whole numbers, {:?}",
            range.min(),
            range.max(),
            range.scale().scaling
        ),
        Categorical(range) => {
            let values: Vec<String> =
                range.values().iter().map(surmise::ParameterValue::printed).collect();
            values.join(", ")
        }
    }
}
