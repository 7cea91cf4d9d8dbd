//! The report in a few sentences.

use surmise::{Goal, Outcome};

use crate::numbers::number;
use crate::report::Report;

impl Report<'_> {
    /// What was asked, what was found and how sure that is, as sentences.
    pub fn summary(&self) -> Vec<String> {
        let analysis = self.analysis();
        let study = analysis.study;
        let objective = study.objective();
        let wanted = match objective.goal {
            Goal::Minimize => "small",
            Goal::Maximize => "large",
        };
        let parameters = study.space().ranges().len();
        let count = |is: &dyn Fn(&Outcome) -> bool| {
            study.trials().iter().filter(|trial| trial.outcome.as_ref().is_some_and(is)).count()
        };
        let completed = count(&|outcome| matches!(outcome, Outcome::Completed { .. }));
        let stopped = count(&|outcome| matches!(outcome, Outcome::Stopped { .. }));
        let failed = count(&|outcome| matches!(outcome, Outcome::Failed(_)));
        let all = study.trials().len();
        let pending = all - completed - stopped - failed;
        let mut sentences = vec![format!(
            "{} was to be made as {wanted} as possible over {}; of {} {completed} completed, {stopped} stopped before their end, {failed} failed and \
             {pending} have not ended.",
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
            .map(|(name, value)| format!("{name} = {}", crate::numbers::printed(value)))
            .collect();
        sentences.push(format!(
            "The best value, {}, is that of trial {}: {}.",
            number(value),
            best.id,
            configuration.join(", ")
        ));
        if let Some(model) = &analysis.model {
            let point = std::slice::from_ref(&model.surrogate.best().point);
            let expected = model.surrogate.predict(point)[0];
            sentences.push(format!(
                "A model of {} expects {} there, between {} and {} with a probability of 95 %; leaving one out, it explains {:.0} % of the \
                 variance of the values.",
                values(model.surrogate.count(), model.surrogate.all),
                number(expected.median),
                number(expected.low),
                number(expected.high),
                100.0 * model.calibration.explained.max(0.0)
            ));
            if !(expected.low..=expected.high).contains(&value) {
                sentences.push(format!(
                    "So the best value was probably luck in part: expect {} of that configuration, and measure it again.",
                    number(expected.median)
                ));
            }
        }
        sentences
    }
}

fn plural(count: usize, one: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{count} {one}s") }
}

/// How many values a model is made of, and of how many.
fn values(count: usize, all: usize) -> String {
    match all > count {
        true => format!("{count} of {all} values (the best and an even choice of the others)"),
        false => plural(count, "value"),
    }
}
