//! One row: its cells follow its own signal.

use domain::access::Viewer;
use domain::resource::ResourceRow;
use leptos::prelude::*;

use crate::components::{ActionLook, Middle, ObjectActions, Revision, StatusBadge, Timestamp};
use crate::live::LiveRow;

#[component]
pub(super) fn Row(row: LiveRow, viewer: StoredValue<Option<Viewer>>) -> impl IntoView {
    let LiveRow { object, row } = row;
    let row: Signal<ResourceRow> = row.into();
    let status = Memo::new(move |_| row.read().status);
    let suspended = Memo::new(move |_| row.read().suspended);
    let message = Memo::new(move |_| row.read().message.clone());
    let activity = Memo::new(move |_| row.read().last_activity);
    let cluster_name = row.read_untracked().cluster_name.clone();
    let cluster = format!("/clusters/{}", object.cluster);
    view! {
        <tr class="table-row" class:stale=move || !row.read().fresh>
            <td data-phone="status">{move || view! { <StatusBadge status=status.get()/> }}</td>
            <th scope="row" data-phone="name">
                <a class="table-name" href=object.page()><Middle text=object.name.clone()/></a>
            </th>
            <td class="table-muted" title=object.namespace.clone()>{object.namespace.clone()}</td>
            <td class="table-muted"><a href=cluster>{cluster_name}</a></td>
            <td class="table-muted">{object.kind.clone()}</td>
            <td class="table-mono">{move || view! { <Revision row=row.get()/> }}</td>
            <td class="table-message" data-phone="line" title=move || message.get()>{move || message.get()}</td>
            <td class="table-number" data-phone="end">{move || view! { <Timestamp time=activity.get()/> }}</td>
            <td class="table-actions" data-phone="action">
                <ObjectActions object=object.clone() viewer=viewer.get_value() suspended look=ActionLook::Row/>
                <a class="button button-small" href=object.diff_page()>"View diff"</a>
            </td>
        </tr>
    }
}
