//! Grants in words, and as rows of a form that needs no scripts.

use domain::access::{Grant, Role, Verb};
use leptos::prelude::*;

use crate::api::GrantField;

/// `operator on prod-eu, prod-us in shop`.
pub(crate) fn grant_words(grant: &Grant) -> String {
    let Grant { role, clusters, namespaces, verbs } = grant;
    let only = verbs.as_ref().map(|verbs| {
        let words: Vec<&str> = verbs.iter().copied().map(Verb::word).collect();
        format!(" ({} only)", words.join(", "))
    });
    let place = match (clusters, namespaces) {
        (None, None) => " everywhere".to_owned(),
        (clusters, namespaces) => {
            let clusters = match clusters {
                Some(clusters) => clusters.iter().map(|id| id.0.as_str()).collect::<Vec<_>>().join(", "),
                None => "all clusters".to_owned(),
            };
            let namespaces = namespaces.as_ref().map(|names| format!(" in {}", names.join(", ")));
            format!(" on {clusters}{}", namespaces.unwrap_or_default())
        }
    };
    format!("{}{}{place}", role.word(), only.unwrap_or_default())
}

/// Grants as short lines.
#[component]
pub(crate) fn GrantList(grants: Vec<Grant>) -> impl IntoView {
    let none = grants.is_empty();
    let items: Vec<_> = grants.iter().map(|grant| view! { <li>{grant_words(grant)}</li> }).collect();
    view! {
        <ul class="grants">
            {items}
            {none.then(|| view! { <li class="faint">"none: may do nothing"</li> })}
        </ul>
    }
}

/// A row for each grant and one more; a row without a role is no grant. Without scripts a saved form has a new free row.
#[component]
pub(crate) fn GrantFields(grants: Vec<Grant>) -> impl IntoView {
    let mut fields: Vec<GrantField> = grants.iter().map(GrantField::from).collect();
    fields.push(GrantField::default());
    let rows: Vec<_> = fields.into_iter().enumerate().map(|(at, field)| view! { <GrantRow at field/> }).collect();
    view! {
        <fieldset class="grant-fields">
            <legend class="field-label">"Grants"</legend>
            <p class="field-hint">
                "A role on clusters and namespaces, each a list with commas; empty means all of them."
            </p>
            {rows}
        </fieldset>
    }
}

#[component]
fn GrantRow(at: usize, field: GrantField) -> impl IntoView {
    let GrantField { role, clusters, namespaces, verbs } = field;
    let name = |part: &str| format!("grants[{at}][{part}]");
    let options = Role::ALL.map(|own| {
        let word = own.word();
        view! { <option value=word selected=role == word>{word}</option> }
    });
    view! {
        <div class="grant-row">
            <input type="hidden" name=name("verbs") value=verbs/>
            <select class="select" name=name("role") aria-label=format!("Role of grant {}", at + 1)>
                <option value="" selected=role.is_empty()>"no grant"</option>
                {options.into_iter().collect_view()}
            </select>
            <input
                class="input" name=name("clusters") value=clusters placeholder="all clusters"
                aria-label=format!("Clusters of grant {}", at + 1)
            />
            <input
                class="input" name=name("namespaces") value=namespaces placeholder="all namespaces"
                aria-label=format!("Namespaces of grant {}", at + 1)
            />
        </div>
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grant_in_words_names_its_places() {
        let grant = Grant::everywhere(Role::Admin);
        assert_eq!(grant_words(&grant), "admin everywhere");
        let grant = Grant { namespaces: Some(vec!["shop".to_owned(), "bank".to_owned()]), ..grant };
        assert_eq!(grant_words(&grant), "admin on all clusters in shop, bank");
        let grant =
            Grant { role: Role::Operator, clusters: Some(vec!["prod".into()]), verbs: Some(vec![Verb::Sync]), ..grant };
        assert_eq!(grant_words(&grant), "operator (sync only) on prod in shop, bank");
    }
}
