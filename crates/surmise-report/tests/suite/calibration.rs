//! Calibration of the surrogate on noisy functions.

use crate::studies::{continuous_space, float, random_study};
use surmise::Study;
use surmise::rng::Rng;
use surmise_report::Surrogate;

fn noisy(std_dev: f64, seed: u64, function: impl Fn(f64, f64) -> f64) -> Study {
    let mut rng = Rng::stream(seed, 99);
    random_study(continuous_space(&["x", "y"], -2.0, 2.0), 60, seed, |configuration| {
        let (x, y) = (float(configuration, "x"), float(configuration, "y"));
        function(x, y) + std_dev * rng.normal()
    })
}

/// The 95 % intervals contain 90 to 99 % of the values, on average over eight data sets.
#[test]
fn intervals_have_their_nominal_coverage() {
    type Function = fn(f64, f64) -> f64;
    let functions: [(&str, Function); 3] = [
        ("bowl", |x, y| x * x + 0.5 * y * y),
        ("waves", |x, y| (2.0 * x).sin() + y.cos()),
        ("valley", |x, y| 10.0 * (y - x * x).powi(2) + (1.0 - x).powi(2)),
    ];
    for (name, function) in functions {
        for share in [0.1, 0.4] {
            let mut observed = 0.0;
            for seed in 0..8 {
                let std_dev = if name == "valley" { 40.0 * share } else { share };
                let study = noisy(std_dev, seed, function);
                let calibration = Surrogate::fit(&study).unwrap().calibration();
                assert_eq!(calibration.predictions.len(), 60);
                observed += calibration.coverage[2].observed / 8.0;
            }
            assert!((0.9..=0.99).contains(&observed), "{name}, noise {share}: {observed}");
        }
    }
}

#[test]
fn a_smooth_function_is_explained_and_noise_is_not() {
    let explained = |study: &Study| Surrogate::fit(study).unwrap().calibration().explained_variance;
    assert!(explained(&noisy(0.0, 1, |x, y| x * x + y)) > 0.99);
    assert!(explained(&noisy(1.0, 1, |_, _| 0.0)) < 0.2);
}

#[test]
fn predictions_have_the_unit_of_the_metric() {
    let study = noisy(0.01, 2, |x, y| 100.0 + x + y);
    let calibration = Surrogate::fit(&study).unwrap().calibration();
    for prediction in &calibration.predictions {
        let measured = study.trial(prediction.trial).unwrap().value().unwrap();
        assert!((measured - prediction.value).abs() < 1e-6, "{measured} {}", prediction.value);
        let predicted = prediction.predicted;
        assert!(predicted.low <= predicted.median && predicted.median <= predicted.high);
        assert!((prediction.value - predicted.median).abs() < 0.2);
    }
}
