//! `surmise show --importance` and `--findings`: what a study has learnt.

use console::{measure_text_width, pad_str};
use surmise::Study;
use surmise_report::{Analysis, FindingKind, Share};

use crate::output::{Failure, say};

/// A line for each parameter and for each pair that is worth one, or all as JSON.
pub(super) fn show_importance(study: &Study, as_json: bool) -> Result<(), Failure> {
    let analysis = Analysis::of(study);
    let importance = analysis.model.as_ref().map(|model| &model.importance);
    let Some(importance) = importance else {
        let reason =
            analysis.findings().into_iter().find(|finding| finding.kind == FindingKind::NoModel);
        let reason =
            reason.map_or_else(|| "no trial has ended".to_owned(), |finding| finding.message);
        return Err(format!("there is no importance to show: {reason}").into());
    };
    if as_json {
        return Ok(say(serde_json::to_string_pretty(&importance)?)?);
    }
    let metric = &study.objective().metric_name;
    let names = importance.parameters.iter().map(|parameter| parameter.name.as_str());
    let width = names.map(measure_text_width).max().unwrap_or(0).max("parameter".len());
    let row = |name: &str, alone: &str, all: &str| {
        let name = pad_str(name, width, console::Alignment::Left, None);
        format!("{name}  {alone:>12}  {all:>12}").trim_end().to_owned()
    };
    say(row("parameter", "alone", "with others"))?;
    for parameter in &importance.parameters {
        say(row(&parameter.name, &percent(parameter.main), &percent(parameter.total)))?;
    }
    for pair in importance.interactions.iter().filter(|pair| pair.share.mean >= SMALL) {
        let [a, b] = &pair.names;
        say(format_args!("{a} and {b} together: {}", percent(pair.share)))?;
    }
    let count = analysis.model.as_ref().map_or(0, |model| model.surrogate.count());
    if let Some(doubt) = importance.doubt() {
        say(doubt)?;
    }
    Ok(say(format_args!(
        "Shares of the variance of {metric} over the search space, by a model of {count} values, and how uncertain they are."
    ))?)
}

/// Pairs of a smaller share are not worth a line.
const SMALL: f64 = 0.02;

fn percent(share: Share) -> String {
    format!("{:.0} % ± {:.0} %", 100.0 * share.mean, 100.0 * share.deviation)
}

/// A paragraph for each finding, or all as JSON.
pub(super) fn show_findings(study: &Study, as_json: bool) -> Result<(), Failure> {
    let findings = Analysis::of(study).findings();
    if as_json {
        return Ok(say(serde_json::to_string_pretty(&findings)?)?);
    }
    if findings.is_empty() {
        return Ok(say("Nothing remarkable was found.")?);
    }
    for finding in findings {
        say(format_args!("- {} {}", finding.message, finding.advice))?;
    }
    Ok(())
}
