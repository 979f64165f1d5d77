//! Are the man pages those of the plugins as they are? Compared with what is generated, linted.
//!
//! `cargo run -p check-um-generate` writes them anew.

#![allow(clippy::unwrap_used, reason = "a test fails by panic")]

mod support;

use std::path::Path;
use std::process::Command;

use check_um::checks;
use check_um_generate::man;

#[test]
fn every_page_is_that_of_its_plugin() {
    let pages = man::files().unwrap();
    assert_eq!(pages.len(), checks::ALL.len());
    for page in pages {
        assert!(page.is_up_to_date(), "{} is out of date: cargo run -p check-um-generate", page.path);
    }
}

#[test]
fn mandoc_finds_nothing_to_complain_about() {
    for entry in checks::ALL {
        let page = Path::new(env!("CARGO_MANIFEST_DIR")).join(man::path(entry.about.name));
        let Ok(lint) = Command::new("mandoc").args(["-T", "lint", "-W", "warning"]).arg(page).output() else {
            support::skipped("mandoc is not installed");
            return;
        };
        assert!(lint.status.success(), "{}", String::from_utf8_lossy(&lint.stdout));
    }
}
