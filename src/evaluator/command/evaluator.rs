//! The type `CommandEvaluator` and its builder methods.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use super::job::RunningJob;
use super::pass::PassConfiguration;
use super::process::Message;
use super::setup::JobSetup;
use super::sources::{MatchSelection, MetricSource, ReportSource};
use super::watcher::Watcher;
use crate::evaluator::contract::JobEvent;
#[cfg(doc)]
use crate::trial::FailureKind;

/// Time between SIGTERM and SIGKILL, unless another one is set.
const DEFAULT_GRACE_PERIOD: Duration = Duration::from_secs(10);
/// Capacity of the message channel; a program that fills it blocks.
pub(super) const CHANNEL_CAPACITY: usize = 4096;

/// Runs a program for every job, as a process group of its own.
///
/// Use it for training scripts in any language. The program receives its configuration as
/// arguments `--name=value`, and prints the metric on its last line:
///
/// ```
/// use surmise::{
///     CommandEvaluator, Error, Objective, ParameterRange, RandomSearch, ResourceLimits,
///     ScalingType, SearchSpace, Study, StudySettings, tune,
/// };
///
/// let space = SearchSpace::new([ParameterRange::integer("n", 1..=6, ScalingType::Linear)])?;
/// let settings = StudySettings { limits: ResourceLimits::new(6, 2), ..Default::default() };
/// let mut study = Study::new(space, Objective::minimize("distance"), RandomSearch, settings)?;
/// // The shell's $1 is --n=…
/// let script = "n=${1#--n=}; echo training with $n; echo $(( (n - 4) * (n - 4) ))";
/// let mut evaluator = CommandEvaluator::new("sh").arguments(["-c", script, "sh"]);
/// tune(&mut study, &mut evaluator)?;
/// assert_eq!(study.best().unwrap().configuration.integer("n"), 4);
/// # Ok::<(), Error>(())
/// ```
///
/// # Configuration, metric and reports
///
/// [`pass_configuration`](Self::pass_configuration) passes the configuration as environment
/// variables or as a JSON file instead. [`metric_from`](Self::metric_from) reads the final value
/// from a file in the job's folder, or by a regular expression (`MetricSource::Pattern`, feature
/// `regex`). [`reports_from`](Self::reports_from) also reads intermediate values, which early
/// stopping needs:
///
/// ```
/// use std::time::Duration;
/// use surmise::evaluator::{MetricSource, PassConfiguration, ReportSource};
/// use surmise::{CommandEvaluator, Error};
///
/// let evaluator = CommandEvaluator::new("python3")
///     .arguments(["train.py"])
///     .environment_variable("OMP_NUM_THREADS", "4")
///     .pass_configuration(PassConfiguration::JsonFile) // sys.argv[1] is the path of the file.
///     .metric_from(MetricSource::File("metric.txt".into())) // Written to the job's folder.
///     .reports_from(ReportSource::Lines) // The script prints one number after each epoch.
///     .in_folder("runs") // runs/trial-00001-attempt-1 has stdout.log and stderr.log.
///     .with_max_runtime(Duration::from_secs(3600));
/// evaluator.check()?;
/// # Ok::<(), Error>(())
/// ```
///
/// # How a job fails
///
/// A program that ends with a status other than 0 has failed; the end of its standard error becomes
/// the message. The kind is [`FailureKind::OutOfMemory`] if standard error reports that,
/// [`FailureKind::Interrupted`] if a signal from another process ended the program, and
/// [`FailureKind::Error`] otherwise. A program that succeeds without a metric fails as
/// [`FailureKind::MissingMetric`].
///
/// # How a job is stopped
///
/// The process group gets SIGTERM, and SIGKILL after the
/// [grace period](Self::with_grace_period) of ten seconds. Child processes end with their job.
/// Dropping the evaluator stops all jobs, which can take as long. If the tuner is killed, a watcher
/// process stops them (on Linux). [Surviving](Self::surviving) jobs continue instead, and a
/// restarted tuner adopts them.
///
/// # Common mistakes
///
/// - **The last line is a log message**, so that every job fails as
///   [`FailureKind::MissingMetric`]. Print the metric last, or read it by a regular expression.
/// - **The output is buffered**, so that all reports arrive at the end and no job is stopped early.
///   Flush after each report; in Python, use `print(…, flush=True)`.
/// - **Python's `type=bool`** for an argument: `bool("false")` is true. Compare the text instead.
/// - **The metric file is in the working directory.** The path of a `MetricSource::File` belongs to
///   the job's folder, which the program finds in the environment variable `SURMISE_FOLDER`.
///
/// The crate's example `tune_command` tunes a Python script, with early stopping. The guide begins
/// with a [first tuning](crate::guide::first_tuning) of a program.
pub struct CommandEvaluator {
    pub(super) program: OsString,
    pub(super) arguments: Vec<OsString>,
    pub(super) environment: Vec<(OsString, OsString)>,
    pub(super) working_directory: Option<PathBuf>,
    pub(super) pass: PassConfiguration,
    pub(super) metric: MetricSource,
    pub(super) match_selection: MatchSelection,
    pub(super) reports: ReportSource,
    pub(super) folder: Option<PathBuf>,
    pub(super) setup: Option<Box<dyn JobSetup>>,
    pub(super) max_runtime: Option<Duration>,
    pub(super) grace_period: Duration,
    pub(super) is_surviving: bool,
    /// True while launched programs must not begin: see `Evaluator::pause_starts`.
    pub(super) are_starts_paused: bool,
    /// True once a warning about the full disk was sent, until a job starts again.
    pub(super) has_warned_of_full_disk: bool,
    pub(super) watcher: Option<Watcher>,
    /// Running jobs by the number of their call.
    pub(super) running: BTreeMap<u64, RunningJob>,
    pub(super) call_count: u64,
    /// Locations of launched jobs, and warnings, which the next `wait` returns. Launched programs
    /// begin after that.
    pub(super) pending_events: Vec<JobEvent>,
    /// Ends of jobs whose commands the operating system has refused.
    pub(super) failed_to_start: Vec<JobEvent>,
    pub(super) sender: SyncSender<(u64, Message)>,
    pub(super) receiver: Receiver<(u64, Message)>,
    pub(super) created: Instant,
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
    /// Returns an evaluator that runs `program`; a name without a slash is searched in `PATH`.
    #[allow(clippy::disallowed_methods, reason = "an evaluator keeps the time")]
    pub fn new(program: impl Into<OsString>) -> Self {
        let (sender, receiver) = sync_channel(CHANNEL_CAPACITY);
        Self {
            program: program.into(),
            arguments: Vec::new(),
            environment: Vec::new(),
            working_directory: None,
            pass: PassConfiguration::default(),
            metric: MetricSource::default(),
            match_selection: MatchSelection::default(),
            reports: ReportSource::default(),
            folder: None,
            setup: None,
            max_runtime: None,
            grace_period: DEFAULT_GRACE_PERIOD,
            is_surviving: false,
            are_starts_paused: false,
            has_warned_of_full_disk: false,
            watcher: None,
            running: BTreeMap::new(),
            call_count: 0,
            pending_events: Vec::new(),
            failed_to_start: Vec::new(),
            sender,
            receiver,
            created: Instant::now(),
        }
    }

    /// Adds arguments of the program, before those of the configuration; none by default.
    ///
    /// Use it for the script of an interpreter, and for options that are the same in all jobs.
    #[must_use]
    pub fn arguments<A: Into<OsString>>(mut self, arguments: impl IntoIterator<Item = A>) -> Self {
        self.arguments.extend(arguments.into_iter().map(Into::into));
        self
    }

    /// Sets an environment variable of the program; by default it has those of this process only.
    ///
    /// Use it for settings that are the same in all jobs, such as the number of threads.
    #[must_use]
    pub fn environment_variable(
        mut self,
        name: impl Into<OsString>,
        value: impl Into<OsString>,
    ) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// Sets the working directory of the program; that of this process by default.
    ///
    /// Use it if the program opens files by relative paths.
    #[must_use]
    pub fn working_directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.working_directory = Some(directory.into());
        self
    }

    /// Selects how the program receives its configuration; as arguments `--name=value` by default.
    ///
    /// Use it if the program does not parse such arguments.
    #[must_use]
    pub fn pass_configuration(mut self, pass: PassConfiguration) -> Self {
        self.pass = pass;
        self
    }

    /// Selects where the final value of the metric is read; from the last line of standard output
    /// by default.
    ///
    /// Use it if the program prints other lines after the metric, or writes the metric to a file.
    #[must_use]
    pub fn metric_from(mut self, source: MetricSource) -> Self {
        self.metric = source;
        self
    }

    /// Selects the final value among several matches of a `MetricSource::Pattern`; the last one by
    /// default.
    ///
    /// Use it if the program prints its metric after each epoch and the best one counts.
    #[must_use]
    pub fn match_selection(mut self, selection: MatchSelection) -> Self {
        self.match_selection = selection;
        self
    }

    /// Selects where intermediate values of the metric are read; nowhere by default.
    ///
    /// Early stopping needs them.
    #[must_use]
    pub fn reports_from(mut self, source: ReportSource) -> Self {
        self.reports = source;
        self
    }

    /// Creates a folder for each job below `folder`, such as `trial-00007-attempt-1`, with the
    /// output of the program in `stdout.log` and `stderr.log`; no folders by default.
    ///
    /// The folders are never deleted.
    #[must_use]
    pub fn in_folder(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = Some(folder.into());
        self
    }

    /// Sets the grace period between SIGTERM and SIGKILL; ten seconds by default.
    ///
    /// Give more time to programs that save a checkpoint when they are stopped.
    #[must_use]
    pub fn with_grace_period(mut self, grace_period: Duration) -> Self {
        self.grace_period = grace_period;
        self
    }

    /// Sets how long each job may run; not limited by default.
    ///
    /// A job that runs for longer gets SIGTERM, and SIGKILL after the
    /// [grace period](Self::with_grace_period). It fails as [`FailureKind::Timeout`].
    #[must_use]
    pub fn with_max_runtime(mut self, max_runtime: Duration) -> Self {
        self.max_runtime = Some(max_runtime);
        self
    }

    /// Lets jobs outlive the tuner process; by default they end with it. On Linux only.
    ///
    /// Surviving jobs continue if the tuner is killed, or if it returns without them. A tuner that
    /// resumes the study from its [journal](crate::Tuner::journal_to) adopts them by process number
    /// and start time, even if they have ended meanwhile. A job that was killed itself fails as
    /// [`FailureKind::Interrupted`].
    ///
    /// Each job needs a [folder](Self::in_folder). A shell around the program records its state
    /// there, in the files `process`, `begun`, `stdout.log`, `stderr.log` and `status`.
    #[must_use]
    pub fn surviving(mut self) -> Self {
        self.is_surviving = true;
        self
    }

    /// Sets up each job by a custom `setup`, in a separate folder below `folder`; none by default.
    ///
    /// Use it if the program needs other files, arguments or variables than `CommandEvaluator`
    /// provides. The setup replaces [`pass_configuration`](Self::pass_configuration). The folders
    /// are those of [`in_folder`](Self::in_folder).
    #[must_use]
    pub fn set_up_by(mut self, setup: impl JobSetup + 'static, folder: impl Into<PathBuf>) -> Self {
        self.setup = Some(Box::new(setup));
        self.in_folder(folder)
    }

    /// Returns the files that are read in a job's folder, each with the method that set it.
    pub(super) fn files(&self) -> impl Iterator<Item = (&'static str, &PathBuf)> {
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
}
