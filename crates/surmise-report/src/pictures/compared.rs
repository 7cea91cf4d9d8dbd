//! Pictures of several studies.

use surmise::drawing::{Chart, Curve, PlotAxis, grid};
use surmise::{Study, Trial};

use super::axes::{metric, trials};
use super::distribution::shares;
use super::history::best_so_far;
use super::picture::Picture;
use crate::comparison::Comparison;
use crate::numbers::to_float;

/// The points of a curve without a band.
type Points = Vec<(f64, [f64; 3])>;

impl Comparison<'_> {
    /// The best value so far of each study, and the distributions of their values.
    pub fn pictures(&self) -> Vec<Picture> {
        let objective = self.studies[0].1.objective();
        let names: Vec<String> = self.studies.iter().map(|(name, _)| name.clone()).collect();
        let values = || {
            self.studies
                .iter()
                .flat_map(|(_, study)| study.trials().iter().filter_map(Trial::value))
        };
        let curves = |points: fn(&Study) -> Points| -> Vec<Curve> {
            let curve = |(series, (_, study)): (usize, &(String, &Study))| Curve {
                series,
                points: points(study),
                stepped: true,
            };
            self.studies
                .iter()
                .enumerate()
                .map(curve)
                .filter(|curve| !curve.points.is_empty())
                .collect()
        };
        let longest = self.studies.iter().map(|(_, study)| study.trials().len()).max().unwrap_or(1);
        let bests = curves(best_so_far);
        let reached = bests.iter().flat_map(|curve| curve.points.iter().map(|(_, value)| value[0]));
        let progress = Chart {
            title: String::new(),
            x: trials(to_float(longest)),
            y: metric(objective, reached.collect::<Vec<f64>>()),
            curves: bests,
            marks: Vec::new(),
            floor: None,
        };
        let distribution = Chart {
            title: String::new(),
            x: metric(objective, values()),
            y: PlotAxis::linear("share of trials", 0.0, 1.0),
            curves: curves(shares),
            marks: Vec::new(),
            floor: None,
        };
        let says = self.summary()[1..].join(" ");
        let picture = |name, title: &str, reading: &str, chart: Chart| {
            let svg = grid(&[chart], &names, 1, (900.0, 340.0)).finish(&says);
            let (title, reading, says) = (title.to_owned(), reading.to_owned(), says.clone());
            Picture { name, title, reading, says, svg }
        };
        vec![
            picture(
                "progress",
                "The best value so far",
                "Of each study, the best value among its trials up to this number.",
                progress,
            ),
            picture(
                "distributions",
                "Distributions of the values",
                "Which share of a study's completed trials has this value or less.",
                distribution,
            ),
        ]
    }
}
