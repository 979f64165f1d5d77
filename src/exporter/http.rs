//! What does an exporter answer to a GET? HTTP/1.1 in the clear or over TLS: no redirects, no proxies, a bounded body.
//!
//! hyper speaks it, over a connection that is ours: a client above that would bring a pool, redirects, proxies and a second
//! TLS. What hyper leaves to its user is bounded here by counting what is read: provisional responses, sizes of chunks and
//! trailers are part of it, so that none of them goes on for ever.

use std::cell::Cell;
use std::error::Error;
use std::future::poll_fn;
use std::io::{self, ErrorKind, Read};
use std::mem;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};
use std::time::{Instant, SystemTime};

use flate2::read::MultiGzDecoder;
use hyper::Request;
use hyper::body::Body;
use hyper::client::conn::http1;
use hyper::header::{
    ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH, HOST, HeaderMap, HeaderValue,
    TRANSFER_ENCODING, USER_AGENT,
};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::credentials::Credentials;
use super::url::Url;
use crate::net::NetError;
use crate::net::channel::Channel;
use crate::net::family::Family;
use crate::net::resolve::resolve;
use crate::net::source::Source;
use crate::net::tcp::{Connected, connect_first};
use crate::platform::resource;
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
    #[error("status {0}, expected 200{words}", words = status_words(*.0))]
    Status(u16),
    #[error("status 401, expected 200: {}", if *.shown { REFUSED } else { UNKNOWN })]
    Unauthorized {
        /// Whether it was shown credentials.
        shown: bool,
    },
    /// A redirect, which is not followed: it could lead to where the operator did not mean to ask.
    #[error("status {0}, a redirect, which is not followed: expected 200")]
    Redirect(u16),
    #[error("the answer is not HTTP")]
    NotHttp,
    /// Of a coding of its content that was not asked for, or not really of the one that was.
    #[error("the answer is compressed, and not by gzip: expected gzip or nothing")]
    Coding,
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
    /// As a failure to read `place`: `no-data`, so that a dead exporter does not page as what it was asked for; only the
    /// deadline keeps its own class, and what this host lacks.
    pub(crate) fn failure(&self, place: &str) -> Failure {
        let class = self.own_class().unwrap_or(Class::NoData);
        // The first line says why; what caused that follows.
        let cause = match self {
            Self::Tls(failure) | Self::LookUp { failure, .. } => failure.clone(),
            error => Failure::caused_by(class, error),
        };
        // A name that was not looked up in time is the one failure of two classes.
        let as_well = cause.as_well.filter(|_| cause.class == class);
        let causes = cause.causes;
        Failure { as_well, causes, ..Failure::new(class, format!("cannot read {place}: {self}")) }
    }

    /// The class of a deadline that passed, or of what this host lacks; `None` for anything else.
    pub(crate) fn own_class(&self) -> Option<Class> {
        let own = |class: Class| Some(class).filter(|class| matches!(class, Class::Timeout | Class::Local));
        match self {
            Self::LookUp { failure, expired: true } => Some(failure.class),
            Self::LookUp { failure, .. } | Self::Tls(failure) => own(failure.class),
            Self::Connect(error) => own(error.class()),
            Self::Broken(error) => resource::is_exhausted(error).then_some(Class::Local),
            Self::Expired(_) => Some(Class::Timeout),
            _ => None,
        }
    }
}

/// What a scrape needs to know beside the address.
#[derive(Clone, Debug)]
pub(crate) struct Access {
    /// How TLS is to be spoken, with `https`.
    pub tls: TlsSettings,
    pub credentials: Option<Credentials>,
}

/// What was answered.
#[derive(Clone, Debug)]
pub(crate) struct HttpBody {
    pub bytes: Vec<u8>,
    /// Whether it was said where it ends, by its length, chunks or coding; else it ends where the connection does.
    pub is_whole: bool,
}

/// The body of the answer to a GET of `url`.
pub(crate) async fn get(url: &Url, access: &Access, deadline: &Deadline) -> Result<HttpBody, HttpError> {
    let peers = resolve(&url.host, url.port, Family::Any, deadline).await.map_err(|failure| {
        let expired = deadline.remaining(Instant::now()).is_zero();
        HttpError::LookUp { failure, expired }
    })?;
    let connected = connect_first(&peers, Source::default(), deadline).await.map_err(HttpError::Connect)?;
    let reading = || "the answer".to_owned();
    let request = request(url, access.credentials.as_ref())?;
    if !url.tls {
        let mut stream = connected.stream;
        return deadline.limit(reading, exchange(&mut stream, request)).await.map_err(HttpError::Expired)?;
    }
    let mut connection = secured(connected, &access.tls, deadline).await.map_err(HttpError::Tls)?;
    let answer = deadline.limit(reading, exchange(&mut connection.stream, request)).await;
    answer.map_err(HttpError::Expired)?.map_err(|error| {
        // In TLS 1.3 what a server thinks of a certificate, or of none, comes after the handshake.
        let hung_up = io::Error::from(ErrorKind::UnexpectedEof);
        let about_certificate = match &error {
            HttpError::Broken(cause) => connection.classify(cause),
            HttpError::CutShort => connection.classify(&hung_up),
            _ => None,
        };
        about_certificate.map_or(error, |about| HttpError::Tls(about.into()))
    })
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

/// A stream, with TLS or without; as one type, so that there is one HTTP client in a plugin and not one for each.
trait Duplex: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Duplex for T {}

async fn exchange(stream: &mut dyn Duplex, request: Request<String>) -> Result<HttpBody, HttpError> {
    let shown = request.headers().contains_key(AUTHORIZATION);
    let (read, broken) = (Cell::new(0), Cell::new(None));
    let (stream, writer) = tokio::io::split(stream);
    let stream = tokio::io::join(Metered { stream, read: &read, broken: &broken, is_asked: false }, writer);
    // What the stream itself said tells more than what hyper makes of it.
    let failed = |error: hyper::Error| broken.take().map_or_else(|| failure(&error, read.get()), HttpError::Broken);
    let (mut sender, connection) =
        http1::Builder::new().max_buf_size(MAX_HEAD).handshake(TokioIo::new(stream)).await.map_err(failed)?;
    let answer = async {
        let mut response = sender.send_request(request).await.map_err(failed)?;
        match response.status().as_u16() {
            200 => {}
            401 => return Err(HttpError::Unauthorized { shown }),
            code @ 300..=399 => return Err(HttpError::Redirect(code)),
            code => return Err(HttpError::Status(code)),
        }
        let is_gzip = is_gzip(response.headers())?;
        // No other coding of the transfer was asked for, and hyper would hand it on as it is.
        let mut codings = response.headers().get_all(TRANSFER_ENCODING).iter();
        if codings.any(|coding| !coding.as_bytes().eq_ignore_ascii_case(b"chunked")) {
            return Err(HttpError::NotHttp);
        }
        if response.body().size_hint().lower() > MAX_ANSWER as u64 {
            return Err(HttpError::TooLarge(MAX_ANSWER));
        }
        let is_framed = [CONTENT_LENGTH, TRANSFER_ENCODING].iter().any(|name| response.headers().contains_key(name));
        let mut bytes = Vec::new();
        while let Some(frame) = poll_fn(|context| Pin::new(response.body_mut()).poll_frame(context)).await {
            // Copied: a frame of one byte would keep the whole buffer that it came in. Trailers are nobody's.
            if let Ok(data) = frame.map_err(failed)?.into_data() {
                bytes.extend_from_slice(&data);
            }
        }
        if is_gzip {
            // It ends with a checksum and its own length.
            return Ok(HttpBody { bytes: unpacked(&bytes)?, is_whole: true });
        }
        Ok(HttpBody { bytes, is_whole: is_framed })
    };
    beside(connection, answer).await
}

fn request(url: &Url, credentials: Option<&Credentials>) -> Result<Request<String>, HttpError> {
    // RFC 3986 has these encoded, and hyper insists; selectors of Prometheus are mostly given as they are.
    let target = url.path.replace('"', "%22").replace('<', "%3C").replace('>', "%3E").replace('`', "%60");
    let mut request = Request::get(target)
        .header(HOST, url.authority())
        .header(USER_AGENT, concat!("check-um/", env!("CARGO_PKG_VERSION")))
        .header(ACCEPT, "text/plain;version=0.0.4")
        .header(ACCEPT_ENCODING, "gzip")
        .header(CONNECTION, "close");
    if let Some(credentials) = credentials {
        request = request.header(AUTHORIZATION, credentials.header());
    }
    request.body(String::new()).map_err(|error| HttpError::Broken(io::Error::other(error)))
}

/// Whether the content is packed, as was allowed; anything else done to it makes it unreadable.
fn is_gzip(headers: &HeaderMap) -> Result<bool, HttpError> {
    let mut codings = headers.get_all(CONTENT_ENCODING).iter().map(HeaderValue::as_bytes);
    let is = |coding: &[u8], wanted: &str| coding.eq_ignore_ascii_case(wanted.as_bytes());
    match (codings.next(), codings.next()) {
        (None, _) => Ok(false),
        (Some(coding), None) if is(coding, "identity") => Ok(false),
        (Some(coding), None) if is(coding, "gzip") || is(coding, "x-gzip") => Ok(true),
        _ => Err(HttpError::Coding),
    }
}

/// What was packed, at most as much as an answer may have.
fn unpacked(packed: &[u8]) -> Result<Vec<u8>, HttpError> {
    let mut body = Vec::new();
    let read = MultiGzDecoder::new(packed).take(MAX_ANSWER as u64 + 1).read_to_end(&mut body);
    match read {
        Ok(length) if length > MAX_ANSWER => Err(HttpError::TooLarge(MAX_ANSWER)),
        Ok(_) => Ok(body),
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => Err(HttpError::CutShort),
        Err(_) => Err(HttpError::Coding),
    }
}

/// What a status mostly means, of an exporter.
const fn status_words(code: u16) -> &'static str {
    match code {
        400 => ": it does not understand the request; does it want https?",
        403 => ": it forbids this page to whoever asks",
        404 => ": there is no such page; that of an exporter is mostly /metrics",
        407 => ": a proxy answers, which wants credentials of its own",
        500 => ": the exporter failed, and its log says why",
        502..=504 => ": it cannot answer now, or what stands before it does not reach it",
        _ => "",
    }
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
    /// What broke it, which hyper has no place for.
    broken: &'a Cell<Option<io::Error>>,
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
            Err(error) => {
                self.broken.set(Some(error));
                return Poll::Ready(Err(io::Error::other("broken")));
            }
            Ok(()) => {}
        }
        self.read.update(|read| read + buffer.filled().len() - before);
        Poll::Ready(Ok(()))
    }
}

const UNKNOWN: &str = "it wants credentials, which --exporter-user with a password or a bearer token give";

const REFUSED: &str = "it does not accept the user and password, or the bearer token, that it was shown";

/// The most of an answer's head, in bytes.
const MAX_HEAD: usize = 16 * 1024;

/// The most of a whole answer, in bytes.
const MAX_ANSWER: usize = 16 * 1024 * 1024;

#[cfg(test)]
mod tests;
