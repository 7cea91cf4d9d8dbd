//! The command as an outside program of the benchmark.

use std::collections::HashSet;
use std::ops::ControlFlow;

use surmise::RandomSearch;
use surmise_bench::problems::{mixed, smooth};
use surmise_bench::{Case, Contender, Experiment, Parallelism, Run, Suite};

fn quick() -> Suite {
    let cases = [Case::new(smooth::branin()), Case::instance_of(mixed::func2c(), 1)];
    Suite::new("quick", cases.map(|case| case.with_budget(14)))
}

fn all(experiment: &Experiment) -> Vec<Run> {
    let mut runs = Vec::new();
    experiment.run(&HashSet::new(), |run| {
        runs.push(run.untimed());
        ControlFlow::Continue(())
    });
    runs.sort_by_key(Run::key);
    runs
}

/// `surmise ask-tell` with random search, driven as an outside program, makes the same run as random search in this process.
#[test]
fn an_outside_program_makes_the_run_that_its_strategy_makes_inside() {
    let program = env!("CARGO_BIN_EXE_surmise");
    for parallelism in [Parallelism::Sequential, Parallelism::Batches(3)] {
        let outside =
            Contender::external("outside", format!("{program} ask-tell --strategy random"));
        let experiment =
            Experiment::new(quick(), [Contender::new("random", || RandomSearch), outside]).unwrap();
        let runs = all(&experiment.with_seeds(2).with_parallelism(parallelism));
        let (inside, outside): (Vec<Run>, Vec<Run>) =
            runs.into_iter().partition(|run| run.strategy == "random");
        assert_eq!(inside.len(), 4);
        for (inside, outside) in inside.iter().zip(&outside) {
            assert_eq!(outside.error, None);
            assert_eq!(inside.trials, outside.trials);
            assert_eq!(inside.recommended, outside.recommended);
        }
    }
}
