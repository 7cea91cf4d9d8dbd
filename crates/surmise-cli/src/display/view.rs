//! The ways of showing a tuning while it runs.

use std::io::{IsTerminal, stdout};

use surmise::Study;
use surmise::tune::Progress;

use super::json;
use super::lines::line;
use super::live::Live;
use crate::output::{say, say_aside};

/// How a tuning is shown.
#[derive(Debug)]
pub(crate) enum Display {
    /// Not at all: the result is printed at the end.
    Quiet,
    /// Events as JSON, a line each.
    Json,
    /// A line for each event.
    Lines,
    /// A table that is drawn anew all the time.
    Live(Box<Live>),
}

impl Display {
    /// A live view on a terminal, else lines.
    pub(crate) fn for_people(study: &Study) -> Self {
        // A terminal that cannot move its cursor.
        let is_dumb = std::env::var_os("TERM").is_none_or(|kind| kind == "dumb");
        let is_live = stdout().is_terminal() && !is_dumb;
        if is_live { Self::Live(Box::new(Live::new(study))) } else { Self::Lines }
    }

    pub(crate) fn observe(&mut self, study: &Study, progress: &Progress<'_>) {
        match self {
            Self::Quiet => {}
            Self::Json => json::print(progress),
            Self::Lines => {
                if let Some(line) = line(study, progress) {
                    // A closed pipe does not end the tuning.
                    let _ = say(line);
                }
            }
            Self::Live(live) => live.observe(study, progress),
        }
    }

    /// Ends the view, so that what follows stands below it.
    pub(crate) fn end(&self) {
        if let Self::Live(live) = self {
            live.clear();
        }
    }

    /// Says that no more jobs are started, from any thread.
    pub(crate) fn announcer(&self) -> Box<dyn Fn(&str) + Send> {
        match self {
            Self::Live(live) => {
                let above = live.above();
                Box::new(move |text| above.announce_draining(text))
            }
            _ => Box::new(|text| say_aside(text)),
        }
    }
}
