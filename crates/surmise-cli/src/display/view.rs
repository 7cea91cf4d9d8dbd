//! The displays of a tuning while it runs.

use std::io::{IsTerminal, stdout};

use surmise::Study;
use surmise::tune::Progress;

use super::json;
use super::lines::describe_event;
use super::live::LiveView;
use crate::output::{print_line, print_to_stderr};

/// The form in which events are printed while a tuning runs.
#[derive(Debug)]
pub(crate) enum ProgressDisplay {
    /// Prints nothing before the result.
    Quiet,
    /// Prints each event as a line of JSON.
    Json,
    /// Prints each event as a line of text.
    Lines,
    /// Redraws a table of the running jobs.
    Live(Box<LiveView>),
}

impl ProgressDisplay {
    /// Chooses the live view on a terminal, and lines otherwise.
    pub(crate) fn for_people(study: &Study) -> Self {
        // A dumb terminal cannot move its cursor.
        let is_dumb = std::env::var_os("TERM").is_none_or(|kind| kind == "dumb");
        let is_live = stdout().is_terminal() && !is_dumb;
        if is_live { Self::Live(Box::new(LiveView::new(study))) } else { Self::Lines }
    }

    pub(crate) fn on_progress(&mut self, study: &Study, progress: &Progress<'_>) {
        match self {
            Self::Quiet => {}
            Self::Json => json::print(progress),
            Self::Lines => {
                if let Some(line) = describe_event(study, progress) {
                    // A closed pipe does not end the tuning.
                    let _ = print_line(line);
                }
            }
            Self::Live(live) => live.on_progress(study, progress),
        }
    }

    /// Removes the live view, so that the result is printed below the lines.
    pub(crate) fn finish(&self) {
        if let Self::Live(live) = self {
            live.clear();
        }
    }

    /// Returns the function that announces, from any thread, that no more jobs are started.
    pub(crate) fn drain_announcer(&self) -> Box<dyn Fn(&str) + Send> {
        match self {
            Self::Live(live) => {
                let printer = live.line_printer();
                Box::new(move |text| printer.announce_draining(text))
            }
            _ => Box::new(|text| print_to_stderr(text)),
        }
    }
}
