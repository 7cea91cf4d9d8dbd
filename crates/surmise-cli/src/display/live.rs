//! The live view of a tuning on a terminal: running jobs as a table, ended ones as lines above it.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use console::{Term, truncate_str};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use surmise::study::Event;
use surmise::tune::Progress;
use surmise::{Study, Trial, TrialId};

use super::estimate::Estimate;
use super::lines;
use super::text::{duration, number, short};

/// How often the clock moves.
const TICK: Duration = Duration::from_millis(250);
/// Best values in the sparkline.
const SPARKS: usize = 24;
const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

#[derive(Debug)]
pub(crate) struct Live {
    all: MultiProgress,
    head: ProgressBar,
    total: ProgressBar,
    rows: HashMap<TrialId, Row>,
    estimate: Arc<Mutex<Estimate>>,
    failed: usize,
    best: Vec<f64>,
}

#[derive(Debug)]
struct Row {
    bar: ProgressBar,
    since: Instant,
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn since(state: &ProgressState, w: &mut dyn Write) {
    let _ = w.write_str(&duration(state.elapsed()));
}

/// The place above the table, where lines stay.
#[derive(Debug, Clone)]
pub(crate) struct Above(MultiProgress);

impl Above {
    /// Writes a line, cut off at the width of the terminal.
    pub(crate) fn say(&self, text: &str) {
        let width = usize::from(Term::stdout().size_checked().map_or(80, |(_, width)| width));
        for line in text.lines() {
            let _ = self.0.println(truncate_str(line, width, "…"));
        }
    }
}

impl Live {
    pub(crate) fn new(study: &Study) -> Self {
        let all = MultiProgress::with_draw_target(ProgressDrawTarget::stdout());
        let head = all.add(ProgressBar::new_spinner().with_style(style("{wide_msg}")));
        let metric = &study.objective().metric_name;
        head.set_message(format!(
            "{:>5} {:>12} {:>6} {metric:>12}  configuration",
            "trial", "time", "epoch"
        ));
        let estimate = Arc::new(Mutex::new(Estimate::default()));
        let shared = Arc::clone(&estimate);
        let left = move |_: &ProgressState, w: &mut dyn Write| {
            let estimate = shared.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(left) = estimate.left() {
                let _ = write!(w, ", about {} left", duration(left));
            }
        };
        let limits = study.settings().limits;
        let template = match limits.max_jobs {
            Some(_) => "{bar:16} {pos}/{len} jobs, {since}{left}  {wide_msg}",
            None => "{pos} jobs, {since}{left}  {wide_msg}",
        };
        let style = style(template).with_key("left", left).with_key("since", since);
        let total = ProgressBar::new(limits.max_jobs.unwrap_or(0) as u64).with_style(style);
        let total = all.add(total);
        let mut live =
            Self { all, head, total, rows: HashMap::new(), estimate, failed: 0, best: Vec::new() };
        for trial in study.trials().iter().filter(|trial| trial.outcome.is_some()) {
            live.count(study, trial);
        }
        live.total.enable_steady_tick(TICK);
        live
    }

    /// Where lines above the table are written.
    pub(crate) fn above(&self) -> Above {
        Above(self.all.clone())
    }

    pub(crate) fn clear(&self) {
        for row in self.rows.values() {
            row.bar.finish_and_clear();
        }
        self.head.finish_and_clear();
        self.total.finish_and_clear();
    }

    /// Takes an ended trial into the figures.
    fn count(&mut self, study: &Study, trial: &Trial) {
        let objective = study.objective();
        let failed = matches!(trial.outcome, Some(surmise::Outcome::Failed(_)));
        self.failed += usize::from(failed);
        if let Some(value) = trial.value() {
            let best = self.best.last().copied();
            let is_better = best.is_none_or(|best| objective.loss(value) < objective.loss(best));
            self.best.push(if is_better { value } else { best.unwrap_or(value) });
        }
        self.total.inc(1);
    }

    pub(crate) fn observe(&mut self, study: &Study, progress: &Progress<'_>) {
        match progress {
            Progress::Started { job, .. } => self.start(study, job.trial),
            Progress::Recorded(Event::Reported { trial, .. }) => self.report(study, *trial),
            Progress::Recorded(Event::Told { trial, .. }) => self.end(study, *trial),
            Progress::Recorded(Event::AttemptFailed { trial, .. }) => {
                if let Some(row) = self.rows.remove(trial) {
                    row.bar.finish_and_clear();
                }
            }
            _ => {}
        }
        if let Some(line) = lines::line(study, progress).filter(|_| is_said(progress)) {
            self.above().say(&line);
        }
        self.summarize(study);
    }

    #[allow(clippy::disallowed_methods, reason = "people want to know since when")]
    fn start(&mut self, study: &Study, id: TrialId) {
        let bar = self.all.insert_before(&self.total, ProgressBar::new_spinner());
        bar.set_style(style("{prefix} {since:>12} {wide_msg}").with_key("since", since));
        bar.set_prefix(format!("{:>5}", id.0));
        bar.enable_steady_tick(TICK);
        self.rows.insert(id, Row { bar, since: Instant::now() });
        self.report(study, id);
    }

    fn report(&mut self, study: &Study, id: TrialId) {
        let (Some(row), Some(trial)) = (self.rows.get(&id), study.trial(id)) else { return };
        let (step, value) = match trial.reports.last() {
            Some(report) => (report.step.to_string(), number(report.value)),
            None => ("–".to_owned(), "–".to_owned()),
        };
        row.bar.set_message(format!("{step:>6} {value:>12}  {}", short(&trial.configuration)));
    }

    fn end(&mut self, study: &Study, id: TrialId) {
        if let Some(trial) = study.trial(id) {
            self.count(study, trial);
        }
        let Some(row) = self.rows.remove(&id) else { return };
        row.bar.finish_and_clear();
        let limits = study.settings().limits;
        let ended = usize::try_from(self.total.position()).unwrap_or(usize::MAX);
        if let Some(jobs) = limits.max_jobs {
            let mut estimate = self.estimate.lock().unwrap_or_else(PoisonError::into_inner);
            let remaining = jobs.saturating_sub(ended);
            estimate.job_ended(row.since.elapsed(), remaining, limits.max_parallel_jobs);
        }
    }

    fn summarize(&self, study: &Study) {
        let best = match study.best() {
            Some(trial) => {
                let value = trial.value().map(number).unwrap_or_default();
                format!("best {value} (trial {})", trial.id)
            }
            None => "no value yet".to_owned(),
        };
        let failed = match self.failed {
            0 => String::new(),
            failed => format!(", {failed} failed"),
        };
        self.total.set_message(format!("{best}{failed}  {}", sparkline(&self.best)));
    }
}

/// Whether an event has a line of its own above the table, which shows the others.
fn is_said(progress: &Progress<'_>) -> bool {
    !matches!(
        progress,
        Progress::Started { adopted: false, .. } | Progress::Recorded(Event::StopAsked { .. })
    )
}

/// The last values as bars, from the least to the greatest of them.
fn sparkline(values: &[f64]) -> String {
    let shown = &values[values.len().saturating_sub(SPARKS)..];
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
    fn a_sparkline_goes_from_the_least_to_the_greatest() {
        assert_eq!(sparkline(&[]), "");
        assert_eq!(sparkline(&[3.0, 3.0]), "▁▁");
        assert_eq!(sparkline(&[8.0, 4.0, 1.0]), "█▄▁");
        assert_eq!(sparkline(&[1.0; 100]).chars().count(), SPARKS);
    }
}
