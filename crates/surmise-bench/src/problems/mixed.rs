//! Functions of categorical and continuous parameters.

use super::rugged::{ackley_value, rosenbrock_value};
use super::smooth::camel_value;
use super::test_function::TestFunction;
use surmise::space::{Configuration, ParameterRange, ParameterValue, ScalingType};

/// Computes one of three functions of x0 and x1, scaled to a similar size (Ru et al. 2020, CoCaBO).
fn scaled_value(kind: &str, configuration: &Configuration) -> f64 {
    let x = [2.0 * configuration.float("x0"), 2.0 * configuration.float("x1")];
    match kind {
        "rosenbrock" => rosenbrock_value(&x) / 300.0,
        "camel" => camel_value(&x) / 10.0,
        _ => beale_value(&x) / 50.0,
    }
}

/// Beale's function (Beale 1958).
fn beale_value(x: &[f64; 2]) -> f64 {
    let [a, b] = *x;
    (1.5 - a + a * b).powi(2) + (2.25 - a + a * b * b).powi(2) + (2.625 - a + a * b * b * b).powi(2)
}

fn symmetric_range(name: &str) -> Result<ParameterRange, surmise::Error> {
    ParameterRange::continuous(name, -1.0..=1.0, ScalingType::Linear)
}

/// The optimum of the camel function.
const CAMEL_OPTIMUM: f64 = -1.031_628_453_489_877;
/// The minimizer of the camel function, in the scaled coordinates.
const CAMEL_MINIMIZER: [f64; 2] = [0.089_842_013_1 / 2.0, -0.712_656_403_0 / 2.0];

const FIRST_CATEGORIES: [&str; 3] = ["rosenbrock", "camel", "beale"];
const SECOND_CATEGORIES: [&str; 5] =
    ["rosenbrock", "camel", "beale", "beale-again", "beale-once-more"];

/// Func2C: the sum of two functions of x0 and x1, which two categories choose (Ru et al. 2020).
///
/// The first category has 3 functions, the second one 5, of which three are the same.
pub fn func2c() -> TestFunction {
    let value = |c: &Configuration| {
        scaled_value(c.category("first"), c) + scaled_value(c.category("second"), c)
    };
    let minimizer = Configuration::from([
        ("first", "camel".into()),
        ("second", "camel".into()),
        ("x0", CAMEL_MINIMIZER[0].into()),
        ("x1", CAMEL_MINIMIZER[1].into()),
    ]);
    let ranges = [
        ParameterRange::categorical("first", FIRST_CATEGORIES),
        ParameterRange::categorical("second", SECOND_CATEGORIES),
        symmetric_range("x0"),
        symmetric_range("x1"),
    ];
    TestFunction::new("func2c", ranges, value, (0.2 * CAMEL_OPTIMUM, minimizer))
        .defined_outside_ranges()
}

/// Func3C: the sum of three functions of x0 and x1, which three categories choose (Ru et al. 2020).
///
/// The third category's values are in another order than in the paper, where the best one is first.
pub fn func3c() -> TestFunction {
    let value = |c: &Configuration| {
        let third = match c.category("third") {
            "camel" => 5.0 * scaled_value("camel", c),
            "rosenbrock" => 2.0 * scaled_value("rosenbrock", c),
            "beale" => 2.0 * scaled_value("beale", c),
            _ => 3.0 * scaled_value("beale", c),
        };
        scaled_value(c.category("first"), c) + scaled_value(c.category("second"), c) + third
    };
    let minimizer = Configuration::from([
        ("first", "camel".into()),
        ("second", "camel".into()),
        ("third", "camel".into()),
        ("x0", CAMEL_MINIMIZER[0].into()),
        ("x1", CAMEL_MINIMIZER[1].into()),
    ]);
    let ranges = [
        ParameterRange::categorical("first", FIRST_CATEGORIES),
        ParameterRange::categorical("second", SECOND_CATEGORIES),
        ParameterRange::categorical("third", ["rosenbrock", "camel", "beale", "more-beale"]),
        symmetric_range("x0"),
        symmetric_range("x1"),
    ];
    TestFunction::new("func3c", ranges, value, (0.7 * CAMEL_OPTIMUM, minimizer))
        .defined_outside_ranges()
}

/// Number of binary parameters of [`switches`].
const SWITCHES: usize = 40;
/// The optimal state of each switch: the first 40 binary digits of π − 3.
///
/// With this pattern, neither "all off" nor "all on" is near the optimum.
const PATTERN: u64 = 0x24_3F6A_8885;

/// Ackley's function of 40 binary and 2 continuous parameters, relative to a hidden pattern.
///
/// It resembles Ackley-53 (Wan et al. 2021, Casmopolitan).
pub fn switches() -> TestFunction {
    let names: Vec<String> = (0..SWITCHES).map(|i| format!("switch{i}")).collect();
    let is_on = |i: usize| PATTERN >> (SWITCHES - 1 - i) & 1 == 1;
    let state = move |i: usize| if is_on(i) { "on" } else { "off" };
    let center = [0.37, -0.21];
    let mut ranges: Vec<_> =
        names.iter().map(|name| ParameterRange::categorical(name, ["off", "on"])).collect();
    ranges.extend([symmetric_range("x0"), symmetric_range("x1")]);
    let mut minimizer: Vec<(String, ParameterValue)> =
        names.iter().enumerate().map(|(i, name)| (name.clone(), state(i).into())).collect();
    minimizer.extend([("x0".to_owned(), center[0].into()), ("x1".to_owned(), center[1].into())]);
    let value = move |c: &Configuration| {
        let wrong = |(i, name): (usize, &String)| f64::from(c.category(name) != state(i));
        let mut z: Vec<f64> = names.iter().enumerate().map(wrong).collect();
        z.extend([c.float("x0") - center[0], c.float("x1") - center[1]]);
        ackley_value(&z)
    };
    let best = (0.0, minimizer.into_iter().collect());
    TestFunction::new("switches40", ranges, value, best).defined_outside_ranges()
}
