//! The options of `surmise tune`.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use surmise::EarlyStopping;
use surmise::evaluator::PassConfiguration;

use super::session::ExistingJournal;
use crate::sagemaker::json;
use crate::study::{StudyOptions, parse_duration};

/// What stands below the options.
pub(crate) const HELP: &str = "\
Examples:
  surmise tune --set 'lr=1e-5..1 log' --set 'opt=adam|sgd' --minimize loss --jobs 40 --parallel 4 \\
      -- python train.py --lr {lr} --opt {opt}
  surmise tune --function branin --jobs 30
  surmise tune study.toml

The command prints its metric as `loss: 0.123`, `loss=0.123` or in a line of JSON; the last value counts. With `epoch: 3` in the same line or before, \
values on the way are read, too. The same line typed again goes on where it was.

Exit status: 0 the tuning is complete; 1 it failed, or no job completed; 2 the command line or a file cannot be read; 3 the journal cannot be \
used: another process writes it, it is damaged, or it is of another study; 4 it was interrupted, and the same line goes on.";

/// How a job gets the parameters that no placeholder names.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Pass {
    /// As arguments `--name=value`.
    #[default]
    Arguments,
    /// As variables `HP_NAME` of the environment.
    Env,
    /// As the file `configuration.json` in the job's folder, whose path is the last argument.
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

/// Which of several values of a job counts.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum MetricOf {
    /// The last one.
    #[default]
    Last,
    /// The least one if the metric is minimized, else the greatest.
    Best,
}

/// Tunes a command, a function or a tuning request.
#[derive(Debug, Default, Args)]
pub(crate) struct TuneOptions {
    /// A study as TOML, with the options' names as keys; or a tuning request of Amazon SageMaker as JSON, in any of its forms.
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) study: StudyOptions,
    /// The study's name: its journal is NAME.surmise, its jobs' files are in NAME.jobs. By default it is the name of the script or program.
    #[arg(long, value_name = "NAME")]
    pub(crate) name: Option<String>,
    /// The journal's file, in place of NAME.surmise.
    #[arg(long, value_name = "FILE")]
    pub(crate) journal: Option<PathBuf>,
    /// Go on with the journal of another study or command. What is kept and what is dropped is printed.
    #[arg(long)]
    pub(crate) accept_changes: bool,
    /// Start a new study. The journal of the earlier one is kept under another name.
    #[arg(long, conflicts_with = "accept_changes")]
    pub(crate) fresh: bool,
    /// How a job gets the parameters that no placeholder names [default: arguments].
    #[arg(help_heading = "Metric and parameters", long, value_enum, value_name = "HOW")]
    pub(crate) pass: Option<Pass>,
    /// A regular expression whose first group is the metric, in a line of the output.
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
    /// Which of the values that a job prints is its result: the last or the best one [default: last].
    #[arg(
        help_heading = "Metric and parameters",
        long,
        value_enum,
        value_name = "WHICH",
        conflicts_with = "metric_file"
    )]
    pub(crate) metric_of: Option<MetricOf>,
    /// End a job that runs for longer than this.
    #[arg(help_heading = "End of jobs and of the tuning", long, value_name = "TIME", value_parser = parse_duration)]
    pub(crate) job_timeout: Option<Duration>,
    /// How often a failed job is tried again. By default an interrupted job is tried again, and one that fails by itself is not.
    #[arg(help_heading = "End of jobs and of the tuning", long, value_name = "N")]
    pub(crate) retries: Option<u32>,
    /// Stop unpromising jobs early: `median`, `off`, or `hyperband=MIN,MAX` for jobs that print epochs up to MAX.
    #[arg(help_heading = "End of jobs and of the tuning", long, value_name = "RULE", value_parser = parse_early_stopping)]
    pub(crate) early_stopping: Option<EarlyStopping>,
    /// The tuning is complete when a job reaches this value.
    #[arg(
        help_heading = "End of jobs and of the tuning",
        long,
        value_name = "VALUE",
        allow_negative_numbers = true
    )]
    pub(crate) target: Option<f64>,
    /// The tuning is complete when so many jobs in a row have not improved the best value.
    #[arg(help_heading = "End of jobs and of the tuning", long, value_name = "JOBS")]
    pub(crate) patience: Option<usize>,
    /// Let jobs go on if this process is killed. The same line finds them again.
    #[arg(help_heading = "End of jobs and of the tuning", long)]
    pub(crate) survive: bool,
    /// Tune a known function, to try the command: branin, hartmann6, levy and others.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["set", "command"])]
    pub(crate) function: Option<String>,
    /// The training script of a request: a Python script, or any program. It finds the files and variables of a SageMaker training container.
    #[arg(
        help_heading = "Tuning requests of Amazon SageMaker",
        long,
        value_name = "FILE",
        requires = "file",
        conflicts_with = "command"
    )]
    pub(crate) script: Option<PathBuf>,
    /// Data of a request's channel: a file or a folder.
    #[arg(help_heading = "Tuning requests of Amazon SageMaker", long, value_name = "NAME=PATH", value_parser = parse_channel, requires = "file")]
    pub(crate) channel: Vec<(String, PathBuf)>,
    /// The input of the Step Functions state that makes the tuning job: JSON, or a file with it.
    #[arg(help_heading = "Tuning requests of Amazon SageMaker", long, value_name = "JSON", value_parser = json, requires = "file")]
    pub(crate) input: Option<serde_json::Value>,
    /// Run the jobs of a request as training jobs on SageMaker, which costs money.
    #[cfg(feature = "sdk")]
    #[arg(help_heading = "Tuning requests of Amazon SageMaker", long, requires = "file", conflicts_with_all = ["script", "command"])]
    pub(crate) sagemaker: bool,
    /// Really do it. Without this it is said what it could cost at the most, and nothing is sent.
    #[cfg(feature = "sdk")]
    #[arg(help_heading = "Tuning requests of Amazon SageMaker", long, requires = "sagemaker")]
    pub(crate) spend: bool,
    #[cfg(feature = "sdk")]
    #[command(flatten)]
    pub(crate) connection: crate::sagemaker::ConnectionOptions,
    /// Print each event as a line of JSON.
    #[arg(help_heading = "Output", long, conflicts_with = "quiet")]
    pub(crate) json: bool,
    /// Print the result only.
    #[arg(help_heading = "Output", long)]
    pub(crate) quiet: bool,
    /// The command that runs a job, with placeholders such as {lr}.
    #[arg(last = true, value_name = "COMMAND")]
    pub(crate) command: Vec<OsString>,
}

impl TuneOptions {
    /// What becomes of a journal that is there.
    pub(crate) fn existing_journal(&self) -> ExistingJournal {
        match (self.accept_changes, self.fresh) {
            (_, true) => ExistingJournal::SetAside,
            (true, false) => ExistingJournal::AcceptChanges,
            (false, false) => ExistingJournal::GoOn,
        }
    }

    /// The options that are given and have no use for what is tuned: a request, or a function if one is named.
    pub(crate) fn unused_options(&self, is_request: bool) -> Vec<&'static str> {
        let is_function = self.function.is_some();
        let of_commands = [
            ("--pass", self.pass.is_some()),
            ("--metric-regex", self.metric_regex.is_some()),
            ("--metric-file", self.metric_file.is_some()),
            ("--metric-of", self.metric_of.is_some()),
        ];
        let of_requests = [
            ("--set", !self.study.set.is_empty()),
            ("--minimize or --maximize", self.study.objective().is_some()),
        ];
        let of_functions =
            [("--job-timeout", self.job_timeout.is_some()), ("--survive", self.survive)];
        let of_commands = of_commands.into_iter().filter(|_| is_request || is_function);
        let of_requests = of_requests.into_iter().filter(|_| is_request);
        let of_functions = of_functions.into_iter().filter(|_| is_function);
        let all = of_commands.chain(of_requests).chain(of_functions);
        all.filter(|(_, is_given)| *is_given).map(|(name, _)| name).collect()
    }
}

fn parse_channel(text: &str) -> Result<(String, PathBuf), String> {
    let channel = text.split_once('=').filter(|(name, path)| !name.is_empty() && !path.is_empty());
    let (name, path) = channel.ok_or("write NAME=PATH, such as train=data/train.csv")?;
    Ok((name.to_owned(), PathBuf::from(path)))
}

/// Reads `median`, `hyperband=1,50`, `off`.
pub(crate) fn parse_early_stopping(text: &str) -> Result<EarlyStopping, String> {
    let form = "write `median`, `hyperband=MIN,MAX` (the first and the last epoch) or `off`";
    match text {
        "median" => return Ok(EarlyStopping::auto()),
        "off" => return Ok(EarlyStopping::Off),
        _ => {}
    }
    let epochs = text.strip_prefix("hyperband=").and_then(|epochs| epochs.split_once(','));
    let epochs = epochs.and_then(|(min, max)| Some((min.parse().ok()?, max.parse().ok()?)));
    // A job that prints its last epoch ends by itself: what it does afterwards, such as saving its model, is not cut off.
    let rule = |(min, max): (u64, u64)| EarlyStopping::hyperband(min, max.saturating_add(1));
    epochs.map(rule).ok_or_else(|| form.to_owned())
}
