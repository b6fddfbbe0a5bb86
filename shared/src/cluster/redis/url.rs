//! Where Redis is: one server, or whichever one a Sentinel names.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use redis::io::tcp::TcpSettings;
use redis::io::tcp::socket2::TcpKeepalive;
use redis::sentinel::{SentinelClientBuilder, SentinelServerType};
use redis::{Client, ConnectionAddr, IntoConnectionInfo, TlsMode};
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Mutex;
use url::Url;

use super::client::Server;
use crate::cluster::Credentials;
use crate::repo::Invalid;

const SENTINEL_PORT: u16 = 26379;
const EXPECTED: &str = "redis://[user:password@]host[:port][/db], rediss://… for TLS, or redis+sentinel://[user:password@]host[:port],…/master[/db]";

/// The first probe after so much silence, the next ones at the same distance.
const KEEPALIVE: Duration = Duration::from_secs(10);

/// The address of a store. Shown without its password.
#[derive(Clone)]
pub struct RedisUrl {
    text: String,
    target: Target,
    credentials: Credentials,
    /// Sentinels do not get those of the servers that they watch.
    sentinel_credentials: Credentials,
}

#[derive(Clone)]
enum Target {
    Single,
    Sentinel { nodes: Vec<(String, u16)>, master: String, db: i64, is_tls: bool },
}

impl RedisUrl {
    /// The same server for another user, or with another password.
    #[must_use]
    pub fn with_credentials(self, Credentials { user, password }: Credentials) -> Self {
        let own = self.credentials;
        let credentials = Credentials { user: user.or(own.user), password: password.or(own.password) };
        Self { credentials, ..self }
    }

    /// The same Sentinels for this user.
    #[must_use]
    pub fn with_sentinel_credentials(self, sentinel_credentials: Credentials) -> Self {
        Self { sentinel_credentials, ..self }
    }

    /// Whether it leads to whichever server Sentinels name.
    pub fn has_sentinels(&self) -> bool {
        matches!(self.target, Target::Sentinel { .. })
    }

    /// What connects to it.
    ///
    /// # Errors
    /// When the client library refuses the address.
    pub(super) fn server(&self) -> redis::RedisResult<Server> {
        let tcp = TcpSettings::default()
            .set_nodelay(true)
            .set_keepalive(TcpKeepalive::new().with_time(KEEPALIVE).with_interval(KEEPALIVE));
        let user = self.credentials.user.as_deref();
        let password = self.credentials.password.as_ref().map(ExposeSecret::expose_secret);
        match &self.target {
            Target::Single => {
                let info = self.text.as_str().into_connection_info()?.set_tcp_settings(tcp);
                let mut settings = info.redis_settings().clone();
                if let Some(user) = user {
                    settings = settings.set_username(user);
                }
                if let Some(password) = password {
                    settings = settings.set_password(password);
                }
                Ok(Server::Single(Client::open(info.set_redis_settings(settings))?))
            }
            Target::Sentinel { nodes, master, db, is_tls } => {
                let address = |(host, port): &(String, u16)| match is_tls {
                    true => {
                        ConnectionAddr::TcpTls { host: host.clone(), port: *port, insecure: false, tls_params: None }
                    }
                    false => ConnectionAddr::Tcp(host.clone(), *port),
                };
                let nodes = nodes.iter().map(address);
                let mut builder = SentinelClientBuilder::new(nodes, master, SentinelServerType::Master)?
                    .set_client_to_redis_db(*db)
                    .set_client_to_redis_tcp_settings(tcp.clone())
                    .set_client_to_sentinel_tcp_settings(tcp);
                if *is_tls {
                    builder = builder.set_client_to_redis_tls_mode(TlsMode::Secure);
                }
                if let Some(user) = user {
                    builder = builder.set_client_to_redis_username(user);
                }
                if let Some(password) = password {
                    builder = builder.set_client_to_redis_password(password);
                }
                if let Some(user) = &self.sentinel_credentials.user {
                    builder = builder.set_client_to_sentinel_username(user);
                }
                if let Some(password) = &self.sentinel_credentials.password {
                    builder = builder.set_client_to_sentinel_password(password.expose_secret());
                }
                Ok(Server::Sentinel(Mutex::new(builder.build()?)))
            }
        }
    }
}

impl FromStr for RedisUrl {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let invalid = || Invalid::new("Redis URL", &redacted(text), EXPECTED);
        let (scheme, rest) = text.split_once("://").ok_or_else(invalid)?;
        let scheme = scheme.to_ascii_lowercase();
        let text = format!("{scheme}://{rest}");
        let (target, credentials) = match (scheme.as_str(), rest) {
            ("redis" | "rediss", _) => {
                // The client library takes those that are in the address.
                text.as_str().into_connection_info().map_err(|_| invalid())?;
                (Target::Single, Credentials::default())
            }
            ("redis+sentinel", rest) => sentinel(rest, false).ok_or_else(invalid)?,
            ("rediss+sentinel", rest) => sentinel(rest, true).ok_or_else(invalid)?,
            _ => return Err(invalid()),
        };
        let text = if let Target::Sentinel { .. } = target { redacted(&text) } else { text };
        Ok(Self { text, target, credentials, sentinel_credentials: Credentials::default() })
    }
}

/// `[user:password@]host[:port],host[:port]/master[/db]`
fn sentinel(rest: &str, is_tls: bool) -> Option<(Target, Credentials)> {
    let (credentials, rest) = rest.rsplit_once('@').unwrap_or(("", rest));
    let (hosts, path) = rest.split_once('/')?;
    let (master, db) = path.split_once('/').unwrap_or((path, "0"));
    let (user, password) = credentials.split_once(':').unwrap_or((credentials, ""));
    let decode = |text: &str| percent_encoding::percent_decode_str(text).decode_utf8().ok().map(Cow::into_owned);
    let nodes = hosts.split(',').map(node).collect::<Option<_>>()?;
    let given = |text: String| Some(text).filter(|text| !text.is_empty());
    let credentials =
        Credentials { user: given(decode(user)?), password: given(decode(password)?).map(SecretString::from) };
    let target = Target::Sentinel { nodes, master: decode(master)?, db: db.parse().ok()?, is_tls };
    (!master.is_empty()).then_some((target, credentials))
}

fn node(text: &str) -> Option<(String, u16)> {
    let url = Url::parse(&format!("redis://{text}")).ok()?;
    let host = url.host_str().filter(|host| !host.is_empty())?;
    Some((host.to_owned(), url.port().unwrap_or(SENTINEL_PORT)))
}

/// The address without what stands before the host.
fn redacted(text: &str) -> String {
    match (text.split_once("://"), text.rsplit_once('@')) {
        (Some((scheme, _)), Some((_, host))) => format!("{scheme}://***@{host}"),
        (None, Some((_, host))) => format!("***@{host}"),
        _ => text.to_owned(),
    }
}

impl fmt::Display for RedisUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&redacted(&self.text))
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn single_servers_tls_and_sentinels_are_understood() {
        for good in [
            "redis://localhost",
            "rediss://user:secret@redis.example:6380/2",
            "redis+sentinel://s1:26379,s2,s3:7000/mymaster",
            "rediss+sentinel://user:se%40cret@s1,[::1]:26379/mymaster/3",
        ] {
            good.parse::<RedisUrl>().unwrap().server().unwrap();
        }
        let sentinel: RedisUrl = "redis+sentinel://:se%40cret@s1,s2:7/main/3".parse().unwrap();
        let Target::Sentinel { nodes, master, db, is_tls } = sentinel.target else { panic!() };
        assert_eq!(nodes, [("s1".to_owned(), 26379), ("s2".to_owned(), 7)]);
        assert_eq!((master.as_str(), db, is_tls), ("main", 3, false));
        let Credentials { user, password } = sentinel.credentials;
        assert_eq!((user, password.unwrap().expose_secret()), (None, "se@cret"));
    }

    #[test]
    fn credentials_beside_the_url_beat_those_in_it() {
        let other = Credentials { user: None, password: Some("p@ss/word".into()) };
        let url: RedisUrl = "redis://ann:secret@host".parse().unwrap();
        let Server::Single(client) = url.with_credentials(other).server().unwrap() else { panic!() };
        let settings = client.get_connection_info().redis_settings();
        assert_eq!((settings.username(), settings.password()), (Some("ann"), Some("p@ss/word")));
    }

    #[test]
    fn a_bad_url_is_refused_and_no_password_is_shown() {
        for bad in
            ["", "localhost:6379", "http://u:secret@h", "redis+sentinel://:secret@h", "redis+sentinel://u:secret@/m"]
        {
            let error = bad.parse::<RedisUrl>().unwrap_err().to_string();
            assert!(error.contains("redis://") && !error.contains("secret"), "{error}");
        }
        let url: RedisUrl = "redis://user:secret@host:1/0".parse().unwrap();
        assert_eq!(format!("{url} {url:?}"), "redis://***@host:1/0 redis://***@host:1/0");
    }
}
