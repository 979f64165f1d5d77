//! Is it known of a call who said what, and how often it was asked for? Over the loopback, with a callee made by hand.

use std::net::SocketAddr;

use futures_util::FutureExt;
use futures_util::future::join;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};

use super::*;
use crate::net::Peer;
use crate::net::source::Source;
use crate::net::udp::Datagrams;
use crate::report::Class;
use crate::sip::call::called::Called;
use crate::sip::call::machine::outcome::{Open, Release, Verdict};
use crate::sip::call::machine::tests::template;
use crate::sip::call::machine::{Until, Wish};
use crate::sip::probe::tests::{answer, question};
use crate::sip::probe::{Connected, Connection};

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let limited = async { tokio::time::timeout(Duration::from_secs(60), work).await.unwrap() };
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(limited)
}

/// A call to this callee, who has so many milliseconds; and where it is made from.
async fn call<'a>(callee: &UdpSocket, until: Until, milliseconds: u64) -> (CallUac<'a>, SocketAddr) {
    let peer = Peer { host: "127.0.0.1".to_owned(), address: callee.local_addr().unwrap() };
    let datagrams = Datagrams::to(&peer, Source::default()).await.unwrap();
    let local = datagrams.local_addr().unwrap();
    let connected = Connected { connection: Connection::Udp(datagrams), peer, local };
    (call_over(connected, until, milliseconds).await, local)
}

async fn call_over<'a>(connected: Connected, until: Until, milliseconds: u64) -> CallUac<'a> {
    let local = connected.local;
    let line = Line::over(connected);
    let wish = Wish { until, hold: Duration::ZERO, credentials: None };
    let call = Call::new(template(), wish, line.transport, Instant::now());
    let question = question(Duration::from_millis(milliseconds));
    let (whole, held_off) = (question.deadline, ending::hold_off().unwrap());
    let setup = Setup { question: Cow::Owned(question), family: Family::Any, whole, held_off };
    CallUac::over(line, call, MediaPort::open(local.ip()).await.unwrap(), setup)
}

async fn stream_to(callee: &TcpListener) -> Connected {
    let address = callee.local_addr().unwrap();
    let stream = TcpStream::connect(address).await.unwrap();
    let local = stream.local_addr().unwrap();
    let peer = Peer { host: "127.0.0.1".to_owned(), address };
    Connected { connection: Connection::Tcp(stream), peer, local }
}

/// The next message that the callee hears.
async fn heard(callee: &UdpSocket) -> String {
    let mut buffer = vec![0; 8 * 1024];
    let length = callee.recv(&mut buffer).await.unwrap();
    buffer.truncate(length);
    String::from_utf8(buffer).unwrap()
}

/// What comes over a stream, until a head has ended.
async fn heard_on(stream: &mut TcpStream) -> String {
    let mut heard = String::new();
    while !heard.contains("\r\n\r\n") {
        let mut buffer = [0; 8 * 1024];
        let length = stream.read(&mut buffer).await.unwrap();
        heard += std::str::from_utf8(&buffer[..length]).unwrap();
    }
    heard
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

/// A 2xx that crosses the CANCEL, and is cut within its body.
#[test]
fn what_a_cut_2xx_began_is_ended_at_once_where_nobody_waits_for_a_better_one() {
    let _alone = ending::alone();
    let called = block_on(async {
        let callee = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let (uac, caller) = call(&callee, Until::Ringing, 20_000).await;
        let answering = async {
            let invite = heard(&callee).await;
            say(&callee, &invite, "180 Ringing", caller).await;
            assert!(heard(&callee).await.starts_with("CANCEL "));
            let cut = answer(&invite, "200 OK", "").replace("Content-Length: 0", "Content-Length: 9");
            callee.send_to(cut.as_bytes(), caller).await.unwrap();
            assert!(heard(&callee).await.starts_with("ACK "));
            let bye = heard(&callee).await;
            assert!(bye.starts_with("BYE "), "{bye}");
            say(&callee, &bye, "200 OK", caller).await;
        };
        join(uac.finish(), answering).await.0
    });
    assert!(matches!(called.call.release(), Release::Done(_)));
}

#[test]
fn a_call_is_taken_back_before_its_time_is_over() {
    for (seconds, release) in [(10, Duration::from_secs(1)), (2, Duration::from_millis(400))] {
        let deadline = Deadline::new(Instant::now(), Duration::from_secs(seconds));
        let Limits { soft, hard } = Limits::of(&deadline);
        assert_eq!((hard, soft + release), (deadline.instant(), deadline.instant()));
    }
}

#[test]
fn whoever_is_gone_after_a_second_connection_is_not_looked_for_once_more() {
    let _alone = ending::alone();
    block_on(async {
        let callee = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut uac = call_over(stream_to(&callee).await, Until::Answer, 20_000).await;
        let (mut theirs, _) = callee.accept().await.unwrap();
        uac.go_on().await;
        let ringing = answer(&heard_on(&mut theirs).await, "180 Ringing", "");
        theirs.write_all(ringing.as_bytes()).await.unwrap();
        while uac.call.last_provisional().is_none() {
            uac.go_on().await;
        }
        uac.has_redialled = true;
        assert!(!uac.recover(0, Failure::new(Class::Closed, "gone")).await, "nobody is left to talk to");
        assert!(uac.call.is_open());
    });
}

#[test]
fn whoever_has_answered_our_bye_is_there_and_is_asked_no_other_way() {
    let _alone = ending::alone();
    block_on(async {
        let [callee, there] = [UdpSocket::bind("127.0.0.1:0").await, UdpSocket::bind("127.0.0.1:0").await];
        let (callee, there) = (callee.unwrap(), there.unwrap());
        let contact = format!("Contact: <sip:b@{}>\r\n", there.local_addr().unwrap());
        let (uac, caller) = call(&callee, Until::Answer, 20_000).await;
        let answering = async {
            let accepted = answer(&heard(&callee).await, "200 OK", &contact);
            callee.send_to(accepted.as_bytes(), caller).await.unwrap();
            assert!(heard(&there).await.starts_with("ACK "));
            let mut buffer = [0; 8 * 1024];
            let (length, from) = there.recv_from(&mut buffer).await.unwrap();
            let bye = String::from_utf8_lossy(&buffer[..length]).into_owned();
            say(&there, &bye, "200 OK", from).await;
            // Until that was taken: then the ACK is asked for again.
            tokio::time::sleep(Duration::from_millis(20)).await;
            callee.send_to(accepted.as_bytes(), caller).await.unwrap();
        };
        let called = join(uac.finish(), answering).await.0;
        assert!(matches!(called.call.release(), Release::Done(_)));
        assert!(callee.try_recv(&mut [0; 8]).is_err(), "the way of the INVITE");
    });
}

#[test]
fn an_answered_call_is_held_and_released() {
    let _alone = ending::alone();
    let called = block_on(async {
        let callee = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let (uac, caller) = call(&callee, Until::Answer, 20_000).await;
        let answering = async {
            let invite = heard(&callee).await;
            say(&callee, &invite, "200 OK", caller).await;
            assert!(heard(&callee).await.starts_with("ACK "));
            let bye = heard(&callee).await;
            assert!(bye.starts_with("BYE "), "{bye}");
            say(&callee, &bye, "200 OK", caller).await;
        };
        join(uac.finish(), answering).await.0
    });
    assert!(matches!(called.call.verdict(), Verdict::Final(response, _) if response.status == 200));
    assert!(matches!(called.call.release(), Release::Done(_)));
    assert_eq!((called.log.invites, called.log.failure, called.log.unreadable), (1, None, None));
    let trace = called.log.trace.join("\n");
    assert!(["> ", "< ", "INVITE ", "BYE "].iter().all(|part| trace.contains(part)), "{trace}");
}

#[test]
fn only_the_end_of_a_stream_breaks_a_call_that_is_kept_and_only_one_that_is_not_being_left() {
    let _alone = ending::alone();
    for (is_stream, is_leaving, expected) in
        [(true, false, Some(Class::Closed)), (true, true, None), (false, false, None)]
    {
        block_on(async {
            let callee = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            let mut uac = if is_stream {
                call_over(stream_to(&listener).await, Until::Answer, 20_000).await
            } else {
                call(&callee, Until::Answer, 20_000).await.0
            };
            let via = format!("Via: SIP/2.0/TCP a;branch={}", uac.call.branch_of_invite());
            let answer =
                format!("SIP/2.0 200 OK\r\n{via}\r\nCall-ID: the-call\r\nCSeq: 1 INVITE\r\nTo: <sip:a>;tag=b\r\n\r\n");
            assert!(uac.call.receive(&message::tests::response(&answer), true, Instant::now()));
            if is_leaving {
                uac.leave();
            }
            assert!(uac.recover(0, Failure::new(Class::Closed, "gone")).await, "it is to be released");
            assert_eq!(uac.log.broken.map(|broken| broken.class), expected, "{is_stream} {is_leaving}");
        });
    }
}

#[test]
fn a_stream_that_ends_again_is_not_made_once_more() {
    let _alone = ending::alone();
    block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uac = call_over(stream_to(&listener).await, Until::Answer, 20_000).await;
        let answering = async {
            let (mut first, _) = listener.accept().await.unwrap();
            let invite = heard_on(&mut first).await;
            first.write_all(answer(&invite, "180 Ringing", "").as_bytes()).await.unwrap();
            drop(first);
            let (mut second, _) = listener.accept().await.unwrap();
            assert!(heard_on(&mut second).await.starts_with("CANCEL "));
        };
        let (called, ()) = join(uac.finish(), answering).await;
        assert_eq!(called.call.release(), Release::Open(Open::CancelUnanswered));
        assert!(listener.accept().now_or_never().is_none(), "a third one");
    });
}

/// The end of the stream while it rings: the call is taken back over another one.
#[test]
fn a_call_whose_stream_ends_while_it_rings_is_cancelled_over_another_one() {
    let _alone = ending::alone();
    let (called, via) = block_on(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let uac = call_over(stream_to(&listener).await, Until::Answer, 20_000).await;
        let answering = async {
            let (mut first, _) = listener.accept().await.unwrap();
            let invite = heard_on(&mut first).await;
            first.write_all(answer(&invite, "180 Ringing", "").as_bytes()).await.unwrap();
            drop(first);
            let (mut second, _) = listener.accept().await.unwrap();
            let cancel = heard_on(&mut second).await;
            assert!(cancel.starts_with("CANCEL "), "{cancel}");
            let both = answer(&cancel, "200 OK", "") + &answer(&invite, "487 Gone", "");
            second.write_all(both.as_bytes()).await.unwrap();
            let via = |message: &str| message.lines().find(|line| line.starts_with("Via:")).map(str::to_owned);
            (via(&invite), via(&cancel), second)
        };
        let (called, (invite, cancel, _second)) = join(uac.finish(), answering).await;
        (called, (invite, cancel))
    });
    assert_eq!(via.0, via.1, "a CANCEL is known by the Via of its INVITE");
    assert!(matches!(called.call.release(), Release::Done(_)), "{:?}", called.call.release());
    let failure = called.log.failure.unwrap();
    assert_eq!(failure.class, Class::Closed);
    assert!(failure.summary.ends_with("after 180 Ringing, before a final response"), "{failure:?}");
    assert_eq!(called.log.broken, None, "it was not answered");
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

/// The callee hears the ACK, which says that somebody else's refusal was heard.
#[cfg(unix)]
#[test]
fn whoever_sent_the_final_response_is_known_though_it_comes_again_from_the_callee() {
    let _alone = ending::alone();
    let (called, stranger) = block_on(async {
        let callee = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let stranger = UdpSocket::bind("127.0.0.1:0").await.unwrap();
        let (uac, caller) = call(&callee, Until::Answer, 20_000).await;
        let answering = async {
            let invite = heard(&callee).await;
            for sender in [&stranger, &callee] {
                say(sender, &invite, "486 Busy", caller).await;
                let ack = heard(&callee).await;
                assert!(ack.starts_with("ACK "), "{ack}");
            }
        };
        (join(uac.finish(), answering).await.0, stranger.local_addr().unwrap())
    });
    assert_eq!(called.log.stranger, Some(stranger));
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
                hop: crate::sip::call::message::Hop::Peer,
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
