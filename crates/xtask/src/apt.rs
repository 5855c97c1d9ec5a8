//! Debian packages.

use std::sync::atomic::{AtomicBool, Ordering};

use anyhow::{Result, bail};
use xshell::{Shell, cmd};

use crate::tools::{is_on_path, step};

/// A program that only the system's package manager can bring.
#[derive(Clone, Copy)]
pub struct Needed {
    /// The program, looked for on `PATH` and in `/usr/sbin`.
    pub program: &'static str,
    /// The Debian packages that bring it.
    pub packages: &'static [&'static str],
    /// The reason for it.
    pub why: &'static str,
}

/// A browser.
pub const CHROMIUM: Needed =
    Needed { program: "chromium", packages: &["chromium"], why: "the tests look at the app in it" };
/// The same browser without a window, which takes two thirds of the time.
pub const CHROMIUM_SHELL: Needed = Needed {
    program: "chromium-headless-shell",
    packages: &["chromium-headless-shell"],
    why: "most tests look at the app in it, quicker than in a whole browser",
};
/// The package of another browser.
pub const FIREFOX: Needed = Needed {
    program: "firefox-esr",
    packages: &["firefox-esr"],
    why: "the tests go through the app's main stories in it",
};
/// The remote control of a third browser, which comes along.
pub const WEBKIT: Needed = Needed {
    program: "WebKitWebDriver",
    packages: &["webkit2gtk-driver"],
    why: "the tests go through the app's main stories in WebKit",
};
/// A display without a screen.
pub const XVFB: Needed =
    Needed { program: "Xvfb", packages: &["xvfb"], why: "WebKit does not start without a display" };
/// The browser's remote control.
pub const CHROMEDRIVER: Needed = Needed {
    program: "chromedriver",
    packages: &["chromium-driver"],
    why: "tests compiled to wasm run in Chromium",
};
/// CNCF Distribution.
pub const REGISTRY: Needed = Needed {
    program: "docker-registry",
    packages: &["docker-registry"],
    why: "the tests use a real registry, CNCF Distribution",
};
/// Network namespaces.
pub const IP: Needed = Needed {
    program: "ip",
    packages: &["iproute2"],
    why: "the tests reach a registry that is not on loopback",
};

/// A program that copies and inspects images.
pub const SKOPEO: Needed =
    Needed { program: "skopeo", packages: &["skopeo"], why: "it is measured beside ours" };
/// A web server and load balancer.
pub const NGINX: Needed = Needed {
    program: "nginx",
    packages: &["nginx-light"],
    why: "the tests put it in front of the app, of registries and of gateways",
};
/// A generator of load.
pub const WRK: Needed = Needed {
    program: "wrk",
    packages: &["wrk"],
    why: "it counts what the gateway and nginx pass in a second",
};

/// Certificates.
pub const OPENSSL: Needed = Needed {
    program: "openssl",
    packages: &["openssl"],
    why: "the tests make certificates that nobody trusts",
};

/// The package of zsh.
pub const ZSH: Needed =
    Needed { program: "zsh", packages: &["zsh"], why: "the tests complete command lines in it" };
/// The package of the fish shell.
pub const FISH: Needed =
    Needed { program: "fish", packages: &["fish"], why: "the tests complete command lines in it" };

/// The programs that the tests take.
pub const FOR_TESTS: [Needed; 8] = [CHROMIUM, CHROMEDRIVER, REGISTRY, IP, NGINX, OPENSSL, ZSH, FISH];

/// The programs without which some tests are skipped.
pub const FOR_OTHER_BROWSERS: [Needed; 3] = [FIREFOX, WEBKIT, XVFB];

/// All of them, those for measurements too.
pub const ALL: [Needed; 14] = [
    CHROMIUM,
    CHROMIUM_SHELL,
    CHROMEDRIVER,
    REGISTRY,
    IP,
    NGINX,
    OPENSSL,
    ZSH,
    FISH,
    FIREFOX,
    WEBKIT,
    XVFB,
    SKOPEO,
    WRK,
];

/// Set once apt knows what there is today: what is installed after it need not ask again.
static IS_UPDATED: AtomicBool = AtomicBool::new(false);

/// Installs what is missing.
pub fn install(sh: &Shell, needed: &[Needed]) -> Result<()> {
    let missing: Vec<_> = needed.iter().filter(|needed| !is_there(needed.program)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    if !is_on_path("apt-get") {
        let list: Vec<_> =
            missing.iter().map(|needed| format!("  {} ({})", needed.program, needed.why)).collect();
        bail!(
            "these programs are missing, and there is no apt-get to install them; install them with the system's package \
             manager, then run the command again:\n{}",
            list.join("\n")
        );
    }
    let packages: Vec<_> = missing.iter().flat_map(|needed| needed.packages).collect();
    let names = packages.iter().map(|package| (**package).to_owned()).collect::<Vec<_>>();
    let why: Vec<_> = missing.iter().map(|needed| needed.why).collect();
    step(&format!("apt-get install {}: {}", names.join(" "), why.join("; ")), || {
        let is_root = cmd!(sh, "id -u").quiet().read()? == "0";
        if !is_root && !is_on_path("sudo") {
            bail!(
                "only root can install packages, and there is no sudo: run apt-get install {} as root",
                names.join(" ")
            );
        }
        let sudo: &[&str] = if is_root { &[] } else { &["sudo"] };
        let sudo = sudo.iter().copied().chain(["env", "DEBIAN_FRONTEND=noninteractive"]).collect::<Vec<_>>();
        let (first, rest) = (sudo[0], &sudo[1..]);
        if !IS_UPDATED.load(Ordering::Relaxed) {
            cmd!(sh, "{first} {rest...} apt-get update -qq").quiet().ignore_stdout().run()?;
            IS_UPDATED.store(true, Ordering::Relaxed);
        }
        cmd!(sh, "{first} {rest...} apt-get install -y -qq --no-install-recommends {names...}")
            .quiet()
            .ignore_stdout()
            .run()?;
        Ok(())
    })?;
    match missing.iter().find(|needed| !is_there(needed.program)) {
        Some(needed) => bail!(
            "apt-get installed {}, but there still is no {}",
            needed.packages.join(", "),
            needed.program
        ),
        None => Ok(()),
    }
}

/// Installs what is missing, or says why it cannot, and goes on.
pub fn install_if_possible(sh: &Shell, needed: &[Needed]) {
    if let Err(error) = install(sh, needed) {
        eprintln!("  went on without: {error:#}");
    }
}

fn is_there(program: &str) -> bool {
    is_on_path(program) || std::path::Path::new("/usr/sbin").join(program).is_file()
}
