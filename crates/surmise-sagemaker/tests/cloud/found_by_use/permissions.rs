//! Each action of each policy, denied in turn: the error names it and its line; what is optional is lost alone.

use surmise::EarlyStopping;
use surmise::pattern::MetricPattern;
use surmise_sagemaker::evaluator::{TrainingReports, TuningJob};

use super::*;

const CALLER: &str = include_str!("../../../docs/caller_policy.json");
const ROLE: &str = include_str!("../../../docs/role_policy.json");

/// The actions of a policy, each with its statement and line.
fn actions(policy: &str) -> Vec<(String, String, usize)> {
    let parsed: serde_json::Value = serde_json::from_str(policy).unwrap();
    let mut actions: Vec<(String, String, usize)> = Vec::new();
    for statement in parsed["Statement"].as_array().unwrap() {
        let list = match &statement["Action"] {
            serde_json::Value::String(one) => vec![one.clone()],
            several => several
                .as_array()
                .unwrap()
                .iter()
                .map(|it| it.as_str().unwrap().to_owned())
                .collect(),
        };
        for action in list {
            let line = policy.lines().position(|line| line.contains(&format!("\"{action}\"")));
            let id = statement["Sid"].as_str().unwrap().to_owned();
            // An action of several statements is told of by the first.
            if actions.iter().all(|(known, ..)| *known != action) {
                actions.push((action, id, line.unwrap() + 1));
            }
        }
    }
    actions
}

/// A whole use of the service, with intermediate values from both places, a budget, and jobs that are stopped: an error, or the warnings.
fn used(
    fake: &FakeSageMaker,
    clock: &Clock,
    source: TrainingReports,
) -> Result<Vec<String>, String> {
    let mut request = request("trees", 20, 4);
    let config = serde_json::json!([{"ChannelName": "train", "DataSource": {"S3DataSource": {
        "S3DataType": "S3Prefix", "S3Uri": "s3://bucket/csv"}}}]);
    let definition = request.definition.as_mut().unwrap();
    definition.input = Some(serde_json::from_value(config).unwrap());
    let jobs = evaluator(fake, clock, &request).reports_from(source);
    let mut jobs = jobs.with_budget(1_000_000 * SECOND);
    let mut study = study(&request, Vec::new());
    let rules = TuningRules { early_stopping: EarlyStopping::auto(), ..rules(&request, &jobs) };
    let tuned = Tuner::with(rules).run(&mut study, &mut jobs).map_err(|error| error.to_string())?;
    let told = tuned.warnings;
    match tuned.reason {
        StopReason::JobLimit { jobs: 20 } => Ok(told),
        StopReason::FirstJobsFailed { last, .. } => Err(last.to_string()),
        reason => Err(format!("{reason:?}")),
    }
}

fn handed_over(fake: &FakeSageMaker, clock: &Clock) -> Result<(), String> {
    let request = request("bushes", 2, 2);
    let text = |error: surmise::EvaluatorError| error.to_string();
    let mut job = TuningJob::launch_by(clock.clone(), &request, service(fake)).map_err(text)?;
    job.follow(|_| ControlFlow::Continue(())).map_err(text)?;
    job.training_jobs().map_err(text)?;
    job.stop().map_err(text)
}

#[test]
fn each_action_of_the_callers_policy_that_is_denied_is_named_with_its_line() {
    let actions = actions(CALLER);
    assert_eq!(actions.len(), 13);
    let optional = [
        "sagemaker:Search",
        "sagemaker:StopTrainingJob",
        "sagemaker:BatchGetMetrics",
        "logs:DescribeLogStreams",
        "logs:GetLogEvents",
    ];
    for (action, statement, line) in actions {
        let denied = [action.clone()].into();
        let (settings, fake) = under(Faults { denied, ..Default::default() });
        let source = match action.starts_with("logs:") {
            true => TrainingReports::Logs(MetricPattern::new(r"#011loss:(\S+)").unwrap()),
            false => TrainingReports::Metrics("loss".to_owned()),
        };
        let told = used(&fake, &settings.clock, source);
        let handed_over = handed_over(&fake, &settings.clock);
        let text = match (told, handed_over) {
            (Ok(warnings), Ok(())) => {
                assert!(optional.contains(&action.as_str()), "{action} is not needed");
                warnings.join("\n")
            }
            (Err(error), _) | (_, Err(error)) => {
                assert!(!optional.contains(&action.as_str()), "{action}: {error}");
                error
            }
        };
        let place = format!(
            "statement {statement}, line {line} of crates/surmise-sagemaker/docs/caller_policy.json"
        );
        assert!(text.contains(&action) && text.contains(&place), "{action}: {text}");
    }
}

#[test]
fn each_action_of_the_roles_policy_that_is_denied_is_named_with_its_line() {
    let actions = actions(ROLE);
    assert_eq!(actions.len(), 12);
    for (action, statement, line) in actions {
        let role_denied = [action.clone()].into();
        let (settings, fake) = under(Faults { role_denied, ..Default::default() });
        let told = used(&fake, &settings.clock, TrainingReports::None);
        // Without logs and metrics of its machines a job runs all the same.
        if action.starts_with("logs:") || action.starts_with("cloudwatch:") {
            assert!(told.is_ok(), "{action}: {told:?}");
            continue;
        }
        let error = told.unwrap_err();
        let place = format!(
            "statement {statement}, line {line} of crates/surmise-sagemaker/docs/role_policy.json"
        );
        assert!(error.contains(&action) && error.contains(&place), "{action}: {error}");
        assert!(error.starts_with("setup"), "{error}");
        assert!(fake.creations().len() <= 5, "the first jobs have proved it");
    }
}

#[test]
fn fault_h24_a_key_for_models_needs_more_than_encrypt() {
    let page = include_str!("../../../docs/permissions.md");
    for action in ["kms:GenerateDataKey", "kms:Decrypt"] {
        let role_denied = [action.to_owned()].into();
        let (settings, fake) = under(Faults { role_denied, ..Default::default() });
        let mut request = request("trees", 4, 1);
        request.definition.as_mut().unwrap().output.kms_key_id = Some("alias/models".to_owned());
        let mut jobs = evaluator(&fake, &settings.clock, &request);
        let mut study = study(&request, Vec::new());
        let rules = rules(&request, &jobs);
        let (reason, _) = tune(&mut study, &mut jobs, rules);
        let StopReason::FirstJobsFailed { jobs: 2, last } = reason else { panic!("{reason:?}") };
        assert!(last.message.contains(action), "{last}");
        assert!(last.message.contains("OutputDataConfig, its key"), "{last}");
        assert!(jobs.billed() > Duration::ZERO, "it was paid for");
        let row = page.lines().find(|line| line.starts_with("| `OutputDataConfig.KmsKeyId`"));
        assert!(row.is_some_and(|row| row.contains(action)), "{row:?}");
    }
    let row = page.lines().find(|line| line.starts_with("| `ListBucket`")).unwrap();
    assert!(row.contains("CheckpointConfig"), "{row}");
}
