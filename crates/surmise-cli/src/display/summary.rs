//! The summary line below the table of running jobs: progress, times, best value and failures.

use std::time::Duration;

use surmise::{Outcome, Study, Trial, TrialId};

use super::estimate::Estimate;
use super::text::{format_duration, format_number};

/// Width of the progress bar in characters.
const BAR_WIDTH: usize = 16;
/// Number of best values in the sparkline.
const SPARKLINE_LENGTH: usize = 24;
const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The counts, times and best values that the summary line shows.
#[derive(Debug)]
pub(crate) struct Summary {
    max_jobs: Option<usize>,
    parallel: usize,
    ended: usize,
    failed: usize,
    best: Option<(TrialId, f64)>,
    /// The best value until then, for each trial with a value.
    best_values: Vec<f64>,
    estimate: Estimate,
    is_draining: bool,
}

impl Summary {
    /// Creates the summary of a study from the trials that have ended.
    pub(crate) fn new(study: &Study) -> Self {
        let limits = study.settings().limits;
        let mut summary = Self {
            max_jobs: limits.max_jobs,
            parallel: limits.max_parallel_jobs,
            ended: 0,
            failed: 0,
            best: None,
            best_values: Vec::new(),
            estimate: Estimate::default(),
            is_draining: false,
        };
        for trial in study.trials().iter().filter(|trial| trial.outcome.is_some()) {
            summary.add_trial(study, trial);
        }
        summary.update_best(study);
        summary
    }

    /// Counts an ended trial.
    pub(crate) fn add_trial(&mut self, study: &Study, trial: &Trial) {
        let objective = study.objective();
        self.ended += 1;
        self.failed += usize::from(matches!(trial.outcome, Some(Outcome::Failed(_))));
        if let Some(value) = trial.value() {
            let best = self.best_values.last().copied().unwrap_or(value);
            let is_better = objective.loss(value) < objective.loss(best);
            self.best_values.push(if is_better { value } else { best });
        }
    }

    /// Updates the best trial from the study.
    pub(crate) fn update_best(&mut self, study: &Study) {
        self.best = study.best().and_then(|trial| Some((trial.id, trial.value()?)));
    }

    /// Records that no more jobs are started.
    pub(crate) fn set_draining(&mut self) {
        self.is_draining = true;
    }

    /// Adds the duration of an ended job to the estimate of the remaining time.
    pub(crate) fn add_duration(&mut self, time: Duration) {
        if let Some(jobs) = self.max_jobs {
            self.estimate.add_job(time, jobs.saturating_sub(self.ended), self.parallel);
        }
    }

    /// Formats the summary line; `elapsed` is the time since the tuning started.
    pub(crate) fn to_line(&self, elapsed: Duration) -> String {
        let jobs = match self.max_jobs {
            Some(jobs) => format!("{} {}/{jobs} jobs", bar(self.ended, jobs), self.ended),
            None => format!("{} jobs", self.ended),
        };
        let remaining = self.estimate.remaining();
        // An estimate is not more precise than a second.
        let remaining =
            remaining.map(|time| format_duration(Duration::from_secs(time.as_secs().max(1))));
        let remaining = match remaining {
            _ if self.is_draining => ", draining: running jobs may end".to_owned(),
            Some(time) => format!(", about {time} left"),
            None => String::new(),
        };
        let best = match self.best {
            Some((trial, value)) => format!("best {} (trial {trial})", format_number(value)),
            None => "no value yet".to_owned(),
        };
        let failed = match self.failed {
            0 => String::new(),
            failed => format!(", {failed} failed"),
        };
        let best_values = sparkline(&self.best_values);
        format!("{jobs}, {}{remaining}  {best}{failed}  {best_values}", format_duration(elapsed))
    }
}

/// Draws a progress bar for `done` of `total` jobs.
fn bar(done: usize, total: usize) -> String {
    let full = (done * BAR_WIDTH).checked_div(total).unwrap_or(BAR_WIDTH).min(BAR_WIDTH);
    "█".repeat(full) + &"░".repeat(BAR_WIDTH - full)
}

/// Draws the last values as bars, scaled from their minimum to their maximum.
fn sparkline(values: &[f64]) -> String {
    let shown = &values[values.len().saturating_sub(SPARKLINE_LENGTH)..];
    let low = shown.iter().copied().fold(f64::INFINITY, f64::min);
    let high = shown.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let level = |value: &f64| {
        let share = if high > low { (value - low) / (high - low) } else { 0.0 };
        let steps = (LEVELS.len() - 1) as f64;
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 0 to 7")]
        LEVELS[((share * steps).round().clamp(0.0, steps)) as usize]
    };
    shown.iter().map(level).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sparkline_spans_minimum_to_maximum() {
        assert_eq!(sparkline(&[]), "");
        assert_eq!(sparkline(&[3.0, 3.0]), "▁▁");
        assert_eq!(sparkline(&[8.0, 4.0, 1.0]), "█▄▁");
        assert_eq!(sparkline(&[1.0; 100]).chars().count(), SPARKLINE_LENGTH);
        assert_eq!(sparkline(&[f64::NAN, 1.0]).chars().count(), 2);
    }

    #[test]
    fn a_bar_is_never_longer_than_its_width() {
        assert_eq!(bar(1, 2), "████████░░░░░░░░");
        assert_eq!(bar(9, 2), "█".repeat(16));
        assert_eq!(bar(0, 0), "█".repeat(16));
    }
}
