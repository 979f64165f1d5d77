//! Does it find the dates on every kind of server? OpenSSL's in all versions, and servers that behave like none.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::support::peer::Peer;
use crate::support::port::closed_port;
use crate::support::tls::{OpenSsl, answer_hello, fixture, flight, read_record};
use crate::support::{Outcome, host, perfdata, plugin, run_command};
use crate::{DAY, Made, NAME, Wanted, run};

fn look(port: &str, arguments: &str) -> Outcome {
    let words = arguments.split_whitespace().map(|word| match word.strip_prefix('@') {
        Some(name) => fixture(name),
        None => word.to_owned(),
    });
    let mut all = vec!["-H".to_owned(), "127.0.0.1".to_owned(), "-p".to_owned(), port.to_owned()];
    all.extend(words);
    run(&all.iter().map(String::as_str).collect::<Vec<_>>())
}

macro_rules! finds_the_days {
    ($($name:ident: $certificate:literal, $arguments:literal => $($said:literal),*;)*) => {$(
        #[test]
        fn $name() {
            let Some(server) = OpenSsl::serve($certificate, $arguments) else { return };
            let ran = look(&server.port, concat!("-v --ca-file @", $certificate, ".pem --state weak=ok"));
            ran.assert_text(0);
            assert!(perfdata::value(ran.first_line(), "days_left").unwrap() > 30_000.0, "{ran:?}");
            $(assert!(ran.stdout.contains($said), "does not say {}: {ran:?}", $said);)*
        }
    )*};
}

finds_the_days! {
    days_of_a_server_with_tls_1_3_only: "server", "-tls1_3" =>
        "\ntls version: TLS 1.3\ntls cipher suite: TLS_AES_128_GCM_SHA256\n", "client certificate: not demanded\n", "key possession: proved\n";
    days_of_a_server_with_tls_1_2_and_1_3: "server", "" =>
        "\ntls version: TLS 1.2\n", "key possession: proved\n";
    days_of_a_server_with_ecdhe_gcm: "server-rsa", "-tls1_2 -cipher ECDHE-RSA-AES128-GCM-SHA256" =>
        "\ntls version: TLS 1.2\ntls cipher suite: TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256\n";
    days_of_a_server_with_rsa_key_exchange_and_cbc: "server-rsa", "-tls1_2 -cipher AES128-SHA:@SECLEVEL=0" =>
        "tls cipher suite: TLS_RSA_WITH_AES_128_CBC_SHA\n";
    days_of_a_server_with_the_suites_of_windows_server_2012_r2: "server-rsa",
        "-tls1_2 -cipher ECDHE-RSA-AES256-SHA384:ECDHE-RSA-AES128-SHA256:ECDHE-RSA-AES256-SHA:ECDHE-RSA-AES128-SHA:AES256-SHA256:AES128-SHA256:AES256-SHA:AES128-SHA:DES-CBC3-SHA:@SECLEVEL=0" =>
        "tls version: TLS 1.2\n", "_CBC_SHA";
    days_of_a_server_with_tls_1_1: "server-rsa", "-tls1_1 -cipher ALL:@SECLEVEL=0" =>
        "the server chose TLS 1.1, which RFC 8996 deprecates", "tls version: TLS 1.1\n";
    days_of_a_server_with_tls_1_0: "server-rsa", "-tls1 -cipher ALL:@SECLEVEL=0" =>
        "the server chose TLS 1.0, which RFC 8996 deprecates", "tls version: TLS 1.0\n";
    days_of_a_weak_certificate: "server-weak", "-tls1_2 -cipher ALL:@SECLEVEL=0" =>
        "is weak: its key is RSA 1024, expected at least 2048 bits";
    days_when_tls_1_2_demands_a_client_certificate: "server", "-tls1_2 -Verify 1 -verify_return_error" =>
        "asks for a client certificate and was shown none", "client certificate: demanded, none presented\n";
    days_when_tls_1_3_demands_a_client_certificate: "server", "-tls1_3 -Verify 1 -verify_return_error" =>
        "asks for a client certificate and was shown none", "key possession: proved\n";
}

#[test]
fn ok_with_a_client_certificate_that_is_presented() {
    for version in ["-tls1_2", "-tls1_3"] {
        let arguments =
            format!("{version} -Verify 1 -verify_return_error -CAfile {}", host::path(fixture("client.pem")));
        let Some(server) = OpenSsl::serve("server", &arguments) else { return };
        let ran = look(
            &server.port,
            "-v --ca-file @server.pem --client-certificate @client.pem --client-key @client-key.pem",
        );
        ran.assert_text(0);
        assert!(ran.stdout.contains("\nauthentication: client certificate CN=client.example.com\n"), "{ran:?}");
        assert!(ran.stdout.contains("\nclient certificate: demanded and presented\n"), "{ran:?}");
    }
}

#[test]
fn critical_when_the_client_certificate_is_refused() {
    for version in ["-tls1_2", "-tls1_3"] {
        let Some(server) = OpenSsl::serve("server", &format!("{version} -Verify 1 -verify_return_error")) else {
            return;
        };
        let ran =
            look(&server.port, "--ca-file @server.pem --client-certificate @client.pem --client-key @client-key.pem");
        ran.assert_text(2).assert_says("refuses the client certificate: it sent the alert unknown_ca");
        assert!(perfdata::value(ran.first_line(), "days_left").is_some(), "{ran:?}");
    }
}

#[test]
fn critical_when_the_certificate_expires_soon() {
    let wanted = Wanted::new("sip.test.local", -DAY, 10 * DAY);
    let made =
        Made::chain(&wanted, &Wanted::new("Issuing CA", -DAY, 400 * DAY), &Wanted::new("Root CA", -DAY, 800 * DAY));
    let Some(server) = made.serve("") else { return };
    let ran = look(&server.port, &format!("--ca-file {}", made.path("root.pem")));
    ran.assert_begins(2, "UM CERT EXPIRY CRITICAL - certificate 'sip.test.local' expires in 10 days (");
    ran.assert_says(", less than 14 days");
    let labels = ["days_left", "leaf_days_left", "chain_1_days_left", "anchor_days_left", "leaf_lifetime_left"];
    assert_eq!(perfdata::labels(ran.first_line()), labels);
}

#[test]
fn warning_when_the_intermediate_expires_first() {
    let leaf = Wanted::new("sip.test.local", -DAY, 90 * DAY);
    let made = Made::chain(&leaf, &Wanted::new("Issuing CA", -DAY, 20 * DAY), &Wanted::new("Root CA", -DAY, 800 * DAY));
    let Some(server) = made.serve("-tls1_3") else { return };
    let ran = look(&server.port, &format!("--ca-file {}", made.path("root.pem")));
    ran.assert_begins(1, "UM CERT EXPIRY WARNING - chain certificate 1 'Issuing CA' expires in 20 days (");
}

#[test]
fn critical_and_not_also_untrusted_when_expired() {
    let leaf = Wanted::new("sip.test.local", -90 * DAY, -3 * DAY);
    let made = Made::chain(
        &leaf,
        &Wanted::new("Issuing CA", -99 * DAY, 90 * DAY),
        &Wanted::new("Root CA", -99 * DAY, 90 * DAY),
    );
    let Some(server) = made.serve("") else { return };
    let ran = look(&server.port, &format!("--ca-file {}", made.path("root.pem")));
    ran.assert_begins(2, "UM CERT EXPIRY CRITICAL - certificate 'sip.test.local' expired 2.9 days ago (");
    assert!(!ran.stdout.contains("not trusted"), "{ran:?}");
}

#[test]
fn the_roots_of_the_system_decide_where_nothing_else_is_given() {
    let leaf = Wanted::new("sip.test.local", -DAY, 90 * DAY);
    let made = Made::chain(&leaf, &Wanted::new("Issuing CA", -DAY, 90 * DAY), &Wanted::new("Root CA", -DAY, 90 * DAY));
    let Some(server) = made.serve("") else { return };
    for (roots, code) in [(made.path("root.pem"), 0), (fixture("client.pem"), 1)] {
        let mut command = plugin(NAME);
        command.args(["-H", "127.0.0.1", "-p", &server.port]).env("SSL_CERT_FILE", roots).env_remove("SSL_CERT_DIR");
        run_command(&mut command).assert_text(code);
    }
}

/// Red Hat's file of roots in OpenSSL's trusted format has certificates in it that nobody is to trust.
#[test]
fn untrusted_when_the_system_rejects_a_certificate_on_the_way() {
    let leaf = Wanted::new("sip.test.local", -DAY, 90 * DAY);
    let made = Made::chain(&leaf, &Wanted::new("Issuing CA", -DAY, 90 * DAY), &Wanted::new("Root CA", -DAY, 90 * DAY));
    let Some(server) = made.serve("") else { return };
    for (name, subject) in [("leaf", "sip.test.local"), ("issuing", "Issuing CA")] {
        let [certificate, out] =
            [format!("{name}.pem"), "rejected.pem".to_owned()].map(|name| host::path(made.file(&name)));
        if !host::ran("openssl", &["x509", "-in", &certificate, "-addreject", "serverAuth", "-trustout", "-out", &out])
        {
            return;
        }
        let roots = ["root.pem", "rejected.pem"].map(|name| std::fs::read_to_string(made.file(name)).unwrap()).concat();
        std::fs::write(made.file("roots.pem"), roots).unwrap();
        let mut command = plugin(NAME);
        command.args(["-H", "127.0.0.1", "-p", &server.port]);
        command.env("SSL_CERT_FILE", made.path("roots.pem")).env_remove("SSL_CERT_DIR");
        let says = format!("rejects '{subject}' for servers");
        run_command(&mut command).assert_text(1).assert_says(&says);
        // A directory beside it, of whatever roots, does not change that.
        run_command(command.env("SSL_CERT_DIR", made.path("none"))).assert_text(1).assert_says(&says);
    }
}

#[test]
fn unreadable_when_an_anchor_cannot_be_read_that_may_decide() {
    let leaf = Wanted::new("sip.test.local", -DAY, 90 * DAY);
    let made = Made::chain(&leaf, &Wanted::new("Issuing CA", -DAY, 90 * DAY), &Wanted::new("Root CA", -DAY, 90 * DAY));
    let Some(server) = made.serve("") else { return };
    let root = std::fs::read_to_string(made.file("root.pem")).unwrap();
    let other = std::fs::read_to_string(fixture("client.pem")).unwrap();
    let cut = |pem: &str| pem.replace("-----END CERTIFICATE-----", "-----END CERTIFICATE");
    let rejecting = cut(&other).replace(" CERTIFICATE", " TRUSTED CERTIFICATE");
    let (path, at) = (made.path("roots.pem"), ["-H", "127.0.0.1", "-p", &server.port]);
    for (good, bad, is_decided) in [(&root, cut(&other), true), (&root, rejecting, false), (&other, cut(&root), false)]
    {
        std::fs::write(made.file("roots.pem"), format!("{good}{bad}")).unwrap();
        let mut by_system = plugin(NAME);
        by_system.args(at).env("SSL_CERT_FILE", &path).env_remove("SSL_CERT_DIR");
        for ran in [run_command(&mut by_system), run(&[&at[..], &["--ca-file", &path]].concat())] {
            ran.assert_text(if is_decided { 0 } else { 3 });
            let said = format!(
                "may be trusted or not: a trust anchor cannot be read: {path}: line {}",
                good.lines().count() + 1
            );
            assert_eq!(ran.stdout.contains(&said), !is_decided, "{ran:?}");
        }
    }
}

/// Exchange's own are self-signed: the file that is to say so may be cut, or glued together of two kinds.
#[test]
fn unreadable_when_the_anchor_that_cannot_be_read_may_be_the_certificate_itself() {
    let Some(server) = OpenSsl::serve("server", "") else { return };
    let [own, other] = ["server.pem", "client.pem"].map(|name| std::fs::read_to_string(fixture(name)).unwrap());
    let der = CertificateDer::from_pem_slice(own.as_bytes()).unwrap();
    let broken = own.replacen("-----\n", "----- CAS1\n", 1);
    for unread in [broken.as_bytes(), &der] {
        let made = Made::holding("ca.pem", &[other.as_bytes(), unread].concat());
        let ran = run(&["-H", "127.0.0.1", "-p", &server.port, "--ca-file", &made.path("ca.pem")]);
        ran.assert_text(3).assert_says("may be trusted or not: a trust anchor cannot be read: ");
        ran.assert_says(&format!("ca.pem: line {}", other.lines().count() + 1));
    }
}

#[test]
fn trust_and_name_are_states_of_their_own() {
    let Some(server) = OpenSsl::serve("server", "") else { return };
    look(&server.port, "").assert_text(1).assert_says("not trusted: it is self-signed").assert_says("expires in");
    look(&server.port, "--state untrusted=critical").assert_text(2);
    look(&server.port, "--no-verify").assert_text(0);
    look(&server.port, "--ca-file @client.pem").assert_text(1).assert_says("not trusted");
    look(&server.port, "--ca-file @server.pem --tls-name sip.test.local").assert_text(0);
    let other = look(&server.port, "--ca-file @server.pem --tls-name other.test.local");
    other.assert_text(1).assert_says("is not for 'other.test.local', but for sip.test.local, localhost");

    let shown = look(&server.port, "-v").stdout;
    let fingerprint = shown.lines().find_map(|line| line.strip_prefix("fingerprint sha256: ")).unwrap();
    look(&server.port, &format!("--fingerprint {fingerprint}")).assert_text(0);
    look(&server.port, &format!("--fingerprint {}", fingerprint.replace(':', "").to_lowercase())).assert_text(0);
    let other = format!("--fingerprint {}", "ab".repeat(32));
    look(&server.port, &other).assert_text(1).assert_says("its SHA-256 fingerprint is another one than given");
}

#[test]
fn nothing_is_sent_after_the_flight_but_an_orderly_end() {
    let der = std::fs::read(fixture("leaf-rsa-2048.der")).unwrap();
    let (sender, receiver) = mpsc::channel();
    let peer = Peer::tcp(move |mut stream| {
        read_record(&mut stream);
        stream.write_all(&flight(std::slice::from_ref(&der), true)).unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        sender.send(rest).unwrap();
    });
    look(&peer.port(), "--no-verify").assert_text(0);
    let close_notify = [21, 3, 1, 0, 2, 1, 0];
    assert_eq!(receiver.recv_timeout(Duration::from_secs(5)).unwrap(), close_notify);
}

#[test]
fn days_of_a_server_that_hangs_up_after_its_certificate() {
    let der = std::fs::read(fixture("leaf-rsa-2048.der")).unwrap();
    let peer = Peer::tcp(move |mut stream| answer_hello(&mut stream, &flight(std::slice::from_ref(&der), false)));
    let ran = look(&peer.port(), "--no-verify");
    ran.assert_text(0);
    assert!(perfdata::value(ran.first_line(), "leaf_days_left").unwrap() > 30_000.0);
}

/// The DER of the certificate in a PEM file.
fn der(path: &Path) -> Vec<u8> {
    CertificateDer::from_pem_file(path).unwrap().to_vec()
}

#[test]
fn days_though_a_certificate_behind_the_leaf_cannot_be_read() {
    let wanted = |name| Wanted::new(name, -DAY, 90 * DAY);
    let made = Made::chain(&wanted("sip.test.local"), &wanted("Issuing CA"), &wanted("Root CA"));
    let [leaf, mut issuing] = ["leaf.pem", "issuing.pem"].map(|name| der(&made.file(name)));
    // UTCTime of the end of its validity, behind that of its begin: 30 February.
    let begin = issuing.windows(2).position(|header| header == [0x17, 13]).unwrap();
    issuing[begin + 15 + 4..begin + 15 + 8].copy_from_slice(b"0230");
    for (chain, said) in [
        (vec![leaf.clone(), issuing], "certificate 1 of the chain (the leaf is 0) cannot be read"),
        (vec![leaf; 1_001], "more than 1000 certificates were shown"),
    ] {
        let peer = Peer::tcp(move |mut stream| answer_hello(&mut stream, &flight(&chain, true)));
        let ran = look(&peer.port(), "--no-verify");
        ran.assert_text(2).assert_says(said).assert_says("certificate 'sip.test.local' expires in 90 days");
        assert!(perfdata::value(ran.first_line(), "leaf_days_left").unwrap() > 89.0, "{ran:?}");
    }
}

#[test]
fn days_in_tls_1_3_though_a_certificate_behind_the_leaf_cannot_be_read() {
    let wanted = |name| Wanted::new(name, -DAY, 90 * DAY);
    let made = Made::chain(&wanted("sip.test.local"), &wanted("Issuing CA"), &wanted("Root CA"));
    let junk = CertificateDer::from(b"junk".to_vec());
    let chain = vec![CertificateDer::from_pem_file(made.file("leaf.pem")).unwrap(), junk];
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_protocol_versions(&[&rustls::version::TLS13]).unwrap().with_no_client_auth();
    let key = PrivateKeyDer::from_pem_file(made.file("key.pem")).unwrap();
    let config = Arc::new(config.with_single_cert(chain, key).unwrap());
    let peer = Peer::tcp(move |stream| {
        let mut stream = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let ran = look(&peer.port(), "--no-verify");
    ran.assert_text(2).assert_says("certificate 1 of the chain (the leaf is 0) cannot be read");
    assert!(perfdata::value(ran.first_line(), "leaf_days_left").unwrap() > 89.0, "{ran:?}");
}

#[test]
fn ten_thousand_names_fit_on_one_line() {
    let leaf = Wanted { alternatives: 10_000, ..Wanted::new("sip.test.local", -DAY, 90 * DAY) };
    let made = Made::leaf(&leaf);
    let der = std::fs::read(made.file("leaf.der")).unwrap();
    let peer = Peer::tcp(move |mut stream| answer_hello(&mut stream, &flight(std::slice::from_ref(&der), true)));
    let ran = look(&peer.port(), "--tls-name other.example -v -v -v");
    ran.assert_text(1).assert_says("and 9996 more").assert_within(Duration::from_secs(5));
}

#[test]
fn timeout_when_the_server_is_silent() {
    let peer = Peer::tcp(|mut stream| drop(stream.read_to_end(&mut Vec::new())));
    let ran = look(&peer.port(), "-t 0.5");
    ran.assert_text(2).assert_says("the first part of the TLS handshake with 127.0.0.1:");
    ran.assert_within(Duration::from_millis(500));
    look(&peer.port(), "-t 0.3:unknown").assert_text(3);
}

#[test]
fn closed_when_the_server_hangs_up_at_once() {
    let peer = Peer::tcp(|mut stream| drop(read_record(&mut stream)));
    let ran = look(&peer.port(), "");
    ran.assert_text(2).assert_says("closed the connection in the TLS handshake, in answer to our ClientHello");
    assert!(ran.stdout.contains("\ncaused by: before that: "), "{ran:?}");
}

#[test]
fn closed_when_the_server_answers_with_nothing_but_a_farewell() {
    let peer = Peer::tcp(|mut stream| answer_hello(&mut stream, &[21, 3, 3, 0, 2, 1, 0]));
    let answer = ["-H", "127.0.0.1", "-p", &peer.port(), "--transport", "tls"];
    let options = run_command(plugin("check_um_sip_options").args(answer));
    for ran in [look(&peer.port(), ""), options] {
        ran.assert_text(2).assert_says("closed the connection in the TLS handshake, in answer to our ClientHello");
    }
}

#[test]
fn tls_when_the_server_speaks_something_else() {
    for (bytes, said) in [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n".as_slice(), "it answers with HTTP without TLS"),
        (b"SIP/2.0 400 Bad Request\r\n\r\n", "it answers with SIP without TLS"),
        (&[0x80, 0xff, 0, b'|', 0x1b], "it answers with something that is no TLS"),
    ] {
        let peer = Peer::tcp(move |mut stream| answer_hello(&mut stream, bytes));
        look(&peer.port(), "").assert_text(2).assert_says(said);
    }
}

#[test]
fn tls_when_a_record_or_message_lies_about_its_length() {
    for bytes in [vec![22, 3, 1, 0xff, 0xff, 2], flight(&[], true), flight(&[b"junk".to_vec()], true)] {
        let peer = Peer::tcp(move |mut stream| answer_hello(&mut stream, &bytes));
        look(&peer.port(), "-t 5").assert_exit(2).assert_text(2).assert_within(Duration::from_secs(5));
    }
}

#[test]
fn an_endless_flight_is_cut_off() {
    let peer = Peer::tcp(|mut stream| {
        read_record(&mut stream);
        let record = [[22, 3, 1, 0x3e, 0x80].as_slice(), &[0; 16_000]].concat();
        while stream.write_all(&record).is_ok() {}
    });
    look(&peer.port(), "-t 5").assert_text(2).assert_within(Duration::from_secs(5));
}

#[test]
fn refused_when_nobody_listens() {
    look(&closed_port(), "").assert_text(2).assert_says("connection refused by 127.0.0.1:");
}

#[test]
fn every_format_has_the_whole_report() {
    let Some(server) = OpenSsl::serve("server", "") else { return };
    look(&server.port, "--output json").assert_exit(1).assert_json("WARNING");
    look(&server.port, "--output scom --no-verify").assert_exit(0).assert_scom("OK");
    look(&server.port, "--single-line -v").assert_text(1);
}
