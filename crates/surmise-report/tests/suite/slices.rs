//! Slices through the best configuration.

use crate::studies::{continuous_space, float, sobol_study};
use surmise::{Objective, ParameterRange, ParameterValue, ScalingType, SearchSpace};
use surmise_report::{Slice, Surrogate};

fn slices(objective: Objective, sign: f64) -> Vec<Slice> {
    let study =
        sobol_study(continuous_space(&["x", "y"], 0.0, 1.0), objective, 40, 1, |configuration| {
            let (x, y) = (float(configuration, "x"), float(configuration, "y"));
            sign * ((x - 0.25).powi(2) + 0.1 * y)
        });
    Surrogate::fit(&study).unwrap().slices()
}

#[test]
fn a_slice_is_the_function_along_a_parameter() {
    for (objective, sign) in [(Objective::minimize("m"), 1.0), (Objective::maximize("m"), -1.0)] {
        let slices = slices(objective, sign);
        let (x, y) = (&slices[0], &slices[1]);
        assert_eq!((x.name.as_str(), x.points.len(), x.is_categorical), ("x", 49, false));
        for point in &x.points {
            let exact = sign * ((point.coordinate - 0.25).powi(2) + 0.1 * y.best_coordinate);
            let predicted = point.predicted;
            assert!((predicted.median - exact).abs() < 0.01, "{point:?} for {exact}");
            assert!(predicted.low <= predicted.median && predicted.median <= predicted.high);
        }
        assert_eq!(x.points[48].value, ParameterValue::Float(1.0));
    }
}

#[test]
fn slices_cover_few_values_completely_and_skip_constants() {
    let space = SearchSpace::new([
        ParameterRange::integer("layers", 1..=4, ScalingType::Linear),
        ParameterRange::categorical("fixed", ["only"]),
        ParameterRange::categorical("optimizer", ["adam", "sgd"]),
        ParameterRange::integer("width", 16..=4096, ScalingType::Logarithmic),
    ])
    .unwrap();
    let study = sobol_study(space, Objective::minimize("loss"), 30, 1, |configuration| {
        configuration.integer("layers") as f64
    });
    let slices = Surrogate::fit(&study).unwrap().slices();
    let counts: Vec<(&str, usize)> =
        slices.iter().map(|slice| (slice.name.as_str(), slice.points.len())).collect();
    assert_eq!(counts, [("layers", 4), ("optimizer", 2), ("width", 49)]);
    assert!(slices[1].is_categorical);
    assert_eq!(slices[1].points[1].value, "sgd".into());
    let ends = [0, 48].map(|index| slices[2].points[index].value.clone());
    assert_eq!(ends, [ParameterValue::Integer(16), ParameterValue::Integer(4096)]);
}
