//! Credentials of the gateway's own: sent to the registry and its token service, never to a browser.

use std::{
    collections::HashMap,
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use arc_swap::ArcSwap;
use axum::BoxError;
use http::HeaderValue;
use tallyman_auth::{Credentials as Login, TokenAnswer};
use tracing::{info, warn};

use crate::{
    config::{PasswordFault, password_in, read},
    refusal::Refusal,
    single_flight::SingleFlight,
};

/// Tokens end this much before their time.
const MARGIN: Duration = Duration::from_secs(10);
const TOKENS_MAX: usize = 1000;
/// The time between two looks at the file with the password: refusals may be many.
const READ_EVERY: Duration = Duration::from_secs(5);

/// A name and password, and the tokens that they brought.
pub(crate) struct Credentials {
    login: ArcSwap<OwnLogin>,
    user: String,
    /// The file that the password is from, if it is from one.
    password_file: Option<PathBuf>,
    /// The time of the last look at that file after a refusal. Those who wait for it get what the one before them has read.
    read_at: tokio::sync::Mutex<Option<Instant>>,
    read_every: Duration,
    tokens: Mutex<HashMap<String, (HeaderValue, Instant)>>,
    /// Requests for tokens that are under way, by their scopes.
    pub(crate) fetches: SingleFlight<Result<HeaderValue, Refusal>>,
}

/// A name and password, and the header that carries them.
pub(crate) struct OwnLogin {
    pub(crate) login: Login,
    pub(crate) basic: Option<HeaderValue>,
}

impl OwnLogin {
    fn new(user: &str, password: &str) -> Self {
        let login = Login::Basic { user: user.to_owned(), password: password.to_owned() };
        Self { basic: login.basic(), login }
    }
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials")
    }
}

impl Credentials {
    /// `password_file` is the file that the password was read from.
    pub(crate) fn new(user: String, password: &str, password_file: Option<PathBuf>) -> Self {
        Self {
            login: ArcSwap::from_pointee(OwnLogin::new(&user, password)),
            user,
            password_file,
            read_at: tokio::sync::Mutex::default(),
            read_every: READ_EVERY,
            tokens: Mutex::default(),
            fetches: SingleFlight::default(),
        }
    }

    /// The name and the password of now.
    pub(crate) fn login(&self) -> Arc<OwnLogin> {
        self.login.load_full()
    }

    /// The header with the name and the password of now.
    pub(crate) fn basic(&self) -> Option<HeaderValue> {
        self.login.load().basic.clone()
    }

    /// Returns `true` if there is another password than the one that was refused: the file is read anew, as passwords are changed while
    /// programs run, and some are good for hours only.
    pub(crate) async fn is_renewed(&self, refused: Option<&HeaderValue>) -> bool {
        let Some(path) = &self.password_file else { return false };
        let mut read_at = self.read_at.lock().await;
        if self.login.load().basic.as_ref() != refused {
            return true;
        }
        if read_at.is_some_and(|read_at| read_at.elapsed() < self.read_every) {
            return false;
        }
        *read_at = Some(Instant::now());
        let file = path.clone();
        let read = tokio::task::spawn_blocking(move || read(&file)).await;
        let text = match read.map_err(Into::into).and_then(|read| read.map_err(BoxError::from)) {
            Ok(text) => text,
            Err(error) => {
                warn!(%error, "the password was refused, and its file cannot be read anew");
                return false;
            }
        };
        let password = match password_in(&text) {
            Ok(password) => password,
            // A file that is being written is empty for a moment.
            Err(PasswordFault::Empty) => return false,
            Err(fault) => {
                warn!(
                    path = %path.display(),
                    "the password was refused, and its file cannot be used: expected a password of one line and without control \
                     characters, found {fault}; correct it"
                );
                return false;
            }
        };
        let read = OwnLogin::new(&self.user, password);
        let is_new = read.basic.as_ref() != refused;
        if is_new {
            info!(path = %path.display(), "the password was refused, and its file has another one");
            self.login.store(Arc::new(read));
            self.tokens().clear();
        }
        is_new
    }

    /// Returns the token for these scopes, if there is one that goes on.
    pub(crate) fn token(&self, scopes: &str) -> Option<HeaderValue> {
        let tokens = self.tokens();
        let (token, end) = tokens.get(scopes)?;
        (*end > Instant::now()).then(|| token.clone())
    }

    /// Remembers a token for these scopes.
    pub(crate) fn remember(&self, scopes: &str, answer: &TokenAnswer) {
        let mut tokens = self.tokens();
        if tokens.len() >= TOKENS_MAX {
            tokens.clear();
        }
        let end = Instant::now() + answer.lifetime.saturating_sub(MARGIN);
        tokens.insert(scopes.to_owned(), (answer.authorization.clone(), end));
    }

    /// Forgets the token with this `Authorization` header, which the registry refused.
    pub(crate) fn forget(&self, refused: &HeaderValue) {
        self.tokens().retain(|_, (token, _)| token != refused);
    }

    fn tokens(&self) -> MutexGuard<'_, HashMap<String, (HeaderValue, Instant)>> {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, time::Duration};

    use super::Credentials;

    #[tokio::test]
    async fn the_file_is_not_looked_at_for_each_refusal() {
        let file = std::env::temp_dir().join(format!("tallyman-read-every-{}", std::process::id()));
        for (read_every, expected) in [(Duration::MAX, false), (Duration::ZERO, true)] {
            fs::write(&file, "old").unwrap();
            let credentials = Credentials::new("user".to_owned(), "old", Some(file.clone()));
            let credentials = Credentials { read_every, ..credentials };
            let refused = credentials.basic();
            assert!(!credentials.is_renewed(refused.as_ref()).await, "the file has what was refused");
            fs::write(&file, "new").unwrap();
            assert_eq!(credentials.is_renewed(refused.as_ref()).await, expected, "{read_every:?}");
        }
        fs::remove_file(&file).unwrap();
    }
}
