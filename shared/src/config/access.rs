//! Whom a server lets in: by password, by token, by the page that asks, by the name that it is asked under.

use std::fs;
use std::path::PathBuf;

use clap::Args;
use secrecy::{ExposeSecret, SecretString};
use url::Host;

use super::UsageError;
use super::origin::WebOrigin;
use super::secret::{given, name, secret};

/// The least length of an API token, in characters: what is shorter can be guessed.
const MIN_TOKEN_CHARS: usize = 16;

/// Names who may use the API.
#[derive(Debug, Clone, Args)]
pub struct AccessArgs {
    /// User name that clients must give (with --auth-pass)
    #[arg(long, env = "HFD_AUTH_USER")]
    pub auth_user: Option<String>,
    /// Password that clients must give (with --auth-user)
    #[arg(long, env = "HFD_AUTH_PASS", hide_env_values = true, value_parser = secret())]
    pub auth_pass: Option<SecretString>,
    /// Token that lets a client in as `Authorization: Bearer …`, 16 characters or more; may be repeated
    #[arg(
        long = "api-token", value_name = "TOKEN", env = "HFD_API_TOKEN", hide_env_values = true,
        value_delimiter = ',', value_parser = secret()
    )]
    pub api_tokens: Vec<SecretString>,
    /// File with such tokens, one a line
    #[arg(long, env = "HFD_API_TOKEN_FILE")]
    pub api_token_file: Option<PathBuf>,
    /// Web site whose pages may use the API, such as `https://tools.example`; may be repeated
    #[arg(long = "cors-origin", value_name = "ORIGIN", env = "HFD_CORS_ORIGIN", value_delimiter = ',')]
    pub cors_origins: Vec<String>,
    /// Host under which the service may be asked where it wants no credentials, such as a proxy's; `localhost`, addresses and names
    /// of private networks always may; may be repeated
    #[arg(long = "allowed-host", value_name = "HOST", env = "HFD_ALLOWED_HOST", value_delimiter = ',')]
    pub allowed_hosts: Vec<String>,
}

/// The user that requests must name, with the password.
#[derive(Debug, Clone)]
pub struct BasicAuth {
    /// The user's name; it cannot contain a colon.
    pub user: String,
    /// The password.
    pub password: SecretString,
}

/// Who may use the API.
#[derive(Debug, Clone, Default)]
pub struct Access {
    /// Lets in whoever gives these.
    pub basic: Option<BasicAuth>,
    /// Lets in whoever gives one of these; with neither a user nor a token, everybody is let in.
    pub tokens: Vec<SecretString>,
    /// Sites besides the service itself whose pages may use the API.
    pub origins: Vec<WebOrigin>,
    /// Names under which an open service may be asked, besides those that no web page can have.
    pub hosts: Vec<Host>,
}

impl Access {
    /// Whether clients must say who they are.
    pub fn is_guarded(&self) -> bool {
        self.basic.is_some() || !self.tokens.is_empty()
    }
}

impl AccessArgs {
    /// Who may use the API. Blank values count as absent.
    ///
    /// # Errors
    /// When a value is such that no client could use it, or too weak.
    pub fn access(&self) -> Result<Access, UsageError> {
        let origins: Vec<WebOrigin> = parse_all(&self.cors_origins, |text| {
            let rule =
                format!("invalid --cors-origin {text:?}: expected scheme and host such as https://tools.example");
            text.parse().map_err(|_| UsageError(rule))
        })?;
        let named = parse_all(&self.allowed_hosts, |text| {
            let rule =
                format!("invalid --allowed-host {text:?}: expected a host without a port, such as cache.example");
            Host::parse(text).map_err(|_| UsageError(rule))
        })?;
        let hosts = origins.iter().map(|origin| origin.host().clone()).chain(named).collect();
        Ok(Access { basic: self.basic()?, tokens: self.tokens()?, origins, hosts })
    }

    fn basic(&self) -> Result<Option<BasicAuth>, UsageError> {
        let (user, password) = match (self.auth_user.as_deref().map(name), self.auth_pass.clone()) {
            (Some(user), Some(password)) => (user, password),
            (None, None) => return Ok(None),
            _ => return Err(UsageError("--auth-user and --auth-pass need each other: set both or none".to_owned())),
        };
        if user.is_empty() || user.contains(':') || password.expose_secret().is_empty() {
            let rule = "--auth-user and --auth-pass must not be empty, and the user must not contain a colon";
            return Err(UsageError(rule.to_owned()));
        }
        Ok(Some(BasicAuth { user, password }))
    }

    fn tokens(&self) -> Result<Vec<SecretString>, UsageError> {
        let mut tokens: Vec<_> = self.api_tokens.iter().filter_map(|token| given(Some(token))).collect();
        if let Some(path) = self.api_token_file.as_ref().filter(|path| !path.as_os_str().is_empty()) {
            let unreadable = |error| UsageError(format!("cannot read --api-token-file {}: {error}", path.display()));
            let text = SecretString::from(fs::read_to_string(path).map_err(unreadable)?);
            let lines = text.expose_secret().lines().map(str::trim).filter(|line| !line.is_empty());
            let count = tokens.len();
            tokens.extend(lines.map(SecretString::from));
            if tokens.len() == count {
                return Err(UsageError(format!("--api-token-file {} holds no token", path.display())));
            }
        }
        if tokens.iter().any(|token| !is_token(token.expose_secret())) {
            let rule = "an API token must have 16 printable ASCII characters or more, and no spaces; \
                        make one with `openssl rand -hex 32`";
            return Err(UsageError(rule.to_owned()));
        }
        Ok(tokens)
    }
}

fn is_token(text: &str) -> bool {
    text.len() >= MIN_TOKEN_CHARS && text.bytes().all(|byte| byte.is_ascii_graphic())
}

fn parse_all<T>(texts: &[String], parse: impl Fn(&str) -> Result<T, UsageError>) -> Result<Vec<T>, UsageError> {
    texts.iter().map(|text| text.trim()).filter(|text| !text.is_empty()).map(parse).collect()
}
