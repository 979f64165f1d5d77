//! Which records does a name have? Asking the nameservers themselves, for what the system's resolver cannot tell.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use futures_util::future::{Either, select};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{timeout, timeout_at};

use super::dns::{BadName, DnsAnswer, DnsMessageError, DnsQuestion, DnsRecord, RecordType};
use super::family::Family;
use super::source::Source;
use super::{NetError, Peer, tcp, udp};
use crate::platform::random::{self, NoRandomness};
use crate::report::{Class, Failure};
use crate::time::deadline::{Deadline, Expired};

/// The nameservers to ask, in their order; never empty.
#[derive(Clone, Debug)]
pub struct Nameservers {
    servers: Vec<SocketAddr>,
    /// Which of them answered last, and is asked first therefore: a dead one costs its time once in a run, not once for
    /// each question. What is cloned shares it.
    first: Arc<AtomicUsize>,
}

/// Why a name has no answer.
#[derive(Debug, thiserror::Error)]
pub enum DnsError {
    /// Nobody to ask.
    #[error("no nameserver in {}: expected --dns-server", platform::SETTINGS)]
    NoServer,
    /// Not a name.
    #[error(transparent)]
    BadName(#[from] BadName),
    /// No identifier that a stranger cannot guess.
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    /// The deadline passed; nobody had answered.
    #[error(transparent)]
    Expired(#[from] Expired),
    /// Every nameserver failed.
    #[error("cannot look up {record_type} of '{name}' at {server}: {source}")]
    Failed {
        /// The type asked for.
        record_type: RecordType,
        /// The name asked for.
        name: String,
        /// The last one asked.
        server: SocketAddr,
        /// What was wrong with its answer.
        source: Box<ServerError>,
    },
    /// An address of the other family, or none at all.
    #[error("'{0}' has no address")]
    NoAddress(String),
}

/// Why one nameserver did not answer.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// The network.
    #[error(transparent)]
    Net(#[from] NetError),
    /// Its answer.
    #[error(transparent)]
    Message(#[from] DnsMessageError),
    /// Its silence, but for answers over UDP that could not be read.
    #[error("nothing but a malformed answer within its share of the deadline")]
    Unreadable,
    /// Its silence.
    #[error("no answer within its share of the deadline")]
    Silent,
}

impl ServerError {
    /// Whether it is this host that lacks something.
    fn is_local(&self) -> bool {
        matches!(self, Self::Net(error) if error.class() == Class::Local)
    }
}

impl From<DnsError> for Failure {
    fn from(error: DnsError) -> Self {
        match &error {
            DnsError::Expired(_) => Self { advice: error.advice(), ..Self::expired_in_look_up(&error) },
            DnsError::NoRandomness(_) => Self::caused_by(Class::Local, &error),
            DnsError::Failed { source, .. } if source.is_local() => Self::caused_by(Class::Local, &error),
            _ => Self { advice: error.advice(), ..Self::caused_by(Class::Dns, &error) },
        }
    }
}

impl DnsError {
    /// What to do, where it is not about the name.
    fn advice(&self) -> Option<&'static str> {
        match self {
            Self::NoServer => Some("Say with --dns-server whom to ask."),
            Self::Failed { source, .. } if matches!(**source, ServerError::Message(_)) => Some(ADVICE_ON_REFUSING),
            Self::Failed { .. } | Self::Expired(_) => Some(ADVICE_ON_SILENT_NAMESERVERS),
            Self::BadName(_) | Self::NoRandomness(_) | Self::NoAddress(_) => None,
        }
    }
}

impl Nameservers {
    /// Those that were given, or the system's.
    pub fn new(given: &[SocketAddr]) -> Result<Self, DnsError> {
        let servers = if given.is_empty() { platform::nameservers() } else { given.to_vec() };
        if servers.is_empty() { Err(DnsError::NoServer) } else { Ok(Self { servers, first: Arc::default() }) }
    }

    /// The records of the absolute `name`. Each nameserver gets a second, then two, and so on until the deadline; one that
    /// only malformed answers came from, not more than two turns.
    pub(crate) async fn records(
        &self,
        name: &str,
        record_type: RecordType,
        deadline: &Deadline,
    ) -> Result<Vec<DnsRecord>, DnsError> {
        let stage = || format!("looking up {record_type} of '{name}'");
        deadline.limit(stage, self.ask_in_turns(name, record_type, deadline)).await?
    }

    /// The addresses of the absolute `name`, IPv4 first; never empty. Both kinds are asked for at the same time, and what
    /// keeps us from those of one does not hide those of the other: some nameservers fail on AAAA, or are silent.
    pub(crate) async fn addresses(
        &self,
        name: &str,
        family: Family,
        deadline: &Deadline,
    ) -> Result<Vec<IpAddr>, DnsError> {
        let look_up = async |record_type, other| match family == other {
            true => Ok(Vec::new()),
            false => self.records(name, record_type, deadline).await,
        };
        let v4 = pin!(look_up(RecordType::A, Family::V6));
        let v6 = pin!(look_up(RecordType::Aaaa, Family::V4));
        let both = match select(v4, v6).await {
            Either::Left((v4, v6)) => {
                let v6 = beside(&v4, v6).await;
                [v4, v6]
            }
            Either::Right((v6, v4)) => [beside(&v6, v4).await, v6],
        };
        let (mut addresses, mut problem) = (Vec::new(), DnsError::NoAddress(name.to_owned()));
        for records in both {
            match records {
                Ok(records) => addresses.extend(records.into_iter().filter_map(address)),
                Err(error) => problem = error,
            }
        }
        if addresses.is_empty() { Err(problem) } else { Ok(addresses) }
    }

    async fn ask_in_turns(
        &self,
        name: &str,
        record_type: RecordType,
        deadline: &Deadline,
    ) -> Result<Vec<DnsRecord>, DnsError> {
        let mut servers = self.servers.clone();
        servers.rotate_left(self.first.load(Ordering::Relaxed));
        let mut share = FIRST_SHARE;
        let mut malformed = Vec::new();
        loop {
            let mut silent = Vec::new();
            let mut last = None;
            for server in servers {
                let question = DnsQuestion::new(random::u16()?, name, record_type)?;
                match ask(server, &question, share, deadline).await {
                    Ok(records) => {
                        let place = self.servers.iter().position(|known| *known == server);
                        self.first.store(place.unwrap_or(0), Ordering::Relaxed);
                        return Ok(records);
                    }
                    Err(ServerError::Silent) => silent.push(server),
                    // Whoever guessed the identifier may have sent it, and the nameserver's own answer be lost.
                    Err(ServerError::Unreadable) if !malformed.contains(&server) => {
                        malformed.push(server);
                        silent.push(server);
                    }
                    Err(error) => last = Some((server, error)),
                }
            }
            if let ([], Some((server, source))) = (silent.as_slice(), last) {
                let (name, source) = (name.to_owned(), Box::new(source));
                return Err(DnsError::Failed { record_type, name, server, source });
            }
            // Who was silent may only have lost a packet; who failed will fail again.
            servers = silent;
            share = share.saturating_mul(2);
        }
    }
}

/// Waits for `other`: where `first` found something already, no longer than for one turn, and takes it for nothing then.
async fn beside(
    first: &Result<Vec<DnsRecord>, DnsError>,
    other: impl Future<Output = Result<Vec<DnsRecord>, DnsError>>,
) -> Result<Vec<DnsRecord>, DnsError> {
    match first {
        Ok(found) if !found.is_empty() => timeout(FIRST_SHARE, other).await.unwrap_or_else(|_| Ok(Vec::new())),
        _ => other.await,
    }
}

fn address(record: DnsRecord) -> Option<IpAddr> {
    if let DnsRecord::Address(address) = record { Some(address) } else { None }
}

/// Asks one nameserver, over UDP and if need be over TCP, for `share` at the longest.
async fn ask(
    server: SocketAddr,
    question: &DnsQuestion,
    share: Duration,
    deadline: &Deadline,
) -> Result<Vec<DnsRecord>, ServerError> {
    let peer = Peer { host: server.ip().to_string(), address: server };
    let query = question.encode().map_err(|_| DnsMessageError::Malformed)?;
    let until = Instant::now() + share;
    let over_tcp = match ask_udp(&peer, &query, question, until).await? {
        DnsAnswer::Records(records) => return Ok(records),
        DnsAnswer::Truncated => ask_tcp(&peer, &query, question, deadline),
    };
    match timeout_at(until.into(), over_tcp).await.map_err(|_| ServerError::Silent)?? {
        DnsAnswer::Records(records) => Ok(records),
        DnsAnswer::Truncated => Err(DnsMessageError::Malformed.into()),
    }
}

async fn ask_udp(peer: &Peer, query: &[u8], question: &DnsQuestion, until: Instant) -> Result<DnsAnswer, ServerError> {
    let failed = |error| NetError::from_io(error, peer, "asking", "instead of answering");
    let socket = udp::connect(peer, Source::default()).await?;
    socket.send(query).await.map_err(failed)?;
    let mut message = vec![0; MAX_UDP];
    let mut heard = ServerError::Silent;
    while let Ok(received) = timeout_at(until.into(), socket.recv(&mut message)).await {
        match question.read(&message[..received.map_err(failed)?]) {
            Err(DnsMessageError::Stray) => {}
            // The right answer may still come.
            Err(DnsMessageError::Malformed) => heard = ServerError::Unreadable,
            answer => return Ok(answer?),
        }
    }
    Err(heard)
}

async fn ask_tcp(
    peer: &Peer,
    query: &[u8],
    question: &DnsQuestion,
    deadline: &Deadline,
) -> Result<DnsAnswer, ServerError> {
    let failed = |error: io::Error| NetError::from_io(error, peer, "asking", "instead of answering");
    let mut stream = tcp::connect(peer, Source::default(), deadline, deadline.remaining(Instant::now())).await?;
    let length = u16::try_from(query.len()).map_err(|_| DnsMessageError::Malformed)?;
    stream.write_all(&[&length.to_be_bytes(), query].concat()).await.map_err(failed)?;
    let length = stream.read_u16().await.map_err(failed)?;
    let mut message = vec![0; length.into()];
    stream.read_exact(&mut message).await.map_err(failed)?;
    Ok(question.read(&message)?)
}

#[cfg(unix)]
mod platform {
    use std::net::{IpAddr, SocketAddr};
    use std::path::Path;

    use super::{MAX_SERVERS, PORT};
    use crate::input::file;

    pub(super) const SETTINGS: &str = "/etc/resolv.conf";

    /// Those of resolv.conf, as `resolv.conf(5)` reads it; where there is no such file, none.
    pub(super) fn nameservers() -> Vec<SocketAddr> {
        let text = file::read(Path::new(SETTINGS), MAX_RESOLV_CONF).unwrap_or_default();
        read_from(&String::from_utf8_lossy(&text))
    }

    pub(super) fn read_from(resolv_conf: &str) -> Vec<SocketAddr> {
        let address = |line: &str| {
            let mut words = line.split_ascii_whitespace();
            (words.next()? == "nameserver").then(|| words.next()?.parse::<IpAddr>().ok()).flatten()
        };
        let addresses = resolv_conf.lines().filter_map(address);
        addresses.take(MAX_SERVERS).map(|address| SocketAddr::new(address, PORT)).collect()
    }

    const MAX_RESOLV_CONF: u64 = 64 * 1024;
}

#[cfg(windows)]
mod platform {
    use std::net::SocketAddr;

    use super::{MAX_SERVERS, PORT};
    use crate::platform::windows::adapter;

    pub(super) const SETTINGS: &str = "the settings of the network adapters";

    /// Those of the adapters, in the order of the system's own preference; where it tells nothing, none.
    pub(super) fn nameservers() -> Vec<SocketAddr> {
        let mut servers: Vec<SocketAddr> = Vec::new();
        for mut server in adapter::nameservers().unwrap_or_default() {
            server.set_port(PORT);
            if !servers.contains(&server) {
                servers.push(server);
            }
        }
        servers.truncate(MAX_SERVERS);
        servers
    }
}

/// The nameservers' port.
pub(crate) const PORT: u16 = 53;

/// What to do where no nameserver answers.
pub(super) const ADVICE_ON_SILENT_NAMESERVERS: &str = "Nobody was asked but nameservers, and they do not answer in time. Check those of the host that runs this check (resolv.conf, \
     or the settings of its adapters; with --dns-server the one given), and whether UDP and TCP to port 53 get there.";

const ADVICE_ON_REFUSING: &str = "The nameserver answers, and refuses or fails: it need not know the domain, or answer this \
                                  host (recursion, access lists). Ask it by hand (nslookup -type=SRV NAME SERVER), or another \
                                  one with --dns-server.";

const MAX_SERVERS: usize = 3;
const FIRST_SHARE: Duration = Duration::from_secs(1);
const MAX_UDP: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn the_first_three_nameservers_of_resolv_conf() {
        let text = "# c\nsearch example.com\nnameserver 192.0.2.1\n nameserver\t2001:db8::1\nnameserver fe80::1%eth0\n\
                    ;nameserver 192.0.2.9\nnameserver\nnameserver 192.0.2.2\nnameserver 192.0.2.3\n";
        let expected = ["192.0.2.1:53", "[2001:db8::1]:53", "192.0.2.2:53"].map(|text| text.parse().unwrap());
        assert_eq!(platform::read_from(text), expected);
    }

    #[cfg(unix)]
    #[test]
    fn the_nameservers_of_the_system_are_those_of_its_file() {
        let text = std::fs::read_to_string(platform::SETTINGS).unwrap_or_default();
        assert_eq!(platform::nameservers(), platform::read_from(&text));
    }

    #[test]
    fn where_nothing_was_found_yet_the_other_kind_of_address_is_waited_for_without_a_clock() {
        // It has no timers: whoever sets one panics.
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let found = DnsRecord::Address(IpAddr::from([192, 0, 2, 7]));
        for first in [Ok(Vec::new()), Err(DnsError::NoServer)] {
            let other = async { Ok(vec![found.clone()]) };
            assert_eq!(runtime.block_on(beside(&first, other)).unwrap(), std::slice::from_ref(&found));
        }
    }

    #[test]
    fn a_lack_of_randomness_is_one_of_this_host_and_not_of_dns() {
        assert_eq!(Failure::from(DnsError::NoRandomness(NoRandomness)).class, Class::Local);
        assert_eq!(Failure::from(DnsError::NoServer).class, Class::Dns);
    }

    #[test]
    fn what_a_nameserver_did_decides_what_is_advised() {
        let failure = |source: ServerError| {
            let (name, server) = ("example.com".to_owned(), "192.0.2.7:53".parse().unwrap());
            let source = Box::new(source);
            let failure = Failure::from(DnsError::Failed { record_type: RecordType::Srv, name, server, source });
            assert!(failure.summary.starts_with("cannot look up SRV of 'example.com' at 192.0.2.7:53"));
            (failure.class, failure.advice)
        };
        let peer = Peer { host: "x".to_owned(), address: "192.0.2.7:53".parse().unwrap() };
        let local = NetError::from_io(io::ErrorKind::OutOfMemory.into(), &peer, "asking", "");
        assert_eq!(failure(local.into()), (Class::Local, None));
        assert_eq!(failure(NetError::Refused { peer }.into()), (Class::Dns, Some(ADVICE_ON_SILENT_NAMESERVERS)));
        assert_eq!(failure(ServerError::Silent), (Class::Dns, Some(ADVICE_ON_SILENT_NAMESERVERS)));
        assert_eq!(failure(DnsMessageError::Malformed.into()), (Class::Dns, Some(ADVICE_ON_REFUSING)));
    }

    #[test]
    fn an_expired_deadline_is_dns_and_timeout_as_well() {
        let expired = DnsError::from(Deadline::new(Instant::now(), Duration::from_secs(1)).expired_during("x"));
        let failure = Failure::from(expired);
        assert_eq!((failure.class, failure.as_well), (Class::Dns, Some(Class::Timeout)));
    }
}
