//! Responses with lists: filtered, sorted, and divided into pages.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::reply::{Reply, refused};

/// The member names and the default order of a list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Listing {
    /// The member of the response that holds the list.
    pub(super) member: &'static str,
    /// The member of an item that holds its name; `status` likewise.
    pub(super) name: &'static str,
    pub(super) status: &'static str,
    pub(super) sort_by: &'static str,
    pub(super) is_descending: bool,
}

/// The values of `SortBy` that lists accept.
const ORDERS: [&str; 4] = ["Name", "CreationTime", "Status", "FinalObjectiveMetricValue"];
const VALUE: &str = "FinalHyperParameterTuningJobObjectiveMetric";

impl Listing {
    /// Filters and sorts the items by the settings of the request, and returns one page.
    pub(super) fn reply(&self, mut items: Vec<Value>, body: &Value) -> Reply {
        let text = |name: &str| body[name].as_str();
        let sort_by = text("SortBy").unwrap_or(self.sort_by);
        let order = text("SortOrder");
        if !ORDERS.contains(&sort_by) {
            return invalid(&format!("SortBy is {sort_by}, and must be one of {ORDERS:?}"));
        }
        if let Some(order) = order.filter(|order| !["Ascending", "Descending"].contains(order)) {
            return invalid(&format!("SortOrder is {order}, and must be Ascending or Descending"));
        }
        items.retain(|item| self.matches(item, body));
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

    fn matches(&self, item: &Value, body: &Value) -> bool {
        let name = item[self.name].as_str().unwrap_or_default();
        let part = body["NameContains"].as_str().unwrap_or_default();
        let has_status =
            body["StatusEquals"].as_str().is_none_or(|status| item[self.status] == status);
        let is_in_time_range = ["CreationTime", "LastModifiedTime"].iter().all(|time| {
            let at = number(item, time);
            body[format!("{time}After")].as_f64().is_none_or(|after| at > after)
                && body[format!("{time}Before")].as_f64().is_none_or(|before| at < before)
        });
        name.contains(part) && has_status && is_in_time_range
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

/// Returns one page of a list, with the token of the next page.
pub(super) fn page(member: &str, all: Vec<Value>, body: &Value) -> Reply {
    let max = body["MaxResults"].as_u64().unwrap_or(10);
    let Some(max) = usize::try_from(max).ok().filter(|max| (1..=100).contains(max)) else {
        return invalid(&format!("MaxResults is {max}, and must be from 1 to 100"));
    };
    let start = match body["NextToken"].as_str() {
        None => 0,
        Some(token) => match token.parse::<usize>() {
            Ok(start) => start,
            Err(_) => return invalid("NextToken is not a token of this service"),
        },
    };
    let has_more = all.len().saturating_sub(start) > max;
    let items: Vec<Value> = all.into_iter().skip(start).take(max).collect();
    let mut response = json!({member: items});
    if has_more {
        response["NextToken"] = json!((start + max).to_string());
    }
    Reply::Success(response)
}
