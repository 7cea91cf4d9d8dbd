use super::*;
use crate::problem::Problem;
use surmise::rng::Rng;
use surmise::space::Configuration;

fn random_configurations(learner: &Learner, count: u64) -> Vec<Configuration> {
    let space = learner.space();
    let draw = |sample| {
        let mut rng = Rng::stream(5, sample);
        let point: Vec<f64> = space.axes().iter().map(|_| rng.uniform()).collect();
        space.decode(&space.snap(&point.into()))
    };
    (0..count).map(draw).collect()
}

/// An evaluation is one of the replicates, the truth is their mean, and nothing is below the best
/// known value.
#[test]
fn an_evaluation_draws_a_replicate() {
    for learner in learners() {
        let name = learner.name().to_owned();
        let optimum = learner.optimum().unwrap();
        let mut seen = Vec::new();
        for configuration in random_configurations(&learner, 3) {
            let replicates = learner.replicates(&configuration).unwrap();
            let mean = replicates.iter().sum::<f64>() / 4.0;
            let evaluation = learner.evaluate(&configuration, &mut Rng::stream(1, 1));
            let again = learner.evaluate(&configuration, &mut Rng::stream(1, 1));
            assert_eq!(evaluation, again, "{name}");
            assert!(replicates.contains(&evaluation.measured.clone().unwrap()), "{name}");
            assert_eq!(evaluation.noiseless, Some(mean), "{name}");
            assert!(mean >= optimum && evaluation.duration.unwrap().as_secs_f64() > 0.0, "{name}");
            seen.push(mean.to_bits());
        }
        seen.dedup();
        assert!(seen.len() > 1, "{name} depends on its hyperparameters");
        assert!(learner.is_noisy());
    }
}

/// With a linear kernel, γ, the degree and the offset have no effect.
#[test]
fn hyperparameters_without_effect_have_none() {
    let svc = &learners()[0];
    let with = |gamma: f64, degree: i64, kernel: &str| {
        let configuration = Configuration::from([
            ("kernel", kernel.into()),
            ("c", 0.1.into()),
            ("gamma", gamma.into()),
            ("degree", degree.into()),
            ("offset", 0.5.into()),
        ]);
        svc.replicates(&configuration).unwrap()
    };
    assert_eq!(with(1e-4, 2, "linear"), with(0.5, 5, "linear"));
    assert_ne!(with(1e-4, 2, "rbf"), with(0.5, 2, "rbf"));
    assert_eq!(with(0.01, 2, "rbf"), with(0.01, 5, "rbf"));
}

/// The stored means of random search are above the best known value, and have scores.
#[test]
fn every_learner_has_means() {
    for case in crate::real::learner_cases() {
        let means = case.random_means().unwrap_or_else(|| panic!("{}", case.name()));
        let optimum = case.problem().optimum().unwrap();
        assert!(means.at(case.budget()).unwrap() > optimum, "{}", case.name());
    }
}
