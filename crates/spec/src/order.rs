//! The order between environments: `after` names environments that exist, and nobody waits for itself in the end.

use crate::finding::shown;
use crate::raw::Common;
use crate::suggest::did_you_mean;
use crate::tree::Path;
use crate::walk::Walk;

/// One environment waits for another.
struct Wait {
    path: Path,
    on: usize,
}

/// Says which names are unknown or listed too late, and which environments wait in a circle.
pub(crate) fn check(walk: &mut Walk<'_, '_>, environments: &[&Common]) {
    let names: Vec<Option<&str>> = environments.iter().map(|environment| environment.name.as_deref()).collect();
    let waits: Vec<Vec<Wait>> = environments
        .iter()
        .enumerate()
        .map(|(index, environment)| waits_of(walk, index, environment, &names))
        .collect();
    let mut seen = vec![Seen::New; waits.len()];
    for start in 0..waits.len() {
        follow(walk, &names, &waits, &mut seen, &mut Vec::new(), start);
    }
}

fn waits_of(walk: &mut Walk<'_, '_>, index: usize, environment: &Common, names: &[Option<&str>]) -> Vec<Wait> {
    let list = Path::root().key("environments").index(index).key("after");
    let mut waits = Vec::new();
    for (place, name) in environment.after.iter().enumerate() {
        let Some(name) = name else { continue };
        let path = list.index(place);
        match names.iter().position(|known| *known == Some(name.as_str())) {
            Some(on) => {
                if on > index {
                    let message = format!("{} is listed after the environment that waits for it", shown(name));
                    walk.warning_with(&path, message, Some("list environments in promotion order".to_owned()));
                }
                waits.push(Wait { path, on });
            }
            None => {
                let message = format!("there is no environment {}", shown(name));
                walk.error_with(&path, message, did_you_mean(name, names.iter().flatten().copied()));
            }
        }
    }
    waits
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    New,
    OnTheWay,
    Done,
}

/// Follows the waits from one environment, depth first. A wait for one that is on the way closes a circle. The depth is
/// that of the number of environments, which is limited.
fn follow(
    walk: &mut Walk<'_, '_>,
    names: &[Option<&str>],
    waits: &[Vec<Wait>],
    seen: &mut [Seen],
    way: &mut Vec<usize>,
    here: usize,
) {
    if seen[here] != Seen::New {
        return;
    }
    seen[here] = Seen::OnTheWay;
    way.push(here);
    for Wait { path, on } in &waits[here] {
        if seen[*on] == Seen::OnTheWay {
            let circle = way.iter().skip_while(|index| *index != on).chain([on]);
            let circle: Vec<&str> = circle.filter_map(|index| names[*index]).collect();
            walk.error(path, format!("environments wait for each other: {}", circle.join(" → ")));
        } else {
            follow(walk, names, waits, seen, way, *on);
        }
    }
    way.pop();
    seen[here] = Seen::Done;
}
