//! What does a real directory answer? OpenLDAP with the attributes of Active Directory, on loopback.
#![allow(dead_code, reason = "every integration test uses its share of this")]

use std::net::TcpStream;

use super::fixture;
use super::host::{self, Server};
use super::port::free_port;

/// A controller as it should be.
pub const HEALTHY: &str = "rootdse-healthy.ldif";
/// One whose first replication has not ended, and no ready global catalog.
pub const NOT_SYNCHRONIZED: &str = "rootdse-not-synchronized.ldif";

/// OpenLDAP, ended when dropped.
pub struct Slapd {
    pub port: u16,
    _server: Server,
    _directory: tempfile::TempDir,
}

impl Slapd {
    /// Starts it with a rootDSE of the fixtures; `None`, and a note, where it is not installed.
    pub fn start(address: &str, root_dse: &str, more: &str) -> Option<Self> {
        Self::start_at(&format!("ldap://{address}:{}", free_port()), root_dse, more)
    }

    /// The same with TLS from the start, a certificate for localhost and 127.0.0.1, and its path.
    pub fn start_with_tls(directory: &tempfile::TempDir) -> Option<(Self, String)> {
        Self::start_with_certificate_for(directory, &["localhost", "127.0.0.1"])
    }

    /// The same with a certificate for these names.
    pub fn start_with_certificate_for(directory: &tempfile::TempDir, names: &[&str]) -> Option<(Self, String)> {
        let (certificate, settings) = tls(directory, names);
        Some((Self::start_at(&format!("ldaps://127.0.0.1:{}", free_port()), HEALTHY, &settings)?, certificate))
    }

    /// The same at a URL.
    pub fn start_at(url: &str, root_dse: &str, more: &str) -> Option<Self> {
        let directory = tempfile::tempdir().unwrap();
        let configuration = std::fs::read_to_string(fixture("peers/slapd.conf")).unwrap();
        let configuration = configuration
            .replace("@DIR@", &host::path(&directory))
            .replace("@ROOTDSE@", &host::path(fixture(&format!("peers/{root_dse}"))))
            .replace("@EXTRA@", more);
        let path = directory.path().join("slapd.conf");
        std::fs::write(&path, configuration).unwrap();

        let (_, place) = url.split_once("//").unwrap();
        let arguments = ["-f", &host::path(path), "-d", "0", "-h", url];
        let server = Server::start("slapd", &arguments, || TcpStream::connect(place).is_ok())?;
        let port = place.rsplit(':').next().unwrap().parse().unwrap();
        Some(Self { port, _server: server, _directory: directory })
    }

    /// Stops its process without ending it: the system still accepts connections for it.
    pub fn fall_silent(&self) {
        // Not the shell that has started it, whose words are the same but for the first.
        host::run("pkill", &["-STOP", "-f", &format!("^slapd .*:{}$", self.port)]);
    }
}

/// The path of a certificate for these names, and the settings that go with it.
pub fn tls(directory: &tempfile::TempDir, names: &[&str]) -> (String, String) {
    let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
    let certified = rcgen::generate_simple_self_signed(names).unwrap();
    let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    std::fs::write(path("cert.pem"), certified.cert.pem()).unwrap();
    std::fs::write(path("key.pem"), certified.signing_key.serialize_pem()).unwrap();
    let [certificate, key] = ["cert.pem", "key.pem"].map(|name| host::path(path(name)));
    (path("cert.pem"), format!("TLSCertificateFile {certificate}\nTLSCertificateKeyFile {key}\n"))
}
