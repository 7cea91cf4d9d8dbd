//! What runs the jobs: a command, or a known function.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use surmise::evaluator::{MetricSource, ReadingOfSeveral, ReportSource};
use surmise::pattern::MetricPattern;
use surmise::rng::Rng;
use surmise::{CommandEvaluator, Configuration, FunctionEvaluator, ParameterRange, SearchSpace};
use surmise_bench::{Case, Suite};

use super::arguments::{MetricOf, Pass, TuneOptions};
use super::session::{CommandNote, as_text};
use crate::study::{Fault, FaultyText, Template, step_pattern, value_pattern};

/// Suites whose functions can be tuned by name.
const SUITES: [fn() -> Suite; 2] = [Suite::public, Suite::hard];

pub(crate) const NO_COMMAND: &str =
    "no command is given: write it after `--`, such as `-- python train.py --lr {lr}`";

/// A command with the places of what it prints.
#[derive(Debug)]
pub(crate) struct CommandJobs {
    program: OsString,
    pub(crate) template: Template,
    metric: MetricSource,
    reports: ReportSource,
    pub(crate) note: CommandNote,
}

impl CommandJobs {
    /// A command for a study of this metric, whose jobs have their folders below `folder`.
    ///
    /// # Errors
    /// Everything that is wrong with the command and with the places of the metric.
    pub(crate) fn new(
        options: &TuneOptions,
        metric_name: &str,
        folder: &Path,
    ) -> Result<Self, Vec<FaultyText>> {
        let mut faulty = Vec::new();
        let pass = options.pass.unwrap_or_default();
        let Some((program, arguments)) = options.command.split_first() else {
            return Err(vec![FaultyText::without_place(NO_COMMAND)]);
        };
        if !is_found(program) {
            let program = program.to_string_lossy();
            let why = format!(
                "there is no program `{program}`: give its path, or a name that a shell finds"
            );
            faulty.push(FaultyText::without_place(&why));
        }
        let template = Template::new(arguments, &options.study.names(), pass.configuration());
        let template = template.map_err(|faults| {
            faulty.extend(faults.into_iter().map(|(number, fault)| FaultyText {
                origin: "command".to_owned(),
                text: arguments[number].to_string_lossy().into_owned(),
                faults: vec![fault],
            }));
        });
        let sources = metric_sources(options, metric_name).map_err(|fault| faulty.push(fault));
        let (Ok(template), Ok((metric, reports))) = (template, sources) else { return Err(faulty) };
        if !faulty.is_empty() {
            return Err(faulty);
        }
        let regex = options.metric_regex.as_ref().map(|regex| format!("--metric-regex {regex}"));
        let file = options.metric_file.as_ref();
        let file = file.map(|file| format!("--metric-file {}", file.display()));
        let note = CommandNote {
            command: as_text(&options.command),
            pass: format!("{pass:?}").to_lowercase(),
            metric: regex.or(file).unwrap_or_default(),
            jobs: folder.to_string_lossy().into_owned(),
            rules: rules(options),
        };
        Ok(Self { program: program.clone(), template, metric, reports, note })
    }

    /// The evaluator, with the jobs' folders below this one.
    pub(crate) fn evaluator(&self, options: &TuneOptions, folder: PathBuf) -> CommandEvaluator {
        let mut jobs = CommandEvaluator::new(&self.program)
            .set_up_by(self.template.clone(), folder)
            .metric_from(self.metric.clone())
            .reports_from(self.reports.clone());
        if let Some(longest) = options.job_timeout {
            jobs = jobs.with_max_runtime(longest);
        }
        if options.metric_of == Some(MetricOf::Best) {
            let least = options.study.maximize.is_none();
            jobs = jobs.several_as(match least {
                true => ReadingOfSeveral::Least,
                false => ReadingOfSeveral::Greatest,
            });
        }
        if options.survive { jobs.surviving() } else { jobs }
    }

    /// The command with this configuration, as a shell takes it.
    pub(crate) fn command_line(&self, configuration: &Configuration) -> String {
        self.template.command_line(&self.program, configuration)
    }
}

/// The command of a journal with this configuration, as a shell takes it.
///
/// # Errors
/// If the journal's command is none of this version's.
pub(crate) fn command_line(
    note: &CommandNote,
    space: &SearchSpace,
    configuration: &Configuration,
) -> Result<String, String> {
    let words: Vec<OsString> = note.command.iter().map(OsString::from).collect();
    let (program, arguments) = words.split_first().ok_or("the study has no command")?;
    let pass = Pass::from_str(&note.pass, true)?;
    let names: Vec<&str> = space.ranges().iter().map(ParameterRange::name).collect();
    let template = Template::new(arguments, &names, pass.configuration());
    let template = template.map_err(|_| "the command has placeholders of no parameter")?;
    Ok(template.command_line(program, configuration))
}

/// Whether a shell finds a program.
fn is_found(program: &OsStr) -> bool {
    let path = Path::new(program);
    if path.components().count() > 1 {
        return path.exists();
    }
    std::env::var_os("PATH")
        .is_none_or(|paths| std::env::split_paths(&paths).any(|folder| folder.join(path).exists()))
}

/// The options that end jobs and the tuning, as a text to compare.
fn rules(options: &TuneOptions) -> String {
    let mut rules = Vec::new();
    let mut add = |name: &str, value: Option<String>| {
        rules.extend(value.map(|value| format!("--{name} {value}")));
    };
    add(
        "metric-of",
        options.metric_of.filter(|of| *of == MetricOf::Best).map(|_| "best".to_owned()),
    );
    add("early-stopping", options.early_stopping.map(|rule| format!("{rule:?}")));
    add("target", options.target.map(|target| target.to_string()));
    add("patience", options.patience.map(|jobs| jobs.to_string()));
    add("retries", options.retries.map(|retries| retries.to_string()));
    add("job-timeout", options.job_timeout.map(|time| format!("{time:?}")));
    if rules.is_empty() { "the default ones".to_owned() } else { rules.join(" ") }
}

/// Where the final value and those on the way are.
fn metric_sources(
    options: &TuneOptions,
    metric_name: &str,
) -> Result<(MetricSource, ReportSource), FaultyText> {
    let steps = |value: MetricPattern| match step_pattern() {
        Ok(step) => Ok(ReportSource::PatternWithSteps { value, step }),
        Err(reason) => Err(FaultyText::without_place(&reason)),
    };
    if let Some(regex) = &options.metric_regex {
        let pattern = MetricPattern::new(regex).map_err(|reason| FaultyText {
            origin: "--metric-regex".to_owned(),
            text: regex.clone(),
            faults: vec![Fault {
                place: 0..regex.len(),
                message: format!("this is no regular expression: {reason}"),
                remedy: r"write one whose first group is the value, such as `loss is (\S+)`"
                    .to_owned(),
            }],
        })?;
        return Ok((MetricSource::Pattern(pattern.clone()), steps(pattern)?));
    }
    let pattern =
        value_pattern(metric_name).map_err(|reason| FaultyText::without_place(&reason))?;
    let metric = match &options.metric_file {
        Some(file) => MetricSource::File(file.clone()),
        None => MetricSource::Pattern(pattern.clone()),
    };
    Ok((metric, steps(pattern)?))
}

/// A function by its name.
///
/// # Errors
/// If there is none of this name.
pub(crate) fn function(name: &str) -> Result<Case, FaultyText> {
    let mut names = Vec::new();
    for case in SUITES.iter().flat_map(|suite| suite().into_cases()) {
        if case.problem().name() == name {
            return Ok(case);
        }
        names.push(case.problem().name().to_owned());
    }
    let fault = Fault {
        place: 0..name.len(),
        message: format!("no function is called `{name}`"),
        remedy: format!("use one of {}", names.join(", ")),
    };
    Err(FaultyText { origin: "--function".to_owned(), text: name.to_owned(), faults: vec![fault] })
}

/// An evaluator of a function.
pub(crate) fn function_evaluator(case: Case, seed: u64) -> FunctionEvaluator {
    FunctionEvaluator::new(move |configuration: &Configuration| {
        case.problem().evaluate(configuration, &mut Rng::stream(seed, 0)).measured
    })
}

/// The name of a study whose command is this one: that of its script, or of its program.
pub(crate) fn name_of(command: &[OsString]) -> String {
    let script = command.iter().skip(1).map(Path::new).find(|path| path.is_file());
    let named = script.or_else(|| command.first().map(Path::new));
    let stem = named.and_then(Path::file_stem).map(OsStr::to_string_lossy);
    stem.map_or_else(|| "study".to_owned(), std::borrow::Cow::into_owned)
}
