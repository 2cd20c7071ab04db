//! What containers write: believable lines in the formats that are met in clusters, and last words of a crash. Pure.

use jiff::Timestamp;

use crate::random::Random;

/// The format of a workload's log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Flux's controllers; written when they act.
    Flux,
    Logfmt,
    Json,
    /// NGINX's combined log.
    Access,
    /// `key` logs of Kubernetes' own components.
    Klog,
    Java,
    Python,
    Postgres,
    Plain,
}

const PATHS: [&str; 8] = [
    "/api/v1/carts/8812",
    "/api/v1/orders",
    "/api/v1/products?page=2",
    "/healthz",
    "/api/v1/payments/intents",
    "/search?q=shoes",
    "/assets/app.4f2c.js",
    "/api/v1/customers/31/addresses",
];
const METHODS: [&str; 4] = ["GET", "GET", "GET", "POST"];
const AGENTS: [&str; 3] = ["Mozilla/5.0 (X11; Linux x86_64)", "curl/8.15.0", "acme-mobile/5.2 (iOS 26.1)"];
const JOBS: [&str; 5] = ["capture payment", "send receipt", "refresh index", "sync stock", "expire carts"];

fn pick<'a>(random: &mut Random, items: &[&'a str]) -> &'a str {
    random.pick(items).copied().unwrap_or_default()
}

/// A few lines of ordinary work; now and then a warning or an error, some with a stack trace.
pub(crate) fn ordinary(style: Style, random: &mut Random, now: Timestamp) -> Vec<String> {
    let (method, path, job) = (pick(random, &METHODS), pick(random, &PATHS), pick(random, &JOBS));
    let (millis, trace) = (random.below(240) + 1, random.hex(16));
    let trouble = random.once_in(24);
    let status = if trouble {
        502
    } else if random.once_in(12) {
        404
    } else {
        200
    };
    match style {
        Style::Flux => Vec::new(),
        Style::Logfmt if trouble => vec![format!(
            "ts={now:.3} level=error msg=\"{job} failed\" err=\"context deadline exceeded\" attempt=2 trace_id={trace}"
        )],
        Style::Logfmt => vec![format!(
            "ts={now:.3} level=info msg=\"{job}\" duration={millis}ms method={method} path={path} trace_id={trace}"
        )],
        Style::Json if trouble => vec![format!(
            "{{{}}}",
            [
                format!(r#""level":"error","ts":"{now:.3}","msg":"upstream request failed""#),
                format!(r#""error":"connection refused","path":"{path}","trace_id":"{trace}""#),
            ]
            .join(",")
        )],
        Style::Json => vec![format!(
            "{{{}}}",
            [
                format!(r#""level":"info","ts":"{now:.3}","msg":"request","method":"{method}","path":"{path}""#),
                format!(r#""status":{status},"duration_ms":{millis},"trace_id":"{trace}""#),
            ]
            .join(",")
        )],
        Style::Access => {
            let when = now.strftime("%d/%b/%Y:%H:%M:%S +0000");
            let (octet, bytes, agent) = (random.below(250) + 1, random.below(48_000), pick(random, &AGENTS));
            vec![format!(
                "10.12.4.{octet} - - [{when}] \"{method} {path} HTTP/1.1\" {status} {bytes} \"-\" \"{agent}\" {millis}"
            )]
        }
        Style::Klog => {
            let when = now.strftime("%m%d %H:%M:%S.%6f");
            let (level, text) = if trouble {
                ("E", "re-queuing item due to error processing")
            } else {
                ("I", "updating resource with new conditions")
            };
            vec![format!(
                "{level}{when}       1 controller.go:{}] \"{text}\" logger=\"cert-manager\" trace=\"{trace}\"",
                100 + millis
            )]
        }
        Style::Java if trouble => java_exception(now, job),
        Style::Java => {
            let when = now.strftime("%Y-%m-%d %H:%M:%S,%3f");
            vec![format!("{when} INFO  [indexer-{}] dev.acme.search.Indexer - {job}: {millis} documents", millis % 4)]
        }
        Style::Python if trouble => python_traceback(now, job),
        Style::Python => {
            let when = now.strftime("%Y-%m-%d %H:%M:%S,%3f");
            vec![format!("{when} INFO worker.tasks {job} finished in {millis} ms")]
        }
        Style::Postgres => {
            let when = now.strftime("%Y-%m-%d %H:%M:%S.%3f UTC");
            vec![if trouble {
                format!("{when} [{}] ERROR:  deadlock detected", 40 + millis)
            } else {
                format!("{when} [{}] LOG:  checkpoint complete: wrote {millis} buffers (0.3%)", 27)
            }]
        }
        Style::Plain if trouble => vec![format!("WARNING backend {path} sick after {millis} ms")],
        Style::Plain => vec![format!("{method} {path} {status} hit {millis}us")],
    }
}

fn java_exception(now: Timestamp, job: &str) -> Vec<String> {
    let when = now.strftime("%Y-%m-%d %H:%M:%S,%3f");
    vec![
        format!("{when} ERROR [indexer-2] dev.acme.search.Indexer - {job} failed"),
        "org.apache.kafka.common.errors.TimeoutException: Topic products not present in metadata after 60000 ms."
            .to_owned(),
        "\tat org.apache.kafka.clients.producer.KafkaProducer.waitOnMetadata(KafkaProducer.java:1213)".to_owned(),
        "\tat dev.acme.search.Indexer.publish(Indexer.java:88)".to_owned(),
        "\tat dev.acme.search.Indexer.run(Indexer.java:41)".to_owned(),
        "Caused by: java.net.ConnectException: Connection refused: kafka.search.svc/10.96.14.7:9092".to_owned(),
        "\tat java.base/sun.nio.ch.Net.pollConnect(Native Method)".to_owned(),
        "\t... 12 more".to_owned(),
    ]
}

fn python_traceback(now: Timestamp, job: &str) -> Vec<String> {
    let when = now.strftime("%Y-%m-%d %H:%M:%S,%3f");
    vec![
        format!("{when} ERROR worker.tasks {job} failed, retrying"),
        "Traceback (most recent call last):".to_owned(),
        "  File \"/app/worker/tasks.py\", line 57, in run".to_owned(),
        "    rows = self.client.fetch(batch)".to_owned(),
        "  File \"/app/worker/client.py\", line 121, in fetch".to_owned(),
        "    raise UpstreamError(response.status_code)".to_owned(),
        "worker.errors.UpstreamError: 503".to_owned(),
    ]
}

/// What a container writes between its start and its end when it crashes.
pub(crate) fn crash(style: Style, reason: &str, now: Timestamp) -> Vec<String> {
    let when = now.strftime("%Y-%m-%d %H:%M:%S,%3f");
    if reason == "OOMKilled" {
        return vec![
            format!(r#"{{"level":"info","ts":"{now:.3}","msg":"starting","version":"1.15.0"}}"#),
            format!(r#"{{"level":"info","ts":"{now:.3}","msg":"warming price cache","entries":1840000}}"#),
            format!(
                r#"{{"level":"warn","ts":"{now:.3}","msg":"memory close to the limit","rss_mib":251,"limit_mib":256}}"#
            ),
        ];
    }
    match style {
        Style::Java => {
            let mut lines =
                vec![format!("{when} INFO  [main] dev.acme.search.Main - starting, brokers=kafka.search.svc:9092")];
            lines.extend(java_exception(now, "connect to the broker"));
            lines.push(format!("{when} ERROR [main] dev.acme.search.Main - giving up after 3 attempts"));
            lines
        }
        _ => vec![
            format!("thread 'main' panicked at src/main.rs:{}:9:", 40),
            "called `Result::unwrap()` on an `Err` value: Os { code: 111, kind: ConnectionRefused }".to_owned(),
            "note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace".to_owned(),
        ],
    }
}

/// What a container writes when it starts.
pub(crate) fn start(style: Style, name: &str, now: Timestamp) -> String {
    match style {
        Style::Flux => format!(r#"{{"level":"info","ts":"{now:.3}","logger":"setup","msg":"starting manager"}}"#),
        Style::Json => format!(r#"{{"level":"info","ts":"{now:.3}","msg":"starting","app":"{name}"}}"#),
        Style::Logfmt => format!("ts={now:.3} level=info msg=starting app={name}"),
        _ => format!("{name} starting"),
    }
}

/// One line of a Flux controller about one object.
pub(crate) struct ControllerLine<'a> {
    pub(crate) level: &'a str,
    pub(crate) group: &'a str,
    pub(crate) kind: &'a str,
    pub(crate) namespace: &'a str,
    pub(crate) name: &'a str,
    pub(crate) reconcile_id: &'a str,
    pub(crate) message: &'a str,
    /// Empty when unknown.
    pub(crate) revision: &'a str,
    /// Empty unless the level is `error`.
    pub(crate) error: &'a str,
}

impl ControllerLine<'_> {
    /// JSON in the order of controller-runtime's encoder.
    pub(crate) fn text(&self, now: Timestamp) -> String {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        let (kind, name, namespace) = (self.kind, self.name, self.namespace);
        let mut line = format!(r#"{{"level":"{}","ts":"{now:.3}","msg":{}"#, self.level, quoted(self.message));
        let mut add = |field: &str, value: String| line.push_str(&format!(r#","{field}":{value}"#));
        add("controller", quoted(&kind.to_lowercase()));
        add("controllerGroup", quoted(self.group));
        add("controllerKind", quoted(kind));
        add(kind, format!(r#"{{"name":"{name}","namespace":"{namespace}"}}"#));
        add("namespace", quoted(namespace));
        add("name", quoted(name));
        add("reconcileID", quoted(self.reconcile_id));
        if !self.revision.is_empty() {
            add("revision", quoted(self.revision));
        }
        if !self.error.is_empty() {
            add("error", quoted(self.error));
        }
        line.push('}');
        line
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use serde_json::Value;

    use super::{ControllerLine, Style, ordinary};
    use crate::random::Random;

    #[test]
    fn a_controller_line_is_json_about_one_object() {
        let line = ControllerLine {
            level: "error",
            group: "kustomize.toolkit.fluxcd.io",
            kind: "Kustomization",
            namespace: "flux-system",
            name: "apps",
            reconcile_id: "r",
            message: "Reconciler error",
            revision: "main@sha1:0",
            error: "a \"quoted\" reason",
        };
        let value: Value = serde_json::from_str(&line.text(Timestamp::UNIX_EPOCH)).unwrap();
        assert_eq!(value["controllerKind"], "Kustomization");
        assert_eq!(value["Kustomization"]["name"], "apps");
        assert_eq!(value["error"], "a \"quoted\" reason");
        assert_eq!(value["ts"], "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn json_lines_parse() {
        let mut random = Random::new(1, "");
        for _ in 0..100 {
            for line in ordinary(Style::Json, &mut random, Timestamp::UNIX_EPOCH) {
                serde_json::from_str::<Value>(&line).unwrap();
            }
        }
    }
}
