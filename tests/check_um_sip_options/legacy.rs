//! What of servers with nothing but old TLS? With the feature legacy-tls an answer, without it words; for Windows see
//! tests/windows/legacy_tls.rs.

#![allow(clippy::unwrap_used, reason = "a test fails by panic")]

use crate::probe;
use crate::support::tls::OpenSsl;

#[test]
fn tls_with_words_when_there_is_nothing_in_common() {
    let Some(server) = OpenSsl::serve("server-rsa", "-tls1 -cipher ALL:@SECLEVEL=0") else { return };
    let ran = probe(&server.port, &["--transport", "tls", "--tls-backend", "modern", "--no-verify"]);
    ran.assert_text(2).assert_says("no TLS version and cipher suite in common with 127.0.0.1:");
    ran.assert_says("it answers with the alert protocol_version; we offer TLS 1.3 and 1.2, ECDHE with AES-GCM");
    #[cfg(not(any(feature = "legacy-tls", windows)))]
    assert!(ran.stdout.contains("\ncaused by: this build speaks TLS 1.2 and 1.3 only; a build with"), "{ran:?}");
}

#[cfg(not(any(feature = "legacy-tls", windows)))]
#[test]
fn local_when_this_build_has_no_legacy() {
    let Some(server) = OpenSsl::serve("server", "") else { return };
    let ran = probe(&server.port, &["--transport", "tls", "--tls-backend", "legacy", "--no-verify"]);
    ran.assert_text(3).assert_says("this build has no legacy TLS: expected one with the feature legacy-tls");
    assert!(ran.stdout.contains("(local)") && !ran.stdout.contains("install check-um"), "{ran:?}");
    // That is known before anybody is asked.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    probe(&port, &["--transport", "tls", "--tls-backend", "legacy", "--no-verify"]).assert_text(3);
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[cfg(all(feature = "legacy-tls", not(windows)))]
mod with_legacy {
    use std::sync::Arc;

    use openssl::ssl::{SslContext, SslFiletype, SslMethod, SslStream, SslVerifyMode, SslVersion};

    use crate::probe;
    use crate::support::peer::{Peer, read_request, response};
    use crate::support::tls::fixture;
    use crate::support::{Outcome, perfdata};

    /// A server that answers 200 over OpenSSL.
    struct Server {
        certificate: &'static str,
        version: SslVersion,
        ciphers: &'static str,
        demands: bool,
    }

    const RSA: Server =
        Server { certificate: "server-rsa", version: SslVersion::TLS1_2, ciphers: "ALL:@SECLEVEL=0", demands: false };

    impl Server {
        fn start(&self) -> Peer {
            let mut context = SslContext::builder(SslMethod::tls_server()).unwrap();
            context.set_security_level(0);
            context.set_min_proto_version(Some(self.version)).unwrap();
            context.set_max_proto_version(Some(self.version)).unwrap();
            context.set_cipher_list(self.ciphers).unwrap();
            context.set_certificate_file(fixture(&format!("{}.pem", self.certificate)), SslFiletype::PEM).unwrap();
            context.set_private_key_file(fixture(&format!("{}-key.pem", self.certificate)), SslFiletype::PEM).unwrap();
            if self.demands {
                context.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
                context.set_ca_file(fixture("client.pem")).unwrap();
            }
            let context = Arc::new(context.build());
            Peer::tcp(move |stream| {
                let mut stream = SslStream::new(openssl::ssl::Ssl::new(&context).unwrap(), stream).unwrap();
                if stream.accept().is_err() {
                    return;
                }
                while let Some(request) = read_request(&mut stream) {
                    let answer = response(&request, "SIP/2.0 200 OK", "");
                    std::io::Write::write_all(&mut stream, &answer).unwrap();
                }
            })
        }

        fn probe(&self, more: &[&str]) -> Outcome {
            let (peer, ca) = (self.start(), fixture(&format!("{}.pem", self.certificate)));
            let arguments = [&["--transport", "tls", "--ca-file", &ca, "-v"], more].concat();
            probe(&peer.port(), &arguments)
        }
    }

    #[track_caller]
    fn assert_answered(ran: &Outcome, version: &str) {
        ran.assert_begins(0, "UM SIP OPTIONS OK - ").assert_says("200 OK from 127.0.0.1:");
        assert!(ran.stdout.contains(&format!("\ntls version: {version}\n")), "{ran:?}");
        assert!(ran.stdout.contains("\nkey possession: proved\n"), "{ran:?}");
        assert!(perfdata::value(ran.first_line(), "certificate_days").unwrap() > 30_000.0);
        assert!(perfdata::value(ran.first_line(), "tls").is_some());
    }

    #[test]
    fn modern_servers_are_spoken_to_by_the_modern_backend() {
        for (version, name) in [(SslVersion::TLS1_3, "TLS 1.3"), (SslVersion::TLS1_2, "TLS 1.2")] {
            let ran = Server { version, certificate: "server", ..RSA }.probe(&[]);
            assert_answered(&ran, name);
            assert!(!ran.stdout.contains("tls legacy because"), "{ran:?}");
        }
    }

    #[test]
    fn ok_with_rsa_key_exchange_and_cbc() {
        let ran = Server { ciphers: "AES128-SHA:@SECLEVEL=0", ..RSA }.probe(&[]);
        assert_answered(&ran, "TLS 1.2");
        assert!(ran.stdout.contains("\ntls cipher suite: TLS_RSA_WITH_AES_128_CBC_SHA\n"), "{ran:?}");
        assert!(ran.stdout.contains("\ntls legacy because: no TLS version and cipher suite in common"), "{ran:?}");
    }

    #[test]
    fn ok_with_the_suites_of_windows_server_2012_r2() {
        let ciphers = "ECDHE-RSA-AES256-SHA384:ECDHE-RSA-AES128-SHA256:ECDHE-RSA-AES256-SHA:ECDHE-RSA-AES128-SHA:\
                       AES256-SHA256:AES128-SHA256:AES256-SHA:AES128-SHA:DES-CBC3-SHA:@SECLEVEL=0";
        assert_answered(&Server { ciphers, ..RSA }.probe(&[]), "TLS 1.2");
    }

    #[test]
    fn ok_with_obsolete_tls_which_is_said_always() {
        for (version, name) in [(SslVersion::TLS1_1, "TLS 1.1"), (SslVersion::TLS1, "TLS 1.0")] {
            let ran = Server { version, ..RSA }.probe(&[]);
            assert_answered(&ran, name);
            ran.assert_says(&format!("the server chose {name}, which RFC 8996 deprecates"));
            Server { version, ..RSA }.probe(&["--state", "obsolete-tls=warning"]).assert_text(1);
            Server { version, ..RSA }.probe(&["--tls-backend", "modern"]).assert_text(2);
        }
    }

    #[test]
    fn warning_with_a_weak_certificate() {
        let ran = Server { certificate: "server-weak", ..RSA }.probe(&[]);
        ran.assert_text(1).assert_says("is weak: its key is RSA 1024").assert_says("200 OK from 127.0.0.1:");
        let ran = Server { certificate: "server-weak", ..RSA }.probe(&["--state", "weak=ok"]);
        assert_answered(&ran, "TLS 1.2");
    }

    #[test]
    fn a_demanded_client_certificate_is_presented() {
        let (certificate, key) = (fixture("client.pem"), fixture("client-key.pem"));
        let identity = ["--client-certificate", &certificate, "--client-key", &key];
        for (version, name) in [
            (SslVersion::TLS1_3, "TLS 1.3"),
            (SslVersion::TLS1_2, "TLS 1.2"),
            (SslVersion::TLS1_1, "TLS 1.1"),
            (SslVersion::TLS1, "TLS 1.0"),
        ] {
            let server = Server { version, demands: true, ..RSA };
            let ran = server.probe(&identity);
            assert_answered(&ran, name);
            assert!(ran.stdout.contains("\nauthentication: client certificate CN=client.example.com\n"), "{ran:?}");
            let ran = server.probe(&[]);
            ran.assert_text(1).assert_says("demands a client certificate and was shown none");
        }
    }

    #[test]
    fn critical_when_old_and_untrusted_all_the_same() {
        let server = Server { version: SslVersion::TLS1, ..RSA };
        let ran = server.probe(&["--ca-file", &fixture("client.pem")]);
        ran.assert_text(2).assert_says("not trusted: it is self-signed");
    }
}
