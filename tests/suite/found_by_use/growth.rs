//! What grows with the number of trials, and how.

use std::hint::black_box;
use std::time::{Duration, Instant};

use surmise::study::Event;
use surmise::{
    Asked, Configuration, Objective, Outcome, ParameterRange, RandomSearch, ScalingType,
    SearchSpace, Study, StudySettings,
};

use super::{ask, cube, study_of};

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let begun = Instant::now();
    let done = work();
    (done, begun.elapsed())
}

/// The shortest of some, because a busy machine only makes things longer.
fn shortest(times: impl Iterator<Item = Duration>) -> f64 {
    times.min().unwrap().as_secs_f64()
}

/// Asserts that something is at most so many times as much as something else, both in seconds. What is out of bounds may owe it to the machine and
/// is measured again; what grows too fast is out of bounds each time.
fn at_most(times: f64, what: &str, mut measured: impl FnMut() -> (f64, f64)) {
    let mut seen = Vec::new();
    for _ in 0..8 {
        let (one, other) = measured();
        if one < times * other {
            return;
        }
        seen.push((one, other));
    }
    panic!("{what}: not below {times} times as much in {seen:?}");
}

fn ask_and_tell(study: &mut Study, trials: usize) {
    for _ in 0..trials {
        let trial = ask(study);
        study.tell(trial.id, Outcome::from(trial.configuration.float("x0"))).unwrap();
    }
}

#[test]
fn fault_g_ask_and_tell_do_not_grow_with_the_number_of_trials() {
    let mut study = study_of(cube(3), RandomSearch, StudySettings::default());
    let block = |study: &mut Study| shortest((0..5).map(|_| timed(|| ask_and_tell(study, 200)).1));
    let left = 100_000 - study.trials().len();
    ask_and_tell(&mut study, left);
    at_most(3.0, "200 at 100,000 trials, and at 1,000", || {
        let mut young = study_of(cube(3), RandomSearch, StudySettings::default());
        ask_and_tell(&mut young, 1000);
        (block(&mut study), block(&mut young))
    });
}

#[test]
fn fault_g_replay_is_linear_in_trials() {
    let mut study = study_of(cube(3), RandomSearch, StudySettings::default());
    ask_and_tell(&mut study, 20_000);
    let replay = |events: &[Event]| {
        let settings = StudySettings::default();
        let objective = Objective::minimize("loss");
        let events = events.to_vec();
        timed(|| Study::replay(cube(3), objective, RandomSearch, settings, events).unwrap()).1
    };
    let events = study.events();
    at_most(3.0 * 10.0, "10 times as many events", || {
        let few = shortest((0..5).map(|_| replay(&events[..4000])));
        (shortest((0..3).map(|_| replay(events))), few)
    });
}

fn observed(dimension: usize, trials: u32) -> Duration {
    let mut study = study_of(cube(dimension), RandomSearch, StudySettings::default());
    let names: Vec<String> = (0..dimension).map(|i| format!("x{i}")).collect();
    let configurations: Vec<Configuration> = (0..trials)
        .map(|trial| {
            let value = |i: usize| f64::from(trial) / f64::from(trials) / (1.0 + i as f64);
            names.iter().enumerate().map(|(i, name)| (name.clone(), value(i).into())).collect()
        })
        .collect();
    timed(|| {
        for configuration in &configurations {
            black_box(study.observe(configuration, Outcome::from(1.0)).unwrap());
        }
    })
    .1
}

#[test]
fn fault_g_observe_is_linear_in_trials_and_in_dimensions() {
    at_most(3.0 * 10.0, "10 times as many trials", || {
        let few = shortest((0..3).map(|_| observed(2, 5000)));
        (shortest((0..2).map(|_| observed(2, 50_000))), few)
    });
    at_most(3.0 * 16.0, "16 times as many parameters", || {
        let narrow = shortest((0..3).map(|_| observed(50, 500)));
        (shortest((0..3).map(|_| observed(800, 500))), narrow)
    });
}

#[test]
fn fault_g_the_median_rule_walks_no_curves() {
    use surmise::EarlyStopping;
    use surmise::stopping::Curves;
    use surmise::trial::{Report, TrialId};

    let verdicts = |jobs: u64| {
        let mut curves = Curves::of(&Objective::minimize("loss"), &[]);
        for job in 1..=jobs {
            for step in 1..=30 {
                curves.add(TrialId(job), Report { step, value: (job % 7) as f64 });
            }
            curves.end(TrialId(job), &Outcome::from((job % 7) as f64));
        }
        let (rule, own) = (EarlyStopping::auto(), TrialId(jobs + 1));
        let judge = |curves: &mut Curves| {
            for step in 1..=30 {
                let report = Report { step, value: 9.0 };
                curves.add(own, report);
                black_box(curves.verdict(&rule, own, report, None));
            }
        };
        shortest((0..5).map(|_| {
            let mut curves = curves.clone();
            timed(|| judge(&mut curves)).1
        }))
    };
    // A hundred times as many jobs: the median of as many numbers is left.
    at_most(400.0, "30 reports at 30,000 jobs, and at 300", || (verdicts(30_000), verdicts(300)));
    at_most(0.06, "30 reports at 30,000 jobs, and a second", || (verdicts(30_000), 1.0));
}

#[test]
fn fault_g_an_event_is_small_and_values_are_shared() {
    assert!(size_of::<Event>() <= 64, "{}", size_of::<Event>());
    assert_eq!(size_of::<Configuration>(), size_of::<usize>(), "a clone shares all of it");
    let range = ParameterRange::categorical("kind", ["a", "b", "c"]);
    let space =
        SearchSpace::new([range, ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear)]);
    let mut study = study_of(space.unwrap(), RandomSearch, StudySettings::default());
    let Asked::Trials(trials) = study.ask(2).unwrap() else { panic!() };
    let text = |trial: usize| {
        let (name, _) = trials[trial].configuration.iter().next().unwrap();
        name.as_ptr()
    };
    assert_eq!(text(0), text(1), "names are those of the space");
}
