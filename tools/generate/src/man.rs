//! What does a man page say? Options, classes and exit codes from the source; the rest is written by hand.

use std::fmt::Write;
use std::io;

use check_um::door::report::Policy;
use clap_mangen::Man;

use crate::register::{Plugin, plugins, version};
use crate::{File, read};

/// The pages.
pub fn files() -> io::Result<Vec<File>> {
    plugins().iter().map(|plugin| Ok(File { path: path(plugin.about.name), content: page(plugin)? })).collect()
}

/// The place of a plugin's page.
pub fn path(plugin: &str) -> String {
    format!("man/{plugin}.1")
}

/// Options, classes and exit codes from the source; states, metrics, examples and notes from `man/sections/`.
fn page(plugin: &Plugin) -> io::Result<String> {
    let name = plugin.about.name;
    let source = format!("check-um {}", version());
    let man = Man::new(plugin.command.clone()).date(DATE).source(source).manual("Monitoring plugins");
    let mut generated = Vec::new();
    man.render_title(&mut generated)?;
    man.render_name_section(&mut generated)?;
    generated.extend(synopsis(plugin).into_bytes());
    man.render_description_section(&mut generated)?;
    man.render_options_section(&mut generated)?;

    // A break beside a blank line does nothing, and mandoc warns of it.
    let generated = String::from_utf8_lossy(&generated);
    let mut page = generated.replace(".br\n\n.br\n", ".sp\n").replace(".br\n.sp\n.br\n", ".sp\n");
    page.push_str(&classes(plugin));
    page.push_str(EXIT_STATUS);
    page.push_str(&read(&format!("man/sections/{name}.roff"))?);
    page.push_str(&see_also(name));
    Ok(page)
}

/// Each way to call it on a line of its own: names of options in bold, what is to be filled in in italics.
fn synopsis(plugin: &Plugin) -> String {
    let mut section = String::from(".SH SYNOPSIS\n");
    for (index, way) in plugin.usage.iter().enumerate() {
        let words = way.split(' ').map(|word| {
            let bare = word.trim_matches(['[', ']', '(', ')']);
            let is_to_fill_in = bare.chars().all(|c| c.is_ascii_uppercase() || c == '\\');
            let font = if is_to_fill_in {
                'I'
            } else if bare.starts_with('-') {
                'B'
            } else {
                'R'
            };
            word.replace(bare, &format!("\\f{font}{}\\fR", bare.replace('\\', "\\e").replace('-', "\\-")))
        });
        let line = words.collect::<Vec<_>>().join(" ");
        let _ = writeln!(section, "{}\\fB{}\\fR {line}", if index > 0 { ".br\n" } else { "" }, plugin.about.name);
    }
    section
}

fn classes(plugin: &Plugin) -> String {
    let policy = Policy::new(plugin.about.defaults.to_vec());
    let mut section = String::from(
        ".SH \"FAILURE CLASSES\"\n\
         What each kind of failure is worth unless\n.B \\-\\-state\nsays otherwise:\n.PP\n.PD 0\n",
    );
    for class in plugin.about.classes() {
        let _ = writeln!(section, ".IP \\fB{}\\fR 32\n{}", class.name().replace('-', "\\-"), policy.state(class));
    }
    section + ".PD\n"
}

fn see_also(name: &str) -> String {
    let others: Vec<_> = plugins().into_iter().map(|plugin| plugin.about.name).filter(|other| *other != name).collect();
    let mut section = String::from(".SH \"SEE ALSO\"\n");
    for (index, other) in others.iter().enumerate() {
        let _ = writeln!(section, ".BR {other} (1){}", if index + 1 < others.len() { "," } else { "" });
    }
    section
        + ".UR https://www.monitoring\\-plugins.org/doc/guidelines.html\nMonitoring Plugins Development Guidelines\n.UE\n"
}

/// The date of the last change of an interface; it stands at the foot of every page.
const DATE: &str = "2026-11-27";

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
