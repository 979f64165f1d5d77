//! Of which instance is a series, such as a pool? By the labels in which exporters name instances, and a Prometheus hosts.

use crate::exporter::exposition::{ExposedSeries, has_port, is_host};
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

/// Whose a series is when it is asked for `instance`, on the host `asked`.
pub(super) fn whose(series: &ExposedSeries<'_>, instance: &str, selector: &Selector, asked: Option<&str>) -> Whose {
    let by = |name: &str| if name.eq_ignore_ascii_case(instance) { Whose::Its } else { Whose::Others };
    if let Some(name) = NAMING.iter().find_map(|label| series.label(label)) {
        return by(&name);
    }
    // windows_exporter names it there itself, unless a Prometheus in between has put a host in its place.
    let label = series.host();
    let is_a_host = label.is_empty() || has_port(&label) || asked.is_some_and(|asked| is_host(&label, asked));
    if label.eq_ignore_ascii_case(instance) || !is_a_host {
        return by(&label);
    }
    let mut others =
        series.labels().filter(|(label, _)| !NOT_NAMING.contains(label) && !selector.says(label)).peekable();
    if others.peek().is_none() {
        return Whose::Unsaid;
    }
    // Its configuration may give the label any name.
    if others.any(|(_, value)| value.eq_ignore_ascii_case(instance)) { Whose::Its } else { Whose::Unclear }
}

/// The labels that name an instance where they are there, the first of them.
const NAMING: [&str; 4] = ["exported_instance", "app", "pool", "name"];

/// The labels that never do: whose host, scraped as what, and which of several states.
const NOT_NAMING: [&str; 3] = ["instance", "job", "state"];
