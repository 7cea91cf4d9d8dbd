//! The built-in learner: gradient-boosted trees on the diabetes data, with XGBoost's names.

use surmise::Goal;
use surmise_bench::gradient_boosting::Hyperparameters;
use surmise_sagemaker::Tuning;

/// Returns the fixed hyperparameters of all jobs, and a notice for each one that is ignored.
///
/// # Errors
/// Returns the reason why the built-in learner cannot run the jobs.
pub(crate) fn learner(tuning: &Tuning) -> Result<(Hyperparameters, Vec<String>), String> {
    let mut fixed = Hyperparameters::UNTUNED;
    for range in tuning.space.ranges() {
        if !Hyperparameters::UNTUNED.clone().set(range.name(), "0") {
            return Err(format!("the built-in learner has no hyperparameter {}", range.name()));
        }
    }
    if !tuning.objective.metric_name.ends_with("rmse") || tuning.objective.goal != Goal::Minimize {
        return Err(
            "the built-in learner only minimizes its root mean squared error (rmse)".to_owned()
        );
    }
    let mut ignored = Vec::new();
    for (name, value) in &tuning.static_values {
        if !fixed.set(name, value) {
            ignored.push(format!("The built-in learner ignores the hyperparameter {name}."));
        }
    }
    Ok((fixed, ignored))
}
