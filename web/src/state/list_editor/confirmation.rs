//! Consent to add images to a list: given by a click in this app, never by the address of a page.

use std::cell::RefCell;

/// A list and images for it, as they stand in the address of the list's page.
type Addition = (String, Vec<String>);

thread_local! {
    static CONFIRMED: RefCell<Option<Addition>> = const { RefCell::new(None) };
}

/// Records that the person wants `images` in `list`.
pub fn confirm(list: &str, images: &[String]) {
    CONFIRMED.set(Some((list.to_owned(), images.to_vec())));
}

/// Returns `true`, once, if the person wants `images` in `list`.
pub fn take(list: &str, images: &[String]) -> bool {
    CONFIRMED.take().is_some_and(|(its_list, its_images)| its_list == list && its_images == images)
}

#[cfg(test)]
mod tests {
    use super::{confirm, take};

    #[test]
    fn consent_counts_once_and_for_what_was_shown() {
        let images = ["r.io/a:1".to_owned()];
        assert!(!take("r.io/list:1", &images));
        confirm("r.io/list:1", &images);
        assert!(take("r.io/list:1", &images));
        assert!(!take("r.io/list:1", &images));
        confirm("r.io/list:1", &images);
        assert!(!take("r.io/other:1", &images));
    }
}
