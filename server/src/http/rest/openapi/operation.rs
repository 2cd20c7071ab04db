//! What a route says about its request and its answers, and how that becomes an OpenAPI operation.
//!
//! A description names only what the row of the route does not: the row gives method, path, its parameters and the
//! permission, and with them most refusals. Schemas are those of the very types that the handlers take and give.

use std::collections::BTreeMap;

use domain::error::ErrorCode;
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::http::routes::{Needs, Route};

/// Schemas by name, as far as an operation mentions them.
pub type Schemas = BTreeMap<String, Value>;

/// Puts a type and all that it mentions among the schemas; the answer refers to it.
pub type Reference = fn(&mut Schemas) -> Value;

/// `{"$ref": …}` to the type.
pub fn reference<T: ToSchema>(schemas: &mut Schemas) -> Value {
    let mut mentioned = Vec::new();
    T::schemas(&mut mentioned);
    mentioned.push((T::name().into_owned(), T::schema()));
    for (name, schema) in mentioned {
        schemas.insert(name, serde_json::to_value(schema).expect("a schema is written as JSON"));
    }
    json!({"$ref": format!("#/components/schemas/{}", T::name())})
}

/// An array of the type.
pub fn array<T: ToSchema>(schemas: &mut Schemas) -> Value {
    json!({"type": "array", "items": reference::<T>(schemas)})
}

/// `{items, problems}`: written by hand, because a derived schema of a generic type has no name of its own.
pub fn listing<T: ToSchema>(schemas: &mut Schemas) -> Value {
    let name = format!("{}List", T::name());
    let schema = json!({
        "type": "object",
        "required": ["items", "problems"],
        "properties": {
            "items": array::<T>(schemas),
            "problems": array::<domain::problem::Problem>(schemas),
        },
    });
    schemas.insert(name.clone(), schema);
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// Any JSON object.
pub fn object(_: &mut Schemas) -> Value {
    json!({"type": "object"})
}

/// A media type with the schema of what is written in it.
#[must_use]
pub fn media(name: &'static str, schema: Reference) -> (&'static str, Reference) {
    (name, schema)
}

/// Text.
pub fn text(_: &mut Schemas) -> Value {
    json!({"type": "string"})
}

/// A parameter of the query string.
#[derive(Clone, Debug)]
pub struct Parameter {
    pub name: &'static str,
    pub description: &'static str,
    pub schema: Value,
    /// May be given several times.
    pub repeated: bool,
}

#[derive(Debug)]
struct Answer {
    status: u16,
    description: &'static str,
    /// Media type and schema; none for an answer without a body.
    content: Vec<(&'static str, Reference)>,
}

/// Both directions of a websocket.
#[derive(Debug)]
struct Socket {
    subprotocol: Option<&'static str>,
    from_client: Reference,
    from_server: Reference,
}

/// The description of one route.
#[derive(Debug)]
pub struct Operation {
    id: &'static str,
    tag: &'static str,
    summary: &'static str,
    description: &'static str,
    parameters: Vec<Parameter>,
    body: Option<(&'static str, Reference)>,
    answers: Vec<Answer>,
    refusals: Vec<ErrorCode>,
    tagged: bool,
    socket: Option<Socket>,
}

impl Operation {
    #[must_use]
    pub fn new(tag: &'static str, id: &'static str, summary: &'static str) -> Self {
        Self {
            id,
            tag,
            summary,
            description: "",
            parameters: Vec::new(),
            body: None,
            answers: Vec::new(),
            refusals: Vec::new(),
            tagged: false,
            socket: None,
        }
    }

    #[must_use]
    pub fn description(mut self, description: &'static str) -> Self {
        self.description = description;
        self
    }

    #[must_use]
    pub fn query(mut self, parameters: impl IntoIterator<Item = Parameter>) -> Self {
        self.parameters.extend(parameters);
        self
    }

    /// A JSON body.
    #[must_use]
    pub fn body(mut self, schema: Reference) -> Self {
        self.body = Some(("application/json", schema));
        self
    }

    /// JSON.
    #[must_use]
    pub fn answer(self, status: u16, description: &'static str, schema: Reference) -> Self {
        self.answer_as(status, description, vec![media("application/json", schema)])
    }

    #[must_use]
    pub fn answer_as(
        mut self,
        status: u16,
        description: &'static str,
        content: Vec<(&'static str, Reference)>,
    ) -> Self {
        self.answers.push(Answer { status, description, content });
        self
    }

    /// A read with an `ETag`: 304 to a client that has it.
    #[must_use]
    pub fn tagged(mut self) -> Self {
        self.tagged = true;
        self
    }

    /// Refusals that do not follow from the row.
    #[must_use]
    pub fn refuses(mut self, codes: &[ErrorCode]) -> Self {
        self.refusals.extend(codes);
        self
    }

    /// It asks a cluster, which may not answer.
    #[must_use]
    pub fn asks_cluster(self) -> Self {
        self.refuses(&[ErrorCode::Cluster, ErrorCode::Unreachable])
    }

    /// A websocket; the schemas are those of single messages.
    #[must_use]
    pub fn socket(mut self, subprotocol: Option<&'static str>, from_client: Reference, from_server: Reference) -> Self {
        self.socket = Some(Socket { subprotocol, from_client, from_server });
        self.answer_as(101, "The connection becomes a websocket", Vec::new())
    }

    /// The operation object of this route.
    pub(super) fn render(&self, route: &Route, schemas: &mut Schemas) -> Value {
        let mut operation = Map::new();
        operation.insert("operationId".to_owned(), json!(self.id));
        operation.insert("tags".to_owned(), json!([self.tag]));
        operation.insert("summary".to_owned(), json!(self.summary));
        if !self.description.is_empty() {
            operation.insert("description".to_owned(), json!(self.description));
        }
        let parameters = self.parameters(route.path);
        if !parameters.is_empty() {
            operation.insert("parameters".to_owned(), json!(parameters));
        }
        if let Some((media, schema)) = &self.body {
            let content = json!({(*media): {"schema": schema(schemas)}});
            operation.insert("requestBody".to_owned(), json!({"required": true, "content": content}));
        }
        operation.insert("responses".to_owned(), self.responses(route, schemas));
        match route.needs {
            Needs::Nothing => operation.insert("security".to_owned(), json!([])),
            Needs::Verb(verb) => operation.insert("x-verb".to_owned(), json!(verb)),
        };
        if let Some(Socket { subprotocol, from_client, from_server }) = &self.socket {
            let mut socket = json!({"from_client": from_client(schemas), "from_server": from_server(schemas)});
            if let Some(subprotocol) = subprotocol {
                socket["subprotocol"] = json!(subprotocol);
            }
            operation.insert("x-websocket".to_owned(), socket);
        }
        Value::Object(operation)
    }

    fn parameters(&self, path: &str) -> Vec<Value> {
        let of_path =
            names(path).map(|name| json!({"$ref": format!("#/components/parameters/{}", parameter(path, name))}));
        let of_query = self.parameters.iter().map(|parameter| {
            let Parameter { name, description, schema, repeated } = parameter;
            if *repeated {
                let schema = json!({"type": "array", "items": schema});
                json!({"name": name, "in": "query", "description": description, "schema": schema,
                    "style": "form", "explode": true})
            } else {
                json!({"name": name, "in": "query", "description": description, "schema": schema})
            }
        });
        of_path.chain(of_query).collect()
    }

    fn responses(&self, route: &Route, schemas: &mut Schemas) -> Value {
        let mut responses = Map::new();
        for Answer { status, description, content } in &self.answers {
            let mut response = json!({"description": description});
            for (media, schema) in content {
                response["content"][media] = json!({"schema": schema(schemas)});
            }
            if self.tagged && *status == 200 {
                response["headers"]["ETag"] = json!({"$ref": "#/components/headers/ETag"});
            }
            responses.insert(status.to_string(), response);
        }
        if self.tagged {
            responses.insert("304".to_owned(), json!({"$ref": "#/components/responses/NotModified"}));
        }
        for code in self.codes(route) {
            let response = json!({"$ref": format!("#/components/responses/{}", response_name(code))});
            responses.insert(code.status().to_string(), response);
        }
        Value::Object(responses)
    }

    /// Every refusal: those that any such route has, and its own.
    fn codes(&self, route: &Route) -> Vec<ErrorCode> {
        let mut codes = vec![ErrorCode::Internal];
        if route.needs != Needs::Nothing {
            codes.extend([ErrorCode::Unauthenticated, ErrorCode::Forbidden]);
        }
        if names(route.path).next().is_some() {
            codes.extend([ErrorCode::Invalid, ErrorCode::NotFound]);
        }
        if !self.parameters.is_empty() || self.socket.is_some() {
            codes.push(ErrorCode::Invalid);
        }
        if self.body.is_some() {
            codes.extend([ErrorCode::Invalid, ErrorCode::TimedOut, ErrorCode::TooLarge, ErrorCode::Unsupported]);
        }
        codes.extend(&self.refusals);
        codes
    }
}

/// Names between braces.
pub(super) fn names(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}

/// The name among the components of a path parameter: an `{id}` is of a cluster, a session or a token.
pub(super) fn parameter(path: &str, name: &str) -> String {
    let owner =
        path.split('/').rev().skip_while(|segment| *segment != format!("{{{name}}}")).nth(1).unwrap_or_default();
    match name {
        "id" | "name" if owner != "{ns}" => format!("{}_{name}", owner.trim_end_matches('s')),
        name => name.to_owned(),
    }
}

/// The name among the components of the answer with this code. One status has one description.
pub(super) fn response_name(code: ErrorCode) -> &'static str {
    match code {
        ErrorCode::Invalid | ErrorCode::InvalidCursor => "Invalid",
        ErrorCode::Unauthenticated => "Unauthenticated",
        ErrorCode::Forbidden => "Forbidden",
        ErrorCode::NotFound => "NotFound",
        ErrorCode::MethodNotAllowed => "MethodNotAllowed",
        ErrorCode::TimedOut => "TimedOut",
        ErrorCode::Conflict => "Conflict",
        ErrorCode::TooLarge => "TooLarge",
        ErrorCode::Unsupported => "Unsupported",
        ErrorCode::Refused => "Refused",
        ErrorCode::TooMany => "TooMany",
        ErrorCode::Internal => "Internal",
        ErrorCode::Cluster => "Cluster",
        ErrorCode::Unreachable => "Unreachable",
    }
}
