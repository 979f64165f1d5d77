//! Who starts a server that we did not write, and ends it? A shell of the host: the tests' own, or the one below Wine.
//!
//! Wine starts a program of its host, but gives no process that could be waited for or ended. The shell can do both, and
//! what it is told and says goes over a connection.
#![allow(dead_code, reason = "every integration test uses its share of this")]

use std::io::{BufRead, BufReader, Read};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const LIMIT: Duration = Duration::from_secs(20);

/// A server's process and those that it started, ended when dropped.
pub struct Server {
    shell: Child,
    connection: TcpStream,
}

impl Server {
    /// Starts `program` and waits until it `is_up`. `None`, and a note, where it is not installed.
    pub fn start(program: &str, arguments: &[&str], is_up: impl Fn() -> bool) -> Option<Self> {
        let Some(mut server) = Self::launch(program, arguments) else {
            super::skipped(&format!("{program} is not installed"));
            return None;
        };
        // Its end can be read; the time to wait for that is the pause between two looks.
        server.connection.set_read_timeout(Some(Duration::from_millis(10))).unwrap();
        let started = Instant::now();
        while !is_up() {
            assert!(server.connection.read(&mut [0]).is_err(), "{program} {arguments:?} ended at once");
            assert!(started.elapsed() < LIMIT, "{program} {arguments:?} does not come up");
        }
        Some(server)
    }

    fn launch(program: &str, arguments: &[&str]) -> Option<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port().to_string();
        let mut bash = Command::new(if cfg!(windows) { r"Z:\bin\bash" } else { "bash" });
        bash.args(["-c", include_str!("host.sh"), "host.sh", &port, program]).args(arguments);
        let shell = bash.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().ok()?;
        let server = Self { shell, connection: accept(&listener) };
        let mut place = String::new();
        BufReader::new(&server.connection).read_line(&mut place).unwrap();
        (!place.is_empty()).then_some(server)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.connection.shutdown(Shutdown::Write);
        // The shell hangs up, too, when everything has ended.
        let _ = self.connection.set_read_timeout(Some(LIMIT));
        let _ = self.connection.read_to_end(&mut Vec::new());
        // It leaves no zombie; under Wine this is an error, and the host sees to it.
        let _ = self.shell.wait();
    }
}

/// Runs `program` to its end.
pub fn run(program: &str, arguments: &[&str]) {
    let mut server = Server::launch(program, arguments).unwrap();
    server.connection.set_read_timeout(Some(LIMIT)).unwrap();
    server.connection.read_to_end(&mut Vec::new()).unwrap();
}

/// Runs `program` to its end. `false`, and a note, where it is not installed.
pub fn ran(program: &str, arguments: &[&str]) -> bool {
    let Some(mut server) = Server::launch(program, arguments) else {
        super::skipped(&format!("{program} is not installed"));
        return false;
    };
    server.connection.set_read_timeout(Some(LIMIT)).unwrap();
    server.connection.read_to_end(&mut Vec::new()).unwrap();
    true
}

/// The next connection to `listener`, which would be waited for without an end if the shell failed.
fn accept(listener: &TcpListener) -> TcpStream {
    listener.set_nonblocking(true).unwrap();
    let started = Instant::now();
    loop {
        if let Ok((connection, _)) = listener.accept() {
            connection.set_nonblocking(false).unwrap();
            return connection;
        }
        assert!(started.elapsed() < LIMIT, "bash does not connect");
        sleep(Duration::from_millis(2));
    }
}

/// Whether this is Wine, with a host below it.
pub fn is_wine() -> bool {
    cfg!(windows) && std::env::var_os("WINEPREFIX").is_some()
}

/// What the host calls a file. Every drive of Wine is a link in its prefix.
pub fn path(path: impl AsRef<Path>) -> String {
    let path = path.as_ref().to_str().unwrap();
    if !cfg!(windows) {
        return path.to_owned();
    }
    let path = path.replace('\\', "/");
    match (path.split_once(':'), std::env::var("WINEPREFIX")) {
        (Some((drive, rest)), Ok(prefix)) => format!("{prefix}/dosdevices/{}:{rest}", drive.to_lowercase()),
        _ => path,
    }
}
