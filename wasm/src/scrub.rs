//! What memory holds that nobody uses any more: nothing of an app's, where it is to be copied.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};

use wasm_bindgen::prelude::*;

/// The system's allocator, which writes over what it is given back as long as that is asked for.
struct Scrubbing;

#[global_allocator]
static ALLOCATOR: Scrubbing = Scrubbing;

static IS_ASKED_FOR: AtomicBool = AtomicBool::new(false);

// SAFETY: it hands on what it gets.
unsafe impl GlobalAlloc for Scrubbing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        unsafe {
            if IS_ASKED_FOR.load(Ordering::Relaxed) {
                ptr::write_bytes(memory, 0, layout.size());
            }
            // What is written to memory that nobody reads again could be left out otherwise.
            System.dealloc(black_box(memory), layout);
        }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        unsafe {
            if !IS_ASKED_FOR.load(Ordering::Relaxed) {
                return System.realloc(memory, layout, size);
            }
            let moved = System.alloc(Layout::from_size_align_unchecked(size, layout.align()));
            if !moved.is_null() {
                ptr::copy_nonoverlapping(memory, moved, layout.size().min(size));
                self.dealloc(memory, layout);
            }
            moved
        }
    }
}

/// Whether memory that is given back is written over from now on.
#[wasm_bindgen]
pub fn scrub(is_asked_for: bool) {
    IS_ASKED_FOR.store(is_asked_for, Ordering::Relaxed);
}

unsafe extern "C" {
    /// The linker's: where the stack begins, which grows down to the lowest address.
    static __stack_high: u8;
}

/// The end of the part of memory that nothing lies in while no function runs: the stack's.
#[wasm_bindgen(js_name = stackEnd)]
#[must_use]
pub fn stack_end() -> usize {
    (&raw const __stack_high).addr()
}
