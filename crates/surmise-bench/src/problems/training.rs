//! Functions that behave like the training of a model.
//!
//! They have interacting learning rates on logarithmic scales, categories with different best
//! settings, divergence, steps and a plateau. Their optima are known by construction.

use super::test_function::TestFunction;
use surmise::space::{Configuration, ParameterRange, ScalingType};

/// The loss of an untrained classifier of ten classes: ln 10.
const UNTRAINED_LOSS: f64 = std::f64::consts::LN_10;

/// A loss like that of stochastic gradient descent with momentum.
///
/// It depends on the effective step size and on the product of learning rate and weight decay. The
/// effective step size is learning rate ⁄ (1 − momentum) ⁄ √(batch ⁄ 64). The loss diverges if the
/// step is 16 times too large.
///
/// | symbol | meaning |
/// | --- | --- |
/// | e | log₁₀ of the effective step size |
/// | m | −log₁₀(1 − momentum) |
/// | a, w | log₁₀(learning rate), log₁₀(weight decay) |
/// | b | log₂(batch) |
///
/// The loss is the following, but at most ln 10:
///
/// ```text
/// 0.1 + 0.06 (e + 1.5)² + 0.02 (m − 1.1)² + 0.015 (a + w + 5.3)² + 0.004 (b − 6)²
///     + 3 max(0, e + 0.3)
/// ```
pub fn momentum() -> TestFunction {
    let value = |c: &Configuration| {
        let a = c.float("learning_rate").log10();
        let m = -(1.0 - c.float("momentum")).log10();
        let w = c.float("weight_decay").log10();
        let b = c.float("batch_size").log2();
        let e = a + m - 0.5 * (c.float("batch_size") / 64.0).log10();
        let loss = 0.1
            + 0.06 * (e + 1.5).powi(2)
            + 0.02 * (m - 1.1).powi(2)
            + 0.015 * (a + w + 5.3).powi(2)
            + 0.004 * (b - 6.0).powi(2)
            + 3.0 * (e + 0.3).max(0.0);
        loss.min(UNTRAINED_LOSS)
    };
    let minimizer = Configuration::from([
        ("learning_rate", 10_f64.powf(-2.6).into()),
        ("momentum", (1.0 - 10_f64.powf(-1.1)).into()),
        ("weight_decay", 10_f64.powf(-2.7).into()),
        ("batch_size", 64.into()),
    ]);
    let ranges = [
        ParameterRange::continuous("learning_rate", 1e-5..=1.0, ScalingType::Logarithmic),
        ParameterRange::continuous("momentum", 0.0..=0.999, ScalingType::ReverseLogarithmic),
        ParameterRange::continuous("weight_decay", 1e-7..=0.1, ScalingType::Logarithmic),
        ParameterRange::integer("batch_size", 8..=512, ScalingType::Logarithmic),
    ];
    TestFunction::new("momentum", ranges, value, (0.1, minimizer)).defined_outside_ranges()
}

/// A loss like that of fine-tuning, with a choice of optimizer and schedule.
///
/// The best learning rate depends on the optimizer and the number of layers. The best warm-up
/// depends on the schedule, the best dropout on the layers. β₂ matters to two of three optimizers.
pub fn finetuning() -> TestFunction {
    let minimizer = Configuration::from([
        ("optimizer", "lion".into()),
        ("schedule", "cosine".into()),
        ("learning_rate", 10_f64.powf(-4.1).into()),
        ("beta2", (1.0 - 10_f64.powf(-2.0)).into()),
        ("warmup", 0.1.into()),
        ("dropout", 0.21.into()),
        ("layers", 8.into()),
    ]);
    let ranges = [
        ParameterRange::categorical("optimizer", ["sgd", "adam", "lion"]),
        ParameterRange::categorical("schedule", ["constant", "linear", "cosine"]),
        ParameterRange::continuous("learning_rate", 1e-6..=0.1, ScalingType::Logarithmic),
        ParameterRange::continuous("beta2", 0.9..=0.99999, ScalingType::ReverseLogarithmic),
        ParameterRange::continuous("warmup", 0.0..=0.3, ScalingType::Linear),
        ParameterRange::continuous("dropout", 0.0..=0.6, ScalingType::Linear),
        ParameterRange::integer("layers", 1..=12, ScalingType::Linear),
    ];
    TestFunction::new("finetuning", ranges, finetuning_value, (0.25, minimizer))
        .defined_outside_ranges()
}

fn finetuning_value(c: &Configuration) -> f64 {
    let layers = c.float("layers");
    // Smallest loss, log10 of the best rate at 8 layers, best log10(1 / (1 - beta2)).
    let (floor, rate, memory) = match c.category("optimizer") {
        "sgd" => (0.33, -1.7, None),
        "adam" => (0.27, -3.2, Some(3.0)),
        _ => (0.25, -4.1, Some(2.0)),
    };
    let (extra_loss, warmup) = match c.category("schedule") {
        "constant" => (0.05, 0.02),
        "linear" => (0.01, 0.06),
        _ => (0.0, 0.1),
    };
    let memory_loss = |best: f64| {
        let memory = -(1.0 - c.float("beta2")).log10();
        0.01 * (memory - best).powi(2)
    };
    let rate_error = c.float("learning_rate").log10() - (rate - 0.06 * (layers - 8.0));
    let loss = floor
        + extra_loss
        + 0.05 * rate_error * rate_error
        + memory.map_or(0.0, memory_loss)
        + 2.0 * (c.float("warmup") - warmup).powi(2)
        + 0.8 * (c.float("dropout") - 0.05 - 0.02 * layers).powi(2)
        + 0.003 * (layers - 8.0).powi(2);
    loss.min(UNTRAINED_LOSS)
}

/// A step function of four parameters, Σ i ⌊8 |xᵢ − cᵢ| + ½⌋² ⁄ 10, which is flat almost
/// everywhere.
///
/// It has its smallest value in a small box around c.
pub fn steps() -> TestFunction {
    const CENTER: [f64; 4] = [0.69, 0.27, 0.83, 0.41];
    let value = |x: &[f64]| {
        let level = |x: f64, c: f64| (8.0 * (x - c).abs() + 0.5).floor();
        let terms = (1..=4_u8).zip(x.iter().zip(CENTER));
        terms.map(|(i, (x, c))| f64::from(i) / 10.0 * level(*x, c).powi(2)).sum()
    };
    TestFunction::of_continuous("steps4", &[(0.0, 1.0); 4], value, (0.0, &CENTER))
}

/// A plateau of three parameters: 1 outside of a ball of radius 0.35, and quadratic inside.
pub fn plateau() -> TestFunction {
    const CENTER: [f64; 3] = [0.72, 0.36, 0.61];
    const RADIUS: f64 = 0.35;
    let value = |x: &[f64]| {
        let square: f64 = x.iter().zip(CENTER).map(|(x, c)| (x - c).powi(2)).sum();
        (square / (RADIUS * RADIUS)).min(1.0)
    };
    TestFunction::of_continuous("plateau3", &[(0.0, 1.0); 3], value, (0.0, &CENTER))
}
