//! Three programs in a pipeline count the lines that hold a word; then one whose reader ends early.

use std::error::Error;

use procession_reference::Pipeline;

fn main() -> Result<(), Box<dyn Error>> {
    let poem = concat!(env!("CARGO_MANIFEST_DIR"), "/poem.txt");
    for word in ["wall", "nowhere"] {
        let done = Pipeline::new().stage(["cat", poem]).stage(["grep", word]).stage(["wc", "-l"]).run()?;
        let lines = String::from_utf8(done.output)?;
        println!("lines: {}, exit codes: {:?}", lines.trim(), done.exit_codes);
    }
    let done = Pipeline::new().stage(["yes"]).stage(["head", "-n", "2"]).run()?;
    let lines = String::from_utf8(done.output)?;
    println!("lines: {}, exit codes: {:?}", lines.lines().count(), done.exit_codes);
    Ok(())
}
