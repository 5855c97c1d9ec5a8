//! Lists that come in pages: tags and repositories.

use futures_util::{
    StreamExt,
    stream::{self, LocalBoxStream},
};
use http::{Method, header};
use tallyman_auth::{Scopes, form};
use tallyman_core::{
    Reference, Registry,
    json::{FieldError, Object, string},
};

use crate::{
    Client, Error, Response,
    call::{Call, Place},
    manifests::collect,
    retry::Again,
};

/// Entries of a page that are asked for. Some registries refuse more than they would give anyway; none refuses this.
const PAGE: usize = 1000;
/// Bytes that a page may have: Distribution 2.8 sends all tags in one.
const PAGE_MAX: u64 = 64 * 1024 * 1024;

/// Where the next page is.
struct Next {
    client: Client,
    registry: Registry,
    call: Call,
    path: String,
    last: Option<String>,
}

impl Client {
    /// The tags of the repository of `reference`, page by page, in the registry's order.
    ///
    /// # Errors
    /// Any [`Error`], as the last item.
    pub fn tags(&self, reference: &Reference) -> LocalBoxStream<'static, Result<Vec<String>, Error>> {
        let path = format!("/v2/{}/tags/list", reference.repository().as_str());
        let scopes = Scopes::pull(reference.repository().as_str());
        self.pages(reference.registry(), path, scopes, Some(reference.clone()))
    }

    /// The repositories of a registry, page by page. Many registries show nobody theirs.
    ///
    /// # Errors
    /// Any [`Error`], as the last item.
    pub fn repositories(&self, registry: &Registry) -> LocalBoxStream<'static, Result<Vec<String>, Error>> {
        self.pages(registry, "/v2/_catalog".to_owned(), Scopes::catalog(), None)
    }

    fn pages(
        &self,
        registry: &Registry,
        path: String,
        scopes: Scopes,
        about: Option<Reference>,
    ) -> LocalBoxStream<'static, Result<Vec<String>, Error>> {
        let place = Place::Path(format!("{path}?n={PAGE}"));
        let call = Call::at(Method::GET, place, scopes, about);
        let (client, registry) = (self.clone(), registry.clone());
        let first = Some(Next { client, registry, call, path, last: None });
        stream::unfold(first, async |next| {
            let mut next = next?;
            match next.page().await {
                Ok((names, true)) => Some((Ok(names), Some(next))),
                Ok((names, false)) => Some((Ok(names), None)),
                Err(error) => Some((Err(error), None)),
            }
        })
        .boxed_local()
    }
}

impl Next {
    /// The page, and whether there is another one.
    async fn page(&mut self) -> Result<(Vec<String>, bool), Error> {
        let Self { client, registry, call, .. } = self;
        let fetched = client.repeat(registry, Again::Harmless, async || {
            let response = client.ask(registry, call).await?;
            let next = next_page(client, &response);
            let url = response.url.clone();
            Ok((url, next, collect(response, PAGE_MAX).await?))
        });
        let (url, next, bytes) = fetched.await?;
        let names = names_in(&bytes).map_err(|error| Error::Protocol {
            url,
            expected: "a JSON object with names",
            found: error.to_string(),
        })?;
        let last = names.last().cloned();
        if self.last.is_some() && last == self.last {
            // The registry pays no heed to where it was to begin.
            return Ok((Vec::new(), false));
        }
        let next = next.or_else(|| {
            // A full page without `Link`: the browser hides it, or the registry has none.
            let last = last.as_deref().filter(|_| names.len() >= PAGE)?;
            let query = form([("n", &*PAGE.to_string()), ("last", last)]);
            Some(format!("{}?{query}", self.path))
        });
        self.last = last;
        let is_more = next.is_some();
        if let Some(path) = next {
            self.call.place = Place::Path(path);
        }
        Ok((names, is_more))
    }
}

/// The names in a page: of tags, or of repositories.
fn names_in(page: &[u8]) -> Result<Vec<String>, FieldError> {
    let page = Object::parse(page)?;
    let of = if page.get("repositories").is_some() { "repositories" } else { "tags" };
    page.array(of, string)
}

/// The path that an answer's `Link` names as the next page. It is asked of the same registry, whatever host it names:
/// behind a proxy that host is often wrong, and credentials must not follow it.
pub(crate) fn next_page(client: &Client, response: &Response) -> Option<String> {
    let links = response.headers.get_all(header::LINK).into_iter();
    let link =
        links.filter_map(|value| value.to_str().ok()).flat_map(|value| value.split(',')).find(|link| {
            let mut parameters = link.split(';').skip(1).map(str::trim);
            parameters.any(|parameter| matches!(parameter, "rel=\"next\"" | "rel=next"))
        })?;
    let target = link.split_once('<')?.1.split_once('>')?.0;
    let next = client.resolve(&response.url, target).ok()?;
    Some(next.path_and_query().to_owned())
}
