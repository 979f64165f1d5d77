//! Does any cut of a server's first flight give the same facts, without a panic?
#![no_main]

use check_um::door::tls::clear::flight::{Flight, FlightError, FlightReader, fatal_alert};
use libfuzzer_sys::fuzz_target;

fn read(chunks: &[&[u8]]) -> (Flight, Option<FlightError>) {
    let mut reader = FlightReader::default();
    let error = chunks.iter().find_map(|chunk| reader.push(chunk).err());
    (reader.flight().clone(), error)
}

fuzz_target!(|input: (u16, &[u8])| {
    let (cut, bytes) = input;
    let (head, tail) = bytes.split_at(usize::from(cut).min(bytes.len()));
    assert_eq!(read(&[bytes]), read(&[head, tail]));
    let _ = fatal_alert(bytes);
});
