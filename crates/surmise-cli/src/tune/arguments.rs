//! The options of `surmise tune`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use surmise::EarlyStopping;
use surmise::evaluator::PassConfiguration;

use super::session::ExistingJournal;
use crate::sagemaker::parse_json;
use crate::study::{StudyOptions, parse_duration};

/// Help text that follows the options.
pub(crate) const HELP: &str = "\
Examples:
  surmise tune --set 'lr=1e-5..1 log' --set 'opt=adam|sgd' --minimize loss --jobs 40 --parallel 4 \\
      -- python train.py --lr {lr} --opt {opt}
  surmise tune --function branin --jobs 30
  surmise tune study.toml

The command must print its metric as `loss: 0.123`, as `loss=0.123` or in a line of JSON. The last \
value counts. If it prints `epoch: 3` in the same line or an earlier one, the value is also read \
as an intermediate report. Run the same command again to resume the tuning.

Exit status: 0 the tuning is complete; 1 it failed, or no job completed; 2 the command line or a \
file cannot be read; 3 the journal cannot be used: another process writes it, it is damaged, or it \
belongs to another study; 4 the tuning was interrupted, and the same command resumes it.";

/// How parameters without a placeholder are passed to a job.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Pass {
    /// As arguments of the form `--name=value`.
    #[default]
    Arguments,
    /// As environment variables `HP_NAME`.
    Env,
    /// As the file `configuration.json` in the job's folder; its path is the last argument.
    Json,
}

impl Pass {
    pub(crate) fn configuration(self) -> PassConfiguration {
        match self {
            Self::Arguments => PassConfiguration::Arguments,
            Self::Env => PassConfiguration::Environment { prefix: "HP_".to_owned() },
            Self::Json => PassConfiguration::JsonFile,
        }
    }
}

/// Which of the printed values of a job is its result.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MetricOf {
    /// The last printed value.
    #[default]
    Last,
    /// The minimum if the metric is minimized, otherwise the maximum.
    Best,
}

/// The options of `surmise tune`.
#[derive(Debug, Default, Args)]
pub(crate) struct TuneOptions {
    /// A TOML file that describes the study, with the names of the options as keys; or a JSON file
    /// with a tuning request of Amazon SageMaker.
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) study: StudyOptions,
    /// The name of the study [default: the name of the script or program]. The journal is
    /// NAME.surmise, and the files of the jobs are in NAME.jobs.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// The journal file, instead of NAME.surmise.
    #[arg(long, value_name = "FILE")]
    pub(crate) journal: Option<PathBuf>,
    /// Resume the journal even if the study or the command has changed, and print what is kept and
    /// what is dropped.
    #[arg(long)]
    pub(crate) accept_changes: bool,
    /// Start a new study. The journal of the earlier study is renamed and kept.
    #[arg(long, conflicts_with = "accept_changes")]
    pub(crate) fresh: bool,
    /// How parameters without a placeholder are passed to the command [default: arguments].
    #[arg(help_heading = "Metric and parameters", long, value_enum, value_name = "HOW")]
    pub(crate) pass: Option<Pass>,
    /// A regular expression whose first group captures the metric in a line of output.
    #[arg(
        help_heading = "Metric and parameters",
        long,
        value_name = "REGEX",
        conflicts_with = "metric_file"
    )]
    pub(crate) metric_regex: Option<String>,
    /// A file in the job's folder (`{folder}`, `SURMISE_FOLDER`) whose last line is the metric.
    #[arg(help_heading = "Metric and parameters", long, value_name = "FILE")]
    pub(crate) metric_file: Option<PathBuf>,
    /// Which of the printed values of a job is its result: the last one or the best one [default:
    /// last].
    #[arg(
        help_heading = "Metric and parameters",
        long,
        value_enum,
        value_name = "WHICH",
        conflicts_with = "metric_file"
    )]
    pub(crate) metric_of: Option<MetricOf>,
    /// Stop a job that runs longer than this, and count it as failed: 90s, 15m, 2h.
    #[arg(
        help_heading = "End of jobs and of the tuning",
        long,
        value_name = "TIME",
        value_parser = parse_duration
    )]
    pub(crate) job_timeout: Option<Duration>,
    /// The number of retries of a failed job. By default, 3 after an interruption, 10 after a
    /// temporary rejection by a service, and 0 after any other failure; a tuning request has its
    /// own defaults.
    #[arg(help_heading = "End of jobs and of the tuning", long, value_name = "N")]
    pub(crate) retries: Option<u32>,
    /// Stop unpromising jobs early: `median`, `off`, or `hyperband=MIN,MAX` for jobs that print
    /// epochs up to MAX.
    #[arg(
        help_heading = "End of jobs and of the tuning",
        long,
        value_name = "RULE",
        value_parser = parse_early_stopping
    )]
    pub(crate) early_stopping: Option<EarlyStopping>,
    /// Complete the tuning when a job reaches this value.
    #[arg(
        help_heading = "End of jobs and of the tuning",
        long,
        value_name = "VALUE",
        allow_negative_numbers = true
    )]
    pub(crate) target: Option<f64>,
    /// Complete the tuning when this number of jobs in a row has not improved the best value.
    #[arg(help_heading = "End of jobs and of the tuning", long, value_name = "JOBS")]
    pub(crate) patience: Option<usize>,
    /// Let running jobs continue if this process is killed. The same command adopts them.
    #[arg(help_heading = "End of jobs and of the tuning", long)]
    pub(crate) survive: bool,
    /// Tune a built-in test function instead of a program: branin, hartmann6, levy and more.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["set", "command"])]
    pub(crate) function: Option<String>,
    /// The training script of a request: a Python script or any program. It gets the files and
    /// environment variables of a SageMaker training container.
    #[arg(
        help_heading = "Tuning requests of Amazon SageMaker",
        long,
        value_name = "FILE",
        requires = "file",
        conflicts_with = "command"
    )]
    pub(crate) script: Option<PathBuf>,
    /// The data of an input channel of a request: a file or a folder.
    #[arg(
        help_heading = "Tuning requests of Amazon SageMaker",
        long,
        value_name = "NAME=PATH",
        value_parser = parse_channel,
        requires = "file"
    )]
    pub(crate) channel: Vec<(String, PathBuf)>,
    /// The input of the Step Functions state that creates the tuning job: JSON, or the name of a
    /// file with it.
    #[arg(
        help_heading = "Tuning requests of Amazon SageMaker",
        long,
        value_name = "JSON",
        value_parser = parse_json,
        requires = "file"
    )]
    pub(crate) input: Option<serde_json::Value>,
    /// Run the jobs of a request as training jobs on SageMaker, which costs money.
    #[cfg(feature = "sdk")]
    #[arg(
        help_heading = "Tuning requests of Amazon SageMaker",
        long,
        requires = "file",
        conflicts_with_all = ["script", "command"]
    )]
    pub(crate) sagemaker: bool,
    /// Start the training jobs. Without this option the maximum cost is printed, and nothing is
    /// sent.
    #[cfg(feature = "sdk")]
    #[arg(help_heading = "Tuning requests of Amazon SageMaker", long, requires = "sagemaker")]
    pub(crate) spend: bool,
    #[cfg(feature = "sdk")]
    #[command(flatten)]
    pub(crate) connection: crate::sagemaker::ConnectionOptions,
    /// Print each event as a line of JSON.
    #[arg(help_heading = "Output", long, conflicts_with = "quiet")]
    pub(crate) json: bool,
    /// Print only the result.
    #[arg(help_heading = "Output", long)]
    pub(crate) quiet: bool,
    /// The command that runs a job, with placeholders such as {lr}.
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

impl TuneOptions {
    /// Returns what to do with a journal that exists.
    pub(crate) fn existing_journal(&self) -> ExistingJournal {
        match (self.accept_changes, self.fresh) {
            (_, true) => ExistingJournal::Rename,
            (true, false) => ExistingJournal::AcceptChanges,
            (false, false) => ExistingJournal::Resume,
        }
    }

    /// Returns the options that are set but do not apply to a request or to a test function.
    pub(crate) fn unused_options(&self, is_request: bool) -> Vec<&'static str> {
        let is_function = self.function.is_some();
        let for_commands = [
            ("--pass", self.pass.is_some()),
            ("--metric-regex", self.metric_regex.is_some()),
            ("--metric-file", self.metric_file.is_some()),
            ("--metric-of", self.metric_of.is_some()),
        ];
        let for_requests = [
            ("--set", !self.study.set.is_empty()),
            ("--minimize or --maximize", self.study.objective().is_some()),
        ];
        let for_functions =
            [("--job-timeout", self.job_timeout.is_some()), ("--survive", self.survive)];
        let for_commands = for_commands.into_iter().filter(|_| is_request || is_function);
        let for_requests = for_requests.into_iter().filter(|_| is_request);
        let for_functions = for_functions.into_iter().filter(|_| is_function);
        let all = for_commands.chain(for_requests).chain(for_functions);
        all.filter(|(_, is_given)| *is_given).map(|(name, _)| name).collect()
    }
}

fn parse_channel(text: &str) -> Result<(String, PathBuf), String> {
    let channel = text.split_once('=').filter(|(name, path)| !name.is_empty() && !path.is_empty());
    let (name, path) = channel.ok_or("write NAME=PATH, such as train=data/train.csv")?;
    Ok((name.to_owned(), PathBuf::from(path)))
}

/// Parses `median`, `hyperband=1,50` or `off`.
pub(crate) fn parse_early_stopping(text: &str) -> Result<EarlyStopping, String> {
    let form = "write `median`, `hyperband=MIN,MAX` (the first and the last epoch) or `off`";
    match text {
        "median" => return Ok(EarlyStopping::auto()),
        "off" => return Ok(EarlyStopping::Off),
        _ => {}
    }
    let epochs = text.strip_prefix("hyperband=").and_then(|epochs| epochs.split_once(','));
    let epochs = epochs.and_then(|(min, max)| Some((min.parse().ok()?, max.parse().ok()?)));
    // A job is not stopped at its last epoch, so that it can still save its model.
    let rule = |(min, max): (u64, u64)| EarlyStopping::hyperband(min, max.saturating_add(1));
    epochs.map(rule).ok_or_else(|| form.to_owned())
}
