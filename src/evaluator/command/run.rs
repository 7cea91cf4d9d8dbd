//! Starting programs, hearing what becomes of them, and ending them.

use std::time::Duration;

use super::evaluator::{BACKLOG, CommandEvaluator};
use super::job::{AFTERMATH, RunningJob, Why};
use super::lasting::{Address, note_process};
use super::pass::cannot;
use super::process::{Message, Process};
use super::sources::ReportSource;
use crate::error::{Error, EvaluatorError};
use crate::evaluator::contract::{self as jobs, Adoption, Evaluator, Job, JobEvent, JobId, Start};
use crate::space::{ParameterRange, SearchSpace};

/// How often files are looked at.
const LOOK: Duration = Duration::from_millis(100);
/// How long jobs have at the most to end when the evaluator goes.
const LONGEST_FAREWELL: Duration = Duration::from_secs(10);

impl CommandEvaluator {
    /// What a message of a process means, if anything.
    fn hear(&mut self, number: u64, message: Message) -> Option<JobEvent> {
        let now = self.elapsed();
        let running = self.running.get_mut(&number)?;
        if let Message::Line { is_error, text } = message {
            let told = running.heard.line(text, is_error, &self.metric, &self.reports);
            let (step, value) = told.filter(|_| running.is_new_report())?;
            return Some(JobEvent::Report { job: running.job, step, value });
        }
        running.note(message, now);
        None
    }

    /// What files say, whose time is over, and who has ended.
    fn look(&mut self) -> Vec<JobEvent> {
        let now = self.elapsed();
        let mut events = Vec::new();
        let mut over = Vec::new();
        for (number, running) in &mut self.running {
            running.see_to(now, self.grace);
            let is_over = running.is_over(now);
            if let (ReportSource::File(file), Some(folder)) = (&self.reports, &running.folder) {
                for (step, value) in running.heard.appended(&folder.join(file), is_over) {
                    if running.is_new_report() {
                        events.push(JobEvent::Report { job: running.job, step, value });
                    }
                }
            }
            if is_over {
                over.push(*number);
            }
        }
        for number in over {
            let Some(running) = self.running.remove(&number) else { continue };
            self.watcher.iter_mut().for_each(|watcher| watcher.end(number));
            let outcome = self.outcome(&running);
            events.push(JobEvent::Ended { job: running.job, outcome });
        }
        events
    }

    /// When there is something to do, if nothing happens until then.
    fn next_wake(&self, until: Duration) -> Duration {
        let now = self.elapsed();
        let mut wake = until;
        for running in self.running.values() {
            wake = running.next_wake().map_or(wake, |time| wake.min(time));
            if matches!(self.reports, ReportSource::File(_)) {
                wake = wake.min(now.saturating_add(LOOK));
            }
        }
        wake.saturating_sub(now)
    }
}

impl Evaluator for CommandEvaluator {
    fn start(&mut self, job: &Job<'_>) -> Result<Start, EvaluatorError> {
        let id = job.id();
        let is_never_started = self.never_started.iter().any(|event| event.job() == Some(id));
        if is_never_started || self.running.values().any(|running| running.job == id) {
            return Ok(Start::Adopted);
        }
        self.check().map_err(|error| EvaluatorError::new(error.to_string()))?;
        let place = self.folder.clone().unwrap_or_default();
        let folder = match self.prepare(id) {
            Ok(folder) => folder,
            Err(error) => {
                return self.not_started(id, &error, |_| cannot("prepare", &place, &error));
            }
        };
        let mut command = self.command(job, folder.as_deref())?;
        if let Some(folder) = folder.as_deref().filter(|_| self.survives) {
            return self.launch(job, &command, folder);
        }
        let logs = match folder.as_deref().map(Self::logs).transpose() {
            Ok(logs) => logs,
            Err(error) => {
                return self.not_started(id, &error, |_| cannot("write logs in", &place, &error));
            }
        };
        if let Some(retry_after) = self.wait_for_earlier_attempts(id) {
            return Ok(Start::Busy { retry_after });
        }
        self.watch(&mut command);
        self.calls += 1;
        let (process, group) = match Process::start(command, self.calls, logs, &self.sender) {
            Ok(process) => process,
            Err(error) => return self.not_started(id, &error, |jobs| jobs.cannot_run(&error)),
        };
        self.has_no_room = false;
        self.watcher.iter_mut().for_each(|watcher| watcher.begin(self.calls, group));
        if let Some(folder) = &folder {
            note_process(group, folder);
        }
        let end_by = self.max_runtime.map(|longest| self.elapsed().saturating_add(longest));
        let running = RunningJob::new(id, process, folder, end_by);
        self.running.insert(self.calls, running);
        Ok(Start::Started)
    }

    fn wait(&mut self, timeout: Duration) -> Result<Vec<JobEvent>, EvaluatorError> {
        let until = self.elapsed().saturating_add(timeout);
        if !self.located.is_empty() {
            return Ok(std::mem::take(&mut self.located));
        }
        if !self.holds_back {
            // Where these run is known by now.
            self.running.values_mut().for_each(RunningJob::open_gate);
        }
        loop {
            let mut events = Vec::new();
            // Not without end: who talks faster than anyone listens must not keep the others from being looked at.
            for (number, message) in self.receiver.try_iter().take(BACKLOG).collect::<Vec<_>>() {
                events.extend(self.hear(number, message));
            }
            events.extend(self.look());
            events.append(&mut self.never_started);
            if !events.is_empty() || self.elapsed() >= until {
                return Ok(events);
            }
            // The evaluator holds a sender of its own, so the channel is never closed.
            if let Ok((number, message)) = self.receiver.recv_timeout(self.next_wake(until)) {
                let event = self.hear(number, message);
                if event.is_some() {
                    return Ok(event.into_iter().collect());
                }
            }
        }
    }

    fn stop(&mut self, job: JobId) -> Result<(), EvaluatorError> {
        let now = self.elapsed();
        let grace = self.grace;
        for running in self.running.values_mut().filter(|running| running.job == job) {
            running.ask_to_end(Why::Stopped, now.saturating_add(grace));
        }
        Ok(())
    }

    fn elapsed(&self) -> Duration {
        self.made.elapsed()
    }

    fn adopt(&mut self, job: &Job<'_>) -> Result<Adoption, EvaluatorError> {
        if self.running.values().any(|running| running.job == job.id()) {
            return Ok(Adoption::Running);
        }
        match job.trial.place.as_deref().and_then(Address::read) {
            Some(address) if address.has_begun() => self.find(job, &address),
            _ => Ok(Adoption::NotRunning),
        }
    }

    /// After its grace a job is killed; what it leaves behind is waited for.
    fn patience(&self) -> Duration {
        self.grace.saturating_add(AFTERMATH).saturating_add(AFTERMATH)
    }

    fn check_space(&self, space: &SearchSpace) -> Result<(), Error> {
        let mut violations = self.violations();
        if self.setup.is_none() {
            let names = space.ranges().iter().map(ParameterRange::name);
            violations.extend(self.pass.violations(names, &self.environment));
        }
        Error::unless_empty(violations)
    }

    fn hold_back(&mut self, is_held_back: bool) {
        self.holds_back = is_held_back;
    }

    fn loses_jobs(&self) -> bool {
        !self.survives
    }

    fn may_still_run(&mut self) -> Vec<jobs::RunningJob> {
        let lasting = self.running.values().filter_map(RunningJob::address);
        lasting.map(|(job, address)| jobs::RunningJob { job, name: address.to_string() }).collect()
    }
}

impl Drop for CommandEvaluator {
    /// Ends everything that runs: asks, waits for as long as jobs are given, but ten seconds at most, then does it by force.
    fn drop(&mut self) {
        // What survives is left as it is.
        self.running.retain(|_, running| running.address().is_none());
        let jobs: Vec<JobId> = self.running.values().map(|running| running.job).collect();
        for job in jobs {
            let _ = self.stop(job);
        }
        let patience = self.grace.min(LONGEST_FAREWELL);
        for (patience, is_by_force) in [(patience, true), (AFTERMATH, false)] {
            let until = self.elapsed().saturating_add(patience);
            while self.running.values().any(|running| !running.has_exited())
                && self.elapsed() < until
            {
                if let Ok((number, message)) = self.receiver.recv_timeout(LOOK) {
                    self.hear(number, message);
                }
            }
            if is_by_force {
                self.running.values().for_each(RunningJob::kill);
            }
        }
    }
}
