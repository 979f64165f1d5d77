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
    let outcome = site.run(&format!("{ini} --only app_pool --only call_routing"));
    outcome.assert_begins(0, "UM CALL ROUTER OK - 1 check OK, ").assert_says("app_pool");
    assert!(outcome.stdout.contains("not asked: call_routing: needs --call"), "{outcome:?}");
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
        ("check_um_call_routing", "srv\nport = 5060\nuri = sip:5000@127.0.0.1\nhostname = example.com"),
        ("check_um_reject_rate", "counters = pdh"),
        ("check_um_missed_call_proxy", "counter-name = bogus=x"),
        ("check_um_app_pool", "counter-name = bogus=x"),
        ("check_um_cert_expiry", "leaf-only\njudge = served"),
    ] {
        if cfg!(windows) && mistake.contains("pdh") {
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
         [check_um_call_routing]\nuntil = ringing\n[check_um_service]\nservice = W3SVC\n",
    );
    let without = "--without service --without reject_rate --without events";
    let without = if cfg!(windows) { without } else { "" };
    site.run(&format!("{ini} --only sip_options {without}")).assert_begins(0, "UM CALL ROUTER OK - 1 check OK, ");
}
