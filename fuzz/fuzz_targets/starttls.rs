//! Does any talk before TLS, however it is cut, make a client say or believe something else? SMTP, IMAP and POP3.
#![no_main]

use check_um::door::tls::starttls::StartTls;
use check_um::door::tls::starttls::dialogue::{Dialogue, DialogueError, Step};
use libfuzzer_sys::fuzz_target;

/// What is said to a server that says these pieces, and what comes of it: an end, or a wait for more.
fn talk(protocol: StartTls, pieces: &[&[u8]]) -> (Vec<&'static [u8]>, Result<Step, DialogueError>) {
    let (mut dialogue, mut pieces, mut said) = (Dialogue::new(protocol), pieces.iter(), Vec::new());
    loop {
        match dialogue.next_step() {
            Ok(Step::Say(command)) => said.push(command),
            Ok(Step::Listen) => match pieces.next() {
                Some(piece) => dialogue.hear(piece),
                None => return (said, Ok(Step::Listen)),
            },
            end => return (said, end),
        }
    }
}

fuzz_target!(|input: (u8, u16, &[u8])| {
    let (protocol, cut, bytes) = input;
    let protocol = [StartTls::Smtp, StartTls::Imap, StartTls::Pop3][usize::from(protocol % 3)];
    let (head, tail) = bytes.split_at(usize::from(cut).min(bytes.len()));
    let (whole, pieces) = (talk(protocol, &[bytes]), talk(protocol, &[head, tail]));
    assert!(whole.0.len() <= 2);
    // What comes after the consent is seen only if it comes along with it, and so is what is too long.
    if whole.1.is_ok() {
        assert_eq!(whole, pieces);
    }
    assert!(pieces.0.len() >= whole.0.len() || pieces.1.is_err());
});
