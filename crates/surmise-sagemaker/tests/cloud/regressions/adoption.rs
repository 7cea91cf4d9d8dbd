//! Adoption of existing jobs: definitions, checkpoints, regions and accounts.

use super::*;

#[test]
fn fault_h3_a_job_of_another_definition_is_refused_with_the_difference() {
    type Change = fn(&mut CreateHyperParameterTuningJobRequest);
    let changes: [(&str, Change); 8] = [
        ("AlgorithmSpecification.TrainingImage", |it| {
            let image = &mut it.definition.as_mut().unwrap().algorithm.training_image;
            *image = Some("012345678912.dkr.ecr.us-west-2.amazonaws.com/trees:2".to_owned());
        }),
        ("AlgorithmSpecification.MetricDefinitions[0].Regex", |it| {
            let algorithm = &mut it.definition.as_mut().unwrap().algorithm;
            "loss=(.*)".clone_into(&mut algorithm.metric_definitions.as_mut().unwrap()[0].regex);
        }),
        ("OutputDataConfig.S3OutputPath", |it| {
            let output = &mut it.definition.as_mut().unwrap().output;
            "s3://bucket/other".clone_into(&mut output.s3_output_path);
        }),
        ("ResourceConfig.InstanceType", |it| {
            let resources = it.definition.as_mut().unwrap().resources.as_mut().unwrap();
            resources.instance_type = Some("ml.m5.large".to_owned());
        }),
        ("RoleArn", |it| {
            let role = &mut it.definition.as_mut().unwrap().role_arn;
            "arn:aws:iam::012345678912:role/other".clone_into(role);
        }),
        ("Environment.GREETING", |it| it.definition.as_mut().unwrap().environment = None),
        ("HyperParameters.num_round", |it| {
            it.definition.as_mut().unwrap().static_hyper_parameters = None;
        }),
        ("EnableManagedSpotTraining", |it| {
            let definition = it.definition.as_mut().unwrap();
            definition.spot_training = Some(true);
            definition.stopping_condition.max_wait_time_in_seconds = Some(9000);
        }),
    ];
    for (expected, change) in changes {
        let error = adopt_after_change(|_| (), change).unwrap_err();
        assert!(error.contains(expected) && error.contains("another name"), "{expected}: {error}");
    }
}

#[test]
fn fault_h3_adopting_an_ended_job_gives_a_warning() {
    for change in [
        (|_| ()) as fn(&mut CreateHyperParameterTuningJobRequest),
        // A longer time limit does not make another job.
        |it| {
            let condition = &mut it.definition.as_mut().unwrap().stopping_condition;
            condition.max_runtime_in_seconds = Some(9000);
        },
    ] {
        let all = adopt_after_change(|_| (), change).unwrap();
        assert!(matches!(ended(&all)[..], [Outcome::Completed { .. }]));
        let warnings = warnings(&all);
        assert!(matches!(warnings[..], [one] if one.contains("had ended before")), "{warnings:?}");
    }
}

#[test]
fn fault_h18_each_configuration_has_its_own_checkpoint_folder() {
    let (settings, fake) = start_fake(Faults::default());
    let mut folders = Vec::new();
    for (name, rate) in [("trees", 0.4), ("trees", 0.5)] {
        let mut request = request(name, 1, 1);
        let config = serde_json::json!({"S3Uri": "s3://bucket/checkpoints"});
        request.definition.as_mut().unwrap().checkpoints =
            Some(serde_json::from_value(config).unwrap());
        let mut jobs = evaluator(&fake, &settings.clock, &request);
        let trial = trial(7, rate);
        let attempt = u32::try_from(folders.len()).unwrap() + 1;
        jobs.start(&Job::new(&trial, attempt)).unwrap();
        let made = fake.request(&training_job_name("trees", 7, attempt)).unwrap();
        folders.push(made["CheckpointConfig"]["S3Uri"].as_str().unwrap().to_owned());
    }
    assert_ne!(folders[0], folders[1]);
    assert!(folders.iter().all(|it| it.starts_with("s3://bucket/checkpoints/trees-007-")));
}

#[test]
fn fault_h23_jobs_of_sagemakers_tuner_do_not_count_towards_the_budget() {
    use surmise_sagemaker::evaluator::TuningJob;
    let (settings, fake) = start_fake(Faults::default());
    let request = request("trees", 10, 5);
    let mut job =
        TuningJob::launch_with_clock(settings.clock.clone(), &request, service(&fake)).unwrap();
    job.follow(|_| ControlFlow::Continue(())).unwrap();
    let budget = 5000 * SECOND;
    assert!(fake.total_billed_time() > budget);
    let mut other = super::request("trees", 2, 2);
    other.definition.as_mut().unwrap().static_hyper_parameters = None;
    let mut jobs = evaluator(&fake, &settings.clock, &other).with_budget(budget);
    // The number of this trial is used by no job of SageMaker's tuner.
    assert_eq!(start_job(&mut jobs, 100, 0.4), StartOutcome::Started);
    collect_until_ended(&mut jobs, 1);
    assert_eq!(jobs.billed().as_secs(), fake.billed_seconds()[&training_job_name("trees", 100, 1)]);
}

#[test]
fn fault_h25_a_study_resumes_only_in_the_region_and_account_of_its_jobs() {
    let (settings, fake) = start_fake(Faults::default());
    let request = request("trees", 3, 1);
    let mut jobs = evaluator(&fake, &settings.clock, &request);
    let mut study = study(&request, Vec::new());
    Tuner::with_rules(rules(&request, &jobs))
        .on_progress(|_, progress| match progress {
            Progress::Recorded(Event::Located { .. }) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        })
        .stop_grace_period(Duration::ZERO)
        .run(&mut study, &mut jobs)
        .unwrap();
    let location = study.trials()[0].job_location.clone().unwrap();
    assert!(
        location.starts_with("arn:aws:sagemaker:us-west-2:012345678912:training-job/trees-001-")
    );
    // These are the events of a killed tuner whose job runs.
    let before_stop =
        study.events().iter().take_while(|event| !matches!(event, Event::StopRequested { .. }));
    let events: Vec<Event> = before_stop.cloned().collect();

    // A connection to another region is refused.
    let other_region = Connection::new()
        .region("eu-west-1")
        .endpoint(fake.url())
        .access_key(ACCESS_KEY, SECRET_KEY, None)
        .open()
        .unwrap();
    let jobs = SageMakerEvaluator::new(&request, other_region).unwrap();
    let mut jobs = jobs.with_clock(settings.clock.clone());
    let mut resumed = super::study(&request, events.clone());
    let error = Tuner::new().run(&mut resumed, &mut jobs).unwrap_err().to_string();
    assert!(
        error.contains("connect to region us-west-2") && error.contains("eu-west-1"),
        "{error}"
    );

    // Credentials of another account, which has no such job, are refused.
    let other = FakeSettings { account: "999999999999".to_owned(), ..Default::default() };
    let other_fake = super::fake(&other);
    let mut jobs = evaluator(&other_fake, &other.clock, &request);
    let mut resumed = super::study(&request, events.clone());
    let error = Tuner::new().run(&mut resumed, &mut jobs).unwrap_err().to_string();
    assert!(error.contains("belong to another account"), "{error}");
    assert!(other_fake.creation_counts().is_empty(), "no job starts in the other account");

    // In its own region and account the job is adopted.
    let mut jobs = evaluator(&fake, &settings.clock, &request);
    let mut resumed = super::study(&request, events);
    let tuning_rules = rules(&request, &jobs);
    let (reason, _) = tune(&mut resumed, &mut jobs, tuning_rules);
    assert_eq!(reason, StopReason::JobLimit { jobs: 3 });
}
