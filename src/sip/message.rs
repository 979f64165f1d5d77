//! What does a message mean? Our request, and the peer's response, the values of its headers as rsip reads them.
//!
//! rsip is fed only text that `head` cleaned, and no type of it appears in a signature here. It writes nothing:
//! its requests want a parsed URI, which refuses some that are in use.

use rsip::headers::{CSeq, ToTypedHeader, UntypedHeader};

use super::address;
use super::framing::Frame;
use super::head::{self, Head};
use crate::input::list;
use crate::report::excerpt;

/// A response, provisional or final.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The status code, 100 to 699.
    pub status: u16,
    /// The reason phrase as the peer wrote it, raw; may be empty.
    pub reason: String,
    /// The head.
    pub head: Head,
    /// The number and method of CSeq.
    pub cseq: (u32, String),
    /// The body as it came.
    pub body: Vec<u8>,
}

/// Why a message is no response that could be understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MessageError {
    /// The status line.
    #[error("the status line is '{0}', expected SIP/2.0, a status code of 100 to 699 and a reason phrase")]
    StatusLine(String),
    /// CSeq is absent or none.
    #[error("the response has no valid CSeq")]
    CSeq,
    /// A header that every response has (RFC 3261 8.2.6.2) is absent or empty.
    #[error("the response has no {0}, expected one header of that name")]
    Missing(&'static str),
    /// A header that every response has once is there again, and says something else.
    #[error("the response has more than one {0}, expected one header of that name")]
    Repeated(&'static str),
    /// From has not the tag of the request, which would make it a response in another dialog (RFC 3261 8.2.6.2, 12).
    #[error("the response has the From '{0}', expected the tag of the request in it")]
    Tag(String),
}

impl Response {
    /// Reads a framed message; `None` if it is a request.
    pub fn read(frame: Frame) -> Result<Option<Self>, MessageError> {
        let head = frame.head;
        let line = &head.start_line;
        if !line.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("SIP/")) {
            return Ok(None);
        }
        let (status, reason) = status_line(line).ok_or_else(|| MessageError::StatusLine(excerpt(line, 80)))?;
        let cseq = cseq(head.value("CSeq").ok_or(MessageError::CSeq)?).ok_or(MessageError::CSeq)?;
        Ok(Some(Self { status, reason, head, cseq, body: frame.body }))
    }

    /// Fails unless each header that every response copies from its request is there, once (RFC 3261 8.2.6.2).
    pub(crate) fn check_complete(&self) -> Result<(), MessageError> {
        for name in COPIED {
            let mut values = self.head.values(name);
            let first = values.next().filter(|value| !value.is_empty()).ok_or(MessageError::Missing(name))?;
            if values.any(|value| value != first) {
                return Err(MessageError::Repeated(name));
            }
        }
        Ok(())
    }

    /// Fails unless it is complete, and From has the `tag` of the request; tags are the same in any case (RFC 3261 7.3.1).
    pub(crate) fn check_answers(&self, tag: &str) -> Result<(), MessageError> {
        self.check_complete()?;
        let from = self.head.value("From").unwrap_or_default();
        let is_ours = address::tag(from).is_some_and(|found| found.eq_ignore_ascii_case(tag));
        if is_ours { Ok(()) } else { Err(MessageError::Tag(excerpt(from, 80))) }
    }

    /// Whether it is a 1xx, which only says that a final response will come.
    pub(crate) const fn is_provisional(&self) -> bool {
        self.status < 200
    }

    /// `503 Service Unavailable`, the reason phrase cut to a line's worth.
    pub(crate) fn status_text(&self) -> String {
        format!("{} {}", self.status, excerpt(&self.reason, 80)).trim_end().to_owned()
    }

    /// The branch of its Via, where we put ours.
    pub(crate) fn branch(&self) -> Option<&str> {
        branch(&self.head)
    }

    /// The methods of every Allow line.
    pub(crate) fn allowed(&self) -> impl Iterator<Item = &str> {
        self.head.values("Allow").flat_map(|line| list::split(line, ',')).filter(|method| !method.is_empty())
    }
}

/// The branch that a response to a request of ours carries: that of its only Via. `None` with a second one, which makes it
/// a response to somebody behind us (RFC 3261 8.1.3.3), or with two branches in one.
pub(crate) fn branch(head: &Head) -> Option<&str> {
    // RFC 3261 7.3.1: several Via values may share a line, separated by commas.
    let mut vias = head.values("Via").flat_map(|line| list::split(line, ',')).filter(|via| !via.is_empty());
    let via = vias.next().filter(|_| vias.next().is_none())?;
    let mut branches = list::parameters(via).filter(|(name, _)| name.eq_ignore_ascii_case("branch"));
    let (_, value) = branches.next().filter(|_| branches.next().is_none())?;
    value
}

/// The number of a CSeq and its method, as written: methods are case-sensitive (RFC 3261 7.1), which rsip forgets.
fn cseq(value: &str) -> Option<(u32, String)> {
    let (number, method) = value.split_once(' ')?;
    let is_clean = number.bytes().all(|byte| byte.is_ascii_digit()) && method.bytes().all(head::is_token_byte);
    let typed = CSeq::new(value).typed().ok().filter(|_| is_clean)?;
    Some((typed.seq, method.to_owned()))
}

/// `SIP/2.0 code reason`; the code is exactly three digits, so that no larger number is taken for the one it wraps to.
fn status_line(line: &str) -> Option<(u16, String)> {
    let rest = line.get(7..).filter(|_| line[..7].eq_ignore_ascii_case("SIP/2.0"))?.strip_prefix(' ')?.trim_start();
    let (code, reason) = rest.split_once(' ').unwrap_or((rest, ""));
    let is_code = code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_digit());
    let status = is_code.then(|| code.parse().ok()).flatten().filter(|status| (100..700).contains(status))?;
    Some((status, reason.trim().to_owned()))
}

/// The identity of one request: what RFC 3261 8.1.1 wants to be fresh, and what its answer is recognised by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RequestId {
    /// The branch of our Via.
    pub branch: String,
    /// The From tag.
    pub tag: String,
    /// Call-ID.
    pub call_id: String,
    /// The number of CSeq.
    pub cseq: u32,
}

/// Everything in an OPTIONS request but its identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OptionsRequest {
    /// The Request-URI.
    pub uri: String,
    /// The URI or name-addr of From, without a tag.
    pub from: String,
    /// The URI or name-addr of To.
    pub to: String,
    /// The URI or name-addr of Contact.
    pub contact: String,
    /// `TCP`, `TLS` or `UDP`, as in Via.
    pub via_transport: &'static str,
    /// Host and port that the answer comes back to, as in Via.
    pub sent_by: String,
    /// User-Agent.
    pub user_agent: String,
    /// Max-Forwards.
    pub max_forwards: u8,
    /// The values of Route, the first proxy in front.
    pub routes: Vec<String>,
    /// Further lines, `Name: value`.
    pub headers: Vec<String>,
}

impl OptionsRequest {
    /// The method of it.
    pub(crate) const METHOD: &'static str = "OPTIONS";

    /// The message, with `credentials` as more headers (name and value), one for each challenge that is to be answered.
    pub(crate) fn message(&self, id: &RequestId, credentials: &[(&'static str, String)]) -> String {
        let credentials: String = credentials.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let routes: String = self.routes.iter().map(|route| format!("Route: {route}\r\n")).collect();
        let headers: String = self.headers.iter().map(|line| format!("{line}\r\n")).collect();
        // RFC 3261 11.1: Accept says which body the answer may have.
        format!(
            "{method} {uri} SIP/2.0\r\n\
             Via: SIP/2.0/{transport} {sent_by};branch={branch};rport\r\n\
             {routes}\
             Max-Forwards: {max_forwards}\r\n\
             From: {from};tag={tag}\r\n\
             To: {to}\r\n\
             Call-ID: {call_id}\r\n\
             CSeq: {cseq} {method}\r\n\
             Contact: {contact}\r\n\
             Accept: application/sdp\r\n\
             User-Agent: {user_agent}\r\n\
             {credentials}\
             {headers}\
             Content-Length: 0\r\n\r\n",
            method = Self::METHOD,
            uri = self.uri,
            transport = self.via_transport,
            sent_by = self.sent_by,
            branch = id.branch,
            max_forwards = self.max_forwards,
            from = name_addr(&self.from),
            tag = id.tag,
            to = name_addr(&self.to),
            call_id = id.call_id,
            cseq = id.cseq,
            contact = name_addr(&self.contact),
            user_agent = self.user_agent,
        )
    }
}

/// A bare URI in angle brackets, so that its parameters are not taken for the header's; a name-addr as it is.
pub(crate) fn name_addr(address: &str) -> String {
    if address.contains('<') { address.to_owned() } else { format!("<{address}>") }
}

/// What a response copies from its request beside Via (RFC 3261 8.2.6.2).
const COPIED: [&str; 4] = ["From", "To", "Call-ID", "CSeq"];

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::sip::framing::datagram;

    fn read(message: &str) -> Result<Option<Response>, MessageError> {
        Response::read(datagram(message.as_bytes()).unwrap().unwrap())
    }

    pub(crate) fn response(message: &str) -> Response {
        read(message).unwrap().unwrap()
    }

    pub(crate) fn request() -> OptionsRequest {
        OptionsRequest {
            uri: "sip:cas1.example.com:5060;transport=tcp".to_owned(),
            from: "sip:check@192.0.2.1".to_owned(),
            to: "sip:cas1.example.com:5060;transport=tcp".to_owned(),
            contact: "\"A\" <sip:192.0.2.1:40000>".to_owned(),
            via_transport: "TCP",
            sent_by: "[2001:db8::1]:40000".to_owned(),
            user_agent: "check-um/1".to_owned(),
            max_forwards: 70,
            routes: Vec::new(),
            headers: Vec::new(),
        }
    }

    #[test]
    fn the_peers_own_reason_phrase_is_kept() {
        let response = response("SIP/2.0 403 Kein Zutritt | hier\r\nCSeq: 1 OPTIONS\r\n\r\n");
        assert_eq!((response.status, response.reason.as_str()), (403, "Kein Zutritt | hier"));
    }

    #[test]
    fn a_status_line_without_a_reason_phrase_is_one() {
        assert_eq!(response("SIP/2.0 200\r\nCSeq: 1 OPTIONS\r\n\r\n").status_text(), "200");
        assert_eq!(response("SIP/2.0 200 \r\nCSeq: 1 OPTIONS\r\n\r\n").status_text(), "200");
    }

    #[test]
    fn a_status_code_has_three_digits_and_a_class() {
        for code in ["4294967496", "65736", "099", "700", "20", "2000", "0200", "+20", "20x", "-200", "", "２００"] {
            let message = format!("SIP/2.0 {code} OK\r\nCSeq: 1 OPTIONS\r\n\r\n");
            assert!(matches!(read(&message), Err(MessageError::StatusLine(_))), "{code:?} was taken for a status code");
        }
    }

    fn branch_of(vias: &str) -> Option<String> {
        response(&format!("SIP/2.0 200 OK\r\nCSEQ: 1 OPTIONS\r\n{vias}\r\n\r\n")).branch().map(str::to_owned)
    }

    #[test]
    fn the_branch_of_the_only_via_is_ours_however_it_is_written() {
        for via in [
            "VIA: SIP/2.0/TCP 192.0.2.60:5060;BRANCH=z9",
            "v:SIP / 2.0/UDP\r\n\ta ; rport=5 ; branch\r\n = z9",
            "Via: SIP/2.0/UDP a;oc-algo=\"loss,A\";branch=z9",
            "Via: SIP/2.0/UDP a;x=\";branch=other;\\\";branch=more\";branch=z9;rport",
            "Via: SIP/2.0/UDP a;branch=z9,",
            "Via:\r\nVia: SIP/2.0/UDP [2001:db8::1]:5;received=2001:db8::2;branch=z9",
        ] {
            assert_eq!(branch_of(via).as_deref(), Some("z9"), "{via}");
        }
    }

    #[test]
    fn a_branch_in_quotes_or_of_another_via_is_not_ours() {
        for (via, expected) in [
            ("Via: SIP/2.0/UDP a;x=\";branch=z9;\";branch=other", Some("other")),
            ("Via: SIP/2.0/UDP a;branch=\"z9\"", Some("\"z9\"")),
            ("Via: SIP/2.0/UDP a;branch=z9;branch=other", None),
            ("Via: SIP/2.0/UDP a;branch", None),
            ("Via: SIP/2.0/UDP a;branch=z9\r\nVia: SIP/2.0/UDP b;branch=other", None),
            ("Via: SIP/2.0/UDP a;branch=z9, SIP/2.0/UDP b;branch=other", None),
            ("Via: SIP/2.0/UDP a, SIP/2.0/UDP b;branch=z9", None),
            ("X: SIP/2.0/UDP b;branch=z9", None),
        ] {
            assert_eq!(branch_of(via).as_deref(), expected, "{via}");
        }
    }

    #[test]
    fn the_method_of_cseq_keeps_its_case_and_any_white_space_may_stand_before_it() {
        let cseq =
            |value: &str| read(&format!("SIP/2.0 200 OK\r\nCSeq:{value}\r\n\r\n")).map(|read| read.unwrap().cseq);
        for value in [" 7 OPTIONS", "7\tOPTIONS", " \r\n 0007 \t \r\n\tOPTIONS "] {
            assert_eq!(cseq(value), Ok((7, "OPTIONS".to_owned())), "{value:?}");
        }
        assert_eq!(cseq("1 options"), Ok((1, "options".to_owned())));
        for value in [
            "1OPTIONS",
            "1 ",
            "OPTIONS",
            "+1 OPTIONS",
            "-1 OPTIONS",
            "1 OPT IONS",
            "1 \"OPTIONS\"",
            "9292394834772304023312 OPTIONS",
            "4294967296 OPTIONS",
            "0x1 OPTIONS",
        ] {
            assert_eq!(cseq(value), Err(MessageError::CSeq), "{value:?}");
        }
    }

    #[test]
    fn a_complete_response_has_each_copied_header_once() {
        let complete = "SIP/2.0 200 OK\r\nf: <sip:a>;tag=1\r\nt: <sip:b>\r\ni: c\r\nCSeq: 1 OPTIONS\r\n";
        let check = |message: String| response(&format!("{message}\r\n")).check_complete();
        assert_eq!(check(complete.to_owned()), Ok(()));
        assert_eq!(check(format!("{complete}To: <sip:b>\r\n")), Ok(()));
        assert_eq!(check(format!("{complete}From: <sip:x>\r\n")), Err(MessageError::Repeated("From")));
        assert_eq!(check(complete.replace("f:", "x:")), Err(MessageError::Missing("From")));
        assert_eq!(check(complete.replace("<sip:b>", " ")), Err(MessageError::Missing("To")));
        assert_eq!(check(complete.replace("i: c\r\n", "")), Err(MessageError::Missing("Call-ID")));
    }

    #[test]
    fn an_answer_has_the_tag_of_its_request_in_from() {
        let check = |from: &str| {
            let head = format!("SIP/2.0 200 OK\r\nt: <sip:b>\r\ni: c\r\nCSeq: 1 OPTIONS\r\nFrom: {from}\r\n\r\n");
            response(&head).check_answers("4a5f")
        };
        for from in ["<sip:a>;tag=4a5f", "\"a;tag=x\" <sip:a;tag=y> ; x ; TAG = 4A5F", "sip:a;tag=4a5f"] {
            assert_eq!(check(from), Ok(()), "{from}");
        }
        for from in [
            "x",
            "<sip:a>",
            "<sip:a>;tag=4a5",
            "<sip:a;tag=4a5f>",
            "\"a\" <sip:a;tag=4a5f",
            "<sip:a>;tag=",
            "<sip:a>;x=\";tag=4a5f\"",
        ] {
            assert_eq!(check(from), Err(MessageError::Tag(from.to_owned())), "{from}");
        }
        assert_eq!(check(""), Err(MessageError::Missing("From")));
    }

    #[test]
    fn repeated_allow_lines_are_one_set() {
        let response =
            response("SIP/2.0 200 OK\r\nCSEQ: 1 OPTIONS\r\nALLOW: INVITE\r\nAllow: ACK, BYE,\r\nALLOW:\r\n\r\n");
        assert_eq!(response.allowed().collect::<Vec<_>>(), ["INVITE", "ACK", "BYE"]);
    }

    #[test]
    fn a_response_without_a_valid_cseq_is_refused() {
        assert_eq!(read("SIP/2.0 200 OK\r\nTo: a\r\n\r\n"), Err(MessageError::CSeq));
        assert_eq!(read("SIP/2.0 200 OK\r\nCSeq: 99999999999 OPTIONS\r\n\r\n"), Err(MessageError::CSeq));
        assert_eq!(read("SIP/2.0 200 OK\r\nCSeq:\r\n\r\n"), Err(MessageError::CSeq));
    }

    #[test]
    fn a_request_is_no_response() {
        assert_eq!(read("OPTIONS sip:a SIP/2.0\r\nCSeq: 1 OPTIONS\r\n\r\n"), Ok(None));
    }

    #[test]
    fn the_request_reads_as_rfc_3261_wants_it() {
        let id = RequestId { branch: "z9hG4bKb".into(), tag: "t".into(), call_id: "c".into(), cseq: 7 };
        assert_eq!(
            request().message(&id, &[("Authorization", "Digest x".to_owned())]),
            "OPTIONS sip:cas1.example.com:5060;transport=tcp SIP/2.0\r\n\
             Via: SIP/2.0/TCP [2001:db8::1]:40000;branch=z9hG4bKb;rport\r\n\
             Max-Forwards: 70\r\n\
             From: <sip:check@192.0.2.1>;tag=t\r\n\
             To: <sip:cas1.example.com:5060;transport=tcp>\r\n\
             Call-ID: c\r\n\
             CSeq: 7 OPTIONS\r\n\
             Contact: \"A\" <sip:192.0.2.1:40000>\r\n\
             Accept: application/sdp\r\n\
             User-Agent: check-um/1\r\n\
             Authorization: Digest x\r\n\
             Content-Length: 0\r\n\r\n"
        );
    }
}
