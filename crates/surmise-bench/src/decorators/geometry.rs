//! Shift, rotation, offset, order of categories.
//!
//! | symbol | meaning |
//! | --- | --- |
//! | u | position on an axis: 0 at the range's minimum, 1 at its maximum, beyond them outside |
//! | s | shift |
//! | c, R | centre of a rotation, orthogonal matrix |
//!
//! A shifted problem has the value at u that the problem inside has at u − s, a rotated one what that has at c + R (u − c).

use crate::problem::{Evaluation, Problem};
use surmise::error::{Error, Violation};
use surmise::rng::Rng;
use surmise::space::{Configuration, ParameterRange, ParameterValue, SearchSpace};

/// Moves the continuous parameters of a configuration.
fn moved(
    space: &SearchSpace,
    configuration: &Configuration,
    by: impl Fn(&[f64]) -> Vec<f64>,
) -> Configuration {
    let positions: Vec<f64> = space
        .ranges()
        .iter()
        .map(|range| match range {
            ParameterRange::Continuous(range) => range.position(configuration.float(range.name())),
            _ => 0.0,
        })
        .collect();
    let entries = space.ranges().iter().zip(by(&positions)).map(|(range, position)| {
        let value = match range {
            ParameterRange::Continuous(range) => ParameterValue::Float(range.value_at(position)),
            _ => configuration.value(range.name()).expect("a value for each range").clone(),
        };
        (range.name(), value)
    });
    entries.collect()
}

/// What keeps the axes of `space` from being moved.
fn unmovable(space: &SearchSpace, is_moved: impl Fn(usize) -> bool) -> Vec<Violation> {
    let ranges = space.ranges().iter().enumerate();
    ranges
        .filter(|(index, range)| is_moved(*index) && !can_move(range))
        .map(|(_, range)| {
            Violation::new(
                range.name(),
                "not a continuous range of some width",
                "only such ranges can be shifted or rotated",
                "shift it by 0, or leave the problem as it is",
            )
        })
        .collect()
}

fn can_move(range: &ParameterRange) -> bool {
    matches!(range, ParameterRange::Continuous(range) if range.min() < range.max())
}

/// A problem that is moved along its axes.
///
/// The problem inside is also asked outside of its ranges, and must be defined there. Its optimum stays the optimum if it
/// is the least value there, too, and is not moved out of the ranges.
#[derive(Debug)]
pub struct Shifted<P> {
    problem: P,
    name: String,
    by: Vec<f64>,
}

impl<P: Problem> Shifted<P> {
    /// Moves the problem by this share of each range's width, measured on its scale.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there is not one finite number per parameter, or a range that is not continuous is to be moved.
    pub fn new(problem: P, by: Vec<f64>) -> Result<Self, Error> {
        let count = problem.space().ranges().len();
        let mut violations = Vec::new();
        if by.len() != count || !by.iter().all(|s| s.is_finite()) {
            violations.push(Violation::new(
                "by",
                format!("{by:?}"),
                format!("a shift has one finite number for each of {count} parameters"),
                "give 0 for those that stay",
            ));
        }
        violations.extend(unmovable(problem.space(), |i| by.get(i).is_some_and(|s| *s != 0.0)));
        Error::unless_empty(violations)?;
        Ok(Self { name: format!("{}+shifted", problem.name()), problem, by })
    }
}

impl<P: Problem> Problem for Shifted<P> {
    fn name(&self) -> &str {
        &self.name
    }

    fn space(&self) -> &SearchSpace {
        self.problem.space()
    }

    fn evaluate(&self, configuration: &Configuration, chance: &mut Rng) -> Evaluation {
        let back = |u: &[f64]| u.iter().zip(&self.by).map(|(u, s)| u - s).collect();
        self.problem.evaluate(&moved(self.space(), configuration, back), chance)
    }

    fn optimum(&self) -> Option<f64> {
        self.problem.optimum()
    }
}

/// A problem that is turned, so that its parameters depend on each other.
///
/// What [`Shifted`] says of the outside of the ranges holds here, too.
#[derive(Debug)]
pub struct Rotated<P> {
    problem: P,
    name: String,
    centre: Vec<f64>,
    rotation: Vec<Vec<f64>>,
}

impl<P: Problem> Rotated<P> {
    /// Turns the problem around `centre`, which is given in shares of the ranges' widths, by an orthogonal matrix that `rng`
    /// draws uniformly (Gram and Schmidt's process on normal columns; Stewart 1980).
    ///
    /// # Errors
    /// [`Error::Invalid`] if a range is not continuous, or the centre has not one finite number per parameter.
    pub fn new(problem: P, centre: Vec<f64>, rng: &mut Rng) -> Result<Self, Error> {
        let count = problem.space().ranges().len();
        let mut violations = unmovable(problem.space(), |_| true);
        if centre.len() != count || !centre.iter().all(|c| c.is_finite()) {
            violations.push(Violation::new(
                "centre",
                format!("{centre:?}"),
                format!("a centre has one finite number for each of {count} parameters"),
                "use 0.5 for the middle of a range",
            ));
        }
        Error::unless_empty(violations)?;
        let name = format!("{}+rotated", problem.name());
        Ok(Self { name, problem, centre, rotation: orthogonal(count, rng) })
    }
}

/// Standard normal, by the polar method of Marsaglia and Bray (1964): what defines instances and initial weights must not change with a
/// library.
pub(crate) fn polar_normal(rng: &mut Rng) -> f64 {
    loop {
        let (a, b) = (2.0 * rng.uniform() - 1.0, 2.0 * rng.uniform() - 1.0);
        let square = a * a + b * b;
        if square > 0.0 && square < 1.0 {
            return a * (-2.0 * square.ln() / square).sqrt();
        }
    }
}

/// Rows of a random orthogonal matrix.
fn orthogonal(size: usize, rng: &mut Rng) -> Vec<Vec<f64>> {
    let mut rows: Vec<Vec<f64>> = Vec::with_capacity(size);
    while rows.len() < size {
        let mut row: Vec<f64> = (0..size).map(|_| polar_normal(rng)).collect();
        // Twice, because once leaves what rounding brings back.
        for _ in 0..2 {
            for earlier in &rows {
                let share = dot(earlier, &row);
                row.iter_mut().zip(earlier).for_each(|(x, e)| *x -= share * e);
            }
        }
        let length = dot(&row, &row).sqrt();
        if length > 1e-6 {
            rows.push(row.iter().map(|x| x / length).collect());
        }
    }
    rows
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

impl<P: Problem> Problem for Rotated<P> {
    fn name(&self) -> &str {
        &self.name
    }

    fn space(&self) -> &SearchSpace {
        self.problem.space()
    }

    fn evaluate(&self, configuration: &Configuration, chance: &mut Rng) -> Evaluation {
        let turned = |u: &[f64]| {
            let arm: Vec<f64> = u.iter().zip(&self.centre).map(|(u, c)| u - c).collect();
            self.centre.iter().zip(&self.rotation).map(|(c, row)| c + dot(row, &arm)).collect()
        };
        self.problem.evaluate(&moved(self.space(), configuration, turned), chance)
    }

    fn optimum(&self) -> Option<f64> {
        self.problem.optimum()
    }
}

/// A problem with a constant added to its values.
#[derive(Debug)]
pub struct Offset<P> {
    problem: P,
    name: String,
    by: f64,
}

impl<P: Problem> Offset<P> {
    /// Adds this to every value.
    ///
    /// # Panics
    /// If it is not finite.
    pub fn new(problem: P, by: f64) -> Self {
        assert!(by.is_finite(), "an offset, not {by}");
        Self { name: format!("{}+offset{by}", problem.name()), problem, by }
    }
}

impl<P: Problem> Problem for Offset<P> {
    fn name(&self) -> &str {
        &self.name
    }

    fn space(&self) -> &SearchSpace {
        self.problem.space()
    }

    fn evaluate(&self, configuration: &Configuration, chance: &mut Rng) -> Evaluation {
        let inner = self.problem.evaluate(configuration, chance);
        Evaluation {
            measured: inner.measured.map(|value| value + self.by),
            noiseless: inner.noiseless.map(|value| value + self.by),
            ..inner
        }
    }

    fn optimum(&self) -> Option<f64> {
        self.problem.optimum().map(|optimum| optimum + self.by)
    }
}

/// A problem whose categories stand in another order; each means what it did.
#[derive(Debug)]
pub struct Reordered<P> {
    problem: P,
    name: String,
    space: SearchSpace,
}

impl<P: Problem> Reordered<P> {
    /// Shuffles the values of every categorical range.
    #[allow(clippy::missing_panics_doc, reason = "another order of sound values is sound")]
    pub fn new(problem: P, rng: &mut Rng) -> Self {
        let ranges = problem.space().ranges().iter().map(|range| match range {
            ParameterRange::Categorical(range) => {
                let mut values = range.values().to_vec();
                for last in (1..values.len()).rev() {
                    values.swap(last, rng.index(last + 1));
                }
                ParameterRange::categorical(range.name(), values)
            }
            other => Ok(other.clone()),
        });
        let space = SearchSpace::new(ranges).expect("another order of values is as sound");
        Self { name: format!("{}+reordered", problem.name()), problem, space }
    }
}

impl<P: Problem> Problem for Reordered<P> {
    fn name(&self) -> &str {
        &self.name
    }

    fn space(&self) -> &SearchSpace {
        &self.space
    }

    fn evaluate(&self, configuration: &Configuration, chance: &mut Rng) -> Evaluation {
        self.problem.evaluate(configuration, chance)
    }

    fn optimum(&self) -> Option<f64> {
        self.problem.optimum()
    }
}
