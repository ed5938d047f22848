//! Installing what is missing, by Debian's packages, and nothing that is there already.

use crate::{kafka, postgres, process, progress, scratch};
use anyhow::{Context as _, Result, bail};
use nix::sys::signal::Signal;

/// Something that must be on the machine.
pub struct Need {
    /// What it is, for people.
    what: &'static str,
    /// Is it there?
    there: fn() -> bool,
    /// The packages that bring it, best first; the first that this release has is taken.
    packages: &'static [&'static str],
}

/// What building the house takes beside Rust: librdkafka is compiled from source and links OpenSSL and zlib.
pub const BUILD: &[Need] = &[
    Need { what: "C compiler", there: || process::which("gcc").is_some(), packages: &["gcc"] },
    Need { what: "C++ compiler", there: || process::which("g++").is_some(), packages: &["g++"] },
    Need { what: "make", there: || process::which("make").is_some(), packages: &["make"] },
    Need { what: "pkg-config", there: || process::which("pkg-config").is_some(), packages: &["pkg-config"] },
    Need { what: "OpenSSL headers", there: || has_library("openssl"), packages: &["libssl-dev"] },
    Need { what: "zlib headers", there: || has_library("zlib"), packages: &["zlib1g-dev"] },
];

/// The database server.
pub const POSTGRES: &[Need] = &[Need {
    what: "PostgreSQL 15 or newer",
    there: || postgres::programs().is_some(),
    packages: &["postgresql"],
}];

/// The broker's runtime, and what fetches its jars when they are not in the cache.
pub const KAFKA: &[Need] = &[
    Need {
        what: "Java 17 or newer",
        there: kafka::has_java,
        packages: &["openjdk-17-jre-headless", "openjdk-21-jre-headless", "default-jre-headless"],
    },
    Need {
        what: "Maven",
        there: || kafka::jars_cached() || process::which("mvn").is_some(),
        packages: &["maven"],
    },
];

/// What the browser tests take.
pub const BROWSER: &[Need] = &[
    Need { what: "Chromium", there: || chromium().is_some(), packages: &["chromium", "chromium-browser"] },
    Need { what: "Node.js 18 or newer", there: has_node, packages: &["nodejs"] },
    Need { what: "npm", there: || process::which("npm").is_some(), packages: &["npm"] },
];

/// The browser, by the names its packages give it.
pub fn chromium() -> Option<std::path::PathBuf> {
    ["chromium", "chromium-browser", "google-chrome"].into_iter().find_map(process::which)
}

fn has_library(name: &str) -> bool {
    process::which("pkg-config").is_some_and(|tool| process::output_of(tool, &["--exists", name]).is_some())
}

fn has_node() -> bool {
    let version = process::which("node").and_then(|node| process::output_of(node, &["--version"]));
    version.is_some_and(|text| major(&text) >= 18)
}

/// The first number in a text such as `v20.1.0` or `openjdk 17.0.15`.
pub fn major(text: &str) -> u32 {
    let digits = text.chars().skip_while(|c| !c.is_ascii_digit()).take_while(char::is_ascii_digit);
    digits.collect::<String>().parse().unwrap_or(0)
}

/// Installs those of `needs` that are missing; says what to do when it cannot.
pub fn install(needs: &[&[Need]]) -> Result<()> {
    let missing: Vec<&Need> =
        needs.iter().flat_map(|group| group.iter()).filter(|need| !(need.there)()).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.iter().map(|need| need.what).collect::<Vec<_>>().join(", ");
    if process::which("apt-get").is_none() {
        bail!("missing: {names}. This machine has no apt-get, so install them by hand and run this again");
    }
    progress(format!("installing what is missing: {names}"));
    // A new machine has no package lists; an old one may have lists that name versions which are gone.
    let fresh = !has_lists();
    if fresh {
        update()?;
    }
    let first = apt_install(&missing);
    if let Err(error) = first {
        process::go_on()?;
        if fresh {
            return Err(error);
        }
        progress("the package lists look old: fetching new ones");
        update()?;
        apt_install(&missing)?;
    }
    let still: Vec<&str> = missing.iter().filter(|need| !(need.there)()).map(|need| need.what).collect();
    if !still.is_empty() {
        bail!("still missing after the installation: {}. Install a newer one by hand", still.join(", "));
    }
    Ok(())
}

fn has_lists() -> bool {
    let lists = std::fs::read_dir("/var/lib/apt/lists");
    lists.is_ok_and(|entries| {
        entries.flatten().any(|entry| entry.file_name().to_string_lossy().contains("_Packages"))
    })
}

fn update() -> Result<()> {
    apt(&["update"])
        .context("fetching the package lists failed; is the network up? Try `apt-get update` by hand")
}

fn apt_install(missing: &[&Need]) -> Result<()> {
    let mut args = vec!["install", "-y", "--no-install-recommends"];
    for need in missing {
        let known = need.packages.iter().find(|name| has_candidate(name));
        args.push(known.with_context(|| format!("no package of this release brings {}", need.what))?);
    }
    apt(&args).with_context(|| format!("`apt-get {}` failed; try it by hand", args.join(" ")))
}

fn has_candidate(package: &str) -> bool {
    let policy = process::output_of("apt-cache", &["policy", package]).unwrap_or_default();
    policy.lines().any(|line| line.trim_start().starts_with("Candidate:") && !line.contains("(none)"))
}

/// `apt-get` as root, without questions, patient when another installation runs. Its talk is shown when it fails.
fn apt(args: &[&str]) -> Result<()> {
    let mut words: Vec<&str> = Vec::new();
    if !process::is_root() {
        if process::which("sudo").is_none() {
            bail!("installing packages needs root: run this as root, or install sudo");
        }
        words.push("sudo");
    }
    words.extend(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "-o", "DPkg::Lock::Timeout=300"]);
    let mut command = process::guarded(words[0], Signal::SIGTERM, None)?;
    command.args(&words[1..]).args(args).current_dir("/");
    let cache = scratch::user_cache()?;
    std::fs::create_dir_all(&cache).with_context(|| format!("creating {}", cache.display()))?;
    process::must_quietly(command, &cache.join("apt-get.log"))
}

#[cfg(test)]
mod tests {
    use super::major;

    #[test]
    fn the_major_version_is_the_first_number() {
        let check = |text, expect| assert_eq!(major(text), expect, "{text}");
        check("v20.20.2\n", 20);
        check("openjdk version \"17.0.15\" 2025-04-15", 17);
        check("postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", 15);
        check("no digits", 0);
    }
}
