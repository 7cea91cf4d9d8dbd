//! What a training job on the fake does, and how long its stages take.

use std::time::Duration;

/// What a training job does.
#[derive(Debug, Clone, PartialEq)]
pub struct FakeTraining {
    pub(super) duration: Duration,
    /// Values at the end of each of so many equal parts of the time.
    pub(super) metrics: Vec<(String, Vec<f64>)>,
    failure: Option<String>,
    setup_failure: Option<String>,
}

impl FakeTraining {
    /// Training that takes this long and tells nothing.
    pub fn new(duration: Duration) -> Self {
        Self { duration, metrics: Vec::new(), failure: None, setup_failure: None }
    }

    /// The same that tells a metric: its values, one after the other in equal times; the last one is the final one.
    #[must_use]
    pub fn metric(mut self, name: &str, values: impl IntoIterator<Item = f64>) -> Self {
        self.metrics.push((name.to_owned(), values.into_iter().collect()));
        self
    }

    /// The same that fails in the end for this reason.
    #[must_use]
    pub fn failing(self, reason: &str) -> Self {
        Self { failure: Some(reason.to_owned()), ..self }
    }

    /// The same that fails for this reason before anything of it runs, while its data are fetched.
    #[must_use]
    pub fn failing_to_begin(self, reason: &str) -> Self {
        Self { setup_failure: Some(reason.to_owned()), ..self }
    }

    pub(super) fn duration(&self) -> Duration {
        self.duration
    }

    pub(super) fn failure(&self) -> Option<&str> {
        self.failure.as_deref()
    }

    pub(super) fn setup_failure(&self) -> Option<&str> {
        self.setup_failure.as_deref()
    }
}

/// How long the stages of a training job take; each is drawn between half of this and one and a half of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JobTimes {
    /// Until there are machines.
    pub starting: Duration,
    /// Until image and data are there.
    pub downloading: Duration,
    /// Until the model is put away.
    pub uploading: Duration,
    /// From a request to stop to the end.
    pub stopping: Duration,
}

impl Default for JobTimes {
    /// 90, 30, 15 and 30 seconds.
    fn default() -> Self {
        let seconds = Duration::from_secs;
        Self {
            starting: seconds(90),
            downloading: seconds(30),
            uploading: seconds(15),
            stopping: seconds(30),
        }
    }
}
