//! The command line of `surmise bench`.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use surmise_bench::DEFAULT_FLOOR;

/// The exit statuses of `run`.
const RUN_STATUS: &str = "\
Exit status: 0 done; 1 some runs failed; 2 the command line or the data in --out cannot be read.";
/// The exit statuses of `check`.
const CHECK_STATUS: &str = "\
Exit status: 0 the strategy is as good as before; 1 it is worse; 2 the baseline cannot be read.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run strategies and external programs on a suite of problems, and write a page with the
    /// results. The same command with the same --out resumes an interrupted benchmark.
    #[command(after_help = RUN_STATUS)]
    Run(Box<Options>),
    /// Analyze existing runs: those of one directory, or of several directories side by side.
    Compare(Box<CompareOptions>),
    /// Join the runs of shards. Runs that occur twice are an error.
    Merge(MergeOptions),
    /// Check whether the default strategy is as good as when a baseline was written.
    #[command(after_help = CHECK_STATUS)]
    Check(CheckOptions),
    /// Print the mean results of random search, which are stored in the repository.
    RandomMeans {
        /// Parts of the names of the problems, separated by commas [default: all problems].
        #[arg(long, value_delimiter = ',', value_name = "TEXT")]
        problems: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct MergeOptions {
    /// The directories with runs, as `run` writes them, or files with runs.
    #[arg(required = true, value_name = "DIR")]
    pub(crate) directories: Vec<PathBuf>,
    /// The directory for all runs and the page with the results.
    #[arg(long, value_name = "DIR", required_unless_present = "compact")]
    pub(crate) out: Option<PathBuf>,
    /// A new file for the runs in a form to publish: compressed by gzip, without the
    /// configurations of all trials but the first, and with rounded times.
    #[arg(long, value_name = "FILE")]
    pub(crate) compact: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The suite of problems: smoke, public, instances, mixed, noisy, hard, lock-in or real
    /// [default: smoke, or none if --problem or --table is given].
    #[arg(long)]
    pub(crate) suite: Option<String>,
    /// A program that is a problem: it answers JSON lines by values. The option can be repeated.
    #[arg(long, value_parser = parse_named, value_name = "NAME='COMMAND'")]
    pub(crate) problem: Vec<(String, String)>,
    /// A CSV file of evaluated configurations that is a problem. The option can be repeated.
    #[arg(long, value_parser = parse_named, value_name = "NAME=FILE", requires = "value")]
    pub(crate) table: Vec<(String, String)>,
    /// The column of the tables with the value of the metric.
    #[arg(long, value_name = "COLUMN", requires = "table")]
    pub(crate) value: Option<String>,
    /// Larger values of the tables are better.
    #[arg(long, requires = "table")]
    pub(crate) maximize: bool,
    /// The column of the tables with the duration of an evaluation in seconds.
    #[arg(long, value_name = "COLUMN", requires = "table")]
    pub(crate) duration: Option<String>,
    /// Columns of the tables that are no hyperparameters, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "COLUMN", requires = "table")]
    pub(crate) ignore: Vec<String>,
    /// The number of random configurations of a program that is a problem, which tell what random
    /// search finds [default: 5 times the budget, at least 200].
    #[arg(long, value_name = "N", value_parser = parse_positive, requires = "problem")]
    pub(crate) random_samples: Option<usize>,
    /// Parts of the names of the problems, separated by commas [default: all problems].
    #[arg(long, value_delimiter = ',', value_name = "TEXT")]
    pub(crate) problems: Vec<String>,
    /// The names of the strategies, separated by commas. +NAME replaces a part of Bayesian
    /// optimization; none stands for external programs only.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "random,sobol,bayesian",
        value_name = "NAME"
    )]
    pub(crate) strategies: Vec<String>,
    /// An external program that answers the JSON lines of `surmise ask-tell`. The option can be
    /// repeated.
    #[arg(long, value_parser = parse_named, value_name = "NAME='COMMAND'")]
    pub(crate) external: Vec<(String, String)>,
    /// Only the problems that are held out, or only those that the engine was developed with.
    #[arg(long, value_enum, value_name = "WHICH")]
    pub(crate) only: Option<Only>,
    /// The folder with the tables of the suite real [default: ~/.cache/surmise].
    #[arg(long, value_name = "FOLDER")]
    pub(crate) tables: Option<PathBuf>,
    /// The number of evaluations of each run [default: 30 to 100, by the number of parameters].
    #[arg(long, value_parser = parse_positive)]
    pub(crate) budget: Option<usize>,
    /// The number of repetitions of each problem, with seeds from 1; or a range of seeds.
    #[arg(long, default_value = "20", value_parser = parse_seeds, value_name = "N|A-B")]
    pub(crate) seeds: RangeInclusive<u64>,
    /// Make the runs of every n-th case and seed only. `bench merge` joins the shards.
    #[arg(long, value_parser = parse_shard, value_name = "I/N")]
    pub(crate) shard: Option<(usize, usize)>,
    /// Make runs again that ended with an error. The failed attempts are kept and counted.
    #[arg(long)]
    pub(crate) retry: bool,
    /// Let the virtual clock run while a proposal is computed. Results by time then depend on the
    /// machine.
    #[arg(long)]
    pub(crate) charge_proposals: bool,
    /// The number of trials in a batch, which are all evaluated before the next batch.
    #[arg(long, default_value_t = 1, value_parser = parse_positive, group = "order")]
    pub(crate) parallel: usize,
    /// The number of workers; each gets a trial as soon as it is free.
    #[arg(long, value_parser = parse_positive, group = "order")]
    pub(crate) workers: Option<usize>,
    /// The number of workers with a fixed lag: results do not depend on the order in which trials
    /// end.
    #[arg(long, value_parser = parse_positive, group = "order")]
    pub(crate) lag: Option<usize>,
    /// The directory for the runs and the page [default: target/benchmark/SUITE].
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Keep existing runs of another build of this program.
    #[arg(long)]
    pub(crate) mix_builds: bool,
    /// Draw no progress bar.
    #[arg(long)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CheckOptions {
    /// The file with the baseline, which is written anew after intended changes.
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: PathBuf,
    /// The file with the anchor, which never changes, so that small losses cannot add up.
    #[arg(long, value_name = "FILE")]
    pub(crate) anchor: Option<PathBuf>,
    /// Write a new baseline instead of checking against the old one.
    #[arg(long)]
    pub(crate) write: bool,
    /// The folder with the tables of the suite real [default: ~/.cache/surmise].
    #[arg(long, value_name = "FOLDER")]
    pub(crate) tables: Option<PathBuf>,
    /// Draw no progress bar.
    #[arg(long)]
    pub(crate) quiet: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CompareOptions {
    /// The directories with runs, as `run` writes them, or files with runs.
    #[arg(required = true, value_name = "DIR")]
    pub(crate) directories: Vec<PathBuf>,
    /// Join the runs of all directories, instead of comparing the directories.
    #[arg(long)]
    pub(crate) join: bool,
    /// Compare every other strategy with this one only, instead of all pairs.
    #[arg(long, value_name = "STRATEGY", group = "pairs")]
    pub(crate) control: Option<String>,
    /// Compare only strategies of the same name in different directories, such as two builds.
    #[arg(long, group = "pairs")]
    pub(crate) paired_by_name: bool,
    /// The smallest relative regret that counts; smaller ones count as this.
    #[arg(long, default_value_t = DEFAULT_FLOOR)]
    pub(crate) floor: f64,
    /// Under noise, count the best trial, which cannot be known, instead of the recommended one:
    /// what the search found, apart from its recommendation.
    #[arg(long)]
    pub(crate) best_values: bool,
    /// Only the strategies with these names, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "NAME")]
    pub(crate) strategies: Vec<String>,
    /// Only the problems whose names contain one of these texts, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "TEXT")]
    pub(crate) problems: Vec<String>,
    /// Only the problems that are held out, or only those that the engine was developed with.
    #[arg(long, value_enum, value_name = "WHICH")]
    pub(crate) only: Option<Only>,
    /// The directory for a page with the results.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// The directory for figures (SVG and PDF), LaTeX tables and the data of IOHanalyzer.
    #[arg(long, value_name = "DIR")]
    pub(crate) export: Option<PathBuf>,
}

/// The problems by whether the engine was developed with them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Only {
    HeldOut,
    Development,
}

/// Reads the number of seeds, or their range.
fn parse_seeds(text: &str) -> Result<RangeInclusive<u64>, String> {
    let seeds = match text.split_once('-') {
        None => text.parse().map(|count| 1..=count).ok(),
        Some((first, last)) => first.parse().ok().zip(last.parse().ok()).map(|(a, b)| a..=b),
    };
    let valid = seeds.filter(|seeds| *seeds.start() >= 1 && !seeds.is_empty());
    valid.ok_or_else(|| "write a whole number above 0, or a range such as 21-40".to_owned())
}

fn parse_shard(text: &str) -> Result<(usize, usize), String> {
    let parts = text.split_once('/');
    let numbers = parts.and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
    let valid = numbers.filter(|(number, count)| (1..=*count).contains(number));
    valid.ok_or_else(|| "write I/N with I from 1 to N, such as 1/2".to_owned())
}

/// Reads a name and what it names.
fn parse_named(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, command)) if !name.is_empty() && !command.trim().is_empty() => {
            Ok((name.to_owned(), command.to_owned()))
        }
        _ => Err("write NAME='command', or NAME=FILE for a table".to_owned()),
    }
}

fn parse_positive(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if count > 0 => Ok(count),
        _ => Err("write a whole number above 0".to_owned()),
    }
}
