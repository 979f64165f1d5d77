//! Is each address given its chance, and is it said what came of those that did not answer?

use std::time::Duration;

use super::*;
use crate::net::source::Source;
use crate::sip::digest::Credentials;
use crate::tls::backend::Backend;
use crate::x509::expiry::Expiries;

/// The plainest question, to be answered within `timeout`.
pub(crate) fn question(timeout: Duration) -> Question {
    Question {
        source: Source::default(),
        uri: None,
        from: None,
        to: None,
        contact: None,
        user_agent: "check-um/1".to_owned(),
        max_forwards: 70,
        routes: Vec::new(),
        headers: Vec::new(),
        repetition: None,
        credentials: None,
        tls: None,
        tls_backend: Backend::default(),
        expiries: Expiries::default(),
        asks_untrusted: false,
        asks_unverifiable: false,
        asks_misnamed: false,
        now: 0,
        deadline: Deadline::new(Instant::now(), timeout),
    }
}

/// The response with this status line and these further lines to a request.
pub(crate) fn answer(request: &str, status: &str, more: &str) -> String {
    let is_copied =
        |line: &&str| ["Via:", "From:", "To:", "Call-ID:", "CSeq:"].iter().any(|name| line.starts_with(name));
    let copied: Vec<_> = request.lines().filter(is_copied).collect();
    format!("SIP/2.0 {status}\r\n{}\r\n{more}Content-Length: 0\r\n\r\n", copied.join("\r\n"))
}

fn peer(address: &str) -> Peer {
    Peer { host: "sip.example.com".to_owned(), address: address.parse().unwrap() }
}

#[test]
fn what_this_host_lacks_for_one_address_does_not_hide_what_another_says() {
    let peers = [peer("[2001:db8::7]:5060"), peer("192.0.2.7:5060")];
    let failed = |classes: &[Class]| {
        let of = |class: &Class| Failure { causes: vec![format!("of {class}")], ..Failure::new(*class, class.name()) };
        none_answers(&peers, classes.iter().map(of).collect())
    };
    for (classes, expected) in [
        ([Class::Local, Class::Refused], Class::Refused),
        ([Class::Timeout, Class::Local], Class::Timeout),
        ([Class::Local, Class::Local], Class::Local),
    ] {
        let none = failed(&classes);
        assert_eq!((none.class, none.causes), (expected, classes.map(|class| format!("of {class}")).to_vec()));
        let [first, second] = classes;
        let said = format!("none of the 2 addresses of sip.example.com:5060 answers: {first}, {second}");
        assert_eq!(none.summary, said);
    }
    assert_eq!(failed(&[Class::Local]).summary, "local");
}

#[test]
fn all_targets_together_are_asked_at_no_more_addresses_than_one_alone_and_each_at_one() {
    let most = net::MAX_ASKED;
    for (targets, expected) in [(0, most), (1, most), (2, most / 2), (most, 1), (most + 1, 1)] {
        assert_eq!(share(targets), expected, "{targets}");
    }
}

/// The second address answers the third request, after a second and a half.
#[cfg(target_os = "linux")]
#[test]
fn the_last_address_has_all_the_time_that_the_others_leave() {
    let server = std::net::UdpSocket::bind("127.0.0.2:0").unwrap();
    server.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    let port = server.local_addr().unwrap().port();
    let serving = std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        let requests: Vec<_> = (0..3).map_while(|_| server.recv_from(&mut buffer).ok()).collect();
        let (length, client) = *requests.get(2)?;
        let request = std::str::from_utf8(&buffer[..length]).unwrap();
        server.send_to(answer(request, "200 OK", "").as_bytes(), client).ok()
    });
    let question = question(Duration::from_secs(4));
    let location = Location::of_host("sip.example.com", port, Transport::Udp, crate::net::family::Family::Any);
    let mut probe = Probe { question: &question, location: &location, facts: Facts::default() };
    let peers = [peer(&format!("127.0.0.1:{port}")), peer(&format!("127.0.0.2:{port}"))];
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let asked = runtime.block_on(probe.ask_addresses(&peers, &question.deadline));
    assert_eq!(asked.unwrap().unwrap().response.status, 200);
    assert_eq!((probe.facts.passed_over.len(), probe.facts.retransmissions), (1, Some(2)));
    assert!(serving.join().unwrap().is_some());
}

#[test]
fn the_same_question_to_another_host_has_its_name_for_tls_and_no_credentials() {
    let credentials = Some(Credentials { username: "alice".to_owned(), password: "secret".to_owned() });
    let first =
        Question { tls: Some(TlsSettings::of_a_test("a.example.com")), credentials, ..question(Duration::ZERO) };
    let other = first.to("b.example.com");
    let settings = other.tls.unwrap();
    assert_eq!((settings.name.as_str(), settings.name_is_explicit), ("b.example.com", false));
    assert!(other.credentials.is_none());
}
