//! Values as Python has them: read as its `json.loads` reads a text, written as its `json.dumps`, `str` and `repr` write them. SageMaker's toolkit,
//! which is written in it, gives them to programs so; the rules are those of the package `sagemaker-training` 5.1.4, by which they are judged
//! (tests/golden/container.py).

use crate::request::printed_float;

/// Code points. One may be half of a surrogate pair, which Python takes.
pub(super) type Text = Vec<u32>;

/// A value of Python.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Boolean(bool),
    /// With all its digits.
    Integer(String),
    Float(f64),
    Text(Text),
    List(Vec<Value>),
    /// In the order of the text; each key once.
    Object(Vec<(Text, Value)>),
}

/// More digits than this Python does not read.
const MOST_DIGITS: usize = 4300;
/// Deeper than this is no value but text.
const DEEPEST: usize = 200;

impl Value {
    /// A hyperparameter: what its text means as JSON, or else the text.
    pub(super) fn decoded(text: &str) -> Self {
        Reader::new(text).whole().unwrap_or_else(|| Self::text(text))
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

    /// Whether Python takes it for true.
    pub(super) fn is_truthy(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Boolean(answer) => *answer,
            Self::Integer(digits) => digits != "0",
            Self::Float(number) => *number != 0.0,
            Self::Text(text) => !text.is_empty(),
            Self::List(items) => !items.is_empty(),
            Self::Object(members) => !members.is_empty(),
        }
    }

    /// As a variable: text and null as they are, everything else as JSON. `None` if it is half of a surrogate pair, or has the character NUL.
    pub(super) fn variable(&self) -> Option<String> {
        match self {
            Self::Null => Some(String::new()),
            Self::Text(text) => plain(text),
            other => Some(other.json()),
        }
    }

    /// As an argument: text and null as they are, an object as `key=value,…`, everything else as Python's `str`.
    pub(super) fn argument(&self) -> Option<String> {
        match self {
            Self::Null => Some(String::new()),
            Self::Text(text) => plain(text),
            Self::Object(members) => {
                let mut members: Vec<_> = members.iter().collect();
                members.sort_by(|a, b| a.0.cmp(&b.0));
                let parts = members.into_iter().map(|(key, value)| {
                    let value = match value {
                        Self::Text(text) => plain(text)?,
                        other => other.repr(),
                    };
                    Some(format!("{}={value}", plain(key)?))
                });
                Some(parts.collect::<Option<Vec<_>>>()?.join(","))
            }
            other => Some(other.repr()),
        }
    }

    /// As `str` gives it.
    pub(super) fn string(&self) -> Option<String> {
        match self {
            Self::Text(text) => plain(text),
            other => Some(other.repr()),
        }
    }

    /// As `json.dumps` gives it with sorted keys and without blanks.
    pub(super) fn json(&self) -> String {
        match self {
            Self::Null => "null".to_owned(),
            Self::Boolean(answer) => answer.to_string(),
            Self::Integer(digits) => digits.clone(),
            Self::Float(number) if number.is_nan() => "NaN".to_owned(),
            Self::Float(number) if number.is_infinite() => {
                if *number > 0.0 { "Infinity" } else { "-Infinity" }.to_owned()
            }
            Self::Float(number) => printed_float(*number),
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

    /// As `repr` gives it.
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
            Self::Float(number) => printed_float(*number),
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
            serde_json::Value::Bool(answer) => Self::Boolean(*answer),
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

/// Code points as a text that a program can be given.
fn plain(text: &Text) -> Option<String> {
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

/// Blocks of characters that `repr` does not print as they are (Unicode 14).
const UNPRINTED: [(u32, u32); 28] = [
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
        let is_unprinted = UNPRINTED.iter().any(|(first, last)| (*first..=*last).contains(&code));
        match char::from_u32(code) {
            Some('\\') => repr.push_str("\\\\"),
            Some('\n') => repr.push_str("\\n"),
            Some('\r') => repr.push_str("\\r"),
            Some('\t') => repr.push_str("\\t"),
            Some(c) if c == quote => repr.extend(['\\', c]),
            Some(c) if !is_unprinted => repr.push(c),
            _ if code < 0x100 => repr.push_str(&format!("\\x{code:02x}")),
            _ if code < 0x10000 => repr.push_str(&format!("\\u{code:04x}")),
            _ => repr.push_str(&format!("\\U{code:08x}")),
        }
    }
    repr.push(quote);
    repr
}

/// Reads JSON as Python does: with NaN and infinities, integers of any length, halves of surrogate pairs.
struct Reader {
    text: Vec<char>,
    place: usize,
    depth: usize,
}

impl Reader {
    fn new(text: &str) -> Self {
        Self { text: text.chars().collect(), place: 0, depth: 0 }
    }

    /// The value, if the text is one and nothing else.
    fn whole(mut self) -> Option<Value> {
        self.skip_blanks();
        let value = self.value()?;
        self.skip_blanks();
        (self.place == self.text.len()).then_some(value)
    }

    fn peek(&self) -> Option<char> {
        self.text.get(self.place).copied()
    }

    fn next(&mut self) -> Option<char> {
        let next = self.peek();
        self.place += usize::from(next.is_some());
        next
    }

    fn eat(&mut self, wanted: &str) -> Option<()> {
        let end = self.place + wanted.chars().count();
        let is_there = self.text.get(self.place..end)?.iter().copied().eq(wanted.chars());
        is_there.then(|| self.place = end)
    }

    fn skip_blanks(&mut self) {
        while matches!(self.peek(), Some(' ' | '\t' | '\n' | '\r')) {
            self.place += 1;
        }
    }

    fn value(&mut self) -> Option<Value> {
        match self.peek()? {
            '"' => self.string().map(Value::Text),
            '[' => self.nested(Self::list),
            '{' => self.nested(Self::object),
            'n' => self.eat("null").map(|()| Value::Null),
            't' => self.eat("true").map(|()| Value::Boolean(true)),
            'f' => self.eat("false").map(|()| Value::Boolean(false)),
            'N' => self.eat("NaN").map(|()| Value::Float(f64::NAN)),
            'I' => self.eat("Infinity").map(|()| Value::Float(f64::INFINITY)),
            '-' if self.eat("-Infinity").is_some() => Some(Value::Float(f64::NEG_INFINITY)),
            _ => self.number(),
        }
    }

    fn nested(&mut self, read: fn(&mut Self) -> Option<Value>) -> Option<Value> {
        self.depth += 1;
        let value = (self.depth <= DEEPEST).then(|| read(self)).flatten();
        self.depth -= 1;
        value
    }

    fn list(&mut self) -> Option<Value> {
        self.eat("[")?;
        self.skip_blanks();
        let mut items = Vec::new();
        if self.eat("]").is_some() {
            return Some(Value::List(items));
        }
        loop {
            self.skip_blanks();
            items.push(self.value()?);
            self.skip_blanks();
            match self.next()? {
                ',' => {}
                ']' => return Some(Value::List(items)),
                _ => return None,
            }
        }
    }

    fn object(&mut self) -> Option<Value> {
        self.eat("{")?;
        self.skip_blanks();
        let mut members: Vec<(Text, Value)> = Vec::new();
        if self.eat("}").is_some() {
            return Some(Value::Object(members));
        }
        loop {
            self.skip_blanks();
            let key = self.string()?;
            self.skip_blanks();
            self.eat(":")?;
            self.skip_blanks();
            let value = self.value()?;
            match members.iter_mut().find(|(known, _)| *known == key) {
                Some((_, known)) => *known = value,
                None => members.push((key, value)),
            }
            self.skip_blanks();
            match self.next()? {
                ',' => {}
                '}' => return Some(Value::Object(members)),
                _ => return None,
            }
        }
    }

    fn string(&mut self) -> Option<Text> {
        self.eat("\"")?;
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
                let place = self.place;
                if (0xd800..0xdc00).contains(&high) && self.eat("\\u").is_some() {
                    match self.unit()? {
                        low @ 0xdc00..0xe000 => {
                            return Some(0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00));
                        }
                        _ => self.place = place,
                    }
                }
                return Some(high);
            }
            _ => return None,
        };
        Some(c.into())
    }

    fn unit(&mut self) -> Option<u32> {
        let digits: String = self.text.get(self.place..self.place + 4)?.iter().collect();
        let are_digits = digits.chars().all(|c| c.is_ascii_hexdigit());
        self.place += 4;
        u32::from_str_radix(&digits, 16).ok().filter(|_| are_digits)
    }

    fn digits(&mut self) -> usize {
        let begun = self.place;
        while self.peek().is_some_and(|c| c.is_ascii_digit()) {
            self.place += 1;
        }
        self.place - begun
    }

    fn number(&mut self) -> Option<Value> {
        let begun = self.place;
        let _ = self.eat("-");
        if self.eat("0").is_none() && self.digits() == 0 {
            return None;
        }
        let whole = self.place;
        if self.eat(".").is_some() && self.digits() == 0 {
            return None;
        }
        if matches!(self.peek(), Some('e' | 'E')) {
            self.place += 1;
            if matches!(self.peek(), Some('+' | '-')) {
                self.place += 1;
            }
            if self.digits() == 0 {
                return None;
            }
        }
        let text: String = self.text[begun..self.place].iter().collect();
        if self.place > whole {
            return text.parse().ok().map(Value::Float);
        }
        let is_read = text.trim_start_matches('-').len() <= MOST_DIGITS;
        is_read.then(|| Value::Integer(if text == "-0" { "0".to_owned() } else { text }))
    }
}
