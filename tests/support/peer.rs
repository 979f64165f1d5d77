//! Which peers misbehave, and how? Scripted loopback servers, each on a free port, gone when dropped.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// A listener that gives every connection to its script, in a thread of its own.
pub struct Peer {
    pub address: SocketAddr,
    stop: Arc<AtomicBool>,
}

impl Peer {
    /// A TCP peer.
    pub fn tcp(script: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        Self::tcp_on("127.0.0.1:0", script)
    }

    /// A TCP peer on an address of the caller's.
    pub fn tcp_on(address: &str, script: impl Fn(TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let peer = Self { address: listener.local_addr().unwrap(), stop: Arc::default() };
        let (stop, script) = (Arc::clone(&peer.stop), Arc::new(script));
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                let script = Arc::clone(&script);
                thread::spawn(move || script(stream));
            }
        });
        peer
    }

    /// A UDP peer: `script` makes the answers to each datagram.
    pub fn udp(script: impl Fn(&str) -> Vec<Vec<u8>> + Send + 'static) -> Self {
        Self::udp_on("127.0.0.1:0", script)
    }

    /// A UDP peer on an address of the caller's.
    pub fn udp_on(address: &str, script: impl Fn(&str) -> Vec<Vec<u8>> + Send + 'static) -> Self {
        let socket = UdpSocket::bind(address).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let peer = Self { address: socket.local_addr().unwrap(), stop: Arc::default() };
        let stop = Arc::clone(&peer.stop);
        thread::spawn(move || {
            let mut buffer = [0; 65_536];
            while !stop.load(Ordering::SeqCst) {
                let Ok((count, from)) = socket.recv_from(&mut buffer) else { continue };
                for answer in script(&String::from_utf8_lossy(&buffer[..count])) {
                    let _ = socket.send_to(&answer, from);
                }
            }
        });
        peer
    }

    /// A TCP peer that reads a request and answers it with what `answer` makes of it, then waits for the other side to close.
    pub fn answering(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Self::tcp(move |mut stream| {
            while let Some(request) = read_request(&mut stream) {
                if stream.write_all(&answer(&request)).is_err() {
                    break;
                }
            }
        })
    }

    /// The port in words, for `-p`.
    pub fn port(&self) -> String {
        self.address.port().to_string()
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the listener up; for a UDP peer its time limit does.
        let _ = TcpStream::connect_timeout(&self.address, Duration::from_millis(50));
    }
}

/// One request up to its blank line; `None` at the end of the stream.
pub fn read_request(stream: &mut impl Read) -> Option<String> {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        request.push(byte[0]);
    }
    Some(String::from_utf8_lossy(&request).into_owned())
}

/// A response to `request` as a correct server makes it: `status_line` and `more` header lines are the caller's.
pub fn response(request: &str, status_line: &str, more: &str) -> Vec<u8> {
    let copied = ["Via", "From", "To", "Call-ID", "CSeq"].map(|name| {
        let prefix = format!("{name}: ");
        request.lines().find(|line| line.starts_with(&prefix)).map_or_else(String::new, |line| format!("{line}\r\n"))
    });
    format!("{status_line}\r\n{}{more}Content-Length: 0\r\n\r\n", copied.concat()).into_bytes()
}
