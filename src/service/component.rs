//! Who has taken an Exchange component out of service, and since when? The values below `ServerComponentStates`.
//!
//! Each component is a key, each requester a value in it: `Maintenance` = `1:Inactive:635084052000000000`, which is a
//! version, a state, and the time in ticks of .NET, 100 ns since the year 1, in UTC. Microsoft documents the cmdlets
//! (Get-ServerComponentState, Set-ServerComponentState), not this format; it is known from published scripts that read
//! it, so whatever deviates from it is read as far as it goes, and said where it does not.

use std::time::SystemTime;

use crate::report::{Class, Failure, excerpt};
use crate::time::calendar::{filetime, rfc3339};

/// A component with what everybody requested of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Component {
    /// Its name, as in `Get-ServerComponentState`.
    pub name: String,
    /// What was requested of it, and of the whole server where that counts.
    pub requests: Vec<Request>,
    /// The values that no request could be read from: where, and what was expected there.
    pub unreadable: Vec<String>,
}

/// What one requester wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The component that it stands at: the one asked for, or the whole server.
    pub component: String,
    /// Who wants it: `Maintenance`, `HealthApi`, `Functional`, `Sidelined`, `Deployment`.
    pub requester: String,
    /// What.
    pub state: ComponentState,
    /// Since when, where that can be read.
    pub since: Option<SystemTime>,
}

/// The state of a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ComponentState {
    /// It works.
    Active,
    /// It finishes what it has begun.
    Draining,
    /// It does not work.
    Inactive,
}

impl ComponentState {
    const ALL: [(Self, &str); 3] =
        [(Self::Active, "active"), (Self::Draining, "draining"), (Self::Inactive, "inactive")];

    fn name(self) -> &'static str {
        Self::ALL.iter().find(|(state, _)| *state == self).map_or("", |(_, name)| name)
    }

    fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, name)| text.trim().eq_ignore_ascii_case(name)).map(|(state, _)| *state)
    }
}

impl Component {
    /// A component of which nobody requested anything, which is in service.
    pub fn new(name: &str) -> Self {
        Self { name: name.to_owned(), ..Self::default() }
    }

    /// The keys that decide about a component, below [`KEY`].
    pub(crate) fn keys(name: &str) -> Vec<&str> {
        let is = |other: &&str| name.eq_ignore_ascii_case(other);
        if is(&WHOLE_SERVER) || INDEPENDENT.iter().any(is) { vec![name] } else { vec![name, WHOLE_SERVER] }
    }

    /// Adds the value of one requester at the key `component`; `None` is a value that is no text.
    pub fn add(&mut self, component: &str, requester: &str, value: Option<&str>) {
        let requester = excerpt(requester, MAX_NAME);
        match value.and_then(request) {
            Some((state, since)) => {
                self.requests.push(Request { component: component.to_owned(), requester, state, since });
            }
            None => self.unreadable.push(format!("value {requester} of {component}: expected 1:STATE:TICKS")),
        }
    }

    /// Says that a key has more values than are looked at.
    pub fn too_many(&mut self, component: &str) {
        self.unreadable.push(format!("{component}: expected at most {MAX_REQUESTERS} values"));
    }

    /// What is wrong: one failure for each key where somebody wants something else than service, and one for what cannot be read.
    ///
    /// As Exchange has it, one requester who wants it out of service outweighs all who do not.
    pub fn failures(&self) -> Vec<Failure> {
        let mut failures = Vec::new();
        for key in Self::keys(&self.name) {
            let against = |request: &&Request| request.component == key && request.state != ComponentState::Active;
            let mut against: Vec<_> = self.requests.iter().filter(against).collect();
            // Inactive before draining, and among those the oldest first: it has been so since then.
            against.sort_by_key(|request| {
                (request.state != ComponentState::Inactive, request.since.is_none(), request.since)
            });
            if let Some(worst) = against.first() {
                let by: Vec<_> = against.iter().map(|request| request.by()).collect();
                let whole = if key == WHOLE_SERVER { "the whole server: " } else { "" };
                let text = format!("{whole}{key} is {}, requested by {}", worst.state.name(), by.join(" and "));
                failures.push(Failure::new(Class::Maintenance, text));
            }
        }
        if !self.unreadable.is_empty() {
            let text = format!("cannot read the state of component {}: {}", self.name, self.unreadable.join("; "));
            failures.push(Failure::new(Class::Unreadable, text));
        }
        failures
    }

    /// Everything that was requested in one line, for who wants details.
    pub fn describe(&self) -> String {
        let said = |request: &Request| {
            let Request { component, state, .. } = request;
            format!("{component} {} by {}", state.name(), request.by())
        };
        match self.requests.as_slice() {
            [] => "nothing was ever requested of it, so it is active".to_owned(),
            requests => requests.iter().map(said).collect::<Vec<_>>().join("; "),
        }
    }
}

impl Request {
    fn by(&self) -> String {
        let since = self.since.map_or_else(|| "an unknown time".to_owned(), rfc3339);
        format!("{} since {since}", self.requester)
    }
}

/// State and time of `1:Inactive:635084052000000000`; what stands in front of the state does not matter.
pub fn request(value: &str) -> Option<(ComponentState, Option<SystemTime>)> {
    let mut fields = value.split(':');
    let state = fields.find_map(ComponentState::parse)?;
    Some((state, fields.next().and_then(time)))
}

/// A time in ticks since the year 1, or, as the rest of Windows counts, since 1601.
fn time(field: &str) -> Option<SystemTime> {
    let number: i64 = field.trim().parse().ok()?;
    // The upper two bits are the kind of a time that .NET wrote with ToBinary.
    let ticks = number.cast_unsigned() & !(3 << 62);
    filetime(ticks.checked_sub(TICKS_1601).unwrap_or(ticks))
}

/// The key of all components, below `HKEY_LOCAL_MACHINE`.
pub const KEY: &str = r"SOFTWARE\Microsoft\ExchangeServer\v15\ServerComponentStates";

/// The component whose state counts for all others.
const WHOLE_SERVER: &str = "ServerWideOffline";

/// 1601-01-01 in ticks of 100 ns since 0001-01-01: more than any time since 1601 that is not of a far future.
const TICKS_1601: u64 = 504_911_232_000_000_000;

/// The most of a requester's name that is shown, in characters.
const MAX_NAME: usize = 64;

/// The most values of one key that are looked at.
pub const MAX_REQUESTERS: u32 = 64;

/// The components that go on working when the whole server is out of service.
const INDEPENDENT: [&str; 2] = ["Monitoring", "RecoveryActionsEnabled"];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::time::{Duration, UNIX_EPOCH};

    fn component(values: &[(&str, &str, &str)]) -> Component {
        let mut component = Component::new("UMCallRouter");
        values.iter().for_each(|(key, requester, value)| component.add(key, requester, Some(value)));
        component
    }

    fn summaries(values: &[(&str, &str, &str)]) -> Vec<String> {
        component(values).failures().into_iter().map(|failure| failure.summary).collect()
    }

    fn read(value: &str) -> Option<(ComponentState, Option<String>)> {
        request(value).map(|(state, since)| (state, since.map(rfc3339)))
    }

    #[test]
    fn in_service_when_nothing_was_ever_requested_or_all_want_it_active() {
        assert_eq!(summaries(&[]), [""; 0]);
        assert_eq!(component(&[]).describe(), "nothing was ever requested of it, so it is active");
        let active = [
            ("UMCallRouter", "Maintenance", "1:Active:635084052000000000"),
            ("UMCallRouter", "HealthApi", "1:Active:1"),
        ];
        assert_eq!(summaries(&active), [""; 0]);
    }

    #[test]
    fn unreadable_when_there_are_more_values_than_are_looked_at() {
        let mut component = component(&[]);
        component.too_many("UMCallRouter");
        let failures = component.failures();
        assert_eq!((failures.len(), failures[0].class), (1, Class::Unreadable));
        assert!(failures[0].summary.ends_with("UMCallRouter: expected at most 64 values"), "{}", failures[0].summary);
    }

    #[test]
    fn maintenance_names_requester_and_time() {
        assert_eq!(
            summaries(&[("UMCallRouter", "Maintenance", "1:Inactive:635084052000000000")]),
            ["UMCallRouter is inactive, requested by Maintenance since 2013-07-02T23:40:00Z"]
        );
        let failures = component(&[("UMCallRouter", "Maintenance", "1:Inactive:0")]).failures();
        assert_eq!(failures[0].class, Class::Maintenance);
        assert!(failures[0].summary.ends_with("since an unknown time"), "{failures:?}");
    }

    #[test]
    fn one_requester_outweighs_all_others_and_the_oldest_comes_first() {
        let values = [
            ("UMCallRouter", "HealthApi", "1:Draining:635000000000000000"),
            ("UMCallRouter", "Functional", "1:Active:635084052000000000"),
            ("UMCallRouter", "Maintenance", "1:Inactive:635084052000000000"),
            ("UMCallRouter", "Deployment", "1:Inactive:635000000000000000"),
        ];
        let summaries = summaries(&values);
        let begins = "UMCallRouter is inactive, requested by Deployment since 2013-03-27T16:53:20Z and Maintenance since 2013-07-02";
        assert!(summaries[0].starts_with(begins) && summaries[0].contains("HealthApi"), "{summaries:?}");
        assert!(!summaries[0].contains("Functional"), "{summaries:?}");
    }

    #[test]
    fn the_whole_server_counts_for_its_components_but_not_for_the_independent_ones() {
        let offline = ("ServerWideOffline", "Maintenance", "1:Inactive:635084052000000000");
        let summaries = summaries(&[offline, ("UMCallRouter", "Maintenance", "1:Active:0")]);
        assert_eq!(summaries.len(), 1);
        assert!(
            summaries[0].starts_with("the whole server: ServerWideOffline is inactive, requested by"),
            "{summaries:?}"
        );
        assert_eq!(Component::keys("UMCallRouter"), ["UMCallRouter", "ServerWideOffline"]);
        assert_eq!(Component::keys("monitoring"), ["monitoring"]);
        assert_eq!(Component::keys("ServerWideOffline"), ["ServerWideOffline"]);
    }

    #[test]
    fn what_cannot_be_read_is_said_without_its_text_and_hides_nothing() {
        let mut component =
            component(&[("UMCallRouter", "Maintenance", "1:Inactive:0"), ("UMCallRouter", "Odd", "secret")]);
        component.add("UMCallRouter", "Number", None);
        let failures = component.failures();
        assert_eq!(
            failures.iter().map(|failure| failure.class).collect::<Vec<_>>(),
            [Class::Maintenance, Class::Unreadable]
        );
        assert_eq!(
            failures[1].summary,
            "cannot read the state of component UMCallRouter: value Odd of UMCallRouter: expected 1:STATE:TICKS; value \
             Number of UMCallRouter: expected 1:STATE:TICKS"
        );
    }

    #[test]
    fn deviations_are_read_as_far_as_they_go() {
        let time = || Some("2013-07-02T23:40:00Z".to_owned());
        for value in
            ["1:INACTIVE:635084052000000000", " 1 : inactive : 635084052000000000 ", "inactive:635084052000000000"]
        {
            assert_eq!(read(value), Some((ComponentState::Inactive, time())), "{value}");
        }
        // As the attribute of the server's object in the directory has it; since 1601; with the kind of a time.
        for value in [
            "1:UMCallRouter:Maintenance:Draining:635084052000000000",
            "1:Draining:130172820000000000",
            "1:Draining:5246770070427387904",
        ] {
            assert_eq!(read(value), Some((ComponentState::Draining, time())), "{value}");
        }
        for value in
            ["1:Active", "1:Active:", "1:Active:now", "1:Active:2013-07-02T09:00:00", "1:Active:99999999999999999999"]
        {
            assert_eq!(read(value), Some((ComponentState::Active, None)), "{value}");
        }
        for value in ["", ":", "1", "1:2:3", "Inactiveness", "1:\u{130}nactive:0"] {
            assert_eq!(read(value), None, "{value}");
        }
    }

    proptest! {
        #[test]
        fn every_time_that_exchange_writes_is_read_back(seconds in 0..253_402_300_799_u64, ticks in 0..10_000_000_u64) {
            let expected = UNIX_EPOCH + Duration::from_secs(seconds) + Duration::from_nanos(ticks * 100);
            let value = format!("1:Inactive:{}", 621_355_968_000_000_000 + seconds * 10_000_000 + ticks);
            prop_assert_eq!(request(&value), Some((ComponentState::Inactive, Some(expected))));
        }

        #[test]
        fn any_value_is_a_request_or_said(requester: String, value: String, time: i64) {
            let mut component = Component::new("UMCallRouter");
            component.add("UMCallRouter", &requester, Some(&value));
            component.add("UMCallRouter", &requester, Some(&format!("1:Inactive:{time}")));
            prop_assert_eq!(component.requests.len() + component.unreadable.len(), 2);
            prop_assert!(component.failures().iter().any(|failure| failure.class == Class::Maintenance));
            prop_assert!(!component.describe().is_empty());
        }
    }
}
