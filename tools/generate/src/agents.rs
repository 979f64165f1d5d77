//! What does an agent need to know to run the health set? Fixed command lines for NRPE, NSClient++ and SNClient.

use std::io;

use check_um::checks::schedule::{Elsewhere, ScheduledService, Vantage};

use crate::register::services;
use crate::timeouts::{self, AGENT, SCRIPT};
use crate::{File, marks};

/// Everything generated below `agents/`: its README only between two marks.
pub fn files() -> io::Result<Vec<File>> {
    let file = |name: &str, content: String| File { path: format!("agents/{name}"), content };
    Ok(vec![
        file("nrpe.cfg", nrpe()),
        file("nsclient.ini", windows(NSCLIENT, "")),
        file("snclient.ini", windows(SNCLIENT, &SNCLIENT_TIMEOUT.replace("{timeout}", &AGENT.to_string()))),
        marks::fill("agents/README.md", &[("who waits for whom", timeouts::table())])?,
    ])
}

/// For a host beside the routers: what is asked over the network as it is, what only the server knows from an exporter
/// or a file that the server sends.
fn nrpe() -> String {
    let mut text = NRPE.replace("{timeout}", &SCRIPT.to_string());
    for check in services() {
        let words = words(check) + &unix_source(check);
        let line = format!("command[{}]=/usr/lib/nagios/plugins/{}{words}\n", check.name, check.plugin);
        text += &match check.vantage {
            Vantage::Call => format!("{CALL}#{line}\n"),
            Vantage::Whole => format!("{WHOLE}#{line}\n"),
            _ => line,
        };
    }
    text
}

/// Whom a check on another host asks.
fn unix_source(check: &ScheduledService) -> String {
    let asks = match check.vantage {
        Vantage::Network | Vantage::Tls => " -H cas1.example.com",
        Vantage::Call => " -H cas1.example.com -u sip:5000@cas1.example.com",
        Vantage::Directory => " --domain example.com",
        Vantage::Whole => " -H cas1.example.com --extra-opts=@/etc/nagios/cas1.ini",
        Vantage::Agent => "",
    };
    let reads = match check.elsewhere {
        Elsewhere::Same => String::new(),
        Elsewhere::Counters => " --counters prometheus:http://cas1.example.com:9182/metrics".to_owned(),
        Elsewhere::Export { file, max_age, .. } => format!(" --file /var/lib/check-um/{file} --max-age {max_age}"),
        Elsewhere::Exporter => " --source prometheus:http://cas1.example.com:9182/metrics".to_owned(),
    };
    asks.to_owned() + &reads
}

/// The file of the server's own agent: where it goes, and what this agent sets beside what both have in common.
fn windows(place: &str, own: &str) -> String {
    let settings = WINDOWS.replace("{own}", own).replace("{timeout}", &SCRIPT.to_string());
    place.to_owned() + &settings + &windows_commands()
}

/// The commands of the server's own agent. An ini file knows no escape: neither `;` nor `%` nor `$` may be in one.
fn windows_commands() -> String {
    let own = |vantage: Vantage| services().filter(move |check| check.vantage == vantage);
    let command = |check: &ScheduledService| {
        format!("{} = \"C:\\Program Files\\check-um\\{}.exe\"{}\n", check.name, check.plugin, words(check))
    };
    let whole =
        own(Vantage::Whole).map(|check| format!("{WHOLE_HERE};{} -H cas1.example.com\n", command(check).trim_end()));
    own(Vantage::Agent).map(command).chain(whole).collect()
}

/// The options of the table, each with a blank in front.
fn words(check: &ScheduledService) -> String {
    let arguments = check.arguments.iter().map(|(option, value)| format!(" {option} {value}"));
    format!(" -t {}", check.timeout) + &arguments.collect::<String>()
}

const NRPE: &str = "\
# The health set UM.CallRouter on a host beside the Call Router that runs NRPE: /etc/nagios/nrpe.d/check_um.cfg.
# Put your router in the place of cas1.example.com, and leave out what you do not want to be asked from here.
#
# Nothing is taken from the caller: these lines work where NRPE is built without command arguments, as Debian's is.
# Service and counters come from windows_exporter, the two files from the server; README.md says how.

command_timeout={timeout}

";

const CALL: &str = "
# Only where this host is a UM IP gateway: the router counts a stranger's call as rejected.
";

const WHOLE: &str = "
# What of these can be asked from here, in one run in place of them: what the router is asked by, and each check's options, stand
# in the file. In the startup modes TLS and Dual each run is five TLS connections.
";

const WHOLE_HERE: &str = "
; All of these, and SIP as this server reaches it, in one run in place of them: by the name of this server. Whether others reach
; it is seen from where they are only.
";

const NSCLIENT: &str = "\
; The health set UM.CallRouter on the Exchange server, run by NSClient++: add this to its nsclient.ini.
";

const SNCLIENT: &str = "\
; The health set UM.CallRouter on the Exchange server, run by SNClient: save this as snclient_local_check_um.ini beside
; its snclient.ini, which includes it.
";

const SNCLIENT_TIMEOUT: &str = "\
; Above that of the scripts, or the connection is gone before they have ended.
timeout = {timeout}
";

const WINDOWS: &str = r";
; Nothing is taken from the caller: arguments stay forbidden in both places. Options are for this file to say, behind the
; command; a command must have no semicolon in it, and a path with blanks needs double quotes.

[/modules]
CheckExternalScripts = enabled
NRPEServer = enabled

[/settings/default]
; Your monitoring host.
allowed hosts = 192.0.2.5
{own}
[/settings/NRPE/server]
allow arguments = false

[/settings/external scripts]
allow arguments = false
timeout = {timeout}

[/settings/external scripts/scripts]
";
