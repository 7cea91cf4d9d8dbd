//! SageMaker's container contract on the local machine.

#![cfg(unix)]

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use surmise::conformance::check_evaluator;
use surmise::evaluator::{Evaluator, Job, JobEvent};
use surmise::trial::Source;
use surmise::{CommandEvaluator, Configuration, FailureKind, Outcome, Trial, TrialId};
use surmise_sagemaker::container::TrainingContainer;
use surmise_sagemaker::{CreateHyperParameterTuningJobRequest, Document};

const LONG: Duration = Duration::from_secs(60);

fn request() -> CreateHyperParameterTuningJobRequest {
    let text = json!({
        "HyperParameterTuningJobName": "trees",
        "HyperParameterTuningJobConfig": {
            "Strategy": "Random",
            "HyperParameterTuningJobObjective": {"Type": "Minimize", "MetricName": "loss"},
            "ResourceLimits": {"MaxNumberOfTrainingJobs": 4, "MaxParallelTrainingJobs": 2},
            "ParameterRanges": {"ContinuousParameterRanges": [
                {"Name": "rate", "MinValue": "0", "MaxValue": "1"}]}},
        "TrainingJobDefinition": {
            "AlgorithmSpecification": {
                "TrainingImage": "012345678912.dkr.ecr.us-west-2.amazonaws.com/trees:1",
                "TrainingInputMode": "File",
                "MetricDefinitions": [{"Name": "loss", "Regex": "loss=(\\S+)"}]},
            "StaticHyperParameters": {
                "num_round": "20", "booster": "\"dart\"", "v": "true",
                "sagemaker_program": "train.py"},
            "InputDataConfig": [
                {"ChannelName": "train", "ContentType": "text/csv", "DataSource": {"S3DataSource":
                    {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/train.csv"}}},
                {"ChannelName": "validation", "DataSource": {"S3DataSource":
                    {"S3DataType": "S3Prefix", "S3Uri": "s3://bucket/validation"}}}],
            "RoleArn": "arn:aws:iam::012345678912:role/tuner",
            "OutputDataConfig": {"S3OutputPath": "s3://bucket/models"},
            "ResourceConfig": {
                "InstanceType": "ml.m5.xlarge", "InstanceCount": 1, "VolumeSizeInGB": 30},
            "StoppingCondition": {"MaxRuntimeInSeconds": 3600},
            "Environment": {"GREETING": "hello"}}
    });
    Document::read(text.to_string().as_bytes()).unwrap().request().unwrap()
}

/// A temporary folder, which is removed when dropped.
struct TempFolder(PathBuf);

impl TempFolder {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("surmise-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(folder.join("data/validation")).unwrap();
        fs::write(folder.join("data/train.csv"), "1,2\n").unwrap();
        fs::write(folder.join("data/validation/a.csv"), "3,4\n").unwrap();
        Self(folder)
    }

    fn container(&self, request: &CreateHyperParameterTuningJobRequest) -> TrainingContainer {
        let container = TrainingContainer::from_request(request).unwrap();
        let container = container.with_channel("train", self.0.join("data/train.csv"));
        container.with_channel("validation", self.0.join("data/validation"))
    }

    /// Returns an evaluator that runs a shell script in a container.
    fn evaluator(&self, script: &str, container: TrainingContainer) -> CommandEvaluator {
        let command = CommandEvaluator::new("sh").arguments(["-c", script, "sh"]);
        container.wrap(command, self.0.join("runs"))
    }

    /// Returns the folder `opt/ml` of the only job.
    fn root(&self) -> PathBuf {
        self.0.join("runs/trial-00001-attempt-1/opt/ml")
    }
}

impl Drop for TempFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn trial() -> Trial {
    Trial::new(TrialId(1), Source::Study, Configuration::from([("rate", 0.25.into())]))
}

/// Runs a job, and returns its reports and its outcome.
fn run(evaluator: &mut CommandEvaluator) -> (Vec<(u64, f64)>, Outcome) {
    let trial = trial();
    evaluator.start(&Job::new(&trial, 1)).unwrap();
    let mut reports = Vec::new();
    loop {
        for event in evaluator.wait(LONG).unwrap() {
            match event {
                JobEvent::Report { step, value, .. } => reports.push((step, value)),
                JobEvent::Ended { outcome, .. } => return (reports, outcome),
                _ => {}
            }
        }
    }
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[test]
fn a_program_gets_the_files_and_variables_of_a_container() {
    let scratch = TempFolder::new("contract");
    let script = r#"
        cat "$SM_CHANNEL_TRAIN/train.csv" "$SM_CHANNEL_VALIDATION/a.csv" > "$SM_MODEL_DIR/model"
        echo "$GREETING $TRAINING_JOB_NAME $SM_HP_RATE $SM_HPS $SM_CHANNELS" \
          > "$SM_OUTPUT_DATA_DIR/seen"
        echo "$@" > "$SM_OUTPUT_DATA_DIR/arguments"
        echo "epoch 1 loss=0.75" >&2; echo "epoch 2 loss=0.5 " >&2; echo "done"
    "#;
    let container = scratch.container(&request()).with_hyperparameter_arguments();
    let (reports, outcome) = run(&mut scratch.evaluator(script, container));
    assert_eq!(outcome, Outcome::Completed { value: 0.5 });
    assert_eq!(reports.len(), 2);
    let root = scratch.root();
    let config = |name: &str| read(&root.join("input/config").join(name));
    assert_eq!(
        config("hyperparameters.json"),
        json!({"num_round": "20", "booster": "\"dart\"", "v": "true",
               "sagemaker_program": "train.py",
               "rate": "0.25", "_tuning_objective_metric": "loss"})
    );
    assert_eq!(
        config("inputdataconfig.json")["train"],
        json!({"TrainingInputMode": "File", "S3DistributionType": "FullyReplicated",
               "RecordWrapperType": "None", "ContentType": "text/csv"})
    );
    let resources = config("resourceconfig.json");
    assert_eq!(resources["current_host"], "algo-1");
    assert_eq!(resources["current_instance_type"], "ml.m5.xlarge");
    assert_eq!(fs::read_to_string(root.join("model/model")).unwrap(), "1,2\n3,4\n");
    let environment = fs::read_to_string(root.join("output/data/seen")).unwrap();
    let name = surmise_sagemaker::training_job_name("trees", 1, 1);
    let expected = format!(
        "hello {name} 0.25 {} [\"train\",\"validation\"]\n",
        json!({"booster": "dart", "num_round": 20, "rate": 0.25, "v": true})
    );
    assert_eq!(environment, expected);
    let arguments = fs::read_to_string(root.join("output/data/arguments")).unwrap();
    assert_eq!(arguments, "--booster dart --num_round 20 --rate 0.25 -v True\n");
}

/// CloudWatch shows a tab as `#011`, and users write their expressions for what they see there.
#[test]
fn expressions_match_tabs_as_cloudwatch_shows_them() {
    let scratch = TempFolder::new("tabs");
    let mut request = request();
    let definition = request.definition.as_mut().unwrap();
    let metrics = definition.algorithm.metric_definitions.as_mut().unwrap();
    metrics[0].regex = r"\[[0-9]+\]#011loss=(\S+)".to_owned();
    for (script, value) in [(r"printf '[7]\tloss=0.5\n'", 0.5), ("echo '[7]#011loss=0.25'", 0.25)] {
        let container = scratch.container(&request);
        let (_, outcome) = run(&mut scratch.evaluator(script, container));
        assert_eq!(outcome, Outcome::Completed { value });
    }
}

#[test]
fn the_failure_file_becomes_the_failure_message() {
    let scratch = TempFolder::new("failure");
    let script =
        r#"echo "loss=0.5"; echo "no such column: price" > "$SM_OUTPUT_DIR/failure"; exit 3"#;
    let (_, outcome) = run(&mut scratch.evaluator(script, scratch.container(&request())));
    let Outcome::Failed(failure) = outcome else { panic!("{outcome:?}") };
    assert_eq!(failure.kind, FailureKind::Error);
    assert!(failure.message.starts_with("AlgorithmError: no such column: price, "), "{failure}");
    // The failure file of an earlier run is not read.
    let (_, outcome) = run(&mut scratch.evaluator("exit 3", scratch.container(&request())));
    let Outcome::Failed(failure) = outcome else { panic!("{outcome:?}") };
    assert!(!failure.message.contains("price"), "{failure}");
}

#[test]
fn a_program_beyond_its_time_limit_is_ended() {
    let scratch = TempFolder::new("time");
    let mut request = request();
    let condition = &mut request.definition.as_mut().unwrap().stopping_condition;
    condition.max_runtime_in_seconds = Some(1);
    let handles_sigterm =
        "trap 'echo loss=0.25; exit 0' TERM; echo loss=0.5; while true; do sleep 0.05; done";
    let (_, outcome) = run(&mut scratch.evaluator(handles_sigterm, scratch.container(&request)));
    let Outcome::Failed(failure) = outcome else { panic!("{outcome:?}") };
    assert_eq!(failure.kind, FailureKind::Timeout);
    assert!(failure.message.contains("its last value was 0.25"), "{failure}");
    let ignores_sigterm = "trap '' TERM; echo loss=0.5; while true; do sleep 0.05; done";
    let jobs = scratch.evaluator(ignores_sigterm, scratch.container(&request));
    let mut jobs = jobs.with_grace_period(Duration::from_millis(300));
    let (_, outcome) = run(&mut jobs);
    assert!(matches!(outcome, Outcome::Failed(f) if f.kind == FailureKind::Timeout));
}

#[test]
fn all_missing_parts_are_reported_at_once() {
    let scratch = TempFolder::new("missing");
    let container = TrainingContainer::from_request(&request()).unwrap();
    let container = container.with_channel("test", "nowhere");
    let error = scratch.evaluator("true", container).check().unwrap_err();
    let subjects: Vec<&str> = error.violations().iter().map(|v| v.subject.as_str()).collect();
    assert_eq!(subjects, ["channel train", "channel validation", "channel test", "channel test"]);

    let mut request = request();
    let definition = request.definition.as_mut().unwrap();
    definition.algorithm.metric_definitions = None;
    definition.algorithm.input_mode = surmise_sagemaker::TrainingInputMode::Pipe;
    let error = TrainingContainer::from_request(&request).unwrap_err();
    assert_eq!(error.violations().len(), 3, "{error}");
    // For the built-in XGBoost the expressions are known.
    let definition = request.definition.as_mut().unwrap();
    definition.algorithm.input_mode = surmise_sagemaker::TrainingInputMode::File;
    definition.algorithm.training_image =
        Some("433757028032.dkr.ecr.us-west-2.amazonaws.com/xgboost:latest".to_owned());
    request.config.objective.as_mut().unwrap().metric_name = "validation:rmse".to_owned();
    let script = r"printf '[0]\ttrain-rmse:0.5\tvalidation-rmse:0.75\n'
        printf '[1]#011train-rmse:0.1#011validation-rmse:0.25\n'";
    let (reports, outcome) = run(&mut scratch.evaluator(script, scratch.container(&request)));
    assert_eq!(reports, [(1, 0.75), (2, 0.25)]);
    assert_eq!(outcome, Outcome::Completed { value: 0.25 });
}

#[test]
fn the_container_evaluator_fulfills_the_contract() {
    let scratch = TempFolder::new("conforms");
    let space = request().tuning().unwrap().space;
    let make = || scratch.evaluator("echo loss=$SM_HP_RATE", scratch.container(&request()));
    check_evaluator(make, &space).unwrap();
}
