//! How is a challenge answered? Digest authentication (RFC 3261 22, RFC 7616, RFC 8760): MD5, SHA-256, SHA-512-256, qop auth.

use data_encoding::HEXLOWER;
use md5::{Digest as _, Md5};
use ring::digest::{SHA256, SHA512_256, digest};

use super::head::Head;
use crate::input::list;

/// The hash that a challenge asks for, in rising order of preference.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Algorithm {
    Md5,
    Sha256,
    Sha512_256,
}

impl Algorithm {
    const ALL: [Self; 3] = [Self::Md5, Self::Sha256, Self::Sha512_256];

    const fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
            Self::Sha512_256 => "SHA-512-256",
        }
    }

    fn hash(self, text: &str) -> String {
        match self {
            Self::Md5 => HEXLOWER.encode(&Md5::digest(text.as_bytes())),
            Self::Sha256 => HEXLOWER.encode(digest(&SHA256, text.as_bytes()).as_ref()),
            Self::Sha512_256 => HEXLOWER.encode(digest(&SHA512_256, text.as_bytes()).as_ref()),
        }
    }
}

/// A challenge that can be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Challenge {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    algorithm: Algorithm,
    qop_auth: bool,
    stale: bool,
    /// How often its nonce has been used, with the next answer.
    count: u32,
    answer_header: &'static str,
}

/// Who answers.
#[derive(Clone)]
pub struct Credentials {
    /// The user name.
    pub username: String,
    /// The secret; in no output.
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credentials({}, masked)", self.username)
    }
}

/// Why a challenge cannot be answered.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChallengeError {
    /// 401 or 407 without a challenge.
    #[error("the response holds no challenge")]
    Absent,
    /// No challenge that we understand.
    #[error(
        "the challenge offers {0}, expected Digest with MD5, SHA-256 or SHA-512-256, qop auth or none, and no control \
         characters"
    )]
    Unsupported(String),
}

/// The part of a request that an answer holds for.
#[derive(Clone, Copy, Debug)]
pub struct Signed<'a> {
    /// Its method.
    pub method: &'a str,
    /// Its Request-URI.
    pub uri: &'a str,
}

impl Challenge {
    /// The strongest challenge in the head of a 401 or 407 that can be answered.
    pub fn strongest_in(head: &Head) -> Result<Self, ChallengeError> {
        Self::all_in(head)?.into_iter().max_by_key(|each| each.algorithm).ok_or(ChallengeError::Absent)
    }

    /// The strongest challenge of each realm, of proxies and of servers, that can be answered (RFC 3261 22.3); never empty.
    pub(crate) fn all_in(head: &Head) -> Result<Vec<Self>, ChallengeError> {
        let kinds = [("WWW-Authenticate", "Authorization"), ("Proxy-Authenticate", "Proxy-Authorization")];
        let offers = kinds.iter().flat_map(|(name, answer)| head.values(name).map(move |value| (value, *answer)));
        let mut all: Vec<Self> = Vec::new();
        let mut refused = None;
        for (value, answer) in offers {
            let Some(challenge) = read(value, answer) else {
                refused.get_or_insert(value);
                continue;
            };
            match all.iter().position(|known| known.is_of_realm_of(&challenge)) {
                Some(place) if all[place].algorithm < challenge.algorithm => all[place] = challenge,
                None if all.len() < MAX_REALMS => all.push(challenge),
                Some(_) | None => {}
            }
        }
        match refused {
            _ if !all.is_empty() => Ok(all),
            None => Err(ChallengeError::Absent),
            Some(value) => Err(ChallengeError::Unsupported(offer(value))),
        }
    }

    /// Whether somebody who answered `other` has answered this one, too, but for its nonce.
    pub(crate) fn is_of_realm_of(&self, other: &Self) -> bool {
        (self.answer_header, &self.realm) == (other.answer_header, &other.realm)
    }

    /// The same challenge, to be answered once more.
    #[must_use]
    pub(crate) fn again(&self) -> Self {
        Self { count: self.count + 1, ..self.clone() }
    }

    /// Whether the nonce was merely too old, so that the same credentials may be right.
    pub(crate) const fn is_stale(&self) -> bool {
        self.stale
    }

    /// Name and value of the header that answers it for a request, with a client nonce of the caller's.
    pub fn answer(&self, who: &Credentials, request: Signed<'_>, cnonce: &str) -> (&'static str, String) {
        let Signed { method, uri } = request;
        let hash = |text: String| self.algorithm.hash(&text);
        let who_hash = hash(format!("{}:{}:{}", who.username, self.realm, who.password));
        let what_hash = hash(format!("{method}:{uri}"));
        let count = format!("{:08x}", self.count);
        let response = if self.qop_auth {
            hash(format!("{who_hash}:{}:{count}:{cnonce}:auth:{what_hash}", self.nonce))
        } else {
            hash(format!("{who_hash}:{}:{what_hash}", self.nonce))
        };

        let mut value = format!(
            "Digest username=\"{}\", realm=\"{}\", nonce=\"{}\", uri=\"{uri}\", response=\"{response}\", algorithm={}",
            escaped(&who.username),
            escaped(&self.realm),
            escaped(&self.nonce),
            self.algorithm.name()
        );
        if self.qop_auth {
            value += &format!(", qop=auth, nc={count}, cnonce=\"{cnonce}\"");
        }
        if let Some(opaque) = &self.opaque {
            value += &format!(", opaque=\"{}\"", escaped(opaque));
        }
        (self.answer_header, value)
    }
}

fn read(value: &str, answer_header: &'static str) -> Option<Challenge> {
    let (scheme, rest) = value.trim().split_once(char::is_whitespace)?;
    if !scheme.eq_ignore_ascii_case("Digest") {
        return None;
    }
    let parameters = parameters(rest);
    // What no quoted string holds (RFC 3261 25.1) could break out of our header, or not be what the server meant.
    let is_unclean = |c: char| c.is_control() && c != '\t';
    if parameters.iter().any(|(_, value)| value.contains(is_unclean)) {
        return None;
    }
    let parameter = |name: &str| parameters.iter().find(|(each, _)| each == name).map(|(_, value)| value.as_str());

    let named = parameter("algorithm").unwrap_or("MD5");
    let algorithm = Algorithm::ALL.into_iter().find(|algorithm| algorithm.name().eq_ignore_ascii_case(named))?;
    let qop_auth = match parameter("qop") {
        // It should not be there then (RFC 3261 25.1), and old gateways mean that it is not.
        Some(offered) if offered.trim().is_empty() => false,
        Some(offered) if offered.split(',').any(|qop| qop.trim().eq_ignore_ascii_case("auth")) => true,
        Some(_) => return None,
        None => false,
    };
    Some(Challenge {
        realm: parameter("realm")?.to_owned(),
        nonce: parameter("nonce")?.to_owned(),
        opaque: parameter("opaque").map(str::to_owned),
        algorithm,
        qop_auth,
        stale: parameter("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true")),
        count: 1,
        answer_header,
    })
}

/// `name=value` and `name="value"`, separated by commas; names in lower case.
fn parameters(text: &str) -> Vec<(String, String)> {
    let parameters = list::split_outside_quotes(text, ',').filter_map(|parameter| parameter.split_once('='));
    let cleaned =
        |(name, value): (&str, &str)| (name.trim_end().to_ascii_lowercase(), list::unquoted(value.trim_start()));
    parameters.map(cleaned).collect()
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}

/// Scheme and algorithm of a challenge that we cannot answer, in words.
fn offer(value: &str) -> String {
    let (scheme, rest) = value.split_once(char::is_whitespace).unwrap_or((value, ""));
    let named = |name: &str| parameters(rest).into_iter().find(|(each, _)| each == name).map(|(_, value)| value);
    let details = [("algorithm", named("algorithm")), ("qop", named("qop"))];
    let words = details.into_iter().filter_map(|(name, value)| Some(format!(" {name} {}", value?)));
    crate::report::excerpt(&words.fold(scheme.to_owned(), |text, word| text + &word), 80)
}

/// How many challenges are answered in one request, at most.
const MAX_REALMS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn challenge(values: &str) -> Result<Challenge, ChallengeError> {
        Challenge::strongest_in(&Head::parse(format!("SIP/2.0 401 Unauthorized\r\n{values}\r\n").as_bytes()))
    }

    fn response_of(value: &str) -> &str {
        value.split("response=\"").nth(1).unwrap().split('"').next().unwrap()
    }

    /// RFC 7616 3.9.1: the same example with MD5 and with SHA-256.
    #[test]
    fn the_examples_of_rfc_7616() {
        let who = Credentials { username: "Mufasa".into(), password: "Circle of Life".into() };
        for (algorithm, expected) in [
            ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
            ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
        ] {
            let challenge = challenge(&format!(
                "WWW-Authenticate: Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm={algorithm}, \
                 nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""
            ));
            let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
            let (name, value) =
                challenge.unwrap().answer(&who, Signed { method: "GET", uri: "/dir/index.html" }, cnonce);
            assert_eq!((name, response_of(&value)), ("Authorization", expected));
            assert!(value.contains("opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\""));
        }
    }

    /// RFC 2617 3.5 without qop, as RFC 2069 had it: the values are from RFC 2069's erratum.
    #[test]
    fn without_qop_there_is_no_count() {
        let who = Credentials { username: "Mufasa".into(), password: "CircleOfLife".into() };
        let challenge = challenge(
            "Proxy-Authenticate: Digest realm=\"testrealm@host.com\", nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\"",
        );
        let (name, value) = challenge.unwrap().answer(&who, Signed { method: "GET", uri: "/dir/index.html" }, "unused");
        assert_eq!((name, response_of(&value)), ("Proxy-Authorization", "1949323746fe6a43ef61f9606e7febea"));
        assert!(!value.contains("nc="));
    }

    #[test]
    fn an_empty_qop_is_none() {
        for qop in ["", "qop=\"\", ", "qop=, ", "qop = \"\" , "] {
            let challenge = challenge(&format!("WWW-Authenticate: Digest {qop}realm=\"r, x\", nonce=n")).unwrap();
            assert_eq!((challenge.qop_auth, challenge.realm.as_str(), challenge.nonce.as_str()), (false, "r, x", "n"));
        }
    }

    #[test]
    fn the_strongest_offer_is_answered() {
        let challenge = challenge(
            "WWW-Authenticate: Digest realm=\"r\", nonce=\"1\", algorithm=MD5\r\n\
             WWW-Authenticate: Digest realm=\"r\", nonce=\"2\", algorithm=SHA-512-256, stale=TRUE\r\n\
             WWW-Authenticate: Digest realm=\"r\", nonce=\"3\", algorithm=SHA-256",
        )
        .unwrap();
        assert_eq!((challenge.algorithm, challenge.nonce.as_str()), (Algorithm::Sha512_256, "2"));
        assert!(challenge.is_stale());
    }

    /// RFC 3261 22.3: of what is as good, the one that the server has put in front.
    #[test]
    fn of_two_offers_that_are_as_strong_the_first_is_answered() {
        let challenge = challenge(
            "WWW-Authenticate: Digest realm=\"r\", nonce=\"1\", algorithm=SHA-256\r\n\
             WWW-Authenticate: Digest realm=\"r\", nonce=\"2\", algorithm=SHA-256",
        );
        assert_eq!(challenge.unwrap().nonce, "1");
    }

    #[test]
    fn of_a_hundred_realms_no_more_are_answered_than_anybody_has() {
        for realms in [MAX_REALMS - 1, MAX_REALMS, MAX_REALMS + 1, 100] {
            let offer = |realm| format!("WWW-Authenticate: Digest realm=\"{realm}\", nonce=\"n\"\r\n");
            let offers: String = (0..realms).map(offer).collect();
            let head = Head::parse(format!("SIP/2.0 401 Unauthorized\r\n{offers}\r\n").as_bytes());
            assert_eq!(Challenge::all_in(&head).unwrap().len(), realms.min(MAX_REALMS));
        }
    }

    /// FIPS 180-4's example for SHA-512/256 of "abc".
    #[test]
    fn sha_512_256_is_not_a_cut_sha_512() {
        let expected = "53048e2681941ef99b2e29b76b4c7dabe4c2d0c634fc6d46e0e2f13107e7af23";
        assert_eq!(Algorithm::Sha512_256.hash("abc"), expected);
    }

    #[test]
    fn what_cannot_be_answered_is_named() {
        assert_eq!(challenge("To: x"), Err(ChallengeError::Absent));
        let error = challenge("WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", algorithm=AKAv1-MD5").unwrap_err();
        assert_eq!(error, ChallengeError::Unsupported("Digest algorithm AKAv1-MD5".to_owned()));
        assert!(challenge("WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\"").is_err());
        assert!(challenge("WWW-Authenticate: NTLM").is_err());
        assert!(challenge("WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\",\"").is_err());
    }

    #[test]
    fn hostile_values_stay_inside_their_quotes() {
        let challenge = challenge("WWW-Authenticate: Digest realm=\"a\\\"b\\\\\", nonce=\"n").unwrap();
        assert_eq!((challenge.realm.as_str(), challenge.nonce.as_str()), ("a\"b\\", "n"));
        let who = Credentials { username: "u\"x".into(), password: "p".into() };
        let (_, value) = challenge.answer(&who, Signed { method: "OPTIONS", uri: "sip:a" }, "c");
        assert!(value.starts_with("Digest username=\"u\\\"x\", realm=\"a\\\"b\\\\\", nonce=\"n\""), "{value}");
    }
}
