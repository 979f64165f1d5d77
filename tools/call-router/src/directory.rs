//! What does a domain controller say of itself? Its rootDSE, synchronized or not, to anybody who asks.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::thread;

/// Serves a rootDSE on a free loopback port until the process ends. Every length in it is below 128.
pub fn start(is_synchronized: bool) -> std::io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let synchronized = if is_synchronized { "TRUE" } else { "FALSE" };
    let attributes = [
        ("isSynchronized", synchronized),
        ("isGlobalCatalogReady", "TRUE"),
        ("defaultNamingContext", "DC=example,DC=com"),
    ];
    let answer = answer(&attributes);
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut request = [0; 1024];
            let asked = stream.read(&mut request);
            // A check that hangs up early is its own judge.
            let _ = asked.and_then(|_| stream.write_all(&answer)).and_then(|()| stream.read(&mut request));
        }
    });
    Ok(address)
}

/// SearchResultEntry and SearchResultDone (RFC 4511 4.5.2) to the first message of a connection.
fn answer(attributes: &[(&str, &str)]) -> Vec<u8> {
    let attributes = attributes.iter().flat_map(|(name, value)| {
        element(0x30, &[element(0x04, name.as_bytes()), element(0x31, &element(0x04, value.as_bytes()))].concat())
    });
    let entry = element(0x64, &[element(0x04, b""), element(0x30, &attributes.collect::<Vec<_>>())].concat());
    let done = element(0x65, b"\x0a\x01\x00\x04\x00\x04\x00");
    [entry, done]
        .iter()
        .flat_map(|operation| element(0x30, &[b"\x02\x01\x01", operation.as_slice()].concat()))
        .collect()
}

fn element(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = u8::try_from(content.len()).unwrap_or(u8::MAX);
    let header = if length < 128 { vec![tag, length] } else { vec![tag, 0x81, length] };
    [header, content.to_vec()].concat()
}
