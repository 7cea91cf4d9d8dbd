//! Named values without order.

use std::collections::HashSet;

use super::configuration::ParameterValue;
use super::range::{check_name, wrong_type};
use crate::cube::Axis;
use crate::error::{Error, Violation};

/// A choice among named values without order.
#[derive(Debug, Clone, PartialEq)]
pub struct CategoricalParameterRange {
    name: String,
    values: Vec<String>,
}

impl CategoricalParameterRange {
    /// A choice among `values`.
    ///
    /// # Errors
    /// [`Error::Invalid`] with every rule that the range breaks: the name is not empty; there is at least one value; no
    /// value occurs twice; neither has the character NUL.
    pub fn new<V: Into<String>>(
        name: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Result<Self, Error> {
        let (name, values) = (name.into(), values.into_iter().map(V::into).collect::<Vec<_>>());
        let mut violations = check_name(&name);
        if values.is_empty() {
            violations.push(Violation::new(
                &name,
                "empty",
                "a categorical range has at least one value",
                "list its values",
            ));
        }
        let mut seen = HashSet::new();
        for value in &values {
            if value.contains('\0') {
                violations.push(Violation::new(
                    &name,
                    format!("{value:?}"),
                    "values are passed to programs, which cannot be given the character NUL",
                    "leave it out",
                ));
            }
            if !seen.insert(value) {
                violations.push(Violation::new(
                    &name,
                    format!("{value:?}, twice"),
                    "the values of a categorical range are distinct",
                    "list each value once",
                ));
            }
        }
        Error::unless_empty(violations)?;
        Ok(Self { name, values })
    }

    /// The parameter's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What can be chosen.
    pub fn values(&self) -> &[String] {
        &self.values
    }

    pub(super) fn axis(&self) -> Axis {
        Axis::Categories(self.values.len())
    }

    pub(super) fn encode(&self, value: &ParameterValue) -> Result<f64, Violation> {
        let ParameterValue::Category(name) = value else {
            return Err(wrong_type(&self.name, value, "one of its values, as text"));
        };
        match self.values.iter().position(|known| known == name) {
            Some(index) => Ok(self.axis().coordinate(index as u64)),
            None => Err(Violation::new(
                &self.name,
                format!("{name:?}"),
                format!("its values are {:?}", self.values),
                "use one of these",
            )),
        }
    }

    pub(super) fn decode(&self, coordinate: f64) -> ParameterValue {
        let index = usize::try_from(self.axis().cell(coordinate)).expect("indexes a list");
        ParameterValue::Category(self.values[index].clone())
    }
}
