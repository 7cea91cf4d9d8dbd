//! Reads the metric from the output of a program.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

#[cfg(feature = "regex")]
use super::pattern_matches::{PatternMatches, last_match};
use super::sources::{
    MAX_LINE_BYTES, MAX_SHOWN_CHARACTERS, MatchSelection, MetricSource, ReportSource,
};

/// Names that mark a number as a step.
const STEP_NAMES: [&str; 4] = ["step", "epoch", "round", "iteration"];
/// Number of lines of standard error that the message of a failure may show.
const MAX_ERROR_LINES: usize = 20;

/// Reads the output of one job: its reports, its final value and the end of standard error.
#[derive(Debug, Default)]
pub(super) struct OutputReader {
    last_line: Option<String>,
    #[cfg(feature = "regex")]
    matches: PatternMatches,
    /// The last step that the expression for steps has matched.
    #[cfg(feature = "regex")]
    last_step: Option<u64>,
    report_count: u64,
    pub(super) last_report: Option<f64>,
    error_lines: VecDeque<String>,
    report_file: FilePosition,
}

/// The position up to which a file has been read.
#[derive(Debug, Default)]
struct FilePosition {
    offset: u64,
    /// Bytes that were read after the last line break.
    partial_line: Vec<u8>,
}

/// Parses a line as an optional step and a value.
///
/// A space must stand between them, so that neither a decimal comma nor a thousands separator is
/// mistaken for the end of a step.
fn parse_report(line: &str) -> Option<(Option<u64>, f64)> {
    let mut words = line.split_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some(value), None, None) => Some((None, value.parse().ok()?)),
        (Some(step), Some(value), None) => {
            if let (Some((name, step)), Some((_, value))) =
                (step.split_once('='), value.split_once('='))
            {
                let step = step.trim_end_matches(',');
                let is_step =
                    STEP_NAMES.iter().any(|step_name| name.eq_ignore_ascii_case(step_name));
                return Some((Some(step.parse().ok()?), value.parse().ok()?)).filter(|_| is_step);
            }
            let step = step.strip_suffix(',').unwrap_or(step);
            Some((Some(step.parse().ok()?), value.parse().ok()?))
        }
        _ => None,
    }
}

/// Returns the part of a line that a terminal shows: the text after the last carriage return,
/// trailing ones aside.
fn visible_part(line: &str) -> &str {
    let line = line.trim_end_matches(['\n', '\r']);
    line.rsplit('\r').next().unwrap_or(line)
}

/// Removes colors and other terminal escape sequences (ECMA-48, control sequences).
fn without_escapes(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut remaining = line;
    while let Some(start) = remaining.find("\u{1b}[") {
        text.push_str(&remaining[..start]);
        let sequence = &remaining[start + 2..];
        let end =
            sequence.find(|c: char| ('@'..='~').contains(&c)).map_or(sequence.len(), |end| end + 1);
        remaining = &sequence[end..];
    }
    text + remaining
}

impl OutputReader {
    /// Reads a line of standard output or standard error; returns the step and value that it
    /// reports, if it does.
    pub(super) fn read_line(
        &mut self,
        text: String,
        is_error: bool,
        metric: &MetricSource,
        reports: &ReportSource,
    ) -> Option<(u64, f64)> {
        let text = without_escapes(visible_part(&text));
        #[cfg(feature = "regex")]
        if let MetricSource::Pattern(pattern) = metric {
            self.matches.search(pattern, &text);
        }
        #[cfg(not(feature = "regex"))]
        let _ = metric;
        let report = match reports {
            ReportSource::Lines if !is_error => parse_report(&text),
            #[cfg(feature = "regex")]
            ReportSource::Pattern(pattern) => {
                last_match(pattern, &text).and_then(|value| Some((None, value.parse().ok()?)))
            }
            #[cfg(feature = "regex")]
            ReportSource::PatternWithSteps { value, step } => {
                let new_step = last_match(step, &text).and_then(|step| step.parse().ok());
                self.last_step = new_step.or(self.last_step);
                let step = self.last_step;
                last_match(value, &text).and_then(|value| Some((step, value.parse().ok()?)))
            }
            _ => None,
        };
        if is_error {
            if self.error_lines.len() == MAX_ERROR_LINES {
                self.error_lines.pop_front();
            }
            self.error_lines.push_back(text.chars().take(MAX_SHOWN_CHARACTERS).collect());
        } else if !text.trim().is_empty() {
            self.last_line = Some(text);
        }
        report.map(|report| self.record_report(report))
    }

    /// Counts a report, and uses the count as its step if it has none.
    fn record_report(&mut self, (step, value): (Option<u64>, f64)) -> (u64, f64) {
        self.report_count += 1;
        if value.is_finite() {
            self.last_report = Some(value);
        }
        (step.unwrap_or(self.report_count), value)
    }

    /// Reads what the program has appended to its file of reports. Once the program has ended
    /// (`is_over`), a last line without a line break counts, too.
    pub(super) fn read_appended(&mut self, file: &Path, is_over: bool) -> Vec<(u64, f64)> {
        let Ok(mut file) = File::open(file) else { return Vec::new() };
        // The program may truncate the file and start again.
        let is_shorter = file.metadata().is_ok_and(|data| data.len() < self.report_file.offset);
        if is_shorter {
            self.report_file = FilePosition::default();
        }
        // Read in chunks, to bound the memory that a large file takes.
        if file.seek(SeekFrom::Start(self.report_file.offset)).is_err() {
            return Vec::new();
        }
        let mut reports = Vec::new();
        loop {
            let mut bytes = std::mem::take(&mut self.report_file.partial_line);
            let before = bytes.len();
            let limit = MAX_LINE_BYTES as u64;
            let read = file.by_ref().take(limit).read_to_end(&mut bytes).unwrap_or(0);
            bytes.truncate(before + read);
            self.report_file.offset += read as u64;
            let is_at_end = read < MAX_LINE_BYTES;
            self.report_file.partial_line = bytes;
            reports.extend(self.parse_complete_lines(is_over && is_at_end));
            if is_at_end {
                return reports;
            }
        }
    }

    /// Parses the complete lines that have been read from the file of reports. At the end of the
    /// file (`is_final`), a last line without a line break counts, too.
    fn parse_complete_lines(&mut self, is_final: bool) -> Vec<(u64, f64)> {
        let mut bytes = std::mem::take(&mut self.report_file.partial_line);
        let complete = match bytes.iter().rposition(|byte| *byte == b'\n') {
            _ if is_final => bytes.len(),
            Some(end) => end + 1,
            None => 0,
        };
        self.report_file.partial_line = bytes.split_off(complete);
        let excess = self.report_file.partial_line.len().saturating_sub(MAX_LINE_BYTES);
        self.report_file.partial_line.drain(..excess);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let reports = text.lines().map(visible_part).filter_map(parse_report);
        reports.map(|report| self.record_report(report)).collect()
    }

    /// Returns the final value, or a message that says why there is none.
    pub(super) fn final_value(
        &self,
        metric: &MetricSource,
        selection: MatchSelection,
        folder: Option<&Path>,
    ) -> Result<f64, String> {
        #[cfg(not(feature = "regex"))]
        let _ = selection;
        match metric {
            MetricSource::LastLine => match &self.last_line {
                None => Err("standard output is empty".to_owned()),
                Some(line) => parse_value(line, "the last line of standard output"),
            },
            MetricSource::File(name) => {
                let path = folder.unwrap_or(Path::new("")).join(name);
                let text = read_end(&path)
                    .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
                let mut lines = text.lines().rev().map(visible_part);
                let last = lines.find(|line| !line.trim().is_empty());
                let source = format!("the last line of {}", path.display());
                parse_value(last.ok_or_else(|| format!("{} is empty", path.display()))?, &source)
            }
            #[cfg(feature = "regex")]
            MetricSource::Pattern(_) => {
                self.matches.final_value(selection, self.last_line.as_deref(), hint)
            }
        }
    }

    /// Returns the last lines of standard error.
    pub(super) fn errors(&self) -> String {
        self.error_lines.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}

/// Reads the last [`MAX_LINE_BYTES`] of a file.
fn read_end(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(MAX_LINE_BYTES as u64)))?;
    let mut bytes = Vec::new();
    file.take(MAX_LINE_BYTES as u64).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn parse_value(line: &str, source: &str) -> Result<f64, String> {
    parse_report(line).map(|(_, value)| value).ok_or_else(|| {
        let shown: String = line.chars().take(MAX_SHOWN_CHARACTERS).collect();
        let hint = hint(&shown);
        let forms = if hint.is_empty() {
            "; print a number, a step and a number, or `step=7 value=0.25`, \
             or read any other form by metric_from(MetricSource::Pattern(…))"
        } else {
            ""
        };
        format!("{source} is not a number: {shown:?}{hint}{forms}")
    })
}

/// Returns the likely reason why a text is not a number; empty if there is none.
fn hint(text: &str) -> &'static str {
    let bytes = text.trim().as_bytes();
    let is_digit = |index: usize| bytes.get(index).is_some_and(u8::is_ascii_digit);
    let is_inside = |index: usize| index > 0 && is_digit(index - 1) && is_digit(index + 1);
    if bytes.ends_with(b"%") {
        "; print the number without a percent sign"
    } else if (0..bytes.len()).any(|index| bytes[index] == b',' && is_inside(index)) {
        "; print numbers with a decimal point and without commas"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_numbers_and_steps_are_parsed() {
        assert_eq!(parse_report(" 0.25 "), Some((None, 0.25)));
        assert_eq!(parse_report("7, 2.5e-1"), Some((Some(7), 0.25)));
        assert_eq!(parse_report("7\t1"), Some((Some(7), 1.0)));
        assert_eq!(parse_report("epoch=7 loss=0.25"), Some((Some(7), 0.25)));
        assert_eq!(parse_report("step=7, loss=0.25"), Some((Some(7), 0.25)));
        assert!(parse_report("nan").is_some_and(|(_, value)| value.is_nan()));
        for line in
            ["", "epoch 7", "7 of 9", "1 2 3", "-1 0.5", "loss=0.5", "0,75", "1,234.5", "a=1 b=2"]
        {
            assert_eq!(parse_report(line), None, "{line}");
        }
    }

    #[test]
    fn terminal_colors_are_removed() {
        assert_eq!(without_escapes("\u{1b}[32mloss:\u{1b}[0m 0.5\u{1b}[0m"), "loss: 0.5");
        assert_eq!(without_escapes("a\u{1b}[1;31"), "a");
        assert_eq!(without_escapes("plain"), "plain");
    }

    #[test]
    fn hints_name_decimal_commas() {
        let expected = "; print numbers with a decimal point and without commas";
        assert_eq!(hint("step=7 value=0,75"), expected);
        assert_eq!(hint("done, 3 left"), "");
    }

    #[cfg(feature = "regex")]
    #[test]
    fn values_belong_to_the_last_step() {
        let pattern = |text: &str| crate::pattern::MetricPattern::new(text).unwrap();
        let (value, step) = (pattern(r"loss: (\S+)"), pattern(r"(?i)epoch\s*:?\s*(\d+)"));
        let reports = ReportSource::PatternWithSteps { value, step };
        let mut output = OutputReader::default();
        let lines = [
            ("loss: 4", Some((1, 4.0))),
            ("Epoch 7/50", None),
            ("loss: 3", Some((7, 3.0))),
            ("loss: 2 (epoch: 8)", Some((8, 2.0))),
            ("epoch: 9", None),
            ("epoch: many loss: none", None),
            ("loss: 1", Some((9, 1.0))),
        ];
        for (line, expected) in lines {
            let report =
                output.read_line(line.to_owned(), false, &MetricSource::LastLine, &reports);
            assert_eq!(report, expected, "{line}");
        }
    }

    #[test]
    fn report_files_are_read_while_they_grow() {
        let folder = std::env::temp_dir().join(format!("surmise-reports-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("reports");
        let mut output = OutputReader::default();
        assert_eq!(output.read_appended(&file, false), []);
        for (text, is_over, expected) in [
            ("1 0.5\n2 0.", false, vec![(1, 0.5)]),
            ("1 0.5\n2 0.4\nnoise\n", false, vec![(2, 0.4)]),
            ("1 0.5\n2 0.4\nnoise\n0.3", true, vec![(3, 0.3)]),
            ("9 7\n", true, vec![(9, 7.0)]),
        ] {
            std::fs::write(&file, text).unwrap();
            assert_eq!(output.read_appended(&file, is_over), expected, "{text:?}");
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
