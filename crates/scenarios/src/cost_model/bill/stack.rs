//! What a stack costs, whatever its tenants publish.

use super::{Bill, Billing, Counts, DAYS, Function, Item, SECONDS, Unit, counted, gigabytes, item, number, rounded};
use crate::cost_model::{template, units};

impl Billing {
    /// What a stack costs that collects from so many tenants, beside those tenants. `day` is the day of any tenant: runs, and what
    /// they do once, are the same for all.
    #[must_use]
    pub fn stack(&self, day: &Counts, tenants: u64) -> Bill {
        let prices = &self.prices;
        let month = day.times(DAYS);
        let polls = month.of(Function::Poller, Unit::Invocation);
        let reconciliations = month.of(Function::Reconciler, Unit::Invocation);
        let runs = polls + reconciliations;
        let secret_calls = units::list_secrets(tenants).1;
        let resources = |kind, name, price| counted(name, price, template::resources(kind));
        let mut items = vec![
            counted("metrics", &prices.metric, template::custom_metrics()),
            resources("AWS::CloudWatch::Alarm", "alarms", &prices.alarm),
            resources("AWS::CloudWatch::Dashboard", "dashboards", &prices.dashboard),
            self.idle_polling(),
            counted(
                "receives of dead letters, one in each run of the reconciler",
                &prices.sqs_request,
                month.of(Function::Reconciler, Unit::SqsRequest),
            ),
            item(
                "runs of poller and reconciler",
                &prices.lambda_request,
                runs as f64,
                format!("{} + {}", number(polls), number(reconciliations)),
            ),
            self.runs(polls, reconciliations),
            item(
                "their calls of Secrets Manager",
                &prices.secrets_manager_call,
                (runs * secret_calls) as f64,
                format!("{} × {secret_calls}", number(runs)),
            ),
            counted("their leases in DynamoDB", &prices.dynamodb_write, month.all(Unit::LeaseWrite)),
            Item { name: "their logs", ..self.logs(runs) },
            self.table_key(),
        ];
        items.retain(|item| item.dollars > 0.0);
        Bill { items }
    }

    fn runs(&self, polls: u64, reconciliations: u64) -> Item {
        let seconds = self.assumptions.run_seconds;
        let (poller, reconciler) = (gigabytes("PollerMemory"), gigabytes("ReconcilerMemory"));
        let gb_seconds = seconds * (polls as f64 * poller + reconciliations as f64 * reconciler);
        let calculation = format!(
            "{seconds} s × ({} × {poller} GB + {} × {reconciler} GB) = {} GB-s",
            number(polls),
            number(reconciliations),
            rounded(gb_seconds)
        );
        item("their duration, without listings", &self.prices.lambda_gb_second, gb_seconds, calculation)
    }

    fn idle_polling(&self) -> Item {
        let (pollers, seconds) = (self.assumptions.queue_pollers, self.assumptions.empty_receive_seconds);
        let receives = SECONDS / seconds * pollers;
        let calculation = format!("{pollers} pollers, each a receive in {seconds} s: {}", number(receives));
        item("polling of the empty queue by Lambda", &self.prices.sqs_request, receives as f64, calculation)
    }

    fn table_key(&self) -> Item {
        let (roles, seconds) = (self.assumptions.roles, self.assumptions.kms_seconds);
        let decrypts = SECONDS / seconds * roles;
        let calculation = format!("{roles} roles, once in {seconds} s: {}", number(decrypts));
        item("KMS for the key of the table", &self.prices.kms_request, decrypts as f64, calculation)
    }
}
