//! Does a call get through, and is none left behind? RFC 3261's INVITE as a user agent client needs it.
//!
//! `exchange` sends again what is not answered, `dialog` knows where the requests after a 2xx go, `leg` follows each callee
//! that answered, `message` and `offer` write, `machine` decides what is to be sent next until nothing of the call is left -
//! all without a socket or a clock. `uac` drives it over as many connections as it needs, its `lines`, each a `line` with a
//! `silence` at its end; `called` is what was noted. `routing` follows a `redirection`, to none of its `places` twice, while
//! whoever may still answer the call before it is waited for (`lingering`); `routed` is what came of all that, and `assessment`
//! and `measurement` make a report of it.

pub(crate) mod assessment;
pub(crate) mod authorization;
pub(crate) mod called;
pub mod dialog;
pub(crate) mod exchange;
pub(crate) mod leg;
pub(crate) mod line;
pub(crate) mod lines;
pub(crate) mod lingering;
pub(crate) mod machine;
pub(crate) mod measurement;
pub(crate) mod message;
pub mod offer;
pub(crate) mod places;
mod redirection;
pub(crate) mod routed;
pub(crate) mod routing;
pub(crate) mod silence;
pub(crate) mod uac;
