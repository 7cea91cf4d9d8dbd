//! Finds the final value of a metric among the matches of a regular expression.

use super::sources::{MAX_SHOWN_CHARACTERS, MatchSelection};
use crate::pattern::MetricPattern;

/// The matches of the expression for the final value, up to now.
#[derive(Debug, Default)]
pub(super) struct PatternMatches {
    values: Vec<f64>,
    /// The last match that is not a number.
    last_text: Option<String>,
    /// The last match that has a digit and is not a number: a value in an unknown form.
    unreadable: Option<String>,
    /// True if no number was found after `unreadable`.
    ends_unreadable: bool,
}

/// Returns the last match of an expression in a line.
pub(super) fn last_match<'a>(pattern: &MetricPattern, line: &'a str) -> Option<&'a str> {
    pattern.find_last(line).map(str::trim)
}

impl PatternMatches {
    pub(super) fn search(&mut self, pattern: &MetricPattern, line: &str) {
        let Some(text) = last_match(pattern, line) else { return };
        if let Ok(value) = text.parse() {
            self.values.push(value);
            self.ends_unreadable = false;
            return;
        }
        if text.contains(|c: char| c.is_ascii_digit()) {
            self.unreadable = Some(text.to_owned());
            self.ends_unreadable = true;
        }
        self.last_text = Some(text.to_owned());
    }

    /// Returns the final value, or a message that says why there is none. `hint` returns the likely
    /// reason why a text is not a number.
    pub(super) fn final_value(
        &self,
        selection: MatchSelection,
        last_line: Option<&str>,
        hint: fn(&str) -> &'static str,
    ) -> Result<f64, String> {
        let values = self.values.iter().copied();
        // If the selected match is unreadable, another match must not take its place.
        let unreadable = self.unreadable.as_ref();
        let (value, unreadable) = match selection {
            MatchSelection::Last => (values.last(), unreadable.filter(|_| self.ends_unreadable)),
            MatchSelection::Min => (values.reduce(f64::min), unreadable),
            MatchSelection::Max => (values.reduce(f64::max), unreadable),
        };
        let unreadable = unreadable.or(self.last_text.as_ref().filter(|_| value.is_none()));
        match (unreadable, value) {
            (Some(text), _) => Err(format!(
                "the expression captured {text:?}, which is not a number{}",
                hint(text)
            )),
            (None, Some(value)) => Ok(value),
            (None, None) => {
                let what = "the expression matches no line of the output";
                Err(match last_line {
                    Some(line) => {
                        let shown: String = line.chars().take(MAX_SHOWN_CHARACTERS).collect();
                        format!("{what}; the last line was {shown:?}")
                    }
                    None => what.to_owned(),
                })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::evaluator::command::output_reader::OutputReader;
    use crate::evaluator::command::sources::{MetricSource, ReportSource};

    use super::*;

    #[test]
    fn final_value_follows_the_match_selection() {
        let pattern = || MetricPattern::new(r"loss=(\S+)").unwrap();
        let metric = MetricSource::Pattern(pattern());
        let reports = ReportSource::Pattern(pattern());
        let mut output = OutputReader::default();
        let lines = ["loss=3", "worker 2: loss=1", "no value", "loss=nan", "loss=2"];
        let mut read_line =
            |text: &str, is_error| output.read_line(text.to_owned(), is_error, &metric, &reports);
        let reported = lines.iter().enumerate();
        let reported = reported.filter_map(|(i, line)| read_line(line, i % 2 == 1));
        assert_eq!(reported.map(|(step, _)| step).collect::<Vec<_>>(), [1, 2, 3, 4]);
        let read = |selection| output.final_value(&metric, selection, None);
        assert_eq!(read(MatchSelection::Last), Ok(2.0));
        assert_eq!(read(MatchSelection::Min), Ok(1.0));
        assert_eq!(read(MatchSelection::Max), Ok(3.0));
        assert!(OutputReader::default().final_value(&metric, MatchSelection::Last, None).is_err());
        // Unreadable matches are not skipped.
        output.read_line("loss=1,050.0".to_owned(), false, &metric, &reports);
        for selection in [MatchSelection::Last, MatchSelection::Min, MatchSelection::Max] {
            let message = output.final_value(&metric, selection, None).unwrap_err();
            let expected = "\"1,050.0\", which is not a number; print numbers with a decimal";
            assert!(message.contains(expected), "{message}");
        }
        output.read_line("loss=2".to_owned(), false, &metric, &reports);
        assert_eq!(output.final_value(&metric, MatchSelection::Last, None), Ok(2.0));
    }
}
