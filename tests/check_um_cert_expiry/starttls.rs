//! Does it come to the certificate of a server that speaks another protocol first? Exim, Dovecot, OpenLDAP, and bad ones.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use tempfile::TempDir;

use crate::run;
use crate::support::host::{self, Server};
use crate::support::peer::Peer;
use crate::support::port::free_port;
use crate::support::tls::{answer_hello, fixture, flight};
use crate::support::{Outcome, slapd};

fn ask(protocol: &str, port: impl ToString, more: &[&str]) -> Outcome {
    run(&[&["-H", "127.0.0.1", "-p", &port.to_string(), "--starttls", protocol], more].concat())
}

/// A directory with the certificate and key of a mail server, and its configuration.
fn configured(configuration: &str) -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned(), "127.0.0.1".to_owned()]).unwrap();
    let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).unwrap();
    write("cert.pem", &made.cert.pem());
    write("key.pem", &made.signing_key.serialize_pem());
    write("server.conf", &configuration.replace("@DIR@", &host::path(&directory)));
    // For those that give up being root.
    host::run("chmod", &["-R", "a+rX", &host::path(&directory)]);
    host::run("chmod", &["a+w", &host::path(&directory)]);
    directory
}

fn file(directory: &TempDir, name: &str) -> String {
    directory.path().join(name).to_str().unwrap().to_owned()
}

fn is_up(port: u16) -> impl Fn() -> bool {
    move || TcpStream::connect(("127.0.0.1", port)).is_ok()
}

#[test]
fn days_of_exim_by_smtp() {
    let directory = configured(include_str!("../fixtures/peers/exim.conf"));
    let port = free_port();
    let configuration = host::path(file(&directory, "server.conf"));
    let arguments = ["-C", &configuration, "-bdf", "-oX", &format!("127.0.0.1.{port}")];
    let Some(_exim) = Server::start("exim4", &arguments, is_up(port)) else { return };
    ask("smtp", port, &["--ca-file", &file(&directory, "cert.pem")]).assert_text(0).assert_says("expires in");
    ask("imap", port, &[]).assert_text(2).assert_says("does not speak IMAP: it begins with '220 ");
}

#[test]
fn days_of_dovecot_by_imap_and_pop3() {
    let (imap, pop3) = (free_port(), free_port());
    let configuration = include_str!("../fixtures/peers/dovecot.conf");
    let configuration = configuration.replace("@IMAP@", &imap.to_string()).replace("@POP3@", &pop3.to_string());
    let directory = configured(&configuration);
    let arguments = ["-F", "-c", &host::path(file(&directory, "server.conf"))];
    let Some(_dovecot) = Server::start("dovecot", &arguments, || is_up(imap)() && is_up(pop3)()) else { return };
    for (protocol, port) in [("imap", imap), ("pop3", pop3)] {
        ask(protocol, port, &["--ca-file", &file(&directory, "cert.pem")]).assert_text(0).assert_says("expires in");
    }
}

#[test]
fn days_of_slapd_by_ldap() {
    let directory = configured("");
    let [certificate, key] = ["cert.pem", "key.pem"].map(|name| host::path(file(&directory, name)));
    let more = format!("TLSCertificateFile {certificate}\nTLSCertificateKeyFile {key}");
    let Some(slapd) = slapd::Slapd::start("127.0.0.1", slapd::HEALTHY, &more) else { return };
    ask("ldap", slapd.port, &["--ca-file", &file(&directory, "cert.pem")]).assert_text(0).assert_says("expires in");
    let Some(without) = slapd::Slapd::start("127.0.0.1", slapd::HEALTHY, "") else { return };
    ask("ldap", without.port, &[]).assert_text(2).assert_says("does not start TLS: it answers 'result code ");
}

/// A peer that says the first of `lines`, between bars, then one after each line it hears, and shows a certificate after
/// the last.
fn scripted(lines: &'static str) -> Peer {
    let der = fs::read(fixture("leaf-rsa-2048.der")).unwrap();
    Peer::tcp(move |mut stream| {
        for (place, line) in lines.split('|').enumerate() {
            if place > 0 {
                let mut heard = [0];
                while stream.read_exact(&mut heard).is_ok() && heard != *b"\n" {}
            }
            if stream.write_all(line.as_bytes()).is_err() {
                return;
            }
        }
        answer_hello(&mut stream, &flight(std::slice::from_ref(&der), true));
    })
}

#[test]
fn answers_of_several_lines_are_read_to_their_end() {
    let smtp = scripted("220-a\r\n220 b\r\n|250-x\r\n250-STARTTLS\r\n250 y\r\n|220 go\r\n");
    ask("smtp", smtp.port(), &["--no-verify"]).assert_text(0);
    let imap = scripted("* OK hi\r\n|* BYE-not\r\n* CAPABILITY X\r\na ok go\r\n");
    ask("imap", imap.port(), &["--no-verify"]).assert_text(0);
    let pop3 = scripted("+OK hi\r\n|+ok go\r\n");
    ask("pop3", pop3.port(), &["--no-verify"]).assert_text(0);
}

#[test]
fn tls_when_the_server_does_not_consent() {
    for (protocol, lines, said) in [
        ("smtp", "554 no\r\n", "it greets with '554 no'"),
        ("smtp", "220 a\r\n|250 b\r\n|454 TLS not available\r\n", "it answers '454 TLS not available' to STARTTLS"),
        ("imap", "* OK a\r\n|a BAD what\r\n", "'a BAD what'"),
        ("pop3", "+OK a\r\n|-ERR what\r\n", "'-ERR what'"),
    ] {
        ask(protocol, scripted(lines).port(), &[]).assert_text(2).assert_says(said).assert_says("does not start TLS");
    }
}

/// The class of the only failure.
fn class(ran: &Outcome) -> String {
    ran.stdout.split("\"class\":\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default().to_owned()
}

#[test]
fn tls_when_the_server_speaks_something_else_than_is_asked_for() {
    for (protocol, greeting, said) in [
        ("smtp", "SSH-2.0-x\r\n", "does not speak SMTP: it begins with 'SSH-2.0-x'"),
        ("ldap", "220 mx\r\n", "does not speak LDAP as it should: its answer is no LDAP message"),
    ] {
        let peer = Peer::tcp(move |mut stream| {
            let _ = stream.write_all(greeting.as_bytes());
            let _ = stream.read_to_end(&mut Vec::new());
        });
        ask(protocol, peer.port(), &[]).assert_text(2).assert_says(said);
        let json = ask(protocol, peer.port(), &["--output", "json"]);
        assert_eq!(class(&json), "tls", "{json:?}");
        ask(protocol, peer.port(), &["--state", "tls=unknown"]).assert_text(3);
    }
}

#[test]
fn tls_when_somebody_speaks_after_the_consent() {
    for (protocol, lines) in [
        ("smtp", "220 a\r\n|250 b\r\n|220 go\r\n250 injected\r\n"),
        ("imap", "* OK a\r\n|a OK go\r\n* injected\r\n"),
        ("pop3", "+OK a\r\n|+OK go\r\n+OK injected\r\n"),
    ] {
        let ran = ask(protocol, scripted(lines).port(), &[]);
        ran.assert_text(2).assert_says("it sends more, in the clear, after its consent to TLS");
        ask(protocol, scripted(lines).port(), &["--state", "tls=unknown"]).assert_text(3);
    }
}

#[test]
fn an_endless_answer_is_cut_off_and_a_silent_one_waited_for_until_the_deadline() {
    for endless in [b"220-x\r\n".as_slice(), b"no line feed"] {
        let peer = Peer::tcp(move |mut stream| while stream.write_all(endless).is_ok() {});
        ask("smtp", peer.port(), &["-t", "5"]).assert_text(2).assert_within(Duration::from_secs(5));
    }
    let silent = Peer::tcp(|mut stream| drop(stream.read_to_end(&mut Vec::new())));
    let ran = ask("smtp", silent.port(), &["-t", "0.3"]);
    ran.assert_text(2).assert_says("asking 127.0.0.1:").assert_until(Duration::from_millis(300));
}
