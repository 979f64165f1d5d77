//! What kind of failure is it, and what is that worth unless somebody says otherwise?

use std::fmt;

use super::state::State;

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
    /// What can keep a peer from being reached.
    pub const OF_CONNECTIONS: &[Self] = &[Self::Timeout, Self::Refused, Self::Unreachable, Self::Closed, Self::Dns];

    /// What can be wrong with TLS, and with the certificates shown.
    pub const OF_TLS: &[Self] = &[
        Self::Tls,
        Self::ClientCertificateRequired,
        Self::Untrusted,
        Self::NameMismatch,
        Self::Weak,
        Self::ObsoleteTls,
        Self::Expired,
        Self::NotYetValid,
    ];

    /// What can be wrong with a log, or with what was exported of it.
    pub const OF_EXPORTS: &[Self] = &[Self::NoData, Self::Unreadable, Self::Stale, Self::Permission];

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = Class::ALL.iter().map(|class| class.name()).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), Class::ALL.len());
    }
}
