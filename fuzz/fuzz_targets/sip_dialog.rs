//! Does any 2xx make a dialog whose requests nothing breaks out of?
#![no_main]

use check_um::door::sip::dialog::Dialog;
use check_um::door::sip::framing::datagram;
use check_um::door::sip::message::Response;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let message = [b"SIP/2.0 200 OK\r\nCSeq: 1 INVITE\r\n", bytes].concat();
    let Ok(Some(frame)) = datagram(&message) else { return };
    let Ok(Some(response)) = Response::read(frame) else { return };
    let dialog = Dialog::of(&response);
    let path = dialog.path("sip:usual@example.com");
    let is_broken = |text: &String| text.contains(['\r', '\n', '\0']);
    assert!(!is_broken(&dialog.remote) && !is_broken(&path.uri) && !path.routes.iter().any(is_broken));
    assert!(!path.uri.contains(' ') && path.routes.len() <= 32);
});
