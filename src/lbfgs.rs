//! The optimizer L-BFGS with box constraints, as a state machine with `ask` and `tell`.
//!
//! | symbol | meaning | shape |
//! | --- | --- | --- |
//! | x, f, g | point, value and gradient there | d, –, d |
//! | l, u | bounds of the box | d, d |
//! | s = x′ − x, y = g′ − g | steps and gradient changes; the last 10 pairs are stored | d, d |
//! | p | direction: −H g, but 0 for variables at an active bound | d |
//! | H | inverse Hessian that the stored pairs imply | d × d |
//! | P | projection onto the box | – |
//! | t | step length | – |
//!
//! The optimizer never calls the function. So a caller can advance many runs in lock-step, with one
//! batched evaluation per iteration.
//!
//! The two-loop recursion (Nocedal & Wright 2006, algorithm 7.4) computes the direction over all
//! variables that are not at an active bound. The step is projected onto the box (Bertsekas 1982),
//! and shortened until it satisfies Armijo's condition:
//!
//! f(P(x + t p)) ≤ f + 10⁻⁴ gᵀ(P(x + t p) − x)

use std::collections::VecDeque;

/// The stopping criteria of a run, and the maximum length of its first step.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// The run stops when no component of the projected gradient exceeds this value.
    pub gradient_tolerance: f64,
    /// The run stops when an iteration decreases f by less than this share of max(1, |f|).
    pub relative_tolerance: f64,
    /// The run stops after this number of evaluations.
    pub max_evaluations: usize,
    /// Maximum length of the first step, in the units of the variables.
    pub max_first_step: f64,
}

/// Maximum number of stored pairs of steps and gradient changes.
const MEMORY: usize = 10;
/// Share of the predicted decrease that a step must achieve.
const ARMIJO: f64 = 1e-4;
/// Maximum number of times that one step is shortened.
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
    next_point: Vec<f64>,
    evaluations: usize,
    is_finished: bool,
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
    /// Creates a run from `start`, which is moved into the box if it is outside.
    ///
    /// # Panics
    /// Panics if the lengths differ, or if a lower bound exceeds its upper bound.
    pub fn new(settings: Settings, start: &[f64], lower: Vec<f64>, upper: Vec<f64>) -> Self {
        assert!(start.len() == lower.len() && start.len() == upper.len(), "lengths differ");
        assert!(lower.iter().zip(&upper).all(|(l, u)| l <= u), "the box is empty");
        let clamped = start.iter().zip(lower.iter().zip(&upper)).map(|(x, (l, u))| x.clamp(*l, *u));
        Self {
            next_point: clamped.collect(),
            settings,
            lower,
            upper,
            best: None,
            pairs: VecDeque::with_capacity(MEMORY),
            direction: Vec::new(),
            step: 1.0,
            backtracks: 0,
            evaluations: 0,
            is_finished: false,
        }
    }

    /// Returns the point to evaluate next, or `None` if the run has finished.
    pub fn ask(&self) -> Option<&[f64]> {
        (!self.is_finished).then_some(&self.next_point)
    }

    /// Sets the value and the gradient (d) at the point that [`ask`](Self::ask) returned.
    ///
    /// If either is not finite, the run rejects the step; at the first point, it ends.
    pub fn tell(&mut self, value: f64, gradient: &[f64]) {
        if self.is_finished {
            return;
        }
        self.evaluations += 1;
        let is_finite = value.is_finite() && gradient.iter().all(|g| g.is_finite());
        match self.best.take() {
            None if is_finite => self.accept(None, value, gradient),
            None => self.is_finished = true,
            Some(best) => {
                let predicted_change = dot(&best.gradient, &difference(&self.next_point, &best.x));
                let bound = best.value + ARMIJO * predicted_change.min(0.0);
                if is_finite && value <= bound && value < best.value {
                    self.accept(Some(best), value, gradient);
                } else {
                    self.best = Some(best);
                    self.backtrack(value, predicted_change);
                }
            }
        }
        self.is_finished |= self.evaluations >= self.settings.max_evaluations;
    }

    /// Returns the best evaluated point and its value, or `None` before the first finite value.
    pub fn best(&self) -> Option<(&[f64], f64)> {
        self.best.as_ref().map(|best| (best.x.as_slice(), best.value))
    }

    /// Returns the number of calls of [`tell`](Self::tell).
    pub fn evaluations(&self) -> usize {
        self.evaluations
    }

    fn accept(&mut self, previous: Option<Evaluated>, value: f64, gradient: &[f64]) {
        let x = std::mem::take(&mut self.next_point);
        if let Some(previous) = &previous {
            self.store_pair(difference(&x, &previous.x), difference(gradient, &previous.gradient));
            let decrease = previous.value - value;
            self.is_finished |= decrease < self.settings.relative_tolerance * value.abs().max(1.0);
        }
        self.best = Some(Evaluated { x, value, gradient: gradient.to_vec() });
        self.start_line_search();
    }

    fn store_pair(&mut self, step: Vec<f64>, change: Vec<f64>) {
        let curvature = dot(&step, &change);
        if curvature > 1e-10 * (dot(&step, &step) * dot(&change, &change)).sqrt() {
            if self.pairs.len() == MEMORY {
                self.pairs.pop_front();
            }
            self.pairs.push_back(Pair { step, change, curvature });
        }
    }

    /// Computes the direction from the best point, and proposes the full step.
    fn start_line_search(&mut self) {
        let Some(best) = &self.best else { return };
        let free: Vec<bool> =
            (0..best.x.len()).map(|i| !self.is_at_active_bound(best, i)).collect();
        let masked = |values: &[f64]| -> Vec<f64> {
            values.iter().zip(&free).map(|(v, &f)| if f { *v } else { 0.0 }).collect()
        };
        let gradient = masked(&best.gradient);
        let max_gradient = gradient.iter().fold(0.0_f64, |max, g| max.max(g.abs()));
        if max_gradient <= self.settings.gradient_tolerance {
            self.is_finished = true;
            return;
        }
        let mut direction = masked(&self.two_loop(&gradient));
        if dot(&direction, &gradient) >= 0.0 {
            self.pairs.clear();
            direction = gradient.iter().map(|g| -g).collect();
        }
        self.step = if self.pairs.is_empty() {
            let max_component = direction.iter().fold(0.0_f64, |max, d| max.max(d.abs()));
            (self.settings.max_first_step / max_component).min(1.0)
        } else {
            1.0
        };
        self.direction = direction;
        self.backtracks = 0;
        self.set_next_point();
    }

    /// Returns `true` if variable `i` is at a bound and a step downhill would cross that bound.
    fn is_at_active_bound(&self, point: &Evaluated, i: usize) -> bool {
        (point.x[i] <= self.lower[i] && point.gradient[i] > 0.0)
            || (point.x[i] >= self.upper[i] && point.gradient[i] < 0.0)
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

    /// Shortens the step to the minimum of a parabola, but to between a tenth and a half.
    ///
    /// The parabola has the value and the derivative at the best point, and `value` at the rejected
    /// point. `predicted_change` is the derivative along the step: gᵀ(P(x + t p) − x).
    fn backtrack(&mut self, value: f64, predicted_change: f64) {
        self.backtracks += 1;
        if self.backtracks > MAX_BACKTRACKS {
            if self.pairs.is_empty() {
                self.is_finished = true;
            } else {
                self.pairs.clear();
                self.start_line_search();
            }
            return;
        }
        let best = self.best.as_ref().map_or(f64::INFINITY, |best| best.value);
        let curvature = value - best - predicted_change;
        let factor = if value.is_finite() && curvature > 0.0 {
            -0.5 * predicted_change / curvature
        } else {
            0.1
        };
        self.step *= factor.clamp(0.1, 0.5);
        self.set_next_point();
    }

    fn set_next_point(&mut self) {
        let Some(best) = &self.best else { return };
        self.next_point = (0..best.x.len())
            .map(|i| {
                (best.x[i] + self.step * self.direction[i]).clamp(self.lower[i], self.upper[i])
            })
            .collect();
        if self.next_point == best.x {
            self.is_finished = true;
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

/// Finishes a run, and returns the best point with its value.
///
/// Returns `None` if the first value or gradient is not finite.
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
        relative_tolerance: 0.0,
        max_evaluations: 500,
        max_first_step: 1.0,
    };

    fn rosenbrock(x: &[f64]) -> (f64, Vec<f64>) {
        let (a, b) = (1.0 - x[0], x[1] - x[0] * x[0]);
        (a * a + 100.0 * b * b, vec![-2.0 * a - 400.0 * x[0] * b, 200.0 * b])
    }

    #[test]
    fn finds_the_minimum_of_rosenbrocks_function() {
        let run = Lbfgs::new(EXACT, &[-1.2, 1.0], vec![-5.0; 2], vec![5.0; 2]);
        let (x, value) = minimize(run, rosenbrock).unwrap();
        assert!(value < 1e-12 && (x[0] - 1.0).abs() < 1e-5, "{x:?} {value}");
    }

    #[test]
    fn finds_a_minimum_on_the_boundary() {
        // For x₁ ≤ ½ the minimum is at (½, ¼).
        let run = Lbfgs::new(EXACT, &[-1.2, 1.0], vec![-5.0; 2], vec![0.5, 5.0]);
        let (x, value) = minimize(run, rosenbrock).unwrap();
        assert!((x[0] - 0.5).abs() < 1e-9 && (x[1] - 0.25).abs() < 1e-6, "{x:?}");
        assert!((value - 0.25).abs() < 1e-9);
    }

    #[test]
    fn stays_in_the_box_and_tolerates_non_finite_values() {
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
    fn a_non_finite_first_value_ends_the_run() {
        let mut run = Lbfgs::new(EXACT, &[0.5], vec![0.0], vec![1.0]);
        run.tell(f64::NAN, &[0.0]);
        assert!(run.ask().is_none() && run.best().is_none());
    }
}
