use super::landscape::best_first;
use super::landscape::score;
use super::*;
use crate::cube::Levels;
use crate::cube::{self, Axis, UnitPoint};
use crate::rng::Rng;

/// A smooth hill with its top at `top`, of height 0.
struct Hill {
    top: Vec<f64>,
}

impl Landscape for Hill {
    fn values(&self, points: &[UnitPoint]) -> Vec<f64> {
        self.values_and_gradients(points).0
    }

    fn values_and_gradients(&self, points: &[UnitPoint]) -> (Vec<f64>, Vec<Vec<f64>>) {
        let gap = |p: &UnitPoint| p.iter().zip(&self.top).map(|(x, t)| x - t).collect::<Vec<_>>();
        let gradients: Vec<Vec<f64>> =
            points.iter().map(|p| gap(p).iter().map(|g| -2.0 * g).collect()).collect();
        (points.iter().map(|p| -gap(p).iter().map(|g| g * g).sum::<f64>()).collect(), gradients)
    }
}

fn run(axes: &[Axis], top: &[f64], forbidden: &(dyn Fn(&[f64]) -> bool + Sync)) -> Option<Scored> {
    let search = Search {
        axes,
        scales: &vec![0.5; axes.len()],
        anchors: &[],
        forbidden,
        moves: Moves::default(),
    };
    maximize(&Hill { top: top.to_vec() }, &search, &mut Rng::stream(1, 1))
}

const CONTINUOUS: Axis = Axis::Continuous { resolution: 1e-7 };

#[test]
fn climbs_to_the_top() {
    let top = [0.123, 0.456, 0.789];
    let found = run(&[CONTINUOUS; 3], &top, &|_| false).unwrap();
    assert!(found.value > -1e-6, "{found:?}");
    let corner = run(&[CONTINUOUS; 3], &[-1.0, 2.0, 0.5], &|_| false).unwrap();
    assert_eq!(corner.point[..2], [0.0, 1.0]);
}

#[test]
fn discrete_axes_are_climbed_too() {
    let axes = [
        CONTINUOUS,
        Axis::Levels(Levels::even(7)),
        Axis::Levels(Levels::even(1000)),
        Axis::Categories(5),
    ];
    let found = run(&axes, &[0.3, 0.5, 0.7777, 0.9], &|_| false).unwrap();
    assert!((found.point[0] - 0.3).abs() < 1e-3);
    assert_eq!(axes[1].cell(found.point[1]), 3);
    assert_eq!(axes[2].cell(found.point[2]), 777);
    assert_eq!(axes[3].cell(found.point[3]), 4);
    assert_eq!(cube::snap(&axes, &found.point), found.point);
}

#[test]
fn many_discrete_axes_are_climbed_one_by_one() {
    // 5^12 cells: no raw candidate is near the best in all of them.
    let axes = [[Axis::Categories(5); 6], [Axis::Levels(Levels::even(5)); 6]].concat();
    let top: Vec<f64> = (0..12).map(|i| [0.1, 0.9, 0.3, 0.7][i % 4]).collect();
    let found = run(&axes, &top, &|_| false).unwrap();
    assert!(found.value > -1e-12, "{found:?}");
}

#[test]
fn small_cubes_are_searched_exactly() {
    let axes = [Axis::Levels(Levels::even(50)), Axis::Categories(9)];
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
fn the_number_of_threads_changes_nothing() {
    let axes = [CONTINUOUS, CONTINUOUS, Axis::Levels(Levels::even(400))];
    let on = |threads| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| run(&axes, &[0.4, 0.9, 0.1], &|_| false).unwrap())
    };
    assert_eq!(on(1), on(4));
}

/// A valley turned upside down, steeper along some axes than along others.
struct Ridge {
    top: Vec<f64>,
    steepness: Vec<f64>,
}

impl Landscape for Ridge {
    fn values(&self, points: &[UnitPoint]) -> Vec<f64> {
        self.values_and_gradients(points).0
    }

    fn values_and_gradients(&self, points: &[UnitPoint]) -> (Vec<f64>, Vec<Vec<f64>>) {
        let terms = |p: &UnitPoint| -> Vec<(f64, f64)> {
            let gaps = p.iter().zip(&self.top).zip(&self.steepness);
            gaps.map(|((x, top), s)| (s * (x - top).powi(2), -2.0 * s * (x - top))).collect()
        };
        points
            .iter()
            .map(|p| terms(p).into_iter().unzip::<f64, f64, Vec<_>, Vec<_>>())
            .map(|(squares, slopes)| (-squares.iter().sum::<f64>(), slopes))
            .unzip()
    }
}

#[test]
fn fault_a9_the_best_free_cell_beside_taken_ones_is_found() {
    for (dimension, levels) in [(20, 2), (8, 5), (6, 100)] {
        let axis = Axis::Levels(Levels::even(levels));
        let axes = vec![axis; dimension];
        for (case, taken) in (0..20).flat_map(|case| [(case, 1), (case, 12)]) {
            let mut rng = Rng::stream(case, dimension as u64);
            let top: Vec<f64> = axes.iter().map(|axis| axis.snap(rng.uniform())).collect();
            let steepness: Vec<f64> = axes.iter().map(|_| 1.0 + 9.0 * rng.uniform()).collect();
            let ridge = Ridge { top: top.clone(), steepness };
            // The best cells, by all that differ from the top by at most one step in at most two axes.
            let mut best = vec![UnitPoint::from(top.clone())];
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
                    let Some(one) = step(&top, i, up) else { continue };
                    best.push(one.clone().into());
                    for j in i..dimension {
                        let two = [false, true].map(|up| step(&one, j, up));
                        best.extend(two.into_iter().flatten().map(UnitPoint::from));
                    }
                }
            }
            let best = best_first(score(&ridge, best));
            let forbidden: Vec<UnitPoint> =
                best.iter().take(taken).map(|scored| scored.point.clone()).collect();
            let free = best.iter().find(|scored| !forbidden.contains(&scored.point)).unwrap();
            let is_forbidden = |p: &[f64]| forbidden.iter().any(|f| cube::same(&axes, f, p));
            let search = Search {
                axes: &axes,
                scales: &vec![0.5; dimension],
                anchors: &[],
                forbidden: &is_forbidden,
                moves: Moves::default(),
            };
            let found = maximize(&ridge, &search, &mut rng).unwrap();
            assert!(
                found.value >= free.value - 1e-12,
                "{dimension} axes of {levels}, {taken} taken, case {case}: {} for {}",
                found.value,
                free.value
            );
        }
    }
}
