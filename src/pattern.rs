//! Regular expressions that find metrics in the output of programs.
//!
//! This is the only file that uses the crate `fancy_regex`. Its dialect has look-around and back
//! references, like the dialects of Python and Java.

use std::ops::Range;

use fancy_regex::{Regex, RegexBuilder};

/// Maximum number of backtracking steps of a search, so that no expression hangs the program.
const BACKTRACK_LIMIT: usize = 100_000;
/// Maximum size of a compiled expression in bytes.
const COMPILED_SIZE_LIMIT: usize = 1 << 20;

/// A regular expression that finds the value of a metric in lines of output.
///
/// The value is the first group, or the whole match if the expression has no group.
#[derive(Debug, Clone)]
pub struct MetricPattern(Regex);

impl MetricPattern {
    /// Compiles a regular expression.
    ///
    /// # Errors
    /// The message of the regular expression library if the expression is not valid.
    pub fn new(expression: &str) -> Result<Self, String> {
        compile(expression).map(Self)
    }

    /// Returns `true` if the expression has a group, which then selects the value.
    pub fn has_group(&self) -> bool {
        self.0.captures_len() > 1
    }

    /// Returns `true` if the expression matches somewhere in a text.
    ///
    /// An expression that exceeds the limit of backtracking steps does not match.
    pub fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text).unwrap_or(false)
    }

    /// Returns the text of the value in the first match of a line, or `None` without a match.
    ///
    /// An expression that exceeds the limit of backtracking steps does not match.
    pub fn find<'a>(&self, line: &'a str) -> Option<&'a str> {
        line.get(self.span(line)?)
    }

    /// Returns the text of the value in the last match of a line, or `None` without a match.
    ///
    /// Skips matches in which the group matches nothing.
    pub fn find_last<'a>(&self, line: &'a str) -> Option<&'a str> {
        let group = usize::from(self.has_group());
        let matches = self.0.captures_iter(line).map_while(Result::ok);
        matches.filter_map(|captures| captures.get(group)).last().map(|group| group.as_str())
    }

    /// Returns the byte range of the value in the first match of a line, or `None` without a match.
    ///
    /// [`find`](Self::find) returns the text in this range.
    pub fn span(&self, line: &str) -> Option<Range<usize>> {
        let captures = self.0.captures(line).ok()??;
        captures.get(usize::from(self.has_group())).map(|group| group.range())
    }

    /// Returns the value of the metric in the first match of a line.
    ///
    /// Returns `None` without a match, or if its text is not a finite number.
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
        .backtrack_limit(BACKTRACK_LIMIT)
        .delegate_size_limit(COMPILED_SIZE_LIMIT)
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
        // Look-behind, and an expression with exponential backtracking.
        assert_eq!(MetricPattern::new(r"(?<=loss=)(\d+)").unwrap().value("loss=12"), Some(12.0));
        let slow = MetricPattern::new(r"(?=(a+)+$)b").unwrap();
        assert_eq!(slow.find(&"a".repeat(5000)), None);
    }
}
