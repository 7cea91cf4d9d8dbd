//! Contenders × cases × repetitions, over all cores.
//!
//! Every run is a function of its contender, case and repetition alone, so that neither the number of threads nor what has been
//! run before can change it. Each core works at a run of its own, on a pool of one thread: times of proposals are then
//! those of one thread, and no run waits for another one.

use std::collections::HashSet;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::channel;

use super::task::Task;
use crate::contender::Contender;
use crate::decorators::Durations;
use crate::run::{Parallelism, Run, RunKey};
use crate::searching::search;
use crate::suite::{Case, Suite};
use surmise::error::{Error, Violation};

/// Who is compared on what, and how often.
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
    /// 20 repetitions, one trial at a time, as many threads as rayon would use.
    ///
    /// # Errors
    /// [`Error::Invalid`] if there are no contenders or no cases, or two of the same name.
    pub fn new(
        suite: Suite,
        contenders: impl IntoIterator<Item = Contender>,
    ) -> Result<Self, Error> {
        let contenders: Vec<Contender> = contenders.into_iter().collect();
        let mut violations = Vec::new();
        let cases = suite.cases().iter().map(Case::name).collect();
        let names = contenders.iter().map(|contender| contender.name().to_owned()).collect();
        for (what, names) in [("problems", cases), ("strategies", names)] {
            let names: Vec<String> = names;
            if names.is_empty() {
                violations.push(Violation::new(what, "empty", "there is at least one", "add one"));
            }
            let mut seen = HashSet::new();
            for name in names {
                if !seen.insert(name.clone()) {
                    let rule = "names are distinct, or results could not be told apart";
                    violations.push(Violation::new(what, name, rule, "rename one of them"));
                }
            }
        }
        Error::unless_empty(violations)?;
        let threads = rayon::current_num_threads();
        let parallelism = Parallelism::Sequential;
        Ok(Self { suite, contenders, seeds: 20, parallelism, durations: None, threads })
    }

    /// The same with repetitions 1 to `seeds`.
    #[must_use]
    pub fn with_seeds(self, seeds: u64) -> Self {
        Self { seeds, ..self }
    }

    /// The same with trials handed out like this.
    #[must_use]
    pub fn with_parallelism(self, parallelism: Parallelism) -> Self {
        Self { parallelism, ..self }
    }

    /// The same with durations of trials drawn like this, instead of those of the problems.
    #[must_use]
    pub fn with_durations(self, durations: Durations) -> Self {
        Self { durations: Some(durations), ..self }
    }

    /// The same on this many threads, at least 1.
    #[must_use]
    pub fn with_threads(self, threads: usize) -> Self {
        Self { threads: threads.max(1), ..self }
    }

    /// What is run.
    pub fn suite(&self) -> &Suite {
        &self.suite
    }

    /// All runs: each repetition of everything before the next one, so that an experiment which is interrupted has seen
    /// everything equally often.
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

    /// The keys of all runs, in the order in which they are begun.
    pub fn keys(&self) -> Vec<RunKey> {
        self.tasks().map(|task| task.key()).collect()
    }

    /// Makes the runs that are not done yet, and gives each to `each` as soon as it has ended; until that says to break, or all
    /// are made. A contender that cannot go on, or panics, ends its run with an error in the record, not the experiment.
    #[allow(clippy::missing_panics_doc, reason = "a pool of a thread that is there can be made")]
    pub fn run(&self, done: &HashSet<RunKey>, mut each: impl FnMut(Run) -> ControlFlow<()>) {
        let tasks: Vec<Task<'_>> =
            self.tasks().filter(|task| !done.contains(&task.key())).collect();
        let next = AtomicUsize::new(0);
        let (sender, receiver) = channel();
        std::thread::scope(|scope| {
            for _ in 0..self.threads.min(tasks.len()) {
                let (sender, next, tasks) = (sender.clone(), &next, &tasks);
                scope.spawn(move || {
                    // The strategies' own parallel loops run on this thread alone.
                    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread();
                    let pool = pool.build().expect("a pool of the thread that is there");
                    while let Some(task) = tasks.get(next.fetch_add(1, Ordering::Relaxed)) {
                        if sender.send(search(task)).is_err() {
                            break;
                        }
                    }
                    drop(pool);
                });
            }
            drop(sender);
            for run in receiver {
                if each(run).is_break() {
                    // Whoever is at work finds that nobody listens, and ends.
                    break;
                }
            }
        });
    }
}
