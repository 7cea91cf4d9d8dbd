//! `surmise ask-tell` as an external program in a benchmark.

use std::collections::HashSet;
use std::ops::ControlFlow;

use surmise::RandomSearch;
use surmise_bench::problems::{mixed, smooth};
use surmise_bench::{Case, Contender, Experiment, Parallelism, Run, Suite};

fn small_suite() -> Suite {
    let cases = [Case::new(smooth::branin()), Case::instance_of(mixed::func2c(), 1)];
    Suite::new("small", cases.map(|case| case.with_budget(14)))
}

fn run_all(experiment: &Experiment) -> Vec<Run> {
    let mut runs = Vec::new();
    experiment.run(&HashSet::new(), |run| {
        runs.push(run.without_timings());
        ControlFlow::Continue(())
    });
    runs.sort_by_key(Run::key);
    runs
}

/// Random search in `surmise ask-tell` makes the same runs as random search in this process.
#[test]
fn an_external_program_reproduces_the_run_of_its_strategy() {
    let program = env!("CARGO_BIN_EXE_surmise");
    for parallelism in [Parallelism::Sequential, Parallelism::Batches(3)] {
        let external =
            Contender::external("external", format!("{program} ask-tell --strategy random"));
        let experiment =
            Experiment::new(small_suite(), [Contender::new("random", || RandomSearch), external])
                .unwrap();
        let runs = run_all(&experiment.with_seeds(2).with_parallelism(parallelism));
        let (internal, external): (Vec<Run>, Vec<Run>) =
            runs.into_iter().partition(|run| run.strategy == "random");
        assert_eq!(internal.len(), 4);
        for (internal, external) in internal.iter().zip(&external) {
            assert_eq!(external.error, None);
            assert_eq!(internal.trials, external.trials);
            assert_eq!(internal.recommended, external.recommended);
        }
    }
}
