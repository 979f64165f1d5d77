//! Is a plugin a good process of Windows? Its text in a pipe, its arguments.

use crate::support::peer::{Peer, response};
use crate::support::{plugin, run_command};

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
