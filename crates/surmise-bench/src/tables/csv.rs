//! Tables of one's own: CSV files.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt::Display;
use std::fs;
use std::path::Path;

use super::problem::{Column, Row, TableProblem};
use surmise::error::{Error, Violation};
use surmise::stable_hash::stable_hash;

/// Which columns of a CSV file mean what.
///
/// All other columns are hyperparameters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TableColumns {
    /// The column with the value of the metric.
    pub value: String,
    /// Whether larger values are better.
    pub is_maximized: bool,
    /// The column with the duration of an evaluation in seconds, if there is one.
    pub seconds: Option<String>,
    /// Columns that are neither, such as the number of a repetition.
    pub ignored: Vec<String>,
}

impl TableColumns {
    /// Takes the value from this column; smaller values are better.
    pub fn minimize(value: impl Into<String>) -> Self {
        Self { value: value.into(), ..Self::default() }
    }

    /// Takes the value from this column; larger values are better.
    pub fn maximize(value: impl Into<String>) -> Self {
        Self { value: value.into(), is_maximized: true, ..Self::default() }
    }
}

/// The largest number of cells that an error names.
const MAX_CELLS: usize = 5;

/// The violations of a file, which are reported together.
struct Violations<'a> {
    path: &'a Path,
    found: Vec<Violation>,
}

impl Violations<'_> {
    fn add(&mut self, value: impl Display, rule: impl Into<String>, remedy: impl Into<String>) {
        let value = format!("{value} in {}", self.path.display());
        self.found.push(Violation::new("table", value, rule, remedy));
    }

    /// Returns an error if there are violations; of many, the first ones.
    fn check(&mut self) -> Result<(), Error> {
        self.found.truncate(MAX_CELLS);
        Error::from_violations(std::mem::take(&mut self.found))
    }
}

/// A CSV file as texts.
struct Texts {
    header: Vec<String>,
    lines: Vec<csv::StringRecord>,
}

impl Texts {
    fn read(violations: &mut Violations<'_>) -> Result<Self, Error> {
        let rule = "a table is a CSV file with a header line, and commas between columns";
        let text = fs::read(violations.path).or_else(|error| {
            violations.add(error, "the file of a table can be read", "check the path");
            violations.check().map(|()| Vec::new())
        })?;
        let mut reader = csv::Reader::from_reader(text.as_slice());
        let header: Vec<String> = reader
            .headers()
            .map(|header| header.iter().map(column_name).collect())
            .unwrap_or_default();
        let mut lines = Vec::new();
        for record in reader.records() {
            match record {
                Ok(record) => lines.push(record),
                Err(error) => violations.add(error, rule, "repair the line"),
            }
        }
        if header.is_empty() || lines.is_empty() {
            violations.add("no line", rule, "write a header line, and a line for each evaluation");
        }
        let mut seen = BTreeSet::new();
        for name in &header {
            if name.is_empty() || !seen.insert(name) {
                let rule = "each column has a name of its own";
                violations.add(format!("{name:?}"), rule, "repair the header");
            }
        }
        violations.check()?;
        Ok(Self { header, lines })
    }
}

/// The number of each column that has a meaning.
struct Meaning {
    value: usize,
    seconds: Option<usize>,
    parameters: Vec<usize>,
}

impl Meaning {
    fn new(
        texts: &Texts,
        columns: &TableColumns,
        violations: &mut Violations<'_>,
    ) -> Result<Self, Error> {
        let header = &texts.header;
        let mut meanings: BTreeMap<usize, &str> = BTreeMap::new();
        let mut find = |column: &String, meaning: &'static str| {
            let Some(index) = header.iter().position(|name| name == column) else {
                let remedy = format!("use one of {}", header.join(", "));
                violations.add(column, "the table must have the column", remedy);
                return None;
            };
            if let Some(other) = meanings.insert(index, meaning) {
                let value = format!("{column}, {other} and {meaning},");
                violations.add(value, "a column has one meaning", "name another column");
            }
            Some(index)
        };
        let value = find(&columns.value, "the value");
        let seconds = columns.seconds.as_ref().and_then(|column| find(column, "the duration"));
        for column in &columns.ignored {
            find(column, "ignored");
        }
        let parameters: Vec<usize> =
            (0..header.len()).filter(|index| !meanings.contains_key(index)).collect();
        if parameters.is_empty() {
            let rule = "a table needs a column of hyperparameters";
            violations.add("no other column", rule, "add one");
        }
        violations.check()?;
        Ok(Self { value: value.expect("no violation"), seconds, parameters })
    }
}

impl TableProblem {
    /// Reads a CSV file with a header line; each other line is one evaluation of a configuration.
    ///
    /// A column of numbers is an integer parameter, the number of the level in ascending order from
    /// 0. A column with a text in it is categorical. A line whose value is empty or not finite is a
    /// failed evaluation. Lines with the same hyperparameters are repetitions.
    ///
    /// ```no_run
    /// use surmise_bench::{TableColumns, TableProblem};
    ///
    /// # fn main() -> Result<(), surmise::Error> {
    /// let columns = TableColumns::maximize("accuracy");
    /// let problem = TableProblem::from_csv("mine", "trainings.csv".as_ref(), &columns)?;
    /// let case = problem.into_case();
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`Error::Invalid`] if the file cannot be read, if a named column is missing or has two
    /// meanings, if two columns have one name, if no column of hyperparameters is left, if no line
    /// has a value, if a value or a duration is not a number, if a line with a value has no
    /// duration, or if a number is missing in a column of numbers.
    pub fn from_csv(
        name: impl Into<String>,
        path: &Path,
        columns: &TableColumns,
    ) -> Result<Self, Error> {
        let violations = &mut Violations { path, found: Vec::new() };
        let texts = Texts::read(violations)?;
        let meaning = Meaning::new(&texts, columns, violations)?;
        let entries: Vec<Entries> = meaning
            .parameters
            .iter()
            .map(|column| Entries::new(&texts, *column, violations))
            .collect();
        let results = results(&texts, &meaning, columns.is_maximized, violations);
        if violations.found.is_empty() && results.iter().all(|(value, _)| !value.is_finite()) {
            let rule = "a table needs a line with a value";
            violations.add("no value", rule, "repair the column of values");
        }
        violations.check()?;
        let mut rows: HashMap<Vec<u32>, Row> = HashMap::new();
        for (line, (value, seconds)) in texts.lines.iter().zip(&results) {
            let cells = meaning.parameters.iter().zip(&entries);
            let key = cells.map(|(column, entries)| entries.index(line[*column].trim())).collect();
            let row = rows.entry(key).or_default();
            row.values.push(*value);
            row.seconds.extend(seconds);
        }
        let names = meaning.parameters.iter().map(|column| texts.header[*column].clone());
        let parameters = names.zip(entries.into_iter().map(Entries::into_column)).collect();
        let data = format!("{columns:?}{:?}{:?}", texts.header, texts.lines);
        let hash = format!("{:016x}", stable_hash(&data));
        Ok(Self::new(name, parameters, rows).with_data_hash(hash))
    }
}

/// Returns the value to minimize and the duration of each line.
fn results(
    texts: &Texts,
    meaning: &Meaning,
    is_maximized: bool,
    violations: &mut Violations<'_>,
) -> Vec<(f64, Option<f64>)> {
    let sign = if is_maximized { -1.0 } else { 1.0 };
    let mut results = Vec::new();
    for (number, line) in (2..).zip(&texts.lines) {
        let value = parse_number(&line[meaning.value]).unwrap_or_else(|text| {
            let rule =
                format!("{} is a number, or empty for a failure", texts.header[meaning.value]);
            violations.add(format!("{text} in line {number}"), rule, "repair it");
            f64::NAN
        });
        let seconds = meaning.seconds.map(|column| {
            let seconds = parse_number(&line[column]).unwrap_or(f64::NAN);
            let is_duration = seconds.is_finite() && seconds >= 0.0;
            // A failure may have no duration.
            if !is_duration && (value.is_finite() || !line[column].trim().is_empty()) {
                let rule = format!("{} is a duration in seconds, at least 0", texts.header[column]);
                violations.add(format!("{:?} in line {number}", &line[column]), rule, "repair it");
            }
            seconds
        });
        results.push((sign * value, seconds));
    }
    results
}

/// Returns the name of a column without spaces, and without the mark that spreadsheets put first.
fn column_name(text: &str) -> String {
    text.trim_start_matches('\u{feff}').trim().to_owned()
}

/// Parses a number; an empty text is NaN.
fn parse_number(text: &str) -> Result<f64, String> {
    match text.trim() {
        "" => Ok(f64::NAN),
        text => text.parse().map_err(|_| format!("{text:?}")),
    }
}

/// Parses a number; 0 and −0 are one level.
fn parse_level(text: &str) -> Option<f64> {
    text.parse().ok().map(|number: f64| number + 0.0)
}

/// The distinct entries of a column.
enum Entries {
    /// The numbers, in ascending order.
    Numbers(Vec<f64>),
    /// The texts, in ascending order.
    Texts(Vec<String>),
}

impl Entries {
    /// Returns the entries of a column; a number that is missing among numbers is a violation.
    fn new(texts: &Texts, column: usize, violations: &mut Violations<'_>) -> Self {
        let cells = || texts.lines.iter().map(|line| line[column].trim());
        let is_missing = |text: &str| {
            text.is_empty() || parse_level(text).is_some_and(|number| !number.is_finite())
        };
        let has_text = cells().any(|text| parse_level(text).is_none() && !text.is_empty());
        if has_text {
            let distinct: BTreeSet<&str> = cells().collect();
            return Self::Texts(distinct.into_iter().map(str::to_owned).collect());
        }
        for (number, text) in (2..).zip(cells()) {
            if is_missing(text) {
                let rule = format!("{} has a finite number in each line", texts.header[column]);
                let remedy = "write the number, or a text such as \"none\" for a choice";
                violations.add(format!("{text:?} in line {number}"), rule, remedy);
            }
        }
        let mut numbers: Vec<f64> = cells().filter_map(parse_level).collect();
        numbers.sort_by(f64::total_cmp);
        numbers.dedup_by(|a, b| a.to_bits() == b.to_bits());
        Self::Numbers(numbers)
    }

    fn index(&self, text: &str) -> u32 {
        let index = match self {
            Self::Numbers(numbers) => {
                let number = parse_level(text).expect("all entries are numbers");
                numbers.binary_search_by(|other| other.total_cmp(&number)).ok()
            }
            Self::Texts(texts) => texts.binary_search_by(|other| other.as_str().cmp(text)).ok(),
        };
        u32::try_from(index.expect("an entry of the column")).expect("small")
    }

    fn into_column(self) -> Column {
        match self {
            Self::Numbers(numbers) => Column::Levels(numbers.len()),
            Self::Texts(texts) => Column::Choices(texts),
        }
    }
}
