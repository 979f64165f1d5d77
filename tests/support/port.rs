//! On which port may a server listen that a test starts?

use std::net::{TcpListener, UdpSocket};
use std::sync::atomic::{AtomicU16, Ordering};

/// A port on which nobody listens, for TCP and UDP alike, given away once by this process. It lies below those that the
/// system takes for connections and for whoever asks for any port: one of these may be somebody else's before the server
/// is up. Zabbix takes no higher one, either.
pub fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = 10_000 + u16::try_from(std::process::id() % 15_000).unwrap();
    loop {
        let port = first + NEXT.fetch_add(1, Ordering::SeqCst) % 7_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() && UdpSocket::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}

/// One on which nobody is going to listen, in words, for `-p`.
pub fn closed_port() -> String {
    free_port().to_string()
}
