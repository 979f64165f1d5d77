//! Where does a check read counters? The options of the counter source, and of the window over it.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use super::exporter::ExporterOptions;
use super::tls::TlsOptions;
use super::{Lack, Need, Secrets, When};
use crate::counters::csv::{Csv, Zone};
use crate::counters::past::Keeping;
use crate::counters::source::{CounterSource, SourceKind};
use crate::counters::{Counter, CounterError, SampleOrigin};
use crate::exporter::selector::Selector;
use crate::exporter::url::{Url, UrlError};
use crate::input::{CodePage, Input};
use crate::net::host;
use crate::report::{Metric, Range, Report, Target, Thresholds};
use crate::time::deadline::Deadline;
use crate::time::words::duration;

#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Counter source")]
pub(crate) struct CounterOptions {
    /// Where the counters are read: csv:FILE (PDH-CSV as typeperf, relog and Export-Counter write it; of a directory or a
    /// pattern the newest files), csv:- (the same on standard input), prometheus:URL (http or https), or pdh (the performance counters of Windows)
    #[arg(long, value_name = "SOURCE", default_value = "pdh")]
    pub counters: CounterPlace,

    /// Host whose counters are judged, where the source knows several; with pdh, the host that is asked
    #[arg(short = 'H', long, value_name = "HOST")]
    pub hostname: Option<String>,

    /// Greatest age of the newest sample, as seconds or with s, m, h or d
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = duration)]
    pub max_age: Duration,

    /// Offset from UTC of the clock that a CSV log was written by, such as +01:00 [default: what the log says]
    #[arg(long, value_name = "OFFSET", allow_hyphen_values = true)]
    pub time_zone: Option<Zone>,

    /// Code page of a CSV log that is neither UTF-8 nor UTF-16, such as 1251 [default: of no other than ASCII names]
    #[arg(long, value_name = "NUMBER")]
    pub code_page: Option<CodePage>,

    /// What the source calls a counter: for prometheus a metric, where needed with labels, NAME{LABEL="VALUE"};
    /// \Object\Counter otherwise; repeatable
    #[arg(long = "counter-name", value_name = "KEY=NAME")]
    pub names: Vec<CounterName>,

    #[command(flatten)]
    exporter: ExporterOptions,
}

/// The window that a rate is taken over.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Window")]
pub(crate) struct WindowOptions {
    /// Length of the window that ends at the newest sample, as seconds or with s, m, h or d
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = duration)]
    pub window: Duration,

    /// File that keeps the samples of a source that only knows the present [default: one for each target, in a private
    /// directory below MP_STATE_PATH, STATE_DIRECTORY, XDG_STATE_HOME or ~/.local/state, on Windows LOCALAPPDATA]
    #[arg(long, value_name = "FILE")]
    pub state_file: Option<PathBuf>,
}

/// The ranges that a share is judged by.
#[derive(Clone, Debug, clap::Args)]
#[command(next_help_heading = "Thresholds")]
pub(crate) struct ShareThresholds {
    /// WARNING when the share in per cent is outside this range
    #[arg(short, long, value_name = "RANGE", allow_hyphen_values = true)]
    warning: Option<Range>,

    /// CRITICAL when the share in per cent is outside this range
    #[arg(short, long, value_name = "RANGE", default_value = "50", allow_hyphen_values = true)]
    critical: Range,
}

impl ShareThresholds {
    /// The metric of a share in per cent, which may not be known.
    pub(crate) fn metric(&self, label: &str, share: Option<f64>) -> Metric {
        let thresholds = Thresholds::new(self.warning.clone(), Some(self.critical.clone()));
        Metric::percent(label, share).judged_by(&thresholds)
    }
}

/// `--counters`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CounterPlace {
    /// A performance log.
    Csv(Input),
    Prometheus(Url),
    /// The performance counters of Windows.
    Pdh,
}

/// Why a text is not a counter source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum CounterPlaceError {
    #[error("not a counter source: expected csv:FILE, csv:-, prometheus:URL or pdh")]
    Kind,
    #[error("prometheus: {0}")]
    Url(#[from] UrlError),
}

impl FromStr for CounterPlace {
    type Err = CounterPlaceError;

    fn from_str(text: &str) -> Result<Self, CounterPlaceError> {
        match text.split_once(':') {
            Some(("csv", "-")) => Ok(Self::Csv(Input::Stdin)),
            Some(("csv", file)) if !file.is_empty() => Ok(Self::Csv(Input::File(file.into()))),
            Some(("prometheus", url)) => Ok(Self::Prometheus(url.parse()?)),
            None if text == "pdh" => Ok(Self::Pdh),
            _ => Err(CounterPlaceError::Kind),
        }
    }
}

/// One `--counter-name KEY=NAME`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CounterName {
    key: String,
    name: String,
}

/// The text does not say which counter has which name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' names no counter: expected KEY=NAME, such as received=my_metric")]
pub(crate) struct NotACounterName(String);

impl FromStr for CounterName {
    type Err = NotACounterName;

    fn from_str(text: &str) -> Result<Self, NotACounterName> {
        let (key, name) = text.split_once('=').unwrap_or_default();
        let valid = !key.is_empty() && !name.trim().is_empty() && name.len() <= 1_024;
        let named = || Self { key: key.to_owned(), name: name.trim().to_owned() };
        valid.then(named).ok_or_else(|| NotACounterName(text.to_owned()))
    }
}

impl CounterOptions {
    /// Beside those of the exporter's options and of TLS.
    pub(crate) const NEEDS: &'static [Need] = &[
        Need { options: TlsOptions::NAMES, when: When::Begins("--counters", "prometheus:https:") },
        Need { options: ExporterOptions::NAMES, when: When::Begins("--counters", "prometheus:") },
        Need { options: &["--time-zone", "--code-page"], when: When::Begins("--counters", "csv:") },
    ];

    /// The counters under the names that the operator gave them.
    pub(crate) fn named<const N: usize>(&self, counters: [Counter; N]) -> [Counter; N] {
        counters.map(|counter| {
            let given = self.names.iter().rev().find(|given| given.key == counter.key).map(|given| given.name.clone());
            Counter { given: given.or(counter.given), ..counter }
        })
    }

    /// The log.
    pub(crate) const fn reads(&self) -> Option<&Input> {
        match &self.counters {
            CounterPlace::Csv(log) => Some(log),
            CounterPlace::Prometheus(_) | CounterPlace::Pdh => None,
        }
    }

    /// The counters of Windows, anywhere else.
    pub(crate) fn lacks(&self) -> Option<Lack> {
        let is_lacking = self.counters == CounterPlace::Pdh && !cfg!(windows);
        is_lacking.then(|| {
            let text = format!("--counters: {}", CounterError::NeedsWindows);
            let whose = "--hostname says whose counters are judged, not where they are read";
            let text = if self.hostname.is_some() { format!("{text}; {whose}") } else { text };
            Lack { option: "counters", text }
        })
    }

    /// What is wrong with the source, or with a `--counter-name` whose key is none of `counters`.
    pub(crate) fn contradiction(&self, counters: &[Counter], secrets: &Secrets) -> Option<String> {
        if let (CounterPlace::Pdh, Some(Err(error))) = (&self.counters, self.hostname.as_deref().map(host::parse)) {
            return Some(format!("--hostname: {error}"));
        }
        let is_exporter = matches!(self.counters, CounterPlace::Prometheus(_));
        if let Some(text) = self.exporter.contradiction(secrets).filter(|_| is_exporter) {
            return Some(text);
        }
        if let Some(Err(error)) =
            self.names.iter().filter(|_| is_exporter).map(|given| given.name.parse::<Selector>()).find(Result::is_err)
        {
            return Some(format!("--counter-name: {error}"));
        }
        let stray = self.names.iter().find(|given| counters.iter().all(|counter| counter.key != given.key))?;
        let keys: Vec<_> = counters.iter().map(|counter| counter.key).collect();
        let expected = keys.join(", ");
        Some(format!("--counter-name: '{}' is no counter of this check: expected one of {expected}", stray.key))
    }

    /// The source, ready to be read; the report says which one it is.
    pub(crate) fn open(
        &self,
        secrets: &Secrets,
        deadline: Deadline,
        report: &mut Report,
    ) -> Result<CounterSource, CounterError> {
        report.add_diagnostic("source", self.counters.to_string());
        let kind = match &self.counters {
            CounterPlace::Csv(log) => {
                SourceKind::Csv(Csv { log: log.clone(), zone: self.time_zone, code_page: self.code_page })
            }
            CounterPlace::Prometheus(url) => {
                SourceKind::Exporter(Box::new(self.exporter.exporter(url, secrets).map_err(CounterError::Settings)?))
            }
            CounterPlace::Pdh => SourceKind::Pdh,
        };
        Ok(CounterSource { kind, host: self.hostname.clone(), max_age: self.max_age, deadline })
    }

    pub(crate) fn target(&self) -> Target {
        let asked = |host: &str| self.hostname.clone().unwrap_or_else(|| host.to_owned());
        match &self.counters {
            CounterPlace::Csv(log) => {
                let transport = if *log == Input::Stdin { "stdin" } else { "file" };
                Target { host: asked(&log.to_string()), transport, ..Target::default() }
            }
            CounterPlace::Prometheus(url) => {
                let transport = if url.tls { "https" } else { "http" };
                let port = self.hostname.is_none().then_some(url.port);
                Target { host: asked(&url.host), port, transport, ..Target::default() }
            }
            CounterPlace::Pdh => Target { host: asked("localhost"), transport: "pdh", ..Target::default() },
        }
    }
}

impl std::fmt::Display for CounterPlace {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Csv(Input::Stdin) => f.write_str("csv:-"),
            Self::Csv(log) => write!(f, "csv:{log}"),
            Self::Prometheus(url) => write!(f, "prometheus:{url}"),
            Self::Pdh => f.write_str("pdh"),
        }
    }
}

impl WindowOptions {
    /// How the samples of the target that `key` stands for are kept between runs.
    pub(crate) fn keeping(&self, key: String, plugin: &'static str, deadline: Deadline) -> Keeping<'_> {
        let file = self.state_file.as_deref();
        Keeping { file, plugin, key, window: self.window, of: SampleOrigin::Present, guessed: None, deadline }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_is_a_kind_and_a_place() {
        assert_eq!("csv:-".parse(), Ok(CounterPlace::Csv(Input::Stdin)));
        assert_eq!("csv:C:\\logs\\um.csv".parse(), Ok(CounterPlace::Csv(Input::File("C:\\logs\\um.csv".into()))));
        assert!(matches!("prometheus:http://cas1.example.com:9182/metrics".parse(), Ok(CounterPlace::Prometheus(_))));
    }

    #[test]
    fn a_bad_url_is_not_repeated() {
        let error = "prometheus:http://me:secret@cas1/".parse::<CounterPlace>().unwrap_err().to_string();
        assert!(error.contains("without user information") && !error.contains("secret"), "{error}");
        for text in ["", "csv", "csv:", "xml:x", "prometheus:", "prometheus:ftp://x"] {
            assert!(text.parse::<CounterPlace>().is_err(), "{text:?} was taken for a source");
        }
    }

    #[test]
    fn a_counter_name_has_a_key() {
        assert!("received=um_calls_total".parse::<CounterName>().is_ok());
        for text in ["", "received", "=x", "received= "] {
            assert!(text.parse::<CounterName>().is_err(), "{text:?} was taken for a name");
        }
    }

    #[test]
    fn a_source_is_said_as_it_was_given() {
        for text in ["csv:-", "csv:um.csv", "prometheus:http://cas1.example.com:9182/metrics", "pdh"] {
            assert_eq!(text.parse::<CounterPlace>().unwrap().to_string(), text);
        }
    }
}
