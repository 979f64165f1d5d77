//! Does a file say of an option what its help says?

use check_um_generate::options::{Kind, options};
use check_um_generate::register::plugins;
use clap::{Arg, ArgAction, Command};

#[test]
fn an_option_is_described_as_its_help_does() {
    let command = Command::new("check")
        .arg(Arg::new("window").long("window").value_name("TIME").default_value("1h").help("Length of the window"))
        .arg(Arg::new("via").long("sent-via").value_parser(["tcp", "tls"]).help("How it travels [default: tcp]"))
        .arg(Arg::new("state").long("state").action(ArgAction::Append).required(true).help("Another state"))
        .arg(Arg::new("verbose").short('v').long("verbose").action(ArgAction::Count).help("Say more"))
        .arg(Arg::new("ipv4").long("ipv4").action(ArgAction::SetTrue).help("Use IPv4 addresses only"));
    let options = options(command);
    let helps: Vec<_> = options.iter().map(|option| option.help.as_str()).collect();
    assert_eq!(
        helps,
        [
            "Length of the window (default: 1h).",
            "How it travels: tcp, tls (default: tcp).",
            "Another state.",
            "Say more.",
            "Use IPv4 addresses only."
        ]
    );
    assert_eq!(options[0].kind, Kind::Value("TIME".to_owned()));
    assert_eq!(options[0].default.as_deref(), Some("1h"));
    assert_eq!((options[1].dashed(), options[1].underscored()), ("--sent-via".to_owned(), "sent_via".to_owned()));
    assert!(options[2].is_repeatable && options[2].is_required);
    assert_eq!((&options[3].kind, &options[4].kind), (&Kind::Count, &Kind::Flag));
}

#[test]
fn every_help_text_of_a_plugin_becomes_one_sentence() {
    for plugin in plugins() {
        for option in options(plugin.command) {
            let help = &option.help;
            let is_sentence = help.ends_with('.') && !help.ends_with("..") && !help.contains(" [default");
            let is_sentence = is_sentence && help.len() > 3 && !help.contains('\n');
            assert!(is_sentence, "{}: --{}: {help}", plugin.about.name, option.long);
        }
    }
}
