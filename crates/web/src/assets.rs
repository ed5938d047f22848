//! The stylesheet and the mark, compiled in, under names that carry a digest of their bytes: a browser may keep them for
//! a year, and a new version has a new name.

use axum::extract::Path;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use primitives::Digest;
use std::sync::LazyLock;

use crate::problem::Problem;

const YEAR: &str = "public, max-age=31536000, immutable";

struct Asset {
    name: String,
    media_type: &'static str,
    bytes: &'static [u8],
}

static ASSETS: LazyLock<[Asset; 2]> = LazyLock::new(|| {
    let asset = |stem: &str, ending: &str, media_type, bytes: &'static [u8]| {
        let digest = Digest::of(bytes).hex();
        Asset { name: format!("{stem}.{}.{ending}", &digest[..16]), media_type, bytes }
    };
    [
        asset("farehouse", "css", "text/css; charset=utf-8", include_bytes!("../assets/farehouse.css")),
        asset("mark", "svg", "image/svg+xml", include_bytes!("../assets/mark.svg")),
    ]
});

/// The address of the stylesheet.
pub fn stylesheet() -> String {
    format!("/assets/{}", ASSETS[0].name)
}

/// The address of the house's mark.
pub fn mark() -> String {
    format!("/assets/{}", ASSETS[1].name)
}

/// Answers with the asset of this exact name.
pub async fn serve(Path(name): Path<String>) -> Result<Response, Problem> {
    let asset = ASSETS.iter().find(|asset| asset.name == name).ok_or_else(Problem::not_found)?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(asset.media_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static(YEAR)),
    ];
    Ok((headers, asset.bytes).into_response())
}
