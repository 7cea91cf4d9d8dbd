//! The format of a line: a label, a record, a checksum.
//!
//! In `{"seq":3,"time":1764479301.123,"event":"told",…,"crc32":"9ae0daaf"}`, the checksum is the
//! CRC-32 of IEEE 802.3 over all bytes before `,"crc32"`, in eight hexadecimal digits.

use std::io::Write;
use std::str;

use serde::{Deserialize, Serialize};

/// The length of the checksum member `,"crc32":"9ae0daaf"}` in bytes.
const CHECKSUM_LENGTH: usize = 20;

/// The members of a line that do not belong to its record.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Label {
    /// The number of the record, from 0.
    pub(super) seq: u64,
    /// The time of the record in seconds since 1970 (UTC), by a clock that may be wrong.
    pub(super) time: f64,
    /// The number of the last record that was on disk when this one was written; `None` if it was
    /// the record before.
    pub(super) durable: Option<u64>,
}

impl Label {
    /// Returns the number of the last record that was on disk when this one was written.
    pub(super) fn last_durable(&self) -> Option<u64> {
        self.durable.or(self.seq.checked_sub(1))
    }
}

/// A line with a valid checksum.
#[derive(Debug)]
pub(super) struct Line<'a> {
    pub(super) label: Label,
    /// The name of the record.
    pub(super) event: &'a str,
    /// The complete line; each reader skips members that it does not need.
    pub(super) text: &'a str,
}

/// Appends a line. The record must be an object.
///
/// # Errors
/// [`serde_json::Error`] if the record cannot be written as JSON.
pub(super) fn write(
    lines: &mut Vec<u8>,
    label: Label,
    record: &impl Serialize,
) -> serde_json::Result<()> {
    let record = serde_json::to_vec(record)?;
    let start = lines.len();
    let Label { seq, time, durable } = label;
    let durable = durable.map(|seq| format!(",\"durable\":{seq}")).unwrap_or_default();
    let members = record.strip_prefix(b"{").unwrap_or(&record);
    write!(lines, "{{\"seq\":{seq},\"time\":{time:.3}{durable},").map_err(serde_json::Error::io)?;
    lines.extend_from_slice(members.strip_suffix(b"}").unwrap_or(members));
    let checksum = crc32fast::hash(&lines[start..]);
    writeln!(lines, ",\"crc32\":\"{checksum:08x}\"}}").map_err(serde_json::Error::io)
}

/// Reads a line, without its newline.
///
/// # Errors
/// A description of what is wrong with the line.
pub(super) fn read(line: &[u8]) -> Result<Line<'_>, String> {
    #[derive(Deserialize)]
    struct Envelope<'a> {
        seq: u64,
        time: f64,
        #[serde(default)]
        durable: Option<u64>,
        event: &'a str,
    }

    if line.iter().all(|byte| *byte == 0) {
        return Err("it has only zeros".to_owned());
    }
    let covered_length = line.len().checked_sub(CHECKSUM_LENGTH).ok_or("it is too short")?;
    let (covered, tail) = line.split_at(covered_length);
    let checksum = tail.strip_prefix(b",\"crc32\":\"").and_then(|tail| tail.strip_suffix(b"\"}"));
    let checksum =
        checksum.and_then(|hex| str::from_utf8(hex).ok()).ok_or("it has no checksum at its end")?;
    if format!("{:08x}", crc32fast::hash(covered)) != checksum {
        return Err("its checksum is wrong".to_owned());
    }
    let text = str::from_utf8(line).map_err(|error| error.to_string())?;
    let Envelope { seq, time, durable, event } =
        serde_json::from_str(text).map_err(|error| format!("it is not a record: {error}"))?;
    Ok(Line { label: Label { seq, time, durable }, event, text })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn line(label: Label) -> Vec<u8> {
        let mut line = Vec::new();
        write(&mut line, label, &json!({"event": "told", "trial": 3, "why": "a \"b\"\n"})).unwrap();
        assert_eq!(line.pop(), Some(b'\n'));
        line
    }

    /// The published check value of CRC-32 is that of "123456789".
    #[test]
    fn checksum_has_the_published_check_value() {
        assert_eq!(crc32fast::hash(b"123456789"), 0xcbf4_3926);
    }

    #[test]
    fn lines_are_read_as_written() {
        for durable in [None, Some(5)] {
            let label = Label { seq: 7, time: 1_764_479_301.123, durable };
            let line = line(label);
            let read = read(&line).unwrap();
            assert_eq!((read.label, read.event), (label, "told"));
            assert_eq!(read.label.last_durable(), durable.or(Some(6)));
            let all: serde_json::Value = serde_json::from_str(read.text).unwrap();
            assert_eq!(all["why"], "a \"b\"\n");
        }
    }

    proptest! {
        #[test]
        fn changed_bits_are_detected(byte in any::<prop::sample::Index>(), bit in 0..8) {
            let mut line = line(Label { seq: 7, time: 0.5, durable: None });
            let index = byte.index(line.len());
            line[index] ^= 1_u8 << bit;
            prop_assert!(read(&line).is_err());
        }

        #[test]
        fn arbitrary_bytes_do_not_panic(bytes in prop::collection::vec(any::<u8>(), 0..80)) {
            prop_assert!(read(&bytes).is_err());
        }
    }
}
