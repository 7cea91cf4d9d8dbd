//! Names of training jobs, and hyperparameters as SageMaker formats them.

use indexmap::IndexMap;
use surmise::space::{Configuration, ParameterValue};

/// Formats the values of a configuration as SageMaker passes them to a training job: as text.
///
/// Integers are written by their digits, and other numbers by the fewest digits that identify them
/// (`0.1373`, `1.5e-08`). Texts are unchanged, and the rest are `true`, `false` and `null`.
///
/// ```
/// use surmise::Configuration;
/// use surmise_sagemaker::tuned_values;
///
/// let values = [("depth", 7.into()), ("rate", 1.5e-8.into()), ("booster", "dart".into())];
/// let configuration = Configuration::from(values);
/// let values = tuned_values(&configuration);
/// assert_eq!(values["depth"], "7");
/// assert_eq!(values["rate"], "1.5e-08");
/// assert_eq!(values["booster"], "dart");
/// ```
pub fn tuned_values(configuration: &Configuration) -> IndexMap<String, String> {
    configuration.iter().map(|(name, value)| (name.to_owned(), value.to_text())).collect()
}

/// Formats a number as Python's `repr`, the notation in published descriptions of tuning jobs.
pub(crate) fn format_float(number: f64) -> String {
    ParameterValue::Float(number).to_text()
}

/// Returns the name of the training job for an attempt at a trial: `tuning-job-007-1b2c3d4e`.
///
/// It has the form of the names that SageMaker's own tuner gives, and depends only on the tuning
/// job, the trial and the attempt. It has at most 63 characters if the tuning job's name has at
/// most 32.
pub fn training_job_name(tuning_job: &str, trial: u64, attempt: u32) -> String {
    // FNV-1a (Fowler, Noll & Vo), 32 bits.
    let key = format!("{}/{trial}/{attempt}", tuning_job.to_ascii_lowercase());
    let hash = key
        .bytes()
        .fold(0x811C_9DC5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    format!("{tuning_job}-{trial:03}-{hash:08x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn training_job_names_are_distinct_and_reproducible() {
        assert_eq!(training_job_name("tune", 7, 1), training_job_name("tune", 7, 1));
        assert_ne!(training_job_name("tune", 7, 1), training_job_name("tune", 7, 2));
        assert_ne!(training_job_name("tune", 7, 1), training_job_name("tune", 8, 1));
        let longest = training_job_name(&"n".repeat(32), u64::MAX, u32::MAX);
        assert!(longest.len() <= 63, "{longest}");
        assert!(training_job_name("tune", 7, 1).starts_with("tune-007-"));
    }
}
