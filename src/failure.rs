//! What kind of failure is it, and what is that worth? Failure classes, their states, and the failure of a probe.

use std::error::Error;
use std::fmt;
use std::str::FromStr;

use crate::state::State;

macro_rules! classes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        /// A kind of failure that an operator can give a state of its own, with `--state CLASS=STATE`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Class {
            $($(#[$doc])* $variant,)*
        }

        impl Class {
            /// Every class there is.
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            /// The name as in `--state` and in every output.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }
        }
    };
}

classes! {
    /// Nothing final before the deadline.
    Timeout = "timeout",
    /// The peer's host refused the connection.
    Refused = "refused",
    /// No route to the peer.
    Unreachable = "unreachable",
    /// The peer hung up.
    Closed = "closed",
    /// The name does not resolve.
    Dns = "dns",
    /// The TLS handshake failed.
    Tls = "tls",
    /// The peer wants a client certificate and was shown none.
    ClientCertificateRequired = "client-certificate-required",
    /// The certificate chain does not lead to a trust anchor.
    Untrusted = "untrusted",
    /// The certificate is for another name.
    NameMismatch = "name-mismatch",
    /// A key or a signature that is too weak.
    Weak = "weak",
    /// A TLS version that is no longer considered safe.
    ObsoleteTls = "obsolete-tls",
    /// A certificate after its validity.
    Expired = "expired",
    /// A certificate before its validity.
    NotYetValid = "not-yet-valid",
    /// The peer does not speak the protocol, or speaks it wrongly.
    Protocol = "protocol",
    /// A final response that was not expected.
    Status = "status",
    /// The peer does not accept the credentials, or none can be sent to it.
    Authentication = "authentication",
    /// The service, the pool or the certificate does not exist.
    Missing = "missing",
    /// The service or pool does not run.
    Stopped = "stopped",
    /// The service is disabled.
    Disabled = "disabled",
    /// The component is in maintenance.
    Maintenance = "maintenance",
    /// The source has no data to judge.
    NoData = "no-data",
    /// A local file that cannot be opened, decrypted or parsed.
    Unreadable = "unreadable",
    /// The newest sample is too old.
    Stale = "stale",
    /// Too few calls for a share of them to mean anything.
    FewCalls = "few-calls",
    /// The caller may not ask.
    Permission = "permission",
}

impl Class {
    /// The state of this class unless a plugin or the operator says otherwise.
    pub const fn default_state(self) -> State {
        match self {
            Self::ObsoleteTls | Self::FewCalls => State::Ok,
            Self::ClientCertificateRequired | Self::Weak | Self::Disabled | Self::Maintenance => State::Warning,
            Self::Dns | Self::NoData | Self::Unreadable | Self::Stale | Self::Permission => State::Unknown,
            Self::Timeout
            | Self::Refused
            | Self::Unreachable
            | Self::Closed
            | Self::Tls
            | Self::Untrusted
            | Self::NameMismatch
            | Self::Expired
            | Self::NotYetValid
            | Self::Protocol
            | Self::Status
            | Self::Authentication
            | Self::Missing
            | Self::Stopped => State::Critical,
        }
    }
}

impl fmt::Display for Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// What is wrong with one `CLASS=STATE`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OverrideError {
    /// No `=`.
    #[error("'{0}' is not CLASS=STATE: expected something like timeout=unknown")]
    NoState(String),
    /// There is no such class at all.
    #[error("'{name}' is not a failure class: expected one of {expected}")]
    NoSuchClass {
        /// The name given.
        name: String,
        /// The names there are.
        expected: String,
    },
    /// The state is none.
    #[error(transparent)]
    NotAState(#[from] crate::state::NotAState),
}

/// One `--state CLASS=STATE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Override {
    /// The class it is about.
    pub class: Class,
    /// What it is worth from now on.
    pub state: State,
}

impl FromStr for Override {
    type Err = OverrideError;

    fn from_str(text: &str) -> Result<Self, OverrideError> {
        let (name, state) = text.split_once('=').ok_or_else(|| OverrideError::NoState(text.to_owned()))?;
        let class = Class::ALL.iter().find(|class| class.name() == name).ok_or_else(|| OverrideError::NoSuchClass {
            name: name.to_owned(),
            expected: Class::ALL.iter().map(|class| class.name()).collect::<Vec<_>>().join(", "),
        })?;
        Ok(Self { class: *class, state: state.parse()? })
    }
}

/// What each class is worth in this run: the defaults, what the plugin makes of them, then what the operator does; the
/// last word on a class wins.
#[derive(Clone, Debug, Default)]
pub struct Policy {
    overrides: Vec<Override>,
}

impl Policy {
    /// A policy of overrides in rising order of precedence.
    pub const fn new(overrides: Vec<Override>) -> Self {
        Self { overrides }
    }

    /// What a failure of `class` is worth.
    pub fn state(&self, class: Class) -> State {
        self.given(class).unwrap_or(class.default_state())
    }

    /// The state that was given to `class`, if one was.
    pub fn given(&self, class: Class) -> Option<State> {
        self.overrides.iter().rev().find(|given| given.class == class).map(|given| given.state)
    }
}

/// A probe that did not get its answer: the class decides the state, the summary goes to the first line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// The kind of failure.
    pub class: Class,
    /// What was attempted and what happened instead, in one line, lower case.
    pub summary: String,
    /// The cause chain below the summary, outermost first.
    pub causes: Vec<String>,
}

impl Failure {
    /// A failure with no deeper cause.
    pub fn new(class: Class, summary: impl Into<String>) -> Self {
        Self { class, summary: summary.into(), causes: Vec::new() }
    }

    /// A failure from an error and its whole source chain.
    pub fn caused_by(class: Class, error: &dyn Error) -> Self {
        let causes = std::iter::successors(error.source(), |&cause| cause.source()).map(ToString::to_string).collect();
        Self { class, summary: error.to_string(), causes }
    }

    /// The same failure of another class: for a source whose every failure means the same to its plugin.
    #[must_use]
    pub fn reclassified(self, class: Class) -> Self {
        Self { class, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_override_of_a_class_wins() {
        let overrides = ["timeout=warning", "dns=critical", "timeout=ok"].map(|text| text.parse().unwrap());
        let policy = Policy::new(overrides.to_vec());
        assert_eq!(policy.state(Class::Timeout), State::Ok);
        assert_eq!(policy.state(Class::Dns), State::Critical);
        assert_eq!(policy.state(Class::Refused), State::Critical);
        assert_eq!(policy.given(Class::Refused), None);
    }

    #[test]
    fn an_unknown_class_is_answered_with_those_there_are() {
        let error = "timeuot=ok".parse::<Override>().unwrap_err().to_string();
        assert!(error.starts_with("'timeuot' is not a failure class: expected one of timeout, refused,"), "{error}");
        assert!("timeout".parse::<Override>().is_err());
        assert!("timeout=bad".parse::<Override>().is_err());
    }

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = Class::ALL.iter().map(|class| class.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Class::ALL.len());
    }
}
