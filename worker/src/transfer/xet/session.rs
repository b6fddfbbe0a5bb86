//! The crate's session, held to our limits.

use std::path::Path;
use std::time::Duration;

use hfd_shared::hub::XetAccess;
use secrecy::ExposeSecret as _;
use tokio::runtime::Handle;
use xet::error::XetError;
use xet::xet_session::{XetConfig, XetDownloadStreamGroup, XetSession, XetSessionBuilder};

use super::{PART_BYTES, PARTS};

/// How often the crate asks again by itself.
pub(super) const RETRIES: u32 = 1;
const RETRY_DELAY: Duration = Duration::from_millis(250);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How much of an error is passed on.
const MAX_CHARS: usize = 300;

/// A session that keeps no more in memory than all parts have, stores nothing on disk and reports nothing to anybody. It makes
/// folders, in which it would stage uploads, in `folder`.
pub(super) fn open(folder: &Path, stall_timeout: Duration) -> Result<XetSession, String> {
    let config = config(stall_timeout)?;
    let builder =
        XetSessionBuilder::new_with_config(config).with_cache_dir(folder).with_tokio_handle(Handle::current());
    builder.build().map_err(|error| describe(&error))
}

fn config(stall_timeout: Duration) -> Result<XetConfig, String> {
    let all_parts = format!("{}b", PARTS as u64 * PART_BYTES);
    let (parts, millis) = (PARTS.to_string(), |time: Duration| format!("{}ms", time.as_millis()));
    let settings = [
        ("telemetry.enabled", "false".to_owned()),
        ("system_monitor.enabled", "false".to_owned()),
        ("chunk_cache.size_bytes", "0".to_owned()),
        ("reconstruction.download_buffer_size", all_parts.clone()),
        ("reconstruction.download_buffer_perfile_size", "0b".to_owned()),
        ("reconstruction.download_buffer_limit", all_parts),
        ("client.ac_initial_download_concurrency", parts.clone()),
        ("client.ac_min_download_concurrency", parts.clone()),
        ("client.ac_max_download_concurrency", parts.clone()),
        ("client.max_idle_connections", parts),
        ("client.retry_max_attempts", RETRIES.to_string()),
        ("client.retry_base_delay", millis(RETRY_DELAY)),
        ("client.connect_timeout", millis(CONNECT_TIMEOUT)),
        ("client.read_timeout", millis(stall_timeout)),
    ];
    // Not what the environment says: the limits of this process are its own.
    settings
        .into_iter()
        .try_fold(XetConfig::default(), |config, (name, value)| config.with_config(name, value))
        .map_err(|error| format!("the settings of hf-xet: {error}"))
}

/// What has access to the files of a repository.
pub(super) async fn group(session: &XetSession, access: &XetAccess) -> Result<XetDownloadStreamGroup, String> {
    let group = session.new_download_stream_group().map_err(|error| describe(&error))?;
    group
        .with_endpoint(access.server.as_str().trim_end_matches('/'))
        // Whoever made the group renews it in time; the crate would compare clocks of two machines.
        .with_token_info(access.token.expose_secret(), u64::MAX)
        .build()
        .await
        .map_err(|error| describe(&error))
}

/// An error as one line, without the queries of addresses: they are signatures.
pub(super) fn describe(error: &XetError) -> String {
    without_queries(&error.to_string())
}

fn without_queries(text: &str) -> String {
    let plain = |word: &str| match word.split_once('?') {
        Some((address, query)) if address.contains("://") => {
            let behind: String = query.chars().rev().take_while(|c| !c.is_alphanumeric()).collect();
            format!("{address}{}", behind.chars().rev().collect::<String>())
        }
        _ => word.to_owned(),
    };
    let words: Vec<String> = text.split_whitespace().map(plain).collect();
    words.join(" ").chars().filter(|c| !c.is_control()).take(MAX_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limits_are_ours() {
        let config = config(Duration::from_secs(7)).unwrap();
        assert!(!config.telemetry.enabled);
        assert_eq!(config.client.read_timeout, Duration::from_secs(7));
        let limit = config.reconstruction.download_buffer_limit.as_u64();
        assert_eq!(limit, 48 << 20);
        assert_eq!(config.reconstruction.download_buffer_size.as_u64(), limit);
    }

    #[test]
    fn no_signature_is_in_an_error() {
        let error = "error for url (https://h/x?Signature=abc&Expires=1): it\nbroke? yes";
        assert_eq!(without_queries(error), "error for url (https://h/x): it broke? yes");
    }
}
