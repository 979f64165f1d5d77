//! How is a binary linked? On Linux with glibc, without the shared libgcc and, in a release, without tables for unwinding.

use std::env;

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
    }
}
