use super::*;
use crate::embedded::{EmbeddedStore, LocalBus, LocalLimiter};
use crate::settings::{HubSettings, TransferSettings};

const CONFIGURED: &str = "hf_configured_0000";
const TOKEN: &str = "hf_secret_abcdefmnop";

fn store() -> Arc<dyn JobStore> {
    Arc::new(EmbeddedStore::in_memory(Arc::new(LocalBus::new())).unwrap())
}

/// A process with this key and a configured token.
fn process(store: &Arc<dyn JobStore>, key: Option<u8>) -> Settings {
    let hub = HubSettings { endpoint: "http://127.0.0.1:9".parse().unwrap(), token: None };
    let hub = HubClient::new(&hub, &TransferSettings::default(), Arc::new(LocalLimiter::new())).unwrap();
    let key = key.map(|byte| SecretKey::parse(&hex::encode([byte; 32]).into()).unwrap());
    Settings::new(Arc::clone(store), hub, key, Some(&CONFIGURED.into())).unwrap()
}

async fn token_of(settings: &Settings) -> String {
    settings.token().await.unwrap().unwrap().expose_secret().to_owned()
}

#[tokio::test]
async fn a_stored_token_beats_the_configured_one_until_it_is_removed() {
    let store = store();
    let (first, second) = (process(&store, Some(1)), process(&store, Some(1)));
    assert_eq!(token_of(&second).await, CONFIGURED);
    first.set_token(Some(&TOKEN.into())).await.unwrap();
    assert_eq!(token_of(&second).await, TOKEN);
    second.set_token(Some(&" ".into())).await.unwrap();
    assert_eq!(token_of(&first).await, CONFIGURED);
    assert_eq!(store.settings().await.unwrap().token, None);
}

#[tokio::test]
async fn without_the_key_no_token_is_stored_and_a_stored_one_is_not_used() {
    let store = store();
    let without = process(&store, None);
    let error = without.set_token(Some(&TOKEN.into())).await.unwrap_err();
    assert!(matches!(error, SettingsError::NoKey) && error.to_string().contains("HFD_SECRET_KEY"), "{error}");
    assert_eq!(store.settings().await.unwrap(), StoredSettings::default());

    process(&store, Some(1)).set_token(Some(&TOKEN.into())).await.unwrap();
    for stranger in [without, process(&store, Some(2))] {
        assert_eq!(token_of(&stranger).await, CONFIGURED);
        stranger.refresh().await.unwrap();
    }
}

#[tokio::test]
async fn who_cannot_open_the_stored_token_can_remove_it() {
    let store = store();
    process(&store, Some(1)).set_token(Some(&TOKEN.into())).await.unwrap();
    process(&store, None).set_token(None).await.unwrap();
    assert_eq!(store.settings().await.unwrap().token, None);
}

#[tokio::test]
async fn the_masked_token_sent_back_changes_nothing() {
    let store = store();
    for (settings, present) in [(process(&store, None), "********0000"), (process(&store, Some(1)), "********mnop")] {
        if settings.inner.key.is_some() {
            settings.set_token(Some(&TOKEN.into())).await.unwrap();
        }
        let before = store.settings().await.unwrap();
        assert_eq!(settings.masked().await.unwrap(), present);
        settings.set_token(Some(&present.into())).await.unwrap();
        let other = settings.set_token(Some(&"********9999".into())).await.unwrap_err();
        assert!(matches!(other, SettingsError::Token(HubError::BadToken { .. })), "{other}");
        assert_eq!(store.settings().await.unwrap(), before);
    }
}

#[tokio::test]
async fn a_token_that_no_header_can_hold_is_refused() {
    let store = store();
    for bad in ["a\nb".to_owned(), "x".repeat(10_000)] {
        let error = process(&store, Some(1)).set_token(Some(&bad.as_str().into())).await.unwrap_err();
        assert!(matches!(error, SettingsError::Token(HubError::BadToken { .. })), "{error}");
        assert!(!error.to_string().contains(&bad));
    }
    assert_eq!(store.settings().await.unwrap(), StoredSettings::default());
}

#[test]
fn a_short_token_is_not_shown_in_part() {
    assert_eq!(mask(&"hf_abcdefghijklmnop".into()), "********mnop");
    assert_eq!(mask(&"0123456789ab".into()), "********89ab");
    assert_eq!(mask(&"0123456789a".into()), "********");
}
