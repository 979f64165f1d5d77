//! Would System Center Operations Manager take our management packs, and do they say what the plugins say?
//!
//! Its own tools need Windows and a management group, so that the packs are judged here by what is publicly known of
//! them. The judge itself is judged: it must find every kind of defect in packs that were broken on purpose.

#![allow(clippy::unwrap_used, reason = "a test fails by panic")]
#![allow(dead_code, reason = "of plugins and peers only a share is used here")]

mod bags;
mod broken;
#[path = "../../examples/call_router/counters.rs"]
mod counters;
#[path = "../../examples/call_router/directory.rs"]
mod directory;
mod expression;
mod model;
#[path = "../support/plugins.rs"]
mod plugins;
#[path = "../../examples/call_router/router.rs"]
mod router;
mod rules;
mod schema;
mod sealed;
#[path = "../support/mod.rs"]
mod support;
mod xml;

use bags::REAL;

/// The pack for agents on Windows.
const WINDOWS: &str = "CheckUm.CallRouter.xml";
/// The pack for agents on Linux.
const LINUX: &str = "CheckUm.CallRouter.Linux.xml";

#[test]
fn nothing_is_wrong_with_the_pack_for_windows() {
    assert_sound(WINDOWS);
}

#[test]
fn nothing_is_wrong_with_the_pack_for_linux() {
    assert_sound(LINUX);
}

#[test]
fn a_pack_is_named_as_its_file() {
    for name in [WINDOWS, LINUX] {
        // Operations Manager refuses an unsealed pack whose file is not called as its id.
        let pack = model::Pack::parse(&pack(name)).unwrap();
        assert_eq!(format!("{}.xml", pack.id()), name);
    }
}

#[test]
fn every_check_has_a_monitor_and_a_task_and_the_readme_names_it() {
    let document = model::Pack::parse(&pack(WINDOWS)).unwrap();
    let (monitors, tasks) = (document.of_kind("UnitMonitor"), document.of_kind("Task"));
    assert_eq!((monitors.len(), tasks.len()), (CHECKS, CHECKS));
    let readme = pack("README.md");
    for string in document.of_kind("DisplayString") {
        let is_monitor = monitors.iter().any(|monitor| monitor.id() == string.attribute("ElementID"));
        if is_monitor && string.attribute("SubElementID").is_empty() {
            let title = string.text_at(&["Name"]);
            assert!(readme.contains(&format!("| {title} |")), "integrations/scom/README.md: no row of {title}");
        }
    }
    for plugin in support::plugins() {
        let is_run = monitors.iter().any(|monitor| rules::of_workflow(&document, monitor)[0].plugin == plugin);
        assert!(is_run, "no monitor runs {plugin}");
    }
}

/// The checks of the health set.
const CHECKS: usize = 10;

#[track_caller]
fn assert_sound(name: &str) {
    let problems = rules::problems(&pack(name), &REAL);
    assert!(problems.is_empty(), "{name}: {} problems:\n{}", problems.len(), problems.join("\n"));
}

/// A file of the integration.
fn pack(name: &str) -> String {
    let path = support::root().join("integrations/scom").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
