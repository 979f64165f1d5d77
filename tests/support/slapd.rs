//! What does a real directory answer? OpenLDAP with the attributes of Active Directory, on loopback.
#![allow(dead_code, reason = "every integration test uses its share of this")]
#![allow(clippy::print_stdout, reason = "says what it skips")]

use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::fixture;

/// A controller as it should be.
pub const HEALTHY: &str = "rootdse-healthy.ldif";
/// One whose first replication has not ended, and no ready global catalog.
pub const NOT_SYNCHRONIZED: &str = "rootdse-not-synchronized.ldif";

/// OpenLDAP, ended when dropped.
pub struct Slapd {
    process: Child,
    pub port: u16,
    _directory: tempfile::TempDir,
}

impl Slapd {
    /// Starts it with a rootDSE of the fixtures; `None`, and a note, where it is not installed.
    pub fn start(address: &str, root_dse: &str, more: &str) -> Option<Self> {
        Self::start_as("ldap", address, root_dse, more)
    }

    /// The same with TLS from the start, a certificate for localhost and 127.0.0.1, and its path.
    pub fn start_with_tls(directory: &tempfile::TempDir) -> Option<(Self, String)> {
        let names = ["localhost".to_owned(), "127.0.0.1".to_owned()];
        let certified = rcgen::generate_simple_self_signed(names).unwrap();
        let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
        std::fs::write(path("cert.pem"), certified.cert.pem()).unwrap();
        std::fs::write(path("key.pem"), certified.signing_key.serialize_pem()).unwrap();
        let more = format!("TLSCertificateFile {}\nTLSCertificateKeyFile {}", path("cert.pem"), path("key.pem"));
        Some((Self::start_as("ldaps", "127.0.0.1", HEALTHY, &more)?, path("cert.pem")))
    }

    fn start_as(scheme: &str, address: &str, root_dse: &str, more: &str) -> Option<Self> {
        let Some(program) =
            ["/usr/sbin/slapd", "/usr/lib/openldap/slapd"].map(PathBuf::from).into_iter().find(|path| path.exists())
        else {
            assert!(std::env::var_os("CHECK_UM_REQUIRE_PEERS").is_none(), "slapd is not installed");
            println!("skipped: slapd is not installed");
            return None;
        };
        let directory = tempfile::tempdir().unwrap();
        let configuration = std::fs::read_to_string(fixture("peers/slapd.conf")).unwrap();
        let configuration = configuration
            .replace("@DIR@", directory.path().to_str().unwrap())
            .replace("@ROOTDSE@", &fixture(&format!("peers/{root_dse}")))
            .replace("@EXTRA@", more);
        let path = directory.path().join("slapd.conf");
        std::fs::write(&path, configuration).unwrap();

        let port = TcpListener::bind((address, 0)).unwrap().local_addr().unwrap().port();
        let url = format!("{scheme}://{address}:{port}");
        let mut command = Command::new(program);
        command.arg("-f").arg(path).args(["-d", "0", "-h", &url]).stdout(Stdio::null()).stderr(Stdio::null());
        let slapd = Self { process: command.spawn().unwrap(), port, _directory: directory };
        let started = Instant::now();
        while TcpStream::connect((address, port)).is_err() {
            assert!(started.elapsed() < Duration::from_secs(10), "slapd does not listen on {url}");
            sleep(Duration::from_millis(10));
        }
        Some(slapd)
    }

    /// Stops its process without ending it: the system still accepts connections for it.
    pub fn fall_silent(&self) {
        let stopped = Command::new("kill").args(["-STOP", &self.process.id().to_string()]).status().unwrap();
        assert!(stopped.success());
    }
}

impl Drop for Slapd {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
