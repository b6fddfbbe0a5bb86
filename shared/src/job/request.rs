//! What a client asks for, parsed once into what a job is.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{CallbackUrl, Selection, SelectionError, TransferWay, Work};
use crate::repo::{Invalid, RepoId, RepoKind, RepoRef, Revision};

/// So many filters, and as many excludes, may be given at the most.
pub const MAX_PATTERNS: usize = 200;
const MAX_PATTERN_BYTES: usize = 512;

/// A download as it comes from a client: nothing is checked yet.
#[derive(Debug, Default, Clone)]
pub struct DownloadRequest {
    /// `owner/name`, `name`, or either with filters behind a colon: `owner/name:q4_k_m,q5_k_m`.
    pub repo: String,
    /// Branch, tag, ref or commit; `main` when absent or empty.
    pub revision: Option<String>,
    /// Whether the repository is a dataset.
    pub dataset: bool,
    /// Which files to take; all when empty.
    pub filters: Vec<String>,
    /// Which files to leave out; beats the filters.
    pub excludes: Vec<String>,
    /// Whether each file also gets a link in a folder named by the filter that it matched.
    pub append_filter_subdir: bool,
    /// Where the job's end is told.
    pub callback_url: Option<String>,
    /// On which way the content of the files comes.
    pub transfer: TransferWay,
}

/// A checked request: the identity of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct JobRequest {
    /// What is done with the repository.
    #[serde(default)]
    pub work: Work,
    /// The repository.
    pub repo: RepoRef,
    /// The revision as asked for.
    pub revision: Revision,
    /// Filters, trimmed and split at commas.
    pub filters: Vec<String>,
    /// Excludes, trimmed and split at commas.
    pub excludes: Vec<String>,
    /// Whether files also get a link in a folder named by their filter.
    pub append_filter_subdir: bool,
    /// Where the job's end is told.
    #[serde(default)]
    pub callback: Option<CallbackUrl>,
    /// On which way the content of the files comes.
    #[serde(default)]
    pub transfer: TransferWay,
}

/// Why a request cannot become a job.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RequestError {
    /// The repository's name breaks the Hub's rule.
    #[error(transparent)]
    Repo(Invalid),
    /// The revision cannot be one.
    #[error(transparent)]
    Revision(Invalid),
    /// A filter or an exclude cannot be used.
    #[error(transparent)]
    Pattern(#[from] SelectionError),
    /// There are more patterns than anyone needs, or a very long one.
    #[error(
        "too many or too long filters or excludes: at most {MAX_PATTERNS} of either, of {MAX_PATTERN_BYTES} bytes each"
    )]
    TooManyPatterns,
    /// The end of the job cannot be told there.
    #[error(transparent)]
    Callback(Invalid),
}

impl JobRequest {
    /// Checks a request.
    ///
    /// Filters behind the repository's name count only when none are given apart, as in the documented API.
    ///
    /// # Errors
    /// Names the part that is wrong and what was expected there.
    pub fn parse(request: &DownloadRequest) -> Result<Self, RequestError> {
        let text = request.repo.trim();
        let (name, inline) = match text.split_once(':') {
            // A URL is no name with filters.
            Some((name, inline)) if !inline.starts_with("//") => (name, inline),
            _ => (text, ""),
        };
        let id: RepoId = name.parse().map_err(RequestError::Repo)?;
        let revision = match request.revision.as_deref().map(str::trim) {
            None | Some("") => Revision::default(),
            Some(text) => text.parse().map_err(RequestError::Revision)?,
        };
        let mut filters = split_patterns(&request.filters);
        if filters.is_empty() {
            filters = split_patterns(&[inline.to_owned()]);
        }
        let callback = match request.callback_url.as_deref().map(str::trim) {
            None | Some("") => None,
            Some(text) => Some(text.parse().map_err(RequestError::Callback)?),
        };
        let parsed = Self {
            work: Work::Download,
            repo: RepoRef { kind: if request.dataset { RepoKind::Dataset } else { RepoKind::Model }, id },
            revision,
            filters,
            excludes: split_patterns(&request.excludes),
            append_filter_subdir: request.append_filter_subdir,
            callback,
            transfer: request.transfer,
        };
        // Those that say nothing count where they were given.
        for (given, patterns) in [(&request.filters, &parsed.filters), (&request.excludes, &parsed.excludes)] {
            let is_too_long = patterns.iter().any(|pattern| pattern.len() > MAX_PATTERN_BYTES);
            if given.len().max(patterns.len()) > MAX_PATTERNS || is_too_long {
                return Err(RequestError::TooManyPatterns);
            }
        }
        parsed.selection()?;
        Ok(parsed)
    }

    /// The rule by which files are taken.
    ///
    /// # Errors
    /// When a pattern is no valid glob; never for a request that came from [`JobRequest::parse`].
    pub fn selection(&self) -> Result<Selection, SelectionError> {
        Selection::new(self.repo.kind, &self.filters, &self.excludes, self.append_filter_subdir)
    }

    /// A request to do something with all that the cache holds of a repository, or of a revision of it.
    pub fn of_cache(work: Work, repo: RepoRef, revision: Revision) -> Self {
        Self {
            work,
            repo,
            revision,
            filters: Vec::new(),
            excludes: Vec::new(),
            append_filter_subdir: false,
            callback: None,
            transfer: TransferWay::default(),
        }
    }

    /// Equal for two requests that ask for the same, whatever the order of their patterns.
    pub fn fingerprint(&self) -> String {
        let sorted = |patterns: &[String]| {
            let mut patterns = patterns.to_vec();
            patterns.sort();
            patterns
        };
        let identity = (&self.repo, &self.revision, sorted(&self.filters), sorted(&self.excludes));
        let mut hasher = Sha256::new();
        hasher.update(format!("{identity:?}"));
        // Not for plain downloads: those that were stored before there was anything else keep theirs.
        if self.work != Work::Download {
            hasher.update(format!("{:?}", self.work));
        }
        if self.append_filter_subdir {
            hasher.update("subdir");
        }
        if let Some(callback) = &self.callback {
            hasher.update(format!("callback {callback}"));
        }
        if self.transfer != TransferWay::default() {
            hasher.update(format!("transfer {}", self.transfer));
        }
        hex::encode(hasher.finalize())
    }
}

fn split_patterns(patterns: &[String]) -> Vec<String> {
    patterns
        .iter()
        .flat_map(|list| list.split(','))
        .map(str::trim)
        .filter(|pattern| !pattern.is_empty())
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn request(repo: &str) -> DownloadRequest {
        DownloadRequest { repo: repo.to_owned(), ..DownloadRequest::default() }
    }

    #[test]
    fn filters_behind_the_name_count_only_when_none_are_given_apart() {
        let inline = JobRequest::parse(&request("a/b: q4 ,,q5")).unwrap();
        assert_eq!(inline.filters, ["q4", "q5"]);
        let both = DownloadRequest { filters: vec!["q8, q6".into()], ..request("a/b:q4") };
        assert_eq!(JobRequest::parse(&both).unwrap().filters, ["q8", "q6"]);
        assert!(JobRequest::parse(&request("a/b:")).unwrap().filters.is_empty());
    }

    #[test]
    fn the_fingerprint_ignores_order_but_no_difference() {
        let of = |filters: &[&str], revision: &str, dataset: bool| {
            JobRequest::parse(&DownloadRequest {
                filters: filters.iter().map(ToString::to_string).collect(),
                revision: Some(revision.into()),
                dataset,
                ..request("a/b")
            })
            .unwrap()
            .fingerprint()
        };
        assert_eq!(of(&["x", "y"], "main", false), of(&["y", "x"], "", false));
        assert_ne!(of(&["x"], "main", false), of(&["x", "x"], "main", false));
        assert_ne!(of(&["x"], "main", false), of(&["x"], "v1", false));
        assert_ne!(of(&["x"], "main", false), of(&["x"], "main", true));
    }

    #[test]
    fn what_is_done_and_told_and_the_way_of_it_belong_to_the_fingerprint() {
        let plain = JobRequest::parse(&request("a/b")).unwrap();
        let by_xet = DownloadRequest { transfer: TransferWay::Xet, ..request("a/b") };
        let by_xet = JobRequest::parse(&by_xet).unwrap();
        let told = DownloadRequest { callback_url: Some(" http://h/x ".into()), ..request("a/b") };
        let told = JobRequest::parse(&told).unwrap();
        let doubled = DownloadRequest { append_filter_subdir: true, ..request("a/b") };
        let doubled = JobRequest::parse(&doubled).unwrap();
        let of = |work| JobRequest::of_cache(work, plain.repo.clone(), plain.revision.clone());
        let all = [plain.clone(), told, by_xet, doubled, of(Work::Verify), of(Work::Prune)];
        let different: HashSet<String> = all.iter().map(JobRequest::fingerprint).collect();
        assert_eq!(different.len(), all.len());
        assert_eq!(of(Work::Download).fingerprint(), plain.fingerprint());
    }

    /// Processes of two versions over one store must know a job again.
    #[test]
    fn the_fingerprint_stays_as_it_was_stored() {
        let request = DownloadRequest { filters: vec!["*.gguf".into()], excludes: vec!["q2".into()], ..request("a/b") };
        let download = JobRequest::parse(&request).unwrap();
        let prune = JobRequest::of_cache(Work::Prune, download.repo.clone(), Revision::default());
        assert_eq!(download.fingerprint(), "b69640cb01d49a592bcd0470ae0c839aaf7c995e5595b3a5492fb10a0c5759d6");
        assert_eq!(prune.fingerprint(), "2fef235e33ef2a19e8626b5a32c35a3680294020231255a6404f57ad4ef9fe54");
    }

    #[test]
    fn a_request_that_was_stored_before_there_was_other_work_is_a_download() {
        let stored = r#"{"repo":{"kind":"model","id":"a/b"},"revision":"main","filters":[],"excludes":[],
            "append_filter_subdir":false}"#;
        let read: JobRequest = serde_json::from_str(stored).unwrap();
        assert_eq!(read, JobRequest::parse(&request("a/b")).unwrap());
    }

    #[test]
    fn each_bad_part_is_named() {
        for bad in ["nope/", "https://huggingface.co/a/b", "hf://a/b"] {
            assert!(matches!(JobRequest::parse(&request(bad)), Err(RequestError::Repo(_))), "{bad}");
        }
        let revision = DownloadRequest { revision: Some("../x".into()), ..request("a/b") };
        assert!(matches!(JobRequest::parse(&revision), Err(RequestError::Revision(_))));
        for bad in ["*[", "a\u{1}"] {
            let pattern = DownloadRequest { filters: vec![bad.into()], ..request("a/b") };
            assert!(matches!(JobRequest::parse(&pattern), Err(RequestError::Pattern(_))), "{bad:?}");
        }
        let callback = DownloadRequest { callback_url: Some("ftp://h/".into()), ..request("a/b") };
        assert!(matches!(JobRequest::parse(&callback), Err(RequestError::Callback(_))));
        let many = DownloadRequest { filters: vec!["x".into(); 201], ..request("a/b") };
        assert_eq!(JobRequest::parse(&many), Err(RequestError::TooManyPatterns));
        let blank = DownloadRequest { excludes: vec![String::new(); 201], ..request("a/b") };
        assert_eq!(JobRequest::parse(&blank), Err(RequestError::TooManyPatterns));
        let split = DownloadRequest { filters: vec!["x,".repeat(201)], ..request("a/b") };
        assert_eq!(JobRequest::parse(&split), Err(RequestError::TooManyPatterns));
    }

    #[test]
    fn as_many_filters_and_excludes_as_the_document_says_are_taken() {
        let most = || vec!["x".to_owned(); 200];
        assert!(JobRequest::parse(&DownloadRequest { filters: most(), excludes: most(), ..request("a/b") }).is_ok());
    }
}
