//! What goes wrong, as users are told.

use std::fmt;

use rdkafka::error::{KafkaError, RDKafkaErrorCode};

/// What a client failed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Whether it is an answer that another attempt would not change.
    pub is_refused: bool,
    /// Why, in librdkafka's words: for the end of a sentence.
    pub reason: String,
}

impl Failure {
    /// The broker has answered, or a setting is wrong.
    #[must_use]
    pub fn refused(reason: impl Into<String>) -> Self {
        Self {
            is_refused: true,
            reason: reason.into(),
        }
    }

    /// The broker could not be reached, or is not able to answer now.
    #[must_use]
    pub fn connection(reason: impl Into<String>) -> Self {
        Self {
            is_refused: false,
            reason: reason.into(),
        }
    }

    /// By its code, with what librdkafka says about it where it does.
    pub(crate) fn of(code: RDKafkaErrorCode, reason: &str) -> Self {
        let reason = if reason.is_empty() {
            code.to_string()
        } else {
            reason.to_owned()
        };
        Self {
            is_refused: is_refused(code),
            reason,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl std::error::Error for Failure {}

impl From<KafkaError> for Failure {
    fn from(error: KafkaError) -> Self {
        match error {
            // The value of the setting may be a password, and is left out.
            KafkaError::ClientConfig(_, why, name, _) => {
                Self::refused(format!("the setting '{name}' is not taken: {why}"))
            }
            KafkaError::ClientCreation(why)
            | KafkaError::Subscription(why)
            | KafkaError::PauseResume(why) => Self::refused(why),
            other => match other.rdkafka_error_code() {
                Some(code) => Self::of(code, ""),
                None => Self::connection(other.to_string()),
            },
        }
    }
}

/// Whether a code is an answer about what was asked or who asks.
fn is_refused(code: RDKafkaErrorCode) -> bool {
    use RDKafkaErrorCode as Code;
    matches!(
        code,
        Code::Authentication
            | Code::SaslAuthenticationFailed
            | Code::UnsupportedSASLMechanism
            | Code::IllegalSASLState
            | Code::TopicAuthorizationFailed
            | Code::GroupAuthorizationFailed
            | Code::ClusterAuthorizationFailed
            | Code::UnknownTopicOrPartition
            | Code::UnknownTopic
            | Code::UnknownPartition
            | Code::InvalidTopic
            | Code::InvalidGroupId
            | Code::InvalidSessionTimeout
            | Code::InconsistentGroupProtocol
            | Code::UnsupportedVersion
            | Code::MessageSizeTooLarge
            | Code::InvalidMessageSize
            | Code::InvalidRecord
            | Code::InvalidArgument
            | Code::InvalidConfig
            | Code::Fatal
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use rdkafka::types::RDKafkaConfRes;

    #[test]
    fn shows_no_value_of_a_setting() {
        let error = KafkaError::ClientConfig(
            RDKafkaConfRes::RD_KAFKA_CONF_INVALID,
            "no such mechanism".to_owned(),
            "sasl.password".to_owned(),
            "hunter2".to_owned(),
        );
        let failure = Failure::from(error);
        assert!(failure.is_refused);
        assert_eq!(
            failure.to_string(),
            "the setting 'sasl.password' is not taken: no such mechanism"
        );
    }

    #[test]
    fn tells_answers_from_outages() {
        assert!(Failure::of(RDKafkaErrorCode::UnknownTopicOrPartition, "").is_refused);
        let outage = Failure::of(RDKafkaErrorCode::AllBrokersDown, "1/1 brokers are down");
        assert_eq!(outage, Failure::connection("1/1 brokers are down"));
    }
}
