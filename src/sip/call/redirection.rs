//! Whom does a redirection (3xx) name, and does it lead anybody anywhere? Its Contacts, as everybody who is redirected has them.

use std::net::IpAddr;

use super::routed::Astray;
use crate::report::excerpt;
use crate::sip::address::{self, AddressError, Contact, SipUri};
use crate::sip::message::Response;

/// A 3xx that a call was answered with.
pub(super) struct Redirection {
    status: u16,
    /// The preferred ones in front.
    pub contacts: Vec<Contact>,
    /// The Request-URIs that led there, the first one in front.
    pub way: Vec<String>,
}

impl Redirection {
    /// The redirection that this response is, of somebody at the address `said_by`.
    pub(super) fn of(response: &Response, said_by: IpAddr, way: Vec<String>) -> Self {
        let leads = |uri: SipUri| uri.leads_somewhere("Contact", said_by).map(|()| uri);
        let contacts = address::contacts(&response.head).into_iter();
        let contacts = contacts.map(|Contact { uri, q }| Contact { uri: uri.and_then(leads), q }).collect();
        Self { status: response.status, contacts, way }
    }

    /// That it leads to where the call was already.
    pub(super) fn circle(&self, back: Option<String>) -> Astray {
        let way: Vec<_> = self.way.iter().cloned().chain(back).collect();
        Astray::Circle(excerpt(&way.join(" -> "), MAX_WAY))
    }

    /// Fails where no Contact leads anybody anywhere. What a 380 offers instead stands in its body (RFC 3261 21.3.5).
    pub(super) fn check(&self) -> Result<(), Astray> {
        let leads = |contact: &Contact| matches!(contact.uri, Ok(_) | Err(AddressError::Unsupported { .. }));
        if self.status == 380 || self.contacts.iter().any(leads) {
            return Ok(());
        }
        let problem = self.contacts.iter().find_map(|contact| contact.uri.clone().err());
        Err(problem.unwrap_or(AddressError::Absent("Contact")).into())
    }
}

/// The most of the way of a call that goes in a circle, in characters.
const MAX_WAY: usize = 400;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sip::message::tests::response;

    fn checked(status: u16, contacts: &str, said_by: &str) -> Result<(), String> {
        let response = response(&format!("SIP/2.0 {status} Moved\r\nCSeq: 1 INVITE\r\n{contacts}\r\n"));
        let redirection = Redirection::of(&response, said_by.parse().unwrap(), Vec::new());
        redirection.check().map_err(|astray| astray.to_string())
    }

    #[test]
    fn it_leads_somewhere_if_any_contact_does() {
        for (status, contacts) in [
            (302, "Contact: <sip:a@b>\r\n"),
            (302, "Contact: *, <tel:+15550100>\r\n"),
            (302, "Contact: <sip:a@0.0.0.0>, <sip:a@b;transport=ws>\r\n"),
            (380, ""),
        ] {
            assert_eq!(checked(status, contacts, "192.0.2.7"), Ok(()), "{contacts}");
        }
        for (contacts, part) in [
            ("", "there is no Contact"),
            ("Contact: *\r\n", "cannot be read"),
            ("Contact: <sip:a@[::]>\r\n", "leads to nobody"),
            ("Contact: <sip:a@127.0.0.1>\r\n", "leads to nobody"),
            ("Contact: <sip:a@LOCALHOST.>\r\n", "leads to nobody"),
            ("Contact: <sip:a@0.0.0.5>\r\n", "leads to nobody"),
            ("Contact: <sip:a@[::ffff:255.255.255.255]>\r\n", "leads to nobody"),
        ] {
            let found = checked(302, contacts, "192.0.2.7").unwrap_err();
            assert!(found.starts_with("the redirection leads nowhere: ") && found.contains(part), "{found}");
        }
        // On this very host the loopback is a way to itself.
        assert_eq!(checked(302, "Contact: <sip:a@127.0.0.1>, <sip:a@localhost>\r\n", "127.0.0.1"), Ok(()));
    }
}
