//! The strategies of this crate, made again of their descriptions.

use serde::Deserialize;

use super::bayesian;
use super::contract::Strategy;
use super::grid::{self, GridSearch};
use super::random::{self, RandomSearch};
use super::sobol::{self, SobolSearch};
use crate::cube::Grid;
use crate::description::Description;
use crate::error::Error;

/// The strategy of this crate that has this [description](Strategy::description).
///
/// # Errors
/// [`Error::Strategy`] if there is none, or its settings cannot be read: a strategy of a program's own can only be made by that program.
pub fn of_description(description: &Description) -> Result<Box<dyn Strategy>, Error> {
    let Description { name, settings } = description;
    match name.as_str() {
        random::NAME => Ok(Box::new(RandomSearch)),
        sobol::NAME => Ok(Box::new(SobolSearch)),
        grid::NAME => {
            let grid = Grid::deserialize(settings)
                .map_err(|error| Error::Strategy(format!("settings of `{name}`: {error}")))?;
            Ok(Box::new(GridSearch::new(grid)))
        }
        bayesian::NAME => Ok(Box::new(bayesian::of_settings(settings)?)),
        _ => Err(Error::Strategy(format!(
            "`{name}` is no strategy of this crate: go on in the program that has it"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::acquisition::Acquisition;
    use crate::acquisition::{LogProbabilityOfImprovement, UpperConfidenceBound, Worth};
    use crate::strategy::{BayesianOptimization, Kernel, Noise, Recipe, Uncertainty, WhenSettled};

    #[test]
    fn strategies_are_made_again_of_their_descriptions() {
        let recipe = Recipe::default()
            .with_noise(Noise::Present)
            .with_kernel(Kernel::SquaredExponential)
            .with_uncertainty(Uncertainty::Laplace { draws: 7 })
            .with_failures_to_avoid(usize::MAX)
            .when_settled(WhenSettled::Polish);
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
            let again = of_description(&read).unwrap_or_else(|error| panic!("{written}: {error}"));
            assert_eq!(again.description(), strategy.description());
            assert_eq!(format!("{again:?}"), format!("{strategy:?}"));
        }
    }

    #[derive(Debug)]
    struct Own;

    impl Acquisition for Own {
        fn worth(&self, mean: f64, _deviation: f64, _incumbent: f64) -> Worth {
            Worth { value: -mean, slope_mean: -1.0, slope_deviation: 0.0 }
        }
    }

    #[test]
    fn what_is_not_of_this_crate_is_named() {
        let own = BayesianOptimization::new(Own).description();
        let refused = of_description(&own).unwrap_err().to_string();
        assert!(refused.contains("surmise::Own"), "{refused}");
        let refused = of_description(&Description::named("mine::Best")).unwrap_err().to_string();
        assert!(refused.contains("`mine::Best`"), "{refused}");
        for settings in ["{}", "3", r#"{"coordinates":[[2.0]],"numbers":[[]]}"#] {
            let settings: serde_json::Value = serde_json::from_str(settings).unwrap();
            for name in [grid::NAME, bayesian::NAME] {
                let refused = of_description(&Description::named(name).with(&settings));
                assert!(matches!(refused, Err(Error::Strategy(_))), "{name} of {settings}");
            }
        }
    }
}
