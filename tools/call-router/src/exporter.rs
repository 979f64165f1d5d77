//! What does windows_exporter say of the service? Its page as recorded, with the service in one state, to anybody who asks.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::time::Duration;
use std::{fs, io, thread};

/// Serves the recorded page of `fixtures` on a free loopback port until the process ends, with the service in this state and
/// start mode, as the exporter words them.
pub fn start(fixtures: &Path, state: &str, start_mode: &str) -> io::Result<SocketAddr> {
    let page = fs::read_to_string(fixtures.join("counters/windows_exporter-0.31.prom"))?;
    let page = page.replace("@RECEIVED@", "600").replace("@REJECTED@", "60");
    let page = said(said(page, "state", "running", state), "start_mode", "auto", start_mode);
    let answer = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{page}",
        page.len()
    );
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let answer = answer.clone();
            thread::spawn(move || {
                let mut request = [0; 4096];
                let _ = stream.set_read_timeout(Some(PATIENCE));
                // A request of this size comes in one piece; a check that hangs up early is its own judge.
                let _ = stream.read(&mut request).and_then(|_| stream.write_all(answer.as_bytes()));
            });
        }
    });
    Ok(address)
}

/// The page with another one of the values of a label that is 1.
fn said(page: String, label: &str, before: &str, now: &str) -> String {
    let series = |value: &str| format!("{{name=\"MSExchangeUMCR\",{label}=\"{value}\"}}");
    let off = page.replace(&format!("{} 1", series(before)), &format!("{} 0", series(before)));
    off.replace(&format!("{} 0", series(now)), &format!("{} 1", series(now)))
}

const PATIENCE: Duration = Duration::from_secs(10);
