//! The Hub's rate limits, shared by clients.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::server::{Reply, TestServer};
use super::{COMMIT, File, client, client_sharing, commit, hub_and_cdn, repo};
use crate::embedded::LocalLimiter;
use crate::hub::{HubClient, HubError};
use crate::ports::{Account, Bucket, Budget, HubLimiter, Permit, StoreError};

const MAIN: &str = "/api/models/o/n/revision/main";

fn sha() -> Reply {
    Reply::new(200).body(format!("{{\"sha\":\"{COMMIT}\"}}"))
}

async fn ask(client: &HubClient) -> Result<(), HubError> {
    client.commit(&repo(), &"main".parse().unwrap()).await.map(|_| ())
}

async fn fetch(client: &HubClient) -> Result<(), HubError> {
    client.fetch_file(&repo(), commit(), File::small().wanted(), 0).await.map(|_| ())
}

#[tokio::test]
async fn what_one_client_is_told_stops_the_other_before_it_sends() {
    let hub = TestServer::start().await;
    hub.on(MAIN, sha().header("ratelimit", "\"api\";r=1;t=120"));
    let limiter = Arc::new(LocalLimiter::new());
    let clients = [client_sharing(&hub.url, limiter.clone()), client_sharing(&hub.url, limiter)];
    ask(&clients[0]).await.unwrap();
    ask(&clients[1]).await.unwrap();
    for client in &clients {
        let Err(HubError::RateLimited { after, .. }) = ask(client).await else { panic!("it was sent") };
        assert!((110..=121).contains(&after.as_secs()), "{after:?}");
    }
    assert_eq!(hub.requests().len(), 2);
}

#[tokio::test]
async fn a_limit_of_the_resolvers_does_not_stop_the_api() {
    let hub = TestServer::start().await;
    hub.on(MAIN, sha());
    hub.on(&File::small().target(), Reply::new(429).header("retry-after", "60"));
    let client = client(&hub.url);
    for _ in 0..2 {
        assert!(matches!(fetch(&client).await, Err(HubError::RateLimited { .. })));
    }
    ask(&client).await.unwrap();
    assert_eq!(hub.requests().len(), 2);
}

#[tokio::test]
async fn another_token_has_a_budget_of_its_own() {
    let hub = TestServer::start().await;
    hub.on(MAIN, Reply::new(429).header("retry-after", "60"));
    hub.on(MAIN, sha());
    let client = client(&hub.url);
    assert!(matches!(ask(&client).await, Err(HubError::RateLimited { .. })));
    client.set_token(Some(&"hf_other".into())).unwrap();
    ask(&client).await.unwrap();
}

#[tokio::test]
async fn a_content_server_neither_counts_nor_tells() {
    let (hub, cdn) = hub_and_cdn().await;
    cdn.on("/bytes", Reply::new(200).header("ratelimit", "\"resolvers\";r=0;t=60").body("0123456789"));
    let client = client(&hub.url);
    let location = client.locate(&repo(), commit(), File::large().wanted()).await.unwrap();
    client.fetch(&location, None, 10).await.unwrap();
    client
        .inner
        .limits
        .hold(client.inner.identities.current().account(), Bucket::Resolvers, Duration::from_mins(1))
        .await;
    client.fetch(&location, None, 10).await.unwrap();
    assert_eq!((hub.requests().len(), cdn.requests().len()), (1, 2));
}

#[tokio::test]
async fn bytes_that_come_from_the_hub_itself_count() {
    let hub = TestServer::start().await;
    hub.on(&File::small().target(), Reply::new(200).header("ratelimit", "\"resolvers\";r=1;t=60").body("hello"));
    let client = client(&hub.url);
    let location = client.locate(&repo(), commit(), File::small().wanted()).await.unwrap();
    client.fetch(&location, None, 5).await.unwrap();
    assert!(matches!(client.fetch(&location, None, 5).await, Err(HubError::RateLimited { .. })));
}

#[tokio::test]
async fn a_redirect_within_the_hub_does_not_count_again() {
    let hub = TestServer::start().await;
    let elsewhere = "/api/resolve-cache/models/o/n/small";
    let few = |reply: Reply| reply.header("ratelimit", "\"resolvers\";r=2;t=60");
    let file = File::small();
    hub.on(&file.target(), few(Reply::new(307)).header("location", elsewhere));
    hub.on(elsewhere, few(Reply::new(200)).body("hello"));
    let client = client(&hub.url);
    for _ in 0..3 {
        fetch(&client).await.unwrap();
    }
    assert!(matches!(fetch(&client).await, Err(HubError::RateLimited { .. })));
    assert_eq!(hub.requests().len(), 6);
}

/// A store that is away, or hangs.
struct Away {
    hangs: bool,
}

#[async_trait]
impl HubLimiter for Away {
    async fn take(&self, _: &Account, _: Bucket) -> Result<Permit, StoreError> {
        self.fail().await.map(|()| Permit::Wait(Duration::from_mins(1)))
    }

    async fn announce(&self, _: &Account, _: Bucket, _: Budget) -> Result<(), StoreError> {
        self.fail().await
    }

    async fn hold(&self, _: &Account, _: Bucket, _: Duration) -> Result<(), StoreError> {
        self.fail().await
    }
}

impl Away {
    async fn fail(&self) -> Result<(), StoreError> {
        if self.hangs {
            std::future::pending::<()>().await;
        }
        Err(StoreError::Unavailable("away".to_owned()))
    }
}

#[tokio::test]
async fn a_limiter_that_is_away_stops_nothing() {
    let hub = TestServer::start().await;
    hub.on(MAIN, sha().header("ratelimit", "\"api\";r=9;t=60"));
    for hangs in [false, true] {
        ask(&client_sharing(&hub.url, Arc::new(Away { hangs }))).await.unwrap();
    }
    assert_eq!(hub.requests().len(), 2);
}
