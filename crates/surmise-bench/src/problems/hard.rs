//! Functions that are hard for surrogate models, each with one difficulty.
//!
//! The optima are known by construction. The constants of the engine were chosen on other problems,
//! before these functions were written, so that the functions are an independent test.

use super::smooth::hartmann6_value;
use super::test_function::TestFunction;
use surmise::space::{Configuration, ParameterRange, ParameterValue, ScalingType};

/// The minimizer of Hartmann-6.
const HARTMANN6_MINIMIZER: [f64; 6] =
    [0.201_690, 0.150_011, 0.476_874, 0.275_332, 0.311_652, 0.657_300];
const HARTMANN6_OPTIMUM: f64 = -3.322_368_011_415_515;

fn unit_range(name: &str) -> Result<ParameterRange, surmise::Error> {
    ParameterRange::continuous(name, 0.0..=1.0, ScalingType::Linear)
}

fn names(prefix: &str, count: usize) -> Vec<String> {
    (0..count).map(|i| format!("{prefix}{i}")).collect()
}

/// Returns the i-th term of an irregular sequence between 0 and 1.
///
/// It is the fractional part of a multiple of the golden ratio.
fn scattered(i: usize) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "a small number")]
    let multiple = (i + 1) as f64 * 0.618_033_988_749_894_9;
    multiple.fract()
}

/// Returns Hartmann-6 as a function of `d` parameters, of which only six matter.
fn hartmann6_among(name: &'static str, d: usize) -> TestFunction {
    let coordinates = names("x", d);
    let relevant: Vec<usize> = (0..6).map(|i| (2 * i + 1) * d / 12).collect();
    let ranges: Vec<_> = coordinates.iter().map(|name| unit_range(name)).collect();
    let best_coordinate =
        |i: usize| relevant.iter().position(|m| *m == i).map_or(0.5, |m| HARTMANN6_MINIMIZER[m]);
    let minimizer = coordinates
        .iter()
        .enumerate()
        .map(|(i, name)| (name.clone(), best_coordinate(i).into()))
        .collect();
    let value = move |c: &Configuration| {
        let x: Vec<f64> = relevant.iter().map(|&i| c.float(&coordinates[i])).collect();
        hartmann6_value(&x)
    };
    TestFunction::new(name, ranges, value, (HARTMANN6_OPTIMUM, minimizer))
}

/// Hartmann-6 with 20 parameters, of which 6 matter.
pub fn hartmann6_in_20() -> TestFunction {
    hartmann6_among("hartmann6-in-20", 20)
}

/// Hartmann-6 with 100 parameters, of which 6 matter.
pub fn hartmann6_in_100() -> TestFunction {
    hartmann6_among("hartmann6-in-100", 100)
}

/// A valley in 50 dimensions, Σ wᵢ (xᵢ − cᵢ)² + (mean of x − c)², with weights from 0.01 to 1.
pub fn valley50() -> TestFunction {
    const D: usize = 50;
    let coordinates = names("x", D);
    let ranges: Vec<_> = coordinates.iter().map(|name| unit_range(name)).collect();
    let center = |i: usize| 0.15 + 0.7 * scattered(i);
    let minimizer =
        coordinates.iter().enumerate().map(|(i, name)| (name.clone(), center(i).into())).collect();
    let value = move |c: &Configuration| {
        let gap = |(i, name): (usize, &String)| c.float(name) - center(i);
        let gaps: Vec<f64> = coordinates.iter().enumerate().map(gap).collect();
        let weighted = |(i, gap): (usize, &f64)| 10.0_f64.powf(-2.0 * scattered(3 * i)) * gap * gap;
        #[allow(clippy::cast_precision_loss, reason = "50")]
        let mean = gaps.iter().sum::<f64>() / D as f64;
        gaps.iter().enumerate().map(weighted).sum::<f64>() + mean * mean
    };
    TestFunction::new("valley50", ranges, value, (0.0, minimizer))
}

/// 25 categorical parameters with 5 categories each, where neighbors interact.
///
/// Each wrong category costs between 0.2 and 1; two wrong neighbors cost half of that in addition.
pub fn choices25() -> TestFunction {
    const CHOICES: [&str; 5] = ["a", "b", "c", "d", "e"];
    let parameters = names("choice", 25);
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 4")]
    let best_category = |i: usize| CHOICES[(5.0 * scattered(7 * i + 2)) as usize];
    let ranges: Vec<_> =
        parameters.iter().map(|name| ParameterRange::categorical(name, CHOICES)).collect();
    let minimizer = parameters
        .iter()
        .enumerate()
        .map(|(i, name)| (name.clone(), best_category(i).into()))
        .collect();
    let value = move |c: &Configuration| {
        let cost = |i: usize| 0.2 + 0.8 * scattered(i);
        let wrong: Vec<bool> = parameters
            .iter()
            .enumerate()
            .map(|(i, name)| c.category(name) != best_category(i))
            .collect();
        let single_costs: f64 = (0..25).filter(|&i| wrong[i]).map(cost).sum();
        let pair_costs: f64 = (1..25).filter(|&i| wrong[i] && wrong[i - 1]).map(cost).sum();
        single_costs + 0.5 * pair_costs
    };
    TestFunction::new("choices25", ranges, value, (0.0, minimizer))
}

/// A function of 8 parameters with its optimum in a corner, where its slope is steepest.
pub fn corner8() -> TestFunction {
    let coordinates = names("x", 8);
    let ranges: Vec<_> = coordinates.iter().map(|name| unit_range(name)).collect();
    let corner = |i: usize| f64::from(u8::from(i.is_multiple_of(3)));
    let minimizer =
        coordinates.iter().enumerate().map(|(i, name)| (name.clone(), corner(i).into())).collect();
    let value = move |c: &Configuration| {
        let gap = |(i, name): (usize, &String)| (c.float(name) - corner(i)).abs().sqrt();
        coordinates.iter().enumerate().map(gap).sum()
    };
    TestFunction::new("corner8", ranges, value, (0.0, minimizer))
}

/// A function of a category and two numbers; one of 12 categories has the optimum.
///
/// The other 11 categories have equal values.
pub fn needle12() -> TestFunction {
    let methods = names("method", 12);
    let ranges =
        [ParameterRange::categorical("method", &methods), unit_range("x"), unit_range("y")];
    let minimizer =
        Configuration::from([("method", "method8".into()), ("x", 0.31.into()), ("y", 0.77.into())]);
    let value = |c: &Configuration| {
        let square = (c.float("x") - 0.31).powi(2) + (c.float("y") - 0.77).powi(2);
        let without_optimum = 1.0 + 0.2 * (6.0 * c.float("x")).sin() * c.float("y");
        if c.category("method") == "method8" { square } else { without_optimum }
    };
    TestFunction::new("needle12", ranges, value, (0.0, minimizer))
}

/// Two rates over 12 decades each; the function is flat except for 1.5 decades around its optimum.
pub fn decades() -> TestFunction {
    let rate = |name| ParameterRange::continuous(name, 1e-12..=1.0, ScalingType::Logarithmic);
    let ranges = [rate("rate"), rate("decay")];
    let minimizer = Configuration::from([("rate", 1e-4.into()), ("decay", 1e-9.into())]);
    let value = |c: &Configuration| {
        let (a, b) = (c.float("rate").log10() + 4.0, c.float("decay").log10() + 9.0);
        1.0 - (-(a * a) / 1.5 - (a + b).powi(2) / 4.0).exp()
    };
    TestFunction::new("decades", ranges, value, (0.0, minimizer))
}

/// A quadratic function with differences of about 10⁻³ and an offset of 10⁹.
pub fn offset() -> TestFunction {
    let ranges = [unit_range("x"), unit_range("y"), unit_range("z")];
    let minimizer = Configuration::from([("x", 0.3.into()), ("y", 0.6.into()), ("z", 0.8.into())]);
    let value = |c: &Configuration| {
        let (x, y, z) = (c.float("x") - 0.3, c.float("y") - 0.6, c.float("z") - 0.8);
        1e9 + 1e-3 * (x * x + 2.0 * y * y + (z + 0.5 * x).powi(2))
    };
    TestFunction::new("offset", ranges, value, (1e9, minimizer))
}

/// The exponential of a distance, with values from 0 to 10³⁰.
pub fn heavy_tail() -> TestFunction {
    let coordinates = names("x", 4);
    let ranges: Vec<_> = coordinates.iter().map(|name| unit_range(name)).collect();
    let center = |i: usize| 0.2 + 0.6 * scattered(i);
    let minimizer: Vec<(String, ParameterValue)> =
        coordinates.iter().enumerate().map(|(i, name)| (name.clone(), center(i).into())).collect();
    let value = move |c: &Configuration| {
        let square = |(i, name): (usize, &String)| (c.float(name) - center(i)).powi(2);
        let distance = coordinates.iter().enumerate().map(square).sum::<f64>().sqrt();
        (50.0 * distance).exp() - 1.0
    };
    TestFunction::new("heavy-tail", ranges, value, (0.0, minimizer.into_iter().collect()))
}

/// A quadratic function of 3 parameters; [`island_fails`] tells where evaluations fail.
pub fn island() -> TestFunction {
    let coordinates = names("x", 3);
    let ranges: Vec<_> = coordinates.iter().map(|name| unit_range(name)).collect();
    let minimizer = coordinates.iter().map(|name| (name.clone(), 0.7.into())).collect();
    let value =
        move |c: &Configuration| coordinates.iter().map(|name| (c.float(name) - 0.7).powi(2)).sum();
    TestFunction::new("island", ranges, value, (0.0, minimizer))
}

/// Returns true outside of a ball around (0.6, 0.6, 0.6), which contains the minimizer.
///
/// The ball has the radius 0.3, and a ninth of the volume of the space.
pub fn island_fails(configuration: &Configuration) -> bool {
    let square = |name| (configuration.float(name) - 0.6).powi(2);
    square("x0") + square("x1") + square("x2") > 0.09
}
