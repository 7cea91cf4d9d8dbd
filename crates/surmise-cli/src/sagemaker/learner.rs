//! The learner of this command: gradient-boosted trees on the diabetes data, in XGBoost's words.

use surmise::Goal;
use surmise_bench::learner::Hyperparameters;
use surmise_sagemaker::Tuning;

/// The hyperparameters that all jobs of a tuning share, and a sentence for each that is passed over.
///
/// # Errors
/// Why the learner cannot run the tuning's jobs.
pub(crate) fn learner(tuning: &Tuning) -> Result<(Hyperparameters, Vec<String>), String> {
    let mut fixed = Hyperparameters::UNTUNED;
    for range in tuning.space.ranges() {
        if !Hyperparameters::UNTUNED.clone().set(range.name(), "0") {
            return Err(format!("the learner of this command has no {}", range.name()));
        }
    }
    if !tuning.objective.metric_name.ends_with("rmse") || tuning.objective.goal != Goal::Minimize {
        return Err("the learner of this command tells its root mean squared error only".to_owned());
    }
    let mut ignored = Vec::new();
    for (name, value) in &tuning.static_values {
        if !fixed.set(name, value) {
            ignored.push(format!("The learner of this command has no {name}; it is disregarded."));
        }
    }
    Ok((fixed, ignored))
}
