//! Functions of categories and real numbers.

use super::formula::Formula;
use super::rugged::{ackley_value, rosenbrock_value};
use super::smooth::camel_value;
use surmise::space::{Configuration, ParameterRange, ParameterValue, ScalingType};

/// One of three functions of x0 and x1, stretched by 2 and brought to a similar size (Ru et al. 2020, CoCaBO).
fn stretched(kind: &str, configuration: &Configuration) -> f64 {
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

fn unit(name: &str) -> Result<ParameterRange, surmise::Error> {
    ParameterRange::continuous(name, -1.0..=1.0, ScalingType::Linear)
}

/// The least value of the camel function.
const CAMEL: f64 = -1.031_628_453_489_877;
const CAMEL_AT: [f64; 2] = [0.089_842_013_1 / 2.0, -0.712_656_403_0 / 2.0];

const FIRST: [&str; 3] = ["rosenbrock", "camel", "beale"];
const SECOND: [&str; 5] = ["rosenbrock", "camel", "beale", "beale-again", "beale-once-more"];

/// Func2C: a choice of 3 and a choice of 5 functions that are added, of the same two numbers (Ru et al. 2020). Three of the
/// five are the same.
pub fn func2c() -> Formula {
    let value =
        |c: &Configuration| stretched(c.category("first"), c) + stretched(c.category("second"), c);
    let minimizer = Configuration::from([
        ("first", "camel".into()),
        ("second", "camel".into()),
        ("x0", CAMEL_AT[0].into()),
        ("x1", CAMEL_AT[1].into()),
    ]);
    let ranges = [
        ParameterRange::categorical("first", FIRST),
        ParameterRange::categorical("second", SECOND),
        unit("x0"),
        unit("x1"),
    ];
    Formula::new("func2c", ranges, value, (0.2 * CAMEL, minimizer)).valid_everywhere()
}

/// Func3C: a choice of 3, of 5 and of 4 functions that are added, of the same two numbers (Ru et al. 2020). The third one's are
/// in another order than there, where the best of them comes first.
pub fn func3c() -> Formula {
    let value = |c: &Configuration| {
        let third = match c.category("third") {
            "camel" => 5.0 * stretched("camel", c),
            "rosenbrock" => 2.0 * stretched("rosenbrock", c),
            "beale" => 2.0 * stretched("beale", c),
            _ => 3.0 * stretched("beale", c),
        };
        stretched(c.category("first"), c) + stretched(c.category("second"), c) + third
    };
    let minimizer = Configuration::from([
        ("first", "camel".into()),
        ("second", "camel".into()),
        ("third", "camel".into()),
        ("x0", CAMEL_AT[0].into()),
        ("x1", CAMEL_AT[1].into()),
    ]);
    let ranges = [
        ParameterRange::categorical("first", FIRST),
        ParameterRange::categorical("second", SECOND),
        ParameterRange::categorical("third", ["rosenbrock", "camel", "beale", "more-beale"]),
        unit("x0"),
        unit("x1"),
    ];
    Formula::new("func3c", ranges, value, (0.7 * CAMEL, minimizer)).valid_everywhere()
}

/// Number of switches of [`switches`].
const SWITCHES: usize = 40;
/// Which of them are on at the optimum: the first 40 binary digits of π − 3, so that neither "all off" nor "all on" is near.
const PATTERN: u64 = 0x24_3F6A_8885;

/// 40 switches and 2 real numbers: Ackley's function of what differs from a hidden pattern, in the manner of Ackley-53
/// (Wan et al. 2021, Casmopolitan).
pub fn switches() -> Formula {
    let names: Vec<String> = (0..SWITCHES).map(|i| format!("switch{i}")).collect();
    let is_on = |i: usize| PATTERN >> (SWITCHES - 1 - i) & 1 == 1;
    let state = move |i: usize| if is_on(i) { "on" } else { "off" };
    let centre = [0.37, -0.21];
    let mut ranges: Vec<_> =
        names.iter().map(|name| ParameterRange::categorical(name, ["off", "on"])).collect();
    ranges.extend([unit("x0"), unit("x1")]);
    let mut minimizer: Vec<(String, ParameterValue)> =
        names.iter().enumerate().map(|(i, name)| (name.clone(), state(i).into())).collect();
    minimizer.extend([("x0".to_owned(), centre[0].into()), ("x1".to_owned(), centre[1].into())]);
    let value = move |c: &Configuration| {
        let wrong = |(i, name): (usize, &String)| f64::from(c.category(name) != state(i));
        let mut z: Vec<f64> = names.iter().enumerate().map(wrong).collect();
        z.extend([c.float("x0") - centre[0], c.float("x1") - centre[1]]);
        ackley_value(&z)
    };
    let best = (0.0, minimizer.into_iter().collect());
    Formula::new("switches40", ranges, value, best).valid_everywhere()
}
