//! How far is what was read the whole of what happened? Records that cannot be read, an export cut off, a log too young.

use std::time::SystemTime;

use super::tally::EventWindow;
use super::{Gap, Recorded};
use crate::report::{Class, Failure, excerpt};
use crate::time::calendar::rfc3339;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Extent {
    /// How many records there are, whoever wrote them.
    pub records: u64,
    /// How many of them cannot be read.
    pub bad: u64,
    /// How many of those say enough to know that they do not matter.
    pub harmless: u64,
    /// How many are of other computers than the one that was asked for.
    pub elsewhere: u64,
    /// How many of the others can be read.
    pub legible: u64,
    /// The computers whose records count, by the names that they give themselves; at most [`MAX_COMPUTERS`].
    pub computers: Vec<String>,
    /// The same of the others.
    pub others: Vec<String>,
    /// The computer that was asked for, where none of the records is of it.
    pub absent: Option<String>,
    /// Whether there are more records than are read.
    pub is_cut: bool,
    /// What says of an export that it is not all that was to be written.
    pub gap: Option<Gap>,
    /// The time of the oldest record of the log, where that could be had.
    pub reaches_back: Option<SystemTime>,
    /// The time of the newest record of an export of which nobody says when it was written.
    pub newest: Option<SystemTime>,
}

impl Extent {
    /// Counts one record, which may be of another computer than the one that was asked for.
    pub(crate) fn add(&mut self, recorded: &Recorded, is_elsewhere: bool) {
        let is_bad = matches!(recorded, Recorded::Bad(_));
        self.records += 1;
        self.bad += u64::from(is_bad);
        self.elsewhere += u64::from(is_elsewhere);
        self.harmless += u64::from(is_elsewhere && is_bad);
        self.legible += u64::from(!is_elsewhere && !is_bad);
    }

    /// Takes note of whose records count, and of whose do not.
    pub(crate) fn add_computer(&mut self, name: &str, is_elsewhere: bool) {
        let computers = if is_elsewhere { &mut self.others } else { &mut self.computers };
        note(computers, name);
    }

    /// Why the counts may not be the whole of it, each in a few words for the first line.
    pub(crate) fn shortcomings(&self, window: EventWindow) -> Vec<String> {
        let bad = match self.unread() {
            0 => None,
            1 => Some("1 record cannot be read".to_owned()),
            bad => Some(format!("{bad} records cannot be read")),
        };
        let cut = self.is_cut.then(|| format!("only the newest {} records were counted", self.records));
        let gap = self.gap.map(Gap::briefly);
        let young = self.reaches_back.filter(|oldest| window.from().is_some_and(|from| *oldest > from));
        let young = young.map(|oldest| format!("the log reaches back to {} only", rfc3339(oldest)));
        let old = self.newest.filter(|newest| window.from().is_some_and(|from| *newest < from));
        let old =
            old.map(|newest| format!("the newest record is of {}, the export of nobody knows when", rfc3339(newest)));
        [bad, cut, gap, young, old].into_iter().flatten().collect()
    }

    /// Why nothing good may be said of `source`, whatever was counted; what is bad about it may be said all the same.
    pub(crate) fn failure(&self, source: &str) -> Option<Failure> {
        let text = match (self.records - self.bad, self.gap) {
            (_, Some(gap @ Gap::Zeros { .. })) => format!("{source}: {gap}"),
            (0, _) if self.unread() > 0 => format!("{source}: none of its {} event records can be read", self.bad),
            (readable, _) if self.unread() > 0 => {
                format!("{source}: only {readable} of its {} event records can be read", self.records)
            }
            (_, Some(gap)) => format!("{source}: {gap}"),
            _ if self.is_cut => format!("{source}: more than {} event records of the window", self.records),
            _ => return self.absence(source),
        };
        Some(Failure::new(Class::Unreadable, text))
    }

    /// That the computer that was asked for has no record among those of others: it may be quiet, or be called otherwise.
    fn absence(&self, source: &str) -> Option<Failure> {
        Some(absent(self.absent.as_ref()?, (self.records, "record"), source, &self.others))
    }

    /// Whether nothing of what there is could be read, so that to have counted none says nothing.
    pub(crate) const fn is_illegible(&self) -> bool {
        self.legible == 0 && (self.unread() > 0 || self.gap.is_some())
    }

    /// Those of which nobody knows that they do not matter.
    const fn unread(&self) -> u64 {
        self.bad.saturating_sub(self.harmless)
    }
}

/// Takes note of a computer, unless it is known or there are many already.
pub(crate) fn note(computers: &mut Vec<String>, name: &str) {
    let is_known = computers.iter().any(|known| known.eq_ignore_ascii_case(name));
    if !name.is_empty() && !is_known && computers.len() < MAX_COMPUTERS {
        computers.push(name.to_owned());
    }
}

/// That none of what `source` has, so many of that, is of `computer`, but all of it of `others`: it may be called otherwise.
pub(crate) fn absent(computer: &str, (count, what): (u64, &str), source: &str, others: &[String]) -> Failure {
    let none = match count {
        1 => format!("the only {what} of {source} is not"),
        count => format!("none of the {count} {what}s of {source} is"),
    };
    let expected = match others {
        [] => "a name of the server".to_owned(),
        others => format!("one of {}", excerpt(&others.join(", "), 300)),
    };
    Failure::new(Class::NoData, format!("{none} of {computer}: expected {expected}"))
}

/// How many computers are named: more than one is too many already.
const MAX_COMPUTERS: usize = 8;

#[cfg(test)]
mod tests {
    use super::super::{Remains, xml};
    use super::*;
    use std::time::Duration;

    const WINDOW: EventWindow =
        EventWindow { until: SystemTime::UNIX_EPOCH, length: Duration::from_secs(3_600), is_open: true };

    #[test]
    fn nothing_to_say_of_what_is_whole() {
        let whole = Extent { records: 3, ..Extent::default() };
        assert_eq!((whole.shortcomings(WINDOW), whole.failure("x")), (vec![], None));
    }

    #[test]
    fn unreadable_when_any_record_is_bad_or_some_are_missing() {
        let failure = |extent: Extent| {
            let failure = extent.failure("x.xml").unwrap();
            assert_eq!(failure.class, Class::Unreadable);
            assert!(!extent.shortcomings(WINDOW).is_empty());
            failure.summary
        };
        let extent = Extent { records: 51, ..Extent::default() };
        assert_eq!(failure(Extent { bad: 50, ..extent.clone() }), "x.xml: only 1 of its 51 event records can be read");
        assert_eq!(failure(Extent { bad: 51, ..extent.clone() }), "x.xml: none of its 51 event records can be read");
        assert!(failure(Extent { gap: Some(Gap::Unfinished), ..extent.clone() }).contains("expected the end"));
        assert!(failure(Extent { is_cut: true, ..extent }).contains("more than 51"));
    }

    #[test]
    fn a_young_log_is_said_and_nothing_worse() {
        let reaches_back = SystemTime::UNIX_EPOCH.checked_sub(Duration::from_secs(60));
        let young = Extent { records: 1, reaches_back, ..Extent::default() };
        assert_eq!(young.failure("x"), None);
        assert_eq!(young.shortcomings(WINDOW), ["the log reaches back to 1969-12-31T23:59:00Z only"]);
    }

    #[test]
    fn no_data_when_only_other_computers_wrote_it() {
        let extent = |records| Extent {
            records,
            absent: Some("cas1".to_owned()),
            others: vec!["CAS2".to_owned(), "CAS3".to_owned()],
            ..Extent::default()
        };
        let said = |records| extent(records).failure("x").map(|failure| (failure.class, failure.summary));
        let no_data = |text: &str| Some((Class::NoData, format!("{text} of cas1: expected one of CAS2, CAS3")));
        assert_eq!(said(2), no_data("none of the 2 records of x is"));
        assert_eq!(said(1), no_data("the only record of x is not"));
        let long = Extent { others: vec!["x".repeat(64_000); 8], ..extent(2) };
        assert!(long.failure("x").is_some_and(|failure| failure.summary.len() < 400));
        assert!(!extent(2).is_illegible() && extent(2).shortcomings(WINDOW).is_empty());
        // What is missing of it might be of the computer: whoever lets it be quiet must not pass over that.
        let unfinished = Extent { gap: Some(Gap::Unfinished), ..extent(2) };
        assert_eq!(unfinished.failure("x").map(|failure| failure.class), Some(Class::Unreadable));
    }

    #[test]
    fn an_undated_export_whose_records_are_all_older_than_the_window_is_said_to_be_one() {
        let newest =
            |ago| Extent { newest: SystemTime::UNIX_EPOCH.checked_sub(Duration::from_secs(ago)), ..Extent::default() };
        assert_eq!(newest(3_600).shortcomings(WINDOW), Vec::<String>::new());
        let said = ["the newest record is of 1969-12-31T22:59:59Z, the export of nobody knows when"];
        assert_eq!(
            (newest(3_601).shortcomings(WINDOW), newest(3_601).failure("x")),
            (said.map(str::to_owned).into(), None)
        );
    }

    #[test]
    fn illegible_when_nothing_could_be_read_that_may_matter() {
        let illegible = |legible, bad, harmless, is_unfinished: bool| {
            let gap = is_unfinished.then_some(Gap::Unfinished);
            let extent = Extent { records: 4, elsewhere: 1, legible, bad, harmless, gap, ..Extent::default() };
            extent.is_illegible()
        };
        assert!(illegible(0, 2, 1, false) && illegible(0, 0, 0, true) && illegible(0, 1, 1, true));
        assert!(!illegible(0, 0, 0, false) && !illegible(0, 2, 2, false) && !illegible(1, 2, 0, true));
    }

    #[test]
    fn bad_records_that_do_not_matter_are_no_failure() {
        let extent = |harmless| Extent { records: 3, bad: 2, harmless, ..Extent::default() };
        assert_eq!((extent(2).failure("x"), extent(2).shortcomings(WINDOW)), (None, vec![]));
        assert_eq!(extent(1).shortcomings(WINDOW), ["1 record cannot be read"]);
        assert_eq!(extent(1).failure("x").unwrap().class, Class::Unreadable);
    }

    #[test]
    fn records_are_counted_by_whether_they_can_be_read_and_whose_they_are() {
        let bad = Recorded::Bad(Remains::default());
        let whole = match xml::record(
            "<Event><System><EventID>1</EventID><TimeCreated SystemTime='2026-11-23T17:00:00Z'/></System></Event>",
        ) {
            whole @ Recorded::Whole(_) => whole,
            bad => panic!("{bad:?}"),
        };
        let mut extent = Extent::default();
        for (recorded, is_elsewhere, times) in
            [(&bad, true, 2), (&bad, false, 3), (&whole, true, 4), (&whole, false, 5)]
        {
            (0..times).for_each(|_| extent.add(recorded, is_elsewhere));
        }
        let Extent { records, bad, harmless, elsewhere, legible, .. } = extent;
        assert_eq!((records, bad, harmless, elsewhere, legible), (14, 5, 2, 6, 5));
    }

    #[test]
    fn computers_are_named_once_each_and_only_a_few_of_them() {
        let mut extent = Extent::default();
        ["CAS1", "cas1", "", "CAS2"].iter().for_each(|name| extent.add_computer(name, false));
        (0..20).for_each(|number| extent.add_computer(&format!("other{number}"), true));
        assert_eq!(
            (extent.computers, extent.others.len()),
            (vec!["CAS1".to_owned(), "CAS2".to_owned()], MAX_COMPUTERS)
        );
    }

    #[test]
    fn a_log_that_begins_with_the_window_is_not_too_young_and_zeros_are_said_first() {
        let extent = Extent { records: 2, reaches_back: WINDOW.from(), ..Extent::default() };
        assert_eq!(extent.shortcomings(WINDOW), Vec::<String>::new());
        for bad in [0, 1, 2] {
            let zeros = Extent { bad, gap: Some(Gap::Zeros { behind: 2 }), ..extent.clone() };
            assert!(zeros.failure("x").unwrap().summary.starts_with("x: zeros behind record 2"), "{bad}");
        }
    }
}
