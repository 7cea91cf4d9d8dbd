//! Shows how to run a SageMaker tuning request on this machine, with its unchanged training script.
//!
//! Run it with
//!
//!     cargo run -p surmise-sagemaker --example sagemaker_local [-- --jobs N] [--parallel N]
//!
//! Each job trains XGBoost in a Python process that gets the files and environment variables of a
//! SageMaker training container. It needs Python 3. If XGBoost is missing, the example installs
//! `xgboost-cpu` (about 5 MB) in a virtual environment in the target folder.
//!
//! It prints each new best value, why the tuning ended, and the folder of the best model.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "the example prints its results")]

use std::fs;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use surmise::tune::Progress;
use surmise::{CommandEvaluator, Tuner};
use surmise_sagemaker::container::TrainingContainer;
use surmise_sagemaker::{Document, Validator};

const HERE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/sagemaker_local");
const DATA: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../surmise-bench/data/diabetes.csv");
/// Every fourth row of the data is used for validation.
const VALIDATION_INTERVAL: usize = 4;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), Box<dyn std::error::Error>> {
    let (mut jobs, mut parallel) = (None, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let option = match argument.as_str() {
            "--jobs" => &mut jobs,
            "--parallel" => &mut parallel,
            _ => return Err("usage: sagemaker_local [--jobs N] [--parallel N]".into()),
        };
        *option = Some(arguments.next().unwrap_or_default().parse::<usize>()?);
    }

    let document = Document::read(&fs::read(Path::new(HERE).join("tuning_job.json"))?)?;
    Validator::default().validate(&document).into_result()?;
    let request = document.request()?;
    let mut tuning = document.tuning()?;
    tuning.limits.max_jobs = jobs.or(tuning.limits.max_jobs);
    tuning.limits.max_parallel_jobs = parallel.unwrap_or(tuning.limits.max_parallel_jobs);
    let rules = tuning.rules.clone();

    let runs = target_folder()?.join("sagemaker_local");
    let (train, validation) = split_data(&runs.join("data"))?;
    let python = python_with_xgboost(&runs)?;
    let container = TrainingContainer::from_request(&request)?
        .with_channel("train", train)
        .with_channel("validation", validation);
    let script = CommandEvaluator::new(python).arguments([Path::new(HERE).join("train.py")]);
    let mut evaluator = container.wrap(script, runs.join(&request.name));
    evaluator.check()?;

    let mut study = tuning.study()?;
    let result = Tuner::with_rules(rules)
        .on_progress(|_, progress| {
            if let Progress::NewBest { trial, value } = progress {
                println!("trial {}: {value:.4} with {}", trial.id, trial.configuration);
            }
            ControlFlow::Continue(())
        })
        .run(&mut study, &mut evaluator)?;
    println!("The tuning ended: {}.", result.reason);
    let best = study.best().ok_or("no job completed")?;
    let job = format!("trial-{:05}-attempt-{}", best.id.0, best.attempt());
    let model = runs.join(&request.name).join(job).join("opt/ml/model");
    println!("best: {:.4}; its model is in {}", best.value().unwrap_or(f64::NAN), model.display());
    Ok(())
}

/// Returns the target folder, which contains the executable file of this program.
fn target_folder() -> Result<PathBuf, Box<dyn std::error::Error>> {
    let program = std::env::current_exe()?;
    // target/debug/examples/sagemaker_local
    Ok(program.ancestors().nth(3).ok_or("this program is not in a target folder")?.to_owned())
}

/// Writes the data in the format of SageMaker's XGBoost: the target first, and no header.
fn split_data(folder: &Path) -> Result<(PathBuf, PathBuf), Box<dyn std::error::Error>> {
    let text = fs::read_to_string(DATA)?;
    let rows = text.lines().skip(1).map(|row| match row.rsplit_once(',') {
        Some((features, target)) => format!("{target},{features}\n"),
        None => String::new(),
    });
    let (mut train, mut validation) = (String::new(), String::new());
    for (number, row) in rows.enumerate() {
        let part = if number % VALIDATION_INTERVAL == 0 { &mut validation } else { &mut train };
        part.push_str(&row);
    }
    fs::create_dir_all(folder)?;
    let files = (folder.join("train.csv"), folder.join("validation.csv"));
    fs::write(&files.0, train)?;
    fs::write(&files.1, validation)?;
    Ok(files)
}

/// Returns a Python interpreter with XGBoost, and installs XGBoost if necessary.
fn python_with_xgboost(folder: &Path) -> Result<PathBuf, Box<dyn std::error::Error>> {
    let environment = folder.join("python");
    let venv_python = environment.join("bin/python3");
    for python in [Path::new("python3"), &venv_python] {
        let mut command = Command::new(python);
        command.args(["-c", "import xgboost"]).stderr(Stdio::null());
        if command.status().is_ok_and(|status| status.success()) {
            return Ok(python.to_owned());
        }
    }
    println!("Installing XGBoost into {}.", environment.display());
    let status = Command::new("python3").args(["-m", "venv"]).arg(&environment).status();
    let is_created = status.is_ok_and(|status| status.success());
    let pip = ["-m", "pip", "install", "--quiet", "xgboost-cpu"];
    let is_installed = is_created && Command::new(&venv_python).args(pip).status()?.success();
    if !is_installed {
        return Err(
            "XGBoost cannot be installed: provide a python3 with xgboost, or with venv and pip"
                .into(),
        );
    }
    Ok(venv_python)
}
