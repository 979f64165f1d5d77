//! Is a message whole, wherever the bytes were cut, and is nothing else taken for one?

use super::*;
use proptest::prelude::*;

const OK: &[u8] = b"SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP a;branch=z9hG4bK1\r\nContent-Length: 4\r\n\r\nbody";

fn frames(chunks: &[&[u8]]) -> Result<Vec<Frame>, FramingError> {
    let mut framer = Framer::default();
    let mut frames = Vec::new();
    for chunk in chunks {
        framer.push(chunk);
        while let Some(frame) = framer.next_frame()? {
            frames.push(frame);
        }
    }
    Ok(frames)
}

/// How many bytes of `bytes` are a message to be.
fn pending(bytes: &[u8]) -> usize {
    let mut framer = Framer::default();
    framer.push(bytes);
    assert_eq!(framer.next_frame(), Ok(None));
    framer.pending()
}

fn refused(bytes: &[u8]) -> FramingError {
    frames(&[bytes]).unwrap_err()
}

#[test]
fn one_message_in_many_segments() {
    let chunks: Vec<&[u8]> = OK.chunks(1).collect();
    let frames = frames(&chunks).unwrap();
    assert_eq!(frames.len(), 1);
    assert_eq!(frames[0].body, b"body");
}

#[test]
fn several_messages_in_one_segment_with_keep_alives_between() {
    let stream = [b"\r\n\r\n", OK, b"\r\n\r\n\r\n", OK, b"\r\n"].concat();
    assert_eq!(frames(&[&stream]).unwrap().len(), 2);
}

#[test]
fn bare_line_feeds_end_lines_and_head() {
    let message = b"SIP/2.0 200 OK\nl: 4\n\nbody";
    assert_eq!(frames(&[message]).unwrap()[0].body, b"body");
    assert_eq!(datagram(message).unwrap().unwrap().body, b"body");
}

#[test]
fn keep_alives_alone_are_no_message() {
    assert_eq!(pending(b"\r\n\r\n"), 0);
}

#[test]
fn a_cut_head_is_pending() {
    assert_eq!(pending(b"SIP/2.0 200 OK\r\nVia: SIP"), 24);
}

#[test]
fn requests_of_the_peer_are_messages_too() {
    assert_eq!(frames(&[b"OPTIONS sip:a SIP/2.0\r\nl: 0\r\n\r\n"]).unwrap().len(), 1);
}

#[test]
fn a_missing_content_length_means_no_body_on_a_stream_and_all_the_rest_in_a_datagram() {
    let message = b"SIP/2.0 200 OK\r\nTo: a\r\n\r\n";
    assert_eq!(frames(&[message]).unwrap()[0].body, b"");
    assert_eq!(datagram(&[message.as_slice(), b"rest"].concat()).unwrap().unwrap().body, b"rest");
}

#[test]
fn other_protocols_are_named_at_their_first_bytes() {
    let hints = [
        (b"HTTP/1.1 400 Bad Request\r\n".as_slice(), " but HTTP"),
        (b"\x15\x03\x01\x00\x02\x02\x28", " but TLS (try --transport tls)"),
        (b"SSH-2.0-OpenSSH_9\r\n", " but SSH"),
        (b"220 mail.example.com ESMTP\r\n", ""),
        (b"\x00\x01\xff", ""),
        (b"\xff\xfb\x01", ""),
        // Before the end of their first line.
        (b"HTTP/1.", " but HTTP"),
        (b" x", ""),
        (b" sip:a SIP/2.0\r\n", ""),
    ];
    for (bytes, expected) in hints {
        assert!(matches!(refused(bytes), FramingError::NotSip { hint, .. } if hint == expected), "{bytes:?}");
    }
}

#[test]
fn messages_of_another_version_of_sip_end_where_those_of_ours_do() {
    let stream = [&b"OPTIONS sip:a SIP/7.0\r\nl: 0\r\n\r\nSIP/3.14 200 OK\r\nl: 1\r\n\r\nx"[..], OK].concat();
    let lines: Vec<_> = frames(&[&stream]).unwrap().into_iter().map(|frame| frame.head.start_line).collect();
    assert_eq!(lines, ["OPTIONS sip:a SIP/7.0", "SIP/3.14 200 OK", "SIP/2.0 200 OK"]);
    for line in [
        "SIP/2.0",
        "SIP/2.0x 200 OK",
        "SIP/ 200 OK",
        "SIP/2 200 OK",
        "SIP/2.0.0 200 OK",
        "SIP/2. 200 OK",
        "SIP/.0 200 OK",
        "SIP/. 200 OK",
        "OPTIONS sip:a HTTP/1.1",
        "SIPX/2.0 200 OK",
    ] {
        let refused = refused(format!("{line}\r\nl: 0\r\n\r\n").as_bytes());
        assert!(matches!(refused, FramingError::NotSip { .. }), "{line}");
    }
    for bytes in [&b"S"[..], b"sip/", b"SIP/7", b"SIP/7.", b"SIP/7.0", b"SIP/7.0 ", b"OPTIONS sip:a"] {
        pending(bytes);
    }
}

#[test]
fn limits_hold() {
    assert_eq!(
        refused(&[b"SIP/2.0 200 OK\r\nX: ", vec![b'x'; 300 * 1024].as_slice()].concat()),
        FramingError::HeadTooLarge
    );
    assert_eq!(refused(&vec![b'X'; MAX_HEAD + 1]), FramingError::HeadTooLarge);
}

#[test]
fn the_largest_head_is_read_and_one_byte_more_is_not() {
    let head = |size: usize| format!("SIP/2.0 200 OK\r\nX: {}\r\n\r\n", "x".repeat(size - 23)).into_bytes();
    let largest = head(MAX_HEAD);
    assert_eq!(largest.len(), MAX_HEAD);
    assert_eq!(frames(&[&largest]).unwrap().len(), 1);
    assert_eq!(refused(&head(MAX_HEAD + 1)), FramingError::HeadTooLarge);
}

#[test]
fn a_body_that_is_too_long_is_passed_over_and_nothing_of_it_is_kept() {
    let long = 3 * MAX_BODY;
    let head = format!("SIP/2.0 503 No\r\nl: {long}\r\n\r\n");
    let stream = [head.as_bytes(), &vec![b'x'; long], OK].concat();
    let mut framer = Framer::default();
    let (mut lines, mut most) = (Vec::new(), 0);
    for chunk in stream.chunks(64 * 1024) {
        framer.push(chunk);
        most = most.max(framer.buffer.len());
        while let Some(frame) = framer.next_frame().unwrap() {
            lines.push((frame.head.start_line, frame.body.len(), frame.unkept));
        }
    }
    assert_eq!(lines, [("SIP/2.0 503 No".to_owned(), 0, Some(long as u64)), ("SIP/2.0 200 OK".to_owned(), 4, None)]);
    assert!(most <= 128 * 1024, "{most} bytes were kept");
    let endless = frames(&[b"SIP/2.0 200 OK\r\nl: 99999999999999999999999\r\n\r\n", OK]).unwrap();
    assert_eq!(endless.iter().map(|frame| frame.unkept).collect::<Vec<_>>(), [Some(u64::MAX)]);
    assert_eq!(datagram(b"SIP/2.0 200 OK\r\nl: 1048577\r\n\r\n"), Err(FramingError::Cut));
}

#[test]
fn the_longest_body_is_kept_and_one_byte_more_is_not() {
    for (length, kept, unkept) in [(MAX_BODY, MAX_BODY, None), (MAX_BODY + 1, 0, Some(MAX_BODY as u64 + 1))] {
        let head = format!("SIP/2.0 200 OK\r\nl: {length}\r\n\r\n");
        let frames = frames(&[head.as_bytes(), &vec![b'x'; length], OK]).unwrap();
        assert_eq!((frames[0].body.len(), frames[0].unkept), (kept, unkept), "{length}");
    }
}

#[test]
fn what_is_there_of_a_message_is_known_while_its_body_is_awaited() {
    let mut framer = Framer::default();
    framer.push(&OK[..OK.len() - 1]);
    assert_eq!(framer.next_frame(), Ok(None));
    assert_eq!(framer.unfinished(), Some(("SIP/2.0 200 OK", 3, 4)));
}

#[test]
fn behind_a_body_whose_end_nobody_knows_the_next_status_line_begins_a_message() {
    let stream = [&b"SIP/2.0 100 T\r\n\r\nMESSAGE\r\nv=0\r\nSIP/2.0\r\nm=audSIP/2.0 2"[..], &OK[9..]].concat();
    for size in 1..stream.len() {
        let chunks: Vec<_> = stream.chunks(size).collect();
        let lines = frames(&chunks).unwrap().into_iter().map(|frame| frame.head.start_line).collect::<Vec<_>>();
        assert_eq!(lines, ["SIP/2.0 100 T", "SIP/2.0 200 OK"], "{size}");
    }
    let mut framer = Framer::default();
    framer.push(b"SIP/2.0 200 OK\r\nl: 99\r\n\r\nv=0\r\n");
    assert!(framer.next_frame().unwrap().is_none() && framer.give_up_body(|_| false).is_none());
    assert_eq!(framer.give_up_body(|_| true).unwrap(), b"SIP/2.0 200 OK\r\nl: 99\r\n\r\n");
    framer.push(OK);
    assert_eq!(framer.next_frame().unwrap().map(|frame| frame.body.len()), Some(4));
}

#[test]
fn a_content_length_must_be_one_number() {
    for length in ["-1", "", "4x", "0x4", "4\r\nContent-Length: 5"] {
        let message = format!("SIP/2.0 200 OK\r\nContent-Length: {length}\r\n\r\n");
        assert!(matches!(refused(message.as_bytes()), FramingError::ContentLength(_)), "{length:?}");
    }
}

#[test]
fn a_datagram_that_ends_early_is_cut() {
    assert_eq!(datagram(b"SIP/2.0 200 OK\r\nTo: a\r\n"), Err(FramingError::Cut));
    assert_eq!(datagram(b"SIP/2.0 200 OK\r\nl: 5\r\n\r\nabc"), Err(FramingError::Cut));
    assert_eq!(datagram(b"\r\n\r\n"), Ok(None));
}

#[test]
fn behind_a_body_of_unknown_length_a_line_is_no_request_wherever_the_stream_was_cut() {
    let stream = b"SIP/2.0 200 First\r\n\r\n\xff OPTIONS sip:a SIP/2.0\r\nVia: x\r\n\r\nSIP/2.0 200 Second\r\n\r\n";
    for first in 0..=stream.len() {
        for second in first..=stream.len() {
            let frames = frames(&[&stream[..first], &stream[first..second], &stream[second..]]).unwrap();
            let lines: Vec<_> = frames.iter().map(|frame| frame.head.start_line.as_str()).collect();
            assert_eq!(lines, ["SIP/2.0 200 First", "SIP/2.0 200 Second"], "{first} {second}");
        }
    }
}

proptest! {
    #[test]
    fn the_cuts_between_segments_do_not_matter(cuts in proptest::collection::vec(1..60usize, 0..6)) {
        let stream = [OK, b"\r\n", OK].concat();
        let mut rest = stream.as_slice();
        let mut chunks = Vec::new();
        for cut in cuts {
            let (chunk, tail) = rest.split_at(cut.min(rest.len()));
            chunks.push(chunk);
            rest = tail;
        }
        chunks.push(rest);
        prop_assert_eq!(frames(&chunks).unwrap().len(), 2);
    }

    #[test]
    fn no_bytes_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..200)) {
        let _ = frames(&[&bytes]);
        let _ = datagram(&bytes);
    }
}
