//! The one web worker of the page: started with the first call, shared by all.

use std::cell::RefCell;
use std::collections::HashMap;

use js_sys::{Function, Object, Promise, Reflect};
use leptos::web_sys;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::prelude::JsValue;
use wasm_bindgen_futures::JsFuture;

thread_local! {
    static WORKER: RefCell<Option<Worker>> = const { RefCell::new(None) };
}

struct Worker {
    worker: web_sys::Worker,
    next: u32,
    /// What waits for an answer, by the number of its call.
    waiting: HashMap<u32, Function>,
    _on_message: Closure<dyn FnMut(web_sys::MessageEvent)>,
    _on_error: Closure<dyn FnMut(web_sys::Event)>,
}

/// Runs an exported function of the worker on JSON. `None` where there is no worker, or it failed: the caller then does
/// the work itself.
pub(crate) async fn in_worker(call: &str, input: String) -> Option<String> {
    let answer = Promise::new(&mut |resolve, _| {
        if post(call, &input, &resolve).is_none() {
            _ = resolve.call1(&JsValue::NULL, &JsValue::NULL);
        }
    });
    JsFuture::from(answer).await.ok()?.as_string()
}

fn post(call: &str, input: &str, resolve: &Function) -> Option<()> {
    WORKER.with_borrow_mut(|slot| {
        if slot.is_none() {
            *slot = Some(start()?);
        }
        let worker = slot.as_mut()?;
        let id = worker.next;
        worker.next += 1;
        let message = Object::new();
        for (key, value) in
            [("id", JsValue::from(id)), ("call", JsValue::from_str(call)), ("input", JsValue::from_str(input))]
        {
            Reflect::set(&message, &JsValue::from_str(key), &value).ok()?;
        }
        worker.worker.post_message(&message).ok()?;
        worker.waiting.insert(id, resolve.clone());
        Some(())
    })
}

fn start() -> Option<Worker> {
    let address = super::assets().worker_js?;
    let options = web_sys::WorkerOptions::new();
    options.set_type(web_sys::WorkerType::Module);
    let worker = web_sys::Worker::new_with_options(&address, &options).ok()?;
    let on_message =
        Closure::<dyn FnMut(web_sys::MessageEvent)>::new(|event: web_sys::MessageEvent| answer(&event.data()));
    let on_error = Closure::<dyn FnMut(web_sys::Event)>::new(|_| give_up());
    worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
    Some(Worker { worker, next: 0, waiting: HashMap::new(), _on_message: on_message, _on_error: on_error })
}

fn answer(message: &JsValue) {
    let field = |name: &str| Reflect::get(message, &JsValue::from_str(name)).unwrap_or(JsValue::NULL);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the number is our own u32")]
    let Some(id) = field("id").as_f64().map(|id| id as u32) else { return };
    let waiting = WORKER.with_borrow_mut(|slot| slot.as_mut()?.waiting.remove(&id));
    if let Some(resolve) = waiting {
        _ = resolve.call1(&JsValue::NULL, &field("output"));
    }
}

/// The worker could not be loaded or died: everybody who waits is told, the next call starts a new one.
fn give_up() {
    let Some(worker) = WORKER.with_borrow_mut(Option::take) else { return };
    worker.worker.terminate();
    for resolve in worker.waiting.values() {
        _ = resolve.call1(&JsValue::NULL, &JsValue::NULL);
    }
}
