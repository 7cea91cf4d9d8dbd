//! A program as the evaluator: every job is a process.

mod process;
mod reading;

use std::collections::{BTreeMap, HashMap};
use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use self::process::{Logs, Message, Process, Signal};
use self::reading::Heard;
pub use self::reading::{MetricSource, ReadingOfSeveral, ReportSource};
use super::{Evaluator, EvaluatorError, Job, JobEvent, JobId, Start};
use crate::error::{Error, Violation};
use crate::sagemaker::tuned_values;
use crate::trial::{Failure, FailureKind, Outcome};

/// How long a program has between the request to end and its end, unless another time is given.
const GRACE: Duration = Duration::from_secs(10);
/// How often files are looked at.
const LOOK: Duration = Duration::from_millis(100);
/// How long the output of a program that has ended is waited for: something that escaped from its group may hold it open.
const AFTERMATH: Duration = Duration::from_secs(2);
/// Lines that wait to be heard; a program that prints more waits itself.
const BACKLOG: usize = 4096;
/// How long jobs have at the most to end when the evaluator goes.
const LONGEST_FAREWELL: Duration = Duration::from_secs(10);

/// How a program gets its configuration.
///
/// In any case its environment has `SURMISE_TRIAL` and `SURMISE_ATTEMPT`; `SURMISE_DEADLINE` in seconds, if there is a deadline; and
/// `SURMISE_FOLDER`, if jobs have folders.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PassConfiguration {
    /// As further arguments, `--name=value` each.
    #[default]
    Arguments,
    /// As variables of the environment: this prefix and the name in capitals, with `_` for what is neither a letter nor a digit.
    Environment {
        /// What the names of variables begin with, such as `SM_HP_`.
        prefix: String,
    },
    /// As a JSON object in the file `configuration.json` of the job's folder, whose path is the last argument.
    JsonFile,
}

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

    /// Whether what is asked for can be done. Starting a job asks this, too.
    ///
    /// # Errors
    /// [`Error::Invalid`] with everything that cannot.
    pub fn check(&self) -> Result<(), Error> {
        let mut violations = Vec::new();
        let mut wants_folder = |what: &str, value: &str| {
            if self.folder.is_none() {
                let rule = "it is in the job's folder, and jobs have none";
                violations.push(Violation::new(what, value, rule, "name a folder by in_folder"));
            }
        };
        if self.pass == PassConfiguration::JsonFile {
            wants_folder("pass", "JsonFile");
        }
        if let MetricSource::File(file) = &self.metric {
            wants_folder("metric_from", &file.display().to_string());
        }
        if let ReportSource::File(file) = &self.reports {
            wants_folder("reports_from", &file.display().to_string());
        }
        let files = [
            match &self.metric {
                MetricSource::File(file) => Some(("metric_from", file)),
                _ => None,
            },
            match &self.reports {
                ReportSource::File(file) => Some(("reports_from", file)),
                _ => None,
            },
        ];
        for (what, file) in files.into_iter().flatten() {
            let is_below = |part: Component<'_>| matches!(part, Component::Normal(_));
            if !file.components().all(is_below) || file.as_os_str().is_empty() {
                let rule = "it is a name below the job's own folder, or jobs would share it";
                let remedy = "name it without a root and without `..`";
                violations.push(Violation::new(what, file.display(), rule, remedy));
            }
        }
        if self.program.is_empty() {
            let rule = "there is a program to run";
            violations.push(Violation::new("program", "\"\"", rule, "name one"));
        }
        Error::unless_empty(violations)
    }

    /// The folder of a job, empty of what an earlier run of it has told.
    fn prepare(&self, job: JobId) -> io::Result<Option<PathBuf>> {
        let Some(folder) = &self.folder else { return Ok(None) };
        let name = format!("trial-{:05}-attempt-{}", job.trial.0, job.attempt);
        fs::create_dir_all(folder.join(&name))?;
        let folder = fs::canonicalize(folder.join(name))?;
        let sources = [
            match &self.metric {
                MetricSource::File(file) => Some(file),
                _ => None,
            },
            match &self.reports {
                ReportSource::File(file) => Some(file),
                _ => None,
            },
        ];
        for file in sources.into_iter().flatten() {
            match fs::remove_file(folder.join(file)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(Some(folder))
    }

    fn command(&self, job: &Job<'_>, folder: Option<&Path>) -> Result<Command, EvaluatorError> {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).envs(self.environment.iter().cloned());
        command.env("SURMISE_TRIAL", job.trial.id.to_string());
        command.env("SURMISE_ATTEMPT", job.attempt.to_string());
        if let Some(deadline) = job.deadline {
            command.env("SURMISE_DEADLINE", deadline.as_secs_f64().to_string());
        }
        if let Some(folder) = folder {
            command.env("SURMISE_FOLDER", folder);
        }
        if let Some(directory) = &self.working_directory {
            command.current_dir(directory);
        }
        let values = tuned_values(&job.trial.configuration);
        match &self.pass {
            PassConfiguration::Arguments => {
                command.args(values.iter().map(|(name, value)| format!("--{name}={value}")));
            }
            PassConfiguration::Environment { prefix } => {
                command.envs(variables(prefix, values.into_iter())?);
            }
            PassConfiguration::JsonFile => {
                let file = folder.unwrap_or(Path::new("")).join("configuration.json");
                let text = serde_json::to_string_pretty(&job.trial.configuration)
                    .map_err(|error| EvaluatorError::new(error.to_string()))?;
                fs::write(&file, text + "\n").map_err(|error| cannot("write", &file, &error))?;
                command.arg(file);
            }
        }
        Ok(command)
    }

    fn logs(folder: &Path) -> io::Result<Logs> {
        let output = File::create(folder.join("stdout.log"))?;
        Ok(Logs { output, error: File::create(folder.join("stderr.log"))? })
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

    fn outcome(&self, call: &Call) -> Outcome {
        let told = call.heard.final_value(&self.metric, self.several, call.folder.as_deref());
        if call.stop_asked {
            let value = told.ok().filter(|value| value.is_finite()).or(call.heard.last_report);
            return Outcome::Stopped { value };
        }
        let failed = |kind, text: String| Outcome::Failed(Failure::new(kind, text));
        match (&call.exit, told) {
            (Some((Ok(status), _)), Ok(value)) if status.success() => Outcome::from(value),
            (Some((Ok(status), _)), Err(found)) if status.success() => failed(
                FailureKind::MissingMetric,
                format!("{found}{}", after(&call.heard.errors())),
            ),
            (Some((Ok(status), _)), _) => {
                let errors = call.heard.errors();
                let text = format!("{status}{}", after(&errors));
                failed(kind_of(*status, &errors), text)
            }
            (Some((Err(error), _)), _) => failed(FailureKind::Error, error.to_string()),
            (None, _) => failed(FailureKind::Interrupted, "it was never seen to end".to_owned()),
        }
    }

    /// When there is something to do, if nothing happens until then.
    fn next_wake(&self, until: Duration) -> Duration {
        let now = self.elapsed();
        let mut wake = until;
        for call in self.running.values() {
            wake = call.kill_at.map_or(wake, |time| wake.min(time));
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

fn after(errors: &str) -> String {
    if errors.is_empty() {
        String::new()
    } else {
        format!("; the end of its standard error:\n{errors}")
    }
}

fn kind_of(status: ExitStatus, errors: &str) -> FailureKind {
    let errors = errors.to_ascii_lowercase();
    if ["out of memory", "memoryerror", "cannot allocate memory"]
        .iter()
        .any(|sign| errors.contains(sign))
    {
        return FailureKind::OutOfMemory;
    }
    // HUP, INT, KILL and TERM come from elsewhere, all other signals from what the program does. A shell tells that a signal
    // ended its child by 128 and its number.
    #[cfg(unix)]
    if matches!(std::os::unix::process::ExitStatusExt::signal(&status), Some(1 | 2 | 9 | 15))
        || matches!(status.code(), Some(129 | 130 | 137 | 143))
    {
        return FailureKind::Interrupted;
    }
    #[cfg(not(unix))]
    let _ = status;
    FailureKind::Error
}

fn cannot(what: &str, path: &Path, error: &io::Error) -> EvaluatorError {
    EvaluatorError::new(format!("cannot {what} {}: {error}", path.display()))
}

/// Names and values of variables; names that come out the same would hide each other.
fn variables(
    prefix: &str,
    values: impl Iterator<Item = (String, String)>,
) -> Result<HashMap<String, String>, EvaluatorError> {
    let mut variables: HashMap<String, String> = HashMap::new();
    for (name, value) in values {
        let upper = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' };
        let variable: String = prefix.chars().chain(name.chars().map(upper)).collect();
        if variables.insert(variable.clone(), value).is_some() {
            return Err(EvaluatorError::new(format!(
                "two parameters, one of them {name:?}, would both be the variable {variable}: rename one, or pass configurations as \
                 arguments or as a file"
            )));
        }
    }
    Ok(variables)
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
