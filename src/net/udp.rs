//! Which UDP socket leads to a peer? Connected, so that an ICMP refusal is heard and strangers are not.

use std::net::{IpAddr, SocketAddr};

use tokio::net::UdpSocket;

use super::{NetError, Peer};

/// A socket that sends to `peer` and hears only it.
pub(crate) async fn connect(peer: &Peer, source: Option<IpAddr>) -> Result<UdpSocket, NetError> {
    let unspecified = if peer.address.is_ipv4() { IpAddr::from([0; 4]) } else { IpAddr::from([0; 16]) };
    let local = source.unwrap_or(unspecified);
    let socket = UdpSocket::bind(SocketAddr::new(local, 0))
        .await
        .map_err(|error| NetError::Source { address: local, source: error })?;
    let connected = socket.connect(peer.address).await;
    connected.map_err(|error| NetError::from_io(error, peer, "connecting to", ""))?;
    Ok(socket)
}
