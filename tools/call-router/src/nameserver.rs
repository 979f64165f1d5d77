//! Which names exist? A nameserver of our own on loopback, over UDP and TCP, gone when dropped.

#![allow(clippy::unwrap_used, reason = "the tests' own nameserver fails by panic")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use simple_dns::rdata::{A, NAPTR, RData, SRV};
use simple_dns::{CLASS, CharacterString, Name, Packet, PacketFlag, QTYPE, RCODE, ResourceRecord, TYPE};

/// How it behaves beside telling its names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Manner {
    /// It answers.
    Plain,
    /// Over UDP it only says that the answer is too long.
    Truncating,
    /// It answers SERVFAIL.
    Failing,
    /// It answers NOTIMP where NAPTR is asked for.
    Ignorant,
    /// Before each answer over UDP it sends garbage and an answer to somebody else.
    Chatty,
}

/// The nameserver.
#[derive(Debug)]
pub struct Nameserver {
    /// Where it listens.
    pub address: SocketAddr,
    stop: Arc<AtomicBool>,
}

type Zone = Vec<(&'static str, RData<'static>)>;

impl Nameserver {
    /// Starts it.
    pub fn new(manner: Manner, zone: Zone) -> Self {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = tcp.local_addr().unwrap();
        let udp = UdpSocket::bind(address).unwrap();
        udp.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let server = Self { address, stop: Arc::default() };
        let zone = Arc::new(zone);

        let (stop, udp_zone) = (Arc::clone(&server.stop), Arc::clone(&zone));
        thread::spawn(move || {
            let mut query = [0; 512];
            while !stop.load(Ordering::SeqCst) {
                let Ok((length, from)) = udp.recv_from(&mut query) else { continue };
                if manner == Manner::Chatty {
                    let mut stray = answer(&query[..length], manner, &udp_zone);
                    stray[0] ^= 0xff;
                    let _ = udp.send_to(b"\0garbage", from);
                    let _ = udp.send_to(&stray, from);
                }
                let mut answer = answer(&query[..length], manner, &udp_zone);
                if manner == Manner::Truncating {
                    answer[2] |= 0x02;
                    answer.truncate(length);
                }
                let _ = udp.send_to(&answer, from);
            }
        });
        let stop = Arc::clone(&server.stop);
        thread::spawn(move || {
            for mut stream in tcp.incoming().map_while(Result::ok) {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                let mut length = [0; 2];
                let mut query = vec![0; 512];
                if stream.read_exact(&mut length).is_ok() {
                    query.truncate(u16::from_be_bytes(length).into());
                    stream.read_exact(&mut query).unwrap();
                    let answer = answer(&query, manner, &zone);
                    let length = u16::try_from(answer.len()).unwrap().to_be_bytes();
                    let _ = stream.write_all(&[&length, answer.as_slice()].concat());
                }
            }
        });
        server
    }
}

impl Drop for Nameserver {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = std::net::TcpStream::connect(self.address);
    }
}

fn answer(query: &[u8], manner: Manner, zone: &Zone) -> Vec<u8> {
    let query = Packet::parse(query).unwrap();
    let question = query.questions[0].clone();
    let asked = question.qname.to_string();
    let mut packet = query.clone().into_reply();
    packet.set_flags(PacketFlag::RECURSION_AVAILABLE);
    let named: Vec<_> = zone.iter().filter(|(name, _)| name.eq_ignore_ascii_case(&asked)).collect();
    match manner {
        Manner::Failing => *packet.rcode_mut() = RCODE::ServerFailure,
        Manner::Ignorant if question.qtype == QTYPE::TYPE(TYPE::NAPTR) => *packet.rcode_mut() = RCODE::NotImplemented,
        _ if named.is_empty() => *packet.rcode_mut() = RCODE::NameError,
        _ => {}
    }
    for (name, data) in named {
        let record = ResourceRecord::new(Name::new(name).unwrap(), CLASS::IN, 60, data.clone());
        if record.match_qtype(question.qtype) {
            packet.answers.push(record);
        }
    }
    packet.build_bytes_vec_compressed().unwrap()
}

/// An SRV record's data.
pub fn srv(priority: u16, port: u16, target: &'static str) -> RData<'static> {
    RData::SRV(SRV { priority, weight: 10, port, target: Name::new(target).unwrap() })
}

/// An address record's data.
pub fn a(address: [u8; 4]) -> RData<'static> {
    RData::A(A { address: u32::from_be_bytes(address) })
}

/// A NAPTR record's data, as SIP uses it.
pub fn naptr(order: u16, services: &'static str, replacement: &'static str) -> RData<'static> {
    let text = |text: &'static str| CharacterString::new(text.as_bytes()).unwrap();
    RData::NAPTR(NAPTR {
        order,
        preference: 10,
        flags: text("s"),
        services: text(services),
        regexp: text(""),
        replacement: Name::new(replacement).unwrap(),
    })
}
