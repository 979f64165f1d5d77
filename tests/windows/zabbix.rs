//! Does the agent's file start every plugin on Windows? Its lines through cmd, in the words in which Zabbix' agent does it.

use std::fs;
use std::os::windows::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::support::{self, format, root};

#[test]
fn every_user_parameter_starts_its_plugin_from_a_path_with_blanks() {
    let directory = tempfile::tempdir().unwrap();
    let installed = directory.path().join("Program Files").join("check-um");
    fs::create_dir_all(&installed).unwrap();
    let file = fs::read_to_string(root().join("integrations/zabbix/check_um_windows.conf")).unwrap();
    let lines: Vec<_> = file.lines().filter_map(|line| line.strip_prefix("UserParameter=")).collect();
    assert!(lines.len() > 8, "{lines:?}");
    for line in lines {
        let (_, command) = line.split_once(',').unwrap();
        let name = command.split(['\\', '.']).find(|part| part.starts_with("check_um_")).unwrap();
        let place = installed.join(format!("{name}.exe"));
        if !place.exists() {
            fs::copy(support::plugin(&format!("{name}.exe")).get_program(), &place).unwrap();
        }
        let report = format::assert_json(&through_cmd(&filled(command, &installed)));
        assert_eq!(report["check"], *name, "{command}");
        let summary = report["summary"].as_str().unwrap();
        assert!(!summary.contains("--help"), "{command}: {summary}");
    }
}

/// Each `$n` in the place of what Zabbix puts there, by the option in front of it.
fn filled(command: &str, installed: &Path) -> String {
    let command = command.replace(r"C:\Program Files\check-um", installed.to_str().unwrap());
    let mut words: Vec<_> = command.split(' ').map(str::to_owned).collect();
    for place in 1..words.len() {
        if words[place].starts_with("\"$") {
            words[place] = format!("\"{}\"", value(&words[place - 1]));
        }
    }
    words.join(" ")
}

/// A value for an option; what follows another value is the one more option.
fn value(option: &str) -> &'static str {
    match option {
        "--hostname" => "127.0.0.1",
        "--port" | "--tcp-port" | "--tls-port" => "9",
        "--startup-mode" => "TCP",
        // In this order for a time and for what is left of a certificate.
        "--warning" => "10:",
        "--critical" => "5:",
        "--counters" => "pdh",
        "--pool" => "MSExchangeServicesAppPool",
        "--service" => "MSExchangeUMCR",
        "--health-set" => "UM.CallRouter",
        "--window" => "1h",
        "--timeout" => "5",
        _ if !option.starts_with("--") => "--output=json",
        _ => panic!("no value for {option}"),
    }
}

/// The agent puts the whole line into one more pair of quotes, which cmd takes away again.
fn through_cmd(line: &str) -> String {
    let output = Command::new("cmd").raw_arg(format!("/C \"{line}\"")).output().unwrap();
    assert!(output.stderr.is_empty(), "{line}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}
