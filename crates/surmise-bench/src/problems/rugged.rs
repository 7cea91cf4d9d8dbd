//! Functions of real numbers with many minima, or with one in a narrow valley.
//!
//! Definitions: Surjanovic & Bingham, *Virtual Library of Simulation Experiments*. The least value of all of them is 0, which
//! whoever transforms the values may profit from: their [instances](crate::Suite::instances) have an offset.

use std::f64::consts::{E, PI, TAU};

use super::formula::Formula;

#[allow(clippy::cast_precision_loss, reason = "few coordinates")]
fn count(x: &[f64]) -> f64 {
    x.len() as f64
}

/// Ackley's function of these coordinates: a narrow funnel in a rippled plain (Ackley 1987).
pub(super) fn ackley_value(x: &[f64]) -> f64 {
    let square = x.iter().map(|x| x * x).sum::<f64>() / count(x);
    let ripple = x.iter().map(|x| (TAU * x).cos()).sum::<f64>() / count(x);
    -20.0 * (-0.2 * square.sqrt()).exp() - ripple.exp() + 20.0 + E
}

/// Coordinates seen from where the optimum is: in its usual place, the centre, a design that begins there has won.
fn moved(x: &[f64], to: &[f64]) -> Vec<f64> {
    x.iter().zip(to).map(|(x, s)| x - s).collect()
}

const ACKLEY: [f64; 5] = [11.3, -7.9, 4.6, -13.2, 8.1];

/// Ackley's function of five variables on ±32.768, with the optimum moved to (11.3, −7.9, 4.6, −13.2, 8.1)
/// (Ackley 1987).
pub fn ackley() -> Formula {
    let value = |x: &[f64]| ackley_value(&moved(x, &ACKLEY));
    Formula::of_reals("ackley5", &[(-32.768, 32.768); 5], value, (0.0, &ACKLEY))
}

/// Levy's function of four variables on ±10 (Levy & Montalvo 1985).
pub fn levy() -> Formula {
    Formula::of_reals("levy4", &[(-10.0, 10.0); 4], levy_value, (0.0, &[1.0; 4]))
}

fn levy_value(x: &[f64]) -> f64 {
    let w: Vec<f64> = x.iter().map(|x| 1.0 + (x - 1.0) / 4.0).collect();
    let (last, others) = w.split_last().expect("some coordinates");
    let first = (PI * w[0]).sin().powi(2);
    let middle: f64 = others
        .iter()
        .map(|w| (w - 1.0).powi(2) * (1.0 + 10.0 * (PI * w + 1.0).sin().powi(2)))
        .sum();
    first + middle + (last - 1.0).powi(2) * (1.0 + (TAU * last).sin().powi(2))
}

/// Rosenbrock's function of these coordinates (Rosenbrock 1960).
pub(super) fn rosenbrock_value(x: &[f64]) -> f64 {
    x.windows(2).map(|x| 100.0 * (x[1] - x[0] * x[0]).powi(2) + (1.0 - x[0]).powi(2)).sum()
}

/// Rosenbrock's function of four variables on [−5, 10]: a curved valley whose floor hardly falls.
pub fn rosenbrock() -> Formula {
    Formula::of_reals("rosenbrock4", &[(-5.0, 10.0); 4], rosenbrock_value, (0.0, &[1.0; 4]))
}

const RASTRIGIN: [f64; 3] = [1.63, -2.41, 0.87];

/// Rastrigin's function of three variables on ±5.12, with the optimum moved to (1.63, −2.41, 0.87): minima one apart in each
/// direction (Rastrigin 1974).
pub fn rastrigin() -> Formula {
    let value = |x: &[f64]| rastrigin_value(&moved(x, &RASTRIGIN));
    Formula::of_reals("rastrigin3", &[(-5.12, 5.12); 3], value, (0.0, &RASTRIGIN))
}

fn rastrigin_value(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x - 10.0 * (TAU * x).cos() + 10.0).sum()
}

const GRIEWANK: [f64; 5] = [137.0, -251.0, 83.0, -312.0, 209.0];

/// Griewank's function of five variables on ±600, with the optimum moved to (137, −251, 83, −312, 209): a bowl with ripples that
/// are far below what a search resolves (Griewank 1981).
pub fn griewank() -> Formula {
    let value = |x: &[f64]| griewank_value(&moved(x, &GRIEWANK));
    Formula::of_reals("griewank5", &[(-600.0, 600.0); 5], value, (0.0, &GRIEWANK))
}

fn griewank_value(x: &[f64]) -> f64 {
    let bowl = x.iter().map(|x| x * x).sum::<f64>() / 4000.0;
    let ripples: f64 = (1..=5_u8).zip(x).map(|(i, x)| (x / f64::from(i).sqrt()).cos()).product();
    bowl - ripples + 1.0
}
