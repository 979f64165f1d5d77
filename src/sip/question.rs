//! What is a server asked? The same question for each address, and the request that it becomes.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::digest::Credentials;
use super::message::OptionsRequest;
use super::transaction::T1;
use super::transport::Transport;
use super::uac::repeated::Repetition;
use crate::net::source::Source;
use crate::report::Class;
use crate::time::deadline::Deadline;
use crate::tls::backend::Backend;
use crate::tls::settings::TlsSettings;
use crate::x509::expiry::Expiries;

/// What is asked, the same for each address. What is `None` follows from the connection.
#[derive(Clone, Debug)]
pub(crate) struct Question {
    /// Our end of the connection.
    pub source: Source,
    pub uri: Option<String>,
    pub from: Option<String>,
    pub to: Option<String>,
    pub contact: Option<String>,
    pub user_agent: String,
    pub max_forwards: u8,
    /// The values of Route, and further header lines.
    pub routes: Vec<String>,
    pub headers: Vec<String>,
    /// How often, where that is more than once.
    pub repetition: Option<Repetition>,
    /// For a challenge.
    pub credentials: Option<Credentials>,
    /// How TLS is to be spoken, with [`Transport::Tls`].
    pub tls: Option<TlsSettings>,
    pub tls_backend: Backend,
    /// How much of its validity each certificate must have left.
    pub expiries: Expiries,
    /// Whether a server whose certificate is not trusted is still asked.
    pub asks_untrusted: bool,
    /// Whether a server is still asked whose certificate is signed with what nobody here can verify.
    pub asks_unverifiable: bool,
    /// Whether a server whose certificate is for another name is still asked.
    pub asks_misnamed: bool,
    /// Unix time, for judging certificates.
    pub now: i64,
    pub deadline: Deadline,
}

impl Question {
    /// What so many `attempts` to find somebody who answers may take together of `deadline`. Of the whole one, time for a series
    /// is left: whoever is silent must not make the one behind him, who is well, look as if he were cut off.
    pub(super) fn search(&self, deadline: &Deadline, attempts: usize) -> Deadline {
        let Some(repetition) = self.repetition.as_ref().filter(|_| attempts > 1) else { return *deadline };
        let now = Instant::now();
        let left = deadline.remaining(now);
        let is_whole = deadline.instant() >= self.deadline.instant();
        let series = if is_whole { repetition.pace.whole() } else { Duration::ZERO };
        let least = T1.saturating_mul(u32::try_from(attempts).unwrap_or(u32::MAX));
        Deadline::new(now, left.saturating_sub(series).max(least).min(left))
    }

    /// Whether a server is not asked whose certificate has a failure of this class.
    pub(super) const fn is_forbidden_by(&self, class: Class) -> bool {
        match class {
            Class::Untrusted => !self.asks_untrusted,
            Class::Unverifiable => !self.asks_unverifiable,
            Class::NameMismatch => !self.asks_misnamed,
            _ => false,
        }
    }

    /// The same question to another host, whose certificate has its own name; credentials are for the first one only.
    pub(super) fn to(&self, host: &str) -> Self {
        let tls = self.tls.clone();
        let tls = tls.map(|tls| TlsSettings { name: host.to_owned(), name_is_explicit: false, ..tls });
        Self { tls, credentials: None, ..self.clone() }
    }

    /// The request to `peer` (host and port) from our end of the connection.
    pub(super) fn request(&self, transport: Transport, peer: &str, local: SocketAddr) -> OptionsRequest {
        let parameter = transport.uri_parameter();
        let uri = self.uri.clone().unwrap_or_else(|| format!("sip:{peer}{parameter}"));
        // Without the zone of a link-local address, which only this host knows.
        let sent_by = SocketAddr::new(local.ip(), local.port()).to_string();
        let host = sent_by.rsplit_once(':').map_or(sent_by.as_str(), |(host, _port)| host);
        OptionsRequest {
            to: self.to.clone().unwrap_or_else(|| uri.clone()),
            uri,
            from: self.from.clone().unwrap_or_else(|| format!("sip:check-um@{host}")),
            contact: self.contact.clone().unwrap_or_else(|| format!("sip:{sent_by}{parameter}")),
            via_transport: transport.in_via_header(),
            sent_by,
            user_agent: self.user_agent.clone(),
            max_forwards: self.max_forwards,
            routes: self.routes.clone(),
            headers: self.headers.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::expect::StatusRules;
    use crate::sip::judge::Expected;
    use crate::sip::probe::tests::question;
    use crate::sip::series::Pace;

    #[test]
    fn whom_nobody_vouches_for_is_asked_only_where_that_is_allowed() {
        for allowed in [None, Some(Class::Untrusted), Some(Class::Unverifiable), Some(Class::NameMismatch)] {
            let question = Question {
                asks_untrusted: allowed == Some(Class::Untrusted),
                asks_unverifiable: allowed == Some(Class::Unverifiable),
                asks_misnamed: allowed == Some(Class::NameMismatch),
                ..question(Duration::ZERO)
            };
            for class in [Class::Untrusted, Class::Unverifiable, Class::NameMismatch] {
                assert_eq!(question.is_forbidden_by(class), allowed != Some(class), "{class} {allowed:?}");
            }
            assert!(!question.is_forbidden_by(Class::Expired), "{allowed:?}");
        }
    }

    #[test]
    fn a_search_leaves_time_for_a_series_and_one_attempt_is_no_search() {
        let expected = Expected { statuses: StatusRules::default(), headers: Vec::new(), allow: Vec::new() };
        let pace = Pace { count: 4, interval: Duration::from_secs(5) };
        let repetition = Some(Repetition { pace, expected, patience: None });
        let question = Question { repetition, ..question(Duration::from_secs(60)) };
        let whole = question.deadline;
        assert_eq!(question.search(&whole, 1).instant(), whole.instant());
        let searched = whole.instant() - question.search(&whole, 2).instant();
        assert!((19..=20).contains(&searched.as_secs()), "{searched:?}");
        let alone = Question { repetition: None, ..question };
        assert_eq!(alone.search(&whole, 2).instant(), whole.instant());
    }
}
