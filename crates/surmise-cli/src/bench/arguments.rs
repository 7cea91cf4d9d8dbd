//! The command line of `surmise bench`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run strategies, and other programs, on a suite of problems, and write a page about it. Run again with the same --out, it goes on where it
    /// stopped.
    #[command(
        after_help = "Exit status: 0 done, 1 some runs broke off, 2 the command line or what is in --out cannot be read."
    )]
    Run(Options),
    /// Analyse runs that are there: of one directory, or of several side by side.
    Compare {
        /// Directories of runs, as `run` writes them.
        #[arg(required = true, value_name = "DIR")]
        directories: Vec<PathBuf>,
        /// Where the page is written.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Tell whether the default strategy is as good as when a baseline was written.
    #[command(after_help = "Exit status: 0 it is, 1 it is not, 2 the baseline cannot be read.")]
    Check {
        /// The baseline.
        #[arg(long, value_name = "FILE")]
        baseline: PathBuf,
        /// Write it anew instead.
        #[arg(long)]
        write: bool,
        /// Draw no progress bar.
        #[arg(long)]
        quiet: bool,
    },
    /// Print what random search reaches, to be committed.
    RandomMeans {
        /// Parts of the names of the problems that are wanted, with commas between them; all of the package if none are given.
        #[arg(long, value_delimiter = ',', value_name = "TEXT")]
        problems: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Options {
    /// The suite: smoke, public, instances, mixed, noisy or hard.
    #[arg(long, default_value = "smoke")]
    pub(crate) suite: String,
    /// Parts of the names of the problems that are wanted, with commas between them; all if none are given.
    #[arg(long, value_delimiter = ',', value_name = "TEXT")]
    pub(crate) problems: Vec<String>,
    /// Strategies by name, with commas between them; parts of Bayesian optimization are exchanged by +NAME.
    #[arg(
        long,
        value_delimiter = ',',
        default_value = "random,sobol,bayesian",
        value_name = "NAME"
    )]
    pub(crate) strategies: Vec<String>,
    /// Another program that speaks the JSON lines of `surmise ask-tell`; may be given several times.
    #[arg(long, value_parser = external, value_name = "NAME='COMMAND'")]
    pub(crate) external: Vec<(String, String)>,
    /// Repetitions of each problem, with seeds from 1 on.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) seeds: u64,
    /// Batches of so many.
    #[arg(long, default_value_t = 1, value_parser = above_0, group = "order")]
    pub(crate) parallel: usize,
    /// So many workers, each of which is given a trial as soon as it is free.
    #[arg(long, value_parser = above_0, group = "order")]
    pub(crate) workers: Option<usize>,
    /// As with so many workers, under a fixed lag.
    #[arg(long, value_parser = above_0, group = "order")]
    pub(crate) lag: Option<usize>,
    /// Where runs and page are kept: `target/benchmark/SUITE` by default.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Keep runs of another build of this program.
    #[arg(long)]
    pub(crate) mix_builds: bool,
    /// Draw no progress bar.
    #[arg(long)]
    pub(crate) quiet: bool,
}

fn external(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, command)) if !name.is_empty() && !command.trim().is_empty() => {
            Ok((name.to_owned(), command.to_owned()))
        }
        _ => Err("it is NAME='command'".to_owned()),
    }
}

fn above_0(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if count > 0 => Ok(count),
        _ => Err("it is a whole number above 0".to_owned()),
    }
}
