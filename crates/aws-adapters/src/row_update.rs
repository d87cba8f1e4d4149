//! An update of one row, alone or in a transaction.

use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem, Update};
use collector::failure::Failure;
use collector::ports::ConditionalWrite;

use crate::failure::sdk_failure;
use crate::items::Item;

/// Attributes are named `#name` in conditions, so that none collides with a reserved word, and values `:name`.
#[derive(Debug)]
pub(crate) struct RowUpdate {
    key: Item,
    set: Vec<String>,
    remove: Vec<String>,
    condition: Option<String>,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl RowUpdate {
    pub(crate) fn of(key: Item) -> Self {
        let (set, remove, condition) = (Vec::new(), Vec::new(), None);
        Self { key, set, remove, condition, names: HashMap::new(), values: HashMap::new() }
    }

    pub(crate) fn set(mut self, name: &str, value: AttributeValue) -> Self {
        self.set.push(format!("#{name} = :{name}"));
        self.name(name).value(name, value)
    }

    pub(crate) fn set_if_absent(mut self, name: &str, value: AttributeValue) -> Self {
        self.set.push(format!("#{name} = if_not_exists(#{name}, :{name})"));
        self.name(name).value(name, value)
    }

    pub(crate) fn remove(mut self, name: &str) -> Self {
        self.remove.push(format!("#{name}"));
        self.name(name)
    }

    /// Sets the attribute to the value, or removes it if there is none.
    pub(crate) fn set_or_remove(self, name: &str, value: Option<AttributeValue>) -> Self {
        match value {
            Some(value) => self.set(name, value),
            None => self.remove(name),
        }
    }

    pub(crate) fn only_if(mut self, condition: impl Into<String>) -> Self {
        self.condition = Some(condition.into());
        self
    }

    /// For a condition.
    pub(crate) fn name(mut self, name: &str) -> Self {
        self.names.insert(format!("#{name}"), name.to_owned());
        self
    }

    /// For a condition.
    pub(crate) fn value(mut self, name: &str, value: AttributeValue) -> Self {
        self.values.insert(format!(":{name}"), value);
        self
    }

    fn expression(&self) -> String {
        let clause = |verb: &str, parts: &[String]| match parts {
            [] => String::new(),
            parts => format!("{verb} {} ", parts.join(", ")),
        };
        clause("SET", &self.set) + &clause("REMOVE", &self.remove)
    }

    pub(crate) async fn send(self, client: &Client, table: &str) -> Result<ConditionalWrite, Failure> {
        let expression = self.expression();
        let update = client.update_item().table_name(table).set_key(Some(self.key)).update_expression(expression);
        let update = update
            .set_condition_expression(self.condition)
            .set_expression_attribute_names(Some(self.names))
            .set_expression_attribute_values(Some(self.values).filter(|values| !values.is_empty()));
        match update.send().await {
            Ok(_) => Ok(ConditionalWrite::Applied),
            Err(error) if is_condition_failed(&error) => Ok(ConditionalWrite::Conflict),
            Err(error) => Err(sdk_failure(format_args!("updating a row of table {table}"), error)),
        }
    }

    pub(crate) fn in_transaction(self, table: &str) -> Result<TransactWriteItem, Failure> {
        let expression = self.expression();
        let update = Update::builder()
            .table_name(table)
            .set_key(Some(self.key))
            .update_expression(expression)
            .set_condition_expression(self.condition)
            .set_expression_attribute_names(Some(self.names))
            .set_expression_attribute_values(Some(self.values));
        let update = update.build().map_err(|error| sdk_failure("building a transaction", error))?;
        Ok(TransactWriteItem::builder().update(update).build())
    }
}

fn is_condition_failed<R>(error: &SdkError<UpdateItemError, R>) -> bool {
    error.as_service_error().is_some_and(UpdateItemError::is_conditional_check_failed_exception)
}
