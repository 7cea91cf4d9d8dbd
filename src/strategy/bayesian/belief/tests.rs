use super::*;
use crate::acquisition::{LogExpectedImprovement, UpperConfidenceBound};
use crate::cube::{Axis, Levels};
use crate::gp::{Draw, Hyperparameters};
use crate::rng::Rng;
use crate::strategy::{FailedPoint, Infeasibility, Observation, Pending};

const AXES: [Axis; 4] = [
    Axis::Continuous { resolution: 1e-7 },
    Axis::Categories(3),
    Axis::Levels(Levels::even(40)),
    Axis::Continuous { resolution: 1e-7 },
];
const LENGTH_SCALES: [f64; 4] = [0.4, 1.2, 0.8, 1.5];
const OTHER_SCALES: [f64; 4] = [0.9, 0.7, 0.5, 0.6];

/// What a belief is made of: 14 observations, 2 pending points, and `failed` failures.
struct Known {
    axes: Vec<Axis>,
    observations: Vec<Observation>,
    pending: Vec<Pending>,
    failures: Vec<FailedPoint>,
    fitted: Fitted,
    recipe: Recipe,
}

fn hyperparameters(length_scales: &[f64]) -> Hyperparameters {
    Hyperparameters::new(length_scales.to_vec(), 1.4, 1e-2)
}

impl Known {
    fn new(failed: u64) -> Self {
        let mut rng = Rng::stream(4, 0);
        let mut point = || -> UnitPoint {
            AXES.iter().map(|axis| axis.snap(rng.uniform())).collect::<Vec<_>>().into()
        };
        let observation = |trial, point: UnitPoint| {
            let loss = (4.0 * point[0]).cos() + point[2] * point[3] - 0.5 * point[1];
            Observation::new(trial, point, loss)
        };
        Self {
            axes: AXES.to_vec(),
            observations: (1..15).map(|trial| observation(TrialId(trial), point())).collect(),
            pending: (15..17)
                .map(|trial| Pending { trial: TrialId(trial), point: point() })
                .collect(),
            failures: (17..17 + failed)
                .map(|trial| FailedPoint::new(TrialId(trial), point(), Infeasibility::Infeasible))
                .collect(),
            fitted: Fitted::of(vec![
                Draw { weight: 0.7, hyperparameters: hyperparameters(&LENGTH_SCALES) },
                Draw { weight: 0.3, hyperparameters: hyperparameters(&OTHER_SCALES) },
            ]),
            recipe: Recipe::default(),
        }
    }

    fn belief(&self, acquisition: &'static dyn Acquisition) -> Belief<'static> {
        let history = History {
            axes: &self.axes,
            observations: &self.observations,
            pending: &self.pending,
            failures: &self.failures,
            next_trial: TrialId(40),
            max_jobs: None,
            max_parallel_jobs: 1,
            repetitions: crate::strategy::Repetitions::Never,
            index: None,
        };
        let mut rng = Rng::stream(9, 0);
        Belief::new(&history, &self.fitted, acquisition, &self.recipe, &mut rng).unwrap()
    }

    fn pending(mut self, pending: PendingBelief) -> Self {
        self.recipe.pending = pending;
        self
    }

    /// With the axes in another order, and the categories of one in another.
    fn permuted(mut self) -> Self {
        self.axes = ORDER.iter().map(|&axis| AXES[axis]).collect();
        self.observations.iter_mut().for_each(|o| o.point = moved(&o.point));
        self.pending.iter_mut().for_each(|p| p.point = moved(&p.point));
        self.failures.iter_mut().for_each(|f| f.point = moved(&f.point));
        for draw in &mut self.fitted.draws {
            let scales = &mut draw.hyperparameters.length_scales;
            *scales = ORDER.iter().map(|&axis| scales[axis]).collect();
        }
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

/// With and without failures, all ways of taking the pending, logarithms and others.
fn beliefs() -> Vec<(Known, &'static dyn Acquisition)> {
    const BOUND: UpperConfidenceBound = UpperConfidenceBound::USUAL;
    let mut beliefs: Vec<(Known, &'static dyn Acquisition)> = Vec::new();
    for failed in [0, 5] {
        for pending in [PendingBelief::Expected, PendingBelief::Fantasies, PendingBelief::Ignored] {
            beliefs.push((Known::new(failed).pending(pending), &LogExpectedImprovement));
            beliefs.push((Known::new(failed).pending(pending), &BOUND));
        }
    }
    beliefs
}

#[test]
fn gradients_are_central_differences() {
    for (known, acquisition) in beliefs() {
        let belief = known.belief(acquisition);
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
    for ((plain, acquisition), (other, _)) in beliefs().into_iter().zip(beliefs()) {
        let values = plain.belief(acquisition).values(&places());
        let moved_places: Vec<UnitPoint> = places().iter().map(moved).collect();
        let permuted = other.permuted().belief(acquisition).values(&moved_places);
        for (a, b) in values.iter().zip(&permuted) {
            assert!((a - b).abs() < 1e-9 * a.abs().max(1.0), "{a} {b}");
        }
        assert!(values.iter().any(|value| (value - values[0]).abs() > 0.1), "they differ by place");
    }
}

/// By another route: expected improvement itself, averaged by hand over draws of the hyperparameters and scenarios.
#[test]
fn what_is_averaged_is_expected_improvement() {
    let known = Known::new(0).pending(PendingBelief::Fantasies);
    let belief = known.belief(&LogExpectedImprovement);
    let value = belief.values(&places()[..1])[0];
    let mut average = 0.0;
    for cases in &belief.cases {
        let (means, variance) = cases.scenarios.predict(&places()[..1]);
        let deviation = variance[0].sqrt();
        for (mean, incumbent) in means.iter().zip(&cases.incumbents) {
            let u = (incumbent - mean) / deviation;
            let improvement =
                deviation * (crate::normal::density(u) + u * crate::normal::distribution(u));
            average += cases.weight * improvement / to_float(means.len());
        }
    }
    assert_eq!(belief.cases[0].incumbents.len(), 16, "two pending trials");
    assert!((value - average.ln()).abs() < 1e-9, "{value} {}", average.ln());
}

#[test]
fn what_pending_trials_are_taken_for_depends_on_the_noise() {
    let scenarios = |noise: f64, pending| {
        let mut known = Known::new(0).pending(pending);
        for draw in &mut known.fitted.draws {
            draw.hyperparameters.noise_variance = noise;
        }
        known.belief(&LogExpectedImprovement).cases[0].incumbents.len()
    };
    assert_eq!(scenarios(1e-4, PendingBelief::ByRegime), 1);
    assert_eq!(scenarios(0.1, PendingBelief::ByRegime), 16);
    assert_eq!(scenarios(0.1, PendingBelief::Expected), 1);
    assert_eq!(scenarios(1e-4, PendingBelief::Fantasies), 16);
}
