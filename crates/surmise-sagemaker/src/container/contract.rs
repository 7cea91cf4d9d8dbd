//! What SageMaker's training container gives a program, given on this machine.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::num::NonZero;
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

/// What a container has at the most from `output/failure`, by SageMaker's contract.
const FAILURE_CHARACTERS: usize = 1024;
/// How long a program has between SIGTERM and SIGKILL, by the same contract.
const GRACE: Duration = Duration::from_secs(120);
/// The name of the only machine.
const HOST: &str = "algo-1";

/// The contract between SageMaker and a training program, kept on this machine for the jobs of a [`CommandEvaluator`].
///
/// Below each job's folder there is an `opt/ml` with all that is below `/opt/ml` of a container: `input/config/hyperparameters.json`,
/// `inputdataconfig.json`, `resourceconfig.json`; `input/data/` and each channel; `model`, `output/data`, `checkpoints`. The environment has the
/// definition's variables, `TRAINING_JOB_NAME`, and over them those that AWS's toolkit for training sets in its framework images, to the last character:
/// `SM_MODEL_DIR`, `SM_CHANNEL_TRAIN`, `SM_HPS`, `SM_HP_…`, `SM_USER_ARGS`, `SM_TRAINING_ENV` and so on (no GPUs are counted). The metric is found in what the program prints, by the request's
/// `MetricDefinitions` (for the built-in XGBoost by its own expression); what a program that fails has written to `output/failure` is told. A program that
/// runs for longer than the request's `MaxRuntimeInSeconds` gets SIGTERM and, 120 seconds later, SIGKILL.
///
/// A program that looks below `/opt/ml` itself needs that path: run its image, with `docker run -v "$SURMISE_FOLDER/opt/ml:/opt/ml" IMAGE train` as
/// the command, and another `-v` for the data of each channel at its own path, because channels are links to it; or use the variables.
#[derive(Debug, Clone)]
pub struct TrainingContainer {
    template: TrainingJobTemplate,
    pattern: MetricPattern,
    channels: BTreeMap<String, PathBuf>,
    passes_arguments: bool,
}

impl TrainingContainer {
    /// What the training jobs of a request get.
    ///
    /// # Errors
    /// Those of [`TrainingJobTemplate::of`], and [`Error::Invalid`] if no expression finds the metric, or it is none, or a channel is to come
    /// as a stream, which only SageMaker makes.
    pub fn of(request: &CreateHyperParameterTuningJobRequest) -> Result<Self, Error> {
        let template = TrainingJobTemplate::of(request)?;
        let metric = template.metric_name();
        let algorithm = &template.definition().algorithm;
        let definitions = algorithm.metric_definitions.iter().flatten();
        let own = definitions
            .filter(|own| own.name == metric)
            .map(|own| with_tabs(&own.regex))
            .next_back();
        let built_in = || built_in_metric_regex(algorithm, metric);
        let mut violations = Vec::new();
        let subject = "$.TrainingJobDefinition.AlgorithmSpecification.MetricDefinitions";
        let pattern = match own.or_else(built_in).map(|regex| (MetricPattern::new(&regex), regex)) {
            Some((Ok(pattern), _)) => Some(pattern),
            Some((Err(error), regex)) => {
                let rule = format!("it is a regular expression: {error}");
                violations.push(Violation::new(subject, regex, rule, "mend it"));
                None
            }
            None => {
                let rule = "an expression finds the metric in what the program prints";
                let remedy = "add a Name and a Regex whose first group is the value";
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
                let rule = "its name is that of a folder below input/data";
                violations.push(Violation::new(subject, &channel.name, rule, "rename it"));
            }
            if channel.input_mode.unwrap_or(algorithm.input_mode) == TrainingInputMode::Pipe {
                let subject = format!("channel {}", channel.name);
                let rule = "data comes as files on this machine";
                violations.push(Violation::new(subject, "Pipe", rule, "use File or FastFile"));
            }
        }
        Error::unless_empty(violations)?;
        let Some(pattern) = pattern else { return Err(Error::Invalid(Vec::new())) };
        Ok(Self { template, pattern, channels: BTreeMap::new(), passes_arguments: false })
    }

    /// The same with a channel's data from this file or folder.
    #[must_use]
    pub fn channel(mut self, name: impl Into<String>, data: impl Into<PathBuf>) -> Self {
        self.channels.insert(name.into(), data.into());
        self
    }

    /// The same with hyperparameters as further arguments, too, `--name value` each: as SageMaker's framework images call a script. As there, values
    /// are decoded from JSON and written as Python writes them, and those whose names begin with `sagemaker_` are left out.
    #[must_use]
    pub fn with_arguments(self) -> Self {
        Self { passes_arguments: true, ..self }
    }

    /// Programs whose jobs run in this container, in `opt/ml` of each job's folder below this one. It says how configurations are passed, where
    /// the metric and its intermediate values are found, for how long a job may run, and how long it has to end: 120 seconds, unless
    /// [another time](CommandEvaluator::with_grace) is given afterwards.
    ///
    /// ```no_run
    /// use surmise::CommandEvaluator;
    /// use surmise_sagemaker::Document;
    /// use surmise_sagemaker::container::TrainingContainer;
    ///
    /// let request = Document::read(&std::fs::read("tuning_job.json")?)?.request()?;
    /// let container = TrainingContainer::of(&request)?.channel("train", "data/train.csv");
    /// let jobs = container.around(CommandEvaluator::new("python3").arguments(["train.py"]), "runs");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn around(
        self,
        programs: CommandEvaluator,
        folder: impl Into<PathBuf>,
    ) -> CommandEvaluator {
        let pattern = self.pattern.clone();
        let programs = programs
            .metric_from(MetricSource::Pattern(pattern.clone()))
            .reports_from(ReportSource::Pattern(pattern))
            .with_grace(GRACE);
        let programs = match self.max_runtime() {
            Some(longest) => programs.with_max_runtime(longest),
            None => programs,
        };
        programs.set_up_by(self, folder)
    }

    /// How long a program may run.
    fn max_runtime(&self) -> Option<Duration> {
        let condition = &self.template.definition().stopping_condition;
        condition.max_runtime_in_seconds.map(|seconds| Duration::from_secs(seconds.into()))
    }

    fn request(&self, job: &Job<'_>) -> CreateTrainingJobRequest {
        let numbers = (job.trial.id.0, job.attempt);
        self.template.request(&job.trial.configuration, numbers, 0, None)
    }

    fn lay_out(&self, request: &CreateTrainingJobRequest, root: &Path) -> io::Result<()> {
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
            let place = root.join("input").join("data").join(name);
            let data = fs::canonicalize(data)?;
            if data.is_dir() {
                link(&data, &place)?;
            } else {
                fs::create_dir_all(&place)?;
                link(&data, &place.join(data.file_name().unwrap_or_default()))?;
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
        let machines = self.template.machines().first();
        let machine = machines.and_then(|machines| machines.instance_type.as_deref());
        json!({
            "current_host": HOST,
            "current_instance_type": machine.unwrap_or("local"),
            "current_group_name": "homogeneousCluster",
            "hosts": [HOST],
            "instance_groups": [{
                "instance_group_name": "homogeneousCluster",
                "instance_type": machine.unwrap_or("local"),
                "hosts": [HOST],
            }],
            "network_interface_name": "lo",
        })
    }
}

impl JobSetup for TrainingContainer {
    /// What cannot be done.
    fn violations(&self) -> Vec<Violation> {
        let channels = self.template.definition().input.iter().flatten();
        let names: Vec<&str> = channels.map(|channel| channel.name.as_str()).collect();
        let lacking = names.iter().filter(|name| !self.channels.contains_key(**name)).map(|name| {
            let remedy = "say where its data is on this machine by channel";
            Violation::new(format!("channel {name}"), "only in the cloud", "it has data", remedy)
        });
        let gone = self.channels.iter().filter(|(_, path)| !path.exists()).map(|(name, path)| {
            let rule = "its data is a file or a folder";
            Violation::new(format!("channel {name}"), path.display(), rule, "give one that exists")
        });
        let strange = self.channels.keys().filter(|name| !names.contains(&name.as_str()));
        let strange = strange.map(|name| {
            let rule = format!("it is one of the request's: {}", names.join(", "));
            Violation::new(format!("channel {name}"), "not in the request", rule, "leave it out")
        });
        lacking.chain(gone).chain(strange).collect()
    }

    /// Lays out what a container has below `/opt/ml`, empty of what an earlier run has left; and completes the command.
    fn set_up(
        &self,
        job: &Job<'_>,
        folder: &Path,
        command: &mut Command,
    ) -> Result<(), EvaluatorError> {
        let request = self.request(job);
        let root = folder.join("opt").join("ml");
        self.lay_out(&request, &root).map_err(|error| cannot_lay_out(&root, &error))?;
        let own = request.environment.as_ref();
        #[allow(
            clippy::disallowed_methods,
            reason = "a program inherits it, and so does the toolkit"
        )]
        let inherited = |name: &str| std::env::var(name).ok();
        let variable = |name: &str| match name {
            "TRAINING_JOB_NAME" => Some(request.name.clone()),
            "AWS_DEFAULT_REGION" => {
                own.and_then(|own| own.get(name).cloned()).or_else(|| inherited(name))
            }
            _ => own.and_then(|own| own.get(name).cloned()),
        };
        let given = ToolkitInputs {
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
        let furnished = toolkit::furnish(&given).map_err(EvaluatorError::new)?;
        // The toolkit sets its variables over the container's own.
        command.envs(request.environment.iter().flatten());
        command.env("TRAINING_JOB_NAME", &request.name).envs(furnished.variables);
        if self.passes_arguments {
            command.args(furnished.arguments);
        }
        Ok(())
    }

    /// What a program that failed has left to say.
    fn failure(&self, folder: &Path) -> Option<String> {
        let text = fs::read_to_string(folder.join("opt/ml/output/failure")).ok()?;
        let text: String = text.trim().chars().take(FAILURE_CHARACTERS).collect();
        (!text.is_empty()).then(|| format!("AlgorithmError: {text}"))
    }
}

/// An expression as it stands for what a program prints: CloudWatch shows a tab as `#011`.
fn with_tabs(expression: &str) -> String {
    let with_tabs = expression.replace("#011", r"(?:#011|\t)");
    if MetricPattern::new(&with_tabs).is_ok() { with_tabs } else { expression.to_owned() }
}

fn link(data: &Path, place: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(data, place)
}

fn cannot_lay_out(root: &Path, error: &io::Error) -> EvaluatorError {
    EvaluatorError::new(format!("cannot lay out {}: {error}", root.display()))
}
