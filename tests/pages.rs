//! Can what a page says be typed? README.md and every page of integrations/, without running a command.
//!
//! `.ci/stock` runs them, on stock installations; that takes a quarter of an hour and root.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panic")]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use check_um::checks::ALL;
use support::root;

#[test]
fn what_is_elsewhere_or_no_command_is_not_run() {
    let scratch = tempfile::tempdir().unwrap();
    let page = scratch.path().join("README.md");
    let text =
        "```sh\nfirst\n```\n```sh elsewhere\nno\n```\n1. In a list:\n\n   ```sh\n   cat <<'END'\n     kept\n   END\n";
    let text = format!("{text}   ```\n```\nno\n```\n```ini\nno\n```\n```sh\nlast\n```\n");
    fs::write(&page, text).unwrap();
    assert_eq!(commands(&page), "first\ncat <<'END'\n  kept\nEND\nlast\n");
}

#[test]
fn every_page_s_commands_parse() {
    for page in pages() {
        let commands = commands(&page);
        let mut bash = Command::new("bash").arg("-n").stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        bash.stdin.take().unwrap().write_all(commands.as_bytes()).unwrap();
        let said = bash.wait_with_output().unwrap();
        // Of a here-document without its end bash only warns.
        let complaints = String::from_utf8_lossy(&said.stderr).into_owned();
        assert!(said.status.success() && complaints.is_empty(), "{}: {complaints}", page.display());
    }
}

#[test]
fn every_page_s_files_and_plugins_are_there() {
    let mut found = 0;
    for page in pages() {
        let text = fs::read_to_string(&page).unwrap();
        for installed in words_that_begin(&text, "/usr/share/check-um/") {
            let place = root().join("integrations").join(installed.trim_start_matches("/usr/share/check-um/"));
            assert!(is_there(&place), "{}: the package has no {installed}", page.display());
            found += 1;
        }
        for plugin in words_that_begin(&text, "/usr/lib/nagios/plugins/check_um_") {
            let name = plugin.rsplit('/').next().unwrap();
            let is_known = name == "check_um_*" || ALL.iter().any(|entry| entry.about.name == name);
            assert!(is_known, "{}: there is no plugin {name}", page.display());
            found += 1;
        }
        for link in text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap()) {
            let (path, heading) = link.split_once('#').unwrap_or((link, ""));
            if path.contains(':') {
                continue;
            }
            let target = page.parent().unwrap().join(path);
            assert!(path.is_empty() || target.exists(), "{}: there is no {path}", page.display());
            let target = if path.is_empty() { page.clone() } else { target };
            let target = if target.is_dir() { target.join("README.md") } else { target };
            if !heading.is_empty() {
                let headings = headings(&fs::read_to_string(&target).unwrap());
                assert!(headings.contains(heading), "{}: {link}: no such heading of {headings:?}", page.display());
            }
            found += 1;
        }
    }
    assert!(found > 60, "only {found}: where are the pages' files?");
}

#[test]
fn every_scheduler_has_its_page_and_its_row() {
    let table = fs::read_to_string(root().join("integrations/README.md")).unwrap();
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for page in pages().iter().filter(|page| page.parent().unwrap().parent().unwrap().ends_with("integrations")) {
        let name = page.parent().unwrap().file_name().unwrap().to_str().unwrap();
        assert!(table.contains(&format!("]({name}/)")), "integrations/README.md: no row of {name}");
        assert!(readme.contains(&format!("](integrations/{name}/)")), "README.md: no row of {name}");
    }
}

/// Whoever adds a picture keeps it small: a page is opened on the telephone that rang.
#[test]
fn every_picture_is_small_and_shown_by_its_page() {
    let mut pictures = 0;
    for page in pages() {
        for entry in fs::read_dir(page.parent().unwrap()).unwrap().map(|entry| entry.unwrap()) {
            let path = entry.path();
            if path.extension().is_none_or(|extension| extension != "png") {
                continue;
            }
            let name = path.file_name().unwrap().to_str().unwrap();
            let bytes = entry.metadata().unwrap().len();
            assert!(bytes < MAX_PICTURE, "{}: {bytes} bytes, at most {MAX_PICTURE}", path.display());
            assert!(fs::read(&path).unwrap().starts_with(b"\x89PNG"), "{}: no PNG", path.display());
            assert!(fs::read_to_string(&page).unwrap().contains(&format!("]({name})")), "{name} is on no page");
            pictures += 1;
        }
    }
    assert!(pictures > 0, "where are the pictures?");
}

#[test]
fn the_script_runs_each_page_that_says_so() {
    let script = fs::read_to_string(root().join(".ci/stock")).unwrap();
    let pages_line = script.lines().find(|line| line.starts_with("pages=(")).unwrap();
    let run: BTreeSet<_> = pages_line["pages=(".len()..].trim_end_matches(')').split(' ').collect();
    for name in &run {
        let page = root().join("integrations").join(name).join("README.md");
        let says = fs::read_to_string(&page).unwrap();
        assert!(says.contains(&format!("`.ci/stock {name}`")), "{}: does not say who runs it", page.display());
        let commands = commands(&page);
        assert!(commands.contains("check-um_*_amd64.deb"), "{}: does not install the package", page.display());
        assert!(script.contains(&format!("\n{name}_sees() {{")), ".ci/stock: what is seen of {name}?");
    }
    for page in pages() {
        for said in fs::read_to_string(&page).unwrap().split("`.ci/stock ").skip(1) {
            let name = said.split('`').next().unwrap().trim_start_matches("--pictures ");
            assert!(run.contains(name), "{}: .ci/stock has no page {name}", page.display());
        }
    }
}

/// README.md, and that of `integrations/` and of each directory below it.
fn pages() -> Vec<PathBuf> {
    let integrations = root().join("integrations");
    let below = fs::read_dir(&integrations).unwrap().map(|entry| entry.unwrap().path());
    let mut pages: Vec<_> = below.map(|path| path.join("README.md")).filter(|path| path.exists()).collect();
    pages.sort();
    pages.splice(..0, [root().join("README.md"), integrations.join("README.md")]);
    assert!(pages.len() > 7, "where are the pages?");
    pages
}

/// What `.ci/stock` would run of a page.
fn commands(page: &Path) -> String {
    let said = Command::new(root().join(".ci/stock")).arg("commands").arg(page).output().unwrap();
    assert!(said.status.success(), "{}: {said:?}", page.display());
    String::from_utf8(said.stdout).unwrap()
}

/// The paths of a text that begin so.
fn words_that_begin<'a>(text: &'a str, begin: &'a str) -> impl Iterator<Item = &'a str> {
    let belongs = |c: char| c.is_ascii_alphanumeric() || "/._-@*".contains(c);
    text.match_indices(begin).map(move |(at, _)| {
        let rest = &text[at..];
        rest[..rest.find(|c| !belongs(c)).unwrap_or(rest.len())].trim_end_matches(['.', '/'])
    })
}

/// Whether there is such a file; a `*` at the end stands for anything.
fn is_there(path: &Path) -> bool {
    let name = path.file_name().unwrap().to_str().unwrap();
    let Some(begin) = name.strip_suffix('*') else { return path.exists() };
    let all = fs::read_dir(path.parent().unwrap()).into_iter().flatten().map(|entry| entry.unwrap().file_name());
    all.into_iter().any(|entry| entry.to_str().unwrap().starts_with(begin))
}

/// The anchors of a page's headings, as GitHub makes them.
fn headings(text: &str) -> BTreeSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let anchor = |line: &str| {
        let words = line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        words.chars().filter(|c| c.is_alphanumeric() || "-_".contains(*c)).collect()
    };
    headings.map(anchor).collect()
}

/// Bytes of a picture.
const MAX_PICTURE: u64 = 60_000;
