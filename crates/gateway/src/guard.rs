//! The refusal of unknown host names and of requests of other sites' pages.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use http::{HeaderMap, HeaderName, Method, StatusCode, Uri, header};
use ipnet::IpNet;
use url::Url;

use crate::{header_list::elements, refusal::Refusal};

/// Headers by which it is decided who asks, what, and for whom.
pub(crate) const ONCE: [&str; 8] = [
    "authorization",
    "content-type",
    "host",
    "origin",
    "sec-fetch-dest",
    "sec-fetch-site",
    "tallyman-authorization",
    "x-forwarded-proto",
];

const FETCH_DEST: HeaderName = HeaderName::from_static("sec-fetch-dest");
const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Names and origins that are welcome.
#[derive(Clone, Debug, Default)]
pub(crate) struct Guard {
    pub(crate) hosts: Vec<String>,
    pub(crate) origins: Vec<String>,
    pub(crate) trusted_proxies: Vec<IpNet>,
    /// The URL by which the gateway is called, if the configuration has it.
    pub(crate) public_url: Option<Url>,
}

/// The page behind a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// One of the gateway's own, or no page at all.
    Own,
    /// One of another site that the configuration welcomes.
    Allowed(String),
}

impl Guard {
    /// Checks the name by which the gateway is called, against DNS rebinding: a name that an attacker gives to our address
    /// is none of those that we know. Headers by which anything is decided may be there once.
    pub(crate) fn check_host(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
        // The number of values is that of names where none is repeated.
        let is_repeated = headers.len() > headers.keys_len();
        if is_repeated
            && let Some(name) = ONCE.iter().find(|name| headers.get_all(**name).into_iter().nth(1).is_some())
        {
            let message = format!(
                "expected one {name}, found several, of which proxies and servers choose differently"
            );
            return Err(Refusal::new(StatusCode::BAD_REQUEST, "BAD_REQUEST", message));
        }
        let host = request_authority(uri, headers).unwrap_or_default();
        if self.is_own(host) {
            return Ok(());
        }
        Err(Refusal::denied(format!(
            "expected a request for a name that the gateway knows, found {host:?}; add it to `hosts` if it is meant"
        )))
    }

    fn is_own(&self, authority: &str) -> bool {
        let Some(name) = host_of(authority) else { return false };
        let is_address = match name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
            Some(address) => address.parse::<Ipv6Addr>().is_ok(),
            None => name.parse::<Ipv4Addr>().is_ok(),
        };
        is_address
            || name.eq_ignore_ascii_case("localhost")
            || self.hosts.iter().any(|host| host.eq_ignore_ascii_case(name))
    }

    /// The page that asks. Pages of other sites are refused unless the configuration welcomes them.
    pub(crate) fn check_page(
        &self,
        uri: &Uri,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<Page, Refusal> {
        let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or("unreadable"));
        // Content of registries is for programs: never a script, a frame, a style or a worker of some page.
        if let Some(destination) = text(FETCH_DEST).filter(|found| !matches!(*found, "empty" | "document")) {
            return Err(Refusal::denied(format!(
                "only requests made by the app are allowed, found one for a {destination}"
            )));
        }
        let site = text(FETCH_SITE);
        if let Some(origin) = text(header::ORIGIN) {
            if self.origins.iter().any(|welcome| welcome == origin) {
                return Ok(Page::Allowed(origin.to_owned()));
            }
            // The browser has compared the origins itself, and no page can set that header. A proxy may have changed `Host`.
            if site != Some("same-origin") && !self.is_own_origin(origin, uri, headers) {
                return Err(Refusal::denied(format!(
                    "expected a request of the gateway's own pages, found one of {origin}; add it to `origins` if it \
                     is meant"
                )));
            }
        }
        match site {
            None | Some("same-origin") => Ok(Page::Own),
            // The address bar.
            Some("none") if *method == Method::GET => Ok(Page::Own),
            Some(site) => Err(Refusal::denied(format!(
                "expected a request of the gateway's own pages, found a {site} one"
            ))),
        }
    }

    /// Returns `true` for the origin of `public_url`, and for that of the authority by which the gateway is called, by whatever scheme.
    fn is_own_origin(&self, origin: &str, uri: &Uri, headers: &HeaderMap) -> bool {
        let public = self.public_url.as_ref().map(|url| url.origin().ascii_serialization());
        if public.is_some_and(|public| public == origin) {
            return true;
        }
        let authority = origin.split_once("://").map_or("", |(_, authority)| authority);
        let called = request_authority(uri, headers).unwrap_or_default();
        !authority.is_empty()
            && without_default_port(authority).eq_ignore_ascii_case(without_default_port(called))
    }

    /// The caller's address: that of the connection, or what trusted proxies say of it.
    pub(crate) fn caller(&self, peer: SocketAddr, headers: &HeaderMap) -> IpAddr {
        let mut caller = peer.ip().to_canonical();
        if !self.trusts(caller) {
            return caller;
        }
        for said in elements(headers, "x-forwarded-for", b',').rev() {
            match address_of(said) {
                Some(address) if self.trusts(caller) => caller = address.to_canonical(),
                _ => break,
            }
        }
        caller
    }

    pub(crate) fn trusts(&self, address: IpAddr) -> bool {
        self.trusted_proxies.iter().any(|network| network.contains(&address.to_canonical()))
    }
}

/// Returns the address of a caller as proxies write it: with a port or without, and in brackets where it is one of IPv6.
fn address_of(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().or_else(|_| text.parse::<SocketAddr>().map(|address| address.ip())).ok()
}

/// The authority that the browser asked for: HTTP/2 has it in the URI.
pub(crate) fn request_authority<'a>(uri: &'a Uri, headers: &'a HeaderMap) -> Option<&'a str> {
    if let Some(authority) = uri.authority() {
        return Some(authority.as_str());
    }
    let mut hosts = headers.get_all(header::HOST).into_iter();
    let host = hosts.next()?.to_str().ok()?;
    hosts.next().is_none().then_some(host)
}

/// Returns the host of an authority: a name or an address, with a port or without. `None` for anything else, a user
/// name included.
pub(crate) fn host_of(authority: &str) -> Option<&str> {
    let bracket = authority.find(']').unwrap_or_default();
    let (host, port) = match authority[bracket..].find(':') {
        Some(colon) => (&authority[..bracket + colon], &authority[bracket + colon + 1..]),
        None => (authority, "80"),
    };
    let is_port = port.len() <= 5 && port.parse::<u16>().is_ok() && !port.starts_with('+');
    let is_plain = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._[]:".contains(&byte));
    (is_port && is_plain && !host.is_empty()).then_some(host)
}

fn without_default_port(authority: &str) -> &str {
    authority.strip_suffix(":443").or_else(|| authority.strip_suffix(":80")).unwrap_or(authority)
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

    use super::{Guard, Page};

    fn headers(rows: &[(&'static str, &str)]) -> HeaderMap {
        rows.iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap()))
            .collect()
    }

    fn guard() -> Guard {
        Guard {
            hosts: vec!["registry.example".to_owned()],
            origins: vec!["https://ui.example".to_owned()],
            trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()],
            public_url: Some("https://public.example:8443/tallyman".parse().unwrap()),
        }
    }

    #[test]
    fn names_that_are_not_known_are_refused() {
        let uri = Uri::from_static("/r/lab/v2/");
        for (host, expected) in [
            ("localhost:8080", true),
            ("127.0.0.1:8080", true),
            ("[::1]:8080", true),
            ("192.168.1.7", true),
            ("registry.example", true),
            ("Registry.Example:8443", true),
            ("attacker.example", false),
            ("registry.example.attacker.example", false),
            ("localhost.attacker.example", false),
            ("127.0.0.1.attacker.example", false),
            ("", false),
            ("localhost:80@attacker.example", false),
            ("localhost:80:80", false),
            ("localhost:", false),
            ("localhost:+80", false),
            ("localhost:99999", false),
            ("user@localhost", false),
            ("localhost/x", false),
            ("localhost ", false),
            ("[::1]x", false),
            ("[::1", false),
            ("::1", false),
            ("[127.0.0.1]", false),
            ("0x7f.1", false),
            ("127.1", false),
        ] {
            assert_eq!(guard().check_host(&uri, &headers(&[("host", host)])).is_ok(), expected, "{host}");
        }
        assert!(guard().check_host(&uri, &headers(&[])).is_err());
        let mut two = headers(&[("host", "localhost")]);
        two.append("host", HeaderValue::from_static("attacker.example"));
        assert!(guard().check_host(&uri, &two).is_err());
    }

    #[test]
    fn pages_of_other_sites_are_refused() {
        let uri = Uri::from_static("/r/lab/v2/");
        let host = ("host", "registry.example:8080");
        let welcome = Some(Page::Allowed("https://ui.example".to_owned()));
        for (method, rows, expected) in [
            (Method::GET, vec![], Some(Page::Own)),
            (Method::PUT, vec![], Some(Page::Own)),
            (Method::GET, vec![("sec-fetch-site", "same-origin")], Some(Page::Own)),
            (Method::GET, vec![("sec-fetch-site", "none"), ("sec-fetch-dest", "document")], Some(Page::Own)),
            (Method::POST, vec![("sec-fetch-site", "none")], None),
            (Method::GET, vec![("sec-fetch-site", "same-site")], None),
            (Method::GET, vec![("sec-fetch-site", "cross-site")], None),
            (Method::GET, vec![("sec-fetch-site", "same-origin"), ("sec-fetch-dest", "script")], None),
            (Method::GET, vec![("sec-fetch-site", "same-origin"), ("sec-fetch-dest", "iframe")], None),
            (Method::GET, vec![("sec-fetch-site", "same-origin"), ("sec-fetch-dest", "serviceworker")], None),
            (Method::PUT, vec![("origin", "http://registry.example:8080")], Some(Page::Own)),
            (Method::PUT, vec![("origin", "https://registry.example:8080")], Some(Page::Own)),
            (Method::PUT, vec![("origin", "http://registry.example:8081")], None),
            (Method::PUT, vec![("origin", "http://registry.example")], None),
            (Method::PUT, vec![("origin", "null")], None),
            (Method::PUT, vec![("origin", "https://public.example:8443")], Some(Page::Own)),
            (Method::PUT, vec![("origin", "https://public.example")], None),
            (Method::PUT, vec![("origin", "http://public.example:8443")], None),
            (
                Method::PUT,
                vec![("origin", "https://registry.example"), ("sec-fetch-site", "same-origin")],
                Some(Page::Own),
            ),
            (
                Method::PUT,
                vec![("origin", "https://registry.example"), ("sec-fetch-site", "same-site")],
                None,
            ),
            (Method::POST, vec![("origin", "https://attacker.example")], None),
            (Method::POST, vec![("origin", "https://ui.example"), ("sec-fetch-site", "cross-site")], welcome),
            (Method::POST, vec![("origin", "https://ui.example.attacker.example")], None),
            (Method::POST, vec![("origin", "http://ui.example")], None),
        ] {
            let headers = headers(&[&rows[..], &[host]].concat());
            assert_eq!(guard().check_page(&uri, &method, &headers).ok(), expected, "{method} {rows:?}");
        }
    }

    #[test]
    fn only_trusted_proxies_are_believed_about_the_caller() {
        for (peer, forwarded, expected) in [
            ("192.0.2.1:1", "203.0.113.9", "192.0.2.1"),
            ("10.0.0.1:1", "203.0.113.9", "203.0.113.9"),
            ("10.0.0.1:1", "198.51.100.1, 203.0.113.9", "203.0.113.9"),
            ("10.0.0.1:1", "203.0.113.9, 10.0.0.2", "203.0.113.9"),
            ("10.0.0.1:1", "nonsense", "10.0.0.1"),
            ("10.0.0.1:1", "203.0.113.9:54321", "203.0.113.9"),
            ("10.0.0.1:1", "203.0.113.9:54321, 10.0.0.2:443", "203.0.113.9"),
            ("10.0.0.1:1", "[2001:db8::9]:54321", "2001:db8::9"),
            ("10.0.0.1:1", "[2001:db8::9]", "2001:db8::9"),
            ("10.0.0.1:1", "2001:db8::9", "2001:db8::9"),
            ("10.0.0.1:1", "[::ffff:203.0.113.9]:1", "203.0.113.9"),
            ("10.0.0.1:1", "203.0.113.9:port", "10.0.0.1"),
        ] {
            let caller = guard().caller(peer.parse().unwrap(), &headers(&[("x-forwarded-for", forwarded)]));
            assert_eq!(caller.to_string(), expected, "{peer} {forwarded}");
        }
        for (forwarded, expected) in [
            (&b"\xe9, 203.0.113.9"[..], "203.0.113.9"),
            ("Málaga, 203.0.113.9, 10.0.0.2".as_bytes(), "203.0.113.9"),
            (b"203.0.113.9, \xe9", "10.0.0.1"),
        ] {
            let value = HeaderValue::from_bytes(forwarded).unwrap();
            let headers = HeaderMap::from_iter([(HeaderName::from_static("x-forwarded-for"), value)]);
            let caller = guard().caller("10.0.0.1:1".parse().unwrap(), &headers);
            assert_eq!(caller.to_string(), expected, "{forwarded:?}");
        }
    }
}
