//! The body of a form, read once by the guard: its fields, and at most one uploaded file. A page never reads a body
//! itself, so no change can happen without the token's check.

use crate::problem::Problem;
use axum::body::{Body, Bytes, HttpBody as _};
use axum::extract::{FromRequest, FromRequestParts, Multipart, Request};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use primitives::Code;
use std::future::poll_fn;
use std::pin::Pin;

/// Largest body of a plain form.
pub const FORM_BYTES_MAX: usize = 64 * 1024;
/// Largest body of a form with a file: a bank statement of a very busy day, and the form around it.
pub const UPLOAD_BYTES_MAX: usize = 16 * 1024 * 1024;

/// A file that came with a form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Its name, as the browser sent it; shown, never used as a path.
    pub name: String,
    /// Its bytes.
    pub bytes: Bytes,
}

/// The fields of a form.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form {
    fields: Vec<(String, String)>,
    /// The file, when one came.
    pub upload: Option<Upload>,
}

impl Form {
    /// The first field of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The first field of this name, or the problem that it is missing.
    pub fn need(&self, name: &str) -> Result<&str, Problem> {
        self.get(name).ok_or_else(|| Problem::bad_request(format!("the field {name} is missing")))
    }

    /// Reads the body of a request. Only where a file is awaited may the body be as large as one, so that strangers
    /// cannot fill the memory.
    pub async fn read(request: Request, file_awaited: bool) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let kind =
            parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
        if file_awaited && kind.starts_with("multipart/form-data") {
            let bytes = read_body(body, UPLOAD_BYTES_MAX).await?;
            return Form::read_multipart(Request::from_parts(parts, Body::from(bytes))).await;
        }
        if !kind.is_empty() && !kind.starts_with("application/x-www-form-urlencoded") {
            let detail = "a form is application/x-www-form-urlencoded or multipart/form-data";
            return Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, Code::BadRequest, detail));
        }
        let bytes = read_body(body, FORM_BYTES_MAX).await?;
        let text = std::str::from_utf8(&bytes).map_err(|_| Problem::bad_request("the form is not UTF-8"))?;
        Ok(Form { fields: crate::query::Query::parse(text).pairs().to_vec(), upload: None })
    }

    async fn read_multipart(request: Request) -> Result<Self, Problem> {
        let broken = || Problem::bad_request("the form's parts cannot be read");
        let mut parts = Multipart::from_request(request, &()).await.map_err(|_| broken())?;
        let mut form = Form::default();
        while let Some(part) = parts.next_field().await.map_err(|_| broken())? {
            let (name, file) = (part.name().unwrap_or("").to_owned(), part.file_name().map(str::to_owned));
            let bytes = part.bytes().await.map_err(|_| broken())?;
            match file {
                Some(file) => form.upload = Some(Upload { name: file, bytes }),
                None => {
                    let value = String::from_utf8(bytes.to_vec()).map_err(|_| broken())?;
                    form.fields.push((name, value));
                }
            }
        }
        Ok(form)
    }
}

/// Reads a whole body of at most `limit` bytes; stops at the first byte above it.
pub async fn read_body(mut body: Body, limit: usize) -> Result<Bytes, Problem> {
    let mut bytes = Vec::new();
    while let Some(frame) = poll_fn(|context| Pin::new(&mut body).poll_frame(context)).await {
        let frame = frame.map_err(|_| Problem::bad_request("the body broke off"))?;
        let Ok(data) = frame.into_data() else { continue };
        if data.len() > limit.saturating_sub(bytes.len()) {
            let detail = format!("the body is above {limit} bytes");
            return Err(Problem::new(StatusCode::PAYLOAD_TOO_LARGE, Code::TooLarge, detail));
        }
        bytes.extend_from_slice(&data);
    }
    Ok(bytes.into())
}

impl<S: Send + Sync> FromRequestParts<S> for Form {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        let form = parts.extensions.remove::<Form>();
        form.ok_or_else(|| Problem::bad_request("a form was expected"))
    }
}
