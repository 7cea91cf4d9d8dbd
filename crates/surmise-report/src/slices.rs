//! Slices: the predicted metric along each parameter, through the best configuration.

use surmise::ParameterValue;
use surmise::unit_cube::{Axis, UnitPoint};

use crate::surrogate::{PredictionInterval, Surrogate};

/// Maximum number of points along a parameter that is not categorical.
const MAX_POINTS: u64 = 49;

/// The predicted metric along one parameter.
///
/// All other parameters have the values of the best configuration.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Slice {
    /// The name of the parameter.
    pub name: String,
    /// True if the values of the parameter are categories, which have no order.
    pub is_categorical: bool,
    /// The coordinate of the best configuration, from 0 to 1.
    pub best_coordinate: f64,
    /// The points, in the order of their coordinates.
    ///
    /// They are all categories, or all values if there are at most 49. Otherwise they are at most
    /// 49 values, evenly spaced on the scale of the range.
    pub points: Vec<SlicePoint>,
}

/// A value of a parameter, with the predicted metric.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SlicePoint {
    /// The coordinate from 0 to 1, on the scale of the range.
    pub coordinate: f64,
    /// The value of the parameter.
    pub value: ParameterValue,
    /// The predicted metric, without noise.
    pub predicted: PredictionInterval,
}

impl Surrogate {
    /// Returns a slice along each parameter that can vary, in the order of the search space.
    pub fn slices(&self) -> Vec<Slice> {
        self.varying_parameters().into_iter().map(|parameter| self.slice(parameter)).collect()
    }

    fn slice(&self, parameter: usize) -> Slice {
        let axis = self.space.axes()[parameter];
        let best = &self.best().point;
        let coordinates = coordinates(axis);
        let unit_points: Vec<UnitPoint> = coordinates
            .iter()
            .map(|coordinate| {
                let mut point = best.to_vec();
                point[parameter] = *coordinate;
                point.into()
            })
            .collect();
        let name = self.name(parameter);
        let point = |((coordinate, point), predicted): ((&f64, &UnitPoint), PredictionInterval)| {
            let configuration = self.space.decode(point);
            let value = configuration.value(name).expect("a value for each range").clone();
            SlicePoint { coordinate: *coordinate, value, predicted }
        };
        let points = coordinates.iter().zip(&unit_points).zip(self.predict(&unit_points));
        Slice {
            name: name.to_owned(),
            is_categorical: matches!(axis, Axis::Categories(_)),
            best_coordinate: best[parameter],
            points: points.map(point).collect(),
        }
    }
}

/// Returns all coordinates of an axis with few values, or evenly spaced ones with both ends.
pub(crate) fn coordinates(axis: Axis) -> Vec<f64> {
    match (axis, axis.cell_count()) {
        (Axis::Categories(count), _) => {
            (0..count as u64).map(|cell| axis.coordinate(cell)).collect()
        }
        (_, Some(cells)) if cells <= MAX_POINTS => {
            (0..cells).map(|cell| axis.coordinate(cell)).collect()
        }
        _ => {
            #[allow(clippy::cast_precision_loss, reason = "few points")]
            let coordinate = |index: u64| axis.snap(index as f64 / (MAX_POINTS - 1) as f64);
            let mut coordinates: Vec<f64> = (0..MAX_POINTS).map(coordinate).collect();
            coordinates.dedup_by(|a, b| axis.is_same_coordinate(*a, *b));
            coordinates
        }
    }
}
