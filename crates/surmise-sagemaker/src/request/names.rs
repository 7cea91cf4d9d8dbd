//! Names of training jobs, and values of hyperparameters as SageMaker prints them.

use indexmap::IndexMap;
use surmise::space::{Configuration, ParameterValue};

/// The values of a configuration as SageMaker prints tuned hyperparameters: whole numbers by their digits, other numbers by
/// the fewest digits that tell them apart (`0.1373`, `1.5e-08`), text as it is, `true`, `false` and `null`.
///
/// ```
/// use surmise::Configuration;
/// use surmise_sagemaker::tuned_values;
///
/// let configuration =
///     Configuration::from([("depth", 7.into()), ("rate", 1.5e-8.into()), ("booster", "dart".into())]);
/// let values = tuned_values(&configuration);
/// assert_eq!(values["depth"], "7");
/// assert_eq!(values["rate"], "1.5e-08");
/// assert_eq!(values["booster"], "dart");
/// ```
pub fn tuned_values(configuration: &Configuration) -> IndexMap<String, String> {
    configuration.iter().map(|(name, value)| (name.to_owned(), value.printed())).collect()
}

/// As Python's `repr`, which is what tuned values in published descriptions of jobs look like.
pub(crate) fn printed_float(number: f64) -> String {
    ParameterValue::Float(number).printed()
}

/// A training job's name, from that of the tuning job, the trial and the attempt: the same names whenever it is asked for, at
/// most 63 characters if the tuning job's name has at most 32.
///
/// It looks like those that SageMaker gives: `tuning-job-007-1b2c3d4e`.
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
    fn training_jobs_have_names_of_their_own_that_never_change() {
        assert_eq!(training_job_name("tune", 7, 1), training_job_name("tune", 7, 1));
        assert_ne!(training_job_name("tune", 7, 1), training_job_name("tune", 7, 2));
        assert_ne!(training_job_name("tune", 7, 1), training_job_name("tune", 8, 1));
        let longest = training_job_name(&"n".repeat(32), u64::MAX, u32::MAX);
        assert!(longest.len() <= 63, "{longest}");
        assert!(training_job_name("tune", 7, 1).starts_with("tune-007-"));
    }
}
