//! Gradient-boosted trees on the diabetes data, with cross-validation.

use forust_ml::objective::ObjectiveType;
use forust_ml::sampler::SampleMethod;
use forust_ml::{GradientBooster, Matrix};
use surmise::Configuration;

/// The data of Efron, Hastie, Johnstone & Tibshirani (2004); see `data/README.md`.
const DIABETES: &str = include_str!("../data/diabetes.csv");
const FOLDS: usize = 5;

/// The hyperparameters of the trees, with XGBoost's names and meanings.
#[derive(Debug, Clone, Copy)]
pub struct Hyperparameters {
    /// The L1 penalty of the leaf values.
    pub alpha: f64,
    /// The minimum loss reduction of a split.
    pub gamma: f64,
    /// The maximum absolute value of a leaf; 0 means no limit.
    pub max_delta_step: f64,
    /// The maximum depth of a tree; 0 means no limit.
    pub max_depth: f64,
    lambda: f64,
    eta: f64,
    min_child_weight: f64,
    subsample: f64,
    colsample_bytree: f64,
    num_round: f64,
}

impl Hyperparameters {
    /// The defaults of XGBoost, with 20 rounds.
    pub const UNTUNED: Self = Self {
        alpha: 0.0,
        gamma: 0.0,
        max_delta_step: 0.0,
        max_depth: 6.0,
        lambda: 1.0,
        eta: 0.3,
        min_child_weight: 1.0,
        subsample: 1.0,
        colsample_bytree: 1.0,
        num_round: 20.0,
    };

    /// Replaces the hyperparameters that a configuration contains, and keeps all other values.
    ///
    /// Use it to train with a configuration of a study. Unknown names are ignored.
    #[must_use]
    pub fn with_configuration(mut self, configuration: &Configuration) -> Self {
        for (name, value) in configuration.iter() {
            self.set(name, &value.to_string());
        }
        self
    }

    /// Sets a hyperparameter by name; returns false if the name is unknown or the value no number.
    pub fn set(&mut self, name: &str, value: &str) -> bool {
        let field = match name {
            "alpha" | "reg_alpha" => &mut self.alpha,
            "gamma" | "min_split_loss" => &mut self.gamma,
            "max_delta_step" => &mut self.max_delta_step,
            "max_depth" => &mut self.max_depth,
            "lambda" | "reg_lambda" => &mut self.lambda,
            "eta" | "learning_rate" => &mut self.eta,
            "min_child_weight" => &mut self.min_child_weight,
            "subsample" => &mut self.subsample,
            "colsample_bytree" => &mut self.colsample_bytree,
            "num_round" => &mut self.num_round,
            _ => return false,
        };
        value.parse().map(|number| *field = number).is_ok()
    }
}

/// The diabetes data, split into five folds by row number.
#[derive(Debug)]
pub struct DiabetesData {
    rows: Vec<Vec<f64>>,
    targets: Vec<f64>,
}

impl DiabetesData {
    /// Loads the data, a table that is part of the crate.
    #[allow(clippy::missing_panics_doc, reason = "the table contains numbers only")]
    pub fn load() -> Self {
        let number = |text: &str| text.parse::<f64>().expect("the table contains numbers");
        let (mut rows, mut targets) = (Vec::new(), Vec::new());
        for line in DIABETES.lines().skip(1) {
            let mut row: Vec<f64> = line.split(',').map(number).collect();
            targets.push(row.pop().expect("the last column is the target"));
            rows.push(row);
        }
        Self { rows, targets }
    }

    /// Computes the root mean squared error of a five-fold cross-validation, in the targets' unit.
    ///
    /// # Errors
    /// The message of the library if the trees cannot be fitted.
    pub fn cross_validated_rmse(&self, hyperparameters: Hyperparameters) -> Result<f64, String> {
        let mut squared_errors = 0.0;
        for fold in 0..FOLDS {
            let (held_out, training): (Vec<usize>, Vec<usize>) =
                (0..self.rows.len()).partition(|row| row % FOLDS == fold);
            let targets: Vec<f64> = training.iter().map(|row| self.targets[*row]).collect();
            let mut trees = booster(hyperparameters);
            let table = self.columns(&training);
            trees
                .fit_unweighted(&self.matrix(&table, training.len()), &targets, None)
                .map_err(|error| error.to_string())?;
            let table = self.columns(&held_out);
            let predicted = trees.predict(&self.matrix(&table, held_out.len()), false);
            let errors = held_out.iter().zip(predicted);
            squared_errors += errors.map(|(row, y)| (self.targets[*row] - y).powi(2)).sum::<f64>();
        }
        #[allow(clippy::cast_precision_loss, reason = "a number of rows")]
        let count = self.rows.len() as f64;
        Ok((squared_errors / count).sqrt())
    }

    /// Returns the chosen rows in column-major order.
    fn columns(&self, chosen: &[usize]) -> Vec<f64> {
        (0..self.rows[0].len())
            .flat_map(|column| chosen.iter().map(move |row| self.rows[*row][column]))
            .collect()
    }

    fn matrix<'a>(&self, columns: &'a [f64], rows: usize) -> Matrix<'a, f64> {
        Matrix::new(columns, rows, self.rows[0].len())
    }
}

/// Creates a booster that uses one thread.
#[allow(clippy::cast_possible_truncation, reason = "forust computes in f32")]
#[allow(clippy::cast_sign_loss, reason = "counts are not negative")]
fn booster(hyperparameters: Hyperparameters) -> GradientBooster {
    // A depth of 0 means no limit in XGBoost, and a single leaf in forust.
    let max_depth = match hyperparameters.max_depth as usize {
        0 => usize::MAX,
        depth => depth,
    };
    let booster = GradientBooster::default()
        .set_objective_type(ObjectiveType::SquaredLoss)
        .set_iterations(hyperparameters.num_round as usize)
        .set_learning_rate(hyperparameters.eta as f32)
        .set_l1(hyperparameters.alpha as f32)
        .set_l2(hyperparameters.lambda as f32)
        .set_gamma(hyperparameters.gamma as f32)
        .set_max_delta_step(hyperparameters.max_delta_step as f32)
        .set_max_depth(max_depth)
        .set_min_leaf_weight(hyperparameters.min_child_weight as f32)
        .set_colsample_bytree(hyperparameters.colsample_bytree)
        .set_parallel(false);
    if hyperparameters.subsample < 1.0 {
        booster
            .set_sample_method(SampleMethod::Random)
            .set_subsample(hyperparameters.subsample as f32)
    } else {
        booster
    }
}
