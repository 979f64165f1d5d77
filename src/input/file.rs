//! What is in a local file? Bounded reading, with an error that never shows the content.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use crate::platform::resource;
use crate::report::{Class, Failure};

/// Why a file could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FileError {
    #[error("cannot read {path}: {source}", path = .path.display())]
    Io { path: PathBuf, source: io::Error },
    #[error("{path} is larger than {max} bytes", path = .path.display())]
    TooLarge { path: PathBuf, max: u64 },
}

impl FileError {
    /// Only the reason, for a message that names the file itself.
    pub(crate) fn reason(&self) -> String {
        match self {
            Self::Io { source, .. } => source.to_string(),
            Self::TooLarge { max, .. } => format!("larger than {max} bytes"),
        }
    }
}

impl From<FileError> for Failure {
    fn from(error: FileError) -> Self {
        let class = match &error {
            FileError::Io { source, .. } if source.kind() == io::ErrorKind::PermissionDenied => Class::Permission,
            FileError::Io { source, .. } if resource::is_exhausted(source) => Class::Local,
            _ => Class::Unreadable,
        };
        // The text of the error has its cause in it: the first line must tell a wrong path from a missing right.
        Self::new(class, error.to_string())
    }
}

/// The whole content of a file of at most `max` bytes.
pub(crate) fn read(path: &Path, max: u64) -> Result<Vec<u8>, FileError> {
    let file = open(path).map_err(|source| FileError::Io { path: path.to_owned(), source })?;
    bounded(file, path, max)
}

/// The whole content of a stream of at most `max` bytes, which is called `path` where it fails.
pub(crate) fn bounded(stream: impl Read, path: impl AsRef<Path>, max: u64) -> Result<Vec<u8>, FileError> {
    let path = path.as_ref();
    let mut content = Vec::new();
    let failed = |source| FileError::Io { path: path.to_owned(), source };
    stream.take(max + 1).read_to_end(&mut content).map_err(failed)?;
    if content.len() as u64 > max {
        return Err(FileError::TooLarge { path: path.to_owned(), max });
    }
    Ok(content)
}

/// Opens a file for reading; that it is a directory is said here or, by Unix, when it is read.
pub(crate) fn open(path: &Path) -> io::Result<File> {
    File::open(path).map_err(|error| match error.kind() {
        // Windows refuses to open a directory as if a right were missing.
        io::ErrorKind::PermissionDenied if path.is_dir() => io::ErrorKind::IsADirectory.into(),
        _ => error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_at_the_limit_is_read_and_one_byte_more_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), [7; 10]).unwrap();
        assert_eq!(read(file.path(), 10).unwrap(), [7; 10]);
        assert!(matches!(read(file.path(), 9), Err(FileError::TooLarge { max: 9, .. })));
    }

    #[test]
    fn a_directory_is_unreadable_and_named() {
        let directory = tempfile::tempdir().unwrap();
        let failure = Failure::from(read(directory.path(), 10).unwrap_err());
        assert_eq!(failure.class, Class::Unreadable);
        assert!(failure.summary.contains(directory.path().to_str().unwrap()));
    }

    #[test]
    fn a_missing_right_and_a_lack_of_this_host_are_told_from_what_cannot_be_read() {
        let failed = |kind: io::ErrorKind| FileError::Io { path: "x.pem".into(), source: kind.into() };
        for (kind, class) in [
            (io::ErrorKind::PermissionDenied, Class::Permission),
            (io::ErrorKind::OutOfMemory, Class::Local),
            (io::ErrorKind::NotFound, Class::Unreadable),
        ] {
            assert_eq!(Failure::from(failed(kind)).class, class, "{kind}");
            assert_eq!(failed(kind).reason(), io::Error::from(kind).to_string());
        }
        assert_eq!(FileError::TooLarge { path: "x.pem".into(), max: 9 }.reason(), "larger than 9 bytes");
    }
}
