//! What do the answers of all checks come to, and is each of them of this router?

use std::borrow::Cow;

use crate::net::host::is_same_computer;
use crate::render::text::MAX_SUMMARY;
use crate::report::{Class, Failure, Finding, Metric, Part, Report, State, Thresholds, excerpt};

/// How many there are and how many of them are not OK; a finding of each that is not, and of too many that were not asked.
pub(super) fn conclude(report: &mut Report, of_not_asked: &Thresholds) {
    let all = report.parts.len();
    // Whoever leaves a check out has decided that it is not missed.
    let missed = report.not_asked.iter().filter(|not| !not.is_left_out).map(|not| not.name.clone());
    let missed: Vec<_> = missed.collect();
    let failing: Vec<_> = report.parts.iter().filter(|part| part.report.state() != State::Ok).collect();
    let checks = if all == 1 { "check" } else { "checks" };
    let headline = match failing.len() {
        0 => format!("{all} {checks} OK, {} not asked", missed.len()),
        count => format!("{count} of {all} {checks}"),
    };
    let said: Vec<_> = failing.iter().map(|part| part.report.summary()).collect();
    let names: usize = failing.iter().map(|part| part.name.len() + ": ; ".len()).sum();
    let share = share(&said, MAX_SUMMARY.saturating_sub(headline.len() + names)).min(super::MAX_SAID);
    let failing: Vec<_> = failing.into_iter().map(|part| finding_of(part, share)).collect();
    report.headline = Some(headline);
    let metric = |label, count| Metric::count(label, u32::try_from(count).unwrap_or(u32::MAX));
    report.add_metric(metric("failing", failing.len()));
    report.add_metric(metric("checks", all));
    let not_asked = metric("not_asked", missed.len()).judged_by(of_not_asked);
    let too_many = not_asked.violation().map(|violation| {
        let relation = violation.range.relation(not_asked.value().unwrap_or_default(), |bound| bound.to_string());
        let text = format!("{} not asked, {relation} ({})", missed.len(), missed.join(", "));
        Finding { state: violation.state, advice: ADVICE_ON_NOT_ASKED, ..Finding::remark(text) }
    });
    report.add_metric(not_asked);
    if failing.is_empty() && !report.findings.iter().any(|finding| finding.is_answer) {
        let names: Vec<_> = report.parts.iter().map(|part| part.name.as_str()).collect();
        report.findings.insert(0, Finding::ok(names.join(", ")));
    }
    report.findings.splice(0..0, failing);
    report.findings.extend(too_many);
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
    }

    #[test]
    fn two_domains_are_two_servers_wherever_a_name_without_one_stands() {
        let (short, two) = ("CAS1", ["cas1.a.example", "cas1.b.example"]);
        for names in [[short, two[0], two[1]], [two[0], short, two[1]], [two[0], two[1], short]] {
            assert_eq!(distinct(names.map(str::to_owned).iter()), two, "{names:?}");
        }
    }
}
