//! What is in the mail that a scheduler sends? A mail server on loopback, and what the program `mail` is to hand its letters to.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

/// The programs that take a mail from a scheduler to the server.
pub const NEEDS: [&str; 2] = ["/usr/bin/mail", "/usr/bin/perl"];

/// The server, which takes whatever comes.
pub struct Mails {
    mails: Receiver<String>,
}

impl Mails {
    /// One that takes what comes to `listener`, with its files in a directory that everybody may read: `mailrc` is the one that
    /// the environment variable `MAILRC` has to name.
    pub fn start(directory: &Path, listener: TcpListener) -> Self {
        let port = listener.local_addr().unwrap().port();
        let (sendmail, mailrc) = (directory.join("sendmail"), directory.join("mailrc"));
        fs::write(&sendmail, SENDMAIL.replace("@PORT@", &port.to_string())).unwrap();
        fs::set_permissions(&sendmail, fs::Permissions::from_mode(0o755)).unwrap();
        fs::write(&mailrc, format!("set sendmail={}\n", sendmail.display())).unwrap();
        let (sender, mails) = channel();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let sender = sender.clone();
                thread::spawn(move || take(&stream).map(|mail| sender.send(mail)));
            }
        });
        Self { mails }
    }

    /// The next mail in which this text is; others are passed over.
    #[track_caller]
    pub fn next_with(&self, text: &str) -> String {
        let (started, mut others) = (Instant::now(), Vec::new());
        while let Some(left) = LIMIT.checked_sub(started.elapsed()) {
            match self.mails.recv_timeout(left) {
                Ok(mail) if mail.contains(text) => return mail,
                Ok(other) => others.push(other),
                Err(_) => break,
            }
        }
        panic!("no mail with {text:?} but {others:#?}");
    }
}

/// One session (RFC 5321) with one mail.
fn take(stream: &TcpStream) -> std::io::Result<String> {
    let mut writer = stream;
    let (mut mail, mut is_in_data) = (String::new(), false);
    writer.write_all(b"220 sink\r\n")?;
    for line in BufReader::new(stream).lines() {
        let line = line?;
        let answer = match line.split(' ').next().unwrap_or_default().to_uppercase().as_str() {
            _ if is_in_data && line != "." => {
                mail += &(line + "\n");
                continue;
            }
            "DATA" => {
                is_in_data = true;
                "354 go on"
            }
            "QUIT" => {
                writer.write_all(b"221 bye\r\n")?;
                break;
            }
            _ => {
                is_in_data = false;
                "250 fine"
            }
        };
        writer.write_all(format!("{answer}\r\n").as_bytes())?;
    }
    Ok(mail)
}

/// How long a mail may take on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// What a mail server's own sendmail does: it takes a letter for the recipients among its arguments.
const SENDMAIL: &str = r#"#!/usr/bin/perl
use Net::SMTP;
my $smtp = Net::SMTP->new('127.0.0.1', Port => @PORT@) or exit 75;
$smtp->mail('monitoring@localhost');
$smtp->to(grep { !/^-/ } @ARGV);
$smtp->data(<STDIN>) or exit 75;
$smtp->quit;
"#;
