//! Tables of one's own: CSV files.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Display;
use std::path::Path;

use super::problem::{Column, Row, TableProblem};
use surmise::error::{Error, Violation};

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

fn invalid(path: &Path, value: impl Display, rule: &str, remedy: impl Into<String>) -> Error {
    let value = format!("{value} in {}", path.display());
    Error::Invalid(vec![Violation::new("table", value, rule, remedy)])
}

impl TableProblem {
    /// Reads a CSV file with a header line; each other line is one evaluation of a configuration.
    ///
    /// A column is numeric if all of its entries are finite numbers. A line whose value is empty or
    /// not finite is a failed evaluation. Lines with the same hyperparameters are repetitions.
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
    /// [`Error::Invalid`] if the file cannot be read, if a named column is missing, if no column of
    /// hyperparameters is left, if no line has a value, or if a value is not a number.
    pub fn from_csv(
        name: impl Into<String>,
        path: &Path,
        columns: &TableColumns,
    ) -> Result<Self, Error> {
        let unreadable = |error: csv::Error| {
            invalid(path, error, "a table is a CSV file with a header line", "repair the file")
        };
        let mut reader = csv::Reader::from_path(path).map_err(unreadable)?;
        let header: Vec<String> =
            reader.headers().map_err(unreadable)?.iter().map(column_name).collect();
        let find = |column: &String| {
            header.iter().position(|name| name == column).ok_or_else(|| {
                let remedy = format!("use one of {}", header.join(", "));
                invalid(path, column, "the table must have the column", remedy)
            })
        };
        let value = find(&columns.value)?;
        let seconds = columns.seconds.as_ref().map(find).transpose()?;
        let ignored: Vec<usize> = columns.ignored.iter().map(find).collect::<Result<_, _>>()?;
        let lines: Vec<csv::StringRecord> =
            reader.records().collect::<Result<_, _>>().map_err(unreadable)?;
        let is_parameter = |i: &usize| *i != value && Some(*i) != seconds && !ignored.contains(i);
        let parameters: Vec<usize> = (0..header.len()).filter(is_parameter).collect();
        if parameters.is_empty() || lines.is_empty() {
            let rule = "a table needs a line, and a column of hyperparameters";
            return Err(invalid(path, "none", rule, "add them"));
        }
        let entries: Vec<Entries> = parameters
            .iter()
            .map(|i| Entries::new(lines.iter().map(|line| line[*i].trim())))
            .collect();
        let mut rows: HashMap<Vec<u32>, Row> = HashMap::new();
        for (number, line) in lines.iter().enumerate() {
            let key = parameters.iter().zip(&entries);
            let key = key.map(|(i, entries)| entries.index(line[*i].trim())).collect();
            let row = rows.entry(key).or_default();
            let number_in = |column: usize| {
                parse_number(&line[column]).map_err(|text| {
                    let rule = format!("{} is a number, or empty for a failure", header[column]);
                    invalid(path, format!("{text} in line {}", number + 2), &rule, "repair it")
                })
            };
            let sign = if columns.is_maximized { -1.0 } else { 1.0 };
            row.values.push(sign * number_in(value)?);
            if let Some(seconds) = seconds {
                row.seconds.push(number_in(seconds)?);
            }
        }
        if rows.values().all(|row| row.values.iter().all(|value| !value.is_finite())) {
            let rule = "a table needs a line with a value";
            return Err(invalid(path, "none", rule, "repair the column of values"));
        }
        let columns = parameters.iter().zip(entries);
        let columns = columns.map(|(i, entries)| (header[*i].clone(), entries.into_column()));
        check_names(path, parameters.iter().map(|i| header[*i].as_str()))?;
        Ok(Self::new(name, columns.collect(), rows))
    }
}

fn check_names<'a>(path: &Path, names: impl Iterator<Item = &'a str>) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    for name in names {
        if name.is_empty() || !seen.insert(name) {
            let rule = "each column has a name of its own";
            return Err(invalid(path, format!("{name:?}"), rule, "repair the header"));
        }
    }
    Ok(())
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
    fn new<'a>(texts: impl Iterator<Item = &'a str> + Clone) -> Self {
        let number = |text: &str| parse_level(text).filter(|number| number.is_finite());
        match texts.clone().map(number).collect::<Option<Vec<f64>>>() {
            Some(mut numbers) => {
                numbers.sort_by(f64::total_cmp);
                numbers.dedup_by(|a, b| a.to_bits() == b.to_bits());
                Self::Numbers(numbers)
            }
            None => {
                let distinct: BTreeSet<&str> = texts.collect();
                Self::Texts(distinct.into_iter().map(str::to_owned).collect())
            }
        }
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
