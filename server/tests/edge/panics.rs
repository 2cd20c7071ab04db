//! A handler that panics takes nothing with it but its own request, and leaves a trace.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use axum::routing::get;
use server::cli::ServeOptions;
use server::http::arrival::Edge;
use server::http::router::guarded;
use server::serve::logging;
use tower::ServiceExt as _;
use tracing_subscriber::fmt::MakeWriter;

/// What was logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nobody panics with it").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Log {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}

fn edge() -> Arc<Edge> {
    let options = ServeOptions::from_arguments(std::iter::empty()).expect("serve needs no flags");
    Arc::new(Edge::new(&options.network, options.network.listen))
}

#[tokio::test]
async fn a_panic_is_a_500_with_the_id_that_is_in_the_log() {
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).json().flatten_event(true).finish();
    let _logging = tracing::subscriber::set_default(subscriber);
    logging::log_panics();
    let router = guarded(Router::new().route("/panics/{name}", get(panicking)), edge());
    let request = Request::get("/panics/secret-name?token=secret-token").body(Body::empty()).expect("a request");
    let Ok(response) = router.oneshot(request).await;
    // What fails from here on is for the terminal again.
    drop(std::panic::take_hook());
    assert_eq!(response.status(), 500);
    let body = to_bytes(response.into_body(), 4096).await.expect("a body");
    let envelope: serde_json::Value = serde_json::from_slice(&body).expect("the envelope");
    assert_eq!(envelope["code"], "internal");
    assert!(!envelope["message"].as_str().expect("a text").contains("fell over"));

    let text = String::from_utf8(log.0.lock().expect("nobody panics with it").clone()).expect("a text");
    let lines: Vec<serde_json::Value> = text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let panic = lines.iter().find(|line| line["message"] == "panic").expect("the panic is logged");
    assert_eq!((&panic["panic"], &panic["span"]["request_id"]), (&"fell over".into(), &envelope["request_id"]));
    let request = lines.iter().find(|line| line["message"] == "request").expect("the request is logged");
    assert_eq!(
        (&request["method"], &request["route"], &request["status"], &request["request_id"]),
        (&"GET".into(), &"/panics/{name}".into(), &500.into(), &envelope["request_id"])
    );
    assert!(!text.contains("secret"), "neither path nor query is logged: {text}");
}

async fn panicking() -> &'static str {
    panic!("fell over")
}
