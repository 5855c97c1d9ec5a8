//! A dialog over the page: the browser's own, which keeps the focus in and gives it back.

use web_sys::{HtmlDialogElement, MouseEvent};
use yew::prelude::*;

use super::icon::Icon;
use crate::text::{text, use_language};

/// Properties of [`Dialog`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// True while the dialog is open. Its content exists only then.
    pub open: bool,
    /// The heading.
    pub title: AttrValue,
    /// Called when the dialog is to be closed: by Escape, by the cross, or by a click beside it.
    pub onclose: Callback<()>,
    /// The content.
    pub children: Html,
    /// A second class, for its size.
    #[prop_or_default]
    pub class: Classes,
    /// Its name for tests.
    #[prop_or_default]
    pub testid: Option<AttrValue>,
}

/// A dialog over the page. The page behind it cannot be reached while it is open.
#[component]
pub fn Dialog(props: &Props) -> Html {
    use_language();
    let place = use_node_ref();
    {
        let place = place.clone();
        use_effect_with(props.open, move |open| {
            let dialog = place.cast::<HtmlDialogElement>().filter(|_| *open);
            if let Some(dialog) = &dialog {
                // A page that is about to go cannot show one any more.
                let _ = dialog.show_modal();
            }
            // One that is removed while it is open would not give the focus back.
            move || dialog.iter().filter(|dialog| dialog.open()).for_each(HtmlDialogElement::close)
        });
    }
    let onclose = {
        let onclose = props.onclose.clone();
        move |_: Event| onclose.emit(())
    };
    let onclick = {
        let (place, onclose) = (place.clone(), props.onclose.clone());
        move |event: MouseEvent| {
            // The backdrop belongs to the element; its content has elements of its own.
            let target = event.target_dyn_into::<HtmlDialogElement>();
            if target.is_some() && target == place.cast() {
                onclose.emit(());
            }
        }
    };
    let cross = {
        let onclose = props.onclose.clone();
        move |_: MouseEvent| onclose.emit(())
    };
    html! {
        <dialog ref={place} class={classes!("dialog", props.class.clone())} aria-label={props.title.clone()} data-testid={props.testid.clone()} {onclose} {onclick}>
            if props.open {
                <div class="dialog__body">
                    <div class="dialog__head">
                        <h2>{ &props.title }</h2>
                        <button class="icon-button" type="button" aria-label={text().controls().close} title={text().controls().close} onclick={cross}>
                            <Icon name="close" />
                        </button>
                    </div>
                    { props.children.clone() }
                </div>
            }
        </dialog>
    }
}
