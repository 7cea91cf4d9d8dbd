//! `surmise demo`: a demonstration that runs the tuning job of AWS's Step Functions sample.
//!
//! The jobs run on this machine: each trains gradient-boosted trees on the diabetes data.

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
use surmise_bench::gradient_boosting::{DiabetesData, Hyperparameters};
use surmise_bench::wilcoxon_signed_rank;
use surmise_sagemaker::{HyperParameterTuningJobConfig, Tuning, TuningError};

use crate::output::{CommandError, exit_code, print_line};

const JOB: &str = include_str!("tuning_job.json");
/// Number of rows in the table of the best trials.
const TABLE_ROWS: usize = 5;

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The seed of the run [default: the seed in the tuning job, or 1].
    #[arg(long, value_name = "N", conflicts_with = "seeds")]
    seed: Option<u64>,
    /// Compare Bayesian optimization with random search for seeds 1 to N, and print the p-value of
    /// Wilcoxon's signed-rank test.
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    seeds: Option<u64>,
    /// Draw no progress bar.
    #[arg(long)]
    quiet: bool,
}

pub(crate) fn run(options: &Options) -> ExitCode {
    exit_code(try_run(options).map(|()| ExitCode::SUCCESS))
}

fn try_run(options: &Options) -> Result<(), CommandError> {
    let config: HyperParameterTuningJobConfig = serde_json::from_str(JOB)?;
    let data = Arc::new(DiabetesData::load());
    match options.seeds {
        Some(seeds) => compare_strategies(&config, &data, seeds, options.quiet)?,
        None => run_once(&config, &data, options)?,
    }
    Ok(())
}

/// Runs both strategies once, and prints the best trials and the proposal time.
fn run_once(
    config: &HyperParameterTuningJobConfig,
    data: &Arc<DiabetesData>,
    options: &Options,
) -> Result<(), CommandError> {
    let tuning = config.tuning()?;
    let jobs = tuning.limits.max_jobs.map_or("any number of".to_owned(), |jobs| jobs.to_string());
    let parallel = tuning.limits.max_parallel_jobs;
    print_line(format_args!(
        "Tunes boosted trees that predict the progress of diabetes.\n\
         Minimizes {} with {jobs} jobs, {parallel} at a time, over the ranges",
        tuning.objective.metric_name
    ))?;
    for range in tuning.space.ranges() {
        print_line(format_args!("  {}", describe_range(range)))?;
    }
    for part in &tuning.not_supported {
        print_line(format_args!("{part}."))?;
    }
    let seed = options.seed.or(tuning.seed).unwrap_or(1);
    let timer = ProposalTimer::default();
    let bayesian = run_tuning(tuning, Some(&timer), data, seed, !options.quiet)?;
    print_line(format_args!("For comparison, the same tuning job with random search:"))?;
    let random = run_tuning(with_random_search(config)?, None, data, seed, !options.quiet)?;

    print_line(format_args!("\nThe best trials of Bayesian optimization:"))?;
    print_line(format_args!(
        "{:>5} {:>10} {:>9} {:>15} {:>10} {:>10}",
        "trial", "alpha", "gamma", "max_delta_step", "max_depth", "rmse"
    ))?;
    for trial in trials_by_value(&bayesian).into_iter().take(TABLE_ROWS) {
        let Hyperparameters { alpha, gamma, max_delta_step, max_depth, .. } =
            Hyperparameters::UNTUNED.with_configuration(&trial.configuration);
        print_line(format_args!(
            "{:>5} {alpha:>10.3} {gamma:>9.4} {max_delta_step:>15} {max_depth:>10} {:>10.4}",
            trial.id.0,
            best_value(Some(trial)),
        ))?;
    }
    for note in boundary_notes(&bayesian) {
        print_line(format_args!("{note}"))?;
    }
    let jobs = bayesian.trials().len();
    let untuned = data.cross_validated_rmse(Hyperparameters::UNTUNED)?;
    print_line(format_args!(
        "\nBayesian optimization, {jobs} jobs   {:>10.4}",
        best_value(bayesian.best())
    ))?;
    print_line(format_args!(
        "random search, {jobs} jobs           {:>10.4}",
        best_value(random.best())
    ))?;
    print_line(format_args!("untuned defaults                 {untuned:>10.4}"))?;
    print_line(format_args!("time per model proposal          {:>10.1?}", timer.mean()))?;
    print_line(format_args!(
        "\nNext steps: tune a function as in examples/minimize_function.rs, tune a program with\n\
         `surmise tune`, or compare more seeds with `surmise demo --seeds 20`."
    ))?;
    Ok(())
}

/// Describes a range in a few words.
fn describe_range(range: &ParameterRange) -> String {
    let name = range.name();
    match range {
        ParameterRange::Continuous(range) => {
            format!("{name:<15} {:?} to {:?}", range.min(), range.max())
        }
        ParameterRange::Integer(range) => format!("{name:<15} {} to {}", range.min(), range.max()),
        ParameterRange::Categorical(range) => format!("{name:<15} one of {:?}", range.values()),
    }
}

/// Returns a note for each end of a range at which several of the best trials are.
///
/// The optimum may then lie outside of the range.
fn boundary_notes(study: &Study) -> Vec<String> {
    let best: Vec<&Trial> = trials_by_value(study).into_iter().take(TABLE_ROWS).collect();
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
        for (end, side) in ends.into_iter().zip(["lowest", "highest"]) {
            let is_at_end = |trial: &&&Trial| (trial.configuration.float(name) - end).abs() < 1e-12;
            let count = best.iter().filter(is_at_end).count();
            if count > 1 {
                notes.push(format!(
                    "{count} of the {} best trials have the {side} allowed {name}, {end}: try a \
                     wider range if it makes sense.",
                    best.len()
                ));
            }
        }
    }
    notes
}

/// Compares both strategies over the seeds 1 to `seeds`.
fn compare_strategies(
    config: &HyperParameterTuningJobConfig,
    data: &Arc<DiabetesData>,
    seeds: u64,
    quiet: bool,
) -> Result<(), CommandError> {
    print_line(format_args!("{:>5} {:>10} {:>10}", "seed", "bayesian", "random"))?;
    let mut differences = Vec::new();
    for seed in 1..=seeds {
        let bayesian = best_value(run_tuning(config.tuning()?, None, data, seed, !quiet)?.best());
        let random =
            best_value(run_tuning(with_random_search(config)?, None, data, seed, !quiet)?.best());
        print_line(format_args!("{seed:>5} {bayesian:>10.4} {random:>10.4}"))?;
        differences.push(bayesian - random);
    }
    let p = wilcoxon_signed_rank(&differences);
    print_line(format_args!(
        "one-sided Wilcoxon signed-rank p that Bayesian is below random: {p:.3e}"
    ))?;
    Ok(())
}

/// Returns the tuning job with random search in place of its strategy.
fn with_random_search(config: &HyperParameterTuningJobConfig) -> Result<Tuning, TuningError> {
    let mut tuning = config.tuning()?;
    tuning.strategy = Box::new(RandomSearch);
    Ok(tuning)
}

fn run_tuning(
    tuning: Tuning,
    timer: Option<&ProposalTimer>,
    data: &Arc<DiabetesData>,
    seed: u64,
    show_bar: bool,
) -> Result<Study, Error> {
    let Tuning { space, objective, limits, strategy, .. } = tuning;
    let order = Order::FixedLag(limits.max_parallel_jobs);
    let settings = StudySettings { seed, order, limits, ..Default::default() };
    let strategy: Box<dyn Strategy> = match timer {
        Some(timer) => Box::new(TimedStrategy { strategy, timer: timer.clone() }),
        None => strategy,
    };
    let mut study = Study::new(space, objective, strategy, settings)?;
    let data = Arc::clone(data);
    let mut jobs = FunctionEvaluator::new(move |configuration: &Configuration| {
        data.cross_validated_rmse(Hyperparameters::UNTUNED.with_configuration(configuration))
    });
    let bar = if show_bar { progress_bar(limits.max_jobs) } else { ProgressBar::hidden() };
    let on_progress = |study: &Study, progress: &Progress<'_>| {
        if matches!(progress, Progress::Recorded(Event::Told { .. })) {
            bar.set_message(format!("best {:.4}", best_value(study.best())));
            bar.inc(1);
        }
        ControlFlow::Continue(())
    };
    Tuner::new().on_progress(on_progress).run(&mut study, &mut jobs)?;
    bar.finish_and_clear();
    Ok(study)
}

fn progress_bar(jobs: Option<usize>) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos}/{len} jobs, {elapsed}, {msg}");
    ProgressBar::new(jobs.unwrap_or(0) as u64).with_style(style.expect("the template is valid"))
}

fn best_value(trial: Option<&Trial>) -> f64 {
    trial.and_then(Trial::value).unwrap_or(f64::INFINITY)
}

fn trials_by_value(study: &Study) -> Vec<&Trial> {
    let mut trials: Vec<&Trial> = study.trials().iter().filter(|t| t.value().is_some()).collect();
    trials.sort_by(|a, b| best_value(Some(a)).total_cmp(&best_value(Some(b))));
    trials
}

/// The total time and the number of the model's proposals.
#[derive(Debug, Clone, Default)]
struct ProposalTimer {
    total_and_count: Arc<Mutex<(Duration, u32)>>,
}

impl ProposalTimer {
    fn mean(&self) -> Duration {
        let (total, count) =
            *self.total_and_count.lock().expect("no thread panics while it holds the lock");
        total / count.max(1)
    }
}

/// A strategy that measures the time of each proposal.
#[derive(Debug)]
struct TimedStrategy {
    strategy: Box<dyn Strategy>,
    timer: ProposalTimer,
}

impl Strategy for TimedStrategy {
    #[allow(clippy::disallowed_methods, reason = "timing is the purpose")]
    fn propose(&self, history: &History<'_>, rng: &mut Rng) -> Result<Option<Proposal>, Error> {
        let start = Instant::now();
        let proposal = self.strategy.propose(history, rng);
        let mut total_and_count =
            self.timer.total_and_count.lock().expect("no thread panics while it holds the lock");
        // The initial design takes almost no time; with it, the mean would be too low.
        if matches!(&proposal, Ok(Some(proposal)) if proposal.phase == Phase::Model) {
            *total_and_count = (total_and_count.0 + start.elapsed(), total_and_count.1 + 1);
        }
        proposal
    }
}
