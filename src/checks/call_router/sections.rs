//! Which sections of an ini file are which check's, and which only look as if they were?

use std::path::Path;

use super::super::registered::RegisteredCheck;
use super::plan::{PREFIX, Planned};
use crate::options::extra_opts::{has_section, line_of, sections_of};
use crate::options::usage::UsageError;
use crate::report::excerpt;

/// What names the section of a check in each file that has one.
pub(super) fn options_of(check: &RegisteredCheck, files: &[impl AsRef<Path>]) -> Vec<String> {
    let mut options = Vec::new();
    for file in files.iter().map(AsRef::as_ref).filter(|file| has_section(file, check.about.name)) {
        let option = format!("--extra-opts=@{}", file.display());
        // One file may be named twice, for two sections of the check that asks all.
        if !options.contains(&option) {
            options.push(option);
        }
    }
    options
}

/// What is wrong with the sections of a file: one of a name that no check has, but that is meant for one. To pass over it would be
/// to pass over what it asks of that check.
pub(super) fn misnamed(file: &Path, own: &str, all: &[Planned]) -> Option<UsageError> {
    let names: Vec<_> = all.iter().map(|planned| planned.check.about.name).chain([own]).collect();
    let is_stray = |section: &str| !names.contains(&section) && meant(section, &names, all).is_some();
    let (line, section) = sections_of(file, is_stray).into_iter().next()?;
    let meant = meant(&section, &names, all)?;
    let expected = format!("a section by the name of a plugin, such as [{meant}]");
    Some(UsageError::IniLine { path: file.to_owned(), line, expected })
}

/// What is wrong with the section of a check that is asked where the router listens: it would speak another protocol there.
pub(super) fn of_another_port(planned: &Planned, files: &[impl AsRef<Path>]) -> Option<UsageError> {
    let of_file = |file: &Path| {
        let line = line_of(file, planned.check.about.name, STARTTLS)?;
        let expected = format!("no {STARTTLS}, which is for another port than the router's");
        Some(UsageError::IniLine { path: file.to_owned(), line, expected })
    };
    files.iter().find_map(|file| of_file(file.as_ref()))
}

/// Whether the section of a check says by what it is to be let in to an exporter.
pub(super) fn is_for_an_exporter(check: &str, files: &[impl AsRef<Path>]) -> bool {
    files.iter().any(|file| line_of(file.as_ref(), check, EXPORTER_USER).is_some())
}

/// Which plugin a section is meant for, if it is meant for one.
fn meant<'a>(section: &str, names: &[&'a str], all: &[Planned]) -> Option<&'a str> {
    let spelled = excerpt(section, MAX_NAME).to_lowercase().replace('-', "_");
    let short = spelled.strip_prefix(PREFIX).or_else(|| spelled.strip_prefix("um_")).unwrap_or(&spelled);
    let of_row = all.iter().find(|planned| planned.name == short).map(|planned| planned.check.about.name);
    let near = |name: &&&str| strsim::osa_distance(&spelled, name) <= MAX_TYPOS;
    let nearest = || names.iter().min_by_key(|name| strsim::osa_distance(&spelled, name));
    let by_name = || names.iter().find(|name| name.strip_prefix(PREFIX) == Some(short)).copied();
    of_row
        .or_else(by_name)
        .or_else(|| names.iter().find(near).copied())
        .or_else(|| nearest().copied().filter(|_| spelled.starts_with(PREFIX)))
}

/// How many letters may be wrong, missing, too many or in each other's place.
const MAX_TYPOS: usize = 2;

/// The most of a name that is compared, in characters.
const MAX_NAME: usize = 64;

const STARTTLS: &str = "starttls";
const EXPORTER_USER: &str = "exporter-user";

#[cfg(test)]
mod tests {
    use super::super::super::CallRouter;
    use super::super::super::registered::AsksOthers;
    use super::*;

    fn meant_by(section: &str) -> Option<&'static str> {
        let planned = |check: &'static RegisteredCheck| {
            let ways = check.services.iter();
            ways.map(move |service| Planned {
                check,
                service,
                name: super::super::plan::name_of(service),
                arguments: Ok(Vec::new()),
            })
        };
        let all: Vec<_> = CallRouter::OTHERS.iter().flat_map(planned).collect();
        let names: Vec<_> = CallRouter::OTHERS.iter().map(|check| check.about.name).collect();
        meant(section, &names, &all)
    }

    #[test]
    fn a_name_that_is_nearly_that_of_a_plugin_is_meant_for_it() {
        for section in [
            "Check_um_sip_options",
            "check_um_sip_option",
            "sip_options",
            "sip-options",
            "um-sip-options",
            "SIP_OPTIONS_TLS",
            "check_um_sip_options_tls",
            "chekc_um_sip_options",
            "check-um-sip-options",
            "check_umsip_options",
            "check_um_sip_optoins_cas2",
        ] {
            assert_eq!(meant_by(section), Some("check_um_sip_options"), "{section}");
        }
        assert_eq!(meant_by("events"), Some("check_um_events"));
        assert!(meant_by("check_um_").is_some() && meant_by("check_um_bogus").is_some());
    }

    #[test]
    fn sections_of_other_plugins_are_their_own() {
        for section in [
            "",
            "cas1",
            "check_http",
            "check_tcp",
            "check_ldap",
            "check_ssl_cert",
            "check_service",
            "check_events",
            "check_um",
            "check_ups",
            "check_snmp",
            "default",
            "plugins",
            "sip",
            "check_sip",
            "um",
            &"x".repeat(10_000),
        ] {
            assert_eq!(meant_by(section), None, "{section}");
        }
    }
}
