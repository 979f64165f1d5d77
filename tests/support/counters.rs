//! Where do the counters of a test come from? Logs written as of now, recorded ones, and exporters on loopback.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use time::OffsetDateTime;

use super::fixture;
use super::peer::{Peer, read_request};

/// A recorded file.
pub fn recorded(name: &str) -> String {
    fixture(&format!("counters/{name}"))
}

/// A recorded log as if written just now: its last row is of this moment, on the clock of its zone, or of UTC without one.
pub fn written_now(directory: &Path, name: &str) -> PathBuf {
    let copy = directory.join(name);
    let bytes = std::fs::read(recorded(name)).unwrap();
    let is_wide = bytes.starts_with(b"\xff\xfe");
    let text = if is_wide {
        let units: Vec<_> = bytes[2..].chunks(2).map(|unit| u16::from_le_bytes([unit[0], unit[1]])).collect();
        String::from_utf16(&units).unwrap()
    } else {
        // Whatever its code page is, each byte stays what it is.
        bytes.into_iter().map(char::from).collect()
    };
    let text = as_of_now(&text);
    let bytes: Vec<u8> = if is_wide {
        [0xFEFF].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
    } else {
        text.chars().map(|byte| u8::try_from(byte).unwrap()).collect()
    };
    std::fs::write(&copy, bytes).unwrap();
    copy
}

/// A log with the time of each row moved, so that the last one is of now.
pub fn as_of_now(text: &str) -> String {
    ending_at(text, SystemTime::now())
}

/// A log with the time of each row moved, so that the last one is of `end`.
pub fn ending_at(text: &str, end: SystemTime) -> String {
    let format =
        time::format_description::parse_borrowed::<2>("[month]/[day]/[year] [hour]:[minute]:[second]").unwrap();
    let time_of = |line: &str| {
        let start = line.trim_start_matches('"').get(..19)?;
        time::PrimitiveDateTime::parse(start, &format).ok()
    };
    let west = text.lines().next().and_then(|header| header.split("\",\"").next()).map_or(0, |cell| {
        let number = cell.trim_end_matches(')').rsplit_once('(').map_or("", |(_, number)| number);
        number.parse().unwrap_or(0)
    });
    let end = OffsetDateTime::from(end) - time::Duration::minutes(west);
    let end = time::PrimitiveDateTime::new(end.date(), end.time());
    let by = end - text.lines().filter_map(time_of).next_back().unwrap();
    let moved = |line: &str| match time_of(line) {
        Some(time) => {
            let start = line.find(|c: char| c.is_ascii_digit()).unwrap();
            let moved = (time + by).format(&format).unwrap();
            format!("{}{moved}{}", &line[..start], &line[start + 19..])
        }
        None => line.to_owned(),
    };
    text.split_inclusive('\n').map(moved).collect()
}

/// A log of the call router's two totals and its own percentage, in UTC; rows are seconds ago and totals.
pub fn log(rows: impl IntoIterator<Item = (u64, u64, u64)>) -> String {
    let object = r"\\CAS1\MSExchangeUMCallRouterAvailability";
    let mut log = format!(
        "\"(PDH-CSV 4.0) (Coordinated Universal Time)(0)\",\
         \"{object}\\Total Inbound Calls Received by the UM Call Router\",\
         \"{object}\\Total Inbound Calls Rejected by the UM Call Router\",\
         \"{object}\\% of Inbound Calls Rejected by the UM Call Router Over the Last Hour\"\r\n"
    );
    for (ago, received, rejected) in rows {
        log += &format!("\"{}\",\"{received}\",\"{rejected}\",\"100\"\r\n", stamp(ago));
    }
    log
}

/// A row of a log: the time that lies `ago` seconds back.
pub fn stamp(ago: u64) -> String {
    // One clock for a whole test, which has a thread of its own: samples of several runs must not drift apart.
    thread_local!(static NOW: SystemTime = SystemTime::now());
    let time = OffsetDateTime::from(NOW.with(|now| *now) - Duration::from_secs(ago));
    let (month, day, year) = (u8::from(time.month()), time.day(), time.year());
    format!("{month:02}/{day:02}/{year} {:02}:{:02}:{:02}.{:03}", time.hour(), time.minute(), time.second(), 0)
}

/// An HTTP server that answers every request with the same bytes and closes.
pub fn http(answer: impl Into<Vec<u8>>) -> Peer {
    let answer = answer.into();
    Peer::tcp(move |mut stream| {
        if read_request(&mut stream).is_some() {
            let _ = stream.write_all(&answer);
        }
    })
}

/// An exporter that serves `body` over TLS for `localhost` and 127.0.0.1, and its certificate in PEM.
pub fn https_exporter(body: String) -> (Peer, String) {
    tls_server(format!("HTTP/1.0 200 OK\r\n\r\n{body}"), true, 4096)
}

/// The same exporter with a certificate whose validity is long over.
pub fn expired_exporter(body: String) -> (Peer, String) {
    tls_server(format!("HTTP/1.0 200 OK\r\n\r\n{body}"), true, 2001)
}

/// A server that answers with these bytes over TLS and closes without TLS's farewell, and its certificate in PEM.
pub fn https(answer: impl Into<Vec<u8>>) -> (Peer, String) {
    tls_server(answer, false, 4096)
}

fn tls_server(answer: impl Into<Vec<u8>>, says_farewell: bool, last_year: i32) -> (Peer, String) {
    let answer = answer.into();
    let key = rcgen::KeyPair::generate().unwrap();
    let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
    let mut params = rcgen::CertificateParams::new(names).unwrap();
    params.not_after = rcgen::date_time_ymd(last_year, 1, 1);
    let certificate = params.self_signed(&key).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(key.serialize_der());
    let config = config.with_no_client_auth().with_single_cert(vec![certificate.der().clone()], key.into()).unwrap();
    let config = Arc::new(config);
    let peer = Peer::tcp(move |stream| {
        let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
        let mut stream = rustls::StreamOwned::new(connection, stream);
        if read_request(&mut stream).is_some() {
            let _ = stream.write_all(&answer);
            if says_farewell {
                stream.conn.send_close_notify();
            }
            let _ = stream.flush();
        }
    });
    (peer, certificate.pem())
}

/// An exporter that serves `body`.
pub fn exporter(body: &str) -> Peer {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8; escaping=underscores";
    http(format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len()))
}

/// The recorded page of windows_exporter with these totals.
pub fn exposition(received: u64, rejected: u64) -> String {
    let page = std::fs::read_to_string(recorded("windows_exporter-0.31.prom")).unwrap();
    page.replace("@RECEIVED@", &received.to_string()).replace("@REJECTED@", &rejected.to_string())
}

/// `prometheus:URL` of a peer.
pub fn url(peer: &Peer) -> String {
    format!("prometheus:http://{}/metrics", peer.address)
}

/// `csv:FILE` of a file with this content.
pub fn csv(directory: &Path, content: impl AsRef<[u8]>) -> String {
    let path = directory.join("log.csv");
    std::fs::write(&path, content).unwrap();
    format!("csv:{}", path.display())
}
