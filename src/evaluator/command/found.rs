//! What an expression has found in the lines of a program.

use super::sources::ReadingOfSeveral;
use crate::pattern::MetricPattern;

/// Of a line in a message, so many characters are shown.
const SHOWN_CHARACTERS: usize = 400;

/// What the expression of the final value has found so far.
#[derive(Debug, Default)]
pub(super) struct Found {
    values: Vec<f64>,
    /// The last text that it found and that is no number.
    no_number: Option<String>,
    /// The last such text that has a digit: a value in a form that is not understood.
    misread: Option<String>,
    /// Whether no number was found after that one.
    ends_misread: bool,
}

/// The text that an expression finds last in a line.
pub(super) fn text_in<'a>(pattern: &MetricPattern, line: &'a str) -> Option<&'a str> {
    pattern.find_last(line).map(str::trim)
}

impl Found {
    pub(super) fn look_in(&mut self, pattern: &MetricPattern, line: &str) {
        let Some(text) = text_in(pattern, line) else { return };
        if let Ok(value) = text.parse() {
            self.values.push(value);
            self.ends_misread = false;
            return;
        }
        if text.contains(|c: char| c.is_ascii_digit()) {
            self.misread = Some(text.to_owned());
            self.ends_misread = true;
        }
        self.no_number = Some(text.to_owned());
    }

    /// The final value, if there is one; else what was found in its place, with a hint of what may be meant by it.
    pub(super) fn value(
        &self,
        several: ReadingOfSeveral,
        last_line: Option<&str>,
        hint: fn(&str) -> &'static str,
    ) -> Result<f64, String> {
        let values = self.values.iter().copied();
        // An older value, or one of those that could be read, is not the one that is meant.
        let misread = self.misread.as_ref();
        let (found, unread) = match several {
            ReadingOfSeveral::Last => (values.last(), misread.filter(|_| self.ends_misread)),
            ReadingOfSeveral::Least => (values.reduce(f64::min), misread),
            ReadingOfSeveral::Greatest => (values.reduce(f64::max), misread),
        };
        let unread = unread.or(self.no_number.as_ref().filter(|_| found.is_none()));
        match (unread, found) {
            (Some(text), _) => {
                Err(format!("the expression captured {text:?}, which is no number{}", hint(text)))
            }
            (None, Some(value)) => Ok(value),
            (None, None) => {
                let what = "no line of its output had what the expression looks for";
                Err(match last_line {
                    Some(line) => {
                        let shown: String = line.chars().take(SHOWN_CHARACTERS).collect();
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
    use crate::evaluator::command::heard::Heard;
    use crate::evaluator::command::sources::{MetricSource, ReportSource};

    use super::*;

    #[test]
    fn one_of_several_values_is_taken_as_agreed() {
        let pattern = || MetricPattern::new(r"loss=(\S+)").unwrap();
        let metric = MetricSource::Pattern(pattern());
        let reports = ReportSource::Pattern(pattern());
        let mut heard = Heard::default();
        let lines = ["loss=3", "worker 2: loss=1", "no value", "loss=nan", "loss=2"];
        let told: Vec<_> = lines
            .iter()
            .enumerate()
            .filter_map(|(i, line)| heard.line((*line).to_owned(), i % 2 == 1, &metric, &reports))
            .collect();
        assert_eq!(told.iter().map(|(step, _)| *step).collect::<Vec<_>>(), [1, 2, 3, 4]);
        let read = |several| heard.final_value(&metric, several, None);
        assert_eq!(read(ReadingOfSeveral::Last), Ok(2.0));
        assert_eq!(read(ReadingOfSeveral::Least), Ok(1.0));
        assert_eq!(read(ReadingOfSeveral::Greatest), Ok(3.0));
        assert!(Heard::default().final_value(&metric, ReadingOfSeveral::Last, None).is_err());
        // What can't be read is not passed over.
        heard.line("loss=1,050.0".to_owned(), false, &metric, &reports);
        for several in [ReadingOfSeveral::Last, ReadingOfSeveral::Least, ReadingOfSeveral::Greatest]
        {
            let message = heard.final_value(&metric, several, None).unwrap_err();
            assert!(message.contains("\"1,050.0\", which is no number; numbers have"), "{message}");
        }
        heard.line("loss=2".to_owned(), false, &metric, &reports);
        assert_eq!(heard.final_value(&metric, ReadingOfSeveral::Last, None), Ok(2.0));
    }
}
