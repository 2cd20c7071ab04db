//! The database and its key.

use fleet::store::{KeyFit, Store};

use super::{Finding, Outcome, sentence};
use crate::cli::store::StoreOptions;

pub(super) async fn look(options: &StoreOptions) -> Vec<Finding> {
    let database = database(options).await;
    if database.outcome == Outcome::Failed {
        return vec![database, Finding::new("key", Outcome::Skipped, "the database has to be readable first")];
    }
    vec![database, key(options).await]
}

async fn database(options: &StoreOptions) -> Finding {
    let found = |outcome, detail: String| Finding::new("database", outcome, detail);
    match Store::is_there(&options.place.database) {
        Ok(true) => {}
        Ok(false) => {
            return found(Outcome::Warning, "not there yet; the first start of the server makes it".to_owned());
        }
        Err(error) => return found(Outcome::Failed, sentence(&error)),
    }
    let steps = match Store::schema(&options.place.database).await {
        Ok(steps) => steps,
        Err(error) => return found(Outcome::Failed, sentence(&error)),
    };
    let version = steps.iter().rfind(|step| step.applied).map(|step| step.name.as_str());
    let pending = steps.iter().filter(|step| !step.applied).count();
    match (version, pending) {
        (None, _) => found(Outcome::Warning, "empty; the first start of the server sets it up".to_owned()),
        (Some(version), 0) => found(Outcome::Passed, format!("reachable, schema {version}")),
        (Some(version), pending) => found(
            Outcome::Warning,
            format!(
                "schema {version}, {pending} steps behind this build; \
                 the next start applies them, or `flux-orchestrator migrate`"
            ),
        ),
    }
}

async fn key(options: &StoreOptions) -> Finding {
    match Store::key_fit(&options.place.database, &options.key_source()).await {
        Ok(KeyFit::Fits) => Finding::new("key", Outcome::Passed, "opens what is sealed in the database"),
        Ok(KeyFit::NothingSealed) => {
            Finding::new("key", Outcome::Passed, "nothing is sealed yet, so the key of the first start will be it")
        }
        Err(error) => Finding::new("key", Outcome::Failed, sentence(&error)),
    }
}
