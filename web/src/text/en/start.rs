use crate::text::Start;

pub static START: Start = Start {
    title: "What is in that image?",
    lead: "Manifests and multi-architecture manifest lists, straight from the registry. Every digest is computed in this tab and compared with what the registry says.",
    recent: "Recent",
    forget: "Forget these",
    lists: "Local lists",
    manage_lists: "Manage lists",
    all_lists: |count| format!("All {count} lists"),
    registries: "Registries",
    manage: "Settings and sign-in",
    samples: "Worth a look",
    which: "Which registries work from here",
    which_text: "Any registry that lets pages of other origins read from it (CORS). When one does not, the page says so and shows the lines that its configuration needs.",

    label: "Image, list, repository, registry, or a pasted command",
    placeholder: "127.0.0.1:5000/app:v1",
    go: "Open",
    open: "Open",
    open_hint: "A reference, a digest, a repository with a slash behind it, a registry, or a pasted docker line",
    open_keys: "Open anything: Ctrl K",
    suggestions: "Suggestions",
    inspect: |reference| format!("Inspect {reference}"),
    explore: |place| format!("Explore {place}"),
    is_recent: "recent",
    is_registry: "registry",
};
