//! What an image tag stands for, asked once, when a build is announced.

use driftless_domain::{CallClass, CallError, Digest, Place, Repository, Tag};

use aws_sdk_ecr::types::ImageIdentifier;

use crate::live::{Aws, unreadable};
use crate::operation::DESCRIBE_IMAGES;

impl Aws {
    /// The digest of `repository:tag`; `None` when the repository has no such tag.
    ///
    /// # Errors
    /// When the repository is not in ECR or is not there, or the call fails.
    pub async fn resolve_image(
        &self,
        place: &Place,
        repository: &Repository,
        tag: &Tag,
    ) -> Result<Option<Digest>, CallError> {
        let object = format!("{repository}:{tag}");
        let operation = &DESCRIBE_IMAGES;
        let Some((registry, name)) = in_ecr(repository) else {
            let words = "the repository is not in ECR: announce its images by digest";
            return Err(CallError::new(operation.name, object, CallClass::Invalid, "NotInEcr", words));
        };
        let answer = self
            .send(place, operation, &object, |c| {
                let image = ImageIdentifier::builder().image_tag(tag.as_str()).build();
                c.ecr_reads.describe_images().registry_id(registry).repository_name(name).image_ids(image).send()
            })
            .await;
        let answer = match answer {
            Ok(answer) => answer,
            Err(error) if error.said.code == "ImageNotFoundException" => return Ok(None),
            Err(error) => return Err(error),
        };
        // An emulator answers with an empty list where AWS says ImageNotFoundException.
        let detail = answer.image_details().iter().find(|d| d.image_tags().iter().any(|t| t == tag.as_str()));
        detail
            .map(|detail| {
                Digest::parse(detail.image_digest().unwrap_or_default())
                    .map_err(|e| unreadable(place, operation, &object, CallClass::Invalid, &e.to_string()))
            })
            .transpose()
    }
}

/// The registry (an account) and the repository's name, for `ACCOUNT.dkr.ecr.REGION.amazonaws.com/NAME`.
fn in_ecr(repository: &Repository) -> Option<(&str, &str)> {
    let (host, name) = repository.as_str().split_once('/')?;
    let (registry, rest) = host.split_once(".dkr.ecr.")?;
    let account = registry.len() == 12 && registry.bytes().all(|b| b.is_ascii_digit());
    (account && rest.contains(".amazonaws.com")).then_some((registry, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_in_ecr_names_its_account() {
        let repository = Repository::parse("123456789012.dkr.ecr.eu-west-1.amazonaws.com/acme/web").unwrap();
        assert_eq!(in_ecr(&repository), Some(("123456789012", "acme/web")));
        for other in ["nginx", "docker.io/acme/web", "1.dkr.ecr.eu-west-1.amazonaws.com/web"] {
            assert_eq!(in_ecr(&Repository::parse(other).unwrap()), None, "{other}");
        }
    }
}
