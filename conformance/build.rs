//! Lists the files of the adapter for CPython, so that they travel inside the command.

use std::fmt::Write;
use std::path::Path;
use std::{env, fs};

fn main() {
    let root = Path::new(&env::var("CARGO_MANIFEST_DIR").expect("set by cargo")).join("../impl/python");
    println!("cargo:rerun-if-changed={}", root.display());
    let mut files = vec![root.join("adapter.py")];
    let package = fs::read_dir(root.join("procession_adapter")).expect("the adapter's package");
    files.extend(
        package
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|end| end == "py")),
    );
    files.sort();
    let mut list = String::from("[\n");
    for file in &files {
        println!("cargo:rerun-if-changed={}", file.display());
        let name = file.strip_prefix(&root).expect("below the root").display();
        let path = fs::canonicalize(file).expect("a file that was listed");
        writeln!(list, "    ({:?}, include_str!({:?})),", name.to_string(), path.display().to_string())
            .expect("a string");
    }
    list.push_str("]\n");
    let out = Path::new(&env::var("OUT_DIR").expect("set by cargo")).join("python_files.rs");
    fs::write(out, list).expect("the build directory is writable");
}
