//! The command line.

use std::ffi::OsString;
use std::fs;
use std::io::Read;
use std::num::NonZeroUsize;

use serde_json::Value;
use surmise::sagemaker::Quotas;

pub(crate) const USAGE: &str = "\
usage: sagemaker_request FILE [--input JSON] [--check] [...]

FILE is a HyperParameterTuningJobConfig, the body of CreateHyperParameterTuningJob, or a Step Functions state machine; - is
standard input.

  --check            verdict only
  --input JSON       the input of the state that makes the tuning job, or a file that holds it
  --context JSON     its context object, likewise
  --state NAME       the state, where several make tuning jobs
  --algorithm FILE   what `aws sagemaker describe-algorithm` prints for the algorithm that the request names
  --log FILE         lines that a training job prints, on which expressions of metrics are tried
  --describe         print how the tuning job stands after it was run, as DescribeHyperParameterTuningJob does
  --quotas NAME      quotas of the account: default, 2023 (500 jobs), or raised (100 at a time; 10,000 at random)
  --write            print the request for SageMaker's own tuner that the study would be
  --jobs N, --parallel N, --seed N
                     run it with other limits, or another seed

With --write or --describe, JSON alone goes to standard output, and the rest to standard error. Only XGBoost's
hyperparameters can be run here, on the trees of this example. What --describe prints lacks ARNs and times, which only the
service knows, and has the ModelArtifacts of each job.

exit status: 0 the service would accept the request, 1 it would not, 2 it cannot be read, 3 it would, but what --write or
--describe asks for cannot be made of it

sagemaker_request --model prints the rules of single members as JSON.";

#[derive(Debug, Default)]
pub(crate) struct Arguments {
    pub(crate) file: Option<String>,
    pub(crate) model: bool,
    pub(crate) check: bool,
    pub(crate) describe: bool,
    pub(crate) write: bool,
    pub(crate) help: bool,
    pub(crate) quotas: Quotas,
    pub(crate) input: Option<Value>,
    pub(crate) context: Option<Value>,
    pub(crate) state: Option<String>,
    pub(crate) algorithm: Option<Vec<u8>>,
    pub(crate) log: Option<String>,
    pub(crate) jobs: Option<usize>,
    pub(crate) parallel: Option<usize>,
    pub(crate) seed: Option<u64>,
}

impl Arguments {
    pub(crate) fn read(given: impl Iterator<Item = OsString>) -> Result<Self, String> {
        let texts = given.map(|argument| {
            argument.into_string().map_err(|bad| format!("{} is no text", bad.display()))
        });
        let mut given = texts.collect::<Result<Vec<String>, String>>()?.into_iter();
        let mut arguments = Self::default();
        while let Some(argument) = given.next() {
            let mut value = || given.next().ok_or_else(|| format!("{argument} needs a value"));
            match argument.as_str() {
                "--model" => arguments.model = true,
                "--check" => arguments.check = true,
                "--describe" => arguments.describe = true,
                "--write" => arguments.write = true,
                "--help" | "-h" => arguments.help = true,
                "--quotas" => arguments.quotas = quotas(&value()?)?,
                "--input" => arguments.input = Some(json(&value()?)?),
                "--context" => arguments.context = Some(json(&value()?)?),
                "--state" => arguments.state = Some(value()?),
                "--algorithm" => arguments.algorithm = Some(bytes(&value()?)?),
                "--log" => {
                    let lines = bytes(&value()?)?;
                    arguments.log = Some(String::from_utf8_lossy(&lines).into_owned());
                }
                "--jobs" => arguments.jobs = Some(number::<NonZeroUsize>(&value()?)?.get()),
                "--parallel" => arguments.parallel = Some(number::<NonZeroUsize>(&value()?)?.get()),
                "--seed" => arguments.seed = Some(number(&value()?)?),
                file if arguments.file.is_none() && (file == "-" || !file.starts_with('-')) => {
                    arguments.file = Some(argument);
                }
                _ => return Err(format!("unknown argument {argument:?}")),
            }
        }
        if arguments.file.is_none() && !arguments.model && !arguments.help {
            return Err("which file?".to_owned());
        }
        Ok(arguments)
    }
}

/// What a file holds, or standard input.
pub(crate) fn bytes(path: &str) -> Result<Vec<u8>, String> {
    if path == "-" {
        let mut bytes = Vec::new();
        let read = std::io::stdin().read_to_end(&mut bytes);
        return read.map(|_| bytes).map_err(|error| format!("standard input: {error}"));
    }
    fs::read(path).map_err(|error| format!("{path}: {error}"))
}

fn json(text: &str) -> Result<Value, String> {
    let is_json = text.trim_start().starts_with(['{', '[', '"']);
    let bytes = if is_json { text.as_bytes().to_vec() } else { bytes(text)? };
    serde_json::from_slice(&bytes).map_err(|error| format!("{text:?} is no JSON: {error}"))
}

fn quotas(name: &str) -> Result<Quotas, String> {
    match name {
        "default" => Ok(Quotas::DEFAULT),
        "2023" => Ok(Quotas::DEFAULT_2023),
        "raised" => Ok(Quotas::RAISED),
        _ => Err(format!("{name:?} are no quotas; use default, 2023 or raised")),
    }
}

fn number<T: std::str::FromStr>(text: &str) -> Result<T, String> {
    text.parse().map_err(|_| format!("{text:?} is not a whole number that can be used here"))
}
