//! Real headers, whole: preprocessed by `cc -E -dD`, declared, and every layout, enum constant and integer macro judged by `cc`.
//!
//! A dozen of libc's, zlib's and SQLite's run with the other tests; `make headers` installs some fifty libraries' and sets
//! `CDATA_HEADERS=all`.

mod support;

use std::collections::HashSet;
use std::fmt::Write;
use std::process::Command;
use std::time::Instant;

use ffi_core::cdef;
use ffi_core::ctype::{CType, CTypeId, CTypeTable, Constant, Name, RecordId};
use support::{compile_and_run, folder};

/// pkg-config's name (empty: none is needed), and the headers.
type Set = (&'static str, &'static [&'static str]);

const FEW: &[Set] = &[
    ("", &["stdio.h"]),
    ("", &["stdlib.h", "string.h"]),
    ("", &["math.h", "complex.h"]),
    ("", &["unistd.h", "fcntl.h"]),
    ("", &["sys/socket.h", "netinet/in.h"]),
    ("", &["pthread.h"]),
    ("", &["signal.h"]),
    ("", &["time.h", "sys/time.h"]),
    ("", &["sys/stat.h", "dirent.h"]),
    ("", &["limits.h", "stdint.h", "float.h"]),
    ("zlib", &["zlib.h"]),
    ("sqlite3", &["sqlite3.h"]),
    ("lua5.4", &["lua.h", "lauxlib.h"]),
];

const MANY: &[Set] = &[
    ("", &["errno.h", "locale.h", "wchar.h", "wctype.h"]),
    ("", &["poll.h", "termios.h", "sys/ioctl.h"]),
    ("", &["sys/mman.h", "dlfcn.h", "setjmp.h"]),
    ("", &["inttypes.h", "fenv.h", "tgmath.h"]),
    ("", &["regex.h", "glob.h", "fnmatch.h"]),
    ("", &["threads.h", "stdatomic.h", "semaphore.h"]),
    ("", &["netdb.h", "arpa/inet.h"]),
    ("", &["sys/epoll.h", "sys/wait.h", "sys/resource.h"]),
    ("", &["linux/input.h", "linux/fs.h"]),
    ("", &["immintrin.h"]),
    ("libcurl", &["curl/curl.h"]),
    ("openssl", &["openssl/ssl.h", "openssl/evp.h"]),
    ("libpng", &["png.h"]),
    ("libjpeg", &["stdio.h", "jpeglib.h"]),
    ("x11", &["X11/Xlib.h", "X11/Xutil.h"]),
    ("gl", &["GL/gl.h", "GL/glext.h"]),
    ("sdl2", &["SDL.h"]),
    ("glib-2.0", &["glib.h"]),
    ("gobject-2.0", &["glib-object.h"]),
    ("gio-2.0", &["gio/gio.h"]),
    ("gtk+-3.0", &["gtk/gtk.h"]),
    ("libxml-2.0", &["libxml/parser.h", "libxml/tree.h"]),
    ("libuv", &["uv.h"]),
    ("libavcodec", &["libavcodec/avcodec.h"]),
    ("libavformat", &["libavformat/avformat.h"]),
    ("libpq", &["libpq-fe.h"]),
    ("ncurses", &["ncurses.h"]),
    ("readline", &["stdio.h", "readline/readline.h"]),
    ("expat", &["expat.h"]),
    ("freetype2", &["ft2build.h", "freetype/freetype.h"]),
    ("fontconfig", &["fontconfig/fontconfig.h"]),
    ("cairo", &["cairo.h"]),
    ("pango", &["pango/pango.h"]),
    ("", &["gmp.h"]),
    ("liblzma", &["lzma.h"]),
    ("bzip2", &["bzlib.h"]),
    ("libzstd", &["zstd.h"]),
    ("liblz4", &["lz4.h"]),
    ("libevent", &["event2/event.h"]),
    ("libusb-1.0", &["libusb.h"]),
    ("libssh2", &["libssh2.h"]),
    ("yaml-0.1", &["yaml.h"]),
    ("jansson", &["jansson.h"]),
    ("json-c", &["json-c/json.h"]),
    ("libffi", &["ffi.h"]),
    ("libarchive", &["archive.h", "archive_entry.h"]),
    ("alsa", &["alsa/asoundlib.h"]),
    ("opus", &["opus.h"]),
    ("vorbis", &["vorbis/codec.h"]),
    ("ogg", &["ogg/ogg.h"]),
    ("flac", &["FLAC/all.h"]),
    ("libpcre2-8", &["pcre2.h"]),
];

fn flags(package: &str) -> Option<Vec<String>> {
    if package.is_empty() {
        return Some(Vec::new());
    }
    let run = Command::new("pkg-config").args(["--cflags", package]).output().ok()?;
    run.status
        .success()
        .then(|| String::from_utf8_lossy(&run.stdout).split_whitespace().map(str::to_owned).collect())
}

fn includes(headers: &[&str]) -> String {
    // What `pcre2.h` asks for.
    let mut text = String::from("#define PCRE2_CODE_UNIT_WIDTH 8\n");
    headers.iter().for_each(|h| writeln!(text, "#include <{h}>").unwrap());
    text
}

fn preprocess(name: &str, headers: &[&str], flags: &[String]) -> Result<Vec<u8>, String> {
    let folder = folder(name);
    let source = folder.join("headers.c");
    std::fs::write(&source, includes(headers)).unwrap();
    let run = Command::new("cc").args(["-E", "-dD"]).args(flags).arg(&source).output().unwrap();
    let _ = std::fs::remove_dir_all(&folder);
    if run.status.success() { Ok(run.stdout) } else { Err(String::from_utf8_lossy(&run.stderr).into_owned()) }
}

struct Counts {
    bytes: usize,
    seconds: f64,
    layouts: usize,
    constants: usize,
    macros: usize,
    wrong: Vec<String>,
}

fn identifier(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

fn judge(name: &str, headers: &[&str], flags: &[String]) -> Result<Counts, String> {
    let text = preprocess(name, headers, flags)?;
    let mut table = CTypeTable::new();
    let start = Instant::now();
    cdef::declare(&mut table, &text, &[]).map_err(|e| format!("refused: {e}"))?;
    let seconds = start.elapsed().as_secs_f64();
    let text = String::from_utf8_lossy(&text);
    let macros: HashSet<&str> = text
        .lines()
        .filter_map(|l| l.strip_prefix("#define "))
        .map(|l| l.split(|c| !identifier(c)).next().unwrap_or(""))
        .collect();

    let mut program = includes(headers);
    program.push_str(
        "#include <stdio.h>\n#include <stddef.h>\n#include <string.h>\n\
         static void bits(const unsigned char *p, size_t n) { size_t first = (size_t)-1, count = 0;\n\
         for (size_t i = 0; i < n * 8; i++) if (p[i / 8] >> (i % 8) & 1) { if (first == (size_t)-1) first = i; count++; }\n\
         printf(\" %zu+%zu\", first, count); }\nint main(void) {\n",
    );
    let mut expected = Vec::new();
    let (mut layouts, mut constants, mut macro_count) = (0, 0, 0);
    let mut records: Vec<(String, RecordId, CTypeId)> = Vec::new();
    for tag in table.tags() {
        if let (tag, ffi_core::ctype::Tag::Record(id)) = tag {
            let word =
                if table.record(id).kind == ffi_core::ctype::RecordKind::Struct { "struct" } else { "union" };
            records.push((format!("{word} {tag}"), id, table.record_type(id)));
        }
    }
    for (name, what) in table.names() {
        match what {
            Name::Typedef(ty) => {
                if let CType::Record(id) = table.get(ty.id)
                    && text.contains(&format!(" {name}"))
                    && table.record(id).tag.is_none()
                {
                    records.push((name.to_string(), id, ty.id));
                }
            }
            Name::Constant(Constant::Int(n, _)) if name.chars().all(identifier) => {
                if macros.contains(&**name) {
                    macro_count += 1
                } else {
                    constants += 1
                }
                expected.push(format!("{name} {}", *n as i64));
                writeln!(program, "printf(\"{name} %lld\\n\", (long long)({name}));").unwrap();
            }
            _ => {}
        }
    }
    for (spelled, id, own) in records {
        let (Some(size), Some(align), Some(body)) =
            (table.size(own), table.align(own), &table.record(id).body)
        else {
            continue;
        };
        // `va_list`'s own record has no name that C knows.
        if spelled.contains("__va_list_tag") || macros.contains(spelled.rsplit(' ').next().unwrap_or("")) {
            continue;
        }
        layouts += 1;
        let mut line = format!("{spelled} {size} {align}");
        writeln!(
            program,
            "{{ static {spelled} x; printf(\"{spelled} %zu %zu\", sizeof x, _Alignof({spelled}));"
        )
        .unwrap();
        for field in &body.fields {
            let Some(field_name) = field.name.as_deref().filter(|n| !macros.contains(n)) else { continue };
            match field.bits {
                Some(bits) if !field.ty.qual.is_const() => {
                    write!(line, " {}+{}", field.offset * 8 + u64::from(bits.position_bits), bits.width_bits)
                        .unwrap();
                    writeln!(
                        program,
                        "memset(&x, 0, sizeof x); x.{field_name} = -1; bits((void *)&x, sizeof x);"
                    )
                    .unwrap();
                }
                Some(_) => {}
                None => {
                    write!(line, " {}", field.offset).unwrap();
                    writeln!(program, "printf(\" %zu\", offsetof({spelled}, {field_name}));").unwrap();
                }
            }
        }
        expected.push(line);
        writeln!(program, "puts(\"\"); (void)x; }}").unwrap();
    }
    program.push_str("return 0; }\n");
    let mut options: Vec<&str> = flags.iter().map(String::as_str).collect();
    options.push("-Wno-error");
    let theirs = compile_and_run(name, &program, &options);
    let mut wrong = Vec::new();
    for (mine, line) in expected.iter().zip(theirs.lines()) {
        if mine != line {
            wrong.push(format!("ours {mine} | cc {line}"));
        }
    }
    if expected.len() != theirs.lines().count() {
        wrong.push("not all lines".to_owned());
    }
    Ok(Counts { bytes: text.len(), seconds, layouts, constants, macros: macro_count, wrong })
}

#[test]
fn headers_agree_with_cc() {
    let all = std::env::var("CDATA_HEADERS").is_ok_and(|v| v == "all");
    let sets: Vec<&Set> = if all { FEW.iter().chain(MANY).collect() } else { FEW.iter().collect() };
    let mut failed = Vec::new();
    let (mut accepted, mut absent) = (0, Vec::new());
    let mut total = (0usize, 0.0f64, 0usize, 0usize, 0usize);
    println!("| headers | KB | MB/s | layouts | constants | macros | wrong |\n|---|---|---|---|---|---|---|");
    for (i, (package, headers)) in sets.iter().enumerate() {
        let title = format!("{package} {}", headers.join(" "));
        let Some(flags) = flags(package) else {
            absent.push(title);
            continue;
        };
        match judge(&format!("headers{i}"), headers, &flags) {
            Ok(c) => {
                accepted += 1;
                println!(
                    "| {title} | {} | {:.1} | {} | {} | {} | {} |",
                    c.bytes / 1024,
                    c.bytes as f64 / 1e6 / c.seconds,
                    c.layouts,
                    c.constants,
                    c.macros,
                    c.wrong.len()
                );
                total.0 += c.bytes;
                total.1 += c.seconds;
                total.2 += c.layouts;
                total.3 += c.constants;
                total.4 += c.macros;
                if !c.wrong.is_empty() {
                    failed.push(format!(
                        "{title}: {} wrong: {}",
                        c.wrong.len(),
                        c.wrong[..c.wrong.len().min(5)].join("\n  ")
                    ));
                }
            }
            Err(why) if why.contains("No such file") => absent.push(title),
            Err(why) => failed.push(format!("{title}: {}", why.chars().take(600).collect::<String>())),
        }
    }
    println!(
        "{accepted} sets accepted; {:.1} MB at {:.1} MB/s; {} layouts, {} constants, {} macros; absent: {}",
        total.0 as f64 / 1e6,
        total.0 as f64 / 1e6 / total.1,
        total.2,
        total.3,
        total.4,
        absent.join(", ")
    );
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    assert!(accepted >= 10);
}
