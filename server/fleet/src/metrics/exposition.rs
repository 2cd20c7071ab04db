//! The two texts that scrapers read: OpenMetrics 1.0 and the Prometheus text format 0.0.4.
//!
//! The registry's crate writes OpenMetrics. The older format differs in what concerns us only in the names of counters
//! (their `# HELP` and `# TYPE` carry the `_total` of their samples) and in the mark at the end.

use std::fmt::Write as _;

use prometheus_client::encoding::text::encode_registry;
use prometheus_client::registry::Registry;

/// What a scraper wants to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `text/plain; version=0.0.4`, which everybody reads.
    Text,
    /// `application/openmetrics-text; version=1.0.0`.
    OpenMetrics,
}

impl Format {
    /// What an `Accept` header asks for; the Prometheus text format where it does not say.
    #[must_use]
    pub fn of_accept(accept: &str) -> Self {
        let (mut open_metrics, mut text) = (0.0_f32, 0.0_f32);
        for range in accept.split(',') {
            let mut parts = range.split(';').map(str::trim);
            let media = parts.next().unwrap_or_default().to_ascii_lowercase();
            let (mut weight, mut version) = (1.0_f32, "");
            for (name, value) in parts.filter_map(|parameter| parameter.split_once('=')) {
                match name.trim() {
                    "q" => weight = value.trim().parse().unwrap_or(0.0),
                    "version" => version = value.trim(),
                    _ => {}
                }
            }
            match media.as_str() {
                // 0.0.1 is what Prometheus called 1.0.0 before it had a number.
                "application/openmetrics-text" if ["", "1.0.0", "0.0.1"].contains(&version) => {
                    open_metrics = weight.max(open_metrics);
                }
                "text/plain" if ["", "0.0.4"].contains(&version) => text = weight.max(text),
                "text/*" | "*/*" => text = weight.max(text),
                _ => {}
            }
        }
        if open_metrics > 0.0 && open_metrics >= text { Self::OpenMetrics } else { Self::Text }
    }

    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Text => "text/plain; version=0.0.4; charset=utf-8",
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
        }
    }

    /// Everything in the registry, without the mark at the end.
    #[must_use]
    pub fn encode(self, registry: &Registry) -> String {
        let mut text = String::new();
        encode_registry(&mut text, registry).expect("a string takes what is written");
        match self {
            Self::Text => to_prometheus_text(&text),
            Self::OpenMetrics => text,
        }
    }

    /// What stands after everything else.
    #[must_use]
    pub fn end(self) -> &'static str {
        match self {
            Self::Text => "",
            Self::OpenMetrics => "# EOF\n",
        }
    }
}

fn to_prometheus_text(open_metrics: &str) -> String {
    let mut text = String::with_capacity(open_metrics.len());
    let mut help = None;
    for line in open_metrics.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            // Which name to write is known once the type is.
            help = rest.split_once(' ');
        } else if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|rest| rest.split_once(' ')) {
            let suffix = if kind == "counter" { "_total" } else { "" };
            if let Some((_, help)) = help.take() {
                writeln!(text, "# HELP {name}{suffix} {help}").expect("a string takes what is written");
            }
            writeln!(text, "# TYPE {name}{suffix} {kind}").expect("a string takes what is written");
        } else if !line.starts_with("# UNIT ") {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use prometheus_client::metrics::counter::Counter;
    use prometheus_client::metrics::family::Family;
    use prometheus_client::metrics::gauge::Gauge;
    use prometheus_client::metrics::histogram::Histogram;

    use super::*;

    #[test]
    fn a_scraper_gets_what_it_prefers() {
        // As Prometheus 3 and 2 send them.
        let prometheus_3 = "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,\
                            application/openmetrics-text;version=0.0.1;q=0.4,\
                            text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1";
        let prometheus_2 = "application/openmetrics-text; version=0.0.1,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";
        for accept in [prometheus_3, prometheus_2, "application/openmetrics-text"] {
            assert_eq!(Format::of_accept(accept), Format::OpenMetrics, "{accept}");
        }
        let text_first = "text/plain;version=0.0.4;q=0.9, application/openmetrics-text;version=1.0.0;q=0.5";
        let refused = "application/openmetrics-text;q=0, */*";
        for accept in ["", "*/*", "text/html,*/*;q=0.8", text_first, refused, "application/openmetrics-text;version=9"]
        {
            assert_eq!(Format::of_accept(accept), Format::Text, "{accept}");
        }
    }

    #[test]
    fn both_texts_say_the_same_each_in_its_own_way() {
        let mut registry = Registry::with_prefix("a");
        let counters = Family::<[(&str, &str); 1], Counter>::default();
        counters.get_or_create(&[("kind", "say \"hi\"\n")]).inc_by(2);
        registry.register("requests", "Requests served", counters);
        registry.register("open", "What is open", Gauge::<i64>::default());
        let histogram = Histogram::new([0.5]);
        histogram.observe(0.25);
        registry.register("wait_seconds", "Waiting", histogram);
        let samples = "a_requests_total{kind=\"say \\\"hi\\\"\\n\"} 2\n";
        let rest = "# HELP a_open What is open.\n# TYPE a_open gauge\na_open 0\n\
                    # HELP a_wait_seconds Waiting.\n# TYPE a_wait_seconds histogram\na_wait_seconds_sum 0.25\n\
                    a_wait_seconds_count 1\na_wait_seconds_bucket{le=\"0.5\"} 1\na_wait_seconds_bucket{le=\"+Inf\"} 1\n";
        assert_eq!(
            Format::OpenMetrics.encode(&registry),
            format!("# HELP a_requests Requests served.\n# TYPE a_requests counter\n{samples}{rest}")
        );
        assert_eq!(
            Format::Text.encode(&registry),
            format!("# HELP a_requests_total Requests served.\n# TYPE a_requests_total counter\n{samples}{rest}")
        );
    }
}
