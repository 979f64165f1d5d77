//! What does each controller answer? Looking up, connecting and searching, several at once.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::judge::failure;
use super::{LdapError, RootDse, locator, root_dse};
use crate::net::family::Family;
use crate::net::resolve::Resolver;
use crate::net::source::Source;
use crate::net::{Endpoint, NetError, Peer, tcp};
use crate::report::{Class, Failure};
use crate::time::deadline::Deadline;
use crate::tls::rustls;
use crate::tls::served::Served;
use crate::tls::settings::{Approach, TlsSettings};
use crate::x509::Chain;
use crate::x509::expiry::Expiries;
use crate::x509::judgement::{self, Expectations, Judgement};
use crate::x509::verdict::Verdict;

/// How controllers are asked.
#[derive(Debug)]
pub(crate) struct DirectoryProbe {
    /// Who knows the controllers' addresses.
    pub resolver: Resolver,
    pub family: Family,
    /// How TLS is to be spoken, if it is.
    pub tls: Option<TlsSettings>,
    /// The domains that the controllers may be of, where DNS named them; else none.
    pub domains: Vec<String>,
    /// Unix time, for judging certificates.
    pub now: i64,
    pub deadline: Deadline,
}

/// What a controller showed in the TLS handshake.
#[derive(Debug)]
pub(crate) struct TlsFacts {
    pub served: Served,
    /// What its certificates are worth, if it showed any.
    pub certificates: Option<Judgement>,
}

#[derive(Debug)]
pub(crate) struct ControllerOutcome {
    /// The address that was asked.
    pub peer: Option<Peer>,
    /// From the first connection attempt to the answer.
    pub time: Option<Duration>,
    /// The addresses that did not connect.
    pub passed_over: Vec<NetError>,
    pub shown: Option<TlsFacts>,
    pub result: Result<Answer, Failure>,
}

/// What a controller says of itself.
#[derive(Debug)]
pub(crate) struct Answer {
    /// The address that said so.
    pub peer: Peer,
    pub root_dse: RootDse,
}

impl ControllerOutcome {
    const fn unasked(failure: Failure) -> Self {
        Self { peer: None, time: None, passed_over: Vec::new(), shown: None, result: Err(failure) }
    }
}

impl DirectoryProbe {
    /// Asks every controller at the same time, so that a dead one does not use up the deadline of the others; the
    /// outcomes are in the order of the controllers.
    pub(crate) async fn ask_each(&self, controllers: &[Endpoint]) -> Vec<ControllerOutcome> {
        join_all(controllers.iter().map(|controller| self.ask(controller))).await
    }

    async fn ask(&self, controller: &Endpoint) -> ControllerOutcome {
        let peers = match self.resolver.peers(controller, self.family, &self.deadline).await {
            Ok(peers) => peers,
            Err(failure) => return ControllerOutcome::unasked(failure),
        };
        let started = Instant::now();
        let connected = match tcp::connect_first(&peers, Source::default(), &self.deadline).await {
            Ok(connected) => connected,
            Err(error) => {
                return ControllerOutcome {
                    peer: peers.into_iter().next(),
                    ..ControllerOutcome::unasked(error.into())
                };
            }
        };
        let peer = connected.peer;
        let mut stream = connected.stream;
        let (shown, result) = match &self.tls {
            None => (None, self.search(&mut stream, &peer).await.map_err(|error| failure(error, &peer))),
            Some(settings) => self.search_over_tls(stream, &peer, settings).await,
        };
        let time = result.is_ok().then(|| started.elapsed());
        let result = result.map(|root_dse| Answer { peer: peer.clone(), root_dse });
        ControllerOutcome { peer: Some(peer), time, passed_over: connected.failed, shown, result }
    }

    async fn search_over_tls(
        &self,
        stream: TcpStream,
        peer: &Peer,
        settings: &TlsSettings,
    ) -> (Option<TlsFacts>, Result<RootDse, Failure>) {
        let mut settings = settings.clone();
        if !settings.name_is_explicit {
            let own = self.is_named_properly(peer).then_some(&peer.host);
            settings.name.clone_from(own.or_else(|| self.domains.first()).unwrap_or(&peer.host));
        }
        let approach = Approach { peer, settings: &settings, deadline: &self.deadline, now: self.now };
        let handshake = rustls::connect(stream, approach).await;
        let served = handshake.served;
        let certificates = served.chain.as_ref().map(|chain| self.judge(chain, &served.verdict, &settings));
        let result = match handshake.result {
            Ok(mut connection) => self.search(&mut connection.stream, peer).await.map_err(|error| match &error {
                LdapError::Io(io) => connection.classify(io).map_or_else(|| failure(error, peer), Failure::from),
                _ => failure(error, peer),
            }),
            Err(error) => Err(error.into()),
        };
        (Some(TlsFacts { served, certificates }), result)
    }

    /// What the certificates are worth. Of a controller that DNS named they must be for the domain or, as those of older
    /// controllers are, for its own name below that domain, which is said.
    fn judge(&self, chain: &Chain, verdict: &Verdict, settings: &TlsSettings) -> Judgement {
        let judged = |name| {
            let expected = Expectations { expiries: &Expiries::default(), name, verdict };
            judgement::judge(chain, &expected, self.now)
        };
        let expected = settings.expected_name(verdict);
        let Some(domain) = self.domains.first().filter(|_| expected.is_some() && !settings.name_is_explicit) else {
            return judged(expected);
        };
        let is_match =
            |judgement: &Judgement| judgement.failures.iter().all(|failure| failure.class != Class::NameMismatch);
        let mut for_domains = self.domains.iter().map(|domain| judged(Some(domain)));
        if let Some(judgement) = for_domains.find(is_match) {
            return judgement;
        }
        let mut for_itself = judged(expected);
        if !is_match(&for_itself) {
            return judged(Some(domain));
        }
        for_itself.remarks.push(format!("its certificate is for its own name, not for {domain}"));
        for_itself
    }

    /// Whether a controller's own name is below a domain that it may be of.
    fn is_named_properly(&self, peer: &Peer) -> bool {
        self.domains.iter().any(|domain| locator::is_below(&peer.host, domain))
    }

    async fn search(
        &self,
        stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
        peer: &Peer,
    ) -> Result<RootDse, LdapError> {
        self.deadline.limit(|| format!("waiting for the rootDSE of {peer}"), root_dse(stream)).await?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::settings::Trust;
    use crate::x509::chain::tests::{Template, certificate};
    use tokio::net::TcpSocket;

    fn probe(domains: &[&str]) -> DirectoryProbe {
        DirectoryProbe {
            resolver: Resolver::System,
            family: Family::Any,
            tls: None,
            domains: domains.iter().map(|domain| (*domain).to_owned()).collect(),
            now: 86_400,
            deadline: Deadline::new(Instant::now(), Duration::from_secs(60)),
        }
    }

    #[test]
    fn a_controller_that_refuses_is_known_by_the_address_that_was_asked() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (outcome, address) = runtime.block_on(async {
            // Kept, so that nobody else answers there.
            let socket = TcpSocket::new_v4().unwrap();
            socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
            let address = socket.local_addr().unwrap();
            let controller = Endpoint { host: "127.0.0.1".to_owned(), port: address.port() };
            (probe(&[]).ask(&controller).await, address)
        });
        assert_eq!(outcome.result.unwrap_err().class, Class::Refused);
        assert_eq!(outcome.peer.map(|peer| peer.address), Some(address));
    }

    /// How TLS is spoken to a controller of this name.
    fn settings(name: &str, name_is_explicit: bool, trust: Trust) -> TlsSettings {
        TlsSettings { name_is_explicit, trust, ..TlsSettings::of_a_test(name) }
    }

    #[test]
    fn a_controller_that_dns_named_has_a_certificate_for_the_domain_or_for_its_own_name() {
        let judged = |domains: &[&str], names: &[&str], settings: &TlsSettings| {
            let chain = Chain::single(certificate(Template { names, ..Template::default() }));
            let verdict =
                if matches!(settings.trust, Trust::NotJudged) { Verdict::NotJudged } else { Verdict::AnchorItself };
            let judgement = probe(domains).judge(&chain, &verdict, settings);
            let is_mismatch = judgement.failures.iter().any(|failure| failure.class == Class::NameMismatch);
            (is_mismatch, judgement.remarks.iter().any(|remark| remark.contains("for its own name")))
        };
        let domains = ["a.example", "b.example"];
        let own = settings("dc1.a.example", false, Trust::System);
        assert_eq!(judged(&domains, &["b.example"], &own), (false, false));
        assert_eq!(judged(&domains, &["dc1.a.example"], &own), (false, true));
        assert_eq!(judged(&domains, &["dc2.a.example"], &own), (true, false));
        // Of one that was named by hand only that name counts.
        assert_eq!(judged(&[], &["dc1.a.example"], &own), (false, false));
        let explicit = settings("dc1.a.example", true, Trust::System);
        assert_eq!(judged(&domains, &["a.example"], &explicit), (true, false));
        assert_eq!(judged(&domains, &["dc1.a.example"], &explicit), (false, false));
        assert_eq!(judged(&domains, &["x"], &settings("dc1.a.example", false, Trust::NotJudged)), (false, false));
    }

    #[test]
    fn a_controller_is_named_properly_below_a_domain_that_it_may_be_of() {
        let peer = |host: &str| Peer { host: host.to_owned(), address: "192.0.2.7:636".parse().unwrap() };
        let is = |domains: &[&str], host: &str| probe(domains).is_named_properly(&peer(host));
        assert!(is(&["a.example", "b.example"], "dc1.b.example"));
        assert!(!is(&["a.example"], "dc1.b.example") && !is(&[], "dc1.a.example"));
    }
}
