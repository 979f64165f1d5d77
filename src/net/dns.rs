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
mod tests;
