//! `docs/contract.md`: the table for readers.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use anyhow::{Context as _, ensure};

use crate::sections;
use crate::table::row::{Answer, Body, Content, Request, Row, Server};
use crate::table::shape::Shape;
use crate::table::shapes;

/// Set, the test writes the document instead of comparing it.
const WRITE_VARIABLE: &str = "HFD_WRITE_DOCS";

const HEAD: &str = "# Contract

Each row is a request and the answer to it, and a test of the single process and of a cluster (`tests/contract`, from which
this page is made by `make docs`). Shapes list all fields: none is missing, and there is none besides. `{id}` is the job that
is given. `acme/none` is not on the Hub; the guarded server has a user, a password, an API token and the origin
`https://app.example`.
";

#[test]
fn the_table_in_docs_is_the_one_that_is_tested() -> anyhow::Result<()> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/contract.md");
    let made = document()?;
    if env::var_os(WRITE_VARIABLE).is_some() {
        return fs::write(&path, made).with_context(|| format!("writing {}", path.display()));
    }
    let committed = fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?;
    ensure!(committed == made, "docs/contract.md is stale: run `make docs` and commit it");
    Ok(())
}

fn document() -> anyhow::Result<String> {
    let mut text = HEAD.to_owned();
    for section in sections::all() {
        write!(text, "\n## {}\n\n| | request | given | answer |\n|---|---|---|---|\n", section.title)?;
        for row in &section.rows {
            let (says, asked) = (row.says, row.request.as_ref().map_or_else(String::new, request));
            writeln!(text, "| {says} | {asked} | {} | {} |", given(row), answer(row))?;
        }
    }
    text.push_str("\n## Shapes\n");
    for shape in shapes::all() {
        if let Shape::Named(name, shape) = shape {
            write!(text, "\n### {name}\n\n```text\n{}\n```\n", lines(&shape()))?;
        }
    }
    Ok(text)
}

/// An object with a line a field.
fn lines(shape: &Shape) -> String {
    let text = shape.to_string();
    text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(&text).replace(", ", "\n")
}

fn code(text: &str) -> String {
    format!("`{}`", text.replace('|', "\\|").replace('\n', "\\n"))
}

fn request(request: &Request) -> String {
    let mut text = code(&format!("{} {}", request.method, request.path));
    for (name, value) in &request.headers {
        write!(text, "<br>{}", code(&format!("{name}: {value}"))).unwrap_or_default();
    }
    match &request.body {
        Body::None => {}
        Body::Json(body) => write!(text, "<br>{}", code(&body.to_string())).unwrap_or_default(),
        Body::Raw(media_type, body) => write!(text, "<br>{media_type}: {}", code(body)).unwrap_or_default(),
    }
    text
}

fn given(row: &Row) -> String {
    let mut parts: Vec<String> =
        [row.given.text()].into_iter().filter(|text| !text.is_empty()).map(str::to_owned).collect();
    parts.extend(row.before.iter().map(|before| request(&before.request)));
    if row.server == Server::Guarded {
        parts.push("the guarded server".to_owned());
    }
    parts.join("<br>")
}

fn answer(row: &Row) -> String {
    let mut text = match &row.answer {
        Answer::Response { status, body: Content::Empty } => format!("{status}"),
        Answer::Response { status, body: Content::Json(shape) } => format!("{status} {}", code(&shape.to_string())),
        Answer::Response { status, body: Content::Document(media_type) } => format!("{status} {media_type}"),
        Answer::Message(kind, shape) => format!("message `{kind}` {}", code(&shape.to_string())),
    };
    for (pointer, value) in &row.facts {
        let name = pointer.trim_start_matches('/').replace('/', ".");
        write!(text, "<br>{}", code(&format!("{name} = {value}"))).unwrap_or_default();
    }
    for (name, value) in &row.headers {
        let header = value.map_or_else(|| format!("no {name}"), |value| format!("{name}: {value}"));
        write!(text, "<br>{}", code(&header)).unwrap_or_default();
    }
    text
}
