//! One range of a request, as far as it can be read.

use std::cmp::Ordering;

use crate::node::Node;
use crate::request::{integer_of, real_of};

/// The lists of ranges.
pub(super) const LISTS: [&str; 3] =
    ["IntegerParameterRanges", "ContinuousParameterRanges", "CategoricalParameterRanges"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Integer,
    Continuous,
    Categorical,
}

/// One range, as far as it can be read.
pub(super) struct Range<'a> {
    pub(super) kind: Kind,
    pub(super) node: Node<'a>,
    pub(super) name: &'a str,
    pub(super) min: Option<f64>,
    pub(super) max: Option<f64>,
    pub(super) values: Vec<&'a str>,
}

impl<'a> Range<'a> {
    /// All ranges of one place.
    pub(super) fn all(place: &Node<'a>) -> Vec<Self> {
        let kinds = [Kind::Integer, Kind::Continuous, Kind::Categorical];
        let lists = LISTS.iter().zip(kinds);
        lists
            .flat_map(|(list, kind)| {
                let ranges = place.list(list).into_iter().filter(|node| node.object().is_some());
                ranges.map(move |node| Self::of(node, kind)).collect::<Vec<_>>()
            })
            .collect()
    }

    fn of(node: Node<'a>, kind: Kind) -> Self {
        let end = |name: &str| real_of(node.text(name)?);
        let values = node.list("Values");
        Self {
            kind,
            name: node.text("Name").unwrap_or_default(),
            min: end("MinValue"),
            max: end("MaxValue"),
            values: values.iter().filter_map(|value| value.value.as_str()).collect(),
            node,
        }
    }

    pub(super) fn integer_ends(&self) -> Option<(i64, i64)> {
        let end = |name: &str| integer_of(self.node.text(name)?);
        Some((end("MinValue")?, end("MaxValue")?))
    }

    /// How the ends compare, if both can be read.
    pub(super) fn order(&self) -> Option<Ordering> {
        match self.kind {
            Kind::Integer => self.integer_ends().map(|(min, max)| min.cmp(&max)),
            Kind::Continuous => self.min?.partial_cmp(&self.max?),
            Kind::Categorical => None,
        }
    }

    /// Number of its values, if it is finite and known.
    pub(super) fn cardinality(&self) -> Option<u128> {
        match self.kind {
            Kind::Categorical => {
                let given = self.node.list("Values").len();
                let is_known = given > 0 && given == self.values.len();
                is_known.then_some(given as u128)
            }
            Kind::Continuous => None,
            Kind::Integer => {
                let (min, max) = self.integer_ends()?;
                (min <= max).then(|| u128::from(max.abs_diff(min)) + 1)
            }
        }
    }
}
