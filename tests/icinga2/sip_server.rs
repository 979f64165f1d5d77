//! Has a SIP server that is no Call Router its checks, and does whoever is told of them read what to do?

use std::fs;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use call_router::nameserver::{self, Manner, Nameserver};
use call_router::router::{Behaviour, Router, Settings};
use tempfile::TempDir;

use super::mail::{self, Mails};
use super::node::{self, Scratch};
use super::support::port::{closed_port, free_port};
use super::{committed, support};

#[test]
fn a_sip_server_has_the_checks_it_asks_for_and_no_other() {
    if !node::is_installed() {
        return;
    }
    let hosts: &[(&str, &str, &[&str])] = &[
        ("silent", "", &[]),
        ("no", "vars.sip_server = false", &[]),
        ("default", "vars.sip_server = true", &["sip-options-udp"]),
        ("tcp", "vars.sip_server.transports = [ \"tcp\" ]", &["sip-options-tcp"]),
        (
            "all",
            "vars.sip_server.transports = [ \"udp\", \"tcp\", \"tls\" ]",
            &["sip-certificate", "sip-options-tcp", "sip-options-tls", "sip-options-udp"],
        ),
        ("called", "vars.sip_server.call = \"sip:echo@x\"", &["sip-call", "sip-options-udp"]),
        ("domain", "vars.sip_server.domain = \"example.com\"", &["sip-targets"]),
        (
            "both",
            "vars.sip_server = { transports = [ \"tls\" ], without = [ \"sip-certificate\" ] }\n  vars.um_call_router = true",
            &["UM.CallRouter", "sip-options-tls", "um-sip-options"],
        ),
    ];
    let scratch = Scratch::new("icinga.example.com");
    let objects = hosts.iter().map(|(name, says, _)| {
        format!("object Host \"{name}\" {{\n  address = \"127.0.0.1\"\n  check_command = \"dummy\"\n  {says}\n}}\n")
    });
    scratch.configure(&(everything() + &objects.collect::<String>()));
    let said = scratch.validate();
    assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stdout));
    let mut expected: Vec<_> =
        hosts.iter().flat_map(|(host, _, checks)| checks.iter().map(move |check| format!("{host}!{check}"))).collect();
    expected.sort();
    let found: Vec<_> = scratch.objects("Service").into_iter().map(|(name, _)| name).collect();
    assert_eq!(found, expected);
}

#[test]
fn refused_when_a_variable_is_misspelt() {
    if !node::is_installed() {
        return;
    }
    for (says, complaint) in [
        ("vars.sip_server.transport = \"tls\"", "there is no vars.sip_server.transport"),
        ("vars.sip_server.transports = [ \"sctp\" ]", "transports has 'sctp': expected udp, tcp or tls"),
        ("vars.sip_server.without = [ \"sip-option\" ]", "vars.sip_server.without: there is no check sip-option"),
        ("vars.sip_servers = true", "there is no vars.sip_servers: expected sip_server"),
        ("vars.sip_sever = true", "there is no vars.sip_sever: expected sip_server"),
        (
            "vars.sip_server = true\n  vars.sip_transports = [ \"tls\" ]",
            "there is no vars.sip_transports: expected sip_server",
        ),
        ("vars.um_call_routr = true", "there is no vars.um_call_routr: expected"),
        ("vars.um_sip_option_ca_file = \"x\"", "there is no vars.um_sip_option_ca_file: expected"),
        (
            "vars.sip_server = true\n  vars.um_sip_options_warnig = 1",
            "there is no vars.um_sip_options_warnig: expected",
        ),
    ] {
        let scratch = Scratch::new("icinga.example.com");
        let host = format!("object Host \"pbx1\" {{\n  check_command = \"dummy\"\n  {says}\n}}\n");
        scratch.configure(&(everything() + &host));
        let said = scratch.validate();
        let text = String::from_utf8_lossy(&said.stdout);
        assert!(!said.status.success() && text.contains(complaint), "{says}: {text}");
    }
}

#[test]
fn each_check_of_a_sip_server_asks_it() {
    if !node::is_installed() {
        return;
    }
    let scratch = Scratch::new("icinga.example.com");
    let router = Router::start(&Settings { behaviour: Behaviour::Healthy, ..Settings::default() }).unwrap();
    scratch.write("ca.pem", &router.certificates.ca);
    let ca = scratch.path("ca.pem").display().to_string();
    let (tcp, tls) = (router.tcp.port(), router.tls.port());
    let host = format!(
        "object Host \"localhost\" {{\n  address = \"127.0.0.1\"\n  check_command = \"dummy\"\n  \
         vars.sip_server = {{ transports = [ \"tcp\", \"tls\" ], tcp_port = {tcp}, tls_port = {tls}, call = \"sip:5000@127.0.0.1\" }}\n  \
         vars.um_sip_options_ca_file = \"{ca}\"\n  vars.um_cert_expiry_ca_file = \"{ca}\"\n  \
         vars.um_call_routing_redirect = \"accept\"\n}}\n"
    );
    scratch.configure(&(everything() + &host));
    let node = scratch.start();
    for (check, begins) in [
        ("sip-options-tcp", "UM SIP OPTIONS OK - 200 OK from 127.0.0.1:"),
        ("sip-options-tls", "UM SIP OPTIONS OK - 200 OK from 127.0.0.1:"),
        ("sip-certificate", "UM CERT EXPIRY OK - certificate 'localhost' expires in "),
        ("sip-call", "UM CALL ROUTING OK - 302 "),
    ] {
        let result = node.check(&format!("localhost!{check}"));
        assert!(result["output"].as_str().unwrap().starts_with(begins), "{check}: {result:#}");
    }
}

#[test]
fn a_farm_of_kamailio_is_a_warning_when_one_is_down_and_critical_when_most_are() {
    if !node::is_installed() {
        return;
    }
    let Some(farm) = (0..4).map(|_| Kamailio::start()).collect::<Option<Vec<_>>>() else { return };
    let (one, three) = ("_sip._udp.one.test", "_sip._udp.three.test");
    let target = |port| nameserver::srv(0, port, "a.test");
    let mut zone = vec![("a.test", nameserver::a([127, 0, 0, 1]))];
    zone.extend([farm[0].port, farm[1].port, farm[2].port, free_port()].map(|port| (one, target(port))));
    zone.extend([farm[3].port, free_port(), free_port(), free_port()].map(|port| (three, target(port))));
    let nameserver = Nameserver::new(Manner::Plain, zone);
    let host = |domain: &str| {
        format!(
            "object Host \"{domain}\" {{\n  check_command = \"dummy\"\n  vars.sip_server.domain = \"{domain}\"\n  \
             vars.um_sip_options_dns_server = \"{}\"\n  vars.um_sip_options_transport = \"udp\"\n}}\n",
            nameserver.address
        )
    };
    let scratch = Scratch::new("icinga.example.com");
    scratch.configure(&(everything() + &host("one.test") + &host("three.test")));
    let node = scratch.start();
    for (domain, begins, relation) in [
        ("one.test", "UM SIP OPTIONS WARNING - 1 of 4 targets of one.test ", "more than 0"),
        ("three.test", "UM SIP OPTIONS CRITICAL - 3 of 4 targets of three.test ", "more than 50 %"),
    ] {
        let result = node.check(&format!("{domain}!sip-targets"));
        let output = result["output"].as_str().unwrap();
        assert!(output.starts_with(begins) && output.contains(relation), "{result:#}");
        assert!(
            output.contains("connection refused by a.test:") && output.contains("200 Keepalive from a.test:"),
            "{output}"
        );
    }
}

#[test]
fn whoever_is_told_reads_what_is_wrong_and_what_to_do() {
    if !node::is_installed() {
        return;
    }
    let script = "/etc/icinga2/scripts/mail-service-notification.sh";
    if let Some(lacking) = [script].into_iter().chain(mail::NEEDS).find(|path| !fs::exists(path).unwrap()) {
        return support::skipped(&format!("{lacking} is not there"));
    }
    let scratch = Scratch::new("icinga.example.com");
    let router = Router::start(&Settings { behaviour: Behaviour::Unavailable, ..Settings::default() }).unwrap();
    let mails = Mails::start(&scratch.path(""), TcpListener::bind("127.0.0.1:0").unwrap());
    // The stock objects as the distribution has them; the first failure is to be told.
    let stock = ["commands", "templates", "timeperiods", "users"]
        .map(|file| format!("include \"/etc/icinga2/conf.d/{file}.conf\"\n"))
        .concat();
    let at_once = (everything() + &committed("um-notifications.conf"))
        .lines()
        .map(|line| if line.contains("max_check_attempts") { "  max_check_attempts = 1" } else { line })
        .collect::<Vec<_>>()
        .join("\n")
        + "\n";
    let host = |name: &str, says: &str| {
        format!("object Host \"{name}\" {{\n  address = \"127.0.0.1\"\n  check_command = \"dummy\"\n  {says}\n}}\n")
    };
    let cas1 = host("cas1.example.com", &format!("vars.um_call_router.tcp_port = {}", router.tcp.port()));
    let says = format!("vars.sip_server = {{ transports = [ \"tcp\" ], tcp_port = {} }}", closed_port());
    let pbx1 = host("pbx1.example.com", &says);
    scratch.configure(
        &("const ConfigDir = \"/etc/icinga2\"\nobject NotificationComponent \"notification\" { }\n".to_owned()
            + &stock
            + &at_once
            + &cas1
            + &pbx1),
    );
    let mailrc = scratch.path("mailrc").display().to_string();
    let node = scratch.start_with(&[("MAILRC", &mailrc)]);

    for (check, says) in [
        (
            "cas1.example.com!um-sip-options",
            &[
                "Subject: [PROBLEM] UM SIP OPTIONS on cas1.example.com is CRITICAL!",
                "UM SIP OPTIONS CRITICAL - 503 Service Unavailable from 127.0.0.1:",
                "reason: given above (status)",
                "advice: The service runs but cannot do its work. On the server: Get-ServerHealth",
                "target: 127.0.0.1, port ",
                "started: 20",
                "result: Failed",
                "authentication: none",
                "ms diagnostics: ",
                "of health set UM.CallRouter",
            ][..],
        ),
        (
            "pbx1.example.com!sip-options-tcp",
            &[
                "Subject: [PROBLEM] SIP OPTIONS over TCP on pbx1.example.com is CRITICAL!",
                "connection refused by 127.0.0.1:",
                "advice: ",
            ],
        ),
    ] {
        node.check(check);
        let mail = mails.next_with(says[0]);
        for text in says {
            assert!(mail.contains(text), "no {text:?} in {mail}");
        }
    }
}

/// All files but the one that tells somebody, on one node.
pub fn everything() -> String {
    let files = ["um-commands.conf", "um-services.conf", "um-sip-servers.conf"].map(committed).concat();
    files + "object Endpoint NodeName { }\nobject Zone \"main\" { endpoints = [ NodeName ] }\n"
}

/// A Kamailio that answers OPTIONS over UDP. It ends with the test.
struct Kamailio {
    child: Child,
    port: u16,
    _directory: TempDir,
}

impl Kamailio {
    /// `None`, and a note, where it is not installed.
    fn start() -> Option<Self> {
        let (directory, port) = (tempfile::tempdir().unwrap(), free_port());
        let path = directory.path().join("kamailio.cfg");
        fs::write(&path, KAMAILIO.replace("@PORT@", &port.to_string())).unwrap();
        let mut command = Command::new("kamailio");
        // -DD keeps the main process in its group, with which it is ended.
        command.args(["-DD", "-m", "64", "-M", "8", "-f"]).arg(path).arg("-Y").arg(directory.path()).process_group(0);
        let silent = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let Ok(child) = silent.spawn() else {
            support::skipped("kamailio is not installed");
            return None;
        };
        let kamailio = Self { child, port, _directory: directory };
        let started = Instant::now();
        let arguments = format!("-H 127.0.0.1 -p {port} --transport udp -t 1");
        while support::run("check_um_sip_options", &arguments).code != Some(0) {
            assert!(started.elapsed() < Duration::from_secs(30), "kamailio does not answer");
        }
        Some(kamailio)
    }
}

impl Drop for Kamailio {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", self.child.id())]).status();
        let _ = self.child.wait();
    }
}

const KAMAILIO: &str = "\
debug=0
log_stderror=yes
children=1
listen=udp:127.0.0.1:@PORT@
loadmodule \"sl.so\"
request_route {
    sl_send_reply(\"200\", \"Keepalive\");
}
";
