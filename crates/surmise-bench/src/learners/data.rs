//! The data of the learners, and their divisions.

use smartcore::dataset::{breast_cancer, digits};
use smartcore::linalg::basic::matrix::DenseMatrix;
use surmise::rng::Rng;

/// The data of Efron, Hastie, Johnstone & Tibshirani (2004); see `data/README.md`.
const DIABETES: &str = include_str!("../../data/diabetes.csv");

/// Number of random divisions of the rows, which are the replicates of an evaluation.
pub(super) const REPLICATES: usize = 4;

/// The share of the rows that a model is trained on.
const TRAINING_SHARE: f64 = 0.7;

/// A table of features, with a target for each row.
#[derive(Debug, Clone)]
pub(super) struct Table {
    pub(super) rows: Vec<Vec<f64>>,
    pub(super) targets: Vec<f64>,
}

/// A table that is divided into rows for training and rows for the error.
#[derive(Debug, Clone)]
pub(super) struct Division {
    pub(super) training: Table,
    pub(super) held_out: Table,
}

impl Table {
    /// Every second of 569 rows on breast cancer in Wisconsin: 30 standardized features, two
    /// classes.
    pub(super) fn breast_cancer() -> Self {
        let data = breast_cancer::load_dataset();
        let rows = data.data.chunks(data.num_features).map(|row| row.iter().map(|x| f64::from(*x)));
        let rows: Vec<Vec<f64>> = rows.map(Iterator::collect).collect();
        let targets = data.target.iter().map(|class| f64::from(*class)).step_by(2).collect();
        Self { rows: standardized(&rows).into_iter().step_by(2).collect(), targets }
    }

    /// Every third of 1,797 handwritten digits: 64 pixels between 0 and 1, ten classes.
    pub(super) fn digits() -> Self {
        let data = digits::load_dataset();
        let rows = data.data.chunks(data.num_features).zip(&data.target).step_by(3);
        let (rows, targets) = rows
            .map(|(row, class)| {
                (row.iter().map(|x| f64::from(*x) / 16.0).collect(), f64::from(*class))
            })
            .unzip();
        Self { rows, targets }
    }

    /// The diabetes data: 442 rows, ten standardized features, a number.
    pub(super) fn diabetes() -> Self {
        let rows = DIABETES.lines().skip(1).map(|line| -> Vec<f64> {
            line.split(',').map(|x| x.parse().expect("a number")).collect()
        });
        let (rows, targets): (Vec<Vec<f64>>, Vec<f64>) = rows
            .map(|mut row| {
                let target = row.pop().expect("a target");
                (row, target)
            })
            .unzip();
        Self { rows: standardized(&rows), targets }
    }

    /// Divides the rows at random, in the same way for each configuration.
    pub(super) fn divisions(&self) -> Vec<Division> {
        let divide = |replicate: usize| {
            let mut rng = Rng::stream(20_261_201, replicate as u64);
            let mut order: Vec<usize> = (0..self.rows.len()).collect();
            rng.shuffle(&mut order);
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                clippy::cast_precision_loss,
                reason = "a number of rows"
            )]
            let count = (TRAINING_SHARE * order.len() as f64) as usize;
            let part = |indices: &[usize]| Self {
                rows: indices.iter().map(|i| self.rows[*i].clone()).collect(),
                targets: indices.iter().map(|i| self.targets[*i]).collect(),
            };
            Division { training: part(&order[..count]), held_out: part(&order[count..]) }
        };
        (0..REPLICATES).map(divide).collect()
    }

    pub(super) fn matrix(&self) -> DenseMatrix<f64> {
        DenseMatrix::from_2d_vec(&self.rows).expect("rows of one length")
    }

    /// Returns the targets as numbers of classes.
    #[allow(clippy::cast_possible_truncation, reason = "a few classes")]
    pub(super) fn classes(&self) -> Vec<i32> {
        self.targets.iter().map(|class| *class as i32).collect()
    }

    /// Returns the table with each row replaced.
    pub(super) fn map_rows(&self, row: impl Fn(&[f64]) -> Vec<f64>) -> Self {
        let rows = self.rows.iter().map(|x| row(x)).collect();
        Self { rows, targets: self.targets.clone() }
    }
}

impl Division {
    pub(super) fn map_rows(&self, row: impl Fn(&[f64]) -> Vec<f64>) -> Self {
        Self { training: self.training.map_rows(&row), held_out: self.held_out.map_rows(&row) }
    }

    /// Returns the share of wrong classes.
    #[allow(clippy::cast_precision_loss, reason = "a number of rows")]
    pub(super) fn error_rate(&self, predicted: impl IntoIterator<Item = i32>) -> f64 {
        let classes = self.held_out.classes();
        let wrong = classes.iter().zip(predicted).filter(|(class, other)| *class != other).count();
        wrong as f64 / classes.len() as f64
    }

    /// Returns the root of the mean squared error.
    #[allow(clippy::cast_precision_loss, reason = "a number of rows")]
    pub(super) fn root_mean_squared_error(&self, predicted: &[f64]) -> f64 {
        let targets = &self.held_out.targets;
        let squares = targets.iter().zip(predicted).map(|(y, p)| (y - p).powi(2));
        (squares.sum::<f64>() / targets.len() as f64).sqrt()
    }
}

/// Scales each column to mean 0 and standard deviation 1.
#[allow(clippy::cast_precision_loss, reason = "a number of rows")]
fn standardized(rows: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let count = rows.len() as f64;
    let moments: Vec<(f64, f64)> = (0..rows[0].len())
        .map(|j| {
            let mean = rows.iter().map(|row| row[j]).sum::<f64>() / count;
            let variance = rows.iter().map(|row| (row[j] - mean).powi(2)).sum::<f64>() / count;
            (mean, variance.sqrt())
        })
        .collect();
    let scale = |(x, (mean, std_dev)): (&f64, &(f64, f64))| (x - mean) / std_dev;
    rows.iter().map(|row| row.iter().zip(&moments).map(scale).collect()).collect()
}
