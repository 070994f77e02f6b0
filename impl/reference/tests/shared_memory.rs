//! Named blocks: names, sizes, bounds, closing and unlinking, within a process and between processes.

use std::fs::{File, Permissions};
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use procession_reference::context::{Context, Method};
use procession_reference::process::Process;
use procession_reference::shared_memory::{
    AccessError, AttachBlockError, BadName, BlockOptions, CreateBlockError, SharedMemory, UnlinkError,
};
use procession_reference::transfer::{self, Descriptor};
use rstest::rstest;

/// A name that no other test uses.
fn name(of: &str) -> String {
    format!("procession_test_{of}_{}", std::process::id())
}

fn bytes(block: &SharedMemory, at: usize, len: usize) -> Vec<u8> {
    let mut bytes = vec![0xEE; len];
    block.read(at, &mut bytes).unwrap();
    bytes
}

/// Unlinks at the end, also of a test that fails.
struct Unlinked(SharedMemory);

impl Drop for Unlinked {
    fn drop(&mut self) {
        let _ = self.0.unlink();
    }
}

fn made(size: usize) -> Unlinked {
    Unlinked(SharedMemory::create_unnamed(size).unwrap())
}

#[test]
fn a_block_has_its_name_its_exact_size_zeros_and_one_user() {
    let name = name("plain");
    let block = Unlinked(SharedMemory::create(&name, 10).unwrap()).0.name().to_owned();
    assert_eq!(block, name);
    let block = Unlinked(SharedMemory::create(&name, 10).unwrap());
    assert_eq!((block.0.name(), block.0.size()), (name.as_str(), 10));
    assert_eq!(bytes(&block.0, 0, 10), [0; 10]);
    let file = std::fs::metadata(format!("/dev/shm/{name}")).unwrap();
    assert_eq!((file.permissions().mode() & 0o777, file.len()), (0o600, 10));
    assert!(file.blocks() > 0, "its memory is provided");
}

#[test]
fn what_one_handle_writes_another_reads() {
    let block = made(100);
    let other = SharedMemory::attach(block.0.name()).unwrap();
    assert_eq!(other.size(), 100);
    block.0.write(0, b"hello").unwrap();
    other.write(95, b"world").unwrap();
    assert_eq!(bytes(&other, 0, 5), b"hello");
    assert_eq!(bytes(&block.0, 95, 5), b"world");
}

#[rstest]
#[case("", BadName::Empty)]
#[case("a/b", BadName::Slash)]
#[case("a\0b", BadName::Nul)]
#[case(&"n".repeat(300), BadName::TooLong { len: 300 })]
fn impossible_names_are_refused(#[case] name: &str, #[case] expected: BadName) {
    assert!(matches!(SharedMemory::create(name, 1), Err(CreateBlockError::BadName(it)) if it == expected));
    assert!(matches!(SharedMemory::attach(name), Err(AttachBlockError::BadName(it)) if it == expected));
    assert!(matches!(SharedMemory::remove(name), Err(UnlinkError::BadName(it)) if it == expected));
}

#[test]
fn a_name_is_taken_or_missing() {
    let block = made(1);
    let again = SharedMemory::create(block.0.name(), 1);
    assert!(matches!(again, Err(CreateBlockError::NameTaken(name)) if name == block.0.name()));
    let name = name("missing");
    let missing = SharedMemory::attach(&name);
    assert!(matches!(missing, Err(AttachBlockError::NameMissing(it)) if it == name));
}

#[test]
fn an_impossible_size_leaves_no_name() {
    let name = name("size");
    let created = |size| SharedMemory::create(&name, size);
    assert!(matches!(created(0), Err(CreateBlockError::BadSize(0))));
    assert!(matches!(created(usize::MAX), Err(CreateBlockError::BadSize(usize::MAX))));
    let most = i64::MAX as usize;
    assert!(matches!(created(most), Err(CreateBlockError::Exhausted(_))));
    assert!(matches!(created(1 << 50), Err(CreateBlockError::Exhausted(_))));
    assert!(matches!(SharedMemory::attach(&name), Err(AttachBlockError::NameMissing(_))));
}

#[test]
fn accesses_beyond_the_block_change_nothing() {
    let block = made(8);
    let beyond = |at, len| AccessError::OutOfBounds { at, len, size: 8 };
    block.0.write(0, b"12345678").unwrap();
    assert_eq!(block.0.write(7, b"ab"), Err(beyond(7, 2)));
    assert_eq!(block.0.write(8, b"a"), Err(beyond(8, 1)));
    assert_eq!(block.0.write(usize::MAX, b"a"), Err(beyond(usize::MAX, 1)));
    let mut into = *b"xy";
    assert_eq!(block.0.read(7, &mut into), Err(beyond(7, 2)));
    assert_eq!(&into, b"xy");
    assert_eq!(bytes(&block.0, 0, 8), b"12345678");
    assert_eq!(block.0.write(8, b""), Ok(()), "no bytes lie anywhere up to the end");
}

#[test]
fn closing_is_local_and_repeatable() {
    let block = made(4);
    let other = SharedMemory::attach(block.0.name()).unwrap();
    other.write(0, b"kept").unwrap();
    other.close();
    other.close();
    assert!(other.is_closed());
    assert_eq!(other.read(0, &mut [0]), Err(AccessError::Closed));
    assert_eq!(other.write(0, b"x"), Err(AccessError::Closed));
    assert!(matches!(other.view(0, 1), Err(AccessError::Closed)));
    assert_eq!((other.name(), other.size()), (block.0.name(), 4));
    assert_eq!(bytes(&block.0, 0, 4), b"kept");
}

#[test]
fn a_view_outlives_the_closing_of_its_handle() {
    let block = made(10);
    let view = block.0.view(2, 5).unwrap();
    let other = SharedMemory::attach(block.0.name()).unwrap();
    block.0.close();
    block.0.unlink().unwrap();
    view.write(1, b"abcd").unwrap();
    assert_eq!(bytes(&other, 3, 4), b"abcd");
    assert_eq!(view.write(2, b"abcd"), Err(AccessError::OutOfBounds { at: 2, len: 4, size: 5 }));
    assert_eq!(view.read(0, &mut [0; 6]), Err(AccessError::OutOfBounds { at: 0, len: 6, size: 5 }));
    assert_eq!(bytes(&other, 7, 3), [0; 3]);
}

#[test]
fn unlinking_takes_the_name_and_nothing_else() {
    let name = name("unlink");
    let old = SharedMemory::create(&name, 4).unwrap();
    let attached = SharedMemory::attach(&name).unwrap();
    old.write(0, b"old!").unwrap();
    attached.unlink().unwrap();
    assert!(matches!(SharedMemory::attach(&name), Err(AttachBlockError::NameMissing(_))));
    assert!(matches!(old.unlink(), Err(UnlinkError::NameMissing(it)) if it == name));
    let new = Unlinked(SharedMemory::create(&name, 4).unwrap());
    assert_eq!(bytes(&attached, 0, 4), b"old!");
    assert_eq!(bytes(&new.0, 0, 4), [0; 4]);
    // The name is another block's now.
    assert!(matches!(old.unlink(), Err(UnlinkError::NameMissing(_))));
    assert!(SharedMemory::attach(&name).is_ok());
}

#[test]
fn closing_and_unlinking_come_in_any_order() {
    let first = made(1);
    first.0.close();
    first.0.unlink().unwrap();
    let second = made(1);
    second.0.unlink().unwrap();
    second.0.close();
}

#[test]
fn an_unfinished_block_is_refused_and_can_be_removed() {
    let name = name("unfinished");
    File::create_new(format!("/dev/shm/{name}")).unwrap();
    assert!(matches!(SharedMemory::attach(&name), Err(AttachBlockError::Unfinished(it)) if it == name));
    SharedMemory::remove(&name).unwrap();
    assert!(matches!(SharedMemory::remove(&name), Err(UnlinkError::NameMissing(_))));
}

#[test]
fn what_is_no_file_is_no_block() {
    let name = name("directory");
    let path = format!("/dev/shm/{name}");
    std::fs::create_dir(&path).unwrap();
    std::fs::set_permissions(&path, Permissions::from_mode(0o700)).unwrap();
    let attached = SharedMemory::attach(&name);
    std::fs::remove_dir(&path).unwrap();
    assert!(matches!(attached, Err(AttachBlockError::NotABlock(it)) if it == name));
}

#[test]
fn a_sparse_block_of_another_library_gets_its_memory_when_it_is_attached() {
    let name = name("sparse");
    let path = format!("/dev/shm/{name}");
    File::create_new(&path).unwrap().set_len(1 << 20).unwrap();
    let block = Unlinked(SharedMemory::attach(&name).unwrap());
    assert_eq!(std::fs::metadata(&path).unwrap().blocks() * 512, 1 << 20);
    assert_eq!(bytes(&block.0, (1 << 20) - 1, 1), [0]);
}

fn shout((block, mut ready): (SharedMemory, Ready)) {
    let mut text = vec![0; block.size()];
    block.read(0, &mut text).unwrap();
    text.make_ascii_uppercase();
    block.write(0, &text).unwrap();
    block.close();
    ready.tell();
}

/// The end of a pipe.
#[derive(serde::Serialize, serde::Deserialize)]
struct Ready(Option<Descriptor>);

impl Ready {
    fn tell(&mut self) {
        let to = self.0.take().unwrap();
        File::from(to.into_inner()).write_all(b".").unwrap();
    }
}

#[rstest]
fn a_handle_is_an_argument_of_a_process(
    #[values(Method::Spawn, Method::Fork, Method::ForkServer)] method: Method,
) {
    let (mut reader, writer) = std::io::pipe().unwrap();
    let block = made(5);
    block.0.write(0, b"quiet").unwrap();
    let theirs = SharedMemory::attach(block.0.name()).unwrap();
    let ready = Ready(Some(Descriptor::from(OwnedFd::from(writer))));
    let child = Context::from(method).process(shout, (theirs, ready));
    child.start().unwrap();
    reader.read_exact(&mut [0]).unwrap();
    child.join().unwrap();
    assert_eq!(bytes(&block.0, 0, 5), b"QUIET");
}

#[test]
fn a_handle_travels_by_name_and_not_to_another_block() {
    let name = name("travel");
    let old = SharedMemory::create(&name, 3).unwrap();
    let letter = transfer::encode(&old).unwrap();
    old.write(0, b"abc").unwrap();
    let arrived: SharedMemory = transfer::decode(&letter).unwrap();
    assert_eq!(bytes(&arrived, 0, 3), b"abc");
    old.unlink().unwrap();
    let gone = transfer::decode::<SharedMemory>(&letter);
    assert!(gone.is_err());
    let _new = Unlinked(SharedMemory::create(&name, 3).unwrap());
    assert!(transfer::decode::<SharedMemory>(&letter).is_err(), "it is another block");
}

#[test]
fn memory_that_cannot_be_mapped_leaves_the_block_alone() {
    fn attach((name, mut ready): (String, Ready)) {
        use nix::sys::resource::{Resource, setrlimit};
        let pages = std::fs::read_to_string("/proc/self/statm").unwrap();
        let pages: u64 = pages.split(' ').next().unwrap().parse().unwrap();
        let limit = pages * 4096 + (16 << 20);
        setrlimit(Resource::RLIMIT_AS, limit, limit).unwrap();
        assert!(matches!(SharedMemory::attach(&name), Err(AttachBlockError::Exhausted(_))));
        let created = SharedMemory::create_unnamed(40 << 20);
        assert!(matches!(created, Err(CreateBlockError::Exhausted(_))));
        ready.tell();
    }
    let (mut reader, writer) = std::io::pipe().unwrap();
    let block = made(40 << 20);
    let ready = Ready(Some(Descriptor::from(OwnedFd::from(writer))));
    let child = Process::new(attach, (block.0.name().to_owned(), ready));
    child.start().unwrap();
    assert!(reader.read_exact(&mut [0]).is_ok(), "the child has found what it should");
    child.join().unwrap();
    assert!(SharedMemory::attach(block.0.name()).is_ok());
}

#[test]
fn a_limit_on_files_is_an_error_and_no_signal() {
    fn create(mut ready: Ready) {
        use nix::sys::resource::{Resource, setrlimit};
        setrlimit(Resource::RLIMIT_FSIZE, 4096, 4096).unwrap();
        assert!(matches!(SharedMemory::create_unnamed(4097), Err(CreateBlockError::Exhausted(_))));
        ready.tell();
    }
    let (mut reader, writer) = std::io::pipe().unwrap();
    let child = Process::new(create, Ready(Some(Descriptor::from(OwnedFd::from(writer)))));
    child.start().unwrap();
    assert!(reader.read_exact(&mut [0]).is_ok(), "the child has found what it should");
    child.join().unwrap();
}

#[test]
fn an_untracked_block_needs_its_own_unlink() {
    let options = BlockOptions { size: 1, tracked: false, ..BlockOptions::default() };
    let block = SharedMemory::with_options(options).unwrap();
    block.keep();
    assert!(SharedMemory::attach(block.name()).is_ok());
    block.unlink().unwrap();
}
