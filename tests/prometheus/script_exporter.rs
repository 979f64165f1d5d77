//! Does a script exporter serve what a check says? Debian's prometheus-exporter-exporter, with the module that the README has.

use std::fs;
use std::net::TcpStream;

use call_router::router::{Router, Settings};

use super::get;
use super::support::exposition::objections;
use super::support::host::Server;
use super::support::port::free_port;
use super::support::{self, plugin, replaced};

#[test]
fn the_documented_module_serves_the_series_of_a_check() {
    let router = Router::start(&Settings::default()).unwrap();
    // Every state is a result, no failure of the exporter's.
    for (asked, state) in [(router.tcp.port(), 0), (free_port(), 2)] {
        let scratch = tempfile::tempdir().unwrap();
        let program = plugin("check_um_sip_options").get_program().to_str().unwrap().to_owned();
        let module = replaced(&documented(), INSTALLED, &program);
        let path = scratch.path().join("exporter-exporter.yml");
        fs::write(&path, replaced(&module, "-H, cas1.example.com", &format!("-H, 127.0.0.1, -p, '{asked}'"))).unwrap();
        let port = free_port();
        let file = format!("-config.file={}", path.display());
        let address = format!("-web.listen-address=127.0.0.1:{port}");
        let is_up = || TcpStream::connect(("127.0.0.1", port)).is_ok();
        let Some(_server) = Server::start("prometheus-exporter-exporter", &[&file, &address], is_up) else { return };

        let served = get(port, "/proxy?module=cas1_options");
        let series = format!("check_um_state{{check=\"sip_options\",target=\"127.0.0.1:{asked}\"}} {state}\n");
        assert!(served.contains(&series), "{served}");
        assert_eq!(objections(&served).unwrap_or_default(), "", "{served}");
    }
}

/// The module as the README has it.
fn documented() -> String {
    let readme = fs::read_to_string(support::root().join("integrations/prometheus/README.md")).unwrap();
    let blocks = readme.split("```yaml\n").skip(1).filter_map(|block| block.split_once("```"));
    let mut modules = blocks.map(|(block, _)| block).filter(|block| block.starts_with("modules:"));
    modules.next().unwrap().to_owned()
}

const INSTALLED: &str = "/usr/lib/nagios/plugins/check_um_sip_options";
