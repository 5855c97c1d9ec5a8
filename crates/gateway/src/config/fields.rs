//! Fields of the configuration whose errors show an example of what is expected.

use std::net::{IpAddr, SocketAddr};

use ipnet::IpNet;
use serde::{Deserialize, Deserializer, de};
use tallyman_registry::shown_url;
use url::Url;

/// Parses an address and a port, such as `127.0.0.1:8080`.
///
/// # Errors
/// A sentence with an example.
pub(crate) fn parse_listen(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        format!("expected an address and a port such as 127.0.0.1:8080, found {:?}", without_password(text))
    })
}

/// Returns a text that should be a URL or a part of one as errors show it: without a user name and a password, however it is
/// misspelt, and without parameters that may be secret.
pub(crate) fn without_password(text: &str) -> String {
    let (scheme, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), text),
    };
    shown_url(&match rest.rsplit_once('@') {
        Some((_, after)) => format!("{scheme}…@{after}"),
        None => match rest.split('/').next().unwrap_or(rest).split_once(':') {
            Some((name, after)) if !is_port(after) && !is_address(rest) => format!("{scheme}{name}:…"),
            _ => text.to_owned(),
        },
    })
}

fn is_port(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns `true` for a text of the characters of an address of version 6, with or without a port or a length.
fn is_address(text: &str) -> bool {
    text.matches(':').count() > 1
        && text.bytes().all(|byte| byte.is_ascii_hexdigit() || b":./[]".contains(&byte))
}

/// Parses a network, or a single address. Those of IPv4 in the form of IPv6 become those of IPv4, as addresses of callers do.
fn parse_network(text: &str) -> Result<IpNet, String> {
    let address = || text.parse::<IpAddr>().ok().map(IpNet::from);
    text.parse().ok().or_else(address).map(to_canonical).ok_or_else(|| {
        format!(
            "expected a network such as 10.0.0.0/8 or an address such as 10.0.0.5, found {:?}",
            without_password(text)
        )
    })
}

fn to_canonical(network: IpNet) -> IpNet {
    /// Bits of an IPv6 address before the IPv4 address in it.
    const BEFORE: u8 = 96;
    let length = network.prefix_len().checked_sub(BEFORE).filter(|_| network.addr().is_ipv6());
    let mapped = length.and_then(|length| IpNet::new(network.addr().to_canonical(), length).ok());
    mapped.filter(|mapped| mapped.addr().is_ipv4()).unwrap_or(network)
}

fn parse_url(text: &str) -> Result<Url, String> {
    let parsed = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    parsed.ok_or_else(|| {
        format!(
            "expected a URL such as https://registry.example.com, or http://127.0.0.1:5000 for plain HTTP, found {:?}",
            without_password(text)
        )
    })
}

/// The beginnings of messages of serde that show a value, in quotes or backticks, before what they expect.
const SHOWING_VALUES: [&str; 3] = ["invalid type:", "invalid value:", "unknown variant"];

/// Returns the reason of an error of TOML as one line, without the text that it is about and without the value that is wrong.
pub(super) fn reason_of(error: &toml::de::Error) -> String {
    let message = error.message();
    let shown = SHOWING_VALUES.iter().any(|start| message.starts_with(start)).then(|| {
        let kind = message.split(['"', '`']).next().unwrap_or_default().trim_end();
        let expected = message.rfind(", expected ").map_or("", |at| &message[at..]);
        // A message without a value is whole before the comma.
        let kind = kind.strip_suffix(expected).unwrap_or(kind);
        format!("{kind}{expected}")
    });
    shown.as_deref().unwrap_or(message).lines().collect::<Vec<_>>().join(", ")
}

fn parsed<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    parse: impl Fn(&str) -> Result<T, String>,
) -> Result<T, D::Error> {
    parse(&String::deserialize(deserializer)?).map_err(de::Error::custom)
}

pub(super) fn listen<'de, D: Deserializer<'de>>(deserializer: D) -> Result<SocketAddr, D::Error> {
    parsed(deserializer, parse_listen)
}

pub(super) fn some_listen<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<SocketAddr>, D::Error> {
    listen(deserializer).map(Some)
}

pub(super) fn url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Url, D::Error> {
    parsed(deserializer, parse_url)
}

pub(super) fn some_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Url>, D::Error> {
    url(deserializer).map(Some)
}

pub(super) fn networks<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<IpNet>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    texts.iter().map(|text| parse_network(text)).collect::<Result<_, _>>().map_err(de::Error::custom)
}
