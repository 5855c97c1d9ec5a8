//! Configuration of servers with which pages of another origin can use a registry.

/// A server whose configuration decides what a browser may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Server {
    /// CNCF Distribution without a login.
    Distribution,
    /// nginx in front of a registry: the way for registries with a login.
    Nginx,
    /// Traefik in front of a registry.
    Traefik,
    /// Harbor, which has no such settings of its own.
    Harbor,
    /// zot, which has some.
    Zot,
}

impl Server {
    /// Every server, in the order in which they are shown.
    pub const ALL: [Self; 5] = [Self::Distribution, Self::Nginx, Self::Traefik, Self::Harbor, Self::Zot];

    /// Returns the name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Distribution => "CNCF Distribution",
            Self::Nginx => "nginx",
            Self::Traefik => "Traefik",
            Self::Harbor => "Harbor",
            Self::Zot => "zot",
        }
    }

    /// Returns the lines for its configuration, for pages of `origin`, such as `https://tallyman.example`.
    pub fn config_snippet(self, origin: &str) -> String {
        let snippet = match self {
            Self::Distribution => DISTRIBUTION,
            Self::Nginx => NGINX,
            Self::Traefik => TRAEFIK,
            Self::Harbor => HARBOR,
            Self::Zot => ZOT,
        };
        let lists = [("METHODS", METHODS), ("ALLOWED", ALLOWED), ("EXPOSED", EXPOSED), ("ORIGIN", origin)];
        lists.into_iter().fold(snippet.to_owned(), |snippet, (name, list)| snippet.replace(name, list))
    }
}

/// The methods that the client uses.
const METHODS: &str = "GET, HEAD, PUT, POST, PATCH, DELETE, OPTIONS";
/// The headers of requests that it sets.
const ALLOWED: &str = "Authorization, Accept, Content-Type, Content-Range, Range";
/// The headers of responses that it reads, but for those that browsers show anyway, with those that other programs read.
const EXPOSED: &str = "Docker-Content-Digest, WWW-Authenticate, Link, Location, Range, Content-Range, OCI-Subject, \
                       OCI-Filters-Applied, OCI-Chunk-Min-Length, Retry-After";

const DISTRIBUTION: &str = "\
http:
  headers:
    Access-Control-Allow-Origin: ['ORIGIN']
    Access-Control-Allow-Methods: [METHODS]
    Access-Control-Allow-Headers: [ALLOWED]
    Access-Control-Expose-Headers: [EXPOSED]
    Access-Control-Max-Age: ['7200']
# With auth: switched on, Distribution refuses the preflight: put nginx or Traefik in front, or use the gateway.
";

const NGINX: &str = "\
location /v2/ {
    if ($request_method = OPTIONS) {
        add_header Access-Control-Allow-Origin 'ORIGIN' always;
        add_header Access-Control-Allow-Methods 'METHODS' always;
        add_header Access-Control-Allow-Headers 'ALLOWED' always;
        add_header Access-Control-Max-Age 7200 always;
        return 204;
    }
    # Twice the same header is as bad as none.
    proxy_hide_header Access-Control-Allow-Origin;
    proxy_hide_header Access-Control-Expose-Headers;
    add_header Access-Control-Allow-Origin 'ORIGIN' always;
    add_header Access-Control-Expose-Headers 'EXPOSED' always;
    client_max_body_size 0;
    proxy_set_header Host $http_host;
    proxy_set_header X-Forwarded-Proto $scheme;
    proxy_pass http://registry:5000;
}
";

const TRAEFIK: &str = "\
http:
  middlewares:
    registry-cors:
      headers:
        accessControlAllowOriginList: ['ORIGIN']
        accessControlAllowMethods: [METHODS]
        accessControlAllowHeaders: [ALLOWED]
        accessControlExposeHeaders: [EXPOSED]
        accessControlMaxAge: 7200
  routers:
    registry:
      middlewares: [registry-cors]
";

const HARBOR: &str = "\
# Harbor has no CORS settings. In the nginx that it brings (common/config/nginx/nginx.conf), for /v2/ and /service/:
add_header Access-Control-Allow-Origin 'ORIGIN' always;
add_header Access-Control-Allow-Methods 'METHODS' always;
add_header Access-Control-Allow-Headers 'ALLOWED' always;
add_header Access-Control-Expose-Headers 'EXPOSED' always;
if ($request_method = OPTIONS) { return 204; }
# Harbor's installer writes that file anew: the gateway is the way that lasts.
";

const ZOT: &str = "\
{ \"http\": { \"allowOrigin\": \"ORIGIN\" } }
# zot sends CORS headers with manifests and tags, not with blobs or pushes: for those put nginx or Traefik in front, or
# use the gateway.
";

#[cfg(test)]
mod tests {
    use http::header;

    use super::*;
    use crate::{manifests::CONTENT_DIGEST, upload::requests::CHUNK_MIN_LENGTH};

    #[test]
    fn every_recipe_names_the_origin() {
        for server in Server::ALL {
            let snippet = server.config_snippet("https://tallyman.example");
            assert!(
                snippet.contains("https://tallyman.example") && !snippet.contains("ORIGIN"),
                "{}",
                server.name()
            );
        }
    }

    #[test]
    fn headers_that_the_client_reads_are_exposed() {
        for name in [
            CONTENT_DIGEST,
            CHUNK_MIN_LENGTH,
            header::WWW_AUTHENTICATE,
            header::LINK,
            header::LOCATION,
            header::RANGE,
            header::CONTENT_RANGE,
            header::RETRY_AFTER,
        ] {
            for server in [Server::Distribution, Server::Nginx, Server::Traefik, Server::Harbor] {
                let snippet = server.config_snippet("*");
                let line = snippet.lines().rfind(|line| line.to_lowercase().contains("expose")).unwrap();
                let mut exposed = line.split([' ', ',', '[', ']', '\'']);
                assert!(exposed.any(|found| found.eq_ignore_ascii_case(name.as_str())), "{name}: {line}");
            }
        }
    }
}
