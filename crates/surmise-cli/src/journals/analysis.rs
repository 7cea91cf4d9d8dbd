//! `surmise show --importance` and `--findings`: the importance of parameters, and findings.

use console::{measure_text_width, pad_str};
use surmise::Study;
use surmise_report::{Analysis, FindingKind, Share};

use crate::output::{CommandError, print_line};

/// Prints the importance of each parameter and of each important pair, or all of it as JSON.
pub(super) fn show_importance(study: &Study, as_json: bool) -> Result<(), CommandError> {
    let analysis = Analysis::new(study);
    let importance = analysis.model.as_ref().map(|model| &model.importance);
    let Some(importance) = importance else {
        let reason =
            analysis.findings().into_iter().find(|finding| finding.kind == FindingKind::NoModel);
        let reason =
            reason.map_or_else(|| "no trial has ended".to_owned(), |finding| finding.message);
        return Err(format!("the importance of the parameters is unknown: {reason}").into());
    };
    if as_json {
        return Ok(print_line(serde_json::to_string_pretty(&importance)?)?);
    }
    let metric = &study.objective().metric_name;
    let names = importance.parameters.iter().map(|parameter| parameter.name.as_str());
    let width = names.map(measure_text_width).max().unwrap_or(0).max("parameter".len());
    let row = |name: &str, alone: &str, total: &str| {
        let name = pad_str(name, width, console::Alignment::Left, None);
        format!("{name}  {alone:>12}  {total:>12}").trim_end().to_owned()
    };
    print_line(row("parameter", "alone", "in total"))?;
    for parameter in &importance.parameters {
        print_line(row(&parameter.name, &percent(parameter.main), &percent(parameter.total)))?;
    }
    for pair in importance.interactions.iter().filter(|pair| pair.share.mean >= MIN_PRINTED_SHARE) {
        let [a, b] = &pair.names;
        print_line(format_args!("interaction of {a} and {b}: {}", percent(pair.share)))?;
    }
    let count = analysis.model.as_ref().map_or(0, |model| model.surrogate.observation_count());
    if let Some(warning) = importance.warning() {
        print_line(warning)?;
    }
    Ok(print_line(format_args!(
        "Shares of the variance of {metric} over the search space, by a model of {count} values, \
         ± one standard deviation. The total includes interactions."
    ))?)
}

/// Interactions with a smaller share of the variance are not printed.
const MIN_PRINTED_SHARE: f64 = 0.02;

fn percent(share: Share) -> String {
    format!("{:.0} % ± {:.0} %", 100.0 * share.mean, 100.0 * share.std_dev)
}

/// Prints one paragraph for each finding, or all findings as JSON.
pub(super) fn show_findings(study: &Study, as_json: bool) -> Result<(), CommandError> {
    let findings = Analysis::new(study).findings();
    if as_json {
        return Ok(print_line(serde_json::to_string_pretty(&findings)?)?);
    }
    if findings.is_empty() {
        return Ok(print_line("There are no findings.")?);
    }
    for finding in findings {
        print_line(format_args!("- {} {}", finding.message, finding.advice))?;
    }
    Ok(())
}
