//! What the command line asks for.

use std::path::PathBuf;

pub(crate) const USAGE: &str = "\
usage: benchmark_strategies [--suite smoke|public|instances|mixed|noisy|hard] [--problems TEXT,…]
           [--strategies random,sobol,bayesian] [--external NAME='command' …] [--seeds N]
           [--parallel Q | --workers Q | --lag Q] [--out DIR] [--mix-builds] [--quiet]
       benchmark_strategies compare DIR [DIR …] [--out DIR]
       benchmark_strategies check --baseline FILE [--write] [--quiet]
       benchmark_strategies random-means [--problems TEXT,…]

Run again with the same --out, it goes on where it stopped.";

/// The options of a run.
const RUN: [&str; 11] = [
    "--suite",
    "--problems",
    "--strategies",
    "--external",
    "--seeds",
    "--parallel",
    "--workers",
    "--lag",
    "--out",
    "--mix-builds",
    "--quiet",
];

/// One of the commands, with its options.
#[derive(Debug)]
pub(crate) enum Command {
    Run(Options),
    Compare { directories: Vec<PathBuf>, out: Option<PathBuf> },
    Check { baseline: PathBuf, write: bool, quiet: bool },
    RandomMeans { problems: Vec<String> },
}

/// What is run, and how.
#[derive(Debug)]
pub(crate) struct Options {
    pub(crate) suite: String,
    /// Parts of the names of the problems that are wanted; all if there are none.
    pub(crate) problems: Vec<String>,
    pub(crate) strategies: Vec<String>,
    /// Name and command.
    pub(crate) external: Vec<(String, String)>,
    pub(crate) seeds: u64,
    pub(crate) parallel: usize,
    pub(crate) workers: Option<usize>,
    pub(crate) lag: Option<usize>,
    pub(crate) out: Option<PathBuf>,
    pub(crate) mix_builds: bool,
    pub(crate) quiet: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            suite: "smoke".to_owned(),
            problems: Vec::new(),
            strategies: ["random", "sobol", "bayesian"].map(str::to_owned).to_vec(),
            external: Vec::new(),
            seeds: 20,
            parallel: 1,
            workers: None,
            lag: None,
            out: None,
            mix_builds: false,
            quiet: false,
        }
    }
}

pub(crate) fn parse(arguments: impl Iterator<Item = String>) -> Result<Command, String> {
    // `--name=value` is `--name value`; `--external=NAME=command` keeps its second sign.
    let mut words = arguments.flat_map(|argument| match argument.split_once('=') {
        Some((name, value)) if name.starts_with("--") => vec![name.to_owned(), value.to_owned()],
        _ => vec![argument],
    });
    let mut options = Options::default();
    let mut seen: Vec<String> = Vec::new();
    let (mut command, mut directories) = (None, Vec::new());
    let (mut baseline, mut write) = (None, false);
    while let Some(word) = words.next() {
        if word.starts_with("--") {
            seen.push(word.clone());
        }
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "--suite" => options.suite = value()?,
            "--problems" => options.problems = list(&value()?),
            "--strategies" => options.strategies = list(&value()?),
            "--external" => options.external.push(external(&value()?)?),
            "--seeds" => options.seeds = count(&word, &value()?)? as u64,
            "--parallel" => options.parallel = count(&word, &value()?)?,
            "--workers" => options.workers = Some(count(&word, &value()?)?),
            "--lag" => options.lag = Some(count(&word, &value()?)?),
            "--out" => options.out = Some(value()?.into()),
            "--baseline" => baseline = Some(PathBuf::from(value()?)),
            "--write" => write = true,
            "--mix-builds" => options.mix_builds = true,
            "--quiet" => options.quiet = true,
            "compare" | "check" | "random-means" if command.is_none() => command = Some(word),
            _ if word.starts_with("--") => return Err(format!("unknown option {word}")),
            _ if command.as_deref() == Some("compare") => directories.push(PathBuf::from(word)),
            _ => return Err(format!("unknown command {word:?}")),
        }
    }
    let ways = [options.parallel > 1, options.workers.is_some(), options.lag.is_some()];
    if ways.into_iter().filter(|way| *way).count() > 1 {
        return Err(
            "--parallel (batches), --workers (refill) and --lag exclude each other".to_owned()
        );
    }
    let known: &[&str] = match command.as_deref() {
        Some("compare") => &["--out"],
        Some("check") => &["--baseline", "--write", "--quiet"],
        Some(_) => &["--problems"],
        None => &RUN,
    };
    if let Some(stray) = seen.iter().find(|option| !known.contains(&option.as_str())) {
        return Err(format!("{stray} is no option of this command"));
    }
    match command.as_deref() {
        Some("compare") if directories.is_empty() => Err("compare needs a directory".to_owned()),
        Some("compare") => Ok(Command::Compare { directories, out: options.out }),
        Some("check") => {
            let baseline = baseline.ok_or("check needs --baseline FILE")?;
            Ok(Command::Check { baseline, write, quiet: options.quiet })
        }
        Some(_) => Ok(Command::RandomMeans { problems: options.problems }),
        None => Ok(Command::Run(options)),
    }
}

fn list(text: &str) -> Vec<String> {
    text.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn external(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, command)) if !name.is_empty() && !command.trim().is_empty() => {
            Ok((name.to_owned(), command.to_owned()))
        }
        _ => Err(format!("--external needs NAME='command', not {text:?}")),
    }
}

fn count(option: &str, text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if count > 0 => Ok(count),
        _ => Err(format!("{option} needs a whole number above 0, not {text:?}")),
    }
}
