//! No credential is told to anyone: not in a log, not in an error, not in what would be a journal.

use surmise_sagemaker::evaluator::TrainingService;
use surmise_sagemaker::fake::Faults;

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

/// Keeps all that anybody logs.
#[derive(Clone, Default)]
struct Everything(std::sync::Arc<std::sync::Mutex<Vec<String>>>);

mod log {
    use std::fmt::{Debug, Write};

    use tracing::field::{Field, Visit};
    use tracing::span::{Attributes, Id, Record};
    use tracing::{Event, Metadata, Subscriber};

    use super::Everything;

    struct Text(String);

    impl Visit for Text {
        fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
            let _ = write!(self.0, " {field}={value:?}");
        }
    }

    impl Everything {
        fn keep(&self, metadata: &Metadata<'_>, record: impl FnOnce(&mut Text)) {
            let mut text = Text(format!("{} {}", metadata.level(), metadata.target()));
            record(&mut text);
            self.0.lock().unwrap().push(text.0);
        }
    }

    impl Subscriber for Everything {
        fn enabled(&self, metadata: &Metadata<'_>) -> bool {
            // At TRACE the SDK's HTTP library writes what goes over the wire.
            *metadata.level() <= tracing::Level::DEBUG
        }

        fn new_span(&self, span: &Attributes<'_>) -> Id {
            self.keep(span.metadata(), |text| span.record(text));
            Id::from_u64(1)
        }

        fn record(&self, _: &Id, _: &Record<'_>) {}

        fn record_follows_from(&self, _: &Id, _: &Id) {}

        fn event(&self, event: &Event<'_>) {
            self.keep(event.metadata(), |text| event.record(text));
        }

        fn enter(&self, _: &Id) {}

        fn exit(&self, _: &Id) {}
    }
}

/// What this crate and the SDK log, down to DEBUG. There the SDK names the access key, but tells neither its secret nor the token.
#[test]
fn no_secret_is_logged() {
    let everything = Everything::default();
    tracing::subscriber::set_global_default(everything.clone()).unwrap();
    let expired = vec![1000 * SECOND..3000 * SECOND];
    let faults = Faults { expired, throttled: 0.1, lost_replies: 0.1, ..Default::default() };
    let settings = FakeSettings { faults, ..Default::default() };
    let fake = fake(&settings);
    let request = request("trees", 6, 3);
    let mut evaluator = evaluator(&fake, &settings.clock, &request);
    let mut study = study(&request, Vec::new());
    Tuner::new().observe(surmise::tune::trace()).run(&mut study, &mut evaluator).unwrap();
    let lines = everything.0.lock().unwrap().clone();
    let from = |target: &str| lines.iter().filter(|line| line.contains(target)).count();
    assert!(from("aws_") > 100 && from("surmise") > 10, "{} {}", from("aws_"), from("surmise"));
    for secret in [ACCESS_KEY, SECRET_KEY, SESSION_TOKEN] {
        let is_name = |line: &str| secret == ACCESS_KEY && line.starts_with("DEBUG aws_");
        let telling = lines.iter().find(|line| line.contains(secret) && !is_name(line));
        assert!(telling.is_none(), "{secret} is logged: {:.400}", telling.unwrap());
    }
}
