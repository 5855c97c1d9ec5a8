//! Sources on their way into a list: fetched side by side, each put in as it comes.

use std::{cell::Cell, rc::Rc};

use futures_util::future::join_all;
use tallyman_commands::{SourceImages, fetch_source, fetch_whole};
use tallyman_core::{IndexForm, ListEdit, ListEntry, ManifestList, Reference, Registry};
use tallyman_store::Outcome;
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    state::{
        failure::Failure,
        input::image_list::{ImageChange, Pasted, image_name},
        lists::{Group, LocalLists},
        registries::{Registries, use_registries, use_revision},
    },
    text::text,
};

/// A source that is not in the list yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Pending {
    /// The source as it was given.
    pub source: String,
    /// Changes of its images.
    changes: Vec<ImageChange>,
    /// The form that the list is to have beside its own.
    form: IndexForm,
    /// Set if it is to be the whole of the list, if that is new.
    is_whole: bool,
    /// Reason of a failure; `None` as long as the image is being fetched.
    pub failure: Option<Failure>,
}

impl Pending {
    /// Returns the sources that a text names, each with its changes.
    fn of(pasted: &Pasted) -> Vec<Self> {
        let of = |source: &str| {
            let name = image_name(source);
            let changes = pasted.changes.iter().filter(|(image, _)| image_name(image) == name);
            changes.map(|(_, change)| change.clone()).collect()
        };
        let sources = pasted.sources.iter().cloned();
        let pending = sources.map(|source| Self {
            changes: of(&source),
            source,
            form: pasted.form.clone(),
            is_whole: pasted.is_whole,
            failure: None,
        });
        pending.collect()
    }

    /// Returns `true` if `other` is the same image.
    fn is_same(&self, other: &Self) -> bool {
        image_name(&self.source) == image_name(&other.source)
    }

    /// Returns `list` with `entries`, which are the images of the source, as they were asked for. A list without entries gets `form`.
    fn put_into(
        &self,
        list: &ManifestList,
        entries: &[ListEntry],
        form: &IndexForm,
    ) -> Result<ManifestList, String> {
        let mut list = list.clone();
        if list.is_empty() && *form != IndexForm::default() {
            list.form_mut().clone_from(form);
        }
        if self.form.oci {
            let form = list.form_mut();
            form.oci = true;
            form.by_annotation = false;
            form.annotations.extend(self.form.annotations.clone());
        }
        for entry in entries {
            list.insert(entry.clone()).map_err(|error| error.to_string())?;
            for ImageChange { platform, annotations } in &self.changes {
                let edit = ListEdit::annotate(&list, &entry.reference, platform, annotations);
                edit.map_err(|error| error.to_string())?.apply(&mut list).expect("it is made for this list");
            }
        }
        Ok(list)
    }

    /// The registry that wants a sign-in before it gives the source.
    fn sign_in(&self) -> Option<&Registry> {
        self.failure.as_ref().and_then(|failure| failure.sign_in.as_ref())
    }
}

/// Sources that are not in the list yet, in the order given.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Adding {
    pub pending: Vec<Pending>,
}

pub enum Change {
    Begin(Vec<Pending>),
    Fail(String, Failure),
    Drop(String),
}

impl Reducible for Adding {
    type Action = Change;

    fn reduce(self: Rc<Self>, change: Change) -> Rc<Self> {
        let mut pending = self.pending.clone();
        match change {
            Change::Begin(begun) => {
                pending.retain(|pending| !begun.iter().any(|begun| begun.is_same(pending)));
                pending.extend(begun);
            }
            Change::Fail(source, why) => {
                for pending in pending.iter_mut().filter(|pending| pending.source == source) {
                    pending.failure = Some(why.clone());
                }
            }
            Change::Drop(source) => pending.retain(|pending| pending.source != source),
        }
        Rc::new(Self { pending })
    }
}

/// Brings sources into a list.
#[derive(Clone, PartialEq)]
pub struct Adder {
    local_lists: Rc<LocalLists>,
    registries: Rc<Registries>,
    list: Reference,
    adding: UseReducerHandle<Adding>,
}

/// Returns the function that adds sources to the list `list`. Those that failed for want of a sign-in are fetched again after it.
#[hook]
pub fn use_adder(local_lists: &Rc<LocalLists>, list: &Reference) -> Adder {
    let (registries, revision) = (use_registries(), use_revision());
    let adding = use_reducer(Adding::default);
    let adder = Adder { local_lists: Rc::clone(local_lists), registries, list: list.clone(), adding };
    {
        let adder = adder.clone();
        // Wherever somebody signed in: what waits for it goes on.
        use_effect_with(revision, move |_| adder.retry(|pending| adder.may_go_on(pending)));
    }
    adder
}

impl Adder {
    /// Sources that are not in the list yet.
    pub fn pending(&self) -> &[Pending] {
        &self.adding.pending
    }

    /// A source that failed is not wanted any more.
    pub fn dismiss(&self, source: &str) {
        self.adding.dispatch(Change::Drop(source.to_owned()));
    }

    /// Fetches what a text asked for, and puts it in.
    pub fn add(&self, pasted: &Pasted) {
        self.begin(Pending::of(pasted));
    }

    /// Fetches the sources that are `wanted` again, and puts them in as they were asked for.
    pub fn retry(&self, wanted: impl Fn(&Pending) -> bool) {
        let again = self.pending().iter().filter(|pending| wanted(pending));
        self.begin(again.map(|pending| Pending { failure: None, ..pending.clone() }).collect());
    }

    fn begin(&self, begun: Vec<Pending>) {
        if begun.is_empty() {
            return;
        }
        self.adding.dispatch(Change::Begin(begun.clone()));
        let group = self.local_lists.new_group();
        let adder = self.clone();
        spawn_local(async move {
            let was_there = Cell::new(matches!(adder.local_lists.load(&adder.list).await, Ok(Some(_))));
            let all = begun.iter().map(|pending| async {
                adder.adding.dispatch(match adder.bring(pending, group, &was_there).await {
                    Ok(()) => Change::Drop(pending.source.clone()),
                    Err(why) => Change::Fail(pending.source.clone(), why),
                });
            });
            join_all(all).await;
        });
    }

    /// Returns the registry that wants a sign-in before it gives a source; of several the first.
    pub fn sign_in(&self) -> Option<Registry> {
        self.pending().iter().find_map(|pending| pending.sign_in().cloned())
    }

    /// Returns `true` for a source that failed for want of a sign-in, if somebody is signed in now.
    fn may_go_on(&self, pending: &Pending) -> bool {
        let accounts = self.registries.accounts();
        pending.sign_in().is_some_and(|registry| accounts.key(registry.as_str()).is_some())
    }

    async fn bring(&self, pending: &Pending, group: Group, was_there: &Cell<bool>) -> Result<(), Failure> {
        let source = pending.source.parse();
        let reference: Reference = source.map_err(|error| Failure::of_reference(&pending.source, error))?;
        let client = self.registries.client();
        let fetched = match pending.is_whole {
            true => fetch_whole(client, &reference).await,
            false => fetch_source(client, &reference).await.map(|source| match source {
                SourceImages::Image(entry) => (vec![*entry], IndexForm::default()),
                SourceImages::List(entries) => (entries, IndexForm::default()),
            }),
        };
        let (entries, form) = fetched.map_err(|error| Failure::of_command(&error, reference.registry()))?;
        Ok(self.put((&entries[..], &form), pending, group, was_there).await?)
    }

    /// Puts entries into the list, and gives it a form if it is new. The first source makes the list unless it `was_there` since the sources are being fetched: then
    /// somebody has removed or renamed it, and it stays gone.
    async fn put(
        &self,
        (entries, form): (&[ListEntry], &IndexForm),
        pending: &Pending,
        group: Group,
        was_there: &Cell<bool>,
    ) -> Result<(), String> {
        let told = |error: tallyman_store::StoreError| error.to_string();
        // The list may change between reading and writing: then it is read again.
        for _ in 0..5 {
            let now = self.local_lists.load(&self.list).await.map_err(told)?;
            was_there.set(was_there.get() || now.is_some());
            let now = match now {
                Some(now) => now,
                None if was_there.get() => return Err((text().lists().gone)(&self.list.to_string())),
                None => ManifestList::new(self.list.clone()),
            };
            let wanted = pending.put_into(&now, entries, form)?;
            let edit = ListEdit::between(&now, &wanted);
            if edit.is_empty() {
                return Ok(());
            }
            match self.local_lists.edit(&self.list, edit.clone(), Some(group)).await.map_err(told)? {
                Outcome::Done(_) => return Ok(()),
                Outcome::Gone if !was_there.get() => {
                    self.local_lists.add(&ManifestList::new(self.list.clone())).await.map_err(told)?;
                    was_there.set(true);
                }
                Outcome::Gone | Outcome::Conflict(_) | Outcome::Taken => {}
            }
        }
        Err(text().lists().busy.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use tallyman_core::{Descriptor, Digest, IndexForm, ListEntry, ManifestList, MediaType};
    use yew::Reducible;

    use super::{Adding, Change, Pending};
    use crate::state::input::image_list::sources_in;

    #[test]
    fn a_source_that_failed_keeps_the_changes_that_were_pasted_with_it() {
        let text = "docker manifest create r.io/app:1 r.io/a:1 r.io/b:1\n\
                    docker manifest annotate r.io/app:1 r.io/b:1 --arch arm64\n";
        let pending = Pending::of(&sources_in(text));
        assert_eq!(pending.iter().map(|pending| pending.changes.len()).collect::<Vec<_>>(), [0, 1]);
        assert_eq!(pending[1].changes[0].platform.architecture, "arm64");
        let adding = Rc::new(Adding::default()).reduce(Change::Begin(pending.clone()));
        let adding = adding.reduce(Change::Fail("r.io/b:1".to_owned(), "no answer".to_owned().into()));
        assert!(adding.pending[1].failure.is_some());
        assert_eq!(adding.pending[1].changes, pending[1].changes);
    }

    #[test]
    fn an_image_is_fetched_once_with_its_changes_however_it_is_written() {
        let text = "docker manifest create app alpine:3\n\
                    docker manifest annotate app docker.io/library/alpine:3 --arch arm\n";
        let pending = Pending::of(&sources_in(text));
        assert_eq!((pending.len(), pending[0].changes.len()), (1, 1));
        let again = Pending::of(&sources_in("docker.io/library/alpine:3"));
        let adding = Rc::new(Adding::default()).reduce(Change::Begin(pending));
        assert_eq!(adding.reduce(Change::Begin(again.clone())).pending, again);
    }

    #[test]
    fn an_image_is_put_in_with_the_platform_annotations_and_form_of_the_lines() {
        let pasted = sources_in(
            "tallyman create --annotation title=app r.io/app:1 r.io/a:1\n\
             tallyman annotate r.io/app:1 r.io/a:1 --os linux --arch arm64 --annotation of=image\n",
        );
        let descriptor = Descriptor::new(MediaType::OciManifest, Digest::of(b"{}"), 2);
        let image = ListEntry::new("r.io/a:1".parse().unwrap(), descriptor, b"{}".to_vec()).unwrap();
        let list = ManifestList::new("r.io/app:1".parse().unwrap());
        let list = Pending::of(&pasted)[0].put_into(&list, &[image], &IndexForm::default()).unwrap();
        let entry = list.iter().next().unwrap();
        assert_eq!(entry.platform().to_string(), "linux/arm64");
        assert_eq!(entry.descriptor.annotations, [("of".to_owned(), "image".to_owned())].into());
        assert!(list.form().oci);
        assert_eq!(list.form().annotations, [("title".to_owned(), "app".to_owned())].into());
    }
}
