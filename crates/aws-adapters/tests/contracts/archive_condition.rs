//! What S3 and services like it answer to an upload that must not replace an object.

use aws_adapters::S3Archive;
use collector::failure::{Disposition, Failure, FailureKind};
use collector::ports::{Archive, ArchiveIndex, ArchiveObject};
use testkit::contracts;

use crate::scripted_s3::{Response, scripted_s3};

const BEGUN: Response = (200, "<InitiateMultipartUploadResult><UploadId>u1</UploadId></InitiateMultipartUploadResult>");
const UNSUPPORTED: Response = (
    501,
    "<Error><Code>NotImplemented</Code><Message>A header you provided implies functionality that is not \
     implemented</Message><Header>If-None-Match</Header></Error>",
);
const CONFLICT: Response = (409, "<Error><Code>ConditionalRequestConflict</Code><Message>Try again.</Message></Error>");

/// Stores an object of `length` bytes where the request that makes it visible is answered with `response`. Gives the
/// heads of all requests.
async fn store(length: usize, response: Response) -> (Result<(), Failure>, Vec<String>) {
    let (client, heads) = scripted_s3(move |method, target| match method {
        "POST" if target.contains("uploads") => BEGUN,
        "PUT" if target.contains("partNumber=") => (200, ""),
        "DELETE" => (204, ""),
        _ => response,
    })
    .await;
    let mut object = S3Archive::new(client, "bucket", "m365").begin().await.unwrap();
    object.write(&vec![7; length]).await.unwrap();
    let stored = object.store("key.json.gz", &contracts::archive::metadata(1)).await;
    let heads = heads.lock().unwrap().clone();
    (stored, heads)
}

const SMALL: usize = 100;
const LARGE: usize = 9 * 1024 * 1024;

fn aborted(heads: &[String]) -> usize {
    heads.iter().filter(|head| head.starts_with("delete ") && head.contains("uploadid=u1")).count()
}

#[tokio::test]
async fn an_object_is_sent_under_the_condition() {
    let (stored, heads) = store(SMALL, (200, "")).await;
    assert_eq!(stored, Ok(()));
    assert_eq!(heads.len(), 1);
    assert!(heads[0].contains("\nif-none-match: *\n"), "{heads:?}");
}

#[tokio::test]
async fn a_multipart_upload_is_completed_under_the_condition() {
    let (stored, heads) = store(LARGE, (200, "<CompleteMultipartUploadResult/>")).await;
    assert_eq!(stored, Ok(()));
    let conditional: Vec<_> = heads.iter().filter(|head| head.contains("\nif-none-match: *\n")).collect();
    assert_eq!(conditional.len(), 1, "{heads:?}");
    assert!(conditional[0].starts_with("post /bucket/m365/key.json.gz?uploadid=u1 "), "{conditional:?}");
    assert_eq!(aborted(&heads), 0);
}

#[tokio::test]
async fn a_report_is_stored_without_the_condition() {
    let (client, heads) = scripted_s3(|_, _| (200, "")).await;
    S3Archive::new(client, "bucket", "m365").store_report("report.json", b"{}".to_vec()).await.unwrap();
    assert!(!heads.lock().unwrap()[0].contains("if-none-match"));
}

/// The error of a completion may come with status 200, and a 412 without a body.
#[tokio::test]
async fn an_object_that_exists_is_success() {
    let in_body = "<Error><Code>PreconditionFailed</Code><Message>Condition</Message></Error>";
    for (length, response, uploads_to_abort) in [
        (SMALL, (412, in_body), 0),
        (SMALL, (412, ""), 0),
        (LARGE, (412, in_body), 1),
        (LARGE, (412, ""), 1),
        (LARGE, (200, in_body), 1),
    ] {
        let (stored, heads) = store(length, response).await;
        assert_eq!(stored, Ok(()), "{length} bytes, {response:?}");
        assert_eq!(aborted(&heads), uploads_to_abort, "{length} bytes, {response:?}");
    }
}

#[tokio::test]
async fn a_conflicting_write_is_retried_with_the_message() {
    for (length, uploads_to_abort) in [(SMALL, 0), (LARGE, 1)] {
        let (stored, heads) = store(length, CONFLICT).await;
        let failure = stored.unwrap_err();
        assert_eq!(failure.kind, FailureKind::AwsService);
        assert_eq!(failure.kind.disposition(false), Disposition::Retry);
        let problem = "s3://bucket/m365/key.json.gz failed: another request was writing or deleting the same object";
        assert!(failure.message.contains(problem), "{failure:#}");
        assert_eq!(aborted(&heads), uploads_to_abort);
    }
}

#[tokio::test]
async fn the_message_says_that_the_condition_is_refused() {
    let argument = "<Error><Code>InvalidArgument</Code><ArgumentName>If-None-Match</ArgumentName></Error>";
    let in_words = "<Error><Code>InvalidRequest</Code><Message>if-none-match is not allowed</Message></Error>";
    let unnamed = "<Error><Code>NotImplemented</Code><Message>Not implemented</Message></Error>";
    for (length, response) in [
        (SMALL, UNSUPPORTED),
        (LARGE, UNSUPPORTED),
        (SMALL, (501, unnamed)),
        (SMALL, (501, "")),
        (SMALL, (400, argument)),
        (SMALL, (400, in_words)),
    ] {
        let failure = store(length, response).await.0.unwrap_err();
        assert_eq!(failure.kind, FailureKind::AwsService);
        let message = format!("{failure:#}");
        assert!(message.contains("refuses the header If-None-Match"), "{response:?}: {message}");
        assert!(message.contains("use a bucket that supports S3's conditional writes"), "{response:?}: {message}");
    }
}

#[tokio::test]
async fn other_errors_do_not_blame_the_condition() {
    for response in [
        (400, "<Error><Code>InvalidArgument</Code><ArgumentName>x-amz-acl</ArgumentName></Error>"),
        (400, "<Error><Code>MetadataTooLarge</Code><Message>Too large</Message></Error>"),
        (403, "<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"),
        (404, "<Error><Code>NoSuchBucket</Code><Message>No such bucket</Message></Error>"),
        (501, "<Error><Code>NotImplemented</Code><Header>Transfer-Encoding</Header></Error>"),
    ] {
        let failure = store(SMALL, response).await.0.unwrap_err();
        assert_eq!(failure.message, "putting s3://bucket/m365/key.json.gz failed");
    }
}
