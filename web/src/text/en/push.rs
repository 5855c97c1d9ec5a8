use crate::text::Push;

pub static PUSH: Push = Push {
    title: "Push",
    trail: "Local lists",
    absent: |name| format!("There is no local list named {name}"),
    empty: "The list has no image: there is nothing to push.",
    cannot: "This list cannot be pushed as it is",
    mend: "Back to the list",
    plan: "What a push will do",
    looking: "Asking the registry what it has already",
    survey_failed: |why| format!("What the registry has already could not be found out: {why}"),
    cost: |steps, requests, bytes| format!("{steps} steps, {requests} requests, {bytes} to send"),
    already: |count, of| format!("{count} of {of} are there already"),
    standing_same: |name| format!("{name} is exactly this list already."),
    standing_other: |name, digest| format!("{name} stands for {digest} now; the push moves it."),
    standing_none: |name| format!("{name} is new in the registry."),
    interrupted: |done, of| {
        format!(
            "An earlier push of this list was interrupted after {done} of {of} steps. It goes on from there."
        )
    },
    copy_why: |images, registries, target| {
        let images = if images == 1 { "One image is".to_owned() } else { format!("{images} images are") };
        format!(
            "{images} in another registry than {target}: {registries}. Docker refuses to push such a list."
        )
    },
    copy: |images| {
        if images == 1 {
            "Copy this image along".to_owned()
        } else {
            format!("Copy these {images} images along")
        }
    },
    copy_about: |requests, bytes| {
        format!(
            "At most {requests} requests, and {bytes} that go through this browser: fewer where some is there already."
        )
    },
    skip: "Leave out what is there already",
    purge: "Remove the local list afterwards",
    start: "Push",
    resume: "Go on with the push",
    again: "Push again",
    retry: "Retry what failed",
    pause: "Pause",
    go_on: "Go on",
    cancel: "Cancel",
    step: "#",
    what: "Step",
    request: "request",
    requests: "Requests",
    bytes: "Bytes",
    state: "State",
    mount: |digest, from| format!("Mount {digest} from {from}"),
    mount_if_there: |digest, from| format!("Mount {digest} from {from}, where it is there"),
    copy_blob: |digest, from| format!("Copy {digest} from {from}"),
    put_manifest: |image| format!("Put the manifest of {image}"),
    put_list: |name| format!("Put the list as {name}"),
    waiting: "to do",
    running: "under way",
    done: "done",
    present: "there already",
    failed_step: "failed",
    pushing: |done, of| format!("Pushing: {done} of {of} steps are done"),
    paused: |done, of| format!("Paused after {done} of {of} steps"),
    cancelled: |done, of| {
        format!(
            "Cancelled after {done} of {of} steps. What was done stays in the registry and does no harm; the name was not moved."
        )
    },
    failed: "The push did not come to its end",
    failed_lead: |done, of| {
        format!("{done} of {of} steps are done. The name still stands for what it stood for.")
    },
    finished: |name| format!("Pushed {name}"),
    pull: "Pull it by its digest",
    pushed_refs: "Images that were put beside it",
    inspect: "Inspect it",
    purged: "The local list is removed.",
    purge_now: "Remove the local list",
    progress: "Progress of the push",
};
