//! The values that a surrogate uses, and when there is none.

use crate::studies::{continuous_space, float, random_study};
use surmise::{Failure, FailureKind, Outcome};
use surmise_report::Surrogate;

#[test]
fn too_few_or_equal_values_give_no_surrogate() {
    let fit = |count: usize, value: fn(f64) -> f64| {
        let study =
            random_study(continuous_space(&["x"], 0.0, 1.0), count, 1, |c| value(float(c, "x")));
        Surrogate::fit(&study)
    };
    assert!(fit(0, |x| x).is_none() && fit(4, |x| x).is_none());
    assert!(fit(30, |_| 3.0).is_none(), "all values are equal");
    assert_eq!(fit(5, |x| x).unwrap().observation_count(), 5);
}

#[test]
fn failures_and_running_trials_are_excluded() {
    let mut study = random_study(continuous_space(&["x"], 0.0, 1.0), 8, 1, |c| float(c, "x"));
    let surmise::AskOutcome::Trials(trials) = study.ask(2).unwrap() else { panic!() };
    study.tell(trials[0].id, Outcome::Failed(Failure::new(FailureKind::Error, "no"))).unwrap();
    assert_eq!(Surrogate::fit(&study).unwrap().observation_count(), 8);
}

#[test]
fn noisy_and_exact_values_are_distinguished() {
    let mut rng = surmise::rng::Rng::stream(1, 1);
    let space = || continuous_space(&["x"], 0.0, 1.0);
    let quiet = random_study(space(), 40, 1, |c| (5.0 * float(c, "x")).sin());
    let loud = random_study(space(), 40, 1, |c| (5.0 * float(c, "x")).sin() + rng.normal());
    assert!(Surrogate::fit(&quiet).unwrap().noise_share() < 0.01);
    assert!(Surrogate::fit(&loud).unwrap().noise_share() > 0.3);
}

#[test]
fn many_values_are_subsampled_and_predictions_stay_finite() {
    let study = random_study(continuous_space(&["x", "y"], 0.0, 1.0), 1200, 1, |c| {
        let (x, y) = (float(c, "x"), float(c, "y"));
        if x > 0.95 { 1e300 } else { (x - 0.3).powi(2) + y }
    });
    let surrogate = Surrogate::fit(&study).unwrap();
    assert_eq!(surrogate.observation_count(), 1000);
    for slice in surrogate.slices() {
        for point in slice.points {
            let predicted = point.predicted;
            assert!(predicted.low.is_finite() && predicted.high.is_finite(), "{predicted:?}");
        }
    }
}
