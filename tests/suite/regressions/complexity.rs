//! Time and memory as functions of the number of trials and parameters.

use std::hint::black_box;
use std::time::{Duration, Instant};

use surmise::study::Event;
use surmise::{
    AskOutcome, Configuration, Objective, Outcome, ParameterRange, RandomSearch, ScalingType,
    SearchSpace, Study, StudySettings,
};

use super::{ask, new_study, unit_cube};

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let result = work();
    (result, start.elapsed())
}

/// Returns the shortest time in seconds, because a busy machine can only increase times.
fn shortest(times: impl Iterator<Item = Duration>) -> f64 {
    times.min().unwrap().as_secs_f64()
}

/// Asserts that the ratio of two measured times, the first one to the second one, is below `limit`.
///
/// On a busy machine a ratio may exceed the limit, so that up to eight pairs are measured. An
/// algorithm of the wrong complexity exceeds it each time.
fn assert_ratio_below(limit: f64, description: &str, mut measure: impl FnMut() -> (f64, f64)) {
    let mut measurements = Vec::new();
    for _ in 0..8 {
        let (first, second) = measure();
        if first < limit * second {
            return;
        }
        measurements.push((first, second));
    }
    panic!("{description}: the ratio is not below {limit} in {measurements:?}");
}

fn ask_and_tell(study: &mut Study, trials: usize) {
    for _ in 0..trials {
        let trial = ask(study);
        study.tell(trial.id, Outcome::from(trial.configuration.float("x0"))).unwrap();
    }
}

#[test]
fn fault_g_ask_and_tell_take_constant_time() {
    let mut study = new_study(unit_cube(3), RandomSearch, StudySettings::default());
    let time_of_200 =
        |study: &mut Study| shortest((0..5).map(|_| timed(|| ask_and_tell(study, 200)).1));
    ask_and_tell(&mut study, 100_000);
    assert_ratio_below(3.0, "200 trials after 100,000, and after 1,000", || {
        let mut small_study = new_study(unit_cube(3), RandomSearch, StudySettings::default());
        ask_and_tell(&mut small_study, 1000);
        (time_of_200(&mut study), time_of_200(&mut small_study))
    });
}

#[test]
fn fault_g_replay_is_linear_in_trials() {
    let mut study = new_study(unit_cube(3), RandomSearch, StudySettings::default());
    ask_and_tell(&mut study, 20_000);
    let replay = |events: &[Event]| {
        let settings = StudySettings::default();
        let objective = Objective::minimize("loss");
        let events = events.to_vec();
        timed(|| Study::replay(unit_cube(3), objective, RandomSearch, settings, events).unwrap()).1
    };
    let events = study.events();
    assert_ratio_below(3.0 * 10.0, "10 times as many events", || {
        let few = shortest((0..5).map(|_| replay(&events[..4000])));
        (shortest((0..3).map(|_| replay(events))), few)
    });
}

/// Returns the time of `trials` calls of `add_observation` in a space of `dimension` parameters.
fn observation_time(dimension: usize, trials: u32) -> Duration {
    let mut study = new_study(unit_cube(dimension), RandomSearch, StudySettings::default());
    let names: Vec<String> = (0..dimension).map(|i| format!("x{i}")).collect();
    let configurations: Vec<Configuration> = (0..trials)
        .map(|trial| {
            let value = |i: usize| f64::from(trial) / f64::from(trials) / (1.0 + i as f64);
            names.iter().enumerate().map(|(i, name)| (name.clone(), value(i).into())).collect()
        })
        .collect();
    timed(|| {
        for configuration in &configurations {
            black_box(study.add_observation(configuration, Outcome::from(1.0)).unwrap());
        }
    })
    .1
}

#[test]
fn fault_g_add_observation_is_linear_in_trials_and_dimensions() {
    assert_ratio_below(3.0 * 10.0, "10 times as many trials", || {
        let few = shortest((0..3).map(|_| observation_time(2, 5000)));
        (shortest((0..2).map(|_| observation_time(2, 50_000))), few)
    });
    assert_ratio_below(3.0 * 16.0, "16 times as many parameters", || {
        let few = shortest((0..3).map(|_| observation_time(50, 500)));
        (shortest((0..3).map(|_| observation_time(800, 500))), few)
    });
}

#[test]
fn fault_g_the_median_rule_scans_no_learning_curves() {
    use surmise::EarlyStopping;
    use surmise::stopping::LearningCurves;
    use surmise::trial::{Report, TrialId};

    let decision_time = |jobs: u64| {
        let mut curves = LearningCurves::from_trials(&Objective::minimize("loss"), &[]);
        for job in 1..=jobs {
            for step in 1..=30 {
                curves.add_report(TrialId(job), Report { step, value: (job % 7) as f64 });
            }
            curves.finish(TrialId(job), &Outcome::from((job % 7) as f64));
        }
        let (rule, new_trial) = (EarlyStopping::auto(), TrialId(jobs + 1));
        let decide = |curves: &mut LearningCurves| {
            for step in 1..=30 {
                let report = Report { step, value: 9.0 };
                curves.add_report(new_trial, report);
                black_box(curves.decide(&rule, new_trial, report, None));
            }
        };
        shortest((0..5).map(|_| {
            let mut curves = curves.clone();
            timed(|| decide(&mut curves)).1
        }))
    };
    // With a hundred times as many jobs, only the computation of their median takes longer.
    assert_ratio_below(400.0, "30 reports after 30,000 jobs, and after 300", || {
        (decision_time(30_000), decision_time(300))
    });
    assert_ratio_below(0.06, "30 reports after 30,000 jobs, and one second", || {
        (decision_time(30_000), 1.0)
    });
}

#[test]
fn fault_g_events_are_small_and_names_are_shared() {
    assert!(size_of::<Event>() <= 64, "{}", size_of::<Event>());
    assert_eq!(size_of::<Configuration>(), size_of::<usize>(), "a clone shares its contents");
    let range = ParameterRange::categorical("kind", ["a", "b", "c"]);
    let space =
        SearchSpace::new([range, ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear)]);
    let mut study = new_study(space.unwrap(), RandomSearch, StudySettings::default());
    let AskOutcome::Trials(trials) = study.ask(2).unwrap() else { panic!() };
    let name_address = |trial: usize| {
        let (name, _) = trials[trial].configuration.iter().next().unwrap();
        name.as_ptr()
    };
    assert_eq!(name_address(0), name_address(1), "all configurations share the names of the space");
}
