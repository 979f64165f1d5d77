//! Which addresses does a name have? The system's resolver, under the deadline.

use std::net::{SocketAddr, ToSocketAddrs};

use super::family::Family;
use super::nameserver::{ADVICE_ON_SILENT_NAMESERVERS, Nameservers};
use super::{Endpoint, Peer, host};
use crate::platform::resource;
use crate::report::{Class, Failure};
use crate::time::deadline::{Deadline, Unfinished};

/// Who knows the addresses of names.
#[derive(Clone, Debug)]
pub(crate) enum Resolver {
    /// The system, with its search lists and its file of hosts.
    System,
    /// These nameservers, for absolute names: who has the service records of a domain has its hosts as well.
    Nameservers(Nameservers),
}

impl Resolver {
    /// Every address of `endpoint` that leads somewhere, each once; never empty.
    pub(crate) async fn peers(
        &self,
        endpoint: &Endpoint,
        family: Family,
        deadline: &Deadline,
    ) -> Result<Vec<Peer>, Failure> {
        somewhere(self.all_peers(endpoint, family, deadline).await?)
    }

    /// The same with the unspecified address, for who has his own words for where that leads.
    pub(crate) async fn all_peers(
        &self,
        endpoint: &Endpoint,
        family: Family,
        deadline: &Deadline,
    ) -> Result<Vec<Peer>, Failure> {
        let Endpoint { host, port } = endpoint;
        let Self::Nameservers(servers) = self else {
            return resolve_all(host, *port, family, deadline).await;
        };
        if *port == 0 {
            let text =
                format!("the SRV record that names {host} gives port 0, where nobody can listen: expected 1 to 65535");
            return Err(Failure {
                advice: Some("Correct the record in the domain."),
                ..Failure::new(Class::Dns, text)
            });
        }
        let addresses = servers.addresses(host, family, deadline).await?;
        Ok(peers(host, addresses.into_iter().map(|address| SocketAddr::new(address, *port))))
    }
}

/// Every address of `host` that leads somewhere, in the resolver's order, each once; never empty.
///
/// A numeric host, in brackets or not, is not looked up.
pub(crate) async fn resolve(host: &str, port: u16, family: Family, deadline: &Deadline) -> Result<Vec<Peer>, Failure> {
    somewhere(resolve_all(host, port, family, deadline).await?)
}

/// The peers but for those whose name has the unspecified address: so a resolver answers that blocks the name, and a system
/// takes whoever connects there to itself, where another server may well answer. Who gives that address itself means it.
pub(crate) fn somewhere(mut peers: Vec<Peer>) -> Result<Vec<Peer>, Failure> {
    let leads_here = |peer: &Peer| peer.address.ip().to_canonical().is_unspecified() && !peer.is_numeric();
    let Some(Peer { host, address }) = peers.iter().find(|peer| leads_here(peer)).cloned() else { return Ok(peers) };
    peers.retain(|peer| !leads_here(peer));
    if peers.is_empty() {
        let text = format!("'{host}' has no address but {}, which leads whoever asks to himself", address.ip());
        return Err(Failure { advice: Some(ADVICE_ON_A_BLOCKED_NAME), ..Failure::new(Class::Dns, text) });
    }
    Ok(peers)
}

async fn resolve_all(host: &str, port: u16, family: Family, deadline: &Deadline) -> Result<Vec<Peer>, Failure> {
    let bare = host::bare(host);
    let addresses = match host::address(host) {
        Some(address) => vec![SocketAddr::new(address, port)],
        None => look_up(bare, port, deadline).await?,
    };

    let peers = peers(bare, addresses.into_iter().filter(|address| family.accepts(address.ip())));
    if peers.is_empty() {
        return Err(Failure::new(Class::Dns, format!("'{bare}' has no {}address", family.word())));
    }
    Ok(peers)
}

/// Each address once, in its order.
fn peers(host: &str, addresses: impl Iterator<Item = SocketAddr>) -> Vec<Peer> {
    let mut peers: Vec<Peer> = Vec::new();
    for address in addresses {
        if peers.iter().all(|peer| peer.address != address) {
            peers.push(Peer { host: host.to_owned(), address });
        }
    }
    peers
}

async fn look_up(host: &str, port: u16, deadline: &Deadline) -> Result<Vec<SocketAddr>, Failure> {
    // Not every resolver reads its hosts file regardless of case, as DNS does.
    let (stage, asked) = (|| format!("looking up '{host}'"), host.to_ascii_lowercase());
    match deadline.limit_blocking(stage, move || (asked, port).to_socket_addrs()).await {
        Ok(Ok(addresses)) => Ok(addresses.collect()),
        Ok(Err(error)) => {
            // The resolver says then that there is no such name.
            if let Some(lacking) = resource::lacks_descriptors() {
                return Err(Failure::new(Class::Local, format!("cannot look up '{host}': {lacking}")));
            }
            let text = error.to_string();
            let reason = text.strip_prefix("failed to lookup address information: ").unwrap_or(&text);
            Err(Failure::new(Class::Dns, format!("cannot look up '{host}': {reason}")))
        }
        Err(Unfinished::Expired(expired)) => {
            Err(Failure { advice: Some(ADVICE_ON_SILENT_NAMESERVERS), ..Failure::expired_in_look_up(&expired) })
        }
        Err(no_thread) => Err(no_thread.into()),
    }
}

const ADVICE_ON_A_BLOCKED_NAME: &str = "Nobody was asked. So a resolver answers that blocks the name: look it up with another one \
                                        (nslookup NAME SERVER), and in the file of hosts.";

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    fn resolved(host: &str, family: Family) -> Result<Vec<Peer>, Failure> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let deadline = Deadline::new(Instant::now(), Duration::from_secs(5));
        runtime.block_on(resolve(host, 5060, family, &deadline))
    }

    #[test]
    fn numeric_hosts_are_taken_as_they_are() {
        assert_eq!(resolved("192.0.2.7", Family::Any).unwrap()[0].address.to_string(), "192.0.2.7:5060");
        assert_eq!(resolved("[2001:db8::7]", Family::Any).unwrap()[0].address.to_string(), "[2001:db8::7]:5060");
        assert_eq!(resolved("2001:db8::7", Family::V6).unwrap()[0].host, "2001:db8::7");
    }

    #[test]
    fn dns_when_no_address_of_the_wanted_family() {
        let failure = resolved("192.0.2.7", Family::V6).unwrap_err();
        assert_eq!((failure.class, failure.summary.as_str()), (Class::Dns, "'192.0.2.7' has no IPv6 address"));
    }

    #[test]
    fn a_name_with_the_unspecified_address_leads_nobody_to_himself() {
        let peer = |host: &str, address: &str| Peer { host: host.to_owned(), address: address.parse().unwrap() };
        let blocked = ["0.0.0.0:5060", "[::]:5060", "[::ffff:0.0.0.0]:5060"].map(|address| peer("cas1", address));
        for peer in &blocked {
            let failure = somewhere(vec![peer.clone()]).unwrap_err();
            assert_eq!((failure.class, failure.advice), (Class::Dns, Some(ADVICE_ON_A_BLOCKED_NAME)));
            assert!(failure.summary.starts_with("'cas1' has no address but "), "{}", failure.summary);
        }
        let real = peer("cas1", "192.0.2.7:5060");
        assert_eq!(somewhere([&blocked[..], std::slice::from_ref(&real)].concat()).unwrap(), [real]);
        // Who says so means it.
        let meant = vec![peer("0.0.0.0", "0.0.0.0:5060"), peer("::", "[::]:5060")];
        assert_eq!(somewhere(meant.clone()).unwrap(), meant);
    }

    #[test]
    #[cfg(unix)]
    fn dns_when_the_resolver_gives_a_name_the_unspecified_address() {
        // What the system takes for that address by another name.
        assert_eq!(resolved("0", Family::Any).unwrap_err().class, Class::Dns);
    }

    #[test]
    fn dns_when_the_name_does_not_resolve() {
        let failure = resolved("name..invalid", Family::Any).unwrap_err();
        assert_eq!(failure.class, Class::Dns);
        assert!(failure.summary.starts_with("cannot look up 'name..invalid': "), "{}", failure.summary);
    }

    #[test]
    fn a_look_up_that_takes_too_long_is_the_nameservers_silence() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let look_up = |_| {
            let deadline = Deadline::new(Instant::now(), Duration::ZERO);
            runtime.block_on(resolve("localhost", 5060, Family::Any, &deadline)).err()
        };
        // A system that is quick enough may have an answer all the same.
        let failure = (0..1_000).find_map(look_up).unwrap();
        assert_eq!((failure.class, failure.as_well), (Class::Dns, Some(Class::Timeout)));
        assert_eq!(failure.advice, Some(ADVICE_ON_SILENT_NAMESERVERS));
    }

    #[test]
    fn a_record_that_names_port_0_is_to_be_corrected_and_nobody_is_asked() {
        let servers = Nameservers::new(&["192.0.2.7:53".parse().unwrap()]).unwrap();
        let endpoint = Endpoint { host: "cas1.example.com".to_owned(), port: 0 };
        let deadline = Deadline::new(Instant::now(), Duration::from_secs(60));
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let peers = runtime.block_on(Resolver::Nameservers(servers).peers(&endpoint, Family::Any, &deadline));
        let failure = peers.unwrap_err();
        assert_eq!((failure.class, failure.advice), (Class::Dns, Some("Correct the record in the domain.")));
    }

    #[test]
    fn an_address_that_is_given_twice_is_one() {
        let addresses = ["192.0.2.7:1", "192.0.2.8:1", "192.0.2.7:1", "192.0.2.7:2"].map(|text| text.parse().unwrap());
        let peers = peers("cas1", addresses.into_iter());
        assert_eq!(
            peers.iter().map(|peer| peer.address.to_string()).collect::<Vec<_>>(),
            ["192.0.2.7:1", "192.0.2.8:1", "192.0.2.7:2"]
        );
    }
}
