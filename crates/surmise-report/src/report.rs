//! What a report is made of.

use std::collections::BTreeMap;

use surmise::TrialId;
use surmise::study::Event;

use crate::analysis::Analysis;

/// A report of a study, as a page or as single pictures.
///
/// ```no_run
/// use surmise::journal::Journal;
/// use surmise_report::{Analysis, Report};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let view = Journal::view("train.surmise")?;
/// let analysis = Analysis::of(&view.study);
/// let report = Report::of("train", &analysis).with_times(&view.times);
/// std::fs::write("report.html", report.html())?;
/// for picture in report.pictures() {
///     std::fs::write(format!("{}.svg", picture.name), picture.svg)?;
/// }
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Report<'a> {
    pub(crate) title: String,
    analysis: &'a Analysis<'a>,
    times: &'a [f64],
    pub(crate) best_command: Option<String>,
    pub(crate) origin: Vec<(String, String)>,
}

impl<'a> Report<'a> {
    /// A report of an analysed study, under this title.
    pub fn of(title: impl Into<String>, analysis: &'a Analysis<'a>) -> Self {
        let (times, best_command, origin) = (&[][..], None, Vec::new());
        Self { title: title.into(), analysis, times, best_command, origin }
    }

    /// With the times of the study's events, in seconds since 1970, as
    /// [`JournalView::times`](surmise::journal::JournalView::times) has them: for the picture of when jobs ran.
    #[must_use]
    pub fn with_times(self, times: &'a [f64]) -> Self {
        Self { times, ..self }
    }

    /// With the command that runs the best configuration.
    #[must_use]
    pub fn with_best_command(self, command: impl Into<String>) -> Self {
        Self { best_command: Some(command.into()), ..self }
    }

    /// With a line of its own under "Where this comes from", such as the command line of the tuning.
    #[must_use]
    pub fn with_origin(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.origin.push((name.into(), value.into()));
        self
    }

    /// The analysis that is reported.
    pub fn analysis(&self) -> &'a Analysis<'a> {
        self.analysis
    }

    /// Trials with the beginning and the end of their last attempt, in the order of their beginnings; those that have not ended are left out.
    pub(crate) fn times(&self) -> Vec<(TrialId, f64, f64)> {
        let (mut begun, mut times) = (BTreeMap::new(), Vec::new());
        for (event, time) in self.analysis.study.events().iter().zip(self.times) {
            match event {
                // Another attempt begins when the last one has failed.
                Event::Asked { trial, .. } | Event::AttemptFailed { trial, .. } => {
                    begun.insert(*trial, *time);
                }
                Event::Told { trial, .. } => {
                    times.extend(begun.remove(trial).map(|begin| (*trial, begin, *time)));
                }
                _ => {}
            }
        }
        times.sort_by(|a, b| a.1.total_cmp(&b.1));
        times
    }
}
