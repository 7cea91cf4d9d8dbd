use std::time::Duration;

use super::*;
use crate::problems::{TestFunction, mixed, smooth};
use crate::{Evaluation, FunctionProblem, Problem};
use surmise::rng::Rng;
use surmise::space::{Configuration, ParameterRange, ParameterValue, ScalingType, SearchSpace};

fn rng(number: u64) -> Rng {
    Rng::stream(11, number)
}

fn evaluate(problem: &dyn Problem, configuration: &Configuration, number: u64) -> Evaluation {
    problem.evaluate(configuration, &mut rng(number))
}

fn sample_configuration(problem: &dyn Problem) -> Configuration {
    problem.space().decode(&vec![0.4; problem.space().axes().len()].into())
}

/// A problem whose value is the weighted sum of the positions of its parameters on their scales.
fn scales() -> FunctionProblem {
    let space = SearchSpace::new([
        ParameterRange::continuous("linear", -2.0..=6.0, ScalingType::Linear),
        ParameterRange::continuous("log", 1e-4..=1.0, ScalingType::Logarithmic),
        ParameterRange::continuous("reverse", 0.0..=0.99, ScalingType::ReverseLogarithmic),
        ParameterRange::integer("count", 1..=9, ScalingType::Linear),
    ]);
    FunctionProblem::new("scales", space.unwrap(), |c: &Configuration| {
        let linear = (c.float("linear") + 2.0) / 8.0;
        let log = 1.0 + c.float("log").log10() / 4.0;
        let reverse = -(1.0 - c.float("reverse")).log10() / 2.0;
        linear + 10.0 * log + 100.0 * reverse + 1000.0 * c.float("count")
    })
}

#[test]
fn noise_has_its_std_dev_and_keeps_the_noiseless_value() {
    let noisy = Noisy::new(smooth::branin(), 0.5);
    let at = sample_configuration(&noisy);
    let noiseless = smooth::branin().value(&at);
    let errors: Vec<f64> = (0..4000)
        .map(|number| {
            let evaluation = evaluate(&noisy, &at, number);
            assert_eq!(evaluation.noiseless_value(), Some(noiseless));
            evaluation.measured.unwrap() - noiseless
        })
        .collect();
    let mean = errors.iter().sum::<f64>() / 4000.0;
    let std_dev = (errors.iter().map(|e| e * e).sum::<f64>() / 4000.0).sqrt();
    assert!(mean.abs() < 0.03 && (std_dev - 0.5).abs() < 0.03, "{mean} {std_dev}");
    assert_eq!(noisy.optimum(), smooth::branin().optimum());
    assert_eq!(noisy.name(), "branin+noise0.5");
}

/// The k-th evaluation has the same noise and the same failure at each configuration.
#[test]
fn noise_and_failures_depend_on_the_evaluation_number_only() {
    let problem = Failing::at_random(Noisy::new(smooth::hartmann3(), 1.0), 0.3);
    let configurations = [0.1, 0.9].map(|u| problem.space().decode(&vec![u; 3].into()));
    let mut failures = 0;
    for number in 0..1000 {
        let [a, b] = [0, 1].map(|i| evaluate(&problem, &configurations[i], number));
        assert_eq!(a.measured.is_err(), b.measured.is_err());
        failures += usize::from(a.measured.is_err());
        if let (Ok(a_value), Ok(b_value)) = (&a.measured, &b.measured) {
            let noise = [a_value - a.noiseless.unwrap(), b_value - b.noiseless.unwrap()];
            assert!((noise[0] - noise[1]).abs() < 1e-12);
        }
    }
    assert!((250..350).contains(&failures), "{failures}");
}

#[test]
fn evaluations_in_a_failing_region_have_no_value() {
    let fails = |c: &Configuration| c.float("x0") < 0.5;
    let problem = Failing::within(smooth::hartmann3(), fails, Some(-3.0));
    let configurations = [0.2, 0.8].map(|u| problem.space().decode(&vec![u; 3].into()));
    let failed = evaluate(&problem, &configurations[0], 1);
    assert!(failed.measured.is_err() && failed.noiseless_value().is_none());
    assert!(evaluate(&problem, &configurations[1], 1).measured.is_ok());
    assert_eq!(problem.optimum(), Some(-3.0));
    assert!(format!("{problem:?}").contains("hartmann3"));
}

#[test]
fn durations_follow_their_distributions() {
    let draw = |durations: Durations| -> Vec<f64> {
        let problem = Slow::new(smooth::branin(), durations);
        let at = sample_configuration(&problem);
        let mut seconds: Vec<f64> =
            (0..4001).map(|n| evaluate(&problem, &at, n).duration.unwrap().as_secs_f64()).collect();
        seconds.sort_by(f64::total_cmp);
        seconds
    };
    let minute = Duration::from_secs(60);
    assert!(draw(Durations::Constant(minute)).iter().all(|s| (s - 60.0).abs() < 1e-9));
    let log_normal = draw(Durations::LogNormal { median: minute, log_std_dev: 0.5 });
    assert!((log_normal[2000] - 60.0).abs() < 3.0, "{}", log_normal[2000]);
    let upper = log_normal[3365]; // the 84 % quantile: one deviation above the median
    assert!((upper / 60.0 - 0.5_f64.exp()).abs() < 0.08, "{upper}");
    let exponential = draw(Durations::Exponential { mean: minute });
    let mean = exponential.iter().sum::<f64>() / 4001.0;
    assert!((mean - 60.0).abs() < 4.0, "{mean}");
    assert!((exponential[2000] - 60.0 * 2_f64.ln()).abs() < 3.0);
}

#[test]
fn shifts_are_relative_to_the_scale_of_each_parameter() {
    let shifted = Shifted::new(scales(), vec![0.1, -0.2, 0.3, 0.0]).unwrap();
    let at = shifted.space().decode(&vec![0.5; 4].into());
    let (before, after) = (
        evaluate(&scales(), &at, 1).noiseless_value().unwrap(),
        evaluate(&shifted, &at, 1).noiseless_value().unwrap(),
    );
    assert!((after - (before - 0.1 + 10.0 * 0.2 - 100.0 * 0.3)).abs() < 1e-9, "{after}");
    // The inner problem is evaluated outside of its ranges.
    let shifted = Shifted::new(scales(), vec![0.9, 0.9, 0.9, 0.0]).unwrap();
    let after = evaluate(&shifted, &at, 1).noiseless_value().unwrap();
    assert!((after - (before - 0.9 * 111.0)).abs() < 1e-9, "{after}");
}

#[test]
fn errors_name_parameters_that_cannot_be_moved() {
    let error = Shifted::new(scales(), vec![0.0, 0.0, 0.0, 0.1]).unwrap_err();
    assert!(error.to_string().contains("count"), "{error}");
    let error = Shifted::new(scales(), vec![0.1, f64::NAN]).unwrap_err();
    assert!(error.to_string().contains("4 parameters"), "{error}");
    let error = Rotated::new(scales(), vec![0.5], &mut rng(1)).unwrap_err();
    assert_eq!(error.violations().len(), 2, "{error}");
}

/// A rotation changes no value of a symmetric bowl around its center, but those of other functions.
#[test]
fn rotations_preserve_distances() {
    let ranges = || {
        ["x0", "x1", "x2"]
            .map(|name| ParameterRange::continuous(name, 0.0..=1.0, ScalingType::Linear))
    };
    let center = [0.3, 0.6, 0.5];
    let bowl = |weights: [f64; 3]| {
        let value = move |c: &Configuration| {
            let term = |i: usize| weights[i] * (c.float(["x0", "x1", "x2"][i]) - center[i]).powi(2);
            (0..3).map(term).sum::<f64>()
        };
        FunctionProblem::new("bowl", SearchSpace::new(ranges()).unwrap(), value)
    };
    let rotated =
        |weights, seed| Rotated::new(bowl(weights), center.to_vec(), &mut rng(seed)).unwrap();
    let mut changed = 0;
    for number in 0..100 {
        let mut rng = rng(number);
        let point: Vec<f64> = (0..3).map(|_| rng.uniform()).collect();
        let at = bowl([1.0; 3]).space().decode(&point.into());
        let [before, after] = [
            evaluate(&bowl([1.0; 3]), &at, 1).noiseless_value().unwrap(),
            evaluate(&rotated([1.0; 3], number), &at, 1).noiseless_value().unwrap(),
        ];
        assert!((before - after).abs() < 1e-12, "{before} {after}");
        let [before, after] = [
            evaluate(&bowl([1.0, 2.0, 9.0]), &at, 1).noiseless_value().unwrap(),
            evaluate(&rotated([1.0, 2.0, 9.0], number), &at, 1).noiseless_value().unwrap(),
        ];
        changed += usize::from((before - after).abs() > 1e-3);
    }
    assert!(changed > 90, "{changed}");
}

#[test]
fn reordered_categories_keep_their_values() {
    let names = |problem: &dyn Problem| -> Vec<String> {
        match &problem.space().ranges()[1] {
            ParameterRange::Categorical(range) => {
                range.values().iter().map(ToString::to_string).collect()
            }
            other => panic!("{other:?}"),
        }
    };
    let mut orders = std::collections::HashSet::new();
    for seed in 0..20 {
        let reordered = Reordered::new(mixed::func2c(), &mut rng(seed));
        let (mut a, mut b) = (names(&reordered), names(&mixed::func2c()));
        orders.insert(a.clone());
        a.sort();
        b.sort();
        assert_eq!(a, b);
        let at = mixed::func2c().minimizer().clone();
        let value = evaluate(&reordered, &at, 1).noiseless_value().unwrap();
        assert_eq!(value.to_bits(), mixed::func2c().value(&at).to_bits());
    }
    assert!(orders.len() > 10);
}

#[test]
fn offsets_shift_values_and_optimum() {
    let problem = Offset::new(Noisy::new(smooth::branin(), 0.1), 40.0);
    let at = sample_configuration(&problem);
    let evaluation = evaluate(&problem, &at, 1);
    let noiseless = TestFunction::value(&smooth::branin(), &at);
    assert!((evaluation.noiseless_value().unwrap() - noiseless - 40.0).abs() < 1e-12);
    assert!((evaluation.measured.unwrap() - noiseless - 40.0).abs() < 1.0);
    assert_eq!(problem.optimum(), smooth::branin().optimum().map(|o| o + 40.0));
}

#[test]
fn decorators_keep_failures() {
    let space = smooth::branin().space().clone();
    let broken =
        || FunctionProblem::new("broken", space.clone(), |_: &Configuration| Err::<f64, _>("no"));
    let at = Configuration::from([
        ("x0", ParameterValue::Float(1.0)),
        ("x1", ParameterValue::Float(1.0)),
    ]);
    let wrapped: [Box<dyn Problem>; 3] = [
        Box::new(Noisy::new(broken(), 1.0)),
        Box::new(Offset::new(broken(), 1.0)),
        Box::new(Shifted::new(broken(), vec![0.1, 0.1]).unwrap()),
    ];
    for problem in &wrapped {
        let evaluation = evaluate(problem, &at, 1);
        assert_eq!(evaluation.measured, Err("no".to_owned()));
        assert_eq!((evaluation.noiseless_value(), problem.optimum()), (None, None));
    }
}
