//! Lists: pages in the order of the keys, each begun where the one before ended.

use std::collections::BTreeSet;
use std::ops::Bound;

use s3s::S3Result;
use s3s::dto::{CommonPrefix, Object as Listed};

use super::store::{Object, Step, Store};

/// The longest page.
const PAGE: usize = 1000;

/// What is asked for.
#[derive(Debug)]
pub(crate) struct Ask<'a> {
    pub(crate) prefix: &'a str,
    pub(crate) delimiter: Option<&'a str>,
    /// Go on behind this key (or behind everything below this folder).
    pub(crate) after: Option<&'a str>,
    pub(crate) at_most: Option<i32>,
}

/// One page.
#[derive(Debug, Default)]
pub(crate) struct Page {
    pub(crate) objects: Vec<Listed>,
    pub(crate) folders: Vec<CommonPrefix>,
    /// Where the next page begins, if there is one.
    pub(crate) next: Option<String>,
}

/// One page of a bucket.
pub(crate) fn page(store: &Store, bucket: &str, ask: &Ask<'_>) -> S3Result<Page> {
    let Ask { prefix, delimiter, after, at_most } = *ask;
    let at_most = at_most.and_then(|most| usize::try_from(most).ok()).unwrap_or(PAGE).min(PAGE);
    let folder_behind = after.filter(|after| delimiter.is_some_and(|delimiter| after.ends_with(delimiter))).map(behind);
    let from = match (&folder_behind, after) {
        (Some(behind), _) if behind.as_str() >= prefix => Bound::Included(behind.as_str()),
        (None, Some(after)) if after >= prefix => Bound::Excluded(after),
        _ => Bound::Included(prefix),
    };
    let mut page = Page::default();
    let mut folders: BTreeSet<String> = BTreeSet::new();
    let mut last = None;
    store.walk(bucket, from, |key, object| {
        let Some(rest) = key.strip_prefix(prefix) else { return Step::Stop };
        if page.objects.len() + folders.len() == at_most {
            page.next = last.take();
            return Step::Stop;
        }
        match delimiter.and_then(|delimiter| rest.find(delimiter).map(|at| prefix.len() + at + delimiter.len())) {
            Some(end) => {
                let folder = key.get(..end).unwrap_or(key).to_owned();
                last = Some(folder.clone());
                let jump = behind(&folder);
                folders.insert(folder);
                Step::Jump(jump)
            }
            None => {
                page.objects.push(listed(key, object));
                last = Some(key.to_owned());
                Step::Next
            }
        }
    })?;
    page.folders = folders.into_iter().map(|folder| CommonPrefix { prefix: Some(folder) }).collect();
    Ok(page)
}

fn listed(key: &str, object: &Object) -> Listed {
    Listed {
        key: Some(key.to_owned()),
        size: i64::try_from(object.size).ok(),
        e_tag: Some(object.tag()),
        last_modified: Some(object.modified.into()),
        ..Listed::default()
    }
}

/// The first key that can come behind everything that begins so.
fn behind(folder: &str) -> String {
    let mut key = folder.to_owned();
    key.push(char::MAX);
    key
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;

    use super::{Ask, page};
    use crate::s3::log::Log;
    use crate::s3::store::{Conditions, Kind, Object, Store};

    fn store(keys: &[&str]) -> Store {
        let store = Store::new(Arc::new(Log::new()));
        store.make_bucket("b", Kind::Plain);
        for key in keys {
            store.put(None, "b", key, Object::of(Bytes::new(), String::new()), &Conditions::default()).unwrap();
        }
        store
    }

    /// All pages, each as its keys and folders.
    fn pages(store: &Store, prefix: &str, delimiter: Option<&str>, at_most: i32) -> Vec<String> {
        let mut after: Option<String> = None;
        let mut pages = Vec::new();
        loop {
            let ask = Ask { prefix, delimiter, after: after.as_deref(), at_most: Some(at_most) };
            let page = page(store, "b", &ask).unwrap();
            let keys = page.objects.into_iter().filter_map(|object| object.key);
            let folders = page.folders.into_iter().filter_map(|folder| folder.prefix);
            pages.push(keys.chain(folders).collect::<Vec<_>>().join(" "));
            match page.next {
                Some(next) => after = Some(next),
                None => return pages,
            }
        }
    }

    #[test]
    fn pages_follow_each_other_and_the_last_one_is_not_empty() {
        let store = store(&["a", "b/1", "b/2", "c"]);
        assert_eq!(pages(&store, "", None, 2), ["a b/1", "b/2 c"]);
        assert_eq!(pages(&store, "", None, 3), ["a b/1 b/2", "c"]);
        assert_eq!(pages(&store, "b/", None, 10), ["b/1 b/2"]);
        assert_eq!(pages(&store, "x", None, 10), [""]);
    }

    #[test]
    fn a_delimiter_folds_folders_also_over_pages() {
        let store = store(&["a", "b/1", "b/2", "c", "d/1"]);
        assert_eq!(pages(&store, "", Some("/"), 10), ["a c b/ d/"]);
        assert_eq!(pages(&store, "", Some("/"), 2), ["a b/", "c d/"]);
        assert_eq!(pages(&store, "b/", Some("/"), 1), ["b/1", "b/2"]);
    }
}
