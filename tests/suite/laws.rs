//! Laws of a study, for whatever happens to it: replay, limits of what losses may be, changes of unit and of goal.

use proptest::prelude::*;
use surmise::rng::Rng;
use surmise::study::Event;
use surmise::trial::{Failure, FailureKind, StopCause};
use surmise::{
    Asked, BayesianOptimization, Configuration, Error, Goal, LateResults, Objective, Order,
    Outcome, ParameterRange, ParameterValue, RandomSearch, ScalingType, SearchSpace, SobolSearch,
    StoppedTrials, Study, StudySettings, Trial, TrialId,
};

use crate::promises::{loss, mixed};

/// Something that happens to a study; numbers are taken modulo what there is.
#[derive(Debug, Clone)]
enum Happening {
    Ask(usize),
    Tell(usize, f64),
    Fail(usize),
    Stop(usize, Option<f64>),
    Report(usize, f64),
    Observe(u64, f64),
    ObserveNoisy(u64, f64),
    Enqueue(u64, bool),
    AskToStop(usize, f64),
    FailAnAttempt(usize),
    TellOnceMore(usize, f64),
}

fn happenings() -> impl Strategy<Value = Vec<Happening>> {
    let value = || prop_oneof![8 => -1e3..1e3_f64, 1 => Just(f64::NAN), 1 => Just(f64::INFINITY)];
    let happening = prop_oneof![
        4 => (1_usize..4).prop_map(Happening::Ask),
        5 => (any::<usize>(), value()).prop_map(|(i, v)| Happening::Tell(i, v)),
        1 => any::<usize>().prop_map(Happening::Fail),
        1 => (any::<usize>(), prop::option::of(value())).prop_map(|(i, v)| Happening::Stop(i, v)),
        2 => (any::<usize>(), value()).prop_map(|(i, v)| Happening::Report(i, v)),
        1 => (any::<u64>(), value()).prop_map(|(i, v)| Happening::Observe(i, v)),
        1 => (any::<u64>(), value()).prop_map(|(i, v)| Happening::ObserveNoisy(i, v)),
        2 => (0_u64..6, any::<bool>()).prop_map(|(i, first)| Happening::Enqueue(i, first)),
        1 => (any::<usize>(), value()).prop_map(|(i, v)| Happening::AskToStop(i, v)),
        1 => any::<usize>().prop_map(Happening::FailAnAttempt),
        1 => (any::<usize>(), value()).prop_map(|(i, v)| Happening::TellOnceMore(i, v)),
    ];
    prop::collection::vec(happening, 0..40)
}

fn happen(study: &mut Study, happening: &Happening) {
    let pending = |index: usize| -> Option<TrialId> {
        let running: Vec<TrialId> = study.pending().map(|trial| trial.id).collect();
        running.get(index.checked_rem(running.len())?).copied()
    };
    let tell = |study: &mut Study, trial: Option<TrialId>, outcome: Outcome| {
        trial.map_or(Ok(()), |trial| study.tell(trial, outcome))
    };
    match *happening {
        Happening::Ask(count) => study.ask(count).map(|_| ()),
        Happening::Tell(index, value) => {
            let trial = pending(index);
            tell(study, trial, Outcome::Completed { value })
        }
        Happening::Fail(index) => {
            let trial = pending(index);
            let kinds = [FailureKind::Error, FailureKind::Interrupted, FailureKind::Abandoned];
            tell(study, trial, Outcome::Failed(Failure::new(kinds[index % 3], "no luck")))
        }
        Happening::Stop(index, value) => {
            let trial = pending(index);
            tell(study, trial, Outcome::Stopped { value })
        }
        Happening::Report(index, value) => {
            pending(index).map_or(Ok(()), |trial| study.report(trial, 1, value))
        }
        Happening::Observe(seed, value) => {
            let configuration = place(study, seed);
            study.observe(&configuration, Outcome::from(value)).map(|_| ())
        }
        Happening::ObserveNoisy(seed, value) => {
            let configuration = place(study, seed);
            study.observe_noisy(&configuration, value, 0.5).map(|_| ())
        }
        Happening::Enqueue(seed, first) => {
            let configuration = place(study, seed);
            let enqueued = if first {
                study.start_from(&configuration)
            } else {
                study.enqueue(&configuration)
            };
            // What is known or wanted already is refused, in words.
            if let Err(error) = enqueued {
                assert!(matches!(error, Error::Invalid(_)), "{error}");
            }
            Ok(())
        }
        Happening::AskToStop(index, value) => pending(index).map_or(Ok(()), |trial| {
            study.ask_to_stop(trial, StopCause::MaxResource { step: 1, value })
        }),
        Happening::FailAnAttempt(index) => pending(index).map_or(Ok(()), |trial| {
            study.attempt_failed(trial, Failure::new(FailureKind::Interrupted, "again"))
        }),
        Happening::TellOnceMore(index, value) => tell_once_more(study, index, value),
    }
    .unwrap();
}

/// Whatever a trial that has ended came to, this is told of it, too.
fn tell_once_more(study: &mut Study, index: usize, value: f64) -> Result<(), Error> {
    let ended = study.trials().iter().filter(|trial| trial.outcome.is_some());
    let ended: Vec<TrialId> = ended.map(|trial| trial.id).collect();
    let trial = index.checked_rem(ended.len()).map(|index| ended[index]);
    match trial.map(|trial| study.tell(trial, Outcome::from(value))) {
        Some(Err(Error::Conflict { .. })) | None => Ok(()),
        Some(told) => told,
    }
}

fn place(study: &Study, seed: u64) -> Configuration {
    let mut rng = Rng::stream(seed, 0);
    let place: Vec<f64> = study.space().axes().iter().map(|_| rng.uniform()).collect();
    study.space().decode(&place.into())
}

fn strategy(kind: usize) -> Box<dyn surmise::Strategy> {
    match kind {
        0 => Box::new(RandomSearch),
        1 => Box::new(SobolSearch),
        _ => Box::new(BayesianOptimization::default()),
    }
}

/// As text, because a report or a reason may hold a NaN, which equals nothing.
fn shown<T: std::fmt::Debug>(value: T) -> String {
    format!("{value:?}")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_replay_of_its_events_is_the_study(
        happenings in happenings(),
        kind in 0_usize..3,
        lag in prop::option::of(1_usize..4),
        seed: u64,
        late_results in prop_oneof![Just(LateResults::SetAside), Just(LateResults::Used)],
        stopped_trials in prop_oneof![
            Just(StoppedTrials::LastValue), Just(StoppedTrials::Projected), Just(StoppedTrials::PlaceOnly)
        ],
    ) {
        let order = lag.map_or(Order::Arrival, Order::FixedLag);
        let settings =
            StudySettings { seed, order, late_results, stopped_trials, ..Default::default() };
        let objective = Objective::maximize("accuracy");
        let mut study = Study::new(mixed(), objective.clone(), strategy(kind), settings).unwrap();
        for happening in &happenings {
            happen(&mut study, happening);
        }
        let events = study.events().to_vec();
        let mut again =
            Study::replay(mixed(), objective, strategy(kind), settings, events).unwrap();
        prop_assert_eq!(shown(again.events()), shown(study.events()));
        prop_assert_eq!(shown(again.trials()), shown(study.trials()));
        prop_assert_eq!(shown(again.best()), shown(study.best()));
        // And it goes on in the same way.
        prop_assert_eq!(shown(again.ask(2).unwrap()), shown(study.ask(2).unwrap()));
    }
}

#[test]
fn events_that_cannot_have_happened_are_refused_by_their_place() {
    let new = |events: Vec<Event>| {
        let settings = StudySettings::default();
        Study::replay(mixed(), Objective::minimize("loss"), RandomSearch, settings, events)
    };
    let mut study = new(Vec::new()).unwrap();
    study.ask(2).unwrap();
    study.tell(TrialId(1), Outcome::from(1.0)).unwrap();
    let sound = study.events().to_vec();
    let told = sound[2].clone();
    let refused = |events: Vec<Event>, place: usize, reason: &str| match new(events) {
        Err(Error::BadEvent { index, reason: found }) => {
            assert_eq!(index, place);
            assert!(found.contains(reason), "{found}");
        }
        other => panic!("{other:?}"),
    };
    refused([&sound[..], std::slice::from_ref(&told)].concat(), 3, "ended already");
    refused(vec![told], 0, "no trial 1");
    refused(sound[1..].to_vec(), 0, "out of turn");
    let mut foreign = sound.clone();
    if let Event::Asked { configuration, .. } = &mut foreign[1] {
        *configuration = Configuration::default();
    }
    refused(foreign, 1, "missing");
    let mut twice = sound.clone();
    if let (Event::Asked { configuration: first, .. }, [_, second, ..]) =
        (&sound[0], twice.as_mut_slice())
        && let Event::Asked { configuration, .. } = second
    {
        *configuration = first.clone();
    }
    refused(twice, 1, "has been asked");
    for value in [f64::NAN, f64::INFINITY] {
        for outcome in [Outcome::Completed { value }, Outcome::Stopped { value: Some(value) }] {
            let told = Event::Told { trial: TrialId(2), outcome: outcome.clone() };
            refused([&sound[..], &[told]].concat(), 3, "finite");
            let configuration = study.trials()[0].configuration.clone();
            let observed =
                Event::Observed { trial: TrialId(1), configuration, outcome, deviation: None };
            refused(vec![observed], 0, "finite");
        }
    }
    // A whole number written as a float is the same place, but a job that asks for an integer would panic.
    let loose = study.trials()[0].configuration.iter().map(|(name, value)| match value {
        ParameterValue::Integer(number) => (name, ParameterValue::Float(*number as f64)),
        other => (name, other.clone()),
    });
    let configuration: Configuration = loose.collect();
    assert!(study.space().encode(&configuration).is_ok());
    let outcome = Outcome::from(1.0);
    let observed = Event::Observed { trial: TrialId(1), configuration, outcome, deviation: None };
    refused(vec![observed], 0, "order and types");
}

/// Proposes the middle, moved a step along the first axis with every trial.
#[derive(Debug)]
struct Creeping {
    step: f64,
}

impl surmise::Strategy for Creeping {
    fn propose(
        &self,
        history: &surmise::strategy::History<'_>,
        _: &mut Rng,
    ) -> Result<Option<surmise::strategy::Proposal>, Error> {
        let mut point = vec![0.5; history.axes.len()];
        point[0] += self.step * history.next_trial.0 as f64;
        let phase = surmise::strategy::Phase::Heuristic;
        Ok(Some(surmise::strategy::Proposal::new(point.into(), phase)))
    }
}

#[test]
fn no_strategy_can_repeat_a_configuration() {
    let settings = StudySettings::default();
    let objective = Objective::minimize("loss");
    let mut study = Study::new(mixed(), objective, Creeping { step: 0.0 }, settings).unwrap();
    let error = study.ask(2).unwrap_err();
    assert!(matches!(error, Error::BadProposal(_)));
    // What `unwrap` or a `main` shows is for people.
    assert!(format!("{error:?}").contains("has been asked or told"), "{error:?}");
    assert_eq!(study.pending().count(), 1, "what was asked before is in the ledger");
}

/// Steps just above the resolution of 1e-7, which decoding and encoding again may round below it.
#[test]
fn neighbours_are_not_refused_when_asked_nor_when_replayed() {
    let settings = StudySettings::default();
    let objective = Objective::minimize("loss");
    let creeping = || Creeping { step: 1.000_000_001e-7 };
    let mut study = Study::new(mixed(), objective.clone(), creeping(), settings).unwrap();
    assert!(matches!(study.ask(200).unwrap(), Asked::Trials(trials) if trials.len() == 200));
    let events = study.events().to_vec();
    let again = Study::replay(mixed(), objective, creeping(), settings, events).unwrap();
    assert_eq!(again.trials(), study.trials());
}

/// Runs `trials` of them one by one; the loss is of trial number and configuration.
fn run(
    objective: Objective,
    seed: u64,
    trials: usize,
    value: impl Fn(usize, &Configuration) -> f64,
) -> Study {
    let settings = StudySettings { seed, ..Default::default() };
    let strategy = BayesianOptimization::default();
    let mut study = Study::new(small(), objective, strategy, settings).unwrap();
    for number in 0..trials {
        let Asked::Trials(asked) = study.ask(1).unwrap() else { panic!("the space is large") };
        let outcome = Outcome::from(value(number, &asked[0].configuration));
        study.tell(asked[0].id, outcome).unwrap();
    }
    study
}

fn small() -> SearchSpace {
    SearchSpace::new([
        ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear),
        ParameterRange::integer("n", 1..=40, ScalingType::Linear),
        ParameterRange::categorical("c", ["a", "b", "c"]),
    ])
    .unwrap()
}

/// A multiple of 2⁻²⁰ of moderate size, so that offsets and factors which are powers of two lose no digit.
fn dyadic_loss(c: &Configuration) -> f64 {
    let handicap = if c.category("c") == "b" { 0.0 } else { 0.3 };
    let loss = (c.float("x") - 0.3).powi(2) + (c.float("n") / 40.0 - 0.6).powi(2) + handicap;
    (loss * 1_048_576.0).round() / 1_048_576.0
}

fn configurations(study: &Study) -> Vec<Configuration> {
    study.trials().iter().map(|trial| trial.configuration.clone()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn units_of_the_losses_and_the_goal_change_no_proposal(
        seed in 0_u64..1000,
        factor in -30_i32..30,
        offset in prop::option::of(-10_i32..20),
        sign in any::<bool>(),
        maximize: bool,
    ) {
        let plain = run(Objective::minimize("loss"), seed, 14, |_, c| dyadic_loss(c));
        let offset = offset.map_or(0.0, |power| 2.0_f64.powi(power) * if sign { 1.0 } else { -1.0 });
        let goal = if maximize { Goal::Maximize } else { Goal::Minimize };
        let objective = Objective { metric_name: "loss".to_owned(), goal };
        let other = run(objective.clone(), seed, 14, |_, c| {
            objective.value((dyadic_loss(c) + offset) * 2.0_f64.powi(factor))
        });
        prop_assert_eq!(configurations(&plain), configurations(&other));
    }
}

/// Losses that are hard to believe in.
fn hard_losses() -> impl Strategy<Value = Vec<f64>> {
    const COUNT: usize = 13;
    let constant = prop_oneof![Just(0.0), Just(-3.5), Just(1e-300), Just(1e300), Just(f64::MAX)];
    let moderate = || prop::collection::vec(-1.0..1.0_f64, COUNT);
    prop_oneof![
        constant.prop_map(|value| vec![value; COUNT]),
        // Flat but for one, by a lot or by the last digit.
        (0..COUNT, prop_oneof![Just(1e-16), Just(1e-3), Just(1e30), Just(-1e30)])
            .prop_map(|(i, by)| (0..COUNT).map(|j| if i == j { 1.0 + by } else { 1.0 }).collect()),
        (moderate(), -320.0..308.0_f64)
            .prop_map(|(v, e)| { v.into_iter().map(|x| x * 10.0_f64.powf(e)).collect() }),
        // A large offset over a small spread.
        moderate().prop_map(|v| v.into_iter().map(|x| 1e9 + 1e-3 * x).collect()),
        // Few different values.
        prop::collection::vec((0_i32..3).prop_map(f64::from), COUNT),
        // Heavy tails, on both sides and on the bad one.
        moderate()
            .prop_map(|v| v.into_iter().map(|x| x.powi(3) / (1.001 - x.abs()).powi(4)).collect()),
        prop::collection::vec((-5.0..300.0_f64).prop_map(|e| 10.0_f64.powf(e)), COUNT),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn hard_losses_are_survived(losses in hard_losses(), seed in 0_u64..1000) {
        let study = run(Objective::minimize("loss"), seed, losses.len(), |number, _| losses[number]);
        for (number, trial) in study.trials().iter().enumerate() {
            let proposal = study.proposal(trial.id).unwrap();
            prop_assert_eq!(&proposal.fallback, &None);
            let twin = study.trials()[..number].iter().find(|t| t.configuration == trial.configuration);
            prop_assert!(twin.is_none(), "{} twice", trial.configuration);
            if let Some(expected) = proposal.expectation {
                prop_assert!(expected.low <= expected.median && expected.median <= expected.high);
                prop_assert!(expected.acquisition.is_finite());
            }
        }
        let best = study.best().and_then(Trial::value).unwrap();
        prop_assert!(losses.iter().all(|loss| best <= *loss));
    }
}

/// The sign and the goal on the space of the other promises, categories and logarithms included.
#[test]
fn the_goal_and_the_sign_change_nothing() {
    let run = |objective: Objective, sign: f64| {
        let settings = StudySettings { seed: 6, ..Default::default() };
        let strategy = BayesianOptimization::default();
        let mut study = Study::new(mixed(), objective, strategy, settings).unwrap();
        for _ in 0..15 {
            let Asked::Trials(asked) = study.ask(1).unwrap() else { panic!("infinite") };
            let value = sign * loss(&asked[0].configuration);
            study.tell(asked[0].id, Outcome::from(value)).unwrap();
        }
        configurations(&study)
    };
    assert_eq!(run(Objective::minimize("loss"), 1.0), run(Objective::maximize("gain"), -1.0));
}
