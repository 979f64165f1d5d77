//! Which certificate files are meant, and what is in each? Names and patterns, read one after the other.

use std::collections::{HashMap, HashSet};
use std::ffi::OsStr;
use std::io;
use std::path::{Component, Components, Path, PathBuf};

use glob::{Pattern, PatternError};

use super::MAX_FILE;
use super::bundle::{self, BundleError};
use crate::input::file::{self, FileError};
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

/// What each of `patterns` names, a file or all files that it matches, each read when its turn comes.
pub(crate) fn read<'a>(
    patterns: &[String],
    passphrase: Option<&'a str>,
) -> impl ExactSizeIterator<Item = Item> + use<'a> {
    let paths: Vec<_> = patterns.iter().flat_map(|pattern| matching(pattern)).collect();
    let mut labels = Labels::default();
    let names = distinct_names(&paths.iter().map(|(path, _)| path.as_path()).collect::<Vec<_>>());
    let named = names.iter().zip(paths).map(|(name, (path, failure))| (labels.next(name), path, failure));
    let named: Vec<_> = named.collect();
    named.into_iter().map(move |(label, path, failure)| {
        let read = failure.map_or_else(|| open(&path, passphrase), Err);
        let (chain, unread) = read.map_or_else(|failure| (Err(failure), None), |(chain, unread)| (Ok(chain), unread));
        Item { unread, ..Item::new(path.display().to_string(), label, chain) }
    })
}

/// What names the metrics of one item among others.
#[derive(Debug, Default)]
pub(crate) struct Labels(HashSet<String>);

impl Labels {
    /// A name as part of a metric's; with a number behind it where another item has the same.
    pub(crate) fn next(&mut self, name: &str) -> String {
        let folded = label_of(name);
        let numbered = (2..).map(|number| format!("{folded}_{number}"));
        let label = std::iter::once(folded.clone()).chain(numbered).find(|label| !self.0.contains(label));
        let label = label.unwrap_or(folded);
        self.0.insert(label.clone());
        label
    }
}

/// The paths that `pattern` means, and what stands where one may not be looked at: a file that nobody sees is one that nobody
/// judges.
fn matching(pattern: &str) -> Vec<(PathBuf, Option<Failure>)> {
    let path = PathBuf::from(pattern);
    // A file whose own name has brackets in it is meant as it stands.
    if !is_pattern(path.as_os_str()) || path.exists() {
        return vec![(path, None)];
    }
    let _stage = stage::enter_file(format!("looking for files that match {pattern}"));
    let unreadable =
        |what: String| vec![(path.clone(), Some(Failure::new(Class::Unreadable, format!("{pattern}: {what}"))))];
    let mut found = Vec::new();
    if let Err(error) = expand(PathBuf::new(), path.components(), &mut found) {
        return unreadable(format!("expected a file name pattern, {}", error.msg));
    }
    match found.len() {
        0 => unreadable("no file matches".to_owned()),
        1..=MAX_FILES => found,
        _ => unreadable(format!("more than {MAX_FILES} files match")),
    }
}

/// Follows a pattern part by part: asked for all of it at once, `glob` passes in silence over a file that is in a directory
/// without rights.
fn expand(
    base: PathBuf,
    mut parts: Components<'_>,
    found: &mut Vec<(PathBuf, Option<Failure>)>,
) -> Result<(), PatternError> {
    let Some(part) = parts.next() else {
        if !base.is_dir() {
            found.push((base, None));
        }
        return Ok(());
    };
    let deeper = base.join(part);
    if !matches!(part, Component::Normal(_)) {
        return expand(deeper, parts, found);
    }
    if !is_pattern(part.as_os_str()) {
        return match deeper.symlink_metadata() {
            Ok(_) => expand(deeper, parts, found),
            Err(source) => {
                found.extend(failure(deeper, source));
                Ok(())
            }
        };
    }
    let within = Pattern::escape(&base.to_string_lossy());
    for path in glob::glob(&Path::new(&within).join(part).to_string_lossy())? {
        if found.len() > MAX_FILES {
            break;
        }
        match path {
            Ok(path) => expand(path, parts.clone(), found)?,
            Err(error) => found.extend(failure(error.path().to_owned(), error.into())),
        }
    }
    Ok(())
}

fn is_pattern(name: &OsStr) -> bool {
    name.to_string_lossy().contains(['*', '?', '['])
}

/// Why `path` may be there all the same; `None` if it is not.
fn failure(path: PathBuf, source: io::Error) -> Option<(PathBuf, Option<Failure>)> {
    let is_absent = matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory);
    let error = FileError::Io { path: path.clone(), source };
    (!is_absent).then(|| (path, Some(error.into())))
}

/// The certificates of a file, and what of it cannot be read.
fn open(path: &Path, passphrase: Option<&str>) -> Result<(Chain, Option<Failure>), Failure> {
    let _stage = stage::enter_file(format!("reading {}", path.display()));
    let content = file::read(path, MAX_FILE)?;
    let unreadable = |error: String| Failure::new(Class::Unreadable, format!("{}: {error}", path.display()));
    let bundle = bundle::read(&content, passphrase).map_err(|error| unreadable(error.to_string()))?;
    let unread = bundle.unread().map(unreadable);
    let chain = bundle.chain().ok_or_else(|| unreadable(BundleError::NoCertificate.to_string()))?;
    Ok((chain, unread))
}

/// The end of each path: its file name, and of those that share one as many directories before it as tell them apart. A
/// number would be another file's as soon as one comes or goes.
fn distinct_names(paths: &[&Path]) -> Vec<String> {
    let folded = |path: &Path, depth| {
        let parts: Vec<_> = path.components().rev().take(depth).collect();
        parts.into_iter().rev().map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("_")
    };
    let mut depths = vec![1; paths.len()];
    for depth in 1..MAX_DEPTH {
        let mut places: HashMap<String, Vec<usize>> = HashMap::new();
        for (place, path) in paths.iter().enumerate().filter(|(place, _)| depths[*place] == depth) {
            places.entry(label_of(&folded(path, depth))).or_default().push(place);
        }
        for places in places.into_values() {
            if places.iter().any(|&place| paths[place] != paths[places[0]]) {
                places.into_iter().for_each(|place| depths[place] = depth + 1);
            }
        }
    }
    paths.iter().zip(depths).map(|(path, depth)| folded(path, depth)).collect()
}

/// The most files that one check reads.
const MAX_FILES: usize = 1_000;

/// How many directories at most are named to tell one file from another.
const MAX_DEPTH: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn fixture(name: &str) -> String {
        format!("{}/tests/fixtures/x509/{name}", env!("CARGO_MANIFEST_DIR"))
    }

    #[test]
    fn a_pattern_names_all_files_that_it_matches() {
        let files: Vec<_> = read(&[fixture("*.p1?"), fixture("client.pem")], Some("open sesame")).collect();
        let labels: Vec<_> = files.iter().map(|file| file.label.as_str()).collect();
        assert_eq!(labels, ["legacy_p12", "modern_p12", "client_pem"]);
        assert!(files.iter().all(|file| file.chain.is_ok()));
    }

    #[test]
    fn unreadable_when_nothing_matches_or_the_file_is_none() {
        for pattern in ["*.nothing", "missing.pem", "", "client-key.pem", "[.pem"] {
            let failure = read(&[fixture(pattern)], None).next().unwrap().chain.unwrap_err();
            assert_eq!(failure.class, Class::Unreadable, "{pattern}");
        }
    }

    #[test]
    fn the_same_name_twice_has_two_labels() {
        let labels: Vec<_> =
            read(&[fixture("client.pem"), fixture("client.pem")], None).map(|file| file.label).collect();
        assert_eq!(labels, ["client_pem", "client_pem_2"]);
    }

    #[test]
    fn files_of_one_name_are_told_apart_by_their_directories() {
        let labels = |paths: &[&str]| {
            let paths: Vec<_> = paths.iter().map(ToString::to_string).collect();
            read(&paths, None).map(|file| file.label).collect::<Vec<_>>()
        };
        let [a, b, c] = ["live/a.example/cert.pem", "live/b.example/cert.pem", "old/a.example/cert.pem"];
        assert_eq!(labels(&[a, b, "x.pem"]), ["a_example_cert_pem", "b_example_cert_pem", "x_pem"]);
        // Whoever is there beside them, and in whatever order.
        assert_eq!(labels(&["cert.pem", b, a]), ["cert_pem", "b_example_cert_pem", "a_example_cert_pem"]);
        assert_eq!(labels(&[a, b, c]), ["live_a_example_cert_pem", "b_example_cert_pem", "old_a_example_cert_pem"]);
        // What is no letter and no digit tells nothing apart.
        assert_eq!(labels(&["a-b.pem", "a_b.pem"]), ["a_b_pem", "a_b_pem_2"]);
    }

    #[test]
    fn a_pattern_may_be_in_any_part_of_a_path() {
        let made = tempfile::tempdir().unwrap();
        for directory in ["a [1]", "b", "c"] {
            std::fs::create_dir_all(made.path().join(directory).join("tls")).unwrap();
            std::fs::write(made.path().join(directory).join("tls/cert.pem"), "").unwrap();
        }
        let names = |pattern: &str| {
            let pattern = format!("{}/{pattern}", made.path().display());
            let found = matching(&pattern).into_iter().filter(|(_, failure)| failure.is_none());
            let named =
                |path: PathBuf| path.strip_prefix(made.path()).unwrap().display().to_string().replace('\\', "/");
            found.map(|(path, _)| named(path)).collect::<Vec<_>>()
        };
        let all = ["a [1]/tls/cert.pem", "b/tls/cert.pem", "c/tls/cert.pem"];
        for pattern in ["*/tls/cert.pem", "*/tls/*.pem", "*/t??/cert.pem", "**/cert.pem"] {
            assert_eq!(names(pattern), all, "{pattern}");
        }
        assert_eq!(names("a*/tls/*"), all[..1]);
        assert_eq!(names("*/nothing/*.pem"), [""; 0]);
    }

    #[test]
    fn a_name_with_brackets_is_a_file_where_there_is_one_and_a_plain_name_is_always_one() {
        let directory = tempfile::tempdir().unwrap();
        let place = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
        std::fs::write(place("a[1].pem"), "").unwrap();
        for name in ["a[1].pem", "absent.pem"] {
            assert_eq!(matching(&place(name)), [(PathBuf::from(place(name)), None)]);
        }
        let failure = |name: &str| matching(&place(name)).remove(0).1.unwrap();
        assert_eq!(failure("b[1].pem").summary, format!("{}: no file matches", place("b[1].pem")));
        assert_eq!(failure("*.crt").class, Class::Unreadable);
    }

    #[test]
    fn what_may_be_there_all_the_same_is_a_failure_and_what_is_not_there_is_none() {
        let failure = |kind: io::ErrorKind| failure("x.pem".into(), kind.into());
        assert_eq!([failure(io::ErrorKind::NotFound), failure(io::ErrorKind::NotADirectory)], [None, None]);
        let (path, denied) = failure(io::ErrorKind::PermissionDenied).unwrap();
        assert_eq!((path, denied.map(|failure| failure.class)), (PathBuf::from("x.pem"), Some(Class::Permission)));
    }

    #[test]
    fn more_files_than_are_read_are_refused_and_none_of_them_is_passed_over() {
        let directory = tempfile::tempdir().unwrap();
        let pattern = directory.path().join("*.pem").to_str().unwrap().to_owned();
        let touch = |number: usize| std::fs::write(directory.path().join(format!("{number}.pem")), "").unwrap();
        (0..MAX_FILES).for_each(touch);
        assert_eq!(matching(&pattern).len(), MAX_FILES);
        touch(MAX_FILES);
        let refused = matching(&pattern).remove(0).1.unwrap();
        assert_eq!(refused.summary, format!("{pattern}: more than {MAX_FILES} files match"));
    }

    #[test]
    fn what_of_a_file_cannot_be_read_is_said_beside_its_certificates() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("both.pem");
        let content = ["client.pem", "leaf-rsa-2048.der"].map(|name| std::fs::read(fixture(name)).unwrap()).concat();
        std::fs::write(&path, content).unwrap();
        let files = [fixture("client.pem"), path.to_str().unwrap().to_owned()];
        let unread = read(&files, None).map(|file| file.unread.map(|failure| failure.class)).collect::<Vec<_>>();
        assert_eq!(unread, [None, Some(Class::Unreadable)]);
    }
}
