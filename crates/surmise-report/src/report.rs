//! The report of a study.

use std::collections::BTreeMap;

use surmise::TrialId;
use surmise::study::Event;

use crate::analysis::Analysis;

/// The report of a study, as an HTML page or as single pictures.
///
/// The page has a summary, the findings, all pictures with explanations, a table of the trials, and
/// a filter for them. It is one file that refers to no other file or server.
///
/// ```no_run
/// use surmise::journal::Journal;
/// use surmise_report::{Analysis, Report};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let view = Journal::view("train.surmise")?;
/// let analysis = Analysis::new(&view.study);
/// let report = Report::new("train", &analysis).with_times(&view.times);
/// std::fs::write("report.html", report.html())?;
/// for picture in report.pictures() {
///     std::fs::write(format!("{}.svg", picture.name), picture.svg)?;
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Common mistakes
///
/// - *No [`with_times`](Self::with_times).* The study itself has no times of its events. Without
///   them, the page has no picture of when jobs ran.
/// - *Times of another study.* The times belong to the events by their position; times of a
///   different study give a wrong picture, and no error.
/// - *Thousands of trials.* Of more than 1,000 trials, the page shows the best, the last, and an
///   even selection of the rest. Export all of them from the study instead.
///
/// Continue with [`Analysis::findings`] for the findings as data, and
/// [`Comparison::html`](crate::Comparison::html) for a page about several studies.
#[derive(Debug, Clone)]
pub struct Report<'a> {
    pub(crate) title: String,
    analysis: &'a Analysis<'a>,
    times: &'a [f64],
    pub(crate) best_command: Option<String>,
    pub(crate) origin: Vec<(String, String)>,
}

impl<'a> Report<'a> {
    /// Creates the report of an analyzed study, with a title for the page.
    pub fn new(title: impl Into<String>, analysis: &'a Analysis<'a>) -> Self {
        let (times, best_command, origin) = (&[][..], None, Vec::new());
        Self { title: title.into(), analysis, times, best_command, origin }
    }

    /// Adds the times of the study's events, for the picture of when jobs ran; none by default.
    ///
    /// There is one time for each event, in seconds since 1970, as in
    /// [`JournalView::times`](surmise::journal::JournalView::times). Without times, the page does
    /// not have this picture.
    #[must_use]
    pub fn with_times(self, times: &'a [f64]) -> Self {
        Self { times, ..self }
    }

    /// Adds the command that runs the best configuration, which the page shows at its top.
    ///
    /// By default, the page shows no command. Add it if a command evaluates a configuration.
    #[must_use]
    pub fn with_best_command(self, command: impl Into<String>) -> Self {
        Self { best_command: Some(command.into()), ..self }
    }

    /// Adds a line to the section "Origin", such as the command line of the tuning.
    ///
    /// By default, the section has the strategy, the seed and the ranges. Add what a reader needs
    /// to repeat the tuning; each call adds one line.
    #[must_use]
    pub fn with_origin(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.origin.push((name.into(), value.into()));
        self
    }

    /// Returns the analysis that the report shows.
    pub fn analysis(&self) -> &'a Analysis<'a> {
        self.analysis
    }

    /// Returns the start and end times of the last attempt of each ended trial, by start time.
    pub(crate) fn attempt_times(&self) -> Vec<(TrialId, f64, f64)> {
        let (mut start_times, mut times) = (BTreeMap::new(), Vec::new());
        for (event, time) in self.analysis.study.events().iter().zip(self.times) {
            match event {
                // The next attempt starts when an attempt has failed.
                Event::Asked { trial, .. } | Event::AttemptFailed { trial, .. } => {
                    start_times.insert(*trial, *time);
                }
                Event::Told { trial, .. } => {
                    times.extend(start_times.remove(trial).map(|start| (*trial, start, *time)));
                }
                _ => {}
            }
        }
        times.sort_by(|a, b| a.1.total_cmp(&b.1));
        times
    }
}
