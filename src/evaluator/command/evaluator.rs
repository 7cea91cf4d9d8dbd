//! The evaluator that runs programs, and how it is described.

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
use super::sources::{MetricSource, ReadingOfSeveral, ReportSource};
use super::watcher::Watcher;
use crate::evaluator::contract::JobEvent;
#[cfg(doc)]
use crate::trial::FailureKind;

/// How long a program has between the request to end and its end, unless another time is given.
const GRACE: Duration = Duration::from_secs(10);
/// Lines that wait to be heard; a program that prints more waits itself.
pub(super) const BACKLOG: usize = 4096;

/// Runs a program for every job.
///
/// The program's metric is, unless [another place](Self::metric_from) is named, the last line that it prints. A program that ends with
/// another status than 0 has failed, and the end of its standard error is the failure's message: as [`FailureKind::OutOfMemory`] if it
/// says so, as [`FailureKind::Interrupted`] if a signal from elsewhere ended it, else as [`FailureKind::Error`]. One that tells no metric
/// fails as [`FailureKind::MissingMetric`].
///
/// Every job is a process group. One that is to stop gets SIGTERM and, [ten seconds](Self::with_grace) later, SIGKILL, with all that it
/// started; what it leaves behind when it ends is ended too, and so is everything when the evaluator is dropped, which can take as
/// long. If the tuner ends without dropping its evaluator, by `process::exit` or by a signal, SIGKILL included, a shell that was started beside
/// the first job ends them in the same way (on Linux). Jobs [that survive](Self::surviving) run on instead, and are found again.
///
/// ```
/// use surmise::{
///     CommandEvaluator, Error, Objective, ParameterRange, RandomSearch, ResourceLimits, ScalingType, SearchSpace, Study, StudySettings,
///     tune,
/// };
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
    pub(super) program: OsString,
    pub(super) arguments: Vec<OsString>,
    pub(super) environment: Vec<(OsString, OsString)>,
    pub(super) working_directory: Option<PathBuf>,
    pub(super) pass: PassConfiguration,
    pub(super) metric: MetricSource,
    pub(super) several: ReadingOfSeveral,
    pub(super) reports: ReportSource,
    pub(super) folder: Option<PathBuf>,
    pub(super) setup: Option<Box<dyn JobSetup>>,
    pub(super) max_runtime: Option<Duration>,
    pub(super) grace: Duration,
    pub(super) survives: bool,
    /// Whether gates stay closed.
    pub(super) holds_back: bool,
    /// Whether it was said that jobs have no room on the disk.
    pub(super) has_no_room: bool,
    pub(super) watcher: Option<Watcher>,
    /// By the number of the call.
    pub(super) running: BTreeMap<u64, RunningJob>,
    pub(super) calls: u64,
    /// Where jobs run that have been launched, and begin when that is known.
    pub(super) located: Vec<JobEvent>,
    /// Ends of jobs that could not be begun.
    pub(super) never_started: Vec<JobEvent>,
    pub(super) sender: SyncSender<(u64, Message)>,
    pub(super) receiver: Receiver<(u64, Message)>,
    pub(super) made: Instant,
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
            setup: None,
            max_runtime: None,
            grace: GRACE,
            survives: false,
            holds_back: false,
            has_no_room: false,
            watcher: None,
            running: BTreeMap::new(),
            calls: 0,
            located: Vec::new(),
            never_started: Vec::new(),
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

    /// The same with a time for which each job may run. One that runs for longer gets SIGTERM and, after its [grace](Self::with_grace), SIGKILL;
    /// it fails as [`FailureKind::Timeout`].
    #[must_use]
    pub fn with_max_runtime(mut self, longest: Duration) -> Self {
        self.max_runtime = Some(longest);
        self
    }

    /// Lets jobs outlive the tuner. They run on if the tuner is killed or leaves them behind. A tuner that resumes the same study
    /// from its [journal](crate::Tuner::keep_in) finds them by process number and start time, even if they have ended meanwhile.
    /// A job that was killed itself has failed as [`FailureKind::Interrupted`].
    ///
    /// Each job has a [folder](Self::in_folder), and a shell around it that notes there how it ended: `process`, `begun`, `stdout.log`, `stderr.log`, `status`. On Linux only.
    #[must_use]
    pub fn surviving(mut self) -> Self {
        self.survives = true;
        self
    }

    /// The same with jobs that are set up in this way, each in a folder of its own below this one: in place of
    /// [`pass`](Self::pass), and with [`in_folder`](Self::in_folder).
    #[must_use]
    pub fn set_up_by(mut self, setup: impl JobSetup + 'static, folder: impl Into<PathBuf>) -> Self {
        self.setup = Some(Box::new(setup));
        self.in_folder(folder)
    }

    /// Files in a job's folder that are read, and who asked for them.
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
