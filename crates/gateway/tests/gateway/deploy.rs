//! The files for operators say what their programs understand.

use std::{fs, path::PathBuf, process::Command};

use serde_json::Value;
use tallyman_gateway::{Config, ConfigError};
use tallyman_registry::Server;

use crate::support::Folder;

fn file(name: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("deploy").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn parsed(text: &str) -> Result<Config, String> {
    let config: Config = toml::from_str(text).map_err(|error| error.to_string())?;
    config.check().map_err(|error: ConfigError| error.to_string())?;
    Ok(config)
}

/// The names in backquotes of the message for a field that there is not.
fn fields(text: &str) -> Vec<String> {
    let message = parsed(text).expect_err("there is no such field");
    assert!(message.contains("unknown field"), "{message}");
    let (_, expected) = message.split_once("expected one of").unwrap();
    expected.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

#[test]
fn the_example_configuration_holds_everything_that_there_is() {
    let text = file("gateway.toml");
    let config = parsed(&text).unwrap();
    assert_eq!(config.registries.len(), 2);
    let registry = "[[registries]]\nname = 'a'\nurl = 'https://a.example'\n";
    for name in fields(&format!("nonsense = 1\n{registry}"))
        .into_iter()
        .chain(fields(&format!("{registry}nonsense = 1\n")))
    {
        let is_there = text.lines().any(|line| {
            let line = line.trim_start_matches("# ");
            line.starts_with(&format!("{name} ="))
                || line == format!("[{name}]")
                || line == format!("[[{name}]]")
        });
        assert!(is_there, "{name}");
    }
    // Settings that are commented out must be valid, too.
    let is_setting = |line: &str| {
        let name = line.split(" =").next().unwrap_or_default();
        line.starts_with('[')
            || line.contains(" = ") && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_')
    };
    let wanted = |line: &&str| {
        !["# header =", "# password_file =", "# session_key_env ="]
            .iter()
            .any(|other| line.starts_with(other))
    };
    let all: Vec<&str> = text
        .lines()
        .filter(wanted)
        .map(|line| line.strip_prefix("# ").filter(|line| is_setting(line)).unwrap_or(line))
        .collect();
    let config = parsed(&all.join("\n")).unwrap();
    assert!(config.tls.is_some() && config.sign_in.is_some() && config.cache.is_some());
    assert_eq!(config.registries[1].repositories, ["team-a/**", "base/*"]);
}

#[test]
fn compose_starts_a_gateway_that_can_write_nothing() {
    let compose: Value = serde_saphyr::from_str(&file("compose.yaml")).unwrap();
    let gateway = &compose["services"]["gateway"];
    assert_eq!(gateway["read_only"], true);
    assert_eq!(gateway["user"], "65532:65532");
    assert_eq!(gateway["cap_drop"][0], "ALL");
    let config = parsed(compose["configs"]["gateway"]["content"].as_str().unwrap()).unwrap();
    assert!(config.sign_in.is_some(), "whoever writes with the gateway's own user signs in");
    for secret in gateway["secrets"].as_array().unwrap() {
        assert!(compose["secrets"].get(secret.as_str().unwrap()).is_some(), "{secret}");
    }
    let dockerfile = gateway["build"]["dockerfile"].as_str().unwrap();
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    assert!(root.join(dockerfile).exists() && root.join(format!("{dockerfile}.dockerignore")).exists());
    for (name, service) in compose["services"].as_object().unwrap() {
        for port in service["ports"].as_array().unwrap() {
            assert!(port.as_str().unwrap().starts_with("127.0.0.1:"), "{name} is on loopback alone");
        }
    }
}

#[test]
fn kubernetes_runs_gateways_that_may_do_nothing_else() {
    let all: Vec<Value> = serde_saphyr::from_multiple(&file("kubernetes.yaml")).unwrap();
    let one = |kind: &str, name: &str| {
        let found = all.iter().find(|one| one["kind"] == kind && one["metadata"]["name"] == name);
        found.unwrap_or_else(|| panic!("no {kind} {name}"))
    };
    let config = parsed(one("ConfigMap", "gateway")["data"]["gateway.toml"].as_str().unwrap()).unwrap();
    let grace = config.drain_seconds + config.shutdown_seconds;
    for (kind, name) in [("Deployment", "gateway"), ("StatefulSet", "registry")] {
        let workload = &one(kind, name)["spec"];
        let pod = &workload["template"]["spec"];
        assert_eq!(workload["selector"]["matchLabels"], workload["template"]["metadata"]["labels"], "{name}");
        assert_eq!(one("Service", name)["spec"]["selector"], workload["selector"]["matchLabels"], "{name}");
        assert_eq!(pod["securityContext"]["runAsNonRoot"], true, "{name}");
        for container in pod["containers"].as_array().unwrap() {
            assert_eq!(container["securityContext"]["readOnlyRootFilesystem"], true, "{name}");
            let volumes = [&pod["volumes"], &workload["volumeClaimTemplates"]];
            let names: Vec<&Value> = volumes
                .iter()
                .flat_map(|list| list.as_array().into_iter().flatten())
                .map(
                    |volume| {
                        if volume["name"].is_null() { &volume["metadata"]["name"] } else { &volume["name"] }
                    },
                )
                .collect();
            for mount in container["volumeMounts"].as_array().unwrap() {
                assert!(names.contains(&&mount["name"]), "{mount}");
            }
        }
    }
    let gateway = &one("Deployment", "gateway")["spec"]["template"]["spec"];
    assert!(gateway["terminationGracePeriodSeconds"].as_u64().unwrap() > grace);
    let password = config.registries[0].password_file.as_ref().unwrap();
    let mounts = gateway["containers"][0]["volumeMounts"].as_array().unwrap();
    let login = mounts.iter().find(|mount| mount["name"] == "login").unwrap();
    assert_eq!(password.parent().unwrap().to_str(), login["mountPath"].as_str());
    let volumes = gateway["volumes"].as_array().unwrap();
    let login = volumes.iter().find(|volume| volume["name"] == "login").unwrap();
    assert_eq!(password.file_name().unwrap().to_str(), login["secret"]["items"][0]["path"].as_str());
    let key = config.sign_in.as_ref().unwrap().session_key_env.clone();
    let variables = gateway["containers"][0]["env"].as_array().unwrap();
    assert!(variables.iter().any(|one| one["name"].as_str() == key.as_deref()), "two gateways have one key");
    for name in ["gateway", "registry"] {
        let policy = &one("NetworkPolicy", name)["spec"];
        let workload =
            all.iter().find(|one| one["spec"]["template"]["metadata"]["labels"]["app"] == name).unwrap();
        assert_eq!(policy["podSelector"]["matchLabels"], workload["spec"]["selector"]["matchLabels"]);
        let ports = workload["spec"]["template"]["spec"]["containers"][0]["ports"].as_array().unwrap();
        for rule in policy["ingress"].as_array().unwrap() {
            let port = &rule["ports"][0]["port"];
            assert!(ports.iter().any(|one| one["name"] == *port), "{port}");
        }
    }
    assert_eq!(one("NetworkPolicy", "nothing")["spec"]["podSelector"], serde_json::json!({}));
    let metrics = config.metrics_listen.unwrap().port().to_string();
    let annotations = &one("Deployment", "gateway")["spec"]["template"]["metadata"]["annotations"];
    assert_eq!(annotations["prometheus.io/port"].as_str(), Some(metrics.as_str()));
}

#[test]
fn security_headers_are_the_same_for_every_server() {
    let page = "https://tallyman.example.com";
    let told: Value = serde_saphyr::from_str(&Server::Traefik.config_snippet(page)).unwrap();
    let document =
        fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/self-hosting.md"));
    let document = document.unwrap();
    let ours: Value = serde_saphyr::from_str(&file("traefik/static.yaml")).unwrap();
    let headers = &ours["http"]["middlewares"]["registry-cors"]["headers"];
    for (name, value) in told["http"]["middlewares"]["registry-cors"]["headers"].as_object().unwrap() {
        assert_eq!(&headers[name], value, "{name}");
    }
    let nginx = file("nginx/static.conf");
    for name in ["accessControlAllowMethods", "accessControlAllowHeaders", "accessControlExposeHeaders"] {
        let list: Vec<&str> =
            headers[name].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
        assert!(nginx.contains(&format!("\"{}\"", list.join(", "))), "{name}");
        let name = name.replace("accessControl", "Access-Control-").replace("Headers", "-Headers");
        let name = name.replace("Methods", "-Methods");
        let list = list.join(", ");
        let harbor = Server::Harbor.config_snippet(page);
        assert!(harbor.contains(&format!("{name} '{list}'")), "{name}: {harbor}");
        for text in [&Server::Distribution.config_snippet(page), &document] {
            assert!(text.contains(&format!("    {name}: [{list}]\n")), "{name}: {text}");
        }
    }
    let policy =
        ours["http"]["middlewares"]["tallyman-headers"]["headers"]["contentSecurityPolicy"].as_str().unwrap();
    assert!(nginx.contains(&format!("\"{policy}\"")), "{policy}");
    let balanced: Value = serde_saphyr::from_str(&file("traefik/gateways.yaml")).unwrap();
    let servers = balanced["http"]["services"]["tallyman"]["loadBalancer"]["servers"].as_array().unwrap();
    assert_eq!(servers.len(), 3);
}

#[test]
fn systemd_understands_the_unit() {
    let folder = Folder::new("unit");
    // The program may be in a folder whose name systemd takes no program from.
    let program = folder.0.join("tallyman-gateway");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_tallyman-gateway"), &program).unwrap();
    let text = file("tallyman-gateway.service")
        .replace("/usr/local/bin/tallyman-gateway", &format!("\"{}\"", program.display()));
    let unit = folder.write("tallyman-gateway.service", &text);
    let Ok(said) = Command::new("systemd-analyze").arg("verify").arg("--man=no").arg(&unit).output() else {
        tallyman_dev_registry::skip_test("systemd is not installed");
        return;
    };
    let said = String::from_utf8_lossy(&said.stderr);
    let about_it: Vec<&str> = said.lines().filter(|line| line.contains("tallyman-gateway")).collect();
    assert!(about_it.is_empty(), "{about_it:#?}");
}

#[test]
fn the_app_has_a_policy_of_its_own() {
    let index = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../web/index.html");
    let index = fs::read_to_string(index).unwrap();
    let (head, _) = index.split_once("<link").expect("it loads something");
    let (_, policy) =
        head.split_once("http-equiv=\"Content-Security-Policy\" content=\"").expect("a policy first");
    for rule in ["script-src 'self' 'wasm-unsafe-eval'", "object-src 'none'", "base-uri 'none'"] {
        assert!(policy.split('"').next().unwrap().split("; ").any(|found| found == rule), "{rule}: {policy}");
    }
    assert!(!head.contains("<script"), "nothing runs before the policy: {head}");
}

#[test]
fn the_pages_about_security_name_tests_that_are_there() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let gateway = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    for page in ["SECURITY.md", "docs/security.md"] {
        let text = fs::read_to_string(root.join(page)).unwrap();
        let (mut files, mut last) = (0, None);
        for quoted in
            text.lines().filter(|line| line.starts_with("| ")).flat_map(|line| line.split('`').skip(1))
        {
            let is_file = [".rs", ".js"].iter().any(|end| quoted.ends_with(end)) && !quoted.contains('*');
            if is_file {
                let places = [
                    root.join(quoted),
                    gateway.join("tests/gateway").join(quoted),
                    gateway.join("src").join(quoted),
                ];
                let found = places.iter().find(|place| place.is_file());
                last = Some(found.unwrap_or_else(|| panic!("{page}: there is no {quoted}")).clone());
                files += 1;
            } else if let Some(file) = last.take_if(|_| !quoted.is_empty() && quoted != ": ") {
                let is_test = quoted.contains('_')
                    && quoted
                        .bytes()
                        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_');
                let text = fs::read_to_string(&file).unwrap();
                assert!(
                    !is_test || text.contains(&format!("fn {quoted}(")),
                    "{page}: {} has no {quoted}",
                    file.display()
                );
            }
        }
        assert!(files > 15, "{page} names {files} files");
    }
}
