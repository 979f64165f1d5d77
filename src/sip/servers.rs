//! Which servers does a SIP domain have, and over which transport? NAPTR, SRV, else the domain itself: RFC 3263.

use std::time::Instant;

use super::transport::Transport;
use crate::net::dns::{DnsRecord, Naptr, RecordType, Srv};
use crate::net::nameserver::{DnsError, Nameservers};
use crate::net::srv::{self, ServiceError};
use crate::time::deadline::Deadline;

/// One server to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// How to speak to it.
    pub transport: Transport,
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
}

/// A domain whose servers are looked for.
#[derive(Debug)]
pub struct Domain<'a> {
    /// Its name.
    pub name: &'a str,
    /// The transport, where it is settled.
    pub wanted: Option<Transport>,
    /// Who knows its records.
    pub nameservers: Nameservers,
}

/// The servers to try for a SIP domain, by NAPTR, else SRV, else the domain itself (RFC 3263, section 4); all over
/// one transport, never empty.
///
/// Where the transport is settled NAPTR is not asked (section 4.1); otherwise the domain's preference decides.
/// Each step is told as it is taken.
pub async fn locate(
    domain: &Domain<'_>,
    deadline: &Deadline,
    tell: &mut impl FnMut(String),
) -> Result<Vec<Server>, ServiceError> {
    let Domain { name: domain, wanted, nameservers } = domain;
    let usable = wanted.as_slice();
    let usable = if usable.is_empty() { Transport::ALL } else { usable };
    let mut names = match wanted {
        Some(_) => Vec::new(),
        None => preferred(nameservers, domain, deadline, tell).await?,
    };
    if names.is_empty() {
        names = usable.iter().map(|transport| (*transport, format!("{}.{domain}", transport.srv_labels()))).collect();
    }

    for (transport, name) in names {
        match srv::hosts(nameservers, &name, deadline).await {
            Ok(hosts) => {
                let record = |srv: &Srv| format!("{} {} {} {}", srv.priority, srv.weight, srv.port, srv.target);
                tell(format!("SRV of {name}: {}", list(hosts.iter().map(record))));
                let server = |srv: Srv| Server { transport, host: srv.target, port: srv.port };
                return Ok(hosts.into_iter().map(server).collect());
            }
            Err(ServiceError::NoRecords(_)) => tell(format!("SRV of {name}: none")),
            Err(error) => return Err(error),
        }
    }
    let (transport, port) = (usable[0], usable[0].default_port());
    tell(format!("{domain} itself is the host, at port {port}"));
    Ok(vec![Server { transport, host: (*domain).to_owned(), port }])
}

/// The transports that a domain's NAPTR records name (RFC 3263, section 4.1), the one to try first in front, each with
/// the name whose SRV records to look up.
///
/// Only those of `usable`; only terminal `s` records without a rewriting rule, as SIP demands.
pub fn by_naptr(records: &[Naptr], usable: &[Transport]) -> Vec<(Transport, String)> {
    let is_for_sip = |record: &&Naptr| {
        record.flags.eq_ignore_ascii_case("s") && record.regexp.is_empty() && !record.replacement.is_empty()
    };
    let mut records: Vec<_> = records.iter().filter(is_for_sip).collect();
    records.sort_by_key(|record| (record.order, record.preference));
    let transport = |record: &Naptr| {
        usable.iter().copied().find(|transport| record.services.eq_ignore_ascii_case(transport.naptr_service()))
    };
    records.into_iter().filter_map(|record| Some((transport(record)?, record.replacement.clone()))).collect()
}

/// The transports that the domain prefers, by its NAPTR records; empty where they say nothing. Silence takes no more than a
/// third of the time: some firewalls let no NAPTR through.
async fn preferred(
    servers: &Nameservers,
    domain: &str,
    deadline: &Deadline,
    tell: &mut impl FnMut(String),
) -> Result<Vec<(Transport, String)>, DnsError> {
    let records = match servers.records(domain, RecordType::Naptr, &deadline.share(Instant::now(), 3)).await {
        // A nameserver that does not know NAPTR may well know SRV.
        Err(error @ (DnsError::Failed { .. } | DnsError::Expired(_))) => {
            tell(format!("NAPTR of {domain}: {error}"));
            return Ok(Vec::new());
        }
        records => records?,
    };
    let naptr = |record| if let DnsRecord::Naptr(naptr) = record { Some(naptr) } else { None };
    let records: Vec<_> = records.into_iter().filter_map(naptr).collect();
    let names = by_naptr(&records, Transport::ALL);
    tell(format!(
        "NAPTR of {domain}: {}",
        list(names.iter().map(|(transport, name)| format!("{} {name}", transport.naptr_service())))
    ));
    Ok(names)
}

/// `a, b`, or `none`.
fn list(words: impl Iterator<Item = String>) -> String {
    let words: Vec<_> = words.collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn naptr(order: u16, preference: u16, flags: &str, services: &str) -> Naptr {
        let replacement = format!("{order}.{preference}.example.com");
        Naptr {
            order,
            preference,
            flags: flags.to_owned(),
            services: services.to_owned(),
            regexp: String::new(),
            replacement,
        }
    }

    #[test]
    fn naptr_by_order_then_preference_and_only_what_is_usable() {
        let records = [
            naptr(90, 50, "s", "SIP+D2T"),
            naptr(50, 60, "S", "sips+d2t"),
            naptr(50, 50, "s", "SIP+D2S"),
            naptr(40, 1, "u", "E2U+sip"),
            Naptr { regexp: "!a!b!".to_owned(), ..naptr(1, 1, "s", "SIP+D2U") },
        ];
        let all = by_naptr(&records, Transport::ALL);
        let expected = [(Transport::Tls, "50.60.example.com"), (Transport::Tcp, "90.50.example.com")];
        assert_eq!(all, expected.map(|(transport, name)| (transport, name.to_owned())));
        assert_eq!(by_naptr(&records, &[Transport::Tcp]).len(), 1);
        assert!(by_naptr(&records, &[Transport::Udp]).is_empty());
    }
}
