//! What a program has said of its metric, and how that is read.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

#[cfg(feature = "regex")]
use super::found::{Found, text_in};
use super::sources::{LONGEST_LINE, MetricSource, ReadingOfSeveral, ReportSource};

/// Names that say that a number is a step.
const STEP_NAMES: [&str; 4] = ["step", "epoch", "round", "iteration"];
/// Lines of standard error that are kept for the message of a failure.
const KEPT_LINES: usize = 20;
pub(super) const KEPT_CHARACTERS: usize = 400;

/// What a job has said so far.
#[derive(Debug, Default)]
pub(super) struct Heard {
    last_line: Option<String>,
    #[cfg(feature = "regex")]
    found: Found,
    /// The last step that an expression has found.
    #[cfg(feature = "regex")]
    step: Option<u64>,
    reports: u64,
    pub(super) last_report: Option<f64>,
    errors: VecDeque<String>,
    tail: Tail,
}

/// How far a file has been read.
#[derive(Debug, Default)]
struct Tail {
    position: u64,
    unfinished: Vec<u8>,
}

/// A step, if one is given, and a number.
///
/// Between them there is a blank, so that neither a decimal comma nor a separator of thousands is taken for a step.
fn numbers(line: &str) -> Option<(Option<u64>, f64)> {
    let mut words = line.split_whitespace();
    match (words.next(), words.next(), words.next()) {
        (Some(value), None, None) => Some((None, value.parse().ok()?)),
        (Some(step), Some(value), None) => {
            if let (Some((name, step)), Some((_, value))) =
                (step.split_once('='), value.split_once('='))
            {
                let step = step.trim_end_matches(',');
                let is_step = STEP_NAMES.iter().any(|known| name.eq_ignore_ascii_case(known));
                return Some((Some(step.parse().ok()?), value.parse().ok()?)).filter(|_| is_step);
            }
            let step = step.strip_suffix(',').unwrap_or(step);
            Some((Some(step.parse().ok()?), value.parse().ok()?))
        }
        _ => None,
    }
}

/// What a terminal shows of a line: what follows the last carriage return that something follows.
fn shown(line: &str) -> &str {
    let line = line.trim_end_matches(['\n', '\r']);
    line.rsplit('\r').next().unwrap_or(line)
}

/// A line without colours and other escape sequences of terminals (ECMA-48, control sequences).
fn without_escapes(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(start) = rest.find("\u{1b}[") {
        text.push_str(&rest[..start]);
        let sequence = &rest[start + 2..];
        let end =
            sequence.find(|c: char| ('@'..='~').contains(&c)).map_or(sequence.len(), |end| end + 1);
        rest = &sequence[end..];
    }
    text + rest
}

impl Heard {
    /// Takes in a line; what it reports, if it does.
    pub(super) fn line(
        &mut self,
        text: String,
        is_error: bool,
        metric: &MetricSource,
        reports: &ReportSource,
    ) -> Option<(u64, f64)> {
        let text = without_escapes(shown(&text));
        #[cfg(feature = "regex")]
        if let MetricSource::Pattern(pattern) = metric {
            self.found.look_in(pattern, &text);
        }
        #[cfg(not(feature = "regex"))]
        let _ = metric;
        let given = match reports {
            ReportSource::Lines if !is_error => numbers(&text),
            #[cfg(feature = "regex")]
            ReportSource::Pattern(pattern) => {
                text_in(pattern, &text).and_then(|found| Some((None, found.parse().ok()?)))
            }
            #[cfg(feature = "regex")]
            ReportSource::PatternWithSteps { value, step } => {
                let found = text_in(step, &text).and_then(|found| found.parse().ok());
                self.step = found.or(self.step);
                text_in(value, &text).and_then(|found| Some((self.step, found.parse().ok()?)))
            }
            _ => None,
        };
        if is_error {
            if self.errors.len() == KEPT_LINES {
                self.errors.pop_front();
            }
            self.errors.push_back(text.chars().take(KEPT_CHARACTERS).collect());
        } else if !text.trim().is_empty() {
            self.last_line = Some(text);
        }
        given.map(|given| self.count(given))
    }

    fn count(&mut self, (step, value): (Option<u64>, f64)) -> (u64, f64) {
        self.reports += 1;
        if value.is_finite() {
            self.last_report = Some(value);
        }
        (step.unwrap_or(self.reports), value)
    }

    /// What has been appended to the file of reports; its last line too, even without an end, once the program `is_over`.
    pub(super) fn appended(&mut self, file: &Path, is_over: bool) -> Vec<(u64, f64)> {
        let Ok(mut file) = File::open(file) else { return Vec::new() };
        // Whoever begins the file anew is read anew.
        let is_shorter = file.metadata().is_ok_and(|data| data.len() < self.tail.position);
        if is_shorter {
            self.tail = Tail::default();
        }
        // What is new is read in parts, so that a large file takes no more memory than a part of it.
        if file.seek(SeekFrom::Start(self.tail.position)).is_err() {
            return Vec::new();
        }
        let mut reports = Vec::new();
        loop {
            let mut bytes = std::mem::take(&mut self.tail.unfinished);
            let before = bytes.len();
            let limit = LONGEST_LINE as u64;
            let read = file.by_ref().take(limit).read_to_end(&mut bytes).unwrap_or(0);
            bytes.truncate(before + read);
            self.tail.position += read as u64;
            let is_at_end = read < LONGEST_LINE;
            self.tail.unfinished = bytes;
            reports.extend(self.lines_of_tail(is_over && is_at_end));
            if is_at_end {
                return reports;
            }
        }
    }

    /// The reports in the part of a file that has been read, and its last line too, even without an end, if there `is_no_more`.
    fn lines_of_tail(&mut self, is_no_more: bool) -> Vec<(u64, f64)> {
        let mut bytes = std::mem::take(&mut self.tail.unfinished);
        let whole = match bytes.iter().rposition(|byte| *byte == b'\n') {
            _ if is_no_more => bytes.len(),
            Some(end) => end + 1,
            None => 0,
        };
        self.tail.unfinished = bytes.split_off(whole);
        let excess = self.tail.unfinished.len().saturating_sub(LONGEST_LINE);
        self.tail.unfinished.drain(..excess);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        text.lines().map(shown).filter_map(numbers).map(|given| self.count(given)).collect()
    }

    /// The final value, if there is one; else what was found in its place.
    pub(super) fn final_value(
        &self,
        metric: &MetricSource,
        several: ReadingOfSeveral,
        folder: Option<&Path>,
    ) -> Result<f64, String> {
        #[cfg(not(feature = "regex"))]
        let _ = several;
        match metric {
            MetricSource::LastLine => match &self.last_line {
                None => Err("nothing came on standard output".to_owned()),
                Some(line) => number_of(line, "the last line of standard output"),
            },
            MetricSource::File(name) => {
                let path = folder.unwrap_or(Path::new("")).join(name);
                let text = end_of(&path)
                    .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
                let last = text.lines().rev().map(shown).find(|line| !line.trim().is_empty());
                let what = format!("the last line of {}", path.display());
                number_of(last.ok_or_else(|| format!("{} is empty", path.display()))?, &what)
            }
            #[cfg(feature = "regex")]
            MetricSource::Pattern(_) => self.found.value(several, self.last_line.as_deref(), hint),
        }
    }

    /// The end of standard error.
    pub(super) fn errors(&self) -> String {
        self.errors.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}

/// The last of what is in a file.
fn end_of(path: &Path) -> io::Result<String> {
    let mut file = File::open(path)?;
    let length = file.metadata()?.len();
    file.seek(SeekFrom::Start(length.saturating_sub(LONGEST_LINE as u64)))?;
    let mut bytes = Vec::new();
    file.take(LONGEST_LINE as u64).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

fn number_of(line: &str, what: &str) -> Result<f64, String> {
    numbers(line).map(|(_, value)| value).ok_or_else(|| {
        let shown: String = line.chars().take(KEPT_CHARACTERS).collect();
        let hint = hint(&shown);
        let forms = if hint.is_empty() {
            "; a number, a step and a number, or `step=7 value=0.25` is read, and by metric_from(MetricSource::Pattern(…)) any other form"
        } else {
            ""
        };
        format!("{what} is no number: {shown:?}{hint}{forms}")
    })
}

/// What may be meant by a text that is no number.
fn hint(text: &str) -> &'static str {
    let bytes = text.trim().as_bytes();
    let is_digit = |place: usize| bytes.get(place).is_some_and(u8::is_ascii_digit);
    let is_inside = |place: usize| place > 0 && is_digit(place - 1) && is_digit(place + 1);
    if bytes.ends_with(b"%") {
        "; a percent sign is no part of a number"
    } else if (0..bytes.len()).any(|place| bytes[place] == b',' && is_inside(place)) {
        "; numbers have a decimal point and no commas"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_steps_are_read_and_nothing_else() {
        assert_eq!(numbers(" 0.25 "), Some((None, 0.25)));
        assert_eq!(numbers("7, 2.5e-1"), Some((Some(7), 0.25)));
        assert_eq!(numbers("7\t1"), Some((Some(7), 1.0)));
        assert_eq!(numbers("epoch=7 loss=0.25"), Some((Some(7), 0.25)));
        assert_eq!(numbers("step=7, loss=0.25"), Some((Some(7), 0.25)));
        assert!(numbers("nan").is_some_and(|(_, value)| value.is_nan()));
        for line in
            ["", "epoch 7", "7 of 9", "1 2 3", "-1 0.5", "loss=0.5", "0,75", "1,234.5", "a=1 b=2"]
        {
            assert_eq!(numbers(line), None, "{line}");
        }
    }

    #[test]
    fn colours_are_no_part_of_a_line() {
        assert_eq!(without_escapes("\u{1b}[32mloss:\u{1b}[0m 0.5\u{1b}[0m"), "loss: 0.5");
        assert_eq!(without_escapes("a\u{1b}[1;31"), "a");
        assert_eq!(without_escapes("plain"), "plain");
    }

    #[test]
    fn what_may_be_meant_is_said() {
        assert_eq!(hint("step=7 value=0,75"), "; numbers have a decimal point and no commas");
        assert_eq!(hint("done, 3 left"), "");
    }

    #[cfg(feature = "regex")]
    #[test]
    fn a_value_belongs_to_the_last_step() {
        let pattern = |text: &str| crate::pattern::MetricPattern::new(text).unwrap();
        let (value, step) = (pattern(r"loss: (\S+)"), pattern(r"(?i)epoch\s*:?\s*(\d+)"));
        let reports = ReportSource::PatternWithSteps { value, step };
        let mut heard = Heard::default();
        let lines = [
            ("loss: 4", Some((1, 4.0))),
            ("Epoch 7/50", None),
            ("loss: 3", Some((7, 3.0))),
            ("loss: 2 (epoch: 8)", Some((8, 2.0))),
            ("epoch: 9", None),
            ("epoch: many loss: none", None),
            ("loss: 1", Some((9, 1.0))),
        ];
        for (line, wanted) in lines {
            let told = heard.line(line.to_owned(), false, &MetricSource::LastLine, &reports);
            assert_eq!(told, wanted, "{line}");
        }
    }

    #[test]
    fn a_file_is_read_as_it_grows() {
        let folder = std::env::temp_dir().join(format!("surmise-tail-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("reports");
        let mut heard = Heard::default();
        assert_eq!(heard.appended(&file, false), []);
        for (text, is_over, wanted) in [
            ("1 0.5\n2 0.", false, vec![(1, 0.5)]),
            ("1 0.5\n2 0.4\nnoise\n", false, vec![(2, 0.4)]),
            ("1 0.5\n2 0.4\nnoise\n0.3", true, vec![(3, 0.3)]),
            ("9 7\n", true, vec![(9, 7.0)]),
        ] {
            std::fs::write(&file, text).unwrap();
            assert_eq!(heard.appended(&file, is_over), wanted, "{text:?}");
        }
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
