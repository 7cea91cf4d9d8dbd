//! Instances of a function: the same function, moved at random.
//!
//! Strategies can then not profit from an optimum near the center of the space or at value 0.
//! Instance 0 is the function as it was published. Instance i ≥ 1 is changed in four ways:
//!
//! - it is rotated around its minimizer, if it has several parameters and all are continuous;
//! - it is shifted along its continuous parameters, so that the minimizer is uniformly distributed
//!   between 5 % and 95 % of each range;
//! - its categories are in another order;
//! - a constant is added to its values.
//!
//! A function that is not defined outside of its ranges is neither rotated nor shifted.
//!
//! Hansen et al. (2009) introduced such instances for the BBOB functions.

use crate::decorators::{Named, Offset, Reordered, Rotated, Shifted};
use crate::problem::Problem;
use crate::problems::TestFunction;
use surmise::rng::Rng;
use surmise::space::{Configuration, ParameterRange};
use surmise::stable_hash::stable_hash;
use surmise::unit_cube::Axis;

/// The smallest distance of a minimizer to an end of the range, as a share of the range.
const MIN_DISTANCE_TO_END: f64 = 0.05;
/// The largest constant that is added to the values, in either direction.
const MAX_OFFSET: f64 = 100.0;

/// Returns instance number `number` of a function, and its minimizer.
pub(super) fn instance(function: TestFunction, number: u32) -> (Box<dyn Problem>, Configuration) {
    let minimizer = function.minimizer().clone();
    if number == 0 {
        return (Box::new(function), minimizer);
    }
    let name = function.name().to_owned();
    let mut rng = Rng::stream(stable_hash(&name), number.into());
    let center = function.space().encode(&minimizer).expect("the minimizer is in the space");
    let axes = function.space().axes().to_vec();
    let can_move = function.is_defined_outside_ranges();
    let all_continuous = axes.iter().all(|axis| matches!(axis, Axis::Continuous { .. }));
    let mut shift = vec![0.0; axes.len()];
    for ((shift, axis), u) in shift.iter_mut().zip(&axes).zip(center.iter()) {
        let moved = MIN_DISTANCE_TO_END + (1.0 - 2.0 * MIN_DISTANCE_TO_END) * rng.uniform();
        if can_move && matches!(axis, Axis::Continuous { .. }) {
            *shift = moved - u;
        }
    }
    // Two decimals, so that the offset is short in tables.
    let offset = (MAX_OFFSET * 100.0 * (2.0 * rng.uniform() - 1.0)).round() / 100.0;
    let new_center: Vec<f64> = center.iter().zip(&shift).map(|(u, s)| u + s).collect();
    let minimizer = with_positions(&function, &minimizer, &new_center);

    let reason = "continuous ranges can be moved";
    let rotated: Box<dyn Problem> = if can_move && all_continuous && axes.len() > 1 {
        Box::new(Rotated::new(function, center.to_vec(), &mut rng).expect(reason))
    } else {
        Box::new(function)
    };
    let shifted = Shifted::new(rotated, shift).expect(reason);
    let reordered = Reordered::new(shifted, &mut rng);
    (Box::new(Named::new(name, Offset::new(reordered, offset))), minimizer)
}

/// Returns the configuration with its continuous parameters at these positions of their ranges.
fn with_positions(
    function: &TestFunction,
    configuration: &Configuration,
    point: &[f64],
) -> Configuration {
    let ranges = function.space().ranges().iter().zip(point);
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
    use crate::suite::test_functions;

    /// The places of the minimizers are uniform, wherever the function has its published one.
    #[test]
    fn an_instance_is_minimal_at_its_minimizer() {
        let mut places: Vec<(f64, f64)> = Vec::new();
        for function in test_functions().into_iter().filter(TestFunction::is_defined_outside_ranges)
        {
            let name = function.name().to_owned();
            for number in 0..4 {
                let function = test_functions().into_iter().find(|f| f.name() == name).unwrap();
                let before = function.space().encode(function.minimizer()).unwrap();
                let (problem, minimizer) = instance(function, number);
                let after = problem.space().encode(&minimizer).unwrap();
                let axes = problem.space().axes().iter().zip(before.iter().zip(after.iter()));
                for (axis, (before, after)) in axes {
                    if number > 0 && matches!(axis, Axis::Continuous { .. }) {
                        assert!((0.0499..0.9501).contains(after), "{name}/{number}: {after}");
                        places.push((*before, *after));
                    }
                }
                let value =
                    problem.evaluate(&minimizer, &mut Rng::stream(1, 1)).noiseless_value().unwrap();
                let optimum = problem.optimum().unwrap();
                let error = (value - optimum).abs() / (1.0 + optimum.abs());
                assert!(error < 2e-7, "{name}/{number}: {value} is not {optimum}");
            }
        }
        #[allow(clippy::cast_precision_loss, reason = "a few hundred")]
        let count = places.len() as f64;
        let mean = |number: fn(&(f64, f64)) -> f64| places.iter().map(number).sum::<f64>() / count;
        let (before, after) = (mean(|place| place.0), mean(|place| place.1));
        let covariance = mean(|place| place.0 * place.1) - before * after;
        let in_center = mean(|place| f64::from((0.275..0.725).contains(&place.1)));
        assert!(count > 200.0 && (after - 0.5).abs() < 0.05, "{count} {after}");
        assert!(
            (in_center - 0.5).abs() < 0.08,
            "half of the places in the central half: {in_center}"
        );
        assert!(covariance.abs() < 0.01, "{covariance}");
    }

    #[test]
    fn instances_differ_and_are_reproducible() {
        let value = |number| {
            let (problem, _) = instance(crate::problems::smooth::hartmann6(), number);
            let middle = problem.space().decode(&vec![0.5; 6].into());
            problem.evaluate(&middle, &mut Rng::stream(1, 1)).noiseless_value().unwrap().to_bits()
        };
        assert_eq!(value(1), value(1));
        assert_ne!(value(1), value(2));
        assert_ne!(value(0), value(1));
    }
}
