//! Intrinsic functions of Step Functions: `States.Format('{}-{}', $.name, $.number)` and kin.

use serde_json::Value;

use super::functions::apply;
use super::path::JsonPath;
use super::scope::Scope;
use super::unresolvable::Unresolvable;

/// How deep calls may be nested, by the rules of Step Functions.
const DEEPEST: usize = 10;
/// An argument of a call.
#[derive(Debug, Clone, PartialEq)]
enum Argument {
    /// Text in quotes, its escapes as they stand.
    Quoted(String),
    Known(Value),
    Path(String),
    Call(Call),
}

/// A call of an intrinsic function.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Call {
    function: String,
    arguments: Vec<Argument>,
}

impl Call {
    /// Reads a call, such as `States.Array($.a, 1)`.
    pub(super) fn new(text: &str) -> Result<Self, Unresolvable> {
        let mut reader = Reader { text, rest: text };
        let call = reader.call(1)?;
        reader.skip();
        if reader.rest.is_empty() { Ok(call) } else { Err(reader.bad("something follows it")) }
    }

    pub(super) fn value(&self, scope: &Scope<'_>) -> Result<Value, Unresolvable> {
        if self.function == "Format" {
            return self.format(scope);
        }
        let arguments = self
            .arguments
            .iter()
            .map(|argument| argument.value(scope))
            .collect::<Result<Vec<Value>, _>>()?;
        apply(&self.function, &arguments)
    }

    /// `{}` in the template stands for the next argument; `\{` for a brace.
    fn format(&self, scope: &Scope<'_>) -> Result<Value, Unresolvable> {
        let wrong = || {
            Unresolvable::Malformed(
                "States.Format takes a text with as many {} as further arguments".to_owned(),
            )
        };
        let (template, others) = self.arguments.split_first().ok_or_else(wrong)?;
        let template = match template {
            Argument::Quoted(raw) => raw.clone(),
            other => match other.value(scope)? {
                Value::String(text) => text,
                _ => return Err(wrong()),
            },
        };
        // The count is wrong whatever the arguments are.
        let pieces = pieces(&template).filter(|pieces| pieces.len() == others.len() + 1);
        let mut text = String::new();
        for (index, piece) in pieces.ok_or_else(wrong)?.iter().enumerate() {
            text.push_str(piece);
            match others.get(index).map(|other| other.value(scope)).transpose()? {
                Some(Value::String(value)) => text.push_str(&value),
                Some(other) => text.push_str(&other.to_string()),
                None => {}
            }
        }
        Ok(Value::String(text))
    }
}

/// The parts of a template between its `{}`, if all its braces are such or escaped.
fn pieces(template: &str) -> Option<Vec<String>> {
    let (mut pieces, mut chars) = (vec![String::new()], template.chars());
    while let Some(c) = chars.next() {
        let piece = pieces.last_mut()?;
        match c {
            '\\' => piece.extend(chars.next()),
            '{' if chars.as_str().starts_with('}') => {
                chars.next();
                pieces.push(String::new());
            }
            '{' | '}' => return None,
            c => piece.push(c),
        }
    }
    Some(pieces)
}

impl Argument {
    fn value(&self, scope: &Scope<'_>) -> Result<Value, Unresolvable> {
        match self {
            Self::Quoted(raw) => {
                let (mut text, mut chars) = (String::new(), raw.chars());
                while let Some(c) = chars.next() {
                    if c == '\\' { text.extend(chars.next()) } else { text.push(c) }
                }
                Ok(Value::String(text))
            }
            Self::Known(value) => Ok(value.clone()),
            Self::Path(path) => scope.find(path),
            Self::Call(call) => call.value(scope),
        }
    }
}

/// Reads calls from left to right.
struct Reader<'a> {
    text: &'a str,
    rest: &'a str,
}

impl Reader<'_> {
    fn bad(&self, why: &str) -> Unresolvable {
        Unresolvable::Malformed(format!(
            "{:?} is no call of an intrinsic function: {why}",
            self.text
        ))
    }

    fn skip(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Takes what `rest` begins with, if it does.
    fn take(&mut self, mark: char) -> bool {
        self.skip();
        let rest = self.rest.strip_prefix(mark);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn call(&mut self, depth: usize) -> Result<Call, Unresolvable> {
        if depth > DEEPEST {
            return Err(self.bad(&format!("calls are nested deeper than {DEEPEST}")));
        }
        self.skip();
        let name =
            self.rest.strip_prefix("States.").ok_or_else(|| self.bad("States. is missing"))?;
        let end = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
        let (function, rest) = name.split_at(end);
        self.rest = rest;
        if !self.take('(') {
            return Err(self.bad("( is missing"));
        }
        let mut arguments = Vec::new();
        if self.take(')') {
            return Ok(Call { function: function.to_owned(), arguments });
        }
        loop {
            arguments.push(self.argument(depth)?);
            if self.take(')') {
                return Ok(Call { function: function.to_owned(), arguments });
            }
            if !self.take(',') {
                return Err(self.bad("a comma or ) is missing"));
            }
        }
    }

    fn argument(&mut self, depth: usize) -> Result<Argument, Unresolvable> {
        self.skip();
        if self.rest.starts_with('\'') {
            return self.quoted();
        }
        if self.rest.starts_with("States.") {
            return self.call(depth + 1).map(Argument::Call);
        }
        let word = self.word();
        if word.starts_with('$') {
            JsonPath::new(
                word.strip_prefix('$').filter(|rest| rest.starts_with('$')).unwrap_or(word),
            )?;
            return Ok(Argument::Path(word.to_owned()));
        }
        match serde_json::from_str(word) {
            Ok(value @ (Value::Null | Value::Bool(_) | Value::Number(_))) => {
                Ok(Argument::Known(value))
            }
            _ => Err(self.bad(&format!("{word:?} is no argument; text stands in single quotes"))),
        }
    }

    fn quoted(&mut self) -> Result<Argument, Unresolvable> {
        let (mut escaped, mut end) = (false, None);
        for (at, c) in self.rest.char_indices().skip(1) {
            match c {
                _ if escaped => escaped = false,
                '\\' => escaped = true,
                '\'' => {
                    end = Some(at);
                    break;
                }
                _ => {}
            }
        }
        let end = end.ok_or_else(|| self.bad("a quote is not closed"))?;
        let raw = self.rest[1..end].to_owned();
        self.rest = &self.rest[end + 1..];
        Ok(Argument::Quoted(raw))
    }
}

impl<'a> Reader<'a> {
    /// Up to the next comma or parenthesis that stands outside of brackets.
    fn word(&mut self) -> &'a str {
        let (mut depth, mut quote) = (0_usize, None);
        let end = self.rest.find(|c: char| {
            match (quote, c) {
                (Some(open), c) if c == open => quote = None,
                (None, '\'' | '"') if depth > 0 => quote = Some(c),
                (None, '[') => depth += 1,
                (None, ']') => depth = depth.saturating_sub(1),
                (None, ',' | ')') if depth == 0 => return true,
                _ => {}
            }
            false
        });
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        word.trim()
    }
}
