use super::*;
use crate::embedded::{EmbeddedStore, LocalBus, LocalLimiter};
use crate::settings::{ByteSize, HubSettings, TransferSettings, Verify};

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
    let transfer = TransferSettings::default();
    let configured = Effective { token: Some(CONFIGURED.into()), max_active: 3, transfer };
    Settings::new(Arc::clone(store), hub, key, configured).unwrap()
}

fn token(token: &str) -> SettingsChange {
    SettingsChange { token: Set::To(token.into()), ..SettingsChange::default() }
}

async fn set(settings: &Settings, change: SettingsChange) -> Result<(), SettingsError> {
    let sealed = settings.seal(change).await?;
    settings.change(&sealed).await
}

async fn token_of(settings: &Settings) -> String {
    settings.effective().await.unwrap().token.unwrap().expose_secret().to_owned()
}

#[tokio::test]
async fn a_stored_token_beats_the_configured_one_until_it_is_removed() {
    let store = store();
    let (first, second) = (process(&store, Some(1)), process(&store, Some(1)));
    assert_eq!(token_of(&second).await, CONFIGURED);
    for removal in [token(" "), SettingsChange { token: Set::Configured, ..SettingsChange::default() }] {
        set(&first, token(TOKEN)).await.unwrap();
        assert_eq!(token_of(&second).await, TOKEN);
        set(&second, removal).await.unwrap();
        assert_eq!(token_of(&first).await, CONFIGURED);
        assert_eq!(store.settings().await.unwrap().token, None);
    }
}

#[tokio::test]
async fn what_is_set_beats_the_flags_on_every_process_and_the_rest_stays() {
    let store = store();
    let (first, second) = (process(&store, None), process(&store, None));
    let change = SettingsChange {
        connections: Set::To("64".parse().unwrap()),
        max_active: Set::To("1".parse().unwrap()),
        verify: Set::To(Verify::Size),
        ..SettingsChange::default()
    };
    set(&first, change).await.unwrap();
    let more = SettingsChange {
        connections: Set::Configured,
        multipart_threshold: Set::To(ByteSize(1)),
        retries: Set::To("0".parse().unwrap()),
        max_bytes_per_second: Set::To("1MiB".parse().unwrap()),
        ..SettingsChange::default()
    };
    set(&second, more).await.unwrap();
    let effective = first.effective().await.unwrap();
    assert_eq!(effective.max_active, 1);
    let transfer = TransferSettings {
        multipart_threshold: ByteSize(1),
        verify: Verify::Size,
        retries: 0,
        max_bytes_per_second: "1MiB".parse().unwrap(),
        ..TransferSettings::default()
    };
    assert_eq!(effective.transfer, transfer);
    assert_eq!(second.in_force().transfer, transfer, "the process that made the change goes by it at once");
    assert_eq!(first.in_force().transfer.connections, 64, "what a process has begun with stays until it looks again");
    first.refresh().await.unwrap();
    assert_eq!(first.in_force().transfer, transfer);
}

#[tokio::test]
async fn changes_of_different_settings_at_once_are_all_made() {
    let store = store();
    let (first, second) = (process(&store, None), process(&store, None));
    let connections = SettingsChange { connections: Set::To("7".parse().unwrap()), ..SettingsChange::default() };
    let retries = SettingsChange { retries: Set::To("7".parse().unwrap()), ..SettingsChange::default() };
    let (one, other) = tokio::join!(set(&first, connections), set(&second, retries));
    one.and(other).unwrap();
    let transfer = first.effective().await.unwrap().transfer;
    assert_eq!((transfer.connections, transfer.retries), (7, 7));
}

#[tokio::test]
async fn what_changes_nothing_is_not_stored() {
    let store = store();
    set(&process(&store, None), SettingsChange::default()).await.unwrap();
    let none = SettingsChange { verify: Set::Configured, token: Set::Configured, ..SettingsChange::default() };
    set(&process(&store, None), none).await.unwrap();
    assert_eq!(store.settings().await.unwrap(), StoredSettings::default());
}

#[tokio::test]
async fn who_sets_what_another_process_has_set_goes_by_it_at_once() {
    let store = store();
    let (first, second) = (process(&store, None), process(&store, None));
    let change = || SettingsChange { retries: Set::To("7".parse().unwrap()), ..SettingsChange::default() };
    set(&first, change()).await.unwrap();
    set(&second, change()).await.unwrap();
    assert_eq!(second.in_force().transfer.retries, 7);
}

#[tokio::test]
async fn without_the_key_no_token_is_stored_and_a_stored_one_is_not_used() {
    let store = store();
    let without = process(&store, None);
    let error = set(&without, token(TOKEN)).await.unwrap_err();
    assert!(matches!(error, SettingsError::NoKey) && error.to_string().contains("HFD_SECRET_KEY"), "{error}");
    assert_eq!(store.settings().await.unwrap(), StoredSettings::default());

    set(&process(&store, Some(1)), token(TOKEN)).await.unwrap();
    for stranger in [without, process(&store, Some(2))] {
        assert_eq!(token_of(&stranger).await, CONFIGURED);
        stranger.refresh().await.unwrap();
    }
}

#[tokio::test]
async fn who_cannot_open_the_stored_token_can_remove_it() {
    let store = store();
    set(&process(&store, Some(1)), token(TOKEN)).await.unwrap();
    set(&process(&store, None), token("")).await.unwrap();
    assert_eq!(store.settings().await.unwrap().token, None);
}

#[tokio::test]
async fn the_masked_token_sent_back_changes_nothing() {
    let store = store();
    for (settings, present) in [(process(&store, None), "********0000"), (process(&store, Some(1)), "********mnop")] {
        if settings.inner.key.is_some() {
            set(&settings, token(TOKEN)).await.unwrap();
        }
        let before = store.settings().await.unwrap();
        assert_eq!(settings.effective().await.unwrap().masked_token(), present);
        set(&settings, token(present)).await.unwrap();
        let other = set(&settings, token("********9999")).await.unwrap_err();
        assert!(matches!(other, SettingsError::Token(HubError::BadToken { .. })), "{other}");
        assert_eq!(store.settings().await.unwrap(), before);
    }
}

#[tokio::test]
async fn a_token_that_no_header_can_hold_is_refused() {
    let store = store();
    for bad in ["a\nb".to_owned(), "x".repeat(10_000)] {
        let error = set(&process(&store, Some(1)), token(&bad)).await.unwrap_err();
        assert!(matches!(error, SettingsError::Token(HubError::BadToken { .. })), "{error}");
        assert!(!error.to_string().contains(&bad));
    }
    assert_eq!(store.settings().await.unwrap(), StoredSettings::default());
}
