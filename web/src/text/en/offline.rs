use crate::text::Offline;

pub static OFFLINE: Offline = Offline {
    offline: "No network: local lists can be edited; of registries, only what was looked at before is here.",
    new_version: "A new version of this app is ready.",
    reload: "Use it",
};
