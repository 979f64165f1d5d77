//! Is a redirection that leads nobody anywhere told from one that does? Back to the router, to nobody, and without a Contact.

use std::net::UdpSocket;
use std::sync::{Arc, Mutex};

use crate::callee::{Callee, said, well};
use crate::redirections::redirecting;
use crate::udp;

#[test]
fn critical_when_a_redirection_without_a_contact_is_to_be_the_answer() {
    let callee = Callee::new(|method, request, _| match method {
        "INVITE" => vec![said(request, "a", "302 Moved Temporarily", "Contact:\r\n")],
        _ => Vec::new(),
    });
    for how in ["", "--redirect follow", "--redirect accept", "--redirect accept --status 302=ok"] {
        let ran = udp(callee.port(), how);
        ran.assert_text(2).assert_says("the redirection leads nowhere: there is no Contact");
        assert!(ran.stdout.contains("(redirection)"), "{ran:?}");
    }
    // RFC 3261 21.3.5: what is offered instead stands in the body.
    let callee = Callee::new(|method, request, _| match method {
        "INVITE" => vec![said(request, "a", "380 Alternative Service", "")],
        _ => Vec::new(),
    });
    udp(callee.port(), "--redirect accept").assert_text(0);
}

#[test]
fn critical_when_a_redirection_leads_to_the_unspecified_address() {
    // Whoever asks there reaches himself: this one answers, too.
    let here = UdpSocket::bind("0.0.0.0:0").unwrap();
    let port = here.local_addr().unwrap().port();
    std::thread::spawn(move || {
        let mut buffer = [0; 4096];
        while let Ok((length, from)) = here.recv_from(&mut buffer) {
            let request = String::from_utf8_lossy(&buffer[..length]).into_owned();
            here.send_to(&said(&request, "b", "200 OK", ""), from).unwrap();
        }
    });
    for contact in [
        format!("<sip:101@0.0.0.0:{port}>"),
        format!("<sip:101@[::ffff:0.0.0.0]:{port}>"),
        format!("<sip:101@mbx1.example:{port};maddr=0.0.0.0>"),
    ] {
        let callee = redirecting(contact);
        for how in ["", "--redirect follow", "--redirect accept"] {
            let ran = udp(callee.port(), how);
            ran.assert_text(2).assert_says("the redirection leads nowhere: the Contact 'sip:101@");
            ran.assert_says("leads to nobody");
            assert!(ran.stdout.contains("(redirection)"), "{ran:?}");
        }
    }
    // What the system takes for that address by another name.
    for how in ["", "--redirect follow"] {
        let ran = udp(redirecting(format!("<sip:101@0:{port}>")).port(), how);
        ran.assert_text(2).assert_says("is at 0.0.0.0, where whoever is redirected there reaches himself");
    }
}

#[test]
fn critical_when_the_router_redirects_to_itself_by_another_name() {
    for (place, user) in [
        ("localhost", "101@"),
        ("[::ffff:127.0.0.1]", "101@"),
        ("localhost", ""),
        ("localhost", "%31%30%31@"),
        ("localhost", "10%31@"),
        ("localhost", "101:pw@"),
        ("localhost", "101;x=y@"),
    ] {
        let contact = move |port: &str| format!("Contact: <sip:{user}{place}:{port}>\r\n");
        let own = Arc::new(Mutex::new(String::new()));
        let port = Arc::clone(&own);
        let callee = Callee::new(move |method, request, _| match method {
            "INVITE" => vec![said(request, "a", "302 Moved", &contact(&port.lock().unwrap()))],
            _ => vec![said(request, "a", "200 OK", "")],
        });
        callee.port().clone_into(&mut own.lock().unwrap());
        let ran = udp(callee.port(), "");
        ran.assert_text(2).assert_says("the redirections go in a circle: sip:101@127.0.0.1 -> sip:");
        ran.assert_says(" (again ");
        assert!(ran.stdout.contains("(redirection)"), "{ran:?}");
        udp(callee.port(), "--redirect accept").assert_text(0);
    }
}

#[test]
fn critical_when_the_preferred_contact_is_the_router_itself_whatever_follows() {
    let target = Callee::new(|_, request, _| vec![said(request, "b", "200 OK", "")]);
    let own = Arc::new(Mutex::new(String::new()));
    let (port, other) = (Arc::clone(&own), target.port());
    let callee = Callee::new(move |method, request, _| match method {
        "INVITE" => {
            let own = port.lock().unwrap();
            let contacts = format!("Contact: <sip:101@localhost:{own}>, <sip:101@localhost:{other}>;q=0.5\r\n");
            vec![said(request, "a", "302 Moved", &contacts)]
        }
        _ => vec![said(request, "a", "200 OK", "")],
    });
    callee.port().clone_into(&mut own.lock().unwrap());
    let ran = udp(callee.port(), "-4");
    ran.assert_text(2).assert_says("the redirections go in a circle: sip:101@127.0.0.1 -> sip:101@localhost:");
    target.assert_heard(&[]);
    // Another user of the same server is another place, such as a mailbox.
    let callee = Callee::new(move |method, request, _| match method {
        "INVITE" => {
            let uri = request.split(' ').nth(1).unwrap().replace("sip:101@127.0.0.1", "sip:voicemail@localhost");
            vec![said(request, "a", "302 Moved", &format!("Contact: <{uri}>\r\n"))]
        }
        _ => vec![said(request, "a", "200 OK", "")],
    });
    let port = callee.port();
    udp(&port, &format!("-4 -u sip:101@127.0.0.1:{port}")).assert_text(0).assert_says("302 to localhost:");
}

#[test]
fn the_preferred_contact_decides_and_what_is_left_out_is_said() {
    let target = Callee::new(|method, request, _| match method {
        "OPTIONS" => vec![said(request, "b", "200 OK", "")],
        _ => well(method, request),
    });
    let good = format!("<sip:b@127.0.0.1:{}>", target.port());
    for (first, part) in [("*", "the Contact '*' cannot be read"), ("<sip:a@0.0.0.0>", "leads to nobody")] {
        let callee = redirecting(format!("{first}, {good};q=0.5"));
        udp(callee.port(), "").assert_text(2).assert_says(part);
        let ran = udp(callee.port(), "--redirect follow");
        ran.assert_text(0).assert_says("passed over: the Contact '").assert_says(part);
        // One that is good and preferred is what counts.
        udp(redirecting(format!("{first};q=0.5, {good}")).port(), "").assert_text(0);
    }
}

#[test]
fn critical_when_the_contact_of_an_answer_is_nobodys_and_it_is_released_all_the_same() {
    for host in ["0.0.0.0", "[::]", "callee.example;maddr=0.0.0.0"] {
        let contact = format!("Contact: <sip:101@{host}>\r\n");
        let callee = Callee::new(move |method, request, _| match method {
            "INVITE" => vec![said(request, "a", "200 OK", &contact)],
            _ => well(method, request),
        });
        let ran = udp(callee.port(), "");
        ran.assert_text(2)
            .assert_says("the call is answered, but the Contact 'sip:101@")
            .assert_says("leads to nobody");
        assert!(ran.stdout.contains("(protocol)"), "{ran:?}");
        callee.assert_heard(&["INVITE", "ACK", "BYE"]);
    }
}
