//! The contract of evaluators.

use std::cell::Cell;

use surmise::conformance::check_evaluator;
use surmise::{ParameterRange, ScalingType, SearchSpace};
use surmise_sagemaker::fake::JobTimes;

use super::*;

#[test]
fn the_evaluator_fulfills_the_contract() {
    // The checks expect each job to end within a minute.
    let second = Duration::from_secs(1);
    let times =
        JobTimes { starting: second, downloading: second, uploading: second, stopping: second };
    let settings = FakeSettings { times, ..Default::default() };
    let short_training = |values: &BTreeMap<String, String>| {
        let rate: f64 = values["rate"].parse().unwrap();
        FakeTraining::new(5 * SECOND).metric("loss", [rate])
    };
    let fake = FakeSageMaker::start(settings.clone(), short_training).unwrap();
    let space =
        SearchSpace::new([ParameterRange::continuous("rate", 0.0..=1.0, ScalingType::Linear)]);
    let count = Cell::new(0);
    let make = || {
        count.set(count.get() + 1);
        evaluator(&fake, &settings.clock, &request(&format!("trees{}", count.get()), 1, 1))
    };
    check_evaluator(make, &space.unwrap()).unwrap();
    assert!(fake.creation_counts().len() >= 20);
}
