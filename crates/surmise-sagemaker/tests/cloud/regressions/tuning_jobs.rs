//! Tuning jobs of SageMaker's own tuner, with metrics, credentials and permissions that change.

use std::sync::{Arc, Mutex};

use surmise_sagemaker::TuningJobStatus;
use surmise_sagemaker::evaluator::TuningJob;

use super::*;

#[test]
fn fault_h1_final_metrics_without_a_type_are_read() {
    for metric_type in [false, true] {
        let (settings, fake) = start_fake(Faults { metric_type, ..Default::default() });
        let request = request("trees", 5, 5);
        let clock = settings.clock.clone();
        let mut job = TuningJob::launch_with_clock(clock, &request, service(&fake)).unwrap();
        let end = job.follow(|_| ControlFlow::Continue(())).unwrap();
        let best = end.best_training_job.as_ref().unwrap().final_metric.as_ref().unwrap();
        assert_eq!(best.goal.is_some(), metric_type);
        let (study, summary) = end.study(&job.training_jobs().unwrap()).unwrap();
        assert_eq!(summary.added, 5);
        assert_eq!(study.best().and_then(Trial::value), Some(best.value));
    }
}

#[test]
fn fault_h8_following_a_tuning_job_survives_expired_credentials() {
    let expired = vec![1000 * SECOND..30_000 * SECOND];
    let (settings, fake) = start_fake(Faults { expired, ..Default::default() });
    let request = request("trees", 5, 1);
    let messages = Arc::new(Mutex::new(Vec::new()));
    let recorded = Arc::clone(&messages);
    let job =
        TuningJob::launch_with_clock(settings.clock.clone(), &request, service(&fake)).unwrap();
    let mut job = job.on_outage(move |text| recorded.lock().unwrap().push(text.to_owned()));
    let end = job.follow(|_| ControlFlow::Continue(())).unwrap();
    assert_eq!(end.status, TuningJobStatus::Completed);
    assert!(fake.now() >= 30_000 * SECOND);
    let messages = messages.lock().unwrap();
    let [outage, recovery] = &messages[..] else { panic!("{messages:?}") };
    assert!(outage.contains("ExpiredToken"), "{outage}");
    assert!(recovery.contains("answers again"), "{recovery}");
}

#[test]
fn an_error_while_following_says_that_the_tuning_job_may_continue() {
    let (settings, fake) = start_fake(Faults::default());
    let request = request("trees", 5, 1);
    let mut job =
        TuningJob::launch_with_clock(settings.clock.clone(), &request, service(&fake)).unwrap();
    let denied = ["DescribeHyperParameterTuningJob".to_owned()].into();
    fake.set_faults(Faults { denied, ..Default::default() });
    let error = job.follow(|_| ControlFlow::Continue(())).unwrap_err();
    assert!(error.reason.contains("tuning job trees may still be running"), "{error}");
    assert!(error.reason.contains("statement BringBack"), "{error}");
}
