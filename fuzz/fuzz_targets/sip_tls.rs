//! Does a server's answer over TLS make the plugin say OK where it said nothing that is one?
//!
//! The peer is a real one, on loopback, and deterministic: what it sends, in which records, and whether it says farewell is the
//! input alone. The check is the whole of check_um_sip_options.
#![no_main]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::SystemTime;

use check_um::checks::SipOptions;
use check_um::door::plugin::report_at;
use check_um::door::report::State;
use libfuzzer_sys::fuzz_target;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

fuzz_target!(|input: (Answer, &[u8])| {
    let (answer, bytes) = input;
    let peer = PEER.lock().expect("nobody broke");
    peer.inputs.send((answer, bytes.to_vec())).expect("the peer lives");
    let argv =
        ["check_um_sip_options", "-H", "127.0.0.1", "-p", &peer.port, "--transport", "tls", "--no-verify", "-t", "2"];
    let report = report_at::<SipOptions>(argv.map(Into::into).to_vec(), SystemTime::UNIX_EPOCH);
    let sent = peer.sent.recv().expect("the peer lives");
    if report.is_ok_and(|report| report.state() == State::Ok) {
        assert!(sent.windows(12).any(|window| window == b"SIP/2.0 200 "), "OK without an answer");
    }
});

/// How the input is sent.
#[derive(Clone, Copy, Debug, arbitrary::Arbitrary)]
struct Answer {
    /// Whether a status line and the request's own Via, From, To, Call-ID and CSeq stand before it.
    is_an_answer: bool,
    /// The length of a TLS record, less one.
    record: u8,
    says_farewell: bool,
}

type Input = (Answer, Vec<u8>);

struct Peer {
    port: String,
    inputs: SyncSender<Input>,
    sent: Receiver<Vec<u8>>,
}

static PEER: LazyLock<Mutex<Peer>> = LazyLock::new(|| {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let port = listener.local_addr().expect("its own address").port().to_string();
    let ((inputs, next), (done, sent)) = (sync_channel(1), sync_channel(1));
    std::thread::spawn(move || serve(&listener, &next, &done));
    Mutex::new(Peer { port, inputs, sent })
});

fn serve(listener: &TcpListener, inputs: &Receiver<Input>, done: &SyncSender<Vec<u8>>) {
    let certificate = CertificateDer::from_pem_slice(include_bytes!("../../tests/fixtures/x509/server.pem"));
    let key = PrivateKeyDer::from_pem_slice(include_bytes!("../../tests/fixtures/x509/server-key.pem"));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("versions").with_no_client_auth();
    let config = config.with_single_cert(vec![certificate.expect("a certificate")], key.expect("a key"));
    let config = Arc::new(config.expect("a certificate with its key"));
    while let Ok((answer, bytes)) = inputs.recv() {
        let Ok((stream, _)) = listener.accept() else { return };
        let sent = talk(stream, &config, answer, &bytes).unwrap_or_default();
        if done.send(sent).is_err() {
            return;
        }
    }
}

/// Reads a request, sends the input, and closes; what was sent.
fn talk(stream: TcpStream, config: &Arc<ServerConfig>, answer: Answer, bytes: &[u8]) -> Option<Vec<u8>> {
    let connection = ServerConnection::new(Arc::clone(config)).ok()?;
    let mut stream = StreamOwned::new(connection, stream);
    let mut request = Vec::new();
    while !request.windows(4).any(|window| window == b"\r\n\r\n") {
        let mut buffer = [0; 4_096];
        let read = stream.read(&mut buffer).ok().filter(|read| *read > 0)?;
        request.extend_from_slice(&buffer[..read]);
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    let named = |line: &&str| ["Via:", "From:", "To:", "Call-ID:", "CSeq:"].iter().any(|name| line.starts_with(name));
    let copied: String = request.lines().filter(named).map(|line| format!("{line}\r\n")).collect();
    let head = if answer.is_an_answer { format!("SIP/2.0 200 OK\r\n{copied}") } else { String::new() };
    let sent = [head.as_bytes(), bytes].concat();
    for record in sent.chunks(usize::from(answer.record) + 1) {
        stream.write_all(record).ok()?;
        stream.flush().ok()?;
    }
    if answer.says_farewell {
        stream.conn.send_close_notify();
        let _ = stream.flush();
    }
    Some(sent)
}
