//! Which parameters matter: a functional analysis of variance of the surrogate.
//!
//! | symbol | meaning |
//! | --- | --- |
//! | f | a function that is drawn from the posterior of the untransformed values |
//! | A, B | N points each, from one scrambled Sobol sequence of 2 d dimensions, snapped to the search space |
//! | Aᵤ | A with the coordinates of the parameters u taken from B |
//! | V | variance of f over the search space |
//! | Vⱼ = Var E(f given xⱼ) | what is explained by the parameter j alone |
//!
//! `Vⱼ = mean f(B) (f(Aⱼ) − f(A))` with f centred (Saltelli et al. 2010, table 2, b), `Tⱼ = mean (f(A) − f(Aⱼ))² ⁄ 2` (Jansen 1999), and
//! `Iᵢⱼ = mean (f(A) − f(Aᵢ) − f(Aⱼ) + f(Aᵢⱼ))² ⁄ 4` (Liu & Owen 2006, superset importance): what depends on i and j at once, alone or with others.
//! Main share Vⱼ ⁄ V, total share Tⱼ ⁄ V, interaction Iᵢⱼ ⁄ V (Sobol' 1993). Each is computed for several drawn functions: their mean is what is
//! said, and their deviation how uncertain it is for want of data.

use rayon::prelude::*;
use serde::Serialize;
use surmise::cube::{self, UnitPoint};
use surmise::gp::SamplePath;
use surmise::rng::Rng;
use surmise::sobol::Sobol;

use crate::calibration::explained_by;
use crate::numbers::to_float;
use crate::surrogate::Surrogate;

/// N.
const POINTS: u64 = 1024;
/// Functions that are drawn.
const DRAWS: u64 = 8;
/// The pairs among so many parameters of the largest total shares are looked at.
const PAIRED: usize = 5;
/// Stream of the random numbers.
const SEED: u64 = 0x1_4907;

/// How much of the variance of the metric over the search space is due to each parameter.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Importance {
    /// The parameters that can vary, the largest total share first.
    pub parameters: Vec<ParameterImportance>,
    /// Pairs of the first five of them, the largest share first.
    pub interactions: Vec<Interaction>,
    /// The share of the variance of the values that the model expects from the others, from 0 to 1: where it is small, the shares above are
    /// those of a function that is hardly known.
    pub explained: f64,
}

/// What is due to one parameter.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ParameterImportance {
    /// Its name.
    pub name: String,
    /// What it explains by itself.
    pub main: Share,
    /// What it explains by itself and together with others. The total shares of all parameters may add up to more than 1.
    pub total: Share,
}

/// What is due to two parameters together and to neither of them alone, further parameters possibly included.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Interaction {
    /// Their names.
    pub names: [String; 2],
    /// What they explain.
    pub share: Share,
}

/// A share of the variance, from 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Share {
    /// What is expected.
    pub mean: f64,
    /// Its standard deviation, for want of data.
    pub deviation: f64,
}

/// Below this share of explained variance, importance is a hint at most.
const TRUSTED: f64 = 0.4;

impl Importance {
    /// What is to be said against the shares, if anything is.
    pub fn doubt(&self) -> Option<String> {
        (self.explained < TRUSTED).then(|| {
            format!(
                "The model behind these shares explains only {:.0} % of the variance of values that it has not seen: take them for hints at most.",
                100.0 * self.explained
            )
        })
    }
}

impl Share {
    fn of(draws: impl IntoIterator<Item = f64>) -> Self {
        let draws: Vec<f64> = draws.into_iter().collect();
        let mean = draws.iter().sum::<f64>() / to_float(draws.len());
        let square = draws.iter().map(|share| (share - mean).powi(2)).sum::<f64>();
        let deviation = (square / to_float(draws.len() - 1)).sqrt();
        Self { mean: mean.clamp(0.0, 1.0), deviation }
    }
}

impl Surrogate {
    /// The importance of parameters and of pairs of them. Takes about a second at 100 values of 10 parameters.
    pub fn importance(&self) -> Importance {
        let searched = self.searched();
        let paths: Vec<SamplePath<'_>> = (0..DRAWS)
            .map(|draw| {
                SamplePath::draw(&self.untransformed.posterior, &mut Rng::stream(SEED, draw))
            })
            .collect();
        let design = Design::new(self, &paths);
        let singles: Vec<Vec<Vec<f64>>> =
            searched.iter().map(|parameter| design.mixed(&[*parameter])).collect();
        let mut order: Vec<(usize, ParameterImportance)> = Vec::new();
        for (place, parameter) in searched.iter().enumerate() {
            let draws: Vec<Explained> = design.explained(&singles[place]);
            let name = self.name(*parameter).to_owned();
            let main = Share::of(draws.iter().map(|explained| explained.main));
            let total = Share::of(draws.iter().map(|explained| explained.total));
            order.push((place, ParameterImportance { name, main, total }));
        }
        order.sort_by(|a, b| b.1.total.mean.total_cmp(&a.1.total.mean));
        let first: Vec<usize> = order.iter().take(PAIRED).map(|(place, _)| *place).collect();
        let mut interactions = Vec::new();
        for (rank, a) in first.iter().enumerate() {
            for b in &first[rank + 1..] {
                let both = design.mixed(&[searched[*a], searched[*b]]);
                let share = Share::of(design.together(&singles[*a], &singles[*b], &both));
                let names = [*a, *b].map(|place| self.name(searched[place]).to_owned());
                interactions.push(Interaction { names, share });
            }
        }
        interactions.sort_by(|a, b| b.share.mean.total_cmp(&a.share.mean));
        let parameters = order.into_iter().map(|(_, importance)| importance).collect();
        let explained = explained_by(&self.untransformed.posterior).clamp(0.0, 1.0);
        Importance { parameters, interactions, explained }
    }
}

/// A and B, and the drawn functions there.
struct Design<'a> {
    surrogate: &'a Surrogate,
    paths: &'a [SamplePath<'a>],
    a: Vec<Vec<f64>>,
    b: Vec<Vec<f64>>,
    values: Vec<Values>,
}

/// A drawn function at A and B, less its mean.
struct Values {
    a: Vec<f64>,
    b: Vec<f64>,
    mean: f64,
    /// V.
    variance: f64,
}

/// What a parameter explains of one drawn function, as shares of V.
struct Explained {
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
        let (at_a, at_b) = (design.at(&design.a), design.at(&design.b));
        design.values = at_a.into_iter().zip(at_b).map(|(a, b)| Values::new(a, b)).collect();
        design
    }

    /// Each drawn function at points, which are snapped first.
    fn at(&self, points: &[Vec<f64>]) -> Vec<Vec<f64>> {
        let axes = self.surrogate.space.axes();
        let points: Vec<UnitPoint> = points.iter().map(|point| cube::snap(axes, point)).collect();
        let values = |path: &SamplePath<'_>| {
            path.values(&points)
                .iter()
                .map(|loss| self.surrogate.untransformed.loss(*loss))
                .collect()
        };
        self.paths.par_iter().map(values).collect()
    }

    /// Each drawn function at Aᵤ.
    fn mixed(&self, parameters: &[usize]) -> Vec<Vec<f64>> {
        let mix = |(a, b): (&Vec<f64>, &Vec<f64>)| {
            let mut point = a.clone();
            parameters.iter().for_each(|parameter| point[*parameter] = b[*parameter]);
            point
        };
        self.at(&self.a.iter().zip(&self.b).map(mix).collect::<Vec<_>>())
    }

    /// What a parameter explains of each drawn function, from its values at Aⱼ.
    fn explained(&self, single: &[Vec<f64>]) -> Vec<Explained> {
        self.values.iter().zip(single).map(|(values, single)| values.explained(single)).collect()
    }

    /// What two parameters explain together of each drawn function, from its values at Aᵢ, Aⱼ and Aᵢⱼ.
    fn together(&self, i: &[Vec<f64>], j: &[Vec<f64>], both: &[Vec<f64>]) -> Vec<f64> {
        let draws = self.values.iter().zip(i).zip(j.iter().zip(both));
        draws.map(|((values, i), (j, both))| values.together(i, j, both)).collect()
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

    /// 1 ⁄ (N V); 0 where there is no variance to be explained.
    fn scale(&self) -> f64 {
        let is_sound = self.variance.is_finite() && self.variance > 0.0;
        if is_sound { 1.0 / (to_float(self.a.len()) * self.variance) } else { 0.0 }
    }

    fn explained(&self, single: &[f64]) -> Explained {
        let (mut main, mut total) = (0.0, 0.0);
        for (single, (a, b)) in single.iter().zip(self.a.iter().zip(&self.b)) {
            let difference = single - self.mean - a;
            main += b * difference;
            total += difference * difference / 2.0;
        }
        Explained { main: main * self.scale(), total: total * self.scale() }
    }

    fn together(&self, i: &[f64], j: &[f64], both: &[f64]) -> f64 {
        let each = self.a.iter().zip(i).zip(j.iter().zip(both));
        let square = |((a, i), (j, both)): ((&f64, &f64), (&f64, &f64))| {
            (a + self.mean - i - j + both).powi(2) / 4.0
        };
        each.map(square).sum::<f64>() * self.scale()
    }
}
