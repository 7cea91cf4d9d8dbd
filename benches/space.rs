//! Measures conversions between configurations and points of the unit cube, per 1000 points.
//!
//! Run it with
//!
//!     cargo bench --bench space

#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use surmise::rng::Rng;
use surmise::sobol::Sobol;
use surmise::unit_cube::UnitPoint;
use surmise::{Configuration, ParameterRange, ScalingType, SearchSpace};

const POINTS: u64 = 1000;

fn mixed() -> SearchSpace {
    SearchSpace::new([
        ParameterRange::continuous("rate", 1e-6..=1.0, ScalingType::Logarithmic),
        ParameterRange::continuous("momentum", 0.0..=0.999, ScalingType::ReverseLogarithmic),
        ParameterRange::continuous("dropout", 0.0..=0.9, ScalingType::Linear),
        ParameterRange::integer("depth", 1..=12, ScalingType::Linear),
        ParameterRange::integer("units", 8..=4096, ScalingType::Logarithmic),
        ParameterRange::categorical("optimizer", ["adam", "sgd", "lion", "adagrad"]),
    ])
    .expect("the ranges are valid")
}

fn space(criterion: &mut Criterion) {
    let space = mixed();
    let sobol = Sobol::new(space.axes().len(), &mut Rng::stream(1, 0));
    let points: Vec<UnitPoint> = (0..POINTS).map(|index| sobol.point(index).into()).collect();
    let configurations: Vec<Configuration> = points.iter().map(|p| space.decode(p)).collect();
    let mut group = criterion.benchmark_group("space");
    group.bench_function("make", |bencher| bencher.iter(mixed));
    group.throughput(Throughput::Elements(POINTS));
    group.bench_function("snap", |bencher| {
        bencher.iter(|| points.iter().map(|p| space.snap(p)[0]).sum::<f64>());
    });
    group.bench_function("decode", |bencher| {
        bencher.iter(|| points.iter().map(|p| space.decode(p).float("rate")).sum::<f64>());
    });
    group.bench_function("encode", |bencher| {
        bencher.iter(|| {
            configurations
                .iter()
                .map(|c| space.encode(c).expect("a configuration of the space")[0])
                .sum::<f64>()
        });
    });
    group.bench_function("sobol point", |bencher| {
        bencher.iter(|| (0..POINTS).map(|index| sobol.point(index)[0]).sum::<f64>());
    });
    group.finish();
}

criterion_group!(benches, space);
criterion_main!(benches);
