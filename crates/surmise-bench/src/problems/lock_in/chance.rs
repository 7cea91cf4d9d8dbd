//! The families with noise, and with failures.

use super::families::{basins_named, choices_named, ends_named, stairs_named, stream};
use super::ranges::{between, place};
use crate::decorators::{Failing, Named, Noisy};
use crate::problem::Problem;
use crate::problems::test_function::TestFunction;
use crate::statistics::mean;
use surmise::rng::Rng;
use surmise::sobol::Sobol;
use surmise::space::Configuration;

/// Number of points from which the spread of the best values is computed.
const SAMPLES: u64 = 1024;

/// Returns the standard deviation of the best fifth of the values at points that fill the space.
fn spread_of_best_fifth(function: &TestFunction) -> f64 {
    let space = function.space();
    let sequence = Sobol::new(space.axes().len(), &mut Rng::stream(1, 0));
    let value = |i| function.value(&space.decode(&space.snap(&sequence.point(i).into())));
    let mut values: Vec<f64> = (0..SAMPLES).map(value).collect();
    values.sort_by(f64::total_cmp);
    values.truncate(values.len() / 5);
    let center = mean(&values);
    let squares: Vec<f64> = values.iter().map(|v| (v - center).powi(2)).collect();
    mean(&squares).sqrt()
}

/// Choices, basins, ends or stairs with noise.
///
/// The deviation of the noise is 0.1, 0.3, 1 or 2 times the spread of the best fifth of the values.
/// The noise is normal, or heavy-tailed (Student's t with 3 degrees of freedom), or normal with a
/// deviation that varies by a factor of 9 across the space. Instances 1 to 12 have each law with
/// each size once; each law, size and family occurs with odd and with even numbers.
#[allow(clippy::missing_panics_doc, reason = "configurations are of the space")]
pub fn noise(number: u32) -> Box<dyn Problem> {
    let name = "lock-in-noise";
    let families = [choices_named, basins_named, ends_named, stairs_named];
    let index = number.wrapping_sub(1) as usize;
    let function = families[(index / 2) % 4](name, number);
    let ratio = [0.1, 0.3, 1.0, 2.0][(index / 3) % 4];
    let std_dev = ratio * spread_of_best_fifth(&function);
    let rng = &mut stream("lock-in-noise/law", number);
    match index % 3 {
        0 => Box::new(Named::new(name, Noisy::new(function, std_dev))),
        // The standard deviation of Student's t with 3 degrees of freedom is √3.
        1 => Box::new(Named::new(name, Noisy::heavy_tailed(function, std_dev / 3.0_f64.sqrt()))),
        _ => {
            let space = function.space().clone();
            let (from, to) = (place(rng, &space), place(rng, &space));
            let varying = move |c: &Configuration| {
                let point = space.encode(c).expect("a configuration of the space");
                let distance = |other: &[f64]| -> f64 {
                    point.iter().zip(other).map(|(u, v)| (u - v).powi(2)).sum::<f64>().sqrt()
                };
                let (near, far) = (distance(&from), distance(&to));
                // From −1 at one place to 1 at the other.
                let share = (near - far) / (near + far).max(1e-9);
                std_dev * 3.0_f64.powf(share)
            };
            Box::new(Named::new(name, Noisy::heteroscedastic(function, varying)))
        }
    }
}

/// Basins with a failing region beside the optimum: a corner of one or two parameters.
///
/// The region begins 0.03 to 0.15 of a range beside the optimum.
#[allow(clippy::missing_panics_doc, reason = "configurations are of the space")]
pub fn corners(number: u32) -> Box<dyn Problem> {
    let name = "lock-in-corners";
    let function = basins_named(name, number);
    let rng = &mut stream("lock-in-corners/region", number);
    let space = function.space().clone();
    let best = space.encode(function.minimizer()).expect("a configuration of the space");
    let count = 1 + rng.index(2);
    let mut axes: Vec<usize> = (0..best.len()).collect();
    rng.shuffle(&mut axes);
    // Each border is on the wider side of the optimum.
    let borders: Vec<(usize, f64, bool)> = axes[..count]
        .iter()
        .map(|axis| {
            let is_above = best[*axis] < 0.5;
            let gap = between(rng, 0.03, 0.15);
            (*axis, if is_above { best[*axis] + gap } else { best[*axis] - gap }, is_above)
        })
        .collect();
    let optimum = function.optimum();
    let fails = move |c: &Configuration| {
        let point = space.encode(c).expect("a configuration of the space");
        borders.iter().all(|(axis, border, is_above)| (point[*axis] > *border) == *is_above)
    };
    Box::new(Named::new(name, Failing::within(function, fails, optimum)))
}
