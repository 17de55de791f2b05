//! What holds for every plan of a site.

use std::collections::BTreeSet;

use driftless_domain::Seen;
use driftless_plan::{Action, Plan, deletions_at_most};
use proptest::prelude::*;

use crate::site_world::{File, Site, manifest};

const PATHS: [&str; 8] =
    ["a-1.js", "a-2.js", "b.png", "data.json", "docs/index.html", "index.html", "me.private", "old.html"];
const CONTENTS: [&str; 3] = ["one", "two", "three"];

fn files() -> impl Strategy<Value = Vec<File<'static>>> {
    prop::collection::vec((0..PATHS.len(), 0..CONTENTS.len()), 1..8).prop_map(|picks| {
        let mut seen = BTreeSet::new();
        let once = picks.into_iter().filter(|(path, _)| seen.insert(*path));
        once.map(|(path, content)| (PATHS[path], CONTENTS[content])).collect()
    })
}

proptest! {
    /// L1, L2, S6: wherever the bucket starts and wherever each plan is cut off, looking again and going on ends in
    /// `Converged`; S14: what was deleted on the way was ours, and neither the wanted release's nor the previous one's.
    #[test]
    fn plan_after_effect_is_converged_from_every_state_and_after_every_cut(
        wanted in files(), previous in files(), earlier in files(), there in files(),
        settled in any::<bool>(), over in any::<bool>(), cuts in prop::collection::vec(0usize..6, 24),
    ) {
        let mut site = Site::wanting(&wanted);
        site.files().settled = settled.then(|| manifest(&previous));
        site.files().previous = Some(manifest(&previous));
        let mut site = site.after(if over { 3600 } else { 10 }, &earlier);
        for (path, content) in &there {
            site.put(path, content);
            if !settled { site.head(path, None); }
        }
        let start = site.keys();
        for cut in cuts.into_iter().map(Some).chain(std::iter::repeat_n(None, 12)) {
            let next = site.plan();
            prop_assert_eq!(&next, &site.plan(), "the same arguments give the same plan");
            if next == Plan::Converged { break; }
            if let Plan::Apply(actions) = &next {
                let deletions = actions.iter().filter_map(|action| {
                    if let Action::DeleteFiles { files, .. } = action { Some(files.len() as u64) } else { None }
                });
                prop_assert!(deletions.sum::<u64>() <= deletions_at_most(site.keys().len()));
            }
            site.carry_out(&next, cut.unwrap_or(usize::MAX));
        }
        prop_assert_eq!(site.plan(), Plan::Converged);
        let end = site.keys();
        let lists = |files: &[File<'_>], key: &str| files.iter().any(|(path, _)| *path == key);
        for gone in start.difference(&end) {
            prop_assert!(over && lists(&earlier, gone), "{gone} is not ours to delete");
            prop_assert!(!lists(&wanted, gone) && !lists(&previous, gone), "{gone} is still needed");
        }
        for (path, content) in &wanted {
            let etag = &site.listing().objects[&crate::site_world::key(path)].etag;
            prop_assert_eq!(etag, &crate::site_world::etag(content));
        }
    }

    /// S13: within a plan, nothing that refers to others comes before what they may refer to.
    #[test]
    fn no_page_goes_before_an_asset(wanted in files(), there in files()) {
        let mut site = Site::wanting(&wanted);
        for (path, content) in &there { site.put(path, content); site.head(path, None); }
        let Plan::Apply(actions) = site.plan() else { return Ok(()); };
        let html = |action: &Action| {
            let Action::UploadFiles { files, .. } = action else { return None };
            Some(files.iter().any(|one| one.key.as_str().ends_with(".html")))
        };
        let order: Vec<bool> = actions.iter().filter_map(html).collect();
        prop_assert!(order.windows(2).all(|pair| pair[0] <= pair[1]), "{order:?}");
        let last = actions.iter().rposition(|action| html(action).is_some());
        let told = actions.iter().position(|action| matches!(action, Action::Invalidate { .. } | Action::WriteParameter { .. }));
        prop_assert!(last.zip(told).is_none_or(|(last, told)| last < told), "files, then caches, then the parameter");
    }

    /// S10: a look that failed never leads to a step.
    #[test]
    fn what_could_not_be_read_changes_nothing(wanted in files(), there in files()) {
        let mut site = Site::wanting(&wanted);
        for (path, content) in &there { site.put(path, content); }
        let error = driftless_domain::CallError::new("s3:ListBucket", "b", driftless_domain::CallClass::Transient, "x", "y");
        site.seen().listing = Seen::Unknown(error.clone());
        prop_assert!(matches!(site.plan(), Plan::Wait(_)));
        let mut site = Site::having(&wanted);
        site.seen().parameter = Seen::Unknown(error);
        prop_assert!(matches!(site.plan(), Plan::Wait(_)));
    }
}
