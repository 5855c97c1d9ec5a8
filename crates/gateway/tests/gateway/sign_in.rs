//! Signing in to the gateway itself.

use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::future::join_all;
use http::{HeaderMap, HeaderValue};
use tallyman_gateway::Server;

use crate::{
    support::{Folder, Scripted, answer, at, caller, gateway, gateway_of},
    upstreams::USERS,
};

async fn registry() -> Scripted {
    Scripted::start(|_| answer(200, &[], "reached")).await
}

async fn send(gateway: &Server, path: &str, headers: &[(&str, &str)]) -> (u16, HeaderMap) {
    let mut request = caller().get(at(gateway, path));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.headers().clone())
}

#[tokio::test]
async fn pages_of_welcome_sites_are_told_to_sign_in() {
    let folder = Folder::new("pages");
    let users = folder.write("users", USERS);
    let top = format!("origins = ['https://ui.example']\n[sign_in]\nhtpasswd = {:?}", users.display());
    let gateway = gateway("http://127.0.0.1:1", &top, "").await;
    for path in ["/config.json", "/r/lab/v2/"] {
        for (origin, welcome) in
            [("https://ui.example", Some("https://ui.example")), ("https://x.example", None)]
        {
            let (status, headers) = send(&gateway, path, &[("origin", origin)]).await;
            let found = headers.get("access-control-allow-origin").map(|found| found.to_str().unwrap());
            assert_eq!((status, found), (401, welcome), "{path}");
        }
    }
}

/// `user:secret`
const RIGHT: (&str, &str) = ("authorization", "Basic dXNlcjpzZWNyZXQ=");

#[tokio::test]
async fn people_of_the_file_get_in_and_stay_in_by_a_cookie() {
    let registry = registry().await;
    let folder = Folder::new("people");
    let key = folder.write("key", "a secret that both gateways have, and nobody else\n");
    let top = format!(
        "[sign_in]\nhtpasswd = {:?}\nsession_key_file = {:?}",
        folder.write("users", USERS).display(),
        key.display()
    );
    let one = gateway_of(&folder.0, &registry.url, &top, "").await;
    let two = gateway(&registry.url, &top, "").await;
    for path in ["/", "/config.json", "/metrics", "/r/lab/v2/", "/r/lab/token"] {
        let (status, headers) = send(&one, path, &[]).await;
        assert_eq!(status, 401, "{path}");
        assert_eq!(headers["www-authenticate"], "Basic realm=\"Tallyman\", charset=\"UTF-8\"", "{path}");
    }
    for path in ["/healthz", "/readyz"] {
        assert_eq!(send(&one, path, &[]).await.0, 200, "{path}");
    }
    for wrong in
        ["Basic dXNlcjp3cm9uZw==", "Basic bm9ib2R5OnNlY3JldA==", "Basic !", "Bearer dXNlcjpzZWNyZXQ="]
    {
        assert_eq!(send(&one, "/config.json", &[("authorization", wrong)]).await.0, 401, "{wrong}");
    }
    assert!(registry.lines().is_empty());

    let (status, headers) = send(&one, "/r/lab/v2/", &[RIGHT]).await;
    assert_eq!(status, 200);
    let cookie = headers["set-cookie"].to_str().unwrap();
    assert!(cookie.contains("; HttpOnly; SameSite=Strict; Path=/"), "{cookie}");
    assert!(!cookie.contains("Secure"), "the browser came without TLS: {cookie}");
    let cookie = cookie.split(';').next().unwrap();
    for gateway in [&one, &two] {
        let headers = [("cookie", cookie), ("authorization", "Bearer for-the-registry")];
        let (status, headers) = send(gateway, "/r/lab/v2/", &headers).await;
        assert_eq!(status, 200, "any gateway with this key takes the cookie");
        assert!(headers.get("set-cookie").is_none());
    }
    let sent: Vec<Option<String>> = registry
        .asked
        .lock()
        .unwrap()
        .iter()
        .map(|(_, headers)| {
            assert!(headers.get("cookie").is_none());
            headers.get("authorization").map(|value| value.to_str().unwrap().to_owned())
        })
        .collect();
    let bearer = Some("Bearer for-the-registry".to_owned());
    assert_eq!(sent, [None, bearer.clone(), bearer], "the gateway's own password goes to no registry");

    let (name, value) = cookie.split_once('=').unwrap();
    let (said, signature) = value.rsplit_once('.').unwrap();
    let (user, end) = said.split_once('.').unwrap();
    let later = end.parse::<u64>().unwrap() + 1;
    for forged in [
        format!("{name}={user}.{later}.{signature}"),
        format!("{name}=cm9vdA.{end}.{signature}"),
        format!("{name}={said}."),
        format!("{name}={said}"),
        format!("{name}="),
    ] {
        assert_eq!(send(&one, "/config.json", &[("cookie", &forged)]).await.0, 401, "{forged}");
    }

    folder.write("users", &USERS.replace("user:", "other:"));
    one.reload().await.unwrap();
    assert_eq!(send(&one, "/config.json", &[("cookie", cookie)]).await.0, 401, "whoever is gone stays out");
    assert_eq!(send(&one, "/config.json", &[RIGHT]).await.0, 401);
}

#[tokio::test]
async fn registry_credentials_are_kept_apart_from_gateway_credentials() {
    let registry =
        Scripted::start(|_| answer(401, &[("www-authenticate", "Basic realm=\"Registry\"")], "")).await;
    let folder = Folder::new("apart");
    let top = format!("[sign_in]\nhtpasswd = {:?}", folder.write("users", USERS).display());
    let gateway = gateway(&registry.url, &top, "").await;
    // A browser sends the gateway's password by itself, and people have one password for everything.
    for (said, passed) in [(RIGHT.1, Some(RIGHT.1)), ("Bearer token", Some("Bearer token")), ("none", None)] {
        let (status, headers) =
            send(&gateway, "/r/lab/v2/", &[RIGHT, ("tallyman-authorization", said)]).await;
        assert_eq!(status, 401);
        assert_eq!(headers["tallyman-authenticate"], "Basic realm=\"Registry\"");
        assert!(headers.get("www-authenticate").is_none(), "browsers would ask for a password themselves");
        let asked = registry.asked.lock().unwrap();
        let (_, headers) = asked.last().unwrap();
        assert_eq!(headers.get("authorization").map(|value| value.to_str().unwrap()), passed, "{said}");
        assert!(headers.get("tallyman-authorization").is_none());
    }
    let (status, headers) = send(&gateway, "/r/lab/v2/", &[("tallyman-authorization", RIGHT.1)]).await;
    assert_eq!(status, 401, "what is for a registry lets nobody in");
    assert!(headers["www-authenticate"].to_str().unwrap().contains("Tallyman"));
    assert_eq!(registry.lines().len(), 3);
}

#[tokio::test]
async fn tries_of_passwords_are_limited() {
    let registry = registry().await;
    let folder = Folder::new("guess");
    let users = folder.write("users", USERS);
    let top = format!("trusted_proxies = ['127.0.0.0/8']\n[sign_in]\nhtpasswd = {:?}", users.display());
    let gateway = gateway(&registry.url, &top, "").await;
    let mut seen = Vec::new();
    for guess in 0..25 {
        let guess = format!("Basic {}", STANDARD.encode(format!("user:guess{guess}")));
        seen.push(send(&gateway, "/config.json", &[("authorization", &guess)]).await.0);
    }
    assert_eq!(seen.iter().filter(|status| **status == 401).count(), 20, "{seen:?}");
    assert_eq!(seen.iter().filter(|status| **status == 429).count(), 5, "{seen:?}");
    let elsewhere = ("x-forwarded-for", "203.0.113.9");
    assert_eq!(send(&gateway, "/config.json", &[RIGHT, elsewhere]).await.0, 200, "others still get in");
    assert_eq!(send(&gateway, "/config.json", &[RIGHT]).await.0, 200, "what is known to be right is no try");
}

#[tokio::test]
async fn a_cookie_given_over_tls_stays_there() {
    let registry = registry().await;
    let folder = Folder::new("secure");
    let users = folder.write("users", USERS);
    let top = format!("trusted_proxies = ['127.0.0.0/8']\n[sign_in]\nhtpasswd = {:?}", users.display());
    let gateway = gateway(&registry.url, &top, "").await;
    let (_, headers) = send(&gateway, "/config.json", &[RIGHT, ("x-forwarded-proto", "https")]).await;
    let set = headers["set-cookie"].to_str().unwrap();
    assert!(set.starts_with("__Host-tallyman-session=") && set.ends_with("; Secure"), "{set}");
    let cookie = set.split(';').next().unwrap();
    for scheme in ["https, http", "HTTPS", " https ,http"] {
        let (_, headers) = send(&gateway, "/config.json", &[RIGHT, ("x-forwarded-proto", scheme)]).await;
        assert!(headers["set-cookie"].to_str().unwrap().ends_with("; Secure"), "{scheme}");
    }
    let (_, headers) = send(&gateway, "/config.json", &[RIGHT, ("x-forwarded-proto", "http, https")]).await;
    assert!(!headers["set-cookie"].to_str().unwrap().contains("Secure"), "the browser came by plain HTTP");
    let planted = format!("tallyman-session=x; {cookie}; __Host-tallyman-session=y");
    let tls = ("x-forwarded-proto", "https");
    assert_eq!(send(&gateway, "/config.json", &[("cookie", &planted), tls]).await.0, 200);
    let plain = cookie.replace("__Host-", "");
    assert_eq!(send(&gateway, "/config.json", &[("cookie", &plain), tls]).await.0, 401);
}

#[tokio::test]
async fn only_trusted_proxies_vouch_for_people() {
    let registry = registry().await;
    let believed = "trusted_proxies = ['127.0.0.0/8']\n[sign_in]\nheader = 'X-Forwarded-User'";
    let doubted = believed.replace("127.0.0.0/8", "10.0.0.0/8");
    for (top, headers, expected) in [
        (believed, vec![("x-forwarded-user", "ada")], 200),
        (believed, vec![("x-forwarded-user", "José")], 200),
        (believed, vec![("x-forwarded-user", "")], 401),
        (believed, vec![], 401),
        (believed, vec![("x-forwarded-user", "eve"), ("x-forwarded-user", "ada")], 401),
        (believed, vec![("x-forwarded-user", "eve, ada")], 401),
        (&doubted, vec![("x-forwarded-user", "ada")], 401),
        (&doubted, vec![("x-forwarded-user", "ada"), ("x-forwarded-for", "10.0.0.1")], 401),
    ] {
        let gateway = gateway(&registry.url, top, "").await;
        assert_eq!(send(&gateway, "/r/lab/v2/", &headers).await.0, expected, "{top} {headers:?}");
    }
    let gateway = gateway(&registry.url, believed, "").await;
    let user = ("x-forwarded-user", "ada");
    send(&gateway, "/r/lab/v2/", &[user, ("authorization", "Bearer for-the-proxy")]).await;
    send(&gateway, "/r/lab/v2/", &[user, ("tallyman-authorization", "Bearer for-the-registry")]).await;
    let asked = registry.asked.lock().unwrap();
    assert!(asked.iter().all(|(_, headers)| !headers.contains_key("x-forwarded-user")));
    let sent: Vec<_> = asked.iter().filter_map(|(_, headers)| headers.get("authorization")).collect();
    assert_eq!(sent, ["Bearer for-the-registry"]);
}

#[tokio::test]
async fn a_refused_header_is_told_with_the_reason() {
    let registry = registry().await;
    let believed = "trusted_proxies = ['127.0.0.0/8']\n[sign_in]\nheader = 'X-Forwarded-User'";
    let doubted = believed.replace("127.0.0.0/8", "10.0.0.0/8");
    for (top, values, expected) in [
        (believed, &[][..], "found no such header"),
        (believed, &[&b""[..]], "found an empty one"),
        (believed, &[b"ada", b"eve"], "found several such headers"),
        (believed, &[b"ada, eve"], "found a comma"),
        (believed, &[b"Jos\xe9"], "found a name that is not UTF-8"),
        (&doubted, &[b"ada"], "name the proxy in `trusted_proxies`"),
    ] {
        let gateway = gateway(&registry.url, top, "").await;
        let mut request = caller().get(at(&gateway, "/r/lab/v2/"));
        for value in values {
            request = request.header("x-forwarded-user", HeaderValue::from_bytes(value).unwrap());
        }
        let text = request.send().await.unwrap().text().await.unwrap();
        assert!(text.contains(expected), "{expected}: {text}");
    }
}

#[tokio::test]
async fn passwords_other_than_bcrypt_are_refused_at_the_start() {
    let folder = Folder::new("weak");
    for (text, expected) in [
        ("user:{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=\n", "bcrypt"),
        ("user\n", "name:hash"),
        (":HASH\n", "line 1: expected name:hash, found no name"),
        ("ada:COST\n", "line 1: expected a bcrypt cost from 4 to 17, found 31"),
        ("# nobody\n", "at least one user"),
    ] {
        let hash = USERS.lines().next().unwrap().split_once(':').unwrap().1;
        let costly = format!("{}31{}", &hash[..4], &hash[6..]);
        let users = folder.write("users", &text.replace("HASH", hash).replace("COST", &costly));
        let top = format!("[sign_in]\nhtpasswd = {:?}", users.display());
        let config = toml::from_str(&crate::support::text("http://127.0.0.1:1", &top, "")).unwrap();
        let error = tallyman_gateway::serve(config, None).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test]
async fn sessions_end_when_somebody_signs_out_or_has_a_new_password() {
    let registry = registry().await;
    let folder = Folder::new("sessions");
    let users = folder.write("users", USERS);
    let top = format!("[sign_in]\nhtpasswd = {:?}", users.display());
    let gateway = gateway_of(&folder.0, &registry.url, &top, "").await;
    let sign_in = async || {
        let (_, headers) = send(&gateway, "/config.json", &[RIGHT]).await;
        headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
    };
    let stays = async |cookie: &str| send(&gateway, "/config.json", &[("cookie", cookie)]).await.0;
    let (one, two) = (sign_in().await, sign_in().await);
    gateway.reload().await.unwrap();
    assert_eq!((stays(&one).await, stays(&two).await), (200, 200), "a reload ends no session");

    let sign_out = |site: &'static str| {
        caller().post(at(&gateway, "/sign-out")).header("cookie", &one).header("sec-fetch-site", site).send()
    };
    assert_eq!(sign_out("cross-site").await.unwrap().status(), 403, "no other site signs anybody out");
    assert_eq!(stays(&one).await, 200);
    let done = sign_out("same-origin").await.unwrap();
    assert_eq!(done.status(), 204);
    assert!(done.headers()["set-cookie"].to_str().unwrap().contains("tallyman-session=; "));
    assert_eq!(done.headers()["clear-site-data"], "\"cache\"");
    assert_eq!((stays(&one).await, stays(&two).await), (401, 200), "a session that is ended stays so");
    assert_eq!(send(&gateway, "/sign-out", &[]).await.0, 405);

    // Another hash of the same password.
    folder.write("users", &format!("user:{}\n", bcrypt::hash("secret", 4).unwrap()));
    gateway.reload().await.unwrap();
    assert_eq!(stays(&two).await, 401, "a new password ends the sessions of the old one");
    assert_eq!(send(&gateway, "/config.json", &[RIGHT]).await.0, 200);
}

#[tokio::test]
async fn a_reload_gives_nobody_new_tries() {
    let registry = registry().await;
    let folder = Folder::new("tries");
    let users = folder.write("users", USERS);
    let top = format!("[sign_in]\nhtpasswd = {:?}", users.display());
    let gateway = gateway_of(&folder.0, &registry.url, &top, "requests_per_minute = 3").await;
    let mut seen = Vec::new();
    for guess in 0..25 {
        gateway.reload().await.unwrap();
        let guess = format!("Basic {}", STANDARD.encode(format!("user:guess{guess}")));
        seen.push(send(&gateway, "/config.json", &[("authorization", &guess)]).await.0);
    }
    assert_eq!(seen.iter().filter(|status| **status == 401).count(), 20, "{seen:?}");
    let folder = Folder::new("requests");
    let open = gateway_of(&folder.0, &registry.url, "", "requests_per_minute = 3").await;
    let mut seen = Vec::new();
    for _ in 0..5 {
        open.reload().await.unwrap();
        seen.push(send(&open, "/r/lab/v2/", &[]).await.0);
    }
    assert_eq!(seen, [200, 200, 200, 429, 429]);
}

#[tokio::test]
async fn a_right_password_sent_by_many_at_once_is_no_guessing() {
    let registry = registry().await;
    let folder = Folder::new("many");
    let users = folder.write("users", &format!("user:{}\n", bcrypt::hash("secret", 8).unwrap()));
    let top = format!("[sign_in]\nhtpasswd = {:?}", users.display());
    let gateway = gateway_of(&folder.0, &registry.url, &top, "").await;
    let statuses = async || {
        let asked = (0..60).map(|_| send(&gateway, "/config.json", &[RIGHT]));
        join_all(asked).await.into_iter().map(|(status, _)| status).collect::<Vec<_>>()
    };
    assert_eq!(statuses().await, [200; 60], "no right password is a try");
    let guess = async |number: u32| {
        let guess = format!("Basic {}", STANDARD.encode(format!("user:guess{number}")));
        send(&gateway, "/config.json", &[("authorization", &guess)]).await.0
    };
    for number in 0..20 {
        assert_eq!(guess(number).await, 401, "{number}");
    }
    assert_eq!(guess(20).await, 429);
    gateway.reload().await.unwrap();
    assert_eq!(statuses().await, [200; 60], "the hash is as it was when the password was checked");
    folder.write("users", &format!("user:{}\n", bcrypt::hash("secret", 8).unwrap()));
    gateway.reload().await.unwrap();
    assert_eq!(statuses().await, [429; 60], "another hash may be of another password");
}

#[tokio::test]
async fn a_wrong_password_sent_by_many_at_once_is_one_try() {
    let registry = registry().await;
    let folder = Folder::new("many-wrong");
    let users = folder.write("users", &format!("user:{}\n", bcrypt::hash("secret", 8).unwrap()));
    let top = format!("[sign_in]\nhtpasswd = {:?}", users.display());
    let gateway = gateway(&registry.url, &top, "").await;
    let wrong = format!("Basic {}", STANDARD.encode("user:wrong"));
    let headers = [("authorization", wrong.as_str())];
    let asked = (0..60).map(|_| send(&gateway, "/config.json", &headers));
    let statuses: Vec<u16> = join_all(asked).await.into_iter().map(|(status, _)| status).collect();
    assert_eq!(statuses, [401; 60]);
}

#[tokio::test]
async fn a_session_that_was_ended_stays_so_when_its_key_comes_back() {
    let registry = registry().await;
    let folder = Folder::new("key-back");
    let users = folder.write("users", USERS);
    let key = folder.write("key", &"x".repeat(32));
    let with_key = format!("[sign_in]\nhtpasswd = {users:?}\nsession_key_file = {key:?}");
    let gateway = gateway_of(&folder.0, &registry.url, &with_key, "").await;
    let sign_in = async || {
        let (_, headers) = send(&gateway, "/config.json", &[RIGHT]).await;
        headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned()
    };
    let stays = async |cookie: &str| send(&gateway, "/config.json", &[("cookie", cookie)]).await.0;
    let (ended, other) = (sign_in().await, sign_in().await);
    let sign_out = caller().post(at(&gateway, "/sign-out")).header("cookie", &ended).send().await.unwrap();
    assert_eq!((sign_out.status().as_u16(), stays(&ended).await), (204, 401));
    folder.write("key", &"y".repeat(32));
    gateway.reload().await.unwrap();
    assert_eq!((stays(&ended).await, stays(&other).await), (401, 401), "signed with the key of before");
    folder.write("key", &"x".repeat(32));
    gateway.reload().await.unwrap();
    assert_eq!((stays(&ended).await, stays(&other).await), (401, 200));
    folder.write("gateway.toml", &crate::support::text(&registry.url, "", ""));
    gateway.reload().await.unwrap();
    folder.write("gateway.toml", &crate::support::text(&registry.url, &with_key, ""));
    gateway.reload().await.unwrap();
    assert_eq!(
        (stays(&ended).await, stays(&other).await),
        (401, 200),
        "a time without sign-in changes nothing"
    );
}

#[tokio::test]
async fn session_keys_are_long_and_there() {
    let folder = Folder::new("keys");
    let users = folder.write("users", USERS);
    let short = folder.write("short", "too short");
    for (line, expected) in [
        (format!("session_key_file = {:?}", short.display()), "at least 32 bytes"),
        (format!("session_key_file = {:?}", folder.0.join("missing").display()), "could not read"),
        ("session_key_env = 'TALLYMAN_TEST_NO_SUCH_KEY'".to_owned(), "TALLYMAN_TEST_NO_SUCH_KEY"),
        (
            format!("session_key_env = 'A'\nsession_key_file = {:?}", short.display()),
            "either session_key_file",
        ),
    ] {
        let top = format!("[sign_in]\nhtpasswd = {:?}\n{line}", users.display());
        let config = toml::from_str(&crate::support::text("http://127.0.0.1:1", &top, "")).unwrap();
        let error = tallyman_gateway::serve(config, None).await.unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
}
