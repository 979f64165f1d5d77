//! Is every Contact read without a panic, and does nothing of it break out of a request?
#![no_main]

use check_um::door::sip::address::{self, SipUri};
use check_um::door::sip::framing::datagram;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let head = [b"SIP/2.0 302 Moved\r\n", bytes, b"\r\n\r\n"].concat();
    let Ok(Some(frame)) = datagram(&head) else { return };
    let contacts = address::contacts(&frame.head);
    assert!(contacts.is_sorted_by_key(|contact| std::cmp::Reverse(contact.q)));
    for contact in contacts {
        assert!(contact.q <= 1000);
        let Ok(uri) = contact.uri else { continue };
        let text = &uri.text;
        assert!(uri.port != Some(0));
        assert!(!text.contains(|c: char| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>' | '"')));
        assert!(!uri.host.is_empty() && !uri.host.contains(['@', ';', '/', '[', ']']));
        // What was read once reads the same again.
        assert_eq!(SipUri::read(text).as_ref(), Ok(&uri));
    }
});
