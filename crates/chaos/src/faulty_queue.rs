//! The queue and the dead letters, as ports that fail.

use collector::failure::{Failure, FailureKind};
use collector::message::ContentMessage;
use collector::ports::{DeadLetters, Queue};
use jiff::SignedDuration;

use crate::faults::SQS;
use crate::faulty_ports::Frail;
use crate::queue::Sqs;

impl Queue for Frail<Sqs> {
    /// In batches of ten, of which SQS may refuse some messages and take the others.
    async fn send(&self, messages: &[ContentMessage]) -> Result<(), Failure> {
        for batch in messages.chunks(10) {
            let send = async {
                for message in batch {
                    if self.faults.happens("SQS: some of a batch refused", 0.005) {
                        return Err(Failure::new(FailureKind::AwsService, "SQS did not take all messages"));
                    }
                    self.port.put(message, SignedDuration::ZERO);
                }
                Ok(())
            };
            self.call(SQS, "send", send).await?;
        }
        Ok(())
    }

    async fn send_delayed(&self, message: &ContentMessage, delay: SignedDuration) -> Result<(), Failure> {
        let send = async {
            self.port.put(message, delay);
            Ok(())
        };
        self.call(SQS, "send later", send).await
    }
}

impl DeadLetters for Frail<Sqs> {
    type Receipt = u64;

    async fn receive(&self) -> Result<Vec<(u64, String)>, Failure> {
        let receive = async { Ok(self.port.receive_dead()) };
        self.call(SQS, "receive dead letters", receive).await
    }

    async fn remove(&self, receipt: u64) -> Result<(), Failure> {
        let remove = async {
            self.port.remove_dead(receipt);
            Ok(())
        };
        self.call(SQS, "remove a dead letter", remove).await
    }
}
