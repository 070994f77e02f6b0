//! A producer sends a conversation through a duplex pipe; a consumer prints it until END.

use std::error::Error;

use procession_reference::{Connection, Process, pipe};
use procession_scenarios::pause;

const CONVERSATION: [&str; 8] = ["hello", "are you there?", "hey", "LOL", "K", "THX", "Bye!", "END"];

fn produce(connection: Connection) {
    for message in CONVERSATION {
        pause();
        connection.send(&message).expect("the consumer listens");
    }
    connection.close();
}

fn consume(connection: Connection) {
    loop {
        let message: String = connection.recv().expect("the producer has not ended");
        if message == "END" {
            break;
        }
        println!("Message Received: {message}");
    }
    connection.close();
}

fn main() -> Result<(), Box<dyn Error>> {
    let (there, here) = pipe(true)?;
    let producer = Process::new(produce, there);
    let consumer = Process::new(consume, here);
    producer.start()?;
    consumer.start()?;
    producer.join()?;
    consumer.join()?;
    println!("done");
    Ok(())
}
