//! Does a call go on where somebody else may do better, and only there; and who gets no credentials, and why?

use std::io::Read;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::*;
use crate::net::Peer;
use crate::net::source::Source;
use crate::net::udp::Datagrams;
use crate::sip::assessment::tests::peer;
use crate::sip::call::called::Log;
use crate::sip::call::machine::Until;
use crate::sip::call::machine::tests::Scene;
use crate::sip::call::message::Method;
use crate::sip::probe::tests::{answer, question};
use crate::tls::settings::TlsSettings;
use crate::x509::chain::tests::Template as CertificateTemplate;

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

fn asked(timeout: Duration, redirect: Redirect) -> CallQuestion {
    CallQuestion {
        question: question(timeout),
        family: Family::Any,
        wish: Wish { until: Until::Answer, hold: Duration::ZERO, credentials: None },
        redirect,
        max_redirects: 5,
        headers: Vec::new(),
        routes: Vec::new(),
        nameservers: None,
    }
}

fn journey(asked: &CallQuestion) -> Journey<'_> {
    Journey::new(asked, Transport::Udp)
}

/// A server that answered with this, or could not be reached.
fn attempt(answer: Option<(u16, &str)>) -> Attempt {
    let result = match answer {
        None => Err(Unanswered::Server(Failure::new(Class::Refused, "refused"))),
        Some((status, more)) => {
            let mut scene = Scene::new(Until::Answer, Duration::ZERO, Transport::Udp);
            scene.settle();
            scene.say(Method::Invite, status, &format!("To: <sip:d>;tag=a\r\n{more}")).settle();
            let (started, log) = (scene.now, Log::default());
            Ok(Called { call: scene.call, started, ended: started, media_packets: 0, log, further: Vec::new() })
        }
    };
    let facts = Facts { peer: Some(peer()), ..Facts::default() };
    Attempt { name: None, facts, result, withheld: None, astray: None }
}

#[test]
fn another_target_is_called_only_where_it_may_do_better_and_time_is_left() {
    let _alone = ending::alone();
    let contact = "Contact: <sip:b@192.0.2.8>";
    for (answer, seconds, goes_on) in [
        (Some((200, contact)), 60, false),
        (Some((486, "")), 60, true),
        (Some((302, contact)), 60, true),
        (Some((603, "")), 60, false),
        (None, 60, true),
        (None, 0, false),
        (Some((302, contact)), 0, false),
    ] {
        let asked = asked(Duration::from_secs(seconds), Redirect::Follow);
        let found = block_on(journey(&asked).look_after(&mut attempt(answer), &[]));
        assert_eq!(found, goes_on, "{answer:?}, {seconds} s left");
    }
}

#[test]
fn nobody_else_is_called_where_a_signal_has_come() {
    for (signal, expected) in [(None, true), (Some("SIGTERM"), false)] {
        let mut attempt = attempt(Some((486, "")));
        let Ok(called) = &mut attempt.result else { panic!("it was answered") };
        called.log.signal = signal;
        assert_eq!(attempt.may_be_better_elsewhere(), expected, "{signal:?}");
    }
}

#[test]
fn a_redirection_whose_target_was_asked_counts_whether_that_answers_or_not() {
    let _alone = ending::alone();
    let nobody = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let asked = asked(Duration::from_millis(50), Redirect::Ask);
    let mut journey = journey(&asked);
    let contact = format!("Contact: <sip:b@{}>", nobody.local_addr().unwrap());
    let mut attempt = attempt(Some((302, &contact)));
    // To whom the loopback is a way to himself.
    attempt.facts.peer.as_mut().unwrap().address.set_ip("127.0.0.1".parse().unwrap());
    block_on(journey.look_after(&mut attempt, &[]));
    assert_eq!((attempt.astray, journey.redirections, journey.target.is_some()), (None, 1, true));
}

/// It is another question than the call, whose To would stay what it was.
#[test]
fn a_target_that_is_only_asked_is_asked_for_itself() {
    let _alone = ending::alone();
    let target = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let uri = format!("sip:b@{}", target.local_addr().unwrap());
    let answering = thread::spawn(move || {
        let mut buffer = [0; 4_096];
        let (length, from) = target.recv_from(&mut buffer).unwrap();
        let request = String::from_utf8_lossy(&buffer[..length]).into_owned();
        target.send_to(answer(&request, "200 OK", "").as_bytes(), from).unwrap();
        request
    });
    let asked = asked(Duration::from_secs(20), Redirect::Ask);
    let mut journey = Journey { to: Some("<sip:101@a.example>".to_owned()), ..journey(&asked) };
    let found = block_on(journey.ask(&SipUri::read(&uri).unwrap()));
    assert_eq!(found.outcome.result.unwrap().response.status, 200);
    let request = answering.join().unwrap();
    assert!(request.contains(&format!("\r\nTo: <{uri}>\r\n")), "{request}");
}

#[test]
fn a_target_is_asked_for_whom_it_names_in_its_own_share_of_the_time() {
    let asked = asked(Duration::from_secs(60), Redirect::Follow);
    let journey = Journey { to: Some("sip:101@a.example".to_owned()), ..journey(&asked) };
    let share = asked.question.deadline.share(Instant::now(), 4);
    let question = journey.question_to(&SipUri::read("sip:b@192.0.2.8").unwrap(), share);
    assert_eq!(question.deadline.instant(), share.instant());
    assert_eq!(question.uri.as_deref(), Some("sip:b@192.0.2.8"));
    assert_eq!(question.to.as_deref(), Some("sip:101@a.example"), "whom the first one was asked for");
}

/// Of four seconds, and of nameservers that say nothing.
#[test]
fn whom_nobody_finds_has_not_the_time_of_those_behind_him() {
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let nameservers = Nameservers::new(&[silent.local_addr().unwrap()]).ok();
    let asked = CallQuestion { nameservers, ..asked(Duration::from_secs(4), Redirect::Follow) };
    let target = |uri| Target { uri: SipUri::read(uri).unwrap(), usual: Transport::Udp, way: Vec::new() };
    let mut journey = journey(&asked);
    journey.targets.push_back(target("sip:c@192.0.2.8"));
    assert!(block_on(journey.call_target(&target("sip:b@b.example"))).result.is_err());
    assert!(!asked.question.deadline.remaining(Instant::now()).is_zero());
}

/// Where the system's resolver makes 0.0.0.0 of the name.
#[cfg(target_os = "linux")]
#[test]
fn a_redirection_to_a_name_of_no_address_in_particular_leads_whoever_follows_it_to_himself() {
    let _alone = ending::alone();
    let asked = asked(Duration::from_secs(2), Redirect::Ask);
    let mut journey = journey(&asked);
    let mut attempt = attempt(Some((302, "Contact: <sip:b@0:9>")));
    block_on(journey.look_after(&mut attempt, &[]));
    let expected = "0:9 is at 0.0.0.0, where whoever is redirected there reaches himself";
    assert_eq!(attempt.astray, Some(Astray::Itself(expected.to_owned())));
    assert!(journey.target.is_none());
}

#[test]
fn credentials_are_withheld_from_whom_a_redirection_names_and_where_the_certificate_is_not_in_order() {
    let template = CertificateTemplate::default();
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = template.params().self_signed(&key).unwrap().der().clone();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let builder = rustls::ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let config = Arc::new(builder.with_single_cert(vec![certificate], key).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serving = thread::spawn(move || {
        for stream in listener.incoming().take(2) {
            let mut stream = stream.unwrap();
            let mut server = rustls::ServerConnection::new(config.clone()).unwrap();
            let _ = server.complete_io(&mut stream);
            let _ = stream.read_to_end(&mut Vec::new());
        }
    });
    let mut asked = asked(Duration::from_secs(20), Redirect::Follow);
    asked.question.tls = Some(TlsSettings::of_a_test("b.example.com"));
    asked.question.credentials = Some(Credentials { username: "alice".to_owned(), password: "secret".to_owned() });
    let location = Location::of_host("127.0.0.1", port, Transport::Tls, Family::Any);
    for (credentials, expected) in [
        (asked.question.credentials.clone(), "which nobody gets whose certificate is not in order"),
        (None, "which the target of a redirection does not get"),
    ] {
        let question = Question { credentials, ..asked.question.clone() };
        let attempt = block_on(journey(&asked).call(Cow::Owned(question), &location));
        assert!(attempt.result.is_err(), "its certificate is for another name");
        assert_eq!(attempt.withheld, Some(expected));
    }
    serving.join().unwrap();
}

/// Of a server that takes the connection and says nothing, which has shown no certificate that could be out of order.
#[test]
fn credentials_are_not_said_to_be_withheld_from_whom_nobody_asked_for_a_certificate() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut asked = asked(Duration::from_millis(100), Redirect::Follow);
    asked.question.tls = Some(TlsSettings::of_a_test("b.example.com"));
    asked.question.credentials = Some(Credentials { username: "alice".to_owned(), password: "secret".to_owned() });
    let port = listener.local_addr().unwrap().port();
    let location = Location::of_host("127.0.0.1", port, Transport::Tls, Family::Any);
    let attempt = block_on(journey(&asked).call(Cow::Borrowed(&asked.question), &location));
    assert!(attempt.result.is_err());
    assert_eq!(attempt.withheld, None);
}

#[test]
fn only_whom_a_redirection_names_is_nobody_at_no_address_in_particular() {
    for (redirections, address, is_nobody) in
        [(0, "0.0.0.0:5060", false), (1, "0.0.0.0:5060", true), (2, "[::]:5060", true), (1, "127.0.0.1:5060", false)]
    {
        let asked = asked(Duration::from_secs(60), Redirect::Follow);
        let journey = Journey { redirections, ..journey(&asked) };
        let connected = block_on(async {
            let loopback = Peer { host: "127.0.0.1".to_owned(), address: "127.0.0.1:5060".parse().unwrap() };
            let datagrams = Datagrams::to(&loopback, Source::default()).await.unwrap();
            let local = datagrams.local_addr().unwrap();
            let peer = Peer { host: "b.example".to_owned(), address: address.parse().unwrap() };
            probe::Connected { connection: probe::Connection::Udp(datagrams), peer, local }
        });
        let class = journey.is_nobody(&connected).map(|nobody| nobody.class);
        assert_eq!(class, is_nobody.then_some(Class::Redirection), "{redirections} {address}");
    }
}

#[test]
fn a_target_with_its_port_or_address_is_a_host_and_no_domain() {
    let nowhere = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
    let nameservers = Nameservers::new(&[nowhere.local_addr().unwrap()]).ok();
    let asked = CallQuestion { nameservers, ..asked(Duration::from_millis(100), Redirect::Follow) };
    for (uri, expected) in
        [("sip:b@b.example:5070", Some(5070)), ("sip:b@192.0.2.8", Some(5060)), ("sip:b@b.example", None)]
    {
        let uri = SipUri::read(uri).unwrap();
        let mut journey = journey(&asked);
        let located = block_on(journey.locate(&uri, Transport::Udp, &asked.question.deadline));
        assert_eq!(located.ok().map(|location| location.targets[0].port), expected, "{}", uri.text);
    }
}
