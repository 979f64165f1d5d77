//! What do tests, fuzz targets and the generator of files need of the inside? None of it is an interface, all of it may change.

pub mod container {
    pub use crate::container::{bundle, pem, pkcs8, store};
}
pub mod counters {
    pub use crate::counters::{CounterQuery, csv, history, prometheus, rate, role};
}
pub mod directory {
    pub use crate::directory::{RootDse, judge, locator, message};
}
pub mod events {
    pub use crate::events::{tally, xml};
}
pub mod exchange {
    pub use crate::exchange::diagnostics;
}
pub mod health {
    pub use crate::health::{judge, read, transition};
}
pub mod input {
    pub use crate::input::decode;
}
pub mod net {
    pub use crate::net::{MAX_ASKED, Peer, dns, nameserver, srv};
}
pub mod options {
    pub use crate::options::ini::{IniError, entries};
    pub use crate::options::usage::explain;
    pub use crate::options::{Need, Options, When};
}
pub mod plugin {
    pub use crate::plugin::aside::{Question, ask_all};
    pub use crate::plugin::{Check, Context, report_at};
}
pub mod render {
    pub use crate::render::scom::property_of;
    pub use crate::render::{Format, MAX_OUTPUT, Presentation, render};
}
pub mod report {
    pub use crate::report::{
        About, Class, Event, Failure, Finding, GivenOption, HEALTH_SET, Inquiry, Listed, Metric, NotAsked, Part,
        Policy, Quantity, Range, Report, StandsFor, Started, State, Target, Thresholds, Unit, Uom,
    };
}
pub mod service {
    pub use crate::service::component;
}
pub mod sip {
    pub use crate::sip::call::{dialog, offer};
    pub use crate::sip::{address, digest, expect, framing, judge, message, servers, transport, uac};
}
pub mod time {
    pub use crate::time::{calendar, deadline, stage};
}
pub mod tls {
    pub use crate::tls::{clear, identity, starttls};
}
pub mod x509 {
    pub use crate::x509::{Certificate, Chain, expiry, judgement, verdict};
}
