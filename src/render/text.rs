//! Text for Nagios, Icinga, Naemon, Checkmk, NRPE and a person at a shell: all perfdata on the first line, then the reasons.

use std::fmt::Write;

use super::wrapped::wrapped;
use super::{MAX_OUTPUT, Presentation, cut, is_hostile};
use crate::report::{Finding, HEALTH_SET, Listed, Metric, NotAsked, Part, Report, State, excerpt};
use crate::time::calendar::rfc3339;
use crate::time::words::precisely;

/// `TITLE STATE - summary | perfdata`, then, on a problem, reasons and advice, then what `-v` asks for.
pub(crate) fn render(report: &Report, presentation: Presentation) -> String {
    let painted = |state| painted(state, presentation.is_coloured);
    let mut out = first_line(report, &painted(report.state()));
    if !presentation.single_line {
        if report.parts.is_empty() {
            reasons(&mut out, report);
        } else {
            table(&mut out, report, presentation);
        }
        for Listed { name, words } in &report.listed {
            line(&mut out, &format!("would be asked: {name}"), &command_line(words));
        }
        for NotAsked { name, reason, .. } in &report.not_asked {
            line(&mut out, &format!("not asked: {name}"), reason);
        }
        if presentation.verbosity >= 1 {
            details(&mut out, report);
        }
        if presentation.verbosity >= 2 {
            phases(&mut out, report, "");
            report.parts.iter().for_each(|part| phases(&mut out, &part.report, &format!("{}: ", part.name)));
        }
        if presentation.verbosity >= 3 {
            trace(&mut out, report, "");
            report.parts.iter().for_each(|part| trace(&mut out, &part.report, &format!("{}: ", part.name)));
        }
    }
    // Whoever asks for one line is to have one.
    if let Some(width) = presentation.width.filter(|_| !presentation.single_line) {
        out = wrapped(&out, width);
    }
    cut(&mut out, MAX_OUTPUT - 1);
    if !out.ends_with('\n') {
        out.push('\n');
    }
    out
}

fn first_line(report: &Report, state: &str) -> String {
    let mut out = headline(report, state);
    let mut separator = " | ";
    let mut add = |out: &mut String, metrics: &mut dyn Iterator<Item = String>, end: usize| {
        for metric in metrics {
            // Half a metric would spoil those in front of it.
            if out.len() + separator.len() + metric.len() + 1 > end {
                break;
            }
            out.extend([separator, &metric]);
            separator = " ";
        }
    };
    let is_known = |metric: &&Metric| metric.value().is_some();
    add(&mut out, &mut report.metrics.iter().filter(is_known).map(ToString::to_string), MAX_OUTPUT);
    for (index, Part { name, report: part, .. }) in report.parts.iter().enumerate() {
        // What one of several measures takes no room from the others, nor from what they say.
        let end = out.len() + (MAX_OUTPUT / 2).saturating_sub(out.len()) / (report.parts.len() - index);
        let prefixed = |metric: &Metric| metric.clone().prefixed(name).to_string();
        add(&mut out, &mut part.metrics.iter().filter(is_known).map(prefixed), end);
    }
    out.push('\n');
    out
}

/// The first line without its perfdata.
fn headline(report: &Report, state: &str) -> String {
    format!("{} {state} - {}", report.about.title, clean(&report.summary(), MAX_SUMMARY))
}

/// The word of a state, in its colour where a person looks at it.
fn painted(state: State, is_coloured: bool) -> String {
    let colour = match state {
        State::Ok => 32,
        State::Warning => 33,
        State::Critical => 31,
        State::Unknown => 35,
    };
    if is_coloured { format!("\x1b[{colour}m{state}\x1b[0m") } else { state.to_string() }
}

fn reasons(out: &mut String, report: &Report) {
    let problems: Vec<_> = report.by_severity().into_iter().filter(|finding| finding.state != State::Ok).collect();
    // A single finding without class or cause has said everything in the first line.
    let has_more = |finding: &Finding| finding.class.is_some() || !finding.causes.is_empty();
    let unsaid = problems.iter().filter(|finding| problems.len() > 1 || has_more(finding));
    // What the first line has said is not said again, but for what tells one of several.
    let is_whole = report.summary().chars().nth(MAX_SUMMARY).is_none();
    for finding in unsaid {
        let text = if is_whole && problems.len() == 1 { "given above" } else { &finding.text };
        let class = finding.class.map_or_else(String::new, |class| format!(" ({class})"));
        line(out, "reason", &format!("{text}{class}"));
        for cause in finding.causes.iter().filter(|cause| !finding.text.contains(cause.as_str())) {
            line(out, "caused by", cause);
        }
    }
    let mut said = Vec::new();
    for advice in problems.iter().map(|finding| finding.advice).filter(|advice| !advice.is_empty()) {
        if !said.contains(&advice) {
            said.push(advice);
            for text in advice.lines() {
                line(out, "advice", text);
            }
        }
    }
}

/// What each check of several says, as the troubleshooting page goes through them: state and alert, its own first line, and
/// what is to be done about what is not OK; then what the report of all has to say beside them.
fn table(out: &mut String, report: &Report, presentation: Presentation) {
    for (index, Part { name, alert, report: part }) in report.parts.iter().enumerate() {
        let state = part.state();
        let indent = " ".repeat(COLUMN - state.to_string().len());
        let painted = painted(state, presentation.is_coloured);
        let _ = writeln!(out, "{painted}{indent}{name}: {}", clean(alert, MAX_LINE));
        let mut said = headline(part, &state.to_string());
        said.push('\n');
        reasons(&mut said, part);
        if presentation.verbosity >= 1 {
            details(&mut said, part);
        }
        // However much one of them has to say, there is room for each.
        let end = out.len() + (MAX_OUTPUT - REST).saturating_sub(out.len()) / (report.parts.len() - index);
        for text in said.lines() {
            if out.len() + COLUMN + text.len() + 1 > end {
                let _ = writeln!(out, "{:COLUMN$}...", "");
                break;
            }
            let _ = writeln!(out, "{:COLUMN$}{text}", "");
        }
    }
    let is_own = |finding: &Finding| finding.state != State::Ok && !finding.is_of_a_part;
    for finding in report.by_severity().iter().filter(|finding| is_own(finding)) {
        line(out, "reason", &finding.text);
        line(out, "advice", finding.advice);
    }
}

fn phases(out: &mut String, report: &Report, whose: &str) {
    for event in &report.events {
        line(out, "phase", &format!("{} {whose}{}", precisely(report.since_start(event)), event.text));
    }
}

fn trace(out: &mut String, report: &Report, whose: &str) {
    for text in report.trace.iter().flat_map(|trace| trace.lines()) {
        let _ = writeln!(out, "  {}", clean(&format!("{whose}{text}"), MAX_LINE));
    }
}

fn details(out: &mut String, report: &Report) {
    let target = &report.target;
    let mut asked = target.host.clone();
    let address = target.address.map(|address| address.to_string()).filter(|address| *address != target.host);
    for part in [address, target.port.map(|port| format!("port {port}"))] {
        asked.extend(part.into_iter().flat_map(|part| [", ".to_owned(), part]));
    }
    if !asked.is_empty() {
        let transport = if target.transport.is_empty() { String::new() } else { format!(", {}", target.transport) };
        line(out, "target", &format!("{asked}{transport}"));
    }
    line(out, "started", &rfc3339(report.started.time));
    line(out, "duration", &precisely(report.duration));
    line(out, "result", report.result());
    line(out, "authentication", &authentication(report));
    for (name, value) in &report.diagnostics {
        line(out, &name.replace('_', " "), value);
    }
    if !report.is_of_exchange {
        return;
    }
    let stands_for = &report.about.stands_for;
    let probe = if stands_for.probe.is_empty() { String::new() } else { format!("probe {}, ", stands_for.probe) };
    line(out, "stands for", &format!("{probe}monitor {} of health set {HEALTH_SET}", stands_for.monitor));
}

/// The credentials used, in words.
pub(super) fn authentication(report: &Report) -> String {
    let used = &report.authentication;
    let digest = used.digest_user.as_ref().map(|user| format!("digest user {user}"));
    let certificate = used.client_certificate.as_ref().map(|subject| format!("client certificate {subject}"));
    let words: Vec<_> = certificate.into_iter().chain(digest).collect();
    if words.is_empty() { "none".to_owned() } else { words.join(", ") }
}

/// The words as a shell takes them: PowerShell and cmd on Windows, which know no single quotes for all, elsewhere sh.
fn command_line(words: &[String]) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,@%+".contains(c) || (cfg!(windows) && c == '\\');
    let quoted = |word: &String| match word {
        word if !word.is_empty() && word.chars().all(is_plain) => word.clone(),
        word if cfg!(windows) => format!("\"{}\"", word.replace('"', "\\\"")),
        word => format!("'{}'", word.replace('\'', r"'\''")),
    };
    words.iter().map(quoted).collect::<Vec<_>>().join(" ")
}

fn line(out: &mut String, name: &str, value: &str) {
    let _ = writeln!(out, "{}: {}", clean(name, MAX_LINE), clean(value, MAX_LINE));
}

/// One line without `|` (perfdata would begin there) and without anything that acts on a terminal.
fn clean(text: &str, max: usize) -> String {
    let cleaned = |c| match c {
        '|' => '/',
        _ if is_hostile(c) => ' ',
        _ => c,
    };
    excerpt(text, max).chars().map(cleaned).collect()
}

/// The summary's share of the first line, in characters: NRPE version 2 cuts at 1,024 bytes and the perfdata follows.
pub(crate) const MAX_SUMMARY: usize = 400;

/// How wide the column of states is in the table of several checks: a blank behind the longest.
const COLUMN: usize = 9;

/// What the table of several checks leaves to what stands below it, in bytes.
const REST: usize = 8 * 1024;

/// The most of one line of long output, in characters.
const MAX_LINE: usize = 2_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::about::OF_A_TEST;
    use crate::report::{About, Class, Failure, Policy, StandsFor, Started};

    #[test]
    fn the_reason_says_only_what_the_first_line_has_not_said() {
        static ABOUT: About = About {
            name: "check_um_test",
            title: "UM TEST",
            stands_for: StandsFor { probe: "", monitor: "" },
            classes: &[],
            defaults: &[],
            advice: |_| "",
        };
        let failure = |summary: &str| Failure {
            causes: vec!["refused".to_owned(), "code 111".to_owned()],
            ..Failure::new(Class::Refused, summary)
        };
        let rendered = |summaries: &[&str]| {
            let mut report = Report::new(&ABOUT, Policy::default(), Started::now());
            summaries.iter().for_each(|summary| report.add_failure(failure(summary)));
            let text = render(&report, Presentation::default());
            text.lines().skip(1).map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(rendered(&["a refused"]), ["reason: given above (refused)", "caused by: code 111"]);
        let both = ["reason: a refused (refused)", "caused by: code 111", "reason: b (refused)", "caused by: refused"];
        assert_eq!(rendered(&["a refused", "b"])[..4], both);
        let long = "x".repeat(MAX_SUMMARY + 1);
        assert_eq!(rendered(&[&long])[0], format!("reason: {long} (refused)"));
    }

    #[test]
    fn cleaned_text_has_no_bar_no_control_and_no_reordering() {
        assert_eq!(clean("a|b\n\x1b[31m\u{202e}c\u{9b}", 99), "a/b  [31m c ");
    }

    #[test]
    fn however_much_there_is_to_say_the_output_ends_with_a_line() {
        let mut report = Report::new(&OF_A_TEST, Policy::default(), Started::now());
        report.add_trace((0..100).map(|_| "x".repeat(MAX_LINE)));
        let text = render(&report, Presentation { verbosity: 3, ..Presentation::default() });
        assert!(text.ends_with("x\n"));
        assert_eq!(text.len(), MAX_OUTPUT);
    }

    #[test]
    fn what_one_of_several_says_is_shown_as_far_as_there_is_room() {
        let report = || Report::new(&OF_A_TEST, Policy::default(), Started::now());
        let line = "reason: \n".len() + 100;
        for first in 1..=COLUMN + line {
            let mut part = Part { name: "ad_ds".to_owned(), alert: "the directory", report: report() };
            part.report.findings = vec![Finding::unknown("x".repeat(first))];
            part.report.findings.resize(999, Finding::unknown("x".repeat(100)));
            let mut all = report();
            all.parts = vec![part];
            let text = render(&all, Presentation::default());
            let shown = text.find("\n         ...\n").unwrap() + 1;
            assert!((0..COLUMN + line).contains(&(MAX_OUTPUT - REST - shown)), "{first}: {shown}");
        }
    }

    #[test]
    fn what_several_measure_takes_no_more_than_half_of_what_there_is_room_for() {
        let report = || Report::new(&OF_A_TEST, Policy::default(), Started::now());
        let part = |name: &str| {
            let mut part = Part { name: name.to_owned(), alert: "an alert", report: report() };
            part.report.metrics = (0..4_000).map(|number| Metric::count(&format!("calls_{number}"), 1)).collect();
            part
        };
        let mut all = report();
        all.parts = ["ad_ds", "events"].map(part).into();
        let text = render(&all, Presentation::default());
        let length = text.lines().next().unwrap().len();
        assert!((MAX_OUTPUT / 2 - 40..MAX_OUTPUT / 2).contains(&length), "{length}");
    }

    #[test]
    fn no_metric_is_cut_where_the_first_line_is_full() {
        let mut report = Report::new(&OF_A_TEST, Policy::default(), Started::now());
        report.metrics = (0..4_000).map(|number| Metric::count(&format!("calls_{number:04}"), 1)).collect();
        let length = report.metrics[0].to_string().len() + 1;
        for said in 1..=length {
            report.findings = vec![Finding::ok("x".repeat(said))];
            let text = render(&report, Presentation::default());
            assert!(text.len() <= MAX_OUTPUT && text.len() + length > MAX_OUTPUT, "{}", text.len());
            assert!(text.ends_with("'=1;;;0\n"), "{said}");
        }
    }

    #[cfg(not(windows))]
    #[test]
    fn a_shell_takes_each_word_as_it_is() {
        let words = ["check", "", "a b", "it's", "a\\b", "http://[::1]/?a=1"].map(str::to_owned);
        assert_eq!(command_line(&words), r"check '' 'a b' 'it'\''s' 'a\b' 'http://[::1]/?a=1'");
    }
}
