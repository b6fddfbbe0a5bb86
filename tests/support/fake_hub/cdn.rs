//! The CDN: content behind signed URLs, errors in XML, no idea of tokens.

use poem::http::StatusCode;
use time::OffsetDateTime;

use super::call::Call;
use super::fault_set::ActiveFaults;
use super::reply::Reply;
use super::route::Target;
use super::signed_url::UrlState;
use super::state::HubState;

/// Answers a request for an object.
pub(crate) fn answer(state: &HubState, call: &Call, target: &Target, faults: &ActiveFaults) -> Reply {
    if call.authorization.is_some() {
        // An object store refuses two ways of authorization at once, and a client that sends its token here leaks it.
        return error(StatusCode::BAD_REQUEST, "InvalidArgument", "Only one auth mechanism allowed");
    }
    match state.signer.check(call, OffsetDateTime::now_utc()) {
        UrlState::Good => {}
        UrlState::Expired => return error(StatusCode::FORBIDDEN, "AccessDenied", "Request has expired"),
        UrlState::Forged => return error(StatusCode::FORBIDDEN, "AccessDenied", "Access Denied"),
    }
    let catalog = state.catalog();
    let revision = catalog.repo(&target.repo).and_then(|repo| repo.revision(&target.rev));
    match revision.and_then(|revision| revision.file(&target.path)) {
        Some(file) => Reply::content(file, call, faults),
        None => error(StatusCode::NOT_FOUND, "NoSuchKey", "The specified key does not exist."),
    }
}

fn error(status: StatusCode, code: &str, message: &str) -> Reply {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    Reply::text(status, "application/xml", body)
}
