//! Which certificates were shown, and do they hang together? A chain as it was served, the leaf first.

use std::collections::{HashMap, VecDeque};

use super::certificate::{Certificate, CertificateError};

/// One certificate or more, in the order in which they were shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Chain {
    leaf: Certificate,
    others: Vec<Certificate>,
    origin: Origin,
}

/// Where the certificates of a chain come from, and whether their order means anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Origin {
    Served,
    /// A file that keeps their order.
    File,
    /// A container that keeps none.
    Heap,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ChainError {
    #[error("certificate {position} of the chain (the leaf is 0) cannot be read")]
    Unreadable {
        /// Its place, the leaf being 0.
        position: usize,
        source: CertificateError,
    },
    #[error("more than {MAX_LENGTH} certificates were shown")]
    TooLong,
}

/// How the certificates follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ChainOrder {
    /// Each one was issued by the next.
    InOrder,
    /// The certificate at this place was issued by another one of the chain, but not by the next.
    OutOfOrder(usize),
    /// The certificate at this place has been shown before.
    Repeated(usize),
    /// Nobody in the chain issued the certificate at this place, and it is not the last one.
    Gap(usize),
}

impl Chain {
    /// A chain of DER certificates, leaf first, all of which must be readable.
    #[cfg(test)]
    pub(crate) fn from_ders<'a>(ders: impl IntoIterator<Item = &'a [u8]>) -> Result<Self, Option<ChainError>> {
        match Self::of_readable(ders) {
            (Some(chain), None) => Ok(chain),
            (_, error) => Err(error),
        }
    }

    /// The chain of those DER certificates, leaf first, that can be read, and the first reason why others cannot. Without a
    /// leaf there is no chain.
    pub(crate) fn of_readable<'a>(ders: impl IntoIterator<Item = &'a [u8]>) -> (Option<Self>, Option<ChainError>) {
        let (mut certificates, mut error) = (Vec::new(), None);
        for (position, der) in ders.into_iter().enumerate() {
            if position == MAX_LENGTH {
                error = error.or(Some(ChainError::TooLong));
                break;
            }
            match Certificate::from_der(der) {
                Ok(certificate) => certificates.push(certificate),
                Err(source) => error = error.or(Some(ChainError::Unreadable { position, source })),
            }
            if certificates.is_empty() {
                return (None, error);
            }
        }
        let chain = Self::new(certificates).map(|chain| Self { origin: Origin::Served, ..chain });
        (chain, error)
    }

    /// The chain of a single certificate.
    pub const fn single(leaf: Certificate) -> Self {
        Self { leaf, others: Vec::new(), origin: Origin::File }
    }

    /// The certificates of a file, leaf first; `None` without any.
    pub(crate) fn new(mut certificates: Vec<Certificate>) -> Option<Self> {
        let others = certificates.split_off(certificates.len().min(1));
        Some(Self { leaf: certificates.pop()?, others, origin: Origin::File })
    }

    /// The same certificates, each followed by its issuer where that is among them: for containers that keep no order. The leaf
    /// is the first one if `has_key`, that is, its key is there, too.
    #[must_use]
    pub(crate) fn in_order(mut self, has_key: bool) -> Self {
        let mut ranks = ranks(&self.iter().collect::<Vec<_>>(), has_key.then_some(0));
        if let Some(place) = ranks.iter().position(|&rank| rank == 0)
            && let Some(leaf) = place.checked_sub(1).and_then(|place| self.others.get_mut(place))
        {
            std::mem::swap(&mut self.leaf, leaf);
            ranks.swap(0, place);
        }
        let mut ranked: Vec<_> = ranks.into_iter().skip(1).zip(self.others).collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        let others = ranked.into_iter().map(|(_, other)| other).collect();
        Self { leaf: self.leaf, others, origin: Origin::Heap }
    }

    /// Whether a server has shown them.
    pub(crate) fn is_served(&self) -> bool {
        self.origin == Origin::Served
    }

    /// Whether nobody has put them in an order.
    pub(crate) fn is_heap(&self) -> bool {
        self.origin == Origin::Heap
    }

    /// The DER of each, the leaf's first.
    pub(crate) fn into_ders(self) -> impl Iterator<Item = Vec<u8>> {
        std::iter::once(self.leaf).chain(self.others).map(|certificate| certificate.der)
    }

    /// The first certificate: the server's own.
    pub(crate) const fn leaf(&self) -> &Certificate {
        &self.leaf
    }

    /// Those behind the leaf.
    pub(crate) fn others(&self) -> &[Certificate] {
        &self.others
    }

    /// All of them, the leaf first.
    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = &Certificate> {
        std::iter::once(&self.leaf).chain(&self.others)
    }

    /// The last one: where the served chain ends.
    pub(crate) fn last(&self) -> &Certificate {
        self.others.last().unwrap_or(&self.leaf)
    }

    /// How they follow each other.
    pub(crate) fn order(&self) -> ChainOrder {
        let neighbours = self.iter().zip(&self.others).enumerate();
        let broken = neighbours.into_iter().find(|(_, (issued, issuer))| !issued.names_as_issuer(issuer));
        match broken {
            None => ChainOrder::InOrder,
            Some((place, (_, next))) if self.iter().take(place + 1).any(|earlier| earlier == next) => {
                ChainOrder::Repeated(place + 1)
            }
            Some((place, (issued, _))) => {
                let issuer_is_here = self.iter().any(|other| other != issued && issued.names_as_issuer(other));
                if issuer_is_here { ChainOrder::OutOfOrder(place) } else { ChainOrder::Gap(place) }
            }
        }
    }
}

/// The place of each certificate when the first is `leaf` or one that issued no other, rather not itself either, and each is
/// followed by its issuer or, where that is not there or was named before, by the first one left.
fn ranks(certificates: &[&Certificate], leaf: Option<usize>) -> Vec<usize> {
    let mut by_subject: HashMap<&[u8], VecDeque<usize>> = HashMap::new();
    // Of those that name one issuer, two that differ: one of them is another than the issuer itself.
    let mut by_issuer: HashMap<&[u8], Vec<&Certificate>> = HashMap::new();
    for (place, &certificate) in certificates.iter().enumerate() {
        by_subject.entry(certificate.subject_der()).or_default().push_back(place);
        let issued = by_issuer.entry(certificate.issuer_der()).or_default();
        if issued.len() < 2 && !issued.contains(&certificate) {
            issued.push(certificate);
        }
    }
    let issues_another = |one: &Certificate| {
        by_issuer.get(one.subject_der()).is_some_and(|issued| issued.iter().any(|&other| other != one))
    };

    let mut ranks: Vec<Option<usize>> = vec![None; certificates.len()];
    let first =
        |is_one: &dyn Fn(&Certificate) -> bool| certificates.iter().position(|one| !issues_another(one) && is_one(one));
    let issued = || first(&|one| !one.is_self_issued());
    let mut place = leaf.or_else(issued).or_else(|| first(&|_| true)).unwrap_or(0);
    let mut first_left = 0;
    for rank in 0..certificates.len() {
        ranks[place] = Some(rank);
        let issuers = by_subject.get_mut(certificates[place].issuer_der());
        let issuer = issuers.and_then(|issuers| {
            while issuers.front().is_some_and(|issuer| ranks[*issuer].is_some()) {
                issuers.pop_front();
            }
            issuers.pop_front()
        });
        first_left += ranks[first_left..].iter().take_while(|rank| rank.is_some()).count();
        place = issuer.unwrap_or(first_left);
    }
    ranks.into_iter().flatten().collect()
}

/// The longest chain that is looked at.
const MAX_LENGTH: usize = 1000;

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, SanType};

    /// What a test certificate is to say.
    pub(crate) struct Template<'a> {
        pub common_name: &'a str,
        pub names: &'a [&'a str],
        /// Days of its validity, from Unix time 0.
        pub days: (i64, i64),
        pub is_ca: bool,
    }

    impl Default for Template<'_> {
        fn default() -> Self {
            Self { common_name: "cas1.example.com", names: &["cas1.example.com"], days: (0, 90), is_ca: false }
        }
    }

    impl Template<'_> {
        pub(crate) fn params(&self) -> CertificateParams {
            let mut params = CertificateParams::default();
            params.distinguished_name.push(DnType::CommonName, self.common_name);
            params.subject_alt_names = self.names.iter().map(|name| alternative(name)).collect();
            let moment = |days: i64| time::OffsetDateTime::UNIX_EPOCH + time::Duration::days(days);
            (params.not_before, params.not_after) = (moment(self.days.0), moment(self.days.1));
            params.is_ca = if self.is_ca { IsCa::Ca(BasicConstraints::Unconstrained) } else { IsCa::ExplicitNoCa };
            params
        }
    }

    fn alternative(name: &str) -> SanType {
        name.parse().map_or_else(|_| SanType::DnsName(name.try_into().unwrap()), SanType::IpAddress)
    }

    /// A self-signed certificate.
    pub(crate) fn certificate(template: Template<'_>) -> Certificate {
        let key = KeyPair::generate().unwrap();
        Certificate::from_der(template.params().self_signed(&key).unwrap().der()).unwrap()
    }

    /// Leaf, intermediate, root: each issued by the next.
    pub(crate) fn three(leaf: Template<'_>, intermediate: Template<'_>, root: Template<'_>) -> [Certificate; 3] {
        let keys = [(); 3].map(|()| KeyPair::generate().unwrap());
        let (leaf, intermediate, root) = (leaf.params(), intermediate.params(), root.params());
        let root_der = root.self_signed(&keys[2]).unwrap();
        let root_issuer = Issuer::from_params(&root, &keys[2]);
        let intermediate_der = intermediate.signed_by(&keys[1], &root_issuer).unwrap();
        let intermediate_issuer = Issuer::from_params(&intermediate, &keys[1]);
        let leaf_der = leaf.signed_by(&keys[0], &intermediate_issuer).unwrap();
        [leaf_der, intermediate_der, root_der].map(|certificate| Certificate::from_der(certificate.der()).unwrap())
    }

    /// Three that last long enough.
    pub(crate) fn leaf_to_root() -> [Certificate; 3] {
        three(Template::default(), ca("Issuing", (0, 900)), ca("Root", (0, 9_000)))
    }

    pub(crate) fn ca<'a>(common_name: &'a str, days: (i64, i64)) -> Template<'a> {
        Template { common_name, names: &[], days, is_ca: true }
    }

    pub(crate) fn chain<'a>(certificates: impl IntoIterator<Item = &'a Certificate>) -> Chain {
        Chain::from_ders(certificates.into_iter().map(|certificate| certificate.der.as_slice())).unwrap()
    }

    #[test]
    fn reads_the_facts_of_a_certificate() {
        let template = Template { names: &["cas1.example.com", "*.example.com", "192.0.2.7"], ..Template::default() };
        let certificate = certificate(template);
        assert_eq!(certificate.subject(), "CN=cas1.example.com");
        assert_eq!(certificate.common_name.as_deref(), Some("cas1.example.com"));
        assert_eq!(certificate.dns_names, ["cas1.example.com", "*.example.com"]);
        assert_eq!(certificate.addresses, ["192.0.2.7".parse::<std::net::IpAddr>().unwrap()]);
        assert_eq!((certificate.not_before, certificate.not_after), (0, 90 * 86_400));
        assert_eq!(
            (certificate.key.to_string().as_str(), certificate.signature.name),
            ("EC 256", Some("SHA-256 with ECDSA"))
        );
        assert!(certificate.is_self_issued() && !certificate.usage.is_ca);
    }

    #[test]
    fn a_chain_in_order_out_of_order_and_with_a_gap() {
        let [leaf, intermediate, root] = leaf_to_root();
        assert_eq!(chain([&leaf, &intermediate, &root]).order(), ChainOrder::InOrder);
        assert_eq!(chain([&leaf]).order(), ChainOrder::InOrder);
        assert_eq!(chain([&leaf, &root, &intermediate]).order(), ChainOrder::OutOfOrder(0));
        assert_eq!(chain([&leaf, &root]).order(), ChainOrder::Gap(0));
        assert_eq!(chain([&leaf, &leaf]).order(), ChainOrder::Repeated(1));
        assert_eq!(chain([&leaf, &intermediate, &leaf, &root]).order(), ChainOrder::Repeated(2));
    }

    #[test]
    fn a_heap_of_certificates_is_put_in_order() {
        let [leaf, intermediate, root] = leaf_to_root();
        let sorted = chain([&leaf, &intermediate, &root]);
        let order = |heap: Chain, has_key| heap.in_order(has_key).iter().cloned().collect::<Vec<_>>();
        let sorted: Vec<_> = sorted.iter().cloned().collect();
        assert_eq!(order(chain([&root, &leaf, &intermediate]), false), sorted);
        assert_eq!(order(chain([&intermediate, &root, &leaf]), false), sorted);
        assert_eq!(order(chain([&root]), false), std::slice::from_ref(&root));
        // Whoever has a key here is the leaf, else rather one that another has issued.
        let stranger = certificate(Template { common_name: "evil", ..Template::default() });
        let beside = [sorted.as_slice(), std::slice::from_ref(&stranger)].concat();
        assert_eq!(order(chain([&stranger, &root, &leaf, &intermediate]), false), beside);
        assert_eq!(order(chain([&stranger, &leaf]), true), [stranger, leaf]);
        assert_eq!(order(chain([&intermediate, &sorted[0], &root]), true)[0], intermediate);
    }

    #[test]
    fn a_heap_is_put_in_order_in_no_time_however_often_one_name_is_in_it() {
        let [leaf, intermediate, root] = leaf_to_root();
        let heap = [&root].into_iter().chain([&intermediate; 20_000]).chain([&leaf]).cloned().collect();
        let chain = Chain::new(heap).unwrap().in_order(false);
        assert_eq!((chain.leaf(), &chain.others()[0], chain.others().len()), (&leaf, &intermediate, 20_001));
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        let der = certificate(Template::default()).der;
        let trailing = [der.as_slice(), b"more"].concat();
        assert_eq!(Certificate::from_der(&trailing), Err(CertificateError::Trailing(4)));
        for end in 0..der.len() {
            assert_eq!(Certificate::from_der(&der[..end]), Err(CertificateError::NotACertificate));
        }
        assert_eq!(Chain::of_readable([]), (None, None));
        let unreadable = |position| ChainError::Unreadable { position, source: CertificateError::NotACertificate };
        assert_eq!(Chain::from_ders([der.as_slice(), b"junk"]).unwrap_err(), Some(unreadable(1)));
        let (chain, error) = Chain::of_readable([der.as_slice(), b"junk", &der, b"more"]);
        assert_eq!((chain.unwrap().iter().count(), error), (2, Some(unreadable(1))));
        assert_eq!(Chain::of_readable([b"junk".as_slice(), &der]), (None, Some(unreadable(0))));
    }

    #[test]
    fn fingerprints_are_read_with_and_without_colons() {
        let fingerprint = certificate(Template::default()).fingerprint();
        let text = fingerprint.to_string();
        assert_eq!(text.parse(), Ok(fingerprint));
        assert_eq!(text.replace(':', "").to_lowercase().parse(), Ok(fingerprint));
        for text in ["", "AB:CD", &text[1..], &text.replace(':', "-"), &format!("{text}00"), &text.replace('0', "g")] {
            let is_fingerprint = text.parse::<crate::x509::certificate::Fingerprint>().is_ok();
            assert!(!is_fingerprint || text == fingerprint.to_string(), "{text:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_change_of_one_byte_panics(place: proptest::sample::Index, value: u8) {
            let mut der = include_bytes!("../../tests/fixtures/x509/leaf-rsa-2048.der").to_vec();
            let place = place.index(der.len());
            der[place] = value;
            if let Ok(certificate) = Certificate::from_der(&der) {
                let _ = (certificate.to_string(), certificate.name());
            }
        }
    }
}
