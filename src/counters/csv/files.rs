//! Which files does `csv:PATH` mean? One, or those of a directory or a pattern, the newest first.

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// A file, and when it was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LogFile {
    pub written: SystemTime,
    pub path: PathBuf,
}

/// The files to read, the one that was written last first. A path that exists is no pattern, whatever is in its name.
pub(super) fn newest_first(path: &Path) -> io::Result<Vec<LogFile>> {
    let pattern = path.to_string_lossy();
    if path.is_dir() {
        let entries = fs::read_dir(path)?.take(MAX_LISTED).flatten().map(|entry| entry.path());
        return newest(
            entries.filter(|path| is_log(path)),
            "is a directory without a log: expected files *.csv or *.tsv",
        );
    }
    if path.exists() || !pattern.contains(['*', '?', '[']) {
        // There is no other beside which its time would matter.
        return Ok(vec![LogFile { written: UNIX_EPOCH, path: path.to_owned() }]);
    }
    let matching = glob::glob(&pattern).map_err(|error| {
        let text = format!("it is no pattern ({}): expected one such as um_*.csv", error.msg);
        io::Error::new(ErrorKind::InvalidInput, text)
    })?;
    newest(matching.take(MAX_LISTED).flatten(), "no file has such a name: expected one that fits the pattern")
}

fn newest(paths: impl Iterator<Item = PathBuf>, none: &'static str) -> io::Result<Vec<LogFile>> {
    let file = |path: PathBuf| {
        let metadata = fs::metadata(&path).ok().filter(fs::Metadata::is_file)?;
        Some(LogFile { written: metadata.modified().unwrap_or(UNIX_EPOCH), path })
    };
    let mut files: Vec<_> = paths.filter_map(file).collect();
    if files.is_empty() {
        return Err(io::Error::new(ErrorKind::NotFound, none));
    }
    files.sort_unstable_by(|a, b| b.cmp(a));
    files.truncate(MAX_FILES);
    Ok(files)
}

fn is_log(path: &Path) -> bool {
    let is = |wanted| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case(wanted));
    is("csv") || is("tsv")
}

/// The most entries of a directory that are looked at.
const MAX_LISTED: usize = 100_000;

/// The most files of a window: an hour of one every three minutes.
const MAX_FILES: usize = 24;

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn of_a_directory_or_a_pattern_the_newest_come_first() {
        let directory = tempfile::tempdir().unwrap();
        for (name, seconds) in
            [("um_1.csv", 300), ("um_2.CSV", 200), ("um_3.tsv", 100), ("notes.txt", 0), ("um_4.csv", 200)]
        {
            let file = fs::File::create(directory.path().join(name)).unwrap();
            file.set_modified(SystemTime::now() - Duration::from_secs(seconds)).unwrap();
        }
        fs::create_dir(directory.path().join("old.csv")).unwrap();
        let names = |path: &str| {
            let files = newest_first(&directory.path().join(path))?;
            Ok::<_, io::Error>(
                files.iter().map(|file| file.path.file_name().unwrap().to_str().unwrap().to_owned()).collect(),
            )
        };
        let all: Vec<String> = names("").unwrap();
        assert_eq!(all, ["um_3.tsv", "um_4.csv", "um_2.CSV", "um_1.csv"]);
        assert_eq!(names("um_[14].csv").unwrap(), ["um_4.csv", "um_1.csv"]);
        assert_eq!(names("absent.csv").unwrap(), ["absent.csv"]);
        for (path, said) in [
            ("*.log", "expected one that fits"),
            ("old.csv", "expected files *.csv"),
            ("***.csv", "expected one such as um_*.csv"),
            ("[", "expected one such as um_*.csv"),
        ] {
            assert!(names(path).unwrap_err().to_string().contains(said), "{path}");
        }
    }
}
