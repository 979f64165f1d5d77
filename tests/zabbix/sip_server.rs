//! Is somebody told of a SIP server that is no Call Router? The other templates, media type and action, up to the mail.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;

use base64ct::{Base64, Encoding};
use call_router::nameserver::{self, Manner, Nameserver};
use call_router::router::{Router, Settings};
use check_um_generate::sip_server;
use check_um_generate::zabbix::facts::contextual;
use check_um_generate::zabbix::linked::SERVER;
use check_um_generate::zabbix::{MEDIA, SIP_TEMPLATE};
use serde_json::json;

use crate::imported::{export, holds, import, problems, templates, text, undated};
use crate::mail::Mails;
use crate::process::{are_installed, until};
use crate::server::Zabbix;
use crate::support::port::{closed_port, free_port};
use crate::support::root;

/// One test, because a Zabbix takes a while to start.
#[test]
fn whoever_is_told_reads_what_is_wrong_with_a_sip_server_and_what_to_do() {
    let Some(zabbix) = Zabbix::start() else { return };
    let [template, media] = [SIP_TEMPLATE, MEDIA].map(committed);
    import(&zabbix, &template);
    import(&zabbix, &media);
    assert_eq!(undated(&export(&zabbix, &SERVER)), undated(&template), "the export is not what was imported");
    let media_type = media_type(&zabbix);
    assert_eq!(undated(&export_media(&zabbix, &media_type)), undated(&media), "the export is not what was imported");

    let scratch = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let mails = Mails::start(scratch.path(), listener);
    let sink = json!({
        "mediatypeid": media_type, "smtp_server": "127.0.0.1", "smtp_port": port.to_string(),
        "smtp_email": "zabbix@localhost", "smtp_helo": "localhost",
    });
    zabbix.api.call("mediatype.update", &sink);
    let medias = json!([{"mediatypeid": media_type, "sendto": ["admin@example.com"]}]);
    zabbix.api.call("user.update", &json!({"userid": "1", "medias": medias}));
    let (is_made, said) = create_action(&zabbix);
    assert!(is_made && said.contains("action check-um: problems with the tag check-um"), "{said}");
    let (is_made, said) = create_action(&zabbix);
    assert!(!is_made && said.contains("already exists"), "a second one: {said}");

    let router = Router::start(&Settings::default()).unwrap();
    fs::write(scratch.path().join("ca.pem"), &router.certificates.ca).unwrap();
    let ca = format!("--ca-file={}", scratch.path().join("ca.pem").display());
    let (alive, dead) = (router.tcp.port(), free_port());
    let others = [(); 2].map(|()| Router::start(&Settings::default()).unwrap().tcp.port());
    let srv = |port| ("_sip._tcp.localhost", nameserver::srv(0, port, "a.test"));
    let mut zone = vec![("a.test", nameserver::a([127, 0, 0, 1]))];
    zone.extend([alive, others[0], others[1], dead].map(srv));
    let nameserver = Nameserver::new(Manner::Plain, zone);
    let host = create_host(
        &zabbix,
        "pbx1.example.com",
        "#1",
        &[
            ("PORT:sip-options-udp", closed_port().to_string()),
            ("PORT:sip-options-tcp", alive.to_string()),
            ("PORT:sip-options-tls", router.tls.port().to_string()),
            ("PORT:sip-certificate", router.tls.port().to_string()),
            ("OPTION:sip-options-tls", ca.clone()),
            ("OPTION:sip-certificate", ca),
            ("OPTION:sip-targets", format!("--dns-server={}", nameserver.address)),
            ("URI:sip-call", "sip:5000@127.0.0.1".to_owned()),
            ("TRANSPORT:sip-call", "tcp".to_owned()),
            ("PORT:sip-call", alive.to_string()),
            ("OPTION:sip-call", "--redirect=accept".to_owned()),
        ],
    );
    let expected = [
        "SIP OPTIONS over UDP: CRITICAL: connection refused by ",
        "SIP servers of the domain: WARNING: 1 of 4 targets of localhost is down",
    ];
    until(90, || problems(&zabbix, &host, &expected));
    for check in ["sip-options-tcp", "sip-options-tls", "sip-certificate", "sip-call"] {
        until(30, || holds(&zabbix, &host, &format!("{check}[exit_code]"), "0"));
    }
    for (subject, says) in [
        (
            "Subject: High: pbx1.example.com: SIP OPTIONS over UDP: CRITICAL",
            &[
                "SIP OPTIONS over UDP: CRITICAL: connection refused by ",
                "reason: connection refused by ",
                "failure class: refused",
                "advice: Nothing listens on that port, or a firewall rejects. Does the SIP service run",
                "target: localhost, 127.0.0.1, port ",
                ", udp\n",
                "started: 20",
                "result: Failed",
                "authentication: none",
                "host: pbx1.example.com (localhost)",
            ][..],
        ),
        (
            "Subject: Warning: pbx1.example.com: SIP servers of the domain: WARNING",
            &["1 of 4 targets of localhost is down, more than 0", "advice: "],
        ),
    ] {
        let mail = decoded(&mails.next_with(subject));
        for text in says {
            assert!(mail.contains(text), "no {text:?} in {mail}");
        }
    }
    assert_told_of_a_new_host_after_all_its_attempts(&zabbix);
    assert_the_commands_of_the_page_do_what_they_say(&zabbix, &media_type);
}

/// Those that talk to the front end: templates, host, media type and action.
fn assert_the_commands_of_the_page_do_what_they_say(zabbix: &Zabbix, media_type: &str) {
    if !are_installed("jq", &[Path::new("/usr/bin/jq")]) {
        return;
    }
    let action = zabbix.api.call("action.get", &json!({"filter": {"name": "check-um"}}));
    zabbix.api.call("action.delete", &json!([text(&action[0], "actionid")]));
    let page = root().join("integrations/zabbix/README.md");
    let commands = Command::new(root().join(".ci/stock")).arg("commands").arg(&page).output().unwrap().stdout;
    let commands = String::from_utf8(commands).unwrap();
    let (_, commands) = commands.split_once("\nzabbix() {").unwrap();
    let commands = format!("set -euo pipefail\nzabbix() {{{commands}")
        .replace("http://localhost/zabbix", &zabbix.url())
        .replace("/usr/share/check-um/zabbix", page.parent().unwrap().to_str().unwrap());
    let ran = Command::new("bash").args(["-c", &commands]).output().unwrap();
    assert!(ran.status.success(), "{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
    let asked = json!({"filter": {"host": "cas1.example.com"}, "selectParentTemplates": ["host"]});
    let host = zabbix.api.call("host.get", &asked);
    assert_eq!(text(&host[0]["parentTemplates"][0], "host"), "UM Call Router SIP by external check");
    let asked = json!({"filter": {"name": "check-um"}, "selectOperations": ["opmessage"]});
    let action = zabbix.api.call("action.get", &asked);
    assert_eq!(action[0]["operations"][0]["opmessage"]["mediatypeid"], media_type);
    let user = zabbix.api.call("user.get", &json!({"userids": "1", "selectMedias": ["sendto", "mediatypeid"]}));
    assert_eq!(user[0]["medias"][0]["sendto"], json!(["oncall@example.com"]));
}

/// A new host has to fail as often as an old one: what one run says is not what many say.
fn assert_told_of_a_new_host_after_all_its_attempts(zabbix: &Zabbix) {
    let host = create_host(zabbix, "pbx2.example.com", "#100", &[("PORT:sip-options-udp", closed_port().to_string())]);
    let asked = json!({"hostids": host, "output": ["itemid"], "filter": {"key_": "sip-options-udp[exit_code]"}});
    let item = text(&zabbix.api.call("item.get", &asked)[0], "itemid");
    until(60, || {
        let runs = zabbix.api.call("history.get", &json!({"history": 3, "itemids": item, "countOutput": true}));
        let count: u32 = runs.as_str().unwrap().parse().unwrap();
        if count >= 4 { Ok(()) } else { Err(format!("{count} runs")) }
    });
    let raised = zabbix.api.call("problem.get", &json!({"hostids": host, "output": ["name"]}));
    assert_eq!(raised, json!([]), "of fewer runs than are wanted");
    let asked = json!({"hostids": host, "filter": {"macro": "{$UM.ATTEMPTS:sip-options-udp}"}});
    let attempts = text(&zabbix.api.call("usermacro.get", &asked)[0], "hostmacroid");
    // A time will do as well as a number of runs.
    zabbix.api.call("usermacro.update", &json!({"hostmacroid": attempts, "value": "10m"}));
    until(60, || {
        let raised = zabbix.api.call("problem.get", &json!({"hostids": host, "output": ["name"]}));
        let names: Vec<_> = raised.as_array().unwrap().iter().map(|problem| text(problem, "name")).collect();
        let is_it = |name: &String| name.starts_with("SIP OPTIONS over UDP: CRITICAL: connection refused by ");
        if names.len() == 1 && names.iter().all(is_it) { Ok(()) } else { Err(format!("{names:?}")) }
    });
}

fn committed(name: &str) -> String {
    fs::read_to_string(root().join("integrations/zabbix").join(name)).unwrap()
}

fn media_type(zabbix: &Zabbix) -> String {
    let asked = json!({"output": ["mediatypeid"], "filter": {"name": "check-um mail"}});
    text(&zabbix.api.call("mediatype.get", &asked)[0], "mediatypeid")
}

fn export_media(zabbix: &Zabbix, id: &str) -> String {
    let asked = json!({"format": "yaml", "options": {"mediaTypes": [id]}});
    zabbix.api.call("configuration.export", &asked).as_str().unwrap().to_owned()
}

/// The very program of the README, with a token as the README has one made.
fn create_action(zabbix: &Zabbix) -> (bool, String) {
    let name = format!("t{}", std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_nanos());
    let made = zabbix.api.call("token.create", &json!({"name": name, "userid": "1"}));
    let token = text(&zabbix.api.call("token.generate", &json!([made["tokenids"][0]]))[0], "token");
    let mut command = Command::new(root().join("integrations/zabbix/create-action"));
    let ran = command.arg(zabbix.url()).env("ZABBIX_TOKEN", token).output().unwrap();
    let said = String::from_utf8_lossy(&ran.stdout) + String::from_utf8_lossy(&ran.stderr);
    (ran.status.success(), said.into_owned())
}

/// A host with all of these templates, asked every other second and believed after so many runs.
fn create_host(zabbix: &Zabbix, name: &str, attempts: &str, says: &[(&str, String)]) -> String {
    let mut macros: Vec<_> =
        says.iter().map(|(name, value)| json!({"macro": format!("{{$UM.{name}}}"), "value": value})).collect();
    for check in sip_server::services() {
        for (name, value) in [("INTERVAL", "2s"), ("ATTEMPTS", attempts)] {
            macros.push(json!({"macro": contextual(name, check), "value": value}));
        }
    }
    let linked: Vec<_> = templates(zabbix, &SERVER).into_values().map(|id| json!({"templateid": id})).collect();
    let interface = json!({"type": 1, "main": 1, "useip": 0, "ip": "", "dns": "localhost", "port": "10050"});
    let host = json!({
        "host": name, "groups": [{"groupid": "2"}], "interfaces": [interface], "templates": linked,
        "macros": macros,
    });
    text(&zabbix.api.call("host.create", &host)["hostids"], "0")
}

/// Zabbix sends every text in base64.
fn decoded(mail: &str) -> String {
    let (_, body) = mail.split_once("\n\n").unwrap_or_else(|| panic!("no head: {mail:?}"));
    let body: String = body.split_whitespace().collect();
    let bytes = Base64::decode_vec(&body).unwrap_or_else(|error| panic!("{error}: {mail:?}"));
    String::from_utf8(bytes).unwrap().replace("\r\n", "\n")
}
