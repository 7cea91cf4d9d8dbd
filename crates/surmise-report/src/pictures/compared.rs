//! Pictures of several studies.

use surmise::drawing::{Chart, Curve, PlotAxis, grid};
use surmise::{Study, Trial};

use super::axes::{metric, whole};
use super::distribution::shares;
use super::history::best_so_far;
use super::picture::Picture;
use crate::comparison::Comparison;
use crate::numbers::{number, to_float};

/// The points of a curve without a band.
type Points = Vec<(f64, [f64; 3])>;

impl Comparison<'_> {
    /// The best value so far of each study, and the distributions of their values.
    pub fn pictures(&self) -> Vec<Picture> {
        vec![self.progress(), self.distributions()]
    }

    fn progress(&self) -> Picture {
        let objective = self.studies[0].1.objective();
        let longest = self.studies.iter().map(|(_, study)| study.trials().len()).max().unwrap_or(1);
        let curves = self.curves(best_so_far);
        let reached =
            curves.iter().flat_map(|curve| curve.points.iter().map(|(_, value)| value[0]));
        let y = metric(objective, reached.collect::<Vec<f64>>());
        let x = whole("trial", 1.0, to_float(longest));
        let bests = self.compared().into_iter().map(|one| (one.name, one.best));
        let says = format!("Best values: {}.", listed(bests));
        let reading = "Of each study, the best value among its trials up to this number.";
        let title = "The best value so far";
        Picture {
            name: "progress",
            title: title.to_owned(),
            reading: reading.to_owned(),
            svg: self.drawn(x, y, curves, &says),
            says,
        }
    }

    fn distributions(&self) -> Picture {
        let all = self.studies.iter().flat_map(|(_, study)| study.trials());
        let x = metric(self.studies[0].1.objective(), all.filter_map(Trial::value));
        let y = PlotAxis::linear("share of trials", 0.0, 1.0);
        let median = |(name, study): &(String, &Study)| {
            let mut values: Vec<f64> = study.trials().iter().filter_map(Trial::value).collect();
            values.sort_by(f64::total_cmp);
            (name.clone(), values.get(values.len().saturating_sub(1) / 2).copied())
        };
        let says = format!("Medians: {}.", listed(self.studies.iter().map(median)));
        let reading = "Which share of a study's completed trials has this value or less.";
        Picture {
            name: "distributions",
            title: "Distributions of the values".to_owned(),
            reading: reading.to_owned(),
            svg: self.drawn(x, y, self.curves(shares), &says),
            says,
        }
    }

    fn curves(&self, points: fn(&Study) -> Points) -> Vec<Curve> {
        let curve = |(series, (_, study)): (usize, &(String, &Study))| Curve {
            series,
            points: points(study),
            stepped: true,
        };
        let curves = self.studies.iter().enumerate().map(curve);
        curves.filter(|curve| !curve.points.is_empty()).collect()
    }

    fn drawn(&self, x: PlotAxis, y: PlotAxis, curves: Vec<Curve>, says: &str) -> String {
        let names: Vec<String> = self.studies.iter().map(|(name, _)| name.clone()).collect();
        let chart = Chart { title: String::new(), x, y, curves, marks: Vec::new(), floor: None };
        grid(&[chart], &names, 1, (900.0, 340.0)).finish(says)
    }
}

fn listed(values: impl Iterator<Item = (String, Option<f64>)>) -> String {
    let one = |(name, value): (String, Option<f64>)| {
        format!("{name} {}", value.map_or_else(|| "none".to_owned(), number))
    };
    values.map(one).collect::<Vec<String>>().join(", ")
}
