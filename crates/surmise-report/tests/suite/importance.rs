//! Importance of parameters, compared with exact values.

use std::f64::consts::PI;

use crate::studies::{continuous_space, float, sobol_study};
use surmise::{Configuration, Objective, ParameterRange, SearchSpace, Study};
use surmise_report::{Importance, Surrogate};

fn importance(study: &Study) -> Importance {
    Surrogate::fit(study).unwrap().importance()
}

fn shares(importance: &Importance, name: &str) -> (f64, f64) {
    let found = importance.parameters.iter().find(|parameter| parameter.name == name).unwrap();
    (found.main.mean, found.total.mean)
}

fn interaction(importance: &Importance, names: [&str; 2]) -> f64 {
    let has_names = |found: &[String; 2]| names.iter().all(|name| found.iter().any(|n| n == name));
    importance.interactions.iter().find(|pair| has_names(&pair.names)).unwrap().share.mean
}

#[track_caller]
fn assert_close(got: f64, exact: f64, name: &str) {
    // The tolerance is 10 %, and at least 0.02.
    assert!((got - exact).abs() <= (0.1 * exact).max(0.02), "{name}: {got} for {exact}");
}

fn ishigami(configuration: &Configuration) -> f64 {
    let [a, b, c] = ["a", "b", "c"].map(|name| float(configuration, name));
    a.sin() + 7.0 * b.sin().powi(2) + 0.1 * c.powi(4) * a.sin()
}

/// The function is that of Ishigami & Homma (1990), with the coefficients 7 and 0.1.
#[test]
fn ishigamis_function_has_its_exact_shares() {
    for seed in 0..3 {
        let space = continuous_space(&["a", "b", "c"], -PI, PI);
        let study = sobol_study(space, Objective::minimize("loss"), 250, seed, ishigami);
        let importance = importance(&study);
        for (name, main, total) in
            [("a", 0.3139, 0.5576), ("b", 0.4424, 0.4424), ("c", 0.0, 0.2437)]
        {
            let got = shares(&importance, name);
            assert_close(got.0, main, &format!("main share of {name}"));
            assert_close(got.1, total, &format!("total share of {name}"));
        }
        assert_close(interaction(&importance, ["a", "c"]), 0.2437, "a and c");
        assert_close(interaction(&importance, ["a", "b"]), 0.0, "a and b");
        assert_close(interaction(&importance, ["b", "c"]), 0.0, "b and c");
    }
}

/// x + y + 2 x y on [−1, 1]² has the variances ⅓, ⅓ and 4⁄9. A third parameter has no effect.
#[test]
fn a_product_is_an_interaction_for_both_goals() {
    for objective in [Objective::minimize("m"), Objective::maximize("m")] {
        let space = continuous_space(&["idle", "x", "y"], -1.0, 1.0);
        let study = sobol_study(space, objective, 80, 1, |configuration| {
            let (x, y) = (float(configuration, "x"), float(configuration, "y"));
            x + y + 2.0 * x * y
        });
        let importance = importance(&study);
        for name in ["x", "y"] {
            let (main, total) = shares(&importance, name);
            assert_close(main, 0.3, name);
            assert_close(total, 0.7, name);
        }
        assert_close(interaction(&importance, ["y", "x"]), 0.4, "x and y");
        assert_eq!(importance.parameters[2].name, "idle");
        assert_close(importance.parameters[2].total.mean, 0.0, "idle");
    }
}

#[test]
fn categories_and_integers_have_exact_shares() {
    let space = SearchSpace::new([
        ParameterRange::categorical("choice", ["a", "b", "c"]),
        ParameterRange::integer("level", 0..=2, surmise::ScalingType::Linear),
    ])
    .unwrap();
    // The category has deviations −1, 0, 1, the level twice these: variances ⅔ and 8⁄3.
    let study = sobol_study(space, Objective::minimize("loss"), 9, 1, |configuration| {
        let choice = ["a", "b", "c"].iter().position(|c| configuration.category("choice") == *c);
        choice.unwrap() as f64 + 2.0 * configuration.integer("level") as f64
    });
    let importance = importance(&study);
    assert_close(shares(&importance, "choice").0, 0.2, "choice");
    assert_close(shares(&importance, "level").0, 0.8, "level");
    assert_close(interaction(&importance, ["choice", "level"]), 0.0, "together");
}

#[test]
fn few_values_make_shares_uncertain() {
    let std_dev = |count| {
        let space = continuous_space(&["a", "b", "c"], -PI, PI);
        let study = sobol_study(space, Objective::minimize("loss"), count, 3, ishigami);
        importance(&study).parameters[0].total.std_dev
    };
    assert!(std_dev(12) > 3.0 * std_dev(250));
}

#[test]
fn importance_does_not_depend_on_the_number_of_threads() {
    let space = continuous_space(&["a", "b", "c"], -PI, PI);
    let study = sobol_study(space, Objective::minimize("loss"), 40, 3, ishigami);
    let with_threads = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| importance(&study))
    };
    assert_eq!(with_threads(1), with_threads(3));
}
