//! Is what was said and heard kept as it should be: the trace, and answers without their bodies?

use futures_util::FutureExt;

use super::*;

/// A stream over which this came, and nothing more comes.
struct Said(Option<String>);

impl Channel for Said {
    const IS_STREAM: bool = true;

    async fn send(&mut self, _: &[u8]) -> io::Result<()> {
        Ok(())
    }

    async fn receive(&mut self, buffer: &mut Vec<u8>) -> io::Result<usize> {
        let Some(said) = self.0.take() else { return std::future::pending().await };
        buffer.extend_from_slice(said.as_bytes());
        Ok(said.len())
    }
}

#[test]
fn a_connection_ends_before_the_final_response_or_after_it() {
    let peer = Peer { host: "192.0.2.7".to_owned(), address: "192.0.2.7:5060".parse().unwrap() };
    let mut link = Link::over(Said(None), peer);
    for (status, expected) in [
        (None, "without an answer to the request"),
        (Some("180 Ringing"), "after 180 Ringing, before a final response"),
        (Some("200 OK"), "after 200 OK"),
    ] {
        link.last_provisional = status.map(str::to_owned);
        assert_eq!(link.when(), expected);
    }
}

#[test]
fn what_was_heard_of_a_question_that_is_over_is_forgotten() {
    let peer = Peer { host: "192.0.2.7".to_owned(), address: "192.0.2.7:5060".parse().unwrap() };
    let mut link = Link::over(Said(None), peer);
    link.last_provisional = Some("180 Ringing".to_owned());
    link.unread(Failure::new(Class::Protocol, "of ours"), true);
    link.unread(Failure::new(Class::Protocol, "of the peer"), false);
    link.forget();
    assert_eq!((link.when().as_str(), link.unreadable(false)), ("without an answer to the request", None));
}

#[test]
fn a_trace_that_is_short_is_all_there() {
    let mut trace = Trace::default();
    (0..FIRST_MESSAGES + LAST_MESSAGES).for_each(|number| trace.push(number.to_string()));
    let messages: Vec<_> = (0..FIRST_MESSAGES + LAST_MESSAGES).map(|number| number.to_string()).collect();
    assert_eq!(trace.into_messages(), messages);
}

#[test]
fn the_trace_has_its_beginning_and_its_end() {
    let mut trace = Trace::default();
    (0..30).for_each(|number| trace.push(number.to_string()));
    let messages = trace.into_messages();
    assert_eq!((messages.len(), messages[5].as_str(), messages[24].as_str()), (25, "5", "29"));
    assert_eq!((messages[6].as_str(), messages[7].as_str()), ("(6 messages are left out here)", "12"));
}

#[test]
fn only_a_2xx_to_our_request_is_given_up_without_its_body_and_what_came_of_it_stays_known() {
    for (status, branch, is_given_up) in
        [(200, "ours", true), (202, "ours", true), (183, "ours", false), (486, "ours", false), (200, "other", false)]
    {
        let message =
            format!("SIP/2.0 {status} Said\r\nVia: SIP/2.0/TCP a;branch={branch}\r\nCSeq: 1 INVITE\r\nl: 9\r\n\r\nv=0");
        let peer = Peer { host: "192.0.2.7".to_owned(), address: "192.0.2.7:5060".parse().unwrap() };
        let mut link = Link::over(Said(Some(message)), peer);
        assert!(link.next("ours").now_or_never().is_none(), "{status} {branch}: its body is awaited");
        let beside = link.beside();
        let said =
            format!("; of a message 'SIP/2.0 {status} Said' only 3 of the 9 bytes came that its body should have");
        assert_eq!(beside, said);
        let responses: Vec<_> = link.without_body("ours").into_iter().map(|response| response.status).collect();
        assert_eq!(responses, if is_given_up { vec![status] } else { vec![] }, "{status} {branch}");
        assert_eq!(link.beside(), said, "{status} {branch}");
        assert!(link.without_body("ours").is_empty(), "{status} {branch}: it is told once");
    }
}
