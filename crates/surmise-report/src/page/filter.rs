//! The filter of trials: its fields, and the data for its script.

use maud::{Markup, PreEscaped, html};
use serde_json::{Value, json};
use surmise::{ParameterRange, ParameterValue};

use super::table::state;
use crate::pictures::select_trials;
use crate::report::Report;

const SCRIPT: &str = include_str!("filter.js");

/// Returns the fields, which are hidden until the script runs.
pub(super) fn fields(report: &Report<'_>) -> Markup {
    let ranges = report.analysis().study.space().ranges();
    html! {
        section #filter-box hidden aria-label="Filter" {
            form #filter {
                label {
                    "trials " input name="first" inputmode="numeric" size="5" placeholder="first";
                }
                label { "to " input name="last" inputmode="numeric" size="5" placeholder="last"; }
                label { "state " select name="state" {
                    option value="" { "any" }
                    @for state in ["completed", "stopped", "failed", "pending"] {
                        option value=(state) { (state) }
                    }
                } }
                label { "parameter " select name="parameter" {
                    option value="" { "any" }
                    @for range in ranges { option value=(range.name()) { (range.name()) } }
                } }
                span #filter-numbers hidden {
                    label { "from " input name="low" inputmode="decimal" size="8"; }
                    label { " to " input name="high" inputmode="decimal" size="8"; }
                }
                span #filter-choice hidden { label { "value " select name="choice" {} } }
                button type="reset" { "all" }
                output #filter-says aria-live="polite" {}
            }
        }
    }
}

/// Returns the script of the filter, and its data.
pub(super) fn script(report: &Report<'_>) -> Markup {
    let study = report.analysis().study;
    let ranges = study.space().ranges();
    let parameters: Vec<Value> = ranges
        .iter()
        .map(|range| match range {
            ParameterRange::Categorical(range) => {
                let choices: Vec<String> =
                    range.values().iter().map(ParameterValue::to_text).collect();
                json!({ "choices": choices })
            }
            _ => json!({ "choices": null }),
        })
        .collect();
    let trials: Vec<Value> = select_trials(report.analysis())
        .into_iter()
        .map(|trial| {
            let value =
                |range: &ParameterRange| match (range, trial.configuration.value(range.name())) {
                    (_, None) => Value::Null,
                    (ParameterRange::Categorical(_), Some(value)) => json!(value.to_text()),
                    (_, Some(value)) => json!(value.number()),
                };
            json!([trial.id, state(trial), ranges.iter().map(value).collect::<Vec<_>>()])
        })
        .collect();
    let data = json!({ "parameters": parameters, "trials": trials }).to_string();
    html! {
        script #trials type="application/json" { (PreEscaped(escape_json(&data))) }
        script { (PreEscaped(SCRIPT)) }
    }
}

/// Escapes JSON for a script element, so that it cannot end the element or begin a comment.
fn escape_json(json: &str) -> String {
    json.replace('<', "\\u003c").replace('\u{2028}', "\\u2028").replace('\u{2029}', "\\u2029")
}
