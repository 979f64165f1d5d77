//! Where are counters read? One of three sources, and what follows from the age of what it says.

use std::fmt;
use std::time::{Duration, SystemTime};

use super::csv::Csv;
use super::describe::add_reading;
use super::pdh;
use super::prometheus;
use super::{Counter, CounterError, CounterQuery, Reading};
use crate::exporter::Exporter;
use crate::report::{Class, Failure, Report};
use crate::time::age::{Untimely, untimely};
use crate::time::deadline::Deadline;
use crate::time::words::{in_words, roughly};

/// A source, and how it is asked.
#[derive(Clone, Debug)]
pub(crate) struct CounterSource {
    pub kind: SourceKind,
    /// Whose counters are wanted, where it knows several hosts.
    pub host: Option<String>,
    /// Greatest age of the newest sample.
    pub max_age: Duration,
    pub deadline: Deadline,
}

#[derive(Clone, Debug)]
pub(crate) enum SourceKind {
    Csv(Csv),
    Exporter(Box<Exporter>),
    Pdh,
}

impl CounterSource {
    /// Reads `counters` over `window`; the report says what was read.
    pub(crate) async fn read<const N: usize>(
        &self,
        counters: [Counter; N],
        window: Duration,
        report: &mut Report,
    ) -> Result<Reading<N>, CounterError> {
        let query = CounterQuery { counters, host: self.host.clone(), window, deadline: self.deadline };
        let mut reading = match &self.kind {
            SourceKind::Csv(csv) => csv.read(&query).await,
            SourceKind::Exporter(exporter) => prometheus::read(exporter, &query).await,
            SourceKind::Pdh => pdh::read(&query).await,
        }?;
        for value in reading.samples.iter_mut().flat_map(|sample| &mut sample.values).flatten() {
            // So little is nothing, and would be hundreds of digits.
            *value = if *value < LEAST { 0.0 } else { *value };
        }
        add_reading(&reading, report);
        // Where the source itself does not say whose they are, they go by its own name.
        let is_named = match &self.kind {
            SourceKind::Csv(_) => !reading.host.is_empty(),
            SourceKind::Exporter(exporter) => !reading.host.eq_ignore_ascii_case(&exporter.url.host),
            SourceKind::Pdh => false,
        };
        report.servers.extend(is_named.then(|| reading.host.clone()));
        Ok(reading)
    }

    /// Refuses a reading whose newest sample is too old at `now`, or further ahead than clocks are apart.
    pub(crate) fn must_be_fresh<const N: usize>(&self, reading: &Reading<N>, now: SystemTime) -> Result<(), Failure> {
        let mut gaps = match reading.trailing_gaps {
            0 => String::new(),
            gaps => format!("; {gaps} later ones have no value: does the service run?"),
        };
        gaps.extend(reading.reservations.iter().map(|text| format!("; {text}")));
        self.must_be_recent(reading.as_of, now, &gaps)
    }

    /// The same of a moment that a history knows.
    pub(crate) fn must_be_of_now(&self, time: SystemTime, now: SystemTime) -> Result<(), Failure> {
        self.must_be_recent(time, now, "")
    }

    fn must_be_recent(&self, time: SystemTime, now: SystemTime, gaps: &str) -> Result<(), Failure> {
        let text = match untimely(time, now, self.max_age) {
            None => return Ok(()),
            Some(Untimely::Stale(age)) => {
                format!("the newest sample is {} old, more than {}{gaps}", roughly(age), in_words(self.max_age))
            }
            Some(Untimely::Ahead(ahead)) => {
                format!("the newest sample is {} ahead of the clock: expected at most 5 min", roughly(ahead))
            }
        };
        Err(Failure::new(Class::Stale, text))
    }

    /// What identifies the target's counters in a history.
    pub(crate) fn key(&self, host: &str, counters: &[Counter]) -> String {
        let names: Vec<_> = counters.iter().map(ToString::to_string).collect();
        format!("{} {} {}", self.kind, host.to_lowercase(), names.join(" "))
    }
}

impl fmt::Display for SourceKind {
    /// The kind, and of an exporter its address, of a log its place.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Csv(csv) => f.write_str(&csv.identity()),
            Self::Exporter(exporter) => write!(f, "prometheus:{}", exporter.url),
            Self::Pdh => f.write_str("pdh"),
        }
    }
}

/// Less than this no counter of Windows says: it has six decimals, or is a share of a number of 64 bits in per cent.
const LEAST: f64 = 1e-18;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::counters::role::Role;
    use crate::exporter::http::Access;
    use crate::exporter::url::Url;
    use crate::input::Input;
    use crate::report::about::OF_A_TEST;
    use crate::report::{Policy, Started};
    use crate::tls::settings::TlsSettings;
    use std::io::{Read, Write};
    use std::net::{Ipv4Addr, TcpListener};
    use std::path::Path;
    use std::thread;
    use std::time::{Instant, UNIX_EPOCH};

    fn log(path: &Path) -> CounterSource {
        let csv = Csv { log: Input::File(path.into()), zone: None, code_page: None };
        let deadline = Deadline::new(Instant::now(), Duration::from_secs(60));
        CounterSource { kind: SourceKind::Csv(csv), host: None, max_age: Duration::from_secs(600), deadline }
    }

    #[test]
    fn less_than_any_counter_says_is_nothing_and_the_server_goes_by_the_name_in_the_log() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let [received, rejected, _] = Role::CallRouter.counters(true);
        let header = format!("\"(PDH-CSV 4.0) (UTC)(0)\",\"\\\\CAS1{received}\",\"\\\\CAS1{rejected}\"");
        std::fs::write(file.path(), format!("{header}\n\"11/23/2026 17:00:00.000\",\"1e-17\",\"1e-19\"\n")).unwrap();
        let mut report = Report::new(&OF_A_TEST, Policy::default(), Started::now());
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let window = Duration::from_secs(3_600);
        let reading = runtime.block_on(log(file.path()).read(Role::CallRouter.counters(true), window, &mut report));
        assert_eq!(reading.unwrap().newest_complete().values, [Some(1e-17), Some(0.0), None]);
        assert_eq!((report.servers.as_slice(), report.target.host.as_str()), (["CAS1".to_owned()].as_slice(), "CAS1"));
    }

    #[test]
    fn stale_when_the_newest_sample_is_older_than_anybody_wants_or_of_a_time_to_come() {
        let source = log(Path::new("x.csv"));
        let at = |seconds: u64| UNIX_EPOCH + Duration::from_secs(1_700_000_000 + seconds);
        let of_now = |seconds, now| {
            source.must_be_of_now(at(seconds), at(now)).map_err(|failure| (failure.class, failure.summary))
        };
        assert_eq!([of_now(0, 600), of_now(300, 0)], [Ok(()), Ok(())]);
        let stale = |text: &str| Err((Class::Stale, format!("the newest sample is {text}")));
        assert_eq!(of_now(0, 1_200), stale("20 min old, more than 10 min"));
        assert_eq!(of_now(1_200, 0), stale("20 min ahead of the clock: expected at most 5 min"));
        let sample = super::super::Sample { time: at(0), values: [Some(1.0)] };
        let reading = Reading { trailing_gaps: 2, ..Reading::of_now(String::new(), sample) };
        let fresh = |now| source.must_be_fresh(&reading, at(now)).map_err(|failure| (failure.class, failure.summary));
        assert_eq!(fresh(600), Ok(()));
        let said = "20 min old, more than 10 min; 2 later ones have no value: does the service run?";
        assert_eq!(fresh(1_200), stale(said));
    }

    #[test]
    fn what_is_kept_goes_by_its_source_its_host_and_its_counters() {
        let [received, rejected, _] = Role::CallRouter.counters(true);
        let key = log(Path::new("um.csv")).key("CAS1", &[received.clone(), rejected.clone()]);
        assert!(key.starts_with("csv in ") && key.ends_with(&format!(" cas1 {received} {rejected}")), "{key}");
    }

    #[test]
    fn the_server_goes_by_the_name_that_an_exporter_is_asked_for_and_by_none_that_is_only_the_exporters() {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/counters/windows_exporter-0.31.prom");
        let page = std::fs::read_to_string(page).unwrap().replace("@RECEIVED@", "5").replace("@REJECTED@", "1");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let url = format!("http://{}/metrics", listener.local_addr().unwrap()).parse::<Url>().unwrap();
        thread::spawn(move || {
            for mut stream in listener.incoming().map_while(Result::ok) {
                let _ = stream.read(&mut [0; 4_096]);
                let _ = stream.write_all(format!("HTTP/1.0 200 OK\r\n\r\n{page}").as_bytes());
            }
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for (host, servers) in [(None, &[][..]), (Some("cas1"), &["cas1".to_owned()])] {
            let access = Access { tls: TlsSettings::of_a_test("x"), credentials: None };
            let kind = SourceKind::Exporter(Box::new(Exporter { url: url.clone(), access }));
            let source = CounterSource { kind, host: host.map(str::to_owned), ..log(Path::new("")) };
            let mut report = Report::new(&OF_A_TEST, Policy::default(), Started::now());
            let read = source.read(Role::CallRouter.counters(true), Duration::from_secs(3_600), &mut report);
            assert_eq!(runtime.block_on(read).unwrap().newest_complete().values[..2], [Some(5.0), Some(1.0)]);
            assert_eq!(report.servers, servers);
        }
    }
}
