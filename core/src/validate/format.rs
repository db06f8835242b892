//! The named formats of text, as small hand-written matchers: no allocation, linear time.

use crate::model::Format;

/// The format's name, as models write it.
pub fn name(format: Format) -> &'static str {
    match format {
        Format::Email => "email",
        Format::Url => "url",
        Format::Slug => "slug",
        Format::Hostname => "hostname",
        Format::Ip => "ip",
        Format::Semver => "semver",
        Format::Mime => "mime",
        Format::Color => "color",
        Format::Timezone => "timezone",
        Format::Phone => "phone",
    }
}

/// What a text of the format looks like, to end the sentence "must be …".
pub fn description(format: Format) -> &'static str {
    match format {
        Format::Email => "an e-mail address such as ada@example.org",
        Format::Url => "an absolute URL such as https://example.org/path",
        Format::Slug => "lower-case letters and digits, joined by single hyphens",
        Format::Hostname => "a host name such as db.example.org",
        Format::Ip => "an IPv4 or IPv6 address",
        Format::Semver => "a semantic version such as 1.4.0",
        Format::Mime => "a media type such as image/png",
        Format::Color => "a colour such as #a1b2c3",
        Format::Timezone => "a time zone such as Europe/Berlin",
        Format::Phone => "a phone number such as +4930123456",
    }
}

/// Whether the text has the format.
pub fn matches(format: Format, text: &str) -> bool {
    match format {
        Format::Email => is_email(text),
        Format::Url => is_url(text),
        Format::Slug => is_slug(text),
        Format::Hostname => is_hostname(text),
        Format::Ip => is_ip(text),
        Format::Semver => is_semver(text),
        Format::Mime => is_mime(text),
        Format::Color => is_color(text),
        Format::Timezone => is_timezone(text),
        Format::Phone => is_phone(text),
    }
}

fn all(text: &str, accept: impl Fn(u8) -> bool) -> bool {
    !text.is_empty() && text.bytes().all(accept)
}

/// HTML Living Standard, "valid email address", with the length limits of RFC 5321.
fn is_email(text: &str) -> bool {
    let Some((local, domain)) = text.split_once('@') else {
        return false;
    };
    let local_byte =
        |byte: u8| byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte);
    local.len() <= 64 && all(local, local_byte) && is_hostname(domain)
}

/// RFC 1123: labels of letters, digits and inner hyphens.
fn is_hostname(text: &str) -> bool {
    let is_label = |label: &str| {
        label.len() <= 63
            && !label.starts_with('-')
            && !label.ends_with('-')
            && all(label, |byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

/// RFC 3986 with a scheme, a host and no white space; characters beyond ASCII pass (RFC 3987).
fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else {
        return false;
    };
    let scheme_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"+.-".contains(&byte);
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let authority = &rest[..end];
    let host_and_port = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let (host, port) = split_port(host_and_port);
    let refused = |character: char| {
        character.is_whitespace()
            || character.is_control()
            || matches!(character, '"' | '<' | '>' | '\\' | '^' | '`' | '{' | '|' | '}')
    };
    scheme.starts_with(|first: char| first.is_ascii_alphabetic())
        && all(scheme, scheme_byte)
        && !host.is_empty()
        && port.is_none_or(|port| port.len() <= 5 && port.bytes().all(|b| b.is_ascii_digit()))
        && !rest.contains(refused)
}

/// The host and the port of an authority; a bracketed IPv6 address may contain colons.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    let Some(bracketed) = authority.strip_prefix('[') else {
        return match authority.rsplit_once(':') {
            Some((host, port)) => (host, Some(port)),
            None => (authority, None),
        };
    };
    match bracketed.split_once(']') {
        Some((host, "")) if is_ipv6(host) => (host, None),
        Some((host, rest)) if is_ipv6(host) => match rest.strip_prefix(':') {
            Some(port) => (host, Some(port)),
            None => ("", None),
        },
        _ => ("", None),
    }
}

fn is_slug(text: &str) -> bool {
    let is_group =
        |group: &str| all(group, |byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    text.split('-').all(is_group)
}

fn is_ip(text: &str) -> bool {
    is_ipv4(text) || is_ipv6(text)
}

fn is_ipv4(text: &str) -> bool {
    text.parse::<core::net::Ipv4Addr>().is_ok()
}

fn is_ipv6(text: &str) -> bool {
    text.parse::<core::net::Ipv6Addr>().is_ok()
}

/// Semantic Versioning 2.0.0.
fn is_semver(text: &str) -> bool {
    let (text, build) = match text.split_once('+') {
        Some((text, build)) => (text, Some(build)),
        None => (text, None),
    };
    let (numbers, pre_release) = match text.split_once('-') {
        Some((numbers, pre_release)) => (numbers, Some(pre_release)),
        None => (text, None),
    };
    let is_number = |part: &str| {
        all(part, |byte| byte.is_ascii_digit()) && (part == "0" || !part.starts_with('0'))
    };
    let is_identifier = |part: &str| all(part, |byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let is_pre_release = |part: &str| {
        is_identifier(part) && (is_number(part) || !part.bytes().all(|b| b.is_ascii_digit()))
    };
    numbers.split('.').count() == 3
        && numbers.split('.').all(is_number)
        && pre_release.is_none_or(|parts| parts.split('.').all(is_pre_release))
        && build.is_none_or(|parts| parts.split('.').all(is_identifier))
}

/// RFC 6838: `type/subtype`, with parameters after semicolons.
fn is_mime(text: &str) -> bool {
    let is_name = |name: &str| {
        name.len() <= 127
            && name.starts_with(|first: char| first.is_ascii_alphanumeric())
            && all(name, |byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte))
    };
    let is_parameter = |parameter: &str| {
        let Some((name, value)) = parameter.trim_start_matches(' ').split_once('=') else {
            return false;
        };
        let value_byte = |byte: u8| (b' '..=b'~').contains(&byte) && byte != b';';
        is_name(name) && all(value, value_byte)
    };
    let mut parts = text.split(';');
    let full_type = parts.next().unwrap_or_default();
    full_type.split_once('/').is_some_and(|(kind, subtype)| is_name(kind) && is_name(subtype))
        && parts.all(is_parameter)
}

fn is_color(text: &str) -> bool {
    text.strip_prefix('#').is_some_and(|digits| {
        matches!(digits.len(), 3 | 4 | 6 | 8) && all(digits, |byte| byte.is_ascii_hexdigit())
    })
}

/// The form of a name in the IANA time zone database; not whether there is such a zone.
fn is_timezone(text: &str) -> bool {
    let is_part = |part: &str| {
        part.starts_with(|first: char| first.is_ascii_alphabetic())
            && all(part, |byte| byte.is_ascii_alphanumeric() || b"_+-".contains(&byte))
    };
    text.len() <= 64 && text.split('/').count() <= 3 && text.split('/').all(is_part)
}

/// E.164: a plus and up to fifteen digits.
fn is_phone(text: &str) -> bool {
    text.strip_prefix('+').is_some_and(|digits| {
        (2..=15).contains(&digits.len())
            && !digits.starts_with('0')
            && all(digits, |byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(format: Format, good: &[&str], bad: &[&str]) {
        for text in good {
            assert!(matches(format, text), "{text} is a good {}", name(format));
        }
        for text in bad.iter().chain(&["", " ", "\0"]) {
            assert!(!matches(format, text), "{text} is a bad {}", name(format));
        }
    }

    #[test]
    fn formats_take_and_refuse() {
        check(
            Format::Email,
            &["ada@example.org", "a+b@localhost", "o'neil@x-y.co"],
            &["ada", "@x", "a@", "a@b@c", "a b@c", "a@-b", "a@b..c", "ä@b.c"],
        );
        check(
            Format::Url,
            &["https://example.org", "http://u:p@h:80/p?q#f", "s3://bucket/k", "http://[::1]:9/"],
            &[
                "example.org",
                "https://",
                "https:///p",
                "http://a b",
                "1http://a",
                "http://h:x",
                "http://[zz]/",
                "javascript:alert(1)",
            ],
        );
        check(Format::Slug, &["a", "a-1", "acme-inc"], &["A", "-a", "a-", "a--b", "a_b", "ä"]);
        check(Format::Hostname, &["a", "db.example.org"], &["a.", ".a", "-a", "a_b"]);
        check(Format::Ip, &["127.0.0.1", "::1", "fe80::1"], &["1.2.3", "256.1.1.1", "::1::"]);
        check(
            Format::Semver,
            &["1.4.0", "0.0.0", "1.0.0-rc.1+build.5", "1.0.0-0a"],
            &["1.4", "v1.4.0", "01.0.0", "1.0.0-01", "1.0.0-", "1.0.0+", "1.0.0-a..b"],
        );
        check(
            Format::Mime,
            &["image/png", "text/plain; charset=utf-8", "application/vnd.api+json"],
            &["image", "image/", "/png", "a/b/c", "text/plain; x"],
        );
        check(Format::Color, &["#fff", "#A1B2C3", "#a1b2c3ff"], &["fff", "#ff", "#ggg", "#12345"]);
        check(
            Format::Timezone,
            &["UTC", "Europe/Berlin", "America/Argentina/Buenos_Aires", "Etc/GMT+1"],
            &["Europe/", "/Berlin", "a b", "1/2"],
        );
        check(Format::Phone, &["+4930123456"], &["4930", "+0123", "+49 30", "+1234567890123456"]);
    }
}
