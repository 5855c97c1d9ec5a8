//! The rows that the page asks for.

use std::rc::Rc;

use super::Session;
use crate::{
    image::{Built, ImagePair},
    listing::Listing,
    messages::{ImageId, QueryId, Response, Subject, View},
    visible::Visible,
};

/// The rows that were asked for last.
pub(super) struct LastView {
    of: Subject,
    view: View,
    generations: (u32, u32),
    listing: Rc<Listing>,
    visible: Visible,
}

impl Session {
    pub(super) fn rows(&mut self, query: QueryId, of: Subject, view: View, first: u32, count: u32) {
        let Some(generations) = self.generations(of) else {
            return self.post(Response::Rows { query, total: 0, matches: None, first: 0, rows: Vec::new() });
        };
        let is_known = self
            .last
            .as_ref()
            .is_some_and(|last| (last.of, last.generations) == (of, generations) && last.view == view);
        if !is_known {
            // A listing of differences is the same whatever is searched in it.
            let last = self.last.take().filter(|last| (last.of, last.generations) == (of, generations));
            let listing = match (of, last) {
                (Subject::Differences(..), Some(last)) => last.listing,
                (Subject::Differences(left, right), None) => match self.differences(left, right) {
                    Some(listing) => Rc::new(listing),
                    None => return,
                },
                (Subject::Image(image), _) => match self.built(image) {
                    Some(built) => built.listing(view.layer),
                    None => return,
                },
            };
            let Some(visible) = self.with_entries(of, |entries| match entries {
                Side::One(built) => Visible::of(&listing, &view, built),
                Side::Both(both) => Visible::of(&listing, &view, both),
            }) else {
                return;
            };
            self.last = Some(LastView { of, view, generations, listing, visible });
        }
        let Some(last) = &self.last else { return };
        let (from, count) = (first as usize, count as usize);
        let rows = self.with_entries(of, |entries| match entries {
            Side::One(built) => last.visible.rows(&last.listing, built, from, count),
            Side::Both(both) => last.visible.rows(&last.listing, both, from, count),
        });
        let (total, matches) = (last.visible.len() as u32, last.visible.matches);
        self.post(Response::Rows { query, total, matches, first, rows: rows.unwrap_or_default() });
    }

    pub(super) fn built(&self, image: ImageId) -> Option<Rc<Built>> {
        self.images.get(&image)?.built.clone()
    }

    fn generations(&self, of: Subject) -> Option<(u32, u32)> {
        let of_image =
            |number| Some(self.images.get(&number).filter(|image| image.built.is_some())?.summary.generation);
        match of {
            Subject::Image(image) => Some((of_image(image)?, 0)),
            Subject::Differences(left, right) => Some((of_image(left)?, of_image(right)?)),
        }
    }

    fn differences(&self, left: ImageId, right: ImageId) -> Option<Listing> {
        let (one, other) = (self.built(left)?, self.built(right)?);
        let (left, right) = (&self.images.get(&left)?.layers, &self.images.get(&right)?.layers);
        Some(Built::differences(&one, &other, |a, b| {
            left.get(a).is_some_and(|key| right.get(b) == Some(key))
        }))
    }

    fn with_entries<T>(&self, of: Subject, then: impl FnOnce(Side<'_>) -> T) -> Option<T> {
        match of {
            Subject::Image(image) => Some(then(Side::One(&*self.built(image)?))),
            Subject::Differences(left, right) => {
                let (left, right) = (self.built(left)?, self.built(right)?);
                Some(then(Side::Both(&ImagePair(&left, &right))))
            }
        }
    }
}

/// The entries of one image or of two.
enum Side<'a> {
    One(&'a Built),
    Both(&'a ImagePair<'a>),
}
