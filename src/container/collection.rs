//! Which certificate files are meant, and what is in each? Names and patterns, read one after the other.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use super::MAX_FILE;
use super::bundle::{self, BundleError};
use crate::input::file;
use crate::report::{Class, Failure, label_of};
use crate::time::stage;
use crate::x509::Chain;

/// What is judged by itself among others: a file, a certificate of a store.
#[derive(Clone, Debug)]
pub struct Item {
    /// How people know it: a file by its path.
    pub name: String,
    /// What tells its metrics from those of the others.
    pub label: String,
    /// Its certificates, or why there are none.
    pub chain: Result<Chain, Failure>,
    /// What of it cannot be read beside them.
    pub unread: Option<Failure>,
}

impl Item {
    /// The failure stands for the chain only if there is none.
    pub(crate) const fn new(name: String, label: String, chain: Result<Chain, Failure>) -> Self {
        Self { name, label, chain, unread: None }
    }
}

/// Reads what each of `patterns` names: a file, or all files that it matches.
pub(crate) fn read(patterns: &[String], passphrase: Option<&str>) -> Vec<Item> {
    let mut files: Vec<Item> = Vec::new();
    for pattern in patterns {
        match matching(pattern) {
            Ok(paths) => {
                for path in paths {
                    let label = label(&file_name(&path), &files);
                    let (chain, unread) = open(&path, passphrase)
                        .map_or_else(|failure| (Err(failure), None), |(chain, unread)| (Ok(chain), unread));
                    files.push(Item { unread, ..Item::new(path.display().to_string(), label, chain) });
                }
            }
            Err(failure) => {
                let label = label(&file_name(Path::new(pattern)), &files);
                files.push(Item::new(pattern.clone(), label, Err(failure)));
            }
        }
    }
    files
}

/// A name as part of a metric's; with a number behind it where another item has the same.
pub(crate) fn label(name: &str, before: &[Item]) -> String {
    let folded = label_of(name);
    let is_taken = |label: &str| before.iter().any(|file| file.label == label);
    if !is_taken(&folded) {
        return folded;
    }
    let mut numbered = (2..).map(|number| format!("{folded}_{number}"));
    numbered.find(|label| !is_taken(label)).unwrap_or(folded)
}

fn matching(pattern: &str) -> Result<Vec<PathBuf>, Failure> {
    let path = PathBuf::from(pattern);
    // A file whose own name has brackets in it is meant as it stands.
    if !pattern.contains(['*', '?', '[']) || path.exists() {
        return Ok(vec![path]);
    }
    let _stage = stage::enter(format!("looking for files that match {pattern}"));
    let unreadable = |what: String| Failure::new(Class::Unreadable, format!("{pattern}: {what}"));
    let matches =
        glob::glob(pattern).map_err(|error| unreadable(format!("expected a file name pattern, {}", error.msg)))?;
    let paths = matches.filter_map(Result::ok).filter(|path| !path.is_dir());
    let paths: Vec<_> = paths.take(MAX_FILES + 1).collect();
    match paths.len() {
        0 => Err(unreadable("no file matches".to_owned())),
        1..=MAX_FILES => Ok(paths),
        _ => Err(unreadable(format!("more than {MAX_FILES} files match"))),
    }
}

/// The certificates of a file, and what of it cannot be read.
fn open(path: &Path, passphrase: Option<&str>) -> Result<(Chain, Option<Failure>), Failure> {
    let _stage = stage::enter(format!("reading {}", path.display()));
    let content = file::read(path, MAX_FILE)?;
    let unreadable = |error: String| Failure::new(Class::Unreadable, format!("{}: {error}", path.display()));
    let bundle = bundle::read(&content, passphrase).map_err(|error| unreadable(error.to_string()))?;
    let unread = bundle.unread().map(unreadable);
    let chain = bundle.chain().ok_or_else(|| unreadable(BundleError::NoCertificate.to_string()))?;
    Ok((chain, unread))
}

fn file_name(path: &Path) -> Cow<'_, str> {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy()
}

/// The most files that one check reads.
const MAX_FILES: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture(name: &str) -> String {
        format!("{}/tests/fixtures/x509/{name}", env!("CARGO_MANIFEST_DIR"))
    }

    #[test]
    fn a_pattern_names_all_files_that_it_matches() {
        let files = read(&[fixture("*.p1?"), fixture("client.pem")], Some("open sesame"));
        let labels: Vec<_> = files.iter().map(|file| file.label.as_str()).collect();
        assert_eq!(labels, ["legacy_p12", "modern_p12", "client_pem"]);
        assert!(files.iter().all(|file| file.chain.is_ok()));
    }

    #[test]
    fn unreadable_when_nothing_matches_or_the_file_is_none() {
        for pattern in ["*.nothing", "missing.pem", "", "client-key.pem", "[.pem"] {
            let failure = read(&[fixture(pattern)], None).remove(0).chain.unwrap_err();
            assert_eq!(failure.class, Class::Unreadable, "{pattern}");
        }
    }

    #[test]
    fn the_same_name_twice_has_two_labels() {
        let files = read(&[fixture("client.pem"), fixture("client.pem")], None);
        assert_eq!((files[0].label.as_str(), files[1].label.as_str()), ("client_pem", "client_pem_2"));
    }
}
