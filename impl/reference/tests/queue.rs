//! The queues as one process sees them: bounds, errors, closing, counting.

use std::time::{Duration, Instant};

use procession_reference::{
    AttachError, CreateError, GetError, JoinError, JoinableQueue, PutError, Queue, QueueOptions, SimpleQueue,
    TaskDoneError,
};

#[test]
fn values_come_out_as_they_went_in_and_in_order() {
    let queue = Queue::new().unwrap();
    let values = [Some("one".to_owned()), None, Some(String::new()), Some("x".repeat(3_000_000))];
    for value in &values {
        queue.put(value).unwrap();
    }
    assert_eq!(queue.len(), Ok(4));
    for value in &values {
        assert_eq!(queue.get().as_ref().unwrap(), value);
    }
    assert_eq!(queue.is_empty(), Ok(true));
}

#[test]
fn a_bounded_queue_is_full_at_its_bound_and_waits_for_the_time_given() {
    let queue = Queue::bounded(2).unwrap();
    queue.put_many(&[1, 2]).unwrap();
    assert_eq!(queue.is_full(), Ok(true));
    assert!(matches!(queue.try_put(&3), Err(PutError::Full)));
    let began = Instant::now();
    assert!(matches!(queue.put_timeout(&3, Duration::from_millis(30)), Err(PutError::Full)));
    assert!(began.elapsed() >= Duration::from_millis(30));
    let taker = std::thread::spawn({
        let queue = queue.clone();
        move || queue.get().unwrap()
    });
    queue.put(&3).unwrap();
    assert_eq!(taker.join().unwrap(), 1);
    assert_eq!((queue.get().unwrap(), queue.get().unwrap()), (2, 3));
    assert!(matches!(queue.try_get(), Err(GetError::Empty)));
    assert!(matches!(queue.get_timeout(Duration::from_millis(1)), Err(GetError::Empty)));
}

#[test]
fn a_bound_that_cannot_be_counted_is_refused() {
    assert!(matches!(Queue::<u8>::bounded(1 << 31), Err(CreateError::MaxsizeTooLarge { .. })));
    assert_eq!(Queue::<u8>::bounded(i64::MIN).unwrap().is_full(), Ok(false));
    Queue::<u8>::bounded((1 << 31) - 1).unwrap();
}

#[test]
fn an_item_that_cannot_be_encoded_is_refused_and_one_that_cannot_be_decoded_is_taken() {
    struct Stubborn(bool);
    impl serde::Serialize for Stubborn {
        fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
            if self.0 { Err(serde::ser::Error::custom("no")) } else { to.serialize_u8(7) }
        }
    }
    let queue = Queue::<Stubborn>::bounded(1).unwrap();
    assert!(matches!(queue.put(&Stubborn(true)), Err(PutError::Encode(_))));
    queue.try_put(&Stubborn(false)).unwrap();

    let strings = Queue::<String>::from_descriptors(queue.to_descriptors().unwrap()).unwrap();
    assert!(matches!(strings.get(), Err(GetError::Decode(_))));
    strings.put(&"later".to_owned()).unwrap();
    assert_eq!(strings.get().unwrap(), "later");
}

#[test]
fn closing_concerns_this_handle_and_gives_its_descriptors_back() {
    let queue = Queue::new().unwrap();
    queue.put(&1u8).unwrap();
    let other = Queue::<u8>::from_descriptors(queue.to_descriptors().unwrap()).unwrap();
    assert!(queue.join_thread().is_err());
    queue.close();
    queue.close();
    queue.join_thread().unwrap();
    assert!(matches!(queue.put(&2), Err(PutError::Closed)));
    assert!(matches!(queue.get(), Err(GetError::Closed)));
    assert!(queue.is_empty().is_err());
    assert_eq!(other.get().unwrap(), 1);

    let unused = Queue::<u8>::new().unwrap();
    unused.close();
    assert_eq!(unused.is_empty(), Ok(true));
    let simple = SimpleQueue::<u8>::new().unwrap();
    simple.close();
    assert!(simple.is_empty().is_err());
}

#[test]
fn consumers_of_a_telling_queue_learn_that_every_producer_has_gone() {
    let queue =
        Queue::<u8>::with_options(QueueOptions { tells_end: true, ..QueueOptions::default() }).unwrap();
    let producer = Queue::<u8>::from_descriptors(queue.to_descriptors().unwrap()).unwrap();
    assert!(matches!(queue.try_get(), Err(GetError::Empty)));
    producer.put(&5).unwrap();
    drop(producer);
    assert_eq!(queue.get().unwrap(), 5);
    assert!(matches!(queue.get(), Err(GetError::ProducersGone)));
}

#[test]
fn a_joinable_queue_counts_what_is_done() {
    let queue = JoinableQueue::new().unwrap();
    assert!(matches!(queue.task_done(), Err(TaskDoneError::OverRelease)));
    queue.join().unwrap();
    queue.put_many(&[1u8, 2]).unwrap();
    assert!(matches!(queue.join_timeout(Duration::from_millis(1)), Err(JoinError::TimedOut)));
    let joiner = std::thread::spawn({
        let queue = queue.clone();
        move || queue.join()
    });
    for _ in 0..2 {
        queue.get().unwrap();
        queue.task_done().unwrap();
    }
    joiner.join().unwrap().unwrap();
    assert!(matches!(queue.task_done(), Err(TaskDoneError::OverRelease)));
}

#[test]
fn join_answers_when_a_worker_has_gone_with_items_in_hand() {
    let queue = JoinableQueue::new().unwrap();
    queue.put_many(&[1u8, 2, 3]).unwrap();
    let worker = JoinableQueue::<u8>::from_descriptors(queue.to_descriptors().unwrap()).unwrap();
    worker.get_many(2).unwrap();
    worker.task_done().unwrap();
    drop(worker);
    queue.get().unwrap();
    assert!(matches!(queue.join(), Err(JoinError::WorkerDied(1))));
    queue.task_done().unwrap();
    queue.task_done().unwrap();
    queue.join().unwrap();
}

#[test]
fn a_queue_of_another_kind_is_refused() {
    let queue = Queue::<u8>::new().unwrap();
    let joinable = JoinableQueue::<u8>::from_descriptors(queue.to_descriptors().unwrap());
    assert!(matches!(joinable, Err(AttachError::Kind { .. })));
}
