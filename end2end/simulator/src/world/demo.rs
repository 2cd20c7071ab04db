//! The demo world as data: what the Git repository of each cluster holds, its charts, and the troubles of its days.
//!
//! Pure: a name gives a plan. Nothing here knows how things are applied.

use serde_json::{Value, json};

use crate::world::flux_objects::{self as flux, ChartSource};
use crate::world::lines::Style;
use crate::world::manifests::{self, Workload};

/// Why a Kustomization does not become ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Healthy,
    /// Its path is not in the repository.
    PathNotFound,
}

/// One Kustomization and what it applies.
#[derive(Debug, Clone)]
pub(crate) struct KustomizationPlan {
    pub(crate) name: &'static str,
    pub(crate) fate: Fate,
    pub(crate) objects: Vec<Value>,
}

/// One HelmRelease, its chart and what it renders.
#[derive(Debug, Clone)]
pub(crate) struct ReleasePlan {
    pub(crate) namespace: &'static str,
    pub(crate) name: &'static str,
    pub(crate) chart: &'static str,
    pub(crate) version: &'static str,
    pub(crate) source: ChartSource,
    pub(crate) values: Value,
    pub(crate) objects: Vec<Value>,
}

/// How pods of a workload fail.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Crash {
    pub(crate) namespace: &'static str,
    pub(crate) workload: &'static str,
    /// Pods that stay well.
    pub(crate) healthy: usize,
    /// `Error` or `OOMKilled`.
    pub(crate) reason: &'static str,
}

/// Everything about one cluster.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    pub(crate) kustomizations: Vec<KustomizationPlan>,
    pub(crate) releases: Vec<ReleasePlan>,
    pub(crate) workloads: Vec<Workload>,
    pub(crate) crashes: Vec<Crash>,
    /// Git repositories that cannot be reached any more, with the error.
    pub(crate) unreachable: Vec<(&'static str, &'static str)>,
    /// The release whose retries are exhausted.
    pub(crate) stalled: Option<&'static str>,
    /// Images that the world runs outside Flux's hands, edited by hand from the start: kind, namespace, name, manager,
    /// patch.
    pub(crate) edits: Vec<(&'static str, &'static str, &'static str, &'static str, Value)>,
}

const HOST_KEY_CHANGED: &str = "failed to checkout and determine revision: unable to clone \
                                'ssh://git@github.com/acme/tenants': ssh: handshake failed: knownhosts: key mismatch";
const FLUX_IMAGE: &str = "ghcr.io/fluxcd";
/// The controllers of a Flux installation, with their image tags of Flux 2.9.
pub(crate) const CONTROLLERS: [(&str, &str); 6] = [
    ("source-controller", "v1.9.1"),
    ("kustomize-controller", "v1.9.4"),
    ("helm-controller", "v1.6.3"),
    ("notification-controller", "v1.9.3"),
    ("image-reflector-controller", "v1.2.0"),
    ("image-automation-controller", "v1.2.0"),
];

const APPS: [Workload; 12] = [
    Workload {
        host: Some("gateway.acme.dev"),
        ..Workload::deployment("platform", "gateway", "registry.acme.dev/gateway", "3.8.0", 3, Style::Access)
    },
    Workload {
        settings: &[("issuer", "https://login.acme.dev"), ("session-ttl", "12h")],
        ..Workload::deployment("platform", "auth", "registry.acme.dev/auth", "2.4.1", 2, Style::Json)
    },
    Workload {
        env: &[("DATABASE_HOST", "ledger.payments.svc"), ("TIMEOUT", "5s")],
        settings: &[("currencies", "EUR,USD,GBP"), ("retry", "3")],
        ..Workload::deployment("payments", "payments-api", "registry.acme.dev/payments", "4.2.0", 3, Style::Logfmt)
    },
    Workload {
        kind: "StatefulSet",
        port: 5432,
        memory: "1Gi",
        ..Workload::deployment("payments", "payments-ledger", "docker.io/library/postgres", "17.6", 2, Style::Postgres)
    },
    Workload {
        settings: &[("index", "products-v7"), ("shards", "6")],
        ..Workload::deployment("search", "search-api", "registry.acme.dev/search", "1.9.3", 2, Style::Json)
    },
    Workload {
        memory: "512Mi",
        env: &[("BROKER", "kafka.search.svc:9092")],
        ..Workload::deployment("search", "search-indexer", "registry.acme.dev/search-indexer", "1.9.3", 2, Style::Java)
    },
    Workload {
        host: Some("shop.acme.dev"),
        ..Workload::deployment(
            "storefront",
            "storefront-web",
            "registry.acme.dev/storefront",
            "7.1.2",
            3,
            Style::Access,
        )
    },
    Workload {
        ..Workload::deployment(
            "storefront",
            "recommendations",
            "registry.acme.dev/recommend",
            "0.14.0",
            2,
            Style::Python,
        )
    },
    Workload {
        settings: &[("tax-table", "2025-q4")],
        ..Workload::deployment("billing", "billing", "registry.acme.dev/billing", "1.0.7", 3, Style::Logfmt)
    },
    Workload {
        ..Workload::deployment("team-blue", "notifier", "registry.acme.dev/notifier", "0.8.1", 1, Style::Logfmt)
    },
    Workload {
        ..Workload::deployment("reports", "reports-worker", "registry.acme.dev/reports", "2.0.0", 1, Style::Python)
    },
    Workload { ..Workload::deployment("edge", "edge-cache", "docker.io/library/varnish", "7.7", 2, Style::Plain) },
];

/// Workloads that come from charts: release, and workload.
const CHART_APPS: [(&str, Workload); 11] = [
    ("cert-manager", Workload::deployment("cert-manager", "cert-manager", JETSTACK[0], "v1.18.2", 1, Style::Klog)),
    (
        "cert-manager",
        Workload::deployment("cert-manager", "cert-manager-webhook", JETSTACK[1], "v1.18.2", 1, Style::Klog),
    ),
    (
        "cert-manager",
        Workload::deployment("cert-manager", "cert-manager-cainjector", JETSTACK[2], "v1.18.2", 1, Style::Klog),
    ),
    (
        "ingress-nginx",
        Workload::deployment("ingress-nginx", "ingress-nginx-controller", INGRESS, "v1.13.2", 2, Style::Access),
    ),
    (
        "kube-prometheus-stack",
        Workload::deployment("monitoring", "grafana", "docker.io/grafana/grafana", "12.1.1", 1, Style::Logfmt),
    ),
    (
        "kube-prometheus-stack",
        Workload {
            kind: "DaemonSet",
            ..Workload::deployment(
                "monitoring",
                "node-exporter",
                "quay.io/prometheus/node-exporter",
                "v1.9.1",
                3,
                Style::Logfmt,
            )
        },
    ),
    (
        "kube-prometheus-stack",
        Workload {
            kind: "StatefulSet",
            memory: "2Gi",
            ..Workload::deployment(
                "monitoring",
                "prometheus",
                "quay.io/prometheus/prometheus",
                "v3.5.0",
                1,
                Style::Logfmt,
            )
        },
    ),
    (
        "loki",
        Workload {
            kind: "StatefulSet",
            memory: "1Gi",
            ..Workload::deployment("monitoring", "loki", "docker.io/grafana/loki", "3.5.3", 1, Style::Logfmt)
        },
    ),
    (
        "checkout",
        Workload {
            memory: "256Mi",
            env: &[("CART_TTL", "30m")],
            settings: &[("flags", "express-pay,gift-cards")],
            host: Some("checkout.acme.dev"),
            ..Workload::deployment("checkout", "checkout-api", "registry.acme.dev/checkout", "1.15.0", 4, Style::Json)
        },
    ),
    (
        "checkout",
        Workload::deployment(
            "checkout",
            "checkout-worker",
            "registry.acme.dev/checkout-worker",
            "1.15.0",
            2,
            Style::Json,
        ),
    ),
    (
        "podinfo",
        Workload {
            port: 9898,
            ..Workload::deployment("podinfo", "podinfo", "ghcr.io/stefanprodan/podinfo", "6.9.2", 2, Style::Json)
        },
    ),
];
const JETSTACK: [&str; 3] = [
    "quay.io/jetstack/cert-manager-controller",
    "quay.io/jetstack/cert-manager-webhook",
    "quay.io/jetstack/cert-manager-cainjector",
];
const INGRESS: &str = "registry.k8s.io/ingress-nginx/controller";

/// The plan of a cluster by its name: `prod-eu`, `prod-us`, `staging`; other names get the plan of `staging`.
pub(crate) fn plan(cluster: &str, flux_version: &str) -> Plan {
    let releases = releases();
    let release =
        |name: &str| releases.iter().find(|release| release.name == name).map(release_object).unwrap_or_default();
    let production = cluster.starts_with("prod");
    let ks = |name, path: &str, depends_on: &[&str]| flux::kustomization(name, "platform", path, depends_on);

    let mut apps = vec![
        ks("checkout", "./apps/checkout", &["platform"]),
        ks("payments", "./apps/payments", &["platform"]),
        ks("search", "./apps/search", &["platform"]),
        ks("storefront", "./apps/storefront", &["search"]),
        ks("podinfo", "./apps/podinfo", &[]),
        ks("reports", "./apps/reports", &[]),
        flux::suspended(ks("legacy-billing", "./apps/legacy-billing", &[])),
    ];
    if production {
        apps.push(ks("edge", "./apps/edge", &["reports"]));
    }
    let mut kustomizations = vec![
        kustomization("flux-system", root(cluster, flux_version)),
        kustomization("infra", infra(release("cert-manager"), release("ingress-nginx"))),
        kustomization("infra-configs", infra_configs()),
        kustomization("monitoring", monitoring(release("kube-prometheus-stack"), release("loki"))),
        kustomization("platform", of_namespace("platform")),
        kustomization("apps", apps),
        kustomization("checkout", vec![manifests::namespace("checkout"), release("checkout")]),
        kustomization("payments", payments()),
        kustomization("search", of_namespace("search")),
        kustomization("storefront", of_namespace("storefront")),
        kustomization(
            "podinfo",
            vec![manifests::namespace("podinfo"), flux::oci_repository("podinfo", "podinfo"), release("podinfo")],
        ),
        kustomization("reports", of_namespace("reports")),
        kustomization("legacy-billing", of_namespace("billing")),
        kustomization("tenants", of_namespace("team-blue")),
    ];
    let mut plan = Plan {
        kustomizations: Vec::new(),
        releases: releases.clone(),
        workloads: workloads(),
        crashes: Vec::new(),
        unreachable: Vec::new(),
        stalled: None,
        edits: vec![
            ("Deployment", "billing", "billing", "kubectl-scale", json!({"spec": {"replicas": 1}})),
            (
                "Deployment",
                "ingress-nginx",
                "ingress-nginx-controller",
                "kubectl-edit",
                json!({"metadata": {"annotations": {"ops.acme.dev/paused-by": "on-call"}}, "spec": {"replicas": 5}}),
            ),
        ],
    };
    match cluster {
        "prod-eu" => {
            kustomizations.push(kustomization("edge", of_namespace("edge")));
            plan.stalled = Some("checkout");
            plan.crashes.push(Crash {
                namespace: "checkout",
                workload: "checkout-api",
                healthy: 2,
                reason: "OOMKilled",
            });
            plan.crashes.push(Crash { namespace: "search", workload: "search-indexer", healthy: 0, reason: "Error" });
        }
        "prod-us" => {
            kustomizations.push(kustomization("edge", of_namespace("edge")));
            if let Some(reports) = kustomizations.iter_mut().find(|plan| plan.name == "reports") {
                reports.fate = Fate::PathNotFound;
            }
            plan.unreachable.push(("tenants", HOST_KEY_CHANGED));
            plan.crashes.push(Crash { namespace: "team-blue", workload: "notifier", healthy: 0, reason: "OOMKilled" });
        }
        _ => {
            if let Some(root) = kustomizations.first_mut() {
                root.objects.extend(flux::image_automation());
            }
        }
    }
    plan.kustomizations = kustomizations;
    plan
}

fn kustomization(name: &'static str, objects: Vec<Value>) -> KustomizationPlan {
    KustomizationPlan { name, fate: Fate::Healthy, objects }
}

/// Every workload of the world, with Flux's own controllers.
fn workloads() -> Vec<Workload> {
    let controllers = CONTROLLERS.map(|(name, tag)| Workload::deployment("flux-system", name, "", tag, 1, Style::Flux));
    controllers.into_iter().chain(APPS).chain(CHART_APPS.map(|(_, workload)| workload)).collect()
}

fn of_namespace(namespace: &str) -> Vec<Value> {
    let workloads = APPS.iter().filter(|workload| workload.namespace == namespace);
    std::iter::once(manifests::namespace(namespace)).chain(workloads.flat_map(Workload::objects)).collect()
}

fn payments() -> Vec<Value> {
    let mut objects = of_namespace("payments");
    objects.push(manifests::secret("payments", "payments-db", &[("user", "ledger"), ("password", "s3cr3t-ledger")]));
    objects.push(manifests::cron_job(
        "payments",
        "payments-settlement",
        "registry.acme.dev/settlement:4.2.0",
        "15 2 * * *",
    ));
    objects.push(manifests::autoscaler("payments", "payments-api", 8));
    objects
}

fn root(cluster: &str, flux_version: &str) -> Vec<Value> {
    let mut objects = vec![manifests::namespace("flux-system")];
    for (name, tag) in CONTROLLERS {
        let workload = Workload::deployment("flux-system", name, "", tag, 1, Style::Flux);
        for mut object in workload.objects() {
            object["metadata"]["labels"] = json!({
                "app.kubernetes.io/part-of": "flux", "app.kubernetes.io/component": name,
                "app.kubernetes.io/instance": "flux-system", "app.kubernetes.io/version": format!("v{flux_version}")});
            if object["kind"] == "Deployment" {
                let pod = &mut object["spec"]["template"]["spec"];
                pod["containers"][0]["image"] = json!(format!("{FLUX_IMAGE}/{name}:{tag}"));
                pod["containers"][0]["args"] =
                    json!(["--watch-all-namespaces=true", "--log-level=info", "--log-encoding=json"]);
            }
            objects.push(object);
        }
    }
    objects.push(flux::git_repository("platform", "ssh://git@github.com/acme/platform"));
    objects.push(flux::git_repository("tenants", "ssh://git@github.com/acme/tenants"));
    objects.push(flux::bucket("reports-data"));
    objects.push(flux::kustomization("flux-system", "platform", &format!("./clusters/{cluster}"), &[]));
    objects.push(flux::kustomization("infra", "platform", "./infrastructure/controllers", &[]));
    objects.push(flux::kustomization("infra-configs", "platform", "./infrastructure/configs", &["infra"]));
    objects.push(flux::kustomization("monitoring", "platform", "./monitoring", &["infra"]));
    objects.push(flux::kustomization("platform", "platform", "./platform", &["infra-configs"]));
    objects.push(flux::kustomization("apps", "platform", "./apps", &["platform"]));
    objects.push(flux::kustomization("tenants", "tenants", "./tenants", &[]));
    objects
}

fn infra(cert_manager: Value, ingress: Value) -> Vec<Value> {
    vec![
        manifests::namespace("cert-manager"),
        manifests::namespace("ingress-nginx"),
        flux::helm_repository("cert-manager", "jetstack", "https://charts.jetstack.io"),
        flux::helm_repository("ingress-nginx", "ingress-nginx", "https://kubernetes.github.io/ingress-nginx"),
        cert_manager,
        ingress,
    ]
}

fn infra_configs() -> Vec<Value> {
    let issuer = json!({"spec": {"acme": {"server": "https://acme-v02.api.letsencrypt.org/directory",
        "email": "platform@acme.dev", "privateKeySecretRef": {"name": "letsencrypt"},
        "solvers": [{"http01": {"ingress": {"ingressClassName": "nginx"}}}]}}});
    let certificate = json!({"spec": {"secretName": "wildcard-tls", "dnsNames": ["*.acme.dev"],
        "issuerRef": {"name": "letsencrypt", "kind": "ClusterIssuer"}}});
    let quota = json!({"data": {"limits.memory": "64Gi", "pods": "200"}});
    vec![
        manifests::object("cert-manager.io/v1", "ClusterIssuer", "", "letsencrypt", issuer),
        manifests::object("cert-manager.io/v1", "Certificate", "ingress-nginx", "wildcard", certificate),
        manifests::object("v1", "ConfigMap", "flux-system", "cluster-quota", quota),
    ]
}

fn monitoring(prometheus: Value, loki: Value) -> Vec<Value> {
    let mut objects = vec![
        manifests::namespace("monitoring"),
        flux::helm_repository(
            "monitoring",
            "prometheus-community",
            "https://prometheus-community.github.io/helm-charts",
        ),
        flux::helm_repository("monitoring", "grafana", "https://grafana.github.io/helm-charts"),
        prometheus,
        loki,
    ];
    objects.extend(flux::notifications());
    objects
}

fn releases() -> Vec<ReleasePlan> {
    let release = |namespace, name, chart, version, source, values| {
        let workloads = CHART_APPS.iter().filter(|(release, _)| *release == name);
        let objects = workloads.flat_map(|(_, workload)| workload.objects()).collect();
        ReleasePlan { namespace, name, chart, version, source, values, objects }
    };
    let repository = ChartSource::Repository;
    vec![
        release(
            "cert-manager",
            "cert-manager",
            "cert-manager",
            "1.18.2",
            repository("jetstack"),
            json!({"crds": {"enabled": true}}),
        ),
        release(
            "ingress-nginx",
            "ingress-nginx",
            "ingress-nginx",
            "4.13.2",
            repository("ingress-nginx"),
            json!({"controller": {"replicaCount": 2}}),
        ),
        release(
            "monitoring",
            "kube-prometheus-stack",
            "kube-prometheus-stack",
            "77.5.0",
            repository("prometheus-community"),
            json!({"grafana": {"adminPassword": "prom-operator"}}),
        ),
        release(
            "monitoring",
            "loki",
            "loki",
            "6.40.0",
            repository("grafana"),
            json!({"deploymentMode": "SingleBinary"}),
        ),
        release(
            "checkout",
            "checkout",
            "checkout",
            "1.15.0",
            ChartSource::Git("./charts/checkout"),
            json!({"replicas": 4, "resources": {"limits": {"memory": "256Mi"}}}),
        ),
        release(
            "podinfo",
            "podinfo",
            "podinfo",
            "6.9.2",
            ChartSource::Oci("podinfo"),
            json!({"replicaCount": 2, "ui": {"color": "#34577c"}}),
        ),
    ]
}

fn release_object(release: &ReleasePlan) -> Value {
    flux::helm_release(release)
}
