//! Where do the requests go that follow a 2xx? The dialog that it made: tags, remote target, route set (RFC 3261 12).

use std::net::IpAddr;

use super::message::{Hop, clean};
use crate::sip::address::{self, AddressError, SipUri};
use crate::sip::message::Response;

/// One dialog, as the 2xx of one callee made it.
///
/// Its target and its routes are text to be copied: only the next hop must be somebody who can be sent to (RFC 3261 12.2.1.1).
/// A callee behind a proxy may well speak what nobody speaks here.
#[derive(Clone, Debug)]
pub struct Dialog {
    /// To, with its tag.
    pub remote: String,
    /// The callee's tag; empty for one of RFC 2543.
    pub remote_tag: String,
    /// Why its Contact is none, or nobody here can send to the next hop, so that requests have to take the way of the INVITE.
    pub problem: Option<AddressError>,
    /// The URI of its Contact.
    target: Option<String>,
    /// The route set, the first proxy in front.
    routes: Vec<String>,
    next_hop: Option<SipUri>,
}

/// How a request within a dialog finds its way (RFC 3261 12.2.1.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Path {
    /// The Request-URI.
    pub uri: String,
    /// Values of Route.
    pub routes: Vec<String>,
    pub(crate) hop: Hop,
}

impl Dialog {
    /// The dialog that a 2xx makes (RFC 3261 12.1.2).
    pub fn of(response: &Response) -> Self {
        let head = &response.head;
        let remote = clean(head.value("To").unwrap_or_default());
        let target = address::remote_target(head);
        let mut routes = address::record_route(head);
        routes.reverse();
        let next_hop = match (routes.first(), &target) {
            (Some(route), _) => address::route(route),
            (None, Ok(target)) => address::next_hop(target),
            (None, Err(problem)) => Err(problem.clone()),
        };
        Self {
            remote_tag: address::tag(&remote).unwrap_or_default().to_owned(),
            remote,
            problem: target.as_ref().err().or(next_hop.as_ref().err()).cloned(),
            target: target.ok(),
            routes,
            next_hop: next_hop.ok(),
        }
    }

    /// Why nobody is where its requests go, as whoever is at the address `said_by` has it.
    pub(crate) fn leads_nowhere(&self, said_by: IpAddr) -> Option<AddressError> {
        let name = if self.routes.is_empty() { "Contact" } else { "Record-Route" };
        self.next_hop.as_ref()?.leads_somewhere(name, said_by).err()
    }

    /// The way of a request within it; `usual` is the Request-URI of the INVITE.
    pub fn path(&self, usual: &str) -> Path {
        let target = self.target.as_deref().unwrap_or(usual);
        let hop = self.next_hop.clone().map_or(Hop::Peer, Hop::Uri);
        match (self.routes.split_first(), &self.next_hop) {
            // A strict router takes the Request-URI for its own, and the target is the last route.
            (Some((_, rest)), Some(first)) if !first.is_loose => {
                let routes = rest.iter().cloned().chain([format!("<{target}>")]).collect();
                Path { uri: first.text.clone(), routes, hop }
            }
            // Where nobody knows the next hop, the peer that answered does.
            _ => Path { uri: target.to_owned(), routes: self.routes.clone(), hop },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::message::tests::response;

    fn dialog(lines: &str) -> Dialog {
        Dialog::of(&response(&format!("SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\nTo: <sip:a>;tag=x\r\n{lines}\r\n\r\n")))
    }

    fn way(path: Path) -> (String, Vec<String>, String) {
        let hop = if let Hop::Uri(uri) = path.hop { uri.text } else { "peer".to_owned() };
        (path.uri, path.routes, hop)
    }

    #[test]
    fn without_routes_to_the_contact() {
        let dialog = dialog("Contact: <sip:b@192.0.2.9:5070>");
        assert_eq!(dialog.remote_tag, "x");
        assert_eq!(way(dialog.path("sip:a")), ("sip:b@192.0.2.9:5070".into(), vec![], "sip:b@192.0.2.9:5070".into()));
    }

    #[test]
    fn the_route_set_is_taken_backwards() {
        let dialog = dialog("Contact: <sip:b@c>\r\nRecord-Route: <sip:p2;lr>, <sip:p1;lr>");
        let routes = vec!["<sip:p1;lr>".to_owned(), "<sip:p2;lr>".to_owned()];
        assert_eq!(way(dialog.path("sip:a")), ("sip:b@c".into(), routes, "sip:p1;lr".into()));
    }

    #[test]
    fn a_strict_router_is_the_request_uri() {
        let dialog = dialog("Contact: <sip:b@c>\r\nRecord-Route: <sip:p2;lr>, <sip:p1>");
        let routes = vec!["<sip:p2;lr>".to_owned(), "<sip:b@c>".to_owned()];
        assert_eq!(way(dialog.path("sip:a")), ("sip:p1".into(), routes, "sip:p1".into()));
    }

    #[test]
    fn the_way_of_the_invite_where_contact_or_route_cannot_be_read() {
        for (lines, uri, routes) in [
            ("Contact: *", "sip:a", vec![]),
            ("", "sip:a", vec![]),
            ("Contact: <sip:b@c;transport=ws>", "sip:b@c;transport=ws", vec![]),
            ("Contact: <sip:b@c>\r\nRecord-Route: <", "sip:b@c", vec!["<".to_owned()]),
            (
                "Contact: <sip:b@c>\r\nRecord-Route: <sip:q;lr>, <sip:p;transport=ws;lr>",
                "sip:b@c",
                vec!["<sip:p;transport=ws;lr>".to_owned(), "<sip:q;lr>".to_owned()],
            ),
        ] {
            let dialog = dialog(lines);
            assert!(dialog.problem.is_some());
            assert_eq!(way(dialog.path("sip:a")), (uri.into(), routes, "peer".into()), "{lines}");
        }
    }

    #[test]
    fn the_next_hop_leads_nowhere_that_is_nobodys_address_or_everybodys_own() {
        let nobody = |name, value: &str| Some(AddressError::Nobody { name, value: value.to_owned() });
        let said_by = "192.0.2.7".parse().unwrap();
        for (lines, expected) in [
            ("Contact: <sip:b@192.0.2.9>", None),
            ("Contact: <sip:b@0.0.0.0>", nobody("Contact", "sip:b@0.0.0.0")),
            ("Contact: <sip:b@127.0.0.1>\r\nRecord-Route: <sip:p;lr>", None),
            ("Contact: <sip:b@c>\r\nRecord-Route: <sip:127.0.0.1;lr>", nobody("Record-Route", "sip:127.0.0.1;lr")),
            ("Contact: *", None),
        ] {
            assert_eq!(dialog(lines).leads_nowhere(said_by), expected, "{lines}");
        }
    }

    #[test]
    fn behind_a_proxy_the_callee_may_speak_whatever_it_likes() {
        let routes = ["<sip:p;r2=on;lr>", "<sip:p:8080;transport=ws;r2=on;lr>"].map(str::to_owned).to_vec();
        for contact in ["sip:x1@abcd.invalid;transport=ws", "sip:x@asterisk_1", "tel:+15550100"] {
            let dialog = dialog(&format!("Contact: <{contact}>\r\nRecord-Route: {}, {}", routes[1], routes[0]));
            assert_eq!(dialog.problem, None, "{contact}");
            assert_eq!(way(dialog.path("sip:a")), (contact.into(), routes.clone(), "sip:p;r2=on;lr".into()));
        }
    }
}
