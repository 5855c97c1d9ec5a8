//! The colour theme: the one that was chosen, else the one that the server of the app names.

use super::storage::Keep;

const KEY: &str = "theme";

/// Colour theme of the app.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// The theme that the browser prefers.
    #[default]
    Auto,
    /// Light.
    Light,
    /// Dark.
    Dark,
}

impl Theme {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 3] = [Self::Auto, Self::Light, Self::Dark];

    /// Its name in addresses and stores.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    /// Returns the theme of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.name() == name)
    }

    /// Applies the theme that was chosen, else `self`. Returns the one that is applied.
    pub fn start(self) -> Self {
        let chosen = Keep::Stored.read(KEY).and_then(|name| Self::of_name(&name));
        let theme = chosen.unwrap_or(self);
        theme.apply();
        theme
    }

    /// Applies the theme, in this tab and those opened later.
    pub fn choose(self) {
        // A browser that keeps nothing begins with the server's theme next time.
        let _ = Keep::Stored.write(KEY, self.name());
        self.apply();
    }

    fn apply(self) {
        let page = web_sys::window().and_then(|window| window.document()?.document_element());
        if let Some(page) = page {
            // A page that does not take an attribute stays as the browser says.
            let _ = match self {
                Self::Auto => page.remove_attribute("data-theme"),
                Self::Light | Self::Dark => page.set_attribute("data-theme", self.name()),
            };
        }
    }
}
