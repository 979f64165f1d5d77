//! What comes of an answer, however it is framed, packed or broken?

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use ::rustls::pki_types::PrivatePkcs8KeyDer;
use ::rustls::server::WebPkiClientVerifier;
use futures_util::future::join;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;
use crate::net::Peer;

async fn answered(answer: &[u8]) -> Result<String, HttpError> {
    let url: Url = "http://cas1.example.com/metrics".parse().unwrap();
    // What is written goes to another end than what is read, so that the request is out of the way.
    let mut stream = tokio::io::join(answer, tokio::io::sink());
    exchange(&mut stream, request(&url, None).unwrap()).await.map(|body| String::from_utf8(body.bytes).unwrap())
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
fn what_was_in_the_buffer_before_is_not_read_once_more() {
    let (read, broken) = (Cell::new(0), Cell::new(None));
    let mut metered = Metered { stream: b"abc".as_slice(), read: &read, broken: &broken, is_asked: true };
    let mut bytes = [0; 8];
    let mut buffer = ReadBuf::new(&mut bytes);
    buffer.put_slice(b"xy");
    let mut context = Context::from_waker(std::task::Waker::noop());
    assert!(Pin::new(&mut metered).poll_read(&mut context, &mut buffer).is_ready());
    assert_eq!((buffer.filled(), read.get()), (b"xyabc".as_slice(), 3));
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
    let mut ours = tokio::io::join(ours, tokio::io::sink());
    let got = run(beside(sends, exchange(&mut ours, request(&url, None).unwrap())));
    assert_eq!(got.unwrap().bytes, b"abcde");
}

#[test]
fn an_answer_that_is_no_body_says_why() {
    let error = |answer: &[u8]| run(answered(answer)).unwrap_err();
    assert!(matches!(error(b"HTTP/1.1 302 Found\r\nLocation: http://192.0.2.1/\r\n\r\n"), HttpError::Redirect(302)));
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

#[test]
fn a_body_of_the_most_bytes_is_read_and_one_more_is_refused_by_its_length() {
    let answer = |length: usize| {
        let mut answer = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n").into_bytes();
        answer.resize(answer.len() + length, b'#');
        run(answered(&answer)).map(|body| body.len())
    };
    assert_eq!(answer(MAX_ANSWER).unwrap(), MAX_ANSWER);
    assert!(matches!(answer(MAX_ANSWER + 1), Err(HttpError::TooLarge(MAX_ANSWER))));
}

#[test]
fn a_packed_body_is_unpacked_as_far_as_a_body_may_go() {
    let packed = |body: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        std::io::Write::write_all(&mut encoder, body).and_then(|()| encoder.finish()).unwrap()
    };
    let head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n";
    let answer = |packed: Vec<u8>| run(answered(&[head.as_slice(), &packed].concat()));
    assert_eq!(answer(packed(b"up 1\n")).unwrap(), "up 1\n");
    assert_eq!(answer([packed(b"up 1\n"), packed(b"down 0\n")].concat()).unwrap(), "up 1\ndown 0\n");
    assert_eq!(answer(packed(&vec![b'#'; MAX_ANSWER])).unwrap().len(), MAX_ANSWER);
    assert!(matches!(answer(packed(&vec![b'#'; MAX_ANSWER + 1])), Err(HttpError::TooLarge(MAX_ANSWER))));
    assert!(matches!(answer(packed(b"up 1\n")[..15].to_vec()), Err(HttpError::CutShort)));
    assert!(matches!(answer(b"windows_exporter_build_info 1\n".to_vec()), Err(HttpError::Coding)));
    let brotli = b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\n\r\nx";
    assert!(matches!(run(answered(brotli)), Err(HttpError::Coding)));
}

#[test]
fn each_status_is_said_as_what_it_is() {
    let said =
        |code: u16| run(answered(format!("HTTP/1.1 {code} x\r\n\r\nsecret").as_bytes())).unwrap_err().to_string();
    for (code, words) in
        [(401, "wants credentials"), (403, "forbids"), (404, "/metrics"), (500, "its log"), (503, "now")]
    {
        assert!(said(code).starts_with(&format!("status {code}, expected 200: ")) && said(code).contains(words));
    }
    assert_eq!(said(418), "status 418, expected 200");
}

/// A stream that fails.
struct Breaks(ErrorKind);

impl AsyncRead for Breaks {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Err(self.0.into()))
    }
}

/// Where nothing says how long a body is, its end is that of the connection: a reset is none.
#[test]
fn what_breaks_off_is_no_body_whatever_has_come() {
    for (kind, is_over) in [(ErrorKind::UnexpectedEof, true), (ErrorKind::ConnectionReset, false)] {
        let said = b"HTTP/1.1 200 OK\r\n\r\nabc".as_slice();
        let url: Url = "http://cas1.example.com/metrics".parse().unwrap();
        let mut stream = tokio::io::join(AsyncReadExt::chain(said, Breaks(kind)), tokio::io::sink());
        match run(exchange(&mut stream, request(&url, None).unwrap())) {
            Ok(body) => assert!(is_over && !body.is_whole, "{kind:?}"),
            Err(error) => {
                assert!(!is_over && matches!(&error, HttpError::Broken(cause) if cause.kind() == kind), "{error}")
            }
        }
    }
}

#[test]
fn a_content_that_is_not_packed_may_say_so() {
    assert_eq!(run(answered(b"HTTP/1.1 200 OK\r\nContent-Encoding: identity\r\n\r\nup 1\n")).unwrap(), "up 1\n");
}

#[test]
fn a_look_up_that_took_too_long_is_of_two_classes_and_one_that_failed_is_no_data() {
    let expired = Deadline::new(Instant::now(), Duration::from_secs(1)).expired_during("looking up cas1");
    let failed = |expired_in_time| {
        let failure = Failure { causes: vec!["silence".to_owned()], ..Failure::expired_in_look_up(&expired) };
        let failure = HttpError::LookUp { failure, expired: expired_in_time }.failure("http://cas1/");
        assert!(failure.summary.starts_with("cannot read http://cas1/: looking up cas1"), "{}", failure.summary);
        assert_eq!(failure.causes, ["silence"]);
        (failure.class, failure.as_well)
    };
    assert_eq!([failed(true), failed(false)], [(Class::Dns, Some(Class::Timeout)), (Class::NoData, None)]);
}

#[test]
fn an_exporter_that_does_not_answer_is_a_timeout_and_one_that_refuses_no_data() {
    let peer = Peer { host: "cas1".to_owned(), address: "192.0.2.7:9182".parse().unwrap() };
    let silent = NetError::NoAnswer { peer: peer.clone(), waited: "1 s".to_owned() };
    let classes = [silent, NetError::Refused { peer }].map(|error| HttpError::Connect(error).failure("x").class);
    assert_eq!(classes, [Class::Timeout, Class::NoData]);
}

#[test]
fn a_lack_of_this_host_is_its_own_and_a_connection_that_broke_the_exporter_s() {
    let class = |kind: ErrorKind| HttpError::Broken(kind.into()).own_class();
    assert_eq!([class(ErrorKind::OutOfMemory), class(ErrorKind::ConnectionReset)], [Some(Class::Local), None]);
}

#[test]
fn a_server_that_asks_for_a_certificate_and_hangs_up_without_one_wants_one() {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(["127.0.0.1".to_owned()]).unwrap().self_signed(&key).unwrap();
    let provider = Arc::new(::rustls::crypto::ring::default_provider());
    let mut anchors = ::rustls::RootCertStore::empty();
    anchors.add(certificate.der().clone()).unwrap();
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(anchors), Arc::clone(&provider));
    let config = ::rustls::ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&::rustls::version::TLS13])
        .unwrap()
        .with_client_cert_verifier(verifier.allow_unauthenticated().build().unwrap())
        .with_single_cert(vec![certificate.der().clone()], PrivatePkcs8KeyDer::from(key.serialize_der()).into())
        .unwrap();
    let tls = TlsSettings { name_is_explicit: false, ..TlsSettings::of_a_test("127.0.0.1") };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let answer = runtime.block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url: Url = format!("https://{}/metrics", listener.local_addr().unwrap()).parse().unwrap();
        let serves = async {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = TlsAcceptor::from(Arc::new(config)).accept(stream).await.unwrap();
            // What was not read would be answered with a reset.
            assert!(stream.read(&mut [0; 4096]).await.unwrap() > 0);
        };
        let access = Access { tls, credentials: None };
        let deadline = Deadline::new(Instant::now(), Duration::from_secs(60));
        join(serves, get(&url, &access, &deadline)).await.1
    });
    let HttpError::Tls(failure) = answer.unwrap_err() else { panic!("another error") };
    assert_eq!(failure.class, Class::ClientCertificateRequired);
}

#[test]
fn a_connection_that_is_over_is_left_alone_and_none_is_waited_for_when_the_work_is_done() {
    let turns = async {
        tokio::task::yield_now().await;
        tokio::task::yield_now().await;
        7
    };
    assert_eq!(run(beside(async {}, turns)), 7);
    assert_eq!(run(beside(pending::<()>(), async { 7 })), 7);
}
