//! How is a binary linked? On Linux with glibc, without the shared libgcc and, in a release, small.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=release.ld");
    let variable = |name: &str| env::var(name).unwrap_or_default();
    if variable("CARGO_CFG_TARGET_OS") != "linux" || variable("CARGO_CFG_TARGET_ENV") != "gnu" {
        return;
    }
    // The unwinder from the static library that every gcc brings: one shared object less to find, map and relocate saves
    // a twentieth of a probe's instructions, and a host without libgcc_s can run the plugins.
    println!("cargo:rustc-link-lib=static:-bundle=gcc_eh");
    if variable("PROFILE") == "release" {
        println!("cargo:rustc-link-arg-bins=-Wl,-T,{}/release.ld", variable("CARGO_MANIFEST_DIR"));
        if variable("TARGET") == variable("HOST") && glibc_packs_relocations() {
            println!("cargo:rustc-link-arg-bins=-Wl,-z,pack-relative-relocs");
        }
    }
}

/// Whether the C library here is 2.36 or later, the first that reads packed relocations; an older one would refuse to start
/// the program.
fn glibc_packs_relocations() -> bool {
    let output = Command::new("getconf").arg("GNU_LIBC_VERSION").output();
    let version = output.ok().and_then(|output| String::from_utf8(output.stdout).ok()).unwrap_or_default();
    let minor = version.trim().strip_prefix("glibc 2.").and_then(|minor| minor.split('.').next()?.parse::<u32>().ok());
    minor.is_some_and(|minor| minor >= 36)
}
