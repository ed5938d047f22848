//! The two languages of the finance web and of problem texts: Fluent files, one bundle each, loaded once.

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use std::sync::LazyLock;
use unic_langid::LanguageIdentifier;

/// The Vietnamese texts.
pub const VI: &str = include_str!("../i18n/vi.ftl");
/// The English texts.
pub const EN: &str = include_str!("../i18n/en.ftl");

/// A language of the finance web. Vietnamese is the house's own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lang {
    /// Vietnamese.
    #[default]
    Vi,
    /// English.
    En,
}

impl Lang {
    /// The BCP 47 tag, as `?lang=`, the cookie and `<html lang>` carry it.
    pub const fn tag(self) -> &'static str {
        match self {
            Lang::Vi => "vi",
            Lang::En => "en",
        }
    }

    /// The language with this tag.
    pub fn parse(tag: &str) -> Option<Self> {
        match tag {
            "vi" => Some(Lang::Vi),
            "en" => Some(Lang::En),
            _ => None,
        }
    }

    /// The language an `Accept-Language` header asks for first; English when it names neither, because a machine's
    /// caller who says nothing reads the codes' own language.
    pub fn accepted(header: Option<&str>) -> Self {
        header
            .unwrap_or("")
            .split(',')
            .filter_map(|entry| Lang::parse(entry.split([';', '-']).next().unwrap_or("").trim()))
            .next()
            .unwrap_or(Lang::En)
    }
}

type Bundle = FluentBundle<FluentResource>;

static BUNDLES: LazyLock<(Bundle, Bundle)> = LazyLock::new(|| (bundle("vi-VN", VI), bundle("en-GB", EN)));

fn bundle(tag: &str, source: &str) -> Bundle {
    // The language only chooses plural forms; a tag that does not parse would leave the neutral ones.
    let language = tag.parse::<LanguageIdentifier>().unwrap_or_default();
    let mut bundle = FluentBundle::new_concurrent(vec![language]);
    bundle.set_use_isolating(false);
    let resource = FluentResource::try_new(source.to_owned()).unwrap_or_else(|(partial, errors)| {
        // The files are compiled in and a test parses them; a part that reads is still better than no page.
        tracing::error!(?errors, "a language file does not parse");
        partial
    });
    if let Err(errors) = bundle.add_resource(resource) {
        tracing::error!(?errors, "a language file repeats a key");
    }
    bundle
}

/// The text of `key`, or the key itself when there is none (a test keeps that from happening).
pub fn text(lang: Lang, key: &str) -> String {
    format(lang, key, &[])
}

/// The text of `key` with named arguments. Figures are passed ready-made, because Fluent does not group them as
/// finance needs; a whole number passed as `FluentValue` chooses the plural.
pub fn format(lang: Lang, key: &str, args: &[(&str, FluentValue<'_>)]) -> String {
    let bundle = match lang {
        Lang::Vi => &BUNDLES.0,
        Lang::En => &BUNDLES.1,
    };
    let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else {
        tracing::error!(key, lang = lang.tag(), "a text is missing");
        return key.to_owned();
    };
    let args: FluentArgs<'_> = args.iter().map(|(name, value)| (*name, value.clone())).collect();
    let mut errors = Vec::new();
    let text = bundle.format_pattern(pattern, Some(&args), &mut errors).into_owned();
    if !errors.is_empty() {
        tracing::error!(key, lang = lang.tag(), ?errors, "a text could not be completed");
    }
    text
}

/// True when `key` has a text in `lang`.
pub fn has(lang: Lang, key: &str) -> bool {
    match lang {
        Lang::Vi => BUNDLES.0.has_message(key),
        Lang::En => BUNDLES.1.has_message(key),
    }
}

#[cfg(test)]
#[path = "i18n_tests.rs"]
mod tests;
