//! Tuning jobs of SageMaker's own tuner: launching, following, stopping, and importing their
//! results.

use surmise_sagemaker::Clock;
use surmise_sagemaker::TuningJobStatus;
use surmise_sagemaker::evaluator::TuningJob;
use surmise_sagemaker::fake::Faults;

use super::*;

fn launch(
    fake: &FakeSageMaker,
    clock: &Clock,
    request: &CreateHyperParameterTuningJobRequest,
) -> TuningJob {
    TuningJob::launch_with_clock(clock.clone(), request, service(fake)).unwrap()
}

#[test]
fn a_tuning_job_is_launched_followed_and_imported() {
    let faults = Faults { throttled: 0.1, lost_replies: 0.1, ..Default::default() };
    let settings = FakeSettings { faults, ..Default::default() };
    let fake = fake(&settings);
    let request = request("trees", 130, 10);
    let mut job = launch(&fake, &settings.clock, &request);
    let mut seen = Vec::new();
    let end = job
        .follow(|description| {
            seen.push(description.training_job_status_counters.completed);
            ControlFlow::Continue(())
        })
        .unwrap();
    assert_eq!(end.status, TuningJobStatus::Completed);
    assert!(seen.is_sorted() && seen.len() > 20 && seen.last() == Some(&130), "{seen:?}");
    assert!(fake.max_concurrent_jobs() <= 10);

    let jobs = job.training_jobs().unwrap();
    assert_eq!(jobs.len(), 130, "the list has more than one page");
    let (study, summary) = end.study(&jobs).unwrap();
    assert_eq!((summary.added, summary.skipped.len()), (130, 0));
    let best = end.best_training_job.as_ref().unwrap().final_metric.as_ref().unwrap().value;
    assert_eq!(study.best().and_then(Trial::value), Some(best));
    assert_eq!(study.space(), &request.tuning().unwrap().space);
    // Hyperparameters that the service adds are not imported.
    let statics = end.request().definition.unwrap().static_hyper_parameters.unwrap();
    assert_eq!(statics.keys().collect::<Vec<_>>(), ["num_round"]);

    // A reply may be lost, so that launching the same request again attaches to the same job.
    // Another request with the name is refused.
    let attached = launch(&fake, &settings.clock, &request);
    assert_eq!(attached.name(), "trees");
    let other = super::request("trees", 131, 10);
    let error =
        TuningJob::launch_with_clock(settings.clock.clone(), &other, service(&fake)).unwrap_err();
    assert!(error.reason.contains("another name"), "{error}");
    let mut other = request.clone();
    let values = other.definition.as_mut().unwrap().static_hyper_parameters.as_mut().unwrap();
    values.insert("num_round".to_owned(), "21".to_owned());
    let error =
        TuningJob::launch_with_clock(settings.clock.clone(), &other, service(&fake)).unwrap_err();
    assert!(error.reason.contains("another name"), "{error}");
}

#[test]
fn the_results_of_a_stopped_tuning_job_are_imported() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let mut job = launch(&fake, &settings.clock, &request("trees", 20, 4));
    let half = job
        .follow(|description| match description.training_job_status_counters.completed {
            0..8 => ControlFlow::Continue(()),
            _ => ControlFlow::Break(()),
        })
        .unwrap();
    assert_eq!(half.status, TuningJobStatus::InProgress);
    job.stop().unwrap();
    let end = job.follow(|_| ControlFlow::Continue(())).unwrap();
    assert_eq!(end.status, TuningJobStatus::Stopped);
    job.stop().unwrap();
    let jobs = job.training_jobs().unwrap();
    let (study, summary) = end.study(&jobs).unwrap();
    assert_eq!(summary.added + summary.skipped.len(), jobs.len());
    assert!((8..20).contains(&jobs.len()));
    assert_eq!(study.trials().len(), summary.added);

    let missing = TuningJob::attach("nothing", service(&fake)).describe().unwrap_err();
    assert!(missing.reason.contains("no resource has this name"), "{missing}");
}

#[test]
fn several_parent_jobs_are_imported_into_one_study() {
    let settings = FakeSettings::default();
    let fake = fake(&settings);
    let mut parents = Vec::new();
    for (name, seed) in [("parent-1", 1), ("parent-2", 2)] {
        let mut request = request(name, 5, 5);
        request.config.random_seed = Some(seed);
        let mut job = launch(&fake, &settings.clock, &request);
        let end = job.follow(|_| ControlFlow::Continue(())).unwrap();
        parents.push((end, job.training_jobs().unwrap()));
    }
    let mut study = study(&request("child", 10, 2), Vec::new());
    for (parent, jobs) in &parents {
        assert_eq!(parent.import_jobs(jobs, &mut study).unwrap().added, 5);
    }
    assert_eq!(study.trials().len(), 10);
    assert!(study.trials().iter().all(|trial| trial.source == surmise::trial::Source::External));

    // The jobs of a parent with another metric are refused.
    let (mut other, jobs) = parents.pop().unwrap();
    other.config.objective.as_mut().unwrap().metric_name = "auc".to_owned();
    let error = other.import_jobs(&jobs, &mut study).unwrap_err();
    assert!(error.to_string().contains("same objective"), "{error}");

    // Values out of the child's range are skipped, and so are jobs without a value.
    let (parent, mut jobs) = parents.pop().unwrap();
    jobs[0].tuned_hyper_parameters.insert("rate".to_owned(), "7.5".to_owned());
    jobs[1].tuned_hyper_parameters.shift_remove("rate");
    let summary = parent.import_jobs(&jobs, &mut study).unwrap();
    assert_eq!((summary.added, summary.skipped.len()), (3, 2));
}
