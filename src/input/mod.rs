//! What did another program leave for us? A file or standard input, bounded, as text whatever its encoding.

mod code_page;
pub(crate) mod file;
pub(crate) mod list;

use std::borrow::Cow;
use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::io::{self, BufRead, BufReader, Cursor, Read};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use encoding_rs::mem::decode_latin1;
use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE};
use encoding_rs_io::DecodeReaderBytesBuilder;

pub(crate) use self::code_page::CodePage;
use self::file::FileError;
use crate::report::{Class, Failure};
use crate::time::age::{Untimely, untimely};
use crate::time::stage;
use crate::time::words::{in_words, roughly};

/// Where a program's output is to be found: `--file PATH`, or `-` for standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Standard input.
    Stdin,
    /// A file, or what looks like one.
    File(PathBuf),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Content {
    /// All of it, decoded.
    pub text: String,
    /// When it was written; unknown for standard input, which is being written while we read.
    pub modified: Option<SystemTime>,
}

impl Input {
    /// Opens it, to be read as a stream; with it, when it was written, unknown for what is no file.
    pub(crate) fn open(&self) -> Result<(Box<dyn Read>, Option<SystemTime>), FileError> {
        // A pipe whose writer sleeps cannot be given the deadline: the watchdog names the wait.
        let stage = stage::enter_file(format!("reading {self}"));
        let opened: (Box<dyn Read>, _) = match self {
            Self::Stdin => (Box::new(io::stdin().lock()), None),
            Self::File(path) => {
                let file = file::open(path).map_err(|source| FileError::Io { path: path.clone(), source })?;
                let metadata = file.metadata().ok().filter(std::fs::Metadata::is_file);
                (Box::new(file), metadata.and_then(|metadata| metadata.modified().ok()))
            }
        };
        drop(stage);
        Ok(opened)
    }

    /// Its name, where only the first who reads it finds something: standard input, a pipe.
    pub(crate) fn readable_once(&self) -> Option<String> {
        match self {
            Self::File(path) if !STDIN.iter().any(|name| path.as_os_str() == *name) => {
                let kind = std::fs::metadata(path).ok()?.file_type();
                (!kind.is_file() && !kind.is_dir()).then(|| self.to_string())
            }
            _ => Some(Self::Stdin.to_string()),
        }
    }

    /// Reads at most `max` bytes; more is an error.
    pub(crate) fn read(&self, max: u64) -> Result<Content, FileError> {
        let (stream, modified) = self.open()?;
        let stage = stage::enter_file(format!("reading {self}"));
        let bytes = file::bounded(stream, self.to_string(), max)?;
        drop(stage);
        Ok(Content { text: decode(bytes), modified })
    }

    /// The failure of a content that is not what it should be, or where there is nothing at all.
    pub(crate) fn unusable(&self, is_empty: bool, error: &dyn Error) -> Failure {
        Failure::new(if is_empty { Class::NoData } else { Class::Unreadable }, format!("{self}: {error}"))
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
/// than `max_age` or lies ahead of the clock, which says nothing of its age; a remark where any age will do.
pub(crate) fn judge_age(
    source: &str,
    written: Option<SystemTime>,
    now: SystemTime,
    max_age: Option<Duration>,
) -> Result<Option<String>, Failure> {
    let untimely = written.and_then(|written| untimely(written, now, max_age.unwrap_or(REMARKABLE_AGE)));
    let (text, expected) = match (untimely, max_age) {
        (None, _) => return Ok(None),
        (Some(Untimely::Stale(age)), max) => {
            let max = max.map(|max| format!(", more than {}", in_words(max)));
            (format!("{source} was written {} ago", roughly(age)), max)
        }
        (Some(Untimely::Ahead(ahead)), max) => {
            let max = max.map(|_| ": expected at most 5 min".to_owned());
            (format!("{source} was written {} ahead of the clock", roughly(ahead)), max)
        }
    };
    expected.map_or(Ok(Some(text.clone())), |expected| Err(Failure::new(Class::Stale, text + &expected)))
}

/// Bytes as text: by their byte order mark, else as UTF-16 where every other byte is zero, else as UTF-8, else each byte
/// as one character. No bad byte makes a file unreadable.
pub fn decode(bytes: Vec<u8>) -> String {
    match encoding(&bytes) {
        Some(encoding) => {
            // Half a unit at the end was cut off, and says nothing.
            let end = if encoding == UTF_8 { bytes.len() } else { bytes.len() / 2 * 2 };
            encoding.decode_with_bom_removal(&bytes[..end]).0.into_owned()
        }
        None => String::from_utf8(bytes).unwrap_or_else(|error| text(error.as_bytes()).into_owned()),
    }
}

/// The same for a stream of any length: UTF-8 comes out where its beginning says what it is, its own bytes where it does
/// not, and [`text`] reads either; of a `code_page`, where the beginning does not say otherwise, UTF-8 as well. With it, the
/// most bytes of the stream that make one byte of what comes out.
///
/// Buffered, because the decoder loses a part of its last character where it is given room for one or two bytes.
pub(crate) fn decode_stream(mut stream: impl Read, code_page: Option<CodePage>) -> io::Result<(impl BufRead, u64)> {
    let mut start = Vec::new();
    stream.by_ref().take(3).read_to_end(&mut start)?;
    let encoding = encoding(&start);
    let unit = if encoding.is_none_or(|encoding| encoding == UTF_8) { 1 } else { 2 };
    let encoding = encoding.or(code_page.map(CodePage::encoding));
    let mut decoder = DecodeReaderBytesBuilder::new();
    decoder.bom_sniffing(false).encoding(encoding);
    Ok((BufReader::with_capacity(PORTION, decoder.build(Cursor::new(start).chain(stream))), unit))
}

/// Bytes that nothing was said about: UTF-8, else each byte as one character. Of a log line by line, so that a bad byte
/// costs the characters of its own line only.
pub(crate) fn text(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| decode_latin1(bytes), Cow::Borrowed)
}

/// The encoding that the beginning of a text tells, by its byte order mark or by the zeros of UTF-16.
fn encoding(start: &[u8]) -> Option<&'static Encoding> {
    match start {
        [0xef, 0xbb, 0xbf, ..] => Some(UTF_8),
        [0xff, 0xfe, ..] => Some(UTF_16LE),
        [0xfe, 0xff, ..] => Some(UTF_16BE),
        [first, 0, ..] if *first != 0 => Some(UTF_16LE),
        [0, second, ..] if *second != 0 => Some(UTF_16BE),
        _ => None,
    }
}

/// What is decoded at a time, in bytes: more than the decoder's own room for the encoded ones.
const PORTION: usize = 64 * 1024;

/// The age from which on it is said, so that nobody takes an old answer for a new one.
const REMARKABLE_AGE: Duration = Duration::from_secs(10 * 60);

/// What else standard input goes by.
const STDIN: [&str; 3] = ["/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"];

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    fn utf16(text: &str, unit: fn(u16) -> [u8; 2]) -> Vec<u8> {
        text.encode_utf16().flat_map(unit).collect()
    }

    /// A stream that comes in parts of so many bytes.
    pub(crate) struct Portions<'a>(pub &'a [u8], pub usize);

    impl Read for Portions<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let length = buffer.len().min(self.1);
            self.0.read(&mut buffer[..length])
        }
    }

    /// Decoded at once, and as a stream that comes byte by byte.
    fn both(bytes: &[u8]) -> [String; 2] {
        let mut stream = decode_stream(Portions(bytes, 1), None).unwrap().0;
        let mut streamed = Vec::new();
        loop {
            let portion = stream.fill_buf().unwrap();
            let length = portion.len();
            if length == 0 {
                return [decode(bytes.to_vec()), text(&streamed).into_owned()];
            }
            streamed.extend_from_slice(portion);
            stream.consume(length);
        }
    }

    #[test]
    fn every_encoding_that_windows_writes() {
        let text = "AlertValue;Größe \u{1f4de}";
        let bytes = [
            text.as_bytes().to_vec(),
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
            [b"\xff\xfe".to_vec(), utf16(text, u16::to_le_bytes)].concat(),
            [b"\xfe\xff".to_vec(), utf16(text, u16::to_be_bytes)].concat(),
            utf16(text, u16::to_le_bytes),
            utf16(text, u16::to_be_bytes),
        ];
        for bytes in bytes {
            assert_eq!(both(&bytes), [text; 2], "{bytes:?}");
        }
        assert_eq!(both(b"Gr\xf6\xdfe"), ["Größe"; 2]);
    }

    #[test]
    fn broken_encodings_are_read_all_the_same() {
        assert_eq!(decode(b"\xff\xfea\0\0\xd8b\0c".to_vec()), "a\u{fffd}b");
        assert_eq!(both(b"\xff\xfea\0\0\xd8b\0"), ["a\u{fffd}b"; 2]);
        assert_eq!(both(b"\xef\xbb\xbfa\xff"), ["a\u{fffd}"; 2]);
        let [whole, streamed] = both(b"\x01\0\0\x08\0\x01\0");
        assert_eq!((whole, streamed), ("\u{1}\u{800}\u{100}".to_owned(), "\u{1}\u{800}\u{100}\u{fffd}".to_owned()));
        // Two zeros are no character of UTF-16 that a text begins with.
        assert_eq!(both(b"\0\0ab"), ["\0\0ab"; 2]);
        for empty in [b"".as_slice(), b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"] {
            assert_eq!(both(empty), [""; 2]);
        }
    }

    #[test]
    fn a_code_page_counts_where_the_beginning_does_not_say_otherwise() {
        let read = |bytes: &[u8]| {
            let mut text = String::new();
            decode_stream(bytes, "1251".parse().ok()).unwrap().0.read_to_string(&mut text).map(|_| text).unwrap()
        };
        assert_eq!(read(b"\"\\\xc2\xfb\xe7\xee\xe2\xfb\"\n"), "\"\\Вызовы\"\n");
        assert_eq!(read("\u{feff}Größe".as_bytes()), "Größe");
        assert_eq!(read(&utf16("Größe", u16::to_le_bytes)), "Größe");
    }

    #[test]
    fn a_bad_byte_makes_single_bytes_of_its_line_only() {
        let lines = b"\"\xC0\"\n\"\xC3\xA4\"".split(|byte| *byte == b'\n');
        assert_eq!(lines.map(text).collect::<Vec<_>>(), ["\"\u{c0}\"", "\"ä\""]);
    }

    proptest! {
        #[test]
        fn a_stream_says_what_the_whole_says(bytes in proptest::collection::vec(any::<u8>(), 0..60)) {
            let [whole, streamed] = both(&bytes);
            // Half a unit at the end.
            prop_assert_eq!(streamed.trim_end_matches('\u{fffd}'), whole.trim_end_matches('\u{fffd}'));
        }
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
    fn stale_when_written_further_ahead_of_the_clock_than_clocks_are_apart() {
        let now = SystemTime::UNIX_EPOCH;
        let judged = |seconds: u64, max: Option<Duration>| {
            judge_age("x.json", Some(now + Duration::from_secs(seconds)), now, max)
        };
        let hour = Some(Duration::from_secs(3_600));
        assert_eq!(judged(300, hour), Ok(None));
        let text = "x.json was written 2 h ahead of the clock: expected at most 5 min";
        assert_eq!(judged(7_200, hour), Err(Failure::new(Class::Stale, text)));
        assert_eq!(judged(7_200, None), Ok(Some("x.json was written 2 h ahead of the clock".to_owned())));
    }

    #[test]
    fn a_dash_is_standard_input() {
        assert_eq!("-".parse(), Ok(Input::Stdin));
        assert_eq!("-x".parse(), Ok(Input::File("-x".into())));
    }

    #[test]
    fn only_what_flows_can_be_read_but_once() {
        let once = |path: &std::path::Path| Input::File(path.into()).readable_once();
        assert_eq!(Input::Stdin.readable_once().as_deref(), Some("standard input"));
        for name in STDIN {
            assert_eq!(once(name.as_ref()).as_deref(), Some("standard input"), "{name}");
        }
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("x");
        assert_eq!([once(directory.path()), once(&file)], [None, None]);
        std::fs::write(&file, "x").unwrap();
        assert_eq!(once(&file), None);
        #[cfg(unix)]
        {
            let socket = directory.path().join("socket");
            let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
            assert_eq!(once(&socket), Some(socket.display().to_string()));
        }
    }
}
