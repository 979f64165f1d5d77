//! Does any answer of a directory make its reader panic? A stream of messages, read as a connection would.
#![no_main]

use check_um::door::directory::locator::Wanted;
use check_um::door::directory::message::{LdapMessage, decode, length};
use check_um::door::directory::{RootDse, judge};
use check_um::door::net::Peer;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let mut rest = bytes;
    while let Ok(Some(end)) = length(rest) {
        assert!(end > 0 && end <= rest.len(), "a message is never empty nor longer than what there is");
        if let Ok(LdapMessage::Entry { attributes, .. }) = decode(&rest[..end]) {
            let peer = Peer { host: "192.0.2.7".to_owned(), address: ([192, 0, 2, 7], 3268).into() };
            let root_dse = RootDse { attributes };
            let wanted = Wanted { domain: "example.com", site: None, are_catalogs: true };
            let _ = (judge::judge(&root_dse, &peer, Some(&wanted)), judge::describe(&root_dse, &peer, Some(&wanted)));
        }
        rest = &rest[end..];
    }
});
