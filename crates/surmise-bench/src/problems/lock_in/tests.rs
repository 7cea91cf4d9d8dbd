use super::*;
use crate::problem::Problem;
use crate::problems::TestFunction;
use surmise::rng::Rng;
use surmise::space::Configuration;
use surmise::unit_cube::Axis;

type Family = (&'static str, fn(u32) -> TestFunction);

const FAMILIES: [Family; 6] = [
    ("choices", choices),
    ("basins", basins),
    ("plateau", plateau),
    ("stairs", stairs),
    ("idle", idle),
    ("ends", ends),
];

fn random_configurations(problem: &dyn Problem, count: u64) -> Vec<Configuration> {
    let space = problem.space();
    let draw = |sample| {
        let mut rng = Rng::stream(8, sample);
        let point: Vec<f64> = space.axes().iter().map(|_| rng.uniform()).collect();
        space.decode(&space.snap(&point.into()))
    };
    (0..count).map(draw).collect()
}

/// The stated optimum is the value of the stated minimizer, and nothing is below it.
#[test]
fn no_value_is_below_the_stated_optimum() {
    for (name, family) in FAMILIES {
        for number in 1..=20 {
            let function = family(number);
            let optimum = function.optimum().unwrap();
            let best = function.value(function.minimizer());
            let values: Vec<f64> = random_configurations(&function, 400)
                .iter()
                .map(|configuration| function.value(configuration))
                .collect();
            let spread = values.iter().fold(0.0_f64, |max, v| max.max(v - optimum));
            assert!((best - optimum).abs() < 1e-9 * spread, "{name}/{number}: {best} {optimum}");
            assert!(spread > 0.0, "{name}/{number} is not constant");
            assert!(values.iter().all(|v| *v > optimum - 1e-9 * spread), "{name}/{number}");
        }
    }
}

#[test]
fn instances_differ_and_are_reproducible() {
    for (name, family) in FAMILIES {
        let values = |number| {
            let function = family(number);
            let configurations = random_configurations(&function, 20);
            configurations.iter().map(|c| function.value(c).to_bits()).collect::<Vec<u64>>()
        };
        assert_eq!(values(1), values(1), "{name}");
        assert_ne!(values(1), values(2), "{name}");
    }
}

/// Some choices have a better value on average than the best one, so that they look good first.
#[test]
fn choices_differ_in_place_and_level() {
    let (mut counts, mut misleading) = (Vec::new(), 0);
    for number in 1..=20 {
        let function = choices(number);
        let categories = function.space().axes().iter().filter_map(|axis| match axis {
            Axis::Categories(count) => Some(*count),
            _ => None,
        });
        let categories: Vec<usize> = categories.collect();
        assert_eq!(categories.len(), 1);
        counts.push((categories[0], function.space().axes().len() - 1));
        let best = function.minimizer().category("choice");
        let mean = |choice: &str| {
            let of_choice = random_configurations(&function, 3000);
            let values: Vec<f64> = of_choice
                .iter()
                .filter(|c| c.category("choice") == choice)
                .map(|c| function.value(c))
                .collect();
            values.iter().sum::<f64>() / values.len() as f64
        };
        let mean_of_best = mean(best);
        let other = (0..categories[0]).map(|i| format!("choice{i}")).filter(|c| c != best);
        misleading += usize::from(other.map(|c| mean(&c)).any(|other| other < mean_of_best));
    }
    assert!(
        counts
            .iter()
            .all(|(choices, others)| (2..=8).contains(choices) && (2..=6).contains(others))
    );
    assert!((6..=19).contains(&misleading), "{misleading} of 20");
}

#[test]
fn the_region_below_a_plateau_has_its_share_of_the_space() {
    for number in 1..=8 {
        let function = plateau(number);
        let configurations = random_configurations(&function, 4000);
        let mut values: Vec<f64> = configurations.iter().map(|c| function.value(c)).collect();
        values.sort_by(f64::total_cmp);
        let top = values[3999];
        let has_two = [2, 3, 6, 7].contains(&number);
        let plateau = if has_two { values[1000] } else { top };
        let below = values.iter().filter(|v| **v < plateau - 1e-12 * plateau.abs()).count();
        assert!((20..600).contains(&below), "{number}: {below} of 4000");
        assert_eq!(top > plateau, has_two, "half of the instances have two plateaus");
    }
}

/// The center of the space is hardly more often in the good region than a random point.
#[test]
fn the_center_is_rarely_below_a_plateau() {
    let (mut at_center, mut share) = (0.0, 0.0);
    for number in 1..=400 {
        let function = plateau(number);
        let space = function.space();
        let (optimum, configurations) =
            (function.optimum().unwrap(), random_configurations(&function, 200));
        let values: Vec<f64> = configurations.iter().map(|c| function.value(c)).collect();
        let unit = plateau_height(&values, optimum);
        let is_below = |value: f64| value - optimum < unit * (1.0 - 1e-9);
        share += values.iter().filter(|v| is_below(**v)).count() as f64 / 200.0;
        let center = space.decode(&space.snap(&vec![0.5; space.axes().len()].into()));
        at_center += f64::from(u8::from(is_below(function.value(&center))));
    }
    let (at_center, share) = (at_center / 400.0, share / 400.0);
    assert!(share > 0.02 && at_center < 2.0 * share, "{at_center} of the centers, {share} of all");
}

/// Returns the distance of the lower plateau from the optimum.
fn plateau_height(values: &[f64], optimum: f64) -> f64 {
    let mut distances: Vec<f64> = values.iter().map(|v| v - optimum).collect();
    distances.sort_by(f64::total_cmp);
    // Most values are on a plateau, and at most a tenth below.
    distances[values.len() / 4]
}

/// The lowest level is small: a random configuration rarely finds it.
#[test]
fn the_lowest_level_of_stairs_is_small() {
    for number in 1..=12 {
        let function = stairs(number);
        let optimum = function.optimum().unwrap();
        let configurations = random_configurations(&function, 20_000);
        let values: Vec<f64> = configurations.iter().map(|c| function.value(c)).collect();
        let mut levels = values.clone();
        levels.sort_by(f64::total_cmp);
        levels.dedup();
        assert!((4..=12).contains(&levels.len()), "{number}: {levels:?}");
        let spread = levels[levels.len() - 1] - optimum;
        let lowest = values.iter().filter(|v| **v - optimum < 1e-9 * spread).count();
        assert!((10..700).contains(&lowest), "{number}: {lowest} of 20000");
    }
}

/// The optimum of `ends` has coordinates at ends, and its decoy is found more often.
#[test]
fn optima_at_ends_are_at_ends() {
    let (mut at_end, mut all) = (0.0, 0.0);
    for number in 1..=20 {
        let function = ends(number);
        let best = function.space().encode(function.minimizer()).unwrap();
        let is_at_end = |(u, axis): (&f64, &Axis)| match axis.cell_count() {
            #[allow(clippy::cast_precision_loss, reason = "few levels")]
            Some(cells) => axis.cell(*u) == 0 || axis.cell(*u) + 1 == cells,
            None => !(1e-12..1.0 - 1e-12).contains(u),
        };
        let count = best.iter().zip(function.space().axes()).filter(|(u, a)| is_at_end((u, a)));
        let count = count.count();
        assert!(count > 0, "{number}");
        at_end += count as f64;
        all += best.len() as f64;
    }
    let share = at_end / all;
    assert!((0.55..0.95).contains(&share), "{share}");
}

#[test]
fn idle_parameters_have_no_effect() {
    for number in 1..=10 {
        let function = idle(number);
        let (space, best) = (function.space(), function.minimizer());
        let optimum = function.optimum().unwrap();
        let mut without_effect = 0;
        for range in space.ranges() {
            let others = random_configurations(&function, 50);
            let changed = |c: &Configuration| {
                let value = c.value(range.name()).unwrap().clone();
                function.value(&families::with_values(best, [(range.name().to_owned(), value)]))
            };
            let is_idle =
                others.iter().all(|c| (changed(c) - optimum).abs() < 1e-12 + 1e-12 * optimum.abs());
            without_effect += usize::from(is_idle);
        }
        let active = space.ranges().len() - without_effect;
        assert!((2..=3).contains(&active) && (4..=8).contains(&without_effect), "{number}");
    }
}

/// Noise of all three laws and all four sizes occurs, and the truth is without it.
#[test]
fn noise_has_three_laws_and_four_sizes() {
    let mut ratios = Vec::new();
    for number in 1..=12 {
        let problem = noise(number);
        assert!(problem.is_noisy());
        assert_eq!(problem.name(), "lock-in-noise");
        let configurations = random_configurations(problem.as_ref(), 300);
        let mut errors = Vec::new();
        let mut truths = Vec::new();
        for (i, configuration) in configurations.iter().enumerate() {
            let evaluation = problem.evaluate(configuration, &mut Rng::stream(3, i as u64));
            let truth = evaluation.noiseless.unwrap();
            errors.push(evaluation.measured.unwrap() - truth);
            truths.push(truth);
        }
        truths.sort_by(f64::total_cmp);
        let fifth = &truths[..60];
        let mean = fifth.iter().sum::<f64>() / 60.0;
        let spread = (fifth.iter().map(|t| (t - mean).powi(2)).sum::<f64>() / 60.0).sqrt();
        errors.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
        // Half of the errors of a normal law are below 0.67 deviations; of Student's t, 0.76
        // scales, which are 0.44 deviations.
        ratios.push(errors[150].abs() / spread);
    }
    let (min, max) =
        ratios.iter().fold((f64::INFINITY, 0.0_f64), |(a, b), r| (a.min(*r), b.max(*r)));
    assert!(min < 0.15 && max > 0.7, "{ratios:?}");
}

#[test]
fn corners_fail_beside_the_optimum() {
    for number in 1..=12 {
        let problem = corners(number);
        let configurations = random_configurations(problem.as_ref(), 1000);
        let failures = configurations
            .iter()
            .filter(|c| problem.evaluate(c, &mut Rng::stream(1, 1)).measured.is_err())
            .count();
        assert!((30..900).contains(&failures), "{number}: {failures} of 1000");
        assert!(problem.optimum().is_some());
    }
}
