//! `surmise demo`: the hyperparameter tuning job of AWS's Step Functions sample, run on this machine: gradient-boosted trees on real data.

use std::ops::ControlFlow;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use surmise::rng::Rng;
use surmise::strategy::{History, Phase, Proposal};
use surmise::study::Event;
use surmise::tune::Progress;
use surmise::{
    Configuration, Error, FunctionEvaluator, Order, ParameterRange, RandomSearch, Strategy, Study,
    StudySettings, Trial, Tuner,
};
use surmise_bench::learner::{Diabetes, Hyperparameters};
use surmise_bench::wilcoxon_signed_rank;
use surmise_sagemaker::{HyperParameterTuningJobConfig, Tuning, TuningError};

use crate::output::{Failure, ended, say};

const JOB: &str = include_str!("tuning_job.json");
/// Rows of the table of the best.
const SHOWN: usize = 5;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The seed of the one run; else the job's, else 1.
    #[arg(long, value_name = "N", conflicts_with = "seeds")]
    seed: Option<u64>,
    /// Run seeds 1 to N by Bayesian and by random search, and close with the p-value of Wilcoxon's signed-rank test.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    seeds: Option<u64>,
    /// Draw no progress bar.
    #[arg(long)]
    quiet: bool,
}

pub(crate) fn run(options: &Options) -> ExitCode {
    ended(try_run(options).map(|()| ExitCode::SUCCESS))
}

fn try_run(options: &Options) -> Result<(), Failure> {
    let config: HyperParameterTuningJobConfig = serde_json::from_str(JOB)?;
    let data = Arc::new(Diabetes::read());
    match options.seeds {
        Some(seeds) => compare(&config, &data, seeds, options.quiet)?,
        None => show_one(&config, &data, options)?,
    }
    Ok(())
}

/// One run, looked at closely.
fn show_one(
    config: &HyperParameterTuningJobConfig,
    data: &Arc<Diabetes>,
    options: &Options,
) -> Result<(), Failure> {
    let tuning = config.tuning()?;
    let jobs = tuning.limits.max_jobs.map_or("any number of".to_owned(), |jobs| jobs.to_string());
    let parallel = tuning.limits.max_parallel_jobs;
    say(format_args!(
        "Looks for the hyperparameters of boosted trees that predict the progress of diabetes best:\n\
         {} is to be small. {jobs} jobs, {parallel} at a time, over",
        tuning.objective.metric_name
    ))?;
    for range in tuning.space.ranges() {
        say(format_args!("  {}", described(range)))?;
    }
    for part in &tuning.not_supported {
        say(format_args!("{part}."))?;
    }
    let seed = options.seed.or(tuning.seed).unwrap_or(1);
    let clock = Clock::default();
    let bayesian = search(tuning, Some(&clock), data, seed, !options.quiet)?;
    say(format_args!("The same by random search, to compare:"))?;
    let random = search(random(config)?, None, data, seed, !options.quiet)?;

    say(format_args!("\nThe best trials of Bayesian optimization:"))?;
    say(format_args!(
        "{:>5} {:>10} {:>9} {:>15} {:>10} {:>10}",
        "trial", "alpha", "gamma", "max_delta_step", "max_depth", "rmse"
    ))?;
    for trial in ranked(&bayesian).into_iter().take(SHOWN) {
        let Hyperparameters { alpha, gamma, max_delta_step, max_depth, .. } =
            Hyperparameters::UNTUNED.with(&trial.configuration);
        say(format_args!(
            "{:>5} {alpha:>10.3} {gamma:>9.4} {max_delta_step:>15} {max_depth:>10} {:>10.4}",
            trial.id.0,
            best_value(Some(trial)),
        ))?;
    }
    for at_end in values_at_ends(&bayesian) {
        say(format_args!("{at_end}"))?;
    }
    let jobs = bayesian.trials().len();
    let untuned = data.cross_validated_rmse(Hyperparameters::UNTUNED)?;
    say(format_args!(
        "\nBayesian optimization, {jobs} jobs   {:>10.4}",
        best_value(bayesian.best())
    ))?;
    say(format_args!("random search, {jobs} jobs           {:>10.4}", best_value(random.best())))?;
    say(format_args!("untuned defaults                 {untuned:>10.4}"))?;
    say(format_args!("time per model proposal          {:>10.1?}", clock.mean()))?;
    say(format_args!(
        "\nNext: your own function, as in examples/minimize_function.rs; your own program, as in\n\
         examples/tune_command; more seeds of this, by `--seeds 20`."
    ))?;
    Ok(())
}

/// A range in a few words.
fn described(range: &ParameterRange) -> String {
    let name = range.name();
    match range {
        ParameterRange::Continuous(range) => {
            format!("{name:<15} {:?} to {:?}", range.min(), range.max())
        }
        ParameterRange::Integer(range) => format!("{name:<15} {} to {}", range.min(), range.max()),
        ParameterRange::Categorical(range) => format!("{name:<15} one of {:?}", range.values()),
    }
}

/// Where the best values lie at the end of a range, the optimum may lie behind it.
fn values_at_ends(study: &Study) -> Vec<String> {
    let best: Vec<&Trial> = ranked(study).into_iter().take(SHOWN).collect();
    let mut notes = Vec::new();
    for range in study.space().ranges() {
        let (name, ends) = match range {
            ParameterRange::Continuous(range) => (range.name(), [range.min(), range.max()]),
            #[allow(clippy::cast_precision_loss, reason = "small numbers")]
            ParameterRange::Integer(range) => {
                (range.name(), [range.min() as f64, range.max() as f64])
            }
            ParameterRange::Categorical(_) => continue,
        };
        for (end, which) in ends.into_iter().zip(["lowest", "highest"]) {
            let is_there = |trial: &&&Trial| (trial.configuration.float(name) - end).abs() < 1e-12;
            let count = best.iter().filter(is_there).count();
            if count > 1 {
                notes.push(format!(
                    "{count} of the {} best have the {which} {name}, {end}: a wider range may have better ones, if that makes sense.",
                    best.len()
                ));
            }
        }
    }
    notes
}

/// Both strategies over many seeds.
fn compare(
    config: &HyperParameterTuningJobConfig,
    data: &Arc<Diabetes>,
    seeds: u64,
    quiet: bool,
) -> Result<(), Failure> {
    say(format_args!("{:>5} {:>10} {:>10}", "seed", "bayesian", "random"))?;
    let mut differences = Vec::new();
    for seed in 1..=seeds {
        let bayesian = best_value(search(config.tuning()?, None, data, seed, !quiet)?.best());
        let random = best_value(search(random(config)?, None, data, seed, !quiet)?.best());
        say(format_args!("{seed:>5} {bayesian:>10.4} {random:>10.4}"))?;
        differences.push(bayesian - random);
    }
    let p = wilcoxon_signed_rank(&differences);
    say(format_args!("one-sided Wilcoxon signed-rank p that Bayesian is below random: {p:.3e}"))?;
    Ok(())
}

/// The same job, searched by chance.
fn random(config: &HyperParameterTuningJobConfig) -> Result<Tuning, TuningError> {
    let mut tuning = config.tuning()?;
    tuning.strategy = Box::new(RandomSearch);
    Ok(tuning)
}

fn search(
    tuning: Tuning,
    clock: Option<&Clock>,
    data: &Arc<Diabetes>,
    seed: u64,
    bar: bool,
) -> Result<Study, Error> {
    let Tuning { space, objective, limits, strategy, .. } = tuning;
    let order = Order::FixedLag(limits.max_parallel_jobs);
    let settings = StudySettings { seed, order, limits, ..Default::default() };
    let strategy: Box<dyn Strategy> = match clock {
        Some(clock) => Box::new(Timed { strategy, clock: clock.clone() }),
        None => strategy,
    };
    let mut study = Study::new(space, objective, strategy, settings)?;
    let data = Arc::clone(data);
    let mut jobs = FunctionEvaluator::new(move |configuration: &Configuration| {
        data.cross_validated_rmse(Hyperparameters::UNTUNED.with(configuration))
    });
    let bar = if bar { progress_bar(limits.max_jobs) } else { ProgressBar::hidden() };
    let watch = |study: &Study, progress: &Progress<'_>| {
        if matches!(progress, Progress::Recorded(Event::Told { .. })) {
            bar.set_message(format!("best {:.4}", best_value(study.best())));
            bar.inc(1);
        }
        ControlFlow::Continue(())
    };
    Tuner::new().observe(watch).run(&mut study, &mut jobs)?;
    bar.finish_and_clear();
    Ok(study)
}

fn progress_bar(jobs: Option<usize>) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} jobs, {elapsed}, {msg}");
    ProgressBar::new(jobs.unwrap_or(0) as u64).with_style(style.expect("a sound template"))
}

fn best_value(trial: Option<&Trial>) -> f64 {
    trial.and_then(Trial::value).unwrap_or(f64::INFINITY)
}

fn ranked(study: &Study) -> Vec<&Trial> {
    let mut trials: Vec<&Trial> = study.trials().iter().filter(|t| t.value().is_some()).collect();
    trials.sort_by(|a, b| best_value(Some(a)).total_cmp(&best_value(Some(b))));
    trials
}

/// How long the model's proposals took.
#[derive(Debug, Clone, Default)]
struct Clock {
    taken: Arc<Mutex<(Duration, u32)>>,
}

impl Clock {
    fn mean(&self) -> Duration {
        let (total, count) = *self.taken.lock().expect("nobody panics while adding");
        total / count.max(1)
    }
}

/// A strategy that keeps the time.
#[derive(Debug)]
struct Timed {
    strategy: Box<dyn Strategy>,
    clock: Clock,
}

impl Strategy for Timed {
    #[allow(clippy::disallowed_methods, reason = "timing is the purpose")]
    fn propose(&self, history: &History<'_>, rng: &mut Rng) -> Result<Option<Proposal>, Error> {
        let start = Instant::now();
        let proposal = self.strategy.propose(history, rng);
        let mut taken = self.clock.taken.lock().expect("nobody panics while adding");
        // The design's points cost nothing and would flatter the mean.
        if matches!(&proposal, Ok(Some(proposal)) if proposal.phase == Phase::Model) {
            *taken = (taken.0 + start.elapsed(), taken.1 + 1);
        }
        proposal
    }
}
