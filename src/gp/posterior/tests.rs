use super::*;
use crate::gp::{Features, Hyperparameters};
use crate::rng::Rng;
use crate::unit_cube::{Axis as CubeAxis, Levels};

fn axes() -> Vec<CubeAxis> {
    vec![
        CubeAxis::Continuous { resolution: 1e-7 },
        CubeAxis::Levels(Levels::evenly_spaced(9)),
        CubeAxis::Categories(3),
        CubeAxis::Continuous { resolution: 1e-7 },
    ]
}

fn process(noise_variance: f64) -> GaussianProcess {
    let length_scales = vec![0.4, 0.9, 1.3, 0.7];
    GaussianProcess::new(
        Features::new(&axes()),
        Hyperparameters::new(length_scales, 1.7, noise_variance),
    )
}

fn points(count: usize, seed: u64) -> Vec<Vec<f64>> {
    let mut rng = Rng::stream(seed, 0);
    (0..count).map(|_| axes().iter().map(|axis| axis.snap(rng.uniform())).collect()).collect()
}

fn losses(points: &[Vec<f64>]) -> Vec<f64> {
    points.iter().map(|p| (4.0 * p[0]).cos() + p[1] * p[3] - 0.5 * p[2]).collect()
}

fn assert_close(a: &Prediction, b: &Prediction, tolerance: f64) {
    let max_gap = |x: &Array1<f64>, y: &Array1<f64>| {
        (x - y).iter().fold(0.0_f64, |max, gap| max.max(gap.abs()))
    };
    let (mean, variance) = (max_gap(&a.mean, &b.mean), max_gap(&a.variance, &b.variance));
    assert!(mean < tolerance && variance < tolerance, "means {mean}, variances {variance}");
}

/// A mean estimated by least squares equals a zero mean plus a constant of unbounded variance.
#[test]
fn an_estimated_mean_is_a_constant_of_unbounded_variance() {
    let (observed, at) = (points(7, 10), points(12, 11));
    let values = losses(&observed);
    let process = process(1e-2);
    let Hyperparameters { signal_variance, noise_variance, .. } = process.hyperparameters;
    let unbounded = 1e6;
    let rows = |points: &[Vec<f64>]| process.scaled_rows(points);
    let covariances = |a: &Array2<f64>, b: &Array2<f64>| process.covariances(a, b).0 + unbounded;
    let (observed_rows, at_rows) = (rows(&observed), rows(&at));
    let noise = Array2::<f64>::eye(observed.len()) * noise_variance;
    let cholesky =
        Cholesky::factor(&(covariances(&observed_rows, &observed_rows) + noise)).unwrap();
    let cross = covariances(&at_rows, &observed_rows);
    let mean = cross.dot(&cholesky.solve(Array1::from(values.clone()).view()));
    let explained = cholesky.solve_lower(cross.t()).map(|x| x * x).sum_axis(Axis(0));
    let variance = signal_variance + unbounded - explained;
    let expected = Prediction { mean, variance };
    let posterior = process.clone().condition(&observed, &values).unwrap();
    assert_close(&posterior.predict(&at), &expected, 1e-5);
}

#[test]
fn the_mean_interpolates_losses_with_little_noise() {
    let observed = points(10, 5);
    let posterior = process(1e-9).condition(&observed, &losses(&observed)).unwrap();
    let prediction = posterior.predict(&observed);
    let gap = prediction.mean - Array1::from(losses(&observed));
    assert!(gap.iter().all(|gap| gap.abs() < 1e-6));
    assert!(prediction.variance.iter().all(|v| *v < 1e-7));
}

#[test]
fn imputing_expected_losses_keeps_the_mean_and_lowers_the_variance() {
    let (observed, at) = (points(8, 6), points(20, 7));
    let mut posterior = process(1e-3).condition(&observed, &losses(&observed)).unwrap();
    let before = posterior.predict(&at);
    let expected = posterior.predict(&at[..1]).mean[0];
    let imputed = posterior.impute_expected(&at[..1]).unwrap();
    assert!((imputed[0] - expected).abs() < 1e-15);
    let after = posterior.predict(&at);
    assert!((&after.mean - &before.mean).iter().all(|gap| gap.abs() < 1e-9));
    assert!((&after.variance - &before.variance).iter().all(|gap| *gap < 1e-9));
    assert!(after.variance[0] < 0.01 * before.variance[0]);
}

#[test]
fn one_observation_and_duplicates_can_be_conditioned_on() {
    let point = vec![0.3, 0.5, 0.5, 0.2];
    let one = process(1e-6).condition(&[&point], &[2.0]).unwrap();
    let far = one.predict(&[[0.9, 0.0, 0.1, 0.9]]);
    assert!((far.mean[0] - 2.0).abs() < 1e-9 && far.variance[0] > 0.1);
    let copies = process(1e-6).condition(&[&point, &point, &point], &[1.0, 2.0, 3.0]).unwrap();
    assert!((copies.predict(&[&point]).mean[0] - 2.0).abs() < 1e-6);
}
