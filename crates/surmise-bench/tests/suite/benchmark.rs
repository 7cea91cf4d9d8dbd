//! Experiments as users run them: reproducible, resumable, with strategies and external programs.

use crate::common::{Folder, bayesian, random, run_all, run_of, small_suite};
use std::collections::HashSet;
use std::fs;
use std::ops::ControlFlow;
use std::path::PathBuf;
use surmise::TrialId;

use surmise::rng::Rng;
use surmise::strategy::{History, Phase, Proposal};
use surmise::{
    Configuration, Error, ParameterRange, RandomSearch, ScalingType, SearchSpace, SobolSearch,
    Strategy,
};
use surmise_bench::boosting::Boosting;
use surmise_bench::decorators::{Durations, Failing, Noisy};
use surmise_bench::problems::{mixed, rugged, smooth};
use surmise_bench::{
    CHECKPOINTS, Case, Comparison, Contender, Experiment, FunctionProblem, Parallelism, Retry, Run,
    RunTrial, RunsFile, Suite, page,
};

#[test]
fn runs_do_not_depend_on_the_number_of_threads() {
    for parallelism in [
        Parallelism::Sequential,
        Parallelism::Batches(4),
        Parallelism::Workers(3),
        Parallelism::FixedLag(3),
    ] {
        let runs = [1, 2, 5].map(|threads| {
            let experiment = Experiment::new(small_suite(), [bayesian(), random()]).unwrap();
            let experiment = experiment.with_seeds(2).with_parallelism(parallelism);
            let durations = Durations::Exponential { mean: std::time::Duration::from_secs(60) };
            run_all(&experiment.with_durations(durations).with_threads(threads))
        });
        assert_eq!(runs[0].len(), 8);
        assert!(runs[0].iter().all(|run| run.error.is_none() && run.trials.len() == 14));
        assert_eq!(runs[0], runs[1]);
        assert_eq!(runs[0], runs[2]);
    }
}

/// Under a fixed lag, each trial starts after the end of all trials that it may use.
#[test]
fn durations_change_no_trial_under_a_fixed_lag() {
    let runs_with = |durations| {
        let experiment = Experiment::new(small_suite(), [bayesian()]).unwrap().with_seeds(2);
        let experiment = experiment.with_parallelism(Parallelism::FixedLag(3));
        run_all(&experiment.with_durations(durations))
    };
    let hour = std::time::Duration::from_secs(3600);
    let constant = runs_with(Durations::Constant(hour));
    let random = runs_with(Durations::Exponential { mean: hour });
    for (a, b) in constant.iter().zip(&random) {
        let configurations = |run: &Run| -> Vec<Configuration> {
            run.trials.iter().map(|trial| trial.configuration.clone()).collect()
        };
        assert_eq!(configurations(a), configurations(b));
        assert_ne!(a.trials, b.trials, "times differ");
        for (number, trial) in b.trials.iter().enumerate().skip(3) {
            let has_ended = |earlier: &RunTrial| earlier.end.unwrap() <= trial.start;
            assert!(b.trials[..=number - 3].iter().all(has_ended), "trial {number}");
        }
    }
}

/// The k-th evaluation of a repetition has the same noise and failure in the run of each contender.
#[test]
fn noise_and_failures_are_paired() {
    let noisy = Failing::at_random(Noisy::new(smooth::hartmann3(), 0.5), 0.3);
    let suite = Suite::new("one", [Case::new(noisy).with_budget(20)]);
    let sobol = Contender::new("sobol", || SobolSearch);
    let runs = run_all(&Experiment::new(suite, [sobol, random()]).unwrap().with_seeds(2));
    let noise = |run: &Run| -> Vec<Option<f64>> {
        let error = |trial: &RunTrial| Some(trial.value? - trial.noiseless?);
        run.trials.iter().map(error).map(|noise| noise.map(|x| (1e9 * x).round())).collect()
    };
    let noise_of = |strategy, seed| {
        noise(runs.iter().find(|run| run.strategy == strategy && run.seed == seed).unwrap())
    };
    let is_large = |noise: &&Option<f64>| noise.is_some_and(|noise| noise.abs() > 1e8);
    assert!(noise_of("sobol", 1).iter().filter(is_large).count() > 5, "values have noise");
    assert_eq!(noise_of("sobol", 1), noise_of("random", 1));
    assert_eq!(noise_of("sobol", 2), noise_of("random", 2));
    assert_ne!(noise_of("sobol", 1), noise_of("sobol", 2));
    assert!((1..15).contains(&runs[0].failures()));
}

/// After an interruption with a torn last line, the final file is that of an uninterrupted
/// experiment.
#[test]
fn an_interrupted_experiment_resumes() {
    let folder = Folder::new("resume");
    let experiment = Experiment::new(small_suite(), [bayesian(), random()]).unwrap().with_seeds(3);
    let keys = experiment.keys();
    assert_eq!(keys.len(), 12);

    let mut file = RunsFile::open(&folder.0).unwrap();
    let mut count = 0;
    experiment.run(&HashSet::new(), |run| {
        file.append(run).unwrap();
        count += 1;
        if count == 5 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    });
    drop(file);
    let path = folder.0.join("runs.ndjson");
    let mut text = fs::read_to_string(&path).unwrap();
    assert_eq!(text.lines().count(), 5);
    text.truncate(text.len() - 40);
    fs::write(&path, &text).unwrap();

    let mut file = RunsFile::open(&folder.0).unwrap();
    assert_eq!(file.runs().len(), 4, "the torn line is dropped");
    let error = RunsFile::open(&folder.0).unwrap_err().to_string();
    assert!(error.contains("another experiment"), "{error}");
    let done = file.done(Retry::Never);
    let mut resumed = 0;
    experiment.run(&done, |run| {
        assert!(!done.contains(&run.key()));
        resumed += 1;
        file.append(run).unwrap();
        ControlFlow::Continue(())
    });
    assert_eq!(resumed, 8);
    let runs: Vec<Run> = file.finish().unwrap().iter().map(Run::without_timings).collect();
    assert_eq!(runs, run_all(&experiment));
    let read: Vec<Run> =
        RunsFile::read(&folder.0).unwrap().iter().map(Run::without_timings).collect();
    assert_eq!(read, runs);
}

/// A run with an error stays in the file; a second attempt counts, and the first one is reported.
#[test]
fn runs_with_errors_are_kept_and_made_again_on_demand() {
    let folder = Folder::new("broken");
    let broken = run_of(Contender::external("gone", "exit 3"));
    let repaired = Run { error: None, ..broken.clone() };
    let valid = run_of(random());
    let mut file = RunsFile::open(&folder.0).unwrap();
    file.append(broken.clone()).unwrap();
    file.append(valid.clone()).unwrap();
    drop(file);
    let mut file = RunsFile::open(&folder.0).unwrap();
    assert_eq!(file.done(Retry::Never).len(), 2);
    assert_eq!(file.done(Retry::RunsWithErrors), HashSet::from([valid.key()]));
    let error = file.append(valid.clone()).unwrap_err().to_string();
    assert!(error.contains("a run of random on line/0 with seed 1"), "{error}");
    file.append(repaired).unwrap();
    assert_eq!(file.done(Retry::RunsWithErrors).len(), 2);
    let runs = file.finish().unwrap();
    let attempts: Vec<(u32, bool)> = runs
        .iter()
        .filter(|run| run.strategy == "gone")
        .map(|run| (run.attempt, run.error.is_some()))
        .collect();
    assert_eq!(attempts, [(1, true), (2, false)]);
    let comparison = Comparison::new(runs);
    let index = comparison.strategies().iter().position(|name| name == "gone").unwrap();
    assert_eq!(comparison.runs_of(index).count(), 1);
    assert_eq!((comparison.failed_attempts(index), comparison.runs_with_errors()), (1, 0));
}

/// The shards of an experiment are its runs, each once; a run in two parts is refused.
#[test]
fn shards_are_merged_and_doubles_are_refused() {
    let experiment = || {
        Experiment::new(small_suite(), [random(), Contender::new("sobol", || SobolSearch)])
            .unwrap()
            .with_seed_range(21..=23)
    };
    let whole = run_all(&experiment());
    assert_eq!(whole.iter().map(|run| run.seed).min(), Some(21));
    let shard = |number| run_all(&experiment().with_shard(number, 3).unwrap());
    let parts: Vec<(PathBuf, Vec<Run>)> =
        (1..=3).map(|number| (PathBuf::from(format!("part{number}")), shard(number))).collect();
    for (_, runs) in &parts {
        assert_eq!(runs.len(), 4);
        // Each shard has both strategies on its cases and seeds.
        let with = |name: &str| -> Vec<(String, u64)> {
            let runs = runs.iter().filter(|run| run.strategy == name);
            runs.map(|run| (run.case_name(), run.seed)).collect()
        };
        assert_eq!(with("random"), with("sobol"));
    }
    assert_eq!(RunsFile::merge(parts.clone()).unwrap(), whole);
    let doubled = vec![parts[0].clone(), ("copy".into(), parts[0].1.clone())];
    let error = RunsFile::merge(doubled).unwrap_err().to_string();
    assert!(error.contains("part1 also has a run of") && error.contains("copy"), "{error}");
    assert!(experiment().with_shard(4, 3).is_err() && experiment().with_shard(0, 3).is_err());

    let folder = Folder::new("merged");
    RunsFile::create(&folder.0, whole.clone()).unwrap();
    assert_eq!(RunsFile::read(&folder.0).unwrap(), whole);
    // Files that were joined by hand may have a run twice.
    let text = fs::read_to_string(folder.0.join("runs.ndjson")).unwrap();
    let by_hand = Folder::new("by-hand");
    fs::write(by_hand.0.join("runs.ndjson"), text.repeat(2)).unwrap();
    for error in [RunsFile::read(&by_hand.0).err(), RunsFile::open(&by_hand.0).err()] {
        let error = error.unwrap().to_string();
        assert!(error.contains("line 13 is a second copy of a run of"), "{error}");
    }
    let error = RunsFile::create(&folder.0, whole).unwrap_err().to_string();
    assert!(error.contains("choose another directory"), "{error}");
}

/// A compact file is small, and a comparison of it has the same figures.
#[test]
fn a_compact_file_has_the_same_measures() {
    let cases = [
        Case::new(smooth::branin()).with_budget(14),
        Case::new(Failing::at_random(mixed::func2c(), 0.3)).with_budget(14),
    ];
    let experiment = Experiment::new(Suite::new("kept", cases), [random(), bayesian()]).unwrap();
    let whole = run_all(&experiment.with_seeds(3));
    let folder = Folder::new("compact");
    let path = folder.0.join("runs.ndjson.gz");
    RunsFile::create_compact(&path, &whole).unwrap();
    let compact = RunsFile::read(&path).unwrap();
    assert_eq!(compact.len(), whole.len());
    for (compact, whole) in compact.iter().zip(&whole) {
        assert_eq!(compact.key(), whole.key());
        assert_eq!(compact.relative_regrets(), whole.relative_regrets());
        assert_eq!(compact.trials[0].configuration, whole.trials[0].configuration);
        assert_eq!(compact.trials[1].configuration, Configuration::default());
        assert_eq!(compact.compact(), *compact, "what is compact stays as it is");
    }
    let figures = |runs: Vec<Run>| page::verdicts_csv(&Comparison::new(runs));
    assert_eq!(figures(compact), figures(whole.clone()));
    let size = fs::metadata(&path).unwrap().len();
    let lines: Vec<u8> = whole.iter().flat_map(|run| serde_json::to_vec(run).unwrap()).collect();
    assert!(4 * size < lines.len() as u64, "{size} of {}", lines.len());

    let error = RunsFile::create_compact(&path, &whole).unwrap_err().to_string();
    assert!(error.contains("runs.ndjson.gz"), "{error}");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    assert!(RunsFile::read(&path).is_err(), "a torn compressed file is no complete one");
}

#[test]
fn an_invalid_runs_file_is_rejected() {
    let folder = Folder::new("refuse");
    fs::write(folder.0.join("runs.ndjson"), "{\"hello\": 1}\n").unwrap();
    let error = RunsFile::open(&folder.0).unwrap_err().to_string();
    assert!(error.contains("line 1") && error.contains("runs.ndjson"), "{error}");
    let error = RunsFile::read(&folder.0.join("nowhere")).unwrap_err().to_string();
    assert!(error.contains("nowhere"), "{error}");
}

/// A strategy that panics at its third trial.
#[derive(Debug)]
struct Panicking;

impl Strategy for Panicking {
    fn propose(&self, history: &History<'_>, rng: &mut Rng) -> Result<Option<Proposal>, Error> {
        assert!(history.next_trial < TrialId(3), "third trial");
        RandomSearch.propose(history, rng)
    }
}

/// A strategy that always proposes the same point.
#[derive(Debug)]
struct Repeating;

impl Strategy for Repeating {
    fn propose(&self, history: &History<'_>, _: &mut Rng) -> Result<Option<Proposal>, Error> {
        let point = surmise::unit_cube::snap(history.axes, &vec![0.5; history.axes.len()]);
        Ok(Some(Proposal::new(point, Phase::Heuristic)))
    }
}

#[test]
fn an_error_of_a_strategy_ends_its_run() {
    let run = run_of(Contender::new("panicking", || Panicking));
    assert_eq!(run.trials.len(), 2);
    assert!(run.error.unwrap().contains("third trial"));
    let run = run_of(Contender::new("repeating", || Repeating));
    assert_eq!(run.trials.len(), 1);
    assert!(run.error.unwrap().contains("must not be repeated"));
}

#[test]
fn an_exhausted_space_ends_a_run_without_error() {
    for contender in [bayesian(), random()] {
        let experiment = Experiment::new(suite_of_four(), [contender]).unwrap().with_seeds(1);
        let run = &run_all(&experiment)[0];
        assert_eq!((run.trials.len(), run.duplicates, &run.error), (4, 0, &None));
        assert_eq!(run.best_values().len(), 30);
        assert_eq!(run.recommended_value(30), Some(1.0), "the last recommendation counts");
    }
    assert_eq!(suite_of_four().cases()[0].budget(), 30);
}

/// The means of random search are estimated if the problem has an optimum.
#[test]
fn a_custom_problem_has_scores() {
    let space = || {
        SearchSpace::new([ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear)]).unwrap()
    };
    let value = |c: &Configuration| (c.float("x") - 0.3).powi(2);
    let with_optimum = FunctionProblem::new("known", space(), value).with_optimum(0.0);
    let suite = Suite::new("custom", [Case::new(with_optimum)]);
    let mean = suite.cases()[0].random_means().unwrap().at(1).unwrap();
    // The exact mean of (x − 0.3)² over the range.
    assert!((mean - (0.7_f64.powi(3) + 0.3_f64.powi(3)) / 3.0).abs() < 0.04, "{mean}");
    let runs = run_all(&Experiment::new(suite, [random()]).unwrap().with_seeds(20));
    let scores: Vec<f64> = runs.iter().map(|run| run.score(1).unwrap()).collect();
    let mean = scores.iter().sum::<f64>() / 20.0;
    assert!((0.5..2.0).contains(&mean), "random search scores about 1: {mean}");

    let without_optimum =
        Suite::new("custom", [Case::new(FunctionProblem::new("unknown", space(), value))]);
    assert!(
        without_optimum.cases()[0].random_means().is_none(),
        "without an optimum there is no regret"
    );
}

/// Returns a suite with one problem, whose space has four configurations.
fn suite_of_four() -> Suite {
    let space = SearchSpace::new([ParameterRange::integer("n", 1..=4, ScalingType::Linear)]);
    let problem = FunctionProblem::new("four", space.unwrap(), |c: &Configuration| c.float("n"));
    Suite::new("one", [Case::new(problem)])
}

#[test]
fn a_panicking_problem_is_a_failed_evaluation() {
    let space = SearchSpace::new([ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear)]);
    let problem = FunctionProblem::new("brittle", space.unwrap(), |c: &Configuration| {
        assert!(c.float("x") < 0.5, "broken");
        c.float("x")
    });
    let suite = Suite::new("one", [Case::new(problem)]);
    let runs = run_all(&Experiment::new(suite, [random()]).unwrap().with_seeds(1));
    assert!((5..25).contains(&runs[0].failures()), "{}", runs[0].failures());
    assert_eq!((runs[0].trials.len(), &runs[0].error), (30, &None));
}

/// With several workers and different durations, later trials can end before earlier ones.
#[test]
fn more_workers_need_less_virtual_time() {
    let time = |parallelism| {
        let suite = Suite::new("one", [Case::new(rugged::levy())]);
        let experiment = Experiment::new(suite, [random()]).unwrap().with_seeds(1);
        let durations = Durations::Exponential { mean: std::time::Duration::from_secs(60) };
        let runs = run_all(&experiment.with_parallelism(parallelism).with_durations(durations));
        let ends: Vec<f64> = runs[0].trials.iter().map(|trial| trial.end.unwrap()).collect();
        let last = ends.iter().copied().fold(0.0, f64::max);
        (last, ends.is_sorted())
    };
    let (one, in_order) = time(Parallelism::Sequential);
    assert!(in_order);
    let (four, in_order) = time(Parallelism::Workers(4));
    assert!(!in_order);
    let (batches, _) = time(Parallelism::Batches(4));
    assert!(four < one / 3.0 && four < batches && batches < one, "{one} {batches} {four}");
}

/// A strategy whose proposals take at least 30 ms.
#[derive(Debug)]
struct Slow;

impl Strategy for Slow {
    fn propose(&self, history: &History<'_>, rng: &mut Rng) -> Result<Option<Proposal>, Error> {
        std::thread::sleep(std::time::Duration::from_millis(30));
        RandomSearch.propose(history, rng)
    }
}

#[test]
fn charged_proposals_take_virtual_time() {
    let run = |is_charged| {
        let suite = Suite::new("one", [Case::new(smooth::branin()).with_budget(5)]);
        let experiment = Experiment::new(suite, [Contender::new("slow", || Slow)]).unwrap();
        let durations = Durations::Constant(std::time::Duration::from_millis(10));
        let experiment = experiment.with_durations(durations).with_charged_proposals(is_charged);
        run_all(&experiment.with_seeds(1)).remove(0)
    };
    let (free, charged) = (run(false), run(true));
    let end = |run: &Run| run.trials.last().unwrap().end.unwrap();
    assert!((end(&free) - 0.05).abs() < 1e-9 && end(&charged) >= 0.2, "{}", end(&charged));
    let trial = &charged.trials[0];
    assert!(trial.start >= 0.03, "a trial starts when its proposal is known");
    assert!((trial.end.unwrap() - trial.start - 0.01).abs() < 1e-6);
    assert_ne!(free.key(), charged.key());
    assert_eq!(Comparison::new([free, charged]).strategies().len(), 2);
}

#[test]
fn a_budget_beyond_the_means_of_random_search_is_an_error() {
    let suite = |budget| Suite::new("one", [Case::new(smooth::branin())]).with_budget(budget);
    let error = Experiment::new(suite(2001), [random()]).unwrap_err().to_string();
    assert!(error.contains("2001 of branin/0") && error.contains("2000"), "{error}");
    let experiment = Experiment::new(suite(150), [random()]).unwrap().with_seeds(2);
    let runs = run_all(&experiment);
    assert!(runs.iter().all(|run| run.score(150).is_some()), "scores reach beyond 100");
}

#[test]
fn different_settings_and_budgets_stay_separate() {
    let run = |budget: usize, contender: Contender| {
        let suite = Suite::new("one", [Case::new(smooth::branin()).with_budget(budget)]);
        run_all(&Experiment::new(suite, [contender]).unwrap().with_seeds(1)).remove(0)
    };
    let run_of_other_settings = || Run { settings: "other".to_owned(), ..run(5, random()) };
    let names = |runs: Vec<Run>| -> (Vec<String>, usize) {
        let comparison = Comparison::new(runs);
        let cases = comparison.cases().iter().map(|case| case.name.clone()).collect();
        (cases, comparison.strategies().len())
    };
    assert_eq!(names(vec![run(5, random()), run(5, bayesian())]), (vec!["branin/0".into()], 2));
    assert_eq!(
        names(vec![run(5, random()), run_of_other_settings()]).1,
        2,
        "two settings are two strategies"
    );
    let (cases, strategies) = names(vec![run(5, random()), run(7, random())]);
    assert_eq!(cases, ["branin/0 in 5 evaluations", "branin/0 in 7 evaluations"]);
    assert_eq!(strategies, 1);
}

#[test]
fn an_experiment_needs_contenders_and_cases_with_distinct_names() {
    let error = Experiment::new(small_suite(), [random(), random()]).unwrap_err();
    assert!(error.to_string().contains("random"), "{error}");
    let error = Experiment::new(Suite::new("none", []), []).unwrap_err();
    assert_eq!(error.violations().len(), 2, "{error}");
    assert!(Suite::named("nonsense").unwrap_err().to_string().contains("public"));
}

/// The best known configuration has the optimum, and the means of random search are above it.
#[test]
fn boosting_reaches_its_best_known_value() {
    let case = Boosting::case();
    let best = Configuration::from([
        ("alpha", 135.720_676_595_017_24.into()),
        ("gamma", 3.377_154_312_043_018_5.into()),
        ("max_delta_step", 0.into()),
        ("max_depth", 2.into()),
    ]);
    let mut rng = Rng::stream(1, 1);
    let optimum = case.problem().optimum().unwrap();
    let reached = case.problem().evaluate(&best, &mut rng).noiseless_value().unwrap();
    assert!((reached - optimum).abs() < 1e-6, "{reached}");
    let means = case.random_means().unwrap();
    let best_values: Vec<f64> = CHECKPOINTS.iter().map(|count| means.at(*count).unwrap()).collect();
    assert!(best_values.is_sorted_by(|a, b| a > b) && best_values[8] > optimum, "{best_values:?}");
    // Trees of unlimited depth (0) overfit more than trees of depth 6 and 2.
    let error_at_depth = |depth: i32| {
        let continuous = [("alpha", 0.0.into()), ("gamma", 0.0.into())];
        let integers = [("max_delta_step", 0.into()), ("max_depth", depth.into())];
        let configuration = continuous.into_iter().chain(integers).collect();
        case.problem().evaluate(&configuration, &mut Rng::stream(1, 1)).noiseless_value().unwrap()
    };
    assert!(error_at_depth(0) > error_at_depth(6) && error_at_depth(6) > error_at_depth(2));
}
