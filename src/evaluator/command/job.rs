//! The state of a running job, from its start until its end has been reported.

use std::io::{self, Write};
use std::path::PathBuf;
use std::process::{ChildStdin, ExitStatus};
use std::time::Duration;

use super::output_reader::OutputReader;
use super::process::{Message, Process};
use super::surviving::ProcessLocation;
use crate::evaluator::contract::JobId;
use crate::process_group::Signal;

/// How long to wait for the output streams to close after the program has ended. A process that has
/// left the process group may keep them open.
pub(super) const OUTPUT_GRACE_PERIOD: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct RunningJob {
    pub(super) job: JobId,
    pub(super) folder: Option<PathBuf>,
    pub(super) output: OutputReader,
    process: Process,
    /// Number of open streams: standard output and standard error.
    open_streams: u8,
    stage: Stage,
    /// The pipe that lets a surviving program begin; `None` once it has begun.
    start_pipe: Option<ChildStdin>,
    /// The location of a surviving job.
    location: Option<ProcessLocation>,
    /// Number of reports that are read once more after a restart, although the study has them.
    known_reports: usize,
}

/// The stage of a job. Times are on the evaluator's clock.
#[derive(Debug)]
enum Stage {
    /// The program runs, until `end_by` if its runtime is limited.
    Running { end_by: Option<Duration> },
    /// The program was asked to end. It is killed at `kill_at`; `None` once that has happened.
    Ending { reason: EndReason, kill_at: Option<Duration> },
    /// The program and its child processes have ended.
    Exited { reason: Option<EndReason>, status: io::Result<ExitStatus>, at: Duration },
}

/// Why a job was asked to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EndReason {
    /// The tuner has sent a stop request.
    Requested,
    /// The job has exceeded its maximum runtime.
    TimedOut,
}

impl RunningJob {
    pub(super) fn new(
        job: JobId,
        process: Process,
        folder: Option<PathBuf>,
        end_by: Option<Duration>,
    ) -> Self {
        let stage = Stage::Running { end_by };
        let output = OutputReader::default();
        Self {
            job,
            folder,
            output,
            process,
            open_streams: 2,
            stage,
            start_pipe: None,
            location: None,
            known_reports: 0,
        }
    }

    /// Adds the pipe that lets the program begin.
    pub(super) fn with_start_pipe(self, start_pipe: ChildStdin) -> Self {
        Self { start_pipe: Some(start_pipe), ..self }
    }

    /// Marks the job as surviving, at this location.
    pub(super) fn with_location(self, location: ProcessLocation) -> Self {
        Self { location: Some(location), ..self }
    }

    /// Skips the first `known_reports` reports, which are read once more after a restart.
    pub(super) fn with_known_reports(self, known_reports: usize) -> Self {
        Self { known_reports, ..self }
    }

    /// Returns the location of a surviving job.
    pub(super) fn location(&self) -> Option<(JobId, &ProcessLocation)> {
        self.location.as_ref().map(|location| (self.job, location))
    }

    /// Lets a launched program begin, if it has not.
    pub(super) fn begin(&mut self) {
        if let Some(mut start_pipe) = self.start_pipe.take() {
            // Writing fails if the program has ended meanwhile; its end is reported anyway.
            let _ = start_pipe.write_all(b"go\n");
        }
    }

    /// Counts a report, and returns whether the study does not have it yet.
    pub(super) fn count_report(&mut self) -> bool {
        let is_new = self.known_reports == 0;
        self.known_reports = self.known_reports.saturating_sub(1);
        is_new
    }

    /// Records a closed stream or the end of the program.
    pub(super) fn record(&mut self, message: Message, now: Duration) {
        match message {
            Message::Line { .. } => {}
            Message::Closed => self.open_streams = self.open_streams.saturating_sub(1),
            Message::Exited(status) => {
                self.stage = Stage::Exited { reason: self.end_reason(), status, at: now };
            }
        }
    }

    /// Asks the program to end, if it is running and has not been asked.
    pub(super) fn request_end(&mut self, reason: EndReason, kill_at: Duration) {
        let is_running = matches!(self.stage, Stage::Running { .. });
        if is_running && self.process.signal(Signal::Terminate) {
            self.stage = Stage::Ending { reason, kill_at: Some(kill_at) };
        }
    }

    /// Asks the job to end if its maximum runtime is over; kills it if its grace period is over.
    pub(super) fn enforce_deadlines(&mut self, now: Duration, grace_period: Duration) {
        match &mut self.stage {
            Stage::Running { end_by } => {
                if end_by.take_if(|time| *time <= now).is_some() {
                    self.request_end(EndReason::TimedOut, now.saturating_add(grace_period));
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

    /// Kills the process group, if the program has not ended.
    pub(super) fn kill(&self) {
        if !self.has_exited() {
            self.process.signal(Signal::Kill);
        }
    }

    /// Returns the time at which the next deadline passes; no message announces it.
    pub(super) fn next_deadline(&self) -> Option<Duration> {
        match &self.stage {
            Stage::Running { end_by: time } | Stage::Ending { kill_at: time, .. } => *time,
            Stage::Exited { at, .. } => Some(at.saturating_add(OUTPUT_GRACE_PERIOD)),
        }
    }

    pub(super) fn has_exited(&self) -> bool {
        matches!(self.stage, Stage::Exited { .. })
    }

    /// Returns whether the program has ended, and its output is complete or its grace period is
    /// over.
    pub(super) fn is_over(&self, now: Duration) -> bool {
        match &self.stage {
            Stage::Exited { at, .. } => {
                self.open_streams == 0 || now.saturating_sub(*at) >= OUTPUT_GRACE_PERIOD
            }
            Stage::Running { .. } | Stage::Ending { .. } => false,
        }
    }

    /// Returns why the job was asked to end, if it was.
    pub(super) fn end_reason(&self) -> Option<EndReason> {
        match &self.stage {
            Stage::Running { .. } => None,
            Stage::Ending { reason, .. } => Some(*reason),
            Stage::Exited { reason, .. } => *reason,
        }
    }

    /// Returns the exit status of the program, if it has ended.
    pub(super) fn status(&self) -> Option<&io::Result<ExitStatus>> {
        match &self.stage {
            Stage::Exited { status, .. } => Some(status),
            Stage::Running { .. } | Stage::Ending { .. } => None,
        }
    }
}
