//! Measures the Gaussian process: a fit, a prediction with gradients, and an added observation.
//!
//! Run it with
//!
//!     cargo bench --bench gaussian_process

#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use surmise::gp::{self, Assumptions, Features, OutputTransform, Posterior, Start};
use surmise::rng::Rng;
use surmise::sobol::Sobol;
use surmise::unit_cube::{Axis, UnitPoint};

const COUNTS: [usize; 3] = [32, 128, 512];
const DIMENSIONS: [usize; 2] = [4, 16];
/// Number of points in one prediction, as in the maximization of an acquisition function.
const BATCH: usize = 256;

/// `count + 1` points, with transformed losses of a quadratic function plus a sine wave.
struct Data {
    features: Features,
    points: Vec<UnitPoint>,
    losses: Vec<f64>,
}

impl Data {
    fn new(count: usize, dimension: usize) -> Self {
        let sobol = Sobol::new(dimension, &mut Rng::stream(1, 0));
        let points: Vec<UnitPoint> =
            (0..=count as u64).map(|index| sobol.point(index).into()).collect();
        let loss = |p: &UnitPoint| {
            p.iter().map(|x| (x - 0.3).powi(2) + 0.05 * (9.0 * x).sin()).sum::<f64>()
        };
        let losses: Vec<f64> = points.iter().map(loss).collect();
        let transform = OutputTransform::fit(&losses);
        let axes = vec![Axis::Continuous { resolution: 1e-7 }; dimension];
        Self {
            features: Features::new(&axes),
            points,
            losses: losses.into_iter().map(|loss| transform.apply(loss)).collect(),
        }
    }

    /// Returns the points and losses without the last ones, which a benchmark adds.
    fn observations(&self) -> (&[UnitPoint], &[f64]) {
        let count = self.points.len() - 1;
        (&self.points[..count], &self.losses[..count])
    }

    fn posterior(&self) -> Posterior {
        let (points, losses) = self.observations();
        // The measured times do not depend on the hyperparameters, so a few points suffice to fit
        // them.
        let count = points.len().min(32);
        let fit = gp::fit(
            &self.features,
            &points[..count],
            &losses[..count],
            Assumptions::default(),
            Start::Cold,
        );
        fit.process.condition(points, losses).expect("noise keeps the covariance definite")
    }
}

fn gaussian_process(criterion: &mut Criterion) {
    for dimension in DIMENSIONS {
        for count in COUNTS {
            let data = Data::new(count, dimension);
            let (points, losses) = data.observations();
            let mut measure =
                |operation: &str, work: &mut dyn FnMut(&mut criterion::Bencher<'_>)| {
                    let mut group = criterion.benchmark_group(format!("{operation}/d{dimension}"));
                    group.sample_size(10);
                    group.bench_function(BenchmarkId::from_parameter(count), |bencher| {
                        work(bencher);
                    });
                    group.finish();
                };
            measure("fit", &mut |bencher| {
                bencher.iter(|| {
                    gp::fit(&data.features, points, losses, Assumptions::default(), Start::Cold)
                });
            });
            let posterior = data.posterior();
            let sobol = Sobol::new(dimension, &mut Rng::stream(2, 0));
            let batch: Vec<UnitPoint> =
                (0..BATCH as u64).map(|index| sobol.point(index).into()).collect();
            measure("predict", &mut |bencher| {
                bencher.iter(|| posterior.predict_with_gradients(&batch));
            });
            measure("grow", &mut |bencher| {
                bencher.iter_batched(
                    || posterior.clone(),
                    |mut posterior| posterior.add_observations(&data.points[count..], &losses[..1]),
                    BatchSize::LargeInput,
                );
            });
        }
    }
}

criterion_group!(benches, gaussian_process);
criterion_main!(benches);
