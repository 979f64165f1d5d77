//! Of which instance is a series, such as a pool, and of which host? By the labels in which exporters name instances, and a
//! Prometheus hosts.

use std::borrow::Cow;

use crate::exporter::exposition::{ExposedSeries, HOST_LABELS, has_port, is_host};
use crate::exporter::selector::Selector;

/// Whose a series is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Whose {
    /// Of the instance that is asked for.
    Its,
    /// Of another one.
    Others,
    /// It says nothing of instances: it is of the one that the operator means.
    Unsaid,
    /// It has labels that nobody here knows: any of them may name another instance.
    Unclear,
}

/// What is known of an instance before its series are looked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    pub instance: &'a str,
    /// What the operator, or the exporter by default, says of its series.
    pub selector: &'a Selector,
    /// Whether that is the operator's own metric, of which nobody knows what its labels mean.
    pub is_own: bool,
    /// The host that was asked for.
    pub host: Option<&'a str>,
}

impl Wanted<'_> {
    /// Whose a series is.
    pub(super) fn whose(&self, series: &ExposedSeries<'_>) -> Whose {
        if let Some(name) = named(series) {
            return if self.is_it(&name) { Whose::Its } else { Whose::Others };
        }
        // windows_exporter names it there itself, unless a Prometheus in between has put a host in its place.
        let places = || HOST_LABELS.iter().filter_map(|label| Some((*label, series.label(label)?)));
        if places().any(|(_, value)| self.is_it(&value)) {
            return Whose::Its;
        }
        let is_chosen = |label: &str| self.is_own && self.selector.says(label);
        if !places().all(|(label, value)| is_chosen(label) || self.is_known_host(&value)) {
            // Of another metric's label nobody can tell an instance from a host without a port.
            return if self.is_own { Whose::Unclear } else { Whose::Others };
        }
        let is_known = |label: &str| HOST_LABELS.contains(&label) || NOT_NAMING.contains(&label);
        let mut others = series.labels().filter(|(label, _)| !is_known(label) && !self.selector.says(label)).peekable();
        if others.peek().is_none() {
            return Whose::Unsaid;
        }
        // Its configuration may give the label any name.
        if others.any(|(_, value)| self.is_it(&value)) { Whose::Its } else { Whose::Unclear }
    }

    /// Of which host a series of the instance is; empty where nobody says it.
    pub(super) fn host_of(&self, series: &ExposedSeries<'_>) -> String {
        let is_named = named(series).is_some();
        let is_a_host = |(label, value): &(&str, Cow<'_, str>)| {
            !self.is_it(value) && (is_named || *label == INSTANCE || self.is_known_host(value))
        };
        let mut places = HOST_LABELS.iter().filter_map(|label| Some((*label, series.label(label)?)));
        let place = places.find(is_a_host).map(|(_, value)| value);
        let in_words = || series.host_in_words(&|label| self.selector.says(label)).filter(|host| !self.is_it(host));
        place.or_else(in_words).map(Cow::into_owned).unwrap_or_default()
    }

    fn is_it(&self, name: &str) -> bool {
        name.eq_ignore_ascii_case(self.instance)
    }

    fn is_known_host(&self, label: &str) -> bool {
        label.is_empty() || has_port(label) || self.host.is_some_and(|asked| is_host(label, asked))
    }
}

/// What a series says of its instance in a label that has no other meaning.
fn named<'a>(series: &ExposedSeries<'a>) -> Option<Cow<'a, str>> {
    NAMING.iter().find_map(|label| series.label(label))
}

/// The labels that name an instance where they are there, the first of them.
const NAMING: [&str; 3] = ["app", "pool", "name"];

/// The labels that never do: scraped as what, and which of several states.
const NOT_NAMING: [&str; 3] = ["job", "exported_job", "state"];

/// The label in which whoever scraped it last says its host.
const INSTANCE: &str = "instance";
