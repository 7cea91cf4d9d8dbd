//! The live view of a tuning on a terminal: running jobs as a table, ended ones as lines above it.

use std::collections::HashMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use console::{Term, truncate_str};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};
use surmise::study::Event;
use surmise::tune::Progress;
use surmise::{Study, TrialId};

use super::echo::SuppressedEcho;
use super::lines;
use super::summary::Summary;
use super::text::{duration, number, short};

/// How often the clock moves.
const TICK: Duration = Duration::from_millis(250);

#[derive(Debug)]
pub(crate) struct Live {
    all: MultiProgress,
    head: ProgressBar,
    total: ProgressBar,
    rows: HashMap<TrialId, Row>,
    summary: Arc<Mutex<Summary>>,
    _suppressed_echo: SuppressedEcho,
}

#[derive(Debug)]
struct Row {
    bar: ProgressBar,
    since: Instant,
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// The width of the terminal.
fn width() -> usize {
    Term::stdout().size_checked().map_or(80, |(_, width)| usize::from(width))
}

/// The place above the table, where lines stay.
#[derive(Debug, Clone)]
pub(crate) struct Above(MultiProgress, Arc<Mutex<Summary>>);

impl Above {
    /// Says that no more jobs are started.
    pub(crate) fn announce_draining(&self, text: &str) {
        self.1.lock().unwrap_or_else(PoisonError::into_inner).set_draining();
        self.say(text);
    }

    /// Writes a line, cut off at the width of the terminal.
    pub(crate) fn say(&self, text: &str) {
        for line in text.lines() {
            let _ = self.0.println(truncate_str(line, width(), "…"));
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
        let summary = Arc::new(Mutex::new(Summary::of(study)));
        let shared = Arc::clone(&summary);
        let line = move |state: &ProgressState, w: &mut dyn Write| {
            let summary = shared.lock().unwrap_or_else(PoisonError::into_inner);
            let line = summary.line(state.elapsed());
            let _ = w.write_str(&truncate_str(&line, width(), "…"));
        };
        let style = style("{summary}").with_key("summary", line);
        let total = all.add(ProgressBar::new_spinner().with_style(style));
        total.enable_steady_tick(TICK);
        let _suppressed_echo = SuppressedEcho::new();
        Self { all, head, total, rows: HashMap::new(), summary, _suppressed_echo }
    }

    /// Where lines above the table are written.
    pub(crate) fn above(&self) -> Above {
        Above(self.all.clone(), Arc::clone(&self.summary))
    }

    /// Takes the table away.
    pub(crate) fn clear(&self) {
        for row in self.rows.values() {
            row.bar.finish_and_clear();
        }
        self.head.finish_and_clear();
        self.total.finish_and_clear();
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
        self.summary().update_best(study);
    }

    fn summary(&self) -> MutexGuard<'_, Summary> {
        self.summary.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[allow(clippy::disallowed_methods, reason = "the table shows since when a job runs")]
    fn start(&mut self, study: &Study, id: TrialId) {
        let since = |state: &ProgressState, w: &mut dyn Write| {
            let _ = w.write_str(&duration(state.elapsed()));
        };
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
        let row = self.rows.remove(&id);
        if let Some(row) = &row {
            row.bar.finish_and_clear();
        }
        let mut summary = self.summary();
        if let Some(trial) = study.trial(id) {
            summary.count(study, trial);
        }
        if let Some(row) = row {
            summary.add_duration(row.since.elapsed());
        }
    }
}

/// Whether an event has a line of its own above the table, which shows the others.
fn is_said(progress: &Progress<'_>) -> bool {
    !matches!(
        progress,
        Progress::Started { adopted: false, .. } | Progress::Recorded(Event::StopAsked { .. })
    )
}
