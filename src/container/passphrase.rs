//! How is a passphrase written? As bytes for PKCS#5, in UTF-16 for PKCS#12, and as programs write it that knew no better.

/// A passphrase, if there is one.
#[derive(Clone, Copy)]
pub(crate) struct Passphrase<'a>(Option<&'a str>);

impl<'a> Passphrase<'a> {
    /// The one given; an empty one is tried as none, too, which PKCS#12 tells apart and people do not.
    pub(crate) fn new(given: Option<&'a str>) -> Self {
        Self(given.filter(|given| !given.is_empty()))
    }

    /// Whether there is one.
    pub(crate) const fn is_given(self) -> bool {
        self.0.is_some()
    }

    /// For PKCS#5: what is to be tried, the likeliest first.
    pub(super) fn in_bytes(self) -> Vec<Vec<u8>> {
        let Some(given) = self.0 else {
            return vec![Vec::new()];
        };
        // NSS has encrypted with PBES2 as if it were PKCS#12's own encryption.
        let mut ways = vec![given.as_bytes().to_vec(), terminated(given.encode_utf16())];
        ways.extend(in_latin_1(given).filter(|_| !given.is_ascii()));
        ways
    }

    /// For a Java keystore; `None` if there is none.
    pub(super) fn in_utf_16_of_java(self) -> Option<Vec<u8>> {
        self.0.map(|given| given.encode_utf16().flat_map(u16::to_be_bytes).collect())
    }

    /// For PKCS#12 (RFC 7292, B.1): what is to be tried, the likeliest first.
    pub(super) fn in_utf_16(self) -> Vec<Vec<u8>> {
        let Some(given) = self.0 else {
            // None has no terminator, and the empty one has nothing but that.
            return vec![terminated([]), Vec::new()];
        };
        let mut ways = vec![terminated(given.encode_utf16())];
        // OpenSSL before 1.1 took each byte of the terminal for a character.
        ways.extend((!given.is_ascii()).then(|| terminated(given.bytes().map(u16::from))));
        ways
    }
}

fn terminated(units: impl IntoIterator<Item = u16>) -> Vec<u8> {
    units.into_iter().chain([0]).flat_map(u16::to_be_bytes).collect()
}

fn in_latin_1(text: &str) -> Option<Vec<u8>> {
    text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_and_the_empty_one_are_both_tried() {
        for given in [None, Some("")] {
            assert_eq!(Passphrase::new(given).in_utf_16(), [vec![0, 0], vec![]]);
            assert_eq!(Passphrase::new(given).in_bytes(), [Vec::<u8>::new()]);
            assert!(!Passphrase::new(given).is_given());
        }
    }

    #[test]
    fn beyond_the_basic_plane_a_character_has_two_units() {
        let ways = Passphrase::new(Some("\u{1f511}")).in_utf_16();
        assert_eq!(ways, [vec![0xd8, 0x3d, 0xdd, 0x11, 0, 0], vec![0, 0xf0, 0, 0x9f, 0, 0x94, 0, 0x91, 0, 0]]);
    }

    #[test]
    fn an_umlaut_is_tried_in_utf_8_and_latin_1() {
        let ways = Passphrase::new(Some("ü")).in_bytes();
        assert_eq!(ways, [vec![0xc3, 0xbc], vec![0, 0xfc, 0, 0], vec![0xfc]]);
        assert_eq!(Passphrase::new(Some("€")).in_bytes().len(), 2);
        assert_eq!(Passphrase::new(Some("x")).in_bytes(), [vec![b'x'], vec![0, b'x', 0, 0]]);
    }
}
