//! Which hosts offer a service, and in which order are they tried? SRV records, by RFC 2782.

use super::dns::{DnsRecord, RecordType, Srv};
use super::nameserver::{DnsError, Nameservers};
use crate::platform::random;
use crate::report::{Class, Failure};
use crate::time::deadline::Deadline;

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

/// The SRV records of a name, in the order to try them; an error where it has none, or says that there is no service.
pub(crate) async fn hosts(servers: &Nameservers, name: &str, deadline: &Deadline) -> Result<Vec<Srv>, ServiceError> {
    let records = servers.records(name, RecordType::Srv, deadline).await?.into_iter();
    let mut offered: Vec<_> =
        records.filter_map(|record| if let DnsRecord::Srv(srv) = record { Some(srv) } else { None }).collect();
    if offered.is_empty() {
        return Err(ServiceError::NoRecords(name.to_owned()));
    }
    offered.retain(|record| !record.target.is_empty());
    if offered.is_empty() {
        return Err(ServiceError::NotOffered(name.to_owned()));
    }
    // A draw shares load and keeps no secret: without randomness everybody takes the same host, and that is all.
    Ok(ordered(offered, &mut |sum| random::up_to(sum).unwrap_or(sum / 2)))
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

impl From<ServiceError> for Failure {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::Dns(error) => error.into(),
            error @ ServiceError::NotOffered(_) => {
                Self { advice: Some(ADVICE_ON_NO_SERVICE), ..Self::caused_by(Class::Dns, &error) }
            }
            error @ ServiceError::NoRecords(_) => Self::caused_by(Class::Dns, &error),
        }
    }
}

const ADVICE_ON_NO_SERVICE: &str = "The domain says in DNS that it has no such service (an SRV record whose target is a dot). \
                                    Check the spelling of -H and the transport that is asked for, or ask a host without --srv.";

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
    fn a_service_that_is_not_offered_is_told_with_what_to_do() {
        let advice = |error: ServiceError| Failure::from(error).advice;
        assert_eq!(advice(ServiceError::NotOffered("d".to_owned())), Some(ADVICE_ON_NO_SERVICE));
        assert_eq!(advice(ServiceError::NoRecords("d".to_owned())), None);
    }

    #[test]
    fn nothing_is_lost_whatever_is_drawn() {
        let records = vec![srv(1, 65_535, "a"), srv(1, 65_535, "b"), srv(1, 65_535, "c")];
        let mut sorted = ordered(records, &mut |_| u32::MAX);
        sorted.sort_by(|a, b| a.target.cmp(&b.target));
        assert_eq!(targets(&sorted), ["a", "b", "c"]);
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
