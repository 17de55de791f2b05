//! What ECS makes of a registered document: it fills in defaults, adds fields of its own, and answers in another order
//! (S16).

use serde_json::{Map, Value, json};

/// The lists that Describe shows in whatever order.
const SHUFFLED: [&str; 2] = ["environment", "secrets"];

/// The container lists that Describe always shows.
const LISTS: [&str; 5] = ["environment", "mountPoints", "portMappings", "systemControls", "volumesFrom"];

/// Fills in what a registration left out, as ECS does.
pub(crate) fn fill_defaults(document: &mut Map<String, Value>) {
    let network = document.get("networkMode").and_then(Value::as_str).unwrap_or("bridge").to_owned();
    for list in ["volumes", "placementConstraints"] {
        document.entry(list).or_insert_with(|| json!([]));
    }
    for container in each(document.get_mut("containerDefinitions")) {
        let Some(fields) = container.as_object_mut() else { continue };
        fields.entry("essential").or_insert(json!(true));
        fields.entry("cpu").or_insert(json!(0));
        for list in LISTS {
            fields.entry(list).or_insert_with(|| json!([]));
        }
        for mapping in each(fields.get_mut("portMappings")) {
            let Some(mapping) = mapping.as_object_mut() else { continue };
            mapping.entry("protocol").or_insert(json!("tcp"));
            let host = match network.as_str() {
                "awsvpc" | "host" => mapping.get("containerPort").cloned(),
                _ => Some(json!(0)),
            };
            if let Some(host) = host {
                mapping.entry("hostPort").or_insert(host);
            }
        }
    }
}

/// Puts the lists that have no order into another order.
pub(crate) fn shuffle(document: &mut Map<String, Value>, dice: &mut fastrand::Rng) {
    for container in each(document.get_mut("containerDefinitions")) {
        for key in SHUFFLED {
            if let Some(list) = container.get_mut(key).and_then(Value::as_array_mut) {
                dice.shuffle(list);
            }
        }
    }
}

fn each(list: Option<&mut Value>) -> impl Iterator<Item = &mut Value> {
    list.and_then(Value::as_array_mut).into_iter().flatten()
}

#[cfg(test)]
mod tests {
    use driftless_domain::TaskDocument;

    use super::*;

    #[test]
    fn what_ecs_fills_in_and_reorders_means_the_same_s16() {
        let sent = json!({"family": "f", "networkMode": "awsvpc", "containerDefinitions": [{"name": "web", "image": "i",
            "portMappings": [{"containerPort": 80}], "secrets": [{"name": "S", "valueFrom": "s"}],
            "environment": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}, {"name": "C", "value": "3"}]}]});
        let sent = sent.as_object().unwrap().clone();
        let hash = TaskDocument::of(sent.clone()).content_hash();
        let mut orders = std::collections::BTreeSet::new();
        for seed in 0..20 {
            let mut shown = sent.clone();
            fill_defaults(&mut shown);
            shuffle(&mut shown, &mut fastrand::Rng::with_seed(seed));
            assert_eq!(shown["containerDefinitions"][0]["portMappings"][0]["hostPort"], json!(80));
            assert_eq!(TaskDocument::of(shown.clone()).content_hash(), hash);
            orders.insert(Value::from(shown).to_string());
        }
        assert!(orders.len() > 1, "the order never changed");
    }
}
