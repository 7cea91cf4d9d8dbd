//! The operation `Search`: filters and sorts descriptions of resources.

use serde_json::Value;

/// Returns whether a description matches a search expression.
pub(super) fn matches_expression(expression: &Value, item: &Value) -> bool {
    let filters = expression["Filters"].as_array().into_iter().flatten();
    let parts = expression["SubExpressions"].as_array().into_iter().flatten();
    let results = filters.map(|filter| passes(filter, item));
    let mut results = results.chain(parts.map(|part| matches_expression(part, item)));
    if expression["Operator"] == "Or" {
        results.any(|matches| matches)
    } else {
        results.all(|matches| matches)
    }
}

/// Sorts the found descriptions by the settings of the request.
pub(super) fn sorted(mut items: Vec<Value>, body: &Value) -> Vec<Value> {
    let by = body["SortBy"].as_str().unwrap_or("LastModifiedTime");
    let key = |item: &Value| property(item, by).unwrap_or(Value::Null);
    items.sort_by(|a, b| {
        let (a, b) = (key(a), key(b));
        match (a.as_f64(), b.as_f64()) {
            (Some(a), Some(b)) => a.total_cmp(&b),
            _ => a.to_string().cmp(&b.to_string()),
        }
    });
    if body["SortOrder"] != "Ascending" {
        items.reverse();
    }
    items
}

/// Returns a property by its name: a path, a tag, or a final metric.
fn property(item: &Value, name: &str) -> Option<Value> {
    let entry_value = |list: &str, key: &str, wanted: &str| {
        let entries = item[list].as_array()?.iter();
        entries.filter(|entry| entry[key] == wanted).map(|entry| entry["Value"].clone()).next()
    };
    if let Some(tag) = name.strip_prefix("Tags.") {
        return entry_value("Tags", "Key", tag);
    }
    if let Some(metric) = name.strip_prefix("Metrics.") {
        return entry_value("FinalMetricDataList", "MetricName", metric);
    }
    let found = name.split('.').fold(item, |value, part| &value[part]);
    (!found.is_null()).then(|| found.clone())
}

fn passes(filter: &Value, item: &Value) -> bool {
    let found = property(item, filter["Name"].as_str().unwrap_or_default());
    let wanted = filter["Value"].as_str().unwrap_or_default();
    let text = |value: &Value| match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let operator = filter["Operator"].as_str().unwrap_or("Equals");
    match (operator, &found) {
        ("Exists", found) => found.is_some(),
        ("NotExists", found) => found.is_none(),
        ("NotEquals", None) => true,
        (_, None) => false,
        ("Equals", Some(found)) => text(found) == wanted,
        ("NotEquals", Some(found)) => text(found) != wanted,
        ("Contains", Some(found)) => text(found).contains(wanted),
        ("In", Some(found)) => wanted.split(',').any(|one| one == text(found)),
        (_, Some(found)) => {
            let (Some(found), Some(wanted)) = (
                found.as_f64().or_else(|| found.as_str()?.parse().ok()),
                wanted.parse().ok().or_else(|| unix_seconds(wanted)),
            ) else {
                return false;
            };
            match operator {
                "GreaterThan" => found > wanted,
                "GreaterThanOrEqualTo" => found >= wanted,
                "LessThan" => found < wanted,
                "LessThanOrEqualTo" => found <= wanted,
                _ => false,
            }
        }
    }
}

/// Converts a time such as `2026-11-20T10:30:00` to seconds since 1970.
///
/// Fractions of a second and a Z may follow. The days of the civil calendar are counted after
/// Hinnant (2021), "chrono-compatible low-level date algorithms".
pub(super) fn unix_seconds(text: &str) -> Option<f64> {
    let (date, time) = text.trim_end_matches('Z').split_once('T')?;
    let mut date = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (date.next()??, date.next()??, date.next()??);
    let mut time = time.splitn(3, ':').map(|part| part.parse::<f64>().ok());
    let (hours, minutes, rest) = (time.next()??, time.next()??, time.next()??);
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    #[allow(clippy::cast_precision_loss, reason = "days of some centuries")]
    let days = (era * 146_097 + day_of_era - 719_468) as f64;
    Some(((days * 24.0 + hours) * 60.0 + minutes) * 60.0 + rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_converted_to_seconds_since_1970() {
        assert_eq!(unix_seconds("1970-01-01T00:00:00"), Some(0.0));
        assert_eq!(unix_seconds("2026-11-20T00:00:00Z"), Some(1_795_132_800.0));
        assert_eq!(unix_seconds("2024-02-29T12:30:15.5"), Some(1_709_209_815.5));
        assert_eq!(unix_seconds("yesterday"), None);
    }
}
