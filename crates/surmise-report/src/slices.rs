//! The metric along each parameter, the others being those of the best configuration.

use surmise::ParameterValue;
use surmise::cube::{Axis, UnitPoint};

use crate::surrogate::{Predicted, Surrogate};

/// Places along a parameter of more values than that.
const PLACES: u64 = 49;

/// The metric along one parameter.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Slice {
    /// The parameter's name.
    pub name: String,
    /// Whether its values are choices, which have no order.
    pub is_categorical: bool,
    /// Where the best configuration lies, as its coordinate.
    pub best: f64,
    /// All values of few, or 49 of them that are evenly spread in the scale of the range.
    pub places: Vec<SlicePlace>,
}

/// A value of a parameter, and what is expected there.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SlicePlace {
    /// The coordinate, from 0 at one end of the range to 1 at the other, in the scale of the range.
    pub coordinate: f64,
    /// The value.
    pub value: ParameterValue,
    /// What is expected of the metric.
    pub predicted: Predicted,
}

impl Surrogate {
    /// A slice along each parameter that can vary, in the order of the search space.
    pub fn slices(&self) -> Vec<Slice> {
        self.searched().into_iter().map(|parameter| self.slice(parameter)).collect()
    }

    fn slice(&self, parameter: usize) -> Slice {
        let axis = self.space.axes()[parameter];
        let best = &self.best().point;
        let coordinates = coordinates(axis);
        let points: Vec<UnitPoint> = coordinates
            .iter()
            .map(|coordinate| {
                let mut point = best.to_vec();
                point[parameter] = *coordinate;
                point.into()
            })
            .collect();
        let name = self.name(parameter);
        let place = |((coordinate, point), predicted): ((&f64, &UnitPoint), Predicted)| {
            let configuration = self.space.decode(point);
            let value = configuration.value(name).expect("it is in the search space").clone();
            SlicePlace { coordinate: *coordinate, value, predicted }
        };
        let places = coordinates.iter().zip(&points).zip(self.predict(&points));
        Slice {
            name: name.to_owned(),
            is_categorical: matches!(axis, Axis::Categories(_)),
            best: best[parameter],
            places: places.map(place).collect(),
        }
    }
}

/// All places of an axis that has few, or an even choice of them with both ends.
pub(crate) fn coordinates(axis: Axis) -> Vec<f64> {
    match (axis, axis.cells()) {
        (Axis::Categories(count), _) => {
            (0..count as u64).map(|cell| axis.coordinate(cell)).collect()
        }
        (_, Some(cells)) if cells <= PLACES => {
            (0..cells).map(|cell| axis.coordinate(cell)).collect()
        }
        _ => {
            #[allow(clippy::cast_precision_loss, reason = "few places")]
            let coordinate = |place: u64| axis.snap(place as f64 / (PLACES - 1) as f64);
            let mut coordinates: Vec<f64> = (0..PLACES).map(coordinate).collect();
            coordinates.dedup_by(|a, b| axis.same(*a, *b));
            coordinates
        }
    }
}
