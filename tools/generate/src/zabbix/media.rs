//! What is in the mail that Zabbix sends of a problem? A media type with the words of the check, for whoever is told.

use super::yaml::{Node, list, map, text};

/// The document: one media type. Whose mail server takes the mails is the administrator's to say.
pub fn export() -> Node {
    let said = |mode, subject, message| {
        map([
            ("event_source", text("TRIGGERS")),
            ("operation_mode", text(mode)),
            ("subject", text(subject)),
            ("message", text(message)),
        ])
    };
    let media = map([
        ("name", text(NAME)),
        ("type", text("EMAIL")),
        ("smtp_server", text("mail.example.com")),
        ("smtp_helo", text("example.com")),
        ("smtp_email", text("zabbix@example.com")),
        ("content_type", text("TEXT")),
        ("description", text("Mails of the problems that check-um finds, with reason, advice, target and time.")),
        (
            "message_templates",
            list([
                said("PROBLEM", "{EVENT.SEVERITY}: {HOST.NAME}: {TRIGGER.NAME}", PROBLEM),
                said("RECOVERY", "OK: {HOST.NAME}: {TRIGGER.NAME}", RECOVERY),
            ]),
        ),
    ]);
    map([(
        "zabbix_export",
        map([("version", text("6.0")), ("date", text("2026-11-24T00:00:00Z")), ("media_types", list([media]))]),
    )])
}

const NAME: &str = "check-um mail";

/// The item with the message is the trigger's fourth: its state is asked for three times before.
const PROBLEM: &str = "\
{EVENT.NAME}

{ITEM.LASTVALUE4}

host: {HOST.NAME} ({HOST.CONN})
since: {EVENT.DATE} {EVENT.TIME}
problem: {EVENT.ID}";

const RECOVERY: &str = "\
{EVENT.NAME}

is over since {EVENT.RECOVERY.DATE} {EVENT.RECOVERY.TIME}, after {EVENT.DURATION}.

{ITEM.LASTVALUE4}

host: {HOST.NAME} ({HOST.CONN})
problem: {EVENT.ID}";
