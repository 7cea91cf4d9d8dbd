//! Bayesian optimization on problems that are hard for surrogate models.

use std::collections::HashSet;
use std::ops::ControlFlow;

use surmise::rng::Rng;
use surmise::strategy::Noise;
use surmise::strategy::{Phase, Recipe, Repetitions};
use surmise::trial::{Failure, FailureKind};
use surmise::{
    AskOutcome, BayesianOptimization, Configuration, Error, Objective, Outcome, ParameterRange,
    RandomSearch, ScalingType, SearchSpace, Study, StudySettings, Trial,
};
use surmise_bench::problems::training;
use surmise_bench::{Case, Contender, Experiment, Run, Suite};

fn unit(name: &str) -> Result<ParameterRange, Error> {
    ParameterRange::continuous(name, 0.0..=1.0, ScalingType::Linear)
}

fn study(space: SearchSpace, recipe: Recipe, settings: StudySettings) -> Study {
    let strategy = BayesianOptimization::default().with_recipe(recipe);
    Study::new(space, Objective::minimize("loss"), strategy, settings).unwrap()
}

fn next(study: &mut Study) -> Trial {
    match study.ask(1).unwrap() {
        AskOutcome::Trials(mut trials) => trials.remove(0),
        other => panic!("{other:?}"),
    }
}

/// Runs this many trials, and returns their configurations.
fn run(study: &mut Study, trials: usize, loss: impl Fn(&Trial) -> f64) -> Vec<Configuration> {
    (0..trials)
        .map(|_| {
            let trial = next(study);
            study.tell(trial.id, Outcome::from(loss(&trial))).unwrap();
            trial.configuration
        })
        .collect()
}

/// The problems are those of [`Suite::hard`], a step function and a plateau.
///
/// Regret is less than that of random search, and no configuration is proposed twice.
#[test]
fn bayesian_optimization_beats_random_search_on_hard_problems() {
    let hard = Suite::hard().into_cases().into_iter();
    let flat = [Case::new(training::steps()), Case::new(training::plateau())];
    let cases = hard.chain(flat).map(|case| case.with_budget(40));
    let contenders = [
        Contender::new("bayesian", BayesianOptimization::default),
        Contender::new("random", || RandomSearch),
    ];
    let experiment = Experiment::new(Suite::new("hard", cases), contenders).unwrap().with_seeds(2);
    let mut runs: Vec<Run> = Vec::new();
    experiment.run(&HashSet::new(), |run| {
        runs.push(run);
        ControlFlow::Continue(())
    });
    assert_eq!(runs.len(), 12 * 2 * 2);
    let regret = |case: &str, strategy: &str| -> f64 {
        let selected =
            runs.iter().filter(|run| run.case_name() == case && run.strategy == strategy);
        let best = |run: &Run| {
            let values = run.trials.iter().filter_map(|trial| trial.noiseless);
            // A run without a value has the largest regret.
            values.fold(1e30, f64::min) - run.optimum.unwrap()
        };
        selected.map(best).sum()
    };
    for run in &runs {
        let (case, error) = (run.case_name(), &run.error);
        assert!(error.is_none() && run.violations == 0 && run.duplicates == 0, "{case}: {error:?}");
    }
    for case in runs.iter().map(Run::case_name).collect::<HashSet<_>>() {
        let (bayesian, random) = (regret(&case, "bayesian"), regret(&case, "random"));
        assert!(bayesian < random, "{case}: {bayesian} is not below {random}");
    }
}

#[test]
fn constant_losses_do_not_stop_the_search() {
    let space = SearchSpace::new([unit("x"), unit("y")]).unwrap();
    let mut study = study(space, Recipe::default(), StudySettings::default());
    let tried = run(&mut study, 25, |_| 4.25);
    for (i, configuration) in tried.iter().enumerate() {
        assert!(!tried[..i].contains(configuration));
    }
    let last = study.trials().last().unwrap().id;
    let proposal = study.proposal(last).unwrap();
    assert_eq!(
        (proposal.phase, &proposal.fallback),
        (Phase::Design, &None),
        "all losses are equal"
    );
}

#[test]
fn two_observations_are_enough_for_a_model() {
    let space = SearchSpace::new([unit("x"), unit("y"), unit("z")]).unwrap();
    let mut study = study(space, Recipe::default(), StudySettings::default());
    let mut rng = Rng::stream(1, 1);
    let mut point =
        || Configuration::from(["x", "y", "z"].map(|name| (name, rng.uniform().into())));
    for _ in 0..7 {
        let failed = Outcome::Failed(Failure::new(FailureKind::Error, "out of memory"));
        study.add_observation(&point(), failed).unwrap();
    }
    for loss in [0.3, 0.7] {
        study.add_observation(&point(), Outcome::from(loss)).unwrap();
    }
    let trial = next(&mut study);
    let proposal = study.proposal(trial.id).unwrap();
    assert_eq!((proposal.phase, &proposal.fallback), (Phase::Model, &None));
    assert_eq!(proposal.model.as_ref().unwrap().observations, 2);
}

#[test]
fn the_search_continues_near_the_only_successes() {
    let space = SearchSpace::new([unit("x"), unit("y")]).unwrap();
    let mut study = study(space, Recipe::default(), StudySettings::default());
    let at = |x: f64, y: f64| Configuration::from([("x", x.into()), ("y", y.into())]);
    for i in 0..5 {
        for j in 0..5 {
            let (x, y) = (0.1 + 0.2 * f64::from(i), 0.1 + 0.2 * f64::from(j));
            let outcome = if (i, j) == (3, 1) {
                Outcome::from(1.0)
            } else {
                Outcome::Failed(Failure::new(FailureKind::Error, "diverged"))
            };
            study.add_observation(&at(x, y), outcome).unwrap();
        }
    }
    // The model needs two losses.
    study.add_observation(&at(0.72, 0.33), Outcome::from(0.9)).unwrap();
    let trial = next(&mut study);
    let (x, y) = (trial.configuration.float("x"), trial.configuration.float("y"));
    assert!((x - 0.7).abs() < 0.2 && (y - 0.3).abs() < 0.2, "({x}, {y})");
}

#[test]
fn a_proposal_after_two_thousand_observations_improves_on_them() {
    let space = SearchSpace::new([unit("x"), unit("y"), unit("z")]).unwrap();
    let mut study = study(space, Recipe::default(), StudySettings::default());
    let mut rng = Rng::stream(2, 1);
    let loss = |p: &[f64; 3]| p.iter().zip([0.2, 0.6, 0.9]).map(|(x, c)| (x - c).powi(2)).sum();
    let mut best = f64::INFINITY;
    for _ in 0..2000 {
        let p = [rng.uniform(), rng.uniform(), rng.uniform()];
        let loss: f64 = loss(&p);
        best = best.min(loss);
        let values = ["x", "y", "z"].into_iter().zip(p);
        let configuration = values.map(|(name, x)| (name, x.into())).collect();
        study.add_observation(&configuration, Outcome::from(loss)).unwrap();
    }
    let trial = next(&mut study);
    let found = loss(&["x", "y", "z"].map(|name| trial.configuration.float(name)));
    assert!(found < 0.1 * best, "{found} after {best}");
    let proposal = study.proposal(trial.id).unwrap();
    assert_eq!((proposal.phase, &proposal.fallback), (Phase::Model, &None));
}

/// The losses are multiples of 2⁻²⁰, so that an offset of 2³⁰ does not round them.
#[test]
fn an_offset_changes_no_proposal() {
    let proposals = |offset: f64| {
        let space = SearchSpace::new([unit("x"), unit("y")]).unwrap();
        let mut study =
            study(space, Recipe::default(), StudySettings { seed: 3, ..Default::default() });
        run(&mut study, 20, |trial| {
            let (x, y) = (trial.configuration.float("x"), trial.configuration.float("y"));
            let loss = 1e-3 * ((x - 0.3).powi(2) + (y - 0.7).powi(2) + 0.1 * (9.0 * x * y).sin());
            offset + (loss * 1_048_576.0).round() / 1_048_576.0
        })
    };
    assert_eq!(proposals(0.0), proposals(1_073_741_824.0));
}

/// The function is rough, but two measurements of one configuration agree up to the jitter.
#[test]
fn replicates_that_agree_rule_out_noise() {
    let noise_share = |jitter: f64, noise: Noise| {
        let space = SearchSpace::new([unit("x"), unit("y")]).unwrap();
        let recipe = Recipe::default().with_noise(noise);
        let mut study = study(space, recipe, StudySettings::default());
        let mut rng = Rng::stream(5, 0);
        for _ in 0..12 {
            let (x, y) = (rng.uniform(), rng.uniform());
            let configuration = Configuration::from([("x", x.into()), ("y", y.into())]);
            let rough = x + (40.0 * x).sin() * (31.0 * y).cos();
            for _ in 0..2 {
                let outcome = Outcome::from(rough + jitter * rng.normal());
                study.add_observation(&configuration, outcome).unwrap();
            }
        }
        let trial = next(&mut study);
        study.proposal(trial.id).unwrap().model.as_ref().unwrap().noise_ratio
    };
    assert!(noise_share(1e-9, Noise::Unknown) < 1e-4);
    assert!(noise_share(0.3, Noise::Unknown) > 0.02, "replicates differ as much as losses");
    assert!(noise_share(0.3, Noise::Absent) < 1e-4, "noise is declared absent");
    assert!(noise_share(0.3, Noise::Present) > 0.02);
}

/// The three categories differ by less than the noise, so that repetitions are needed.
#[test]
fn with_repetitions_the_best_arm_is_measured_again() {
    let arms = || {
        SearchSpace::new([ParameterRange::categorical("arm", ["left", "middle", "right"])]).unwrap()
    };
    let noise = |trial: &Trial| Rng::stream(11, trial.id.0).normal();
    let loss = |trial: &Trial| {
        let mean = if trial.configuration.category("arm") == "middle" { 0.0 } else { 0.5 };
        mean + 0.3 * noise(trial)
    };
    let recipe = Recipe::default().with_noise(Noise::Present);
    let settings = StudySettings { repetitions: Repetitions::Allowed, ..Default::default() };
    let mut allowed = study(arms(), recipe, settings);
    let tried = run(&mut allowed, 40, loss);
    let middle = tried.iter().filter(|c| c.category("arm") == "middle").count();
    assert!(middle > 20, "{middle} of 40 at the best arm");
    assert_eq!(allowed.recommended().unwrap().unwrap().configuration.category("arm"), "middle");

    let mut without_repetitions = study(arms(), recipe, StudySettings::default());
    run(&mut without_repetitions, 3, loss);
    assert_eq!(without_repetitions.ask(1).unwrap(), AskOutcome::Exhausted);

    // The events can only be replayed by a study that allows repetitions.
    let strategy = || BayesianOptimization::default().with_recipe(recipe);
    let objective = || Objective::minimize("loss");
    let events = || allowed.events().iter().cloned();
    assert!(Study::replay(arms(), objective(), strategy(), settings, events()).is_ok());
    let rejected =
        Study::replay(arms(), objective(), strategy(), StudySettings::default(), events());
    assert!(matches!(rejected, Err(Error::InvalidEvent { .. })));
}

/// The study allows repetitions, but not in the initial design or of a running trial.
#[test]
fn the_initial_design_repeats_nothing_and_running_trials_are_awaited() {
    let settings = StudySettings { repetitions: Repetitions::Allowed, ..Default::default() };
    let plane = SearchSpace::new([unit("x"), unit("y")]).unwrap();
    let mut search = study(plane, Recipe::default(), settings);
    let tried = run(&mut search, 5, |_| 1.0);
    for (i, configuration) in tried.iter().enumerate() {
        assert!(!tried[..i].contains(configuration), "{configuration} twice");
    }

    let arms = SearchSpace::new([ParameterRange::categorical("arm", ["left", "right"])]).unwrap();
    let mut search = study(arms, Recipe::default(), settings);
    let trials: Vec<Trial> = (0..2).map(|_| next(&mut search)).collect();
    assert_eq!(search.ask(1).unwrap(), AskOutcome::Wait);
    search.tell(trials[1].id, Outcome::from(0.5)).unwrap();
    assert_eq!(next(&mut search).configuration, trials[1].configuration);
}
