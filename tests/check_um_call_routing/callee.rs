//! Who is called? A scripted callee on UDP or TCP that remembers what it heard.

#[cfg(unix)]
use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use crate::support::peer::{Peer, read_request, response};

/// A callee and what it heard.
pub struct Callee {
    peer: Peer,
    heard: Heard,
}

/// Requests in their order, each with its moment.
pub type Heard = Arc<Mutex<Vec<(Instant, String)>>>;

impl Callee {
    /// A callee that answers each request with what `script` makes of its method, of it and of the INVITE before it.
    pub fn new(script: impl Fn(&str, &str, &str) -> Vec<Vec<u8>> + Send + 'static) -> Self {
        let heard = Heard::default();
        let log = Arc::clone(&heard);
        let invite = Mutex::new(String::new());
        let peer = Peer::udp(move |request| {
            log.lock().unwrap().push((Instant::now(), request.to_owned()));
            let method = method(request);
            let mut invite = invite.lock().unwrap();
            if method == "INVITE" {
                request.clone_into(&mut invite);
            }
            script(method, request, &invite)
        });
        Self { peer, heard }
    }

    /// The same on TCP, where the script hangs up with an empty answer.
    pub fn tcp(script: impl Fn(&str, &str, &str) -> Vec<Vec<u8>> + Send + Sync + 'static) -> Self {
        let heard = Heard::default();
        let log = Arc::clone(&heard);
        let peer = Peer::tcp(move |stream| {
            converse(stream, |method, request, invite| {
                log.lock().unwrap().push((Instant::now(), request.to_owned()));
                script(method, request, invite)
            });
        });
        Self { peer, heard }
    }

    pub fn port(&self) -> String {
        self.peer.port()
    }

    /// The methods that came, each as often as it did.
    pub fn methods(&self) -> Vec<String> {
        self.heard.lock().unwrap().iter().map(|(_, request)| method(request).to_owned()).collect()
    }

    /// The first request of this method.
    pub fn first(&self, wanted: &str) -> Option<(Instant, String)> {
        self.heard.lock().unwrap().iter().find(|(_, request)| method(request) == wanted).cloned()
    }

    /// The Call-IDs of the requests of this method.
    #[cfg(unix)]
    pub fn calls_with(&self, wanted: &str) -> BTreeSet<String> {
        let heard = self.heard.lock().unwrap();
        let requests = heard.iter().map(|(_, request)| request).filter(|request| method(request) == wanted);
        requests
            .filter_map(|request| Some(request.lines().find(|line| line.starts_with("Call-ID: "))?.to_owned()))
            .collect()
    }

    /// Panics unless these came and nothing else, however often each was repeated.
    #[track_caller]
    pub fn assert_heard(&self, wanted: &[&str]) {
        let mut methods = self.methods();
        methods.dedup();
        assert_eq!(methods, wanted);
    }

    /// Waits until it has heard a request of this method.
    #[cfg(unix)]
    #[track_caller]
    pub fn wait_for(&self, wanted: &str) {
        let started = Instant::now();
        while self.first(wanted).is_none() {
            assert!(started.elapsed() < std::time::Duration::from_secs(20), "no {wanted}: {:?}", self.methods());
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
    }
}

pub fn method(request: &str) -> &str {
    request.split(' ').next().unwrap_or_default()
}

/// A response of the callee `tag`; one that takes the call takes the audio that is offered.
pub fn said(request: &str, tag: &str, status: &str, more: &str) -> Vec<u8> {
    let tagged: Vec<_> = request
        .lines()
        .map(|line| match line.starts_with("To: ") && !line.contains(";tag=") {
            true => format!("{line};tag={tag}"),
            false => line.to_owned(),
        })
        .collect();
    // Those of the proxies on the way.
    let vias = request.lines().filter(|line| line.starts_with("Via: ")).skip(1);
    let proxies = vias.chain(request.lines().filter(|line| line.starts_with("Record-Route: ")));
    let more = proxies.fold(more.to_owned(), |more, line| format!("{more}{line}\r\n"));
    let answer = response(&tagged.join("\r\n"), &format!("SIP/2.0 {status}"), &more);
    if method(request) == "INVITE" && status.starts_with('2') { describing(&answer, SESSION) } else { answer }
}

/// The same answer, which has this session description and no other.
pub fn describing(answer: &[u8], session: &str) -> Vec<u8> {
    let kind = if session.is_empty() { "" } else { "Content-Type: application/sdp\r\n" };
    with_body(answer, kind, session)
}

/// The same answer, which has this body, and these header lines about it.
pub fn with_body(answer: &[u8], kind: &str, body: &str) -> Vec<u8> {
    let text = String::from_utf8_lossy(answer);
    let head = text.split("Content-Length: ").next().unwrap();
    let head = head.replace("Content-Type: application/sdp\r\n", "");
    format!("{head}{kind}Content-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// What a callee describes that takes the audio.
pub const SESSION: &str =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";

/// A callee that answers at once, is acknowledged and released.
pub fn well(method: &str, request: &str) -> Vec<Vec<u8>> {
    match method {
        "INVITE" => vec![said(request, "a", "180 Ringing", ""), said(request, "a", "200 OK", &contact(request))],
        "BYE" | "CANCEL" => vec![said(request, "a", "200 OK", "")],
        _ => Vec::new(),
    }
}

/// Where the callee itself is: whom the INVITE was sent to.
pub fn contact(_: &str) -> String {
    "Contact: <sip:101@callee.invalid>\r\n".to_owned()
}

/// Answers the requests of a stream with what `script` makes of the method, of the request and of the INVITE before it, until
/// either side hangs up: this one where the script has nothing but an empty answer.
pub fn converse(mut stream: impl Read + Write, script: impl Fn(&str, &str, &str) -> Vec<Vec<u8>>) {
    let mut invite = String::new();
    while let Some(request) = read_request(&mut stream) {
        let length = request.split("Content-Length: ").nth(1).unwrap().lines().next().unwrap().trim();
        stream.read_exact(&mut vec![0; length.parse().unwrap()]).unwrap();
        if method(&request) == "INVITE" {
            request.clone_into(&mut invite);
        }
        for answer in script(method(&request), &request, &invite) {
            if answer.is_empty() {
                return;
            }
            if stream.write_all(&answer).and_then(|()| stream.flush()).is_err() {
                return;
            }
        }
    }
}
