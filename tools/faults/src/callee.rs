//! Who is called, and is any call still up? A callee on UDP and TCP that answers OPTIONS, too.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// A callee until the process ends. Whose Request-URI begins with [`RINGING`] hears only that it rings.
#[derive(Debug)]
pub struct Callee {
    /// Its port, the same on UDP and TCP.
    pub port: u16,
    calls: Calls,
}

/// The calls that are up, by Call-ID.
type Calls = Arc<Mutex<BTreeMap<String, Call>>>;

/// A call that nobody has ended.
#[derive(Debug)]
struct Call {
    invite: String,
    /// What is said again until it is acknowledged (RFC 3261 13.3.1.4), and since when.
    repeated: Option<(Vec<u8>, SocketAddr, Instant)>,
}

impl Callee {
    /// Starts it on a free port of 127.0.0.1.
    pub fn start() -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let port = listener.local_addr()?.port();
        let socket = UdpSocket::bind(("127.0.0.1", port))?;
        let calls = Calls::default();
        let (over_tcp, over_udp) = (Arc::clone(&calls), Arc::clone(&calls));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let calls = Arc::clone(&over_tcp);
                // Who hangs up or sends nonsense is its own judge.
                thread::spawn(move || converse(stream, &calls, port));
            }
        });
        thread::spawn(move || listen(&socket, &over_udp, port));
        Ok(Self { port, calls })
    }

    /// How many calls are up although they should be over, and forgets them. What was sent last may still be on its way.
    pub fn left_behind(&self) -> usize {
        let asked = Instant::now();
        loop {
            let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
            if calls.is_empty() || asked.elapsed() > ON_ITS_WAY {
                return std::mem::take(&mut *calls).len();
            }
            drop(calls);
            thread::sleep(Duration::from_millis(5));
        }
    }
}

fn converse(mut stream: impl Read + Write, calls: &Calls, port: u16) -> io::Result<()> {
    let mut received = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&received).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = header(head, "Content-Length").and_then(|length| length.parse().ok()).unwrap_or(0);
            if body.len() >= length {
                received.drain(..head.len() + 4 + length);
                for answer in answers(head, calls, port, None) {
                    stream.write_all(&answer)?;
                }
                continue;
            }
        }
        match stream.read(&mut piece)? {
            0 => return Ok(()),
            length => received.extend(&piece[..length]),
        }
    }
}

fn listen(socket: &UdpSocket, calls: &Calls, port: u16) -> io::Result<()> {
    socket.set_read_timeout(Some(Duration::from_millis(50)))?;
    let mut datagram = [0; 65_535];
    loop {
        if let Ok((length, from)) = socket.recv_from(&mut datagram) {
            let text = String::from_utf8_lossy(&datagram[..length]).into_owned();
            let head = text.split("\r\n\r\n").next().unwrap_or_default();
            for answer in answers(head, calls, port, Some(from)) {
                // A caller that is gone refuses it.
                let _ = socket.send_to(&answer, from);
            }
        }
        for call in calls.lock().unwrap_or_else(PoisonError::into_inner).values_mut() {
            if let Some((answer, to, since)) = &mut call.repeated
                && since.elapsed() > AGAIN
            {
                let _ = socket.send_to(answer, *to);
                *since = Instant::now();
            }
        }
    }
}

/// What a request is answered with; `from` is whoever may have to hear it again.
fn answers(request: &str, calls: &Calls, port: u16, from: Option<SocketAddr>) -> Vec<Vec<u8>> {
    let mut words = request.split(' ');
    let (method, uri) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let id = header(request, "Call-ID").unwrap_or_default();
    let mut calls = calls.lock().unwrap_or_else(PoisonError::into_inner);
    match method {
        "OPTIONS" => vec![said(request, "200 OK", port)],
        "INVITE" => {
            let rings = said(request, "180 Ringing", port);
            let only_rings = uri.starts_with(RINGING);
            let taken = said(request, "200 OK", port);
            let repeated = from.filter(|_| !only_rings).map(|from| (taken.clone(), from, Instant::now()));
            calls.insert(id, Call { invite: request.to_owned(), repeated });
            if only_rings { vec![rings] } else { vec![rings, taken] }
        }
        "ACK" => {
            if let Some(call) = calls.get_mut(&id) {
                call.repeated = None;
            }
            Vec::new()
        }
        "CANCEL" => {
            let cancelled = said(request, "200 OK", port);
            // Whoever has answered is past it (9.2).
            match calls.get(&id).filter(|call| rings_only(&call.invite)) {
                Some(call) => {
                    let terminated = said(&call.invite, "487 Request Terminated", port);
                    calls.remove(&id);
                    vec![cancelled, terminated]
                }
                None => vec![cancelled],
            }
        }
        "BYE" => {
            calls.remove(&id);
            vec![said(request, "200 OK", port)]
        }
        _ => Vec::new(),
    }
}

fn rings_only(invite: &str) -> bool {
    invite.split(' ').nth(1).is_some_and(|uri| uri.starts_with(RINGING))
}

/// A response to this request.
fn said(request: &str, status: &str, port: u16) -> Vec<u8> {
    let mut head = format!("SIP/2.0 {status}\r\n");
    for line in request.lines().skip(1) {
        let name = line.split(':').next().unwrap_or_default();
        if ["Via", "From", "Call-ID", "CSeq", "Record-Route"].contains(&name) {
            head += &format!("{line}\r\n");
        } else if name == "To" {
            let tag = if line.contains(";tag=") { "" } else { ";tag=callee" };
            head += &format!("{line}{tag}\r\n");
        }
    }
    let takes_call = request.starts_with("INVITE") && status.starts_with('2');
    let transport = if request.contains("SIP/2.0/UDP") { "udp" } else { "tcp" };
    head += &format!("Contact: <sip:callee@127.0.0.1:{port};transport={transport}>\r\n");
    if takes_call {
        head += &format!("Content-Type: application/sdp\r\nContent-Length: {}\r\n\r\n{SESSION}", SESSION.len());
    } else {
        head += "Content-Length: 0\r\n\r\n";
    }
    head.into_bytes()
}

fn header(head: &str, name: &str) -> Option<String> {
    head.lines().find_map(|line| Some(line.strip_prefix(name)?.strip_prefix(':')?.trim().to_owned()))
}

/// How the Request-URI of somebody begins who does not take the call.
const RINGING: &str = "sip:ringing@";

const SESSION: &str =
    "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 4000 RTP/AVP 0\r\n";

const AGAIN: Duration = Duration::from_millis(400);
const ON_ITS_WAY: Duration = Duration::from_millis(300);
