//! Where is the server? The host as given, or the targets of a domain (RFC 3263), and how to reach their addresses.

use std::time::{Duration, Instant};

use super::servers::{self, Domain, Server};
use super::transport::Transport;
use crate::net::family::Family;
use crate::net::resolve::{self, Resolver};
use crate::net::srv::ServiceError;
use crate::net::{self, Endpoint, Peer};
use crate::report::{Class, Event, Failure, Report, excerpt};
use crate::time::deadline::Deadline;

/// Where to ask.
#[derive(Debug)]
pub(crate) struct Location {
    pub transport: Transport,
    /// The host or domain that was looked for.
    pub name: String,
    /// The targets, the one to try first in front; never empty, at most [`net::MAX_ASKED`].
    pub targets: Vec<Endpoint>,
    pub left_out: usize,
    /// When the search began.
    pub started: Instant,
    resolver: Resolver,
    family: Family,
    /// A redirection that leads whoever follows it to himself is worth more than a name that leads nowhere.
    is_of_redirection: bool,
}

impl Location {
    /// The host itself.
    pub(crate) fn of_host(host: &str, port: u16, transport: Transport, family: Family) -> Self {
        Self {
            transport,
            name: host.to_owned(),
            targets: vec![Endpoint { host: host.to_owned(), port }],
            left_out: 0,
            started: Instant::now(),
            resolver: Resolver::System,
            family,
            is_of_redirection: false,
        }
    }

    /// The targets of a domain: by SRV for a transport that is settled, else by what the domain prefers. Each step on the
    /// way becomes one of `events`, even if it leads nowhere.
    pub(crate) async fn of_domain(
        domain: Domain<'_>,
        family: Family,
        deadline: &Deadline,
        events: &mut Vec<Event>,
    ) -> Result<Self, ServiceError> {
        let started = Instant::now();
        let mut tell = |step: String| events.push(Event::now(excerpt(&step, MAX_STEP)));
        let found = servers::locate(&domain, deadline, &mut tell).await?;
        // All of them are of one transport.
        let transport = found.first().map(|server| server.transport).or(domain.wanted).unwrap_or(Transport::Tcp);
        let left_out = found.len().saturating_sub(net::MAX_ASKED);
        let targets = found.into_iter().take(net::MAX_ASKED);
        Ok(Self {
            transport,
            name: domain.name.to_owned(),
            targets: targets.map(|Server { host, port, .. }| Endpoint { host, port }).collect(),
            left_out,
            started,
            resolver: Resolver::Nameservers(domain.nameservers),
            family,
            is_of_redirection: false,
        })
    }

    /// With the targets by port and name: where all are asked, a draw by weight would only shuffle the output, and which of
    /// two ports at one address has the plain label must not depend on it.
    #[must_use]
    pub(crate) fn sorted(mut self) -> Self {
        self.targets.sort_unstable_by(|a, b| (a.port, &a.host).cmp(&(b.port, &b.host)));
        self.targets.dedup();
        self
    }

    /// That it is where a redirection leads.
    #[must_use]
    pub(crate) fn of_redirection(self) -> Self {
        Self { is_of_redirection: true, ..self }
    }

    /// The targets, each with how many there are from it on.
    pub(crate) fn in_turn(&self) -> impl Iterator<Item = (&Endpoint, usize)> {
        self.targets.iter().zip((1..=self.targets.len()).rev())
    }

    /// The addresses of one of the targets, each once; never empty.
    pub(crate) async fn peers(
        &self,
        target: &Endpoint,
        deadline: &Deadline,
        events: &mut Vec<Event>,
    ) -> Result<Vec<Peer>, Failure> {
        let all = self.resolver.all_peers(target, self.family, deadline).await?;
        let peers = if self.is_of_redirection { all } else { resolve::somewhere(all)? };
        if !peers.iter().all(|peer| peer.is_numeric()) {
            let addresses: Vec<_> = peers.iter().map(|peer| peer.address.ip().to_string()).collect();
            let step = format!("addresses of {}: {}", target.host, addresses.join(", "));
            events.push(Event::now(excerpt(&step, MAX_STEP)));
        }
        Ok(peers)
    }

    pub(crate) fn took(&self) -> Duration {
        self.started.elapsed()
    }

    /// That nobody was reached, from what came of each target, in their order.
    pub(crate) fn unreached(&self, failures: Vec<Failure>) -> Unanswered {
        match (failures.as_slice(), self.left_out) {
            ([only], 0) => Unanswered::Server(only.clone()),
            (_, left_out) => Unanswered::Targets { name: self.name.clone(), failures, left_out },
        }
    }
}

/// Why there is no answer.
#[derive(Clone, Debug)]
pub(crate) enum Unanswered {
    /// What came of the one server that was asked.
    Server(Failure),
    /// None of several targets was reached: the host or domain that was looked for, and what came of each.
    Targets { name: String, failures: Vec<Failure>, left_out: usize },
}

impl Unanswered {
    /// As one failure. Its class is that of the one that is worth most to `report`: a target without an address does not
    /// hide that the other ones refuse.
    pub(crate) fn into_failure(self, report: &Report) -> Failure {
        let (name, failures, left_out) = match self {
            Self::Server(failure) => return failure,
            Self::Targets { name, failures, left_out } => (name, failures, left_out),
        };
        // With what the operator says of it: a deadline that passes in a look-up is a timeout to who said what that is worth.
        let worst = report.worst(&failures).cloned();
        let summaries: Vec<_> = failures.iter().map(|failure| failure.summary.as_str()).collect();
        let asked = failures.len();
        let all = match left_out {
            0 => asked.to_string(),
            more => format!("first {asked} of {}", asked + more),
        };
        let text = format!("none of the {all} targets of {name}: {}", summaries.join(", "));
        let causes = failures.into_iter().flat_map(|failure| failure.causes).collect();
        Failure { summary: text, causes, ..worst.unwrap_or_else(|| Failure::new(Class::Dns, "")) }
    }
}

/// The most of one step, in characters.
const MAX_STEP: usize = 500;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::about::OF_A_TEST;
    use crate::report::{Policy, Started};

    #[test]
    fn a_search_takes_as_long_as_it_is_since_it_was_begun() {
        let location = Location::of_host("192.0.2.7", 5060, Transport::Udp, Family::Any);
        let second = Duration::from_secs(1);
        assert!(Location { started: location.started - second, ..location }.took() >= second);
    }

    #[test]
    fn of_several_targets_the_worst_gives_its_class_and_each_its_causes() {
        let failure = |class, summary: &str, cause: &str| Failure {
            causes: vec![cause.to_owned()],
            ..Failure::new(class, summary)
        };
        let failures =
            vec![failure(Class::Dns, "a has no address", "of a"), failure(Class::Refused, "b refuses", "of b")];
        let none = Unanswered::Targets { name: "example.com".to_owned(), failures, left_out: 3 };
        let told = none.into_failure(&Report::new(&OF_A_TEST, Policy::default(), Started::now()));
        assert_eq!(told.summary, "none of the first 2 of 5 targets of example.com: a has no address, b refuses");
        assert_eq!((told.class, told.causes), (Class::Refused, vec!["of a".to_owned(), "of b".to_owned()]));
    }
}
