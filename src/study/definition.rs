//! The definition of a study, and its construction.

use super::configuration_index::{BlockingTrials, ConfigurationIndex};
use super::event::Event;
use super::history_lists::HistoryLists;
use super::result_index::ResultIndex;
use super::settings::{Order, StudySettings};
use crate::error::{Error, Violation};
use crate::objective::Objective;
use crate::space::{Configuration, SearchSpace};
use crate::strategy::Strategy;
use crate::trial::{Trial, TrialId};
use crate::unit_cube::UnitPoint;
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

/// A search for the best configuration: its trials, and the strategy that proposes the next ones.
///
/// A study is a list of [`Event`]s, to which its methods append. The trials are derived from the
/// events. A study does no input or output, reads no clock and starts no thread. Use it with
/// [`tune()`](crate::tune::tune), which runs the jobs, or by hand: [`ask`](Self::ask) for trials,
/// run them where you like, and [`tell`](Self::tell) the outcomes.
///
/// ```
/// use surmise::{
///     AskOutcome, BayesianOptimization, Error, Objective, Outcome, ParameterRange, ScalingType,
///     SearchSpace, Study, StudySettings,
/// };
///
/// let space = SearchSpace::new([
///     ParameterRange::continuous("learning_rate", 1e-5..=1.0, ScalingType::Logarithmic),
///     ParameterRange::integer("layers", 1..=6, ScalingType::Linear),
/// ])?;
/// let objective = Objective::maximize("accuracy");
/// let strategy = BayesianOptimization::default();
/// let settings = StudySettings { seed: 7, ..Default::default() };
/// let mut study = Study::new(space, objective, strategy, settings)?;
/// for _ in 0..10 {
///     let AskOutcome::Trials(trials) = study.ask(1)? else { break };
///     for trial in trials {
///         let rate = trial.configuration.float("learning_rate");
///         let accuracy = 1.0 - (rate.log10() + 2.5).abs() / 10.0;
///         study.tell(trial.id, Outcome::from(accuracy))?;
///     }
/// }
/// let best = study.best().expect("ten trials completed");
/// println!("{} with accuracy {:?}", best.configuration, best.value());
/// # Ok::<(), Error>(())
/// ```
///
/// # Limits, order, replay
///
/// - [`StudySettings::limits`] bounds the number of jobs. [`tune()`](crate::tune::tune) enforces
///   the limits; `ask` does not.
/// - [`StudySettings::order`] decides which outcomes a proposal may know. With [`Order::FixedLag`],
///   a seed gives the same proposals for any order in which jobs end.
/// - [`replay`](Self::replay) rebuilds a study from its [`events`](Self::events). A
///   [`Journal`](crate::journal::Journal) keeps the events in a file.
/// - [`enqueue`](Self::enqueue) adds configurations to try next,
///   [`add_observation`](Self::add_observation) results from elsewhere.
///
/// # Common mistakes
///
/// - *A trial is never told.* It stays pending: the model treats it as running, and `ask` never
///   proposes its configuration again. Call `tell` with a [`Failure`](crate::Failure), or
///   [`abandon`](Self::abandon).
/// - *Values are negated.* Tell values of the metric as they are, and choose
///   [`Objective::maximize`] if larger values are better.
/// - *A trial is told twice with different values.* The first value counts, and the second call
///   returns [`Error::Conflict`].
/// - *A study is replayed with other settings.* The events do not contain the settings: keep both,
///   or use a journal, which does.
///
/// The guide has chapters on [saving and resuming](crate::guide::save_and_resume) and on
/// [async programs](crate::guide::async_programs).
#[derive(Debug)]
pub struct Study {
    pub(super) space: SearchSpace,
    pub(super) objective: Objective,
    pub(super) strategy: Arc<dyn Strategy>,
    pub(super) settings: StudySettings,
    pub(super) events: Vec<Event>,
    /// The trials, derived from the events; trial number i + 1 is at index i.
    pub(super) trials: Vec<Trial>,
    /// The encoded configuration of each trial.
    pub(super) points: Vec<UnitPoint>,
    /// The index of the event that added each trial.
    pub(super) trial_event_indices: Vec<usize>,
    /// The enqueued configurations, complete or partial.
    pub(super) queue: VecDeque<Configuration>,
    /// The noise of external values that were added with it: standard deviations in the unit of the
    /// metric.
    pub(super) noise_std_devs: HashMap<TrialId, f64>,
    /// The trials that have not ended.
    pub(super) running: BTreeSet<TrialId>,
    /// The trials that the end of a tuning stopped, and that have not been asked for again.
    pub(super) to_rerun: BTreeSet<TrialId>,
    /// The completed trial with the best value.
    pub(super) best: Option<TrialId>,
    /// The trials of each configuration.
    pub(super) configurations: ConfigurationIndex,
    /// The trials for which a configuration was proposed, before it was rounded to few digits.
    pub(super) proposed_configurations: ConfigurationIndex,
    /// The trials as the next proposal sees them; proposals on other threads share them.
    pub(super) history: Arc<HistoryLists>,
    /// The number of trials, from the first on, whose outcomes are visible in `history`.
    pub(super) visible_count: usize,
    /// The trials that block the repetition of their configuration although repetitions are
    /// allowed.
    pub(super) blocking: BlockingTrials,
    /// The trials with the same result of the same configuration.
    pub(super) results: ResultIndex,
    /// The number of queued configurations for each hash.
    pub(super) queued_hashes: HashMap<u64, usize>,
    /// The number of trials at which the strategy proposed nothing, and whether it knew all
    /// outcomes.
    pub(super) exhausted_at: Option<(usize, bool)>,
}

impl Study {
    /// Creates a study without trials.
    ///
    /// A strategy that is chosen at run time comes as a `Box<dyn Strategy>`.
    ///
    /// # Errors
    /// [`Error::Invalid`] if a limit or the lag is 0.
    pub fn new(
        space: SearchSpace,
        objective: Objective,
        strategy: impl Strategy + 'static,
        settings: StudySettings,
    ) -> Result<Self, Error> {
        Self::with_shared_strategy(space, objective, Arc::new(strategy), settings)
    }

    /// Creates a study of the same search without trials.
    ///
    /// # Errors
    /// None, because the settings of `self` are valid.
    #[cfg(unix)]
    pub(crate) fn empty_copy(&self) -> Result<Self, Error> {
        let strategy = Arc::clone(&self.strategy);
        Self::with_shared_strategy(
            self.space.clone(),
            self.objective.clone(),
            strategy,
            self.settings,
        )
    }

    fn with_shared_strategy(
        space: SearchSpace,
        objective: Objective,
        strategy: Arc<dyn Strategy>,
        settings: StudySettings,
    ) -> Result<Self, Error> {
        let mut violations = settings.limits.violations();
        if settings.order == Order::FixedLag(0) {
            violations.push(Violation::new(
                "order",
                "FixedLag(0)",
                "the lag must be at least 1, because no trial can know its own outcome",
                "use the number of parallel jobs as the lag",
            ));
        }
        Error::from_violations(violations)?;
        Ok(Self {
            history: Arc::new(HistoryLists::new(space.axes())),
            space,
            objective,
            strategy,
            settings,
            events: Vec::new(),
            trials: Vec::new(),
            points: Vec::new(),
            trial_event_indices: Vec::new(),
            queue: VecDeque::new(),
            noise_std_devs: HashMap::new(),
            running: BTreeSet::new(),
            to_rerun: BTreeSet::new(),
            best: None,
            configurations: ConfigurationIndex::default(),
            proposed_configurations: ConfigurationIndex::default(),
            visible_count: 0,
            blocking: BlockingTrials::default(),
            results: ResultIndex::default(),
            queued_hashes: HashMap::new(),
            exhausted_at: None,
        })
    }
}
