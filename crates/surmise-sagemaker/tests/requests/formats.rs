//! The formats of documents that contain a request: descriptions, pipelines, templates and state
//! machines.

use serde_json::{Value, json};
use surmise_sagemaker::{Document, DocumentFormat, Validator};

use crate::{document, file, one_definition, with, without};

fn accepted(value: &Value) -> Document {
    let document = Document::read(value.to_string().as_bytes()).unwrap();
    let validation = Validator::default().validate(&document);
    assert!(validation.is_accepted(), "{validation}");
    document
}

fn refused(text: &str) -> String {
    Document::read(text.as_bytes()).unwrap_err().to_string()
}

fn request() -> Value {
    file("accepted/instance_preferences.json")
}

#[test]
fn a_description_contains_the_request_of_its_job() {
    let mut answer = request();
    for (name, value) in [
        (
            "HyperParameterTuningJobArn",
            json!("arn:aws:sagemaker:us-west-2:111122223333:hyper-parameter-tuning-job/trees"),
        ),
        ("HyperParameterTuningJobStatus", json!("Completed")),
        ("CreationTime", json!(1_700_000_000.5)),
        ("TrainingJobStatusCounters", json!({"Completed": 20})),
        ("BestTrainingJob", json!({"TrainingJobName": "trees-7"})),
    ] {
        answer[name] = value;
    }
    let definition = &mut answer["TrainingJobDefinition"];
    definition["StaticHyperParameters"]["_tuning_objective_metric"] = json!("validation:rmse");
    definition["AlgorithmSpecification"]["MetricDefinitions"] =
        json!([{"Name": "validation:rmse", "Regex": "rmse:(\\S+)"}]);
    definition["ResourceConfig"]["SelectedInstanceType"] = json!("ml.m5.xlarge");
    let read = accepted(&answer);
    assert_eq!(*read.format(), DocumentFormat::Description);
    assert_eq!(*read.body(), request());
    assert!(read.request().is_ok());
}

#[test]
fn known_parts_of_a_pipeline_step_are_validated() {
    let name = "/HyperParameterTuningJobName";
    let role = "/TrainingJobDefinition/RoleArn";
    let uri = "/TrainingJobDefinition/InputDataConfig/0/DataSource/S3DataSource/S3Uri";
    let arguments = with(
        without(request(), &[name]),
        &[
            (role, json!({"Get": "Parameters.Role"})),
            (
                uri,
                json!({"Std:Join": {
                    "On": "/", "Values": ["s3:/", {"Get": "Execution.PipelineExecutionId"}]}}),
            ),
        ],
    );
    let tune = |arguments: Value| json!({"Name": "Tune", "Type": "Tuning", "Arguments": arguments});
    let pipeline = |arguments: Value| {
        json!({"Version": "2020-12-01", "Parameters": [], "Steps": [
            {"Name": "Prepare", "Type": "Processing", "Arguments": {}},
            {"Name": "If", "Type": "Condition", "Arguments": {
                "Conditions": [], "IfSteps": [tune(arguments)], "ElseSteps": []}}]})
    };
    let read = accepted(&pipeline(arguments.clone()));
    let path = "$.Steps[1].Arguments.IfSteps[0].Arguments";
    let shape = DocumentFormat::Pipeline { step: "Tune".to_owned(), path: path.to_owned() };
    assert_eq!((read.format(), read.unresolved().len()), (&shape, 3));
    let error = read.request().unwrap_err().to_string();
    assert!(error.contains("known when the pipeline runs"), "{error}");
    assert!(error.contains(&format!("{path}.TrainingJobDefinition.RoleArn")), "{error}");
    // Members with known values are validated.
    let limits = "/HyperParameterTuningJobConfig/ResourceLimits/MaxParallelTrainingJobs";
    let wrong = pipeline(with(arguments, &[(limits, json!(0))]));
    let validation = Validator::default().validate(&document(&wrong));
    assert!(!validation.is_accepted(), "{validation}");
    assert!(
        validation
            .to_string()
            .contains(&format!("{path}.HyperParameterTuningJobConfig.ResourceLimits"))
    );
    let none = json!({"Steps": [{"Name": "Train", "Type": "Training", "Arguments": {}}]});
    assert!(refused(&none.to_string()).contains("no step is of type Tuning; there are \"Train\""));
}

fn machine(task: &Value) -> Value {
    json!({"StartAt": "Tune", "States": {"Tune": task}})
}

fn task(member: &str, request: &Value) -> Value {
    let resource = "arn:aws:states:::sagemaker:createHyperParameterTuningJob.sync";
    json!({"Type": "Task", "Resource": resource, member: request, "End": true})
}

#[test]
fn constants_in_jsonata_are_validated() {
    let name = "/HyperParameterTuningJobName";
    let arguments = with(request(), &[(name, json!("{% 'trees-' & $states.input.run %}"))]);
    let mut jsonata = machine(&task("Arguments", &arguments));
    jsonata["QueryLanguage"] = json!("JSONata");
    let read = accepted(&jsonata);
    assert_eq!(read.unresolved().len(), 1);
    assert!(read.request_with_name("trees").is_ok());
    let strategy = "/States/Tune/Arguments/HyperParameterTuningJobConfig/Strategy";
    let wrong = document(&with(jsonata, &[(strategy, json!("Best"))]));
    let validation = Validator::default().validate(&wrong);
    assert!(!validation.is_accepted(), "{validation}");
}

#[test]
fn placeholders_of_templates_are_unresolved() {
    let statics = "/TrainingJobDefinition/StaticHyperParameters/num_round";
    let name = "/HyperParameterTuningJobName";
    let preferred = "/TrainingJobDefinition/ResourceConfig/InstancePreferences/1/InstanceType";
    let template = with(
        request(),
        &[
            (name, json!("${Prefix}-trees")),
            (statics, json!("{{ rounds }}")),
            (preferred, json!("${Machine}")),
        ],
    );
    let read = accepted(&template);
    assert_eq!(read.unresolved().len(), 3);
    let path = "$.TrainingJobDefinition.StaticHyperParameters.num_round";
    let validation = Validator::default().validate(&read).to_string();
    assert!(
        validation.contains(path) && validation.contains("the template is filled in"),
        "{validation}"
    );
    // Texts that only resemble a placeholder are no placeholders.
    let regex = "/TrainingJobDefinition/AlgorithmSpecification/MetricDefinitions/0/Regex";
    let plain = with(one_definition(), &[(regex, json!(r"acc=(\d{1,3}\.\d+)$"))]);
    assert_eq!(document(&plain).unresolved().len(), 0);
}

#[test]
fn state_machines_are_found_as_text_inside_templates() {
    let machine = machine(&task("Parameters", &request()));
    let text = machine.to_string();
    let (before, after) = text.split_at(text.find("trees-preferred").unwrap());
    let after = after.strip_prefix("trees-preferred").unwrap();
    let resource = |properties: Value| {
        json!({"Resources": {
            "Bucket": {"Type": "AWS::S3::Bucket"},
            "Machine": {"Type": "AWS::StepFunctions::StateMachine", "Properties": properties}}})
    };
    for (wrapped, open) in [
        (json!({"stateMachineArn": "arn", "definition": text}), 0),
        (json!({"DefinitionString": text}), 0),
        (resource(json!({"Definition": machine})), 0),
        (resource(json!({"DefinitionString": text})), 0),
        (
            resource(json!({"DefinitionString": {"Fn::Sub": format!("{before}${{Name}}{after}")}})),
            1,
        ),
        (
            resource(
                json!({"DefinitionString": {"Fn::Join": ["", [before, {"Ref": "Name"}, after]]}}),
            ),
            1,
        ),
    ] {
        let read = accepted(&wrapped);
        assert!(matches!(
            read.format(),
            DocumentFormat::StateMachine { state, waits_for_completion: true, .. }
                if state == "Tune"
        ));
        assert_eq!(read.unresolved().len(), open, "{wrapped}");
    }
    // A placeholder for a number is not quoted.
    let bare = text.replacen(":20,", ":${Jobs},", 1);
    assert_ne!(bare, text);
    let read = accepted(&resource(json!({"DefinitionString": {"Fn::Sub": bare}})));
    let error = read.request().unwrap_err().to_string();
    assert!(
        error.contains("MaxNumberOfTrainingJobs` is \"${Jobs}\": its value is known when"),
        "{error}"
    );
    assert!(refused(r#"{"definition": "{"}"#).contains("the text of its definition is not JSON"));
    let two = json!({"Resources": {
        "A": {"Type": "AWS::StepFunctions::StateMachine"},
        "B": {"Type": "AWS::StepFunctions::StateMachine"}}});
    assert!(refused(&two.to_string()).contains("several state machines"));
}

#[test]
fn other_languages_are_named_with_a_conversion() {
    let yaml = "# tuning\nHyperParameterTuningJobName: trees\n\
                HyperParameterTuningJobConfig:\n  Strategy: Random\n";
    assert!(refused(yaml).contains("looks like YAML; convert it to JSON by `yq -o=json . FILE`"));
    assert!(refused("---\nResources:\n  A: 1\n").contains("looks like YAML"));
    let hcl =
        "resource \"awscc_sagemaker_hyper_parameter_tuning_job\" \"t\" {\n  name = \"a\"\n}\n";
    assert!(refused(hcl).contains("Terraform's language"));
    let command = "aws sagemaker describe-hyper-parameter-tuning-job";
    for (value, tool) in [
        (
            json!({
                "apiVersion": "sagemaker.services.k8s.aws/v1alpha1",
                "kind": "HyperParameterTuningJob",
                "spec": {}
            }),
            "ACK",
        ),
        (json!({"hyperParameterTuningJobName": "a", "hyperParameterTuningJobConfig": {}}), "ACK"),
        (json!({"hyper_parameter_tuning_job_name": "a"}), "Terraform"),
    ] {
        let error = refused(&value.to_string());
        assert!(error.contains(tool) && error.contains(command), "{error}");
    }
    assert!(!refused("nonsense").contains("YAML"));
}

#[test]
fn fault_d11_numbers_keep_their_spelling() {
    let mut text = request().to_string();
    let end = text.rfind('}').unwrap();
    text.insert_str(end, r#","Tomorrow":{"a":0.10,"b":1e-2,"c":123456789012345678901234567890}"#);
    let read = Document::read(text.as_bytes()).unwrap();
    let written = read.to_json_text(&read.request().unwrap()).unwrap();
    let without_whitespace = |text: &str| text.split_whitespace().collect::<String>();
    let (written_digits, original_digits) =
        (without_whitespace(&written), without_whitespace(&text));
    let first_difference =
        written_digits.bytes().zip(original_digits.bytes()).take_while(|(a, b)| a == b).count();
    assert_eq!(written_digits[first_difference..], original_digits[first_difference..]);
}
