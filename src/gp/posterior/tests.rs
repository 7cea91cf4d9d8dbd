use super::*;
use crate::cube::{Axis as CubeAxis, Levels};
use crate::gp::{Features, Hyperparameters};
use crate::rng::Rng;

fn axes() -> Vec<CubeAxis> {
    vec![
        CubeAxis::Continuous { resolution: 1e-7 },
        CubeAxis::Levels(Levels::even(9)),
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

fn assert_same(a: &Prediction, b: &Prediction, tolerance: f64) {
    let worst = |x: &Array1<f64>, y: &Array1<f64>| {
        (x - y).iter().fold(0.0_f64, |worst, gap| worst.max(gap.abs()))
    };
    let (mean, variance) = (worst(&a.mean, &b.mean), worst(&a.variance, &b.variance));
    assert!(mean < tolerance && variance < tolerance, "means {mean}, variances {variance}");
}

/// The same by another route: a mean estimated by least squares is a zero mean plus a constant of unbounded variance.
#[test]
fn an_estimated_mean_is_a_constant_of_unbounded_variance() {
    let (seen, at) = (points(7, 10), points(12, 11));
    let values = losses(&seen);
    let process = process(1e-2);
    let Hyperparameters { signal_variance, noise_variance, .. } = process.hyperparameters;
    let unbounded = 1e6;
    let rows = |points: &[Vec<f64>]| process.scaled(points);
    let between = |a: &Array2<f64>, b: &Array2<f64>| process.covariances(a, b).0 + unbounded;
    let (seen_rows, at_rows) = (rows(&seen), rows(&at));
    let noise = Array2::<f64>::eye(seen.len()) * noise_variance;
    let cholesky = Cholesky::factor(&(between(&seen_rows, &seen_rows) + noise)).unwrap();
    let cross = between(&at_rows, &seen_rows);
    let mean = cross.dot(&cholesky.solve(Array1::from(values.clone()).view()));
    let explained = cholesky.half_solve(cross.t()).map(|x| x * x).sum_axis(Axis(0));
    let variance = signal_variance + unbounded - explained;
    let by_limit = Prediction { mean, variance };
    let posterior = process.clone().condition(&seen, &values).unwrap();
    assert_same(&posterior.predict(&at), &by_limit, 1e-5);
}

#[test]
fn little_noise_interpolates() {
    let seen = points(10, 5);
    let posterior = process(1e-9).condition(&seen, &losses(&seen)).unwrap();
    let prediction = posterior.predict(&seen);
    let gap = prediction.mean - Array1::from(losses(&seen));
    assert!(gap.iter().all(|gap| gap.abs() < 1e-6));
    assert!(prediction.variance.iter().all(|v| *v < 1e-7));
}

#[test]
fn believing_moves_no_mean_and_raises_no_variance() {
    let (seen, at) = (points(8, 6), points(20, 7));
    let mut posterior = process(1e-3).condition(&seen, &losses(&seen)).unwrap();
    let before = posterior.predict(&at);
    let expected = posterior.predict(&at[..1]).mean[0];
    let believed = posterior.believe(&at[..1]).unwrap();
    assert!((believed[0] - expected).abs() < 1e-15);
    let after = posterior.predict(&at);
    assert!((&after.mean - &before.mean).iter().all(|gap| gap.abs() < 1e-9));
    assert!((&after.variance - &before.variance).iter().all(|gap| *gap < 1e-9));
    assert!(after.variance[0] < 0.01 * before.variance[0]);
}

#[test]
fn one_observation_and_duplicates_survive() {
    let point = vec![0.3, 0.5, 0.5, 0.2];
    let one = process(1e-6).condition(&[&point], &[2.0]).unwrap();
    let far = one.predict(&[[0.9, 0.0, 0.1, 0.9]]);
    assert!((far.mean[0] - 2.0).abs() < 1e-9 && far.variance[0] > 0.1);
    let copies = process(1e-6).condition(&[&point, &point, &point], &[1.0, 2.0, 3.0]).unwrap();
    assert!((copies.predict(&[&point]).mean[0] - 2.0).abs() < 1e-6);
}
