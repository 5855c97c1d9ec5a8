//! Challenges: the `WWW-Authenticate` header.

use std::{fmt::Write as _, iter::once};

use http::{HeaderMap, HeaderValue, header};
use http_auth::{ChallengeRef, parser::ChallengeParser};

use crate::{Scopes, TokenService, url::escaped};

/// Bytes of a header value with a syntax error of which what stands before the error is looked for.
const FAULTY_MAX: usize = 2048;

/// A challenge of a registry: the credentials that it asks for.
/// ```
/// use http::{HeaderMap, HeaderValue, header};
/// use tallyman_auth::Challenge;
///
/// let header = r#"Bearer realm="https://auth.example/token",service="r.example",scope="repository:a/b:pull""#;
/// let headers = HeaderMap::from_iter([(header::WWW_AUTHENTICATE, HeaderValue::from_static(header))]);
/// let Some(Challenge::Bearer { service, scopes, .. }) = Challenge::preferred(&headers) else { panic!() };
/// assert_eq!(service.realm, "https://auth.example/token");
/// assert_eq!(scopes.to_string(), "repository:a/b:pull");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Challenge {
    /// A user name and a password with every request (RFC 7617).
    Basic {
        /// The realm: a text for people.
        realm: String,
    },
    /// A token of a token service (the distribution project's token authentication).
    Bearer {
        /// The token service.
        service: TokenService,
        /// The scopes that the token must have.
        scopes: Scopes,
        /// The other parameters in their order, such as `error`.
        parameters: Vec<(String, String)>,
    },
}

impl Challenge {
    /// Returns the challenges of a response that are understood, in their order. Other schemes, bearer challenges
    /// without a realm, and what stands behind a syntax error are passed over: as for Docker, the parameters before it count.
    pub fn parse_all(headers: &HeaderMap) -> Vec<Self> {
        let mut challenges = Vec::new();
        for value in headers.get_all(header::WWW_AUTHENTICATE) {
            let mut text = escaped(value);
            // Some servers put several blanks behind the scheme.
            if let Some((scheme, rest)) = text.split_once(' ') {
                text = format!("{scheme} {}", rest.trim_start());
            }
            challenges.extend(read(&text).iter().filter_map(Self::of));
        }
        challenges
    }

    /// Returns the challenge that is to be met: the first bearer challenge, else the first basic one. Returns `None` if
    /// there is none, or if the browser hides it.
    pub fn preferred(headers: &HeaderMap) -> Option<Self> {
        let mut challenges = Self::parse_all(headers);
        let bearer = challenges.iter().position(|challenge| matches!(challenge, Self::Bearer { .. }));
        (!challenges.is_empty()).then(|| challenges.swap_remove(bearer.unwrap_or_default()))
    }

    /// Returns the challenge as a header value, or `None` if it holds characters that headers cannot have.
    pub fn to_header(&self) -> Option<HeaderValue> {
        let (mut text, fields) = match self {
            Self::Basic { realm } => ("Basic".to_owned(), vec![("realm", realm.clone())]),
            Self::Bearer { service, scopes, parameters } => {
                let named = [
                    ("realm", service.realm.clone()),
                    ("service", service.service.clone()),
                    ("scope", scopes.to_string()),
                ];
                let named = named.into_iter().filter(|(name, value)| *name == "realm" || !value.is_empty());
                let others = parameters.iter().map(|(name, value)| (name.as_str(), value.clone()));
                ("Bearer".to_owned(), named.chain(others).collect())
            }
        };
        for (at, (name, value)) in fields.iter().enumerate() {
            let separator = if at == 0 { ' ' } else { ',' };
            let value = value.replace('\\', "\\\\").replace('"', "\\\"");
            write!(text, "{separator}{name}=\"{value}\"").expect("strings can be written to");
        }
        HeaderValue::from_str(&text).ok()
    }

    fn of(parsed: &ChallengeRef<'_>) -> Option<Self> {
        let (mut realm, mut service, mut scopes, mut parameters) =
            (None, String::new(), String::new(), Vec::new());
        for (name, value) in &parsed.params {
            let value = value.to_unescaped();
            match name.to_ascii_lowercase().as_str() {
                "realm" => realm = realm.or(Some(value)),
                "service" => service = value,
                "scope" => scopes += &format!(" {value}"),
                name => parameters.push((name.to_owned(), value)),
            }
        }
        if parsed.scheme.eq_ignore_ascii_case("basic") {
            return Some(Self::Basic { realm: realm.unwrap_or_default() });
        }
        // A syntax error leaves this of a URL without quotes.
        let is_rest = |realm: &str| realm.is_empty() || realm == "https" || realm == "http";
        let service = TokenService { realm: realm.filter(|realm| !is_rest(realm))?, service };
        let scopes = Scopes::parse(&scopes);
        parsed.scheme.eq_ignore_ascii_case("bearer").then_some(Self::Bearer { service, scopes, parameters })
    }
}

/// Reads the challenges of a header value, up to the first syntax error.
fn read(text: &str) -> Vec<ChallengeRef<'_>> {
    let read = |end| ChallengeParser::new(&text[..end]).collect::<Result<Vec<_>, _>>();
    // The parser drops the challenge that has the error. The longest beginning without one has what stands before it.
    let tried = text.len().min(FAULTY_MAX);
    let ends = once(text.len()).chain((0..tried).rev());
    ends.map(read).find_map(Result::ok).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(values: &[&[u8]]) -> HeaderMap {
        let values = values.iter().map(|value| HeaderValue::from_bytes(value).unwrap());
        values.map(|value| (header::WWW_AUTHENTICATE, value)).collect()
    }

    #[test]
    fn bearer_is_preferred_to_basic_wherever_it_stands() {
        let basic = |realm: &str| Some(Challenge::Basic { realm: realm.to_owned() });
        let bearer = |realm: &str, service: &str, scope: &str| {
            let service = TokenService { realm: realm.to_owned(), service: service.to_owned() };
            Some(Challenge::Bearer { service, scopes: Scopes::parse(scope), parameters: Vec::new() })
        };
        let two = "repository:a/b:pull,push repository:c:pull";
        let rows: [(&[&[u8]], Option<Challenge>); 12] = [
            (&[], None),
            (&[b"Basic realm=\"Registry\""], basic("Registry")),
            (&[b"basic"], basic("")),
            (&[b"Negotiate"], None),
            (&[b"Bearer service=\"s\""], None),
            (&[b"Bearer realm=\"\""], None),
            (
                &[b"Bearer realm=\"https://a/token\",service=\"s\",scope=\"repository:a/b:pull,push repository:c:pull\""],
                bearer("https://a/token", "s", two),
            ),
            (
                &[b"Basic realm=\"r\", Bearer realm=\"https://a/?q=\\\"1\\\"\""],
                bearer("https://a/?q=\"1\"", "", ""),
            ),
            (&[b"Basic realm=\"r\"", b"BEARER realm=\"https://a/t\""], bearer("https://a/t", "", "")),
            // A realm without quotes may not hold a slash: what is left of it is no URL.
            (&[b"Basic realm=\"r\"", b"bearer Realm=https://a/t"], basic("r")),
            (&["Bearer realm=\"https://a/tökén\"".as_bytes()], bearer("https://a/t%C3%B6k%C3%A9n", "", "")),
            (&[b"Basic realm=\"M\xfcller\""], basic("M%FCller")),
        ];
        for (values, expected) in rows {
            assert_eq!(Challenge::preferred(&headers(values)), expected, "{values:?}");
        }
    }

    #[test]
    fn challenge_parameters_before_a_syntax_error_count_as_for_docker() {
        for (text, expected) in [
            (r#"Bearer  realm="/t""#, r#"Bearer realm="/t""#),
            (
                r#"Bearer realm="/t",service="s",scope=repository:app:pull"#,
                r#"Bearer realm="/t",service="s""#,
            ),
            (r#"Bearer realm="/t",service=reg:5000"#, r#"Bearer realm="/t",service="reg""#),
            (r#"Bearer realm="/t",service=my registry"#, r#"Bearer realm="/t",service="my""#),
            (r#"Bearer realm="/t",error=invalid token"#, r#"Bearer realm="/t",error="invalid""#),
            (r#"Bearer realm="/t" service="s""#, r#"Bearer realm="/t""#),
            (r#"Bearer realm="/t";service="s""#, r#"Bearer realm="/t""#),
            (r#"Bearer realm="/t",service="s"#, r#"Bearer realm="/t""#),
            (r#"Bearer realm="/t",service="s\"#, r#"Bearer realm="/t""#),
            (r#"Bearer realm="/t",service="#, r#"Bearer realm="/t""#),
            ("Basic realm=My registry", r#"Basic realm="My""#),
            (r#"Basic realm="r", Bearer realm=https://a/t"#, r#"Basic realm="r""#),
        ] {
            let challenges = Challenge::parse_all(&headers(&[text.as_bytes()]));
            let written: Vec<_> = challenges.iter().filter_map(Challenge::to_header).collect();
            assert_eq!(written, [expected], "{text}");
        }
    }

    #[test]
    fn challenges_are_written_as_they_were_read() {
        for (text, expected) in [
            ("Basic realm=\"Registry\"", vec!["Basic realm=\"Registry\""]),
            (
                "Bearer realm=\"https://a/t\",service=\"s\",scope=\"repository:a/b:pull,push\",error=\"invalid_token\"",
                vec![
                    "Bearer realm=\"https://a/t\",service=\"s\",scope=\"repository:a/b:pull,push\",error=\"invalid_token\"",
                ],
            ),
            (
                "Bearer realm=\"x\",scope=\"repository:a:pull\",scope=\"repository:a:push repository:b:pull\"",
                vec!["Bearer realm=\"x\",scope=\"repository:a:pull,push repository:b:pull\""],
            ),
            ("bearer service=s, Realm=\"x\"", vec!["Bearer realm=\"x\",service=\"s\""]),
            ("Basic realm=\"a\\\"b\"", vec!["Basic realm=\"a\\\"b\""]),
            ("Digest realm=\"x\", Basic realm=\"y\"", vec!["Basic realm=\"y\""]),
            ("nonsense =", vec![]),
        ] {
            let challenges = Challenge::parse_all(&headers(&[text.as_bytes()]));
            let written: Vec<_> = challenges.iter().filter_map(Challenge::to_header).collect();
            assert_eq!(written, expected, "{text}");
        }
    }
}
