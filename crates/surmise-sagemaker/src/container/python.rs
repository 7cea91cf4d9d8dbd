//! Python values: parsed as by `json.loads`, formatted as by `json.dumps`, `str` and `repr`.
//!
//! SageMaker's training toolkit is written in Python and passes values to programs in these
//! notations. The reference is the package `sagemaker-training` 5.1.4 (tests/golden/container.py).

use crate::request::format_float;

/// Code points of a text; Python also allows half of a surrogate pair.
pub(super) type Text = Vec<u32>;

#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Boolean(bool),
    /// All digits of an integer of any length.
    Integer(String),
    Float(f64),
    Text(Text),
    List(Vec<Value>),
    /// Members in the order of the text; each key occurs once.
    Object(Vec<(Text, Value)>),
}

/// The maximum number of digits that Python accepts in an integer.
const MAX_DIGITS: usize = 4300;
/// The maximum depth of nesting; a deeper text does not count as JSON.
const MAX_DEPTH: usize = 200;

impl Value {
    /// Decodes a hyperparameter: as JSON if it is valid, else as text.
    pub(super) fn decode(text: &str) -> Self {
        Parser::new(text).parse().unwrap_or_else(|| Self::text(text))
    }

    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.chars().map(u32::from).collect())
    }

    pub(super) fn texts<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        Self::List(texts.into_iter().map(Self::text).collect())
    }

    pub(super) fn object<N: AsRef<str>>(members: impl IntoIterator<Item = (N, Self)>) -> Self {
        let code_points = |name: N| name.as_ref().chars().map(u32::from).collect();
        Self::Object(members.into_iter().map(|(name, value)| (code_points(name), value)).collect())
    }

    /// Returns whether Python's `bool` of the value is `True`.
    pub(super) fn is_truthy(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Boolean(truth) => *truth,
            Self::Integer(digits) => digits != "0",
            Self::Float(number) => *number != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::List(items) => !items.is_empty(),
            Self::Object(members) => !members.is_empty(),
        }
    }

    /// Formats the value as an environment variable: text unchanged, null as empty, else as JSON.
    ///
    /// Returns `None` for half of a surrogate pair and for the character NUL.
    pub(super) fn variable(&self) -> Option<String> {
        match self {
            Self::Null => Some(String::new()),
            Self::Text(text) => to_string(text),
            other => Some(other.json()),
        }
    }

    /// Formats the value as an argument: text unchanged, null as empty, an object as `key=value,…`,
    /// everything else as by `str`.
    pub(super) fn argument(&self) -> Option<String> {
        match self {
            Self::Null => Some(String::new()),
            Self::Text(text) => to_string(text),
            Self::Object(members) => {
                let mut members: Vec<_> = members.iter().collect();
                members.sort_by(|a, b| a.0.cmp(&b.0));
                let parts = members.into_iter().map(|(key, value)| {
                    let value = match value {
                        Self::Text(text) => to_string(text)?,
                        other => other.repr(),
                    };
                    Some(format!("{}={value}", to_string(key)?))
                });
                Some(parts.collect::<Option<Vec<_>>>()?.join(","))
            }
            other => Some(other.repr()),
        }
    }

    /// Formats the value as by `str`.
    pub(super) fn string(&self) -> Option<String> {
        match self {
            Self::Text(text) => to_string(text),
            other => Some(other.repr()),
        }
    }

    /// Formats the value as by `json.dumps`, with sorted keys and without spaces.
    pub(super) fn json(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Boolean(truth) => truth.to_string(),
            Self::Integer(digits) => digits.clone(),
            Self::Float(number) if number.is_nan() => "NaN".to_owned(),
            Self::Float(number) if number.is_infinite() => {
                if *number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
            }
            Self::Float(number) => format_float(*number),
            Self::Text(text) => json_string(text),
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(Self::json).collect();
                format!("[{}]", items.join(","))
            }
            Self::Object(members) => {
                let mut members: Vec<_> = members.iter().collect();
                members.sort_by(|a, b| a.0.cmp(&b.0));
                let members: Vec<String> = members
                    .into_iter()
                    .map(|(key, value)| format!("{}:{}", json_string(key), value.json()))
                    .collect();
                format!("{{{}}}", members.join(","))
            }
        }
    }

    /// Formats the value as by `repr`.
    fn repr(&self) -> String {
        match self {
            Self::Null => "None".to_owned(),
            Self::Boolean(true) => "True".to_owned(),
            Self::Boolean(false) => "False".to_owned(),
            Self::Integer(digits) => digits.clone(),
            Self::Float(number) if number.is_nan() => "nan".to_owned(),
            Self::Float(number) if number.is_infinite() => {
                if *number > 0.0 { "inf" } else { "-inf" }.to_owned()
            }
            Self::Float(number) => format_float(*number),
            Self::Text(text) => repr_string(text),
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(Self::repr).collect();
                format!("[{}]", items.join(", "))
            }
            Self::Object(members) => {
                let members: Vec<String> = members
                    .iter()
                    .map(|(key, value)| format!("{}: {}", repr_string(key), value.repr()))
                    .collect();
                format!("{{{}}}", members.join(", "))
            }
        }
    }
}

impl From<&serde_json::Value> for Value {
    fn from(value: &serde_json::Value) -> Self {
        match value {
            serde_json::Value::Null => Self::Null,
            serde_json::Value::Bool(truth) => Self::Boolean(*truth),
            serde_json::Value::Number(number) => match number.as_f64() {
                Some(float) if number.is_f64() => Self::Float(float),
                _ => Self::Integer(number.to_string()),
            },
            serde_json::Value::String(text) => Self::text(text),
            serde_json::Value::Array(items) => Self::List(items.iter().map(Self::from).collect()),
            serde_json::Value::Object(members) => {
                Self::object(members.iter().map(|(name, value)| (name, Self::from(value))))
            }
        }
    }
}

/// Converts code points to a text that a program can get; half of a surrogate pair has none.
fn to_string(text: &Text) -> Option<String> {
    text.iter().map(|code| char::from_u32(*code).filter(|c| *c != '\0')).collect()
}

fn json_string(text: &Text) -> String {
    let mut json = String::from("\"");
    for &code in text {
        match char::from_u32(code) {
            Some('"') => json.push_str("\\\""),
            Some('\\') => json.push_str("\\\\"),
            Some('\n') => json.push_str("\\n"),
            Some('\r') => json.push_str("\\r"),
            Some('\t') => json.push_str("\\t"),
            Some('\u{8}') => json.push_str("\\b"),
            Some('\u{c}') => json.push_str("\\f"),
            Some(c @ ' '..='~') => json.push(c),
            Some(c) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    json.push_str(&format!("\\u{unit:04x}"));
                }
            }
            None => json.push_str(&format!("\\u{code:04x}")),
        }
    }
    json + "\""
}

/// Blocks of characters that `repr` escapes (Unicode 14).
const NOT_PRINTABLE: [(u32, u32); 28] = [
    (0x0, 0x1f),
    (0x7f, 0xa0),
    (0xad, 0xad),
    (0x600, 0x605),
    (0x61c, 0x61c),
    (0x6dd, 0x6dd),
    (0x70f, 0x70f),
    (0x890, 0x891),
    (0x8e2, 0x8e2),
    (0x1680, 0x1680),
    (0x180e, 0x180e),
    (0x2000, 0x200f),
    (0x2028, 0x202f),
    (0x205f, 0x2064),
    (0x2066, 0x206f),
    (0x3000, 0x3000),
    (0xd800, 0xf8ff),
    (0xfeff, 0xfeff),
    (0xfff9, 0xfffb),
    (0xfffe, 0xffff),
    (0x110bd, 0x110bd),
    (0x110cd, 0x110cd),
    (0x13430, 0x13438),
    (0x1bca0, 0x1bca3),
    (0x1d173, 0x1d17a),
    (0xe0001, 0xe0001),
    (0xe0020, 0xe007f),
    (0xf0000, 0x0010_ffff),
];

fn repr_string(text: &Text) -> String {
    let has = |c: char| text.contains(&u32::from(c));
    let quote = if has('\'') && !has('"') { '"' } else { '\'' };
    let mut repr = String::from(quote);
    for &code in text {
        let is_printable =
            !NOT_PRINTABLE.iter().any(|(first, last)| (*first..=*last).contains(&code));
        match char::from_u32(code) {
            Some('\\') => repr.push_str("\\\\"),
            Some('\n') => repr.push_str("\\n"),
            Some('\r') => repr.push_str("\\r"),
            Some('\t') => repr.push_str("\\t"),
            Some(c) if c == quote => repr.extend(['\\', c]),
            Some(c) if is_printable => repr.push(c),
            _ if code < 0x100 => repr.push_str(&format!("\\x{code:02x}")),
            _ if code < 0x10000 => repr.push_str(&format!("\\u{code:04x}")),
            _ => repr.push_str(&format!("\\U{code:08x}")),
        }
    }
    repr.push(quote);
    repr
}

/// Parses JSON as Python does: with NaN, infinities, long integers, halves of surrogate pairs.
struct Parser {
    text: Vec<char>,
    position: usize,
    depth: usize,
}

impl Parser {
    fn new(text: &str) -> Self {
        Self { text: text.chars().collect(), position: 0, depth: 0 }
    }

    /// Returns the value, if the text is exactly one value.
    fn parse(mut self) -> Option<Value> {
        self.skip_spaces();
        let value = self.value()?;
        self.skip_spaces();
        (self.position == self.text.len()).then_some(value)
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.position).copied()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek();
        self.position += usize::from(next.is_some());
        next
    }

    /// Skips `expected` if it comes next; returns `None` otherwise.
    fn take(&mut self, expected: &str) -> Option<()> {
        let end = self.position + expected.chars().count();
        let is_next = self.text.get(self.position..end)?.iter().copied().eq(expected.chars());
        is_next.then(|| self.position = end)
    }

    fn skip_spaces(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.position += 1;
        }
    }

    fn value(&mut self) -> Option<Value> {
        match self.peek()? {
            '"' => self.string().map(Value::Text),
            '[' => self.nested(Self::list),
            '{' => self.nested(Self::object),
            'n' => self.take("null").map(|()| Value::Null),
            't' => self.take("true").map(|()| Value::Boolean(true)),
            'f' => self.take("false").map(|()| Value::Boolean(false)),
            'N' => self.take("NaN").map(|()| Value::Float(f64::NAN)),
            'I' => self.take("Infinity").map(|()| Value::Float(f64::INFINITY)),
            '-' if self.take("-Infinity").is_some() => Some(Value::Float(f64::NEG_INFINITY)),
            _ => self.number(),
        }
    }

    fn nested(&mut self, parse: fn(&mut Self) -> Option<Value>) -> Option<Value> {
        self.depth += 1;
        let value = (self.depth <= MAX_DEPTH).then(|| parse(self)).flatten();
        self.depth -= 1;
        value
    }

    fn list(&mut self) -> Option<Value> {
        self.take("[")?;
        self.skip_spaces();
        let mut items = Vec::new();
        if self.take("]").is_some() {
            return Some(Value::List(items));
        }
        loop {
            self.skip_spaces();
            items.push(self.value()?);
            self.skip_spaces();
            match self.next()? {
                ',' => {}
                ']' => return Some(Value::List(items)),
                _ => return None,
            }
        }
    }

    fn object(&mut self) -> Option<Value> {
        self.take("{")?;
        self.skip_spaces();
        let mut members: Vec<(Text, Value)> = Vec::new();
        if self.take("}").is_some() {
            return Some(Value::Object(members));
        }
        loop {
            self.skip_spaces();
            let key = self.string()?;
            self.skip_spaces();
            self.take(":")?;
            self.skip_spaces();
            let value = self.value()?;
            match members.iter_mut().find(|(existing, _)| *existing == key) {
                Some((_, existing)) => *existing = value,
                None => members.push((key, value)),
            }
            self.skip_spaces();
            match self.next()? {
                ',' => {}
                '}' => return Some(Value::Object(members)),
                _ => return None,
            }
        }
    }

    fn string(&mut self) -> Option<Text> {
        self.take("\"")?;
        let mut text = Text::new();
        loop {
            match self.next()? {
                '"' => return Some(text),
                '\\' => text.push(self.escaped()?),
                c if c < ' ' => return None,
                c => text.push(c.into()),
            }
        }
    }

    fn escaped(&mut self) -> Option<u32> {
        let c = match self.next()? {
            c @ ('"' | '\\' | '/') => c,
            'b' => '\u{8}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'u' => {
                let high = self.unit()?;
                let position = self.position;
                if (0xd800..0xdc00).contains(&high) && self.take("\\u").is_some() {
                    match self.unit()? {
                        low @ 0xdc00..0xe000 => {
                            return Some(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
                        }
                        _ => self.position = position,
                    }
                }
                return Some(high);
            }
            _ => return None,
        };
        Some(c.into())
    }

    fn unit(&mut self) -> Option<u32> {
        let digits: String = self.text.get(self.position..self.position + 4)?.iter().collect();
        let are_digits = digits.chars().all(|c| c.is_ascii_hexdigit());
        self.position += 4;
        u32::from_str_radix(&digits, 16).ok().filter(|_| are_digits)
    }

    /// Skips digits and returns their number.
    fn digits(&mut self) -> usize {
        let start = self.position;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.position += 1;
        }
        self.position - start
    }

    fn number(&mut self) -> Option<Value> {
        let start = self.position;
        let _ = self.take("-");
        if self.take("0").is_none() && self.digits() == 0 {
            return None;
        }
        let integer_end = self.position;
        if self.take(".").is_some() && self.digits() == 0 {
            return None;
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            self.position += 1;
            if matches!(self.peek(), Some('+' | '-')) {
                self.position += 1;
            }
            if self.digits() == 0 {
                return None;
            }
        }
        let text: String = self.text[start..self.position].iter().collect();
        if self.position > integer_end {
            return text.parse().ok().map(Value::Float);
        }
        let is_accepted = text.trim_start_matches('-').len() <= MAX_DIGITS;
        is_accepted.then(|| Value::Integer(if text == "-0" { "0".to_owned() } else { text }))
    }
}
