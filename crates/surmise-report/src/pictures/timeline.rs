//! The picture of when jobs ran.

use surmise::drawing::{Anchor, PlotAxis, Svg, format_seconds};
use surmise::{Outcome, TrialId};

use super::picture::Picture;
use crate::numbers::to_float;
use crate::report::Report;

const LEFT: f64 = 60.0;
const WIDTH: f64 = 820.0;
/// The maximum number of jobs in the picture; the last ones are drawn.
const MAX_JOBS: usize = 300;

/// Draws the jobs over time; `None` without times.
pub(super) fn timeline(report: &Report<'_>) -> Option<Picture> {
    let study = report.analysis().study;
    let mut jobs: Vec<(TrialId, f64, f64)> =
        report.attempt_times().into_iter().filter(|(_, begin, end)| end >= begin).collect();
    if jobs.is_empty() {
        return None;
    }
    let omitted = jobs.len().saturating_sub(MAX_JOBS);
    jobs.drain(..omitted);
    let first = jobs.iter().map(|job| job.1).fold(f64::INFINITY, f64::min);
    let last = jobs.iter().map(|job| job.2).fold(f64::NEG_INFINITY, f64::max);
    let (placed, rows) = assign_rows(&jobs);
    let row_height = 18.0;
    let x = PlotAxis::linear("seconds since the first job", 0.0, last - first);
    let bottom = 8.0 + row_height * to_float(rows);
    let mut svg = Svg::new(LEFT + WIDTH + 20.0, bottom + 40.0);
    for (value, label) in x.ticks(8) {
        let at = LEFT + WIDTH * x.position(value);
        svg.line((at, 4.0), (at, bottom), "#e6e6e6", 1.0);
        svg.text((at, bottom + 14.0), Anchor::Middle, 10.0, &label);
    }
    svg.text((LEFT + WIDTH / 2.0, bottom + 30.0), Anchor::Middle, 10.5, &x.label);
    let mut total_time = 0.0;
    for (trial, begin, end, row) in &placed {
        let color = match study.trial(*trial).and_then(|trial| trial.outcome.as_ref()) {
            Some(Outcome::Completed { .. }) => "#0072B2",
            Some(Outcome::Stopped { .. }) => "#E69F00",
            Some(Outcome::Failed(_)) => "#D55E00",
            None => "#7A7A7A",
        };
        total_time += end - begin;
        let (left, right) = (x.position(begin - first), x.position(end - first));
        let at = (LEFT + WIDTH * left, 6.0 + row_height * to_float(*row));
        svg.bar(at, ((WIDTH * (right - left)).max(1.0), row_height - 4.0), color, trial.0);
    }
    for row in 0..rows {
        let text = format!("{}", row + 1);
        svg.text((LEFT - 8.0, 18.0 + row_height * to_float(row)), Anchor::End, 10.0, &text);
    }
    let span = (last - first).max(f64::MIN_POSITIVE);
    let summary = format!(
        "{} jobs in {}, at most {} at once, {:.1} on average.",
        placed.len(),
        format_seconds(last - first),
        rows,
        total_time / span
    );
    Some(Picture {
        name: "timeline",
        title: "When jobs ran".to_owned(),
        explanation: "Each bar is a job; jobs in one row ran one after the other. Blue jobs \
                      completed, amber ones were stopped early, orange-red ones failed. The times \
                      are those of the recorded events."
            .to_owned(),
        svg: svg.finish(&summary),
        summary,
    })
}

/// A job with its start, its end, and the row of its bar.
type Placed = (TrialId, f64, f64, usize);

/// Assigns each job to the first free row, and returns the number of rows.
fn assign_rows(jobs: &[(TrialId, f64, f64)]) -> (Vec<Placed>, usize) {
    let mut free_times: Vec<f64> = Vec::new();
    let mut placed = Vec::new();
    for (trial, begin, end) in jobs {
        let row = free_times.iter().position(|free| free <= begin).unwrap_or(free_times.len());
        if row == free_times.len() {
            free_times.push(*end);
        } else {
            free_times[row] = *end;
        }
        placed.push((*trial, *begin, *end, row));
    }
    (placed, free_times.len())
}
