//! Programs as jobs: their output, their arguments and their environment.

use std::fs;
use std::time::Duration;

use surmise::evaluator::{
    CommandEvaluator, Evaluator, Job, JobEvent, MatchSelection, MetricSource, PassConfiguration,
    ReportSource,
};
use surmise::pattern::MetricPattern;
use surmise::trial::{Failure, FailureKind, Source, TrialId};
use surmise::{
    Configuration, Outcome, ParameterRange, RandomSearch, ScalingType, SearchSpace, StudySettings,
    Trial, tune,
};

use super::new_study;

const LONG: Duration = Duration::from_secs(60);

fn sh(script: &str) -> CommandEvaluator {
    CommandEvaluator::new("sh").arguments(["-c", script, "sh"])
}

fn pattern(expression: &str) -> MetricSource {
    MetricSource::Pattern(MetricPattern::new(expression).unwrap())
}

fn run(mut jobs: CommandEvaluator) -> (Vec<(u64, f64)>, Outcome) {
    let trial = Trial::new(TrialId(1), Source::Study, Configuration::default());
    jobs.start(&Job::new(&trial, 1)).unwrap();
    let mut reports = Vec::new();
    loop {
        for event in jobs.wait(LONG).unwrap() {
            match event {
                JobEvent::Report { step, value, .. } => reports.push((step, value)),
                JobEvent::Ended { outcome, .. } => return (reports, outcome),
                other => panic!("{other:?}"),
            }
        }
    }
}

fn failure(jobs: CommandEvaluator) -> Failure {
    match run(jobs).1 {
        Outcome::Failed(failure) => failure,
        other => panic!("{other:?}"),
    }
}

#[test]
fn fault_b1_numbers_with_commas_are_refused() {
    for text in ["0,75", "1,234.5", "7,25"] {
        let failure = failure(sh(&format!("echo {text}")));
        assert_eq!(failure.kind, FailureKind::MissingMetric);
        assert!(failure.message.contains(text), "{failure}");
        assert!(failure.message.contains("decimal point"), "{failure}");
    }
    for text in ["7 0.25", "7, 0.25", "epoch=7 loss=0.25"] {
        let (reports, outcome) = run(sh(&format!("echo {text}")).reports_from(ReportSource::Lines));
        assert_eq!((reports, outcome), (vec![(7, 0.25)], Outcome::from(0.25)), "{text}");
    }
}

/// Returns the peak memory of this process, in kilobytes.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

#[test]
#[cfg(target_os = "linux")]
fn fault_b2_an_endless_line_takes_bounded_memory() {
    let before = peak_memory();
    let script = "head -c 400000000 /dev/zero | tr '\\0' x; printf ' loss=0.25\\n'";
    let (_, outcome) = run(sh(script).metric_from(pattern("loss=([0-9.]+)")));
    assert_eq!(outcome, Outcome::from(0.25), "the metric at the end of the line is found");
    // The limit is high, because other tests run in the same process.
    assert!(peak_memory() - before < 200_000, "{} kB", peak_memory() - before);
}

#[test]
fn fault_b3_carriage_returns_overwrite_the_line() {
    let progress_bar = r"printf '61%% loss=21.7\r100%% loss=20.7\n'";
    assert_eq!(run(sh(progress_bar).metric_from(pattern("loss=([0-9.]+)"))).1, Outcome::from(20.7));
    assert_eq!(run(sh(r"printf '10%%\r100%%\r0.25\n'")).1, Outcome::from(0.25));
    assert_eq!(run(sh(r"printf '0.25\r\n'")).1, Outcome::from(0.25));
    // Of several matches in a line, the last one counts.
    let twice = sh("echo train loss=0.5 valid loss=0.7");
    assert_eq!(run(twice.metric_from(pattern("loss=([0-9.]+)"))).1, Outcome::from(0.7));
    let reported = sh(r"printf '1\r2\r3\n4\n'").reports_from(ReportSource::Lines);
    assert_eq!(run(reported).0, [(1, 3.0), (2, 4.0)]);
}

#[test]
fn fault_b4_a_captured_text_that_is_no_number_is_quoted() {
    let failure = failure(sh("echo Accuracy: 71.59%").metric_from(pattern(r"Accuracy: (\S+)")));
    let expected = "the expression captured \"71.59%\", which is not a number";
    assert!(failure.message.contains(expected), "{failure}");
    // A value that was found earlier remains the metric.
    let two_matches = sh("echo loss=0.5; echo loss=nix").metric_from(pattern(r"loss=(\S+)"));
    assert_eq!(run(two_matches).1, Outcome::from(0.5));
}

#[test]
fn fault_b5_match_selection_requires_a_pattern() {
    for source in [MetricSource::LastLine, MetricSource::File("metric".into())] {
        let jobs = sh("echo 1").in_folder("x").metric_from(source);
        jobs.check().unwrap();
        let error = jobs.match_selection(MatchSelection::Min).check().unwrap_err();
        assert!(error.to_string().contains("match_selection"), "{error}");
    }
    let jobs = sh("echo 3; echo 1; echo 2").metric_from(pattern("([0-9])"));
    assert_eq!(run(jobs.match_selection(MatchSelection::Min)).1, Outcome::from(1.0));
}

#[test]
fn fault_b6_colliding_variable_names_are_refused_before_the_first_job() {
    let range = |name| ParameterRange::continuous(name, 0.0..=1.0, ScalingType::Linear);
    let space = SearchSpace::new([range("lr"), range("LR"), range("a-b"), range("a_b")]).unwrap();
    let environment = PassConfiguration::Environment { prefix: "HP_".to_owned() };
    let mut jobs = sh("echo 1").pass_configuration(environment);
    let error = jobs.check_space(&space).unwrap_err();
    assert_eq!(error.violations().len(), 2, "{error}");
    assert!(error.to_string().contains("HP_LR") && error.to_string().contains("HP_A_B"), "{error}");
    let mut study = new_study(space.clone(), RandomSearch, StudySettings::default());
    assert!(tune(&mut study, &mut jobs).is_err());
    assert!(study.trials().is_empty(), "no trial was asked for");
    sh("echo 1").check_space(&space).unwrap();

    // The crate sets the variable SURMISE_TRIAL.
    let space = SearchSpace::new([range("trial")]).unwrap();
    let prefix = PassConfiguration::Environment { prefix: "SURMISE_".to_owned() };
    assert!(sh("echo 1").pass_configuration(prefix).check_space(&space).is_err());
}

#[test]
fn fault_b7_nul_characters_are_refused_in_names_values_and_arguments() {
    let name_error =
        ParameterRange::continuous("l\0r", 0.0..=1.0, ScalingType::Linear).unwrap_err();
    assert!(name_error.to_string().contains("l\\0r"), "{name_error}");
    let error = ParameterRange::categorical("kind", ["adam", "s\0gd"]).unwrap_err();
    assert!(error.to_string().contains("kind") && error.to_string().contains("s\\0gd"), "{error}");
    for jobs in [
        CommandEvaluator::new("s\0h"),
        sh("echo \0"),
        sh("echo 1").environment_variable("A\0", "1"),
        sh("echo 1").environment_variable("A", "1\0"),
        sh("echo 1").environment_variable("A=B", "1"),
        sh("echo 1").environment_variable("", "1"),
    ] {
        assert!(jobs.check().is_err());
    }
}
