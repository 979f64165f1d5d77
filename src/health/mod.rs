//! What does Managed Availability say? `Get-ServerHealth` and `Get-HealthReport`, as JSON or CSV, and their judgement.
//!
//! Both cmdlets are understood in every shape that Windows PowerShell 5 and PowerShell 7 write them in, local and
//! remoted. One object or line is one [`Monitor`]; of a health report that is one health set, unless its entries are
//! there as objects. Reading is pure, and no error shows a word of the text. Where there is no export, the monitors follow
//! from what Managed Availability wrote into its own log ([`transition`]).

mod blocks;
mod bounds;
mod csv;
mod json;
pub mod judge;
pub(crate) mod source;
pub mod transition;

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use self::bounds::MAX_CELLS;
use crate::net::host;
use crate::time::calendar::rfc3339;

/// What Managed Availability thinks of a monitor; it alone decides.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AlertValue {
    Healthy,
    /// Not yet bad for long enough to be unhealthy.
    Degraded,
    Unhealthy,
    /// A recovery action is under way.
    Repairing,
    /// An override switched the monitor off.
    Disabled,
    Unavailable,
    Unknown,
    /// Not determined yet.
    UnInitialized,
    /// A value that nobody has told us about.
    Unlisted(String),
}

impl AlertValue {
    /// As Exchange spells them, with the number that Windows PowerShell 5 prints.
    const NAMED: [(Self, &str, Option<&str>); 8] = [
        (Self::Unknown, "Unknown", Some("0")),
        (Self::Healthy, "Healthy", Some("1")),
        (Self::Degraded, "Degraded", Some("2")),
        (Self::Unhealthy, "Unhealthy", Some("3")),
        (Self::Repairing, "Repairing", Some("4")),
        (Self::Disabled, "Disabled", Some("5")),
        (Self::Unavailable, "Unavailable", None),
        (Self::UnInitialized, "UnInitialized", None),
    ];

    /// Reads a name in any case, or a number.
    fn parse(text: &str) -> Self {
        let text = text.trim();
        let mut named = Self::NAMED.into_iter();
        let meant = named.find(|(_, name, number)| *number == Some(text) || text.eq_ignore_ascii_case(name));
        meant.map_or_else(|| Self::Unlisted(text.to_owned()), |(value, ..)| value)
    }

    fn name(&self) -> &str {
        match self {
            Self::Unlisted(text) => text,
            value => Self::NAMED.iter().find(|(named, ..)| named == value).map_or("", |(_, name, _)| name),
        }
    }
}

/// One monitor, or one health set of a report; what the export left out is empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Monitor {
    pub server: String,
    /// Such as `UM.CallRouter`.
    pub health_set: String,
    /// Such as `UMCallRouterTestMonitor`; empty for a health set of a report.
    pub name: String,
    /// What it watches on the server, where there are several.
    pub target: String,
    pub alert_value: AlertValue,
    /// The server component's state, unless it says nothing about one (`NotApplicable`).
    pub component_state: Option<String>,
    /// When the alert value last changed: RFC 3339 in UTC where the export allows it, else in its own words.
    pub since: Option<String>,
    /// The monitor's own words on what is wrong.
    pub error: String,
    pub exception: String,
    /// How many monitors this stands for: 1, or those of the health set; 0 where what it says is no number of monitors.
    pub count: u32,
    /// Whether Managed Availability says that it has not determined the alert value for too long.
    pub is_stale: bool,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HealthExport {
    /// Its monitors, in their order.
    pub monitors: Vec<Monitor>,
    /// How many objects or lines name no health set or no alert value.
    pub unusable: usize,
    /// Why there may be more than was read.
    pub shortcoming: Option<HealthError>,
}

impl HealthExport {
    /// Leaves the monitors of `server` alone, and those of nobody knows which; `false`, and all, where none says it is its own.
    pub(crate) fn keep_only(&mut self, server: &str) -> bool {
        let is_own = |monitor: &Monitor| host::is_same_computer(server, &monitor.server);
        let is_told_of = self.monitors.is_empty() || self.monitors.iter().any(is_own);
        self.monitors.retain(|monitor| !is_told_of || monitor.server.is_empty() || is_own(monitor));
        is_told_of
    }
}

/// Why a text is no export. Lines count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HealthError {
    /// Nothing at all: what PowerShell writes for an empty result.
    #[error("empty: Get-ServerHealth returned nothing")]
    Empty,
    #[error("line {line}: expected JSON as ConvertTo-Json writes it (the text is withheld)")]
    Json { line: usize },
    #[error(
        "line {line}: expected column names, among them HealthSetName and AlertValue (the text is withheld; \
         the output of Format-Table is cut and cannot be read)"
    )]
    Columns { line: usize },
    /// `@{Server=...}` in the place of `{"Server":...}`.
    #[error(
        "objects flattened to text: expected ConvertTo-Json with a greater -Depth, such as 4 (the text is withheld)"
    )]
    Flattened,
    /// A quote that is not closed, or stands within a cell.
    #[error("line {line}: expected comma-separated values as Export-Csv writes them (the text is withheld)")]
    Csv { line: u64 },
    #[error(
        "line {line}: an object of more than 8 MiB, or of more values than those of a server: expected one for each monitor, \
         in an array"
    )]
    TooLong { line: usize },
    /// Of the two only the last is left.
    #[error("line {line}: an object that names a property twice: expected each of them once (the text is withheld)")]
    Twice { line: usize },
    #[error("line {line}: a row of more than 8 MiB or {MAX_CELLS} cells: expected one line for each monitor")]
    TooWide { line: usize },
    #[error("more than {MAX_ROWS} rows: expected an export of the servers that are watched")]
    TooMany,
    /// What Windows PowerShell wraps an array into says how many objects it had.
    #[error("a Count that is not the number of objects beside it: expected all that ConvertTo-Json wrote")]
    Counted,
    /// It was cut off, or is being written.
    #[error("line {line}: expected a line end: the export breaks off")]
    Unfinished { line: u64 },
}

/// Reads an export, JSON or CSV.
pub fn read(text: &str) -> Result<HealthExport, HealthError> {
    let RawExport { rows, shortcoming } = match text.trim_start().chars().next() {
        None => return Err(HealthError::Empty),
        Some('{' | '[' | '"') if is_json(text) => json::rows(text)?,
        Some(_) if text.trim() == "null" => return Err(HealthError::Empty),
        Some(_) => csv::rows(text)?,
    };
    if rows.is_empty() {
        return Err(shortcoming.unwrap_or(HealthError::Empty));
    }
    let total = rows.len();
    let is_flattened = rows.iter().any(|row| row.is_flattened);
    let monitors: Vec<_> = rows.into_iter().filter_map(RawMonitor::into_monitor).collect();
    if is_flattened && monitors.is_empty() {
        return Err(HealthError::Flattened);
    }
    Ok(HealthExport { unusable: total - monitors.len(), monitors, shortcoming })
}

/// Whether a text that begins as JSON may is not CSV, whose cells may be in quotes.
fn is_json(text: &str) -> bool {
    let text = text.trim();
    // One text alone, in which every quote has a backslash in front.
    !text.starts_with('"') || text.len() <= bounds::MAX_LENGTH && serde_json::from_str::<String>(text).is_ok()
}

/// What was read of an export.
#[derive(Debug)]
struct RawExport {
    rows: Vec<RawMonitor>,
    /// Why there may be more.
    shortcoming: Option<HealthError>,
}

/// One object or line: the columns that matter, by their name in lower case.
#[derive(Clone, Debug, Default)]
struct RawMonitor {
    values: BTreeMap<&'static str, String>,
    /// Whether it, or what is in it, is a text in the place of an object.
    is_flattened: bool,
    /// Whether it says two different things of what decides, or something that cannot be read.
    is_unclear: bool,
}

impl RawMonitor {
    fn set(&mut self, column: &'static str, value: &str) {
        let value = value.trim();
        let known = self.text(column);
        let differs = !value.is_empty() && !known.is_empty() && !known.eq_ignore_ascii_case(value);
        if !value.is_empty() || known.is_empty() {
            self.values.insert(column, value.to_owned());
        }
        self.is_unclear |= differs && DECISIVE.contains(&column);
    }

    fn text(&self, column: &str) -> &str {
        self.values.get(column).map_or("", String::as_str)
    }

    /// How many monitors it stands for; 0 where it says something else.
    fn count(&self) -> u32 {
        let text = self.text(MONITOR_COUNT);
        let count = if text.is_empty() { Some(1) } else { text.parse().ok() };
        count.filter(|count| (1..=MAX_MONITORS).contains(count)).unwrap_or(0)
    }

    /// Whether it says that it is stale. A word that is not known is no reason to believe the row.
    fn is_stale(&self) -> bool {
        !["", "false", "0"].iter().any(|no| self.text("isstale").eq_ignore_ascii_case(no))
    }

    fn take(&mut self, column: &str) -> String {
        self.values.remove(column).unwrap_or_default()
    }

    fn into_monitor(mut self) -> Option<Monitor> {
        let health_set = self.take(HEALTH_SET_COLUMN);
        let alert_value = self.take(ALERT_VALUE);
        if health_set.is_empty() || alert_value.is_empty() || self.is_unclear {
            return None;
        }
        Some(Monitor {
            count: self.count(),
            is_stale: self.is_stale(),
            server: self.take(SERVER),
            health_set,
            name: self.take(NAME),
            target: self.take(TARGET),
            alert_value: AlertValue::parse(&alert_value),
            component_state: component_state(&self.take(STATE)),
            since: date(&self.take("lasttransitiontime")),
            error: self.take("error"),
            exception: self.take("exception"),
        })
    }
}

/// The name that a column is kept under, if it is one that matters.
fn column(name: &str) -> Option<&'static str> {
    let name = name.trim();
    COLUMNS.iter().find(|(spelled, _)| name.eq_ignore_ascii_case(spelled)).map(|(_, column)| *column)
}

fn component_state(text: &str) -> Option<String> {
    let names = ["Unknown", "NotApplicable", "Online", "PartiallyOnline", "Offline", "Functional", "Sidelined"];
    let named = text.parse::<usize>().ok().and_then(|number| names.get(number).copied()).unwrap_or(text);
    // "Not tied to a server component": it says nothing about health.
    (!named.is_empty() && !named.eq_ignore_ascii_case("NotApplicable")).then(|| named.to_owned())
}

/// A date as PowerShell writes it; `None` for the year 1, by which .NET says that there was no such moment.
fn date(text: &str) -> Option<String> {
    if text.is_empty() || text.starts_with("0001-") || text.contains("/0001") || text.contains(".0001") {
        return None;
    }
    let Some(milliseconds) = text.strip_prefix("/Date(").and_then(|rest| rest.strip_suffix(")/")) else {
        return Some(text.to_owned());
    };
    let milliseconds: u64 = milliseconds.split('+').next()?.parse().ok().filter(|ms| *ms < MAX_MILLISECONDS)?;
    Some(rfc3339(UNIX_EPOCH + Duration::from_millis(milliseconds)))
}

const SERVER: &str = "server";
const HEALTH_SET_COLUMN: &str = "healthsetname";
const NAME: &str = "name";
const TARGET: &str = "targetresource";
const ALERT_VALUE: &str = "alertvalue";
const STATE: &str = "currenthealthsetstate";
const MONITOR_COUNT: &str = "monitorcount";

/// The columns that decide what is said, and of whom.
const DECISIVE: &[&str] = &[SERVER, HEALTH_SET_COLUMN, ALERT_VALUE];

/// The columns that are read, as exports spell them in lower case, and the name that each is kept under.
const COLUMNS: &[(&str, &str)] = &[
    (SERVER, SERVER),
    (HEALTH_SET_COLUMN, HEALTH_SET_COLUMN),
    ("healthset", HEALTH_SET_COLUMN),
    (NAME, NAME),
    (ALERT_VALUE, ALERT_VALUE),
    (STATE, STATE),
    ("state", STATE),
    (TARGET, TARGET),
    ("lasttransitiontime", "lasttransitiontime"),
    ("error", "error"),
    ("exception", "exception"),
    (MONITOR_COUNT, MONITOR_COUNT),
    ("isstale", "isstale"),
];

/// The end of the year 9999, where .NET's dates end, too.
const MAX_MILLISECONDS: u64 = 253_402_300_800_000;

/// The most of an export that is read, in bytes: one of all servers, each of which has 1 MB, or 3 with all its exceptions, and
/// twice as much in UTF-16.
pub(crate) const MAX_INPUT: u64 = 64 * 1024 * 1024;

/// The most monitors of a health set that is one.
pub(crate) const MAX_MONITORS: u32 = 65_535;

/// The most monitors of an export: a server has about 700.
const MAX_ROWS: usize = 100_000;

#[cfg(test)]
mod tests;
