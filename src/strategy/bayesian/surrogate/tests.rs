use super::*;
use crate::acquisition::{LogExpectedImprovement, UpperConfidenceBound};
use crate::gp::{Draw, Hyperparameters};
use crate::rng::Rng;
use crate::strategy::{FailedPoint, Infeasibility, Observation, Pending};
use crate::unit_cube::{Axis, Levels};

const AXES: [Axis; 4] = [
    Axis::Continuous { resolution: 1e-7 },
    Axis::Categories(3),
    Axis::Levels(Levels::evenly_spaced(40)),
    Axis::Continuous { resolution: 1e-7 },
];
const LENGTH_SCALES: [f64; 4] = [0.4, 1.2, 0.8, 1.5];
const OTHER_SCALES: [f64; 4] = [0.9, 0.7, 0.5, 0.6];

/// The inputs of a surrogate: 14 observations, 2 pending trials and some failures.
struct Inputs {
    axes: Vec<Axis>,
    observations: Vec<Observation>,
    pending: Vec<Pending>,
    failures: Vec<FailedPoint>,
    fitted: FittedModel,
    recipe: Recipe,
}

fn hyperparameters(length_scales: &[f64]) -> Hyperparameters {
    Hyperparameters::new(length_scales.to_vec(), 1.4, 1e-2)
}

impl Inputs {
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
            fitted: FittedModel::from_draws(vec![
                Draw { weight: 0.7, hyperparameters: hyperparameters(&LENGTH_SCALES) },
                Draw { weight: 0.3, hyperparameters: hyperparameters(&OTHER_SCALES) },
            ]),
            recipe: Recipe::default(),
        }
    }

    fn surrogate(&self, acquisition: &'static dyn Acquisition) -> Surrogate<'static> {
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
        Surrogate::new(&history, &self.fitted, acquisition, &self.recipe, &mut rng).unwrap()
    }

    fn with_imputation(mut self, pending: PendingImputation) -> Self {
        self.recipe.pending_imputation = pending;
        self
    }

    /// Permutes the axes, and the categories of the categorical axis.
    fn permuted(mut self) -> Self {
        self.axes = ORDER.iter().map(|&axis| AXES[axis]).collect();
        self.observations.iter_mut().for_each(|o| o.point = permute(&o.point));
        self.pending.iter_mut().for_each(|p| p.point = permute(&p.point));
        self.failures.iter_mut().for_each(|f| f.point = permute(&f.point));
        for draw in &mut self.fitted.draws {
            let scales = &mut draw.hyperparameters.length_scales;
            *scales = ORDER.iter().map(|&axis| scales[axis]).collect();
        }
        self
    }
}

const ORDER: [usize; 4] = [2, 0, 3, 1];

fn permute(point: &UnitPoint) -> UnitPoint {
    let coordinate = |&axis: &usize| match AXES[axis] {
        kind @ Axis::Categories(count) => {
            kind.coordinate((kind.cell(point[axis]) + 1) % count as u64)
        }
        _ => point[axis],
    };
    ORDER.iter().map(coordinate).collect::<Vec<_>>().into()
}

fn random_points() -> Vec<UnitPoint> {
    let mut rng = Rng::stream(5, 0);
    (0..20).map(|_| AXES.iter().map(|a| a.snap(rng.uniform())).collect::<Vec<_>>().into()).collect()
}

/// Returns inputs with and without failures, for all imputations, and for a logarithmic and a
/// non-logarithmic acquisition function.
fn test_cases() -> Vec<(Inputs, &'static dyn Acquisition)> {
    const BOUND: UpperConfidenceBound = UpperConfidenceBound::DEFAULT;
    let mut test_cases: Vec<(Inputs, &'static dyn Acquisition)> = Vec::new();
    for failed in [0, 5] {
        for pending in [
            PendingImputation::KrigingBeliever,
            PendingImputation::Fantasies,
            PendingImputation::Ignored,
        ] {
            let inputs = || Inputs::new(failed).with_imputation(pending);
            test_cases.push((inputs(), &LogExpectedImprovement));
            test_cases.push((inputs(), &BOUND));
        }
    }
    test_cases
}

#[test]
fn gradients_match_central_differences() {
    for (inputs, acquisition) in test_cases() {
        let surrogate = inputs.surrogate(acquisition);
        let (values, gradients) = surrogate.values_and_gradients(&random_points());
        for (plain, value) in surrogate.values(&random_points()).iter().zip(&values) {
            assert!((plain - value).abs() < 1e-10 * value.abs().max(1.0));
        }
        for (point, gradient) in random_points().iter().zip(&gradients) {
            for (axis, component) in gradient.iter().enumerate() {
                let shifted = |step: f64| {
                    let mut point = point.to_vec();
                    point[axis] += step;
                    surrogate.values(&[point.into()])[0]
                };
                let difference = (shifted(1e-6) - shifted(-1e-6)) / 2e-6;
                let error = (component - difference).abs();
                assert!(
                    error < 1e-4 * difference.abs().max(1.0),
                    "{axis}: {component} {difference}"
                );
            }
        }
    }
}

#[test]
fn permuting_parameters_and_categories_changes_nothing() {
    for ((inputs, acquisition), (other, _)) in test_cases().into_iter().zip(test_cases()) {
        let values = inputs.surrogate(acquisition).values(&random_points());
        let points: Vec<UnitPoint> = random_points().iter().map(permute).collect();
        let permuted = other.permuted().surrogate(acquisition).values(&points);
        for (a, b) in values.iter().zip(&permuted) {
            assert!((a - b).abs() < 1e-9 * a.abs().max(1.0), "{a} {b}");
        }
        assert!(values.iter().any(|value| (value - values[0]).abs() > 0.1), "values differ");
    }
}

/// Compares with expected improvement, averaged over draws of the hyperparameters and scenarios.
#[test]
fn expected_improvement_itself_is_averaged() {
    let inputs = Inputs::new(0).with_imputation(PendingImputation::Fantasies);
    let surrogate = inputs.surrogate(&LogExpectedImprovement);
    let value = surrogate.values(&random_points()[..1])[0];
    let mut average = 0.0;
    for components in &surrogate.components {
        let (means, variance) = components.scenarios.predict(&random_points()[..1]);
        let std_dev = variance[0].sqrt();
        for (mean, incumbent) in means.iter().zip(&components.incumbents) {
            let u = (incumbent - mean) / std_dev;
            let improvement = std_dev * (crate::normal::pdf(u) + u * crate::normal::cdf(u));
            average += components.weight * improvement / to_float(means.len());
        }
    }
    assert_eq!(surrogate.components[0].incumbents.len(), 16, "two pending trials");
    assert!((value - average.ln()).abs() < 1e-9, "{value} {}", average.ln());
}

#[test]
fn the_automatic_imputation_depends_on_the_noise() {
    let scenarios = |noise: f64, imputation| {
        let mut inputs = Inputs::new(0).with_imputation(imputation);
        for draw in &mut inputs.fitted.draws {
            draw.hyperparameters.noise_variance = noise;
        }
        inputs.surrogate(&LogExpectedImprovement).components[0].incumbents.len()
    };
    assert_eq!(scenarios(1e-4, PendingImputation::Automatic), 1);
    assert_eq!(scenarios(0.1, PendingImputation::Automatic), 16);
    assert_eq!(scenarios(0.1, PendingImputation::KrigingBeliever), 1);
    assert_eq!(scenarios(1e-4, PendingImputation::Fantasies), 16);
}
