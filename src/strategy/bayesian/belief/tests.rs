use super::*;
use crate::acquisition::LogExpectedImprovement;
use crate::cube::{Axis, Levels};
use crate::gp::Hyperparameters;
use crate::rng::Rng;
use crate::strategy::{FailedPoint, Observation, Pending};

const AXES: [Axis; 4] = [
    Axis::Continuous { resolution: 1e-7 },
    Axis::Categories(3),
    Axis::Levels(Levels::even(40)),
    Axis::Continuous { resolution: 1e-7 },
];
const LENGTH_SCALES: [f64; 4] = [0.4, 1.2, 0.8, 1.5];

/// What a belief is made of: 14 observations, 2 pending points, and `failed` failures.
struct Known {
    axes: Vec<Axis>,
    observations: Vec<Observation>,
    pending: Vec<Pending>,
    failures: Vec<FailedPoint>,
    fitted: Fitted,
}

impl Known {
    fn new(failed: u64) -> Self {
        let mut rng = Rng::stream(4, 0);
        let mut point = || -> UnitPoint {
            AXES.iter().map(|axis| axis.snap(rng.uniform())).collect::<Vec<_>>().into()
        };
        let observation = |trial, point: UnitPoint| {
            let loss = (4.0 * point[0]).cos() + point[2] * point[3] - 0.5 * point[1];
            Observation { trial, point, loss }
        };
        Self {
            axes: AXES.to_vec(),
            observations: (1..15).map(|trial| observation(trial, point())).collect(),
            pending: (15..17).map(|trial| Pending { trial, point: point() }).collect(),
            failures: (17..17 + failed)
                .map(|trial| FailedPoint { trial, point: point() })
                .collect(),
            fitted: Fitted {
                hyperparameters: Hyperparameters {
                    length_scales: LENGTH_SCALES.to_vec(),
                    signal_variance: 1.4,
                    noise_variance: 1e-2,
                },
                trouble: None,
            },
        }
    }

    fn belief(&self) -> Belief<'static> {
        let history = History {
            axes: &self.axes,
            observations: &self.observations,
            pending: &self.pending,
            failures: &self.failures,
            next_trial: 40,
            max_jobs: None,
            max_parallel_jobs: 1,
        };
        Belief::new(&history, &self.fitted, &LogExpectedImprovement).unwrap()
    }

    /// With the axes in another order, and the categories of one in another.
    fn permuted(mut self) -> Self {
        self.axes = ORDER.iter().map(|&axis| AXES[axis]).collect();
        self.observations.iter_mut().for_each(|o| o.point = moved(&o.point));
        self.pending.iter_mut().for_each(|p| p.point = moved(&p.point));
        self.failures.iter_mut().for_each(|f| f.point = moved(&f.point));
        self.fitted.hyperparameters.length_scales =
            ORDER.iter().map(|&axis| LENGTH_SCALES[axis]).collect();
        self
    }
}

const ORDER: [usize; 4] = [2, 0, 3, 1];

fn moved(point: &UnitPoint) -> UnitPoint {
    let coordinate = |&axis: &usize| match AXES[axis] {
        kind @ Axis::Categories(count) => {
            kind.coordinate((kind.cell(point[axis]) + 1) % count as u64)
        }
        _ => point[axis],
    };
    ORDER.iter().map(coordinate).collect::<Vec<_>>().into()
}

fn places() -> Vec<UnitPoint> {
    let mut rng = Rng::stream(5, 0);
    (0..20).map(|_| AXES.iter().map(|a| a.snap(rng.uniform())).collect::<Vec<_>>().into()).collect()
}

#[test]
fn gradients_are_central_differences_with_and_without_failures() {
    for failed in [0, 5] {
        let belief = Known::new(failed).belief();
        let (values, gradients) = belief.values_and_gradients(&places());
        for (plain, value) in belief.values(&places()).iter().zip(&values) {
            assert!((plain - value).abs() < 1e-10 * value.abs().max(1.0));
        }
        for (place, gradient) in places().iter().zip(&gradients) {
            for (axis, slope) in gradient.iter().enumerate() {
                let shifted = |step: f64| {
                    let mut place = place.to_vec();
                    place[axis] += step;
                    belief.values(&[place.into()])[0]
                };
                let difference = (shifted(1e-6) - shifted(-1e-6)) / 2e-6;
                let error = (slope - difference).abs();
                assert!(error < 1e-4 * difference.abs().max(1.0), "{axis}: {slope} {difference}");
            }
        }
    }
}

#[test]
fn permuted_parameters_and_categories_change_nothing() {
    for failed in [0, 5] {
        let plain = Known::new(failed).belief().values(&places());
        let moved_places: Vec<UnitPoint> = places().iter().map(moved).collect();
        let permuted = Known::new(failed).permuted().belief().values(&moved_places);
        for (a, b) in plain.iter().zip(&permuted) {
            assert!((a - b).abs() < 1e-9 * a.abs().max(1.0), "{a} {b}");
        }
        assert!(plain.iter().any(|value| (value - plain[0]).abs() > 0.1), "they differ by place");
    }
}
