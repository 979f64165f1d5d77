//! What of exporters that do not speak HTTP as it is written? Floods, noise, lies about the length, early ends.
//!
//! None of them may take more memory than a scrape has, or last until the deadline when it is not silent.

use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use support::counters::https;
use support::peer::{Peer, read_request};

use super::*;

#[test]
fn right_counters_however_the_body_is_framed() {
    let page = exposition(1_000, 10);
    let length = format!("Content-Length: {}\r\n", page.len());
    let in_one = format!("{:x}\r\n{page}\r\n0\r\n\r\n", page.len());
    let chunked = "Transfer-Encoding: chunked\r\n";
    for (headers, body) in [
        (length.clone(), page.clone()),
        (length.clone(), format!("{page}bytes that nobody announced\r\n")),
        (format!("{length}{length}"), page.clone()),
        (String::new(), page.clone()),
        (chunked.to_uppercase(), in_one.clone()),
        (chunked.to_owned(), in_one.replace("0\r\n\r\n", "000\r\nX-Trailer: 1\r\n\r\n")),
        (chunked.to_owned(), in_one.replacen("\r\n", ";name=\"value\"\r\n", 1)),
        // The coding counts then, says RFC 9112, section 6.3.
        (format!("Content-Length: 7\r\n{chunked}"), in_one.clone()),
    ] {
        assert_reads(&http(format!("HTTP/1.1 200 OK\r\n{headers}\r\n{body}")));
    }
    assert_reads(&http(format!("HTTP/1.0 200\r\nContent-Length:{}\r\n\r\n{page}", page.len())));
    assert_reads(&http(format!("HTTP/1.1 200 OK\n{length}\n{page}")));
}

#[test]
fn right_counters_from_chunks_of_a_byte() {
    let mut page = exposition(1_000, 10);
    // A chunk costs Wine two calls of its server, and up to a millisecond on a busy machine.
    page.insert_str(0, &"# nothing\n".repeat(if cfg!(windows) { 2_000 } else { 20_000 }));
    let chunks: String = page.chars().map(|byte| format!("1\r\n{byte}\r\n")).collect();
    assert_reads(&http(format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}0\r\n\r\n")));
}

#[test]
fn no_data_when_it_is_not_http() {
    let noise: Vec<u8> = (0..=255).cycle().skip(128).take(4096).collect();
    let ok = "HTTP/1.1 200 OK\r\n";
    let chunked = format!("{ok}Transfer-Encoding: chunked\r\n\r\n");
    for answer in [
        noise,
        // As HTTP/0.9 answers.
        exposition(1_000, 10).into_bytes(),
        b"HTTP/2 200\r\n\r\n".to_vec(),
        b"HTTP/1.1 2OO OK\r\n\r\n".to_vec(),
        b"HTTP/1.1 4294967496 OK\r\n\r\n".to_vec(),
        b"HTTP/1.1 OK\r\n\r\n".to_vec(),
        format!("{ok}no header\r\n\r\nsecret 1\n").into_bytes(),
        format!("{ok}X: a\r\n\0: b\r\n\r\nsecret 1\n").into_bytes(),
        format!("{ok}Content-Length: -1\r\n\r\nsecret 1\n").into_bytes(),
        format!("{ok}Content-Length: +9\r\n\r\nsecret 1\n").into_bytes(),
        format!("{ok}Content-Length: 0x9\r\n\r\nsecret 1\n").into_bytes(),
        format!("{ok}Content-Length:\r\n\r\nsecret 1\n").into_bytes(),
        format!("{ok}Content-Length: 99999999999999999999\r\n\r\nsecret 1\n").into_bytes(),
        format!("{ok}Transfer-Encoding: gzip, chunked\r\n\r\n9\r\nsecret 1\n\r\n0\r\n\r\n").into_bytes(),
        format!("{ok}Transfer-Encoding: gzip\r\n\r\nsecret 1\n").into_bytes(),
        format!("{chunked}secret 1\n\r\n0\r\n\r\n").into_bytes(),
        format!("{chunked}-9\r\nsecret 1\n\r\n0\r\n\r\n").into_bytes(),
        format!("{chunked}fffffffffffffffff\r\nsecret 1\n\r\n0\r\n\r\n").into_bytes(),
    ] {
        assert_no_data(&http(answer), "the answer is not HTTP");
    }
    assert_no_data(&interrupting("SSH-2.0-OpenSSH_9.2p1 secret\r\n"), "the answer is not HTTP");
}

#[test]
fn what_is_said_before_the_request_counts() {
    let page = exposition(1_000, 10);
    assert_reads(&interrupting(&format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{page}", page.len())));
    assert_no_data(&interrupting("HTTP/1.1 503 secret\r\nContent-Length: 0\r\n\r\n"), "status 503, expected 200");
}

#[test]
fn no_data_when_a_compressed_body_holds_nothing() {
    // gzip of nothing.
    let body = b"\x1f\x8b\x08\0\0\0\0\0\0\x03\x03\0\0\0\0\0\0\0\0\0";
    let head = format!("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {}\r\n\r\n", body.len());
    assert_no_data(&http([head.as_bytes(), body].concat()), "expected series in Prometheus' text format");
}

#[test]
fn no_data_when_the_answer_ends_early() {
    let page = exposition(1_000, 10);
    let ok = "HTTP/1.1 200 OK\r\n";
    for answer in [
        format!("{ok}Content-Length: {}\r\n\r\n{page}", page.len() + 1),
        format!("{ok}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{page}", page.len() + 1),
        format!("{ok}Transfer-Encoding: chunked\r\n\r\n{:x}\r\n{page}\r\n", page.len()),
        format!("{ok}Transfer-Encoding: chunked\r\n\r\n"),
    ] {
        assert_no_data(&http(answer.clone()), "the answer was cut short");
        let ran = scrape_https(&answer);
        ran.assert_begins(3, "UM REJECT RATE UNKNOWN").assert_says("the answer was cut short");
    }
    let closes = Peer::tcp(|stream| drop(stream.shutdown(Shutdown::Write)));
    assert_no_data(&closes, "the answer was cut short");
    // Closing with input unread makes the system send a reset.
    assert_no_data(&Peer::tcp(|stream| drop(stream.peek(&mut [0]))), "");
}

#[test]
fn no_data_when_a_page_that_nobody_framed_ends_within_a_line() {
    let page = exposition(1_000, 10);
    let cut = page.trim_end();
    assert_no_data(&http(format!("HTTP/1.0 200 OK\r\n\r\n{cut}")), "the answer was cut short");
    assert_no_data(&http(format!("HTTP/1.1 200 OK\r\n\r\n{}", &cut[..cut.len() - 1])), "the answer was cut short");
    assert_reads(&http(format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{cut}", cut.len())));
}

#[test]
fn right_counters_over_tls_without_its_farewell() {
    let page = exposition(1_000, 10);
    for answer in [
        format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{page}", page.len()),
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{page}\r\n0\r\n\r\n", page.len()),
        format!("HTTP/1.0 200 OK\r\n\r\n{page}"),
    ] {
        scrape_https(&answer).assert_begins(0, "UM REJECT RATE OK - first sample");
    }
}

#[test]
fn no_data_when_the_answer_is_endless() {
    let ok = "HTTP/1.1 200 OK\r\n";
    let chunked = format!("{ok}Transfer-Encoding: chunked\r\n\r\n");
    let kib = "x".repeat(1024);
    for (beginning, endless, said) in [
        (String::new(), "HTTP/1.1 100 Continue\r\n\r\n", ""),
        (String::new(), "HTTP/1.1 103 Early Hints\r\nLink: secret\r\n\r\n", ""),
        (String::new(), "\r\n", ""),
        (format!("HTTP/1.1 200 {kib}"), &kib, "the answer is larger than 16384 bytes"),
        (format!("{ok}X: "), &kib, "the answer is larger than 16384 bytes"),
        (ok.to_owned(), "X: y\r\n", ""),
        (ok.to_owned(), "X:\r\n y\r\n", ""),
        (format!("{ok}\r\n"), "secret 1\n", "the answer is larger than 16777216 bytes"),
        (format!("{ok}Content-Length: 9223372036854775807\r\n\r\n"), &kib, "the answer is larger than 16777216 bytes"),
        (format!("{ok}Content-Length: 18446744073709551615\r\n\r\n"), &kib, ""),
        (chunked.clone(), &format!("400\r\n{kib}\r\n"), "the answer is larger than 16777216 bytes"),
        (format!("{chunked}7ffffffffffffff\r\n"), &kib, "the answer is larger than 16777216 bytes"),
        (format!("{chunked}9;"), &kib, "the answer is not HTTP"),
        (chunked.clone(), "\r\n", "the answer is not HTTP"),
    ] {
        assert_no_data(&endlessly(beginning, endless), said);
    }
}

#[test]
fn no_data_when_the_size_of_a_chunk_is_endless() {
    // Most of what an answer may have stands before it: of a size each byte is looked at, which takes its time in a debug build.
    let page = "secret 1\n".repeat(16 * 1024 * 1024 / 9 - 16 * 1024);
    for endless in [" ", "0"] {
        let beginning = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{page}\r\n0", page.len());
        assert_no_data(&endlessly(beginning, endless), "the answer is larger than 16777216 bytes");
    }
}

#[test]
fn right_counters_behind_provisional_responses() {
    let page = exposition(1_000, 10);
    let provisional = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nContent-Length: 9\r\n\r\n";
    assert_reads(&http(format!("{provisional}HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{page}", page.len())));
}

#[test]
fn no_data_when_the_end_of_a_body_is_in_doubt() {
    let page = exposition(1_000, 10);
    let length = page.len();
    let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (answer, said) in [
        (
            format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nContent-Length: 9\r\n\r\n{page}"),
            "the answer is not HTTP",
        ),
        (format!("HTTP/1.1 200 OK\r\nContent-Length: {length}, 9\r\n\r\n{page}"), "the answer is not HTTP"),
        // RFC 9112, section 6.1: HTTP/1.0 has no transfer codings.
        (format!("{chunked}{length:x}\r\n{page}\r\n0\r\n\r\n").replace("1.1", "1.0"), "the answer is not HTTP"),
        (format!("{chunked}{length:x}\r\n{page}XX0\r\n\r\n"), "the answer is not HTTP"),
        (format!("{chunked}{length:x}\r\n{page}\r\n\r\n\r\n"), "the answer is not HTTP"),
        (format!("{chunked}{length:x}\r\n{page}\r\n0\r\n"), "the answer was cut short"),
        ("HTTP/1.1 200 OK\r\nContent-Len".to_owned(), "the answer was cut short"),
    ] {
        assert_no_data(&http(answer), said);
    }
}

/// What comes behind the last chunk is nobody's: the counters, or an error.
#[test]
fn trailers_without_an_end_do_not_hold_it_up() {
    let page = exposition(1_000, 10);
    let beginning = format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{page}\r\n0\r\n", page.len());
    for endless in ["X: y\r\n", "0\r\n\r\n", "x"] {
        let ran = scrape(&url(&endlessly(beginning.clone(), endless)), &[]);
        if ran.code == Some(0) {
            ran.assert_begins(0, "UM REJECT RATE OK - first sample");
        } else {
            ran.assert_begins(3, "UM REJECT RATE UNKNOWN - cannot read http://127.0.0.1").assert_says("not HTTP");
        }
    }
}

#[test]
fn critical_when_the_answer_drips_until_the_deadline() {
    let drips = Peer::tcp(|mut stream| {
        let _ = read_request(&mut stream);
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n");
        while stream.write_all(b"#").is_ok() {
            sleep(Duration::from_millis(20));
        }
    });
    let ran = scrape(&url(&drips), &["-t", "0.5"]);
    ran.assert_begins(2, "UM REJECT RATE CRITICAL - cannot read http://127.0.0.1")
        .assert_says("the answer did not finish within 0.5 s")
        .assert_until(Duration::from_millis(500));
}

/// An exporter that answers before it is asked.
fn interrupting(answer: &str) -> Peer {
    let answer = answer.to_owned();
    Peer::tcp(move |mut stream| {
        let _ = stream.write_all(answer.as_bytes());
        let _ = read_request(&mut stream);
    })
}

/// An exporter that sends `beginning`, and `endless` until nobody listens any more.
fn endlessly(beginning: String, endless: &str) -> Peer {
    let endless = endless.repeat(64 * 1024 / endless.len() + 1);
    Peer::tcp(move |mut stream: TcpStream| {
        let _ = read_request(&mut stream);
        let _ = stream.write_all(beginning.as_bytes());
        while stream.write_all(endless.as_bytes()).is_ok() {}
    })
}

#[track_caller]
fn assert_reads(exporter: &Peer) {
    scrape(&url(exporter), &["-t", PATIENCE]).assert_begins(0, "UM REJECT RATE OK - first sample of 127.0.0.1");
}

#[track_caller]
fn assert_no_data(exporter: &Peer, said: &str) {
    let ran = scrape(&url(exporter), &["-vvv", "-t", PATIENCE]);
    ran.assert_begins(3, "UM REJECT RATE UNKNOWN - ").assert_says(said);
    assert!(ran.stdout.contains("(no-data)") && !ran.stdout.contains("secret"), "{}", ran.stdout);
}

/// Asks an exporter over TLS that closes without a farewell.
fn scrape_https(answer: &str) -> Outcome {
    let (exporter, pem) = https(answer);
    let directory = tempfile::tempdir().unwrap();
    let anchors = directory.path().join("ca.pem");
    fs::write(&anchors, pem).unwrap();
    scrape(&url(&exporter).replace("http:", "https:"), &["--ca-file", anchors.to_str().unwrap()])
}

/// Runs the plugin on `source`, with no more memory than a scrape may take where a limit for that can be set.
fn scrape(source: &str, more: &[&str]) -> Outcome {
    let directory = tempfile::tempdir().unwrap();
    let state = directory.path().join("history");
    let mut command = if cfg!(target_os = "linux") {
        let mut shell = Command::new("sh");
        shell.args(["-c", "ulimit -v 262144 && exec \"$0\" \"$@\""]).arg(plugin(PLUGIN).get_program());
        shell
    } else {
        plugin(PLUGIN)
    };
    run_command(command.args(["--counters", source, "--state-file", state.to_str().unwrap()]).args(more))
}

/// A deadline that nobody reaches who is not silent, in seconds; what Wine does, it does slowly on a busy machine.
const PATIENCE: &str = if cfg!(windows) { "100" } else { "25" };
