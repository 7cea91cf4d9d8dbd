//! Asking and telling from any other language, one JSON object a line.
//!
//! ```text
//! {"op":"init","space":[{"name":"lr","type":"float","lo":1e-6,"hi":1.0,"scale":"log","digits":2},
//!                       {"name":"n","type":"int","lo":8,"hi":64,"step":8},
//!                       {"name":"opt","type":"cat","choices":["a",8,true,null]}],
//!  "goal":"minimize","seed":3,"parallel":4,"budget":60}            → {"ok":true}
//! {"op":"ask","n":2}                                               → {"configs":[{"lr":0.001,"n":8,"opt":"a"}, …],"ids":[1,2]}
//! {"op":"report","id":1,"step":1,"value":0.9}                      → {"stop":false}
//! {"op":"tell","id":1,"value":0.31}                                → {"ok":true}
//! {"op":"best"}                                                    → {"best":{"id":1,"config":{…},"value":0.31}}
//! {"op":"help"}                                                    → {"help":["init: …", …]}
//! ```
//!
//! Every request is one line and gets one line in reply. A value of null (or "nan") says that the evaluation failed. A trial is told by its
//! id, or by its configuration (to the digit, or nearly); any other configuration is taken as an observation from outside. A bad request is
//! answered by {"error": …} and changes nothing. Another "init" starts anew.
//!
//! A reply that is lost loses nothing: to tell the same once more changes nothing, "pending" lists what was asked for and has not been told, and
//! a request with a "key" of one's own, sent again, is answered as before.
//!
//! A [`Session`] is the side that answers; a client writes [`Request`]s and reads [`Reply`]s. No input or output happens here.

mod space;

mod messages;

mod session;

pub use self::messages::{
    Ask, Best, Goal, Halving, Init, Reply, Reported, Request, Rule, Stopping, Tell,
};
pub use self::session::Session;
pub use self::space::Parameter;
