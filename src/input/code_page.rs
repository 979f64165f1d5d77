//! Which encoding does a code page of Windows stand for? Those that a system writes files in, by number.

use std::str::FromStr;

use encoding_rs::{
    BIG5, EUC_JP, EUC_KR, Encoding, GB18030, GBK, IBM866, ISO_8859_2, ISO_8859_3, ISO_8859_4, ISO_8859_5, ISO_8859_6,
    ISO_8859_7, ISO_8859_8, ISO_8859_13, ISO_8859_15, KOI8_R, KOI8_U, MACINTOSH, SHIFT_JIS, UTF_8, WINDOWS_874,
    WINDOWS_1250, WINDOWS_1251, WINDOWS_1252, WINDOWS_1253, WINDOWS_1254, WINDOWS_1255, WINDOWS_1256, WINDOWS_1257,
    WINDOWS_1258,
};

/// A code page, as the command chcp says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct CodePage(&'static Encoding);

/// The number is none that is known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a known code page: expected a number such as 1250, 1251, 866 or 932")]
pub(crate) struct NotACodePage(String);

impl CodePage {
    pub(crate) const fn encoding(self) -> &'static Encoding {
        self.0
    }
}

impl FromStr for CodePage {
    type Err = NotACodePage;

    fn from_str(text: &str) -> Result<Self, NotACodePage> {
        let number = text.parse::<u16>().ok();
        let known = ENCODINGS.iter().find(|(known, _)| Some(*known) == number);
        known.map(|(_, encoding)| Self(encoding)).ok_or_else(|| NotACodePage(text.to_owned()))
    }
}

/// The numbers are those of Microsoft's list of code page identifiers.
const ENCODINGS: [(u16, &Encoding); 33] = [
    (866, IBM866),
    (874, WINDOWS_874),
    (932, SHIFT_JIS),
    (936, GBK),
    (949, EUC_KR),
    (950, BIG5),
    (1_250, WINDOWS_1250),
    (1_251, WINDOWS_1251),
    (1_252, WINDOWS_1252),
    (1_253, WINDOWS_1253),
    (1_254, WINDOWS_1254),
    (1_255, WINDOWS_1255),
    (1_256, WINDOWS_1256),
    (1_257, WINDOWS_1257),
    (1_258, WINDOWS_1258),
    (10_000, MACINTOSH),
    (20_866, KOI8_R),
    (20_932, EUC_JP),
    (21_866, KOI8_U),
    (28_591, WINDOWS_1252),
    (28_592, ISO_8859_2),
    (28_593, ISO_8859_3),
    (28_594, ISO_8859_4),
    (28_595, ISO_8859_5),
    (28_596, ISO_8859_6),
    (28_597, ISO_8859_7),
    (28_598, ISO_8859_8),
    (28_599, WINDOWS_1254),
    (28_603, ISO_8859_13),
    (28_605, ISO_8859_15),
    (51_949, EUC_KR),
    (54_936, GB18030),
    (65_001, UTF_8),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_an_encoding_or_refused_with_what_was_expected() {
        assert_eq!("1251".parse::<CodePage>().unwrap().encoding().decode(b"\xc2").0, "\u{412}");
        for text in ["", "0", "437", "cp1251", "-1251", "99999"] {
            assert!(text.parse::<CodePage>().unwrap_err().to_string().contains("expected a number"), "{text}");
        }
    }

    #[test]
    fn no_number_is_there_twice() {
        assert!(ENCODINGS.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
