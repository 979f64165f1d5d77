//! What does a real exporter answer? Debian's prometheus-node-exporter with a page of ours, on loopback.
#![allow(dead_code, reason = "every integration test uses its share of this")]

use std::net::TcpStream;
use std::path::Path;

use super::host::{self, Server};
use super::port::free_port;

/// Who may ask it: this user with this password.
pub const USER: &str = "monitoring";
pub const PASSWORD: &str = "pass|word";

/// The exporter, ended when dropped.
pub struct NodeExporter {
    pub port: u16,
    _server: Server,
}

impl NodeExporter {
    /// Starts it with a configuration of its web server, and with the pages of a directory; `None`, and a note, where it is
    /// not installed.
    pub fn start(directory: &Path, configuration: &str) -> Option<Self> {
        let path = directory.join("web.yml");
        std::fs::write(&path, configuration).unwrap();
        let port = free_port();
        let arguments = [
            format!("--web.listen-address=127.0.0.1:{port}"),
            format!("--web.config.file={}", host::path(path)),
            "--collector.disable-defaults".to_owned(),
            "--collector.textfile".to_owned(),
            format!("--collector.textfile.directory={}", host::path(directory)),
        ];
        let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
        let is_up = || TcpStream::connect(("127.0.0.1", port)).is_ok();
        Some(Self { port, _server: Server::start("prometheus-node-exporter", &arguments, is_up)? })
    }

    /// `prometheus:URL` of its page.
    pub fn url(&self, scheme: &str) -> String {
        format!("prometheus:{scheme}://127.0.0.1:{}/metrics", self.port)
    }
}

/// The configuration in which only [`USER`] may ask; the password is hashed with bcrypt.
pub fn basic_authentication() -> String {
    format!("basic_auth_users:\n  {USER}: $2y$04$kxAJRLDZgr3pTu/dc9Dnau2IHJ1FKIBHnqDsw0KztXi3F2GXXQIb6\n")
}
