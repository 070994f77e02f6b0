//! An unmodified CPython that shares blocks with us, in both directions.

use std::process::{Command, ExitCode};

use libtest_mimic::{Arguments, Failed};
use procession_reference::ShareableList;
use procession_reference::shareable_list::{ListItem, ListSetError};
use procession_reference::shared_memory::SharedMemory;

#[path = "../../../conformance/tests/pythons/mod.rs"]
mod pythons;

fn main() -> ExitCode {
    let tests: [pythons::Test; 7] = [
        ("python_attaches_to_our_block", python_attaches_to_our_block),
        ("we_attach_to_a_block_of_python", we_attach_to_a_block_of_python),
        ("names_are_taken_on_both_sides", names_are_taken_on_both_sides),
        ("we_unlink_what_python_created", we_unlink_what_python_created),
        ("python_attaches_to_our_list", python_attaches_to_our_list),
        ("we_attach_to_a_list_of_python", we_attach_to_a_list_of_python),
        ("python_writes_over_noted_zeros", python_writes_over_noted_zeros),
    ];
    // The first with `multiprocessing.shared_memory`.
    libtest_mimic::run(&Arguments::from_args(), pythons::plain(8.., &tests)).exit_code()
}

/// Runs a script with the block's name as argument. What it attaches to it does not track: before
/// version 3.13, CPython removes at its end what it has merely attached to.
fn python(interpreter: &str, script: &str, name: &str) -> Result<String, Failed> {
    let script = format!(
        "import sys\n\
         from multiprocessing import resource_tracker, shared_memory\n\
         def attach(name):\n\
         \x20   block = shared_memory.SharedMemory(name)\n\
         \x20   resource_tracker.unregister(block._name, 'shared_memory')\n\
         \x20   return block\n\
         def attach_list(name):\n\
         \x20   made = shared_memory.ShareableList(name=name)\n\
         \x20   resource_tracker.unregister(made.shm._name, 'shared_memory')\n\
         \x20   return made\n\
         name = sys.argv[1]\n\
         {script}"
    );
    let output = Command::new(interpreter).args(["-c", &script, name]).output()?;
    if output.status.success() {
        Ok(String::from_utf8_lossy(&output.stdout).trim_end().to_owned())
    } else {
        Err(String::from_utf8_lossy(&output.stderr).into_owned().into())
    }
}

fn bytes(block: &SharedMemory, len: usize) -> Result<Vec<u8>, Failed> {
    let mut bytes = vec![0; len];
    block.read(0, &mut bytes)?;
    Ok(bytes)
}

fn python_attaches_to_our_block(interpreter: &str) -> Result<(), Failed> {
    let block = SharedMemory::create_unnamed(10)?;
    block.write(0, b"from Rust ")?;
    let script = "block = attach(name)\nprint(block.size, block.name == name, bytes(block.buf))\n\
                  block.buf[5:9] = b'snek'\nblock.close()";
    assert_eq!(python(interpreter, script, block.name())?, "10 True b'from Rust '");
    assert_eq!(bytes(&block, 10)?, b"from snek ");
    block.unlink()?;
    Ok(())
}

fn we_attach_to_a_block_of_python(interpreter: &str) -> Result<(), Failed> {
    // Python leaves it to us: it is not tracked there any more.
    let script = "block = shared_memory.SharedMemory(create=True, size=10)\n\
                  block.buf[0:4] = b'snek'\nresource_tracker.unregister(block._name, 'shared_memory')\n\
                  print(block.name)";
    let name = python(interpreter, script, "")?;
    let block = SharedMemory::attach(&name)?;
    assert_eq!((block.name(), block.size()), (name.as_str(), 10));
    assert_eq!(bytes(&block, 5)?, b"snek\0");
    block.write(9, b"!")?;
    assert_eq!(python(interpreter, "block = attach(name)\nprint(bytes(block.buf)[9:])", &name)?, "b'!'");
    block.unlink()?;
    Ok(())
}

fn names_are_taken_on_both_sides(interpreter: &str) -> Result<(), Failed> {
    let block = SharedMemory::create_unnamed(1)?;
    let script = "try: shared_memory.SharedMemory(name, create=True, size=1)\n\
                  except FileExistsError: print('taken')";
    assert_eq!(python(interpreter, script, block.name())?, "taken");
    block.unlink()?;
    let script = "try: shared_memory.SharedMemory(name)\nexcept FileNotFoundError: print('missing')";
    assert_eq!(python(interpreter, script, block.name())?, "missing");
    Ok(())
}

fn we_unlink_what_python_created(interpreter: &str) -> Result<(), Failed> {
    let script = "block = shared_memory.SharedMemory(create=True, size=1)\n\
                  resource_tracker.unregister(block._name, 'shared_memory')\nprint(block.name)";
    let name = python(interpreter, script, "")?;
    SharedMemory::remove(&name)?;
    assert!(SharedMemory::attach(&name).is_err());
    Ok(())
}

fn python_attaches_to_our_list(interpreter: &str) -> Result<(), Failed> {
    let list = ShareableList::new([
        (-7).into(),
        0.5.into(),
        true.into(),
        ().into(),
        "é€".into(),
        vec![0_u8, 255].into(),
        "".into(),
        "end\0".into(),
    ])?;
    let script = "made = attach_list(name)\nprint(list(made), made.format)\n\
                  made[0] = 'text'\nmade[4] = 5\nmade[5] = b'12345678'\nmade[6] = None";
    let expected = "[-7, 0.5, True, None, 'é€', b'\\x00\\xff', '', 'end'] qdxxxxxxx?xxxxxx?x8s8s8s8s";
    assert_eq!(python(interpreter, script, list.name())?, expected);
    let now: [ListItem; 8] = [
        "text".into(),
        0.5.into(),
        true.into(),
        ().into(),
        5.into(),
        (&b"12345678"[..]).into(),
        ().into(),
        "end\0".into(),
    ];
    assert_eq!(list.to_vec()?, now);
    list.unlink()?;
    Ok(())
}

fn we_attach_to_a_list_of_python(interpreter: &str) -> Result<(), Failed> {
    let script = "made = shared_memory.ShareableList([1, 2.5, False, None, 'abc', b'xy'])\n\
                  resource_tracker.unregister(made.shm._name, 'shared_memory')\nprint(made.shm.name)";
    let list = ShareableList::attach(&python(interpreter, script, "")?)?;
    let there: [ListItem; 6] =
        [1.into(), 2.5.into(), false.into(), ().into(), "abc".into(), (&b"xy"[..]).into()];
    assert_eq!(list.to_vec()?, there);
    list.set(0, "ours")?;
    list.set(4, i64::MIN)?;
    // It would be lost.
    assert_eq!(list.set(5, "zero\0"), Err(ListSetError::TrailingZeros { index: 5 }));
    assert_eq!(
        python(interpreter, "made = attach_list(name)\nprint(list(made))", list.name())?,
        "['ours', 2.5, False, None, -9223372036854775808, b'xy']"
    );
    list.unlink()?;
    Ok(())
}

fn python_writes_over_noted_zeros(interpreter: &str) -> Result<(), Failed> {
    let list = ShareableList::new(["ab\0\0".into(), "ab\0\0".into()])?;
    python(interpreter, "made = attach_list(name)\nmade[0] = 'cd'\nprint(made[0])", list.name())?;
    assert_eq!(list.to_vec()?, ["cd".into(), "ab\0\0".into()]);
    list.unlink()?;
    Ok(())
}
