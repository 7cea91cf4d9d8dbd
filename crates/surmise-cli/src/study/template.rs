//! A command with placeholders for parameters, such as `{lr}`, in its arguments.

use std::ffi::OsString;
use std::ops::Range;
use std::path::Path;
use std::process::Command;

use surmise::error::Violation;
use surmise::evaluator::{Job, JobSetup, PassConfiguration};
use surmise::{Configuration, EvaluatorError, ParameterRange, ParameterValue};

use super::range::Diagnostic;

/// Placeholders that are always available, unless a parameter has the same name.
const COMMON_PLACEHOLDERS: [&str; 2] = ["trial", "folder"];

/// The arguments of a command, with their placeholders.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    arguments: Vec<Vec<Piece>>,
    pass: PassConfiguration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(OsString),
    Parameter(String),
    /// An argument that is passed only if a boolean parameter is true.
    Flag {
        parameter: String,
        text: String,
    },
    Trial,
    Folder,
}

/// Finds the first `{name}` or `{{name}}` at or after byte `from` of a text.
///
/// Returns its span, its name, and whether its braces are doubled.
fn find_placeholder(text: &str, from: usize) -> Option<(Range<usize>, &str, bool)> {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    let mut start = from;
    loop {
        start += text[start..].find('{')?;
        let is_doubled = text[start..].starts_with("{{");
        let inner = start + if is_doubled { 2 } else { 1 };
        let length = text[inner..].find(|c| !is_name(c)).unwrap_or(text.len() - inner);
        let (name, rest) = text[inner..].split_at(length);
        let close = if is_doubled { "}}" } else { "}" };
        if !name.is_empty() && rest.starts_with(close) {
            return Some((start..inner + length + close.len(), name, is_doubled));
        }
        start = inner;
    }
}

/// Splits one argument into pieces; `{{name}}` becomes the text `{name}`.
fn split_argument(argument: &str, names: &[&str]) -> Result<Vec<Piece>, Diagnostic> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut from = 0;
    while let Some((span, name, is_doubled)) = find_placeholder(argument, from) {
        text.push_str(&argument[from..span.start]);
        from = span.end;
        let piece = match name {
            _ if is_doubled => {
                text.push_str(&argument[span.start + 1..span.end - 1]);
                continue;
            }
            _ if names.contains(&name) => Piece::Parameter(name.to_owned()),
            _ if span == (0..argument.len()) && parameter_of_flag(name, names).is_some() => {
                Piece::Flag {
                    parameter: parameter_of_flag(name, names).unwrap_or_default(),
                    text: name.to_owned(),
                }
            }
            "trial" => Piece::Trial,
            "folder" => Piece::Folder,
            _ => return Err(unknown_placeholder(span, name, names)),
        };
        if !text.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut text).into()));
        }
        pieces.push(piece);
    }
    text.push_str(&argument[from..]);
    if !text.is_empty() || pieces.is_empty() {
        pieces.push(Piece::Text(text.into()));
    }
    Ok(pieces)
}

/// Returns the parameter of a flag: for `--use-bias` it is `use-bias` or `use_bias`.
fn parameter_of_flag(flag: &str, names: &[&str]) -> Option<String> {
    let name = flag.strip_prefix("--").or(flag.strip_prefix('-'))?;
    let spellings = [name.to_owned(), name.replace('-', "_")];
    spellings.into_iter().find(|spelling| names.contains(&spelling.as_str()))
}

fn unknown_placeholder(span: Range<usize>, name: &str, names: &[&str]) -> Diagnostic {
    let placeholders: Vec<String> =
        names.iter().chain(&COMMON_PLACEHOLDERS).map(|name| format!("{{{name}}}")).collect();
    Diagnostic {
        span,
        message: format!("no parameter is called `{name}`"),
        remedy: format!(
            "use one of {}, or write {{{{{name}}}}} to pass the text {{{name}}}",
            placeholders.join(", ")
        ),
    }
}

impl Template {
    /// Parses the arguments of a command with parameters of these names.
    ///
    /// `pass` sets how parameters without a placeholder are passed.
    ///
    /// # Errors
    /// Returns the placeholders that name no parameter, each with the index of its argument.
    pub(crate) fn new(
        arguments: &[OsString],
        names: &[&str],
        pass: PassConfiguration,
    ) -> Result<Self, Vec<(usize, Diagnostic)>> {
        let mut diagnostics = Vec::new();
        let mut split = Vec::new();
        for (number, argument) in arguments.iter().enumerate() {
            match argument.to_str().map(|text| split_argument(text, names)) {
                None => split.push(vec![Piece::Text(argument.clone())]),
                Some(Ok(pieces)) => split.push(pieces),
                Some(Err(diagnostic)) => diagnostics.push((number, diagnostic)),
            }
        }
        if diagnostics.is_empty() { Ok(Self { arguments: split, pass }) } else { Err(diagnostics) }
    }

    /// Returns whether a parameter has a placeholder.
    fn has_placeholder(&self, name: &str) -> bool {
        let mut pieces = self.arguments.iter().flatten();
        pieces.any(|piece| match piece {
            Piece::Parameter(parameter) | Piece::Flag { parameter, .. } => parameter == name,
            _ => false,
        })
    }

    /// Returns the values of the parameters without a placeholder.
    fn without_placeholder(&self, configuration: &Configuration) -> Configuration {
        let remaining = configuration.iter().filter(|(name, _)| !self.has_placeholder(name));
        remaining.map(|(name, value)| (name, value.clone())).collect()
    }

    /// Returns the reasons why parameters cannot be passed to the command.
    pub(crate) fn check(&self, ranges: &[ParameterRange]) -> Vec<Violation> {
        let remaining =
            ranges.iter().map(ParameterRange::name).filter(|name| !self.has_placeholder(name));
        let mut violations = self.pass.violations(remaining, &[]);
        for piece in self.arguments.iter().flatten() {
            let Piece::Flag { parameter, text } = piece else { continue };
            let range = ranges.iter().find(|range| range.name() == parameter);
            let is_boolean = match range {
                Some(ParameterRange::Categorical(range)) => {
                    range.values().iter().all(|value| matches!(value, ParameterValue::Boolean(_)))
                }
                _ => false,
            };
            if !is_boolean {
                let rule = format!("the flag `{{{text}}}` needs a parameter that is true or false");
                let remedy = format!(
                    "write --set '{parameter}=true|false', or use {{{parameter}}} for its value"
                );
                violations.push(Violation::new(parameter, text, rule, remedy));
            }
        }
        violations
    }

    fn fill(&self, configuration: &Configuration, trial: &str, folder: &Path) -> Vec<OsString> {
        let is_true =
            |name: &str| configuration.value(name) == Some(&ParameterValue::Boolean(true));
        let text = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Flag { parameter, text } if is_true(parameter) => text.into(),
            Piece::Flag { .. } => OsString::new(),
            Piece::Parameter(name) => {
                configuration.value(name).map(ParameterValue::to_text).unwrap_or_default().into()
            }
            Piece::Trial => trial.into(),
            Piece::Folder => folder.into(),
        };
        // An argument that is empty after its placeholders are filled is not passed.
        let filled = |pieces: &Vec<Piece>| {
            let argument = pieces.iter().map(text).collect::<OsString>();
            let is_text = matches!(pieces[..], [Piece::Text(_)]);
            Some(argument).filter(|argument| is_text || !argument.is_empty())
        };
        self.arguments.iter().filter_map(filled).collect()
    }

    /// Returns the command with the values of a configuration, quoted for a shell.
    pub(crate) fn command_line(&self, program: &OsString, configuration: &Configuration) -> String {
        let mut command = Command::new(program);
        command.args(self.fill(configuration, "0", Path::new(".")));
        let remaining = self.without_placeholder(configuration);
        let mut words = Vec::new();
        match &self.pass {
            PassConfiguration::JsonFile => {
                words.push(quote(command.get_program().to_string_lossy().as_ref()));
            }
            pass => {
                // Arguments and variables need no folder for files.
                let _ = pass.apply(&remaining, None, &mut command);
                let variables = command.get_envs().filter_map(|(name, value)| {
                    let value = quote(&value?.to_string_lossy());
                    Some(format!("{}={value}", name.to_string_lossy()))
                });
                words.extend(variables);
                words.push(quote(command.get_program().to_string_lossy().as_ref()));
            }
        }
        words.extend(command.get_args().map(|word| quote(&word.to_string_lossy())));
        if self.pass == PassConfiguration::JsonFile {
            words.push("configuration.json".to_owned());
        }
        words.join(" ")
    }
}

/// Quotes a word for a shell, if it needs quotes.
pub(crate) fn quote(word: &str) -> String {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(is_safe) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

impl JobSetup for Template {
    fn set_up(
        &self,
        job: &Job<'_>,
        folder: &Path,
        command: &mut Command,
    ) -> Result<(), EvaluatorError> {
        let configuration = &job.trial.configuration;
        command.args(self.fill(configuration, &job.trial.id.to_string(), folder));
        let remaining = match self.pass {
            // The file contains all parameters.
            PassConfiguration::JsonFile => configuration.clone(),
            _ => self.without_placeholder(configuration),
        };
        self.pass.apply(&remaining, Some(folder), command)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 2] = ["lr", "opt"];

    fn command_line(arguments: &[&str], pass: PassConfiguration) -> String {
        let arguments: Vec<OsString> = arguments.iter().map(OsString::from).collect();
        let template = Template::new(&arguments, &NAMES, pass).unwrap();
        let configuration = Configuration::from([("lr", 0.5.into()), ("opt", "it's".into())]);
        template.command_line(&"python".into(), &configuration)
    }

    #[test]
    fn placeholders_are_filled_and_other_parameters_are_passed() {
        let line = command_line(&["train.py", "--lr", "{lr}"], PassConfiguration::Arguments);
        assert_eq!(line, r"python train.py --lr 0.5 '--opt=it'\''s'");
        let line = command_line(&["a{lr}b{opt}c", "{{lr}}", "{}"], PassConfiguration::Arguments);
        assert_eq!(line, r"python 'a0.5bit'\''sc' '{lr}' '{}'");
        let prefix = "HP_".to_owned();
        let line = command_line(&["{lr}"], PassConfiguration::Environment { prefix });
        assert_eq!(line, r"HP_OPT='it'\''s' python 0.5");
        let line = command_line(&["train.py", ""], PassConfiguration::JsonFile);
        assert_eq!(line, "python train.py '' configuration.json");
    }

    #[test]
    fn a_flag_is_passed_if_its_parameter_is_true() {
        let arguments = ["{--use-bias}", "{-v}", "{text}", "x{--v}", ""].map(OsString::from);
        let names = ["use_bias", "v", "text"];
        let diagnostics =
            Template::new(&arguments, &names, PassConfiguration::Arguments).unwrap_err();
        assert_eq!(diagnostics.len(), 1, "a flag must be a whole argument: {diagnostics:?}");
        let template = Template::new(
            &[&arguments[..3], &arguments[4..]].concat(),
            &names,
            PassConfiguration::Arguments,
        );
        let template = template.unwrap();
        let line = |bias: bool, v: bool, text: &str| {
            let values: [(&str, ParameterValue); 3] =
                [("use_bias", bias.into()), ("v", v.into()), ("text", text.into())];
            template.command_line(&"p".into(), &Configuration::from(values))
        };
        assert_eq!(line(true, false, "a"), "p --use-bias a ''");
        assert_eq!(line(false, true, ""), "p -v ''");
        let range =
            |name, values: [ParameterValue; 2]| ParameterRange::categorical(name, values).unwrap();
        let yes_or_no = [true.into(), false.into()];
        let valid = [range("use_bias", yes_or_no.clone()), range("v", yes_or_no.clone())];
        assert!(template.check(&valid).is_empty());
        let invalid = [range("use_bias", ["a".into(), "b".into()]), range("v", yes_or_no)];
        assert!(template.check(&invalid)[0].to_string().contains("use_bias=true|false"));
    }

    #[test]
    fn an_unknown_placeholder_is_an_error() {
        let arguments = ["x", "{lrr}", "{\"a\": 1}", "{folder}{trial}"].map(OsString::from);
        let diagnostics =
            Template::new(&arguments, &NAMES, PassConfiguration::Arguments).unwrap_err();
        let [(1, diagnostic)] = &diagnostics[..] else { panic!("{diagnostics:?}") };
        assert_eq!(
            (diagnostic.span.clone(), &diagnostic.message[..]),
            (0..5, "no parameter is called `lrr`")
        );
        assert!(
            diagnostic.remedy.contains("{lr}, {opt}, {trial}, {folder}"),
            "{}",
            diagnostic.remedy
        );
    }
}
