//! Each action of both policies, denied in turn: the error or warning names the action and its line
//! in the policy.

use surmise::EarlyStopping;
use surmise::pattern::MetricPattern;
use surmise_sagemaker::evaluator::{TrainingReportSource, TuningJob};

use super::*;

const CALLER: &str = include_str!("../../../docs/caller_policy.json");
const ROLE: &str = include_str!("../../../docs/role_policy.json");

/// Returns the actions of a policy, each with its statement and line.
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
            // For an action of several statements, messages name the first one.
            if actions.iter().all(|(it, ..)| *it != action) {
                actions.push((action, id, line.unwrap() + 1));
            }
        }
    }
    actions
}

/// Tunes with intermediate values from `source`, a budget, and early stopping. Returns the warnings
/// or the error.
fn tune_with_reports(
    fake: &FakeSageMaker,
    clock: &Clock,
    source: TrainingReportSource,
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
    let tuned =
        Tuner::with_rules(rules).run(&mut study, &mut jobs).map_err(|error| error.to_string())?;
    match tuned.reason {
        StopReason::JobLimit { jobs: 20 } => Ok(tuned.warnings),
        StopReason::FirstJobsFailed { last, .. } => Err(last.to_string()),
        reason => Err(format!("{reason:?}")),
    }
}

fn run_tuning_job(fake: &FakeSageMaker, clock: &Clock) -> Result<(), String> {
    let request = request("bushes", 2, 2);
    let text = |error: surmise::EvaluatorError| error.to_string();
    let mut job =
        TuningJob::launch_with_clock(clock.clone(), &request, service(fake)).map_err(text)?;
    job.follow(|_| ControlFlow::Continue(())).map_err(text)?;
    job.training_jobs().map_err(text)?;
    job.stop().map_err(text)
}

#[test]
fn each_denied_action_of_the_caller_policy_is_named_with_its_line() {
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
        let (settings, fake) = start_fake(Faults { denied, ..Default::default() });
        let source = match action.starts_with("logs:") {
            true => TrainingReportSource::Logs(MetricPattern::new(r"#011loss:(\S+)").unwrap()),
            false => TrainingReportSource::Metrics("loss".to_owned()),
        };
        let tuned = tune_with_reports(&fake, &settings.clock, source);
        let tuning_job = run_tuning_job(&fake, &settings.clock);
        let text = match (tuned, tuning_job) {
            (Ok(warnings), Ok(())) => {
                assert!(optional.contains(&action.as_str()), "{action} is not needed");
                warnings.join("\n")
            }
            (Err(error), _) | (_, Err(error)) => {
                assert!(!optional.contains(&action.as_str()), "{action}: {error}");
                error
            }
        };
        let location = format!(
            "statement {statement}, line {line} of crates/surmise-sagemaker/docs/caller_policy.json"
        );
        assert!(text.contains(&action) && text.contains(&location), "{action}: {text}");
    }
}

#[test]
fn each_denied_action_of_the_role_policy_is_named_with_its_line() {
    let actions = actions(ROLE);
    assert_eq!(actions.len(), 12);
    for (action, statement, line) in actions {
        let role_denied = [action.clone()].into();
        let (settings, fake) = start_fake(Faults { role_denied, ..Default::default() });
        let tuned = tune_with_reports(&fake, &settings.clock, TrainingReportSource::None);
        // A job also runs without writing logs and metrics.
        if action.starts_with("logs:") || action.starts_with("cloudwatch:") {
            assert!(tuned.is_ok(), "{action}: {tuned:?}");
            continue;
        }
        let error = tuned.unwrap_err();
        let location = format!(
            "statement {statement}, line {line} of crates/surmise-sagemaker/docs/role_policy.json"
        );
        assert!(error.contains(&action) && error.contains(&location), "{action}: {error}");
        assert!(error.starts_with("setup"), "{error}");
        assert!(fake.creation_counts().len() <= 5, "the first failures end the tuning");
    }
}

#[test]
fn fault_h24_missing_permissions_for_the_output_key_are_named() {
    let page = include_str!("../../../docs/permissions.md");
    for action in ["kms:GenerateDataKey", "kms:Decrypt"] {
        let role_denied = [action.to_owned()].into();
        let (settings, fake) = start_fake(Faults { role_denied, ..Default::default() });
        let mut request = request("trees", 4, 1);
        request.definition.as_mut().unwrap().output.kms_key_id = Some("alias/models".to_owned());
        let mut jobs = evaluator(&fake, &settings.clock, &request);
        let mut study = study(&request, Vec::new());
        let rules = rules(&request, &jobs);
        let (reason, _) = tune(&mut study, &mut jobs, rules);
        let StopReason::FirstJobsFailed { jobs: 2, last } = reason else { panic!("{reason:?}") };
        assert!(last.message.contains(action), "{last}");
        assert!(last.message.contains("OutputDataConfig, its key"), "{last}");
        assert!(jobs.billed() > Duration::ZERO, "the failed jobs were billed");
        let row = page.lines().find(|line| line.starts_with("| `OutputDataConfig.KmsKeyId`"));
        assert!(row.is_some_and(|row| row.contains(action)), "{row:?}");
    }
    let row = page.lines().find(|line| line.starts_with("| `ListBucket`")).unwrap();
    assert!(row.contains("CheckpointConfig"), "{row}");
}
