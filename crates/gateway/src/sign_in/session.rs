//! Sessions: what the cookie says, and why it is believed.
//!
//! A cookie holds the user, its end and an identifier of its own, signed with a key that is derived from the gateway's
//! secret and the hash of the user's password. Whoever reads the htpasswd file alone can sign nothing, and a new password
//! ends the sessions of the old one.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, HeaderValue, header};
use sha2::Sha256;

use crate::header_list::elements;

/// The name of the cookie. It leaves `Authorization` free for the registries, once somebody signed in.
const COOKIE: &str = "tallyman-session";
/// The name over TLS: browsers take a cookie of this form from this host alone, so that no other site plants one.
const HOST_COOKIE: &str = "__Host-tallyman-session";
/// The seconds for which a session lasts.
const LIFETIME: u64 = 12 * 3600;
/// The seconds by which the clocks of gateways may differ.
const SKEW: u64 = 60;
const ID: usize = 12;
/// Sessions that were signed out, beyond which those that are over anyway are forgotten.
const ENDED_MAX: usize = 100_000;

/// The secret that session keys are derived from.
#[derive(Clone)]
pub(crate) struct SessionSecret(Vec<u8>);

impl std::fmt::Debug for SessionSecret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SessionSecret")
    }
}

impl SessionSecret {
    /// The fewest bytes of a secret.
    pub(crate) const MIN: usize = 32;

    /// Returns `None` if the text is too short to be a secret.
    pub(crate) fn new(text: &str) -> Option<Self> {
        let text = text.trim();
        (text.len() >= Self::MIN).then(|| Self(text.as_bytes().to_vec()))
    }

    pub(crate) fn random() -> Self {
        Self(random::<32>().to_vec())
    }

    /// Returns a key for one purpose.
    pub(crate) fn key(&self, purpose: &[&[u8]]) -> [u8; 32] {
        let mut key = [0; 32];
        let hkdf = Hkdf::<Sha256>::new(None, &self.0);
        hkdf.expand_multi_info(purpose, &mut key).expect("32 bytes can be derived");
        key
    }
}

/// The identifiers of sessions that were signed out, and their ends. They are kept when the secret changes: it may come back.
#[derive(Debug, Default)]
pub(crate) struct EndedSessions(Mutex<HashMap<[u8; ID], u64>>);

impl EndedSessions {
    fn by_id(&self) -> MutexGuard<'_, HashMap<[u8; ID], u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The sessions of the gateway.
#[derive(Debug)]
pub(crate) struct Sessions {
    secret: SessionSecret,
    ended: Arc<EndedSessions>,
}

impl Sessions {
    pub(crate) fn new(secret: SessionSecret, ended: Arc<EndedSessions>) -> Self {
        Self { secret, ended }
    }

    /// Returns the user of a session that was begun here and goes on. `hash_of` returns the hash of a user's password.
    pub(crate) fn user<'a>(
        &self,
        headers: &HeaderMap,
        secure: bool,
        now: u64,
        hash_of: impl Fn(&str) -> Option<&'a str>,
    ) -> Option<String> {
        let sessions = cookies(headers, secure).filter_map(Session::parse);
        let ended = self.ended.by_id();
        let mut valid = sessions.filter(|session| {
            session.end > now
                && session.end <= now + LIFETIME + SKEW
                && !ended.contains_key(&session.id)
                && hash_of(&session.user).is_some_and(|hash| self.has_signed(session, hash))
        });
        valid.next().map(|session| session.user)
    }

    /// Returns the header that begins a session.
    pub(crate) fn begin(&self, user: &str, hash: &str, secure: bool, now: u64) -> HeaderValue {
        let id = random::<ID>();
        let said = format!("{}.{}", encode(&[&id, user.as_bytes()].concat()), now + LIFETIME);
        let signature = encode(&self.mac(user, hash, &said).finalize().into_bytes());
        set_cookie(&format!("{said}.{signature}"), LIFETIME, secure)
    }

    /// Ends the sessions of a request, and returns the header that makes the browser forget them.
    pub(crate) fn end<'a>(
        &self,
        headers: &HeaderMap,
        secure: bool,
        now: u64,
        hash_of: impl Fn(&str) -> Option<&'a str>,
    ) -> HeaderValue {
        let mut ended = self.ended.by_id();
        if ended.len() >= ENDED_MAX {
            ended.retain(|_, end| *end > now);
        }
        for session in cookies(headers, secure).filter_map(Session::parse) {
            // Sessions that somebody invents are not worth remembering.
            if hash_of(&session.user).is_some_and(|hash| self.has_signed(&session, hash)) {
                ended.insert(session.id, session.end);
            }
        }
        set_cookie("", 0, secure)
    }

    fn mac(&self, user: &str, hash: &str, said: &str) -> Hmac<Sha256> {
        let key = self.secret.key(&[b"tallyman session\0", user.as_bytes(), b"\0", hash.as_bytes()]);
        let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("keys of any length will do");
        mac.update(said.as_bytes());
        mac
    }

    fn has_signed(&self, session: &Session<'_>, hash: &str) -> bool {
        self.mac(&session.user, hash, session.said).verify_slice(&session.signature).is_ok()
    }
}

/// A cookie as it was sent.
struct Session<'a> {
    said: &'a str,
    id: [u8; ID],
    user: String,
    end: u64,
    signature: Vec<u8>,
}

impl<'a> Session<'a> {
    fn parse(cookie: &'a str) -> Option<Self> {
        let (said, signature) = cookie.rsplit_once('.')?;
        let (subject, end) = said.split_once('.')?;
        let subject = URL_SAFE_NO_PAD.decode(subject).ok()?;
        let (id, user) = subject.split_first_chunk::<ID>()?;
        Some(Self {
            said,
            id: *id,
            user: String::from_utf8(user.to_vec()).ok()?,
            end: end.parse().ok()?,
            signature: URL_SAFE_NO_PAD.decode(signature).ok()?,
        })
    }
}

fn name(secure: bool) -> &'static str {
    if secure { HOST_COOKIE } else { COOKIE }
}

/// The values of all cookies of our name: another site may have planted one before ours.
fn cookies(headers: &HeaderMap, secure: bool) -> impl Iterator<Item = &str> {
    let cookies = elements(headers, header::COOKIE, b';').filter_map(|one| one.split_once('='));
    cookies.filter(move |(found, _)| *found == name(secure)).map(|(_, value)| value)
}

fn set_cookie(value: &str, seconds: u64, secure: bool) -> HeaderValue {
    let (name, flag) = (name(secure), if secure { "; Secure" } else { "" });
    let text = format!("{name}={value}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}{flag}");
    HeaderValue::from_str(&text).expect("base64 and digits are a header value")
}

fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    getrandom::fill(&mut bytes).expect("the system has random numbers");
    bytes
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use http::{HeaderMap, HeaderValue, header};
    use proptest::prelude::*;

    use super::{LIFETIME, SessionSecret, Sessions};

    const NOW: u64 = 1_800_000_000;

    fn sent(cookies: &[&str]) -> HeaderMap {
        cookies.iter().map(|cookie| (header::COOKIE, HeaderValue::from_str(cookie).unwrap())).collect()
    }

    fn pair(set: &HeaderValue) -> String {
        set.to_str().unwrap().split(';').next().unwrap().to_owned()
    }

    fn sessions() -> Sessions {
        let secret = SessionSecret::new("a secret of at least thirty-two bytes").unwrap();
        Sessions::new(secret, Arc::default())
    }

    #[test]
    fn sessions_end_by_time_by_password_by_key_and_by_signing_out() {
        let ours = sessions();
        let set = ours.begin("ada", "hash", false, NOW);
        let cookie = pair(&set);
        let user = |sessions: &Sessions, cookies: &[&str], secure, now, hash: &'static str| {
            sessions.user(&sent(cookies), secure, now, |user| (user == "ada").then_some(hash))
        };
        let found = Some("ada".to_owned());
        assert_eq!(user(&ours, &[&cookie], false, NOW, "hash"), found);
        assert_eq!(
            user(&sessions(), &[&cookie], false, NOW + LIFETIME - 1, "hash"),
            found,
            "another gateway"
        );
        assert_eq!(user(&ours, &[&cookie], false, NOW + LIFETIME, "hash"), None, "over");
        assert_eq!(user(&ours, &[&cookie], false, NOW - 3600, "hash"), None, "an end too far off");
        assert_eq!(user(&ours, &[&cookie], false, NOW, "other"), None, "another password");
        assert_eq!(user(&ours, &[&cookie], true, NOW, "hash"), None, "a cookie without TLS");
        let other = Sessions::new(SessionSecret::random(), Arc::default());
        assert_eq!(user(&other, &[&cookie], false, NOW, "hash"), None, "another secret");
        let planted = format!("tallyman-session=planted; a=b; {cookie}");
        assert_eq!(user(&ours, &["tallyman-session=x", &planted], false, NOW, "hash"), found);
        let odd = HeaderValue::from_bytes(&[b"city=M\xe1laga; ", cookie.as_bytes()].concat()).unwrap();
        let odd = HeaderMap::from_iter([(header::COOKIE, odd)]);
        assert_eq!(ours.user(&odd, false, NOW, |_| Some("hash")), found, "beside a cookie that is no text");
        ours.end(&odd, false, NOW, |_| Some("hash"));
        assert_eq!(user(&ours, &[&cookie], false, NOW, "hash"), None, "signed out beside that cookie");
        let set = ours.begin("ada", "hash", false, NOW);
        let cookie = pair(&set);

        let secure = pair(&ours.begin("ada", "hash", true, NOW));
        assert!(secure.starts_with("__Host-tallyman-session="));
        assert_eq!(user(&ours, &[&secure], true, NOW, "hash"), found);
        assert_eq!(user(&ours, &[&secure], false, NOW, "hash"), None);
        ours.end(&sent(&[&secure]), true, NOW, |_| Some("hash"));
        assert_eq!(user(&ours, &[&secure], true, NOW, "hash"), None, "signed out");
        assert_eq!(user(&ours, &[&cookie], false, NOW, "hash"), found, "other sessions go on");
    }

    #[test]
    fn secrets_of_fewer_than_32_characters_are_refused() {
        for (text, expected) in [("", false), ("x", false), (&"x".repeat(31), false), (&"x".repeat(32), true)]
        {
            assert_eq!(SessionSecret::new(&format!("{text}\n")).is_some(), expected, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_other_cookie_is_believed(at in 0_usize..200, byte in "[ -~]", text in "[ -~]{0,80}") {
            let ours = sessions();
            let cookie = pair(&ours.begin("ada", "hash", false, NOW));
            let mut changed = cookie.clone();
            let at = "tallyman-session=".len() + at % (cookie.len() - "tallyman-session=".len());
            changed.replace_range(at..=at, &byte);
            for other in [changed, format!("tallyman-session={text}")] {
                let user = ours.user(&sent(&[&other]), false, NOW, |_| Some("hash"));
                prop_assert!(user.is_none() || other == cookie || other.starts_with(&format!("{cookie};")), "{}", other);
            }
        }
    }
}
