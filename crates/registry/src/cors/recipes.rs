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
        snippet.replace("ORIGIN", origin)
    }
}

const DISTRIBUTION: &str = "\
http:
  headers:
    Access-Control-Allow-Origin: ['ORIGIN']
    Access-Control-Allow-Methods: [GET, HEAD, PUT, POST, PATCH, DELETE, OPTIONS]
    Access-Control-Allow-Headers: [Authorization, Accept, Content-Type, Content-Range, Range]
    Access-Control-Expose-Headers: [Docker-Content-Digest, WWW-Authenticate, Link, Location, Range, OCI-Subject, OCI-Filters-Applied, Retry-After]
    Access-Control-Max-Age: ['7200']
# With auth: switched on, Distribution refuses the preflight: put nginx or Traefik in front, or use the gateway.
";

const NGINX: &str = "\
location /v2/ {
    if ($request_method = OPTIONS) {
        add_header Access-Control-Allow-Origin 'ORIGIN' always;
        add_header Access-Control-Allow-Methods 'GET, HEAD, PUT, POST, PATCH, DELETE, OPTIONS' always;
        add_header Access-Control-Allow-Headers 'Authorization, Accept, Content-Type, Content-Range, Range' always;
        add_header Access-Control-Max-Age 7200 always;
        return 204;
    }
    # Twice the same header is as bad as none.
    proxy_hide_header Access-Control-Allow-Origin;
    proxy_hide_header Access-Control-Expose-Headers;
    add_header Access-Control-Allow-Origin 'ORIGIN' always;
    add_header Access-Control-Expose-Headers 'Docker-Content-Digest, WWW-Authenticate, Link, Location, Range, OCI-Subject, OCI-Filters-Applied, Retry-After' always;
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
        accessControlAllowMethods: [GET, HEAD, PUT, POST, PATCH, DELETE, OPTIONS]
        accessControlAllowHeaders: [Authorization, Accept, Content-Type, Content-Range, Range]
        accessControlExposeHeaders: [Docker-Content-Digest, WWW-Authenticate, Link, Location, Range, OCI-Subject, OCI-Filters-Applied, Retry-After]
        accessControlMaxAge: 7200
  routers:
    registry:
      middlewares: [registry-cors]
";

const HARBOR: &str = "\
# Harbor has no CORS settings. In the nginx that it brings (common/config/nginx/nginx.conf), for /v2/ and /service/:
add_header Access-Control-Allow-Origin 'ORIGIN' always;
add_header Access-Control-Allow-Methods 'GET, HEAD, PUT, POST, PATCH, DELETE, OPTIONS' always;
add_header Access-Control-Allow-Headers 'Authorization, Accept, Content-Type, Content-Range, Range' always;
add_header Access-Control-Expose-Headers 'Docker-Content-Digest, WWW-Authenticate, Link, Location, Range' always;
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
    use super::*;

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
}
