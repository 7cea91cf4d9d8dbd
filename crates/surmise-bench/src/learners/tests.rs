use std::time::Instant;

use super::*;
use crate::problem::Problem;
use surmise::rng::Rng;

/// Random configurations of each learner have different errors, and some are good.
#[test]
#[ignore]
fn survey() {
    for learner in learners() {
        let space = learner.space();
        let mut values = Vec::new();
        let mut noise = 0.0;
        let start = Instant::now();
        let (mut failures, mut slowest) = (0, 0.0_f64);
        for sample in 0..12 {
            let mut rng = Rng::stream(5, sample);
            let point: Vec<f64> = space.axes().iter().map(|_| rng.uniform()).collect();
            let c = space.decode(&space.snap(&point.into()));
            let t = Instant::now();
            match learner.replicates(&c) {
                Ok(r) => {
                    let mean = r.iter().sum::<f64>() / 4.0;
                    noise += (r.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 3.0).sqrt();
                    values.push(mean);
                }
                Err(e) => {
                    failures += 1;
                    eprintln!("{c}: {e}");
                }
            }
            let s = t.elapsed().as_secs_f64();
            if s > slowest {
                slowest = s;
                if s > 1.0 {
                    eprintln!("{c} {s}");
                }
            }
        }
        values.sort_by(f64::total_cmp);
        let q = |p: f64| values[(p * (values.len() - 1) as f64) as usize];
        eprintln!(
            "{} {:.3}s slowest {slowest:.2} failures {failures} noise {:.4} quantiles {:.4} {:.4} {:.4} {:.4} {:.4}",
            learner.name(),
            start.elapsed().as_secs_f64() / 12.0,
            noise / values.len() as f64,
            q(0.0),
            q(0.05),
            q(0.2),
            q(0.5),
            q(1.0)
        );
    }
}
