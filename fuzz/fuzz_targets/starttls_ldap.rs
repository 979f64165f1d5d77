//! Does any answer to LDAP's StartTLS make a client panic, or believe in a consent that depends on how it is cut?
#![no_main]

use check_um::door::tls::starttls::StartTls;
use check_um::door::tls::starttls::dialogue::{Dialogue, DialogueError, Step};
use libfuzzer_sys::fuzz_target;

fn talk(pieces: &[&[u8]]) -> Result<Step, DialogueError> {
    let mut dialogue = Dialogue::new(StartTls::Ldap);
    assert!(matches!(dialogue.next_step(), Ok(Step::Say(_))), "the client speaks first");
    for piece in pieces {
        dialogue.hear(piece);
        match dialogue.next_step() {
            Ok(Step::Listen) => {}
            end => return end,
        }
    }
    Ok(Step::Listen)
}

fuzz_target!(|input: (u16, &[u8])| {
    let (cut, bytes) = input;
    let (head, tail) = bytes.split_at(usize::from(cut).min(bytes.len()));
    let (whole, pieces) = (talk(&[bytes]), talk(&[head, tail]));
    assert!(!matches!(whole, Ok(Step::Say(_))), "nothing more is said");
    // What comes after the consent is seen only if it comes along with it.
    if whole.is_ok() {
        assert_eq!(whole, pieces);
    }
});
