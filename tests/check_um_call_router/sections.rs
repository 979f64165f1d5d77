//! What do sections of an ini file make of the checks that are asked, and what is a mistake in them?

use super::{Site, support};
use call_router::router::Behaviour;

#[test]
fn unknown_when_a_section_of_any_check_has_a_mistake_and_nobody_is_asked() {
    let site = Site::of(Behaviour::Healthy);
    let ini =
        site.ini("[check_um_sip_options]\nexpect = 200\n[check_um_cert_expiry]\n[check_um_app_pool]\nbogus = 1\n");
    let counters = site.path("counters.csv");
    // Whether that check is asked or not.
    for arguments in [format!("--counters csv:{counters}"), String::new(), "--without app_pool".to_owned()] {
        let outcome = site.run(&format!("{ini} {arguments}"));
        outcome.assert_begins(3, "UM CALL ROUTER UNKNOWN - app_pool: section [check_um_app_pool]: ");
        outcome.assert_says("line 6").assert_says("router.ini");
        assert_eq!(outcome.stdout.lines().count(), 1, "{outcome:?}");
    }
}

#[test]
fn a_section_says_where_an_answer_comes_from_but_never_lets_a_call_be_made() {
    let site = Site::of(Behaviour::Healthy);
    let ini = site.ini(&format!(
        "[check_um_app_pool]\ncounters = csv:{}\n[check_um_call_routing]\nuri = sip:5000@127.0.0.1\n",
        site.path("counters.csv")
    ));
    let outcome = site.run(&format!("{ini} --without sip_options"));
    assert!(outcome.stdout.contains("OK       app_pool: "), "{outcome:?}");
    assert!(outcome.stdout.contains("not asked: call_routing: needs --call"), "{outcome:?}");
    site.run(&format!("{ini} --only app_pool")).assert_begins(0, "UM CALL ROUTER OK - 1 check OK, ");
    let outcome = site.run(&format!("{ini} --without app_pool"));
    assert!(outcome.stdout.contains("not asked: app_pool: left out by --without"), "{outcome:?}");
}

#[test]
fn the_command_line_says_where_the_router_listens_whatever_a_section_says() {
    let site = Site::of(Behaviour::Healthy);
    let ini = site.ini("[check_um_sip_options]\nport = 1\ntransport = udp\n");
    site.run(&format!("{ini} --only sip_options")).assert_begins(0, "UM CALL ROUTER OK - 1 check OK, ");
}

#[test]
fn unknown_when_a_section_is_wrong_of_a_check_that_has_no_source() {
    let site = Site::of(Behaviour::Healthy);
    for (section, mistake) in [
        ("check_um_ad_ds", "hostname = dc1.example.com\ndomain = example.com"),
        ("check_um_ad_ds", "ipv4\nipv6\nhostname = dc1.example.com"),
        ("check_um_ad_ds", "ipv4\nipv6"),
        ("check_um_ad_ds", "tls-name = dc1.example.com\nssl"),
        ("check_um_call_routing", "username = monitor\nuri = sip:5000@127.0.0.1\nhostname = cas1"),
        ("check_um_reject_rate", "counters = pdh"),
        ("check_um_missed_call_proxy", "counter-name = bogus=x"),
        ("check_um_app_pool", "counter-name = bogus=x"),
        ("check_um_cert_expiry", "leaf-only\njudge = served"),
        ("check_um_service", "exporter-user = x"),
        ("check_um_service", "exporter-user = a:b\npassword = x"),
        ("check_um_reject_rate", "exporter-user = x"),
        ("check_um_missed_call_proxy", "exporter-user = x"),
        ("check_um_app_pool", "exporter-user = x\nbearer-token-env = X"),
        // Two mistakes at once.
        ("check_um_cert_expiry", "leaf-only\njudge = served\nipv4\nipv6"),
        ("check_um_reject_rate", "exporter-user = a:b\npassword = x\ncounter-name = bogus=x"),
    ] {
        // Which has counters and services itself.
        if cfg!(windows) && (mistake.contains("pdh") || mistake.starts_with("exporter-user")) {
            continue;
        }
        let ini = site.ini(&format!("[{section}]\n{mistake}\n"));
        for without in [String::new(), format!("--without {section}")] {
            let outcome = site.run(&format!("{ini} {without}"));
            let name = section.trim_start_matches("check_um_");
            outcome.assert_begins(3, &format!("UM CALL ROUTER UNKNOWN - {name}: section [{section}]: "));
            outcome.assert_says(", line ").assert_says("router.ini").assert_says("expected");
            let own = support::run(section, &format!("--extra-opts=@{}", site.path("router.ini")));
            own.assert_exit(3);
        }
    }
}

#[test]
fn a_section_of_a_check_without_a_source_is_no_mistake() {
    let site = Site::of(Behaviour::Healthy);
    let ini = site.ini(
        "[check_um_ad_ds]\nport = 3268\n[check_um_reject_rate]\nwarning = 20\n[check_um_events]\nwindow = 2h\n\
         [check_um_call_routing]\nuntil = ringing\n[check_um_service]\nservice = W3SVC\n\
         [check_um_missed_call_proxy]\nmethod = events\n[check_um_app_pool]\ncounter-name = state=\\A(*)\\B\n",
    );
    let without =
        "--without service --without reject_rate --without events --without missed_call_proxy --without app_pool";
    let without = if cfg!(windows) { without } else { "" };
    site.run(&format!("{ini} --only sip_options {without}")).assert_begins(0, "UM CALL ROUTER OK - 1 check OK, ");
}

#[test]
fn unknown_when_a_section_is_nearly_one_of_a_check() {
    let site = Site::of(Behaviour::Healthy);
    for section in ["Check_um_sip_options", "check_um_sip_option", "sip_options", "um-sip-options", "check_um_bogus"] {
        let outcome = site.run(&format!("{} --only sip_options", site.ini(&format!("[{section}]\ncritical=0\n"))));
        outcome.assert_begins(3, "UM CALL ROUTER UNKNOWN - ").assert_says("router.ini, line 2: expected a section by");
        assert_eq!(outcome.stdout.lines().count(), 1, "{outcome:?}");
    }
    for section in ["cas2", "check_http", "default"] {
        site.run(&format!("{} --only sip_options", site.ini(&format!("[{section}]\ncritical=0\n")))).assert_exit(0);
    }
}

#[test]
fn unknown_when_a_section_has_another_door_in_mind() {
    let site = Site::of(Behaviour::Healthy);
    let ini = site.ini("[check_um_cert_expiry]\nwarning = 20\nstarttls = smtp\n");
    let outcome = site.run(&format!("{ini} --startup-mode Dual"));
    outcome.assert_begins(3, "UM CALL ROUTER UNKNOWN - cert_expiry: section [check_um_cert_expiry]: ");
    outcome.assert_says("line 4: expected no starttls");
    site.run(&format!("{ini} --only sip_options")).assert_exit(0);
}

#[test]
fn a_call_is_made_as_the_router_listens_whatever_a_section_says() {
    let site = Site::of(Behaviour::Healthy);
    let ini = site.ini("[check_um_call_routing]\ntransport = tls\nport = 1\nstate = status=ok\n");
    let outcome = site.run(&format!("{ini} --call sip:5000@127.0.0.1 --only call_routing"));
    assert!(outcome.stdout.contains("302 to 127.0.0.1:") && !outcome.stdout.contains("TLS"), "{outcome:?}");
}

#[test]
fn a_series_of_a_section_is_measured_by_the_deadline_that_it_gets() {
    let site = Site::of(Behaviour::Healthy);
    let run = |count: &str, more: &str| {
        let ini = site.ini(&format!("[check_um_sip_options]\n{count}\ninterval = 0.5\n"));
        site.run(&format!("{ini} --only sip_options {more}"))
    };
    // 3 s in all.
    for more in ["-t 2.9", "-t 7 --again 1.2"] {
        let outcome = run("count = 6", more);
        outcome.assert_begins(3, "UM CALL ROUTER UNKNOWN - sip_options: section [check_um_sip_options]: ");
        outcome.assert_says(
            "router.ini, line 3: expected less (--count times --interval is more than the deadline of 2.9 s",
        );
    }
    run("count = 2", "-t 3.2 --again 1").assert_exit(0);
    // More than the plugin's own deadline of 10 s, and less than this one; nobody is asked.
    let ini = site.ini("[check_um_sip_options]\ncount = 20\n");
    let listed = site.run(&format!("{ini} -t 60 --list"));
    assert!(listed.stdout.contains("would be asked: sip_options: "), "{listed:?}");
}
