//! Parses and evaluates calls of intrinsic functions: `States.Format('{}-{}', $.name, $.number)`.

use serde_json::Value;

use super::functions::apply;
use super::path::JsonPath;
use super::scope::Scope;
use super::unresolved_reason::UnresolvedReason;

/// The maximum depth of nested calls in Step Functions.
const MAX_DEPTH: usize = 10;

#[derive(Debug, Clone, PartialEq)]
enum Argument {
    /// Text in quotes, with its escapes.
    Quoted(String),
    Literal(Value),
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
    /// Parses a call such as `States.Array($.a, 1)`.
    pub(super) fn new(text: &str) -> Result<Self, UnresolvedReason> {
        let mut parser = Parser { text, rest: text };
        let call = parser.call(1)?;
        parser.skip_spaces();
        if parser.rest.is_empty() {
            Ok(call)
        } else {
            Err(parser.malformed("text follows the call"))
        }
    }

    pub(super) fn value(&self, scope: &Scope<'_>) -> Result<Value, UnresolvedReason> {
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

    /// Replaces each `{}` of the template by the next argument; `\{` is a brace.
    fn format(&self, scope: &Scope<'_>) -> Result<Value, UnresolvedReason> {
        let wrong_arguments = || {
            UnresolvedReason::Malformed(
                "States.Format takes a text with as many {} as further arguments".to_owned(),
            )
        };
        let (template, values) = self.arguments.split_first().ok_or_else(wrong_arguments)?;
        let template = match template {
            Argument::Quoted(raw) => raw.clone(),
            other => match other.value(scope)? {
                Value::String(text) => text,
                _ => return Err(wrong_arguments()),
            },
        };
        // A wrong number of arguments takes precedence over an argument without a value.
        let pieces = split_template(&template).filter(|pieces| pieces.len() == values.len() + 1);
        let mut text = String::new();
        for (index, piece) in pieces.ok_or_else(wrong_arguments)?.iter().enumerate() {
            text.push_str(piece);
            match values.get(index).map(|value| value.value(scope)).transpose()? {
                Some(Value::String(value)) => text.push_str(&value),
                Some(other) => text.push_str(&other.to_string()),
                None => {}
            }
        }
        Ok(Value::String(text))
    }
}

/// Splits a template at each `{}`; returns `None` if it has other braces that are not escaped.
fn split_template(template: &str) -> Option<Vec<String>> {
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
    fn value(&self, scope: &Scope<'_>) -> Result<Value, UnresolvedReason> {
        match self {
            Self::Quoted(raw) => {
                let (mut text, mut chars) = (String::new(), raw.chars());
                while let Some(c) = chars.next() {
                    if c == '\\' { text.extend(chars.next()) } else { text.push(c) }
                }
                Ok(Value::String(text))
            }
            Self::Literal(value) => Ok(value.clone()),
            Self::Path(path) => scope.find(path),
            Self::Call(call) => call.value(scope),
        }
    }
}

/// Parses calls from left to right.
struct Parser<'a> {
    text: &'a str,
    rest: &'a str,
}

impl Parser<'_> {
    fn malformed(&self, reason: &str) -> UnresolvedReason {
        UnresolvedReason::Malformed(format!(
            "{:?} is not a call of an intrinsic function: {reason}",
            self.text
        ))
    }

    fn skip_spaces(&mut self) {
        self.rest = self.rest.trim_start();
    }

    /// Skips `mark` if it comes next; returns whether it did.
    fn take(&mut self, mark: char) -> bool {
        self.skip_spaces();
        let rest = self.rest.strip_prefix(mark);
        self.rest = rest.unwrap_or(self.rest);
        rest.is_some()
    }

    fn call(&mut self, depth: usize) -> Result<Call, UnresolvedReason> {
        if depth > MAX_DEPTH {
            return Err(self.malformed(&format!("calls are nested deeper than {MAX_DEPTH}")));
        }
        self.skip_spaces();
        let name = self
            .rest
            .strip_prefix("States.")
            .ok_or_else(|| self.malformed("States. is missing"))?;
        let end = name.find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(name.len());
        let (function, rest) = name.split_at(end);
        self.rest = rest;
        if !self.take('(') {
            return Err(self.malformed("( is missing"));
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
                return Err(self.malformed("a comma or ) is missing"));
            }
        }
    }

    fn argument(&mut self, depth: usize) -> Result<Argument, UnresolvedReason> {
        self.skip_spaces();
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
                Ok(Argument::Literal(value))
            }
            _ => {
                let reason = format!("{word:?} is not an argument; text needs single quotes");
                Err(self.malformed(&reason))
            }
        }
    }

    fn quoted(&mut self) -> Result<Argument, UnresolvedReason> {
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
        let end = end.ok_or_else(|| self.malformed("a quote is not closed"))?;
        let raw = self.rest[1..end].to_owned();
        self.rest = &self.rest[end + 1..];
        Ok(Argument::Quoted(raw))
    }
}

impl<'a> Parser<'a> {
    /// Takes the text up to the next comma or parenthesis outside brackets.
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
