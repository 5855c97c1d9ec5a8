//! Consent to add images to a list: given by a click in this app, never by the address of a page.

use std::cell::RefCell;

/// The thing that the person wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// A new list of the images. One that is there already is not what was asked for.
    NewList,
    /// The images in the list, whether or not there is one.
    Images,
}

/// A list and images for it, as they stand in the address of the list's page.
type Addition = (String, Vec<String>);

thread_local! {
    static CONFIRMED: RefCell<Option<(Addition, Wanted)>> = const { RefCell::new(None) };
}

/// Records what the person wants of `images` and `list`.
pub fn confirm(list: &str, images: &[String], wanted: Wanted) {
    CONFIRMED.set(Some(((list.to_owned(), images.to_vec()), wanted)));
}

/// Returns, once, what the person wants of `images` and `list`. Returns `None` if nobody has clicked for it.
pub fn take(list: &str, images: &[String]) -> Option<Wanted> {
    let ((its_list, its_images), wanted) = CONFIRMED.take()?;
    (its_list == list && its_images == images).then_some(wanted)
}

#[cfg(test)]
mod tests {
    use super::{Wanted, confirm, take};

    #[test]
    fn consent_counts_once_and_for_what_was_shown() {
        let images = ["r.io/a:1".to_owned()];
        assert_eq!(take("r.io/list:1", &images), None);
        for wanted in [Wanted::Images, Wanted::NewList] {
            confirm("r.io/list:1", &images, wanted);
            assert_eq!(take("r.io/list:1", &images), Some(wanted));
            assert_eq!(take("r.io/list:1", &images), None);
        }
        confirm("r.io/list:1", &images, Wanted::Images);
        assert_eq!(take("r.io/other:1", &images), None);
    }
}
