//! Does any certificate have facts and a judgement at any moment, without a panic?
#![no_main]

use check_um::door::x509::expiry::Expiries;
use check_um::door::x509::judgement::{self, Expectations};
use check_um::door::x509::verdict::Verdict;
use check_um::door::x509::{Certificate, Chain};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: (i64, &str, &[u8])| {
    let (now, name, der) = input;
    let Ok(certificate) = Certificate::from_der(der) else { return };
    let _ = certificate.to_string();
    let expiries = Expiries { warning: "33%".parse().ok(), critical: "36h".parse().ok() };
    let expected = Expectations { expiries: &expiries, name: Some(name), verdict: &Verdict::NotJudged };
    let judgement = judgement::judge(&Chain::single(certificate), &expected, now);
    assert!(!judgement.metrics(&expiries).is_empty());
});
