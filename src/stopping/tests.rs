use super::*;
use crate::limits::{EarlyStopping, MedianRule, SuccessiveHalving};
use crate::objective::Objective;
use crate::space::Configuration;
use crate::trial::{Failure, FailureKind, Source};
use crate::trial::{Outcome, Report, StopCause, Trial, TrialId};

fn trial(number: u64, curve: &[(u64, f64)], outcome: Option<Outcome>) -> Trial {
    let trial = Trial::new(TrialId(number), Source::Study, Configuration::default());
    let reports = curve.iter().map(|&(step, value)| Report { step, value }).collect();
    Trial { reports, outcome, ..trial }
}

fn decide(
    trials: &[Trial],
    rule: EarlyStopping,
    number: u64,
    horizon: Option<u64>,
) -> Option<StopCause> {
    decide_for(&Objective::minimize("loss"), trials, rule, number, horizon)
}

fn decide_for(
    objective: &Objective,
    trials: &[Trial],
    rule: EarlyStopping,
    number: u64,
    horizon: Option<u64>,
) -> Option<StopCause> {
    let trial = trials.iter().find(|trial| trial.id.0 == number).unwrap();
    let last = *trial.reports.last().unwrap();
    LearningCurves::from_trials(objective, trials).decide(
        &rule,
        trial.id,
        last,
        horizon.map(TrialId),
    )
}

fn median_rule(grace_steps: u64, grace_population: usize) -> EarlyStopping {
    EarlyStopping::MedianRule(MedianRule { grace_steps, grace_population })
}

const DONE: Option<Outcome> = Some(Outcome::Completed { value: 0.0 });

/// Returns three completed trials, which reported at steps 1, 2 and 3:
///
/// | trial | 1 | 2 | 3 | running average at 2 | at 3 |
/// | --- | --- | --- | --- | --- | --- |
/// | 1 | 0.9 | 0.5 | 0.1 | 0.7 | 0.5 |
/// | 2 | 0.8 | 0.6 | 0.4 | 0.7 | 0.6 |
/// | 3 | 1.0 | 0.8 | 0.6 | 0.9 | 0.8 |
///
/// The medians of the running averages are 0.7 and 0.6.
fn three_trials() -> Vec<Trial> {
    vec![
        trial(1, &[(1, 0.9), (2, 0.5), (3, 0.1)], DONE),
        trial(2, &[(1, 0.8), (2, 0.6), (3, 0.4)], DONE),
        trial(3, &[(1, 1.0), (2, 0.8), (3, 0.6)], DONE),
    ]
}

fn with_fourth_trial(curve: &[(u64, f64)]) -> Vec<Trial> {
    let mut trials = three_trials();
    trials.push(trial(4, curve, None));
    trials
}

#[test]
fn the_median_rule_matches_hand_calculation() {
    let decide_fourth =
        |curve: &[(u64, f64)]| decide(&with_fourth_trial(curve), median_rule(1, 3), 4, None);
    let is_close = |a: f64, b: f64| (a - b).abs() < 1e-12;
    match decide_fourth(&[(1, 0.5), (2, 0.71)]) {
        Some(StopCause::MedianRule { step: 2, value, median, jobs: 3 }) => {
            assert!(is_close(value, 0.71) && is_close(median, 0.7), "{value} {median}");
        }
        other => panic!("{other:?}"),
    }
    // The value at the step counts, not the trial's own running average.
    assert_eq!(decide_fourth(&[(1, 9.0), (2, 0.69)]), None);
    assert_eq!(decide_fourth(&[(1, 0.5), (2, 0.5), (3, 0.59)]), None);
    assert!(decide_fourth(&[(1, 0.5), (2, 0.5), (3, 0.61)]).is_some());
    // A value equal to the median does not stop a trial.
    let exact = [trial(1, &[(1, 0.5), (2, 0.5)], DONE), trial(2, &[(1, 1.0), (2, 0.5)], None)];
    assert_eq!(decide(&exact, median_rule(1, 1), 2, None), None);
}

#[test]
fn the_median_rule_follows_the_goal_of_the_objective() {
    let negated: Vec<Trial> = with_fourth_trial(&[(1, 0.5), (2, 0.71)])
        .into_iter()
        .map(|mut trial| {
            trial.reports.iter_mut().for_each(|report| report.value = -report.value);
            trial
        })
        .collect();
    let objective = Objective::maximize("accuracy");
    match decide_for(&objective, &negated, median_rule(1, 3), 4, None) {
        Some(StopCause::MedianRule { value, median, .. }) => {
            assert!(
                (value + 0.71).abs() < 1e-12 && (median + 0.7).abs() < 1e-12,
                "in the metric's own unit"
            );
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_median_rule_has_a_grace_period() {
    let high = [(1, 9.0)];
    assert_eq!(decide(&with_fourth_trial(&high), median_rule(1, 3), 4, None), None);
    assert!(decide(&with_fourth_trial(&high), median_rule(0, 3), 4, None).is_some());
    let high = [(1, 9.0), (2, 9.0)];
    assert_eq!(decide(&with_fourth_trial(&high), median_rule(1, 4), 4, None), None);
    assert_eq!(decide(&with_fourth_trial(&high), median_rule(2, 3), 4, None), None);
    assert_eq!(decide(&with_fourth_trial(&high), EarlyStopping::Off, 4, None), None);
}

#[test]
fn only_earlier_trials_that_reached_the_step_count() {
    // Trial 1 was stopped at step 1, trial 5 is a later one, trial 3 completed at step 1.
    let stopped = Some(Outcome::Stopped { value: Some(0.1) });
    let failed = Some(Outcome::Failed(Failure::new(FailureKind::Error, "")));
    let trials = [
        trial(1, &[(1, 0.1)], stopped),
        trial(2, &[(1, 0.5), (2, 0.5), (3, 0.5)], failed),
        trial(3, &[(1, 0.6)], DONE),
        trial(4, &[(1, 0.2), (3, 0.56)], None),
        trial(5, &[(1, 0.1), (3, 0.1)], None),
    ];
    match decide(&trials, median_rule(1, 2), 4, None) {
        Some(StopCause::MedianRule { median, jobs: 2, .. }) => {
            assert!((median - 0.55).abs() < 1e-12, "{median}: the mean of 0.5 and 0.6");
        }
        other => panic!("{other:?}"),
    }
    // Under a fixed lag, only trials up to the horizon count.
    assert_eq!(decide(&trials, median_rule(1, 2), 4, Some(2)), None);
    assert!(decide(&trials, median_rule(1, 1), 4, Some(2)).is_some());
}

#[test]
fn missing_late_repeated_and_non_finite_reports_are_handled() {
    let trials = [
        // Late and repeated steps: the losses are 1.0 at 10 and 0.4 at 20.
        trial(1, &[(20, 7.0), (10, 1.0), (20, 0.4)], DONE),
        trial(2, &[(5, f64::NAN), (30, 0.2)], DONE),
        trial(3, &[(8, 0.5), (25, 0.71)], None),
    ];
    match decide(&trials, median_rule(1, 2), 3, None) {
        // The averages at 25 are 0.7 and infinite, so their median is infinite.
        None => {}
        other => panic!("{other:?}"),
    }
    let [first, _, third] = trials;
    assert!(decide(&[first.clone(), third], median_rule(1, 1), 3, None).is_some());
    let diverged = [first, trial(2, &[(1, 0.1), (20, f64::NAN)], None)];
    assert!(decide(&diverged, median_rule(1, 1), 2, None).is_some(), "NaN is the worst loss");
    // A late report of an earlier step leads to no decision.
    let late = [trial(1, &[(1, 0.1), (2, 0.1)], DONE), trial(2, &[(3, 0.0), (2, 9.0)], None)];
    assert_eq!(decide(&late, median_rule(0, 1), 2, None), None);
}

fn halving(min_resource: u64, max_resource: u64, reduction_factor: u64) -> EarlyStopping {
    EarlyStopping::SuccessiveHalving(SuccessiveHalving {
        min_resource,
        max_resource,
        reduction_factor,
    })
}

#[test]
fn rungs_are_powers_of_the_reduction_factor() {
    let rungs = |min_resource, max_resource, reduction_factor| {
        SuccessiveHalving { min_resource, max_resource, reduction_factor }.rungs()
    };
    assert_eq!(rungs(1, 81, 3), [1, 3, 9, 27]);
    assert_eq!(rungs(1, 82, 3), [1, 3, 9, 27, 81]);
    assert_eq!(rungs(2, 100, 4), [2, 8, 32]);
    assert_eq!(rungs(5, 5, 3), [0; 0]);
    assert_eq!(rungs(1, u64::MAX, 2).len(), 64);
}

/// With η = 3, the first two trials on a rung continue, because there are fewer than three. Of
/// three to five trials the best one continues, of six the best two.
#[test]
fn successive_halving_matches_hand_calculation() {
    let losses = [0.5, 0.4, 0.45, 0.3, 0.35, 0.36, 0.9];
    let continues = [true, true, false, true, false, false, false];
    let mut trials: Vec<Trial> = Vec::new();
    for (i, (loss, continues)) in losses.iter().zip(continues).enumerate() {
        let number = i as u64 + 1;
        trials.push(trial(number, &[(1, *loss)], None));
        let cause = decide(&trials, halving(1, 9, 3), number, None);
        assert_eq!(cause.is_none(), continues, "trial {number}: {cause:?}");
    }
    // The sixth trial was the third best of six; the second best of six would continue.
    trials.truncate(5);
    trials.push(trial(6, &[(1, 0.32)], None));
    assert_eq!(decide(&trials, halving(1, 9, 3), 6, None), None);
    trials.push(trial(7, &[(1, f64::NAN)], None));
    match decide(&trials, halving(1, 9, 3), 7, None) {
        Some(StopCause::SuccessiveHalving { step: 1, rung: 1, better: 6, jobs: 7, value }) => {
            assert!(value.is_nan());
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_first_report_on_a_rung_decides_once() {
    let rule = halving(2, 100, 3);
    let curve = |loss: f64| [(1, 9.0), (3, loss), (4, 9.0), (7, loss)];
    let others: Vec<Trial> =
        (1..=5).map(|number| trial(number, &curve(number as f64), DONE)).collect();
    let decide_sixth = |curve: &[(u64, f64)]| {
        let mut trials = others.clone();
        trials.push(trial(6, curve, None));
        decide(&trials, rule, 6, None)
    };
    let stopped_on_rung = |curve: &[(u64, f64)]| match decide_sixth(curve) {
        Some(StopCause::SuccessiveHalving { rung, better, jobs, .. }) => Some((rung, better, jobs)),
        _ => None,
    };
    assert_eq!(decide_sixth(&[(1, 99.0)]), None, "below the first rung");
    assert_eq!(stopped_on_rung(&[(3, 2.5)]).map(|(rung, ..)| rung), Some(2));
    assert_eq!(decide_sixth(&[(2, 1.5)]), None, "second of six");
    assert_eq!(decide_sixth(&[(2, 1.5), (3, 9.0)]), None, "the rung is decided");
    assert_eq!(stopped_on_rung(&[(2, 1.5), (6, 9.0)]), Some((6, 5, 6)));
    // A trial that skips rungs is compared on the rung that it has reached.
    assert_eq!(stopped_on_rung(&[(8, 9.0)]).map(|(rung, ..)| rung), Some(6));
    let at_the_end = decide_sixth(&[(100, 0.1)]);
    assert!(matches!(at_the_end, Some(StopCause::MaxResource { step: 100, .. })));
}

#[test]
fn adding_reports_one_by_one_equals_collecting_all() {
    let objective = Objective::minimize("loss");
    let trials = with_fourth_trial(&[(1, 0.5), (2, 0.71)]);
    let mut one_by_one = LearningCurves::from_trials(&objective, &[]);
    for trial in &trials {
        trial.reports.iter().for_each(|report| one_by_one.add_report(trial.id, *report));
        if let Some(outcome) = &trial.outcome {
            one_by_one.finish(trial.id, outcome);
        }
    }
    let last = *trials[3].reports.last().unwrap();
    for rule in [median_rule(1, 3), halving(1, 9, 2)] {
        let all =
            LearningCurves::from_trials(&objective, &trials).decide(&rule, TrialId(4), last, None);
        assert!(all.is_some());
        assert_eq!(one_by_one.decide(&rule, TrialId(4), last, None), all);
    }
}

/// The order of reports does not matter.
#[test]
fn running_averages_equal_a_recomputation_from_all_curves() {
    use crate::rng::Rng;
    for seed in 0..20 {
        let mut rng = Rng::stream(seed, 0);
        let mut curves = LearningCurves::from_trials(&Objective::minimize("loss"), &[]);
        for _ in 0..300 {
            let trial = TrialId(1 + rng.index(12) as u64);
            let is_over = curves.curves.get(&trial).is_some_and(|curve| curve.final_loss.is_some());
            match rng.index(20) {
                0 if !is_over => curves.finish(trial, &Outcome::from(rng.uniform())),
                1 if !is_over => curves.remove(trial),
                _ if !is_over => {
                    let step = 1 + rng.index(9) as u64;
                    curves.add_report(trial, Report { step, value: rng.uniform() });
                }
                _ => {}
            }
            for step in 1..10 {
                let recomputed: Vec<(TrialId, f64)> = curves
                    .curves
                    .iter()
                    .filter(|(_, curve)| curve.has_reached(step))
                    .filter_map(|(id, curve)| Some((*id, curve.running_average(step)?)))
                    .collect();
                let actual = curves.averages.at(step);
                assert!(actual.is_empty() || actual == recomputed, "{actual:?} {recomputed:?}");
            }
        }
    }
}
