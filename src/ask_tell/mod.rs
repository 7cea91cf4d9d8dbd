//! A protocol to ask and tell from any language: one JSON object per line.
//!
//! Each request is one line, and gets one line as its reply. The program `surmise ask-tell` speaks
//! the protocol on standard input and output. A [`Session`] is the side that answers; a client
//! writes [`Request`]s and reads [`Reply`]s. This module does no input or output.
//!
//! ```text
//! {"op":"init","space":[{"name":"lr","type":"float","lo":1e-6,"hi":1.0,"scale":"log","digits":2},
//!                       {"name":"n","type":"int","lo":8,"hi":64,"step":8},
//!                       {"name":"opt","type":"cat","choices":["a",8,true,null]}],
//!  "goal":"minimize","seed":3,"parallel":4,"budget":60}
//!     → {"ok":true}
//! {"op":"ask","n":2}
//!     → {"configs":[{"lr":0.001,"n":8,"opt":"a"},{"lr":0.2,"n":64,"opt":8}],"ids":[1,2]}
//! {"op":"report","id":1,"step":1,"value":0.9}
//!     → {"stop":false}
//! {"op":"tell","id":1,"value":0.31}
//!     → {"ok":true}
//! {"op":"best"}
//!     → {"best":{"id":1,"config":{"lr":0.001,"n":8,"opt":"a"},"value":0.31}}
//! {"op":"recommend"}
//!     → {"recommended":{"lr":0.001,"n":8,"opt":"a"}}
//! {"op":"pending"}
//!     → {"configs":[{"lr":0.2,"n":64,"opt":8}],"ids":[2]}
//! ```
//!
//! | request | members | reply |
//! | --- | --- | --- |
//! | `init` | `space`; optional `goal`, `seed`, `parallel`, `budget`, `noisy`, `early_stopping` | `ok` |
//! | `ask` | optional `n` (1) | `configs` and `ids`, empty if no configuration is left now |
//! | `tell` | `id` or `config`, and `value` (null if the evaluation failed) | `ok` |
//! | `report` | `id`, `step`, `value` | `stop`, and `why` if it is true |
//! | `best` | | `best`: the best trial that was not stopped early, or null |
//! | `recommend` | | `recommended`: the configuration to deploy, or null |
//! | `pending` | | `configs` and `ids` of the trials that were not told yet |
//! | `help` | | `help`: the lines of a description |
//!
//! # Rules
//!
//! - A value of null (or "nan") means that the evaluation failed.
//! - `tell` names a trial by its `id` or by its `config`. The values of `config` may be rounded.
//!   Any other configuration counts as a result from elsewhere.
//! - An invalid request gets `{"error":…}` as its reply and changes nothing.
//! - The reply to an `init` with `noisy` also has `"recommends":true`.
//! - Another `init` drops the study and starts a new one.
//!
//! # Lost replies
//!
//! A client that misses a reply may send the request again. Telling the same value twice changes
//! nothing, and `pending` lists the trials that were asked for. A request with a `key` of the
//! client's choice, sent again with the same key, gets the same reply as before.
//!
//! # Common mistakes
//!
//! - *A trial is never told.* It stays pending, and its configuration is never proposed again. Tell
//!   null if the evaluation failed.
//! - *NaN is sent as a bare word.* JSON has no NaN: send null or "nan".
//! - *`budget` is taken for a limit.* It only tells the strategy how many trials are planned; the
//!   client decides when to stop.

mod space;

mod messages;

mod session;

pub use self::messages::{
    Ask, Best, EarlyStoppingRule, Goal, HalvingSettings, Init, NamedRule, Reply, ReportRequest,
    Request, Tell,
};
pub use self::session::Session;
pub use self::space::{Parameter, search_space};
