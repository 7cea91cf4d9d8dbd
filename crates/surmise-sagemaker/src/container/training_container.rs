//! Provides the files and environment variables of SageMaker's training containers.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::num::NonZero;
use std::os::unix::fs::symlink;
use std::path::{Component, Path, PathBuf};
use std::process::Command;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use super::toolkit::{self, ToolkitInputs};
use crate::request::built_in_metric_regex;
use crate::request::{
    CreateHyperParameterTuningJobRequest, CreateTrainingJobRequest, TrainingInputMode,
    TrainingJobTemplate,
};
use surmise::CommandEvaluator;
use surmise::error::{Error, EvaluatorError, Violation};
use surmise::evaluator::{Job, JobSetup, MetricSource, ReportSource};
use surmise::pattern::MetricPattern;

/// The maximum number of characters that SageMaker reads from `output/failure`.
const MAX_FAILURE_CHARACTERS: usize = 1024;
/// The time that SageMaker gives a program between SIGTERM and SIGKILL.
const GRACE_PERIOD: Duration = Duration::from_secs(120);
/// The name of the only host.
const HOST: &str = "algo-1";

/// Runs a training program on this machine as SageMaker runs it in a training container.
///
/// Use it to tune a script that you will later run in SageMaker, or to try a tuning request without
/// costs. It wraps a [`CommandEvaluator`], and gives each job the files and environment variables
/// that it has in SageMaker.
///
/// ```
/// use surmise::{CommandEvaluator, Tuner};
/// use surmise_sagemaker::Document;
/// use surmise_sagemaker::container::TrainingContainer;
///
/// let text = r#"{ "HyperParameterTuningJobName": "local",
///   "HyperParameterTuningJobConfig": {
///     "Strategy": "Random",
///     "HyperParameterTuningJobObjective": { "Type": "Minimize", "MetricName": "loss" },
///     "ResourceLimits": { "MaxNumberOfTrainingJobs": 3, "MaxParallelTrainingJobs": 1 },
///     "ParameterRanges": { "ContinuousParameterRanges": [
///       { "Name": "rate", "MinValue": "0.1", "MaxValue": "1" } ] } },
///   "TrainingJobDefinition": {
///     "AlgorithmSpecification": { "TrainingInputMode": "File",
///       "TrainingImage": "012345678912.dkr.ecr.us-west-2.amazonaws.com/trees:1",
///       "MetricDefinitions": [ { "Name": "loss", "Regex": "loss=(\\S+)" } ] },
///     "RoleArn": "arn:aws:iam::012345678912:role/tuner",
///     "OutputDataConfig": { "S3OutputPath": "s3://bucket/models" },
///     "ResourceConfig": {
///       "InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30 },
///     "StoppingCondition": { "MaxRuntimeInSeconds": 3600 } } }"#;
/// let document = Document::read(text.as_bytes())?;
/// let folder = std::env::temp_dir().join(format!("surmise-doc-{}", std::process::id()));
/// let script = CommandEvaluator::new("sh").arguments(["-c", "echo loss=$SM_HP_RATE"]);
/// let container = TrainingContainer::from_request(&document.request()?)?;
/// let mut evaluator = container.wrap(script, &folder);
/// evaluator.check()?;
///
/// let tuning = document.tuning()?;
/// let mut tuner = Tuner::with_rules(tuning.rules.clone());
/// let mut study = tuning.study()?;
/// tuner.run(&mut study, &mut evaluator)?;
/// assert!(study.best().unwrap().value().unwrap() < 1.0);
/// # std::fs::remove_dir_all(folder)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Each job gets:
/// - Files: the folder `opt/ml` below the job's folder has the files of `/opt/ml` in a container.
///   These are `input/config/hyperparameters.json`, `inputdataconfig.json` and
///   `resourceconfig.json`, a folder of `input/data` for each channel, `model`, `output/data` and
///   `checkpoints`.
/// - Variables: those of the definition, `TRAINING_JOB_NAME`, and those that AWS's training toolkit
///   sets in its framework images (`SM_MODEL_DIR`, `SM_CHANNEL_TRAIN`, `SM_HPS`, `SM_HP_…`,
///   `SM_USER_ARGS`, `SM_TRAINING_ENV` and so on). The number of GPUs is always 0.
/// - Metric: the request's `MetricDefinitions` extract it from the output of the program. The
///   built-in XGBoost has its own regular expression.
/// - Time limit: a program that exceeds `MaxRuntimeInSeconds` gets SIGTERM and, 120 seconds later,
///   SIGKILL.
/// - Failures: the reason of a failure is the text that the program wrote to `output/failure`.
///
/// # Common mistakes
///
/// - A channel of the request without data: give each channel a local file or folder by
///   [`with_channel`](Self::with_channel). Otherwise [`CommandEvaluator::check`] fails.
/// - A program with the fixed path `/opt/ml`: read `SM_MODEL_DIR`, `SM_CHANNEL_TRAIN` and so on
///   instead. Or run its image by the command
///   `docker run -v "$SURMISE_FOLDER/opt/ml:/opt/ml" IMAGE train`. Channels are symbolic links, so
///   that the data of each channel needs a further `-v` at its own path.
/// - A script that parses arguments: add
///   [`with_hyperparameter_arguments`](Self::with_hyperparameter_arguments).
#[derive(Debug, Clone)]
pub struct TrainingContainer {
    template: TrainingJobTemplate,
    pattern: MetricPattern,
    channels: BTreeMap<String, PathBuf>,
    passes_arguments: bool,
}

impl TrainingContainer {
    /// Creates the container for the training jobs of a request.
    ///
    /// # Errors
    /// [`Error::Invalid`], as [`TrainingJobTemplate::from_request`], and in these cases:
    /// - no valid regular expression defines the objective metric;
    /// - the name of a channel cannot be the name of a folder;
    /// - a channel has input mode `Pipe`, which only SageMaker provides.
    pub fn from_request(request: &CreateHyperParameterTuningJobRequest) -> Result<Self, Error> {
        let template = TrainingJobTemplate::from_request(request)?;
        let metric = template.metric_name();
        let algorithm = &template.definition().algorithm;
        let definitions = algorithm.metric_definitions.iter().flatten();
        let defined = definitions
            .filter(|definition| definition.name == metric)
            .map(|definition| allow_tabs(&definition.regex))
            .next_back();
        let built_in = || built_in_metric_regex(algorithm, metric);
        let mut violations = Vec::new();
        let subject = "$.TrainingJobDefinition.AlgorithmSpecification.MetricDefinitions";
        let pattern =
            match defined.or_else(built_in).map(|regex| (MetricPattern::new(&regex), regex)) {
                Some((Ok(pattern), _)) => Some(pattern),
                Some((Err(error), regex)) => {
                    let rule = format!("it must be a regular expression: {error}");
                    violations.push(Violation::new(subject, regex, rule, "correct it"));
                    None
                }
                None => {
                    let rule =
                        "a regular expression must extract the objective metric from the output";
                    let remedy = "add a Name and a Regex whose first group captures the value";
                    violations.push(Violation::new(
                        subject,
                        format!("none for {metric}"),
                        rule,
                        remedy,
                    ));
                    None
                }
            };
        for channel in template.definition().input.iter().flatten() {
            let mut parts = Path::new(&channel.name).components();
            if !matches!((parts.next(), parts.next()), (Some(Component::Normal(_)), None)) {
                let subject = format!("channel {}", channel.name);
                let rule = "its name must be usable as the name of a folder";
                violations.push(Violation::new(subject, &channel.name, rule, "rename it"));
            }
            if channel.input_mode.unwrap_or(algorithm.input_mode) == TrainingInputMode::Pipe {
                let subject = format!("channel {}", channel.name);
                let rule = "on this machine, channels can have only files";
                violations.push(Violation::new(subject, "Pipe", rule, "use File or FastFile"));
            }
        }
        Error::from_violations(violations)?;
        let Some(pattern) = pattern else { return Err(Error::Invalid(Vec::new())) };
        Ok(Self { template, pattern, channels: BTreeMap::new(), passes_arguments: false })
    }

    /// Sets the local file or folder that holds the data of a channel; none by default.
    ///
    /// Each channel of the request needs one: call it once for each channel. The channel's folder
    /// has a symbolic link to it.
    #[must_use]
    pub fn with_channel(mut self, name: impl Into<String>, data: impl Into<PathBuf>) -> Self {
        self.channels.insert(name.into(), data.into());
        self
    }

    /// Appends the hyperparameters to the arguments of the program: `--name value` each.
    ///
    /// By default a program gets them only as files and variables. SageMaker's framework images
    /// call a script with such arguments. As there, values are decoded from JSON and formatted as
    /// in Python, and names that begin with `sagemaker_` are omitted.
    #[must_use]
    pub fn with_hyperparameter_arguments(self) -> Self {
        Self { passes_arguments: true, ..self }
    }

    /// Wraps an evaluator, so that its programs run as in a training container.
    ///
    /// Each job has its own folder below `folder`, with the files of the container in `opt/ml`. The
    /// container also sets the source of the metric and of reports, the maximum running time, and
    /// the grace period (120 seconds). Call
    /// [`with_grace_period`](CommandEvaluator::with_grace_period) afterwards to change the latter.
    ///
    /// ```no_run
    /// use surmise::CommandEvaluator;
    /// use surmise_sagemaker::Document;
    /// use surmise_sagemaker::container::TrainingContainer;
    ///
    /// let request = Document::read(&std::fs::read("tuning_job.json")?)?.request()?;
    /// let container = TrainingContainer::from_request(&request)?
    ///     .with_channel("train", "data/train.csv")
    ///     .with_hyperparameter_arguments();
    /// let jobs = container.wrap(CommandEvaluator::new("python3").arguments(["train.py"]), "runs");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn wrap(self, evaluator: CommandEvaluator, folder: impl Into<PathBuf>) -> CommandEvaluator {
        let pattern = self.pattern.clone();
        let evaluator = evaluator
            .metric_from(MetricSource::Pattern(pattern.clone()))
            .reports_from(ReportSource::Pattern(pattern))
            .with_grace_period(GRACE_PERIOD);
        let evaluator = match self.max_runtime() {
            Some(max_runtime) => evaluator.with_max_runtime(max_runtime),
            None => evaluator,
        };
        evaluator.set_up_by(self, folder)
    }

    fn max_runtime(&self) -> Option<Duration> {
        let condition = &self.template.definition().stopping_condition;
        condition.max_runtime_in_seconds.map(|seconds| Duration::from_secs(seconds.into()))
    }

    fn request(&self, job: &Job<'_>) -> CreateTrainingJobRequest {
        let numbers = (job.trial.id.0, job.attempt);
        self.template.request(&job.trial.configuration, numbers, 0, None)
    }

    fn create_files(&self, request: &CreateTrainingJobRequest, root: &Path) -> io::Result<()> {
        for part in ["input", "model", "output", "checkpoints"] {
            match fs::remove_dir_all(root.join(part)) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        for folder in [
            "input/config",
            "input/data",
            "model",
            "output/data",
            "output/intermediate",
            "checkpoints",
        ] {
            fs::create_dir_all(root.join(folder))?;
        }
        let config = root.join("input").join("config");
        let write = |file: &str, value: &Value| fs::write(config.join(file), value.to_string());
        write("hyperparameters.json", &json!(request.hyper_parameters))?;
        write("inputdataconfig.json", &self.input_config())?;
        write("resourceconfig.json", &self.resource_config())?;
        for (name, data) in &self.channels {
            let folder = root.join("input").join("data").join(name);
            let data = fs::canonicalize(data)?;
            if data.is_dir() {
                symlink(&data, &folder)?;
            } else {
                fs::create_dir_all(&folder)?;
                symlink(&data, folder.join(data.file_name().unwrap_or_default()))?;
            }
        }
        Ok(())
    }

    fn input_config(&self) -> Value {
        let algorithm = &self.template.definition().algorithm;
        let channels = self.template.definition().input.iter().flatten().map(|channel| {
            let s3 = channel.source.s3.as_ref().and_then(|s3| s3.distribution.as_ref());
            let mut entry = json!({
                "TrainingInputMode": channel.input_mode.unwrap_or(algorithm.input_mode),
                "S3DistributionType": s3.map_or("FullyReplicated", |it| it.as_str()),
                "RecordWrapperType": channel.record_wrapper.map_or("None", |it| it.as_str()),
            });
            if let Some(kind) = &channel.content_type {
                entry["ContentType"] = json!(kind);
            }
            (channel.name.clone(), entry)
        });
        Value::Object(channels.collect())
    }

    fn resource_config(&self) -> Value {
        let resources = self.template.instance_options().first();
        let instance_type =
            resources.and_then(|resources| resources.instance_type.as_deref()).unwrap_or("local");
        json!({
            "current_host": HOST,
            "current_instance_type": instance_type,
            "current_group_name": "homogeneousCluster",
            "hosts": [HOST],
            "instance_groups": [{
                "instance_group_name": "homogeneousCluster",
                "instance_type": instance_type,
                "hosts": [HOST],
            }],
            "network_interface_name": "lo",
        })
    }
}

impl JobSetup for TrainingContainer {
    /// Returns a violation for each channel without data, each path that does not exist, and each
    /// unknown channel.
    fn violations(&self) -> Vec<Violation> {
        let channels = self.template.definition().input.iter().flatten();
        let names: Vec<&str> = channels.map(|channel| channel.name.as_str()).collect();
        let without_data = names.iter().filter(|name| !self.channels.contains_key(**name));
        let without_data = without_data.map(|name| {
            let rule = "each channel needs data on this machine";
            let remedy = "name its file or folder by with_channel";
            Violation::new(format!("channel {name}"), "only in the cloud", rule, remedy)
        });
        let missing = self.channels.iter().filter(|(_, path)| !path.exists());
        let missing = missing.map(|(name, path)| {
            let rule = "its data must be a file or a folder";
            Violation::new(format!("channel {name}"), path.display(), rule, "give one that exists")
        });
        let unknown = self.channels.keys().filter(|name| !names.contains(&name.as_str()));
        let unknown = unknown.map(|name| {
            let rule = format!("it must be one of the request's channels: {}", names.join(", "));
            Violation::new(format!("channel {name}"), "not in the request", rule, "remove it")
        });
        without_data.chain(missing).chain(unknown).collect()
    }

    /// Creates the files of the container, after removing those of an earlier run, and completes
    /// the command.
    fn set_up(
        &self,
        job: &Job<'_>,
        folder: &Path,
        command: &mut Command,
    ) -> Result<(), EvaluatorError> {
        let request = self.request(job);
        let root = folder.join("opt").join("ml");
        self.create_files(&request, &root).map_err(|error| cannot_create_files(&root, &error))?;
        let environment = request.environment.as_ref();
        #[allow(
            clippy::disallowed_methods,
            reason = "the toolkit reads a variable that the program inherits"
        )]
        let inherited = |name: &str| std::env::var(name).ok();
        let variable = |name: &str| match name {
            "TRAINING_JOB_NAME" => Some(request.name.clone()),
            "AWS_DEFAULT_REGION" => {
                environment.and_then(|it| it.get(name).cloned()).or_else(|| inherited(name))
            }
            _ => environment.and_then(|it| it.get(name).cloned()),
        };
        let inputs = ToolkitInputs {
            hyperparameters: request
                .hyper_parameters
                .iter()
                .flatten()
                .map(|(name, value)| (name.as_str(), value.as_str()))
                .collect(),
            channels: &self.input_config(),
            resources: &self.resource_config(),
            variable: &variable,
            root: &root,
            processors: thread::available_parallelism().map_or(1, NonZero::get),
        };
        let program = toolkit::program_inputs(&inputs).map_err(EvaluatorError::new)?;
        // Variables of the toolkit override those of the container.
        command.envs(request.environment.iter().flatten());
        command.env("TRAINING_JOB_NAME", &request.name).envs(program.variables);
        if self.passes_arguments {
            command.args(program.arguments);
        }
        Ok(())
    }

    /// Reads the reason of a failure that the program wrote to `output/failure`.
    fn failure_reason(&self, folder: &Path) -> Option<String> {
        let text = fs::read_to_string(folder.join("opt/ml/output/failure")).ok()?;
        let text: String = text.trim().chars().take(MAX_FAILURE_CHARACTERS).collect();
        (!text.is_empty()).then(|| format!("AlgorithmError: {text}"))
    }
}

/// Lets `#011` in an expression also match a tab, which CloudWatch shows as `#011`.
fn allow_tabs(expression: &str) -> String {
    let with_tabs = expression.replace("#011", r"(?:#011|\t)");
    if MetricPattern::new(&with_tabs).is_ok() { with_tabs } else { expression.to_owned() }
}

fn cannot_create_files(root: &Path, error: &io::Error) -> EvaluatorError {
    EvaluatorError::new(format!(
        "cannot create the container's files in {}: {error}",
        root.display()
    ))
}
