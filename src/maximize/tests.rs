use super::*;
use crate::cube::Levels;

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
