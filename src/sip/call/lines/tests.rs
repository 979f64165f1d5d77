//! Does a request go over the connection that leads to whom it is for, and is nobody waited for who is not there?

use std::net::UdpSocket;

use tokio::time::timeout_at;

use super::*;
use crate::net::Peer;
use crate::net::source::Source;
use crate::net::udp::Datagrams;
use crate::sip::address::SipUri;
use crate::sip::call::message::Method;
use crate::sip::probe::Connection;
use crate::sip::probe::tests::question;
use crate::tls::settings::TlsSettings;

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

/// The line of the INVITE, to this callee.
async fn line_to(callee: &UdpSocket) -> Line {
    let peer = Peer { host: "127.0.0.1".to_owned(), address: callee.local_addr().unwrap() };
    let datagrams = Datagrams::to(&peer, Source::default()).await.unwrap();
    let local = datagrams.local_addr().unwrap();
    Line::over(Connected { connection: Connection::Udp(datagrams), peer, local })
}

fn bye(uri: &str) -> CallRequest {
    CallRequest {
        method: Method::Bye,
        uri: uri.to_owned(),
        routes: Vec::new(),
        branch: "z9hG4bKb".to_owned(),
        to: "<sip:a>;tag=b".to_owned(),
        cseq: 2,
        credentials: Vec::new(),
        hop: Hop::Uri(SipUri::read(uri).unwrap()),
    }
}

#[test]
fn what_is_for_the_server_that_was_called_takes_the_line_of_the_invite_and_nothing_else_does() {
    block_on(async {
        let callee = UdpSocket::bind("127.0.0.1:0").unwrap();
        let port = callee.local_addr().unwrap().port();
        let other_port = if port == 5060 { 5070 } else { 5060 };
        for (uri, expected) in [
            (format!("sip:a@127.0.0.1:{port}"), Some(0)),
            (format!("sip:a@callee.example:{port}"), Some(0)),
            (format!("sip:a@127.0.0.1:{port};transport=tcp"), None),
            (format!("sip:a@127.0.0.1:{other_port}"), None),
            (format!("sip:a@127.0.0.2:{port}"), None),
        ] {
            let question = question(Duration::from_secs(60));
            let mut line = line_to(&callee).await;
            line.peer.host = "callee.example".to_owned();
            let mut lines = Lines::over(line, Cow::Borrowed(&question), Family::Any);
            assert_eq!(lines.place(&bye(&uri), Instant::now() + Duration::from_secs(60)), expected, "{uri}");
            assert_eq!(lines.ways.is_empty(), expected.is_some(), "{uri}: who is dialled");
        }
    });
}

#[test]
fn who_takes_a_connection_and_says_nothing_is_given_up_while_there_is_time_for_another_way() {
    block_on(async {
        let callee = UdpSocket::bind("127.0.0.1:0").unwrap();
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let question = Question { tls: Some(TlsSettings::of_a_test("127.0.0.1")), ..question(Duration::from_secs(60)) };
        let mut lines = Lines::over(line_to(&callee).await, Cow::Borrowed(&question), Family::Any);
        let hard = Instant::now() + Duration::from_secs(1);
        let bye = bye(&format!("sip:a@127.0.0.1:{};transport=tls", silent.local_addr().unwrap().port()));
        assert_eq!(lines.place(&bye, hard), None);
        let Ok(LineEvent::Dialled(way, dialled)) = timeout_at(hard.into(), lines.next("z9hG4bKa")).await else {
            panic!("all is over, and nobody was given up")
        };
        assert!(dialled.1.is_err());
        assert_eq!(lines.dialled(way, *dialled), (0, vec![bye.clone()]));
        let told = lines.events.last().unwrap();
        assert!(told.text.starts_with("no other way to 127.0.0.1:"), "{told:?}");
        assert_eq!(lines.place(&bye, hard), Some(0), "nobody is dialled twice");
    });
}

#[test]
fn who_may_not_see_credentials_may_not_when_he_is_called_back_either() {
    let _alone = ending::alone();
    block_on(async {
        let callee = UdpSocket::bind("127.0.0.1:0").unwrap();
        let question = question(Duration::from_secs(60));
        for may_see_credentials in [true, false] {
            let mut line = line_to(&callee).await;
            line.may_see_credentials = may_see_credentials;
            let mut lines = Lines::over(line, Cow::Borrowed(&question), Family::Any);
            let old = lines.take(0).unwrap();
            assert_eq!(lines.redial(old, Instant::now() + Duration::from_secs(60)).await, None);
            assert_eq!(lines.get(0).unwrap().may_see_credentials, may_see_credentials);
        }
    });
}

#[test]
fn who_takes_a_second_connection_and_says_nothing_is_given_up_before_all_is_over() {
    let _alone = ending::alone();
    block_on(async {
        let callee = UdpSocket::bind("127.0.0.1:0").unwrap();
        let silent = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let question = Question { tls: Some(TlsSettings::of_a_test("127.0.0.1")), ..question(Duration::from_secs(60)) };
        let mut old = line_to(&callee).await;
        (old.peer.address, old.transport) = (silent.local_addr().unwrap(), Transport::Tls);
        let mut lines = Lines::over(line_to(&callee).await, Cow::Borrowed(&question), Family::Any);
        lines.take(0);
        let hard = Instant::now() + Duration::from_secs(1);
        assert_eq!(timeout_at(hard.into(), lines.redial(old, hard)).await, Ok(None), "all is over");
        assert!(!lines.is_any());
    });
}
