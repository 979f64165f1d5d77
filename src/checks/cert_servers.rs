//! Which servers are looked at for their certificates? The host, each of its addresses, or those that a domain names.

use futures_util::future::join_all;

use crate::net::nameserver::Nameservers;
use crate::net::resolve::Resolver;
use crate::net::tally::{LeftOut, Named, Tally};
use crate::net::{self, Endpoint, Peer, host, srv};
use crate::options::dns::DnsOptions;
use crate::options::target::EndpointOptions;
use crate::plugin::Context;
use crate::report::{Event, Failure, Finding, Target};
use crate::sip::servers::{self, Domain};
use crate::sip::transport::Transport;
use crate::tls::inspect::Inspection;
use crate::tls::settings::Keys;
use crate::tls::starttls::StartTls;

/// Port, family, and what is asked for there.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Target")]
#[command(mut_arg("port", |port| port.help("Port to connect to [default: 5061, with --starttls that of its protocol]")))]
pub(super) struct ServerOptions {
    #[command(flatten)]
    endpoint: EndpointOptions,

    /// Protocol to speak before TLS; the default port is then 25, 143, 110 or 389
    #[arg(long, value_enum, value_name = "PROTOCOL")]
    pub(super) starttls: Option<StartTls>,

    /// Take the host for a domain and look at the servers that DNS names for it: SRV records, of SIP over TLS or of --starttls
    #[arg(long)]
    srv: bool,

    #[command(flatten)]
    dns: DnsOptions,

    /// Look at every address behind the name, and with --srv of every target; the worst decides, each has its own metrics
    #[arg(long)]
    pub(super) all_addresses: bool,

    /// Whose certificate to ask a server for: of the kind of keys rsa or ecdsa, or of both, by up to five connections [default: both]
    #[arg(long, value_enum, value_name = "KIND")]
    keys: Option<WantedKeys>,
}

/// `--keys`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum WantedKeys {
    /// Of both kinds.
    #[default]
    Both,
    /// Of an RSA key.
    Rsa,
    /// Of an EC or Edwards key.
    Ecdsa,
}

/// Whom to look at.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub(super) peers: Vec<Peer>,
    /// What was not found, with the target whose addresses those would have been.
    pub(super) failures: Vec<(Option<Endpoint>, Failure)>,
    left_out: LeftOut,
}

impl ServerOptions {
    /// The kinds of keys to ask for at first.
    pub(super) fn keys(&self) -> Keys {
        match self.keys {
            Some(WantedKeys::Rsa) => Keys::Rsa,
            Some(WantedKeys::Ecdsa) => Keys::Ecdsa,
            Some(WantedKeys::Both) | None => Keys::Any,
        }
    }

    /// Whether the other kind is asked for as well.
    pub(super) fn wants_both(&self) -> bool {
        self.keys.unwrap_or_default() == WantedKeys::Both
    }

    /// Every address to look at, and what was not found: as many of each target as add up to [`net::MAX_ASKED`].
    pub(super) async fn found(&self, hostname: &str, context: &Context, events: &mut Vec<Event>) -> Found {
        let mut found = Found::default();
        let (mut targets, resolver) = match self.locate(hostname, context, events).await {
            Ok(located) => located,
            Err(failure) => {
                found.failures.push((None, failure));
                return found;
            }
        };
        found.left_out.targets = targets.len().saturating_sub(net::MAX_ASKED);
        targets.truncate(net::MAX_ASKED);
        let share = (net::MAX_ASKED / targets.len().max(1)).max(1);
        let family = self.endpoint.family();
        let looked_up = targets.iter().map(|target| resolver.peers(target, family, &context.deadline));
        for (target, peers) in targets.iter().zip(join_all(looked_up).await) {
            match peers {
                Ok(peers) => {
                    found.left_out.addresses += peers.len().saturating_sub(share);
                    found.peers.extend(peers.into_iter().take(share));
                }
                Err(failure) => found.failures.push((Some(target.clone()), failure)),
            }
        }
        found
    }

    /// The host itself, or with `--srv` the targets of a domain.
    async fn locate(
        &self,
        hostname: &str,
        context: &Context,
        events: &mut Vec<Event>,
    ) -> Result<(Vec<Endpoint>, Resolver), Failure> {
        if !self.srv {
            return Ok((vec![Endpoint { host: hostname.to_owned(), port: self.port() }], Resolver::System));
        }
        let (deadline, nameservers) = (&context.deadline, Nameservers::new(&self.dns.servers)?);
        let targets = match self.starttls {
            Some(protocol) => {
                let name = format!("{}.{hostname}", protocol.srv_labels());
                let hosts = srv::hosts(&nameservers, &name, deadline).await?.into_iter();
                hosts.map(|srv| Endpoint { host: srv.target, port: srv.port }).collect()
            }
            None => {
                let wanted = Some(Transport::Tls);
                let domain = Domain { name: hostname, wanted, nameservers: nameservers.clone() };
                let found = servers::locate(&domain, deadline, &mut |step| events.push(Event::now(step))).await?;
                found.into_iter().map(|server| Endpoint { host: server.host, port: server.port }).collect()
            }
        };
        Ok((targets, Resolver::Nameservers(nameservers)))
    }

    fn port(&self) -> u16 {
        self.endpoint.port.unwrap_or(self.starttls.map_or(DEFAULT_PORT, StartTls::default_port))
    }

    /// Whom the report is about.
    pub(super) fn target(&self, hostname: &str, shown: &[Inspection]) -> Target {
        let first = shown.first().and_then(|shown| shown.peer.as_ref()).map(|peer| peer.address);
        let is_one = shown.iter().all(|each| each.peer.as_ref().map(|peer| peer.address) == first);
        let address = first.filter(|_| is_one);
        let port = if self.srv { address.map(|address| address.port()) } else { Some(self.port()) };
        Target { host: hostname.to_owned(), address: address.map(|address| address.ip()), port, transport: "tls" }
    }

    /// That some were not looked at, where all should be.
    pub(super) fn left_out(&self, found: &Found) -> Option<Finding> {
        found.left_out.finding().filter(|_| self.all_addresses)
    }

    /// How many show certificates, where several were looked at.
    pub(super) fn headline(&self, hostname: &str, found: &Found, shown: &[Inspection]) -> Option<String> {
        let mut tally = Tally::beside(if self.all_addresses { found.left_out } else { LeftOut::default() });
        let nowhere = found.failures.iter().filter_map(|(target, _)| target.as_ref());
        if self.all_addresses || found.peers.is_empty() {
            nowhere.for_each(|target| tally.add(target, None, false));
        }
        for (peer, shown) in shown.iter().filter_map(|shown| Some((shown.peer.as_ref()?, shown))) {
            let endpoint = Endpoint { host: peer.host.clone(), port: peer.address.port() };
            tally.add(&endpoint, Some(peer.address), shown.served.chain.is_some());
        }
        tally.text(&if self.srv { Named::Domain(hostname) } else { Named::Host(hostname) }, "show certificates")
    }

    /// What cannot be meant of `hostname`.
    pub(super) fn contradiction(&self, hostname: &str) -> Option<String> {
        let text = match self.srv {
            true if self.endpoint.port.is_some() => "--srv: expected no --port, which the SRV records name",
            true if host::address(hostname).is_some() => {
                "--srv: expected a domain in --hostname, found an address, which has no SRV records"
            }
            _ => return None,
        };
        Some(text.to_owned())
    }
}

/// SIP over TLS.
const DEFAULT_PORT: u16 = 5061;

#[cfg(test)]
mod tests {
    use clap::{Args, Command, FromArgMatches};

    use super::*;

    #[test]
    fn the_address_is_known_where_all_that_is_shown_is_of_one() {
        let matches = ServerOptions::augment_args(Command::new("x")).try_get_matches_from(["x"]).unwrap();
        let servers = ServerOptions::from_arg_matches(&matches).unwrap();
        let shown = |address: &str| {
            let address = format!("{address}:5061").parse().unwrap();
            Inspection { peer: Some(Peer { host: "cas1".to_owned(), address }), ..Inspection::default() }
        };
        for (addresses, known) in [
            (&["192.0.2.7"][..], Some("192.0.2.7")),
            (&["192.0.2.7", "192.0.2.7"], Some("192.0.2.7")),
            (&["192.0.2.7", "192.0.2.8"], None),
            (&[], None),
        ] {
            let shown: Vec<_> = addresses.iter().map(|address| shown(address)).collect();
            let target = servers.target("cas1", &shown);
            assert_eq!(target.address, known.map(|address| address.parse().unwrap()), "{addresses:?}");
            assert_eq!((target.host.as_str(), target.port, target.transport), ("cas1", Some(5061), "tls"));
        }
    }
}
