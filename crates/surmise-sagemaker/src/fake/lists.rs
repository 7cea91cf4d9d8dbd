//! Lists as the service gives them: filtered, ordered, page by page.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::reply::{Reply, refused};

/// How the items of a list are called, and in which order they come if nobody says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Listing {
    /// The member of the answer.
    pub(super) member: &'static str,
    /// The members of an item that are its name and its status.
    pub(super) name: &'static str,
    pub(super) status: &'static str,
    pub(super) sort_by: &'static str,
    pub(super) is_descending: bool,
}

/// The values of `SortBy` that some list knows.
const ORDERS: [&str; 4] = ["Name", "CreationTime", "Status", "FinalObjectiveMetricValue"];
const VALUE: &str = "FinalHyperParameterTuningJobObjectiveMetric";

impl Listing {
    /// What is asked for of these items.
    pub(super) fn reply(&self, mut items: Vec<Value>, body: &Value) -> Reply {
        let text = |name: &str| body[name].as_str();
        let sort_by = text("SortBy").unwrap_or(self.sort_by);
        let order = text("SortOrder");
        if !ORDERS.contains(&sort_by) {
            return invalid(&format!("SortBy is {sort_by}, and must be one of {ORDERS:?}"));
        }
        if let Some(order) = order.filter(|it| !["Ascending", "Descending"].contains(it)) {
            return invalid(&format!("SortOrder is {order}, and must be Ascending or Descending"));
        }
        items.retain(|item| self.is_wanted(item, body));
        match sort_by {
            "Name" => items.sort_by(|a, b| by_text(a, b, self.name)),
            "Status" => items.sort_by(|a, b| by_text(a, b, self.status)),
            "CreationTime" => items
                .sort_by(|a, b| number(a, "CreationTime").total_cmp(&number(b, "CreationTime"))),
            _ => {
                items.retain(|item| item[VALUE].is_object());
                items.sort_by(|a, b| {
                    number(&a[VALUE], "Value").total_cmp(&number(&b[VALUE], "Value"))
                });
            }
        }
        if order.map_or(self.is_descending, |order| order == "Descending") {
            items.reverse();
        }
        page(self.member, items, body)
    }

    fn is_wanted(&self, item: &Value, body: &Value) -> bool {
        let name = item[self.name].as_str().unwrap_or_default();
        let part = body["NameContains"].as_str().unwrap_or_default();
        let has_status =
            body["StatusEquals"].as_str().is_none_or(|status| item[self.status] == status);
        let is_timely = ["CreationTime", "LastModifiedTime"].iter().all(|time| {
            let at = number(item, time);
            body[format!("{time}After")].as_f64().is_none_or(|after| at > after)
                && body[format!("{time}Before")].as_f64().is_none_or(|before| at < before)
        });
        name.contains(part) && has_status && is_timely
    }
}

fn by_text(a: &Value, b: &Value, member: &str) -> Ordering {
    a[member].as_str().cmp(&b[member].as_str())
}

fn number(item: &Value, member: &str) -> f64 {
    item[member].as_f64().unwrap_or(f64::NAN)
}

fn invalid(text: &str) -> Reply {
    refused("ValidationException", format!("1 validation error detected: {text}"))
}

/// A part of a list, and the token of the next one.
pub(super) fn page(member: &str, all: Vec<Value>, body: &Value) -> Reply {
    let most = body["MaxResults"].as_u64().unwrap_or(10);
    let Some(most) = usize::try_from(most).ok().filter(|most| (1..=100).contains(most)) else {
        return invalid(&format!("MaxResults is {most}, and must be from 1 to 100"));
    };
    let from = match body["NextToken"].as_str() {
        None => 0,
        Some(token) => match token.parse::<usize>() {
            Ok(from) => from,
            Err(_) => return invalid("NextToken is none that was given"),
        },
    };
    let rest = all.len().saturating_sub(from) > most;
    let some: Vec<Value> = all.into_iter().skip(from).take(most).collect();
    let mut answer = json!({member: some});
    if rest {
        answer["NextToken"] = json!((from + most).to_string());
    }
    Reply::Answer(answer)
}
