//! The table of trials on the page.

use maud::{Markup, html};
use surmise::{Outcome, ParameterRange, Trial};

use crate::numbers::{format_number, format_value};
use crate::pictures::select_trials;
use crate::report::Report;

/// Returns the state of a trial in one word.
pub(super) fn state(trial: &Trial) -> &'static str {
    match &trial.outcome {
        None => "pending",
        Some(Outcome::Completed { .. }) => "completed",
        Some(Outcome::Stopped { .. }) => "stopped",
        Some(Outcome::Failed(_)) => "failed",
    }
}

pub(super) fn table(report: &Report<'_>) -> Markup {
    let study = report.analysis().study;
    let best = study.best().map(|best| best.id);
    let trials = select_trials(report.analysis());
    let value = |trial: &Trial| trial.value().or(trial.last_reported_value()).map(format_number);
    let explanation = |trial: &Trial| {
        let failure = match &trial.outcome {
            Some(Outcome::Failed(failure)) => format!(" It failed: {}.", failure.message),
            _ => String::new(),
        };
        let why = study.why(trial.id).map(|why| format!("{why}.")).unwrap_or_default();
        format!("{why}{failure}")
    };
    html! {
        @if trials.len() < study.trials().len() {
            p.note {
                (trials.len()) " of " (study.trials().len())
                " trials: the best, the last, and an even selection of the rest. "
                code { "surmise show NAME --csv" } " prints all trials."
            }
        }
        div.wide tabindex="0" role="region" aria-label="Table of trials" {
            table {
                thead { tr {
                    th scope="col" { "trial" }
                    th scope="col" { "state" }
                    th scope="col" { (study.objective().metric_name) }
                    @for range in study.space().ranges() { th scope="col" { (range.name()) } }
                    th.text scope="col" { "why" }
                } }
                tbody {
                    @for trial in trials {
                        @let class = (Some(trial.id) == best).then_some("best");
                        tr class=[class] data-trial=(trial.id) {
                            td { (trial.id) }
                            td { (state(trial)) }
                            td { (value(trial).unwrap_or_default()) }
                            @for range in study.space().ranges() { td { (cell(trial, range)) } }
                            td.text { (explanation(trial)) }
                        }
                    }
                }
            }
        }
    }
}

fn cell(trial: &Trial, range: &ParameterRange) -> String {
    trial.configuration.value(range.name()).map(format_value).unwrap_or_default()
}
