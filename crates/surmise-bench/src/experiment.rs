//! Experiments: all contenders on all cases, with several seeds, on all cores.
//!
//! A run depends on its contender, case and seed only, not on the number of threads or on earlier
//! runs. Each core makes a run of its own, with a thread pool of one thread. The times of proposals
//! are then those of one thread, and no run waits for another one.

use std::collections::HashSet;
use std::ops::{ControlFlow, RangeInclusive};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;

use super::task::Task;
use crate::contender::Contender;
use crate::decorators::Durations;
use crate::random_means::MAX_BUDGET_WITH_SCORES;
use crate::run::{Parallelism, Provenance, Run, RunKey};
use crate::runner::run_task;
use crate::suite::{Case, Suite};
use surmise::error::{Error, Violation};

/// A benchmark: it compares strategies on problems, with several repetitions.
///
/// An experiment makes one [`Run`] for each contender, case and seed, on all cores. Trials run on a
/// virtual clock, so that simulated parallel jobs cost no waiting time. The results do not depend
/// on the number of threads; only the measured times of the proposals do.
///
/// To benchmark strategies on a problem of your own:
///
/// ```
/// use std::collections::HashSet;
/// use std::ops::ControlFlow;
///
/// use surmise::{
///     BayesianOptimization, Configuration, ParameterRange, RandomSearch, ScalingType, SearchSpace,
/// };
/// use surmise_bench::{Case, Comparison, Contender, Experiment, FunctionProblem, Suite, page};
///
/// # fn main() -> Result<(), surmise::Error> {
/// let rate = ParameterRange::continuous("rate", 1e-5..=1.0, ScalingType::Logarithmic);
/// let value = |c: &Configuration| (c.float("rate").log10() + 2.0).powi(2);
/// let valley = FunctionProblem::new("valley", SearchSpace::new([rate])?, value).with_optimum(0.0);
///
/// let suite = Suite::new("mine", [Case::new(valley).with_budget(15)]);
/// let contenders = [
///     Contender::new("random", || RandomSearch),
///     Contender::new("bayesian", BayesianOptimization::default),
/// ];
/// let experiment = Experiment::new(suite, contenders)?.with_seeds(6);
///
/// let mut runs = Vec::new();
/// experiment.run(&HashSet::new(), |run| {
///     runs.push(run);
///     ControlFlow::Continue(())
/// });
/// assert_eq!(runs.len(), 2 * 6);
///
/// let comparison = Comparison::new(runs);
/// let best = comparison.ranking()[0];
/// assert_eq!(comparison.strategies()[best], "bayesian");
/// println!("{}", page::summary("My benchmark", &comparison));
/// # Ok(())
/// # }
/// ```
///
/// # Common mistakes
///
/// - *Five seeds.* The smallest two-sided p-value of five pairs is 0.06, so that no difference is
///   significant at 5 %. Use 20, the default.
/// - *A problem without an optimum.* Then there are best values and verdicts, but no regret, score
///   or rank. Set the optimum, or the best value that is known.
/// - *Runs that are in memory only.* Append them to a [`RunsFile`](crate::RunsFile), and pass
///   the keys of its runs as `done`: an interrupted experiment then resumes where it stopped.
/// - *Two contenders under one name.* [`new`](Self::new) returns an error, because their results
///   could not be distinguished.
///
/// Continue with [`Problem`](crate::Problem), [`Contender`] and [`Comparison`](crate::Comparison);
/// [`page::write`](crate::page::write) writes the page with the pictures.
#[derive(Debug)]
pub struct Experiment {
    suite: Suite,
    contenders: Vec<Contender>,
    seeds: RangeInclusive<u64>,
    parallelism: Parallelism,
    durations: Option<Durations>,
    charged_proposals: bool,
    provenance: Provenance,
    /// The number of this shard, from 0, and the number of shards.
    shard: (usize, usize),
    threads: usize,
}

impl Experiment {
    /// Creates an experiment with 20 seeds, one trial at a time, and rayon's number of threads.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there is no contender or no case, if two contenders or two cases have
    /// the same name, or if a case has an optimum and a budget above [`MAX_BUDGET_WITH_SCORES`].
    pub fn new(
        suite: Suite,
        contenders: impl IntoIterator<Item = Contender>,
    ) -> Result<Self, Error> {
        let contenders: Vec<Contender> = contenders.into_iter().collect();
        let mut violations = Vec::new();
        let cases = suite.cases().iter().map(Case::name).collect();
        let names = contenders.iter().map(|contender| contender.name().to_owned()).collect();
        let no_case = ("an experiment needs at least one case", "add a case");
        let no_contender = ("an experiment needs at least one contender", "add a contender");
        for (parameter, names, (rule, remedy)) in
            [("suite", cases, no_case), ("contenders", names, no_contender)]
        {
            let names: Vec<String> = names;
            if names.is_empty() {
                violations.push(Violation::new(parameter, "empty", rule, remedy));
            }
            let mut seen = HashSet::new();
            for name in names {
                if !seen.insert(name.clone()) {
                    let rule = "each name occurs once, so that results can be distinguished";
                    violations.push(Violation::new(parameter, name, rule, "rename one of them"));
                }
            }
        }
        violations.extend(suite.cases().iter().filter_map(budget_violation));
        Error::from_violations(violations)?;
        Ok(Self {
            suite,
            contenders,
            seeds: 1..=20,
            parallelism: Parallelism::Sequential,
            durations: None,
            charged_proposals: false,
            provenance: Provenance::default(),
            shard: (0, 1),
            threads: rayon::current_num_threads(),
        })
    }

    /// Sets the number of repetitions of each contender and case; 20 by default.
    ///
    /// The repetitions have the seeds 1 to `seeds`. More seeds make smaller differences
    /// significant.
    #[must_use]
    pub fn with_seeds(self, seeds: u64) -> Self {
        self.with_seed_range(1..=seeds)
    }

    /// Sets the seeds of the repetitions of each contender and case; 1 to 20 by default.
    ///
    /// Use other seeds to add repetitions, or to check a result on seeds that were not looked at.
    #[must_use]
    pub fn with_seed_range(self, seeds: RangeInclusive<u64>) -> Self {
        Self { seeds, ..self }
    }

    /// Keeps every `count`-th pair of a case and a seed, beginning with number `number`, from 1.
    ///
    /// All contenders of a pair are in one shard, so that a slow machine is slow for each of them.
    /// Shards of one experiment can run on several machines; [`RunsFile::merge`] joins their runs.
    ///
    /// # Errors
    /// [`Error::Invalid`] if `number` is not between 1 and `count`.
    ///
    /// [`RunsFile::merge`]: crate::RunsFile::merge
    pub fn with_shard(self, number: usize, count: usize) -> Result<Self, Error> {
        if !(1..=count).contains(&number) {
            return Err(Error::Invalid(vec![Violation::new(
                "shard",
                format!("{number}/{count}"),
                "the number of a shard is between 1 and the number of shards",
                format!("use 1/{0} to {0}/{0}", count.max(1)),
            )]));
        }
        Ok(Self { shard: (number - 1, count), ..self })
    }

    /// Sets whether the virtual clock advances while a proposal is computed; false by default.
    ///
    /// A proposal then takes as long as it was measured, and a worker waits for its own. Results by
    /// time are then those of jobs with real durations, and are not reproducible.
    #[must_use]
    pub fn with_charged_proposals(self, charged_proposals: bool) -> Self {
        Self { charged_proposals, ..self }
    }

    /// Sets what the runs record about their origin; nothing by default.
    #[must_use]
    pub fn with_provenance(self, provenance: Provenance) -> Self {
        Self { provenance, ..self }
    }

    /// Sets how many trials run at once, and when proposals are made; one at a time by default.
    ///
    /// Use it to compare strategies for parallel jobs.
    #[must_use]
    pub fn with_parallelism(self, parallelism: Parallelism) -> Self {
        Self { parallelism, ..self }
    }

    /// Draws the durations of evaluations whose problem has none of its own; 1 second by default.
    ///
    /// Durations matter where trials run in parallel: they decide which one ends first.
    #[must_use]
    pub fn with_durations(self, durations: Durations) -> Self {
        Self { durations: Some(durations), ..self }
    }

    /// Sets the number of threads, at least 1; by default the number that rayon uses.
    ///
    /// Use fewer to leave processors to other programs.
    #[must_use]
    pub fn with_threads(self, threads: usize) -> Self {
        Self { threads: threads.max(1), ..self }
    }

    /// Returns the suite of cases.
    pub fn suite(&self) -> &Suite {
        &self.suite
    }

    /// Returns the tasks of all runs.
    ///
    /// They are ordered by seed, so that an interrupted experiment has covered all cases.
    fn tasks(&self) -> impl Iterator<Item = Task<'_>> {
        let pairs = self
            .seeds
            .clone()
            .flat_map(move |seed| self.suite.cases().iter().map(move |case| (case, seed)));
        let (first, step) = self.shard;
        pairs.skip(first).step_by(step).flat_map(move |(case, seed)| {
            self.contenders.iter().map(move |contender| Task {
                case,
                contender,
                seed,
                parallelism: self.parallelism,
                durations: self.durations,
                charged_proposals: self.charged_proposals,
                provenance: &self.provenance,
            })
        })
    }

    /// Returns the keys of all runs, in the order in which they start.
    pub fn keys(&self) -> Vec<RunKey> {
        self.tasks().map(|task| task.key()).collect()
    }

    /// Makes all runs whose keys are not in `done`, and passes each to `on_run` when it has ended.
    ///
    /// The call ends when all runs are made, or when `on_run` returns [`ControlFlow::Break`]. If a
    /// contender fails or panics, its run has an [`error`](Run::error); the other runs continue.
    ///
    /// ```no_run
    /// # fn resume(experiment: &surmise_bench::Experiment) -> std::io::Result<()> {
    /// use std::ops::ControlFlow;
    /// use surmise_bench::{Retry, RunsFile};
    ///
    /// let mut file = RunsFile::open("results".as_ref())?;
    /// let done = file.done(Retry::Never);
    /// let mut written = Ok(());
    /// experiment.run(&done, |run| {
    ///     written = file.append(run);
    ///     if written.is_ok() { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    /// });
    /// written?;
    /// let runs = file.finish()?;
    /// # Ok(())
    /// # }
    /// ```
    #[allow(clippy::missing_panics_doc, reason = "a pool with the current thread always builds")]
    pub fn run(&self, done: &HashSet<RunKey>, mut on_run: impl FnMut(Run) -> ControlFlow<()>) {
        let tasks: Vec<Task<'_>> =
            self.tasks().filter(|task| !done.contains(&task.key())).collect();
        let next = AtomicUsize::new(0);
        let (sender, receiver) = channel();
        std::thread::scope(|scope| {
            for _ in 0..self.threads.min(tasks.len()) {
                let (sender, next, tasks) = (sender.clone(), &next, &tasks);
                scope.spawn(move || {
                    // The parallel loops of the strategies run on this thread only.
                    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread();
                    let pool = pool.build().expect("a pool with the current thread");
                    while let Some(task) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
                        if sender.send(run_task(task)).is_err() {
                            break;
                        }
                    }
                    drop(pool);
                });
            }
            drop(sender);
            for run in receiver {
                if on_run(run).is_break() {
                    // The receiver is dropped; each thread ends at its next send.
                    break;
                }
            }
        });
    }
}

/// Returns a violation if scores are not known for the whole budget of a case.
fn budget_violation(case: &Case) -> Option<Violation> {
    let has_scores = case.problem().optimum().is_some();
    (has_scores && case.budget() > MAX_BUDGET_WITH_SCORES).then(|| {
        Violation::new(
            "budget",
            format!("{} of {}", case.budget(), case.name()),
            format!("scores are known for up to {MAX_BUDGET_WITH_SCORES} evaluations"),
            "choose a smaller budget, or a problem without an optimum",
        )
    })
}
