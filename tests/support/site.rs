//! What does a scheduler find to watch? A healthy Call Router and a failing one, with everything that the checks ask.
#![allow(dead_code, reason = "every integration test uses its share of this")]

use std::fs;
use std::path::Path;

use call_router::router::{Behaviour, Router, Settings};
use call_router::{counters, directory, exporter};
use check_um::checks::schedule::{ScheduledService, Vantage};

use crate::nrpe::Nrpe;
use crate::recorded::{Recorded, open_to_all};
use crate::support::fixture;

/// A router, and the directory and files that go with it.
pub struct Site {
    /// Its state, in a word that is part of every path.
    pub name: &'static str,
    /// Port of SIP over TCP.
    pub tcp: u16,
    /// Port of SIP over TLS, of a server with a certificate of `ca`.
    pub tls: u16,
    /// The file of the authority.
    pub ca: String,
    /// Port of a domain controller.
    pub directory: u16,
    /// The agent that runs the checks of the server itself.
    pub agent: Nrpe,
}

/// What is to be found there.
struct Findings {
    name: &'static str,
    /// Behind the TCP port, and behind the TLS port.
    routers: [Behaviour; 2],
    counters: String,
    health_set: &'static str,
    events: &'static str,
}

impl Site {
    /// All is well. `None`, and a note, where there is no NRPE.
    pub fn healthy(recorded: &Recorded) -> Option<Self> {
        let findings = Findings {
            name: "healthy",
            routers: [Behaviour::Healthy; 2],
            counters: counters::log(10, 3),
            health_set: "health/powershell7-single-healthy.json",
            events: "events/wevtutil-root-no-events.xml",
        };
        Self::start(recorded, findings)
    }

    /// 503 to every request, a certificate near its expiry, a disabled pool, most calls rejected.
    pub fn failing(recorded: &Recorded) -> Option<Self> {
        let findings = Findings {
            name: "failing",
            routers: [Behaviour::Unavailable, Behaviour::CertificateNearExpiry],
            counters: counters::log(60, 5),
            health_set: "health/powershell5-two-unhealthy.json",
            events: "events/wevtutil-three-calls-rejected.xml",
        };
        Self::start(recorded, findings)
    }

    fn start(recorded: &Recorded, findings: Findings) -> Option<Self> {
        let Findings { name, routers, counters, health_set, events } = findings;
        let path = |file: &str| recorded.path(&format!("{name}-{file}")).to_str().unwrap().to_owned();
        for (file, text) in
            [("counters.csv", counters), ("health-set.json", read(health_set)), ("events.xml", read(events))]
        {
            fs::write(path(file), text).unwrap();
            open_to_all(path(file));
        }
        let plugins = recorded.plugins_of(name);
        let service = if name == "healthy" { "running" } else { "stopped" };
        let exporter = exporter::start(Path::new(&fixture("")), service, "auto").unwrap();
        let changes = [
            ("/usr/lib/nagios/plugins", plugins.clone()),
            ("--source prometheus:http://cas1.example.com:9182", format!("--source prometheus:http://{exporter}")),
            ("prometheus:http://cas1.example.com:9182/metrics", format!("csv:{}", path("counters.csv"))),
            ("/var/lib/check-um/health-set.json", path("health-set.json")),
            ("/var/lib/check-um/events.xml", format!("{} --until 2026-11-23T17:00:00Z", path("events.xml"))),
        ];
        let more = format!(
            "command[um-service-nowhere]={plugins}/check_um_service -t 5\n\
             command[um-reject-rate-vvv]={plugins}/check_um_reject_rate --counters csv:{} -vvv\n",
            path("counters.csv"),
        );
        let agent = Nrpe::start(recorded, &changes, &more)?;

        let [tcp, tls] =
            routers.map(|behaviour| Router::start(&Settings { behaviour, ..Settings::default() }).unwrap());
        fs::write(path("ca.pem"), &tls.certificates.ca).unwrap();
        let directory = directory::start(name == "healthy").unwrap().port();
        Some(Self { name, tcp: tcp.tcp.port(), tls: tls.tls.port(), ca: path("ca.pem"), directory, agent })
    }

    /// The port at which a check finds whom it asks from outside.
    pub fn port(&self, check: &ScheduledService) -> Option<u16> {
        match check.vantage {
            Vantage::Network | Vantage::Call => Some(self.tcp),
            Vantage::Tls => Some(self.tls),
            Vantage::Directory => Some(self.directory),
            Vantage::Agent | Vantage::Whole => None,
        }
    }

    /// What a run of a check has in it here and nowhere else.
    pub fn mark(&self, check: &ScheduledService) -> String {
        match check.vantage {
            Vantage::Whole => format!(" --tcp-port {} ", self.tcp),
            _ => self.port(check).map_or_else(|| format!("/{}-plugins/", self.name), |port| format!(" -p {port} ")),
        }
    }
}

fn read(name: &str) -> String {
    fs::read_to_string(fixture(name)).unwrap()
}
