//! Experiments: all contenders on all cases, with several seeds, on all cores.
//!
//! A run depends on its contender, case and seed only, not on the number of threads or on earlier
//! runs. Each core makes a run of its own, with a thread pool of one thread. The times of proposals
//! are then those of one thread, and no run waits for another one.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;

use super::task::Task;
use crate::contender::Contender;
use crate::decorators::Durations;
use crate::run::{Parallelism, Run, RunKey};
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
    seeds: u64,
    parallelism: Parallelism,
    durations: Option<Durations>,
    threads: usize,
}

impl Experiment {
    /// Creates an experiment with 20 seeds, one trial at a time, and rayon's number of threads.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there is no contender or no case, or if two contenders or two cases
    /// have the same name.
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
        Error::from_violations(violations)?;
        let threads = rayon::current_num_threads();
        let parallelism = Parallelism::Sequential;
        Ok(Self { suite, contenders, seeds: 20, parallelism, durations: None, threads })
    }

    /// Sets the number of repetitions of each contender and case; 20 by default.
    ///
    /// The repetitions have the seeds 1 to `seeds`. More seeds make smaller differences
    /// significant.
    #[must_use]
    pub fn with_seeds(self, seeds: u64) -> Self {
        Self { seeds, ..self }
    }

    /// Sets how many trials run at once, and when proposals are made; one at a time by default.
    ///
    /// Use it to compare strategies for parallel jobs.
    #[must_use]
    pub fn with_parallelism(self, parallelism: Parallelism) -> Self {
        Self { parallelism, ..self }
    }

    /// Draws the durations of all trials from a distribution; by default, the problems set them.
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
        (1..=self.seeds).flat_map(move |seed| {
            self.suite.cases().iter().flat_map(move |case| {
                self.contenders.iter().map(move |contender| Task {
                    case,
                    contender,
                    seed,
                    parallelism: self.parallelism,
                    durations: self.durations,
                })
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
    /// use surmise_bench::{Run, RunsFile};
    ///
    /// let mut file = RunsFile::open("results".as_ref())?;
    /// let done = file.runs().iter().map(Run::key).collect();
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
