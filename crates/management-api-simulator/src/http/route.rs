//! The operations of the API and how requests are routed to them.

use percent_encoding::percent_decode_str;
use uuid::Uuid;

use crate::{content_id, http::request::Request};

/// An operation of the API or of the token endpoint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// `POST /{tenant}/oauth2/v2.0/token` or, in its older version, `POST /{tenant}/oauth2/token`
    Token,
    /// `GET …/subscriptions/list`
    ListSubscriptions,
    /// `POST …/subscriptions/start`
    StartSubscription,
    /// `GET …/subscriptions/content`, for the first page and all further ones
    ListContent,
    /// `GET …/audit/{contentId}`
    FetchContent,
}

impl Operation {
    /// The name in counts and messages.
    pub fn name(self) -> &'static str {
        match self {
            Operation::Token => "Token",
            Operation::ListSubscriptions => "ListSubscriptions",
            Operation::StartSubscription => "StartSubscription",
            Operation::ListContent => "ListContent",
            Operation::FetchContent => "FetchContent",
        }
    }

    fn method(self) -> &'static str {
        match self {
            Operation::Token | Operation::StartSubscription => "POST",
            Operation::ListSubscriptions | Operation::ListContent | Operation::FetchContent => "GET",
        }
    }
}

/// The operation that a request asks for, with the parts of its path.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Route {
    pub(crate) operation: Operation,
    /// The tenant as written in the path.
    pub(crate) tenant: String,
    pub(crate) content_id: Option<String>,
    /// Whether the token endpoint was called in its older version.
    pub(crate) is_v1_token: bool,
}

impl Route {
    /// `None` if Microsoft has no such path, or not for this method.
    pub(crate) fn of(request: &Request) -> Option<Route> {
        let decoded: Vec<String> = request
            .path
            .split('/')
            .skip(1)
            .map(|segment| percent_decode_str(segment).decode_utf8_lossy().into_owned())
            .collect();
        let segments: Vec<&str> = decoded.iter().map(String::as_str).collect();
        let (operation, tenant, content_id) = match segments.as_slice() {
            [tenant, "oauth2", "v2.0", "token"] | [tenant, "oauth2", "token"] => (Operation::Token, tenant, None),
            ["api", "v1.0", tenant, "activity", "feed", rest @ ..] => match rest {
                ["subscriptions", "list"] => (Operation::ListSubscriptions, tenant, None),
                ["subscriptions", "start"] => (Operation::StartSubscription, tenant, None),
                ["subscriptions", "content"] => (Operation::ListContent, tenant, None),
                ["audit", id] => (Operation::FetchContent, tenant, Some((*id).to_owned())),
                _ => return None,
            },
            _ => return None,
        };
        let is_v1_token = operation == Operation::Token && segments.len() == 3;
        (request.method == operation.method()).then(|| Route {
            operation,
            tenant: (*tenant).to_owned(),
            content_id,
            is_v1_token,
        })
    }
}

/// The tenant and the content that a request concerns: the input of fault matchers, random faults and the call log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subject {
    pub(crate) operation: Operation,
    pub(crate) tenant: Option<Uuid>,
    pub(crate) content_type: Option<String>,
    pub(crate) content_id: Option<String>,
}

impl Subject {
    pub(crate) fn of(request: &Request, route: &Route) -> Self {
        let content_type = match &route.content_id {
            Some(id) => content_id::content_type_of(id).map(str::to_owned),
            None => request.parameter("contenttype"),
        };
        Subject {
            operation: route.operation,
            tenant: Uuid::try_parse(&route.tenant).ok(),
            content_type,
            content_id: route.content_id.clone(),
        }
    }
}
