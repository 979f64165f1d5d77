//! Where is the server? The host as given, or the targets of a domain (RFC 3263), and how to reach their addresses.

use std::time::{Duration, Instant};

use super::transport::Via;
use crate::clock::Deadline;
use crate::failure::{Class, Failure};
use crate::net::nameserver::Nameservers;
use crate::net::resolve::{Family, Resolver};
use crate::net::srv::{self, ServiceError};
use crate::net::{self, Peer};
use crate::plugin::Run;
use crate::report::{Event, excerpt};

/// Where to ask.
#[derive(Debug)]
pub struct Location {
    /// How every target is spoken to.
    pub via: Via,
    /// The host or domain that was looked for.
    pub name: String,
    /// The targets, the one to try first in front; never empty, at most [`net::MAX_ASKED`].
    pub targets: Vec<Target>,
    /// How many more there are.
    pub left_out: usize,
    /// When the search began.
    pub started: Instant,
    resolver: Resolver,
    family: Family,
}

/// A host to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Its name or address.
    pub host: String,
    /// Its port.
    pub port: u16,
}

impl Location {
    /// The host itself.
    pub fn of_host(host: &str, port: u16, via: Via, family: Family) -> Self {
        Self {
            via,
            name: host.to_owned(),
            targets: vec![Target { host: host.to_owned(), port }],
            left_out: 0,
            started: Instant::now(),
            resolver: Resolver::System,
            family,
        }
    }

    /// The targets of a domain: by SRV for a transport that is settled, else by what the domain prefers. Each step on the
    /// way becomes one of `events`, even if it leads nowhere.
    pub async fn of_domain(
        domain: &str,
        wanted: Option<Via>,
        servers: Nameservers,
        family: Family,
        run: &Run,
        events: &mut Vec<Event>,
    ) -> Result<Self, ServiceError> {
        let started = Instant::now();
        let mut tell = |step: String| events.push(run.event(excerpt(&step, MAX_STEP)));
        let found = srv::locate_sip(&servers, domain, wanted.map(Via::service), &run.deadline, &mut tell).await?;
        // All of them are of one service.
        let via = found.first().map(|target| Via::of(target.service)).or(wanted).unwrap_or(Via::Tcp);
        let left_out = found.len().saturating_sub(net::MAX_ASKED);
        let targets = found.into_iter().take(net::MAX_ASKED);
        Ok(Self {
            via,
            name: domain.to_owned(),
            targets: targets.map(|srv::Target { host, port, .. }| Target { host, port }).collect(),
            left_out,
            started,
            resolver: Resolver::Nameservers(servers),
            family,
        })
    }

    /// With the targets by port and name: where all are asked, a draw by weight would only shuffle the output, and which of
    /// two ports at one address has the plain label must not depend on it.
    #[must_use]
    pub fn sorted(mut self) -> Self {
        self.targets.sort_by(|a, b| (a.port, &a.host).cmp(&(b.port, &b.host)));
        self.targets.dedup();
        self
    }

    /// The addresses of one of the targets, each once; never empty.
    pub async fn peers(
        &self,
        target: &Target,
        deadline: &Deadline,
        run: &Run,
        events: &mut Vec<Event>,
    ) -> Result<Vec<Peer>, Failure> {
        let Target { host, port } = target;
        let peers = self.resolver.peers(host, *port, self.family, deadline, &run.policy).await?;
        if !peers.iter().all(|peer| peer.is_numeric()) {
            let addresses: Vec<_> = peers.iter().map(|peer| peer.address.ip().to_string()).collect();
            let step = format!("addresses of {host}: {}", addresses.join(", "));
            events.push(run.event(excerpt(&step, MAX_STEP)));
        }
        Ok(peers)
    }

    /// How long the search has taken by now.
    pub fn took(&self) -> Duration {
        self.started.elapsed()
    }

    /// Why nobody was reached, from what came of each target, in their order. The class is the worst one's: a target
    /// without an address does not hide that the other ones refuse.
    pub fn unreached(&self, failed: Vec<Failure>, run: &Run) -> Failure {
        if let ([only], 0) = (failed.as_slice(), self.left_out) {
            return only.clone();
        }
        let worst = failed.iter().rev().max_by_key(|failure| run.policy.state(failure.class));
        let class = worst.map_or(Class::Dns, |failure| failure.class);
        let summaries: Vec<_> = failed.iter().map(|failure| failure.summary.as_str()).collect();
        let all = match self.left_out {
            0 => failed.len().to_string(),
            more => format!("first {} of {}", failed.len(), failed.len() + more),
        };
        let text = format!("none of the {all} targets of {}: {}", self.name, summaries.join(", "));
        Failure { causes: failed.into_iter().flat_map(|failure| failure.causes).collect(), ..Failure::new(class, text) }
    }
}

/// The most of one step, in characters.
const MAX_STEP: usize = 500;
