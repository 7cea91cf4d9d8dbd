//! The built-in boosted trees, which train on the diabetes data and have XGBoost's names.

use surmise::Goal;
use surmise_bench::gradient_boosting::Hyperparameters;
use surmise_sagemaker::Tuning;

/// Returns the fixed hyperparameters of all jobs, and a notice for each one that is ignored.
///
/// # Errors
/// Returns the reason why the built-in boosted trees cannot run the jobs.
pub(crate) fn configure_built_in_trees(
    tuning: &Tuning,
) -> Result<(Hyperparameters, Vec<String>), String> {
    let mut fixed = Hyperparameters::UNTUNED;
    for range in tuning.space.ranges() {
        if !Hyperparameters::UNTUNED.clone().set(range.name(), "0") {
            return Err(format!(
                "the built-in boosted trees have no hyperparameter {}",
                range.name()
            ));
        }
    }
    if !tuning.objective.metric_name.ends_with("rmse") || tuning.objective.goal != Goal::Minimize {
        return Err("the built-in boosted trees only minimize their root mean squared error \
             (rmse)"
            .to_owned());
    }
    let mut ignored = Vec::new();
    for (name, value) in &tuning.static_values {
        if !fixed.set(name, value) {
            let notice = format!("The built-in boosted trees ignore the hyperparameter {name}.");
            ignored.push(notice);
        }
    }
    Ok((fixed, ignored))
}
