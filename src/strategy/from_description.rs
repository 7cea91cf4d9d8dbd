//! Recreates the strategies of this crate from their descriptions.

use serde::Deserialize;

use super::bayesian;
use super::contract::Strategy;
use super::grid::{self, GridSearch};
use super::random::{self, RandomSearch};
use super::sobol::{self, SobolSearch};
use crate::description::Description;
use crate::error::Error;
use crate::unit_cube::Grid;

/// Recreates a strategy of this crate from its [description](Strategy::description).
///
/// Custom strategies cannot be recreated: only the program that defines them can create them.
///
/// # Errors
/// - [`Error::Strategy`] if this crate has no strategy or acquisition function of that name, or if
///   the settings cannot be read.
/// - [`Error::Invalid`] if a setting of the acquisition function is invalid.
pub fn from_description(description: &Description) -> Result<Box<dyn Strategy>, Error> {
    let Description { name, settings } = description;
    match name.as_str() {
        random::NAME => Ok(Box::new(RandomSearch)),
        sobol::NAME => Ok(Box::new(SobolSearch)),
        grid::NAME => {
            let grid = Grid::deserialize(settings).map_err(|error| {
                Error::Strategy(format!(
                    "the settings of the strategy `{name}` cannot be read: {error}"
                ))
            })?;
            Ok(Box::new(GridSearch::new(grid)))
        }
        bayesian::NAME => Ok(Box::new(bayesian::from_settings(settings)?)),
        _ => Err(Error::Strategy(format!(
            "`{name}` is not a strategy of this crate: resume the study in the program \
             that defines it"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acquisition::Acquisition;
    use crate::acquisition::{AcquisitionValue, LogProbabilityOfImprovement, UpperConfidenceBound};
    use crate::strategy::{
        BayesianOptimization, Exploration, HyperparameterInference, Kernel, Noise, Recipe,
    };

    #[test]
    fn strategies_are_recreated_from_their_descriptions() {
        let recipe = Recipe::default()
            .with_noise(Noise::Present)
            .with_kernel(Kernel::SquaredExponential)
            .with_hyperparameter_inference(HyperparameterInference::Laplace { draws: 7 })
            .with_min_failures_to_model(usize::MAX)
            .with_exploration(Exploration::Never);
        let grid = Grid::new(vec![vec![0.0, 0.1 + 0.2, 1.0], vec![0.5]]).unwrap();
        let grid = grid.with_numbers(0, vec![1e-5, 0.1, f64::MAX]);
        let strategies: [Box<dyn Strategy>; 8] = [
            Box::new(RandomSearch),
            Box::new(SobolSearch),
            Box::new(GridSearch::new(grid)),
            Box::new(BayesianOptimization::default()),
            Box::new(BayesianOptimization::default().with_recipe(recipe)),
            Box::new(BayesianOptimization::new(UpperConfidenceBound::new(0.1 + 0.2).unwrap())),
            Box::new(BayesianOptimization::new(LogProbabilityOfImprovement)),
            Box::new(BayesianOptimization::thompson_sampling()),
        ];
        for strategy in strategies {
            let written = serde_json::to_string(&strategy.description()).unwrap();
            let read: Description = serde_json::from_str(&written).unwrap();
            let recreated =
                from_description(&read).unwrap_or_else(|error| panic!("{written}: {error}"));
            assert_eq!(recreated.description(), strategy.description());
            assert_eq!(format!("{recreated:?}"), format!("{strategy:?}"));
        }
    }

    #[derive(Debug)]
    struct CustomAcquisition;

    impl Acquisition for CustomAcquisition {
        fn evaluate(&self, mean: f64, _std_dev: f64, _incumbent: f64) -> AcquisitionValue {
            AcquisitionValue { value: -mean, mean_derivative: -1.0, std_dev_derivative: 0.0 }
        }
    }

    #[test]
    fn errors_name_unknown_strategies_and_acquisitions() {
        let custom = BayesianOptimization::new(CustomAcquisition).description();
        let error = from_description(&custom).unwrap_err().to_string();
        assert!(error.contains("surmise::CustomAcquisition"), "{error}");
        let error = from_description(&Description::named("mine::Best")).unwrap_err().to_string();
        assert!(error.contains("`mine::Best`"), "{error}");
        for settings in ["{}", "3", r#"{"coordinates":[[2.0]],"numbers":[[]]}"#] {
            let settings: serde_json::Value = serde_json::from_str(settings).unwrap();
            for name in [grid::NAME, bayesian::NAME] {
                let result = from_description(&Description::named(name).with_settings(&settings));
                assert!(matches!(result, Err(Error::Strategy(_))), "{name} with {settings}");
            }
        }
    }
}
