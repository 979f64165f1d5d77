//! Which certificates of a Windows store are meant? Its name, thumbprints as people paste them, and the choice among what is there.

use std::cmp::Reverse;
use std::fmt;
use std::str::FromStr;

use data_encoding::{HEXUPPER, HEXUPPER_PERMISSIVE};
use ring::digest;

use super::collection::{Item, Labels};
use crate::report::{Class, Failure, excerpt};
use crate::x509::Chain;
use crate::x509::certificate::{Certificate, CertificateError};

/// `LOCATION\NAME`, such as `LocalMachine\My`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreName {
    /// Whose it is.
    pub location: StoreLocation,
    /// Such as `My`.
    pub name: String,
}

/// Whose store it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreLocation {
    /// The computer's, where services have theirs.
    LocalMachine,
    /// That of the user who runs the check.
    CurrentUser,
}

/// The text is no name of a store.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a certificate store: expected LocalMachine\\NAME or CurrentUser\\NAME, such as LocalMachine\\My")]
pub struct NotAStore(String);

impl FromStr for StoreName {
    type Err = NotAStore;

    fn from_str(text: &str) -> Result<Self, NotAStore> {
        let refused = || NotAStore(excerpt(text, 120));
        // As PowerShell names its drive.
        let path = text.get(..CERT_DRIVE.len()).filter(|drive| drive.eq_ignore_ascii_case(CERT_DRIVE));
        let path = path.map_or(text, |drive| &text[drive.len()..]);
        let (location, name) = path.split_once('\\').ok_or_else(refused)?;
        let locations = [StoreLocation::LocalMachine, StoreLocation::CurrentUser];
        let location = locations.into_iter().find(|known| known.name().eq_ignore_ascii_case(location));
        let is_name = !name.is_empty() && name.len() <= 128 && !name.contains(|c: char| c == '\\' || c.is_control());
        match location {
            Some(location) if is_name => Ok(Self { location, name: name.to_owned() }),
            _ => Err(refused()),
        }
    }
}

impl StoreLocation {
    const fn name(self) -> &'static str {
        match self {
            Self::LocalMachine => "LocalMachine",
            Self::CurrentUser => "CurrentUser",
        }
    }
}

impl fmt::Display for StoreName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}\\{}", self.location.name(), self.name)
    }
}

/// The SHA-1 of a certificate's DER, by which Windows and Exchange name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thumbprint([u8; 20]);

impl Thumbprint {
    /// Of a certificate in DER.
    pub fn of_der(der: &[u8]) -> Self {
        let mut bytes = [0; 20];
        bytes.copy_from_slice(digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, der).as_ref());
        Self(bytes)
    }
}

impl fmt::Display for Thumbprint {
    /// Upper-case hexadecimal, as Get-ExchangeCertificate prints it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXUPPER.encode(&self.0))
    }
}

/// The text is no thumbprint.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("'{0}' is not a thumbprint: expected the 40 hexadecimal digits that Windows shows")]
pub struct NotAThumbprint(String);

impl FromStr for Thumbprint {
    type Err = NotAThumbprint;

    fn from_str(text: &str) -> Result<Self, NotAThumbprint> {
        let digits = text.replace(is_decoration, "");
        let bytes = HEXUPPER_PERMISSIVE.decode(digits.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self).ok_or_else(|| NotAThumbprint(excerpt(text, 120)))
    }
}

/// Which certificates of a store are judged: those that one of these means; without any, all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// By their bytes.
    pub thumbprints: Vec<Thumbprint>,
    /// By a part of their subject or of one of their DNS names, in any case.
    pub subjects: Vec<String>,
}

/// Picks the wanted ones among the certificates of `store`, and says which there is none of.
pub fn choose(ders: &[Vec<u8>], wanted: &Wanted, store: &StoreName) -> (Vec<Item>, Vec<Failure>) {
    let held = held(ders);
    let is_everything = wanted.thumbprints.is_empty() && wanted.subjects.is_empty();
    if held.is_empty() && is_everything {
        return (Vec::new(), vec![Failure::new(Class::NoData, format!("{store} holds no certificate"))]);
    }
    let is_there = |thumbprint: &Thumbprint| held.iter().any(|held| held.thumbprint == *thumbprint);
    let is_named = |part: &str| held.iter().any(|held| held.is_named(part));
    let thumbprints = wanted.thumbprints.iter().filter(|thumbprint| !is_there(thumbprint));
    let thumbprints = thumbprints.map(|thumbprint| format!("with the thumbprint {thumbprint}"));
    let subjects = wanted.subjects.iter().filter(|part| !is_named(part));
    let subjects = subjects.map(|part| format!("whose subject or DNS names contain '{}'", excerpt(part, 80)));
    let absent = |which| Failure::new(Class::Missing, format!("{store} has no certificate {which}"));
    let failures = thumbprints.chain(subjects).map(absent).collect();

    let is_meant = |held: &Held| {
        wanted.thumbprints.contains(&held.thumbprint) || wanted.subjects.iter().any(|part| held.is_named(part))
    };
    (items(held.into_iter().filter(|held| is_everything || is_meant(held)).collect(), store), failures)
}

/// The certificates of a store, in DER, in whatever order it keeps them.
#[cfg(windows)]
pub(crate) fn read(store: &StoreName) -> Result<Vec<Vec<u8>>, Failure> {
    use crate::platform::windows::certificate_store::CertificateStore;
    use crate::time::stage;

    let stage = stage::enter(format!("reading the certificate store {store}"));
    let opened = match store.location {
        StoreLocation::LocalMachine => CertificateStore::of_machine(&store.name),
        StoreLocation::CurrentUser => CertificateStore::of_user(&store.name),
    };
    let opened = opened.map_err(|error| {
        let attempted = format!("cannot open the certificate store {store}");
        Failure::of_call(&error, &attempted, Class::Unreadable, "an administrator of this machine")
    })?;
    let ders = opened.certificates(MAX_CERTIFICATES + 1);
    drop(stage);
    if ders.len() > MAX_CERTIFICATES {
        let text = format!("the certificate store {store} holds more than {MAX_CERTIFICATES} certificates");
        return Err(Failure::new(Class::Unreadable, text));
    }
    Ok(ders)
}

/// The certificates of a store, which only Windows has.
#[cfg(not(windows))]
pub(crate) fn read(_: &StoreName) -> Result<Vec<Vec<u8>>, Failure> {
    Err(Failure::new(Class::Unreadable, NEEDS_WINDOWS))
}

/// Between the digits, and before them: copied out of the certificate's dialogue, a thumbprint begins with a mark for the
/// direction of writing that nobody sees.
const fn is_decoration(c: char) -> bool {
    matches!(c, ' ' | ':' | '\u{a0}' | '\u{feff}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A certificate of a store.
struct Held {
    thumbprint: Thumbprint,
    certificate: Result<Certificate, CertificateError>,
}

impl Held {
    fn is_named(&self, part: &str) -> bool {
        let part = part.to_lowercase();
        self.certificate.as_ref().is_ok_and(|certificate| {
            let has_part = |name: &String| name.to_lowercase().contains(&part);
            has_part(&certificate.subject()) || certificate.dns_names.iter().any(has_part)
        })
    }
}

/// Each once: a logical store holds those of several physical ones, some of them twice.
fn held(ders: &[Vec<u8>]) -> Vec<Held> {
    let mut held: Vec<Held> = Vec::new();
    for der in ders {
        let thumbprint = Thumbprint::of_der(der);
        if !held.iter().any(|held| held.thumbprint == thumbprint) {
            held.push(Held { thumbprint, certificate: Certificate::from_der(der) });
        }
    }
    held
}

/// Each by itself, under a label that stays when it is renewed: of several of one name the newest has it.
fn items(mut held: Vec<Held>, store: &StoreName) -> Vec<Item> {
    held.sort_by_key(|held| Reverse(held.certificate.as_ref().map_or(i64::MIN, |certificate| certificate.not_after)));
    let (mut items, mut labels) = (Vec::new(), Labels::default());
    for Held { thumbprint, certificate } in held {
        let name = certificate.as_ref().map_or_else(|_| "unreadable".to_owned(), Certificate::name);
        let label = labels.next(&name);
        let unreadable = |error| Failure::new(Class::Unreadable, format!("{store}, thumbprint {thumbprint}: {error}"));
        let chain = certificate.map(Chain::single).map_err(unreadable);
        items.push(Item::new(format!("thumbprint {thumbprint}"), label, chain));
    }
    items
}

/// What to say where there are no certificate stores.
pub(crate) const NEEDS_WINDOWS: &str =
    "--store: expected --hostname or --file, because only Windows has certificate stores";

const CERT_DRIVE: &str = "Cert:\\";

/// The most certificates of a store that are read.
#[cfg(windows)]
const MAX_CERTIFICATES: usize = 1_000;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::x509::chain::tests::{Template, certificate};
    use proptest::prelude::*;

    fn store() -> StoreName {
        "LocalMachine\\My".parse().unwrap()
    }

    fn ders() -> Vec<Vec<u8>> {
        let old = Template { days: (0, 30), ..Template::default() };
        let other =
            Template { common_name: "cas2", names: &["mail.example.net", "CAS2.example.net"], ..Template::default() };
        [Template::default(), old, other].map(|template| certificate(template).der).to_vec()
    }

    fn wanted(thumbprints: &[Thumbprint], subjects: &[&str]) -> Wanted {
        Wanted { thumbprints: thumbprints.to_vec(), subjects: subjects.iter().map(|s| (*s).to_owned()).collect() }
    }

    /// The labels of what is chosen, and what is not there.
    fn chosen(ders: &[Vec<u8>], wanted: &Wanted) -> (Vec<String>, Vec<String>) {
        let (items, failures) = choose(ders, wanted, &store());
        let failures = failures.into_iter().map(|failure| format!("{}: {}", failure.class, failure.summary));
        (items.into_iter().map(|item| item.label).collect(), failures.collect())
    }

    #[test]
    fn stores_are_named_as_windows_and_powershell_name_them() {
        for text in ["LocalMachine\\My", "localmachine\\My", "Cert:\\LocalMachine\\My", "cert:\\LOCALMACHINE\\My"] {
            assert_eq!(text.parse(), Ok(store()), "{text}");
        }
        assert_eq!(
            "CurrentUser\\Trusted People".parse::<StoreName>().unwrap().to_string(),
            "CurrentUser\\Trusted People"
        );
        for text in [
            "",
            "My",
            "LocalMachine",
            "LocalMachine\\",
            "LocalMachine/My",
            "Me\\My",
            "LocalMachine\\My\\x",
            "Cert:\\My",
        ] {
            assert!(text.parse::<StoreName>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_thumbprint_as_it_is_pasted() {
        let thumbprint = Thumbprint::of_der(b"abc");
        assert_eq!(thumbprint.to_string(), "A9993E364706816ABA3E25717850C26C9CD0D89D");
        let pasted = "\u{200e}a9 99 3e 36 47 06 81 6a ba 3e 25 71 78 50 c2 6c 9c d0 d8 9d";
        assert_eq!(pasted.parse(), Ok(thumbprint));
        assert_eq!(pasted.replace(' ', ":").parse(), Ok(thumbprint));
        for text in
            ["", "A9993E", &format!("{thumbprint}0"), &thumbprint.to_string().replace('9', "g"), &"0".repeat(64)]
        {
            assert!(text.parse::<Thumbprint>().is_err(), "{text}");
        }
    }

    #[test]
    fn everything_is_chosen_unless_something_is_wanted() {
        let ders = ders();
        let all = ["cas1_example_com", "cas2", "cas1_example_com_2"].map(str::to_owned).to_vec();
        let twice = [ders.clone(), ders.clone()].concat();
        assert_eq!(chosen(&twice, &Wanted::default()), (all, Vec::new()));
        let nothing = "no-data: LocalMachine\\My holds no certificate".to_owned();
        assert_eq!(chosen(&[], &Wanted::default()), (Vec::new(), vec![nothing]));
    }

    #[test]
    fn by_thumbprint_by_a_part_of_the_subject_and_by_dns_name() {
        let ders = ders();
        let second = Thumbprint::of_der(&ders[1]);
        assert_eq!(chosen(&ders, &wanted(&[second], &[])), (vec!["cas1_example_com".to_owned()], Vec::new()));
        assert_eq!(chosen(&ders, &wanted(&[], &["CN=CAS1"])).0, ["cas1_example_com", "cas1_example_com_2"]);
        assert_eq!(chosen(&ders, &wanted(&[second], &["cas2.EXAMPLE"])).0, ["cas2", "cas1_example_com"]);
    }

    #[test]
    fn missing_is_each_one_that_is_not_there() {
        let thumbprint = Thumbprint::of_der(b"abc");
        let (chosen, failures) = chosen(&ders(), &wanted(&[thumbprint], &["cas3", "cas2"]));
        assert_eq!(chosen, ["cas2"]);
        assert_eq!(
            failures,
            [
                format!("missing: LocalMachine\\My has no certificate with the thumbprint {thumbprint}"),
                "missing: LocalMachine\\My has no certificate whose subject or DNS names contain 'cas3'".to_owned(),
            ]
        );
    }

    #[test]
    fn unreadable_when_a_wanted_certificate_is_none() {
        let ders = [b"junk".to_vec(), ders().remove(0)];
        let (items, failures) = choose(&ders, &wanted(&[Thumbprint::of_der(b"junk")], &[]), &store());
        assert_eq!((items.len(), failures.len()), (1, 0));
        assert_eq!(items[0].chain.as_ref().unwrap_err().class, Class::Unreadable);
        assert_eq!(choose(&ders, &wanted(&[], &["cas1"]), &store()).0.len(), 1);
    }

    #[cfg(not(windows))]
    #[test]
    fn unreadable_where_there_are_no_stores() {
        assert_eq!(read(&store()), Err(Failure::new(Class::Unreadable, NEEDS_WINDOWS)));
    }

    #[cfg(windows)]
    #[test]
    fn unreadable_when_there_is_no_such_store() {
        let failure = read(&"LocalMachine\\NoSuchStoreAsThis".parse().unwrap()).unwrap_err();
        assert_eq!(failure.class, Class::Unreadable);
        assert!(failure.summary.contains("LocalMachine\\NoSuchStoreAsThis"), "{}", failure.summary);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "(\u{200e}|[0-9a-fA-F: ]|\\PC){0,80}") {
            if let Ok(thumbprint) = text.parse::<Thumbprint>() {
                prop_assert_eq!(thumbprint.to_string().parse(), Ok(thumbprint));
            }
            let _ = text.parse::<StoreName>();
        }
    }
}
