//! Does it see every certificate that a server has, and every server that has one? Both kinds of keys, rare keys and suites.

use std::fs;

use call_router::nameserver::{Manner, Nameserver, Zone, a, srv};

use crate::support::peer::Peer;
use crate::support::port::{closed_port, free_port};
use crate::support::tls::{OpenSsl, answer_hello, fixture, flight};
use crate::support::{Outcome, host, perfdata};
use crate::{DAY, Made, Wanted, run};

fn look(port: impl ToString, more: &[&str]) -> Outcome {
    run(&[&["-H", "127.0.0.1", "-p", &port.to_string()], more].concat())
}

/// A server with the fixture's RSA certificate, and an ECDSA one that ends after so many hours.
fn with_both(hours: i64, arguments: &str) -> Option<OpenSsl> {
    let made = Made::leaf(&Wanted::new("sip.test.local", -90 * DAY, hours));
    // Lives as long as the test, whose server reads it once.
    let directory = made.directory.keep();
    let [certificate, key] = ["leaf.pem", "key.pem"].map(|name| host::path(directory.join(name)));
    OpenSsl::serve("server-rsa", &format!("-dcert {certificate} -dkey {key} {arguments}"))
}

#[test]
fn critical_when_one_of_two_certificates_has_expired() {
    for version in ["-tls1_2", "-tls1_3"] {
        let Some(server) = with_both(-2 * DAY, version) else { return };
        let more = ["--no-verify", "--state", "weak=ok"];
        let ran = look(&server.port, &more);
        ran.assert_text(2).assert_says("ECDSA: certificate 'sip.test.local' expired 47 hours ago");
        assert!(perfdata::value(ran.first_line(), "days_left").unwrap() < 0.0, "{ran:?}");
        assert!(perfdata::value(ran.first_line(), "days_left_ecdsa").unwrap() < 0.0, "{ran:?}");
        assert!(perfdata::value(ran.first_line(), "days_left_rsa").unwrap() > 30.0, "{ran:?}");
        let rsa = look(&server.port, &[&more[..], &["--keys", "rsa"]].concat());
        rsa.assert_text(0);
        assert_eq!(perfdata::labels(rsa.first_line()), ["days_left", "leaf_days_left", "leaf_lifetime_left"]);
        look(&server.port, &[&more[..], &["--keys", "ecdsa"]].concat()).assert_text(2);
    }
}

#[test]
fn one_kind_of_keys_is_no_failure() {
    for (certificate, has, lacks) in [("server", "ecdsa", "rsa"), ("server-rsa", "rsa", "ecdsa")] {
        for version in ["-tls1_2", "-tls1_3"] {
            let Some(server) = OpenSsl::serve(certificate, version) else { return };
            let labels = ["days_left", "leaf_days_left", "leaf_lifetime_left"];
            for keys in ["both", has] {
                let ran = look(&server.port, &["--no-verify", "--keys", keys]);
                ran.assert_text(0);
                assert_eq!(perfdata::labels(ran.first_line()), labels, "{ran:?}");
            }
            look(&server.port, &["--no-verify", "--keys", lacks]).assert_text(2);
        }
    }
}

/// The parser of certificates complains of algorithms that it does not know, on standard error.
#[test]
fn nothing_is_on_standard_error_whatever_signed_a_certificate() {
    let made = Made { directory: tempfile::tempdir().unwrap() };
    let out = host::path(made.file("leaf.pem"));
    let key = host::path(made.file("key.pem"));
    for kind in ["ed448", "ed25519"] {
        let words =
            ["req", "-x509", "-newkey", kind, "-nodes", "-subj", "/CN=x", "-days", "90", "-keyout", &key, "-out", &out];
        if !host::ran("openssl", &words) {
            return;
        }
        run(&["--file", &made.path("leaf.pem"), "-vvv"]).assert_text(0);
    }
}

#[test]
fn a_key_that_is_not_proved_is_said_in_the_first_line() {
    const SAID: &str = "the server's possession of its key not proved";
    let der = fs::read(fixture("leaf-rsa-2048.der")).unwrap();
    let peer = Peer::tcp(move |mut stream| answer_hello(&mut stream, &flight(std::slice::from_ref(&der), true)));
    look(peer.port(), &["--no-verify"]).assert_text(0).assert_says(SAID);
    let Some(server) = OpenSsl::serve("server", "-tls1_3") else { return };
    let proved = look(&server.port, &["--no-verify"]);
    assert!(!proved.assert_text(0).stdout.contains(SAID), "{proved:?}");
}

/// Keys by OpenSSL, a self-signed certificate for each.
fn served_with(key: &str, arguments: &str) -> Option<OpenSsl> {
    let directory = tempfile::tempdir().unwrap().keep();
    let [certificate, file] = ["cert.pem", "key.pem"].map(|name| directory.join(name));
    let mut words = vec!["req", "-x509", "-nodes", "-days", "90", "-subj", "/CN=sip.test.local"];
    let (certificate_path, key_path) = (host::path(&certificate), host::path(&file));
    words.extend(["-keyout", &key_path, "-out", &certificate_path]);
    words.extend(key.split_whitespace());
    host::run("openssl", &words);
    OpenSsl::serve_files(&certificate, &file, arguments)
}

#[test]
fn days_of_a_server_whose_key_or_suite_hardly_anybody_has() {
    for (key, arguments) in [
        ("-newkey ec -pkeyopt ec_paramgen_curve:P-521", "-tls1_3"),
        ("-newkey rsa-pss", "-tls1_3"),
        ("-newkey ed448", "-tls1_3"),
        ("-newkey ed448", "-tls1_2"),
        ("-newkey ed25519", "-tls1_3"),
        ("-newkey ec -pkeyopt ec_paramgen_curve:P-256", "-tls1_2 -cipher ECDHE-ECDSA-AES128-CCM8"),
        ("-newkey rsa:2048", "-tls1_2 -cipher AES256-CCM"),
        ("-newkey rsa:2048", "-tls1_2 -cipher ECDHE-ARIA256-GCM-SHA384"),
        ("-newkey ec -pkeyopt ec_paramgen_curve:P-256", "-tls1_2 -cipher ECDHE-ECDSA-CAMELLIA128-SHA256"),
        ("-newkey rsa:2048", "-tls1_2 -cipher NULL-SHA256:@SECLEVEL=0"),
        ("-newkey rsa:2048", "-tls1_2 -groups X448 -cipher ECDHE-RSA-AES128-GCM-SHA256"),
        ("-newkey rsa:2048", "-tls1_2 -groups brainpoolP256r1 -cipher ECDHE-RSA-AES128-GCM-SHA256"),
        ("-newkey ec -pkeyopt ec_paramgen_curve:brainpoolP512r1", "-tls1_2"),
    ] {
        let Some(server) = served_with(key, arguments) else { return };
        let ran = look(&server.port, &["--no-verify"]);
        assert_eq!(ran.code, Some(0), "{key} {arguments}: {ran:?}");
        assert!(perfdata::value(ran.first_line(), "days_left").unwrap() > 80.0, "{key} {arguments}: {ran:?}");
    }
}

#[test]
fn both_offers_are_named_where_neither_is_taken() {
    for arguments in ["-ciphersuites TLS_AES_128_CCM_SHA256", "-groups P-521", "-groups X448", "-groups ffdhe2048"] {
        let Some(server) = served_with("-newkey ed25519", &format!("-tls1_3 {arguments}")) else { return };
        let ran = look(&server.port, &["--no-verify"]);
        ran.assert_text(2).assert_says("TLS 1.0 to 1.2 with every suite").assert_says("TLS 1.3 and 1.2 with AES-GCM");
        ran.assert_says("over X25519, P-256 or P-384");
    }
}

#[test]
fn tls_when_the_certificates_are_too_large_or_none() {
    let made = Made::leaf(&Wanted { alternatives: 4_000, ..Wanted::new("sip.test.local", -DAY, 90 * DAY) });
    let (leaf, key) = (made.file("leaf.pem"), made.file("key.pem"));
    let Some(server) = OpenSsl::serve_files(&leaf, &key, "-tls1_3") else { return };
    look(&server.port, &[]).assert_text(2).assert_says("certificates of more than 64 KiB in TLS 1.3");
    let empty = Peer::tcp(|mut stream| answer_hello(&mut stream, &flight(&[], true)));
    look(empty.port(), &[]).assert_text(2).assert_says("shows an empty list of certificates");
}

#[test]
fn no_name_of_rusts_is_said_of_a_certificate_of_version_1() {
    let directory = tempfile::tempdir().unwrap();
    let [certificate, key, request] = ["cert.pem", "key.pem", "csr.pem"].map(|name| directory.path().join(name));
    let [certificate_path, key_path, request_path] = [&certificate, &key, &request].map(host::path);
    let new = ["req", "-new", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", &key_path];
    host::run("openssl", &[&new[..], &["-out", &request_path]].concat());
    let sign = ["x509", "-req", "-in", &request_path, "-signkey", &key_path, "-out", &certificate_path];
    host::run("openssl", &sign);
    let Some(server) = OpenSsl::serve_files(&certificate, &key, "-tls1_3") else { return };
    let ran = look(&server.port, &["-v"]);
    ran.assert_text(1).assert_says("not trusted");
    for word in ["UnsupportedCertVersion", "OtherError"] {
        assert!(!ran.stdout.contains(word), "{ran:?}");
    }
    assert!(ran.stdout.contains("key possession: proved"), "{ran:?}");
}

#[test]
fn no_dot_at_the_end_of_a_name_is_sent() {
    let (named, other) = (fixture("server.pem"), fixture("server-key.pem"));
    let arguments = format!("-servername cas1.example.com -cert2 {} -key2 {}", host::path(named), host::path(other));
    for version in ["-tls1_2", "-tls1_3"] {
        let Some(server) = OpenSsl::serve("server-rsa", &format!("{version} {arguments}")) else { return };
        for name in ["cas1.example.com", "cas1.example.com."] {
            let ran = look(&server.port, &["--ca-file", &fixture("server.pem"), "--tls-name", name, "--keys", "ecdsa"]);
            assert!(!ran.stdout.contains("not trusted") && ran.stdout.contains("sip.test.local"), "{name}: {ran:?}");
        }
    }
}

#[test]
fn every_address_and_every_target_is_looked_at() {
    let der = fs::read(fixture("leaf-rsa-2048.der")).unwrap();
    let good = Peer::tcp_on(&format!("127.0.0.2:{}", free_port()), move |mut stream| {
        answer_hello(&mut stream, &flight(std::slice::from_ref(&der), true));
    });
    let dead = closed_port().parse().unwrap();
    for (service, more) in
        [("_sips._tcp.example.com", &[][..]), ("_submission._tcp.example.com", &["--starttls", "smtp"])]
    {
        let nameserver = Nameserver::new(
            Manner::Plain,
            vec![
                (service, srv(0, dead, "one.example.com")),
                (service, srv(0, good.address.port(), "two.example.com")),
                ("one.example.com", a([127, 0, 0, 1])),
                ("two.example.com", a([127, 0, 0, 2])),
            ],
        );
        let address = nameserver.address.to_string();
        let domain = ["-H", "example.com", "--srv", "--dns-server", &address, "--no-verify", "-t", "5"];
        if more.is_empty() {
            run(&domain).assert_text(0);
            let ran = run(&[&domain[..], &["--all-addresses"]].concat());
            ran.assert_begins(2, "UM CERT EXPIRY CRITICAL - 1 of 2 targets of example.com show certificates; ");
            ran.assert_says("connection refused by one.example.com:");
            assert!(perfdata::value(ran.first_line(), "days_left_127_0_0_2").is_some(), "{ran:?}");
        } else {
            run(&[&domain[..], more, &["--all-addresses"]].concat()).assert_says("0 of 2 targets of example.com");
        }
    }
}

#[test]
fn a_target_without_an_address_is_told_beside_one_that_shows_certificates() {
    let der = fs::read(fixture("leaf-rsa-2048.der")).unwrap();
    let good = Peer::tcp(move |mut stream| {
        answer_hello(&mut stream, &flight(std::slice::from_ref(&der), true));
    });
    let nameserver = Nameserver::new(
        Manner::Plain,
        vec![
            ("_sips._tcp.example.com", srv(0, good.address.port(), "one.example.com")),
            ("_sips._tcp.example.com", srv(0, 5061, "two.example.com")),
            ("one.example.com", a([127, 0, 0, 1])),
        ],
    );
    let address = nameserver.address.to_string();
    let domain = ["-H", "example.com", "--srv", "--dns-server", &address, "--no-verify", "-t", "5"];
    run(&domain).assert_text(0);
    let ran = run(&[&domain[..], &["--all-addresses"]].concat());
    ran.assert_begins(3, "UM CERT EXPIRY UNKNOWN - 1 of 2 targets of example.com show certificates; ");
    ran.assert_says("two.example.com");
}

#[test]
fn addresses_are_shared_out_among_the_targets_and_the_rest_is_counted() {
    let dead = closed_port().parse().unwrap();
    let many = |name: &'static str| (0..40).map(move |index| (name, a([127, 0, 1, index + 1])));
    let mut zone = vec![("_sips._tcp.example.com", srv(0, dead, "one.example.com"))];
    zone.extend(many("one.example.com"));
    let ran = |zone: Zone| {
        let nameserver = Nameserver::new(Manner::Plain, zone);
        let address = nameserver.address.to_string();
        run(&["-H", "example.com", "--srv", "--all-addresses", "--dns-server", &address, "--no-verify"])
    };
    ran(zone.clone()).assert_text(2).assert_says(
        "0 of 32 addresses of the only target of example.com show certificates, 8 more addresses were not asked; ",
    );
    zone.push(("_sips._tcp.example.com", srv(9, dead, "two.example.com")));
    zone.push(("two.example.com", a([127, 0, 0, 9])));
    let both = ran(zone);
    both.assert_text(2).assert_says(
        "0 of 2 targets of example.com show certificates (0 of 17 addresses), 24 more addresses were not asked; ",
    );
    assert!(both.stdout.contains("\nreason: a run asks no more than 32\n"), "{both:?}");
    assert!(both.stdout.contains("127.0.0.9"), "the second target was not looked at: {both:?}");
}

#[test]
fn with_srv_the_certificate_must_be_for_the_domain() {
    let made = Made::leaf(&Wanted::new("sip.test.local", -DAY, 90 * DAY));
    let Some(server) = OpenSsl::serve_files(&made.file("leaf.pem"), &made.file("key.pem"), "") else { return };
    let port = server.port.parse().unwrap();
    let records = |domain| (domain, srv(0, port, "0.example.com"));
    let nameserver = Nameserver::new(
        Manner::Plain,
        vec![records("_sips._tcp.victim.example"), ("0.example.com", a([127, 0, 0, 1]))],
    );
    let (address, anchors) = (nameserver.address.to_string(), made.path("leaf.pem"));
    let domain = ["-H", "victim.example", "--srv", "--dns-server", &address, "--ca-file", &anchors];
    run(&domain).assert_text(1).assert_says("the certificate is not for 'victim.example', but for 0.example.com");
}

#[test]
fn an_anchor_that_is_not_the_expected_one_warns() {
    let wanted = |name| Wanted::new(name, -DAY, 400 * DAY);
    let made = Made::chain(&wanted("sip.test.local"), &wanted("Issuing CA"), &wanted("Root CA"));
    let Some(server) = made.serve("") else { return };
    let trust = ["--ca-file", &made.path("root.pem"), "--expect-anchor"];
    let other = "ab".repeat(32);
    let ran = look(&server.port, &[&trust[..], &[&other]].concat());
    ran.assert_text(1).assert_says("the chain ends at the trust anchor 'Root CA', which is none of those expected");
    let said = ran.stdout.lines().find_map(|line| line.split("fingerprint is ").nth(1)).unwrap();
    let fingerprint = said.split(',').next().unwrap();
    look(&server.port, &[&trust[..], &[fingerprint]].concat()).assert_text(0);
    look(&server.port, &[&trust[..], &[&other, "--expect-anchor", fingerprint]].concat()).assert_text(0);
    let path = look(&server.port, &[&trust[..2], &["--judge", "path"]].concat());
    path.assert_text(0);
    assert!(perfdata::value(path.first_line(), "anchor_days_left").is_some(), "{path:?}");
    let leaf = look(&server.port, &[&trust[..2], &["--leaf-only"]].concat());
    assert_eq!(perfdata::labels(leaf.first_line()), ["days_left", "leaf_days_left", "leaf_lifetime_left"]);
}

#[test]
fn what_cannot_have_an_effect_is_refused() {
    for (arguments, said) in [
        (&["--file", "x", "--starttls", "smtp"][..], "--starttls: expected --hostname too"),
        (&["--file", "x", "--srv"], "--srv: expected --hostname too"),
        (&["--file", "x", "--all-addresses"], "--all-addresses: expected --hostname too"),
        (&["--file", "x", "--keys", "rsa"], "--keys: expected --hostname too"),
        (&["-H", "a", "--dns-server", "127.0.0.1"], "--dns-server: expected --srv too"),
        (&["-H", "a", "--srv", "-p", "1"], "--srv: expected no --port"),
        (&["-H", "127.0.0.1", "--srv"], "--srv: expected a domain"),
        (
            &["-H", "a", "--judge", "path", "--no-verify"],
            "--judge: expected --hostname or --ca-file without --no-verify",
        ),
        (&["--file", "x", "--judge", "path"], "--judge: expected --hostname or --ca-file"),
        (&["-H", "a", "--leaf-only", "--judge", "served"], "exclude each other"),
        (&["-H", "a", "--expect-anchor", "x"], "--expect-anchor: 'x' is not a SHA-256 fingerprint"),
    ] {
        run(arguments).assert_text(3).assert_says(said);
    }
}
