//! Do Icinga's files and their README hold all that there is, and nothing that Icinga would take for something else?

use check_um::checks::schedule::ScheduledService;
use check_um_generate::icinga2::{GRACE, command_name, commands, facts, quoted, services};
use check_um_generate::options::options;
use check_um_generate::register::{self, plugins};
use check_um_generate::sip_server;

use super::committed;

#[test]
fn a_text_cannot_leave_its_quotes() {
    assert_eq!(quoted(r#"NAME\TARGET "x""#), r#""NAME\\TARGET \"x\"""#);
}

#[test]
fn every_option_is_an_argument_but_those_of_other_readers() {
    let text = commands::text();
    for plugin in plugins() {
        let name = command_name(plugin.about.name);
        for option in options(plugin.command) {
            let variable = format!("${name}_{}$", option.underscored());
            let is_foreign = commands::FOREIGN.contains(&option.long.as_str());
            assert_eq!(text.contains(&variable), !is_foreign, "{name}: --{}", option.long);
        }
    }
}

#[test]
fn the_host_is_asked_unless_something_else_was_named() {
    let text = commands::text();
    assert!(text.contains(r#"set_if = {{ !macro("$um_ad_ds_domain$") }}"#));
    assert!(text.contains(r#"set_if = {{ !macro("$um_cert_expiry_file$")"#));
    assert!(!text.contains("vars.um_reject_rate_hostname"), "which of a source's hosts is not for Icinga to guess");
}

#[test]
fn notes_hold_no_macro() {
    for plugin in plugins() {
        let notes = services::notes(&plugin);
        assert!(!notes.contains('$') && !notes.contains('\n'), "{}: {notes}", plugin.about.name);
    }
}

#[test]
fn the_readme_names_every_fact_and_no_other() {
    let readme = readme();
    let rows: Vec<_> = readme.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next()).collect();
    let facts = facts::all();
    let keys = facts.iter().map(|fact| &*fact.key).chain(register::services().map(|check| check.name));
    let of_sip_servers = sip_server::FACTS.iter().map(|fact| fact.key);
    let keys = keys.chain(of_sip_servers).chain(sip_server::SERVICES.iter().map(|service| service.name));
    assert_eq!(rows, keys.collect::<Vec<_>>(), "integrations/icinga2/README.md: first the facts, then the checks");
}

#[test]
fn the_readme_tells_the_timing_of_every_check() {
    let readme = readme();
    for ScheduledService { name, interval, attempts, timeout, .. } in register::services() {
        let failures = if *attempts == 1 { "1 failure".to_owned() } else { format!("{attempts} failures") };
        let ending = format!("| {interval} min | {failures} | {timeout} s, {} s |", timeout + GRACE);
        let row = readme.lines().find(|line| line.starts_with(&format!("| `{name}` |"))).unwrap_or_default();
        assert!(row.ends_with(&ending), "integrations/icinga2/README.md: {row}: expected {ending}");
    }
}

fn readme() -> String {
    committed("icinga2/README.md")
}
