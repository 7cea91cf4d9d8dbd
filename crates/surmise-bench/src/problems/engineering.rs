//! Engineering designs: the cost of a design, plus a penalty for violated constraints.
//!
//! Definitions: Coello Coello & Mezura Montes (2002) for pressure vessel and welded beam, Lemonge
//! et al. (2010) for the speed reducer, as in BoTorch 0.18. The penalties are so steep that the
//! smallest penalized value is the smallest feasible one.

use std::f64::consts::PI;

use super::test_function::TestFunction;
use surmise::error::Error;
use surmise::space::{Configuration, ParameterRange, ScalingType};

fn continuous(name: &str, low: f64, high: f64) -> Result<ParameterRange, Error> {
    ParameterRange::continuous(name, low..=high, ScalingType::Linear)
}

/// Returns the sum of the violations of constraints g(x) ≤ 0.
fn total_violation<const COUNT: usize>(constraints: [f64; COUNT]) -> f64 {
    constraints.into_iter().map(|g| g.max(0.0)).sum()
}

/// The cost of a pressure vessel, as a function of thicknesses, radius and length.
///
/// The thicknesses of shell and heads, n1 and n2, are in units of 0.0625 inches. The penalty is 10⁵
/// times the sum of violations, where the violation of the volume is divided by 1,296,000.
pub fn pressure_vessel() -> TestFunction {
    let value = |c: &Configuration| {
        let (shell, heads) = (0.0625 * c.float("n1"), 0.0625 * c.float("n2"));
        let (r, l) = (c.float("r"), c.float("l"));
        let cost = 0.6224 * shell * r * l
            + 1.7781 * heads * r * r
            + 3.1661 * shell * shell * l
            + 19.84 * shell * shell * r;
        let volume = PI * r * r * l + 4.0 / 3.0 * PI * r * r * r;
        let constraints = [
            0.0193 * r - shell,
            0.00954 * r - heads,
            (1_296_000.0 - volume) / 1_296_000.0,
            l - 240.0,
        ];
        cost + 1e5 * total_violation(constraints)
    };
    let minimizer = Configuration::from([
        ("n1", 13.into()),
        ("n2", 7.into()),
        ("r", 42.098_445_595_854_92.into()),
        ("l", 176.636_595_842_439_16.into()),
    ]);
    let ranges = [
        ParameterRange::integer("n1", 1..=99, ScalingType::Linear),
        ParameterRange::integer("n2", 1..=99, ScalingType::Linear),
        continuous("r", 10.0, 200.0),
        continuous("l", 10.0, 200.0),
    ];
    TestFunction::new("pressure-vessel", ranges, value, (6_059.714_335_048_436, minimizer))
}

/// The cost of a welded beam, as a function of the sizes of the weld (h, l) and the beam (t, b).
///
/// The penalty is 100 times the sum of violations, each in units of its bound; that of h ≤ b is not
/// scaled.
pub fn welded_beam() -> TestFunction {
    let minimizer = Configuration::from([
        ("h", 0.205_729_639_786_079_5.into()),
        ("l", 3.470_488_665_627_767.into()),
        ("t", 9.036_623_910_357_633.into()),
        ("b", 0.205_729_639_786_079_5.into()),
    ]);
    let ranges = [
        continuous("h", 0.125, 10.0),
        continuous("l", 0.1, 10.0),
        continuous("t", 0.1, 10.0),
        continuous("b", 0.1, 10.0),
    ];
    TestFunction::new("welded-beam", ranges, welded_beam_value, (1.724_852_308_597_364, minimizer))
}

fn welded_beam_value(c: &Configuration) -> f64 {
    const LOAD: f64 = 6000.0;
    const BEAM_LENGTH: f64 = 14.0;
    const YOUNGS_MODULUS: f64 = 30e6;
    const SHEAR_MODULUS: f64 = 12e6;
    let (h, l, t, b) = (c.float("h"), c.float("l"), c.float("t"), c.float("b"));
    let cost = 1.104_71 * h * h * l + 0.048_11 * t * b * (BEAM_LENGTH + l);
    let moment = LOAD * (BEAM_LENGTH + l / 2.0);
    let squared_radius = l * l / 4.0 + ((h + t) / 2.0).powi(2);
    let polar_moment = 2.0 * (2.0_f64.sqrt() * h * l * (l * l / 12.0 + ((h + t) / 2.0).powi(2)));
    let direct_stress = LOAD / (2.0_f64.sqrt() * h * l);
    let torsional_stress = moment * squared_radius.sqrt() / polar_moment;
    let stress = (direct_stress * direct_stress
        + direct_stress * torsional_stress * l / squared_radius.sqrt()
        + torsional_stress * torsional_stress)
        .sqrt();
    let bending_stress = 6.0 * LOAD * BEAM_LENGTH / (b * t * t);
    let deflection = 4.0 * LOAD * BEAM_LENGTH.powi(3) / (YOUNGS_MODULUS * t * t * t * b);
    let buckling = 4.013 * YOUNGS_MODULUS * t * b.powi(3) / 6.0 / (BEAM_LENGTH * BEAM_LENGTH)
        * (1.0 - t / (2.0 * BEAM_LENGTH) * (YOUNGS_MODULUS / (4.0 * SHEAR_MODULUS)).sqrt());
    let constraints = [
        stress / 13_600.0 - 1.0,
        bending_stress / 30_000.0 - 1.0,
        h - b,
        (0.104_71 * h * h + 0.048_11 * t * b * (BEAM_LENGTH + l)) / 5.0 - 1.0,
        deflection / 0.25 - 1.0,
        1.0 - buckling / LOAD,
    ];
    cost + 100.0 * total_violation(constraints)
}

/// The weight of a speed reducer, as a function of the sizes of gear and shafts.
///
/// The penalty is 10⁵ times the sum of violations, each in units of its bound.
pub fn speed_reducer() -> TestFunction {
    let minimizer = Configuration::from([
        ("width", 3.5.into()),
        ("module", 0.7.into()),
        ("teeth", 17.into()),
        ("length1", 7.3.into()),
        ("length2", 7.8.into()),
        ("diameter1", 3.350_214_666_096.into()),
        ("diameter2", 5.286_683_229_758.into()),
    ]);
    let ranges = [
        continuous("width", 2.6, 3.6),
        continuous("module", 0.7, 0.8),
        ParameterRange::integer("teeth", 17..=28, ScalingType::Linear),
        continuous("length1", 7.3, 8.3),
        continuous("length2", 7.8, 8.3),
        continuous("diameter1", 2.9, 3.9),
        continuous("diameter2", 5.0, 5.5),
    ];
    TestFunction::new(
        "speed-reducer",
        ranges,
        speed_reducer_value,
        (2_996.348_164_968_4, minimizer),
    )
}

#[allow(clippy::approx_constant, reason = "the published definition has the rounded constant")]
fn speed_reducer_value(c: &Configuration) -> f64 {
    let (width, module, teeth) = (c.float("width"), c.float("module"), c.float("teeth"));
    let (l1, l2) = (c.float("length1"), c.float("length2"));
    let (d1, d2) = (c.float("diameter1"), c.float("diameter2"));
    let weight =
        0.7854 * width * module * module * (3.3333 * teeth * teeth + 14.9334 * teeth - 43.0934)
            - 1.508 * width * (d1 * d1 + d2 * d2)
            + 7.4777 * (d1.powi(3) + d2.powi(3))
            + 0.7854 * (l1 * d1 * d1 + l2 * d2 * d2);
    let stress =
        |length: f64, offset: f64| ((745.0 * length / (module * teeth)).powi(2) + offset).sqrt();
    let constraints = [
        27.0 / (width * module * module * teeth) - 1.0,
        397.5 / (width * module * module * teeth * teeth) - 1.0,
        1.93 * l1.powi(3) / (module * teeth * d1.powi(4)) - 1.0,
        1.93 * l2.powi(3) / (module * teeth * d2.powi(4)) - 1.0,
        stress(l1, 16.9e6) / (110.0 * d1.powi(3)) - 1.0,
        stress(l2, 157.5e6) / (85.0 * d2.powi(3)) - 1.0,
        module * teeth / 40.0 - 1.0,
        5.0 * module / width - 1.0,
        width / (12.0 * module) - 1.0,
        (1.5 * d1 + 1.9) / l1 - 1.0,
        (1.1 * d2 + 1.9) / l2 - 1.0,
    ];
    weight + 1e5 * total_violation(constraints)
}
