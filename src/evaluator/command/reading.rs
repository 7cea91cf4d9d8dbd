//! What a program says of its metric: where it is looked for, and how it is read.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use crate::sagemaker::MetricPattern;

/// Where the final value of the metric is.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum MetricSource {
    /// The last line of standard output that is not empty: a number, or a step and a number.
    #[default]
    LastLine,
    /// The last line of a file in the job's folder that is not empty.
    File(PathBuf),
    /// What an expression finds in the lines of standard output and standard error. Which of two lines in different streams came first
    /// is not known.
    Pattern(MetricPattern),
}

/// Where intermediate values of the metric are.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub enum ReportSource {
    /// Nowhere.
    #[default]
    None,
    /// Each line of standard output that is a number, or a step (a whole number) and a number. Without a step, they are counted from 1.
    Lines,
    /// The same for the lines of a file in the job's folder, to which the program appends.
    File(PathBuf),
    /// Each value that an expression finds in the lines of standard output and standard error, counted from 1.
    Pattern(MetricPattern),
}

/// Which of the values that a [`MetricSource::Pattern`] finds is the final one.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ReadingOfSeveral {
    /// The last, as SageMaker takes it.
    #[default]
    Last,
    /// The least.
    Least,
    /// The greatest.
    Greatest,
}

/// Lines of standard error that are kept for the message of a failure.
const KEPT_LINES: usize = 20;
const KEPT_CHARACTERS: usize = 400;

/// What a job has said so far.
#[derive(Debug, Default)]
pub(super) struct Heard {
    last_line: Option<String>,
    /// What the pattern of the final value found.
    found: Vec<f64>,
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
fn numbers(line: &str) -> Option<(Option<u64>, f64)> {
    let mut words =
        line.split(|c: char| c.is_whitespace() || c == ',').filter(|word| !word.is_empty());
    match (words.next(), words.next(), words.next()) {
        (Some(value), None, None) => Some((None, value.parse().ok()?)),
        (Some(step), Some(value), None) => Some((Some(step.parse().ok()?), value.parse().ok()?)),
        _ => None,
    }
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
        if let MetricSource::Pattern(pattern) = metric {
            self.found
                .extend(pattern.find(&text).and_then(|value| value.trim().parse::<f64>().ok()));
        }
        let given = match reports {
            ReportSource::Lines if !is_error => numbers(&text),
            ReportSource::Pattern(pattern) => {
                pattern.find(&text).and_then(|value| Some((None, value.trim().parse().ok()?)))
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
        let mut bytes = std::mem::take(&mut self.tail.unfinished);
        let before = bytes.len();
        let read = file
            .seek(SeekFrom::Start(self.tail.position))
            .and_then(|_| file.read_to_end(&mut bytes));
        if read.is_ok() {
            self.tail.position += (bytes.len() - before) as u64;
        }
        let whole = match bytes.iter().rposition(|byte| *byte == b'\n') {
            _ if is_over => bytes.len(),
            Some(end) => end + 1,
            None => 0,
        };
        self.tail.unfinished = bytes.split_off(whole);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        text.lines().filter_map(numbers).map(|given| self.count(given)).collect()
    }

    /// The final value, if there is one; else what was found in its place.
    pub(super) fn final_value(
        &self,
        metric: &MetricSource,
        several: ReadingOfSeveral,
        folder: Option<&Path>,
    ) -> Result<f64, String> {
        match metric {
            MetricSource::LastLine => match &self.last_line {
                None => Err("nothing came on standard output".to_owned()),
                Some(line) => number_of(line, "the last line of standard output"),
            },
            MetricSource::File(name) => {
                let path = folder.unwrap_or(Path::new("")).join(name);
                let text = std::fs::read_to_string(&path)
                    .map_err(|error| format!("{} cannot be read: {error}", path.display()))?;
                let last = text.lines().rev().find(|line| !line.trim().is_empty());
                let what = format!("the last line of {}", path.display());
                number_of(last.ok_or_else(|| format!("{} is empty", path.display()))?, &what)
            }
            MetricSource::Pattern(_) => {
                let values = self.found.iter().copied();
                let found = match several {
                    ReadingOfSeveral::Last => values.last(),
                    ReadingOfSeveral::Least => values.reduce(f64::min),
                    ReadingOfSeveral::Greatest => values.reduce(f64::max),
                };
                found.ok_or_else(|| {
                    "no line of its output had what the expression looks for".to_owned()
                })
            }
        }
    }

    /// The end of standard error.
    pub(super) fn errors(&self) -> String {
        self.errors.iter().map(String::as_str).collect::<Vec<_>>().join("\n")
    }
}

fn number_of(line: &str, what: &str) -> Result<f64, String> {
    numbers(line).map(|(_, value)| value).ok_or_else(|| {
        let shown: String = line.chars().take(KEPT_CHARACTERS).collect();
        format!("{what} is no number: {shown:?}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_and_steps_are_read_and_nothing_else() {
        assert_eq!(numbers(" 0.25 "), Some((None, 0.25)));
        assert_eq!(numbers("7, 2.5e-1"), Some((Some(7), 0.25)));
        assert_eq!(numbers("7\t1"), Some((Some(7), 1.0)));
        assert!(numbers("nan").is_some_and(|(_, value)| value.is_nan()));
        for line in ["", "epoch 7", "7 of 9", "1 2 3", "-1 0.5", "loss=0.5"] {
            assert_eq!(numbers(line), None, "{line}");
        }
    }

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
