//! The contract of strategies, tested with studies: proposals are pure functions of the history,
//! are never repeated, and do not depend on the order of completion.

use surmise::rng::Rng;
use surmise::strategy::{History, Proposal};
use surmise::trial::{Failure, FailureKind};
use surmise::{
    AskOutcome, BayesianOptimization, Configuration, Error, Objective, Order, Outcome,
    ParameterRange, RandomSearch, ScalingType, SearchSpace, SobolSearch, Strategy, Study,
    StudySettings, Trial,
};

pub(crate) fn mixed_space() -> SearchSpace {
    SearchSpace::new([
        ParameterRange::continuous("rate", 1e-5..=1.0, ScalingType::Logarithmic),
        ParameterRange::continuous("momentum", 0.0..=0.99, ScalingType::ReverseLogarithmic),
        ParameterRange::integer("depth", 1..=9, ScalingType::Linear),
        ParameterRange::integer("units", 8..=1024, ScalingType::Logarithmic),
        ParameterRange::categorical("optimizer", ["adam", "sgd", "lion"]),
    ])
    .unwrap()
}

/// Returns a loss that is smooth in the numeric parameters, and lowest for the category `adam`.
pub(crate) fn loss(c: &Configuration) -> f64 {
    let penalty = match c.category("optimizer") {
        "adam" => 0.0,
        "sgd" => 0.4,
        _ => 0.8,
    };
    (c.float("rate").log10() + 2.0).powi(2)
        + (c.float("momentum") - 0.8).powi(2)
        + 0.05 * (c.float("depth") - 4.0).powi(2)
        + 0.1 * (c.float("units").log2() - 7.0).powi(2)
        + penalty
}

fn strategies() -> Vec<Box<dyn Strategy>> {
    vec![Box::new(RandomSearch), Box::new(SobolSearch), Box::new(BayesianOptimization::default())]
}

fn new_study(space: SearchSpace, strategy: Box<dyn Strategy>, order: Order, seed: u64) -> Study {
    let settings = StudySettings { seed, order, ..Default::default() };
    Study::new(space, Objective::minimize("loss"), strategy, settings).unwrap()
}

fn bayesian(order: Order, seed: u64) -> Study {
    new_study(mixed_space(), Box::new(BayesianOptimization::default()), order, seed)
}

fn ask(study: &mut Study, count: usize) -> Vec<Trial> {
    match study.ask(count).unwrap() {
        AskOutcome::Trials(trials) => trials,
        other => panic!("{other:?}"),
    }
}

/// Runs trials one at a time: asks for one, and tells its loss.
fn advance(study: &mut Study, trials: usize) {
    for _ in 0..trials {
        let trial = ask(study, 1).remove(0);
        study.tell(trial.id, Outcome::from(loss(&trial.configuration))).unwrap();
    }
}

fn configurations(study: &Study) -> Vec<Configuration> {
    study.trials().iter().map(|trial| trial.configuration.clone()).collect()
}

/// Returns the largest difference along any axis of the unit cube.
fn distance(space: &SearchSpace, a: &Configuration, b: &Configuration) -> f64 {
    let (a, b) = (space.encode(a).unwrap(), space.encode(b).unwrap());
    a.iter().zip(b.iter()).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[test]
fn six_pending_proposals_are_well_separated() {
    for (warm_up, min_gap) in [(0, 0.05), (15, 0.005)] {
        let mut study = bayesian(Order::Arrival, 1);
        advance(&mut study, warm_up);
        let trials = ask(&mut study, 6);
        for (i, a) in trials.iter().enumerate() {
            for b in &trials[..i] {
                let gap = distance(study.space(), &a.configuration, &b.configuration);
                assert!(
                    gap > min_gap,
                    "{} and {} are {gap} apart",
                    a.configuration,
                    b.configuration
                );
            }
        }
    }
}

#[test]
fn a_batch_of_four_equals_four_single_asks() {
    for (batched, single) in strategies().into_iter().zip(strategies()) {
        let mut batched = new_study(mixed_space(), batched, Order::Arrival, 2);
        let mut single = new_study(mixed_space(), single, Order::Arrival, 2);
        for _ in 0..5 {
            let batch = ask(&mut batched, 4);
            let singles: Vec<Trial> = (0..4).flat_map(|_| ask(&mut single, 1)).collect();
            assert_eq!(batch, singles);
            for trial in batch {
                let outcome = Outcome::from(loss(&trial.configuration));
                batched.tell(trial.id, outcome.clone()).unwrap();
                single.tell(trial.id, outcome).unwrap();
            }
        }
    }
}

#[test]
fn under_a_fixed_lag_completion_order_changes_no_proposal() {
    let proposals = |lag: usize, workers: usize, shuffle: u64| {
        let mut study = bayesian(Order::FixedLag(lag), 3);
        let mut rng = Rng::stream(shuffle, 0);
        let mut running: Vec<Trial> = Vec::new();
        while study.trials().len() < 28 {
            while running.len() < workers && study.trials().len() < 28 {
                match study.ask(1).unwrap() {
                    AskOutcome::Trials(trials) => running.extend(trials),
                    AskOutcome::Wait => break,
                    AskOutcome::Exhausted => panic!("the space is infinite"),
                }
            }
            let trial = running.swap_remove(rng.index(running.len()));
            study.tell(trial.id, Outcome::from(loss(&trial.configuration))).unwrap();
        }
        configurations(&study)
    };
    for lag in [4, 16] {
        let sequential = proposals(lag, 1, 0);
        for (workers, shuffle) in [(2, 1), (4, 2), (4, 3), (7, 4), (16, 5)] {
            assert_eq!(
                proposals(lag, workers, shuffle),
                sequential,
                "lag {lag}, {workers} workers"
            );
        }
    }
}

/// Bayesian optimization without the caches that it keeps between proposals.
#[derive(Debug)]
struct Uncached;

impl Strategy for Uncached {
    fn propose(&self, history: &History<'_>, rng: &mut Rng) -> Result<Option<Proposal>, Error> {
        BayesianOptimization::default().propose(history, rng)
    }
}

#[test]
fn caches_change_no_proposal() {
    for seed in 0..4 {
        let mut cached = bayesian(Order::Arrival, seed);
        let mut uncached = new_study(mixed_space(), Box::new(Uncached), Order::Arrival, seed);
        advance(&mut cached, 30);
        advance(&mut uncached, 30);
        assert_eq!(configurations(&cached), configurations(&uncached));
    }
}

#[test]
fn a_study_with_the_observations_of_another_proposes_the_same() {
    let mut original = bayesian(Order::Arrival, 4);
    advance(&mut original, 22);
    let mut copy = bayesian(Order::Arrival, 4);
    for trial in original.trials().to_vec() {
        let outcome = trial.outcome.clone().unwrap();
        copy.add_observation(&trial.configuration, outcome).unwrap();
    }
    assert_eq!(ask(&mut copy, 3), ask(&mut original, 3));
}

#[test]
fn the_number_of_threads_changes_no_proposal() {
    let run_on = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut study = bayesian(Order::Arrival, 5);
            advance(&mut study, 20);
            configurations(&study)
        })
    };
    assert_eq!(run_on(1), run_on(3));
}

#[test]
fn finite_spaces_are_searched_completely_without_repetition() {
    let space = || {
        SearchSpace::new([
            ParameterRange::integer("n", 0..=5, ScalingType::Linear),
            ParameterRange::integer("m", 1..=100, ScalingType::Logarithmic),
            ParameterRange::categorical("c", ["only"]),
        ])
        .unwrap()
    };
    for strategy in strategies() {
        let name = format!("{strategy:?}");
        // Proposing 6 · 100 · 1 cells takes long; all but 60 of them are external observations.
        let mut study = new_study(space(), strategy, Order::Arrival, 7);
        for n in 0..=5 {
            for m in 11..=100 {
                let text = format!(r#"{{"n": {n}, "m": {m}, "c": "only"}}"#);
                let external: Configuration = serde_json::from_str(&text).unwrap();
                study.add_observation(&external, Outcome::from(f64::from(n + m))).unwrap();
            }
        }
        for _ in 0..60 {
            let trial = ask(&mut study, 1).remove(0);
            assert!(trial.configuration.integer("m") <= 10, "{name}");
            study.tell(trial.id, Outcome::from(trial.configuration.float("m"))).unwrap();
        }
        assert_eq!(study.ask(1).unwrap(), AskOutcome::Exhausted, "{name}");
        let mut texts: Vec<String> =
            configurations(&study).iter().map(ToString::to_string).collect();
        texts.sort();
        texts.dedup();
        assert_eq!(texts.len(), 600, "{name}");
    }
}

#[test]
fn difficult_losses_need_no_fallback() {
    type Distortion = fn(usize, f64) -> f64;
    let distortions: [(&str, Distortion); 6] = [
        ("constant", |_, _| 3.0),
        ("huge", |_, x| 1e300 * x),
        ("tiny", |_, x| 1e-300 * x),
        ("far from zero", |_, x| 1e9 + 1e-3 * x),
        ("heavy-tailed", |k, x| if k % 5 == 0 { 1e30 } else { x }),
        ("failing", |k, x| if k % 2 == 0 { f64::NAN } else { x }),
    ];
    for (name, distort) in distortions {
        let mut study = bayesian(Order::Arrival, 8);
        for number in 0..24 {
            let trial = ask(&mut study, 1).remove(0);
            let value = distort(number, loss(&trial.configuration));
            study.tell(trial.id, Outcome::from(value)).unwrap();
            let proposal = study.proposal(trial.id).unwrap();
            assert_eq!(proposal.fallback, None, "{name}");
        }
        let proposed = configurations(&study);
        for (i, a) in proposed.iter().enumerate() {
            assert!(!proposed[..i].contains(a), "{name}: {a} is repeated");
        }
    }
}

#[test]
fn failing_regions_are_avoided() {
    let mut study = bayesian(Order::Arrival, 9);
    // The half of the space with the best losses fails.
    let fails = |c: &Configuration| c.float("rate") > 1e-2;
    // Failures near the border locate it, but failures far inside the region are useless.
    let is_far_inside = |c: &Configuration| c.float("rate") > 0.05;
    let mut late_useless_failures = 0;
    for number in 0..40 {
        let trial = ask(&mut study, 1).remove(0);
        let failed = fails(&trial.configuration);
        late_useless_failures += usize::from(is_far_inside(&trial.configuration) && number >= 20);
        let outcome = if failed {
            Outcome::Failed(Failure::new(FailureKind::Error, "out of memory"))
        } else {
            Outcome::from(loss(&trial.configuration))
        };
        study.tell(trial.id, outcome).unwrap();
    }
    assert!(late_useless_failures <= 2, "{late_useless_failures} of the last 20 are far inside");
    assert!(study.best().unwrap().value().unwrap() < 0.5);
}

/// The optimum lies in the failing half, so that the best feasible point is on the border.
#[test]
fn the_best_point_at_the_border_of_a_failing_region_is_found() {
    for seed in 0..4 {
        let space = SearchSpace::new([
            ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear),
            ParameterRange::continuous("y", 0.0..=1.0, ScalingType::Linear),
        ]);
        let strategy = Box::new(BayesianOptimization::default());
        let mut study = new_study(space.unwrap(), strategy, Order::Arrival, seed);
        let mut failed = 0;
        for _ in 0..50 {
            let trial = ask(&mut study, 1).remove(0);
            let (x, y) = (trial.configuration.float("x"), trial.configuration.float("y"));
            let bowl = (x - 0.8).powi(2) + (y - 0.3).powi(2);
            let value = if x > 0.5 { f64::NAN } else { bowl };
            failed += usize::from(value.is_nan());
            study.tell(trial.id, Outcome::from(value)).unwrap();
        }
        let best = study.best().unwrap().value().unwrap();
        assert!(best < 0.09 + 0.01, "{best} with seed {seed}");
        assert!(failed < 42, "{failed} of 50 failed with seed {seed}");
    }
}

#[test]
fn bayesian_optimization_beats_random_search() {
    let best = |strategy: Box<dyn Strategy>| {
        let mut study = new_study(mixed_space(), strategy, Order::Arrival, 10);
        advance(&mut study, 45);
        study.best().unwrap().value().unwrap()
    };
    let bayesian = best(Box::<BayesianOptimization>::default());
    let random = best(Box::new(RandomSearch));
    assert!(
        bayesian < 0.05 && bayesian < 0.3 * random,
        "Bayesian optimization {bayesian}, random search {random}"
    );
}

#[test]
fn under_exact_losses_the_best_trial_is_recommended() {
    for strategy in strategies() {
        let mut study = new_study(mixed_space(), strategy, Order::Arrival, 5);
        assert!(study.recommended().unwrap().is_none());
        for _ in 0..3 {
            advance(&mut study, 8);
            ask(&mut study, 1);
            let events = study.events().len();
            assert_eq!(study.recommended().unwrap(), study.best());
            assert_eq!(study.events().len(), events, "a recommendation is no event");
        }
    }
}

/// Under noise the smallest loss depends much on chance. The recommended trial is nearer to the
/// optimum.
#[test]
fn under_noise_the_recommendation_beats_the_best_observation() {
    let (mut recommended, mut best) = (0.0, 0.0);
    for seed in 0..60 {
        let space =
            ["x", "y"].map(|name| ParameterRange::continuous(name, 0.0..=1.0, ScalingType::Linear));
        let strategy = Box::new(BayesianOptimization::default());
        let space = SearchSpace::new(space).unwrap();
        let mut study = new_study(space, strategy, Order::Arrival, seed);
        let exact_loss =
            |c: &Configuration| (c.float("x") - 0.4).powi(2) + (c.float("y") - 0.7).powi(2);
        let mut rng = Rng::stream(seed, 1_000_000);
        for _ in 0..40 {
            let (x, y) = (rng.uniform(), rng.uniform());
            let configuration = Configuration::from([("x", x.into()), ("y", y.into())]);
            let value = exact_loss(&configuration) + 0.15 * rng.normal();
            study.add_observation(&configuration, Outcome::from(value)).unwrap();
        }
        recommended += exact_loss(&study.recommended().unwrap().unwrap().configuration);
        best += exact_loss(&study.best().unwrap().configuration);
    }
    assert!(recommended < 0.85 * best, "recommended {recommended}, best observation {best}");
}
