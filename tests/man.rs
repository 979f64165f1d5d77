//! Are the man pages those of the plugins as they are? Generated from the same option definitions, compared, linted.
//!
//! `UPDATE_MAN=1 cargo test --test man` writes them anew.

#![allow(clippy::unwrap_used, reason = "a test fails by panic")]
#![allow(clippy::print_stdout, reason = "a test that cannot ask its question says so")]
#![allow(dead_code, reason = "of a plugin's source only its options are used here")]

#[path = "support/plugins.rs"]
mod plugins;
mod support;

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use check_um::report::Policy;
use clap_mangen::Man;
use plugins::Plugin;

#[test]
fn every_page_is_that_of_its_plugin() {
    for plugin in plugins::all() {
        let path = path(&plugin);
        let page = page(&plugin);
        if std::env::var_os("UPDATE_MAN").is_some() {
            fs::write(&path, &page).unwrap();
        }
        let committed = fs::read_to_string(&path).unwrap_or_default();
        assert!(page == committed, "{} is out of date: UPDATE_MAN=1 cargo test --test man", path.display());
    }
}

#[test]
fn mandoc_finds_nothing_to_complain_about() {
    for plugin in plugins::all() {
        let Ok(lint) = Command::new("mandoc").args(["-T", "lint", "-W", "warning"]).arg(path(&plugin)).output() else {
            assert!(std::env::var_os("CHECK_UM_REQUIRE_PEERS").is_none(), "mandoc is not installed");
            println!("mandoc is not installed: the pages are not linted");
            return;
        };
        assert!(lint.status.success(), "{}", String::from_utf8_lossy(&lint.stdout));
    }
}

fn path(plugin: &Plugin) -> PathBuf {
    support::root().join(format!("man/{}.1", plugin.about.name))
}

/// Options, classes and exit codes from the source; states, metrics, examples and notes from `man/sections/`.
fn page(plugin: &Plugin) -> String {
    let name = plugin.about.name;
    let source = concat!("check-um ", env!("CARGO_PKG_VERSION"));
    let man = Man::new(plugin.command.clone()).date(DATE).source(source).manual("Monitoring plugins");
    let mut generated = Vec::new();
    man.render_title(&mut generated).unwrap();
    man.render_name_section(&mut generated).unwrap();
    man.render_synopsis_section(&mut generated).unwrap();
    man.render_description_section(&mut generated).unwrap();
    man.render_options_section(&mut generated).unwrap();

    // A break beside a blank line does nothing, and mandoc warns of it.
    let mut page =
        String::from_utf8(generated).unwrap().replace(".br\n\n.br\n", ".sp\n").replace(".br\n.sp\n.br\n", ".sp\n");
    page.push_str(&classes(plugin));
    page.push_str(EXIT_STATUS);
    let sections = support::root().join(format!("man/sections/{name}.roff"));
    page.push_str(&fs::read_to_string(&sections).unwrap_or_else(|error| panic!("{}: {error}", sections.display())));
    page.push_str(&see_also(name));
    page
}

fn classes(plugin: &Plugin) -> String {
    let policy = Policy::new(plugin.about.defaults.to_vec());
    let mut section = String::from(
        ".SH \"FAILURE CLASSES\"\n\
         What each kind of failure is worth unless\n.B \\-\\-state\nsays otherwise:\n.PP\n.PD 0\n",
    );
    for class in plugin.about.classes {
        let _ = writeln!(section, ".IP \\fB{}\\fR 32\n{}", class.name().replace('-', "\\-"), policy.state(*class));
    }
    section + ".PD\n"
}

fn see_also(name: &str) -> String {
    let others: Vec<_> = support::plugins().into_iter().filter(|other| other != name).collect();
    let mut section = String::from(".SH \"SEE ALSO\"\n");
    for (index, other) in others.iter().enumerate() {
        let _ = writeln!(section, ".BR {other} (1){}", if index + 1 < others.len() { "," } else { "" });
    }
    section
        + ".UR https://www.monitoring\\-plugins.org/doc/guidelines.html\nMonitoring Plugins Development Guidelines\n.UE\n"
}

/// The date of the last change of an interface; it stands at the foot of every page.
const DATE: &str = "2026-11-23";

const EXIT_STATUS: &str = r#".SH "EXIT STATUS"
.PD 0
.IP 0 4
OK
.IP 1 4
WARNING
.IP 2 4
CRITICAL
.IP 3 4
UNKNOWN: the question could not be put or answered; also bad arguments, \fB\-\-help\fR, \fB\-\-version\fR, a signal and an internal error
.PD
.PP
Nothing is ever written to standard error.
A result that cannot be written to standard output is never reported as OK.
"#;
