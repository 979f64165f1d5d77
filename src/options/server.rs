//! Which SIP server is asked, and how is it found? The host or domain, and the way there.

use std::net::IpAddr;

use super::dns::DnsOptions;
use super::target::EndpointOptions;
use super::{Need, When, plain};
use crate::net::family::Family;
use crate::net::host;
use crate::net::nameserver::Nameservers;
use crate::report::{Class, Event, Failure, Target};
use crate::sip::locate::Location;
use crate::sip::probe::Facts;
use crate::sip::servers::Domain;
use crate::sip::transport::Transport;
use crate::time::deadline::Deadline;

/// `-H`, `--transport`, `--srv` and what goes with them.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Target")]
#[command(mut_arg("port", |port| port.help("Port to connect to [default: 5060, with --transport tls 5061; with --srv what DNS names]")))]
pub(crate) struct ServerOptions {
    /// Name or address of the host to ask
    #[arg(short = 'H', long, value_name = "HOST", value_parser = host::parse)]
    pub hostname: String,

    #[command(flatten)]
    pub endpoint: EndpointOptions,

    /// How the request travels; the default port is 5060, with tls 5061 [default: tcp; with --srv what the domain prefers]
    #[arg(long, value_enum, value_name = "TRANSPORT", help_heading = "Target")]
    transport: Option<Transport>,

    /// Take the host for a domain and ask the servers that DNS names for it, by NAPTR, SRV and address records (RFC 3263)
    #[arg(long, help_heading = "Target")]
    pub srv: bool,

    #[command(flatten)]
    dns: DnsOptions,

    /// Local address to send from
    #[arg(long, value_name = "ADDRESS", value_parser = plain::address, help_heading = "Target")]
    pub source_address: Option<IpAddr>,
}

impl ServerOptions {
    pub(crate) const NEEDS: &'static [Need] = &[Need { options: &["--dns-server"], when: When::Given("--srv") }];

    /// Where a connection may be one over TLS: what the domain prefers is not known before it is asked.
    pub(crate) const OVER_TLS: When =
        When::Any(&[When::Is("--transport", "tls"), When::All(&[When::Given("--srv"), When::Absent("--transport")])]);

    /// Where to ask: the host itself, or the targets of a domain. A failure where the domain leads to a transport without
    /// TLS though `of_tls` were given, options that have an effect over TLS only: nobody is asked then, because whoever
    /// forges or loses one record would turn a check of TLS into one without.
    pub(crate) async fn locate(
        &self,
        of_tls: impl Iterator<Item = &'static str>,
        deadline: &Deadline,
        events: &mut Vec<Event>,
    ) -> Result<Location, Failure> {
        let (host, family) = (&self.hostname, self.family());
        let Some(nameservers) = self.nameservers()? else {
            return Ok(Location::of_host(host, self.port(), self.transport(), family));
        };
        let domain = Domain { name: host, wanted: self.transport, nameservers };
        let location = Location::of_domain(domain, family, deadline, events).await?;
        let of_tls: Vec<_> = of_tls.collect();
        if of_tls.is_empty() || location.transport == Transport::Tls {
            return Ok(location);
        }
        Err(without_tls(host, location.transport, &of_tls))
    }

    /// Who knows the servers of domains, where they are to be asked.
    pub(crate) fn nameservers(&self) -> Result<Option<Nameservers>, Failure> {
        Ok(self.srv.then(|| Nameservers::new(&self.dns.servers)).transpose()?)
    }

    /// The family asked for; with a source address, its own.
    pub(crate) fn family(&self) -> Family {
        match (self.endpoint.family(), self.source_address) {
            (Family::Any, Some(IpAddr::V4(_))) => Family::V4,
            (Family::Any, Some(IpAddr::V6(_))) => Family::V6,
            (family, _) => family,
        }
    }

    /// A domain is asked for by its name alone: a port would say that SRV records do not count (RFC 3263, section 4.2).
    pub(crate) fn domain_uri(&self) -> Option<String> {
        let parameter = self.transport.map(Transport::uri_parameter).unwrap_or_default();
        self.srv.then(|| format!("sip:{}{parameter}", self.hostname))
    }

    /// Whom a report is about, of which `facts` are known.
    pub(crate) fn target(&self, transport: Transport, facts: Option<&Facts>) -> Target {
        let peer = facts.and_then(|facts| facts.peer.as_ref());
        let port = if self.srv { peer.map(|peer| peer.address.port()) } else { Some(self.port()) };
        let address = peer.map(|peer| peer.address.ip());
        Target { host: self.hostname.clone(), address, port, transport: transport.word() }
    }

    /// The transport, as far as it is settled before anybody is asked.
    pub(crate) fn transport(&self) -> Transport {
        self.transport.unwrap_or(Transport::Tcp)
    }

    pub(crate) fn may_be_tls(&self) -> bool {
        self.transport() == Transport::Tls || self.srv && self.transport.is_none()
    }

    pub(crate) fn contradiction(&self) -> Option<&'static str> {
        match (self.srv, self.endpoint.port) {
            (true, Some(_)) => {
                Some("--srv: expected no --port, which RFC 3263 takes for the wish not to look up SRV records")
            }
            (true, None) if host::address(&self.hostname).is_some() => {
                Some("--srv: expected a domain in --hostname, found an address, which has no SRV records")
            }
            _ => None,
        }
    }

    fn port(&self) -> u16 {
        self.endpoint.port.unwrap_or(self.transport().default_port())
    }
}

/// That a domain leads to a transport for which these options of TLS say nothing.
fn without_tls(host: &str, transport: Transport, of_tls: &[&str]) -> Failure {
    let (options, transport) = (of_tls.join(", "), transport.word());
    let text = format!(
        "{host} leads to {transport}, where {options} would have no effect: expected TLS, which --transport tls settles"
    );
    Failure { advice: Some(ADVICE_ON_NO_TLS), ..Failure::new(Class::Tls, text) }
}

/// Where TLS was meant and the domain does not lead to it.
const ADVICE_ON_NO_TLS: &str = "Which transport is spoken follows from the domain's NAPTR and SRV records (-vv shows them), and \
                                they do not lead to TLS, or no longer do. If TLS is meant whatever they say, give --transport \
                                tls; if not, --transport tcp or udp without the options of TLS.";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_that_does_not_lead_to_tls_is_told_how_that_is_settled() {
        let failure = without_tls("example.com", Transport::Udp, &["--ca-file", "--tls-name"]);
        assert_eq!(failure.class, Class::Tls);
        let begin = "example.com leads to udp, where --ca-file, --tls-name would have no effect";
        assert!(failure.summary.starts_with(begin), "{}", failure.summary);
        assert!(failure.advice.is_some_and(|advice| advice.contains("NAPTR and SRV records")), "{:?}", failure.advice);
    }
}
