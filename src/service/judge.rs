//! Does a service do its work, and if not, which kind of failure is that?

use std::time::{Duration, SystemTime};

use super::status::{Condition, Exit, ServiceStatus, Start};
use crate::report::{Class, Failure};
use crate::time::calendar::rfc3339;
use crate::time::words::roughly;

/// What a service is worth.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Fitness {
    Working(String),
    OnItsWay(String),
    /// It does not do its work, or will not for long.
    Failing(Failure),
}

/// Judges a service at `now`.
///
/// A disabled service that does not run is `disabled` and nothing else. One that still runs is `disabled` too: it
/// answers now, and nobody can start it again after the next restart of the server.
pub(crate) fn judge(service: &ServiceStatus, now: SystemTime) -> Fitness {
    let (name, start, condition) = (&service.name, service.start, service.condition);
    let failing = |class, text: String| Fitness::Failing(Failure::new(class, text));
    match (start, condition) {
        (Start::Disabled, Condition::Running) => {
            failing(Class::Disabled, format!("{name} is disabled; it still runs, and cannot be started again"))
        }
        (Start::Disabled, Condition::Stopped) => {
            failing(Class::Disabled, format!("{name} is disabled and stopped{}", ended(service.exit.as_ref())))
        }
        (Start::Disabled, _) => failing(Class::Disabled, format!("{name} is disabled and {condition}")),
        (Start::Unknown, Condition::Running) => {
            failing(Class::NoData, format!("{name} is running, and whether it is disabled is not known"))
        }
        (_, Condition::Running) => Fitness::Working(format!("{name} is running ({start}{})", up(service, now))),
        (_, Condition::Stopped) => {
            failing(Class::Stopped, format!("{name} is stopped ({start}){}", ended(service.exit.as_ref())))
        }
        (_, Condition::Paused) => failing(Class::Stopped, format!("{name} is paused ({start})")),
        (_, Condition::Other(_)) => {
            failing(Class::NoData, format!("{name} is {condition} ({start}), which the documentation does not know"))
        }
        _ => Fitness::OnItsWay(format!("{name} is {condition} ({start})")),
    }
}

/// Seconds since the start of a service: 0 when it has no process, `None` when nobody knows.
pub(crate) fn uptime(service: &ServiceStatus, now: SystemTime) -> Option<Duration> {
    match (service.process, service.since) {
        (None, _) if service.condition == Condition::Stopped => Some(Duration::ZERO),
        // A clock that was set back since the start makes no negative time.
        (_, Some(since)) => Some(now.duration_since(since).unwrap_or_default()),
        _ => None,
    }
}

/// Everything about a service in one line, for who wants details.
pub(crate) fn describe(service: &ServiceStatus) -> String {
    let mut parts = vec![service.start.to_string(), service.condition.to_string()];
    parts.extend(service.process.map(|process| format!("process {process}")));
    parts.extend(service.since.map(|since| format!("since {}", rfc3339(since))));
    if service.condition == Condition::Stopped {
        parts.extend(service.exit.as_ref().map(exit));
    }
    parts.extend(service.notes.iter().cloned());
    let label = if service.display_name.is_empty() { &service.name } else { &service.display_name };
    format!("{label}: {}", parts.join(", "))
}

fn up(service: &ServiceStatus, now: SystemTime) -> String {
    service.since.and(uptime(service, now)).map_or_else(String::new, |time| format!(", up {}", roughly(time)))
}

/// How it ended, where that says more than that somebody stopped it.
fn ended(exit: Option<&Exit>) -> String {
    exit.filter(|exit| exit.code != 0).map_or_else(String::new, |exit| format!(": {}", self::exit(exit)))
}

fn exit(exit: &Exit) -> String {
    match exit.code {
        SERVICE_SPECIFIC_ERROR => format!("service-specific exit code {}", exit.specific),
        code if exit.words.is_empty() => format!("exit code {code}"),
        code => format!("exit code {code}, {}", exit.words),
    }
}

/// `ERROR_SERVICE_SPECIFIC_ERROR`: the reason is a number of the service's own.
const SERVICE_SPECIFIC_ERROR: u32 = 1066;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::status::Delay;
    use std::time::UNIX_EPOCH;

    const STARTS: [Start; 8] = [
        Start::Boot,
        Start::System,
        Start::Automatic(Delay::Unknown),
        Start::Automatic(Delay::None),
        Start::Automatic(Delay::Delayed),
        Start::Manual,
        Start::Disabled,
        Start::Other(9),
    ];

    fn now() -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(1_795_453_200)
    }

    fn service(start: Start, condition: Condition) -> ServiceStatus {
        ServiceStatus {
            name: "MSExchangeUMCR".to_owned(),
            display_name: "Microsoft Exchange Unified Messaging Call Router".to_owned(),
            start,
            condition,
            process: None,
            since: None,
            exit: Some(Exit::default()),
            notes: Vec::new(),
        }
    }

    fn class(start: Start, condition: Condition) -> Option<Class> {
        match judge(&service(start, condition), now()) {
            Fitness::Failing(failure) => Some(failure.class),
            _ => None,
        }
    }

    fn text(service: &ServiceStatus) -> String {
        match judge(service, now()) {
            Fitness::Working(text) | Fitness::OnItsWay(text) => text,
            Fitness::Failing(failure) => failure.summary,
        }
    }

    fn ended(code: u32, words: &str, specific: u32) -> ServiceStatus {
        let exit = Some(Exit { code, words: words.to_owned(), specific });
        ServiceStatus { exit, ..service(Start::Automatic(Delay::None), Condition::Stopped) }
    }

    #[test]
    fn every_combination_of_start_and_state_has_its_verdict() {
        for start in STARTS {
            for number in 0..=9 {
                let condition = Condition::from_number(number);
                let expected = match (start, number) {
                    (Start::Disabled, _) => Some(Class::Disabled),
                    (_, 1 | 7) => Some(Class::Stopped),
                    (_, 2..=6) => None,
                    _ => Some(Class::NoData),
                };
                assert_eq!(class(start, condition), expected, "{start:?} {condition:?}");
                let working = matches!(judge(&service(start, condition), now()), Fitness::Working(_));
                assert_eq!(working, number == 4 && start != Start::Disabled, "{start:?} {condition:?}");
                let text = text(&service(start, condition));
                assert!(text.contains(&start.to_string()), "{text}");
            }
        }
    }

    #[test]
    fn every_number_of_the_service_manager_has_a_name_of_its_own() {
        let mut names: Vec<_> = (0..=8).map(|number| Condition::from_number(number).to_string()).collect();
        names.extend((0..=5).map(|number| Start::from_number(number).to_string()));
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count, "{names:?}");
        assert_eq!(Start::from_number(4), Start::Disabled);
        assert_eq!(Condition::from_number(4), Condition::Running);
    }

    #[test]
    fn running_says_for_how_long_where_that_is_known() {
        let mut running = service(Start::Automatic(Delay::Delayed), Condition::Running);
        running.process = Some(1_234);
        assert_eq!(text(&running), "MSExchangeUMCR is running (automatic, delayed)");
        assert_eq!(uptime(&running, now()), None);
        running.since = Some(now() - Duration::from_secs(3 * 86_400 + 5));
        assert_eq!(text(&running), "MSExchangeUMCR is running (automatic, delayed, up 3 d)");
        assert_eq!(uptime(&running, now()), Some(Duration::from_secs(3 * 86_400 + 5)));
        assert_eq!(
            describe(&running),
            "Microsoft Exchange Unified Messaging Call Router: automatic, delayed, running, process 1234, since 2026-11-20T16:59:55Z"
        );
    }

    #[test]
    fn uptime_is_0_when_stopped_and_never_negative() {
        assert_eq!(uptime(&service(Start::Manual, Condition::Stopped), now()), Some(Duration::ZERO));
        assert_eq!(uptime(&service(Start::Manual, Condition::StartPending), now()), None);
        let mut running = service(Start::Manual, Condition::Running);
        running.since = Some(now() + Duration::from_secs(60));
        assert_eq!(uptime(&running, now()), Some(Duration::ZERO));
    }

    #[test]
    fn running_is_not_enough_where_nobody_says_that_it_is_not_disabled() {
        assert_eq!(class(Start::Unknown, Condition::Running), Some(Class::NoData));
        assert_eq!(class(Start::Unknown, Condition::Stopped), Some(Class::Stopped));
        let unknown = ServiceStatus { exit: None, ..service(Start::Manual, Condition::Stopped) };
        assert_eq!(text(&unknown), "MSExchangeUMCR is stopped (manual)");
        assert!(describe(&unknown).ends_with(": manual, stopped"));
    }

    #[test]
    fn stopped_says_how_it_ended() {
        assert_eq!(text(&ended(0, "", 0)), "MSExchangeUMCR is stopped (automatic)");
        assert_eq!(
            text(&ended(1_067, "The process terminated unexpectedly.", 0)),
            "MSExchangeUMCR is stopped (automatic): exit code 1067, The process terminated unexpectedly."
        );
        assert_eq!(text(&ended(1_077, "", 3)), "MSExchangeUMCR is stopped (automatic): exit code 1077");
        assert_eq!(
            text(&ended(1_066, "The service has returned a service-specific error code.", 42)),
            "MSExchangeUMCR is stopped (automatic): service-specific exit code 42"
        );
    }

    #[test]
    fn disabled_is_one_finding_whether_it_runs_or_not() {
        let running = text(&service(Start::Disabled, Condition::Running));
        assert_eq!(running, "MSExchangeUMCR is disabled; it still runs, and cannot be started again");
        let stopped = ServiceStatus { start: Start::Disabled, ..ended(1_077, "", 0) };
        assert_eq!(text(&stopped), "MSExchangeUMCR is disabled and stopped: exit code 1077");
    }
}
