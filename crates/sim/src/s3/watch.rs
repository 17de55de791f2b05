//! S13: which page refers to what, kept up to date with every write, so that each write costs only what it touches.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use driftless_domain::Sha256;

use super::object::Object;
use super::page::Page;

/// A page that refers to an object that is not there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Dangling {
    pub(crate) page: String,
    pub(crate) to: String,
}

#[derive(Debug)]
pub(crate) struct Watch {
    /// Where sites begin: prefixes of keys. A page belongs to the longest.
    roots: BTreeSet<String>,
    /// By content, so that a page that is put again is not read again.
    parsed: BTreeMap<Sha256, Arc<Page>>,
    /// What each page refers to.
    refers: BTreeMap<String, BTreeSet<String>>,
    /// The same, the other way round.
    referred: BTreeMap<String, BTreeSet<String>>,
    /// What dangles and was told: nobody is blamed for it twice, nor for what others did.
    dangling: BTreeSet<Dangling>,
}

impl Watch {
    pub(super) fn new(roots: BTreeSet<String>) -> Self {
        Self {
            roots,
            parsed: BTreeMap::new(),
            refers: BTreeMap::new(),
            referred: BTreeMap::new(),
            dangling: BTreeSet::new(),
        }
    }

    /// An object came, changed or went: the references that dangle since.
    pub(super) fn changed(
        &mut self,
        key: &str,
        object: Option<&Object>,
        there: impl Fn(&str) -> bool,
    ) -> Vec<Dangling> {
        let mut new = Vec::new();
        let refers = object.filter(|object| is_page(key, object)).map(|page| self.references(key, page));
        let refers = refers.unwrap_or_default();
        for gone in self.refers.remove(key).unwrap_or_default().difference(&refers) {
            self.dangling.remove(&Dangling { page: key.to_owned(), to: gone.clone() });
            if let Some(pages) = self.referred.get_mut(gone) {
                pages.remove(key);
            }
        }
        for to in &refers {
            self.referred.entry(to.clone()).or_default().insert(key.to_owned());
            if !there(to) {
                new.push(Dangling { page: key.to_owned(), to: to.clone() });
            }
        }
        if !refers.is_empty() {
            self.refers.insert(key.to_owned(), refers);
        }
        for page in self.referred.get(key).into_iter().flatten() {
            let dangling = Dangling { page: page.clone(), to: key.to_owned() };
            if object.is_some() {
                self.dangling.remove(&dangling);
            } else {
                new.push(dangling);
            }
        }
        new.retain(|dangling| self.dangling.insert(dangling.clone()));
        new
    }

    /// The keys that a page refers to.
    fn references(&mut self, key: &str, object: &Object) -> BTreeSet<String> {
        let page = self.parsed.entry(object.sha256).or_insert_with(|| Arc::new(Page::parse(&object.body)));
        // The longest prefix: those of one key are sorted by length.
        let root = self.roots.iter().rfind(|root| key.starts_with(root.as_str())).map_or("", String::as_str);
        let path = key.strip_prefix(root).unwrap_or(key);
        page.paths(path).into_iter().map(|path| format!("{root}{path}")).collect()
    }
}

/// Whether an object is served as HTML that can be read here. What was compressed at build time cannot.
fn is_page(key: &str, object: &Object) -> bool {
    let headers = &object.headers;
    let encoded = headers.content_encoding.as_deref().is_some_and(|encoding| !encoding.is_empty());
    let html = |content_type: &String| content_type.to_ascii_lowercase().starts_with("text/html");
    let named = [".html", ".htm"].iter().any(|ending| key.ends_with(ending));
    !encoded && headers.content_type.as_ref().map_or(named, |content_type| html(content_type) || named)
}
