//! What kind of failure is it, and what is that worth unless somebody says otherwise?

use std::fmt;

use super::state::State;

macro_rules! classes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal => $default:ident,)*) => {
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

            /// The state of this class unless a plugin or the operator says otherwise.
            pub const fn default_state(self) -> State {
                match self {
                    $(Self::$variant => State::$default,)*
                }
            }
        }
    };
}

classes! {
    /// Nothing final before the deadline.
    Timeout = "timeout" => Critical,
    /// The peer's host refused the connection.
    Refused = "refused" => Critical,
    /// No route to the peer.
    Unreachable = "unreachable" => Critical,
    /// The peer hung up.
    Closed = "closed" => Critical,
    /// The name does not resolve.
    Dns = "dns" => Unknown,
    /// The TLS handshake failed.
    Tls = "tls" => Critical,
    /// The peer wants a client certificate and was shown none.
    ClientCertificateRequired = "client-certificate-required" => Warning,
    /// The certificate chain does not lead to a trust anchor.
    Untrusted = "untrusted" => Critical,
    /// The certificate chain is signed with an algorithm that we cannot verify.
    Unverifiable = "unverifiable" => Warning,
    /// The certificate chain ends at another trust anchor than the ones expected.
    Anchor = "anchor" => Warning,
    /// The certificate is for another name.
    NameMismatch = "name-mismatch" => Critical,
    /// A key or a signature that is too weak.
    Weak = "weak" => Warning,
    /// A TLS version that is no longer considered safe.
    ObsoleteTls = "obsolete-tls" => Ok,
    /// A certificate after its validity.
    Expired = "expired" => Critical,
    /// A certificate before its validity.
    NotYetValid = "not-yet-valid" => Critical,
    /// The peer does not speak the protocol, or speaks it wrongly.
    Protocol = "protocol" => Critical,
    /// A final response that was not expected.
    Status = "status" => Critical,
    /// A redirection that leads nowhere: its target is dead, unreadable, or a circle.
    Redirection = "redirection" => Critical,
    /// A call that is answered, and in which nobody would hear anything.
    Media = "media" => Critical,
    /// A call that could not be taken back.
    Release = "release" => Warning,
    /// The peer does not accept the credentials, or none can be sent to it.
    Authentication = "authentication" => Critical,
    /// The service, the pool or the certificate does not exist.
    Missing = "missing" => Critical,
    /// The service or pool does not run.
    Stopped = "stopped" => Critical,
    /// The service is disabled.
    Disabled = "disabled" => Warning,
    /// The component is in maintenance.
    Maintenance = "maintenance" => Warning,
    /// The source has no data to judge.
    NoData = "no-data" => Unknown,
    /// A local file that cannot be opened, decrypted or parsed.
    Unreadable = "unreadable" => Unknown,
    /// The newest sample is too old.
    Stale = "stale" => Unknown,
    /// Too few calls for a share of them to mean anything.
    FewCalls = "few-calls" => Ok,
    /// The caller may not ask.
    Permission = "permission" => Unknown,
    /// This host lacks what a check needs: an address, a descriptor, a thread, memory, a part that this build has not.
    Local = "local" => Unknown,
    /// What failed at first and was well when it was asked again.
    Transient = "transient" => Ok,
}

impl Class {
    /// What can keep a peer from being reached.
    pub const OF_CONNECTIONS: &[Self] = &[Self::Timeout, Self::Refused, Self::Unreachable, Self::Closed, Self::Dns];

    /// What can be wrong with TLS, and with the certificates shown.
    pub const OF_TLS: &[Self] = &[
        Self::Tls,
        Self::ClientCertificateRequired,
        Self::Untrusted,
        Self::Unverifiable,
        Self::NameMismatch,
        Self::Weak,
        Self::ObsoleteTls,
        Self::Expired,
        Self::NotYetValid,
    ];

    /// Whether a failure of this class is what the question asks for: the peer, or the source, has given its final answer, and
    /// that is it. Any other one stands beside the answer or in its place.
    pub const fn is_answer(self) -> bool {
        match self {
            Self::Expired
            | Self::Status
            | Self::Redirection
            | Self::Authentication
            | Self::Missing
            | Self::Stopped
            | Self::Disabled
            | Self::Maintenance
            | Self::FewCalls
            | Self::Transient => true,
            Self::Timeout
            | Self::Refused
            | Self::Unreachable
            | Self::Closed
            | Self::Dns
            | Self::Tls
            | Self::ClientCertificateRequired
            | Self::Untrusted
            | Self::Unverifiable
            | Self::Anchor
            | Self::NameMismatch
            | Self::Weak
            | Self::ObsoleteTls
            | Self::NotYetValid
            | Self::Protocol
            | Self::Media
            | Self::Release
            | Self::NoData
            | Self::Unreadable
            | Self::Stale
            | Self::Permission
            | Self::Local => false,
        }
    }

    /// Whether the same question may have another answer a moment later. Where a source, a right or this host is at fault, asking
    /// again asks nobody else, and a source that tells of the present only takes the second question for more history.
    pub const fn may_pass(self) -> bool {
        !matches!(self, Self::NoData | Self::Unreadable | Self::Stale | Self::Permission | Self::Local)
    }

    /// Whether it is about what certificates say, which is the same a moment later; from another server behind the same name,
    /// better ones would only hide it.
    pub const fn is_of_a_certificate(self) -> bool {
        matches!(
            self,
            Self::Untrusted
                | Self::Unverifiable
                | Self::Anchor
                | Self::NameMismatch
                | Self::Weak
                | Self::ObsoleteTls
                | Self::Expired
                | Self::NotYetValid
        )
    }

    /// What can be wrong with a log, or with what was exported of it.
    pub const OF_EXPORTS: &[Self] = &[Self::NoData, Self::Unreadable, Self::Stale, Self::Permission];
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
