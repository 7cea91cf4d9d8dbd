//! The importance of parameters: a functional analysis of variance of the surrogate.
//!
//! | symbol | meaning |
//! | --- | --- |
//! | f | a function that is drawn from the posterior of the untransformed values |
//! | A, B | N points each, from one scrambled Sobol sequence of 2 d dimensions, snapped |
//! | Aᵤ | A with the coordinates of the parameters u taken from B |
//! | V | variance of f over the search space |
//! | Vⱼ = Var E(f given xⱼ) | variance that the parameter j explains alone |
//! | Tⱼ | variance that j explains alone and in interactions |
//! | Iᵢⱼ | variance of all interactions of i and j, with further parameters, too |
//!
//! The estimators are
//!
//! - `Vⱼ = mean f(B) (f(Aⱼ) − f(A))` with f centered (Saltelli et al. 2010, table 2, b),
//! - `Tⱼ = mean (f(A) − f(Aⱼ))² ⁄ 2` (Jansen 1999),
//! - `Iᵢⱼ = mean (f(A) − f(Aᵢ) − f(Aⱼ) + f(Aᵢⱼ))² ⁄ 4`, the superset importance of Liu & Owen
//!   (2006).
//!
//! The main share is Vⱼ ⁄ V, the total share Tⱼ ⁄ V, the interaction Iᵢⱼ ⁄ V (Sobol' 1993). Each is
//! computed for several drawn functions. The result is their mean; their standard deviation is the
//! uncertainty of the share, which falls as values are added.

use rayon::prelude::*;
use serde::Serialize;
use surmise::gp::SamplePath;
use surmise::rng::Rng;
use surmise::sobol::Sobol;
use surmise::unit_cube::{self, UnitPoint};

use crate::calibration::explained_variance;
use crate::numbers::to_float;
use crate::surrogate::Surrogate;

/// The number N of points.
const POINTS: u64 = 1024;
/// Number of functions that are drawn from the posterior.
const DRAWS: u64 = 8;
/// Number of parameters whose pairs have interactions, those with the largest total shares.
const PAIRED_PARAMETERS: usize = 5;
/// Seed of the random streams.
const SEED: u64 = 0x1_4907;

/// The shares of the metric's variance over the search space that the parameters explain.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Importance {
    /// The parameters that can vary, the largest total share first.
    pub parameters: Vec<ParameterImportance>,
    /// The pairs of the first five parameters, the largest share first.
    pub interactions: Vec<Interaction>,
    /// The share of the values' variance that leave-one-out predictions explain, from 0 to 1.
    ///
    /// If it is small, the model is poor, and the shares are not reliable.
    #[serde(rename = "explained")]
    pub explained_variance: f64,
}

/// The importance of one parameter.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ParameterImportance {
    /// The name of the parameter.
    pub name: String,
    /// The share that the parameter explains alone.
    pub main: Share,
    /// The share that the parameter explains alone and in interactions.
    ///
    /// The sum of the total shares of all parameters can exceed 1.
    pub total: Share,
}

/// The interaction of two parameters, which neither of them explains alone.
///
/// It includes interactions with further parameters.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Interaction {
    /// The names of the two parameters.
    pub names: [String; 2],
    /// The share that the interaction explains.
    pub share: Share,
}

/// A share of the variance, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Share {
    /// The estimate of the share.
    pub mean: f64,
    /// The standard deviation of the estimate, which falls as the study gets more values.
    #[serde(rename = "deviation")]
    pub std_dev: f64,
}

/// The explained variance below which [`Importance::warning`] warns.
const MIN_EXPLAINED_VARIANCE: f64 = 0.4;

impl Importance {
    /// Returns a warning if the model explains too little variance for reliable shares.
    pub fn warning(&self) -> Option<String> {
        (self.explained_variance < MIN_EXPLAINED_VARIANCE).then(|| {
            format!(
                "The model explains only {:.0} % of the variance of values that it has not seen; \
                 these shares are not reliable.",
                100.0 * self.explained_variance
            )
        })
    }
}

impl Share {
    fn from_draws(draws: impl IntoIterator<Item = f64>) -> Self {
        let draws: Vec<f64> = draws.into_iter().collect();
        let mean = draws.iter().sum::<f64>() / to_float(draws.len());
        let square = draws.iter().map(|share| (share - mean).powi(2)).sum::<f64>();
        let std_dev = (square / to_float(draws.len() - 1)).sqrt();
        Self { mean: mean.clamp(0.0, 1.0), std_dev }
    }
}

impl Surrogate {
    /// Computes the importance of all parameters that can vary.
    ///
    /// This takes about a second at 100 values of 10 parameters.
    pub fn importance(&self) -> Importance {
        let varying = self.varying_parameters();
        let paths: Vec<SamplePath<'_>> = (0..DRAWS)
            .map(|draw| {
                SamplePath::draw(&self.untransformed.posterior, &mut Rng::stream(SEED, draw))
            })
            .collect();
        let design = Design::new(self, &paths);
        let values_at_single: Vec<Vec<Vec<f64>>> =
            varying.iter().map(|parameter| design.values_at_mixed(&[*parameter])).collect();
        let mut ranked: Vec<(usize, ParameterImportance)> = Vec::new();
        for (index, parameter) in varying.iter().enumerate() {
            let draws: Vec<ParameterShares> = design.parameter_shares(&values_at_single[index]);
            let name = self.name(*parameter).to_owned();
            let main = Share::from_draws(draws.iter().map(|shares| shares.main));
            let total = Share::from_draws(draws.iter().map(|shares| shares.total));
            ranked.push((index, ParameterImportance { name, main, total }));
        }
        ranked.sort_by(|a, b| b.1.total.mean.total_cmp(&a.1.total.mean));
        let first: Vec<usize> =
            ranked.iter().take(PAIRED_PARAMETERS).map(|(index, _)| *index).collect();
        let mut interactions = Vec::new();
        for (rank, a) in first.iter().enumerate() {
            for b in &first[rank + 1..] {
                let both = design.values_at_mixed(&[varying[*a], varying[*b]]);
                let draws =
                    design.interactions(&values_at_single[*a], &values_at_single[*b], &both);
                let share = Share::from_draws(draws);
                let names = [*a, *b].map(|index| self.name(varying[index]).to_owned());
                interactions.push(Interaction { names, share });
            }
        }
        interactions.sort_by(|a, b| b.share.mean.total_cmp(&a.share.mean));
        let parameters = ranked.into_iter().map(|(_, importance)| importance).collect();
        let explained_variance = explained_variance(&self.untransformed.posterior).clamp(0.0, 1.0);
        Importance { parameters, interactions, explained_variance }
    }
}

/// The points A and B, and the values of the drawn functions there.
struct Design<'a> {
    surrogate: &'a Surrogate,
    paths: &'a [SamplePath<'a>],
    a: Vec<Vec<f64>>,
    b: Vec<Vec<f64>>,
    values: Vec<Values>,
}

/// The centered values of a drawn function at A and B.
struct Values {
    a: Vec<f64>,
    b: Vec<f64>,
    mean: f64,
    /// The variance V of the function.
    variance: f64,
}

/// The shares of V that a parameter explains, for one drawn function.
struct ParameterShares {
    main: f64,
    total: f64,
}

impl<'a> Design<'a> {
    fn new(surrogate: &'a Surrogate, paths: &'a [SamplePath<'a>]) -> Self {
        let dimension = surrogate.space.axes().len();
        let sobol = Sobol::new(2 * dimension, &mut Rng::stream(SEED, DRAWS));
        let (a, b): (Vec<Vec<f64>>, Vec<Vec<f64>>) = (0..POINTS)
            .map(|index| {
                let mut first = sobol.point(index);
                let second = first.split_off(dimension);
                (first, second)
            })
            .unzip();
        let mut design = Self { surrogate, paths, a, b, values: Vec::new() };
        let (at_a, at_b) = (design.values_at(&design.a), design.values_at(&design.b));
        design.values = at_a.into_iter().zip(at_b).map(|(a, b)| Values::new(a, b)).collect();
        design
    }

    /// Evaluates each drawn function at points, after snapping them to the search space.
    fn values_at(&self, points: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let axes = self.surrogate.space.axes();
        let points: Vec<UnitPoint> =
            points.iter().map(|point| unit_cube::snap(axes, point)).collect();
        let values = |path: &SamplePath<'_>| {
            path.values(&points)
                .iter()
                .map(|loss| self.surrogate.untransformed.loss(*loss))
                .collect()
        };
        self.paths.par_iter().map(values).collect()
    }

    /// Evaluates each drawn function at Aᵤ.
    fn values_at_mixed(&self, parameters: &[usize]) -> Vec<Vec<f64>> {
        let mix = |(a, b): (&Vec<f64>, &Vec<f64>)| {
            let mut point = a.clone();
            parameters.iter().for_each(|parameter| point[*parameter] = b[*parameter]);
            point
        };
        self.values_at(&self.a.iter().zip(&self.b).map(mix).collect::<Vec<_>>())
    }

    /// Returns the shares of a parameter for each drawn function, from its values at Aⱼ.
    fn parameter_shares(&self, single: &[Vec<f64>]) -> Vec<ParameterShares> {
        self.values
            .iter()
            .zip(single)
            .map(|(values, single)| values.parameter_shares(single))
            .collect()
    }

    /// Returns the interaction share for each drawn function, from its values at Aᵢ, Aⱼ and Aᵢⱼ.
    fn interactions(&self, i: &[Vec<f64>], j: &[Vec<f64>], both: &[Vec<f64>]) -> Vec<f64> {
        let draws = self.values.iter().zip(i).zip(j.iter().zip(both));
        draws.map(|((values, i), (j, both))| values.interaction(i, j, both)).collect()
    }
}

impl Values {
    fn new(mut a: Vec<f64>, mut b: Vec<f64>) -> Self {
        let count = to_float(a.len() + b.len());
        let mean = a.iter().chain(&b).map(|value| value / count).sum::<f64>();
        a.iter_mut().chain(&mut b).for_each(|value| *value -= mean);
        let variance = a.iter().chain(&b).map(|value| value * value / count).sum();
        Self { a, b, mean, variance }
    }

    /// Returns 1 ⁄ (N V), or 0 if the function has no variance.
    fn scale(&self) -> f64 {
        let is_positive = self.variance.is_finite() && self.variance > 0.0;
        if is_positive { 1.0 / (to_float(self.a.len()) * self.variance) } else { 0.0 }
    }

    fn parameter_shares(&self, single: &[f64]) -> ParameterShares {
        let (mut main, mut total) = (0.0, 0.0);
        for (single, (a, b)) in single.iter().zip(self.a.iter().zip(&self.b)) {
            let difference = single - self.mean - a;
            main += b * difference;
            total += difference * difference / 2.0;
        }
        ParameterShares { main: main * self.scale(), total: total * self.scale() }
    }

    fn interaction(&self, i: &[f64], j: &[f64], both: &[f64]) -> f64 {
        let each = self.a.iter().zip(i).zip(j.iter().zip(both));
        let square = |((a, i), (j, both)): ((&f64, &f64), (&f64, &f64))| {
            (a + self.mean - i - j + both).powi(2) / 4.0
        };
        each.map(square).sum::<f64>() * self.scale()
    }
}
