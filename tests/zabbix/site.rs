//! What do the checks find? Everything that they ask on one loopback host, well or ailing, and the macros that say where it is.

use check_um::checks::schedule::Service;
use std::collections::BTreeMap;
use std::net::{Shutdown, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::{Duration, SystemTime};
use std::{fs, io, thread};

use tempfile::TempDir;

#[path = "../../examples/call_router/counters.rs"]
mod counters;
#[path = "../../examples/call_router/directory.rs"]
mod directory;
#[path = "../../examples/call_router/router.rs"]
mod router;

use router::{Behaviour, Router, Settings};

use crate::support::fixture;
use crate::support::peer::Peer;
use check_um_generate::zabbix::command::argv;
use check_um_generate::zabbix::template::{self, VANTAGES};
use check_um_generate::zabbix::yaml::Node;

/// A Call Router and what it depends on.
pub struct Site {
    /// What is set at the host; the templates say the rest.
    pub macros: BTreeMap<String, String>,
    directory: TempDir,
}

impl Site {
    /// All is well.
    pub fn healthy() -> Self {
        Self::new([Behaviour::Healthy; 2], true, &counters::log(10, 3), "powershell7-single-healthy.json", NO_EVENTS)
    }

    /// 503 to every request, a certificate near its expiry, most calls rejected, a disabled pool, an ailing directory.
    pub fn failing() -> Self {
        let behaviours = [Behaviour::Unavailable, Behaviour::CertificateNearExpiry];
        Self::new(behaviours, false, &counters::log(60, 5), "report-unhealthy.json", EVENTS)
    }

    /// Nobody is there, nothing can be read.
    pub fn gone() -> Self {
        let mut site = Self::new([Behaviour::Refused; 2], true, "", "powershell7-single-healthy.json", NO_EVENTS);
        for check in ["um-health-set", "um-events"] {
            site.set("OPTION", check, "--file=/nonexistent/check-um".to_owned());
        }
        let port = crate::support::peer::closed_port();
        site.set("PORT", "um-ad-ds", port);
        site
    }

    /// A host at which nothing is set.
    pub fn plain() -> Self {
        Self { macros: BTreeMap::new(), directory: tempfile::tempdir().unwrap() }
    }

    fn new([sip, served]: [Behaviour; 2], is_synchronized: bool, log: &str, health: &str, events: &str) -> Self {
        let start = |behaviour| Router::start(&Settings { behaviour, ..Settings::default() }).unwrap();
        let (sip, served) = (start(sip), start(served));
        let directory = tempfile::tempdir().unwrap();
        let path = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
        fs::write(path("sip.pem"), &sip.certificates.ca).unwrap();
        fs::write(path("served.pem"), &served.certificates.ca).unwrap();
        fs::write(path("counters.csv"), log).unwrap();
        fs::copy(fixture(&format!("events/{events}")), path("events.xml")).unwrap();
        // The window of a file ends when it was written: in the hour of the events in it.
        let recorded = SystemTime::UNIX_EPOCH + Duration::from_secs(RECORDED);
        fs::File::options().write(true).open(path("events.xml")).and_then(|file| file.set_modified(recorded)).unwrap();

        let mut site = Self { macros: BTreeMap::new(), directory };
        let directory = directory::start(is_synchronized).unwrap();
        for (check, port) in [
            ("um-sip-options", sip.tcp.port()),
            ("um-sip-options-tls", sip.tls.port()),
            ("um-cert-expiry", served.tls.port()),
            ("um-ad-ds", directory.port()),
        ] {
            site.set("PORT", check, port.to_string());
        }
        for (check, option) in [
            ("um-sip-options-tls", format!("--ca-file={}", site.path("sip.pem"))),
            ("um-cert-expiry", format!("--ca-file={}", site.path("served.pem"))),
            ("um-health-set", format!("--file={}", fixture(&format!("health/{health}")))),
            ("um-events", format!("--file={}", site.path("events.xml"))),
        ] {
            site.set("OPTION", check, option);
        }
        let log = site.path("counters.csv");
        site.macros.insert("{$UM.COUNTERS}".to_owned(), format!("csv:{log}"));
        site
    }

    /// A file of it.
    pub fn path(&self, name: &str) -> String {
        self.directory.path().join(name).to_str().unwrap().to_owned()
    }

    /// Sets a macro of one check.
    pub fn set(&mut self, name: &str, check: &str, value: String) {
        self.macros.insert(format!("{{$UM.{name}:{check}}}"), value);
    }

    /// The port at which a check finds what it asks.
    pub fn port(&self, check: &str) -> u16 {
        self.macros[&format!("{{$UM.PORT:{check}}}")].parse().unwrap()
    }

    /// What Zabbix makes of the macros in `text`: the host's, else the template's, each with its context or else without.
    pub fn resolve(&self, check: &Service, text: &str) -> String {
        let macros = template(check).list("macros").iter();
        let defaults: BTreeMap<_, _> = macros.map(|known| (known.text("macro"), known.text("value"))).collect();
        let mut resolved = text.replace("{HOST.CONN}", "127.0.0.1");
        while let Some(from) = resolved.find("{$") {
            let to = from + resolved[from..].find('}').unwrap() + 1;
            let name = resolved[from..to].to_owned();
            let bare = name.split_once(':').map_or(name.clone(), |(bare, _)| format!("{bare}}}"));
            let known = |name: &str| {
                self.macros.get(name).cloned().or_else(|| defaults.get(name).map(|value| (*value).to_owned()))
            };
            let value = known(&name).or_else(|| known(&bare)).unwrap_or_else(|| panic!("{name} is not defined"));
            resolved.replace_range(from..to, &value);
        }
        resolved
    }

    /// The arguments of a check here.
    pub fn argv(&self, check: &Service) -> Vec<String> {
        argv(check).iter().map(|word| self.resolve(check, word)).collect()
    }
}

/// One port behind which one of two routers answers.
pub struct Switch {
    peer: Peer,
    fails: Arc<AtomicBool>,
}

impl Switch {
    /// The healthy one answers at first.
    pub fn between(healthy: u16, failing: u16) -> Self {
        let fails = Arc::<AtomicBool>::default();
        let switch = Arc::clone(&fails);
        let peer = Peer::tcp(move |stream| {
            let port = if switch.load(Ordering::SeqCst) { failing } else { healthy };
            let Ok(router) = TcpStream::connect(("127.0.0.1", port)) else { return };
            let (mut asked, mut answered) = (stream.try_clone().unwrap(), router.try_clone().unwrap());
            let back = thread::spawn(move || io::copy(&mut answered, &mut &stream));
            // The router hangs up when its peer does, which ends the other direction.
            let _ = io::copy(&mut asked, &mut &router);
            let _ = router.shutdown(Shutdown::Write);
            let _ = back.join();
        });
        Self { peer, fails }
    }

    /// From now on, who answers.
    pub fn fail(&self, fails: bool) {
        self.fails.store(fails, Ordering::SeqCst);
    }

    /// Its port.
    pub fn port(&self) -> String {
        self.peer.port()
    }
}

/// The template of a check; to make one takes a while.
pub fn template(check: &Service) -> &'static Node {
    static TEMPLATES: LazyLock<Vec<Node>> = LazyLock::new(|| VANTAGES.map(template::template).into());
    let at = VANTAGES.iter().position(|vantage| *vantage == check.vantage).unwrap();
    &TEMPLATES[at]
}

const EVENTS: &str = "wevtutil-three-calls-rejected.xml";
const NO_EVENTS: &str = "wevtutil-root-no-events.xml";

/// 2026-11-23T17:00:00Z, when the recorded events were exported.
const RECORDED: u64 = 1_795_453_200;
