//! What several tests of this package share.

use std::collections::HashSet;
use std::fs;
use std::ops::ControlFlow;
use std::path::PathBuf;

use surmise::{
    BayesianOptimization, Configuration, ParameterRange, RandomSearch, ScalingType, SearchSpace,
};
use surmise_bench::problems::{mixed, smooth};
use surmise_bench::{Case, Contender, Experiment, FunctionProblem, Run, Suite};

pub(crate) fn small_suite() -> Suite {
    let cases = [Case::new(smooth::branin()), Case::instance_of(mixed::func2c(), 1)];
    Suite::new("quick", cases.map(|case| case.with_budget(14)))
}

pub(crate) fn bayesian() -> Contender {
    Contender::new("bayesian", BayesianOptimization::default)
}

pub(crate) fn random() -> Contender {
    Contender::new("random", || RandomSearch)
}

pub(crate) fn run_all(experiment: &Experiment) -> Vec<Run> {
    let mut runs = Vec::new();
    experiment.run(&HashSet::new(), |run| {
        runs.push(run.without_timings());
        ControlFlow::Continue(())
    });
    runs.sort_by_key(Run::key);
    runs
}

/// Returns a contender whose shell script answers each line; `body` has the cases.
pub(crate) fn script(body: &str) -> Contender {
    Contender::external(
        "script",
        format!("while read -r line; do case \"$line\" in {body} esac; done"),
    )
}

pub(crate) fn run_of(contender: Contender) -> Run {
    let space = SearchSpace::new([ParameterRange::integer("n", 1..=9, ScalingType::Linear)]);
    let problem = FunctionProblem::new("line", space.unwrap(), |c: &Configuration| c.float("n"));
    let suite = Suite::new("one", [Case::new(problem).with_budget(6)]);
    let mut runs = run_all(&Experiment::new(suite, [contender]).unwrap().with_seeds(1));
    assert_eq!(runs.len(), 1);
    runs.remove(0)
}

/// An empty folder for one test.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("benchmark-{name}"));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }
}
