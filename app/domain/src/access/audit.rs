//! The audit trail as it is read and exported: one entry a piece of work, a sign-in, a refusal or a noted read.

use serde::{Deserialize, Serialize};

use super::Verb;
use crate::object::ClusterId;

/// Most entries of a page.
pub const AUDIT_LIMIT: u64 = 500;
/// Entries of a page that does not say.
pub const AUDIT_DEFAULT: u64 = 100;

/// How a piece of work ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AuditOutcome {
    /// Begun; if it stays so, the server was stopped in the middle.
    Started,
    Succeeded,
    Failed,
    /// The caller may not; nothing was done.
    Refused,
    /// Given up before its end, for instance because the request went away.
    Interrupted,
    /// A read, noted without an end.
    Noted,
}

impl AuditOutcome {
    pub const ALL: [Self; 6] =
        [Self::Started, Self::Succeeded, Self::Failed, Self::Refused, Self::Interrupted, Self::Noted];

    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Started => "started",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Refused => "refused",
            Self::Interrupted => "interrupted",
            Self::Noted => "noted",
        }
    }

    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.word() == word)
    }
}

/// Who did what, on which object, from where, and how it ended. Times are milliseconds since 1970, UTC; texts are
/// masked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditView {
    pub id: String,
    pub started_at: i64,
    pub finished_at: Option<i64>,
    pub caller: String,
    /// Name of the API token through which the caller came.
    pub token: Option<String>,
    pub remote: Option<String>,
    /// Of the request that asked for it, as it is in the server's log and in error messages.
    #[serde(default)]
    pub request_id: Option<String>,
    /// A [`Verb`], or `sign_in`.
    pub verb: String,
    /// The target in words: `Kustomization shop/web on prod`.
    pub target: String,
    pub cluster: Option<ClusterId>,
    pub namespace: Option<String>,
    /// What was done, in words: `suspend`.
    pub action: String,
    pub detail: String,
    pub outcome: AuditOutcome,
    /// Why it failed; empty otherwise.
    pub message: String,
}

/// Which entries, newest first; an empty field does not narrow. The same is a page's URL and a REST query string.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(default)]
pub struct AuditQuery {
    /// Who: the exact name.
    pub caller: String,
    pub verb: String,
    pub cluster: String,
    pub namespace: String,
    /// A part of the target's words, in any case.
    pub object: String,
    pub outcome: String,
    /// Started at this moment or later.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<i64>,
    /// Started before this moment.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<i64>,
    /// [`AuditPage::next`] of the page before; not for exports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cursor: Option<String>,
    /// At most [`AUDIT_LIMIT`]; not for exports.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<u64>,
}

impl AuditQuery {
    /// The word of a field that cannot be understood, if there is one.
    #[must_use]
    pub fn fault(&self) -> Option<String> {
        if !self.verb.is_empty() && self.verb != SIGN_IN && Verb::parse(&self.verb).is_none() {
            return Some(format!("There is no verb {:?}.", self.verb));
        }
        if !self.outcome.is_empty() && AuditOutcome::parse(&self.outcome).is_none() {
            return Some(format!("There is no outcome {:?}.", self.outcome));
        }
        None
    }
}

/// The word in place of a verb where nobody is signed in yet.
pub const SIGN_IN: &str = "sign_in";

/// One page of the trail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct AuditPage {
    pub entries: Vec<AuditView>,
    /// The cursor of the next page; absent on the last one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// How the trail is exported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum AuditFormat {
    /// Comma-separated values with a head line (RFC 4180).
    #[default]
    Csv,
    /// One JSON object a line.
    Ndjson,
}

impl AuditFormat {
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8",
            Self::Ndjson => "application/x-ndjson",
        }
    }

    #[must_use]
    pub fn file_name(self) -> &'static str {
        match self {
            Self::Csv => "audit.csv",
            Self::Ndjson => "audit.ndjson",
        }
    }

    /// What stands before the entries.
    #[must_use]
    pub fn head(self) -> &'static str {
        match self {
            Self::Csv => {
                "id,started_at,finished_at,caller,token,remote,request_id,verb,target,cluster,namespace,action,detail,outcome,\
                 message\r\n"
            }
            Self::Ndjson => "",
        }
    }

    /// One entry with the end of its line.
    #[must_use]
    pub fn line(self, entry: &AuditView) -> String {
        match self {
            Self::Csv => csv(entry),
            Self::Ndjson => {
                let mut line = serde_json::to_string(entry).expect("numbers and texts are written as JSON");
                line.push('\n');
                line
            }
        }
    }
}

fn csv(entry: &AuditView) -> String {
    let finished_at = entry.finished_at.map(|at| at.to_string()).unwrap_or_default();
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let fields = [
        entry.id.clone(),
        entry.started_at.to_string(),
        finished_at,
        entry.caller.clone(),
        text(&entry.token),
        text(&entry.remote),
        text(&entry.request_id),
        entry.verb.clone(),
        entry.target.clone(),
        entry.cluster.as_ref().map(|cluster| cluster.0.clone()).unwrap_or_default(),
        text(&entry.namespace),
        entry.action.clone(),
        entry.detail.clone(),
        entry.outcome.word().to_owned(),
        entry.message.clone(),
    ];
    let mut line = fields.map(|field| quoted(&field)).join(",");
    line.push_str("\r\n");
    line
}

/// Spreadsheets run what begins like a formula, so that such a field gets an apostrophe before it.
fn quoted(field: &str) -> String {
    let formula = field.starts_with(['=', '+', '-', '@', '\t', '\r']);
    let apostrophe = if formula { "'" } else { "" };
    if formula || field.contains(['"', ',', '\n', '\r']) {
        format!("\"{apostrophe}{}\"", field.replace('"', "\"\""))
    } else {
        field.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry() -> AuditView {
        AuditView {
            id: "1".to_owned(),
            started_at: 5,
            finished_at: None,
            caller: "ada".to_owned(),
            token: Some("ci".to_owned()),
            remote: None,
            request_id: Some("trace-1".to_owned()),
            verb: "suspend".to_owned(),
            target: "Kustomization shop/web on prod".to_owned(),
            cluster: Some("prod".into()),
            namespace: Some("shop".to_owned()),
            action: "suspend".to_owned(),
            detail: "a \"quoted\", long\ntext".to_owned(),
            outcome: AuditOutcome::Failed,
            message: "=HYPERLINK(1)".to_owned(),
        }
    }

    #[test]
    fn a_line_of_csv_survives_commas_quotes_breaks_and_formulas() {
        assert_eq!(
            AuditFormat::Csv.line(&entry()),
            "1,5,,ada,ci,,trace-1,suspend,Kustomization shop/web on prod,prod,shop,suspend,\
             \"a \"\"quoted\"\", long\ntext\",failed,\"'=HYPERLINK(1)\"\r\n"
        );
        let columns = AuditFormat::Csv.head().trim_end().split(',').count();
        assert_eq!(columns, serde_json::to_value(entry()).unwrap().as_object().unwrap().len());
    }

    #[test]
    fn a_line_of_ndjson_is_the_entry() {
        let line = AuditFormat::Ndjson.line(&entry());
        assert_eq!(line.matches('\n').count(), 1);
        assert_eq!(serde_json::from_str::<AuditView>(&line).unwrap(), entry());
    }

    #[test]
    fn a_query_with_an_unknown_word_is_a_fault() {
        let query = AuditQuery { verb: "sign_in".to_owned(), outcome: "refused".to_owned(), ..AuditQuery::default() };
        assert_eq!(query.fault(), None);
        let query = AuditQuery { outcome: "lost".to_owned(), ..query };
        assert_eq!(query.fault(), Some("There is no outcome \"lost\".".to_owned()));
    }
}
