//! What do the checks of a day read? An exporter, a performance log that rotates, a certificate, and exports.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use crate::model::{self, Counted, Expected, Learnt, State};
use crate::support::peer::{Peer, read_request};
use crate::world::{Exporter, Minute, civil};

/// An exporter whose page says when its values were taken.
pub struct Scraped {
    answer: Arc<Mutex<String>>,
    peer: Peer,
    now: Option<Counted>,
    shares: (f64, f64),
}

impl Scraped {
    pub fn new() -> Self {
        let answer = Arc::new(Mutex::new(String::new()));
        let served = Arc::clone(&answer);
        let peer = Peer::tcp(move |mut stream| {
            let page = served.lock().unwrap().clone();
            if read_request(&mut stream).is_some() {
                let _ = stream.write_all(page.as_bytes());
            }
        });
        Self { answer, peer, now: None, shares: (0.0, 0.0) }
    }

    pub fn url(&self) -> String {
        format!("prometheus:http://{}/metrics", self.peer.address)
    }

    /// The totals that it tells, if it does.
    pub fn counted(&self) -> Option<Counted> {
        self.now
    }

    pub fn shares(&self) -> (f64, f64) {
        self.shares
    }

    pub fn page(&mut self, minute: &Minute) {
        let totals = match minute.exporter {
            Exporter::Answers => minute.totals,
            Exporter::AnswersForAnother => Some((700_000, 90_000)),
            _ => None,
        };
        self.now = totals.map(|(received, rejected)| Counted { at: minute.router, received, rejected });
        self.shares = minute.shares;
        let mut page = String::from("# TYPE windows_cs_hostname gauge\nwindows_cs_hostname{hostname=\"cas1\"} 1\n");
        let success = u8::from(minute.exporter != Exporter::CollectorFailed);
        let _ = writeln!(page, "windows_exporter_collector_success{{collector=\"performancecounter\"}} {success}");
        if let Some((received, rejected)) = totals {
            for (name, value) in [
                ("total_inbound_calls_received_by_the_um_call_router", received as f64),
                ("total_inbound_calls_rejected_by_the_um_call_router", rejected as f64),
                ("percent_of_inbound_calls_rejected_by_the_um_call_router_over_the_last_hour", minute.shares.0),
                (
                    "percent_of_missed_call_notification_proxy_failed_at_um_call_router_over_the_last_hour",
                    minute.shares.1,
                ),
            ] {
                let object = "windows_performancecounter_msexchangeumcallrouteravailability";
                let _ = writeln!(page, "{object}_{name} {value} {}", minute.router);
            }
        }
        let head =
            |status: &str, body: &str| format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
        *self.answer.lock().unwrap() = match minute.exporter {
            Exporter::HangsUp => String::new(),
            Exporter::Unavailable => head("503 Service Unavailable", "not now"),
            _ => head("200 OK", &page),
        };
    }
}

/// A log of one row a minute, in files that begin anew.
pub struct Log {
    directory: PathBuf,
    file: Option<File>,
    files: usize,
    /// What stands in it, in the order of its writing, but for what a later row replaces.
    rows: Vec<(i64, Option<Counted>)>,
    was_told: std::cell::Cell<bool>,
}

impl Log {
    pub fn new(directory: &Path) -> Self {
        let directory = directory.join("logs");
        fs::create_dir(&directory).unwrap();
        Self { directory, file: None, files: 0, rows: Vec::new(), was_told: false.into() }
    }

    pub fn directory(&self) -> String {
        self.directory.display().to_string()
    }

    pub fn write(&mut self, minute: &Minute) {
        if minute.rotates || self.file.is_none() {
            self.begin(minute.east);
        }
        let mut file = self.file.as_ref().unwrap();
        // A new file has its header first, and its first row a minute later.
        if minute.logs && (!minute.rotates || self.files == 1) {
            let [year, month, day, hour, minute_of_hour, second] = civil(minute.router + minute.east * 60_000);
            let values =
                minute.totals.map(|totals| [totals.0.to_string(), totals.1.to_string(), minute.shares.0.to_string()]);
            let values = values.unwrap_or_else(|| [" ", " ", " "].map(str::to_owned)).join("\",\"");
            write!(
                file,
                "\"{month:02}/{day:02}/{year} {hour:02}:{minute_of_hour:02}:{second:02}.000\",\"{values}\"\r\n"
            )
            .unwrap();
            self.rows.retain(|row| row.0 < minute.router);
            let counted = minute.totals.map(|(received, rejected)| Counted { at: minute.router, received, rejected });
            self.rows.push((minute.router, counted));
        } else if !minute.rotates {
            return;
        }
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_millis(minute.router.unsigned_abs())).unwrap();
    }

    fn begin(&mut self, east: i64) {
        self.files += 1;
        let path = self.directory.join(format!("um_{:06}.csv", self.files));
        let mut file = OpenOptions::new().create_new(true).append(true).open(path).unwrap();
        let name = if east == 120 { "Daylight" } else { "Standard" };
        let object = r"\\CAS1\MSExchangeUMCallRouterAvailability";
        write!(
            file,
            "\"(PDH-CSV 4.0) (W. Europe {name} Time)(-{east})\",\
             \"{object}\\Total Inbound Calls Received by the UM Call Router\",\
             \"{object}\\Total Inbound Calls Rejected by the UM Call Router\",\
             \"{object}\\% of Inbound Calls Rejected by the UM Call Router Over the Last Hour\"\r\n"
        )
        .unwrap();
        self.file = Some(file);
    }

    /// By all rows at once: the hour before the newest one that is complete.
    pub fn expected(&self, now: i64) -> Expected {
        let newest = self.rows.last().map_or(0, |row| row.0);
        let samples: Vec<_> = self.rows.iter().filter_map(|row| row.1).collect();
        let end = samples.last().map_or(0, |sample| sample.at);
        if newest - end > 3_600_000 || !model::is_of_now(end, now) {
            return Expected::of(State::Unknown, "");
        }
        let was_told = self.was_told.replace(true);
        model::by_totals(match model::growth(&model::last_hour(&samples)) {
            Some(growth) => Learnt::Grown(growth),
            None if was_told => Learnt::Alone,
            None => Learnt::First,
        })
    }
}

/// A certificate, and what was exported of health and events.
pub struct Exports {
    directory: PathBuf,
    pub certificate: String,
    /// Its validity, in seconds since 1970.
    pub not_before: i64,
    pub not_after: i64,
    events: Vec<i64>,
    exported: Vec<i64>,
    written: i64,
    is_healthy: bool,
}

impl Exports {
    pub fn new(directory: &Path, begin: i64) -> Self {
        let (not_before, not_after) = (begin + 7_200 + 17, begin + 20 * 3_600 + 43);
        let key = rcgen::KeyPair::generate().unwrap();
        let mut params = rcgen::CertificateParams::new(["cas1.example.com".to_owned()]).unwrap();
        let moment = |seconds| time::OffsetDateTime::from_unix_timestamp(seconds).unwrap();
        (params.not_before, params.not_after) = (moment(not_before), moment(not_after));
        let path = directory.join("cas1.pem");
        fs::write(&path, params.self_signed(&key).unwrap().pem()).unwrap();
        let certificate = path.display().to_string();
        let (events, exported) = (Vec::new(), Vec::new());
        Self {
            directory: directory.to_owned(),
            certificate,
            not_before,
            not_after,
            events,
            exported,
            written: 0,
            is_healthy: true,
        }
    }

    pub fn write(&mut self, minute: &Minute) {
        self.events.extend(minute.has_event.then_some(minute.router - 500));
        if !minute.exports && self.written != 0 {
            return;
        }
        (self.written, self.is_healthy, self.exported) = (minute.router, minute.is_healthy, self.events.clone());
        let alert = if minute.is_healthy { "Healthy" } else { "Unhealthy" };
        let row = format!(
            "{{\"Server\":\"CAS1\",\"Name\":\"UMCallRouterTestMonitor\",\"TargetResource\":\"\",\
             \"HealthSetName\":\"UM.CallRouter\",\"AlertValue\":\"{alert}\",\"CurrentHealthSetState\":\"Online\"}}"
        );
        self.put("health.json", &row);
        let mut events = String::new();
        for event in &self.exported {
            let [year, month, day, hour, minute, second] = civil(*event);
            let _ = writeln!(
                events,
                "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><Provider \
                 Name='MSExchange Unified Messaging'/><EventID Qualifiers='32772'>1647</EventID><Level>2</Level><TimeCreated \
                 SystemTime='{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z'/><Channel>Application\
                 </Channel><Computer>cas1</Computer></System><EventData><Data>15647</Data></EventData></Event>",
                event % 1_000
            );
        }
        self.put("events.xml", &format!("<Events>{events}</Events>"));
    }

    fn put(&self, name: &str, text: &str) {
        let mut file = File::create(self.directory.join(name)).unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_millis(self.written.unsigned_abs())).unwrap();
    }

    pub fn health(&self, now: i64) -> (String, Expected) {
        let path = self.directory.join("health.json").display().to_string();
        (path, model::by_export(self.written, self.is_healthy, now))
    }

    pub fn events(&self, now: i64) -> (String, Expected) {
        let path = self.directory.join("events.xml").display().to_string();
        (path, model::by_events(&self.exported, self.written, now))
    }
}
