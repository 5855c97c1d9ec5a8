//! Signing in to the gateway: users of an htpasswd file, or those whom a trusted proxy names in a header.

mod htpasswd;
mod session;
mod tries;

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError},
    time::{SystemTime, UNIX_EPOCH},
};

use axum::body::Body;
use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit as _, Mac as _};
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use sha2::Sha256;
use tokio::sync::Semaphore;
use tracing::warn;

use crate::{
    config::{ConfigError, SignInConfig, read},
    guard::Guard,
    rate_limit::network_of,
    refusal::Refusal,
    single_flight::SingleFlight,
};
pub(crate) use htpasswd::Htpasswd;
pub(crate) use session::{EndedSessions, SessionSecret, Sessions};
use tries::Tries;

/// Passwords are remembered, hashed, with what came of them: checking one afresh takes a tenth of a second.
const REMEMBERED_MAX: usize = 1000;
/// Passwords that are checked at the same time, whoever sent them.
const CHECKS: usize = 4;

/// A caller that was let in.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) name: Option<String>,
    /// `Authorization` was for the gateway, so the registries must not see it.
    pub(crate) used_authorization: bool,
    /// The cookie to set.
    pub(crate) cookie: Option<HeaderValue>,
}

impl Identity {
    /// Keeps the session of a caller going by its response.
    pub(crate) fn remember_in(self, mut response: Response<Body>) -> Response<Body> {
        if let Some(cookie) = self.cookie {
            response.headers_mut().insert(header::SET_COOKIE, cookie);
        }
        response
    }
}

/// The way to sign in.
#[derive(Debug)]
pub(crate) enum SignIn {
    Passwords(Arc<Passwords>),
    Header(String),
}

/// Signing in by name and password.
pub(crate) struct Passwords {
    users: Htpasswd,
    remembered: Remembered,
    sessions: Sessions,
    state: Arc<SignInState>,
    /// Checks under way, by caller and password.
    running: SingleFlight<Result<Option<String>, Refusal>>,
}

/// State that survives every reload, whatever way to sign in there is: nobody gets new tries, and sessions that were ended stay
/// so.
#[derive(Debug)]
pub(crate) struct SignInState {
    ended: Arc<EndedSessions>,
    /// The secret of sessions where the configuration names none.
    own_secret: OnceLock<SessionSecret>,
    tries: Arc<Tries>,
    checks: Arc<Semaphore>,
}

impl Default for SignInState {
    fn default() -> Self {
        Self {
            ended: Arc::default(),
            own_secret: OnceLock::new(),
            tries: Arc::default(),
            checks: Arc::new(Semaphore::new(CHECKS)),
        }
    }
}

/// Passwords that were checked before: whose each is, if anybody's.
struct Remembered {
    key: [u8; 32],
    checked: Mutex<HashMap<[u8; 32], Option<String>>>,
}

impl std::fmt::Debug for Passwords {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Passwords of {} users", self.users.len())
    }
}

impl SignIn {
    /// Reads the users. Passwords that were right in `before` need no new check while their users have the same hashes.
    pub(crate) fn new(
        config: &SignInConfig,
        state: &Arc<SignInState>,
        before: Option<&Self>,
    ) -> Result<Self, ConfigError> {
        match (&config.htpasswd, &config.header) {
            (Some(path), _) => {
                let users = Htpasswd::parse(&read(path)?)
                    .map_err(|source| ConfigError::Htpasswd { path: path.clone(), source })?;
                let secret = config.session_key()?;
                let secret = match secret {
                    None => None,
                    Some(text) => {
                        let (min, found) = (SessionSecret::MIN, text.trim().len());
                        Some(SessionSecret::new(&text).ok_or(ConfigError::SessionKey { min, found })?)
                    }
                };
                let before = match before {
                    Some(Self::Passwords(before)) => Some(&**before),
                    _ => None,
                };
                Ok(Self::Passwords(Arc::new(Passwords::new(users, secret, state, before))))
            }
            (None, Some(header)) => Ok(Self::Header(header.to_ascii_lowercase())),
            (None, None) => Err(ConfigError::SignInMethod { found: "neither" }),
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
            Self::Passwords(passwords) => passwords.check(guard.caller(peer, headers), headers, secure).await,
            Self::Header(name) => {
                let user = match guard.trusts(peer.ip()) {
                    true => user_in(headers, name),
                    false => Err("a request from elsewhere; name the proxy in `trusted_proxies`"),
                };
                // `Authorization` is between the caller and that proxy.
                let identity = |user| Identity { name: Some(user), used_authorization: true, cookie: None };
                user.map(identity).map_err(|found| {
                    let message = format!("expected one user in {name} from a trusted proxy, found {found}");
                    Refusal::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", message)
                })
            }
        }
    }

    /// Ends the session of a request. Returns the header that makes the browser forget it, or `None` if a proxy in
    /// front has the sessions.
    pub(crate) fn sign_out(&self, headers: &HeaderMap, secure: bool) -> Option<HeaderValue> {
        match self {
            Self::Passwords(passwords) => {
                Some(passwords.sessions.end(headers, secure, now(), |user| passwords.users.hash(user)))
            }
            Self::Header(_) => None,
        }
    }
}

impl Passwords {
    fn new(
        users: Htpasswd,
        secret: Option<SessionSecret>,
        state: &Arc<SignInState>,
        before: Option<&Self>,
    ) -> Self {
        let secret = secret.unwrap_or_else(|| {
            let own = state.own_secret.get_or_init(|| {
                warn!(
                    "sessions are valid only for this process and end with it; set session_key_file or session_key_env to \
                     keep and share them"
                );
                SessionSecret::random()
            });
            own.clone()
        });
        let remembered = before.map_or_else(Remembered::new, |before| before.remembered_for(&users));
        let sessions = Sessions::new(secret, Arc::clone(&state.ended));
        Self { users, remembered, sessions, state: Arc::clone(state), running: SingleFlight::default() }
    }

    /// Returns the passwords that were right here and are so by the hashes of `users`.
    fn remembered_for(&self, users: &Htpasswd) -> Remembered {
        let is_right = |whose: &Option<String>| {
            whose.as_deref().is_some_and(|user| users.hash(user) == self.users.hash(user))
        };
        let mut checked = self.remembered.checked().clone();
        checked.retain(|_, whose| is_right(whose));
        Remembered { key: self.remembered.key, checked: Mutex::new(checked) }
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
        let sessions = &self.sessions;
        let session = sessions.user(headers, secure, now(), |user| self.users.hash(user));
        if let Some((_, encoded)) = basic
            && let Some(name) = self.user(caller, encoded.trim()).await?
        {
            let hash = self.users.hash(&name).filter(|_| session.as_ref() != Some(&name));
            let cookie = hash.map(|hash| sessions.begin(&name, hash, secure, now()));
            return Ok(Identity { name: Some(name), used_authorization: true, cookie });
        }
        if session.is_some() {
            return Ok(Identity { name: session, ..Identity::default() });
        }
        let challenge = HeaderValue::from_static("Basic realm=\"Tallyman\", charset=\"UTF-8\"");
        let message = match basic {
            Some(_) => "wrong user name or password",
            None => "sign in to use this gateway",
        };
        Err(Refusal::new(StatusCode::UNAUTHORIZED, "UNAUTHORIZED", message)
            .header(header::WWW_AUTHENTICATE, challenge))
    }

    /// Returns the user whose name and password these are, or `None` if they are meant for a registry.
    async fn user(self: &Arc<Self>, caller: IpAddr, encoded: &str) -> Result<Option<String>, Refusal> {
        let known = self.remembered.hash(encoded);
        if let Some(whose) = self.remembered.get(&known) {
            return Ok(whose);
        }
        let decoded = STANDARD.decode(encoded).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let Some((name, password)) = decoded.as_deref().and_then(|decoded| decoded.split_once(':')) else {
            return Ok(None);
        };
        // Each caller has its own check, because its tries are its own.
        let key = format!("{} {}", network_of(caller), STANDARD.encode(known));
        self.running.join(&key, self.verify(caller, known, name, password)).await
    }

    /// Checks a password, which counts as a try if it is wrong.
    async fn verify(
        self: &Arc<Self>,
        caller: IpAddr,
        known: [u8; 32],
        name: &str,
        password: &str,
    ) -> Result<Option<String>, Refusal> {
        let SignInState { tries, checks, .. } = &*self.state;
        tries.check(caller)?;
        let permit = Arc::clone(checks).acquire_owned().await;
        if let Some(whose) = self.remembered.get(&known) {
            return Ok(whose);
        }
        let counted = tries.begin(caller)?;
        let (name, password, passwords) = (name.to_owned(), password.to_owned(), Arc::clone(self));
        let checked = tokio::task::spawn_blocking(move || {
            // The check goes on if the caller leaves, so it keeps its permit.
            let _permit = permit;
            let whose = passwords.users.verify(&name, &password).then_some(name);
            if whose.is_some() {
                counted.take_back();
            }
            passwords.remembered.insert(known, whose.clone());
            whose
        });
        Ok(checked.await.unwrap_or_default())
    }
}

impl Remembered {
    fn new() -> Self {
        let key = SessionSecret::random().key(&[b"remembered passwords"]);
        Self { key, checked: Mutex::default() }
    }

    fn hash(&self, encoded: &str) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.key).expect("keys of any length will do");
        mac.update(encoded.as_bytes());
        mac.finalize().into_bytes().into()
    }

    fn get(&self, hash: &[u8; 32]) -> Option<Option<String>> {
        self.checked().get(hash).cloned()
    }

    fn insert(&self, hash: [u8; 32], whose: Option<String>) {
        let mut checked = self.checked();
        if checked.len() >= REMEMBERED_MAX {
            checked.clear();
        }
        checked.insert(hash, whose);
    }

    fn checked(&self) -> MutexGuard<'_, HashMap<[u8; 32], Option<String>>> {
        self.checked.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns the user whom a trusted proxy names in a header.
///
/// # Errors
/// The words for what there is in place of a user.
fn user_in(headers: &HeaderMap, name: &str) -> Result<String, &'static str> {
    let mut named = headers.get_all(name).into_iter();
    let user = named.next().ok_or("no such header")?;
    // A proxy that adds its header to the caller's lets the caller choose who it is.
    if named.next().is_some() {
        return Err("several such headers");
    }
    match str::from_utf8(user.as_bytes()) {
        Err(_) => Err("a name that is not UTF-8"),
        Ok("") => Err("an empty one"),
        Ok(user) if user.contains(',') => Err("a comma, which may separate several users"),
        Ok(user) if user.contains(char::is_control) => Err("a control character"),
        Ok(user) => Ok(user.to_owned()),
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
