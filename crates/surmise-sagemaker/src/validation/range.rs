//! One range of a request, with those of its members that can be read.

use std::cmp::Ordering;

use crate::node::Node;
use crate::request::{parse_float, parse_integer};

/// The members of `ParameterRanges` that are lists of ranges.
pub(super) const RANGE_LISTS: [&str; 3] =
    ["IntegerParameterRanges", "ContinuousParameterRanges", "CategoricalParameterRanges"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RangeKind {
    Integer,
    Continuous,
    Categorical,
}

/// One range, with those of its members that can be read.
pub(super) struct Range<'a> {
    pub(super) kind: RangeKind,
    pub(super) node: Node<'a>,
    pub(super) name: &'a str,
    pub(super) min: Option<f64>,
    pub(super) max: Option<f64>,
    pub(super) values: Vec<&'a str>,
}

impl<'a> Range<'a> {
    /// Returns all ranges of a `ParameterRanges` member.
    pub(super) fn all(ranges: &Node<'a>) -> Vec<Self> {
        let kinds = [RangeKind::Integer, RangeKind::Continuous, RangeKind::Categorical];
        let lists = RANGE_LISTS.iter().zip(kinds);
        lists
            .flat_map(|(list, kind)| {
                let ranges = ranges.list(list).into_iter().filter(|node| node.object().is_some());
                ranges.map(move |node| Self::new(node, kind)).collect::<Vec<_>>()
            })
            .collect()
    }

    fn new(node: Node<'a>, kind: RangeKind) -> Self {
        let bound = |name: &str| parse_float(node.text(name)?);
        let values = node.list("Values");
        Self {
            kind,
            name: node.text("Name").unwrap_or_default(),
            min: bound("MinValue"),
            max: bound("MaxValue"),
            values: values.iter().filter_map(|value| value.value.as_str()).collect(),
            node,
        }
    }

    fn integer_bounds(&self) -> Option<(i64, i64)> {
        let bound = |name: &str| parse_integer(self.node.text(name)?);
        Some((bound("MinValue")?, bound("MaxValue")?))
    }

    /// Compares `MinValue` with `MaxValue`, if both can be read.
    pub(super) fn compare_bounds(&self) -> Option<Ordering> {
        match self.kind {
            RangeKind::Integer => self.integer_bounds().map(|(min, max)| min.cmp(&max)),
            RangeKind::Continuous => self.min?.partial_cmp(&self.max?),
            RangeKind::Categorical => None,
        }
    }

    /// Returns the number of values, if it is finite and known.
    pub(super) fn cardinality(&self) -> Option<u128> {
        match self.kind {
            RangeKind::Categorical => {
                let count = self.node.list("Values").len();
                let are_readable = count > 0 && count == self.values.len();
                are_readable.then_some(count as u128)
            }
            RangeKind::Continuous => None,
            RangeKind::Integer => {
                let (min, max) = self.integer_bounds()?;
                (min <= max).then(|| u128::from(max.abs_diff(min)) + 1)
            }
        }
    }
}
