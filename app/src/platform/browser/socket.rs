//! A websocket of this page's server.

use leptos::prelude::location;
use leptos::web_sys;
use send_wrapper::SendWrapper;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

use crate::platform::SocketEvent;

/// Code for "the connection was lost", which no peer may send.
const LOST: u16 = 1006;

/// An open or opening connection; closed when dropped, and silent from then on.
pub(crate) struct Socket(Option<SendWrapper<Inner>>);

struct Inner {
    socket: web_sys::WebSocket,
    _on_open: Closure<dyn FnMut()>,
    _on_message: Closure<dyn FnMut(web_sys::MessageEvent)>,
    _on_close: Closure<dyn FnMut(web_sys::CloseEvent)>,
}

impl Socket {
    /// Connects to a path of this server; the handler hears everything that happens, in order.
    pub(crate) fn open(path: &str, protocol: Option<&str>, handler: impl FnMut(SocketEvent) + 'static) -> Self {
        let handler = std::rc::Rc::new(std::cell::RefCell::new(handler));
        let scheme = if location().protocol().is_ok_and(|scheme| scheme == "https:") { "wss" } else { "ws" };
        let address = format!("{scheme}://{}{path}", location().host().unwrap_or_default());
        let socket = match protocol {
            Some(protocol) => web_sys::WebSocket::new_with_str(&address, protocol),
            None => web_sys::WebSocket::new(&address),
        };
        let Ok(socket) = socket else {
            // The handler may not be called before the caller has the socket in hand.
            leptos::prelude::queue_microtask(move || handler.borrow_mut()(SocketEvent::Closed { code: LOST }));
            return Self(None);
        };
        let on_open = Closure::<dyn FnMut()>::new({
            let handler = handler.clone();
            move || handler.borrow_mut()(SocketEvent::Opened)
        });
        let on_message = Closure::<dyn FnMut(web_sys::MessageEvent)>::new({
            let handler = handler.clone();
            move |event: web_sys::MessageEvent| {
                if let Some(text) = event.data().as_string() {
                    handler.borrow_mut()(SocketEvent::Text(text));
                }
            }
        });
        let on_close = Closure::<dyn FnMut(web_sys::CloseEvent)>::new(move |event: web_sys::CloseEvent| {
            handler.borrow_mut()(SocketEvent::Closed { code: event.code() });
        });
        socket.set_onopen(Some(on_open.as_ref().unchecked_ref()));
        socket.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        socket.set_onclose(Some(on_close.as_ref().unchecked_ref()));
        Self(Some(SendWrapper::new(Inner { socket, _on_open: on_open, _on_message: on_message, _on_close: on_close })))
    }

    /// Sends a text frame; on a connection that is not open nothing happens, its end is heard by the handler.
    pub(crate) fn send(&self, text: &str) {
        if let Some(inner) = &self.0 {
            _ = inner.socket.send_with_str(text);
        }
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.socket.set_onopen(None);
        self.socket.set_onmessage(None);
        self.socket.set_onclose(None);
        _ = self.socket.close();
    }
}
