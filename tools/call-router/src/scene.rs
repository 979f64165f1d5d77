//! What does a check find, and what must come of it? One run against the simulated router, staged on loopback.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use time::OffsetDateTime;

use crate::nameserver::{self, Manner, Nameserver};
use crate::router::{Behaviour, Router, Settings};
use crate::{counters, directory, exporter};

/// One run of a check. In the arguments stand places:
///
/// - `{tcp}` and `{tls}` are the router's ports; `{ca}`, `{client}` and `{client-key}` the files that go with its certificate;
/// - `{dns}` is a nameserver by which example.com has two SIP servers, a dead one to be tried first and the router, and two
///   domain controllers, one of them dead;
/// - `{good-dc}` and `{bad-dc}` are ports of domain controllers, the second one not synchronized;
/// - `{good-log}`, `{bad-log}` and `{starting-log}` are counters of the last hour: few calls rejected and a pool that runs,
///   many and one that is disabled, few and one that is not there yet;
/// - `{running}`, `{disabled}` and `{stopped}` are pages of windows_exporter on which the service is in that state;
/// - `{rejected}` are the events of three rejected calls, exported just now;
/// - `{ini}` is a file with a section for each check of which the router wants something said: whom it trusts, a domain
///   controller that is fit for work;
/// - `{recorded}` is a directory of recorded exports, written just now, `{nowhere}` a file that is not there.
#[derive(Clone, Copy, Debug)]
pub struct Scene {
    /// The plugin.
    pub plugin: &'static str,
    /// How the router behaves.
    pub router: Behaviour,
    /// The plugin's arguments.
    pub arguments: &'static str,
    /// The exit code.
    pub exit: i32,
    /// What the demo says above it; `None` where it does not show it.
    pub title: Option<&'static str>,
    /// The service that is in this condition.
    pub condition: Option<(&'static str, Condition)>,
}

/// How a service finds what it looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// All is well.
    Well,
    /// The question is answered, and the answer is bad.
    Failing,
    /// Nobody is there to answer it.
    Gone,
}

/// A scene that is on: what was started for it runs until the process ends, the nameserver until this is dropped.
#[derive(Debug)]
pub struct Staged {
    /// The plugin's arguments.
    pub arguments: Vec<String>,
    _nameserver: Option<Nameserver>,
}

impl Scene {
    /// A scene that neither the demo shows nor a scheduler asks for.
    pub const fn new(plugin: &'static str, router: Behaviour, arguments: &'static str, exit: i32) -> Self {
        Self { plugin, router, arguments, exit, title: None, condition: None }
    }

    /// The same, shown by the demo.
    pub const fn titled(self, title: &'static str) -> Self {
        Self { title: Some(title), ..self }
    }

    /// The same, as what the service finds when all is well.
    pub const fn well(self, service: &'static str) -> Self {
        Self { condition: Some((service, Condition::Well)), ..self }
    }

    /// The same, as what the service finds when something is wrong.
    pub const fn failing(self, service: &'static str) -> Self {
        Self { condition: Some((service, Condition::Failing)), ..self }
    }

    /// The same, as what the service finds when nobody answers.
    pub const fn gone(self, service: &'static str) -> Self {
        Self { condition: Some((service, Condition::Gone)), ..self }
    }

    /// Whether its output is the text that persons and most schedulers read.
    pub fn is_text(&self) -> bool {
        !self.arguments.contains("--output")
    }

    /// Starts whatever the arguments speak of, with files in `scratch`.
    pub fn stage(&self, scratch: &Path) -> Result<Staged, Box<dyn Error>> {
        let has_ini = self.arguments.contains("{ini}");
        // What stands in the file speaks of the same peers.
        let mut line = if has_ini { self.arguments.to_owned() + INI } else { self.arguments.to_owned() };
        let nameserver = self.stage_peers(&mut line, scratch)?;
        stage_files(&mut line, scratch)?;
        if let Some((arguments, sections)) = line.clone().split_once(INI_BEGINS) {
            line = arguments.to_owned();
            fill(&mut line, "{ini}", || write(scratch, "router.ini", sections))?;
        }
        Ok(Staged { arguments: line.split_whitespace().map(str::to_owned).collect(), _nameserver: nameserver })
    }

    /// Router, nameserver, domain controllers.
    fn stage_peers(&self, line: &mut String, scratch: &Path) -> Result<Option<Nameserver>, Box<dyn Error>> {
        let mut nameserver = None;
        if ["{tcp}", "{tls}", "{ca}", "{client}", "{client-key}", "{dns}"].iter().any(|place| line.contains(place)) {
            let router = Router::start(&Settings { behaviour: self.router, delay: SLOW, ..Settings::default() })?;
            fill(line, "{tcp}", || Ok(router.tcp.port().to_string()))?;
            fill(line, "{tls}", || Ok(router.tls.port().to_string()))?;
            let certificates = &router.certificates;
            fill(line, "{ca}", || write(scratch, "ca.pem", &certificates.ca))?;
            fill(line, "{client}", || write(scratch, "client.pem", &certificates.client))?;
            fill(line, "{client-key}", || write(scratch, "client-key.pem", &certificates.client_key))?;
            fill(line, "{dns}", || {
                let started = domain(router.tcp.port(), directory::start(true)?.port());
                let address = started.address.to_string();
                nameserver = Some(started);
                Ok(address)
            })?;
        }
        fill(line, "{good-dc}", || Ok(directory::start(true)?.port().to_string()))?;
        fill(line, "{bad-dc}", || Ok(directory::start(false)?.port().to_string()))?;
        for (place, state, start_mode) in
            [("{running}", "running", "auto"), ("{disabled}", "stopped", "disabled"), ("{stopped}", "stopped", "auto")]
        {
            let page = || Ok(format!("http://{}/metrics", exporter::start(&recorded(), state, start_mode)?));
            fill(line, place, page)?;
        }
        Ok(nameserver)
    }
}

fn stage_files(line: &mut String, scratch: &Path) -> Result<(), Box<dyn Error>> {
    fill(line, "{good-log}", || write(scratch, "good-log.csv", &counters::log(10, 3)))?;
    fill(line, "{bad-log}", || write(scratch, "bad-log.csv", &counters::log(60, 5)))?;
    fill(line, "{starting-log}", || write(scratch, "starting-log.csv", &counters::log(10, 1)))?;
    fill(line, "{rejected}", || {
        let events = fs::read_to_string(recorded().join("events/wevtutil-three-calls-rejected.xml"))?;
        // Of the server that the counters are of. The window of a file ends when it was written, and an old file is stale.
        let events = events.replace("ex2013.contoso.net", "cas1.contoso.net");
        write(scratch, "rejected.xml", &exported_now(&events))
    })?;
    fill(line, "{recorded}", || {
        for kind in ["health", "events"] {
            fs::create_dir_all(scratch.join(kind))?;
            for file in fs::read_dir(recorded().join(kind))? {
                let file = file?;
                // Not copied: Windows copies the age as well.
                fs::write(scratch.join(kind).join(file.file_name()), fs::read(file.path())?)?;
            }
        }
        Ok(scratch.to_string_lossy().into_owned())
    })?;
    fill(line, "{nowhere}", || Ok(scratch.join("nowhere").to_string_lossy().into_owned()))
}

/// Puts the value into its place, if there is one.
fn fill(
    line: &mut String,
    place: &str,
    value: impl FnOnce() -> Result<String, Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    if line.contains(place) {
        *line = line.replace(place, &value()?);
    }
    Ok(())
}

/// Writes a file; its path.
fn write(scratch: &Path, name: &str, text: &str) -> Result<String, Box<dyn Error>> {
    let path = scratch.join(name);
    fs::write(&path, text)?;
    Ok(path.to_string_lossy().into_owned())
}

/// Events of the day on which they were exported at 17:00, with the times that they would have were that now.
fn exported_now(events: &str) -> String {
    let exported = OffsetDateTime::now_utc();
    let day = format!("SystemTime='{EXPORTED_ON}T");
    let mut parts = events.split(&day);
    let mut moved = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (clock, rest) = part.split_at_checked("hh:mm:ss".len()).unwrap_or((part, ""));
        let seconds = clock.split(':').fold(0, |sum, number| sum * 60 + number.parse::<i64>().unwrap_or(0));
        let at = exported - time::Duration::seconds(EXPORTED_AT - seconds);
        let (date, (hour, minute, second)) = (at.date(), at.to_hms());
        moved += &format!("SystemTime='{date}T{hour:02}:{minute:02}:{second:02}{rest}");
    }
    moved
}

/// The files that the tests have recorded.
fn recorded() -> PathBuf {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap_or(Path::new("."));
    repository.join("tests/fixtures")
}

/// A nameserver that knows the domain example.com.
fn domain(sip: u16, ldap: u16) -> Nameserver {
    let (sip_servers, controllers) = ("_sip._tcp.example.com", "_ldap._tcp.dc._msdcs.example.com");
    let zone = vec![
        (sip_servers, nameserver::srv(0, 1, "cas1.example.com")),
        (sip_servers, nameserver::srv(10, sip, "cas2.example.com")),
        ("cas1.example.com", nameserver::a([127, 0, 0, 2])),
        ("cas2.example.com", nameserver::a([127, 0, 0, 1])),
        (controllers, nameserver::srv(0, ldap, "dc1.example.com")),
        (controllers, nameserver::srv(0, ldap, "dc2.example.com")),
        ("dc1.example.com", nameserver::a([127, 0, 0, 1])),
        // The controller listens on the first address only.
        ("dc2.example.com", nameserver::a([127, 0, 0, 2])),
    ];
    Nameserver::new(Manner::Plain, zone)
}

/// What stands between the arguments and the text of the file.
const INI_BEGINS: char = '\0';

const INI: &str = "\0[check_um_call_router]

[check_um_sip_options]
ca-file = {ca}

[check_um_cert_expiry]
ca-file = {ca}

[check_um_ad_ds]
hostname = 127.0.0.1
port = {good-dc}
";

/// Slow enough for a threshold, quick enough for a reader.
const SLOW: Duration = Duration::from_millis(300);

/// When the recorded events were exported: the day, and the second of it.
const EXPORTED_ON: &str = "2026-11-23";
const EXPORTED_AT: i64 = 17 * 3_600;
