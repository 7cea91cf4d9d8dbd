//! A tuning job of SageMaker's own tuner.

use std::sync::{Arc, Mutex};

use surmise_sagemaker::TuningJobStatus;
use surmise_sagemaker::evaluator::TuningJob;

use super::*;

#[test]
fn fault_h1_a_final_metric_has_no_type() {
    for metric_type in [false, true] {
        let (settings, fake) = under(Faults { metric_type, ..Default::default() });
        let request = request("trees", 5, 5);
        let clock = settings.clock.clone();
        let mut job = TuningJob::launch_by(clock, &request, service(&fake)).unwrap();
        let end = job.follow(|_| ControlFlow::Continue(())).unwrap();
        let best = end.best_training_job.as_ref().unwrap().final_metric.as_ref().unwrap();
        assert_eq!(best.goal.is_some(), metric_type);
        let (study, brought) = end.study(&job.training_jobs().unwrap()).unwrap();
        assert_eq!(brought.observed, 5);
        assert_eq!(study.best().and_then(Trial::value), Some(best.value));
    }
}

#[test]
fn fault_h8_a_tuning_job_is_followed_beyond_credentials_that_expire() {
    let expired = vec![1000 * SECOND..30_000 * SECOND];
    let (settings, fake) = under(Faults { expired, ..Default::default() });
    let request = request("trees", 5, 1);
    let told = Arc::new(Mutex::new(Vec::new()));
    let kept = Arc::clone(&told);
    let job = TuningJob::launch_by(settings.clock.clone(), &request, service(&fake)).unwrap();
    let mut job = job.telling(move |text| kept.lock().unwrap().push(text.to_owned()));
    let end = job.follow(|_| ControlFlow::Continue(())).unwrap();
    assert_eq!(end.status, TuningJobStatus::Completed);
    assert!(fake.now() >= 30_000 * SECOND);
    let told = told.lock().unwrap();
    assert!(
        matches!(&told[..], [trouble, again] if trouble.contains("ExpiredToken") && again.contains("answers again")),
        "{told:?}"
    );
}

#[test]
fn whoever_hears_no_more_of_a_tuning_job_knows_that_it_goes_on() {
    let (settings, fake) = under(Faults::default());
    let request = request("trees", 5, 1);
    let mut job = TuningJob::launch_by(settings.clock.clone(), &request, service(&fake)).unwrap();
    let denied = ["DescribeHyperParameterTuningJob".to_owned()].into();
    fake.set_faults(Faults { denied, ..Default::default() });
    let error = job.follow(|_| ControlFlow::Continue(())).unwrap_err();
    assert!(error.reason.contains("tuning job trees may go on"), "{error}");
    assert!(error.reason.contains("statement BringBack"), "{error}");
}
