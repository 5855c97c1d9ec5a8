//! The actions on selected tags.

use tallyman_core::Reference;
use yew::prelude::*;

use crate::{
    components::{copy::Copy, edit_as_list::EditAsList},
    pages::delete::DeleteLink,
    router::Link,
    routes::Route,
    text::text,
};

/// The actions on the selected references.
pub fn actions(of: &Reference, chosen: &[String], clear: Callback<()>) -> Html {
    let words = text().explore();
    if chosen.is_empty() {
        return html! {};
    }
    let onclear = move |_: MouseEvent| clear.emit(());
    html! {
        <div class="actions" role="region" aria-label={words.actions} data-testid="actions" data-repository={of.name()}>
            <strong role="status">{ (words.picked)(chosen.len()) }</strong>
            if let [only] = chosen {
                <EditAsList list={only.clone()} source={only.clone()} />
                <Link classes="button" to={Route::Build { list: String::new(), sources: chosen.to_vec() }}>{ text().actions().add }</Link>
                <Link classes="button" to={Route::Copy { source: only.clone(), target: Vec::new() }}>{ text().actions().copy }</Link>
                <Link classes="button" to={Route::Compare { left: only.clone(), right: String::new() }}>{ words.compare }</Link>
            } else {
                <Link classes="button button--main" to={Route::Build { list: String::new(), sources: chosen.to_vec() }}>{ text().build().of_picked }</Link>
                if let [left, right] = chosen {
                    <Link classes="button" to={Route::Compare { left: left.clone(), right: right.clone() }}>{ words.compare }</Link>
                }
            }
            <Copy text={chosen.join("\n")} what={words.references} />
            <button class="button" type="button" onclick={onclear}>{ words.clear }</button>
            <DeleteLink place={of.name()} tags={chosen.iter().filter_map(|tag| tag.rsplit_once(':')).map(|(_, tag)| tag.to_owned()).collect::<Vec<_>>()} />
        </div>
    }
}
