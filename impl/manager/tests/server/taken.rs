//! What becomes of what a client has taken out of a queue, when it dies before it has read the reply.

use procession_manager::Address;
use procession_manager::server::Serving;
use procession_wire::message::Reply;

use crate::client::{Client, create, decref, number};
use crate::counter::{served, settings};

/// A server at a path, and one at a port.
fn of_both_families() -> [Serving; 2] {
    let mut at_a_port = settings();
    at_a_port.address = Some(Address::loopback(0));
    [served(settings()), served(at_a_port)]
}

fn put(client: &mut Client, queue: &str, item: i64) {
    client.ask(Some(queue), "put", |builder| vec![builder.int(item)]).none();
}

/// The first item, as soon as there is one.
fn get(client: &mut Client, queue: &str) -> String {
    client.ask(Some(queue), "get", |builder| vec![builder.bool(true), builder.int(60)]).value()
}

/// A get whose reply has come and is not read.
fn leave_a_reply(client: &mut Client, queue: &str) {
    client.request(Some(queue), "get", |_| Vec::new());
    client.wait_for_reply();
}

/// The error of a get that finds nothing.
fn finds_nothing(client: &mut Client, queue: &str) {
    match client.call(queue, "get_nowait").reply() {
        Reply::Error(_) => {}
        other => panic!("{other:?} was there"),
    }
}

/// Waits until so many sessions have ended that called this `kept`.
fn until_left(client: &mut Client, kept: &str, count: i64) {
    until_at_least(client, kept, "left", count);
}

/// Waits until this method gives so much.
fn until_at_least(client: &mut Client, ident: &str, method: &str, least: i64) {
    let mut asks = 0;
    while client.call(ident, method).int() < least {
        // It comes when another thread of the server gets to it; a server that forgets it fails here.
        asks += 1;
        assert!(asks < 1_000_000, "{method} never gave {least}");
    }
}

#[test]
fn a_reply_that_nobody_reads_gives_its_item_back() {
    for serving in of_both_families() {
        let address = serving.address();
        let queue = create(address, "Queue");
        let mut other = Client::session(address);
        for item in 1..=3 {
            put(&mut other, &queue, item);
        }
        for method in ["get", "get_nowait"] {
            for read in [0, 1, 4, 7] {
                let mut dying = Client::session(address);
                dying.request(Some(&queue), method, |_| Vec::new());
                dying.wait_for_reply();
                assert_eq!(dying.read(read).len(), read);
                drop(dying);
                // It is the first again, for whoever waits for it.
                until_at_least(&mut other, &queue, "qsize", 3);
                assert_eq!(get(&mut other, &queue), "1");
                let mut puts = Client::session(address);
                assert_eq!([get(&mut other, &queue), get(&mut other, &queue)], ["2", "3"]);
                for item in 1..=3 {
                    put(&mut puts, &queue, item);
                }
            }
        }
    }
}

#[test]
fn somebody_who_waits_is_given_what_comes_back() {
    for serving in of_both_families() {
        let address = serving.address();
        let queue = create(address, "JoinableQueue");
        let mut other = Client::session(address);
        for item in 0..100 {
            put(&mut other, &queue, item);
            let mut dying = Client::session(address);
            dying.request(Some(&queue), "get", |_| Vec::new());
            if item % 2 == 0 {
                dying.wait_for_reply();
            }
            // Its request may be read when it has gone, or before.
            drop(dying);
            assert_eq!(get(&mut other, &queue), item.to_string());
            // It is one task, however often it was taken.
            other.call(&queue, "task_done").none();
            other.call(&queue, "join").none();
            assert!(matches!(other.call(&queue, "task_done").reply(), Reply::Error(_)));
        }
    }
}

#[test]
fn a_reply_that_cannot_be_sent_gives_its_item_back() {
    let serving = served(settings());
    let address = serving.address();
    let kept = create(address, "kept");
    let mut other = Client::session(address);
    let mut dying = Client::session(address);
    dying.request(Some(&kept), "take_last", |_| Vec::new());
    drop(dying);
    until_left(&mut other, &kept, 1);
    assert_eq!(other.call(&kept, "get").value(), "7");
}

#[test]
fn a_type_of_one_s_own_takes_back() {
    let serving = served(settings());
    let address = serving.address();
    let counter = create(address, "counter");
    let mut other = Client::session(address);
    other.ask(Some(&counter), "add", |builder| vec![builder.int(5)]);
    let mut dying = Client::session(address);
    dying.request(Some(&counter), "take", |_| Vec::new());
    dying.wait_for_reply();
    drop(dying);
    until_at_least(&mut other, &counter, "get", 5);
    assert_eq!(other.call(&counter, "take").int(), 5);
    assert_eq!(other.call(&counter, "get").int(), 0);
}

#[test]
fn a_reply_that_is_too_long_gives_its_item_back() {
    let mut settings = settings();
    settings.limits.message = 10_000;
    let serving = served(settings);
    let address = serving.address();
    let kept = create(address, "kept");
    let mut client = Client::session(address);
    assert!(matches!(client.call(&kept, "take_large").reply(), Reply::Unserializable(_)));
    // It is there, and still too long.
    assert!(matches!(client.call(&kept, "get").reply(), Reply::Unserializable(_)));
}

#[test]
fn a_reply_that_was_read_is_given_to_nobody_else() {
    for serving in of_both_families() {
        let address = serving.address();
        let (queue, kept) = (create(address, "Queue"), create(address, "kept"));
        let mut other = Client::session(address);
        for round in 1..=20 {
            put(&mut other, &queue, round);
            let mut leaving = Client::session(address);
            leaving.call(&kept, "get").none();
            assert_eq!(leaving.call(&queue, "get").int(), round);
            if round % 2 == 0 {
                // It was read by then, whatever becomes of the next reply.
                leaving.request(Some(&queue), "qsize", |_| Vec::new());
                leaving.wait_for_reply();
            }
            drop(leaving);
            until_left(&mut other, &kept, round);
            finds_nothing(&mut other, &queue);
        }
    }
}

#[test]
fn who_waited_for_an_item_and_died_takes_none() {
    for serving in of_both_families() {
        let address = serving.address();
        let queue = create(address, "Queue");
        let mut other = Client::session(address);
        for item in 0..50 {
            let mut dying = Client::session(address);
            dying.request(Some(&queue), "get", |_| Vec::new());
            drop(dying);
            put(&mut other, &queue, item);
            assert_eq!(get(&mut other, &queue), item.to_string());
        }
    }
}

#[test]
fn items_of_several_come_back_in_their_order() {
    let serving = served(settings());
    let address = serving.address();
    let (queue, kept) = (create(address, "Queue"), create(address, "kept"));
    let mut other = Client::session(address);
    for item in 0..8 {
        put(&mut other, &queue, item);
    }
    let mut takers: Vec<Client> = Vec::new();
    for _ in 0..6 {
        let mut taker = Client::session(address);
        taker.call(&kept, "get").none();
        leave_a_reply(&mut taker, &queue);
        takers.push(taker);
    }
    // Neither as they were taken nor the other way round.
    for (gone, at) in [2, 0, 3, 1, 1, 0].into_iter().enumerate() {
        drop(takers.remove(at));
        until_left(&mut other, &kept, gone as i64 + 1);
    }
    let items: Vec<String> = (0..8).map(|_| get(&mut other, &queue)).collect();
    assert_eq!(items, ["0", "1", "2", "3", "4", "5", "6", "7"]);
}

#[test]
fn a_full_queue_takes_back_one_more() {
    let serving = served(settings());
    let address = serving.address();
    let mut other = Client::session(address);
    let queue = {
        let args = |builder: &mut procession_wire::Builder| vec![builder.str("Queue"), builder.int(1)];
        crate::client::once(address, "create", args).created()
    };
    put(&mut other, &queue, 1);
    let mut dying = Client::session(address);
    leave_a_reply(&mut dying, &queue);
    put(&mut other, &queue, 2);
    drop(dying);
    until_at_least(&mut other, &queue, "qsize", 2);
    let full = other.ask(Some(&queue), "put_nowait", |builder| vec![builder.int(3)]);
    assert!(matches!(full.reply(), Reply::Error(_)));
    assert_eq!(get(&mut other, &queue), "1");
    let full = other.ask(Some(&queue), "put_nowait", |builder| vec![builder.int(3)]);
    assert!(matches!(full.reply(), Reply::Error(_)));
    assert_eq!(get(&mut other, &queue), "2");
    put(&mut other, &queue, 3);
    assert_eq!(get(&mut other, &queue), "3");
}

#[test]
fn what_an_item_names_comes_back_with_it() {
    let serving = served(settings());
    let address = serving.address();
    let (queue, inner) = (create(address, "Queue"), create(address, "kept"));
    let mut other = Client::session(address);
    other
        .ask(Some(&queue), "put", |builder| {
            let proxy = crate::objects::proxy(builder, &inner);
            vec![proxy]
        })
        .none();
    decref(address, &inner).none();
    assert_eq!(number(address), 1);
    let mut dying = Client::session(address);
    leave_a_reply(&mut dying, &queue);
    drop(dying);
    assert!(get(&mut other, &queue).contains(&inner));
    // Nobody but the last reply holds it now.
    Client::session(address).call(&inner, "get").none();
}

#[test]
fn a_queue_that_is_gone_takes_nothing_back() {
    let serving = served(settings());
    let address = serving.address();
    let (queue, kept) = (create(address, "Queue"), create(address, "kept"));
    let mut other = Client::session(address);
    put(&mut other, &queue, 1);
    let mut dying = Client::session(address);
    dying.call(&kept, "get").none();
    leave_a_reply(&mut dying, &queue);
    decref(address, &queue).none();
    // A session that has called it does not keep it.
    assert!(other.call(&queue, "qsize").last_line().starts_with("KeyError: "));
    drop(dying);
    until_left(&mut other, &kept, 1);
}

#[test]
fn a_queue_that_was_shut_down_at_once_is_empty_and_done() {
    for immediate in [false, true] {
        let serving = served(settings());
        let address = serving.address();
        let (queue, kept) = (create(address, "JoinableQueue"), create(address, "kept"));
        let mut other = Client::session(address);
        put(&mut other, &queue, 1);
        let mut dying = Client::session(address);
        dying.call(&kept, "get").none();
        leave_a_reply(&mut dying, &queue);
        other.ask(Some(&queue), "shutdown", |builder| vec![builder.bool(immediate)]).none();
        drop(dying);
        until_left(&mut other, &kept, 1);
        if !immediate {
            assert_eq!(get(&mut other, &queue), "1");
            other.call(&queue, "task_done").none();
        }
        finds_nothing(&mut other, &queue);
        other.call(&queue, "join").none();
    }
}

#[test]
fn a_large_item_that_is_read_in_part_comes_back() {
    for serving in of_both_families() {
        let address = serving.address();
        let queue = create(address, "Queue");
        let mut other = Client::session(address);
        let large = "x".repeat(3_000_000);
        other.ask(Some(&queue), "put", |builder| vec![builder.str(large.as_str())]).none();
        for read in [0, 3, 1_000, 700_000, 3_000_000] {
            let mut dying = Client::session(address);
            leave_a_reply(&mut dying, &queue);
            assert_eq!(dying.read(read).len(), read);
        }
        assert_eq!(get(&mut other, &queue).len(), large.len() + 2);
    }
}
