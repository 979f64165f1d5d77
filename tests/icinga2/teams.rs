//! Does the page's example of Teams Direct Routing do what it says? Its very objects, against a peer that is as strict as Microsoft's.

use std::io::Write;
use std::sync::Arc;

use rcgen::{BasicConstraints, Certificate, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::crypto::ring;
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig, ServerConnection, StreamOwned};
use sha2::{Digest, Sha256};

use super::node::{self, Scratch};
use super::sip_server::everything;
use super::support::peer::{Peer, read_request, response};
use super::support::root;

#[test]
fn the_example_of_teams_is_answered_and_what_it_guards_against_is_told() {
    if !node::is_installed() {
        return;
    }
    let scratch = Scratch::new("icinga.example.com");
    let theirs = Authority::new();
    let ours = Authority::new();
    let peer = direct_routing(&theirs, &ours);
    let (certificate, key) = ours.issue(&["sbc1.example.com"]);
    scratch.write("sbc1.pem", &certificate.pem());
    scratch.write("sbc1.key", &key.serialize_pem());
    scratch.write("ca.pem", &theirs.certificate.pem());
    let fingerprint: String =
        Sha256::digest(theirs.certificate.der()).iter().map(|byte| format!("{byte:02x}")).collect();
    let here = |object: &str| {
        let more = format!(
            "  vars.sip_server.tls_port = {}\n  vars.um_sip_options_ca_file = \"{ca}\"\n  vars.um_cert_expiry_ca_file = \"{ca}\"\n}}\n",
            peer.port(),
            ca = scratch.path("ca.pem").display(),
        );
        let (object, _) = object.rsplit_once('}').unwrap();
        let address = "address = \"sip.pstnhub.microsoft.com\"";
        assert!(object.contains(address), "{object}");
        let object = object.replace(address, "address = \"127.0.0.1\"");
        object.replace("/etc/icinga2/", scratch.path("").to_str().unwrap()) + &more
    };
    let page = here(&example()).replace(DIGICERT, &fingerprint);
    let another = |name: &str, from: &str, to: &str| {
        assert!(page.contains(from), "{page}");
        page.replace(&format!("object Host \"{TEAMS}\""), &format!("object Host \"{name}\"")).replace(from, to)
    };
    let hosts = [
        page.clone(),
        another(
            "contact.example",
            "contact = \"sip:sbc1.example.com:5061;transport=tls\"",
            "contact = \"sip:127.0.0.1\"",
        ),
        another("anchor.example", &fingerprint, DIGICERT),
        another("certificate.example", "vars.um_sip_options_client_", "vars.ignored_"),
    ];
    scratch.configure(&(everything() + &hosts.concat()));
    let node = scratch.start();
    for (service, begins, says) in [
        (format!("{TEAMS}!sip-options-tls"), "UM SIP OPTIONS OK - 200 OK from ", ""),
        (format!("{TEAMS}!sip-certificate"), "UM CERT EXPIRY OK - certificate '", "expires in "),
        ("contact.example!sip-options-tls".to_owned(), "UM SIP OPTIONS CRITICAL - 403 ", ""),
        ("anchor.example!sip-certificate".to_owned(), "UM CERT EXPIRY ", "anchor"),
        ("certificate.example!sip-options-tls".to_owned(), "UM SIP OPTIONS WARNING - ", "client certificate"),
    ] {
        let result = node.check(&service);
        let output = result["output"].as_str().unwrap();
        assert!(output.starts_with(begins) && output.contains(says), "{service}: {result:#}");
        assert_eq!(result["state"] == 0.0, service.starts_with(TEAMS), "{service}: {result:#}");
    }
}

/// The object of the page for Microsoft's side.
fn example() -> String {
    let page = std::fs::read_to_string(root().join("integrations/icinga2/README.md")).unwrap();
    let (_, from) = page.split_once(&format!("object Host \"{TEAMS}\" {{")).unwrap();
    let (object, _) = from.split_once("\n}\n").unwrap();
    format!("object Host \"{TEAMS}\" {{{object}\n}}\n")
}

/// A peer that speaks to nobody without a certificate of the other authority, and answers to a paired controller only, which it
/// knows by the name in Contact and From.
fn direct_routing(theirs: &Authority, ours: &Authority) -> Peer {
    let (certificate, key) = theirs.issue(&[TEAMS, "contact.example", "anchor.example", "certificate.example"]);
    let mut clients = RootCertStore::empty();
    clients.add(ours.certificate.der().clone()).unwrap();
    let provider = Arc::new(ring::default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(clients), Arc::clone(&provider)).build().unwrap();
    let chain = vec![certificate.der().clone(), theirs.certificate.der().clone()];
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key.serialize_der().try_into().unwrap())
        .unwrap();
    let config = Arc::new(config);
    Peer::tcp(move |stream| {
        let mut tls = StreamOwned::new(ServerConnection::new(Arc::clone(&config)).unwrap(), stream);
        while let Some(request) = read_request(&mut tls) {
            let is_paired = request.contains("\r\nContact: <sip:sbc1.example.com:5061;transport=tls>\r\n")
                && request.contains("\r\nFrom: <sip:sbc1.example.com>;");
            let status = if is_paired { "SIP/2.0 200 OK" } else { "SIP/2.0 403 Forbidden" };
            let _ = tls.write_all(&response(&request, status, ""));
        }
    })
}

/// Who signs certificates.
struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self { certificate, issuer: Issuer::new(params, key) }
    }

    fn issue(&self, names: &[&str]) -> (Certificate, KeyPair) {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let key = KeyPair::generate().unwrap();
        (params.signed_by(&key, &self.issuer).unwrap(), key)
    }
}

const TEAMS: &str = "sip.pstnhub.microsoft.com";

/// The anchor that the page expects.
const DIGICERT: &str = "cb3ccbb76031e5e0138f8dd39a23f9de47ffc35e43c1144cea27d46a5ab1cb5f";
