//! Requests to the server under test and to simulated API servers: plain HTTP, JSON or text, with a bound on the time.
//!
//! An answer with an error status is an answer here; only what has no answer is an error.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use ureq::http::{Method, Request};

/// Nothing that a scenario asks may take longer, not even under a fault.
const LIMIT: Duration = Duration::from_secs(15);
/// Largest answer that is read.
const LARGEST: u64 = 64 << 20;

/// A base address, what every request carries, and the connections.
#[derive(Debug, Clone)]
pub(crate) struct Http {
    agent: ureq::Agent,
    base: String,
    headers: Vec<(&'static str, String)>,
}

/// An answer with its body.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) cookie: Option<String>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.body)
            .with_context(|| format!("the answer {} is no JSON: {}", self.status, self.body))
    }

    /// The body of a success as JSON.
    pub(crate) fn good(&self) -> Result<Value> {
        if self.status >= 300 {
            bail!("answered {}: {}", self.status, self.body);
        }
        self.json()
    }
}

impl Http {
    /// `base` is `http://127.0.0.1:PORT`.
    pub(crate) fn new(base: String) -> Self {
        Self { agent: agent(), base, headers: Vec::new() }
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The same without sharing connections: one that waits does not hold up the other.
    pub(crate) fn with_connections_of_its_own(&self) -> Self {
        Self { agent: agent(), ..self.clone() }
    }

    pub(crate) fn get(&self, path: &str) -> Result<Answer> {
        self.send(Method::GET, path, "application/json", "")
    }

    /// The body of a success as JSON.
    pub(crate) fn json(&self, path: &str) -> Result<Value> {
        self.get(path)?.good().with_context(|| path.to_owned())
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Answer> {
        self.send(Method::POST, path, "application/json", &body.to_string())
    }

    pub(crate) fn send(&self, method: Method, path: &str, content_type: &str, body: &str) -> Result<Answer> {
        let url = format!("{}{path}", self.base);
        let mut request = Request::builder().method(method.clone()).uri(&url);
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        let answer = if matches!(method, Method::GET | Method::DELETE) {
            self.agent.run(request.body(()).context("a request without a body")?)
        } else {
            let request = request.header("content-type", content_type).body(body.to_owned());
            self.agent.run(request.context("a request with a body")?)
        };
        let mut answer = answer.with_context(|| format!("{method} {url} got no answer"))?;
        let cookie = answer.headers().get("set-cookie").and_then(|value| value.to_str().ok());
        let cookie = cookie.and_then(|value| value.split(';').next()).map(str::to_owned);
        let body = answer.body_mut().with_config().limit(LARGEST).read_to_string();
        let body = body.with_context(|| format!("the answer of {method} {url} broke off"))?;
        Ok(Answer { status: answer.status().as_u16(), cookie, body })
    }
}

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .timeout_global(Some(LIMIT))
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None);
    config.build().into()
}
