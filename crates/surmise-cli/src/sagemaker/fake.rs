//! A fake SageMaker as a server, for any client.
//!
//! A training takes two seconds, and each other stage of a job takes one, instead of minutes. The
//! objective of a job is the sum of the squares of its numeric hyperparameters. The hyperparameter
//! `_tuning_objective_metric` names the objective.

use std::collections::BTreeMap;
use std::time::Duration;

use surmise_sagemaker::Clock;
use surmise_sagemaker::fake::{FakeSageMaker, FakeSettings, FakeTraining, JobTimes};

use crate::output::{CommandError, print_line};

const SECOND: Duration = Duration::from_secs(1);

/// Serves until it is interrupted.
pub(super) fn run(port: u16) -> Result<(), CommandError> {
    let times =
        JobTimes { starting: SECOND, downloading: SECOND, uploading: SECOND, stopping: SECOND };
    let settings = FakeSettings { clock: Clock::real(), times, port, ..FakeSettings::default() };
    let fake = FakeSageMaker::start(settings, training)?;
    print_line(format_args!(
        "A fake SageMaker listens at {}, until it is interrupted.",
        fake.url()
    ))?;
    loop {
        std::thread::park();
    }
}

fn training(values: &BTreeMap<String, String>) -> FakeTraining {
    let metric = values.get("_tuning_objective_metric").map_or("objective", String::as_str);
    let numbers = values.values().filter_map(|text| text.parse::<f64>().ok());
    FakeTraining::new(2 * SECOND).metric(metric, [numbers.map(|number| number * number).sum()])
}
