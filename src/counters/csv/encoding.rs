//! How are the bytes of a log to be read? By its byte order mark, else as UTF-8, else as single bytes; never refused.

use std::borrow::Cow;

/// The encoding of a text file, as far as it matters for finding lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// One byte each below 128: UTF-8 or a code page.
    Bytes,
    /// UTF-16, low byte first: the performance monitor's window, PowerShell's `>`.
    Utf16Le,
    /// UTF-16, high byte first.
    Utf16Be,
}

impl Encoding {
    /// The encoding of a file that begins with `start`, and the length of its byte order mark.
    pub fn detect(start: &[u8]) -> (Self, usize) {
        match start {
            [0xEF, 0xBB, 0xBF, ..] => (Self::Bytes, 3),
            [0xFF, 0xFE, ..] => (Self::Utf16Le, 2),
            [0xFE, 0xFF, ..] => (Self::Utf16Be, 2),
            [b'"' | b'(' | b'\r' | b'\n', 0, ..] => (Self::Utf16Le, 0),
            [0, b'"' | b'(' | b'\r' | b'\n', ..] => (Self::Utf16Be, 0),
            _ => (Self::Bytes, 0),
        }
    }

    /// Bytes to a unit.
    pub const fn width(self) -> usize {
        self.newline().len()
    }

    /// The bytes of a line feed.
    pub const fn newline(self) -> &'static [u8] {
        match self {
            Self::Bytes => b"\n",
            Self::Utf16Le => b"\n\0",
            Self::Utf16Be => b"\0\n",
        }
    }

    /// Where the first line feed of `bytes` begins.
    pub fn find(self, bytes: &[u8]) -> Option<usize> {
        match self {
            Self::Bytes => bytes.iter().position(|&byte| byte == b'\n'),
            _ => bytes.chunks_exact(2).position(|unit| unit == self.newline()).map(|unit| unit * 2),
        }
    }

    /// Where the last line feed of `bytes` begins.
    pub fn rfind(self, bytes: &[u8]) -> Option<usize> {
        match self {
            Self::Bytes => bytes.iter().rposition(|&byte| byte == b'\n'),
            _ => bytes.chunks_exact(2).rposition(|unit| unit == self.newline()).map(|unit| unit * 2),
        }
    }

    /// The text of a line, without what ends it.
    pub fn decode(self, line: &[u8]) -> Cow<'_, str> {
        let text = match self {
            Self::Bytes => match std::str::from_utf8(line) {
                Ok(text) => return Cow::Borrowed(text.trim_end_matches('\r')),
                Err(_) => line.iter().map(|&byte| char::from(byte)).collect::<String>(),
            },
            Self::Utf16Le => utf16(line, u16::from_le_bytes),
            Self::Utf16Be => utf16(line, u16::from_be_bytes),
        };
        Cow::Owned(text.trim_end_matches('\r').to_owned())
    }
}

fn utf16(line: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let units = line.chunks_exact(2).map(|bytes| unit([bytes[0], bytes[1]]));
    char::decode_utf16(units).map(|c| c.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_feed_in_utf_16_is_aligned() {
        // U+0A0A and U+000A.
        let text = [0x0A, 0x0A, 0x0A, 0x00, 0x41, 0x00];
        assert_eq!(Encoding::Utf16Le.find(&text), Some(2));
        assert_eq!(Encoding::Utf16Le.rfind(&text), Some(2));
    }

    #[test]
    fn a_bad_byte_makes_single_bytes_of_its_line_only() {
        assert_eq!(Encoding::Bytes.decode(b"\"\xC0\"\r"), "\"\u{c0}\"");
        assert_eq!(Encoding::Bytes.decode("\"ä\"\r".as_bytes()), "\"ä\"");
    }

    #[test]
    fn a_mark_decides() {
        assert_eq!(Encoding::detect(b"\xFF\xFE\"\0"), (Encoding::Utf16Le, 2));
        assert_eq!(Encoding::detect(b"\xEF\xBB\xBF\""), (Encoding::Bytes, 3));
        assert_eq!(Encoding::detect(b"\"\0(\0"), (Encoding::Utf16Le, 0));
        assert_eq!(Encoding::detect(b""), (Encoding::Bytes, 0));
    }
}
