//! Instances: the same function, moved by a seed, so that nothing profits from where its optimum happens to be.
//!
//! Instance 0 is a problem as it was published. Instance i ≥ 1 is rotated around its minimizer (if all its parameters are
//! continuous), shifted so that the minimizer stays 5 % of each range away from its ends, its categories stand in another order,
//! and a constant is added. Hansen et al. (2009) introduced such instances for the BBOB functions.

use crate::decorators::{Offset, Reordered, Rotated, Shifted};
use crate::problem::{Evaluation, Problem};
use crate::problems::Formula;
use surmise::cube::Axis;
use surmise::rng::Rng;
use surmise::space::{Configuration, ParameterRange, SearchSpace};
use surmise::stable_hash::stable_hash;

/// How far a minimizer is shifted at the most, as a share of the range.
const FARTHEST: f64 = 0.3;
/// How near it may come to an end of the range.
const MARGIN: f64 = 0.05;
/// The greatest offset.
const HIGHEST: f64 = 100.0;

/// Instance number `number` of a function, and where its least value is now.
pub(super) fn instance(formula: Formula, number: u32) -> (Box<dyn Problem>, Configuration) {
    let minimizer = formula.minimizer().clone();
    if number == 0 {
        return (Box::new(formula), minimizer);
    }
    let name = formula.name().to_owned();
    let mut rng = Rng::stream(stable_hash(&name), number.into());
    let centre = formula.space().encode(&minimizer).expect("the minimizer is in the space");
    let axes = formula.space().axes().to_vec();
    let may_move = formula.is_valid_everywhere();
    let all_continuous = axes.iter().all(|axis| matches!(axis, Axis::Continuous { .. }));
    let mut by = vec![0.0; axes.len()];
    for ((by, axis), u) in by.iter_mut().zip(&axes).zip(centre.iter()) {
        let wanted = u + FARTHEST * (2.0 * rng.uniform() - 1.0);
        if may_move && matches!(axis, Axis::Continuous { .. }) {
            *by = wanted.clamp(MARGIN, 1.0 - MARGIN) - u;
        }
    }
    // Whole cents, so that the offset can be read.
    let offset = (HIGHEST * 100.0 * (2.0 * rng.uniform() - 1.0)).round() / 100.0;
    let moved_to: Vec<f64> = centre.iter().zip(&by).map(|(u, s)| u + s).collect();
    let minimizer = placed(&formula, &minimizer, &moved_to);

    let sound = "continuous ranges can be moved";
    let turned: Box<dyn Problem> = if may_move && all_continuous && axes.len() > 1 {
        Box::new(Rotated::new(formula, centre.to_vec(), &mut rng).expect(sound))
    } else {
        Box::new(formula)
    };
    let shifted = Shifted::new(turned, by).expect(sound);
    let reordered = Reordered::new(shifted, &mut rng);
    (Box::new(Instance { name, problem: Offset::new(reordered, offset) }), minimizer)
}

/// A moved problem under its own name; which instance it is, the case says.
#[derive(Debug)]
struct Instance<P> {
    name: String,
    problem: P,
}

impl<P: Problem> Problem for Instance<P> {
    fn name(&self) -> &str {
        &self.name
    }

    fn space(&self) -> &SearchSpace {
        self.problem.space()
    }

    fn evaluate(&self, configuration: &Configuration, chance: &mut Rng) -> Evaluation {
        self.problem.evaluate(configuration, chance)
    }

    fn optimum(&self) -> Option<f64> {
        self.problem.optimum()
    }
}

/// A configuration whose continuous parameters are at these places of their ranges.
fn placed(formula: &Formula, configuration: &Configuration, point: &[f64]) -> Configuration {
    let ranges = formula.space().ranges().iter().zip(point);
    ranges
        .map(|(range, position)| {
            let value = match range {
                ParameterRange::Continuous(range) => {
                    range.value_at(*position).clamp(range.min(), range.max()).into()
                }
                _ => configuration.value(range.name()).expect("a value for each range").clone(),
            };
            (range.name(), value)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::suite::formulas;

    #[test]
    fn the_minimizer_of_an_instance_has_its_least_value() {
        for formula in formulas().into_iter().filter(Formula::is_valid_everywhere) {
            let name = formula.name().to_owned();
            for number in 0..4 {
                let formula = formulas().into_iter().find(|f| f.name() == name).unwrap();
                let before = formula.space().encode(formula.minimizer()).unwrap();
                let (problem, minimizer) = instance(formula, number);
                let after = problem.space().encode(&minimizer).unwrap();
                let axes = problem.space().axes().iter().zip(before.iter().zip(after.iter()));
                for (axis, (before, after)) in axes {
                    if number > 0 && matches!(axis, Axis::Continuous { .. }) {
                        assert!((0.0499..0.9501).contains(after), "{name}/{number}: {after}");
                        let shift = (after - before).abs();
                        assert!(shift < FARTHEST.max(MARGIN) + 1e-6, "{name}/{number}: {shift}");
                    }
                }
                let value = problem.evaluate(&minimizer, &mut Rng::stream(1, 1)).truth().unwrap();
                let optimum = problem.optimum().unwrap();
                let error = (value - optimum).abs() / (1.0 + optimum.abs());
                assert!(error < 2e-7, "{name}/{number}: {value} is not {optimum}");
            }
        }
    }

    #[test]
    fn instances_differ_and_repeat_themselves() {
        let value = |number| {
            let (problem, _) = instance(crate::problems::smooth::hartmann6(), number);
            let middle = problem.space().decode(&vec![0.5; 6].into());
            problem.evaluate(&middle, &mut Rng::stream(1, 1)).truth().unwrap().to_bits()
        };
        assert_eq!(value(1), value(1));
        assert_ne!(value(1), value(2));
        assert_ne!(value(0), value(1));
    }
}
