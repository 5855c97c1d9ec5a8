//! Authentication: Basic credentials, or tokens from a token service of the registry's own.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Mutex,
    time::{Duration, Instant},
};

use axum::{
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde::Serialize;
use serde_json::json;

use crate::{
    endpoint::Endpoint,
    error::{ApiError, json_response},
    headers::value,
    ids::random_id,
    query::Query,
    sync::lock,
};

/// The way in which callers authenticate.
#[derive(Clone, Debug, Default)]
pub enum Auth {
    /// No authentication.
    #[default]
    None,
    /// A name and password with every request.
    Basic {
        /// The realm of the challenge.
        realm: String,
        /// Passwords by name.
        users: HashMap<String, String>,
    },
    /// A token from `/token` of the same server.
    Token(TokenAuth),
}

/// The token service.
#[derive(Clone, Debug)]
pub struct TokenAuth {
    /// The service's name, in the challenge and in token requests.
    pub service: String,
    /// Passwords by name. Every user may do everything.
    pub users: HashMap<String, String>,
    /// `true` if anonymous callers may pull.
    pub anonymous_pull: bool,
    /// The lifetime of a token.
    pub lifetime: Duration,
    /// The path of the service on this server.
    pub path: String,
    /// The realm of the challenge; `None` for the service on this server.
    pub realm: Option<String>,
    /// The form of the answer.
    pub answer: TokenAnswer,
    /// The form in which the answer tells a token's lifetime.
    pub expires_in: ExpiresIn,
    /// `false` where only GET is answered.
    pub takes_posts: bool,
    /// `false` where a wrong password gets a token without access.
    pub refuses_wrong_passwords: bool,
}

/// The fields that hold the token in a token service's answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TokenAnswer {
    /// `token` and `access_token`.
    #[default]
    Both,
    /// `token` alone.
    TokenAlone,
    /// `access_token` alone.
    AccessTokenAlone,
    /// `access_token`, and an empty `token`.
    EmptyToken,
    /// `token`, and an empty `access_token`.
    EmptyAccessToken,
}

/// The form of `expires_in`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExpiresIn {
    /// A number of seconds.
    #[default]
    Number,
    /// A number with a fraction.
    Fraction,
    /// A number as text.
    Text,
    /// No `expires_in`: 60 seconds are meant.
    Absent,
}

impl TokenAuth {
    /// One user, no anonymous pulls, tokens good for five minutes.
    pub fn new(user: &str, password: &str) -> Self {
        Self {
            service: "tallyman-dev-registry".to_owned(),
            users: HashMap::from([(user.to_owned(), password.to_owned())]),
            anonymous_pull: false,
            lifetime: Duration::from_secs(300),
            path: "/token".to_owned(),
            realm: None,
            answer: TokenAnswer::default(),
            expires_in: ExpiresIn::default(),
            takes_posts: true,
            refuses_wrong_passwords: true,
        }
    }
}

/// `type:name` with the actions allowed on it.
type Scopes = BTreeMap<String, BTreeSet<String>>;

#[derive(Debug)]
struct Grant {
    scopes: Scopes,
    expires: Instant,
}

/// The tokens given out.
#[derive(Debug, Default)]
pub(crate) struct Tokens {
    access: Mutex<HashMap<String, Grant>>,
    refresh: Mutex<HashMap<String, String>>,
}

/// The access that a request needs, as Distribution reckons it.
fn required_access(endpoint: &Endpoint, method: &Method, query: &Query) -> Vec<(String, Vec<&'static str>)> {
    if *endpoint == Endpoint::Catalog {
        return vec![("registry:catalog".to_owned(), vec!["*"])];
    }
    let Some(name) = endpoint.repository() else { return Vec::new() };
    let actions = match *method {
        Method::GET | Method::HEAD => vec!["pull"],
        Method::POST | Method::PUT | Method::PATCH => vec!["pull", "push"],
        Method::DELETE => vec!["delete"],
        _ => Vec::new(),
    };
    let mut needed = vec![(format!("repository:{name}"), actions)];
    if let Some(from) = query.get("from").filter(|_| *method == Method::POST) {
        needed.push((format!("repository:{from}"), vec!["pull"]));
    }
    needed
}

impl Auth {
    /// Lets an authorized request pass, and refuses others with Distribution's 401 and its challenge.
    pub(crate) fn check(
        &self,
        tokens: &Tokens,
        base: &str,
        endpoint: &Endpoint,
        method: &Method,
        query: &Query,
        headers: &HeaderMap,
    ) -> Result<(), Box<Response>> {
        let needed = required_access(endpoint, method, query);
        let challenge = match self {
            Self::None => return Ok(()),
            Self::Basic { users, .. } if basic(headers, users).is_some() => return Ok(()),
            Self::Basic { realm, .. } => format!("Basic realm=\"{realm}\""),
            Self::Token(service) => match tokens.check(headers, &needed) {
                Ok(()) => return Ok(()),
                Err(reason) => service.challenge(base, &needed, reason),
            },
        };
        let mut response = ApiError::unauthorized(detail(&needed)).into_response();
        response.headers_mut().insert(header::WWW_AUTHENTICATE, value(&challenge));
        Err(Box::new(response))
    }
}

/// An access that was missing, in the form and order of Distribution's Go structure.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Access<'a> {
    r#type: &'a str,
    class: &'a str,
    name: &'a str,
    action: &'a str,
}

/// All accesses that were missing; `null` when the request needs none but credentials.
fn detail<'a>(needed: &'a [(String, Vec<&'static str>)]) -> Option<Vec<Access<'a>>> {
    let accesses: Vec<Access<'a>> = needed
        .iter()
        .flat_map(|(resource, actions)| {
            let (r#type, name) = resource.split_once(':').unwrap_or_default();
            actions.iter().map(move |action| Access { r#type, class: "", name, action })
        })
        .collect();
    (!accesses.is_empty()).then_some(accesses)
}

/// The user whose name and password the request carries.
fn basic(headers: &HeaderMap, users: &HashMap<String, String>) -> Option<String> {
    let encoded = credentials(headers, "basic")?;
    let decoded = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
    let (user, password) = decoded.split_once(':')?;
    (users.get(user)? == password).then(|| user.to_owned())
}

fn credentials<'a>(headers: &'a HeaderMap, scheme: &str) -> Option<&'a str> {
    let (found, credentials) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    found.eq_ignore_ascii_case(scheme).then(|| credentials.trim())
}

impl Tokens {
    /// The `error` of the challenge, empty when there was no token at all.
    fn check(&self, headers: &HeaderMap, needed: &[(String, Vec<&'static str>)]) -> Result<(), &'static str> {
        let token = credentials(headers, "bearer").ok_or("")?;
        let access = lock(&self.access);
        let grant =
            access.get(token).filter(|grant| grant.expires > Instant::now()).ok_or("invalid_token")?;
        let granted = |resource: &String, action: &&str| {
            grant
                .scopes
                .get(resource)
                .is_some_and(|actions| actions.contains(*action) || actions.contains("*"))
        };
        let enough =
            needed.iter().all(|(resource, actions)| actions.iter().all(|action| granted(resource, action)));
        if enough { Ok(()) } else { Err("insufficient_scope") }
    }

    /// Ends every token given out so far, as if its time had passed.
    pub(crate) fn expire(&self) {
        lock(&self.access).clear();
    }
}

impl TokenAuth {
    fn challenge(&self, base: &str, needed: &[(String, Vec<&'static str>)], reason: &str) -> String {
        let realm = self.realm.clone().unwrap_or_else(|| format!("{base}{}", self.path));
        let mut challenge = format!("Bearer realm=\"{realm}\",service=\"{}\"", self.service);
        let scopes: Vec<String> = needed
            .iter()
            .filter(|(_, actions)| !actions.is_empty())
            .map(|(resource, actions)| format!("{resource}:{}", actions.join(",")))
            .collect();
        if !scopes.is_empty() {
            challenge += &format!(",scope=\"{}\"", scopes.join(" "));
        }
        if !reason.is_empty() {
            challenge += &format!(",error=\"{reason}\"");
        }
        challenge
    }

    /// `GET /token` with Basic credentials or none.
    pub(crate) fn by_get(
        &self,
        tokens: &Tokens,
        headers: &HeaderMap,
        query: &Query,
        hides: impl Fn(&str) -> bool,
    ) -> Response {
        let user = basic(headers, &self.users);
        let is_wrong = user.is_none() && headers.contains_key(header::AUTHORIZATION);
        if is_wrong && !self.refuses_wrong_passwords {
            return self.grant(tokens, None, &Query::default(), false, hides);
        }
        if is_wrong {
            return denied(StatusCode::UNAUTHORIZED, "the user name or the password is wrong");
        }
        let offline = query.get("offline_token") == Some("true");
        self.grant(tokens, user.as_deref(), query, offline, hides)
    }

    /// `POST /token` in the manner of OAuth2: a refresh token, or a name and password.
    pub(crate) fn by_post(&self, tokens: &Tokens, form: &Query, hides: impl Fn(&str) -> bool) -> Response {
        let user = match form.get("grant_type") {
            Some("refresh_token") => {
                form.get("refresh_token").and_then(|token| lock(&tokens.refresh).get(token).cloned())
            }
            Some("password") => form.get("username").and_then(|user| {
                (self.users.get(user).map(String::as_str) == form.get("password")).then(|| user.to_owned())
            }),
            _ => return denied(StatusCode::BAD_REQUEST, "expected grant_type refresh_token or password"),
        };
        match user {
            Some(user) => {
                self.grant(tokens, Some(&user), form, form.get("access_type") == Some("offline"), hides)
            }
            None => denied(StatusCode::UNAUTHORIZED, "the refresh token or the password is not known"),
        }
    }

    /// Gives a token. A repository that `hides` gives no access to those who would only pull.
    fn grant(
        &self,
        tokens: &Tokens,
        user: Option<&str>,
        query: &Query,
        offline: bool,
        hides: impl Fn(&str) -> bool,
    ) -> Response {
        let mut scopes = Scopes::new();
        for scope in query.all("scope").flat_map(str::split_whitespace) {
            let Some((resource, actions)) = scope.rsplit_once(':') else { continue };
            if actions == "pull" && resource.strip_prefix("repository:").is_some_and(&hides) {
                continue;
            }
            let allowed = actions
                .split(',')
                .filter(|action| user.is_some() || (self.anonymous_pull && *action == "pull"));
            scopes.entry(resource.to_owned()).or_default().extend(allowed.map(str::to_owned));
        }
        let token = random_id();
        lock(&tokens.access).insert(token.clone(), Grant { scopes, expires: Instant::now() + self.lifetime });
        let mut answer = match self.answer {
            TokenAnswer::Both => json!({ "token": token, "access_token": token }),
            TokenAnswer::TokenAlone => json!({ "token": token }),
            TokenAnswer::AccessTokenAlone => json!({ "access_token": token }),
            TokenAnswer::EmptyToken => json!({ "token": "", "access_token": token }),
            TokenAnswer::EmptyAccessToken => json!({ "token": token, "access_token": "" }),
        };
        let seconds = self.lifetime.as_secs();
        match self.expires_in {
            ExpiresIn::Number => answer["expires_in"] = seconds.into(),
            ExpiresIn::Fraction => answer["expires_in"] = self.lifetime.as_secs_f64().into(),
            ExpiresIn::Text => answer["expires_in"] = seconds.to_string().into(),
            ExpiresIn::Absent => {}
        }
        if let Some(user) = user.filter(|_| offline) {
            let refresh = random_id();
            lock(&tokens.refresh).insert(refresh.clone(), user.to_owned());
            answer["refresh_token"] = refresh.into();
        }
        json_response(StatusCode::OK, &answer)
    }
}

fn denied(status: StatusCode, message: &'static str) -> Response {
    ApiError::new(status, "UNAUTHORIZED", message).into_response()
}
