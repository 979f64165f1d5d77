//! Does it find the dates in every kind of file, and keep what it may not show to itself?

use std::time::Duration;

use rcgen::{CertificateParams, Issuer, KeyPair};

use crate::support::tls::fixture;
use crate::support::{Outcome, format, perfdata, plugin, run_command};
use crate::{DAY, Made, NAME, Wanted, run};

fn judge(file: &str, more: &[&str]) -> Outcome {
    let mut arguments = vec!["--file", file];
    arguments.extend(more);
    run(&arguments)
}

fn leaf_of_hours(from: i64, to: i64) -> Made {
    Made::leaf(&Wanted::new("sip.test.local", from, to))
}

#[test]
fn reads_every_format() {
    for name in ["bundle.pem", "leaf-rsa-2048.der", "chain.p7b", "chain-pem.p7b"] {
        let ran = judge(&fixture(name), &["-vvv"]);
        ran.assert_begins(0, "UM CERT EXPIRY OK - ");
        assert!(ran.stdout.contains("subject: CN=cas1.example.com"), "{ran:?}");
    }
}

#[test]
fn opens_pkcs12_with_its_passphrase_from_a_file_the_environment_or_an_ini_section() {
    let secret = Made::holding("secret", b"open sesame\n");
    let ini = Made::holding("x.ini", b"[check_um_cert_expiry]\npassphrase = open sesame\n");
    for name in ["modern.p12", "legacy.p12"] {
        let ran = judge(&fixture(name), &["--passphrase-file", &secret.path("secret"), "-vvv"]);
        ran.assert_text(0);
        assert!(ran.stdout.contains("subject: CN=cas1.example.com") && !ran.stdout.contains("sesame"), "{ran:?}");
        let mut command = plugin(NAME);
        command.args(["--file", &fixture(name), "--passphrase-env", "SECRET"]).env("SECRET", "open sesame");
        run_command(&mut command).assert_text(0);
        judge(&fixture(name), &["--extra-opts", &format!("@{}", ini.path("x.ini"))]).assert_text(0);
    }
}

#[test]
fn unknown_when_the_passphrase_is_wrong_and_no_word_of_it_shown() {
    let secret = Made::holding("secret", b"close sesame\n");
    for name in ["modern.p12", "legacy.p12"] {
        for output in [["-vvv", "--output=text"], ["-vvv", "--output=json"], ["-vvv", "--output=scom"]] {
            let ran = judge(&fixture(name), &["--passphrase-file", &secret.path("secret"), output[0], output[1]]);
            ran.assert_exit(3);
            assert!(!ran.stdout.contains("sesame") && ran.stdout.contains("cannot be opened"), "{ran:?}");
        }
        judge(&fixture(name), &[]).assert_text(3);
    }
}

#[test]
fn trust_and_name_of_a_file_are_judged_only_when_asked_for() {
    let bundle = fixture("bundle.pem");
    judge(&bundle, &[]).assert_text(0);
    judge(&bundle, &["--ca-file", &fixture("client.pem")]).assert_text(1).assert_says("not trusted");
    judge(&bundle, &["--tls-name", "cas1.example.com"]).assert_text(0);
    judge(&bundle, &["--tls-name", "cas2.example.com"]).assert_text(1).assert_says("is not for 'cas2.example.com'");
}

#[test]
fn a_90_day_certificate_by_its_lifetime() {
    judge(&leaf_of_hours(-50 * DAY, 40 * DAY).path("leaf.pem"), &["-w", "33%"]).assert_text(0);
    let made = leaf_of_hours(-61 * DAY, 29 * DAY);
    let ran = judge(&made.path("leaf.pem"), &["-w", "33%"]);
    ran.assert_begins(1, "UM CERT EXPIRY WARNING - ").assert_says("less than 33 % of its lifetime");
    assert!(ran.stdout.contains("'leaf_lifetime_left'=32.2") && ran.stdout.contains("%;33:"), "{ran:?}");
}

#[test]
fn a_90_day_certificate_under_an_authority_in_its_last_months() {
    let root = Wanted::new("root", -3_000 * DAY, 300 * DAY);
    for (left, code, says) in [(100, 0, "expires in"), (20, 1, "less than 33 % of the leaf's lifetime"), (5, 2, "10 %")]
    {
        let issuing = Wanted::new("issuing", -1_000 * DAY, left * DAY);
        let made = Made::chain(&Wanted::new("sip.test.local", -DAY, 89 * DAY), &issuing, &root);
        let chain = ["leaf.pem", "issuing.pem"].map(|name| std::fs::read_to_string(made.file(name)).unwrap()).concat();
        std::fs::write(made.file("chain.pem"), chain).unwrap();
        let ran = judge(&made.path("chain.pem"), &["-w", "33%", "-c", "10%", "--ca-file", &made.path("root.pem")]);
        ran.assert_text(code).assert_says(says);
        assert!(ran.stdout.contains(";29.7:;9:"), "{ran:?}");
    }
}

#[test]
fn critical_when_the_anchor_ends_in_two_days_that_nobody_showed() {
    let leaf = Wanted::new("sip.test.local", -DAY, 400 * DAY);
    let made = Made::chain(&leaf, &Wanted::new("issuing", -DAY, 400 * DAY), &Wanted::new("root", -90 * DAY, 2 * DAY));
    let chain = ["leaf.pem", "issuing.pem"].map(|name| std::fs::read_to_string(made.file(name)).unwrap()).concat();
    std::fs::write(made.file("chain.pem"), chain).unwrap();
    let ran = judge(&made.path("chain.pem"), &["--ca-file", &made.path("root.pem")]);
    ran.assert_begins(2, "UM CERT EXPIRY CRITICAL - trust anchor 'root' expires in 2.0 days");
    assert!(perfdata::value(ran.first_line(), "days_left").unwrap() < 2.1, "{ran:?}");
    assert!(perfdata::value(ran.first_line(), "anchor_days_left").unwrap() < 2.1, "{ran:?}");
}

#[test]
fn a_6_day_certificate_by_hours() {
    judge(&leaf_of_hours(-DAY, 5 * DAY).path("leaf.pem"), &["-w", "48h", "-c", "24h"]).assert_text(0);
    judge(&leaf_of_hours(-DAY, 5 * DAY).path("leaf.pem"), &["-w", "48h"]).assert_text(0);
    judge(&leaf_of_hours(-5 * DAY, 47).path("leaf.pem"), &["-w", "48h", "-c", "24h"]).assert_text(1);
    let ran = judge(&leaf_of_hours(-5 * DAY, 23).path("leaf.pem"), &["-w", "48h", "-c", "24h"]);
    ran.assert_text(2).assert_says("expires in 23 hours").assert_says("less than 24 hours");
}

#[test]
fn critical_when_not_yet_valid() {
    let made = leaf_of_hours(2 * DAY, 90 * DAY);
    judge(&made.path("leaf.pem"), &[]).assert_text(2).assert_says("is not valid yet: its validity begins in 2.0 days");
}

#[test]
fn of_several_files_the_worst_is_named() {
    let (soon, late) = (leaf_of_hours(-DAY, 10 * DAY), leaf_of_hours(-DAY, 90 * DAY));
    let ran = judge(&late.path("leaf.pem"), &["--file", &soon.path("leaf.*"), "--file", &fixture("client.pem")]);
    ran.assert_begins(2, &format!("UM CERT EXPIRY CRITICAL - {}: certificate ", soon.path("leaf.der")));
    // Of the two leaf.pem each has its directory before it, wherever it stands.
    let [late, soon] = [&late, &soon].map(|made| {
        let name = made.directory.path().file_name().unwrap().to_str().unwrap().to_ascii_lowercase();
        format!("days_left_{}_leaf_pem", name.replace('.', "_"))
    });
    let labels = ["days_left", &late, "days_left_leaf_der", &soon, "days_left_client_pem"];
    assert_eq!(perfdata::labels(ran.first_line()), labels);
    assert!(perfdata::value(ran.first_line(), "days_left").unwrap() < 11.0);
}

#[test]
fn one_unreadable_file_among_good_ones_is_unknown() {
    let ran = judge(&fixture("client.pem"), &["--file", "/nowhere/x.pem"]);
    ran.assert_text(3).assert_says("/nowhere/x.pem").assert_says("client.example.com");
    assert_eq!(perfdata::value(ran.first_line(), "days_left_x_pem"), None);
}

/// As whoever may not look into it: an agent beside the services' own directories.
#[test]
#[cfg(unix)]
fn unknown_when_a_directory_on_the_way_to_a_file_has_no_rights() {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;

    let (good, expired) = (leaf_of_hours(-DAY, 90 * DAY), leaf_of_hours(-90 * DAY, -DAY));
    let made = tempfile::tempdir().unwrap();
    for (name, of) in [("a", &good), ("b", &expired)] {
        fs::create_dir(made.path().join(name)).unwrap();
        fs::copy(of.file("leaf.pem"), made.path().join(name).join("cert.pem")).unwrap();
    }
    let rights = |name: &str, mode| fs::set_permissions(made.path().join(name), Permissions::from_mode(mode)).unwrap();
    rights("", 0o755);
    rights("b", 0);
    for pattern in ["*/cert.pem", "*/*.pem", "?/cert.*"] {
        let mut command = plugin(NAME);
        if fs::read_dir(made.path().join("b")).is_ok() {
            // Whom no right is denied becomes nobody, who may not look for the plugin where it is.
            let program = made.path().join("plugin");
            fs::copy(command.get_program(), &program).unwrap();
            command = std::process::Command::new(program);
            command.uid(65_534).gid(65_534);
        }
        command.arg("--file").arg(made.path().join(pattern));
        let ran = run_command(&mut command);
        ran.assert_text(3).assert_says(&format!("{}/b", made.path().display())).assert_says("ermission denied");
        assert!(ran.stdout.contains("expires in"), "{ran:?}");
    }
    rights("b", 0o755);
}

#[test]
fn unknown_when_a_file_holds_no_certificate() {
    let junk = b"-----BEGIN CERTIFICATE-----\nAQIDBAUG\n-----END CERTIFICATE-----\n".as_slice();
    for (content, said) in [
        (b"".as_slice(), "the file is empty"),
        (junk, "line 1: this PEM block is not an X.509 certificate"),
        (b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n", "line 1: expected base64"),
        (b"-----BEGIN CERTIFICATE-----\nAQID\n", "line 1: expected an END line"),
        (&[0; 5_000], "expected a certificate in PEM, DER, PKCS#7 or PKCS#12"),
    ] {
        let made = Made::holding("x.pem", content);
        judge(&made.path("x.pem"), &[]).assert_text(3).assert_says(said);
    }
    let directory = tempfile::tempdir().unwrap();
    judge(directory.path().to_str().unwrap(), &[]).assert_text(3).assert_says("cannot read");
    judge(&format!("{}/*.pem", directory.path().display()), &[]).assert_text(3).assert_says("no file matches");
}

#[test]
fn unknown_in_no_time_when_a_file_is_huge() {
    let made = Made::holding("huge.pem", &vec![b'A'; 20_000_000]);
    let ran = judge(&made.path("huge.pem"), &[]);
    ran.assert_text(3).assert_says("is larger than 4194304 bytes").assert_within(Duration::from_millis(500));
}

#[test]
fn ten_thousand_names_are_not_recited() {
    let made = Made::leaf(&Wanted { alternatives: 10_000, ..Wanted::new("sip.test.local", -DAY, 90 * DAY) });
    let ran = judge(&made.path("leaf.pem"), &["--tls-name", "other.example", "-vvv"]);
    ran.assert_text(1).assert_says("and 9996 more").assert_within(Duration::from_secs(3));
}

#[test]
fn no_option_shows_a_word_of_a_file_that_it_cannot_use() {
    let shadow = Made::holding("shadow", b"root:$6$salt$hash:19000:0:99999:7:::\n");
    let path = shadow.path("shadow");
    let (bundle, p12, client) = (fixture("bundle.pem"), fixture("modern.p12"), fixture("client.pem"));
    let lines: [&[&str]; 6] = [
        &["--file", &path],
        &["--file", &bundle, "--ca-file", &path],
        &["--file", &p12, "--passphrase-file", &path],
        &["-H", "127.0.0.1", "-p", "1", "--client-certificate", &path],
        &["-H", "127.0.0.1", "-p", "1", "--client-certificate", &client, "--client-key", &path],
        &[&format!("--extra-opts=@{path}")],
    ];
    for line in lines {
        let ran = run(&[line, &["-vvv"]].concat());
        ran.assert_exit(3);
        assert!(!ran.stdout.contains("root:") && !ran.stdout.contains("hash"), "{ran:?}");
    }
}

#[test]
fn usage_errors_name_what_is_wrong() {
    run(&[]).assert_text(3).assert_says("is missing: expected -H HOST, --file FILE or --store LOCATION\\NAME");
    for of_a_host in [["--port", "5061"], ["--client-certificate", "x"]] {
        let ran = run(&[&["--file", "x"], of_a_host.as_slice()].concat());
        ran.assert_text(3).assert_says(&format!("{}: expected --hostname too", of_a_host[0]));
    }
    run(&["--file", "x", "-H", "localhost"]).assert_text(3).assert_says("exclude each other");
    run(&["-H", "localhost", "-w", "30d"]).assert_text(3).assert_says("'30d' is not an expiry threshold");
    run(&["-H", "localhost", "--fingerprint", "ab:cd"]).assert_text(3).assert_says("64 hexadecimal digits");
}

#[test]
fn every_metric_is_null_when_nothing_could_be_read() {
    let line = ["-H", "127.0.0.1", "--ca-file", "/nowhere/ca.pem"];
    let ran = run(&line);
    ran.assert_text(3).assert_says("/nowhere/ca.pem");
    assert_eq!(perfdata::labels(ran.first_line()), [""; 0]);
    let json = format::assert_json(&run(&[line.as_slice(), &["--output", "json"]].concat()).stdout);
    for label in ["days_left", "leaf_days_left", "leaf_lifetime_left"] {
        assert!(
            json["metrics"][label]["value"].is_null() && json["metrics"][label]["uom"].is_string(),
            "{label}: {json}"
        );
    }
}

#[test]
#[cfg(not(windows))]
fn unknown_when_a_store_is_asked_for_where_only_windows_has_one() {
    for more in [&[][..], &["--thumbprint", "\u{200e}a9 99 3e 36 47 06 81 6a ba 3e 25 71 78 50 c2 6c 9c d0 d8 9d"]] {
        let ran = run(&[&["--store", "LocalMachine\\My"], more].concat());
        ran.assert_begins(
            3,
            "UM CERT EXPIRY UNKNOWN - --store: expected --hostname or --file, because only Windows has",
        );
    }
}

#[test]
fn unknown_when_a_store_is_asked_for_in_a_wrong_way() {
    for (arguments, words) in [
        (
            &["--store", "My"][..],
            "--store: 'My' is not a certificate store: expected LocalMachine\\NAME or CurrentUser\\NAME",
        ),
        (&["--store", "LocalMachine\\My", "--thumbprint", "A9993E"], "--thumbprint: 'A9993E' is not a thumbprint"),
        (&["--store", "LocalMachine\\My", "--subject", ""], "--subject"),
        (&["--store", "LocalMachine\\My", "--file", "x"], "exclude each other"),
        (&["--store", "LocalMachine\\My", "-H", "localhost"], "exclude each other"),
        (&["-H", "localhost", "--thumbprint", "A9993E364706816ABA3E25717850C26C9CD0D89D"], "--store"),
        (&["--file", "x", "--subject", "cas1"], "--store"),
    ] {
        run(arguments).assert_text(3).assert_says(words);
    }
}

#[test]
fn of_two_paths_in_a_file_the_shorter_one_is_judged_by_whoever_judges_the_path() {
    let [key, issuing_key, middle_key, root_key] = [(); 4].map(|()| KeyPair::generate().unwrap());
    let leaf = Wanted::new("sip.test.local", -DAY, 90 * DAY).params(false);
    let [issuing, middle, root] = [("Issuing CA", 400), ("Middle CA", 5), ("Root CA", 900)]
        .map(|(name, days)| Wanted::new(name, -DAY, days * DAY).params(true));
    let signed = |params: &CertificateParams, key: &KeyPair, issuer: &CertificateParams, by: &KeyPair| {
        params.signed_by(key, &Issuer::from_params(issuer, by)).unwrap().pem()
    };
    let made = Made::holding("root.pem", root.self_signed(&root_key).unwrap().pem().as_bytes());
    let chain = [
        signed(&leaf, &key, &issuing, &issuing_key),
        signed(&issuing, &issuing_key, &middle, &middle_key),
        signed(&middle, &middle_key, &root, &root_key),
        signed(&issuing, &issuing_key, &root, &root_key),
    ];
    std::fs::write(made.file("chain.pem"), chain.concat()).unwrap();
    let trust = ["--ca-file", &made.path("root.pem")];
    judge(&made.path("chain.pem"), &trust).assert_text(2).assert_says("'Middle CA'");
    judge(&made.path("chain.pem"), &[&trust[..], &["--judge", "path"]].concat()).assert_text(0);
}
