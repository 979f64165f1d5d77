//! Does any cut of any byte stream give the same messages, without a panic?
#![no_main]

use check_um::door::sip::framing::{Frame, Framer, FramingError};
use libfuzzer_sys::fuzz_target;

fn frames(chunks: &[&[u8]]) -> (Vec<Frame>, Option<FramingError>) {
    let mut framer = Framer::default();
    let mut frames = Vec::new();
    for chunk in chunks {
        framer.push(chunk);
        loop {
            match framer.next_frame() {
                Ok(Some(frame)) => frames.push(frame),
                Ok(None) => break,
                Err(error) => return (frames, Some(error)),
            }
        }
    }
    (frames, None)
}

fuzz_target!(|input: (u8, &[u8])| {
    let (cut, bytes) = input;
    let (whole, whole_error) = frames(&[bytes]);
    let (head, tail) = bytes.split_at(usize::from(cut).min(bytes.len()));
    let (cut, cut_error) = frames(&[head, tail]);
    assert_eq!(whole, cut);
    // Which text an error quotes may depend on how much had come; that there is one may not.
    assert_eq!(whole_error.is_some(), cut_error.is_some());
});
