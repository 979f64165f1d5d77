//! Does any answer of a nameserver make its reader panic? Every type that is asked for, and the selection on top.
#![no_main]

use check_um::door::net::dns::{DnsAnswer, DnsQuestion, DnsRecord, RecordType};
use check_um::door::net::srv::ordered;
use check_um::door::sip::servers::by_naptr;
use check_um::door::sip::transport::Transport;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    // The identifier is the message's own, and the name short, so that many inputs get past both.
    let id = bytes.first_chunk().map_or(0, |id| u16::from_be_bytes(*id));
    for record_type in [RecordType::A, RecordType::Aaaa, RecordType::Srv, RecordType::Naptr] {
        let question = DnsQuestion::new(id, "a", record_type).expect("a name that can be asked for");
        let Ok(DnsAnswer::Records(records)) = question.read(bytes) else { continue };
        let (mut services, mut rules) = (Vec::new(), Vec::new());
        for record in records {
            match record {
                DnsRecord::Srv(srv) => services.push(srv),
                DnsRecord::Naptr(naptr) => rules.push(naptr),
                DnsRecord::Address(_) => {}
            }
        }
        let count = services.len();
        assert_eq!(ordered(services, &mut |sum| sum / 2).len(), count, "ordering keeps every record");
        let _ = by_naptr(&rules, Transport::ALL);
    }
});
