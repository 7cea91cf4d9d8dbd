//! The summary of a report in a few sentences.

use surmise::{Goal, Outcome};

use crate::analysis::ModelAnalysis;
use crate::numbers::format_number;
use crate::report::Report;

impl Report<'_> {
    /// Returns a few sentences: the goal, the outcomes, the best value, and the model's prediction.
    pub fn summary(&self) -> Vec<String> {
        let analysis = self.analysis();
        let study = analysis.study;
        let objective = study.objective();
        let goal = match objective.goal {
            Goal::Minimize => "Minimized",
            Goal::Maximize => "Maximized",
        };
        let parameters = study.space().ranges().len();
        let count = |predicate: &dyn Fn(&Outcome) -> bool| {
            study
                .trials()
                .iter()
                .filter(|trial| trial.outcome.as_ref().is_some_and(predicate))
                .count()
        };
        let completed = count(&|outcome| matches!(outcome, Outcome::Completed { .. }));
        let stopped = count(&|outcome| matches!(outcome, Outcome::Stopped { .. }));
        let failed = count(&|outcome| matches!(outcome, Outcome::Failed(_)));
        let all = study.trials().len();
        let pending = all - completed - stopped - failed;
        let mut sentences = vec![format!(
            "{goal} {} over {}. Of {}, {completed} completed, {stopped} were stopped early, \
             {failed} failed and {pending} have not ended.",
            objective.metric_name,
            plural(parameters, "parameter"),
            plural(all, "trial"),
        )];
        let Some(best) = study.best() else {
            sentences.push("No trial has a value yet.".to_owned());
            return sentences;
        };
        let value = best.value().unwrap_or(f64::NAN);
        let configuration: Vec<String> = best
            .configuration
            .iter()
            .map(|(name, value)| format!("{name} = {}", crate::numbers::format_value(value)))
            .collect();
        sentences.push(format!(
            "Trial {} has the best value, {}: {}.",
            best.id,
            format_number(value),
            configuration.join(", ")
        ));
        if let Some(model) = &analysis.model {
            sentences.extend(describe_prediction(model, value));
        }
        sentences
    }
}

/// Describes the prediction for the best configuration, whose measured value is `value`.
fn describe_prediction(model: &ModelAnalysis, value: f64) -> Vec<String> {
    let point = std::slice::from_ref(&model.surrogate.best().point);
    let predicted = model.surrogate.predict(point)[0];
    let mut sentences = vec![format!(
        "A model of {} predicts {} for this configuration (95 % interval: {} to {}). In \
         leave-one-out predictions, it explains {:.0} % of the variance of the values.",
        describe_count(model.surrogate.observation_count(), model.surrogate.available),
        format_number(predicted.median),
        format_number(predicted.low),
        format_number(predicted.high),
        100.0 * model.calibration.explained_variance.max(0.0)
    )];
    if !(predicted.low..=predicted.high).contains(&value) {
        sentences.push(format!(
            "The best value is outside of this interval, probably by luck. Expect {} from the \
             configuration, and measure it again.",
            format_number(predicted.median)
        ));
    }
    sentences
}

fn plural(count: usize, noun: &str) -> String {
    if count == 1 { format!("1 {noun}") } else { format!("{count} {noun}s") }
}

/// Describes how many of the available values a model uses.
fn describe_count(count: usize, all: usize) -> String {
    match all > count {
        true => format!("{count} of {all} values (the best, and an even selection of the rest)"),
        false => plural(count, "value"),
    }
}
