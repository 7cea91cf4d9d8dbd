//! Implements `Evaluator` for the command evaluator.

use std::time::Duration;

use super::evaluator::{CHANNEL_CAPACITY, CommandEvaluator};
use super::job::{EndReason, OUTPUT_GRACE_PERIOD, RunningJob};
use super::pass::io_error;
use super::process::{Message, Process};
use super::sources::ReportSource;
use super::surviving::{ProcessLocation, record_process};
use crate::error::{Error, EvaluatorError};
use crate::evaluator::contract::{
    self as jobs, Adoption, Evaluator, Job, JobEvent, JobId, StartOutcome,
};
use crate::space::{ParameterRange, SearchSpace};

/// Interval at which report files are polled.
const POLL_INTERVAL: Duration = Duration::from_millis(100);
/// Maximum grace period of the jobs when the evaluator is dropped.
const MAX_DROP_GRACE_PERIOD: Duration = Duration::from_secs(10);

impl CommandEvaluator {
    /// Returns the event that a message of a process causes, if any.
    fn process_message(&mut self, number: u64, message: Message) -> Option<JobEvent> {
        let now = self.elapsed();
        let running = self.running.get_mut(&number)?;
        if let Message::Line { is_error, text } = message {
            let report = running.output.read_line(text, is_error, &self.metric, &self.reports);
            let (step, value) = report.filter(|_| running.count_report())?;
            return Some(JobEvent::Report { job: running.job, step, value });
        }
        running.record(message, now);
        None
    }

    /// Enforces deadlines, reads report files, and returns the reports and ends of jobs.
    fn poll_jobs(&mut self) -> Vec<JobEvent> {
        let now = self.elapsed();
        let mut events = Vec::new();
        let mut ended = Vec::new();
        for (number, running) in &mut self.running {
            running.enforce_deadlines(now, self.grace_period);
            let is_over = running.is_over(now);
            if let (ReportSource::File(file), Some(folder)) = (&self.reports, &running.folder) {
                for (step, value) in running.output.read_appended(&folder.join(file), is_over) {
                    if running.count_report() {
                        events.push(JobEvent::Report { job: running.job, step, value });
                    }
                }
            }
            if is_over {
                ended.push(*number);
            }
        }
        for number in ended {
            let Some(running) = self.running.remove(&number) else { continue };
            self.watcher.iter_mut().for_each(|watcher| watcher.unwatch(number));
            let outcome = self.outcome(&running);
            events.push(JobEvent::Ended { job: running.job, outcome });
        }
        events
    }

    /// Returns how long to wait for messages: until the next deadline, poll or `until`.
    fn next_wait(&self, until: Duration) -> Duration {
        let now = self.elapsed();
        let mut wake = until;
        for running in self.running.values() {
            wake = running.next_deadline().map_or(wake, |time| wake.min(time));
            if matches!(self.reports, ReportSource::File(_)) {
                wake = wake.min(now.saturating_add(POLL_INTERVAL));
            }
        }
        wake.saturating_sub(now)
    }
}

impl Evaluator for CommandEvaluator {
    fn start(&mut self, job: &Job<'_>) -> Result<StartOutcome, EvaluatorError> {
        let id = job.id();
        let has_failed_to_start = self.failed_to_start.iter().any(|event| event.job() == Some(id));
        if has_failed_to_start || self.running.values().any(|running| running.job == id) {
            return Ok(StartOutcome::Adopted);
        }
        self.check().map_err(|error| EvaluatorError::new(error.to_string()))?;
        let parent = self.folder.clone().unwrap_or_default();
        let folder = match self.prepare_folder(id) {
            Ok(folder) => folder,
            Err(error) => {
                let fatal_error = |_: &Self| io_error("prepare", &parent, &error);
                return self.handle_start_error(id, &error, fatal_error);
            }
        };
        let mut command = self.build_command(job, folder.as_deref())?;
        if let Some(folder) = folder.as_deref().filter(|_| self.is_surviving) {
            return self.launch(job, &command, folder);
        }
        let logs = match folder.as_deref().map(Self::create_logs).transpose() {
            Ok(logs) => logs,
            Err(error) => {
                let fatal_error = |_: &Self| io_error("write logs in", &parent, &error);
                return self.handle_start_error(id, &error, fatal_error);
            }
        };
        if let Some(retry_after) = self.delay_for_earlier_attempts(id) {
            return Ok(StartOutcome::Busy { retry_after });
        }
        self.watch(&mut command);
        self.call_count += 1;
        let (process, group) = match Process::start(command, self.call_count, logs, &self.sender) {
            Ok(process) => process,
            Err(error) => {
                return self.handle_start_error(id, &error, |jobs| jobs.cannot_run(&error));
            }
        };
        self.has_warned_of_full_disk = false;
        self.watcher.iter_mut().for_each(|watcher| watcher.watch(self.call_count, group));
        if let Some(folder) = &folder {
            record_process(group, folder);
        }
        let end_by = self.max_runtime.map(|limit| self.elapsed().saturating_add(limit));
        let running = RunningJob::new(id, process, folder, end_by);
        self.running.insert(self.call_count, running);
        Ok(StartOutcome::Started)
    }

    fn wait(&mut self, timeout: Duration) -> Result<Vec<JobEvent>, EvaluatorError> {
        let until = self.elapsed().saturating_add(timeout);
        if !self.pending_events.is_empty() {
            return Ok(std::mem::take(&mut self.pending_events));
        }
        if !self.are_starts_paused {
            // The locations of these jobs have been returned by an earlier call.
            self.running.values_mut().for_each(RunningJob::begin);
        }
        loop {
            let mut events = Vec::new();
            // The number is bounded, so that programs that print without pause delay no other job.
            let messages: Vec<_> = self.receiver.try_iter().take(CHANNEL_CAPACITY).collect();
            for (number, message) in messages {
                events.extend(self.process_message(number, message));
            }
            events.extend(self.poll_jobs());
            events.append(&mut self.failed_to_start);
            if !events.is_empty() || self.elapsed() >= until {
                return Ok(events);
            }
            // The evaluator holds a sender itself, so the channel is never closed.
            if let Ok((number, message)) = self.receiver.recv_timeout(self.next_wait(until)) {
                let event = self.process_message(number, message);
                if event.is_some() {
                    return Ok(event.into_iter().collect());
                }
            }
        }
    }

    fn stop(&mut self, job: JobId) -> Result<(), EvaluatorError> {
        let now = self.elapsed();
        let kill_at = now.saturating_add(self.grace_period);
        for running in self.running.values_mut().filter(|running| running.job == job) {
            running.request_end(EndReason::Requested, kill_at);
        }
        Ok(())
    }

    fn elapsed(&self) -> Duration {
        self.created.elapsed()
    }

    fn adopt(&mut self, job: &Job<'_>) -> Result<Adoption, EvaluatorError> {
        if self.running.values().any(|running| running.job == job.id()) {
            return Ok(Adoption::Running);
        }
        match job.trial.job_location.as_deref().and_then(ProcessLocation::parse) {
            Some(location) if location.has_begun() => self.adopt_at(job, &location),
            _ => Ok(Adoption::NotRunning),
        }
    }

    /// Returns the time until SIGKILL, and the time to wait for open output after it.
    fn stop_grace_period(&self) -> Duration {
        self.grace_period.saturating_add(OUTPUT_GRACE_PERIOD).saturating_add(OUTPUT_GRACE_PERIOD)
    }

    fn check_space(&self, space: &SearchSpace) -> Result<(), Error> {
        let mut violations = self.violations();
        if self.setup.is_none() {
            let names = space.ranges().iter().map(ParameterRange::name);
            violations.extend(self.pass.violations(names, &self.environment));
        }
        Error::from_violations(violations)
    }

    fn pause_starts(&mut self, is_paused: bool) {
        self.are_starts_paused = is_paused;
    }

    fn loses_jobs_on_exit(&self) -> bool {
        !self.is_surviving
    }

    fn possibly_running(&mut self) -> Vec<jobs::RunningJob> {
        let surviving = self.running.values().filter_map(RunningJob::location);
        let surviving =
            surviving.map(|(job, location)| jobs::RunningJob { job, name: location.to_string() });
        surviving.collect()
    }
}

impl Drop for CommandEvaluator {
    /// Stops all jobs except surviving ones: sends SIGTERM, waits for the grace period but at most
    /// ten seconds, and sends SIGKILL.
    fn drop(&mut self) {
        self.running.retain(|_, running| running.location().is_none());
        let jobs: Vec<JobId> = self.running.values().map(|running| running.job).collect();
        for job in jobs {
            let _ = self.stop(job);
        }
        let grace_period = self.grace_period.min(MAX_DROP_GRACE_PERIOD);
        for (grace_period, ends_with_kill) in [(grace_period, true), (OUTPUT_GRACE_PERIOD, false)] {
            let until = self.elapsed().saturating_add(grace_period);
            while self.running.values().any(|running| !running.has_exited())
                && self.elapsed() < until
            {
                if let Ok((number, message)) = self.receiver.recv_timeout(POLL_INTERVAL) {
                    self.process_message(number, message);
                }
            }
            if ends_with_kill {
                self.running.values().for_each(RunningJob::kill);
            }
        }
    }
}
