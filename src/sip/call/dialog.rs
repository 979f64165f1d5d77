//! Where do the requests go that follow a 2xx? The dialog that it made: tags, remote target, route set (RFC 3261 12).

use super::message::{Hop, clean};
use crate::sip::address::{self, AddressError, SipUri};
use crate::sip::message::Response;

/// One dialog, as the 2xx of one callee made it.
#[derive(Clone, Debug)]
pub struct Dialog {
    /// To, with its tag.
    pub remote: String,
    /// The callee's tag; empty for one of RFC 2543.
    pub remote_tag: String,
    /// What its Contact or Record-Route lacks, so that requests have to take the way of the INVITE.
    pub problem: Option<AddressError>,
    target: Option<SipUri>,
    /// The route set, the first proxy in front.
    routes: Vec<(String, SipUri)>,
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
        let (target, routes) = (address::remote_target(head), address::record_route(head));
        let problem = target.as_ref().err().or(routes.as_ref().err()).cloned();
        let mut routes = routes.unwrap_or_default();
        routes.reverse();
        Self {
            remote_tag: address::tag(&remote).unwrap_or_default().to_owned(),
            remote,
            problem,
            target: target.ok(),
            routes,
        }
    }

    /// The way of a request within it; `usual` is the Request-URI of the INVITE.
    pub fn path(&self, usual: &str) -> Path {
        let target = self.target.as_ref().map_or(usual, |target| &target.text).to_owned();
        let values = |routes: &[(String, SipUri)]| routes.iter().map(|(text, _)| text.clone()).collect::<Vec<_>>();
        match self.routes.split_first() {
            // Whoever cannot be found is behind whoever answered.
            _ if self.problem.is_some() => Path { uri: target, routes: values(&self.routes), hop: Hop::Peer },
            None => Path { uri: target, routes: Vec::new(), hop: self.target.clone().map_or(Hop::Peer, Hop::Uri) },
            Some(((_, first), _)) if first.is_loose => {
                Path { uri: target, routes: values(&self.routes), hop: Hop::Uri(first.clone()) }
            }
            // A strict router takes the Request-URI for its own, and the target is the last route.
            Some(((_, first), rest)) => {
                let routes = values(rest).into_iter().chain([format!("<{target}>")]).collect();
                Path { uri: first.text.clone(), routes, hop: Hop::Uri(first.clone()) }
            }
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
        for (lines, uri) in
            [("Contact: *", "sip:a"), ("", "sip:a"), ("Contact: <sip:b@c>\r\nRecord-Route: <", "sip:b@c")]
        {
            let dialog = dialog(lines);
            assert!(dialog.problem.is_some());
            assert_eq!(way(dialog.path("sip:a")), (uri.into(), vec![], "peer".into()), "{lines}");
        }
    }
}
