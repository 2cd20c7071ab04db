//! What others wrote: banned crates by the lock file, licences by cargo's metadata, both ruled by `deny.toml`.
//!
//! `deny.toml` is cargo-deny's own format, so that tool answers the same; here nothing extra has to be compiled.

use anyhow::{Context as _, Result};
use serde::Deserialize;
use spdx::{Expression, ParseMode};

use super::{Problem, Source};

#[derive(Deserialize)]
struct Deny {
    bans: Bans,
    licenses: Licenses,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Banned>,
}

#[derive(Deserialize)]
struct Banned {
    #[serde(rename = "crate")]
    name: String,
    reason: String,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
    #[serde(default)]
    exceptions: Vec<Exception>,
}

#[derive(Deserialize)]
struct Exception {
    #[serde(rename = "crate")]
    name: String,
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Lock {
    package: Vec<Locked>,
}

#[derive(Deserialize)]
struct Locked {
    name: String,
    version: String,
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<MetadataPackage>,
}

#[derive(Deserialize)]
struct MetadataPackage {
    name: String,
    version: String,
    license: Option<String>,
}

fn read<T: serde::de::DeserializeOwned>(sources: &[Source], path: &str) -> Result<T, Problem> {
    let problem = |text: String| Problem { place: path.to_owned(), text };
    let source = sources.iter().find(|source| source.path == path).ok_or_else(|| problem("is missing".to_owned()))?;
    toml::from_str(&source.text).map_err(|error| problem(error.message().to_owned()))
}

/// No banned crate is in `Cargo.lock`.
pub(super) fn banned(sources: &[Source]) -> Vec<Problem> {
    let (deny, lock): (Deny, Lock) = match (read(sources, "deny.toml"), read(sources, "Cargo.lock")) {
        (Ok(deny), Ok(lock)) => (deny, lock),
        (Err(problem), _) | (_, Err(problem)) => return vec![problem],
    };
    let mut problems = Vec::new();
    for package in &lock.package {
        if let Some(ban) = deny.bans.deny.iter().find(|ban| ban.name == package.name) {
            let text = format!("{} {} is banned: {}", package.name, package.version, ban.reason);
            problems.push(Problem { place: "Cargo.lock".to_owned(), text });
        }
    }
    problems
}

/// Every crate can be used under licences that `deny.toml` allows.
pub(super) fn licences(sources: &[Source], metadata: &str) -> Result<Vec<Problem>> {
    let deny: Deny = match read(sources, "deny.toml") {
        Ok(deny) => deny,
        Err(problem) => return Ok(vec![problem]),
    };
    let metadata: Metadata = serde_json::from_str(metadata).context("cannot read cargo's metadata")?;
    let refused = metadata.packages.iter().filter_map(|package| {
        let exception = deny.licenses.exceptions.iter().find(|exception| exception.name == package.name);
        let extra = exception.map(|exception| exception.allow.as_slice()).unwrap_or_default();
        let reason = refusal(package.license.as_deref(), &[&deny.licenses.allow, extra])?;
        Some(Problem { place: format!("{} {}", package.name, package.version), text: reason })
    });
    Ok(refused.collect())
}

/// Why this licence expression cannot be met by allowed licences; `None` if it can.
fn refusal(expression: Option<&str>, allowed: &[&[String]]) -> Option<String> {
    let Some(expression) = expression else { return Some("names no licence".to_owned()) };
    let parsed = match Expression::parse_mode(expression, ParseMode::LAX) {
        Ok(parsed) => parsed,
        Err(error) => return Some(format!("`{expression}` is no licence expression: {}", error.reason)),
    };
    let met = parsed.evaluate(|requirement| {
        let name = requirement.to_string();
        allowed.iter().any(|names| names.contains(&name))
    });
    (!met).then(|| format!("licence `{expression}` is not allowed by deny.toml"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::source;

    const DENY: &str = "[bans]\ndeny = [{ crate = \"openssl-sys\", reason = \"ring only\" }]\n\
                        [licenses]\nallow = [\"MIT\", \"Apache-2.0 WITH LLVM-exception\"]\n\
                        exceptions = [{ crate = \"odd\", allow = [\"MPL-2.0\"] }]\n";

    #[test]
    fn a_banned_crate_is_named_with_the_reason() {
        let lock = "[[package]]\nname = \"openssl-sys\"\nversion = \"0.9.1\"\n[[package]]\nname = \"ring\"\nversion = \"1.0.0\"\n";
        let problems = banned(&[source("deny.toml", DENY), source("Cargo.lock", lock)]);
        assert_eq!(problems.len(), 1);
        assert_eq!(problems[0].text, "openssl-sys 0.9.1 is banned: ring only");
    }

    #[test]
    fn a_licence_passes_if_one_way_to_meet_it_is_allowed() {
        let metadata = r#"{"packages":[
            {"name":"a","version":"1.0.0","license":"MIT OR GPL-3.0-only"},
            {"name":"b","version":"1.0.0","license":"MIT AND GPL-3.0-only"},
            {"name":"c","version":"1.0.0","license":"Apache-2.0 WITH LLVM-exception"},
            {"name":"odd","version":"1.0.0","license":"MPL-2.0"},
            {"name":"d","version":"1.0.0","license":"MPL-2.0"},
            {"name":"e","version":"1.0.0","license":null}]}"#;
        let problems = licences(&[source("deny.toml", DENY)], metadata).unwrap();
        let places: Vec<&str> = problems.iter().map(|problem| problem.place.as_str()).collect();
        assert_eq!(places, ["b 1.0.0", "d 1.0.0", "e 1.0.0"]);
    }
}
