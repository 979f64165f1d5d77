//! Does the check say the right thing of a real domain? Two controllers of Samba in a network namespace of their own:
//! provisioned and joined once, then what happens to domains happens to this one.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

use super::NAME;
use super::support::{self, Outcome, perfdata, run_command, start};

/// The domain, which ends with the first process of its namespace.
struct Domain {
    namespace: Child,
    commands: ChildStdin,
    answers: BufReader<ChildStdout>,
    directory: tempfile::TempDir,
}

impl Domain {
    /// `None`, and a note, where there is no Samba or no namespace can be made.
    fn start() -> Option<Self> {
        let can = |program: &str, arguments: &[&str]| {
            let mut command = Command::new(program);
            command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
            command.status().is_ok_and(|status| status.success())
        };
        if !can("samba", &["--version"]) || !Path::new("/usr/share/samba/setup/ad-schema").is_dir() {
            support::skipped("samba-ad-dc and samba-ad-provision are not installed");
            return None;
        }
        if !can("unshare", &["--net", "--mount", "--pid", "--fork", "true"]) {
            support::skipped("no namespace can be made: not root");
            return None;
        }
        let directory = tempfile::tempdir().unwrap();
        // The first for the domain, the second as older controllers have them.
        for (controller, names) in
            [("dc1", &["ad.example.com", "dc1.ad.example.com"][..]), ("dc2", &["dc2.ad.example.com"])]
        {
            let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
            let certified = rcgen::generate_simple_self_signed(names).unwrap();
            let write = |name: String, text: String| std::fs::write(directory.path().join(name), text).unwrap();
            write(format!("{controller}.pem"), certified.cert.pem());
            write(format!("{controller}-key.pem"), certified.signing_key.serialize_pem());
        }
        let mut namespace = Command::new("unshare");
        namespace.args([
            "--net",
            "--mount",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
            "timeout",
            "400",
            "bash",
        ]);
        namespace.arg(support::fixture("peers/samba.sh")).arg(directory.path());
        let mut namespace = start(namespace.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()));
        let commands = namespace.stdin.take().unwrap();
        let answers = BufReader::new(namespace.stdout.take().unwrap());
        let mut domain = Self { namespace, commands, answers, directory };
        domain.await_done("start");
        Some(domain)
    }

    fn tell(&mut self, command: &str) {
        writeln!(self.commands, "{command}").unwrap();
        self.await_done(command);
    }

    fn await_done(&mut self, command: &str) {
        let mut answer = String::new();
        self.answers.read_line(&mut answer).unwrap();
        let log = || std::fs::read_to_string(self.directory.path().join("log")).unwrap_or_default();
        assert_eq!(answer, "done\n", "{command}: {}", log());
    }

    /// Asks from within the namespace; patiently, because a domain on a busy machine is slow.
    fn ask(&self, arguments: &[&str]) -> Outcome {
        let id = self.namespace.id();
        let children = std::fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap();
        let mut command = Command::new("nsenter");
        command.arg(format!("--net=/proc/{}/ns/net", children.trim())).arg(support::plugin(NAME).get_program());
        run_command(command.args(["-w", "10", "-c", "15", "-t", "20"]).args(arguments))
    }

    fn of_domain(&self, arguments: &[&str]) -> Outcome {
        self.ask(&[&["--domain", "ad.example.com", "--dns-server", "192.0.2.10"], arguments].concat())
    }
}

impl Drop for Domain {
    fn drop(&mut self) {
        // The kernel ends everything in its process namespace with it.
        let _ = self.namespace.kill();
        let _ = self.namespace.wait();
    }
}

#[test]
fn a_real_domain_is_fit_until_a_controller_stops_its_ldap_freezes_or_its_dns_stops() {
    let Some(mut domain) = Domain::start() else { return };

    let ran = domain.of_domain(&[]);
    ran.assert_begins(
        0,
        "UM AD DS OK - 2 of 2 controllers of ad.example.com are fit for work; dc1.ad.example.com:389 ",
    );
    ran.assert_says("answers: synchronized, global catalog ready, DC=ad,DC=example,DC=com");
    assert_eq!(perfdata::labels(ran.first_line()), ["time_192_0_2_10", "time_192_0_2_11"]);

    let site = ["--site", "Default-First-Site-Name"];
    domain.of_domain(&site).assert_begins(0, "UM AD DS OK - 2 of 2 controllers of site Default-First-Site-Name of ad.");
    domain
        .of_domain(&["--site", "Elsewhere"])
        .assert_begins(3, "UM AD DS UNKNOWN - no SRV records for _ldap._tcp.Else");

    domain.of_domain(&["-p", "3268"]).assert_begins(
        0,
        "UM AD DS OK - 1 of 1 global catalogs of ad.example.com are fit for work; dc1.ad.example.com:3268",
    );
    domain
        .ask(&["-H", "192.0.2.11", "-p", "3268"])
        .assert_begins(0, "UM AD DS OK - 192.0.2.11:3268 answers: synchronized");

    let both = domain.directory.path().join("both.pem");
    let certificates = ["dc1.pem", "dc2.pem"].map(|name| std::fs::read(domain.directory.path().join(name)).unwrap());
    std::fs::write(&both, certificates.concat()).unwrap();
    let trust = ["--tls", "--ca-file", both.to_str().unwrap()];
    let ran = domain.of_domain(&trust);
    ran.assert_begins(0, "UM AD DS OK - 2 of 2");
    ran.assert_says("dc2.ad.example.com:636: its certificate is for its own name, not for ad.example.com");
    assert!(!ran.first_line().contains("dc1.ad.example.com:636: its certificate"), "{ran:?}");
    domain
        .of_domain(&[&trust[..], &["-p", "3269"]].concat())
        .assert_begins(0, "UM AD DS OK - 1 of 1 global catalogs of");

    domain.tell("freeze ldap of dc2");
    let ran = domain.ask(&["-H", "192.0.2.11", "-t", "1"]);
    ran.assert_begins(2, "UM AD DS CRITICAL - waiting for the rootDSE of 192.0.2.11:389");
    assert!(ran.elapsed >= Duration::from_secs(1), "{ran:?}");
    // A busy machine takes its time for the look-ups in front of it.
    let patience = ["3", "8", "20"].map(|timeout| || domain.of_domain(&["-t", timeout]));
    let is_located = |ran: &Outcome| !ran.first_line().contains("looking up");
    let ran = patience.iter().map(|ask| ask()).find(is_located).unwrap();
    ran.assert_begins(
        2,
        "UM AD DS CRITICAL - 1 of 2 controllers of ad.example.com are fit for work; waiting for the rootDSE of dc2.",
    );
    assert!(ran.stdout.contains("(timeout)"), "{ran:?}");
    domain.tell("thaw ldap of dc2");
    domain.of_domain(&[]).assert_begins(0, "UM AD DS OK - 2 of 2");

    domain.tell("stop dc2");
    let ran = domain.of_domain(&[]);
    ran.assert_begins(
        2,
        "UM AD DS CRITICAL - 1 of 2 controllers of ad.example.com are fit for work; connection refused by dc2.",
    );
    assert!(ran.stdout.contains("(refused)"), "{ran:?}");

    domain.tell("stop dns");
    let ran = domain.of_domain(&["-t", "1"]);
    ran.assert_begins(3, "UM AD DS UNKNOWN - looking up SRV of '_ldap._tcp.dc._msdcs.ad.example.com'");
    assert!(ran.stdout.contains("(dns)"), "{ran:?}");
    domain.ask(&["-H", "192.0.2.10"]).assert_begins(0, "UM AD DS OK - 192.0.2.10:389 answers");
}
