//! Describes differences between a journal and a command line in terms of the options.

/// Parts of a journal, and the options that set them.
const OPTIONS: [(&str, &str); 8] = [
    ("settings.limits.max_jobs", "--jobs"),
    ("settings.limits.max_parallel_jobs", "--parallel"),
    ("settings.limits.max_runtime", "--max-runtime"),
    ("settings.seed", "--seed"),
    ("settings.order", "--fixed-lag"),
    ("settings.repetitions", "--repeat"),
    ("objective.metric_name", "the metric"),
    ("strategy.name", "--strategy"),
];

/// Returns whether a difference is one of the limits, which may change at any time.
pub(crate) fn is_limit_change(difference: &str) -> bool {
    difference.starts_with("settings.limits.")
}

/// Describes a difference in terms of the options; `None` if another difference describes it.
pub(crate) fn describe_option_change(difference: &str) -> Option<String> {
    if difference.starts_with("strategy.settings") {
        return None;
    }
    for (part, option) in OPTIONS {
        if let Some(rest) = difference.strip_prefix(part) {
            return Some(format!("{option}{rest}"));
        }
    }
    let Some(rest) = difference.strip_prefix("space.") else { return Some(difference.to_owned()) };
    let name = rest.split(' ').next().unwrap_or_default();
    let is_parameter = !name.contains('.');
    if is_parameter && rest.ends_with("is not there") {
        return Some(format!("the parameter {name} was removed"));
    }
    if is_parameter && rest.contains("was not there") {
        return Some(format!("the parameter {name} was added"));
    }
    Some(format!("the range of {rest}"))
}

/// Names in messages of the library, and their replacements in messages of the command.
const NAMES: [(&str, &str); 9] = [
    ("`completion.not_improving_for`", "`--patience`"),
    ("`completion.target`", "`--target`"),
    ("`early_stopping.min_resource`", "`--early-stopping`, its first epoch,"),
    ("`early_stopping.max_resource`", "`--early-stopping`, its last epoch,"),
    ("`metric_from`", "`--metric-file`"),
    ("allow repetitions by StudySettings::repetitions", "add --repeat to the command of the study"),
    (
        "; print a number, a step and a number, or `step=7 value=0.25`, \
         or read any other form by metric_from(MetricSource::Pattern(…))",
        "",
    ),
    ("Journal::repair,", "`surmise repair`,"),
    ("or use None", "or leave the option out"),
];

/// Replaces names of the library in a message by names of options.
pub(crate) fn with_option_names(message: &str) -> String {
    NAMES.iter().fold(message.to_owned(), |text, (name, option)| text.replace(name, option))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_name_the_options() {
        for (difference, expected) in [
            ("settings.limits.max_jobs was 3, and is 4", Some("--jobs was 3, and is 4")),
            ("strategy.settings was {}, and is not there", None),
            ("strategy.name was \"a\", and is \"b\"", Some("--strategy was \"a\", and is \"b\"")),
            ("space.n was {\"max\":8}, and is not there", Some("the parameter n was removed")),
            ("space.n was not there, and is {}", Some("the parameter n was added")),
            (
                "space.n.step was not there, and is 2",
                Some("the range of n.step was not there, and is 2"),
            ),
            ("space.n.max was 6, and is 8", Some("the range of n.max was 6, and is 8")),
        ] {
            assert_eq!(describe_option_change(difference).as_deref(), expected);
        }
    }
}
