//! Which kubeconfigs are accepted: a pure function of the text and of who handed it in.
//!
//! A kubeconfig from the web may hold inline material only. Anything that would make this process run a command, read a
//! local file, trust any certificate or send its traffic elsewhere is refused, and every such field is named together
//! with what to do instead. A kubeconfig that the operator names on the command line may use commands and files.
//! What is accepted is cut down to the one context that is used, so that nothing else is kept.

use kube::config::{AuthInfo, Cluster as ClusterSection, Context, Kubeconfig};
use secrecy::{ExposeSecret as _, SecretString};
use serde::de::IgnoredAny;
use url::{Host, Url};

/// Largest text that is read, in bytes.
const SIZE_LIMIT: usize = 1 << 20;

/// Who handed the kubeconfig in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Supplier {
    /// Anybody who may manage clusters, through the web.
    Web,
    /// The person who started this process, by path.
    Operator,
}

/// A kubeconfig with exactly one context, all of whose fields may be used.
#[derive(Clone, Debug)]
pub struct AcceptedKubeconfig {
    /// Name of the context in the original text.
    pub context: String,
    /// Address of the API server, without user, password, query and fragment.
    pub server: Url,
    pub kubeconfig: Kubeconfig,
}

impl AcceptedKubeconfig {
    /// The reduced kubeconfig as text for the store: JSON, which is YAML too.
    ///
    /// # Errors
    /// If a field cannot be written as JSON.
    pub fn to_secret(&self) -> Result<SecretString, KubeconfigError> {
        serde_json::to_string(&self.kubeconfig).map(SecretString::from).map_err(|_| KubeconfigError::Unreadable)
    }
}

/// A field that a kubeconfig from the web may not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedField {
    /// As in the text: `user.exec`, `cluster.certificate-authority`.
    pub field: &'static str,
    /// Why not, and what to do instead; one sentence.
    pub way_on: &'static str,
}

/// Why a kubeconfig cannot be used. Never quotes its contents: they may be credentials.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum KubeconfigError {
    #[error("the kubeconfig is larger than 1 MiB")]
    TooLarge,
    #[error("this is not a kubeconfig: it must be YAML with clusters, users and contexts")]
    Unreadable,
    #[error("the kubeconfig holds no context")]
    NoContext,
    #[error("the kubeconfig names no current context; choose one of {}", known.join(", "))]
    NoCurrentContext { known: Vec<String> },
    #[error("the kubeconfig has no context {context:?}; it has {}", known.join(", "))]
    UnknownContext { context: String, known: Vec<String> },
    #[error("context {context:?} names the cluster {cluster:?}, which is not in the kubeconfig")]
    UnknownCluster { context: String, cluster: String },
    #[error("context {context:?} names the user {user:?}, who is not in the kubeconfig")]
    UnknownUser { context: String, user: String },
    #[error("the cluster of context {context:?} has no server address")]
    NoServer { context: String },
    #[error("the server address of context {context:?} is not an http or https URL")]
    InvalidServer { context: String },
    #[error("the server address is plain http, which would send the credentials in the clear; use its https address")]
    Plaintext,
    #[error("the token of the user holds characters that no token has")]
    InvalidToken,
    #[error("{}", refusal(fields))]
    Refused { fields: Vec<RefusedField> },
}

fn refusal(fields: &[RefusedField]) -> String {
    fields.iter().map(|refused| format!("{}: {}", refused.field, refused.way_on)).collect::<Vec<_>>().join("; ")
}

/// Names of all contexts, in the order of the text.
///
/// # Errors
/// If the text is no kubeconfig.
pub fn contexts(text: &str) -> Result<Vec<String>, KubeconfigError> {
    Ok(parse(text)?.contexts.into_iter().map(|context| context.name).collect())
}

/// Parse, choose the context (`None`: the current one, or the only one), check every field, and reduce.
///
/// # Errors
/// The first reason why it cannot be used; refused fields come all together.
pub fn accept(text: &str, context: Option<&str>, supplier: Supplier) -> Result<AcceptedKubeconfig, KubeconfigError> {
    let mut kubeconfig = parse(text)?;
    let name = choose(&kubeconfig, context)?;
    let chosen =
        section(&kubeconfig.contexts, |named| (named.name == name).then(|| named.context.clone())).unwrap_or_default();
    let cluster = section(&kubeconfig.clusters, |named| (named.name == chosen.cluster).then(|| named.cluster.clone()))
        .ok_or_else(|| KubeconfigError::UnknownCluster { context: name.clone(), cluster: chosen.cluster.clone() })?;
    let user = match chosen.user.as_deref().filter(|user| !user.is_empty()) {
        None => AuthInfo::default(),
        Some(user) => section(&kubeconfig.auth_infos, |named| (named.name == user).then(|| named.auth_info.clone()))
            .ok_or_else(|| KubeconfigError::UnknownUser { context: name.clone(), user: user.to_owned() })?,
    };
    let is_header = |token: &SecretString| token.expose_secret().bytes().all(|byte| byte.is_ascii_graphic());
    if !user.token.as_ref().is_none_or(is_header) {
        return Err(KubeconfigError::InvalidToken);
    }
    let server = server(&cluster, &name)?;
    if supplier == Supplier::Web {
        let fields = refused_fields(&cluster, &user);
        if !fields.is_empty() {
            return Err(KubeconfigError::Refused { fields });
        }
    } else if cluster.proxy_url.is_some() {
        return Err(KubeconfigError::Refused { fields: vec![PROXY] });
    }
    if server.scheme() == "http" && !is_loopback(&server) {
        return Err(KubeconfigError::Plaintext);
    }
    reduce(&mut kubeconfig, &name, &chosen);
    Ok(AcceptedKubeconfig { context: name, server, kubeconfig })
}

fn parse(text: &str) -> Result<Kubeconfig, KubeconfigError> {
    if text.len() > SIZE_LIMIT {
        return Err(KubeconfigError::TooLarge);
    }
    if !is_moderate(text) {
        return Err(KubeconfigError::Unreadable);
    }
    Kubeconfig::from_yaml(text).map_err(|_| KubeconfigError::Unreadable)
}

/// Deepest kubeconfig: extensions of a cluster, and what is in them.
const DEPTH: usize = 24;

/// Whether it is not too deep, and no part repeats another by an alias: no kubeconfig does, and the reader goes as deep as
/// aliases refer to each other. Either takes a thread's whole stack.
fn is_moderate(text: &str) -> bool {
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! { max_aliases: 0, max_depth: DEPTH },
        with_snippet: false,
    };
    serde_saphyr::from_multiple_with_options::<IgnoredAny>(text, options).is_ok()
}

fn section<N, S: Default>(named: &[N], find: impl Fn(&N) -> Option<Option<S>>) -> Option<S> {
    named.iter().find_map(find).map(Option::unwrap_or_default)
}

fn choose(kubeconfig: &Kubeconfig, asked: Option<&str>) -> Result<String, KubeconfigError> {
    let known: Vec<String> = kubeconfig.contexts.iter().map(|context| context.name.clone()).collect();
    let current = kubeconfig.current_context.as_deref();
    let wanted = asked.or(current).filter(|context| !context.is_empty());
    match (wanted, known.as_slice()) {
        (_, []) => Err(KubeconfigError::NoContext),
        (None, [only]) => Ok(only.clone()),
        (None, _) => Err(KubeconfigError::NoCurrentContext { known }),
        (Some(wanted), _) if known.iter().any(|name| name == wanted) => Ok(wanted.to_owned()),
        (Some(wanted), _) => Err(KubeconfigError::UnknownContext { context: wanted.to_owned(), known }),
    }
}

fn server(cluster: &ClusterSection, context: &str) -> Result<Url, KubeconfigError> {
    let text = cluster
        .server
        .as_deref()
        .filter(|server| !server.is_empty())
        .ok_or_else(|| KubeconfigError::NoServer { context: context.to_owned() })?;
    let invalid = || KubeconfigError::InvalidServer { context: context.to_owned() };
    let url = Url::parse(text).map_err(|_| invalid())?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.host().is_some()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if plain { Ok(url) } else { Err(invalid()) }
}

fn is_loopback(server: &Url) -> bool {
    match server.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

const PROXY: RefusedField = RefusedField {
    field: "cluster.proxy-url",
    way_on: "proxies are not used; give an address that this server reaches itself",
};

/// In the order of the kubeconfig format.
fn refused_fields(cluster: &ClusterSection, user: &AuthInfo) -> Vec<RefusedField> {
    const FILE_CA: &str = "files are not read from here; put the certificate inline as certificate-authority-data \
                           (kubectl config view --raw --flatten)";
    const FILE_CERTIFICATE: &str = "files are not read from here; put it inline as client-certificate-data \
                                    (kubectl config view --raw --flatten)";
    const FILE_KEY: &str = "files are not read from here; put it inline as client-key-data \
                            (kubectl config view --raw --flatten)";
    const FILE_TOKEN: &str = "files are not read from here; put the token inline as token";
    const COMMAND: &str = "no command is run for a cluster from the web; apply the service account manifest and use \
                           its token";
    const PLUGIN: &str = "auth providers are not run; apply the service account manifest and use its token";
    const INSECURE: &str = "the certificate of the server must be checked; give its authority as \
                            certificate-authority-data";
    let found = [
        (cluster.insecure_skip_tls_verify == Some(true), "cluster.insecure-skip-tls-verify", INSECURE),
        (cluster.certificate_authority.is_some(), "cluster.certificate-authority", FILE_CA),
        (cluster.proxy_url.is_some(), PROXY.field, PROXY.way_on),
        (user.token_file.is_some(), "user.tokenFile", FILE_TOKEN),
        (user.client_certificate.is_some(), "user.client-certificate", FILE_CERTIFICATE),
        (user.client_key.is_some(), "user.client-key", FILE_KEY),
        (user.auth_provider.is_some(), "user.auth-provider", PLUGIN),
        (user.exec.is_some(), "user.exec", COMMAND),
    ];
    found
        .into_iter()
        .filter(|(present, ..)| *present)
        .map(|(_, field, way_on)| RefusedField { field, way_on })
        .collect()
}

/// Only the chosen context, its cluster and its user stay: of several with one name the first, which was checked.
fn reduce(kubeconfig: &mut Kubeconfig, name: &str, chosen: &Context) {
    kubeconfig.contexts.retain(|named| named.name == name);
    kubeconfig.contexts.truncate(1);
    kubeconfig.clusters.retain(|named| named.name == chosen.cluster);
    kubeconfig.clusters.truncate(1);
    kubeconfig.auth_infos.retain(|named| Some(&named.name) == chosen.user.as_ref());
    kubeconfig.auth_infos.truncate(1);
    kubeconfig.current_context = Some(name.to_owned());
    kubeconfig.extensions = None;
    kubeconfig.preferences = None;
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(cluster: &str, user: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: prod\n\
             clusters:\n- name: c\n  cluster: {{server: \"https://prod.example.org:6443\"{cluster}}}\n\
             - name: other\n  cluster: {{server: \"https://other.example.org\", certificate-authority: /etc/ca}}\n\
             users:\n- name: u\n  user: {{token: abc{user}}}\n\
             - name: other\n  user: {{exec: {{command: steal}}}}\n\
             contexts:\n- name: prod\n  context: {{cluster: c, user: u}}\n\
             - name: other\n  context: {{cluster: other, user: other}}\n"
        )
    }

    fn refused(cluster: &str, user: &str) -> Vec<&'static str> {
        match accept(&text(cluster, user), None, Supplier::Web) {
            Err(KubeconfigError::Refused { fields }) => fields.into_iter().map(|refused| refused.field).collect(),
            other => panic!("expected a refusal, got {other:?}"),
        }
    }

    #[test]
    fn inline_material_is_accepted_and_nothing_else_is_kept() {
        let accepted = accept(&text("", ""), None, Supplier::Web).expect("inline only");
        assert_eq!(accepted.context, "prod");
        assert_eq!(accepted.server.as_str(), "https://prod.example.org:6443/");
        let kept = accepted.to_secret().expect("plain data");
        assert!(kept.expose_secret().contains("abc"));
        assert!(!kept.expose_secret().contains("steal"));
        let again = accept(kept.expose_secret(), None, Supplier::Web).expect("what we wrote");
        assert_eq!(again.server, accepted.server);
    }

    #[test]
    fn each_dangerous_field_is_named() {
        let cases = [
            (", insecure-skip-tls-verify: true", "", "cluster.insecure-skip-tls-verify"),
            (", certificate-authority: /etc/ca", "", "cluster.certificate-authority"),
            (", proxy-url: 'http://proxy'", "", "cluster.proxy-url"),
            ("", ", tokenFile: /var/run/token", "user.tokenFile"),
            ("", ", client-certificate: /etc/cert", "user.client-certificate"),
            ("", ", client-key: /etc/key", "user.client-key"),
            ("", ", auth-provider: {name: gcp, config: {cmd-path: /bin/sh}}", "user.auth-provider"),
            ("", ", exec: {command: /bin/sh}", "user.exec"),
        ];
        for (cluster, user, field) in cases {
            assert_eq!(refused(cluster, user), [field]);
        }
        assert_eq!(refused(cases[1].0, cases[7].1), ["cluster.certificate-authority", "user.exec"]);
    }

    #[test]
    fn of_several_sections_with_one_name_the_one_that_was_checked_is_kept() {
        let context = "contexts:\n- name: prod\n  context: {cluster: c, user: u}\n";
        let second = format!("- name: u\n  user: {{exec: {{command: steal}}}}\n{context}");
        let text = text("", "").replace("contexts:\n", &second);
        let accepted = accept(&text, Some("prod"), Supplier::Web).expect("the first is inline only");
        assert_eq!((accepted.kubeconfig.contexts.len(), accepted.kubeconfig.auth_infos.len()), (1, 1));
        assert!(!accepted.to_secret().expect("plain data").expose_secret().contains("steal"));
    }

    #[test]
    fn sections_that_repeat_each_other_are_not_read() {
        for repeat in ["{<<: *m0, a: 1}", "[*m0]", "*m0"] {
            let repeats: String = (1..3_000)
                .map(|at| format!("m{at}: &m{at} {}\n", repeat.replace("m0", &format!("m{}", at - 1))))
                .collect();
            let text = format!("m0: &m0 {{a: 1}}\n{repeats}{}", text("", ""));
            assert_eq!(accept(&text, None, Supplier::Web).err(), Some(KubeconfigError::Unreadable), "{repeat}");
        }
    }

    #[test]
    fn the_operator_may_use_commands_and_files() {
        let accepted = accept(&text("", ", exec: {command: aws}"), None, Supplier::Operator);
        assert_eq!(accepted.expect("own machine").context, "prod");
    }

    #[test]
    fn what_is_wrong_is_said_without_quoting_the_text() {
        let wrong = |text: &str, context| accept(text, context, Supplier::Web).expect_err("wrong");
        assert_eq!(wrong("secret-token: [", None), KubeconfigError::Unreadable);
        assert_eq!(wrong("kind: Config", None), KubeconfigError::NoContext);
        assert_eq!(
            wrong(&text("", ""), Some("nowhere")),
            KubeconfigError::UnknownContext {
                context: "nowhere".to_owned(),
                known: vec!["prod".to_owned(), "other".to_owned()],
            }
        );
        let plain = text("", "").replace("https://prod", "http://prod");
        assert_eq!(wrong(&plain, None), KubeconfigError::Plaintext);
        let with_password = text("", "").replace("https://prod", "https://me:secret@prod");
        assert_eq!(wrong(&with_password, None), KubeconfigError::InvalidServer { context: "prod".to_owned() });
    }
}
