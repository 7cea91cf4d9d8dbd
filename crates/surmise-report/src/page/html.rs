//! The pages of reports and of comparisons.

use maud::{DOCTYPE, Markup, PreEscaped, html};
use surmise::drawing::{format_percent, page_style};

use super::filter::{fields, script};
use super::table::table;
use crate::analysis::ModelAnalysis;
use crate::comparison::Comparison;
use crate::numbers::format_number;
use crate::pictures::Picture;
use crate::report::Report;

impl Report<'_> {
    /// Returns the report as one self-contained HTML file.
    ///
    /// Of more than 1,000 trials, the page shows the best, the last, and an even selection of the
    /// rest.
    pub fn html(&self) -> String {
        let pictures = self.pictures();
        let body = html! {
            header {
                h1 { (self.title) }
                @for sentence in self.summary() { p { (sentence) } }
                @if let Some(command) = &self.best_command {
                    p { "This command runs the best configuration:" }
                    pre { code { (command) } }
                }
            }
            (contents(&pictures))
            (fields(self))
            main {
                (findings(self))
                @for picture in &pictures {
                    (figure(picture))
                    @if picture.name == "importance" {
                        (importance_table(self.analysis().model.as_ref()))
                    }
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
    /// Returns the comparison as one self-contained HTML file.
    pub fn html(&self, title: &str) -> String {
        let value = |value: Option<f64>| value.map(format_number).unwrap_or_default();
        let body = html! {
            header {
                h1 { (title) }
                @for sentence in self.summary() { p { (sentence) } }
            }
            main {
                div.wide tabindex="0" { table {
                    thead { tr {
                        th.text { "study" } th { "strategy" } th { "seed" }
                        th { "trials" } th { "failed" }
                        th { "best after a quarter" } th { "after a half" }
                        th { "after all of the shortest" } th { "best" }
                    } }
                    tbody {
                        @for study in self.study_summaries() {
                            tr {
                                td.text { (study.name) } td { (study.strategy) }
                                td { (study.seed) }
                                td { (study.trials) } td { (study.failed) }
                                @for best in study.best_after { td { (value(best)) } }
                                td { (value(study.best)) }
                            }
                        }
                    }
                } }
                @for picture in self.pictures() { (figure(&picture)) }
            }
        };
        page(title, &body).into_string()
    }
}

/// The content security policy: it forbids all requests, even if a name or a value has markup.
const CONTENT_POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; \
                              script-src 'unsafe-inline'; img-src data:";

fn page(title: &str, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta http-equiv="Content-Security-Policy" content=(CONTENT_POLICY);
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
                @for picture in pictures {
                    li { a href={ "#" (picture.name) } { (picture.title) } }
                }
                li { a href="#trials-table" { "Trials" } }
                li { a href="#origin" { "Origin" } }
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
                @else { "There are no findings." }
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
            p.note { (picture.explanation) }
            figure {
                div tabindex="0" { (PreEscaped(&picture.svg)) }
                figcaption { (picture.summary) }
            }
        }
    }
}

/// Returns the importance of parameters as a table.
fn importance_table(model: Option<&ModelAnalysis>) -> Markup {
    let Some(model) = model else { return html! {} };
    html! {
        details {
            summary { "Shares as numbers, with interactions" }
            div.wide tabindex="0" { table {
                thead { tr {
                    th.text { "parameter" } th { "alone" } th { "with interactions" } th { "±" }
                } }
                tbody {
                    @for parameter in &model.importance.parameters {
                        tr {
                            td.text { (parameter.name) }
                            td { (format_percent(parameter.main.mean)) }
                            td { (format_percent(parameter.total.mean)) }
                            td { (format_percent(parameter.total.std_dev)) }
                        }
                    }
                    @for pair in &model.importance.interactions {
                        tr {
                            td.text { "interaction of " (pair.names[0]) " and " (pair.names[1]) }
                            td {}
                            td { (format_percent(pair.share.mean)) }
                            td { (format_percent(pair.share.std_dev)) }
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
            h2 #origin { "Origin" }
            table.origin { tbody {
                @for (name, value) in &report.origin {
                    tr { th scope="row" { (name) } td { (value) } }
                }
                tr { th scope="row" { "strategy" } td { (description.name) } }
                tr { th scope="row" { "seed" } td { (settings.seed) } }
                @for range in study.space().ranges() {
                    tr {
                        th scope="row" { "range of " (range.name()) }
                        td { (describe_range(range)) }
                    }
                }
                tr {
                    th scope="row" { "report by" }
                    td { "surmise-report " (env!("CARGO_PKG_VERSION")) }
                }
            } }
        }
    }
}

fn describe_range(range: &surmise::ParameterRange) -> String {
    use surmise::ParameterRange::{Categorical, Continuous, Integer};
    match range {
        Continuous(range) => {
            format!("{} to {}, {:?}", range.min(), range.max(), range.resolved_scaling().scaling)
        }
        Integer(range) => format!(
            "{} to {}, integers, {:?}",
            range.min(),
            range.max(),
            range.resolved_scaling().scaling
        ),
        Categorical(range) => {
            let values: Vec<String> =
                range.values().iter().map(surmise::ParameterValue::to_text).collect();
            values.join(", ")
        }
    }
}
