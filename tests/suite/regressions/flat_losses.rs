//! Equal losses of all trials: the search must then cover the space evenly.

use surmise::rng::Rng;
use surmise::trial::{Failure, FailureKind};
use surmise::{
    BayesianOptimization, Configuration, Outcome, ParameterRange, ScalingType, SearchSpace,
    SobolSearch, Strategy, StudySettings,
};

use super::{ask, median, new_study, unit_cube};

type IsInside = Box<dyn Fn(&Configuration) -> bool>;

/// Returns the widest gap between 30 proposed integers from 1 to 200, and the bounds 0 and 201.
fn widest_gap(strategy: impl Strategy + 'static, seed: u64) -> i64 {
    let range = ParameterRange::integer("n", 1..=200, ScalingType::Linear);
    let space = SearchSpace::new([range]).unwrap();
    let mut study = new_study(space, strategy, StudySettings { seed, ..Default::default() });
    let mut values = vec![0, 201];
    for _ in 0..30 {
        let trial = ask(&mut study);
        values.push(trial.configuration.integer("n"));
        study.tell(trial.id, Outcome::from(1.0)).unwrap();
    }
    values.sort_unstable();
    values.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap()
}

#[test]
fn fault_a5_under_equal_losses_the_space_is_covered_evenly() {
    for seed in 0..10 {
        let bayesian = widest_gap(BayesianOptimization::default(), seed);
        let sobol = widest_gap(SobolSearch, seed);
        assert!(
            2 * bayesian <= 3 * sobol,
            "{bayesian} exceeds 1.5 times Sobol's {sobol}, seed {seed}"
        );
    }
}

/// Returns the number of the first trial inside the region, or 201 if none of 200 trials is.
fn first_trial_inside(
    space: &SearchSpace,
    strategy: impl Strategy + 'static,
    seed: u64,
    is_inside: &dyn Fn(&Configuration) -> bool,
    outcome_outside: &Outcome,
) -> f64 {
    let settings = StudySettings { seed, ..Default::default() };
    let mut study = new_study(space.clone(), strategy, settings);
    for number in 1..=200 {
        let trial = ask(&mut study);
        if is_inside(&trial.configuration) {
            return f64::from(number);
        }
        study.tell(trial.id, outcome_outside.clone()).unwrap();
    }
    201.0
}

#[test]
fn fault_a5_a_region_on_a_plateau_is_found_as_soon_as_by_sobol() {
    let compare =
        |space: &SearchSpace, is_inside: &dyn Fn(&mut Rng) -> IsInside, outside: &Outcome| {
            // Five regions for each of 20 seeds; with fewer regions the result depends on chance.
            let median_trials = |is_bayesian: bool| {
                let trials = (0..100).map(|case| {
                    let (seed, inside) = (case / 5, &is_inside(&mut Rng::stream(case, 77)));
                    if is_bayesian {
                        first_trial_inside(
                            space,
                            BayesianOptimization::default(),
                            seed,
                            inside,
                            outside,
                        )
                    } else {
                        first_trial_inside(space, SobolSearch, seed, inside, outside)
                    }
                });
                median(trials.collect())
            };
            (median_trials(true), median_trials(false))
        };
    let constant = Outcome::from(1.0);
    let failure = Outcome::Failed(Failure::new(FailureKind::Error, "the same for all"));

    let square = |rng: &mut Rng| -> IsInside {
        let (x, y) = (0.7 * rng.uniform(), 0.7 * rng.uniform());
        Box::new(move |c| {
            (x..x + 0.3).contains(&c.float("x0")) && (y..y + 0.3).contains(&c.float("x1"))
        })
    };
    for outside in [&constant, &failure] {
        let (bayesian, sobol) = compare(&unit_cube(2), &square, outside);
        assert!(bayesian <= sobol, "{outside:?}: {bayesian} trials exceed Sobol's {sobol}");
    }

    let mixed = SearchSpace::new([
        ParameterRange::continuous("x", 1e-5..=1.0, ScalingType::Logarithmic),
        ParameterRange::integer("n", 1..=50, ScalingType::Linear),
        ParameterRange::categorical("kind", ["a", "b", "c", "d", "e"]),
    ])
    .unwrap();
    let one_category = |rng: &mut Rng| -> IsInside {
        let category = ["a", "b", "c", "d", "e"][rng.index(5)];
        Box::new(move |c| c.category("kind") == category)
    };
    for outside in [&constant, &failure] {
        let (bayesian, sobol) = compare(&mixed, &one_category, outside);
        assert!(bayesian <= sobol, "{outside:?}: {bayesian} trials exceed Sobol's {sobol}");
    }
}
