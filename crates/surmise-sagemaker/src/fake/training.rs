//! The behavior of a training job on the fake, and the durations of its stages.

use std::time::Duration;

/// The behavior of a training job on the fake: duration, metrics and failures.
///
/// ```
/// use std::time::Duration;
/// use surmise_sagemaker::fake::FakeTraining;
///
/// // Ten minutes; the loss is 0.5 after half of the time, and 0.25 at the end.
/// let training = FakeTraining::new(Duration::from_secs(600)).metric("loss", [0.5, 0.25]);
/// # let _ = training;
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct FakeTraining {
    pub(super) duration: Duration,
    /// The values of each metric, reported at equal intervals; the last one at the end.
    pub(super) metrics: Vec<(String, Vec<f64>)>,
    failure: Option<String>,
    setup_failure: Option<String>,
}

impl FakeTraining {
    /// Creates a training of this duration that reports no metric.
    pub fn new(duration: Duration) -> Self {
        Self { duration, metrics: Vec::new(), failure: None, setup_failure: None }
    }

    /// Adds a metric, whose values the job reports at equal intervals; the last one is final.
    ///
    /// By default the job reports no metric. Add the objective metric, unless the test is about
    /// jobs without one.
    #[must_use]
    pub fn metric(mut self, name: &str, values: impl IntoIterator<Item = f64>) -> Self {
        self.metrics.push((name.to_owned(), values.into_iter().collect()));
        self
    }

    /// Lets the job fail at its end with this `FailureReason`; by default it completes.
    ///
    /// Use it for the error of a training program.
    #[must_use]
    pub fn fail_with(self, reason: &str) -> Self {
        Self { failure: Some(reason.to_owned()), ..self }
    }

    /// Lets the job fail with this `FailureReason` while it downloads image and data; by default it
    /// starts to train.
    ///
    /// Use it for errors before the training program runs, such as a missing image.
    #[must_use]
    pub fn fail_setup_with(self, reason: &str) -> Self {
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

/// The mean durations of the stages of training jobs.
///
/// Each duration is drawn uniformly between 0.5 and 1.5 times its mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JobTimes {
    /// The time until the instances are launched; 90 seconds by default.
    pub starting: Duration,
    /// The time to download image and data; 30 seconds by default.
    pub downloading: Duration,
    /// The time to upload the model; 15 seconds by default.
    pub uploading: Duration,
    /// The time from a stop request to the end; 30 seconds by default.
    pub stopping: Duration,
}

impl Default for JobTimes {
    /// Returns 90, 30, 15 and 30 seconds.
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
