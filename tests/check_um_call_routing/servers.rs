//! Is a call left behind at callees and proxies that we did not write? SIPp, baresip and Kamailio on loopback.
//!
//! The number of calls is small, so that this does not take long; `CHECK_UM_CALLS=1000` makes it 1,000.

use std::fs;
use std::net::{TcpStream, UdpSocket};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::callee::{Callee, said};
use crate::support::host::{self, Server};
use crate::support::port::free_port;
use crate::support::{plugin, start, wait};
use crate::{PLUGIN, call, udp};

#[test]
fn sipp_counts_every_call_as_a_success_over_udp_and_tcp() {
    for (transport, more) in [("u1", "--transport udp"), ("t1", "")] {
        let Some(sipp) = Sipp::start(transport) else { return };
        let calls = calls();
        let failed = make(calls, |_| {
            let ran = call(sipp.port, &format!("{more} -t 20"));
            ran.code == Some(0)
        });
        assert_eq!(failed, 0, "calls that were not OK");
        assert_eq!(sipp.settled(), Books { successful: calls, failed: 0, current: 0 }, "{transport}");
    }
}

#[test]
fn no_call_is_left_open_by_signals_and_deadlines() {
    for (transport, more) in [("u1", "--transport udp"), ("t1", "")] {
        let Some(sipp) = Sipp::start(transport) else { return };
        let calls = calls();
        make(calls, |number| ended_somehow(sipp.port, more, number));
        assert_nothing_left(&sipp.settled(), calls);
    }
}

/// The callee is one of ours: SIPp's forgets a call whose CANCEL comes between its 180 and its 200, and gives it no final
/// response at all.
#[test]
fn no_dialog_is_left_open_at_a_proxy_by_signals_and_deadlines() {
    for more in ["--transport udp", ""] {
        let callee = Callee::new(|method, request, _| match method {
            "INVITE" => {
                let contact = format!("Contact: <sip:a@127.0.0.1:{}>\r\n", port_of(request));
                vec![said(request, "a", "180 Ringing", ""), said(request, "a", "200 OK", &contact)]
            }
            // Too late: it is answered.
            "BYE" | "CANCEL" => vec![said(request, "a", "200 OK", "")],
            _ => Vec::new(),
        });
        let Some(kamailio) = Kamailio::start(callee.port().parse().unwrap(), 1) else { return };
        make(calls(), |number| ended_somehow(kamailio.port, more, number));
        assert_eq!(kamailio.active_dialogs(), 0, "{more}");
        let (acknowledged, ended) = (callee.calls_with("ACK"), callee.calls_with("BYE"));
        for call in callee.calls_with("INVITE") {
            assert!(acknowledged.contains(&call) && ended.contains(&call), "{more}: {call} is left open");
        }
    }
}

/// Of so many calls, of which every tenth was ended by a signal and every tenth by its deadline.
#[track_caller]
fn assert_nothing_left(books: &Books, calls: usize) {
    assert_eq!(books.current, 0, "{books:?}");
    // A CANCEL that crosses the 200 is none that this callee knows: it gives such a call up.
    assert!(books.failed <= calls / 10, "{books:?}");
    assert!(books.successful >= calls * 8 / 10, "{books:?}");
}

#[test]
fn baresip_answers_and_is_released() {
    let Some(baresip) = Baresip::start("auto") else { return };
    let ran = udp(baresip.port, "--hold 0.5");
    ran.assert_text(0).assert_says("200 Answering").assert_says("released in");
    assert!(!ran.first_line().contains("no audio came"), "{ran:?}");
    call(baresip.port, "").assert_text(0).assert_says("200 Answering").assert_says("released in");
}

#[test]
fn baresip_rings_and_is_cancelled() {
    let Some(baresip) = Baresip::start("manual") else { return };
    for ran in [udp(baresip.port, "--until ringing"), call(baresip.port, "--until ringing")] {
        ran.assert_text(0).assert_says("180 Ringing").assert_says("cancelled in");
    }
    udp(baresip.port, "-t 1").assert_text(2).assert_says("the last one 180 Ringing, cancelled in");
    // It has one line only, and would be busy.
    udp(baresip.port, "--until ringing").assert_text(0);
}

#[test]
fn kamailio_refuses_redirects_and_asks_for_credentials() {
    let Some(sipp) = Sipp::behind_proxy() else { return };
    let Some(kamailio) = Kamailio::start(sipp.port, 1) else { return };
    let password = kamailio.directory.path().join("password");
    fs::write(&password, "s3cret\n").unwrap();
    let who = format!("--username probe --password-file {}", password.display());
    for transport in ["tcp", "udp"] {
        let to = |user: &str, more: &str| {
            call(kamailio.port, &format!("--transport {transport} -u sip:{user}@127.0.0.1:{} {more}", kamailio.port))
        };
        to("busy", "").assert_text(2).assert_says("486 Busy Here");
        let ran = to("away", "");
        ran.assert_text(2).assert_says("480 Temporarily Unavailable");
        assert!(ran.first_line().contains("'ringing'="), "it rang before: {ran:?}");
        to("known", "").assert_text(2).assert_says("407 Proxy Authentication Required");
        to("known", &who).assert_text(0).assert_says("200 OK").assert_says("released in");
        // The callee speaks UDP only, and asked by OPTIONS it says nothing.
        let followed = "--redirect follow";
        if transport == "udp" {
            to("moved", followed).assert_text(0).assert_says("200 OK").assert_says("after 1 redirection");
        }
        to("moved", "--redirect accept").assert_text(0).assert_says("302 Moved Temporarily");
    }
    assert_eq!(sipp.settled().current, 0);
    assert_eq!(kamailio.active_dialogs(), 0);
}

#[test]
fn kamailio_forks_to_two_callees_and_both_are_released() {
    for transport in ["tcp", "udp"] {
        let [first, second] = ["a", "b"].map(|tag| {
            Callee::new(move |method, request, _| match method {
                "INVITE" => vec![said(
                    request,
                    tag,
                    "200 OK",
                    &format!("Contact: <sip:{tag}@127.0.0.1:{}>\r\n", port_of(request)),
                )],
                "BYE" | "CANCEL" => vec![said(request, tag, "200 OK", "")],
                _ => Vec::new(),
            })
        });
        let ports = [&first, &second].map(|callee| callee.port().parse().unwrap());
        let Some(kamailio) = Kamailio::start(ports[0], ports[1]) else { return };
        let uri = format!("--transport {transport} -u sip:fork@127.0.0.1:{}", kamailio.port);
        call(kamailio.port, &uri).assert_text(0).assert_says("200 OK").assert_says("released in");
        for callee in [first, second] {
            let methods = callee.methods();
            assert!(
                ["INVITE", "ACK", "BYE"].iter().all(|each| methods.iter().any(|heard| heard == each)),
                "{methods:?}"
            );
        }
        assert_eq!(kamailio.active_dialogs(), 0);
    }
}

#[test]
fn the_bye_takes_the_route_set_of_kamailio() {
    let Some(sipp) = Sipp::behind_proxy() else { return };
    let Some(kamailio) = Kamailio::start(sipp.port, 1) else { return };
    let ran = call(kamailio.port, "-vvv");
    ran.assert_text(0).assert_says("200 OK");
    let bye = ran.stdout.split("\n  BYE ").nth(1).unwrap();
    assert!(bye.contains("\n  Route: <sip:127.0.0.1:"), "{bye}");
    assert_eq!(sipp.settled(), Books { successful: 1, failed: 0, current: 0 });
    assert_eq!(kamailio.active_dialogs(), 0);
}

/// The port that a proxy sent a request to.
fn port_of(request: &str) -> &str {
    request.split(' ').nth(1).and_then(|uri| uri.rsplit(':').next()).unwrap_or_default()
}

/// One call, of which every tenth is ended by a signal and every tenth by its deadline.
fn ended_somehow(port: u16, more: &str, number: usize) -> bool {
    let line = match number % 10 {
        // Just short of where a hold is refused: what comes before the answer makes it too long for the deadline.
        3 => format!("-H 127.0.0.1 -p {port} -u sip:101@127.0.0.1 {more} -t 2 --hold 1.599"),
        7 => format!("-H 127.0.0.1 -p {port} -u sip:101@127.0.0.1 {more} -t 20 --hold 2"),
        _ => format!("-H 127.0.0.1 -p {port} -u sip:101@127.0.0.1 {more} -t 20"),
    };
    let command = &mut plugin(PLUGIN);
    command.args(line.split_whitespace()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut child = start(command);
    if number % 10 == 7 {
        // Any moment, most of them early: before, in and after the handshake of the call.
        let random = u64::from(child.id()) * 2_654_435_761 % 1_000;
        thread::sleep(Duration::from_micros(random * random / 20));
        let _ = Command::new("kill").args(["-TERM", &child.id().to_string()]).status();
    }
    wait(&mut child).is_some()
}

fn calls() -> usize {
    std::env::var("CHECK_UM_CALLS").ok().and_then(|calls| calls.parse().ok()).unwrap_or(100)
}

/// Makes so many calls, ten at a time; how many were not as they should be.
fn make(calls: usize, one: impl Fn(usize) -> bool + Sync) -> usize {
    let (next, failed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::SeqCst);
                    if number >= calls {
                        break;
                    }
                    failed.fetch_add(usize::from(!one(number)), Ordering::SeqCst);
                }
            });
        }
    });
    failed.into_inner()
}

/// SIPp's built-in callee.
struct Sipp {
    _server: Server,
    directory: TempDir,
    port: u16,
}

/// What SIPp has counted.
#[derive(Debug, PartialEq, Eq)]
struct Books {
    successful: usize,
    failed: usize,
    current: usize,
}

impl Sipp {
    /// As it comes with SIPp.
    fn start(transport: &str) -> Option<Self> {
        Self::playing(transport, &["-sn", "uas"])
    }

    /// Behind a proxy, whose Record-Route it copies.
    fn behind_proxy() -> Option<Self> {
        let scenario = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/peers/sipp-callee.xml");
        Self::playing("u1", &["-sf", &host::path(scenario)])
    }

    fn playing(transport: &str, scenario: &[&str]) -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let port = free_port();
        let is_up = || match transport {
            "t1" => TcpStream::connect(("127.0.0.1", port)).is_ok(),
            _ => UdpSocket::bind(("127.0.0.1", port)).is_err(),
        };
        let (statistics, own_port) = (host::path(directory.path().join("statistics.csv")), port.to_string());
        let arguments = ["-i", "127.0.0.1", "-p", &own_port, "-t", transport, "-nostdin", "-trace_stat"];
        let arguments = [scenario, &arguments, &["-stf", &statistics, "-fd", "1"]].concat();
        let server = Server::start("sipp", &arguments, is_up)?;
        Some(Self { _server: server, directory, port })
    }

    /// What it has counted when nothing changes any more: it keeps a call for four seconds after BYE.
    fn settled(&self) -> Books {
        let started = Instant::now();
        let mut last = (self.books(), Instant::now());
        loop {
            thread::sleep(Duration::from_millis(50));
            let now = self.books();
            if now != last.0 {
                last = (now, Instant::now());
            }
            let is_quiet = last.1.elapsed() > Duration::from_secs(3);
            match last {
                (Some(books), _) if is_quiet && (books.current == 0 || started.elapsed() > Duration::from_secs(45)) => {
                    return books;
                }
                _ => assert!(started.elapsed() < Duration::from_secs(60), "no statistics"),
            }
        }
    }

    fn books(&self) -> Option<Books> {
        let text = fs::read_to_string(self.directory.path().join("statistics.csv")).ok()?;
        let mut lines = text.lines();
        let names: Vec<_> = lines.next()?.split(';').collect();
        let values: Vec<_> = lines.next_back()?.split(';').collect();
        let value = |name: &str| values.get(names.iter().position(|known| *known == name)?)?.parse().ok();
        Some(Books {
            successful: value("SuccessfulCall(C)")?,
            failed: value("FailedCall(C)")?,
            current: value("CurrentCall")?,
        })
    }
}

/// A proxy that routes calls and counts their dialogs.
struct Kamailio {
    _server: Server,
    directory: TempDir,
    port: u16,
}

impl Kamailio {
    fn start(callee: u16, second: u16) -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let (port, place) = (free_port(), host::path(&directory));
        let modules = ["x86_64-linux-gnu", "aarch64-linux-gnu"].map(|name| format!("/usr/lib/{name}/kamailio/modules"));
        let modules =
            modules.iter().find(|path| Path::new(path).is_dir()).map_or("/usr/lib64/kamailio/modules", |path| path);
        let text = include_str!("../fixtures/peers/kamailio-calls.cfg")
            .replace("@DIR@", &place)
            .replace("@PORT@", &port.to_string())
            .replace("@CALLEE@", &callee.to_string())
            .replace("@SECOND@", &second.to_string())
            .replace("@MODULES@", modules);
        fs::write(directory.path().join("kamailio.cfg"), text).unwrap();
        let arguments = ["-DD", "-m", "64", "-M", "8", "-Y", &place, "-f", &format!("{place}/kamailio.cfg")];
        let server = Server::start("kamailio", &arguments, || TcpStream::connect(("127.0.0.1", port)).is_ok())?;
        Some(Self { _server: server, directory, port })
    }

    /// How many dialogs it takes for open, when those that end have ended.
    fn active_dialogs(&self) -> usize {
        let started = Instant::now();
        loop {
            let socket = format!("unix:{}/ctl", self.directory.path().display());
            let ran = Command::new("kamcmd").args(["-s", &socket, "dlg.stats_active"]).output().unwrap();
            let said = String::from_utf8_lossy(&ran.stdout).into_owned();
            let all = said.lines().find_map(|line| line.trim().strip_prefix("all: ")?.trim().parse::<usize>().ok());
            let all = all.unwrap_or_else(|| panic!("{ran:?}"));
            if all == 0 || started.elapsed() > Duration::from_secs(20) {
                return all;
            }
            thread::sleep(Duration::from_millis(50));
        }
    }
}

/// A telephone.
struct Baresip {
    _server: Server,
    _directory: TempDir,
    port: u16,
}

impl Baresip {
    fn start(mode: &str) -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        // For TLS it takes the next one, too.
        let mut port = free_port();
        loop {
            let next = free_port();
            if next == port + 1 {
                break;
            }
            port = next;
        }
        let modules = ["/usr/lib/baresip/modules", "/usr/lib64/baresip/modules"];
        let modules = modules.into_iter().find(|path| Path::new(path).is_dir()).unwrap_or_default();
        let config = include_str!("../fixtures/peers/baresip-config")
            .replace("@PORT@", &port.to_string())
            .replace("@MODULES@", modules);
        fs::write(directory.path().join("config"), config).unwrap();
        let account = format!("<sip:101@127.0.0.1:{port}>;regint=0;answermode={mode}\n");
        fs::write(directory.path().join("accounts"), account).unwrap();
        fs::write(directory.path().join("contacts"), "").unwrap();
        let place = host::path(&directory);
        let is_up = || TcpStream::connect(("127.0.0.1", port)).is_ok();
        let server = Server::start("baresip", &["-f", &place], is_up)?;
        Some(Self { _server: server, _directory: directory, port })
    }
}
