//! The queue and the dead-letter queue, as ports that fail.

use collector::failure::{Failure, FailureKind};
use collector::message::ContentMessage;
use collector::ports::{DeadLetters, Queue};
use jiff::SignedDuration;

use crate::faults::SQS;
use crate::faulty_ports::Faulty;
use crate::queue::Queues;

impl Queue for Faulty<Queues> {
    /// In batches of ten, of which SQS may accept some messages and reject the others.
    async fn send(&self, messages: &[ContentMessage]) -> Result<(), Failure> {
        for batch in messages.chunks(10) {
            let send = async {
                for message in batch {
                    if self.faults.happens("SQS: batch partially rejected", 0.005) {
                        return Err(Failure::new(FailureKind::AwsService, "SQS rejected some messages of the batch"));
                    }
                    self.port.send(message, SignedDuration::ZERO);
                }
                Ok(())
            };
            self.call(SQS, "send", send).await?;
        }
        Ok(())
    }

    async fn send_delayed(&self, message: &ContentMessage, delay: SignedDuration) -> Result<(), Failure> {
        let send = async {
            self.port.send(message, delay);
            Ok(())
        };
        self.call(SQS, "send delayed", send).await
    }
}

impl DeadLetters for Faulty<Queues> {
    type Receipt = u64;

    async fn receive(&self) -> Result<Vec<(u64, String)>, Failure> {
        let receive = async { Ok(self.port.receive_dead_letters()) };
        self.call(SQS, "receive dead letters", receive).await
    }

    async fn remove(&self, receipt: u64) -> Result<(), Failure> {
        let remove = async {
            self.port.remove_dead_letter(receipt);
            Ok(())
        };
        self.call(SQS, "remove dead letter", remove).await
    }
}
