//! Programs as jobs: the command evaluator.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use surmise::evaluator::{
    Evaluator, Job, JobEvent, MetricSource, PassConfiguration, ReportSource, StartOutcome,
};
use surmise::pattern::MetricPattern;
use surmise::trial::Source;
use surmise::*;

const LONG: Duration = Duration::from_secs(20);

/// A temporary folder, which is removed when dropped.
struct TempFolder(PathBuf);

impl TempFolder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("surmise-{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}

impl Drop for TempFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn sh(script: &str) -> CommandEvaluator {
    CommandEvaluator::new("sh").arguments(["-c", script, "sh"])
}

fn trial() -> Trial {
    let configuration = Configuration::from([
        ("learning-rate", 1.5e-8.into()),
        ("depth", 7.into()),
        ("booster", "dart $HOME".into()),
    ]);
    Trial::new(TrialId(7), Source::Study, configuration)
}

pub(crate) fn wait_for_end(jobs: &mut CommandEvaluator) -> (Vec<(u64, f64)>, Outcome) {
    let mut reports = Vec::new();
    loop {
        let events = jobs.wait(LONG).unwrap();
        assert!(!events.is_empty(), "a job ends");
        for event in events {
            match event {
                JobEvent::Report { step, value, .. } => reports.push((step, value)),
                JobEvent::Ended { outcome, .. } => return (reports, outcome),
                other => panic!("{other:?}"),
            }
        }
    }
}

fn run(mut jobs: CommandEvaluator) -> (Vec<(u64, f64)>, Outcome) {
    let trial = trial();
    let job = Job { timeout: Some(Duration::from_secs(90)), ..Job::new(&trial, 2) };
    assert_eq!(jobs.start(&job).unwrap(), StartOutcome::Started);
    wait_for_end(&mut jobs)
}

fn failure(outcome: Outcome) -> Failure {
    match outcome {
        Outcome::Failed(failure) => failure,
        other => panic!("{other:?}"),
    }
}

/// Returns whether a process exists and is no zombie.
fn is_alive(process: &str) -> bool {
    let state = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
    !(state.is_empty() || state.rsplit(')').next().is_some_and(|rest| rest.trim().starts_with('Z')))
}

fn ends_soon(process: &str) -> bool {
    (0..200).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        !is_alive(process)
    })
}

/// Waits until a file ends with a complete line, and returns its text.
fn wait_for_text(path: &Path) -> String {
    for _ in 0..500 {
        let text = fs::read_to_string(path).unwrap_or_default();
        if text.ends_with('\n') {
            return text.trim().to_owned();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{} stays empty", path.display());
}

#[test]
fn programs_receive_the_configuration_as_arguments_environment_or_json() {
    let arguments =
        sh("[ \"$*\" = '--learning-rate=1.5e-08 --depth=7 --booster=dart $HOME' ] && echo 1");
    assert_eq!(run(arguments).1, Outcome::from(1.0));
    let script = "[ \"$SM_HP_LEARNING_RATE/$SM_HP_DEPTH/$SM_HP_BOOSTER\" = \
                  '1.5e-08/7/dart $HOME' ] && echo 2";
    let environment = sh(script)
        .pass_configuration(PassConfiguration::Environment { prefix: "SM_HP_".to_owned() });
    assert_eq!(run(environment).1, Outcome::from(2.0));
    let folder = TempFolder::new("json");
    let script = "python3 -c 'import json,sys; c=json.load(open(sys.argv[1])); \
                  print(c[\"depth\"] + c[\"learning-rate\"])' \"$1\"";
    let json = sh(script).pass_configuration(PassConfiguration::JsonFile).in_folder(&folder.0);
    assert_eq!(run(json).1, Outcome::from(7.0 + 1.5e-8));
    assert!(folder.0.join("trial-00007-attempt-2/stdout.log").exists());
    let identity = sh("echo $((SURMISE_TRIAL * 100 + SURMISE_ATTEMPT + SURMISE_DEADLINE))");
    assert_eq!(run(identity).1, Outcome::from(792.0));
}

#[test]
fn the_metric_is_the_last_line_a_file_or_a_pattern_match() {
    assert_eq!(run(sh("echo warming up; echo 0.25; echo")).1, Outcome::from(0.25));
    let folder = TempFolder::new("metric");
    let script = "echo 'no number'; echo 9 > \"$SURMISE_FOLDER/metric\"; \
                  echo 0.5 >> \"$SURMISE_FOLDER/metric\"";
    let file = sh(script).metric_from(MetricSource::File("metric".into())).in_folder(&folder.0);
    assert_eq!(run(file).1, Outcome::from(0.5));
    // The file of an earlier run of the same job is not read.
    let silent = sh("true").metric_from(MetricSource::File("metric".into())).in_folder(&folder.0);
    let missing = failure(run(silent).1);
    assert_eq!(missing.kind, FailureKind::MissingMetric);
    let pattern = MetricPattern::new(r"rmse=([0-9.]+)").unwrap();
    let from_output = sh("echo rmse=3 >&2; echo rmse=2 >&2; echo done")
        .metric_from(MetricSource::Pattern(pattern));
    assert_eq!(run(from_output).1, Outcome::from(2.0));
}

#[test]
fn reports_arrive_while_the_program_runs() {
    let lines = sh("echo hello; echo 0.9; echo 7 0.8; echo 0.7").reports_from(ReportSource::Lines);
    let (reports, outcome) = run(lines);
    assert_eq!(reports, [(1, 0.9), (7, 0.8), (3, 0.7)]);
    assert_eq!(outcome, Outcome::from(0.7));
    let folder = TempFolder::new("reports");
    let script =
        "for i in 1 2 3; do echo $i 0.$i >> \"$SURMISE_FOLDER/log\"; sleep 0.15; done; echo 5";
    let file = sh(script).reports_from(ReportSource::File("log".into())).in_folder(&folder.0);
    let (reports, outcome) = run(file);
    assert_eq!((reports, outcome), (vec![(1, 0.1), (2, 0.2), (3, 0.3)], Outcome::from(5.0)));
    let pattern = MetricPattern::new(r"loss: (\S+)").unwrap();
    let from_output =
        sh("echo loss: 3; echo loss: nan; echo 1").reports_from(ReportSource::Pattern(pattern));
    let (reports, _) = run(from_output);
    assert_eq!(reports[0], (1, 3.0));
    assert!(reports[1].0 == 2 && reports[1].1.is_nan());
}

#[test]
fn every_failure_of_a_program_has_its_kind() {
    let failure_of = |script: &str| {
        let failure = failure(run(sh(script)).1);
        (failure.kind, failure.message)
    };
    let (kind, message) = failure_of("echo 1; echo 'no such data' >&2; exit 3");
    assert_eq!(kind, FailureKind::Error);
    assert!(message.contains("exit status: 3") && message.contains("no such data"), "{message}");
    assert_eq!(failure_of("kill -KILL $$").0, FailureKind::Interrupted);
    assert_eq!(failure_of("exit 143").0, FailureKind::Interrupted);
    // A crash of the program is an error, not an interruption.
    assert_eq!(failure_of("kill -SEGV $$").0, FailureKind::Error);
    assert_eq!(failure_of("echo 'MemoryError' >&2; exit 1").0, FailureKind::OutOfMemory);
    assert_eq!(
        failure_of("echo 'CUDA out of memory' >&2; kill -KILL $$").0,
        FailureKind::OutOfMemory
    );
    let (kind, message) = failure_of("echo all is well");
    assert_eq!(kind, FailureKind::MissingMetric);
    assert!(message.contains("all is well"), "{message}");
    assert_eq!(failure_of("true").0, FailureKind::MissingMetric);
    assert_eq!(failure_of("echo nan").0, FailureKind::NonFiniteMetric);
    assert_eq!(failure_of("echo -inf").0, FailureKind::NonFiniteMetric);
}

#[test]
fn a_program_that_cannot_start_is_an_error_with_a_remedy() {
    let trial = trial();
    let start_error =
        |mut jobs: CommandEvaluator| jobs.start(&Job::new(&trial, 1)).unwrap_err().to_string();
    let text = start_error(CommandEvaluator::new("/no/such/program"));
    assert!(text.contains("/no/such/program") && text.contains("exists"), "{text}");
    let text = start_error(
        sh("true")
            .pass_configuration(PassConfiguration::JsonFile)
            .metric_from(MetricSource::File("m".into())),
    );
    assert!(text.matches("in_folder").count() == 2, "the error lists both violations: {text}");
    // Both names become A_B.
    let configuration = Configuration::from([("a-b", 1.into()), ("a.b", 2.into())]);
    let trial = Trial::new(TrialId(1), Source::Study, configuration);
    let environment = PassConfiguration::Environment { prefix: String::new() };
    let error = sh("true")
        .pass_configuration(environment)
        .start(&Job::new(&trial, 1))
        .unwrap_err()
        .to_string();
    assert!(error.contains("A_B") && error.contains("rename"), "{error}");
}

#[test]
fn stopping_a_job_ends_its_child_processes() {
    let folder = TempFolder::new("stop");
    let script = "sleep 1000 & echo $! > \"$SURMISE_FOLDER/child\"; echo 0.5; wait";
    let mut jobs = sh(script).reports_from(ReportSource::Lines).in_folder(&folder.0);
    let trial = trial();
    jobs.start(&Job::new(&trial, 1)).unwrap();
    let child = wait_for_text(&folder.0.join("trial-00007-attempt-1/child"));
    assert!(is_alive(&child));
    while jobs.wait(LONG).unwrap().is_empty() {}
    jobs.stop(Job::new(&trial, 1).id()).unwrap();
    assert_eq!(wait_for_end(&mut jobs).1, Outcome::Stopped { value: Some(0.5) });
    assert!(ends_soon(&child), "{child} is an orphan");
}

/// The shell ends at once when it receives the request to stop; the program that it runs needs more
/// time.
#[test]
fn a_wrapped_program_gets_the_full_grace_period() {
    let folder = TempFolder::new("wrapper");
    let inner = "trap 'sleep 0.3; echo well > \"$SURMISE_FOLDER/end\"; exit 0' TERM; \
                 echo on > \"$SURMISE_FOLDER/begun\"; \
                 while :; do sleep 0.02; done";
    let mut jobs = CommandEvaluator::new("sh")
        .arguments(["-c", "sh -c \"$0\"; true", inner])
        .in_folder(&folder.0)
        .with_grace_period(LONG);
    let trial = trial();
    jobs.start(&Job::new(&trial, 1)).unwrap();
    let job_folder = folder.0.join("trial-00007-attempt-1");
    wait_for_text(&job_folder.join("begun"));
    jobs.stop(Job::new(&trial, 1).id()).unwrap();
    assert!(matches!(wait_for_end(&mut jobs).1, Outcome::Stopped { .. }));
    assert_eq!(wait_for_text(&job_folder.join("end")), "well");
    assert!(jobs.elapsed() < LONG, "the evaluator waits only until the program ends");
}

#[test]
fn a_program_with_endless_output_can_be_stopped() {
    let trial = trial();
    let mut jobs = sh("yes 0.5").reports_from(ReportSource::Lines);
    jobs.start(&Job::new(&trial, 1)).unwrap();
    let events = jobs.wait(LONG).unwrap();
    assert!(!events.is_empty() && events.len() < 10_000, "{}", events.len());
    jobs.stop(Job::new(&trial, 1).id()).unwrap();
    assert_eq!(wait_for_end(&mut jobs).1, Outcome::Stopped { value: Some(0.5) });
}

#[test]
fn a_configuration_too_long_to_pass_fails_only_its_job() {
    // The value is longer than the system's limit for one argument.
    let configuration = Configuration::from([("name", "a".repeat(200_000).into())]);
    let with_long_value = Trial::new(TrialId(1), Source::Study, configuration);
    let mut jobs = sh("echo 1");
    assert_eq!(jobs.start(&Job::new(&with_long_value, 1)).unwrap(), StartOutcome::Started);
    assert_eq!(failure(wait_for_end(&mut jobs).1).kind, FailureKind::Error);
    assert_eq!(run(jobs).1, Outcome::from(1.0));
}

#[test]
fn files_outside_of_the_job_folder_are_rejected() {
    let absolute = MetricSource::File("/tmp/metric".into());
    let error = sh("true").in_folder("x").metric_from(absolute).check().unwrap_err();
    assert!(error.to_string().contains("/tmp/metric"), "{error}");
    let in_parent = ReportSource::File("../log".into());
    assert!(sh("true").in_folder("x").reports_from(in_parent).check().is_err());
}

#[test]
fn a_program_that_ignores_the_stop_request_is_killed() {
    let folder = TempFolder::new("ignored-stop");
    let script = "trap '' TERM; echo $$ > \"$SURMISE_FOLDER/self\"; while :; do sleep 0.05; done";
    let grace = Duration::from_millis(200);
    let mut jobs = sh(script).in_folder(&folder.0).with_grace_period(grace);
    let trial = trial();
    jobs.start(&Job::new(&trial, 1)).unwrap();
    let process = wait_for_text(&folder.0.join("trial-00007-attempt-1/self"));
    let stop_time = jobs.elapsed();
    jobs.stop(Job::new(&trial, 1).id()).unwrap();
    assert_eq!(wait_for_end(&mut jobs).1, Outcome::Stopped { value: None });
    assert!(jobs.elapsed() - stop_time >= grace && ends_soon(&process));
}

#[test]
fn no_child_process_is_left_behind() {
    let folder = TempFolder::new("left");
    // The program ends, but leaves a child that holds its output open.
    let (_, outcome) =
        run(sh("sleep 1000 & echo $! > \"$SURMISE_FOLDER/child\"; echo 4").in_folder(&folder.0));
    assert_eq!(outcome, Outcome::from(4.0));
    assert!(ends_soon(&wait_for_text(&folder.0.join("trial-00007-attempt-2/child"))));
    // The evaluator is dropped while a job runs.
    let trial = trial();
    let mut jobs =
        sh("sleep 1000 & echo $! > \"$SURMISE_FOLDER/child\"; wait").in_folder(&folder.0);
    jobs.start(&Job::new(&trial, 9)).unwrap();
    let child = wait_for_text(&folder.0.join("trial-00007-attempt-9/child"));
    assert!(is_alive(&child));
    drop(jobs);
    assert!(ends_soon(&child));
}

#[test]
fn long_output_and_invalid_utf8_are_tolerated() {
    let script = "i=0; while [ $i -lt 20000 ]; do echo line $i of much output; i=$((i+1)); done; \
                  printf '\\377\\376\\n0.5'";
    assert_eq!(run(sh(script)).1, Outcome::from(0.5));
}

#[test]
fn command_evaluators_fulfill_the_contract() {
    let space = SearchSpace::new([ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear)]);
    let make = || sh("sleep 0.05; echo 0.5; echo ${1#--x=}").reports_from(ReportSource::Lines);
    conformance::check_evaluator(make, &space.unwrap()).unwrap();
}

/// Tunes programs with the median rule and a timeout.
#[test]
fn early_stopping_stops_programs() {
    let space = SearchSpace::new([ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear)])
        .unwrap();
    let settings = StudySettings { limits: ResourceLimits::new(8, 2), ..Default::default() };
    let mut study = Study::new(space, Objective::minimize("loss"), SobolSearch, settings).unwrap();
    let script = "for i in 1 2 3 4 5 6; do echo $i ${1#--x=}; sleep 0.05; done";
    let mut jobs = sh(script).reports_from(ReportSource::Lines);
    let rule = limits::MedianRule { grace_steps: 1, grace_population: 2 };
    let result = Tuner::new()
        .early_stopping(EarlyStopping::MedianRule(rule))
        .job_timeout(Duration::from_secs(30))
        .run(&mut study, &mut jobs)
        .unwrap();
    assert_eq!(result.reason, StopReason::JobLimit { jobs: 8 });
    let stopped: Vec<&Trial> = study.trials().iter().filter(|t| t.stop_cause.is_some()).collect();
    assert!(!stopped.is_empty() && stopped.len() < 8);
    assert!(study.best().unwrap().value() == Some(study.best().unwrap().configuration.float("x")));
}
