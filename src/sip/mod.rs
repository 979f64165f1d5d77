//! What does a SIP server say? RFC 3261 as a user agent client needs it to send OPTIONS and understand the answer.
//!
//! `framing` cuts a byte stream into messages, `head` cleans their heads up, `message` gives them meaning,
//! `transaction` decides when to send and what belongs to us - all without a socket or a clock. `link` sends and hears
//! messages over a [`crate::net::channel`], `uac` drives it, `servers` and `locate` find whom to ask, `probe` is one
//! complete question to one address, `outcome` what is known of it, `series` what many round trips say, `assessment` makes a report of what came of it.

pub mod address;
pub(crate) mod assessment;
pub(crate) mod call;
pub(crate) mod challenged;
pub mod digest;
pub mod expect;
pub mod framing;
pub(crate) mod head;
pub mod judge;
pub(crate) mod link;
pub(crate) mod locate;
pub mod message;
pub(crate) mod outcome;
pub(crate) mod probe;
pub(crate) mod question;
pub(crate) mod series;
pub mod servers;
pub(crate) mod transaction;
pub mod transport;
pub mod uac;
pub(crate) mod uri;
