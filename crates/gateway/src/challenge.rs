//! `WWW-Authenticate`: read, and written anew with the realm put elsewhere.

use http::{HeaderMap, HeaderValue, header};

/// A challenge of a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Challenge {
    /// A name and a password.
    Basic {
        /// What the password is for, in words.
        realm: String,
    },
    /// A token of a token service.
    Bearer {
        /// Where the token service is.
        realm: String,
        /// `service`, `scope`, `error` and whatever else was said, in its order.
        parameters: Vec<(String, String)>,
    },
}

impl Challenge {
    /// All challenges of an answer that are understood.
    pub(crate) fn read(headers: &HeaderMap) -> Vec<Self> {
        let values =
            headers.get_all(header::WWW_AUTHENTICATE).into_iter().filter_map(|value| value.to_str().ok());
        let challenges = values.filter_map(|value| http_auth::parse_challenges(value).ok()).flatten();
        challenges
            .filter_map(|challenge| {
                let mut realm = String::new();
                let mut parameters = Vec::new();
                for (name, value) in &challenge.params {
                    let value = value.to_unescaped();
                    if name.eq_ignore_ascii_case("realm") {
                        realm = value;
                    } else {
                        parameters.push((name.to_ascii_lowercase(), value));
                    }
                }
                match challenge.scheme.to_ascii_lowercase().as_str() {
                    "basic" => Some(Self::Basic { realm }),
                    "bearer" => Some(Self::Bearer { realm, parameters }),
                    _ => None,
                }
            })
            .collect()
    }

    /// The scopes that a token must have by the challenges of an answer.
    pub(crate) fn scopes(headers: &HeaderMap) -> Vec<String> {
        let parameters = Self::read(headers).into_iter().flat_map(|challenge| match challenge {
            Self::Bearer { parameters, .. } => parameters,
            Self::Basic { .. } => Vec::new(),
        });
        let scopes = parameters.filter(|(name, _)| name == "scope");
        scopes.flat_map(|(_, value)| value.split(' ').map(str::to_owned).collect::<Vec<_>>()).collect()
    }

    /// As a header value; `None` where it holds what headers cannot.
    pub(crate) fn to_value(&self) -> Option<HeaderValue> {
        let mut text = String::new();
        let (scheme, realm, parameters) = match self {
            Self::Basic { realm } => ("Basic", realm, &[][..]),
            Self::Bearer { realm, parameters } => ("Bearer", realm, parameters.as_slice()),
        };
        text.push_str(scheme);
        let realm = ("realm".to_owned(), realm.clone());
        for (at, (name, value)) in std::iter::once(&realm).chain(parameters).enumerate() {
            text.push_str(if at == 0 { " " } else { "," });
            text.push_str(name);
            text.push_str("=\"");
            text.push_str(&value.replace('\\', "\\\\").replace('"', "\\\""));
            text.push('"');
        }
        HeaderValue::from_str(&text).ok()
    }
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, header};

    use super::Challenge;

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
            ("bearer service=s, Realm=\"x\"", vec!["Bearer realm=\"x\",service=\"s\""]),
            ("Basic realm=\"a\\\"b\"", vec!["Basic realm=\"a\\\"b\""]),
            ("Digest realm=\"x\", Basic realm=\"y\"", vec!["Basic realm=\"y\""]),
            ("nonsense \u{1}", vec![]),
        ] {
            let Ok(value) = HeaderValue::from_bytes(text.as_bytes()) else { continue };
            let headers = HeaderMap::from_iter([(header::WWW_AUTHENTICATE, value)]);
            let written: Vec<_> = Challenge::read(&headers).iter().filter_map(Challenge::to_value).collect();
            assert_eq!(written, expected, "{text}");
        }
    }
}
