//! Laws of a study under random sequences of calls: replay, extreme losses, and changes of the
//! metric's offset, scale and goal.

use proptest::prelude::*;
use surmise::rng::Rng;
use surmise::study::Event;
use surmise::trial::{Failure, FailureKind, StopCause};
use surmise::{
    AskOutcome, BayesianOptimization, Configuration, Error, Goal, LateOutcomes, Objective, Order,
    Outcome, ParameterRange, ParameterValue, RandomSearch, ScalingType, SearchSpace, SobolSearch,
    StoppedTrials, Study, StudySettings, Trial, TrialId,
};

use crate::strategies::{loss, mixed_space};

/// One call of a study's method. An index is taken modulo the number of trials to which the call
/// applies.
#[derive(Debug, Clone)]
enum Action {
    Ask(usize),
    Tell(usize, f64),
    Fail(usize),
    Stop(usize, Option<f64>),
    Report(usize, f64),
    Observe(u64, f64),
    ObserveNoisy(u64, f64),
    Enqueue(u64, bool),
    RequestStop(usize, f64),
    FailAttempt(usize),
    TellSecondOutcome(usize, f64),
}

fn actions() -> impl Strategy<Value = Vec<Action>> {
    let value = || prop_oneof![8 => -1e3..1e3_f64, 1 => Just(f64::NAN), 1 => Just(f64::INFINITY)];
    let action = prop_oneof![
        4 => (1_usize..4).prop_map(Action::Ask),
        5 => (any::<usize>(), value()).prop_map(|(i, v)| Action::Tell(i, v)),
        1 => any::<usize>().prop_map(Action::Fail),
        1 => (any::<usize>(), prop::option::of(value())).prop_map(|(i, v)| Action::Stop(i, v)),
        2 => (any::<usize>(), value()).prop_map(|(i, v)| Action::Report(i, v)),
        1 => (any::<u64>(), value()).prop_map(|(i, v)| Action::Observe(i, v)),
        1 => (any::<u64>(), value()).prop_map(|(i, v)| Action::ObserveNoisy(i, v)),
        2 => (0_u64..6, any::<bool>()).prop_map(|(i, first)| Action::Enqueue(i, first)),
        1 => (any::<usize>(), value()).prop_map(|(i, v)| Action::RequestStop(i, v)),
        1 => any::<usize>().prop_map(Action::FailAttempt),
        1 => (any::<usize>(), value()).prop_map(|(i, v)| Action::TellSecondOutcome(i, v)),
    ];
    prop::collection::vec(action, 0..40)
}

fn apply(study: &mut Study, action: &Action) {
    let pending = |index: usize| -> Option<TrialId> {
        let running: Vec<TrialId> = study.pending().map(|trial| trial.id).collect();
        running.get(index.checked_rem(running.len())?).copied()
    };
    let tell = |study: &mut Study, trial: Option<TrialId>, outcome: Outcome| {
        trial.map_or(Ok(()), |trial| study.tell(trial, outcome))
    };
    match *action {
        Action::Ask(count) => study.ask(count).map(|_| ()),
        Action::Tell(index, value) => {
            let trial = pending(index);
            tell(study, trial, Outcome::Completed { value })
        }
        Action::Fail(index) => {
            let trial = pending(index);
            let kinds = [FailureKind::Error, FailureKind::Interrupted, FailureKind::Abandoned];
            tell(study, trial, Outcome::Failed(Failure::new(kinds[index % 3], "as scripted")))
        }
        Action::Stop(index, value) => {
            let trial = pending(index);
            tell(study, trial, Outcome::Stopped { value })
        }
        Action::Report(index, value) => {
            pending(index).map_or(Ok(()), |trial| study.report(trial, 1, value))
        }
        Action::Observe(seed, value) => {
            let configuration = random_configuration(study, seed);
            study.add_observation(&configuration, Outcome::from(value)).map(|_| ())
        }
        Action::ObserveNoisy(seed, value) => {
            let configuration = random_configuration(study, seed);
            study.add_noisy_observation(&configuration, value, 0.5).map(|_| ())
        }
        Action::Enqueue(seed, first) => {
            let configuration = random_configuration(study, seed);
            let enqueued = if first {
                study.enqueue_defaults(&configuration)
            } else {
                study.enqueue(&configuration)
            };
            // A configuration that is already visited or enqueued is refused.
            if let Err(error) = enqueued {
                assert!(matches!(error, Error::Invalid(_)), "{error}");
            }
            Ok(())
        }
        Action::RequestStop(index, value) => pending(index).map_or(Ok(()), |trial| {
            study.request_stop(trial, StopCause::MaxResource { step: 1, value })
        }),
        Action::FailAttempt(index) => pending(index).map_or(Ok(()), |trial| {
            study.record_failed_attempt(trial, Failure::new(FailureKind::Interrupted, "again"))
        }),
        Action::TellSecondOutcome(index, value) => tell_second_outcome(study, index, value),
    }
    .unwrap();
}

/// Tells a second outcome of a trial that has ended. The study may return a conflict.
fn tell_second_outcome(study: &mut Study, index: usize, value: f64) -> Result<(), Error> {
    let ended = study.trials().iter().filter(|trial| trial.outcome.is_some());
    let ended: Vec<TrialId> = ended.map(|trial| trial.id).collect();
    let trial = index.checked_rem(ended.len()).map(|index| ended[index]);
    match trial.map(|trial| study.tell(trial, Outcome::from(value))) {
        Some(Err(Error::Conflict { .. })) | None => Ok(()),
        Some(result) => result,
    }
}

fn random_configuration(study: &Study, seed: u64) -> Configuration {
    let mut rng = Rng::stream(seed, 0);
    let point: Vec<f64> = study.space().axes().iter().map(|_| rng.uniform()).collect();
    study.space().decode(&point.into())
}

fn strategy(kind: usize) -> Box<dyn surmise::Strategy> {
    match kind {
        0 => Box::new(RandomSearch),
        1 => Box::new(SobolSearch),
        _ => Box::new(BayesianOptimization::default()),
    }
}

/// Formats a value for comparison, because reports may contain NaN, which is not equal to itself.
fn to_text<T: std::fmt::Debug>(value: T) -> String {
    format!("{value:?}")
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn replaying_the_events_gives_the_same_study(
        actions in actions(),
        kind in 0_usize..3,
        lag in prop::option::of(1_usize..4),
        seed: u64,
        late_outcomes in prop_oneof![Just(LateOutcomes::RecordOnly), Just(LateOutcomes::UseValue)],
        stopped_trials in prop_oneof![
            Just(StoppedTrials::LastValue),
            Just(StoppedTrials::Projected),
            Just(StoppedTrials::VisitedOnly),
        ],
    ) {
        let order = lag.map_or(Order::Arrival, Order::FixedLag);
        let settings =
            StudySettings { seed, order, late_outcomes, stopped_trials, ..Default::default() };
        let objective = Objective::maximize("accuracy");
        let mut study =
            Study::new(mixed_space(), objective.clone(), strategy(kind), settings).unwrap();
        for action in &actions {
            apply(&mut study, action);
        }
        let events = study.events().to_vec();
        let mut replayed =
            Study::replay(mixed_space(), objective, strategy(kind), settings, events).unwrap();
        prop_assert_eq!(to_text(replayed.events()), to_text(study.events()));
        prop_assert_eq!(to_text(replayed.trials()), to_text(study.trials()));
        prop_assert_eq!(to_text(replayed.best()), to_text(study.best()));
        // The next proposals are also equal.
        prop_assert_eq!(to_text(replayed.ask(2).unwrap()), to_text(study.ask(2).unwrap()));
    }
}

#[test]
fn impossible_events_are_refused_with_their_index() {
    let replay = |events: Vec<Event>| {
        let settings = StudySettings::default();
        Study::replay(mixed_space(), Objective::minimize("loss"), RandomSearch, settings, events)
    };
    let mut study = replay(Vec::new()).unwrap();
    study.ask(2).unwrap();
    study.tell(TrialId(1), Outcome::from(1.0)).unwrap();
    let valid = study.events().to_vec();
    let told = valid[2].clone();
    let assert_refused = |events: Vec<Event>, expected: usize, reason: &str| match replay(events) {
        Err(Error::InvalidEvent { index, reason: error_reason }) => {
            assert_eq!(index, expected);
            assert!(error_reason.contains(reason), "{error_reason}");
        }
        other => panic!("{other:?}"),
    };
    assert_refused([&valid[..], std::slice::from_ref(&told)].concat(), 3, "ended already");
    assert_refused(vec![told], 0, "no trial 1");
    assert_refused(valid[1..].to_vec(), 0, "out of order");
    let mut without_parameters = valid.clone();
    if let Event::Asked { configuration, .. } = &mut without_parameters[1] {
        *configuration = Configuration::default();
    }
    assert_refused(without_parameters, 1, "missing");
    let mut repeated = valid.clone();
    if let (Event::Asked { configuration: first, .. }, [_, second, ..]) =
        (&valid[0], repeated.as_mut_slice())
        && let Event::Asked { configuration, .. } = second
    {
        *configuration = first.clone();
    }
    assert_refused(repeated, 1, "must not be repeated");
    for value in [f64::NAN, f64::INFINITY] {
        for outcome in [Outcome::Completed { value }, Outcome::Stopped { value: Some(value) }] {
            let told = Event::Told { trial: TrialId(2), outcome: outcome.clone() };
            assert_refused([&valid[..], &[told]].concat(), 3, "finite");
            let configuration = study.trials()[0].configuration.clone();
            let observed =
                Event::Observed { trial: TrialId(1), configuration, outcome, noise_std_dev: None };
            assert_refused(vec![observed], 0, "finite");
        }
    }
    // An integer that is written as a float gives the same point, but a job that reads an integer
    // would panic.
    let as_floats = study.trials()[0].configuration.iter().map(|(name, value)| match value {
        ParameterValue::Integer(number) => (name, ParameterValue::Float(*number as f64)),
        other => (name, other.clone()),
    });
    let configuration: Configuration = as_floats.collect();
    assert!(study.space().encode(&configuration).is_ok());
    let outcome = Outcome::from(1.0);
    let observed =
        Event::Observed { trial: TrialId(1), configuration, outcome, noise_std_dev: None };
    assert_refused(vec![observed], 0, "order and types");
}

/// Proposes the center, moved along the first axis by `step` times the trial number.
#[derive(Debug)]
struct FixedSteps {
    step: f64,
}

impl surmise::Strategy for FixedSteps {
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
fn a_repeated_proposal_is_an_error() {
    let settings = StudySettings::default();
    let objective = Objective::minimize("loss");
    let mut study =
        Study::new(mixed_space(), objective, FixedSteps { step: 0.0 }, settings).unwrap();
    let error = study.ask(2).unwrap_err();
    assert!(matches!(error, Error::InvalidProposal(_)));
    // `unwrap` and `main` print the `Debug` form, which must be readable.
    assert!(format!("{error:?}").contains("must not be repeated"), "{error:?}");
    assert_eq!(study.pending().count(), 1, "the first proposal is recorded");
}

/// The steps are just above the resolution of 1e-7; decoding and encoding may round them below it.
#[test]
fn neighboring_points_are_accepted_and_replayed() {
    let settings = StudySettings::default();
    let objective = Objective::minimize("loss");
    let strategy = || FixedSteps { step: 1.000_000_001e-7 };
    let mut study = Study::new(mixed_space(), objective.clone(), strategy(), settings).unwrap();
    assert!(matches!(study.ask(200).unwrap(), AskOutcome::Trials(trials) if trials.len() == 200));
    let events = study.events().to_vec();
    let replayed = Study::replay(mixed_space(), objective, strategy(), settings, events).unwrap();
    assert_eq!(replayed.trials(), study.trials());
}

/// Runs `trials` trials in sequence. `value` returns the metric for an index and a configuration.
fn run(
    objective: Objective,
    seed: u64,
    trials: usize,
    value: impl Fn(usize, &Configuration) -> f64,
) -> Study {
    let settings = StudySettings { seed, ..Default::default() };
    let strategy = BayesianOptimization::default();
    let mut study = Study::new(small_space(), objective, strategy, settings).unwrap();
    for number in 0..trials {
        let AskOutcome::Trials(asked) = study.ask(1).unwrap() else { panic!("the space is large") };
        let outcome = Outcome::from(value(number, &asked[0].configuration));
        study.tell(asked[0].id, outcome).unwrap();
    }
    study
}

fn small_space() -> SearchSpace {
    SearchSpace::new([
        ParameterRange::continuous("x", 0.0..=1.0, ScalingType::Linear),
        ParameterRange::integer("n", 1..=40, ScalingType::Linear),
        ParameterRange::categorical("c", ["a", "b", "c"]),
    ])
    .unwrap()
}

/// Returns a multiple of 2⁻²⁰ of moderate size, so that the tested offsets and factors, which are
/// powers of two, round no value.
fn dyadic_loss(c: &Configuration) -> f64 {
    let penalty = if c.category("c") == "b" { 0.0 } else { 0.3 };
    let loss = (c.float("x") - 0.3).powi(2) + (c.float("n") / 40.0 - 0.6).powi(2) + penalty;
    (loss * 1_048_576.0).round() / 1_048_576.0
}

fn configurations(study: &Study) -> Vec<Configuration> {
    study.trials().iter().map(|trial| trial.configuration.clone()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn offset_scale_and_goal_of_the_metric_change_no_proposal(
        seed in 0_u64..1000,
        factor in -30_i32..30,
        offset in prop::option::of(-10_i32..20),
        sign in any::<bool>(),
        maximize: bool,
    ) {
        let plain = run(Objective::minimize("loss"), seed, 14, |_, c| dyadic_loss(c));
        let sign = if sign { 1.0 } else { -1.0 };
        let offset = offset.map_or(0.0, |power| 2.0_f64.powi(power) * sign);
        let goal = if maximize { Goal::Maximize } else { Goal::Minimize };
        let objective = Objective { metric_name: "loss".to_owned(), goal };
        let transformed = run(objective.clone(), seed, 14, |_, c| {
            objective.value((dyadic_loss(c) + offset) * 2.0_f64.powi(factor))
        });
        prop_assert_eq!(configurations(&plain), configurations(&transformed));
    }
}

/// Draws losses that are difficult for a surrogate: constant, huge, tiny, discrete or heavy-tailed.
fn extreme_losses() -> impl Strategy<Value = Vec<f64>> {
    const COUNT: usize = 13;
    let constant = prop_oneof![Just(0.0), Just(-3.5), Just(1e-300), Just(1e300), Just(f64::MAX)];
    let moderate = || prop::collection::vec(-1.0..1.0_f64, COUNT);
    prop_oneof![
        constant.prop_map(|value| vec![value; COUNT]),
        // Constant except for one value, with a huge or tiny difference.
        (0..COUNT, prop_oneof![Just(1e-16), Just(1e-3), Just(1e30), Just(-1e30)])
            .prop_map(|(i, by)| (0..COUNT).map(|j| if i == j { 1.0 + by } else { 1.0 }).collect()),
        (moderate(), -320.0..308.0_f64)
            .prop_map(|(v, e)| { v.into_iter().map(|x| x * 10.0_f64.powf(e)).collect() }),
        // A large offset with a small spread.
        moderate().prop_map(|v| v.into_iter().map(|x| 1e9 + 1e-3 * x).collect()),
        // Only three different values.
        prop::collection::vec((0_i32..3).prop_map(f64::from), COUNT),
        // Heavy tails, on both sides and on the side of large losses.
        moderate()
            .prop_map(|v| v.into_iter().map(|x| x.powi(3) / (1.001 - x.abs()).powi(4)).collect()),
        prop::collection::vec((-5.0..300.0_f64).prop_map(|e| 10.0_f64.powf(e)), COUNT),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn extreme_losses_give_valid_proposals(losses in extreme_losses(), seed in 0_u64..1000) {
        let objective = Objective::minimize("loss");
        let study = run(objective, seed, losses.len(), |number, _| losses[number]);
        for (number, trial) in study.trials().iter().enumerate() {
            let proposal = study.proposal(trial.id).unwrap();
            prop_assert_eq!(&proposal.fallback, &None);
            let mut earlier = study.trials()[..number].iter();
            let is_repeated = earlier.any(|t| t.configuration == trial.configuration);
            prop_assert!(!is_repeated, "{} is repeated", trial.configuration);
            if let Some(expected) = proposal.expectation {
                prop_assert!(expected.low <= expected.median && expected.median <= expected.high);
                prop_assert!(expected.acquisition.is_finite());
            }
        }
        let best = study.best().and_then(Trial::value).unwrap();
        prop_assert!(losses.iter().all(|loss| best <= *loss));
    }
}

/// The same law in a space with logarithmic scales and more parameters.
#[test]
fn negating_both_metric_and_goal_changes_no_proposal() {
    let run = |objective: Objective, sign: f64| {
        let settings = StudySettings { seed: 6, ..Default::default() };
        let strategy = BayesianOptimization::default();
        let mut study = Study::new(mixed_space(), objective, strategy, settings).unwrap();
        for _ in 0..15 {
            let AskOutcome::Trials(asked) = study.ask(1).unwrap() else { panic!("infinite") };
            let value = sign * loss(&asked[0].configuration);
            study.tell(asked[0].id, Outcome::from(value)).unwrap();
        }
        configurations(&study)
    };
    assert_eq!(run(Objective::minimize("loss"), 1.0), run(Objective::maximize("gain"), -1.0));
}
