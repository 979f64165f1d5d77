//! What does an exporter answer to a GET? HTTP/1.1 in the clear or over TLS: no redirects, no proxies, a bounded body.
//!
//! A scrape is one request on one connection. A client library brings a URL parser with Unicode tables, a pool,
//! redirects and a second TLS and I/O stack beside the ones that are here already; this needs httparse only.

use std::io;
use std::time::{Instant, SystemTime};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::url::Url;
use crate::net::NetError;
use crate::net::family::Family;
use crate::net::resolve::resolve;
use crate::net::tcp::{Connected, connect_first};
use crate::report::{Class, Failure};
use crate::time::calendar::unix_seconds;
use crate::time::deadline::{Deadline, Expired};
use crate::tls::connection::TlsConnection;
use crate::tls::rustls;
use crate::tls::settings::{Approach, TlsSettings};
use crate::x509::expiry::Expiries;
use crate::x509::judgement::{Expectations, judge};
use crate::x509::verdict::Verdict;

/// Why there is no body. None of what the server sent is part of it but the status code.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// The name does not resolve.
    #[error("{}", .failure.summary)]
    LookUp {
        /// Why.
        failure: Failure,
        /// Whether it is the deadline that passed.
        expired: bool,
    },
    /// None of the addresses takes the connection.
    #[error(transparent)]
    Connect(NetError),
    /// The TLS handshake failed, or its certificate is not to be trusted.
    #[error("{}", .0.summary)]
    Tls(Failure),
    /// The connection broke.
    #[error("the connection broke")]
    Broken(#[source] io::Error),
    /// Not 200.
    #[error("status {0}, expected 200")]
    Status(u16),
    /// A redirect, which is not followed: it could lead to where the operator did not mean to ask.
    #[error("status {0}, a redirect, which is not followed: expected 200")]
    Redirect(u16),
    /// Not HTTP.
    #[error("the answer is not HTTP")]
    NotHttp,
    /// More head or body than a scrape has.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// The body ended before its announced end.
    #[error("the answer was cut short")]
    CutShort,
    /// The deadline passed.
    #[error(transparent)]
    Expired(Expired),
}

impl HttpError {
    /// The class of a deadline that passed, `None` for anything else.
    pub fn expired(&self) -> Option<Class> {
        match self {
            Self::LookUp { failure, expired } => expired.then_some(failure.class),
            Self::Connect(error) => Some(error.class()).filter(|class| *class == Class::Timeout),
            Self::Tls(failure) => Some(failure.class).filter(|class| *class == Class::Timeout),
            Self::Expired(_) => Some(Class::Timeout),
            _ => None,
        }
    }
}

/// The body of the answer to a GET of `url`; `tls` is for `https`.
pub async fn get(url: &Url, tls: &TlsSettings, deadline: &Deadline) -> Result<Vec<u8>, HttpError> {
    let peers = resolve(&url.host, url.port, Family::Any, deadline).await.map_err(|failure| {
        let expired = deadline.remaining(Instant::now()).is_zero();
        HttpError::LookUp { failure, expired }
    })?;
    let connected = connect_first(&peers, None, deadline).await.map_err(HttpError::Connect)?;
    let reading = || "the answer".to_owned();
    if !url.tls {
        return deadline.limit(reading, exchange(connected.stream, url)).await.map_err(HttpError::Expired)?;
    }
    let stream = secured(connected, tls, deadline).await.map_err(HttpError::Tls)?;
    deadline.limit(reading, exchange(stream, url)).await.map_err(HttpError::Expired)?
}

/// The connection over TLS, to a server whose certificate is trusted, valid and for the expected name.
async fn secured(connected: Connected, settings: &TlsSettings, deadline: &Deadline) -> Result<TlsConnection, Failure> {
    let now = unix_seconds(SystemTime::now());
    let tried = rustls::connect(connected.stream, Approach { peer: &connected.peer, settings, deadline, now }).await;
    let connection = tried.result?;
    let verdict = tried.served.verdict;
    let chain = tried.served.chain.ok_or_else(|| Failure::new(Class::Tls, "the server showed no certificate"))?;
    if verdict == Verdict::NotJudged {
        return Ok(connection);
    }
    let expected =
        Expectations { expiries: &Expiries::default(), name: settings.expected_name(&verdict), verdict: &verdict };
    let refuses = |failure: &Failure| {
        matches!(failure.class, Class::Untrusted | Class::NameMismatch | Class::Expired | Class::NotYetValid)
    };
    judge(&chain, &expected, now).failures.into_iter().find(refuses).map_or(Ok(connection), Err)
}

async fn exchange(mut stream: impl AsyncRead + AsyncWrite + Unpin, url: &Url) -> Result<Vec<u8>, HttpError> {
    let request = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: check-um/{}\r\nAccept: text/plain;version=0.0.4\r\nConnection: close\r\n\r\n",
        url.path,
        url.authority(),
        env!("CARGO_PKG_VERSION"),
    );
    stream.write_all(request.as_bytes()).await.map_err(HttpError::Broken)?;
    let mut received = Vec::new();
    loop {
        if let Some((head, framing)) = head(&received)? {
            received.drain(..head);
            return body(stream, received, framing).await;
        }
        if received.len() > MAX_HEAD {
            return Err(HttpError::TooLarge(MAX_HEAD));
        }
        if more(&mut stream, &mut received).await? == 0 {
            return Err(if received.is_empty() { HttpError::CutShort } else { HttpError::NotHttp });
        }
    }
}

/// How the end of a body is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Framing {
    Length(usize),
    Chunked,
    UntilClosed,
}

/// The length of the head and how its body is framed; `None` while the head is not all there.
fn head(received: &[u8]) -> Result<Option<(usize, Framing)>, HttpError> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(length) = response.parse(received).map_err(|_| HttpError::NotHttp)? else {
        return Ok(None);
    };
    match response.code.unwrap_or_default() {
        200 => {}
        code @ 300..=399 => return Err(HttpError::Redirect(code)),
        code => return Err(HttpError::Status(code)),
    }
    let header = |name: &str| response.headers.iter().find(|header| header.name.eq_ignore_ascii_case(name));
    let framing = match (header("Transfer-Encoding"), header("Content-Length")) {
        (Some(coding), _) if coding.value.eq_ignore_ascii_case(b"chunked") => Framing::Chunked,
        (Some(_), _) => return Err(HttpError::NotHttp),
        (None, Some(header)) => {
            let digits = std::str::from_utf8(header.value).ok().filter(|text| text.bytes().all(|b| b.is_ascii_digit()));
            Framing::Length(digits.and_then(|text| text.parse().ok()).ok_or(HttpError::NotHttp)?)
        }
        (None, None) => Framing::UntilClosed,
    };
    Ok(Some((length, framing)))
}

async fn body(
    mut stream: impl AsyncRead + Unpin,
    mut received: Vec<u8>,
    framing: Framing,
) -> Result<Vec<u8>, HttpError> {
    let mut chunks = Chunks::default();
    loop {
        match framing {
            Framing::Length(length) if length > MAX_BODY => return Err(HttpError::TooLarge(MAX_BODY)),
            Framing::Length(length) if received.len() >= length => {
                received.truncate(length);
                return Ok(received);
            }
            Framing::Chunked if chunks.take(&mut received)? => return Ok(chunks.body),
            _ => {}
        }
        if received.len() > MAX_BODY || chunks.body.len() > MAX_BODY {
            return Err(HttpError::TooLarge(MAX_BODY));
        }
        if more(&mut stream, &mut received).await? == 0 {
            return if framing == Framing::UntilClosed { Ok(received) } else { Err(HttpError::CutShort) };
        }
    }
}

async fn more(stream: &mut (impl AsyncRead + Unpin), received: &mut Vec<u8>) -> Result<usize, HttpError> {
    received.reserve(CHUNK);
    match stream.read_buf(received).await {
        // Many servers close without TLS's farewell; what is missing then, the framing tells.
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(0),
        read => read.map_err(HttpError::Broken),
    }
}

/// The chunked transfer coding of RFC 9112, section 7.1.
#[derive(Debug, Default)]
struct Chunks {
    body: Vec<u8>,
    /// What the current chunk still lacks, its closing CRLF included.
    missing: usize,
}

impl Chunks {
    /// Moves what is complete out of `received`; `true` behind the last chunk. Trailers are nobody's.
    fn take(&mut self, received: &mut Vec<u8>) -> Result<bool, HttpError> {
        let mut used = 0;
        let last = loop {
            let rest = &received[used..];
            let here = self.missing.min(rest.len());
            let content = here.min(self.missing.saturating_sub(2));
            self.body.extend_from_slice(&rest[..content]);
            self.missing -= here;
            used += here;
            if self.missing > 0 || self.body.len() > MAX_BODY {
                break false;
            }
            match httparse::parse_chunk_size(&received[used..]) {
                Ok(httparse::Status::Complete((_, 0))) => break true,
                Ok(httparse::Status::Complete((line, size))) => {
                    used += line;
                    let size = usize::try_from(size).ok().filter(|size| *size <= MAX_BODY);
                    self.missing = size.ok_or(HttpError::TooLarge(MAX_BODY))? + 2;
                }
                Ok(httparse::Status::Partial) if received.len() - used <= MAX_HEAD => break false,
                _ => return Err(HttpError::NotHttp),
            }
        };
        received.drain(..used);
        Ok(last)
    }
}

/// The most of an answer's head, in bytes.
const MAX_HEAD: usize = 16 * 1024;

/// The most of a body, in bytes.
const MAX_BODY: usize = 16 * 1024 * 1024;

const CHUNK: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;

    async fn answered(answer: &[u8]) -> Result<String, HttpError> {
        let url: Url = "http://cas1.example.com/metrics".parse().unwrap();
        // What is written goes to another end than what is read, so that the request is out of the way.
        let stream = tokio::io::join(answer, tokio::io::sink());
        exchange(stream, &url).await.map(|body| String::from_utf8(body).unwrap())
    }

    fn run<T>(work: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(work)
    }

    #[test]
    fn each_framing_is_read_to_its_end() {
        let ok = |answer: &[u8]| run(answered(answer)).unwrap();
        assert_eq!(ok(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef"), "abc");
        assert_eq!(ok(b"HTTP/1.0 200 OK\r\n\r\nabc"), "abc");
        let chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: Chunked\r\n\r\n3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\n";
        assert_eq!(ok(chunked), "abcde");
    }

    #[test]
    fn a_chunk_may_arrive_byte_by_byte() {
        let mut chunks = Chunks::default();
        let mut received = Vec::new();
        let ends: Vec<_> = b"3\r\nabc\r\n2\r\nde\r\n0\r\n"
            .iter()
            .map(|&byte| {
                received.push(byte);
                chunks.take(&mut received).unwrap()
            })
            .collect();
        assert_eq!((chunks.body.as_slice(), ends.last()), (&b"abcde"[..], Some(&true)));
    }

    #[test]
    fn an_answer_that_is_no_body_says_why() {
        let error = |answer: &[u8]| run(answered(answer)).unwrap_err();
        assert!(matches!(
            error(b"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\n\r\n"),
            HttpError::Redirect(302)
        ));
        assert!(matches!(error(b"HTTP/1.1 503 Busy\r\n\r\n"), HttpError::Status(503)));
        assert!(matches!(error(b"SSH-2.0-OpenSSH\r\n"), HttpError::NotHttp));
        assert!(matches!(error(b""), HttpError::CutShort));
        assert!(matches!(error(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"), HttpError::CutShort));
        assert!(matches!(error(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n"), HttpError::TooLarge(_)));
        assert!(matches!(error(b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n"), HttpError::NotHttp));
        let endless = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffff\r\n";
        assert!(matches!(error(endless), HttpError::TooLarge(_) | HttpError::NotHttp));
        let mut head = b"HTTP/1.1 200 OK\r\n".to_vec();
        head.extend(b"X: ".iter().chain(&[b'x'; 20_000]));
        assert!(matches!(error(&head), HttpError::TooLarge(_)));
        let mut body = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
        body.resize(17 * 1024 * 1024, b'x');
        assert!(matches!(error(&body), HttpError::TooLarge(_)));
    }
}
