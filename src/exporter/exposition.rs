//! What series does an exporter expose? Prometheus' text format, line by line, without copying.

use std::borrow::Cow;
use std::fmt;

use crate::net::host::{address, bare, is_same_computer};
use crate::report::excerpt;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct ExposedSeries<'a> {
    /// The metric.
    pub name: &'a str,
    labels: &'a str,
    pub value: f64,
    /// Its time in milliseconds since 1970, where it has one of its own.
    pub timestamp: Option<i64>,
}

/// The series of a text, and `None` for each line that is neither a series nor a comment.
pub(crate) fn series(text: &str) -> impl Iterator<Item = Option<ExposedSeries<'_>>> {
    samples(text).map(parse)
}

/// The lines that should be series.
pub(super) fn samples(text: &str) -> impl Iterator<Item = &str> {
    text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'))
}

/// The metric of a line that should be a series.
pub(super) fn name_of(line: &str) -> Option<&str> {
    line.find(|c: char| c == '{' || c.is_ascii_whitespace()).map(|end| &line[..end])
}

/// The name that windows_exporter's performance-counter collector gives to a counter by default.
pub(crate) fn metric_name(object: &str, counter: &str) -> String {
    let clean = |name: &str| -> String {
        let lower = name.replace('%', "percent").replace(['(', ')'], "").to_ascii_lowercase();
        let clean = lower.chars().map(|c| if c.is_ascii_lowercase() || c.is_ascii_digit() { c } else { '_' });
        clean.collect::<String>().trim_matches('_').to_owned()
    };
    format!("windows_performancecounter_{}_{}", clean(object), clean(counter))
}

impl<'a> ExposedSeries<'a> {
    /// The value of a label, `None` without it.
    pub(crate) fn label(&self, name: &str) -> Option<Cow<'a, str>> {
        self.labels().find(|(label, _)| *label == name).map(|(_, value)| value)
    }

    /// Every label with its value, in their order.
    pub(crate) fn labels(&self) -> impl Iterator<Item = (&'a str, Cow<'a, str>)> + use<'a> {
        let mut rest = self.labels;
        std::iter::from_fn(move || {
            let (label, value, behind) = next_label(rest)?;
            rest = behind;
            Some((label, unescaped(value)))
        })
    }

    /// Which host it is of, mostly with a port: what the first Prometheus that passed it on says in one of [`HOST_LABELS`], or
    /// what a label says whose name means a host. Empty where nobody says it.
    pub(crate) fn host(&self) -> Cow<'a, str> {
        self.host_unless(&|_| false)
    }

    /// The same without the words of labels that are chosen by: who does that knows what they mean.
    pub(crate) fn host_unless(&self, is_chosen: &dyn Fn(&str) -> bool) -> Cow<'a, str> {
        let label = |name: &&str| self.label(name).filter(|host| !host.is_empty());
        HOST_LABELS.iter().find_map(label).or_else(|| self.host_in_words(is_chosen)).unwrap_or_default()
    }

    /// What a label says whose name means a host, if it is none of those that are chosen by.
    pub(crate) fn host_in_words(&self, is_chosen: &dyn Fn(&str) -> bool) -> Option<Cow<'a, str>> {
        let is_word = |label: &str| HOST_WORDS.split(' ').any(|word| word.eq_ignore_ascii_case(label));
        self.labels()
            .find(|(label, host)| is_word(label) && !host.is_empty() && !is_chosen(label))
            .map(|(_, host)| host)
    }

    /// Whether it is of the host that was asked for, or does not say of which it is.
    pub(crate) fn is_of(&self, asked: Option<&str>) -> bool {
        let host = self.host();
        asked.is_none_or(|asked| host.is_empty() || is_host(&host, asked))
    }
}

impl fmt::Display for ExposedSeries<'_> {
    /// `name{label="value"}`, as much of it as a person reads.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let braces = if self.labels.is_empty() { "" } else { "{" };
        let text = format!("{}{braces}{}{}", self.name, self.labels.trim(), if braces.is_empty() { "" } else { "}" });
        f.write_str(&excerpt(&text, MAX_SHOWN))
    }
}

/// Whether an `instance` label names the host asked for.
pub(crate) fn is_host(label: &str, asked: &str) -> bool {
    label.eq_ignore_ascii_case(asked) || is_same_computer(bare(asked), host_of(label))
}

/// The host of an `instance` label, which mostly has a port behind it.
pub(crate) fn host_of(label: &str) -> &str {
    let host = label.rsplit_once(':').filter(|(_, port)| is_port(port)).map(|(host, _)| host);
    bare(host.filter(|_| address(label).is_none()).unwrap_or(label))
}

/// Whether an `instance` label is a host with a port, and not an instance of anything.
pub(crate) fn has_port(label: &str) -> bool {
    label.rsplit_once(':').is_some_and(|(_, port)| is_port(port))
}

fn is_port(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

pub(super) fn parse(line: &str) -> Option<ExposedSeries<'_>> {
    let (name, rest) = line.split_at(name_of(line)?.len());
    if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == ':') {
        return None;
    }
    let rest = rest.trim_start();
    let (labels, rest) = match rest.strip_prefix('{') {
        Some(inside) => {
            let end = end_of_labels(inside)?;
            (&inside[..end], &inside[end + 1..])
        }
        None => ("", rest),
    };
    let mut words = rest.split_ascii_whitespace();
    let value = words.next()?.parse().ok()?;
    let timestamp = words.next().map(str::parse).transpose().ok()?;
    words.next().is_none().then_some(ExposedSeries { name, labels, value, timestamp })
}

/// Where the brace is that closes the labels, outside of any quotes.
fn end_of_labels(inside: &str) -> Option<usize> {
    let mut rest = inside;
    loop {
        let trimmed = rest.trim_start_matches([',', ' ', '\t']);
        if trimmed.starts_with('}') {
            return Some(inside.len() - trimmed.len());
        }
        rest = next_label(trimmed)?.2;
    }
}

/// `name="value"` as name, value and what follows.
fn next_label(text: &str) -> Option<(&str, &str, &str)> {
    let (name, rest) = text.trim_start_matches([',', ' ', '\t']).split_once('=')?;
    let quoted = rest.trim_start().strip_prefix('"')?;
    let mut escaped = false;
    let close = quoted.bytes().position(|byte| {
        let closes = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        closes
    })?;
    Some((name.trim(), &quoted[..close], &quoted[close + 1..]))
}

fn unescaped(value: &str) -> Cow<'_, str> {
    if !value.contains('\\') {
        return Cow::Borrowed(value);
    }
    let mut text = String::with_capacity(value.len());
    let mut characters = value.chars();
    while let Some(c) = characters.next() {
        match (c, (c == '\\').then(|| characters.next()).flatten()) {
            (_, Some('n')) => text.push('\n'),
            (_, Some(escaped)) => text.push(escaped),
            (c, None) => text.push(c),
        }
    }
    Cow::Owned(text)
}

/// The labels in which a Prometheus says what it scraped. Where another one scrapes that, it puts itself in the place of the
/// last, and the label that was there before moves to one in front.
pub(crate) const HOST_LABELS: [&str; 3] = ["exported_exported_instance", "exported_instance", "instance"];

/// The labels in which others than a Prometheus say it: Telegraf, and whoever writes rules of his own.
const HOST_WORDS: &str =
    "host hostname host_name server computer computername node nodename machine fqdn agent_hostname";

/// The most characters of a series in a message.
const MAX_SHOWN: usize = 250;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_series_has_a_name_labels_a_value_and_perhaps_a_time() {
        let text = "# HELP x\n# TYPE x gauge\nx{app=\"a}b\\\"\\n\",state=\"Shutdown Pending\",} 7.028097e+06 1700000000123\n\nup 1\n";
        let all: Vec<_> = series(text).map(Option::unwrap).collect();
        assert_eq!((all[0].name, all[0].value, all[0].timestamp), ("x", 7_028_097.0, Some(1_700_000_000_123)));
        assert_eq!(all[0].label("app").unwrap(), "a}b\"\n");
        assert_eq!(all[0].label("state").unwrap(), "Shutdown Pending");
        assert_eq!(all[0].label("instance"), None);
        assert_eq!((all[1].name, all[1].value, all[1].timestamp), ("up", 1.0, None));
    }

    #[test]
    fn a_series_is_shown_as_it_stands_there_without_its_value() {
        let shown = |text: &str| series(text).next().flatten().unwrap().to_string();
        for name in ["x", ":x", "_x", "x{a=\"b\",c=\"d\"}"] {
            assert_eq!(shown(&format!("{name} 1 1700000000123")), name);
        }
        assert!(shown(&format!("x{{a=\"{}\"}} 1", "b".repeat(1_000))).chars().count() <= MAX_SHOWN + 3);
    }

    #[test]
    fn what_is_no_series_is_none() {
        for line in ["<html>", "x", "x{", "x{a=\"b\" 1", "x{a=b} 1", "x one", "x 1 now", "x 1 2 3", "9x 1"] {
            assert_eq!(series(line).collect::<Vec<_>>(), [None], "{line:?} was taken for a series");
        }
    }

    #[test]
    fn names_are_those_of_windows_exporter() {
        assert_eq!(
            metric_name(
                "MSExchangeUMCallRouterAvailability",
                "% of Inbound Calls Rejected by the UM Call Router Over the Last Hour"
            ),
            "windows_performancecounter_msexchangeumcallrouteravailability_percent_of_inbound_calls_rejected_by_the_um_call_router_over_the_last_hour"
        );
        assert_eq!(metric_name("A (b)", "C/sec."), "windows_performancecounter_a_b_c_sec");
    }

    #[test]
    fn a_host_goes_by_the_names_of_the_same_computer() {
        for (label, asked) in [
            ("cas1:9182", "cas1.example.com"),
            ("cas1.example.com:9182", "CAS1"),
            ("cas1.example.com:9182", "cas1.example.com."),
            ("cas1:9182", "cas1:9182"),
            ("cas1", "CAS1"),
            ("[2001:db8::7]:9182", "2001:db8::7"),
            ("2001:db8::7", "[2001:db8::7]"),
            ("192.0.2.7:9182", "192.0.2.7"),
        ] {
            assert!(is_host(label, asked), "{label} {asked}");
        }
        for (label, asked) in [
            ("cas1.a.example.com:9182", "cas1.b.example.com"),
            ("cas10:9182", "cas1"),
            ("192.0.2.7:9182", "192"),
            ("2001:db8::7", "2001:db8:"),
        ] {
            assert!(!is_host(label, asked), "{label} {asked}");
        }
    }

    #[test]
    fn a_port_is_a_number_and_what_is_none_belongs_to_the_name() {
        for (label, host) in [("cas1:9182", "cas1"), ("[2001:db8::7]:9182", "2001:db8::7")] {
            assert_eq!((host_of(label), has_port(label)), (host, true));
        }
        for label in ["cas1", "cas1:", "pool:one", "pool:1a", "w3svc:-1"] {
            assert_eq!((host_of(label), has_port(label)), (label, false));
        }
    }

    #[test]
    fn a_host_is_said_by_whoever_says_it_first_and_in_words_too() {
        let host = |labels: &str| {
            let text = format!("x{{{labels}}} 1");
            series(&text).next().flatten().unwrap().host().into_owned()
        };
        for word in HOST_WORDS.split(' ').chain(["Host", "COMPUTERNAME"]) {
            assert_eq!(host(&format!("app=\"x\",{word}=\"cas2\"")), "cas2", "{word}");
        }
        assert_eq!(host("host=\"cas2\",instance=\"cas1:9182\""), "cas1:9182");
        assert_eq!(host("host=\"\",server=\"cas2\""), "cas2");
        assert_eq!(host("hosts=\"cas2\",app=\"x\""), "");
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[ -~\n\\\\äx{}=\",]{0,80}") {
            for series in series(&text).flatten() {
                let _ = series.label("x");
            }
        }
    }
}
