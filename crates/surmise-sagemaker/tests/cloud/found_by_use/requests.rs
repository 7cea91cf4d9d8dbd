//! What stands in requests, and how they are signed and refused.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;

use super::*;

#[test]
fn fault_h12_a_clock_that_is_off_is_learnt_and_no_reason_to_pause() {
    for clock_skew in [-3600, 3600] {
        let (settings, fake) = under(Faults { clock_skew, ..Default::default() });
        let request = request("trees", 6, 2);
        let mut jobs = evaluator(&fake, &settings.clock, &request);
        let mut study = study(&request, Vec::new());
        let rules = rules(&request, &jobs);
        let (reason, told) = tune(&mut study, &mut jobs, rules);
        assert_eq!(reason, StopReason::JobLimit { jobs: 6 });
        assert!(!told.iter().any(|progress| progress.starts_with("Paused")));
        let refused = Fate::Refused("InvalidSignatureException".to_owned());
        let refusals = fake.log().iter().filter(|entry| entry.fate == refused).count();
        assert_eq!(refusals, 1, "the first request alone");
    }
}

#[test]
fn fault_h17_the_hyperparameter_of_the_objective_can_be_left_out() {
    for refuses in [false, true] {
        let faults = Faults { refuses_objective_hyperparameter: refuses, ..Default::default() };
        let (settings, fake) = under(faults);
        register_algorithm(&fake);
        let mut request = request("trees", 3, 1);
        let algorithm = &mut request.definition.as_mut().unwrap().algorithm;
        algorithm.training_image = None;
        algorithm.algorithm_name = Some("trees".to_owned());
        algorithm.metric_definitions = None;
        let mut jobs = evaluator(&fake, &settings.clock, &request);
        let mut study = study(&request, Vec::new());
        let tuned = Tuner::with(rules(&request, &jobs)).run(&mut study, &mut jobs).unwrap();
        assert_eq!(tuned.reason, StopReason::JobLimit { jobs: 3 });
        let told = tuned.warnings.iter().filter(|it| it.contains("_tuning_objective_metric"));
        assert_eq!(told.count(), usize::from(refuses), "{:?}", tuned.warnings);
        let made = fake.request(&training_job_name("trees", 1, 1)).unwrap();
        let is_there = !made["HyperParameters"]["_tuning_objective_metric"].is_null();
        assert_eq!(is_there, !refuses);

        // By a switch, from the beginning.
        request.name = "bushes".to_owned();
        let jobs = evaluator(&fake, &settings.clock, &request);
        let mut jobs = jobs.without_objective_hyperparameter();
        start(&mut jobs, 1, 0.5);
        let made = fake.request(&training_job_name("bushes", 1, 1)).unwrap();
        assert!(made["HyperParameters"]["_tuning_objective_metric"].is_null());
    }
}

/// Registers an algorithm resource that knows the hyperparameters of the usual request.
fn register_algorithm(fake: &FakeSageMaker) {
    let body = serde_json::json!({
        "AlgorithmName": "trees",
        "TrainingSpecification": {
            "TrainingImage": "012345678912.dkr.ecr.us-west-2.amazonaws.com/trees:1",
            "SupportedHyperParameters": [
                {"Name": "rate", "Type": "Continuous"}, {"Name": "num_round", "Type": "Integer"}],
            "SupportedTrainingInstanceTypes": ["ml.m5.xlarge"],
            "TrainingChannels": [{"Name": "train", "SupportedContentTypes": ["text/csv"], "SupportedInputModes": ["File"]}]}});
    let body = body.to_string();
    let address = fake.url();
    let mut stream = std::net::TcpStream::connect(address.trim_start_matches("http://")).unwrap();
    let head = format!(
        "POST / HTTP/1.1\r\nHost: fake\r\nConnection: close\r\nAuthorization: test\r\nX-Amz-Target: SageMaker.CreateAlgorithm\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn fault_h19_instances_that_are_kept_warm_are_warned_of() {
    let (settings, fake) = under(Faults::default());
    let mut request = request("trees", 1, 1);
    let resources = request.definition.as_mut().unwrap().resources.as_mut().unwrap();
    resources.keep_alive_in_seconds = Some(600);
    let mut jobs = evaluator(&fake, &settings.clock, &request);
    let mut study = study(&request, Vec::new());
    let tuned = Tuner::with(rules(&request, &jobs)).run(&mut study, &mut jobs).unwrap();
    assert!(tuned.warnings.iter().any(|it| it.contains("KeepAlivePeriodInSeconds")));
}

#[test]
fn fault_h22_whatever_a_stop_is_refused_with_the_job_is_looked_at() {
    let text = "This training job cannot be stopped.".to_owned();
    let (settings, fake) = under(Faults { stop_refusal: Some(text), ..Default::default() });
    let mut jobs = evaluator(&fake, &settings.clock, &request("trees", 1, 1));
    start(&mut jobs, 1, 0.4);
    settings.clock.sleep(3600 * SECOND);
    jobs.stop(id(1, 1)).unwrap();
    assert!(matches!(outcome(&mut jobs), Outcome::Completed { .. }));
}

/// Names the port of the service of credentials, for the test below in a process of its own.
const PORT: &str = "SURMISE_TEST_CREDENTIALS_PORT";

#[allow(clippy::disallowed_methods, reason = "a process of its own, and a server")]
#[test]
fn fault_h21_one_hiccup_of_the_service_that_gives_credentials_is_not_the_end() {
    if std::env::var(PORT).is_ok() {
        // In a process of its own, whose environment says where credentials are.
        let (settings, fake) = under(Faults::default());
        let service = Connection::new().region("us-west-2").endpoint(fake.url()).open().unwrap();
        let jobs = SageMakerEvaluator::new(&request("trees", 1, 1), service).unwrap();
        let mut jobs = jobs.with_clock(settings.clock.clone());
        assert_eq!(start(&mut jobs, 1, 0.4), Start::Started);
        return;
    }
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    // The security token service's first answer is an error, its second one credentials.
    let answers = std::thread::spawn(move || {
        let body = format!(
            "<AssumeRoleWithWebIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleWithWebIdentityResult><Credentials>\
             <AccessKeyId>{ACCESS_KEY}</AccessKeyId><SecretAccessKey>{SECRET_KEY}</SecretAccessKey><SessionToken>{SESSION_TOKEN}</SessionToken>\
             <Expiration>2100-01-01T00:00:00Z</Expiration></Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
        );
        for (status, body) in [("500 Internal Server Error", String::new()), ("200 OK", body)] {
            let Ok((mut stream, _)) = server.accept() else { return };
            let mut request = [0; 65536];
            let _ = stream.read(&mut request);
            let length = body.len();
            let _ = write!(
                stream,
                "HTTP/1.1 {status}\r\nContent-Type: text/xml\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
            );
        }
    });
    let token = std::env::temp_dir().join(format!("surmise-web-identity-{port}"));
    std::fs::write(&token, "a token").unwrap();
    let this = "found_by_use::requests::fault_h21_one_hiccup_of_the_service_that_gives_credentials_is_not_the_end";
    let run = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", this])
        .env_clear()
        .env(PORT, port.to_string())
        .env("AWS_WEB_IDENTITY_TOKEN_FILE", &token)
        .env("AWS_ROLE_ARN", "arn:aws:iam::012345678912:role/caller")
        .env("AWS_ENDPOINT_URL_STS", format!("http://127.0.0.1:{port}/"))
        .env("AWS_CONFIG_FILE", "/nonexistent")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && text.contains("1 passed"), "{text}");
    answers.join().unwrap();
    std::fs::remove_file(token).unwrap();
}
