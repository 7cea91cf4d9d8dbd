//! `surmise show`: prints the trials of a study as a table.

use std::cmp::Ordering;
use std::io::{IsTerminal, stdout};
use std::process::ExitCode;

use clap::Args;
use console::{Term, measure_text_width, truncate_str};
use surmise::journal::JournalView;
use surmise::{Outcome, ParameterRange, Study, Trial};

use super::analysis::{show_findings, show_importance};
use super::file::{pending_state, view};
use super::trials::{Times, as_csv, as_json, state};
use crate::display::{
    format_configuration, format_duration, format_number, format_value, shorten_message,
};
use crate::output::{CommandError, InvalidInput, exit_code, print_line};

#[derive(Debug, Args)]
pub(crate) struct ShowOptions {
    /// The name of the study, or its journal file.
    name: String,
    /// The order of the trials: `trial`, `value` (best first) or the name of a parameter.
    #[arg(long, value_name = "KEY", default_value = "trial")]
    sort: String,
    /// Show only the failed trials, with the reasons.
    #[arg(long)]
    failed: bool,
    /// Show which parameters matter and which of them interact, as shares of the variance of the
    /// metric.
    #[arg(long, conflicts_with_all = ["failed", "findings", "sort", "csv"])]
    importance: bool,
    /// Show what is remarkable about the study, and what to do about it.
    #[arg(long, conflicts_with_all = ["failed", "sort", "csv"])]
    findings: bool,
    /// Print JSON: an array with an object for each trial, with exact values and all reports.
    #[arg(long, conflicts_with = "csv")]
    json: bool,
    /// Print CSV with exact values.
    #[arg(long)]
    csv: bool,
}

pub(crate) fn show(options: &ShowOptions) -> ExitCode {
    exit_code(try_show(options).map(|()| ExitCode::SUCCESS))
}

fn try_show(options: &ShowOptions) -> Result<(), CommandError> {
    let view = view(&options.name)?;
    let pending = pending_state(&options.name);
    let study = &view.study;
    if options.importance {
        return show_importance(study, options.json);
    }
    if options.findings {
        return show_findings(study, options.json);
    }
    let mut trials: Vec<&Trial> = study.trials().iter().collect();
    if options.failed {
        trials.retain(|trial| matches!(trial.outcome, Some(Outcome::Failed(_))));
    }
    sort(study, &mut trials, &options.sort)?;
    if options.csv {
        return Ok(print_line(as_csv(&view, &trials, pending)?.trim_end())?);
    }
    if options.json {
        let times = Times::new(&view);
        let records: Vec<_> = trials.iter().map(|trial| as_json(trial, &times, pending)).collect();
        return Ok(print_line(serde_json::to_string_pretty(&records)?)?);
    }
    let width = match stdout().is_terminal() {
        true => Term::stdout().size_checked().map_or(80, |(_, width)| usize::from(width)),
        false => usize::MAX,
    };
    for line in table(&view, &trials, options.failed, width, pending) {
        print_line(line)?;
    }
    print_line(summary(study, pending))?;
    let enqueued: Vec<String> = study.enqueued().map(format_configuration).collect();
    for configuration in &enqueued {
        print_line(format_args!("enqueued: {configuration}"))?;
    }
    Ok(())
}

/// Sorts trials by a key; trials without the key come last.
fn sort(study: &Study, trials: &mut [&Trial], key: &str) -> Result<(), CommandError> {
    let compare = |a: Option<f64>, b: Option<f64>| match (a, b) {
        (Some(a), Some(b)) => a.total_cmp(&b),
        (None, None) => Ordering::Equal,
        (None, _) => Ordering::Greater,
        (_, None) => Ordering::Less,
    };
    let loss = |trial: &Trial| shown_value(trial).map(|value| study.objective().loss(value));
    let ranges = study.space().ranges();
    match key {
        "trial" => {}
        _ if key == "value" || *key == study.objective().metric_name => {
            trials.sort_by(|a, b| compare(loss(a), loss(b)));
        }
        _ if ranges.iter().any(|range| range.name() == key) => trials.sort_by(|a, b| {
            let value = |trial: &Trial| trial.configuration.value(key).cloned();
            let number = |trial: &Trial| value(trial).and_then(|value| value.number());
            let text = |trial: &Trial| value(trial).map(|value| value.to_text());
            compare(number(a), number(b)).then_with(|| text(a).cmp(&text(b)))
        }),
        _ => {
            let names: Vec<&str> = ranges.iter().map(ParameterRange::name).collect();
            let names = names.join(", ");
            let message = format!("unknown order --sort {key}: use trial, value or one of {names}");
            return Err(InvalidInput(message).into());
        }
    }
    Ok(())
}

/// Returns the final value, or the last reported value of a trial that was stopped or is running.
fn shown_value(trial: &Trial) -> Option<f64> {
    let has_failed = matches!(trial.outcome, Some(Outcome::Failed(_)));
    trial.value().or(trial.last_reported_value().filter(|_| !has_failed))
}

/// Formats the table of trials for a terminal of this width.
///
/// If it is too wide, all parameters share one column. Lines that are still too long are truncated.
fn table(
    view: &JournalView,
    trials: &[&Trial],
    with_reasons: bool,
    width: usize,
    pending: &str,
) -> Vec<String> {
    let study = &view.study;
    let times = Times::new(view);
    let ranges = study.space().ranges();
    let metric = study.objective().metric_name.clone();
    let mut header = vec!["trial".to_owned(), "state".to_owned(), metric, "time".to_owned()];
    let mut rows: Vec<Vec<String>> = trials
        .iter()
        .map(|trial| {
            let value = shown_value(trial).map(format_number).unwrap_or_default();
            let duration = times.duration(trial.id).map(format_duration).unwrap_or_default();
            vec![trial.id.to_string(), state(trial, pending).to_owned(), value, duration]
        })
        .collect();
    let format_all = |rows: &[Vec<String>]| format_table(&header, rows, &[0, 2, 3]);
    let fixed_width = format_all(&rows).first().map_or(0, |line| measure_text_width(line));
    let values = |trial: &&Trial| -> Vec<String> {
        let values = ranges.iter().map(|range| trial.configuration.value(range.name()));
        values.map(|value| value.map(format_value).unwrap_or_default()).collect()
    };
    let names: Vec<String> = ranges.iter().map(|range| range.name().to_owned()).collect();
    let parameters: Vec<Vec<String>> = trials.iter().map(values).collect();
    let parameters_width =
        format_table(&names, &parameters, &[]).iter().map(|line| measure_text_width(line)).max();
    if fixed_width + 2 + parameters_width.unwrap_or(0) <= width {
        header.extend(names);
        for (row, values) in rows.iter_mut().zip(parameters) {
            row.extend(values);
        }
    } else {
        header.push("configuration".to_owned());
        for (row, trial) in rows.iter_mut().zip(trials) {
            row.push(format_configuration(&trial.configuration));
        }
    }
    if with_reasons {
        header.push("reason".to_owned());
        for (row, trial) in rows.iter_mut().zip(trials) {
            let Some(Outcome::Failed(failure)) = &trial.outcome else { continue };
            row.push(shorten_message(&failure.message));
        }
    }
    let truncate = |line: String| match width {
        usize::MAX => line,
        _ => truncate_str(&line, width, "…").into_owned(),
    };
    format_table(&header, &rows, &[0, 2, 3]).into_iter().map(truncate).collect()
}

/// Aligns columns, with two spaces between them; columns in `right` are right-aligned.
fn format_table(header: &[String], rows: &[Vec<String>], right: &[usize]) -> Vec<String> {
    let all_rows = || std::iter::once(header).chain(rows.iter().map(Vec::as_slice));
    let width = |column: usize| {
        let cells = all_rows().filter_map(|row| row.get(column));
        cells.map(|cell| measure_text_width(cell)).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |row: &[String]| {
        let padded = |(column, cell): (usize, &String)| {
            let blanks = " ".repeat(widths[column].saturating_sub(measure_text_width(cell)));
            if right.contains(&column) { blanks + cell } else { cell.clone() + &blanks }
        };
        row.iter().enumerate().map(padded).collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    all_rows().map(line).collect()
}

fn summary(study: &Study, pending: &str) -> String {
    let count = |expected: &str| {
        study.trials().iter().filter(|trial| state(trial, pending) == expected).count()
    };
    let states = ["completed", "stopped", "failed", pending];
    let counts: Vec<String> = states
        .into_iter()
        .map(|state| (count(state), state))
        .filter(|(count, _)| *count > 0)
        .map(|(count, state)| format!("{count} {state}"))
        .collect();
    let best = study.best().and_then(|best| Some((best.id, best.value()?)));
    let best = best.map(|(id, value)| format!("; best: trial {id}, {}", format_number(value)));
    let counts = if counts.is_empty() { "no trials".to_owned() } else { counts.join(", ") };
    format!("{counts}{}", best.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let header = ["n".to_owned(), "name".to_owned()];
        let rows = [vec!["10".to_owned(), "é".to_owned()], vec!["9".to_owned()]];
        assert_eq!(format_table(&header, &rows, &[0]), [" n  name", "10  é", " 9"]);
    }
}
