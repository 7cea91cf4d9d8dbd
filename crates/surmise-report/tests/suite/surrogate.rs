//! When there is a surrogate, and what it is made of.

use crate::example::{float, numbers, told_at_random};
use surmise::{Failure, FailureKind, Outcome};
use surmise_report::Surrogate;

#[test]
fn little_or_nothing_gives_no_surrogate() {
    let fit = |count: usize, value: fn(f64) -> f64| {
        let study = told_at_random(numbers(&["x"], 0.0, 1.0), count, 1, |c| value(float(c, "x")));
        Surrogate::fit(&study)
    };
    assert!(fit(0, |x| x).is_none() && fit(4, |x| x).is_none());
    assert!(fit(30, |_| 3.0).is_none(), "all values are the same");
    assert_eq!(fit(5, |x| x).unwrap().count(), 5);
}

#[test]
fn failures_and_running_trials_are_left_out() {
    let mut study = told_at_random(numbers(&["x"], 0.0, 1.0), 8, 1, |c| float(c, "x"));
    let surmise::Asked::Trials(trials) = study.ask(2).unwrap() else { panic!() };
    study.tell(trials[0].id, Outcome::Failed(Failure::new(FailureKind::Error, "no"))).unwrap();
    assert_eq!(Surrogate::fit(&study).unwrap().count(), 8);
}

#[test]
fn noise_is_told_from_none() {
    let mut rng = surmise::rng::Rng::stream(1, 1);
    let space = || numbers(&["x"], 0.0, 1.0);
    let quiet = told_at_random(space(), 40, 1, |c| (5.0 * float(c, "x")).sin());
    let loud = told_at_random(space(), 40, 1, |c| (5.0 * float(c, "x")).sin() + rng.normal());
    assert!(Surrogate::fit(&quiet).unwrap().noise_share() < 0.01);
    assert!(Surrogate::fit(&loud).unwrap().noise_share() > 0.3);
}

#[test]
fn many_values_are_represented_and_huge_ones_are_finite() {
    let study = told_at_random(numbers(&["x", "y"], 0.0, 1.0), 1200, 1, |c| {
        let (x, y) = (float(c, "x"), float(c, "y"));
        if x > 0.95 { 1e300 } else { (x - 0.3).powi(2) + y }
    });
    let surrogate = Surrogate::fit(&study).unwrap();
    assert_eq!(surrogate.count(), 1000);
    for slice in surrogate.slices() {
        for place in slice.places {
            let predicted = place.predicted;
            assert!(predicted.low.is_finite() && predicted.high.is_finite(), "{predicted:?}");
        }
    }
}
