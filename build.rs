//! What does a plugin carry beside its code? On Windows its version, its question, and that it wants no more rights; nowhere
//! what nobody needs.

use std::error::Error;
use std::{env, fs};

use winresource::WindowsResource;

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed=plugins");
    println!("cargo:rerun-if-changed=src/checks");
    println!("cargo:rerun-if-changed={MANIFEST}");
    // A release aborts where it panics: nobody looks up how its stack would be unwound.
    let is = |variable: &str, wanted: &str| env::var(variable).is_ok_and(|value| value == wanted);
    if is("PROFILE", "release") && is("CARGO_CFG_TARGET_OS", "linux") {
        println!("cargo:rustc-link-arg-bins=-Wl,--no-eh-frame-hdr");
    }
    if is("CARGO_CFG_TARGET_OS", "windows")
        && let Err(error) = add_resources()
    {
        println!("cargo:warning=a plugin gets no version information: {error}");
    }
}

/// What the Explorer and an inventory show of each plugin: Cargo's fields, and the question.
fn add_resources() -> Result<(), Box<dyn Error>> {
    let mut resource = WindowsResource::new();
    resource
        .set_language(ENGLISH)
        .set_manifest_file(MANIFEST)
        .set("CompanyName", &env::var("CARGO_PKG_NAME")?)
        .set("LegalCopyright", &env::var("CARGO_PKG_LICENSE")?);
    for entry in fs::read_dir("plugins")? {
        let path = entry?.path();
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        resource
            .set("FileDescription", &question(&name)?)
            .set("InternalName", &name)
            .set("OriginalFilename", &format!("{name}.exe"))
            .compile_for(&name)?;
    }
    Ok(())
}

/// The question that the check of a plugin answers: the first line of its file.
fn question(plugin: &str) -> Result<String, Box<dyn Error>> {
    let source = fs::read_to_string(format!("src/checks/{}.rs", plugin.trim_start_matches("check_um_")))?;
    Ok(source.lines().next().unwrap_or_default().trim_start_matches("//! ").to_owned())
}

const MANIFEST: &str = "src/platform/windows/plugin.manifest";
const ENGLISH: u16 = 0x0409;
