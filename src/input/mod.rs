//! What did another program leave for us? A file or standard input, bounded, as text whatever its encoding.

pub mod file;

use std::convert::Infallible;
use std::fmt;
use std::io::{self, Read};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use self::file::FileError;
use crate::report::{Class, Failure};
use crate::time::stage;
use crate::time::words::{in_words, roughly};

/// Where a program's output is to be found: `--file PATH`, or `-` for standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Piped into us.
    Stdin,
    /// Left in a file.
    File(PathBuf),
}

/// What was found there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// All of it, decoded.
    pub text: String,
    /// When it was written; unknown for standard input, which is being written while we read.
    pub modified: Option<SystemTime>,
}

impl Input {
    /// Reads at most `max` bytes; more is an error.
    pub fn read(&self, max: u64) -> Result<Content, FileError> {
        // A pipe whose writer sleeps cannot be given the deadline: the watchdog names the wait.
        stage::enter(format!("reading {self}"));
        let (bytes, modified) = match self {
            Self::Stdin => (self.bounded(io::stdin().lock(), max)?, None),
            Self::File(path) => {
                let file = file::open(path).map_err(|error| self.failed(error))?;
                let metadata = file.metadata().ok().filter(std::fs::Metadata::is_file);
                (self.bounded(file, max)?, metadata.and_then(|metadata| metadata.modified().ok()))
            }
        };
        stage::enter("");
        Ok(Content { text: decode(bytes), modified })
    }

    fn bounded(&self, reader: impl Read, max: u64) -> Result<Vec<u8>, FileError> {
        let mut bytes = Vec::new();
        reader.take(max + 1).read_to_end(&mut bytes).map_err(|error| self.failed(error))?;
        if bytes.len() as u64 > max {
            return Err(FileError::TooLarge { path: self.to_string().into(), max });
        }
        Ok(bytes)
    }

    fn failed(&self, source: io::Error) -> FileError {
        FileError::Io { path: self.to_string().into(), source }
    }
}

impl FromStr for Input {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(if text == "-" { Self::Stdin } else { Self::File(text.into()) })
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdin => f.write_str("standard input"),
            Self::File(path) => write!(f, "{}", path.display()),
        }
    }
}

/// Whether a file that was written at `written` still tells about `now`: a failure of class `stale` when it is older
/// than `max_age`, and a remark when it is old and nobody said how old it may be.
pub fn judge_age(
    source: &str,
    written: Option<SystemTime>,
    now: SystemTime,
    max_age: Option<Duration>,
) -> Result<Option<String>, Failure> {
    let age = written.and_then(|written| now.duration_since(written).ok());
    match (age, max_age) {
        (Some(age), Some(max)) if age > max => {
            let text = format!("{source} was written {} ago, more than {}", roughly(age), in_words(max));
            Err(Failure::new(Class::Stale, text))
        }
        (Some(age), None) if age > REMARKABLE_AGE => Ok(Some(format!("{source} was written {} ago", roughly(age)))),
        _ => Ok(None),
    }
}

/// The age from which on it is said, so that nobody takes an old answer for a new one.
const REMARKABLE_AGE: Duration = Duration::from_secs(10 * 60);

/// Bytes as text: by their byte order mark, else as UTF-16 where every other byte is zero, else as UTF-8, else each byte
/// as one character. No bad byte makes a file unreadable.
pub fn decode(bytes: Vec<u8>) -> String {
    match bytes.as_slice() {
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        [first, 0, ..] if *first != 0 => utf16(&bytes, u16::from_le_bytes),
        _ => String::from_utf8(bytes).unwrap_or_else(|error| error.into_bytes().into_iter().map(char::from).collect()),
    }
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let (pairs, _) = bytes.as_chunks::<2>();
    char::decode_utf16(pairs.iter().map(|&pair| unit(pair))).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16_le(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    #[test]
    fn every_encoding_that_windows_writes() {
        let text = "AlertValue;Größe";
        assert_eq!(decode(text.as_bytes().to_vec()), text);
        assert_eq!(decode([b"\xef\xbb\xbf", text.as_bytes()].concat()), text);
        assert_eq!(decode([b"\xff\xfe".to_vec(), utf16_le(text)].concat()), text);
        assert_eq!(decode(utf16_le(text)), text);
        assert_eq!(decode(b"Gr\xf6\xdfe".to_vec()), "Größe");
    }

    #[test]
    fn broken_encodings_are_read_all_the_same() {
        assert_eq!(decode(b"\xff\xfea\0\0\xd8b\0c".to_vec()), "a\u{fffd}b");
        assert_eq!(decode(b"\xef\xbb\xbfa\xff".to_vec()), "a\u{fffd}");
        assert_eq!(decode(Vec::new()), "");
    }

    #[test]
    fn a_file_at_the_limit_is_read_and_one_byte_more_is_refused() {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), "0123456789").unwrap();
        let input = Input::File(file.path().into());
        let content = input.read(10).unwrap();
        assert_eq!(content.text, "0123456789");
        assert!(content.modified.is_some());
        assert!(matches!(input.read(9), Err(FileError::TooLarge { max: 9, .. })));
    }

    #[test]
    fn stale_when_older_than_allowed_and_a_remark_when_nobody_said() {
        let written = SystemTime::UNIX_EPOCH;
        let judged = |seconds: u64, max: Option<u64>| {
            judge_age("x.json", Some(written), written + Duration::from_secs(seconds), max.map(Duration::from_secs))
        };
        assert_eq!(judged(600, None), Ok(None));
        assert_eq!(judged(7_200, None), Ok(Some("x.json was written 2 h ago".to_owned())));
        assert_eq!(judged(7_200, Some(7_200)), Ok(None));
        let failure = judged(7_201, Some(7_200)).unwrap_err();
        assert_eq!(failure, Failure::new(Class::Stale, "x.json was written 2 h ago, more than 2 h"));
        assert_eq!(judge_age("standard input", None, written, Some(Duration::ZERO)), Ok(None));
    }

    #[test]
    fn a_dash_is_standard_input() {
        assert_eq!("-".parse(), Ok(Input::Stdin));
        assert_eq!("-x".parse(), Ok(Input::File("-x".into())));
    }
}
