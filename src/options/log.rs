//! Which log is read? That of a host, this one or another, or what somebody exported of it.

use std::time::{Duration, SystemTime};

use super::{Need, When};
use crate::events::source::{LogSource, REMOTE_LOG_NEEDS_WINDOWS};
use crate::input::{Input, judge_age};
use crate::net::host;
use crate::report::{Finding, Report, Target};
use crate::time::words::duration;

/// `-H`, `--file` and `--max-age`; a check says in its own words what its file holds.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Source")]
pub(crate) struct LogOptions {
    /// Host whose event log is read, with the rights of the user that runs this check (on Windows only) [default: this one]
    #[arg(short = 'H', long, value_name = "HOST", value_parser = host::parse, conflicts_with = "file")]
    pub hostname: Option<String>,

    /// File to read instead, - for standard input [default: the log]
    #[arg(long, value_name = "FILE")]
    pub file: Option<Input>,

    /// Report a file that was written longer ago than this as stale, such as 10m [default: any age is judged]
    #[arg(long, value_name = "DURATION", value_parser = duration)]
    pub max_age: Option<Duration>,
}

impl LogOptions {
    pub(crate) const NEEDS: &'static [Need] = &[Need { options: &["--max-age"], when: When::Given("--file") }];

    pub(crate) fn source(&self) -> LogSource {
        self.file.clone().map_or_else(|| LogSource::Log(self.hostname.clone()), LogSource::Export)
    }

    pub(crate) fn target(&self) -> Target {
        let (host, transport) = match (&self.file, &self.hostname) {
            (Some(file), _) => (file.to_string(), "file"),
            (None, Some(host)) => (host.clone(), "eventlog"),
            (None, None) => ("the local event log".to_owned(), "eventlog"),
        };
        Target { host, transport, ..Target::default() }
    }

    /// What is wrong where there is no event log: `needs_a_file`, unless it is another host's that is wanted.
    pub(crate) fn contradiction(&self, needs_a_file: &str) -> Option<String> {
        let reason = if self.hostname.is_some() { REMOTE_LOG_NEEDS_WINDOWS } else { needs_a_file };
        (self.file.is_none() && !cfg!(windows)).then(|| reason.to_owned())
    }

    /// Adds to `report` what there is to say of the age of what was written then.
    pub(crate) fn judge_age(&self, written: Option<SystemTime>, report: &mut Report) {
        match judge_age(&report.target.host, written, report.started.time, self.max_age) {
            Ok(remark) => report.findings.extend(remark.map(Finding::ok)),
            Err(failure) => report.add_failure(failure),
        }
    }
}
