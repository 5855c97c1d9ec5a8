//! Answers of token services.

use std::time::Duration;

use http::HeaderValue;
use tallyman_core::json::Object;
use thiserror::Error;

use crate::credentials::bearer;

/// Bytes that the answer of a token service may have.
pub const TOKEN_ANSWER_MAX: usize = 1024 * 1024;

/// The lifetime that a token has at least, whatever its service says; as Docker has it. Also the one of a token whose
/// service says nothing.
const LIFETIME_MIN: Duration = Duration::from_secs(60);
/// The lifetime that is believed at most: a token that is asked for once an hour costs nothing.
const LIFETIME_MAX: Duration = Duration::from_secs(3600);

/// A token that a token service gave.
/// ```
/// use std::time::Duration;
/// use tallyman_auth::TokenAnswer;
///
/// let answer = TokenAnswer::parse(br#"{"token": "", "access_token": "abc", "expires_in": 300}"#)?;
/// assert_eq!((answer.authorization.as_bytes(), answer.lifetime), (&b"Bearer abc"[..], Duration::from_secs(300)));
/// # Ok::<(), tallyman_auth::TokenAnswerError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenAnswer {
    /// The `Authorization` header that carries the token.
    pub authorization: HeaderValue,
    /// The time from the answer on for which the token can be used: a minute to an hour.
    pub lifetime: Duration,
}

/// A reason for which an answer of a token service has no usable token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum TokenAnswerError {
    /// The answer is not a JSON object.
    #[error("no JSON object")]
    Json,
    /// An answer in which neither `token` nor `access_token` is a text with something in it.
    #[error("neither token nor access_token")]
    Missing,
    /// The token has characters that headers cannot have.
    #[error("a token with characters that a header cannot have")]
    Characters,
}

impl TokenAnswer {
    /// Parses the body of a token service's answer.
    ///
    /// `token` counts before `access_token`, unless it is empty. `expires_in` is read as a number or a text, with or
    /// without a fraction; what cannot be read counts as absent.
    ///
    /// # Errors
    /// [`TokenAnswerError`] if there is no token, or none that can be sent.
    pub fn parse(body: &[u8]) -> Result<Self, TokenAnswerError> {
        let answer = Object::parse(body).map_err(|_| TokenAnswerError::Json)?;
        let text = |name| answer.string(name).ok().flatten().filter(|text| !text.is_empty());
        let token = text("token").or_else(|| text("access_token")).ok_or(TokenAnswerError::Missing)?;
        let seconds = match answer.string("expires_in") {
            Ok(text) => text,
            Err(_) => answer.get("expires_in").map(|json| String::from_utf8_lossy(json).into_owned()),
        };
        Ok(Self {
            authorization: bearer(&token).ok_or(TokenAnswerError::Characters)?,
            lifetime: seconds.as_deref().map_or(LIFETIME_MIN, lifetime),
        })
    }
}

/// Returns a lifetime in seconds as what can be worked with.
fn lifetime(seconds: &str) -> Duration {
    tallyman_core::seconds(seconds.trim()).unwrap_or_default().clamp(LIFETIME_MIN, LIFETIME_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_name_of_a_token_is_read_and_lifetimes_stay_within_reason() {
        let rows = [
            (r#"{"token":"a","expires_in":300}"#, Ok(("Bearer a", 300.0))),
            (r#"{"token":"a","expires_in":300.5}"#, Ok(("Bearer a", 300.5))),
            (r#"{"token":"a","expires_in":3e2}"#, Ok(("Bearer a", 300.0))),
            (r#"{"token":"a","expires_in":"300"}"#, Ok(("Bearer a", 300.0))),
            (r#"{"token":"a","expires_in":" 300.5 "}"#, Ok(("Bearer a", 300.5))),
            (r#"{"token":"a","expires_in":"soon"}"#, Ok(("Bearer a", 60.0))),
            (r#"{"token":"a","expires_in":"nan"}"#, Ok(("Bearer a", 60.0))),
            (r#"{"token":"a","expires_in":[1]}"#, Ok(("Bearer a", 60.0))),
            (r#"{"token":"a","expires_in":-1}"#, Ok(("Bearer a", 60.0))),
            (r#"{"token":"a","expires_in":0}"#, Ok(("Bearer a", 60.0))),
            (r#"{"token":"a","expires_in":9223372036854775808}"#, Ok(("Bearer a", 3600.0))),
            (r#"{"token":"a","expires_in":1e999}"#, Ok(("Bearer a", 3600.0))),
            (r#"{"Token":"a","EXPIRES_IN":300}"#, Ok(("Bearer a", 300.0))),
            (r#"{"access_token":"b"}"#, Ok(("Bearer b", 60.0))),
            (r#"{"token":"","access_token":"b","expires_in":5}"#, Ok(("Bearer b", 60.0))),
            (r#"{"token":null,"access_token":"b"}"#, Ok(("Bearer b", 60.0))),
            (r#"{"token":1,"access_token":"b"}"#, Ok(("Bearer b", 60.0))),
            (r#"{"token":"a","access_token":"b"}"#, Ok(("Bearer a", 60.0))),
            (r#"{"token":"c","expires_in":null}"#, Ok(("Bearer c", 60.0))),
            (r#"{"token":"line\nbreak"}"#, Err(TokenAnswerError::Characters)),
            (r#"{"expires_in":300}"#, Err(TokenAnswerError::Missing)),
            (r#"{"token":"","access_token":""}"#, Err(TokenAnswerError::Missing)),
            ("[]", Err(TokenAnswerError::Json)),
            ("no JSON", Err(TokenAnswerError::Json)),
        ];
        for (body, expected) in rows {
            let answer = TokenAnswer::parse(body.as_bytes());
            let found = answer
                .as_ref()
                .map(|answer| (answer.authorization.to_str().unwrap(), answer.lifetime.as_secs_f64()));
            assert_eq!(found.map_err(|&error| error), expected, "{body}");
        }
    }
}
