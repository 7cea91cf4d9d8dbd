//! Requests written from studies: they contain the settings of the study and keep all other
//! members.

use serde_json::json;
use surmise::{
    Goal, Objective, ParameterRange, RandomSearch, ResourceLimits, ScalingType, SearchSpace, Study,
    StudySettings,
};
use surmise_sagemaker::{
    CreateHyperParameterTuningJobRequest, JobStrategy, ParameterRanges, Quotas, Validator,
};

use crate::{document, file, one_definition, with, without};

#[test]
fn a_study_becomes_a_request_for_sagemakers_tuner() {
    let space = SearchSpace::new([
        ParameterRange::continuous("rate", 1e-6..=1.0, ScalingType::Logarithmic),
        ParameterRange::integer("layers", 1..=8, ScalingType::Linear),
        ParameterRange::categorical("optimizer", ["adam", "sgd"]),
        ParameterRange::integer("width", 64..=64, ScalingType::Auto),
        ParameterRange::categorical("loss", ["mse"]),
        ParameterRange::continuous("bias", 0.5..=0.5, ScalingType::Auto),
    ])
    .unwrap();
    let settings = StudySettings {
        seed: (1 << 40) + 7,
        limits: ResourceLimits::new(40, 4),
        ..Default::default()
    };
    let study =
        Study::new(space, Objective::maximize("validation:accuracy"), RandomSearch, settings)
            .unwrap();
    let definition = document(&one_definition()).request().unwrap().definition.unwrap();
    let request = CreateHyperParameterTuningJobRequest::from_study(
        "from-here",
        &study,
        JobStrategy::Bayesian,
        definition.clone(),
        &Validator::default(),
    )
    .unwrap();
    let written = serde_json::to_value(&request).unwrap();
    assert_eq!(
        written["HyperParameterTuningJobConfig"],
        json!({
            "Strategy": "Bayesian",
            "ResourceLimits": {"MaxParallelTrainingJobs": 4, "MaxNumberOfTrainingJobs": 40},
            "HyperParameterTuningJobObjective": {
                "Type": "Maximize", "MetricName": "validation:accuracy"},
            "ParameterRanges": {
                "IntegerParameterRanges": [{
                    "Name": "layers", "MinValue": "1", "MaxValue": "8", "ScalingType": "Linear"}],
                "ContinuousParameterRanges": [{
                    "Name": "rate", "MinValue": "1e-06", "MaxValue": "1.0",
                    "ScalingType": "Logarithmic"}],
                "CategoricalParameterRanges": [{"Name": "optimizer", "Values": ["adam", "sgd"]}],
            },
            "RandomSeed": 7,
        })
    );
    // Ranges of one value become static hyperparameters, because the service refuses such ranges.
    assert_eq!(
        written["TrainingJobDefinition"]["StaticHyperParameters"],
        json!({
            "epochs": "30", "classes": "10", "width": "64", "loss": "mse", "bias": "0.5",
        })
    );
    let again = request.tuning().unwrap();
    let ranges: Vec<ParameterRange> = study.space().ranges().to_vec();
    assert_eq!(again.space.ranges(), [ranges[0].clone(), ranges[1].clone(), ranges[2].clone()]);
    assert_eq!(
        (&again.objective.goal, again.limits),
        (&Goal::Maximize, ResourceLimits::new(40, 4))
    );
}

#[test]
fn a_request_for_a_study_keeps_all_other_members() {
    let request = document(&one_definition()).request().unwrap();
    let mut tuning = request.tuning().unwrap();
    tuning.limits = ResourceLimits::new(60, 5);
    let study = tuning.study().unwrap();
    let written =
        serde_json::to_value(request.for_study(&study, &Validator::default()).unwrap()).unwrap();
    let ranges = written["HyperParameterTuningJobConfig"]["ParameterRanges"].clone();
    let pointer = "/HyperParameterTuningJobConfig";
    let expected = with(
        one_definition(),
        &[
            (&format!("{pointer}/ParameterRanges"), ranges.clone()),
            (&format!("{pointer}/ResourceLimits/MaxNumberOfTrainingJobs"), json!(60)),
            (&format!("{pointer}/ResourceLimits/MaxParallelTrainingJobs"), json!(5)),
        ],
    );
    assert_eq!(written, expected);
    assert_eq!(ranges["ContinuousParameterRanges"].as_array().unwrap().len(), 4);
    // Ranges that the study has not changed keep their spelling.
    assert_eq!(ranges, one_definition()["HyperParameterTuningJobConfig"]["ParameterRanges"]);
    let again: CreateHyperParameterTuningJobRequest = serde_json::from_value(written).unwrap();
    assert_eq!(again.tuning().unwrap().space, *study.space());
    // No seed is added, and ranges of the definition are removed.
    let mut bare = without(one_definition(), &["/HyperParameterTuningJobConfig/RandomSeed"]);
    bare["TrainingJobDefinition"]["HyperParameterRanges"] =
        bare["HyperParameterTuningJobConfig"]["ParameterRanges"].clone();
    let bare = document(&bare).request().unwrap();
    let written =
        bare.for_study(&bare.tuning().unwrap().study().unwrap(), &Validator::default()).unwrap();
    assert_eq!(written.config.random_seed, None);
    assert_eq!(written.definition.unwrap().parameter_ranges, None);
    // The validator may have raised quotas and allow unknown members.
    let mut more = request.clone();
    more.unknown_members.insert("Tomorrow", json!(1));
    more.config.resource_limits.max_parallel_training_jobs = 99;
    let study = more.tuning().unwrap().study().unwrap();
    assert_eq!(more.for_study(&study, &Validator::default()).unwrap_err().violations().len(), 2);
    let validator = Validator::default().with_quotas(Quotas::RAISED).allow_unknown_members();
    let written = more.for_study(&study, &validator).unwrap();
    assert_eq!(serde_json::to_value(&written).unwrap()["Tomorrow"], 1);
    let several = document(&file("accepted/several_definitions.json")).request().unwrap();
    let error = several.for_study(&study, &Validator::default()).unwrap_err().to_string();
    assert!(error.contains("one definition"), "{error}");
}

#[test]
fn fault_d9_and_d10_unchanged_ranges_keep_their_spelling() {
    let config = "/HyperParameterTuningJobConfig";
    let ranges = json!({
        "IntegerParameterRanges": [],
        "ContinuousParameterRanges": [
            {"Name": "rate", "MinValue": "1e-6", "MaxValue": "0.10", "ScalingType": "Logarithmic"},
            {"Name": "width", "MinValue": "1", "MaxValue": "1000"},
            {"Name": "gone", "MinValue": "0", "MaxValue": "1"}],
        "AutoParameters": [{"Name": "depth", "ValueHint": "7"}],
    });
    let pointer = format!("{config}/ParameterRanges");
    let auto = json!({"Mode": "Enabled"});
    let text = with(one_definition(), &[(&pointer, ranges), ("/Autotune", auto)]);
    let request = document(&text).request().unwrap();
    let space = SearchSpace::new([
        ParameterRange::continuous("new", 0.0..=1.0, ScalingType::Linear),
        ParameterRange::continuous("width", 1.0..=1000.0, ScalingType::Auto),
        ParameterRange::continuous("rate", 1e-6..=0.2, ScalingType::Logarithmic),
    ]);
    let tuning = request.tuning().unwrap();
    let settings = StudySettings { limits: tuning.limits, ..Default::default() };
    let study = Study::new(space.unwrap(), tuning.objective, RandomSearch, settings).unwrap();
    let validator = Validator::default();
    let written = serde_json::to_value(request.for_study(&study, &validator).unwrap()).unwrap();
    assert_eq!(
        written["HyperParameterTuningJobConfig"]["ParameterRanges"],
        json!({
            "IntegerParameterRanges": [],
            "ContinuousParameterRanges": [
                {"Name": "rate", "MinValue": "1e-06", "MaxValue": "0.2",
                 "ScalingType": "Logarithmic"},
                {"Name": "width", "MinValue": "1", "MaxValue": "1000"},
                {"Name": "new", "MinValue": "0.0", "MaxValue": "1.0", "ScalingType": "Linear"}],
            "AutoParameters": [{"Name": "depth", "ValueHint": "7"}],
        })
    );
}

#[test]
fn members_of_the_only_definition_stay_there() {
    let config = "/HyperParameterTuningJobConfig";
    let mut in_definition = one_definition();
    let mut definition = in_definition["TrainingJobDefinition"].clone();
    definition["DefinitionName"] = json!("only");
    definition["HyperParameterRanges"] =
        in_definition["HyperParameterTuningJobConfig"]["ParameterRanges"].clone();
    definition["TuningObjective"] =
        in_definition["HyperParameterTuningJobConfig"]["HyperParameterTuningJobObjective"].clone();
    in_definition["TrainingJobDefinitions"] = json!([definition]);
    let moved = [
        "/TrainingJobDefinition".to_owned(),
        format!("{config}/ParameterRanges"),
        format!("{config}/HyperParameterTuningJobObjective"),
    ];
    let in_definition = without(in_definition, &moved.each_ref().map(String::as_str));
    let request = document(&in_definition).request().unwrap();
    let study = request.tuning().unwrap().study().unwrap();
    let written = request.for_study(&study, &Validator::default()).unwrap();
    assert_eq!(serde_json::to_value(written).unwrap(), in_definition);
}

#[test]
fn invalid_requests_are_not_written() {
    let space = SearchSpace::new([
        ParameterRange::integer("layers", 1..=8, ScalingType::Linear),
        ParameterRange::integer("width", 64..=64, ScalingType::Auto),
    ]);
    let objective = Objective::maximize("validation:accuracy");
    let study =
        Study::new(space.unwrap(), objective, RandomSearch, StudySettings::default()).unwrap();
    let definition = document(&one_definition()).request().unwrap().definition.unwrap();
    let mut other = definition.clone();
    other.role_arn = "admin".to_owned();
    let error = CreateHyperParameterTuningJobRequest::from_study(
        "no_underscores",
        &study,
        JobStrategy::Grid,
        other,
        &Validator::default(),
    )
    .unwrap_err();
    let subjects: Vec<&str> = error.violations().iter().map(|v| v.subject.as_str()).collect();
    assert!(
        subjects.contains(&"$.HyperParameterTuningJobName")
            && subjects.contains(&"$.TrainingJobDefinition.RoleArn"),
        "{error}"
    );
    assert!(error.to_string().contains("only categorical ranges"), "{error}");
    let mut conflicting = definition;
    conflicting
        .static_hyper_parameters
        .as_mut()
        .unwrap()
        .insert("width".to_owned(), "32".to_owned());
    let error = CreateHyperParameterTuningJobRequest::from_study(
        "n",
        &study,
        JobStrategy::Bayesian,
        conflicting,
        &Validator::default(),
    )
    .unwrap_err();
    assert!(error.to_string().contains("make them equal"), "{error}");
}

#[test]
fn steps_and_choices_become_categorical_ranges() {
    let space = SearchSpace::new([
        ParameterRange::continuous("dropout", 0.0..=0.3, ScalingType::Linear)
            .and_then(|range| range.with_step(0.1)),
        ParameterRange::integer("units", 32..=128, ScalingType::Linear)
            .and_then(|range| range.with_step(32.0)),
        ParameterRange::categorical("nesterov", [true, false]),
    ])
    .unwrap();
    let objective = || Objective::minimize("loss");
    let study = Study::new(space, objective(), RandomSearch, StudySettings::default()).unwrap();
    let ranges = serde_json::to_value(ParameterRanges::from_space(study.space())).unwrap();
    assert_eq!(
        ranges.to_string(),
        concat!(
            r#"{"CategoricalParameterRanges":["#,
            r#"{"Name":"dropout","Values":["0.0","0.1","0.2","0.3"]},"#,
            r#"{"Name":"units","Values":["32","64","96","128"]},"#,
            r#"{"Name":"nesterov","Values":["true","false"]}]}"#
        )
    );

    // A step with that many values cannot become a categorical range.
    let text = include_str!("../data/accepted/one_definition.json");
    let request: CreateHyperParameterTuningJobRequest = serde_json::from_str(text).unwrap();
    let many =
        SearchSpace::new([ParameterRange::continuous("dropout", 0.0..=0.3, ScalingType::Linear)
            .and_then(|range| range.with_step(0.001))])
        .unwrap();
    let study = Study::new(many, objective(), RandomSearch, StudySettings::default());
    let message =
        request.for_study(&study.unwrap(), &Validator::default()).unwrap_err().to_string();
    assert!(message.contains("SageMaker's tuner has no steps"), "{message}");
}
