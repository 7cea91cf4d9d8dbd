//! A fake SageMaker by itself, for any client: boto3, the AWS CLI, another SDK.
//!
//!     cargo run --features sagemaker-fake --example fake_sagemaker [-- --port N]
//!     aws sagemaker list-training-jobs --endpoint-url http://127.0.0.1:5657
//!
//! Stages of its training jobs take a second instead of minutes. What a job tells, as the objective that its hyperparameter `_tuning_objective_metric` names,
//! is the sum of the squares of its other numeric hyperparameters.

#![allow(clippy::print_stdout, reason = "an example talks")]

use std::collections::BTreeMap;
use std::time::Duration;

use surmise::evaluator::Clock;
use surmise::fake_sagemaker::{FakeSageMaker, FakeSettings, FakeTraining, JobTimes};

const SECOND: Duration = Duration::from_secs(1);

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let port = match arguments.as_slice() {
        [] => 5657,
        [flag, port] if flag == "--port" => port.parse()?,
        _ => return Err("usage: fake_sagemaker [--port N]".into()),
    };
    let times =
        JobTimes { starting: SECOND, downloading: SECOND, uploading: SECOND, stopping: SECOND };
    let settings = FakeSettings { clock: Clock::real(), times, port, ..FakeSettings::default() };
    let fake = FakeSageMaker::start(settings, training)?;
    println!("A fake SageMaker listens at {}, until it is interrupted.", fake.url());
    loop {
        std::thread::park();
    }
}

fn training(values: &BTreeMap<String, String>) -> FakeTraining {
    let metric = values.get("_tuning_objective_metric").map_or("objective", String::as_str);
    let numbers = values.values().filter_map(|text| text.parse::<f64>().ok());
    FakeTraining::new(2 * SECOND).metric(metric, [numbers.map(|number| number * number).sum()])
}
