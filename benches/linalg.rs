//! Measures Cholesky factorizations and matrix products on all linear algebra backends.
//!
//! Run it with faer only, or with OpenBLAS in addition:
//!
//!     cargo bench --bench linalg
//!     OPENBLAS_NUM_THREADS=1 cargo bench --bench linalg --features openblas-system

#![allow(missing_docs, reason = "criterion's macros make undocumented items")]

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use ndarray::{Array2, Axis, Slice};
use surmise::linalg::{Backend, Cholesky};
use surmise::rng::Rng;

const SIZES: [usize; 3] = [32, 128, 512];
/// Number of rows that are added to a factor at once.
const ADDED: usize = 8;

fn positive_definite(size: usize) -> Array2<f64> {
    let mut rng = Rng::stream(1, 0);
    let root = Array2::from_shape_fn((size, size), |_| rng.normal());
    Backend::default().product(root.view(), root.t()) + Array2::<f64>::eye(size)
}

/// Measures each operation and size as one group, so that the backends are compared.
fn backends(criterion: &mut Criterion) {
    for size in SIZES {
        let matrix = positive_definite(size + ADDED);
        let block = |rows: Slice, columns: Slice| {
            matrix.slice_axis(Axis(0), rows).slice_axis(Axis(1), columns).to_owned()
        };
        let (first, last) = (Slice::from(..size), Slice::from(size..));
        let leading = block(first, first);
        let (cross, corner) = (block(first, last), block(last, last));
        let factor = |backend| Cholesky::factor_with(backend, &leading).expect("positive definite");
        let factors: Vec<(Backend, Cholesky)> =
            Backend::ALL.iter().map(|&backend| (backend, factor(backend))).collect();
        let mut measure = |operation: &str, work: &dyn Fn(Backend, &Cholesky) -> f64| {
            let mut group = criterion.benchmark_group(format!("{operation}/{size}"));
            for (backend, factor) in &factors {
                let id = BenchmarkId::from_parameter(format!("{backend:?}"));
                group.bench_function(id, |bencher| bencher.iter(|| work(*backend, factor)));
            }
            group.finish();
        };
        measure("factor", &|backend, _| factor(backend).log_determinant());
        measure("factor and inverse", &|backend, _| factor(backend).inverse()[[0, 0]]);
        measure("grow by 8", &|_, factor| {
            let mut grown = factor.clone();
            grown.grow(&cross, &corner).expect("positive definite");
            grown.lower()[[size, 0]]
        });
        measure("product", &|backend, _| backend.product(leading.view(), leading.view())[[0, 0]]);
    }
}

criterion_group!(benches, backends);
criterion_main!(benches);
