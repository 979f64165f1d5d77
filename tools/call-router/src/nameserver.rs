//! Which names exist? A nameserver of our own on loopback, over UDP and TCP, gone when dropped.

#![allow(clippy::unwrap_used, reason = "the tests' own nameserver fails by panic")]

use std::io::{Read, Write};
use std::iter;
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
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
    /// It is silent where NAPTR is asked for, as behind a firewall that lets only known types through.
    Filtered,
    /// Before each answer over UDP it sends garbage and an answer to somebody else.
    Chatty,
}

/// The nameserver.
#[derive(Debug)]
pub struct Nameserver {
    /// Where it listens.
    pub address: SocketAddr,
    asked: Arc<AtomicUsize>,
    stop: Arc<AtomicBool>,
}

/// A question over UDP, to be answered as a test likes.
pub struct Asked<'a> {
    /// The message as it came.
    pub query: &'a [u8],
    /// Who asked.
    pub from: SocketAddr,
    socket: &'a UdpSocket,
}

impl Asked<'_> {
    /// Sends these bytes, which nobody may be waiting for any more.
    pub fn say(&self, datagram: &[u8]) {
        let _ = self.socket.send_to(datagram, self.from);
    }
}

/// The names that there are, each with one record.
pub type Zone = Vec<(&'static str, RData<'static>)>;

impl Nameserver {
    /// Starts it.
    pub fn new(manner: Manner, zone: Zone) -> Self {
        let zone = Arc::new(zone);
        let tcp_zone = Arc::clone(&zone);
        let over_udp = move |asked: &Asked<'_>| {
            let mut answer = answer(asked.query, manner, &zone);
            match manner {
                Manner::Chatty => {
                    let mut stray = answer.clone();
                    stray[0] ^= 0xff;
                    asked.say(b"\0garbage");
                    asked.say(&stray);
                }
                Manner::Truncating => truncate(&mut answer, asked.query),
                Manner::Filtered if asks_naptr(asked.query) => return,
                Manner::Filtered | Manner::Plain | Manner::Failing | Manner::Ignorant => {}
            }
            asked.say(&answer);
        };
        Self::raw(over_udp, move |query, stream| {
            let _ = stream.write_all(&framed(&answer(query, manner, &tcp_zone)));
        })
    }

    /// Starts one that does whatever these two do with each question over UDP and over TCP. A connection stays open
    /// unless it is shut down.
    pub fn raw(
        over_udp: impl Fn(&Asked<'_>) + Send + 'static,
        over_tcp: impl Fn(&[u8], &mut TcpStream) + Send + 'static,
    ) -> Self {
        let (tcp, udp) = sockets();
        let address = tcp.local_addr().unwrap();
        udp.set_read_timeout(Some(Duration::from_millis(50))).unwrap();
        let server = Self { address, asked: Arc::default(), stop: Arc::default() };

        let (stop, asked) = (Arc::clone(&server.stop), Arc::clone(&server.asked));
        thread::spawn(move || {
            let mut query = [0; 512];
            while !stop.load(Ordering::SeqCst) {
                let Ok((length, from)) = udp.recv_from(&mut query) else { continue };
                asked.fetch_add(1, Ordering::SeqCst);
                over_udp(&Asked { query: &query[..length], from, socket: &udp });
            }
        });
        let stop = Arc::clone(&server.stop);
        thread::spawn(move || {
            let mut open = Vec::new();
            for mut stream in tcp.incoming().map_while(Result::ok) {
                if stop.load(Ordering::SeqCst) {
                    break;
                }
                let mut length = [0; 2];
                let mut query = vec![0; 512];
                if stream.read_exact(&mut length).is_ok() {
                    query.truncate(u16::from_be_bytes(length).into());
                    stream.read_exact(&mut query).unwrap();
                    over_tcp(&query, &mut stream);
                    open.push(stream);
                }
            }
        });
        server
    }

    /// How often it was asked over UDP.
    pub fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }
}

/// A free port for both: what is free for TCP may be somebody's over UDP.
fn sockets() -> (TcpListener, UdpSocket) {
    let both = || {
        let tcp = TcpListener::bind("127.0.0.1:0").unwrap();
        let udp = UdpSocket::bind(tcp.local_addr().unwrap()).ok()?;
        Some((tcp, udp))
    };
    iter::repeat_with(both).take(100).flatten().next().unwrap()
}

impl Drop for Nameserver {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

/// The message behind its length, as over TCP.
pub fn framed(message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len()).unwrap().to_be_bytes();
    [&length, message].concat()
}

/// Leaves of an answer what a nameserver sends over UDP when there is too much of it.
pub fn truncate(answer: &mut Vec<u8>, query: &[u8]) {
    answer[2] |= 0x02;
    answer.truncate(query.len());
}

fn asks_naptr(query: &[u8]) -> bool {
    let asked = Packet::parse(query).unwrap();
    asked.questions[0].qtype == QTYPE::TYPE(TYPE::NAPTR)
}

/// The answer to a query for one of the names.
pub fn answer(query: &[u8], manner: Manner, zone: &Zone) -> Vec<u8> {
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
