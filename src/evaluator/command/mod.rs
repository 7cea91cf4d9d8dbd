//! A program as the evaluator: every job is a process.

mod checking;
mod container;
mod ending;
mod passing;
mod preparing;
mod process;
mod python;
mod reading;
mod toolkit;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

pub use self::container::TrainingContainer;
pub use self::passing::PassConfiguration;
use self::process::{Message, Process, Signal};
use self::reading::Heard;
pub use self::reading::{MetricSource, ReadingOfSeveral, ReportSource};
use super::{Adoption, Evaluator, EvaluatorError, Job, JobEvent, JobId, Start};
use crate::error::Error;
use crate::space::{ParameterRange, SearchSpace};
use crate::trial::{Failure, FailureKind, Outcome};

/// How long a program has between the request to end and its end, unless another time is given.
const GRACE: Duration = Duration::from_secs(10);
/// The same in SageMaker's containers.
const CONTAINER_GRACE: Duration = Duration::from_secs(120);
/// How often files are looked at.
const LOOK: Duration = Duration::from_millis(100);
/// How long the output of a program that has ended is waited for: something that escaped from its group may hold it open.
const AFTERMATH: Duration = Duration::from_secs(2);
/// Lines that wait to be heard; a program that prints more waits itself.
const BACKLOG: usize = 4096;
/// How long jobs have at the most to end when the evaluator goes.
const LONGEST_FAREWELL: Duration = Duration::from_secs(10);

/// Runs a program for every job.
///
/// The program's metric is, unless [another place](Self::metric_from) is named, the last line that it prints. A program that ends with
/// another status than 0 has failed, and the end of its standard error is the failure's message: as [`FailureKind::OutOfMemory`] if it
/// says so, as [`FailureKind::Interrupted`] if a signal from elsewhere ended it, else as [`FailureKind::Error`]. One that tells no metric
/// fails as [`FailureKind::MissingMetric`].
///
/// On Unix every job is a process group. One that is to stop gets SIGTERM and, [ten seconds](Self::with_grace) later, SIGKILL, with all that it
/// started; what it leaves behind when it ends is ended too, and so is everything when the evaluator is dropped, which can take as
/// long. A tuner that ends without dropping its evaluator (by `process::exit`, or by a signal, Ctrl-C included, that its program does not
/// turn into a [`StopHandle`](crate::tune::StopHandle)'s request) leaves its jobs running: a terminal's signals do not reach their groups.
///
/// ```
/// use surmise::evaluator::CommandEvaluator;
/// use surmise::*;
///
/// let space = SearchSpace::new([ParameterRange::integer("n", 1..=6, ScalingType::Linear)])?;
/// let limits = ResourceLimits::new(6, 2);
/// let settings = StudySettings { limits, ..Default::default() };
/// let mut study = Study::new(space, Objective::minimize("distance"), RandomSearch, settings)?;
/// // $1 is --n=…
/// let script = "n=${1#--n=}; echo thinking about $n; echo $(( (n - 4) * (n - 4) ))";
/// let mut jobs = CommandEvaluator::new("sh").arguments(["-c", script, "sh"]);
/// tune(&mut study, &mut jobs)?;
/// assert_eq!(study.best().unwrap().configuration.integer("n"), 4);
/// # Ok::<(), Error>(())
/// ```
pub struct CommandEvaluator {
    program: OsString,
    arguments: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    working_directory: Option<PathBuf>,
    pass: PassConfiguration,
    metric: MetricSource,
    several: ReadingOfSeveral,
    reports: ReportSource,
    folder: Option<PathBuf>,
    container: Option<TrainingContainer>,
    grace: Duration,
    /// By the number of the call.
    running: BTreeMap<u64, Call>,
    calls: u64,
    /// Ends of jobs that could not be begun.
    stillborn: Vec<JobEvent>,
    sender: SyncSender<(u64, Message)>,
    receiver: Receiver<(u64, Message)>,
    made: Instant,
}

#[derive(Debug)]
struct Call {
    job: JobId,
    process: Process,
    folder: Option<PathBuf>,
    heard: Heard,
    stop_asked: bool,
    /// When its time is over, if its container limits that.
    end_by: Option<Duration>,
    /// Whether it was.
    is_out_of_time: bool,
    /// When it is to be killed.
    kill_at: Option<Duration>,
    /// Streams that are open.
    open: u8,
    /// How it ended, and when.
    exit: Option<(io::Result<ExitStatus>, Duration)>,
}

impl fmt::Debug for CommandEvaluator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommandEvaluator")
            .field("program", &self.program)
            .field("arguments", &self.arguments)
            .field("running", &self.running)
            .finish_non_exhaustive()
    }
}

impl CommandEvaluator {
    /// An evaluator that runs this program, which is looked for as a shell does.
    #[allow(clippy::disallowed_methods, reason = "an evaluator keeps the time")]
    pub fn new(program: impl Into<OsString>) -> Self {
        let (sender, receiver) = sync_channel(BACKLOG);
        Self {
            program: program.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            working_directory: None,
            pass: PassConfiguration::default(),
            metric: MetricSource::default(),
            several: ReadingOfSeveral::default(),
            reports: ReportSource::default(),
            folder: None,
            container: None,
            grace: GRACE,
            running: BTreeMap::new(),
            calls: 0,
            stillborn: Vec::new(),
            sender,
            receiver,
            made: Instant::now(),
        }
    }

    /// The same with these arguments before all others.
    #[must_use]
    pub fn arguments<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// The same with a variable in the environment; the others are those of this process.
    #[must_use]
    pub fn variable(mut self, name: impl Into<OsString>, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// The same with programs that run in this directory.
    #[must_use]
    pub fn working_directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.working_directory = Some(directory.into());
        self
    }

    /// The same with configurations that are passed in this way.
    #[must_use]
    pub fn pass(mut self, pass: PassConfiguration) -> Self {
        self.pass = pass;
        self
    }

    /// The same with the final value of the metric taken from here.
    #[must_use]
    pub fn metric_from(mut self, source: MetricSource) -> Self {
        self.metric = source;
        self
    }

    /// The same with this reading of several values that a pattern finds.
    #[must_use]
    pub fn several_as(mut self, reading: ReadingOfSeveral) -> Self {
        self.several = reading;
        self
    }

    /// The same with intermediate values of the metric taken from here.
    #[must_use]
    pub fn reports_from(mut self, source: ReportSource) -> Self {
        self.reports = source;
        self
    }

    /// The same with a folder in which each job has one of its own, `trial-00007-attempt-1`, with what it printed in `stdout.log` and
    /// `stderr.log`. They are kept.
    #[must_use]
    pub fn in_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// The same with another time between the request to end and the end by force.
    #[must_use]
    pub fn with_grace(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// The same with what SageMaker's training container gives a program, in `opt/ml` of each job's folder below this one. It says how
    /// configurations are passed, where the metric and its intermediate values are found, for how long a job may run, and how long it has to
    /// end: 120 seconds, unless [another time](Self::with_grace) is given afterwards.
    ///
    /// ```no_run
    /// use surmise::evaluator::{CommandEvaluator, TrainingContainer};
    /// use surmise::sagemaker::Document;
    ///
    /// let request = Document::read(&std::fs::read("tuning_job.json")?)?.request()?;
    /// let container = TrainingContainer::of(&request)?.channel("train", "data/train.csv");
    /// let jobs = CommandEvaluator::new("python3").arguments(["train.py"]).in_container(container, "runs");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn in_container(
        mut self,
        container: TrainingContainer,
        folder: impl Into<PathBuf>,
    ) -> Self {
        self.metric = MetricSource::Pattern(container.pattern());
        self.reports = ReportSource::Pattern(container.pattern());
        self.grace = CONTAINER_GRACE;
        self.container = Some(container);
        self.in_folder(folder)
    }

    /// Files in a job's folder that are read, and who asked for them.
    fn files(&self) -> impl Iterator<Item = (&'static str, &PathBuf)> {
        let metric = match &self.metric {
            MetricSource::File(file) => Some(("metric_from", file)),
            _ => None,
        };
        let reports = match &self.reports {
            ReportSource::File(file) => Some(("reports_from", file)),
            _ => None,
        };
        metric.into_iter().chain(reports)
    }

    /// What a message of a process means, if anything.
    fn hear(&mut self, number: u64, message: Message) -> Option<JobEvent> {
        let now = self.elapsed();
        let call = self.running.get_mut(&number)?;
        match message {
            Message::Line { is_error, text } => {
                let told = call.heard.line(text, is_error, &self.metric, &self.reports);
                let (step, value) = told?;
                return Some(JobEvent::Report { job: call.job, step, value });
            }
            Message::Closed => call.open = call.open.saturating_sub(1),
            Message::Exited(status) => call.exit = Some((status, now)),
        }
        None
    }

    /// What files say, whose time is over, and who has ended.
    fn look(&mut self) -> Vec<JobEvent> {
        let now = self.elapsed();
        let mut events = Vec::new();
        let mut over = Vec::new();
        for (number, call) in &mut self.running {
            if call.end_by.is_some_and(|time| time <= now) {
                call.end_by = None;
                call.is_out_of_time = !call.stop_asked && call.process.signal(Signal::Terminate);
                if call.is_out_of_time {
                    call.kill_at = Some(now.saturating_add(self.grace));
                }
            }
            if call.kill_at.is_some_and(|time| time <= now) {
                call.kill_at = None;
                call.process.signal(Signal::Kill);
            }
            let exit = call.exit.as_ref().map(|(_, time)| *time);
            let is_over =
                exit.is_some_and(|time| call.open == 0 || now.saturating_sub(time) >= AFTERMATH);
            if let (ReportSource::File(file), Some(folder)) = (&self.reports, &call.folder) {
                for (step, value) in call.heard.appended(&folder.join(file), is_over) {
                    events.push(JobEvent::Report { job: call.job, step, value });
                }
            }
            if is_over {
                over.push(*number);
            }
        }
        for number in over {
            let Some(call) = self.running.remove(&number) else { continue };
            let outcome = self.outcome(&call);
            events.push(JobEvent::Ended { job: call.job, outcome });
        }
        events
    }

    /// When there is something to do, if nothing happens until then.
    fn next_wake(&self, until: Duration) -> Duration {
        let now = self.elapsed();
        let mut wake = until;
        for call in self.running.values() {
            for time in [call.kill_at, call.end_by].into_iter().flatten() {
                wake = wake.min(time);
            }
            if let Some((_, time)) = &call.exit {
                wake = wake.min(time.saturating_add(AFTERMATH));
            }
            if matches!(self.reports, ReportSource::File(_)) {
                wake = wake.min(now.saturating_add(LOOK));
            }
        }
        wake.saturating_sub(now)
    }
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> EvaluatorError {
    EvaluatorError::new(format!("cannot {what} {}: {error}", path.display()))
}

impl Evaluator for CommandEvaluator {
    fn start(&mut self, job: &Job<'_>) -> Result<Start, EvaluatorError> {
        let id = job.id();
        let is_stillborn = self.stillborn.iter().any(|event| event.job() == Some(id));
        if is_stillborn || self.running.values().any(|call| call.job == id) {
            return Ok(Start::Adopted);
        }
        self.check().map_err(|error| EvaluatorError::new(error.to_string()))?;
        let place = self.folder.clone().unwrap_or_default();
        let folder = self.prepare(id).map_err(|error| cannot("prepare", &place, &error))?;
        let command = self.command(job, folder.as_deref())?;
        let logs = folder.as_deref().map(Self::logs).transpose();
        let logs = logs.map_err(|error| cannot("write logs in", &place, &error))?;
        self.calls += 1;
        let process = match Process::start(command, self.calls, logs, &self.sender) {
            Ok(process) => process,
            // As many processes as there can be.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Ok(Start::Busy { retry_after: Duration::from_secs(1) });
            }
            // What this configuration makes of the command cannot be run; another one's can.
            Err(error)
                if matches!(
                    error.kind(),
                    io::ErrorKind::InvalidInput | io::ErrorKind::ArgumentListTooLong
                ) =>
            {
                let failure = Failure::new(FailureKind::Error, error.to_string());
                let outcome = Outcome::Failed(failure);
                self.stillborn.push(JobEvent::Ended { job: id, outcome });
                return Ok(Start::Started);
            }
            Err(error) => {
                let program = self.program.display();
                return Err(EvaluatorError::new(format!(
                    "cannot run {program}: {error}; give the path of a program that exists and may be run"
                )));
            }
        };
        let call = Call {
            job: id,
            process,
            folder,
            heard: Heard::default(),
            stop_asked: false,
            end_by: self
                .container
                .as_ref()
                .and_then(TrainingContainer::max_runtime)
                .map(|longest| self.elapsed().saturating_add(longest)),
            is_out_of_time: false,
            kill_at: None,
            open: 2,
            exit: None,
        };
        self.running.insert(self.calls, call);
        Ok(Start::Started)
    }

    fn wait(&mut self, timeout: Duration) -> Result<Vec<JobEvent>, EvaluatorError> {
        let until = self.elapsed().saturating_add(timeout);
        loop {
            let mut events = Vec::new();
            // Not without end: who talks faster than anyone listens must not keep the others from being looked at.
            for (number, message) in self.receiver.try_iter().take(BACKLOG).collect::<Vec<_>>() {
                events.extend(self.hear(number, message));
            }
            events.extend(self.look());
            events.append(&mut self.stillborn);
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
        for call in self.running.values_mut().filter(|call| call.job == job) {
            // What has ended by itself was not stopped.
            if call.is_out_of_time {
                continue;
            }
            if !call.stop_asked && call.process.signal(Signal::Terminate) {
                call.stop_asked = true;
                call.kill_at = Some(now.saturating_add(grace));
            }
        }
        Ok(())
    }

    fn elapsed(&self) -> Duration {
        self.made.elapsed()
    }

    fn adopt(&mut self, job: &Job<'_>) -> Result<Adoption, EvaluatorError> {
        let runs = self.running.values().any(|call| call.job == job.id());
        Ok(if runs { Adoption::Running } else { Adoption::NotRunning })
    }

    /// After its grace a job is killed; what it leaves behind is waited for.
    fn patience(&self) -> Duration {
        self.grace.saturating_add(AFTERMATH).saturating_add(AFTERMATH)
    }

    fn check_space(&self, space: &SearchSpace) -> Result<(), Error> {
        let mut violations = self.violations();
        if self.container.is_none() {
            let names = space.ranges().iter().map(ParameterRange::name);
            violations.extend(self.pass.violations(names, &self.environment));
        }
        Error::unless_empty(violations)
    }
}

impl Drop for CommandEvaluator {
    /// Ends everything that runs: asks, waits for as long as jobs are given, but ten seconds at most, then does it by force.
    fn drop(&mut self) {
        let jobs: Vec<JobId> = self.running.values().map(|call| call.job).collect();
        for job in jobs {
            let _ = self.stop(job);
        }
        let patience = self.grace.min(LONGEST_FAREWELL);
        for (patience, signal) in [(patience, Some(Signal::Kill)), (AFTERMATH, None)] {
            let until = self.elapsed().saturating_add(patience);
            while self.running.values().any(|call| call.exit.is_none()) && self.elapsed() < until {
                if let Ok((number, message)) = self.receiver.recv_timeout(LOOK) {
                    self.hear(number, message);
                }
            }
            let left = self.running.values().filter(|call| call.exit.is_none());
            left.zip(signal.into_iter().cycle()).for_each(|(call, signal)| {
                call.process.signal(signal);
            });
        }
    }
}
