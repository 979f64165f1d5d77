//! Is no dialog left open and no 2xx unacknowledged, whatever comes in whatever order?

use proptest::prelude::*;

use super::*;

/// What the world does next.
#[derive(Clone, Debug)]
enum Act {
    /// Answers an INVITE, counted from the last one; of 2xx and 18x by the callee of that number.
    Invite {
        back: usize,
        status: u16,
        callee: usize,
        contact: usize,
    },
    Cancel(u16),
    Bye {
        back: usize,
        status: u16,
    },
    /// A callee sends BYE.
    HangUp(usize),
    Abandon,
    Pass(u64),
}

fn act() -> impl Strategy<Value = Act> {
    let status =
        prop::sample::select(vec![100, 180, 183, 199, 200, 200, 200, 202, 302, 401, 407, 407, 480, 486, 487, 603]);
    let of_bye = prop::sample::select(vec![100, 200, 200, 401, 407, 408, 481, 500]);
    prop_oneof![
        6 => (0..2_usize, status, 0..CALLEES, 0..4_usize)
            .prop_map(|(back, status, callee, contact)| Act::Invite { back, status, callee, contact }),
        1 => prop::sample::select(vec![100, 200, 481]).prop_map(Act::Cancel),
        2 => (0..3_usize, of_bye).prop_map(|(back, status)| Act::Bye { back, status }),
        1 => (0..CALLEES).prop_map(Act::HangUp),
        1 => Just(Act::Abandon),
        2 => (0..1_500_u64).prop_map(Act::Pass),
    ]
}

/// How often each callee was and has been heard of.
#[derive(Default)]
struct Ledger {
    answered: [usize; CALLEES],
    hung_up: [bool; CALLEES],
    /// Branches that a provisional response came to, and those that a final one came to.
    provisional: Vec<String>,
    refused: usize,
}

impl Ledger {
    /// Has the other side answer; `false` where there is nothing to answer.
    fn play(&mut self, scene: &mut Scene, act: &Act) -> bool {
        let earlier = |method: Method, back: usize| {
            let found = scene.sent.iter().rev().filter(|request| request.method == method);
            let mut branches: Vec<CallRequest> = found.cloned().collect();
            branches.dedup_by(|a, b| a.branch == b.branch);
            branches.into_iter().nth(back)
        };
        match act {
            Act::Invite { back, status, callee, contact } => {
                let Some(request) = earlier(Method::Invite, *back) else { return false };
                if *back > 0 && *status < 200 {
                    return false;
                }
                let contact = CONTACTS[*contact];
                let challenge = format!("WWW-Authenticate: Digest realm=\"r\", nonce=\"{callee}\", stale=true");
                scene.answer(&request, *status, &format!("To: <sip:d>;tag=t{callee}\r\n{contact}\r\n{challenge}"));
                match status {
                    ..200 => self.provisional.push(request.branch),
                    200..300 => self.answered[*callee] += 1,
                    _ => self.refused += 1,
                }
            }
            Act::Cancel(status) => {
                let Some(request) = earlier(Method::Cancel, 0) else { return false };
                scene.answer(&request, *status, "");
            }
            Act::Bye { back, status } => {
                let Some(request) = earlier(Method::Bye, *back) else { return false };
                let message = format!(
                    "SIP/2.0 {status} Said\r\nVia: x;branch={}\r\nCall-ID: the-call\r\nCSeq: {} BYE\r\nWWW-Authenticate: Digest realm=\"r\", nonce=\"1\"\r\n\r\n",
                    request.branch, request.cseq
                );
                // One that was replaced by another with credentials is answered twice.
                scene.call.receive(&response(&message), true, scene.now);
            }
            Act::HangUp(callee) => {
                let reply = scene.ask("BYE", &format!("t{callee}")).unwrap();
                self.hung_up[*callee] |= reply.starts_with("SIP/2.0 200");
            }
            Act::Abandon => scene.call.abandon(),
            Act::Pass(milliseconds) => _ = scene.pass(*milliseconds),
        }
        true
    }

    fn check(&self, scene: &Scene) {
        let count = |method: Method, callee: usize| {
            let to = format!("<sip:d>;tag=t{callee}");
            let of = |request: &&CallRequest| request.method == method && request.to == to;
            scene.sent.iter().filter(of).filter(|request| method != Method::Ack || is_of_2xx(request, scene)).count()
        };
        for callee in 0..CALLEES {
            assert_eq!(count(Method::Ack, callee), self.answered[callee], "a 2xx of callee {callee} unacknowledged");
            let is_released = count(Method::Bye, callee) > 0 || self.hung_up[callee];
            assert!(is_released || self.answered[callee] == 0, "the dialog with callee {callee} is open");
        }
        let refusals = scene.sent.iter().filter(|sent| sent.method == Method::Ack && !is_of_2xx(sent, scene)).count();
        assert!(refusals <= self.refused, "more refusals acknowledged than came");
        let mut cancels = scene.sent.iter().filter(|request| request.method == Method::Cancel);
        assert!(
            cancels.all(|cancel| self.provisional.contains(&cancel.branch)),
            "cancelled before anybody worked on it"
        );
        // Timer B: of an INVITE that nobody ever worked on there is nothing to take back.
        let invite = scene.last(Method::Invite).branch;
        assert!(!scene.call.is_open() || !self.provisional.contains(&invite));
    }
}

/// The ACK of a refusal has the branch of its INVITE.
fn is_of_2xx(ack: &CallRequest, scene: &Scene) -> bool {
    !scene.sent.iter().any(|sent| sent.method == Method::Invite && sent.branch == ack.branch)
}

proptest! {
    /// Whatever comes, and then a peer that answers what it is asked.
    #[test]
    fn no_dialog_is_left_open_and_no_2xx_unacknowledged(
        acts in prop::collection::vec(act(), 0..24),
        ringing in any::<bool>(),
        is_stream in any::<bool>(),
        hold in 0..3_000_u64,
        with_credentials in any::<bool>(),
    ) {
        let until = if ringing { Until::Ringing } else { Until::Answer };
        let credentials = with_credentials.then(|| Credentials { username: "u".into(), password: "p".into() });
        let wish = Wish { until, hold: Duration::from_millis(hold), credentials };
        let mut scene = Scene::with(wish, if is_stream { Transport::Tcp } else { Transport::Udp });
        let mut ledger = Ledger::default();
        let mut step = scene.settle();
        for act in &acts {
            if step == Step::Over {
                break;
            }
            ledger.play(&mut scene, act);
            step = scene.settle();
        }
        scene.call.abandon();
        let mut answered = 0;
        for _ in 0..400 {
            step = scene.settle();
            // Where the call is over nobody hears what comes.
            if step == Step::Over {
                break;
            }
            let asked: Vec<_> = scene.sent[answered..].to_vec();
            answered = scene.sent.len();
            for request in asked {
                match request.method {
                    Method::Bye => _ = ledger.play(&mut scene, &Act::Bye { back: 0, status: 200 }),
                    Method::Cancel => {
                        ledger.play(&mut scene, &Act::Cancel(200));
                        ledger.play(&mut scene, &Act::Invite { back: 0, status: 487, callee: 0, contact: 0 });
                    }
                    _ => {}
                }
            }
            match step {
                Step::Wait(until) => scene.now = until,
                Step::Over | Step::Send(_) => {}
            }
        }
        prop_assert_eq!(step, Step::Over);
        // What crosses the end has its time to come, but over a stream behind a redirection.
        let is_late = |at: Instant| scene.now >= at + T1;
        let ends: Vec<_> = scene.call.legs.iter().filter_map(Leg::ended_at).collect();
        prop_assert!(ends.into_iter().all(is_late));
        if let Some((at, last)) = &scene.call.final_response {
            prop_assert!(is_stream && last.status < 400 || last.status < 300 || is_late(*at));
        }
        ledger.check(&scene);
    }
}

const CALLEES: usize = 4;

const CONTACTS: [&str; 4] = [
    "Contact: <sip:c@192.0.2.9>",
    "Contact: *",
    "Contact: <sip:c@192.0.2.9>\r\nRecord-Route: <sip:p;lr>, <sip:q>",
    "Contact: <sip:c@192.0.2.9;transport=tcp>\r\nRecord-Route: <<",
];
