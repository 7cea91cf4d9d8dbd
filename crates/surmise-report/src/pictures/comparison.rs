//! Pictures of several studies.

use surmise::drawing::{Chart, Curve, PlotAxis, grid};
use surmise::{Study, Trial};

use super::axes::{integer_axis, metric_axis};
use super::distribution::cumulative_shares;
use super::history::best_so_far;
use super::picture::Picture;
use crate::comparison::Comparison;
use crate::numbers::{format_number, to_float};

/// The points of a curve without a band.
type Points = Vec<(f64, [f64; 3])>;

impl Comparison<'_> {
    /// Returns two pictures: the best value so far of each study, and the distributions of values.
    pub fn pictures(&self) -> Vec<Picture> {
        vec![self.progress(), self.distributions()]
    }

    fn progress(&self) -> Picture {
        let objective = self.studies[0].1.objective();
        let max_trials =
            self.studies.iter().map(|(_, study)| study.trials().len()).max().unwrap_or(1);
        let curves = self.curves(best_so_far);
        let values = curves.iter().flat_map(|curve| curve.points.iter().map(|(_, value)| value[0]));
        let y = metric_axis(objective, values.collect::<Vec<f64>>());
        let x = integer_axis("trial", 1.0, to_float(max_trials));
        let best_values = self.study_summaries().into_iter().map(|study| (study.name, study.best));
        let summary = format!("Best values: {}.", join_values(best_values));
        let explanation = "For each study, the best value among its trials up to this number.";
        let title = "Best value so far";
        Picture {
            name: "progress",
            title: title.to_owned(),
            explanation: explanation.to_owned(),
            svg: self.draw(x, y, curves, &summary),
            summary,
        }
    }

    fn distributions(&self) -> Picture {
        let all = self.studies.iter().flat_map(|(_, study)| study.trials());
        let x = metric_axis(self.studies[0].1.objective(), all.filter_map(Trial::value));
        let y = PlotAxis::linear("share of trials", 0.0, 1.0);
        let median = |(name, study): &(String, &Study)| {
            let mut values: Vec<f64> = study.trials().iter().filter_map(Trial::value).collect();
            values.sort_by(f64::total_cmp);
            (name.clone(), values.get(values.len().saturating_sub(1) / 2).copied())
        };
        let summary = format!("Medians: {}.", join_values(self.studies.iter().map(median)));
        let explanation = "For each study, the share of completed trials with this value or less.";
        Picture {
            name: "distributions",
            title: "Distributions of values".to_owned(),
            explanation: explanation.to_owned(),
            svg: self.draw(x, y, self.curves(cumulative_shares), &summary),
            summary,
        }
    }

    fn curves(&self, points: fn(&Study) -> Points) -> Vec<Curve> {
        let curve = |(series, (_, study)): (usize, &(String, &Study))| Curve {
            series,
            points: points(study),
            is_stepped: true,
        };
        let curves = self.studies.iter().enumerate().map(curve);
        curves.filter(|curve| !curve.points.is_empty()).collect()
    }

    fn draw(&self, x: PlotAxis, y: PlotAxis, curves: Vec<Curve>, summary: &str) -> String {
        let names: Vec<String> = self.studies.iter().map(|(name, _)| name.clone()).collect();
        let chart = Chart { title: String::new(), x, y, curves, marks: Vec::new(), floor: None };
        grid(&[chart], &names, 1, (900.0, 340.0)).finish(summary)
    }
}

fn join_values(values: impl Iterator<Item = (String, Option<f64>)>) -> String {
    let describe = |(name, value): (String, Option<f64>)| {
        format!("{name} {}", value.map_or_else(|| "none".to_owned(), format_number))
    };
    values.map(describe).collect::<Vec<String>>().join(", ")
}
