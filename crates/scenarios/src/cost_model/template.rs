//! What the deployed stack consists of, by its template and its list of metrics.

const TEMPLATE: &str = include_str!("../../../../template.yaml");
const METRICS: &str = include_str!("../../../lambda-support/src/metrics.rs");

/// The default of a parameter that is a number.
pub(super) fn parameter(name: &str) -> u64 {
    let heading = format!("  {name}:");
    let of_parameter = TEMPLATE.lines().skip_while(|line| *line != heading).skip(1);
    let default = of_parameter.take_while(|line| line.starts_with("    ")).find_map(|line| {
        let value = line.trim().strip_prefix("Default: ")?;
        value.parse().ok()
    });
    default.unwrap_or_else(|| panic!("template.yaml has no parameter {name} with a number as its default"))
}

/// How many resources of this type every stack has, whatever its parameters.
pub(super) fn resources(kind: &str) -> u64 {
    let of_kind = format!("Type: {kind}");
    let is_condition = |line: Option<&&str>| line.is_some_and(|line| line.trim().starts_with("Condition: "));
    let mut lines = TEMPLATE.lines().peekable();
    let mut count = 0;
    while let Some(line) = lines.next() {
        count += u64::from(line.trim() == of_kind && !is_condition(lines.peek()));
    }
    count
}

/// Fields of `Metrics`, which have one dimension, so that each is one metric on the bill; without those that only a stack with
/// several shards writes.
pub(super) fn custom_metrics() -> u64 {
    let is_metric = |line: &&str| line.trim().starts_with("pub ") && line.contains(": Option<As");
    METRICS.lines().filter(is_metric).filter(|line| !line.contains("shards_overdue")).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_template() {
        assert_eq!(parameter("PollerMemory"), 256);
        assert_eq!(parameter("BatchSize"), 10);
        assert_eq!(resources("AWS::DynamoDB::Table"), 1);
        assert_eq!(resources("AWS::S3::Bucket"), 0, "there is none if an existing one is given");
        assert!(custom_metrics() > 0);
    }
}
