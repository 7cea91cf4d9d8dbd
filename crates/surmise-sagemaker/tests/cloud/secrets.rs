//! No credential appears in a log, an error, an event or a debug text.

use surmise_sagemaker::evaluator::TrainingService;
use surmise_sagemaker::fake::Faults;

use super::*;

#[test]
fn no_secret_appears_in_messages() {
    // The fake quotes the credentials when it refuses them, as the service does for signatures.
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
    let (_, log) = tune(&mut study, &mut evaluator, rules);
    assert!(log.iter().any(|progress| progress.starts_with("Paused")));
    texts.extend(log);
    texts.extend(study.events().iter().map(|event| format!("{event:?}")));
    texts.push(format!("{evaluator:?}"));

    // Credentials that are invalid from the start are an error.
    let faults = Faults { expired: vec![Duration::ZERO..Duration::MAX], ..Default::default() };
    fake.set_faults(faults);
    let mut fresh = super::evaluator(&fake, &settings.clock, &request);
    let error = fresh.start(&Job::new(&trial(900, 0.5), 1)).unwrap_err();
    texts.push(format!("{error} {error:?}"));
    let error = service(&fake).describe("trees").unwrap_err();
    texts.push(format!("{error} {error:?}"));

    let all = texts.join("\n");
    for secret in [ACCESS_KEY, SECRET_KEY, SESSION_TOKEN, "AWS4-HMAC", "Signature="] {
        assert!(!all.contains(secret), "{secret} appears: {}", around(&all, secret));
    }
}

fn around<'t>(text: &'t str, part: &str) -> &'t str {
    text.lines().find(|line| line.contains(part)).unwrap_or_default()
}

/// A subscriber that records everything that is logged.
#[derive(Clone, Default)]
struct RecordingSubscriber(std::sync::Arc<std::sync::Mutex<Vec<String>>>);

mod log {
    use std::fmt::{Debug, Write};

    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    use super::RecordingSubscriber;

    struct Text(String);

    impl Visit for Text {
        fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
            let _ = write!(self.0, " {field}={value:?}");
        }
    }

    impl RecordingSubscriber {
        fn push(&self, metadata: &Metadata<'_>, record: impl FnOnce(&mut Text)) {
            let mut text = Text(format!("{} {}", metadata.level(), metadata.target()));
            record(&mut text);
            self.0.lock().unwrap().push(text.0);
        }
    }

    impl Subscriber for RecordingSubscriber {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            // At TRACE the SDK's HTTP library logs whole requests.
            *metadata.level() <= tracing::Level::DEBUG
        }

        fn new_span(&self, span: &Attributes<'_>) -> Id {
            self.push(span.metadata(), |text| span.record(text));
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn event(&self, event: &Event<'_>) {
            self.push(event.metadata(), |text| event.record(text));
        }

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}
    }
}

/// The SDK names the access key at DEBUG, which is no secret. The secret key and the session token
/// must not be logged by this crate or the SDK.
#[test]
fn no_secret_is_logged() {
    let subscriber = RecordingSubscriber::default();
    tracing::subscriber::set_global_default(subscriber.clone()).unwrap();
    let expired = vec![1000 * SECOND..3000 * SECOND];
    let faults = Faults { expired, throttled: 0.1, lost_replies: 0.1, ..Default::default() };
    let settings = FakeSettings { faults, ..Default::default() };
    let fake = fake(&settings);
    let request = request("trees", 6, 3);
    let mut evaluator = evaluator(&fake, &settings.clock, &request);
    let mut study = study(&request, Vec::new());
    Tuner::new().on_progress(surmise::tune::trace()).run(&mut study, &mut evaluator).unwrap();
    let lines = subscriber.0.lock().unwrap().clone();
    let count_from = |target: &str| lines.iter().filter(|line| line.contains(target)).count();
    assert!(
        count_from("aws_") > 100 && count_from("surmise") > 10,
        "{} {}",
        count_from("aws_"),
        count_from("surmise")
    );
    for secret in [ACCESS_KEY, SECRET_KEY, SESSION_TOKEN] {
        let is_name = |line: &str| secret == ACCESS_KEY && line.starts_with("DEBUG aws_");
        let leak = lines.iter().find(|line| line.contains(secret) && !is_name(line));
        assert!(leak.is_none(), "{secret} is logged: {:.400}", leak.unwrap());
    }
}
