//! No credential is told to anyone: not in a log, not in an error, not in what would be a journal.

use surmise::evaluator::sagemaker::TrainingService;
use surmise::fake_sagemaker::Faults;

use super::*;

#[test]
fn no_secret_is_told() {
    // What refuses the credentials quotes them, as the service does when it refuses a signature.
    let expired = vec![1000 * SECOND..9000 * SECOND];
    let faults = Faults { expired, throttled: 0.1, lost_replies: 0.1, ..Default::default() };
    let settings = FakeSettings { faults, ..Default::default() };
    let fake = fake(&settings);
    let request = request("trees", 12, 3);
    let mut texts = Vec::new();

    let connection =
        Connection::new().access_key(ACCESS_KEY, SECRET_KEY, Some(SESSION_TOKEN.into()));
    texts.push(format!("{connection:?}"));
    texts.push(format!("{:?}", service(&fake)));
    let mut evaluator = evaluator(&fake, &settings.clock, &request);
    texts.push(format!("{evaluator:?}"));
    let mut study = study(&request, Vec::new());
    let rules = rules(&request, &evaluator);
    let (_, told) = tune(&mut study, &mut evaluator, rules);
    assert!(told.iter().any(|progress| progress.starts_with("Paused")));
    texts.extend(told);
    texts.extend(study.events().iter().map(|event| format!("{event:?}")));
    texts.push(format!("{evaluator:?}"));

    // The same as an error, which never were valid credentials.
    let faults = Faults { expired: vec![Duration::ZERO..Duration::MAX], ..Default::default() };
    fake.set_faults(faults);
    let mut fresh = super::evaluator(&fake, &settings.clock, &request);
    let error = fresh.start(&Job::new(&trial(900, 0.5), 1)).unwrap_err();
    texts.push(format!("{error} {error:?}"));
    let error = service(&fake).describe("trees").unwrap_err();
    texts.push(format!("{error} {error:?}"));

    let all = texts.join("\n");
    for secret in [ACCESS_KEY, SECRET_KEY, SESSION_TOKEN, "AWS4-HMAC", "Signature="] {
        assert!(!all.contains(secret), "{secret} is told: {}", around(&all, secret));
    }
}

fn around<'t>(text: &'t str, part: &str) -> &'t str {
    text.lines().find(|line| line.contains(part)).unwrap_or_default()
}
