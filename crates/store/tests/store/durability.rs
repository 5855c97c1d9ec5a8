//! Lists survive: whoever writes at the same time, whenever a program dies, and whatever stands in the folder.
#![cfg(target_os = "linux")]

use std::{
    cell::{Cell, RefCell},
    env, fs,
    os::unix::fs::{PermissionsExt, symlink},
    path::Path,
    process::Command,
    thread,
    time::Duration,
};

use futures_util::future::LocalBoxFuture;
use tallyman_core::{Digest, IndexForm, ListEdit, ManifestList, Platform, Reference};
use tallyman_dev_registry::skip_test;
use tallyman_store::{
    FileError, FileErrorKind, FileStore, Folder, Holder, ListFolders, ListStore, Lock, NativeFolder, Outcome,
    StoreError, docker::FileChange,
};

use crate::ready;

fn store(root: &Path) -> FileStore<NativeFolder> {
    FileStore::new(NativeFolder, root.to_str().expect("it is UTF-8"))
}

fn reference(text: &str) -> Reference {
    text.parse().expect("the tests' references are right")
}

/// Adds an image as a program does that has seen nothing of the list.
fn amend(store: &impl ListStore, list: &Reference, image: &str) {
    let entry = crate::suite::entry(image, Platform::new("linux", "amd64"));
    let empty = ManifestList::new(list.clone());
    let edit = ListEdit::put(&empty, entry.clone());
    loop {
        if ready(store.edit(list, &edit)).expect("the folder can be written") == Outcome::Done(()) {
            return;
        }
        let mut new = empty.clone();
        new.insert(entry.clone()).expect("it is the first");
        if ready(store.add(&new)).expect("the folder can be written") == Outcome::Done(()) {
            return;
        }
    }
}

/// Rounds of the test below: a few, or as many as `TALLYMAN_ROUNDS` says.
fn rounds() -> usize {
    env::var("TALLYMAN_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(2)
}

#[test]
fn programs_that_change_one_list_at_once_lose_nothing() {
    for round in 0..rounds() {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let root = folder.path().join("manifests");
        thread::scope(|scope| {
            for program in 0..8 {
                let root = &root;
                scope.spawn(move || {
                    for change in 0..24 {
                        amend(
                            &store(root),
                            &reference("r.io/app:1"),
                            &format!("r.io/app:{program}-{change}"),
                        );
                    }
                });
            }
        });
        let list =
            ready(store(&root).load(&reference("r.io/app:1"))).expect("it can be read").expect("it is there");
        assert_eq!(list.len(), 8 * 24, "round {round}");
        let names: Vec<_> = fs::read_dir(&root).unwrap().map(|name| name.unwrap().file_name()).collect();
        assert_eq!(names, ["r.io_app-1"], "nothing is left beside the list");
    }
}

#[test]
fn of_two_programs_that_make_a_list_one_wins_and_the_other_is_told() {
    for _ in 0..20 {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let root = folder.path().join("manifests");
        let won: Vec<bool> = thread::scope(|scope| {
            let programs: Vec<_> = (0..4)
                .map(|program| {
                    let root = &root;
                    scope.spawn(move || {
                        let list = crate::suite::list("r.io/app:1", &[&format!("r.io/app:{program}")]);
                        ready(store(root).add(&list)).expect("the folder can be written") == Outcome::Done(())
                    })
                })
                .collect();
            programs.into_iter().map(|program| program.join().expect("no program panics")).collect()
        });
        assert_eq!(won.iter().filter(|won| **won).count(), 1);
        let list = ready(store(&root).load(&reference("r.io/app:1"))).unwrap().unwrap();
        let winner = won.iter().position(|won| *won).expect("there is one");
        assert!(list.len() == 1 && list.get(&reference(&format!("r.io/app:{winner}"))).is_some());
    }
}

#[test]
fn a_lock_is_never_taken_from_a_program_that_lives() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let store = survivor(folder.path());
    ready(store.save(&before())).expect("it is saved");
    let lock = folder.path().join(format!(
        ".tallyman-{}.lock",
        &Digest::of(before().reference().file_name().as_bytes()).hex()[..32]
    ));
    let Holder { host, .. } = NativeFolder.holder();
    let edit = ListEdit::remove(&before(), &reference("r.io/app:a"));
    let mut living = Command::new("sleep").arg("60").spawn().expect("there is such a program");
    let held = format!("{} {host} another 0", living.id());
    fs::write(&lock, &held).unwrap();
    let error = ready(store.edit(before().reference(), &edit)).expect_err("the lock is held").to_string();
    assert!(error.contains(&format!("process {} holds it", living.id())), "{error}");
    assert_eq!(fs::read_to_string(&lock).unwrap(), held);
    // Processes of other machines cannot be checked from here.
    living.kill().and_then(|()| living.wait()).expect("it is ended");
    for holder in [held, format!("{} elsewhere another 0", u32::MAX)] {
        fs::write(&lock, &holder).unwrap();
        assert_eq!(ready(store.edit(before().reference(), &edit)).expect(&holder), Outcome::Done(()));
        ready(store.save(&before())).expect("it is saved");
    }
}

/// The variable with the lock that a second process of the test below is to take.
const LOCK: &str = "TALLYMAN_TEST_LOCK";

#[test]
fn a_lock_is_not_taken_from_a_program_of_another_pid_namespace() {
    if let Ok(path) = env::var(LOCK) {
        fs::write(format!("{path}-asked"), "").expect("it can be written");
        ready(Lock::acquire(&NativeFolder, path)).expect("it is released");
        return;
    }
    let unshare = || {
        let mut command = Command::new("unshare");
        command.args(["--map-root-user", "--pid", "--fork", "--mount-proc"]);
        command
    };
    if !unshare().arg("true").output().is_ok_and(|output| output.status.success()) {
        return skip_test("no PID namespace can be made here");
    }
    let folder = tempfile::tempdir().expect("a folder can be made");
    let path = folder.path().join("lock").to_str().expect("it is UTF-8").to_owned();
    let lock = ready(Lock::acquire(&NativeFolder, path.clone())).expect("nobody holds it");
    let test = thread::current().name().expect("tests have names").to_owned();
    let program = env::current_exe().expect("it has a path");
    let other = unshare().arg(program).args(["--exact", &test]).env(LOCK, &path).spawn();
    let mut other = other.expect("it can be started");
    while !fs::exists(format!("{path}-asked")).unwrap() && other.try_wait().unwrap().is_none() {
        thread::sleep(Duration::from_millis(10));
    }
    thread::sleep(Duration::from_millis(200));
    lock.check().expect("it is held by a program that lives");
    drop(lock);
    assert!(other.wait().expect("it ends").success());
}

/// The file system of a program that dies at one of its calls. The last call is not made, made in part, or made before it
/// dies.
struct Dying {
    calls: Cell<usize>,
    dies_at: usize,
    death: Death,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Death {
    Before,
    Halfway,
    After,
}

impl Dying {
    fn new(dies_at: usize, death: Death) -> Self {
        Self { calls: Cell::new(0), dies_at, death }
    }

    fn call<T>(
        &self,
        make: impl FnOnce() -> Result<T, FileError>,
        halfway: impl FnOnce(),
    ) -> Result<T, FileError> {
        let call = self.calls.get();
        self.calls.set(call + 1);
        let dead = || Err(FileError { kind: FileErrorKind::Other, message: "dead".to_owned() });
        if call > self.dies_at {
            return dead();
        }
        if call < self.dies_at {
            return make();
        }
        match self.death {
            Death::Before => {}
            Death::Halfway => halfway(),
            Death::After => drop(make()),
        }
        dead()
    }
}

impl Folder for Dying {
    fn list(&self, path: &str) -> Result<Option<Vec<String>>, FileError> {
        self.call(|| NativeFolder.list(path), || ())
    }

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, FileError> {
        self.call(|| NativeFolder.read(path), || ())
    }

    fn create_file(&self, path: &str, bytes: &[u8], durable: bool) -> Result<(), FileError> {
        let half = || drop(NativeFolder.create_file(path, &bytes[..bytes.len() / 2], false));
        self.call(|| NativeFolder.create_file(path, bytes, durable), half)
    }

    fn create_folder(&self, path: &str) -> Result<(), FileError> {
        self.call(|| NativeFolder.create_folder(path), || ())
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), FileError> {
        self.call(|| NativeFolder.rename(from, to), || ())
    }

    fn remove_file(&self, path: &str) -> Result<(), FileError> {
        self.call(|| NativeFolder.remove_file(path), || ())
    }

    fn remove_folder(&self, path: &str) -> Result<(), FileError> {
        self.call(|| NativeFolder.remove_folder(path), || ())
    }

    fn sync(&self, path: &str) -> Result<(), FileError> {
        self.call(|| NativeFolder.sync(path), || ())
    }

    fn holder(&self) -> Holder {
        // No process has this number: the next program finds it dead.
        Holder { process: u32::MAX, ..NativeFolder.holder() }
    }

    fn is_alive(&self, process: u32) -> Option<bool> {
        NativeFolder.is_alive(process)
    }

    fn pause(&self) -> LocalBoxFuture<'_, ()> {
        // No living process could release a lock.
        Box::pin(std::future::ready(()))
    }
}

/// The store of a program that does not die.
fn survivor(root: &Path) -> FileStore<Dying> {
    FileStore::new(Dying::new(usize::MAX, Death::Before), root.to_str().expect("it is UTF-8"))
}

/// A change that a program makes, by its name.
type Change = (&'static str, fn(&FileStore<Dying>) -> Result<(), StoreError>);

const CHANGES: [Change; 8] = [
    ("add", |store| {
        ready(store.add(&crate::suite::list("r.io/new:1", &["r.io/app:a", "r.io/app:b"]))).map(drop)
    }),
    ("edit one entry", |store| {
        let before = before();
        let edit = ListEdit::put(&before, crate::suite::entry("r.io/app:a", Platform::new("linux", "arm64")));
        ready(store.edit(before.reference(), &edit)).map(drop)
    }),
    ("add an entry", |store| {
        let before = before();
        let edit =
            ListEdit::put(&before, crate::suite::entry("r.io/app:new", Platform::new("linux", "arm64")));
        ready(store.edit(before.reference(), &edit)).map(drop)
    }),
    ("remove an entry", |store| {
        let before = before();
        ready(store.edit(before.reference(), &ListEdit::remove(&before, &reference("r.io/app:a")))).map(drop)
    }),
    ("edit several entries and the form", |store| {
        let before = before();
        let form = IndexForm {
            oci: true,
            annotations: [("k".to_owned(), "v".to_owned())].into(),
            ..IndexForm::default()
        };
        let mut edit = ListEdit::form(&before, &form);
        for image in ["r.io/app:a", "r.io/app:new"] {
            edit =
                edit.and(ListEdit::put(&before, crate::suite::entry(image, Platform::new("linux", "arm64"))));
        }
        let edit = ListEdit::remove(&before, &reference("r.io/app:b")).and(edit);
        ready(store.edit(before.reference(), &edit)).map(drop)
    }),
    ("save", |store| {
        ready(store.save(&crate::suite::list("r.io/app:1", &["r.io/app:a", "r.io/app:x", "r.io/app:y"])))
    }),
    ("rename", |store| ready(store.rename(&reference("r.io/app:1"), &reference("r.io/new:1"))).map(drop)),
    ("remove", |store| ready(store.remove(&reference("r.io/app:1"))).map(drop)),
];

fn before() -> ManifestList {
    crate::suite::list("r.io/app:1", &["r.io/app:a", "r.io/app:b", "r.io/app:c"])
}

/// All lists as the next program reads them.
fn lists(root: &Path) -> Vec<Option<ManifestList>> {
    let store = survivor(root);
    ["r.io/app:1", "r.io/new:1"]
        .map(|name| ready(store.load(&reference(name))).expect("it can be read"))
        .into()
}

#[test]
fn a_program_that_dies_leaves_the_list_before_or_the_list_after() {
    for (name, change) in CHANGES {
        let whole = fast_folder();
        ready(store(whole.path()).save(&before())).expect("it is saved");
        change(&survivor(whole.path())).expect("it is made");
        let expected = [vec![Some(before()), None], lists(whole.path())];
        for death in [Death::Before, Death::Halfway, Death::After] {
            let mut outcomes = [0, 0];
            for dies_at in 0.. {
                let folder = fast_folder();
                let root = folder.path();
                ready(store(root).save(&before())).expect("it is saved");
                let dying = Dying::new(dies_at, death);
                let dying_store = FileStore::new(dying, root.to_str().unwrap());
                let survived = change(&dying_store).is_ok();
                let found = lists(root);
                let at = expected.iter().position(|expected| *expected == found);
                let at = at.unwrap_or_else(|| panic!("{name}, dead {death:?} call {dies_at}: {found:?}"));
                outcomes[at] += 1;
                // The next change succeeds, and leaves no files behind.
                for list in ["r.io/other:1", "r.io/app:1", "r.io/new:1"] {
                    amend(&survivor(root), &reference(list), "r.io/app:z");
                }
                let left: Vec<_> = fs::read_dir(root)
                    .unwrap()
                    .map(|name| name.unwrap().file_name().into_string().unwrap())
                    .filter(|name| name.starts_with('.'))
                    .collect();
                assert!(left.is_empty(), "{name}, dead {death:?} call {dies_at} leaves {left:?}");
                if survived {
                    break;
                }
            }
            assert!(outcomes[0] > 0 && outcomes[1] > 0, "{name}: {outcomes:?}");
        }
    }
}

/// A folder in memory, if the machine has such: what is kept there need not wait for a disk.
fn fast_folder() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder can be made")
}

/// The file system of a full disk, or of one that refuses something else from some call on.
struct Refusing {
    writes: Cell<usize>,
    room: usize,
    /// The change that another program makes between the first two reads of files.
    meanwhile: RefCell<Option<Box<dyn FnOnce()>>>,
}

impl Refusing {
    /// The store on a disk that has room for some files.
    fn store(root: &Path, room: usize) -> FileStore<Self> {
        let folder = Self { writes: Cell::new(0), room, meanwhile: RefCell::default() };
        FileStore::new(folder, root.to_str().expect("it is UTF-8"))
    }
}

impl Folder for Refusing {
    fn list(&self, path: &str) -> Result<Option<Vec<String>>, FileError> {
        NativeFolder.list(path)
    }

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, FileError> {
        let read = NativeFolder.read(path);
        if let Some(change) = self.meanwhile.take() {
            change();
        }
        read
    }

    fn create_file(&self, path: &str, bytes: &[u8], durable: bool) -> Result<(), FileError> {
        self.writes.set(self.writes.get() + 1);
        if self.writes.get() > self.room {
            let message = format!("open {path}: no space left on device");
            return Err(FileError { kind: FileErrorKind::Full, message });
        }
        NativeFolder.create_file(path, bytes, durable)
    }

    fn create_folder(&self, path: &str) -> Result<(), FileError> {
        NativeFolder.create_folder(path)
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), FileError> {
        NativeFolder.rename(from, to)
    }

    fn remove_file(&self, path: &str) -> Result<(), FileError> {
        NativeFolder.remove_file(path)
    }

    fn remove_folder(&self, path: &str) -> Result<(), FileError> {
        NativeFolder.remove_folder(path)
    }

    fn sync(&self, path: &str) -> Result<(), FileError> {
        NativeFolder.sync(path)
    }

    fn holder(&self) -> Holder {
        NativeFolder.holder()
    }

    fn is_alive(&self, process: u32) -> Option<bool> {
        NativeFolder.is_alive(process)
    }

    fn pause(&self) -> LocalBoxFuture<'_, ()> {
        NativeFolder.pause()
    }
}

#[test]
fn a_full_disk_leaves_what_was_there() {
    let larger = crate::suite::list("r.io/app:1", &["r.io/app:a", "r.io/app:x", "r.io/app:y"]);
    let new = crate::suite::list("r.io/new:1", &["r.io/app:a", "r.io/app:b"]);
    for room in 0..4 {
        let folder = tempfile::tempdir().expect("a folder can be made");
        ready(store(folder.path()).save(&before())).expect("it is saved");
        let full = || Refusing::store(folder.path(), room);
        assert_eq!(ready(full().load(before().reference())), Ok(Some(before())), "it can be read");
        let error = ready(full().save(&larger)).expect_err("the disk is full");
        assert!(error.to_string().ends_with("no space left on device"), "{error}");
        if room < 3 {
            ready(full().add(&new)).expect_err("the disk is full");
        }
        if room >= 1 {
            let left: Vec<_> =
                fs::read_dir(folder.path()).unwrap().map(|name| name.unwrap().file_name()).collect();
            assert!(left.iter().all(|name| !name.to_string_lossy().starts_with('.')), "{left:?}");
        }
        assert_eq!(
            ready(store(folder.path()).load(&reference("r.io/app:1"))),
            Ok(Some(before())),
            "room for {room}"
        );
    }
}

#[test]
fn a_list_can_be_removed_from_a_full_disk() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let Some(_mount) = Mount::new(folder.path()) else { return skip_test("only root may mount") };
    let store = store(folder.path());
    ready(store.save(&before())).expect("it is saved");
    let rest = folder.path().join("rest");
    fs::write(&rest, vec![0; 1 << 20]).expect_err("it is more than there is room for");
    ready(store.save(&crate::suite::list("r.io/app:1", &["r.io/app:x"]))).expect_err("the disk is full");
    assert_eq!(ready(store.remove(before().reference())), Ok(true));
    fs::remove_file(&rest).expect("it can be removed");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_list_that_is_changed_while_it_is_read_without_its_lock_is_the_one_before_or_the_one_after() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let root = folder.path().to_owned();
    ready(store(&root).save(&before())).expect("it is saved");
    let changed = ["r.io/app:a", "r.io/app:b", "r.io/app:c"]
        .map(|image| crate::suite::entry(image, Platform::new("linux", "arm64")));
    let mut after = before();
    for entry in changed {
        after.insert(entry).expect("it was there already");
    }
    let saved = after.clone();
    let change = Box::new(move || ready(store(&root).save(&saved)).expect("there is room for it"));
    let meanwhile = RefCell::new(Some(change as Box<dyn FnOnce()>));
    let refusing = Refusing { writes: Cell::new(0), room: 0, meanwhile };
    let reader = FileStore::new(refusing, folder.path().to_str().expect("it is UTF-8"));
    assert_eq!(ready(reader.load(before().reference())), Ok(Some(after)));
}

/// A file system on which names that differ in case alone are one, as long as they stand in a list's folder.
struct Folding;

impl Folding {
    /// Returns the path under which a file stands already, or `path`.
    fn standing(path: &str) -> String {
        let Some((folder, name)) = path.rsplit_once('/') else { return path.to_owned() };
        let names = NativeFolder.list(folder).ok().flatten().unwrap_or_default();
        let name =
            names.into_iter().find(|other| other.eq_ignore_ascii_case(name)).unwrap_or(name.to_owned());
        format!("{folder}/{name}")
    }
}

impl Folder for Folding {
    fn list(&self, path: &str) -> Result<Option<Vec<String>>, FileError> {
        NativeFolder.list(&Self::standing(path))
    }

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, FileError> {
        NativeFolder.read(&Self::standing(path))
    }

    fn create_file(&self, path: &str, bytes: &[u8], durable: bool) -> Result<(), FileError> {
        NativeFolder.create_file(&Self::standing(path), bytes, durable)
    }

    fn create_folder(&self, path: &str) -> Result<(), FileError> {
        NativeFolder.create_folder(&Self::standing(path))
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), FileError> {
        NativeFolder.rename(&Self::standing(from), &Self::standing(to))
    }

    fn remove_file(&self, path: &str) -> Result<(), FileError> {
        NativeFolder.remove_file(&Self::standing(path))
    }

    fn remove_folder(&self, path: &str) -> Result<(), FileError> {
        NativeFolder.remove_folder(&Self::standing(path))
    }

    fn sync(&self, path: &str) -> Result<(), FileError> {
        NativeFolder.sync(&Self::standing(path))
    }

    fn holder(&self) -> Holder {
        NativeFolder.holder()
    }

    fn is_alive(&self, process: u32) -> Option<bool> {
        NativeFolder.is_alive(process)
    }

    fn pause(&self) -> LocalBoxFuture<'_, ()> {
        NativeFolder.pause()
    }
}

#[test]
fn images_whose_names_the_file_system_takes_for_one_are_refused_with_both() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let store = FileStore::new(Folding, folder.path().to_str().expect("it is UTF-8"));
    let both = crate::suite::list("r.io/app:1", &["r.io/app:RC", "r.io/app:rc"]);
    let told = |error: StoreError| {
        let error = error.to_string();
        assert!(error.contains("r.io_app-RC") && error.contains("r.io_app-rc"), "{error}");
    };
    told(ready(store.add(&both)).expect_err("one would take the place of the other"));
    assert_eq!(ready(store.names()), Ok(Vec::new()), "nothing is left");
    let one = crate::suite::list("r.io/app:1", &["r.io/app:RC"]);
    assert_eq!(ready(store.add(&one)), Ok(Outcome::Done(())));
    let edit = ListEdit::put(&one, crate::suite::entry("r.io/app:rc", Platform::new("linux", "arm64")));
    told(ready(store.edit(one.reference(), &edit)).expect_err("one would take the place of the other"));
    told(ready(store.save(&both)).expect_err("one would take the place of the other"));
    assert_eq!(ready(store.load(one.reference())), Ok(Some(one)));
}

/// Puts something at a path.
type MakeFile = fn(&Path);

#[test]
fn damaged_entries_do_not_block_the_others() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let store = store(folder.path());
    ready(store.save(&before())).expect("it is saved");
    let list = folder.path().join("r.io_app-1");
    let damage: [(&str, MakeFile); 6] = [
        ("text", |path| fs::write(path, "broken").unwrap()),
        ("nothing", |path| fs::write(path, "").unwrap()),
        ("a folder", |path| fs::create_dir(path).unwrap()),
        ("a pipe", |path| assert!(Command::new("mkfifo").arg(path).status().unwrap().success())),
        ("a link to nothing", |path| symlink("nowhere", path).unwrap()),
        ("a link to itself", |path| symlink(path, path).unwrap()),
    ];
    for (at, (what, make)) in damage.into_iter().enumerate() {
        let file = list.join("r.io_app-b");
        if file.is_dir() {
            fs::remove_dir(&file).unwrap();
        } else {
            fs::remove_file(&file).unwrap();
        }
        make(&file);
        let name = before().reference().clone();
        assert!(ready(store.load(&name)).is_err(), "{what}: the whole list cannot be read");
        let image = reference("r.io/app:a");
        let seen = ready(store.load_entries(&name, &[&image])).expect(what).expect("it is there");
        let entry = crate::suite::entry("r.io/app:a", Platform::new("linux", &format!("arch{at}")));
        assert_eq!(
            ready(store.edit(&name, &ListEdit::put(&seen, entry.clone()))),
            Ok(Outcome::Done(())),
            "{what}"
        );
        let now = ready(store.load_entries(&name, &[&image])).expect(what).expect("it is there");
        assert_eq!(now.get(&image), Some(&entry), "{what}");
        // The damaged one is told when it is asked for.
        assert!(ready(store.load_entries(&name, &[&reference("r.io/app:b")])).is_err(), "{what}");
    }
    assert_eq!(ready(store.remove(before().reference())), Ok(true));
    assert_eq!(ready(store.names()), Ok(vec![]));
}

#[test]
fn the_folder_may_be_a_link_to_another_file_system_in_a_folder_that_cannot_be_written() {
    let Ok(elsewhere) = tempfile::tempdir_in("/dev/shm") else { return skip_test("there is no /dev/shm") };
    let folder = tempfile::tempdir().expect("a folder can be made");
    let root = folder.path().join("manifests");
    symlink(elsewhere.path(), &root).expect("links can be made");
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).expect("it is ours");
    ready(crate::suite::run(&store(&root)));
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).expect("it is ours");
}

#[test]
fn a_list_may_be_a_link_to_another_file_system() {
    let Ok(elsewhere) = tempfile::tempdir_in("/dev/shm") else { return skip_test("there is no /dev/shm") };
    let folder = tempfile::tempdir().expect("a folder can be made");
    symlink(elsewhere.path(), folder.path().join("r.io_app-1")).expect("links can be made");
    let store = store(folder.path());
    ready(store.save(&before())).expect("it is saved");
    assert_eq!(ready(store.load(before().reference())), Ok(Some(before())));
    amend(&store, before().reference(), "r.io/app:d");
    let names: Vec<_> =
        fs::read_dir(elsewhere.path()).unwrap().map(|name| name.unwrap().file_name()).collect();
    assert_eq!(names.len(), 4, "{names:?}");
    // Of a link the link alone is removed.
    assert_eq!(ready(store.remove(before().reference())), Ok(true));
    assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 4);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

/// A file system of its own, mounted at a folder for as long as this is kept.
struct Mount<'a>(&'a Path);

impl<'a> Mount<'a> {
    /// Returns `None` if this user may not mount.
    fn new(at: &'a Path) -> Option<Self> {
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(at).output();
        let mounted = mounted.ok()?;
        // Made only then: whoever drops it unmounts.
        mounted.status.success().then(|| Self(at))
    }
}

impl Drop for Mount<'_> {
    fn drop(&mut self) {
        let unmounted = Command::new("umount").arg(self.0).status();
        assert!(unmounted.is_ok_and(|status| status.success()), "{} stays mounted", self.0.display());
    }
}

#[test]
fn the_folder_may_be_a_mount() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let root = folder.path().join("manifests");
    fs::create_dir(&root).expect("a folder can be made");
    let Some(_mount) = Mount::new(&root) else { return skip_test("only root may mount") };
    ready(crate::suite::run(&store(&root)));
}

#[test]
fn a_list_may_be_a_mount_that_is_changed_and_stays_where_it_is() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let list = folder.path().join("r.io_app-1");
    fs::create_dir(&list).expect("a folder can be made");
    let Some(_mount) = Mount::new(&list) else { return skip_test("only root may mount") };
    let store = store(folder.path());
    ready(store.save(&before())).expect("it is saved");
    assert_eq!(ready(store.load(before().reference())), Ok(Some(before())));
    // Several files at once, as a journal has them, and one.
    let fewer = crate::suite::list("r.io/app:1", &["r.io/app:a", "r.io/app:x"]);
    ready(store.save(&fewer)).expect("it is saved");
    assert_eq!(ready(store.load(before().reference())), Ok(Some(fewer)));
    amend(&store, before().reference(), "r.io/app:y");
    // The system moves no mount: the list is removed and renamed whole or not at all.
    let refused = [
        ready(store.remove(before().reference())).map(drop),
        ready(store.rename(before().reference(), &reference("r.io/new:1"))).map(drop),
    ];
    for refused in refused {
        let error = refused.expect_err("it is a mount").to_string();
        assert!(error.ends_with("resource busy"), "{error}");
    }
    let now = ready(store.load(before().reference())).expect("it can be read").expect("it is there");
    assert_eq!(now.len(), 3);
    let names: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|name| name.unwrap().file_name()).collect();
    assert_eq!(names, ["r.io_app-1"], "nothing is left beside the list");
}

#[test]
fn a_folder_that_cannot_be_written_can_be_read_and_says_so_when_it_is_changed() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    ready(store(folder.path()).save(&before())).expect("it is saved");
    let read_only = FileStore::new(ReadOnly, folder.path().to_str().expect("it is UTF-8"));
    assert_eq!(ready(read_only.load(before().reference())), Ok(Some(before())));
    let error = ready(read_only.save(&crate::suite::list("r.io/app:1", &["r.io/app:x"])))
        .expect_err("it is read-only");
    assert!(error.to_string().ends_with("read-only file system"), "{error}");
    assert!(ready(read_only.remove(before().reference())).is_err());
    assert_eq!(ready(store(folder.path()).load(before().reference())), Ok(Some(before())));
}

/// A file system that nobody may write to. The tests may run as root, who may write everywhere.
struct ReadOnly;

impl ReadOnly {
    fn refuse(path: &str) -> Result<(), FileError> {
        let message = format!("open {path}: read-only file system");
        Err(FileError { kind: FileErrorKind::ReadOnly, message })
    }
}

impl Folder for ReadOnly {
    fn list(&self, path: &str) -> Result<Option<Vec<String>>, FileError> {
        NativeFolder.list(path)
    }

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, FileError> {
        NativeFolder.read(path)
    }

    fn create_file(&self, path: &str, _: &[u8], _: bool) -> Result<(), FileError> {
        Self::refuse(path)
    }

    fn create_folder(&self, path: &str) -> Result<(), FileError> {
        Self::refuse(path)
    }

    fn rename(&self, _: &str, to: &str) -> Result<(), FileError> {
        Self::refuse(to)
    }

    fn remove_file(&self, path: &str) -> Result<(), FileError> {
        Self::refuse(path)
    }

    fn remove_folder(&self, path: &str) -> Result<(), FileError> {
        Self::refuse(path)
    }

    fn sync(&self, _: &str) -> Result<(), FileError> {
        Ok(())
    }

    fn holder(&self) -> Holder {
        NativeFolder.holder()
    }

    fn is_alive(&self, process: u32) -> Option<bool> {
        NativeFolder.is_alive(process)
    }

    fn pause(&self) -> LocalBoxFuture<'_, ()> {
        NativeFolder.pause()
    }
}

#[test]
fn a_journal_of_a_stranger_changes_nothing_outside_the_folder() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let root = folder.path().join("manifests");
    let prefix = format!("manifests/.tallyman-{}", &Digest::of(b"r.io_app-1").hex()[..32]);
    let secret = folder.path().join("secret");
    for journal in [
        r#"{"list":"r.io_app-1","staged":{},"removed":["../../secret"]}"#,
        r#"{"list":"r.io_app-1","staged":{"stolen":"../secret"},"removed":[]}"#,
        r#"{"list":"r.io_app-1","staged":{"../../secret":"r.io_app-1/r.io_app-a"},"removed":[]}"#,
        r#"{"list":"..","staged":{},"removed":["secret"]}"#,
        r#"{"list":"../../","staged":{},"removed":["secret"]}"#,
        r#"{"list":"","staged":{},"removed":["../secret"]}"#,
    ] {
        let store = store(&root);
        ready(store.save(&before())).expect("it is saved");
        fs::write(&secret, "secret").expect("it can be written");
        fs::write(folder.path().join(format!("{prefix}.journal")), journal).expect("it can be written");
        assert_eq!(ready(store.load(before().reference())), Ok(Some(before())), "{journal}");
        amend(&store, before().reference(), "r.io/app:y");
        amend(&store, &reference("r.io/other:1"), "r.io/app:y");
        assert_eq!(fs::read(&secret).expect("it is there"), b"secret", "{journal}");
        let mut names: Vec<_> = fs::read_dir(&root).unwrap().map(|name| name.unwrap().file_name()).collect();
        names.sort_unstable();
        assert_eq!(names, ["r.io_app-1", "r.io_other-1"], "{journal}");
        ready(store.remove(before().reference())).expect("it is removed");
        ready(store.remove(&reference("r.io/other:1"))).expect("it is removed");
    }
}

#[test]
fn names_that_lead_out_of_the_folder_are_refused_by_each_operation() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let root = folder.path().join("manifests");
    let secret = folder.path().join("other").join("secret");
    fs::create_dir_all(secret.parent().expect("it is in a folder")).expect("a folder can be made");
    fs::write(&secret, "secret").expect("it can be written");
    let lists = ListFolders::new(NativeFolder, root.to_str().expect("it is UTF-8"));
    let files = |name: &str| [(name.to_owned(), b"{}".to_vec())];
    assert_eq!(ready(lists.add("r.io_app-1", &files("r.io_app-a"))), Ok(true));
    let refused = |refused: Result<(), FileError>, name: &str| {
        let error = refused.expect_err(name).to_string();
        assert!(error.ends_with("invalid file name"), "{error}");
    };
    for name in ["", ".", "..", "../other", "/other", "a/b", "a\\b", "a\0b", ".tallyman-x", ".hidden"] {
        refused(ready(lists.read(name)).map(drop), name);
        refused(ready(lists.add(name, &[])).map(drop), name);
        refused(ready(lists.replace(name, &[])), name);
        refused(ready(lists.update(name, |_| Ok::<_, FileError>(vec![]))).map(drop), name);
        refused(ready(lists.rename(name, "r.io_new-1")).map(drop), name);
        refused(ready(lists.rename("r.io_app-1", name)).map(drop), name);
        refused(ready(lists.remove(name, |_| true)).map(drop), name);
    }
    for name in ["", "..", "../../other/secret", "../secret", ".tallyman-new"] {
        refused(ready(lists.add("r.io_new-1", &files(name))).map(drop), name);
        refused(ready(lists.replace("r.io_app-1", &files(name))), name);
        for after in [None, Some(b"{}".to_vec())] {
            let change = FileChange { name: name.to_owned(), after };
            refused(ready(lists.update("r.io_app-1", |_| Ok::<_, FileError>(vec![change]))).map(drop), name);
        }
    }
    assert_eq!(fs::read(&secret).expect("it is there"), b"secret");
    assert_eq!(
        ready(lists.read("r.io_app-1")),
        Ok(Some(vec![("r.io_app-a".to_owned(), Ok(b"{}".to_vec()))]))
    );
    let names: Vec<_> = fs::read_dir(&root).unwrap().map(|name| name.unwrap().file_name()).collect();
    assert_eq!(names, ["r.io_app-1"]);
    // A file that another program has left in a list's folder is removed with what the list had.
    fs::write(root.join("r.io_app-1").join(".DS_Store"), "x").expect("it can be written");
    assert_eq!(ready(lists.replace("r.io_app-1", &files("r.io_app-b"))), Ok(()));
    assert_eq!(fs::read_dir(root.join("r.io_app-1")).unwrap().count(), 1);
}
