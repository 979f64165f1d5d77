//! Is every check about whom its options name, and is a command line that is none refused?

use std::ffi::OsString;
use std::net::{Ipv4Addr, TcpListener};
use std::time::SystemTime;

use clap::Command;

use super::*;
use crate::input::Input;
use crate::options::{Options, command_line};
use crate::plugin::report_at;
use crate::report::Class;

/// The options of a command line.
fn options<C: Options>(line: &str) -> C {
    let matches = C::augment_args(Command::new("x")).try_get_matches_from(words(line)).unwrap();
    C::from_arg_matches(&matches).unwrap()
}

/// A command line with a program's name in front.
fn words(line: &str) -> Vec<OsString> {
    ["x"].into_iter().chain(line.split(' ')).map(OsString::from).collect()
}

#[test]
fn whom_the_options_name_is_known_before_anybody_answers() {
    fn whom<C: Options>(line: &str) -> String {
        let target = options::<C>(line).target();
        format!("{} by {}", target.endpoint(), target.transport)
    }
    let exporter = "--counters prometheus:https://cas1.example.com:9182/metrics";
    let services = "--source prometheus:http://cas1.example.com:9182/metrics";
    for (said, expected) in [
        (whom::<AdDs>("-H dc1.example.com"), "dc1.example.com:389 by tcp"),
        (whom::<AdDs>("-H dc1.example.com --tls"), "dc1.example.com:636 by tls"),
        (whom::<AdDs>("--domain example.com --port 3268"), "example.com:3268 by tcp"),
        (whom::<AppPool>(exporter), "cas1.example.com:9182 by https"),
        (whom::<RejectRate>(exporter), "cas1.example.com:9182 by https"),
        (whom::<RejectRate>(&format!("{exporter} -H cas2")), "cas2 by https"),
        (whom::<MissedCallProxy>("--counters csv:um.csv"), "um.csv by file"),
        (whom::<AppPool>("--counters pdh -H cas1"), "cas1 by pdh"),
        (whom::<HealthSet>("--file health.json"), "health.json by file"),
        (whom::<Events>("--file events.xml -H cas1"), "cas1 by file"),
        (whom::<Events>("-H cas1"), "cas1 by eventlog"),
        (whom::<SipOptions>("-H cas1.example.com"), "cas1.example.com:5060 by tcp"),
        (whom::<CallRouting>("-H cas1.example.com --uri sip:a@example.com"), "cas1.example.com:5060 by tcp"),
        (whom::<CertExpiry>("-H cas1.example.com"), "cas1.example.com:5061 by tls"),
        (whom::<CertExpiry>("--file a.pem --file b.pem"), "a.pem, b.pem by file"),
        (whom::<Service>("-H cas1.example.com"), "cas1.example.com by rpc"),
        (whom::<Service>(services), "cas1.example.com:9182 by http"),
        (whom::<Service>(&format!("-H cas2 {services}")), "cas2 by http"),
    ] {
        assert_eq!(said, expected);
    }
}

#[test]
fn what_reads_a_source_of_exchange_is_of_exchange_and_what_asks_any_server_is_not() {
    assert!(options::<AppPool>("--counters csv:um.csv").is_of_exchange());
    assert!(options::<HealthSet>("--file health.json").is_of_exchange());
    assert!(!options::<SipOptions>("-H sbc.example.com").is_of_exchange());
    assert!(!options::<CertExpiry>("-H sbc.example.com").is_of_exchange());
    // Unless somebody says so.
    assert!(options::<SipOptions>("-H cas1.example.com --peer exchange").is_of_exchange());
    assert!(options::<CallRouting>("-H cas1.example.com --uri sip:a@example.com --peer exchange").is_of_exchange());
}

#[test]
fn whoever_reads_a_file_is_not_told_what_to_do_about_a_server() {
    let advice = |line: &str| options::<CertExpiry>(line).advice()(Some(Class::Timeout));
    let on_file = advice("--file a.pem");
    assert!(on_file.starts_with("To read the file takes longer"), "{on_file}");
    for server in ["-H sbc.example.com", "-H cas1.example.com --peer exchange"] {
        assert_ne!(advice(server), on_file, "{server}");
    }
}

#[test]
fn a_command_line_is_understood_or_told_what_is_wrong_with_it() {
    for check in ALL {
        let mistake = check.parse(words("--bogus")).unwrap_err();
        assert!(mistake.contains("unknown option --bogus"), "{}: {mistake}", check.about.name);
    }
    let of = |name: &str| ALL.iter().find(|check| check.about.name == name).unwrap();
    assert_eq!(of("check_um_cert_expiry").parse(words("-H cas1.example.com")), Ok(()));
}

#[cfg(not(windows))]
#[test]
fn a_store_of_windows_is_refused_elsewhere() {
    let check = ALL.iter().find(|check| check.about.name == "check_um_cert_expiry").unwrap();
    let mistake = check.parse(words("--store LocalMachine\\My")).unwrap_err();
    assert!(mistake.contains("Windows"), "{mistake}");
}

#[test]
fn a_server_without_an_address_is_said_to_have_none_whether_one_is_asked_or_all() {
    for line in ["-H 127.0.0.1 -6", "-H 127.0.0.1 -6 --all-addresses"] {
        let report = report_at::<CertExpiry>(words(line), SystemTime::now()).unwrap();
        let found = report.failure().unwrap();
        assert_eq!(found.class, Some(Class::Dns), "{line}");
        assert!(found.text.contains("has no IPv6 address"), "{line}: {}", found.text);
    }
}

#[test]
fn the_address_of_one_controller_is_told_though_nobody_answers_there() {
    let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let report = report_at::<AdDs>(words(&format!("-H 127.0.0.1 -p {port}")), SystemTime::now()).unwrap();
    assert_eq!((report.target.address, report.target.port), (Some(Ipv4Addr::LOCALHOST.into()), Some(port)));
}

#[cfg(not(windows))]
#[test]
fn a_source_that_this_host_lacks_is_a_mistake_and_one_that_nobody_names_is_missing() {
    let is_missing = |line: &str| {
        let command = &mut command_line::bare_command::<RejectRate>();
        command_line::parse::<RejectRate>(command, words(line), None).unwrap_err().error.is_missing()
    };
    assert_eq!(["--counters pdh", "--warning 20"].map(is_missing), [false, true]);
}

#[test]
fn the_help_names_every_way_to_call_a_check() {
    let help = command_line::command::<AdDs>().render_help().to_string();
    for way in AdDs::USAGE {
        assert!(help.contains(&format!("check_um_ad_ds {way}\n")), "{way}: {help}");
    }
}

#[test]
fn the_help_names_every_class_in_lines_that_a_terminal_shows() {
    let help = command_line::command::<SipOptions>().get_after_help().unwrap().to_string();
    let classes = help.split_once("says otherwise:\n").unwrap().1.split_once("\n\n").unwrap().0;
    let (lines, words): (Vec<_>, Vec<_>) = (classes.lines().collect(), classes.split_whitespace().collect());
    assert_eq!(words.len(), SipOptions::ABOUT.classes().count());
    let is_full = |pair: &[&str]| {
        let next = pair[1].split_whitespace().next().unwrap();
        pair[0].len() <= 101 && pair[0].len() + 1 + next.len() > 101
    };
    assert!(lines.len() > 1 && lines.windows(2).all(is_full), "{classes}");
}

#[test]
fn a_site_is_one_label() {
    let check = ALL.iter().find(|check| check.about.name == "check_um_ad_ds").unwrap();
    let parsed = |site: &str| check.parse(words(&format!("--domain example.com --site {site}")));
    assert_eq!([parsed("Default-First-Site-Name"), parsed(&"x".repeat(63))], [Ok(()), Ok(())]);
    for site in ["a.b", &"x".repeat(64)] {
        let mistake = parsed(site).unwrap_err();
        assert!(mistake.contains(&format!("'{site}' is not a site")), "{mistake}");
    }
}

#[test]
fn whoever_reads_standard_input_is_known_to_read_what_nobody_can_read_again() {
    fn stream<C: Options>(line: &str) -> bool {
        options::<C>(line).reads().and_then(Input::readable_once).is_some()
    }
    assert!(stream::<RejectRate>("--counters csv:-") && stream::<AppPool>("--counters csv:-"));
    assert!(stream::<MissedCallProxy>("--counters csv:-") && stream::<MissedCallProxy>("--method events --file -"));
    assert!(stream::<HealthSet>("--file -") && stream::<Events>("--file -"));
    assert!(!stream::<MissedCallProxy>("--counters csv:um.csv") && !stream::<SipOptions>("-H cas1"));
}
