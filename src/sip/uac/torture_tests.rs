//! Do the messages of RFC 4475 and RFC 5118 harm a probe, or pass for its answer? As they are, as if they were for us, as
//! answers of ours, and before the right answer; as datagrams and on a stream.
//!
//! The fixtures are the files of both RFCs' archives, byte by byte.

use std::fs;

use super::tests::*;
use super::*;

/// How a message of the RFCs comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    AsIs,
    /// With Via, Call-ID and CSeq of our request.
    Patched,
    /// The same, as a final response.
    Answer,
    BeforeGood,
    PatchedBeforeGood,
}

/// What comes of a probe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Answered(u16),
    Silent,
    OnlyProvisional,
    Malformed,
}

/// What the RFC has for one message.
#[derive(Clone)]
struct Message {
    name: String,
    bytes: Vec<u8>,
}

impl Message {
    /// The message in a file; where the archive has bare LFs the RFC means CRLFs, and a head ends with a blank line.
    fn read(name: &str, bytes: &[u8]) -> Self {
        let mut bytes = bytes.to_vec();
        if !bytes.contains(&b'\r') {
            bytes = bytes
                .split_inclusive(|byte| *byte == b'\n')
                .flat_map(|line| [&line[..line.len() - 1], b"\r\n"].concat())
                .collect();
        }
        if !bytes.windows(4).any(|end| end == b"\r\n\r\n") {
            bytes.extend(b"\r\n");
        }
        Self { name: name.to_owned(), bytes }
    }

    fn is(&self, names: &[&str]) -> bool {
        names.contains(&self.name.as_str())
    }

    fn expected(&self, manner: Manner, is_stream: bool) -> Outcome {
        // A Content-Length that is negative or contradicted ends no message; one of 9999 ends none that is whole.
        // So has one of RFC 5118, by a few bytes, which the right answer would fill up.
        let (is_endless, is_cut) = (self.is(&["ncl", "mcl01"]), self.is(&["clerr", "ipv6-in-sdp"]));
        // Without a Content-Length a stream has no body; these have more body than they say.
        let has_more = self.is(&["inv2543", "dblreq", "ipv4-mapped-ipv6", "mult-ip-in-sdp"]);
        let goes_on = is_stream && has_more;
        let is_filled_up = is_stream && self.is(&["ipv6-in-sdp"]);
        match manner {
            Manner::Patched | Manner::PatchedBeforeGood if self.is(&["unreason", "bcast"]) => Outcome::Answered(200),
            Manner::Patched | Manner::PatchedBeforeGood if self.is(&["scalarlg"]) => Outcome::Answered(503),
            Manner::Patched if self.is(&["noreason"]) => Outcome::OnlyProvisional,
            Manner::Patched if self.is(&["bigcode"]) => Outcome::Malformed,
            Manner::PatchedBeforeGood if self.is(&["bigcode"]) && is_stream => Outcome::Malformed,
            // Two values of From and To each; no To.
            Manner::Answer if self.is(&["multi01", "insuf"]) => Outcome::Malformed,

            Manner::BeforeGood | Manner::PatchedBeforeGood if !is_stream => Outcome::Answered(200),
            Manner::BeforeGood | Manner::PatchedBeforeGood if is_filled_up => Outcome::Malformed,
            Manner::Answer if has_more => Outcome::Answered(200),
            _ if is_endless || goes_on => Outcome::Malformed,
            // On a stream whatever comes is the rest of the body.
            _ if is_cut => {
                if is_stream {
                    Outcome::Silent
                } else {
                    Outcome::Malformed
                }
            }
            Manner::AsIs | Manner::Patched => Outcome::Silent,
            Manner::Answer | Manner::BeforeGood | Manner::PatchedBeforeGood => Outcome::Answered(200),
        }
    }

    /// What the peer says to our request.
    fn acts(&self, manner: Manner) -> Vec<Act> {
        let said = self.clone();
        let message = Act::Send(Box::new(move |request| match manner {
            Manner::AsIs | Manner::BeforeGood => said.bytes.clone(),
            Manner::Patched | Manner::PatchedBeforeGood => said.patched(request, None),
            Manner::Answer => said.patched(request, Some("SIP/2.0 200 OK")),
        }));
        match manner {
            Manner::BeforeGood | Manner::PatchedBeforeGood => vec![message, Act::Say(OK)],
            Manner::AsIs | Manner::Patched | Manner::Answer => vec![message],
        }
    }

    /// The message with the identity of `request`, and with another start line if one is given.
    fn patched(&self, request: &str, start_line: Option<&str>) -> Vec<u8> {
        let mut lines = self.bytes.split_inclusive(|byte| *byte == b'\n');
        let first = lines.next().unwrap().to_vec();
        let mut patched = start_line.map_or(first, |line| format!("{line}\r\n").into_bytes());
        for name in ["Via: ", "From: ", "Call-ID: ", "CSeq: "] {
            patched.extend(format!("{name}{}\r\n", line(request, name)).bytes());
        }
        let (mut in_head, mut is_replaced) = (true, false);
        for line in lines {
            in_head &= line != b"\r\n";
            if in_head && !line.starts_with(b" ") && !line.starts_with(b"\t") {
                let name = line.split(|byte| *byte == b':').next().unwrap().trim_ascii().to_ascii_lowercase();
                is_replaced = matches!(name.as_slice(), b"via" | b"v" | b"from" | b"f" | b"call-id" | b"i" | b"cseq");
            }
            if !(in_head && is_replaced) {
                patched.extend(line);
            }
        }
        patched
    }
}

fn messages() -> Vec<Message> {
    let fixtures = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures");
    let directories = ["rfc4475", "rfc5118"].map(|directory| format!("{fixtures}/{directory}"));
    let files = directories.iter().flat_map(|directory| fs::read_dir(directory).unwrap());
    let paths = files.map(|file| file.unwrap().path());
    paths.map(|path| Message::read(path.file_stem().unwrap().to_str().unwrap(), &fs::read(&path).unwrap())).collect()
}

/// What came of a probe over a stream or not, which lasts long only if an answer is to come.
fn outcome<const STREAM: bool>(message: &Message, manner: Manner, expected: Outcome) -> Outcome {
    let limit = if matches!(expected, Outcome::Answered(_)) { 20_000 } else { 20 };
    match run::<STREAM>(message.acts(manner), limit, None).result {
        Ok(answer) => Outcome::Answered(answer.response.status),
        Err(failure) if failure.class == Class::Protocol => Outcome::Malformed,
        Err(failure) if failure.summary.starts_with("only provisional") => Outcome::OnlyProvisional,
        Err(_) => Outcome::Silent,
    }
}

#[test]
fn no_message_of_rfc_4475_and_rfc_5118_harms_a_probe_or_passes_for_its_answer() {
    let messages = messages();
    let responses = messages.iter().filter(|message| message.bytes.starts_with(b"SIP/")).count();
    assert_eq!((messages.len(), responses), (61, 5));
    let (mut runs, mut wrong) = (0, Vec::new());
    for message in &messages {
        for (manner, is_stream) in MANNERS.into_iter().flat_map(|manner| [(manner, false), (manner, true)]) {
            let expected = message.expected(manner, is_stream);
            let came = match is_stream {
                true => outcome::<true>(message, manner, expected),
                false => outcome::<false>(message, manner, expected),
            };
            runs += 1;
            if came != expected {
                wrong.push(format!("{} {manner:?}, stream {is_stream}: {expected:?}, not {came:?}", message.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {runs} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

/// All of them at once, in one run each.
#[test]
fn ok_behind_every_message_of_both_rfcs() {
    let all = || {
        messages().into_iter().flat_map(|message| {
            let patched = !message.is(&["unreason", "bcast", "scalarlg"]);
            [Some(Manner::AsIs), patched.then_some(Manner::Patched)]
                .into_iter()
                .flatten()
                .flat_map(move |manner| message.acts(manner))
        })
    };
    let acts: Vec<_> = all().chain([Act::Say(OK)]).collect();
    assert_eq!(acts.len(), 120);
    assert_eq!(run::<false>(acts, 20_000, None).result.unwrap().response.status, 200);
}

const MANNERS: [Manner; 5] =
    [Manner::AsIs, Manner::Patched, Manner::Answer, Manner::BeforeGood, Manner::PatchedBeforeGood];
