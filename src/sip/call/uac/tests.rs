//! Is it known of a call who said what, and how often it was asked for? Over the loopback, with a callee made by hand.

use std::net::SocketAddr;

use futures_util::future::join;
use tokio::net::UdpSocket;

use super::*;
use crate::net::Peer;
use crate::net::source::Source;
use crate::net::udp::Datagrams;
use crate::report::Class;
use crate::sip::call::called::Called;
use crate::sip::call::machine::tests::template;
use crate::sip::call::machine::{Until, Wish};
use crate::sip::call::message::Hop;
use crate::sip::probe::tests::{answer, question};
use crate::sip::probe::{Connected, Connection};

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// A call to this callee, who has so many milliseconds; and where it is made from.
async fn call<'a>(callee: &UdpSocket, until: Until, milliseconds: u64) -> (CallUac<'a>, SocketAddr) {
    let peer = Peer { host: "127.0.0.1".to_owned(), address: callee.local_addr().unwrap() };
    let datagrams = Datagrams::to(&peer, Source::default()).await.unwrap();
    let local = datagrams.local_addr().unwrap();
    let line = Line::over(Connected { connection: Connection::Udp(datagrams), peer, local });
    let wish = Wish { until, hold: Duration::ZERO, credentials: None };
    let call = Call::new(template(), wish, line.transport, Instant::now());
    let question = question(Duration::from_millis(milliseconds));
    let (whole, held_off) = (question.deadline, ending::hold_off().unwrap());
    let setup = Setup { question: Cow::Owned(question), family: Family::Any, whole, held_off };
    (CallUac::over(line, call, MediaPort::open(local.ip()).await.unwrap(), setup), local)
}

/// The next message that the callee hears.
async fn heard(callee: &UdpSocket) -> String {
    let mut buffer = vec![0; 8 * 1024];
    let length = callee.recv(&mut buffer).await.unwrap();
    buffer.truncate(length);
    String::from_utf8(buffer).unwrap()
}

async fn say(callee: &UdpSocket, request: &str, status: &str, caller: SocketAddr) {
    callee.send_to(answer(request, status, "").as_bytes(), caller).await.unwrap();
}

#[test]
fn an_answer_that_cannot_be_read_is_named_where_it_is_ours() {
    let _alone = ending::alone();
    for (is_ours, expected) in [(true, Some(Class::Protocol)), (false, None)] {
        let called: Called = block_on(async {
            let callee = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let (uac, caller) = call(&callee, Until::Answer, 300).await;
            let answering = async {
                let invite = heard(&callee).await;
                let invite = if is_ours { invite } else { invite.replace("branch=", "branch=another") };
                say(&callee, &invite, "700 Huh", caller).await;
            };
            join(uac.finish(), answering).await.0
        });
        assert_eq!(called.log.unreadable.map(|failure| failure.class), expected, "{is_ours}");
        assert_eq!(called.log.invites, 1);
    }
}

#[test]
fn a_connection_that_a_contact_asked_for_breaks_and_the_call_goes_on_over_that_of_the_invite() {
    let _alone = ending::alone();
    block_on(async {
        let callee = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let (mut uac, _) = call(&callee, Until::Answer, 20_000).await;
        assert!(uac.recover(1, Failure::new(Class::Closed, "gone")).await);
        assert_eq!(uac.log.failure, None);
        assert!(!uac.recover(0, Failure::new(Class::Closed, "gone")).await, "nobody has taken the call up");
        assert_eq!(uac.log.failure.as_ref().map(|failure| failure.class), Some(Class::Closed));
    });
}

/// The callee answers CANCEL, which says that somebody else's 180 was heard.
#[cfg(unix)]
#[test]
fn whoever_said_that_it_rings_is_known_whoever_ends_the_call() {
    let _alone = ending::alone();
    let (called, stranger) = block_on(async {
        let callee = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let stranger = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let (uac, caller) = call(&callee, Until::Ringing, 20_000).await;
        let answering = async {
            let invite = heard(&callee).await;
            say(&stranger, &invite, "180 Ringing", caller).await;
            let cancel = heard(&callee).await;
            assert!(cancel.starts_with("CANCEL "), "{cancel}");
            say(&callee, &cancel, "200 OK", caller).await;
            say(&callee, &invite, "487 Gone", caller).await;
        };
        (join(uac.finish(), answering).await.0, stranger.local_addr().unwrap())
    });
    assert_eq!((called.log.rang_from, called.log.stranger), (Some(stranger), None));
    assert!(called.call.has_final());
}

/// The refusal of a datagram keeps the system from sending the next one.
#[cfg(target_os = "linux")]
#[test]
fn what_ends_a_call_is_sent_though_the_datagram_before_it_was_refused() {
    let _alone = ending::alone();
    for (method, arrives) in [(Method::Bye, true), (Method::Cancel, true), (Method::Invite, false)] {
        block_on(async {
            let callee = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let address = callee.local_addr().unwrap();
            let (mut uac, _) = call(&callee, Until::Answer, 20_000).await;
            drop(callee);
            let request = |method| CallRequest {
                method,
                uri: "sip:a".to_owned(),
                routes: Vec::new(),
                branch: "z9hG4bKb".to_owned(),
                to: "<sip:a>".to_owned(),
                cseq: 1,
                credentials: Vec::new(),
                hop: Hop::Peer,
            };
            assert!(uac.send_over(0, &request(Method::Ack)).await, "nobody knows yet that it is refused");
            let callee = UdpSocket::bind(address).await.unwrap();
            assert_eq!(uac.send_over(0, &request(method)).await, arrives, "{method:?}");
            if arrives {
                assert!(heard(&callee).await.starts_with(method.word()));
            }
        });
    }
}
