//! L-BFGS in a box, as a state machine: it is asked for a point and told the function's value and gradient there.
//!
//! | symbol | meaning | shape |
//! | --- | --- | --- |
//! | x, f, g | point, value and gradient there | d, –, d |
//! | l, u | bounds of the box | d, d |
//! | s = x′ − x, y = g′ − g | remembered steps and changes of the gradient, at most 10 pairs | d, d |
//! | p | direction: −H g with the inverse Hessian H that the pairs imply, 0 where a bound holds x | d |
//! | t | step length, so that f(P(x + t p)) ≤ f + 10⁻⁴ gᵀ(P(x + t p) − x), with P the projection onto the box | – |
//!
//! Because it never calls the function itself, many runs can be advanced in lock-step with one batched evaluation per
//! iteration. Directions come from the two-loop recursion (Nocedal & Wright 2006, algorithm 7.4) over the variables that are
//! not held at a bound; steps are projected onto the box (Bertsekas 1982) and shortened until they decrease the function
//! enough (Armijo).

use std::collections::VecDeque;

/// When to stop, and how much to remember.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// Stop when no component of the projected gradient exceeds this.
    pub gradient_tolerance: f64,
    /// Stop when an iteration gains less than this share of max(1, |f|).
    pub relative_gain: f64,
    /// Stop after this many evaluations.
    pub max_evaluations: usize,
    /// The longest first step, in the units of the variables.
    pub first_step: f64,
}

/// Pairs of steps and gradient changes that are remembered.
const MEMORY: usize = 10;
/// Share of the predicted decrease that a step must achieve.
const ARMIJO: f64 = 1e-4;
/// Shortenings of one step before giving up.
const MAX_BACKTRACKS: usize = 14;

/// A run of L-BFGS that minimizes a function over a box.
#[derive(Debug, Clone)]
pub struct Lbfgs {
    settings: Settings,
    lower: Vec<f64>,
    upper: Vec<f64>,
    best: Option<Evaluated>,
    pairs: VecDeque<Pair>,
    direction: Vec<f64>,
    step: f64,
    backtracks: usize,
    trial: Vec<f64>,
    evaluations: usize,
    finished: bool,
}

#[derive(Debug, Clone)]
struct Evaluated {
    x: Vec<f64>,
    value: f64,
    gradient: Vec<f64>,
}

#[derive(Debug, Clone)]
struct Pair {
    step: Vec<f64>,
    change: Vec<f64>,
    curvature: f64,
}

impl Lbfgs {
    /// A run from `start`, moved into the box if it lies outside.
    ///
    /// # Panics
    /// If the lengths differ or a lower bound exceeds its upper one.
    pub fn new(settings: Settings, start: &[f64], lower: Vec<f64>, upper: Vec<f64>) -> Self {
        assert!(start.len() == lower.len() && start.len() == upper.len(), "lengths differ");
        assert!(lower.iter().zip(&upper).all(|(l, u)| l <= u), "the box is empty");
        let trial = start.iter().zip(lower.iter().zip(&upper)).map(|(x, (l, u))| x.clamp(*l, *u));
        Self {
            trial: trial.collect(),
            settings,
            lower,
            upper,
            best: None,
            pairs: VecDeque::with_capacity(MEMORY),
            direction: Vec::new(),
            step: 1.0,
            backtracks: 0,
            evaluations: 0,
            finished: false,
        }
    }

    /// The point at which the function is wanted; `None` when the run has ended.
    pub fn ask(&self) -> Option<&[f64]> {
        (!self.finished).then_some(&self.trial)
    }

    /// Value and gradient at the point that [`ask`](Self::ask) gave. A value that is not finite counts as very bad.
    pub fn tell(&mut self, value: f64, gradient: &[f64]) {
        if self.finished {
            return;
        }
        self.evaluations += 1;
        let sound = value.is_finite() && gradient.iter().all(|g| g.is_finite());
        match self.best.take() {
            None if sound => self.accept(None, value, gradient),
            None => self.finished = true,
            Some(best) => {
                let predicted = dot(&best.gradient, &difference(&self.trial, &best.x));
                if sound && value <= best.value + ARMIJO * predicted.min(0.0) && value < best.value
                {
                    self.accept(Some(best), value, gradient);
                } else {
                    self.best = Some(best);
                    self.backtrack(value, predicted);
                }
            }
        }
        self.finished |= self.evaluations >= self.settings.max_evaluations;
    }

    /// The best point so far and its value; `None` before the first finite value.
    pub fn best(&self) -> Option<(&[f64], f64)> {
        self.best.as_ref().map(|best| (best.x.as_slice(), best.value))
    }

    /// Evaluations that were told.
    pub fn evaluations(&self) -> usize {
        self.evaluations
    }

    fn accept(&mut self, previous: Option<Evaluated>, value: f64, gradient: &[f64]) {
        let x = std::mem::take(&mut self.trial);
        if let Some(previous) = &previous {
            self.remember(difference(&x, &previous.x), difference(gradient, &previous.gradient));
            let gain = previous.value - value;
            self.finished |= gain < self.settings.relative_gain * value.abs().max(1.0);
        }
        self.best = Some(Evaluated { x, value, gradient: gradient.to_vec() });
        self.set_out();
    }

    fn remember(&mut self, step: Vec<f64>, change: Vec<f64>) {
        let curvature = dot(&step, &change);
        if curvature > 1e-10 * (dot(&step, &step) * dot(&change, &change)).sqrt() {
            if self.pairs.len() == MEMORY {
                self.pairs.pop_front();
            }
            self.pairs.push_back(Pair { step, change, curvature });
        }
    }

    /// Chooses a direction from the best point and tries its full length.
    fn set_out(&mut self) {
        let Some(best) = &self.best else { return };
        let free: Vec<bool> = (0..best.x.len()).map(|i| !self.held(best, i)).collect();
        let masked = |values: &[f64]| -> Vec<f64> {
            values.iter().zip(&free).map(|(v, &f)| if f { *v } else { 0.0 }).collect()
        };
        let gradient = masked(&best.gradient);
        let steepest = gradient.iter().fold(0.0_f64, |worst, g| worst.max(g.abs()));
        if steepest <= self.settings.gradient_tolerance {
            self.finished = true;
            return;
        }
        let mut direction = masked(&self.two_loop(&gradient));
        if dot(&direction, &gradient) >= 0.0 {
            self.pairs.clear();
            direction = gradient.iter().map(|g| -g).collect();
        }
        self.step = if self.pairs.is_empty() {
            let longest = direction.iter().fold(0.0_f64, |worst, d| worst.max(d.abs()));
            (self.settings.first_step / longest).min(1.0)
        } else {
            1.0
        };
        self.direction = direction;
        self.backtracks = 0;
        self.place_trial();
    }

    /// Whether variable `i` sits at a bound that the gradient pushes it against.
    fn held(&self, at: &Evaluated, i: usize) -> bool {
        (at.x[i] <= self.lower[i] && at.gradient[i] > 0.0)
            || (at.x[i] >= self.upper[i] && at.gradient[i] < 0.0)
    }

    fn two_loop(&self, gradient: &[f64]) -> Vec<f64> {
        let mut q: Vec<f64> = gradient.to_vec();
        let mut weights = Vec::with_capacity(self.pairs.len());
        for pair in self.pairs.iter().rev() {
            let weight = dot(&pair.step, &q) / pair.curvature;
            add_scaled(&mut q, -weight, &pair.change);
            weights.push(weight);
        }
        if let Some(last) = self.pairs.back() {
            let scale = last.curvature / dot(&last.change, &last.change);
            q.iter_mut().for_each(|value| *value *= scale);
        }
        for (pair, weight) in self.pairs.iter().zip(weights.into_iter().rev()) {
            let correction = weight - dot(&pair.change, &q) / pair.curvature;
            add_scaled(&mut q, correction, &pair.step);
        }
        q.iter_mut().for_each(|value| *value = -*value);
        q
    }

    /// Shortens the step: to the minimum of the parabola through what is known, kept between a tenth and a half.
    fn backtrack(&mut self, value: f64, predicted: f64) {
        self.backtracks += 1;
        if self.backtracks > MAX_BACKTRACKS {
            if self.pairs.is_empty() {
                self.finished = true;
            } else {
                self.pairs.clear();
                self.set_out();
            }
            return;
        }
        let best = self.best.as_ref().map_or(f64::INFINITY, |best| best.value);
        let bend = value - best - predicted;
        let shrink = if value.is_finite() && bend > 0.0 { -0.5 * predicted / bend } else { 0.1 };
        self.step *= shrink.clamp(0.1, 0.5);
        self.place_trial();
    }

    fn place_trial(&mut self) {
        let Some(best) = &self.best else { return };
        self.trial = (0..best.x.len())
            .map(|i| {
                (best.x[i] + self.step * self.direction[i]).clamp(self.lower[i], self.upper[i])
            })
            .collect();
        if self.trial == best.x {
            self.finished = true;
        }
    }
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| x * y).sum()
}

fn difference(a: &[f64], b: &[f64]) -> Vec<f64> {
    a.iter().zip(b).map(|(x, y)| x - y).collect()
}

fn add_scaled(target: &mut [f64], factor: f64, direction: &[f64]) {
    target.iter_mut().zip(direction).for_each(|(t, d)| *t += factor * d);
}

/// Runs one search to its end.
pub fn minimize(
    mut run: Lbfgs,
    mut function: impl FnMut(&[f64]) -> (f64, Vec<f64>),
) -> Option<(Vec<f64>, f64)> {
    while let Some(x) = run.ask() {
        let (value, gradient) = function(x);
        run.tell(value, &gradient);
    }
    run.best().map(|(x, value)| (x.to_vec(), value))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXACT: Settings = Settings {
        gradient_tolerance: 1e-9,
        relative_gain: 0.0,
        max_evaluations: 500,
        first_step: 1.0,
    };

    fn rosenbrock(x: &[f64]) -> (f64, Vec<f64>) {
        let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
        (a * a + 100.0 * b * b, vec![-2.0 * a - 400.0 * x[0] * b, 200.0 * b])
    }

    #[test]
    fn finds_the_bottom_of_a_curved_valley() {
        let run = Lbfgs::new(EXACT, &[-1.2, 1.0], vec![-5.0; 2], vec![5.0; 2]);
        let (x, value) = minimize(run, rosenbrock).unwrap();
        assert!(value < 1e-12 && (x[0] - 1.0).abs() < 1e-5, "{x:?} {value}");
    }

    #[test]
    fn stops_at_the_wall() {
        // Within x₁ ≤ ½ the best of the valley is at (½, ¼).
        let run = Lbfgs::new(EXACT, &[-1.2, 1.0], vec![-5.0; 2], vec![0.5, 5.0]);
        let (x, value) = minimize(run, rosenbrock).unwrap();
        assert!((x[0] - 0.5).abs() < 1e-9 && (x[1] - 0.25).abs() < 1e-6, "{x:?}");
        assert!((value - 0.25).abs() < 1e-9);
    }

    #[test]
    fn never_leaves_the_box_and_survives_bad_values() {
        let mut run = Lbfgs::new(EXACT, &[9.0, -9.0], vec![0.0; 2], vec![1.0; 2]);
        let mut evaluations = 0;
        while let Some(x) = run.ask() {
            assert!(x.iter().all(|u| (0.0..=1.0).contains(u)));
            evaluations += 1;
            let value = if x[0] < 0.3 { f64::NAN } else { x[0] + x[1] };
            run.tell(value, &[1.0, 1.0]);
        }
        let (x, _) = run.best().unwrap();
        assert!(x[0] >= 0.3 && x[0] < 0.45 && evaluations < 100, "{x:?} after {evaluations}");
    }

    #[test]
    fn a_start_without_a_value_ends_the_run() {
        let mut run = Lbfgs::new(EXACT, &[0.5], vec![0.0], vec![1.0]);
        run.tell(f64::NAN, &[0.0]);
        assert!(run.ask().is_none() && run.best().is_none());
    }
}
