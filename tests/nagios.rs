//! Does Nagios run the health set, and does it keep what the plugins say? The committed files in the real daemon.
//!
//! Where it is not installed the tests say so and pass; with `CHECK_UM_REQUIRE_PEERS=1` they fail.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panic")]
#![allow(dead_code, reason = "support and routers are shared with other tests")]

#[path = "support/mail.rs"]
mod mail;
#[path = "support/nrpe.rs"]
mod nrpe;
#[path = "support/recorded.rs"]
mod recorded;
#[path = "support/site.rs"]
mod site;
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use check_um::checks::schedule::ScheduledService;
use check_um_generate::nagios::variable;
use check_um_generate::register::services;
use check_um_generate::sip_server::SERVICES;
use mail::Mails;
use recorded::{Recorded, Run};
use site::Site;
use support::port::closed_port;

#[test]
fn the_committed_files_pass_without_a_warning() {
    if !nrpe::installed(&[NAGIOS]) {
        return;
    }
    let scratch = Recorded::new();
    let routers = read("integrations/nagios/routers.cfg");
    let said = verify(&configure(&scratch, &routers));
    assert!(said.contains("Total Warnings: 0\nTotal Errors:   0\n"), "{said}");
    assert!(said.contains(&format!("Checked {} services.", services().count())), "{said}");
}

#[test]
fn the_sample_of_sip_servers_passes_without_a_warning() {
    if !nrpe::installed(&[NAGIOS]) {
        return;
    }
    let scratch = Recorded::new();
    let said = verify(&configure(&scratch, &read("integrations/nagios/sip-servers.cfg")));
    assert!(said.contains("Total Warnings: 0\nTotal Errors:   0\n"), "{said}");
    assert!(said.contains(&format!("Checked {} services.", SERVICES.len())), "{said}");
}

#[test]
fn refused_when_a_variable_is_misspelt() {
    let program = support::root().join("integrations/nagios/check-variables");
    let check = |files: &[PathBuf]| {
        let ran = Command::new("sh").arg(&program).args(files).output().unwrap();
        (ran.status.code(), String::from_utf8(ran.stdout).unwrap())
    };
    let committed = |name: &str| support::root().join("integrations/nagios").join(name);
    let samples = ["routers.cfg", "sip-servers.cfg", "templates.cfg"].map(committed);
    assert_eq!(check(&samples), (Some(0), String::new()));
    assert_eq!(check(&[]).0, Some(2));
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("hosts.cfg");
    for (said, is_known) in [
        ("_SIP_OPTIONS_UDP -w 1", true),
        ("_sip_tls --tls-name x", true),
        ("_SITE _SIP_X", true),
        ("_SIP_OPTION_UDP -w 1", false),
        ("_UM_SIP_OPTIONS_TSL -w 1", false),
        ("_um_tsl -w 1", false),
    ] {
        fs::write(&file, format!("define host {{\n    host_name x\n    {said}\n}}\n")).unwrap();
        let (code, text) = check(std::slice::from_ref(&file));
        let name = said.split(' ').next().unwrap();
        let complaint = format!("{}:3: there is no {name}: expected one of _UM_TLS ", file.display());
        assert_eq!((code, text.starts_with(&complaint)), (Some(i32::from(!is_known)), !is_known), "{said}: {text}");
    }
}

#[test]
fn whoever_is_told_of_a_sip_server_reads_what_is_wrong_and_what_to_do() {
    if !nrpe::installed(&[&[NAGIOS][..], &mail::NEEDS].concat()) {
        return;
    }
    let scratch = Recorded::new();
    let mails = Mails::start(&scratch.path(""), TcpListener::bind("127.0.0.1:0").unwrap());
    let sample = read("integrations/nagios/sip-servers.cfg");
    let groups = sample.rsplit_once("_SIP_TARGETS").unwrap().1.split_once("}\n").unwrap().1;
    let (dead, tls) = (closed_port(), closed_port());
    let host = format!(
        "define host {{\nuse um-sip-server\nhost_name pbx1\naddress 127.0.0.1\nhostgroups sip-servers-tcp,sip-servers-tls,sip-servers-udp,sip-domains,sip-servers-called\n\
         contacts anna\n_SIP_OPTIONS_TCP -p {dead}\n_SIP_OPTIONS_UDP -p {dead}\n_SIP_TLS -p {tls}\n_SIP_TARGETS -H localhost -p {dead}\n\
         _SIP_CALL -p {dead} -u sip:echo@127.0.0.1\n}}\n\
         define contact {{\nuse um-contact\ncontact_name anna\nemail anna@localhost\n}}\n\
         define contactgroup {{\ncontactgroup_name telephony\nmembers anna\n}}\n"
    );
    let main = configure(&scratch, &(host + groups));
    let text = fs::read_to_string(&main).unwrap().replace("enable_notifications=0", "enable_notifications=1");
    fs::write(&main, text).unwrap();
    // Told at the first failure, and by the template's own command.
    for (file, from, to) in [
        ("templates.cfg", "max_check_attempts   3", "max_check_attempts   1"),
        (
            "templates.cfg",
            "servicegroups        um-sip-server",
            "servicegroups        um-sip-server\n    contacts  anna",
        ),
    ] {
        let path = scratch.path("conf.d").join(file);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from} in {text}");
        fs::write(path, text.replace(from, to)).unwrap();
    }
    let _daemon = Daemon::start_with(&main, &[("MAILRC", &scratch.path("mailrc").display().to_string())]);
    let mail = mails.next_with("Subject: PROBLEM: pbx1: SIP OPTIONS over TCP is CRITICAL");
    for text in [
        "To: anna@localhost",
        "connection refused by 127.0.0.1:",
        "advice: ",
        "target: 127.0.0.1, port ",
        "started: 20",
        "authentication: none",
    ] {
        assert!(mail.contains(text), "no {text:?} in {mail}");
    }
}

#[test]
fn a_part_that_nobody_needs_may_be_deleted() {
    if !nrpe::installed(&[NAGIOS]) {
        return;
    }
    let scratch = Recorded::new();
    let routers = read("integrations/nagios/routers.cfg");
    for gone in [&["over TLS"][..], &["agent", "an agent"], &["the directory"]] {
        let parts = routers.split("\n# --- ").filter(|part| gone.iter().all(|gone| !heading(part).contains(gone)));
        let left = parts.collect::<Vec<_>>().join("\n# --- ");
        assert!(left.len() < routers.len(), "no part {gone:?}");
        let said = verify(&configure(&scratch, &left));
        assert!(said.contains("Total Warnings: 0\nTotal Errors:   0\n"), "without {gone:?}: {said}");
    }
}

#[test]
fn a_dependency_stays_on_its_own_host() {
    if !nrpe::installed(&[NAGIOS]) {
        return;
    }
    let scratch = Recorded::new();
    let routers = read("integrations/nagios/routers.cfg") + &host("cas2.example.com", "");
    let main = configure(&scratch, &routers);
    nagios(&["-vp"], &main);
    let objects = fs::read_to_string(scratch.path("var/objects.precache")).unwrap();
    let dependencies: Vec<_> = blocks(&objects, "define servicedependency {", '\t').collect();
    let dependent = services().filter(|check| check.depends_on.is_some()).count();
    assert_eq!(dependencies.len(), 2 * dependent);
    for dependency in dependencies {
        assert_eq!(dependency["host_name"], dependency["dependent_host_name"]);
        let child = services().find(|check| check.title == dependency["dependent_service_description"]).unwrap();
        let parent = services().find(|check| Some(check.name) == child.depends_on).unwrap();
        assert_eq!(dependency["service_description"], parent.title);
    }
}

#[test]
fn nothing_is_called_what_nagios_forbids() {
    for file in ["commands.cfg", "templates.cfg", "routers.cfg", "sip-servers.cfg"] {
        for line in read(&format!("integrations/nagios/{file}")).lines().filter(|line| line.starts_with("    ")) {
            let (directive, value) = line.trim().split_once(' ').unwrap_or((line, ""));
            let is_name = directive.ends_with("name") || directive.contains("description") || directive == "use";
            let illegal = if is_name { ILLEGAL_IN_NAMES } else { ";" };
            assert!(!value.contains(|c| illegal.contains(c)), "{file}: {line}");
        }
    }
}

#[test]
fn every_result_arrives_as_the_plugin_printed_it() {
    if !nrpe::installed(&[NAGIOS]) {
        return;
    }
    let scratch = Recorded::new();
    let (Some(healthy), Some(failing)) = (Site::healthy(&scratch), Site::failing(&scratch)) else { return };
    let sample = read("integrations/nagios/routers.cfg");
    let (head, _) = sample.split_once("\ndefine host {").unwrap();
    let objects = sample.rsplit_once("\ndefine host {").unwrap().1.split_once("}\n").unwrap().1;
    let hosts = [&healthy, &failing].map(|site| host(site.name, &variables(site))).concat();
    let daemon = Daemon::start(&configure(&scratch, &format!("{head}\n{hosts}{objects}")));

    let results = daemon.results(&scratch, 2 * services().count());
    for site in [healthy, failing] {
        for check in services() {
            let result =
                results.iter().find(|one| one["host_name"] == site.name && one["service_description"] == check.title);
            assert_same(result.unwrap(), &scratch.run(check.plugin, &site.mark(check)), check);
        }
    }
    assert_states(&results);
    assert_perfdata_file(&results, &scratch);
}

/// The state, the text, the long output and the perfdata are the plugin's.
fn assert_same(result: &Block, run: &Run, check: &ScheduledService) {
    let (first, long) = run.stdout.split_once('\n').unwrap();
    let (text, perfdata) = first.split_once(" | ").unwrap_or((first, ""));
    assert_eq!(result["current_state"], run.code.to_string(), "{}: {run:?}", check.name);
    // Nagios shows each semicolon of the text as a colon, which it needs for itself; the long output keeps its own.
    assert_eq!(result["plugin_output"], text.replace(';', ":"), "{}", check.name);
    assert_eq!(result["performance_data"], perfdata, "{}", check.name);
    assert_eq!(unescaped(&result["long_plugin_output"]), long.trim_end_matches('\n'), "{}", check.name);
    assert!(!text.contains(|c| ILLEGAL_IN_OUTPUT.contains(c)), "a notification lacks some of {text:?}");
    assert_eq!(result["check_command"], check.name);
    let rhythm = [&result["check_interval"], &result["retry_interval"], &result["max_attempts"]]
        .map(|value| value.parse::<f64>().unwrap());
    assert_eq!(rhythm, [check.interval, check.retry, check.attempts].map(f64::from), "{}", check.name);
}

/// The failing router turns what it should, the healthy one nothing.
fn assert_states(results: &[Block]) {
    let state = |host: &str, name: &str| {
        let title = services().find(|check| check.name == name).unwrap().title;
        let result = results.iter().find(|one| one["host_name"] == host && one["service_description"] == title);
        result.unwrap()["current_state"].clone()
    };
    for (check, failing) in [
        ("um-call-router", "2"),
        ("um-sip-options", "2"),
        ("um-sip-options-tls", "0"),
        ("um-call-routing", "2"),
        ("um-cert-expiry", "2"),
        ("um-service", "2"),
        ("um-reject-rate", "2"),
        ("um-missed-call-proxy", "2"),
        ("um-app-pool", "2"),
        ("um-health-set", "2"),
        ("um-events", "1"),
        ("um-ad-ds", "2"),
    ] {
        assert_eq!((state("healthy", check).as_str(), state("failing", check).as_str()), ("0", failing), "{check}");
    }
}

/// What PNP and its kin read is the plugin's perfdata, too.
fn assert_perfdata_file(results: &[Block], scratch: &Recorded) {
    let file = fs::read_to_string(scratch.path("var/service-perfdata")).unwrap();
    for result in results.iter().filter(|result| !result["performance_data"].is_empty()) {
        let fields = ["host_name", "service_description", "performance_data"].map(|field| result[field].as_str());
        assert!(file.contains(&fields.join("\t")), "{fields:?} is not in {file}");
    }
}

/// What a user would write into the host.
fn variables(site: &Site) -> String {
    let options = |check: &ScheduledService| match check.name {
        "um-sip-options" => "-w 5 -c 8",
        "um-sip-options-tls" => "-w 5",
        "um-call-routing" => "-u sip:5000@127.0.0.1 -w 5 -c 8",
        "um-cert-expiry" => "-w 30 -c 14",
        "um-ad-ds" => "-H 127.0.0.1 -w 5 -c 8",
        _ => "",
    };
    let own = services().filter_map(|check| Some((check, site.port(check)?)));
    let own = own.map(|(check, port)| format!("{} -p {port} {}\n", variable(check), options(check)));
    let whole = format!("_UM_CALL_ROUTER --tcp-port {} --only sip_options\n", site.tcp);
    let (ca, nrpe) = (&site.ca, site.agent.port);
    format!("{}{whole}_UM_TLS --tls-name localhost --ca-file {ca}\n_UM_NRPE -p {nrpe}\n", own.collect::<String>())
}

fn host(name: &str, variables: &str) -> String {
    format!(
        "define host {{\nuse um-call-router\nhost_name {name}\naddress 127.0.0.1\nhostgroups um-call-routers,um-call-routing,um-call-routers-whole\n{variables}}}\n"
    )
}

/// The main configuration: the distribution's own objects, the committed files, and these routers.
fn configure(scratch: &Recorded, routers: &str) -> PathBuf {
    for part in ["var/rw", "var/checkresults", "var/archives", "conf.d"] {
        fs::create_dir_all(scratch.path(part)).unwrap();
    }
    for file in ["commands.cfg", "templates.cfg"] {
        fs::write(scratch.path("conf.d").join(file), read(&format!("integrations/nagios/{file}"))).unwrap();
    }
    fs::write(scratch.path("conf.d/routers.cfg"), routers).unwrap();
    fs::write(scratch.path("resource.cfg"), format!("$USER1$={}\n", scratch.plugins())).unwrap();
    let check_nrpe = scratch.path("plugins/check_nrpe");
    if !check_nrpe.exists() {
        std::os::unix::fs::symlink(nrpe::CHECK_NRPE, check_nrpe).unwrap();
    }
    let main = include_str!("fixtures/peers/nagios.cfg")
        .replace("@DIR@", scratch.path("").to_str().unwrap().trim_end_matches('/'))
        .replace("@USER@", &id("-un"))
        .replace("@GROUP@", &id("-gn"));
    let path = scratch.path("nagios.cfg");
    fs::write(&path, main).unwrap();
    path
}

/// Whoever runs the test runs the daemon.
fn id(option: &str) -> String {
    String::from_utf8(Command::new("id").arg(option).output().unwrap().stdout).unwrap().trim().to_owned()
}

fn verify(main: &Path) -> String {
    nagios(&["-v"], main)
}

fn nagios(options: &[&str], main: &Path) -> String {
    let ran = Command::new(NAGIOS).args(options).arg(main).output().unwrap();
    String::from_utf8_lossy(&ran.stdout).into_owned()
}

/// The daemon, ended when dropped.
struct Daemon {
    process: Child,
    main: PathBuf,
}

impl Daemon {
    fn start(main: &Path) -> Self {
        Self::start_with(main, &[])
    }

    /// The same with these variables in its environment.
    fn start_with(main: &Path, environment: &[(&str, &str)]) -> Self {
        let mut command = Command::new(NAGIOS);
        command.envs(environment.iter().copied());
        command.arg(main).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        Self { process: command.spawn().unwrap(), main: main.to_owned() }
    }

    /// What status.dat says of the services, once it has a result for `count` of them.
    fn results(&self, scratch: &Recorded, count: usize) -> Vec<Block> {
        let started = Instant::now();
        loop {
            let status = fs::read_to_string(scratch.path("var/status.dat")).unwrap_or_default();
            let mut results: Vec<_> = blocks(&status, "servicestatus {", '=').collect();
            results.retain(|result| result.get("has_been_checked").is_some_and(|checked| checked == "1"));
            if results.len() >= count {
                return results;
            }
            let waited = started.elapsed();
            assert!(waited < Duration::from_secs(30), "{} results: {}", results.len(), verify(&self.main));
            sleep(Duration::from_millis(50));
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // Asked to, it ends its workers, too.
        let _ = Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = support::wait(&mut self.process);
    }
}

/// Name and value of each line of one block.
type Block = BTreeMap<String, String>;

fn blocks<'a>(text: &'a str, begin: &'a str, separator: char) -> impl Iterator<Item = Block> + use<'a> {
    let inner = text.split(begin).skip(1).map(|rest| rest.split("\n\t}").next().unwrap_or_default());
    inner.map(move |block| {
        let lines = block.lines().filter_map(|line| line.trim_start().split_once(separator));
        lines.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    })
}

/// Nagios keeps all lines in one: a line end and a backslash have a backslash in front.
fn unescaped(text: &str) -> String {
    text.replace("\\\\", "\0").replace("\\n", "\n").replace('\0', "\\").trim_end_matches('\n').to_owned()
}

fn heading(part: &str) -> &str {
    part.lines().next().unwrap_or_default()
}

fn read(name: &str) -> String {
    fs::read_to_string(support::root().join(name)).unwrap()
}

const NAGIOS: &str = "/usr/sbin/nagios4";
/// The stock configuration's illegal_object_name_chars.
const ILLEGAL_IN_NAMES: &str = "`~!$%^&*|'\"<>?,()=";
/// Its illegal_macro_output_chars, which a notification loses. The quotes are not here: a name reads the same without.
const ILLEGAL_IN_OUTPUT: &str = "`~$&|<>";
