//! Does every room use only rooms below it, and is no file in a circle with others? Read from the paths that the sources name.

#![allow(clippy::unwrap_used, reason = "a test fails by panic")]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use support::root;

/// The rooms, from the top: each uses only those in lines below its own. Rooms of one line do not know each other.
const ORDER: &[&[&str]] = &[
    &["checks"],
    &["plugin"],
    &["options"],
    &["render"],
    &["sip", "counters", "health", "service", "directory"],
    &["events"],
    &["exporter"],
    &["tls"],
    &["trust"],
    &["container"],
    &["x509"],
    &["exchange"],
    &["net"],
    &["input"],
    &["report"],
    &["time"],
    &["platform"],
];

/// What stands above all rooms.
const ROOFS: &[&str] = &["lib", "door"];

#[test]
fn every_room_has_its_place_in_the_order() {
    let known: BTreeSet<_> = ORDER.iter().flat_map(|line| line.iter().map(ToString::to_string)).collect();
    let there: BTreeSet<_> = sources().iter().map(|source| source.room()).filter(|room| !is_roof(room)).collect();
    assert_eq!(there, known, "the directories of src and the order of tests/rooms.rs differ");
}

#[test]
fn the_map_in_lib_rs_shows_the_same_order() {
    let lib = fs::read_to_string(root().join("src/lib.rs")).unwrap();
    let map = lib.split("//! ```text\n").nth(1).unwrap().split("//! ```").next().unwrap();
    let shown: Vec<Vec<&str>> = map
        .lines()
        .map(|line| {
            let words = line.trim_start_matches("//! ").split_whitespace();
            words.take_while(|word| ORDER.iter().any(|rooms| rooms.contains(word))).collect()
        })
        .collect();
    assert_eq!(shown, ORDER, "src/lib.rs");
}

#[test]
fn no_arrow_goes_up_or_sideways() {
    let level = |room: &str| ORDER.iter().position(|line| line.contains(&room));
    let mut against = Vec::new();
    for source in sources().iter().filter(|source| !is_roof(&source.room())) {
        let from = source.room();
        for arrow in source.arrows() {
            let to = arrow.path[0].as_str();
            if to != from && level(to).is_none_or(|to| Some(to) <= level(&from)) {
                let (file, line, path) = (source.path.display(), arrow.line, arrow.path.join("::"));
                against.push(format!("src/{file}:{line}: crate::{path}: `{from}` uses only rooms below it"));
            }
        }
    }
    assert!(against.is_empty(), "arrows up or sideways:\n{}", against.join("\n"));
}

#[test]
fn an_arrow_is_seen_below_the_tests_too() {
    let text = "a\n#[cfg(test)]\nmod tests {\n    use crate::b;\n}\nuse crate::c;\n#[cfg(test)]\nmod more;\nd\n";
    assert_eq!(without_tests(text), "a\n\n\n\n\nuse crate::c;\n\n\nd\n");
}

#[test]
fn no_circle_between_files() {
    let sources = sources();
    let modules: BTreeMap<_, _> = sources.iter().map(|source| (source.module.clone(), source.path.clone())).collect();
    let mut uses: BTreeMap<PathBuf, BTreeSet<PathBuf>> = BTreeMap::new();
    for source in &sources {
        let targets = source.arrows().into_iter().filter_map(|arrow| file_of(&arrow.path, &modules));
        uses.insert(source.path.clone(), targets.filter(|target| *target != source.path).collect());
    }
    // Whoever uses no file that is left is in no circle, and neither is who uses only such files.
    while let Some(free) = uses.iter().find(|(_, targets)| targets.is_empty()).map(|(file, _)| file.clone()) {
        uses.remove(&free);
        uses.values_mut().for_each(|targets| {
            targets.remove(&free);
        });
    }
    // Nor is who is used by none of the rest.
    while let Some(unused) = uses.keys().find(|file| !uses.values().any(|targets| targets.contains(*file))).cloned() {
        uses.remove(&unused);
    }
    assert!(uses.is_empty(), "files in a circle, and which of each other they use: {uses:#?}");
}

/// One file of the library, without its tests.
struct Source {
    /// Below `src`.
    path: PathBuf,
    /// Its module: of `src/tls/clear/mod.rs`, `tls`, `clear`.
    module: Vec<String>,
    text: String,
}

/// A path that a source names.
struct Arrow {
    line: usize,
    /// From the crate's root.
    path: Vec<String>,
}

impl Source {
    fn read(path: &Path) -> Option<Self> {
        let below = path.strip_prefix(root().join("src")).unwrap().to_owned();
        let name = below.file_stem().unwrap().to_str().unwrap();
        if name.ends_with("tests") {
            return None;
        }
        let mut module: Vec<_> = below.components().map(|part| part.as_os_str().to_str().unwrap().to_owned()).collect();
        module.pop();
        if name != "mod" && below != Path::new("lib.rs") {
            module.push(name.to_owned());
        }
        Some(Self { path: below, module, text: without_tests(&fs::read_to_string(path).unwrap()) })
    }

    fn room(&self) -> String {
        self.module.first().map_or_else(|| "lib".to_owned(), Clone::clone)
    }

    /// The paths of its `use` declarations, and those written out in the code.
    fn arrows(&self) -> Vec<Arrow> {
        let mut arrows = Vec::new();
        let mut rest = self.text.as_str();
        while let Some(start) = ["crate::", "super::", "self::"].iter().filter_map(|prefix| rest.find(prefix)).min() {
            let line = self.text[..self.text.len() - rest.len() + start].lines().count().max(1);
            let (before, path) = rest.split_at(start);
            let is_word = before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == ':');
            let is_comment = before.rsplit('\n').next().unwrap().trim_start().starts_with("//");
            let (tree, length) = tree(path);
            if !is_word && !is_comment {
                arrows.extend(tree.into_iter().filter_map(|path| Some(Arrow { line, path: self.absolute(&path)? })));
            }
            rest = &path[length.max(1)..];
        }
        arrows
    }

    /// A path from the crate's root; `None` for one that does not leave this module.
    fn absolute(&self, path: &[String]) -> Option<Vec<String>> {
        let ups = path.iter().take_while(|part| *part == "super").count();
        let mut absolute = match path[0].as_str() {
            "crate" => Vec::new(),
            "super" => self.module.get(..self.module.len().checked_sub(ups)?)?.to_vec(),
            _ => self.module.clone(),
        };
        absolute.extend(path[ups.max(1)..].iter().filter(|part| *part != "self").cloned());
        (!absolute.is_empty()).then_some(absolute)
    }
}

/// `text` with empty lines in place of its test modules, wherever they stand.
fn without_tests(text: &str) -> String {
    let mut kept = String::new();
    let mut rest = text;
    while let Some(start) = rest.find("#[cfg(test)]\nmod ") {
        kept.push_str(&rest[..start]);
        let module = &rest[start..];
        let head = module["#[cfg(test)]\n".len()..].lines().next().unwrap();
        let end = if head.ends_with(';') { ";\n" } else { "\n}\n" };
        let length = module.find(end).unwrap() + end.len();
        kept.push_str(&"\n".repeat(module[..length].matches('\n').count()));
        rest = &module[length..];
    }
    kept + rest
}

/// The paths of a use tree such as `crate::net::{self, Peer, tcp}`, and its length.
fn tree(text: &str) -> (Vec<Vec<String>>, usize) {
    let mut prefix = Vec::new();
    let mut at = 0;
    loop {
        let name: String = text[at..].chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        at += name.len();
        if !name.is_empty() {
            prefix.push(name);
        }
        if text[at..].starts_with("::{") {
            at += 3;
            let mut paths = Vec::new();
            loop {
                at += text[at..].len() - text[at..].trim_start_matches([' ', '\n', ',']).len();
                if text[at..].starts_with('}') || text[at..].is_empty() {
                    return (paths, (at + 1).min(text.len()));
                }
                let (inner, length) = tree(&text[at..]);
                paths.extend(inner.into_iter().map(|path| [prefix.clone(), path].concat()));
                // What stands behind a name: `as other`, or nothing that matters here.
                at += length + text[at + length..].find([',', '}']).unwrap_or(0);
            }
        }
        if !text[at..].starts_with("::") {
            return (vec![prefix], at);
        }
        at += 2;
    }
}

/// The file of the longest module that `path` begins with.
fn file_of(path: &[String], modules: &BTreeMap<Vec<String>, PathBuf>) -> Option<PathBuf> {
    (1..=path.len()).rev().find_map(|length| modules.get(&path[..length]).cloned())
}

fn is_roof(room: &str) -> bool {
    ROOFS.contains(&room)
}

fn sources() -> Vec<Source> {
    let mut files = Vec::new();
    let mut left = vec![root().join("src")];
    while let Some(directory) = left.pop() {
        for path in fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path()) {
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("rs") => files.push(path),
                _ if path.is_dir() => left.push(path),
                _ => {}
            }
        }
    }
    files.sort();
    let sources: Vec<_> = files.iter().filter_map(|path| Source::read(path)).collect();
    assert!(sources.len() > 100, "where are the sources?");
    sources
}
