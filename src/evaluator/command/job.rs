//! A job that runs, from its start until its end has been told.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{ChildStdin, ExitStatus};
use std::time::Duration;

use super::heard::Heard;
use super::lasting::Address;
use super::process::{Message, Process};
use crate::evaluator::contract::JobId;
use crate::process_group::Signal;

/// How long the output of a program that has ended is waited for: something that escaped from its group may hold it open.
pub(super) const AFTERMATH: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct RunningJob {
    pub(super) job: JobId,
    pub(super) folder: Option<PathBuf>,
    pub(super) heard: Heard,
    process: Process,
    /// Of its two streams, those that are open.
    open_streams: u8,
    stage: Stage,
    /// Opens the gate of a job that waits for it.
    gate: Option<ChildStdin>,
    /// Where it runs, if it outlives the tuner.
    address: Option<Address>,
    /// Reports of it that the study has already.
    known_reports: usize,
}

/// Where a job is on its way. Times are those of the evaluator.
#[derive(Debug)]
enum Stage {
    /// Its time is over then, if it is limited.
    Running { end_by: Option<Duration> },
    /// It has been asked to end; it is killed then, unless it has been.
    Ending { why: Why, kill_at: Option<Duration> },
    /// Its process has ended, and with it all that it had started.
    Exited { why: Option<Why>, status: io::Result<ExitStatus>, at: Duration },
}

/// Why a job was asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    /// The loop wants no more of it.
    Stopped,
    /// It ran for longer than it may.
    OutOfTime,
}

impl RunningJob {
    pub(super) fn new(
        job: JobId,
        process: Process,
        folder: Option<PathBuf>,
        end_by: Option<Duration>,
    ) -> Self {
        let stage = Stage::Running { end_by };
        let heard = Heard::default();
        let (gate, address, known_reports) = (None, None, 0);
        Self { job, folder, heard, process, open_streams: 2, stage, gate, address, known_reports }
    }

    /// The same with a gate before its beginning.
    pub(super) fn behind(self, gate: ChildStdin) -> Self {
        Self { gate: Some(gate), ..self }
    }

    /// The same at an address where it outlives the tuner.
    pub(super) fn at(self, address: Address) -> Self {
        Self { address: Some(address), ..self }
    }

    /// The same after a restart, with so many reports that are heard once more.
    pub(super) fn with_known_reports(self, known_reports: usize) -> Self {
        Self { known_reports, ..self }
    }

    /// Where it runs, if it outlives the tuner.
    pub(super) fn address(&self) -> Option<(JobId, &Address)> {
        self.address.as_ref().map(|address| (self.job, address))
    }

    /// Lets it begin, if it has not.
    pub(super) fn open_gate(&mut self) {
        if let Some(mut gate) = self.gate.take() {
            // Whoever ended meanwhile tells so.
            let _ = gate.write_all(b"go\n");
        }
    }

    /// Whether a report that it has just made is new.
    pub(super) fn is_new_report(&mut self) -> bool {
        let is_new = self.known_reports == 0;
        self.known_reports = self.known_reports.saturating_sub(1);
        is_new
    }

    /// Takes note of what is no line.
    pub(super) fn note(&mut self, message: Message, now: Duration) {
        match message {
            Message::Line { .. } => {}
            Message::Closed => self.open_streams = self.open_streams.saturating_sub(1),
            Message::Exited(status) => {
                self.stage = Stage::Exited { why: self.why(), status, at: now };
            }
        }
    }

    /// Asks it to end, if it runs and has not been asked.
    pub(super) fn ask_to_end(&mut self, why: Why, kill_at: Duration) {
        let is_running = matches!(self.stage, Stage::Running { .. });
        if is_running && self.process.signal(Signal::Terminate) {
            self.stage = Stage::Ending { why, kill_at: Some(kill_at) };
        }
    }

    /// Does what is due: a job whose time is over is asked to end, one whose grace is over is killed.
    pub(super) fn see_to(&mut self, now: Duration, grace: Duration) {
        match &mut self.stage {
            Stage::Running { end_by } => {
                if end_by.take_if(|time| *time <= now).is_some() {
                    self.ask_to_end(Why::OutOfTime, now.saturating_add(grace));
                }
            }
            Stage::Ending { kill_at, .. } => {
                if kill_at.take_if(|time| *time <= now).is_some() {
                    self.process.signal(Signal::Kill);
                }
            }
            Stage::Exited { .. } => {}
        }
    }

    /// Ends it by force, if its process has not ended.
    pub(super) fn kill(&self) {
        if !self.has_exited() {
            self.process.signal(Signal::Kill);
        }
    }

    /// When something is due of which no message tells.
    pub(super) fn next_wake(&self) -> Option<Duration> {
        match &self.stage {
            Stage::Running { end_by: time } | Stage::Ending { kill_at: time, .. } => *time,
            Stage::Exited { at, .. } => Some(at.saturating_add(AFTERMATH)),
        }
    }

    pub(super) fn has_exited(&self) -> bool {
        matches!(self.stage, Stage::Exited { .. })
    }

    /// Whether its process has ended and nothing more is to be heard.
    pub(super) fn is_over(&self, now: Duration) -> bool {
        match &self.stage {
            Stage::Exited { at, .. } => {
                self.open_streams == 0 || now.saturating_sub(*at) >= AFTERMATH
            }
            Stage::Running { .. } | Stage::Ending { .. } => false,
        }
    }

    /// Why it was asked to end, if it was.
    pub(super) fn why(&self) -> Option<Why> {
        match &self.stage {
            Stage::Running { .. } => None,
            Stage::Ending { why, .. } => Some(*why),
            Stage::Exited { why, .. } => *why,
        }
    }

    /// How its process ended, if it has.
    pub(super) fn status(&self) -> Option<&io::Result<ExitStatus>> {
        match &self.stage {
            Stage::Exited { status, .. } => Some(status),
            Stage::Running { .. } | Stage::Ending { .. } => None,
        }
    }
}
