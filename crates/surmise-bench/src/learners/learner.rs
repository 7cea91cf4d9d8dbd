//! A learner as a problem.

use std::fmt;
use std::time::Duration;

use super::data::{Division, REPLICATES, Table};
use crate::problem::{Evaluation, Problem};
use crate::statistics::mean;
use surmise::error::Error;
use surmise::rng::Rng;
use surmise::space::{Configuration, ParameterRange, SearchSpace};

/// Trains a model on a division; the result is its error on the held-out rows.
pub(super) type Train = fn(&Configuration, &Division) -> Result<f64, String>;

/// A learner with its data: the error of a model, as a function of its hyperparameters.
pub struct Learner {
    name: &'static str,
    space: SearchSpace,
    divisions: Vec<Division>,
    train: Train,
    /// The duration of an evaluation, in seconds.
    seconds: fn(&Configuration) -> f64,
    best_known: f64,
}

impl Learner {
    pub(super) fn new(
        name: &'static str,
        ranges: impl IntoIterator<Item = Result<ParameterRange, Error>>,
        table: &Table,
        (train, seconds): (Train, fn(&Configuration) -> f64),
        best_known: f64,
    ) -> Self {
        let space = SearchSpace::new(ranges).expect("valid ranges");
        Self { name, space, divisions: table.divisions(), train, seconds, best_known }
    }

    /// Returns the errors of all replicates.
    ///
    /// # Errors
    /// The reason why a model could not be trained.
    pub fn replicates(&self, configuration: &Configuration) -> Result<Vec<f64>, String> {
        self.divisions.iter().map(|division| (self.train)(configuration, division)).collect()
    }
}

impl fmt::Debug for Learner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Learner").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Problem for Learner {
    fn name(&self) -> &str {
        self.name
    }

    fn space(&self) -> &SearchSpace {
        &self.space
    }

    fn evaluate(&self, configuration: &Configuration, rng: &mut Rng) -> Evaluation {
        let replicate = rng.index(REPLICATES);
        let duration = Some(Duration::from_secs_f64((self.seconds)(configuration)));
        let errors = match self.replicates(configuration) {
            Ok(errors) if errors.iter().all(|error| error.is_finite()) => errors,
            Ok(_) => return Evaluation { duration, ..Err("the error is not finite").into() },
            Err(reason) => return Evaluation { duration, ..Err(reason).into() },
        };
        Evaluation {
            noiseless: Some(mean(&errors)),
            duration,
            ..Evaluation::from(errors[replicate])
        }
    }

    fn optimum(&self) -> Option<f64> {
        Some(self.best_known)
    }

    fn is_noisy(&self) -> bool {
        true
    }
}
