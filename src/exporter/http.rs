//! What does an exporter answer to a GET? HTTP/1.1 in the clear or over TLS: no redirects, no proxies, a bounded body.
//!
//! hyper speaks it, over a connection that is ours: a client above that would bring a pool, redirects, proxies and a second
//! TLS. What hyper leaves to its user is bounded here by counting what is read: provisional responses, sizes of chunks and
//! trailers are part of it, so that none of them goes on for ever.

use std::cell::Cell;
use std::error::Error;
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::mem;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::{Instant, SystemTime};

use hyper::Request;
use hyper::body::Body;
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, CONNECTION, HOST, TRANSFER_ENCODING, USER_AGENT};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::url::Url;
use crate::net::NetError;
use crate::net::channel::Channel;
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

/// Why there is no body. None of what the server sent is part of it but the status code.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    #[error("{}", .failure.summary)]
    LookUp { failure: Failure, expired: bool },
    #[error(transparent)]
    Connect(NetError),
    /// The TLS handshake failed, or its certificate is not to be trusted.
    #[error("{}", .0.summary)]
    Tls(Failure),
    #[error("the connection broke")]
    Broken(#[source] io::Error),
    #[error("status {0}, expected 200")]
    Status(u16),
    /// A redirect, which is not followed: it could lead to where the operator did not mean to ask.
    #[error("status {0}, a redirect, which is not followed: expected 200")]
    Redirect(u16),
    #[error("the answer is not HTTP")]
    NotHttp,
    /// More head or body than a scrape has.
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
    /// The body ended before its announced end.
    #[error("the answer was cut short")]
    CutShort,
    #[error(transparent)]
    Expired(Expired),
}

impl HttpError {
    /// The class of a deadline that passed, `None` for anything else.
    pub(crate) fn expired(&self) -> Option<Class> {
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
pub(crate) async fn get(url: &Url, tls: &TlsSettings, deadline: &Deadline) -> Result<Vec<u8>, HttpError> {
    let peers = resolve(&url.host, url.port, Family::Any, deadline).await.map_err(|failure| {
        let expired = deadline.remaining(Instant::now()).is_zero();
        HttpError::LookUp { failure, expired }
    })?;
    let connected = connect_first(&peers, None, deadline).await.map_err(HttpError::Connect)?;
    let reading = || "the answer".to_owned();
    if !url.tls {
        return deadline.limit(reading, exchange(connected.stream, url)).await.map_err(HttpError::Expired)?;
    }
    let connection = secured(connected, tls, deadline).await.map_err(HttpError::Tls)?;
    deadline.limit(reading, exchange(connection.stream, url)).await.map_err(HttpError::Expired)?
}

/// The connection over TLS, to a server whose certificate is valid, and trusted and for the expected name unless nobody asks.
async fn secured(connected: Connected, settings: &TlsSettings, deadline: &Deadline) -> Result<TlsConnection, Failure> {
    let now = unix_seconds(SystemTime::now());
    let tried = rustls::connect(connected.stream, Approach { peer: &connected.peer, settings, deadline, now }).await;
    let mut connection = tried.result?;
    let verdict = tried.served.verdict;
    let chain = tried.served.chain.ok_or_else(|| Failure::new(Class::Tls, "the server showed no certificate"))?;
    let expected =
        Expectations { expiries: &Expiries::default(), name: settings.expected_name(&verdict), verdict: &verdict };
    let Some(failure) = judge(&chain, &expected, now).why_not_in_order().cloned() else { return Ok(connection) };
    connection.close().await;
    Err(failure)
}

async fn exchange(stream: impl AsyncRead + AsyncWrite + Unpin, url: &Url) -> Result<Vec<u8>, HttpError> {
    let request = request(url)?;
    let read = Cell::new(0);
    let (stream, writer) = tokio::io::split(stream);
    let stream = tokio::io::join(Metered { stream, read: &read, is_asked: false }, writer);
    let failed = |error| failure(&error, read.get());
    let (mut sender, connection) =
        http1::Builder::new().max_buf_size(MAX_HEAD).handshake(TokioIo::new(stream)).await.map_err(failed)?;
    let answer = async {
        let mut response = sender.send_request(request).await.map_err(failed)?;
        match response.status().as_u16() {
            200 => {}
            code @ 300..=399 => return Err(HttpError::Redirect(code)),
            code => return Err(HttpError::Status(code)),
        }
        // No other coding was asked for, and hyper would hand it on as it is.
        let mut codings = response.headers().get_all(TRANSFER_ENCODING).iter();
        if codings.any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"chunked")) {
            return Err(HttpError::NotHttp);
        }
        if response.body().size_hint().lower() > MAX_ANSWER as u64 {
            return Err(HttpError::TooLarge(MAX_ANSWER));
        }
        let mut body = Vec::new();
        while let Some(frame) = poll_fn(|context| Pin::new(response.body_mut()).poll_frame(context)).await {
            // Copied: a frame of one byte would keep the whole buffer that it came in. Trailers are nobody's.
            if let Ok(data) = frame.map_err(failed)?.into_data() {
                body.extend_from_slice(&data);
            }
        }
        Ok(body)
    };
    beside(connection, answer).await
}

fn request(url: &Url) -> Result<Request<String>, HttpError> {
    // RFC 3986 has these encoded, and hyper insists; selectors of Prometheus are mostly given as they are.
    let target = url.path.replace('"', "%22").replace('<', "%3C").replace('>', "%3E").replace('`', "%60");
    Request::get(target)
        .header(HOST, url.authority())
        .header(USER_AGENT, concat!("check-um/", env!("CARGO_PKG_VERSION")))
        .header(ACCEPT, "text/plain;version=0.0.4")
        .header(CONNECTION, "close")
        .body(String::new())
        .map_err(|error| HttpError::Broken(io::Error::other(error)))
}

/// What `work` comes to, while `connection`, which it waits for, goes on.
async fn beside<T>(connection: impl Future, work: impl Future<Output = T>) -> T {
    let (mut connection, mut work) = (pin!(connection), pin!(work));
    let mut is_open = true;
    poll_fn(|context| {
        let polled = work.as_mut().poll(context);
        if polled.is_pending() && is_open {
            is_open = connection.as_mut().poll(context).is_pending();
        }
        polled
    })
    .await
}

/// What an error of hyper means when `read` bytes have been read.
fn failure(error: &hyper::Error, read: usize) -> HttpError {
    match error.source().and_then(|source| source.downcast_ref::<io::Error>()) {
        None if error.is_incomplete_message() => HttpError::CutShort,
        None if error.is_parse() && read >= MAX_HEAD => HttpError::TooLarge(MAX_HEAD),
        None => HttpError::NotHttp,
        Some(cause) => match cause.kind() {
            ErrorKind::FileTooLarge => HttpError::TooLarge(MAX_ANSWER),
            ErrorKind::UnexpectedEof => HttpError::CutShort,
            // So hyper calls chunks that are none.
            ErrorKind::InvalidData | ErrorKind::InvalidInput => HttpError::NotHttp,
            kind => HttpError::Broken(io::Error::new(kind, cause.to_string())),
        },
    }
}

/// What is read of a stream, which is no more than an answer may have.
struct Metered<'a, S> {
    stream: S,
    read: &'a Cell<usize>,
    is_asked: bool,
}

impl<S: AsyncRead + Unpin> AsyncRead for Metered<'_, S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // hyper looks for bytes before it writes the request, and gives up if there are any. What comes that early may be
        // the 503 of a server that has no time.
        if !mem::replace(&mut self.is_asked, true) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        if self.read.get() >= MAX_ANSWER {
            return Poll::Ready(Err(ErrorKind::FileTooLarge.into()));
        }
        let before = buffer.filled().len();
        match ready!(Pin::new(&mut self.stream).poll_read(context, buffer)) {
            // Many servers close without TLS's farewell; what is missing then, the framing tells.
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {}
            // Not of a kind that hyper has for what it has read.
            Err(error) => return Poll::Ready(Err(io::Error::other(error))),
            Ok(()) => {}
        }
        self.read.update(|read| read + buffer.filled().len() - before);
        Poll::Ready(Ok(()))
    }
}

/// The most of an answer's head, in bytes.
const MAX_HEAD: usize = 16 * 1024;

/// The most of a whole answer, in bytes.
const MAX_ANSWER: usize = 16 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use std::future::pending;

    use tokio::io::AsyncWriteExt;

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
    fn an_answer_may_arrive_byte_by_byte() {
        let answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
        let url: Url = "http://cas1.example.com/metrics".parse().unwrap();
        let (mut theirs, ours) = tokio::io::duplex(1);
        let sends = async move {
            theirs.write_all(answer).await.unwrap();
            pending::<()>().await;
        };
        let got = run(beside(sends, exchange(tokio::io::join(ours, tokio::io::sink()), &url)));
        assert_eq!(got.unwrap(), b"abcde");
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
        let mut chunk = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffff\r\n".to_vec();
        assert!(matches!(error(&chunk), HttpError::CutShort));
        chunk.resize(17 * 1024 * 1024, b'x');
        assert!(matches!(error(&chunk), HttpError::TooLarge(_)));
        let mut head = b"HTTP/1.1 200 OK\r\n".to_vec();
        head.extend(b"X: ".iter().chain(&[b'x'; 20_000]));
        assert!(matches!(error(&head), HttpError::TooLarge(_)));
        let mut body = b"HTTP/1.1 200 OK\r\n\r\n".to_vec();
        body.resize(17 * 1024 * 1024, b'x');
        assert!(matches!(error(&body), HttpError::TooLarge(_)));
    }
}
