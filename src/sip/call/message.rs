//! How do the requests of a call read, and our answers to the other side's? Text, for whichever connection carries it.

use crate::sip::address::SipUri;
use crate::sip::head::Head;
use crate::sip::message::name_addr;

/// What the requests of one call have in common. Addresses are URIs or name-addrs.
#[derive(Clone, Debug)]
pub(crate) struct Template {
    /// The Request-URI of the INVITE.
    pub uri: String,
    /// From, without a tag.
    pub from: String,
    /// To, without a tag.
    pub to: String,
    pub contact: String,
    pub user_agent: String,
    pub max_forwards: u8,
    /// Values of Route for the requests outside of a dialog.
    pub routes: Vec<String>,
    /// Further header lines of the INVITE, `Name: value`.
    pub headers: Vec<String>,
    /// The session description that the INVITE carries.
    pub offer: String,
    pub call_id: String,
    /// The tag of From.
    pub tag: String,
    /// The number of the first INVITE: an INVITE to where a redirection leads is the next one of the same call.
    pub cseq: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Method {
    Invite,
    Ack,
    Cancel,
    Bye,
}

impl Method {
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Invite => "INVITE",
            Self::Ack => "ACK",
            Self::Cancel => "CANCEL",
            Self::Bye => "BYE",
        }
    }
}

/// Where a request is sent to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Hop {
    /// Over the connection of the INVITE.
    Peer,
    /// To wherever this leads.
    Uri(SipUri),
}

/// One request of a call, but for what the connection puts into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CallRequest {
    pub method: Method,
    /// The Request-URI.
    pub uri: String,
    /// Values of Route.
    pub routes: Vec<String>,
    /// The branch of our Via.
    pub branch: String,
    /// To, with the other side's tag if that is known.
    pub to: String,
    pub cseq: u32,
    /// Headers that answer a challenge.
    pub credentials: Vec<(&'static str, String)>,
    pub hop: Hop,
}

/// The connection's own words in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Via {
    /// `TCP`, `TLS` or `UDP`.
    pub transport: &'static str,
    /// Host and port of our end.
    pub sent_by: String,
}

impl Template {
    /// The message that `request` is by way of `via`; in a `masked` one the credentials are left out.
    pub(crate) fn message(&self, request: &CallRequest, via: &Via, masked: bool) -> String {
        let CallRequest { method, uri, branch, cseq, .. } = request;
        let is_invite = *method == Method::Invite;
        let method = method.word();
        let mut lines = vec![
            format!("{method} {uri} SIP/2.0"),
            format!("Via: SIP/2.0/{} {};branch={branch};rport", via.transport, via.sent_by),
            format!("Max-Forwards: {}", self.max_forwards),
        ];
        lines.extend(request.routes.iter().map(|route| format!("Route: {route}")));
        lines.push(format!("From: {};tag={}", name_addr(&self.from), self.tag));
        lines.push(format!("To: {}", request.to));
        lines.push(format!("Call-ID: {}", self.call_id));
        lines.push(format!("CSeq: {cseq} {method}"));
        if is_invite {
            lines.push(format!("Contact: {}", name_addr(&self.contact)));
            // No extension is supported: a reliable provisional response (RFC 3262) would have to be acknowledged.
            lines.push(format!("Allow: {ALLOWED}"));
            lines.push("Accept: application/sdp".to_owned());
        }
        lines.push(format!("User-Agent: {}", self.user_agent));
        let secret = |value: &str| if masked { "Digest (masked)".to_owned() } else { value.to_owned() };
        lines.extend(request.credentials.iter().map(|(name, value)| format!("{name}: {}", secret(value))));
        let body = if is_invite { self.offer.as_str() } else { "" };
        if is_invite {
            lines.extend(self.headers.iter().cloned());
            lines.push("Content-Type: application/sdp".to_owned());
        }
        lines.push(format!("Content-Length: {}", body.len()));
        format!("{}\r\n\r\n{body}", lines.join("\r\n"))
    }

    /// Our answer to a request of the other side within this call.
    pub(crate) fn reply(&self, request: &Head, status: &str) -> String {
        let mut lines = vec![format!("SIP/2.0 {status}")];
        for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
            lines.extend(request.values(name).map(|value| format!("{name}: {}", clean(value))));
        }
        lines.push(format!("Allow: {ALLOWED}"));
        lines.push(format!("User-Agent: {}", self.user_agent));
        lines.push("Content-Length: 0".to_owned());
        lines.join("\r\n") + "\r\n\r\n"
    }
}

/// A header value of the peer's that cannot break out of its line.
pub(crate) fn clean(value: &str) -> String {
    value.replace(|c: char| c.is_control(), " ")
}

/// What the other side may send within a call.
const ALLOWED: &str = "INVITE, ACK, CANCEL, BYE, OPTIONS";

#[cfg(test)]
mod tests {
    use super::*;

    fn template() -> Template {
        Template {
            uri: "sip:101@cas1.example.com".into(),
            from: "sip:check@192.0.2.1".into(),
            to: "\"A\" <sip:101@cas1.example.com>".into(),
            contact: "sip:192.0.2.1:40000".into(),
            user_agent: "check-um/1".into(),
            max_forwards: 70,
            routes: vec!["<sip:edge.example.com;lr>".into()],
            headers: vec!["Subject: probe".into()],
            offer: "v=0\r\n".into(),
            call_id: "c".into(),
            tag: "t".into(),
            cseq: 1,
        }
    }

    fn request(method: Method) -> CallRequest {
        let template = template();
        CallRequest {
            method,
            uri: template.uri,
            routes: template.routes,
            branch: "z9hG4bKb".into(),
            to: template.to,
            cseq: 7,
            credentials: vec![("Authorization", "Digest secret".into())],
            hop: Hop::Peer,
        }
    }

    #[test]
    fn an_invite_reads_as_rfc_3261_wants_it() {
        let via = Via { transport: "UDP", sent_by: "[2001:db8::1]:40000".into() };
        assert_eq!(
            template().message(&request(Method::Invite), &via, true),
            "INVITE sip:101@cas1.example.com SIP/2.0\r\n\
             Via: SIP/2.0/UDP [2001:db8::1]:40000;branch=z9hG4bKb;rport\r\n\
             Max-Forwards: 70\r\n\
             Route: <sip:edge.example.com;lr>\r\n\
             From: <sip:check@192.0.2.1>;tag=t\r\n\
             To: \"A\" <sip:101@cas1.example.com>\r\n\
             Call-ID: c\r\n\
             CSeq: 7 INVITE\r\n\
             Contact: <sip:192.0.2.1:40000>\r\n\
             Allow: INVITE, ACK, CANCEL, BYE, OPTIONS\r\n\
             Accept: application/sdp\r\n\
             User-Agent: check-um/1\r\n\
             Authorization: Digest (masked)\r\n\
             Subject: probe\r\n\
             Content-Type: application/sdp\r\n\
             Content-Length: 5\r\n\r\n\
             v=0\r\n"
        );
        assert!(
            template().message(&request(Method::Ack), &via, false).contains("\r\nAuthorization: Digest secret\r\n")
        );
    }

    #[test]
    fn a_reply_copies_what_belongs_together() {
        let head = Head::parse(
            b"BYE sip:a SIP/2.0\r\nv: SIP/2.0/UDP b;branch=1\r\nVia: c\r\nFrom: <sip:d>;tag=e\rX: y\r\nTo: f\r\ni: g\r\nCSeq: 1 BYE\r\nSubject: h\r\n",
        );
        let reply = template().reply(&head, "200 OK");
        assert!(
            reply
                .starts_with("SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP b;branch=1\r\nVia: c\r\nFrom: <sip:d>;tag=e X: y\r\n")
        );
        assert!(!reply.contains("Subject") && reply.ends_with("\r\nContent-Length: 0\r\n\r\n"));
    }
}
