//! How do bytes get to a peer and back? One way for each transport, once it is connected.

use std::io;
use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::tcp::Acknowledging;
use crate::report::Failure;

/// A way to the peer and back, already connected.
pub(crate) trait Channel {
    /// Whether it delivers a stream of bytes, in order and by itself; otherwise datagrams, each at its own risk.
    const IS_STREAM: bool;

    fn send(&mut self, bytes: &[u8]) -> impl Future<Output = io::Result<()>>;

    /// Sends to another address than the peer's, where that is possible: else to the peer.
    fn send_to(&mut self, bytes: &[u8], _: SocketAddr) -> impl Future<Output = io::Result<()>> {
        self.send(bytes)
    }

    /// Appends what arrives to `buffer`, a datagram or a piece of the stream, and says how much it was; 0 is the end of a
    /// stream. Must lose nothing when it is dropped half-way.
    fn receive(&mut self, buffer: &mut Vec<u8>) -> impl Future<Output = io::Result<usize>>;

    /// Takes leave of the peer, as far as its protocol wants that.
    fn close(&mut self) -> impl Future<Output = ()> {
        std::future::ready(())
    }

    /// Who sent what was received last, where that is not the peer itself.
    fn stranger(&self) -> Option<SocketAddr> {
        None
    }

    /// What an error of `send` or `receive` means, where it is about more than the network. An end of the stream counts as
    /// [`io::ErrorKind::UnexpectedEof`].
    fn explain(&self, _: &io::Error) -> Option<Failure> {
        None
    }
}

impl Channel for TcpStream {
    const IS_STREAM: bool = true;

    async fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.write_all(bytes).await
    }

    async fn receive(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        self.acknowledge_at_once();
        self.read_buf(buffer).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sent_on_a_connection_is_received_behind_what_was_there_and_its_end_is_nothing() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
            let mut sender = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
            let (mut receiver, _) = listener.accept().await.unwrap();
            Channel::send(&mut sender, b"cd").await.unwrap();
            let mut buffer = b"ab".to_vec();
            assert_eq!(Channel::receive(&mut receiver, &mut buffer).await.unwrap(), 2);
            assert_eq!(buffer, b"abcd");
            drop(sender);
            assert_eq!(Channel::receive(&mut receiver, &mut buffer).await.unwrap(), 0);
        });
    }
}
