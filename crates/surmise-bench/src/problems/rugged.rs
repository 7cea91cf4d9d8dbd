//! Functions of continuous parameters with many minima, or with one in a narrow valley.
//!
//! Definitions: Surjanovic & Bingham, *Virtual Library of Simulation Experiments*. Their optimum is
//! 0, and a transform of the values may profit from that. Their
//! [instances](crate::Suite::instances) therefore have an offset.

use std::f64::consts::{E, PI, TAU};

use super::test_function::TestFunction;

#[allow(clippy::cast_precision_loss, reason = "few coordinates")]
fn dimension(x: &[f64]) -> f64 {
    x.len() as f64
}

/// Computes Ackley's function: a narrow funnel in a rippled plain (Ackley 1987).
pub(super) fn ackley_value(x: &[f64]) -> f64 {
    let square = x.iter().map(|x| x * x).sum::<f64>() / dimension(x);
    let ripple = x.iter().map(|x| (TAU * x).cos()).sum::<f64>() / dimension(x);
    -20.0 * (-0.2 * square.sqrt()).exp() - ripple.exp() + 20.0 + E
}

/// Returns the coordinates relative to a moved minimizer.
///
/// The usual minimizer, the center, would favor initial designs that begin there.
fn relative_to(x: &[f64], minimizer: &[f64]) -> Vec<f64> {
    x.iter().zip(minimizer).map(|(x, s)| x - s).collect()
}

const ACKLEY_MINIMIZER: [f64; 5] = [11.3, -7.9, 4.6, -13.2, 8.1];

/// Ackley's function of five parameters on ±32.768 (Ackley 1987).
///
/// The optimum is moved to (11.3, −7.9, 4.6, −13.2, 8.1).
pub fn ackley() -> TestFunction {
    let value = |x: &[f64]| ackley_value(&relative_to(x, &ACKLEY_MINIMIZER));
    TestFunction::of_continuous("ackley5", &[(-32.768, 32.768); 5], value, (0.0, &ACKLEY_MINIMIZER))
}

/// Levy's function of four parameters on ±10 (Levy & Montalvo 1985).
pub fn levy() -> TestFunction {
    TestFunction::of_continuous("levy4", &[(-10.0, 10.0); 4], levy_value, (0.0, &[1.0; 4]))
}

fn levy_value(x: &[f64]) -> f64 {
    let w: Vec<f64> = x.iter().map(|x| 1.0 + (x - 1.0) / 4.0).collect();
    let (last, inner) = w.split_last().expect("some coordinates");
    let first = (PI * w[0]).sin().powi(2);
    let middle: f64 =
        inner.iter().map(|w| (w - 1.0).powi(2) * (1.0 + 10.0 * (PI * w + 1.0).sin().powi(2))).sum();
    first + middle + (last - 1.0).powi(2) * (1.0 + (TAU * last).sin().powi(2))
}

/// Computes Rosenbrock's function (Rosenbrock 1960).
pub(super) fn rosenbrock_value(x: &[f64]) -> f64 {
    x.windows(2).map(|x| 100.0 * (x[1] - x[0] * x[0]).powi(2) + (1.0 - x[0]).powi(2)).sum()
}

/// Rosenbrock's function of four parameters on [−5, 10]: a curved valley with a nearly flat floor.
pub fn rosenbrock() -> TestFunction {
    TestFunction::of_continuous(
        "rosenbrock4",
        &[(-5.0, 10.0); 4],
        rosenbrock_value,
        (0.0, &[1.0; 4]),
    )
}

const RASTRIGIN_MINIMIZER: [f64; 3] = [1.63, -2.41, 0.87];

/// Rastrigin's function of three parameters on ±5.12, with minima at distances of 1 (Rastrigin
/// 1974).
///
/// The optimum is moved to (1.63, −2.41, 0.87).
pub fn rastrigin() -> TestFunction {
    let value = |x: &[f64]| rastrigin_value(&relative_to(x, &RASTRIGIN_MINIMIZER));
    TestFunction::of_continuous(
        "rastrigin3",
        &[(-5.12, 5.12); 3],
        value,
        (0.0, &RASTRIGIN_MINIMIZER),
    )
}

fn rastrigin_value(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x - 10.0 * (TAU * x).cos() + 10.0).sum()
}

const GRIEWANK_MINIMIZER: [f64; 5] = [137.0, -251.0, 83.0, -312.0, 209.0];

/// Griewank's function of five parameters on ±600: a bowl with fine ripples (Griewank 1981).
///
/// The optimum is moved to (137, −251, 83, −312, 209). A search of 60 evaluations does not resolve
/// the ripples.
pub fn griewank() -> TestFunction {
    let value = |x: &[f64]| griewank_value(&relative_to(x, &GRIEWANK_MINIMIZER));
    TestFunction::of_continuous(
        "griewank5",
        &[(-600.0, 600.0); 5],
        value,
        (0.0, &GRIEWANK_MINIMIZER),
    )
}

fn griewank_value(x: &[f64]) -> f64 {
    let bowl = x.iter().map(|x| x * x).sum::<f64>() / 4000.0;
    let ripples: f64 = (1..=5_u8).zip(x).map(|(i, x)| (x / f64::from(i).sqrt()).cos()).product();
    bowl - ripples + 1.0
}
