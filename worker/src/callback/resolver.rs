//! Names that lead to the internet only.

use std::net::SocketAddr;

use hfd_shared::callback::is_public;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};

/// A name that leads to an address outside the internet.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{name} resolves to an address that is not of the internet; --callback-allow-private allows such addresses")]
pub(crate) struct NotPublic {
    name: String,
}

/// Looks names up and refuses those that lead elsewhere, be it with one address of several. What is connected to is what
/// was checked here: no second look-up comes between.
pub(super) struct PublicResolver;

impl Resolve for PublicResolver {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            if found.iter().all(|address| is_public(address.ip())) {
                return Ok(Box::new(found.into_iter()) as Addrs);
            }
            Err(NotPublic { name: name.as_str().to_owned() }.into())
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_of_this_machine_is_refused() {
        // The one name that every machine resolves without a network.
        let Err(error) = PublicResolver.resolve("localhost".parse().unwrap()).await else { panic!("resolved") };
        let refused = error.downcast_ref::<NotPublic>().expect("another error");
        assert!(refused.to_string().contains("--callback-allow-private"), "{refused}");
    }
}
