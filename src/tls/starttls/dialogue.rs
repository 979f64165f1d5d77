//! What does a client say to come to TLS, and does the server consent? Without a socket: what was heard in, what to do out.

use super::extended_response::{MAX_ANSWER, TOO_LONG, extended_response};
use super::protocol::StartTls;
use crate::report::excerpt;

/// What the client does next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Sends this.
    Say(&'static [u8]),
    /// Waits for more of what the server says, and has it [heard](Dialogue::hear).
    Listen,
    /// Sends its ClientHello: the server has consented.
    Begin,
}

/// Why there is no TLS: what is said of the server, after its name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DialogueError {
    /// Its first line is none of the protocol.
    #[error("does not speak {protocol}: it begins with '{line}'")]
    Foreign {
        /// The name of the protocol.
        protocol: &'static str,
        /// The line, as far as it can be shown.
        line: String,
    },
    /// It takes no clients.
    #[error("does not start TLS: it greets with '{line}'")]
    Unwelcome {
        /// The line, as far as it can be shown.
        line: String,
    },
    /// It answers a command with anything but consent.
    #[error("does not start TLS: it answers '{answer}' to {command}")]
    Refused {
        /// What it was told.
        command: &'static str,
        /// The line, as far as it can be shown.
        answer: String,
    },
    /// It does not keep to the protocol.
    #[error("does not speak {protocol} as it should: {found}")]
    Broken {
        /// The name of the protocol.
        protocol: &'static str,
        /// What was found.
        found: &'static str,
    },
}

/// A talk with a server, from its first byte to its consent.
#[derive(Clone, Debug)]
pub struct Dialogue {
    protocol: StartTls,
    /// How many commands were said.
    said: usize,
    /// How many lines of the answer to the last one were heard.
    lines: usize,
    /// What was received and not yet heard.
    received: Vec<u8>,
}

/// What a line is to an answer.
enum Line {
    Last,
    /// More lines follow.
    Part,
    Unwanted,
}

impl Dialogue {
    /// A talk that has not begun.
    pub const fn new(protocol: StartTls) -> Self {
        Self { protocol, said: 0, lines: 0, received: Vec::new() }
    }

    /// Takes what was received.
    pub fn hear(&mut self, bytes: &[u8]) {
        self.received.extend_from_slice(bytes);
    }

    /// What to do now.
    pub fn next_step(&mut self) -> Result<Step, DialogueError> {
        let speaks_first = self.protocol == StartTls::Ldap && self.said == 0;
        if !speaks_first && !self.has_answer()? {
            return match self.received.len() {
                ..=MAX_ANSWER => Ok(Step::Listen),
                _ => Err(self.broken(TOO_LONG)),
            };
        }
        match self.commands().get(self.said) {
            Some((_, command)) => {
                (self.said, self.lines) = (self.said + 1, 0);
                Ok(Step::Say(command))
            }
            None if self.received.is_empty() => Ok(Step::Begin),
            None => Err(self.broken("it sends more, in the clear, after its consent to TLS")),
        }
    }

    /// Whether all of the greeting, or of the answer to the last command, is there, and welcome.
    fn has_answer(&mut self) -> Result<bool, DialogueError> {
        if self.protocol == StartTls::Ldap {
            return self.has_extended_response();
        }
        while let Some(line) = self.next_line()? {
            self.lines += 1;
            match self.line(&line) {
                Line::Last => return Ok(true),
                Line::Part if self.lines < MAX_LINES => {}
                Line::Part => return Err(self.broken("its answer has no end")),
                Line::Unwanted => return Err(self.unwanted(&line)),
            }
        }
        Ok(false)
    }

    fn has_extended_response(&mut self) -> Result<bool, DialogueError> {
        let Some((code, length)) = extended_response(&self.received).map_err(|found| self.broken(found))? else {
            return Ok(false);
        };
        self.received.drain(..length);
        if code == 0 { Ok(true) } else { Err(self.unwanted(&format!("result code {code}"))) }
    }

    fn next_line(&mut self) -> Result<Option<String>, DialogueError> {
        let Some(end) = memchr::memchr(b'\n', &self.received) else { return Ok(None) };
        if end > MAX_ANSWER {
            return Err(self.broken(TOO_LONG));
        }
        let line: Vec<_> = self.received.drain(..=end).collect();
        Ok(Some(String::from_utf8_lossy(line.trim_ascii_end()).into_owned()))
    }

    fn line(&self, line: &str) -> Line {
        let is_welcome = match (self.protocol, self.said) {
            // Lines of one code, a dash behind it in all but the last (RFC 5321, section 4.2).
            (StartTls::Smtp, 1) => line.starts_with("250"),
            (StartTls::Smtp, _) => line.starts_with("220"),
            (StartTls::Imap, 0) => word_is(line, "* OK") || word_is(line, "* PREAUTH"),
            // Untagged responses may come in between.
            (StartTls::Imap, _) if line.starts_with('*') => return Line::Part,
            (StartTls::Imap, _) => word_is(line, "a OK"),
            (StartTls::Pop3 | StartTls::Ldap, _) => word_is(line, "+OK"),
        };
        match self.protocol {
            _ if !is_welcome => Line::Unwanted,
            StartTls::Smtp if line.as_bytes().get(3) == Some(&b'-') => Line::Part,
            _ => Line::Last,
        }
    }

    /// The error that an unwanted line is.
    fn unwanted(&self, line: &str) -> DialogueError {
        let shown = excerpt(line, 120);
        let last_said = self.said.checked_sub(1).and_then(|place| self.commands().get(place));
        if let Some((command, _)) = last_said {
            return DialogueError::Refused { command, answer: shown };
        }
        let is_of_protocol = match self.protocol {
            StartTls::Smtp => line.len() >= 3 && line.bytes().take(3).all(|byte| byte.is_ascii_digit()),
            StartTls::Imap => word_is(line, "* BYE"),
            StartTls::Pop3 | StartTls::Ldap => word_is(line, "-ERR"),
        };
        match is_of_protocol {
            true => DialogueError::Unwelcome { line: shown },
            false => DialogueError::Foreign { protocol: self.protocol.name(), line: shown },
        }
    }

    const fn broken(&self, found: &'static str) -> DialogueError {
        DialogueError::Broken { protocol: self.protocol.name(), found }
    }

    /// What is said, each by its name.
    const fn commands(&self) -> &'static [(&'static str, &'static [u8])] {
        match self.protocol {
            StartTls::Smtp => &[("EHLO", b"EHLO check-um.invalid\r\n"), ("STARTTLS", b"STARTTLS\r\n")],
            StartTls::Imap => &[("STARTTLS", b"a STARTTLS\r\n")],
            StartTls::Pop3 => &[("STLS", b"STLS\r\n")],
            StartTls::Ldap => &[("StartTLS", START_TLS_REQUEST)],
        }
    }
}

/// Whether `line` begins with these words, in whatever case.
fn word_is(line: &str, words: &str) -> bool {
    line.get(..words.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(words))
}

/// LDAPMessage 1: ExtendedRequest 1.3.6.1.4.1.1466.20037.
const START_TLS_REQUEST: &[u8] = b"\x30\x1d\x02\x01\x01\x77\x18\x80\x161.3.6.1.4.1.1466.20037";

const MAX_LINES: usize = 200;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is said to a server that says each of these when it is listened to, and what comes of it.
    fn talk(protocol: StartTls, answers: &[&[u8]]) -> (Vec<&'static [u8]>, Result<Step, DialogueError>) {
        let (mut dialogue, mut answers, mut said) = (Dialogue::new(protocol), answers.iter(), Vec::new());
        loop {
            match (dialogue.next_step(), answers.as_slice()) {
                (Ok(Step::Say(command)), _) => said.push(command),
                (Ok(Step::Listen), [_, ..]) => dialogue.hear(answers.next().unwrap()),
                (end, _) => return (said, end),
            }
        }
    }

    fn error(protocol: StartTls, answers: &[&[u8]]) -> String {
        talk(protocol, answers).1.unwrap_err().to_string()
    }

    #[test]
    fn a_server_that_consents_is_led_to_tls() {
        for (protocol, answers, commands) in [
            (StartTls::Smtp, &[b"220-a\r\n220 b\r\n".as_slice(), b"250-STARTTLS\r\n250 x\r\n", b"220 go\r\n"][..], 2),
            (StartTls::Imap, &[b"* OK hi\r\n", b"* CAPABILITY x\r\na ok\r\n"], 1),
            (StartTls::Pop3, &[b"+OK hi\r\n", b"+OK\r\n"], 1),
            (StartTls::Ldap, &[b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00"], 1),
        ] {
            let (said, end) = talk(protocol, answers);
            assert_eq!((said.len(), end), (commands, Ok(Step::Begin)), "{protocol:?}");
        }
    }

    #[test]
    fn a_greeting_is_not_said_to_be_the_answer_to_a_command() {
        for (protocol, greeting, said) in [
            (StartTls::Smtp, "SSH-2.0-x\r\n", "does not speak SMTP: it begins with 'SSH-2.0-x'"),
            (StartTls::Smtp, "554 no\r\n", "does not start TLS: it greets with '554 no'"),
            (StartTls::Imap, "220 mx ESMTP\r\n", "does not speak IMAP: it begins with '220 mx ESMTP'"),
            (StartTls::Imap, "* BYE busy\r\n", "does not start TLS: it greets with '* BYE busy'"),
            (StartTls::Pop3, "* OK\r\n", "does not speak POP3: it begins with '* OK'"),
            (StartTls::Pop3, "-ERR busy\r\n", "does not start TLS: it greets with '-ERR busy'"),
        ] {
            assert_eq!(error(protocol, &[greeting.as_bytes()]), said);
        }
    }

    #[test]
    fn a_refusal_names_what_was_refused() {
        let greeting = b"220 a\r\n".as_slice();
        assert_eq!(
            error(StartTls::Smtp, &[greeting, b"502 what\r\n"]),
            "does not start TLS: it answers '502 what' to EHLO"
        );
        let refused = error(StartTls::Smtp, &[greeting, b"250 b\r\n", b"454 TLS not available\r\n"]);
        assert_eq!(refused, "does not start TLS: it answers '454 TLS not available' to STARTTLS");
        let refused = error(StartTls::Ldap, &[b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x34\x04\x00\x04\x00"]);
        assert_eq!(refused, "does not start TLS: it answers 'result code 52' to StartTLS");
    }

    #[test]
    fn whoever_speaks_in_the_clear_after_the_consent_is_refused() {
        for (protocol, answers) in [
            (StartTls::Smtp, &[b"220 a\r\n".as_slice(), b"250 b\r\n", b"220 go\r\n250 x\r\n"][..]),
            (StartTls::Imap, &[b"* OK\r\n", b"a OK\r\n* x\r\n"]),
            (StartTls::Pop3, &[b"+OK\r\n", b"+OK\r\n+OK x\r\n"]),
            (StartTls::Ldap, &[b"\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00\x30"]),
        ] {
            assert!(error(protocol, answers).ends_with("in the clear, after its consent to TLS"), "{protocol:?}");
        }
    }

    #[test]
    fn an_answer_without_an_end_is_cut_off() {
        let lines = b"220-x\r\n".repeat(MAX_LINES);
        assert!(error(StartTls::Smtp, &[&lines]).ends_with("its answer has no end"));
        let longest = [&b"220-x\r\n".repeat(MAX_LINES - 1)[..], b"220 x\r\n"].concat();
        assert_eq!(talk(StartTls::Smtp, &[&longest]).0.len(), 1);
        let line = vec![b'x'; MAX_ANSWER + 1];
        for protocol in [StartTls::Smtp, StartTls::Imap, StartTls::Pop3] {
            assert!(error(protocol, &[&line]).ends_with("its answer is longer than 16 KiB"));
        }
        let message = [&[0x30, 0x83, 0xff, 0xff, 0xff], line.as_slice()].concat();
        assert!(error(StartTls::Ldap, &[&message]).ends_with("its answer is longer than 16 KiB"));
    }

    /// Lines that servers say, and others.
    fn lines() -> impl Strategy<Value = Vec<u8>> {
        let line = prop::sample::select(vec![
            "220 a\r\n",
            "220-a\r\n",
            "250 b\n",
            "250-b\r\n",
            "* OK c\r\n",
            "* d\r\n",
            "a OK e\r\n",
            "+OK f\r\n",
            "-ERR\r\n",
            "x",
            "\n",
            "\x30\x0c\x02\x01\x01\x78\x07\x0a\x01\x00\x04\x00\x04\x00",
            "\x30",
        ]);
        prop::collection::vec(line, 0..8).prop_map(|lines| lines.concat().into_bytes())
    }

    proptest! {
        #[test]
        fn the_cut_makes_nobody_consent_or_say_something_else(bytes in lines(), cut: prop::sample::Index, place in 0..4_usize) {
            let protocol = [StartTls::Smtp, StartTls::Imap, StartTls::Pop3, StartTls::Ldap][place];
            let (head, tail) = bytes.split_at(cut.index(bytes.len() + 1));
            let (whole, pieces) = (talk(protocol, &[&bytes]), talk(protocol, &[head, tail]));
            // What comes after the consent is seen only if it comes along with it.
            if whole.1.is_ok() {
                prop_assert_eq!(&whole, &pieces);
            }
            prop_assert_eq!(whole.0, pieces.0);
        }

        #[test]
        fn no_answer_panics(bytes: Vec<u8>, place in 0..4_usize) {
            let protocol = [StartTls::Smtp, StartTls::Imap, StartTls::Pop3, StartTls::Ldap][place];
            let _ = talk(protocol, &[&bytes]);
        }
    }

    #[test]
    fn the_longest_line_is_heard_and_a_longer_one_is_not() {
        let greeting = |length: usize| [b"220 ".as_slice(), &vec![b'x'; length - 4], b"\n"].concat();
        assert_eq!(talk(StartTls::Smtp, &[&greeting(MAX_ANSWER)]).0.len(), 1);
        for length in [MAX_ANSWER + 1, MAX_ANSWER + 2] {
            assert!(error(StartTls::Smtp, &[&greeting(length)]).ends_with("its answer is longer than 16 KiB"));
        }
    }
}
