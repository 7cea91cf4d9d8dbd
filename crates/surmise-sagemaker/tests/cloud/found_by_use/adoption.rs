//! Whose job it is that has the name.

use super::*;

#[test]
fn fault_h3_a_job_of_another_definition_is_an_error_that_says_where_it_differs() {
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
            "s3://bucket/others".clone_into(&mut output.s3_output_path);
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
    for (wanted, change) in changes {
        let error = adopted(|_| (), change).unwrap_err();
        assert!(error.contains(wanted) && error.contains("another name"), "{wanted}: {error}");
    }
}

#[test]
fn fault_h3_what_had_ended_before_is_said_to_be_adopted() {
    for change in [
        (|_| ()) as fn(&mut CreateHyperParameterTuningJobRequest),
        // How long a job may run does not make it another one.
        |it| {
            let condition = &mut it.definition.as_mut().unwrap().stopping_condition;
            condition.max_runtime_in_seconds = Some(9000);
        },
    ] {
        let all = adopted(|_| (), change).unwrap();
        assert!(matches!(ended(&all)[..], [Outcome::Completed { .. }]));
        let told = warnings(&all);
        assert!(matches!(told[..], [one] if one.contains("had ended before")), "{told:?}");
    }
}

#[test]
fn fault_h18_checkpoints_of_another_configuration_are_not_gone_on_from() {
    let (settings, fake) = under(Faults::default());
    let mut folders = Vec::new();
    for (name, rate) in [("trees", 0.4), ("trees", 0.5)] {
        let mut request = request(name, 1, 1);
        let config = serde_json::json!({"S3Uri": "s3://bucket/checkpoints"});
        request.definition.as_mut().unwrap().checkpoints =
            Some(serde_json::from_value(config).unwrap());
        let mut jobs = evaluator(&fake, &settings.clock, &request);
        let known = trial(7, rate);
        let attempt = u32::try_from(folders.len()).unwrap() + 1;
        jobs.start(&Job::new(&known, attempt)).unwrap();
        let made = fake.request(&training_job_name("trees", 7, attempt)).unwrap();
        folders.push(made["CheckpointConfig"]["S3Uri"].as_str().unwrap().to_owned());
    }
    assert_ne!(folders[0], folders[1]);
    assert!(folders.iter().all(|it| it.starts_with("s3://bucket/checkpoints/trees-007-")));
}

#[test]
fn fault_h23_jobs_of_sagemakers_own_tuner_are_not_in_the_budget() {
    use surmise_sagemaker::evaluator::TuningJob;
    let (settings, fake) = under(Faults::default());
    let request = request("trees", 10, 5);
    let mut job = TuningJob::launch_by(settings.clock.clone(), &request, service(&fake)).unwrap();
    job.follow(|_| ControlFlow::Continue(())).unwrap();
    let budget = 5000 * SECOND;
    assert!(fake.billed() > budget);
    let mut other = super::request("trees", 2, 2);
    other.definition.as_mut().unwrap().static_hyper_parameters = None;
    let mut jobs = evaluator(&fake, &settings.clock, &other).with_budget(budget);
    // Another number than theirs: names are taken once.
    assert_eq!(start(&mut jobs, 100, 0.4), Start::Started);
    ends(&mut jobs, 1);
    assert_eq!(jobs.billed().as_secs(), fake.bills()[&training_job_name("trees", 100, 1)]);
}

#[test]
fn fault_h25_a_study_goes_on_where_its_jobs_are_and_nowhere_else() {
    let (settings, fake) = under(Faults::default());
    let request = request("trees", 3, 1);
    let mut jobs = evaluator(&fake, &settings.clock, &request);
    let mut study = study(&request, Vec::new());
    Tuner::with(rules(&request, &jobs))
        .observe(|_, progress| match progress {
            Progress::Recorded(Event::Located { .. }) => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        })
        .cancel_patience(Duration::ZERO)
        .run(&mut study, &mut jobs)
        .unwrap();
    let place = study.trials()[0].place.clone().unwrap();
    assert!(place.starts_with("arn:aws:sagemaker:us-west-2:012345678912:training-job/trees-001-"));
    // As the ledger of a tuner that was killed has it: the job runs.
    let asked = study.events().iter().take_while(|event| !matches!(event, Event::StopAsked { .. }));
    let ledger: Vec<Event> = asked.cloned().collect();

    // Another region.
    let elsewhere = Connection::new()
        .region("eu-west-1")
        .endpoint(fake.url())
        .access_key(ACCESS_KEY, SECRET_KEY, None)
        .open()
        .unwrap();
    let jobs = SageMakerEvaluator::new(&request, elsewhere).unwrap();
    let mut jobs = jobs.with_clock(settings.clock.clone());
    let mut again = super::study(&request, ledger.clone());
    let error = Tuner::new().run(&mut again, &mut jobs).unwrap_err().to_string();
    assert!(error.contains("connect to us-west-2") && error.contains("eu-west-1"), "{error}");

    // Another account, in which there is nothing.
    let other = FakeSettings { account: "999999999999".to_owned(), ..Default::default() };
    let others = super::fake(&other);
    let mut jobs = evaluator(&others, &other.clock, &request);
    let mut again = super::study(&request, ledger.clone());
    let error = Tuner::new().run(&mut again, &mut jobs).unwrap_err().to_string();
    assert!(error.contains("credentials of another account"), "{error}");
    assert!(others.creations().is_empty(), "nothing is begun anew, and nothing is paid twice");

    // Where it was, it is adopted.
    let mut jobs = evaluator(&fake, &settings.clock, &request);
    let mut again = super::study(&request, ledger);
    let back = rules(&request, &jobs);
    let (reason, _) = tune(&mut again, &mut jobs, back);
    assert_eq!(reason, StopReason::JobLimit { jobs: 3 });
}
