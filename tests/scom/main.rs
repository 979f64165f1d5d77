//! Would System Center Operations Manager take our management packs, and do they say what the plugins say?
//!
//! Its own tools need Windows and a management group, so that the packs are judged here by what is publicly known of
//! them. The judge itself is judged: it must find every kind of defect in packs that were broken on purpose.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panic")]
#![allow(dead_code, reason = "of plugins and peers only a share is used here")]

mod bags;
mod broken;
mod expression;
mod model;
mod rules;
mod schema;
mod sealed;
#[path = "../support/mod.rs"]
mod support;
mod xml;

use std::process::Command;

use bags::REAL;
use check_um::checks::schedule::ScheduledService;
use check_um_generate::register::services;
use check_um_generate::sip_server;

/// The pack for agents on Windows.
const WINDOWS: &str = "CheckUm.CallRouter.xml";
/// The pack for agents on Linux.
const LINUX: &str = "CheckUm.CallRouter.Linux.xml";
/// The pack for agents on Linux that ask another SIP server.
const SIP_SERVER: &str = "CheckUm.SipServer.Linux.xml";
const PACKS: [&str; 3] = [WINDOWS, LINUX, SIP_SERVER];

#[test]
fn nothing_is_wrong_with_the_pack_for_windows() {
    assert_sound(WINDOWS);
}

#[test]
fn nothing_is_wrong_with_the_pack_for_linux() {
    assert_sound(LINUX);
}

#[test]
fn nothing_is_wrong_with_the_pack_for_sip_servers() {
    assert_sound(SIP_SERVER);
}

#[test]
fn the_pack_for_sip_servers_says_nothing_of_exchange() {
    let text = pack(SIP_SERVER);
    for word in ["Exchange", "UM.CallRouter", "UMCallRouter", "application pool", "Mailbox server", "startup mode"] {
        assert!(!text.contains(word), "{SIP_SERVER}: {:?}", text.lines().find(|line| line.contains(word)));
    }
    assert!(text.contains("Does the SIP service run"), "its own advice is not there");
}

#[test]
fn no_two_packs_share_an_id() {
    let packs = PACKS.map(|name| model::Pack::parse(&pack(name)).unwrap());
    let ids: Vec<_> = packs.iter().flat_map(|pack| pack.definitions()).map(xml::Node::id).collect();
    assert_eq!(ids.iter().collect::<std::collections::BTreeSet<_>>().len(), ids.len());
}

/// Nobody answers, and nobody is asked but this host: what counts is that no plugin refuses its options.
#[test]
fn every_command_line_is_one_that_its_plugin_takes() {
    let nowhere = format!("127.0.0.1:{}", support::port::closed_port());
    for name in PACKS {
        let document = model::Pack::parse(&pack(name)).unwrap();
        let workflows = document.of_kind("UnitMonitor").into_iter().chain(document.of_kind("Task"));
        for workflow in workflows {
            for command in rules::of_workflow(&document, workflow) {
                let is_domain = command.words.iter().any(|word| word == "--srv");
                let host = if is_domain { "example.com" } else { "127.0.0.1" };
                let mut words: Vec<_> =
                    command.words.iter().map(|word| word.replace("cas1.example.com", host)).collect();
                words.extend(["-t", "1"].map(str::to_owned));
                let more = match command.plugin.as_str() {
                    "check_um_call_routing" => vec!["-u", "sip:5000@127.0.0.1"],
                    "check_um_sip_options" if is_domain => vec!["--dns-server", &nowhere],
                    _ => vec![],
                };
                let ran = support::run_command(support::plugin(&command.plugin).args(&words).args(more));
                let is_elsewhere = ran.stdout.contains("only Windows has");
                let is_refused = !is_elsewhere && ran.stdout.contains(" --help)");
                assert!(!is_refused, "{}: {words:?}: {}", workflow.id(), ran.stdout);
            }
        }
    }
}

#[test]
fn a_pack_is_named_as_its_file() {
    for name in PACKS {
        // Operations Manager refuses an unsealed pack whose file is not called as its id.
        let pack = model::Pack::parse(&pack(name)).unwrap();
        assert_eq!(format!("{}.xml", pack.id()), name);
    }
}

#[test]
fn every_check_has_a_monitor_and_a_task_and_the_readme_names_it() {
    assert_names(WINDOWS, services());
    assert_names(SIP_SERVER, sip_server::services());
    let document = model::Pack::parse(&pack(WINDOWS)).unwrap();
    let monitors = document.of_kind("UnitMonitor");
    for plugin in support::plugins() {
        let is_run = monitors.iter().any(|monitor| rules::of_workflow(&document, monitor)[0].plugin == plugin);
        assert!(is_run, "no monitor runs {plugin}");
    }
}

fn assert_names(name: &str, services: impl Iterator<Item = &'static ScheduledService>) {
    let document = model::Pack::parse(&pack(name)).unwrap();
    let (monitors, tasks) = (document.of_kind("UnitMonitor"), document.of_kind("Task"));
    let services = services.count();
    assert_eq!((monitors.len(), tasks.len()), (services, services), "{name}");
    let (readme, strings) = (pack("README.md"), document.of_kind("DisplayString"));
    for monitor in &monitors {
        let title = strings.iter().find(|string| string.attribute("ElementID") == monitor.id()).unwrap();
        let configuration = |name: &str| monitor.text_at(&["Configuration", name]);
        let minutes: u32 = configuration("IntervalSeconds").parse::<u32>().unwrap() / 60;
        let every = if minutes < 60 { format!("{minutes} min") } else { format!("{} h", minutes / 60) };
        let row = format!(
            "| {} | `{}` | {every} | {} | {} |",
            title.text_at(&["Name"]),
            rules::of_workflow(&document, monitor)[0].plugin,
            configuration("MatchCount"),
            if monitor.attribute("Enabled") == "true" { "on" } else { "off" }
        );
        assert!(readme.contains(&row), "integrations/scom/README.md: no row {row}");
    }
}

#[test]
fn a_host_on_linux_is_told_its_server_by_the_first_line_of_the_file() {
    assert_told(LINUX, "/etc/check-um/call-router");
    assert_told(SIP_SERVER, "/etc/check-um/sip-server");
}

fn assert_told(name: &str, path: &str) {
    let pack = model::Pack::parse(&pack(name)).unwrap();
    let read = pack.of_kind("ProbeAction").into_iter().find(|module| module.id() == "Read").unwrap();
    let input = xml::Node::parse(read.text_at(&["Input"])).unwrap();
    let command = input.text_at(&["p:Command"]);
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("server");
    let command = command.replace(path, file.to_str().unwrap());
    assert!(command.contains(file.to_str().unwrap()), "{command}");
    let said = || String::from_utf8(Command::new("sh").args(["-c", &command]).output().unwrap().stdout).unwrap();
    // What is not there, or empty, makes no watcher.
    assert_eq!(said(), "");
    for (content, router) in [("", ""), ("cas1.example.com\n", "cas1.example.com"), ("cas1\r\ncas2\n", "cas1")] {
        std::fs::write(&file, content).unwrap();
        assert_eq!(said(), router, "{content:?}");
    }
}

#[test]
fn every_exit_code_lights_one_state_on_linux() {
    for name in [LINUX, SIP_SERVER] {
        assert_lit(&model::Pack::parse(&pack(name)).unwrap());
    }
}

fn assert_lit(pack: &model::Pack) {
    struct Code(i32);
    impl expression::Item for Code {
        fn select(&self, xpath: &str) -> Option<String> {
            (xpath == "//*[local-name()=\"ReturnCode\"]").then(|| self.0.to_string())
        }
    }
    for monitor in pack.of_kind("UnitMonitor") {
        let members = pack.members_of_monitor(monitor);
        // 126 and 127 when the program cannot be run, 137 when it was killed, -1 when there was no shell.
        for code in [-1, 0, 1, 2, 3, 126, 127, 137, 255] {
            let is_lit = |name: &&str| {
                let filter = members.iter().find(|member| member.id() == *name).unwrap();
                expression::holds(filter.child("Expression").unwrap(), &Code(code)).unwrap()
            };
            let lit: Vec<_> = ["FilterHealthy", "FilterWarning", "FilterError"].into_iter().filter(is_lit).collect();
            let expected = if code == 0 {
                "FilterHealthy"
            } else if code == 2 {
                "FilterError"
            } else {
                "FilterWarning"
            };
            assert_eq!(lit, [expected], "{} with {code}", monitor.id());
        }
    }
}

#[track_caller]
fn assert_sound(name: &str) {
    let problems = rules::problems(&pack(name), &REAL);
    assert!(problems.is_empty(), "{name}: {} problems:\n{}", problems.len(), problems.join("\n"));
}

/// A file of the integration.
fn pack(name: &str) -> String {
    let path = support::root().join("integrations/scom").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
