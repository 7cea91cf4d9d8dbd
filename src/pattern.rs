//! Regular expressions by which metrics are found in what programs print.
//!
//! The only file that names the crate behind them. Its dialect knows look-around and back references, as those of Python and Java
//! do.

use std::ops::Range;

use fancy_regex::{Regex, RegexBuilder};

/// Steps after which a search is given up, so that no expression hangs a program.
const PATIENCE: usize = 100_000;
/// Bytes that a compiled expression may take.
const LARGEST: usize = 1 << 20;

/// An expression that finds a metric in the lines of a log: its first group is the value.
#[derive(Debug, Clone)]
pub struct MetricPattern(Regex);

impl MetricPattern {
    /// Reads an expression.
    ///
    /// # Errors
    /// Why it cannot be read, for people.
    pub fn new(expression: &str) -> Result<Self, String> {
        compile(expression).map(Self)
    }

    /// Whether the expression has the group that is to be the value.
    pub fn has_group(&self) -> bool {
        self.0.captures_len() > 1
    }

    /// Whether the expression is found in a text. One that takes too long is not.
    pub fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text).unwrap_or(false)
    }

    /// The text of the first group in a line, if the expression is found there; of the whole match, if it has no group.
    ///
    /// An expression that takes too long on a line is not found in it.
    pub fn find<'a>(&self, line: &'a str) -> Option<&'a str> {
        line.get(self.span(line)?)
    }

    /// The same of its last match in a line, where that has the group.
    pub fn find_last<'a>(&self, line: &'a str) -> Option<&'a str> {
        let group = usize::from(self.has_group());
        let all = self.0.captures_iter(line).map_while(Result::ok);
        all.filter_map(|found| found.get(group)).last().map(|group| group.as_str())
    }

    /// Where that text stands in the line.
    pub fn span(&self, line: &str) -> Option<Range<usize>> {
        let found = self.0.captures(line).ok()??;
        found.get(usize::from(self.has_group())).map(|group| group.range())
    }

    /// The value of the metric in a line, if it is there and a finite number.
    ///
    /// ```
    /// use surmise::pattern::MetricPattern;
    ///
    /// let pattern = MetricPattern::new(r"validation-rmse:(\S+)").unwrap();
    /// assert_eq!(pattern.value("[3] train-rmse:0.5 validation-rmse:0.75"), Some(0.75));
    /// assert_eq!(pattern.value("[3] train-rmse:0.5"), None);
    /// ```
    pub fn value(&self, line: &str) -> Option<f64> {
        self.find(line)?.trim().parse().ok().filter(|value: &f64| value.is_finite())
    }
}

fn compile(expression: &str) -> Result<Regex, String> {
    RegexBuilder::new(expression)
        .backtrack_limit(PATIENCE)
        .delegate_size_limit(LARGEST)
        .build()
        .map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_found_in_lines() {
        let pattern = MetricPattern::new(r".*\[[0-9]+\].*#011validation-rmse:(\S+)").unwrap();
        assert!(pattern.has_group());
        assert_eq!(pattern.value("[7]#011train-rmse:1.5#011validation-rmse:2.5e-1"), Some(0.25));
        assert_eq!(pattern.value("[7]#011validation-rmse:nan"), None);
        assert_eq!(pattern.find("[7]#011validation-rmse:nan"), Some("nan"));
        assert_eq!(MetricPattern::new(r"loss=\d").unwrap().find("a loss=3"), Some("loss=3"));
        assert!(MetricPattern::new("loss=(").is_err());
        // Look-behind, and an expression that would take for ever.
        assert_eq!(MetricPattern::new(r"(?<=loss=)(\d+)").unwrap().value("loss=12"), Some(12.0));
        let slow = MetricPattern::new(r"(?=(a+)+$)b").unwrap();
        assert_eq!(slow.find(&"a".repeat(5000)), None);
    }
}
