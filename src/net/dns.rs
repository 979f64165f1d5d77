//! What do the bytes of DNS mean? A query encoded, its answer decoded: A, AAAA, SRV and NAPTR.
//!
//! `domain` does the coding: it copies nothing, whatever a message announces, and follows compression pointers only
//! backwards and at most 255 in a row. No type of it appears outside of this file. simple-dns and hickory-proto follow
//! thousands: 64 KiB of records at the end of such a chain kept them busy for one to two seconds, past any deadline.

use std::fmt;
use std::net::IpAddr;

use domain::base::iana::{Class, Rcode, Rtype};
use domain::base::name::{NameBuilder, ToLabelIter};
use domain::base::wire::ParseError;
use domain::base::{Message, MessageBuilder, Name, ParsedRecord};
use domain::rdata::{self, Cname};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordType {
    /// IPv4 addresses.
    A,
    /// IPv6 addresses.
    Aaaa,
    /// Hosts and ports of a service (RFC 2782).
    Srv,
    /// Services of a domain (RFC 3403).
    Naptr,
}

impl fmt::Display for RecordType {
    /// As in zone files.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.code().fmt(f)
    }
}

impl RecordType {
    const fn code(self) -> Rtype {
        match self {
            Self::A => Rtype::A,
            Self::Aaaa => Rtype::AAAA,
            Self::Srv => Rtype::SRV,
            Self::Naptr => Rtype::NAPTR,
        }
    }
}

/// A host and port of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Srv {
    /// Lower is tried first.
    pub priority: u16,
    /// The share among those of one priority.
    pub weight: u16,
    /// The port.
    pub port: u16,
    /// The host, without a dot at its end; empty where the service is not offered.
    pub target: String,
}

/// A service of a domain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Naptr {
    /// Lower comes first, and nothing of a higher order counts.
    pub order: u16,
    /// Lower is preferred among those of one order.
    pub preference: u16,
    /// What to do next; `s` is: look up SRV.
    pub flags: String,
    /// Such as `SIP+D2T`.
    pub services: String,
    /// A rewriting rule, which SIP does not use.
    pub regexp: String,
    /// The name to go on with.
    pub replacement: String,
}

/// One record of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DnsRecord {
    /// A or AAAA.
    Address(IpAddr),
    /// SRV.
    Srv(Srv),
    /// NAPTR.
    Naptr(Naptr),
}

/// What a nameserver says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DnsAnswer {
    /// Records; none if the name, or its type, does not exist.
    Records(Vec<DnsRecord>),
    /// More than fits: to be asked again over TCP.
    Truncated,
}

/// Why a message is no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DnsMessageError {
    /// It belongs to another question, or is none of a nameserver.
    #[error("an answer to another question")]
    Stray,
    /// It cannot be decoded.
    #[error("a malformed answer")]
    Malformed,
    /// The nameserver does not answer.
    #[error("{0}")]
    Refused(&'static str),
}

/// One question to a nameserver.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DnsQuestion {
    id: u16,
    name: Name<Vec<u8>>,
    record_type: RecordType,
}

/// The name cannot be asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a domain name: expected labels of 1 to 63 bytes, 253 together")]
pub struct BadName(pub String);

impl DnsQuestion {
    /// A question for the absolute `name`; `id` should be hard to guess.
    pub fn new(id: u16, name: &str, record_type: RecordType) -> Result<Self, BadName> {
        let bad = || BadName(name.to_owned());
        let mut labels = NameBuilder::new_vec();
        for label in name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase().split('.') {
            if label.is_empty() {
                return Err(bad());
            }
            labels.append_label(label.as_bytes()).map_err(|_| bad())?;
        }
        let name = labels.into_name().ok().filter(|name| !name.is_root()).ok_or_else(bad)?;
        Ok(Self { id, name, record_type })
    }

    /// The question as a message.
    pub(crate) fn encode(&self) -> Result<Vec<u8>, BadName> {
        let mut message = MessageBuilder::new_vec();
        message.header_mut().set_id(self.id);
        message.header_mut().set_rd(true);
        let mut message = message.question();
        message.push((&self.name, self.record_type.code())).map_err(|_| BadName(plain(&self.name)))?;
        Ok(message.finish())
    }

    /// A message as the answer to this question.
    pub fn read(&self, message: &[u8]) -> Result<DnsAnswer, DnsMessageError> {
        let message = Message::from_slice(message).map_err(|_| DnsMessageError::Stray)?;
        let header = message.header();
        if header.id() != self.id || !header.qr() {
            return Err(DnsMessageError::Stray);
        }
        let asked = match message.sole_question() {
            Ok(asked) => asked,
            // A cut message need not be whole.
            Err(_) if header.tc() => return Ok(DnsAnswer::Truncated),
            // RFC 8906 3.1.1: some answer what they do not understand with a header alone.
            Err(_) if message.header_counts().qdcount() == 0 => {
                return Err(refusal(header.rcode()).unwrap_or(DnsMessageError::Malformed));
            }
            Err(_) => return Err(DnsMessageError::Malformed),
        };
        let is_ours = *asked.qname() == self.name && asked.qtype() == self.record_type.code();
        if !is_ours || asked.qclass() != Class::IN {
            return Err(DnsMessageError::Stray);
        }
        if header.tc() {
            return Ok(DnsAnswer::Truncated);
        }
        match refusal(header.rcode()) {
            Some(refusal) => Err(refusal),
            None => self.records(message).map_err(|_| DnsMessageError::Malformed),
        }
    }

    /// The records of the name, or of the one that its aliases lead to.
    fn records(&self, message: &Message<[u8]>) -> Result<DnsAnswer, ParseError> {
        let answers = message.answer()?.take(MAX_RECORDS).collect::<Result<Vec<_>, _>>()?;
        let mut owner = message.sole_question()?.into_qname();
        for _ in 0..MAX_ALIASES {
            let mut records = Vec::new();
            let mut alias = None;
            for answer in answers.iter().filter(|answer| answer.owner() == owner) {
                records.extend(self.record(answer)?);
                if let (None, Some(cname)) = (&alias, answer.to_record::<Cname<_>>()?) {
                    alias = Some(cname.into_data().into_cname());
                }
            }
            match alias {
                Some(alias) if records.is_empty() => owner = alias,
                _ => return Ok(DnsAnswer::Records(records)),
            }
        }
        Ok(DnsAnswer::Records(Vec::new()))
    }

    fn record(&self, record: &ParsedRecord<'_, [u8]>) -> Result<Option<DnsRecord>, ParseError> {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(match self.record_type {
            RecordType::A => record.to_record::<rdata::A>()?.map(|a| DnsRecord::Address(a.data().addr().into())),
            RecordType::Aaaa => {
                record.to_record::<rdata::Aaaa>()?.map(|aaaa| DnsRecord::Address(aaaa.data().addr().into()))
            }
            RecordType::Srv => record.to_record::<rdata::Srv<_>>()?.map(|record| {
                let srv = record.data();
                let (priority, weight, port) = (srv.priority(), srv.weight(), srv.port());
                DnsRecord::Srv(Srv { priority, weight, port, target: plain(srv.target()) })
            }),
            RecordType::Naptr => record.to_record::<rdata::Naptr<_, _>>()?.map(|record| {
                let naptr = record.data();
                DnsRecord::Naptr(Naptr {
                    order: naptr.order(),
                    preference: naptr.preference(),
                    flags: text(naptr.flags().as_slice()),
                    services: text(naptr.services().as_slice()),
                    regexp: text(naptr.regexp().as_slice()),
                    replacement: plain(naptr.replacement()),
                })
            }),
        })
    }
}

/// Why a nameserver does not answer; `None` where it does.
fn refusal(rcode: Rcode) -> Option<DnsMessageError> {
    Some(DnsMessageError::Refused(match rcode {
        Rcode::NOERROR | Rcode::NXDOMAIN => return None,
        Rcode::SERVFAIL => "it failed itself (SERVFAIL)",
        Rcode::REFUSED => "it refuses to answer us (REFUSED)",
        Rcode::FORMERR => "it does not understand the question (FORMERR)",
        Rcode::NOTIMP => "it cannot answer such questions (NOTIMP)",
        _ => "it answers with an error",
    }))
}

/// A name in lower case and without a dot at its end, so that two spellings of one name are equal. What is no UTF-8 in it
/// is lost, and a dot within a label becomes one between two.
fn plain(name: &impl ToLabelIter) -> String {
    let labels = name.iter_labels().filter(|label| !label.is_root());
    let labels: Vec<_> = labels.map(|label| String::from_utf8_lossy(label.as_slice()).to_ascii_lowercase()).collect();
    labels.join(".")
}

/// How many aliases lead from one name to another, at most.
const MAX_ALIASES: usize = 8;

/// How many records of an answer are read.
const MAX_RECORDS: usize = 256;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use simple_dns::rdata::{A, CNAME, NAPTR, RData, SRV};
    use simple_dns::{CLASS, Name, Packet, RCODE, ResourceRecord};

    /// QR and TC, in the third byte.
    const RESPONSE: u8 = 0x80;
    const TRUNCATED: u8 = 0x02;

    fn question(name: &str, record_type: RecordType) -> DnsQuestion {
        DnsQuestion::new(7, name, record_type).unwrap()
    }

    /// The answer of a nameserver that copies the question.
    fn answer(question: &DnsQuestion, rcode: RCODE, records: &[(&'static str, RData<'static>)]) -> Vec<u8> {
        let query = question.encode().unwrap();
        let mut packet = Packet::parse(&query).unwrap().into_reply();
        *packet.rcode_mut() = rcode;
        let record = |(name, data): &(&'static str, _)| {
            ResourceRecord::new(Name::new(name).unwrap(), CLASS::IN, 60, RData::clone(data))
        };
        packet.answers.extend(records.iter().map(record));
        packet.build_bytes_vec_compressed().unwrap()
    }

    fn srv(target: &'static str) -> RData<'static> {
        RData::SRV(SRV { priority: 10, weight: 5, port: 389, target: Name::new(target).unwrap() })
    }

    #[test]
    fn a_query_on_the_wire() {
        let bytes = question("_sip._tcp.Example.com.", RecordType::Srv).encode().unwrap();
        let expected = b"\0\x07\x01\0\0\x01\0\0\0\0\0\0\x04_sip\x04_tcp\x07example\x03com\0\0\x21\0\x01";
        assert_eq!(bytes, expected);
    }

    #[test]
    fn srv_records_with_compressed_names() {
        let question = question("_ldap._tcp.example.com", RecordType::Srv);
        let bytes = answer(
            &question,
            RCODE::NoError,
            &[("_LDAP._tcp.example.com", srv("DC1.example.com")), ("_ldap._tcp.example.com", srv("."))],
        );
        let Ok(DnsAnswer::Records(records)) = question.read(&bytes) else { panic!() };
        let record =
            |target: &str| DnsRecord::Srv(Srv { priority: 10, weight: 5, port: 389, target: target.to_owned() });
        assert_eq!(records, [record("dc1.example.com"), record("")]);
    }

    #[test]
    fn naptr_records() {
        let question = question("example.com", RecordType::Naptr);
        let text = |text: &'static [u8]| simple_dns::CharacterString::new(text).unwrap();
        let naptr = NAPTR {
            order: 1,
            preference: 2,
            flags: text(b"S"),
            services: text(b"SIP+D2T"),
            regexp: text(b""),
            replacement: Name::new("_sip._tcp.example.com").unwrap(),
        };
        let bytes = answer(&question, RCODE::NoError, &[("example.com", RData::NAPTR(naptr))]);
        let Ok(DnsAnswer::Records(records)) = question.read(&bytes) else { panic!() };
        let [DnsRecord::Naptr(naptr)] = records.as_slice() else { panic!() };
        assert_eq!((naptr.flags.as_str(), naptr.services.as_str()), ("S", "SIP+D2T"));
        assert_eq!(naptr.replacement, "_sip._tcp.example.com");
    }

    #[test]
    fn aliases_are_followed_and_circles_end() {
        let question = question("a.example", RecordType::A);
        let alias = |to: &'static str| RData::CNAME(CNAME(Name::new(to).unwrap()));
        let address = RData::A(A { address: 0xc000_0207 });
        let bytes = answer(
            &question,
            RCODE::NoError,
            &[("c.example", address), ("b.example", alias("c.example")), ("a.example", alias("b.example"))],
        );
        let expected = vec![DnsRecord::Address("192.0.2.7".parse().unwrap())];
        assert_eq!(question.read(&bytes), Ok(DnsAnswer::Records(expected)));
        let circle = [("a.example", alias("b.example")), ("b.example", alias("a.example"))];
        assert_eq!(question.read(&answer(&question, RCODE::NoError, &circle)), Ok(DnsAnswer::Records(Vec::new())));
    }

    #[test]
    fn a_name_that_does_not_exist_has_no_records() {
        let question = question("a.example", RecordType::A);
        assert_eq!(question.read(&answer(&question, RCODE::NameError, &[])), Ok(DnsAnswer::Records(Vec::new())));
    }

    #[test]
    fn a_server_failure_is_no_answer() {
        let question = question("a.example", RecordType::A);
        let error = question.read(&answer(&question, RCODE::ServerFailure, &[])).unwrap_err();
        assert!(error.to_string().contains("SERVFAIL"));
    }

    #[test]
    fn a_header_alone_with_an_error_is_a_refusal() {
        let question = question("a.example", RecordType::A);
        let header = |rcode: u8| [0, 7, RESPONSE, rcode, 0, 0, 0, 0, 0, 0, 0, 0];
        for (rcode, word) in [(1, "FORMERR"), (2, "SERVFAIL"), (4, "NOTIMP"), (5, "REFUSED"), (9, "an error")] {
            let error = question.read(&header(rcode)).unwrap_err();
            assert!(matches!(error, DnsMessageError::Refused(text) if text.contains(word)), "{error}");
        }
        for rcode in [0, 3] {
            assert_eq!(question.read(&header(rcode)), Err(DnsMessageError::Malformed));
        }
    }

    #[test]
    fn strays_are_told_from_answers() {
        let question = question("a.example", RecordType::A);
        let mut other_id = answer(&question, RCODE::NoError, &[]);
        other_id[1] = 8;
        let other_name = answer(&self::question("b.example", RecordType::A), RCODE::NoError, &[]);
        let other_type = answer(&self::question("a.example", RecordType::Aaaa), RCODE::NoError, &[]);
        let query = question.encode().unwrap();
        for stray in [&other_id, &other_name, &other_type, &query, &Vec::new()] {
            assert_eq!(question.read(stray), Err(DnsMessageError::Stray));
        }
    }

    #[test]
    fn a_cut_message_is_truncated_even_if_it_is_not_whole() {
        let question = question("a.example", RecordType::A);
        let mut bytes = answer(&question, RCODE::NoError, &[("a.example", RData::A(A { address: 1 }))]);
        bytes[2] |= TRUNCATED;
        let mut of_another_question = bytes.clone();
        of_another_question[13] ^= 1;
        bytes.truncate(20);
        assert_eq!(question.read(&bytes), Ok(DnsAnswer::Truncated));
        assert_eq!(question.read(&of_another_question), Err(DnsMessageError::Stray));
    }

    #[test]
    fn a_pointer_to_itself_is_malformed() {
        let question = question("a.example", RecordType::A);
        let mut bytes = question.encode().unwrap();
        bytes[2] |= RESPONSE;
        bytes[12..14].copy_from_slice(&[0xc0, 12]);
        assert_eq!(question.read(&bytes), Err(DnsMessageError::Malformed));
    }

    #[test]
    fn names_that_cannot_be_asked_for() {
        for name in ["", ".", "a..example", ".a.example", "a.example..", &"a".repeat(64), &"a.".repeat(200)] {
            assert!(DnsQuestion::new(1, name, RecordType::A).is_err(), "{name}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic(mut bytes in proptest::collection::vec(any::<u8>(), 0..300), flips in proptest::collection::vec((0_usize..200, any::<u8>()), 0..8)) {
            let question = question("_ldap._tcp.example.com", RecordType::Srv);
            let _ = question.read(&bytes);
            if bytes.len() > 3 {
                bytes[..3].copy_from_slice(&[0, 7, RESPONSE]);
                let _ = question.read(&bytes);
            }
            let records = [("_ldap._tcp.example.com", srv("dc1.example.com")), ("_ldap._tcp.example.com", srv("dc2.example.com"))];
            let mut nearly = answer(&question, RCODE::NoError, &records);
            for (at, value) in flips {
                let length = nearly.len();
                nearly[at % length] = value;
            }
            let _ = question.read(&nearly);
        }
    }
}
