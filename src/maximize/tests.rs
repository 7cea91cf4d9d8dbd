use super::problem::best_first;
use super::problem::score;
use super::*;
use crate::rng::Rng;
use crate::unit_cube::Levels;
use crate::unit_cube::{self, Axis, UnitPoint};

/// A concave quadratic function with its maximum, 0, at `maximum`.
struct Quadratic {
    maximum: Vec<f64>,
}

impl BatchFunction for Quadratic {
    fn values(&self, points: &[UnitPoint]) -> Vec<f64> {
        self.values_and_gradients(points).0
    }

    fn values_and_gradients(&self, points: &[UnitPoint]) -> (Vec<f64>, Vec<Vec<f64>>) {
        let difference =
            |p: &UnitPoint| p.iter().zip(&self.maximum).map(|(x, m)| x - m).collect::<Vec<_>>();
        let gradients: Vec<Vec<f64>> =
            points.iter().map(|p| difference(p).iter().map(|g| -2.0 * g).collect()).collect();
        let values = points.iter().map(|p| -difference(p).iter().map(|g| g * g).sum::<f64>());
        (values.collect(), gradients)
    }
}

fn run(
    axes: &[Axis],
    maximum: &[f64],
    forbidden: &(dyn Fn(&[f64]) -> bool + Sync),
) -> Option<ScoredPoint> {
    let domain = SearchDomain {
        axes,
        scales: &vec![0.5; axes.len()],
        anchors: &[],
        forbidden,
        moves: Moves::default(),
    };
    maximize(&Quadratic { maximum: maximum.to_vec() }, &domain, &mut Rng::stream(1, 1))
}

const CONTINUOUS: Axis = Axis::Continuous { resolution: 1e-7 };

#[test]
fn finds_the_maximum_inside_and_at_corners() {
    let maximum = [0.123, 0.456, 0.789];
    let found = run(&[CONTINUOUS; 3], &maximum, &|_| false).unwrap();
    assert!(found.value > -1e-6, "{found:?}");
    let corner = run(&[CONTINUOUS; 3], &[-1.0, 2.0, 0.5], &|_| false).unwrap();
    assert_eq!(corner.point[..2], [0.0, 1.0]);
}

#[test]
fn discrete_and_continuous_axes_are_searched_together() {
    let axes = [
        CONTINUOUS,
        Axis::Levels(Levels::evenly_spaced(7)),
        Axis::Levels(Levels::evenly_spaced(1000)),
        Axis::Categories(5),
    ];
    let found = run(&axes, &[0.3, 0.5, 0.7777, 0.9], &|_| false).unwrap();
    assert!((found.point[0] - 0.3).abs() < 1e-3);
    assert_eq!(axes[1].cell(found.point[1]), 3);
    assert_eq!(axes[2].cell(found.point[2]), 777);
    assert_eq!(axes[3].cell(found.point[3]), 4);
    assert_eq!(unit_cube::snap(&axes, &found.point), found.point);
}

#[test]
fn many_discrete_axes_are_searched_exactly() {
    // 5^12 cells: no candidate is near the maximum on all axes.
    let axes = [[Axis::Categories(5); 6], [Axis::Levels(Levels::evenly_spaced(5)); 6]].concat();
    let maximum: Vec<f64> = (0..12).map(|i| [0.1, 0.9, 0.3, 0.7][i % 4]).collect();
    let found = run(&axes, &maximum, &|_| false).unwrap();
    assert!(found.value > -1e-12, "{found:?}");
}

#[test]
fn small_cubes_are_enumerated() {
    let axes = [Axis::Levels(Levels::evenly_spaced(50)), Axis::Categories(9)];
    let best = run(&axes, &[0.331, 0.5], &|_| false).unwrap();
    assert_eq!((axes[0].cell(best.point[0]), axes[1].cell(best.point[1])), (16, 4));
    let second = run(&axes, &[0.331, 0.5], &|p| p == &best.point[..]).unwrap();
    assert_eq!((axes[0].cell(second.point[0]), axes[1].cell(second.point[1])), (17, 4));
    assert_eq!(run(&axes, &[0.5, 0.5], &|_| true), None);
}

#[test]
fn forbidden_points_are_never_returned() {
    let axes = [CONTINUOUS, Axis::Categories(2)];
    let found = run(&axes, &[0.5, 0.25], &|p| (p[0] - 0.5).abs() < 0.2).unwrap();
    assert!((found.point[0] - 0.5).abs() >= 0.2);
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let axes = [CONTINUOUS, CONTINUOUS, Axis::Levels(Levels::evenly_spaced(400))];
    let run_on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| run(&axes, &[0.4, 0.9, 0.1], &|_| false).unwrap())
    };
    assert_eq!(run_on(1), run_on(4));
}

/// A concave quadratic function with a different curvature along each axis.
struct Ridge {
    maximum: Vec<f64>,
    curvatures: Vec<f64>,
}

impl BatchFunction for Ridge {
    fn values(&self, points: &[UnitPoint]) -> Vec<f64> {
        self.values_and_gradients(points).0
    }

    fn values_and_gradients(&self, points: &[UnitPoint]) -> (Vec<f64>, Vec<Vec<f64>>) {
        let terms = |p: &UnitPoint| -> Vec<(f64, f64)> {
            let gaps = p.iter().zip(&self.maximum).zip(&self.curvatures);
            gaps.map(|((x, m), c)| (c * (x - m).powi(2), -2.0 * c * (x - m))).collect()
        };
        points
            .iter()
            .map(|p| terms(p).into_iter().unzip::<f64, f64, Vec<_>, Vec<_>>())
            .map(|(squares, gradient)| (-squares.iter().sum::<f64>(), gradient))
            .unzip()
    }
}

#[test]
fn fault_a9_the_best_allowed_cell_near_forbidden_cells_is_found() {
    for (dimension, levels) in [(20, 2), (8, 5), (6, 100)] {
        let axis = Axis::Levels(Levels::evenly_spaced(levels));
        let axes = vec![axis; dimension];
        for (case, forbidden_count) in (0..20).flat_map(|case| [(case, 1), (case, 12)]) {
            let mut rng = Rng::stream(case, dimension as u64);
            let maximum: Vec<f64> = axes.iter().map(|axis| axis.snap(rng.uniform())).collect();
            let curvatures: Vec<f64> = axes.iter().map(|_| 1.0 + 9.0 * rng.uniform()).collect();
            let ridge = Ridge { maximum: maximum.clone(), curvatures };
            // All cells that are at most two steps along the axes from the maximum.
            let mut nearby = vec![UnitPoint::from(maximum.clone())];
            let step = |point: &[f64], index: usize, up: bool| -> Option<Vec<f64>> {
                let cell = axis.cell(point[index]);
                let next = if up { cell + 1 } else { cell.checked_sub(1)? };
                (next < levels).then(|| {
                    let mut moved = point.to_vec();
                    moved[index] = axis.coordinate(next);
                    moved
                })
            };
            for i in 0..dimension {
                for up in [false, true] {
                    let Some(one) = step(&maximum, i, up) else { continue };
                    nearby.push(one.clone().into());
                    for j in i..dimension {
                        let two = [false, true].map(|up| step(&one, j, up));
                        nearby.extend(two.into_iter().flatten().map(UnitPoint::from));
                    }
                }
            }
            let nearby = best_first(score(&ridge, nearby));
            let forbidden: Vec<UnitPoint> =
                nearby.iter().take(forbidden_count).map(|scored| scored.point.clone()).collect();
            let best_allowed =
                nearby.iter().find(|scored| !forbidden.contains(&scored.point)).unwrap();
            let is_forbidden =
                |p: &[f64]| forbidden.iter().any(|f| unit_cube::is_same_point(&axes, f, p));
            let domain = SearchDomain {
                axes: &axes,
                scales: &vec![0.5; dimension],
                anchors: &[],
                forbidden: &is_forbidden,
                moves: Moves::default(),
            };
            let found = maximize(&ridge, &domain, &mut rng).unwrap();
            assert!(
                found.value >= best_allowed.value - 1e-12,
                "{dimension} axes of {levels}, {forbidden_count} forbidden, case {case}: {}, {}",
                found.value,
                best_allowed.value
            );
        }
    }
}
