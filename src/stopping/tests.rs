use super::*;
use crate::limits::{EarlyStopping, MedianRule, SuccessiveHalving};
use crate::objective::Objective;
use crate::space::Configuration;
use crate::trial::{Failure, FailureKind, Source};
use crate::trial::{Outcome, Report, StopCause, Trial, TrialId};

fn trial(number: u64, curve: &[(u64, f64)], outcome: Option<Outcome>) -> Trial {
    let trial = Trial::new(TrialId(number), Source::Own, Configuration::default());
    let reports = curve.iter().map(|&(step, value)| Report { step, value }).collect();
    Trial { reports, outcome, ..trial }
}

fn verdict(
    trials: &[Trial],
    rule: EarlyStopping,
    number: u64,
    horizon: Option<u64>,
) -> Option<StopCause> {
    verdict_for(&Objective::minimize("loss"), trials, rule, number, horizon)
}

fn verdict_for(
    objective: &Objective,
    trials: &[Trial],
    rule: EarlyStopping,
    number: u64,
    horizon: Option<u64>,
) -> Option<StopCause> {
    let judged = trials.iter().find(|trial| trial.id.0 == number).unwrap();
    let last = *judged.reports.last().unwrap();
    Curves::of(objective, trials).verdict(&rule, judged.id, last, horizon.map(TrialId))
}

fn median_rule(grace_steps: u64, grace_population: usize) -> EarlyStopping {
    EarlyStopping::MedianRule(MedianRule { grace_steps, grace_population })
}

const DONE: Option<Outcome> = Some(Outcome::Completed { value: 0.0 });

/// By hand. Three jobs report at steps 1, 2 and 3:
///
/// | job | 1 | 2 | 3 | running average at 2 | at 3 |
/// | --- | --- | --- | --- | --- | --- |
/// | 1 | 0.9 | 0.5 | 0.1 | 0.7 | 0.5 |
/// | 2 | 0.8 | 0.6 | 0.4 | 0.7 | 0.6 |
/// | 3 | 1.0 | 0.8 | 0.6 | 0.9 | 0.8 |
///
/// The medians are 0.7 and 0.6.
fn three() -> Vec<Trial> {
    vec![
        trial(1, &[(1, 0.9), (2, 0.5), (3, 0.1)], DONE),
        trial(2, &[(1, 0.8), (2, 0.6), (3, 0.4)], DONE),
        trial(3, &[(1, 1.0), (2, 0.8), (3, 0.6)], DONE),
    ]
}

fn with_a_fourth(curve: &[(u64, f64)]) -> Vec<Trial> {
    let mut trials = three();
    trials.push(trial(4, curve, None));
    trials
}

#[test]
fn the_median_rule_by_hand() {
    let judge = |curve: &[(u64, f64)]| verdict(&with_a_fourth(curve), median_rule(1, 3), 4, None);
    let close = |a: f64, b: f64| (a - b).abs() < 1e-12;
    match judge(&[(1, 0.5), (2, 0.71)]) {
        Some(StopCause::MedianRule { step: 2, value, median, jobs: 3 }) => {
            assert!(close(value, 0.71) && close(median, 0.7), "{value} {median}");
        }
        other => panic!("{other:?}"),
    }
    // The raw value counts, not the job's own running average.
    assert_eq!(judge(&[(1, 9.0), (2, 0.69)]), None);
    assert_eq!(judge(&[(1, 0.5), (2, 0.5), (3, 0.59)]), None);
    assert!(judge(&[(1, 0.5), (2, 0.5), (3, 0.61)]).is_some());
    // A value as good as the median is not worse.
    let exact = [trial(1, &[(1, 0.5), (2, 0.5)], DONE), trial(2, &[(1, 1.0), (2, 0.5)], None)];
    assert_eq!(verdict(&exact, median_rule(1, 1), 2, None), None);
}

#[test]
fn the_median_rule_knows_the_goal() {
    let mirrored: Vec<Trial> = with_a_fourth(&[(1, 0.5), (2, 0.71)])
        .into_iter()
        .map(|mut trial| {
            trial.reports.iter_mut().for_each(|report| report.value = -report.value);
            trial
        })
        .collect();
    let objective = Objective::maximize("accuracy");
    match verdict_for(&objective, &mirrored, median_rule(1, 3), 4, None) {
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
fn the_median_rule_has_grace() {
    let bad = [(1, 9.0)];
    assert_eq!(verdict(&with_a_fourth(&bad), median_rule(1, 3), 4, None), None);
    assert!(verdict(&with_a_fourth(&bad), median_rule(0, 3), 4, None).is_some());
    let bad = [(1, 9.0), (2, 9.0)];
    assert_eq!(verdict(&with_a_fourth(&bad), median_rule(1, 4), 4, None), None);
    assert_eq!(verdict(&with_a_fourth(&bad), median_rule(2, 3), 4, None), None);
    assert_eq!(verdict(&with_a_fourth(&bad), EarlyStopping::Off, 4, None), None);
}

#[test]
fn only_earlier_jobs_that_got_as_far_count() {
    // Job 1 was stopped at step 1, job 5 came later, job 3 completed early on its own.
    let stopped = Some(Outcome::Stopped { value: Some(0.1) });
    let failed = Some(Outcome::Failed(Failure::new(FailureKind::Error, "")));
    let trials = [
        trial(1, &[(1, 0.1)], stopped),
        trial(2, &[(1, 0.5), (2, 0.5), (3, 0.5)], failed),
        trial(3, &[(1, 0.6)], DONE),
        trial(4, &[(1, 0.2), (3, 0.56)], None),
        trial(5, &[(1, 0.1), (3, 0.1)], None),
    ];
    match verdict(&trials, median_rule(1, 2), 4, None) {
        Some(StopCause::MedianRule { median, jobs: 2, .. }) => {
            assert!((median - 0.55).abs() < 1e-12, "{median}: the mean of 0.5 and 0.6");
        }
        other => panic!("{other:?}"),
    }
    // Under a fixed lag only trials up to the horizon are known.
    assert_eq!(verdict(&trials, median_rule(1, 2), 4, Some(2)), None);
    assert!(verdict(&trials, median_rule(1, 1), 4, Some(2)).is_some());
}

#[test]
fn missing_irregular_repeated_and_infinite_values_are_borne() {
    let trials = [
        // Steps that come late, one of them twice: 1.0 at 10, then 0.4 at 20.
        trial(1, &[(20, 7.0), (10, 1.0), (20, 0.4)], DONE),
        trial(2, &[(5, f64::NAN), (30, 0.2)], DONE),
        trial(3, &[(8, 0.5), (25, 0.71)], None),
    ];
    match verdict(&trials, median_rule(1, 2), 3, None) {
        // The averages at 25 are 0.7 and infinite, and so is their median.
        None => {}
        other => panic!("{other:?}"),
    }
    let [first, _, third] = trials;
    assert!(verdict(&[first.clone(), third], median_rule(1, 1), 3, None).is_some());
    let diverged = [first, trial(2, &[(1, 0.1), (20, f64::NAN)], None)];
    assert!(verdict(&diverged, median_rule(1, 1), 2, None).is_some(), "no number is the worst");
    // A report that comes after a further one is not judged.
    let late = [trial(1, &[(1, 0.1), (2, 0.1)], DONE), trial(2, &[(3, 0.0), (2, 9.0)], None)];
    assert_eq!(verdict(&late, median_rule(0, 1), 2, None), None);
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
    let rungs = |least, most, reduction_factor| {
        let EarlyStopping::SuccessiveHalving(rule) = halving(least, most, reduction_factor) else {
            unreachable!()
        };
        rule.rungs()
    };
    assert_eq!(rungs(1, 81, 3), [1, 3, 9, 27]);
    assert_eq!(rungs(1, 82, 3), [1, 3, 9, 27, 81]);
    assert_eq!(rungs(2, 100, 4), [2, 8, 32]);
    assert_eq!(rungs(5, 5, 3), [0; 0]);
    assert_eq!(rungs(1, u64::MAX, 2).len(), 64);
}

/// With η = 3: the first two on a rung go on for want of rivals; of three to five only the best one does, of six the best two.
#[test]
fn halving_by_hand() {
    let losses = [0.5, 0.4, 0.45, 0.3, 0.35, 0.36, 0.9];
    let goes_on = [true, true, false, true, false, false, false];
    let mut trials: Vec<Trial> = Vec::new();
    for (i, (loss, goes_on)) in losses.iter().zip(goes_on).enumerate() {
        let number = i as u64 + 1;
        trials.push(trial(number, &[(1, *loss)], None));
        let cause = verdict(&trials, halving(1, 9, 3), number, None);
        assert_eq!(cause.is_none(), goes_on, "job {number}: {cause:?}");
    }
    // The sixth was the third best of six; the second best of six would have gone on.
    trials.truncate(5);
    trials.push(trial(6, &[(1, 0.32)], None));
    assert_eq!(verdict(&trials, halving(1, 9, 3), 6, None), None);
    trials.push(trial(7, &[(1, f64::NAN)], None));
    match verdict(&trials, halving(1, 9, 3), 7, None) {
        Some(StopCause::SuccessiveHalving { step: 1, rung: 1, better: 6, jobs: 7, value }) => {
            assert!(value.is_nan());
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_rung_is_judged_once_by_the_first_report_on_it() {
    let rule = halving(2, 100, 3);
    let curve = |loss: f64| [(1, 9.0), (3, loss), (4, 9.0), (7, loss)];
    let rivals: Vec<Trial> =
        (1..=5).map(|number| trial(number, &curve(number as f64), DONE)).collect();
    let judge = |curve: &[(u64, f64)]| {
        let mut trials = rivals.clone();
        trials.push(trial(6, curve, None));
        verdict(&trials, rule, 6, None)
    };
    assert_eq!(judge(&[(1, 99.0)]), None, "below the first rung");
    assert!(matches!(judge(&[(3, 2.5)]), Some(StopCause::SuccessiveHalving { rung: 2, .. })));
    assert_eq!(judge(&[(2, 1.5)]), None, "second of six");
    assert_eq!(judge(&[(2, 1.5), (3, 9.0)]), None, "the rung has been judged");
    assert!(matches!(
        judge(&[(2, 1.5), (6, 9.0)]),
        Some(StopCause::SuccessiveHalving { rung: 6, better: 5, jobs: 6, .. })
    ));
    // Whoever is not on a rung of theirs yet is judged on the one that they have reached, not on those before.
    assert!(matches!(judge(&[(8, 9.0)]), Some(StopCause::SuccessiveHalving { rung: 6, .. })));
    assert!(matches!(judge(&[(100, 0.1)]), Some(StopCause::MaxResource { step: 100, .. })));
}

#[test]
fn taking_in_report_by_report_is_taking_in_all() {
    let objective = Objective::minimize("loss");
    let trials = with_a_fourth(&[(1, 0.5), (2, 0.71)]);
    let mut step_by_step = Curves::of(&objective, &[]);
    for trial in &trials {
        trial.reports.iter().for_each(|report| step_by_step.add(trial.id, *report));
        if let Some(outcome) = &trial.outcome {
            step_by_step.end(trial.id, outcome);
        }
    }
    let last = *trials[3].reports.last().unwrap();
    for rule in [median_rule(1, 3), halving(1, 9, 2)] {
        let all = Curves::of(&objective, &trials).verdict(&rule, TrialId(4), last, None);
        assert!(all.is_some());
        assert_eq!(step_by_step.verdict(&rule, TrialId(4), last, None), all);
    }
}

/// The averages that are kept by step are those of a walk over all curves, however reports come.
#[test]
fn averages_by_step_are_those_of_all_curves() {
    use crate::rng::Rng;
    for seed in 0..20 {
        let mut rng = Rng::stream(seed, 0);
        let mut curves = Curves::of(&Objective::minimize("loss"), &[]);
        for _ in 0..300 {
            let trial = TrialId(1 + rng.index(12) as u64);
            let is_over = curves.curves.get(&trial).is_some_and(|curve| curve.end.is_some());
            match rng.index(20) {
                0 if !is_over => curves.end(trial, &Outcome::from(rng.uniform())),
                1 if !is_over => curves.forget(trial),
                _ if !is_over => {
                    let step = 1 + rng.index(9) as u64;
                    curves.add(trial, Report { step, value: rng.uniform() });
                }
                _ => {}
            }
            for step in 1..10 {
                let walked: Vec<(TrialId, f64)> = curves
                    .curves
                    .iter()
                    .filter(|(_, curve)| curve.has_reached(step))
                    .filter_map(|(id, curve)| Some((*id, curve.running_average(step)?)))
                    .collect();
                let kept = curves.averages.at(step);
                assert!(kept.is_empty() || kept == walked, "{kept:?} {walked:?}");
            }
        }
    }
}
