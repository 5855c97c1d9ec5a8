//! Who may use the gateway at all: people of an htpasswd file, or those whom a proxy in front vouches for.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{
    Engine as _,
    engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD},
};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use sha2::{Digest as _, Sha256};
use tokio::sync::Semaphore;

use crate::{
    config::{ConfigError, HtpasswdError, SignInConfig, read},
    guard::Guard,
    rate_limit::RateLimit,
    refusal::Refusal,
};

/// The cookie that leaves `Authorization` free for the registries, once somebody signed in.
const COOKIE: &str = "tallyman-session";
const SESSION: Duration = Duration::from_secs(12 * 3600);
/// Passwords are remembered, hashed, with what came of them: checking one afresh takes a tenth of a second.
const REMEMBERED_MAX: usize = 1000;
/// Passwords that one caller may have checked afresh in a minute.
const TRIES: u32 = 20;
/// Passwords that are checked at the same time, whoever sent them.
const CHECKS: usize = 4;

/// Whoever got in.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) name: Option<String>,
    /// `Authorization` was for the gateway, so the registries must not see it.
    pub(crate) used_authorization: bool,
    /// The cookie to set.
    pub(crate) cookie: Option<HeaderValue>,
}

/// How people prove who they are.
#[derive(Debug)]
pub(crate) enum SignIn {
    Passwords(Arc<Passwords>),
    Header(String),
}

pub(crate) struct Passwords {
    hashes: HashMap<String, String>,
    /// Made from the file, so all gateways with the same one take each other's cookies, and none outlives a change.
    key: [u8; 32],
    /// By the password's own hash: whose it is, if anybody's.
    checked: Mutex<HashMap<[u8; 32], Option<String>>>,
    tries: Option<RateLimit>,
    checks: Semaphore,
}

impl std::fmt::Debug for Passwords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Passwords of {} users", self.hashes.len())
    }
}

impl SignIn {
    pub(crate) fn new(config: &SignInConfig) -> Result<Self, ConfigError> {
        match (&config.htpasswd, &config.header) {
            (Some(path), _) => {
                let text = read(path)?;
                Passwords::parse(&text)
                    .map(|passwords| Self::Passwords(Arc::new(passwords)))
                    .map_err(|source| ConfigError::Htpasswd { path: path.clone(), source })
            }
            (None, Some(header)) => Ok(Self::Header(header.to_ascii_lowercase())),
            (None, None) => Err(ConfigError::SignInMethod),
        }
    }

    /// Lets in, or says how to get in. `secure` says that the browser came by TLS.
    pub(crate) async fn check(
        &self,
        guard: &Guard,
        peer: SocketAddr,
        headers: &HeaderMap,
        secure: bool,
    ) -> Result<Identity, Refusal> {
        match self {
            Self::Header(name) => {
                let named =
                    headers.get(name).and_then(|value| value.to_str().ok()).filter(|value| !value.is_empty());
                match named.filter(|_| guard.trusts(peer.ip())) {
                    // `Authorization` is between the caller and that proxy.
                    Some(user) => {
                        Ok(Identity { name: Some(user.to_owned()), used_authorization: true, cookie: None })
                    }
                    None => Err(Refusal::new(
                        StatusCode::UNAUTHORIZED,
                        "UNAUTHORIZED",
                        "expected a request of a proxy that vouches for its user",
                    )),
                }
            }
            Self::Passwords(passwords) => passwords.check(guard.caller(peer, headers), headers, secure).await,
        }
    }
}

impl Passwords {
    fn parse(text: &str) -> Result<Self, HtpasswdError> {
        let mut hashes = HashMap::new();
        for (at, line) in text.lines().map(str::trim).enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let (user, hash) = line.split_once(':').ok_or(HtpasswdError::Line { line: at + 1 })?;
            if !["$2y$", "$2b$", "$2a$"].iter().any(|kind| hash.starts_with(kind)) {
                return Err(HtpasswdError::Hash { line: at + 1 });
            }
            hashes.insert(user.to_owned(), hash.to_owned());
        }
        if hashes.is_empty() {
            return Err(HtpasswdError::Empty);
        }
        let key = Sha256::new().chain_update("tallyman-session\n").chain_update(text).finalize().into();
        let (tries, checks) = (RateLimit::new(TRIES, "tries to sign in"), Semaphore::new(CHECKS));
        Ok(Self { hashes, key, checked: Mutex::default(), tries, checks })
    }

    async fn check(
        self: &Arc<Self>,
        caller: IpAddr,
        headers: &HeaderMap,
        secure: bool,
    ) -> Result<Identity, Refusal> {
        let basic = headers
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok()?.split_once(' '))
            .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"));
        let session = self.session(headers);
        if let Some((_, encoded)) = basic
            && let Some(name) = self.user(caller, encoded.trim()).await?
        {
            let cookie = (session.as_ref() != Some(&name)).then(|| self.cookie(&name, secure));
            return Ok(Identity { name: Some(name), used_authorization: true, cookie });
        }
        if session.is_some() {
            return Ok(Identity { name: session, ..Identity::default() });
        }
        let challenge = HeaderValue::from_static("Basic realm=\"Tallyman\", charset=\"UTF-8\"");
        let message = match basic {
            Some(_) => "expected a user and a password of this gateway's, found others",
            None => "sign in to use this gateway",
        };
        Err(Refusal::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", message)
            .header(header::WWW_AUTHENTICATE, challenge))
    }

    /// Whose name and password these are: nobody's where they are meant for a registry.
    async fn user(self: &Arc<Self>, caller: IpAddr, encoded: &str) -> Result<Option<String>, Refusal> {
        let known: [u8; 32] = self.mac(encoded.as_bytes());
        if let Some(whose) = self.checked.lock().unwrap_or_else(PoisonError::into_inner).get(&known) {
            return Ok(whose.clone());
        }
        let decoded = STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let Some((name, password)) = decoded.as_deref().and_then(|decoded| decoded.split_once(':')) else {
            return Ok(None);
        };
        if let Some(tries) = &self.tries {
            tries.check(caller)?;
        }
        let _turn = self.checks.acquire().await;
        let (name, password, passwords) = (name.to_owned(), password.to_owned(), Arc::clone(self));
        let whose = tokio::task::spawn_blocking(move || {
            // Somebody who is not there takes as long as somebody with a wrong password.
            let hash = passwords.hashes.get(&name).or_else(|| passwords.hashes.values().next())?;
            let right = bcrypt::verify(password, hash).unwrap_or(false);
            (right && passwords.hashes.contains_key(&name)).then_some(name)
        });
        let whose = whose.await.unwrap_or_default();
        let mut checked = self.checked.lock().unwrap_or_else(PoisonError::into_inner);
        if checked.len() >= REMEMBERED_MAX {
            checked.clear();
        }
        checked.insert(known, whose.clone());
        Ok(whose)
    }

    /// The user of a session cookie that is ours and not over.
    fn session(&self, headers: &HeaderMap) -> Option<String> {
        let cookies = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
        let mut cookies =
            cookies.flat_map(|value| value.split(';')).filter_map(|one| one.trim().split_once('='));
        let (_, value) = cookies.find(|(name, _)| *name == COOKIE)?;
        let (said, signature) = value.rsplit_once('.')?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).ok()?;
        mac.update(said.as_bytes());
        mac.verify_slice(&URL_SAFE_NO_PAD.decode(signature).ok()?).ok()?;
        let (user, end) = said.split_once('.')?;
        let user = String::from_utf8(URL_SAFE_NO_PAD.decode(user).ok()?).ok()?;
        (end.parse::<u64>().ok()? > now() && self.hashes.contains_key(&user)).then_some(user)
    }

    fn cookie(&self, name: &str, secure: bool) -> HeaderValue {
        let said = format!("{}.{}", URL_SAFE_NO_PAD.encode(name), now() + SESSION.as_secs());
        let signature = URL_SAFE_NO_PAD.encode(self.mac(said.as_bytes()));
        let secure = if secure { "; Secure" } else { "" };
        let seconds = SESSION.as_secs();
        let text = format!(
            "{COOKIE}={said}.{signature}; HttpOnly; SameSite=Strict; Path=/; Max-Age={seconds}{secure}"
        );
        HeaderValue::from_str(&text).expect("base64 and digits are a header value")
    }

    fn mac(&self, bytes: &[u8]) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("keys of any length will do");
        mac.update(bytes);
        mac.finalize().into_bytes().into()
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
