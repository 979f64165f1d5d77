//! Which UDP sockets lead to a peer? Connected, so that an ICMP refusal is heard; and beside it, where that is wanted, one
//! that hears who answers from elsewhere.

use std::io;
use std::net::SocketAddr;

use tokio::net::UdpSocket;

use super::channel::Channel;
use super::source::Source;
use super::{NetError, Peer};

/// A socket that sends to `peer` and hears only it.
pub(crate) async fn connect(peer: &Peer, source: Source) -> Result<UdpSocket, NetError> {
    let socket = UdpSocket::bind(source.end_or_any(peer)).await.map_err(|error| source.refused(error, peer))?;
    let connected = socket.connect(peer.address).await;
    connected.map_err(|error| source.unconnected(error, peer))?;
    Ok(socket)
}

/// Sockets that send to the first of `peers` that there is a way to, as far as this host can tell, with those that it is
/// not; `peers` is never empty.
pub(crate) async fn first(peers: &[Peer], source: Source) -> Result<(Datagrams, Peer, Vec<NetError>), NetError> {
    let mut failed = Vec::new();
    for peer in peers {
        match Datagrams::to(peer, source).await {
            Ok(datagrams) => return Ok((datagrams, peer.clone(), failed)),
            Err(error) => failed.push(error),
        }
    }
    Err(NetError::of_all(peers, failed))
}

/// Datagrams to one peer, and from whoever answers: RFC 3581 asks for answers from where the request went, and many do not
/// keep to it.
#[derive(Debug)]
pub(crate) struct Datagrams {
    sockets: platform::Sockets,
    stranger: Option<SocketAddr>,
}

impl Datagrams {
    /// Sockets that send to `peer`.
    pub(crate) async fn to(peer: &Peer, source: Source) -> Result<Self, NetError> {
        Ok(Self { sockets: platform::Sockets::to(peer, source).await?, stranger: None })
    }

    /// The address that they send from.
    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.sockets.local_addr()
    }
}

impl Channel for Datagrams {
    const IS_STREAM: bool = false;

    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.sockets.send(bytes).await.map(|_| ())
    }

    async fn send_to(&mut self, bytes: &[u8], to: SocketAddr) -> io::Result<()> {
        self.sockets.send_to(bytes, to).await.map(|_| ())
    }

    async fn receive(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        loop {
            match self.sockets.receive(buffer).await {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                received => {
                    let (count, stranger) = received?;
                    self.stranger = stranger;
                    return Ok(count);
                }
            }
        }
    }

    fn stranger(&self) -> Option<SocketAddr> {
        self.stranger
    }
}

#[cfg(unix)]
mod platform {
    use std::future::poll_fn;
    use std::io;
    use std::net::SocketAddr;
    use std::pin::pin;
    use std::task::Poll;

    use socket2::{Domain, SockRef, Socket, Type};
    use tokio::io::Interest;
    use tokio::net::UdpSocket;

    use crate::net::source::Source;
    use crate::net::{NetError, Peer};

    /// Two sockets of one address: the system gives what comes from the peer, ICMP included, to the connected one, and
    /// everything else to the other.
    #[derive(Debug)]
    pub(super) struct Sockets {
        connected: UdpSocket,
        /// Not there where the system does not let two sockets have one address.
        open: Option<UdpSocket>,
    }

    impl Sockets {
        pub(super) async fn to(peer: &Peer, source: Source) -> Result<Self, NetError> {
            let connected = super::connect(peer, source).await?;
            let open = open_beside(&connected).ok();
            Ok(Self { connected, open })
        }

        pub(super) fn local_addr(&self) -> io::Result<SocketAddr> {
            self.connected.local_addr()
        }

        pub(super) async fn send(&self, bytes: &[u8]) -> io::Result<usize> {
            self.connected.send(bytes).await
        }

        pub(super) async fn send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<usize> {
            match &self.open {
                Some(open) => open.send_to(bytes, to).await,
                None => self.send(bytes).await,
            }
        }

        /// How much came, and who sent it where that was not the peer.
        pub(super) async fn receive(&self, buffer: &mut Vec<u8>) -> io::Result<(usize, Option<SocketAddr>)> {
            let mut of_peer = pin!(self.connected.ready(OF_PEER));
            let mut of_others = pin!(async {
                match &self.open {
                    Some(open) => open.readable().await,
                    None => std::future::pending().await,
                }
            });
            // The peer comes first: a stranger's flood does not hide its answer.
            let is_peer = poll_fn(|context| match of_peer.as_mut().poll(context) {
                Poll::Ready(ready) => Poll::Ready(ready.map(|_| true)),
                Poll::Pending => of_others.as_mut().poll(context).map(|ready| ready.map(|()| false)),
            });
            match (is_peer.await?, &self.open) {
                (false, Some(open)) => open.try_recv_buf_from(buffer).map(|(count, from)| (count, Some(from))),
                _ => self.receive_of_peer(buffer).map(|count| (count, None)),
            }
        }

        /// What the peer sent, or the error that came instead of it, which makes a socket ready but not readable.
        fn receive_of_peer(&self, buffer: &mut Vec<u8>) -> io::Result<usize> {
            if let Some(error) = self.connected.take_error()? {
                return Err(error);
            }
            let received = self.connected.try_recv_buf(buffer);
            if received.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock) {
                let nothing = || Err::<(), _>(io::ErrorKind::WouldBlock.into());
                let _ = self.connected.try_io(Interest::ERROR, nothing);
            }
            received
        }
    }

    /// A socket of the address that `connected` has. The system shares an address only while every socket of it agrees to
    /// that, whoever they belong to; so both agree for this one moment only, and nobody can join them later.
    fn open_beside(connected: &UdpSocket) -> io::Result<UdpSocket> {
        let address = connected.local_addr()?;
        SockRef::from(connected).set_reuse_address(true)?;
        let open = Socket::new(Domain::for_address(address), Type::DGRAM, None)?;
        open.set_reuse_address(true)?;
        open.set_nonblocking(true)?;
        let bound = open.bind(&address.into());
        SockRef::from(connected).set_reuse_address(false)?;
        open.set_reuse_address(false)?;
        bound?;
        UdpSocket::from_std(open.into())
    }

    const OF_PEER: Interest = Interest::READABLE.add(Interest::ERROR);
}

#[cfg(windows)]
mod platform {
    use std::io;
    use std::net::SocketAddr;

    use tokio::net::UdpSocket;

    use crate::net::source::Source;
    use crate::net::{NetError, Peer, unspecified};

    /// One socket that is not connected: Windows tells it of an ICMP refusal all the same, as of a reset.
    #[derive(Debug)]
    pub(super) struct Sockets {
        open: UdpSocket,
        peer: SocketAddr,
        local: SocketAddr,
    }

    impl Sockets {
        pub(super) async fn to(peer: &Peer, source: Source) -> Result<Self, NetError> {
            // Only a connected socket knows from which address it sends.
            let any_port = Source { port: None, ..source };
            let local = super::connect(peer, any_port).await?.local_addr().map(|address| address.ip());
            let local = local.unwrap_or_else(|_| unspecified(peer.address));
            let bound = UdpSocket::bind(source.end_or_any(peer)).await;
            let open = bound.map_err(|error| source.refused(error, peer))?;
            let port = open.local_addr().map_or(0, |address| address.port());
            Ok(Self { open, peer: peer.address, local: SocketAddr::new(local, port) })
        }

        pub(super) fn local_addr(&self) -> io::Result<SocketAddr> {
            Ok(self.local)
        }

        pub(super) async fn send(&self, bytes: &[u8]) -> io::Result<usize> {
            self.open.send_to(bytes, self.peer).await
        }

        pub(super) async fn send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<usize> {
            self.open.send_to(bytes, to).await
        }

        /// How much came, and who sent it where that was not the peer.
        pub(super) async fn receive(&self, buffer: &mut Vec<u8>) -> io::Result<(usize, Option<SocketAddr>)> {
            let (count, from) = self.open.recv_buf_from(buffer).await.map_err(|error| match error.kind() {
                io::ErrorKind::ConnectionReset => io::ErrorKind::ConnectionRefused.into(),
                _ => error,
            })?;
            let is_peer = from.ip() == self.peer.ip() && from.port() == self.peer.port();
            Ok((count, Some(from).filter(|_| !is_peer)))
        }
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::time::Duration;

    #[cfg(unix)]
    use futures_util::FutureExt;

    use super::*;

    fn run<T>(work: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let limited = async { tokio::time::timeout(Duration::from_secs(20), work).await.unwrap() };
        runtime.block_on(limited)
    }

    async fn datagrams_to(address: SocketAddr) -> Datagrams {
        Datagrams::to(&Peer { host: address.ip().to_string(), address }, Source::default()).await.unwrap()
    }

    #[test]
    fn the_peer_and_strangers_are_heard_and_told_apart() {
        run(async {
            for host in ["127.0.0.1:0", "[::1]:0"] {
                let peer = UdpSocket::bind(host).await.unwrap();
                let stranger = UdpSocket::bind(host).await.unwrap();
                let mut datagrams = datagrams_to(peer.local_addr().unwrap()).await;
                datagrams.send(b"who").await.unwrap();
                let mut buffer = vec![0; 16];
                let (_, from) = peer.recv_from(&mut buffer).await.unwrap();
                assert_eq!(from, datagrams.local_addr().unwrap());
                for (socket, text, expected) in [
                    (&stranger, "not me", Some(stranger.local_addr().unwrap())),
                    (&peer, "me", None),
                    (&stranger, "nor now", Some(stranger.local_addr().unwrap())),
                ] {
                    socket.send_to(text.as_bytes(), from).await.unwrap();
                    let mut heard = Vec::with_capacity(64);
                    assert_eq!(datagrams.receive(&mut heard).await.unwrap(), text.len());
                    assert_eq!((heard.as_slice(), datagrams.stranger()), (text.as_bytes(), expected));
                    datagrams.send_to(b"you", socket.local_addr().unwrap()).await.unwrap();
                    assert_eq!(socket.recv_from(&mut buffer).await.unwrap(), (3, from));
                }
            }
        });
    }

    #[test]
    fn refused_when_nobody_listens() {
        run(async {
            let gone = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
            let mut datagrams = datagrams_to(gone).await;
            datagrams.send(b"who").await.unwrap();
            let error = datagrams.receive(&mut Vec::with_capacity(64)).await.unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
        });
    }

    /// As long as nothing else comes there is nothing to do: an error that was taken does not keep the socket ready.
    #[cfg(unix)]
    #[test]
    fn a_refusal_is_told_once_and_then_waited_for() {
        let (told, waits) = std::sync::mpsc::channel();
        // Who asks again and again has no end.
        std::thread::spawn(move || {
            run(async {
                let gone = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
                let mut datagrams = datagrams_to(gone).await;
                datagrams.send(b"who").await.unwrap();
                let mut buffer = Vec::with_capacity(64);
                assert!(datagrams.receive(&mut buffer).await.is_err());
                told.send(datagrams.receive(&mut buffer).now_or_never().is_none()).unwrap();
            });
        });
        assert_eq!(waits.recv_timeout(Duration::from_secs(20)), Ok(true));
    }

    #[test]
    fn nobody_else_can_share_the_address_of_a_run() {
        run(async {
            let peer = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
            let datagrams = datagrams_to(peer).await;
            let port = datagrams.local_addr().unwrap().port();
            for host in ["127.0.0.1", "0.0.0.0"] {
                let address: SocketAddr = format!("{host}:{port}").parse().unwrap();
                let thief = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None).unwrap();
                thief.set_reuse_address(true).unwrap();
                assert_eq!(thief.bind(&address.into()).unwrap_err().kind(), io::ErrorKind::AddrInUse, "{host}");
            }
        });
    }

    #[test]
    fn the_address_of_one_run_is_never_that_of_another() {
        run(async {
            let peer = UdpSocket::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
            let mut all = Vec::new();
            for _ in 0..200 {
                all.push(datagrams_to(peer).await);
            }
            let mut ports: Vec<_> = all.iter().map(|each| each.local_addr().unwrap().port()).collect();
            ports.sort_unstable();
            ports.dedup();
            assert_eq!(ports.len(), all.len());
        });
    }
}
