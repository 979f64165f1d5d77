//! Which of two certificates counts, and what does a server lack that shows none?

use super::*;
use crate::tls::version::Version;
use crate::x509::chain::tests::{Template, certificate, chain};

#[test]
fn of_two_certificates_the_one_that_ends_first_is_known() {
    let shown = |days| {
        let chain = chain([&certificate(Template { days: (0, days), ..Template::default() })]);
        Inspection { served: Served { chain: Some(chain), ..Served::default() }, ..Inspection::default() }
    };
    let (early, late) = (shown(30), shown(90));
    let (first, last) = (early.leaf().unwrap(), late.leaf().unwrap());
    assert!(early.ends_before(last) && !late.ends_before(first) && !late.ends_before(last));
    assert!(!Inspection::default().ends_before(last));
}

#[test]
fn a_server_lacks_a_certificate_for_such_keys_if_each_of_its_answers_may_mean_that() {
    let peer = || Peer { host: "192.0.2.7".to_owned(), address: "192.0.2.7:5061".parse().unwrap() };
    let alert = |name: &str| TlsError::Alert { peer: peer(), alert: name.to_owned(), ours: "" };
    let closed = |before_hello| TlsError::Closed { peer: peer(), how: "closed", before_hello };
    let nothing = |is_version| TlsError::NothingInCommon { peer: peer(), theirs: String::new(), ours: "", is_version };
    for (answers, lack) in [
        (vec![alert("illegal_parameter")], Lack::Keys),
        (vec![nothing(false), closed(true)], Lack::Keys),
        (vec![alert("illegal_parameter"), nothing(true)], Lack::Version),
        (vec![nothing(true), nothing(false)], Lack::Keys),
        (vec![alert("internal_error")], Lack::Other),
        (vec![closed(false)], Lack::Other),
        (vec![nothing(true), alert("internal_error")], Lack::Other),
    ] {
        assert_eq!(Lack::of(&answers), lack, "{answers:?}");
    }
}

#[test]
fn what_the_handshake_tells_is_said_beside_what_went_wrong_and_only_once() {
    let served = || Served { version: Some(Version(0x0301)), ..Served::default() };
    for (said, expected) in [
        (vec![], vec![Class::ObsoleteTls]),
        (vec![Class::Closed], vec![Class::Closed, Class::ObsoleteTls]),
        (vec![Class::Closed, Class::ObsoleteTls], vec![Class::Closed, Class::ObsoleteTls]),
    ] {
        let failures = said.iter().map(|class| Failure::new(*class, "x")).collect();
        let inspection = Inspection { served: served(), failures, ..Inspection::default() };
        let classes: Vec<_> = inspection.failures().iter().map(|failure| failure.class).collect();
        assert_eq!(classes, expected, "{said:?}");
    }
}
