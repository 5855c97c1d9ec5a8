//! Making a local list.

use std::collections::{BTreeMap, HashMap, HashSet};

use tallyman_core::{
    Descriptor, ListEdit, ListEntry, ManifestList, MediaType, NameTaken, Platform, Reference,
};
use tallyman_registry::Client;
use tallyman_store::{ListStore, Outcome};

use crate::{
    Error,
    fetch::{
        carry_over, check_platforms, config_platform,
        expand::{self, ExpandOptions},
        many, may_be_of_other_platform,
    },
    side_by_side,
};

/// The list that `create` makes.
#[derive(Clone, Debug)]
pub struct Create {
    /// The list.
    pub list: Reference,
    /// Its images, in the order given. Names that stand twice count once.
    pub images: Vec<Reference>,
    /// Add to the list where there is one.
    pub amend: bool,
    /// The options that Docker does not have.
    pub extensions: CreateExtensions,
}

/// The options of `create` that Docker does not have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CreateExtensions {
    /// Fetch images anew that the list has already, all of them where none is named. Their annotations stay as they are, and
    /// the platform fields that differ from the previous config.
    pub refresh: bool,
    /// Take the images that a list in the place of an image points to, each by its digest. Those
    /// that nobody can run, such as attestations, come along into OCI indexes alone, and make one of OCI images.
    pub flatten: bool,
    /// Always make an OCI index.
    pub oci: bool,
    /// Take the images of these platforms alone from a list in the place of an image, each by its digest; all if there are
    /// none. An image in its place must be of one of them.
    pub platforms: Vec<Platform>,
    /// Keep a list in the place of an image as an entry of its own, which makes the list an OCI index.
    pub nest: bool,
    /// Leave out what nobody can run, such as attestations, from OCI indexes too.
    pub no_attestations: bool,
    /// Further images: manifests of the list's repository, with what their entries say. They are taken as the entries of a list
    /// are, but annotations and artifact types of images make the list an OCI index.
    pub described: Vec<Descriptor>,
    /// Annotations of the index, which make the list one.
    pub annotations: BTreeMap<String, String>,
}

impl CreateExtensions {
    fn wants_oci(&self) -> bool {
        self.oci || self.nest || !self.annotations.is_empty()
    }

    /// Returns `true` if the descriptor of an image, and not that of a list which it was found in, has annotations or an artifact type.
    fn annotates(&self, image: &Descriptor) -> bool {
        let is_described = || self.described.iter().any(|descriptor| descriptor.digest == image.digest);
        image.is_runnable() && image.is_annotated() && is_described()
    }
}

/// A list that [`create`] has made.
#[derive(Clone, Debug)]
pub struct Created {
    /// The list.
    pub list: ManifestList,
    /// The images that were fetched anew and whose configs name these platforms now, while the list says what it said: nobody knows
    /// whether that was the config's or somebody's, since the config before is gone.
    pub kept_platforms: Vec<(Reference, Platform)>,
}

/// Makes a local list, or adds to one: every image is fetched, but for those that the list has already.
///
/// All or nothing: where one image fails, the store stays as it was. The failure told is that of the first image in
/// the order given, as Docker, which asks for one after another, would tell it. What other programs do to the list while the
/// images are fetched stays as it is.
///
/// ```no_run
/// use std::rc::Rc;
///
/// use tallyman_commands::{Create, CreateExtensions, create};
/// use tallyman_registry::{Client, NativeTransport};
/// use tallyman_store::MemoryStore;
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::builder(Rc::new(NativeTransport::new())).build();
/// let wanted = Create {
///     list: "registry.example/acme/app:1.0".parse()?,
///     images: vec!["registry.example/acme/app:1.0-amd64".parse()?, "registry.example/acme/app:1.0-arm64".parse()?],
///     amend: false,
///     extensions: CreateExtensions::default(),
/// };
/// let list = create(&MemoryStore::new(), &client, &wanted).await?.list;
/// println!("{} has {} images", list.digest(), list.len());
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// [`Error::ListExists`] if the list exists and `amend` is not set, [`Error::NotInRegistry`], [`Error::IsList`],
/// [`Error::NoSuchPlatform`], [`Error::Content`] and [`Error::Registry`] if an image cannot be fetched,
/// [`Error::SeveralPlatforms`] if one image comes for two platforms, and those of the store.
pub async fn create(store: &dyn ListStore, client: &Client, create: &Create) -> Result<Created, Error> {
    let assembled = assemble(store, client, create).await?;
    loop {
        let (now, edit) = match store.load_entries(&create.list, &assembled.images()).await? {
            Some(_) if !create.amends() => return Err(Error::ListExists { list: create.list.clone() }),
            Some(now) => {
                let edit = assembled.edit(&now, &create.extensions)?;
                (now, edit)
            }
            None if create.refreshes_all() => {
                return Err(Error::NotInStore { reference: create.list.clone() });
            }
            None => {
                let new = assembled.new_list(create)?;
                match store.add(&new).await? {
                    Outcome::Done(()) => return Ok(Created { list: new, kept_platforms: Vec::new() }),
                    // Another writer has created it meanwhile.
                    _ => continue,
                }
            }
        };
        if let Outcome::Done(()) = store.edit(&create.list, &edit).await? {
            // Of entries that were not fetched what was read before is returned: others may have changed them since.
            let mut list = assembled.list;
            list.form_mut().clone_from(now.form());
            for entry in now.iter() {
                list.insert(entry.clone())?;
            }
            edit.onto(&list).apply(&mut list).expect("it is made for this list");
            return Ok(Created { list, kept_platforms: assembled.kept_platforms });
        }
    }
}

/// Makes the list that [`create`] makes, and saves nothing.
///
/// # Errors
/// As [`create`], but for saving.
pub(crate) async fn create_unsaved(
    store: &dyn ListStore,
    client: &Client,
    create: &Create,
) -> Result<ManifestList, Error> {
    assemble(store, client, create).await?.new_list(create)
}

/// A list as [`create`] would make it, with what was fetched for it.
pub(crate) struct Assembled {
    /// The list as it was read.
    list: ManifestList,
    /// Set if the list must be an OCI index, because entries have annotations, as attestations do, or artifact types.
    is_annotated: bool,
    /// The images that were fetched.
    fetched: Vec<ListEntry>,
    /// References of those that descriptors describe, with what their entries say.
    described: HashSet<Reference>,
    /// The platforms that configs named before, of those that were fetched anew and may be of another one now.
    configs: HashMap<Reference, Platform>,
    /// The platforms of those whose configs before are gone.
    kept_platforms: Vec<(Reference, Platform)>,
}

impl Create {
    /// Returns `true` if there may be a list of that name already.
    pub(crate) fn amends(&self) -> bool {
        self.amend || self.extensions.refresh
    }

    /// Returns `true` if all images of the list are to be fetched anew, because neither a name nor a descriptor says which.
    fn refreshes_all(&self) -> bool {
        self.extensions.refresh && self.images.is_empty() && self.extensions.described.is_empty()
    }
}

impl Assembled {
    fn images(&self) -> Vec<&Reference> {
        self.fetched.iter().map(|entry| &entry.reference).collect()
    }

    /// Returns the list of what was fetched, where there is none yet.
    fn new_list(&self, create: &Create) -> Result<ManifestList, Error> {
        let mut new = ManifestList::new(create.list.clone());
        self.edit(&new, &create.extensions)?.apply(&mut new).expect("it is made for this list");
        Ok(new)
    }

    /// Returns the edit that brings what was fetched into `list`.
    fn edit(&self, list: &ManifestList, extensions: &CreateExtensions) -> Result<ListEdit, Error> {
        let mut after = list.clone();
        if extensions.wants_oci() || self.is_annotated {
            let form = after.form_mut();
            form.oci = true;
            form.by_annotation = false;
            form.annotations.extend(extensions.annotations.clone());
        }
        for entry in &self.fetched {
            let mut entry = entry.clone();
            let old = list.get(&entry.reference);
            // The list has it, from before or since: it keeps what the list says of it.
            if old.is_some_and(is_whole) && !extensions.refresh && !self.described.contains(&entry.reference)
            {
                continue;
            }
            if let Some(old) = old.filter(|_| extensions.refresh) {
                let config = self.configs.get(&entry.reference);
                carry_over(old, &mut entry, config);
            }
            after.insert(entry)?;
        }
        Ok(ListEdit::between(list, &after))
    }
}

/// Fetches what [`create`] would put into the list.
///
/// # Errors
/// As [`create`], but for saving.
pub(crate) async fn assemble(
    store: &dyn ListStore,
    client: &Client,
    create: &Create,
) -> Result<Assembled, Error> {
    let extensions = &create.extensions;
    // The list is going to be pushed there.
    client.read_directly(&create.list);
    let list = match store.load(&create.list).await? {
        Some(_) if !create.amends() => {
            return Err(Error::ListExists { list: create.list.clone() });
        }
        Some(existing) => existing,
        None if create.refreshes_all() => {
            return Err(Error::NotInStore { reference: create.list.clone() });
        }
        None => ManifestList::new(create.list.clone()),
    };
    let all: Vec<Reference> = match create.refreshes_all() {
        true => list.iter().map(|entry| entry.reference.clone()).collect(),
        false => Vec::new(),
    };
    let mut named: HashMap<String, &Reference> = HashMap::new();
    let mut missing = Vec::new();
    for image in create.images.iter().chain(&all) {
        list.check_name(image)?;
        match named.insert(image.file_name(), image) {
            Some(present) if present != image => {
                let (added, present) = (Box::new(image.clone()), Box::new(present.clone()));
                return Err(NameTaken { added, present }.into());
            }
            Some(_) => {}
            None if !extensions.refresh && list.get(image).is_some_and(is_whole) => {}
            None => missing.push(image.clone()),
        }
    }
    let expand_options = ExpandOptions {
        attestations: !extensions.no_attestations,
        platforms: extensions.platforms.clone(),
        nest: extensions.nest,
    };
    let mut fetched = match extensions.flatten || extensions.nest || !extensions.platforms.is_empty() {
        true => expand::images(client, &missing, &expand_options).await?,
        false => many::images(client, &missing).await?,
    };
    let described_options = ExpandOptions { nest: !extensions.flatten, ..expand_options };
    let described =
        expand::described(client, &create.list, &extensions.described, &described_options).await?;
    let of_descriptors = described.iter().map(|entry| entry.reference.clone()).collect();
    let is_oci = list.form().oci
        || extensions.wants_oci()
        || described.iter().any(|entry| extensions.annotates(&entry.descriptor));
    fetched.extend(described);
    let named = missing.iter().collect();
    let is_annotated = fit_to_form(&list, is_oci, &named, &mut fetched)?;
    let refreshed = fetched.iter().filter(|_| extensions.refresh);
    let moved = refreshed.filter_map(|fresh| {
        let before = list.get(&fresh.reference)?;
        may_be_of_other_platform(before, fresh).then_some((before, fresh))
    });
    let found = side_by_side::all(
        moved.map(|(before, fresh)| async move { Ok((fresh, config_platform(client, before).await?)) }),
    );
    let (mut configs, mut kept_platforms) = (HashMap::new(), Vec::new());
    for (fresh, config) in found.await? {
        match config {
            Some(config) => drop(configs.insert(fresh.reference.clone(), config)),
            None => kept_platforms.push((fresh.reference.clone(), fresh.platform())),
        }
    }
    let assembled =
        Assembled { list, is_annotated, fetched, described: of_descriptors, configs, kept_platforms };
    // Form faults are reported before anything is stored.
    assembled.edit(&assembled.list, extensions)?;
    Ok(assembled)
}

/// Returns `true` for an entry with the bytes of its manifest: Docker 20.10 kept none, and its entries are fetched anew.
fn is_whole(entry: &ListEntry) -> bool {
    entry.raw.is_some()
}

/// Takes away of the entries that were fetched for `list` what its form does not have. It is an OCI index if `is_oci`, or if all its
/// images are OCI's; a Docker list has no annotations or artifact types, and nothing that nobody can run, but images that are `named`
/// are taken as they are. Returns `true` if what is left has annotations or artifact types, which make the list an OCI index.
///
/// # Errors
/// [`Error::SeveralPlatforms`] if one image comes for two platforms: a list that is made has each name once.
pub(crate) fn fit_to_form(
    list: &ManifestList,
    is_oci: bool,
    named: &HashSet<&Reference>,
    fetched: &mut Vec<ListEntry>,
) -> Result<bool, Error> {
    let has_oci_type = |entry: &ListEntry| {
        matches!(entry.descriptor.media_type, MediaType::OciManifest | MediaType::OciIndex)
    };
    if !is_oci && !list.iter().chain(&*fetched).all(has_oci_type) {
        fetched.retain(|entry| {
            let descriptor = &entry.descriptor;
            descriptor.is_runnable() || descriptor.media_type.is_list() || named.contains(&entry.reference)
        });
        for entry in &mut *fetched {
            entry.descriptor.annotations.clear();
            entry.descriptor.artifact_type = None;
        }
    }
    check_platforms(fetched)?;
    Ok(fetched.iter().any(|entry| entry.descriptor.is_annotated()))
}
