//! The black box: gradient-boosted trees on the diabetes data, scored by cross-validation.

use forust_ml::objective::ObjectiveType;
use forust_ml::{GradientBooster, Matrix};
use surmise::Configuration;

/// Efron, Hastie, Johnstone & Tibshirani (2004), *Least Angle Regression*; see `examples/data/README.md`.
const DIABETES: &str = include_str!("../data/diabetes.csv");
const FOLDS: usize = 5;

/// The four hyperparameters of the tuning job, in XGBoost's words.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Hyperparameters {
    pub(crate) alpha: f64,
    pub(crate) gamma: f64,
    pub(crate) max_delta_step: i64,
    pub(crate) max_depth: i64,
}

impl Hyperparameters {
    pub(crate) fn of(configuration: &Configuration) -> Self {
        Self {
            alpha: configuration.float("alpha"),
            gamma: configuration.float("gamma"),
            max_delta_step: configuration.integer("max_delta_step"),
            max_depth: configuration.integer("max_depth"),
        }
    }
}

/// The data, split into folds by row number.
#[derive(Debug)]
pub(crate) struct Diabetes {
    rows: Vec<Vec<f64>>,
    targets: Vec<f64>,
}

impl Diabetes {
    /// Reads the table that comes with the example.
    pub(crate) fn read() -> Self {
        let number = |text: &str| text.parse::<f64>().expect("the table holds numbers");
        let (mut rows, mut targets) = (Vec::new(), Vec::new());
        for line in DIABETES.lines().skip(1) {
            let mut row: Vec<f64> = line.split(',').map(number).collect();
            targets.push(row.pop().expect("the last column is the target"));
            rows.push(row);
        }
        Self { rows, targets }
    }

    /// Root mean squared error over all rows, each predicted by trees that have not seen its fold.
    pub(crate) fn cross_validated_rmse(
        &self,
        hyperparameters: Hyperparameters,
    ) -> Result<f64, String> {
        let mut squares = 0.0;
        for fold in 0..FOLDS {
            let (held_out, seen): (Vec<usize>, Vec<usize>) =
                (0..self.rows.len()).partition(|row| row % FOLDS == fold);
            let targets: Vec<f64> = seen.iter().map(|row| self.targets[*row]).collect();
            let mut trees = booster(hyperparameters);
            let table = self.columns(&seen);
            trees
                .fit_unweighted(&self.matrix(&table, seen.len()), &targets, None)
                .map_err(|error| error.to_string())?;
            let table = self.columns(&held_out);
            let predicted = trees.predict(&self.matrix(&table, held_out.len()), false);
            let errors = held_out.iter().zip(predicted);
            squares += errors.map(|(row, y)| (self.targets[*row] - y).powi(2)).sum::<f64>();
        }
        #[allow(clippy::cast_precision_loss, reason = "a number of rows")]
        let count = self.rows.len() as f64;
        Ok((squares / count).sqrt())
    }

    /// The chosen rows, column by column.
    fn columns(&self, chosen: &[usize]) -> Vec<f64> {
        (0..self.rows[0].len())
            .flat_map(|column| chosen.iter().map(move |row| self.rows[*row][column]))
            .collect()
    }

    fn matrix<'a>(&self, columns: &'a [f64], rows: usize) -> Matrix<'a, f64> {
        Matrix::new(columns, rows, self.rows[0].len())
    }
}

/// 20 rounds at learning rate 0.3 with λ = 1, on one thread.
#[allow(clippy::cast_possible_truncation, reason = "the learner computes in f32")]
fn booster(hyperparameters: Hyperparameters) -> GradientBooster {
    let Hyperparameters { alpha, gamma, max_delta_step, max_depth } = hyperparameters;
    // XGBoost: 0 is no limit. forust: 0 is a single leaf.
    let max_depth =
        usize::try_from(max_depth).ok().filter(|depth| *depth > 0).unwrap_or(usize::MAX);
    GradientBooster::default()
        .set_objective_type(ObjectiveType::SquaredLoss)
        .set_iterations(20)
        .set_learning_rate(0.3)
        .set_l1(alpha as f32)
        .set_l2(1.0)
        .set_gamma(gamma as f32)
        .set_max_delta_step(max_delta_step as f32)
        .set_max_depth(max_depth)
        .set_parallel(false)
}
