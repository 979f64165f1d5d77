//! What do the answers of all checks come to, and is each of them of this router?

use std::borrow::Cow;
use std::cmp::Reverse;

use crate::net::host::is_same_computer;
use crate::render::text::MAX_SUMMARY;
use crate::report::{Class, Failure, Finding, Metric, Part, Report, State, Thresholds, excerpt};

/// How many there are and how many of them are not OK; a finding of each that is not, and of too many that were not asked.
pub(super) fn conclude(report: &mut Report, of_not_asked: &Thresholds) {
    let all = report.parts.len();
    // Whoever leaves a check out has decided that it is not missed.
    let missed = report.not_asked.iter().filter(|not| not.is_missed).map(|not| not.name.clone());
    let missed: Vec<_> = missed.collect();
    let metric = |label, count| Metric::count(label, u32::try_from(count).unwrap_or(u32::MAX));
    let not_asked = metric("not_asked", missed.len()).judged_by(of_not_asked);
    let too_many = too_many(&not_asked, &missed);
    let (well, failing): (Vec<_>, Vec<_>) = report.parts.iter().partition(|part| part.report.state() == State::Ok);
    let checks = if all == 1 { "check" } else { "checks" };
    let left_out = match report.not_asked.iter().filter(|not| not.is_left_out).count() {
        0 => String::new(),
        count => format!(", {count} left out"),
    };
    let headline = match (failing.len(), &too_many) {
        (0, None) => format!("{all} {checks} OK, {} not asked{left_out}", missed.len()),
        // That one says how many.
        (0, Some(_)) => format!("{all} {checks} OK{left_out}"),
        (count, _) => format!("{count} of {all} {checks}"),
    };
    let room = MAX_SUMMARY.saturating_sub(headline.len());
    let is_list = failing.is_empty() && !report.findings.iter().any(|finding| finding.is_answer);
    let well = if is_list { Some(Finding::ok(list(&well, room))) } else { with_reservations(&well) };
    let room = room.saturating_sub(well.as_ref().map_or(0, |well| well.text.len() + "; ".len()));
    let said: Vec<_> = failing.iter().map(|part| part.report.summary()).collect();
    let names: usize = failing.iter().map(|part| part.name.len() + ": ; ".len()).sum();
    let share = share(&said, room.saturating_sub(names)).min(super::MAX_SAID);
    let failing: Vec<_> = failing.into_iter().map(|part| finding_of(part, share)).collect();
    report.headline = Some(headline);
    report.add_metric(metric("failing", failing.len()));
    report.add_metric(metric("checks", all));
    report.add_metric(not_asked);
    let at = if is_list { 0 } else { report.findings.len() };
    report.findings.splice(at..at, well);
    report.findings.splice(0..0, failing);
    report.findings.extend(too_many);
}

/// Leaves a run that a signal has ended without a verdict: that is UNKNOWN, however bad what was found until then. It is said all
/// the same, the worst first, and each check keeps the state of its own.
pub(super) fn leave_open(report: &mut Report, signal: &str) {
    report.findings.sort_by_key(|finding| Reverse(finding.state));
    // Whoever has not answered says so.
    if !report.findings.iter().any(|finding| finding.state == State::Unknown) {
        report.add_finding(Finding::unknown(format!("ended by signal {signal}")));
    }
    let critical = report.findings.iter_mut().filter(|finding| finding.state == State::Critical);
    critical.for_each(|finding| finding.state = State::Unknown);
}

/// That more are missed than may be.
fn too_many(not_asked: &Metric, missed: &[String]) -> Option<Finding> {
    let violation = not_asked.violation()?;
    let relation = violation.range.relation(not_asked.value()?, |bound| bound.to_string());
    let option = if violation.state == State::Critical { "--not-asked-critical" } else { "--not-asked-warning" };
    let text = format!("{} not asked, {relation} ({option}): {}", missed.len(), missed.join(", "));
    Some(Finding { state: violation.state, advice: ADVICE_ON_NOT_ASKED, ..Finding::remark(text) })
}

/// The names of those that are OK, each with what makes that less certain than it sounds, as far as there is room for it.
fn list(well: &[&Part], room: usize) -> String {
    let reserved: Vec<_> = well.iter().filter_map(|part| reservation(&part.report)).collect();
    let names: usize = well.iter().map(|part| part.name.len() + " (), ".len()).sum();
    let share = share(&reserved, room.saturating_sub(names)).min(super::MAX_SAID);
    let name = |part: &&Part| match reservation(&part.report) {
        None => part.name.clone(),
        Some(text) if text.chars().count() <= share => format!("{} ({text})", part.name),
        Some(_) if share < LEAST => format!("{} (...)", part.name),
        Some(text) => format!("{} ({})", part.name, excerpt(&text, share.saturating_sub("...".len()))),
    };
    well.iter().map(name).collect::<Vec<_>>().join(", ")
}

/// The names of those that are OK with a reservation, where others have more to say.
fn with_reservations(well: &[&Part]) -> Option<Finding> {
    let reserved = well.iter().filter(|part| reservation(&part.report).is_some());
    let names: Vec<_> = reserved.map(|part| part.name.as_str()).collect();
    (!names.is_empty()).then(|| Finding::remark(format!("with a reservation: {}", names.join(", "))))
}

/// What makes the OK of a check less certain than it sounds: what it says so itself, what it says beside its answer, and failures
/// that are worth no more.
fn reservation(said: &Report) -> Option<String> {
    let beside = said.findings.iter().filter(|finding| finding.class.is_some() || !finding.is_answer);
    let all: Vec<_> =
        said.reservations.iter().map(String::as_str).chain(beside.map(|finding| finding.text.as_str())).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

/// How many characters of each text there is room for, if a text that needs less leaves the rest to the others.
fn share(texts: &[String], room: usize) -> usize {
    let mut lengths: Vec<_> = texts.iter().map(|text| text.chars().count()).collect();
    lengths.sort_unstable();
    let (mut room, mut left) = (room, lengths.len());
    for length in lengths {
        if length > room / left {
            return room / left;
        }
        (room, left) = (room - length, left - 1);
    }
    usize::MAX
}

/// What a check that is not OK is worth to all of them: its name, and so much of what it says; all of them are named first.
fn finding_of(part: &Part, share: usize) -> Finding {
    let said = part.report.failure().map_or_else(|| Finding::unknown(""), Cow::into_owned);
    let summary = part.report.summary();
    let is_whole = summary.chars().nth(share).is_none();
    let summary = if is_whole { summary } else { excerpt(&summary, share.saturating_sub("...".len())) };
    let text = if share < LEAST { part.name.clone() } else { format!("{}: {summary}", part.name) };
    Finding { state: part.report.state(), text, causes: Vec::new(), is_of_a_part: true, ..said }
}

/// A source that does not know `server` by that name is asked for another one here than where its check stands alone.
pub(super) fn advise_on_name(said: &mut Report, server: &str) {
    let of_server = format!(" of {server}");
    let is_unknown = |finding: &&mut Finding| finding.class == Some(Class::NoData) && finding.text.contains(&of_server);
    for finding in said.findings.iter_mut().filter(is_unknown) {
        finding.advice = ADVICE_ON_NAME;
    }
}

/// Where nothing says what the server is called, a source must tell of one only.
pub(super) fn refuse_several_servers(said: &mut Report) {
    let servers = distinct(said.servers.iter());
    if servers.len() > 1 {
        let text = format!("{} tells of several servers: {}", said.target.host, choose(&servers));
        (said.headline, said.findings, said.metrics, said.servers) = (None, Vec::new(), Vec::new(), Vec::new());
        said.add_failure(Failure { advice: Some(ADVICE_ON_SERVERS), ..Failure::new(Class::NoData, text) });
    }
}

/// Nor may one source tell of another server than the next; the one that there is is named, because nobody asked for it.
pub(super) fn judge_servers(report: &mut Report) {
    let servers = distinct(report.parts.iter().flat_map(|part| &part.report.servers));
    match servers.as_slice() {
        [] => {}
        [server] => report.add_finding(Finding::remark(format!("the sources are of {server}"))),
        [..] => {
            let text = format!("the sources are of several servers: {}", choose(&servers));
            report.add_failure(Failure { advice: Some(ADVICE_ON_SERVERS), ..Failure::new(Class::NoData, text) });
        }
    }
}

fn choose(servers: &[String]) -> String {
    format!("choose with --server one of {}", servers[..servers.len().min(MAX_SERVERS)].join(", "))
}

/// Each server once, by the longest of its names: without its domain it might be any of those that have one.
fn distinct<'a>(names: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut servers: Vec<&String> = Vec::new();
    for name in names {
        match servers.iter_mut().find(|known| is_same_computer(known, name)) {
            Some(known) if known.len() < name.len() => *known = name,
            Some(_) => {}
            None => servers.push(name),
        }
    }
    servers.into_iter().map(|name| excerpt(name, MAX_SERVER)).collect()
}

const ADVICE_ON_NOT_ASKED: &str = "\
Below it stands what each of them needs: an option, a section of its own in the ini file, or another place to be asked from. A \
check that is not to be asked is left out with --without.";

const ADVICE_ON_NAME: &str = "\
The source knows other servers, and none by this name: an alias, or a misspelt name. Give the name by which it knows this one \
with --server, as Get-ExchangeServer spells it, or a source that tells of this server.";

const ADVICE_ON_SERVERS: &str = "\
What is said of one of them may hide what is said of another. The host is given by its address, which no source knows: give the \
name by which they know it (--server), as Get-ExchangeServer spells it.";

/// The most of the name of a server, in characters, and how many of them are named.
const MAX_SERVER: usize = 64;
const MAX_SERVERS: usize = 4;

/// Less of what a check says is nothing, in characters.
const LEAST: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::about::OF_A_TEST;
    use crate::report::{Policy, Started};

    fn report(findings: impl IntoIterator<Item = Finding>) -> Report {
        let mut report = Report::new(&OF_A_TEST, Policy::default(), Started::now());
        report.findings.extend(findings);
        report
    }

    fn part(name: String, findings: impl IntoIterator<Item = Finding>) -> Part {
        Part { name, alert: "", report: report(findings) }
    }

    /// What one has to say who fails, and one who is OK with a reservation, of many words.
    fn of_many_words() -> [Vec<Finding>; 2] {
        let text = "x".repeat(MAX_SUMMARY);
        let failing = Finding { state: State::Critical, ..Finding::ok(&text) };
        [vec![failing], vec![Finding::ok("200 OK"), Finding::remark(text)]]
    }

    #[test]
    fn however_much_each_has_to_say_all_are_named_in_the_first_line() {
        let [failing, reserved] = of_many_words();
        for number in 0..4 {
            let mut all = report([]);
            all.parts.extend((0..number).map(|number| part(format!("failing_{number}"), failing.clone())));
            all.parts.extend((0..3).map(|number| part(format!("well_{number}"), reserved.clone())));
            conclude(&mut all, &Thresholds::default());
            let said = all.summary();
            assert!(said.chars().count() <= MAX_SUMMARY, "{number} fail: {said}");
            assert!(all.parts.iter().all(|part| said.contains(&part.name)), "{number} fail: {said}");
            assert!(number > 0 || said.contains("well_2 (xxx"), "{said}");
            // What one of them says itself is not said again below.
            assert_eq!(all.findings.iter().filter(|finding| finding.is_of_a_part).count(), number);
        }
    }

    #[test]
    fn where_there_is_no_room_for_reservations_it_is_said_that_there_are_some() {
        let [_, reserved] = of_many_words();
        let mut all = report([]);
        all.parts.extend((0..12).map(|number| part(format!("a_check_of_number_{number:02}"), reserved.clone())));
        conclude(&mut all, &Thresholds::default());
        assert_eq!(all.summary().matches(" (...)").count(), 12, "{}", all.summary());
    }

    #[test]
    fn a_reservation_is_said_as_far_as_there_is_room_for_it() {
        let part = part("events".to_owned(), [Finding::remark("x".repeat(LEAST + 1))]);
        let around = "events (), ".len();
        for (room, said) in [(1, "events (xxxxxxxxx)"), (0, "events (xxxxx...)")] {
            assert_eq!(list(&[&part], around + LEAST + room), said);
        }
        assert_eq!(list(&[&part], around + LEAST - 1), "events (...)");
        // What is just as long as its share is said whole, beside one that is longer.
        let all = [50, 100].map(|length| self::part("events".to_owned(), [Finding::remark("x".repeat(length))]));
        let said = list(&all.each_ref(), 2 * (around + 50));
        assert!(said.starts_with(&format!("events ({}), ", "x".repeat(50))), "{said}");
    }

    #[test]
    fn who_fails_is_named_alone_where_there_is_no_room_for_a_word() {
        let [failing, _] = of_many_words();
        let part = part("events".to_owned(), failing);
        assert_eq!(finding_of(&part, 8).text, "events: xxxxx...");
        assert_eq!(finding_of(&part, 7).text, "events");
    }

    #[test]
    fn what_a_signal_has_ended_is_unknown_and_says_so_once() {
        for (found, said) in [
            (&[State::Ok][..], 1),
            (&[State::Critical], 1),
            (&[State::Ok, State::Warning], 1),
            (&[State::Critical, State::Unknown], 0),
        ] {
            let mut all = report(found.iter().map(|state| Finding { state: *state, ..Finding::ok("x") }));
            leave_open(&mut all, "SIGTERM");
            let count = all.summary().matches("ended by signal SIGTERM").count();
            assert_eq!((all.state(), count), (State::Unknown, said), "{found:?}");
        }
    }

    #[test]
    fn whose_source_tells_of_several_servers_is_told_to_choose_one() {
        let mut said = report([Finding::ok("no issue")]);
        said.servers = ["cas1.example.com", "cas2.example.com"].map(str::to_owned).to_vec();
        refuse_several_servers(&mut said);
        let [refused] = said.findings.as_slice() else { panic!("{:?}", said.findings) };
        assert_eq!((refused.class, refused.state), (Some(Class::NoData), State::Unknown));
        assert!(refused.advice.contains("--server"), "{}", refused.advice);
    }

    #[test]
    fn what_one_text_leaves_of_its_share_is_for_the_others() {
        let texts = |lengths: &[usize]| lengths.iter().map(|length| "x".repeat(*length)).collect::<Vec<_>>();
        assert_eq!(share(&texts(&[10, 20, 30]), 60), usize::MAX);
        assert_eq!(share(&texts(&[100, 10, 100]), 110), 50);
        assert_eq!(share(&texts(&[100, 100]), 0), 0);
        assert_eq!(share(&[], 0), usize::MAX);
    }

    #[test]
    fn a_server_is_one_with_its_domain_or_without() {
        let names = ["CAS1", "cas1.example.com", "cas2.example.com"].map(str::to_owned);
        assert_eq!(distinct(names.iter()), ["cas1.example.com", "cas2.example.com"]);
        assert_eq!(distinct(["CAS1", "cas1"].map(str::to_owned).iter()), ["CAS1"]);
    }

    #[test]
    fn two_domains_are_two_servers_wherever_a_name_without_one_stands() {
        let (short, two) = ("CAS1", ["cas1.a.example", "cas1.b.example"]);
        for names in [[short, two[0], two[1]], [two[0], short, two[1]], [two[0], two[1], short]] {
            assert_eq!(distinct(names.map(str::to_owned).iter()), two, "{names:?}");
        }
    }

    #[test]
    fn sources_of_several_servers_are_no_answer_and_that_of_one_is_named() {
        let judged = |servers: &[&str]| {
            let mut all = report([Finding::ok("well")]);
            for server in servers {
                let mut part = part("events".to_owned(), []);
                part.report.servers = vec![(*server).to_owned()];
                all.parts.push(part);
            }
            judge_servers(&mut all);
            all.findings.split_off(1)
        };
        assert_eq!(judged(&[]), []);
        assert_eq!(judged(&["CAS1", "cas1.example.com"]), [Finding::remark("the sources are of cas1.example.com")]);
        let [found] = &judged(&["cas1.example.com", "cas2.example.com"])[..] else { panic!() };
        assert_eq!((found.class, found.state), (Some(Class::NoData), State::Unknown));
        assert!(found.text.ends_with("choose with --server one of cas1.example.com, cas2.example.com"), "{found:?}");
        assert!(found.advice.contains("(--server)"), "{}", found.advice);
    }

    #[test]
    fn whose_source_does_not_know_the_server_is_told_of_another_name() {
        let finding = |class, text: &str| Finding { class: Some(class), ..Finding::unknown(text) };
        let mut said = report([
            finding(Class::NoData, "none of the 2 rows is of cas1: expected one of CAS2"),
            finding(Class::NoData, "none of the 2 rows has a value"),
            finding(Class::Stale, "the newest row of cas1 is 2 h old"),
        ]);
        advise_on_name(&mut said, "cas1");
        let is_told: Vec<_> = said.findings.iter().map(|finding| finding.advice == ADVICE_ON_NAME).collect();
        assert_eq!(is_told, [true, false, false]);
    }

    #[test]
    fn those_who_fail_share_all_the_room_that_there_is() {
        let [failing, _] = of_many_words();
        for reservation in ["", "an older log was not read"] {
            let mut all = report([]);
            all.parts.extend((0..3).map(|number| part(format!("failing_{number}"), failing.clone())));
            all.parts.push(part("well".to_owned(), [Finding::ok("200 OK")]));
            all.parts[3].report.reserve(reservation);
            conclude(&mut all, &Thresholds::default());
            let (said, length) = (all.summary(), all.summary().chars().count());
            assert!((MAX_SUMMARY - 8..=MAX_SUMMARY).contains(&length), "{length}: {said}");
            assert_eq!(said.ends_with("; with a reservation: well"), !reservation.is_empty(), "{said}");
        }
    }
}
