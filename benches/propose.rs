//! Measures complete proposals, one and a batch of 8, with the fit and without caches.
//!
//! Run it with
//!
//!     cargo bench --bench propose

#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

use criterion::{BatchSize, BenchmarkId, Criterion, criterion_group, criterion_main};
use surmise::rng::Rng;
use surmise::{
    BayesianOptimization, Configuration, Objective, Outcome, ParameterRange, ParameterValue,
    ScalingType, SearchSpace, Study, StudySettings,
};

/// Returns a study with observations of a quadratic function at `count` random points.
fn study_with_observations(count: usize, dimension: usize) -> Study {
    let names: Vec<String> = (0..dimension).map(|i| format!("x{i}")).collect();
    let range = |name| ParameterRange::continuous(name, 0.0..=1.0, ScalingType::Linear);
    let space = SearchSpace::new(names.iter().map(range)).expect("the ranges are valid");
    let objective = Objective::minimize("value");
    let strategy = BayesianOptimization::default();
    let study = Study::new(space, objective, strategy, StudySettings::default());
    let mut study = study.expect("the settings are valid");
    let mut rng = Rng::stream(1, 0);
    for _ in 0..count {
        let x: Vec<f64> = names.iter().map(|_| rng.uniform()).collect();
        let value = x.iter().map(|x| (x - 0.3).powi(2)).sum::<f64>();
        let values = names.iter().zip(x).map(|(name, x)| (name, ParameterValue::Float(x)));
        study
            .add_observation(&values.collect::<Configuration>(), Outcome::from(value))
            .expect("the configuration is in the space");
    }
    study
}

fn propose(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("propose");
    group.sample_size(10);
    for (count, dimension) in [(32, 4), (100, 10)] {
        for batch in [1, 8] {
            let id = BenchmarkId::new(format!("{batch} at once/d{dimension}"), count);
            group.bench_function(id, |bencher| {
                bencher.iter_batched(
                    || study_with_observations(count, dimension),
                    |mut study| study.ask(batch),
                    BatchSize::LargeInput,
                );
            });
        }
    }
    group.finish();
}

criterion_group!(benches, propose);
criterion_main!(benches);
