//! A command whose arguments have placeholders for parameters, such as `{lr}`.

use std::ffi::OsString;
use std::ops::Range;
use std::path::Path;
use std::process::Command;

use surmise::error::Violation;
use surmise::evaluator::{Job, JobSetup, PassConfiguration};
use surmise::{Configuration, EvaluatorError, ParameterRange, ParameterValue};

use super::range::Fault;

/// Placeholders that every job has, unless a parameter has their name.
const OWN: [&str; 2] = ["trial", "folder"];

/// The arguments of a command.
#[derive(Debug, Clone)]
pub(crate) struct Template {
    arguments: Vec<Vec<Piece>>,
    pass: PassConfiguration,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(OsString),
    Parameter(String),
    /// An argument that is there if a parameter is true.
    Flag {
        parameter: String,
        text: String,
    },
    Trial,
    Folder,
}

/// The first `{name}` or `{{name}}` of a text: where it stands, its name, and whether its braces are doubled.
fn placeholder(text: &str, from: usize) -> Option<(Range<usize>, &str, bool)> {
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

/// The pieces of one argument. A name that is in doubled braces is text with braces.
fn pieces(argument: &str, names: &[&str]) -> Result<Vec<Piece>, Fault> {
    let mut pieces = Vec::new();
    let mut text = String::new();
    let mut from = 0;
    while let Some((place, name, is_doubled)) = placeholder(argument, from) {
        text.push_str(&argument[from..place.start]);
        from = place.end;
        let piece = match name {
            _ if is_doubled => {
                text.push_str(&argument[place.start + 1..place.end - 1]);
                continue;
            }
            _ if names.contains(&name) => Piece::Parameter(name.to_owned()),
            _ if place == (0..argument.len()) && flag_of(name, names).is_some() => Piece::Flag {
                parameter: flag_of(name, names).unwrap_or_default(),
                text: name.to_owned(),
            },
            "trial" => Piece::Trial,
            "folder" => Piece::Folder,
            _ => return Err(unknown(place, name, names)),
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

/// The parameter of a flag such as `--use-bias`: `use-bias`, or `use_bias`.
fn flag_of(flag: &str, names: &[&str]) -> Option<String> {
    let name = flag.strip_prefix("--").or(flag.strip_prefix('-'))?;
    let spellings = [name.to_owned(), name.replace('-', "_")];
    spellings.into_iter().find(|spelling| names.contains(&spelling.as_str()))
}

fn unknown(place: Range<usize>, name: &str, names: &[&str]) -> Fault {
    let known: Vec<String> = names.iter().chain(&OWN).map(|name| format!("{{{name}}}")).collect();
    Fault {
        place,
        message: format!("no parameter is called `{name}`"),
        remedy: format!(
            "use one of {}, or write {{{{{name}}}}} for the text itself",
            known.join(", ")
        ),
    }
}

impl Template {
    /// Reads the arguments of a command for parameters of these names. Parameters without a placeholder are passed in this way.
    ///
    /// # Errors
    /// Placeholders of no parameter, each with the number of its argument.
    pub(crate) fn new(
        arguments: &[OsString],
        names: &[&str],
        pass: PassConfiguration,
    ) -> Result<Self, Vec<(usize, Fault)>> {
        let mut faults = Vec::new();
        let mut read = Vec::new();
        for (number, argument) in arguments.iter().enumerate() {
            match argument.to_str().map(|text| pieces(text, names)) {
                None => read.push(vec![Piece::Text(argument.clone())]),
                Some(Ok(pieces)) => read.push(pieces),
                Some(Err(fault)) => faults.push((number, fault)),
            }
        }
        if faults.is_empty() { Ok(Self { arguments: read, pass }) } else { Err(faults) }
    }

    /// Whether a parameter has a placeholder.
    fn has(&self, name: &str) -> bool {
        let mut pieces = self.arguments.iter().flatten();
        pieces.any(|piece| match piece {
            Piece::Parameter(own) | Piece::Flag { parameter: own, .. } => own == name,
            _ => false,
        })
    }

    /// The parameters that no placeholder passes.
    fn rest(&self, configuration: &Configuration) -> Configuration {
        let rest = configuration.iter().filter(|(name, _)| !self.has(name));
        rest.map(|(name, value)| (name, value.clone())).collect()
    }

    /// What keeps parameters from being passed.
    pub(crate) fn check(&self, ranges: &[ParameterRange]) -> Vec<Violation> {
        let rest = ranges.iter().map(ParameterRange::name).filter(|name| !self.has(name));
        let mut violations = self.pass.violations(rest, &[]);
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
                let rule =
                    format!("`{{{text}}}` is there or not, as the parameter is true or false");
                let remedy = format!(
                    "write --set '{parameter}=true|false', or {{{parameter}}} for its value"
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
                configuration.value(name).map(ParameterValue::printed).unwrap_or_default().into()
            }
            Piece::Trial => trial.into(),
            Piece::Folder => folder.into(),
        };
        // What the values of parameters leave empty is left out.
        let filled = |pieces: &Vec<Piece>| {
            let argument = pieces.iter().map(text).collect::<OsString>();
            let is_text = matches!(pieces[..], [Piece::Text(_)]);
            Some(argument).filter(|argument| is_text || !argument.is_empty())
        };
        self.arguments.iter().filter_map(filled).collect()
    }

    /// The command with a configuration, as a shell takes it; `program` stands before the arguments.
    pub(crate) fn command_line(&self, program: &OsString, configuration: &Configuration) -> String {
        let mut command = Command::new(program);
        command.args(self.fill(configuration, "0", Path::new(".")));
        let rest = self.rest(configuration);
        let mut words = Vec::new();
        match &self.pass {
            PassConfiguration::JsonFile => {
                words.push(quoted(command.get_program().to_string_lossy().as_ref()));
            }
            pass => {
                // Neither arguments nor variables need a file.
                let _ = pass.apply(&rest, None, &mut command);
                let variables = command.get_envs().filter_map(|(name, value)| {
                    let value = quoted(&value?.to_string_lossy());
                    Some(format!("{}={value}", name.to_string_lossy()))
                });
                words.extend(variables);
                words.push(quoted(command.get_program().to_string_lossy().as_ref()));
            }
        }
        words.extend(command.get_args().map(|word| quoted(&word.to_string_lossy())));
        if self.pass == PassConfiguration::JsonFile {
            words.push("configuration.json".to_owned());
        }
        words.join(" ")
    }
}

/// A word that a shell takes as it is.
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
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
        let rest = match self.pass {
            // A file has the whole configuration.
            PassConfiguration::JsonFile => configuration.clone(),
            _ => self.rest(configuration),
        };
        self.pass.apply(&rest, Some(folder), command)
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
    fn placeholders_are_filled_and_the_rest_is_passed() {
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
    fn a_flag_is_there_or_not() {
        let arguments = ["{--use-bias}", "{-v}", "{text}", "x{--v}", ""].map(OsString::from);
        let names = ["use_bias", "v", "text"];
        let faults = Template::new(&arguments, &names, PassConfiguration::Arguments).unwrap_err();
        assert_eq!(faults.len(), 1, "within a text it is no flag: {faults:?}");
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
        let sound = [range("use_bias", yes_or_no.clone()), range("v", yes_or_no.clone())];
        assert!(template.check(&sound).is_empty());
        let broken = [range("use_bias", ["a".into(), "b".into()]), range("v", yes_or_no)];
        assert!(template.check(&broken)[0].to_string().contains("use_bias=true|false"));
    }

    #[test]
    fn a_placeholder_of_no_parameter_is_refused() {
        let arguments = ["x", "{lrr}", "{\"a\": 1}", "{folder}{trial}"].map(OsString::from);
        let faults = Template::new(&arguments, &NAMES, PassConfiguration::Arguments).unwrap_err();
        let [(1, fault)] = &faults[..] else { panic!("{faults:?}") };
        assert_eq!(
            (fault.place.clone(), &fault.message[..]),
            (0..5, "no parameter is called `lrr`")
        );
        assert!(fault.remedy.contains("{lr}, {opt}, {trial}, {folder}"), "{}", fault.remedy);
    }
}
