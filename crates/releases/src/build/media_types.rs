//! `Content-Type` by a file's name. Text says that it is UTF-8: without that, browsers guess from where they are in the
//! world.

/// The media type of a file, by the ending of its name.
pub(super) fn media_type(path: &str) -> String {
    let name = path.rsplit_once('/').map_or(path, |(_, name)| name);
    let guessed =
        by_name(name).map(str::to_owned).or_else(|| mime_guess::from_path(name).first_raw().map(str::to_owned));
    // No ending, or one that nobody knows: bytes, which browsers offer to save and do not run.
    let plain = guessed.unwrap_or_else(|| "application/octet-stream".to_owned());
    if is_text(&plain) { format!("{plain}; charset=utf-8") } else { plain }
}

/// Where the table of the library has no type, or one that is not meant on the web.
fn by_name(name: &str) -> Option<&'static str> {
    let lower = name.to_ascii_lowercase();
    let Some((_, ending)) = lower.rsplit_once('.') else {
        return match lower.as_str() {
            // What people look at in a browser, and has no ending by tradition.
            "license" | "licence" | "copying" | "notice" | "readme" | "authors" | "changelog" | "cname" => {
                Some("text/plain")
            }
            "apple-app-site-association" => Some("application/json"),
            _ => None,
        };
    };
    Some(match ending {
        "mjs" | "cjs" => "text/javascript",
        "map" => "application/json",
        "woff" => "font/woff",
        "otf" => "font/otf",
        // Pieces of a film beside their list. TypeScript is not served.
        "ts" => "video/mp2t",
        "m3u8" => "application/vnd.apple.mpegurl",
        _ => return None,
    })
}

fn is_text(media_type: &str) -> bool {
    media_type.starts_with("text/")
        || media_type.ends_with("+xml")
        || media_type.ends_with("+json")
        || matches!(media_type, "application/json" | "application/javascript" | "application/xml")
}
