//! Is a plugin a good process of Windows? Its text in a pipe, its arguments.

use crate::support::peer::{Peer, response};
use crate::support::{plugin, plugins, root, run_command};

#[test]
fn text_of_a_peer_is_utf_8_in_a_pipe() {
    let peer = Peer::answering(|request| response(request, "SIP/2.0 503 Überlastet – später", ""));
    let outcome = run_command(plugin("check_um_sip_options").args(["-H", "127.0.0.1", "-p", &peer.port()]));
    outcome.assert_text(2).assert_says("503 Überlastet – später");
}

#[test]
fn arguments_arrive_whatever_their_letters() {
    let outcome = run_command(plugin("check_um_health_set").args(["--file", "C:\\Prüfung\\Übersicht 日本.json"]));
    outcome.assert_text(3).assert_says("C:\\Prüfung\\Übersicht 日本.json");
}

#[test]
fn every_plugin_says_what_it_is_where_the_explorer_looks() {
    for name in plugins() {
        let executable = std::fs::read(plugin(&format!("{name}.exe")).get_program()).unwrap();
        let has = |text: &str| {
            let wide: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
            executable.windows(wide.len()).any(|window| window == wide)
        };
        assert!(has(concat!("ProductVersion\0", env!("CARGO_PKG_VERSION"))), "{name}: no version");
        assert!(has(&format!("OriginalFilename\0{name}.exe")), "{name}: not its name");
        let check = format!("src/checks/{}.rs", name.trim_start_matches("check_um_"));
        let source = std::fs::read_to_string(root().join(check)).unwrap();
        let question = source.lines().next().unwrap().trim_start_matches("//! ");
        assert!(has(&format!("{question}\0")), "{name}: not its question");
        let manifest = b"<longPathAware";
        assert!(executable.windows(manifest.len()).any(|window| window == manifest), "{name}: no manifest");
    }
}
