//! Slices through the best configuration.

use crate::example::{float, numbers, told};
use surmise::{Objective, ParameterRange, ParameterValue, ScalingType, SearchSpace};
use surmise_report::{Slice, Surrogate};

fn slices(objective: Objective, sign: f64) -> Vec<Slice> {
    let study = told(numbers(&["x", "y"], 0.0, 1.0), objective, 40, 1, |configuration| {
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
        assert_eq!((x.name.as_str(), x.places.len(), x.is_categorical), ("x", 49, false));
        for place in &x.places {
            let exact = sign * ((place.coordinate - 0.25).powi(2) + 0.1 * y.best);
            let predicted = place.predicted;
            assert!((predicted.median - exact).abs() < 0.01, "{place:?} for {exact}");
            assert!(predicted.low <= predicted.median && predicted.median <= predicted.high);
        }
        assert_eq!(x.places[48].value, ParameterValue::Float(1.0));
    }
}

#[test]
fn few_values_are_all_there_and_constants_are_not() {
    let space = SearchSpace::new([
        ParameterRange::integer("layers", 1..=4, ScalingType::Linear),
        ParameterRange::categorical("fixed", ["only"]),
        ParameterRange::categorical("optimizer", ["adam", "sgd"]),
        ParameterRange::integer("width", 16..=4096, ScalingType::Logarithmic),
    ])
    .unwrap();
    let study = told(space, Objective::minimize("loss"), 30, 1, |configuration| {
        configuration.integer("layers") as f64
    });
    let slices = Surrogate::fit(&study).unwrap().slices();
    let places: Vec<(&str, usize)> =
        slices.iter().map(|slice| (slice.name.as_str(), slice.places.len())).collect();
    assert_eq!(places, [("layers", 4), ("optimizer", 2), ("width", 49)]);
    assert!(slices[1].is_categorical);
    assert_eq!(slices[1].places[1].value, "sgd".into());
    let ends = [0, 48].map(|place| slices[2].places[place].value.clone());
    assert_eq!(ends, [ParameterValue::Integer(16), ParameterValue::Integer(4096)]);
}
