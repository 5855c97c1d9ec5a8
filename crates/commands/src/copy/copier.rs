//! Copies that belong together, several at a time: what one has brought into a repository is not brought again by the next.

use std::{
    collections::{BTreeSet, HashSet},
    rc::Rc,
};

use futures_util::{
    FutureExt, StreamExt,
    future::{self, LocalBoxFuture, try_join},
    lock::Mutex,
};
use tallyman_core::{
    Action, Descriptor, Digest, Manifest, MediaType, NESTED_INDEXES_MAX, PushPlan, Reference, Tag,
    fallback_tag, is_fallback_tag, is_tag_of_digest,
};
use tallyman_registry::Client;

use super::{
    CopyPlan, NestedList, plan_copy,
    writes::{UnderWay, Writer},
};
use crate::{
    ContentError, Error, PushEvent, execute_rest,
    moved_tag::{SeenTag, again_if_moved},
    push::is_transfer,
    resolve::{Below, content, failed, referrers_too_deep, resolve},
    side_by_side,
    tags::check_tags,
};

/// A listener to copies: called with each plan before its first event, and with its events.
pub type Listener<'a> = &'a dyn Fn(&PushPlan, Option<PushEvent>);

/// Copies by one client: of an image, and of what belongs to it.
pub struct Copier<'a> {
    client: &'a Client,
    /// Plans are made and not carried out.
    only_plans: bool,
    /// Tags that stand for something else stay as they are.
    keeps_tags: bool,
    /// Listens to copies of what belongs to an image.
    listener: Option<Listener<'a>>,
    state: Rc<State>,
}

/// The state that copiers of the same copies share.
struct State {
    /// The record of what these copies and all else by the client write.
    writer: Writer,
    /// Lets one copy with much to transfer go at a time: it takes all the memory and network that there is for it.
    turn: Mutex<()>,
}

impl<'a> Copier<'a> {
    /// Copies that are made at the same time, at most.
    pub const AT_ONCE: usize = 8;

    /// Creates a copier by a client. What anybody brings by that client from now on is not brought again: it is to be created before the
    /// copies are planned.
    pub fn new(client: &'a Client) -> Self {
        let state = Rc::new(State { writer: Writer::new(client), turn: Mutex::default() });
        Self { client, only_plans: false, keeps_tags: false, listener: None, state }
    }

    /// Leaves tags alone that stand for something else, if `keeps_tags`.
    #[must_use]
    pub fn never_overwriting(self, keeps_tags: bool) -> Self {
        Self { keeps_tags, ..self }
    }

    /// Returns a copier of the same copies that calls `listener` for each plan of referrers and of digests' tags before it is carried
    /// out, and for its events.
    #[must_use]
    pub fn listening<'b>(&self, listener: Listener<'b>) -> Copier<'b>
    where
        'a: 'b,
    {
        Copier { listener: Some(listener), state: Rc::clone(&self.state), ..*self }
    }

    /// Creates a copier that writes nothing: it returns the plans of what it would do.
    pub fn planning(client: &'a Client) -> Self {
        Self { only_plans: true, ..Self::new(client) }
    }

    /// Returns the client that it copies by.
    pub fn client(&self) -> &'a Client {
        self.client
    }

    /// Executes the plan of a copy to `target` as [`Copier::execute`] does, and lists what the copy consists of as [`Copier::list_all`] does.
    ///
    /// # Errors
    /// As [`execute`](crate::execute).
    pub async fn carry_out(
        &self,
        target: &Reference,
        copy: &CopyPlan,
        on_event: &dyn Fn(PushEvent),
    ) -> Result<(), Error> {
        if let Some(plan) = &copy.plan {
            self.execute(plan, on_event).await?;
        }
        self.list_all(target, copy).await.map(drop)
    }

    /// Checks that the tag of a plan may be put.
    ///
    /// # Errors
    /// [`Error::WouldOverwrite`] where tags are to stay, and [`Error::Registry`] for the request.
    pub async fn check(&self, plan: &PushPlan) -> Result<(), Error> {
        match self.keeps_tags {
            true => check_tags(self.client, plan, &[]).await,
            false => Ok(()),
        }
    }

    /// Lists the manifests of a copy to `target` among the referrers of their subjects, where the registry does not do so by itself:
    /// those that were there already too, for an earlier copy may have ended before it listed them. Returns the plans, where it only
    /// plans.
    ///
    /// # Errors
    /// [`Error::Registry`] for the requests, [`Error::Content`] if a fallback index is something else.
    pub async fn list_all(&self, target: &Reference, copy: &CopyPlan) -> Result<Vec<PushPlan>, Error> {
        self.list_as_referrers(target, &copy.referrers).await
    }

    /// Lists manifests that are in the repository of `target` among the referrers of their subjects, as [`Copier::list_all`] does.
    pub(crate) async fn list_as_referrers(
        &self,
        target: &Reference,
        manifests: &[Manifest],
    ) -> Result<Vec<PushPlan>, Error> {
        let mut by_subject: Level = Vec::new();
        for (subject, referrer) in manifests.iter().filter_map(Manifest::as_referrer) {
            match by_subject.iter_mut().find(|(other, _)| *other == subject) {
                Some((_, referrers)) => referrers.push(referrer),
                None => by_subject.push((subject, vec![referrer])),
            }
        }
        self.list_level(target, by_subject).await
    }

    fn list_level<'b>(
        &'b self,
        target: &'b Reference,
        level: Level,
    ) -> LocalBoxFuture<'b, Result<Vec<PushPlan>, Error>> {
        async move {
            let listed = level.into_iter().map(|(subject, referrers)| async move {
                self.list_referrers(target, &subject, referrers).await
            });
            Ok(after_first(listed).await?.into_iter().flatten().collect())
        }
        .boxed_local()
    }

    /// Executes the plan of a push or a copy as [`execute`](crate::execute) does, but for what was brought into the repository since this
    /// copier was created.
    ///
    /// # Errors
    /// As [`execute`](crate::execute).
    pub async fn execute(&self, plan: &PushPlan, on_event: &dyn Fn(PushEvent)) -> Result<Digest, Error> {
        self.execute_rest(plan, BTreeSet::new(), on_event).await
    }

    /// Executes a plan as [`Copier::execute`] does, without the steps in `done`, whose outcome is in the registry.
    pub(crate) async fn execute_rest(
        &self,
        plan: &PushPlan,
        mut done: BTreeSet<usize>,
        on_event: &dyn Fn(PushEvent),
    ) -> Result<Digest, Error> {
        let writer = &self.state.writer;
        let has_brought = |step: &usize| !puts_tag(plan, *step) && writer.has_brought(&outcome(plan, *step));
        let rest: Vec<usize> = (0..plan.steps.len()).filter(|step| !done.contains(step)).collect();
        let left = || rest.iter().copied().filter(|step| !has_brought(step));
        let turn = match left().any(|step| is_transfer(plan, step)) {
            true => Some(self.state.turn.lock().await),
            false => None,
        };
        let _under_way = writer.begin(|| left().map(|step| outcome(plan, step)).collect()).await;
        for step in rest.into_iter().filter(has_brought) {
            on_event(PushEvent::Done(step));
            done.insert(step);
        }
        let gate = || future::ready(()).boxed_local();
        let noted = |event| {
            if let PushEvent::Done(step) = event {
                writer.note_brought(outcome(plan, step));
            }
            on_event(event);
        };
        let digest = execute_rest(self.client, plan, &done, &gate, &noted).await;
        drop(turn);
        digest
    }

    /// Brings a blob or a manifest into its repository by `work`, unless it was brought there since this copier was created.
    ///
    /// # Errors
    /// The errors of `work`.
    pub async fn bring<E>(
        &self,
        digest: &Reference,
        work: impl Future<Output = Result<(), E>>,
    ) -> Result<(), E> {
        let writer = &self.state.writer;
        let _under_way = writer.begin(|| vec![digest.clone()]).await;
        if !writer.has_brought(digest) {
            work.await?;
            writer.note_brought(digest.clone());
        }
        Ok(())
    }

    /// Copies the referrers of the manifests of a copy, by their digests, and theirs in turn. In a registry without
    /// the referrers API they are listed under the tag that the OCI distribution specification names for that. Returns the plans,
    /// where it only plans: as far as the target's registry shows before the copy whether it lists referrers itself.
    ///
    /// # Errors
    /// [`Error::Registry`] and [`Error::Content`] if one of them cannot be copied; [`Error::Content`] if they have no end, before
    /// anything is copied.
    pub async fn referrers(
        &self,
        source: &Reference,
        target: &Reference,
        digests: &[Digest],
    ) -> Result<Vec<PushPlan>, Error> {
        let mut plans = Vec::new();
        let mut copied = HashSet::new();
        for level in self.all_referrers(source, digests).await? {
            let found = level.iter().flat_map(|(_, referrers)| referrers).map(|referrer| &referrer.digest);
            let new: Vec<&Digest> = found.filter(|digest| copied.insert((*digest).clone())).collect();
            plans.extend(self.all_of(source, target, new).await?);
            plans.extend(self.list_level(target, level).await?);
        }
        Ok(plans)
    }

    /// Copies the tags of the source's repository that stand for what was copied by its digest, such as `sha256-….sig`: signatures
    /// and attestations of programs that do not know referrers. Returns the tags, and where it only plans, the plans.
    ///
    /// # Errors
    /// [`Error::Registry`] and [`Error::Content`] if one of them cannot be copied.
    pub async fn digest_tags(
        &self,
        source: &Reference,
        target: &Reference,
        digests: &[Digest],
    ) -> Result<(Vec<Tag>, Vec<PushPlan>), Error> {
        self.client.read_directly(target);
        let is_wanted = |name: &&String| digests.iter().any(|digest| is_tag_of_digest(name, digest));
        let (mut copied, mut plans) = (Vec::new(), Vec::new());
        let mut pages = self.client.tags(source);
        while let Some(page) = pages.next().await {
            let names = page.map_err(failed)?;
            let found = names.iter().filter(is_wanted).filter_map(|name| name.parse().ok());
            let found: Vec<Tag> = found.collect();
            let copies = found.iter().map(|tag| async move {
                let [from, to] = [source, target].map(|of| of.by_tag(tag.clone()));
                match is_fallback_tag(tag.as_str()) {
                    true => self.fallback_index(&from, &to).await,
                    false => self.whole(&from, &to, true).await,
                }
            });
            let made = side_by_side::at_most(Self::AT_ONCE, copies).await?;
            plans.extend(made.into_iter().flatten());
            copied.extend(found);
        }
        Ok((copied, plans))
    }

    /// Brings lists into the repository of the list that has them as entries, with all that they point to. Returns the plans,
    /// where it only plans.
    ///
    /// # Errors
    /// The errors of [`plan_copy`] and [`Copier::carry_out`].
    pub async fn nested(&self, lists: &[NestedList]) -> Result<Vec<PushPlan>, Error> {
        self.side_by_side(lists.iter().map(|list| (list.source.clone(), list.target.clone())), true).await
    }

    /// Copies what stands under the fallback tag `from` to the tag `to`. Entries that the target's index has already stay in it.
    /// Returns the plans, where it only plans.
    ///
    /// # Errors
    /// As [`Copier::digest_tags`].
    pub async fn fallback_index(&self, from: &Reference, to: &Reference) -> Result<Vec<PushPlan>, Error> {
        self.client.read_directly(to);
        let _turn = self.turn_at(to).await;
        let there = async { self.client.fallback_index(to).await.map_err(failed) };
        let (there, root) = try_join(there, resolve(self.client, from, None)).await?;
        let index = root.index().filter(|_| there.is_some_and(|there| there.digest != *root.digest()));
        let Some(index) = index else {
            return self.whole(from, to, false).await;
        };
        let entries = index.manifests.iter().map(|entry| &entry.digest);
        let mut plans = self.all_of(from, to, entries).await?;
        plans.extend(self.add_to_fallback_index(to, &index.manifests).await?);
        Ok(plans)
    }

    /// Lists referrers of `subject` in its fallback index, unless the registry lists them by itself.
    async fn list_referrers(
        &self,
        target: &Reference,
        subject: &Digest,
        mut referrers: Vec<Descriptor>,
    ) -> Result<Option<PushPlan>, Error> {
        if referrers.is_empty() {
            return Ok(None);
        }
        self.client.read_directly(target);
        let listed = self.client.referrers(target, subject, None).await;
        // Before the copy the API lists none of them, and some registries answer nothing about what is not there.
        if self.only_plans && (listed.is_err() || self.client.has_referrers_api(target) != Some(false)) {
            return Ok(None);
        }
        leave_out(&mut referrers, &listed.map_err(failed)?);
        let tag = fallback_tag(target, subject);
        let _turn = self.turn_at(&tag).await;
        self.add_to_fallback_index(&tag, &referrers).await
    }

    /// Waits for the turn of changing the fallback index at `tag`.
    async fn turn_at(&self, tag: &Reference) -> UnderWay<'_> {
        self.state.writer.begin(|| vec![tag.clone()]).await
    }

    /// Adds referrers to the fallback index at `tag`, in its turn. What others have put into it stays as it stands, and what they put
    /// at the same time does, too.
    async fn add_to_fallback_index(
        &self,
        tag: &Reference,
        referrers: &[Descriptor],
    ) -> Result<Option<PushPlan>, Error> {
        again_if_moved(self.client, async || self.add_once(tag, referrers.to_vec()).await).await
    }

    /// Adds referrers to the fallback index at `tag`, unless that is moved meanwhile.
    async fn add_once(
        &self,
        tag: &Reference,
        mut referrers: Vec<Descriptor>,
    ) -> Result<Option<PushPlan>, Error> {
        if referrers.is_empty() {
            return Ok(None);
        }
        let since = self.client.now();
        let look = async || self.client.fallback_index(tag).await.map_err(failed);
        // The index as it was sent: not every entry is shown as a referrer, and none is with members that a descriptor does not have.
        let fetched = look().await?;
        let seen = SeenTag { tag, before: fetched.as_ref().map(|fetched| fetched.digest.clone()), since };
        let before = match fetched {
            Some(fetched) => fetched.manifest().map_err(|error| content(tag, error))?,
            None => {
                Manifest::parse(&br#"{"schemaVersion":2,"manifests":[]}"#[..], Some(&MediaType::OciIndex))
                    .expect("an index without entries is one")
            }
        };
        let Some(mut index) = before.index().cloned() else {
            let expected = "an image index of referrers, to which others can be added,";
            let reason = ContentError::kind(expected, tag, &before.kind());
            return Err(Error::content(tag, reason));
        };
        leave_out(&mut referrers, &index.manifests);
        if referrers.is_empty() {
            return Ok(None);
        }
        index.manifests.extend(referrers);
        let media_type = MediaType::OciIndex;
        let encoded = index.encode_over(before.bytes(), &media_type).map_err(|source| {
            let media_type = media_type.clone();
            Error::content(tag, ContentError::Field { media_type, source })
        })?;
        let after = Manifest::parse(encoded, Some(&media_type)).map_err(|error| content(tag, error))?;
        if self.only_plans {
            return Ok(Some(PushPlan::copying(tag, tag, &[after])));
        }
        let look_again = async || Ok(look().await?.map(|fetched| fetched.digest));
        seen.put(self.client, &after, look_again).await?;
        Ok(None)
    }

    /// Copies what stands under `from`, unless `to` is that already, and with `lists` lists it as [`Copier::list_all`] does. Returns
    /// the plans, where it only plans.
    fn whole<'b>(
        &'b self,
        from: &'b Reference,
        to: &'b Reference,
        lists: bool,
    ) -> LocalBoxFuture<'b, Result<Vec<PushPlan>, Error>> {
        async move {
            let copy = plan_copy(self.client, from, to, None).await?;
            if let Some(plan) = &copy.plan {
                self.check(plan).await?;
                if !self.only_plans {
                    let tell = |event| {
                        if let Some(listener) = self.listener {
                            listener(plan, event);
                        }
                    };
                    tell(None);
                    self.execute(plan, &|event| tell(Some(event))).await?;
                }
            }
            let listed = if lists { self.list_all(to, &copy).await? } else { Vec::new() };
            let mut plans = Vec::new();
            if self.only_plans {
                plans.extend(copy.plan);
            }
            plans.extend(listed);
            Ok(plans)
        }
        .boxed_local()
    }

    /// Copies manifests from repository to repository by their digests, which are to be listed elsewhere.
    async fn all_of(
        &self,
        source: &Reference,
        target: &Reference,
        digests: impl IntoIterator<Item = &Digest>,
    ) -> Result<Vec<PushPlan>, Error> {
        let pairs = digests.into_iter().map(|digest| {
            let [from, to] = [source, target].map(|of| of.by_digest(digest.clone()));
            (from, to)
        });
        self.side_by_side(pairs, false).await
    }

    /// Copies what stands under the first of each pair to the second, and `lists` it among referrers. Returns the plans, where it
    /// only plans.
    pub(crate) async fn side_by_side(
        &self,
        pairs: impl Iterator<Item = (Reference, Reference)>,
        lists: bool,
    ) -> Result<Vec<PushPlan>, Error> {
        let copies = pairs.map(|(from, to)| async move { self.whole(&from, &to, lists).await });
        let plans = side_by_side::at_most(Self::AT_ONCE, copies).await?;
        Ok(plans.into_iter().flatten().collect())
    }

    /// Returns the referrers of manifests, by subject, then theirs in turn: each behind its own subject.
    async fn all_referrers(&self, source: &Reference, digests: &[Digest]) -> Result<Vec<Level>, Error> {
        let below = &Below::new(source);
        let mut subjects: Vec<Digest> =
            digests.iter().filter(|digest| below.is_new(digest)).cloned().collect();
        let mut levels = Vec::new();
        while !subjects.is_empty() {
            let asked = subjects.into_iter().map(|subject| async move {
                let referrers = self.client.referrers(source, &subject, None).await.map_err(failed)?;
                // Each has one subject: what is listed for several counts for each of them.
                below.count(&referrers)?;
                Ok((subject, referrers))
            });
            let level: Level = after_first(asked).await?;
            let found = level.iter().flat_map(|(_, referrers)| referrers).map(|referrer| &referrer.digest);
            subjects = found.filter(|digest| below.is_new(digest)).cloned().collect();
            levels.push(level);
            if levels.len() > NESTED_INDEXES_MAX && !subjects.is_empty() {
                return Err(referrers_too_deep(source));
            }
        }
        Ok(levels)
    }
}

/// Subjects, each with its referrers.
type Level = Vec<(Digest, Vec<Descriptor>)>;

/// Waits for the first request alone, and for the others side by side: by then it is known what the registry can do.
async fn after_first<T>(
    mut requests: impl Iterator<Item = impl Future<Output = Result<T, Error>>>,
) -> Result<Vec<T>, Error> {
    let Some(first) = requests.next() else { return Ok(Vec::new()) };
    let mut answers = vec![first.await?];
    answers.extend(side_by_side::all(requests).await?);
    Ok(answers)
}

/// Returns `true` for a step that moves a tag, wherever that was before.
fn puts_tag(plan: &PushPlan, step: usize) -> bool {
    matches!(&plan.steps[step].action, Action::PutList { reference, .. } if reference.digest().is_none())
}

/// The blob or manifest that a step brings into the repository of its plan.
fn outcome(plan: &PushPlan, step: usize) -> Reference {
    let (Action::MountBlob { digest, .. }
    | Action::CopyBlob { digest, .. }
    | Action::PutManifest { digest, .. }
    | Action::PutList { digest, .. }) = &plan.steps[step].action;
    plan.target.by_digest(digest.clone())
}

/// Removes the referrers that are there from those that are to be listed.
fn leave_out(referrers: &mut Vec<Descriptor>, there: &[Descriptor]) {
    let there: HashSet<&Digest> = there.iter().map(|entry| &entry.digest).collect();
    referrers.retain(|entry| !there.contains(&entry.digest));
}
