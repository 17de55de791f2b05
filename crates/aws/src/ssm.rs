//! The version parameters: plain strings, never decrypted.

use std::collections::{HashMap, HashSet};

use aws_sdk_ssm::types::ParameterType;

use driftless_domain::{CallClass, CallError, ParameterName, ParameterValue, Place};

use crate::live::{Aws, unreadable};
use crate::operation::{GET_PARAMETERS, PUT_PARAMETER};

impl Aws {
    pub(crate) async fn get_parameters(
        &self,
        place: &Place,
        names: &[ParameterName],
    ) -> Result<Vec<Option<ParameterValue>>, CallError> {
        if names.is_empty() {
            return Ok(Vec::new());
        }
        // SSM refuses a name that is given twice.
        let asked: HashSet<&str> = names.iter().map(ParameterName::as_str).collect();
        let asked: Vec<String> = asked.into_iter().map(str::to_owned).collect();
        let object = match names {
            [name] => format!("parameter {name}"),
            _ => format!("{} parameters from {}", names.len(), names[0]),
        };
        let request = |c: &crate::connect::PlaceClients| c.ssm_reads.get_parameters().set_names(Some(asked)).send();
        let answer = self.send(place, &GET_PARAMETERS, &object, request).await?;

        // Neither shown (a SecureString is a secret) nor ever written over: the spec names the wrong parameter.
        let other = answer.parameters().iter().find(|p| p.r#type().is_some_and(|kind| kind != &ParameterType::String));
        if let Some(other) = other {
            let kind = other.r#type().map_or("another type", ParameterType::as_str);
            let problem = format!(
                "parameter {} is a {kind}; a version parameter is a String: name another in the spec, or make it anew",
                other.name().unwrap_or_default()
            );
            return Err(unreadable(place, &GET_PARAMETERS, &object, CallClass::Invalid, &problem));
        }

        let missing: HashSet<&str> = answer.invalid_parameters().iter().map(String::as_str).collect();
        let found: HashMap<&str, ParameterValue> = answer
            .parameters()
            .iter()
            .filter_map(|p| {
                let value = ParameterValue { value: p.value()?.to_owned(), version: p.version() };
                Some((p.name()?, value))
            })
            .collect();
        names
            .iter()
            .map(|name| match found.get(name.as_str()) {
                Some(value) => Ok(Some(value.clone())),
                None if missing.contains(name.as_str()) => Ok(None),
                None => {
                    let problem = format!("the answer says nothing of {name}");
                    Err(unreadable(place, &GET_PARAMETERS, &object, CallClass::Transient, &problem))
                }
            })
            .collect()
    }

    pub(crate) async fn overwrite_parameter(
        &self,
        place: &Place,
        name: &ParameterName,
        value: &str,
    ) -> Result<(), CallError> {
        let object = format!("parameter {name}");
        self.send(place, &PUT_PARAMETER, &object, |c| {
            let request = c.ssm_changes.put_parameter().name(name.as_str()).value(value);
            request.r#type(ParameterType::String).overwrite(true).send()
        })
        .await
        .map(|_| ())
    }
}
