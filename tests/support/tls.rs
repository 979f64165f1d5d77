//! Which TLS servers are there to be looked at? OpenSSL's own, and flights made by hand.

#![allow(clippy::unwrap_used, reason = "fails by panic")]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;

use super::host::{self, Server};
use super::port::closed_port;
use super::root;

/// The file of a fixture.
pub fn fixture(name: &str) -> String {
    root().join("tests/fixtures/x509").join(name).to_str().unwrap().to_owned()
}

/// An `openssl s_server`, gone when dropped.
pub struct OpenSsl {
    /// Where it listens.
    pub port: String,
    _server: Server,
}

impl OpenSsl {
    /// Serves the fixture `certificate` with the words of `arguments`, in which a file is as [`host::path`] has it.
    /// `None`, and a note, where OpenSSL is not installed.
    pub fn serve(certificate: &str, arguments: &str) -> Option<Self> {
        let (certificate, key) = (fixture(&format!("{certificate}.pem")), fixture(&format!("{certificate}-key.pem")));
        Self::serve_files(Path::new(&certificate), Path::new(&key), arguments)
    }

    /// Serves the certificate of one file with the key of another.
    pub fn serve_files(certificate: &Path, key: &Path, arguments: &str) -> Option<Self> {
        let port = closed_port();
        let address = format!("127.0.0.1:{port}");
        let (certificate, key) = (host::path(certificate), host::path(key));
        let mut all = vec!["s_server", "-quiet", "-accept", &address, "-cert", &certificate, "-key", &key];
        all.extend(arguments.split_whitespace());
        let server = Server::start("openssl", &all, || TcpStream::connect(&address).is_ok())?;
        Some(Self { port, _server: server })
    }
}

/// The first flight of a TLS 1.0 server with these certificates; with `done`, to its end.
pub fn flight(certificates: &[Vec<u8>], done: bool) -> Vec<u8> {
    let hello = handshake(2, &[&[3, 1], [7; 32].as_slice(), &[0], &[0, 0x2f], &[0]].concat());
    let list: Vec<u8> = certificates.iter().flat_map(|der| [length(der), der.clone()].concat()).collect();
    let certificate = handshake(11, &[length(&list), list].concat());
    let mut messages = [hello, certificate].concat();
    if done {
        messages.extend(handshake(14, &[]));
    }
    let records = messages.chunks(16_000).map(|part| {
        let length = u16::try_from(part.len()).unwrap().to_be_bytes();
        [&[22, 3, 1], length.as_slice(), part].concat()
    });
    records.flatten().collect()
}

/// Reads one TLS record of the other side.
pub fn read_record(stream: &mut TcpStream) -> Vec<u8> {
    let mut header = [0; 5];
    stream.read_exact(&mut header).unwrap();
    let mut body = vec![0; usize::from(u16::from_be_bytes([header[3], header[4]]))];
    stream.read_exact(&mut body).unwrap();
    [header.as_slice(), &body].concat()
}

/// Answers a ClientHello with `bytes`.
pub fn answer_hello(stream: &mut TcpStream, bytes: &[u8]) {
    read_record(stream);
    let _ = stream.write_all(bytes);
}

fn handshake(kind: u8, body: &[u8]) -> Vec<u8> {
    [vec![kind], length(body), body.to_vec()].concat()
}

fn length(bytes: &[u8]) -> Vec<u8> {
    u32::try_from(bytes.len()).unwrap().to_be_bytes()[1..].to_vec()
}
