//! Which log is read? That of a host, this one or another, or what somebody exported of it.

use std::time::{Duration, SystemTime};

use super::{Lack, Need, When};
use crate::events::source::{LogSource, REMOTE_LOG_NEEDS_WINDOWS};
use crate::input::{Input, judge_age};
use crate::net::host;
use crate::report::{Finding, Report, Target};
use crate::time::words::duration;

/// `-H`, `--file` and `--max-age`; a check says in its own words what its file holds, and how old it may be by default.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Source")]
pub(crate) struct LogOptions {
    /// Host whose event log is read, with the rights of the user that runs this check (on Windows only); with --file, the
    /// only computer whose records count [default: this one; every one of the file]
    #[arg(short = 'H', long, value_name = "HOST", value_parser = host::parse)]
    pub hostname: Option<String>,

    /// File to read instead, - for standard input [default: the log]
    #[arg(long, value_name = "FILE")]
    pub file: Option<Input>,

    /// Report a file that was written longer ago than this as stale, such as 15m, or none for any age
    #[arg(long, value_name = "DURATION", value_parser = max_age)]
    pub max_age: Option<MaxAge>,
}

/// How old a file may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MaxAge {
    Any,
    Within(Duration),
}

fn max_age(text: &str) -> Result<MaxAge, String> {
    match text {
        "none" => Ok(MaxAge::Any),
        text => duration(text).map(MaxAge::Within).map_err(|error| format!("{error}, or none")),
    }
}

impl LogOptions {
    pub(crate) const NEEDS: &'static [Need] = &[Need { options: &["--max-age"], when: When::Given("--file") }];

    pub(crate) fn source(&self) -> LogSource {
        let computer = self.hostname.clone();
        match &self.file {
            Some(input) => LogSource::Export { input: input.clone(), computer },
            None => LogSource::Log(computer),
        }
    }

    /// The host that is named, whatever tells of it; where none is, what does.
    pub(crate) fn target(&self) -> Target {
        let transport = if self.file.is_some() { "file" } else { "eventlog" };
        Target { host: self.hostname.clone().unwrap_or_else(|| self.place()), transport, ..Target::default() }
    }

    /// What is read: the file, or whose log.
    pub(crate) fn place(&self) -> String {
        match (&self.file, &self.hostname) {
            (Some(file), _) => file.to_string(),
            (None, Some(host)) => host.clone(),
            (None, None) => "the local event log".to_owned(),
        }
    }

    /// A file, where there is no event log: `needs_a_file`, unless it is another host's log that is wanted.
    pub(crate) fn lacks(&self, needs_a_file: &str) -> Option<Lack> {
        let text = if self.hostname.is_some() { REMOTE_LOG_NEEDS_WINDOWS } else { needs_a_file };
        (self.file.is_none() && !cfg!(windows)).then(|| Lack { option: "file", text: text.to_owned() })
    }

    /// Adds to `report` what there is to say of the age of what was written then: it is stale when it is older than
    /// `--max-age` says, or else `usual`.
    pub(crate) fn judge_age(&self, written: Option<SystemTime>, usual: Duration, report: &mut Report) {
        let max = match self.max_age {
            None => Some(usual),
            Some(MaxAge::Within(max)) => Some(max),
            Some(MaxAge::Any) => None,
        };
        if let (None, Some(MaxAge::Within(_)), Some(file)) = (written, self.max_age, &self.file) {
            let text = format!("how old {file} is nobody knows, so that --max-age has no effect");
            report.findings.push(Finding::remark(text));
        }
        match judge_age(&self.place(), written, report.started.time, max) {
            Ok(remark) => report.findings.extend(remark.map(Finding::remark)),
            Err(failure) => report.add_failure(failure),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_age_is_a_duration_or_none() {
        assert_eq!(max_age("15m"), Ok(MaxAge::Within(Duration::from_secs(900))));
        assert_eq!(max_age("none"), Ok(MaxAge::Any));
        assert!(max_age("never").unwrap_err().contains("expected a whole number and a unit"));
    }
}
