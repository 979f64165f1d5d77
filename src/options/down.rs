//! How many of several servers may be down? A range over their number, or over their share in per cent.

use std::borrow::Cow;
use std::fmt;
use std::net::SocketAddr;
use std::str::FromStr;

use super::{Need, When};
use crate::net::Endpoint;
use crate::net::tally::{LeftOut, Named, Tally};
use crate::report::{Finding, Metric, Range, RangeError, Report, State, Thresholds};

/// `--down-warning` and `--down-critical`.
#[derive(Clone, Debug, Default, clap::Args)]
#[command(next_help_heading = "Thresholds")]
pub(crate) struct DownOptions {
    /// WARNING when the number of targets, without --srv of addresses, that are down is outside this range, or with % behind
    /// it their share; what is wrong with fewer of them is said only
    #[arg(long, value_name = "RANGE[%]", allow_hyphen_values = true)]
    down_warning: Option<Allowed>,

    /// CRITICAL when the number of targets, without --srv of addresses, that are down is outside this range, or with % behind
    /// it their share; what is wrong with fewer of them is said only
    #[arg(long, value_name = "RANGE[%]", allow_hyphen_values = true)]
    down_critical: Option<Allowed>,
}

impl DownOptions {
    pub(crate) const NEEDS: &'static [Need] =
        &[Need { options: &["--down-warning", "--down-critical"], when: When::Given("--all-addresses") }];

    pub(crate) const fn is_given(&self) -> bool {
        self.down_warning.is_some() || self.down_critical.is_some()
    }

    /// Judges how many of the members are down, which is who is not well: that decides, and what is wrong with one of them is
    /// said only. A WARNING stays one where as many have at least that as may not be down: whoever gets worse never makes the
    /// whole look better. Where all are down it keeps its state, too: no threshold makes an outage well.
    pub(crate) fn judge(&self, members: &Members<'_>, report: &mut Report) {
        let Members { content, well, name, .. } = members;
        let (down, all) = well.failing(name);
        // Where nobody was found to be asked, that is a finding of its own.
        if !self.is_given() || all == 0 {
            return;
        }
        let scaled = |allowed: &Option<Allowed>| allowed.as_ref().map(|allowed| allowed.of(all));
        let thresholds = Thresholds::new(scaled(&self.down_warning), scaled(&self.down_critical));
        let metric = Metric::count("down", down).judged_by(&thresholds).max(f64::from(all));
        let found = report.by_severity();
        let alerting = found.iter().find(|finding| finding.state >= State::Unknown);
        // Else a class whose state was lowered, to OK maybe, is why somebody is down.
        let worst = alerting.or_else(|| found.iter().find(|finding| finding.class.is_some())).cloned();
        let worst = worst.map(Cow::into_owned);
        if down < all {
            let is_common = thresholds.evaluate(content.failing(name).0.into()).is_some();
            let is_said_only = |state| state != State::Warning || !is_common;
            let of_members = report.findings.iter_mut().skip(members.first_finding);
            of_members.filter(|finding| is_said_only(finding.state)).for_each(|finding| finding.state = State::Ok);
        }
        // In front, where a long line is not cut.
        report.findings.splice(0..0, self.idle(all).map(Finding::remark));
        let violation = metric.violation();
        if down > 0 || violation.is_some() {
            report.headline = None;
            let text = well.failing_text(name, members.what());
            let finding = match violation.map(|violation| violation.state) {
                None => Finding::remark(text),
                Some(state) => {
                    let by = if state == State::Critical { &self.down_critical } else { &self.down_warning };
                    let relation = by.as_ref().map(|by| by.relation(down, all)).unwrap_or_default();
                    // For whoever handles the alert it is what the worst of them is.
                    let worst = worst.unwrap_or_else(|| Finding::remark(""));
                    Finding { state, text: format!("{text}, {relation}"), judged_by: "down", is_answer: false, ..worst }
                }
            };
            report.findings.insert(0, finding);
        }
        report.add_metric(metric);
    }

    /// Which of the thresholds takes more than `all` to be violated.
    fn idle(&self, all: u32) -> Option<String> {
        let both = [("--down-warning", &self.down_warning), ("--down-critical", &self.down_critical)];
        let given = both.into_iter().filter_map(|(option, allowed)| Some((option, allowed.as_ref()?)));
        let idle: Vec<_> = given.filter(|(_, allowed)| allowed.is_beyond(all)).collect();
        let idle: Vec<_> = idle.iter().map(|(option, allowed)| format!("{option} {allowed}")).collect();
        let found = if all == 1 { "only 1 was found".to_owned() } else { format!("only {all} were found") };
        (!idle.is_empty()).then(|| format!("{} can never be violated: {found}", idle.join(" and ")))
    }
}

/// Of whom the number is judged.
#[derive(Debug)]
pub(crate) struct Members<'a> {
    name: Named<'a>,
    /// The first finding of the report that is about one of them, and not about all.
    first_finding: usize,
    /// Who answers as expected, and of whom nothing is wrong at all.
    content: Tally,
    /// Who answers as expected, and of whom nothing is CRITICAL or UNKNOWN.
    well: Tally,
    /// Who answers as expected, whatever else is wrong.
    answering: Tally,
}

impl<'a> Members<'a> {
    /// Nobody yet, beside those of `left_out`.
    pub(crate) fn of(name: Named<'a>, left_out: LeftOut, first_finding: usize) -> Self {
        let tally = || Tally::beside(left_out);
        Self { name, first_finding, content: tally(), well: tally(), answering: tally() }
    }

    /// Counts one address of a target, or that the target has none, by the worst that was found of who answers as expected.
    pub(crate) fn add(&mut self, target: &Endpoint, address: Option<SocketAddr>, found: Option<State>) {
        self.answering.add(target, address, found.is_some());
        self.well.add(target, address, found.is_some_and(|worst| worst < State::Unknown));
        self.content.add(target, address, found == Some(State::Ok));
    }

    /// What those are that are not well: who answers is hardly down.
    fn what(&self) -> &'static str {
        match (self.answering.failing(&self.name).0, self.well.failing(&self.name).0) {
            (silent, unwell) if silent == unwell => "down",
            (0, _) => "not well",
            _ => "down or not well",
        }
    }
}

/// How many may be down: `1`, `@3:`, `50%`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Allowed {
    range: Range,
    is_share: bool,
    text: String,
}

impl Allowed {
    /// The range of the number of `all`.
    fn of(&self, all: u32) -> Range {
        if self.is_share { self.range.scaled(f64::from(all) / 100.0) } else { self.range.clone() }
    }

    /// Whether it takes more than `all` to violate it.
    fn is_beyond(&self, all: u32) -> bool {
        // More than all of them is what may be meant: each then keeps its own state.
        let most = if self.text.starts_with('@') { all } else { all.saturating_add(1) };
        !self.is_share && !(0..=most).any(|down| self.range.is_violated_by(f64::from(down)))
    }

    /// How so many of `all`, which are too many, stand to it: `more than 50 %`.
    fn relation(&self, down: u32, all: u32) -> String {
        let (down, all) = (f64::from(down), f64::from(all));
        if self.is_share {
            self.range.relation(down * 100.0 / all, |bound| format!("{bound} %"))
        } else {
            self.range.relation(down, |bound| bound.to_string())
        }
    }

    /// Whether this one beside `warning` leaves it without an effect. A number and a share cannot be compared before it is
    /// known how many there are.
    pub(crate) fn hides(&self, warning: &Self) -> bool {
        self.is_share == warning.is_share && self.range.hides(&warning.range)
    }
}

impl fmt::Display for Allowed {
    /// As it was given.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl FromStr for Allowed {
    type Err = AllowedError;

    fn from_str(text: &str) -> Result<Self, AllowedError> {
        let share = text.strip_suffix('%');
        let mut bounds = share.into_iter().flat_map(|share| share.trim_start_matches('@').split(':'));
        if bounds.any(|bound| bound.parse::<f64>().is_ok_and(|bound| bound > 100.0)) {
            return Err(AllowedError::Share(text.to_owned()));
        }
        Ok(Self { range: share.unwrap_or(text).parse()?, is_share: share.is_some(), text: text.to_owned() })
    }
}

/// Why a text says of nobody how many may be down.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum AllowedError {
    #[error(transparent)]
    Range(#[from] RangeError),
    #[error("'{0}' is more than all of them: expected at most 100%")]
    Share(String),
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::about::OF_A_TEST;
    use crate::report::{Class, Failure, Override, Policy, Started};
    use proptest::prelude::*;

    /// How bad a member may be, the better first: what is found of one that answers, and the class of one that does not.
    const MEMBERS: [(Option<State>, Option<Class>); 5] = [
        (Some(State::Ok), None),
        (Some(State::Warning), None),
        (Some(State::Unknown), None),
        (Some(State::Critical), None),
        (None, Some(Class::Refused)),
    ];

    /// What a domain is worth whose targets are so bad, where a class of failure is worth `refused` alone.
    fn state(down: &DownOptions, members: &[usize], refused: State) -> State {
        judged(down, members, refused).state()
    }

    /// What is said of it.
    fn judged(down: &DownOptions, members: &[usize], refused: State) -> Report {
        let policy = Policy::new(vec![Override { class: Class::Refused, state: refused }]);
        let mut report = Report::new(&OF_A_TEST, policy, Started::now());
        let mut all = Members::of(Named::Domain("example.com"), LeftOut::default(), 0);
        for (index, member) in members.iter().enumerate() {
            let (found, class) = MEMBERS[*member];
            report.findings.extend(found.map(|_| Finding::ok("200 OK")));
            report.findings.extend(found.map(|state| Finding { state, ..Finding::remark("slow") }));
            class.into_iter().for_each(|class| report.add_failure(Failure::new(class, "refused")));
            let address = format!("192.0.2.{index}:5060").parse().unwrap();
            all.add(&Endpoint { host: format!("t{index}"), port: 5060 }, Some(address), found);
        }
        down.judge(&all, &mut report);
        report
    }

    proptest! {
        #[test]
        fn whoever_gets_worse_never_makes_the_whole_look_better(
            mut members in proptest::collection::vec(0..MEMBERS.len(), 1..6),
            worse in any::<proptest::sample::Index>(),
            (warning, critical) in (proptest::option::of(0..100u32), proptest::option::of(0..100u32)),
            is_share in any::<bool>(),
            lowered in proptest::sample::select(vec![State::Ok, State::Warning, State::Unknown]),
        ) {
            let range = |bound: u32| if is_share { format!("{bound}%") } else { (bound / 20).to_string() };
            let down = DownOptions {
                down_warning: warning.map(|bound| allowed(&range(bound))),
                down_critical: critical.map(|bound| allowed(&range(bound))),
            };
            let before = state(&down, &members, State::Critical);
            let worse = worse.index(members.len());
            if members.iter().any(|member| *member < 2) && down.is_given() {
                prop_assert_eq!(before, state(&down, &members, lowered), "what a class is worth alone does not count");
            }
            if members[worse] + 1 < MEMBERS.len() && down.is_given() {
                members[worse] += 1;
                prop_assert!(before <= state(&down, &members, State::Critical), "{members:?} of {down:?} is better");
            }
        }
    }

    #[test]
    fn a_warning_of_as_many_as_may_be_down_is_said_only_and_that_of_more_stays_one() {
        let down = DownOptions { down_warning: None, down_critical: Some(allowed("1")) };
        let judged = |members: &[usize]| state(&down, members, State::Critical);
        assert_eq!([judged(&[1, 0]), judged(&[3, 0]), judged(&[4, 0])], [State::Ok; 3]);
        assert_eq!([judged(&[1, 1, 0]), judged(&[1, 3, 0]), judged(&[1, 4, 0])], [State::Warning; 3]);
        assert_eq!([judged(&[4, 3, 0]), judged(&[4, 4])], [State::Critical; 2]);
    }

    fn allowed(text: &str) -> Allowed {
        text.parse().unwrap()
    }

    #[test]
    fn a_share_is_judged_as_a_number_and_said_as_a_share() {
        for (text, down, all, is_violated, relation) in [
            ("50%", 3, 4, true, "more than 50 %"),
            ("50%", 2, 4, false, ""),
            ("33%", 1, 3, true, "more than 33 %"),
            ("20:50%", 2, 3, true, "more than 50 %"),
            ("20:50%", 0, 3, true, "less than 20 %"),
            ("40:50%", 1, 4, true, "less than 40 %"),
            ("1", 2, 4, true, "more than 1"),
            ("0", 1, 32, true, "more than 0"),
            ("@3:", 3, 4, true, "not less than 3"),
            ("@75:100%", 3, 4, true, "between 75 % and 100 %"),
        ] {
            let range = allowed(text);
            assert_eq!(range.of(all).is_violated_by(f64::from(down)), is_violated, "{text}");
            assert!(!is_violated || range.relation(down, all) == relation, "{text}: {}", range.relation(down, all));
        }
    }

    #[test]
    fn what_is_no_range_is_told_what_was_expected() {
        for text in ["", "%", "x%", "50%%", "-1", "3:1%", "150%", "100.5%", "@75:150%", "200:300%"] {
            assert!(text.parse::<Allowed>().unwrap_err().to_string().contains("expected"), "{text:?}");
        }
    }

    #[test]
    fn a_number_is_beyond_all_where_it_takes_more_to_violate_it() {
        for (text, all, is_beyond) in
            [("5", 4, true), ("4", 4, false), ("3", 4, false), ("@5:", 4, true), ("@4:", 4, false), ("100%", 4, false)]
        {
            assert_eq!(allowed(text).is_beyond(all), is_beyond, "{text} of {all}");
        }
    }

    #[test]
    fn a_share_and_a_number_are_not_compared() {
        assert!(allowed("1").hides(&allowed("2")) && allowed("25%").hides(&allowed("50%")));
        assert!(!allowed("2").hides(&allowed("1")) && !allowed("1").hides(&allowed("50%")));
    }

    #[test]
    fn that_too_many_are_down_is_judged_by_the_threshold_and_of_the_class_of_the_worst() {
        let down = DownOptions { down_warning: None, down_critical: Some(allowed("1")) };
        let report = judged(&down, &[4, 4], State::Critical);
        assert_eq!((report.findings[0].judged_by, report.findings[0].class), ("down", Some(Class::Refused)));
    }
}
