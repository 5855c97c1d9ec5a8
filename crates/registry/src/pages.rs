//! Lists that come in pages: tags and repositories.

use std::collections::HashSet;

use bytes::Bytes;
use futures_util::{
    StreamExt,
    stream::{self, LocalBoxStream},
};
use http::Method;
use tallyman_auth::{Scopes, form, next_link};
use tallyman_core::{
    Reference, Registry,
    json::{FieldError, Object, string},
};

use crate::{
    Client, Error, Response,
    download::collect,
    error::shown_url,
    request::{ApiRequest, Endpoint},
};

/// Entries of a page that are asked for. Some registries refuse more than they would give anyway; none refuses this.
const PAGE: usize = 1000;
/// Bytes that a page may have: Distribution 2.8 sends all tags in one.
const PAGE_MAX: u64 = 64 * 1024 * 1024;
/// Names that a page may have, which take many times its bytes once they are read: no registry is known that has so many tags
/// in a repository.
const NAMES_MAX: usize = 1_000_000;
/// Pages of one list: four million names where pages are full, 200,000 at registries that give 50 at a time.
const PAGES_MAX: usize = 4000;
/// Names and bytes of all pages of one list: whoever collects a list has it in memory.
const LIST_NAMES_MAX: usize = 4_000_000;
const LIST_BYTES_MAX: usize = 96 * 1024 * 1024;
/// Bytes of the path of a next page. All are remembered, and no server takes longer ones.
const PATH_MAX: usize = 8 * 1024;
/// Pages in a row that bring no name.
const EMPTY_PAGES_MAX: usize = 16;

/// The pages in which tags are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TagPages {
    /// The number of tags that a page may have; the client's own if there is none.
    pub size: Option<usize>,
    /// The tag behind which the first page begins, in the registry's order.
    pub last: Option<String>,
}

/// A list that is being read page by page.
struct Listing {
    client: Client,
    /// The number of names that are asked for; the registry's own if there is none.
    size: Option<usize>,
    request: ApiRequest,
    path: String,
    /// The first page without a size, for a registry that refuses the client's own.
    without_size: Option<String>,
    last: Option<String>,
    /// The pages that have been asked for.
    seen: HashSet<String>,
    empty_pages: usize,
    /// The commas between names so far, and the bytes of their pages.
    names: usize,
    bytes: usize,
}

impl Client {
    /// Lists the tags of the repository of `reference`, page by page, in the registry's order.
    ///
    /// # Errors
    /// As the last item: [those of every request](Error#errors-of-every-request); [`Error::TooLarge`] for a page over
    /// 64 MiB, [`Error::Protocol`] for a page without names, [`Error::Paging`] for a list that has no end, or may be incomplete.
    pub fn tags(&self, reference: &Reference) -> LocalBoxStream<'static, Result<Vec<String>, Error>> {
        self.tags_in_pages(reference, &TagPages::default())
    }

    /// Lists the tags of the repository of `reference` as [`Client::tags`] does, in pages of one's own.
    ///
    /// # Errors
    /// The errors of [`Client::tags`].
    pub fn tags_in_pages(
        &self,
        reference: &Reference,
        pages: &TagPages,
    ) -> LocalBoxStream<'static, Result<Vec<String>, Error>> {
        let scopes = Scopes::pull(reference.repository().as_str());
        let path = format!("/v2/{}/tags/list", reference.repository().as_str());
        let endpoint = Endpoint::Path(path.clone());
        self.pages(path, pages, ApiRequest::at(Method::GET, reference, endpoint, scopes))
    }

    /// Lists the repositories of a registry, page by page. Many registries show nobody theirs.
    ///
    /// # Errors
    /// The errors of [`Client::tags`].
    pub fn repositories(&self, registry: &Registry) -> LocalBoxStream<'static, Result<Vec<String>, Error>> {
        let path = "/v2/_catalog".to_owned();
        let endpoint = Endpoint::Path(path.clone());
        let request = ApiRequest::of_registry(Method::GET, registry, endpoint, Scopes::catalog());
        self.pages(path, &TagPages::default(), request)
    }

    fn pages(
        &self,
        path: String,
        pages: &TagPages,
        request: ApiRequest,
    ) -> LocalBoxStream<'static, Result<Vec<String>, Error>> {
        let last = pages.last.as_deref();
        let size = Some(pages.size.unwrap_or(PAGE));
        let first = page_of(&path, size, last);
        let without_size = pages.size.is_none().then(|| page_of(&path, None, last));
        let seen = HashSet::from([first.clone()]);
        let request = ApiRequest { endpoint: Endpoint::Path(first), may_be_shortened: true, ..request };
        let listing = Listing {
            client: self.clone(),
            size,
            request,
            path,
            without_size,
            last: None,
            seen,
            empty_pages: 0,
            names: 0,
            bytes: 0,
        };
        stream::unfold(Some(listing), async |listing| {
            let mut listing = listing?;
            match listing.page().await {
                Ok((names, true)) => Some((Ok(names), Some(listing))),
                Ok((names, false)) => Some((Ok(names), None)),
                Err(error) => Some((Err(error), None)),
            }
        })
        .boxed_local()
    }
}

impl Listing {
    /// Returns the names of the next page, and `true` if there is another one.
    async fn page(&mut self) -> Result<(Vec<String>, bool), Error> {
        let mut fetched = self.fetch().await;
        if let (Err(error), Some(first)) = (&fetched, self.without_size.take())
            && is_about_size(error)
        {
            self.size = None;
            self.seen.insert(first.clone());
            self.request.endpoint = Endpoint::Path(first);
            fetched = self.fetch().await;
        }
        let (url, next, bytes) = fetched?;
        let broken = |expected, found: String| Error::Paging { url: url.clone(), expected, found };
        // Names have no commas, so there are no more of them than these.
        let most = bytes.iter().filter(|byte| **byte == b',').count();
        if most > NAMES_MAX {
            return Err(broken("a page of at most a million names", format!("one with {most} commas")));
        }
        self.names += most;
        self.bytes += bytes.len();
        if self.names > LIST_NAMES_MAX || self.bytes > LIST_BYTES_MAX {
            return Err(broken(
                "an end of the list",
                format!("{} names in {} bytes, and more", self.names, self.bytes),
            ));
        }
        let names = names_of(&bytes).map_err(|fault| Error::Protocol {
            url: url.clone(),
            expected: "a JSON object with names",
            found: format!("one that cannot be read: {fault}"),
        })?;
        let last = names.last().cloned();
        let next = match next? {
            Some(next) => next,
            None if self.last.is_some() && last == self.last => {
                // The registry pays no heed to where the page was to begin, so the first one was all.
                return Ok((Vec::new(), false));
            }
            // A full page without `Link`: the browser hides it, or the registry has none. Where the registry chooses the size, any
            // page may be full.
            None => match last.as_deref().filter(|_| names.len() >= self.size.unwrap_or_default()) {
                Some(last) => Endpoint::Path(page_of(&self.path, self.size, Some(last))),
                None => return Ok((names, false)),
            },
        };
        self.empty_pages = if names.is_empty() || last == self.last { self.empty_pages + 1 } else { 0 };
        if self.empty_pages > EMPTY_PAGES_MAX {
            let found = format!("{} pages in a row without one", self.empty_pages);
            return Err(broken("names, or an end of the list", found));
        }
        if !self.seen.insert(next.as_str().to_owned()) {
            return Err(broken(
                "another page, or an end of the list",
                format!("a page that was there before, {}", next.as_str()),
            ));
        }
        if self.seen.len() > PAGES_MAX {
            return Err(broken("an end of the list", format!("more than {PAGES_MAX} pages")));
        }
        self.last = last.or(self.last.take());
        self.request.endpoint = next;
        Ok((names, true))
    }

    /// Fetches the page that is next: its URL, the page that its `Link` names, and its bytes.
    async fn fetch(&self) -> Result<(String, Result<Option<Endpoint>, Error>, Bytes), Error> {
        let Self { client, request, .. } = self;
        let fetched = client.with_retry(&request.registry, async || {
            let response = client.send(request).await?;
            let next = next_page(client, request, &response);
            Ok((shown_url(&response.url), next, collect(response, PAGE_MAX).await?))
        });
        fetched.await
    }
}

/// Returns `true` if a registry refuses the number of names that a page is to have: Distribution's catalog may have a lower limit.
fn is_about_size(error: &Error) -> bool {
    let Error::Api { errors, .. } = error else { return false };
    errors.iter().any(|error| error.code == "PAGINATION_NUMBER_INVALID")
}

/// Returns the path of the page of `size` names behind `last`.
fn page_of(path: &str, size: Option<usize>, last: Option<&str>) -> String {
    let size = size.map(|size| size.to_string());
    let fields = [("n", size.as_deref()), ("last", last)];
    let query = form(fields.into_iter().filter_map(|(name, value)| Some((name, value?))));
    if query.is_empty() { path.to_owned() } else { format!("{path}?{query}") }
}

/// Returns the names of a page: of tags, or of repositories.
pub(crate) fn names_of(page: &[u8]) -> Result<Vec<String>, FieldError> {
    let page = Object::parse(page)?;
    let of = if page.get("repositories").is_some() { "repositories" } else { "tags" };
    let names: Vec<Option<String>> = page.array(of, |value, path| Ok(name_of(value, path)))?;
    Ok(names.into_iter().flatten().collect())
}

/// Returns a name of a page. What is no text is named by its JSON, so that it hides none of the others; `null` is nothing.
fn name_of(value: &[u8], path: &str) -> Option<String> {
    (value != b"null")
        .then(|| string(value, path).unwrap_or_else(|_| String::from_utf8_lossy(value).into_owned()))
}

/// Returns the place of the next page of the list that `request` asked for, as the `Link` of its response names it.
///
/// It is asked for at the same registry, whatever host the link names: behind a proxy that host is often wrong, and credentials must
/// not follow it. So is the path, where a repository has a port of its own (Nexus) or a name that the registry does not know
/// (Artifactory): a page of a list is a page of that list, so that its path stays, and the link says where in the list it begins. A
/// server that the registry redirected to, and that names itself, is asked for its next page without another redirect, and as
/// ever without credentials.
///
/// # Errors
/// [`Error::Paging`] if there is a `Link` that cannot be parsed, or is too long: the list would end early without a word.
pub(crate) fn next_page(
    client: &Client,
    request: &ApiRequest,
    response: &Response,
) -> Result<Option<Endpoint>, Error> {
    let url = shown_url(&response.url);
    let wrong = |found| Error::Paging { url: url.clone(), expected: "a Link to the next page", found };
    let target = next_link(&response.headers).map_err(|_| wrong("one that cannot be parsed".to_owned()))?;
    let Some(target) = target else { return Ok(None) };
    let next = client.resolve(&response.url, &target).map_err(&wrong)?;
    if next.path_and_query().len() > PATH_MAX {
        return Err(wrong(format!("one of {} bytes", next.path_and_query().len())));
    }
    let at = client.resolve(&response.url, &response.url).ok();
    let is_own = client.is_own(&request.registry, &response.url);
    let answered = at.as_ref().filter(|at| is_own || at.origin() == next.origin());
    let path = match (answered, &request.endpoint) {
        (Some(at), _) => Some(at.path_and_query()),
        (None, Endpoint::Path(path)) => Some(path.as_str()),
        (None, Endpoint::Url(_)) => None,
    };
    let next_path = next.path_and_query();
    let path = match (path, next_path.split_once('?')) {
        (Some(path), Some((_, query))) => format!("{}?{query}", path.split('?').next().unwrap_or_default()),
        _ => next_path.to_owned(),
    };
    match answered.filter(|_| !is_own) {
        Some(at) => {
            let next = client.resolve(at.as_str(), &path).map_err(wrong)?;
            Ok(Some(Endpoint::Url(next)))
        }
        None => Ok(Some(Endpoint::Path(path))),
    }
}

#[cfg(test)]
mod tests {
    use super::names_of;

    #[test]
    fn an_element_that_is_no_text_hides_none_of_the_others() {
        for (page, names) in [
            (r#"{"name":"a","tags":["v1","v2"]}"#, vec!["v1", "v2"]),
            (
                r#"{"name":"a","tags":["v1",5,{"v":1},[],true,"v2"]}"#,
                vec!["v1", "5", r#"{"v":1}"#, "[]", "true", "v2"],
            ),
            (r#"{"name":"a","tags":["v1", null , "v2"]}"#, vec!["v1", "v2"]),
            (r#"{"name":"a","tags":null}"#, vec![]),
            (r#"{"Tags":["v1"]}"#, vec!["v1"]),
            (r#"{"repositories":["a",7,"b/c"]}"#, vec!["a", "7", "b/c"]),
        ] {
            assert_eq!(names_of(page.as_bytes()).unwrap(), names, "{page}");
        }
        for page in ["", "[]", "null", r#"{"tags":"v1"}"#, r#"{"tags":{"v1":1}}"#, r#"{"tags":["v1","#] {
            assert!(names_of(page.as_bytes()).is_err(), "{page}");
        }
    }
}
