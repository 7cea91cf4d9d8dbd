use super::*;
use crate::error::Error;
use crate::unit_cube::Axis;

fn mixed() -> SearchSpace {
    SearchSpace::new([
        ParameterRange::continuous("rate", 1e-6..=1.0, ScalingType::Logarithmic),
        ParameterRange::continuous("momentum", 0.0..=0.999, ScalingType::ReverseLogarithmic),
        ParameterRange::continuous("shift", -5.0..=10.0, ScalingType::Linear),
        ParameterRange::integer("depth", 0..=10, ScalingType::Auto),
        ParameterRange::integer("units", 1..=1024, ScalingType::Auto),
        ParameterRange::categorical("optimizer", ["adam", "sgd", "lion"]),
        ParameterRange::continuous("fixed", 3.5..=3.5, ScalingType::Auto),
    ])
    .unwrap()
}

#[test]
fn encode_inverts_decode() {
    let space = mixed();
    for part in 0..50 {
        let u = f64::from(part) / 49.0;
        let point = space.snap(&vec![u, 1.0 - u, u * u, u, u, u, u].into());
        let configuration = space.decode(&point);
        let back = space.encode(&configuration).unwrap();
        assert!(point.iter().zip(back.iter()).all(|(a, b)| (a - b).abs() < 1e-12));
        assert_eq!(space.normalize(&configuration).unwrap(), configuration);
    }
}

#[test]
fn bounds_are_included() {
    let space = mixed();
    let low = space.decode(&vec![0.0; 7].into());
    let high = space.decode(&vec![1.0; 7].into());
    assert_eq!(
        low.to_string(),
        "rate = 1e-6, momentum = 0.0, shift = -5.0, depth = 0, units = 1, optimizer = adam, \
         fixed = 3.5"
    );
    assert_eq!((high.float("rate"), high.float("momentum")), (1.0, 0.999));
    assert_eq!((high.integer("units"), high.category("optimizer")), (1024, "lion"));
}

#[test]
fn one_error_lists_all_violations_with_name_value_rule_and_remedy() {
    let error = SearchSpace::new([
        ParameterRange::continuous("a", 0.0..=1.0, ScalingType::Logarithmic),
        ParameterRange::continuous("b", -0.1..=1.0, ScalingType::ReverseLogarithmic),
        ParameterRange::integer("c", 0..=1, ScalingType::ReverseLogarithmic),
        ParameterRange::integer("d", 0..=5, ScalingType::Logarithmic),
        ParameterRange::continuous("e", 2.0..=1.0, ScalingType::Linear),
        ParameterRange::continuous("f", f64::NAN..=f64::INFINITY, ScalingType::Linear),
        ParameterRange::categorical("g", ["x", "y", "x"]),
        ParameterRange::categorical("h", Vec::<String>::new()),
        ParameterRange::integer("", 0..=1, ScalingType::Linear),
        ParameterRange::integer("twin", 0..=1, ScalingType::Linear),
        ParameterRange::integer("twin", 0..=1, ScalingType::Linear),
        ParameterRange::continuous("i", -1.7e308..=1.7e308, ScalingType::Linear),
        ParameterRange::continuous("j", 1e9..=1e9 + 1e-6, ScalingType::Linear),
        ParameterRange::integer("k", 0..=1 << 60, ScalingType::Linear),
        ParameterRange::integer("l", 0..=1 << 41, ScalingType::Linear),
        ParameterRange::integer("m", (1 << 53) - 50..=1 << 53, ScalingType::Logarithmic),
        ParameterRange::integer("a", 1..=2, ScalingType::ReverseLogarithmic),
    ])
    .unwrap_err();
    let subjects: Vec<&str> = error.violations().iter().map(|v| v.subject.as_str()).collect();
    assert_eq!(
        subjects,
        [
            "a", "b", "c", "d", "e", "f", "f", "g", "h", "", "twin", "i", "j", "k", "l", "m", "a",
            "a"
        ]
    );
    let text = error.to_string();
    for line in [
        "`a` is min 0.0: logarithmic scaling requires min > 0; \
         raise min above 0, or use Linear scaling",
        "`b` is -0.1 to 1.0: reverse logarithmic scaling requires 0 <= min and max < 1; \
         move the bounds into [0, 1), or use Linear scaling",
        "`g` is \"x\", twice: the values of a categorical range must be distinct; \
         list each value once",
        "`twin` is used twice: the names in a search space must be distinct; rename one of them",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}\nnot in\n{text}");
    }
}

mod laws {
    use proptest::prelude::*;
    use proptest::strategy::ValueTree;

    use super::*;
    use crate::unit_cube;

    /// Finite numbers of any size and sign.
    fn number() -> impl Strategy<Value = f64> {
        (-1.0..1.0_f64, -320.0..308.0_f64).prop_map(|(m, e)| m * 10.0_f64.powf(e))
    }

    fn scaling() -> impl Strategy<Value = ScalingType> {
        prop_oneof![
            Just(ScalingType::Auto),
            Just(ScalingType::Linear),
            Just(ScalingType::Logarithmic),
            Just(ScalingType::ReverseLogarithmic),
        ]
    }

    /// Numbers in [0, 1), some of them close to 0 or 1.
    fn share() -> impl Strategy<Value = f64> {
        prop_oneof![
            0.0..1.0_f64,
            (-14.0..0.0_f64).prop_map(|e| 1.0 - 10.0_f64.powf(e)),
            (-300.0..0.0_f64).prop_map(|e| 10.0_f64.powf(e)),
            Just(0.0),
        ]
    }

    /// Bounds of a range of several kinds.
    ///
    /// They are of any size, close to each other, of a positive ratio, inside [0, 1), or of a
    /// common size.
    fn bounds() -> impl Strategy<Value = (f64, f64)> {
        let near =
            (number(), -17.0..0.0_f64).prop_map(|(a, e)| (a, a + a.abs() * 10.0_f64.powf(e)));
        let ratio = (-300.0..300.0_f64, -2.0..2.5_f64)
            .prop_map(|(a, e)| (10.0_f64.powf(a), 10.0_f64.powf(a + 10.0_f64.powf(e))));
        prop_oneof![
            1 => (number(), number()),
            1 => near,
            2 => ratio,
            3 => (share(), share()),
            2 => (-100.0..100.0_f64, -100.0..100.0_f64),
        ]
    }

    fn range() -> impl Strategy<Value = Result<ParameterRange, Error>> {
        let continuous = (bounds(), scaling())
            .prop_map(|((a, b), s)| ParameterRange::continuous("x", a.min(b)..=a.max(b), s));
        let integer = (0..63_u32, any::<i64>(), 0..45_u32, any::<u64>(), scaling()).prop_map(
            |(shift, a, width, b, s)| {
                let (min, width) = (a >> shift, (b % (1 << width)).cast_signed());
                ParameterRange::integer("x", min..=min.saturating_add(width), s)
            },
        );
        prop_oneof![2 => continuous, 1 => integer]
    }

    /// Otherwise the properties below would be checked for too few kinds of ranges.
    #[test]
    fn generated_ranges_have_all_scales_and_widths() {
        let mut runner = proptest::test_runner::TestRunner::deterministic();
        let (mut log, mut reverse, mut linear, mut integers) = ([0; 2], [0; 2], 0, [0; 2]);
        for _ in 0..3000 {
            match range().new_tree(&mut runner).unwrap().current() {
                Ok(ParameterRange::Continuous(range)) => match range.resolved_scaling().scaling {
                    ScalingType::Logarithmic => {
                        log[usize::from(range.max() / range.min() > 10.0)] += 1;
                    }
                    ScalingType::ReverseLogarithmic => {
                        let ratio = (1.0 - range.min()) / (1.0 - range.max());
                        reverse[usize::from(ratio > 10.0)] += 1;
                    }
                    _ => linear += 1,
                },
                Ok(ParameterRange::Integer(range)) => {
                    let wide = range.max() - range.min() > 1000;
                    integers[usize::from(wide)] += 1;
                }
                _ => {}
            }
        }
        let drawn = [log[0], log[1], reverse[0], reverse[1], linear, integers[0], integers[1]];
        assert!(drawn.iter().all(|count| *count > 50), "{drawn:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        /// Two points of one configuration are equal for a strategy.
        ///
        /// Otherwise a strategy could propose a configuration twice.
        #[test]
        fn points_of_one_configuration_are_equal(
            range in range(),
            u in 0.0..1.0_f64,
            gap in -17.0..0.0_f64,
        ) {
            let Ok(space) = SearchSpace::new([range]) else { return Ok(()) };
            let coordinates = [u, (u + 10.0_f64.powf(gap)).min(1.0)];
            let points = coordinates.map(|u| space.snap(&vec![u].into()));
            let [a, b] = points.clone().map(|point| space.decode(&point));
            if a == b {
                let is_same = unit_cube::is_same_point(space.axes(), &points[0], &points[1]);
                prop_assert!(is_same, "{space:?} {points:?}");
            }
            let back = space.encode(&a).unwrap();
            let is_same = unit_cube::is_same_point(space.axes(), &points[0], &back);
            prop_assert!(is_same, "{space:?} {a} {back:?}");
            prop_assert_eq!(space.snap(&back), back);
        }

        #[test]
        fn values_survive_the_round_trip(range in range(), u in 0.0..=1.0_f64) {
            let Ok(space) = SearchSpace::new([range]) else { return Ok(()) };
            let configuration = space.decode(&vec![u].into());
            let back = space.decode(&space.encode(&configuration).unwrap());
            match &space.ranges()[0] {
                ParameterRange::Continuous(range) => {
                    let (value, again) = (configuration.float("x"), back.float("x"));
                    let coordinate = |c| space.encode(c).unwrap()[0];
                    let Axis::Continuous { resolution } = space.axes()[0] else {
                        prop_assert_eq!(value.to_bits(), again.to_bits());
                        return Ok(());
                    };
                    let difference = coordinate(&configuration) - coordinate(&back);
                    prop_assert!(difference.abs() <= resolution);
                    prop_assert!((range.min()..=range.max()).contains(&again));
                }
                _ => prop_assert_eq!(configuration, back),
            }
        }

        #[test]
        fn snapping_is_idempotent(range in range(), u in -0.5..1.5_f64) {
            let Ok(space) = SearchSpace::new([range]) else { return Ok(()) };
            let snapped = space.snap(&vec![u].into());
            prop_assert!((0.0..=1.0).contains(&snapped[0]));
            prop_assert_eq!(space.snap(&snapped)[0].to_bits(), snapped[0].to_bits());
        }

        /// The tolerances allow for rounding, which may swap adjacent floats.
        #[test]
        fn scales_are_monotone(range in range(), u in 0.0..=1.0_f64, v in 0.0..=1.0_f64) {
            let Ok(space) = SearchSpace::new([range]) else { return Ok(()) };
            let value = |u: f64| space.decode(&vec![u].into());
            let (low, high) = (value(u.min(v)), value(u.max(v)));
            let rounding = 2.0 * f64::EPSILON * high.float("x").abs();
            prop_assert!(low.float("x") <= high.float("x") + rounding);
            let coordinate = |c| space.encode(c).unwrap()[0];
            prop_assert!(coordinate(&low) <= coordinate(&high) + 2.0 * f64::EPSILON);
        }

        #[test]
        fn bounds_are_the_ends_of_the_axis(range in range()) {
            let Ok(space) = SearchSpace::new([range]) else { return Ok(()) };
            let ends = [0.0, 1.0].map(|u| space.decode(&vec![u].into()));
            let coordinates = [&ends[0], &ends[1]].map(|end| space.encode(end).unwrap()[0]);
            let axis = space.axes()[0];
            match &space.ranges()[0] {
                ParameterRange::Continuous(range) => {
                    let bounds = [range.min(), range.max()].map(f64::to_bits);
                    prop_assert_eq!([0, 1].map(|i| ends[i].float("x").to_bits()), bounds);
                    if !axis.is_constant() {
                        let expected = [0.0, 1.0].map(f64::to_bits);
                        prop_assert_eq!(coordinates.map(f64::to_bits), expected);
                    }
                }
                ParameterRange::Integer(range) => {
                    let bounds = [range.min(), range.max()];
                    prop_assert_eq!([0, 1].map(|i| ends[i].integer("x")), bounds);
                    let cells = coordinates.map(|u| axis.cell(u));
                    prop_assert_eq!(cells, [0, axis.cell_count().unwrap() - 1]);
                }
                ParameterRange::Categorical(_) => unreachable!("numbers only"),
            }
        }

        /// On a linear axis, integer k covers [k − min, k − min + 1) ⁄ count.
        ///
        /// On a logarithmic axis, it covers the numbers from k − ½ to k + ½.
        #[test]
        fn integers_cover_equal_parts_of_their_scale(
            min in -50_i64..50,
            width in 0_i64..200,
            k in 0_i64..200,
        ) {
            let (max, k) = (min + width, min + k % (width + 1));
            let decode = |space: &SearchSpace, u: f64| space.decode(&vec![u].into()).integer("n");
            let space = |min, max, scaling| {
                SearchSpace::new([ParameterRange::integer("n", min..=max, scaling)]).unwrap()
            };
            let linear = space(min, max, ScalingType::Linear);
            let edge = |k: i64| f64::from(i32::try_from(k - min).unwrap()) / (width + 1) as f64;
            for u in [edge(k) + 1e-9, edge(k + 1) - 1e-9, 0.5 * (edge(k) + edge(k + 1))] {
                prop_assert_eq!(decode(&linear, u), k);
            }
            let shift = 1 - min;
            let logarithmic = space(1, max + shift, ScalingType::Logarithmic);
            let half = |k: i64| (k + shift) as f64 - 0.5;
            let edge = |k: i64| (half(k) / 0.5).ln() / (half(max + 1) / 0.5).ln();
            for u in [edge(k) + 1e-9, edge(k + 1) - 1e-9, 0.5 * (edge(k) + edge(k + 1))] {
                prop_assert_eq!(decode(&logarithmic, u), k + shift);
            }
        }
    }
}

#[test]
fn a_space_without_parameters_is_an_error() {
    let error = SearchSpace::new([]).unwrap_err();
    assert!(error.to_string().contains("at least one parameter"));
}

#[test]
fn ranges_with_one_value_are_constant() {
    let space = SearchSpace::new([
        ParameterRange::continuous("x", 2.0..=2.0, ScalingType::Auto),
        ParameterRange::integer("n", -3..=-3, ScalingType::Auto),
        ParameterRange::categorical("c", ["only"]),
    ])
    .unwrap();
    assert_eq!(space.cardinality(), Some(1));
    assert!(space.axes().iter().all(|axis| axis.is_constant()));
    let configuration = space.decode(&vec![0.9, 0.1, 0.0].into());
    assert_eq!(configuration.to_string(), "x = 2.0, n = -3, c = only");
}

#[test]
fn errors_of_a_configuration_name_each_invalid_value() {
    let space = mixed();
    let configuration: Configuration = serde_json::from_str(
        r#"{"rate": 2, "momentum": "high", "depth": 1.5, "units": 4.0, "optimizer": "adm",
            "fixed": 3.5, "extra": 1, "units": 5}"#,
    )
    .unwrap();
    let error = space.encode(&configuration).unwrap_err();
    let subjects: Vec<&str> = error.violations().iter().map(|v| v.subject.as_str()).collect();
    assert_eq!(
        subjects,
        ["rate", "momentum", "shift", "depth", "optimizer", "extra", "units"],
        "{error}"
    );
}

#[test]
fn integers_and_floats_in_json_are_converted() {
    let space = SearchSpace::new([
        ParameterRange::continuous("x", 0.0..=10.0, ScalingType::Auto),
        ParameterRange::integer("n", 0..=10, ScalingType::Auto),
    ])
    .unwrap();
    let loose: Configuration = serde_json::from_str(r#"{"n": 7.0, "x": 3}"#).unwrap();
    let strict = space.normalize(&loose).unwrap();
    assert_eq!(serde_json::to_string(&strict).unwrap(), r#"{"x":3.0,"n":7}"#);
}

#[test]
fn a_space_survives_json_and_is_validated_again() {
    let space = mixed();
    let text = serde_json::to_string(&space).unwrap();
    assert_eq!(serde_json::from_str::<SearchSpace>(&text).unwrap(), space);
    let broken = r#"[
        {"type": "continuous", "name": "a", "min": 0, "max": 1, "scaling": "Logarithmic"},
        {"type": "integer", "name": "b", "min": 2, "max": 1}
    ]"#;
    let error = serde_json::from_str::<SearchSpace>(broken).unwrap_err().to_string();
    assert!(error.contains("`a`") && error.contains("`b`"), "{error}");
}

#[test]
fn floats_survive_json_to_the_last_digit() {
    for value in [0.1 + 0.2, 1e-300, 5e-324, 1.797_693_134_862_315_7e308, 123_456_789.123_456_79] {
        let configuration: Configuration =
            [("x", ParameterValue::Float(value))].into_iter().collect();
        let text = serde_json::to_string(&configuration).unwrap();
        let back: Configuration = serde_json::from_str(&text).unwrap();
        assert_eq!(back.float("x").to_bits(), value.to_bits(), "{text}");
    }
}
