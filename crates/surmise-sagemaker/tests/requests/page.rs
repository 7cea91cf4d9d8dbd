//! AWS's page on tuning with an algorithm resource: everything that its form asks for can be said, one test an item.
//!
//! Each is set through the types, written as JSON, accepted, and read back.

use serde_json::Value;
use surmise::{Goal, ScalingType};
use surmise_sagemaker::*;

use crate::judge;

fn page() -> CreateHyperParameterTuningJobRequest {
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

/// Writes the request, has it judged, reads it back, and returns what stands at a pointer.
fn written(request: &CreateHyperParameterTuningJobRequest, pointer: &str) -> Value {
    let value = serde_json::to_value(request).unwrap();
    let verdict = judge(&value);
    assert!(verdict.is_accepted(), "{verdict}");
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
    let mut request = page();
    let mut definition = request.definition.take().unwrap();
    change(&mut request, &mut definition);
    request.definition = Some(definition);
    request
}

#[test]
fn the_algorithms_arn_or_name() {
    let place = "/TrainingJobDefinition/AlgorithmSpecification/AlgorithmName";
    assert!(
        written(&page(), place).as_str().unwrap().ends_with("scikit-decision-trees-1542410022")
    );
    let named = changed(|_, definition| {
        definition.algorithm.algorithm_name = Some("my-algorithm".to_owned());
    });
    assert_eq!(written(&named, place), "my-algorithm");
}

#[test]
fn both_kinds_of_warm_start_and_up_to_five_parents() {
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
        assert_eq!(written(&request, "/WarmStartConfig/WarmStartType"), word);
        assert_eq!(
            written(&request, "/WarmStartConfig/ParentHyperParameterTuningJobs")
                .as_array()
                .unwrap()
                .len(),
            5
        );
        let six =
            changed(|request, _| request.warm_start = Some(WarmStartConfig::new(parents(6), kind)));
        assert!(!judge(&serde_json::to_value(&six).unwrap()).is_accepted());
    }
}

#[test]
fn the_name_of_the_job() {
    assert_eq!(written(&page(), "/HyperParameterTuningJobName"), "test-marketplace");
}

#[test]
fn the_role() {
    assert_eq!(
        written(&page(), "/TrainingJobDefinition/RoleArn"),
        "arn:aws:iam::111122223333:role/SageMakerRole"
    );
}

#[test]
fn the_vpc() {
    let request = changed(|_, definition| {
        definition.vpc = Some(VpcConfig::new(
            vec!["sg-1".to_owned()],
            vec!["subnet-1".to_owned(), "subnet-2".to_owned()],
        ));
    });
    assert_eq!(written(&request, "/TrainingJobDefinition/VpcConfig/Subnets/1"), "subnet-2");
}

#[test]
fn the_objective_and_its_direction() {
    for (goal, word) in [(Goal::Maximize, "Maximize"), (Goal::Minimize, "Minimize")] {
        let request = changed(|request, _| {
            request.config.objective = Some(JobObjective::new(goal, "validation:accuracy"));
        });
        assert_eq!(
            written(
                &request,
                "/HyperParameterTuningJobConfig/HyperParameterTuningJobObjective/Type"
            ),
            word
        );
        assert_eq!(
            written(
                &request,
                "/HyperParameterTuningJobConfig/HyperParameterTuningJobObjective/MetricName"
            ),
            "validation:accuracy"
        );
    }
}

#[test]
fn ranges_of_all_types_and_static_values() {
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
    let ranges = written(&request, "/HyperParameterTuningJobConfig/ParameterRanges");
    assert_eq!(ranges["IntegerParameterRanges"][0]["ScalingType"], "Logarithmic");
    assert_eq!(ranges["ContinuousParameterRanges"][0]["MaxValue"], "0.5");
    assert_eq!(ranges["CategoricalParameterRanges"][0]["Values"][1], "entropy");
    assert_eq!(
        written(&request, "/TrainingJobDefinition/StaticHyperParameters/max_leaf_nodes"),
        "10"
    );
}

#[test]
fn channels_with_content_type_compression_wrapper_and_input_mode() {
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
    let channels = written(&request, "/TrainingJobDefinition/InputDataConfig");
    for (channel, name) in channels.as_array().unwrap().iter().zip(["training", "validation"]) {
        assert_eq!(channel["ChannelName"], name);
        assert_eq!(channel["ContentType"], "text/csv");
        assert_eq!(channel["CompressionType"], "Gzip");
        assert_eq!(channel["RecordWrapperType"], "RecordIO");
        assert_eq!(channel["InputMode"], "Pipe");
    }
}

#[test]
fn s3_types_distributions_and_places() {
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
        let source =
            written(&request, "/TrainingJobDefinition/InputDataConfig/0/DataSource/S3DataSource");
        assert_eq!([&source["S3DataType"], &source["S3DataDistributionType"]], words);
        assert_eq!(source["S3Uri"], "s3://bucket/key");
    }
}

#[test]
fn the_output_path_and_its_key() {
    let request =
        changed(|_, definition| definition.output.kms_key_id = Some("alias/models".to_owned()));
    assert_eq!(
        written(&request, "/TrainingJobDefinition/OutputDataConfig/S3OutputPath"),
        "s3://amzn-s3-demo-bucket/output"
    );
    assert_eq!(
        written(&request, "/TrainingJobDefinition/OutputDataConfig/KmsKeyId"),
        "alias/models"
    );
}

#[test]
fn machines_their_count_their_volume_and_its_key() {
    let request = changed(|_, definition| {
        let resources = definition.resources.as_mut().unwrap();
        resources.instance_count = Some(3);
        resources.volume_kms_key_id = Some("1234abcd-12ab-34cd-56ef-1234567890ab".to_owned());
    });
    let resources = written(&request, "/TrainingJobDefinition/ResourceConfig");
    assert_eq!(resources["InstanceType"], "ml.c4.xlarge");
    assert_eq!(resources["InstanceCount"], 3);
    assert_eq!(resources["VolumeSizeInGB"], 30);
    assert_eq!(resources["VolumeKmsKeyId"], "1234abcd-12ab-34cd-56ef-1234567890ab");
}

#[test]
fn five_hundred_or_seven_hundred_and_fifty_jobs_ten_at_a_time() {
    // The page says 500, the limits page of today 750.
    for (quotas, most) in [(Quotas::DEFAULT_2023, 500), (Quotas::DEFAULT, 750)] {
        let judge = Judge::default().with_quotas(quotas);
        let of = |jobs: u32, parallel: u32| {
            changed(|request, _| {
                request.config.resource_limits.max_number_of_training_jobs = Some(jobs);
                request.config.resource_limits.max_parallel_training_jobs = parallel;
            })
        };
        assert!(judge.judge(&Document::from(&of(most, 10))).is_accepted());
        assert!(!judge.judge(&Document::from(&of(most + 1, 10))).is_accepted());
        assert!(!judge.judge(&Document::from(&of(most, 11))).is_accepted());
    }
}

#[test]
fn the_stopping_condition_in_seconds_minutes_hours_or_days() {
    for (time, seconds) in [
        (MaxRuntime::Seconds(90), 90),
        (MaxRuntime::Minutes(90), 5_400),
        (MaxRuntime::Hours(24), 86_400),
        (MaxRuntime::Days(28), 2_419_200),
    ] {
        let request =
            changed(|_, definition| definition.stopping_condition = StoppingCondition::after(time));
        assert_eq!(
            written(&request, "/TrainingJobDefinition/StoppingCondition/MaxRuntimeInSeconds"),
            seconds
        );
    }
    // Beyond what can be said it stays refused, not wrapped.
    let request = changed(|_, definition| {
        definition.stopping_condition = StoppingCondition::after(MaxRuntime::Days(u32::MAX));
    });
    assert!(!judge(&serde_json::to_value(&request).unwrap()).is_accepted());
}

#[test]
fn tags_that_are_unique_by_key() {
    let tagged = |keys: [&str; 2]| {
        changed(|request, _| request.tags = Some(keys.map(|key| Tag::new(key, "")).to_vec()))
    };
    assert_eq!(written(&tagged(["team", "cost"]), "/Tags/1/Key"), "cost");
    assert!(!judge(&serde_json::to_value(tagged(["team", "team"])).unwrap()).is_accepted());
}
