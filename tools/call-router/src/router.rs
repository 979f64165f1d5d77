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
use time::OffsetDateTime;

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
}

impl Default for Settings {
    /// Healthy, on free ports, with both TLS versions.
    fn default() -> Self {
        let (behaviour, tls_versions) = (Behaviour::Healthy, TlsVersions::Both);
        Self { behaviour, tcp_port: 0, tls_port: 0, tls_versions, delay: Duration::from_secs(2), identity: None }
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
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, settings.tcp_port))?;
        let tls = TcpListener::bind((Ipv4Addr::LOCALHOST, settings.tls_port))?;
        let router = Self { tcp: tcp.local_addr()?, tls: tls.local_addr()?, certificates };

        // To refuse is to have no listener: both end here.
        if settings.behaviour != Behaviour::Refused {
            let settings = Arc::new(settings.clone());
            let shared = Arc::clone(&settings);
            serve(tcp, move |stream| converse(stream, &shared, "TCP"));
            serve(tls, move |stream| {
                let connection = ServerConnection::new(Arc::clone(&config)).map_err(io::Error::other)?;
                converse(StreamOwned::new(connection, stream), &settings, "TLS")
            });
        }
        Ok(router)
    }
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
fn converse(mut stream: impl Read + Write, settings: &Settings, transport: &str) -> io::Result<()> {
    let mut received = Vec::new();
    while let Some(request) = next_request(&mut stream, &mut received)? {
        match settings.behaviour {
            Behaviour::Silent => continue,
            Behaviour::Closing => break,
            Behaviour::Slow => thread::sleep(settings.delay),
            _ => {}
        }
        if let Some(answer) = answer(&request, settings.behaviour, transport) {
            stream.write_all(answer.as_bytes())?;
            stream.flush()?;
        }
    }
    Ok(())
}

/// The next request's head. The requests of a monitoring system have no body.
fn next_request(stream: &mut impl Read, received: &mut Vec<u8>) -> io::Result<Option<String>> {
    let mut chunk = [0; 4096];
    loop {
        // RFC 5626 3.5.1: blank lines between requests are keep-alives.
        let blank = received.iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        received.drain(..blank);
        if let Some(end) = received.windows(4).position(|window| window == b"\r\n\r\n") {
            let head: Vec<u8> = received.drain(..end + 4).collect();
            return Ok(Some(String::from_utf8_lossy(&head).into_owned()));
        }
        let read = stream.read(&mut chunk)?;
        if read == 0 || received.len() > MAX_HEAD {
            return Ok(None);
        }
        received.extend_from_slice(&chunk[..read]);
    }
}

/// The most of a request's head, in bytes.
const MAX_HEAD: usize = 64 * 1024;

/// What Exchange answers; nothing to an ACK.
fn answer(request: &str, behaviour: Behaviour, transport: &str) -> Option<String> {
    let (status, own_headers): (&str, &[&str]) = match (request.split(' ').next()?, behaviour) {
        ("ACK", _) => return None,
        ("OPTIONS", Behaviour::Unavailable) => (
            "503 Service Unavailable",
            &[
                "ms-diagnostics: 15501;source=\"ex2013.example.com\";reason=\"No UM worker process is available to take the call.\"",
            ],
        ),
        ("OPTIONS", Behaviour::Forbidden) => (
            "403 Forbidden",
            &[
                "ms-diagnostics-public: 15647;source=\"ex2013.example.com\";reason=\"Access to Active Directory error occured.\"",
            ],
        ),
        ("OPTIONS", Behaviour::Redirect) | ("INVITE", _) => {
            ("302 Moved Temporarily", &["CONTACT: <sip:127.0.0.1:5065;user=phone;transport=Tcp;maddr=127.0.0.1>"])
        }
        // The same methods under two spellings of the name, as a real one repeats them.
        ("OPTIONS", _) => {
            ("200 OK", &["ALLOW: UPDATE", "Allow: Ack, Cancel, Bye, Invite, Refer, Options, Info, Notify"])
        }
        _ => ("405 Method Not Allowed", &["ALLOW: INVITE, ACK, BYE, CANCEL, OPTIONS"]),
    };
    let mut lines = vec![
        format!("SIP/2.0 {status}"),
        format!("FROM: {}", value(request, "From")?),
        format!("TO: {};epid=EEBEB645D0;tag=4c63a61135", value(request, "To")?),
        format!("CSEQ: {}", value(request, "CSeq")?),
        format!("CALL-ID: {}", value(request, "Call-ID")?),
        // Every Via folded into one line, in the order in which they came.
        format!("VIA: {}", values(request, "Via").collect::<Vec<_>>().join(",")),
        "CONTENT-LENGTH: 0".to_owned(),
        format!("SUPPORTED: replaces, {}", if transport == "TLS" { "ms-early-media" } else { "timer" }),
        "SERVER: RTCC/4.0.0.0 MSExchangeUM/15.00.1497.000".to_owned(),
    ];
    lines.extend(own_headers.iter().map(ToString::to_string));
    Some(lines.join("\r\n") + "\r\n\r\n")
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
