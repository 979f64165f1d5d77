//! Does a TCP peer accept? Connecting to one address, or to the first of several that connects.

use std::time::{Duration, Instant};

use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use super::source::Source;
use super::{NetError, Peer};
use crate::time::deadline::Deadline;
use crate::time::words::seconds;

/// A connection to the first address that accepted.
#[derive(Debug)]
pub(crate) struct Connected {
    pub stream: TcpStream,
    /// The address that accepted.
    pub peer: Peer,
    /// How long that one attempt took.
    pub took: Duration,
    /// Those that were tried before and failed.
    pub failed: Vec<NetError>,
}

/// Tries `peers` in their order until one connects; each has an equal share of what is left of the deadline, so that a
/// first address which swallows packets does not hide a second one that works.
pub(crate) async fn connect_first(peers: &[Peer], source: Source, deadline: &Deadline) -> Result<Connected, NetError> {
    let mut failed = Vec::new();
    for (index, peer) in peers.iter().enumerate() {
        let left = u32::try_from(peers.len() - index).unwrap_or(u32::MAX);
        let started = Instant::now();
        match connect(peer, source, deadline, deadline.remaining(started) / left).await {
            Ok(stream) => return Ok(Connected { stream, peer: peer.clone(), took: started.elapsed(), failed }),
            Err(error) => failed.push(error),
        }
    }
    Err(NetError::of_all(peers, failed))
}

/// Connects to one address within `share`, which ends no later than the deadline.
pub(crate) async fn connect(
    peer: &Peer,
    source: Source,
    deadline: &Deadline,
    share: Duration,
) -> Result<TcpStream, NetError> {
    let socket = socket(peer, source)?;
    let is_last = share >= deadline.remaining(Instant::now());
    let stream = match timeout(share, socket.connect(peer.address)).await {
        Ok(connected) => connected.map_err(|error| source.unconnected(error, peer))?,
        Err(_) if !is_last => {
            return Err(NetError::NoAnswer { peer: peer.clone(), waited: seconds(share) });
        }
        Err(_) => {
            let expired = deadline.expired_during(format!("connecting to {peer}"));
            return Err(NetError::Unconnected { peer: peer.clone(), expired });
        }
    };
    // A request is one small segment: nothing is gained by waiting for more.
    let _ = stream.set_nodelay(true);
    Ok(stream)
}

/// Drops what still comes, until the peer has closed, too, or [`LINGER`] has passed. To be called when we have closed our
/// direction: a connection given up with something unread is reset (RFC 1122 4.2.2.13), which servers log as an error.
pub(crate) async fn drain(stream: &mut (impl AsyncRead + Unpin)) {
    let mut buffer = Vec::with_capacity(4 * 1024);
    let draining = async {
        while matches!(stream.read_buf(&mut buffer).await, Ok(1..)) {
            buffer.clear();
        }
    };
    let _ = timeout(LINGER, draining).await;
}

/// A stream whose system can be told to acknowledge at once what arrives next.
pub(crate) trait Acknowledging {
    /// Holds no acknowledgement back. A server that writes in two pieces, such as session tickets and an answer, and waits
    /// for one to be acknowledged before it sends the other (Nagle's algorithm), would be measured 40 ms slower than it is.
    /// Holds for what comes next only: the system forgets it.
    fn acknowledge_at_once(&self) {}
}

impl Acknowledging for TcpStream {
    fn acknowledge_at_once(&self) {
        #[cfg(any(target_os = "linux", target_os = "android"))]
        let _ = self.set_quickack(true);
    }
}

fn socket(peer: &Peer, source: Source) -> Result<TcpSocket, NetError> {
    let created = if peer.address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
    let socket = created.map_err(|error| NetError::no_socket(error, peer))?;
    if let Some(end) = source.end(peer) {
        // A connection of the last run that is in TIME_WAIT must not keep this one from having the port. On Windows the same
        // option would let two programs have one port.
        #[cfg(unix)]
        if source.port.is_some() {
            socket.set_reuseaddr(true).map_err(|error| NetError::no_socket(error, peer))?;
        }
        socket.bind(end).map_err(|error| source.refused(error, peer))?;
    }
    Ok(socket)
}

/// How long a peer may take to close what we have closed.
const LINGER: Duration = Duration::from_millis(50);

// Elsewhere a listener without room for another connection refuses it.
#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;

    /// A listener without room for another connection, which swallows requests for one.
    struct Silent {
        peer: Peer,
        _listener: tokio::net::TcpListener,
        /// Has the one place that there is.
        _first: TcpStream,
    }

    impl Silent {
        async fn new() -> Self {
            let socket = bound();
            let listener = socket.listen(0).unwrap();
            let address = listener.local_addr().unwrap();
            let first = TcpStream::connect(address).await.unwrap();
            Self { peer: peer(address), _listener: listener, _first: first }
        }
    }

    /// Nobody listens there, and nobody else can.
    fn bound() -> TcpSocket {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
        socket
    }

    fn peer(address: std::net::SocketAddr) -> Peer {
        Peer { host: "cas1.example.com".to_owned(), address }
    }

    fn run<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
    }

    #[test]
    fn no_answer_within_its_share_is_told_from_the_end_of_the_deadline() {
        let (short, long) = (Duration::from_millis(20), Duration::from_secs(60));
        let connected = async |timeout, share| {
            let silent = Silent::new().await;
            let deadline = Deadline::new(Instant::now(), timeout);
            connect(&silent.peer, Source::default(), &deadline, share).await.unwrap_err()
        };
        let error = run(connected(long, short));
        assert!(matches!(error, NetError::NoAnswer { .. }), "{error}");
        let error = run(connected(short, short));
        assert!(matches!(error, NetError::Unconnected { .. }), "{error}");
    }

    #[test]
    fn each_address_has_its_share_of_the_deadline_and_the_last_one_all_that_is_left() {
        let failed = |is_silent_first: bool| {
            run(async {
                let (silent, refusing) = (Silent::new().await, bound());
                let mut peers = vec![silent.peer.clone(), peer(refusing.local_addr().unwrap())];
                if !is_silent_first {
                    peers.reverse();
                }
                let deadline = Deadline::new(Instant::now(), Duration::from_millis(300));
                match connect_first(&peers, Source::default(), &deadline).await {
                    Err(NetError::AllFailed { failed, .. }) => failed,
                    other => panic!("{other:?}"),
                }
            })
        };
        assert!(matches!(failed(true).as_slice(), [NetError::NoAnswer { .. }, NetError::Refused { .. }]));
        assert!(matches!(failed(false).as_slice(), [NetError::Refused { .. }, NetError::Unconnected { .. }]));
    }

    #[test]
    fn what_still_comes_is_dropped_and_the_next_acknowledgement_is_not_held_back() {
        run(async {
            let mut rest = b"more".as_slice();
            drain(&mut rest).await;
            assert_eq!(rest, b"");
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let stream = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            stream.set_quickack(false).unwrap();
            stream.acknowledge_at_once();
            assert!(stream.quickack().unwrap());
        });
    }
}
