//! A table of evaluated configurations as a problem.

use std::collections::HashMap;
use std::time::Duration;

use crate::problem::{Evaluation, Problem};
use crate::random_means::RandomMeans;
use crate::statistics::mean;
use crate::suite::Case;
use surmise::rng::Rng;
use surmise::space::{Configuration, ParameterRange, ParameterValue, ScalingType, SearchSpace};

/// One column of hyperparameters.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Column {
    /// A number of levels in ascending order; the parameter is the number of the level, from 0.
    Levels(usize),
    /// Choices without an order.
    Choices(Vec<String>),
}

impl Column {
    fn size(&self) -> usize {
        match self {
            Self::Levels(count) => *count,
            Self::Choices(choices) => choices.len(),
        }
    }
}

/// The results of one configuration: one entry for each time that it was evaluated.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Row {
    /// The values to minimize; a value that is not finite is a failure.
    pub(super) values: Vec<f64>,
    /// The durations in seconds, in the order of the values; empty if they are unknown.
    pub(super) seconds: Vec<f64>,
}

impl Row {
    /// Returns the mean of the values; `None` if all of them are failures.
    fn mean(&self) -> Option<f64> {
        let finite: Vec<f64> = self.values.iter().copied().filter(|v| v.is_finite()).collect();
        (!finite.is_empty()).then(|| mean(&finite))
    }
}

/// A problem that looks its values up in a table.
///
/// A numeric column is an integer parameter, the number of the level in ascending order from 0; a
/// column of texts is categorical. A configuration may have several results: an evaluation draws
/// one of them, and the truth is their mean. The optimum is the smallest mean, and known exactly. A
/// configuration that is not in the table has the results of the nearest one that is: by the number
/// of different choices plus the distances of levels, as shares of their columns.
#[derive(Debug)]
pub struct TableProblem {
    name: String,
    space: SearchSpace,
    columns: Vec<Column>,
    rows: HashMap<Vec<u32>, Row>,
    optimum: Option<f64>,
    is_noisy: bool,
    data_hash: Option<String>,
}

impl TableProblem {
    /// Creates a problem; `columns` and the keys of `rows` are in the same order.
    ///
    /// # Panics
    /// If there is no column, or a column without entries.
    pub(super) fn new(
        name: impl Into<String>,
        columns: Vec<(String, Column)>,
        rows: HashMap<Vec<u32>, Row>,
    ) -> Self {
        let ranges = columns.iter().map(|(name, column)| match column {
            Column::Levels(count) => {
                let last = i64::try_from(count - 1).expect("a number of levels");
                ParameterRange::integer(name, 0..=last, ScalingType::Linear)
            }
            Column::Choices(choices) => ParameterRange::categorical(name, choices),
        });
        let space = SearchSpace::new(ranges).expect("names and sizes are checked before");
        let optimum = rows.values().filter_map(Row::mean).min_by(f64::total_cmp);
        let is_noisy = rows
            .values()
            .any(|row| row.values.iter().any(|v| v.to_bits() != row.values[0].to_bits()));
        let columns = columns.into_iter().map(|(_, column)| column).collect();
        Self { name: name.into(), space, columns, rows, optimum, is_noisy, data_hash: None }
    }

    /// Sets the hash that identifies the data of the table.
    pub(super) fn with_data_hash(self, data_hash: String) -> Self {
        Self { data_hash: Some(data_hash), ..self }
    }

    /// Returns a case of this problem, with the exact means of random search.
    ///
    /// The budget is that of [`Case::new`], but at most half of the configurations.
    pub fn into_case(self) -> Case {
        let means = RandomMeans::from_values(self.rows.values().map(Row::mean), self.optimum);
        let half = self.rows.len().div_ceil(2);
        let case = Case::new(self);
        let budget = case.budget().min(half);
        let case = case.with_budget(budget);
        match means {
            Some(means) => case.with_random_means(means),
            None => case,
        }
    }

    /// Returns the number of configurations in the table.
    pub fn configurations(&self) -> usize {
        self.rows.len()
    }

    /// Returns the number of the entry of each column.
    fn key(&self, configuration: &Configuration) -> Vec<u32> {
        let entry = |(range, column): (&ParameterRange, &Column)| {
            let value = configuration.value(range.name()).expect("a value for each range");
            let index = match (column, value) {
                (Column::Choices(choices), value) => {
                    let text = value.to_text();
                    choices.iter().position(|choice| *choice == text).expect("a choice")
                }
                (Column::Levels(_), ParameterValue::Integer(level)) => {
                    usize::try_from(*level).expect("a level")
                }
                (Column::Levels(_), other) => panic!("{other} is not a level"),
            };
            u32::try_from(index).expect("small")
        };
        self.space.ranges().iter().zip(&self.columns).map(entry).collect()
    }

    /// Returns the results of a configuration, or of the nearest one.
    fn row(&self, key: &[u32]) -> &Row {
        let distance = |other: &Vec<u32>| -> f64 {
            let terms = self.columns.iter().zip(key.iter().zip(other));
            terms
                .map(|(column, (a, b))| match column {
                    Column::Choices(_) => f64::from(u8::from(a != b)),
                    #[allow(clippy::cast_precision_loss, reason = "a number of levels")]
                    Column::Levels(_) => {
                        f64::from(a.abs_diff(*b)) / (column.size() - 1).max(1) as f64
                    }
                })
                .sum()
        };
        self.rows.get(key).unwrap_or_else(|| {
            // Equally near ones in the order of their entries, so that the answer is always the
            // same.
            let nearest = self.rows.iter().min_by(|(a, _), (b, _)| {
                distance(a).total_cmp(&distance(b)).then_with(|| a.cmp(b))
            });
            nearest.expect("the table has rows").1
        })
    }
}

impl Problem for TableProblem {
    fn name(&self) -> &str {
        &self.name
    }

    fn space(&self) -> &SearchSpace {
        &self.space
    }

    fn evaluate(&self, configuration: &Configuration, rng: &mut Rng) -> Evaluation {
        let row = self.row(&self.key(configuration));
        // One number for each evaluation, so that all strategies draw the same.
        let share = rng.uniform();
        #[allow(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            clippy::cast_precision_loss,
            reason = "an index"
        )]
        let drawn = ((share * row.values.len() as f64) as usize).min(row.values.len() - 1);
        let seconds = row.seconds.get(drawn).filter(|seconds| seconds.is_finite());
        let duration = seconds.map(|seconds| Duration::from_secs_f64(seconds.max(1e-3)));
        let value = row.values[drawn];
        if !value.is_finite() {
            return Evaluation { duration, ..Err("the table has no value").into() };
        }
        Evaluation { noiseless: row.mean(), duration, ..Evaluation::from(value) }
    }

    fn optimum(&self) -> Option<f64> {
        self.optimum
    }

    fn is_noisy(&self) -> bool {
        self.is_noisy
    }

    fn data_hash(&self) -> Option<String> {
        self.data_hash.clone()
    }
}
