//! A registry's error answers as Docker reads and words them. `error-answers.json` among the recordings shows them.

use http::StatusCode;
use http_auth::{ChallengeRef, parser::ChallengeParser};
use tallyman_core::{
    Reference,
    json::{self, Kind, Object},
};
use tallyman_registry::{CredentialKind, Error, TransportErrorKind};

use super::ping;
use crate::{FailedRequest, RequestPurpose};

/// Docker's text for a failed request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DockerError {
    /// `true` if Docker takes the content for missing: it says no more than that when it reads.
    pub not_here: bool,
    /// Docker's words, for where it does say more.
    pub words: String,
}

impl DockerError {
    fn new(words: String) -> Self {
        Self { not_here: false, words }
    }
}

/// A request, as Docker names it in an error.
struct RequestContext<'a> {
    /// `Get`, `Post` or `Put`.
    method: &'static str,
    /// The repository that was asked.
    repository: &'a Reference,
    /// The part of the URL behind the repository.
    path: String,
    /// The credentials for the registry, if any were found.
    credentials: Option<CredentialKind>,
}

impl<'a> RequestContext<'a> {
    fn of(request: &'a FailedRequest) -> Self {
        let repository = &request.reference;
        let (method, path) = match &request.purpose {
            RequestPurpose::FetchManifest => ("Get", format!("manifests/{}", repository.target())),
            RequestPurpose::FetchConfig { digest } | RequestPurpose::CopyBlob { digest, .. } => {
                ("Get", format!("blobs/{digest}"))
            }
            RequestPurpose::MountBlob { from, digest } => {
                let (from, mount) = (escaped(from), escaped(digest.as_str()));
                ("Post", format!("blobs/uploads/?from={from}&mount={mount}"))
            }
            RequestPurpose::PutManifest { .. } => ("Put", format!("manifests/{}", repository.target())),
        };
        Self { method, repository, path, credentials: request.credentials }
    }

    /// The words of Go's HTTP client for a failure with this request.
    fn failed(&self, scheme: &str, reason: &str) -> String {
        let (host, repository) =
            (self.repository.registry().api_host(), self.repository.repository().as_str());
        format!("{} \"{scheme}://{host}/v2/{repository}/{}\": {reason}", self.method, self.path)
    }
}

/// `text` in a query, as Go writes it.
fn escaped(text: &str) -> String {
    text.replace('/', "%2F").replace(':', "%3A")
}

/// Docker's text for a failed request, without its purpose.
pub(crate) fn docker_error(error: &Error, request: &FailedRequest) -> DockerError {
    let asked = RequestContext::of(request);
    match error {
        Error::Api { url, status: StatusCode::UNAUTHORIZED, challenges, .. }
            if matches!(asked.credentials, None | Some(CredentialKind::IdentityToken))
                && wants_password(challenges) =>
        {
            DockerError::new(format!("{} \"{url}\": no basic auth credentials", asked.method))
        }
        Error::Api { status, content_type, body, challenges, .. } => {
            answer(*status, content_type.as_deref(), body, ErrorDetail::of_challenges(challenges))
        }
        Error::Token { url, status, content_type, body, .. } => {
            let scheme = url.split("://").next().unwrap_or("https");
            let answer = answer(*status, content_type.as_deref(), body, None);
            DockerError::new(asked.failed(scheme, &answer.words))
        }
        Error::Unreachable { url, source, .. } if source.kind == TransportErrorKind::Reset => {
            DockerError::new(format!("{} \"{url}\": {source}", asked.method))
        }
        error => DockerError {
            not_here: matches!(error, Error::PlainHttpRefused { .. }),
            words: ping::configure_transport(error).unwrap_or_else(|| error.to_string()),
        },
    }
}

/// `challenge` is what the answer's challenge says is wrong, which Docker tells before what the body says.
fn answer(
    status: StatusCode,
    content_type: Option<&str>,
    body: &[u8],
    challenge: Option<ErrorDetail>,
) -> DockerError {
    if !status.is_client_error() {
        return DockerError::new(format!("received unexpected HTTP status: {}", status_line(status)));
    }
    match (challenge, in_body(status, content_type, body)) {
        (Some(first), Ok(others)) => worded(&std::iter::once(first).chain(others).collect::<Vec<_>>()),
        (Some(first), Err(_)) => worded(&[first]),
        (None, Ok(errors)) => worded(&errors),
        (None, Err(words)) => DockerError { not_here: true, words },
    }
}

/// The errors of an answer. Where they cannot be read: Docker's words for that.
fn in_body(status: StatusCode, content_type: Option<&str>, body: &[u8]) -> Result<Vec<ErrorDetail>, String> {
    let media_type = content_type.map(|value| value.split(';').next().unwrap_or_default().trim());
    let is_json = media_type.is_some_and(|media_type| {
        ["application/json", "application/vnd.api+json"]
            .iter()
            .any(|json| json.eq_ignore_ascii_case(media_type))
    });
    if !is_json {
        return Ok(vec![ErrorDetail::of_status(status, &String::from_utf8_lossy(body))]);
    }
    if let Some(details) = text_member(body, "details").filter(|details| !details.is_empty()) {
        return Ok(vec![ErrorDetail::of_status(status, &details)]);
    }
    match errors(body) {
        Ok(errors) if !errors.is_empty() => Ok(errors),
        _ if status == StatusCode::UNAUTHORIZED => {
            Ok(vec![ErrorDetail::of_status(status, "authentication required")])
        }
        unreadable => {
            let reason =
                unreadable.err().unwrap_or_else(|| "no error details found in HTTP response body".to_owned());
            let body = json::quote(&String::from_utf8_lossy(body));
            Err(format!("error parsing HTTP {} response body: {reason}: {body}", status.as_str()))
        }
    }
}

/// Returns `true` if a name and a password are asked for, and nothing else will do.
fn wants_password(challenges: &[String]) -> bool {
    let schemes: Vec<&str> = parsed(challenges).map(|challenge| challenge.scheme).collect();
    let has = |wanted: &str| schemes.iter().any(|scheme| scheme.eq_ignore_ascii_case(wanted));
    has("basic") && !has("bearer")
}

fn parsed(challenges: &[String]) -> impl Iterator<Item = ChallengeRef<'_>> {
    challenges.iter().flat_map(|value| ChallengeParser::new(value).map_while(Result::ok))
}

fn status_line(status: StatusCode) -> String {
    match status.canonical_reason() {
        Some(reason) => format!("{} {reason}", status.as_str()),
        None => status.as_str().to_owned(),
    }
}

/// One error of an answer.
struct ErrorDetail {
    code: Code,
    /// Absent where Docker keeps the code alone.
    message: Option<String>,
}

impl ErrorDetail {
    /// Makes the error of an answer that has none of the specification: the status gives the code.
    fn of_status(status: StatusCode, message: &str) -> Self {
        let code = match status {
            StatusCode::UNAUTHORIZED => "UNAUTHORIZED",
            StatusCode::FORBIDDEN => "DENIED",
            StatusCode::TOO_MANY_REQUESTS => "TOOMANYREQUESTS",
            _ => "UNKNOWN",
        };
        Self { code: Code::of(code), message: Some(message.to_owned()) }
    }

    /// Reads the fault of a token from a challenge, as RFC 6750 has it.
    fn of_challenges(challenges: &[String]) -> Option<Self> {
        parsed(challenges).filter(|challenge| challenge.scheme.eq_ignore_ascii_case("bearer")).find_map(
            |challenge| {
                let parameter = |name: &str| {
                    let found = challenge.params.iter().find(|(found, _)| found.eq_ignore_ascii_case(name));
                    found.map(|(_, value)| value.to_unescaped()).filter(|value| !value.is_empty())
                };
                let code = match parameter("error")?.as_str() {
                    "invalid_token" => Code::of("UNAUTHORIZED"),
                    "insufficient_scope" => Code::of("DENIED"),
                    _ => return None,
                };
                let message = parameter("error_description").unwrap_or_else(|| code.1.to_owned());
                Some(Self { code, message: Some(message) })
            },
        )
    }

    fn words(&self) -> String {
        let code = self.code.0.to_ascii_lowercase().replace('_', " ");
        match &self.message {
            Some(message) => format!("{code}: {}", in_one_line(message)),
            None => code,
        }
    }
}

/// Returns a registry's message with its ends of lines escaped, but for those at its end: a line of its own would look like one of this
/// program.
fn in_one_line(message: &str) -> String {
    let text = message.trim_end_matches(['\r', '\n']);
    format!("{}{}", text.replace('\n', "\\n"), &message[text.len()..])
}

fn worded(errors: &[ErrorDetail]) -> DockerError {
    let not_here = matches!(
        errors.first(),
        Some(ErrorDetail {
            code: Code("UNAUTHORIZED" | "MANIFEST_UNKNOWN" | "NAME_UNKNOWN", _),
            message: Some(_)
        })
    );
    let words = match errors {
        [error] => error.words(),
        errors => {
            let lines: String = errors.iter().map(|error| format!("{}\n", error.words())).collect();
            format!("errors:\n{lines}")
        }
    };
    DockerError { not_here, words }
}

/// The errors of a body. On a fault: what Go says of the JSON.
fn errors(body: &[u8]) -> Result<Vec<ErrorDetail>, String> {
    let members = json::members(body).map_err(|error| error.to_string())?;
    let errors = members.into_iter().rev().find(|(name, _)| json::fold_key(name) == "errors");
    let Some((_, errors)) = errors else { return Ok(Vec::new()) };
    expect(errors, Kind::Array, ".Errors", "[]errcode.Error")?;
    json::elements(errors).map_err(|error| error.to_string())?.into_iter().map(error).collect()
}

/// Checks the kind of a value. Go takes `null` for every one.
fn expect(value: &[u8], kind: Kind, field: &str, of: &str) -> Result<(), String> {
    match json::kind(value) {
        found if found == kind || found == Kind::Null => Ok(()),
        found => Err(format!(
            "json: cannot unmarshal {} into Go struct field {field} of type {of}",
            found.as_str()
        )),
    }
}

fn error(json: &[u8]) -> Result<ErrorDetail, String> {
    expect(json, Kind::Object, ".Errors", "errcode.Error")?;
    for (key, value) in json::members(json).map_err(|error| error.to_string())? {
        match json::fold_key(&key).as_str() {
            "code" => expect(value, Kind::String, "Error.Errors.code", "errcode.ErrorCode")?,
            "message" => expect(value, Kind::String, "Error.Errors.message", "string")?,
            _ => {}
        }
    }
    let code = Code::of(&text_member(json, "code").unwrap_or_default());
    let message = text_member(json, "message").unwrap_or_default();
    let has_detail = member(json, "detail").is_some();
    let is_bare = !has_detail && (message.is_empty() || message == code.1);
    Ok(ErrorDetail { code, message: (!is_bare).then_some(message) })
}

/// The member of that name, as Go's decoder takes it.
fn member<'a>(json: &'a [u8], name: &str) -> Option<&'a [u8]> {
    Object::parse(json).ok()?.get(name)
}

fn text_member(json: &[u8], name: &str) -> Option<String> {
    member(json, name).filter(|value| json::kind(value) == Kind::String).map(json::unquote)
}

/// A code, and the message that Docker knows for it.
#[derive(Clone, Copy)]
struct Code(&'static str, &'static str);

const UNKNOWN: Code = Code("UNKNOWN", "unknown error");

const CODES: [Code; 20] = [
    UNKNOWN,
    Code("UNSUPPORTED", "The operation is unsupported."),
    Code("UNAUTHORIZED", "authentication required"),
    Code("DENIED", "requested access to the resource is denied"),
    Code("UNAVAILABLE", "service unavailable"),
    Code("TOOMANYREQUESTS", "too many requests"),
    Code("DIGEST_INVALID", "provided digest did not match uploaded content"),
    Code("SIZE_INVALID", "provided length did not match content length"),
    Code("RANGE_INVALID", "invalid content range"),
    Code("NAME_INVALID", "invalid repository name"),
    Code("TAG_INVALID", "manifest tag did not match URI"),
    Code("NAME_UNKNOWN", "repository name not known to registry"),
    Code("MANIFEST_UNKNOWN", "manifest unknown"),
    Code("MANIFEST_INVALID", "manifest invalid"),
    Code("MANIFEST_UNVERIFIED", "manifest failed signature verification"),
    Code("MANIFEST_BLOB_UNKNOWN", "blob unknown to registry"),
    Code("BLOB_UNKNOWN", "blob unknown to registry"),
    Code("BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry"),
    Code("BLOB_UPLOAD_INVALID", "blob upload invalid"),
    Code("PAGINATION_NUMBER_INVALID", "invalid number of results requested"),
];

impl Code {
    fn of(name: &str) -> Self {
        CODES.into_iter().find(|code| code.0 == name).unwrap_or(UNKNOWN)
    }
}
