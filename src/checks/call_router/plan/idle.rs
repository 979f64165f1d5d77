//! Which options of the command line say nothing to any check that is asked?

use super::{Choice, Planned, Site, StartupMode};
use crate::checks::health_set::HealthSet;
use crate::checks::schedule::{Elsewhere, Vantage};
use crate::options::Options;

impl Site {
    /// Which of the options that are given on the command line itself have no effect, because of who is left out or of how the
    /// router listens.
    pub(in super::super) fn idle(
        &self,
        given: &dyn Fn(&str) -> bool,
        all: &[Planned],
        choice: &Choice<'_>,
    ) -> Option<String> {
        // Both ports may always be given: they are facts of a host, which some schedulers pass each time. That nobody is asked
        // there is said below.
        if given("tls_name") && self.startup_mode == StartupMode::Tcp {
            return Some("--tls-name: expected --startup-mode TLS or Dual too, or it has no effect".to_owned());
        }
        let calls = |planned: &Planned| planned.service.vantage == Vantage::Call && self.call.is_some();
        let of_tls = |planned: &Planned| {
            planned.service.vantage == Vantage::Tls || (calls(planned) && self.startup_mode == StartupMode::Tls)
        };
        let is_of_health = |planned: &Planned| planned.check.about.name == HealthSet::ABOUT.name;
        let of_export = |planned: &Planned| matches!(planned.service.elsewhere, Elsewhere::Export { .. });
        let of_directory = |planned: &Planned| planned.service.vantage == Vantage::Directory;
        let users: [(&str, &Uses<'_>); 9] = [
            ("call", &calls),
            ("domain", &of_directory),
            ("domain_controller", &of_directory),
            ("service_source", &|planned| planned.service.elsewhere == Elsewhere::Exporter),
            ("counters", &|planned| planned.service.elsewhere == Elsewhere::Counters),
            ("health_set_file", &|planned| of_export(planned) && is_of_health(planned)),
            ("events_file", &|planned| of_export(planned) && !is_of_health(planned)),
            ("tls_name", &of_tls),
            ("server", &Planned::reads_a_source),
        ];
        users.into_iter().filter(|(option, _)| given(option)).find_map(|(option, uses)| {
            let users: Vec<_> = all.iter().filter(|planned| uses(planned)).collect();
            let is_idle = users.iter().all(|planned| choice.left_out(planned).is_some());
            let names: Vec<_> = users.iter().map(|planned| planned.name.as_str()).collect();
            is_idle.then(|| {
                let (option, names) = (option.replace('_', "-"), names.join(", "));
                format!("--{option}: expected one of {names} to be asked, which --only or --without leaves out")
            })
        })
    }
}

impl Site {
    /// At which port that is not the usual one nobody is asked; `asked` is from where those look who are.
    pub(in super::super) fn idle_ports(&self, asked: impl Iterator<Item = Vantage>) -> Vec<String> {
        let is_tls = |vantage| match vantage {
            Vantage::Network => Some(false),
            Vantage::Tls => Some(true),
            Vantage::Call => Some(self.startup_mode == StartupMode::Tls),
            _ => None,
        };
        let used: Vec<_> = asked.filter_map(is_tls).collect();
        let ports = [("--tcp-port", self.tcp_port, USUAL[0], false), ("--tls-port", self.tls_port, USUAL[1], true)];
        let idle = ports.into_iter().filter(|(_, port, usual, is_tls)| port != usual && !used.contains(is_tls));
        idle.map(|(option, port, ..)| format!("{option} {port}: nobody is asked there")).collect()
    }
}

/// SIP in clear and over TLS.
const USUAL: [u16; 2] = [5060, 5061];

/// Whether an option says something to a check.
type Uses<'a> = dyn Fn(&Planned) -> bool + 'a;
