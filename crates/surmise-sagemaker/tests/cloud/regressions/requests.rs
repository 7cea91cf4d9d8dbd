//! Requests to the service: signatures, refused members, refused stops, and credentials.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;

use super::*;

#[test]
fn fault_h12_clock_skew_is_corrected_without_a_pause() {
    for clock_skew in [-3600, 3600] {
        let (settings, fake) = start_fake(Faults { clock_skew, ..Default::default() });
        let request = request("trees", 6, 2);
        let mut jobs = evaluator(&fake, &settings.clock, &request);
        let mut study = study(&request, Vec::new());
        let rules = rules(&request, &jobs);
        let (reason, log) = tune(&mut study, &mut jobs, rules);
        assert_eq!(reason, StopReason::JobLimit { jobs: 6 });
        assert!(!log.iter().any(|progress| progress.starts_with("Paused")));
        let refused = RequestOutcome::Refused("InvalidSignatureException".to_owned());
        let refusals = fake.log().iter().filter(|entry| entry.outcome == refused).count();
        assert_eq!(refusals, 1, "only the first request is refused");
    }
}

#[test]
fn fault_h17_the_objective_hyperparameter_can_be_omitted() {
    for refuses in [false, true] {
        let faults = Faults { refuses_objective_hyperparameter: refuses, ..Default::default() };
        let (settings, fake) = start_fake(faults);
        register_algorithm(&fake);
        let mut request = request("trees", 3, 1);
        let algorithm = &mut request.definition.as_mut().unwrap().algorithm;
        algorithm.training_image = None;
        algorithm.algorithm_name = Some("trees".to_owned());
        algorithm.metric_definitions = None;
        let mut jobs = evaluator(&fake, &settings.clock, &request);
        let mut study = study(&request, Vec::new());
        let tuned = Tuner::with_rules(rules(&request, &jobs)).run(&mut study, &mut jobs).unwrap();
        assert_eq!(tuned.reason, StopReason::JobLimit { jobs: 3 });
        let warnings = tuned.warnings.iter().filter(|it| it.contains("_tuning_objective_metric"));
        assert_eq!(warnings.count(), usize::from(refuses), "{:?}", tuned.warnings);
        let made = fake.request(&training_job_name("trees", 1, 1)).unwrap();
        let is_included = !made["HyperParameters"]["_tuning_objective_metric"].is_null();
        assert_eq!(is_included, !refuses);

        // The option of the evaluator omits it from the first request on.
        request.name = "bushes".to_owned();
        let jobs = evaluator(&fake, &settings.clock, &request);
        let mut jobs = jobs.without_objective_hyperparameter();
        start_job(&mut jobs, 1, 0.5);
        let made = fake.request(&training_job_name("bushes", 1, 1)).unwrap();
        assert!(made["HyperParameters"]["_tuning_objective_metric"].is_null());
    }
}

/// Registers an algorithm resource with the hyperparameters of the default request.
fn register_algorithm(fake: &FakeSageMaker) {
    let body = serde_json::json!({
        "AlgorithmName": "trees",
        "TrainingSpecification": {
            "TrainingImage": "012345678912.dkr.ecr.us-west-2.amazonaws.com/trees:1",
            "SupportedHyperParameters": [
                {"Name": "rate", "Type": "Continuous"}, {"Name": "num_round", "Type": "Integer"}],
            "SupportedTrainingInstanceTypes": ["ml.m5.xlarge"],
            "TrainingChannels": [{"Name": "train", "SupportedContentTypes": ["text/csv"],
                "SupportedInputModes": ["File"]}]}});
    let body = body.to_string();
    let address = fake.url();
    let mut stream = std::net::TcpStream::connect(address.trim_start_matches("http://")).unwrap();
    let headers = format!(
        "POST / HTTP/1.1\r\nHost: fake\r\nConnection: close\r\nAuthorization: test\r\n\
         X-Amz-Target: SageMaker.CreateAlgorithm\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(headers.as_bytes()).unwrap();
    stream.write_all(body.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

#[test]
fn fault_h19_warm_pools_give_a_warning() {
    let (settings, fake) = start_fake(Faults::default());
    let mut request = request("trees", 1, 1);
    let resources = request.definition.as_mut().unwrap().resources.as_mut().unwrap();
    resources.keep_alive_in_seconds = Some(600);
    let mut jobs = evaluator(&fake, &settings.clock, &request);
    let mut study = study(&request, Vec::new());
    let tuned = Tuner::with_rules(rules(&request, &jobs)).run(&mut study, &mut jobs).unwrap();
    assert!(tuned.warnings.iter().any(|it| it.contains("KeepAlivePeriodInSeconds")));
}

#[test]
fn fault_h22_after_a_refused_stop_the_job_is_described() {
    let text = "This training job cannot be stopped.".to_owned();
    let (settings, fake) = start_fake(Faults { stop_refusal: Some(text), ..Default::default() });
    let mut jobs = evaluator(&fake, &settings.clock, &request("trees", 1, 1));
    start_job(&mut jobs, 1, 0.4);
    settings.clock.sleep(3600 * SECOND);
    jobs.stop(id(1, 1)).unwrap();
    assert!(matches!(wait_for_outcome(&mut jobs), Outcome::Completed { .. }));
}

/// The environment variable with the port of the credential service, set in the test's subprocess.
const PORT_VARIABLE: &str = "SURMISE_TEST_CREDENTIALS_PORT";

#[allow(clippy::disallowed_methods, reason = "it runs a subprocess and a server")]
#[test]
fn fault_h21_one_failure_of_the_credential_service_is_retried() {
    if std::env::var(PORT_VARIABLE).is_ok() {
        // This is the subprocess, whose environment names the credential service.
        let (settings, fake) = start_fake(Faults::default());
        let service = Connection::new().region("us-west-2").endpoint(fake.url()).open().unwrap();
        let jobs = SageMakerEvaluator::new(&request("trees", 1, 1), service).unwrap();
        let mut jobs = jobs.with_clock(settings.clock.clone());
        assert_eq!(start_job(&mut jobs, 1, 0.4), StartOutcome::Started);
        return;
    }
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    // The security token service first answers with an error, then with credentials.
    let server_thread = std::thread::spawn(move || {
        let body = format!(
            "<AssumeRoleWithWebIdentityResponse \
             xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\">\
             <AssumeRoleWithWebIdentityResult><Credentials>\
             <AccessKeyId>{ACCESS_KEY}</AccessKeyId>\
             <SecretAccessKey>{SECRET_KEY}</SecretAccessKey>\
             <SessionToken>{SESSION_TOKEN}</SessionToken>\
             <Expiration>2100-01-01T00:00:00Z</Expiration></Credentials>\
             </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
        );
        for (status, body) in [("500 Internal Server Error", String::new()), ("200 OK", body)] {
            let Ok((mut stream, _)) = server.accept() else { return };
            let mut request = [0; 65536];
            let _ = stream.read(&mut request);
            let length = body.len();
            let _ = write!(
                stream,
                "HTTP/1.1 {status}\r\nContent-Type: text/xml\r\nConnection: close\r\n\
                 Content-Length: {length}\r\n\r\n{body}"
            );
        }
    });
    let token = std::env::temp_dir().join(format!("surmise-web-identity-{port}"));
    std::fs::write(&token, "a token").unwrap();
    let test_name =
        "regressions::requests::fault_h21_one_failure_of_the_credential_service_is_retried";
    let run = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test_name])
        .env_clear()
        .env(PORT_VARIABLE, port.to_string())
        .env("AWS_WEB_IDENTITY_TOKEN_FILE", &token)
        .env("AWS_ROLE_ARN", "arn:aws:iam::012345678912:role/caller")
        .env("AWS_ENDPOINT_URL_STS", format!("http://127.0.0.1:{port}/"))
        .env("AWS_CONFIG_FILE", "/nonexistent")
        .env("AWS_SHARED_CREDENTIALS_FILE", "/nonexistent")
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&run.stdout);
    assert!(run.status.success() && text.contains("1 passed"), "{text}");
    server_thread.join().unwrap();
    std::fs::remove_file(token).unwrap();
}
