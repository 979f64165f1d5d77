//! How is a binary linked? On Linux with glibc, without the shared libgcc.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let target = |name: &str| std::env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    if target("OS") == "linux" && target("ENV") == "gnu" {
        // The unwinder from the static library that every gcc brings: one shared object less to find, map and relocate
        // saves a twentieth of a probe's instructions, and a host without libgcc_s can run the plugins.
        println!("cargo:rustc-link-lib=static:-bundle=gcc_eh");
    }
}
