//! Is each way in which a handshake fails called what it is?

use super::*;

fn peer() -> Peer {
    Peer { host: "192.0.2.7".to_owned(), address: "192.0.2.7:5061".parse().unwrap() }
}

fn tls(error: Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

fn handshake(error: &io::Error, asked: bool, shown: bool, first: &[u8]) -> TlsError {
    let mut served = Served { client_certificate_asked: asked, ..Served::default() };
    served.client_certificate_shown = shown.then(|| "CN=client.example.com".to_owned());
    TlsError::of_handshake(error, &peer(), &served, first)
}

const RECORD: &[u8] = b"\x15\x03\x03\x00\x02\x02\x28";

#[test]
fn an_alert_after_the_demand_is_about_the_client_certificate() {
    let alert = tls(Error::AlertReceived(Alert::HandshakeFailure));
    assert_eq!(handshake(&alert, true, false, RECORD).class(), Class::ClientCertificateRequired);
    assert_eq!(handshake(&alert, true, true, RECORD).class(), Class::Authentication);
    let error = handshake(&alert, false, false, RECORD);
    assert_eq!(error.class(), Class::Tls);
    assert!(error.may_be_legacy());
    let text = "no TLS version and cipher suite in common with 192.0.2.7:5061: it answers with the alert \
                handshake_failure; we offer TLS 1.3 and 1.2, ECDHE with AES-GCM or ChaCha20-Poly1305 over \
                X25519, P-256 or P-384";
    assert_eq!(error.to_string(), text);
}

#[test]
fn hanging_up_after_the_demand_is_about_the_client_certificate() {
    for kind in [io::ErrorKind::UnexpectedEof, io::ErrorKind::ConnectionReset] {
        assert_eq!(handshake(&kind.into(), true, false, RECORD).class(), Class::ClientCertificateRequired);
    }
}

#[test]
fn closed_when_the_peer_hangs_up_unasked() {
    let hang_up = |first: &[u8]| handshake(&io::ErrorKind::UnexpectedEof.into(), false, false, first);
    // Without a word, or with an alert alone, it refuses the hello; not so after a ServerHello.
    for first in [b"".as_slice(), RECORD] {
        assert_eq!(hang_up(first).class(), Class::Closed);
        assert!(hang_up(first).may_be_legacy());
    }
    assert!(!hang_up(b"\x16\x03\x03\x00\x31\x02").may_be_legacy());
}

#[test]
fn tls_when_the_peer_speaks_something_else() {
    let error = handshake(&tls(Error::DecryptError), false, false, b"HTTP/1.1 400 Bad Request");
    assert_eq!(error.to_string(), "192.0.2.7:5061 does not speak TLS on this port: it answers with HTTP without TLS");
}

#[test]
fn an_old_version_is_named() {
    for (minor, said) in [
        (1, "no TLS version and cipher suite in common with 192.0.2.7:5061: it chooses TLS 1.0;"),
        (2, "no TLS version and cipher suite in common with 192.0.2.7:5061: it chooses TLS 1.1;"),
        // Which is none.
        (3, "the TLS handshake with 192.0.2.7:5061 failed: "),
    ] {
        let hello = [b"\x16\x03\x01\x00\x31\x02\x00\x00\x2d\x03".as_slice(), &[minor], b"rest"].concat();
        let error = handshake(&tls(Error::General("x".to_owned())), false, false, &hello);
        assert!(error.to_string().starts_with(said), "{error}");
    }
}

#[test]
fn who_refuses_our_certificate_has_not_answered_the_question() {
    let failure = Failure::from(TlsError::of_refusal(peer(), "closed the connection".to_owned(), true));
    assert_eq!((failure.class, failure.is_answer), (Class::Authentication, false));
    assert_eq!(failure.causes, [""; 0], "an older TLS would not help");
}

#[test]
fn in_tls_1_3_the_verdict_comes_with_the_first_read() {
    let first_read =
        |error: &io::Error, shown| TlsError::of_first_read(error, &peer(), shown).map(|error| error.class());
    let required = tls(Error::AlertReceived(Alert::CertificateRequired));
    assert_eq!(first_read(&required, false), Some(Class::ClientCertificateRequired));
    assert_eq!(first_read(&tls(Error::AlertReceived(Alert::UnknownCA)), true), Some(Class::Authentication));
    assert_eq!(first_read(&io::ErrorKind::UnexpectedEof.into(), false), Some(Class::ClientCertificateRequired));
    assert_eq!(first_read(&io::ErrorKind::UnexpectedEof.into(), true), None);
    assert_eq!(first_read(&tls(Error::AlertReceived(Alert::InternalError)), true), None);
}

#[test]
fn alerts_have_their_names_from_the_standard() {
    assert_eq!(alert_name(Alert::UnknownCA), "unknown_ca");
    assert_eq!(alert_name(Alert::ProtocolVersion), "protocol_version");
    assert_eq!(alert_name(Alert::UnrecognisedName), "unrecognized_name");
}

#[test]
fn a_suite_that_nobody_offered_is_told_from_an_old_version() {
    let unoffered = tls(Error::PeerIncompatible(PeerIncompatible::NoCipherSuitesInCommon));
    for (minor, said) in
        [(1, "it chooses TLS 1.0;"), (2, "it chooses TLS 1.1;"), (3, "it chooses a suite that was not offered;")]
    {
        let hello = [b"\x16\x03\x03\x00\x31\x02\x00\x00\x2d\x03".as_slice(), &[minor], b"rest"].concat();
        let error = handshake(&unoffered, false, false, &hello);
        assert!(error.to_string().contains(said), "{error}");
    }
}
