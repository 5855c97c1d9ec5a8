//! htpasswd files with bcrypt passwords.

use std::collections::HashMap;

use bcrypt::HashParts;

use crate::config::HtpasswdError;

/// The bytes of a password that bcrypt looks at. What is behind them could be anything, so longer ones are refused.
const PASSWORD_MAX: usize = 72;
/// The costs that `htpasswd -C` takes. Checking a password of the highest one takes seconds, and twice the time for each one more.
const COST_MIN: u32 = 4;
const COST_MAX: u32 = 17;

/// The users of an htpasswd file.
pub(crate) struct Htpasswd {
    hashes: HashMap<String, (String, u32)>,
    /// The highest cost of all hashes.
    cost: u32,
}

impl Htpasswd {
    pub(crate) fn parse(text: &str) -> Result<Self, HtpasswdError> {
        let mut hashes = HashMap::new();
        for (line, text) in (1..).zip(text.lines().map(str::trim)) {
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let missing = |missing| HtpasswdError::Line { line, missing };
            let (user, hash) = text.split_once(':').ok_or_else(|| missing("colon"))?;
            if user.is_empty() {
                return Err(missing("name"));
            }
            let cost = hash.parse::<HashParts>().map_err(|_| HtpasswdError::Hash { line })?.get_cost();
            if !(COST_MIN..=COST_MAX).contains(&cost) {
                return Err(HtpasswdError::Cost { line, min: COST_MIN, max: COST_MAX, found: cost });
            }
            // As in Apache, the first line of a user counts.
            hashes.entry(user.to_owned()).or_insert((hash.to_owned(), cost));
        }
        let cost = hashes.values().map(|(_, cost)| *cost).max().ok_or(HtpasswdError::Empty)?;
        Ok(Self { hashes, cost })
    }

    pub(crate) fn len(&self) -> usize {
        self.hashes.len()
    }

    /// Returns the hash of a user's password.
    pub(crate) fn hash(&self, user: &str) -> Option<&str> {
        self.hashes.get(user).map(|(hash, _)| hash.as_str())
    }

    /// Returns `true` if this is the user's password. Every wrong name and every wrong password takes the time of the
    /// highest cost in the file, so that the time tells nothing.
    pub(crate) fn verify(&self, user: &str, password: &str) -> bool {
        // bcrypt repeats a password behind a NUL, so that one with a NUL may be the same as a shorter one.
        let is_plain = password.len() <= PASSWORD_MAX && !password.contains('\0');
        let known = self.hashes.get(user).filter(|_| is_plain);
        if known.is_some_and(|(hash, _)| bcrypt::verify(password, hash).unwrap_or(false)) {
            return true;
        }
        for cost in remaining(known.map(|(_, cost)| *cost), self.cost) {
            // The result does not matter; a cost out of range was refused with the file.
            let _hash = std::hint::black_box(bcrypt::hash_with_salt("password", cost, [0; 16]));
        }
        false
    }
}

/// Returns the costs of the hashes that make up the time of the highest cost, after one of `spent`. A cost takes as long
/// as all below it together, and the lowest of them twice.
fn remaining(spent: Option<u32>, highest: u32) -> Vec<u32> {
    spent.map_or_else(|| vec![highest], |spent| (spent..highest).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Htpasswd, remaining};
    use crate::config::HtpasswdError;

    fn line(user: &str, password: &str, cost: u32) -> String {
        format!("{user}:{}\n", bcrypt::hash(password, cost).unwrap())
    }

    #[test]
    fn wrong_names_and_wrong_passwords_take_the_same_work() {
        for highest in 4..=14 {
            let work = |costs: Vec<u32>| costs.into_iter().map(|cost| 1_u64 << cost).sum::<u64>();
            assert_eq!(work(remaining(None, highest)), 1 << highest);
            for spent in 4..=highest {
                assert_eq!((1 << spent) + work(remaining(Some(spent), highest)), 1 << highest, "{spent}");
            }
        }
        let users = Htpasswd::parse(&(line("low", "secret", 4) + &line("high", "secret", 6))).unwrap();
        assert_eq!(users.cost, 6, "the highest cost of the file counts");
    }

    #[test]
    fn passwords_are_whole() {
        let long = "x".repeat(72);
        let users = Htpasswd::parse(&(line("ada", &long, 4) + &line("bob", "secret", 4))).unwrap();
        for (user, password, expected) in [
            ("ada", long.clone(), true),
            ("ada", format!("{long}tail"), false),
            ("ada", "x".repeat(71), false),
            ("bob", "secret".to_owned(), true),
            ("bob", "secret\0secret".to_owned(), false),
            ("bob", "secret\0".to_owned(), false),
            ("Bob", "secret".to_owned(), false),
            ("", "secret".to_owned(), false),
        ] {
            assert_eq!(users.verify(user, &password), expected, "{user} {password:?}");
        }
    }

    proptest! {
        #[test]
        fn files_are_read_or_refused_by_their_line(text in "([a-z:#$ ]{0,8}|[a-z]{1,3}:\\$2[aby]\\$0[0-9]\\$[./A-Za-z0-9]{50,54}\n|\n){0,6}") {
            match Htpasswd::parse(&text) {
                Ok(users) => prop_assert!(users.len() > 0),
                Err(
                    HtpasswdError::Line { line, .. }
                    | HtpasswdError::Hash { line }
                    | HtpasswdError::Cost { line, .. },
                ) => {
                    prop_assert!((1..=text.lines().count()).contains(&line));
                }
                Err(error) => prop_assert_eq!(error, HtpasswdError::Empty),
            }
        }
    }
}
