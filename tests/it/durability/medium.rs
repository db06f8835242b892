//! A medium for SQLite that remembers every write and every flush in order, and what a loss of
//! power may leave of them. Like a browser's pool of files it has no shared memory, and a name that
//! was made or removed is so at once.
#![allow(unsafe_code)]

use std::collections::BTreeMap;
use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr::null_mut;
use std::sync::{Arc, Mutex, MutexGuard};

use rusqlite::ffi;

/// The contents of all files, by name.
pub type Files = BTreeMap<String, Vec<u8>>;

/// What happened, in order.
#[derive(Debug, Clone)]
pub enum Step {
    Write {
        file: String,
        at: usize,
        bytes: Vec<u8>,
    },
    Truncate {
        file: String,
        size: usize,
    },
    Flush {
        file: String,
    },
    Remove {
        file: String,
    },
    /// The caller was told that its write is done.
    Acknowledged,
}

#[derive(Default)]
struct State {
    files: Files,
    steps: Vec<Step>,
}

/// The medium, registered with SQLite as long as it lives.
pub struct Medium {
    state: Arc<Mutex<State>>,
    name: CString,
    vfs: Box<ffi::sqlite3_vfs>,
}

impl Medium {
    pub fn new(name: &str) -> Medium {
        let state: Arc<Mutex<State>> = Arc::default();
        let name = CString::new(name).unwrap();
        let mut vfs = Box::new(ffi::sqlite3_vfs {
            iVersion: 1,
            szOsFile: size_of::<File>() as c_int,
            mxPathname: 200,
            pNext: null_mut(),
            zName: name.as_ptr(),
            pAppData: Arc::as_ptr(&state).cast_mut().cast(),
            xOpen: Some(open),
            xDelete: Some(remove),
            xAccess: Some(access),
            xFullPathname: Some(full_name),
            xDlOpen: None,
            xDlError: None,
            xDlSym: None,
            xDlClose: None,
            xRandomness: Some(randomness),
            xSleep: Some(sleep),
            xCurrentTime: Some(current_time),
            xGetLastError: None,
            xCurrentTimeInt64: None,
            xSetSystemCall: None,
            xGetSystemCall: None,
            xNextSystemCall: None,
        });
        // SAFETY: the structure, its name and its state stay where they are until `drop`.
        let code = unsafe { ffi::sqlite3_vfs_register(&raw mut *vfs, 0) };
        assert_eq!(code, ffi::SQLITE_OK);
        Medium { state, name, vfs }
    }

    pub fn name(&self) -> &CStr {
        &self.name
    }

    /// Makes it hold these files, and forget what happened.
    pub fn load(&self, files: Files) {
        *self.lock() = State { files, steps: Vec::new() };
    }

    pub fn files(&self) -> Files {
        self.lock().files.clone()
    }

    pub fn acknowledge(&self) {
        self.lock().steps.push(Step::Acknowledged);
    }

    pub fn steps(&self) -> Vec<Step> {
        self.lock().steps.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }
}

impl Drop for Medium {
    fn drop(&mut self) {
        // SAFETY: it was registered when it was made, and its connections are closed.
        unsafe { ffi::sqlite3_vfs_unregister(&raw mut *self.vfs) };
    }
}

/// What is certain and what is not while steps are done.
pub struct Loss<'s> {
    flushed: Files,
    pending: BTreeMap<&'s str, Vec<&'s Step>>,
}

impl<'s> Loss<'s> {
    pub fn new(start: Files) -> Loss<'s> {
        Loss { flushed: start, pending: BTreeMap::new() }
    }

    pub fn step(&mut self, step: &'s Step) {
        match step {
            Step::Write { file, .. } | Step::Truncate { file, .. } => {
                self.flushed.entry(file.clone()).or_default();
                self.pending.entry(file).or_default().push(step);
            }
            Step::Flush { file } => {
                for step in self.pending.remove(file.as_str()).unwrap_or_default() {
                    apply(&mut self.flushed, step, usize::MAX);
                }
            }
            Step::Remove { file } => {
                self.flushed.remove(file);
                self.pending.remove(file.as_str());
            }
            Step::Acknowledged => {}
        }
    }

    /// What a loss of power leaves now: of each file what was flushed, and of what was written
    /// since then what `keeps` says, which answers with how many bytes of a write are kept.
    pub fn left(&self, mut keeps: impl FnMut() -> usize) -> Files {
        let mut files = self.flushed.clone();
        for step in self.pending.values().flatten() {
            apply(&mut files, step, keeps());
        }
        files
    }
}

/// Does a step, as far as its first bytes go; not at all for none.
fn apply(files: &mut Files, step: &Step, kept: usize) {
    match step {
        Step::Write { file, at, bytes } => {
            let bytes = &bytes[..kept.min(bytes.len())];
            write_at(files.entry(file.clone()).or_default(), *at, bytes);
        }
        Step::Truncate { file, size } if kept > 0 => {
            files.entry(file.clone()).or_default().resize(*size, 0);
        }
        _ => {}
    }
}

fn write_at(content: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    if bytes.is_empty() {
        return;
    }
    let end = at + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    content[at..end].copy_from_slice(bytes);
}

/// An open file, as SQLite holds it.
#[repr(C)]
struct File {
    base: ffi::sqlite3_file,
    name: *mut String,
    state: *const Mutex<State>,
}

static METHODS: ffi::sqlite3_io_methods = ffi::sqlite3_io_methods {
    iVersion: 1,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(flush),
    xFileSize: Some(size),
    xLock: Some(lock),
    xUnlock: Some(lock),
    xCheckReservedLock: Some(is_reserved),
    xFileControl: Some(control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(characteristics),
    xShmMap: None,
    xShmLock: None,
    xShmBarrier: None,
    xShmUnmap: None,
    xFetch: None,
    xUnfetch: None,
};

/// Runs work on a file's name and on everything.
///
/// # Safety
///
/// `file` was opened by [`open`] and is not closed, and the medium lives.
unsafe fn with<T>(file: *mut ffi::sqlite3_file, work: impl FnOnce(&str, &mut State) -> T) -> T {
    // SAFETY: as the caller says.
    let (name, state) = unsafe { (&*(*file.cast::<File>()).name, &*(*file.cast::<File>()).state) };
    work(name, &mut state.lock().unwrap())
}

/// # Safety
///
/// `vfs` is a medium's, and it lives.
unsafe fn state_of<'m>(vfs: *mut ffi::sqlite3_vfs) -> MutexGuard<'m, State> {
    // SAFETY: as the caller says.
    unsafe { &*(*vfs).pAppData.cast::<Mutex<State>>() }.lock().unwrap()
}

/// # Safety
///
/// `name` is a C string.
unsafe fn text(name: *const c_char) -> String {
    // SAFETY: as the caller says.
    unsafe { CStr::from_ptr(name) }.to_str().unwrap().to_owned()
}

// SQLite calls what follows with what its documentation promises: a file that `open` has set up,
// buffers of the sizes that it names, names that are C strings, and a medium that lives.

unsafe extern "C" fn open(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    file: *mut ffi::sqlite3_file,
    flags: c_int,
    out_flags: *mut c_int,
) -> c_int {
    assert!(!name.is_null(), "temporary files lie in memory");
    // SAFETY: see above.
    unsafe {
        let name = text(name);
        let mut state = state_of(vfs);
        if !state.files.contains_key(&name) {
            if flags & ffi::SQLITE_OPEN_CREATE == 0 {
                return ffi::SQLITE_CANTOPEN;
            }
            state.files.insert(name.clone(), Vec::new());
            state.steps.push(Step::Write { file: name.clone(), at: 0, bytes: Vec::new() });
        }
        drop(state);
        file.cast::<File>().write(File {
            base: ffi::sqlite3_file { pMethods: &raw const METHODS },
            name: Box::into_raw(Box::new(name)),
            state: (*vfs).pAppData.cast(),
        });
        if !out_flags.is_null() {
            *out_flags = flags;
        }
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn close(file: *mut ffi::sqlite3_file) -> c_int {
    // SAFETY: the name was made by `open`, and a file is closed once.
    drop(unsafe { Box::from_raw((*file.cast::<File>()).name) });
    ffi::SQLITE_OK
}

unsafe extern "C" fn read(
    file: *mut ffi::sqlite3_file,
    into: *mut c_void,
    count: c_int,
    at: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: see above.
    unsafe {
        let into = std::slice::from_raw_parts_mut(into.cast::<u8>(), count as usize);
        with(file, |name, state| {
            let content = &state.files[name];
            let found = content.get(at as usize..).unwrap_or_default();
            let length = found.len().min(into.len());
            into[..length].copy_from_slice(&found[..length]);
            into[length..].fill(0);
            if length < into.len() { ffi::SQLITE_IOERR_SHORT_READ } else { ffi::SQLITE_OK }
        })
    }
}

unsafe extern "C" fn write(
    file: *mut ffi::sqlite3_file,
    from: *const c_void,
    count: c_int,
    at: ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: see above.
    let bytes = unsafe { std::slice::from_raw_parts(from.cast::<u8>(), count as usize) }.to_vec();
    did(file, |file| Step::Write { file, at: at as usize, bytes })
}

unsafe extern "C" fn truncate(file: *mut ffi::sqlite3_file, size: ffi::sqlite3_int64) -> c_int {
    did(file, |file| Step::Truncate { file, size: size as usize })
}

unsafe extern "C" fn flush(file: *mut ffi::sqlite3_file, _flags: c_int) -> c_int {
    did(file, |file| Step::Flush { file })
}

/// Does a step and remembers it.
fn did(file: *mut ffi::sqlite3_file, step: impl FnOnce(String) -> Step) -> c_int {
    // SAFETY: see above.
    unsafe {
        with(file, |name, state| {
            let step = step(name.to_owned());
            apply(&mut state.files, &step, usize::MAX);
            state.steps.push(step);
        });
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn size(file: *mut ffi::sqlite3_file, into: *mut ffi::sqlite3_int64) -> c_int {
    // SAFETY: see above.
    unsafe { *into = with(file, |name, state| state.files[name].len() as i64) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn lock(_file: *mut ffi::sqlite3_file, _level: c_int) -> c_int {
    ffi::SQLITE_OK
}

unsafe extern "C" fn is_reserved(_file: *mut ffi::sqlite3_file, into: *mut c_int) -> c_int {
    // SAFETY: see above.
    unsafe { *into = 0 };
    ffi::SQLITE_OK
}

unsafe extern "C" fn control(_: *mut ffi::sqlite3_file, _: c_int, _: *mut c_void) -> c_int {
    ffi::SQLITE_NOTFOUND
}

unsafe extern "C" fn sector_size(_file: *mut ffi::sqlite3_file) -> c_int {
    4096
}

unsafe extern "C" fn characteristics(_file: *mut ffi::sqlite3_file) -> c_int {
    ffi::SQLITE_IOCAP_UNDELETABLE_WHEN_OPEN
}

unsafe extern "C" fn remove(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    _sync: c_int,
) -> c_int {
    // SAFETY: see above.
    let (mut state, file) = unsafe { (state_of(vfs), text(name)) };
    state.files.remove(&file);
    state.steps.push(Step::Remove { file });
    ffi::SQLITE_OK
}

unsafe extern "C" fn access(
    vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    _flags: c_int,
    into: *mut c_int,
) -> c_int {
    // SAFETY: see above.
    unsafe { *into = c_int::from(state_of(vfs).files.contains_key(&text(name))) };
    ffi::SQLITE_OK
}

unsafe extern "C" fn full_name(
    _vfs: *mut ffi::sqlite3_vfs,
    name: *const c_char,
    room: c_int,
    into: *mut c_char,
) -> c_int {
    // SAFETY: see above; both strings end in NUL.
    unsafe {
        let bytes = CStr::from_ptr(name).to_bytes_with_nul();
        assert!(bytes.len() <= room as usize);
        std::ptr::copy_nonoverlapping(bytes.as_ptr().cast(), into, bytes.len());
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn randomness(
    _vfs: *mut ffi::sqlite3_vfs,
    count: c_int,
    into: *mut c_char,
) -> c_int {
    // SAFETY: see above. The salts of the log need no more than to differ.
    unsafe { std::slice::from_raw_parts_mut(into.cast::<u8>(), count as usize) }.fill(7);
    count
}

unsafe extern "C" fn sleep(_vfs: *mut ffi::sqlite3_vfs, microseconds: c_int) -> c_int {
    microseconds
}

unsafe extern "C" fn current_time(_vfs: *mut ffi::sqlite3_vfs, into: *mut f64) -> c_int {
    // SAFETY: see above.
    unsafe { *into = 2_461_000.5 };
    ffi::SQLITE_OK
}
