//! A grant as a form posts it: words and lists with commas.

use domain::access::{Grant, Role, Verb};
use domain::error::{ApiError, ErrorCode};
use serde::{Deserialize, Serialize};

use crate::Failure;

/// One row of a form. Without a role it is no grant; an empty list means all.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct GrantField {
    pub role: String,
    pub clusters: String,
    pub namespaces: String,
    /// Travels hidden, so that a grant of some verbs is saved as it was.
    pub verbs: String,
}

impl From<&Grant> for GrantField {
    fn from(grant: &Grant) -> Self {
        let join = |words: Vec<&str>| words.join(", ");
        let clusters = grant.clusters.iter().flatten().map(|id| id.0.as_str()).collect();
        let namespaces = grant.namespaces.iter().flatten().map(String::as_str).collect();
        let verbs = grant.verbs.iter().flatten().copied().map(Verb::word).collect();
        Self {
            role: grant.role.word().to_owned(),
            clusters: join(clusters),
            namespaces: join(namespaces),
            verbs: join(verbs),
        }
    }
}

impl GrantField {
    /// `None` for a row without anything in it.
    ///
    /// # Errors
    /// A role or verb that does not exist, or places without a role.
    pub fn grant(&self) -> Result<Option<Grant>, Failure> {
        if self.role.is_empty() {
            return match list(&self.clusters).or(list(&self.namespaces)) {
                None => Ok(None),
                Some(_) => Err(ApiError::new(ErrorCode::Invalid, "Clusters and namespaces take a role.").into()),
            };
        }
        let unknown =
            |what: &str, word: &str| ApiError::new(ErrorCode::Invalid, format!("There is no {what} {word:?}."));
        let role = Role::parse(&self.role).ok_or_else(|| unknown("role", &self.role))?;
        let verb = |word: String| Verb::parse(&word).ok_or_else(|| Failure::from(unknown("verb", &word)));
        let verbs = list(&self.verbs).map(|words| words.into_iter().map(verb).collect()).transpose()?;
        let clusters = list(&self.clusters).map(|ids| ids.iter().map(|id| id.as_str().into()).collect());
        Ok(Some(Grant { role, clusters, namespaces: list(&self.namespaces), verbs }))
    }

    /// The grants of all rows that have a role.
    ///
    /// # Errors
    /// As [`Self::grant`], for the first row that has an error.
    pub fn grants(rows: &[Self]) -> Result<Vec<Grant>, Failure> {
        rows.iter().filter_map(|row| row.grant().transpose()).collect()
    }
}

/// The words between commas; `None` where there is none.
fn list(text: &str) -> Option<Vec<String>> {
    let words: Vec<String> =
        text.split(',').map(str::trim).filter(|word| !word.is_empty()).map(str::to_owned).collect();
    (!words.is_empty()).then_some(words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_and_its_row_are_the_same_thing() {
        let grants = [
            Grant::everywhere(Role::Admin),
            Grant {
                role: Role::Operator,
                clusters: Some(vec!["prod-eu".into(), "prod-us".into()]),
                namespaces: Some(vec!["shop".to_owned()]),
                verbs: Some(vec![Verb::View, Verb::Reconcile]),
            },
        ];
        let mut rows: Vec<GrantField> = grants.iter().map(GrantField::from).collect();
        rows.push(GrantField::default());
        assert_eq!(GrantField::grants(&rows).unwrap(), grants);
    }

    #[test]
    fn a_role_that_does_not_exist_is_named() {
        let row = GrantField { role: "root".to_owned(), ..GrantField::default() };
        assert_eq!(row.grant().unwrap_err().0.message, "There is no role \"root\".");
        let row = GrantField { clusters: "prod".to_owned(), ..GrantField::default() };
        assert_eq!(row.grant().unwrap_err().0.message, "Clusters and namespaces take a role.");
    }
}
