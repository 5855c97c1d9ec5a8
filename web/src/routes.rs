//! Addresses of pages: the part of the address behind the `#`.
//!
//! [`pages!`] is the one table of pages. A row has the fields of a route, its address, and the component that draws it; the rows
//! of a chunk stand together. An address ends with the fields, separated by bars; a list of texts comes last, behind a semicolon.

use yew::prelude::*;

use crate::{
    chunks::Chunk,
    pages::{
        build::Build as BuildPage,
        command::CommandLine as CommandPage,
        compare::Compare as ComparePage,
        copy::Copy as CopyPage,
        delete::Delete as DeletePage,
        explore::Explore as ExplorePage,
        files::Files as FilesPage,
        inspect::Inspect as InspectPage,
        lists::{Linked as ImportPage, Lists as ListsPage},
        push::Push as PushPage,
        registries::Registries as RegistriesPage,
        start::Start as StartPage,
    },
};

/// A page. Every view has an address that can be sent to somebody else.
#[derive(Clone, Debug, PartialEq)]
pub enum Route {
    /// The start page: `#/`.
    Start,
    /// One manifest: `#/inspect/127.0.0.1:5050/samples/hello:latest`, the reference as it was written.
    Inspect {
        /// The reference as it was written; it need not be valid.
        reference: String,
    },
    /// Two manifests: `#/compare/LEFT|RIGHT`. No reference has a `|`.
    Compare {
        /// The reference on the left.
        left: String,
        /// The reference on the right.
        right: String,
    },
    /// The files of an image, or those that differ between two: `#/files/127.0.0.1:5050/samples/files:1`, `#/files/LEFT|RIGHT`.
    Files {
        /// The image as it was written.
        reference: String,
        /// The image on the right; at most one.
        right: Vec<String>,
    },
    /// A registry's repositories or a repository's tags: `#/explore/127.0.0.1:5050`, `#/explore/HOST/samples/hello`.
    Explore {
        /// The registry, or the repository with its registry.
        place: String,
    },
    /// Registries, their settings and who is signed in: `#/registries`.
    Registries,
    /// The local lists: `#/lists`.
    Lists,
    /// A local list being built: `#/build/HOST/app:v1`; with images to add, `#/build/HOST/app:v1|IMAGE|IMAGE`. The name
    /// may be empty then, and is asked for.
    Build {
        /// The list as it was written.
        list: String,
        /// Images to add, as they were written.
        sources: Vec<String>,
    },
    /// Pushing a local list: `#/push/HOST/app:v1`.
    Push {
        /// The list as it was written.
        list: String,
    },
    /// Tagging or copying an image: `#/copy/SOURCE`, `#/copy/SOURCE|TARGET`.
    Copy {
        /// The image or the list.
        source: String,
        /// The target; at most one.
        target: Vec<String>,
    },
    /// Taking tags out of a repository: `#/delete/HOST/app|v1|v2`.
    Delete {
        /// The repository with its registry.
        place: String,
        /// Tags that are chosen at first.
        tags: Vec<String>,
    },
    /// The command line: `#/command`; with a line that is typed and not run, `#/command/inspect alpine`.
    Command {
        /// The line; at most one.
        line: Vec<String>,
    },
    /// A list that the address itself carries: `#/import/…`.
    Import {
        /// The list, packed.
        packed: String,
    },
    /// Any other address.
    NotFound {
        /// The address.
        path: String,
    },
}

impl Route {
    /// The page of one manifest.
    pub fn inspect(reference: &impl ToString) -> Self {
        Self::Inspect { reference: reference.to_string() }
    }

    /// The page on which a list is built.
    pub fn build(list: &impl ToString) -> Self {
        Self::Build { list: list.to_string(), sources: Vec::new() }
    }
}

macro_rules! pages {
    ($($draw:ident in $chunk:expr => {
        $($name:ident { $($field:ident),* $(; $more:ident)? } at $address:literal: $page:ident;)*
    })*) => {
        impl Route {
            /// The chunk of the program that draws the page. Returns `None` if the page comes with the frame.
            pub fn chunk(&self) -> Option<Chunk> {
                match self {
                    $($(Self::$name { .. } => $chunk,)*)*
                    Self::NotFound { .. } => None,
                }
            }

            /// The page's address without its fields, and the fields.
            fn parts(&self) -> (&str, Vec<&str>) {
                match self {
                    $($(Self::$name { $($field,)* $($more)? } => {
                        let fields: Vec<&str> = vec![$($field.as_str()),*];
                        ($address, fields.into_iter()$(.chain($more.iter().map(String::as_str)))?.collect())
                    })*)*
                    Self::NotFound { path } => (path, Vec::new()),
                }
            }

            /// The page at an address. Returns `None` if there is no such page.
            // A page without fields reads none.
            #[allow(unused_mut, unused_variables)]
            fn at(path: &str) -> Option<Self> {
                $($(
                    let (fields, more): (&[&str], &[&str]) =
                        (&[$(stringify!($field)),*], &[$(stringify!($more))?]);
                    if let Some(texts) = texts_at(path, $address, fields.len(), !more.is_empty()) {
                        let mut texts = texts.into_iter();
                        return Some(Self::$name {
                            $($field: texts.next()?,)*
                            $($more: texts.filter(|text| !text.is_empty()).collect(),)?
                        });
                    }
                )*)*
                None
            }
        }

        $(
            /// Draws the pages of one chunk.
            pub fn $draw(route: Route) -> Html {
                match route {
                    $(Route::$name { $($field,)* $($more)? } => html! { <$page $({$field})* $({$more})? /> },)*
                    _ => Html::default(),
                }
            }
        )*
    };
}

pages! {
    draw_frame in None => {
        Start {} at "/": StartPage;
    }
    draw_registries in Some(Chunk::Registries) => {
        Registries {} at "/registries": RegistriesPage;
    }
    draw_inspect in Some(Chunk::Inspect) => {
        Inspect { reference } at "/inspect/": InspectPage;
    }
    draw_files in Some(Chunk::Files) => {
        Files { reference; right } at "/files/": FilesPage;
    }
    draw_explore in Some(Chunk::Explore) => {
        Explore { place } at "/explore/": ExplorePage;
    }
    draw_lists in Some(Chunk::Lists) => {
        Compare { left, right } at "/compare/": ComparePage;
        Lists {} at "/lists": ListsPage;
        Build { list; sources } at "/build/": BuildPage;
        Push { list } at "/push/": PushPage;
        Copy { source; target } at "/copy/": CopyPage;
        Delete { place; tags } at "/delete/": DeletePage;
        Import { packed } at "/import/": ImportPage;
    }
    draw_command in Some(Chunk::Command) => {
        Command {; line } at "/command/": CommandPage;
    }
}

impl Route {
    /// Its address. By hand, because a reference keeps its slashes, colons and `@` in it.
    pub fn to_path(&self) -> String {
        let (address, fields) = self.parts();
        let fields: Vec<_> = fields.into_iter().map(encoded).collect();
        if fields.is_empty() && address.len() > 1 {
            return address.trim_end_matches('/').to_owned();
        }
        format!("{address}{}", fields.join("|"))
    }

    /// The page at an address.
    pub fn at_path(path: &str) -> Self {
        Self::at(path).unwrap_or_else(|| Self::NotFound { path: path.to_owned() })
    }
}

/// The texts behind the address of a page, as many as it has `fields`, or all if it `takes_more`. Returns `None` if `path` is
/// not at that address or has too few texts.
fn texts_at(path: &str, address: &str, fields: usize, takes_more: bool) -> Option<Vec<String>> {
    if fields == 0 && path.trim_end_matches('/') == address.trim_end_matches('/') {
        return Some(Vec::new());
    }
    if fields == 0 && !takes_more {
        return None;
    }
    let rest = path.strip_prefix(address).filter(|rest| !rest.is_empty())?;
    if fields == 1 && !takes_more {
        return Some(vec![decoded(rest)]);
    }
    // Some programs write the bar in links as %7C.
    let rest = rest.replace("%7C", "|").replace("%7c", "|");
    let count = if takes_more { usize::MAX } else { fields };
    let texts: Vec<_> = rest.splitn(count, '|').map(decoded).collect();
    (texts.len() >= fields).then_some(texts)
}

/// Text for an address. What references are made of stays as it is, so that a person can read and edit it there.
fn encoded(text: &str) -> String {
    text.chars().fold(String::new(), |mut path, c| {
        if c.is_ascii_alphanumeric() || "/:@._-[]+".contains(c) {
            path.push(c);
        } else {
            path.push_str(&String::from(js_sys::encode_uri_component(c.encode_utf8(&mut [0; 4]))));
        }
        path
    })
}

/// Returns the text that a part of an address encodes. A `%` without two digits behind it stands for itself, and what is not UTF-8
/// then stays as it is.
pub fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((byte, after)) = rest.split_first() {
        let code = after.split_at_checked(2).filter(|_| *byte == b'%').and_then(|(digits, after)| {
            let digit = |at: usize| char::from(digits[at]).to_digit(16);
            Some((u8::try_from(digit(0)? * 16 + digit(1)?).ok()?, after))
        });
        let (byte, after) = code.unwrap_or((*byte, after));
        bytes.push(byte);
        rest = after;
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::decoded;

    #[test]
    fn texts_of_addresses_are_decoded_as_far_as_they_can_be() {
        for (text, expected) in [
            ("r.io/a%3A1%40sha256", "r.io/a:1@sha256"),
            ("a%C3%B1o%2f%7c", "año/|"),
            ("100%", "100%"),
            ("%4", "%4"),
            ("%+4%zz%41", "%+4%zzA"),
            ("%ff%41", "%ff%41"),
            ("", ""),
        ] {
            assert_eq!(decoded(text), expected, "{text}");
        }
    }
}
