//! Smooth functions of continuous parameters from the literature.
//!
//! Definitions: Surjanovic & Bingham, *Virtual Library of Simulation Experiments*. The optima have
//! all digits of BoTorch 0.18, or follow from the minimizer in closed form.

use std::f64::consts::PI;

use super::test_function::TestFunction;

/// Branin's function: three minima of the same value (Dixon & Szegö 1978).
pub fn branin() -> TestFunction {
    let best = (0.397_887_357_729_738_16, &[PI, 2.275][..]);
    TestFunction::of_continuous("branin", &[(-5.0, 10.0), (0.0, 15.0)], branin_value, best)
}

fn branin_value(x: &[f64]) -> f64 {
    let valley = x[1] - 5.1 / (4.0 * PI * PI) * x[0] * x[0] + 5.0 / PI * x[0] - 6.0;
    valley * valley + 10.0 * (1.0 - 1.0 / (8.0 * PI)) * x[0].cos() + 10.0
}

/// The six-hump camel function: two of its six minima are global (Dixon & Szegö 1978).
pub fn six_hump_camel() -> TestFunction {
    let best = (-1.031_628_453_489_877, &[0.089_842_013_1, -0.712_656_403_0][..]);
    TestFunction::of_continuous("camel", &[(-3.0, 3.0), (-2.0, 2.0)], camel_value, best)
}

pub(super) fn camel_value(x: &[f64]) -> f64 {
    let (a, b) = (x[0] * x[0], x[1] * x[1]);
    (4.0 - 2.1 * a + a * a / 3.0) * a + x[0] * x[1] + (-4.0 + 4.0 * b) * b
}

const WEIGHTS: [f64; 4] = [1.0, 1.2, 3.0, 3.2];

fn hartmann<const D: usize>(x: &[f64], curvatures: &[[f64; D]; 4], centers: &[[f64; D]; 4]) -> f64 {
    let bump = |i: usize| {
        let exponent: f64 =
            (0..D).map(|j| curvatures[i][j] * (x[j] - 1e-4 * centers[i][j]).powi(2)).sum();
        WEIGHTS[i] * (-exponent).exp()
    };
    -(0..4).map(bump).sum::<f64>()
}

/// Hartmann's function of three parameters (Hartman 1973).
pub fn hartmann3() -> TestFunction {
    let best = (-3.862_779_787_332_66, &[0.114_614, 0.555_649, 0.852_547][..]);
    TestFunction::of_continuous("hartmann3", &[(0.0, 1.0); 3], hartmann3_value, best)
}

fn hartmann3_value(x: &[f64]) -> f64 {
    hartmann(
        x,
        &[[3.0, 10.0, 30.0], [0.1, 10.0, 35.0], [3.0, 10.0, 30.0], [0.1, 10.0, 35.0]],
        &[
            [3689.0, 1170.0, 2673.0],
            [4699.0, 4387.0, 7470.0],
            [1091.0, 8732.0, 5547.0],
            [381.0, 5743.0, 8828.0],
        ],
    )
}

/// Hartmann's function of six parameters (Hartman 1973).
///
/// Its second minimum, 0.12 above the global one, attracts many searches.
pub fn hartmann6() -> TestFunction {
    let minimizer = [0.201_69, 0.150_011, 0.476_874, 0.275_332, 0.311_652, 0.6573];
    let best = (-3.322_368_011_415_515, &minimizer[..]);
    TestFunction::of_continuous("hartmann6", &[(0.0, 1.0); 6], hartmann6_value, best)
}

pub(super) fn hartmann6_value(x: &[f64]) -> f64 {
    hartmann(
        x,
        &[
            [10.0, 3.0, 17.0, 3.5, 1.7, 8.0],
            [0.05, 10.0, 17.0, 0.1, 8.0, 14.0],
            [3.0, 3.5, 1.7, 10.0, 17.0, 8.0],
            [17.0, 8.0, 0.05, 10.0, 0.1, 14.0],
        ],
        &[
            [1312.0, 1696.0, 5569.0, 124.0, 8283.0, 5886.0],
            [2329.0, 4135.0, 8307.0, 3736.0, 1004.0, 9991.0],
            [2348.0, 1451.0, 3522.0, 2883.0, 3047.0, 6650.0],
            [4047.0, 8828.0, 8732.0, 5743.0, 1091.0, 381.0],
        ],
    )
}

/// Shekel's function with ten minima on [0, 10]⁴: narrow holes in a plain (Dixon & Szegö 1978).
pub fn shekel() -> TestFunction {
    let best = (-10.536_443_153_483_534, &[4.000_747, 3.999_51, 4.000_75, 3.999_51][..]);
    TestFunction::of_continuous("shekel", &[(0.0, 10.0); 4], shekel_value, best)
}

fn shekel_value(x: &[f64]) -> f64 {
    const BETAS: [f64; 10] = [1.0, 2.0, 2.0, 4.0, 4.0, 6.0, 3.0, 7.0, 5.0, 5.0];
    const CENTERS: [[f64; 10]; 4] = [
        [4.0, 1.0, 8.0, 6.0, 3.0, 2.0, 5.0, 8.0, 6.0, 7.0],
        [4.0, 1.0, 8.0, 6.0, 7.0, 9.0, 3.0, 1.0, 2.0, 3.6],
        [4.0, 1.0, 8.0, 6.0, 3.0, 2.0, 5.0, 8.0, 6.0, 7.0],
        [4.0, 1.0, 8.0, 6.0, 7.0, 9.0, 3.0, 1.0, 2.0, 3.6],
    ];
    let hole = |i: usize| {
        let square: f64 = (0..4).map(|j| (x[j] - CENTERS[j][i]).powi(2)).sum();
        1.0 / (square + BETAS[i] / 10.0)
    };
    -(0..10).map(hole).sum::<f64>()
}

/// Each coordinate of the minimizer of Styblinski and Tang's function.
///
/// It is the root of 4 x³ − 32 x + 5 near −2.9.
const STYBLINSKI_TANG_MINIMIZER: f64 = -2.903_534_027_771_178;

/// Styblinski and Tang's function of ten parameters, with 2¹⁰ minima (Styblinski & Tang 1990).
pub fn styblinski_tang() -> TestFunction {
    let best = (-391.661_657_037_714_2, &[STYBLINSKI_TANG_MINIMIZER; 10][..]);
    TestFunction::of_continuous("styblinski10", &[(-5.0, 5.0); 10], styblinski_tang_value, best)
}

fn styblinski_tang_value(x: &[f64]) -> f64 {
    0.5 * x.iter().map(|x| x.powi(4) - 16.0 * x * x + 5.0 * x).sum::<f64>()
}
