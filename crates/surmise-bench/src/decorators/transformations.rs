//! Decorators that transform a problem: shift, rotation, offset, order of categories.
//!
//! | symbol | meaning |
//! | --- | --- |
//! | u | positions on the axes: 0 at the minimum of a range, 1 at its maximum |
//! | s | shift |
//! | c, R | center of a rotation, orthogonal matrix |
//!
//! With f the inner problem, the shifted problem is f(u − s), the rotated one f(c + R (u − c)).

use crate::problem::{Evaluation, Problem};
use surmise::error::{Error, Violation};
use surmise::rng::Rng;
use surmise::space::{Configuration, ParameterRange, ParameterValue, SearchSpace};

/// Transforms the positions of the continuous parameters of a configuration.
fn transform(
    space: &SearchSpace,
    configuration: &Configuration,
    transformation: impl Fn(&[f64]) -> Vec<f64>,
) -> Configuration {
    let positions: Vec<f64> = space
        .ranges()
        .iter()
        .map(|range| match range {
            ParameterRange::Continuous(range) => range.position(configuration.float(range.name())),
            _ => 0.0,
        })
        .collect();
    let entries = space.ranges().iter().zip(transformation(&positions)).map(|(range, position)| {
        let value = match range {
            ParameterRange::Continuous(range) => ParameterValue::Float(range.value_at(position)),
            _ => configuration.value(range.name()).expect("a value for each range").clone(),
        };
        (range.name(), value)
    });
    entries.collect()
}

/// Returns a violation for each moved axis whose range cannot be moved.
fn immovable_ranges(space: &SearchSpace, is_moved: impl Fn(usize) -> bool) -> Vec<Violation> {
    let ranges = space.ranges().iter().enumerate();
    ranges
        .filter(|(index, range)| is_moved(*index) && !can_move(range))
        .map(|(_, range)| {
            Violation::new(
                range.name(),
                "not continuous, or of width 0",
                "only continuous ranges of positive width can be shifted or rotated",
                "shift this parameter by 0, or do not rotate the problem",
            )
        })
        .collect()
}

fn can_move(range: &ParameterRange) -> bool {
    matches!(range, ParameterRange::Continuous(range) if range.min() < range.max())
}

/// A problem that is shifted along its axes.
///
/// The inner problem is evaluated outside of its ranges, too, and must be defined there. Its
/// optimum is that of the shifted problem, if no value outside of the ranges is smaller, and if the
/// minimizer stays inside of the ranges.
#[derive(Debug)]
pub struct Shifted<P> {
    problem: P,
    name: String,
    shift: Vec<f64>,
}

impl<P: Problem> Shifted<P> {
    /// Shifts the problem; each entry is a share of a range's width, on the scale of the range.
    ///
    /// # Errors
    /// [`Error::Invalid`] if `shift` does not have one finite number for each parameter. Also if it
    /// moves a range that is not continuous or has the width 0.
    pub fn new(problem: P, shift: Vec<f64>) -> Result<Self, Error> {
        let count = problem.space().ranges().len();
        let mut violations = Vec::new();
        if shift.len() != count || !shift.iter().all(|s| s.is_finite()) {
            violations.push(Violation::new(
                "shift",
                format!("{shift:?}"),
                format!("a shift has one finite number for each of {count} parameters"),
                "use 0 for a parameter that is not shifted",
            ));
        }
        let is_moved = |i: usize| shift.get(i).is_some_and(|s| *s != 0.0);
        violations.extend(immovable_ranges(problem.space(), is_moved));
        Error::from_violations(violations)?;
        Ok(Self { name: format!("{}+shifted", problem.name()), problem, shift })
    }
}

impl<P: Problem> Problem for Shifted<P> {
    fn name(&self) -> &str {
        &self.name
    }

    fn space(&self) -> &SearchSpace {
        self.problem.space()
    }

    fn evaluate(&self, configuration: &Configuration, rng: &mut Rng) -> Evaluation {
        let shift_back = |u: &[f64]| u.iter().zip(&self.shift).map(|(u, s)| u - s).collect();
        self.problem.evaluate(&transform(self.space(), configuration, shift_back), rng)
    }

    fn optimum(&self) -> Option<f64> {
        self.problem.optimum()
    }

    fn is_noisy(&self) -> bool {
        self.problem.is_noisy()
    }
}

/// A problem that is rotated, so that its parameters interact.
///
/// The inner problem is evaluated outside of its ranges, too, as for [`Shifted`].
#[derive(Debug)]
pub struct Rotated<P> {
    problem: P,
    name: String,
    center: Vec<f64>,
    rotation: Vec<Vec<f64>>,
}

impl<P: Problem> Rotated<P> {
    /// Rotates the problem around `center`, which has a position from 0 to 1 for each range.
    ///
    /// `rng` draws a uniformly distributed orthogonal matrix, by the Gram–Schmidt process on normal
    /// rows (Stewart 1980).
    ///
    /// # Errors
    /// [`Error::Invalid`] if a range is not continuous or has the width 0, or if the center does
    /// not have one finite number for each parameter.
    pub fn new(problem: P, center: Vec<f64>, rng: &mut Rng) -> Result<Self, Error> {
        let count = problem.space().ranges().len();
        let mut violations = immovable_ranges(problem.space(), |_| true);
        if center.len() != count || !center.iter().all(|c| c.is_finite()) {
            violations.push(Violation::new(
                "center",
                format!("{center:?}"),
                format!("a center has one finite number for each of {count} parameters"),
                "use 0.5 for the middle of a range",
            ));
        }
        Error::from_violations(violations)?;
        let name = format!("{}+rotated", problem.name());
        Ok(Self { name, problem, center, rotation: random_orthogonal(count, rng) })
    }
}

/// Draws a standard normal number, by the polar method of Marsaglia and Bray (1964).
///
/// Instances and initial weights depend on it, so it must not change with the version of a library.
pub(crate) fn polar_normal(rng: &mut Rng) -> f64 {
    loop {
        let (a, b) = (2.0 * rng.uniform() - 1.0, 2.0 * rng.uniform() - 1.0);
        let square = a * a + b * b;
        if square > 0.0 && square < 1.0 {
            return a * (-2.0 * square.ln() / square).sqrt();
        }
    }
}

/// Returns the rows of a random orthogonal matrix.
pub(crate) fn random_orthogonal(size: usize, rng: &mut Rng) -> Vec<Vec<f64>> {
    let mut rows: Vec<Vec<f64>> = Vec::with_capacity(size);
    while rows.len() < size {
        let mut row: Vec<f64> = (0..size).map(|_| polar_normal(rng)).collect();
        // The second pass removes the rounding errors of the first one.
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

    fn evaluate(&self, configuration: &Configuration, rng: &mut Rng) -> Evaluation {
        let rotate = |u: &[f64]| {
            let offset: Vec<f64> = u.iter().zip(&self.center).map(|(u, c)| u - c).collect();
            self.center.iter().zip(&self.rotation).map(|(c, row)| c + dot(row, &offset)).collect()
        };
        self.problem.evaluate(&transform(self.space(), configuration, rotate), rng)
    }

    fn optimum(&self) -> Option<f64> {
        self.problem.optimum()
    }

    fn is_noisy(&self) -> bool {
        self.problem.is_noisy()
    }
}

/// A problem with a constant added to its values.
#[derive(Debug)]
pub struct Offset<P> {
    problem: P,
    name: String,
    offset: f64,
}

impl<P: Problem> Offset<P> {
    /// Adds a constant to all values, and to the optimum.
    ///
    /// # Panics
    /// If the offset is not finite.
    pub fn new(problem: P, offset: f64) -> Self {
        assert!(offset.is_finite(), "the offset is {offset}; it must be finite");
        Self { name: format!("{}+offset{offset}", problem.name()), problem, offset }
    }
}

impl<P: Problem> Problem for Offset<P> {
    fn name(&self) -> &str {
        &self.name
    }

    fn space(&self) -> &SearchSpace {
        self.problem.space()
    }

    fn evaluate(&self, configuration: &Configuration, rng: &mut Rng) -> Evaluation {
        let inner = self.problem.evaluate(configuration, rng);
        Evaluation {
            measured: inner.measured.map(|value| value + self.offset),
            noiseless: inner.noiseless.map(|value| value + self.offset),
            ..inner
        }
    }

    fn optimum(&self) -> Option<f64> {
        self.problem.optimum().map(|optimum| optimum + self.offset)
    }

    fn is_noisy(&self) -> bool {
        self.problem.is_noisy()
    }
}

/// A problem whose categories are in another order; their values do not change.
#[derive(Debug)]
pub struct Reordered<P> {
    problem: P,
    name: String,
    space: SearchSpace,
}

impl<P: Problem> Reordered<P> {
    /// Shuffles the categories of every categorical range.
    #[allow(clippy::missing_panics_doc, reason = "reordered categories are valid")]
    pub fn new(problem: P, rng: &mut Rng) -> Self {
        let ranges = problem.space().ranges().iter().map(|range| match range {
            ParameterRange::Categorical(range) => {
                let mut values = range.values().to_vec();
                rng.shuffle(&mut values);
                ParameterRange::categorical(range.name(), values)
            }
            other => Ok(other.clone()),
        });
        let space = SearchSpace::new(ranges).expect("reordered categories are valid");
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

    fn evaluate(&self, configuration: &Configuration, rng: &mut Rng) -> Evaluation {
        self.problem.evaluate(configuration, rng)
    }

    fn optimum(&self) -> Option<f64> {
        self.problem.optimum()
    }

    fn is_noisy(&self) -> bool {
        self.problem.is_noisy()
    }
}
