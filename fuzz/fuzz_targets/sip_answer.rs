//! Is any session description that answers our offer judged, and none taken for audio in which no stream is?
#![no_main]

use check_um::door::sip::framing;
use check_um::door::sip::offer::{description, judge};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    if judge(bytes, [192, 0, 2, 1].into()).is_ok() {
        assert!(bytes.windows(7).any(|window| window == b"m=audio"));
    }
    // As the body of a message, whose head says what it is.
    if let Ok(Some(frame)) = framing::datagram(bytes)
        && let Ok(found) = description(&frame.head, &frame.body)
    {
        assert!(found.len() <= frame.body.len());
    }
});
