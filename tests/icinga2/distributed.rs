//! Do a satellite and an agent work for their master? Three daemons with certificates of `icinga2 pki`, as the example says.

use super::node::{self, Node, Scratch};
use super::router::CallRouter;
use super::{committed, fs};

#[test]
fn a_satellite_and_an_agent_check_for_their_master() {
    if !node::is_installed() {
        return;
    }
    let master = Scratch::without_certificate("master.example.com");
    let satellite = Scratch::without_certificate("satellite.example.com");
    let agent = Scratch::without_certificate("cas1.example.com");
    certify(&master, &[&master, &satellite, &agent]);
    let router = CallRouter::start("healthy", master.path("router"));

    // As the README says: the satellite has its zones, everything else comes from the master.
    let at_home = |text: &str, port: u16| {
        let lines = text.lines().map(|line| match line.trim().split(" = ").next() {
            Some("host") => "  host = \"127.0.0.1\"".to_owned(),
            Some("port") => format!("  port = {port}"),
            _ => line.to_owned(),
        });
        lines.collect::<Vec<_>>().join("\n") + "\n"
    };
    for file in ["um-commands.conf", "um-services.conf"] {
        master.write(&format!("zones.d/global-templates/{file}"), &committed(file));
    }
    let hosts = committed("two-nodes/master/zones.d/satellite/um-hosts.conf").replace("192.0.2.7", "127.0.0.1");
    let port = format!("  vars.um_call_router.tcp_port = {}\n", router.tcp_port);
    let hosts = hosts.replace("\n}", &format!("\n{port}}}"));
    master.write("zones.d/satellite/um-hosts.conf", &hosts);
    // And one that the master keeps, but has asked from the satellite.
    let kept = format!(
        "object Host \"cas2.example.com\" {{\n  address = \"127.0.0.1\"\n  check_command = \"dummy\"\n  \
         vars.um_call_router.satellite = \"satellite.example.com\"\n  vars.um_call_router.call_routing = \"sip:x\"\n{port}}}\n\
         object Host \"cas3.example.com\" {{\n  address = \"127.0.0.1\"\n  check_command = \"dummy\"\n  \
         vars.um_call_router.whole = true\n{port}}}\n"
    );
    master.write("zones.d/master/hosts.conf", &kept);
    // One whose agent answers in one run.
    let whole = "object Host \"cas4.example.com\" {\n  address = \"127.0.0.1\"\n  check_command = \"dummy\"\n  \
        vars.um_call_router = { whole = true, agent = \"cas1.example.com\" }\n}\n";
    master.write("zones.d/satellite/whole.conf", whole);
    for (node, place, below) in [
        (&master, "master", satellite.port),
        (&satellite, "satellite", agent.port),
        // Nobody is below it.
        (&agent, "agent", 0),
    ] {
        node.configure(&at_home(&committed(&format!("two-nodes/{place}/zones.conf")), below));
        node.assert_accepted();
    }

    let (agent, satellite, master) = (agent.start(), satellite.start(), master.start());
    // Each reloads itself once it has received its configuration, and is found again by the one above it.
    let holds = |node: &Node, what: &str| {
        node.wait_for(what, || node.evaluate(what).is_ok_and(|value| value == true).then_some(()));
    };
    holds(&agent, "get_object(CheckCommand, \"um_service\") != null");
    holds(&satellite, "get_service(\"cas1.example.com\", \"um-service\") != null");
    holds(&master, "get_object(Endpoint, \"satellite.example.com\").connected");
    holds(&satellite, "get_object(Endpoint, \"cas1.example.com\").connected");
    let ok = "UM SIP OPTIONS OK - 200 OK from 127.0.0.1:";
    for (scheduler, check, source, begins) in [
        (&satellite, "cas1.example.com!um-sip-options", "satellite.example.com", ok),
        (&master, "cas2.example.com!um-sip-options", "satellite.example.com", ok),
        // This agent's host is no Windows, and the plugin says so.
        (&satellite, "cas1.example.com!um-agent", "satellite.example.com", "Zone 'cas1.example.com' is connected."),
        (&satellite, "cas1.example.com!um-service", "cas1.example.com", "UM SERVICE UNKNOWN - "),
    ] {
        let since = scheduler.check(check)["execution_start"].as_f64().unwrap();
        let result = master.result_since(check, since);
        assert_eq!(result["check_source"], source, "{result:#}");
        assert!(result["output"].as_str().unwrap().starts_with(begins), "{result:#}");
    }
}

/// The master's authority, and from it a certificate for each. The nodes' own keys are elliptic: Icinga's take long to make.
fn certify(master: &Scratch, nodes: &[&Scratch]) {
    let pki = |words: &[&str]| {
        let ran = master.icinga2(&[&["pki"], words].concat()).output().unwrap();
        assert!(ran.status.success(), "{ran:?}");
    };
    pki(&["new-ca"]);
    for node in nodes {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut request = rcgen::CertificateParams::new([node.name.to_owned()]).unwrap();
        request.distinguished_name = rcgen::DistinguishedName::new();
        request.distinguished_name.push(rcgen::DnType::CommonName, node.name);
        let at = |ending: &str| format!("certs/{}.{ending}", node.name);
        node.write(&at("key"), &key.serialize_pem());
        node.write(&at("csr"), &request.serialize_request(&key).unwrap().pem().unwrap());
        let path = |ending: &str| node.path(&at(ending)).to_str().unwrap().to_owned();
        pki(&["sign-csr", "--csr", &path("csr"), "--cert", &path("crt")]);
        fs::copy(master.path("ca/ca.crt"), node.path("certs/ca.crt")).unwrap();
    }
}
