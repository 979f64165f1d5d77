//! Does anything arrive where media is expected? A pair of ports that is open, so that no ICMP goes back; what comes is counted.

use std::io;
use std::net::{IpAddr, SocketAddr};

use tokio::net::UdpSocket;

/// Ports for RTP and RTCP (RFC 3550 11), open until dropped.
#[derive(Debug)]
pub(crate) struct MediaPort {
    rtp: UdpSocket,
    /// The odd one behind it; not there where somebody else has it.
    _rtcp: Option<UdpSocket>,
    /// Datagrams that arrived.
    pub packets: u32,
}

impl MediaPort {
    /// An even port of `local` that nobody has, with its neighbour if that is free.
    pub(crate) async fn open(local: IpAddr) -> io::Result<Self> {
        let mut rtp = UdpSocket::bind(SocketAddr::new(local, 0)).await?;
        for _ in 0..ATTEMPTS {
            let port = rtp.local_addr()?.port();
            if port % 2 == 0
                && let Ok(rtcp) = UdpSocket::bind(SocketAddr::new(local, port + 1)).await
            {
                return Ok(Self { rtp, _rtcp: Some(rtcp), packets: 0 });
            }
            // The old one is kept until there is another, or the system would give it again.
            rtp = UdpSocket::bind(SocketAddr::new(local, 0)).await?;
        }
        Ok(Self { rtp, _rtcp: None, packets: 0 })
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.rtp.local_addr()
    }

    /// Counts and discards what has arrived, and waits until something does.
    pub(crate) async fn receive(&mut self) {
        // Whatever it is and however long: the rest of a datagram that does not fit is discarded, too.
        let mut buffer = [0; 16];
        if self.rtp.readable().await.is_err() {
            return std::future::pending().await;
        }
        for _ in 0..AT_ONCE {
            match self.rtp.try_recv(&mut buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                // Windows says of a datagram that was longer than the buffer that it is an error.
                Ok(_) | Err(_) => self.packets = self.packets.saturating_add(1),
            }
        }
    }
}

/// How often another pair of ports is tried.
const ATTEMPTS: u32 = 16;

/// How many datagrams are counted before anything else is looked at.
const AT_ONCE: u32 = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_arrives_is_counted_and_gone() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let mut media = MediaPort::open("127.0.0.1".parse().unwrap()).await.unwrap();
            // One pair among so many is free, or the machine has no ports left.
            let [rtp, rtcp] =
                [Some(&media.rtp), media._rtcp.as_ref()].map(|socket| socket.unwrap().local_addr().unwrap());
            assert_eq!((rtp.port() % 2, rtcp.port()), (0, rtp.port() + 1));
            let sender = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            for size in [0, 12, 1_400] {
                sender.send_to(&vec![0; size], media.local_addr().unwrap()).await.unwrap();
            }
            while media.packets < 3 {
                media.receive().await;
            }
            assert_eq!(media.packets, 3);
        });
    }
}
