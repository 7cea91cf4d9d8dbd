use std::collections::{BTreeMap, HashMap};

use super::*;
use crate::suite::{formulas, hard_formulas};
use surmise::rng::Rng;
use surmise::space::Configuration;

/// The functions that nobody but us has.
const OWN: [&str; 4] = ["momentum", "finetuning", "steps4", "plateau3"];

/// `tests/golden/functions.py`: BoTorch 0.18.
#[test]
fn functions_agree_with_botorch() {
    let golden = include_str!("../../tests/golden/functions.json");
    let rows: Vec<(String, Configuration, f64)> = serde_json::from_str(golden).unwrap();
    let problems: HashMap<&str, Formula> =
        formulas().into_iter().map(|problem| (problem.name, problem)).collect();
    let mut rows_of: HashMap<&str, usize> = HashMap::new();
    for (name, configuration, want) in &rows {
        let problem = &problems[name.as_str()];
        problem.space.encode(configuration).unwrap();
        let got = problem.value(configuration);
        let error = (got - want).abs() / (1.0 + want.abs());
        assert!(error < 1e-9, "{name} at {configuration}: {got} for {want}");
        *rows_of.entry(problem.name).or_default() += 1;
    }
    let is_checked = |name: &&str| OWN.contains(name) || rows_of.get(name) >= Some(&8);
    assert!(problems.keys().all(is_checked), "{rows_of:?}");
}

/// `tests/golden/optima.py`: scipy 1.17, under the constraints instead of a penalty.
#[test]
fn least_values_agree_with_scipy() {
    let golden = include_str!("../../tests/golden/optima.json");
    let rows: BTreeMap<String, f64> = serde_json::from_str(golden).unwrap();
    let problems = formulas();
    let known = problems.iter().filter_map(|problem| Some((problem, rows.get(problem.name)?)));
    assert_eq!(known.clone().count(), rows.len());
    for (problem, want) in known {
        let error = (problem.optimum - want).abs() / want.abs();
        assert!(error < 1e-8, "{}: {} for {want}", problem.name, problem.optimum);
    }
}

/// What the sources print, to the digits that they print.
#[test]
fn least_values_are_the_published_ones() {
    let printed = [
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
    let is_published = |problem: &Formula| !OWN.contains(&problem.name);
    for (problem, (name, value)) in formulas().into_iter().filter(is_published).zip(printed) {
        assert_eq!(problem.name, name);
        let error: f64 = (problem.optimum - value).abs();
        assert!(error <= 1e-4 + 1e-8 * value.abs(), "{name}: {} for {value}", problem.optimum);
    }
}

#[test]
fn minimizers_have_the_least_value() {
    for problem in formulas().into_iter().chain(hard_formulas()) {
        let at_best = problem.value(&problem.minimizer);
        problem.space.encode(&problem.minimizer).unwrap();
        // Published minimizers have some six digits: the value has twice as many, where the function is smooth there.
        let spare = 1e-7 * (1.0 + problem.optimum.abs());
        assert!(
            (at_best - problem.optimum).abs() < spare,
            "{}: {at_best:.12} is not {:.12}",
            problem.name,
            problem.optimum
        );
    }
}

/// No random point, and no small step away from the minimizer, is below the optimum, inside of the ranges and, where that is
/// promised, outside.
#[test]
fn nothing_is_below_the_optimum() {
    let all = formulas().into_iter().chain(hard_formulas());
    for (index, problem) in all.enumerate() {
        let floor = problem.optimum - 1e-7 * (1.0 + problem.optimum.abs());
        let axes = problem.space.axes().len();
        let best = problem.space.encode(&problem.minimizer).unwrap();
        let mut rng = Rng::stream(17, index as u64);
        for round in 0..20_000 {
            let reach = 10_f64.powi(-(round % 8));
            let near = |u: &f64, rng: &mut Rng| (u + reach * rng.normal()).clamp(0.0, 1.0);
            let point: Vec<f64> = match round % 2 {
                0 => (0..axes).map(|_| rng.uniform()).collect(),
                _ => best.iter().map(|u| near(u, &mut rng)).collect(),
            };
            let value = problem.value(&problem.space.decode(&problem.space.snap(&point.into())));
            assert!(value >= floor, "{}: {value}", problem.name);
        }
    }
}
