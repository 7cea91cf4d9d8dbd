use std::collections::{BTreeMap, HashMap};

use super::*;
use crate::suite::{hard_functions, test_functions};
use surmise::rng::Rng;
use surmise::space::Configuration;

/// The functions without a published source; this crate defines them.
const WITHOUT_SOURCE: [&str; 4] = ["momentum", "finetuning", "steps4", "plateau3"];

/// Numbers of BoTorch 0.18, which `tests/golden/functions.py` makes.
#[test]
fn functions_agree_with_botorch() {
    let golden = include_str!("../../tests/golden/functions.json");
    let rows: Vec<(String, Configuration, f64)> = serde_json::from_str(golden).unwrap();
    let problems: HashMap<&str, TestFunction> =
        test_functions().into_iter().map(|problem| (problem.name, problem)).collect();
    let mut row_counts: HashMap<&str, usize> = HashMap::new();
    for (name, configuration, want) in &rows {
        let problem = &problems[name.as_str()];
        problem.space.encode(configuration).unwrap();
        let got = problem.value(configuration);
        let error = (got - want).abs() / (1.0 + want.abs());
        assert!(error < 1e-9, "{name} at {configuration}: {got} for {want}");
        *row_counts.entry(problem.name).or_default() += 1;
    }
    let is_checked =
        |name: &&str| WITHOUT_SOURCE.contains(name) || row_counts.get(name) >= Some(&8);
    assert!(problems.keys().all(is_checked), "{row_counts:?}");
}

/// `tests/golden/optima.py` minimizes with scipy 1.17, under the constraints instead of a penalty.
#[test]
fn optima_agree_with_scipy() {
    let golden = include_str!("../../tests/golden/optima.json");
    let rows: BTreeMap<String, f64> = serde_json::from_str(golden).unwrap();
    let problems = test_functions();
    let checked = problems.iter().filter_map(|problem| Some((problem, rows.get(problem.name)?)));
    assert_eq!(checked.clone().count(), rows.len());
    for (problem, want) in checked {
        let error = (problem.optimum - want).abs() / want.abs();
        assert!(error < 1e-8, "{}: {} for {want}", problem.name, problem.optimum);
    }
}

/// The optima as the sources print them.
#[test]
fn optima_agree_with_the_literature() {
    let published = [
        ("branin", 0.397_887),
        ("camel", -1.0316),
        ("hartmann3", -3.862_78),
        ("hartmann6", -3.322_37),
        ("shekel", -10.5364),
        ("styblinski10", -391.661_65),
        ("ackley5", 0.0),
        ("levy4", 0.0),
        ("rosenbrock4", 0.0),
        ("rastrigin3", 0.0),
        ("griewank5", 0.0),
        ("func2c", -0.206_33),
        ("func3c", -0.722_14),
        ("switches40", 0.0),
        ("pressure-vessel", 6059.7143),
        ("welded-beam", 1.724_85),
        ("speed-reducer", 2996.3482),
    ];
    let is_published = |problem: &TestFunction| !WITHOUT_SOURCE.contains(&problem.name);
    for (problem, (name, value)) in test_functions().into_iter().filter(is_published).zip(published)
    {
        assert_eq!(problem.name, name);
        let error: f64 = (problem.optimum - value).abs();
        assert!(error <= 1e-4 + 1e-8 * value.abs(), "{name}: {} for {value}", problem.optimum);
    }
}

#[test]
fn minimizers_reach_the_optimum() {
    for problem in test_functions().into_iter().chain(hard_functions()) {
        let value = problem.value(&problem.minimizer);
        problem.space.encode(&problem.minimizer).unwrap();
        // Published minimizers have about six digits; the value then has about twelve.
        let tolerance = 1e-7 * (1.0 + problem.optimum.abs());
        assert!(
            (value - problem.optimum).abs() < tolerance,
            "{}: {value:.12} is not {:.12}",
            problem.name,
            problem.optimum
        );
    }
}

/// Tries random points, and random steps from the minimizer.
#[test]
fn no_value_is_below_the_optimum() {
    let all = test_functions().into_iter().chain(hard_functions());
    for (index, problem) in all.enumerate() {
        let floor = problem.optimum - 1e-7 * (1.0 + problem.optimum.abs());
        let axes = problem.space.axes().len();
        let best = problem.space.encode(&problem.minimizer).unwrap();
        let mut rng = Rng::stream(17, index as u64);
        for round in 0..20_000 {
            let step = 10_f64.powi(-(round % 8));
            let nearby = |u: &f64, rng: &mut Rng| (u + step * rng.normal()).clamp(0.0, 1.0);
            let point: Vec<f64> = match round % 2 {
                0 => (0..axes).map(|_| rng.uniform()).collect(),
                _ => best.iter().map(|u| nearby(u, &mut rng)).collect(),
            };
            let value = problem.value(&problem.space.decode(&problem.space.snap(&point.into())));
            assert!(value >= floor, "{}: {value}", problem.name);
        }
    }
}
