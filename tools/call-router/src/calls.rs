//! Where does a call go behind the router? To a Mailbox server that sends it on to its worker, which answers.

use std::fmt::Write as _;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::Mutex;
use std::time::SystemTime;

use time::OffsetDateTime;

use crate::router::Behaviour;

/// Who is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The Call Router itself.
    Router,
    /// The UM service of a Mailbox server.
    Mailbox,
    /// The worker process of that service.
    Worker,
}

/// A response: status, and header lines of its own.
pub type Said = (&'static str, Vec<String>);

/// What an INVITE is answered with by whoever is asked; `next` is the port of whoever is behind, `transport` how it travels.
pub fn answers(role: Role, behaviour: Behaviour, next: u16, transport: &str) -> Vec<Said> {
    let to_next = || {
        let word = if transport == "TLS" { "Tls" } else { "Tcp" };
        let contact = format!("CONTACT: <sip:127.0.0.1:{next};user=phone;transport={word};maddr=127.0.0.1>");
        vec![("302 Moved Temporarily", vec![contact])]
    };
    match (role, behaviour) {
        (Role::Router, Behaviour::Stranger) => {
            vec![("403 Forbidden", vec![format!("ms-diagnostics-public: {STRANGER}")])]
        }
        (Role::Router, Behaviour::Unavailable) => {
            vec![("503 Service Unavailable", vec![format!("ms-diagnostics: {NO_WORKER}")])]
        }
        (Role::Router, Behaviour::Forbidden) => {
            vec![("403 Forbidden", vec![format!("ms-diagnostics-public: {NO_DIRECTORY}")])]
        }
        (Role::Router | Role::Mailbox, _) => to_next(),
        (Role::Worker, _) => vec![
            ("180 Ringing", vec![]),
            ("200 OK", vec![format!("CONTACT: <sip:127.0.0.1:{next};transport={transport}>")]),
        ],
    }
}

/// The router's counters of calls, which rise with each; written down as typeperf would, where that is wanted.
#[derive(Debug, Default)]
pub struct Calls {
    counted: Mutex<(u64, u64)>,
    log: Option<Mutex<File>>,
}

impl Calls {
    /// Counters that are written to `log`, from zero on.
    pub fn new(log: Option<&Path>) -> io::Result<Self> {
        let Some(path) = log else { return Ok(Self::default()) };
        let mut file = OpenOptions::new().create(true).write(true).truncate(true).open(path)?;
        let calls = r"\\CAS1\MSExchangeUMCallRouterAvailability";
        writeln!(
            file,
            "\"(PDH-CSV 4.0) (UTC)(0)\",\"{calls}\\Total Inbound Calls Received by the UM Call Router\",\
             \"{calls}\\Total Inbound Calls Rejected by the UM Call Router\"\r"
        )?;
        let calls = Self { counted: Mutex::default(), log: Some(Mutex::new(file)) };
        calls.write(0, 0);
        Ok(calls)
    }

    /// Counts a call.
    pub fn count(&self, is_rejected: bool) {
        let Ok(mut counted) = self.counted.lock() else { return };
        counted.0 += 1;
        counted.1 += u64::from(is_rejected);
        self.write(counted.0, counted.1);
    }

    /// Calls received and calls rejected.
    pub fn counted(&self) -> (u64, u64) {
        self.counted.lock().map(|counted| *counted).unwrap_or_default()
    }

    fn write(&self, received: u64, rejected: u64) {
        let Some(Ok(mut file)) = self.log.as_ref().map(Mutex::lock) else { return };
        let at = OffsetDateTime::from(SystemTime::now());
        let (date, time) = (at.date(), at.time());
        let mut row = String::new();
        let _ = write!(
            row,
            "\"{:02}/{:02}/{} {:02}:{:02}:{:02}.{:03}\",\"{received}\",\"{rejected}\"\r\n",
            u8::from(date.month()),
            date.day(),
            date.year(),
            time.hour(),
            time.minute(),
            time.second(),
            time.millisecond()
        );
        let _ = file.write_all(row.as_bytes());
    }
}

/// The number is not documented; the reason is what the router logs.
const STRANGER: &str =
    "15648;source=\"ex2013.example.com\";reason=\"The call was received from a peer that is no UM IP gateway.\"";
const NO_WORKER: &str =
    "15501;source=\"ex2013.example.com\";reason=\"No UM worker process is available to take the call.\"";
const NO_DIRECTORY: &str = "15647;source=\"ex2013.example.com\";reason=\"Access to Active Directory error occured.\"";
