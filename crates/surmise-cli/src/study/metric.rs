//! Patterns that find the metric and the epoch in the output of a program.

use surmise::pattern::MetricPattern;

/// Matches a printed number and what may follow it in JSON, a list, a table or a sentence.
///
/// It also matches the number in `tensor(0.5)`. It matches all of `1,050.0`, so that such a text is
/// rejected instead of being read as 1.
const NUMBER: &str =
    r#"["']?(?:tensor\()?([^\s,;}\])"'|]+?(?:,\d[^\s;}\])"'|]*?)?)(?=\.?(?:[\s,;}\])"'|]|$))"#;

/// Returns the pattern of a metric.
///
/// For `loss` it matches `loss: 0.5`, `loss=0.5` and `"loss": 0.5`, but neither `val_loss: 0.5` nor
/// `train/loss: 0.5`.
pub(crate) fn value_pattern(metric_name: &str) -> Result<MetricPattern, String> {
    let name = escape(metric_name);
    MetricPattern::new(&format!(r#"(?<![\w.\-/])["']?{name}["']?\s*[:=]\s*{NUMBER}"#))
}

/// Returns the pattern of the epoch.
///
/// It matches `epoch: 3`, `epoch=3`, `Epoch 3/50`, `Epoch [3/50]` and `"epoch": 3.0`.
pub(crate) fn step_pattern() -> Result<MetricPattern, String> {
    MetricPattern::new(
        r#"(?i)(?<![\w.\-/])["']?epoch["']?\s*[:=#]?\s*[\["'(]?(\d+)(?:\.0+)?(?!\w|\.\d)"#,
    )
}

/// Escapes a text so that a regular expression matches it literally.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for letter in text.chars() {
        if !letter.is_alphanumeric() && !matches!(letter, '_' | ' ') {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_metric_is_found_in_usual_formats() {
        for (name, line, found) in [
            ("loss", "loss: 0.123", Some("0.123")),
            ("loss", "loss=0.123", Some("0.123")),
            ("loss", "epoch 7 validation-loss: 3.2 loss : -1e-3, acc: 1", Some("-1e-3")),
            ("validation-loss", "epoch 7 validation-loss: 3.2159", Some("3.2159")),
            ("loss", r#"{"epoch": 3, "loss": 0.5}"#, Some("0.5")),
            ("loss", r#"{"loss": "nan", "a": 1}"#, Some("nan")),
            ("loss", "loss=0.5,acc=0.9", Some("0.5")),
            ("loss", "loss: 1,050.0", Some("1,050.0")),
            ("loss", "val_loss: 0.5 train/loss: 0.5 v.loss=3", None),
            ("loss", "loss 0.5", None),
            ("train/loss", "train/loss: 2", Some("2")),
            ("loss", "it ended with loss: 0.5.", Some("0.5")),
            ("loss", "| loss: 0.7|", Some("0.7")),
            ("loss", "loss: tensor(0.5, device='cpu')", Some("0.5")),
            ("loss", "loss: 2.", Some("2")),
            ("AUC (test)", "AUC (test) = 0.75", Some("0.75")),
        ] {
            assert_eq!(value_pattern(name).unwrap().find_last(line), found, "{name} in {line}");
        }
    }

    #[test]
    fn the_epoch_is_found_in_usual_formats() {
        for (line, found) in [
            ("epoch: 3 loss: 0.5", Some("3")),
            ("Epoch 3/50", Some("3")),
            ("epoch=12, loss=1", Some("12")),
            (r#"{"epoch": 3, "loss": 0.5}"#, Some("3")),
            ("Epoch [2/5] loss: 2", Some("2")),
            ("{'loss': 1, 'epoch': 3.0}", Some("3")),
            ("epoch 3, step 100, loss: 1", Some("3")),
            ("step 100 loss 3", None),
            ("epoch 1.5 loss: 3", None),
            ("epochs: 50", None),
        ] {
            assert_eq!(step_pattern().unwrap().find_last(line), found, "{line}");
        }
    }
}
