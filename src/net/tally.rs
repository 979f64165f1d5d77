//! How many answer, where several are asked? Targets are counted as targets, and their addresses as addresses.

use std::net::SocketAddr;

use super::{Endpoint, MAX_ASKED};
use crate::report::{Finding, State};

/// Who was asked, and who of them did what was hoped for.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    targets: Vec<Target>,
    more_targets: usize,
    more_addresses: usize,
}

#[derive(Debug)]
struct Target {
    endpoint: Endpoint,
    /// Each once, with whether it answers; empty where none was found.
    addresses: Vec<(SocketAddr, bool)>,
}

impl Tally {
    /// Nobody yet, beside those of `left_out` whom nobody will ask.
    pub(crate) fn beside(left_out: LeftOut) -> Self {
        Self { targets: Vec::new(), more_targets: left_out.targets, more_addresses: left_out.addresses }
    }

    /// Counts one address of a target, or that the target has none. One that was asked several times answers if it does once.
    pub(crate) fn add(&mut self, endpoint: &Endpoint, address: Option<SocketAddr>, answers: bool) {
        let place = self.targets.iter().position(|target| target.endpoint == *endpoint).unwrap_or_else(|| {
            self.targets.push(Target { endpoint: endpoint.clone(), addresses: Vec::new() });
            self.targets.len() - 1
        });
        let Some(address) = address else { return };
        let addresses = &mut self.targets[place].addresses;
        match addresses.iter_mut().find(|(known, _)| *known == address) {
            Some((_, known)) => *known |= answers,
            None => addresses.push((address, answers)),
        }
    }

    /// `2 of 3 targets of example.com answer (4 of 6 addresses), 1 more was not asked`, with what they `do`. Nothing of one
    /// alone. A target does it if one of its addresses does. For a host the targets are not spoken of.
    pub(crate) fn text(&self, name: &Named<'_>, does: &str) -> Option<String> {
        let count = |targets: &[Target]| {
            let addresses = targets.iter().flat_map(|target| &target.addresses);
            (addresses.clone().filter(|(_, answers)| *answers).count(), addresses.count())
        };
        let (doing, addresses) = count(&self.targets);
        let of_addresses = format!("{doing} of {addresses} addresses");
        let more = self.more();
        let only = if let [only] = self.targets.as_slice() { Some(only) } else { None };
        let is_alone = only.is_some_and(|only| only.addresses.len() <= 1) && more.is_empty();
        let text = match name {
            _ if is_alone || self.targets.is_empty() => return None,
            Named::Host(host) => format!("{of_addresses} of {host} {does}"),
            Named::Domain(domain) if only.is_some() && self.more_targets == 0 => {
                format!("{of_addresses} of the only target of {domain} {does}")
            }
            Named::Domain(domain) => {
                let targets = self.targets.iter();
                let doing = targets.clone().filter(|target| target.addresses.iter().any(|(_, does)| *does)).count();
                let has_several = targets.clone().any(|target| target.addresses.len() > 1);
                let detail = if has_several { format!(" ({of_addresses})") } else { String::new() };
                format!("{doing} of {} targets of {domain} {does}{detail}", targets.count())
            }
        };
        Some(text + &more)
    }

    /// How many do not do it, of how many: targets of a domain, or addresses of a host.
    pub(crate) fn failing(&self, name: &Named<'_>) -> (u32, u32) {
        let count = |all: Vec<bool>| {
            let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
            (number(all.iter().filter(|does| !**does).count()), number(all.len()))
        };
        count(match name {
            Named::Host(_) => self.targets.iter().flat_map(|target| &target.addresses).map(|(_, does)| *does).collect(),
            Named::Domain(_) => {
                self.targets.iter().map(|target| target.addresses.iter().any(|(_, does)| *does)).collect()
            }
        })
    }

    /// `3 of 4 targets of example.com are down`, with what they are, and who was not asked.
    pub(crate) fn failing_text(&self, name: &Named<'_>, what: &str) -> String {
        let (failing, all) = self.failing(name);
        let (member, members, name) = match name {
            Named::Host(host) => ("address", "addresses", host),
            Named::Domain(domain) => ("target", "targets", domain),
        };
        let verb = if failing == 1 { "is" } else { "are" };
        let more = self.more();
        if (failing, all) == (1, 1) && more.is_empty() {
            return format!("the only {member} of {name} is {what}");
        }
        format!("{failing} of {all} {members} of {name} {verb} {what}{more}")
    }

    /// Who was not asked, in words that stand behind the others.
    fn more(&self) -> String {
        let counted = |count: usize, one: &str, many: &str| format!("{count} {}", if count == 1 { one } else { many });
        let targets = || counted(self.more_targets, "more target", "more targets");
        let addresses = || counted(self.more_addresses, "more address", "more addresses");
        let all = match (self.more_targets, self.more_addresses) {
            (0, 0) => return String::new(),
            (_, 0) => targets(),
            (0, _) => addresses(),
            _ => format!("{} and {}", targets(), addresses()),
        };
        let is_one = self.more_targets + self.more_addresses == 1;
        format!(", {all} {} not asked", if is_one { "was" } else { "were" })
    }
}

/// What was found and is not asked: more than there is room for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LeftOut {
    pub targets: usize,
    /// Of the targets that are asked.
    pub addresses: usize,
}

impl LeftOut {
    /// That a check of all of them is not one, where somebody was left out: whoever was not asked may be down.
    pub(crate) fn finding(&self) -> Option<Finding> {
        let is_any = self.targets + self.addresses > 0;
        let text = format!("a run asks no more than {MAX_ASKED}");
        is_any.then(|| Finding { state: State::Warning, advice: ADVICE_ON_LEFT_OUT, ..Finding::remark(text) })
    }
}

/// Whose addresses, or targets, are spoken of.
#[derive(Debug)]
pub(crate) enum Named<'a> {
    Host(&'a str),
    Domain(&'a str),
}

const ADVICE_ON_LEFT_OUT: &str = "Nobody knows whether those that were not asked are well. Spread them over several services, such as one \
                                  for each address or target, or one with -4 and one with -6.";

#[cfg(test)]
mod tests {
    use super::*;

    /// The text of targets, each a number with the addresses of it that answer or not.
    fn text(name: &Named<'_>, targets: &[&[bool]], left_out: (usize, usize)) -> Option<String> {
        let mut tally = Tally::beside(LeftOut { targets: left_out.0, addresses: left_out.1 });
        for (index, addresses) in targets.iter().enumerate() {
            let endpoint = Endpoint { host: format!("t{index}"), port: 5060 };
            if addresses.is_empty() {
                tally.add(&endpoint, None, false);
            }
            for (at, answers) in addresses.iter().enumerate() {
                tally.add(&endpoint, Some(format!("192.0.2.{at}:5060").parse().unwrap()), *answers);
            }
        }
        tally.text(name, "answer")
    }

    #[test]
    fn targets_are_counted_as_targets_and_addresses_as_addresses() {
        type Case<'a> = (&'a [&'a [bool]], (usize, usize), Option<&'a str>);
        let cases: [Case<'_>; 9] = [
            (&[&[true]], (0, 0), None),
            (&[&[]], (0, 0), None),
            (&[&[true, true]], (0, 0), Some("2 of 2 addresses of the only target of d answer")),
            (
                &[&[true, false]],
                (0, 8),
                Some("1 of 2 addresses of the only target of d answer, 8 more addresses were not asked"),
            ),
            (&[&[true], &[false], &[true]], (0, 0), Some("2 of 3 targets of d answer")),
            (&[&[true, true, false], &[]], (0, 0), Some("1 of 2 targets of d answer (2 of 3 addresses)")),
            (&[&[true], &[]], (0, 0), Some("1 of 2 targets of d answer")),
            (&[&[false], &[false]], (68, 0), Some("0 of 2 targets of d answer, 68 more targets were not asked")),
            (
                &[&[false, true], &[false]],
                (1, 2),
                Some(
                    "1 of 2 targets of d answer (1 of 3 addresses), 1 more target and 2 more addresses were not asked",
                ),
            ),
        ];
        for (targets, left_out, expected) in cases {
            assert_eq!(text(&Named::Domain("d"), targets, left_out).as_deref(), expected, "{targets:?}");
        }
    }

    #[test]
    fn of_a_host_only_addresses_are_counted() {
        let host = Named::Host("h");
        assert_eq!(text(&host, &[&[true, false]], (0, 0)).unwrap(), "1 of 2 addresses of h answer");
        assert_eq!(
            text(&host, &[&[true]], (0, 1)).unwrap(),
            "1 of 1 addresses of h answer, 1 more address was not asked"
        );
        assert_eq!(text(&host, &[&[true]], (0, 0)), None);
    }

    #[test]
    fn those_that_fail_are_targets_of_a_domain_and_addresses_of_a_host() {
        let mut tally = Tally::beside(LeftOut { targets: 1, addresses: 0 });
        let endpoint = |host: &str| Endpoint { host: host.to_owned(), port: 1 };
        for (host, address, is_well) in [("a", 1, true), ("a", 2, false), ("b", 3, false)] {
            tally.add(&endpoint(host), format!("192.0.2.{address}:1").parse().ok(), is_well);
        }
        tally.add(&endpoint("c"), None, false);
        let (domain, host) = (Named::Domain("d"), Named::Host("h"));
        assert_eq!((tally.failing(&domain), tally.failing(&host)), ((2, 3), (2, 3)));
        let text = "2 of 3 targets of d are down, 1 more target was not asked";
        assert_eq!(tally.failing_text(&domain, "down"), text);
        let mut one = Tally::beside(LeftOut::default());
        for (last, is_well) in [(1, false), (2, true)] {
            one.add(&endpoint("a"), format!("192.0.2.{last}:1").parse().ok(), is_well);
        }
        assert_eq!(one.failing_text(&host, "down"), "1 of 2 addresses of h is down");
        assert_eq!(one.failing_text(&domain, "down"), "0 of 1 targets of d are down");
        let mut alone = Tally::beside(LeftOut::default());
        alone.add(&endpoint("a"), "192.0.2.1:1".parse().ok(), false);
        assert_eq!(alone.failing_text(&host, "down"), "the only address of h is down");
        assert_eq!(alone.failing_text(&domain, "down"), "the only target of d is down");
        assert_eq!(one.failing(&domain), (0, 1));
    }

    #[test]
    fn an_address_that_was_asked_twice_is_one_and_answers_if_it_does_once() {
        let (endpoint, address) = (Endpoint { host: "t".to_owned(), port: 1 }, "192.0.2.7:1".parse().ok());
        let mut tally = Tally::beside(LeftOut::default());
        [false, true, false].into_iter().for_each(|answers| tally.add(&endpoint, address, answers));
        tally.add(&endpoint, "192.0.2.8:1".parse().ok(), false);
        assert_eq!(tally.text(&Named::Host("h"), "answer").unwrap(), "1 of 2 addresses of h answer");
    }

    #[test]
    fn whoever_was_not_asked_is_warned_of() {
        for (targets, addresses) in [(1, 0), (0, 1), (2, 2)] {
            let finding = LeftOut { targets, addresses }.finding().unwrap();
            assert_eq!((finding.state, finding.advice), (State::Warning, ADVICE_ON_LEFT_OUT));
        }
        assert_eq!(LeftOut::default().finding().map(|finding| finding.text), None);
    }
}
