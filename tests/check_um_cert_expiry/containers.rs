//! Are the containers read that OpenSSL, GnuTLS, NSS and Java write? Made by them in each test; Java's are fixtures.

use std::path::{Path, PathBuf};

use crate::support::tls::fixture;
use crate::support::{Outcome, host, plugin, run_command, skipped};
use crate::{Made, NAME, run};

const PASSPHRASE: &str = "open sesame";

/// The certificate whose date every container must have, and its key.
const NAMED: &str = "certificate 'client.example.com' expires in";

/// A place for what other programs write.
fn place() -> Made {
    Made { directory: tempfile::tempdir().unwrap() }
}

/// `file` judged with a passphrase, or without.
fn judge(file: &Path, passphrase: Option<&str>) -> Outcome {
    let mut command = plugin(NAME);
    command.arg("--file").arg(file);
    if let Some(passphrase) = passphrase {
        command.args(["--passphrase-env", "SECRET"]).env("SECRET", passphrase);
    }
    run_command(&mut command)
}

/// Has OpenSSL write `name`, in its words; `None` where it is not installed, or was built without what is asked for.
fn openssl(made: &Made, name: &str, words: &[&str]) -> Option<PathBuf> {
    let (file, [certificate, key]) =
        (made.file(name), ["client.pem", "client-key.pem"].map(|name| host::path(fixture(name))));
    let out = host::path(&file);
    let words = words.iter().map(|&word| match word {
        "@CERTIFICATE" => &certificate,
        "@KEY" => &key,
        "@OUT" => &out,
        word => word,
    });
    if !host::ran("openssl", &words.collect::<Vec<_>>()) {
        return None;
    }
    let is_made = std::fs::metadata(&file).is_ok_and(|metadata| metadata.len() > 0);
    if !is_made {
        skipped(&format!("this OpenSSL cannot write {name}"));
    }
    is_made.then_some(file)
}

/// A PKCS#12 of OpenSSL's under `passphrase`, written with more `words`.
fn pkcs12(made: &Made, passphrase: &str, words: &[&str]) -> Option<PathBuf> {
    let passphrase = format!("pass:{passphrase}");
    let usual = ["pkcs12", "-export", "-in", "@CERTIFICATE", "-inkey", "@KEY", "-passout", &passphrase, "-out", "@OUT"];
    let providers = ["-provider", "default", "-provider", "legacy"];
    openssl(made, &format!("{}.p12", words.join("")), &[usual.as_slice(), &providers, words].concat())
}

#[test]
fn pkcs12_of_openssl_in_every_encryption() {
    let made = place();
    for encryption in [
        "AES-128-CBC",
        "AES-192-CBC",
        "AES-256-CBC",
        "DES-EDE3-CBC",
        "CAMELLIA-256-CBC",
        "RC2-CBC",
        "DES-CBC",
        "PBE-SHA1-3DES",
        "PBE-SHA1-2DES",
        "PBE-SHA1-RC2-128",
        "PBE-SHA1-RC2-40",
        "PBE-SHA1-RC4-128",
        "PBE-SHA1-RC4-40",
        "PBE-SHA1-DES",
        "PBE-SHA1-RC2-64",
        "PBE-MD5-DES",
        "PBE-MD5-RC2-64",
    ] {
        let Some(file) = pkcs12(&made, PASSPHRASE, &["-certpbe", encryption]) else { continue };
        judge(&file, Some(PASSPHRASE)).assert_text(0).assert_says(NAMED);
        for wrong in [Some("shut"), None] {
            judge(&file, wrong).assert_text(3).assert_says("this PKCS#12 cannot be opened: expected its passphrase");
        }
    }
}

#[test]
fn pkcs12_of_openssl_under_every_mac() {
    let made = place();
    for digest in ["md5", "sha1", "sha224", "sha256", "sha384", "sha512", "sha512-224", "sha512-256", "sha3-256"] {
        let Some(file) = pkcs12(&made, PASSPHRASE, &["-macalg", digest]) else { continue };
        judge(&file, Some(PASSPHRASE)).assert_text(0).assert_says(NAMED);
        judge(&file, Some("shut")).assert_text(3).assert_says("expected its passphrase");
    }
    let Some(file) = pkcs12(&made, PASSPHRASE, &["-nomac"]) else { return };
    judge(&file, Some(PASSPHRASE)).assert_text(0).assert_says(NAMED);
}

#[test]
fn certificates_that_are_not_encrypted_need_no_passphrase() {
    let made = place();
    for words in [&["-certpbe", "NONE"][..], &["-certpbe", "NONE", "-keypbe", "NONE"], &["-certpbe", "NONE", "-nomac"]]
    {
        let Some(file) = pkcs12(&made, PASSPHRASE, words) else { return };
        judge(&file, None).assert_text(0).assert_says(NAMED);
        judge(&file, Some(PASSPHRASE)).assert_text(0).assert_says(NAMED);
    }
    // One that is given and wrong is said, whatever can be read without it.
    judge(&made.file("-certpbeNONE.p12"), Some("shut")).assert_text(3).assert_says("expected its passphrase");
}

#[test]
fn a_passphrase_of_any_characters() {
    let made = place();
    for (number, passphrase) in ["pässwörd", "ключ", "\u{1f511}\u{10ffff}", "€"].iter().enumerate() {
        let number = (2048 + number).to_string();
        for encryption in [&["-certpbe", "PBE-SHA1-3DES"][..], &["-certpbe", "AES-256-CBC"]] {
            let Some(file) = pkcs12(&made, passphrase, &[encryption, &["-iter", &number]].concat()) else { return };
            judge(&file, Some(passphrase)).assert_text(0).assert_says(NAMED);
            judge(&file, Some("?")).assert_text(3);
        }
    }
}

#[test]
fn no_passphrase_is_none_or_an_empty_one() {
    let made = place();
    let [certificate, key] = ["client.pem", "client-key.pem"].map(|name| host::path(fixture(name)));
    for kind in ["--null-password", "--empty-password"] {
        let out = host::path(made.file(kind));
        let files = ["--load-certificate", &certificate, "--load-privkey", &key, "--outfile", &out];
        let words = [&["--to-p12", "--p12-name", "x", "--outder", kind], files.as_slice()].concat();
        if !host::ran("certtool", &words) {
            return;
        }
        judge(&made.file(kind), None).assert_text(0).assert_says(NAMED);
        judge(&made.file(kind), Some("")).assert_text(0).assert_says(NAMED);
        judge(&made.file(kind), Some("shut")).assert_text(3);
    }
    if let Some(file) = pkcs12(&made, "", &["-certpbe", "PBE-SHA1-RC2-40"]) {
        judge(&file, None).assert_text(0).assert_says(NAMED);
    }
}

#[test]
fn pkcs12_and_pkcs7_of_gnutls() {
    let made = place();
    let [certificate, key] = ["client.pem", "client-key.pem"].map(|name| host::path(fixture(name)));
    for cipher in ["3des", "3des-pkcs12", "aes-128", "aes-192", "aes-256", "rc2-40", "arcfour"] {
        let out = host::path(made.file(cipher));
        let words = ["--to-p12", "--p12-name", "x", "--outder", "--password", PASSPHRASE, "--pkcs-cipher", cipher];
        let files = ["--load-certificate", &certificate, "--load-privkey", &key, "--outfile", &out];
        if !host::ran("certtool", &[words.as_slice(), &files].concat()) {
            return;
        }
        judge(&made.file(cipher), Some(PASSPHRASE)).assert_text(0).assert_says(NAMED);
        judge(&made.file(cipher), Some("shut")).assert_text(3).assert_says("expected its passphrase");
    }
    let out = host::path(made.file("p7b"));
    host::ran("certtool", &["--p7-generate", "--load-certificate", &certificate, "--outder", "--outfile", &out]);
    judge(&made.file("p7b"), None).assert_text(0).assert_says(NAMED);
}

/// NSS writes indefinite lengths, and strings in pieces.
#[test]
fn pkcs12_of_nss() {
    let made = place();
    let Some(imported) = pkcs12(&made, PASSPHRASE, &["-name", "x"]) else { return };
    let database = format!("sql:{}", host::path(made.directory.path()));
    if !host::ran("certutil", &["-N", "-d", &database, "--empty-password"]) {
        return;
    }
    let login = ["-d", &database, "-K", ""];
    let import = ["-i", &host::path(&imported), "-W", PASSPHRASE];
    host::ran("pk12util", &[import.as_slice(), &login].concat());
    for (number, (cipher, passphrase)) in [
        ("AES-128-CBC", PASSPHRASE),
        ("AES-256-CBC", "pässwörd"),
        ("CAMELLIA-256-CBC", PASSPHRASE),
        ("DES-EDE3-CBC", PASSPHRASE),
        ("PKCS #12 V2 PBE With SHA-1 And 128 Bit RC2 CBC", PASSPHRASE),
        ("PKCS #12 V2 PBE With SHA-1 And 3KEY Triple DES-CBC", "pässwörd"),
        ("none", PASSPHRASE),
    ]
    .into_iter()
    .enumerate()
    {
        let file = made.file(&format!("{number}.p12"));
        let export = ["-o", &host::path(&file), "-n", "x", "-C", cipher, "-W", passphrase];
        host::ran("pk12util", &[export.as_slice(), &login].concat());
        judge(&file, Some(passphrase)).assert_text(0).assert_says(NAMED);
        judge(&file, Some("shut")).assert_text(3).assert_says("expected its passphrase");
        if cipher == "none" {
            judge(&file, None).assert_text(0).assert_says(NAMED);
        }
    }
}

/// Java 17's keytool, as tests/fixtures/x509/make.sh calls it.
#[test]
fn keystores_of_java() {
    for (name, certificates) in [("java.jks", 2), ("java.jceks", 3), ("java-hmac-sha1.pfx", 3)] {
        let ran = judge(Path::new(&fixture(name)), Some(PASSPHRASE));
        ran.assert_text(0);
        assert!(ran.stdout.contains(&format!("chain_{}_days_left", certificates - 1)), "{ran:?}");
        judge(Path::new(&fixture(name)), Some("shut")).assert_text(3).assert_says("expected its passphrase");
    }
    judge(Path::new(&fixture("java.jks")), None).assert_text(0);
}

#[test]
fn pkcs7_of_openssl_that_was_written_as_a_stream() {
    let made = place();
    let message = Made::holding("message", b"hello\n");
    let message = host::path(message.file("message"));
    for form in ["DER", "PEM"] {
        let signed = ["cms", "-sign", "-stream", "-nodetach", "-binary", "-in", &message, "-signer", "@CERTIFICATE"];
        let words = [signed.as_slice(), &["-inkey", "@KEY", "-outform", form, "-out", "@OUT"]].concat();
        let Some(file) = openssl(&made, form, &words) else { return };
        judge(&file, None).assert_text(0).assert_says(NAMED);
    }
}

#[test]
fn pkcs7_under_the_label_of_a_certificate() {
    let made = place();
    let words = ["crl2pkcs7", "-nocrl", "-certfile", "@CERTIFICATE", "-out", "@OUT"];
    let Some(file) = openssl(&made, "p7b", &words) else { return };
    let text = std::fs::read_to_string(&file).unwrap();
    for label in ["CERTIFICATE", "PKCS #7 SIGNED DATA", "CMS"] {
        std::fs::write(&file, text.replace("PKCS7", label)).unwrap();
        judge(&file, None).assert_text(0).assert_says(NAMED);
    }
}

#[test]
fn a_client_key_in_every_encryption() {
    let made = place();
    let ways = [
        &["-v2", "des3"][..],
        &["-v2", "aes-128-cbc"],
        &["-v2", "camellia-256-cbc"],
        &["-v2prf", "hmacWithMD5"],
        &["-v2prf", "hmacWithSHA1"],
        &["-v2prf", "hmacWithSHA224"],
        &["-v2prf", "hmacWithSHA384"],
        &["-v2prf", "hmacWithSHA512"],
        &["-v2prf", "hmacWithSHA512-256"],
        &["-scrypt"],
        &["-v1", "PBE-SHA1-3DES"],
        &["-v1", "PBE-SHA1-RC2-128"],
        &["-v1", "PBE-MD5-DES"],
    ];
    for way in ways {
        let usual = ["pkcs8", "-topk8", "-in", "@KEY", "-passout", "pass:open sesame", "-out", "@OUT"];
        let words = [usual.as_slice(), way, &["-provider", "default", "-provider", "legacy"]].concat();
        let Some(key) = openssl(&made, &way.concat(), &words) else { continue };
        let judge = |secret: &str| {
            let mut command = plugin(NAME);
            command.args([
                "-H",
                "127.0.0.1",
                "-p",
                "1",
                "--client-certificate",
                &fixture("client.pem"),
                "--client-key",
            ]);
            run_command(command.arg(&key).args(["--passphrase-env", "SECRET"]).env("SECRET", secret))
        };
        // The key was read: what fails is the connection.
        judge(PASSPHRASE).assert_text(2).assert_says("refused");
        judge("shut").assert_text(3).assert_says("line 1: the key cannot be decrypted: expected its passphrase");
    }
}

#[test]
fn what_is_not_known_is_named_and_no_passphrase_blamed() {
    let made = place();
    let Some(file) = pkcs12(&made, PASSPHRASE, &["-certpbe", "ARIA-256-CBC"]) else { return };
    let ran = judge(&file, Some(PASSPHRASE));
    ran.assert_text(3).assert_says("is encrypted with 1.2.410.200046.1.1.12: expected AES, Camellia, DES");
}

#[test]
fn a_container_of_anchors_is_opened_with_the_passphrase() {
    let secret = Made::holding("secret", PASSPHRASE.as_bytes());
    for container in ["modern.p12", "java.jceks"] {
        let file = ["--file", &fixture("bundle.pem"), "--ca-file", &fixture(container)];
        run(&[file.as_slice(), &["--passphrase-file", &secret.path("secret")]].concat()).assert_text(0);
    }
    run(&["--file", &fixture("bundle.pem"), "--ca-file", &fixture("modern.p12")])
        .assert_text(3)
        .assert_says("modern.p12: this PKCS#12 cannot be opened: expected its passphrase");
    let wire = ["-H", "127.0.0.1", "-p", "1", "--ca-file", &fixture("modern.p12")];
    run(&[wire.as_slice(), &["--passphrase-file", &secret.path("secret")]].concat())
        .assert_text(2)
        .assert_says("refused");
}
