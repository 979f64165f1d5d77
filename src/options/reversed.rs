//! Do a warning and a critical threshold contradict each other, so that no value is ever a WARNING?
//!
//! Every option `--warning` or `--NAME-warning` has its `--critical` or `--NAME-critical`. Both on the command line and reversed
//! is a usage error; reversed only by a default or by an ini section is valid, and the report names that where it decides.

use clap::{ArgMatches, Command};

use super::down::Allowed;
use super::needs::is_given;
use crate::report::{Overruling, Range};
use crate::x509::expiry::Expiry;

/// A threshold of either kind.
enum Threshold {
    Range(Range),
    Expiry(Expiry),
    Allowed(Allowed),
}

/// What overrules given thresholds, if something does; what is wrong where both are `own`, the ids of what stands on the command
/// line itself.
pub(super) fn overruled(
    command: &Command,
    matches: &ArgMatches,
    own: &[&str],
    defaults: &[(&str, &str)],
) -> Result<Vec<Overruling>, String> {
    let mut found = Vec::new();
    for warning in command.get_arguments().filter_map(|option| option.get_long()) {
        let Some(prefix) = warning.strip_suffix("warning").filter(|it| it.is_empty() || it.ends_with('-')) else {
            continue;
        };
        let critical = format!("{prefix}critical");
        let id =
            |long: &str| command.get_arguments().find(|option| option.get_long() == Some(long)).map(clap::Arg::get_id);
        let (Some(warning_id), Some(critical_id)) = (id(warning), id(&critical)) else { continue };
        if !is_given(matches, warning_id.as_str()) {
            continue;
        }
        let Some(given) = threshold(matches, warning_id.as_str()) else { continue };
        let other = threshold(matches, critical_id.as_str());
        let by_default = defaults.iter().find(|(option, _)| option.trim_start_matches('-') == critical);
        let other = other.or_else(|| given.alike(by_default?.1));
        let Some(other) = other.filter(|other| other.hides(&given)) else { continue };
        if [warning_id, critical_id].iter().all(|id| own.contains(&id.as_str())) {
            return Err(format!(
                "--{warning} {} and --{critical} {} are reversed, nothing would be a WARNING: expected --{critical} beyond \
                 --{warning}",
                given.text(),
                other.text()
            ));
        }
        found.push(Overruling {
            name: prefix.trim_end_matches('-').to_owned(),
            by: match is_given(matches, critical_id.as_str()) {
                // A section that says both, or one that is stricter than the command line: no alert is lost by it.
                true if !own.contains(&critical_id.as_str()) => format!("by --extra-opts, --{critical}"),
                true => continue,
                false => format!("by default, --{critical} {}", other.text()),
            },
        });
    }
    Ok(found)
}

fn threshold(matches: &ArgMatches, id: &str) -> Option<Threshold> {
    let range = || matches.try_get_one::<Range>(id).ok().flatten().cloned().map(Threshold::Range);
    let expiry = || matches.try_get_one::<Expiry>(id).ok().flatten().cloned().map(Threshold::Expiry);
    let allowed = || matches.try_get_one::<Allowed>(id).ok().flatten().cloned().map(Threshold::Allowed);
    range().or_else(expiry).or_else(allowed)
}

impl Threshold {
    /// What `text` is as a threshold of this kind and unit.
    fn alike(&self, text: &str) -> Option<Self> {
        match self {
            Self::Range(_) => text.parse().ok().map(Self::Range),
            Self::Expiry(_) => text.parse().ok().map(Self::Expiry),
            Self::Allowed(_) => text.parse().ok().map(Self::Allowed),
        }
    }

    /// Whether this one is reversed as the critical threshold beside `warning`.
    fn hides(&self, warning: &Self) -> bool {
        match (self, warning) {
            (Self::Range(critical), Self::Range(warning)) => critical.hides(warning),
            (Self::Expiry(critical), Self::Expiry(warning)) => critical.hides(warning),
            (Self::Allowed(critical), Self::Allowed(warning)) => critical.hides(warning),
            _ => false,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::Range(range) => range.text().to_owned(),
            Self::Expiry(expiry) => expiry.text().to_owned(),
            Self::Allowed(allowed) => allowed.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Arg;

    fn judged(line: &str, defaults: &[(&str, &str)]) -> Result<Option<String>, String> {
        let own: Vec<_> = line.split(' ').filter_map(|word| word.strip_prefix("--")).collect();
        judged_beside_a_section(line, &own, defaults)
    }

    /// The same where only `own` stands on the command line, the rest of `line` in a section.
    fn judged_beside_a_section(line: &str, own: &[&str], defaults: &[(&str, &str)]) -> Result<Option<String>, String> {
        let range = |name: &'static str| Arg::new(name).long(name).value_parser(str::parse::<Range>);
        let expiry = |name: &'static str| Arg::new(name).long(name).value_parser(str::parse::<Expiry>);
        let command = Command::new("x").args([
            range("warning"),
            range("critical").default_value("5"),
            expiry("certificate-warning"),
            expiry("certificate-critical"),
        ]);
        let matches = command.clone().try_get_matches_from(line.split(' ')).unwrap();
        let found = overruled(&command, &matches, own, defaults)?;
        Ok(found.into_iter().map(|found| found.by).reduce(|one, next| format!("{one}; {next}")))
    }

    #[test]
    fn both_given_and_reversed_is_refused() {
        let error = judged("x --warning 3 --critical 1", &[]).unwrap_err();
        assert!(
            error.starts_with("--warning 3 and --critical 1 are reversed") && error.contains("expected"),
            "{error}"
        );
        assert!(judged("x --certificate-warning 10 --certificate-critical 20", &[]).is_err());
        assert!(judged("x --certificate-warning 48h --certificate-critical 20", &[]).is_err());
        assert_eq!(judged("x --warning 1 --critical 3", &[]), Ok(None));
        assert_eq!(judged("x --certificate-warning 20% --certificate-critical 20", &[]), Ok(None));
    }

    #[test]
    fn reversed_by_a_section_is_valid_and_its_text_is_not_shown() {
        let judged = |own: &[&str]| judged_beside_a_section("x --warning 3 --critical 1", own, &[]);
        let by_section = Ok(Some("by --extra-opts, --critical".to_owned()));
        assert_eq!(judged(&[]), by_section);
        assert_eq!(judged(&["warning"]), by_section);
        assert_eq!(judged(&["critical"]), Ok(None));
        assert!(judged(&["warning", "critical"]).is_err());
    }

    #[test]
    fn reversed_by_a_default_is_valid_and_the_default_is_named() {
        assert_eq!(judged("x --warning 9", &[]), Ok(Some("by default, --critical 5".to_owned())));
        assert_eq!(judged("x", &[]), Ok(None));
        let unknown_to_clap = [("--certificate-critical", "14")];
        assert_eq!(
            judged("x --certificate-warning 5", &unknown_to_clap),
            Ok(Some("by default, --certificate-critical 14".to_owned()))
        );
        assert_eq!(judged("x --certificate-warning 5%", &unknown_to_clap), Ok(None));
        let both = "by default, --critical 5; by default, --certificate-critical 14";
        assert_eq!(judged("x --warning 9 --certificate-warning 5", &unknown_to_clap), Ok(Some(both.to_owned())));
    }
}
