//! What does a binary carry beside its code? On Windows a version and a manifest.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if variable("CARGO_CFG_TARGET_OS") == "windows" {
        let target_env = variable("CARGO_CFG_TARGET_ENV");
        for plugin in plugins() {
            add_resource(&plugin, &target_env);
        }
    }
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

/// The names of all plugins.
fn plugins() -> Vec<String> {
    println!("cargo:rerun-if-changed=plugins");
    let entries = fs::read_dir("plugins").into_iter().flatten().flatten();
    entries.filter_map(|entry| Some(entry.path().file_stem()?.to_str()?.to_owned())).collect()
}

/// Links a version resource and a manifest into `plugin`. Without a resource compiler it is built without them.
fn add_resource(plugin: &str, target_env: &str) {
    let directory = variable("OUT_DIR");
    let source = Path::new(&directory).join(format!("{plugin}.rc"));
    let compiled = Path::new(&directory).join(format!("{plugin}.{}", if target_env == "msvc" { "res" } else { "o" }));
    let written = fs::write(Path::new(&directory).join("plugin.manifest"), MANIFEST)
        .and_then(|()| fs::write(&source, resource(plugin)));
    let compilers = match target_env {
        "msvc" => vec!["rc.exe".to_owned()],
        _ => vec![format!("{}-w64-mingw32-windres", variable("CARGO_CFG_TARGET_ARCH")), "windres".to_owned()],
    };
    let compiled_by = |compiler: &String| {
        let mut command = Command::new(compiler);
        match target_env {
            "msvc" => command.arg("/nologo").arg("/fo").arg(&compiled).arg(&source),
            _ => command.args(["-c", "65001", "-O", "coff"]).arg(&source).arg(&compiled),
        };
        command.current_dir(&directory).status().is_ok_and(|status| status.success())
    };
    if written.is_ok() && compilers.iter().any(compiled_by) {
        println!("cargo:rustc-link-arg-bin={plugin}={}", compiled.display());
    } else {
        println!("cargo:warning={plugin} gets no version resource: none of {} compiles it", compilers.join(", "));
    }
}

/// What the Explorer and an inventory show of a plugin: Cargo's fields, and the question in its first line.
fn resource(plugin: &str) -> String {
    let source = fs::read_to_string(format!("plugins/{plugin}.rs")).unwrap_or_default();
    let question = source.lines().next().unwrap_or_default().trim_start_matches("//! ").replace('"', "\"\"");
    let part = |name: &str| variable(&format!("CARGO_PKG_VERSION_{name}"));
    let numbers = format!("{},{},{},0", part("MAJOR"), part("MINOR"), part("PATCH"));
    let version = variable("CARGO_PKG_VERSION");
    let product = variable("CARGO_PKG_NAME");
    let license = variable("CARGO_PKG_LICENSE");
    format!(
        r#"1 24 "plugin.manifest"
1 VERSIONINFO
FILEVERSION {numbers}
PRODUCTVERSION {numbers}
FILEOS 0x40004
FILETYPE 1
BEGIN
    BLOCK "StringFileInfo"
    BEGIN
        BLOCK "040904B0"
        BEGIN
            VALUE "CompanyName", "{product}"
            VALUE "FileDescription", "{question}"
            VALUE "FileVersion", "{version}"
            VALUE "InternalName", "{plugin}"
            VALUE "LegalCopyright", "{license}"
            VALUE "OriginalFilename", "{plugin}.exe"
            VALUE "ProductName", "{product}"
            VALUE "ProductVersion", "{version}"
        END
    END
    BLOCK "VarFileInfo"
    BEGIN
        VALUE "Translation", 0x409, 0x4B0
    END
END
"#
    )
}

/// No wish for more rights, and long paths where Windows has them. Text goes through the wide functions alone, so a code page is
/// of no use; Windows 6.1 passes over what it does not know.
const MANIFEST: &str = r#"<?xml version="1.0" encoding="UTF-8" standalone="yes"?>
<assembly xmlns="urn:schemas-microsoft-com:asm.v1" manifestVersion="1.0">
  <trustInfo xmlns="urn:schemas-microsoft-com:asm.v3">
    <security><requestedPrivileges><requestedExecutionLevel level="asInvoker" uiAccess="false"/></requestedPrivileges></security>
  </trustInfo>
  <compatibility xmlns="urn:schemas-microsoft-com:compatibility.v1">
    <application>
      <supportedOS Id="{35138b9a-5d96-4fbd-8e2d-a2440225f93a}"/>
      <supportedOS Id="{4a2f28e3-53b9-4441-ba9c-d69d4a4a6e38}"/>
      <supportedOS Id="{1f676c76-80e1-4239-95bb-83d0f6d0da78}"/>
      <supportedOS Id="{8e0f7a12-bfb3-4fe8-b9a5-48fd50a15a9a}"/>
    </application>
  </compatibility>
  <application xmlns="urn:schemas-microsoft-com:asm.v3">
    <windowsSettings>
      <longPathAware xmlns="http://schemas.microsoft.com/SMI/2016/WindowsSettings">true</longPathAware>
    </windowsSettings>
  </application>
</assembly>
"#;
