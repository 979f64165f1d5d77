//! How are the scenes of all checks played in little time? Several at once.
#![allow(dead_code, reason = "every integration test uses its share of this")]

use std::sync::Mutex;
use std::thread;

use call_router::scene::Scene;
use call_router::scenes::SCENES;

/// Plays every scene whose output is text; panics where one of them does.
pub fn play_all(play: impl Fn(&Scene) + Sync) {
    let scenes = Mutex::new(SCENES.iter().filter(|scene| scene.is_text()));
    thread::scope(|scope| {
        for _ in 0..SEVERAL {
            scope.spawn(|| {
                loop {
                    let Some(scene) = scenes.lock().unwrap().next() else { break };
                    play(scene);
                }
            });
        }
    });
}

const SEVERAL: usize = 6;
