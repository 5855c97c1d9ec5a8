//! `WWW-Authenticate`.

use http::{HeaderMap, header};
use http_auth::parser::ChallengeParser;

use super::TokenService;

/// What a registry asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// Name and password with every request.
    Basic,
    /// A token of a token service.
    Bearer {
        /// Who gives tokens.
        service: TokenService,
        /// What the token must allow, as the registry wrote it.
        scope: Option<String>,
    },
}

/// The challenge among those of an answer that can be met: Bearer before Basic. Nothing where there is none, or where
/// the browser hides it.
pub(crate) fn challenge(headers: &HeaderMap) -> Option<Challenge> {
    let mut basic = None;
    for value in headers.get_all(header::WWW_AUTHENTICATE) {
        for challenge in ChallengeParser::new(value.to_str().unwrap_or_default()).map_while(Result::ok) {
            if challenge.scheme.eq_ignore_ascii_case("basic") {
                basic = Some(Challenge::Basic);
            }
            if !challenge.scheme.eq_ignore_ascii_case("bearer") {
                continue;
            }
            let parameter = |name: &str| {
                let (_, value) =
                    challenge.params.iter().find(|(found, _)| found.eq_ignore_ascii_case(name))?;
                Some(value.to_unescaped())
            };
            if let Some(realm) = parameter("realm") {
                let service = TokenService { realm, service: parameter("service").unwrap_or_default() };
                return Some(Challenge::Bearer { service, scope: parameter("scope") });
            }
        }
    }
    basic
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    #[test]
    fn bearer_goes_before_basic_wherever_it_stands() {
        let bearer = |realm: &str, service: &str, scope: Option<&str>| {
            let service = TokenService { realm: realm.to_owned(), service: service.to_owned() };
            Some(Challenge::Bearer { service, scope: scope.map(str::to_owned) })
        };
        let rows: [(&[&str], Option<Challenge>); 8] = [
            (&[], None),
            (&["Basic realm=\"Registry\""], Some(Challenge::Basic)),
            (&["basic"], Some(Challenge::Basic)),
            (&["Negotiate"], None),
            (&["Bearer service=\"s\""], None),
            (
                &[
                    "Bearer realm=\"https://a/token\",service=\"s\",scope=\"repository:a/b:pull,push repository:c:pull\"",
                ],
                bearer("https://a/token", "s", Some("repository:a/b:pull,push repository:c:pull")),
            ),
            (
                &["Basic realm=\"r\", Bearer realm=\"https://a/?q=\\\"1\\\"\""],
                bearer("https://a/?q=\"1\"", "", None),
            ),
            // A realm without quotes may not hold a slash: what came before it counts.
            (&["Basic realm=\"r\"", "bearer Realm=https://a/t"], Some(Challenge::Basic)),
        ];
        for (headers, expected) in rows {
            let values = headers.iter().map(|value| HeaderValue::from_str(value).unwrap());
            let headers: HeaderMap = values.map(|value| (header::WWW_AUTHENTICATE, value)).collect();
            assert_eq!(challenge(&headers), expected, "{headers:?}");
        }
    }
}
