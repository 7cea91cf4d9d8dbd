//! AWS's page on tuning with an algorithm resource: requests can express each field of its form.
//!
//! Each field is set through the types, written as JSON, validated, and read back.

use serde_json::Value;
use surmise::{Goal, ScalingType};
use surmise_sagemaker::*;

use crate::validate;

fn example() -> CreateHyperParameterTuningJobRequest {
    let mut algorithm = HyperParameterAlgorithmSpecification::new(TrainingInputMode::File);
    algorithm.algorithm_name = Some(
        "arn:aws:sagemaker:us-east-2:764419575721:algorithm/scikit-decision-trees-1542410022"
            .to_owned(),
    );
    let source = S3DataSource::new(
        S3DataType::S3Prefix,
        "s3://amzn-s3-demo-bucket/integ-test-data/marketplace/train",
    );
    let channel = Channel::new("training", DataSource { s3: Some(source), ..DataSource::new() });
    let definition = HyperParameterTrainingJobDefinition {
        static_hyper_parameters: Some([("max_leaf_nodes".to_owned(), "10".to_owned())].into()),
        input: Some(vec![channel]),
        resources: Some(ResourceConfig {
            instance_type: Some("ml.c4.xlarge".to_owned()),
            instance_count: Some(1),
            volume_size_in_gb: Some(30),
            ..ResourceConfig::new()
        }),
        ..HyperParameterTrainingJobDefinition::new(
            algorithm,
            "arn:aws:iam::111122223333:role/SageMakerRole",
            OutputDataConfig::new("s3://amzn-s3-demo-bucket/output"),
            StoppingCondition { max_runtime_in_seconds: Some(3600), ..StoppingCondition::new() },
        )
    };
    let ranges = ParameterRanges {
        continuous: Some(vec![NumericRange::new("min_impurity_decrease", "0", "0.5")]),
        ..ParameterRanges::new()
    };
    let limits = JobResourceLimits {
        max_number_of_training_jobs: Some(20),
        ..JobResourceLimits::new(2_u32)
    };
    let config = HyperParameterTuningJobConfig {
        objective: Some(JobObjective::new(Goal::Maximize, "validation:accuracy")),
        parameter_ranges: Some(ranges),
        ..HyperParameterTuningJobConfig::new(JobStrategy::Bayesian, limits)
    };
    CreateHyperParameterTuningJobRequest {
        definition: Some(definition),
        ..CreateHyperParameterTuningJobRequest::new("test-marketplace", config)
    }
}

/// Writes, validates and reads back a request, and returns the value at a JSON pointer.
fn round_trip(request: &CreateHyperParameterTuningJobRequest, pointer: &str) -> Value {
    let value = serde_json::to_value(request).unwrap();
    let validation = validate(&value);
    assert!(validation.is_accepted(), "{validation}");
    assert_eq!(
        serde_json::from_value::<CreateHyperParameterTuningJobRequest>(value.clone()).unwrap(),
        *request
    );
    value.pointer(pointer).unwrap_or_else(|| panic!("{pointer} in {value}")).clone()
}

fn changed(
    change: impl FnOnce(
        &mut CreateHyperParameterTuningJobRequest,
        &mut HyperParameterTrainingJobDefinition,
    ),
) -> CreateHyperParameterTuningJobRequest {
    let mut request = example();
    let mut definition = request.definition.take().unwrap();
    change(&mut request, &mut definition);
    request.definition = Some(definition);
    request
}

#[test]
fn the_algorithm_may_be_an_arn_or_a_name() {
    let pointer = "/TrainingJobDefinition/AlgorithmSpecification/AlgorithmName";
    assert!(
        round_trip(&example(), pointer)
            .as_str()
            .unwrap()
            .ends_with("scikit-decision-trees-1542410022")
    );
    let named = changed(|_, definition| {
        definition.algorithm.algorithm_name = Some("my-algorithm".to_owned());
    });
    assert_eq!(round_trip(&named, pointer), "my-algorithm");
}

#[test]
fn warm_start_has_two_types_and_at_most_five_parents() {
    for (kind, word) in [
        (WarmStartType::IdenticalDataAndAlgorithm, "IdenticalDataAndAlgorithm"),
        (WarmStartType::TransferLearning, "TransferLearning"),
    ] {
        let parents = |count: usize| -> Vec<ParentHyperParameterTuningJob> {
            let name = |i: usize| Some(format!("parent-{i}"));
            (0..count)
                .map(|i| ParentHyperParameterTuningJob {
                    name: name(i),
                    ..ParentHyperParameterTuningJob::new()
                })
                .collect()
        };
        let request =
            changed(|request, _| request.warm_start = Some(WarmStartConfig::new(parents(5), kind)));
        assert_eq!(round_trip(&request, "/WarmStartConfig/WarmStartType"), word);
        assert_eq!(
            round_trip(&request, "/WarmStartConfig/ParentHyperParameterTuningJobs")
                .as_array()
                .unwrap()
                .len(),
            5
        );
        let six =
            changed(|request, _| request.warm_start = Some(WarmStartConfig::new(parents(6), kind)));
        assert!(!validate(&serde_json::to_value(&six).unwrap()).is_accepted());
    }
}

#[test]
fn the_job_has_a_name() {
    assert_eq!(round_trip(&example(), "/HyperParameterTuningJobName"), "test-marketplace");
}

#[test]
fn the_definition_has_a_role() {
    assert_eq!(
        round_trip(&example(), "/TrainingJobDefinition/RoleArn"),
        "arn:aws:iam::111122223333:role/SageMakerRole"
    );
}

#[test]
fn the_definition_may_have_a_vpc() {
    let request = changed(|_, definition| {
        definition.vpc = Some(VpcConfig::new(
            vec!["sg-1".to_owned()],
            vec!["subnet-1".to_owned(), "subnet-2".to_owned()],
        ));
    });
    assert_eq!(round_trip(&request, "/TrainingJobDefinition/VpcConfig/Subnets/1"), "subnet-2");
}

#[test]
fn the_objective_has_a_metric_and_a_direction() {
    for (goal, word) in [(Goal::Maximize, "Maximize"), (Goal::Minimize, "Minimize")] {
        let request = changed(|request, _| {
            request.config.objective = Some(JobObjective::new(goal, "validation:accuracy"));
        });
        assert_eq!(
            round_trip(
                &request,
                "/HyperParameterTuningJobConfig/HyperParameterTuningJobObjective/Type"
            ),
            word
        );
        assert_eq!(
            round_trip(
                &request,
                "/HyperParameterTuningJobConfig/HyperParameterTuningJobObjective/MetricName"
            ),
            "validation:accuracy"
        );
    }
}

#[test]
fn hyperparameters_may_be_ranges_of_all_types_or_static() {
    let request = changed(|request, _| {
        let depth = NumericRange {
            scaling_type: Some(ScalingType::Logarithmic),
            ..NumericRange::new("depth", "1", "64")
        };
        let ranges = request.config.parameter_ranges.as_mut().unwrap();
        ranges.integer = Some(vec![depth]);
        ranges.categorical = Some(vec![CategoricalRange::new(
            "criterion",
            ["gini".to_owned(), "entropy".to_owned()],
        )]);
    });
    let ranges = round_trip(&request, "/HyperParameterTuningJobConfig/ParameterRanges");
    assert_eq!(ranges["IntegerParameterRanges"][0]["ScalingType"], "Logarithmic");
    assert_eq!(ranges["ContinuousParameterRanges"][0]["MaxValue"], "0.5");
    assert_eq!(ranges["CategoricalParameterRanges"][0]["Values"][1], "entropy");
    assert_eq!(
        round_trip(&request, "/TrainingJobDefinition/StaticHyperParameters/max_leaf_nodes"),
        "10"
    );
}

#[test]
fn channels_have_content_type_compression_wrapper_and_input_mode() {
    let request = changed(|_, definition| {
        let channel = &mut definition.input.as_mut().unwrap()[0];
        channel.content_type = Some("text/csv".to_owned());
        channel.compression = Some(CompressionType::Gzip);
        channel.record_wrapper = Some(RecordWrapper::RecordIo);
        channel.input_mode = Some(TrainingInputMode::Pipe);
        let mut second = channel.clone();
        second.name = "validation".to_owned();
        definition.input.as_mut().unwrap().push(second);
    });
    let channels = round_trip(&request, "/TrainingJobDefinition/InputDataConfig");
    for (channel, name) in channels.as_array().unwrap().iter().zip(["training", "validation"]) {
        assert_eq!(channel["ChannelName"], name);
        assert_eq!(channel["ContentType"], "text/csv");
        assert_eq!(channel["CompressionType"], "Gzip");
        assert_eq!(channel["RecordWrapperType"], "RecordIO");
        assert_eq!(channel["InputMode"], "Pipe");
    }
}

#[test]
fn channels_have_s3_types_distributions_and_uris() {
    for (kind, distribution, words) in [
        (
            S3DataType::S3Prefix,
            S3DataDistribution::FullyReplicated,
            ["S3Prefix", "FullyReplicated"],
        ),
        (
            S3DataType::ManifestFile,
            S3DataDistribution::ShardedByS3Key,
            ["ManifestFile", "ShardedByS3Key"],
        ),
    ] {
        let request = changed(|_, definition| {
            let source = S3DataSource {
                distribution: Some(distribution),
                ..S3DataSource::new(kind, "s3://bucket/key")
            };
            definition.input.as_mut().unwrap()[0].source.s3 = Some(source);
        });
        let source = round_trip(
            &request,
            "/TrainingJobDefinition/InputDataConfig/0/DataSource/S3DataSource",
        );
        assert_eq!([&source["S3DataType"], &source["S3DataDistributionType"]], words);
        assert_eq!(source["S3Uri"], "s3://bucket/key");
    }
}

#[test]
fn the_output_has_a_path_and_a_key() {
    let request =
        changed(|_, definition| definition.output.kms_key_id = Some("alias/models".to_owned()));
    assert_eq!(
        round_trip(&request, "/TrainingJobDefinition/OutputDataConfig/S3OutputPath"),
        "s3://amzn-s3-demo-bucket/output"
    );
    assert_eq!(
        round_trip(&request, "/TrainingJobDefinition/OutputDataConfig/KmsKeyId"),
        "alias/models"
    );
}

#[test]
fn instances_have_type_count_volume_and_key() {
    let request = changed(|_, definition| {
        let resources = definition.resources.as_mut().unwrap();
        resources.instance_count = Some(3);
        resources.volume_kms_key_id = Some("1234abcd-12ab-34cd-56ef-1234567890ab".to_owned());
    });
    let resources = round_trip(&request, "/TrainingJobDefinition/ResourceConfig");
    assert_eq!(resources["InstanceType"], "ml.c4.xlarge");
    assert_eq!(resources["InstanceCount"], 3);
    assert_eq!(resources["VolumeSizeInGB"], 30);
    assert_eq!(resources["VolumeKmsKeyId"], "1234abcd-12ab-34cd-56ef-1234567890ab");
}

#[test]
fn limits_are_500_or_750_jobs_and_ten_at_once() {
    // The page allows 500 jobs, and the current page of limits 750.
    for (quotas, max_jobs) in [(Quotas::DEFAULT_2023, 500), (Quotas::DEFAULT, 750)] {
        let validator = Validator::default().with_quotas(quotas);
        let of = |jobs: u32, parallel: u32| {
            changed(|request, _| {
                request.config.resource_limits.max_number_of_training_jobs = Some(jobs);
                request.config.resource_limits.max_parallel_training_jobs = parallel;
            })
        };
        assert!(validator.validate(&Document::from(&of(max_jobs, 10))).is_accepted());
        assert!(!validator.validate(&Document::from(&of(max_jobs + 1, 10))).is_accepted());
        assert!(!validator.validate(&Document::from(&of(max_jobs, 11))).is_accepted());
    }
}

#[test]
fn the_time_limit_may_be_in_seconds_minutes_hours_or_days() {
    for (time, seconds) in [
        (MaxRuntime::Seconds(90), 90),
        (MaxRuntime::Minutes(90), 5_400),
        (MaxRuntime::Hours(24), 86_400),
        (MaxRuntime::Days(28), 2_419_200),
    ] {
        let request =
            changed(|_, definition| definition.stopping_condition = StoppingCondition::after(time));
        assert_eq!(
            round_trip(&request, "/TrainingJobDefinition/StoppingCondition/MaxRuntimeInSeconds"),
            seconds
        );
    }
    // A time that overflows is refused, not wrapped.
    let request = changed(|_, definition| {
        definition.stopping_condition = StoppingCondition::after(MaxRuntime::Days(u32::MAX));
    });
    assert!(!validate(&serde_json::to_value(&request).unwrap()).is_accepted());
}

#[test]
fn tag_keys_are_unique() {
    let tagged = |keys: [&str; 2]| {
        changed(|request, _| request.tags = Some(keys.map(|key| Tag::new(key, "")).to_vec()))
    };
    assert_eq!(round_trip(&tagged(["team", "cost"]), "/Tags/1/Key"), "cost");
    assert!(!validate(&serde_json::to_value(tagged(["team", "team"])).unwrap()).is_accepted());
}
