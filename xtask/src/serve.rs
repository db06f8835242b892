//! A web server for one folder of built files, on the loopback address alone.
//!
//! It lives in this program rather than in a process of its own, so that it ends with it, however
//! that happens. It knows what a browser asks a folder for (HTTP/1.1, RFC 9112) and no more: GET
//! and HEAD, one request per connection.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use crate::failure::{During, Failure, Outcome};

const FIRST_PORT: u16 = 4173;
const PORTS_TRIED: u16 = 50;
const SILENCE_MAX: Duration = Duration::from_secs(10);
const REQUEST_LINE_BYTES_MAX: u64 = 8_192;

/// Takes the asked port, or the first free one from 4173.
///
/// # Errors
///
/// When the asked port is taken, or none is free.
pub fn listen(port: Option<u16>) -> Outcome<TcpListener> {
    let remedy = "cargo xtask demo --port N, with a port that is free";
    if let Some(port) = port {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port));
        return listener
            .during(|| format!("listening on port {port}"))
            .map_err(|failure| failure.remedy(remedy));
    }
    let mut ports = FIRST_PORT..FIRST_PORT + PORTS_TRIED;
    ports.find_map(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, port)).ok()).ok_or_else(|| {
        let last = FIRST_PORT + PORTS_TRIED - 1;
        Failure::new(format!("no port from {FIRST_PORT} to {last} is free")).remedy(remedy)
    })
}

/// Answers every request with a file of the folder, until this program ends.
pub fn serve(listener: &TcpListener, folder: &Path) {
    let folder: Arc<Path> = Arc::from(folder);
    for stream in listener.incoming().flatten() {
        let folder = Arc::clone(&folder);
        // A browser that goes away in the middle of an answer is no failure of the server.
        thread::spawn(move || answer(stream, &folder).ok());
    }
}

fn answer(mut stream: TcpStream, folder: &Path) -> std::io::Result<()> {
    stream.set_read_timeout(Some(SILENCE_MAX))?;
    stream.set_write_timeout(Some(SILENCE_MAX))?;
    let mut lines = BufReader::new(std::io::Read::take(&stream, REQUEST_LINE_BYTES_MAX)).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    // The headers are read to their end: closing with bytes unread would reset the connection.
    for line in lines {
        if line?.is_empty() {
            break;
        }
    }
    let mut words = request.split(' ');
    let (method, target) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    if method != "GET" && method != "HEAD" {
        return respond(&mut stream, "405 Method Not Allowed", "text/plain", b"", true);
    }
    let file =
        locate(folder, target).and_then(|file| Some((content_type(&file), fs::read(&file).ok()?)));
    match file {
        Some((kind, bytes)) => respond(&mut stream, "200 OK", kind, &bytes, method == "GET"),
        None => respond(&mut stream, "404 Not Found", "text/plain", b"not found", method == "GET"),
    }
}

fn respond(
    stream: &mut TcpStream,
    status: &str,
    content_type: &str,
    body: &[u8],
    with_body: bool,
) -> std::io::Result<()> {
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-type: {content_type}\r\ncontent-length: {}\r\n\
         cache-control: no-cache\r\nx-content-type-options: nosniff\r\nconnection: close\r\n\r\n",
        body.len()
    )?;
    if with_body {
        stream.write_all(body)?;
    }
    stream.flush()
}

/// The file that a request's target names; none when it names no file, or one outside the folder.
fn locate(folder: &Path, target: &str) -> Option<PathBuf> {
    let path = target.split(['?', '#']).next()?.strip_prefix('/')?;
    let path = Path::new(if path.is_empty() { "index.html" } else { path });
    let inside = path.components().all(|part| matches!(part, Component::Normal(_)));
    Some(folder.join(path)).filter(|file| inside && file.is_file())
}

fn content_type(file: &Path) -> &'static str {
    match file.extension().unwrap_or_default().to_str().unwrap_or_default() {
        "css" => "text/css; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "wasm" => "application/wasm",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn serves_the_folder_and_nothing_outside_of_it() {
        let folder = std::env::temp_dir().join(format!("freehold-serve-{}", std::process::id()));
        fs::create_dir_all(folder.join("site")).expect("the temporary folder is writable");
        fs::write(folder.join("site/index.html"), "the page").expect("it is writable");
        fs::write(folder.join("secret"), "secret").expect("it is writable");
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("some port is free");
        let address = listener.local_addr().expect("a listener has an address");
        let site = folder.join("site");
        thread::spawn(move || serve(&listener, &site));

        let ask = |request: &str| {
            let mut stream = TcpStream::connect(address).expect("the server listens");
            write!(stream, "{request} HTTP/1.1\r\nhost: a\r\n\r\n").expect("it takes the request");
            let mut answer = String::new();
            stream.read_to_string(&mut answer).expect("it answers in text");
            answer
        };
        assert!(ask("GET /").ends_with("\r\n\r\nthe page"));
        assert!(ask("GET /index.html?v=1").contains("content-type: text/html"));
        assert!(ask("HEAD /").ends_with("\r\n\r\n"));
        for outside in ["/../secret", "//secret", "/absent", "/."] {
            assert!(ask(&format!("GET {outside}")).starts_with("HTTP/1.1 404"), "{outside}");
        }
        assert!(ask("POST /").starts_with("HTTP/1.1 405"));
        fs::remove_dir_all(&folder).expect("the temporary folder is ours");
    }
}
