//! Are the addresses that peers write read as they mean them, and is nothing else?

use proptest::prelude::*;

use super::*;

fn head(lines: &str) -> Head {
    Head::parse(format!("SIP/2.0 302 Moved\r\n{lines}\r\n").as_bytes())
}

fn only(line: &str) -> SipUri {
    contacts(&head(line)).remove(0).uri.unwrap()
}

#[test]
fn as_exchange_writes_it() {
    let uri = only("CONTACT: <sip:101@pabx.local:5065;user=phone;transport=Tcp;maddr=mbx1.pabx.local>");
    assert_eq!((uri.host.as_str(), uri.port, uri.transport), ("mbx1.pabx.local", Some(5065), Some(Transport::Tcp)));
    assert_eq!(uri.text, "sip:101@pabx.local:5065;user=phone;transport=Tcp;maddr=mbx1.pabx.local");
    assert_eq!((uri.user.as_str(), uri.name(Transport::Udp)), ("101", "mbx1.pabx.local:5065".to_owned()));
}

#[test]
fn of_what_nobody_knows_only_a_transport_is_in_the_way() {
    for (parameter, is_read) in
        [("transport=tcp", true), ("transport=ws", false), ("transport=pigeon", false), ("method=PIGEON", true)]
    {
        assert_eq!(SipUri::read(&format!("sip:a@b;{parameter}")).is_ok(), is_read, "{parameter}");
    }
}

#[test]
fn several_contacts_by_their_preference() {
    let found = contacts(&head(
        "Contact: \"a, <b>\\\"\" <sip:c@d.example>;q=0.5, sip:e@f.example;q=0.7\r\nm: <sip:g@h.example;x=,>, <tel:+1>;q=0.6, *",
    ));
    let host = |contact: &Contact| contact.uri.clone().map_or_else(|error| error.to_string(), |uri| uri.host);
    let found: Vec<_> = found.iter().map(|contact| (host(contact), contact.q)).collect();
    assert_eq!((found[0].0.as_str(), found[0].1), ("h.example", 1000));
    assert!(found[1].0.starts_with("the Contact '*' cannot be read") && found[1].1 == 1000, "{found:?}");
    assert_eq!((found[2].0.as_str(), found[2].1), ("f.example", 700));
    assert!(
        found[3].0.starts_with("the Contact '<tel:+1>;q=0.6' cannot be followed") && found[3].1 == 600,
        "{found:?}"
    );
    assert_eq!((found[4].0.as_str(), found[4].1, found.len()), ("d.example", 500, 5));
}

#[test]
fn what_a_uri_does_not_say_is_as_the_request() {
    let uri = only("Contact: sip:a@b.example;transport=tcp");
    assert_eq!(uri.transport, None, "without brackets it is a parameter of the header");
    assert_eq!(uri.transport_or(Transport::Tls), Transport::Tls);
    assert_eq!(uri.endpoint(Transport::Tls).port, 5061);
    assert_eq!(only("Contact: <sips:a@b;transport=tcp>").transport_or(Transport::Udp), Transport::Tls);
}

#[test]
fn ipv6_user_parts_and_headers() {
    let uri = only("Contact: <sip:j.doe;x=1?y@[2001:db8::7]:5062;transport=UDP;lr=on?Subject=a>");
    assert_eq!((uri.host.as_str(), uri.port, uri.transport), ("2001:db8::7", Some(5062), Some(Transport::Udp)));
    assert_eq!(uri.text, "sip:j.doe;x=1?y@[2001:db8::7]:5062;transport=UDP;lr=on");
    assert_eq!(uri.name(Transport::Tcp), "[2001:db8::7]:5062");
    assert!(uri.is_loose);
    assert_eq!(only("Contact: <sip:a@b;maddr=[2001:db8::8]>").host, "2001:db8::8");
    assert_eq!(only("Contact: <sip:h?Subject=a>").text, "sip:h");
}

#[test]
fn the_longest_uri_is_read_and_one_byte_more_is_not() {
    for (length, is_read) in [(MAX_URI, true), (MAX_URI + 1, false)] {
        let uri = format!("sip:{}@b", "a".repeat(length - 6));
        assert_eq!((uri.len(), SipUri::read(&uri).is_ok()), (length, is_read));
    }
}

#[test]
fn parameters_that_mean_nothing_here_are_passed_over() {
    let uri = only("Contact: <sip:a@b;ttl=x;method=INVITE;user;transport=TLS>");
    assert_eq!((uri.host.as_str(), uri.transport), ("b", Some(Transport::Tls)));
}

#[test]
fn what_cannot_be_read_is_named_and_breaks_out_of_nothing() {
    for value in [
        "*",
        "<sip:a@b",
        "<>",
        "<sip:>",
        "<sip:a@>",
        "<sip:a@b@c>",
        "<sip:a@b?c@d>",
        "<sip:a b@c>",
        "<sip:a@b:>",
        "<sip:a@b:+1>",
        "<sip:a@2001:db8::1>",
        "<sip:a@[2001:db8::1>",
        "<sip:a@[b]>",
        "<sip:a@[fe80::1%eth0]>",
        "<sip:a@b;maddr=>",
        "<sip:a@b;maddr=c/d>",
        "\"<sip:a@b>",
    ] {
        let error = contacts(&head(&format!("Contact: {value}"))).remove(0).uri.unwrap_err();
        assert!(matches!(error, AddressError::Malformed { .. }), "{value}: {error:?}");
    }
    for value in ["<sip:a@b:0>", "<sip:a@b:99999>", "<sip:a@[2001:db8::1]:70000>;q=0.5"] {
        let error = contacts(&head(&format!("Contact: {value}"))).remove(0).uri.unwrap_err();
        assert!(matches!(error, AddressError::Port { .. }), "{value}: {error:?}");
        assert!(error.to_string().starts_with(&format!("the port of the Contact '{value}' is none")), "{error}");
    }
    for value in ["<tel:+15550100>", "<sip:a@b;transport=sctp>", "<sip:a@b;transport=x>", "<http://a>"] {
        let error = contacts(&head(&format!("Contact: {value}"))).remove(0).uri.unwrap_err();
        assert!(matches!(error, AddressError::Unsupported { .. }), "{value}: {error:?}");
    }
    assert_eq!(contacts(&head("To: <sip:a>\r\nContact:")), []);
}

#[test]
fn a_preference_that_is_no_number_is_the_lowest_and_its_contact_is_good() {
    for q in ["2", "1.5", "x", "", "-1", "0.1234", "0.0009", "2.5", "x.5", "0.+5"] {
        let found = contacts(&head(&format!("Contact: <sip:a@b>;q={q}, <sip:c@d>;q=0.1")));
        let found: Vec<_> = found.into_iter().map(|contact| (contact.uri.unwrap().host, contact.q)).collect();
        assert_eq!(found, [("d".to_owned(), 100), ("b".to_owned(), 0)], "{q}");
    }
}

#[test]
fn a_preference_has_up_to_three_decimals() {
    for (q, expected) in [("0.125", 125), ("0.5", 500), (".75", 750), ("1.000", 1000), ("1.", 1000), ("0", 0)] {
        assert_eq!(contacts(&head(&format!("Contact: <sip:a@b>;q={q}")))[0].q, expected, "{q}");
    }
}

#[test]
fn a_route_keeps_its_words() {
    let routes = record_route(&head(
        "Record-Route: <sip:p2.example;lr>,<sip:p1.example:5070;lr;ftag=x>\r\nRecord-Route: <sip:p0.example>;y=z,\
         <sip:p:8080;transport=ws;lr>, <sip:a\tb",
    ));
    let expected = [
        "<sip:p2.example;lr>",
        "<sip:p1.example:5070;lr;ftag=x>",
        "<sip:p0.example>;y=z",
        "<sip:p:8080;transport=ws;lr>",
        "<sip:a b",
    ];
    assert_eq!(routes, expected);
    let is_loose: Vec<_> = routes.iter().map(|value| route(value).map(|uri| uri.is_loose).ok()).collect();
    assert_eq!(is_loose, [Some(true), Some(true), Some(false), None, None]);
}

#[test]
fn the_remote_target_is_copied_whether_it_can_be_sent_to_or_not() {
    for (contacts, expected) in [
        ("<sip:x1@abcd.invalid;transport=ws>;expires=60", "sip:x1@abcd.invalid;transport=ws"),
        ("<tel:+15550100>, <sip:a?b@asterisk_1?Subject=c>", "sip:a?b@asterisk_1"),
        ("\"A\" <tel:+15550100>", "tel:+15550100"),
        ("sip:a@b;expires=60", "sip:a@b"),
        ("<web+sip:a>", "web+sip:a"),
    ] {
        assert_eq!(remote_target(&head(&format!("Contact: {contacts}"))).unwrap(), expected);
    }
    for contacts in ["*", "<sip:>", "<sip:a b>", "<sip:a", "x", "<w_b:1>", "<:1>"] {
        assert!(remote_target(&head(&format!("Contact: {contacts}"))).is_err(), "{contacts}");
    }
    assert_eq!(remote_target(&head("To: x")), Err(AddressError::Absent("Contact")));
    assert_eq!(only("Contact: <sip:a@asterisk_1:5070>").host, "asterisk_1");
}

#[test]
fn the_tag_is_a_parameter_of_the_header() {
    assert_eq!(tag("\"a;tag=b\" <sip:c;tag=d>;epid=e; Tag = f"), Some("f"));
    assert_eq!(tag("sip:c;tag=d"), Some("d"));
    assert_eq!(tag("<sip:c;tag=d>"), None);
}

#[test]
fn two_uris_of_one_way() {
    let uri = |text: &str| SipUri::read(text).unwrap();
    assert!(uri("sip:a@B:5060").is_same_way(&uri("sip:a@b;transport=tcp;x"), Transport::Tcp));
    assert!(!uri("sip:a@b").is_same_way(&uri("sip:c@b"), Transport::Tcp));
    assert!(!uri("sip:a@b;transport=udp").is_same_way(&uri("sip:a@b"), Transport::Tcp));
}

#[test]
fn a_user_is_the_same_escaped_or_not_and_with_whatever_password_and_parameters() {
    for user in ["101", "%31%30%31", "10%31", "101:pw", "101;x=y", "1%301;x=y:pw"] {
        assert!(is_same_user("101", user), "{user}");
    }
    for user in ["", "102", "%31%30", "101%", "101%3", "101%2g", "101%+1", "101%3bx=y", "1%2531"] {
        assert!(!is_same_user("101", user), "{user}");
    }
    assert!(is_same_user("%C3%a9%", "é%"));
}

#[test]
fn nobody_is_at_an_address_that_is_everybodys_own() {
    for (host, said_by, is_somewhere) in [
        ("0.0.0.0", "127.0.0.1", false),
        ("[::]", "192.0.2.7", false),
        ("[::ffff:0.0.0.0]", "192.0.2.7", false),
        ("127.0.0.9", "192.0.2.7", false),
        ("[::1]", "2001:db8::1", false),
        ("[::1]", "127.0.0.1", true),
        ("127.0.0.9", "::ffff:127.0.0.1", true),
        ("192.0.2.8", "192.0.2.7", true),
        ("b.example", "192.0.2.7", true),
        ("b.example;maddr=0.0.0.0", "192.0.2.7", false),
        ("LocalHost.:5070", "192.0.2.7", false),
        ("localhost", "127.0.0.1", true),
    ] {
        let uri = only(&format!("Contact: <sip:a@{host}>"));
        let found = uri.leads_somewhere("Contact", said_by.parse().unwrap());
        assert_eq!(found.is_ok(), is_somewhere, "{host} {said_by}");
    }
}

#[test]
fn no_address_in_particular_is_told_from_every_other() {
    for (address, expected) in [
        ("0.0.0.0", true),
        ("::", true),
        ("::ffff:0.0.0.0", true),
        ("0.0.0.1", false),
        ("127.0.0.1", false),
        ("::1", false),
    ] {
        assert_eq!(is_unspecified(address.parse().unwrap()), expected, "{address}");
    }
}

#[test]
fn a_to_of_another_user_or_host_is_told_from_one_that_was_rewritten_on_the_way() {
    let other = |to: &str, asked: &str| other_than(to, asked);
    for to in [
        "<sip:b>;tag=1",
        "sip:b",
        "sip:B:5060;tag=1",
        "\"x <sip:c>\" <sip:b;user=phone>;tag=1",
        "<sips:b>",
        "<tel:+15551>",
        "<sip:b",
        "",
    ] {
        assert_eq!(other(to, "<sip:b>"), None, "{to}");
    }
    assert_eq!(other("<sip:[0:0:0:0:0:0:0:1]>;tag=1", "sip:[::1]:5060"), None);
    assert_eq!(other("<sip:%2b1;x=y@b>", "<sip:+1@b>"), None);
    assert_eq!(other("<sip:%2b2@b>", "<sip:+1@b>").as_deref(), Some("sip:%2b2@b"));
    assert_eq!(other("<sip:c@b>;tag=1", "<sip:a@b>").as_deref(), Some("sip:c@b"));
    assert_eq!(other("<sip:192.0.2.70>", "sip:192.0.2.7").as_deref(), Some("sip:192.0.2.70"));
}

proptest! {
    /// Pieces of addresses in any order: what is read reads the same again, and breaks out of no line.
    #[test]
    fn whatever_is_read_reads_the_same_again(
        pieces in prop::collection::vec(
            prop::sample::select(vec![
                "<", ">", "\"", "\\", ",", ";", "@", ":", "?", "[", "]", "sip:", "sips:", "tel:", "a.b", "2001:db8::1", "192.0.2.7",
                "5060", "transport=", "Tcp", "maddr=", "lr", "q=", "0.5", " ", "\t", "\r", "%", "é", "*", "=", "x",
            ]),
            0..16,
        ),
    ) {
        let head = head(&format!("Contact: {}\r\nRecord-Route: {}", pieces.concat(), pieces.concat()));
        for uri in contacts(&head).into_iter().filter_map(|contact| contact.uri.ok()) {
            let text = uri.text.clone();
            prop_assert!(!text.contains(|c: char| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>' | '"')));
            prop_assert!(is_same_user(&uri.user, &uri.user));
            prop_assert_eq!(SipUri::read(&text), Ok(uri));
        }
        if let Some(other) = other_than(&pieces.concat(), "<sip:a@b>") {
            prop_assert!(!other.contains(|c: char| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>' | '"')));
        }
        for route in record_route(&head) {
            prop_assert!(!route.contains(['\r', '\n']));
        }
        if let Ok(target) = remote_target(&head) {
            prop_assert!(!target.contains(|c: char| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>' | '"')));
        }
    }
}
