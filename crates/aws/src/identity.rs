//! Whose credentials these are. A binding names an account; credentials for another one would read and change the wrong
//! services, so nothing is sent before STS has said that they fit.

use driftless_domain::{AccountId, CallClass, CallError, Place};

use crate::connect::PlaceClients;
use crate::live::{Aws, unreadable};
use crate::operation::GET_CALLER_IDENTITY;

impl Aws {
    /// The account that a place's credentials are for.
    ///
    /// # Errors
    /// When STS cannot be asked.
    pub async fn caller(&self, place: &Place) -> Result<AccountId, CallError> {
        self.ask_caller(place, &self.accounts.clients(place)).await
    }

    /// Refuses a place whose credentials are for another account. A right answer is kept, a wrong one is asked for again.
    pub(crate) async fn check_caller(&self, place: &Place, clients: &PlaceClients) -> Result<(), CallError> {
        clients
            .caller
            .get_or_try_init(|| async {
                let caller = self.ask_caller(place, clients).await?;
                if caller == place.account {
                    return Ok(caller);
                }
                let words = format!("the credentials are for account {caller}");
                Err(CallError::new(
                    GET_CALLER_IDENTITY.name,
                    place.to_string(),
                    CallClass::Denied,
                    "WrongAccount",
                    &words,
                ))
            })
            .await
            .map(|_| ())
    }

    async fn ask_caller(&self, place: &Place, clients: &PlaceClients) -> Result<AccountId, CallError> {
        let operation = &GET_CALLER_IDENTITY;
        let request = || clients.sts.get_caller_identity().send();
        let answer = self.send_unchecked(place, operation, &"the caller", request).await?;
        AccountId::parse(answer.account.unwrap_or_default())
            .map_err(|error| unreadable(place, operation, &"the caller", CallClass::Transient, &error.to_string()))
    }
}
