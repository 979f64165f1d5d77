//! How does a test run a real Icinga 2? In a scratch directory, on a free loopback port, beside any that is installed.

use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::api::Api;
use super::support;
use super::support::port::free_port;

/// Whether Icinga 2 is installed; says so where it is not.
pub fn is_installed() -> bool {
    let is_installed = Command::new("icinga2").arg("--version").output().is_ok();
    if !is_installed {
        support::skipped("icinga2 is not installed");
    }
    is_installed
}

/// A directory with all that belongs to one node but its process.
pub struct Scratch {
    directory: TempDir,
    /// The node's name.
    pub name: &'static str,
    /// Where its API listens.
    pub port: u16,
}

impl Scratch {
    /// A node with a certificate from an authority of its own.
    pub fn new(name: &'static str) -> Self {
        let scratch = Self::without_certificate(name);
        let (key, authority_key) = (rcgen::KeyPair::generate().unwrap(), rcgen::KeyPair::generate().unwrap());
        let mut authority = rcgen::CertificateParams::default();
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        authority.distinguished_name.push(rcgen::DnType::CommonName, "Icinga CA");
        let authority_certificate = authority.self_signed(&authority_key).unwrap();
        let mut node = rcgen::CertificateParams::new([name.to_owned()]).unwrap();
        node.distinguished_name.push(rcgen::DnType::CommonName, name);
        let certificate = node.signed_by(&key, &rcgen::Issuer::new(authority, authority_key)).unwrap();
        scratch.write("certs/ca.crt", &authority_certificate.pem());
        scratch.write(&format!("certs/{name}.crt"), &certificate.pem());
        scratch.write(&format!("certs/{name}.key"), &key.serialize_pem());
        scratch
    }

    /// A node that has yet to get one.
    pub fn without_certificate(name: &'static str) -> Self {
        let port = free_port();
        let scratch = Self { directory: tempfile::tempdir().unwrap(), name, port };
        for part in ["cache", "run", "spool", "log", "certs", "zones.d"] {
            fs::create_dir(scratch.path(part)).unwrap();
        }
        scratch
    }

    /// A place in the directory.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.directory.path().join(relative)
    }

    /// Writes a file there, and its directories.
    pub fn write(&self, relative: &str, text: &str) {
        let path = self.path(relative);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// Writes `icinga2.conf`: what every node has, and `more`.
    pub fn configure(&self, more: &str) {
        let plugins = support::plugin("x").get_program().to_owned();
        let plugins = Path::new(&plugins).parent().unwrap();
        let text = format!(
            "const NodeName = \"{}\"\nconst PluginDir = \"{}\"\ninclude <itl>\ninclude <plugins>\n\
             object CheckerComponent \"checker\" {{ }}\n\
             object ApiListener \"api\" {{\n  bind_host = \"127.0.0.1\"\n  bind_port = {}\n  \
             accept_config = true\n  accept_commands = true\n}}\n\
             object ApiUser \"root\" {{\n  password = \"x\"\n  permissions = [ \"*\" ]\n}}\n{more}",
            self.name,
            plugins.display(),
            self.port,
        );
        self.write("icinga2.conf", &text);
    }

    /// Icinga 2 with its directories here, and as the user who runs the tests.
    pub fn icinga2(&self, words: &[&str]) -> Command {
        let mut command = Command::new("icinga2");
        command.args(words).current_dir(self.directory.path()).stdin(Stdio::null());
        let id = |what: &str| String::from_utf8(Command::new("id").arg(what).output().unwrap().stdout).unwrap();
        let (user, group) = (id("-un"), id("-gn"));
        let at = |place: &str| self.path(place).to_str().unwrap().to_owned();
        for (name, value) in [
            ("DataDir", at("")),
            ("CacheDir", at("cache")),
            ("InitRunDir", at("run")),
            ("SpoolDir", at("spool")),
            ("LogDir", at("log")),
            ("ZonesDir", at("zones.d")),
            ("RunAsUser", user.trim().to_owned()),
            ("RunAsGroup", group.trim().to_owned()),
        ] {
            command.args(["-D", &format!("{name}={}", value.trim_end_matches('/'))]);
        }
        command
    }

    /// What `icinga2 daemon -C` says.
    pub fn validate(&self) -> Output {
        self.icinga2(&["daemon", "-C", "-c", "icinga2.conf"]).output().unwrap()
    }

    /// Panics unless `icinga2 daemon -C` has nothing to complain about.
    #[track_caller]
    pub fn assert_accepted(&self) {
        let said = self.validate();
        let text = String::from_utf8_lossy(&said.stdout) + String::from_utf8_lossy(&said.stderr);
        let complaints: Vec<_> = text.lines().filter(|line| !line.contains("] information/")).collect();
        assert!(said.status.success() && complaints.is_empty(), "{}: {complaints:#?}", self.name);
    }

    /// The objects of a type that a validated configuration makes, each with what Icinga prints of it.
    pub fn objects(&self, kind: &str) -> Vec<(String, String)> {
        let listed = self.icinga2(&["object", "list", "--type", kind]).output().unwrap();
        let text = String::from_utf8(listed.stdout).unwrap();
        let mut objects: Vec<_> = (text.split("Object '").skip(1))
            .map(|object| {
                let (name, rest) = object.split_once('\'').unwrap();
                (name.to_owned(), rest.to_owned())
            })
            .collect();
        objects.sort();
        objects
    }

    /// Starts the daemon and waits for its API.
    pub fn start(self) -> Node {
        self.start_with(&[])
    }

    /// The same with these variables in its environment.
    pub fn start_with(self, environment: &[(&str, &str)]) -> Node {
        let log = fs::File::create(self.path("log/out")).unwrap();
        let mut command = self.icinga2(&["daemon", "-c", "icinga2.conf"]);
        command.envs(environment.iter().copied());
        let child = command.stdout(log.try_clone().unwrap()).stderr(log).process_group(0).spawn().unwrap();
        let api = Api::new(self.port, self.name, &fs::read(self.path("certs/ca.crt")).unwrap());
        let node = Node { child, api, scratch: self };
        node.wait_for("its API", || node.api.call("GET", "/v1/status", None).is_ok().then_some(()));
        node
    }
}

/// A running Icinga 2. It ends with the test.
pub struct Node {
    child: Child,
    api: Api,
    /// Its directory.
    pub scratch: Scratch,
}

impl Drop for Node {
    fn drop(&mut self) {
        // It and its workers, which are of the same group; there is nothing to be saved.
        let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", self.child.id())]).status();
        let _ = self.child.wait();
    }
}

impl Node {
    /// The attributes of a service, `HOST!NAME`; `None` where there is none.
    pub fn service(&self, name: &str) -> Option<Value> {
        let found = self.api.call("GET", &format!("/v1/objects/services/{name}"), None).ok()?;
        found["results"].get(0).map(|result| result["attrs"].clone())
    }

    /// Has a check run now, and returns its result. For a check that the node schedules itself: Icinga does not listen to the
    /// orders of another during its first minute.
    pub fn check(&self, service: &str) -> Value {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64();
        let order = json!({ "type": "Service", "service": service, "force": true, "next_check": now });
        self.api.call("POST", "/v1/actions/reschedule-check", Some(&order)).unwrap();
        self.result_since(service, now)
    }

    /// Waits for a result of a check that was begun at this time or later.
    pub fn result_since(&self, service: &str, since: f64) -> Value {
        self.wait_for(service, || {
            let result = self.service(service)?["last_check_result"].clone();
            (result["execution_start"].as_f64()? >= since).then_some(result)
        })
    }

    /// Hands in a result as an external program does, its perfdata behind a bar.
    pub fn submit(&self, service: &str, state: u8, output: &str) -> Value {
        let (text, perfdata) = output.split_once(" | ").unwrap_or((output, ""));
        let result = json!({
            "type": "Service", "service": service,
            "exit_status": state, "plugin_output": text, "performance_data": perfdata,
        });
        self.api.call("POST", "/v1/actions/process-check-result", Some(&result)).unwrap();
        self.service(service).unwrap()["last_check_result"].clone()
    }

    /// What an expression of Icinga's language is worth, unless the node is just reloading.
    pub fn evaluate(&self, expression: &str) -> io::Result<Value> {
        let order = json!({ "command": expression, "session": "check-um", "sandboxed": false });
        let answer = self.api.call("POST", "/v1/console/execute-script", Some(&order))?;
        Ok(answer["results"][0]["result"].clone())
    }

    /// Polls until there is an answer; panics with the log when there is none in time.
    pub fn wait_for<T>(&self, what: &str, ask: impl Fn() -> Option<T>) -> T {
        let started = Instant::now();
        while started.elapsed() < LIMIT {
            if let Some(answer) = ask() {
                return answer;
            }
            thread::sleep(Duration::from_millis(50));
        }
        let log = fs::read_to_string(self.scratch.path("log/out")).unwrap();
        // Our own questions are not what went wrong.
        let log: Vec<_> =
            log.lines().filter(|line| !line.contains("HTTP") && !line.contains("no client cert")).collect();
        panic!("{}: waited in vain for {what}\n{}", self.scratch.name, log.join("\n"));
    }
}

/// What a daemon may take for anything on a busy machine.
const LIMIT: Duration = Duration::from_secs(40);
