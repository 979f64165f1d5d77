//! Which UDP socket leads to a peer? Connected, so that an ICMP refusal is heard and strangers are not.

use std::net::{IpAddr, SocketAddr};

use tokio::net::UdpSocket;

use super::{NetError, Peer, unspecified};

/// A socket that sends to `peer` and hears only it.
pub(crate) async fn connect(peer: &Peer, source: Option<IpAddr>) -> Result<UdpSocket, NetError> {
    let local = source.unwrap_or_else(|| unspecified(peer.address));
    let socket = UdpSocket::bind(SocketAddr::new(local, 0))
        .await
        .map_err(|error| NetError::Source { address: local, source: error })?;
    let connected = socket.connect(peer.address).await;
    connected.map_err(|error| NetError::from_io(error, peer, "connecting to", ""))?;
    Ok(socket)
}
