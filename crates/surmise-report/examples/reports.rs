//! Writes reports of different kinds of studies, which `tests/browser/browser.py` checks.
//!
//!     cargo run -p surmise-report --example reports -- FOLDER

use std::error::Error;
use std::fs;
use std::path::Path;

use surmise::{
    AskOutcome, BayesianOptimization, Configuration, Failure, FailureKind, Objective, Outcome,
    ParameterRange, RandomSearch, ScalingType, SearchSpace, Strategy, Study, StudySettings,
};
use surmise_report::{Analysis, Comparison, Report};

type ExampleResult<T> = Result<T, Box<dyn Error>>;

fn main() -> ExampleResult<()> {
    let folder = std::env::args().nth(1).ok_or("usage: reports FOLDER")?;
    let folder = Path::new(&folder);
    fs::create_dir_all(folder)?;
    let random =
        |count| study(RandomSearch, space(["rate", "layers", "optimizer"])?, count, outcome);
    let studies = [
        ("none", random(0)?),
        ("one", random(1)?),
        (
            "fifty",
            study(
                BayesianOptimization::default(),
                space(["rate", "layers", "optimizer"])?,
                50,
                outcome,
            )?,
        ),
        ("ten-thousand", random(10_000)?),
        (
            "all-failed",
            study(RandomSearch, space(["rate", "layers", "optimizer"])?, 20, |_, _| failed())?,
        ),
        (
            "one-choice",
            study(
                RandomSearch,
                SearchSpace::new([ParameterRange::categorical("only", ["a"])])?,
                1,
                |_, _| Outcome::from(1.0),
            )?,
        ),
        (
            "hostile",
            study(
                RandomSearch,
                space([
                    "<script>alert(1)</script>",
                    "\"><img onerror=alert(1)>",
                    "</script>&amp;",
                ])?,
                30,
                outcome,
            )?,
        ),
    ];
    for (name, study) in &studies {
        let analysis = Analysis::new(study);
        let times: Vec<f64> = (0..study.events().len()).map(|event| 0.5 * event as f64).collect();
        let report =
            Report::new(*name, &analysis).with_times(&times).with_best_command("train --rate 0.01");
        fs::write(folder.join(format!("{name}.html")), report.html())?;
    }
    let compared = studies.iter().filter(|(name, _)| matches!(*name, "none" | "one" | "fifty"));
    let compared = compared.map(|(name, study)| ((*name).to_owned(), study)).collect();
    let comparison = Comparison::new(compared).ok_or("the studies have different metrics")?;
    fs::write(folder.join("several.html"), comparison.html("none, one, fifty"))?;
    Ok(())
}

fn space([rate, layers, optimizer]: [&str; 3]) -> ExampleResult<SearchSpace> {
    Ok(SearchSpace::new([
        ParameterRange::continuous(rate, 1e-5..=1.0, ScalingType::Logarithmic),
        ParameterRange::integer(layers, 1..=8, ScalingType::Linear),
        ParameterRange::categorical(optimizer, ["adam", "sgd", "<b>lion</b>"]),
    ])?)
}

fn failed() -> Outcome {
    Outcome::Failed(Failure::new(FailureKind::Error, "exit status 1: <error> & more"))
}

/// Returns a loss that depends on all three parameters; large rates with many layers fail.
fn outcome(configuration: &Configuration, number: usize) -> Outcome {
    let mut values = configuration.iter().map(|(_, value)| value.clone());
    let rate = values.next().and_then(|value| value.number()).unwrap_or(1.0);
    let layers = values.next().and_then(|value| value.number()).unwrap_or(1.0);
    let is_sgd = values.next().is_some_and(|value| value.to_text() == "sgd");
    if rate > 0.3 && layers > 5.0 {
        return failed();
    }
    let ripple = 0.02 * (number as f64 * 12.9898).sin();
    let loss = (rate.log10() + 2.5 - 0.1 * layers).powi(2) + 0.3 * f64::from(u8::from(is_sgd));
    Outcome::from(loss + ripple + 0.1)
}

fn study(
    strategy: impl Strategy + 'static,
    space: SearchSpace,
    count: usize,
    outcome: impl Fn(&Configuration, usize) -> Outcome,
) -> ExampleResult<Study> {
    let objective = Objective::minimize("validation <loss>");
    let mut study = Study::new(space, objective, strategy, StudySettings::default())?;
    for number in 0..count {
        let AskOutcome::Trials(trials) = study.ask(1)? else { break };
        let outcome = outcome(&trials[0].configuration, number);
        if let Some(end) = outcome.value().filter(|_| count < 1000) {
            for step in 1..=5_u32 {
                study.report(trials[0].id, u64::from(step), end + 1.0 / f64::from(step))?;
            }
        }
        study.tell(trials[0].id, outcome)?;
    }
    Ok(study)
}
