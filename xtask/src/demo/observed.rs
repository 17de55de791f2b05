//! What `cargo xtask demo --check` observed: the JSON line that it prints last.

use serde_json::json;

/// Everything that the demo must show, counted through the API.
#[derive(Debug, Default, Clone, Copy, PartialEq)]
pub(crate) struct Observed {
    /// Targets that exist, of the services and of the site.
    pub(crate) targets: u64,
    /// Targets that are converged at the end, or whose rejected release was taken back.
    pub(crate) converged: u64,
    /// Things that were broken and put back.
    pub(crate) drifts_healed: u64,
    /// Rollbacks by ECS that were not fought.
    pub(crate) rollbacks_obeyed: u64,
    /// Read calls of one look at all services, per target.
    pub(crate) reads_per_target: f64,
    /// Calls that change something, while all was as it should be.
    pub(crate) writes_when_converged: u64,
    /// Static sites.
    pub(crate) sites: u64,
    /// Objects of a site that were changed, deleted or given other headers, and put back.
    pub(crate) site_drifts_healed: u64,
    /// Sites that went back to an earlier build without uploading again what was still there.
    pub(crate) site_rollbacks: u64,
    /// Objects of others in a site's bucket that are still there, and told of.
    pub(crate) foreign_left_alone: u64,
}

impl Observed {
    /// The line.
    pub(crate) fn line(&self) -> String {
        let Self {
            targets,
            converged,
            drifts_healed,
            rollbacks_obeyed,
            reads_per_target,
            writes_when_converged,
            sites,
            site_drifts_healed,
            site_rollbacks,
            foreign_left_alone,
        } = self;
        let reads_per_target = (reads_per_target * 100.0).round() / 100.0;
        let fields = [
            ("targets", json!(targets)),
            ("converged", json!(converged)),
            ("drifts_healed", json!(drifts_healed)),
            ("rollbacks_obeyed", json!(rollbacks_obeyed)),
            ("reads_per_target", json!(reads_per_target)),
            ("writes_when_converged", json!(writes_when_converged)),
            ("sites", json!(sites)),
            ("site_drifts_healed", json!(site_drifts_healed)),
            ("site_rollbacks", json!(site_rollbacks)),
            ("foreign_left_alone", json!(foreign_left_alone)),
        ];
        let fields: Vec<String> = fields.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
        format!("{{{}}}", fields.join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::Observed;

    #[test]
    fn the_line_is_json_with_its_fields_in_order() {
        let observed = Observed {
            targets: 6,
            converged: 6,
            drifts_healed: 2,
            rollbacks_obeyed: 1,
            reads_per_target: 2.0 / 3.0,
            writes_when_converged: 0,
            sites: 1,
            site_drifts_healed: 3,
            site_rollbacks: 1,
            foreign_left_alone: 1,
        };
        assert_eq!(
            observed.line(),
            "{\"targets\":6,\"converged\":6,\"drifts_healed\":2,\"rollbacks_obeyed\":1,\"reads_per_target\":0.67,\"writes_when_converged\":0,\
             \"sites\":1,\"site_drifts_healed\":3,\"site_rollbacks\":1,\"foreign_left_alone\":1}"
        );
        assert!(serde_json::from_str::<serde_json::Value>(&observed.line()).is_ok());
    }
}
