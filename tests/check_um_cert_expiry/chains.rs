//! Does it say of a chain what OpenSSL says? A table of chains that OpenSSL makes and judges, and every difference explained.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use serde_json::Value;

use crate::support::{root, skipped};
use crate::{Made, run};

/// One chain of the table.
#[derive(Clone, Copy, Debug, Default)]
struct Row<'a> {
    name: &'a str,
    commands: &'a str,
    /// `ok`, or the number of OpenSSL's error.
    openssl: &'a str,
    /// `ok`, or the classes of our findings.
    ours: &'a str,
    /// Words of the man page on why one of the two is content and the other is not.
    because: Option<&'a str>,
    options: &'a str,
}

#[test]
fn a_chain_is_worth_what_openssl_says_or_the_man_page_says_why_not() {
    if ["openssl", "faketime"].iter().any(|program| Command::new(program).arg("--version").output().is_err()) {
        return skipped("openssl or faketime is not installed");
    }
    let rows = rows();
    assert!(rows.len() >= 60, "{}", rows.len());
    let keys = tempfile::tempdir().unwrap();
    let next = AtomicUsize::new(0);
    let failed = thread::scope(|scope| {
        let works = [(); 4].map(|()| {
            scope.spawn(|| {
                let mine = std::iter::from_fn(|| rows.get(next.fetch_add(1, Ordering::SeqCst)));
                mine.filter_map(|row| row.fault(keys.path()).map(|fault| format!("{}: {fault}", row.name))).collect()
            })
        });
        works.into_iter().flat_map(|work| -> Vec<String> { work.join().unwrap() }).collect::<Vec<_>>()
    });
    assert!(failed.is_empty(), "{} of {} chains:\n{}", failed.len(), rows.len(), failed.join("\n"));
}

#[test]
fn every_difference_from_openssl_is_in_the_man_page() {
    let page = fs::read_to_string(root().join("man/sections/check_um_cert_expiry.roff")).unwrap();
    let page = page.split(".SH DIFFERENCES FROM OPENSSL").nth(1).unwrap().split("\n.SH").next().unwrap();
    let words: Vec<_> = page.split_whitespace().collect();
    let page = words.join(" ").replace("\\-", "-");
    for row in rows() {
        assert_eq!(row.because.is_some(), (row.openssl == "ok") != (row.ours == "ok"), "{row:?}");
        assert!(row.because.is_none_or(|words| page.contains(words)), "the man page does not say: {row:?}");
    }
}

impl Row<'_> {
    /// What OpenSSL or we say otherwise than the table does.
    fn fault(&self, keys: &Path) -> Option<String> {
        let made = Made { directory: tempfile::tempdir_in(keys).unwrap() };
        let script = root().join("tests/check_um_cert_expiry/chain.sh");
        // Unsuccessful where there is no verdict.
        let _ = Command::new("bash").arg(script).arg(made.directory.path()).arg(self.commands).output().unwrap();
        let said = fs::read_to_string(made.file("verdict")).unwrap_or_default();
        let openssl = said.split_whitespace().next().unwrap_or("no chain");
        if openssl != self.openssl {
            return Some(format!("OpenSSL says {said:?}, expected {}", self.openssl));
        }
        let name = fs::read_to_string(made.file("host")).unwrap();
        let (chain, anchors) = (made.path("chain.pem"), made.path("root.pem"));
        let mut arguments = vec!["--file", &chain, "--ca-file", &anchors, "--tls-name", &name, "--output", "json"];
        arguments.extend(self.options.split_whitespace());
        let report: Value = serde_json::from_str(&run(&arguments).stdout).unwrap();
        let findings = report["findings"].as_array().unwrap().iter().filter(|finding| finding["state"] != "OK");
        let classes: Vec<_> = findings.map(|finding| finding["class"].as_str().unwrap_or("threshold")).collect();
        let ours = if classes.is_empty() { "ok".to_owned() } else { classes.join(" ") };
        (ours != self.ours).then(|| format!("we say {ours}, expected {}: {}", self.ours, report["summary"]))
    }
}

fn rows() -> Vec<Row<'static>> {
    let blocks = include_str!("chains.txt").split("\n\n").skip(1);
    blocks.map(row).collect()
}

fn row(block: &'static str) -> Row<'static> {
    let mut lines = block.lines();
    let (name, commands) = (lines.next().unwrap(), lines.next().unwrap().trim());
    let mut row = Row { name, commands, ..Row::default() };
    for line in lines {
        let (key, value) = line.trim().split_once(": ").unwrap();
        match key {
            "openssl" => row.openssl = value,
            "ours" => row.ours = value,
            "because" => row.because = Some(value),
            "with" => row.options = value,
            _ => panic!("{line}"),
        }
    }
    row
}
