//! The live view on a terminal: a table of running jobs, and lines above it for ended ones.

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
use super::text::{format_configuration, format_duration, format_number};

/// Interval at which the elapsed times are redrawn.
const TICK: Duration = Duration::from_millis(250);

#[derive(Debug)]
pub(crate) struct LiveView {
    bars: MultiProgress,
    header: ProgressBar,
    summary_bar: ProgressBar,
    rows: HashMap<TrialId, Row>,
    summary: Arc<Mutex<Summary>>,
    _suppressed_echo: SuppressedEcho,
}

#[derive(Debug)]
struct Row {
    bar: ProgressBar,
    since: Instant,
}

fn progress_style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}

/// Returns the width of the terminal in columns; 80 if it is unknown.
fn terminal_width() -> usize {
    Term::stdout().size_checked().map_or(80, |(_, width)| usize::from(width))
}

/// Prints permanent lines above the table, from any thread.
#[derive(Debug, Clone)]
pub(crate) struct LinePrinter(MultiProgress, Arc<Mutex<Summary>>);

impl LinePrinter {
    /// Prints that no more jobs are started, and shows it in the summary line.
    pub(crate) fn announce_draining(&self, text: &str) {
        self.1.lock().unwrap_or_else(PoisonError::into_inner).set_draining();
        self.print(text);
    }

    /// Prints lines, each truncated to the width of the terminal.
    pub(crate) fn print(&self, text: &str) {
        for line in text.lines() {
            let _ = self.0.println(truncate_str(line, terminal_width(), "…"));
        }
    }
}

impl LiveView {
    pub(crate) fn new(study: &Study) -> Self {
        let bars = MultiProgress::with_draw_target(ProgressDrawTarget::stdout());
        let header = bars.add(ProgressBar::new_spinner().with_style(progress_style("{wide_msg}")));
        let metric = &study.objective().metric_name;
        header.set_message(format!(
            "{:>5} {:>12} {:>6} {metric:>12}  configuration",
            "trial", "time", "epoch"
        ));
        let summary = Arc::new(Mutex::new(Summary::new(study)));
        let shared = Arc::clone(&summary);
        let line = move |state: &ProgressState, w: &mut dyn Write| {
            let summary = shared.lock().unwrap_or_else(PoisonError::into_inner);
            let line = summary.to_line(state.elapsed());
            let _ = w.write_str(&truncate_str(&line, terminal_width(), "…"));
        };
        let style = progress_style("{summary}").with_key("summary", line);
        let summary_bar = bars.add(ProgressBar::new_spinner().with_style(style));
        summary_bar.enable_steady_tick(TICK);
        let _suppressed_echo = SuppressedEcho::new();
        Self { bars, header, summary_bar, rows: HashMap::new(), summary, _suppressed_echo }
    }

    /// Returns a printer of lines above the table.
    pub(crate) fn line_printer(&self) -> LinePrinter {
        LinePrinter(self.bars.clone(), Arc::clone(&self.summary))
    }

    /// Removes the table from the screen.
    pub(crate) fn clear(&self) {
        for row in self.rows.values() {
            row.bar.finish_and_clear();
        }
        self.header.finish_and_clear();
        self.summary_bar.finish_and_clear();
    }

    pub(crate) fn on_progress(&mut self, study: &Study, progress: &Progress<'_>) {
        match progress {
            Progress::Started { job, .. } => self.add_row(study, job.trial),
            Progress::Recorded(Event::Reported { trial, .. }) => self.update_row(study, *trial),
            Progress::Recorded(Event::Told { trial, .. }) => self.remove_row(study, *trial),
            Progress::Recorded(Event::AttemptFailed { trial, .. }) => {
                if let Some(row) = self.rows.remove(trial) {
                    row.bar.finish_and_clear();
                }
            }
            _ => {}
        }
        if let Some(line) =
            lines::describe_event(study, progress).filter(|_| is_printed_above_table(progress))
        {
            self.line_printer().print(&line);
        }
        self.summary().update_best(study);
    }

    fn summary(&self) -> MutexGuard<'_, Summary> {
        self.summary.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[allow(clippy::disallowed_methods, reason = "the table shows how long a job has run")]
    fn add_row(&mut self, study: &Study, id: TrialId) {
        let since = |state: &ProgressState, w: &mut dyn Write| {
            let _ = w.write_str(&format_duration(state.elapsed()));
        };
        let bar = self.bars.insert_before(&self.summary_bar, ProgressBar::new_spinner());
        bar.set_style(progress_style("{prefix} {since:>12} {wide_msg}").with_key("since", since));
        bar.set_prefix(format!("{:>5}", id.0));
        bar.enable_steady_tick(TICK);
        self.rows.insert(id, Row { bar, since: Instant::now() });
        self.update_row(study, id);
    }

    fn update_row(&mut self, study: &Study, id: TrialId) {
        let (Some(row), Some(trial)) = (self.rows.get(&id), study.trial(id)) else { return };
        let (step, value) = match trial.reports.last() {
            Some(report) => (report.step.to_string(), format_number(report.value)),
            None => ("–".to_owned(), "–".to_owned()),
        };
        row.bar.set_message(format!(
            "{step:>6} {value:>12}  {}",
            format_configuration(&trial.configuration)
        ));
    }

    fn remove_row(&mut self, study: &Study, id: TrialId) {
        let row = self.rows.remove(&id);
        if let Some(row) = &row {
            row.bar.finish_and_clear();
        }
        let mut summary = self.summary();
        if let Some(trial) = study.trial(id) {
            summary.add_trial(study, trial);
        }
        if let Some(row) = row {
            summary.add_duration(row.since.elapsed());
        }
    }
}

/// Returns whether an event is printed above the table, which shows the other events.
fn is_printed_above_table(progress: &Progress<'_>) -> bool {
    !matches!(
        progress,
        Progress::Started { adopted: false, .. } | Progress::Recorded(Event::StopRequested { .. })
    )
}
