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
    let stream = match timeout(share, socket.connect(peer.address)).await {
        Ok(connected) => connected.map_err(|error| source.unconnected(error, peer))?,
        Err(_) if share < deadline.remaining(Instant::now()) => {
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

#[cfg(test)]
mod tests {
    use super::*;

    // Elsewhere a listener without room for another connection refuses it.
    #[cfg(target_os = "linux")]
    #[test]
    fn no_answer_within_its_share_is_told_from_the_end_of_the_deadline() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let connected = |timeout: Duration, share: Duration| {
            runtime.block_on(async {
                let socket = TcpSocket::new_v4().unwrap();
                socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
                let listener = socket.listen(0).unwrap();
                let address = listener.local_addr().unwrap();
                // It takes the one place that there is.
                let _first = TcpStream::connect(address).await.unwrap();
                let peer = Peer { host: "cas1.example.com".to_owned(), address };
                let deadline = Deadline::new(Instant::now(), timeout);
                connect(&peer, Source::default(), &deadline, share).await.unwrap_err()
            })
        };
        let (short, long) = (Duration::from_millis(20), Duration::from_secs(60));
        let error = connected(long, short);
        assert!(matches!(error, NetError::NoAnswer { .. }), "{error}");
        let error = connected(short, short);
        assert!(matches!(error, NetError::Unconnected { .. }), "{error}");
    }
}
