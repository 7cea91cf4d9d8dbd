//! The jobs of a tuning: a command, or a test function.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use clap::ValueEnum;
use surmise::evaluator::{MatchSelection, MetricSource, ReportSource};
use surmise::pattern::MetricPattern;
use surmise::rng::Rng;
use surmise::{CommandEvaluator, Configuration, FunctionEvaluator, ParameterRange, SearchSpace};
use surmise_bench::{Case, Suite};

use super::arguments::{MetricOf, Pass, TuneOptions};
use super::session::{CommandNote, to_strings};
use crate::study::{Diagnostic, Template, TextDiagnostics, step_pattern, value_pattern};

/// The suites whose test functions `--function` can name.
const SUITES: [fn() -> Suite; 2] = [Suite::public, Suite::hard];

pub(crate) const NO_COMMAND: &str =
    "no command is given: write it after `--`, such as `-- python train.py --lr {lr}`";

/// A command, and the sources of its metric and its reports.
#[derive(Debug)]
pub(crate) struct CommandJobs {
    program: OsString,
    pub(crate) template: Template,
    metric: MetricSource,
    reports: ReportSource,
    pub(crate) note: CommandNote,
}

impl CommandJobs {
    /// Reads the command and its metric options; `folder` will contain the job folders.
    ///
    /// # Errors
    /// Returns all errors in the command and in the options of the metric.
    pub(crate) fn new(
        options: &TuneOptions,
        metric_name: &str,
        folder: &Path,
    ) -> Result<Self, Vec<TextDiagnostics>> {
        let mut errors = Vec::new();
        let pass = options.pass.unwrap_or_default();
        let Some((program, arguments)) = options.command.split_first() else {
            return Err(vec![TextDiagnostics::without_span(NO_COMMAND)]);
        };
        if !program_exists(program) {
            let program = program.to_string_lossy();
            let message = format!(
                "the program `{program}` was not found: give its path, or the name of a program \
                 in PATH"
            );
            errors.push(TextDiagnostics::without_span(&message));
        }
        let template = Template::new(arguments, &options.study.names(), pass.configuration());
        let template = template.map_err(|diagnostics| {
            errors.extend(diagnostics.into_iter().map(|(number, diagnostic)| TextDiagnostics {
                origin: "command".to_owned(),
                text: arguments[number].to_string_lossy().into_owned(),
                diagnostics: vec![diagnostic],
            }));
        });
        let sources =
            metric_sources(options, metric_name).map_err(|diagnostic| errors.push(diagnostic));
        let (Ok(template), Ok((metric, reports))) = (template, sources) else { return Err(errors) };
        if !errors.is_empty() {
            return Err(errors);
        }
        let regex = options.metric_regex.as_ref().map(|regex| format!("--metric-regex {regex}"));
        let file = options.metric_file.as_ref();
        let file = file.map(|file| format!("--metric-file {}", file.display()));
        let note = CommandNote {
            command: to_strings(&options.command),
            pass: format!("{pass:?}").to_lowercase(),
            metric: regex.or(file).unwrap_or_default(),
            jobs: folder.to_string_lossy().into_owned(),
            rules: describe_rules(options),
        };
        Ok(Self { program: program.clone(), template, metric, reports, note })
    }

    /// Creates the evaluator, with the job folders in `folder`.
    pub(crate) fn evaluator(&self, options: &TuneOptions, folder: PathBuf) -> CommandEvaluator {
        let mut jobs = CommandEvaluator::new(&self.program)
            .set_up_by(self.template.clone(), folder)
            .metric_from(self.metric.clone())
            .reports_from(self.reports.clone());
        if let Some(timeout) = options.job_timeout {
            jobs = jobs.with_max_runtime(timeout);
        }
        if options.metric_of == Some(MetricOf::Best) {
            jobs = jobs.match_selection(match options.study.maximize {
                None => MatchSelection::Min,
                Some(_) => MatchSelection::Max,
            });
        }
        if options.survive { jobs.surviving() } else { jobs }
    }

    /// Returns the command with the values of this configuration, quoted for a shell.
    pub(crate) fn command_line(&self, configuration: &Configuration) -> String {
        self.template.command_line(&self.program, configuration)
    }
}

/// Returns the command in a journal with the values of this configuration, quoted for a shell.
///
/// # Errors
/// Returns a message if the journal has no command, or one that this version cannot read.
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
    let template = template.map_err(|_| "the command has placeholders that name no parameter")?;
    Ok(template.command_line(program, configuration))
}

/// Returns whether a program exists at its path or in the folders of `PATH`.
fn program_exists(program: &OsStr) -> bool {
    let path = Path::new(program);
    if path.components().count() > 1 {
        return path.exists();
    }
    std::env::var_os("PATH")
        .is_none_or(|paths| std::env::split_paths(&paths).any(|folder| folder.join(path).exists()))
}

/// Describes the options that end jobs and the tuning, as a text to compare.
fn describe_rules(options: &TuneOptions) -> String {
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

/// Returns the sources of the final value and of the intermediate reports.
fn metric_sources(
    options: &TuneOptions,
    metric_name: &str,
) -> Result<(MetricSource, ReportSource), TextDiagnostics> {
    let with_steps = |value: MetricPattern| match step_pattern() {
        Ok(step) => Ok(ReportSource::PatternWithSteps { value, step }),
        Err(reason) => Err(TextDiagnostics::without_span(&reason)),
    };
    if let Some(regex) = &options.metric_regex {
        let pattern = MetricPattern::new(regex).map_err(|reason| TextDiagnostics {
            origin: "--metric-regex".to_owned(),
            text: regex.clone(),
            diagnostics: vec![Diagnostic {
                span: 0..regex.len(),
                message: format!("invalid regular expression: {reason}"),
                remedy: r"write one whose first group is the value, such as `loss is (\S+)`"
                    .to_owned(),
            }],
        })?;
        return Ok((MetricSource::Pattern(pattern.clone()), with_steps(pattern)?));
    }
    let pattern =
        value_pattern(metric_name).map_err(|reason| TextDiagnostics::without_span(&reason))?;
    let metric = match &options.metric_file {
        Some(file) => MetricSource::File(file.clone()),
        None => MetricSource::Pattern(pattern.clone()),
    };
    Ok((metric, with_steps(pattern)?))
}

/// Returns the test function with this name.
///
/// # Errors
/// Returns an error with all known names if no function has this name.
pub(crate) fn test_function(name: &str) -> Result<Case, TextDiagnostics> {
    let mut names = Vec::new();
    for case in SUITES.iter().flat_map(|suite| suite().into_cases()) {
        if case.problem().name() == name {
            return Ok(case);
        }
        names.push(case.problem().name().to_owned());
    }
    let diagnostic = Diagnostic {
        span: 0..name.len(),
        message: format!("no function is called `{name}`"),
        remedy: format!("use one of {}", names.join(", ")),
    };
    Err(TextDiagnostics {
        origin: "--function".to_owned(),
        text: name.to_owned(),
        diagnostics: vec![diagnostic],
    })
}

/// Creates an evaluator that evaluates a test function.
pub(crate) fn function_evaluator(case: Case, seed: u64) -> FunctionEvaluator {
    FunctionEvaluator::new(move |configuration: &Configuration| {
        case.problem().evaluate(configuration, &mut Rng::stream(seed, 0)).measured
    })
}

/// Returns the default name of a study: the name of its script or of its program.
pub(crate) fn default_name(command: &[OsString]) -> String {
    let script = command.iter().skip(1).map(Path::new).find(|path| path.is_file());
    let named_path = script.or_else(|| command.first().map(Path::new));
    let stem = named_path.and_then(Path::file_stem).map(OsStr::to_string_lossy);
    stem.map_or_else(|| "study".to_owned(), std::borrow::Cow::into_owned)
}
