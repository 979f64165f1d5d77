//! How does Exchange's Call Router answer, healthy or not? The simulation behind the example, the demo and the tests.

use std::error::Error;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use socket2::{Domain, Socket, Type};
use time::OffsetDateTime;

use crate::calls::{self, Calls, Role, Said};

/// What the router does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Behaviour {
    /// 200 to every OPTIONS
    Healthy,
    /// 503 with ms-diagnostics 15501: no worker process takes calls
    #[value(name = "503")]
    Unavailable,
    /// 403 with ms-diagnostics-public 15647: Active Directory cannot be reached
    #[value(name = "403")]
    Forbidden,
    /// 302 with the address of a UM worker, which is right for a call and wrong for OPTIONS
    #[value(name = "302")]
    Redirect,
    /// 403 with ms-diagnostics-public to every call, as to whoever is no UM IP gateway; OPTIONS are answered
    Stranger,
    /// Calls are sent to a Mailbox server that is not there
    MailboxDead,
    /// Calls are sent to a Mailbox server that says nothing
    MailboxSilent,
    /// The connection stands, nothing is answered
    Silent,
    /// 200 after --delay
    Slow,
    /// The connection is closed once the request is there
    Closing,
    /// Nothing listens
    Refused,
    /// Listens for its own host only: 127.0.0.1 answers, 127.0.0.2 stands for any remote host and is refused
    Maintenance,
    /// A certificate that expires in 7 days
    CertificateNearExpiry,
    /// A certificate that expired yesterday
    CertificateExpired,
    /// TLS with a client certificate of its own authority only, as Exchange wants it
    ClientCertificateRequired,
}

/// TLS versions that the router offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum TlsVersions {
    /// TLS 1.2 and 1.3
    Both,
    /// TLS 1.2 only
    #[value(name = "1.2")]
    Tls12,
    /// TLS 1.3 only
    #[value(name = "1.3")]
    Tls13,
}

/// What a router is told before it starts.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What it does with a request.
    pub behaviour: Behaviour,
    /// Port of the TCP listener, 0 for a free one.
    pub tcp_port: u16,
    /// Port of the TLS listener, 0 for a free one.
    pub tls_port: u16,
    /// TLS versions on offer.
    pub tls_versions: TlsVersions,
    /// How long [`Behaviour::Slow`] takes.
    pub delay: Duration,
    /// Files in PEM with a chain and its key, to be served instead of a certificate of its own.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// Where the counters of calls are written, as typeperf does.
    pub call_log: Option<PathBuf>,
}

impl Default for Settings {
    /// Healthy, on free ports, with both TLS versions.
    fn default() -> Self {
        let (behaviour, tls_versions) = (Behaviour::Healthy, TlsVersions::Both);
        let delay = Duration::from_secs(2);
        Self { behaviour, tcp_port: 0, tls_port: 0, tls_versions, delay, identity: None, call_log: None }
    }
}

/// A running router. It listens until the process ends.
#[derive(Debug)]
pub struct Router {
    /// Where it listens for TCP.
    pub tcp: SocketAddr,
    /// Where it listens for TLS.
    pub tls: SocketAddr,
    /// What a peer needs for TLS.
    pub certificates: Certificates,
    /// The calls that it has counted.
    pub calls: Arc<Calls>,
}

/// What a peer needs for TLS, in PEM.
#[derive(Debug)]
pub struct Certificates {
    /// The authority that issued the router's certificate.
    pub ca: String,
    /// A certificate that the router accepts from a client.
    pub client: String,
    /// Its private key.
    pub client_key: String,
}

impl Router {
    /// Binds both listeners and serves them in threads.
    pub fn start(settings: &Settings) -> Result<Self, Box<dyn Error>> {
        let (config, certificates) = tls_config(settings)?;
        let config = Arc::new(config);
        let calls = Arc::new(Calls::new(settings.call_log.as_deref())?);
        if settings.behaviour == Behaviour::Refused {
            let (tcp, tls) = (refuse(settings.tcp_port)?, refuse(settings.tls_port)?);
            return Ok(Self { tcp, tls, certificates, calls });
        }
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, settings.tcp_port))?;
        let tls = TcpListener::bind((Ipv4Addr::LOCALHOST, settings.tls_port))?;
        let router = Self { tcp: tcp.local_addr()?, tls: tls.local_addr()?, certificates, calls };
        let own = |role, next, transport| {
            let (settings, calls) = (settings.clone(), Arc::clone(&router.calls));
            Arc::new(Server { settings, role, next, transport, calls })
        };
        let behind = if settings.behaviour == Behaviour::MailboxDead {
            [refuse(0)?.port(), refuse(0)?.port()]
        } else {
            let free = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
            let [worker, worker_tls, mailbox, mailbox_tls] = [free()?, free()?, free()?, free()?];
            let (in_clear, over_tls) = (worker.local_addr()?.port(), worker_tls.local_addr()?.port());
            let ports = [mailbox.local_addr()?.port(), mailbox_tls.local_addr()?.port()];
            serve_tcp(mailbox, own(Role::Mailbox, in_clear, "TCP"));
            serve_tls(mailbox_tls, own(Role::Mailbox, over_tls, "TLS"), &config);
            serve_tcp(worker, own(Role::Worker, in_clear, "TCP"));
            serve_tls(worker_tls, own(Role::Worker, over_tls, "TLS"), &config);
            ports
        };
        serve_tcp(tcp, own(Role::Router, behind[0], "TCP"));
        serve_tls(tls, own(Role::Router, behind[1], "TLS"), &config);
        Ok(router)
    }
}

/// Where whoever connects is refused: the port, or a free one for 0, is this process's as long as it lives, and nobody listens.
/// One that is given back is soon somebody else's, who may well answer.
fn refuse(port: u16) -> io::Result<SocketAddr> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, port)).into())?;
    let address = socket.local_addr()?.as_socket().ok_or(io::ErrorKind::AddrNotAvailable)?;
    std::mem::forget(socket);
    Ok(address)
}

/// What a listener is.
#[derive(Debug)]
struct Server {
    settings: Settings,
    role: Role,
    /// The port of whoever is behind it, of a worker its own.
    next: u16,
    transport: &'static str,
    calls: Arc<Calls>,
}

fn serve_tcp(listener: TcpListener, server: Arc<Server>) {
    serve(listener, move |stream| converse(stream, &server));
}

fn serve_tls(listener: TcpListener, server: Arc<Server>, config: &Arc<ServerConfig>) {
    let config = Arc::clone(config);
    serve(listener, move |stream| {
        let connection = ServerConnection::new(Arc::clone(&config)).map_err(io::Error::other)?;
        converse(StreamOwned::new(connection, stream), &server)
    });
}

/// One thread for each connection; what goes wrong on one is the peer's to see.
fn serve(listener: TcpListener, converse: impl Fn(TcpStream) -> io::Result<()> + Clone + Send + 'static) {
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // An answer behind TLS 1.3's session tickets would wait for their acknowledgement.
            let _ = stream.set_nodelay(true);
            let converse = converse.clone();
            thread::spawn(move || converse(stream));
        }
    });
}

/// Answers the requests of one connection until the peer hangs up.
fn converse(mut stream: impl Read + Write, server: &Server) -> io::Result<()> {
    let mut received = Vec::new();
    while let Some(request) = next_request(&mut stream, &mut received)? {
        match (server.settings.behaviour, server.role) {
            (Behaviour::Silent, _) | (Behaviour::MailboxSilent, Role::Mailbox) => continue,
            (Behaviour::Closing, _) => break,
            (Behaviour::Slow, Role::Router) => thread::sleep(server.settings.delay),
            _ => {}
        }
        for answer in answers(&request, server) {
            stream.write_all(answer.as_bytes())?;
            stream.flush()?;
        }
    }
    Ok(())
}

/// The next request's head; its body is thrown away.
fn next_request(stream: &mut impl Read, received: &mut Vec<u8>) -> io::Result<Option<String>> {
    let mut chunk = [0; 4096];
    loop {
        // RFC 5626 3.5.1: blank lines between requests are keep-alives.
        let blank = received.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        received.drain(..blank);
        if let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") {
            let head = String::from_utf8_lossy(&received[..end + 4]).into_owned();
            let length =
                value(&head, "Content-Length").and_then(|length| length.parse().ok()).unwrap_or(0).min(MAX_HEAD);
            if received.len() >= end + 4 + length {
                received.drain(..end + 4 + length);
                return Ok(Some(head));
            }
        }
        let read = stream.read(&mut chunk)?;
        if read == 0 || received.len() > 2 * MAX_HEAD {
            return Ok(None);
        }
        received.extend_from_slice(&chunk[..read]);
    }
}

/// The most of a request's head, in bytes.
const MAX_HEAD: usize = 64 * 1024;

/// What the worker answers to an offer of audio.
const SESSION: &str = "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=session\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n\
                       m=audio 40000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n";

/// What Exchange answers; nothing to an ACK.
fn answers(request: &str, server: &Server) -> Vec<String> {
    let Server { settings, role, next, transport, calls } = server;
    let own = |headers: &[&str]| headers.iter().map(ToString::to_string).collect::<Vec<_>>();
    let said: Vec<Said> = match (request.split(' ').next().unwrap_or_default(), settings.behaviour) {
        ("ACK", _) => Vec::new(),
        ("INVITE", behaviour) => {
            let said = calls::answers(*role, behaviour, *next, transport);
            if *role == Role::Router {
                calls.count(said.iter().any(|(status, _)| status.starts_with(['4', '5'])));
            }
            said
        }
        ("OPTIONS", Behaviour::Unavailable) if *role == Role::Router => vec![(
            "503 Service Unavailable",
            own(&[
                "ms-diagnostics: 15501;source=\"ex2013.example.com\";reason=\"No UM worker process is available to take the call.\"",
            ]),
        )],
        ("OPTIONS", Behaviour::Forbidden) if *role == Role::Router => vec![(
            "403 Forbidden",
            own(&[
                "ms-diagnostics-public: 15647;source=\"ex2013.example.com\";reason=\"Access to Active Directory error occured.\"",
            ]),
        )],
        ("OPTIONS", Behaviour::Redirect) => vec![(
            "302 Moved Temporarily",
            own(&["CONTACT: <sip:127.0.0.1:5065;user=phone;transport=Tcp;maddr=127.0.0.1>"]),
        )],
        // The same methods under two spellings of the name, as a real one repeats them.
        ("OPTIONS", _) => {
            vec![("200 OK", own(&["ALLOW: UPDATE", "Allow: Ack, Cancel, Bye, Invite, Refer, Options, Info, Notify"]))]
        }
        ("BYE" | "CANCEL", _) if *role == Role::Worker => vec![("200 OK", Vec::new())],
        _ => vec![("405 Method Not Allowed", own(&["ALLOW: INVITE, ACK, BYE, CANCEL, OPTIONS"]))],
    };
    said.into_iter().filter_map(|(status, headers)| response(request, status, &headers, transport)).collect()
}

/// A response as Exchange writes it.
fn response(request: &str, status: &str, own_headers: &[String], transport: &str) -> Option<String> {
    let to = value(request, "To")?;
    let body = if request.starts_with("INVITE ") && status == "200 OK" { SESSION } else { "" };
    let tag = if to.contains(";tag=") { "" } else { ";epid=EEBEB645D0;tag=4c63a61135" };
    let mut lines = vec![
        format!("SIP/2.0 {status}"),
        format!("FROM: {}", value(request, "From")?),
        format!("TO: {to}{tag}"),
        format!("CSEQ: {}", value(request, "CSeq")?),
        format!("CALL-ID: {}", value(request, "Call-ID")?),
        // Every Via folded into one line, in the order in which they came.
        format!("VIA: {}", values(request, "Via").collect::<Vec<_>>().join(",")),
        format!("CONTENT-LENGTH: {}", body.len()),
        format!("SUPPORTED: replaces, {}", if transport == "TLS" { "ms-early-media" } else { "timer" }),
        "SERVER: RTCC/4.0.0.0 MSExchangeUM/15.00.1497.000".to_owned(),
    ];
    lines.extend(own_headers.iter().cloned());
    lines.extend((!body.is_empty()).then(|| "CONTENT-TYPE: application/sdp".to_owned()));
    Some(format!("{}\r\n\r\n{body}", lines.join("\r\n")))
}

fn value<'a>(request: &'a str, name: &str) -> Option<&'a str> {
    values(request, name).next()
}

fn values<'a>(request: &'a str, name: &str) -> impl Iterator<Item = &'a str> {
    let fields = request.lines().filter_map(|line| line.split_once(':'));
    fields.filter(move |(field, _)| field.trim().eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
}

/// A fresh authority, and from it one certificate for the router and one for a client.
fn tls_config(settings: &Settings) -> Result<(ServerConfig, Certificates), Box<dyn Error>> {
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.distinguished_name.push(rcgen::DnType::CommonName, "Simulated Call Router CA");
    (ca.not_before, ca.not_after) = validity(-400, 400);
    let ca_key = KeyPair::generate()?;
    let ca_certificate = ca.self_signed(&ca_key)?;
    let issuer = Issuer::new(ca, ca_key);

    let (not_before, not_after) = match settings.behaviour {
        Behaviour::CertificateNearExpiry => validity(-358, 7),
        Behaviour::CertificateExpired => validity(-366, -1),
        _ => validity(-1, 365),
    };
    let leaf = |name: &str, purpose| -> Result<_, rcgen::Error> {
        let mut params = CertificateParams::new(["localhost".to_owned(), "127.0.0.1".to_owned()])?;
        params.distinguished_name.push(rcgen::DnType::CommonName, name);
        params.extended_key_usages = vec![purpose];
        (params.not_before, params.not_after) = (not_before, not_after);
        let key = KeyPair::generate()?;
        Ok((params.signed_by(&key, &issuer)?, key))
    };
    let (server, server_key) = leaf("localhost", ExtendedKeyUsagePurpose::ServerAuth)?;
    let (client, client_key) = leaf("check-um", ExtendedKeyUsagePurpose::ClientAuth)?;

    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions: &[_] = match settings.tls_versions {
        TlsVersions::Both => rustls::ALL_VERSIONS,
        TlsVersions::Tls12 => &[&rustls::version::TLS12],
        TlsVersions::Tls13 => &[&rustls::version::TLS13],
    };
    let config = ServerConfig::builder_with_provider(Arc::clone(&provider)).with_protocol_versions(versions)?;
    let config = if settings.behaviour == Behaviour::ClientCertificateRequired {
        let mut roots = RootCertStore::empty();
        roots.add(ca_certificate.der().clone())?;
        config
            .with_client_cert_verifier(WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build()?)
    } else {
        config.with_no_client_auth()
    };
    let (chain, key) = match &settings.identity {
        Some((chain, key)) => {
            (CertificateDer::pem_file_iter(chain)?.collect::<Result<_, _>>()?, PrivateKeyDer::from_pem_file(key)?)
        }
        // The authority goes with it, so that a check of the whole chain has one to look at.
        None => (
            vec![server.der().clone(), ca_certificate.der().clone()],
            PrivateKeyDer::try_from(server_key.serialize_der())?,
        ),
    };
    let certificates =
        Certificates { ca: ca_certificate.pem(), client: client.pem(), client_key: client_key.serialize_pem() };
    Ok((config.with_single_cert(chain, key)?, certificates))
}

/// From and to so many days from now.
fn validity(from: i64, to: i64) -> (OffsetDateTime, OffsetDateTime) {
    let now = OffsetDateTime::now_utc();
    (now + time::Duration::days(from), now + time::Duration::days(to))
}
