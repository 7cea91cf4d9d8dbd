//! Differences between a journal and a command line, in the words of the options.

/// The parts of a journal and what they are called on the command line.
const WORDS: [(&str, &str); 8] = [
    ("settings.limits.max_jobs", "--jobs"),
    ("settings.limits.max_parallel_jobs", "--parallel"),
    ("settings.limits.max_runtime", "--max-runtime"),
    ("settings.seed", "--seed"),
    ("settings.order", "--fixed-lag"),
    ("settings.repetitions", "--repeat"),
    ("objective.metric_name", "the metric"),
    ("strategy.name", "--strategy"),
];

/// Whether a difference changes neither what is proposed nor what it means: limits may be raised at any time.
pub(crate) fn is_harmless(difference: &str) -> bool {
    difference.starts_with("settings.limits.")
}

/// A difference in the words of the options, or nothing if another one says the same.
pub(crate) fn as_option(difference: &str) -> Option<String> {
    if difference.starts_with("strategy.settings") {
        return None;
    }
    for (part, word) in WORDS {
        if let Some(rest) = difference.strip_prefix(part) {
            return Some(format!("{word}{rest}"));
        }
    }
    let Some(rest) = difference.strip_prefix("space.") else { return Some(difference.to_owned()) };
    let name = rest.split(' ').next().unwrap_or_default();
    let is_whole = !name.contains('.');
    if is_whole && rest.ends_with("is not there") {
        return Some(format!("the parameter {name} was removed"));
    }
    if is_whole && rest.contains("was not there") {
        return Some(format!("the parameter {name} was added"));
    }
    Some(format!("the range of {rest}"))
}

/// Names of the library and what they are called on the command line.
const NAMES: [(&str, &str); 8] = [
    ("`completion.not_improving_for`", "`--patience`"),
    ("`completion.target`", "`--target`"),
    ("`early_stopping.min_resource`", "`--early-stopping`, its first epoch,"),
    ("`early_stopping.max_resource`", "`--early-stopping`, its last epoch,"),
    ("`metric_from`", "`--metric-file`"),
    ("set StudySettings::repetitions to Allowed", "give its line --repeat"),
    (
        "; a number, a step and a number, or `step=7 value=0.25` is read, and by metric_from(MetricSource::Pattern(…)) any other form",
        "",
    ),
    ("Journal::repair keeps", "`surmise repair` keeps"),
];

/// A message of the library in the words of the options.
pub(crate) fn with_option_names(message: &str) -> String {
    NAMES.iter().fold(message.to_owned(), |text, (name, word)| text.replace(name, word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_told_in_the_words_of_the_options() {
        for (difference, words) in [
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
            assert_eq!(as_option(difference).as_deref(), words);
        }
    }
}
