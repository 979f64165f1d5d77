//! Does a real agent answer every key of our files with the plugin's report, and refuse what a shell could misread?

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use check_um::checks::schedule::ScheduledService;
use check_um_generate::zabbix::command::{agent_key, asked_by_agents};
use serde_json::Value;
use tempfile::TempDir;

use crate::process::are_installed;
use crate::site::Site;
use crate::support::{self, format, plugin, root};

#[test]
fn every_user_parameter_answers_with_the_report_when_all_is_well() {
    for file in FILES {
        let Some(agent) = Agent::new(file) else { return };
        assert_eq!(agent.asked(&Site::healthy(), |code| code == 0), agent.checks().len());
    }
}

#[test]
fn every_user_parameter_answers_with_the_report_whatever_the_exit_code() {
    for file in FILES {
        let Some(agent) = Agent::new(file) else { return };
        assert_eq!(agent.asked(&Site::failing(), |code| code > 0), agent.checks().len());
    }
}

#[test]
fn a_parameter_that_a_shell_could_misread_is_refused() {
    let Some(agent) = Agent::new(FILES[0]) else { return };
    for text in ["$(id)", "5\" \"--no-verify", "5; id", "5`id`", "5|id", "5&id", "@file"] {
        let key = format!("check_um_events[\"1h\",\"{}\",\"--output=json\"]", text.replace('"', "\\\""));
        let answer = agent.test(&key);
        assert!(answer.contains("Special characters"), "{key}: {answer}");
    }
}

/// A configuration with one of our files, its paths replaced by those of this build.
pub struct Agent {
    directory: TempDir,
    parameters: String,
}

impl Agent {
    /// `None`, and a note, where there is no agent.
    pub fn new(file: &str) -> Option<Self> {
        if !are_installed("zabbix-agent", &[Path::new(PROGRAM)]) {
            return None;
        }
        let directory = tempfile::tempdir().unwrap();
        let parameters = user_parameters(file);
        fs::write(directory.path().join("check_um.conf"), &parameters).unwrap();
        let agent = Self { directory, parameters };
        let included = agent.path("check_um.conf");
        let configuration = format!("Server=127.0.0.1\nTimeout=15\nInclude={}\n", included.display());
        fs::write(agent.path("agent.conf"), configuration).unwrap();
        Some(agent)
    }

    /// What it makes of a key.
    fn test(&self, key: &str) -> String {
        let asked = Command::new(PROGRAM).arg("-c").arg(self.path("agent.conf")).args(["-t", key]).output().unwrap();
        String::from_utf8(asked.stdout).unwrap()
    }

    /// Asks for every check, compares with the plugin's own report; gives the number of exit codes that are as they should be.
    fn asked(&self, site: &Site, is_expected: impl Fn(i64) -> bool) -> usize {
        let mut expected = 0;
        for check in self.checks() {
            let key = site.resolve(check, &agent_key(check));
            let answer = self.test(&key);
            let value = answer.split_once(" [t|").and_then(|(_, value)| value.trim_end().strip_suffix(']'));
            let value = value.unwrap_or_else(|| panic!("{key}: {answer}"));
            let report = format::assert_json(&format!("{value}\n"));
            let own = support::run_command(plugin(check.plugin).args(site.argv(check)));
            let own = format::assert_json(&own.stdout);
            assert_eq!(what_lasts(&report), what_lasts(&own), "{key}");
            expected += usize::from(is_expected(report["exit_code"].as_i64().unwrap()));
        }
        expected
    }

    fn checks(&self) -> Vec<&'static ScheduledService> {
        let is_known = |check: &&ScheduledService| {
            self.parameters
                .contains(&format!("UserParameter={}[*]", check_um_generate::zabbix::command::agent_name(check)))
        };
        asked_by_agents().filter(is_known).collect()
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

/// One of our files with the plugins of this build in the place of those that are installed.
pub fn user_parameters(file: &str) -> String {
    let mut text = fs::read_to_string(root().join("integrations/zabbix").join(file)).unwrap();
    for name in support::plugins() {
        let real = plugin(name).get_program().to_str().unwrap().to_owned();
        text = text.replace(&format!("\"C:\\Program Files\\check-um\\{name}.exe\""), &format!("\"{real}\""));
        text = text.replace(&format!("/usr/lib/nagios/plugins/{name} "), &format!("{real} "));
    }
    text
}

/// All of a report that two runs have in common: no times.
fn what_lasts(report: &Value) -> Value {
    let of = |name: &str| report[name].clone();
    let labels: Vec<_> = report["metrics"].as_object().unwrap().keys().cloned().collect();
    let class = report["failure"]["class"].clone();
    serde_json::json!([of("check"), of("exit_code"), of("state"), of("target"), of("result"), class, labels])
}

const FILES: [&str; 2] = ["check_um_linux.conf", "check_um_windows.conf"];

/// The agent.
pub const PROGRAM: &str = "/usr/sbin/zabbix_agentd";
