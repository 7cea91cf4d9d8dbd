//! A fake SageMaker by itself, for any client.
//!
//! Stages of its training jobs take a second instead of minutes. What a job tells, as the objective that its hyperparameter `_tuning_objective_metric` names,
//! is the sum of the squares of its other numeric hyperparameters.

use std::collections::BTreeMap;
use std::time::Duration;

use surmise_sagemaker::Clock;
use surmise_sagemaker::fake::{FakeSageMaker, FakeSettings, FakeTraining, JobTimes};

use crate::output::{Failure, say};

const SECOND: Duration = Duration::from_secs(1);

/// Serves until it is interrupted.
pub(super) fn run(port: u16) -> Result<(), Failure> {
    let times =
        JobTimes { starting: SECOND, downloading: SECOND, uploading: SECOND, stopping: SECOND };
    let settings = FakeSettings { clock: Clock::real(), times, port, ..FakeSettings::default() };
    let fake = FakeSageMaker::start(settings, training)?;
    say(format_args!("A fake SageMaker listens at {}, until it is interrupted.", fake.url()))?;
    loop {
        std::thread::park();
    }
}

fn training(values: &BTreeMap<String, String>) -> FakeTraining {
    let metric = values.get("_tuning_objective_metric").map_or("objective", String::as_str);
    let numbers = values.values().filter_map(|text| text.parse::<f64>().ok());
    FakeTraining::new(2 * SECOND).metric(metric, [numbers.map(|number| number * number).sum()])
}
