//! Where does a URI of a peer's lead to? The values of Contact, Record-Route and Route, as far as one has to send there.
//!
//! Lists, names, brackets and user parts are taken apart here, because rsip reads one value only, refuses IPv6 and takes
//! `a.b@host` for a host; the types of parameters are rsip's. Nothing that could break out of its line gets through.

use std::net::{IpAddr, Ipv4Addr};

use rsip::common::uri::Param;

use super::head::Head;
use super::transport::Transport;
use crate::input::list;
use crate::net::{Endpoint, host};
use crate::report::excerpt;

/// A `sip:` or `sips:` URI that one can send to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SipUri {
    /// As a Request-URI: without headers.
    pub text: String,
    /// Whether it must travel over TLS.
    pub is_secure: bool,
    /// The user part, empty where there is none.
    pub user: String,
    /// Host or address, without brackets; that of `maddr` where it says so.
    pub host: String,
    /// The port, where it says one.
    pub port: Option<u16>,
    /// The transport, where it says one.
    pub transport: Option<Transport>,
    /// Whether it has `lr`: a proxy that leaves the Request-URI alone (RFC 3261 16.12).
    pub is_loose: bool,
}

/// One value of Contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Where it leads to, or why one cannot send there.
    pub uri: Result<SipUri, AddressError>,
    /// Its preference in thousandths, 0 to 1000.
    pub q: u16,
}

/// Why a value cannot be sent to.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// There is no such header, or it is empty.
    #[error("there is no {0}")]
    Absent(&'static str),
    /// The value is none of a name and a URI in angle brackets, or a URI.
    #[error("the {name} '{value}' cannot be read: expected a SIP URI, with a name in front of it in angle brackets")]
    Malformed {
        /// The header.
        name: &'static str,
        /// The beginning of its value.
        value: String,
    },
    /// The port of a URI that could be read otherwise.
    #[error("the port of the {name} '{value}' is none: expected 1 to 65535")]
    Port {
        /// The header.
        name: &'static str,
        /// The beginning of its value.
        value: String,
    },
    /// An address that no host has, or one that is everybody's own.
    #[error(
        "the {name} '{value}' leads to nobody: expected the address of a host, found one that is nobody's or whoever sends there"
    )]
    Nobody {
        /// The header.
        name: &'static str,
        /// The beginning of its value.
        value: String,
    },
    /// A URI of another scheme, or of a transport that is not spoken here.
    #[error("the {name} '{value}' cannot be followed: expected sip: or sips: over TCP, TLS or UDP")]
    Unsupported {
        /// The header.
        name: &'static str,
        /// The beginning of its value.
        value: String,
    },
}

impl SipUri {
    /// Reads a bare URI, as in a Request-URI.
    pub fn read(text: &str) -> Result<Self, AddressError> {
        uri(text).map_err(|problem| problem.of("URI", text))
    }

    /// How to send there; what it does not say is as `usual`.
    pub fn transport_or(&self, usual: Transport) -> Transport {
        match self.transport {
            // RFC 3261 26.2.2: TLS on top of TCP, and RFC 5630 3.1.3 on `transport=tls`.
            _ if self.is_secure => Transport::Tls,
            given => given.unwrap_or(usual),
        }
    }

    /// Where to connect to over `transport`.
    pub(crate) fn endpoint(&self, transport: Transport) -> Endpoint {
        Endpoint { host: self.host.clone(), port: self.port.unwrap_or(transport.default_port()) }
    }

    /// Whether a request to it gets to the same user of the same server, compared as one has to send (not as RFC 3261 19.1.4).
    pub(crate) fn is_same_way(&self, other: &Self, usual: Transport) -> bool {
        let way = |uri: &Self| (uri.transport_or(usual), uri.endpoint(uri.transport_or(usual)).port);
        let is_same_host = self.host.eq_ignore_ascii_case(&other.host);
        is_same_host && is_same_user(&self.user, &other.user) && way(self) == way(other)
    }

    /// Fails where the header `name` that it stands in leads everybody to himself, said by somebody at the address `said_by`:
    /// servers write the address that they are bound to, or know themselves by, into a Contact.
    pub(crate) fn leads_somewhere(&self, name: &'static str, said_by: IpAddr) -> Result<(), AddressError> {
        if host::address(&self.host).is_some_and(is_nobodys) || is_own(&self.host, said_by) {
            Err(AddressError::Nobody { name, value: excerpt(&self.text, 120) })
        } else {
            Ok(())
        }
    }

    /// `host:port`, for a first line.
    pub(crate) fn name(&self, usual: Transport) -> String {
        let Endpoint { host, port } = self.endpoint(self.transport_or(usual));
        match host::address(&host) {
            Some(IpAddr::V6(_)) => format!("[{host}]:{port}"),
            _ => format!("{host}:{port}"),
        }
    }
}

/// Whether everybody reaches himself at this host, as whoever is at the address `said_by`, which is another, has it.
pub(crate) fn is_own(host: &str, said_by: IpAddr) -> bool {
    let is_own = match host::address(host).map(|address| address.to_canonical()) {
        Some(address) => address.is_loopback(),
        None => host.trim_end_matches('.').eq_ignore_ascii_case("localhost"),
    };
    is_own && !said_by.to_canonical().is_loopback()
}

/// Whether no host has the address: it is unspecified, of no network (RFC 1122 3.2.1.3), or everybody's at once.
pub(crate) fn is_nobodys(address: IpAddr) -> bool {
    let is_of_none = |address: Ipv4Addr| address.octets()[0] == 0 || address.is_broadcast();
    match address.to_canonical() {
        IpAddr::V4(address) => is_of_none(address),
        IpAddr::V6(address) => address.is_unspecified(),
    }
}

/// Whether it is no address in particular, where a system takes whoever connects there to himself.
pub(crate) fn is_unspecified(address: IpAddr) -> bool {
    address.to_canonical().is_unspecified()
}

/// Whether two user parts are of the same user, escaped or not (RFC 3261 19.1.4), whatever password and parameters go with
/// them.
pub(crate) fn is_same_user(one: &str, other: &str) -> bool {
    bare_user(one) == bare_user(other)
}

/// The values of every Contact, the preferred ones in front (RFC 3261 8.1.3.4).
pub fn contacts(head: &Head) -> Vec<Contact> {
    let values = head.values("Contact").flat_map(values).filter(|value| !value.is_empty()).take(MAX_VALUES);
    let mut contacts: Vec<_> = values.map(contact).collect();
    // A stable sort: among equals, as the server wrote them.
    contacts.sort_by_key(|contact| std::cmp::Reverse(contact.q));
    contacts
}

/// The URI of the Contact that a dialog's requests have for their Request-URI: the first one that is a SIP URI, else the first
/// of any scheme. It is copied, not sent to: its host, transport and parameters need not mean anything here (RFC 3261 12.2.1.1).
pub(crate) fn remote_target(head: &Head) -> Result<String, AddressError> {
    let mut problem = AddressError::Absent("Contact");
    let mut other = None;
    for value in head.values("Contact").flat_map(values).filter(|value| !value.is_empty()).take(MAX_VALUES) {
        match split(value).and_then(|(uri, _)| request_uri(uri)) {
            Ok((scheme, uri)) if is_sip(scheme) => return Ok(uri.to_owned()),
            Ok((_, uri)) => _ = other.get_or_insert_with(|| uri.to_owned()),
            Err(error) => problem = error.of("Contact", value),
        }
    }
    other.ok_or(problem)
}

/// The values of every Record-Route as they are, in their order; copied, and only the first one on the way is sent to.
pub(crate) fn record_route(head: &Head) -> Vec<String> {
    let found = head.values("Record-Route").flat_map(values).filter(|value| !value.is_empty()).take(MAX_VALUES);
    found.map(|value| value.replace(|c: char| c.is_control(), " ")).collect()
}

/// Where a value of Record-Route leads to.
pub(crate) fn route(value: &str) -> Result<SipUri, AddressError> {
    split(value).and_then(|(text, _)| uri(text)).map_err(|problem| problem.of("Record-Route", value))
}

/// Where a request goes whose Request-URI is that of a Contact.
pub(crate) fn next_hop(contact: &str) -> Result<SipUri, AddressError> {
    uri(contact).map_err(|problem| problem.of("Contact", contact))
}

/// The tag of a From or To.
pub(crate) fn tag(value: &str) -> Option<&str> {
    let (_, parameters) = split(value).ok()?;
    // Behind a bracket they begin with a semicolon, without one they do not.
    let parameters = list::split(parameters, ';');
    parameters
        .filter_map(|parameter| parameter.split_once('='))
        .find_map(|(name, tag)| name.trim().eq_ignore_ascii_case("tag").then_some(tag.trim()))
}

/// The URI of a response's To, where it is of another user or host than that of the request's, which `asked` has. Border elements
/// rewrite names, ports and parameters; what cannot be read is not compared.
pub(crate) fn other_than(to: &str, asked: &str) -> Option<String> {
    let (said, asked) = (split(to).ok()?.0, split(asked).ok()?.0);
    // As it should be, and nearly always is.
    if said == asked {
        return None;
    }
    let (said, asked) = (uri(said).ok()?, uri(asked).ok()?);
    let address = |uri: &SipUri| host::address(&uri.host);
    let is_same_host =
        said.host.eq_ignore_ascii_case(&asked.host) || address(&said).is_some_and(|said| Some(said) == address(&asked));
    let is_same = is_same_host && is_same_user(&said.user, &asked.user);
    (!is_same).then_some(said.text)
}

/// What is wrong, before it is known where.
#[derive(Clone, Copy, Debug)]
enum Problem {
    Malformed,
    Port,
    Unsupported,
}

impl Problem {
    fn of(self, name: &'static str, value: &str) -> AddressError {
        let value = excerpt(value, 120);
        match self {
            Self::Malformed => AddressError::Malformed { name, value },
            Self::Port => AddressError::Port { name, value },
            Self::Unsupported => AddressError::Unsupported { name, value },
        }
    }
}

fn contact(value: &str) -> Contact {
    let mut q = 1000;
    let uri = split(value).and_then(|(text, parameters)| {
        for parameter in parameters.split(';') {
            let (name, given) = parameter.split_once('=').unwrap_or((parameter, ""));
            if name.trim().eq_ignore_ascii_case("q") {
                // One that is no number says nothing about the URI: behind all those that say what they are worth.
                q = thousandths(given.trim()).unwrap_or(0);
            }
        }
        uri(text)
    });
    Contact { uri: uri.map_err(|problem| problem.of("Contact", value)), q }
}

/// A user part without password and parameters, and with its escapes undone.
fn bare_user(user: &str) -> Vec<u8> {
    let mut rest = user.split([':', ';']).next().unwrap_or_default().as_bytes();
    let mut bare = Vec::with_capacity(rest.len());
    while let [first, behind @ ..] = rest {
        let digit =
            |at: usize| behind.get(at).filter(|_| *first == b'%').and_then(|digit| char::from(*digit).to_digit(16));
        let escaped = digit(0).zip(digit(1)).and_then(|(high, low)| u8::try_from(high * 16 + low).ok());
        bare.push(escaped.unwrap_or(*first));
        rest = if escaped.is_some() { &behind[2..] } else { behind };
    }
    bare
}

/// The values of a line that may hold several.
fn values(line: &str) -> impl Iterator<Item = &str> {
    list::split(line, ',')
}

/// The URI of a value, and the parameters behind it.
fn split(value: &str) -> Result<(&str, &str), Problem> {
    match list::bracket(value) {
        Some(start) => {
            let (uri, parameters) = value[start + 1..].split_once('>').ok_or(Problem::Malformed)?;
            Ok((uri.trim(), parameters))
        }
        // RFC 3261 20.10: without brackets the parameters are those of the header.
        None => Ok(value.split_once(';').unwrap_or((value, ""))),
    }
}

/// The scheme of a URI that can stand in a request line, and the URI without the headers that a SIP URI may have.
fn request_uri(text: &str) -> Result<(&str, &str), Problem> {
    let is_bad = |c: char| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>' | '"');
    let (scheme, rest) = text.split_once(':').ok_or(Problem::Malformed)?;
    let is_scheme = !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'+');
    if text.len() > MAX_URI || text.contains(is_bad) || !is_scheme || rest.is_empty() {
        return Err(Problem::Malformed);
    }
    // A question mark may stand in the user part.
    let host_from = text.rfind('@').unwrap_or(0);
    let headers = text[host_from..].find('?').filter(|_| is_sip(scheme));
    Ok((scheme, headers.map_or(text, |at| &text[..host_from + at])))
}

fn is_sip(scheme: &str) -> bool {
    scheme.eq_ignore_ascii_case("sip") || scheme.eq_ignore_ascii_case("sips")
}

fn uri(text: &str) -> Result<SipUri, Problem> {
    let (scheme, _) = request_uri(text)?;
    if !is_sip(scheme) {
        return Err(Problem::Unsupported);
    }
    let is_secure = scheme.eq_ignore_ascii_case("sips");
    let rest = &text[scheme.len() + 1..];
    // The user part may hold what else begins parameters or headers, but an at sign is escaped wherever it is none.
    let (user, at_host) = rest.split_once('@').unwrap_or(("", rest));
    let (at_host, headers) = at_host.split_once('?').unwrap_or((at_host, ""));
    if at_host.contains('@') || headers.contains('@') {
        return Err(Problem::Malformed);
    }
    let mut parts = at_host.split(';');
    let (host, port) = host_and_port(parts.next().unwrap_or_default())?;
    let text = text[..text.len() - headers.len()].trim_end_matches('?');
    let mut uri = SipUri {
        text: text.to_owned(),
        is_secure,
        user: user.to_owned(),
        host,
        port,
        transport: None,
        is_loose: false,
    };
    for part in parts {
        let (name, value) = part.split_once('=').map_or((part, None), |(name, value)| (name, Some(value)));
        match Param::try_from((name, value)) {
            Ok(Param::Transport(rsip::Transport::Udp)) => uri.transport = Some(Transport::Udp),
            Ok(Param::Transport(rsip::Transport::Tcp)) => uri.transport = Some(Transport::Tcp),
            Ok(Param::Transport(rsip::Transport::Tls)) => uri.transport = Some(Transport::Tls),
            Ok(Param::Transport(_)) => return Err(Problem::Unsupported),
            Ok(Param::Maddr(maddr)) => uri.host = checked_host(maddr.value())?,
            // `lr=on` is in use, though the parameter has no value.
            _ if name.eq_ignore_ascii_case("lr") => uri.is_loose = true,
            Err(_) if name.eq_ignore_ascii_case("transport") => return Err(Problem::Unsupported),
            _ => {}
        }
    }
    Ok(uri)
}

fn host_and_port(text: &str) -> Result<(String, Option<u16>), Problem> {
    let (host, port) = match text.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((host, "")) => (host, None),
        Some((host, rest)) => (host, Some(rest.strip_prefix(':').ok_or(Problem::Malformed)?)),
        None => text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port))),
    };
    let is_reference = text.starts_with('[');
    if is_reference != matches!(host::address(host), Some(IpAddr::V6(_))) {
        return Err(Problem::Malformed);
    }
    let read = |port: &str| {
        let is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
        let port = port.parse().ok().filter(|port: &u16| *port > 0);
        if is_number { port.ok_or(Problem::Port) } else { Err(Problem::Malformed) }
    };
    Ok((checked_host(host)?, port.map(read).transpose()?))
}

/// A name or an address without zone, which would mean nothing here. An underscore has no place in a host name (RFC 3261 25.1),
/// and is in use: the names of containers have it, and are looked up all the same.
fn checked_host(text: &str) -> Result<String, Problem> {
    let is_host = host::of_uri(text).is_ok() && !text.contains('%') || host::address(text).is_some();
    let bare = host::bare(text);
    let is_name = !bare.contains([':', '[', ']']);
    if is_host && (is_name || host::address(bare).is_some()) { Ok(bare.to_owned()) } else { Err(Problem::Malformed) }
}

/// RFC 3261 25.1: `qvalue`, from 0 to 1 with at most three decimals.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, decimals) = text.split_once('.').unwrap_or((text, ""));
    let is_digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !matches!(whole, "0" | "1" | "") || text.is_empty() || decimals.len() > 3 || !is_digits(decimals) {
        return None;
    }
    let thousandths = format!("{decimals:0<3}").parse::<u16>().ok()? + if whole == "1" { 1000 } else { 0 };
    (thousandths <= 1000).then_some(thousandths)
}

/// The most of a URI, in bytes.
const MAX_URI: usize = 1024;

/// The most values of a header that are looked at.
const MAX_VALUES: usize = 32;

#[cfg(test)]
mod tests;
