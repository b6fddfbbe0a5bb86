//! The page at `/` in a real browser: Debian's Chromium, headless, driven by Playwright.
//!
//! A script a workflow. Each ends with the checks that hold on every page: `page.mjs` has them.

mod access;
mod load;
mod names;
mod pictures;
mod script;
mod units;
mod workflows;
mod world;
