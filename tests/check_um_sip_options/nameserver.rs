//! What can a hostile nameserver do to us, or somebody who sends in its name? Nothing but keep its answer to itself.

use std::io::Write;
use std::net::{Shutdown, TcpStream, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use crate::run;
use crate::srv::{TCP, dead, of_domain, server};
use crate::support::Outcome;
use call_router::nameserver::{Asked, Manner, Nameserver, Zone, a, answer, framed, srv, truncate};

/// The owner of a record: the name asked for.
const ASKED: [u8; 2] = pointer(12);
const A: u16 = 1;
const CNAME: u16 = 5;
const NULL: u16 = 10;
const SRV: u16 = 33;

const fn pointer(at: u16) -> [u8; 2] {
    (0xc000 | at).to_be_bytes()
}

/// The one target of example.com.
fn zone(port: u16) -> Zone {
    vec![(TCP, srv(0, port, "sip1.example.com")), ("sip1.example.com", a([127, 0, 0, 1]))]
}

fn good(query: &[u8], port: u16) -> Vec<u8> {
    answer(query, Manner::Plain, &zone(port))
}

fn is_for(query: &[u8], code: u16) -> bool {
    query.ends_with(&[code.to_be_bytes(), [0, 1]].concat())
}

/// An answer of these records, whatever they are, that announces `count` of them.
fn counted(query: &[u8], count: u16, records: &[Vec<u8>]) -> Vec<u8> {
    let mut message = query.to_vec();
    message[2..4].copy_from_slice(&[0x81, 0x80]);
    message[6..8].copy_from_slice(&count.to_be_bytes());
    message.extend(records.concat());
    message
}

fn record(owner: &[u8], code: u16, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).unwrap().to_be_bytes();
    [owner, &code.to_be_bytes(), &[0, 1, 0, 0, 0, 60], &length, data].concat()
}

fn srv_data(target: &[u8]) -> Vec<u8> {
    [&[0, 0, 0, 0, 0x13, 0xc4], target].concat()
}

/// Datagrams that have our identifier and are no answer.
fn malformed(query: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let one = |record| counted(query, 1, &[record]);
    let end = u16::try_from(query.len()).unwrap();
    let of_srv = |target: &[u8]| one(record(&ASKED, SRV, &srv_data(target)));
    let question = |name: &[u8]| {
        let header = counted(&query[..12], 0, &[]);
        [&header, name, &[0, 33, 0, 1]].concat()
    };
    let mut cut = of_srv(b"\x04sip1\x07example\x03com\0");
    cut.truncate(cut.len() - 3);
    vec![
        ("the header alone", counted(&query[..12], 0, &[])),
        ("half a header", query[..7].to_vec()),
        ("a question that is a loop", question(&ASKED)),
        ("a question without an end", question(b"\x04_sip\x3f")),
        ("65535 records and none there", counted(query, u16::MAX, &[])),
        ("an owner that is a loop", one(record(&pointer(end), SRV, &srv_data(b"\0")))),
        ("an owner behind itself", one(record(&pointer(end + 20), SRV, &srv_data(b"\x04sip1\0")))),
        ("an owner of a reserved type", one(record(b"\x41a\0", SRV, &srv_data(b"\0")))),
        ("an owner of 300 bytes", one(record(&[b"\x05right".repeat(50), vec![0]].concat(), SRV, &srv_data(b"\0")))),
        ("a target that is a loop", of_srv(&pointer(end + 18))),
        ("a target and its pointer in a circle", of_srv(&[&b"\x04sip1"[..], &pointer(end + 18)].concat())),
        ("a target without an end", of_srv(b"\x04sip1")),
        ("a port without its second byte", one(record(&ASKED, SRV, &[0, 0, 0, 0, 0x13]))),
        ("bytes behind the target", of_srv(b"\x04sip1\0\0")),
        ("a record cut short", cut),
    ]
}

/// Datagrams that have our identifier and answer what nobody asked.
fn of_another_question(query: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let changed = |at: usize, byte: u8| {
        let mut query = query.to_vec();
        query[at] = byte;
        counted(&query, 1, &[record(&ASKED, SRV, &srv_data(&[0]))])
    };
    vec![
        ("another name", changed(14, b'S' ^ 1)),
        ("another type", changed(query.len() - 3, 1)),
        ("another class", changed(query.len() - 1, 3)),
        ("no question", counted(&[&query[..4], &[0; 8]].concat(), 0, &[])),
        ("a question of our own", query.to_vec()),
    ]
}

/// Answers over TCP only.
fn over_tcp(answering: impl Fn(&[u8], &mut TcpStream) + Send + 'static) -> Nameserver {
    let over_udp = |asked: &Asked<'_>| {
        let mut answer = good(asked.query, 1);
        truncate(&mut answer, asked.query);
        asked.say(&answer);
    };
    Nameserver::raw(over_udp, answering)
}

fn assert_failed(ran: &Outcome, nameserver: &Nameserver, reason: &str) {
    let expected = format!("UNKNOWN - cannot look up SRV of '{TCP}' at {}", nameserver.address);
    ran.assert_text(3).assert_says(&expected);
    assert!(ran.stdout.contains(reason) && ran.stdout.contains("(dns)"), "not {reason:?}: {ran:?}");
}

#[test]
fn ok_past_every_datagram_with_our_identifier_that_is_no_answer() {
    let sip = server("127.0.0.1");
    let port = sip.address.port();
    let query = [&[0; 12], b"\x04_sip\x04_tcp\x07example\x03com\0".as_slice(), &[0, 33, 0, 1]].concat();
    for index in 0..malformed(&query).len() + of_another_question(&query).len() {
        let nameserver = Nameserver::raw(
            move |asked| {
                if is_for(asked.query, SRV) {
                    let datagrams = [malformed(asked.query), of_another_question(asked.query)].concat();
                    asked.say(&datagrams[index].1);
                }
                asked.say(&good(asked.query, port));
            },
            |_, _| {},
        );
        let ran = of_domain(&nameserver, &["--transport", "tcp"]);
        let (what, _) = [malformed(&query), of_another_question(&query)].concat().swap_remove(index);
        assert_eq!((ran.code, nameserver.asked()), (Some(0), 3), "after {what}: {ran:?}");
    }
}

#[test]
fn malformed_answers_alone_are_named_and_the_next_nameserver_is_asked() {
    let sip = server("127.0.0.1");
    let next = Nameserver::new(Manner::Plain, zone(sip.address.port()));
    let hostile = Nameserver::raw(
        |asked| match is_for(asked.query, SRV) {
            true => malformed(asked.query).iter().for_each(|(_, datagram)| asked.say(datagram)),
            false => asked.say(&good(asked.query, 1)),
        },
        |_, _| {},
    );
    thread::scope(|scope| {
        scope.spawn(|| {
            assert_failed(&of_domain(&hostile, &["--transport", "tcp"]), &hostile, "a malformed answer");
        });
        scope.spawn(|| {
            let ran = of_domain(&hostile, &["--transport", "tcp", "--dns-server", &next.address.to_string()]);
            ran.assert_begins(0, "UM SIP OPTIONS OK - 200 OK from sip1.example.com:");
        });
    });
}

#[test]
fn ok_when_only_the_second_question_gets_a_whole_answer() {
    let sip = server("127.0.0.1");
    let (port, asked_before) = (sip.address.port(), AtomicBool::new(false));
    let nameserver = Nameserver::raw(
        move |asked| match is_for(asked.query, SRV) && !asked_before.swap(true, Ordering::SeqCst) {
            true => malformed(asked.query).iter().for_each(|(_, datagram)| asked.say(datagram)),
            false => asked.say(&good(asked.query, port)),
        },
        |_, _| {},
    );
    of_domain(&nameserver, &["--transport", "tcp"]).assert_begins(0, "UM SIP OPTIONS OK - 200 OK from ");
}

#[test]
fn ok_though_another_address_answers_first_and_with_our_identifier() {
    let sip = server("127.0.0.1");
    let (port, dead) = (sip.address.port(), dead());
    let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
    let nameserver = Nameserver::raw(
        move |asked| {
            let _ = stranger.send_to(&good(asked.query, dead), asked.from);
            asked.say(&good(asked.query, port));
        },
        |_, _| {},
    );
    of_domain(&nameserver, &["--transport", "tcp"]).assert_begins(0, "UM SIP OPTIONS OK - ");
}

#[test]
fn strays_without_end_end_with_the_deadline() {
    let nameserver = Nameserver::raw(
        |asked| {
            let started = Instant::now();
            while started.elapsed() < Duration::from_millis(600) {
                malformed(asked.query).iter().for_each(|(_, datagram)| asked.say(datagram));
            }
        },
        |_, _| {},
    );
    let ran = of_domain(&nameserver, &["--transport", "tcp", "-t", "0.4"]);
    ran.assert_text(3).assert_within(Duration::from_millis(400));
    ran.assert_says(&format!("looking up SRV of '{TCP}' did not finish within 0.4 s"));
}

#[test]
fn who_refuses_is_not_asked_again_and_who_is_silent_is() {
    let refusing = Nameserver::raw(
        |asked| {
            let mut answer = counted(asked.query, 0, &[]);
            answer[3] |= 5;
            asked.say(&answer);
        },
        |_, _| {},
    );
    assert_failed(&of_domain(&refusing, &["--transport", "tcp"]), &refusing, "it refuses to answer us (REFUSED)");
    let silent = Nameserver::raw(|_| {}, |_, _| {});
    let ran = of_domain(&refusing, &["--transport", "tcp", "-t", "1.2", "--dns-server", &silent.address.to_string()]);
    ran.assert_text(3).assert_says(&format!("looking up SRV of '{TCP}' did not finish within 1.2 s"));
    assert_eq!((refusing.asked(), silent.asked()), (1 + 1, 2));
}

#[test]
fn dns_when_the_answer_over_tcp_is_none() {
    type Answering = fn(&[u8], &mut TcpStream);
    let cases: [(&str, Answering, &str); 8] = [
        (
            "truncated again",
            |query, stream| {
                let mut answer = good(query, 1);
                truncate(&mut answer, query);
                let _ = stream.write_all(&framed(&answer));
            },
            "a malformed answer",
        ),
        (
            "a length without a message",
            |_, stream| {
                let _ = stream.write_all(&[0, 0]);
            },
            "an answer to another question",
        ),
        (
            "half a length",
            |_, stream| {
                let _ = stream.write_all(&[1]);
                let _ = stream.shutdown(Shutdown::Write);
            },
            "closed the connection instead of answering",
        ),
        (
            "less than its length",
            |query, stream| {
                let answer = framed(&good(query, 1));
                let _ = stream.write_all(&answer[..answer.len() - 1]);
                let _ = stream.shutdown(Shutdown::Write);
            },
            "closed the connection instead of answering",
        ),
        (
            "nothing",
            |_, stream| {
                let _ = stream.shutdown(Shutdown::Write);
            },
            "closed the connection instead of answering",
        ),
        (
            "another identifier",
            |query, stream| {
                let mut answer = good(query, 1);
                answer[0] ^= 0xff;
                let _ = stream.write_all(&framed(&answer));
            },
            "an answer to another question",
        ),
        (
            "64 KiB of nonsense",
            |query, stream| {
                let mut answer = [counted(query, u16::MAX, &[]), vec![0xff; 0xffff]].concat();
                answer.truncate(0xffff);
                let _ = stream.write_all(&framed(&answer));
            },
            "a malformed answer",
        ),
        (
            "64 KiB of owners at the end of a long way",
            |query, stream| {
                let _ = stream.write_all(&framed(&long_way(query)));
            },
            "a malformed answer",
        ),
    ];
    for (what, answering, reason) in cases {
        let nameserver = over_tcp(answering);
        let ran = of_domain(&nameserver, &["--transport", "tcp"]);
        assert!(ran.code == Some(3) && ran.stdout.contains(reason), "{what}, not {reason:?}: {ran:?}");
        assert_failed(&ran, &nameserver, reason);
        ran.assert_within(Duration::from_millis(500));
    }
}

/// 64 KiB of records whose owner is behind 8000 pointers, each to the one before: half a second of work each time that
/// all of them are followed.
fn long_way(query: &[u8]) -> Vec<u8> {
    let start = u16::try_from(query.len()).unwrap() + 12;
    let pointers: Vec<_> =
        (0..8000).map(|index| pointer(if index == 0 { 12 } else { start + 2 * (index - 1) })).collect();
    let mut records = vec![record(&ASKED, NULL, &pointers.concat())];
    let last = pointer(start + 2 * 7999);
    while 16_100 + 20 * records.len() < 0xffff {
        records.push(record(&last, SRV, &srv_data(&last)));
    }
    counted(query, u16::try_from(records.len()).unwrap(), &records)
}

#[test]
fn the_deadline_is_kept_when_more_is_promised_over_tcp_than_comes() {
    let nameserver = over_tcp(|query, stream| {
        let answer = framed(&good(query, 1));
        let _ = stream.write_all(&answer[..answer.len() - 1]);
    });
    let ran = of_domain(&nameserver, &["--transport", "tcp", "-t", "0.4"]);
    ran.assert_text(3).assert_within(Duration::from_millis(400));
    ran.assert_says(&format!("looking up SRV of '{TCP}' did not finish within 0.4 s"));
}

#[test]
fn aliases_without_end_lead_nowhere() {
    let name = |index: usize| [&[2], format!("{index:02}").as_bytes(), &[0]].concat();
    let nameserver = over_tcp(move |query, stream| {
        let mut records = vec![record(&ASKED, CNAME, &name(10))];
        records.extend((10..99).map(|index| record(&name(index), CNAME, &name(index + 1))));
        records.push(record(&name(99), SRV, &srv_data(&name(10))));
        let is_circle = is_for(query, A);
        records.extend(is_circle.then(|| record(&name(99), CNAME, &ASKED)));
        let count = u16::try_from(records.len()).unwrap();
        let _ = stream.write_all(&framed(&counted(query, count, &records)));
    });
    let ran = of_domain(&nameserver, &["--transport", "tcp", "-vv"]);
    ran.assert_text(3).assert_says("'example.com' has no address").assert_within(Duration::from_millis(500));
    assert!(ran.stdout.contains(&format!("SRV of {TCP}: none\n")), "{ran:?}");
}

#[test]
fn of_a_thousand_records_some_count() {
    let dead = dead();
    let nameserver = over_tcp(move |query, stream| {
        let [high, low] = dead.to_be_bytes();
        let target = |index: u16| [&[0, 0, 0, 0, high, low, 4], format!("{index:04}").as_bytes(), &[0]].concat();
        let records: Vec<_> = match is_for(query, SRV) {
            true => (0..1000).map(|index| record(&ASKED, SRV, &target(index))).collect(),
            false => (0..1000).map(|_| record(&ASKED, A, &[127, 0, 0, 1])).collect(),
        };
        let _ = stream.write_all(&framed(&counted(query, 1000, &records)));
    });
    let ran = run(&[
        "-H",
        "example.com",
        "--srv",
        "--transport",
        "tcp",
        "-4",
        "--dns-server",
        &nameserver.address.to_string(),
    ]);
    ran.assert_text(2).assert_says("none of the first 32 of 256 targets of example.com: connection refused by ");
}
