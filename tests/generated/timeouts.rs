//! Does everybody who waits wait longer than whom he waits for, and do the files say so?

use check_um_generate::timeouts::{Chain, Limit, chains};

use super::committed;

#[test]
fn every_limit_is_above_the_one_inside_it() {
    for Chain { title, limits } in chains() {
        for pair in limits.windows(2) {
            // A plugin outlives its deadline by half a second at most; a second is left for the way back.
            assert!(pair[0].seconds + 1 < pair[1].seconds, "{title}: {} >= {}", pair[0].words(), pair[1].words());
        }
    }
}

#[test]
fn every_limit_stands_in_its_file() {
    for Chain { title, limits } in chains() {
        for Limit { in_file: setting, seconds, file, .. } in &limits {
            let Some(file) = file else { continue };
            let text = committed(file);
            let number = seconds.to_string();
            let after: Vec<_> = text.split(setting).skip(1).collect();
            let said: Vec<_> =
                after.iter().map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>()).collect();
            assert!(said.contains(&number), "{title}: {file} does not say {setting}{seconds} but {said:?}");
        }
    }
}
