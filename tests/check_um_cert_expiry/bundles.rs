//! What of a file with many certificates, some of them broken? Everything that can be read is judged, and the rest is named.

#[cfg(unix)]
use crate::NAME;
use crate::support::tls::fixture;
use crate::support::{Outcome, replaced};
#[cfg(unix)]
use crate::support::{plugin, skipped};
use crate::{DAY, Made, Wanted, run};

fn judge(content: &[u8]) -> Outcome {
    let made = Made::holding("bundle.pem", content);
    run(&["--file", &made.path("bundle.pem")])
}

/// The PEM of a certificate that has so many days left.
fn pem(days: i64) -> String {
    let made = Made::leaf(&Wanted::new("sip.test.local", -400 * DAY, days * DAY));
    std::fs::read_to_string(made.file("leaf.pem")).unwrap()
}

/// An element of DER.
fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let contents = parts.concat();
    let length = contents.len().to_be_bytes();
    let length = &length[length.iter().take_while(|&&byte| byte == 0).count()..];
    let header = match contents.len() {
        short @ ..128 => vec![tag, u8::try_from(short).unwrap()],
        _ => [&[tag, 0x80 | u8::try_from(length.len()).unwrap()], length].concat(),
    };
    [header, contents].concat()
}

/// As small as a certificate can be, valid from 2024 to `end`; with a subject, and alternative names of one letter.
fn certificate(subject: &[u8], names: usize, end: &str) -> Vec<u8> {
    let ed25519 = element(0x30, &[&[6, 3, 0x2b, 0x65, 0x70]]);
    let key = element(0x30, &[&ed25519, &element(3, &[&[0; 33]])]);
    let validity = element(0x30, &[&element(0x17, &[b"240101000000Z"]), &element(0x17, &[end.as_bytes()])]);
    let names = element(0x30, &[&[0x82, 1, b'a'].repeat(names)]);
    let alternative = element(0x30, &[&element(0x30, &[&[6, 3, 0x55, 0x1d, 0x11], &element(4, &[&names])])]);
    let (issuer, subject) = (element(0x30, &[]), element(0x30, &[subject]));
    let begin = [0xa0, 3, 2, 1, 2, 2, 1, 1];
    let parts = [&begin, ed25519.as_slice(), &issuer, &validity, &subject, &key, &element(0xa3, &[&alternative])];
    element(0x30, &[&element(0x30, &parts), &ed25519, &[3, 2, 0, 1]])
}

/// `CN=TEXT`.
fn common_name(text: &str) -> Vec<u8> {
    element(0x31, &[&element(0x30, &[&[6, 3, 0x55, 4, 3], &element(12, &[text.as_bytes()])])])
}

fn block(der: &[u8]) -> String {
    format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", data_encoding::BASE64.encode(der))
}

/// A PKCS#7 that carries these.
fn pkcs7(certificates: &[Vec<u8>]) -> Vec<u8> {
    let data = [0x30, 0x0b, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 1];
    let signed = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2];
    let certificates = element(0xa0, &[&certificates.concat()]);
    let signed_data = element(0x30, &[&[2, 1, 1, 0x31, 0], &data, &certificates, &[0x31, 0]]);
    element(0x30, &[&signed, &element(0xa0, &[&signed_data])])
}

const END: &str = "490101000000Z";

#[test]
fn one_broken_certificate_is_named_and_the_others_are_judged() {
    let (good, soon) = (pem(300), pem(10));
    let third = 2 * good.lines().count() + 1;
    for (broken, said) in [
        (replaced(&good, "\nMII", "\n!II"), "expected base64 up to the END line"),
        (replaced(&good, "\nMII", "\nAAA"), "this PEM block is not an X.509 certificate in DER"),
        (replaced(&good, "-----END CERTIFICATE-----", ""), "expected an END line for this PEM block"),
        (replaced(&good, "-----END CERT", "-----END TRUSTED CERT"), "expected an END line for this PEM block"),
        (replaced(&good, "-----BEGIN", "----BEGIN"), "expected -----BEGIN, a label and ----- in a line of their own"),
        (
            block(&certificate(&[], 1, "490230000000Z")),
            "this PEM block is an X.509 certificate with a date that does not exist",
        ),
    ] {
        // The worst of the rest decides, and the unreadable one is said all the same.
        let ran = judge([good.as_str(), &good, &broken, &soon].concat().as_bytes());
        ran.assert_text(2).assert_says("expires in 10 days");
        assert!(ran.stdout.contains(&format!("bundle.pem: line {third}: {said}")), "{ran:?}");
        let ran = judge([good.as_str(), &good, &broken, &good].concat().as_bytes());
        ran.assert_text(3).assert_says(&format!("line {third}: {said}"));
        assert!(ran.stdout.contains("'chain_2_days_left'=300."), "{ran:?}");
    }
}

/// What `cat a.pem b.pem` makes where the first has no line feed at its end: OpenSSL, and so the server, reads none of it.
#[test]
fn two_files_glued_together_are_named_and_never_ok() {
    let (good, expired) = (pem(300), pem(-3));
    let line = good.lines().count() + 1;
    let ran = judge([good.as_str(), good.trim_end(), &expired, &good].concat().as_bytes());
    ran.assert_text(3).assert_says(&format!("line {line}: expected an END line for this PEM block"));
    let made = Made::holding("ca.pem", [good.trim_end(), &expired].concat().as_bytes());
    let ran = run(&["--file", &fixture("client.pem"), "--ca-file", &made.path("ca.pem")]);
    ran.assert_text(3).assert_says("line 1: expected an END line for this PEM block");
}

#[test]
fn a_broken_certificate_of_a_pkcs7_is_named_by_its_number() {
    let good = |name| certificate(&common_name(name), 1, END);
    let ran = judge(&pkcs7(&[good("a"), element(0x30, &[&[5, 0]]), good("b")]));
    ran.assert_text(3).assert_says("certificate 2 in this file is not an X.509 certificate in DER");
    assert!(ran.stdout.contains("'chain_1_days_left'="), "{ran:?}");
}

#[test]
fn of_many_broken_certificates_a_few_are_named() {
    let ran = judge((pem(300) + &block(b"junk").repeat(1_000)).as_bytes());
    ran.assert_text(3).assert_says("and 997 more");
}

#[test]
fn a_date_that_the_calendar_has_not_is_called_that() {
    for date in ["490230000000Z", "491301000000Z", "4902290000Z", "yesterday"] {
        let ran = judge(&certificate(&[], 1, date));
        ran.assert_text(3).assert_says("an X.509 certificate with a date that does not exist");
    }
}

#[test]
fn more_than_a_thousand_certificates_are_judged() {
    let certificates: Vec<_> =
        (0..3_000).map(|number| certificate(&common_name(&format!("{number:04}")), 1, END)).collect();
    let soon = std::fs::read(Made::leaf(&Wanted::new("x", -DAY, 10 * DAY)).file("leaf.der")).unwrap();
    let all = [certificates, vec![soon]].concat();
    let text: String = all.iter().map(|der| block(der)).collect();
    for content in [text.as_bytes(), &all.concat(), &pkcs7(&all)] {
        judge(content).assert_text(2).assert_says("expires in 10 days");
    }
}

#[test]
fn whatever_follows_a_certificate_is_said_unless_it_is_blank() {
    let der = std::fs::read(fixture("leaf-rsa-2048.der")).unwrap();
    judge(&[der.as_slice(), b"\r\n"].concat()).assert_text(0);
    judge(&[der.as_slice(), b"\0more"].concat())
        .assert_text(3)
        .assert_says("certificate 2 in this file is not an X.509");
}

/// In a PKCS#7 the DER decides the order, so that a stranger may come first.
#[test]
fn a_self_signed_stranger_beside_a_good_chain_is_not_its_leaf_and_is_said() {
    let made = Made::chain(
        &Wanted::new("good", -DAY, 90 * DAY),
        &Wanted::new("b", -DAY, 90 * DAY),
        &Wanted::new("c", -DAY, 90 * DAY),
    );
    let stranger = std::fs::read(Made::leaf(&Wanted::new("evil", -DAY, 95 * DAY)).file("leaf.der")).unwrap();
    let [leaf, issuing] = ["leaf", "issuing"].map(|name| {
        let pem = std::fs::read_to_string(made.file(&format!("{name}.pem"))).unwrap();
        let lines: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        data_encoding::BASE64.decode(lines.as_bytes()).unwrap()
    });
    let beside = "1 certificate beside the path to the trust anchor is not judged for trust";
    let text = [&leaf, &issuing, &stranger].map(|der| block(der)).concat();
    for content in [pkcs7(&[stranger.clone(), issuing, leaf]), text.into_bytes()] {
        std::fs::write(made.file("heap"), content).unwrap();
        let ran = run(&["--file", &made.path("heap"), "--ca-file", &made.path("root.pem")]);
        ran.assert_begins(0, "UM CERT EXPIRY OK - certificate").assert_says(beside);
        assert!(ran.stdout.contains("'leaf_days_left'=90"), "{ran:?}");
        // Without anchors there is nothing to say of a way to one.
        let alone = run(&["--file", &made.path("heap")]);
        alone.assert_begins(0, "UM CERT EXPIRY OK - certificate");
        assert!(!alone.stdout.contains("beside"), "{alone:?}");
    }
}

/// As the kernel counts it: at most 32 MB, whatever an accepted file has in it.
#[test]
#[cfg(unix)]
fn no_accepted_file_takes_more_than_32_megabytes() {
    let names = certificate(&[], 9, END);
    let distinct = |number| certificate(&common_name(&format!("{number:05}")), 9, END);
    let distinct: Vec<_> = (0..10_000).map(distinct).collect();
    let many_parts = certificate(&common_name("x").repeat(19_000), 1, END);
    let good = block(&names);
    let files: [(&str, Vec<u8>); 8] = [
        ("empty blocks", ("-----BEGIN A-----\n-----END A-----\n".repeat(120_000) + &good).into_bytes()),
        ("begins", ("-----BEGIN A-----\n".repeat(230_000) + &good).into_bytes()),
        ("10,000 certificates", good.repeat(10_000).into_bytes()),
        ("10,000 certificates without order", pkcs7(&distinct)),
        ("one with 80,000 names", certificate(&[], 80_000, END)),
        ("long subjects", pkcs7(&vec![many_parts; 15])),
        (
            "a large key",
            [
                b"-----BEGIN PRIVATE KEY-----\n",
                "AAAA".repeat(1_000_000).as_bytes(),
                b"\n-----END PRIVATE KEY-----\n",
                good.as_bytes(),
            ]
            .concat(),
        ),
        ("blank lines", ["\n".repeat(4_100_000), good.clone()].concat().into_bytes()),
    ];
    for (what, content) in files {
        let made = Made::holding("x", &content);
        let Some((peak, said)) = peak(&[&made.path("x")]) else { return };
        assert!(said.contains(" expires in ") && peak < 32 * 1024, "{what}: {peak} kB, {said}");
    }
}

/// The most memory that it takes to judge `files`, in kB, and what is said of them.
#[cfg(unix)]
fn peak(files: &[&str]) -> Option<(u64, String)> {
    let mut measured = std::process::Command::new("/usr/bin/time");
    measured.args(["-f", "%M kB"]).arg(plugin(NAME).get_program());
    measured.args(files.iter().flat_map(|file| ["--file", file]));
    let Ok(output) = measured.output() else {
        skipped("/usr/bin/time is not installed");
        return None;
    };
    let measured = String::from_utf8_lossy(&output.stderr);
    let peak = measured.trim().rsplit('\n').next().unwrap().strip_suffix(" kB").unwrap().parse().unwrap();
    Some((peak, String::from_utf8_lossy(&output.stdout).into_owned()))
}

#[test]
#[cfg(unix)]
fn many_files_take_no_more_than_one() {
    let made = Made::holding("x.der", &certificate(&[], 80_000, END));
    for number in 0..40 {
        std::fs::copy(made.file("x.der"), made.file(&format!("{number}.der"))).unwrap();
    }
    let Some((of_one, _)) = peak(&[&made.path("x.der")]) else { return };
    let Some((of_all, said)) = peak(&[&made.path("*.der")]) else { return };
    assert!(of_all < of_one + 8 * 1024, "{of_one} kB of one, {of_all} kB of 41: {said}");
    assert!(said.contains("'days_left_39_der'="), "{said}");
}

#[test]
fn more_than_is_meant_to_be_judged_is_refused() {
    let one = block(&certificate(&[], 1, END));
    judge(one.repeat(10_001).as_bytes()).assert_text(3).assert_says("expected at most 10000 certificates");
    let names = block(&certificate(&[], 60_000, END));
    judge(names.repeat(2).as_bytes()).assert_text(3).assert_says("100000 alternative names in all");
    let long = certificate(&[], 90_000, END);
    judge(&long).assert_text(3).assert_says("bytes long: expected an X.509 certificate of at most 262144");
}

#[test]
fn a_file_of_anchors_without_a_certificate_is_unreadable() {
    let junk = block(b"junk");
    let made = Made::holding("ca.pem", junk.as_bytes());
    let leaf = fixture("client.pem");
    for (content, said) in [
        (junk.as_bytes(), "line 1: this PEM block is not an X.509 certificate in DER"),
        (b"", "the file is empty"),
        (b"root:x:0:0", "line 1: expected a certificate in PEM"),
        (
            b"-----BEGIN X509 CRL-----\nAQID\n-----END X509 CRL-----\n",
            "line 1: expected at least one PEM block CERTIFICATE",
        ),
    ] {
        std::fs::write(made.file("ca.pem"), content).unwrap();
        let ran = run(&["--file", &leaf, "--ca-file", &made.path("ca.pem")]);
        ran.assert_text(3).assert_says(&format!("{}: {said}", made.path("ca.pem")));
        run(&["-H", "127.0.0.1", "-p", "1", "--ca-file", &made.path("ca.pem")]).assert_text(3).assert_says(said);
    }
}

/// A root, and what it issued, for an anchor in any format.
#[test]
fn anchors_are_read_in_every_format() {
    let made = Made::chain(
        &Wanted::new("a", -DAY, 90 * DAY),
        &Wanted::new("b", -DAY, 90 * DAY),
        &Wanted::new("c", -DAY, 90 * DAY),
    );
    let [leaf, issuing, root] =
        ["leaf", "issuing", "root"].map(|name| std::fs::read_to_string(made.file(&format!("{name}.pem"))).unwrap());
    std::fs::write(made.file("chain.pem"), leaf.clone() + &issuing).unwrap();
    let lines: String = root.lines().filter(|line| !line.starts_with('-')).collect();
    let der = data_encoding::BASE64.decode(lines.as_bytes()).unwrap();
    let judge = |content: &[u8]| {
        std::fs::write(made.file("ca"), content).unwrap();
        run(&["--file", &made.path("chain.pem"), "--ca-file", &made.path("ca")])
    };
    // Servers are among the trusted uses, or the rejected ones, or neither.
    let servers = [6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 1];
    let settings = |tag| element(0x30, &[&element(tag, &[&servers])]);
    let trusted = |settings: &[u8]| replaced(&block(&[&der, settings].concat()), "CERTIFICATE", "TRUSTED CERTIFICATE");
    let junk = block(b"junk");
    for content in [
        root.as_bytes(),
        &der,
        &pkcs7(std::slice::from_ref(&der)),
        replaced(&block(&pkcs7(std::slice::from_ref(&der))), "CERTIFICATE", "PKCS7").as_bytes(),
        trusted(&[]).as_bytes(),
        trusted(&settings(0x30)).as_bytes(),
        // One that cannot be read does not make the others unknown.
        (junk + &root).as_bytes(),
        // A leaf that is to be pinned.
        leaf.as_bytes(),
    ] {
        judge(content).assert_text(0);
    }
    judge(trusted(&settings(0xa0)).as_bytes())
        .assert_text(1)
        .assert_says("none of the certificates given can be a trust anchor for servers");
    judge((trusted(&settings(0xa0)) + &pem(300)).as_bytes()).assert_text(1).assert_says("not trusted");
    // A leaf that its own settings reject is one that was given as bad, not as good.
    let lines: String = leaf.lines().filter(|line| !line.starts_with('-')).collect();
    let leaf_der = data_encoding::BASE64.decode(lines.as_bytes()).unwrap();
    let mail = element(0x30, &[&element(0x30, &[&[6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 4]])]);
    for settings in [settings(0xa0), mail] {
        let rejected = replaced(&block(&[leaf_der.clone(), settings].concat()), "CERTIFICATE", "TRUSTED CERTIFICATE");
        for content in [rejected.clone(), rejected.clone() + &root, rejected + &leaf] {
            judge(content.as_bytes()).assert_text(1).assert_says("the file of trust anchors rejects 'a' for servers");
        }
    }
    // And judged by themselves they are certificates like any other.
    std::fs::write(made.file("trusted.pem"), trusted(&settings(0xa0))).unwrap();
    run(&["--file", &made.path("trusted.pem")]).assert_text(0);
}
