//! Which hosts offer a service, and in which order are they tried? SRV by RFC 2782, SIP by RFC 3263.

use super::dns::{Naptr, Record, RecordType, Srv};
use super::nameserver::{DnsError, Nameservers};
use super::random;
use crate::clock::Deadline;
use crate::failure::{Class, Failure, Policy};

/// A way that SIP travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// SIP over TCP.
    SipTcp,
    /// SIP over TLS.
    SipsTcp,
    /// SIP over UDP.
    SipUdp,
}

impl Service {
    /// Every way, in our order of preference where a domain states none: the Call Router speaks TCP and TLS only.
    pub const ALL: &[Self] = &[Self::SipTcp, Self::SipsTcp, Self::SipUdp];

    /// The two labels in front of the domain (RFC 3263, section 4.2).
    pub const fn labels(self) -> &'static str {
        match self {
            Self::SipTcp => "_sip._tcp",
            Self::SipsTcp => "_sips._tcp",
            Self::SipUdp => "_sip._udp",
        }
    }

    /// The service field of its NAPTR record (RFC 3263, section 4.1).
    pub const fn naptr(self) -> &'static str {
        match self {
            Self::SipTcp => "SIP+D2T",
            Self::SipsTcp => "SIPS+D2T",
            Self::SipUdp => "SIP+D2U",
        }
    }

    /// The port where no SRV record names one.
    pub const fn default_port(self) -> u16 {
        match self {
            Self::SipTcp | Self::SipUdp => 5060,
            Self::SipsTcp => 5061,
        }
    }
}

/// One host to try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// How to speak to it.
    pub service: Service,
    /// Its name.
    pub host: String,
    /// Its port.
    pub port: u16,
}

/// The order in which to try `records` (RFC 2782): by priority, and within one priority at random by weight. `draw`
/// picks a number from 0 to its argument, both included.
pub fn ordered(records: Vec<Srv>, draw: &mut impl FnMut(u32) -> u32) -> Vec<Srv> {
    let mut left = records;
    // Those of weight 0 come first, so that they have a very small chance rather than none.
    left.sort_by_key(|record| (record.priority, record.weight != 0));
    let mut ordered = Vec::new();
    while let Some(first) = left.first() {
        let priority = first.priority;
        let group = left.iter().take_while(|record| record.priority == priority);
        let sum = group.clone().map(|record| u32::from(record.weight)).sum();
        let drawn = draw(sum).min(sum);
        let mut running = 0;
        let chosen = group.clone().position(|record| {
            running += u32::from(record.weight);
            running >= drawn
        });
        ordered.push(left.remove(chosen.unwrap_or(0)));
    }
    ordered
}

/// The services that a domain's NAPTR records name (RFC 3263, section 4.1), the one to try first in front, each with
/// the name whose SRV records to look up.
///
/// Only those of `usable`; only terminal `s` records without a rewriting rule, as SIP demands.
pub fn by_naptr(records: &[Naptr], usable: &[Service]) -> Vec<(Service, String)> {
    let is_for_sip = |record: &&Naptr| {
        record.flags.eq_ignore_ascii_case("s") && record.regexp.is_empty() && !record.replacement.is_empty()
    };
    let mut records: Vec<_> = records.iter().filter(is_for_sip).collect();
    records.sort_by_key(|record| (record.order, record.preference));
    let service =
        |record: &Naptr| usable.iter().copied().find(|service| record.services.eq_ignore_ascii_case(service.naptr()));
    records.into_iter().filter_map(|record| Some((service(record)?, record.replacement.clone()))).collect()
}

/// The SRV records of a name, in the order to try them; an error where it has none, or says that there is no service.
pub async fn hosts(servers: &Nameservers, name: &str, deadline: &Deadline) -> Result<Vec<Srv>, ServiceError> {
    let records = servers.records(name, RecordType::Srv, deadline).await?;
    let records: Vec<_> = records
        .into_iter()
        .filter_map(|record| match record {
            Record::Srv(srv) => Some(srv),
            _ => None,
        })
        .collect();
    if records.is_empty() {
        return Err(ServiceError::NoRecords(name.to_owned()));
    }
    let offered: Vec<_> = records.into_iter().filter(|record| !record.target.is_empty()).collect();
    if offered.is_empty() {
        return Err(ServiceError::NotOffered(name.to_owned()));
    }
    // A draw shares load and keeps no secret: without randomness everybody takes the same host, and that is all.
    Ok(ordered(offered, &mut |sum| random::up_to(sum).unwrap_or(sum / 2)))
}

/// The hosts to try for a SIP `domain`, by NAPTR, else SRV, else the domain itself (RFC 3263, section 4); all of one
/// service, never empty.
///
/// With `wanted` the way is settled and NAPTR is not asked (section 4.1); without, the domain's preference decides.
/// Each step is told as it is taken.
pub async fn locate_sip(
    servers: &Nameservers,
    domain: &str,
    wanted: Option<Service>,
    deadline: &Deadline,
    tell: &mut impl FnMut(String),
) -> Result<Vec<Target>, ServiceError> {
    let usable = wanted.as_slice();
    let usable = if usable.is_empty() { Service::ALL } else { usable };
    let mut names = match wanted {
        Some(_) => Vec::new(),
        None => preferred(servers, domain, deadline, tell).await?,
    };
    if names.is_empty() {
        names = usable.iter().map(|service| (*service, format!("{}.{domain}", service.labels()))).collect();
    }

    for (service, name) in names {
        match hosts(servers, &name, deadline).await {
            Ok(hosts) => {
                let record = |srv: &Srv| format!("{} {} {} {}", srv.priority, srv.weight, srv.port, srv.target);
                tell(format!("SRV of {name}: {}", list(hosts.iter().map(record))));
                let target = |srv: Srv| Target { service, host: srv.target, port: srv.port };
                return Ok(hosts.into_iter().map(target).collect());
            }
            Err(ServiceError::NoRecords(_)) => tell(format!("SRV of {name}: none")),
            Err(error) => return Err(error),
        }
    }
    let (service, port) = (usable[0], usable[0].default_port());
    tell(format!("{domain} itself is the host, at port {port}"));
    Ok(vec![Target { service, host: domain.to_owned(), port }])
}

/// The services that the domain prefers, by its NAPTR records; empty where they say nothing.
async fn preferred(
    servers: &Nameservers,
    domain: &str,
    deadline: &Deadline,
    tell: &mut impl FnMut(String),
) -> Result<Vec<(Service, String)>, DnsError> {
    let records = match servers.records(domain, RecordType::Naptr, deadline).await {
        // A nameserver that does not know NAPTR may well know SRV.
        Err(error @ DnsError::Failed { .. }) => {
            tell(format!("NAPTR of {domain}: {error}"));
            return Ok(Vec::new());
        }
        records => records?,
    };
    let records: Vec<_> = records
        .into_iter()
        .filter_map(|record| match record {
            Record::Naptr(naptr) => Some(naptr),
            _ => None,
        })
        .collect();
    let names = by_naptr(&records, Service::ALL);
    tell(format!(
        "NAPTR of {domain}: {}",
        list(names.iter().map(|(service, name)| format!("{} {name}", service.naptr())))
    ));
    Ok(names)
}

/// `a, b`, or `none`.
fn list(words: impl Iterator<Item = String>) -> String {
    let words: Vec<_> = words.collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

/// Why nobody offers a service.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// The look-up failed.
    #[error(transparent)]
    Dns(#[from] DnsError),
    /// Nobody is named.
    #[error("no SRV records for {0}")]
    NoRecords(String),
    /// The only record has the target `.`.
    #[error("the SRV record of {0} says that the service is not offered")]
    NotOffered(String),
}

impl ServiceError {
    /// As a failure of class `dns`.
    pub fn into_failure(self, policy: &Policy) -> Failure {
        match self {
            Self::Dns(error) => error.into_failure(policy),
            error => Failure::caused_by(Class::Dns, &error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn srv(priority: u16, weight: u16, target: &str) -> Srv {
        Srv { priority, weight, port: 5060, target: target.to_owned() }
    }

    fn targets(records: &[Srv]) -> Vec<&str> {
        records.iter().map(|record| record.target.as_str()).collect()
    }

    #[test]
    fn a_lower_priority_always_comes_first() {
        let records = vec![srv(20, 100, "b"), srv(10, 0, "a"), srv(30, 65_535, "c")];
        assert_eq!(targets(&ordered(records, &mut |sum| sum)), ["a", "b", "c"]);
    }

    #[test]
    fn within_a_priority_the_weight_is_the_share_of_the_draw() {
        let records = || vec![srv(1, 3, "x"), srv(1, 1, "y"), srv(1, 0, "zero")];
        // The running sums are zero: 0, x: 3, y: 4.
        for (drawn, first) in [(0, "zero"), (1, "x"), (3, "x"), (4, "y")] {
            let mut draws = [drawn, 0, 0].into_iter();
            assert_eq!(targets(&ordered(records(), &mut |_| draws.next().unwrap()))[0], first, "{drawn}");
        }
    }

    #[test]
    fn nothing_is_lost_whatever_is_drawn() {
        let records = vec![srv(1, 65_535, "a"), srv(1, 65_535, "b"), srv(1, 65_535, "c")];
        let mut sorted = ordered(records, &mut |_| u32::MAX);
        sorted.sort_by(|a, b| a.target.cmp(&b.target));
        assert_eq!(targets(&sorted), ["a", "b", "c"]);
    }

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
        let all = by_naptr(&records, Service::ALL);
        let expected = [(Service::SipsTcp, "50.60.example.com"), (Service::SipTcp, "90.50.example.com")];
        assert_eq!(all, expected.map(|(service, name)| (service, name.to_owned())));
        assert_eq!(by_naptr(&records, &[Service::SipTcp]).len(), 1);
        assert!(by_naptr(&records, &[Service::SipUdp]).is_empty());
    }

    proptest! {
        #[test]
        fn ordering_keeps_every_record(weights in proptest::collection::vec((0_u16..3, any::<u16>()), 0..20), seed: u32) {
            let records: Vec<_> = weights.iter().map(|(priority, weight)| srv(*priority, *weight, "t")).collect();
            let sorted = ordered(records, &mut |sum| seed % (sum + 1));
            prop_assert_eq!(sorted.len(), weights.len());
            prop_assert!(sorted.is_sorted_by_key(|record| record.priority));
        }
    }
}
