//! Is a counter found on a metrics page, and nothing else taken for it?

use std::time::Duration;

use super::*;
use crate::counters::role::{Role, app_pool};
use crate::time::deadline::Deadline;

fn query<const N: usize>(counters: [Counter; N], host: Option<&str>) -> CounterQuery<N> {
    let deadline = Deadline::new(std::time::Instant::now(), Duration::from_secs(10));
    CounterQuery { counters, host: host.map(str::to_owned), window: Duration::from_secs(3_600), deadline }
}

fn read<const N: usize>(text: &str, counters: [Counter; N], host: Option<&str>) -> Result<Reading<N>, CounterError> {
    reading(text, &query(counters, host), "http://x/", SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000))
}

const POOLS: &str = concat!(
    "windows_iis_current_application_pool_state{app=\"DefaultAppPool\",state=\"Running\"} 1\n",
    "windows_iis_current_application_pool_state{app=\"MSExchangeServicesAppPool\",state=\"Running\"} 0\n",
    "windows_iis_current_application_pool_state{app=\"MSExchangeServicesAppPool\",state=\"Shutdown Pending\"} 1\n",
);

#[test]
fn the_state_of_a_pool_is_the_number_of_its_series_that_is_1() {
    assert_eq!(read(POOLS, app_pool("msexchangeservicesapppool"), None).unwrap().newest_complete().values, [Some(6.0)]);
}

#[test]
fn a_pool_that_is_not_there_is_absent_among_others() {
    let error = read(POOLS, app_pool("OtherPool"), None).unwrap_err();
    assert!(matches!(&error, CounterError::Absent { nearest, .. } if nearest.other_instances), "{error}");
    let error = read("up 1\n", app_pool("OtherPool"), None).unwrap_err();
    assert!(matches!(&error, CounterError::Absent { nearest, .. } if !nearest.other_instances), "{error}");
}

#[test]
fn no_state_when_every_series_is_0() {
    let zero = POOLS.replace("} 1", "} 0");
    assert!(matches!(read(&zero, app_pool("DefaultAppPool"), None), Err(CounterError::NoState { .. })));
}

#[test]
fn a_federated_series_belongs_to_its_host() {
    let [received, rejected, _] = Role::CallRouter.counters(true).map(|counter| given_or_name(&counter));
    let text = ["cas1:9182", "cas2:9182"]
        .map(|host| {
            format!("{received}{{instance=\"{host}\"}} 100 1699999999000\n{rejected}{{instance=\"{host}\"}} 7\n")
        })
        .concat();
    let counters = || Role::CallRouter.counters(true);
    assert!(matches!(read(&text, counters(), None), Err(CounterError::SeveralHosts { .. })));
    assert!(matches!(read(&text, counters(), Some("cas3")), Err(CounterError::NoSuchHost { .. })));
    let reading = read(&text, counters(), Some("cas2")).unwrap();
    assert_eq!(reading.newest_complete().values, [Some(100.0), Some(7.0), None]);
    assert_eq!(reading.newest_complete().time, SystemTime::UNIX_EPOCH + Duration::from_secs(1_699_999_999));
}

#[test]
fn a_page_that_is_no_exposition_is_not_quoted() {
    let error = read("<html><body>secret</body></html>", Role::CallRouter.counters(true), None).unwrap_err();
    assert_eq!(error.to_string(), "http://x/, line 1: expected series in Prometheus' text format");
}

/// The two totals, as a configuration of windows_exporter with `metric` and `labels` names them.
fn calls(selectors: [&str; 2]) -> [Counter; 2] {
    let [received, rejected, _] = Role::CallRouter.counters(true);
    let named = |counter: Counter, given: &str| Counter { given: Some(given.to_owned()), ..counter };
    [named(received, selectors[0]), named(rejected, selectors[1])]
}

#[test]
fn of_several_series_none_is_taken_unless_a_selector_chooses() {
    let text = "calls{state=\"received\"} 100\ncalls{state=\"rejected\"} 60\n";
    for text in [text.to_owned(), text.lines().rev().map(|line| format!("{line}\n")).collect()] {
        let error = read(&text, calls(["calls", "calls"]), None).unwrap_err();
        let CounterError::SeveralSeries { series, .. } = &error else { panic!("{error}") };
        assert_eq!(series.len(), 2);
        assert!(error.to_string().contains("--counter-name received=NAME{LABEL=\"VALUE\"}"), "{error}");
        let chosen = calls([r#"calls{state="received"}"#, r#"calls{state=~"rej.*"}"#]);
        assert_eq!(read(&text, chosen, None).unwrap().newest_complete().values, [Some(100.0), Some(60.0)]);
    }
    let twice = "calls 100\ncalls 60\n";
    assert!(matches!(read(twice, calls(["calls", "calls"]), None), Err(CounterError::SeveralSeries { .. })));
    let pools = POOLS.to_owned() + &POOLS.replace("app=", "site=\"b\",app=");
    assert!(matches!(read(&pools, app_pool("DefaultAppPool"), None), Err(CounterError::SeveralSeries { .. })));
}

#[test]
fn two_states_at_once_are_none() {
    let both = POOLS.replace("} 0", "} 1");
    let pool = || app_pool("MSExchangeServicesAppPool");
    assert!(matches!(read(&both, pool(), None), Err(CounterError::SeveralStates { .. })));
}

#[test]
fn what_is_no_number_is_said_to_be_none() {
    for (value, said) in [("NaN", "is NaN"), ("+Inf", "is inf"), ("-1", "is -1")] {
        let error = read(&format!("a {value}\nb 1\n"), calls(["a", "b"]), None).unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
    }
}

#[test]
fn both_counters_that_are_absent_are_named() {
    let error = read("up 1\n", calls(["a", "b"]), None).unwrap_err();
    assert_eq!(error.to_string(), "http://x/ lacks counters a and b");
    let CounterError::Absent { nearest, .. } = read("up 1\nx 1\nx 2\n", calls(["a", "b"]), None).unwrap_err() else {
        panic!("another error")
    };
    assert!(nearest.to_string().starts_with("nearest of 2 counters there: "), "{nearest}");
}

#[test]
fn a_collector_that_failed_is_named_even_where_it_left_a_series() {
    let failed = "windows_exporter_collector_success{collector=\"iis\"} 0\n";
    for text in [failed.to_owned() + POOLS, failed.to_owned()] {
        let error = read(&text, app_pool("DefaultAppPool"), None).unwrap_err();
        assert_eq!(error.to_string(), "the collector iis of http://x/ failed, says the exporter: its log says why");
    }
}

/// The pools as performance counters, in the label that names instances.
const COUNTED: &str = "windows_performancecounter_app_pool_was_current_application_pool_state";

#[test]
fn pools_are_no_hosts() {
    for label in ["instance", "pool", "exported_instance"] {
        let line = |pool: &str, state: u8| format!("{COUNTED}{{{label}=\"{pool}\"}} {state}\n");
        let text = line("DefaultAppPool", 3) + &line("MSExchangeServicesAppPool", 5);
        let state = |pool, host| read(&text, app_pool(pool), host).map(|reading| reading.newest_complete().values[0]);
        assert_eq!(state("msexchangeservicesapppool", None).unwrap(), Some(5.0));
        assert_eq!(state("MSExchangeServicesAppPool", Some("cas1")).unwrap(), Some(5.0));
    }
    let other = format!("{COUNTED}{{instance=\"DefaultAppPool\"}} 3\n");
    let error = read(&other, app_pool("MSExchangeServicesAppPool"), None).unwrap_err();
    assert!(matches!(&error, CounterError::Absent { nearest, .. } if nearest.other_instances), "{error}");
}

#[test]
fn of_a_metric_that_is_known_what_names_another_pool_is_clear() {
    let own = [Counter { given: Some(COUNTED.to_owned()), ..app_pool("MSExchangeServicesAppPool")[0].clone() }];
    let states = "windows_iis_current_application_pool_state{instance=\"DefaultAppPool\",state=\"Running\"} 1\n";
    let counted = format!("{COUNTED}{{instance=\"DefaultAppPool\"}} 3\n");
    for (text, pool) in [(states, app_pool("MSExchangeServicesAppPool")), (&counted, own)] {
        assert!(matches!(read(text, pool, None), Err(CounterError::Absent { .. })), "{text}");
    }
}

#[test]
fn a_metric_of_the_operator_s_own_may_say_nothing_of_pools() {
    let [pool] = app_pool("MSExchangeServicesAppPool");
    let own = || [Counter { given: Some("my_pool".to_owned()), ..pool.clone() }];
    let text = "my_pool{instance=\"cas1:9182\",job=\"windows\"} 7\n";
    assert_eq!(read(text, own(), None).unwrap().newest_complete().values, [Some(7.0)]);
    assert!(matches!(
        read(text, own(), Some("cas2")),
        Err(CounterError::NoSuchHost { .. } | CounterError::Absent { .. })
    ));
}

#[test]
fn the_pool_of_another_name_is_never_taken() {
    for labels in [
        "app=\"DefaultAppPool\"",
        "pool=\"A\"",
        "name=\"A\"",
        "instance=\"cas1:9182\",app=\"DefaultAppPool\"",
        "exported_instance=\"DefaultAppPool\",instance=\"cas1:9182\"",
        "site=\"MSExchangeServicesAppPool\",app=\"Other\"",
    ] {
        let (metric, pool) = (format!("{COUNTED}{{{labels}}} 3\n"), || app_pool("MSExchangeServicesAppPool"));
        for host in [None, Some("cas1")] {
            let error = read(&metric, pool(), host).unwrap_err();
            assert!(
                matches!(&error, CounterError::Absent { nearest, .. } if nearest.other_instances),
                "{labels}: {error}"
            );
        }
    }
}

/// The labels that a Prometheus which scrapes another one leaves to the pool of cas1, each with what names the pool.
const FEDERATED: [&str; 5] = [
    "app=\"MSExchangeServicesAppPool\",exported_instance=\"cas1:9182\",instance=\"prom:9090\"",
    "app=\"MSExchangeServicesAppPool\",exported_instance=\"cas1\",exported_job=\"windows\",instance=\"prom:9090\"",
    "exported_instance=\"MSExchangeServicesAppPool\",instance=\"cas1:9182\",job=\"windows\"",
    "exported_instance=\"MSExchangeServicesAppPool\",instance=\"cas1\",job=\"windows\"",
    "exported_exported_instance=\"cas1:9182\",exported_instance=\"MSExchangeServicesAppPool\",instance=\"prom:9090\"",
];

#[test]
fn the_host_of_a_pool_is_where_the_first_prometheus_put_it() {
    for labels in FEDERATED {
        let text = format!("{COUNTED}{{{labels}}} 3\n");
        let read = |text: &str, host| read(text, app_pool("MSExchangeServicesAppPool"), host);
        for host in [None, Some("cas1")] {
            let reading = read(&text, host).unwrap();
            assert_eq!(reading.newest_complete().values, [Some(3.0)], "{labels}");
            assert!(reading.host.starts_with("cas1"), "{labels}: {}", reading.host);
        }
        assert!(matches!(read(&text, Some("cas2")), Err(CounterError::NoSuchHost { .. })), "{labels}");
        let both = format!("{text}{}", text.replace("cas1", "cas2").replace("} 3", "} 5"));
        assert!(matches!(read(&both, None), Err(CounterError::SeveralHosts { .. })), "{labels}");
        assert_eq!(read(&both, Some("cas2")).unwrap().newest_complete().values, [Some(5.0)], "{labels}");
    }
}

#[test]
fn a_host_that_another_label_says_is_not_the_one_that_was_asked_for() {
    let pool = |host| {
        read(
            &format!("{COUNTED}{{app=\"MSExchangeServicesAppPool\",host=\"cas2\"}} 3\n"),
            app_pool("MSExchangeServicesAppPool"),
            host,
        )
    };
    assert_eq!(pool(None).unwrap().host, "cas2");
    assert_eq!(pool(Some("cas2.example.com")).unwrap().host, "cas2");
    assert!(matches!(pool(Some("cas1")), Err(CounterError::NoSuchHost { .. })));
    // Unless the operator says what it means.
    let text = "state{server=\"cas1-management\"} 3\nstate{server=\"cas2\"} 3\n";
    let mut chosen = own("state{server=\"cas1-management\"}");
    chosen[0].instance = None;
    assert_eq!(read(text, chosen.clone(), Some("cas1")).unwrap().newest_complete().values, [Some(3.0)]);
    chosen[0].given = Some("state".to_owned());
    assert!(matches!(read(text, chosen, Some("cas1")), Err(CounterError::NoSuchHost { .. })));
}

#[test]
fn a_host_without_a_port_is_not_told_from_a_pool_where_nobody_knows_the_metric() {
    for labels in ["instance=\"cas1\"", "exported_instance=\"cas1\",instance=\"prom:9090\""] {
        let text = format!("my_pool{{{labels}}} 3\n");
        let error = read(&text, own("my_pool"), None).unwrap_err();
        assert!(matches!(error, CounterError::Unclear { .. }), "{labels}: {error}");
        for (given, host) in [("my_pool", Some("cas1")), ("my_pool{instance=\"cas1\",exported_instance=\"\"}", None)] {
            let found = read("my_pool{instance=\"cas1\"} 3\n", own(given), host);
            assert_eq!(found.unwrap().newest_complete().values, [Some(3.0)], "{given}");
        }
    }
}

/// The pool's state by a metric that the operator names.
fn own(given: &str) -> [Counter; 1] {
    let [pool] = app_pool("MSExchangeServicesAppPool");
    [Counter { given: Some(given.to_owned()), ..pool }]
}

#[test]
fn a_label_that_nobody_knows_must_be_chosen_by() {
    let text = "my_pool{env=\"production\",instance=\"cas1:9182\"} 3\n";
    let error = read(text, own("my_pool"), None).unwrap_err();
    assert!(matches!(error, CounterError::Unclear { .. }), "{error}");
    assert!(error.to_string().contains("--counter-name state=NAME{LABEL=\"VALUE\"}"), "{error}");
    assert_eq!(read(text, own("my_pool{env=\"production\"}"), None).unwrap().samples[0].values, [Some(3.0)]);
    let named = "my_pool{core=\"MSExchangeServicesAppPool\"} 3\nmy_pool{core=\"Other\"} 5\n";
    assert_eq!(read(named, own("my_pool"), None).unwrap().samples[0].values, [Some(3.0)]);
    let beside = "my_pool 3\nmy_pool{app=\"Other\"} 5\n";
    assert!(matches!(read(beside, own("my_pool"), None), Err(CounterError::Absent { .. })));
}

#[test]
fn a_state_set_is_one_whoever_named_it() {
    let states = POOLS.lines().skip(1).map(|line| format!("{line}\n")).collect::<String>();
    for given in [
        "windows_iis_current_application_pool_state",
        "windows_iis_current_application_pool_state{app=\"MSExchangeServicesAppPool\"}",
        "windows_iis_current_application_pool_state{app=\"MSExchangeServicesAppPool\",state=\"Shutdown Pending\"}",
    ] {
        assert_eq!(read(&states, own(given), None).unwrap().samples[0].values, [Some(6.0)], "{given}");
    }
    let running = "windows_iis_current_application_pool_state{app=\"MSExchangeServicesAppPool\",state=\"Running\"}";
    assert!(matches!(read(&states, own(running), None), Err(CounterError::NoState { .. })));
}

#[test]
fn counters_of_two_hosts_make_no_rate() {
    let of = |instances: [&str; 2]| {
        let [a, b] =
            instances.map(|host| if host.is_empty() { String::new() } else { format!("{{instance=\"{host}\"}}") });
        format!("a{a} 1000\nb{b} 5\n")
    };
    let read = |instances, host| read(&of(instances), calls(["a", "b"]), host);
    for instances in [["cas1:9182", "cas2:9182"], ["cas1:9182", ""], ["", "cas1:9182"]] {
        assert!(matches!(read(instances, None), Err(CounterError::SeveralHosts { .. })), "{instances:?}");
    }
    assert!(matches!(read(["cas1.a:9182", "cas1.b:9182"], Some("cas1")), Err(CounterError::SeveralHosts { .. })));
    // As a second Prometheus passes them on.
    let federated = |host: &str| {
        format!(
            "a{{exported_instance=\"cas1:1\",instance=\"p:1\"}} 9\nb{{exported_instance=\"{host}:1\",instance=\"p:1\"}} 5\n"
        )
    };
    let of = |host: &str, asked| self::read(&federated(host), calls(["a", "b"]), asked);
    assert!(matches!(of("cas2", None), Err(CounterError::SeveralHosts { .. })));
    assert!(matches!(of("cas1", Some("cas2")), Err(CounterError::NoSuchHost { .. })));
    assert_eq!(of("cas1", Some("cas1")).unwrap().host, "cas1:1");
    // One host is not several, and whoever has chosen is not told to choose.
    let said = |instances, host| read(instances, host).unwrap_err().to_string();
    let one =
        "http://x/ says of some counters that they are of cas1:9182, of others nothing: --hostname cas1:9182 takes";
    assert!(said(["cas1:9182", ""], None).starts_with(one) && said(["", "cas1:9182"], None).starts_with(one));
    let twice =
        "holds the counters of several hosts that may be cas1: choose with --hostname one of cas1:1, cas1.a:1, as";
    assert!(said(["cas1:1", "cas1.a:1"], Some("cas1")).contains(twice));
    let twice_each = "a{instance=\"cas1:1\"} 9\na{instance=\"cas1.a:1\"} 9\na{instance=\"cas2:1\"} 9\nb 5\n";
    assert!(self::read(twice_each, calls(["a", "b"]), Some("cas1")).unwrap_err().to_string().contains(twice));
    assert_eq!(self::read(twice_each, calls(["a", "b"]), Some("cas1:1")).unwrap().host, "cas1:1");
    // Two exporters of one host, and what does not say whose it is.
    assert_eq!(read(["cas1:9182", "cas1:9100"], None).unwrap().host, "cas1:9182");
    assert_eq!(read(["", "cas1:9182"], Some("cas1.example.com")).unwrap().host, "cas1:9182");
}

#[test]
fn the_collector_of_the_host_whose_series_is_taken_decides() {
    let success = |host: &str, value: u8| {
        format!("windows_exporter_collector_success{{collector=\"iis\",instance=\"{host}:1\"}} {value}\n")
    };
    let of_cas1 = POOLS.replace("app=", "instance=\"cas1:1\",app=");
    let read = |text: String| read(&text, app_pool("DefaultAppPool"), None);
    assert!(matches!(
        read(success("cas2", 1) + &success("cas1", 0) + &of_cas1),
        Err(CounterError::CollectorFailed { .. })
    ));
    assert!(matches!(
        read(success("cas1", 1) + &success("cas1", 0) + &of_cas1),
        Err(CounterError::CollectorFailed { .. })
    ));
    assert!(read(success("cas2", 0) + &success("cas1", 1) + &of_cas1).is_ok());
}

#[test]
fn of_a_series_that_does_not_say_its_host_every_collector_of_the_page_decides_or_that_of_the_host_asked_for() {
    let [received, rejected, _] = Role::CallRouter.counters(true).map(|counter| given_or_name(&counter));
    let failed = "windows_exporter_collector_success{collector=\"performancecounter\",instance=\"cas1:9182\"} 0\n";
    let text = format!("{failed}{received} 100\n{rejected} 7\n");
    let read = |host| read(&text, Role::CallRouter.counters(true), host);
    for host in [None, Some("cas1")] {
        assert!(matches!(read(host), Err(CounterError::CollectorFailed { .. })), "{host:?}");
    }
    assert!(read(Some("cas2")).is_ok());
}

#[test]
fn a_counter_that_nobody_requires_may_be_no_number() {
    let [received, rejected, percent] = Role::CallRouter.counters(true).map(|counter| given_or_name(&counter));
    for value in ["NaN", "-1"] {
        let text = format!("{received} 100\n{rejected} 7\n{percent} {value}\n");
        let reading = read(&text, Role::CallRouter.counters(true), None).unwrap();
        assert_eq!(reading.newest_complete().values, [Some(100.0), Some(7.0), None]);
    }
}

#[test]
fn a_time_ahead_or_before_all_times_is_not_now() {
    let age = |times: [&str; 2]| {
        let text = format!("a 1000 {}\nb 5 {}\n", times[0], times[1]);
        let time = read(&text, calls(["a", "b"]), None).unwrap().as_of;
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_700_000_000);
        now.duration_since(time).map_or(-1, |age| age.as_secs() as i64)
    };
    assert_eq!(age(["1700000000000", "1699999900000"]), 100);
    assert_eq!(age(["1800000000000", "1699999900000"]), -1);
    assert_eq!([age(["-5", ""]), age(["9223372036854775807", ""])], [1_700_000_000, -1]);
}
