//! The contract of `Tenants`.

use collector::failure::FailureKind;
use collector::ports::{Freshness, Tenants};

/// Valid and invalid secrets are listed together, in the order of their names.
///
/// `tenants` must contain `{prefix}contoso` (valid), `{prefix}fabrikam` (not JSON) and nothing else below the prefix.
pub async fn lists_tenants_with_their_problems(tenants: &impl Tenants, prefix: &str) {
    let all = tenants.all().await.unwrap();
    assert_eq!(all.len(), 2);
    assert_eq!(all[0].as_ref().unwrap().secret_id, format!("{prefix}contoso"));
    assert_eq!(all[1].as_ref().unwrap_err().secret_id, format!("{prefix}fabrikam"));

    let contoso = tenants.one(&format!("{prefix}contoso"), Freshness::Cached).await.unwrap();
    assert_eq!(Ok(&contoso), all[0].as_ref());
    for name in ["fabrikam", "nobody"] {
        let failure = tenants.one(&format!("{prefix}{name}"), Freshness::Cached).await.unwrap_err();
        assert_eq!(failure.kind, FailureKind::InvalidSecret, "{name}");
    }
}

/// A caller that asks for a fresh secret gets the rotated one; `rotate` replaces `{prefix}contoso`'s client secret.
pub async fn sees_a_rotation(tenants: &impl Tenants, prefix: &str, rotate: impl AsyncFnOnce()) {
    let name = format!("{prefix}contoso");
    let before = tenants.one(&name, Freshness::Cached).await.unwrap();
    rotate().await;
    assert_eq!(tenants.one(&name, Freshness::Cached).await.unwrap(), before, "cached for minutes");
    let fresh = tenants.one(&name, Freshness::Fresh).await.unwrap();
    assert_ne!(fresh.client_secret, before.client_secret);
    assert_eq!(tenants.one(&name, Freshness::Cached).await.unwrap(), fresh);
    assert_eq!(tenants.all().await.unwrap()[0].as_ref(), Ok(&fresh), "a poll sees the new secret at once");
}
