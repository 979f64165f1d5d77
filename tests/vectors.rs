//! Are the dates of other people's files the ones that OpenSSL finds? The test vectors of pyca/cryptography, file by file.
//!
//! All of them where `CHECK_UM_VECTORS` names the directory of the Python package `cryptography_vectors`
//! (`pip download --no-deps cryptography_vectors`, and unpacked); else the few in tests/fixtures/vectors.
//!
//! | Only on Unix | Because                                                                |
//! |--------------|------------------------------------------------------------------------|
//! | all of it    | what is read is no system's own, and Wine cannot wait for an OpenSSL of its host |

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panic")]

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use check_um::door::container::bundle;
use support::{root, skipped};
use time::PrimitiveDateTime;
use time::macros::format_description;

/// The first and the last second of a validity, in Unix time.
type Dates = (i64, i64);

#[test]
fn dates_equal_those_that_openssl_finds() {
    if Command::new("openssl").arg("version").output().is_err() {
        return skipped("openssl is not installed");
    }
    let directory = std::env::var_os("CHECK_UM_VECTORS").map(PathBuf::from);
    let directory = directory.unwrap_or_else(|| root().join("tests/fixtures/vectors"));
    let (mut files, mut certificates, mut differences) = (0, 0, Vec::new());
    for file in ["pkcs7", "pkcs12", "x509"].iter().flat_map(|part| files_in(&directory.join(part))) {
        files += 1;
        let name = file.strip_prefix(&directory).unwrap().to_str().unwrap().to_owned();
        let (passphrase, theirs) = by_openssl(&file);
        let ours = by_us(&file, passphrase);
        certificates += theirs.len();
        let is_excused = EXCUSED.iter().any(|(excused, _)| name == *excused);
        if !theirs.is_empty() && ours.as_ref() != Ok(&theirs) && !is_excused {
            differences.push(format!("{name}: OpenSSL has {theirs:?}, we {ours:?}"));
        }
    }
    assert!(
        files >= 20 && certificates >= 20,
        "{files} files with {certificates} certificates that OpenSSL reads in {}",
        directory.display()
    );
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

fn by_us(file: &Path, passphrase: Option<&str>) -> Result<Vec<Dates>, String> {
    let bundle = bundle::read(&std::fs::read(file).unwrap(), passphrase).map_err(|error| error.to_string())?;
    let mut dates: Vec<_> =
        bundle.certificates.iter().map(|one| (one.certificate.not_before, one.certificate.not_after)).collect();
    dates.sort_unstable();
    bundle.unread().map_or(Ok(dates), Err)
}

/// The passphrase that OpenSSL takes, and what it finds.
fn by_openssl(file: &Path) -> (Option<&'static str>, Vec<Dates>) {
    for passphrase in [None, Some("cryptography"), Some("password")] {
        let given = format!("pass:{}", passphrase.unwrap_or_default());
        let found = dates(
            &[
                "storeutl",
                "-certs",
                "-noout",
                "-text",
                "-provider",
                "default",
                "-provider",
                "legacy",
                "-passin",
                &given,
            ],
            file,
        );
        if !found.is_empty() {
            return (passphrase, found);
        }
    }
    let pkcs7 = |form| dates(&["pkcs7", "-print_certs", "-noout", "-text", "-inform", form, "-in"], file);
    (None, [pkcs7("PEM"), pkcs7("DER")].concat())
}

fn dates(arguments: &[&str], file: &Path) -> Vec<Dates> {
    let output = Command::new("openssl").args(arguments).arg(file).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let after =
        |label: &str| -> Vec<_> { text.lines().filter_map(|line| seconds(line.trim().strip_prefix(label)?)).collect() };
    let mut dates: Vec<_> = after("Not Before: ").into_iter().zip(after("Not After : ")).collect();
    dates.sort_unstable();
    dates
}

/// Such as `Oct  5 12:09:32 2014 GMT`.
fn seconds(text: &str) -> Option<i64> {
    let format = format_description!("[month repr:short] [day padding:none] [hour]:[minute]:[second] [year] GMT");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    PrimitiveDateTime::parse(&text, format).ok().map(|time| time.assume_utc().unix_timestamp())
}

fn files_in(directory: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(files_in(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

/// What OpenSSL reads and we do not, and why.
const EXCUSED: &[(&str, &str)] = &[];
